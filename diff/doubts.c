// Where nothing is left but what chance may explain: a call that a title makes for its effect, and that both sides,
// whole and at their end, have not made as often in all. A schedule seldom does that; a kernel that loses or doubles
// something does.
#include <string.h>

#include "diff/report.h"
#include "diff/tally.h"

static uint64_t kind_of_call(const struct wg_pairing *p, int side, uint32_t content) {
  return wg_known_of(p, side, &p->s[side]->contents[content])->hash;
}

// Nobody waits, asks or tries by it, and no lock is taken: those are made as often as chance has it.
static bool is_deed(const struct wg_pairing *p, int side, uint32_t content) {
  const struct wg_content *c = &p->s[side]->contents[content];
  const unsigned others = WG_NT_WAITS | WG_NT_LOCK | WG_NT_UNLOCK | WG_NT_QUERY | WG_NT_TIME;
  bool prints = wg_content_is(c, WG_NT_CONSEQUENCE) && strstr(wg_str(p->s[side], c->name), "Print");
  return wg_nt_of(c) && wg_weight_of(p, side, content) == WG_HARD && (prints || !wg_content_is(c, others));
}

// How often all threads make a call of a kind.
static void count(struct wg_tally *t, const struct wg_pairing *p, int side) {
  for (size_t i = 0; i < p->s[side]->nthreads; i++)
    for (size_t k = 0; k < p->s[side]->threads[i].nsteps; k++) {
      const struct wg_step *x = &p->s[side]->threads[i].steps[k];
      if (is_deed(p, side, x->content)) wg_tally_add(t, kind_of_call(p, side, x->content), side, x->count);
    }
}

// Some thread of a title runs on, or may have been cut.
static bool any_open(const struct wg_pairing *p) {
  for (uint32_t i = 0; i < p->npairs; i++) {
    const struct wg_dthread *t = wg_pair_thread(p, i, 0);
    if (t->tid && !t->host && (p->pairs[i].open[0] || p->pairs[i].open[1])) return true;
  }
  return false;
}

static bool is_path(enum wg_class_id c) {
  return c == WG_D_CALL || c == WG_D_MISSING || c == WG_D_EXTRA || c == WG_D_ENDED || c == WG_D_COUNT;
}

// What a finding is about is a deed that is not done as often.
static bool is_of(const struct wg_pairing *p, const struct wg_finding *f, const struct wg_tally *t) {
  int side = f->step[0] == WG_NONE;
  if (f->step[side] == WG_NONE) return false;
  uint32_t content = wg_pair_thread(p, f->pair, side)->steps[f->step[side]].content;
  return is_deed(p, side, content) && !wg_tally_equal(t, kind_of_call(p, side, content));
}

uint32_t wg_doubt(const struct wg_pairing *p) {
  struct wg_tally t = {.n = 0};
  uint32_t best = WG_NONE, other = WG_NONE;
  bool differs = false;
  if (any_open(p)) return WG_NONE;
  for (int side = 0; side < 2; side++) count(&t, p, side);
  for (size_t i = 0; i < t.n; i++) differs |= t.list[i].n[0] != t.list[i].n[1];
  for (uint32_t i = 0; differs && i < p->nfindings; i++) {
    const struct wg_finding *f = &p->findings[i];
    if (!f->hidden || f->seen.len || !is_path(f->cls)) continue;
    uint32_t *x = is_of(p, f, &t) ? &best : &other;
    if (*x == WG_NONE || f->seq < p->findings[*x].seq) *x = i;
  }
  wg_tally_release(&t);
  return best != WG_NONE ? best : other;
}
