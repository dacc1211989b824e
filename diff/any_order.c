// A wait for any of several objects tells which one came. Where each of them came as often on both sides, who came
// first is chance.
#include <string.h>

#include "diff/pair.h"

#define INDEXES 64u // objects of one wait

// How often each object ended a wait like this one of the thread; false if one of them ended otherwise.
static bool count_indexes(const struct wg_pairing *p, uint32_t pair, int side, uint32_t key, uint64_t n[INDEXES]) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, side);
  for (uint32_t i = 0; i < t->nsteps; i++) {
    const struct wg_content *c = wg_content_at(p->s[side], t, i);
    if (wg_key_strong(p, side, t->steps[i].content) != key || (c->flags & WG_C_OPEN)) continue;
    if (!(c->flags & WG_C_RV) || c->rv >= INDEXES) return false;
    n[c->rv] += t->steps[i].count;
  }
  return true;
}

static bool any_of_several(const struct wg_pairing *p, const struct wg_finding *f) {
  if (f->cls != WG_D_VALUE || f->hidden || f->step[0] == WG_NONE || f->step[1] == WG_NONE) return false;
  const struct wg_dthread *t = wg_pair_thread(p, f->pair, 0);
  const struct wg_content *c = wg_content_at(p->s[0], t, f->step[0]);
  const struct wg_dwait *w = wg_wait_of(t, f->step[0]);
  return strcmp(f->field, "rv") == 0 && wg_waits_for_objects(c) && strstr(wg_nt_of(c)->name, "Multiple") && w &&
         !w->all;
}

static bool as_often(const struct wg_pairing *p, uint32_t pair, const uint32_t key[2]) {
  uint64_t n[2][INDEXES] = {{0}, {0}};
  const bool *open = p->pairs[pair].open;
  for (int side = 0; side < 2; side++)
    if (!count_indexes(p, pair, side, key[side], n[side])) return false;
  for (unsigned i = 0; i < INDEXES; i++)
    if ((n[0][i] > n[1][i] && !open[1]) || (n[1][i] > n[0][i] && !open[0])) return false;
  return true;
}

// Many findings are about one wait in a loop: its thread is looked through once.
static bool is_chance_wait(const struct wg_pairing *p, const struct wg_finding *f, struct wg_map *known) {
  uint32_t key[2];
  for (int side = 0; side < 2; side++)
    key[side] = wg_key_strong(p, side, wg_pair_thread(p, f->pair, side)->steps[f->step[side]].content);
  uint64_t same = wg_hash_u64((uint64_t)key[0] << 32 | key[1], f->pair), often;
  if (!wg_map_get(known, same, &often)) {
    often = as_often(p, f->pair, key);
    wg_map_put(known, same, often);
  }
  return often != 0;
}

void wg_mask_any_order(struct wg_pairing *p) {
  struct wg_map known = {0};
  for (size_t i = 0; i < p->nfindings; i++) {
    struct wg_finding *f = &p->findings[i];
    if (!any_of_several(p, f) || !is_chance_wait(p, f, &known)) continue;
    f->hidden = true;
    f->reason = "a wait for any of several that come as often: which comes first is chance";
  }
  wg_map_release(&known);
}
