#include "diff/causes.h"

#include <stdlib.h>
#include <string.h>

struct walk {
  struct wg_pairing *p;
  struct wg_cause *c;
  uint8_t *seen; // thread pairs on the way
  bool pending;  // who would end the wait was not there yet when the trace ended
  struct wg_link spare;
};

static bool is_value(const struct wg_finding *f) {
  return !f->timing && (f->cls == WG_D_VALUE || f->cls == WG_D_OUT || f->cls == WG_D_EFFECT || f->cls == WG_D_MADE ||
                        f->cls == WG_D_SILENT || f->cls == WG_D_LAW || f->cls == WG_D_FILE);
}
static bool is_symptom(enum wg_class_id c) {
  return c == WG_D_NEVER_RETURNED || c == WG_D_NEVER_STARTED || c == WG_D_EXCEPTION;
}

// What a thread did differently first, up to `seq`: symptoms, mere counts and who-came-first explain nothing while
// there is anything else.
static unsigned tier_of(const struct wg_finding *f) { return f->cls == WG_D_COUNT ? 2 : f->timing ? 1 : 0; }

// A wait that failed, as none does by chance: what stands before it on its thread, but for values, may only be in
// another order.
static bool failed_wait(const struct wg_pairing *p, const struct wg_finding *f) {
  return f->cls == WG_D_VALUE && f->step[0] != WG_NONE &&
         wg_no_chance(p->s[0], wg_content_at(p->s[0], wg_pair_thread(p, f->pair, 0), f->step[0]));
}

#define CLOSE 3u // calls between a lock that is tried and what is done then

// Whether a lock was free is chance; what the thread does then says less.
static uint32_t tried_before(const struct wg_pairing *p, const struct wg_finding *f) {
  if (is_value(f) || f->step[0] == WG_NONE) return WG_NONE;
  for (uint32_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *x = &p->findings[i];
    if (x->pair != f->pair || !x->timing || x->hidden || x->cls != WG_D_VALUE || x->step[0] == WG_NONE) continue;
    const struct wg_content *c = wg_content_at(p->s[0], wg_pair_thread(p, x->pair, 0), x->step[0]);
    if (wg_content_is(c, WG_NT_LOCK) && x->step[0] < f->step[0] && f->step[0] - x->step[0] <= CLOSE) return i;
  }
  return WG_NONE;
}

static uint32_t first_before(const struct wg_pairing *p, uint32_t pair, uint32_t seq, unsigned worst) {
  uint32_t best = WG_NONE, failed = WG_NONE;
  for (uint32_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *f = &p->findings[i];
    if (f->pair != pair || f->hidden || is_symptom(f->cls) || f->cls == WG_D_EARLY || f->seq > seq) continue;
    unsigned t = tier_of(f);
    if (t > worst) continue;
    if (failed_wait(p, f) && (failed == WG_NONE || f->seq < p->findings[failed].seq)) failed = i;
    if (best == WG_NONE || t < tier_of(&p->findings[best]) ||
        (t == tier_of(&p->findings[best]) && f->seq < p->findings[best].seq))
      best = i;
  }
  if (failed != WG_NONE && !is_value(&p->findings[best])) return failed;
  uint32_t tried = best == WG_NONE ? WG_NONE : tried_before(p, &p->findings[best]);
  return tried != WG_NONE ? tried : best;
}

static uint32_t explains_before(const struct wg_pairing *p, uint32_t pair, uint32_t seq) {
  return first_before(p, pair, seq, 0);
}

static uint32_t finding_at(const struct wg_pairing *p, uint32_t pair, uint32_t a_step) {
  for (uint32_t i = 0; i < p->nfindings; i++)
    if (p->findings[i].pair == pair && p->findings[i].step[0] == a_step && !p->findings[i].hidden) return i;
  return WG_NONE;
}

static struct wg_link *add_link(struct walk *w, enum wg_link_kind kind, uint32_t pair, uint32_t a, uint32_t b) {
  if (w->c->nchain == WG_CHAIN) return &w->spare; // a longer way is told as far as it fits
  struct wg_link *l = &w->c->chain[w->c->nchain++];
  *l = (struct wg_link){kind, pair, {a, b}, WG_NONE, WG_NONE};
  if (a != WG_NONE) l->object = wg_pair_thread(w->p, pair, 0)->steps[a].object;
  return l;
}

// -- who ended a wait in the reference --

struct signaler {
  uint32_t thread; // of B, WG_NONE: nobody
  uint32_t step;   // WG_NONE: the thread's end, or no call
  bool exit, event;
  uint32_t object; // that an event signalled; WG_NONE: not known
};

static uint32_t wait_end_seq(const struct wg_dthread *t, uint32_t step) {
  const struct wg_dwait *w = wg_wait_of(t, step);
  if (w && w->end_seq) return w->end_seq;
  return step + 1 < t->nsteps ? t->steps[step + 1].seq : t->last_seq;
}

// The last call before `until` that can have signalled the object.
static struct signaler last_signal(const struct wg_side *s, uint32_t object, uint32_t until) {
  struct signaler best = {WG_NONE, WG_NONE, false, false, WG_NONE};
  uint32_t best_seq = 0;
  for (uint32_t i = 0; i < s->nthreads; i++)
    for (uint32_t k = 0; k < s->threads[i].nsteps; k++) {
      const struct wg_step *x = &s->threads[i].steps[k];
      if (x->seq >= until) break;
      if (x->object != object || !wg_content_is(&s->contents[x->content], WG_NT_SIGNALS)) continue;
      if (best.thread == WG_NONE || x->seq > best_seq) {
        best = (struct signaler){i, k, false, false, object};
        best_seq = x->seq;
      }
    }
  for (size_t i = 0; i < s->nsignals; i++)
    if (s->signals[i].object == object && s->signals[i].seq < until && s->signals[i].seq > best_seq) {
      best = (struct signaler){WG_NONE, WG_NONE, false, true, object};
      best_seq = s->signals[i].seq;
    }
  return best;
}

// What a wait was for, or the one of several that ended it.
static uint32_t waited_for(const struct wg_side *s, const struct wg_dthread *t, uint32_t step) {
  const struct wg_dwait *w = wg_wait_of(t, step);
  const struct wg_content *c = wg_content_at(s, t, step);
  if (w == NULL || w->n < 2 || w->all || !(c->flags & WG_C_RV)) return t->steps[step].object;
  uint32_t i = c->rv & ~0x80u;
  return i < w->n ? s->wait_objects[w->objects + i] : t->steps[step].object;
}

static struct signaler signaler_of(const struct wg_side *s, uint32_t thread, uint32_t step) {
  const struct wg_dthread *t = &s->threads[thread];
  const struct wg_dwait *w = wg_wait_of(t, step);
  uint32_t object = waited_for(s, t, step);
  if (object != WG_NONE && s->objects[object].is_thread != WG_NONE && (w == NULL || w->n <= 1))
    return (struct signaler){s->objects[object].is_thread, WG_NONE, true, false, object};
  if (w && w->by_tid != WG_NONE) {
    const struct wg_dthread *by = wg_side_thread(s, w->by_tid);
    if (by == NULL || w->by_tid == 0) {
      struct signaler event = {WG_NONE, WG_NONE, false, true, WG_NONE};
      for (size_t i = 0; i < s->nsignals; i++)
        if (s->signals[i].tid == w->by_tid && s->signals[i].idx == w->by_idx) event.object = s->signals[i].object;
      return event;
    }
    uint32_t at = wg_step_at(by, w->by_idx), from = at;
    // Where repetitions were merged, the place is the round's: its call for the object is near.
    while (at != WG_NONE && from - at < 64 &&
           !(wg_content_is(wg_content_at(s, by, at), WG_NT_SIGNALS) && by->steps[at].object == object))
      at = at ? at - 1 : WG_NONE;
    if (at == WG_NONE || from - at >= 64) at = from;
    return (struct signaler){(uint32_t)(by - s->threads), at, at == WG_NONE, false, object};
  }
  if (object == WG_NONE) return (struct signaler){WG_NONE, WG_NONE, false, false, WG_NONE};
  return last_signal(s, object, wait_end_seq(t, step));
}

#define SURELY 200u // events after which a trace that was cut would tell of a wait's end

// -- the walk --

static uint32_t explain_block(struct walk *w, uint32_t pair);
static uint32_t explain_finding(struct walk *w, uint32_t f);
static uint32_t earlier_elsewhere(const struct wg_pairing *p, uint32_t pair, uint32_t seq, bool no_waits);

static uint32_t seq_at(const struct wg_pairing *p, uint32_t pair, uint32_t a_step) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  return a_step == WG_NONE ? t->last_seq : t->steps[a_step].seq;
}

static uint32_t own_symptom(const struct wg_pairing *p, uint32_t pair) {
  for (uint32_t i = 0; i < p->nfindings; i++)
    if (p->findings[i].pair == pair && is_symptom(p->findings[i].cls) && !p->findings[i].hidden) return i;
  return WG_NONE;
}

static uint32_t lost_finding(struct wg_pairing *p, uint32_t pair, uint32_t a, uint32_t b, const char *what) {
  // Where a lost signal would have been seen, it was not lost.
  if (p->lawful && strcmp(what, "signal") == 0) return finding_at(p, pair, a);
  for (uint32_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *f = &p->findings[i];
    if (f->pair == pair && f->step[0] == a && (f->cls == WG_D_LOST || (is_value(f) && !f->hidden))) return i;
  }
  struct wg_finding *f = wg_finding_add(p, WG_D_LOST, pair, a, b);
  f->seq = seq_at(p, pair, a);
  f->field = what;
  return (uint32_t)(f - p->findings);
}

// A call of the reference that has its like here, where it did not do what it did there.
static uint32_t lost_call(struct walk *w, uint32_t b_thread, uint32_t b_step, const char *what) {
  struct wg_pairing *p = w->p;
  uint32_t pair = p->peer[1][b_thread];
  if (pair == WG_NONE) return WG_NONE;
  uint32_t here = wg_partner_step(p, pair, 1, b_step);
  if (here == WG_NONE) {
    uint32_t before = explains_before(p, pair, UINT32_MAX);
    return before != WG_NONE ? explain_finding(w, before) : WG_NONE;
  }
  uint32_t before = explains_before(p, pair, seq_at(p, pair, here));
  if (before != WG_NONE && is_value(&p->findings[before])) return explain_finding(w, before);
  return lost_finding(p, pair, here, b_step, what);
}

// Where A's own laws are not known: its call that should have ended the wait.
static uint32_t ignored_signal(struct walk *w, uint32_t pair, uint32_t step) {
  struct wg_pairing *p = w->p;
  uint32_t thread, at;
  if (p->lawful || !wg_ignored_signal(p, pair, step, &thread, &at)) return WG_NONE;
  uint32_t by = p->peer[0][thread];
  if (by == WG_NONE) return WG_NONE;
  return lost_finding(p, by, at, wg_partner_step(p, by, 0, at), "signal");
}

// What ends a wait or runs code later: timers, DPCs, APCs, callbacks.
static bool defers(const struct wg_side *s, const struct wg_content *c) {
  static const char *const parts[] = {"SetTimer", "QueueDpc", "QueueApc", "InterruptCallback", "RegisterRenderDriver"};
  const char *name = wg_str(s, c->name);
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (strstr(name, parts[i])) return true;
  bool io = strcmp(name, "NtReadFile") == 0 || strcmp(name, "NtWriteFile") == 0;
  return io && c->nargs > 2 && (wg_arg(s, c, 1) || wg_arg(s, c, 2)); // an event, or an APC routine
}

// The last such call of the reference before a place; `object`: on that alone, WG_NONE: on any.
static uint32_t deferred(struct walk *w, uint32_t before_seq, uint32_t object) {
  const struct wg_side *s = w->p->s[1];
  uint32_t thread = WG_NONE, step = WG_NONE, seq = 0;
  for (uint32_t i = 0; i < s->nthreads; i++)
    for (uint32_t k = 0; k < s->threads[i].nsteps; k++) {
      const struct wg_step *x = &s->threads[i].steps[k];
      if (x->seq >= before_seq) break;
      if ((object != WG_NONE && x->object != object) || x->seq < seq || w->p->peer[1][i] == WG_NONE) continue;
      if (!defers(s, &s->contents[x->content])) continue;
      thread = i;
      step = k;
      seq = x->seq;
    }
  return thread == WG_NONE ? WG_NONE : lost_call(w, thread, step, "later");
}

// A thread that never runs: the call that should have let it.
static uint32_t explain_start(struct walk *w, uint32_t pair) {
  struct wg_pairing *p = w->p;
  const struct wg_dthread *b = wg_pair_thread(p, pair, 1), *a = wg_pair_thread(p, pair, 0);
  const struct wg_side *s = p->s[1];
  add_link(w, WG_LINK_UNSTARTED, pair, WG_NONE, WG_NONE);
  for (uint32_t i = 0; b->object != WG_NONE && i < s->nthreads; i++)
    for (uint32_t k = 0; k < s->threads[i].nsteps; k++)
      if (s->threads[i].steps[k].object == b->object && strstr(wg_call_name(s, &s->threads[i], k), "ResumeThread"))
        return lost_call(w, i, k, "start");
  if (b->parent == WG_NONE || b->create_step == WG_NONE || a->create_step == WG_NONE) return own_symptom(p, pair);
  return lost_call(w, b->parent, b->create_step, "start");
}

// What keeps a thread from doing what it does in the reference: blocked, not started, gone another way; WG_NONE if the
// trace only ends before.
static uint32_t explain_thread(struct walk *w, uint32_t b_thread) {
  struct wg_pairing *p = w->p;
  uint32_t pair = p->peer[1][b_thread];
  if (pair == WG_NONE) { // it does not exist here: its parent did not create it
    const struct wg_dthread *t = &p->s[1]->threads[b_thread];
    uint32_t parent = t->parent == WG_NONE ? WG_NONE : p->peer[1][t->parent];
    uint32_t f = parent == WG_NONE ? WG_NONE : explains_before(p, parent, UINT32_MAX);
    return f == WG_NONE ? WG_NONE : explain_finding(w, f);
  }
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  if (t->final == WG_UNSTARTED) return p->pairs[pair].lasts[0] ? explain_start(w, pair) : WG_NONE;
  uint32_t f = explains_before(p, pair, UINT32_MAX);
  if (t->blocked_step != WG_NONE) {
    if (f != WG_NONE && p->findings[f].seq <= seq_at(p, pair, t->blocked_step) && is_value(&p->findings[f])) {
      add_link(w, WG_LINK_STUCK, pair, t->blocked_step, WG_NONE);
      return explain_finding(w, f);
    }
    return explain_block(w, pair);
  }
  if (t->final == WG_CRASHED) return f != WG_NONE ? explain_finding(w, f) : own_symptom(p, pair);
  if (f == WG_NONE) return WG_NONE;
  return explain_finding(w, f);
}

// A thread that ended before its time serves nobody any more.
static uint32_t left_elsewhere(const struct wg_pairing *p, uint32_t waiter) {
  uint32_t best = WG_NONE;
  for (uint32_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *f = &p->findings[i];
    if (f->hidden || f->timing || f->pair == waiter || f->cls == WG_D_COUNT || is_symptom(f->cls)) continue;
    if (wg_pair_thread(p, f->pair, 0)->final != WG_EXITED || wg_pair_thread(p, f->pair, 1)->final == WG_EXITED)
      continue;
    if (best == WG_NONE || f->seq < p->findings[best].seq) best = i;
  }
  return best;
}

// Its like here came before the wait that it should end, and in the reference it comes after: it is another one's like.
static bool too_early(const struct wg_pairing *p, uint32_t waiter, uint32_t a_step, uint32_t b_step, uint32_t pair,
                      uint32_t here, uint32_t there) {
  if (here == WG_NONE || a_step == WG_NONE) return false;
  return seq_at(p, pair, here) < seq_at(p, waiter, a_step) &&
         wg_pair_thread(p, pair, 1)->steps[there].seq > wg_pair_thread(p, waiter, 1)->steps[b_step].seq;
}

// It comes when the wait has given up.
static bool too_late(const struct wg_pairing *p, uint32_t waiter, uint32_t a_step, uint32_t pair, uint32_t here) {
  if (here == WG_NONE || a_step == WG_NONE) return false;
  const struct wg_dwait *w = wg_wait_of(wg_pair_thread(p, waiter, 0), a_step);
  return w && w->end_seq && seq_at(p, pair, here) > w->end_seq;
}

// Its like here is about another object than the wait: of another round.
static bool about_another(const struct wg_pairing *p, uint32_t waiter, uint32_t a_step, uint32_t pair, uint32_t here) {
  if (here == WG_NONE || a_step == WG_NONE) return false;
  const struct wg_dthread *t = wg_pair_thread(p, waiter, 0);
  const struct wg_dwait *w = wg_wait_of(t, a_step);
  uint32_t signalled = wg_pair_thread(p, pair, 0)->steps[here].object, waited = t->steps[a_step].object;
  if (signalled == WG_NONE || waited == WG_NONE || signalled == waited) return false;
  if (w == NULL || w->n > 1) return false;
  // Two names of one object may not be known to be that.
  const struct wg_dobject *x = &p->s[0]->objects[signalled], *y = &p->s[0]->objects[waited];
  return x->by_handle == y->by_handle && x->call && y->call;
}

// A trace that was cut would not tell yet that waits for its end have ended.
static bool just_ended(const struct wg_side *s, const struct wg_dthread *t) {
  uint32_t at = t->exit_seq ? t->exit_seq : t->last_seq;
  return t->final == WG_EXITED && !s->complete && s->events < at + SURELY;
}

// `a_step`: the wait here, in whose place the reference's `b_step` was ended by `by`.
static uint32_t explain_signal(struct walk *w, uint32_t waiter, uint32_t a_step, uint32_t b_step,
                               const struct signaler *by) {
  struct wg_pairing *p = w->p;
  const struct wg_dthread *bw = wg_pair_thread(p, waiter, 1);
  uint32_t object = by->object != WG_NONE ? by->object : bw->steps[b_step].object;
  if (by->event) {
    // A timer that the title set, or code that it had run later.
    uint32_t until = wait_end_seq(bw, b_step), root = object == WG_NONE ? WG_NONE : deferred(w, until, object);
    return root != WG_NONE ? root : deferred(w, until, WG_NONE);
  }
  uint32_t pair = p->peer[1][by->thread];
  if (by->exit) {
    const struct wg_dthread *t = pair == WG_NONE ? NULL : wg_pair_thread(p, pair, 0);
    if (t && just_ended(p->s[0], t)) return WG_NONE;
    if (t && t->final == WG_EXITED) // it ended here too
      return t->nsteps ? lost_finding(p, pair, (uint32_t)t->nsteps - 1,
                                      wg_partner_step(p, pair, 0, (uint32_t)t->nsteps - 1), "end")
                       : WG_NONE;
    return explain_thread(w, by->thread);
  }
  if (pair == WG_NONE) return explain_thread(w, by->thread);
  struct wg_link *l = add_link(w, WG_LINK_SIGNAL, pair, WG_NONE, WG_NONE);
  uint32_t here = wg_partner_step(p, pair, 1, by->step);
  if (too_early(p, waiter, a_step, b_step, pair, here, by->step) || too_late(p, waiter, a_step, pair, here) ||
      about_another(p, waiter, a_step, pair, here))
    here = WG_NONE;
  l->step[0] = here;
  l->step[1] = by->step;
  if (here == WG_NONE) {
    // Never made here. What keeps its thread from it?
    const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
    l->kind = WG_LINK_NOT_MADE;
    uint32_t before = explains_before(p, pair, pair == waiter ? seq_at(p, pair, t->blocked_step) : UINT32_MAX);
    if (before != WG_NONE && (pair == waiter || is_value(&p->findings[before]) || t->blocked_step == WG_NONE))
      return explain_finding(w, before);
    // By the waiter itself: what an APC of its own did.
    if (pair == waiter) return before != WG_NONE ? before : deferred(w, wait_end_seq(bw, b_step), WG_NONE);
    return explain_thread(w, by->thread);
  }
  l->kind = WG_LINK_NO_EFFECT;
  uint32_t at = finding_at(p, pair, here);
  if (at != WG_NONE && !p->findings[at].timing) return explain_finding(w, at);
  uint32_t before = explains_before(p, pair, seq_at(p, pair, here));
  if (before != WG_NONE && is_value(&p->findings[before])) return explain_finding(w, before);
  // What is seen to differ says more than what must have.
  uint32_t elsewhere = earlier_elsewhere(p, waiter, UINT32_MAX, true);
  if (elsewhere == WG_NONE) elsewhere = left_elsewhere(p, waiter);
  return elsewhere != WG_NONE ? elsewhere : lost_finding(p, pair, here, by->step, "signal");
}

// Stuck at a lock: whoever has it, or the call that should have given it back.
static uint32_t explain_lock(struct walk *w, uint32_t pair) {
  struct wg_pairing *p = w->p;
  const struct wg_side *s = p->s[0];
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  uint32_t object = t->steps[t->blocked_step].object;
  if (object == WG_NONE) return WG_NONE;
  uint32_t owner = s->objects[object].owner;
  if (owner != WG_NONE && owner != p->pairs[pair].t[0]) {
    uint32_t op = p->peer[0][owner];
    const struct wg_dthread *x = &s->threads[owner];
    uint32_t f = op == WG_NONE ? WG_NONE : explains_before(p, op, UINT32_MAX);
    if (f != WG_NONE) return explain_finding(w, f);
    return op != WG_NONE && x->blocked_step != WG_NONE ? explain_block(w, op) : WG_NONE;
  }
  uint32_t thread = WG_NONE, step = WG_NONE, seq = 0;
  for (uint32_t i = 0; i < s->nthreads; i++)
    for (uint32_t k = 0; k < s->threads[i].nsteps; k++) {
      const struct wg_step *x = &s->threads[i].steps[k];
      if (x->object != object || x->seq < seq || !wg_content_is(&s->contents[x->content], WG_NT_UNLOCK)) continue;
      thread = i;
      step = k;
      seq = x->seq;
    }
  if (thread == WG_NONE || p->peer[0][thread] == WG_NONE) return WG_NONE;
  return lost_finding(p, p->peer[0][thread], step, wg_partner_step(p, p->peer[0][thread], 0, step), "unlock");
}

// No tie but time: the first value that differs elsewhere; else the wait itself.
static uint32_t last_resort(struct walk *w, uint32_t pair) {
  struct wg_pairing *p = w->p;
  uint32_t elsewhere = earlier_elsewhere(p, pair, seq_at(p, pair, wg_pair_thread(p, pair, 0)->blocked_step), true);
  if (elsewhere == WG_NONE) return own_symptom(p, pair);
  w->c->weak = true;
  return elsewhere;
}

static uint32_t explain_block(struct walk *w, uint32_t pair) {
  struct wg_pairing *p = w->p;
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  uint32_t b = wg_partner_step(p, pair, 0, t->blocked_step), seq = seq_at(p, pair, t->blocked_step);
  if (w->seen[pair]) {
    add_link(w, WG_LINK_CIRCLE, pair, t->blocked_step, b);
    return WG_NONE;
  }
  w->seen[pair] = 1;
  struct wg_link *l = add_link(w, WG_LINK_BLOCKED, pair, t->blocked_step, b);
  uint32_t at = finding_at(p, pair, t->blocked_step); // it waits otherwise
  if (at != WG_NONE && p->findings[at].cls == WG_D_EFFECT) return at;
  uint32_t own = explains_before(p, pair, seq ? seq - 1 : 0);
  if (own != WG_NONE && is_value(&p->findings[own])) return explain_finding(w, own);
  uint32_t ignored = ignored_signal(w, pair, t->blocked_step);
  if (ignored != WG_NONE) return ignored;
  if (wg_content_is(wg_content_at(p->s[0], t, t->blocked_step), WG_NT_LOCK)) {
    uint32_t root = explain_lock(w, pair);
    if (root != WG_NONE) return root;
  }
  if (b == WG_NONE) return own != WG_NONE ? explain_finding(w, own) : last_resort(w, pair);
  struct signaler by = signaler_of(p->s[1], p->pairs[pair].t[1], b);
  if (by.exit) l->kind = WG_LINK_JOIN;
  const struct wg_dwait *bw = wg_wait_of(wg_pair_thread(p, pair, 1), b);
  if (bw && bw->by_apc) {
    add_link(w, WG_LINK_EVENT, pair, WG_NONE, b);
    uint32_t root = deferred(w, wait_end_seq(wg_pair_thread(p, pair, 1), b), WG_NONE);
    if (root != WG_NONE) return root;
  }
  if (by.event) add_link(w, WG_LINK_EVENT, pair, WG_NONE, b);
  uint32_t root = by.thread == WG_NONE && !by.event ? WG_NONE : explain_signal(w, pair, t->blocked_step, b, &by);
  if (root != WG_NONE) return root;
  if (own != WG_NONE) return explain_finding(w, own);
  // The reference's signaler runs on and is merely not there yet, or has just ended: no wait without end.
  if (by.thread != WG_NONE && p->peer[1][by.thread] != WG_NONE && p->peer[1][by.thread] != pair) {
    const struct wg_dthread *x = wg_pair_thread(p, p->peer[1][by.thread], 0);
    w->pending |= x->final == WG_RUNNING || (by.exit && just_ended(p->s[0], x));
  }
  return w->pending ? WG_NONE : last_resort(w, pair);
}

// What a wait gave, but for errors.
static bool is_wait(const struct wg_pairing *p, const struct wg_finding *f) {
  return f->step[0] != WG_NONE && f->cls == WG_D_VALUE && f->value[0] < 0x80000000u && f->value[1] < 0x80000000u &&
         wg_content_is(wg_content_at(p->s[0], wg_pair_thread(p, f->pair, 0), f->step[0]), WG_NT_WAITS);
}

// The first value that differs on any other thread before this one: shared memory leaves no other trace.
static uint32_t earlier_elsewhere(const struct wg_pairing *p, uint32_t pair, uint32_t seq, bool no_waits) {
  uint32_t best = WG_NONE;
  for (uint32_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *x = &p->findings[i];
    if (x->hidden || x->pair == pair || !is_value(x) || x->seq >= seq || (no_waits && is_wait(p, x))) continue;
    if (best == WG_NONE || x->seq < p->findings[best].seq) best = i;
  }
  return best;
}

// The first thing of any kind that the thread of a signal did otherwise before it.
static uint32_t before_signal(const struct wg_pairing *p, uint32_t pair, const struct signaler *by, int side) {
  if (by->thread == WG_NONE || p->peer[side][by->thread] == WG_NONE || p->peer[side][by->thread] == pair)
    return WG_NONE;
  return explains_before(p, p->peer[side][by->thread], UINT32_MAX);
}

// What ends the wait in the reference came here, too, and before what did end it.
static uint32_t passed_over(struct walk *w, uint32_t waiter, const struct signaler *here, const struct signaler *by) {
  struct wg_pairing *p = w->p;
  if (by->thread == WG_NONE || by->step == WG_NONE || here->thread == WG_NONE || here->step == WG_NONE) return WG_NONE;
  uint32_t pair = p->peer[1][by->thread];
  uint32_t at = pair == WG_NONE || pair == waiter ? WG_NONE : wg_partner_step(p, pair, 1, by->step);
  if (at == WG_NONE || seq_at(p, pair, at) >= p->s[0]->threads[here->thread].steps[here->step].seq) return WG_NONE;
  return lost_finding(p, pair, at, by->step, "signal");
}

// A wait that ended otherwise than in the reference: what it waits for was signalled by others, or by nobody.
static uint32_t explain_wait(struct walk *w, uint32_t at) {
  struct wg_pairing *p = w->p;
  const struct wg_finding f = p->findings[at];
  if (f.step[1] == WG_NONE || w->seen[f.pair]) return WG_NONE;
  const struct wg_dthread *a = wg_pair_thread(p, f.pair, 0), *b = wg_pair_thread(p, f.pair, 1);
  const struct wg_dwait *aw = wg_wait_of(a, f.step[0]), *bw = wg_wait_of(b, f.step[1]);
  if (aw == NULL && bw != NULL) return WG_NONE; // it did not wait at all: its own doing
  w->seen[f.pair] = 1;
  struct signaler by = signaler_of(p->s[1], p->pairs[f.pair].t[1], f.step[1]);
  add_link(w, WG_LINK_LED_TO, f.pair, f.step[0], f.step[1])->finding = at;
  bool timedout = f.value[0] == 0x102 && f.value[1] != 0x102;
  uint32_t root = ignored_signal(w, f.pair, f.step[0]);
  if (root != WG_NONE) return root;
  if (timedout && bw && bw->by_apc)
    root = deferred(w, wait_end_seq(b, f.step[1]), WG_NONE);
  else if (timedout && (by.thread != WG_NONE || by.event))
    root = explain_signal(w, f.pair, f.step[0], f.step[1], &by);
  if (root == WG_NONE || root == at) root = earlier_elsewhere(p, f.pair, wait_end_seq(a, f.step[0]), true);
  if (root == WG_NONE && !timedout) {
    struct signaler here = signaler_of(p->s[0], p->pairs[f.pair].t[0], f.step[0]);
    root = passed_over(w, f.pair, &here, &by);
    if (root == WG_NONE) root = before_signal(p, f.pair, &here, 0);
    if (root == WG_NONE) root = before_signal(p, f.pair, &by, 1);
    if (root != WG_NONE && p->findings[root].seq > f.seq) root = WG_NONE;
  }
  if (root != WG_NONE && root != at) return root;
  w->c->nchain--;
  return WG_NONE;
}

static uint32_t explain_finding(struct walk *w, uint32_t at) {
  struct wg_pairing *p = w->p;
  const struct wg_finding *f = &p->findings[at];
  uint32_t first = explains_before(p, f->pair, f->seq);
  if (first != WG_NONE && first != at) {
    add_link(w, WG_LINK_LED_TO, f->pair, f->step[0], f->step[1])->finding = at;
    at = first;
    f = &p->findings[at];
  }
  if (is_wait(p, f)) {
    uint32_t root = explain_wait(w, at);
    if (root != WG_NONE) return root;
    f = &p->findings[at]; // the list may have grown
  }
  if (is_value(f) || f->cls == WG_D_LOST) return at;
  uint32_t pair = f->pair, s0 = f->step[0], s1 = f->step[1], elsewhere = earlier_elsewhere(p, pair, f->seq, true);
  if (elsewhere == WG_NONE) elsewhere = earlier_elsewhere(p, pair, f->seq, false);
  if (elsewhere == WG_NONE) return at;
  add_link(w, WG_LINK_MEMORY, pair, s0, s1)->finding = at;
  w->c->weak = true;
  if (!is_wait(p, &p->findings[elsewhere])) return elsewhere;
  uint32_t root = explain_wait(w, elsewhere);
  return root != WG_NONE ? root : elsewhere;
}

// -- candidates --

static struct wg_cause *candidate(struct wg_causes *cs, uint32_t finding) {
  for (size_t i = 0; i < cs->n; i++)
    if (cs->list[i].finding == finding) return &cs->list[i];
  if (cs->n == cs->cap) {
    cs->cap = cs->cap ? cs->cap * 2 : 16;
    cs->list = wg_xrealloc(cs->list, cs->cap * sizeof *cs->list);
  }
  cs->list[cs->n] = (struct wg_cause){.finding = finding, .input = WG_NONE};
  return &cs->list[cs->n++];
}

// The first fault of the kernel that its own trace proves.
static uint32_t first_breach(const struct wg_pairing *p) {
  uint32_t best = WG_NONE;
  for (uint32_t i = 0; i < p->nfindings; i++)
    if ((p->findings[i].cls == WG_D_LAW || p->findings[i].first) && !p->findings[i].hidden &&
        (best == WG_NONE || p->findings[i].seq < p->findings[best].seq))
      best = i;
  return best;
}

// Nothing that a title does breaks a law: what comes after a breach may come of it, and no breach of anything.
static uint32_t before_breach(const struct wg_pairing *p, struct wg_cause *c, uint32_t root) {
  uint32_t breach = first_breach(p);
  if (root == WG_NONE || breach == WG_NONE || root == breach) return root;
  const struct wg_finding *f = &p->findings[root], *b = &p->findings[breach];
  if (!b->first && f->seq < b->seq && is_value(f)) return root;
  c->weak = false;
  return breach;
}

static void explain_symptom(struct wg_pairing *p, uint32_t symptom, struct wg_causes *out) {
  struct wg_cause c = {.finding = WG_NONE, .input = WG_NONE};
  struct walk w = {.p = p, .c = &c, .seen = wg_xcalloc(p->npairs + 1, 1)};
  enum wg_class_id cls = p->findings[symptom].cls;
  uint32_t pair = p->findings[symptom].pair, root;
  if (cls == WG_D_NEVER_RETURNED)
    root = explain_block(&w, pair);
  else if (cls == WG_D_NEVER_STARTED)
    root = explain_start(&w, pair);
  else {
    uint32_t own = explains_before(p, pair, UINT32_MAX);
    root = own != WG_NONE ? explain_finding(&w, own) : symptom;
  }
  free(w.seen);
  root = before_breach(p, &c, root);
  if (root == WG_NONE) {
    p->findings[symptom].hidden = true;
    p->findings[symptom].reason = "the trace ends before the thread that would end the wait gets there";
    return;
  }
  out->symptoms++;
  struct wg_cause *to = candidate(out, root);
  unsigned n = to->symptoms + 1;
  if (to->symptoms == 0 || c.nchain > to->nchain) *to = c;
  to->finding = root;
  to->symptoms = n;
}

static unsigned rank_of(const struct wg_pairing *p, const struct wg_cause *c) {
  const struct wg_finding *f = &p->findings[c->finding];
  unsigned r = wg_classes[f->cls].rank;
  const struct wg_dthread *t = wg_pair_thread(p, f->pair, 0);
  for (int i = 0; i < 2; i++)
    if (f->step[i] != WG_NONE &&
        wg_content_is(wg_content_at(p->s[i], wg_pair_thread(p, f->pair, i), f->step[i]), WG_NT_CONSEQUENCE) &&
        !is_value(f))
      r += 5;
  return r + (t->tid == 0 && !is_value(f) ? 30 : 0);
}

// Explains a symptom; a value, if only by time; a symptom that nothing explains; a path; chance.
static unsigned class_of(const struct wg_pairing *p, const struct wg_cause *c) {
  const struct wg_finding *f = &p->findings[c->finding];
  if (f->cls == WG_D_COUNT) return 7;
  if (f->timing) return 6;
  if (f->cls == WG_D_LAW || f->first) return 0;
  if (is_symptom(f->cls) || f->cls == WG_D_EARLY) return 3;
  if (c->symptoms) return c->weak ? 1 : 0;
  if (c->weak) return 5; // put down to something else
  return is_value(f) || f->cls == WG_D_LOST ? 2 : 4;
}

static bool before(const struct wg_pairing *p, const struct wg_cause *a, const struct wg_cause *b) {
  unsigned ca = class_of(p, a), cb = class_of(p, b);
  unsigned ra = rank_of(p, a) / 10, rb = rank_of(p, b) / 10;
  uint32_t qa = p->findings[a->finding].seq, qb = p->findings[b->finding].seq;
  if (ca != cb) return ca < cb;
  if (a->symptoms != b->symptoms) return a->symptoms > b->symptoms;
  if (ra != rb) return ra < rb;
  return qa < qb;
}

static void sort(const struct wg_pairing *p, struct wg_causes *c) {
  for (size_t i = 1; i < c->n; i++) { // few, and the order must not depend on a library's
    struct wg_cause x = c->list[i];
    size_t j = i;
    for (; j > 0 && before(p, &x, &c->list[j - 1]); j--) c->list[j] = c->list[j - 1];
    c->list[j] = x;
  }
}

// What a thread last learned from outside before a place: a file's data, whether a path exists; failing that, whatever
// it asked last.
static bool is_input(const struct wg_side *s, const struct wg_dthread *t, uint32_t step) {
  const struct wg_content *c = wg_content_at(s, t, step);
  uint32_t o = t->steps[step].object;
  const char *name = wg_str(s, c->name);
  if (wg_content_is(c, WG_NT_OPENS)) return true;
  return o != WG_NONE && strcmp(wg_str(s, s->objects[o].type), "File") == 0 &&
         (strstr(name, "Read") || strstr(name, "Query"));
}

// Both tell what it gave, and it is the same: not that.
static bool known_equal(const struct wg_pairing *p, uint32_t pair, uint32_t a, uint32_t b) {
  if (b == WG_NONE) return false;
  const struct wg_content *x = wg_content_at(p->s[0], wg_pair_thread(p, pair, 0), a);
  const struct wg_content *y = wg_content_at(p->s[1], wg_pair_thread(p, pair, 1), b);
  return (x->flags & y->flags & WG_C_RV) && x->out && y->out;
}

// It can have told the thread something.
static bool tells(const struct wg_pairing *p, const struct wg_content *c) {
  const char *name = wg_str(p->s[0], c->name);
  if (wg_content_is(c, WG_NT_CONSEQUENCE | WG_NT_CLOSES | WG_NT_FREES)) return false;
  return !strstr(name, "Delay") && !strstr(name, "Yield") &&
         !(wg_nt_of(c) && wg_nt_of(c)->ret == 'v' && !strchr(wg_nt_of(c)->params, 'P'));
}

#define INPUT_REACH 40 // calls before the place

static void find_input(struct wg_pairing *p, struct wg_cause *c) {
  unsigned looked = 0;
  const struct wg_finding *f = &p->findings[c->finding];
  if (is_value(f) || is_symptom(f->cls) || f->cls == WG_D_LOST || f->cls == WG_D_COUNT || f->cls == WG_D_EARLY) return;
  const struct wg_dthread *t = wg_pair_thread(p, f->pair, 0);
  uint32_t at = f->step[0] != WG_NONE ? f->step[0] : (uint32_t)t->nsteps, last = WG_NONE;
  for (uint32_t i = at; i-- > 0;) {
    if (t->steps[i].seq > f->seq || wg_weight_of(p, 0, t->steps[i].content) == WG_NEUTRAL) continue;
    const struct wg_content *x = wg_content_at(p->s[0], t, i);
    bool clock =
        wg_content_is(x, WG_NT_TIME) && wg_partner_step(p, f->pair, 0, i) == WG_NONE; // asked on this side only
    if (last == WG_NONE && !clock && tells(p, x)) last = i;
    if (++looked > INPUT_REACH) break;
    if (!is_input(p->s[0], t, i)) continue;
    if (!known_equal(p, f->pair, i, wg_partner_step(p, f->pair, 0, i))) last = i;
    break;
  }
  c->input = last;
}

// Next to a breach stands what proves it.
static void add_proof(struct wg_pairing *p, struct wg_cause *c) {
  const struct wg_finding *f = &p->findings[c->finding];
  struct walk w = {.p = p, .c = c};
  if (f->cls == WG_D_LAW && f->shows[0] != WG_NONE) add_link(&w, WG_LINK_SHOWS, f->shows[0], f->shows[1], WG_NONE);
}

// Who is told another value was lied to, or it was never set: that is said too.
static void add_setters(struct wg_pairing *p, struct wg_causes *out) {
  for (size_t i = 0, n = out->n; i < n; i++) {
    const struct wg_finding *f = &p->findings[out->list[i].finding];
    uint32_t pair = f->pair, b = WG_NONE;
    if ((f->cls != WG_D_VALUE && f->cls != WG_D_OUT) || f->timing || f->step[0] == WG_NONE) continue;
    uint32_t setter = wg_setter_before(p, pair, f->step[0]);
    if (setter == WG_NONE || (b = wg_partner_step(p, pair, 0, setter)) == WG_NONE) continue;
    uint32_t lost = lost_finding(p, pair, setter, b, "setting");
    if (lost != WG_NONE) candidate(out, lost)->weak = true;
  }
}

void wg_causes_find(struct wg_pairing *p, struct wg_causes *out) {
  *out = (struct wg_causes){0};
  size_t n = p->nfindings;
  for (uint32_t i = 0; i < n; i++)
    if (!p->findings[i].hidden && is_symptom(p->findings[i].cls)) explain_symptom(p, i, out);
  for (uint32_t i = 0; i < p->npairs; i++) {
    uint32_t f = first_before(p, i, UINT32_MAX, 2);
    if (f == WG_NONE) continue;
    struct wg_cause c = {.input = WG_NONE};
    struct walk w = {.p = p, .c = &c, .seen = wg_xcalloc(p->npairs + 1, 1)};
    uint32_t root = before_breach(p, &c, explain_finding(&w, f));
    free(w.seen);
    struct wg_cause *to = candidate(out, root == WG_NONE ? f : root);
    if (to->symptoms == 0 && to->nchain == 0 && root != f) {
      c.finding = to->finding;
      c.weak = false;
      *to = c;
    }
    // What was put down to another thread is a candidate of its own, too.
    if (root != f) candidate(out, f)->weak = true;
  }
  uint32_t breach = first_breach(p);
  if (breach != WG_NONE) candidate(out, breach);
  add_setters(p, out);
  for (size_t i = 0; i < out->n; i++) {
    find_input(p, &out->list[i]);
    add_proof(p, &out->list[i]);
  }
  sort(p, out);
}

void wg_causes_release(struct wg_causes *c) {
  free(c->list);
  *c = (struct wg_causes){0};
}
