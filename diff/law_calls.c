// What calls do, as they begin; law_returns.c: whether they did it.
#include <string.h>

#include "base/json_iter.h"
#include "base/vec.h"
#include "diff/law_state.h"
#include "trace/event.h"

static const struct wg_call no_row;

static const struct wg_call *row_of(struct wg_law_state *st, const struct wg_side *s, uint32_t name) {
  if (name >= st->nrow_of) WG_VEC_ROOM_ZERO(st->row_of, st->nrow_of, (size_t)name + 256);
  if (st->row_of[name] == NULL) st->row_of[name] = wg_call_of(wg_str(s, name));
  if (st->row_of[name] == NULL) st->row_of[name] = &no_row;
  return st->row_of[name];
}

unsigned wg_law_op(struct wg_law_state *st, const struct wg_side *s, uint32_t name, unsigned *arg) {
  const struct wg_call *row = row_of(st, s, name);
  *arg = row->arg;
  return row->law;
}

static int64_t limit_of(const struct wg_open *call, const struct wg_event *e) {
  size_t at;
  if (!wg_call_limit(call->nt, call->nargs, &at)) return -2;
  if (wg_call_endless(call->nt, at, call->args[at])) return -1;
  if (call->nt->params[at] == 'm') return (int64_t)(uint32_t)call->args[at] * 1000000;
  const struct wg_field *r = wg_ev_get(e, WG_K_ARGS_RESOLVED);
  struct wg_json_iter it;
  struct wg_json_member m;
  uint64_t v;
  if (r == NULL || r->type != WG_F_RAW || !wg_json_walk(&it, r->s, r->n)) return -2;
  while (wg_json_next(&it, &m))
    if (wg_json_is(&m, "timeout_100ns") && wg_json_int(&m, &v)) return wg_law_after_ns((int64_t)v);
  return -2;
}

static void begin_on_object(struct wg_laws *l, const struct wg_side *s, struct wg_lcall *c, const struct wg_event *e) {
  struct wg_lobject *o = wg_law_object(l->state, c->object);
  c->waiting = o->waiting;
  c->all_ended = o->all_ended;
  if (c->op >= WG_L_MAKE_EVENT && c->op <= WG_L_MAKE_TIMER) wg_law_make(l->state, s, c, c->object);
  if (c->op == WG_L_MAKE_SECTION) wg_law_made_section(l->state, c);
  if (c->op == WG_L_PUT_PACKET) wg_law_put_packet(o, c);
  if (c->op == WG_L_RW_ACQUIRE) {
    o->acquiring++;
    c->releases = o->releases;
    c->taken = o->holders && !o->leaving && (o->to_write || wg_law_writes(c));
  }
  if (c->op == WG_L_RW_RELEASE) o->leaving++, o->releases++;
  if (c->op == WG_L_TRY) c->owner = s->objects[c->object].owner;
  if ((c->op == WG_L_SET_TIMER || c->op == WG_L_CANCEL_TIMER) && o->apc && o->raised.thread != WG_NONE)
    wg_law_unqueue_apc(l, o->raised.thread, o->apc, o->apc_ctx);
  if (c->op == WG_L_SET_TIMER) {
    wg_law_check_fired(l, o, e->host_ns);
    wg_law_stop_timer(o, &c->at);
  }
}

void wg_law_on_call(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e,
                    const struct wg_open *call) {
  struct wg_law_state *st = l->state;
  const struct wg_call *row = row_of(st, s, call->name);
  wg_law_thread_runs(l, thread, e);
  if (row->law != WG_L_ALLOCATE_POOL && row->law != WG_L_FREE_POOL) wg_law_pool_unknown(st);
  struct wg_lthread *t = wg_law_thread(st, thread);
  const struct wg_lplace at = {thread, (uint32_t)e->idx, (uint32_t)s->events, call->name};
  t->latest = at;
  if (row->law == WG_L_NONE) return;
  // What it was asked for is not told, or calls are in one another beyond all that is followed.
  if (!call->has_args || t->ncalls == WG_LAW_DEPTH) st->exact = false;
  if (!st->exact) return;
  if (row->law == WG_L_HANDLE) {
    t->raise.asked = true;
    return;
  }
  if (row->law == WG_L_RAISE) { // which seldom returns
    t->raise = (struct wg_lraise){true, false, at};
    return;
  }
  if (row->law == WG_L_LEAVE || row->law == WG_L_ENTER) { // often
    uint32_t lock = s->threads[thread].steps[call->step].object;
    if (lock == WG_NONE) return;
    wg_law_named_lock(l, lock, thread, e);
    if (row->law == WG_L_LEAVE)
      wg_law_object(st, lock)->raised = at;
    else
      wg_law_enters(l, s, lock, &at);
    return;
  }
  struct wg_lcall c = {.op = row->law,
                       .row = row,
                       .nt = call->nt,
                       .name = call->name,
                       .object = s->threads[thread].steps[call->step].object,
                       .step = call->step,
                       .at = at,
                       .nargs = call->nargs < 8 ? call->nargs : 8,
                       .owner = WG_NONE,
                       .previous = -1,
                       .asked_ns = -2};
  for (unsigned i = 0; i < c.nargs; i++) c.args[i] = call->args[i];
  c.asked_ns = limit_of(call, e);
  if (c.op == WG_L_SUSPEND || c.op == WG_L_RESUME) c.owner = wg_law_thread_named(s, e);
  if (c.object != WG_NONE) begin_on_object(l, s, &c, e);
  t->call[t->ncalls++] = c;
  if (c.op == WG_L_PUSH || c.op == WG_L_POP || c.op == WG_L_FLUSH) wg_law_list_begins(l, &t->call[t->ncalls - 1]);
  if (c.op == WG_L_FREE || c.op == WG_L_FREE_POOL) wg_law_freed(st, &c, row->arg);
  if (c.op == WG_L_MAKE_APC) wg_law_make_apc(st, s, &c);
  if (c.op == WG_L_QUEUE_APC || c.op == WG_L_FILE_APC || c.op == WG_L_INSERT_APC)
    wg_law_on_apc_queued(l, s, &c); // the table of threads may move
}

void wg_law_on_return(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e) {
  struct wg_lthread *t = wg_law_thread(l->state, thread);
  const struct wg_field *name = wg_ev_get(e, WG_K_NAME);
  if (name == NULL || name->type != WG_F_STR) return;
  wg_law_tells(l, s, thread, e);
  // Of interrupts, which no thread makes, several may be in calls at once.
  if (t->enter.lock != WG_NONE && strcmp(wg_str(s, t->enter.at.name), name->s) == 0) wg_law_entered(l, thread, e->idx);
  if (t->raise.on && strcmp(wg_str(s, t->raise.at.name), name->s) == 0) {
    if (!t->raise.asked) wg_law_broken(l, WG_LAW_RAISES, &t->raise.at, thread, e->idx);
    t->raise.on = false;
  }
  if (t->ncalls == 0) return;
  for (unsigned i = t->ncalls; i-- > 0;)
    if (strcmp(wg_str(s, t->call[i].name), name->s) == 0) {
      struct wg_lcall c = t->call[i];
      t->ncalls = i;
      wg_law_returned(l, s, &c, e);
      return;
    }
}
