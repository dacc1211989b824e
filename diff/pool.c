// Threads of one parent and entry that wait for the same object take work as it comes: which of them does what is
// chance, and how many there are may be. They are compared together, as a bag of calls with their values.
#include <stdlib.h>
#include <string.h>

#include "base/json_iter.h"
#include "base/vec.h"
#include "diff/pair.h"
#include "diff/tally.h"

// One kind of call in the bag: its places, by side.
struct bag_entry {
  uint64_t n[2];
  uint32_t *thread[2], *step[2];
  uint32_t kept[2];
};

struct bag {
  struct wg_map at; // strong key -> index
  struct bag_entry *e;
  size_t n;
  // How often each call is made, wherever from: by wg_key_anywhere.
  struct wg_tally kinds;
  // What the threads end with, where that is a number.
  uint64_t ends[2], sum[2];
};

// Who belongs together: threads by side; the pairs among them first, in the same order on both.
struct pool {
  uint32_t *t[2];
  size_t n[2], pairs;
  // By object, of every pool; NULL: not looked at yet.
  uint8_t *used[2];
  uint32_t *signalers[2];
};

#define KEPT 512 // places of one kind of call that are compared by value

static void put_in_bag(struct bag *b, uint64_t key, int side, uint32_t thread, const struct wg_step *x, uint32_t step) {
  uint64_t i;
  if (b->e == NULL || !wg_map_get(&b->at, key, &i)) {
    WG_VEC_NEXT(b->e, b->n);
    b->e[b->n] = (struct bag_entry){0};
    i = b->n++;
    wg_map_put(&b->at, key, i);
  }
  struct bag_entry *e = &b->e[i];
  e->n[side] += x->count;
  if (e->kept[side] == KEPT) return;
  WG_VEC_NEXT(e->thread[side], e->kept[side]);
  WG_VEC_NEXT(e->step[side], e->kept[side]);
  e->thread[side][e->kept[side]] = thread;
  e->step[side][e->kept[side]++] = step;
}

static void bag_release(struct bag *b) {
  for (size_t i = 0; i < b->n; i++)
    for (int side = 0; side < 2; side++) {
      free(b->e[i].thread[side]);
      free(b->e[i].step[side]);
    }
  free(b->e);
  wg_map_release(&b->at);
  wg_tally_release(&b->kinds);
}

// A thread ends with how much of the work it did, which both sides tell: the sum is no chance.
static bool counts(const struct wg_pairing *p, int side, const struct wg_content *c) {
  const struct wg_known *k = wg_known_of(p, side, c);
  return c->nargs && k->nargs[0] && k->nargs[1] && strcmp(wg_str(p->s[side], c->name), "ExTerminateThread") == 0 &&
         wg_arg(p->s[side], c, 0) < 0x80000000u;
}

// Work that a wait hands out (a packet) comes to whichever of the calls that wait for it is the next.
static uint64_t bag_key(const struct wg_pairing *p, int side, uint32_t content) {
  const struct wg_content *c = &p->s[side]->contents[content];
  bool hands = wg_content_is(c, WG_NT_WAITS) && strchr(wg_nt_of(c)->params, 'P');
  return hands ? wg_known_of(p, side, c)->hash : wg_key_strong(p, side, content);
}

static void fill(const struct wg_pairing *p, const struct pool *pool, struct bag *b) {
  for (int side = 0; side < 2; side++)
    for (size_t g = 0; g < pool->n[side]; g++) {
      const struct wg_dthread *t = &p->s[side]->threads[pool->t[side][g]];
      for (uint32_t i = 0; i < t->nsteps; i++) {
        const struct wg_content *c = wg_content_at(p->s[side], t, i);
        if (counts(p, side, c)) {
          b->ends[side]++;
          b->sum[side] += wg_arg(p->s[side], c, 0);
        } else if (wg_weight_of(p, side, t->steps[i].content) != WG_NEUTRAL) {
          put_in_bag(b, bag_key(p, side, t->steps[i].content), side, pool->t[side][g], &t->steps[i], i);
          wg_tally_add(&b->kinds, wg_key_anywhere(p, side, t->steps[i].content), side, t->steps[i].count);
        }
      }
    }
}

static uint32_t content_in(const struct wg_pairing *p, const struct bag_entry *e, int side, uint32_t i);

// Each word of a packet is one that a packet of the other side has, too: what counts up while several put packets there
// goes with another one in another order.
static bool words_are_given(const struct wg_pairing *p, const struct bag_entry *e, int side, uint32_t i) {
  const struct wg_content *c = &p->s[side]->contents[content_in(p, e, side, i)];
  if (!wg_content_is(c, WG_NT_WAITS) || strchr(wg_nt_of(c)->params, 'P') == NULL || c->out == 0) return false;
  const char *words = wg_str(p->s[side], c->out);
  struct wg_json_iter it;
  struct wg_json_member m, n;
  if (!wg_json_walk(&it, words, strlen(words))) return false;
  while (wg_json_next(&it, &m)) {
    bool found = false;
    for (uint32_t k = 0; k < e->kept[!side] && !found; k++) {
      const struct wg_content *x = &p->s[!side]->contents[content_in(p, e, !side, k)];
      const char *others = wg_str(p->s[!side], x->out);
      struct wg_json_iter jt;
      if (x->out == 0 || ((c->flags ^ x->flags) & WG_C_RV) || c->rv != x->rv) continue;
      if (!wg_json_walk(&jt, others, strlen(others))) continue;
      while (!found && wg_json_next(&jt, &n))
        found = n.nkey == m.nkey && memcmp(n.key, m.key, m.nkey) == 0 && n.nvalue == m.nvalue &&
                memcmp(n.value, m.value, m.nvalue) == 0;
    }
    if (!found) return false;
  }
  return true;
}

static uint32_t content_in(const struct wg_pairing *p, const struct bag_entry *e, int side, uint32_t i) {
  return p->s[side]->threads[e->thread[side][i]].steps[e->step[side][i]].content;
}

static uint32_t pair_at(const struct wg_pairing *p, const struct bag_entry *e, int side, uint32_t i) {
  return p->peer[side][e->thread[side][i]];
}

// The first place, from `from` on, of a thread with a like that gave what no place on the other side gave; WG_NONE: all
// have theirs.
static uint32_t without_like_from(const struct wg_pairing *p, const struct bag_entry *e, int side, uint32_t from) {
  for (uint32_t i = from; i < e->kept[side]; i++) {
    bool found = pair_at(p, e, side, i) == WG_NONE;
    for (uint32_t k = 0; k < e->kept[!side] && !found; k++) {
      struct wg_delta d;
      uint32_t a = content_in(p, e, side, i), b = content_in(p, e, !side, k);
      found = !(side ? wg_compare(p, b, a, &d) : wg_compare(p, a, b, &d)) ||
              wg_interrupted(p, pair_at(p, e, side, i), &p->s[side]->contents[a], &d);
    }
    if (!found && !words_are_given(p, e, side, i)) return i;
  }
  return WG_NONE;
}

static uint32_t without_like(const struct wg_pairing *p, const struct bag_entry *e, int side) {
  return without_like_from(p, e, side, 0);
}

// A side that was cut may have done less.
static bool goes_on(const struct wg_pairing *p, const struct pool *pool, int side) {
  uint64_t calls[2] = {0, 0};
  bool on = false;
  for (size_t i = 0; i < pool->pairs; i++) {
    for (int k = 0; k < 2; k++) calls[k] += p->s[k]->threads[pool->t[k][i]].calls;
    const struct wg_dthread *t = &p->s[side]->threads[pool->t[side][i]];
    on |= t->final == WG_RUNNING || t->blocked_step != WG_NONE;
  }
  return on && calls[side] < calls[!side];
}

static void compare_values(struct wg_pairing *p, const struct bag_entry *e, bool soft, bool more) {
  uint32_t a = without_like(p, e, 0), b = a == WG_NONE ? WG_NONE : without_like(p, e, 1);
  struct wg_delta d;
  if (a == WG_NONE) return;
  const struct wg_content *c = &p->s[0]->contents[content_in(p, e, 0, a)];
  bool alone = wg_no_chance(p->s[0], c) || wg_fails_silently(p, content_in(p, e, 0, a), &d); // by its own trace
  if ((soft || more) && b == WG_NONE && wg_content_is(c, WG_NT_WAITS) && !alone) return;
  uint32_t there = b == WG_NONE ? 0 : b;
  if (!wg_compare(p, content_in(p, e, 0, a), content_in(p, e, 1, there), &d)) return;
  // Work that they have not come to there; what a call returns is none.
  if (more && b == WG_NONE && !alone && (d.cls == WG_D_OUT || d.cls == WG_D_ARGS)) return;
  struct wg_finding *f = wg_finding_of(p, pair_at(p, e, 0, a), e->step[0][a], WG_NONE, &d);
  if (pair_at(p, e, 1, there) == f->pair) f->step[1] = e->step[1][there];
  f->timing = wg_timing(c, &d);
}

// By object of a side: whether anybody waits for it or signals it.
static uint8_t *used_of(const struct wg_side *s) {
  uint8_t *used = wg_xcalloc(s->nobjects + 1, 1);
  for (size_t i = 0; i < s->nthreads; i++)
    for (size_t k = 0; k < s->threads[i].nsteps; k++) {
      const struct wg_step *x = &s->threads[i].steps[k];
      if (x->object != WG_NONE && wg_content_is(&s->contents[x->content], WG_NT_WAITS | WG_NT_SIGNALS))
        used[x->object] = 1;
    }
  for (size_t i = 0; i < s->nwait_objects; i++)
    if (s->wait_objects[i] != WG_NONE) used[s->wait_objects[i]] = 1;
  return used;
}

static bool unused(const struct wg_pairing *p, struct pool *pool, int side, uint64_t object) {
  if (pool->used[side] == NULL) pool->used[side] = used_of(p->s[side]);
  return !pool->used[side][object];
}

#define GATES 16 // different objects that are looked at

// Waits and signals of objects that nobody needs on the other side: locks of the title's own that were free there.
static bool contended(const struct wg_pairing *p, struct pool *pool, const struct bag_entry *e, int side) {
  uint64_t seen[GATES], like;
  size_t n = 0;
  for (uint32_t i = 0; i < e->kept[side]; i++) {
    uint32_t object = p->s[side]->threads[e->thread[side][i]].steps[e->step[side][i]].object;
    size_t k = 0;
    if (!wg_content_is(&p->s[side]->contents[content_in(p, e, side, i)], WG_NT_WAITS | WG_NT_SIGNALS)) return false;
    if (object == WG_NONE || !wg_map_get(&p->same[side], object, &like)) return false;
    while (k < n && seen[k] != like) k++;
    if (k < n) continue;
    if (n == GATES || !unused(p, pool, !side, like)) return false;
    seen[n++] = like;
  }
  return true;
}

// It takes what several have put there, or finds that others were faster. Which list was empty when is chance.
static bool takes(const struct wg_content *c) {
  const char *name = wg_nt_of(c) ? wg_nt_of(c)->name : "";
  return strcmp(name, "InterlockedPopEntrySList") == 0 || strcmp(name, "InterlockedFlushSList") == 0;
}

// They call so as often in all, from other places: which of several ways leads there is chance, as who comes last is.
static bool from_elsewhere(const struct wg_pairing *p, const struct pool *pool, const struct bag *b,
                           const struct bag_entry *e) {
  int any = e->kept[0] ? 0 : 1;
  uint32_t content = content_in(p, e, any, 0);
  const struct wg_content *c = &p->s[any]->contents[content];
  if (pool->n[0] < 2 || pool->n[1] < 2 || c->detail || wg_content_is(c, WG_NT_CONSEQUENCE)) return false;
  return wg_tally_equal(&b->kinds, wg_key_anywhere(p, any, content));
}

static void compare_entry(struct wg_pairing *p, struct pool *pool, const struct bag *b, const struct bag_entry *e,
                          const bool open[2]) {
  int any = e->kept[0] ? 0 : 1;
  bool soft = wg_weight_of(p, any, content_in(p, e, any, 0)) == WG_SOFT;
  if (pool->n[0] > 1 && pool->n[1] > 1 && takes(&p->s[any]->contents[content_in(p, e, any, 0)])) return;
  if (e->kept[0] && e->kept[1]) {
    compare_values(p, e, soft, goes_on(p, pool, 1)); // what else may have come there
    return;
  }
  uint32_t at = 0;
  while (at < e->kept[any] && pair_at(p, e, any, at) == WG_NONE) at++;
  if (open[!any] || soft || at == e->kept[any] || contended(p, pool, e, any)) return;
  if (from_elsewhere(p, pool, b, e)) return;
  struct wg_finding *f = wg_finding_add(p, any ? WG_D_MISSING : WG_D_EXTRA, pair_at(p, e, any, at),
                                        any ? WG_NONE : e->step[0][at], any ? e->step[1][at] : WG_NONE);
  f->count[any] = e->n[any];
  f->seq = any ? wg_pair_thread(p, f->pair, 0)->last_seq : wg_pair_thread(p, f->pair, 0)->steps[f->step[0]].seq;
}

// All have ended, and what they ended with is not the same in sum: the first whose end differs from its like's.
static void compare_ends(struct wg_pairing *p, const struct pool *pool, const struct bag *b) {
  if (b->sum[0] == b->sum[1] || b->ends[0] != b->ends[1]) return;
  for (size_t i = 0; i < pool->pairs; i++) {
    uint32_t pair = p->peer[0][pool->t[0][i]], last[2];
    const struct wg_content *c[2];
    for (int side = 0; side < 2; side++) {
      const struct wg_dthread *t = wg_pair_thread(p, pair, side);
      if (t->nsteps == 0) return;
      last[side] = (uint32_t)t->nsteps - 1;
      c[side] = wg_content_at(p->s[side], t, last[side]);
    }
    if (!counts(p, 0, c[0]) || !counts(p, 1, c[1])) continue;
    struct wg_delta d = {.cls = WG_D_ARGS, .field = "arg"};
    for (int side = 0; side < 2; side++) d.value[side] = wg_arg(p->s[side], c[side], 0);
    if (d.value[0] == d.value[1]) continue;
    wg_finding_of(p, pair, last[0], last[1], &d);
    return;
  }
}

// Memory that there is and there is not, for the same size: no order of work makes that.
static bool is_refused(const struct wg_pairing *p, const struct wg_finding *f) {
  if (f->cls != WG_D_VALUE || f->step[0] == WG_NONE || strcmp(f->field, "rv") != 0) return false;
  const struct wg_content *c = wg_content_at(p->s[0], wg_pair_thread(p, f->pair, 0), f->step[0]);
  return wg_content_is(c, WG_NT_ALLOCATES) && wg_nt_of(c)->ret == 'p' && (f->value[0] == 0) != (f->value[1] == 0);
}

// Another code than its like's, which was given the same one.
static bool ends_by_itself(const struct wg_pairing *p, const struct wg_finding *f) {
  if (f->cls != WG_D_VALUE || strcmp(f->field, "exit code") != 0) return false;
  const struct wg_content *c[2];
  for (int side = 0; side < 2; side++)
    c[side] = wg_content_at(p->s[side], wg_pair_thread(p, f->pair, side), f->step[side]);
  return c[0]->nargs && c[1]->nargs && wg_arg(p->s[0], c[0], 0) == wg_arg(p->s[1], c[1], 0);
}

static bool is_chance(const struct wg_pairing *p, const struct wg_finding *f) {
  if (ends_by_itself(p, f)) return false;
  // That a call signals nothing which should is nobody's work.
  if (f->cls == WG_D_EFFECT && ((f->value[0] ^ f->value[1]) & WG_DID_SIGNAL)) return false;
  return !f->hidden && !is_refused(p, f) && f->cls != WG_D_NEVER_RETURNED && f->cls != WG_D_NEVER_STARTED &&
         f->cls != WG_D_EXCEPTION && f->cls != WG_D_EXCEPTION_THERE && f->cls != WG_D_MADE;
}

// Whether what one side's threads lack may only not have come yet: they run, or have done less and wait for more.
static void are_open(const struct wg_pairing *p, const struct pool *pool, bool open[2]) {
  uint64_t calls[2] = {0, 0};
  bool runs = false, waits[2] = {false, false};
  for (int side = 0; side < 2; side++)
    for (size_t i = 0; i < pool->n[side]; i++) {
      const struct wg_dthread *t = &p->s[side]->threads[pool->t[side][i]];
      calls[side] += t->calls;
      runs |= t->final == WG_RUNNING;
      waits[side] |= t->blocked_step != WG_NONE;
    }
  for (int side = 0; side < 2; side++) open[side] = runs || (waits[side] && calls[side] < calls[!side]);
}

static void compare_pool(struct wg_pairing *p, struct pool *pool) {
  struct bag b = {0};
  bool open[2];
  fill(p, pool, &b);
  are_open(p, pool, open);
  const char *why = pool->n[0] + pool->n[1] > 2 ? "a pool of threads: which of them does what is chance"
                                                : "several give this thread work: what comes first is chance";
  for (size_t k = 0; k < pool->pairs; k++) {
    uint32_t pair = p->peer[0][pool->t[0][k]];
    p->pairs[pair].pool = true;
    WG_EACH_FINDING(p, pair, i) {
      if (!is_chance(p, &p->findings[i])) continue;
      p->findings[i].hidden = true;
      p->findings[i].reason = why;
    }
  }
  for (size_t i = 0; i < b.n; i++) compare_entry(p, pool, &b, &b.e[i], open);
  if (!open[0] && !open[1]) compare_ends(p, pool, &b);
  bag_release(&b);
}

// -- how many there are --

static bool is_creation(const struct wg_pairing *p, const struct pool *pool, int side, uint32_t pair, uint32_t step) {
  for (size_t i = 0; i < pool->n[side]; i++) {
    const struct wg_dthread *t = &p->s[side]->threads[pool->t[side][i]];
    if (t->create_step == step && t->parent == p->pairs[pair].t[side]) return true;
  }
  return false;
}

// Both make a call like this leaf's elsewhere in the thread.
static bool elsewhere(const struct wg_leaves *l, size_t leaf) {
  for (size_t i = 0; i < l->n; i++)
    if (l->partner[i] != WG_NONE && wg_leaf_key(l, i) == wg_leaf_key(l, leaf)) return true;
  return false;
}

// How many of the pool's threads the calls that stand alone from this step on make; 0 if they do anything else, too.
static size_t creations(const struct wg_pairing *p, const struct pool *pool, int side, uint32_t pair, uint32_t step) {
  const struct wg_leaves *l = &p->pairs[pair].side[side];
  size_t n = 0;
  for (uint32_t i = wg_leaf_of(l, step); i < l->n && l->partner[i] == WG_NONE; i++) {
    bool creates = is_creation(p, pool, side, pair, wg_leaf_step(l, i, 0));
    n += creates;
    if (!creates && !elsewhere(l, i)) return 0;
  }
  return n;
}

// What a creation only stands between is done as often in all.
static void mask_parted_rounds(struct wg_pairing *p, uint32_t pair, const char *why) {
  WG_EACH_FINDING(p, pair, i) {
    struct wg_finding *f = &p->findings[i];
    bool parted = f->cls == WG_D_COUNT || f->cls == WG_D_EXTRA || f->cls == WG_D_MISSING || f->cls == WG_D_CALL;
    for (int side = 0; side < 2 && parted; side++)
      parted =
          f->step[side] == WG_NONE ||
          wg_as_often(p, pair, wg_key_strong(p, side, wg_pair_thread(p, pair, side)->steps[f->step[side]].content));
    if (f->hidden || !parted) continue;
    f->hidden = true;
    f->reason = why;
  }
}

// A pool that grows while there is work makes more threads of one run's schedule than of another's.
// A finding that says no more than that threads of the pool were made there: how many; 0: it says something else.
static size_t growth_of(const struct wg_pairing *p, const struct pool *pool, int side, const struct wg_finding *f) {
  bool alone = f->step[side] != WG_NONE && (f->step[!side] == WG_NONE || f->cls == WG_D_COUNT);
  if (f->hidden || !alone || wg_leaf_of(&p->pairs[f->pair].side[side], f->step[side]) == WG_NONE) return 0;
  if (f->cls != WG_D_MISSING && f->cls != WG_D_EXTRA && f->cls != WG_D_COUNT) return 0;
  return creations(p, pool, side, f->pair, f->step[side]);
}

static bool has_context(const struct wg_pairing *p, const struct pool *pool, int side, uint64_t context) {
  for (size_t i = 0; i < pool->n[side]; i++)
    if (p->s[side]->threads[pool->t[side][i]].ctx == context) return true;
  return false;
}

// No more of a side's threads have a context that none has on the other side than there are more threads.
static bool contexts_are_alike(const struct wg_pairing *p, const struct pool *pool, int side) {
  size_t own = 0;
  for (size_t i = 0; i < pool->n[side]; i++)
    own += !has_context(p, pool, !side, p->s[side]->threads[pool->t[side][i]].ctx);
  return own + pool->n[!side] <= pool->n[side] || own == 0;
}

// Two creations of the pool's threads stand beside each other, and what each gives its thread another one gives on the
// other side, or one of those that are more: they are not each other's likes.
static void mask_contexts(struct wg_pairing *p, const struct pool *pool) {
  if (!contexts_are_alike(p, pool, 0) || !contexts_are_alike(p, pool, 1)) return;
  for (size_t i = 0; i < p->nfindings; i++) {
    struct wg_finding *f = &p->findings[i];
    if (f->hidden || f->cls != WG_D_ARGS || strcmp(f->field, "arg") != 0) continue;
    bool other = true;
    for (int side = 0; side < 2; side++)
      other = other && f->step[side] != WG_NONE && is_creation(p, pool, side, f->pair, f->step[side]) &&
              has_context(p, pool, side, f->value[side]);
    if (!other) continue;
    f->hidden = true;
    f->reason = "a pool of threads: which of them is made when is chance";
    mask_parted_rounds(p, f->pair, f->reason);
  }
}

static bool is_member(const struct pool *pool, int side, uint32_t thread) {
  for (size_t i = 0; i < pool->n[side]; i++)
    if (pool->t[side][i] == thread) return true;
  return false;
}

// Whose pool has more threads closes as many more of their handles.
static void mask_closes(struct wg_pairing *p, const struct pool *pool) {
  for (int side = 0; side < 2; side++) {
    size_t more = pool->n[side] > pool->n[!side] ? pool->n[side] - pool->n[!side] : 0;
    for (size_t i = 0; i < p->nfindings && more; i++) {
      struct wg_finding *f = &p->findings[i];
      bool alone = f->cls == (side ? WG_D_MISSING : WG_D_EXTRA);
      uint64_t n = alone ? 1 : f->count[side] - f->count[!side];
      if (f->hidden || f->step[side] == WG_NONE || (!alone && f->cls != WG_D_COUNT) || n > more) continue;
      const struct wg_dthread *t = wg_pair_thread(p, f->pair, side);
      uint32_t object = t->steps[f->step[side]].object;
      uint32_t is = object == WG_NONE ? WG_NONE : p->s[side]->objects[object].is_thread;
      if (is == WG_NONE || !is_member(pool, side, is)) continue;
      if (!wg_content_is(wg_content_at(p->s[side], t, f->step[side]), WG_NT_CLOSES)) continue;
      f->hidden = true;
      f->reason = "a pool of threads: how many it grows to is chance";
      more -= n;
    }
  }
}

static void mask_growth(struct wg_pairing *p, const struct pool *pool) {
  static const char why[] = "a pool of threads: how many it grows to is chance";
  size_t alone[2] = {0, 0};
  for (int side = 0; side < 2; side++)
    for (size_t i = 0; i < p->nfindings; i++) alone[side] += growth_of(p, pool, side, &p->findings[i]);
  // They come to as many more as there are: those of both sides are the same growth at other times.
  bool all = alone[0] + pool->n[1] == alone[1] + pool->n[0];
  for (int side = 0; side < 2; side++) {
    size_t more = all ? alone[side] : pool->n[side] - pool->pairs;
    for (size_t i = 0; i < p->nfindings && more; i++) {
      struct wg_finding *f = &p->findings[i];
      size_t n = growth_of(p, pool, side, f);
      if (n == 0 || n > more) continue;
      more -= n;
      f->hidden = true;
      f->reason = why;
      mask_parted_rounds(p, f->pair, why);
    }
  }
}

// -- who belongs together --

static uint64_t family(const struct wg_pairing *p, int side, uint32_t thread) {
  const struct wg_dthread *t = &p->s[side]->threads[thread];
  if (!t->created || t->entry == 0 || t->parent == WG_NONE || p->peer[side][t->parent] == WG_NONE) return 0;
  return wg_hash_u64(t->entry, p->peer[side][t->parent]);
}

// Whether it was made so that waits leave it signalled.
static bool made_to_stay(const struct wg_side *s, const struct wg_dobject *o) {
  if (o->thread == WG_NONE || o->step == WG_NONE || strcmp(wg_str(s, o->call), "NtCreateEvent") != 0) return false;
  const struct wg_content *c = wg_content_at(s, &s->threads[o->thread], o->step);
  return c->nargs > 2 && wg_arg(s, c, 2) == 0;
}

// An event that waits leave signalled is no work that one of them gets.
static bool is_work(const struct wg_side *s, uint32_t object) {
  if (object == WG_NONE) return false;
  const struct wg_dobject *o = &s->objects[object];
  if (made_to_stay(s, o)) return false;
  return o->takes || !o->keeps || strcmp(wg_str(s, o->type), "Event") != 0;
}

// What a thread waits for, one after another: objects that are work.
struct works {
  const struct wg_side *s;
  const struct wg_dthread *t;
  uint32_t step, k; // where the next one is looked for
};

static bool next_work(struct works *w, uint32_t *object) {
  for (; w->step < w->t->nsteps; w->step++, w->k = 0) {
    const struct wg_content *c = wg_content_at(w->s, w->t, w->step);
    if (!wg_content_is(c, WG_NT_WAITS) || wg_content_is(c, WG_NT_LOCK)) continue;
    const struct wg_dwait *x = wg_wait_of(w->t, w->step);
    for (uint32_t n = x && x->n ? x->n : 1; w->k < n;) {
      uint32_t k = w->k++;
      *object = x && x->n ? w->s->wait_objects[x->objects + k] : w->t->steps[w->step].object;
      if (is_work(w->s, *object)) return true;
    }
  }
  return false;
}

// By thread: the first of its family that waits for what it waits for, itself if no other does; WG_NONE: what it waits
// for is not told.
static uint32_t *firsts_of(const struct wg_pairing *p, int side) {
  const struct wg_side *s = p->s[side];
  uint32_t *of = wg_xcalloc(s->nthreads + 1, sizeof *of), object;
  struct wg_map first = {0};
  memset(of, 0xFF, (s->nthreads + 1) * sizeof *of);
  for (uint32_t t = 0; t < s->nthreads; t++) {
    uint64_t kin = family(p, side, t);
    for (struct works w = {s, &s->threads[t], 0, 0}; next_work(&w, &object);) {
      uint64_t key = wg_hash_u64(object, kin), by;
      if (!wg_map_get(&first, key, &by)) {
        by = of[t] == WG_NONE ? t : of[t];
        wg_map_put(&first, key, by);
      }
      if (of[t] == WG_NONE || by < of[t]) of[t] = (uint32_t)by;
    }
  }
  wg_map_release(&first);
  return of;
}

// Numbers by key, in the order in which the keys come.
static uint32_t number_of(struct wg_map *m, uint32_t *n, uint64_t key) {
  uint64_t i;
  if (!wg_map_get(m, key, &i)) wg_map_put(m, key, i = (*n)++);
  return (uint32_t)i;
}

// Lists of numbers, one a group, each in the order in which they were put there.
struct lists {
  uint32_t *first, *last, *next;
};

static struct lists lists_of(size_t groups, size_t numbers) {
  struct lists l = {wg_xcalloc(groups + 1, sizeof(uint32_t)), wg_xcalloc(groups + 1, sizeof(uint32_t)),
                    wg_xcalloc(numbers + 1, sizeof(uint32_t))};
  memset(l.first, 0xFF, (groups + 1) * sizeof *l.first);
  memset(l.next, 0xFF, (numbers + 1) * sizeof *l.next);
  return l;
}

static void append(struct lists *l, uint32_t group, uint32_t number) {
  if (l->first[group] == WG_NONE)
    l->first[group] = number;
  else
    l->next[l->last[group]] = number;
  l->last[group] = number;
}

static void lists_release(struct lists *l) {
  free(l->first);
  free(l->last);
  free(l->next);
}

// Who belongs together as far as one side tells is of one class there: of a family, or with no entry known, and waits
// for the same work. A pair's group is both its classes.
struct grouping {
  uint32_t *of[2]; // class by thread; WG_NONE: it belongs to nobody
  uint8_t *told[2];
  uint32_t n[2]; // classes
  uint32_t *group, ngroups;
  struct lists pairs, lone[2]; // by group; the threads of each class that have no like
};

static void find_classes(const struct wg_pairing *p, struct grouping *g, int side) {
  const struct wg_side *s = p->s[side];
  uint32_t *first = firsts_of(p, side);
  struct wg_map m = {0};
  g->of[side] = wg_xcalloc(s->nthreads + 1, sizeof(uint32_t));
  g->told[side] = wg_xcalloc(s->nthreads + 1, 1);
  for (uint32_t t = 0; t < s->nthreads; t++) {
    uint64_t kin = family(p, side, t);
    bool known = kin || s->threads[t].entry == 0;
    g->of[side][t] = known ? number_of(&m, &g->n[side], wg_hash_u64(first[t], kin)) : WG_NONE;
    g->told[side][t] = kin && first[t] != WG_NONE;
  }
  g->lone[side] = lists_of(g->n[side], s->nthreads);
  for (uint32_t t = 0; t < s->nthreads; t++)
    if (p->peer[side][t] == WG_NONE && family(p, side, t)) append(&g->lone[side], g->of[side][t], t);
  free(first);
  wg_map_release(&m);
}

static struct grouping find_groups(const struct wg_pairing *p) {
  struct grouping g = {.group = wg_xcalloc(p->npairs + 1, sizeof(uint32_t))};
  struct wg_map m = {0};
  for (int side = 0; side < 2; side++) find_classes(p, &g, side);
  for (uint32_t i = 0; i < p->npairs; i++) {
    const uint32_t *t = p->pairs[i].t;
    uint32_t a = g.of[0][t[0]], b = g.of[1][t[1]];
    bool told = a != WG_NONE && b != WG_NONE && (g.told[0][t[0]] || g.told[1][t[1]]);
    g.group[i] = told ? number_of(&m, &g.ngroups, (uint64_t)a << 32 | b) : WG_NONE;
  }
  g.pairs = lists_of(g.ngroups, p->npairs);
  for (uint32_t i = 0; i < p->npairs; i++)
    if (g.group[i] != WG_NONE) append(&g.pairs, g.group[i], i);
  wg_map_release(&m);
  return g;
}

static void grouping_release(struct grouping *g) {
  for (int side = 0; side < 2; side++) {
    free(g->of[side]);
    free(g->told[side]);
    lists_release(&g->lone[side]);
  }
  free(g->group);
  lists_release(&g->pairs);
}

static void gather(const struct wg_pairing *p, const struct grouping *g, uint32_t group, struct pool *pool) {
  pool->n[0] = pool->n[1] = pool->pairs = 0;
  for (uint32_t i = g->pairs.first[group]; i != WG_NONE; i = g->pairs.next[i], pool->pairs++)
    for (int side = 0; side < 2; side++) pool->t[side][pool->n[side]++] = p->pairs[i].t[side];
  for (int side = 0; side < 2; side++) {
    const struct lists *l = &g->lone[side];
    for (uint32_t t = l->first[g->of[side][pool->t[side][0]]]; t != WG_NONE; t = l->next[t])
      pool->t[side][pool->n[side]++] = t;
  }
}

// -- one thread that several feed --

// Several threads signal what this one waits for, as far as this side tells.
static bool fed_by_several(const struct wg_pairing *p, struct pool *pool, int side, uint32_t thread) {
  const struct wg_side *s = p->s[side];
  uint32_t object;
  if (pool->signalers[side] == NULL) pool->signalers[side] = wg_sole_threads(s, WG_NT_SIGNALS);
  for (struct works w = {s, &s->threads[thread], 0, 0}; next_work(&w, &object);)
    if (pool->signalers[side][object] == WG_NONE) return true;
  return false;
}

// What an error is in other words: that it was asked says no more than the error.
static bool asks_of_error(const struct wg_content *c) {
  return wg_content_is(c, WG_NT_CONSEQUENCE) && wg_content_is(c, WG_NT_QUERY) && wg_nt_of(c)->ret == 'd';
}

// How often a thread makes which calls, waits apart.
struct tally {
  struct wg_map calls; // key of what is said -> number
  uint64_t waits;
};

static void count_calls(const struct wg_pairing *p, uint32_t pair, int side, struct tally *n) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, side);
  for (size_t i = 0; i < t->nsteps; i++) {
    uint32_t content = t->steps[i].content;
    uint64_t key = wg_key_said(p, side, content), sum = 0;
    const struct wg_content *c = &p->s[side]->contents[content];
    if (wg_weight_of(p, side, content) != WG_HARD || asks_of_error(c)) continue;
    if (wg_content_is(c, WG_NT_WAITS)) {
      n->waits += t->steps[i].count;
      continue;
    }
    wg_map_get(&n->calls, key, &sum);
    wg_map_put(&n->calls, key, sum + t->steps[i].count);
  }
}

// Every call of this side was made on the other one as often, or in each round more, as there are more waits; `some`:
// or more often there.
static bool within(const struct wg_pairing *p, uint32_t pair, int side, const struct tally n[2], bool some) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, side);
  for (size_t i = 0; i < t->nsteps; i++) {
    uint64_t key = wg_key_said(p, side, t->steps[i].content), here, there = 0;
    if (!wg_map_get(&n[side].calls, key, &here)) continue;
    wg_map_get(&n[!side].calls, key, &there);
    bool same = here == there || here - there == n[side].waits - n[!side].waits || (some && here < there);
    if (!same || there == 0) return false;
  }
  return true;
}

// Both have told how they ended, and it is not the same.
static bool ends_otherwise(const struct wg_pairing *p, uint32_t pair) {
  const struct wg_dthread *a = wg_pair_thread(p, pair, 0), *b = wg_pair_thread(p, pair, 1);
  if (a->nsteps == 0 || b->nsteps == 0) return false;
  const struct wg_content *x = wg_content_at(p->s[0], a, a->nsteps - 1), *y = wg_content_at(p->s[1], b, b->nsteps - 1);
  return counts(p, 0, x) && counts(p, 1, y) && wg_arg(p->s[0], x, 0) != wg_arg(p->s[1], y, 0);
}

// The same calls as often on both sides, but for rounds that find nothing to do and what a trace's end cut off.
static bool same_calls(const struct wg_pairing *p, uint32_t pair) {
  struct tally n[2] = {{{0}, 0}, {{0}, 0}};
  const bool *open = p->pairs[pair].open;
  for (int side = 0; side < 2; side++) count_calls(p, pair, side, &n[side]);
  bool same = (open[1] || within(p, pair, 0, n, open[0])) && (open[0] || within(p, pair, 1, n, open[1]));
  for (int side = 0; side < 2; side++) wg_map_release(&n[side].calls);
  return same && !(open[0] && open[1]);
}

// Whether APCs come while a thread waits.
struct alertable {
  bool waits, come, told; // it lets them; they do; what its waits gave is told
};

static struct alertable alertable(const struct wg_pairing *p, uint32_t pair, int side) {
  const struct wg_side *s = p->s[side];
  const struct wg_dthread *t = wg_pair_thread(p, pair, side);
  struct alertable a = {.come = p->pairs[pair].apcs[side]};
  for (size_t i = 0; i < t->nsteps; i++) {
    const struct wg_content *c = wg_content_at(s, t, i);
    if (!wg_content_is(c, WG_NT_WAITS) || wg_content_is(c, WG_NT_LOCK)) continue;
    const char *kinds = wg_nt_of(c)->params, *limit = strchr(kinds, 't');
    size_t at = limit && limit > kinds ? (size_t)(limit - kinds) - 1 : 0; // the flag stands before the time limit
    a.waits |= at && at < c->nargs && wg_arg(s, c, at) != 0;
    a.told |= (c->flags & WG_C_RV) != 0;
  }
  a.waits |= a.come;
  return a;
}

// The order in which its work comes to it is not its own.
static bool is_fed(const struct wg_pairing *p, struct pool *pool, uint32_t pair) {
  const uint32_t *t = p->pairs[pair].t;
  const struct alertable a = alertable(p, pair, 0);
  const struct alertable b = alertable(p, pair, 1);
  if ((a.told && b.told && a.come != b.come) || ends_otherwise(p, pair)) return false;
  return (a.waits || b.waits || fed_by_several(p, pool, 0, t[0]) || fed_by_several(p, pool, 1, t[1])) &&
         same_calls(p, pair);
}

static bool pools_differ(const struct wg_pairing *p, const struct pool *pool) {
  for (size_t k = 0; k < pool->pairs; k++) WG_EACH_FINDING(p, p->peer[0][pool->t[0][k]], i)
  if (is_chance(p, &p->findings[i])) return true;
  return false;
}

// -- threads of one kind that change places --

// What the places of one side gave that none of the other's did is work which that one has not come to: what it was
// given, or got; no result.
static bool is_yet_to_come(const struct wg_pairing *p, const struct bag_entry *e, int side) {
  for (uint32_t i = 0; (i = without_like_from(p, e, side, i)) != WG_NONE; i++) {
    uint32_t a = content_in(p, e, side, i), b = content_in(p, e, !side, 0);
    struct wg_delta d;
    if (wg_no_chance(p->s[side], &p->s[side]->contents[a]) || (side == 0 && wg_fails_silently(p, a, &d))) return false;
    bool differ = side ? wg_compare(p, b, a, &d) : wg_compare(p, a, b, &d);
    if (differ && d.cls != WG_D_OUT && d.cls != WG_D_ARGS) return false;
  }
  return true;
}

static bool same_entry(const struct wg_pairing *p, const struct bag_entry *e, const bool open[2]) {
  int any = e->kept[0] ? 0 : 1;
  bool soft = wg_weight_of(p, any, content_in(p, e, any, 0)) == WG_SOFT;
  for (int side = 0; side < 2; side++)
    if (!soft && e->n[side] < e->n[!side] && !open[side]) return false;
  if (e->kept[0] == 0 || e->kept[1] == 0) return true;
  for (int side = 0; side < 2; side++) {
    if ((side && soft) || without_like(p, e, side) == WG_NONE) continue;
    if (!open[!side] || !is_yet_to_come(p, e, side)) return false;
  }
  return true;
}

// What the threads of a side ended with as their events of it tell, in sum.
static uint64_t codes(const struct wg_pairing *p, const struct pool *pool, int side) {
  uint64_t sum = 0;
  for (size_t i = 0; i < pool->pairs; i++) {
    uint32_t pair = p->peer[0][pool->t[0][i]];
    if (wg_pair_thread(p, pair, 0)->exit_known && wg_pair_thread(p, pair, 1)->exit_known)
      sum += wg_pair_thread(p, pair, side)->exit_code;
  }
  return sum;
}

// All of them together do the same, with the same values, and end with the same in sum.
static bool same_bag(const struct wg_pairing *p, const struct pool *pool) {
  struct bag b = {0};
  bool open[2] = {goes_on(p, pool, 0), goes_on(p, pool, 1)}, same = true;
  fill(p, pool, &b);
  for (size_t i = 0; i < b.n; i++) same = same && same_entry(p, &b.e[i], open);
  if (!open[0] && !open[1])
    same = same && b.ends[0] == b.ends[1] && b.sum[0] == b.sum[1] && codes(p, pool, 0) == codes(p, pool, 1);
  bag_release(&b);
  return same;
}

// How many of them differ from their likes, or did other things in all, as threads do that change places; two say
// enough.
static size_t that_differ(const struct wg_pairing *p, const struct pool *pool, const uint8_t *found) {
  uint32_t one[2][1];
  size_t n = 0;
  for (size_t i = 0; i < pool->pairs && n < 2; i++) {
    const struct pool alone = {.t = {one[0], one[1]}, .n = {1, 1}, .pairs = 1};
    for (int side = 0; side < 2; side++) one[side][0] = pool->t[side][i];
    n += found[p->peer[0][one[0][0]]] || !same_bag(p, &alone);
  }
  return n;
}

// As far as both sides, or the only one that does, tell where threads begin; 0: they are of no family.
static uint64_t family_of(const struct wg_pairing *p, uint32_t pair) {
  uint64_t kin[2];
  bool told[2];
  for (int side = 0; side < 2; side++) {
    kin[side] = family(p, side, p->pairs[pair].t[side]);
    told[side] = wg_pair_thread(p, pair, side)->entry != 0;
  }
  if (told[0] && told[1]) return kin[0] == kin[1] ? kin[0] : 0;
  return told[0] ? kin[0] : kin[1];
}

// Whose threads these are, and whether anything is found of them that may be chance.
struct families {
  uint32_t *of, n; // by pair; WG_NONE: of none
  uint8_t *found;  // by pair
  uint8_t *differ; // by family
  struct lists pairs;
};

static struct families find_families(const struct wg_pairing *p) {
  struct families f = {.of = wg_xcalloc(p->npairs + 1, sizeof(uint32_t)), .found = wg_xcalloc(p->npairs + 1, 1)};
  struct wg_map m = {0};
  for (uint32_t i = 0; i < p->npairs; i++) {
    uint64_t kin = family_of(p, i);
    f.of[i] = kin ? number_of(&m, &f.n, kin) : WG_NONE;
  }
  f.differ = wg_xcalloc(f.n + 1, 1);
  f.pairs = lists_of(f.n, p->npairs);
  for (uint32_t i = 0; i < p->npairs; i++)
    if (f.of[i] != WG_NONE) append(&f.pairs, f.of[i], i);
  for (size_t i = 0; i < p->nfindings; i++) {
    uint32_t pair = p->findings[i].pair;
    if (!is_chance(p, &p->findings[i])) continue;
    f.found[pair] = 1;
    if (f.of[pair] != WG_NONE) f.differ[f.of[pair]] = 1;
  }
  wg_map_release(&m);
  return f;
}

// Threads of one entry and parent that wait for nothing as work: who of them comes last to a barrier, say, is chance.
static void compare_families(struct wg_pairing *p, struct pool *pool) {
  struct families f = find_families(p);
  for (uint32_t k = 0; k < f.n; k++) {
    if (!f.differ[k]) continue;
    pool->n[0] = pool->n[1] = pool->pairs = 0;
    for (uint32_t i = f.pairs.first[k]; i != WG_NONE; i = f.pairs.next[i], pool->pairs++)
      for (int side = 0; side < 2; side++) pool->t[side][pool->n[side]++] = p->pairs[i].t[side];
    // Of a trace that was cut nobody knows who would have done more.
    bool cut = goes_on(p, pool, 0) || goes_on(p, pool, 1);
    f.differ[k] = pool->pairs > 1 && (cut || that_differ(p, pool, f.found) > 1) && same_bag(p, pool);
  }
  for (size_t i = 0; i < p->nfindings; i++) {
    struct wg_finding *x = &p->findings[i];
    if (!is_chance(p, x) || f.of[x->pair] == WG_NONE || !f.differ[f.of[x->pair]]) continue;
    x->hidden = true;
    x->reason = "threads of one kind: which of them does what is chance";
  }
  free(f.of);
  free(f.found);
  free(f.differ);
  lists_release(&f.pairs);
}

void wg_compare_pools(struct wg_pairing *p) {
  struct grouping g = find_groups(p);
  struct pool pool = {0};
  uint8_t *parts = wg_xcalloc(g.ngroups + 1, 1); // what one pool hides or adds is its own or its maker's
  for (int side = 0; side < 2; side++) pool.t[side] = wg_xcalloc(p->s[side]->nthreads + 1, sizeof(uint32_t));
  compare_families(p, &pool);
  for (size_t i = 0; i < p->nfindings; i++)
    if (is_chance(p, &p->findings[i]) && g.group[p->findings[i].pair] != WG_NONE)
      parts[g.group[p->findings[i].pair]] = 1;
  for (uint32_t i = 0; i < g.ngroups; i++) {
    gather(p, &g, i, &pool);
    bool several = pool.n[0] + pool.n[1] > 2;
    if (several) mask_growth(p, &pool);
    if (several) mask_contexts(p, &pool);
    if (several) mask_closes(p, &pool);
    if (parts[i] && pools_differ(p, &pool) && (several || is_fed(p, &pool, g.pairs.first[i]))) compare_pool(p, &pool);
  }
  for (int side = 0; side < 2; side++) {
    free(pool.t[side]);
    free(pool.used[side]);
    free(pool.signalers[side]);
  }
  free(parts);
  grouping_release(&g);
}
