// Aligns the calls of matched threads and lists what differs.
#include <stdlib.h>
#include <string.h>

#include "diff/files.h"
#include "diff/lcs.h"
#include "diff/pair.h"
#include "diff/rules.h"

struct wg_finding *wg_finding_add(struct wg_pairing *p, enum wg_class_id cls, uint32_t pair, uint32_t a, uint32_t b) {
  if (p->nfindings == p->findings_cap) {
    p->findings_cap = p->findings_cap ? p->findings_cap * 2 : 64;
    p->findings = wg_xrealloc(p->findings, p->findings_cap * sizeof *p->findings);
  }
  struct wg_finding *f = &p->findings[p->nfindings++];
  *f = (struct wg_finding){
      .cls = cls, .pair = pair, .step = {a, b}, .field = "", .count = {1, 1}, .shows = {WG_NONE, WG_NONE}};
  return f;
}

static struct wg_dthread *thread_of(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side) {
  return &p->s[side]->threads[tp->t[side]];
}

static void link_leaves(struct wg_thread_pair *tp, size_t i, size_t j) {
  tp->side[0].partner[i] = (uint32_t)j;
  tp->side[1].partner[j] = (uint32_t)i;
}

static uint64_t *keys_of(const struct wg_pairing *p, const struct wg_leaves *l, int side, size_t from, size_t to,
                         bool weak) {
  uint64_t *k = wg_xcalloc(to - from + 1, sizeof *k);
  for (size_t i = from; i < to; i++)
    k[i - from] = weak ? wg_key_weak(p, side, wg_leaf_content(l, i)) : wg_leaf_key(l, i);
  return k;
}

// Of equal choices the earliest: what a trace that was cut still has stands where it began.
static void shift_left(const uint64_t *a, size_t na, const uint64_t *b, size_t nb, uint32_t *partner) {
  size_t next = 0;
  uint32_t *places = wg_xcalloc(nb + 1, sizeof *places); // of b's symbols in a
  memset(places, 0xFF, (nb + 1) * sizeof *places);
  for (size_t i = 0; i < na; i++)
    if (partner[i] != WG_NONE) places[partner[i]] = (uint32_t)i;
  memset(partner, 0xFF, na * sizeof *partner);
  for (size_t j = 0; j < nb; j++) {
    if (places[j] == WG_NONE) continue;
    while (a[next] != b[j]) next++;
    partner[next++] = (uint32_t)j;
  }
  free(places);
  size_t from = 0;
  for (size_t i = 0; i < na; i++) {
    if (partner[i] == WG_NONE) continue;
    while (b[from] != a[i]) from++;
    partner[i] = (uint32_t)from++;
  }
}

static bool pair_range(const struct wg_pairing *p, struct wg_thread_pair *tp, size_t a0, size_t a1, size_t b0,
                       size_t b1, bool weak) {
  // The common beginning is certain.
  if (!weak)
    for (; a0 < a1 && b0 < b1 && wg_leaf_key(&tp->side[0], a0) == wg_leaf_key(&tp->side[1], b0); a0++, b0++)
      link_leaves(tp, a0, b0);
  if (a0 == a1 || b0 == b1) return true;
  uint64_t *a = keys_of(p, &tp->side[0], 0, a0, a1, weak), *b = keys_of(p, &tp->side[1], 1, b0, b1, weak);
  uint32_t *partner = wg_xcalloc(a1 - a0 + 1, sizeof *partner);
  bool exact = wg_lcs(a, a1 - a0, b, b1 - b0, partner) != 0;
  shift_left(a, a1 - a0, b, b1 - b0, partner);
  for (size_t i = 0; i < a1 - a0; i++)
    if (partner[i] != WG_NONE) link_leaves(tp, a0 + i, b0 + partner[i]);
  free(a);
  free(b);
  free(partner);
  return exact;
}

// What is left between pairs of equal calls: the same call with something else is still the same place.
static void pair_gaps(const struct wg_pairing *p, struct wg_thread_pair *tp, size_t na, size_t nb) {
  const struct wg_leaves *a = &tp->side[0];
  size_t i = 0, j = 0;
  for (;;) {
    size_t i1 = i;
    while (i1 < na && a->partner[i1] == WG_NONE) i1++;
    size_t j1 = i1 < na ? a->partner[i1] : nb;
    tp->exact &= pair_range(p, tp, i, i1, j, j1, true);
    if (i1 >= na) return;
    i = i1 + 1;
    j = j1 + 1;
  }
}

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

static bool advance(struct cursor *c, uint64_t n) {
  c->left -= n;
  if (c->left) return true;
  if (++c->k == c->n) return false;
  c->left = c->l->steps[step_of(c)].count;
  return true;
}

// Calls visit with each pair of occurrences that stand beside one another, once for each different pair in a row.
static bool each_occurrence(struct wg_pairing *p, uint32_t pair, size_t i, size_t j,
                            bool (*visit)(struct wg_pairing *, uint32_t, uint32_t, uint32_t)) {
  struct cursor a = cursor_of(&p->pairs[pair], 0, i), b = cursor_of(&p->pairs[pair], 1, j);
  for (;;) {
    if (!visit(p, pair, step_of(&a), step_of(&b))) return false;
    uint64_t n = a.left < b.left ? a.left : b.left;
    bool more_a = advance(&a, n), more_b = advance(&b, n);
    if (!more_a || !more_b) return true;
  }
}

// What both sides created at the same place is the same object.
static bool confirm_created(struct wg_pairing *p, uint32_t pair, uint32_t sa, uint32_t sb) {
  const struct wg_thread_pair *tp = &p->pairs[pair];
  uint32_t a = thread_of(p, tp, 0)->steps[sa].object, b = thread_of(p, tp, 1)->steps[sb].object;
  if (a == WG_NONE || b == WG_NONE) return true;
  const struct wg_dobject *x = &p->s[0]->objects[a], *y = &p->s[1]->objects[b];
  if (x->step == sa && x->thread == tp->t[0] && y->step == sb && y->thread == tp->t[1]) {
    wg_map_put(&p->same[0], a, b);
    wg_map_put(&p->same[1], b, a);
  }
  return true;
}

struct wg_finding *wg_finding_of(struct wg_pairing *p, uint32_t pair, uint32_t a, uint32_t b,
                                 const struct wg_delta *d) {
  struct wg_finding *f = wg_finding_add(p, d->cls, pair, a, b);
  f->field = d->field;
  f->arg = d->arg;
  f->value[0] = d->value[0];
  f->value[1] = d->value[1];
  if (d->key[0]) wg_buf_str(&f->key, d->key);
  if (a != WG_NONE) f->seq = wg_pair_thread(p, pair, 0)->steps[a].seq;
  return f;
}

struct wg_finding *wg_finding_at(const struct wg_pairing *p, uint32_t pair, uint32_t a, enum wg_class_id cls) {
  for (size_t i = 0; i < p->nfindings; i++)
    if (p->findings[i].pair == pair && p->findings[i].step[0] == a && p->findings[i].cls == cls) return &p->findings[i];
  return NULL;
}

static void add_delta(struct wg_pairing *p, uint32_t pair, uint32_t sa, uint32_t sb, const struct wg_delta *d) {
  struct wg_finding *f = wg_finding_of(p, pair, sa, sb, d);
  const struct wg_content *c = wg_content_at(p->s[0], thread_of(p, &p->pairs[pair], 0), sa);
  f->timing = wg_timing(c, d) || wg_interrupted(p, pair, c, d);
}

static bool differs(const struct wg_pairing *p, uint32_t pair, uint32_t sa, uint32_t sb, struct wg_delta *d) {
  const struct wg_thread_pair *tp = &p->pairs[pair];
  return wg_compare(p, thread_of(p, tp, 0)->steps[sa].content, thread_of(p, tp, 1)->steps[sb].content, d);
}

static bool equal_occurrence(struct wg_pairing *p, uint32_t pair, uint32_t sa, uint32_t sb) {
  struct wg_delta d;
  return !differs(p, pair, sa, sb, &d);
}

static bool compare_occurrence(struct wg_pairing *p, uint32_t pair, uint32_t sa, uint32_t sb) {
  struct wg_delta d;
  if (!differs(p, pair, sa, sb, &d)) return true;
  add_delta(p, pair, sa, sb, &d);
  return false;
}

static bool compare_object(struct wg_pairing *p, uint32_t pair, uint32_t sa, uint32_t sb) {
  const struct wg_thread_pair *tp = &p->pairs[pair];
  uint32_t a = thread_of(p, tp, 0)->steps[sa].object, b = thread_of(p, tp, 1)->steps[sb].object;
  if (wg_same_object(p, a, b) || p->effects == 0) return true; // engines tell of objects in ways of their own
  struct wg_finding *f = wg_finding_add(p, WG_D_OBJECT, pair, sa, sb);
  f->field = "object";
  f->value[0] = a;
  f->value[1] = b;
  return false;
}

// The first occurrence on one side whose values no occurrence on the other side has.
static uint32_t without_like(const struct wg_pairing *p, uint32_t pair, int side, size_t leaf, size_t other) {
  const struct wg_leaves *l = &p->pairs[pair].side[side], *o = &p->pairs[pair].side[!side];
  const struct wg_leaf x = wg_leaf_at(l, leaf), y = wg_leaf_at(o, other);
  const struct wg_dthread *t = thread_of(p, &p->pairs[pair], side);
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
    if (each_occurrence(p, pair, i, j, compare_occurrence)) each_occurrence(p, pair, i, j, compare_object);
    return;
  }
  if (each_occurrence(p, pair, i, j, equal_occurrence)) return;
  uint32_t sa = without_like(p, pair, 0, i, j);
  if (sa == WG_NONE) return;
  uint32_t sb = without_like(p, pair, 1, j, i);
  if (sb == WG_NONE) sb = wg_leaf_step(&tp->side[1], j, 0);
  struct wg_delta d;
  if (differs(p, pair, sa, sb, &d)) add_delta(p, pair, sa, sb, &d);
}

// -- what stands alone --

// These leaves of one side are further rounds of what came before them.
static bool another_round(const struct wg_leaves *l, size_t from, size_t to) {
  size_t n = to - from, most = l->plain ? n : 4096; // where nothing is folded, a part of a round is none
  for (size_t d = 1; d <= from && d <= most; d++) {
    size_t i = 0;
    while (i < n && wg_leaf_key(l, from + i) == wg_leaf_key(l, from + i - d)) i++;
    if (i == n) return true;
  }
  return false;
}

// Or of what comes after them.
static bool round_ahead(const struct wg_leaves *l, size_t from, size_t to) {
  size_t n = to - from;
  if (to + n > l->n) return false;
  for (size_t i = 0; i < n; i++)
    if (wg_leaf_key(l, from + i) != wg_leaf_key(l, to + i)) return false;
  return true;
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

static void lone(struct wg_pairing *p, uint32_t pair, const size_t from[2], const size_t to[2]) {
  struct wg_thread_pair *tp = &p->pairs[pair];
  const struct wg_leaves *l = tp->side;
  const struct wg_dthread *t[2] = {thread_of(p, tp, 0), thread_of(p, tp, 1)};
  size_t n[2] = {to[0] - from[0], to[1] - from[1]};
  bool end[2] = {to[0] == l[0].n, to[1] == l[1].n};
  bool tail = end[0] && end[1], round[2];
  if (n[0] + n[1] == 0) return;
  for (int i = 0; i < 2; i++) {
    // A trace that was cut tells nothing of what would have come.
    if (tail && n[i] == 0 && tp->open[i]) return;
    round[i] = n[i] == 0 || another_round(&l[i], from[i], to[i]) || round_ahead(&l[i], from[i], to[i]);
    if (tail && n[i] && tp->open[i] && round[i]) return;
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
}

// Nothing follows the loop that leaf i begins but another round, begun.
static bool ends_looping(const struct wg_leaves *l, size_t i, size_t span) {
  for (size_t k = i + span; k < l->n; k++)
    if (wg_leaf_key(l, k) != wg_leaf_key(l, k - span)) return false;
  return true;
}

static bool waits_for_timer(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side, size_t leaf) {
  const struct wg_step *x = &thread_of(p, tp, side)->steps[wg_leaf_step(&tp->side[side], leaf, 0)];
  return x->object != WG_NONE && wg_content_is(&p->s[side]->contents[x->content], WG_NT_WAITS) &&
         strstr(wg_str(p->s[side], p->s[side]->objects[x->object].type), "Timer");
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
  if (tp->open[0] && ends_looping(&tp->side[0], i, span)) return;
  if (tp->open[1] && ends_looping(&tp->side[1], j, span)) return;
  for (int side = 0; side < 2; side++) // a thread that stays in it: that it does is the finding
    if (tp->side[side].begun && ends_looping(&tp->side[side], side ? j : i, span)) return;
  struct wg_finding *f =
      wg_finding_add(p, WG_D_COUNT, pair, wg_leaf_step(&tp->side[0], i, 0), wg_leaf_step(&tp->side[1], j, 0));
  f->count[0] = a.count;
  f->count[1] = b.count;
  uint64_t soft = 0;
  bool timed = false;
  for (size_t k = 0; k < span; k++) {
    if (i + k < tp->side[0].n) soft += wg_leaf_at(&tp->side[0], i + k).soft;
    if (j + k < tp->side[1].n) soft += wg_leaf_at(&tp->side[1], j + k).soft;
    timed |= i + k < tp->side[0].n && waits_for_timer(p, tp, 0, i + k);
  }
  if (timed && near(a.count, b.count)) {
    f->hidden = true;
    f->reason = "a loop that waits for a timer goes round as long as the rest takes";
  }
  mask_wakes(p, f, a.count, b.count);
  if (soft) {
    f->hidden = true;
    f->reason = "a loop that polls or takes locks goes round as chance has it";
  }
}

// -- polls and queries: by the values that a call site gives, whatever their number --

#define SITE_VALUES 32 // more different values than these are a counter, a clock or a cursor

struct site {
  uint32_t step[2][SITE_VALUES + 1]; // of each different content, in order
  size_t n[2];
  uint64_t calls[2];
};

// The same while it is found, as there may be very many: its steps as lists, the latest first.
struct found {
  uint32_t key;
  uint32_t list[2], calls[2];
  uint8_t n[2];
};

struct finding_sites {
  struct wg_index by_key;
  struct found *sites;
  struct {
    uint32_t step, next;
  } * values;
  size_t cap, nvalues, values_cap;
};

static uint64_t hash_of_key(uint32_t key) { return key * 0x9E3779B97F4A7C15u ^ key; }

static uint64_t hash_of_site(const void *ctx, uint32_t id) {
  return hash_of_key(((const struct finding_sites *)ctx)->sites[id].key);
}

static struct found *site_of(struct finding_sites *f, uint32_t key) {
  uint32_t id;
  for (size_t at = 0; f->sites && wg_index_next(&f->by_key, hash_of_key(key), &at, &id);)
    if (f->sites[id].key == key) return &f->sites[id];
  id = (uint32_t)f->by_key.n;
  if (id == f->cap) {
    f->cap = f->cap ? f->cap * 2 : 16;
    f->sites = wg_xrealloc(f->sites, f->cap * sizeof *f->sites);
  }
  f->sites[id] = (struct found){.key = key};
  wg_index_add(&f->by_key, hash_of_key(key), id, hash_of_site, f);
  return &f->sites[id];
}

static void add_value(struct finding_sites *f, struct found *x, const struct wg_step *steps, int side, uint32_t step) {
  x->calls[side] += steps[step].count;
  for (uint32_t i = x->list[side], k = x->n[side]; k > 0; k--, i = f->values[i].next)
    if (steps[f->values[i].step].content == steps[step].content) return;
  if (x->n[side] > SITE_VALUES) return;
  if (f->nvalues == f->values_cap) {
    f->values_cap = f->values_cap ? f->values_cap * 2 : 64;
    f->values = wg_xrealloc(f->values, f->values_cap * sizeof *f->values);
  }
  f->values[f->nvalues].step = step;
  f->values[f->nvalues].next = x->list[side];
  x->list[side] = (uint32_t)f->nvalues++;
  x->n[side]++;
}

static struct site as_site(const struct finding_sites *f, const struct found *x) {
  struct site s = {.n = {x->n[0], x->n[1]}, .calls = {x->calls[0], x->calls[1]}};
  for (int side = 0; side < 2; side++)
    for (uint32_t i = x->list[side], k = x->n[side]; k-- > 0; i = f->values[i].next)
      s.step[side][k] = f->values[i].step;
  return s;
}

// The first value of one side that the other never gives.
static uint32_t unlike(const struct wg_pairing *p, const struct wg_thread_pair *tp, const struct site *x, int side,
                       struct wg_delta *d) {
  const struct wg_dthread *t[2] = {thread_of(p, tp, 0), thread_of(p, tp, 1)};
  for (size_t i = 0; i < x->n[side]; i++) {
    bool found = false;
    for (size_t j = 0; j < x->n[!side] && !found; j++) {
      uint32_t s[2];
      s[side] = x->step[side][i];
      s[!side] = x->step[!side][j];
      uint32_t c[2] = {t[0]->steps[s[0]].content, t[1]->steps[s[1]].content};
      // What has not returned is like anything, and tells nothing of what has.
      bool open[2] = {p->s[0]->contents[c[0]].flags & WG_C_OPEN, p->s[1]->contents[c[1]].flags & WG_C_OPEN};
      found = open[side] || (!open[!side] && !wg_compare(p, c[0], c[1], d));
    }
    if (!found) return x->step[side][i];
  }
  return WG_NONE;
}

// What it asks of stands still: how large, of what kind, configured how.
static bool asks_of_facts(const struct wg_content *c) {
  static const char *const facts[] = {"MmQuery",
                                      "NtQueryVirtualMemory",
                                      "NtQueryInformationFile",
                                      "NtQueryFullAttributes",
                                      "NtQueryVolume",
                                      "XGet",
                                      "ExGetXConfig",
                                      "XexGet",
                                      "XexCheck"};
  const char *name = wg_nt_of(c) ? wg_nt_of(c)->name : "";
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
    if (strncmp(name, facts[i], strlen(facts[i])) == 0) return true;
  return false;
}

static void compare_site(struct wg_pairing *p, uint32_t pair, const struct site *x) {
  struct wg_thread_pair *tp = &p->pairs[pair];
  struct wg_delta d;
  if (x->n[0] == 0 || x->n[1] == 0 || x->n[0] > SITE_VALUES || x->n[1] > SITE_VALUES) return;
  uint32_t a = unlike(p, tp, x, 0, &d), b = a == WG_NONE ? WG_NONE : unlike(p, tp, x, 1, &d);
  if (a == WG_NONE) return;
  const struct wg_dthread *t[2] = {thread_of(p, tp, 0), thread_of(p, tp, 1)};
  if (b == WG_NONE) {
    // Only this side has a value of its own: that may be chance, unless the reference always gives the same.
    const struct wg_content *c = wg_content_at(p->s[0], t[0], a);
    b = x->step[1][0];
    if (wg_fails_silently(p, t[0]->steps[a].content, &d)) {
      add_delta(p, pair, a, b, &d);
      return;
    }
    if (!wg_compare(p, t[0]->steps[a].content, t[1]->steps[b].content, &d)) return;
    const unsigned how = p->effects & (WG_DID_WAIT | WG_DID_WAIT_ENDLESS | WG_DID_WAIT_ALL | WG_DID_ALERTABLE);
    bool otherwise = wg_content_is(c, WG_NT_WAITS); // it waits in a way that it never does there
    for (size_t i = 0; i < x->n[1]; i++)
      otherwise &= ((wg_content_at(p->s[1], t[1], x->step[1][i])->effects ^ c->effects) & how) != 0;
    if (otherwise && (x->calls[0] == x->calls[1] || (x->calls[0] >= 3 && x->calls[1] >= 3))) {
      d = (struct wg_delta){.cls = WG_D_EFFECT, .field = "effect"};
      d.value[0] = c->effects & p->effects;
      d.value[1] = wg_content_at(p->s[1], t[1], b)->effects & p->effects;
      add_delta(p, pair, a, b, &d);
      return;
    }
    bool often = x->calls[1] >= 3 || x->calls[0] == x->calls[1];
    bool fact = asks_of_facts(c) && x->calls[0] == x->calls[1] && !tp->open[0] && !tp->open[1];
    if (!wg_no_chance(p->s[0], c) && !fact && (x->n[1] != 1 || !often || wg_content_is(c, WG_NT_WAITS))) return;
  }
  if (!wg_compare(p, t[0]->steps[a].content, t[1]->steps[b].content, &d)) return;
  add_delta(p, pair, a, b, &d);
  bool always = x->n[0] == 1 && x->n[1] == 1 && x->calls[0] >= 3 && x->calls[1] >= 3;
  if (always && d.cls == WG_D_VALUE) p->findings[p->nfindings - 1].timing = false; // one thing here, another there
}

static void compare_soft(struct wg_pairing *p, uint32_t pair) {
  struct wg_thread_pair *tp = &p->pairs[pair];
  struct finding_sites f = {0};
  for (int side = 0; side < 2; side++) {
    const struct wg_dthread *t = thread_of(p, tp, side);
    for (uint32_t i = 0; i < t->nsteps; i++)
      if (wg_weight_of(p, side, t->steps[i].content) == WG_SOFT)
        add_value(&f, site_of(&f, wg_key_strong(p, side, t->steps[i].content)), t->steps, side, i);
  }
  for (size_t i = 0; i < f.by_key.n; i++) {
    struct site x = as_site(&f, &f.sites[i]);
    compare_site(p, pair, &x);
  }
  free(f.sites);
  free(f.values);
  wg_index_release(&f.by_key);
}

// -- a thread --

static void compare_thread(struct wg_pairing *p, uint32_t pair) {
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

// The other trace ends before it could have come there.
static bool beyond(const struct wg_pairing *p, const struct wg_thread_pair *tp, uint32_t a_step) {
  const struct wg_leaves *l = &tp->side[0], *o = &tp->side[1];
  if (!tp->open[1]) return false;
  if (o->n == 0) return true;
  if (o->partner[o->n - 1] == WG_NONE) return false;
  uint32_t last = wg_leaf_step(l, o->partner[o->n - 1], 0);
  (void)p;
  return a_step > last;
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
  const struct wg_dthread *a = thread_of(p, tp, 0);
  return a->nsteps && beyond(p, tp, (uint32_t)a->nsteps) && p->s[1]->last_ns <= 2 * a->last_ns;
}

static void end_finding(struct wg_pairing *p, uint32_t pair) {
  const struct wg_thread_pair *tp = &p->pairs[pair];
  const struct wg_dthread *a = thread_of(p, tp, 0), *b = thread_of(p, tp, 1);
  if (a->final == WG_CRASHED && cut_before_exception(p, tp)) return;
  if (a->final == WG_CRASHED && (b->final != WG_CRASHED || other_exception(p, a, b))) {
    wg_finding_add(p, WG_D_EXCEPTION, pair, a->nsteps ? (uint32_t)a->nsteps - 1 : WG_NONE, WG_NONE);
  } else if (a->final == WG_UNSTARTED && b->nsteps && tp->lasts[0]) {
    wg_finding_add(p, WG_D_NEVER_STARTED, pair, WG_NONE, 0);
  } else if (a->blocked_step != WG_NONE && tp->lasts[0]) {
    uint32_t there = wg_partner_step(p, pair, 0, a->blocked_step);
    // Blocked in the reference too, at the same call or at another one that it came to by another way.
    if (there != WG_NONE && there == b->blocked_step) return;
    if (there == WG_NONE && beyond(p, tp, a->blocked_step)) return;
    wg_finding_add(p, WG_D_NEVER_RETURNED, pair, a->blocked_step, there);
  } else if (b->blocked_step != WG_NONE && tp->lasts[1]) {
    uint32_t here = wg_partner_step(p, pair, 1, b->blocked_step);
    if (here == WG_NONE || here == a->blocked_step) return;
    wg_finding_add(p, WG_D_EARLY, pair, here, b->blocked_step);
  }
}

// The like of a step of a leaf that has a partner: the same round's, or the last one's.
static uint32_t leaf_partner(const struct wg_thread_pair *tp, int side, uint32_t step) {
  const struct wg_leaves *l = &tp->side[side], *o = &tp->side[!side];
  uint32_t leaf = wg_leaf_of(l, step), there = l->partner[leaf], k = 0;
  uint32_t x = wg_leaf_at(l, leaf).n, y = wg_leaf_at(o, there).n;
  while (k < x && wg_leaf_step(l, leaf, k) != step) k++;
  return wg_leaf_step(o, there, k < y ? k : y - 1);
}

// The first call like `step` from `from` on and before the next leaf; but for the one that never returns: that is the
// other side's, if it stands here too.
static uint32_t soft_like(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side, uint32_t step,
                          uint32_t from) {
  const struct wg_leaves *o = &tp->side[!side];
  const struct wg_dthread *t = thread_of(p, tp, side), *u = thread_of(p, tp, !side);
  uint64_t key = wg_key_strong(p, side, t->steps[step].content);
  uint32_t first = WG_NONE;
  for (uint32_t i = from; i < u->nsteps && (i == from || wg_leaf_of(o, i) == WG_NONE); i++) {
    if (wg_key_strong(p, !side, u->steps[i].content) != key) continue;
    if (step != t->blocked_step || i == u->blocked_step) return i;
    if (first == WG_NONE) first = i;
  }
  return first;
}

// A call that is no leaf stands between the same leaves on the other side: in the same round of a loop, or after it.
static uint32_t soft_partner(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side, uint32_t step) {
  const struct wg_leaves *l = &tp->side[side], *o = &tp->side[!side];
  uint32_t k = step;
  while (k-- > 0) {
    uint32_t leaf = wg_leaf_of(l, k);
    if (leaf == WG_NONE || l->partner[leaf] == WG_NONE) continue;
    uint32_t there = l->partner[leaf], last = wg_leaf_step(o, there, wg_leaf_at(o, there).n - 1) + 1;
    uint32_t after = soft_like(p, tp, side, step, last);
    return after != WG_NONE ? after : soft_like(p, tp, side, step, leaf_partner(tp, side, k) + 1);
  }
  return soft_like(p, tp, side, step, 0);
}

uint32_t wg_partner_step(const struct wg_pairing *p, uint32_t pair, int side, uint32_t step) {
  const struct wg_thread_pair *tp = &p->pairs[pair];
  const struct wg_leaves *l = &tp->side[side];
  if (step == WG_NONE) return WG_NONE;
  uint32_t leaf = wg_leaf_of(l, step);
  if (leaf == WG_NONE) return soft_partner(p, tp, side, step);
  if (leaf >= l->n - l->begun) { // of the round that follows there
    const struct wg_leaves *o = &tp->side[!side];
    uint32_t there = l->partner[leaf - l->back], k = wg_leaf_at(l, leaf - l->back).n;
    if (there == WG_NONE) return WG_NONE;
    return wg_leaf_step(o, there, k < wg_leaf_at(o, there).n ? k : wg_leaf_at(o, there).n - 1);
  }
  return l->partner[leaf] == WG_NONE ? WG_NONE : leaf_partner(tp, side, step);
}

static uint32_t seq_of(const struct wg_pairing *p, const struct wg_finding *f) {
  const struct wg_thread_pair *tp = &p->pairs[f->pair];
  const struct wg_dthread *a = thread_of(p, tp, 0);
  if (f->step[0] != WG_NONE) return a->steps[f->step[0]].seq;
  // Where it would have been: after what stands before it, polls and queries too.
  uint32_t at = wg_parting(p, f, 0);
  return at ? a->steps[at - 1].seq + 1 : a->nsteps ? a->steps[0].seq : a->last_seq;
}

// The thread went another way before anything had come in the reference either.
static bool parted_before(const struct wg_pairing *p, uint32_t pair, uint32_t b_seq) {
  const struct wg_dthread *b = thread_of(p, &p->pairs[pair], 1);
  for (size_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *f = &p->findings[i];
    if (f->pair == pair && !f->hidden && !f->timing && f->cls != WG_D_COUNT && f->step[1] != WG_NONE &&
        b->steps[f->step[1]].seq < b_seq)
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
      const struct wg_dthread *b = thread_of(p, &p->pairs[i], 1);
      for (uint32_t step = (uint32_t)b->nsteps; step-- > 0;) {
        if (strcmp(wg_call_name(p->s[1], b, step), kinds[k].call) != 0) continue;
        uint32_t here = wg_partner_step(p, i, 1, step);
        if (here == WG_NONE || parted_before(p, i, k ? p->s[1]->callback_seq : p->s[1]->interrupt_seq)) break;
        struct wg_finding *f = wg_finding_add(p, WG_D_SILENT, i, here, step);
        f->field = kinds[k].what;
        f->count[1] = n[k][1];
        f->seq = thread_of(p, &p->pairs[i], 0)->steps[here].seq;
        break;
      }
    }
  }
}

// Who came first is chance, unless the thread goes another way after it.
static void mask_timing(struct wg_pairing *p, size_t first) {
  for (size_t i = first; i < p->nfindings; i++) {
    struct wg_finding *f = &p->findings[i];
    bool led = false;
    if (!f->timing || f->hidden) continue;
    for (size_t k = first; k < p->nfindings && !led; k++) {
      const struct wg_finding *x = &p->findings[k];
      led = x->pair == f->pair && !x->timing && !x->hidden && x->cls != WG_D_COUNT && x->seq >= f->seq && x != f;
    }
    if (led) continue;
    f->hidden = true;
    f->reason = wg_content_is(wg_content_at(p->s[0], thread_of(p, &p->pairs[f->pair], 0), f->step[0]), WG_NT_WAITS)
                    ? "a wait ends by an APC or by its object: which came first is chance"
                    : "the state before a signal, or of a lock: which came first is chance";
  }
}

// Without the begun round of a loop that a trace's end cut: it could be taken for what comes later.
static size_t whole_rounds(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side) {
  const struct wg_leaves *l = &tp->side[side];
  if (thread_of(p, tp, side)->final != WG_RUNNING) return l->n;
  for (size_t n = 8; n > 0; n--)
    if (l->n > n && another_round(l, l->n - n, l->n)) return l->n - n;
  return l->n;
}

// A thread that has no like though its parent made one at the same place, or that nobody made, on whole traces.
static bool lone_thread(const struct wg_pairing *p, int side, const struct wg_dthread *t, uint32_t *pair) {
  const struct wg_side *s = p->s[side];
  if (t->tid == 0 || t->host || t->calls == 0) return false;
  *pair = 0;
  if (!t->created) return t->started && t->entry; // nobody tells who made it
  *pair = t->parent == WG_NONE ? WG_NONE : p->peer[side][t->parent];
  if (*pair == WG_NONE || t->create_step == WG_NONE) {
    *pair = 0;
    return p->s[0]->complete && p->s[1]->complete && t->parent != WG_NONE && s->threads[t->parent].tid == 0;
  }
  uint32_t there = wg_partner_step(p, *pair, side, t->create_step);
  return there != WG_NONE && wg_partner_step(p, *pair, !side, there) == t->create_step; // of that round
}

// One more of a pool whose threads have been compared together.
static bool of_pool(const struct wg_pairing *p, int side, const struct wg_dthread *t) {
  for (size_t i = 0; i < p->npairs; i++) {
    const struct wg_dthread *x = wg_pair_thread(p, (uint32_t)i, side);
    if (p->pairs[i].pool && t->created && t->entry && x->entry == t->entry && x->parent == t->parent) return true;
  }
  return false;
}

// Said only where nothing else is: what one thread does is no "no difference".
static void compare_lone_threads(struct wg_pairing *p) {
  for (size_t i = 0; i < p->nfindings; i++)
    if (!p->findings[i].hidden) return;
  for (int side = 0; side < 2 && p->npairs; side++)
    for (uint32_t i = 0; i < p->s[side]->nthreads; i++) {
      const struct wg_dthread *t = &p->s[side]->threads[i];
      uint32_t pair;
      if (p->peer[side][i] != WG_NONE || of_pool(p, side, t) || !lone_thread(p, side, t, &pair)) continue;
      struct wg_finding *f = wg_finding_add(p, WG_D_THREAD, pair, WG_NONE, WG_NONE);
      f->field = side ? "reference" : "here";
      f->value[0] = i;
      f->seq = side ? UINT32_MAX : t->steps[0].seq;
    }
}

static void align_leaves(const struct wg_pairing *p, struct wg_thread_pair *tp, bool fold) {
  for (int side = 0; side < 2; side++) wg_leaves_build(p, side, tp->t[side], fold, &tp->side[side]);
  size_t na = whole_rounds(p, tp, 0), nb = whole_rounds(p, tp, 1);
  tp->exact &= pair_range(p, tp, 0, na, 0, nb, false);
  pair_gaps(p, tp, na, nb);
}

// Calls that stand alone, but for what one side has at its end.
static uint64_t lone_calls(const struct wg_thread_pair *tp) {
  uint64_t n = 0;
  for (int side = 0; side < 2; side++) {
    const struct wg_leaves *l = &tp->side[side];
    size_t end = l->n;
    while (end && l->partner[end - 1] == WG_NONE) end--;
    for (size_t i = 0; i < end; i++)
      if (l->partner[i] == WG_NONE) n += wg_leaf_at(l, i).count;
  }
  return n;
}

#define FEW_STEPS (1u << 14) // of threads that may be aligned a second time
#define SHORT_STORY 3u       // calls

// Loops are folded, each side's alone, so that one call more or less in a round can make loops of two sides that have
// nothing in common. The shorter story is the likelier one.
static void align_pair(const struct wg_pairing *p, struct wg_thread_pair *tp) {
  align_leaves(p, tp, true);
  uint64_t folded = lone_calls(tp);
  if (folded < 8) return;
  if (thread_of(p, tp, 0)->nsteps > FEW_STEPS || thread_of(p, tp, 1)->nsteps > FEW_STEPS) return;
  struct wg_thread_pair plain = *tp;
  plain.exact = true;
  align_leaves(p, &plain, false);
  uint64_t alone = lone_calls(&plain);
  bool shorter = plain.exact && alone <= SHORT_STORY && alone * 4 < folded;
  struct wg_thread_pair *lost = shorter ? tp : &plain;
  for (int side = 0; side < 2; side++) wg_leaves_release(&lost->side[side]);
  if (shorter) *tp = plain;
}

void wg_align(struct wg_pairing *p) {
  for (uint32_t i = 0; i < p->npairs; i++) {
    struct wg_thread_pair *tp = &p->pairs[i];
    align_pair(p, tp);
    wg_align_tail(p, tp);
    wg_align_begun(p, tp);
    for (size_t k = 0; k < tp->side[0].n; k++)
      if (tp->side[0].partner[k] != WG_NONE) each_occurrence(p, i, k, tp->side[0].partner[k], confirm_created);
  }
  for (uint32_t i = 0; i < p->npairs; i++) {
    size_t first = p->nfindings;
    for (int side = 0; side < 2; side++)
      p->pairs[i].apcs[side] = wg_apcs_come(p->s[side], thread_of(p, &p->pairs[i], side));
    wg_ends(p, &p->pairs[i], i);
    compare_thread(p, i);
    compare_soft(p, i);
    end_finding(p, i);
    wg_compare_objects(p, i);
    wg_compare_lives(p, i);
    for (size_t k = first; k < p->nfindings; k++)
      if (p->findings[k].seq == 0) p->findings[k].seq = seq_of(p, &p->findings[k]);
    mask_timing(p, first);
    wg_part(p, i, first);
  }
  wg_compare_pools(p);
  wg_mask_balanced(p);
  mask_timing(p, 0); // what they led to may be hidden by now
  wg_compare_files(p);
  compare_callbacks(p);
  compare_lone_threads(p);
}

const struct wg_class wg_classes[] = {
#define WG_CLASS(id, name, rank, words) {name, rank, words},
#include "diff/classes.def"
};
