// Why the signal that ends a wait in the reference does not end it here.
#include <string.h>

#include "diff/cause_walk.h"

// What keeps a thread from doing what it does in the reference: blocked, not started, gone another way; WG_NONE if the
// trace only ends before.
static uint32_t explain_thread(struct wg_cause_walk *w, uint32_t b_thread) {
  struct wg_pairing *p = w->p;
  uint32_t pair = p->peer[1][b_thread];
  if (pair == WG_NONE) { // it does not exist here: its parent did not create it
    const struct wg_dthread *t = &p->s[1]->threads[b_thread];
    uint32_t parent = t->parent == WG_NONE ? WG_NONE : p->peer[1][t->parent];
    uint32_t f = parent == WG_NONE ? WG_NONE : wg_explains_before(p, parent, UINT32_MAX);
    return f == WG_NONE ? WG_NONE : wg_explain_finding(w, f);
  }
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  if (t->final == WG_UNSTARTED) return p->pairs[pair].lasts[0] ? wg_explain_start(w, pair) : WG_NONE;
  uint32_t f = wg_explains_before(p, pair, UINT32_MAX);
  if (t->blocked_step != WG_NONE) {
    if (f != WG_NONE && p->findings[f].seq <= wg_seq_at(p, pair, t->blocked_step) && wg_is_value(&p->findings[f])) {
      wg_link_add(w, WG_LINK_STUCK, pair, t->blocked_step, WG_NONE);
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
  const struct wg_dwait *w = wg_wait_of(wg_pair_thread(p, waiter, 0), a_step);
  return w && w->end_seq && wg_seq_at(p, pair, here) > w->end_seq;
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
bool wg_just_ended(const struct wg_side *s, const struct wg_dthread *t) {
  uint32_t at = t->exit_seq ? t->exit_seq : t->last_seq;
  return t->final == WG_EXITED && !s->complete && s->events < at + WG_SURELY;
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
    if (t && wg_just_ended(p->s[0], t)) return WG_NONE;
    if (t && t->final == WG_EXITED) // it ended here too
      return t->nsteps ? wg_lost_finding(p, pair, (uint32_t)t->nsteps - 1,
                                         wg_partner_step(p, pair, 0, (uint32_t)t->nsteps - 1), "end")
                       : WG_NONE;
    return explain_thread(w, by->thread);
  }
  if (pair == WG_NONE) return explain_thread(w, by->thread);
  struct wg_link *l = wg_link_add(w, WG_LINK_SIGNAL, pair, WG_NONE, WG_NONE);
  uint32_t here = wg_partner_step(p, pair, 1, by->step);
  if (wg_too_early(p, waiter, a_step, b_step, pair, here, by->step) || too_late(p, waiter, a_step, pair, here) ||
      about_another(p, waiter, a_step, pair, here))
    here = WG_NONE;
  l->step[0] = here;
  l->step[1] = by->step;
  if (here == WG_NONE) {
    // Never made here. What keeps its thread from it?
    const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
    l->kind = WG_LINK_NOT_MADE;
    uint32_t before = wg_explains_before(p, pair, pair == waiter ? wg_seq_at(p, pair, t->blocked_step) : UINT32_MAX);
    if (before != WG_NONE && (pair == waiter || wg_is_value(&p->findings[before]) || t->blocked_step == WG_NONE))
      return wg_explain_finding(w, before);
    // By the waiter itself: what an APC of its own did.
    if (pair == waiter) return before != WG_NONE ? before : wg_deferred(w, wg_wait_end_seq(bw, b_step), WG_NONE);
    return explain_thread(w, by->thread);
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
