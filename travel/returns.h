// The call that a position names, and its return, in a recorded run's trace.
#ifndef WG_TRAVEL_RETURNS_H
#define WG_TRAVEL_RETURNS_H

#include "travel/position.h"

struct wg_returned {
  uint32_t tid; // whose kernel.return it is,
  uint64_t idx; // and which of its events
  uint64_t rv;
  char name[64];
};

// Of the run in `dir`: `p` names a kernel.call or a kernel.return. WG_INPUT where it names something else, or nothing,
// and where the call never returned, or returns nothing.
int wg_find_return(const char *dir, const struct wg_position *p, struct wg_returned *out, struct wg_err *err);

// The event itself that `p` names, and whether it is a kernel.return; WG_INPUT where it is neither that nor a
// kernel.call.
int wg_find_call(const char *dir, const struct wg_position *p, struct wg_returned *out, bool *is_return,
                 struct wg_err *err);

#endif
