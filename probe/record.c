#include "probe/record.h"

#include <stdlib.h>
#include <string.h>

#include "trace/reader.h"
#include "trace/writer.h"

struct wg_record {
  struct wg_reader *reader;
  struct wg_buf line; // of what was produced
  struct wg_buf recorded, produced;
  uint64_t identical, lineno;
  const char *cut;
};

int wg_record_open(struct wg_record **out, const char *dir, uint64_t skip, struct wg_err *err) {
  struct wg_record *r = wg_xcalloc(1, sizeof *r);
  size_t n;
  *out = r;
  WG_TRY(wg_reader_open(&r->reader, dir, err));
  while (skip-- && wg_reader_line(r->reader, &n)) {
  }
  return WG_OK;
}

void wg_record_close(struct wg_record *r) {
  if (r == NULL) return;
  wg_reader_close(r->reader);
  wg_buf_release(&r->line);
  wg_buf_release(&r->recorded);
  wg_buf_release(&r->produced);
  free(r);
}

static bool differs(struct wg_record *r, const char *recorded, size_t n) {
  r->lineno = wg_reader_lineno(r->reader);
  wg_buf_add(&r->recorded, recorded, n);
  if (r->line.len) wg_buf_add(&r->produced, r->line.data, r->line.len - 1);
  return false;
}

static bool ends_early(struct wg_record *r) {
  r->cut = wg_reader_damage(r->reader);
  if (r->cut == NULL) r->cut = "no trace.footer: the run did not end cleanly";
  return false;
}

bool wg_record_is(struct wg_record *r, const struct wg_event *e) {
  size_t n;
  const char *want = wg_reader_line(r->reader, &n);
  if (want == NULL) return ends_early(r);
  wg_trace_line(e, &r->line);
  if (wg_line_is_footer(want)) return differs(r, "", 0);
  if (!wg_trace_line_is(want, n, &r->line)) return differs(r, want, n);
  r->identical++;
  return true;
}

bool wg_record_ends(struct wg_record *r) {
  size_t n;
  const char *rest = wg_reader_line(r->reader, &n);
  if (rest == NULL) return ends_early(r);
  wg_buf_clear(&r->line);
  return wg_line_is_footer(rest) || differs(r, rest, n);
}

uint64_t wg_record_identical(const struct wg_record *r) { return r->identical; }

void wg_record_sides(const struct wg_record *r, const char **recorded, const char **produced, uint64_t *line) {
  *recorded = r->recorded.len ? r->recorded.data : "";
  *produced = r->produced.len ? r->produced.data : "";
  *line = r->lineno;
}

const char *wg_record_cut(const struct wg_record *r) { return r->cut; }
