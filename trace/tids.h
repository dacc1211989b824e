// The threads of a trace, as many as it may have: those that come first in the order of its lines.
#ifndef WG_TRACE_TIDS_H
#define WG_TRACE_TIDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "trace/event.h"

#define WG_TIDS_RECENT 64u

struct wg_tids {
  struct wg_map known;
  uint32_t recent[WG_TIDS_RECENT]; // those seen last, found by their number
};

enum wg_tid_is { WG_TID_KNOWN, WG_TID_NEW, WG_TID_TOO_MANY };
// Counts different threads; WG_TID_TOO_MANY: one more than WG_MOST_THREADS, and it is not kept.
enum wg_tid_is wg_tids_see(struct wg_tids *t, uint32_t tid);
// Whose the event is, and whom it makes.
unsigned wg_tids_of(const struct wg_event *e, uint32_t tids[2]);
void wg_tids_release(struct wg_tids *t);

#endif
