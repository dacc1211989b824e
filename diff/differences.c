// What differs between the threads that are matched, and what only one side has.
#include <stdlib.h>
#include <string.h>

#include "diff/align.h"
#include "diff/files.h"

// -- how threads end --

// The other trace ends before it could have come there.
static bool beyond(const struct wg_thread_pair *tp, uint32_t a_step) {
  const struct wg_leaves *l = &tp->side[0], *o = &tp->side[1];
  if (!tp->open[1]) return false;
  if (o->n == 0) return true;
  if (o->partner[o->n - 1] == WG_NONE) return false;
  return a_step > wg_leaf_step(l, o->partner[o->n - 1], 0);
}

// Of two exceptions: what happened, wherever.
static bool other_exception(const struct wg_pairing *p, const struct wg_dthread *a, const struct wg_dthread *b) {
  const char *x = wg_str(p->s[0], a->crash_text), *y = wg_str(p->s[1], b->crash_text);
  for (; *x && *x == *y; x++, y++)
    if (x[0] == '0' && x[1] == 'x' && y[1] == 'x') {
      x += 1 + strspn(x + 2, "0123456789abcdef");
      y += 1 + strspn(y + 2, "0123456789abcdef");
    }
  return *x != *y && a->crash_text && b->crash_text;
}

// The other trace ends before the thread came to where this one's stops, and soon enough.
static bool cut_before_exception(const struct wg_pairing *p, const struct wg_thread_pair *tp) {
  const struct wg_dthread *a = wg_thread_of(p, tp, 0);
  return a->nsteps && beyond(tp, (uint32_t)a->nsteps) && p->s[1]->last_ns <= 2 * a->last_ns;
}

static uint32_t last_step(const struct wg_dthread *t) { return t->nsteps ? (uint32_t)t->nsteps - 1 : WG_NONE; }

// The reference's thread stops at an exception, and this one makes further calls.
static void exception_there(struct wg_pairing *p, uint32_t pair) {
  uint32_t there = last_step(wg_pair_thread(p, pair, 1));
  uint32_t here = there == WG_NONE ? WG_NONE : wg_partner_step(p, pair, 1, there);
  if (here != WG_NONE && here != last_step(wg_pair_thread(p, pair, 0)))
    wg_finding_add(p, WG_D_EXCEPTION_THERE, pair, here, there);
}

// As many calls as the other, and the same one last: whichever of several like it its partner is.
static bool stand_alike(const struct wg_pairing *p, const struct wg_dthread *a, const struct wg_dthread *b) {
  uint32_t at = a->blocked_step;
  return at == b->blocked_step &&
         wg_key_strong(p, 0, a->steps[at].content) == wg_key_strong(p, 1, b->steps[at].content);
}

static void end_finding(struct wg_pairing *p, uint32_t pair) {
  const struct wg_thread_pair *tp = &p->pairs[pair];
  const struct wg_dthread *a = wg_thread_of(p, tp, 0), *b = wg_thread_of(p, tp, 1);
  if (a->final == WG_CRASHED && cut_before_exception(p, tp)) return;
  if (a->final == WG_CRASHED && (b->final != WG_CRASHED || other_exception(p, a, b))) {
    wg_finding_add(p, WG_D_EXCEPTION, pair, last_step(a), WG_NONE);
  } else if (b->final == WG_CRASHED && a->final != WG_CRASHED) {
    exception_there(p, pair);
  } else if (a->final == WG_UNSTARTED && b->nsteps && tp->lasts[0]) {
    wg_finding_add(p, WG_D_NEVER_STARTED, pair, WG_NONE, 0);
  } else if (a->blocked_step != WG_NONE && tp->lasts[0]) {
    uint32_t there = wg_partner_step(p, pair, 0, a->blocked_step);
    // Blocked in the reference too, at the same call or at another one that it came to by another way.
    if (there != WG_NONE && there == b->blocked_step) return;
    if (stand_alike(p, a, b)) return;
    if (there == WG_NONE && beyond(tp, a->blocked_step)) return;
    wg_finding_add(p, WG_D_NEVER_RETURNED, pair, a->blocked_step, there);
  } else if (b->blocked_step != WG_NONE && tp->lasts[1]) {
    uint32_t here = wg_partner_step(p, pair, 1, b->blocked_step);
    if (here == WG_NONE || here == a->blocked_step) return;
    wg_finding_add(p, WG_D_EARLY, pair, here, b->blocked_step);
  }
}

static uint32_t seq_of(const struct wg_pairing *p, const struct wg_finding *f) {
  const struct wg_thread_pair *tp = &p->pairs[f->pair];
  const struct wg_dthread *a = wg_thread_of(p, tp, 0);
  if (f->step[0] != WG_NONE) return a->steps[f->step[0]].seq;
  // Where it would have been: after what stands before it, polls and queries too.
  uint32_t at = wg_parting(p, f, 0);
  return at ? a->steps[at - 1].seq + 1 : a->nsteps ? a->steps[0].seq : a->last_seq;
}

// -- of the whole --

// The thread went another way before anything had come in the reference either.
static bool parted_before(const struct wg_pairing *p, uint32_t pair, uint32_t b_seq) {
  const struct wg_dthread *b = wg_thread_of(p, &p->pairs[pair], 1);
  WG_EACH_FINDING(p, pair, i) {
    const struct wg_finding *f = &p->findings[i];
    if (!f->hidden && !f->timing && f->cls != WG_D_COUNT && f->step[1] != WG_NONE && b->steps[f->step[1]].seq < b_seq)
      return true;
  }
  return false;
}

// Callbacks that the title registers and that never come.
static void compare_callbacks(struct wg_pairing *p) {
  static const struct {
    const char *call, *what;
  } kinds[] = {{"VdSetGraphicsInterruptCallback", "interrupt"}, {"XAudioRegisterRenderDriverClient", "callback"}};
  if (p->s[0]->title == 0 || p->s[1]->title == 0) return; // only our own traces tell of them
  const uint32_t n[2][2] = {{p->s[0]->interrupts, p->s[1]->interrupts}, {p->s[0]->callbacks, p->s[1]->callbacks}};
  for (int k = 0; k < 2; k++) {
    uint64_t first = k ? p->s[1]->callback_ns : p->s[1]->interrupt_ns;
    if (n[k][0] || n[k][1] < 2 || p->s[0]->last_ns < 2 * first + 1000000u) continue;
    for (uint32_t i = 0; i < p->npairs; i++) {
      const struct wg_dthread *b = wg_thread_of(p, &p->pairs[i], 1);
      for (uint32_t step = (uint32_t)b->nsteps; step-- > 0;) {
        if (strcmp(wg_call_name(p->s[1], b, step), kinds[k].call) != 0) continue;
        uint32_t here = wg_partner_step(p, i, 1, step);
        if (here == WG_NONE || parted_before(p, i, k ? p->s[1]->callback_seq : p->s[1]->interrupt_seq)) break;
        struct wg_finding *f = wg_finding_add(p, WG_D_SILENT, i, here, step);
        f->field = kinds[k].what;
        f->count[1] = n[k][1];
        f->seq = wg_thread_of(p, &p->pairs[i], 0)->steps[here].seq;
        break;
      }
    }
  }
}

static void hide_timing(const struct wg_pairing *p, struct wg_finding *f) {
  f->hidden = true;
  f->reason = wg_content_is(wg_content_at(p->s[0], wg_thread_of(p, &p->pairs[f->pair], 0), f->step[0]), WG_NT_WAITS)
                  ? "a wait ends by an APC or by its object: which came first is chance"
                  : "the state before a signal, or of a lock: which came first is chance";
}

// Who came first is chance, unless the thread goes another way after it. Of the findings from `first` on, which are of
// one pair, or of all.
static void mask_timing(struct wg_pairing *p, size_t first, bool one) {
  size_t timed = 0;
  for (size_t i = first; i < p->nfindings; i++) timed += p->findings[i].timing && !p->findings[i].hidden;
  if (timed == 0) return;
  uint64_t *last = wg_xcalloc(one ? 1 : p->npairs + 1, sizeof *last); // by pair: when it last went another way, + 1
  for (size_t i = first; i < p->nfindings; i++) {
    const struct wg_finding *x = &p->findings[i];
    uint64_t *at = &last[one ? 0 : x->pair];
    if (!x->timing && !x->hidden && x->cls != WG_D_COUNT && x->seq >= *at) *at = (uint64_t)x->seq + 1;
  }
  for (size_t i = first; i < p->nfindings; i++) {
    struct wg_finding *f = &p->findings[i];
    if (f->timing && !f->hidden && last[one ? 0 : f->pair] <= f->seq) hide_timing(p, f);
  }
  free(last);
}

#define JUST 100u // events from a thread's creation to its first call, at least

// A side was stopped while a thread that has no like, made right before, had not made a call yet.
static bool just_made(const struct wg_pairing *p, int side) {
  const struct wg_side *s = p->s[side];
  for (uint32_t i = 0; !wg_side_wedged(s) && i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    if (p->peer[side][i] != WG_NONE || !t->created || t->host || t->calls || t->parent == WG_NONE) continue;
    const struct wg_dthread *by = &s->threads[t->parent];
    if (t->create_step < by->nsteps && s->events - by->steps[t->create_step].seq < JUST) return true;
  }
  return false;
}

// The other side's file may have been cut before it could tell of the like of a thread: within the call that makes it,
// as it was made, or before it made its first call.
static bool may_be_cut_off(const struct wg_pairing *p, int side, uint32_t parent, uint32_t there) {
  const struct wg_side *o = p->s[!side];
  if (there != WG_NONE && wg_content_at(o, wg_pair_thread(p, parent, !side), there)->flags & WG_C_OPEN) return true;
  if (o->complete) return just_made(p, !side);
  if (there != WG_NONE && there + 1 == wg_pair_thread(p, parent, !side)->nsteps) return true;
  for (uint32_t i = 0; i < o->nthreads; i++) {
    const struct wg_dthread *t = &o->threads[i];
    if (p->peer[!side][i] == WG_NONE && t->created && !t->host && t->calls == 0) return true;
  }
  return false;
}

// A thread that has no like though its parent made one at the same place, or that nobody made, on whole traces.
static bool lone_thread(const struct wg_pairing *p, int side, const struct wg_dthread *t, uint32_t *pair) {
  const struct wg_side *s = p->s[side];
  if (t->tid == 0 || t->host || t->calls == 0) return false;
  *pair = 0;
  if (!t->created) // nobody tells who made it
    return t->started && t->entry && !may_be_cut_off(p, side, 0, WG_NONE);
  *pair = t->parent == WG_NONE ? WG_NONE : p->peer[side][t->parent];
  if (*pair == WG_NONE || t->create_step == WG_NONE) {
    *pair = 0;
    return p->s[0]->complete && p->s[1]->complete && t->parent != WG_NONE && s->threads[t->parent].tid == 0;
  }
  uint32_t there = wg_partner_step(p, *pair, side, t->create_step);
  return there != WG_NONE && wg_partner_step(p, *pair, !side, there) == t->create_step && // of that round
         !may_be_cut_off(p, side, *pair, there);
}

static uint64_t family_key(const struct wg_dthread *t) {
  return t->created && t->entry ? wg_hash_u64(t->entry, t->parent) : 0;
}

// Pools whose threads have been compared together.
static struct wg_map pools_of(const struct wg_pairing *p, int side) {
  struct wg_map m = {0};
  for (uint32_t i = 0; i < p->npairs; i++) {
    uint64_t key = family_key(wg_pair_thread(p, i, side));
    if (p->pairs[i].pool && key) wg_map_put(&m, key, 1);
  }
  return m;
}

// One of several alike, of which a side that was cut may have made fewer by then.
static bool may_be_growth(const struct wg_pairing *p, int side, const struct wg_dthread *t) {
  uint64_t key = family_key(t);
  size_t alike = 0;
  bool open = false;
  for (uint32_t i = 0; key && i < p->npairs; i++) {
    alike += family_key(wg_pair_thread(p, i, side)) == key;
    open |= p->pairs[i].open[!side];
  }
  return alike > 1 && open;
}

// Said only where nothing else is: what one thread does is no "no difference".
static void compare_lone_threads(struct wg_pairing *p) {
  for (size_t i = 0; i < p->nfindings; i++)
    if (!p->findings[i].hidden) return;
  for (int side = 0; side < 2 && p->npairs; side++) {
    struct wg_map pools = pools_of(p, side);
    for (uint32_t i = 0; i < p->s[side]->nthreads; i++) {
      const struct wg_dthread *t = &p->s[side]->threads[i];
      uint32_t pair;
      uint64_t any;
      if (p->peer[side][i] != WG_NONE || wg_map_get(&pools, family_key(t), &any)) continue;
      if (!lone_thread(p, side, t, &pair) || may_be_growth(p, side, t)) continue;
      struct wg_finding *f = wg_finding_add(p, WG_D_THREAD, pair, WG_NONE, WG_NONE);
      f->field = side ? "reference" : "here";
      f->value[0] = i;
      f->seq = side ? UINT32_MAX : t->steps[0].seq;
    }
    wg_map_release(&pools);
  }
}

// What both sides created at the same place is the same object.
static bool confirm_created(struct wg_pairing *p, uint32_t pair, uint32_t sa, uint32_t sb) {
  const struct wg_thread_pair *tp = &p->pairs[pair];
  uint32_t a = wg_thread_of(p, tp, 0)->steps[sa].object, b = wg_thread_of(p, tp, 1)->steps[sb].object;
  if (a == WG_NONE || b == WG_NONE) return true;
  const struct wg_dobject *x = &p->s[0]->objects[a], *y = &p->s[1]->objects[b];
  if (x->step == sa && x->thread == tp->t[0] && y->step == sb && y->thread == tp->t[1]) {
    wg_map_put(&p->same[0], a, b);
    wg_map_put(&p->same[1], b, a);
  }
  return true;
}

void wg_align(struct wg_pairing *p) {
  for (uint32_t i = 0; i < p->npairs; i++) {
    struct wg_thread_pair *tp = &p->pairs[i];
    wg_align_pair(p, tp);
    wg_align_tail(p, tp);
    wg_align_begun(p, tp);
    for (size_t k = 0; k < tp->side[0].n; k++)
      if (tp->side[0].partner[k] != WG_NONE) wg_each_occurrence(p, i, k, tp->side[0].partner[k], confirm_created);
  }
  wg_ends_at_rest(p);
  for (uint32_t i = 0; i < p->npairs; i++) {
    size_t first = p->nfindings;
    for (int side = 0; side < 2; side++)
      p->pairs[i].apcs[side] = wg_apcs_come(p->s[side], wg_thread_of(p, &p->pairs[i], side));
    wg_ends(p, &p->pairs[i], i);
    wg_compare_rounds(p, i);
    wg_compare_polls(p, i);
    end_finding(p, i);
    wg_compare_objects(p, i);
    wg_compare_lives(p, i);
    for (size_t k = first; k < p->nfindings; k++)
      if (p->findings[k].seq == 0) p->findings[k].seq = seq_of(p, &p->findings[k]);
    mask_timing(p, first, true);
    wg_part(p, i, first);
  }
  wg_compare_pools(p);
  wg_mask_packets(p);
  wg_mask_any_order(p);
  wg_mask_balanced(p);
  mask_timing(p, 0, false); // what they led to may be hidden by now
  wg_compare_files(p);
  compare_callbacks(p);
  wg_compare_unheard(p);
  wg_compare_nothing(p);
  wg_compare_excess(p);
  compare_lone_threads(p);
}
