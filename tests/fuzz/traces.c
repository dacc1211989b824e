// libFuzzer's entry for traces and foreign logs: the input is a file, plain or packed, read to its end and written
// again, every line of it accounted for; then each importer reads its lines, whether it would know the file or not; and
// each line goes through both JSON scanners, which must agree.
#define _GNU_SOURCE // memfd_create
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/importers.h"
#include "trace/jsonl.h"
#include "trace/mapping.h"
#include "trace/reader.h"
#include "trace/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

// The text of an event, and strings that end where they should.
static void write_again(const struct wg_event *e, struct wg_buf *out) {
  for (size_t i = 0; i < wg_ev_count(e); i++) {
    const struct wg_field *f = wg_ev_at(e, i);
    if ((f->type == WG_F_STR || f->type == WG_F_RAW) && f->s[f->n] != 0) abort();
  }
  wg_buf_clear(out);
  wg_ev_encode(e, out);
}

static void read_file(const char *path, struct wg_buf *out) {
  struct wg_reader *r;
  struct wg_err err = {0};
  struct wg_event e;
  if (wg_reader_open(&r, path, &err) != WG_OK) return;
  while (wg_reader_next(r, &e)) write_again(&e, out);
  if (wg_reader_bad_lines(r) && wg_reader_damage(r) == NULL) abort();
  struct wg_line_counts l;
  wg_reader_lines(r, &l);
  if (l.all != l.events + l.kept + l.blank + l.damaged + l.beyond) abort();
  wg_reader_close(r);
}

static void compare(struct wg_jsonl *s, const char *line, size_t n) {
  struct wg_buf copy = {0}, a = {0}, b = {0};
  struct wg_event e;
  struct wg_err err = {0};
  wg_buf_reserve(&copy, n + WG_SOURCE_SLACK);
  memset(copy.data, '"', n + WG_SOURCE_SLACK);
  wg_buf_add(&copy, line, n);
  if (wg_jsonl_quick(s, copy.data, n, &e)) {
    write_again(&e, &a);
    if (wg_jsonl_careful(s, line, n, &e, &err) != 1) abort();
    write_again(&e, &b);
    if (a.len != b.len || memcmp(a.data, b.data, a.len) != 0) abort();
  } else if (memcmp(copy.data, line, n) != 0) {
    abort();
  }
  wg_buf_release(&copy);
  wg_buf_release(&a);
  wg_buf_release(&b);
}

// As the reader gives them to it.
static void import(const struct wg_importer *by, const struct wg_mapping *m, const char *data, size_t n,
                   struct wg_buf *out) {
  struct wg_buf line = {0};
  struct wg_event e;
  void *state = by->open(m);
  for (const char *p = data, *end = data + n; p < end;) {
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    size_t len = (size_t)((newline ? newline : end) - p);
    struct wg_err err = {0};
    bool more = true;
    wg_buf_clear(&line);
    wg_buf_reserve(&line, len + WG_SOURCE_SLACK);
    memset(line.data, '"', len + WG_SOURCE_SLACK);
    wg_buf_add(&line, p, len);
    while (more) {
      more = false;
      enum wg_line_result is = by->line(state, line.data, len, &e, &more, &err);
      if (is == WG_LINE_EVENT) write_again(&e, out);
      if (is == WG_LINE_BAD && err.msg[0] == 0) abort();
    }
    p += len + 1;
  }
  while (by->end && by->end(state, &e)) write_again(&e, out);
  by->close(state);
  wg_buf_release(&line);
}

static void import_by_each(const char *data, size_t n, struct wg_buf *out) {
  static const struct wg_importer *const all[] = {
#define WG_IMPORTER(id) &wg_import_##id,
#include "trace/importers.def"
  };
  static struct wg_mapping *m; // the same for all inputs
  struct wg_err err = {0};
  if (m == NULL && wg_mapping_open(&m, NULL, &err) != WG_OK) abort();
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) import(all[i], m, data, n, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  char path[64];
  struct wg_buf out = {0};
  int fd = memfd_create("fuzz", 0);
  if (fd < 0 || write(fd, data, n) != (ssize_t)n) abort();
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  read_file(path, &out);
  close(fd);
  import_by_each((const char *)data, n, &out);
  struct wg_jsonl *s = wg_xcalloc(1, sizeof *s);
  wg_jsonl_init(s);
  for (const char *p = (const char *)data, *end = p + n; p < end;) {
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    size_t len = (size_t)((newline ? newline : end) - p);
    compare(s, p, len);
    p += len + 1;
  }
  wg_jsonl_release(s);
  free(s);
  wg_buf_release(&out);
  return 0;
}
