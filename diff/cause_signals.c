// Why the signal that ends a wait in the reference does not end it here.
#include <string.h>

#include "diff/cause_walk.h"
#include "nt/status.h"

#define ROUND 8u // calls of a round in which a thread waits in vain

// What keeps a thread from doing what it does in the reference: blocked, not started, gone another way; WG_NONE if the
// trace only ends before.
static uint32_t explain_thread(struct wg_cause_walk *w, uint32_t b_thread) {
  struct wg_pairing *p = w->p;
  uint32_t pair = p->peer[1][b_thread];
  if (pair == WG_NONE) { // it does not exist here: its parent did not create it
    const struct wg_dthread *t = &p->s[1]->threads[b_thread];
    uint32_t parent = t->parent == WG_NONE ? WG_NONE : p->peer[1][t->parent];
    uint32_t f = parent == WG_NONE ? WG_NONE : wg_explains_before(p, parent, UINT32_MAX);
    // The call that makes it there is made here, too, and makes none.
    bool made = parent != WG_NONE && t->create_step < wg_pair_thread(p, parent, 1)->nsteps;
    uint32_t here = made ? wg_partner_step(p, parent, 1, t->create_step) : WG_NONE;
    if (here != WG_NONE && (f == WG_NONE || p->findings[f].seq > wg_seq_at(p, parent, here)))
      return wg_lost_finding(p, parent, here, t->create_step, "start");
    return f == WG_NONE ? WG_NONE : wg_explain_finding(w, f);
  }
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  // Where there are no times, how long it has been waiting to run is not known.
  bool never = t->final == WG_UNSTARTED && (p->pairs[pair].lasts[0] || p->s[0]->last_ns == 0);
  if (t->final == WG_UNSTARTED) return never ? wg_explain_start(w, pair) : WG_NONE;
  uint32_t f = wg_explains_before(p, pair, UINT32_MAX), at = wg_stands_at(p, pair);
  if (at != WG_NONE) {
    if (f != WG_NONE && p->findings[f].seq <= wg_seq_at(p, pair, at) && wg_is_value(&p->findings[f])) {
      wg_link_add(w, WG_LINK_STUCK, pair, at, WG_NONE);
      return wg_explain_finding(w, f);
    }
    return wg_explain_block(w, pair);
  }
  if (t->final == WG_CRASHED) return f != WG_NONE ? wg_explain_finding(w, f) : wg_own_symptom(p, pair);
  if (f == WG_NONE) return WG_NONE;
  return wg_explain_finding(w, f);
}

bool wg_too_early(const struct wg_pairing *p, uint32_t waiter, uint32_t a_step, uint32_t b_step, uint32_t pair,
                  uint32_t here, uint32_t there) {
  if (here == WG_NONE || a_step == WG_NONE) return false;
  return wg_seq_at(p, pair, here) < wg_seq_at(p, waiter, a_step) &&
         wg_pair_thread(p, pair, 1)->steps[there].seq > wg_pair_thread(p, waiter, 1)->steps[b_step].seq;
}

// It comes when the wait has given up.
static bool too_late(const struct wg_pairing *p, uint32_t waiter, uint32_t a_step, uint32_t pair, uint32_t here) {
  if (here == WG_NONE || a_step == WG_NONE) return false;
  const struct wg_dthread *t = wg_pair_thread(p, waiter, 0);
  const struct wg_dwait *w = wg_wait_of(t, a_step);
  bool over = w ? w->end_seq != 0 : a_step + 1 < t->nsteps; // without waits, its next call tells
  return over && wg_seq_at(p, pair, here) > wg_wait_end_seq(t, a_step);
}

// Behind the first of the equal rounds that are the end of a thread; its end if there are none.
static uint32_t last_round(const struct wg_dthread *t) {
  uint32_t best = (uint32_t)t->nsteps, n = best;
  for (uint32_t period = 1; period <= ROUND && best == n; period++) {
    uint32_t like = 0;
    while (like + period < n && t->steps[n - 1 - like].content == t->steps[n - 1 - like - period].content) like++;
    if (like >= 2 * period) best = n - like;
  }
  return best;
}

// The n-th signal of an object, from 1; NULL: there are fewer. `total`: how many there are.
static const struct wg_touch *nth_signal(const struct wg_pairing *p, int side, uint32_t object, uint32_t n,
                                         uint32_t *total) {
  const struct wg_touches *x = p->touches[side];
  const struct wg_touch *found = NULL;
  *total = 0;
  for (uint32_t i = x->first_call[object]; i < x->first_call[object + 1]; i++) {
    const struct wg_touch *y = &x->calls[i];
    if (!wg_content_is(&p->s[side]->contents[wg_touch_step(p->s[side], y)->content], WG_NT_SIGNALS)) continue;
    if (++*total == n) found = y;
  }
  return found;
}

// Whoever in the reference gives an object the next signal, after as many as it was given here; or the last, if it was
// given as many.
static struct wg_signaler next_signaler(const struct wg_pairing *p, uint32_t pair, uint32_t step) {
  uint32_t object = wg_pair_thread(p, pair, 0)->steps[step].object, here, there;
  uint64_t to;
  struct wg_signaler by = {WG_NONE, WG_NONE, false, false, WG_NONE};
  if (!wg_counts_about(p, pair, 0, step, &to)) return by;
  nth_signal(p, 0, object, 0, &here);
  const struct wg_touch *next = nth_signal(p, 1, (uint32_t)to, here + 1, &there);
  if (next == NULL) next = nth_signal(p, 1, (uint32_t)to, there, &there);
  if (next) by = (struct wg_signaler){next->thread, next->at, false, false, (uint32_t)to};
  return by;
}

// The thread that should have signalled was in a wait itself at that time, or goes from one to the next: who ends it in
// the reference.
static uint32_t explain_stood(struct wg_cause_walk *w, uint32_t pair, uint32_t until) {
  struct wg_pairing *p = w->p;
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  uint32_t at = until == UINT32_MAX ? last_round(t) : (uint32_t)t->nsteps;
  while (at > 0 && t->steps[at - 1].seq >= until) at--;
  for (uint32_t n = 0; until == UINT32_MAX && at > 0 && n < ROUND; n++, at--)
    if (wg_content_is(wg_content_at(p->s[0], t, at - 1), WG_NT_WAITS)) break;
  if (at == 0 || !wg_content_is(wg_content_at(p->s[0], t, at - 1), WG_NT_WAITS) || w->seen[pair] == w->now)
    return WG_NONE;
  uint32_t b = wg_like_after(p, pair, at - 1);
  if (b == WG_NONE) return WG_NONE;
  struct wg_signaler by = {WG_NONE, WG_NONE, false, false, WG_NONE};
  if (until == UINT32_MAX) by = next_signaler(p, pair, at - 1);
  if (by.thread == WG_NONE) by = wg_signaler_of(p, 1, p->pairs[pair].t[1], b);
  if (by.thread == WG_NONE && !by.event) return WG_NONE;
  w->seen[pair] = w->now;
  wg_link_add(w, WG_LINK_STUCK, pair, at - 1, b);
  return wg_explain_signal(w, pair, at - 1, b, &by);
}

// Its like here is about another object than the wait: of another round.
static bool about_another(const struct wg_pairing *p, uint32_t waiter, uint32_t a_step, uint32_t pair, uint32_t here) {
  if (here == WG_NONE || a_step == WG_NONE) return false;
  const struct wg_dthread *t = wg_pair_thread(p, waiter, 0);
  const struct wg_dwait *w = wg_wait_of(t, a_step);
  uint32_t signalled = wg_pair_thread(p, pair, 0)->steps[here].object, waited = wg_waited_by(p->s[0], t, a_step);
  if (signalled == WG_NONE || waited == WG_NONE || signalled == waited) return false;
  if (w == NULL || w->n > 1) return false;
  // Two names of one object may not be known to be that.
  const struct wg_dobject *x = &p->s[0]->objects[signalled], *y = &p->s[0]->objects[waited];
  return x->by_handle == y->by_handle && x->call && y->call;
}

// A trace that was cut would not tell yet that waits for its end have ended.
bool wg_just_ended(const struct wg_pairing *p, const struct wg_dthread *t) {
  const struct wg_side *s = p->s[0];
  uint32_t at = t->exit_seq ? t->exit_seq : t->last_seq;
  return t->final == WG_EXITED && !p->rests[0] && !s->complete && s->events < at + WG_SURELY;
}

#define IN_STEP 16u // calls that two threads make alike: what they did otherwise before is not why they part

// Where the thread parts from its like at the very signal that the wait lacks, after it had been in step with it again:
// the finding of that.
static uint32_t parts_there(const struct wg_pairing *p, uint32_t pair, uint32_t before, uint32_t b_step) {
  const struct wg_finding *x = &p->findings[before];
  const struct wg_dthread *b = wg_pair_thread(p, pair, 1);
  if (wg_is_value(x) || x->cls == WG_D_LOST) return WG_NONE;
  uint32_t from = b_step, alike = 0;
  while (from > 0 && wg_partner_step(p, pair, 1, from - 1) == WG_NONE && b_step - from < IN_STEP) from--;
  for (uint32_t i = from; i > 0 && alike < IN_STEP; i--) {
    if (x->step[1] != WG_NONE && i - 1 <= x->step[1]) return WG_NONE;
    uint32_t here = wg_partner_step(p, pair, 1, i - 1);
    if (here == WG_NONE) continue;
    if (wg_seq_at(p, pair, here) <= x->seq) return WG_NONE;
    alike += wg_weight_of(p, 1, b->steps[i - 1].content) == WG_HARD;
  }
  if (alike < IN_STEP) return WG_NONE;
  WG_EACH_FINDING(p, pair, i) {
    const struct wg_finding *f = &p->findings[i];
    bool path = f->cls == WG_D_CALL || f->cls == WG_D_MISSING || f->cls == WG_D_EXTRA;
    if (!f->hidden && path && f->step[1] != WG_NONE && f->step[1] >= from && f->step[1] <= b_step) return i;
  }
  return WG_NONE;
}

// How often a thread (WG_NONE: any) calls to signal an object before a place; `last`: the n-th of its calls, from 1.
static uint32_t signals_by(const struct wg_pairing *p, int side, uint32_t object, uint32_t thread, uint32_t until,
                           uint32_t n, uint32_t *nth) {
  const struct wg_touches *x = p->touches[side];
  uint32_t total = 0;
  for (uint32_t i = x->first_call[object]; i < x->first_call[object + 1]; i++) {
    const struct wg_touch *y = &x->calls[i];
    const struct wg_step *s = wg_touch_step(p->s[side], y);
    if (s->seq >= until || (thread != WG_NONE && y->thread != thread)) continue;
    if (!wg_content_is(&p->s[side]->contents[s->content], WG_NT_SIGNALS)) continue;
    if (++total == n && nth) *nth = y->at;
  }
  return total;
}

// Several threads signal what a wait is for, fewer times in all than when it ended in the reference: the first of them
// that has done so less often. Whose signal happened to end it there tells nothing then.
static struct wg_signaler short_signaler(const struct wg_pairing *p, uint32_t waiter, uint32_t a_step, uint32_t b_step,
                                         const struct wg_signaler *by) {
  struct wg_signaler none = {WG_NONE, WG_NONE, false, false, WG_NONE};
  const struct wg_dthread *bw = wg_pair_thread(p, waiter, 1), *aw = wg_pair_thread(p, waiter, 0);
  uint32_t object = by->object != WG_NONE ? by->object : bw->steps[b_step].object;
  uint64_t like;
  if (a_step == WG_NONE || object == WG_NONE || !wg_map_get(&p->same[1], object, &like)) return none;
  uint32_t end[2] = {wg_wait_of(aw, a_step) && wg_wait_of(aw, a_step)->end_seq == 0 ? UINT32_MAX
                                                                                    : wg_wait_end_seq(aw, a_step),
                     wg_wait_end_seq(bw, b_step)};
  if (signals_by(p, 0, (uint32_t)like, WG_NONE, end[0], 0, NULL) >= signals_by(p, 1, object, WG_NONE, end[1], 0, NULL))
    return none;
  for (uint32_t i = 0; i < p->npairs; i++) {
    uint32_t here = signals_by(p, 0, (uint32_t)like, p->pairs[i].t[0], end[0], 0, NULL), at = WG_NONE;
    uint32_t there = signals_by(p, 1, object, p->pairs[i].t[1], end[1], here + 1, &at);
    if (there > here && p->pairs[i].t[1] != by->thread && i != waiter && !p->pairs[i].pool)
      return (struct wg_signaler){p->pairs[i].t[1], at, false, false, object};
  }
  return none;
}

// The thread's last wait before a call of the reference ended for an APC: who queued that.
static uint32_t explain_apc(struct wg_cause_walk *w, uint32_t pair, uint32_t b_step) {
  const struct wg_side *s = w->p->s[1];
  const struct wg_dthread *b = wg_pair_thread(w->p, pair, 1);
  uint32_t at = b_step;
  while (at > 0 && !wg_content_is(wg_content_at(s, b, at - 1), WG_NT_WAITS)) at--;
  if (at-- == 0) return WG_NONE;
  const struct wg_content *c = wg_content_at(s, b, at);
  if (!(c->flags & WG_C_RV) || c->rv != STATUS_USER_APC) return WG_NONE;
  wg_link_add(w, WG_LINK_EVENT, pair, WG_NONE, at);
  uint32_t until = b->steps[at + 1].seq, root = b->object == WG_NONE ? WG_NONE : wg_deferred(w, until, b->object);
  return root != WG_NONE ? root : wg_deferred(w, until, WG_NONE);
}

// Why the thread that has signalled less often than in the reference has not done so.
static uint32_t explain_short(struct wg_cause_walk *w, struct wg_link *l, const struct wg_signaler *by,
                              uint32_t until) {
  struct wg_pairing *p = w->p;
  uint32_t pair = p->peer[1][by->thread], before = wg_explains_before(p, pair, until);
  *l = (struct wg_link){WG_LINK_NOT_MADE, pair, {WG_NONE, by->step}, WG_NONE, WG_NONE};
  if (before != WG_NONE && wg_is_value(&p->findings[before])) return wg_explain_finding(w, before);
  uint32_t root = explain_apc(w, pair, by->step);
  if (root == WG_NONE) root = explain_thread(w, by->thread);
  return root != WG_NONE ? root : explain_stood(w, pair, UINT32_MAX);
}

// What an engine's own thread signals is of a DPC, an interrupt or a callback: who has that run in the reference.
static uint32_t explain_own(struct wg_cause_walk *w, const struct wg_signaler *by) {
  const struct wg_dthread *b = &w->p->s[1]->threads[by->thread];
  if (!b->host || by->step == WG_NONE || w->p->lawful_later) return WG_NONE;
  uint32_t seq = b->steps[by->step].seq, root = wg_queued_before(w, by->thread, seq);
  return root != WG_NONE ? root : wg_deferred(w, seq, WG_NONE);
}

// Of those who wait for it somebody went on after a place in the trace, or it was reset: 1; nobody did, and somebody
// stands there: 0; nobody stands there: -1.
static int felt_after(const struct wg_pairing *p, uint32_t object, uint32_t seq) {
  const struct wg_side *s = p->s[0];
  int stands = -1;
  for (uint32_t i = 0; i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    for (size_t k = t->nsteps; k-- > 0 && (k + 1 == t->nsteps || t->steps[k + 1].seq > seq);) {
      const struct wg_content *c = wg_content_at(s, t, k);
      if (t->steps[k].object != object) continue;
      if (t->steps[k].seq > seq && wg_content_is(c, WG_NT_RESETS)) return 1;
      if (!wg_content_is(c, WG_NT_WAITS)) continue;
      if (k + 1 < t->nsteps) return 1;
      if (t->final != WG_EXITED) stands = 0;
    }
  }
  return stands;
}

uint32_t wg_last_unfelt(struct wg_pairing *p, uint32_t lost) {
  const struct wg_finding f = p->findings[lost];
  uint32_t total;
  if (p->lawful || f.cls != WG_D_LOST || strcmp(f.field, "signal") != 0 || f.step[0] == WG_NONE) return lost;
  const struct wg_step *x = &wg_pair_thread(p, f.pair, 0)->steps[f.step[0]];
  if (x->object == WG_NONE) return lost;
  nth_signal(p, 0, x->object, 0, &total);
  const struct wg_touch *last = nth_signal(p, 0, x->object, total, &total);
  uint32_t by = last == NULL ? WG_NONE : p->peer[0][last->thread];
  if (by == WG_NONE || by == f.pair) return lost;
  uint32_t seq = wg_touch_step(p->s[0], last)->seq;
  if (seq < x->seq || felt_after(p, x->object, seq) != 0) return lost;
  return wg_lost_finding(p, by, last->at, wg_partner_step(p, by, 0, last->at), "signal");
}

// `a_step`: the wait here, in whose place the reference's `b_step` was ended by `by`.
uint32_t wg_explain_signal(struct wg_cause_walk *w, uint32_t waiter, uint32_t a_step, uint32_t b_step,
                           const struct wg_signaler *by) {
  struct wg_pairing *p = w->p;
  const struct wg_dthread *bw = wg_pair_thread(p, waiter, 1);
  uint32_t object = by->object != WG_NONE ? by->object : bw->steps[b_step].object;
  if (by->event) {
    // A timer that the title set, or code that it had run later.
    uint32_t until = wg_wait_end_seq(bw, b_step), root = object == WG_NONE ? WG_NONE : wg_deferred(w, until, object);
    return root != WG_NONE ? root : wg_deferred(w, until, WG_NONE);
  }
  uint32_t pair = p->peer[1][by->thread];
  if (by->exit) {
    const struct wg_dthread *t = pair == WG_NONE ? NULL : wg_pair_thread(p, pair, 0);
    if (t && wg_just_ended(p, t)) return WG_NONE;
    if (t && t->final == WG_EXITED) // it ended here too
      return t->nsteps ? wg_lost_finding(p, pair, (uint32_t)t->nsteps - 1,
                                         wg_partner_step(p, pair, 0, (uint32_t)t->nsteps - 1), "end")
                       : WG_NONE;
    uint32_t root = explain_thread(w, by->thread);
    return root != WG_NONE || t == NULL || t->final != WG_RUNNING ? root : explain_stood(w, pair, UINT32_MAX);
  }
  if (pair == WG_NONE) {
    uint32_t root = explain_own(w, by);
    return root != WG_NONE ? root : explain_thread(w, by->thread);
  }
  struct wg_link *l = wg_link_add(w, WG_LINK_SIGNAL, pair, WG_NONE, WG_NONE);
  uint32_t here = wg_like_about(p, pair, 1, by->step, wg_partner_step(p, pair, 1, by->step));
  bool late = too_late(p, waiter, a_step, pair, here);
  uint64_t to;
  bool early =
      !wg_counts_about(p, pair, 1, by->step, &to) && wg_too_early(p, waiter, a_step, b_step, pair, here, by->step);
  bool unnamed = by->step != WG_NONE && p->s[1]->threads[by->thread].steps[by->step].object == WG_NONE;
  uint32_t made = unnamed && early && !late ? here : WG_NONE;
  if (late || early || about_another(p, waiter, a_step, pair, here)) here = WG_NONE;
  l->step[0] = here;
  l->step[1] = by->step;
  if (here == WG_NONE) {
    // Never made here. What keeps its thread from it?
    l->kind = WG_LINK_NOT_MADE;
    uint32_t own = late || early ? WG_NONE : explain_own(w, by);
    if (own != WG_NONE) return own;
    uint32_t stood = late ? explain_stood(w, pair, wg_wait_end_seq(wg_pair_thread(p, waiter, 0), a_step)) : WG_NONE;
    if (stood != WG_NONE) return stood;
    uint32_t at = wg_stands_at(p, pair);
    uint32_t before = wg_explains_before(p, pair, pair == waiter ? wg_seq_at(p, pair, at) : UINT32_MAX);
    uint32_t parts = before == WG_NONE || by->step == WG_NONE ? WG_NONE : parts_there(p, pair, before, by->step);
    if (parts != WG_NONE) return parts;
    if (before != WG_NONE && (pair == waiter || wg_is_value(&p->findings[before]) || at == WG_NONE))
      return wg_explain_finding(w, before);
    // By the waiter itself: what an APC of its own did.
    if (pair == waiter) return before != WG_NONE ? before : wg_deferred(w, wg_wait_end_seq(bw, b_step), WG_NONE);
    size_t links = w->c->nchain;
    uint32_t root = explain_thread(w, by->thread);
    if (root != WG_NONE) return root;
    if (made == WG_NONE)
      return wg_pair_thread(p, pair, 0)->final != WG_RUNNING ? WG_NONE : explain_stood(w, pair, UINT32_MAX);
    // It was made here before the wait began, about what nobody tells, and nothing keeps its thread: one was lost.
    w->c->nchain = links;
    *l = (struct wg_link){WG_LINK_NO_EFFECT, pair, {made, by->step}, WG_NONE, WG_NONE};
    return wg_lost_finding(p, pair, made, by->step, "signal");
  }
  const struct wg_signaler other = short_signaler(p, waiter, a_step, b_step, by);
  if (other.thread != WG_NONE && w->seen[p->peer[1][other.thread]] != w->now) {
    uint32_t root = explain_short(w, l, &other, wg_wait_end_seq(wg_pair_thread(p, waiter, 0), a_step));
    if (root != WG_NONE) return root;
    *l = (struct wg_link){WG_LINK_NO_EFFECT, pair, {here, by->step}, WG_NONE, WG_NONE};
  }
  l->kind = WG_LINK_NO_EFFECT;
  uint32_t at = wg_finding_shown(p, pair, here);
  if (at != WG_NONE && !p->findings[at].timing) return wg_explain_finding(w, at);
  uint32_t before = wg_explains_before(p, pair, wg_seq_at(p, pair, here));
  if (before != WG_NONE && wg_is_value(&p->findings[before])) return wg_explain_finding(w, before);
  // What is seen to differ says more than what must have.
  uint32_t elsewhere = wg_earlier_elsewhere(w, waiter, UINT32_MAX, true);
  if (elsewhere == WG_NONE) elsewhere = wg_left_elsewhere(w, waiter);
  return elsewhere != WG_NONE ? elsewhere : wg_lost_finding(p, pair, here, by->step, "signal");
}
