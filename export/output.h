// Where an export goes: a file that takes its place when it is whole, or standard output.
#ifndef WG_EXPORT_OUTPUT_H
#define WG_EXPORT_OUTPUT_H

#include "base/buf.h"
#include "base/replace.h"

struct wg_output {
  struct wg_buf b; // what is not written yet: append to it, then wg_output_more
  const char *name;
  struct wg_replace replace;
  int fd, error; // errno of the first write that failed
  bool is_stdout;
};

int wg_output_open(struct wg_output *o, const char *path, struct wg_err *err);
void wg_output_flush(struct wg_output *o); // writes what there is; `error` keeps the first failure
// After each whole item. Bounds what is kept.
static inline void wg_output_more(struct wg_output *o) {
  if (o->b.len >= 1u << 18) wg_output_flush(o);
}
// Writes the rest; with another `code` than WG_OK, or if anything could not be written, no file is left.
int wg_output_close(struct wg_output *o, int code, struct wg_err *err);

#endif
