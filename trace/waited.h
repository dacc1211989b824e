// What a wait is for, where its event names one object instead of a list of them.
#ifndef WG_TRACE_WAITED_H
#define WG_TRACE_WAITED_H

#include "trace/event.h"

// Whether it is a wait.begin without a list of `handles` that has an `hsid`, `handle`, `raw` or `guest_object`, or one
// of `handles` that is in no list.
bool wg_waited_is_one(const struct wg_event *e);
// Gives such an event the list of it as `handles`, whose text is put into *text and borrowed. `more` is what e->more
// is; where the event has all of its own fields, there is room for one further in it. Other events stay as they are.
void wg_waited_list(struct wg_event *e, struct wg_field *more, struct wg_buf *text);

#endif
