// Importer: JSON Lines of the same shape as schema 1 with other names (trace/mapping.h): kinds and keys that are
// spelled otherwise, members within an object of the line ("payload"), threads by name, times in another unit.
//
// A line is an event whatever it says: what has no kind that we know is kept as it is. An event without a number gets
// the next one of its thread. So read are lines of schema 1, too, that lack numbers or write them as text. Wedge's own
// traces are never read so.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_text.h"
#include "base/map.h"
#include "base/vec.h"
#include "nt/exports.h"
#include "trace/importers.h"
#include "trace/jsonl.h"
#include "trace/mapped_threads.h"
#include "trace/mapped_values.h"
#include "trace/mapping.h"
#include "trace/waited.h"

#define OBJECTS 6u        // of a line that stand for their members, the line itself among them
#define DEEPER (1u << 20) // in ranks
#define COMPARED 64u      // of what is kept
#define LOOK_AT 64        // lines, to see what a file is
#define AROUND 8u         // bytes of a line that has nothing but what stands around objects
#define MEANT 64u         // names, and what they mean
#define WHOLE (1u << 20)  // of a file without ends of lines: if it is shorter, its one line is read

struct item {
  struct wg_field f;
  const char *name, *within; // theirs, and the object that it stands in (NULL: the line itself)
  unsigned rank;
  size_t renamed; // where in `names` + 1
};

struct member {
  const char *name, *within;
  struct wg_field f;
  double times;
  unsigned rank;
  bool there;
};

// What a name meant in an earlier line.
struct meant {
  char name[24], within[24]; // within: "" is the line itself
  struct wg_meaning is;
};

struct state {
  const struct wg_mapping *m;
  struct meant meant[MEANT];
  struct wg_jsonl objects[OBJECTS];
  unsigned nobjects; // of this line
  struct member members[WG_MEANS_MEMBERS];
  struct item *items; // what is left, in order
  size_t n, cap;
  size_t item_of[WG_K_OTHER]; // + 1
  struct wg_field *more;
  struct wg_map next; // tid: its next idx
  uint32_t nnext;
  struct wg_named_threads threads;
  struct wg_buf kind, names, by; // by: what ended a wait
  char *rest;                    // of the line: the objects that come behind the one that was read last
  size_t nrest;
};

static void *state_open(const struct wg_mapping *m) {
  struct state *s = wg_xcalloc(1, sizeof *s);
  s->m = m;
  for (unsigned i = 0; i < OBJECTS; i++)
    s->objects[i].escapes = WG_JSON_CHARACTERS; // no writer of ours has other names
  return s;
}

static void state_close(void *p) {
  struct state *s = p;
  for (unsigned i = 0; i < OBJECTS; i++) wg_jsonl_release(&s->objects[i]);
  wg_map_release(&s->next);
  wg_named_threads_release(&s->threads);
  wg_buf_release(&s->kind);
  wg_buf_release(&s->names);
  wg_buf_release(&s->by);
  free(s->items);
  free(s->more);
  free(s);
}

// A name where it stands.
struct place {
  const char *name, *within;
};

static void add_item(struct state *s, const struct wg_field *f, struct place at, unsigned rank) {
  WG_VEC_ROOM(s->items, s->cap, s->n + 1);
  s->items[s->n++] = (struct item){*f, at.name, at.within, rank, 0};
}

static void keep(struct state *s, struct wg_field f, struct place at) {
  f.key = WG_K_OTHER;
  add_item(s, &f, at, 0);
}

static void keep_member(struct state *s, const struct member *m) { keep(s, m->f, (struct place){m->name, m->within}); }

// Of two for one member the one of lower rank counts; the other is kept.
static void take_member(struct state *s, const struct wg_meaning *w, const struct wg_field *f, struct place at) {
  struct member *m = &s->members[w->is];
  struct member new = {at.name, at.within, *f, w->times, w->rank, true};
  if (m->there && m->rank <= new.rank) {
    keep(s, *f, at);
    return;
  }
  if (m->there) keep_member(s, m);
  *m = new;
}

static bool is_export(const struct wg_field *f) {
  return f->key == WG_K_NAME && f->type == WG_F_STR && wg_nt_find(f->s, f->n) != NULL;
}

// Of two for one key the one of lower rank counts, but that of two names (of a call; of a logger) an export's does.
static void take_key(struct state *s, const struct wg_meaning *w, struct wg_field f, struct place at) {
  size_t have = s->item_of[w->key];
  const struct wg_field *first = have ? &s->items[have - 1].f : NULL;
  bool counts = have && s->items[have - 1].rank <= w->rank;
  f.key = w->key;
  if (have && !w->given && is_export(&f) != is_export(first)) counts = is_export(first);
  if (counts) {
    keep(s, f, at);
    return;
  }
  if (have) s->items[have - 1].f.key = WG_K_OTHER;
  add_item(s, &f, at, w->rank);
  s->item_of[w->key] = s->n;
}

static bool is_object(const struct wg_field *f) { return f->type == WG_F_RAW && f->s[0] == '{'; }

static bool open_object(struct state *s, const struct wg_field *f) {
  struct wg_err unsaid = {0};
  if (!is_object(f) || s->nobjects == OBJECTS) return false;
  if (wg_jsonl_object(&s->objects[s->nobjects], f->s, f->n, "it", &unsaid) != 0) return false;
  s->nobjects++;
  return true;
}

// {"id": 5, "name": "main"}: the number of a thread, or else its name; what else is known of it is no name of a call,
// nor anything else.
static void take_thread(struct state *s, struct wg_jsonl *o, const char *within, unsigned rank) {
  for (size_t i = 0; i < wg_jsonl_members(o); i++) {
    const char *name;
    struct wg_field f = wg_jsonl_member(o, i, &name);
    struct wg_meaning w = wg_mapping_key(s->m, within, name);
    const struct place at = {name, within};
    bool is_name = strcmp(name, "name") == 0, is_id = strcmp(name, "id") == 0 || w.is == WG_MEANS_TID;
    if (is_id || is_name) {
      w = (struct wg_meaning){.is = WG_MEANS_TID, .rank = rank + (is_id ? w.rank : DEEPER - 1), .times = 1};
      if (strcmp(name, "id") == 0) w.rank = rank;
      take_member(s, &w, &f, at);
    } else if (w.is != WG_MEANS_NOTHING) {
      keep(s, f, at);
    }
  }
}

// What is told in an object of its own: {"event": {"type": "call", ...}}, {"call": {"name": "NtClose", ...}}.
static bool is_whole(const struct wg_meaning *w, const struct wg_field *f) {
  return is_object(f) && (w->is == WG_MEANS_KIND || (w->is == WG_MEANS_KEY && w->key == WG_K_NAME));
}

static struct wg_meaning known_meaning(struct state *s, const char *within, const char *name) {
  const char *where = within ? within : "";
  size_t n = strlen(name), nwhere = strlen(where);
  if (n == 0 || n >= sizeof s->meant->name || nwhere >= sizeof s->meant->within || (within && nwhere == 0))
    return wg_mapping_key(s->m, within, name);
  struct meant *m = &s->meant[((unsigned char)name[0] * 5u + (unsigned char)name[n - 1] * 3u + n + nwhere) % MEANT];
  if (strcmp(m->name, name) != 0 || strcmp(m->within, where) != 0) {
    memcpy(m->name, name, n + 1);
    memcpy(m->within, where, nwhere + 1);
    m->is = wg_mapping_key(s->m, within, name);
  }
  return m->is;
}

// The members of an object, and in their place those of objects in it that stand for theirs. What the line itself says
// counts more than what lies deeper, where a name may mean another thing, unless the user has said what it means.
static void take_object(struct state *s, struct wg_jsonl *o, const char *within, // NOLINT(misc-no-recursion): OBJECTS
                        unsigned depth) {
  for (size_t i = 0; i < wg_jsonl_members(o); i++) {
    const char *name;
    struct wg_field f = wg_jsonl_member(o, i, &name);
    struct wg_meaning w = known_meaning(s, within, name);
    const struct place at = {name, within};
    if (!w.given) w.rank += depth * DEEPER;
    if ((w.is == WG_MEANS_INSIDE || is_whole(&w, &f)) && open_object(s, &f))
      take_object(s, &s->objects[s->nobjects - 1], name, depth + 1);
    else if (w.is == WG_MEANS_TID && is_object(&f) && open_object(s, &f))
      take_thread(s, &s->objects[s->nobjects - 1], name, w.rank);
    else if (w.is < WG_MEANS_MEMBERS && w.is != WG_MEANS_OTHER)
      take_member(s, &w, &f, at);
    else if (w.is == WG_MEANS_KEY)
      take_key(s, &w, f, at);
    else if (w.is != WG_MEANS_NOTHING)
      keep(s, f, at);
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

// From here on nobody can tell which of two threads of one name events are of.
static void keep_shared(struct state *s) {
  const struct wg_field shared = {.type = WG_F_BOOL, .u = true};
  keep(s, shared, (struct place){WG_SHARED_NAME, NULL});
}

static int tid_of(struct state *s, const struct member *m, enum wg_kind kind, uint32_t *tid, struct wg_err *err) {
  bool shared = false;
  *tid = 0;
  if (!m->there || wg_field_is_null(&m->f) || (m->f.type == WG_F_STR && m->f.n == 0)) return 0;
  enum wg_told as = wg_told_as(&m->f);
  if (as == WG_TOLD_NONE || (as == WG_TOLD_LONG && strcmp(m->name, "tid") == 0))
    return no_number(m, "a thread's number, from 0 to 4294967295, or its name", err);
  as = wg_named_thread(&s->threads, &m->f, kind, tid, &shared);
  if (as == WG_TOLD_TOO_MANY) return no_number(m, "one of at most 262144 threads", err);
  if (as == WG_TOLD_NUMBER) return 0;
  if (shared) keep_shared(s);
  keep(s, m->f, as == WG_TOLD_LONG ? (struct place){m->name, m->within} : (struct place){WG_THREAD_NAME, NULL});
  return 0;
}

static int idx_of(struct state *s, const struct member *m, struct wg_event *e, struct wg_err *err) {
  uint64_t next;
  bool known = wg_map_get(&s->next, e->tid, &next);
  uint64_t idx = known ? next : 0;
  if (m->there && !wg_field_is_null(&m->f) && (!wg_told_whole(&m->f, &idx) || idx > WG_JSONL_IDX_MAX)) {
    if (strcmp(m->name, "idx") == 0) return no_number(m, "an event's number, from 0 to 4294967294", err);
    keep_member(s, m); // what others call so may be a time or any mark
    idx = known ? next : 0;
  }
  e->idx = idx;
  if (known || s->nnext <= WG_MOST_THREADS) wg_map_put(&s->next, e->tid, e->idx + 1); // the reader refuses more
  s->nnext += !known;
  return 0;
}

#define MOST 18446744073709551616.0

// A count of something, times its unit. Text that is no number says nothing that could be compared: it is kept.
static int count_of(struct state *s, const struct member *m, uint64_t *v, bool *there, struct wg_err *err) {
  char *end;
  double real = -1, times = m->times;
  *there = false;
  if (!m->there || wg_field_is_null(&m->f)) return 0;
  if (wg_told_integer(&m->f, v)) {
    if (times == 1 || times == WG_TIMES_UNSAID) {
      *there = true;
      return 0;
    }
    real = (double)*v;
  } else if (m->f.type == WG_F_RAW || m->f.type == WG_F_STR) {
    real = strtod(m->f.s, &end);
    if (m->f.type == WG_F_STR && (end == m->f.s || *end)) {
      *there = m == &s->members[WG_MEANS_NS] && wg_told_time(&m->f, v);
      if (!*there) keep_member(s, m);
      return 0;
    }
    if (end != m->f.s + m->f.n) real = -1;
  }
  if (times == WG_TIMES_UNSAID) times = real * 1e9 < MOST ? 1e9 : 1;
  bool negative = !(real >= 0);
  real = real * times + 0.5; // to the nearest
  if (negative || real >= MOST) return no_number(m, "a number from 0 on, in its unit below 2^64", err);
  *v = (uint64_t)real;
  *there = true;
  return 0;
}

static void set_kind(struct state *s, const struct member *m, struct wg_event *e) {
  e->kind_name = "log"; // what says nothing to us
  if (!m->there) return;
  wg_buf_clear(&s->kind);
  if (m->f.type == WG_F_STR && strlen(m->f.s) == m->f.n)
    wg_buf_str(&s->kind, m->f.s);
  else if (m->f.type == WG_F_DEC)
    wg_buf_u64(&s->kind, m->f.u);
  if (s->kind.len == 0) {
    keep_member(s, m);
    return;
  }
  e->kind = wg_mapping_kind(s->m, s->kind.data);
  e->kind_name = e->kind == WG_EV_OTHER ? s->kind.data : NULL;
}

// What is kept must not have the name of what the event says, nor of something else that is kept (among the first
// ones).
static bool clashes(const struct state *s, size_t i) {
  static const char *const members[] = {"kind", "tid", "idx", "host_ns", "cycle"};
  const char *name = s->items[i].name;
  for (size_t k = 0; k < sizeof members / sizeof *members; k++)
    if (strcmp(name, members[k]) == 0) return true;
  for (size_t k = 0; k < i && k < COMPARED; k++)
    if (s->items[k].f.key == WG_K_OTHER && strcmp(s->items[k].name, name) == 0) return true;
  return wg_key_of(name) != WG_K_OTHER;
}

// "name" of an object "payload" is called "payload.name" then, of the line itself "line.name".
static void name_items(struct state *s) {
  wg_buf_clear(&s->names);
  for (size_t i = 0; i < s->n; i++) {
    struct item *t = &s->items[i];
    if (t->f.key != WG_K_OTHER) continue;
    t->f.name = t->name;
    if (!clashes(s, i)) continue;
    t->renamed = s->names.len + 1;
    wg_buf_printf(&s->names, "%s.%s", t->within ? t->within : "line", t->name);
    wg_buf_add(&s->names, "", 1);
  }
  for (size_t i = 0; i < s->n; i++)
    if (s->items[i].renamed) s->items[i].f.name = s->names.data + s->items[i].renamed - 1;
}

static struct wg_field *item_at(struct state *s, enum wg_key key) {
  for (size_t i = 0; i < s->n; i++)
    if (s->items[i].f.key == key) return &s->items[i].f;
  return NULL;
}

static bool is_text(const struct wg_field *f) { return f && f->type == WG_F_STR && f->n; }

// A thread that is made: its number, as that of an event's. Where it has a number and a name, whoever calls it by its
// name means the same.
static void number_child(struct state *s) {
  struct wg_field *f = item_at(s, WG_K_CHILD);
  const struct wg_field *name = item_at(s, WG_K_NAME);
  uint32_t tid;
  bool shared = false;
  if (f == NULL) return;
  enum wg_told as = wg_named_thread_made(&s->threads, f, is_text(name) ? name : NULL, &tid, &shared);
  if (as == WG_TOLD_NONE) return;
  if (shared) keep_shared(s);
  f = item_at(s, WG_K_CHILD); // which may lie elsewhere
  const struct wg_field told = *f;
  f->type = WG_F_DEC;
  f->u = tid;
  if (as == WG_TOLD_NAME) keep(s, told, (struct place){"child_name", NULL});
}

// {"thread": "I/O", "seq": 17}: the signal that ended a wait, as {"tid": 3, "idx": 17}.
static void number_signal(struct state *s) {
  struct wg_field *f = item_at(s, WG_K_SATISFIED_BY);
  struct wg_jsonl *o = &s->objects[s->nobjects];
  struct wg_err unsaid = {0};
  uint64_t idx = UINT64_MAX;
  uint32_t tid;
  bool has_tid = false;
  if (f == NULL || s->nobjects == OBJECTS || !is_object(f) || wg_jsonl_object(o, f->s, f->n, "it", &unsaid) != 0)
    return;
  for (size_t i = 0; i < wg_jsonl_members(o); i++) {
    const char *name;
    struct wg_field part = wg_jsonl_member(o, i, &name);
    enum wg_means is = wg_mapping_key(s->m, "satisfied_by", name).is;
    if (is == WG_MEANS_TID && !has_tid)
      has_tid = wg_named_thread_mentioned(&s->threads, &part, &tid);
    else if (is != WG_MEANS_IDX || !wg_told_whole(&part, &idx))
      return;
  }
  if (!has_tid || idx > WG_JSONL_IDX_MAX) return;
  wg_buf_clear(&s->by);
  wg_buf_printf(&s->by, "{\"tid\":%u,\"idx\":%llu}", tid, (unsigned long long)idx);
  f->s = s->by.data;
  f->n = s->by.len;
}

// Arguments that have names, or are text: their values, and what it was besides.
static void number_args(struct state *s) {
  struct wg_jsonl *o = &s->objects[0];
  struct wg_field *f = item_at(s, WG_K_ARGS);
  size_t n;
  if (f == NULL || (wg_jsonl_args(o, f) && f->type == WG_F_HEXES)) return;
  const struct wg_field told = *f;
  if (!wg_told_hexes(f, o->args, WG_JSONL_ARGS, &n)) return;
  f->type = WG_F_HEXES;
  f->v = o->args;
  f->n = n;
  bool is_list = told.type == WG_F_RAW && told.s[0] == '[' && memchr(told.s, '{', told.n) == NULL;
  if (!is_list) keep(s, told, (struct place){"args", NULL});
}

// Numbers as schema 1 has them.
static void put_value(struct wg_field *f) {
  if (f->key == WG_K_OTHER) return;
  wg_told_number(f);
  if (f->key == WG_K_RV || f->key == WG_K_STATUS) wg_told_status(f);
  if (wg_key_is_hex(f->key)) wg_told_hex(f);
}

static void place_items(struct state *s, struct wg_event *e) {
  for (size_t i = 0; i < s->n; i++) s->items[i].f.key = wg_jsonl_map_key(e->kind, s->items[i].f.key);
  if (e->kind == WG_EV_THREAD_CREATE) number_child(s);
  if (e->kind == WG_EV_WAIT_END) number_signal(s);
  number_args(s);
  name_items(s);
  if (s->n >= WG_EVENT_FIELDS) WG_VEC_SET(s->more, s->n + 1); // wg_waited_list may add one
  for (size_t i = 0; i < s->n; i++) {
    struct wg_field *f = i < WG_EVENT_FIELDS ? &e->fields[i] : &s->more[i - WG_EVENT_FIELDS];
    *f = s->items[i].f;
    put_value(f);
  }
  e->nfields = s->n < WG_EVENT_FIELDS ? s->n : WG_EVENT_FIELDS;
  e->nmore = s->n - e->nfields;
  e->more = s->more;
  wg_waited_list(e, s->more, &s->by);
}

// {"msg": "kernel_call", "tid": 1, ...}: what a library of logs calls what happened.
static void kind_from_text(struct state *s) {
  size_t at = s->item_of[WG_K_TEXT];
  struct member *m = &s->members[WG_MEANS_KIND];
  if (m->there || !s->members[WG_MEANS_TID].there || at == 0) return;
  const struct item *t = &s->items[at - 1];
  if (!is_text(&t->f) || strlen(t->f.s) != t->f.n || wg_mapping_kind(s->m, t->f.s) == WG_EV_OTHER) return;
  *m = (struct member){.name = t->name, .within = t->within, .f = t->f, .times = 1, .there = true};
  memmove(s->items + at - 1, s->items + at, (s->n - at) * sizeof *s->items);
  s->n--;
}

// {"tid": 1, "kernel_call": {"name": "NtClose", ...}}: without a kind, the one object that is called as a kind is.
static void kind_from_object(struct state *s) {
  struct member *m = &s->members[WG_MEANS_KIND];
  size_t at = s->n;
  for (size_t i = 0; i < s->n && !m->there; i++) {
    const struct item *t = &s->items[i];
    if (t->f.key != WG_K_OTHER || !is_object(&t->f) || wg_mapping_kind(s->m, t->name) == WG_EV_OTHER) continue;
    if (at != s->n) return;
    at = i;
  }
  if (at == s->n) return;
  const struct item is = s->items[at];
  if (!open_object(s, &is.f)) return;
  const struct wg_field kind = {.type = WG_F_STR, .s = is.name, .n = strlen(is.name)};
  *m = (struct member){.name = is.name, .within = is.name, .f = kind, .times = 1, .there = true};
  memmove(s->items + at, s->items + at + 1, (--s->n - at) * sizeof *s->items);
  for (size_t i = 0; i < WG_K_OTHER; i++)
    if (s->item_of[i] > at) s->item_of[i]--;
  take_object(s, &s->objects[s->nobjects - 1], is.name, 1);
}

static int convert(struct state *s, const char *text, size_t n, struct wg_event *e, struct wg_err *err) {
  wg_ev_init(e, WG_EV_OTHER);
  memset(s->members, 0, sizeof s->members);
  memset(s->item_of, 0, sizeof s->item_of);
  s->n = 0;
  s->nobjects = 1;
  if (wg_jsonl_object(&s->objects[0], text, n, "a line", err) != 0) return -1;
  take_object(s, &s->objects[0], NULL, 0);
  kind_from_text(s);
  kind_from_object(s);
  set_kind(s, &s->members[WG_MEANS_KIND], e);
  bool timed;
  if (tid_of(s, &s->members[WG_MEANS_TID], e->kind, &e->tid, err) != 0 ||
      count_of(s, &s->members[WG_MEANS_NS], &e->host_ns, &timed, err) != 0 ||
      count_of(s, &s->members[WG_MEANS_CYCLE], &e->cycle, &e->has_cycle, err) != 0 ||
      idx_of(s, &s->members[WG_MEANS_IDX], e, err) != 0)
    return -1;
  place_items(s, e);
  if (wg_jsonl_bad_child(e) == NULL) return 0;
  wg_fail(err, WG_INPUT, "the number of the new thread is none; expected an integer from 0 to %u", UINT32_MAX);
  return -1;
}

// What stands around the objects of a JSON array that has one or several a line, and before each record of a JSON text
// sequence (RFC 7464).
static bool is_around(char c) { return c && strchr(" \t\r,[]\x1e", c) != NULL; }

static void trim(char **text, size_t *n) {
  while (*n && is_around(**text)) ++*text, --*n;
  while (*n && is_around((*text)[*n - 1])) --*n;
}

// The end of the first of several objects in a text; NULL if it holds one alone, or none.
static const char *first_of_several(const char *text, size_t n) {
  const char *at, *expected, *end = text + n,
                             *after = *text == '{' ? wg_json_past_container(text, end, &at, &expected) : NULL;
  const char *next = after;
  while (next && next < end && is_around(*next)) next++;
  return next && next < end && *next == '{' ? after : NULL;
}

static enum wg_line_result line(void *p, char *text, size_t n, struct wg_event *e, bool *more, struct wg_err *err) {
  struct state *s = p;
  if (s->rest) text = s->rest, n = s->nrest;
  s->rest = NULL;
  const char *whole = text;
  size_t all = n;
  trim(&text, &n);
  if (n == 0 && (all <= AROUND || wg_json_is_blank(whole, all))) return WG_LINE_NONE;
  if (convert(s, text, n, e, err) == 0) return WG_LINE_EVENT;
  const char *after = n ? first_of_several(text, n) : NULL;
  if (after == NULL) return WG_LINE_BAD;
  size_t first = (size_t)(after - text);
  *err = (struct wg_err){0};
  *more = true;
  s->rest = text + first;
  s->nrest = n - first;
  return convert(s, text, first, e, err) == 0 ? WG_LINE_EVENT : WG_LINE_BAD;
}

// Whether a line speaks schema 1 (BARE: without its numbers, or with numbers as text or as 1.0; NAMED: with a thread's
// name for its number, or values told otherwise), other names for it, or neither; or is the head of a trace of
// ours, or of another engine's.
enum speech { NEITHER, OURS, BARE, NAMED, THEIRS, HEADER, THEIR_HEADER };

// What a line says by schema 1's names.
struct own_names {
  bool header, kind, known, tid, idx, odd, named; // odd: a number is written as text or as 1.0
  bool other, bytes;                              // of a header
};

static bool says(const struct wg_field *f, const char *text) { return f->type == WG_F_STR && strcmp(f->s, text) == 0; }

// "F8000010" for 0xf8000010, a status by its name, arguments that have names or are text.
static bool is_told_otherwise(struct wg_jsonl *o, struct wg_field f) {
  uint64_t unused[WG_JSONL_ARGS];
  size_t n;
  if (f.key == WG_K_ARGS) {
    if (wg_jsonl_args(o, &f) && f.type == WG_F_HEXES) return false;
    return wg_told_hexes(&f, unused, WG_JSONL_ARGS, &n);
  }
  if (f.type != WG_F_STR || !wg_key_is_hex(f.key)) return false;
  if (f.key == WG_K_RV || f.key == WG_K_STATUS) wg_told_status(&f);
  wg_told_hex(&f);
  return f.type == WG_F_HEX;
}

static struct own_names own_names_of(struct wg_jsonl *o) {
  struct own_names own = {false};
  uint64_t unused;
  for (size_t i = 0; i < wg_jsonl_members(o); i++) {
    const char *name;
    struct wg_field f = wg_jsonl_member(o, i, &name);
    if (strcmp(name, "kind") == 0) {
      own.kind = f.type == WG_F_STR;
      own.header = says(&f, "trace.header");
      own.known = own.kind && wg_kind_of(f.s) != WG_EV_OTHER;
    }
    if (strcmp(name, "engine") == 0) own.other = !says(&f, "wedge");
    if (strcmp(name, "escapes") == 0) own.bytes = says(&f, "bytes");
    bool tid = strcmp(name, "tid") == 0, idx = strcmp(name, "idx") == 0;
    own.tid |= tid;
    own.named |= (tid && f.type == WG_F_STR && !wg_told_integer(&f, &unused)) || is_told_otherwise(o, f);
    own.idx |= idx;
    bool number = tid || idx || strcmp(name, "host_ns") == 0 || strcmp(name, "cycle") == 0;
    own.odd |= number && (f.type == WG_F_STR || (f.type == WG_F_RAW && f.s[0] >= '0' && f.s[0] <= '9'));
  }
  return own;
}

static enum speech speech_of(struct state *s, const char *text, size_t n) {
  struct wg_err unsaid = {0};
  memset(s->members, 0, sizeof s->members);
  memset(s->item_of, 0, sizeof s->item_of);
  s->n = 0;
  s->nobjects = 1;
  if (wg_jsonl_object(&s->objects[0], text, n, "a line", &unsaid) != 0) return NEITHER;
  struct own_names own = own_names_of(&s->objects[0]);
  if (own.header) return own.other && !own.bytes ? THEIR_HEADER : HEADER;
  if (wg_mapping_given(s->m)) return THEIRS;
  if (own.known && own.named) return NAMED;
  if (own.kind && own.tid && own.idx) return own.odd ? BARE : OURS;
  if (own.known) return BARE;
  take_object(s, &s->objects[0], NULL, 0);
  kind_from_text(s);
  kind_from_object(s);
  enum wg_means first = !own.kind ? WG_MEANS_KIND : !own.tid ? WG_MEANS_TID : WG_MEANS_IDX;
  const struct member *m = &s->members[first];
  return m->there && (m->within || strcmp(m->name, "kind") != 0) ? THEIRS : NEITHER;
}

// Whether there is more than blanks around an object.
static bool is_of_list(const char *p, const char *end) {
  for (; p < end; p++)
    if (memchr(",[]\x1e", *p, 4) != NULL) return true;
  return false;
}

// `in_list`: it has what stands around objects of an array, or several.
static enum speech speech_of_line(struct state *s, const char *line, size_t n, bool *in_list) {
  char *text = (char *)(uintptr_t)line;
  const char *end = line + n;
  trim(&text, &n);
  const char *after = n ? first_of_several(text, n) : NULL;
  *in_list = after || is_of_list(line, text) || is_of_list(text + n, end);
  if (after) n = (size_t)(after - text);
  return n && *text == '{' ? speech_of(s, text, n) : NEITHER;
}

// Lines of either kind may stand in one file: both are read here. Whether schema 1 has its numbers is told by the first
// line of it; whether threads have names, and whether lines are an array's, by any. Below another engine's header is
// schema 1, but threads may have names.
static bool probe(const char *head, size_t n, const struct wg_mapping *m) {
  struct state *s = state_open(m);
  enum speech is = NEITHER, first = NEITHER;
  bool named = false, theirs = false, in_list = false, listed = false;
  const char *p = head, *end = head + n;
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')) p++;
  if (p < end && memchr("{[\x1e", *p, 3) == NULL) end = p;
  for (int lines = 0; p < end && !theirs && !named && is != HEADER && !listed && lines < LOOK_AT; lines++) {
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    const char *stop = newline ? newline : end;
    is = speech_of_line(s, p, (size_t)(stop - p), &in_list);
    listed = in_list && is != NEITHER && (newline || n < WHOLE);
    if (first == NEITHER) first = is;
    named = is == NAMED;
    theirs = is == THEIRS && first != THEIR_HEADER;
    p = stop + 1;
  }
  state_close(s);
  return theirs || named || listed || (first == BARE && is != HEADER);
}

static bool speaks(const char *text, size_t n, const struct wg_mapping *m) {
  struct state *s = state_open(m);
  bool in_list;
  enum speech is = speech_of_line(s, text, n, &in_list);
  state_close(s);
  return is == THEIRS || is == NAMED;
}

const struct wg_importer wg_import_mapped = {"mapped JSON Lines", probe,  state_open, line, NULL,
                                             state_close,         speaks, true};
