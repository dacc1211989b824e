#include "base/same_file.h"

#include <fcntl.h>
#include <sys/stat.h>

bool wg_file_same(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool wg_file_named(int folder, const char *name, int fd) {
  struct stat a, b;
  return fstat(fd, &a) == 0 && fstatat(folder, name, &b, AT_SYMLINK_NOFOLLOW) == 0 && wg_file_same(&a, &b);
}
