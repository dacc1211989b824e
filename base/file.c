#include "base/file.h"
#include "base/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *wg_file_is(const struct stat *st) {
  if (S_ISREG(st->st_mode)) return NULL;
  if (S_ISDIR(st->st_mode)) return "is a folder";
  if (S_ISFIFO(st->st_mode)) return "is a pipe";
  if (S_ISSOCK(st->st_mode)) return "is a socket";
  return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode) ? "is a device" : "is no file";
}

int wg_fail_open(struct wg_err *err, const char *path, int error) {
  bool lacks = error == EMFILE || error == ENFILE || error == ENOMEM;
  return wg_fail(err, lacks ? WG_INTERNAL : WG_INPUT, "%s: %s", path, strerror(error));
}

// Opened without waiting: a pipe that nobody writes to is an error, not a wait.
static int open_regular(const char *path, struct stat *st, struct wg_err *err) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    wg_fail_open(err, path, errno);
    return -1;
  }
  const char *is = fstat(fd, st) == 0 ? wg_file_is(st) : strerror(errno);
  if (is == NULL) return fd;
  close(fd);
  wg_fail(err, WG_INPUT, "%s: %s; expected a regular file", path, is);
  return -1;
}

size_t wg_fd_read(int fd, void *to, size_t n) {
  size_t done = 0;
  while (done < n) {
    ssize_t got = read(fd, (char *)to + done, n - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SIZE_MAX;
    if (got == 0) break;
    done += (size_t)got;
  }
  return done;
}

int wg_file_read(const char *path, size_t max, struct wg_buf *out, struct wg_err *err) {
  struct stat st;
  int fd = open_regular(path, &st, err);
  if (fd < 0) return WG_INPUT;
  if ((uint64_t)st.st_size > max) {
    close(fd);
    return wg_fail(err, WG_INPUT, "%s: %lld bytes; at most %zu are supported", path, (long long)st.st_size, max);
  }
  wg_buf_reserve(out, (size_t)st.st_size);
  size_t n = wg_fd_read(fd, out->data + out->len, (size_t)st.st_size);
  int why = errno;
  close(fd);
  if (n == SIZE_MAX) return wg_fail(err, WG_INPUT, "%s: read error: %s", path, strerror(why));
  out->len += n;
  out->data[out->len] = 0;
  return WG_OK;
}

int wg_text_check(const char *path, const struct wg_buf *text, struct wg_err *err) {
  const char *nul = text->len ? memchr(text->data, 0, text->len) : NULL, *line = text->data;
  unsigned n = 1;
  if (nul == NULL) return WG_OK;
  for (const char *p = text->data; p < nul; p++)
    if (*p == '\n') n++, line = p + 1;
  return wg_fail(err, WG_INPUT, "%s:%u: column %zu: a NUL byte; expected a text", path, n, (size_t)(nul - line) + 1);
}

int wg_text_read(const char *path, size_t max, struct wg_buf *out, struct wg_err *err) {
  WG_TRY(wg_file_read(path, max, out, err));
  return wg_text_check(path, out, err);
}

bool wg_fd_write(int fd, const void *data, size_t n) {
  for (const char *at = data; n;) {
    ssize_t done = write(fd, at, n);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    at += done;
    n -= (size_t)done;
  }
  return true;
}

int wg_file_write(const char *path, const void *data, size_t n, struct wg_err *err) {
  struct wg_replace r;
  int fd = wg_replace_begin(&r, path, err);
  if (fd < 0) return WG_INPUT;
  int code = WG_OK;
  if (!wg_fd_write(fd, data, n)) code = wg_fail(err, WG_INPUT, "%s: cannot write: %s", path, strerror(errno));
  if (close(fd) != 0 && code == WG_OK) code = wg_fail(err, WG_INPUT, "%s: cannot write: %s", path, strerror(errno));
  return wg_replace_end(&r, code, err);
}

static int make_folders(const char *path, mode_t mode, struct wg_err *err) {
  char *copy = wg_xstrdup(path);
  int code = WG_OK;
  for (char *p = copy + 1; code == WG_OK; p++) {
    if (*p != '/' && *p != 0) continue;
    char keep = *p;
    *p = 0;
    if (mkdir(copy, mode) != 0 && errno != EEXIST)
      code = wg_fail(err, WG_INPUT, "%s: cannot create directory: %s", copy, strerror(errno));
    *p = keep;
    if (keep == 0) break;
  }
  free(copy);
  return code;
}

int wg_mkdir_p(const char *path, struct wg_err *err) { return make_folders(path, 0777, err); }
int wg_mkdir_private(const char *path, struct wg_err *err) { return make_folders(path, 0700, err); }

int wg_pipe_open(const char *path) {
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd >= 0) fcntl(fd, F_SETFL, O_RDONLY);
  return fd;
}

int wg_file_open(const char *path, int *fd, struct wg_err *err) {
  struct stat st;
  *fd = open_regular(path, &st, err);
  return *fd < 0 ? err->code : WG_OK;
}

int wg_file_check(const char *path, struct wg_err *err) {
  int fd;
  WG_TRY(wg_file_open(path, &fd, err));
  close(fd);
  return WG_OK;
}

bool wg_file_exists(const char *path) {
  struct stat st;
  return stat(path, &st) == 0;
}

void wg_hex(const void *data, size_t n, char *out) {
  const unsigned char *p = data;
  for (size_t i = 0; i < n; i++) snprintf(out + i * 2, 3, "%02x", p[i]);
}

void wg_sha256_end(struct evp_md_ctx_st *ctx, char out[65]) {
  unsigned char d[EVP_MAX_MD_SIZE];
  unsigned int n = 0;
  EVP_DigestFinal_ex(ctx, d, &n);
  wg_hex(d, n, out);
}

void wg_sha256_hex(const void *data, size_t n, char out[65]) {
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
  EVP_DigestUpdate(ctx, data, n);
  wg_sha256_end(ctx, out);
  EVP_MD_CTX_free(ctx);
}

bool wg_fd_sha256(int fd, const struct wg_poll *poll, char out[65]) {
  enum { CHUNK = 1 << 16 };
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
  char *chunk = wg_xcalloc(1, CHUNK);
  size_t n, done = 0;
  bool on = true;
  while (on && (n = wg_fd_read(fd, chunk, CHUNK)) != SIZE_MAX && n) {
    EVP_DigestUpdate(ctx, chunk, n);
    done += n;
    if (done % WG_POLL_BYTES == 0) on = wg_go_on(poll);
  }
  wg_sha256_end(ctx, out);
  free(chunk);
  EVP_MD_CTX_free(ctx);
  return on && n == 0;
}

int wg_file_sha256(const char *path, char out[65], struct wg_err *err) {
  struct stat st;
  int fd = open_regular(path, &st, err);
  if (fd < 0) return WG_INPUT;
  bool ok = wg_fd_sha256(fd, NULL, out);
  int why = errno;
  close(fd);
  return ok ? WG_OK : wg_fail(err, WG_INPUT, "%s: read error: %s", path, strerror(why));
}
