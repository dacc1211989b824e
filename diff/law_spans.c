// How long timers and waits take where no virtual clock told a trace's times: whatever clock did, it is as many times
// what they were asked to take as most others take.
#include <stdlib.h>

#include "base/vec.h"
#include "diff/law_state.h"

#define SPANS (1u << 16)  // that are kept: the first ones of a trace
#define LEAST_NS 1000000u // of what is shorter no clock tells anything
#define MOST_NS (1ull << 48)
#define ENOUGH 3u // that have ended, and agree

void wg_law_span(struct wg_laws *l, const struct wg_lspan *x) {
  struct wg_law_state *st = l->state;
  bool tells = x->asked_ns >= LEAST_NS && x->asked_ns < MOST_NS && x->took_ns < MOST_NS && x->by.thread != WG_NONE;
  if (st->timed || !tells || st->nspans == SPANS) return;
  WG_VEC_NEXT(st->span, st->nspans);
  st->span[st->nspans++] = *x;
}

static int by_size(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static uint64_t apart(uint64_t a, uint64_t b) { return a > b ? a - b : b - a; }

// How long the clock says that takes.
static uint64_t paced(uint64_t asked_ns, uint64_t pace) { return asked_ns / WG_PACE * pace; }

// The clock's pace; 0: those that have ended do not agree.
static uint64_t pace_of(const struct wg_law_state *st) {
  uint64_t *all = wg_xcalloc(st->nspans + 1u, sizeof *all), pace = 0;
  uint32_t n = 0, agree = 0;
  for (uint32_t i = 0; i < st->nspans; i++)
    if (!st->span[i].open) all[n++] = st->span[i].took_ns / (st->span[i].asked_ns / WG_PACE);
  qsort(all, n, sizeof *all, by_size); // equal ones are equal
  if (n) pace = all[n / 2];
  free(all);
  for (uint32_t i = 0; i < st->nspans; i++) {
    const struct wg_lspan *x = &st->span[i];
    uint64_t due = paced(x->asked_ns, pace);
    agree += !x->open && apart(x->took_ns, due) <= due / 4 + LEAST_NS;
  }
  return agree >= ENOUGH && agree > n / 2 ? pace : 0;
}

void wg_law_spans_end(struct wg_laws *l, struct wg_side *s) {
  const struct wg_law_state *st = l->state;
  uint64_t pace = st->nspans ? pace_of(st) : 0;
  s->pace = st->timed ? WG_PACE : pace;
  const struct wg_lplace *last = NULL;
  for (uint32_t i = 0; pace && i < st->nspans; i++) {
    const struct wg_lspan *x = &st->span[i];
    uint64_t due = paced(x->asked_ns, pace);
    bool late = x->took_ns > 2 * due + WG_LAW_SLACK_NS, early = !x->open && 2 * x->took_ns + WG_LAW_SLACK_NS < due;
    if ((!late && !early) || (last && last->seq == x->by.seq)) continue;
    wg_law_broken(l, x->law, &x->by, x->thread, x->idx);
    last = &x->by;
  }
}
