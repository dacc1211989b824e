#include "trace/tids.h"

#include "trace/importers.h"

enum wg_tid_is wg_tids_see(struct wg_tids *t, uint32_t tid) {
  uint64_t unused;
  uint32_t *recent = &t->recent[tid % WG_TIDS_RECENT];
  if (*recent == tid && tid) return WG_TID_KNOWN;
  bool known = wg_map_get(&t->known, tid, &unused);
  if (!known && wg_map_count(&t->known) == WG_MOST_THREADS) return WG_TID_TOO_MANY;
  if (!known) wg_map_put(&t->known, tid, 1);
  *recent = tid;
  return known ? WG_TID_KNOWN : WG_TID_NEW;
}

unsigned wg_tids_of(const struct wg_event *e, uint32_t tids[2]) {
  uint64_t child;
  tids[0] = e->tid;
  if (e->kind != WG_EV_THREAD_CREATE || !wg_ev_u64(e, WG_K_CHILD, &child)) return 1;
  tids[1] = (uint32_t)child;
  return 2;
}

void wg_tids_release(struct wg_tids *t) { wg_map_release(&t->known); }
