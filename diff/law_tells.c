// Whether a call that succeeds tells of what it did, as each other call of its export does: one that did nothing has
// nothing to tell.
#include <string.h>

#include "base/vec.h"
#include "diff/law_state.h"
#include "trace/event.h"

#define SEEN 2u // calls that tell, of one that does not

static struct wg_lteller *teller_of(struct wg_law_state *st, uint32_t name) {
  uint64_t i;
  if (!wg_map_get(&st->tellers, name, &i)) {
    WG_VEC_NEXT(st->teller, st->ntellers);
    i = st->ntellers++;
    st->teller[i] = (struct wg_lteller){0};
    wg_map_put(&st->tellers, name, i);
  }
  return &st->teller[i];
}

// Returns of calls that ran code of the title, which made others, are not looked at.
void wg_law_tells(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e) {
  const struct wg_lthread *t = wg_law_thread(l->state, thread);
  const char *name = wg_ev_text(e, WG_K_NAME);
  const struct wg_field *out = wg_ev_get(e, WG_K_OUT);
  uint64_t status;
  if (t->latest.thread != thread || name == NULL || strcmp(wg_str(s, t->latest.name), name) != 0) return;
  if (!wg_ev_u64(e, WG_K_STATUS, &status) || status != 0 || out == NULL || out->type != WG_F_RAW) return;
  struct wg_lteller *x = teller_of(l->state, t->latest.name);
  if (out->n > 2)
    x->tells++;
  else if (x->silent++ == 0)
    x->first = t->latest;
}

static bool always_tells(const char *name) {
  const struct wg_nt_export *nt = wg_nt_find(name, strlen(name));
  return nt && nt->flags & WG_NT_TELLS;
}

void wg_law_tells_end(struct wg_laws *l, const struct wg_side *s) {
  for (size_t i = 0; i < l->state->ntellers; i++) {
    const struct wg_lteller *x = &l->state->teller[i];
    if (x->silent && (x->tells >= SEEN || always_tells(wg_str(s, x->first.name))))
      wg_law_broken(l, WG_LAW_TELLS, &x->first, x->first.thread, x->first.idx);
  }
}
