// Confining this process, for good, to what it still needs: files below some paths, and the system calls of computing
// and of reading and writing them (Linux: Landlock and seccomp). What slips through then reaches nothing.
#ifndef WG_BASE_CONFINE_H
#define WG_BASE_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct wg_confine {
  const char *const *readable; // files and folders; a NULL is skipped
  size_t nreadable;
  const char *writable; // a folder that is there
  const char *files;    // one more, whose files are written, made and replaced; or NULL
  bool accepts;         // connections, at a socket that listens already
};

// What holds from now on.
struct wg_confined {
  int landlock; // the version of its interface (ABI); 0: files are not confined
  bool seccomp;
};

// Says in *how what was done, or why not: a kernel without these is no error, and neither is a part of them.
struct wg_confined wg_confine(const struct wg_confine *c, struct wg_buf *how);
// Of this system's Landlock: 0 if it has none, -1 if this build cannot use it.
long wg_landlock_version(void);

#endif
