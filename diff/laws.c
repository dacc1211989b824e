#include "diff/laws.h"

#include <stdlib.h>
#include <string.h>

#include "diff/law_state.h"
#include "diff/ledger.h"
#include "trace/event.h"

const struct wg_law_text wg_law_texts[] = {
#define WG_LAW(id, field, words) {field, words},
#include "diff/laws.def"
};

// Times that no virtual clock gave: instructions are not counted, or a thread comes from one call to the next in none.
static void check_counted(struct wg_law_state *st, uint32_t thread, const struct wg_event *e) {
  struct wg_lthread *t = wg_law_thread(st, thread);
  if (e->kind != WG_EV_KERNEL_CALL || e->tid == 0) return;
  if (!e->has_cycle || e->cycle <= t->call_cycle) st->timed = false;
  t->call_cycle = e->cycle;
}

static void on_event(void *ctx, struct wg_side *s, uint32_t thread, const struct wg_event *e,
                     const struct wg_open *call) {
  struct wg_laws *l = ctx;
  if (e->kind == WG_EV_TRACE_HEADER) {
    l->state->ours = strcmp(wg_str(s, s->engine), "wedge") == 0;
    l->state->exact = l->state->timed = s->virtual_clock && l->state->ours;
  }
  if (!l->state->ours && !s->text_log) wg_ledger_event(l, s, thread, e, call); // which tells of no waits
  if (!l->state->exact) return;
  check_counted(l->state, thread, e);
  if (e->kind != WG_EV_KERNEL_CALL && e->kind != WG_EV_KERNEL_RETURN) wg_law_pool_unknown(l->state);
  switch (e->kind) {
  case WG_EV_KERNEL_CALL:
    if (call) wg_law_on_call(l, s, thread, e, call);
    break;
  case WG_EV_KERNEL_RETURN: wg_law_on_return(l, s, thread, e); break;
  case WG_EV_WAIT_BEGIN: wg_law_on_wait_begin(l, s, thread, e); break;
  case WG_EV_WAIT_END: wg_law_on_wait_end(l, s, thread, e); break;
  case WG_EV_SIGNAL: wg_law_on_signal(l, s, thread, e); break;
  case WG_EV_APC_START: wg_law_on_apc(l, thread, e); break;
  case WG_EV_DPC_START: wg_law_on_dpc(l, thread, e); break;
  case WG_EV_GPU_INTERRUPT: wg_law_on_callback(l, WG_LAW_INTERRUPT, thread, e); break;
  case WG_EV_APU_CALLBACK: wg_law_on_callback(l, WG_LAW_AUDIO, thread, e); break;
  case WG_EV_HANDLE_CREATE:
  case WG_EV_HANDLE_DUP:
  case WG_EV_THREAD_CREATE: wg_law_on_made(l, s, thread, e); break;
  case WG_EV_HANDLE_DESTROY: wg_law_on_destroyed(l, s, e); break;
  default: break;
  }
}

struct wg_watch wg_laws_watch(struct wg_laws *l) {
  *l = (struct wg_laws){.state = wg_xcalloc(1, sizeof *l->state)};
  return (struct wg_watch){on_event, l, false};
}

// Until when what no thread does is told: a file without an end may lack the last of it.
static uint64_t told_until(const struct wg_side *s) {
  const struct wg_dthread *none = wg_side_thread(s, 0);
  if (s->complete) return s->last_ns;
  return none ? none->last_ns : 0;
}

// What never came, though it was due long before the end.
static void check_end(struct wg_laws *l, struct wg_side *s) {
  struct wg_law_state *st = l->state;
  for (uint32_t i = 0; i < st->nthreads && i < s->nthreads; i++) {
    const struct wg_lthread *t = &st->threads[i];
    const struct wg_lwait *w = wg_law_innermost(t);
    if (w == NULL || w->outer || (!wg_side_wedged(s) && s->events < w->at.seq + WG_LAW_SURE)) continue;
    if (w->due) wg_law_ignored(l, wg_law_object(st, w->due_object), i, w->at.idx);
    if (st->timed && w->limit_ns >= 0 && (uint64_t)w->limit_ns < UINT64_MAX / 4 &&
        s->last_ns > w->begin_ns + (uint64_t)w->limit_ns * 2 + WG_LAW_SLACK_NS)
      wg_law_broken(l, WG_LAW_TIME, &w->at, i, w->at.idx);
    bool came = wg_side_wedged(s) || s->events >= t->apc.seq + WG_LAW_SURE;
    if (w->alertable && t->apcs && came) wg_law_broken(l, WG_LAW_APC, &t->apc, i, w->at.idx);
    if (w->alertable && w->limit_ns != 0) wg_law_timer_apc_due(l, i, w, s->last_ns, w->at.idx);
    if (w->limit_ns > 0 && s->last_ns > w->begin_ns)
      wg_law_span(l, &(struct wg_lspan){w->at, i, w->at.idx, (uint64_t)w->limit_ns, s->last_ns - w->begin_ns,
                                        WG_LAW_TIME, true});
  }
  for (size_t i = 0; i < st->nobjects; i++) {
    wg_law_check_fired(l, &st->objects[i], told_until(s));
    wg_law_check_ever_fired(l, &st->objects[i], told_until(s));
  }
  wg_law_threads_end(l, s);
  wg_law_locks_end(l, s);
  wg_law_tells_end(l, s);
  wg_law_later_ends(l, s, told_until(s));
}

// Who is in a call that neither waits nor has to get a lock, and stays there for good: whatever the trace tells.
static void check_returns(struct wg_laws *l, const struct wg_side *s) {
  for (uint32_t i = 0; i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    if (t->final != WG_BLOCKED || t->host || !wg_stuck_in(s, t, t->blocked_step)) continue;
    const struct wg_step *x = &t->steps[t->blocked_step];
    const struct wg_lplace at = {i, x->idx, x->seq, s->contents[x->content].name};
    wg_law_broken(l, WG_LAW_RETURNS, &at, i, x->idx);
  }
}

static bool is_listed(enum wg_law law, const enum wg_law *list, size_t n) {
  while (n > 0 && list[n - 1] != law) n--;
  return n > 0;
}

// Somebody waits for the lock for ever, or for most of the trace, which no calls of another run can do to it.
static bool is_stuck_at(const struct wg_law_state *st, const struct wg_side *s, uint32_t object) {
  for (uint32_t i = 0; object != WG_NONE && i < st->nthreads && i < s->nthreads; i++) {
    const struct wg_dthread *d = &s->threads[i];
    const struct wg_lthread *t = &st->threads[i];
    if (d->blocked_step == WG_NONE) continue;
    const struct wg_step *x = &d->steps[d->blocked_step];
    bool within = t->ncalls && t->call[t->ncalls - 1].object == object; // whose own part it waits for
    bool lasts = wg_side_wedged(s) || (s->complete && s->events / 2 > x->seq);
    if (lasts && (within || x->object == object)) return true;
  }
  return false;
}

// Of a trace with calls or times of another run in it neither times nor who has a lock or runs tell anything. That
// somebody only tried one counts if nothing else shows such calls.
static void forget_times(struct wg_laws *l, const struct wg_side *s) {
  static const enum wg_law of_order[] = {WG_LAW_TIME, WG_LAW_FIRES, WG_LAW_LOCK, WG_LAW_ENTERS, WG_LAW_SUSPENDS};
  const size_t all = sizeof of_order / sizeof *of_order;
  bool mixed = false;
  for (size_t i = 0; i < l->n; i++) l->list[i].lasts |= is_stuck_at(l->state, s, l->list[i].object);
  for (size_t i = 0; i < l->n; i++)
    mixed |= !l->list[i].lasts && (l->list[i].law == WG_LAW_LOCK || l->list[i].law == WG_LAW_ENTERS);
  size_t n = 0;
  for (size_t i = 0; i < l->n; i++)
    if (l->list[i].lasts || (!is_listed(l->list[i].law, of_order, all) && !(mixed && l->list[i].law == WG_LAW_TRIES)))
      l->list[n++] = l->list[i];
  l->n = n;
}

void wg_laws_finish(struct wg_laws *l, struct wg_side *s) {
  struct wg_law_state *st = l->state;
  if (st == NULL) return;
  // A trace that tells of no signal or no wait at all leaves them out.
  if ((!s->has_signals && st->unseen >= 3) || !s->has_waits) st->exact = false;
  if (st->exact) check_end(l, s);
  if (st->exact) wg_law_waits_end(l, s);
  wg_law_lists_end(l);
  wg_ledger_finish(l);
  if (!st->exact && st->ours) l->n = 0;
  check_returns(l, s);
  l->held = st->exact;
  if (!st->timed) forget_times(l, s);
  if (st->exact) wg_law_spans_end(l, s);
  for (size_t i = 0; i < st->nobjects; i++) free(st->objects[i].queue);
  free(st->objects);
  for (size_t i = 0; i < st->nthreads; i++) free(st->threads[i].queue);
  free(st->threads);
  free(st->row_of);
  free(st->slot);
  free(st->freed);
  free(st->span);
  free(st->teller);
  wg_map_release(&st->tellers);
  wg_map_release(&st->given_slots);
  wg_map_release(&st->slots);
  wg_map_release(&st->given);
  wg_map_release(&st->given_once);
  wg_map_release(&st->pointers);
  wg_map_release(&st->apcs);
  wg_law_lists_release(st);
  wg_law_later_release(st);
  wg_ledger_release(st->ledger);
  free(st);
  l->state = NULL;
}

void wg_laws_release(struct wg_laws *l) {
  free(l->list);
  *l = (struct wg_laws){0};
}
