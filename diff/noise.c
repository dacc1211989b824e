#include "diff/noise.h"

#include <stdlib.h>
#include <string.h>

// Which side has the additional calls is chance: paths are one kind.
static uint64_t kind_of(enum wg_class_id c) {
  switch (c) {
  case WG_D_CALL:
  case WG_D_MISSING:
  case WG_D_EXTRA:
  case WG_D_COUNT: return WG_D_CALL;
  default: return c;
  }
}

static uint64_t site_of(const struct wg_pairing *p, const struct wg_finding *f) {
  int side = f->step[1] != WG_NONE;
  const struct wg_thread_pair *tp = &p->pairs[f->pair];
  uint64_t h = wg_hash_u64(kind_of(f->cls), tp->t[1]);
  if (f->step[side] != WG_NONE) {
    // By the reference's call site; what only the other side calls has none in common.
    const struct wg_content *c = wg_content_at(p->s[side], &p->s[side]->threads[tp->t[side]], f->step[side]);
    h = wg_hash_u64(side ? c->lr : 0, wg_hash_u64(wg_known_of(p, side, c)->hash, h));
  }
  h = wg_hash(f->field, strlen(f->field), h);
  return wg_hash_u64(f->arg, f->key.data ? wg_hash(f->key.data, f->key.len, h) : h);
}

static bool ranged(const struct wg_finding *f) {
  return f->cls == WG_D_VALUE || (f->cls == WG_D_ARGS && strcmp(f->field, "arg") == 0);
}

void wg_noise_learn(struct wg_noise *n, const struct wg_pairing *p) {
  for (size_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *f = &p->findings[i];
    uint64_t at, key = site_of(p, f);
    if (!wg_map_get(&n->sites, key, &at)) {
      n->ranges = wg_xrealloc(n->ranges, (n->n + 1) * sizeof *n->ranges);
      at = n->n++;
      n->ranges[at].least = UINT64_MAX;
      n->ranges[at].most = 0;
      n->ranges[at].runs = 0;
      wg_map_put(&n->sites, key, at);
    }
    n->ranges[at].runs++;
    for (int side = 0; side < 2; side++) {
      if (f->value[side] < n->ranges[at].least) n->ranges[at].least = f->value[side];
      if (f->value[side] > n->ranges[at].most) n->ranges[at].most = f->value[side];
    }
  }
}

void wg_noise_mask(const struct wg_noise *n, struct wg_pairing *p) {
  for (size_t i = 0; i < p->nfindings; i++) {
    struct wg_finding *f = &p->findings[i];
    uint64_t at;
    if (!wg_map_get(&n->sites, site_of(p, f), &at)) continue;
    if (ranged(f) && (f->value[0] < n->ranges[at].least || f->value[0] > n->ranges[at].most)) continue;
    f->hidden = true;
    f->reason = "varies between runs of the reference";
  }
}

void wg_noise_release(struct wg_noise *n) {
  wg_map_release(&n->sites);
  free(n->ranges);
  *n = (struct wg_noise){0};
}
