// Between the parts of the alignment: which calls stand beside one another (align.c, partner.c), what their rounds give
// (rounds.c), what polls give (polls.c), and the list of what differs (findings.c). Private.
#ifndef WG_DIFF_ALIGN_H
#define WG_DIFF_ALIGN_H

#include "diff/pair.h"

static inline struct wg_dthread *wg_thread_of(const struct wg_pairing *p, const struct wg_thread_pair *tp, int side) {
  return &p->s[side]->threads[tp->t[side]];
}

// These leaves of one side are further rounds of what came before them.
bool wg_another_round(const struct wg_leaves *l, size_t from, size_t to);
// Puts the calls of two threads beside one another.
void wg_align_pair(const struct wg_pairing *p, struct wg_thread_pair *tp);

// Calls visit with each pair of occurrences that stand beside one another, once for each different pair in a row.
bool wg_each_occurrence(struct wg_pairing *p, uint32_t pair, size_t i, size_t j,
                        bool (*visit)(struct wg_pairing *, uint32_t, uint32_t, uint32_t));
// What aligned calls give, how often they are repeated, and what stands alone, as findings.
void wg_compare_rounds(struct wg_pairing *p, uint32_t pair);
// Polls and queries: by the values that a call site gives, whatever their number.
void wg_compare_polls(struct wg_pairing *p, uint32_t pair);
// DPCs of the reference's that are never heard of in the file of an engine that would tell (unheard.c).
void wg_compare_unheard(struct wg_pairing *p);
// Calls that are about nothing here, and never in the reference (nothing.c).
void wg_compare_nothing(struct wg_pairing *p);
// The thread of a log's first call, if the log begins in the middle of a run; NULL: it does not. *before: calls that
// the other side makes before it has the like of that thread's, 0: its like is not known (begins.c).
const struct wg_dthread *wg_begins_late(const struct wg_pairing *p, int side, uint64_t *before);
// Waits that nothing let go on (excess.c).
void wg_compare_excess(struct wg_pairing *p);
void wg_add_delta(struct wg_pairing *p, uint32_t pair, uint32_t sa, uint32_t sb, const struct wg_delta *d);

#endif
