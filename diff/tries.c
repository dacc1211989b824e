// A wait that gives up at once tells whether its object was free just then. Of several threads that try, who comes
// first is chance, and what a thread does then, and whom it makes to do it, is no difference: where laws are broken,
// that is found without it.
#include <stdlib.h>

#include "diff/cause_walk.h"
#include "nt/status.h"

static bool tries(const struct wg_side *s, const struct wg_dthread *t, uint32_t step) {
  const struct wg_content *c = wg_content_at(s, t, step);
  const struct wg_dwait *w = wg_wait_of(t, step);
  return wg_content_is(c, WG_NT_WAITS) && !wg_content_is(c, WG_NT_LOCK) && c->flags & WG_C_TRY &&
         (w == NULL || w->n == 1) && (!(c->flags & WG_C_RV) || c->rv == 0 || c->rv == STATUS_TIMEOUT);
}

static bool is_path_or_object(enum wg_class_id c) {
  return c == WG_D_CALL || c == WG_D_MISSING || c == WG_D_EXTRA || c == WG_D_ENDED || c == WG_D_COUNT ||
         c == WG_D_ARGS || c == WG_D_OBJECT;
}

// The last step before this one that has its like, and that like; false: there is none.
static bool last_common(const struct wg_pairing *p, uint32_t pair, uint32_t before, uint32_t at[2]) {
  for (uint32_t i = before; i-- > 0;) {
    at[1] = wg_partner_step(p, pair, 0, i);
    at[0] = i;
    if (at[1] != WG_NONE) return true;
  }
  return false;
}

// From there on both do the same, up to a try that one of them has luck with; WG_NONE: that is not what they part by. A
// log does not tell what a try gave: they may part by the one right before.
static uint32_t luck(const struct wg_pairing *p, uint32_t pair, uint32_t parting) {
  const struct wg_dthread *a = wg_pair_thread(p, pair, 0), *b = wg_pair_thread(p, pair, 1);
  uint32_t at[2];
  if (!last_common(p, pair, parting, at)) return WG_NONE;
  uint32_t untold = WG_NONE;
  for (uint32_t i = at[0], j = at[1]; i < parting && j < b->nsteps; i++, j++) {
    while (i < parting && wg_weight_of(p, 0, a->steps[i].content) == WG_NEUTRAL) i++;
    while (j < b->nsteps && wg_weight_of(p, 1, b->steps[j].content) == WG_NEUTRAL) j++;
    if (i >= parting || j >= b->nsteps) break;
    if (wg_key_weak(p, 0, a->steps[i].content) != wg_key_weak(p, 1, b->steps[j].content)) break;
    untold = WG_NONE;
    if (!tries(p->s[0], a, i) || !tries(p->s[1], b, j)) continue;
    const struct wg_content *x = wg_content_at(p->s[0], a, i), *y = wg_content_at(p->s[1], b, j);
    if (!(x->flags & y->flags & WG_C_RV)) untold = i;
    if (untold == WG_NONE && x->rv != y->rv) return i;
  }
  return untold;
}

static uint32_t luck_before(const struct wg_pairing *p, uint32_t pair, uint32_t finding) {
  uint32_t step = finding == WG_NONE ? WG_NONE : luck(p, pair, wg_parting(p, &p->findings[finding], 0));
  return step == WG_NONE ? UINT32_MAX : wg_pair_thread(p, pair, 0)->steps[step].seq;
}

// From when on a thread goes its way by luck, in A's order; UINT32_MAX: it does not. What is hidden shows that, too.
static uint32_t own_luck(const struct wg_pairing *p, uint32_t pair) {
  uint32_t first[2] = {WG_NONE, WG_NONE};
  WG_EACH_FINDING(p, pair, i) {
    const struct wg_finding *f = &p->findings[i];
    if (!is_path_or_object(f->cls) || (f->hidden && f->cls == WG_D_COUNT)) continue;
    uint32_t *x = &first[f->hidden];
    if (*x == WG_NONE || f->seq < p->findings[*x].seq) *x = i;
  }
  uint32_t shown = luck_before(p, pair, first[0]), hidden = luck_before(p, pair, first[1]);
  return shown < hidden ? shown : hidden;
}

// Made by a thread that goes its way by luck, after that.
static bool made_by_luck(const struct wg_pairing *p, uint32_t pair, const uint32_t *since) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  uint32_t parent = t->created && t->parent != WG_NONE ? p->peer[0][t->parent] : WG_NONE;
  if (parent == WG_NONE || since[parent] == UINT32_MAX || t->create_step == WG_NONE) return false;
  return p->s[0]->threads[t->parent].steps[t->create_step].seq >= since[parent];
}

void wg_mask_tries(struct wg_pairing *p) {
  for (size_t i = 0; i < p->nfindings; i++)
    if (!p->findings[i].hidden && wg_is_breach(&p->findings[i])) return;
  uint32_t *since = wg_xcalloc(p->npairs + 1, sizeof *since);
  bool any = false, more = true;
  for (uint32_t i = 0; i < p->npairs; i++) {
    since[i] = own_luck(p, i);
    any |= since[i] != UINT32_MAX;
  }
  while (any && more) {
    more = false;
    for (uint32_t i = 0; i < p->npairs; i++)
      if (since[i] && made_by_luck(p, i, since)) {
        since[i] = 0;
        more = true;
      }
  }
  for (size_t i = 0; any && i < p->nfindings; i++) {
    struct wg_finding *f = &p->findings[i];
    bool result = f->cls == WG_D_VALUE && (wg_is_wait(p, f) || strcmp(f->field, "exit code") == 0);
    if (f->hidden || f->seq < since[f->pair] || !(result || is_path_or_object(f->cls))) continue;
    f->hidden = true;
    f->reason = "of several that try for one object, who comes first is chance";
  }
  free(since);
}
