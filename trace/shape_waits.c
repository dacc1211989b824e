// Which wait of a thread ends, and which it is still in when the trace ends.
#include <stdlib.h>

#include "base/vec.h"
#include "trace/shape.h"

#define MOST 32u // of a thread, within each other

static void never_ended(struct wg_shape *s, struct wg_shape_thread *t) {
  wg_shelf_close(&s->open_waits, t->waits[--t->nwaits].ticket);
}

void wg_shape_waits_gone(struct wg_shape *s, struct wg_shape_thread *t) {
  while (t->nwaits) never_ended(s, t);
}

static bool is_open(const struct wg_shape_thread *t, uint64_t call) {
  for (uint32_t i = t->nopen; i; i--)
    if (t->open[i - 1].seq == call) return true;
  return false;
}

// A thread waits once at a time, but for an APC's own wait, which is within a further call. Where calls are not told to
// return, that cannot be seen.
void wg_shape_wait_began(struct wg_shape *s, struct wg_shape_thread *t, uint64_t ticket) {
  uint64_t call = wg_shape_call_of(t);
  while (t->nwaits && (!s->returns || t->nwaits == MOST || t->waits[t->nwaits - 1].call == call ||
                       !is_open(t, t->waits[t->nwaits - 1].call)))
    never_ended(s, t);
  WG_VEC_ROOM(t->waits, t->waits_cap, t->nwaits + 1);
  t->waits[t->nwaits++] = (struct wg_shape_waiting){ticket, s->seq, call, t->calls};
}

// The innermost whose call has not returned, or has just done so.
bool wg_shape_wait_over(struct wg_shape *s, struct wg_shape_thread *t, uint64_t *ticket) {
  while (t && t->nwaits) {
    const struct wg_shape_waiting *w = &t->waits[t->nwaits - 1];
    if (!s->returns || w->call == 0 || w->ncalls == t->calls || is_open(t, w->call)) {
      *ticket = w->ticket;
      t->nwaits--;
      return true;
    }
    never_ended(s, t);
  }
  return false;
}

// One without an end whose call returned, or whose thread made another call outside of it, is over.
void wg_shape_waits_end(struct wg_shape *s) {
  for (size_t i = 0; i < s->nthreads; i++) {
    const struct wg_shape_thread *t = &s->threads[i];
    for (uint32_t k = 0; k < t->nwaits; k++) {
      const struct wg_shape_waiting *w = &t->waits[k];
      bool told = w->call && s->returns;
      if (told ? !is_open(t, w->call) : w->ncalls != t->calls) continue;
      int64_t *v = wg_rows_add(s->rows, WG_T_BLOCKED, 3);
      v[0] = t->tid;
      v[1] = (int64_t)w->seq;
    }
  }
}
