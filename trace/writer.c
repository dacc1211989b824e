#include "trace/writer.h"

#include <stdlib.h>
#include <string.h>

#include "trace/frames.h"

// Of such lines in such frames, level 1 makes smaller files than 2 to 4 do (bench/record.py), in less time.
#define LEVEL 1

struct wg_writer {
  uint64_t end_ns;
  struct wg_frames *frames;
  struct wg_buf line;
  uint64_t events;
};

int wg_writer_create(struct wg_writer **out, const char *path, struct wg_err *err) {
  struct wg_writer *w = wg_xcalloc(1, sizeof *w);
  int code = wg_frames_create(&w->frames, path, &(struct wg_frames_kind){.level = LEVEL}, err);
  if (code == WG_OK)
    *out = w;
  else
    free(w);
  return code;
}

#define LONG_VALUE (64u << 10)

static void cut_value(struct wg_field *f) {
  static const char nothing[] = "null";
  if (f->type == WG_F_RAW && f->n > LONG_VALUE) {
    f->s = nothing;
    f->n = sizeof nothing - 1;
  }
  if (f->type == WG_F_STR && f->n > LONG_VALUE) f->n = LONG_VALUE;
  if (f->type == WG_F_HEXES && f->n > LONG_VALUE / 8) f->n = LONG_VALUE / 8;
}

void wg_trace_line(const struct wg_event *e, struct wg_buf *out) {
  wg_buf_clear(out);
  wg_ev_encode(e, out);
  if (out->len <= WG_LINE_MAX) return;
  struct wg_event cut = *e;
  for (size_t i = 0; i < cut.nfields; i++) cut_value(&cut.fields[i]);
  if (cut.nfields == WG_EVENT_FIELDS) cut.nfields--;
  cut.fields[cut.nfields++] = (struct wg_field){.key = WG_K_OTHER, .type = WG_F_BOOL, .name = "cut", .u = 1};
  wg_buf_clear(out);
  wg_ev_encode(&cut, out);
}

#define USUAL (64u << 10) // the most that a line which is written straight into its frame may take

bool wg_writer_event(struct wg_writer *w, const struct wg_event *e) {
  size_t most = wg_ev_most(e);
  if (most <= USUAL) {
    wg_frames_commit(w->frames, wg_ev_put(e, wg_frames_room(w->frames, most)));
  } else {
    wg_trace_line(e, &w->line);
    wg_frames_add(w->frames, w->line.data, w->line.len);
  }
  w->events++;
  // The header gets a frame of its own, so that even a run killed at once says what it was.
  if (wg_frames_pending(w->frames) < WG_FRAME_BYTES && w->events > 1) return true;
  return wg_frames_cut(w->frames);
}

uint64_t wg_writer_events(const struct wg_writer *w) { return w->events; }

void wg_writer_ends(struct wg_writer *w, uint64_t host_ns) { w->end_ns = host_ns; }

int wg_writer_finish(struct wg_writer *w, const char *reason, char *sha256, uint64_t *events, struct wg_err *err) {
  char hex[65];
  wg_frames_drain(w->frames, hex);
  struct wg_event e;
  wg_ev_init(&e, WG_EV_TRACE_FOOTER);
  e.has_cycle = false;
  e.host_ns = w->end_ns;
  wg_ev_dec(&e, WG_K_EVENTS, w->events);
  wg_ev_str(&e, WG_K_REASON, reason);
  wg_ev_str(&e, WG_K_SHA256, hex);
  wg_buf_clear(&w->line);
  wg_ev_encode(&e, &w->line);
  int code = wg_frames_finish(w->frames, w->line.data, w->line.len, err);
  wg_buf_release(&w->line);
  if (sha256) memcpy(sha256, hex, sizeof hex);
  if (events) *events = w->events;
  free(w);
  return code;
}
