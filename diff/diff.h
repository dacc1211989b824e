// Aligns two traces or logs thread by thread and names the first cause (DESIGN section 8). Reads traces
// only; either side may be a Wedge trace, an instrumented reference trace or a stock xenia log.
#ifndef WG_DIFF_DIFF_H
#define WG_DIFF_DIFF_H

#include "base/buf.h"
#include "base/err.h"

struct wg_diff_options {
  const char *ignore; // comma-separated export names left out on both sides, or NULL
  bool json;
};

// Appends the report to `out`: the cause in its first line. `b` is the reference; `more` are further runs of it: what
// differs between those and `b` is noise, listed apart and never the cause. WG_OK: nothing but noise differs;
// WG_DIFFERS; WG_INPUT.
int wg_diff(const char *a, const char *b, const char *const *more, size_t nmore, const struct wg_diff_options *opt,
            struct wg_buf *out, struct wg_err *err);

#endif
