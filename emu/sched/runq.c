#include "emu/sched/runq.h"

#include <stddef.h>

#include "base/assert.h"
#include "emu/sched/clock.h"
#include "emu/state/archive.h"

void wg_runq_ready(struct wg_runq *q, struct wg_run *r, uint64_t now, bool first) {
  if (r->state == WG_T_EXITED) return;
  r->state = WG_T_READY;
  r->ready_ns = now > r->last_ns ? now : r->last_ns;
  if (r->suspend || r->queued) return;
  int p = r->priority;
  WG_ASSERT(p >= 0 && p < WG_PRIORITIES, "there is a queue for each priority");
  r->next = first ? q->head[p] : NULL;
  r->prev = first ? NULL : q->tail[p];
  r->queued = true;
  if (!first) r->quantum_left = WG_QUANTUM_NS;
  *(r->prev ? &r->prev->next : &q->head[p]) = r;
  *(r->next ? &r->next->prev : &q->tail[p]) = r;
}

void wg_runq_remove(struct wg_runq *q, struct wg_run *r) {
  if (!r->queued) return;
  int p = r->priority;
  WG_ASSERT(r->prev || q->head[p] == r, "a thread leaves the queue that it is in");
  *(r->prev ? &r->prev->next : &q->head[p]) = r->next;
  *(r->next ? &r->next->prev : &q->tail[p]) = r->prev;
  r->queued = false;
}

static int best_ready(const struct wg_runq *q) {
  for (int p = WG_PRIORITIES - 1; p >= 0; p--)
    if (q->head[p]) return p;
  return -1;
}

bool wg_runq_any(const struct wg_runq *q) { return best_ready(q) >= 0; }

bool wg_runq_stays(struct wg_runq *q, unsigned hw, uint8_t irql) {
  struct wg_run *r = q->current;
  if (r == NULL || r->state != WG_T_RUNNING || r->suspend || r->hw != hw) return false;
  int best = best_ready(q);
  if (r->quantum_left == 0 && best < r->priority) r->quantum_left = WG_QUANTUM_NS; // nobody to give way to: another
  return irql >= 2 || best < r->priority || (best == r->priority && r->quantum_left > 0);
}

struct wg_run *wg_runq_next(struct wg_runq *q) {
  int p = best_ready(q);
  struct wg_run *r = p < 0 ? NULL : q->head[p];
  if (r) {
    wg_runq_remove(q, r);
    r->state = WG_T_RUNNING;
  }
  q->current = r;
  return r;
}

void wg_run_state(struct wg_archive *a, struct wg_run *r) {
  r->state = (enum wg_tstate)wg_ar_kind(a, r->state, WG_T_EXITED + 1);
  r->priority = (int)wg_ar_kind(a, (uint32_t)r->priority, WG_PRIORITIES);
  r->hw = wg_ar_kind(a, r->hw, WG_HW_THREADS);
  wg_ar_u32(a, &r->suspend);
  wg_ar_u32(a, &r->affinity);
  wg_ar_u64(a, &r->quantum_left);
  wg_ar_u64(a, &r->last_ns);
  wg_ar_u64(a, &r->ready_ns);
}
