// The rules of hang_rules.def in their order, and what a rule says of a thread that waits for another.
#include "diff/hang_rules.h"

void wg_hang_follow(struct wg_judge *j, uint32_t thread, uint32_t u, uint32_t object, bool signaler) {
  wg_judge_thread(j, u);
  if (wg_hang_verdict_of(j, thread)) return; // as one of a circle
  struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_WAITS, object);
  v->root = false;
  v->because = u;
  if (signaler)
    v->signaler = u;
  else if (wg_judge_is_lock(j, object))
    v->owner = u;
  wg_buf_printf(&v->why, "thread %u %sis stuck itself", tid(j, u),
                signaler                      ? "should signal it, and "
                : wg_judge_is_lock(j, object) ? "holds it, and "
                                              : "");
}

void wg_judge_thread(struct wg_judge *j, uint32_t thread) {
  static bool (*const rules[])(struct wg_judge *, uint32_t) = {
#define WG_HANG_CLASS(id, name, rank, words)
#define WG_HANG_RULE(class, detector) wg_hang_##detector,
#include "diff/hang_rules.def"
  };
  if (j->seen[thread]) return;
  j->seen[thread] = 1;
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if (rules[i](j, thread)) return;
}
