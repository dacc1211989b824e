// APCs for a thread's own code, by the calls that make, queue and take them back; law_later.c holds them to what runs.
#include "base/vec.h"
#include "diff/law_state.h"

void wg_law_referenced(struct wg_law_state *st, const struct wg_side *s, const struct wg_lcall *c,
                       const struct wg_event *e) {
  uint64_t v;
  if (!wg_law_told(e, "pointer", &v)) return;
  uint32_t thread = c->object == WG_NONE ? WG_NONE : s->objects[c->object].is_thread;
  if (thread == WG_NONE)
    wg_map_del(&st->pointers, (uint32_t)v); // another object lay there
  else
    wg_map_put(&st->pointers, (uint32_t)v, thread);
}

// Only one of user mode that has a routine waits until its thread is alertable.
void wg_law_make_apc(struct wg_law_state *st, const struct wg_side *s, const struct wg_lcall *c) {
  if (c->nargs < 7) return;
  uint32_t to = wg_law_thread_given(st, s, c, c->args[1]);
  if (to == WG_NONE || c->args[4] == 0 || (c->args[5] & 0xFF) != 1) {
    wg_map_del(&st->apcs, (uint32_t)c->args[0]);
    return;
  }
  WG_VEC_NEXT(st->kapc, st->nkapcs);
  st->kapc[st->nkapcs] = (struct wg_lkapc){to, (uint32_t)c->args[4], (uint32_t)c->args[6]};
  wg_map_put(&st->apcs, (uint32_t)c->args[0], st->nkapcs++);
}

// Whose APC a call is about, and what it calls; thread WG_NONE: that is not known, or there is no routine.
static struct wg_lkapc apc_of(const struct wg_law_state *st, const struct wg_side *s, const struct wg_lcall *c) {
  const struct wg_lkapc none = {WG_NONE, 0, 0};
  unsigned arg = c->row->arg;
  uint64_t i;
  if (arg >= c->nargs || c->args[arg] == 0) return none;
  if (c->op == WG_L_INSERT_APC || c->op == WG_L_REMOVE_APC)
    return wg_map_get(&st->apcs, (uint32_t)c->args[arg], &i) ? st->kapc[i] : none;
  uint32_t to = c->op == WG_L_FILE_APC ? c->at.thread : wg_law_thread_given(st, s, c, c->args[0]);
  uint32_t ctx = arg + 1u < c->nargs ? (uint32_t)c->args[arg + 1u] : 0, entry = (uint32_t)c->args[arg];
  if (c->op == WG_L_FILE_APC && (entry &= ~1u) == 0) return none; // an odd address asks for none
  return (struct wg_lkapc){to, entry, ctx};
}

void wg_law_on_apc_queued(struct wg_laws *l, const struct wg_side *s, const struct wg_lcall *c) {
  const struct wg_lkapc apc = apc_of(l->state, s, c);
  if (apc.thread == WG_NONE) return;
  struct wg_lthread *t = wg_law_thread(l->state, apc.thread);
  t->apcs++;
  t->apc = c->at;
  wg_law_queue_apc(l, apc.thread, apc.entry, apc.ctx, &c->at);
  unsigned args = c->op == WG_L_QUEUE_APC ? 3 : 1; // (thread, routine, context, two of them), (APC, two of them)
  if (c->op != WG_L_FILE_APC && args + 1 < c->nargs) wg_law_apc_is_given(l, apc.thread, &c->args[args]);
}

// The call failed, or takes one back.
void wg_law_on_apc_unqueued(struct wg_laws *l, const struct wg_side *s, const struct wg_lcall *c) {
  const struct wg_lkapc apc = apc_of(l->state, s, c);
  if (apc.thread == WG_NONE) return;
  struct wg_lthread *t = wg_law_thread(l->state, apc.thread);
  if (t->apcs) t->apcs--;
  wg_law_unqueue_apc(l, apc.thread, apc.entry, apc.ctx);
}

void wg_law_check_told(struct wg_laws *l, const struct wg_side *s, const struct wg_lcall *c, uint64_t idx) {
  uint32_t to = apc_of(l->state, s, c).thread;
  if (to == WG_NONE) return;
  struct wg_lthread *t = wg_law_thread(l->state, to);
  const struct wg_lwait *w = wg_law_innermost(t);
  if (w == NULL || !w->alertable || t->apcs == 0 || w->at.seq > c->at.seq) return;
  wg_law_broken(l, WG_LAW_APC, &c->at, c->at.thread, idx);
  t->apcs = 0;
}
