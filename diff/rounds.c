// What calls that stand beside one another give, round by round, and what stands alone.
#include <string.h>

#include "diff/align.h"

// Occurrences of a leaf, each as often as its step was repeated.
struct cursor {
  const struct wg_leaves *l;
  size_t leaf;
  uint32_t k, n;
  uint64_t left;
};

static struct cursor cursor_of(const struct wg_thread_pair *tp, int side, size_t leaf) {
  const struct wg_leaves *l = &tp->side[side];
  return (struct cursor){l, leaf, 0, wg_leaf_at(l, leaf).n, l->steps[wg_leaf_step(l, leaf, 0)].count};
}

static uint32_t step_of(const struct cursor *c) { return wg_leaf_step(c->l, c->leaf, c->k); }

static bool move_on(struct cursor *c, uint64_t n) {
  c->left -= n;
  if (c->left) return true;
  if (++c->k == c->n) return false;
  c->left = c->l->steps[step_of(c)].count;
  return true;
}

bool wg_each_occurrence(struct wg_pairing *p, uint32_t pair, size_t i, size_t j,
                        bool (*visit)(struct wg_pairing *, uint32_t, uint32_t, uint32_t)) {
  struct cursor a = cursor_of(&p->pairs[pair], 0, i), b = cursor_of(&p->pairs[pair], 1, j);
  for (;;) {
    if (!visit(p, pair, step_of(&a), step_of(&b))) return false;
    uint64_t n = a.left < b.left ? a.left : b.left;
    bool more_a = move_on(&a, n), more_b = move_on(&b, n);
    if (!more_a || !more_b) return true;
  }
}

static bool differs(const struct wg_pairing *p, uint32_t pair, uint32_t sa, uint32_t sb, struct wg_delta *d) {
  const struct wg_thread_pair *tp = &p->pairs[pair];
  return wg_compare(p, wg_thread_of(p, tp, 0)->steps[sa].content, wg_thread_of(p, tp, 1)->steps[sb].content, d);
}

static bool equal_occurrence(struct wg_pairing *p, uint32_t pair, uint32_t sa, uint32_t sb) {
  struct wg_delta d;
  return !differs(p, pair, sa, sb, &d);
}

static bool compare_occurrence(struct wg_pairing *p, uint32_t pair, uint32_t sa, uint32_t sb) {
  struct wg_delta d;
  if (!differs(p, pair, sa, sb, &d)) return true;
  wg_add_delta(p, pair, sa, sb, &d);
  return false;
}

static bool compare_object(struct wg_pairing *p, uint32_t pair, uint32_t sa, uint32_t sb) {
  const struct wg_thread_pair *tp = &p->pairs[pair];
  uint32_t a = wg_thread_of(p, tp, 0)->steps[sa].object, b = wg_thread_of(p, tp, 1)->steps[sb].object;
  if (wg_same_object(p, a, b) || p->effects == 0) return true; // engines tell of objects in ways of their own
  struct wg_finding *f = wg_finding_add(p, WG_D_OBJECT, pair, sa, sb);
  f->field = "object";
  f->value[0] = a;
  f->value[1] = b;
  return false;
}

// The first occurrence on one side whose values no occurrence on the other side has.
static uint32_t step_without_like(const struct wg_pairing *p, uint32_t pair, int side, size_t leaf, size_t other) {
  const struct wg_leaves *l = &p->pairs[pair].side[side], *o = &p->pairs[pair].side[!side];
  const struct wg_leaf x = wg_leaf_at(l, leaf), y = wg_leaf_at(o, other);
  const struct wg_dthread *t = wg_thread_of(p, &p->pairs[pair], side);
  uint32_t known[16], nknown = 0; // contents that have a like
  for (uint32_t i = 0; i < x.n; i++) {
    uint32_t step = wg_leaf_step(l, leaf, i), k = 0;
    while (k < nknown && known[k] != t->steps[step].content) k++;
    if (k < nknown) continue;
    bool found = false;
    for (uint32_t j = 0; j < y.n && j < 4096 && !found; j++) {
      struct wg_delta d;
      uint32_t there = wg_leaf_step(o, other, j);
      found = !differs(p, pair, side ? there : step, side ? step : there, &d);
    }
    if (!found) return step;
    if (nknown < 16) known[nknown++] = t->steps[step].content;
  }
  return WG_NONE;
}

static bool in_order(const struct wg_leaves *l, size_t leaf) {
  const struct wg_leaf x = wg_leaf_at(l, leaf);
  for (uint32_t i = 0; i < x.n; i++)
    if (l->steps[wg_leaf_step(l, leaf, i)].count > 1) return false;
  return true;
}

// Rounds are compared one by one where their order is known and their number is the same; else by the values they have.
static void compare_leaf(struct wg_pairing *p, uint32_t pair, size_t i, size_t j) {
  const struct wg_thread_pair *tp = &p->pairs[pair];
  if (wg_leaf_at(&tp->side[0], i).count == wg_leaf_at(&tp->side[1], j).count && in_order(&tp->side[0], i) &&
      in_order(&tp->side[1], j)) {
    if (wg_each_occurrence(p, pair, i, j, compare_occurrence)) wg_each_occurrence(p, pair, i, j, compare_object);
    return;
  }
  if (wg_each_occurrence(p, pair, i, j, equal_occurrence)) return;
  uint32_t sa = step_without_like(p, pair, 0, i, j);
  if (sa == WG_NONE) return;
  uint32_t sb = step_without_like(p, pair, 1, j, i);
  if (sb == WG_NONE) sb = wg_leaf_step(&tp->side[1], j, 0);
  struct wg_delta d;
  if (differs(p, pair, sa, sb, &d)) wg_add_delta(p, pair, sa, sb, &d);
}

// -- what stands alone --

// Or of what comes after them.
static bool round_ahead(const struct wg_leaves *l, size_t from, size_t to) {
  size_t n = to - from;
  if (to + n > l->n) return false;
  for (size_t i = 0; i < n; i++)
    if (wg_leaf_key(l, from + i) != wg_leaf_key(l, to + i)) return false;
  return true;
}

#define LOOP 64 // leaves of a loop

// All of it is done by a loop just before that has gone round more often on the other side: of a round, or of a loop
// within one, that was only begun. What a loop within does may have been done more often here, as chance has it.
static bool of_begun_round(const struct wg_thread_pair *tp, int side, size_t from, size_t to) {
  const struct wg_leaves *l = &tp->side[side], *o = &tp->side[!side];
  bool fewer = false;
  for (size_t i = from; i < to; i++) {
    bool found = false;
    for (size_t k = from; k-- > 0 && from - k <= LOOP && !(found && fewer);) {
      if (l->partner[k] == WG_NONE) continue;
      found |= wg_leaf_key(l, k) == wg_leaf_key(l, i);
      fewer |= wg_leaf_at(l, k).count < wg_leaf_at(o, l->partner[k]).count;
    }
    if (!found) return false;
  }
  return fewer;
}

// One of them makes a thread as the same thread has made others: when a pool grows is chance.
static bool grows_pool(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side, size_t from, size_t to) {
  const struct wg_side *s = p->s[side];
  const struct wg_leaves *l = &tp->side[side];
  uint32_t first = to > from ? wg_leaf_step(l, from, 0) : WG_NONE;
  for (size_t i = 0; first != WG_NONE && i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    if (t->parent == tp->t[side] && t->create_step != WG_NONE && t->create_step >= first && t->spawn > 1) return true;
  }
  return false;
}

static uint64_t weak_key(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side, size_t leaf) {
  return wg_key_weak(p, side, wg_leaf_content(&tp->side[side], leaf));
}

// Calls like all of it have been made before, by a loop.
static bool done_before(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side, size_t from, size_t to) {
  for (size_t i = from; i < to; i++) {
    size_t k = from;
    while (k > 0 && from - k < LOOP && weak_key(p, tp, side, k - 1) != weak_key(p, tp, side, i)) k--;
    if (k == 0 || from - k == LOOP) return false;
  }
  return from < to;
}

static bool stopped(const struct wg_thread_pair *tp, const struct wg_dthread *t, int side) {
  return tp->lasts[side] || t->final == WG_CRASHED;
}

static uint64_t calls_in(const struct wg_leaves *l, size_t from, size_t to) {
  uint64_t n = 0;
  for (size_t i = from; i < to; i++) n += wg_leaf_at(l, i).count;
  return n;
}

// As many rounds as two runs of one title may differ by.
static bool near(uint64_t a, uint64_t b) { return (a > b ? a - b : b - a) <= 2 + (a < b ? a : b) / 16; }

// Rounds that begin with a wait for any of several objects.
static void mask_wakes(const struct wg_pairing *p, struct wg_finding *f, uint64_t a, uint64_t b) {
  int side = f->step[0] == WG_NONE;
  const struct wg_dthread *t = wg_pair_thread(p, f->pair, side);
  const struct wg_content *c = wg_content_at(p->s[side], t, f->step[side]);
  const char *name = wg_nt_of(c) ? wg_nt_of(c)->name : "";
  if (!wg_waits_for_objects(c) || !strstr(name, "Multiple") || !near(a, b)) return;
  f->hidden = true;
  f->reason = "a loop that waits for any of several: signals that come together wake it once";
}

static bool several_wait(struct wg_pairing *p, int side, uint32_t object) {
  if (p->waiters[side] == NULL) p->waiters[side] = wg_sole_threads(p->s[side], WG_NT_WAITS);
  return p->waiters[side][object] == WG_NONE;
}

// A mutant that several threads take is a lock as any other: whoever finds nothing to do under it tries again, and how
// often is chance.
static void mask_mutants(struct wg_pairing *p, struct wg_finding *f, int side, size_t from, size_t to) {
  const struct wg_leaves *l = &p->pairs[f->pair].side[side];
  const struct wg_dthread *t = wg_pair_thread(p, f->pair, side);
  for (size_t k = from; k < to && k < l->n && !f->hidden; k++) {
    const struct wg_step *x = &t->steps[wg_leaf_step(l, k, 0)];
    if (x->object == WG_NONE || !wg_content_is(&p->s[side]->contents[x->content], WG_NT_WAITS)) continue;
    if (strcmp(wg_str(p->s[side], p->s[side]->objects[x->object].type), "Mutant") != 0) continue;
    if (!several_wait(p, side, x->object)) continue;
    f->hidden = true;
    f->reason = "a loop that takes a mutant of several threads goes round as chance has it";
  }
}

// A call that tells of what came before it is no mere further round where none is beside it.
static bool tells(const struct wg_pairing *p, uint32_t pair, int side, size_t from, size_t to) {
  const struct wg_leaves *l = &p->pairs[pair].side[side];
  size_t n = to - from, i = 0;
  while (i < n && from >= n && wg_leaf_key(l, from + i) == wg_leaf_key(l, from + i - n)) i++;
  if (i == n || round_ahead(l, from, to)) return false;
  for (i = from; i < to; i++)
    if (wg_content_is(&p->s[side]->contents[wg_leaf_content(l, i)], WG_NT_CONSEQUENCE)) return true;
  return false;
}

static void lone(struct wg_pairing *p, uint32_t pair, const size_t from[2], const size_t to[2]) {
  struct wg_thread_pair *tp = &p->pairs[pair];
  const struct wg_leaves *l = tp->side;
  const struct wg_dthread *t[2] = {wg_thread_of(p, tp, 0), wg_thread_of(p, tp, 1)};
  size_t n[2] = {to[0] - from[0], to[1] - from[1]};
  bool end[2] = {to[0] == l[0].n, to[1] == l[1].n};
  bool tail = end[0] && end[1], round[2];
  if (n[0] + n[1] == 0) return;
  for (int i = 0; i < 2; i++) {
    // A trace that was cut tells nothing of what would have come.
    if (tail && n[i] == 0 && tp->open[i]) return;
    round[i] = n[i] == 0 || wg_another_round(&l[i], from[i], to[i]) || round_ahead(&l[i], from[i], to[i]);
    if (!end[i] && round[i] && n[i] && tells(p, pair, i, from[i], to[i])) round[i] = false;
    if (tail && n[i] && tp->open[i] && (round[i] || of_begun_round(tp, i, from[i], to[i]))) return;
    if (tail && tp->open[i] && grows_pool(p, tp, i, from[i], to[i]) && done_before(p, tp, i, from[i], to[i])) return;
  }
  uint32_t a = n[0] ? wg_leaf_step(&l[0], from[0], 0) : WG_NONE, b = n[1] ? wg_leaf_step(&l[1], from[1], 0) : WG_NONE;
  enum wg_class_id cls = round[0] && round[1]               ? WG_D_COUNT
                         : n[0] && n[1]                     ? WG_D_CALL
                         : n[0]                             ? WG_D_EXTRA
                         : tail && t[0]->final == WG_EXITED ? WG_D_ENDED
                                                            : WG_D_MISSING;
  // Where a thread is stopped, what the other one goes on with is no finding of its own.
  if (tail && l[0].begun >= n[0] && stopped(tp, t[0], 0)) return;
  if (tail && l[1].begun >= n[1] && stopped(tp, t[1], 1)) return;
  struct wg_finding *f = wg_finding_add(p, cls, pair, a, b);
  for (int i = 0; i < 2; i++) f->count[i] = calls_in(&l[i], from[i], to[i]);
  bool one_kind = cls == WG_D_COUNT;
  for (int i = 0; i < 2; i++)
    for (size_t k = from[i]; k < to[i]; k++)
      one_kind &= wg_leaf_key(&l[i], k) == wg_leaf_key(&l[n[0] == 0], from[n[0] == 0]);
  if (one_kind) mask_wakes(p, f, f->count[0], f->count[1]);
  for (int i = 0; i < 2 && cls == WG_D_COUNT; i++) mask_mutants(p, f, i, from[i], to[i]);
}

// Nothing follows the loop that leaf i begins but another round, begun: in it what comes once a round comes once.
static bool ends_looping(const struct wg_leaves *l, size_t i, size_t span) {
  uint32_t rounds = UINT32_MAX;
  for (size_t k = i; k < i + span && k < l->n; k++)
    if (wg_leaf_at(l, k).count < rounds) rounds = wg_leaf_at(l, k).count;
  for (size_t k = i + span; k < l->n; k++) {
    if (wg_leaf_key(l, k) != wg_leaf_key(l, k - span)) return false;
    if (k < i + 2 * span && wg_leaf_at(l, k - span).count == rounds && wg_leaf_at(l, k).count > 1) return false;
  }
  return true;
}

static bool waits_for_timer(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side, size_t leaf) {
  const struct wg_step *x = &wg_thread_of(p, tp, side)->steps[wg_leaf_step(&tp->side[side], leaf, 0)];
  return x->object != WG_NONE && wg_content_is(&p->s[side]->contents[x->content], WG_NT_WAITS) &&
         strstr(wg_str(p->s[side], p->s[side]->objects[x->object].type), "Timer");
}

// The step that counts, from one on; nsteps: there is none.
static uint32_t hard_from(const struct wg_pairing *p, uint32_t pair, int side, uint32_t step) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, side);
  while (step < t->nsteps && wg_weight_of(p, side, t->steps[step].content) != WG_HARD) step++;
  return step;
}

// One side ends in a loop, cut or waiting, and had gone round more often than the other, which does something else
// after it: what that does stands beside the next round.
static void left_loop(struct wg_pairing *p, uint32_t pair, int stays, const size_t leaf[2], size_t span) {
  const struct wg_leaves *l = p->pairs[pair].side;
  uint32_t at[2];
  if (leaf[!stays] + span >= l[!stays].n ||
      wg_leaf_at(&l[!stays], leaf[!stays]).n >= wg_leaf_at(&l[stays], leaf[stays]).n)
    return;
  at[!stays] = wg_leaf_step(&l[!stays], leaf[!stays] + span, 0);
  at[stays] = wg_leaf_step(&l[stays], leaf[stays], wg_leaf_at(&l[!stays], leaf[!stays]).n);
  for (;; at[0]++, at[1]++) {
    for (int i = 0; i < 2; i++) at[i] = hard_from(p, pair, i, at[i]);
    const struct wg_dthread *t[2] = {wg_pair_thread(p, pair, 0), wg_pair_thread(p, pair, 1)};
    if (at[0] >= t[0]->nsteps || at[1] >= t[1]->nsteps) return;
    struct wg_delta d;
    bool same = wg_key_strong(p, 0, t[0]->steps[at[0]].content) == wg_key_strong(p, 1, t[1]->steps[at[1]].content);
    uint32_t next = hard_from(p, pair, 1, at[1] + 1);
    bool left_out = !same && next < t[1]->nsteps &&
                    wg_key_strong(p, 0, t[0]->steps[at[0]].content) == wg_key_strong(p, 1, t[1]->steps[next].content);
    if (left_out)
      wg_finding_add(p, WG_D_MISSING, pair, WG_NONE, at[1])->count[1] = 1;
    else if (!same)
      wg_finding_add(p, WG_D_CALL, pair, at[0], at[1]);
    if (same && differs(p, pair, at[0], at[1], &d)) wg_add_delta(p, pair, at[0], at[1], &d);
    if (!same) return;
  }
}

// A file that was cut ends in a round of a longer loop that leaf i is in: it may come to it once more.
static bool cut_in_round(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side, size_t i) {
  const struct wg_leaves *l = &tp->side[side];
  const struct wg_dthread *t = wg_thread_of(p, tp, side);
  if (p->s[side]->complete || !tp->open[side]) return false;
  uint32_t last = (uint32_t)t->nsteps, leaf = WG_NONE;
  while (last > 0 && leaf == WG_NONE) leaf = wg_leaf_of(l, --last);
  if (leaf == WG_NONE || leaf < i) return leaf != WG_NONE;
  for (size_t k = 0; k < i; k++)
    if (wg_leaf_key(l, k) == wg_leaf_key(l, leaf)) return true;
  return false;
}

static void count_finding(struct wg_pairing *p, uint32_t pair, size_t i, size_t j, bool *in_loop) {
  const struct wg_thread_pair *tp = &p->pairs[pair];
  const struct wg_leaf a = wg_leaf_at(&tp->side[0], i), b = wg_leaf_at(&tp->side[1], j);
  bool differs = a.count != b.count;
  bool first = differs && !*in_loop; // one finding for all calls of a loop
  *in_loop = differs;
  if (!first) return;
  // A loop at a thread's end goes on; one that polls or takes locks goes round as chance has it.
  size_t span = a.period > b.period ? a.period : b.period;
  if (span == 0) span = 1;
  uint64_t soft = 0;
  bool timed = false;
  for (size_t k = 0; k < span; k++) {
    if (i + k < tp->side[0].n) soft += wg_leaf_at(&tp->side[0], i + k).soft;
    if (j + k < tp->side[1].n) soft += wg_leaf_at(&tp->side[1], j + k).soft;
    timed |= i + k < tp->side[0].n && waits_for_timer(p, tp, 0, i + k);
  }
  bool stays[2] = {ends_looping(&tp->side[0], i, span), ends_looping(&tp->side[1], j, span)};
  bool chance = soft && tp->open[stays[1]]; // how often it goes round, and was stopped
  if (stays[0] != stays[1] && !chance && (stays[0] ? a.count > b.count : b.count > a.count))
    left_loop(p, pair, stays[1], (const size_t[2]){i, j}, span);
  if ((tp->open[0] && stays[0]) || (tp->open[1] && stays[1])) return;
  if (cut_in_round(p, tp, a.count > b.count, a.count > b.count ? j : i)) return;
  for (int side = 0; side < 2; side++) // a thread that stays in it: that it does is the finding
    if (tp->side[side].begun && ends_looping(&tp->side[side], side ? j : i, span)) return;
  struct wg_finding *f =
      wg_finding_add(p, WG_D_COUNT, pair, wg_leaf_step(&tp->side[0], i, 0), wg_leaf_step(&tp->side[1], j, 0));
  f->count[0] = a.count;
  f->count[1] = b.count;
  if (timed && near(a.count, b.count)) {
    f->hidden = true;
    f->reason = "a loop that waits for a timer goes round as long as the rest takes";
  }
  mask_wakes(p, f, a.count, b.count);
  mask_mutants(p, f, 0, i, i + span);
  if (soft) {
    f->hidden = true;
    f->reason = "a loop that polls or takes locks goes round as chance has it";
  }
}

// -- a thread --

void wg_compare_rounds(struct wg_pairing *p, uint32_t pair) {
  const struct wg_leaves *l = p->pairs[pair].side;
  size_t from[2] = {0, 0};
  bool in_loop = false;
  for (;;) {
    size_t to[2] = {from[0], 0};
    while (to[0] < l[0].n && l[0].partner[to[0]] == WG_NONE) to[0]++;
    bool end = to[0] == l[0].n;
    to[1] = end ? l[1].n : l[0].partner[to[0]];
    lone(p, pair, from, to);
    if (end) break;
    p->pairs[pair].matched += wg_leaf_at(&l[0], to[0]).count;
    compare_leaf(p, pair, to[0], to[1]);
    count_finding(p, pair, to[0], to[1], &in_loop);
    from[0] = to[0] + 1;
    from[1] = to[1] + 1;
  }
}
