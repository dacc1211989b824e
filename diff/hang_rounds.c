// The equal rounds that a thread's calls end with.
#include "diff/hang_facts.h"

const struct wg_hcall *wg_facts_call(const struct wg_hthread *t, uint32_t i) {
  if (i >= t->ncalls || i >= WG_HANG_CALLS) return NULL;
  return &t->calls[(t->ncalls - 1 - i) % WG_HANG_CALLS];
}

static bool is_round(const struct wg_hthread *t, uint32_t i, uint32_t period) {
  const struct wg_hcall *a = wg_facts_call(t, i), *b = wg_facts_call(t, i + period);
  return a && b && a->key == b->key;
}

static uint32_t matched_back(const struct wg_hthread *t, uint32_t period) {
  uint32_t n = 0;
  while (is_round(t, n, period)) n++;
  return n;
}

// The period of the rounds is kept as long as they go on; then the one is taken that goes back furthest.
void wg_rounds_push(struct wg_hthread *t) {
  if (t->period && is_round(t, 0, t->period)) {
    t->matched++;
    return;
  }
  t->period = t->matched = 0;
  for (uint32_t p = 1; p <= WG_HANG_PERIOD; p++) {
    uint32_t m = matched_back(t, p);
    if (m <= t->matched) continue;
    t->period = p;
    t->matched = m;
  }
  if (t->period == 0) return;
  const struct wg_hcall *first = wg_facts_call(t, t->matched - 1);
  t->since_seq = first->seq;
  t->since_ns = first->ns;
}

struct wg_rounds wg_rounds_of(const struct wg_hthread *t) {
  struct wg_rounds best = {0};
  uint32_t covered = 0;
  const struct wg_hcall *last = wg_facts_call(t, 0);
  for (uint32_t p = 1; last && p <= WG_HANG_PERIOD; p++) {
    uint32_t m = matched_back(t, p), count = m / p + 1;
    const struct wg_hcall *first = wg_facts_call(t, m ? m - 1 : 0);
    struct wg_rounds r = {p, count, first->seq, last->ns - first->ns};
    if (p == t->period && t->matched >= m)
      r = (struct wg_rounds){p, t->matched / p + 1, t->since_seq, last->ns - t->since_ns};
    if (r.count < 3 || (best.period && r.count * p <= covered)) continue;
    best = r;
    covered = r.count * p;
  }
  return best;
}
