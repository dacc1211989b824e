// Importer: JSON Lines of the same shape as schema 1 with other names (trace/mapping.h): kinds and keys that are
// spelled otherwise, members within an object of the line ("payload"), threads by name, times in another unit.
//
// A line is an event whatever it says: what has no kind that we know is kept as it is. An event without a number gets
// the next one of its thread. So read are lines of schema 1, too, that lack numbers or write them as text. Wedge's own
// traces are never read so.
#define _DEFAULT_SOURCE // timegm
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/map.h"
#include "base/vec.h"
#include "trace/importers.h"
#include "trace/jsonl.h"
#include "trace/mapping.h"

#define OBJECTS 6u        // of a line that stand for their members, the line itself among them
#define DEEPER (1u << 20) // in ranks
#define COMPARED 64u      // of what is kept
#define LOOK_AT 64        // lines, to see what a file is
// Numbers for threads that have names, as for those that nobody announced in a text log.
#define NAMED_TID 0x40000000u

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
  enum zero { UNSEEN, NO_THREAD, A_THREAD } zero; // what 0 is among threads' numbers
  struct wg_buf kind, names;
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
  wg_map_release(&s->named);
  wg_buf_release(&s->kind);
  wg_buf_release(&s->names);
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

static void take_key(struct state *s, const struct wg_meaning *w, struct wg_field f, struct place at) {
  size_t have = s->item_of[w->key];
  if (have && s->items[have - 1].rank <= w->rank) {
    keep(s, f, at);
    return;
  }
  if (have) s->items[have - 1].f.key = WG_K_OTHER;
  f.key = w->key;
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

// {"id": 5, "name": "main"}: the number of a thread; what else is known of it is no name of a call, nor anything else.
static void take_thread(struct state *s, struct wg_jsonl *o, const char *within, unsigned rank) {
  bool has = false;
  for (size_t i = 0; i < wg_jsonl_members(o); i++) {
    const char *name;
    struct wg_field f = wg_jsonl_member(o, i, &name);
    struct wg_meaning w = wg_mapping_key(s->m, within, name);
    const struct place at = {name, within};
    if (!has && (w.is == WG_MEANS_TID || strcmp(name, "id") == 0)) {
      w = (struct wg_meaning){.is = WG_MEANS_TID, .rank = rank, .times = 1};
      take_member(s, &w, &f, at);
      has = true;
    } else if (w.is != WG_MEANS_NOTHING) {
      keep(s, f, at);
    }
  }
}

// What is told in an object of its own: {"event": {"type": "call", ...}}, {"call": {"name": "NtClose", ...}}.
static bool is_whole(const struct wg_meaning *w, const struct wg_field *f) {
  return is_object(f) && (w->is == WG_MEANS_KIND || (w->is == WG_MEANS_KEY && w->key == WG_K_NAME));
}

// The members of an object, and in their place those of objects in it that stand for theirs. What the line itself says
// counts more than what lies deeper, where a name may mean another thing, unless the user has said what it means.
static void take_object(struct state *s, struct wg_jsonl *o, const char *within, // NOLINT(misc-no-recursion): OBJECTS
                        unsigned depth) {
  for (size_t i = 0; i < wg_jsonl_members(o); i++) {
    const char *name;
    struct wg_field f = wg_jsonl_member(o, i, &name);
    struct wg_meaning w = wg_mapping_key(s->m, within, name);
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

// An integer, also one in a string.
static bool integer(const struct wg_field *f, uint64_t *v) {
  if (f->type == WG_F_STR) return strlen(f->s) == f->n && wg_parse_u64(f->s, UINT64_MAX, v);
  *v = f->u;
  return f->type == WG_F_DEC;
}

// The same, also written as 1.0: what a table or a script with one kind of numbers makes of it.
static bool whole(const struct wg_field *f, uint64_t *v) {
  char *end;
  if (integer(f, v)) return true;
  if (f->type != WG_F_RAW) return false;
  double real = strtod(f->s, &end);
  if (end != f->s + f->n || !(real >= 0 && real <= 9007199254740992.0)) return false;
  *v = (uint64_t)real;
  return (double)*v == real;
}

// With us 0 is no thread. Who counts threads from 0 has it start or call before all others do.
static bool zero_is_a_thread(struct state *s, enum wg_kind kind, uint64_t number) {
  bool begins = kind == WG_EV_KERNEL_CALL || kind == WG_EV_THREAD_START;
  if (s->zero == UNSEEN && begins) s->zero = number == 0 ? A_THREAD : NO_THREAD;
  return number == 0 && s->zero == A_THREAD;
}

static bool number_of(struct state *s, uint64_t hash, uint32_t *tid) {
  uint64_t v;
  if (!wg_map_get(&s->named, hash, &v)) {
    v = NAMED_TID + s->nnamed;
    if (s->nnamed == WG_MOST_THREADS) return false;
    wg_map_put(&s->named, hash, v);
    s->nnamed++;
  }
  *tid = (uint32_t)v;
  return true;
}

static int tid_of(struct state *s, const struct member *m, enum wg_kind kind, uint32_t *tid, struct wg_err *err) {
  uint64_t v;
  *tid = 0;
  if (!m->there || wg_field_is_null(&m->f)) return 0;
  bool zero = false;
  if (whole(&m->f, &v) && v <= UINT32_MAX) {
    *tid = (uint32_t)v;
    zero = zero_is_a_thread(s, kind, v);
    if (!zero) return 0;
  }
  // One of the host's (a pthread_t) is as good as a name.
  bool is_long = m->f.type == WG_F_DEC && (zero || strcmp(m->name, "tid") != 0);
  if (m->f.type != WG_F_STR && !is_long)
    return no_number(m, "a thread's number, from 0 to 4294967295, or its name", err);
  uint64_t hash = zero ? wg_hash_u64(0, 0) : is_long ? wg_hash_u64(m->f.u, 0) : wg_hash(m->f.s, m->f.n, 0);
  if (!number_of(s, hash, tid)) return no_number(m, "one of at most 262144 threads", err);
  keep(s, m->f, is_long && !zero ? (struct place){m->name, m->within} : (struct place){"thread_name", NULL});
  return 0;
}

static int idx_of(struct state *s, const struct member *m, struct wg_event *e, struct wg_err *err) {
  uint64_t next;
  bool known = wg_map_get(&s->next, e->tid, &next);
  uint64_t idx = known ? next : 0;
  if (m->there && !wg_field_is_null(&m->f) && (!whole(&m->f, &idx) || idx > WG_JSONL_IDX_MAX)) {
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

// A date with its time, as 2026-11-26T16:44:00.25+01:00 (a space for the T; without a zone: of UTC), in nanoseconds
// since 1970.
static bool date_time(const struct wg_field *f, uint64_t *ns) {
  char part[6][5] = {{0}};
  int used = 0, zone_h = 0, zone_m = 0;
  char sign = 0;
  if (sscanf(f->s, "%4[0-9]-%2[0-9]-%2[0-9]%*1[T ]%2[0-9]:%2[0-9]:%2[0-9]%n", part[0], part[1], part[2], part[3],
             part[4], part[5], &used) != 6)
    return false;
  const char *p = f->s + used;
  uint64_t fraction = 0, unit = 1000000000;
  if (*p == '.' || *p == ',')
    for (p++; *p >= '0' && *p <= '9'; p++)
      if (unit > 1) fraction += (uint64_t)(*p - '0') * (unit /= 10);
  if (*p == 'Z') {
    p++;
  } else if (*p == '+' || *p == '-') {
    if (sscanf(p, "%c%2d:%2d%n", &sign, &zone_h, &zone_m, &used) != 3) return false;
    p += used;
  }
  int v[6];
  for (int i = 0; i < 6; i++) v[i] = (int)strtol(part[i], NULL, 10);
  if (*p || v[0] < 1970 || v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31 || v[3] > 23 || v[4] > 59 || v[5] > 60)
    return false;
  struct tm utc = {
      .tm_year = v[0] - 1900, .tm_mon = v[1] - 1, .tm_mday = v[2], .tm_hour = v[3], .tm_min = v[4], .tm_sec = v[5]};
  int64_t s = timegm(&utc);
  s -= (sign == '-' ? -1 : 1) * (zone_h * 3600 + zone_m * 60);
  if (s < 0 || s > 18000000000) return false;
  *ns = (uint64_t)s * 1000000000 + fraction;
  return true;
}

// A count of something, times its unit. Text that is no number says nothing that could be compared: it is kept.
static int count_of(struct state *s, const struct member *m, uint64_t *v, bool *there, struct wg_err *err) {
  char *end;
  double real = -1, times = m->times;
  *there = false;
  if (!m->there || wg_field_is_null(&m->f)) return 0;
  if (integer(&m->f, v)) {
    if (times == 1 || times == WG_TIMES_UNSAID) {
      *there = true;
      return 0;
    }
    real = (double)*v;
  } else if (m->f.type == WG_F_RAW || m->f.type == WG_F_STR) {
    real = strtod(m->f.s, &end);
    if (m->f.type == WG_F_STR && (end == m->f.s || *end)) {
      *there = m == &s->members[WG_MEANS_NS] && date_time(&m->f, v);
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

static void kind_of(struct state *s, const struct member *m, struct wg_event *e) {
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

static void place_items(struct state *s, struct wg_event *e) {
  for (size_t i = 0; i < s->n; i++) s->items[i].f.key = wg_jsonl_map_key(e->kind, s->items[i].f.key);
  name_items(s);
  bool has_args = false;
  if (s->n > WG_EVENT_FIELDS) WG_VEC_SET(s->more, s->n);
  for (size_t i = 0; i < s->n; i++) {
    struct wg_field *f = i < WG_EVENT_FIELDS ? &e->fields[i] : &s->more[i - WG_EVENT_FIELDS];
    *f = s->items[i].f;
    uint64_t v;
    if (f->key == WG_K_CHILD && f->type == WG_F_STR && integer(f, &v)) {
      f->type = WG_F_DEC;
      f->u = v;
    }
    uint32_t number;
    if (e->kind == WG_EV_THREAD_CREATE && f->key == WG_K_CHILD && f->type == WG_F_DEC && f->u == 0) {
      s->zero = A_THREAD;
      if (number_of(s, wg_hash_u64(0, 0), &number)) f->u = number;
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
  take_object(s, &s->objects[0], NULL, 0);
  kind_of(s, &s->members[WG_MEANS_KIND], e);
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

static enum wg_line_result line(void *p, char *text, size_t n, struct wg_event *e, bool *more, struct wg_err *err) {
  (void)more;
  if (wg_json_is_blank(text, n)) return WG_LINE_NONE;
  if (text[n - 1] == '\r') n--;
  return convert(p, text, n, e, err) == 0 ? WG_LINE_EVENT : WG_LINE_BAD;
}

// Whether a line speaks schema 1 (BARE: without its numbers, or with numbers as text or as 1.0), other names for it, or
// neither; or is the head of a trace of ours.
enum speech { NEITHER, OURS, BARE, THEIRS, HEADER };

// What a line says by schema 1's names.
struct own_names {
  bool header, kind, known, tid, idx, odd; // odd: a number is written as text or as 1.0
};

static struct own_names own_names_of(struct wg_jsonl *o) {
  struct own_names own = {false};
  for (size_t i = 0; i < wg_jsonl_members(o); i++) {
    const char *name;
    struct wg_field f = wg_jsonl_member(o, i, &name);
    if (strcmp(name, "kind") == 0) {
      own.kind = f.type == WG_F_STR;
      own.header = own.kind && strcmp(f.s, "trace.header") == 0;
      own.known = own.kind && wg_kind_of(f.s) != WG_EV_OTHER;
    }
    bool tid = strcmp(name, "tid") == 0, idx = strcmp(name, "idx") == 0;
    own.tid |= tid;
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
  if (own.header) return HEADER;
  if (wg_mapping_given(s->m)) return THEIRS;
  if (own.kind && own.tid && own.idx) return own.odd ? BARE : OURS;
  if (own.known) return BARE;
  take_object(s, &s->objects[0], NULL, 0);
  enum wg_means first = !own.kind ? WG_MEANS_KIND : !own.tid ? WG_MEANS_TID : WG_MEANS_IDX;
  const struct member *m = &s->members[first];
  return m->there && (m->within || strcmp(m->name, "kind") != 0) ? THEIRS : NEITHER;
}

static enum speech speech_of_line(struct state *s, const char *text, size_t n) {
  while (n && (*text == ' ' || *text == '\t' || *text == '\r')) text++, n--;
  return n && *text == '{' ? speech_of(s, text, n) : NEITHER;
}

// Lines of either kind may stand in one file: both are read here. Whether schema 1 has its numbers is told by the first
// line of it.
static bool probe(const char *head, size_t n, const struct wg_mapping *m) {
  struct state *s = state_open(m);
  enum speech is = NEITHER, first = NEITHER;
  const char *p = head, *end = head + n;
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')) p++;
  if (p < end && *p != '{') end = p;
  for (int lines = 0; p < end && is != THEIRS && is != HEADER && lines < LOOK_AT; lines++) {
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    const char *stop = newline ? newline : end;
    is = speech_of_line(s, p, (size_t)(stop - p));
    if (first == NEITHER) first = is;
    p = stop + 1;
  }
  state_close(s);
  return is == THEIRS || (first == BARE && is != HEADER);
}

static bool speaks(const char *text, size_t n, const struct wg_mapping *m) {
  struct state *s = state_open(m);
  enum speech is = speech_of_line(s, text, n);
  state_close(s);
  return is == THEIRS;
}

const struct wg_importer wg_import_mapped = {"mapped JSON Lines", probe, state_open, line, NULL, state_close, speaks};
