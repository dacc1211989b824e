// Where a file that tells nothing of its end has one: each thread in a wait that only another one of them can end.
// While it runs a title seldom comes to a line behind which that is so, and a file that was cut ends at any of its
// lines.
#include <stdlib.h>
#include <string.h>

#include "diff/calls.h"
#include "diff/model.h"

#define SELDOM 33u // one line in so many, at most

static bool is_titles(const struct wg_dthread *t) { return t->tid != 0 && !t->host && (t->nsteps || t->created); }

// A wait that nothing but its objects ends, as far as the file tells of it.
static bool endless(const struct wg_side *s, const struct wg_dthread *t, uint32_t step) {
  const struct wg_content *c = wg_content_at(s, t, step);
  const struct wg_dwait *w = wg_wait_of(t, step);
  if (!wg_content_is(c, WG_NT_WAITS) || wg_content_is(c, WG_NT_LOCK) || (c->flags & WG_C_TRY)) return false;
  if (wg_waits_for_ever(s, c)) return true;
  return w && w->timeout_ns < 0 && !s->no_limits && c->nargs == 0;
}

// -- the story, line by line --

struct line {
  uint32_t seq, thread, step;
};

struct story {
  const struct wg_side *s;
  uint32_t *owner, *depth;  // by object: thread + 1 that has the lock
  uint32_t *readers;        // by object: how many have it to read
  uint32_t *asks;           // by thread: its step + 1 that waits for a lock
  uint8_t *rests;           // by thread
  size_t there, at_rest;    // threads of the title that are there, and rest
  uint64_t lines, standing; // behind how many of them all rest
};

static bool reads(const struct story *y, const struct wg_content *c) { return strstr(wg_str(y->s, c->name), "Shared"); }

static void take_signal(struct story *y, uint32_t thread, uint32_t object, const struct wg_content *c) {
  if (reads(y, c)) {
    y->readers[object]++;
    return;
  }
  bool again = y->owner[object] == thread + 1;
  y->depth[object] = again ? y->depth[object] + 1 : 1;
  y->owner[object] = thread + 1;
}

static void give_back(struct story *y, uint32_t thread, uint32_t object) {
  if (y->owner[object] == thread + 1) {
    if (--y->depth[object] == 0) y->owner[object] = 0;
  } else if (y->readers[object]) {
    y->readers[object]--;
  }
}

// Whether a call for a lock waits for another thread.
static bool lock(struct story *y, uint32_t thread, const struct wg_content *c, uint32_t object) {
  if (object == WG_NONE) return false;
  if (wg_content_is(c, WG_NT_UNLOCK)) give_back(y, thread, object);
  if (!wg_content_is(c, WG_NT_LOCK) || c->flags & WG_C_TRY || wg_nt_of(c)->ret == 'b') return false; // it gives up
  bool taken = y->owner[object] && y->owner[object] != thread + 1;
  if (!reads(y, c)) taken |= y->readers[object] != 0;
  if (!taken) take_signal(y, thread, object, c);
  return taken;
}

static void set_rest(struct story *y, uint32_t thread, bool rests) {
  if (y->rests[thread] && !rests) y->at_rest--;
  if (!y->rests[thread] && rests) y->at_rest++;
  y->rests[thread] = rests;
}

static void tell(struct story *y, const struct line *l) {
  const struct wg_dthread *t = &y->s->threads[l->thread];
  const struct wg_step *x = &t->steps[l->step];
  uint32_t asked = y->asks[l->thread];
  if (asked) // it goes on: it has the lock
    take_signal(y, l->thread, t->steps[asked - 1].object, wg_content_at(y->s, t, asked - 1));
  bool waits = lock(y, l->thread, &y->s->contents[x->content], x->object);
  y->asks[l->thread] = waits ? l->step + 1 : 0;
  bool over = l->step + 1u == t->nsteps && t->final == WG_EXITED;
  set_rest(y, l->thread, waits || over || endless(y->s, t, l->step));
  y->lines++;
  y->standing += y->at_rest == y->there;
}

// A thread is there from its creation on; one that is made suspended waits for another, too.
static uint32_t born(const struct wg_side *s, const struct wg_dthread *t) {
  const struct wg_dthread *by = t->parent == WG_NONE ? NULL : &s->threads[t->parent];
  if (by && t->create_step < by->nsteps) return by->steps[t->create_step].seq;
  return t->nsteps ? t->steps[0].seq : 0;
}

static int by_seq(const void *a, const void *b) {
  const struct line *x = a, *y = b;
  if (x->seq != y->seq) return x->seq < y->seq ? -1 : 1;
  if (x->thread != y->thread) return x->thread < y->thread ? -1 : 1;
  return x->step < y->step ? -1 : x->step > y->step;
}

// The calls of all threads of the title, in order; a thread's birth is a line without a step.
static struct line *all_lines(const struct wg_side *s, size_t *n) {
  size_t most = 0;
  *n = 0;
  for (size_t i = 0; i < s->nthreads; i++) most += s->threads[i].nsteps + 1;
  struct line *list = wg_xcalloc(most + 1, sizeof *list);
  for (uint32_t i = 0; i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    if (!is_titles(t)) continue;
    list[(*n)++] = (struct line){born(s, t), i, WG_NONE};
    for (uint32_t k = 0; k < t->nsteps; k++) list[(*n)++] = (struct line){t->steps[k].seq, i, k};
  }
  qsort(list, *n, sizeof *list, by_seq);
  return list;
}

static void come_to_be(struct story *y, uint32_t thread) {
  y->there++;
  set_rest(y, thread, y->s->threads[thread].flags & 1);
}

static bool seldom(const struct wg_side *s) {
  size_t n;
  struct line *lines = all_lines(s, &n);
  struct story y = {.s = s,
                    .owner = wg_xcalloc(s->nobjects + 1, sizeof *y.owner),
                    .depth = wg_xcalloc(s->nobjects + 1, sizeof *y.depth),
                    .readers = wg_xcalloc(s->nobjects + 1, sizeof *y.readers),
                    .asks = wg_xcalloc(s->nthreads + 1, sizeof *y.asks),
                    .rests = wg_xcalloc(s->nthreads + 1, sizeof *y.rests)};
  uint8_t *known = wg_xcalloc(s->nthreads + 1, 1);
  for (size_t i = 0; i < n; i++) {
    uint32_t t = lines[i].thread;
    if (!known[t]) come_to_be(&y, t);
    known[t] = 1;
    if (lines[i].step != WG_NONE) tell(&y, &lines[i]);
  }
  bool now = y.at_rest == y.there && y.there;
  bool found = now && y.standing * SELDOM <= y.lines;
  free(lines);
  free(y.owner);
  free(y.depth);
  free(y.readers);
  free(y.asks);
  free(y.rests);
  free(known);
  return found;
}

// -- the end --

// The thread has ended, or its last call is one that waits. Whether it is a lock that another one has, the story tells.
static bool may_rest(const struct wg_side *s, const struct wg_dthread *t) {
  if (!is_titles(t) || t->final == WG_EXITED) return true;
  if (t->final == WG_CRASHED) return false;
  if (t->nsteps == 0) return t->flags & 1;
  uint32_t last = (uint32_t)t->nsteps - 1;
  const struct wg_content *c = wg_content_at(s, t, last);
  const struct wg_dwait *w = wg_wait_of(t, last);
  if (c->flags & WG_C_RETURNED || (w && w->end_seq)) return false;
  return endless(s, t, last) || wg_content_is(c, WG_NT_LOCK);
}

void wg_find_rest(struct wg_side *s) {
  s->rests = false;
  if (s->complete || s->damage[0] || s->calls == 0) return;
  for (size_t i = 0; i < s->nthreads; i++)
    if (!may_rest(s, &s->threads[i])) return;
  if (!seldom(s)) return;
  s->rests = true;
  // Other files may lack what some threads last did (wg_may_be_torn); a log's lines are written one after another.
  for (size_t i = 0; i < s->nthreads && s->text_log; i++) {
    struct wg_dthread *t = &s->threads[i];
    if (!is_titles(t) || t->final != WG_RUNNING || t->nsteps == 0) continue;
    t->final = WG_BLOCKED_MAYBE;
    t->blocked_step = (uint32_t)t->nsteps - 1;
  }
}
