// How far it is to the next check.
//
// What limits a turn, and how many decisions a trail holds, is looked at where a way goes back, where a call returns
// to and where the region is entered, for all that comes before the next of these places: code between them only
// counts. Where there is not enough left for that, the interpreter goes on, which looks at each branch.
#include "jit/build.h"

// A check before there is more than that: what is left of a word or of a turn is the interpreter's.
#define MOST_DECISIONS 24u
#define MOST_OPS 96u

static void most(struct wg_jit_room *r, const struct wg_jit_build *u, unsigned place) {
  if (place >= WG_JIT_PAGE || u->at[place] == NULL) return;
  const struct wg_jit_room *to = &u->room[u->index[place]];
  if (to->checked) return;
  if (to->decisions > r->decisions) r->decisions = to->decisions;
  if (to->ops > r->ops) r->ops = to->ops;
}

void wg_jit_find_room(struct wg_jit_build *u) {
  for (size_t k = u->region->n; k-- > 0;) {
    const struct wg_jit_insn *i = &u->region->insns[k];
    struct wg_jit_room *r = &u->room[k];
    if (!i->leave && wg_jit_is_direct(i) && wg_jit_target(i) > i->place) most(r, u, wg_jit_target(i));
    bool falls = !wg_jit_branches(i) || i->decides;
    if (falls && !i->leave) most(r, u, i->place + 1u);
    r->ops++;
    r->decisions = (uint16_t)(r->decisions + (i->decides || wg_jit_is_return(i)));
    r->checked = r->decisions > MOST_DECISIONS || r->ops > MOST_OPS;
  }
}
