// The walk from a symptom back to what explains it. Private to diff/causes.c and its parts.
#ifndef WG_DIFF_CAUSE_WALK_H
#define WG_DIFF_CAUSE_WALK_H

#include "diff/causes.h"

struct wg_cause_walk {
  struct wg_pairing *p;
  struct wg_cause *c;
  uint8_t *seen; // thread pairs on the way
  bool pending;  // who would end the wait was not there yet when the trace ended
  struct wg_link spare;
};

// -- what a thread did differently (cause_firsts.c) --

bool wg_is_value(const struct wg_finding *f);
bool wg_is_symptom(enum wg_class_id c);
bool wg_is_wait(const struct wg_pairing *p, const struct wg_finding *f); // what a wait gave, but for errors
// All of these give a finding's number, or WG_NONE.
// The first of a pair up to `seq`, of no worse a tier: 0 what tells, 1 chance too, 2 counts too.
uint32_t wg_first_before(const struct wg_pairing *p, uint32_t pair, uint32_t seq, unsigned worst);
uint32_t wg_explains_before(const struct wg_pairing *p, uint32_t pair, uint32_t seq); // tier 0
uint32_t wg_finding_shown(const struct wg_pairing *p, uint32_t pair, uint32_t a_step);
uint32_t wg_own_symptom(const struct wg_pairing *p, uint32_t pair);
// The first value that differs on any other thread before this one: shared memory leaves no other trace.
uint32_t wg_earlier_elsewhere(const struct wg_pairing *p, uint32_t pair, uint32_t seq, bool no_waits);
uint32_t wg_left_elsewhere(const struct wg_pairing *p, uint32_t waiter);
uint32_t wg_seq_at(const struct wg_pairing *p, uint32_t pair, uint32_t a_step); // WG_NONE: of the thread's last event

// -- who ended a wait (cause_signalers.c) --

struct wg_signaler {
  uint32_t thread; // of B, WG_NONE: nobody
  uint32_t step;   // WG_NONE: the thread's end, or no call
  bool exit, event;
  uint32_t object; // that an event signalled; WG_NONE: not known
};

uint32_t wg_wait_end_seq(const struct wg_dthread *t, uint32_t step);
struct wg_signaler wg_signaler_of(const struct wg_side *s, uint32_t thread, uint32_t step);

// -- calls that did not do what they did in the reference (cause_lost.c) --

uint32_t wg_lost_finding(struct wg_pairing *p, uint32_t pair, uint32_t a, uint32_t b, const char *what);
uint32_t wg_lost_call(struct wg_cause_walk *w, uint32_t b_thread, uint32_t b_step, const char *what);
// The reference's last call before a place that has something run or signalled later; `object`: on that alone, WG_NONE:
// on any.
uint32_t wg_deferred(struct wg_cause_walk *w, uint32_t before_seq, uint32_t object);

// -- the walk (cause_walk.c, cause_signals.c) --

struct wg_link *wg_link_add(struct wg_cause_walk *w, enum wg_link_kind kind, uint32_t pair, uint32_t a, uint32_t b);
uint32_t wg_explain_block(struct wg_cause_walk *w, uint32_t pair);
// A thread that never runs: the call that should have let it.
uint32_t wg_explain_start(struct wg_cause_walk *w, uint32_t pair);
uint32_t wg_explain_finding(struct wg_cause_walk *w, uint32_t f);
#define WG_SURELY 200u // events after which a trace that was cut would tell of a wait's end
// A trace that was cut would not tell yet that waits for its end have ended.
bool wg_just_ended(const struct wg_side *s, const struct wg_dthread *t);
// `a_step`: the wait here, in whose place the reference's `b_step` was ended by `by`.
uint32_t wg_explain_signal(struct wg_cause_walk *w, uint32_t waiter, uint32_t a_step, uint32_t b_step,
                           const struct wg_signaler *by);

// -- what a thread had last learned (cause_inputs.c) --

void wg_find_input(struct wg_pairing *p, struct wg_cause *c);

#endif
