// Host files: whole-file reads, digests, directories.
#ifndef WG_BASE_FILE_H
#define WG_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/number.h"
#include "base/poll.h"

struct stat;
const char *wg_file_is(const struct stat *st); // "is a folder" or what else it is; NULL: a regular file
// What an open() failed of: WG_INPUT, or WG_INTERNAL where the host lacks descriptors or memory, which says nothing of
// the file.
int wg_fail_open(struct wg_err *err, const char *path, int error);
// A descriptor to read a regular file by; whatever else is there is an error, and nothing is waited for.
int wg_file_open(const char *path, int *fd, struct wg_err *err);
// To read, a pipe or a file: one that nobody writes to yet is not waited for here, but where it is read, with poll(2).
// -1: errno.
int wg_pipe_open(const char *path);
#define WG_ASK_MS 100 // how long such a wait may last until its asker looks about: a signal may wake another thread
int wg_file_check(const char *path, struct wg_err *err); // whether it could be, for libraries that open it themselves
// Reads a regular file of at most `max` bytes into `out` (appended).
int wg_file_read(const char *path, size_t max, struct wg_buf *out, struct wg_err *err);
// The same of a text: a NUL in it is an error that names its line, as nothing behind it would be read.
int wg_text_read(const char *path, size_t max, struct wg_buf *out, struct wg_err *err);
int wg_text_check(const char *path, const struct wg_buf *text, struct wg_err *err);
// Writes the file under a temporary name and renames it, so that a reader never sees half a file. Only what is not
// there or a regular file is written (base/replace.h).
int wg_file_write(const char *path, const void *data, size_t n, struct wg_err *err);
int wg_mkdir_p(const char *path, struct wg_err *err);
int wg_mkdir_private(const char *path, struct wg_err *err); // the same, and what is made is its owner's alone
bool wg_file_exists(const char *path);
size_t wg_fd_read(int fd, void *to, size_t n);        // up to n bytes; SIZE_MAX with errno
bool wg_fd_write(int fd, const void *data, size_t n); // all of them, or false with errno

void wg_hex(const void *data, size_t n, char *out);           // lower case, NUL-terminated: 2n + 1 bytes
void wg_sha256_hex(const void *data, size_t n, char out[65]); // the same of its SHA-256
struct evp_md_ctx_st;                                         // EVP_MD_CTX
void wg_sha256_end(struct evp_md_ctx_st *sha, char out[65]);  // of what has been put into it; the caller frees it
// Of what can be read from here on; false with errno, or if `poll` (or NULL) does not go on.
bool wg_fd_sha256(int fd, const struct wg_poll *poll, char out[65]);
int wg_file_sha256(const char *path, char out[65], struct wg_err *err);

#endif
