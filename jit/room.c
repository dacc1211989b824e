// How far it is to the next check.
//
// What limits a turn, and how many decisions a trail holds, is looked at where a way goes back, where a call returns
// to and where the region is entered, for all that comes before the next of these places: code between them only
// counts. Where there is not enough left for that, the interpreter goes on, which looks at each branch.
#include "jit/build.h"

// A check before there is more than that: what is left of a word or of a turn is the interpreter's.
#define MOST_DECISIONS 24u
#define MOST_OPS 80u

static void most(struct wg_jit_room *r, const struct wg_jit_build *u, uint16_t insn) {
  if (insn == WG_JIT_NOWHERE) return;
  const struct wg_jit_room *to = &u->room[insn];
  if (to->checked) return;
  if (to->decisions > r->decisions) r->decisions = to->decisions;
  if (to->ops > r->ops) r->ops = to->ops;
}

static void find(struct wg_jit_build *u, unsigned k) {
  const struct wg_jit_insn *i = &u->insns[k];
  struct wg_jit_room *r = &u->room[k];
  bool back = true, falls = !wg_jit_branches(i) || i->decides;
  uint16_t to = wg_jit_is_direct(i) ? wg_jit_leads_to(u, k, wg_jit_target(i), &back) : WG_JIT_NOWHERE;
  if (!i->leave && !back) most(r, u, to);
  if (!i->leave && falls) most(r, u, wg_jit_falls_to(u, k));
  r->ops++;
  r->decisions = (uint16_t)(r->decisions + i->decides + wg_jit_is_return(i));
  r->checked = r->decisions > MOST_DECISIONS || r->ops > MOST_OPS;
}

// What comes behind an instruction first: behind a loop's first round are the others.
void wg_jit_find_room(struct wg_jit_build *u) {
  for (unsigned k = (unsigned)u->region->n; k-- > 0;) {
    const struct wg_jit_loop *l = wg_jit_loop_behind(u, k);
    if (l)
      for (unsigned c = l->copies + (l->rounds - 1u) * l->n; c-- > l->copies;) find(u, c);
    find(u, k);
  }
}
