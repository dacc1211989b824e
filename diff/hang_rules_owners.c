// Joins and locks: who is waited for is certain.
#include <stdlib.h>

#include "diff/hang_rules.h"

struct walk {
  const struct wg_judge *j;
  uint32_t target, *members, n, room;
  uint8_t *on_path;
};

static bool walk_circle(struct walk *w, uint32_t thread) {
  uint32_t i = 0, o;
  if (w->n == w->room) return false;
  w->members[w->n++] = thread;
  w->on_path[thread] = 1;
  while ((o = wg_judge_lacking(w->j, thread, &i)) != WG_NONE) {
    uint32_t u = wg_judge_needs(w->j, o, thread);
    if (u == WG_NONE) continue;
    if (u == w->target) return true;
    if (!w->on_path[u] && w->j->m[u].stuck && !w->j->f.threads[u].suspends && walk_circle(w, u)) return true;
  }
  w->n--;
  return false;
}

bool wg_judge_circle(const struct wg_judge *j, uint32_t thread, uint32_t *members, uint32_t *n) {
  struct walk w = {j, thread, members, 0, *n, wg_xcalloc(j->f.side.nthreads + 1, 1)};
  bool found = walk_circle(&w, thread);
  free(w.on_path);
  *n = found ? w.n : 0;
  return found;
}

uint32_t wg_hang_object_towards(const struct wg_judge *j, uint32_t thread, uint32_t u) {
  uint32_t i = 0, o;
  while ((o = wg_judge_lacking(j, thread, &i)) != WG_NONE)
    if (wg_judge_needs(j, o, thread) == u) return o;
  return WG_NONE;
}

bool wg_hang_owned_circle(struct wg_judge *j, uint32_t thread) {
  uint32_t members[64], n = 64;
  if (!wg_judge_circle(j, thread, members, &n)) return false;
  uint32_t next = members[n > 1 ? 1 : 0], o = wg_hang_object_towards(j, thread, next);
  struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_CIRCULAR, o);
  if (wg_judge_is_lock(j, o)) v->owner = next;
  bool lock = wg_judge_is_lock(j, o);
  if (n == 1) wg_buf_str(&v->why, lock ? "it holds that itself" : "it waits for its own end");
  if (n > 1) wg_buf_printf(&v->why, "thread %u %swaits for ", tid(j, members[1]), lock ? "holds it and " : "");
  for (uint32_t i = 2; i < n; i++) wg_buf_printf(&v->why, "thread %u, which waits for ", tid(j, members[i]));
  if (n > 1) wg_buf_printf(&v->why, "thread %u", tid(j, thread));
  for (uint32_t i = 1; i < n; i++) wg_judge_thread(j, members[i]);
  return true;
}

bool wg_hang_owner_ended(struct wg_judge *j, uint32_t thread) {
  uint32_t i = 0, o;
  while ((o = wg_hang_next_dead(j, thread, &i)) != WG_NONE) {
    uint32_t u = wg_judge_needs(j, o, thread);
    if (u == WG_NONE || !at(j, u)->exited) continue;
    struct wg_verdict *v = wg_hang_say(j, thread, WG_HANG_ABANDONED, o);
    v->owner = u;
    const struct wg_htouch *h = wg_facts_touch(&j->f, o, u);
    wg_buf_printf(&v->why, "thread %u took it", tid(j, u));
    if (h) wg_hang_put_event(j, u, h->held_idx, &v->why);
    wg_buf_str(&v->why, " and ended without giving it back");
    return true;
  }
  return false;
}

bool wg_hang_owner_stuck(struct wg_judge *j, uint32_t thread) {
  uint32_t i = 0, o, u = WG_NONE, first = WG_NONE, first_o = WG_NONE;
  while ((o = wg_hang_next_dead(j, thread, &i)) != WG_NONE) {
    u = wg_judge_needs(j, o, thread);
    if (u == WG_NONE) continue;
    wg_judge_thread(j, u);
    if (first != WG_NONE) continue;
    first = u;
    first_o = o;
  }
  if (first == WG_NONE) return false;
  wg_hang_follow(j, thread, first, first_o, false);
  return true;
}
