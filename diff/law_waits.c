// Waits, what ends them, and signals.
#include <stdlib.h>
#include <string.h>

#include "diff/law_state.h"
#include "trace/event.h"

// -- waits --

static void count_waiting(struct wg_law_state *st, const struct wg_side *s, const struct wg_lwait *w, int by) {
  for (uint32_t i = 0; i < w->nobjects; i++) {
    struct wg_lobject *o = wg_law_object(st, s->wait_objects[w->object + i]);
    if (w->all && by < 0) o->all_ended++;
    if (!w->all) o->waiting = by < 0 && o->waiting == 0 ? 0 : o->waiting + (uint32_t)by;
  }
}

static void find_due(struct wg_law_state *st, const struct wg_side *s, struct wg_lwait *w, uint32_t thread) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < w->nobjects; i++) {
    uint32_t id = s->wait_objects[w->object + i];
    if (!wg_law_ready(wg_law_object(st, id), thread)) continue;
    w->due_object = id;
    n++;
  }
  w->due = w->nobjects && (w->all ? n == w->nobjects : n != 0);
}

// Does the wait's beginning say what the call's arguments do: for what, for how long, whether APCs come?
static bool as_asked(const struct wg_side *s, const struct wg_lcall *c, const struct wg_dwait *w) {
  size_t at;
  if (!wg_call_limit(c->nt, c->nargs, &at) || c->op < WG_L_GET_PACKET || c->asked_ns == -2)
    return c->op != WG_L_WAIT || c->asked_ns == -2;
  bool several = strstr(c->nt->name, "Multiple") != NULL;
  if (c->asked_ns != w->timeout_ns) return false;
  if (c->op == WG_L_GET_PACKET || at == 0) return true;
  if (c->nt->params[at] == 'm') return !several || w->all == wg_call_for_all(c->nt->name, c->args[2]);
  if (w->alertable != ((c->args[at - 1] & 0xFF) != 0)) return false;
  if (several) return w->all == wg_call_for_all(c->nt->name, c->args[2]);
  return w->n != 1 || c->object == WG_NONE || s->wait_objects[w->objects] == c->object;
}

// A wait began within those that the thread is in, or goes on without the end of one: whoever waits there is not woken.
static void put_wait_aside(struct wg_law_state *st, const struct wg_side *s, struct wg_lthread *t, uint32_t thread) {
  const struct wg_dthread *d = &s->threads[thread];
  unsigned n = 0;
  for (unsigned i = 0; i < t->nwaits; i++) {
    struct wg_lwait *w = &t->wait[i];
    if (!w->outer) count_waiting(st, s, w, -1);
    w->outer = true;
    if (d->waits[w->nth - 1].end_seq == 0) t->wait[n++] = *w;
  }
  t->nwaits = n;
}

void wg_law_on_wait_begin(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e) {
  struct wg_law_state *st = l->state;
  wg_law_waits_to_enter(l, thread, e->idx);
  const struct wg_dthread *d = &s->threads[thread];
  struct wg_lthread *t = wg_law_thread(st, thread);
  struct wg_lcall *c = t->ncalls ? &t->call[t->ncalls - 1] : NULL;
  if (d->nwaits == 0) return;
  const struct wg_dwait *w = &d->waits[d->nwaits - 1];
  if (w->end_seq || (t->nwaits && t->wait[t->nwaits - 1].nth == d->nwaits)) return;
  if (w->step < d->nsteps && d->steps[w->step].object != WG_NONE)
    wg_law_object(st, d->steps[w->step].object)->wanted = true;
  put_wait_aside(st, s, t, thread);
  if (c == NULL || c->step != w->step) return; // of a call that is not followed
  if (c->op == WG_L_SIGNAL_AND_WAIT && c->object != WG_NONE) wg_law_signalled(l, c);
  c->waited = true;
  if (t->nwaits == WG_LAW_DEPTH) {
    st->exact = false;
    return;
  }
  struct wg_lwait *x = &t->wait[t->nwaits++];
  *x = (struct wg_lwait){.nth = (uint32_t)d->nwaits,
                         .all = w->all,
                         .alertable = w->alertable,
                         .object = w->objects,
                         .nobjects = w->n,
                         .limit_ns = w->timeout_ns,
                         .begin_ns = e->host_ns,
                         .at = c->at};
  t->waits_in = c->at;
  find_due(st, s, x, thread);
  count_waiting(st, s, x, 1);
  if (c->op == WG_L_RW_ACQUIRE && c->object != WG_NONE)
    wg_law_blocked_rw(l, wg_law_object(st, c->object), thread, e->idx);
  if (as_asked(s, c, w)) return;
  wg_law_broken(l, WG_LAW_WAITS, &c->at, thread, e->idx);
}

static void take_all(struct wg_law_state *st, const struct wg_side *s, const struct wg_lwait *w, uint32_t thread,
                     uint32_t status) {
  for (uint32_t i = 0; i < w->nobjects; i++)
    if (w->all || w->nobjects == 1 || status == i || status == 0x80 + i)
      wg_law_take(wg_law_object(st, s->wait_objects[w->object + i]), thread, &w->at);
}

static void check_time(struct wg_laws *l, const struct wg_lwait *w, const struct wg_event *e, uint32_t thread) {
  uint64_t took = e->host_ns - w->begin_ns, limit = (uint64_t)w->limit_ns;
  if (w->limit_ns < 0 || w->outer) return;
  wg_law_span(l, &(struct wg_lspan){w->at, thread, (uint32_t)e->idx, limit, took, WG_LAW_TIME, false});
  if (!l->state->timed) return;
  if (took >= limit && took <= limit + limit / 2 + WG_LAW_SLACK_NS) return;
  wg_law_broken(l, WG_LAW_TIME, &w->at, thread, e->idx);
}

// The wait that has just been told to have ended leaves the thread's; its call learns how. False: it is not followed.
static bool leave_wait(struct wg_law_state *st, const struct wg_side *s, uint32_t thread, uint32_t status,
                       struct wg_lwait *out) {
  struct wg_lthread *t = wg_law_thread(st, thread);
  unsigned i = t->nwaits;
  while (i > 0 && t->wait[i - 1].nth != s->threads[thread].wait_at) i--;
  if (i == 0) return false;
  *out = t->wait[i - 1];
  t->nwaits = i - 1; // what is in it has ended, too
  for (unsigned k = 0; k < t->ncalls; k++)
    if (t->call[k].at.seq == out->at.seq) t->call[k].wait_status = status;
  if (!out->outer) count_waiting(st, s, out, -1);
  return true;
}

void wg_law_on_wait_end(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e) {
  struct wg_law_state *st = l->state;
  struct wg_lthread *t = wg_law_thread(st, thread);
  struct wg_lwait w;
  uint64_t status = 0;
  wg_ev_u64(e, WG_K_STATUS, &status);
  if (!leave_wait(st, s, thread, (uint32_t)status, &w)) return;
  const struct wg_field *f = wg_ev_get(e, WG_K_SATISFIED_BY);
  if (f && f->type == WG_F_RAW && !s->has_signals) st->unseen = 3; // it was signalled, and nobody told
  bool text = f && f->type == WG_F_STR;
  bool timeout = text && strcmp(f->s, "timeout") == 0, apc = text && strcmp(f->s, "apc") == 0;
  bool already = text && strcmp(f->s, "already") == 0;
  if (apc) {
    wg_law_apcs_due(l, thread, e->idx);
    t->apcs = 0;
    return;
  }
  if (t->apcs && w.alertable && !already && w.limit_ns != 0) {
    wg_law_broken(l, WG_LAW_APC, &t->apc, thread, e->idx);
    t->apcs = 0;
  }
  if (w.alertable && !already && w.limit_ns != 0) wg_law_timer_apc_due(l, thread, &w, e->host_ns, e->idx);
  if (w.due && !already) wg_law_ignored(l, wg_law_object(st, w.due_object), thread, e->idx);
  if (timeout) {
    if (w.limit_ns >= 1000000) t->slept++;
    check_time(l, &w, e, thread);
    return;
  }
  uint32_t i = (uint32_t)status & ~0x80u; // which of several
  if (already && !w.all && i < w.nobjects) {
    struct wg_lobject *o = wg_law_object(st, s->wait_objects[w.object + i]);
    if (o->high == 0 && !(o->kind == WG_LK_MUTANT && o->owner == thread)) wg_law_unfounded(l, o, thread, e->idx);
  }
  take_all(st, s, &w, thread, (uint32_t)status);
}

// All that it waits for has been signalled, and it waits on: the one of them is to blame of which no event tells.
static void check_all(struct wg_laws *l, const struct wg_side *s, const struct wg_lwait *w, uint32_t thread) {
  struct wg_lobject *blamed = NULL;
  for (uint32_t i = 0; i < w->nobjects; i++) {
    struct wg_lobject *o = wg_law_object(l->state, s->wait_objects[w->object + i]);
    if (!wg_law_ready(o, thread) || s->events < o->raised.seq + WG_LAW_SURE) return;
    if (blamed == NULL || (o->silent && !blamed->silent)) blamed = o;
  }
  if (blamed && blamed->silent) wg_law_ignored(l, blamed, thread, w->at.idx);
}

void wg_law_waits_end(struct wg_laws *l, const struct wg_side *s) {
  for (uint32_t i = 0; i < l->state->nthreads && i < s->nthreads; i++) {
    const struct wg_lwait *w = wg_law_innermost(&l->state->threads[i]);
    if (w && !w->outer && w->all && !w->due) check_all(l, s, w, i);
  }
}

// -- signals --

static void fire(struct wg_laws *l, const struct wg_side *s, struct wg_lobject *o, const struct wg_event *e,
                 uint32_t thread) {
  const char *type = wg_ev_text(e, WG_K_OBJECT_TYPE);
  if (o->timer && type && strcmp(type, "Timer") != 0) wg_law_broken_about(l, o, WG_LAW_KIND, &o->made, thread, e->idx);
  if (o->cancelled) wg_law_broken_about(l, o, WG_LAW_CANCEL, &o->lowered, thread, e->idx);
  bool due = o->armed && o->due_ns != UINT64_MAX, known = l->state->timed && due;
  if (due)
    wg_law_span(l, &(struct wg_lspan){o->raised, thread, (uint32_t)e->idx, o->after_ns,
                                      e->host_ns + o->after_ns - o->due_ns, WG_LAW_FIRES, false});
  if (known && (e->host_ns + WG_LAW_SLACK_NS < o->due_ns || e->host_ns > o->due_ns + WG_LAW_SLACK_NS))
    wg_law_broken_about(l, o, WG_LAW_FIRES, &o->raised, thread, e->idx);
  struct wg_lplace by = o->raised;
  by.seq = (uint32_t)s->events; // what goes wrong now was right until now
  if (o->dpc) wg_law_queue_dpc(l, o->dpc, &by, e->host_ns, false, thread, e->idx);
  if (o->apc && o->raised.thread != WG_NONE) wg_law_queue_timer_apc(l, o, e->host_ns, by.seq);
  o->fired = true;
  o->armed &= o->period_ns != 0;
  o->due_ns = o->armed ? e->host_ns + o->period_ns : UINT64_MAX;
  o->after_ns = o->period_ns;
  o->low = o->high = 1;
  o->taken = false;
}

static uint32_t signal_object(const struct wg_side *s, const struct wg_event *e) {
  uint64_t hsid, id;
  return wg_hsid_of(e, &hsid) && wg_map_get(&s->by_hsid, hsid, &id) ? (uint32_t)id : WG_NONE;
}

// Against what the call was asked for: which object, how often, by how much.
static void check_signal(struct wg_laws *l, const struct wg_side *s, struct wg_lcall *c, uint32_t object,
                         uint64_t count, const struct wg_event *e) {
  bool asks = c->op == WG_L_SET || c->op == WG_L_PULSE || c->op == WG_L_RELEASE || c->op == WG_L_UNLOCK;
  if (!asks || c->object == WG_NONE) return;
  uint64_t by = wg_law_amount(c);
  if (object != c->object && s->objects[c->object].by_handle)
    wg_law_broken(l, WG_LAW_OBJECT, &c->at, c->at.thread, e->idx);
  else if (object == c->object && (c->signalled || count != by) && c->op != WG_L_UNLOCK)
    wg_law_broken(l, WG_LAW_AMOUNT, &c->at, c->at.thread, e->idx);
}

void wg_law_on_signal(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e) {
  const char *op = wg_ev_text(e, WG_K_OP);
  uint32_t object = signal_object(s, e);
  uint64_t v;
  if (object == WG_NONE) l->state->exact = false; // of what is not told
  if (op == NULL || object == WG_NONE) return;
  struct wg_lobject *o = wg_law_object(l->state, object);
  struct wg_lthread *t = wg_law_thread(l->state, thread);
  struct wg_lcall *c = t->ncalls ? &t->call[t->ncalls - 1] : NULL;
  if (c) c->gave = true;
  if (c) check_signal(l, s, c, object, wg_ev_u64(e, WG_K_COUNT, &v) ? v : 1, e);
  if (c && c->object == object) c->signalled = true;
  int32_t previous = 0;
  if (wg_ev_u64(e, WG_K_PREVIOUS, &v)) {
    previous = (int32_t)v;
    wg_law_previous(l, o, previous, thread, e->idx);
    if (c && c->object == object && c->previous < 0) c->previous = previous;
  }
  struct wg_lplace at = {WG_NONE, 0, 0, 0};
  if (c) at = c->at;
  if (strcmp(op, "fire") == 0) {
    fire(l, s, o, e, thread);
    return;
  }
  if (strcmp(op, "reset") == 0 || strcmp(op, "clear") == 0) {
    wg_law_lower(o, &at);
    o->taken = false;
    return;
  }
  bool given = c && (c->op == WG_L_UNLOCK || c->op == WG_L_SIGNAL_AND_WAIT);
  if (given && previous < 0) return; // a mutant that its owner has more than once
  if (o->kind == WG_LK_MUTANT || strcmp(op, "exit") == 0) {
    o->low = o->high = 1;
    o->raised = at;
    o->by_system = at.thread == WG_NONE;
    return;
  }
  wg_law_raise(o, wg_ev_u64(e, WG_K_COUNT, &v) ? (int32_t)v : 1, &at);
  if (strcmp(op, "pulse") == 0) wg_law_lower(o, &at); // for those who wait now
}

void wg_law_on_made(struct wg_laws *l, const struct wg_side *s, uint32_t thread, const struct wg_event *e) {
  struct wg_lthread *t = wg_law_thread(l->state, thread);
  struct wg_lcall *c = t->ncalls ? &t->call[t->ncalls - 1] : NULL;
  if (c == NULL) return;
  if (e->kind == WG_EV_THREAD_CREATE) {
    struct wg_lcall made = *c; // the table of threads may move
    wg_ev_u64(e, WG_K_CHILD, &c->child);
    wg_law_made_thread(l, s, &made, e);
  } else if (c->handle == 0)
    wg_ev_u64(e, WG_K_RAW, &c->handle);
}

// A timer that nobody can name any more does not go off.
void wg_law_on_destroyed(struct wg_laws *l, const struct wg_side *s, const struct wg_event *e) {
  uint32_t object = signal_object(s, e);
  if (object != WG_NONE) wg_law_object(l->state, object)->armed = false;
}
