// Waits that went on more often than anything let them, of an object whose signals can be counted: an event that each
// wait takes back, a semaphore. A file that tells no results shows it by its calls alone; what of them did otherwise,
// the making, a signal or a wait, it does not show.
#include <stdlib.h>
#include <string.h>

#include "diff/align.h"

struct tally {
  bool counts;             // it was made here, so that its state at first is known
  int64_t let, went, then; // how often waits might go on, and did; `then`: might by the time that one did all the same
  uint32_t thread, step;   // the wait that went on first though nothing let it; WG_NONE: none
};

// What an object begins with, and by how much a call lets waits go on; -1: that cannot be counted.
static int64_t begins_with(const struct wg_side *s, const struct wg_content *c) {
  static const struct {
    const char *name;
    unsigned type, state; // arguments; type: 1 is one that waits take back, 0: there is none
  } rows[] = {{"NtCreateEvent", 2, 3},
              {"KeInitializeEvent", 1, 2},
              {"NtCreateSemaphore", 0, 2},
              {"KeInitializeSemaphore", 0, 1}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (strcmp(wg_str(s, c->name), rows[i].name) != 0 || rows[i].state >= c->nargs) continue;
    if (rows[i].type && wg_arg(s, c, rows[i].type) != 1) return -1;
    if (rows[i].name[0] == 'N' && wg_arg(s, c, 1) != 0) return -1; // by its name others get it under other handles
    uint64_t state = wg_arg(s, c, rows[i].state);
    return rows[i].type ? state != 0 : state <= INT32_MAX ? (int64_t)state : -1;
  }
  return -1;
}

static int64_t lets_go_on(const struct wg_side *s, const struct wg_content *c) {
  static const struct {
    const char *name;
    unsigned amount; // argument; 0: once
  } rows[] = {{"NtSetEvent", 0},   {"KeSetEvent", 0},         {"NtPulseEvent", 0},
              {"KePulseEvent", 0}, {"NtReleaseSemaphore", 1}, {"KeReleaseSemaphore", 2}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (strcmp(wg_str(s, c->name), rows[i].name) != 0) continue;
    if (rows[i].amount == 0) return 1;
    return rows[i].amount < c->nargs && wg_arg(s, c, rows[i].amount) <= INT32_MAX
               ? (int64_t)wg_arg(s, c, rows[i].amount)
               : -1;
  }
  return 0;
}

// A wait for one object that nothing but that ends.
static bool waits_for_it(const struct wg_side *s, const struct wg_content *c) {
  const struct wg_nt_export *nt = wg_nt_of(c);
  const char *limit = nt ? strchr(nt->params, 't') : NULL;
  if (!wg_content_is(c, WG_NT_WAITS) || !strstr(wg_str(s, c->name), "WaitForSingleObject") || limit == NULL)
    return false;
  size_t at = (size_t)(limit - nt->params);
  bool apcs = at >= c->nargs || (wg_arg(s, c, at - 1) & 0xFF) != 0;
  return !apcs && wg_waits_for_ever(s, c);
}

struct place {
  uint32_t seq, thread, step;
};

static int by_place(const void *a, const void *b) {
  const struct place *x = a, *y = b;
  if (x->seq != y->seq) return x->seq < y->seq ? -1 : 1;
  return x->thread != y->thread ? (x->thread < y->thread ? -1 : 1) : x->step < y->step ? -1 : x->step > y->step;
}

// What counts, in the order of the trace: a call where it is made, a wait where its thread has gone on.
static struct place *places_of(const struct wg_side *s, size_t *n) {
  size_t most = 1;
  *n = 0;
  for (size_t i = 0; i < s->nthreads; i++) most += s->threads[i].nsteps;
  struct place *list = wg_xcalloc(most, sizeof *list);
  for (uint32_t i = 0; i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    for (uint32_t k = 0; k < t->nsteps; k++) {
      const struct wg_content *c = wg_content_at(s, t, k);
      if (t->steps[k].object == WG_NONE) continue;
      bool wait = waits_for_it(s, c);
      if (!wait && !wg_content_is(c, WG_NT_SIGNALS | WG_NT_CREATES) && begins_with(s, c) < 0) continue;
      if (wait && k + 1 == t->nsteps) continue;
      list[(*n)++] = (struct place){t->steps[wait ? k + 1 : k].seq, i, k};
    }
  }
  qsort(list, *n, sizeof *list, by_place);
  return list;
}

// By object. NULL: calls that signal one object and wait for another do not say which.
static struct tally *tallies_of(const struct wg_side *s) {
  size_t n;
  if (wg_map_count(&s->second)) return NULL;
  struct place *list = places_of(s, &n);
  struct tally *all = wg_xcalloc(s->nobjects + 1, sizeof *all);
  for (size_t i = 0; i < s->nobjects; i++) all[i].thread = WG_NONE;
  for (size_t i = 0; i < n; i++) {
    const struct wg_step *x = &s->threads[list[i].thread].steps[list[i].step];
    const struct wg_content *c = &s->contents[x->content];
    struct tally *t = &all[x->object];
    int64_t first = begins_with(s, c), by = lets_go_on(s, c);
    bool wait = waits_for_it(s, c),
         made = s->objects[x->object].step == list[i].step && s->objects[x->object].thread == list[i].thread;
    if (made && first >= 0) {
      t->counts = true;
      t->let = first;
    } else if (by < 0 || (!wait && by == 0)) {
      t->let = INT32_MAX; // it cannot be counted
    } else if (by) {
      t->let += by * x->count;
    } else {
      t->went += x->count;
      if (t->went <= t->let || t->thread != WG_NONE) continue;
      t->thread = list[i].thread;
      t->step = list[i].step;
      t->then = t->let;
    }
  }
  free(list);
  return all;
}

// A thread that was heard of last before a place, and has not ended, may have let the wait go on in lines that were not
// written.
static bool may_lack(const struct wg_pairing *p, uint32_t seq) {
  const struct wg_side *s = p->s[0];
  for (uint32_t i = 0; i < s->nthreads && !s->complete; i++) {
    const struct wg_dthread *t = &s->threads[i];
    if (t->last_seq < seq && t->nsteps && t->tid && !t->host && t->final != WG_EXITED) return true;
  }
  return wg_may_be_torn(s, seq);
}

void wg_compare_excess(struct wg_pairing *p) {
  if (p->lawful) return;
  struct tally *here = tallies_of(p->s[0]), *there = here ? tallies_of(p->s[1]) : NULL;
  uint32_t best = WG_NONE, seq = UINT32_MAX;
  for (uint32_t i = 0; there && i < p->s[0]->nobjects; i++) {
    const struct tally *x = &here[i];
    uint64_t like;
    if (!x->counts || x->thread == WG_NONE || p->peer[0][x->thread] == WG_NONE) continue;
    if (!wg_map_get(&p->same[0], i, &like) || !there[like].counts || there[like].thread != WG_NONE) continue;
    uint32_t at = p->s[0]->threads[x->thread].steps[x->step + 1].seq; // where it has gone on
    if (at >= seq || may_lack(p, at)) continue;
    best = i;
    seq = at;
  }
  if (best != WG_NONE) {
    uint32_t pair = p->peer[0][here[best].thread], step = here[best].step;
    struct wg_finding *f = wg_finding_add(p, WG_D_LOST, pair, step, wg_partner_step(p, pair, 0, step));
    f->seq = seq;
    f->field = "excess";
    f->value[0] = (uint64_t)here[best].then + 1;
    f->value[1] = (uint64_t)here[best].then;
  }
  free(here);
  free(there);
}
