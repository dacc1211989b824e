#include "replay/prefix.h"

#include <stdlib.h>
#include <string.h>

#include "trace/reader.h"
#include "trace/writer.h"

struct wg_prefix {
  struct wg_reader *reader;
  char *dir;
  uint64_t windows, line; // line: of the first other event, or 0
  struct wg_buf have;
};

int wg_prefix_open(struct wg_prefix **out, const char *dir, uint64_t windows, struct wg_err *err) {
  struct wg_reader *r;
  WG_TRY(wg_reader_open(&r, dir, err));
  *out = wg_xcalloc(1, sizeof **out);
  **out = (struct wg_prefix){.reader = r, .dir = wg_xstrdup(dir), .windows = windows};
  return WG_OK;
}

void wg_prefix_close(struct wg_prefix *p) {
  if (p == NULL) return;
  wg_reader_close(p->reader);
  wg_buf_release(&p->have);
  free(p->dir);
  free(p);
}

bool wg_prefix_event(struct wg_prefix *p, const struct wg_machine *m, const struct wg_event *e) {
  size_t n;
  if (p->line || p->windows == 0 || (m && wg_machine_windows(m) >= p->windows)) return p->line == 0;
  const char *want = wg_reader_line(p->reader, &n);
  wg_trace_line(e, &p->have);
  if (want && wg_trace_line_is(want, n, &p->have)) return true;
  p->line = wg_reader_lineno(p->reader) + (want == NULL);
  return false;
}

int wg_prefix_check(const struct wg_prefix *p, struct wg_err *err) {
  if (p->line == 0) return WG_OK;
  return wg_fail(err, WG_INPUT,
                 "%s: its record is not what it does, from line %llu of the trace on: `wedge replay` tells more",
                 p->dir, (unsigned long long)p->line);
}
