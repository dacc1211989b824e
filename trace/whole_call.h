// A call that is told in one event with what it returned, as engines do that log a call when it is over.
#ifndef WG_TRACE_WHOLE_CALL_H
#define WG_TRACE_WHOLE_CALL_H

#include <stdbool.h>

#include "trace/event.h"

// Whether an event is that.
bool wg_call_is_whole(const struct wg_event *e);
// The same as schema 1 has it: the call, and its return, of the same number and time. What is borrowed stays so.
void wg_call_split(struct wg_event *call, struct wg_event *its_return);

#endif
