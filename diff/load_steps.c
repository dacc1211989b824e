// The calls of a thread that are open, and the steps that they leave: those that repeat what came before them merge.
#include <string.h>

#include "base/vec.h"
#include "diff/load.h"

#define OPEN 32 // calls of a thread that may be open at once

static void forget_waits(struct wg_dthread *t) {
  while (t->nwaits && t->waits[t->nwaits - 1].step >= t->nsteps) t->nwaits--;
}

// Steps are kept one by one as long as that costs little, for the order in which calls end and give their values tells
// more than their number: so many of a side, and of each of its threads at least so many.
#define KEEP (1u << 17)
// And rounds of up to so many steps are found among those that follow.
#define LONGEST (1u << 16)

// Lets repetitions merge, as far as no call is open. What came before the first that may merge stays as it is.
static void merge_steps(const struct wg_load *l, struct wg_dthread *t, size_t upto) {
  struct wg_builder *b = t->builder;
  if (b->settled == 0) {
    if (upto <= KEEP || l->s->calls <= l->keep) return;
    b->settled = upto;
  }
  b->squares.window = 2 * LONGEST;
  while (b->settled < upto) {
    const struct wg_step *x = &t->steps[b->settled];
    size_t p = wg_squares_push(&b->squares, (uint64_t)x->content << 32 | x->object);
    b->settled++;
    if (p == 0) continue;
    size_t first = b->settled - p;
    for (size_t i = 0; i < p; i++) t->steps[first - p + i].count += t->steps[first + i].count;
    memmove(t->steps + first, t->steps + b->settled, (t->nsteps - b->settled) * sizeof *t->steps);
    t->nsteps -= p;
    upto -= p;
    b->settled = first;
    if (b->settled == t->nsteps) forget_waits(t);
  }
}

void wg_finish(struct wg_load *l, struct wg_dthread *t, const struct wg_open *o, const struct wg_returned *r,
               unsigned flags) {
  if (o->wait && o->wait <= t->nwaits && t->waits[o->wait - 1].timeout_ns >= 0) flags |= WG_C_TIMED;
  bool at_once = o->wait && o->wait <= t->nwaits && t->waits[o->wait - 1].timeout_ns == 0;
  if (o->tries || at_once) flags |= WG_C_TRY;
  if (t->steps) t->steps[o->step].content = wg_content_intern(l->s, o, r, flags);
}

// Of the calls from the bottom up, those that are no longer open may merge.
void wg_settle(const struct wg_load *l, struct wg_dthread *t) {
  struct wg_builder *b = t->builder;
  if (b->nopen == 0) merge_steps(l, t, t->nsteps);
}

// What returns are not told of is closed by what follows.
void wg_close_from(struct wg_load *l, struct wg_dthread *t, unsigned first, unsigned flags) {
  struct wg_builder *b = t->builder;
  static const struct wg_returned unknown;
  while (b->nopen > first) {
    struct wg_open *o = &b->open[--b->nopen];
    if (flags != WG_C_OPEN || first) wg_wait_of_call_over(t, o); // at the trace's end it goes on
    wg_finish(l, t, o, &unknown, flags);
  }
}

// The oldest open call makes room; nobody will tell of its return.
void wg_make_room(struct wg_load *l, struct wg_dthread *t) {
  struct wg_builder *b = t->builder;
  static const struct wg_returned unknown;
  if (b->nopen < b->open_cap) return;
  if (b->open_cap < OPEN) {
    b->open_cap = b->open_cap ? b->open_cap * 2 : 1;
    WG_VEC_MOVE(b->open, b->open_cap);
    return;
  }
  // In a log without returns all of them have returned by now.
  unsigned first = t->knows_returns ? 1 : b->nopen;
  for (unsigned i = 0; i < first; i++) wg_finish(l, t, &b->open[i], &unknown, 0);
  memmove(b->open, b->open + first, (b->nopen - first) * sizeof *b->open);
  b->nopen -= first;
  wg_settle(l, t);
}

// What an event shows of the innermost call of its thread.
void wg_effect(struct wg_side *s, struct wg_dthread *t, unsigned what) {
  struct wg_builder *b = t->builder;
  s->effects |= what;
  if (b->nopen == 0) return;
  struct wg_open *o = &b->open[b->nopen - 1];
  if ((what & WG_DID_SIGNAL) && (o->effects & WG_DID_SIGNAL)) what |= WG_DID_SIGNALS;
  o->effects |= what;
}
