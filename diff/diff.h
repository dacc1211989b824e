// Aligns two traces or logs thread by thread and names the first cause (docs/design.md#diff). Reads traces only; either
// side may be a Wedge trace, an instrumented reference trace or a stock xenia log.
#ifndef WG_DIFF_DIFF_H
#define WG_DIFF_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "trace/reader.h"

enum wg_diff_format { WG_DIFF_TEXT, WG_DIFF_JSON, WG_DIFF_MARKDOWN };

struct wg_diff_options {
  const char *ignore; // comma-separated export names left out on both sides, or NULL
  const char *map;    // "17=13,...": threads here and in the reference that are the same; or NULL
  const char *rules;  // file of further rules (diff/rules.h), or NULL
  long thread;        // whose calls to count: its number here; -1: the cause's
  uint64_t keep;      // calls of a side before its repetitions merge; 0: as many as cost little
  struct wg_reading reading;
  bool verbose;       // everything, not a screen of it
  bool explain_noise; // what was masked, and why
  enum wg_diff_format format;
  // NULL, or told now and then: `at` of `of` bytes of a file (0: not known) are read, and so many events were in them.
  void (*progress)(void *ctx, const char *file, uint64_t events, uint64_t at, uint64_t of);
  void *progress_ctx;
};

// Appends the report to `out`: the cause in its first line (after damage of a side, if there is any). `b` is the
// reference; `more` are further runs of it: what differs between those and `b` at a place is noise there. WG_OK:
// nothing but noise differs; WG_DIFFERS; WG_INPUT: a side cannot be read, nothing could be compared, or a thread that
// the options name is not there.
int wg_diff(const char *a, const char *b, const char *const *more, size_t nmore, const struct wg_diff_options *opt,
            struct wg_buf *out, struct wg_err *err);

// Several reports of one comparison. Each is appended to; the caller releases them.
struct wg_diff_reports {
  struct wg_buf markdown, json;
  struct wg_buf answer;    // one line, without its end
  struct wg_buf damage[2]; // of each side, one line; empty: none
};
int wg_diff_all(const char *a, const char *b, const char *const *more, size_t nmore, const struct wg_diff_options *opt,
                struct wg_diff_reports *r, struct wg_err *err);
void wg_diff_reports_release(struct wg_diff_reports *r);

#endif
