// Threads of one parent and entry that wait for the same object take work as it comes: which of them does what is
// chance. They are compared together, as a bag of calls with their values.
#include <stdlib.h>
#include <string.h>

#include "diff/pair.h"

// One kind of call in the bag: its places, by side.
struct bag_entry {
  uint64_t n[2];
  uint32_t *pair[2], *step[2];
  uint32_t kept[2];
};

struct bag {
  struct wg_map at; // strong key -> index
  struct bag_entry *e;
  size_t n;
};

#define KEPT 512 // places of one kind of call that are compared by value

static void put(struct bag *b, uint64_t key, int side, uint32_t pair, const struct wg_step *x, uint32_t step) {
  uint64_t i;
  if (b->e == NULL || !wg_map_get(&b->at, key, &i)) {
    if ((b->n & (b->n - 1)) == 0) b->e = wg_xrealloc(b->e, (b->n ? b->n * 2 : 1) * sizeof *b->e);
    memset(&b->e[b->n], 0, sizeof *b->e);
    i = b->n++;
    wg_map_put(&b->at, key, i);
  }
  struct bag_entry *e = &b->e[i];
  e->n[side] += x->count;
  if (e->kept[side] == KEPT) return;
  if ((e->kept[side] & (e->kept[side] - 1)) == 0) {
    size_t n = e->kept[side] ? e->kept[side] * 2 : 1;
    e->pair[side] = wg_xrealloc(e->pair[side], n * sizeof(uint32_t));
    e->step[side] = wg_xrealloc(e->step[side], n * sizeof(uint32_t));
  }
  e->pair[side][e->kept[side]] = pair;
  e->step[side][e->kept[side]++] = step;
}

static void fill(const struct wg_pairing *p, const uint32_t *group, size_t n, struct bag *b) {
  for (size_t g = 0; g < n; g++)
    for (int side = 0; side < 2; side++) {
      const struct wg_dthread *t = wg_pair_thread(p, group[g], side);
      for (uint32_t i = 0; i < t->nsteps; i++)
        if (wg_weight_of(p, side, t->steps[i].content) != WG_NEUTRAL)
          put(b, wg_key_strong(p, side, t->steps[i].content), side, group[g], &t->steps[i], i);
    }
}

static uint32_t content_of(const struct wg_pairing *p, const struct bag_entry *e, int side, uint32_t i) {
  return wg_pair_thread(p, e->pair[side][i], side)->steps[e->step[side][i]].content;
}

// The first place on one side that gave what no place on the other side gave; WG_NONE: all have their like.
static uint32_t without_like(const struct wg_pairing *p, const struct bag_entry *e, int side) {
  for (uint32_t i = 0; i < e->kept[side]; i++) {
    bool found = false;
    for (uint32_t k = 0; k < e->kept[!side] && !found; k++) {
      struct wg_delta d;
      uint32_t a = content_of(p, e, side, i), b = content_of(p, e, !side, k);
      found = !(side ? wg_compare(p, b, a, &d) : wg_compare(p, a, b, &d));
    }
    if (!found) return i;
  }
  return WG_NONE;
}

static bool state_before(const struct wg_delta *d) {
  return (d->cls == WG_D_OUT && strncmp(d->key, "previous", 8) == 0) || d->cls == WG_D_VALUE;
}

static void compare_entry(struct wg_pairing *p, const struct bag_entry *e, bool open) {
  int any = e->kept[0] ? 0 : 1;
  bool soft = wg_weight_of(p, any, content_of(p, e, any, 0)) == WG_SOFT;
  if (e->kept[0] && e->kept[1]) {
    uint32_t a = without_like(p, e, 0), b = a == WG_NONE ? WG_NONE : without_like(p, e, 1);
    struct wg_delta d;
    if (a == WG_NONE) return;
    if (soft && b == WG_NONE && wg_content_is(&p->s[0]->contents[content_of(p, e, 0, a)], WG_NT_WAITS)) return;
    if (!wg_compare(p, content_of(p, e, 0, a), content_of(p, e, 1, b == WG_NONE ? 0 : b), &d)) return;
    const struct wg_content *c = &p->s[0]->contents[content_of(p, e, 0, a)];
    struct wg_finding *f = wg_finding_of(p, e->pair[0][a], e->step[0][a], WG_NONE, &d);
    uint32_t there = b == WG_NONE ? 0 : b;
    if (e->pair[1][there] == f->pair) f->step[1] = e->step[1][there];
    f->timing = wg_content_is(c, WG_NT_SIGNALS | WG_NT_RESETS) && state_before(&d);
    return;
  }
  int side = any;
  if (open || soft) return;
  struct wg_finding *f = wg_finding_add(p, side ? WG_D_MISSING : WG_D_EXTRA, e->pair[side][0],
                                        side ? WG_NONE : e->step[0][0], side ? e->step[1][0] : WG_NONE);
  f->count[side] = e->n[side];
  f->seq = side ? wg_pair_thread(p, f->pair, 0)->last_seq : wg_pair_thread(p, f->pair, 0)->steps[f->step[0]].seq;
}

static bool is_mine(const uint32_t *group, size_t n, uint32_t pair) {
  for (size_t i = 0; i < n; i++)
    if (group[i] == pair) return true;
  return false;
}

static bool by_chance(const struct wg_finding *f) {
  return f->cls != WG_D_NEVER_RETURNED && f->cls != WG_D_NEVER_STARTED && f->cls != WG_D_EXCEPTION &&
         f->cls != WG_D_MADE;
}

static void compare_pool(struct wg_pairing *p, const uint32_t *group, size_t n) {
  struct bag b = {0};
  bool open = false;
  size_t before = p->nfindings;
  fill(p, group, n, &b);
  for (size_t i = 0; i < n; i++) {
    p->pairs[group[i]].pool = true;
    for (int side = 0; side < 2; side++) open |= wg_pair_thread(p, group[i], side)->final == WG_RUNNING;
  }
  for (size_t i = 0; i < before; i++)
    if (is_mine(group, n, p->findings[i].pair) && by_chance(&p->findings[i]) && !p->findings[i].hidden) {
      p->findings[i].hidden = true;
      p->findings[i].reason = "a pool of threads: which of them does what is chance";
    }
  for (size_t i = 0; i < b.n; i++) {
    compare_entry(p, &b.e[i], open);
    for (int side = 0; side < 2; side++) {
      free(b.e[i].pair[side]);
      free(b.e[i].step[side]);
    }
  }
  free(b.e);
  wg_map_release(&b.at);
}

// An object that at least two of these threads wait for.
static bool share_work(const struct wg_pairing *p, const uint32_t *group, size_t n, int side) {
  struct wg_map seen = {0};
  bool shared = false;
  for (size_t g = 0; g < n && !shared; g++) {
    const struct wg_dthread *t = wg_pair_thread(p, group[g], side);
    for (uint32_t i = 0; i < t->nsteps && !shared; i++) {
      uint64_t by;
      if (t->steps[i].object == WG_NONE || !wg_content_is(wg_content_at(p->s[side], t, i), WG_NT_WAITS) ||
          wg_content_is(wg_content_at(p->s[side], t, i), WG_NT_LOCK))
        continue;
      if (wg_map_get(&seen, t->steps[i].object, &by))
        shared = by != g;
      else
        wg_map_put(&seen, t->steps[i].object, g);
    }
  }
  wg_map_release(&seen);
  return shared;
}

static bool differs(const struct wg_pairing *p, const uint32_t *group, size_t n) {
  for (size_t i = 0; i < p->nfindings; i++)
    if (!p->findings[i].hidden && by_chance(&p->findings[i]) && is_mine(group, n, p->findings[i].pair)) return true;
  return false;
}

static uint64_t family(const struct wg_pairing *p, uint32_t pair, int side) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, side);
  if (!t->created || t->entry == 0 || t->parent == WG_NONE || p->peer[side][t->parent] == WG_NONE) return 0;
  return wg_hash_u64(t->entry, p->peer[side][t->parent]);
}

void wg_compare_pools(struct wg_pairing *p) {
  uint32_t *group = wg_xcalloc(p->npairs + 1, sizeof *group);
  uint8_t *done = wg_xcalloc(p->npairs + 1, 1);
  for (uint32_t i = 0; i < p->npairs; i++) {
    uint64_t key = family(p, i, 0);
    size_t n = 0;
    if (done[i] || key == 0 || key != family(p, i, 1)) continue;
    for (uint32_t k = i; k < p->npairs; k++)
      if (!done[k] && family(p, k, 0) == key && family(p, k, 1) == key) {
        group[n++] = k;
        done[k] = 1;
      }
    if (n >= 2 && share_work(p, group, n, 0) && share_work(p, group, n, 1) && differs(p, group, n))
      compare_pool(p, group, n);
  }
  free(group);
  free(done);
}
