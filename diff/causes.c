#include "diff/causes.h"

#include <stdlib.h>

#include "diff/cause_walk.h"

static struct wg_cause *candidate(struct wg_causes *cs, uint32_t finding) {
  for (size_t i = 0; i < cs->n; i++)
    if (cs->list[i].finding == finding) return &cs->list[i];
  if (cs->n == cs->cap) {
    cs->cap = cs->cap ? cs->cap * 2 : 16;
    cs->list = wg_xrealloc(cs->list, cs->cap * sizeof *cs->list);
  }
  cs->list[cs->n] = (struct wg_cause){.finding = finding, .input = WG_NONE};
  return &cs->list[cs->n++];
}

// The first fault of the kernel that its own trace proves.
static uint32_t first_breach(const struct wg_pairing *p) {
  uint32_t best = WG_NONE;
  for (uint32_t i = 0; i < p->nfindings; i++)
    if ((p->findings[i].cls == WG_D_LAW || p->findings[i].first) && !p->findings[i].hidden &&
        (best == WG_NONE || p->findings[i].seq < p->findings[best].seq))
      best = i;
  return best;
}

// Nothing that a title does breaks a law: what comes after a breach may come of it, and no breach of anything.
static uint32_t before_breach(const struct wg_pairing *p, struct wg_cause *c, uint32_t root) {
  uint32_t breach = first_breach(p);
  if (root == WG_NONE || breach == WG_NONE || root == breach) return root;
  const struct wg_finding *f = &p->findings[root], *b = &p->findings[breach];
  if (!b->first && f->seq < b->seq && wg_is_value(f)) return root;
  c->weak = false;
  return breach;
}

static void explain_symptom(struct wg_pairing *p, uint32_t symptom, struct wg_causes *out) {
  struct wg_cause c = {.finding = WG_NONE, .input = WG_NONE};
  struct wg_cause_walk w = {.p = p, .c = &c, .seen = wg_xcalloc(p->npairs + 1, 1)};
  enum wg_class_id cls = p->findings[symptom].cls;
  uint32_t pair = p->findings[symptom].pair, root;
  if (cls == WG_D_NEVER_RETURNED)
    root = wg_explain_block(&w, pair);
  else if (cls == WG_D_NEVER_STARTED)
    root = wg_explain_start(&w, pair);
  else {
    uint32_t own = wg_explains_before(p, pair, UINT32_MAX);
    root = own != WG_NONE ? wg_explain_finding(&w, own) : symptom;
  }
  free(w.seen);
  root = before_breach(p, &c, root);
  if (root == WG_NONE) {
    p->findings[symptom].hidden = true;
    p->findings[symptom].reason = "the trace ends before the thread that would end the wait gets there";
    return;
  }
  out->symptoms++;
  struct wg_cause *to = candidate(out, root);
  unsigned n = to->symptoms + 1;
  if (to->symptoms == 0 || c.nchain > to->nchain) *to = c;
  to->finding = root;
  to->symptoms = n;
}

static unsigned rank_of(const struct wg_pairing *p, const struct wg_cause *c) {
  const struct wg_finding *f = &p->findings[c->finding];
  unsigned r = wg_classes[f->cls].rank;
  const struct wg_dthread *t = wg_pair_thread(p, f->pair, 0);
  for (int i = 0; i < 2; i++)
    if (f->step[i] != WG_NONE &&
        wg_content_is(wg_content_at(p->s[i], wg_pair_thread(p, f->pair, i), f->step[i]), WG_NT_CONSEQUENCE) &&
        !wg_is_value(f))
      r += 5;
  return r + (t->tid == 0 && !wg_is_value(f) ? 30 : 0);
}

// Explains a symptom; a value, if only by time; a symptom that nothing explains; a path; chance.
static unsigned class_of(const struct wg_pairing *p, const struct wg_cause *c) {
  const struct wg_finding *f = &p->findings[c->finding];
  if (f->cls == WG_D_COUNT) return 7;
  if (f->timing) return 6;
  if (f->cls == WG_D_LAW || f->first) return 0;
  if (wg_is_symptom(f->cls) || f->cls == WG_D_EARLY) return 3;
  if (c->symptoms) return c->weak ? 1 : 0;
  if (c->weak) return 5; // put down to something else
  return wg_is_value(f) || f->cls == WG_D_LOST ? 2 : 4;
}

static bool before(const struct wg_pairing *p, const struct wg_cause *a, const struct wg_cause *b) {
  unsigned ca = class_of(p, a), cb = class_of(p, b);
  unsigned ra = rank_of(p, a) / 10, rb = rank_of(p, b) / 10;
  uint32_t qa = p->findings[a->finding].seq, qb = p->findings[b->finding].seq;
  if (ca != cb) return ca < cb;
  if (a->symptoms != b->symptoms) return a->symptoms > b->symptoms;
  if (ra != rb) return ra < rb;
  return qa < qb;
}

static void sort(const struct wg_pairing *p, struct wg_causes *c) {
  for (size_t i = 1; i < c->n; i++) { // few, and the order must not depend on a library's
    struct wg_cause x = c->list[i];
    size_t j = i;
    for (; j > 0 && before(p, &x, &c->list[j - 1]); j--) c->list[j] = c->list[j - 1];
    c->list[j] = x;
  }
}

// Next to a breach stands what proves it.
static void add_proof(struct wg_pairing *p, struct wg_cause *c) {
  const struct wg_finding *f = &p->findings[c->finding];
  struct wg_cause_walk w = {.p = p, .c = c};
  if (f->cls == WG_D_LAW && f->shows[0] != WG_NONE) wg_link_add(&w, WG_LINK_SHOWS, f->shows[0], f->shows[1], WG_NONE);
}

// Who is told another value was lied to, or it was never set: that is said too.
static void add_setters(struct wg_pairing *p, struct wg_causes *out) {
  for (size_t i = 0, n = out->n; i < n; i++) {
    const struct wg_finding *f = &p->findings[out->list[i].finding];
    uint32_t pair = f->pair, b = WG_NONE;
    if ((f->cls != WG_D_VALUE && f->cls != WG_D_OUT) || f->timing || f->step[0] == WG_NONE) continue;
    uint32_t setter = wg_setter_before(p, pair, f->step[0]);
    if (setter == WG_NONE || (b = wg_partner_step(p, pair, 0, setter)) == WG_NONE) continue;
    uint32_t lost = wg_lost_finding(p, pair, setter, b, "setting");
    if (lost != WG_NONE) candidate(out, lost)->weak = true;
  }
}

void wg_causes_find(struct wg_pairing *p, struct wg_causes *out) {
  *out = (struct wg_causes){0};
  size_t n = p->nfindings;
  for (uint32_t i = 0; i < n; i++)
    if (!p->findings[i].hidden && wg_is_symptom(p->findings[i].cls)) explain_symptom(p, i, out);
  for (uint32_t i = 0; i < p->npairs; i++) {
    uint32_t f = wg_first_before(p, i, UINT32_MAX, 2);
    if (f == WG_NONE) continue;
    struct wg_cause c = {.input = WG_NONE};
    struct wg_cause_walk w = {.p = p, .c = &c, .seen = wg_xcalloc(p->npairs + 1, 1)};
    uint32_t root = before_breach(p, &c, wg_explain_finding(&w, f));
    free(w.seen);
    struct wg_cause *to = candidate(out, root == WG_NONE ? f : root);
    if (to->symptoms == 0 && to->nchain == 0 && root != f) {
      c.finding = to->finding;
      c.weak = false;
      *to = c;
    }
    // What was put down to another thread is a candidate of its own, too.
    if (root != f) candidate(out, f)->weak = true;
  }
  uint32_t breach = first_breach(p);
  if (breach != WG_NONE) candidate(out, breach);
  add_setters(p, out);
  for (size_t i = 0; i < out->n; i++) {
    wg_find_input(p, &out->list[i]);
    add_proof(p, &out->list[i]);
  }
  sort(p, out);
}

void wg_causes_release(struct wg_causes *c) {
  free(c->list);
  *c = (struct wg_causes){0};
}
