// Importer: JSON Lines, schema 1 and its relatives. Addresses may be integers or "0x..." strings,
// unknown keys are kept, unknown kinds pass through, and the names that the reference's instrumented
// build uses are mapped to ours (new_tid -> child, handle -> raw, stack -> stack_size).
//
// This is the careful scanner, on the grammar of base/json_text.h; the usual lines are read by the quick one
// (trace/scan_jsonl.c). It is our own because the reference writes unsigned 64-bit integers, which jansson has no type
// for; nested values are kept as text.
#include <stdlib.h>
#include <string.h>

#include "base/json_check.h"
#include "base/json_text.h"
#include "base/vec.h"
#include "trace/importers.h"
#include "trace/jsonl.h"
#include "trace/source.h"
#include "trace/waited.h"

struct scan {
  const char *start, *p, *end;
  struct wg_buf *text;
  struct wg_err *err;
  const char *what; // the text should be
  enum wg_json_escapes escapes;
};

static bool probe(const char *head, size_t n, const struct wg_mapping *m) {
  (void)m;
  for (size_t i = 0; i < n; i++)
    if (head[i] != ' ' && head[i] != '\t' && head[i] != '\r' && head[i] != '\n') return head[i] == '{';
  return false;
}

static void *state_open(const struct wg_mapping *m) {
  (void)m;
  struct wg_jsonl *s = wg_xcalloc(1, sizeof *s);
  wg_jsonl_init(s);
  return s;
}

static void state_close(void *p) {
  wg_jsonl_release(p);
  free(p);
}

static int bad(struct scan *s, const char *expected) {
  wg_fail(s->err, WG_INPUT, "column %zu: expected %s; %s must be one JSON object", (size_t)(s->p - s->start) + 1,
          expected, s->what);
  return -1;
}

static void space(struct scan *s) { s->p = wg_json_blanks(s->p, s->end); }

static bool eat(struct scan *s, char c) {
  space(s);
  if (s->p == s->end || *s->p != c) return false;
  s->p++;
  return true;
}

static int escape(struct scan *s, struct wg_json_string *in) {
  const char *after = wg_json_unescape(s->p, in, s->text);
  if (after == NULL) return bad(s, s->end - s->p >= 5 && *s->p == 'u' ? "four hexadecimal digits" : "an escape");
  s->p = after;
  return 0;
}

// A string after its opening quote, into s->text. Returns its offset there, or -1.
static int string(struct scan *s, size_t *at, size_t *n) {
  struct wg_json_string in = {s->p, s->end, s->escapes};
  *at = s->text->len;
  for (;;) {
    const char *from = s->p;
    while (s->p < s->end && (unsigned char)*s->p >= 0x20 && *s->p != '"' && *s->p != '\\') s->p++;
    wg_buf_add(s->text, from, (size_t)(s->p - from));
    if (s->p == s->end || *s->p == '"') break;
    if (*s->p != '\\') return bad(s, "no control character in a string");
    s->p++;
    if (escape(s, &in) != 0) return -1;
  }
  if (s->p == s->end) return bad(s, "the end of a string");
  s->p++;
  *n = s->text->len - *at;
  wg_buf_char(s->text, 0);
  return 0;
}

// Skips an array or object, checking that its brackets and strings end.
static int skip_nested(struct scan *s, size_t *at, size_t *n) {
  const char *expected, *where, *after = wg_json_past_container(s->p, s->end, &where, &expected);
  if (after == NULL) {
    s->p = where;
    return bad(s, expected);
  }
  *at = s->text->len;
  *n = (size_t)(after - s->p);
  // What is read from here on has our escapes only.
  if (s->escapes == WG_JSON_CHARACTERS && memchr(s->p, '\\', *n) && wg_json_odd(s->p, *n) && wg_json_valid(s->p, *n))
    wg_json_clean(s->text, s->p, *n, s->escapes);
  else
    wg_buf_add(s->text, s->p, *n);
  *n = s->text->len - *at;
  wg_buf_char(s->text, 0);
  s->p = after;
  return 0;
}

static int number(struct scan *s, struct wg_field *f) {
  const char *from = s->p;
  bool minus = *s->p == '-';
  uint64_t v = 0;
  bool whole = true;
  if (minus) s->p++;
  if (s->p == s->end || *s->p < '0' || *s->p > '9') return bad(s, "a value");
  while (s->p < s->end && *s->p >= '0' && *s->p <= '9') {
    if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (unsigned)(*s->p - '0'), &v)) whole = false;
    s->p++;
  }
  while (s->p < s->end && (strchr(".eE+-", *s->p) || (*s->p >= '0' && *s->p <= '9'))) {
    whole = false;
    s->p++;
  }
  if (minus && v > 1ull << 63) whole = false;
  if (whole) {
    f->type = minus ? WG_F_SDEC : WG_F_DEC;
    f->u = minus ? 0 - v : v;
    return 0;
  }
  f->type = WG_F_RAW;
  f->u = s->text->len;
  f->n = (size_t)(s->p - from);
  wg_buf_add(s->text, from, f->n);
  wg_buf_char(s->text, 0);
  return 0;
}

static int read_value(struct scan *s, struct wg_field *f) {
  static const char *const words[] = {"true", "false", "null"};
  space(s);
  if (s->p == s->end) return bad(s, "a value");
  size_t at = 0;
  if (*s->p == '"') {
    s->p++;
    if (string(s, &at, &f->n) != 0) return -1;
    f->type = WG_F_STR;
    f->u = at;
    return 0;
  }
  if (*s->p == '{' || *s->p == '[') {
    if (skip_nested(s, &at, &f->n) != 0) return -1;
    f->type = WG_F_RAW;
    f->u = at;
    return 0;
  }
  for (int i = 0; i < 3; i++) {
    size_t n = strlen(words[i]);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, words[i], n) != 0) continue;
    f->type = i < 2 ? WG_F_BOOL : WG_F_RAW;
    f->u = i == 0;
    if (i == 2) {
      f->u = s->text->len;
      f->n = 4;
      wg_buf_add(s->text, "null", 5);
    }
    s->p += n;
    return 0;
  }
  return number(s, f);
}

// Numbers that a line may have: another thread, time or place must not be taken for them.
static const struct {
  const char *key;
  uint64_t most;
} counted[] = {{"tid", UINT32_MAX}, {"idx", WG_JSONL_IDX_MAX}, {"host_ns", UINT64_MAX}, {"cycle", UINT64_MAX}};

static int out_of_range(const struct scan *s, const char *key, size_t column, uint64_t most) {
  const char *from = s->start + column;
  size_t n = 0; // of what stands there
  while (from + n < s->end && !strchr(",} \t\r", from[n])) n++;
  wg_fail(s->err, WG_INPUT, "column %zu: \"%s\" is %.*s%s; expected an integer from 0 to %llu", column + 1, key,
          (int)(n < 40 ? n : 40), from, n < 40 ? "" : "...", (unsigned long long)most);
  return -1;
}

// -1 if a key of ours has a value that it may not have.
static int check(const struct scan *s, const char *key, const struct wg_jsonl_pair *p) {
  const struct wg_field *f = &p->field;
  const char *from = s->start + p->at;
  if (*from == 'n' && strcmp(key, "cycle") == 0) return 0; // null: not told
  for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
    if (strcmp(key, counted[i].key) == 0 && (f->type != WG_F_DEC || f->u > counted[i].most))
      return out_of_range(s, key, p->at, counted[i].most);
  // An integer that does not fit 64 bits is no value of ours, whatever it should be.
  bool number = f->type == WG_F_RAW && (*from == '-' || (*from >= '0' && *from <= '9'));
  if (number && wg_key_of(key) != WG_K_OTHER && strspn(from, "-0123456789") >= f->n)
    return out_of_range(s, key, p->at, UINT64_MAX);
  return 0;
}

// Puts a parsed pair where it belongs: a member of the event, or a field.
static bool place_pair(struct wg_event *e, const char *key, const struct wg_field *f) {
  if (strcmp(key, "tid") == 0)
    e->tid = (uint32_t)f->u;
  else if (strcmp(key, "idx") == 0)
    e->idx = f->u;
  else if (strcmp(key, "host_ns") == 0)
    e->host_ns = f->u;
  else if (strcmp(key, "cycle") == 0) {
    e->has_cycle = f->type == WG_F_DEC;
    e->cycle = e->has_cycle ? f->u : 0;
  } else
    return false;
  return true;
}

static int pairs(struct scan *s, struct wg_buf *out) {
  if (!eat(s, '{')) return bad(s, "'{'");
  if (!eat(s, '}')) {
    do {
      struct wg_jsonl_pair p = {.field = {.key = WG_K_OTHER}};
      size_t n;
      if (out->len == WG_JSONL_MEMBERS * sizeof p) return bad(s, "fewer members");
      if (!eat(s, '"')) return bad(s, "a quoted key");
      if (string(s, &p.name, &n) != 0) return -1;
      if (strlen(s->text->data + p.name) != n) return bad(s, "no NUL in a key");
      if (!eat(s, ':')) return bad(s, "':'");
      space(s);
      p.at = (size_t)(s->p - s->start);
      if (read_value(s, &p.field) != 0) return -1;
      wg_buf_add(out, &p, sizeof p);
    } while (eat(s, ','));
    if (!eat(s, '}')) return bad(s, "',' or '}'");
  }
  space(s);
  return s->p == s->end ? 0 : bad(s, "nothing after the object");
}

int wg_jsonl_object(struct wg_jsonl *st, const char *text, size_t n, const char *what, struct wg_err *err) {
  struct scan s = {text, text, text + n, &st->text, err, what, st->escapes};
  wg_buf_clear(&st->text);
  wg_buf_clear(&st->pairs);
  int rc = pairs(&s, &st->pairs);
  wg_buf_reserve(&st->text, WG_SOURCE_SLACK); // wg_jsonl_values reads several digits at once
  return rc;
}

static bool borrowed(const struct wg_field *f) { return f->type == WG_F_STR || f->type == WG_F_RAW; }

static struct wg_jsonl_pair pair_at(const struct wg_jsonl *s, size_t i) {
  struct wg_jsonl_pair p;
  memcpy(&p, s->pairs.data + i * sizeof p, sizeof p);
  return p;
}

size_t wg_jsonl_members(const struct wg_jsonl *s) { return s->pairs.len / sizeof(struct wg_jsonl_pair); }

struct wg_field wg_jsonl_member(const struct wg_jsonl *s, size_t i, const char **name) {
  struct wg_jsonl_pair p = pair_at(s, i);
  *name = s->text.data + p.name;
  p.field.key = wg_key_of(*name);
  if (p.field.key == WG_K_OTHER) p.field.name = *name;
  if (borrowed(&p.field)) p.field.s = s->text.data + p.field.u;
  return p.field;
}

bool wg_jsonl_args(struct wg_jsonl *s, struct wg_field *f) {
  size_t n;
  if (f->key != WG_K_ARGS || f->type != WG_F_RAW || f->s[0] != '[') return false;
  if (wg_jsonl_values(f->s, s->args, &n)) {
    f->type = WG_F_HEXES;
    f->v = s->args;
    f->n = n;
  }
  return true;
}

// Its own members out of the object's, what is left into its fields. -1 if one has a value that it may not have.
static int take_members(struct wg_jsonl *st, const struct scan *s, struct wg_event *e) {
  size_t all = wg_jsonl_members(st), n = 0;
  bool has_kind = false, has_args = false;
  if (all >= WG_EVENT_FIELDS) WG_VEC_SET(st->more, all + 1); // wg_waited_list may add one
  for (size_t i = 0; i < all; i++) {
    struct wg_jsonl_pair p = pair_at(st, i);
    const char *name;
    struct wg_field f = wg_jsonl_member(st, i, &name);
    if (f.type == WG_F_STR && strcmp(name, "kind") == 0) {
      e->kind = wg_kind_of(f.s);
      e->kind_name = e->kind == WG_EV_OTHER ? f.s : NULL;
      has_kind = strlen(f.s) == f.n;
      if (has_kind) continue;
      wg_fail(s->err, WG_INPUT, "column %zu: expected no NUL in a kind", p.at + 1);
      return -1;
    }
    if (check(s, name, &p) != 0) return -1;
    if (place_pair(e, name, &f)) continue;
    if (!has_args) has_args = wg_jsonl_args(st, &f);
    if (n < WG_EVENT_FIELDS)
      e->fields[n++] = f;
    else
      st->more[n++ - WG_EVENT_FIELDS] = f;
  }
  if (!has_kind) {
    wg_fail(s->err, WG_INPUT,
            "no \"kind\" string; expected a schema 1 event, or --mapping FILE for what has other names");
    return -1;
  }
  e->nfields = n < WG_EVENT_FIELDS ? n : WG_EVENT_FIELDS;
  e->nmore = n - e->nfields;
  e->more = st->more;
  return 0;
}

int wg_jsonl_careful(struct wg_jsonl *st, const char *text, size_t n, struct wg_event *e, struct wg_err *err) {
  struct scan s = {text, text, text + n, &st->text, err, "a line", st->escapes};
  wg_ev_init(e, WG_EV_OTHER);
  e->has_cycle = false;
  if (wg_jsonl_object(st, text, n, s.what, err) != 0 || take_members(st, &s, e) != 0) return -1;
  for (size_t i = 0; i < e->nfields; i++) e->fields[i].key = wg_jsonl_map_key(e->kind, e->fields[i].key);
  for (size_t i = 0; i < e->nmore; i++) st->more[i].key = wg_jsonl_map_key(e->kind, st->more[i].key);
  wg_waited_list(e, st->more, &st->waited);
  if (wg_jsonl_bad_child(e) == NULL) return 1;
  wg_fail(err, WG_INPUT, "the number of the new thread is none; expected an integer from 0 to %u", UINT32_MAX);
  return -1;
}

enum wg_json_escapes wg_jsonl_escapes(const struct wg_event *header) {
  const char *engine = wg_ev_text(header, WG_K_ENGINE), *escapes = wg_ev_text(header, WG_K_ESCAPES);
  bool bytes = escapes ? strcmp(escapes, "bytes") == 0 : engine == NULL || strcmp(engine, "wedge") == 0;
  return bytes ? WG_JSON_UNSEEN : WG_JSON_CHARACTERS;
}

static enum wg_line_result line(void *p, char *text, size_t n, struct wg_event *e, bool *more, struct wg_err *err) {
  (void)more;
  if (wg_json_is_blank(text, n)) return WG_LINE_NONE;
  if (!wg_jsonl_quick(p, text, n, e) && wg_jsonl_careful(p, text, n, e, err) < 0) return WG_LINE_BAD;
  if (e->kind == WG_EV_TRACE_HEADER) ((struct wg_jsonl *)p)->escapes = wg_jsonl_escapes(e);
  return WG_LINE_EVENT;
}

static bool speaks(const char *text, size_t n, const struct wg_mapping *m) {
  struct wg_err unsaid = {0};
  struct wg_event e;
  if (!probe(text, n, m)) return false;
  struct wg_jsonl *s = state_open(m);
  bool is = wg_jsonl_careful(s, text, n, &e, &unsaid) == 1;
  state_close(s);
  return is;
}

const struct wg_importer wg_import_jsonl = {"jsonl", probe, state_open, line, NULL, state_close, speaks, false};
