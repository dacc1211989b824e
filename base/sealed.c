#define _DEFAULT_SOURCE // flock
#include "base/sealed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/ahead.h"
#include "base/file.h"
#include "base/same_file.h"
#include "base/vec.h"

#define FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define FILE_THERE (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define SECRET "secret"
#define MAC 32u
#define LARGE ((size_t)256 << 10) // bytes that are worth asking for their memory

static void mac(const uint8_t *key, const void *data, size_t n, uint8_t out[MAC]) {
  unsigned size = MAC;
  HMAC(EVP_sha256(), key, WG_SEALED_KEY, data, n, out, &size);
}

// --- what is the user's alone --------------------------------------------------------------------------

static int check_owner(const struct stat *st, const char *path, struct wg_err *err) {
  if (st->st_uid == geteuid()) return WG_OK;
  return wg_fail(err, WG_INPUT, "%s: refused: it is user %u's; expected user %u's", path, (unsigned)st->st_uid,
                 (unsigned)geteuid());
}

static int check_folder(int fd, const char *path, struct wg_err *err) {
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0)
    return wg_fail(err, WG_INPUT, "%s: refused: %s; expected a folder, no link", path, strerror(errno));
  WG_TRY(check_owner(&st, path, err));
  if ((st.st_mode & 022) == 0) return WG_OK;
  return wg_fail(err, WG_INPUT, "%s: refused: others may write there (its mode is %04o); expected 0700", path,
                 (unsigned)st.st_mode & 07777);
}

static int check_file(const struct stat *st, const char *path, struct wg_err *err) {
  const char *is = wg_file_is(st);
  if (is) return wg_fail(err, WG_INPUT, "%s: refused: %s; expected a regular file", path, is);
  WG_TRY(check_owner(st, path, err));
  if (st->st_mode & 077)
    return wg_fail(err, WG_INPUT, "%s: refused: its mode is %04o; expected 0600", path, (unsigned)st->st_mode & 07777);
  if (st->st_nlink <= 1) return WG_OK; // 0: another one has just taken its place
  return wg_fail(err, WG_INPUT, "%s: refused: it has %lu names; expected one", path, (unsigned long)st->st_nlink);
}

// A descriptor with what is known of it. -1 if it is not there (WG_OK), or is refused.
static int open_file(int *fd, int folder, const char *name, struct stat *st, const char *path, struct wg_err *err) {
  *fd = openat(folder, name, FILE_THERE);
  if (*fd < 0 && errno == ENOENT) return WG_OK;
  if (*fd < 0 || fstat(*fd, st) != 0)
    return wg_fail(err, WG_INPUT, "%s: refused: %s; expected a regular file, no link", path, strerror(errno));
  int code = check_file(st, path, err);
  if (code == WG_OK) return WG_OK;
  close(*fd);
  *fd = -1;
  return code;
}

// --- the secret ------------------------------------------------------------------------------------------

static int read_secret(int root, const char *path, uint8_t *secret, bool *there, struct wg_err *err) {
  struct stat st;
  int fd;
  *there = false;
  WG_TRY(open_file(&fd, root, SECRET, &st, path, err));
  if (fd < 0) return WG_OK;
  *there = st.st_size == WG_SEALED_KEY && wg_fd_read(fd, secret, WG_SEALED_KEY) == WG_SEALED_KEY;
  close(fd);
  if (*there) return WG_OK;
  return wg_fail(err, WG_INPUT, "%s: refused: %lld bytes; expected %u", path, (long long)st.st_size, WG_SEALED_KEY);
}

static int make_secret(int root, const char *path, uint8_t *secret, struct wg_err *err) {
  if (RAND_bytes(secret, WG_SEALED_KEY) != 1) return wg_fail(err, WG_INPUT, "%s: no random numbers for it", path);
  int fd = openat(root, SECRET, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  bool ok = fd >= 0 && wg_fd_write(fd, secret, WG_SEALED_KEY);
  int why = errno;
  if (fd >= 0 && close(fd) != 0 && ok) {
    why = errno;
    ok = false;
  }
  if (ok) return WG_OK;
  if (fd >= 0) unlinkat(root, SECRET, 0);
  return wg_fail(err, WG_INPUT, "%s: cannot write: %s", path, strerror(why));
}

// A file system without locks does without. It is held for as long as a few bytes take, unless by somebody who means
// ill.
static bool lock_for_a_moment(int fd) {
  const struct timespec pause = {0, 2000000};
  for (unsigned i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
    if (errno != EWOULDBLOCK) return true;
    if (i == 500) return false;
    nanosleep(&pause, NULL);
  }
  return true;
}

static int the_secret(int root, const char *path, uint8_t *secret, struct wg_err *anew, struct wg_err *err) {
  bool there;
  if (!lock_for_a_moment(root)) return wg_fail(err, WG_INPUT, "%s: its folder is locked by somebody", path);
  int code = read_secret(root, path, secret, &there, anew);
  if (code != WG_OK && unlinkat(root, SECRET, 0) != 0) {
    *err = *anew;
  } else {
    code = there ? WG_OK : make_secret(root, path, secret, err);
  }
  flock(root, LOCK_UN);
  return code;
}

// --- the folder ------------------------------------------------------------------------------------------

static int open_root(int *fd, const char *root, struct wg_err *err) {
  WG_TRY(wg_mkdir_private(root, err));
  *fd = open(root, FOLDER);
  int code = check_folder(*fd, root, err);
  if (code != WG_OK && *fd >= 0) close(*fd);
  return code;
}

static int open_folder(struct wg_sealed *s, int root, const char *name, struct wg_err *err) {
  if (mkdirat(root, name, 0700) != 0 && errno != EEXIST)
    return wg_fail(err, WG_INPUT, "%s: cannot create directory: %s", s->path.data, strerror(errno));
  s->folder = openat(root, name, FOLDER);
  return check_folder(s->folder, s->path.data, err);
}

static int open_within(struct wg_sealed *s, int root, const char *in, const char *name, struct wg_err *err) {
  uint8_t secret[WG_SEALED_KEY];
  struct wg_buf path = {0};
  wg_buf_printf(&path, "%s/" SECRET, in);
  int code = the_secret(root, path.data, secret, &s->anew, err);
  wg_buf_release(&path);
  if (code == WG_OK) mac(secret, name, strlen(name), s->key);
  OPENSSL_cleanse(secret, sizeof secret);
  return code == WG_OK ? open_folder(s, root, name, err) : code;
}

int wg_sealed_open(struct wg_sealed *s, const char *root, const char *name, struct wg_err *err) {
  int fd;
  *s = (struct wg_sealed){.folder = -1};
  WG_TRY(open_root(&fd, root, err));
  wg_buf_printf(&s->path, "%s/%s", root, name);
  int code = open_within(s, fd, root, name, err);
  close(fd);
  if (code != WG_OK) wg_sealed_close(s);
  return code;
}

void wg_sealed_close(struct wg_sealed *s) {
  if (s->folder >= 0) close(s->folder);
  s->folder = -1;
  OPENSSL_cleanse(s->key, sizeof s->key);
  wg_buf_release(&s->path);
}

// --- the files -------------------------------------------------------------------------------------------

static int read_and_check(const struct wg_sealed *s, int fd, size_t n, const char *path, struct wg_buf *out,
                          struct wg_err *err) {
  uint8_t expected[MAC];
  wg_buf_reserve(out, n);
  if (n >= LARGE) wg_memory_ahead(out->data + out->len, n);
  const char *at = out->data + out->len;
  if (wg_fd_read(fd, out->data + out->len, n) != n)
    return wg_fail(err, WG_INPUT, "%s: refused: it changes or cannot be read", path);
  mac(s->key, at, n - MAC, expected);
  if (CRYPTO_memcmp(at + n - MAC, expected, MAC) != 0)
    return wg_fail(err, WG_INPUT, "%s: refused: it is not as it was written, or not by this user", path);
  out->len += n - MAC;
  return WG_OK;
}

int wg_sealed_read(const struct wg_sealed *s, const char *file, size_t max, struct wg_buf *out, struct wg_err *err) {
  struct wg_buf path = {0};
  struct stat st;
  int fd;
  wg_buf_printf(&path, "%s/%s", s->path.data, file);
  int code = open_file(&fd, s->folder, file, &st, path.data, err);
  if (fd >= 0 && (st.st_size < (off_t)MAC || (uint64_t)st.st_size - MAC > max))
    code = wg_fail(err, WG_INPUT, "%s: refused: %lld bytes; expected %u to %zu", path.data, (long long)st.st_size, MAC,
                   max + MAC);
  else if (fd >= 0)
    code = read_and_check(s, fd, (size_t)st.st_size, path.data, out, err);
  if (fd >= 0) close(fd);
  wg_buf_release(&path);
  return code;
}

// The file that is to take the other's place, held by this process alone; what one that was killed has left is used
// again. -1 with errno: EWOULDBLOCK if another process is at it.
static int claim(const struct wg_sealed *s, const char *name) {
  struct stat st;
  struct wg_err unsaid = {0};
  for (unsigned i = 0; i < 100; i++) {
    int fd = openat(s->folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
    bool ours = fd >= 0 && fstat(fd, &st) == 0 && check_file(&st, name, &unsaid) == WG_OK;
    if (ours && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      close(fd);
      errno = EWOULDBLOCK;
      return -1;
    }
    if (ours && wg_file_named(s->folder, name, fd)) return fd;
    int why = fd < 0 ? errno : EEXIST;
    if (fd >= 0) close(fd);
    if (!ours && unlinkat(s->folder, name, 0) != 0) {
      errno = why;
      return -1;
    }
  }
  errno = EEXIST;
  return -1;
}

static bool fill(const struct wg_sealed *s, int fd, const void *data, size_t n) {
  uint8_t end[MAC];
  mac(s->key, data, n, end);
  return ftruncate(fd, 0) == 0 && wg_fd_write(fd, data, n) && wg_fd_write(fd, end, MAC);
}

int wg_sealed_write(const struct wg_sealed *s, const char *file, const void *data, size_t n, struct wg_err *err) {
  struct wg_buf made = {0};
  wg_buf_printf(&made, "%s.new", file);
  int fd = claim(s, made.data), why = errno;
  bool ok = fd >= 0 && fill(s, fd, data, n) && renameat(s->folder, made.data, s->folder, file) == 0;
  if (fd >= 0 && !ok) {
    why = errno;
    unlinkat(s->folder, made.data, 0);
  }
  if (fd >= 0) close(fd);
  wg_buf_release(&made);
  if (ok || (fd < 0 && why == EWOULDBLOCK)) return WG_OK;
  return wg_fail(err, WG_INPUT, "%s/%s: cannot write: %s", s->path.data, file, strerror(why));
}

// --- what is old -----------------------------------------------------------------------------------------

struct old {
  char *name;
  struct timespec at;
  uint64_t bytes;
};
struct olds {
  struct old *v;
  size_t n;
};

static int by_age(const void *a, const void *b) {
  const struct timespec *x = &((const struct old *)a)->at, *y = &((const struct old *)b)->at;
  if (x->tv_sec != y->tv_sec) return x->tv_sec < y->tv_sec ? -1 : 1;
  return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

static void find_olds(DIR *d, const char *name, const char *file, struct olds *out) {
  struct wg_buf path = {0};
  for (const struct dirent *e; (e = readdir(d));) {
    struct stat st;
    if (strlen(e->d_name) != strlen(name) || strcmp(e->d_name, name) == 0 || e->d_name[0] == '.' ||
        fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode))
      continue;
    struct old o = {.name = wg_xstrdup(e->d_name), .at = st.st_mtim};
    wg_buf_clear(&path);
    wg_buf_printf(&path, "%s/%s", e->d_name, file);
    if (fstatat(dirfd(d), path.data, &st, AT_SYMLINK_NOFOLLOW) == 0) {
      o.at = st.st_mtim;
      o.bytes = (uint64_t)st.st_size;
    }
    WG_VEC_NEXT(out->v, out->n);
    out->v[out->n++] = o;
  }
  wg_buf_release(&path);
}

static void remove_old(int root, const char *name, const char *file) {
  struct wg_buf made = {0};
  int folder = openat(root, name, FOLDER);
  wg_buf_printf(&made, "%s.new", file);
  if (folder >= 0) {
    unlinkat(folder, file, 0);
    unlinkat(folder, made.data, 0);
    unlinkat(root, name, AT_REMOVEDIR);
    close(folder);
  }
  wg_buf_release(&made);
}

void wg_sealed_trim(const char *root, const char *name, const char *file, size_t most, uint64_t bytes) {
  struct olds olds = {0};
  struct wg_err unsaid = {0};
  int fd = open(root, FOLDER);
  bool ours = check_folder(fd, root, &unsaid) == WG_OK;
  DIR *d = ours ? fdopendir(fd) : NULL;
  if (d == NULL) {
    if (fd >= 0) close(fd);
    return;
  }
  find_olds(d, name, file, &olds);
  if (olds.n) qsort(olds.v, olds.n, sizeof *olds.v, by_age);
  uint64_t all = 0;
  for (size_t i = 0; i < olds.n; i++) all += olds.v[i].bytes;
  for (size_t i = 0; i < olds.n; i++) {
    if (olds.n - i > most || all > bytes) {
      remove_old(dirfd(d), olds.v[i].name, file);
      all -= olds.v[i].bytes;
    }
    free(olds.v[i].name);
  }
  free(olds.v);
  closedir(d);
}
