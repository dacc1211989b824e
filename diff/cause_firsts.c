// What a thread did differently, and what of it came first.
#include <stdlib.h>

#include "diff/cause_walk.h"

bool wg_is_value(const struct wg_finding *f) {
  return !f->timing && (f->cls == WG_D_VALUE || f->cls == WG_D_OUT || f->cls == WG_D_EFFECT || f->cls == WG_D_MADE ||
                        f->cls == WG_D_SILENT || f->cls == WG_D_LAW || f->cls == WG_D_LAW_THERE || f->cls == WG_D_FILE);
}
bool wg_is_breach(const struct wg_finding *f) { return f->cls == WG_D_LAW || f->cls == WG_D_LAW_THERE || f->first; }
bool wg_is_symptom(enum wg_class_id c) {
  return c == WG_D_NEVER_RETURNED || c == WG_D_NEVER_STARTED || c == WG_D_EXCEPTION;
}

bool wg_is_symptom_there(enum wg_class_id c) { return c == WG_D_EARLY || c == WG_D_EXCEPTION_THERE; }

// What a thread did differently first, up to `seq`: symptoms, mere counts and who-came-first explain nothing while
// there is anything else.
static unsigned tier_of(const struct wg_finding *f) { return f->cls == WG_D_COUNT ? 2 : f->timing ? 1 : 0; }

// A wait that failed, as none does by chance: what stands before it on its thread, but for values, may only be in
// another order.
static bool failed_wait(const struct wg_pairing *p, const struct wg_finding *f) {
  return f->cls == WG_D_VALUE && f->step[0] != WG_NONE &&
         wg_no_chance(p->s[0], wg_content_at(p->s[0], wg_pair_thread(p, f->pair, 0), f->step[0]));
}

#define CLOSE 3u // calls between a lock that is tried and what is done then

// Whether a lock was free is chance; what the thread does then says less.
static uint32_t tried_before(const struct wg_pairing *p, const struct wg_finding *f) {
  if (wg_is_value(f) || f->step[0] == WG_NONE) return WG_NONE;
  WG_EACH_FINDING(p, f->pair, i) {
    const struct wg_finding *x = &p->findings[i];
    if (!x->timing || x->hidden || x->cls != WG_D_VALUE || x->step[0] == WG_NONE) continue;
    const struct wg_content *c = wg_content_at(p->s[0], wg_pair_thread(p, x->pair, 0), x->step[0]);
    if (wg_content_is(c, WG_NT_LOCK) && x->step[0] < f->step[0] && f->step[0] - x->step[0] <= CLOSE) return i;
  }
  return WG_NONE;
}

uint32_t wg_first_before(const struct wg_pairing *p, uint32_t pair, uint32_t seq, unsigned worst) {
  uint32_t best = WG_NONE, failed = WG_NONE;
  WG_EACH_FINDING(p, pair, i) {
    const struct wg_finding *f = &p->findings[i];
    if (f->hidden || wg_is_symptom(f->cls) || wg_is_symptom_there(f->cls) || f->seq > seq) continue;
    unsigned t = tier_of(f);
    if (t > worst) continue;
    if (failed_wait(p, f) && (failed == WG_NONE || f->seq < p->findings[failed].seq)) failed = i;
    if (best == WG_NONE || t < tier_of(&p->findings[best]) ||
        (t == tier_of(&p->findings[best]) && f->seq < p->findings[best].seq))
      best = i;
  }
  if (failed != WG_NONE && !wg_is_value(&p->findings[best])) return failed;
  uint32_t tried = best == WG_NONE ? WG_NONE : tried_before(p, &p->findings[best]);
  return tried != WG_NONE ? tried : best;
}

uint32_t wg_explains_before(const struct wg_pairing *p, uint32_t pair, uint32_t seq) {
  return wg_first_before(p, pair, seq, 0);
}

uint32_t wg_finding_shown(const struct wg_pairing *p, uint32_t pair, uint32_t a_step) {
  WG_EACH_FINDING(p, pair, i)
  if (p->findings[i].step[0] == a_step && !p->findings[i].hidden) return i;
  return WG_NONE;
}

uint32_t wg_seq_at(const struct wg_pairing *p, uint32_t pair, uint32_t a_step) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  return a_step == WG_NONE ? t->last_seq : t->steps[a_step].seq;
}

uint32_t wg_own_symptom(const struct wg_pairing *p, uint32_t pair) {
  WG_EACH_FINDING(p, pair, i)
  if (wg_is_symptom(p->findings[i].cls) && !p->findings[i].hidden) return i;
  return WG_NONE;
}

// What a wait gave, but for errors.
bool wg_is_wait(const struct wg_pairing *p, const struct wg_finding *f) {
  return f->step[0] != WG_NONE && f->cls == WG_D_VALUE && f->value[0] < 0x80000000u && f->value[1] < 0x80000000u &&
         wg_content_is(wg_content_at(p->s[0], wg_pair_thread(p, f->pair, 0), f->step[0]), WG_NT_WAITS);
}

// -- the earliest of all threads --

// The first value that differs, and the first one on another thread than that; no_waits: leaving out what waits gave.
static void find_earliest(const struct wg_pairing *p, bool no_waits, uint32_t out[2]) {
  out[0] = out[1] = WG_NONE;
  for (uint32_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *x = &p->findings[i];
    if (x->hidden || !wg_is_value(x) || (no_waits && wg_is_wait(p, x))) continue;
    if (out[0] == WG_NONE || x->seq < p->findings[out[0]].seq) {
      if (out[0] != WG_NONE && p->findings[out[0]].pair != x->pair) out[1] = out[0];
      out[0] = i;
    } else if (x->pair != p->findings[out[0]].pair && (out[1] == WG_NONE || x->seq < p->findings[out[1]].seq)) {
      out[1] = i;
    }
  }
}

// Of faults that one trace proves the earlier one can have led to the later: in its own order, whatever shows them.
bool wg_breach_before(const struct wg_pairing *p, uint32_t a, uint32_t b) {
  const struct wg_finding *x = &p->findings[a], *y = &p->findings[b];
  uint32_t qx = x->seq, qy = y->seq;
  if (x->cls == WG_D_LAW_THERE && y->cls == WG_D_LAW_THERE) {
    qx = x->there;
    qy = y->there;
  }
  return qx != qy ? qx < qy : wg_classes[x->cls].rank < wg_classes[y->cls].rank;
}

// A fault of the kernel that its own trace proves.
static uint32_t find_breach(const struct wg_pairing *p) {
  uint32_t best = WG_NONE;
  for (uint32_t i = 0; i < p->nfindings; i++)
    if (wg_is_breach(&p->findings[i]) && !p->findings[i].hidden && (best == WG_NONE || wg_breach_before(p, i, best)))
      best = i;
  return best;
}

void wg_firsts_find(const struct wg_pairing *p, struct wg_firsts *f) {
  *f = (struct wg_firsts){.left = wg_xcalloc(p->npairs + 1, sizeof *f->left)};
  for (int i = 0; i < 2; i++) find_earliest(p, i, f->earliest[i]);
  f->breach = find_breach(p);
  for (uint32_t i = 0; i < p->npairs; i++)
    if (wg_pair_thread(p, i, 0)->final == WG_EXITED && wg_pair_thread(p, i, 1)->final != WG_EXITED)
      f->left[f->nleft++] = i;
}

void wg_firsts_release(struct wg_firsts *f) { free(f->left); }

uint32_t wg_earlier_elsewhere(const struct wg_cause_walk *w, uint32_t pair, uint32_t seq, bool no_waits) {
  const struct wg_finding *all = w->p->findings;
  const uint32_t *first = w->firsts->earliest[no_waits];
  uint32_t i = first[0] != WG_NONE && all[first[0]].pair == pair ? first[1] : first[0];
  if (i == WG_NONE || all[i].seq >= seq) return WG_NONE;
  // What a wait gave the thread learned when it was over.
  const struct wg_finding *f = &all[i];
  bool later = wg_is_wait(w->p, f) && wg_wait_end_seq(wg_pair_thread(w->p, f->pair, 0), f->step[0]) >= seq;
  return later ? WG_NONE : i;
}

uint32_t wg_left_elsewhere(const struct wg_cause_walk *w, uint32_t waiter) {
  const struct wg_pairing *p = w->p;
  uint32_t best = WG_NONE;
  for (size_t k = 0; k < w->firsts->nleft; k++) {
    if (w->firsts->left[k] == waiter) continue;
    WG_EACH_FINDING(p, w->firsts->left[k], i) {
      const struct wg_finding *f = &p->findings[i];
      if (f->hidden || f->timing || f->cls == WG_D_COUNT || wg_is_symptom(f->cls)) continue;
      bool first = best == WG_NONE || f->seq < p->findings[best].seq;
      if (first || (f->seq == p->findings[best].seq && i < best)) best = i;
    }
  }
  return best;
}
