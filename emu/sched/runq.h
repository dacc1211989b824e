// Who runs on a hardware thread: NT's priorities, ready queues and quantum. Knows no threads, only their entries.
//
// Priorities are 0 to 31, the highest first; of equals the one that has been ready longest. A thread keeps its
// processor until a higher one is ready, or an equal one when its quantum is used up. Ownership: a queue owns nothing;
// an entry lies in its thread and is in at most one queue. Times are virtual ns. Errors: none.
#ifndef WG_EMU_RUNQ_H
#define WG_EMU_RUNQ_H

#include <stdbool.h>
#include <stdint.h>

#define WG_HW_THREADS 6 // of the processor: three cores, two each
#define WG_PRIORITIES 32

enum wg_tstate { WG_T_READY, WG_T_RUNNING, WG_T_WAITING, WG_T_EXITED };

// A thread, as far as scheduling goes.
struct wg_run {
  enum wg_tstate state;
  uint32_t suspend; // count
  bool queued;      // in a ready queue
  int priority;     // 0..31
  unsigned hw;      // where it runs
  uint32_t affinity;
  uint64_t quantum_left;
  uint64_t last_ns;  // of its latest event
  uint64_t ready_ns; // when it became ready: it cannot run before that
  struct wg_run *next, *prev;
};

struct wg_runq {
  struct wg_run *current;
  struct wg_run *head[WG_PRIORITIES], *tail[WG_PRIORITIES];
};

// It is ready from `now` on, and queued unless it is suspended; one that has ended stays so.
// The first of its priority keeps what is left of its quantum; the last gets a new one.
void wg_runq_ready(struct wg_runq *q, struct wg_run *r, uint64_t now, bool first);
void wg_runq_remove(struct wg_runq *q, struct wg_run *r); // of its queue, if it is in one
// Does the current one stay? `irql`: of the hardware thread, `hw` its number.
bool wg_runq_stays(struct wg_runq *q, unsigned hw, uint8_t irql);
bool wg_runq_any(const struct wg_runq *q);      // one is ready
struct wg_run *wg_runq_next(struct wg_runq *q); // becomes the current one; NULL if none is ready

struct wg_archive;
void wg_run_state(struct wg_archive *a, struct wg_run *r); // but for its place in a queue

#endif
