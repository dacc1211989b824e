// The reference may be the one that goes wrong. Where it hangs, or a wait of it gives up that here does not, and
// nothing here is wrong, the same is asked with the sides changed, and the answer is the reference's call.
#include "diff/mirror.h"

#include "base/vec.h"
#include "diff/cause_walk.h"
#include "nt/status.h"

static bool gives_up_there(const struct wg_pairing *p, const struct wg_finding *f) {
  if (!wg_is_wait(p, f) || f->value[0] == f->value[1]) return false;
  return f->value[1] == STATUS_TIMEOUT || f->value[0] == STATUS_USER_APC; // which came here alone
}

bool wg_mirror_wanted(const struct wg_pairing *p, const struct wg_causes *c) {
  bool there = false;
  if (c->symptoms) return false;
  for (size_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *f = &p->findings[i];
    // Which of several threads it is that hangs there may be chance; that one does is not.
    there |= f->hidden && f->cls == WG_D_EARLY && c->n;
    if (f->hidden) continue;
    if (wg_is_breach(f) || wg_is_symptom(f->cls)) return false;
    there |= wg_is_symptom_there(f->cls) || gives_up_there(p, f);
  }
  return there;
}

// A finding of the mirrored pairing as one of this one.
static uint32_t mirrored(struct wg_pairing *p, const struct wg_pairing *q, const struct wg_finding *f) {
  uint32_t pair = p->peer[1][q->pairs[f->pair].t[0]];
  if (pair == WG_NONE || p->pairs[pair].t[0] != q->pairs[f->pair].t[1]) return WG_NONE;
  WG_EACH_FINDING(p, pair, i) {
    const struct wg_finding *x = &p->findings[i];
    if (!x->hidden && x->cls == f->cls && x->step[1] == f->step[0] && x->step[1] != WG_NONE) return i;
  }
  if (f->cls != WG_D_LOST || f->step[0] == WG_NONE) return WG_NONE;
  struct wg_finding *x = wg_finding_add(p, WG_D_LOST_THERE, pair, f->step[1], f->step[0]);
  x->field = f->field;
  x->seq = f->step[1] != WG_NONE ? wg_seq_at(p, pair, f->step[1]) : wg_pair_thread(p, pair, 0)->last_seq;
  return (uint32_t)(x - p->findings);
}

// A thread of the reference that waits as its trace ends, for what was about to come: it does not hang there.
static void hide_pending(struct wg_pairing *p, struct wg_causes *c, const struct wg_pairing *q) {
  for (size_t i = 0; i < q->nfindings; i++) {
    const struct wg_finding *f = &q->findings[i];
    uint32_t pair = p->peer[1][q->pairs[f->pair].t[0]];
    if (!f->hidden || f->reason != wg_not_there_yet || f->cls != WG_D_NEVER_RETURNED || pair == WG_NONE) continue;
    WG_EACH_FINDING(p, pair, k) {
      struct wg_finding *x = &p->findings[k];
      if (x->cls != WG_D_EARLY || x->step[1] != f->step[0]) continue;
      x->hidden = true;
      x->reason = wg_not_there_yet;
    }
  }
  size_t n = 0;
  for (size_t i = 0; i < c->n; i++)
    if (!p->findings[c->list[i].finding].hidden) c->list[n++] = c->list[i];
  c->n = n;
}

void wg_mirror_add(struct wg_pairing *p, struct wg_causes *c, const struct wg_pairing *q,
                   const struct wg_causes *causes) {
  const struct wg_cause *best = causes->n ? &causes->list[0] : NULL;
  hide_pending(p, c, q);
  if (best == NULL || best->weak) return;
  uint32_t f = mirrored(p, q, &q->findings[best->finding]);
  if (f == WG_NONE || (c->n && c->list[0].finding == f)) return;
  size_t at = 0;
  while (at < c->n && c->list[at].finding != f) at++;
  struct wg_cause x = {.finding = f, .input = WG_NONE};
  if (at == c->n) {
    WG_VEC_ROOM(c->list, c->cap, c->n + 1);
    c->n++;
  } else {
    x = c->list[at];
  }
  for (; at > 0; at--) c->list[at] = c->list[at - 1];
  c->list[0] = x;
}
