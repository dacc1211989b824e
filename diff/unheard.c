// Timers' DPCs that a title has run, and that a file of another engine never tells of: that engine's own threads, on
// which they run, make no call at all.
#include "diff/align.h"

static bool is_engines(const struct wg_dthread *t) { return t->tid == 0 || t->host; }

// The file tells of the engine's threads, and of no call of theirs, nor of one that may be.
static bool is_mute(const struct wg_pairing *p, int side) {
  const struct wg_side *s = p->s[side];
  bool host = s->virtual_clock; // a trace of ours tells of all
  for (uint32_t i = 0; i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    host |= t->host;
    if (t->calls && (is_engines(t) || (!t->created && p->peer[side][i] == WG_NONE))) return false;
  }
  return host;
}

// The reference's first call that has one run, of those that have their like here.
static bool first_setter(const struct wg_pairing *p, uint32_t *pair, uint32_t *step) {
  uint32_t seq = UINT32_MAX;
  for (uint32_t i = 0; i < p->npairs; i++) {
    const struct wg_dthread *b = wg_pair_thread(p, i, 1);
    if (is_engines(b)) continue;
    for (uint32_t k = 0; k < b->nsteps && b->steps[k].seq < seq; k++) {
      if (!wg_dpc_of(p->s[1], wg_content_at(p->s[1], b, k)) || wg_partner_step(p, i, 1, k) == WG_NONE) continue;
      *pair = i;
      *step = k;
      seq = b->steps[k].seq;
    }
  }
  return seq != UINT32_MAX;
}

// Up to where in the reference the thread has come here: its last call that has its like, and is over.
static uint32_t reached(const struct wg_pairing *p, uint32_t pair) {
  const struct wg_dthread *a = wg_pair_thread(p, pair, 0), *b = wg_pair_thread(p, pair, 1);
  for (uint32_t k = (uint32_t)b->nsteps; k-- > 0;) {
    uint32_t here = wg_partner_step(p, pair, 1, k);
    if (here != WG_NONE && (here + 1u < a->nsteps || a->final == WG_EXITED)) return b->steps[k].seq;
  }
  return 0;
}

#define OFTEN 3u // calls of DPCs while the thread that has them run goes on, by when one should have been heard of

void wg_compare_unheard(struct wg_pairing *p) {
  uint32_t pair, step, made = 0;
  if (p->lawful_later || !is_mute(p, 0) || !first_setter(p, &pair, &step)) return;
  uint32_t from = wg_pair_thread(p, pair, 1)->steps[step].seq, until = reached(p, pair);
  for (uint32_t i = 0; i < p->s[1]->nthreads; i++) {
    const struct wg_dthread *b = &p->s[1]->threads[i];
    for (uint32_t k = 0; is_engines(b) && k < b->nsteps; k++)
      made += b->steps[k].seq > from && b->steps[k].seq < until ? b->steps[k].count : 0;
  }
  if (made < OFTEN) return;
  struct wg_finding *f = wg_finding_add(p, WG_D_LOST, pair, wg_partner_step(p, pair, 1, step), step);
  f->seq = wg_pair_thread(p, pair, 0)->steps[f->step[0]].seq;
  f->field = "later";
}
