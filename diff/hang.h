// Why nothing moves any more: a verdict for each thread that cannot go on, of one trace or log alone
// (docs/design.md#diff). The rules are in tests/hangs/README.md; a healthy trace gets none.
#ifndef WG_DIFF_HANG_H
#define WG_DIFF_HANG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "trace/reader.h"

struct wg_hang_options {
  bool json;    // schemas/hang.schema.json
  bool verbose; // every thread, not the stuck ones alone
  struct wg_reading reading;
  // Whether a thread that makes no calls after `cycle` runs in one tiny loop, by the recorded branches of the run
  // `path`; NULL: nobody knows, and such a thread is taken for one that computes.
  bool (*tiny_loop)(void *ctx, const char *path, uint32_t tid, uint64_t cycle);
  void *ctx;
};

// Appends the report to `out`; its first line is the root's verdict, or that no thread is stuck (after damage of the
// file, if there is any). WG_OK: healthy; WG_DIFFERS: there are verdicts; WG_INPUT: it cannot be read, or records no
// calls.
int wg_hang(const char *path, const struct wg_hang_options *opt, struct wg_buf *out, struct wg_err *err);

// The verdicts alone, the root's first; without branches. The caller releases them.
struct wg_hang_said {
  uint32_t tid;
  bool root;
  const char *cls;     // static
  struct wg_buf words; // the line without the thread
};
struct wg_hang_list {
  struct wg_hang_said *list;
  size_t n;
};
int wg_hang_verdicts(const char *path, const struct wg_reading *reading, struct wg_hang_list *out, struct wg_err *err);
void wg_hang_verdicts_release(struct wg_hang_list *l);

#endif
