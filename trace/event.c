#include "trace/event.h"

#include <string.h>

#include "base/assert.h"
#include "base/file.h"

static const char *const kind_names[] = {
#define WG_KIND(id, name, keys) name,
#include "trace/kinds.def"
};
static const char *const key_names[] = {
#define WG_KEY(id, name, shape) name,
#include "trace/keys.def"
};

const char *wg_kind_name(const struct wg_event *e) {
  return e->kind == WG_EV_OTHER ? e->kind_name : kind_names[e->kind];
}

enum wg_kind wg_kind_of(const char *name) {
  for (int i = 0; i < WG_EV_OTHER; i++)
    if (strcmp(kind_names[i], name) == 0) return (enum wg_kind)i;
  return WG_EV_OTHER;
}

const char *wg_key_name(const struct wg_field *f) { return f->key == WG_K_OTHER ? f->name : key_names[f->key]; }

enum wg_key wg_key_of(const char *name) {
  int lo = 0, hi = WG_K_OTHER;
  while (lo < hi) {
    int mid = (lo + hi) / 2;
    int order = strcmp(key_names[mid], name);
    if (order == 0) return (enum wg_key)mid;
    if (order < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  return WG_K_OTHER;
}

static const char *shape_of(enum wg_key key) {
  static const char *const shapes[] = {
#define WG_KEY(id, name, shape) shape,
#include "trace/keys.def"
      NULL};
  return shapes[key] ? shapes[key] : "";
}

bool wg_key_is_hex(enum wg_key key) { return strcmp(shape_of(key), "hex") == 0; }

bool wg_key_is_text(enum wg_key key) {
  static const char *const texts[] = {"text", "id", "digest"};
  const char *shape = shape_of(key);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (strcmp(shape, texts[i]) == 0) return true;
  return strchr(shape, '|') != NULL; // one of some words
}

void wg_ev_init(struct wg_event *e, enum wg_kind kind) {
  e->kind = kind;
  e->kind_name = NULL;
  e->tid = 0;
  e->idx = e->host_ns = e->cycle = 0;
  e->has_cycle = true;
  e->nfields = e->nmore = 0;
}

static struct wg_field *add(struct wg_event *e, enum wg_key key, enum wg_ftype type) {
  // Every kind's fields are a fixed list of ours; what a foreign line has beyond the limit lies in `more`.
  WG_ASSERT(e->nfields < WG_EVENT_FIELDS, "an event has more fields than it has room for");
  struct wg_field *f = &e->fields[e->nfields++];
  f->key = key;
  f->type = type;
  f->name = NULL;
  f->n = 0;
  return f;
}

void wg_ev_dec(struct wg_event *e, enum wg_key key, uint64_t v) { add(e, key, WG_F_DEC)->u = v; }
void wg_ev_sdec(struct wg_event *e, enum wg_key key, int64_t v) { add(e, key, WG_F_SDEC)->i = v; }
void wg_ev_hex(struct wg_event *e, enum wg_key key, uint64_t v) { add(e, key, WG_F_HEX)->u = v; }
void wg_ev_id(struct wg_event *e, enum wg_key key, uint64_t v) { add(e, key, WG_F_ID)->u = v; }
void wg_ev_bool(struct wg_event *e, enum wg_key key, bool v) { add(e, key, WG_F_BOOL)->u = v; }

void wg_ev_strn(struct wg_event *e, enum wg_key key, const char *s, size_t n) {
  struct wg_field *f = add(e, key, WG_F_STR);
  f->s = s;
  f->n = n;
}

void wg_ev_str(struct wg_event *e, enum wg_key key, const char *s) { wg_ev_strn(e, key, s, strlen(s)); }

void wg_ev_hexes(struct wg_event *e, enum wg_key key, const uint64_t *v, size_t n) {
  struct wg_field *f = add(e, key, WG_F_HEXES);
  f->v = v;
  f->n = n;
}

void wg_ev_raw(struct wg_event *e, enum wg_key key, const char *json, size_t n) {
  struct wg_field *f = add(e, key, WG_F_RAW);
  f->s = json;
  f->n = n;
}

const struct wg_field *wg_ev_get(const struct wg_event *e, enum wg_key key) {
  for (size_t i = 0; i < e->nfields; i++)
    if (e->fields[i].key == key) return &e->fields[i];
  for (size_t i = 0; i < e->nmore; i++)
    if (e->more[i].key == key) return &e->more[i];
  return NULL;
}

bool wg_ev_u64(const struct wg_event *e, enum wg_key key, uint64_t *out) {
  const struct wg_field *f = wg_ev_get(e, key);
  if (f == NULL) return false;
  switch (f->type) {
  case WG_F_DEC:
  case WG_F_HEX:
  case WG_F_BOOL:
  case WG_F_SDEC: *out = f->u; return true;
  case WG_F_STR: return wg_parse_u64(f->s, UINT64_MAX, out);
  case WG_F_ID:
  case WG_F_HEXES:
  case WG_F_RAW: break;
  }
  return false;
}

uint64_t wg_field_bits(const struct wg_field *f, uint64_t v) {
  bool extended = (int64_t)v >= INT32_MIN && (int64_t)v < 0;
  bool counts = f->type == WG_F_SDEC ? wg_key_is_hex(f->key) : f->key == WG_K_RV || f->key == WG_K_STATUS;
  return extended && counts ? (uint32_t)v : v;
}

bool wg_field_is_null(const struct wg_field *f) {
  return f->type == WG_F_RAW && f->n == 4 && memcmp(f->s, "null", 4) == 0;
}

const struct wg_field *wg_ev_thread_name(const struct wg_event *e) {
  static const char *const names[] = {WG_THREAD_NAME, "threadName", "ThreadName", "thread.name"};
  for (size_t i = 0; i < wg_ev_count(e); i++) {
    const struct wg_field *f = wg_ev_at(e, i);
    if (f->key != WG_K_OTHER || f->type != WG_F_STR || f->n == 0) continue;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
      if (strcmp(f->name, names[k]) == 0) return f;
  }
  return NULL;
}

const char *wg_ev_text(const struct wg_event *e, enum wg_key key) {
  const struct wg_field *f = wg_ev_get(e, key);
  return f && f->type == WG_F_STR ? f->s : NULL;
}
