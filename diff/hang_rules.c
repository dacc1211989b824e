// The rules of hang_rules.def in their order, and how a verdict is made.
#include "diff/hang_rules.h"

#include "base/vec.h"

const struct wg_hang_class wg_hang_classes[WG_HANG_CLASSES] = {
#define WG_HANG_CLASS(id, name, rank, words) {name, rank, words},
#define WG_HANG_RULE(class, detector)
#include "diff/hang_rules.def"
};

struct wg_verdict *wg_hang_verdict_of(const struct wg_judge *j, uint32_t thread) {
  for (size_t i = 0; i < j->nverdicts; i++)
    if (j->verdicts[i].thread == thread) return &j->verdicts[i];
  return NULL;
}

// Once for a thread: where a walk may come back to one, it asks verdict_of before.
struct wg_verdict *wg_hang_say(struct wg_judge *j, uint32_t thread, enum wg_hang_class_id cls, uint32_t object) {
  WG_VEC_ROOM(j->verdicts, j->cap, j->nverdicts + 1);
  struct wg_verdict *v = &j->verdicts[j->nverdicts++];
  *v = (struct wg_verdict){.cls = cls,
                           .root = true,
                           .thread = thread,
                           .object = object,
                           .signaler = WG_NONE,
                           .owner = WG_NONE,
                           .because = WG_NONE};
  j->seen[thread] = 1;
  return v;
}

uint32_t wg_hang_next_dead(const struct wg_judge *j, uint32_t thread, uint32_t *i) {
  uint32_t o;
  while ((o = wg_judge_lacking(j, thread, i)) != WG_NONE && wg_judge_can_end(j, o, thread)) {
  }
  return o;
}

uint32_t wg_hang_first_dead(const struct wg_judge *j, uint32_t thread) {
  uint32_t i = 0, o = wg_hang_next_dead(j, thread, &i);
  if (o != WG_NONE) return o;
  i = 0;
  return wg_judge_lacking(j, thread, &i);
}

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
