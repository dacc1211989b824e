// From a thread that is blocked, or does something else, back to what explains it.
#include "diff/calls.h"
#include "diff/cause_walk.h"
#include "nt/status.h"

#include <string.h>

#define NEAR 32u // steps in which the like of a wait is looked for

struct wg_link *wg_link_add(struct wg_cause_walk *w, enum wg_link_kind kind, uint32_t pair, uint32_t a, uint32_t b) {
  if (w->c->nchain == WG_CHAIN) return &w->spare; // a longer way is told as far as it fits
  struct wg_link *l = &w->c->chain[w->c->nchain++];
  *l = (struct wg_link){kind, pair, {a, b}, WG_NONE, WG_NONE};
  if (a != WG_NONE) l->object = wg_pair_thread(w->p, pair, 0)->steps[a].object;
  return l;
}

uint32_t wg_stands_at(const struct wg_pairing *p, uint32_t pair) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  if (t->blocked_step != WG_NONE || t->final != WG_RUNNING || t->nsteps == 0) return t->blocked_step;
  const struct wg_content *c = wg_content_at(p->s[0], t, t->nsteps - 1);
  bool untold = !(c->flags & WG_C_RETURNED) && wg_wait_of(t, (uint32_t)t->nsteps - 1) == NULL;
  return untold && wg_waits_for_ever(p->s[0], c) ? (uint32_t)t->nsteps - 1 : WG_NONE;
}

// How often a thread has called so about an object, up to a step and with it.
static uint32_t times_about(const struct wg_dthread *t, const struct wg_side *s, uint32_t step) {
  const struct wg_step *x = &t->steps[step];
  uint32_t n = 0, name = s->contents[x->content].name;
  for (uint32_t i = 0; i <= step; i++)
    n += t->steps[i].object == x->object && s->contents[t->steps[i].content].name == name;
  return n;
}

bool wg_counts_about(const struct wg_pairing *p, uint32_t pair, int side, uint32_t step, uint64_t *to) {
  uint32_t object = wg_pair_thread(p, pair, side)->steps[step].object;
  return p->s[0]->text_log && object != WG_NONE && wg_map_get(&p->same[side], object, to);
}

uint32_t wg_like_about(const struct wg_pairing *p, uint32_t pair, int side, uint32_t step, uint32_t beside) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, side), *o = wg_pair_thread(p, pair, !side);
  uint64_t to;
  if (!wg_counts_about(p, pair, side, step, &to)) return beside;
  uint32_t left = times_about(t, p->s[side], step);
  uint64_t kind = wg_known_of(p, side, wg_content_at(p->s[side], t, step))->hash;
  for (uint32_t i = 0; i < o->nsteps; i++) {
    if (o->steps[i].object != to || wg_known_of(p, !side, wg_content_at(p->s[!side], o, i))->hash != kind) continue;
    if (--left == 0) return i;
  }
  return WG_NONE;
}

// Of a wait, or what stands beside it if there is none.
static uint32_t wait_about(const struct wg_pairing *p, uint32_t pair, uint32_t a_step, uint32_t beside) {
  uint32_t like = wg_like_about(p, pair, 0, a_step, beside);
  return like != WG_NONE ? like : beside;
}

// Where A's own laws are not known: its call that should have ended the wait.
static uint32_t ignored_signal(struct wg_cause_walk *w, uint32_t pair, uint32_t step) {
  struct wg_pairing *p = w->p;
  uint32_t thread, at;
  if (p->lawful || !wg_ignored_signal(p, pair, step, &thread, &at)) return WG_NONE;
  uint32_t by = p->peer[0][thread];
  if (by == WG_NONE) return WG_NONE;
  return wg_lost_finding(p, by, at, wg_partner_step(p, by, 0, at), "signal");
}

// Where nothing tells which thread is let go: the last call before the start of one that was made suspended.
static uint32_t unnamed_resume(const struct wg_side *s, const struct wg_dthread *t, uint32_t *thread) {
  uint32_t best = WG_NONE, seq = 0, until = t->nsteps ? t->steps[0].seq : 0;
  for (uint32_t i = 0; t->flags & 1 && i < s->nthreads; i++)
    for (uint32_t k = 0; k < s->threads[i].nsteps && s->threads[i].steps[k].seq < until; k++) {
      const struct wg_step *x = &s->threads[i].steps[k];
      if (x->object != WG_NONE || x->seq < seq || !strstr(wg_call_name(s, &s->threads[i], k), "ResumeThread")) continue;
      best = k;
      *thread = i;
      seq = x->seq;
    }
  return best;
}

// The how-manieth call of its name a step is.
static uint64_t nth_of(const struct wg_side *s, const struct wg_dthread *t, uint32_t step) {
  uint64_t n = 0;
  uint32_t name = s->contents[t->steps[step].content].name;
  for (uint32_t i = 0; i <= step; i++)
    if (s->contents[t->steps[i].content].name == name) n += t->steps[i].count;
  return n;
}

// Beside the call that lets it run in the reference stands one about another thread, or where that is not told an
// earlier one: who would let this one run has not come so far, and waits. The pair of that one; WG_NONE: it is not so.
static uint32_t stands_before(const struct wg_pairing *p, uint32_t pair, uint32_t thread, uint32_t at) {
  uint32_t by = p->peer[1][thread], object = wg_pair_thread(p, pair, 0)->object;
  uint32_t here = by == WG_NONE ? WG_NONE : wg_partner_step(p, by, 1, at);
  if (here == WG_NONE || wg_stands_at(p, by) == WG_NONE) return WG_NONE;
  const struct wg_dthread *t = wg_pair_thread(p, by, 0), *u = wg_pair_thread(p, by, 1);
  uint32_t about = t->steps[here].object;
  bool told = object != WG_NONE && about != WG_NONE;
  bool other = told ? about != object : nth_of(p->s[0], t, here) < nth_of(p->s[1], u, at);
  return other ? by : WG_NONE;
}

// A thread that never runs: the call that should have let it.
uint32_t wg_explain_start(struct wg_cause_walk *w, uint32_t pair) {
  struct wg_pairing *p = w->p;
  const struct wg_dthread *b = wg_pair_thread(p, pair, 1), *a = wg_pair_thread(p, pair, 0);
  const struct wg_side *s = p->s[1];
  wg_link_add(w, WG_LINK_UNSTARTED, pair, WG_NONE, WG_NONE);
  const struct wg_touches *x = p->touches[1];
  const struct wg_touch *first = NULL; // thread by thread
  for (uint32_t i = b->object == WG_NONE ? 0 : x->first_call[b->object];
       b->object != WG_NONE && i < x->first_call[b->object + 1]; i++) {
    const struct wg_touch *y = &x->calls[i];
    bool before = first == NULL || y->thread < first->thread || (y->thread == first->thread && y->at < first->at);
    if (before && strstr(wg_call_name(s, &s->threads[y->thread], y->at), "ResumeThread")) first = y;
  }
  uint32_t stands = first ? stands_before(p, pair, first->thread, first->at) : WG_NONE;
  if (stands != WG_NONE) return wg_explain_block(w, stands);
  if (first) return wg_lost_call(w, first->thread, first->at, "start");
  uint32_t resumer, resume = unnamed_resume(s, b, &resumer);
  stands = resume == WG_NONE ? WG_NONE : stands_before(p, pair, resumer, resume);
  if (stands != WG_NONE) return wg_explain_block(w, stands);
  if (resume != WG_NONE) return wg_lost_call(w, resumer, resume, "start");
  if (b->parent == WG_NONE || b->create_step == WG_NONE || a->create_step == WG_NONE) return wg_own_symptom(p, pair);
  return wg_lost_call(w, b->parent, b->create_step, "start");
}

// Who gave a lock back last before a place: if that did nothing, it has it still, and may enter again. WG_NONE: nobody.
static uint32_t last_owner(const struct wg_side *s, uint32_t object, uint32_t until) {
  uint32_t best = WG_NONE, seq = 0;
  for (uint32_t i = 0; i < s->nthreads; i++)
    for (uint32_t k = 0; k < s->threads[i].nsteps && s->threads[i].steps[k].seq < until; k++) {
      const struct wg_step *x = &s->threads[i].steps[k];
      if (x->object != object || x->seq < seq || !wg_content_is(&s->contents[x->content], WG_NT_UNLOCK)) continue;
      best = i;
      seq = x->seq;
    }
  return best;
}

// Another thread has come to have the lock since this one asked for it, so that it was free.
static bool overtaken(const struct wg_pairing *p, uint32_t pair, uint32_t at) {
  const struct wg_side *s = p->s[0];
  const struct wg_step *asked = &wg_pair_thread(p, pair, 0)->steps[at];
  uint32_t owner = last_owner(s, asked->object, asked->seq);
  for (uint32_t i = 0; i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    uint32_t depth = 0;
    for (uint32_t k = 0; k < t->nsteps && i != p->pairs[pair].t[0] && i != owner; k++) {
      const struct wg_content *c = wg_content_at(s, t, k);
      if (t->steps[k].object != asked->object) continue;
      bool got = wg_content_is(c, WG_NT_LOCK) && wg_nt_of(c)->ret != 'b' && k + 1u < t->nsteps;
      if (got && depth == 0 && t->steps[k].seq > asked->seq) return true;
      if (got) depth++;
      if (wg_content_is(c, WG_NT_UNLOCK) && depth) depth--;
    }
  }
  return false;
}

// Stuck at a lock: whoever has it, or the call that should have given it back.
static uint32_t explain_lock(struct wg_cause_walk *w, uint32_t pair, uint32_t at) {
  struct wg_pairing *p = w->p;
  const struct wg_side *s = p->s[0];
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  uint32_t object = t->steps[at].object;
  if (object == WG_NONE) return WG_NONE;
  uint32_t owner = s->objects[object].owner;
  if (owner != WG_NONE && owner != p->pairs[pair].t[0]) {
    uint32_t op = p->peer[0][owner];
    const struct wg_dthread *x = &s->threads[owner];
    uint32_t f = op == WG_NONE ? WG_NONE : wg_explains_before(p, op, UINT32_MAX);
    if (f != WG_NONE) return wg_explain_finding(w, f);
    return op != WG_NONE && x->blocked_step != WG_NONE ? wg_explain_block(w, op) : WG_NONE;
  }
  if (overtaken(p, pair, at)) return p->lawful && !s->complete ? WG_NONE : wg_own_symptom(p, pair);
  const struct wg_touches *all = p->touches[0];
  uint32_t thread = WG_NONE, step = WG_NONE;
  for (uint32_t i = all->first_call[object + 1]; thread == WG_NONE && i > all->first_call[object]; i--) {
    const struct wg_touch *y = &all->calls[i - 1];
    if (!wg_content_is(&s->contents[wg_touch_step(s, y)->content], WG_NT_UNLOCK)) continue;
    thread = y->thread;
    step = y->at;
  }
  if (thread == WG_NONE || p->peer[0][thread] == WG_NONE) return WG_NONE;
  return wg_lost_finding(p, p->peer[0][thread], step, wg_partner_step(p, p->peer[0][thread], 0, step), "unlock");
}

// The next thread that stands still, in the order in which they came to; WG_NONE: there is none.
static uint32_t next_to_stand(const struct wg_cause_walk *w, uint32_t after) {
  const struct wg_pairing *p = w->p;
  uint32_t best = WG_NONE;
  for (uint32_t i = 0; i < p->npairs; i++) {
    uint32_t at = wg_stands_at(p, i), seq = at == WG_NONE ? 0 : wg_seq_at(p, i, at);
    if (at == WG_NONE || seq <= after || w->seen[i] == w->now) continue;
    if (best == WG_NONE || seq < wg_seq_at(p, best, wg_stands_at(p, best))) best = i;
  }
  return best;
}

// Who signals may be chance, so that the way back from a symptom ends with one who need not. Of the other threads that
// stand, the first for which a call of this side is to blame.
static uint32_t of_who_stands(struct wg_cause_walk *w) {
  struct wg_pairing *p = w->p;
  uint32_t pair, after = 0;
  while ((pair = next_to_stand(w, after)) != WG_NONE) {
    size_t n = w->c->nchain;
    after = wg_seq_at(p, pair, wg_stands_at(p, pair));
    w->depth++;
    uint32_t root = w->depth > 1 ? WG_NONE : wg_explain_block(w, pair);
    w->depth--;
    if (root != WG_NONE && p->findings[root].cls == WG_D_LOST) return root;
    w->c->nchain = n;
  }
  return WG_NONE;
}

// A log whose threads all wait, each for another, came to that by the last call of one that signals: nobody felt it.
static uint32_t last_signal(struct wg_pairing *p) {
  uint32_t pair = WG_NONE, step = WG_NONE, seq = 0;
  for (uint32_t i = 0; p->rests[0] && i < p->npairs; i++) {
    const struct wg_dthread *t = wg_pair_thread(p, i, 0);
    for (size_t k = t->nsteps; k-- > 0 && t->steps[k].seq > seq && t->tid && !t->host;) {
      const struct wg_content *c = wg_content_at(p->s[0], t, k);
      if (!wg_content_is(c, WG_NT_SIGNALS) || wg_content_is(c, WG_NT_UNLOCK | WG_NT_WAITS)) continue;
      const struct wg_call *call = wg_call_of(wg_str(p->s[0], c->name));
      if (call && call->effect == WG_E_TERMINATE) continue; // a thread's end is not what is lost
      pair = i;
      step = (uint32_t)k;
      seq = t->steps[k].seq;
    }
  }
  return pair == WG_NONE ? WG_NONE : wg_lost_finding(p, pair, step, wg_partner_step(p, pair, 0, step), "signal");
}

// No tie but time: the first value that differs elsewhere; else the wait itself.
static uint32_t last_resort(struct wg_cause_walk *w, uint32_t pair, uint32_t step) {
  struct wg_pairing *p = w->p;
  uint32_t elsewhere = wg_earlier_elsewhere(w, pair, wg_seq_at(p, pair, step), true);
  if (elsewhere == WG_NONE && w->depth) return WG_NONE;
  uint32_t stands = elsewhere == WG_NONE ? of_who_stands(w) : WG_NONE;
  if (stands != WG_NONE) return stands;
  uint32_t last = elsewhere == WG_NONE ? last_signal(p) : WG_NONE;
  if (last != WG_NONE) return last;
  if (elsewhere == WG_NONE) return wg_own_symptom(p, pair);
  w->c->weak = true;
  return elsewhere;
}

static bool for_all(const struct wg_side *s, const struct wg_dthread *t, uint32_t step) {
  const struct wg_dwait *w = wg_wait_of(t, step);
  const struct wg_content *c = wg_content_at(s, t, step);
  bool asked =
      strstr(wg_str(s, c->name), "ForMultiple") && c->nargs > 2 && wg_call_for_all(wg_str(s, c->name), wg_arg(s, c, 2));
  if (w && w->n > 1 && c->nargs == 0 && strstr(wg_str(s, c->name), "ForMultiple")) { // threads are joined all together
    uint32_t i = 0;
    while (i < w->n && s->objects[s->wait_objects[w->objects + i]].is_thread != WG_NONE) i++;
    asked = i == w->n;
  }
  return w && w->n > 1 && (w->all || asked);
}

// Of threads that are joined: one that has not ended here, as its like has there.
static bool stays(const struct wg_pairing *p, uint32_t pair, uint32_t there) {
  uint32_t to = p->peer[1][there];
  if (to == WG_NONE || to == pair || p->s[1]->threads[there].final != WG_EXITED) return false;
  return wg_pair_thread(p, to, 0)->final != WG_EXITED;
}

// Of a wait for all of several: the first of the reference's signals that is not made here. `made`: how many are.
static struct wg_signaler unmade_of(const struct wg_pairing *p, uint32_t pair, uint32_t a, uint32_t b,
                                    struct wg_signaler *last, uint32_t *made) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, 1);
  const struct wg_dwait *w = wg_wait_of(t, b);
  for (uint32_t i = 0; i < w->n; i++) {
    uint32_t object = p->s[1]->wait_objects[w->objects + i], joined = p->s[1]->objects[object].is_thread;
    if (joined != WG_NONE && stays(p, pair, joined)) return (struct wg_signaler){joined, WG_NONE, true, false, object};
    *last = wg_last_signal(p, 1, object, wg_wait_end_seq(t, b));
    uint32_t to = last->thread == WG_NONE ? WG_NONE : p->peer[1][last->thread];
    if (to == WG_NONE || to == pair) continue;
    uint32_t here = wg_partner_step(p, to, 1, last->step);
    if (here == WG_NONE || wg_too_early(p, pair, a, b, to, here, last->step)) return *last;
    ++*made;
  }
  return (struct wg_signaler){WG_NONE, WG_NONE, false, false, WG_NONE};
}

// Each of the objects was signalled here, too, and nothing tells which call of those came to nothing.
static uint32_t all_signalled(struct wg_pairing *p, uint32_t pair, const struct wg_signaler *by) {
  uint32_t own = wg_own_symptom(p, pair);
  if (own == WG_NONE) return WG_NONE;
  p->findings[own].field = "all";
  p->findings[own].value[1] = wg_content_at(p->s[1], &p->s[1]->threads[by->thread], by->step)->name;
  return own;
}

// -- where nothing tells what calls are about --

#define SOON 512u // events from a signal to the end of the wait for it, where others are busy

// Another thread that makes such a call right before the reference's wait ends, and parts from its like at that very
// call.
static uint32_t parts_at_signal(struct wg_cause_walk *w, uint32_t pair, uint32_t b_step) {
  struct wg_pairing *p = w->p;
  const struct wg_dthread *b = wg_pair_thread(p, pair, 1);
  uint32_t end = wg_wait_end_seq(b, b_step), from = end > SOON ? end - SOON : 0, best = WG_NONE;
  if (from < b->steps[b_step].seq) from = b->steps[b_step].seq;
  const struct wg_wanted wanted = wg_wanted_by(p->s[1], b, b_step);
  for (uint32_t i = 0; i < p->npairs; i++) {
    uint32_t step = i == pair ? WG_NONE : wg_unnamed_signal(p->s[1], wg_pair_thread(p, i, 1), from, end, &wanted);
    if (step == WG_NONE) continue;
    WG_EACH_FINDING(p, i, k) {
      const struct wg_finding *f = &p->findings[k];
      bool path = f->cls == WG_D_CALL || f->cls == WG_D_MISSING;
      if (!f->hidden && path && f->step[1] == step && (best == WG_NONE || f->seq < p->findings[best].seq)) best = k;
    }
  }
  return best;
}

// A log does not tell whether it came back from a call that waits for nothing; its like did, and made further calls.
static uint32_t stays_in_call(struct wg_pairing *p, uint32_t pair, uint32_t at, uint32_t b) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0), *there = wg_pair_thread(p, pair, 1);
  bool waits = wg_content_is(wg_content_at(p->s[0], t, at), WG_NT_WAITS | WG_NT_LOCK);
  if (t->final != WG_BLOCKED_MAYBE || waits || b == WG_NONE || b + 1u >= there->nsteps) return WG_NONE;
  uint32_t own = wg_own_symptom(p, pair);
  if (own != WG_NONE) return own;
  struct wg_finding *f = wg_finding_add(p, WG_D_NEVER_RETURNED, pair, at, b);
  f->seq = wg_seq_at(p, pair, at);
  return (uint32_t)(f - p->findings);
}

#define ON 4u // calls beyond twice those of its like: it goes round and round

uint32_t wg_explain_block(struct wg_cause_walk *w, uint32_t pair) {
  struct wg_pairing *p = w->p;
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  uint32_t at = wg_stands_at(p, pair), seq = wg_seq_at(p, pair, at);
  uint32_t b = wait_about(p, pair, at, wg_partner_step(p, pair, 0, at));
  if (w->seen[pair] == w->now) {
    wg_link_add(w, WG_LINK_CIRCLE, pair, at, b);
    return WG_NONE;
  }
  w->seen[pair] = w->now;
  struct wg_link *l = wg_link_add(w, WG_LINK_BLOCKED, pair, at, b);
  uint32_t shown = wg_finding_shown(p, pair, at); // it waits otherwise
  if (shown != WG_NONE && p->findings[shown].cls == WG_D_EFFECT) return shown;
  uint32_t own = wg_explains_before(p, pair, seq ? seq - 1 : 0);
  if (own != WG_NONE && wg_is_value(&p->findings[own])) return wg_explain_finding(w, own);
  if (wg_stuck_in(p->s[0], t, at)) return own != WG_NONE ? wg_explain_finding(w, own) : wg_own_symptom(p, pair);
  uint32_t stays = stays_in_call(p, pair, at, b);
  if (stays != WG_NONE) return stays;
  uint32_t ignored = ignored_signal(w, pair, at);
  if (ignored != WG_NONE) return ignored;
  if (wg_content_is(wg_content_at(p->s[0], t, at), WG_NT_LOCK)) {
    uint32_t root = explain_lock(w, pair, at);
    // Who has it goes on, or has just given it back: the trace ends before it is this one's turn.
    w->pending |= root == WG_NONE && p->lawful && !p->s[0]->complete;
    if (root != WG_NONE || w->pending) return root;
  }
  if (b == WG_NONE) return own != WG_NONE ? wg_explain_finding(w, own) : last_resort(w, pair, at);
  struct wg_signaler by = wg_signaler_of(p, 1, p->pairs[pair].t[1], b);
  if (!p->lawful && for_all(p->s[1], wg_pair_thread(p, pair, 1), b)) {
    uint32_t made = 0;
    struct wg_signaler last;
    const struct wg_signaler unmade = unmade_of(p, pair, at, b, &last, &made);
    if (unmade.thread != WG_NONE)
      by = unmade;
    else if (made == wg_wait_of(wg_pair_thread(p, pair, 1), b)->n)
      return all_signalled(p, pair, &last);
  }
  if (by.exit) l->kind = WG_LINK_JOIN;
  const struct wg_dwait *bw = wg_wait_of(wg_pair_thread(p, pair, 1), b);
  if (bw && bw->by_apc) {
    wg_link_add(w, WG_LINK_EVENT, pair, WG_NONE, b);
    uint32_t root = wg_apc_sender(w, p->pairs[pair].t[1], wg_wait_end_seq(wg_pair_thread(p, pair, 1), b));
    if (root != WG_NONE) return root;
  }
  if (by.event) wg_link_add(w, WG_LINK_EVENT, pair, WG_NONE, b);
  bool known = by.thread != WG_NONE || by.event;
  bool named = by.event || by.step == WG_NONE || p->s[1]->threads[by.thread].steps[by.step].object != WG_NONE;
  uint32_t root = known && named ? WG_NONE : parts_at_signal(w, pair, b);
  if (root == WG_NONE && known) root = wg_explain_signal(w, pair, at, b, &by);
  if (root != WG_NONE) return root;
  if (own != WG_NONE) return wg_explain_finding(w, own);
  // The reference's signaler runs on and is merely not there yet, or has just ended: no wait without end.
  if (by.thread != WG_NONE && p->peer[1][by.thread] != WG_NONE && p->peer[1][by.thread] != pair) {
    const struct wg_dthread *x = wg_pair_thread(p, p->peer[1][by.thread], 0);
    bool on = x->calls > 2 * p->s[1]->threads[by.thread].calls + ON; // and will not get there
    w->pending |= (x->final == WG_RUNNING && !on) || (by.exit && wg_just_ended(p, x));
  }
  return w->pending ? WG_NONE : last_resort(w, pair, at);
}

// The first thing of any kind that the thread of a signal did otherwise before it.
static uint32_t before_signal(const struct wg_pairing *p, uint32_t pair, const struct wg_signaler *by, int side) {
  if (by->thread == WG_NONE || p->peer[side][by->thread] == WG_NONE || p->peer[side][by->thread] == pair)
    return WG_NONE;
  return wg_explains_before(p, p->peer[side][by->thread], UINT32_MAX);
}

// What ends the wait in the reference came here, too, and before what did end it.
static uint32_t passed_over(struct wg_cause_walk *w, uint32_t waiter, const struct wg_signaler *here,
                            const struct wg_signaler *by) {
  struct wg_pairing *p = w->p;
  if (by->thread == WG_NONE || by->step == WG_NONE || here->thread == WG_NONE || here->step == WG_NONE) return WG_NONE;
  uint32_t pair = p->peer[1][by->thread];
  uint32_t at = pair == WG_NONE || pair == waiter ? WG_NONE : wg_partner_step(p, pair, 1, by->step);
  if (at == WG_NONE || wg_seq_at(p, pair, at) >= p->s[0]->threads[here->thread].steps[here->step].seq) return WG_NONE;
  return wg_lost_finding(p, pair, at, by->step, "signal");
}

static bool is_abandoned(uint64_t status) { return status >= STATUS_ABANDONED_WAIT_0 && status < STATUS_USER_APC; }

// It got what a thread left behind that ended, and in the reference gave back: of its calls that give it back one did
// not.
static uint32_t not_given_back(const struct wg_cause_walk *w, const struct wg_finding *f) {
  struct wg_pairing *p = w->p;
  const struct wg_step *x = &wg_pair_thread(p, f->pair, 0)->steps[f->step[0]];
  if (p->lawful || !is_abandoned(f->value[0]) || is_abandoned(f->value[1]) || x->object == WG_NONE) return WG_NONE;
  uint32_t end = wg_wait_end_seq(wg_pair_thread(p, f->pair, 0), f->step[0]);
  const struct wg_signaler by = wg_last_signal(p, 0, x->object, end);
  if (by.thread == WG_NONE || by.step == WG_NONE || p->s[0]->threads[by.thread].final != WG_EXITED) return WG_NONE;
  uint32_t pair = p->peer[0][by.thread];
  if (pair == WG_NONE || pair == f->pair) return WG_NONE;
  return wg_lost_finding(p, pair, by.step, wg_partner_step(p, pair, 0, by.step), "signal");
}

// A wait that ended otherwise than in the reference: what it waits for was signalled by others, or by nobody.
static uint32_t explain_wait(struct wg_cause_walk *w, uint32_t at) {
  struct wg_pairing *p = w->p;
  const struct wg_finding f = p->findings[at];
  uint32_t left = not_given_back(w, &f);
  if (left != WG_NONE) {
    wg_link_add(w, WG_LINK_LED_TO, f.pair, f.step[0], f.step[1])->finding = at;
    return left;
  }
  if (f.step[1] == WG_NONE || w->seen[f.pair] == w->now) return WG_NONE;
  const struct wg_dthread *a = wg_pair_thread(p, f.pair, 0), *b = wg_pair_thread(p, f.pair, 1);
  const struct wg_dwait *aw = wg_wait_of(a, f.step[0]), *bw = wg_wait_of(b, f.step[1]);
  if (aw == NULL && bw != NULL) return WG_NONE; // it did not wait at all: its own doing
  w->seen[f.pair] = w->now;
  struct wg_signaler by = wg_signaler_of(p, 1, p->pairs[f.pair].t[1], f.step[1]);
  wg_link_add(w, WG_LINK_LED_TO, f.pair, f.step[0], f.step[1])->finding = at;
  bool came = bw ? bw->by_apc : f.value[1] == STATUS_USER_APC, shut_out = came && f.value[0] != STATUS_USER_APC;
  bool timedout = shut_out || (f.value[0] == STATUS_TIMEOUT && f.value[1] != STATUS_TIMEOUT);
  uint32_t root = ignored_signal(w, f.pair, f.step[0]);
  if (root != WG_NONE) return root;
  if (timedout && came) // there an APC
    root = wg_apc_sender(w, p->pairs[f.pair].t[1], wg_wait_end_seq(b, f.step[1]));
  else if (timedout && (by.thread != WG_NONE || by.event))
    root = wg_explain_signal(w, f.pair, f.step[0], f.step[1], &by);
  if (root == WG_NONE || root == at) root = wg_earlier_elsewhere(w, f.pair, wg_wait_end_seq(a, f.step[0]), true);
  if (root == WG_NONE && !timedout) {
    struct wg_signaler here = wg_signaler_of(p, 0, p->pairs[f.pair].t[0], f.step[0]);
    root = passed_over(w, f.pair, &here, &by);
    if (root == WG_NONE) root = before_signal(p, f.pair, &here, 0);
    if (root == WG_NONE) root = before_signal(p, f.pair, &by, 1);
    if (root != WG_NONE && p->findings[root].seq > f.seq) root = WG_NONE;
  }
  if (root != WG_NONE && root != at) return root;
  w->c->nchain--;
  return WG_NONE;
}

// Whether a wait may end without what it waits for: it has a limit, or lets APCs come.
static bool may_give_up(const struct wg_side *s, const struct wg_content *c) {
  if (!wg_content_is(c, WG_NT_WAITS) || wg_content_is(c, WG_NT_LOCK)) return false;
  if (wg_call_sleeps(wg_str(s, c->name))) return c->nargs > 1 && wg_arg(s, c, 1) != 0;
  return wg_content_limited(s, c);
}

// It waits for any of several objects: which one it was that ended it, nothing tells but what the thread does then.
static bool is_for_any(const struct wg_side *s, const struct wg_content *c) {
  return strstr(wg_str(s, c->name), "WaitForMultiple") && c->nargs > 2 && wg_arg(s, c, 0) > 1 && wg_arg(s, c, 2) == 1;
}

// An APC ended the wait.
static bool ended_by_apc(const struct wg_side *s, const struct wg_dthread *t, uint32_t step) {
  const struct wg_dwait *w = wg_wait_of(t, step);
  const struct wg_content *c = wg_content_at(s, t, step);
  return (w && w->by_apc) || ((c->flags & WG_C_RV) && c->rv == STATUS_USER_APC);
}

static uint32_t like_beside(const struct wg_pairing *p, uint32_t pair, uint32_t a_step) {
  uint32_t b = wg_partner_step(p, pair, 0, a_step), from = a_step;
  const struct wg_dthread *a = wg_pair_thread(p, pair, 0), *there = wg_pair_thread(p, pair, 1);
  if (b != WG_NONE) return b;
  while (from > 0 && b == WG_NONE) b = wg_partner_step(p, pair, 0, --from);
  uint32_t key = wg_key_strong(p, 0, a->steps[a_step].content);
  for (uint32_t i = b == WG_NONE ? 0 : b + 1, n = 0; i < there->nsteps && n < NEAR; i++, n++)
    if (wg_key_strong(p, 1, there->steps[i].content) == key) return i;
  return WG_NONE;
}

uint32_t wg_like_after(const struct wg_pairing *p, uint32_t pair, uint32_t a_step) {
  return wait_about(p, pair, a_step, like_beside(p, pair, a_step));
}

// Without results the path alone tells that a wait ended otherwise: the thread parts from its like right behind it.
static uint32_t explain_untold_wait(struct wg_cause_walk *w, uint32_t at) {
  struct wg_pairing *p = w->p;
  const struct wg_finding f = p->findings[at];
  bool path = f.cls == WG_D_CALL || f.cls == WG_D_EXTRA || f.cls == WG_D_MISSING;
  if (!path || w->seen[f.pair] == w->now) return WG_NONE;
  const struct wg_dthread *a = wg_pair_thread(p, f.pair, 0), *b = wg_pair_thread(p, f.pair, 1);
  uint32_t i = f.step[0] != WG_NONE ? f.step[0] : (uint32_t)a->nsteps;
  while (f.step[0] == WG_NONE && i > 0 && a->steps[i - 1].seq > f.seq) i--;
  while (i > 0 && wg_weight_of(p, 0, a->steps[i - 1].content) == WG_NEUTRAL) i--;
  const struct wg_content *c = i ? wg_content_at(p->s[0], a, i - 1) : NULL;
  if (c == NULL || (c->flags & WG_C_RV) || (!may_give_up(p->s[0], c) && !is_for_any(p->s[0], c))) return WG_NONE;
  uint32_t like = wg_like_after(p, f.pair, i - 1);
  if (like == WG_NONE) return WG_NONE;
  w->seen[f.pair] = w->now;
  const struct wg_dwait *bw = wg_wait_of(b, like);
  struct wg_signaler by = wg_signaler_of(p, 1, p->pairs[f.pair].t[1], like);
  if (bw && bw->by_timeout) return WG_NONE; // there it gave up
  wg_link_add(w, WG_LINK_LED_TO, f.pair, i - 1, like)->finding = at;
  uint32_t root = WG_NONE;
  if (ended_by_apc(p->s[1], b, like))
    root = wg_apc_sender(w, p->pairs[f.pair].t[1], wg_wait_end_seq(b, like));
  else if (by.thread != WG_NONE || by.event)
    root = wg_explain_signal(w, f.pair, i - 1, like, &by);
  if (root == WG_NONE) root = of_who_stands(w);
  if (root != WG_NONE && root != at) return root;
  w->c->nchain--;
  return WG_NONE;
}

// Of a log, which does not tell what ended its waits: it lets APCs come.
static bool lets_apcs_come(const struct wg_side *s, const struct wg_content *c) {
  const struct wg_nt_export *nt = wg_nt_of(c);
  const char *limit = nt ? strchr(nt->params, 't') : NULL; // before it stands whether they may
  if (!wg_content_is(c, WG_NT_WAITS) || c->flags & WG_C_RV || limit == NULL || limit == nt->params) return false;
  size_t at = (size_t)(limit - nt->params) - 1;
  return at < c->nargs && (wg_arg(s, c, at) & 0xFF) != 0;
}

// Its last wait before a place ended for an APC, or may have.
static bool apc_before(const struct wg_side *s, const struct wg_dthread *t, uint32_t step) {
  while (step > 0 && !wg_content_is(wg_content_at(s, t, step - 1), WG_NT_WAITS)) step--;
  if (step == 0) return false;
  if (ended_by_apc(s, t, step - 1)) return true;
  return s->text_log && t->nwaits == 0 && lets_apcs_come(s, wg_content_at(s, t, step - 1));
}

// What an APC does in the reference and nobody here: whoever sent it.
static uint32_t explain_apc_code(struct wg_cause_walk *w, uint32_t at) {
  struct wg_pairing *p = w->p;
  const struct wg_finding f = p->findings[at];
  if (p->lawful || f.cls != WG_D_MISSING || f.step[1] == WG_NONE || w->seen[f.pair] == w->now) return WG_NONE;
  const struct wg_dthread *b = wg_pair_thread(p, f.pair, 1);
  if (!apc_before(p->s[1], b, f.step[1])) return WG_NONE;
  w->seen[f.pair] = w->now;
  wg_link_add(w, WG_LINK_LED_TO, f.pair, f.step[0], f.step[1])->finding = at;
  uint32_t root = wg_apc_sender(w, p->pairs[f.pair].t[1], b->steps[f.step[1]].seq);
  if (root != WG_NONE && root != at) return root;
  w->c->nchain--;
  return WG_NONE;
}

// What interrupts do not do here, of an engine that tells of no DPC: whoever queued it in the reference.
static uint32_t explain_interrupt(struct wg_cause_walk *w, uint32_t at) {
  const struct wg_pairing *p = w->p;
  const struct wg_finding *f = &p->findings[at];
  const struct wg_dthread *b = wg_pair_thread(p, f->pair, 1);
  bool lacks = f->cls == WG_D_MISSING || (f->cls == WG_D_COUNT && f->step[0] == WG_NONE);
  if (p->lawful_later || !lacks || f->step[1] == WG_NONE || !(b->host || b->tid == 0)) return WG_NONE;
  uint32_t pair = f->pair, step = f->step[1], root = wg_queued_before(w, p->pairs[pair].t[1], b->steps[step].seq);
  if (root != WG_NONE) wg_link_add(w, WG_LINK_LED_TO, pair, WG_NONE, step)->finding = at;
  return root;
}

uint32_t wg_explain_finding(struct wg_cause_walk *w, uint32_t at) {
  struct wg_pairing *p = w->p;
  const struct wg_finding *f = &p->findings[at];
  uint32_t first = wg_explains_before(p, f->pair, f->seq);
  if (first != WG_NONE && first != at) {
    wg_link_add(w, WG_LINK_LED_TO, f->pair, f->step[0], f->step[1])->finding = at;
    at = first;
    f = &p->findings[at];
  }
  if (wg_is_wait(p, f)) {
    uint32_t root = explain_wait(w, at);
    if (root != WG_NONE) return root;
    f = &p->findings[at]; // the list may have grown
  }
  if (wg_is_value(f) || f->cls == WG_D_LOST) return at;
  uint32_t queued = explain_interrupt(w, at);
  if (queued != WG_NONE) return queued;
  f = &p->findings[at];
  uint32_t sent = explain_apc_code(w, at);
  if (sent != WG_NONE) return sent;
  f = &p->findings[at];
  uint32_t untold = explain_untold_wait(w, at);
  if (untold != WG_NONE) return untold;
  f = &p->findings[at];
  uint32_t pair = f->pair, s0 = f->step[0], s1 = f->step[1], elsewhere = wg_earlier_elsewhere(w, pair, f->seq, true);
  if (elsewhere == WG_NONE) elsewhere = wg_earlier_elsewhere(w, pair, f->seq, false);
  if (elsewhere == WG_NONE) return at;
  wg_link_add(w, WG_LINK_MEMORY, pair, s0, s1)->finding = at;
  w->c->weak = true;
  if (!wg_is_wait(p, &p->findings[elsewhere])) return elsewhere;
  uint32_t root = explain_wait(w, elsewhere);
  return root != WG_NONE ? root : elsewhere;
}
