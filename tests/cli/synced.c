// Loaded before the host's library (LD_PRELOAD) by tests/cli/synced.py: says on standard error which files are brought
// to the disk, and which get another name, in their order.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

int fsync(int fd) {
  int (*real)(int);
  char link[64], path[4096];
  *(void **)&real = dlsym(RTLD_NEXT, "fsync");
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  fprintf(stderr, "\nfsync %.*s\n", n < 0 ? 0 : (int)n, path);
  return real(fd);
}

int rename(const char *from, const char *to) {
  int (*real)(const char *, const char *);
  *(void **)&real = dlsym(RTLD_NEXT, "rename");
  fprintf(stderr, "\nrename %s %s\n", from, to);
  return real(from, to);
}
