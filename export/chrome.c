// The Trace Event Format: what Chrome's viewer, Perfetto's, speedscope and others read. Times are microseconds.
#include <stdlib.h>
#include <string.h>

#include "export/formats.h"

struct wg_chrome {
  struct wg_output *out;
  struct wg_buf *b;
  bool any;
};

// Viewers want 32 bits. Tracks that are no thread's have numbers that no engine counts up to.
static uint64_t number_of(const struct wg_track *t) {
  return t->kind == WG_TRACK_THREAD ? t->number : 0xFFFF0000u + t->kind * 256u + t->number;
}

static void begin(struct wg_chrome *c, const char *phase) {
  wg_buf_str(c->b, c->any ? ",\n{\"ph\":\"" : "\n{\"ph\":\"");
  c->any = true;
  wg_buf_str(c->b, phase);
  wg_buf_str(c->b, "\",\"pid\":1");
}

static void end(struct wg_chrome *c) {
  wg_buf_char(c->b, '}');
  wg_output_more(c->out);
}

static void put_time(struct wg_chrome *c, uint64_t ns) {
  wg_buf_str(c->b, ",\"ts\":");
  wg_buf_u64(c->b, ns / 1000);
  if (ns % 1000 == 0) return;
  char part[] = {'.', (char)('0' + ns % 1000 / 100), (char)('0' + ns % 100 / 10), (char)('0' + ns % 10)};
  wg_buf_add(c->b, part, sizeof part);
}

static void put_tid(struct wg_chrome *c, const struct wg_track *t) {
  wg_buf_str(c->b, ",\"tid\":");
  wg_buf_u64(c->b, number_of(t));
}

static void put_named(struct wg_chrome *c, const char *key, const char *s, size_t n) {
  wg_buf_str(c->b, ",\"");
  wg_buf_str(c->b, key);
  wg_buf_str(c->b, "\":");
  wg_buf_json(c->b, s, n);
}

static void put_metadata(struct wg_chrome *c, const struct wg_track *t, const char *what, const char *name) {
  begin(c, "M");
  put_tid(c, t);
  put_named(c, "name", what, strlen(what));
  wg_buf_str(c->b, ",\"args\":{\"name\":");
  wg_buf_json(c->b, name, strlen(name));
  wg_buf_char(c->b, '}');
  end(c);
}

static void put_track(void *ctx, const struct wg_track *t) {
  struct wg_chrome *c = ctx;
  if (t->kind >= WG_TRACK_HANDLES) return; // a counter is named by its events
  if (t->kind == WG_TRACK_PROCESS) put_metadata(c, t, "process_name", t->name);
  put_metadata(c, t, "thread_name", t->kind == WG_TRACK_PROCESS ? "trace" : t->name);
}

// The event itself, as its line of the trace; a slice has that of its beginning and that of its end.
static void put_args(struct wg_chrome *c, const struct wg_mark *m) {
  static const char *const names[] = {[WG_PHASE_BEGIN] = "\"begin\":",
                                      [WG_PHASE_END] = "\"end\":",
                                      [WG_PHASE_POINT] = "\"event\":",
                                      [WG_PHASE_COUNT] = ""};
  if (m->event == NULL && m->note == NULL && m->status == NULL) return;
  wg_buf_str(c->b, ",\"args\":{");
  if (m->event) {
    wg_buf_str(c->b, names[m->phase]);
    wg_ev_encode_foreign(m->event, c->b);
    c->b->len--; // its newline
  }
  if (m->status) wg_json_str(c->b, "status_name", m->status);
  if (m->note) wg_json_bool(c->b, m->note, true);
  wg_buf_char(c->b, '}');
}

static void put_flow(struct wg_chrome *c, const struct wg_mark *m, const char *phase, uint64_t flow) {
  begin(c, phase);
  put_tid(c, &m->track);
  put_time(c, m->ns);
  wg_buf_str(c->b, ",\"cat\":\"signal\",\"name\":\"wakes\",\"id\":\"0x");
  wg_buf_hex(c->b, flow);
  wg_buf_char(c->b, '"');
  if (*phase == 'f') wg_buf_str(c->b, ",\"bp\":\"e\"");
  end(c);
}

static void put_counter(struct wg_chrome *c, const struct wg_mark *m) {
  begin(c, "C");
  put_time(c, m->ns);
  put_named(c, "name", m->track.name, strlen(m->track.name));
  wg_buf_str(c->b, ",\"args\":{\"value\":");
  wg_buf_u64(c->b, m->value);
  wg_buf_char(c->b, '}');
  end(c);
}

static void put_mark(void *ctx, const struct wg_mark *m) {
  static const char *const phases[] = {
      [WG_PHASE_BEGIN] = "B", [WG_PHASE_END] = "E", [WG_PHASE_POINT] = "i", [WG_PHASE_COUNT] = "C"};
  struct wg_chrome *c = ctx;
  if (m->phase == WG_PHASE_COUNT) {
    put_counter(c, m);
    return;
  }
  if (m->target) put_flow(c, m, "f", m->target); // while the slice is there
  begin(c, phases[m->phase]);
  put_tid(c, &m->track);
  put_time(c, m->ns);
  if (m->phase != WG_PHASE_END) {
    put_named(c, "name", m->name, m->nname);
    put_named(c, "cat", m->category, strlen(m->category));
  }
  if (m->phase == WG_PHASE_POINT) wg_buf_str(c->b, ",\"s\":\"t\"");
  put_args(c, m);
  end(c);
  for (size_t i = 0; i < m->nsources; i++) put_flow(c, m, "s", m->sources[i]);
}

struct wg_chrome *wg_chrome_create(struct wg_output *out) {
  struct wg_chrome *c = wg_xcalloc(1, sizeof *c);
  c->out = out;
  c->b = &out->b;
  wg_buf_str(c->b, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
  return c;
}

struct wg_picture wg_chrome_picture(struct wg_chrome *c) {
  return (struct wg_picture){put_track, put_mark, c};
}
void wg_chrome_end(struct wg_chrome *c) { wg_buf_str(c->b, "\n]}\n"); }
void wg_chrome_free(struct wg_chrome *c) { free(c); }
