// Who signals what by which calls, summed up while signals are read.
#include <stdlib.h>

#include "base/vec.h"
#include "trace/shape.h"

#define MOST_SIGNALS (1u << 16)

struct wg_shape_signals {
  struct wg_shape_signaler by;
  uint64_t times, first_seq, last_seq;
  int64_t first_ns, last_ns;
};

void wg_shape_signals_put(struct wg_shape *s) {
  for (size_t i = 0; i < s->nsignals; i++) {
    const struct wg_shape_signals *x = &s->signals[i];
    int64_t *v =
        wg_rows_add(s->rows, WG_T_SIGNAL_SUM,
                    0x1F2u | (x->by.object >= 0 ? 1u : 0) | (x->by.op >= 0 ? 4u : 0) | (x->by.site >= 0 ? 8u : 0));
    v[0] = x->by.object;
    v[1] = x->by.tid;
    v[2] = x->by.op;
    v[3] = x->by.site;
    v[4] = (int64_t)x->times;
    v[5] = (int64_t)x->first_seq;
    v[6] = (int64_t)x->last_seq;
    v[7] = x->first_ns;
    v[8] = x->last_ns;
  }
  s->nsignals = 0;
  wg_map_release(&s->signals_of);
}

static bool same(const struct wg_shape_signaler *a, const struct wg_shape_signaler *b) {
  return a->object == b->object && a->tid == b->tid && a->op == b->op && a->site == b->site;
}

// Of two with one hash the later one goes on; sums may have several rows.
void wg_shape_signalled(struct wg_shape *s, const struct wg_shape_signaler *by) {
  const int64_t parts[] = {by->object, by->tid, by->op, by->site};
  uint64_t key = wg_hash(parts, sizeof parts, 0), i = 0;
  int64_t ns = (int64_t)s->e->host_ns;
  if (!wg_map_get(&s->signals_of, key, &i) || !same(&s->signals[i].by, by)) {
    if (s->nsignals == MOST_SIGNALS) wg_shape_signals_put(s);
    WG_VEC_NEXT(s->signals, s->nsignals);
    i = s->nsignals++;
    wg_map_put(&s->signals_of, key, i);
    s->signals[i] = (struct wg_shape_signals){.by = *by, .first_seq = s->seq, .first_ns = ns, .last_ns = ns};
  }
  struct wg_shape_signals *x = &s->signals[i];
  x->times++;
  x->last_seq = s->seq;
  if (ns < x->first_ns) x->first_ns = ns;
  if (ns > x->last_ns) x->last_ns = ns;
}
