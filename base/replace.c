#define _DEFAULT_SOURCE // realpath, S_IFSOCK, flock
#include "base/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/same_file.h"

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

// A file of that name whose maker is gone: it was killed, as it holds no lock. Then it goes.
static bool remove_left(const char *path) {
  struct stat st;
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return false;
  bool left = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
              flock(fd, LOCK_EX | LOCK_NB) == 0 && wg_file_named(AT_FDCWD, path, fd) && unlink(path) == 0;
  close(fd);
  return left;
}

// A name of its own, short enough wherever the file's own is.
static int make(struct wg_replace *r) {
  const char *slash = strrchr(r->path.data, '/');
  int fd = -1;
  for (unsigned i = 0; i < 10000; i++) {
    wg_buf_clear(&r->made);
    wg_buf_printf(&r->made, "%.*s.wedge-%u.tmp", slash ? (int)(slash - r->path.data) + 1 : 0, r->path.data, i);
    bool taken = true;
    for (bool again = true; again;) {
      fd = open(r->made.data, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
      taken = fd < 0 && errno == EEXIST;
      again = taken && remove_left(r->made.data);
    }
    if (fd < 0 && !taken) return -1;
    if (fd < 0) continue;
    // Between the two somebody may have taken it for one that was left. A file system without locks keeps what is left.
    if ((flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) && wg_file_named(AT_FDCWD, r->made.data, fd)) {
      r->held = fcntl(fd, F_DUPFD_CLOEXEC, 0);
      return fd;
    }
    close(fd);
  }
  errno = EEXIST;
  return -1;
}

// Those behind the first that is free, too.
static void remove_others(const struct wg_replace *r) {
  struct wg_buf path = {0};
  const char *name = strrchr(r->made.data, '/');
  size_t folder = name ? (size_t)(name - r->made.data) + 1 : 0;
  for (unsigned i = 0, missing = 0; missing < 16 && i < 10000; i++) {
    struct stat st;
    wg_buf_clear(&path);
    wg_buf_printf(&path, "%.*s.wedge-%u.tmp", (int)folder, r->made.data, i);
    if (lstat(path.data, &st) != 0)
      missing++;
    else if (strcmp(path.data, r->made.data) != 0)
      remove_left(path.data);
  }
  wg_buf_release(&path);
}

int wg_replace_begin(struct wg_replace *r, const char *path, struct wg_err *err) {
  *r = (struct wg_replace){.held = -1};
  int fd = check_target(r, path, err) == WG_OK ? make(r) : -1;
  if (fd >= 0) {
    remove_others(r);
    return fd;
  }
  wg_fail(err, WG_INPUT, "%s: cannot write: %s", path, strerror(errno));
  wg_buf_release(&r->path);
  wg_buf_release(&r->made);
  return -1;
}

// A file system may know nothing of it (EINVAL); what cannot be written is another matter.
static bool sync_file(int fd) { return fd < 0 || fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP; }

static void sync_folder(const char *path) {
  struct wg_buf folder = {0};
  const char *slash = strrchr(path, '/');
  wg_buf_add(&folder, slash ? path : ".", slash ? (size_t)(slash - path) + 1 : 1);
  int fd = open(folder.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  sync_file(fd);
  if (fd >= 0) close(fd);
  wg_buf_release(&folder);
}

// The content is on the disk before the name is: a machine that loses its power leaves the old file or the new one.
int wg_replace_end(struct wg_replace *r, int code, struct wg_err *err) {
  if (code == WG_OK && !sync_file(r->held))
    code = wg_fail(err, WG_INPUT, "%s: cannot write: %s", r->path.data, strerror(errno));
  if (code == WG_OK && rename(r->made.data, r->path.data) != 0)
    code = wg_fail(err, WG_INPUT, "%s: cannot write: %s", r->path.data, strerror(errno));
  if (code == WG_OK)
    sync_folder(r->path.data);
  else
    unlink(r->made.data);
  if (r->held >= 0) close(r->held);
  wg_buf_release(&r->path);
  wg_buf_release(&r->made);
  return code;
}
