// The list of what differs.
#include "base/vec.h"
#include "diff/align.h"

const struct wg_class wg_classes[] = {
#define WG_CLASS(id, name, rank, words) {name, rank, words},
#include "diff/classes.def"
};

struct wg_finding *wg_finding_add(struct wg_pairing *p, enum wg_class_id cls, uint32_t pair, uint32_t a, uint32_t b) {
  WG_VEC_ROOM(p->findings, p->findings_cap, p->nfindings + 1);
  struct wg_finding *f = &p->findings[p->nfindings++];
  *f = (struct wg_finding){.cls = cls,
                           .pair = pair,
                           .next = WG_NONE,
                           .step = {a, b},
                           .field = "",
                           .count = {1, 1},
                           .shows = {WG_NONE, WG_NONE}};
  struct wg_thread_pair *tp = &p->pairs[pair];
  uint32_t i = (uint32_t)p->nfindings - 1;
  if (tp->findings == WG_NONE)
    tp->findings = i;
  else
    p->findings[tp->last_finding].next = i;
  tp->last_finding = i;
  return f;
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
  WG_EACH_FINDING(p, pair, i)
  if (p->findings[i].step[0] == a && p->findings[i].cls == cls) return &p->findings[i];
  return NULL;
}

void wg_add_delta(struct wg_pairing *p, uint32_t pair, uint32_t sa, uint32_t sb, const struct wg_delta *d) {
  struct wg_finding *f = wg_finding_of(p, pair, sa, sb, d);
  const struct wg_content *c = wg_content_at(p->s[0], wg_thread_of(p, &p->pairs[pair], 0), sa);
  f->timing = wg_timing(c, d) || wg_interrupted(p, pair, c, d);
}
