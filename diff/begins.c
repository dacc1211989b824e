// A text log that begins in the middle of a run, as a tail of one does: its first call is of a thread that nobody
// announced, and the other side makes many calls before the like of it.
#include "diff/align.h"

#define MANY 16u // calls

static const struct wg_dthread *first_caller(const struct wg_side *s) {
  const struct wg_dthread *first = NULL;
  for (size_t i = 0; i < s->nthreads; i++)
    if (s->threads[i].nsteps && (first == NULL || s->threads[i].steps[0].seq < first->steps[0].seq))
      first = &s->threads[i];
  return first;
}

// Calls of the other side's thread before the first one that has its like, those alone that chance does not have made.
static uint64_t calls_before_like(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side) {
  const struct wg_leaves *l = &tp->side[side];
  uint64_t n = 0;
  for (size_t i = 0; i < l->n && l->partner[i] == WG_NONE; i++)
    if (wg_weight_of(p, side, wg_leaf_content(l, i)) == WG_HARD) n += wg_leaf_at(l, i).count;
  return n;
}

const struct wg_dthread *wg_begins_late(const struct wg_pairing *p, int side, uint64_t *before) {
  const struct wg_side *s = p->s[side];
  const struct wg_dthread *t = s->text_log ? first_caller(s) : NULL;
  if (t == NULL || t->created || t->started || t->calls < MANY) return NULL;
  uint32_t pair = p->peer[side][t - s->threads];
  *before = pair == WG_NONE ? 0 : calls_before_like(p, &p->pairs[pair], !side);
  return pair == WG_NONE || *before >= MANY ? t : NULL;
}
