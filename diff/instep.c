// Two traces in step: the same threads end the same calls in the same order with the same values. Where that ends with
// one call that gave something else, nothing before it can have led there: it is the first thing that differed.
#include <stdlib.h>
#include <string.h>

#include "diff/pair.h"

struct next { // the next call of a thread to end
  uint32_t time, thread, step;
};

// The threads of a side as a heap by time.
struct order {
  const struct wg_side *s;
  struct next *heap;
  size_t n;
};

static uint32_t ends_at(const struct wg_dthread *t, uint32_t step) {
  const struct wg_dwait *w = wg_wait_of(t, step);
  if (w == NULL) return t->steps[step].seq;
  return w->end_seq ? w->end_seq : UINT32_MAX;
}

static void sift(struct order *o, size_t i) {
  for (;;) {
    size_t least = i;
    for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < o->n; k++)
      if (o->heap[k].time < o->heap[least].time) least = k;
    if (least == i) return;
    struct next x = o->heap[i];
    o->heap[i] = o->heap[least];
    o->heap[least] = x;
    i = least;
  }
}

static struct order order_of(const struct wg_side *s) {
  struct order o = {s, wg_xcalloc(s->nthreads + 1, sizeof *o.heap), 0};
  for (uint32_t i = 0; i < s->nthreads; i++)
    if (s->threads[i].nsteps) o.heap[o.n++] = (struct next){ends_at(&s->threads[i], 0), i, 0};
  for (size_t i = o.n; i-- > 0;) sift(&o, i);
  return o;
}

static void advance(struct order *o) {
  struct next *x = &o->heap[0];
  const struct wg_dthread *t = &o->s->threads[x->thread];
  if (++x->step < t->nsteps)
    x->time = ends_at(t, x->step);
  else
    *x = o->heap[--o->n];
  sift(o, 0);
}

static const struct wg_step *step_now(const struct order *o) {
  return &o->s->threads[o->heap[0].thread].steps[o->heap[0].step];
}

static bool same_place(const struct wg_pairing *p, const struct order o[2]) {
  uint32_t pair = p->peer[0][o[0].heap[0].thread];
  return pair != WG_NONE && pair == p->peer[1][o[1].heap[0].thread] &&
         wg_key_strong(p, 0, step_now(&o[0])->content) == wg_key_strong(p, 1, step_now(&o[1])->content);
}

// Passes by what one side does more than the other without any effect. False: what stands here is no such thing.
static bool pass_by(const struct wg_pairing *p, struct order o[2]) {
  for (int side = 0; side < 2; side++)
    if (wg_weight_of(p, side, step_now(&o[side])->content) == WG_NEUTRAL) {
      advance(&o[side]);
      return true;
    }
  return false;
}

// What an overlapped call came to: an error of its own, not that it is not done yet.
static bool is_error(const struct wg_pairing *p, const struct wg_content *c, uint64_t code) {
  enum { WAIT_TIMEOUT = 258, ERROR_IO_INCOMPLETE = 996, ERROR_IO_PENDING = 997 };
  if (code >= 0x80000000u) return true;
  return strstr(wg_str(p->s[0], c->name), "OverlappedResult") && code && code != WAIT_TIMEOUT &&
         code != ERROR_IO_INCOMPLETE && code != ERROR_IO_PENDING;
}

// What a wait gave, the state before a signal and whether a lock is free come of other threads' times.
static bool by_others(const struct wg_pairing *p, uint32_t a, uint32_t b, const struct wg_delta *d) {
  const struct wg_content *c = &p->s[0]->contents[a], *there = &p->s[1]->contents[b];
  bool waits = !((c->effects ^ there->effects) & p->effects & WG_DID_WAIT);
  bool fails = is_error(p, c, d->value[0]) || is_error(p, c, d->value[1]);
  if (wg_content_is(c, WG_NT_LOCK | WG_NT_UNLOCK)) return d->cls == WG_D_EFFECT;
  bool given = d->cls == WG_D_VALUE || (d->cls == WG_D_OUT && d->value[0] && d->value[1]); // or which packet it got
  return (given && wg_content_is(c, WG_NT_WAITS) && waits && !fails) || (!p->exact && wg_timing(c, d));
}

static void report(struct wg_pairing *p, uint32_t pair, uint32_t a, uint32_t b, const struct wg_delta *d) {
  struct wg_finding *f = wg_finding_at(p, pair, a, d->cls);
  if (f == NULL) f = wg_finding_of(p, pair, a, b, d);
  f->hidden = f->timing = false;
  f->first = true;
}

// The next call of this side's thread ends later on the other: it fails here, or waits on one side only.
static void find_unwaited(struct wg_pairing *p, const struct order o[2], int side) {
  uint32_t pair = p->peer[side][o[side].heap[0].thread], step[2] = {WG_NONE, WG_NONE};
  if (pair == WG_NONE) return;
  step[side] = o[side].heap[0].step;
  for (size_t i = 0; i < o[!side].n; i++)
    if (o[!side].heap[i].thread == p->pairs[pair].t[!side]) step[!side] = o[!side].heap[i].step;
  if (step[!side] == WG_NONE) return;
  uint32_t a = wg_pair_thread(p, pair, 0)->steps[step[0]].content;
  uint32_t b = wg_pair_thread(p, pair, 1)->steps[step[1]].content;
  const struct wg_content *x = &p->s[0]->contents[a], *y = &p->s[1]->contents[b];
  struct wg_delta d;
  bool waits = wg_content_is(x, WG_NT_WAITS) && !wg_content_is(x, WG_NT_LOCK);
  bool unwaited = (x->effects ^ y->effects) & p->effects & WG_DID_WAIT;
  bool fails = x->flags & y->flags & WG_C_RV && (x->rv >= 0x80000000u) != (y->rv >= 0x80000000u);
  if (wg_key_strong(p, 0, a) == wg_key_strong(p, 1, b) && waits && (unwaited || fails) && wg_compare(p, a, b, &d))
    report(p, pair, step[0], step[1], &d);
}

// A call of which the thread went on with something else (an exception was handled) has not returned; its like has.
static bool comes_back(struct wg_pairing *p, const struct order o[2]) {
  const struct wg_content *x = &p->s[0]->contents[step_now(&o[0])->content];
  const struct wg_content *y = &p->s[1]->contents[step_now(&o[1])->content];
  const struct wg_delta d = {.cls = WG_D_EARLY, .field = ""};
  bool goes_on = o[1].heap[0].step + 1 < o[1].s->threads[o[1].heap[0].thread].nsteps;
  if (wg_may_be_torn(o[1].s, step_now(&o[1])->seq)) return false; // it may be in code of the title's that the call runs
  if (!(x->flags & WG_C_RETURNED) || !(y->flags & WG_C_OPEN) || !goes_on || wg_content_is(x, WG_NT_WAITS)) return false;
  report(p, p->peer[0][o[0].heap[0].thread], o[0].heap[0].step, o[1].heap[0].step, &d);
  return true;
}

// Wedge has made both, of a title that never waits: then there is nothing of waits to be told.
static bool never_waits(const struct wg_pairing *p) {
  for (int side = 0; side < 2; side++) {
    const struct wg_side *s = p->s[side];
    if (strcmp(wg_str(s, s->engine), "wedge") != 0 || !s->virtual_clock || s->has_waits || !s->title) return false;
    for (size_t i = 0; i < s->ncontents; i++)
      if (wg_content_is(&s->contents[i], WG_NT_WAITS) && !wg_content_is(&s->contents[i], WG_NT_LOCK)) return false;
  }
  return true;
}

void wg_find_first(struct wg_pairing *p) {
  struct order o[2] = {order_of(p->s[0]), order_of(p->s[1])};
  p->own_rules = p->exact || never_waits(p); // one engine has made both: what engines choose for themselves is the same
  while (o[0].n && o[1].n && o[0].heap[0].time != UINT32_MAX && o[1].heap[0].time != UINT32_MAX) {
    if (step_now(&o[0])->count > 1 || step_now(&o[1])->count > 1) break; // merged: their order is not known
    if (!same_place(p, o)) {
      if (pass_by(p, o)) continue;
      find_unwaited(p, o, 0);
      find_unwaited(p, o, 1);
      break;
    }
    struct wg_delta d;
    uint32_t a = step_now(&o[0])->content, b = step_now(&o[1])->content;
    if (wg_compare(p, a, b, &d)) {
      if (!by_others(p, a, b, &d)) report(p, p->peer[0][o[0].heap[0].thread], o[0].heap[0].step, o[1].heap[0].step, &d);
      break;
    }
    if (comes_back(p, o)) break;
    advance(&o[0]);
    advance(&o[1]);
  }
  p->own_rules = false;
  free(o[0].heap);
  free(o[1].heap);
}
