// Names of the kernel's exports that an engine does not write: a call's follows from its module and ordinal, a return's
// is that of the innermost call of its thread that is open.
#ifndef WG_TRACE_NAMES_H
#define WG_TRACE_NAMES_H

#include <stdbool.h>

#include "base/map.h"
#include "trace/event.h"

#define WG_NAMES_DEPTH 64u // calls within calls of which the names are kept; of more, the latest

struct wg_open_calls;

struct wg_names {
  struct wg_map threads; // tid -> 1 + place in `calls`
  struct wg_open_calls *calls;
  size_t n;
};

// True: the event is a call or a return without a name.
bool wg_names_lacks(const struct wg_event *e);
// To be shown each event in turn. Adds a name where it lacks one and it is known.
void wg_names_see(struct wg_names *names, struct wg_event *e);
void wg_names_release(struct wg_names *names);

#endif
