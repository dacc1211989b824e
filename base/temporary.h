// A folder of one's own for what is needed for a while. What those that were killed have left goes as the next one is
// made.
#ifndef WG_BASE_TEMPORARY_H
#define WG_BASE_TEMPORARY_H

#include "base/buf.h"
#include "base/err.h"

struct wg_temporary {
  struct wg_buf path; // empty: none is made
  int held;           // keeps the lock that says that somebody uses it
};

// `prefix` is the beginning of its name.
int wg_temporary_make(struct wg_temporary *t, const char *in, const char *prefix, struct wg_err *err);
// It becomes the folder `as`, which must not exist, with the permissions that a new one has here.
int wg_temporary_keep(struct wg_temporary *t, const char *as, struct wg_err *err);
// With the files in it. A zeroed one is none.
void wg_temporary_remove(struct wg_temporary *t);

#endif
