// libFuzzer's entry for the exporters: the input is a trace or log, plain or packed, whose first byte says which format
// it becomes and what part of it. Whatever it holds, what is written is well formed: messages end where they say, JSON
// is JSON, each row of CSV has the columns of its head.
#define _GNU_SOURCE // memfd_create
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "export/export.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint64_t varint(const uint8_t **p, const uint8_t *end) {
  uint64_t v = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (*p == end) abort();
    v |= (uint64_t)(**p & 0x7F) << shift;
    if (!(*(*p)++ & 0x80)) return v;
  }
  abort();
}

// Trace of TracePackets of fields: their numbers are above 0 and their lengths within.
static void check_perfetto(const uint8_t *p, const uint8_t *end, int depth) {
  while (p != end) {
    uint64_t tag = varint(&p, end), n;
    if (tag >> 3 == 0 || (depth == 0 && tag != (1 << 3 | 2))) abort();
    switch (tag & 7) {
    case 0: varint(&p, end); continue;
    case 1: n = 8; break;
    case 2: n = varint(&p, end); break;
    default: abort();
    }
    if (n > (uint64_t)(end - p)) abort();
    if (depth == 0) check_perfetto(p, p + n, 1);
    p += n;
  }
}

static void check_json(const char *p, size_t n) {
  json_error_t e;
  json_t *j = json_loadb(p, n, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &e);
  // What jansson has no number for is JSON none the less.
  if (j == NULL && strncmp(e.text, "real number overflow", 20) != 0) {
    fprintf(stderr, "%s at %d\n%.*s\n", e.text, e.position, (int)n, p);
    abort();
  }
  json_decref(j);
}

static void check_lines(const char *p, const char *end) {
  for (const char *newline; p < end; p = newline + 1) {
    newline = memchr(p, '\n', (size_t)(end - p));
    if (newline == NULL) abort();
    check_json(p, (size_t)(newline - p));
  }
}

// RFC 4180: a quote within quotes is two; lines end with CRLF or LF.
static void check_csv(const char *p, const char *end) {
  unsigned columns = 0, at = 1;
  bool quoted = false;
  for (; p < end; p++) {
    if (*p == '"') quoted = !quoted;
    if (quoted) continue;
    if (*p == ',') at++;
    if (*p != '\n') continue;
    if (columns == 0) columns = at;
    if (at != columns) abort();
    at = 1;
  }
  if (quoted || at != 1) abort();
}

static void check(enum wg_export_format format, const char *path) {
  struct wg_buf b = {0};
  struct wg_err err = {0};
  if (wg_file_read(path, SIZE_MAX, &b, &err) != WG_OK) abort();
  const char *p = b.data, *end = p + b.len;
  switch (format) {
  case WG_EXPORT_PERFETTO: check_perfetto((const uint8_t *)p, (const uint8_t *)end, 0); break;
  case WG_EXPORT_CHROME: check_json(p, b.len); break;
  case WG_EXPORT_LNAV: check_lines(p, end); break;
  case WG_EXPORT_CSV: check_csv(p, end); break;
  }
  wg_buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  char trace[64], path[64];
  struct wg_export_report rep = {0};
  struct wg_err err = {0};
  if (n == 0) return 0;
  int fd = memfd_create("fuzz", 0);
  if (fd < 0 || write(fd, data + 1, n - 1) != (ssize_t)n - 1) abort();
  snprintf(trace, sizeof trace, "/proc/self/fd/%d", fd);
  snprintf(path, sizeof path, "/dev/shm/wedge-fuzz-export-%d", (int)getpid());
  struct wg_export_options o = {.format = (enum wg_export_format)(data[0] & 3),
                                .to = path,
                                .tid = data[0] & 4 ? 6 : UINT64_MAX,
                                .from_ns = data[0] & 8 ? 50 : 0,
                                .until_ns = data[0] & 16 ? 5000 : UINT64_MAX,
                                .by_order = data[0] & 32};
  if (wg_export(trace, &o, &rep, &err) == WG_OK)
    check(o.format, path);
  else if (err.msg[0] == 0 || access(path, F_OK) == 0)
    abort();
  unlink(path);
  wg_buf_release(&rep.damage);
  close(fd);
  return 0;
}
