// What one trace alone shows of its kernel's faults (diff/laws.h), as findings.
#include <string.h>

#include "diff/laws.h"
#include "diff/pair.h"

#define BREACHES 16 // findings that are made of them: the first ones tell

// The reference breaks the same law with the same call: its kernel is so, or its title changes objects by itself.
static bool usual(const struct wg_pairing *p, const struct wg_breach *x, const struct wg_laws *b) {
  const char *name = wg_str(p->s[0], x->name);
  for (size_t i = 0; i < b->n; i++)
    if (b->list[i].law == x->law && strcmp(wg_str(p->s[1], b->list[i].name), name) == 0) return true;
  return false;
}

static bool told(const struct wg_pairing *p, uint32_t pair, uint32_t step) {
  for (size_t i = 0; i < p->nfindings; i++)
    if (p->findings[i].pair == pair && p->findings[i].step[0] == step && p->findings[i].cls == WG_D_LAW) return true;
  return false;
}

// False: the thread has no like, so that there is nobody to tell of.
static bool add(struct wg_pairing *p, const struct wg_breach *x) {
  uint32_t pair = p->peer[0][x->thread], seen = p->peer[0][x->seen_thread];
  if (pair == WG_NONE) return false;
  uint32_t step = wg_step_at(wg_pair_thread(p, pair, 0), x->idx);
  if (step == WG_NONE || told(p, pair, step)) return false;
  struct wg_finding *f = wg_finding_add(p, WG_D_LAW, pair, step, wg_partner_step(p, pair, 0, step));
  f->field = wg_law_texts[x->law].field;
  f->arg = x->law;
  f->seq = x->seq;
  if (seen == WG_NONE) return true;
  uint32_t at = wg_step_at(wg_pair_thread(p, seen, 0), x->seen_idx);
  if (at == WG_NONE || (seen == pair && at == step)) return true;
  f->shows[0] = seen;
  f->shows[1] = at;
  return true;
}

void wg_add_breaches(struct wg_pairing *p, const struct wg_laws *a, const struct wg_laws *b) {
  unsigned n = 0;
  p->lawful = a->held;
  p->exact = a->held && b->held;
  for (size_t i = 0; i < a->n && n < BREACHES; i++)
    if (!usual(p, &a->list[i], b)) n += add(p, &a->list[i]);
}
