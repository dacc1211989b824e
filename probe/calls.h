// Which kernel call each thread is in, by the events of a run.
#ifndef WG_PROBE_CALLS_H
#define WG_PROBE_CALLS_H

#include <stdbool.h>

#include "base/err.h"
#include "trace/event.h"

struct wg_calls;

struct wg_calls *wg_calls_create(void); // in none
void wg_calls_free(struct wg_calls *c);
void wg_calls_event(struct wg_calls *c, const struct wg_event *e); // in the order of the trace
// The innermost call of a thread that has not returned: its name (NULL: there is none), the idx of its event, and where
// it returns to. The latter two may be NULL.
const char *wg_calls_within(const struct wg_calls *c, uint32_t tid, uint64_t *idx, uint32_t *lr);
// Hears the first n events of the trace in `dir`. The last of thread `tid` among them goes to *words, as it stands in
// the trace, without its newline; `words` may be NULL.
int wg_calls_read(struct wg_calls *c, const char *dir, uint64_t n, uint32_t tid, struct wg_buf *words,
                  struct wg_err *err);

#endif
