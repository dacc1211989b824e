#define _DEFAULT_SOURCE // realpath, S_IFSOCK
#include "base/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *what_it_is(mode_t mode) {
  switch (mode & S_IFMT) {
  case S_IFCHR:
  case S_IFBLK: return "a device";
  case S_IFIFO: return "a pipe";
  case S_IFSOCK: return "a socket";
  case S_IFDIR: return "a folder";
  default: return "no regular file";
  }
}

static int check_target(struct wg_replace *r, const char *path, struct wg_err *err) {
  struct stat st;
  if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
    char *full = realpath(path, NULL);
    if (full == NULL) return wg_fail(err, WG_INPUT, "%s: is a link that leads nowhere: %s", path, strerror(errno));
    wg_buf_str(&r->path, full);
    free(full);
  } else {
    wg_buf_str(&r->path, path);
  }
  if (lstat(r->path.data, &st) != 0) return WG_OK; // what is wrong shows when it is made
  if (!S_ISREG(st.st_mode))
    return wg_fail(err, WG_INPUT, "%s: is %s; only a regular file, or what is not there yet, is written", path,
                   what_it_is(st.st_mode));
  if (access(r->path.data, W_OK) != 0) return wg_fail(err, WG_INPUT, "%s: cannot write: %s", path, strerror(errno));
  return WG_OK;
}

// A name of its own, short enough wherever the file's own is.
static int make(struct wg_replace *r) {
  const char *slash = strrchr(r->path.data, '/');
  int fd = -1;
  for (unsigned i = 0; i < 10000; i++) {
    wg_buf_clear(&r->made);
    wg_buf_printf(&r->made, "%.*s.wedge-%u.tmp", slash ? (int)(slash - r->path.data) + 1 : 0, r->path.data, i);
    fd = open(r->made.data, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST) break;
  }
  return fd;
}

int wg_replace_begin(struct wg_replace *r, const char *path, struct wg_err *err) {
  *r = (struct wg_replace){0};
  int fd = check_target(r, path, err) == WG_OK ? make(r) : -1;
  if (fd >= 0) return fd;
  wg_fail(err, WG_INPUT, "%s: cannot write: %s", path, strerror(errno));
  wg_buf_release(&r->path);
  wg_buf_release(&r->made);
  return -1;
}

int wg_replace_end(struct wg_replace *r, int code, struct wg_err *err) {
  if (code == WG_OK && rename(r->made.data, r->path.data) != 0)
    code = wg_fail(err, WG_INPUT, "%s: cannot write: %s", r->path.data, strerror(errno));
  if (code != WG_OK) unlink(r->made.data);
  wg_buf_release(&r->path);
  wg_buf_release(&r->made);
  return code;
}
