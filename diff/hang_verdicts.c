// The verdicts: their classes, the list of them, and what a thread's wait lacks.
#include "base/vec.h"
#include "diff/hang_rules.h"

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
