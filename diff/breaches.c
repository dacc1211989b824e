// What one trace alone shows of its kernel's faults (diff/laws.h), as findings.
#include <string.h>

#include "diff/laws.h"
#include "diff/pair.h"

#define BREACHES 16 // findings that are made of them: the first ones tell

// The reference breaks the same law with the same call: its kernel is so, or its title changes objects by itself.
static bool usual(const struct wg_pairing *p, const struct wg_breach *x, const struct wg_laws *b) {
  const char *name = wg_str(p->s[0], x->name);
  for (size_t i = 0; i < b->n; i++)
    if (b->list[i].law == x->law && strcmp(wg_str(p->s[1], b->list[i].name), name) == 0) return true;
  return false;
}

// False: the thread has no like, so that there is nobody to tell of.
static bool add(struct wg_pairing *p, const struct wg_breach *x) {
  uint32_t pair = p->peer[0][x->thread], seen = p->peer[0][x->seen_thread];
  if (pair == WG_NONE) return false;
  uint32_t step = wg_step_at(wg_pair_thread(p, pair, 0), x->idx);
  if (step == WG_NONE || wg_finding_at(p, pair, step, WG_D_LAW)) return false;
  struct wg_finding *f = wg_finding_add(p, WG_D_LAW, pair, step, wg_partner_step(p, pair, 0, step));
  f->field = wg_law_texts[x->law].field;
  f->arg = x->law;
  f->seq = x->seq;
  if (seen == WG_NONE) return true;
  uint32_t at = wg_step_at(wg_pair_thread(p, seen, 0), x->seen_idx);
  if (at == WG_NONE || (seen == pair && at == step)) return true;
  f->shows[0] = seen;
  f->shows[1] = at;
  return true;
}

// From where on a trace without an end may lack what a thread did: its writer was killed, and what some threads last
// told had not reached the file. A thread that tells nothing for more than a quarter of the trace just waits.
static uint32_t whole_until(const struct wg_side *s) {
  uint32_t until = UINT32_MAX;
  for (size_t i = 0; !s->complete && i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    if (!t->exited && t->last_seq >= s->events / 4 * 3 && t->last_seq < until) until = t->last_seq;
  }
  return until;
}

// Where it shows, which may be much later than the call.
static uint32_t shown_at(const struct wg_side *s, const struct wg_breach *x) {
  const struct wg_dthread *t = &s->threads[x->seen_thread];
  uint32_t step = wg_step_at(t, x->seen_idx), seq = step == WG_NONE ? x->seq : t->steps[step].seq;
  return seq > x->seq ? seq : x->seq;
}

void wg_add_breaches(struct wg_pairing *p, const struct wg_laws *a, const struct wg_laws *b) {
  unsigned n = 0;
  p->lawful = a->held;
  p->exact = a->held && b->held;
  uint32_t until = whole_until(p->s[0]);
  bool dpcs = a->tells_dpcs || b->tells_dpcs; // else nobody tells of any
  for (size_t i = 0; i < a->n && n < BREACHES; i++) {
    uint32_t at = shown_at(p->s[0], &a->list[i]);
    // A list may be made anew without a call: the reference would show it.
    bool list = a->list[i].law == WG_LAW_LOST || a->list[i].law == WG_LAW_LIST;
    if (list && !a->held && !p->s[1]->has_returns) continue;
    bool told = at < until || !wg_may_be_torn(p->s[0], at);
    if ((dpcs || a->list[i].law != WG_LAW_DPC) && told && !usual(p, &a->list[i], b)) n += add(p, &a->list[i]);
  }
}
