// The walk from a symptom back to what explains it. Private to diff/causes.c and its parts.
#ifndef WG_DIFF_CAUSE_WALK_H
#define WG_DIFF_CAUSE_WALK_H

#include "diff/causes.h"

// The reason why a symptom is hidden that only shows where the trace ends.
extern const char wg_not_there_yet[];

// What is the same for every walk.
struct wg_firsts {
  uint32_t earliest[2][2]; // findings: the first value, and the first on another thread; [1]: without what waits gave
  uint32_t breach;         // the finding of the first fault of the kernel that its own trace proves, or WG_NONE
  uint32_t *left;          // thread pairs that have ended here, and not in the reference
  size_t nleft;
};

struct wg_cause_walk {
  struct wg_pairing *p;
  struct wg_cause *c;
  const struct wg_firsts *firsts;
  uint32_t *seen, now; // by thread pair: the walk, by number, that came by
  unsigned depth;      // of looking at who else stands
  bool pending;        // who would end the wait was not there yet when the trace ended
  struct wg_link spare;
};

// -- what a thread did differently (cause_firsts.c) --

bool wg_is_value(const struct wg_finding *f);  // the title can see it, and it is no matter of time
bool wg_is_breach(const struct wg_finding *f); // its own trace proves it, or nothing before it differs
// Of two breaches, `a` comes first in the trace that shows them.
bool wg_breach_before(const struct wg_pairing *p, uint32_t a, uint32_t b);
bool wg_is_symptom(enum wg_class_id c);                                  // a thread hangs or stops here
bool wg_is_symptom_there(enum wg_class_id c);                            // the reference is the one that hangs or stops
bool wg_is_wait(const struct wg_pairing *p, const struct wg_finding *f); // what a wait gave, but for errors
// All of these give a finding's number, or WG_NONE.
// The first of a pair up to `seq`, of no worse a tier: 0 what tells, 1 chance too, 2 counts too.
uint32_t wg_first_before(const struct wg_pairing *p, uint32_t pair, uint32_t seq, unsigned worst);
uint32_t wg_explains_before(const struct wg_pairing *p, uint32_t pair, uint32_t seq); // tier 0
uint32_t wg_finding_shown(const struct wg_pairing *p, uint32_t pair, uint32_t a_step);
uint32_t wg_own_symptom(const struct wg_pairing *p, uint32_t pair);
void wg_firsts_find(const struct wg_pairing *p, struct wg_firsts *f);
void wg_firsts_release(struct wg_firsts *f);
// The first value that differs on any other thread before this one: shared memory leaves no other trace.
uint32_t wg_earlier_elsewhere(const struct wg_cause_walk *w, uint32_t pair, uint32_t seq, bool no_waits);
// The first thing that a thread did otherwise that ended before its time: it serves nobody any more.
uint32_t wg_left_elsewhere(const struct wg_cause_walk *w, uint32_t waiter);
uint32_t wg_seq_at(const struct wg_pairing *p, uint32_t pair, uint32_t a_step); // WG_NONE: of the thread's last event

// -- who ended a wait (cause_signalers.c) --

struct wg_signaler {
  uint32_t thread; // of B, WG_NONE: nobody
  uint32_t step;   // WG_NONE: the thread's end, or no call
  bool exit, event;
  uint32_t object; // that an event signalled; WG_NONE: not known
};

// Where a step's wait has ended; where nothing tells of that, where the thread has gone on.
uint32_t wg_wait_end_seq(const struct wg_dthread *t, uint32_t step);
// Who last signalled an object before a place in the trace.
struct wg_signaler wg_last_signal(const struct wg_pairing *p, int side, uint32_t object, uint32_t until);
// What a wait is for, where nothing tells who signals: the call that waits, and its objects.
struct wg_wanted {
  const struct wg_side *s;
  const char *wait;
  const struct wg_dwait *w; // NULL: the object alone is known
  uint32_t object;          // or WG_NONE
};
struct wg_wanted wg_wanted_by(const struct wg_side *s, const struct wg_dthread *t, uint32_t step);
// A thread's last call before a place, and after another, that signals nobody knows what, shortly before it, and may
// signal that; WG_NONE: none. Locks do not count.
uint32_t wg_unnamed_signal(const struct wg_side *s, const struct wg_dthread *t, uint32_t from, uint32_t until,
                           const struct wg_wanted *wanted);
struct wg_signaler wg_signaler_of(const struct wg_pairing *p, int side, uint32_t thread, uint32_t step);

// -- calls that did not do what they did in the reference (cause_lost.c) --

// `what` did not come of the call: a word of the report's, static. These give a finding's number: one that was found
// already, or a new one. The step `a` here, whose like in the reference is `b`.
uint32_t wg_lost_finding(struct wg_pairing *p, uint32_t pair, uint32_t a, uint32_t b, const char *what);
// A step of the reference's thread: its like here, or why there is none. WG_NONE: nobody knows.
uint32_t wg_lost_call(struct wg_cause_walk *w, uint32_t b_thread, uint32_t b_step, const char *what);
// The reference's last call before a place that has something run or signalled later; `object`: on that alone, WG_NONE:
// on any.
uint32_t wg_deferred(struct wg_cause_walk *w, uint32_t before_seq, uint32_t object);
// The same of an APC that came to a thread of the reference: the call that sent it, as far as that can be told.
uint32_t wg_apc_sender(struct wg_cause_walk *w, uint32_t b_thread, uint32_t before_seq);
// What a DPC does on no thread of the title's, a little after a call of another thread that queues one: that call.
uint32_t wg_queued_before(struct wg_cause_walk *w, uint32_t b_thread, uint32_t before_seq);

// -- the walk (cause_walk.c, cause_signals.c) --

// Appends to the chain; the link is the walk's. What is beyond WG_CHAIN is dropped.
struct wg_link *wg_link_add(struct wg_cause_walk *w, enum wg_link_kind kind, uint32_t pair, uint32_t a, uint32_t b);
// These append the links on the way and give the finding that explains it, or WG_NONE. This one: why the pair's
// thread is blocked here, and in the reference is not.
uint32_t wg_explain_block(struct wg_cause_walk *w, uint32_t pair);
// The step in which a thread of A stands as its trace ends: it is blocked there, or its log, which tells no returns,
// has a wait without end as its last line. WG_NONE: it may go on.
uint32_t wg_stands_at(const struct wg_pairing *p, uint32_t pair);
// A thread that never runs: the call that should have let it.
uint32_t wg_explain_start(struct wg_cause_walk *w, uint32_t pair);
uint32_t wg_explain_finding(struct wg_cause_walk *w, uint32_t f);
#define WG_SURELY 200u // events after which a trace that was cut would tell of a wait's end
// A trace that was cut would not tell yet that waits for its end have ended.
bool wg_just_ended(const struct wg_pairing *p, const struct wg_dthread *t); // of A
// Its like here came before the wait that it should end, and in the reference it comes after: it is another one's like.
bool wg_too_early(const struct wg_pairing *p, uint32_t waiter, uint32_t a_step, uint32_t b_step, uint32_t pair,
                  uint32_t here, uint32_t there);
// The like of a step about the same object, where a log does not tell where calls come from: as many as it was about
// that. WG_NONE: there are fewer; `beside`, which stands beside it: it cannot be told so.
bool wg_counts_about(const struct wg_pairing *p, uint32_t pair, int side, uint32_t step, uint64_t *to); // it can be
uint32_t wg_like_about(const struct wg_pairing *p, uint32_t pair, int side, uint32_t step, uint32_t beside);
// The reference's like of a step, or where that stands behind one which has its like, the next such call there.
uint32_t wg_like_after(const struct wg_pairing *p, uint32_t pair, uint32_t a_step);
// `a_step`: the wait here, in whose place the reference's `b_step` was ended by `by`.
uint32_t wg_explain_signal(struct wg_cause_walk *w, uint32_t waiter, uint32_t a_step, uint32_t b_step,
                           const struct wg_signaler *by);

// Who signals an object that several do, and who waits for it, is another one each time: the last signal of the object
// here, behind which nobody went on who waits for it, is the one that was lost, whoever ended that wait in the
// reference. `lost`: the finding that says who that was; it, or another one.
uint32_t wg_last_unfelt(struct wg_pairing *p, uint32_t lost);

// -- what a thread had last learned (cause_inputs.c) --

// Sets c->input.
void wg_find_input(struct wg_pairing *p, struct wg_cause *c);

// -- what else (cause_further.c) --

// Findings that may be behind the best candidate as well, likelier ones first; how many, `max` at most.
size_t wg_causes_further(struct wg_pairing *p, const struct wg_cause *c, uint32_t *found, size_t max);

#endif
