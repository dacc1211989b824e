// What one trace alone shows of its kernel's faults (diff/laws.h), as findings.
#include <string.h>

#include "diff/laws.h"
#include "diff/pair.h"

#define BREACHES 16 // findings that are made of them: the first ones tell

// The other side breaks the same law with the same call: its kernel is so, or its title changes objects by itself.
static bool usual(const struct wg_pairing *p, int side, const struct wg_breach *x, const struct wg_laws *other) {
  const char *name = wg_str(p->s[side], x->name);
  for (size_t i = 0; i < other->n; i++)
    if (other->list[i].law == x->law && strcmp(wg_str(p->s[!side], other->list[i].name), name) == 0) return true;
  return false;
}

// False: the thread has no like, so that there is nobody to tell of.
static bool tell_breach(struct wg_pairing *p, const struct wg_breach *x) {
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

// When a step of the reference would have been here: with its like, or behind the last one before it that has one.
static uint32_t when_here(const struct wg_pairing *p, uint32_t pair, uint32_t step) {
  const struct wg_dthread *t = wg_pair_thread(p, pair, 0);
  for (uint32_t i = step + 1; i-- > 0;) {
    uint32_t here = wg_partner_step(p, pair, 1, i);
    if (here != WG_NONE) return t->steps[here].seq + (i != step);
  }
  return t->nsteps ? t->steps[0].seq : t->last_seq;
}

static bool is_told_there(const struct wg_pairing *p, uint32_t pair, uint32_t step) {
  WG_EACH_FINDING(p, pair, i)
  if (p->findings[i].cls == WG_D_LAW_THERE && p->findings[i].step[1] == step) return true;
  return false;
}

// False: the thread has no like, or one is told of that call already.
static bool add_there(struct wg_pairing *p, const struct wg_breach *x) {
  uint32_t pair = p->peer[1][x->thread];
  if (pair == WG_NONE) return false;
  uint32_t step = wg_step_at(wg_pair_thread(p, pair, 1), x->idx);
  if (step == WG_NONE || is_told_there(p, pair, step)) return false;
  struct wg_finding *f = wg_finding_add(p, WG_D_LAW_THERE, pair, wg_partner_step(p, pair, 1, step), step);
  f->field = wg_law_texts[x->law].field;
  f->arg = x->law;
  f->seq = when_here(p, pair, step);
  f->there = x->seq;
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

// Which breaches of one side the other one does not have.
static bool told(const struct wg_pairing *p, const struct wg_laws *l[2], int side, size_t i, uint32_t until) {
  const struct wg_breach *x = &l[side]->list[i];
  bool dpcs = l[0]->tells_dpcs || l[1]->tells_dpcs, apcs = l[0]->tells_apcs || l[1]->tells_apcs; // else nobody does
  uint32_t at = shown_at(p->s[side], x);
  // A list may be made anew without a call: the other side would show it.
  bool list = x->law == WG_LAW_LOST || x->law == WG_LAW_LIST;
  if (list && !l[side]->held && !p->s[!side]->has_returns) return false;
  if (x->law == WG_LAW_RAISES && !l[!side]->held) return false; // a name for a debugger is told so, too
  if ((!dpcs && x->law == WG_LAW_DPC) || (!apcs && x->law == WG_LAW_TIMER_APC)) return false;
  return (at < until || !wg_may_be_torn(p->s[side], at)) && !usual(p, side, x, l[!side]);
}

void wg_add_breaches(struct wg_pairing *p, const struct wg_laws *a, const struct wg_laws *b) {
  const struct wg_laws *l[2] = {a, b};
  unsigned n = 0;
  p->lawful = a->held;
  p->lawful_later = a->held && (a->tells_dpcs || b->tells_dpcs);
  p->exact = a->held && b->held;
  uint32_t until[2] = {whole_until(p->s[0]), whole_until(p->s[1])};
  for (size_t i = 0; i < a->n && n < BREACHES; i++)
    if (told(p, l, 0, i, until[0])) n += tell_breach(p, &a->list[i]);
  // Where this side's kernel does what it must, the other one's may be the one that does not.
  for (size_t i = 0, there = 0; i < b->n && n == 0 && there < BREACHES; i++)
    if (told(p, l, 1, i, until[1])) there += add_there(p, &b->list[i]);
}
