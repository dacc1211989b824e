#define _DEFAULT_SOURCE // mkdtemp, flock
#include "base/temporary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/same_file.h"

#define FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static bool is_ours(int folder) {
  struct stat st;
  return fstat(folder, &st) == 0 && st.st_uid == geteuid();
}

static void empty(int folder) {
  int fd = dup(folder);
  DIR *d = fd < 0 ? NULL : fdopendir(fd);
  if (d == NULL) return;
  for (struct dirent *e; (e = readdir(d)) != NULL;)
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) unlinkat(folder, e->d_name, 0);
  closedir(d);
}

// Those that nobody holds.
static void remove_left_folders(const char *in, const char *prefix) {
  DIR *d = opendir(in);
  if (d == NULL) return;
  for (struct dirent *e; (e = readdir(d)) != NULL;) {
    if (strncmp(e->d_name, prefix, strlen(prefix)) != 0 || strlen(e->d_name) != strlen(prefix) + 6) continue;
    int folder = openat(dirfd(d), e->d_name, FOLDER);
    if (folder < 0) continue;
    if (is_ours(folder) && flock(folder, LOCK_EX | LOCK_NB) == 0 && wg_file_named(dirfd(d), e->d_name, folder)) {
      empty(folder);
      unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
    }
    close(folder);
  }
  closedir(d);
}

int wg_temporary_make(struct wg_temporary *t, const char *in, const char *prefix, struct wg_err *err) {
  remove_left_folders(in, prefix);
  for (unsigned tries = 0; tries < 100; tries++) {
    wg_buf_clear(&t->path);
    wg_buf_printf(&t->path, "%s/%sXXXXXX", in, prefix);
    if (mkdtemp(t->path.data) == NULL) break;
    t->held = open(t->path.data, FOLDER);
    // Between the two somebody may have taken it for one that was left. A file system without locks keeps what is left.
    if (t->held >= 0 && (flock(t->held, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
        wg_file_named(AT_FDCWD, t->path.data, t->held))
      return WG_OK;
    if (t->held >= 0) close(t->held);
  }
  wg_fail(err, WG_INPUT, "%s: cannot create directory: %s", t->path.data, strerror(errno));
  wg_buf_release(&t->path);
  return WG_INPUT;
}

int wg_temporary_keep(struct wg_temporary *t, const char *as, struct wg_err *err) {
  mode_t mask = umask(0);
  umask(mask);
  if (fchmod(t->held, 0777 & ~mask) != 0 || rename(t->path.data, as) != 0)
    return wg_fail(err, WG_INPUT, "%s: cannot create: %s", as, strerror(errno));
  close(t->held);
  wg_buf_release(&t->path);
  return WG_OK;
}

void wg_temporary_remove(struct wg_temporary *t) {
  if (t->path.len == 0) return;
  empty(t->held);
  rmdir(t->path.data);
  close(t->held);
  wg_buf_release(&t->path);
}
