// One pass over the lines of a file: chunks of whole lines are worked on by several host threads and come back in the
// order of the file, in bounded memory.
#ifndef WG_TRACE_PASS_H
#define WG_TRACE_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define WG_PASS_LINE (64u << 20) // a longer line is passed over

struct wg_chunk {
  char *text; // whole lines with their ends; it may be written to, and WG_SOURCE_SLACK bytes behind it may be read
  size_t n, cap;
  uint64_t number; // from 0
  bool after_long; // a line that was too long came before
  void *made;      // by the work: one for each place in the queue, kept until the end
};

struct wg_pass_work {
  void *(*make)(void *ctx);                                     // a `made`
  void (*release)(void *made);                                  //
  void (*work)(void *ctx, unsigned thread, struct wg_chunk *c); // on a host thread of its own, several at once
  void *ctx;
};

struct wg_pass;

unsigned wg_pass_threads(void); // as many as pay on this machine
int wg_pass_open(struct wg_pass **out, const char *path, unsigned threads, const struct wg_pass_work *work,
                 struct wg_err *err);
void wg_pass_close(struct wg_pass *p);
// The next chunk, worked on; the caller's until the next call. NULL at the end.
struct wg_chunk *wg_pass_next(struct wg_pass *p);
// After the end: a last line that no newline ends, as a chunk that nobody worked on; or NULL.
struct wg_chunk *wg_pass_rest(struct wg_pass *p);
uint64_t wg_pass_at(const struct wg_pass *p, uint64_t *of); // as wg_source_at
// After the end: NULL, or why it came early.
const char *wg_pass_damage(const struct wg_pass *p);

#endif
