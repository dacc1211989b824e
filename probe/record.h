// Holds what a run does, as it is executed again, against its record: every event, from one on.
#ifndef WG_PROBE_RECORD_H
#define WG_PROBE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "trace/event.h"

struct wg_record;

// Of the run in `dir`, whose first `skip` events are passed over.
int wg_record_open(struct wg_record **out, const char *dir, uint64_t skip, struct wg_err *err);
void wg_record_close(struct wg_record *r);

// False: it is not what was recorded, or nothing was.
bool wg_record_is(struct wg_record *r, const struct wg_event *e);
// The run has ended: so does the record.
bool wg_record_ends(struct wg_record *r);
uint64_t wg_record_identical(const struct wg_record *r); // events, so far
// After a mismatch: the two sides, "" where one had ended, and its line of the trace.
void wg_record_sides(const struct wg_record *r, const char **recorded, const char **produced, uint64_t *line);
// The record ends in the midst of the run, which did not end cleanly: why, or NULL.
const char *wg_record_cut(const struct wg_record *r);

#endif
