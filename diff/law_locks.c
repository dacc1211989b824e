// Critical sections: one thread has one at a time, and who only tries is told whether another one does.
#include "base/json_iter.h"
#include "diff/law_state.h"
#include "trace/event.h"

void wg_law_made_section(struct wg_law_state *st, const struct wg_lcall *c) {
  struct wg_lobject *o = wg_law_object(st, c->object);
  o->made = c->at;
  o->wanted = false;
}

void wg_law_named_lock(struct wg_laws *l, uint32_t lock, uint32_t thread, const struct wg_event *e) {
  struct wg_lobject *o = wg_law_object(l->state, lock);
  const struct wg_field *r = wg_ev_get(e, WG_K_ARGS_RESOLVED);
  struct wg_json_iter it;
  struct wg_json_member m;
  if (o->wanted || o->made.thread == WG_NONE || r == NULL || r->type != WG_F_RAW || r->n <= 2) return;
  if (!wg_json_walk(&it, r->s, r->n)) return;
  while (wg_json_next(&it, &m))
    if (wg_json_is(&m, "object")) wg_law_broken_about(l, o, WG_LAW_INITIAL, &o->made, thread, e->idx);
}

void wg_law_enters(struct wg_laws *l, const struct wg_side *s, uint32_t lock, const struct wg_lplace *at) {
  uint32_t owner = s->objects[lock].owner;
  const struct wg_lobject *o = wg_law_object(l->state, lock);
  bool free_again = owner == WG_NONE && o->raised.thread != WG_NONE; // since it was given back
  if (owner == at->thread || (owner == WG_NONE && !free_again)) return;
  wg_law_thread(l->state, at->thread)->enter = (struct wg_lenter){lock, *at, owner != WG_NONE};
}

// It has to wait. Nobody has the lock since it was given back: then it was not.
void wg_law_waits_to_enter(struct wg_laws *l, uint32_t thread, uint64_t idx) {
  struct wg_lenter *x = &wg_law_thread(l->state, thread)->enter;
  if (x->lock == WG_NONE) return;
  struct wg_lobject *o = wg_law_object(l->state, x->lock);
  if (!x->taken) wg_law_broken_about(l, o, WG_LAW_LOCK, &o->raised, thread, idx);
  x->lock = WG_NONE;
  o->refused.thread = WG_NONE;
}

// Someone else than who gave it back has it without a wait, so that it was given back: who was refused was told
// wrongly.
static void was_free(struct wg_laws *l, struct wg_lobject *o, uint32_t thread, uint64_t idx) {
  if (o->refused.thread == WG_NONE || o->left.thread == thread) return;
  if (o->raised.seq == o->left.seq) wg_law_broken_about(l, o, WG_LAW_TRIES, &o->refused, thread, idx);
  o->refused.thread = WG_NONE;
}

// It has not waited.
void wg_law_entered(struct wg_laws *l, uint32_t thread, uint64_t idx) {
  struct wg_lenter *x = &wg_law_thread(l->state, thread)->enter;
  struct wg_lobject *o = wg_law_object(l->state, x->lock);
  bool given = o->raised.thread != WG_NONE && o->raised.seq > x->at.seq; // while it spun
  if (x->taken && !given)
    wg_law_broken_about(l, o, WG_LAW_ENTERS, &x->at, thread, idx);
  else if (!x->taken)
    was_free(l, o, thread, idx);
  x->lock = WG_NONE;
}

void wg_law_tried(struct wg_laws *l, const struct wg_lcall *c, bool got, uint64_t idx) {
  struct wg_lobject *o = wg_law_object(l->state, c->object);
  bool mine = c->owner == c->at.thread, others = c->owner != WG_NONE && !mine;
  if (got && others) wg_law_broken_about(l, o, WG_LAW_TRIES, &c->at, c->at.thread, idx);
  if (got && c->owner == WG_NONE) was_free(l, o, c->at.thread, idx);
  if (got || others) return;
  // Nobody gave it back since it was made, or who gave it back should have it again: no doubt.
  if (mine || o->raised.thread == WG_NONE || o->raised.thread == c->at.thread)
    wg_law_broken_about(l, o, WG_LAW_TRIES, &c->at, c->at.thread, idx);
  else if (o->refused.thread == WG_NONE)
    o->refused = c->at, o->left = o->raised, o->refusals = 1;
  else
    o->refusals++;
}

// Whatever calls of others the trace may have in it, none of them spins for ever. Who tried for the lock in vain since
// it was given back may have got it.
static void broken_for_good(struct wg_laws *l, struct wg_lobject *o, enum wg_law law, const struct wg_lplace *by,
                            uint32_t thread, uint32_t idx) {
  size_t n = l->n;
  wg_law_broken_about(l, o, law, by, thread, idx);
  if (l->n > n && law == WG_LAW_LOCK && o->refused.thread != WG_NONE)
    wg_law_broken(l, WG_LAW_TRIES, &o->refused, thread, idx);
  for (; n < l->n; n++) l->list[n].lasts = true;
}

// Who spins for a lock that nobody has waits for ever: it was not given back.
static void spins_end(struct wg_laws *l, const struct wg_side *s) {
  for (uint32_t i = 0; i < l->state->nthreads && i < s->nthreads; i++) {
    const struct wg_lenter *x = &l->state->threads[i].enter;
    if (x->lock == WG_NONE || x->taken) continue;
    struct wg_lobject *o = wg_law_object(l->state, x->lock);
    bool lasts = wg_side_wedged(s) || s->events > x->at.seq + 4 * WG_LAW_SURE;
    if (!lasts || o->raised.thread == WG_NONE) continue;
    if (o->raised.seq < x->at.seq)
      broken_for_good(l, o, WG_LAW_LOCK, &o->raised, i, x->at.idx);
    else // somebody else has had it since, so that it was free
      broken_for_good(l, o, WG_LAW_RETURNS, &x->at, i, x->at.idx);
  }
}

// Nobody has had it since but who gave it back, long ago, though it was tried again: that did nothing.
void wg_law_locks_end(struct wg_laws *l, const struct wg_side *s) {
  spins_end(l, s);
  for (size_t i = 0; i < l->state->nobjects; i++) {
    struct wg_lobject *o = &l->state->objects[i];
    if (o->refused.thread == WG_NONE || s->events < o->refused.seq + WG_LAW_SURE) continue;
    bool again = o->refusals > 1;
    wg_law_broken_about(l, o, again ? WG_LAW_LOCK : WG_LAW_TRIES, again ? &o->left : &o->refused, o->refused.thread,
                        o->refused.idx);
  }
}
