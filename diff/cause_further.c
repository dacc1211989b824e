// What else may be behind the best candidate, where a trace does not tell what calls gave or whom signals reach.
#include <string.h>

#include "diff/calls.h"
#include "diff/cause_walk.h"

#define REACH 40u // calls before the place

struct further {
  struct wg_pairing *p;
  uint32_t *found;
  size_t n, max;
};

static void add(struct further *x, uint32_t pair, uint32_t step, const char *what) {
  if (x->n == x->max) return;
  uint32_t f = wg_lost_finding(x->p, pair, step, wg_partner_step(x->p, pair, 0, step), what);
  for (size_t i = 0; i < x->n; i++)
    if (x->found[i] == f) return;
  if (f != WG_NONE) x->found[x->n++] = f;
}

// The calls of other kinds than the one that is named from which the thread learned something before it parts.
static void add_inputs(struct further *x, uint32_t pair, uint32_t input, uint32_t parts) {
  const struct wg_pairing *p = x->p;
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  uint64_t known[2] = {wg_known_of(p, 0, wg_content_at(p->s[0], t, input))->hash, 0};
  for (uint32_t i = parts, n = 0, looked = 0; i-- > 0 && n < 2 && looked < REACH; looked++) {
    uint64_t kind = wg_known_of(p, 0, wg_content_at(p->s[0], t, i))->hash;
    if (kind == known[0] || kind == known[1] || !wg_may_have_told(p, pair, i)) continue;
    add(x, pair, i, "input");
    known[1] = kind;
    n++;
  }
}

// The last calls of other threads that signal what a wait is for, and the call that made it.
static void add_about(struct further *x, uint32_t pair, uint32_t object) {
  const struct wg_pairing *p = x->p;
  for (uint32_t k = 0; k < p->npairs; k++) {
    const struct wg_dthread *t = wg_pair_thread(p, k, 0);
    uint32_t i = k == pair || t->host ? 0 : (uint32_t)t->nsteps;
    while (i > 0 &&
           (t->steps[i - 1].object != object || !wg_content_is(wg_content_at(p->s[0], t, i - 1), WG_NT_SIGNALS)))
      i--;
    if (i > 0) add(x, k, i - 1, "other");
  }
  const struct wg_dobject *o = &p->s[0]->objects[object];
  uint32_t by = o->thread != WG_NONE && o->step != WG_NONE ? p->peer[0][o->thread] : WG_NONE;
  if (by != WG_NONE && o->is_thread == WG_NONE && o->step < wg_pair_thread(p, by, 0)->nsteps)
    add(x, by, o->step, "made");
}

// The step of a wait that a candidate is about; WG_NONE: it is about something else.
static uint32_t wait_asked(const struct wg_pairing *p, const struct wg_cause *c) {
  const struct wg_finding *f = &p->findings[c->finding];
  uint32_t step = f->cls == WG_D_NEVER_RETURNED || wg_is_wait(p, f) ? f->step[0] : c->input;
  if (step == WG_NONE || step >= wg_pair_thread(p, f->pair, 0)->nsteps) return WG_NONE;
  return wg_content_is(wg_content_at(p->s[0], wg_pair_thread(p, f->pair, 0), step), WG_NT_WAITS) ? step : WG_NONE;
}

size_t wg_causes_further(struct wg_pairing *p, const struct wg_cause *c, uint32_t *found, size_t max) {
  struct further x = {p, found, 0, max};
  const struct wg_finding f = p->findings[c->finding];
  uint32_t wait = wait_asked(p, c);
  if (p->lawful || f.cls == WG_D_LAW || f.cls == WG_D_LAW_THERE) return 0;
  uint32_t object = wait == WG_NONE ? WG_NONE : wg_waited_by(p->s[0], wg_pair_thread(p, f.pair, 0), wait);
  if (f.cls == WG_D_LOST && strcmp(f.field, "signal") == 0 && f.step[0] != WG_NONE)
    object = wg_pair_thread(p, f.pair, 0)->steps[f.step[0]].object;
  if (object != WG_NONE) add_about(&x, f.pair, object);
  uint32_t parts = f.step[0] != WG_NONE ? f.step[0] : (uint32_t)wg_pair_thread(p, f.pair, 0)->nsteps;
  if (c->input != WG_NONE && !wg_is_value(&f)) add_inputs(&x, f.pair, c->input, parts);
  return x.n;
}
