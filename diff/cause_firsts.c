// What a thread did differently, and what of it came first.
#include "diff/cause_walk.h"

bool wg_is_value(const struct wg_finding *f) {
  return !f->timing && (f->cls == WG_D_VALUE || f->cls == WG_D_OUT || f->cls == WG_D_EFFECT || f->cls == WG_D_MADE ||
                        f->cls == WG_D_SILENT || f->cls == WG_D_LAW || f->cls == WG_D_FILE);
}
bool wg_is_symptom(enum wg_class_id c) {
  return c == WG_D_NEVER_RETURNED || c == WG_D_NEVER_STARTED || c == WG_D_EXCEPTION;
}

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
  for (uint32_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *x = &p->findings[i];
    if (x->pair != f->pair || !x->timing || x->hidden || x->cls != WG_D_VALUE || x->step[0] == WG_NONE) continue;
    const struct wg_content *c = wg_content_at(p->s[0], wg_pair_thread(p, x->pair, 0), x->step[0]);
    if (wg_content_is(c, WG_NT_LOCK) && x->step[0] < f->step[0] && f->step[0] - x->step[0] <= CLOSE) return i;
  }
  return WG_NONE;
}

uint32_t wg_first_before(const struct wg_pairing *p, uint32_t pair, uint32_t seq, unsigned worst) {
  uint32_t best = WG_NONE, failed = WG_NONE;
  for (uint32_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *f = &p->findings[i];
    if (f->pair != pair || f->hidden || wg_is_symptom(f->cls) || f->cls == WG_D_EARLY || f->seq > seq) continue;
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
  for (uint32_t i = 0; i < p->nfindings; i++)
    if (p->findings[i].pair == pair && p->findings[i].step[0] == a_step && !p->findings[i].hidden) return i;
  return WG_NONE;
}

uint32_t wg_seq_at(const struct wg_pairing *p, uint32_t pair, uint32_t a_step) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  return a_step == WG_NONE ? t->last_seq : t->steps[a_step].seq;
}

uint32_t wg_own_symptom(const struct wg_pairing *p, uint32_t pair) {
  for (uint32_t i = 0; i < p->nfindings; i++)
    if (p->findings[i].pair == pair && wg_is_symptom(p->findings[i].cls) && !p->findings[i].hidden) return i;
  return WG_NONE;
}

// A thread that ended before its time serves nobody any more.
uint32_t wg_left_elsewhere(const struct wg_pairing *p, uint32_t waiter) {
  uint32_t best = WG_NONE;
  for (uint32_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *f = &p->findings[i];
    if (f->hidden || f->timing || f->pair == waiter || f->cls == WG_D_COUNT || wg_is_symptom(f->cls)) continue;
    if (wg_pair_thread(p, f->pair, 0)->final != WG_EXITED || wg_pair_thread(p, f->pair, 1)->final == WG_EXITED)
      continue;
    if (best == WG_NONE || f->seq < p->findings[best].seq) best = i;
  }
  return best;
}

// What a wait gave, but for errors.
bool wg_is_wait(const struct wg_pairing *p, const struct wg_finding *f) {
  return f->step[0] != WG_NONE && f->cls == WG_D_VALUE && f->value[0] < 0x80000000u && f->value[1] < 0x80000000u &&
         wg_content_is(wg_content_at(p->s[0], wg_pair_thread(p, f->pair, 0), f->step[0]), WG_NT_WAITS);
}

// The first value that differs on any other thread before this one: shared memory leaves no other trace.
uint32_t wg_earlier_elsewhere(const struct wg_pairing *p, uint32_t pair, uint32_t seq, bool no_waits) {
  uint32_t best = WG_NONE;
  for (uint32_t i = 0; i < p->nfindings; i++) {
    const struct wg_finding *x = &p->findings[i];
    if (x->hidden || x->pair == pair || !wg_is_value(x) || x->seq >= seq || (no_waits && wg_is_wait(p, x))) continue;
    if (best == WG_NONE || x->seq < p->findings[best].seq) best = i;
  }
  return best;
}
