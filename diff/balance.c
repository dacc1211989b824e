// Signals and waits that come in pairs: who signals only while another one waits (a condition made of a count and a
// semaphore, a lock of the title's own) does so as often as somebody has to wait, and that is chance.
#include <stdlib.h>
#include <string.h>

#include "diff/pair.h"

struct balance {
  int64_t *signals[2], *waits[2]; // by object: by how much it was signalled; waits that ended by it
  int64_t *resets[2];             // by object: how often it was taken back
  struct wg_map list[2];          // lists by their address, as far as it tells: who uses it + 1; WG_NONE: several do
  uint32_t *user[2];              // by object: the only thread that does either + 1; WG_NONE: several do
  bool lists;                     // there are any
  bool runs[2];                   // a side's trace ends while threads of it run
};

static bool signals(const struct wg_content *c) {
  return wg_content_is(c, WG_NT_SIGNALS) && !wg_content_is(c, WG_NT_WAITS | WG_NT_UNLOCK);
}

static bool waits(const struct wg_content *c) {
  return wg_content_is(c, WG_NT_WAITS) && !wg_content_is(c, WG_NT_LOCK | WG_NT_SIGNALS);
}

static bool resets(const struct wg_content *c) { return wg_content_is(c, WG_NT_RESETS) && !signals(c); }

// A singly linked list.
static bool is_listing(const struct wg_content *c) {
  const char *name = wg_nt_of(c) ? wg_nt_of(c)->name : "";
  return strncmp(name, "Interlocked", 11) == 0 && strstr(name, "SList") != NULL && c->nargs;
}

// By how much a call raises what it signals.
static int64_t raised_by(const struct wg_side *s, const struct wg_content *c) {
  const char *name = wg_str(s, c->name);
  size_t arg = name[0] == 'N' ? 1 : 2;
  return strstr(name, "Semaphore") && c->nargs > arg ? (int64_t)(uint32_t)wg_arg(s, c, arg) : 1;
}

static void note_list(struct wg_map *lists, uint64_t address, uint32_t thread) {
  uint64_t by;
  if (!wg_map_get(lists, address, &by)) by = thread + 1;
  wg_map_put(lists, address, by == thread + 1 ? by : WG_NONE);
}

// Several threads use the list: what is on it when one of them looks is chance, and the laws of lists (laws.h) hold.
static bool is_shared_list(const struct wg_pairing *p, const struct balance *b, int side, const struct wg_content *c) {
  uint64_t by[2], address;
  if (!is_listing(c)) return false;
  address = wg_arg(p->s[side], c, 0);
  return wg_map_get(&b->list[0], address, &by[0]) && wg_map_get(&b->list[1], address, &by[1]) && by[0] == WG_NONE &&
         by[1] == WG_NONE;
}

static void count_side(const struct wg_pairing *p, int side, struct balance *b) {
  const struct wg_side *s = p->s[side];
  b->signals[side] = wg_xcalloc(s->nobjects + 1, sizeof(int64_t));
  b->waits[side] = wg_xcalloc(s->nobjects + 1, sizeof(int64_t));
  b->user[side] = wg_xcalloc(s->nobjects + 1, sizeof(uint32_t));
  b->resets[side] = wg_xcalloc(s->nobjects + 1, sizeof(int64_t));
  for (uint32_t t = 0; t < s->nthreads; t++) {
    uint32_t pair = s->text_log ? WG_NONE : p->peer[side][t];
    bool open = pair != WG_NONE && p->pairs[pair].open[side]; // or wait, and are about to go on
    b->runs[side] |= (open || s->threads[t].final == WG_RUNNING) && s->threads[t].tid != 0 && !s->threads[t].host;
    for (size_t i = 0; i < s->threads[t].nsteps; i++) {
      const struct wg_step *x = &s->threads[t].steps[i];
      const struct wg_content *c = &s->contents[x->content];
      b->lists |= is_listing(c);
      if (is_listing(c)) note_list(&b->list[side], wg_arg(s, c, 0), t);
      if (x->object == WG_NONE) continue;
      if (resets(c)) b->resets[side][x->object] += x->count;
      uint32_t *user = &b->user[side][x->object];
      if (signals(c) || waits(c)) *user = *user == 0 || *user == t + 1 ? t + 1 : WG_NONE;
      if (signals(c)) b->signals[side][x->object] += raised_by(s, c) * x->count;
      bool ended = !(c->flags & WG_C_OPEN) && !((c->flags & WG_C_RV) && c->rv != 0);
      if (waits(c) && ended) b->waits[side][x->object] += x->count;
    }
  }
}

#define UNTAKEN 2 // signals of an event that nobody waits for in the end

// As many more signals as waits on one side; or a count was raised as much, in other steps.
static bool balanced(const struct wg_pairing *p, const struct balance *b, int side, uint32_t object, bool reset) {
  uint64_t like;
  if (object == WG_NONE || !wg_map_get(&p->same[side], object, &like)) return false;
  if (b->user[side][object] != WG_NONE && b->user[!side][like] != WG_NONE) return false; // nobody waits for another
  int64_t more = b->signals[side][object] - b->signals[!side][like];
  int64_t waits = b->waits[side][object] - b->waits[!side][like];
  // In sum nothing is otherwise: another thread was the last who came, and told the others.
  if (more == 0 && waits == 0 && b->signals[side][object] && b->resets[side][object] == b->resets[!side][like])
    return true;
  if (reset) return false;
  int64_t apart = more > waits ? more - waits : waits - more;
  bool count = strcmp(wg_str(p->s[side], p->s[side]->objects[object].type), "Semaphore") == 0;
  if (count) return apart == 0;
  // Set as often, and each wait took a signal: who comes while it is set does not wait, and signals that nobody took
  // are one.
  bool taken = b->waits[side][object] <= b->signals[side][object] && b->waits[!side][like] <= b->signals[!side][like];
  if (b->runs[side] != b->runs[!side]) return taken; // one was cut: in sum nothing can be said
  if (more == 0) return taken && b->signals[side][object];
  return taken && apart <= UNTAKEN && (more > 0 ? waits >= 0 : waits <= 0);
}

static bool is_of_pair(const struct wg_pairing *p, const struct balance *b, int side, const struct wg_step *x) {
  const struct wg_content *c = &p->s[side]->contents[x->content];
  if (is_shared_list(p, b, side, c)) return strstr(wg_nt_of(c)->name, "Push") == NULL; // what is put there is no chance
  return (signals(c) || waits(c) || resets(c)) && balanced(p, b, side, x->object, resets(c));
}

// All that both sides do besides, they do as often; less where the trace of one alone was cut.
static bool rest_is_equal(const struct wg_pairing *p, const struct balance *b) {
  struct wg_map n[2] = {{0}, {0}};
  bool equal = true;
  for (int side = 0; side < 2; side++)
    for (size_t t = 0; t < p->s[side]->nthreads; t++)
      for (size_t i = 0; i < p->s[side]->threads[t].nsteps; i++) {
        const struct wg_step *x = &p->s[side]->threads[t].steps[i];
        uint64_t sum = 0, key = wg_key_weak(p, side, x->content);
        if (p->peer[side][t] == WG_NONE || wg_weight_of(p, side, x->content) != WG_HARD || is_of_pair(p, b, side, x))
          continue;
        wg_map_get(&n[side], key, &sum);
        wg_map_put(&n[side], key, sum + x->count);
      }
  for (int side = 0; side < 2; side++)
    for (size_t c = 0; c < p->s[side]->ncontents && equal; c++) {
      uint64_t here = 0, there = 0, key = wg_key_weak(p, side, (uint32_t)c);
      wg_map_get(&n[side], key, &here);
      wg_map_get(&n[!side], key, &there);
      equal = here <= there || b->runs[!side];
    }
  for (int side = 0; side < 2; side++) wg_map_release(&n[side]);
  return equal && !(b->runs[0] && b->runs[1]);
}

static uint64_t weakly_alike(const struct wg_pairing *p, uint32_t pair, int side, uint64_t key) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, side);
  uint64_t n = 0;
  for (size_t i = 0; i < t->nsteps; i++)
    if (wg_key_weak(p, side, t->steps[i].content) == key) n += t->steps[i].count;
  return n;
}

// The thread makes the call as often on both sides: it only stands between others. What it puts on a shared list it has
// from one: which of its entries that is does not count.
static bool moved(const struct wg_pairing *p, const struct balance *b, uint32_t pair, int side, uint32_t step) {
  uint32_t content = wg_pair_thread(p, pair, side)->steps[step].content;
  uint64_t key = wg_key_weak(p, side, content);
  if (is_shared_list(p, b, side, &p->s[side]->contents[content]))
    return weakly_alike(p, pair, side, key) == weakly_alike(p, pair, !side, key) || b->runs[0] != b->runs[1];
  return wg_as_often(p, pair, wg_key_strong(p, side, wg_pair_thread(p, pair, side)->steps[step].content));
}

// Everything that stands alone there is such a signal or wait; with `parted` also what such ones have only moved.
static bool is_balanced(const struct wg_pairing *p, const struct balance *b, const struct wg_finding *f, bool parted) {
  bool any = false;
  for (int side = 0; side < 2; side++) {
    if (f->step[side] == WG_NONE) continue;
    const struct wg_leaves *l = &p->pairs[f->pair].side[side];
    const struct wg_dthread *t = wg_pair_thread(p, f->pair, side);
    uint32_t leaf = wg_leaf_of(l, f->step[side]);
    bool alone = f->cls != WG_D_COUNT && !p->pairs[f->pair].pool && leaf != WG_NONE;
    if (!is_of_pair(p, b, side, &t->steps[f->step[side]]) && !(parted && moved(p, b, f->pair, side, f->step[side])))
      return false;
    for (any = true; alone && leaf < l->n && l->partner[leaf] == WG_NONE; leaf++) {
      uint32_t step = wg_leaf_step(l, leaf, 0);
      if (!is_of_pair(p, b, side, &t->steps[step]) && !(parted && moved(p, b, f->pair, side, step))) return false;
    }
  }
  return any;
}

static bool concerns(const struct wg_finding *f) {
  return !f->hidden && (f->cls == WG_D_EXTRA || f->cls == WG_D_MISSING || f->cls == WG_D_COUNT || f->cls == WG_D_CALL);
}

static bool about_list(const struct wg_pairing *p, const struct wg_finding *f) {
  if (f->hidden || f->step[0] == WG_NONE || f->step[1] == WG_NONE) return false;
  return is_listing(wg_content_at(p->s[0], wg_pair_thread(p, f->pair, 0), f->step[0]));
}

// What a call found on a shared list, or put there of what it had found.
static bool of_list(const struct wg_pairing *p, const struct balance *b, const struct wg_finding *f) {
  if (f->hidden || f->step[0] == WG_NONE || f->step[1] == WG_NONE) return false;
  if (f->cls != WG_D_VALUE && f->cls != WG_D_ARGS && f->cls != WG_D_OUT) return false;
  return is_shared_list(p, b, 0, wg_content_at(p->s[0], wg_pair_thread(p, f->pair, 0), f->step[0])) &&
         !(f->cls == WG_D_OUT && (f->value[0] == 0 || f->value[1] == 0));
}

static bool uses_shared_list(const struct wg_pairing *p, const struct balance *b, uint32_t pair) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  for (size_t i = 0; b->lists && i < t->nsteps; i++)
    if (is_shared_list(p, b, 0, wg_content_at(p->s[0], t, i))) return true;
  return false;
}

static void mask_lists(struct wg_pairing *p, const struct balance *b) {
  for (size_t i = 0; i < p->nfindings; i++) {
    if (!of_list(p, b, &p->findings[i])) continue;
    p->findings[i].hidden = true;
    p->findings[i].reason = "several threads use the list: what is on it is chance";
  }
}

void wg_mask_balanced(struct wg_pairing *p) {
  size_t n = 0;
  for (size_t i = 0; i < p->nfindings; i++) n += concerns(&p->findings[i]) || about_list(p, &p->findings[i]);
  if (n == 0) return; // counting is long
  struct balance b = {0};
  for (int side = 0; side < 2; side++) count_side(p, side, &b);
  uint8_t *parted = wg_xcalloc(p->npairs + 1, 1); // threads in which there are such
  mask_lists(p, &b);
  for (uint32_t i = 0; i < p->npairs; i++) parted[i] = uses_shared_list(p, &b, i);
  bool equal = rest_is_equal(p, &b);
  for (int pass = 0; pass < 2; pass++)
    for (size_t i = 0; i < p->nfindings && equal; i++) {
      struct wg_finding *f = &p->findings[i];
      if (!concerns(f) || (pass && !parted[f->pair]) || !is_balanced(p, &b, f, pass == 1)) continue;
      f->hidden = true;
      f->reason = "as many more signals as waits: how often one thread has to wait for another is chance";
      parted[f->pair] = 1;
    }
  free(parted);
  for (int side = 0; side < 2; side++) {
    free(b.signals[side]);
    free(b.waits[side]);
    free(b.user[side]);
    free(b.resets[side]);
    wg_map_release(&b.list[side]);
  }
}
