// Importer: JSON Lines of the same shape as schema 1 with other names (trace/mapping.h): kinds and keys that are
// spelled otherwise, members within an object of the line ("payload"), threads by name, times in another unit.
//
// A line is an event whatever it says: what has no kind that we know is kept as it is. An event without a number gets
// the next one of its thread. Wedge's own traces are never read so.
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/map.h"
#include "trace/importers.h"
#include "trace/jsonl.h"
#include "trace/mapping.h"

#define OBJECTS 6u // of a line that stand for their members, the line itself among them
#define LOOK_AT 64 // lines, to see what a file is
// Numbers for threads that have names, as for those that nobody announced in a text log.
#define NAMED_TID 0x40000000u

struct item {
  struct wg_field f;
  const char *name; // theirs
  unsigned rank;
};

struct member {
  const char *name;
  struct wg_field f;
  double times;
  unsigned rank;
  bool there;
};

struct state {
  const struct wg_mapping *m;
  struct wg_jsonl objects[OBJECTS];
  unsigned nobjects; // of this line
  struct member members[WG_MEANS_MEMBERS];
  struct item *items; // what is left, in order
  size_t n, cap;
  size_t item_of[WG_K_OTHER]; // + 1
  struct wg_field *more;
  struct wg_map next;  // tid: its next idx
  struct wg_map named; // hash of a thread's name: tid
  uint32_t nnext, nnamed;
  struct wg_buf kind;
};

static void *state_open(const struct wg_mapping *m) {
  struct state *s = wg_xcalloc(1, sizeof *s);
  s->m = m;
  return s;
}

static void state_close(void *p) {
  struct state *s = p;
  for (unsigned i = 0; i < OBJECTS; i++) wg_jsonl_release(&s->objects[i]);
  wg_map_release(&s->next);
  wg_map_release(&s->named);
  wg_buf_release(&s->kind);
  free(s->items);
  free(s->more);
  free(s);
}

static void add_item(struct state *s, const struct wg_field *f, const char *name, unsigned rank) {
  if (s->n == s->cap) {
    s->cap = s->cap ? 2 * s->cap : 32;
    s->items = wg_xrealloc(s->items, s->cap * sizeof *s->items);
  }
  struct item *i = &s->items[s->n++];
  *i = (struct item){*f, name, rank};
  if (f->key == WG_K_OTHER) i->f.name = name;
}

static void keep(struct state *s, struct wg_field f, const char *name) {
  f.key = WG_K_OTHER;
  add_item(s, &f, name, 0);
}

// Of two for one member the one of lower rank counts; the other is kept.
static void take_member(struct state *s, const struct wg_meaning *w, const struct wg_field *f, const char *name) {
  struct member *m = &s->members[w->is];
  struct member new = {name, *f, w->times, w->rank, true};
  if (m->there && m->rank <= new.rank) {
    keep(s, *f, name);
    return;
  }
  if (m->there) keep(s, m->f, m->name);
  *m = new;
}

static void take_key(struct state *s, const struct wg_meaning *w, struct wg_field f, const char *name) {
  size_t have = s->item_of[w->key];
  if (have && s->items[have - 1].rank <= w->rank) {
    keep(s, f, name);
    return;
  }
  if (have) {
    struct item *i = &s->items[have - 1];
    i->f.key = WG_K_OTHER;
    i->f.name = i->name;
  }
  f.key = w->key;
  add_item(s, &f, name, w->rank);
  s->item_of[w->key] = s->n;
}

static bool open_object(struct state *s, const struct wg_field *f) {
  struct wg_err unsaid = {0};
  if (f->type != WG_F_RAW || f->s[0] != '{' || s->nobjects == OBJECTS) return false;
  if (wg_jsonl_object(&s->objects[s->nobjects], f->s, f->n, "it", &unsaid) != 0) return false;
  s->nobjects++;
  return true;
}

// The members of an object, and in their place those of objects in it that stand for theirs.
static void take_object(struct state *s, struct wg_jsonl *o, const char *within) { // NOLINT(misc-no-recursion): OBJECTS
  for (size_t i = 0; i < wg_jsonl_members(o); i++) {
    const char *name;
    struct wg_field f = wg_jsonl_member(o, i, &name);
    struct wg_meaning w = wg_mapping_key(s->m, within, name);
    if (w.is == WG_MEANS_INSIDE && open_object(s, &f))
      take_object(s, &s->objects[s->nobjects - 1], name);
    else if (w.is < WG_MEANS_MEMBERS && w.is != WG_MEANS_OTHER)
      take_member(s, &w, &f, name);
    else if (w.is == WG_MEANS_KEY)
      take_key(s, &w, f, name);
    else if (w.is != WG_MEANS_NOTHING)
      keep(s, f, name);
  }
}

static int no_number(const struct member *m, const char *expected, struct wg_err *err) {
  struct wg_buf b = {0};
  struct wg_event one = {.kind = WG_EV_OTHER, .kind_name = "", .nfields = 1, .fields = {m->f}};
  one.fields[0].key = WG_K_TEXT;
  wg_ev_encode_foreign(&one, &b);
  const char *at = strstr(b.data, "\"text\":");
  size_t n = at ? b.len - (size_t)(at + 7 - b.data) - 2 : 0;
  wg_fail(err, WG_INPUT, "\"%s\" is %.*s%s; expected %s", m->name, (int)(n < 40 ? n : 40), at ? at + 7 : "",
          n < 40 ? "" : "...", expected);
  wg_buf_release(&b);
  return -1;
}

static bool is_null(const struct wg_field *f) {
  return f->type == WG_F_RAW && f->n == 4 && memcmp(f->s, "null", 4) == 0;
}

// An integer, also one in a string.
static bool integer(const struct wg_field *f, uint64_t *v) {
  if (f->type == WG_F_STR) return strlen(f->s) == f->n && wg_parse_u64(f->s, UINT64_MAX, v);
  *v = f->u;
  return f->type == WG_F_DEC;
}

static int tid_of(struct state *s, const struct member *m, uint32_t *tid, struct wg_err *err) {
  uint64_t v;
  *tid = 0;
  if (!m->there || is_null(&m->f)) return 0;
  if (integer(&m->f, &v) && v <= UINT32_MAX) {
    *tid = (uint32_t)v;
    return 0;
  }
  if (m->f.type != WG_F_STR) return no_number(m, "a thread's number, from 0 to 4294967295, or its name", err);
  uint64_t hash = wg_hash(m->f.s, m->f.n, 0);
  if (!wg_map_get(&s->named, hash, &v)) {
    v = NAMED_TID + s->nnamed;
    if (s->nnamed == WG_MOST_THREADS) return no_number(m, "one of at most 262144 threads", err);
    wg_map_put(&s->named, hash, v);
    s->nnamed++;
  }
  *tid = (uint32_t)v;
  struct wg_field f = m->f;
  keep(s, f, "thread_name");
  return 0;
}

static int idx_of(struct state *s, const struct member *m, struct wg_event *e, struct wg_err *err) {
  uint64_t next;
  bool known = wg_map_get(&s->next, e->tid, &next);
  if (m->there && !is_null(&m->f)) {
    if (!integer(&m->f, &e->idx) || e->idx > WG_JSONL_IDX_MAX)
      return no_number(m, "an event's number, from 0 to 4294967294", err);
  } else if (known) {
    e->idx = next;
  }
  if (known || s->nnext <= WG_MOST_THREADS) wg_map_put(&s->next, e->tid, e->idx + 1); // the reader refuses more
  s->nnext += !known;
  return 0;
}

// A count of something, times its unit. Text that is no number says nothing that could be compared: it is kept.
static int count_of(struct state *s, const struct member *m, uint64_t *v, bool *there, struct wg_err *err) {
  char *end;
  double real = -1;
  *there = false;
  if (!m->there || is_null(&m->f)) return 0;
  if (integer(&m->f, v)) {
    if (m->times == 1) {
      *there = true;
      return 0;
    }
    real = (double)*v;
  } else if (m->f.type == WG_F_RAW || m->f.type == WG_F_STR) {
    real = strtod(m->f.s, &end);
    if (m->f.type == WG_F_STR && (end == m->f.s || *end)) {
      keep(s, m->f, m->name);
      return 0;
    }
    if (end != m->f.s + m->f.n) real = -1;
  }
  bool negative = !(real >= 0);
  real = real * m->times + 0.5; // to the nearest
  if (negative || real >= 18446744073709551616.0)
    return no_number(m, "a number from 0 on, in its unit below 2^64", err);
  *v = (uint64_t)real;
  *there = true;
  return 0;
}

static void kind_of(struct state *s, const struct member *m, struct wg_event *e) {
  e->kind_name = "log"; // what says nothing to us
  if (!m->there) return;
  wg_buf_clear(&s->kind);
  if (m->f.type == WG_F_STR && strlen(m->f.s) == m->f.n)
    wg_buf_str(&s->kind, m->f.s);
  else if (m->f.type == WG_F_DEC)
    wg_buf_u64(&s->kind, m->f.u);
  if (s->kind.len == 0) {
    keep(s, m->f, m->name);
    return;
  }
  e->kind = wg_mapping_kind(s->m, s->kind.data);
  e->kind_name = e->kind == WG_EV_OTHER ? s->kind.data : NULL;
}

static void place_items(struct state *s, struct wg_event *e) {
  bool has_args = false;
  if (s->n > WG_EVENT_FIELDS) s->more = wg_xrealloc(s->more, s->n * sizeof *s->more);
  for (size_t i = 0; i < s->n; i++) {
    struct wg_field *f = i < WG_EVENT_FIELDS ? &e->fields[i] : &s->more[i - WG_EVENT_FIELDS];
    *f = s->items[i].f;
    f->key = wg_jsonl_map_key(e->kind, f->key);
    uint64_t v;
    if (f->key == WG_K_CHILD && f->type == WG_F_STR && integer(f, &v)) {
      f->type = WG_F_DEC;
      f->u = v;
    }
    if (!has_args) has_args = wg_jsonl_args(&s->objects[0], f);
  }
  e->nfields = s->n < WG_EVENT_FIELDS ? s->n : WG_EVENT_FIELDS;
  e->nmore = s->n - e->nfields;
  e->more = s->more;
}

static int convert(struct state *s, const char *text, size_t n, struct wg_event *e, struct wg_err *err) {
  wg_ev_init(e, WG_EV_OTHER);
  memset(s->members, 0, sizeof s->members);
  memset(s->item_of, 0, sizeof s->item_of);
  s->n = 0;
  s->nobjects = 1;
  if (wg_jsonl_object(&s->objects[0], text, n, "a line", err) != 0) return -1;
  take_object(s, &s->objects[0], NULL);
  kind_of(s, &s->members[WG_MEANS_KIND], e);
  bool timed;
  if (tid_of(s, &s->members[WG_MEANS_TID], &e->tid, err) != 0 ||
      count_of(s, &s->members[WG_MEANS_NS], &e->host_ns, &timed, err) != 0 ||
      count_of(s, &s->members[WG_MEANS_CYCLE], &e->cycle, &e->has_cycle, err) != 0 ||
      idx_of(s, &s->members[WG_MEANS_IDX], e, err) != 0)
    return -1;
  place_items(s, e);
  if (wg_jsonl_bad_child(e) == NULL) return 0;
  wg_fail(err, WG_INPUT, "the number of the new thread is none; expected an integer from 0 to %u", UINT32_MAX);
  return -1;
}

static enum wg_line_result line(void *p, char *text, size_t n, struct wg_event *e, bool *more, struct wg_err *err) {
  (void)more;
  if (n && text[n - 1] == '\r') n--;
  if (n == 0) return WG_LINE_NONE;
  return convert(p, text, n, e, err) == 0 ? WG_LINE_EVENT : WG_LINE_BAD;
}

// Whether a line speaks schema 1, other names for it, or neither.
enum speech { NEITHER, OURS, THEIRS };

static enum speech speech_of(struct state *s, const char *text, size_t n) {
  struct wg_err unsaid = {0};
  bool has[WG_MEANS_MEMBERS] = {false};
  memset(s->members, 0, sizeof s->members);
  memset(s->item_of, 0, sizeof s->item_of);
  s->n = 0;
  s->nobjects = 1;
  if (wg_jsonl_object(&s->objects[0], text, n, "a line", &unsaid) != 0) return NEITHER;
  for (size_t i = 0; i < wg_jsonl_members(&s->objects[0]); i++) {
    const char *name;
    struct wg_field f = wg_jsonl_member(&s->objects[0], i, &name);
    if (strcmp(name, "kind") == 0) {
      has[WG_MEANS_KIND] = f.type == WG_F_STR;
      if (f.type == WG_F_STR && strcmp(f.s, "trace.header") == 0) return OURS;
    }
    has[WG_MEANS_TID] |= strcmp(name, "tid") == 0;
    has[WG_MEANS_IDX] |= strcmp(name, "idx") == 0;
  }
  if (wg_mapping_given(s->m)) return THEIRS;
  take_object(s, &s->objects[0], NULL);
  static const enum wg_means order[] = {WG_MEANS_KIND, WG_MEANS_TID, WG_MEANS_IDX};
  for (size_t i = 0; i < 3; i++) {
    const struct member *m = &s->members[order[i]];
    if (!has[order[i]]) return m->there && strcmp(m->name, "kind") != 0 ? THEIRS : NEITHER;
  }
  return OURS;
}

static bool probe(const char *head, size_t n, const struct wg_mapping *m) {
  struct state *s = state_open(m);
  enum speech is = NEITHER;
  const char *p = head, *end = head + n;
  for (int lines = 0; p < end && is == NEITHER && lines < LOOK_AT; lines++) {
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    const char *stop = newline ? newline : end;
    while (p < stop && (*p == ' ' || *p == '\t' || *p == '\r')) p++;
    if (p < stop && *p != '{' && lines == 0) break;
    if (p < stop) is = speech_of(s, p, (size_t)(stop - p));
    p = stop + 1;
  }
  state_close(s);
  return is == THEIRS;
}

const struct wg_importer wg_import_mapped = {"mapped JSON Lines", probe, state_open, line, NULL, state_close};
