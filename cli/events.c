// The events around a moment of a run.
#include <stdlib.h>

#include "cli/cli.h"
#include "trace/reader.h"

static void put_event(const struct wg_event *e, bool json, struct wg_buf *out) {
  wg_buf_clear(out);
  if (!json) {
    wg_cli_event(e, false, NULL, out);
    wg_buf_char(out, '\n');
    return;
  }
  wg_ev_encode_foreign(e, out);
  if (out->len) out->len--; // without its end of line
}

static void put_all(struct wg_buf *lines, size_t room, uint64_t n, bool json, struct wg_buf *out) {
  for (uint64_t i = n > room ? n - room : 0; i < n; i++) {
    if (json && i && i > (n > room ? n - room : 0)) wg_buf_char(out, ',');
    wg_buf_add(out, lines[i % room].data, lines[i % room].len);
  }
}

#define ASK_EVERY 1024u // events

int wg_cli_put_events_around(const struct wg_events_around *a, struct wg_buf *out, struct wg_err *err) {
  struct wg_reader *r;
  struct wg_event e;
  size_t most = a->most, after_most = most / 4 + 1;
  uint64_t before = 0, after = 0, line = 0;
  WG_TRY(wg_reader_open(&r, a->dir, err));
  struct wg_buf *last = wg_xcalloc(most + 1, sizeof *last), *next = wg_xcalloc(after_most, sizeof *next);
  bool left = false;
  while (!left && after < after_most && wg_reader_next(r, &e)) {
    left = line % ASK_EVERY == 0 && a->give_up && a->give_up(a->ctx);
    bool past = line++ >= a->events;
    if ((a->tid != UINT64_MAX && e.tid != a->tid) || (past && e.kind == WG_EV_TRACE_FOOTER)) continue;
    if (past)
      put_event(&e, a->json, &next[after++]);
    else if (most && (a->tid != UINT64_MAX || a->events - line < most)) // else it is none of the last ones
      put_event(&e, a->json, &last[before++ % most]);
  }
  int code = left               ? wg_fail(err, WG_INPUT, "interrupted on the way")
             : line < a->events ? wg_fail(err, WG_INPUT, "%s: the trace has %llu events, this is behind %llu: %s",
                                          a->dir, (unsigned long long)line, (unsigned long long)a->events,
                                          wg_reader_damage(r) ? wg_reader_damage(r) : "it is of another run")
                                : WG_OK;
  if (code == WG_OK) {
    if (a->json) wg_buf_str(out, "{\"before\":[");
    if (most) put_all(last, most, before, a->json, out);
    wg_buf_str(out, a->json ? "],\"after\":[" : "=>\n");
    put_all(next, after_most, after, a->json, out);
    if (a->json) wg_buf_str(out, "]}");
  }
  for (size_t i = 0; i < most; i++) wg_buf_release(&last[i]);
  for (size_t i = 0; i < after_most; i++) wg_buf_release(&next[i]);
  free(last);
  free(next);
  wg_reader_close(r);
  return code;
}
