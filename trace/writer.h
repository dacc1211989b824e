// Writes a trace: JSON Lines in zstd frames, compressed on a second host thread, ended by a
// trace.footer with the SHA-256 of every byte before it and by a seek table (zstd's "seekable format":
// a skippable frame that plain zstd readers pass over).
//
// The bytes of the lines depend on the events alone; where frames end may depend on the host (trace/frames.h): what
// has been written for a second is in the file, whatever happens to the process.
#ifndef WG_TRACE_WRITER_H
#define WG_TRACE_WRITER_H

#include "base/err.h"
#include "trace/event.h"

// No line is longer, newline included; one that would be has its long values cut and says so with `"cut":true`.
#define WG_LINE_MAX (16u << 20)

// The line of an event, as it is written and replayed.
void wg_trace_line(const struct wg_event *e, struct wg_buf *out);

// Whether that is a line (NUL-terminated behind its n bytes) which was recorded. Text that is UTF-8 was written in
// escapes before: lines that differ in that alone are the same.
bool wg_trace_line_is(const char *recorded, size_t n, const struct wg_buf *line);

struct wg_writer;

// `path` must not exist.
int wg_writer_create(struct wg_writer **out, const char *path, struct wg_err *err);
// Appends an event. False after a write error (kept for wg_writer_finish to report).
bool wg_writer_event(struct wg_writer *w, const struct wg_event *e);
// The time at which the run ends, for the footer's host_ns: threads may have waited since the last event.
void wg_writer_ends(struct wg_writer *w, uint64_t host_ns);
// Writes the footer with `reason` and the seek table, closes the file and frees `w`, also on error.
// `sha256` (65 bytes) receives the footer's digest, `events` the number of events before the footer.
int wg_writer_finish(struct wg_writer *w, const char *reason, char *sha256, uint64_t *events, struct wg_err *err);
uint64_t wg_writer_events(const struct wg_writer *w);

#endif
