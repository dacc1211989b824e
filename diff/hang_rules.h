// One detector for each rule of hang_rules.def: what holds a thread that is missed. Each makes the thread's verdict,
// and judges the threads that it leads to. Private to diff/hang_rules*.c.
#ifndef WG_DIFF_HANG_RULES_H
#define WG_DIFF_HANG_RULES_H

#include "diff/hang_judge.h"

#define WG_HANG_CLASS(id, name, rank, words)
#define WG_HANG_RULE(class, detector) bool wg_hang_##detector(struct wg_judge *j, uint32_t thread);
#include "diff/hang_rules.def"

// -- verdicts (hang_verdicts.c) --

struct wg_verdict *wg_hang_verdict_of(const struct wg_judge *j, uint32_t thread); // NULL: none yet
// Once for a thread: where a walk may come back to one, it asks wg_hang_verdict_of before.
struct wg_verdict *wg_hang_say(struct wg_judge *j, uint32_t thread, enum wg_hang_class_id cls, uint32_t object);
// The next object (from *i on) of a thread's wait that cannot come; WG_NONE: there is no more.
uint32_t wg_hang_next_dead(const struct wg_judge *j, uint32_t thread, uint32_t *i);
// The object that cannot come, or the first that is lacking at all. WG_NONE: nothing is known of the wait.
uint32_t wg_hang_first_dead(const struct wg_judge *j, uint32_t thread);

// A thread that waits for `u`, which is stuck itself (hang_rules.c).
void wg_hang_follow(struct wg_judge *j, uint32_t thread, uint32_t u, uint32_t object, bool signaler);
// The object of a thread's wait that is `u`, or that it owns (hang_rules_owners.c).
uint32_t wg_hang_object_towards(const struct wg_judge *j, uint32_t thread, uint32_t u);

#endif
