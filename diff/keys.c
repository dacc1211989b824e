// What both sides can tell of each export, and the keys by which their calls are the same.
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/vec.h"
#include "diff/calls.h"
#include "diff/pair.h"
#include "diff/rules.h"

static uint32_t kind_by_hash(struct wg_pairing *p, uint64_t hash) {
  uint64_t id;
  if (wg_map_get(&p->known, hash, &id)) return (uint32_t)id;
  WG_VEC_NEXT(p->kinds, p->nkinds);
  p->kinds[p->nkinds] = (struct wg_known){.hash = hash, .nargs = {255, 255}};
  wg_map_put(&p->known, hash, p->nkinds);
  return (uint32_t)p->nkinds++;
}

static void learn_kinds(struct wg_pairing *p, int side) {
  const struct wg_side *s = p->s[side];
  for (size_t i = 0; i < s->ncontents; i++) {
    const struct wg_content *c = &s->contents[i];
    uint64_t k;
    if (!wg_map_get(&p->names[side], c->name, &k)) {
      k = kind_by_hash(p, wg_hash(wg_str(s, c->name), wg_strings_len(&s->strings, c->name), 7));
      wg_map_put(&p->names[side], c->name, k);
    }
    struct wg_known *x = &p->kinds[k];
    if (c->flags & WG_C_ARGS) {
      x->args[side] = 1;
      if (c->nargs < x->nargs[side]) x->nargs[side] = c->nargs;
    } else {
      x->nargs[side] = 0; // not always told
    }
    x->details[side] |= c->detail != 0;
    x->rvs[side] |= (c->flags & WG_C_RV) != 0;
    x->outs[side] |= c->out != 0;
    x->makes[side] |= (c->effects & WG_DID_CREATE) != 0;
    x->timed[side] |= (s->has_waits && !s->no_limits) || (c->flags & WG_C_ARGS);
  }
}

struct wg_known *wg_known_of(const struct wg_pairing *p, int side, const struct wg_content *c) {
  uint64_t k = 0;
  wg_map_get(&p->names[side], c->name, &k); // every name that a content has is there
  return &p->kinds[k];
}

uint64_t wg_key_weak(const struct wg_pairing *p, int side, uint32_t content) {
  const struct wg_content *c = &p->s[side]->contents[content];
  return wg_hash_u64(p->lr ? c->lr : 0, wg_known_of(p, side, c)->hash);
}

uint64_t wg_key_said(const struct wg_pairing *p, int side, uint32_t content) {
  const struct wg_content *c = &p->s[side]->contents[content];
  bool prints = wg_content_is(c, WG_NT_CONSEQUENCE) && wg_nt_of(c)->params[0] == 's';
  return prints ? wg_hash_u64(wg_key_strong(p, side, content), 1) : wg_key_weak(p, side, content);
}

static uint64_t told_hash(const struct wg_side *s, uint32_t text) {
  return wg_text_hash(wg_str(s, text), wg_told_length(wg_str(s, text), wg_strings_len(&s->strings, text)), true);
}

// A call's hash, with what it is given as far as both sides tell.
static uint64_t with_given(const struct wg_pairing *p, int side, uint32_t content, uint64_t h) {
  const struct wg_side *s = p->s[side];
  const struct wg_content *c = &s->contents[content];
  const struct wg_known *k = wg_known_of(p, side, c);
  unsigned n = k->args[0] && k->args[1] ? (k->nargs[0] < k->nargs[1] ? k->nargs[0] : k->nargs[1]) : 0;
  if (wg_nt_of(c)) {
    unsigned fixed = (unsigned)wg_nt_nparams(wg_nt_of(c));
    if (fixed < n) n = fixed; // what a printf-like function prints is no path
  }
  const char *name = wg_str(s, c->name);
  for (unsigned i = 0; i < n; i++)
    if (!wg_rules_skip(p->rules, name, "arg", i, NULL)) h = wg_hash_u64(wg_arg(s, c, i), h);
  if (k->details[0] && k->details[1] && !wg_rules_skip(p->rules, name, "detail", 0, NULL))
    h = wg_hash_u64(told_hash(s, c->detail), h);
  return h;
}

static uint64_t strong_key(const struct wg_pairing *p, int side, uint32_t content) {
  return with_given(p, side, content, wg_key_weak(p, side, content));
}

uint64_t wg_key_anywhere(const struct wg_pairing *p, int side, uint32_t content) {
  return with_given(p, side, content, wg_known_of(p, side, &p->s[side]->contents[content])->hash);
}

// Equal keys get equal numbers: half the memory.
struct numbering {
  struct wg_index by_key;
  uint64_t *keys;
  size_t cap;
};

static uint64_t key_of(const void *ctx, uint32_t id) { return ((const struct numbering *)ctx)->keys[id]; }

static uint32_t number(struct numbering *n, uint64_t key) {
  uint32_t id;
  for (size_t at = 0; n->keys && wg_index_next(&n->by_key, key, &at, &id);)
    if (n->keys[id] == key) return id;
  id = (uint32_t)n->by_key.n;
  WG_VEC_ROOM(n->keys, n->cap, (size_t)id + 1);
  WG_ASSERT(n->keys, "there is room for it");
  n->keys[id] = key;
  wg_index_add(&n->by_key, key, id, key_of, n);
  return id;
}

static bool named(const struct wg_side *s, const struct wg_content *c, const char *const *names, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(wg_str(s, c->name), names[i]) == 0) return true;
  return false;
}

static enum wg_weight weight(const struct wg_pairing *p, int side, uint32_t content) {
  const struct wg_side *s = p->s[side];
  const struct wg_content *c = &s->contents[content];
  const struct wg_known *k = wg_known_of(p, side, c);
  static const char *const waits[] = {"NtYieldExecution", "KeStallExecutionProcessor"};
  if (named(s, c, waits, sizeof waits / sizeof *waits) ||
      (wg_content_is(c, WG_NT_WAITS) && wg_call_sleeps(wg_str(s, c->name))))
    return WG_SOFT;
  if (wg_nt_of(c) == NULL) return WG_HARD;
  if (wg_nt_of(c)->flags & (WG_NT_LOCK | WG_NT_UNLOCK))
    return wg_nt_of(c)->ret == 'b' ? WG_SOFT : WG_NEUTRAL; // one that only tries
  if (wg_nt_of(c)->flags & WG_NT_CONSEQUENCE || wg_nt_of(c)->flags & WG_NT_OPENS) return WG_HARD;
  if (wg_nt_of(c)->flags & (WG_NT_QUERY | WG_NT_TIME)) return WG_SOFT;
  if (!(wg_nt_of(c)->flags & WG_NT_WAITS) || !k->timed[0] || !k->timed[1]) return WG_HARD;
  if (c->flags & WG_C_TIMED) return WG_SOFT;
  return wg_content_limited(s, c) ? WG_SOFT : WG_HARD;
}

bool wg_signals_anything(const struct wg_side *s) {
  for (size_t i = 0; i < s->ncontents; i++) {
    const struct wg_content *c = &s->contents[i];
    if ((c->flags & WG_C_RETURNED) && wg_content_is(c, WG_NT_SIGNALS) && !wg_content_is(c, WG_NT_UNLOCK)) return true;
  }
  return false;
}

// How often each export does here what its kind does.
static void count_acts(struct wg_pairing *p) {
  const struct wg_side *s = p->s[0];
  for (size_t i = 0; i < s->nthreads; i++)
    for (size_t k = 0; k < s->threads[i].nsteps; k++) {
      const struct wg_step *x = &s->threads[i].steps[k];
      const struct wg_content *c = &s->contents[x->content];
      if (!(c->flags & WG_C_RETURNED)) continue;
      struct wg_known *known = wg_known_of(p, 0, c);
      known->returned += x->count;
      if (c->effects & (WG_DID_SIGNAL | WG_DID_WAIT)) known->acted += x->count;
    }
}

#define SURE_WAITS 8u // that tell how an engine records them

// Whether a side tells of the beginning of each wait, but for so few that those are faults.
static bool tells_of_waits(const struct wg_side *s) {
  uint64_t told = 0, silent = 0;
  for (size_t i = 0; i < s->nthreads; i++)
    for (size_t k = 0; k < s->threads[i].nsteps; k++) {
      const struct wg_step *x = &s->threads[i].steps[k];
      const struct wg_content *c = &s->contents[x->content];
      if (!wg_waits_for_objects(c) || !(c->flags & WG_C_RETURNED) || !(c->flags & WG_C_RV) || c->rv >= 0x40000000u)
        continue;
      *(c->effects & WG_DID_WAIT ? &told : &silent) += x->count;
    }
  return told >= SURE_WAITS && silent <= told / 8;
}

// A kind of event that a trace has at all is told of whenever it happens.
static unsigned recorded(const struct wg_side *s) {
  static const unsigned groups[] = {WG_DID_SIGNAL | WG_DID_SIGNALS | WG_DID_OTHER | 15 * WG_DID_AMOUNT,
                                    WG_DID_CREATE,
                                    WG_DID_DESTROY,
                                    WG_DID_WAIT | WG_DID_WAIT_ENDLESS | WG_DID_WAIT_ALL | WG_DID_ALERTABLE,
                                    WG_DID_THREAD | WG_DID_SUSPENDED,
                                    WG_DID_SWAP,
                                    WG_DID_LOAD | WG_DID_UNLOAD | WG_DID_RUN};
  unsigned all = 0, limits = s->no_limits ? WG_DID_WAIT_ENDLESS | WG_DID_WAIT_ALL | WG_DID_ALERTABLE : 0;
  for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
    if (s->effects & groups[i]) all |= groups[i];
  return all & ~limits;
}

void wg_pairing_init(struct wg_pairing *p, struct wg_side *a, struct wg_side *b) {
  struct wg_side *sides[2] = {a, b};
  *p = (struct wg_pairing){.s = {a, b}, .rules = p->rules, .map = p->map};
  p->lr = true;
  p->often = wg_xcalloc(1, sizeof *p->often);
  for (int i = 0; i < 2; i++) {
    learn_kinds(p, i);
    size_t with = 0;
    for (size_t c = 0; c < sides[i]->ncontents; c++) with += sides[i]->contents[c].lr != 0;
    p->lr &= with * 10 >= sides[i]->ncontents * 9 && with;
    p->peer[i] = wg_xcalloc(sides[i]->nthreads + 1, sizeof(uint32_t));
    memset(p->peer[i], 0xFF, (sides[i]->nthreads + 1) * sizeof(uint32_t));
  }
  count_acts(p);
  p->waits_told = tells_of_waits(a) && (!b->has_waits || tells_of_waits(b));
  p->returns = a->has_returns && b->has_returns;
  // Engines differ in what they tell of; one and the same does not.
  if (a->title && b->title) p->effects = recorded(a) & recorded(b);
  struct numbering numbers = {0};
  for (int i = 0; i < 2; i++) {
    size_t n = sides[i]->ncontents;
    p->strong[i] = wg_xcalloc(n + 1, sizeof(uint32_t));
    p->weight[i] = wg_xcalloc(n + 1, 1);
    for (uint32_t c = 0; c < n; c++) {
      p->strong[i][c] = number(&numbers, strong_key(p, i, c));
      p->weight[i][c] = (uint8_t)weight(p, i, c);
    }
  }
  wg_index_release(&numbers.by_key);
  free(numbers.keys);
}

// How often each side of a pair makes each kind of call, counted once: who asks of one call asks of the next, too.
static void count_pair(struct wg_often *o, const struct wg_pairing *p, uint32_t pair) {
  for (int side = 0; side < 2; side++) {
    const struct wg_dthread *t = wg_pair_thread(p, pair, side);
    wg_map_release(&o->n[side]);
    for (size_t i = 0; i < t->nsteps; i++) {
      uint64_t n = 0, key = wg_key_strong(p, side, t->steps[i].content);
      wg_map_get(&o->n[side], key, &n);
      wg_map_put(&o->n[side], key, n + t->steps[i].count);
    }
  }
  o->pair = pair + 1;
}

bool wg_as_often(const struct wg_pairing *p, uint32_t pair, uint32_t key) {
  uint64_t n[2] = {0, 0};
  if (p->often->pair != pair + 1) count_pair(p->often, p, pair);
  for (int side = 0; side < 2; side++) wg_map_get(&p->often->n[side], key, &n[side]);
  return n[0] == n[1];
}

void wg_pairing_release(struct wg_pairing *p) {
  for (int i = 0; i < 2; i++) {
    wg_map_release(&p->names[i]);
    if (p->often) wg_map_release(&p->often->n[i]);
    free(p->peer[i]);
    free(p->strong[i]);
    free(p->weight[i]);
    free(p->waiters[i]);
    wg_map_release(&p->same[i]);
    for (size_t j = 0; j < p->npairs; j++) wg_leaves_release(&p->pairs[j].side[i]);
  }
  for (size_t i = 0; i < p->nfindings; i++) {
    wg_buf_release(&p->findings[i].key);
    wg_buf_release(&p->findings[i].seen);
  }
  free(p->often);
  free(p->findings);
  free(p->pairs);
  free(p->kinds);
  wg_map_release(&p->known);
}
