// What a call was, without what each engine chooses for itself.
#include <string.h>

#include "base/json_check.h"
#include "base/json_iter.h"
#include "base/printable.h"
#include "base/vec.h"
#include "diff/calls.h"
#include "diff/model.h"
#include "nt/time.h"

// Images of titles and their libraries (docs/console.md#memory): both engines place them where the title says.
static bool in_image(uint32_t v) { return v >= 0x80000000u && v < 0xA0000000u; }

bool wg_content_limited(const struct wg_side *s, const struct wg_content *c) {
  size_t at;
  return wg_call_limit(wg_nt_of(c), c->nargs, &at) && !wg_call_endless(wg_nt_of(c), at, wg_arg(s, c, at));
}

uint64_t wg_dpc_of(const struct wg_side *s, const struct wg_content *c) {
  static const struct {
    const char *name;
    unsigned arg;
  } rows[] = {{"KeSetTimer", 2}, {"KeSetTimerEx", 3}, {"KeInsertQueueDpc", 0}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].arg < c->nargs && strcmp(wg_str(s, c->name), rows[i].name) == 0) return wg_arg(s, c, rows[i].arg);
  return 0;
}

size_t wg_told_length(const char *text, size_t n) {
  for (;;) {
    if (n && (unsigned char)text[n - 1] <= ' ')
      n--;
    else if (n >= 2 && text[n - 2] == '\\' && (text[n - 1] == 'n' || text[n - 1] == 'r'))
      n -= 2;
    else
      return n;
  }
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

uint64_t wg_text_hash(const char *text, size_t n, bool digits) {
  uint64_t h = 0xCBF29CE484222325u;
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    if (!digits && is_digit(text[i])) { // a number, whatever it is
      if (i && is_digit(text[i - 1])) continue;
      c = '0';
    }
    h = (h ^ (c >= 'A' && c <= 'Z' ? c | 32u : c == '/' ? '\\' : c)) * 0x100000001B3u;
  }
  return h;
}

uint64_t wg_canonical(char kind, uint64_t v64) {
  uint32_t v = (uint32_t)v64;
  switch (kind) {
  case 'q': return v64;
  case 'd':
  case 'm': return v;
  case 'T': return 0;
  case 'h': return v == 0 || v >= 0xFFFFFFF0u ? v : 1;
  case 'e': return v != 0;
  case 'n': return v == UINT32_MAX ? v : 1;
  case 'p':
  case 'P':
  case 'H':
  case 'O':
  case 'a':
  case 'o':
  case 's':
  case 'w':
  case 't':
  case 'f': return v == 0 || in_image(v) ? v : 1;
  default: return v < 0x10000 || in_image(v) ? v : 1; // a context, or nobody knows
  }
}

static bool among(const struct wg_json_member *m, const char *const *keys, const char *const *ends) {
  for (; *keys; keys++)
    if (wg_json_is(m, *keys)) return true;
  for (; *ends; ends++) {
    size_t n = strlen(*ends);
    if (m->nkey > n && memcmp(m->key + m->nkey - n, *ends, n) == 0) return true;
  }
  return false;
}

// Keys of out{} whose values each engine chooses: all that counts is whether there is one.
static bool chosen_by_engine(const struct wg_json_member *m) {
  static const char *const keys[] = {"base",   "address",    "pointer", "handle", "front_buffer", "module", "procedure",
                                     "driver", "allocation", "context", "buffer", "region_base",  NULL};
  static const char *const ends[] = {"_base", "_address", "_pointer", "_handle", NULL};
  return among(m, keys, ends);
}

// That tell the time, or of the engine alone.
static bool means_nothing(const struct wg_json_member *m) {
  static const char *const keys[] = {"hsid",  "object",  "time",      "ns",    "ticks", "error",
                                     "stack", "counter", "timestamp", "guest", "tid",   NULL};
  static const char *const ends[] = {"_hsid", "_time", "_ns", "_ticks", NULL};
  for (unsigned i = 0; i < WG_NT_FIELDS; i++)
    if (wg_json_is(m, wg_nt_field_names[i])) return true;
  return among(m, keys, ends);
}

static bool is_escaped(const struct wg_json_member *m) {
  return memchr(m->value, '\\', m->nvalue) || wg_json_odd(m->value, m->nvalue);
}

// However it is escaped. Bytes that are no UTF-8 are the characters that another engine tells of them.
static void put_value(struct wg_buf *b, const struct wg_json_member *m) {
  uint64_t v;
  struct wg_buf text = {0}, told = {0};
  if (chosen_by_engine(m) && wg_json_int(m, &v)) {
    wg_buf_str(b, v ? "1" : "0");
  } else if (m->nvalue && m->value[0] == '"' && is_escaped(m) && wg_json_text(m, &text)) {
    wg_buf_utf8(&told, text.data ? text.data : "", text.len);
    wg_buf_json(b, told.data ? told.data : "", told.len);
  } else {
    wg_buf_add(b, m->value, m->nvalue);
  }
  wg_buf_release(&text);
  wg_buf_release(&told);
}

uint32_t wg_out_intern(struct wg_side *s, const char *json, size_t n) {
  struct wg_json_iter it;
  struct wg_json_member m;
  if (n <= 2 || !wg_json_walk(&it, json, n) || !it.object) return 0;
  struct wg_buf b = {0};
  while (wg_json_next(&it, &m)) {
    if (means_nothing(&m)) continue;
    wg_buf_char(&b, b.len ? ',' : '{');
    wg_buf_char(&b, '"');
    wg_buf_add(&b, m.key, m.nkey);
    wg_buf_str(&b, "\":");
    put_value(&b, &m);
  }
  uint32_t id = 0;
  if (b.len) {
    wg_buf_char(&b, '}');
    id = wg_strings_id(&s->strings, b.data, b.len);
  }
  wg_buf_release(&b);
  return id;
}

static bool equal(const struct wg_side *s, const struct wg_content *a, const struct wg_content *b,
                  const uint64_t *b_args) {
  bool same = a->name == b->name && a->lr == b->lr && a->detail == b->detail && a->out == b->out && a->rv == b->rv &&
              a->flags == b->flags && a->effects == b->effects && a->nargs == b->nargs;
  for (size_t i = 0; same && i < b->nargs; i++) same = wg_arg(s, a, i) == b_args[i];
  return same;
}

static uint64_t hash_of(const struct wg_content *c, const uint64_t *args) {
  uint32_t head[] = {c->name, c->lr, c->detail, c->out, c->rv, c->nargs, c->flags, c->effects};
  return wg_hash(head, sizeof head, wg_hash(args, c->nargs * sizeof *args, 0));
}

static uint64_t hash_of_id(const void *ctx, uint32_t id) {
  const struct wg_side *s = ctx;
  const struct wg_content *c = &s->contents[id];
  uint64_t args[16];
  for (size_t i = 0; i < c->nargs; i++) args[i] = wg_arg(s, c, i);
  return hash_of(c, args);
}

static void add_value(struct wg_side *s, uint32_t v) {
  WG_VEC_ROOM(s->values, s->values_cap, s->nvalues + 1);
  s->values[s->nvalues++] = v;
}

static uint32_t add_content(struct wg_side *s, const struct wg_content *c, const uint64_t *args) {
  WG_VEC_ROOM(s->contents, s->contents_cap, s->ncontents + 1);
  struct wg_content *n = &s->contents[s->ncontents];
  *n = *c;
  n->args = (uint32_t)s->nvalues;
  for (size_t i = 0; i < c->nargs; i++) {
    add_value(s, (uint32_t)args[i]);
    if (c->flags & WG_C_WIDE) add_value(s, (uint32_t)(args[i] >> 32));
  }
  return (uint32_t)s->ncontents++;
}

static void set_result(struct wg_content *c, const struct wg_nt_export *nt, const struct wg_returned *r) {
  char kind = nt ? nt->ret : '?';
  c->flags |= WG_C_RETURNED;
  if (r->has_rv && kind != 'v' && kind != 'T') {
    c->flags |= WG_C_RV;
    c->rv = kind == 'S'   ? r->rv
            : kind == 'b' ? (r->rv & 0xFF) != 0
            : kind == 'p' ? r->rv != 0
                          : (uint32_t)wg_canonical(kind == '?' ? 'x' : kind, r->rv);
  }
  if (r->has_out) {
    c->flags |= WG_C_OUT;
    c->out = r->out;
  }
}

uint32_t wg_content_intern(struct wg_side *s, const struct wg_open *o, const struct wg_returned *r, unsigned flags) {
  uint64_t args[16];
  struct wg_content c = {.nt = (uint16_t)(o->nt ? wg_nt_index(o->nt) + 1 : 0),
                         .name = o->name,
                         .lr = o->lr,
                         .detail = o->detail,
                         .effects = o->effects,
                         .flags = (uint16_t)flags,
                         .nargs = o->nargs};
  const char *kinds = o->nt ? o->nt->params : "";
  for (unsigned i = 0; i < o->nargs; i++) {
    char kind = *kinds ? *kinds : '?';
    args[i] = wg_canonical(kind, o->args[i]);
    // Small numbers may be handles.
    uint64_t object;
    if ((kind == 'x' || kind == '?') && args[i] > 1 && wg_map_get(&s->by_handle, args[i], &object)) args[i] = 1;
    if (args[i] > UINT32_MAX) c.flags |= WG_C_WIDE;
    if (*kinds && *kinds != '?') kinds++;
  }
  if (o->has_args) c.flags |= WG_C_ARGS;
  if (r->known) set_result(&c, o->nt, r);
  if (r->timedout) c.flags |= WG_C_TIMEDOUT;
  uint64_t h = hash_of(&c, args);
  uint32_t id;
  for (size_t at = 0; wg_index_next(&s->by_content, h, &at, &id);)
    if (equal(s, &s->contents[id], &c, args)) return id;
  id = add_content(s, &c, args);
  wg_index_add(&s->by_content, h, id, hash_of_id, s);
  return id;
}
