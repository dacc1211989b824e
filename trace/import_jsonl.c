// Importer: JSON Lines, schema 1 and its relatives. Addresses may be integers or "0x..." strings,
// unknown keys are kept, unknown kinds pass through, and the names that the reference's instrumented
// build uses are mapped to ours (new_tid -> child, handle -> raw, stack -> stack_size).
//
// This is the careful scanner; the usual lines are read by the quick one (trace/scan_jsonl.c). It is our own because
// the reference writes unsigned 64-bit integers, which jansson has no type for; nested values are kept as text.
#include <stdlib.h>
#include <string.h>

#include "trace/importers.h"
#include "trace/jsonl.h"

#define MAX_DEPTH 64

struct scan {
  const char *start, *p, *end;
  struct wg_buf *text;
  struct wg_err *err;
};

static bool probe(const char *head, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (head[i] != ' ' && head[i] != '\t' && head[i] != '\r' && head[i] != '\n') return head[i] == '{';
  return false;
}

static void *state_open(void) {
  struct wg_jsonl *s = wg_xcalloc(1, sizeof *s);
  wg_jsonl_init(s);
  return s;
}

static void state_close(void *p) {
  wg_jsonl_release(p);
  free(p);
}

static int bad(struct scan *s, const char *expected) {
  wg_fail(s->err, WG_INPUT, "column %zu: expected %s; a line must be one JSON object", (size_t)(s->p - s->start) + 1,
          expected);
  return -1;
}

static void space(struct scan *s) {
  while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\r')) s->p++;
}

static bool eat(struct scan *s, char c) {
  space(s);
  if (s->p == s->end || *s->p != c) return false;
  s->p++;
  return true;
}

static int hex4(const char *p) {
  int v = 0;
  for (int i = 0; i < 4; i++) {
    char c = p[i];
    int d = c >= '0' && c <= '9'   ? c - '0'
            : c >= 'a' && c <= 'f' ? c - 'a' + 10
            : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                   : -1;
    if (d < 0) return -1;
    v = v * 16 + d;
  }
  return v;
}

// One escape after the backslash. Code points up to FF are our own bytes; others become UTF-8.
static int escape(struct scan *s) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  const char *e = s->p < s->end && *s->p ? strchr(from, *s->p) : NULL;
  if (e) {
    wg_buf_char(s->text, to[e - from]);
    s->p++;
    return 0;
  }
  if (s->end - s->p < 5 || *s->p != 'u') return bad(s, "an escape");
  int v = hex4(s->p + 1);
  if (v < 0) return bad(s, "four hexadecimal digits");
  s->p += 5;
  if (v < 0x100) {
    wg_buf_char(s->text, (char)v);
  } else if (v < 0x800) {
    wg_buf_char(s->text, (char)(0xC0 | v >> 6));
    wg_buf_char(s->text, (char)(0x80 | (v & 63)));
  } else {
    wg_buf_char(s->text, (char)(0xE0 | v >> 12));
    wg_buf_char(s->text, (char)(0x80 | (v >> 6 & 63)));
    wg_buf_char(s->text, (char)(0x80 | (v & 63)));
  }
  return 0;
}

// A string after its opening quote, into s->text. Returns its offset there, or -1.
static int string(struct scan *s, size_t *at, size_t *n) {
  *at = s->text->len;
  while (s->p < s->end && *s->p != '"') {
    if ((unsigned char)*s->p < 0x20) return bad(s, "no control character in a string");
    if (*s->p != '\\') {
      wg_buf_char(s->text, *s->p++);
      continue;
    }
    s->p++;
    if (escape(s) != 0) return -1;
  }
  if (s->p == s->end) return bad(s, "the end of a string");
  s->p++;
  *n = s->text->len - *at;
  wg_buf_char(s->text, 0);
  return 0;
}

// Skips an array or object, checking that its brackets and strings end.
static int nested(struct scan *s, size_t *at, size_t *n) {
  const char *from = s->p;
  char stack[MAX_DEPTH];
  int depth = 0;
  do {
    char c = *s->p++;
    if (c == '{' || c == '[') {
      if (depth == MAX_DEPTH) return bad(s, "less nesting");
      stack[depth++] = c == '{' ? '}' : ']';
    } else if (c == '}' || c == ']') {
      if (stack[--depth] != c) return bad(s, "matching brackets");
    } else if (c == '"') {
      while (s->p < s->end && *s->p != '"') s->p += *s->p == '\\' ? 2 : 1;
      if (s->p >= s->end) {
        s->p = s->end;
        return bad(s, "the end of a string");
      }
      s->p++;
    }
  } while (depth && s->p < s->end);
  if (depth) return bad(s, "a closing bracket");
  *at = s->text->len;
  *n = (size_t)(s->p - from);
  wg_buf_add(s->text, from, *n);
  wg_buf_char(s->text, 0);
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

static int value(struct scan *s, struct wg_field *f) {
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
    if (nested(s, &at, &f->n) != 0) return -1;
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

static int out_of_range(struct scan *s, const char *key, const char *from, uint64_t most) {
  size_t n = (size_t)(s->p - from);
  wg_fail(s->err, WG_INPUT, "column %zu: \"%s\" is %.*s%s; expected an integer from 0 to %llu",
          (size_t)(from - s->start) + 1, key, (int)(n < 40 ? n : 40), from, n < 40 ? "" : "...",
          (unsigned long long)most);
  return -1;
}

// A value that starts at `from`: -1 if its key may not have it.
static int check(struct scan *s, const char *key, const struct wg_field *f, const char *from) {
  for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
    if (strcmp(key, counted[i].key) == 0 && (f->type != WG_F_DEC || f->u > counted[i].most))
      return out_of_range(s, key, from, counted[i].most);
  // An integer that does not fit 64 bits is no value of ours, whatever it should be.
  bool number = f->type == WG_F_RAW && (*from == '-' || (*from >= '0' && *from <= '9'));
  if (number && wg_key_of(key) != WG_K_OTHER && strspn(from, "-0123456789") >= f->n)
    return out_of_range(s, key, from, UINT64_MAX);
  return 0;
}

// Puts a parsed pair where it belongs: a member of the event, or a field.
static bool place(struct wg_event *e, const char *key, const struct wg_field *f) {
  if (strcmp(key, "tid") == 0)
    e->tid = (uint32_t)f->u;
  else if (strcmp(key, "idx") == 0)
    e->idx = f->u;
  else if (strcmp(key, "host_ns") == 0)
    e->host_ns = f->u;
  else if (strcmp(key, "cycle") == 0) {
    e->cycle = f->u;
    e->has_cycle = true;
  } else
    return false;
  return true;
}

static bool borrowed(const struct wg_field *f) { return f->type == WG_F_STR || f->type == WG_F_RAW; }

// Strings are offsets into the text until that stops moving.
struct pair {
  struct wg_field field;
  size_t name;
};

static int pairs(struct scan *s, struct wg_event *e, size_t *kind, struct wg_buf *out) {
  *kind = SIZE_MAX;
  if (!eat(s, '{')) return bad(s, "'{'");
  if (eat(s, '}')) return 0;
  do {
    struct pair p = {.field = {.key = WG_K_OTHER}};
    size_t n;
    if (!eat(s, '"')) return bad(s, "a quoted key");
    if (string(s, &p.name, &n) != 0) return -1;
    if (strlen(s->text->data + p.name) != n) return bad(s, "no NUL in a key");
    if (!eat(s, ':')) return bad(s, "':'");
    space(s);
    const char *from = s->p;
    if (value(s, &p.field) != 0) return -1;
    const char *name = s->text->data + p.name;
    if (p.field.type == WG_F_STR && strcmp(name, "kind") == 0) {
      *kind = (size_t)p.field.u;
      if (strlen(s->text->data + *kind) != p.field.n) return bad(s, "no NUL in a kind");
      continue;
    }
    if (check(s, name, &p.field, from) != 0) return -1;
    if (place(e, name, &p.field)) continue;
    p.field.key = wg_key_of(name);
    wg_buf_add(out, &p, sizeof p);
  } while (eat(s, ','));
  if (!eat(s, '}')) return bad(s, "',' or '}'");
  space(s);
  return s->p == s->end ? 0 : bad(s, "nothing after the object");
}

// An array of arguments becomes its values, if it is one of integers.
static bool to_values(struct wg_jsonl *s, struct wg_field *f) {
  size_t n;
  if (f->key != WG_K_ARGS || f->type != WG_F_RAW || f->s[0] != '[') return false;
  if (wg_jsonl_values(f->s, s->args, &n)) {
    f->type = WG_F_HEXES;
    f->v = s->args;
    f->n = n;
  }
  return true;
}

static void finish(struct wg_jsonl *s, struct wg_event *e) {
  size_t n = s->pairs.len / sizeof(struct pair);
  bool has_args = false;
  struct wg_field *more = s->more;
  if (n > WG_EVENT_FIELDS) more = s->more = wg_xrealloc(s->more, (n - WG_EVENT_FIELDS) * sizeof *more);
  for (size_t i = 0; i < n; i++) {
    struct wg_field *f = i < WG_EVENT_FIELDS ? &e->fields[i] : &more[i - WG_EVENT_FIELDS];
    struct pair p;
    memcpy(&p, s->pairs.data + i * sizeof p, sizeof p);
    *f = p.field;
    f->key = wg_jsonl_map_key(e->kind, f->key);
    if (f->key == WG_K_OTHER) f->name = s->text.data + p.name;
    if (borrowed(f)) f->s = s->text.data + p.field.u;
    if (!has_args) has_args = to_values(s, f);
  }
  e->nfields = n < WG_EVENT_FIELDS ? n : WG_EVENT_FIELDS;
  e->nmore = n - e->nfields;
  e->more = more;
}

int wg_jsonl_careful(struct wg_jsonl *st, const char *text, size_t n, struct wg_event *e, struct wg_err *err) {
  struct scan s = {text, text, text + n, &st->text, err};
  size_t kind;
  wg_buf_clear(&st->text);
  wg_buf_clear(&st->pairs);
  wg_ev_init(e, WG_EV_OTHER);
  e->has_cycle = false;
  if (pairs(&s, e, &kind, &st->pairs) != 0) return -1;
  if (kind == SIZE_MAX) {
    wg_fail(err, WG_INPUT, "no \"kind\" string; expected a schema 1 event");
    return -1;
  }
  const char *name = st->text.data + kind;
  e->kind = wg_kind_of(name);
  e->kind_name = e->kind == WG_EV_OTHER ? name : NULL;
  finish(st, e);
  if (wg_jsonl_bad_child(e) == NULL) return 1;
  wg_fail(err, WG_INPUT, "the number of the new thread is none; expected an integer from 0 to %u", UINT32_MAX);
  return -1;
}

static int line(void *p, char *text, size_t n, struct wg_event *e, bool *more, struct wg_err *err) {
  (void)more;
  if (n == 0 || (n == 1 && text[0] == '\r')) return 0;
  return wg_jsonl_quick(p, text, n, e) ? 1 : wg_jsonl_careful(p, text, n, e, err);
}

const struct wg_importer wg_import_jsonl = {"jsonl", probe, state_open, line, NULL, state_close};
