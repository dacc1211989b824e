// An event as its line. Every recorded event comes through here, so it is written straight into its place: what a line
// can need at most is reserved at once, keys and kinds are copied with what stands around them.
#include <string.h>

#include "base/digits.h"
#include "base/json_check.h"
#include "trace/event.h"

// A piece of text that is copied whole, with what pads it; n of it count.
struct piece {
  char text[48];
  size_t n;
};
#define PIECE(literal)                                                                                                 \
  { literal, sizeof(literal) - 1 }

static const struct piece kinds[] = {
#define WG_KIND(id, name, keys) PIECE("{\"kind\":\"" name "\",\"tid\":"),
#include "trace/kinds.def"
};
static const struct piece keys[] = {
#define WG_KEY(id, name, shape) PIECE(",\"" name "\":"),
#include "trace/keys.def"
};

static inline char *put_text(char *to, const char *text, size_t n) {
  memcpy(to, text, n);
  return to + n;
}
#define PUT(to, literal) put_text(to, literal, sizeof(literal) - 1)

static inline char *put_piece(char *to, const struct piece *p) {
  memcpy(to, p->text, sizeof p->text);
  return to + p->n;
}
#define ROOM sizeof((struct piece *)0)->text // that a piece may write beyond its own text

static char *put_hexes(char *to, const struct wg_field *f) {
  *to++ = '[';
  for (size_t i = 0; i < f->n; i++) {
    to = i ? PUT(to, ",\"0x") : PUT(to, "\"0x");
    to = wg_put_hex(to, f->v[i]);
    *to++ = '"';
  }
  *to++ = ']';
  return to;
}

static inline char *put_field(char *to, const struct wg_field *f) {
  switch (f->type) {
  case WG_F_DEC: return wg_put_u64(to, f->u);
  case WG_F_SDEC:
    if (f->i >= 0) return wg_put_u64(to, f->u);
    *to = '-';
    return wg_put_u64(to + 1, 0 - f->u);
  case WG_F_HEX: to = wg_put_hex(PUT(to, "\"0x"), f->u); break;
  case WG_F_ID: to = wg_put_hex16(PUT(to, "\""), f->u); break;
  case WG_F_STR: return wg_put_json(to, f->s, f->n);
  case WG_F_BOOL: return f->u ? PUT(to, "true") : PUT(to, "false");
  case WG_F_HEXES: return put_hexes(to, f);
  case WG_F_RAW: return put_text(to, f->s, f->n);
  }
  *to++ = '"';
  return to;
}

static inline char *put_key(char *to, const struct wg_field *f) {
  if (f->key != WG_K_OTHER) return put_piece(to, &keys[f->key]);
  *to++ = ',';
  to = wg_put_json(to, f->name, strlen(f->name));
  *to++ = ':';
  return to;
}

// What stands before the fields: the kind, and where and when.
static char *put_head(char *to, const struct wg_event *e) {
  if (e->kind == WG_EV_OTHER)
    to = PUT(wg_put_json(PUT(to, "{\"kind\":"), e->kind_name, strlen(e->kind_name)), ",\"tid\":");
  else
    to = put_piece(to, &kinds[e->kind]);
  to = PUT(wg_put_u64(to, e->tid), ",\"idx\":");
  to = PUT(wg_put_u64(to, e->idx), ",\"host_ns\":");
  to = wg_put_u64(to, e->host_ns);
  return e->has_cycle ? wg_put_u64(PUT(to, ",\"cycle\":"), e->cycle) : to;
}

static size_t head_most(const struct wg_event *e) {
  return 3 * ROOM + 4 * WG_DIGITS_MOST + (e->kind == WG_EV_OTHER ? 6 * strlen(e->kind_name) : 0);
}

static inline size_t field_most(const struct wg_field *f) {
  size_t most = ROOM + WG_DIGITS_MOST;
  if (f->key == WG_K_OTHER) most += 6 * strlen(f->name);
  if (f->type == WG_F_STR) return most + 6 * f->n;
  if (f->type == WG_F_HEXES) return most + 24 * f->n;
  return f->type == WG_F_RAW ? most + f->n : most;
}

size_t wg_ev_most(const struct wg_event *e) {
  size_t most = head_most(e);
  for (size_t i = 0; i < e->nfields; i++) most += field_most(&e->fields[i]);
  for (size_t i = 0; i < e->nmore; i++) most += field_most(&e->more[i]);
  return most;
}

size_t wg_ev_put(const struct wg_event *e, char *line) {
  char *to = put_head(line, e);
  for (size_t i = 0; i < e->nfields; i++) to = put_field(put_key(to, &e->fields[i]), &e->fields[i]);
  for (size_t i = 0; i < e->nmore; i++) to = put_field(put_key(to, &e->more[i]), &e->more[i]);
  return (size_t)(PUT(to, "}\n") - line);
}

static void wrote(struct wg_buf *out, const char *to) {
  out->len = (size_t)(to - out->data);
  out->data[out->len] = 0;
}

void wg_ev_encode(const struct wg_event *e, struct wg_buf *out) {
  wg_buf_reserve(out, wg_ev_most(e));
  char *at = out->data + out->len;
  wrote(out, at + wg_ev_put(e, at));
}

void wg_ev_encode_foreign(const struct wg_event *e, struct wg_buf *out) {
  wg_buf_reserve(out, head_most(e));
  wrote(out, put_head(out->data + out->len, e));
  for (size_t i = 0; i < wg_ev_count(e); i++) {
    const struct wg_field *f = wg_ev_at(e, i);
    wg_buf_reserve(out, field_most(f));
    char *to = put_key(out->data + out->len, f);
    bool raw = f->type == WG_F_RAW;
    wrote(out, raw ? to : put_field(to, f));
    if (raw && wg_json_valid(f->s, f->n))
      wg_json_clean(out, f->s, f->n, WG_JSON_UNSEEN);
    else if (raw)
      wg_buf_json(out, f->s, f->n);
  }
  wg_buf_add(out, "}\n", 2);
}
