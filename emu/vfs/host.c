#define _GNU_SOURCE // O_PATH
#include "emu/vfs/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/vec.h"

struct wg_host {
  int fd;
};

struct wg_host *wg_host_mount(const char *folder) {
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return NULL;
  struct wg_host *h = wg_xcalloc(1, sizeof *h);
  h->fd = fd;
  return h;
}

void wg_host_free(struct wg_host *h) {
  if (h == NULL) return;
  close(h->fd);
  free(h);
}

// The folder or regular file at `below`; -1 if there is none.
static int open_below(const struct wg_host *h, const char *below, bool directory) {
  int fd = fcntl(h->fd, F_DUPFD_CLOEXEC, 0);
  for (const char *p = below; fd >= 0 && *p;) {
    size_t n = strcspn(p, "/");
    bool last = p[n] == 0;
    char *name = wg_xstrndup(p, n);
    int how = last ? O_RDONLY | O_NONBLOCK | O_NOCTTY | (directory ? O_DIRECTORY : 0) : O_PATH | O_DIRECTORY;
    int next = openat(fd, name, how | O_NOFOLLOW | O_CLOEXEC);
    free(name);
    close(fd);
    fd = next;
    p += n + !last;
  }
  struct stat st;
  if (fd < 0 || (fstat(fd, &st) == 0 && (directory ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode)))) return fd;
  close(fd);
  return -1;
}

bool wg_host_name_fits(const char *s) {
  for (; *s; s++)
    if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7E || strchr("\\:*?\"<>|", *s)) return false;
  return true;
}

static int by_name(const void *a, const void *b) {
  const struct wg_host_entry *x = a, *y = b;
  int order = strcasecmp(x->name, y->name);
  return order ? order : strcmp(x->name, y->name);
}

static bool is_run(int dir, const char *name) {
  int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  bool yes = fd >= 0 && faccessat(fd, "trace.jsonl.zst", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  if (fd >= 0) close(fd);
  return yes;
}

static bool look(int dir, const char *name, struct wg_host_entry *e) {
  struct stat st;
  if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return false;
  bool folder = S_ISDIR(st.st_mode);
  if (!folder && !S_ISREG(st.st_mode)) return false;
  if (folder && is_run(dir, name)) return false;
  *e = (struct wg_host_entry){wg_xstrdup(name), folder, folder ? 0 : (uint64_t)st.st_size};
  return true;
}

static struct wg_host_entry *unique(struct wg_host_entry *e, size_t *n) {
  size_t kept = 0;
  if (*n) qsort(e, *n, sizeof *e, by_name);
  for (size_t i = 0; i < *n; i++) {
    if (kept && strcasecmp(e[kept - 1].name, e[i].name) == 0)
      free(e[i].name);
    else
      e[kept++] = e[i];
  }
  *n = kept;
  return e;
}

#define POLL_ENTRIES 1024u

struct wg_host_entry *wg_host_list(const struct wg_host *h, const char *below, const struct wg_poll *poll, size_t *n,
                                   size_t *odd) {
  struct wg_host_entry *e = NULL, one;
  int fd = open_below(h, below, true);
  // A stream of its own: the position of the folder held open is not shared with it.
  int own = fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *d = own < 0 ? NULL : fdopendir(own);
  if (fd >= 0) close(fd);
  *n = 0;
  if (d == NULL) return NULL;
  for (const struct dirent *x; (x = readdir(d)) != NULL;) {
    if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0) continue;
    if (!wg_host_name_fits(x->d_name)) {
      ++*odd;
      continue;
    }
    if (!look(dirfd(d), x->d_name, &one)) continue;
    WG_VEC_NEXT(e, *n);
    e[(*n)++] = one;
    if (*n % POLL_ENTRIES == 0 && !wg_go_on(poll)) break;
  }
  closedir(d);
  return unique(e, n);
}

bool wg_host_read(const struct wg_host *h, const char *below, const struct wg_poll *poll, uint64_t at, void *out,
                  uint64_t n) {
  int fd = open_below(h, below, false);
  if (fd < 0) return false;
  uint64_t done = 0;
  while (done < n) {
    uint64_t want = n - done < WG_POLL_BYTES ? n - done : WG_POLL_BYTES;
    if (done && !wg_go_on(poll)) break;
    ssize_t got = pread(fd, (char *)out + done, want, (off_t)(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += (uint64_t)got;
  }
  close(fd);
  return done == n;
}

bool wg_host_sha256(const struct wg_host *h, const char *below, const struct wg_poll *poll, char out[65]) {
  int fd = open_below(h, below, false);
  if (fd < 0) return false;
  bool ok = wg_fd_sha256(fd, poll, out);
  close(fd);
  return ok;
}
