// Who takes locks and gives them back, summed up while calls are read.
#include <stdlib.h>

#include "base/vec.h"
#include "nt/exports.h"
#include "trace/shape.h"

#define MOST_LOCKS (1u << 16)
#define FIRST_ADDRESS 0x10000u // what is below is no address of a lock

struct wg_shape_lock {
  uint32_t tid, lock;
  uint64_t takes, gives, last_taken;
};

void wg_shape_locks_put(struct wg_shape *s) {
  for (size_t i = 0; i < s->nlocks; i++) {
    const struct wg_shape_lock *x = &s->locks[i];
    int64_t *v = wg_rows_add(s->rows, WG_T_LOCK_SUM, x->takes ? 0x1F : 0xF);
    v[0] = x->tid;
    v[1] = x->lock;
    v[2] = (int64_t)x->takes;
    v[3] = (int64_t)x->gives;
    v[4] = (int64_t)x->last_taken;
  }
  s->nlocks = 0;
  wg_map_release(&s->lock_of);
}

static struct wg_shape_lock *lock_sum(struct wg_shape *s, uint32_t tid, uint32_t lock) {
  uint64_t key = (uint64_t)tid << 32 | lock, i;
  if (wg_map_get(&s->lock_of, key, &i)) return &s->locks[i];
  if (s->nlocks == MOST_LOCKS) wg_shape_locks_put(s);
  WG_VEC_NEXT(s->locks, s->nlocks);
  wg_map_put(&s->lock_of, key, s->nlocks);
  s->locks[s->nlocks] = (struct wg_shape_lock){.tid = tid, .lock = lock};
  return &s->locks[s->nlocks++];
}

uint32_t wg_shape_lock_called(struct wg_shape *s, unsigned char does) {
  if (does == WG_SHAPE_NO_LOCK || !wg_shape_has(s, C_ARGS)) return 0;
  const struct wg_field *f = wg_ev_get(s->e, WG_K_ARGS);
  uint32_t lock = f && f->type == WG_F_HEXES && f->n ? (uint32_t)f->v[0] : 0;
  if (lock < FIRST_ADDRESS) return 0;
  struct wg_shape_lock *x = lock_sum(s, s->e->tid, lock);
  if (does == WG_SHAPE_GIVES) x->gives++;
  return does == WG_SHAPE_TAKES ? lock : 0;
}

void wg_shape_lock_taken(struct wg_shape *s, uint32_t lock, uint64_t seq) {
  struct wg_shape_lock *x = lock_sum(s, s->e->tid, lock);
  x->takes++;
  if (seq > x->last_taken) x->last_taken = seq;
}
