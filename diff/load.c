// Reads a trace or log into the model: one pass, a few hundred bytes of state for each thread.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_iter.h"
#include "diff/model.h"
#include "diff/squares.h"
#include "trace/reader.h"

#define OPEN 32 // calls of a thread that may be open at once

struct wg_builder {
  struct wg_squares squares;
  size_t settled; // steps that have been through it
  struct wg_open *open;
  unsigned nopen, open_cap;
};

struct load {
  struct wg_side *s;
  const char *ignore;
  uint64_t keep; // calls of the side
  bool destroys; // the log tells when handles end
  bool text_log; // calls of a thread follow one another, whatever returns are told
  struct wg_buf text;
  const struct wg_watch *watch; // or NULL
};

#define GROW(array, n, cap)                                                                                            \
  do {                                                                                                                 \
    if ((n) == (cap)) {                                                                                                \
      (cap) = (cap) ? (cap)*2 : 16;                                                                                    \
      (array) = wg_xrealloc((array), (cap) * sizeof *(array));                                                         \
    }                                                                                                                  \
  } while (0)

struct wg_dthread *wg_side_thread(const struct wg_side *s, uint32_t tid) {
  uint64_t i;
  return wg_map_get(&s->by_tid, tid, &i) ? &s->threads[i] : NULL;
}

#define NAMED 24 // threads that are listed

int wg_side_no_thread(const struct wg_side *s, const char *option, uint64_t tid, struct wg_err *err) {
  struct wg_buf b = {0};
  size_t n = 0;
  for (size_t i = 0; i < s->nthreads; i++) {
    if (s->threads[i].calls == 0) continue;
    if (n++ < NAMED) wg_buf_printf(&b, "%s%u", n > 1 ? ", " : "", s->threads[i].tid);
  }
  if (n > NAMED) wg_buf_printf(&b, " and %zu more", n - NAMED);
  int code = wg_fail(err, WG_INPUT, "%s: %s has no thread %llu; the threads that make calls are %s", option, s->path,
                     (unsigned long long)tid, b.data ? b.data : "none");
  wg_buf_release(&b);
  return code;
}

static struct wg_dthread *thread_of(struct wg_side *s, uint32_t tid) {
  struct wg_dthread *t = wg_side_thread(s, tid);
  if (t) return t;
  GROW(s->threads, s->nthreads, s->threads_cap);
  wg_map_put(&s->by_tid, tid, s->nthreads);
  t = &s->threads[s->nthreads++];
  *t = (struct wg_dthread){.tid = tid,
                           .parent = WG_NONE,
                           .create_step = WG_NONE,
                           .object = WG_NONE,
                           .blocked_step = WG_NONE,
                           .builder = wg_xcalloc(1, sizeof *t->builder)};
  return t;
}

static uint32_t index_of(const struct wg_side *s, const struct wg_dthread *t) { return (uint32_t)(t - s->threads); }

// -- steps --

static void forget_waits(struct wg_dthread *t) {
  while (t->nwaits && t->waits[t->nwaits - 1].step >= t->nsteps) t->nwaits--;
}

// Steps are kept one by one as long as that costs little, for the order in which calls end and give their values tells
// more than their number: so many of a side, and of each of its threads at least so many.
#define KEEP_ALL (8u << 20)
#define KEEP (1u << 17)
// And rounds of up to so many steps are found among those that follow.
#define LONGEST (1u << 16)

// Lets repetitions merge, as far as no call is open. What came before the first that may merge stays as it is.
static void settle(const struct load *l, struct wg_dthread *t, size_t upto) {
  struct wg_builder *b = t->builder;
  if (b->settled == 0) {
    if (upto <= KEEP || l->s->calls <= l->keep) return;
    b->settled = upto;
  }
  b->squares.window = 2 * LONGEST;
  while (b->settled < upto) {
    const struct wg_step *x = &t->steps[b->settled];
    size_t p = wg_squares_push(&b->squares, (uint64_t)x->content << 32 | x->object);
    b->settled++;
    if (p == 0) continue;
    size_t first = b->settled - p;
    for (size_t i = 0; i < p; i++) t->steps[first - p + i].count += t->steps[first + i].count;
    memmove(t->steps + first, t->steps + b->settled, (t->nsteps - b->settled) * sizeof *t->steps);
    t->nsteps -= p;
    upto -= p;
    b->settled = first;
    if (b->settled == t->nsteps) forget_waits(t);
  }
}

static void finish(struct load *l, struct wg_dthread *t, const struct wg_open *o, const struct wg_returned *r,
                   unsigned flags) {
  if (o->wait && o->wait <= t->nwaits && t->waits[o->wait - 1].timeout_ns >= 0) flags |= WG_C_TIMED;
  if (t->steps) t->steps[o->step].content = wg_content_intern(l->s, o, r, flags);
}

// Of the calls from the bottom up, those that are no longer open may merge.
static void settle_closed(const struct load *l, struct wg_dthread *t) {
  struct wg_builder *b = t->builder;
  if (b->nopen == 0) settle(l, t, t->nsteps);
}

// What returns are not told of is closed by what follows.
static void close_from(struct load *l, struct wg_dthread *t, unsigned first, unsigned flags) {
  struct wg_builder *b = t->builder;
  static const struct wg_returned unknown;
  while (b->nopen > first) finish(l, t, &b->open[--b->nopen], &unknown, flags);
}

// The oldest open call makes room; nobody will tell of its return.
static void make_room(struct load *l, struct wg_dthread *t) {
  struct wg_builder *b = t->builder;
  static const struct wg_returned unknown;
  if (b->nopen < b->open_cap) return;
  if (b->open_cap < OPEN) {
    b->open_cap = b->open_cap ? b->open_cap * 2 : 1;
    b->open = wg_xrealloc(b->open, b->open_cap * sizeof *b->open);
    return;
  }
  // In a log without returns all of them have returned by now.
  unsigned first = t->knows_returns ? 1 : b->nopen;
  for (unsigned i = 0; i < first; i++) finish(l, t, &b->open[i], &unknown, 0);
  memmove(b->open, b->open + first, (b->nopen - first) * sizeof *b->open);
  b->nopen -= first;
  settle_closed(l, t);
}

static bool ignored(const char *list, const char *name) {
  size_t n = strlen(name);
  for (const char *p = list; p && *p;) {
    size_t len = strcspn(p, ",");
    if (len == n && memcmp(p, name, n) == 0) return true;
    p += len + (p[len] == ',');
  }
  return false;
}

static void set_args(struct wg_open *o, const struct wg_field *f) {
  const unsigned max = sizeof o->args / sizeof *o->args;
  if (f == NULL) return;
  if (f->type == WG_F_HEXES) {
    for (size_t i = 0; i < f->n && o->nargs < max; i++) o->args[o->nargs++] = f->v[i];
    o->has_args = true;
    return;
  }
  struct wg_json_iter it;
  struct wg_json_member m;
  if (f->type != WG_F_RAW || !wg_json_walk(&it, f->s, f->n) || it.object) return;
  o->has_args = true;
  // What is no number ends what is known: those behind it must not take its place.
  while (o->nargs < max && wg_json_next(&it, &m) && wg_json_int(&m, &o->args[o->nargs])) o->nargs++;
}

// Arguments that a log leaves out altogether are not known, not none.
static void check_args(struct wg_open *o) {
  if (o->nargs == 0 && !(o->nt && o->nt->params[0] == 0)) o->has_args = false;
}

static void set_detail(struct load *l, struct wg_open *o, const struct wg_field *f) {
  static const char *const keys[] = {"path", "string", "object_name"};
  struct wg_json_iter it;
  struct wg_json_member m;
  if (f == NULL || f->type != WG_F_RAW || f->n <= 2 || !wg_json_walk(&it, f->s, f->n) || !it.object) return;
  size_t best = 3;
  while (wg_json_next(&it, &m))
    for (size_t i = 0; i < best; i++) {
      if (!wg_json_is(&m, keys[i])) continue;
      wg_buf_clear(&l->text);
      if (!wg_json_text(&m, &l->text)) continue;
      o->detail = wg_strings_id(&l->s->strings, l->text.data, l->text.len);
      best = i;
    }
}

static bool initializes(const char *name) {
  return strncmp(name, "KeInitialize", 12) == 0 || strncmp(name, "RtlInitializeCritical", 21) == 0 ||
         strncmp(name, "ExInitializeReadWrite", 21) == 0;
}

static uint32_t placed_type(struct wg_side *s, const char *name) {
  static const struct {
    const char *part, *type;
  } types[] = {{"Event", "Event"},   {"Semaphore", "Semaphore"},      {"Timer", "Timer"},
               {"Mutant", "Mutant"}, {"Critical", "CriticalSection"}, {"ReadWrite", "ReadWriteLock"}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strstr(name, types[i].part)) return wg_strings_id(&s->strings, types[i].type, strlen(types[i].type));
  return 0;
}

static void created_here(struct wg_side *s, uint32_t object, const struct wg_dthread *t, const struct wg_open *o) {
  struct wg_dobject *x = &s->objects[object];
  x->thread = index_of(s, t);
  x->step = o->step;
  x->call = o->name;
  x->lr = o->lr;
}

// The object that a call is about: by its first handle or dispatcher object.
static uint32_t object_of(struct load *l, const struct wg_dthread *t, const struct wg_open *o, const char *name) {
  struct wg_side *s = l->s;
  const char *kinds = o->nt ? o->nt->params : "";
  for (unsigned i = 0; kinds[i] && i < o->nargs; i++) {
    uint32_t v = (uint32_t)o->args[i];
    if (kinds[i] == 'h' && v) return wg_object_by_handle(s, v);
    if (kinds[i] != 'O' || v == 0) continue;
    if (initializes(name)) {
      uint32_t id = wg_object_add(s, placed_type(s, name));
      s->objects[id].guest = v;
      wg_map_put(&s->by_guest, v, id);
      created_here(s, id, t, o);
    }
    uint32_t id = wg_object_by_guest(s, v);
    if (s->objects[id].type == 0) s->objects[id].type = placed_type(s, name);
    return id;
  }
  return WG_NONE;
}

static void close_silent_wait(struct wg_dthread *t) {
  if (t->nwaits == 0 || t->waits[t->nwaits - 1].end_seq) return;
  t->waits[t->nwaits - 1].end_seq = t->last_seq;
  t->waits[t->nwaits - 1].end_ns = t->last_ns;
}

static void on_call(struct load *l, struct wg_dthread *t, const struct wg_event *e, const char *name, size_t n) {
  struct wg_side *s = l->s;
  struct wg_builder *b = t->builder;
  if (l->text_log) {
    close_from(l, t, 0, WG_C_PASSED);
    settle_closed(l, t);
  }
  make_room(l, t);
  if (b->nopen == 0) close_silent_wait(t);
  if (b->nopen && !(b->open[b->nopen - 1].nt && b->open[b->nopen - 1].nt->flags & WG_NT_WAITS))
    b->open[b->nopen - 1].effects |= WG_DID_RUN;
  struct wg_open *o = &b->open[b->nopen++];
  uint64_t lr;
  *o = (struct wg_open){.step = (uint32_t)t->nsteps,
                        .name = wg_strings_id(&s->strings, name, n),
                        .nt = wg_nt_find(name, n),
                        .lr = wg_ev_u64(e, WG_K_LR, &lr) ? (uint32_t)lr : 0,
                        .created = WG_NONE};
  set_args(o, wg_ev_get(e, WG_K_ARGS));
  check_args(o);
  set_detail(l, o, wg_ev_get(e, WG_K_ARGS_RESOLVED));
  GROW(t->steps, t->nsteps, t->cap);
  t->steps[t->nsteps++] = (struct wg_step){.content = WG_NONE,
                                           .object = object_of(l, t, o, name),
                                           .idx = (uint32_t)e->idx,
                                           .seq = (uint32_t)s->events,
                                           .count = 1};
  t->call_ns = e->host_ns;
  t->calls++;
  s->calls++;
}

// What an event shows of the innermost call of its thread.
static void effect(struct wg_side *s, struct wg_dthread *t, unsigned what) {
  struct wg_builder *b = t->builder;
  s->effects |= what;
  if (b->nopen == 0) return;
  struct wg_open *o = &b->open[b->nopen - 1];
  if ((what & WG_DID_SIGNAL) && (o->effects & WG_DID_SIGNAL)) what |= WG_DID_SIGNALS;
  o->effects |= what;
}

// -- how an object was made, as its touches tell --

static void first_touch(struct wg_dobject *o, int32_t state) {
  if (!o->touched) o->initial = state;
  o->touched = true;
}

static void saw_after_take(struct wg_dobject *o, bool still) {
  if (!o->taken) return;
  if (still && o->keeps < 255) o->keeps++;
  if (!still && o->takes < 255) o->takes++;
  o->taken = false;
}

// -- locks: who has them --

static void track_lock(struct wg_side *s, const struct wg_dthread *t, const struct wg_step *x,
                       const struct wg_nt_export *nt, const struct wg_returned *r) {
  if (nt == NULL || x->object == WG_NONE || !(nt->flags & (WG_NT_LOCK | WG_NT_UNLOCK))) return;
  struct wg_dobject *o = &s->objects[x->object];
  uint32_t me = index_of(s, t);
  if (nt->flags & WG_NT_LOCK) {
    if (nt->ret == 'b' && r->has_rv && (r->rv & 0xFF) == 0) return;
    o->depth = o->owner == me ? o->depth + 1 : 1;
    o->owner = me;
    o->owner_step = (uint32_t)(x - t->steps);
  } else if (o->owner == me && --o->depth == 0) {
    o->owner = WG_NONE;
  }
}

static void track_mutant(struct wg_side *s, const struct wg_dthread *t, const struct wg_step *x, const char *name,
                         uint32_t rv) {
  if (x->object == WG_NONE) return;
  struct wg_dobject *o = &s->objects[x->object];
  uint32_t me = index_of(s, t);
  if (strcmp(wg_str(s, o->type), "Mutant") != 0) return;
  if (strstr(name, "Release")) {
    if (o->owner == me && o->depth && --o->depth == 0) o->owner = WG_NONE;
  } else if (strstr(name, "WaitForSingle") && (rv == 0 || rv == 0x80)) {
    o->depth = o->owner == me ? o->depth + 1 : 1;
    o->owner = me;
    o->owner_step = (uint32_t)(x - t->steps);
  } else if (strstr(name, "CreateMutant") && rv == 0) {
    const struct wg_content *c = x->content == WG_NONE ? NULL : &s->contents[x->content];
    if (c && c->nargs >= 3 && wg_arg(s, c, 2)) o->owner = me, o->depth = 1, o->owner_step = (uint32_t)(x - t->steps);
  }
}

static void closed_handle(struct load *l, const struct wg_open *o, uint32_t object) {
  uint64_t id;
  if (l->destroys || o->nt == NULL || !(o->nt->flags & WG_NT_CLOSES) || o->nargs == 0 || o->nt->params[0] != 'h')
    return;
  if (wg_map_get(&l->s->by_handle, (uint32_t)o->args[0], &id) && id == object)
    wg_map_del(&l->s->by_handle, (uint32_t)o->args[0]);
}

// -- returns --

static unsigned find_open(const struct wg_builder *b, uint32_t name) {
  for (unsigned i = b->nopen; i-- > 0;)
    if (b->open[i].name == name) return i;
  return UINT32_MAX;
}

// A call that an event belongs to may have no handle argument: what it created is what it is about.
static void adopt_created(struct wg_dthread *t, struct wg_open *o) {
  if (o->created != WG_NONE && t->steps[o->step].object == WG_NONE) t->steps[o->step].object = o->created;
}

static void result_of(struct load *l, const struct wg_dthread *t, const struct wg_open *o, const struct wg_event *e,
                      struct wg_returned *r) {
  uint64_t v;
  r->known = true;
  if (!(wg_ev_u64(e, WG_K_VOID, &v) && v) && wg_ev_u64(e, WG_K_RV, &v)) {
    r->has_rv = true;
    r->rv = (uint32_t)v;
  } else if (wg_ev_u64(e, WG_K_STATUS, &v)) {
    r->has_rv = true;
    r->rv = (uint32_t)v;
  }
  const struct wg_field *out = wg_ev_get(e, WG_K_OUT);
  if (out && out->type == WG_F_RAW) {
    r->has_out = true;
    r->out = wg_out_intern(l->s, out->s, out->n);
  }
  if (o->wait) {
    const struct wg_dwait *w = &t->waits[o->wait - 1];
    r->timedout = w->by_timeout;
  }
}

static void on_return(struct load *l, struct wg_dthread *t, const struct wg_event *e, const char *name, size_t n) {
  struct wg_side *s = l->s;
  struct wg_builder *b = t->builder;
  s->has_returns = true;
  t->knows_returns = true;
  unsigned i = find_open(b, wg_strings_id(&s->strings, name, n));
  if (i == UINT32_MAX) return;
  close_from(l, t, i + 1, WG_C_OPEN);
  struct wg_open *o = &b->open[i];
  struct wg_returned r = {0};
  result_of(l, t, o, e, &r);
  adopt_created(t, o);
  finish(l, t, o, &r, 0);
  struct wg_step *x = &t->steps[o->step];
  track_lock(s, t, x, o->nt, &r);
  track_mutant(s, t, x, name, r.rv);
  closed_handle(l, o, x->object);
  b->nopen = i;
  // A wait whose end is still to come, or never does, stays as it is until then.
  if (t->nwaits && t->waits[t->nwaits - 1].end_seq == 0 && t->waits[t->nwaits - 1].step == o->step) {
    b->nopen = i; // the step must not merge before the thread goes on
    return;
  }
  settle_closed(l, t);
}

// -- waits --

static uint32_t object_of_hsid(struct wg_side *s, uint64_t hsid) {
  uint64_t id;
  if (wg_map_get(&s->by_hsid, hsid, &id)) return (uint32_t)id;
  id = wg_object_add(s, 0);
  wg_map_put(&s->by_hsid, hsid, id);
  return (uint32_t)id;
}

static bool hsid_digits(const char *text, uint64_t *out) {
  uint64_t v = 0;
  for (size_t i = 0; i < 16; i++) {
    char c = text[i];
    int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (d < 0) return false;
    v = v << 4 | (unsigned)d;
  }
  *out = v;
  return true;
}

static bool hsid_text(const struct wg_json_member *m, uint64_t *out) {
  return m->nvalue == 18 && m->value[0] == '"' && hsid_digits(m->value + 1, out);
}

static void set_type(struct wg_side *s, uint32_t object, const struct wg_json_member *m) {
  struct wg_buf text = {0};
  if (s->objects[object].type == 0 && wg_json_text(m, &text))
    s->objects[object].type = wg_strings_id(&s->strings, text.data, text.len);
  wg_buf_release(&text);
}

// {"hsid":"...","guest_object":"0x...","object_type":"..."}: calls name it by its address, signals by its id.
static struct wg_waited placed_object(struct wg_side *s, const struct wg_json_member *m) {
  struct wg_json_iter it;
  struct wg_json_member x, type = {0};
  uint64_t hsid = 0, guest = 0, known;
  if (!wg_json_walk(&it, m->value, m->nvalue)) return (struct wg_waited){.object = WG_NONE};
  while (wg_json_next(&it, &x)) {
    if (wg_json_is(&x, "hsid")) hsid_text(&x, &hsid);
    if (wg_json_is(&x, "guest_object")) wg_json_int(&x, &guest);
    if (wg_json_is(&x, "object_type")) type = x;
  }
  uint32_t id;
  if (guest && wg_map_get(&s->by_guest, (uint32_t)guest, &known)) {
    id = (uint32_t)known;
    if (hsid) wg_map_put(&s->by_hsid, hsid, id);
  } else if (hsid && wg_map_get(&s->by_hsid, hsid, &known)) {
    id = (uint32_t)known;
    if (guest) wg_map_put(&s->by_guest, (uint32_t)guest, id);
  } else {
    id = guest ? wg_object_by_guest(s, (uint32_t)guest) : object_of_hsid(s, hsid);
    if (hsid) wg_map_put(&s->by_hsid, hsid, id);
  }
  if (type.value) set_type(s, id, &type);
  return (struct wg_waited){id, hsid};
}

static struct wg_waited waited_object(struct wg_side *s, const struct wg_json_member *m, uint32_t guest) {
  uint64_t v;
  if (m->nvalue && m->value[0] == '{') return placed_object(s, m);
  if (hsid_text(m, &v)) return (struct wg_waited){object_of_hsid(s, v), v};
  if (!wg_json_int(m, &v)) return (struct wg_waited){.object = WG_NONE};
  if (v == 0 && guest) return (struct wg_waited){.object = wg_object_by_guest(s, guest)};
  return (struct wg_waited){.object = wg_object_by_handle(s, (uint32_t)v)};
}

uint32_t wg_waited(struct wg_side *s, const struct wg_event *e, struct wg_waited *out, uint32_t max) {
  const struct wg_field *h = wg_ev_get(e, WG_K_HANDLES), *g = wg_ev_get(e, WG_K_GUEST_OBJECTS);
  struct wg_json_iter it, git = {0};
  struct wg_json_member m, gm;
  uint32_t n = 0;
  if (h == NULL || h->type != WG_F_RAW || !wg_json_walk(&it, h->s, h->n)) return 0;
  bool guests = g && g->type == WG_F_RAW && wg_json_walk(&git, g->s, g->n);
  while (n < max && wg_json_next(&it, &m)) {
    uint64_t guest = 0;
    if (guests && wg_json_next(&git, &gm)) wg_json_int(&gm, &guest);
    out[n++] = waited_object(s, &m, (uint32_t)guest);
  }
  return n;
}

static void add_waited(struct load *l, struct wg_dwait *w, const struct wg_event *e) {
  struct wg_side *s = l->s;
  struct wg_waited list[WG_WAITED];
  uint32_t n = wg_waited(s, e, list, WG_WAITED);
  w->objects = (uint32_t)s->nwait_objects;
  for (uint32_t i = 0; i < n; i++) {
    if (list[i].object == WG_NONE) continue;
    GROW(s->wait_objects, s->nwait_objects, s->wait_objects_cap);
    s->wait_objects[s->nwait_objects++] = list[i].object;
    w->n++;
  }
}

// An engine that gives objects in guest memory handles of its own waits for those: they are names of what the call is
// about.
static void unite_named(struct wg_side *s, const struct wg_open *o, uint32_t about, const struct wg_dwait *w) {
  if (w->n != 1 || about == WG_NONE || o->nt == NULL || o->nt->params[0] != 'O') return;
  uint32_t *waited = &s->wait_objects[w->objects];
  const struct wg_dobject *x = &s->objects[*waited];
  if (*waited == about || !x->by_handle || s->objects[about].guest == 0) return;
  wg_map_put(&s->by_handle, x->handle, about);
  *waited = about;
}

static void on_wait_begin(struct load *l, struct wg_dthread *t, const struct wg_event *e) {
  struct wg_builder *b = t->builder;
  l->s->has_waits = true;
  if (t->nsteps == 0 || b->nopen == 0) return; // of no call that was recorded
  struct wg_open *o = &b->open[b->nopen - 1];
  close_silent_wait(t);
  GROW(t->waits, t->nwaits, t->waits_cap);
  struct wg_dwait *w = &t->waits[t->nwaits++];
  uint64_t v;
  *w = (struct wg_dwait){.step = o->step, .by_tid = WG_NONE, .begin_ns = e->host_ns, .timeout_ns = -1};
  if (wg_ev_u64(e, WG_K_TIMEOUT_NS, &v))
    w->timeout_ns = (int64_t)v;
  else
    l->s->no_limits = true;
  w->alertable = wg_ev_u64(e, WG_K_ALERTABLE, &v) && v;
  effect(l->s, t, WG_DID_WAIT | (w->timeout_ns < 0 ? WG_DID_WAIT_ENDLESS : 0) | (w->alertable ? WG_DID_ALERTABLE : 0));
  const char *type = wg_ev_text(e, WG_K_WAIT_TYPE);
  w->all = type && strcmp(type, "all") == 0;
  if (w->all) effect(l->s, t, WG_DID_WAIT_ALL);
  add_waited(l, w, e);
  unite_named(l->s, o, t->steps[o->step].object, w);
  o->wait = (uint32_t)t->nwaits;
  if (w->n && (t->steps[o->step].object == WG_NONE || w->n == 1))
    t->steps[o->step].object = l->s->wait_objects[w->objects];
}

static void on_wait_end(struct load *l, struct wg_dthread *t, const struct wg_event *e) {
  const struct wg_field *f = wg_ev_get(e, WG_K_SATISFIED_BY);
  l->s->has_wait_ends = true;
  if (t->nwaits == 0) return;
  struct wg_dwait *w = &t->waits[t->nwaits - 1];
  uint64_t v;
  if (w->end_seq) return;
  w->end_seq = (uint32_t)l->s->events;
  w->end_ns = e->host_ns;
  if (wg_ev_u64(e, WG_K_STATUS, &v)) {
    w->by_timeout = (uint32_t)v == 0x102;
    w->by_apc = (uint32_t)v == 0xC0;
  }
  if (f && f->type == WG_F_STR) {
    w->by_timeout = strcmp(f->s, "timeout") == 0;
    w->by_apc = strcmp(f->s, "apc") == 0;
    w->already = strcmp(f->s, "already") == 0;
  }
  struct wg_json_iter it;
  struct wg_json_member m;
  if (f && f->type == WG_F_RAW && wg_json_walk(&it, f->s, f->n))
    while (wg_json_next(&it, &m)) {
      if (!wg_json_int(&m, &v) || v >= WG_NONE) continue;
      if (wg_json_is(&m, "tid")) w->by_tid = (uint32_t)v;
      if (wg_json_is(&m, "idx")) w->by_idx = (uint32_t)v;
    }
  if (w->n != 1 || w->by_apc) return;
  struct wg_dobject *o = &l->s->objects[l->s->wait_objects[w->objects]];
  if (w->already || w->by_timeout) {
    first_touch(o, w->already);
    saw_after_take(o, w->already);
  }
  o->taken = w->already || w->by_tid != WG_NONE;
}

// -- handles and threads --

bool wg_hsid_of(const struct wg_event *e, uint64_t *hsid) {
  const struct wg_field *f = wg_ev_get(e, WG_K_HSID);
  if (f == NULL) return false;
  if (f->type == WG_F_ID) *hsid = f->u;
  return f->type == WG_F_ID || (f->type == WG_F_STR && f->n == 16 && hsid_digits(f->s, hsid));
}

static uint32_t text_of(struct wg_side *s, const struct wg_event *e, enum wg_key key) {
  const struct wg_field *f = wg_ev_get(e, key);
  return f && f->type == WG_F_STR ? wg_strings_id(&s->strings, f->s, f->n) : 0;
}

static void on_handle(struct load *l, struct wg_dthread *t, const struct wg_event *e) {
  struct wg_side *s = l->s;
  uint64_t raw, hsid = 0, id;
  if (!wg_ev_u64(e, WG_K_RAW, &raw) && !wg_ev_u64(e, WG_K_HANDLE, &raw)) return;
  struct wg_builder *b = t->builder;
  struct wg_open *o = b->nopen ? &b->open[b->nopen - 1] : NULL;
  bool has_id = wg_hsid_of(e, &hsid), known = has_id && wg_map_get(&s->by_hsid, hsid, &id);
  effect(s, t, WG_DID_CREATE);
  bool dup = e->kind == WG_EV_HANDLE_DUP || (o && strcmp(wg_str(s, o->name), "NtDuplicateObject") == 0);
  if (!known && dup && o && t->steps[o->step].object != WG_NONE) {
    id = t->steps[o->step].object;
    known = true;
  }
  if (!known) {
    id = wg_object_add(s, text_of(s, e, WG_K_OBJECT_TYPE));
    if (o) {
      created_here(s, (uint32_t)id, t, o);
      s->objects[id].name = o->detail;
    } else {
      s->objects[id].thread = index_of(s, t);
    }
    if (has_id) wg_map_put(&s->by_hsid, hsid, id);
  }
  if (s->objects[id].type == 0) s->objects[id].type = text_of(s, e, WG_K_OBJECT_TYPE);
  s->objects[id].handle = (uint32_t)raw;
  s->objects[id].by_handle = true;
  wg_map_put(&s->by_handle, (uint32_t)raw, id);
  if (o && o->created == WG_NONE) {
    o->created = (uint32_t)id;
    adopt_created(t, o);
  }
}

static void on_handle_end(struct load *l, struct wg_dthread *t, const struct wg_event *e) {
  uint64_t raw;
  effect(l->s, t, WG_DID_DESTROY);
  l->destroys = true;
  if (wg_ev_u64(e, WG_K_RAW, &raw) || wg_ev_u64(e, WG_K_HANDLE, &raw)) wg_map_del(&l->s->by_handle, (uint32_t)raw);
}

static void on_thread_create(struct load *l, const struct wg_event *e) {
  struct wg_side *s = l->s;
  uint64_t child, v;
  if (!wg_ev_u64(e, WG_K_CHILD, &child)) return;
  uint32_t parent = index_of(s, thread_of(s, e->tid));
  struct wg_dthread *t = thread_of(s, (uint32_t)child);
  const struct wg_dthread *p = &s->threads[parent];
  t->created = true;
  t->created_ns = e->host_ns;
  t->parent = parent;
  if (p->builder->nopen) t->create_step = p->builder->open[p->builder->nopen - 1].step;
  if (wg_ev_u64(e, WG_K_ENTRY, &v)) t->entry = (uint32_t)v;
  if (wg_ev_u64(e, WG_K_CTX, &v)) t->ctx = (uint32_t)v;
  if (wg_ev_u64(e, WG_K_FLAGS, &v)) t->flags = (uint32_t)v;
  effect(s, &s->threads[parent], WG_DID_THREAD | (t->flags & 1 ? WG_DID_SUSPENDED : 0));
  // The reference's own threads have handles of their own kind (docs/console.md#logs-of-canary); a log may leave out
  // where others start.
  t->host = t->entry == 0 && wg_ev_u64(e, WG_K_RAW, &v) && v >> 24 == 1;
  uint64_t key = wg_hash_u64(t->entry, parent), n = 0;
  wg_map_get(&s->spawns, key, &n);
  t->spawn = (uint32_t)n;
  wg_map_put(&s->spawns, key, n + 1);
  if (wg_ev_u64(e, WG_K_RAW, &v)) {
    uint32_t o = wg_object_by_handle(s, (uint32_t)v);
    if (o == WG_NONE) return;
    t->object = o;
    s->objects[o].is_thread = index_of(s, t);
    if (s->objects[o].type == 0) s->objects[o].type = wg_strings_id(&s->strings, "Thread", 6);
  }
}

static void on_exit(struct wg_side *s, struct wg_dthread *t, const struct wg_event *e) {
  uint64_t code = 0;
  t->exited = true;
  t->exit_seq = (uint32_t)s->events;
  t->exit_known = wg_ev_u64(e, WG_K_CODE, &code);
  if (t->exit_known) t->exit_code = (uint32_t)code;
}

static void on_exception(struct wg_side *s, struct wg_dthread *t, const struct wg_event *e) {
  uint64_t v;
  if (wg_ev_u64(e, WG_K_DISPATCHED, &v) && v) return;
  t->crashed = true;
  t->crash_text = text_of(s, e, WG_K_CAUSE);
}

// What a release did beside signalling.
static void raised(struct wg_dthread *t, uint64_t by) {
  struct wg_builder *b = t->builder;
  if (b->nopen == 0) return;
  struct wg_open *o = &b->open[b->nopen - 1];
  o->effects |= (unsigned)(by > 15 ? 15 : by) * WG_DID_AMOUNT;
}

// An object in guest memory gets its id when it is first used: the event says where it lies, or the call does.
static void meet_placed(struct wg_side *s, const struct wg_dthread *t, const struct wg_event *e, uint64_t hsid) {
  const struct wg_builder *b = t->builder;
  uint64_t v;
  if (wg_ev_u64(e, WG_K_GUEST_OBJECT, &v) && v) { // another one may be there now than was when it got the id
    wg_map_put(&s->by_hsid, hsid, wg_object_by_guest(s, (uint32_t)v));
    return;
  }
  if (wg_map_get(&s->by_hsid, hsid, &v)) return;
  const struct wg_open *o = b->nopen ? &b->open[b->nopen - 1] : NULL;
  uint32_t object = o && t->steps ? t->steps[o->step].object : WG_NONE;
  if (object != WG_NONE && s->objects[object].guest && o->nt && o->nt->params[0] == 'O')
    wg_map_put(&s->by_hsid, hsid, object);
}

static void on_signal(struct wg_side *s, struct wg_dthread *t, const struct wg_event *e) {
  uint64_t hsid = 0, previous;
  const char *op = wg_ev_text(e, WG_K_OP);
  s->has_signals = true;
  if (op == NULL || !wg_hsid_of(e, &hsid)) return;
  meet_placed(s, t, e, hsid);
  if (strcmp(op, "exit") != 0 && strcmp(op, "fire") != 0) {
    const struct wg_builder *b = t->builder;
    uint32_t about = b->nopen && t->steps ? t->steps[b->open[b->nopen - 1].step].object : WG_NONE;
    const char *name = b->nopen ? wg_str(s, b->open[b->nopen - 1].name) : "";
    bool names =
        strncmp(name, "NtSet", 5) == 0 || strncmp(name, "NtPulse", 7) == 0 || strncmp(name, "NtRelease", 9) == 0;
    bool other = names && about != WG_NONE && s->objects[about].by_handle && object_of_hsid(s, hsid) != about;
    effect(s, t, WG_DID_SIGNAL | (other ? WG_DID_OTHER : 0));
  }
  uint32_t object = object_of_hsid(s, hsid);
  if (wg_ev_u64(e, WG_K_PREVIOUS, &previous)) {
    struct wg_dobject *o = &s->objects[object];
    uint64_t count;
    if (strcmp(op, "release") == 0 && wg_ev_u64(e, WG_K_COUNT, &count)) raised(t, count);
    first_touch(o, (int32_t)previous);
    saw_after_take(o, previous != 0);
  }
  if (e->tid != 0 && strcmp(op, "exit") != 0 && strcmp(op, "fire") != 0) return; // a call's own
  GROW(s->signals, s->nsignals, s->signals_cap);
  s->signals[s->nsignals++] = (struct wg_dsignal){e->tid, (uint32_t)e->idx, (uint32_t)s->events,
                                                  object_of_hsid(s, hsid), wg_strings_id(&s->strings, op, strlen(op))};
}

// Lines of a text log that are no calls: what failed is evidence.
static void on_log(struct wg_side *s, struct wg_dthread *t, const struct wg_event *e) {
  static const char *const words[] = {"fail", "Fail", "not found", "nable", "nresolved", "ndefined", "missing"};
  const char *text = wg_ev_text(e, WG_K_TEXT);
  bool tells = false;
  if (e->nfields && e->fields[e->nfields - 1].key == WG_K_OTHER) return; // more of a message (`continues`)
  for (size_t i = 0; text && i < sizeof words / sizeof *words && !tells; i++) tells = strstr(text, words[i]) != NULL;
  if (!tells || s->nnotes == 4096) return;
  GROW(s->notes, s->nnotes, s->notes_cap);
  s->notes[s->nnotes++] =
      (struct wg_dnote){index_of(s, t), (uint32_t)t->nsteps, (uint32_t)s->events, text_of(s, e, WG_K_TEXT)};
}

static void on_header(struct wg_side *s, const struct wg_event *e) {
  const char *clock = wg_ev_text(e, WG_K_CLOCK);
  s->virtual_clock = clock && strcmp(clock, "virtual") == 0;
  s->title = text_of(s, e, WG_K_TITLE);
  s->engine = text_of(s, e, WG_K_ENGINE);
}

static uint32_t number_of(const struct wg_event *e, enum wg_key key) {
  uint64_t v;
  return wg_ev_u64(e, key, &v) ? (uint32_t)v : 0;
}

static void on_module(struct wg_side *s, const struct wg_event *e) {
  if (s->nmodules == WG_MODULES) return;
  GROW(s->modules, s->nmodules, s->modules_cap);
  s->modules[s->nmodules++] =
      (struct wg_dmodule){text_of(s, e, WG_K_NAME), text_of(s, e, WG_K_SHA256), number_of(e, WG_K_BASE),
                          number_of(e, WG_K_SIZE), number_of(e, WG_K_ENTRY)};
}

static void on_event(struct load *l, const struct wg_event *e) {
  struct wg_side *s = l->s;
  struct wg_dthread *t = thread_of(s, e->tid);
  const struct wg_field *name = wg_ev_get(e, WG_K_NAME);
  uint64_t entry;
  bool call = name && name->type == WG_F_STR && !(l->ignore && ignored(l->ignore, name->s));
  switch (e->kind) {
  case WG_EV_KERNEL_CALL:
    if (call) on_call(l, t, e, name->s, name->n);
    break;
  case WG_EV_KERNEL_RETURN:
    if (call) on_return(l, t, e, name->s, name->n);
    break;
  case WG_EV_WAIT_BEGIN: on_wait_begin(l, t, e); break;
  case WG_EV_WAIT_END: on_wait_end(l, t, e); break;
  case WG_EV_HANDLE_CREATE:
  case WG_EV_HANDLE_DUP: on_handle(l, t, e); break;
  case WG_EV_HANDLE_DESTROY: on_handle_end(l, t, e); break;
  case WG_EV_THREAD_CREATE: on_thread_create(l, e); break;
  case WG_EV_THREAD_START:
    t->started = true;
    if (t->entry == 0 && wg_ev_u64(e, WG_K_ENTRY, &entry)) t->entry = (uint32_t)entry;
    break;
  case WG_EV_THREAD_EXIT: on_exit(s, t, e); break;
  case WG_EV_EXCEPTION: on_exception(s, t, e); break;
  case WG_EV_SIGNAL: on_signal(s, t, e); break;
  case WG_EV_GPU_SWAP:
    s->swaps++;
    effect(s, t, WG_DID_SWAP);
    break;
  case WG_EV_GPU_INTERRUPT:
    if (s->interrupts++ == 0) {
      s->interrupt_ns = e->host_ns;
      s->interrupt_seq = (uint32_t)s->events;
    }
    break;
  case WG_EV_APU_CALLBACK:
    if (s->callbacks++ == 0) {
      s->callback_ns = e->host_ns;
      s->callback_seq = (uint32_t)s->events;
    }
    break;
  case WG_EV_TRACE_HEADER: on_header(s, e); break;
  case WG_EV_MODULE_LOAD:
    on_module(s, e);
    effect(s, t, WG_DID_LOAD);
    break;
  case WG_EV_MODULE_UNLOAD: effect(s, t, WG_DID_UNLOAD); break;
  case WG_EV_TRACE_FOOTER:
    s->complete = true;
    s->reason = text_of(s, e, WG_K_REASON);
    break;
  default:
    if (e->kind_name && strcmp(e->kind_name, "log") == 0) on_log(s, t, e);
    break;
  }
  t = wg_side_thread(s, e->tid); // threads may have moved
  if (t->events++ == 0) t->first_ns = e->host_ns;
  t->last_seq = (uint32_t)s->events;
  t->last_ns = e->host_ns;
  if (e->host_ns > s->last_ns) s->last_ns = e->host_ns;
  const struct wg_builder *b = t->builder;
  if (l->watch) l->watch->event(l->watch->ctx, s, index_of(s, t), e, b->nopen ? &b->open[b->nopen - 1] : NULL);
}

static void end_thread(struct load *l, struct wg_dthread *t) {
  struct wg_builder *b = t->builder;
  close_from(l, t, 0, t->knows_returns ? WG_C_OPEN : 0);
  settle_closed(l, t);
  const struct wg_dwait *w = t->nwaits ? &t->waits[t->nwaits - 1] : NULL;
  if (w && w->end_seq == 0 && w->n == 1) first_touch(&l->s->objects[l->s->wait_objects[w->objects]], 0);
  wg_squares_release(&b->squares);
  free(b->open);
  free(b);
  t->builder = NULL;
  if (t->nsteps) t->steps = wg_xrealloc(t->steps, t->nsteps * sizeof *t->steps);
  t->cap = t->nsteps;
}

static void tell_progress(const struct wg_side *s, const struct wg_reader *r, const struct wg_progress *progress) {
  uint64_t of = 0, at = wg_reader_at(r, &of);
  progress->tell(progress->ctx, s->path, s->events, at, of);
}

// Room for more, and what only loading needs.
static void trim(struct wg_side *s, bool adds) {
#define TRIM(array, n, cap) ((array) = wg_xrealloc((array), ((cap) = (n)) * sizeof *(array)))
  wg_index_release(&s->by_content);
  if (!adds) wg_index_release(&s->strings.by_text);
  TRIM(s->contents, s->ncontents, s->contents_cap);
  TRIM(s->values, s->nvalues, s->values_cap);
  TRIM(s->threads, s->nthreads, s->threads_cap);
  TRIM(s->objects, s->nobjects, s->objects_cap);
  TRIM(s->wait_objects, s->nwait_objects, s->wait_objects_cap);
  TRIM(s->signals, s->nsignals, s->signals_cap);
#undef TRIM
}

int wg_side_load(struct wg_side *s, const char *path, const struct wg_load_options *o, const struct wg_watch *watch,
                 const struct wg_progress *progress, struct wg_err *err) {
  *s = (struct wg_side){.path = path, .reading = o->reading};
  struct wg_reader *r;
  WG_TRY(wg_reader_open_as(&r, path, &o->reading, err));
  struct load l = {.s = s, .ignore = o->ignore, .keep = o->keep ? o->keep : KEEP_ALL, .watch = watch};
  s->format = wg_reader_format(r);
  l.text_log = strcmp(s->format, "xenia-canary log") == 0;
  struct wg_event e;
  while (wg_reader_next(r, &e)) {
    on_event(&l, &e);
    if (s->events < UINT32_MAX) s->events++;
    if ((s->events & 0xFFFF) == 0 && progress && progress->tell) tell_progress(s, r, progress);
  }
  for (size_t i = 0; i < s->nthreads; i++) end_thread(&l, &s->threads[i]);
  if (wg_reader_damage(r)) snprintf(s->damage, sizeof s->damage, "%s", wg_reader_damage(r));
  wg_reader_close(r);
  wg_buf_release(&l.text);
  trim(s, watch && watch->adds);
  wg_finals(s);
  return WG_OK;
}

void wg_side_release(struct wg_side *s) {
  for (size_t i = 0; i < s->nthreads; i++) {
    free(s->threads[i].steps);
    free(s->threads[i].waits);
  }
  free(s->threads);
  free(s->contents);
  free(s->values);
  free(s->objects);
  free(s->wait_objects);
  free(s->signals);
  free(s->modules);
  free(s->notes);
  wg_index_release(&s->by_content);
  wg_map_release(&s->by_tid);
  wg_map_release(&s->spawns);
  wg_map_release(&s->by_handle);
  wg_map_release(&s->by_guest);
  wg_map_release(&s->by_hsid);
  wg_strings_release(&s->strings);
}

uint32_t wg_step_at(const struct wg_dthread *t, uint64_t idx) {
  size_t lo = 0, hi = t->nsteps;
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if (t->steps[mid].idx <= idx)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo ? (uint32_t)lo - 1 : WG_NONE;
}

const struct wg_dwait *wg_wait_of(const struct wg_dthread *t, uint32_t step) {
  size_t lo = 0, hi = t->nwaits;
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if (t->waits[mid].step <= step)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo && t->waits[lo - 1].step == step ? &t->waits[lo - 1] : NULL;
}
