// The quick scanner: a line as writers of schema 1 (and most JSON libraries) write it, with at most one space after a
// colon or comma, no escape in its strings, and integers below 2^64.
//
// Nothing is copied: strings lie in the line, and what ends them becomes a NUL once the whole line is known to be good.
// The line ends with a NUL, which ends every loop here.
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/endian.h"
#include "base/json_text.h"
#include "trace/jsonl.h"
#include "trace/waited.h"

static size_t slot_of(uint64_t lo, uint64_t hi) {
  return ((lo ^ hi * 0xC2B2AE3D27D4EB4Full) * 0x9E3779B97F4A7C15ull) >> 56;
}

static void put(struct wg_jsonl_name *table, const char *name, int code) {
  char padded[16] = {0};
  memcpy(padded, name, strlen(name) < 15 ? strlen(name) : 15);
  struct wg_jsonl_name n = {wg_load_le64(padded), wg_load_le64(padded + 8), code};
  size_t at = slot_of(n.lo, n.hi);
  while (table[at].code) at = (at + 1) % WG_JSONL_NAMES;
  table[at] = n;
}

void wg_jsonl_init(struct wg_jsonl *s) {
  static const char *const members[] = {"kind", "tid", "idx", "host_ns", "cycle"};
  for (int i = 0; i < WG_K_OTHER; i++) put(s->keys, wg_key_name(&(struct wg_field){.key = (enum wg_key)i}), i + 1);
  for (int i = 0; i < 5; i++) put(s->keys, members[i], WG_JSONL_KIND + 1 + i);
  for (int i = 0; i < WG_EV_OTHER; i++) put(s->kinds, wg_kind_name(&(struct wg_event){.kind = (enum wg_kind)i}), i + 1);
}

void wg_jsonl_release(struct wg_jsonl *s) {
  wg_buf_release(&s->text);
  wg_buf_release(&s->waited);
  wg_buf_release(&s->pairs);
  free(s->more);
}

#ifdef __SSE2__
static inline unsigned stops(const char *p) {
  __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
  __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"')), escape = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
  __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v);
  return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, escape), control));
}
#endif

// The first quote, backslash or control character at or after p.
static inline char *string_end(char *p) {
#ifdef __SSE2__
  // Two vectors a step: most names end within, so that the branch is foreseen.
  for (;; p += 32) {
    unsigned hit = stops(p) | stops(p + 16) << 16;
    if (hit) return p + __builtin_ctz(hit);
  }
#else
  while (*p != '"' && *p != '\\' && (unsigned char)*p >= 0x20) p++;
  return p;
#endif
}

// What a name of n bytes stands for; 0 if it is not in the table.
static inline int look_up(const struct wg_jsonl_name *table, const char *p, size_t n) {
  if (n == 0 || n > 15) return 0;
  uint64_t lo = wg_load_le64(p), hi = 0;
  if (n > 8)
    hi = wg_load_le64(p + 8) & (~0ull >> (64 - (n - 8) * 8));
  else
    lo &= ~0ull >> (64 - n * 8);
  for (size_t at = slot_of(lo, hi); table[at].code; at = (at + 1) % WG_JSONL_NAMES)
    if (table[at].lo == lo && table[at].hi == hi) return table[at].code;
  return 0;
}

static inline unsigned digit(char c) { return (unsigned)(unsigned char)c - '0'; }

static const char *long_decimal(const char *p, uint64_t *v) {
  for (*v = 0; digit(*p) < 10; p++)
    if (__builtin_mul_overflow(*v, 10u, v) || __builtin_add_overflow(*v, digit(*p), v)) return NULL;
  return p;
}

// Digits at p into *v; NULL if they are none or do not fit. Eight at a time: neighbours are joined by multiplication.
static inline const char *decimal(const char *p, uint64_t *v) {
  static const uint64_t power[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
  uint64_t sum = 0;
  for (const char *from = p;; p += 8) {
    uint64_t x = wg_load_le64(p) ^ 0x3030303030303030ull;
    uint64_t other = (x | (x + 0x0606060606060606ull)) & 0xF0F0F0F0F0F0F0F0ull; // exact up to the first that is none
    unsigned n = other ? (unsigned)__builtin_ctzll(other) / 8 : 8;
    if (n) {
      x <<= 64 - 8 * n;
      x = (x * 10 + (x >> 8)) & 0x00FF00FF00FF00FFull;
      x = (x * 100 + (x >> 16)) & 0x0000FFFF0000FFFFull;
      x = (x * 10000 + (x >> 32)) & 0xFFFFFFFFull;
    } else {
      x = 0;
    }
    if (p - from == 16 && n > 3) return long_decimal(from, v);
    sum = sum * power[n] + x;
    if (n == 8) continue;
    *v = sum;
    return p + n == from ? NULL : p + n;
  }
}

static inline bool goes_on(char c) { return c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-'; }

// An integer with its sign, as two's complement.
static inline const char *integer(const char *p, uint64_t *v, bool *minus) {
  *minus = *p == '-';
  p = decimal(p + *minus, v);
  if (p == NULL || goes_on(*p) || (*minus && *v > 1ull << 63)) return NULL;
  if (*minus) *v = 0 - *v;
  return p;
}

static inline unsigned hex_digit(char c) {
  static const unsigned char value[256] = {
      ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
      ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
      ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16};
  return value[(unsigned char)c] - 1u;
}

// "0x..." with its quotes.
static const char *quoted_hex(const char *p, uint64_t *v) {
  if (p[0] != '"' || p[1] != '0' || p[2] != 'x') return NULL;
  uint64_t x = 0;
  const char *from = p += 3;
  for (unsigned d; (d = hex_digit(*p)) < 16; p++) x = x << 4 | d;
  if (p == from || p - from > 16 || *p != '"') return NULL;
  *v = x;
  return p + 1;
}

static inline const char *blank(const char *p) { return p + (*p == ' '); }

const char *wg_jsonl_values(const char *p, uint64_t *v, size_t *n) {
  bool minus;
  *n = 0;
  p = blank(p + 1);
  if (*p == ']') return p + 1;
  for (;;) {
    if (*n == WG_JSONL_ARGS) return NULL;
    p = *p == '"' ? quoted_hex(p, &v[*n]) : integer(p, &v[*n], &minus);
    if (p == NULL) return NULL;
    ++*n;
    p = blank(p);
    if (*p == ']') return p + 1;
    if (*p != ',') return NULL;
    p = blank(p + 1);
  }
}

const struct wg_field *wg_jsonl_bad_child(const struct wg_event *e) {
  if (e->kind != WG_EV_THREAD_CREATE) return NULL;
  for (size_t i = 0; i < wg_ev_count(e); i++) {
    const struct wg_field *f = wg_ev_at(e, i);
    bool child = f->key == WG_K_CHILD || f->key == WG_K_NEW_TID;
    if (child && (f->type != WG_F_DEC || f->u > UINT32_MAX)) return f;
  }
  return NULL;
}

enum wg_key wg_jsonl_map_key(enum wg_kind kind, enum wg_key key) {
  if (kind != WG_EV_THREAD_CREATE) return key;
  if (key == WG_K_NEW_TID) return WG_K_CHILD;
  if (key == WG_K_STACK) return WG_K_STACK_SIZE;
  if (key == WG_K_HANDLE) return WG_K_RAW;
  return key;
}

// The end of a string within a nested value, after its opening quote. Control characters may be in it. NULL, too, at an
// escape where those are to be looked at.
static inline char *inner_string(char *p, const char *end, bool escapes) {
  for (;;) {
    p = string_end(p);
    if (*p == '"') return p + 1;
    if (*p == '\\' && !escapes) return NULL;
    p += *p == '\\' ? 2 : 1;
    if (p > end) return NULL;
  }
}

// The end of an array or object whose brackets match, or NULL.
static char *nested(char *p, const char *end, bool escapes) {
  uint64_t objects = 0; // one bit a level of WG_JSON_DEEP
  unsigned depth = 0;
  do {
    char c = *p++;
    if (c == '"') {
      p = inner_string(p, end, escapes);
      if (p == NULL) return NULL;
    } else if (c == '{' || c == '[') {
      if (depth++ == WG_JSON_DEEP) return NULL;
      objects = objects << 1 | (c == '{');
    } else if (c == '}' || c == ']') {
      if ((objects & 1) != (c == '}')) return NULL;
      objects >>= 1;
      depth--;
    }
    if (p > end) return NULL;
  } while (depth);
  return p;
}

struct scan {
  struct wg_jsonl *s;
  struct wg_event *e;
  char *end;
  bool has_kind, has_args;
  size_t nends;
  char *ends[2 * WG_EVENT_FIELDS + 2]; // what becomes a NUL
};

static inline char *raw(struct scan *c, struct wg_field *f, char *p, size_t n) {
  f->type = WG_F_RAW;
  f->s = p;
  f->n = n;
  c->ends[c->nends++] = p + n;
  return p + n;
}

static inline char *array_or_object(struct scan *c, struct wg_field *f, char *p) {
  if (*p == '[' && f->key == WG_K_ARGS && !c->has_args) {
    const char *q = wg_jsonl_values(p, c->s->args, &f->n);
    c->has_args = true;
    if (q) {
      f->type = WG_F_HEXES;
      f->v = c->s->args;
      return p + (q - p);
    }
  }
  if (p[0] == '{' && p[1] == '}') return raw(c, f, p, 2);
  const char *q = nested(p, c->end, c->s->escapes != WG_JSON_CHARACTERS);
  return q ? raw(c, f, p, (size_t)(q - p)) : NULL;
}

static inline char *text(struct scan *c, struct wg_field *f, char *p) {
  char *q = string_end(p);
  if (*q != '"') return NULL;
  f->type = WG_F_STR;
  f->s = p;
  f->n = (size_t)(q - p);
  c->ends[c->nends++] = q;
  return q + 1;
}

static inline char *boolean(struct wg_field *f, char *p, bool v) {
  f->type = WG_F_BOOL;
  f->u = v;
  return p + (v ? 4 : 5);
}

static inline char *value(struct scan *c, struct wg_field *f, char *p) {
  if (*p == '"') return text(c, f, p + 1);
  if (digit(*p) < 10 || *p == '-') {
    bool minus;
    const char *q = integer(p, &f->u, &minus);
    f->type = minus ? WG_F_SDEC : WG_F_DEC;
    return q ? p + (q - p) : NULL;
  }
  if (*p == '[' || *p == '{') return array_or_object(c, f, p);
  if (memcmp(p, "true", 4) == 0) return boolean(f, p, true);
  if (memcmp(p, "false", 5) == 0) return boolean(f, p, false);
  return memcmp(p, "null", 4) == 0 ? raw(c, f, p, 4) : NULL;
}

static inline char *kind(struct scan *c, char *p) {
  if (*p++ != '"') return NULL;
  char *q = string_end(p);
  if (*q != '"') return NULL;
  int code = look_up(c->s->kinds, p, (size_t)(q - p));
  c->e->kind = code ? (enum wg_kind)(code - 1) : WG_EV_OTHER;
  c->e->kind_name = code ? NULL : p;
  if (code == 0) c->ends[c->nends++] = q;
  c->has_kind = true;
  return q + 1;
}

static inline char *member(struct scan *c, int code, char *p) {
  if (code == WG_JSONL_KIND + 1) return c->has_kind ? NULL : kind(c, p);
  uint64_t v;
  const char *q = decimal(p, &v);
  if (q == NULL || goes_on(*q)) return NULL;
  switch (code - 1) {
  case WG_JSONL_TID:
    if (v > UINT32_MAX) return NULL;
    c->e->tid = (uint32_t)v;
    break;
  case WG_JSONL_IDX:
    if (v > WG_JSONL_IDX_MAX) return NULL;
    c->e->idx = v;
    break;
  case WG_JSONL_HOST_NS: c->e->host_ns = v; break;
  default: c->e->cycle = v; c->e->has_cycle = true;
  }
  return p + (q - p);
}

static char *remember(struct wg_jsonl_next *next, char *name, size_t n, int code, char *after) {
  if (n <= 14 && code) {
    next->lo = wg_load_le64(name);
    next->hi = wg_load_le64(name + 8);
    next->lo_mask = n + 2 < 8 ? ~0ull >> (48 - n * 8) : ~0ull;
    next->hi_mask = n + 2 > 8 ? ~0ull >> (112 - n * 8) : 0;
    next->n = n;
    next->code = code;
  }
  return after;
}

// Reads `name":` after the opening quote. Lines of a kind have the same keys in the same order: what followed the last
// key in a line like this is tried first.
static inline char *key(struct scan *c, char *name, int *code, size_t *n) {
  struct wg_jsonl_next *next = &c->s->next[((unsigned)c->e->kind * 67 + (unsigned)*code) % WG_JSONL_NEXT];
  if ((((wg_load_le64(name) ^ next->lo) & next->lo_mask) | ((wg_load_le64(name + 8) ^ next->hi) & next->hi_mask)) ==
      0) {
    *code = next->code;
    *n = next->n;
    if (*n) return name + *n + 2;
  }
  char *q = string_end(name);
  if (q[0] != '"' || q[1] != ':') return NULL;
  *n = (size_t)(q - name);
  *code = look_up(c->s->keys, name, *n);
  return remember(next, name, *n, *code, q + 2);
}

// One pair, from its opening quote on; `code` is the last key's. NULL if it is unusual.
static inline char *pair(struct scan *c, char *p, int *code) {
  struct wg_event *e = c->e;
  if (*p++ != '"') return NULL;
  char *name = p;
  size_t n;
  p = key(c, p, code, &n);
  if (p == NULL) return NULL;
  p += *p == ' ';
  if (*code > WG_K_OTHER) return member(c, *code, p);
  if (e->nfields == WG_EVENT_FIELDS) return NULL;
  struct wg_field *f = &e->fields[e->nfields++];
  f->key = *code ? (enum wg_key)(*code - 1) : WG_K_OTHER;
  f->name = *code ? NULL : name;
  f->n = 0;
  if (*code == 0) c->ends[c->nends++] = name + n;
  return value(c, f, p);
}

bool wg_jsonl_quick(struct wg_jsonl *s, char *line, size_t n, struct wg_event *e) {
  struct scan c;
  c.s = s;
  c.e = e;
  c.has_kind = c.has_args = false;
  c.nends = 0;
  if (n && line[n - 1] == '\r') n--;
  c.end = line + n;
  wg_ev_init(e, WG_EV_OTHER);
  e->has_cycle = false;
  char *p = line;
  int code = 0;
  if (*p++ != '{') return false;
  for (;;) {
    p = pair(&c, p, &code);
    if (p == NULL) return false;
    if (*p != ',') break;
    p += 1 + (p[1] == ' ');
  }
  if (*p != '}' || p + 1 != c.end || !c.has_kind || wg_jsonl_bad_child(e) || wg_waited_is_one(e)) return false;
  for (size_t i = 0; i < c.nends; i++) *c.ends[i] = 0;
  if (e->kind == WG_EV_THREAD_CREATE)
    for (size_t i = 0; i < e->nfields; i++) e->fields[i].key = wg_jsonl_map_key(e->kind, e->fields[i].key);
  return true;
}
