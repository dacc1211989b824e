// A file that is made under another name beside its place, and takes it when it is whole and on the disk.
#ifndef WG_BASE_REPLACE_H
#define WG_BASE_REPLACE_H

#include "base/buf.h"

struct wg_replace {
  struct wg_buf path, made; // where it goes, and where it is made
  int held;                 // keeps the lock that says that somebody is at it
};

// Opens the new file for writing; -1 with `err` if it cannot be made, or if what is at `path` may not be replaced: only
// what is not there or a regular file that may be written; a link stands for what it leads to. What those that were
// killed have left in the folder goes.
int wg_replace_begin(struct wg_replace *r, const char *path, struct wg_err *err);
// With WG_OK it takes its place, otherwise it goes; frees `r`. Returns `code`, or why it could not take it.
int wg_replace_end(struct wg_replace *r, int code, struct wg_err *err);

#endif
