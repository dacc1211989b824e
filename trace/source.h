// The text of a trace or log: a file, a pipe or standard input, as it is or out of zstd or gzip (told by its first
// bytes). Files are read, and what is packed is decoded, on a second host thread, ahead of whoever parses.
//
// What is packed may not make its reader keep or do what it likes: a zstd frame has a window of at most 128 MiB, and
// what unpacks to more than 1 GiB and 1,000 times its size is read no further (docs/limits.md).
#ifndef WG_TRACE_SOURCE_H
#define WG_TRACE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

// So many bytes behind a block may be read, whatever they hold: vectors need not look where they end.
#define WG_SOURCE_SLACK 64

struct wg_source;

// `path` is a file, a run directory that holds trace.jsonl.zst, or "-" for standard input.
int wg_source_open(struct wg_source **out, const char *path, struct wg_err *err);
// The same, but what is corrupt within a file of several zstd frames is passed over: text goes on, on a new line, with
// the next frame that begins behind it.
//
// go_on: NULL, or asked while a pipe is waited for; false ends the text there, which is damage of it
// (wg_source_stopped).
int wg_source_open_through(struct wg_source **out, const char *path, bool (*go_on)(void), struct wg_err *err);
bool wg_source_stopped(const struct wg_source *s);
void wg_source_close(struct wg_source *s);

// The next block of text, at least one byte; NULL at the end. It is the caller's to write to until the next call.
char *wg_source_next(struct wg_source *s, size_t *n);
// What lies at `at`, inside a block or behind it, is asked for soon: another processor has just written it.
static inline void wg_source_soon(const void *at) {
  for (uintptr_t line = (uintptr_t)at; line < (uintptr_t)at + 256; line += 64) __builtin_prefetch((const void *)line);
}
// Where in the text something is missing for the first time: what comes then is behind it. UINT64_MAX: nowhere so far.
uint64_t wg_source_hole(const struct wg_source *s);
// After the end: NULL, or why it came early ("truncated at byte ...", "corrupt near byte ...").
const char *wg_source_damage(const struct wg_source *s);
// Bytes of the file read so far, and in *of its size, 0 if it has none.
uint64_t wg_source_at(const struct wg_source *s, uint64_t *of);
const char *wg_source_path(const struct wg_source *s);
bool wg_source_is_run(const struct wg_source *s); // it was given as a run's directory

#endif
