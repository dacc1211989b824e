// What calls do, and whether they did it.
#include <limits.h>
#include <stdlib.h>
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

// A relative time, below 0 in units of 100 ns, as nanoseconds; -2: it is none, or no clock gets there.
static int64_t after_ns(int64_t units) { return units > 0 || units < -(INT64_MAX / 200) ? -2 : -units * 100; }

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
    if (wg_json_is(&m, "timeout_100ns") && wg_json_int(&m, &v)) return after_ns((int64_t)v);
  return -2;
}

// By now it should have gone off.
void wg_law_check_fired(struct wg_laws *l, struct wg_lobject *o, uint64_t now) {
  if (!l->state->timed || !o->armed || o->due_ns == UINT64_MAX || o->due_ns + WG_LAW_SLACK_NS >= now) return;
  wg_law_broken_about(l, o, WG_LAW_FIRES, &o->raised, o->raised.thread, o->raised.idx);
}

// It is no longer signalled, or due; it may go off before the call returns.
static void stop_timer(struct wg_lobject *o, const struct wg_lplace *at) {
  wg_law_lower(o, at);
  o->taken = false;
  o->raised = *at;
  o->armed = o->cancelled = o->fired = false;
  o->due_ns = UINT64_MAX;
}

static bool ex_of(const struct wg_lcall *c) { return strstr(c->row->name, "Ex") != NULL; }

static void set_timer(struct wg_lobject *o, const struct wg_lcall *c, uint64_t now) {
  bool nt = c->nargs > 4; // NtSetTimerEx takes a pointer to the time
  int64_t after = nt ? c->asked_ns : after_ns((int64_t)c->args[1]);
  bool known = nt ? after >= 0 : after > 0;
  size_t at = nt ? 6 : 2; // milliseconds between one time and the next
  bool ex = nt || ex_of(c);
  o->apc = nt ? (uint32_t)c->args[2] : 0;
  o->apc_ctx = nt ? (uint32_t)c->args[4] : 0;
  size_t dpc = nt ? c->nargs : ex_of(c) ? 3 : 2;
  o->dpc = dpc < c->nargs ? (uint32_t)c->args[dpc] : 0;
  o->period_ns = ex && at < c->nargs ? (uint64_t)(uint32_t)c->args[at] * 1000000u : 0;
  o->armed = !o->fired || o->period_ns;
  o->due_ns = known && !o->fired ? now + (uint64_t)after : UINT64_MAX;
}

static void make(struct wg_law_state *st, const struct wg_side *s, const struct wg_lcall *c, uint32_t object) {
  const struct wg_dobject *d = &s->objects[object];
  if (d->thread != c->at.thread || d->step != c->step) return; // it was there before
  struct wg_lobject *o = wg_law_object(st, object);
  unsigned arg = c->row->arg;
  if (arg >= c->nargs && c->op != WG_L_MAKE_UNSET) return;
  bool handle = d->by_handle;
  uint64_t v = arg < c->nargs ? c->args[arg] : 0, next = (size_t)arg + 1 < c->nargs ? c->args[arg + 1] : 0;
  o->made = c->at;
  switch ((enum wg_law_op)c->op) {
  case WG_L_MAKE_EVENT:
    o->kind = (uint32_t)v == 0 ? WG_LK_KEEPS : WG_LK_TAKES;
    o->low = o->high = (handle ? next & 0xFF : (uint32_t)next) != 0;
    break;
  case WG_L_MAKE_UNSET:
    o->kind = WG_LK_KEEPS;
    o->low = o->high = 0;
    break;
  case WG_L_MAKE_SEMAPHORE:
    o->kind = WG_LK_COUNTS;
    o->low = o->high = (int32_t)v;
    break;
  case WG_L_MAKE_MUTANT:
    o->kind = WG_LK_MUTANT;
    o->low = o->high = (v & 0xFF) == 0;
    if ((v & 0xFF) != 0) o->owner = c->at.thread, o->depth = 1;
    break;
  case WG_L_MAKE_TIMER:
    o->kind = (uint32_t)v == 0 ? WG_LK_KEEPS : WG_LK_TAKES;
    o->low = o->high = 0;
    break;
  default: break;
  }
}

static void put_packet(struct wg_lobject *o, const struct wg_lcall *c) {
  if (c->nargs < 5) return;
  WG_VEC_ROOM(o->queue, o->cap, o->tail + 1);
  struct wg_lpacket *p = &o->queue[o->tail++];
  for (unsigned i = 0; i < 4; i++) p->word[i] = (uint32_t)c->args[i + 1];
  p->by = c->at;
}

static void get_packet(struct wg_laws *l, struct wg_lobject *o, const struct wg_event *e, const struct wg_lplace *at) {
  uint32_t thread = at->thread;
  static const char *const keys[] = {"key", "value", "io_status", "information"};
  const struct wg_field *out = wg_ev_get(e, WG_K_OUT);
  struct wg_json_iter it;
  struct wg_json_member m;
  uint64_t word[4] = {0}, v;
  unsigned known = 0;
  if (out == NULL || out->type != WG_F_RAW || !wg_json_walk(&it, out->s, out->n)) return;
  while (wg_json_next(&it, &m))
    for (unsigned i = 0; i < 4; i++)
      if (wg_json_is(&m, keys[i]) && wg_json_int(&m, &v)) {
        word[i] = (uint32_t)v;
        known |= 1u << i;
      }
  if (known != 15) return;
  for (uint32_t i = o->head; i < o->tail; i++) {
    if (memcmp(o->queue[i].word, word, sizeof word) != 0) continue;
    if (i != o->head) wg_law_broken_about(l, o, WG_LAW_PACKET, &o->queue[o->head].by, thread, e->idx);
    o->head = i + 1;
    return;
  }
  // The one that is first, but for a word that nobody put in it.
  if (o->head == o->tail || memcmp(o->queue[o->head].word, word, 2 * sizeof *word) != 0) return;
  if (!o->broken) wg_law_broken(l, WG_LAW_ANSWER, at, thread, e->idx);
  o->head++;
}

static uint64_t slot_key(uint32_t thread, uint64_t slot) { return (uint64_t)thread << 32 | (uint32_t)slot; }

static void set_slot(struct wg_law_state *st, const struct wg_lcall *c) {
  uint64_t i, key = slot_key(c->at.thread, c->args[0]);
  if (!wg_map_get(&st->slots, key, &i)) {
    WG_VEC_NEXT(st->slot, st->nslots);
    i = st->nslots++;
    wg_map_put(&st->slots, key, i);
  }
  st->slot[i] = (struct wg_lslot){(uint32_t)c->args[1], c->at};
}

static void free_slots(struct wg_law_state *st, uint64_t slot) {
  for (uint32_t t = 0; t < st->nthreads; t++) wg_map_del(&st->slots, slot_key(t, slot));
}

static void reference(struct wg_law_state *st, const struct wg_side *s, const struct wg_lcall *c,
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
static void make_apc(struct wg_law_state *st, const struct wg_side *s, const struct wg_lcall *c) {
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

static void queue_apc(struct wg_laws *l, const struct wg_side *s, const struct wg_lcall *c) {
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
static void unqueue_apc(struct wg_laws *l, const struct wg_side *s, const struct wg_lcall *c) {
  const struct wg_lkapc apc = apc_of(l->state, s, c);
  if (apc.thread == WG_NONE) return;
  struct wg_lthread *t = wg_law_thread(l->state, apc.thread);
  if (t->apcs) t->apcs--;
  wg_law_unqueue_apc(l, apc.thread, apc.entry, apc.ctx);
}

// Who waits and may be told is told before the call is over.
static void check_told(struct wg_laws *l, const struct wg_side *s, const struct wg_lcall *c, uint64_t idx) {
  uint32_t to = apc_of(l->state, s, c).thread;
  if (to == WG_NONE) return;
  struct wg_lthread *t = wg_law_thread(l->state, to);
  const struct wg_lwait *w = wg_law_innermost(t);
  if (w == NULL || !w->alertable || t->apcs == 0 || w->at.seq > c->at.seq) return;
  wg_law_broken(l, WG_LAW_APC, &c->at, c->at.thread, idx);
  t->apcs = 0;
}

static bool writes(const struct wg_lcall *c) { return strstr(c->row->name, "Exclusive") != NULL; }

static void begin_on_object(struct wg_laws *l, const struct wg_side *s, struct wg_lcall *c, const struct wg_event *e) {
  struct wg_lobject *o = wg_law_object(l->state, c->object);
  c->waiting = o->waiting;
  c->all_ended = o->all_ended;
  if (c->op >= WG_L_MAKE_EVENT && c->op <= WG_L_MAKE_TIMER) make(l->state, s, c, c->object);
  if (c->op == WG_L_PUT_PACKET) put_packet(o, c);
  if (c->op == WG_L_RW_ACQUIRE) {
    o->acquiring++;
    c->releases = o->releases;
    c->taken = o->holders && !o->leaving && (o->to_write || writes(c));
  }
  if (c->op == WG_L_RW_RELEASE) o->leaving++, o->releases++;
  if (c->op == WG_L_TRY) c->owner = s->objects[c->object].owner;
  if ((c->op == WG_L_SET_TIMER || c->op == WG_L_CANCEL_TIMER) && o->apc && o->raised.thread != WG_NONE)
    wg_law_unqueue_apc(l, o->raised.thread, o->apc, o->apc_ctx);
  if (c->op == WG_L_SET_TIMER) {
    wg_law_check_fired(l, o, e->host_ns);
    stop_timer(o, &c->at);
  }
}

void wg_law_on_call(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e,
                    const struct wg_open *call) {
  struct wg_law_state *st = l->state;
  const struct wg_call *row = row_of(st, s, call->name);
  wg_law_thread_runs(l, thread, e);
  if (row->law != WG_L_ALLOCATE_POOL && row->law != WG_L_FREE_POOL) wg_law_pool_unknown(st);
  struct wg_lthread *t = wg_law_thread(st, thread);
  if (row->law == WG_L_NONE) return;
  // What it was asked for is not told, or calls are in one another beyond all that is followed.
  if (!call->has_args || t->ncalls == WG_LAW_DEPTH) st->exact = false;
  if (!st->exact) return;
  if (row->law == WG_L_LEAVE || row->law == WG_L_ENTER) { // often
    uint32_t lock = s->threads[thread].steps[call->step].object;
    const struct wg_lplace at = {thread, (uint32_t)e->idx, (uint32_t)s->events, call->name};
    if (lock == WG_NONE) return;
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
                       .at = {thread, (uint32_t)e->idx, (uint32_t)s->events, call->name},
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
  if (c.op == WG_L_MAKE_APC) make_apc(st, s, &c);
  if (c.op == WG_L_QUEUE_APC || c.op == WG_L_FILE_APC || c.op == WG_L_INSERT_APC)
    queue_apc(l, s, &c); // the table of threads may move
}

// By how much a call that signals raises what it signals.
uint32_t wg_law_amount(const struct wg_lcall *c) {
  return c->op == WG_L_RELEASE && c->row->arg < c->nargs ? (uint32_t)c->args[c->row->arg] : 1;
}

// How many waits a signal must have ended by now.
static uint32_t due_wakes(const struct wg_lobject *o, const struct wg_lcall *c) {
  uint64_t by = 1;
  if (c->op == WG_L_RELEASE) by = wg_law_amount(c);
  if (c->op == WG_L_UNLOCK || o->kind == WG_LK_UNKNOWN) by = 1;
  if (o->kind == WG_LK_KEEPS) by = c->waiting;
  return by < c->waiting ? (uint32_t)by : c->waiting;
}

// A call that signals has returned with success, or (SIGNAL_AND_WAIT) has come to wait.
void wg_law_signalled(struct wg_laws *l, struct wg_lcall *c) {
  l->state->unseen++;
  struct wg_lobject *o = wg_law_object(l->state, c->object);
  if (c->op == WG_L_UNLOCK || (c->op == WG_L_SIGNAL_AND_WAIT && o->kind == WG_LK_MUTANT)) {
    if (o->owner == c->at.thread && o->depth > 1) {
      o->depth--;
      return;
    }
    if (o->owner == c->at.thread) o->owner = WG_NONE, o->depth = 0, o->raised = c->at;
  }
  uint32_t ended = c->waiting > o->waiting ? c->waiting - o->waiting : 0;
  bool others = c->all_ended != o->all_ended; // who waits for all of several may have taken it
  if (!o->broken && !others && ended < due_wakes(o, c)) {
    bool kind = o->kind == WG_LK_KEEPS && ended && o->made.thread != WG_NONE; // it wakes one where it should wake all
    wg_law_broken_about(l, o, kind ? WG_LAW_KIND : WG_LAW_WAKES, kind ? &o->made : &c->at, c->at.thread, c->at.idx);
    return;
  }
  if (c->signalled || c->op == WG_L_PULSE) return; // the event told the rest
  if (ended) return;
  wg_law_raise(o, (int32_t)wg_law_amount(c), &c->at);
  if (o->kind == WG_LK_MUTANT && o->unheard.thread == WG_NONE) o->unheard = c->at;
  o->silent = true;
}

static void check_slot(struct wg_laws *l, const struct wg_lcall *c, uint64_t value, uint64_t idx) {
  uint64_t i;
  if (wg_map_get(&l->state->slots, slot_key(c->at.thread, c->args[0]), &i) &&
      l->state->slot[i].value != (uint32_t)value) {
    wg_law_broken(l, WG_LAW_SLOT, &c->at, c->at.thread, idx);
    wg_map_del(&l->state->slots, slot_key(c->at.thread, c->args[0]));
  }
}

// Who may not be in it with those who are goes on, though none of them has begun to leave.
static void acquire_rw(struct wg_laws *l, struct wg_lobject *o, const struct wg_lcall *c, uint64_t idx) {
  if (c->taken && !c->waited && o->holders && o->releases == c->releases)
    wg_law_broken_about(l, o, WG_LAW_ENTERS, &c->at, c->at.thread, idx);
  o->acquiring -= o->acquiring != 0;
  o->holders++;
  o->to_write = writes(c);
}

// The last who has the lock lets somebody in who waits.
static void unlock_rw(struct wg_laws *l, struct wg_lobject *o, const struct wg_lcall *c) {
  o->raised = c->at;
  o->leaving -= o->leaving != 0;
  if (o->holders == 0 || --o->holders || o->acquiring == 0 || c->gave) return;
  wg_law_broken_about(l, o, WG_LAW_WAKES, &c->at, c->at.thread, c->at.idx);
}

// Nobody has the lock, nobody else wants it, and who comes has to wait.
void wg_law_blocked_rw(struct wg_laws *l, struct wg_lobject *o, uint32_t thread, uint64_t idx) {
  if (o->holders || o->acquiring > 1) return;
  wg_law_broken_about(l, o, WG_LAW_SIGNALLED, &o->raised, thread, idx);
}

// A wait returns what it ended with; one that never began has nothing to return but an error.
static void check_wait(struct wg_laws *l, const struct wg_lcall *c, uint32_t rv, uint64_t idx) {
  bool fails = rv >= 0x80000000u;
  if (c->waited ? rv != c->wait_status : !fails && c->asked_ns != 0)
    wg_law_broken(l, WG_LAW_STATUS, &c->at, c->at.thread, idx);
}

static void check_answer(struct wg_laws *l, const struct wg_lcall *c, const struct wg_event *e) {
  const struct wg_field *out = wg_ev_get(e, WG_K_OUT);
  struct wg_json_iter it;
  struct wg_json_member m;
  uint64_t v;
  if (out == NULL || out->type != WG_F_RAW || !wg_json_walk(&it, out->s, out->n)) return;
  while (wg_json_next(&it, &m)) {
    if (!wg_json_int(&m, &v)) continue;
    bool wrong = (wg_json_is(&m, "previous") && c->previous >= 0 && (int64_t)v != c->previous) ||
                 (wg_json_is(&m, "handle") && c->handle && (uint32_t)v != (uint32_t)c->handle) ||
                 (wg_json_is(&m, "tid") && c->child && v != c->child);
    if (!wrong) continue;
    wg_law_broken(l, WG_LAW_ANSWER, &c->at, c->at.thread, e->idx);
    return;
  }
}

// How often its owner has a mutant is what it was made with and what waits took since.
static void check_depth(struct wg_laws *l, struct wg_lobject *o, const struct wg_lcall *c, const struct wg_event *e) {
  uint64_t previous;
  bool known = o->kind == WG_LK_MUTANT && o->owner == c->at.thread && o->raised.thread == WG_NONE;
  if (!known || !wg_law_told(e, "previous", &previous) || (int32_t)previous == 1 - (int32_t)o->depth) return;
  wg_law_broken_about(l, o, WG_LAW_INITIAL, &o->made, c->at.thread, c->at.idx);
}

static void returned(struct wg_laws *l, struct wg_side *s, struct wg_lcall *c, const struct wg_event *e) {
  uint64_t rv = 0;
  bool has = wg_ev_u64(e, WG_K_RV, &rv);
  const struct wg_nt_export *nt = c->nt;
  bool ok = !nt || nt->ret != 'S' || (has && (uint32_t)rv < 0x40000000u);
  struct wg_lobject *o = c->object == WG_NONE ? NULL : wg_law_object(l->state, c->object);
  if (!nt || nt->ret != 'S' || (has && (uint32_t)rv < 0x80000000u))
    check_answer(l, c, e); // what there was is told, too
  switch ((enum wg_law_op)c->op) {
  case WG_L_SET:
  case WG_L_PULSE:
  case WG_L_RELEASE:
  case WG_L_UNLOCK:
    if (ok && o && c->op == WG_L_UNLOCK) check_depth(l, o, c, e);
    if (ok && o) wg_law_signalled(l, c);
    if (ok && o && c->op == WG_L_PULSE) wg_law_lower(o, &c->at);
    break;
  case WG_L_RESET:
    if (ok && o) wg_law_lower(o, &c->at), o->taken = false;
    break;
  case WG_L_MAKE_EVENT:
  case WG_L_MAKE_UNSET:
  case WG_L_MAKE_SEMAPHORE:
  case WG_L_MAKE_MUTANT:
  case WG_L_MAKE_TIMER: {
    const struct wg_dthread *d = &s->threads[c->at.thread];
    if (o == NULL && ok && c->step < d->nsteps && d->steps[c->step].idx == c->at.idx &&
        d->steps[c->step].object != WG_NONE)
      make(l->state, s, c, d->steps[c->step].object);
    break;
  }
  case WG_L_SET_TIMER:
    if (ok && o) set_timer(o, c, e->host_ns);
    if (!ok && o) o->high = WG_LAW_HIGH; // as it was
    break;
  case WG_L_CANCEL_TIMER:
    if (o == NULL) break;
    wg_law_check_fired(l, o, e->host_ns);
    o->armed = false;
    if (ok) o->cancelled = true, o->lowered = c->at;
    break;
  case WG_L_FILE_APC:
    if (!ok) unqueue_apc(l, s, c);
    if (ok && o && has) wg_law_file(l, c, e);
    break;
  case WG_L_QUEUE_APC:
  case WG_L_INSERT_APC:
    if (!ok || !has || (c->op == WG_L_INSERT_APC && (uint32_t)rv == 0))
      unqueue_apc(l, s, c);
    else
      check_told(l, s, c, e->idx);
    break;
  case WG_L_SUSPEND:
  case WG_L_RESUME: wg_law_suspends(l, s, c, ok, e); break;
  case WG_L_REMOVE_APC:
    if (has && (uint32_t)rv) unqueue_apc(l, s, c);
    break;
  case WG_L_REFERENCE:
    if (ok) reference(l->state, s, c, e);
    break;
  case WG_L_WAIT:
  case WG_L_SIGNAL_AND_WAIT:
    if (has) check_wait(l, c, (uint32_t)rv, e->idx);
    break;
  case WG_L_GET_PACKET:
    if (has) check_wait(l, c, (uint32_t)rv, e->idx);
    if (o && (c->waited ? c->wait_status == 0 : ok && (uint32_t)rv == 0)) get_packet(l, o, e, &c->at);
    break;
  case WG_L_TRY:
    if (o && has) wg_law_tried(l, c, rv != 0, e->idx);
    break;
  case WG_L_RW_ACQUIRE:
    if (o) acquire_rw(l, o, c, e->idx);
    break;
  case WG_L_RW_TRY:
    if (o && has && rv) o->holders++, o->to_write = writes(c);
    break;
  case WG_L_RW_RELEASE:
    if (o) unlock_rw(l, o, c);
    break;
  case WG_L_SET_SLOT:
    if (c->nargs > 1 && has && rv) set_slot(l->state, c);
    break;
  case WG_L_GET_SLOT:
    if (c->nargs && has) check_slot(l, c, rv, e->idx);
    break;
  case WG_L_FREE_SLOT:
    if (has) free_slots(l->state, nt && nt->ret == 'd' ? rv : c->args[0]);
    break;
  case WG_L_ALLOCATE:
  case WG_L_ALLOCATE_POOL:
    if (has) wg_law_given(l, c, (uint32_t)rv, e->idx);
    break;
  case WG_L_READ_CLOCK: wg_law_clock(l, c, c->row->arg, e); break;
  case WG_L_PUSH:
  case WG_L_POP:
  case WG_L_FLUSH: wg_law_list_returns(l, c, e); break;
  case WG_L_MAKE_DPC:
    if (c->nargs) wg_law_make_dpc(l, c->args[0], c);
    break;
  case WG_L_QUEUE_DPC:
    if (c->nargs && has && (uint32_t)rv) {
      wg_law_queue_dpc(l, c->args[0], &c->at, e->host_ns, true, c->at.thread, c->at.idx);
      wg_law_dpc_is_given(l, c->args[0], c);
    }
    break;
  case WG_L_REMOVE_DPC:
    if (c->nargs && has) wg_law_remove_dpc(l, c->args[0], &c->at, (uint32_t)rv != 0, e->idx);
    break;
  case WG_L_REGISTER: {
    unsigned which = c->row->arg;
    if (ok && c->nargs) wg_law_set_callback(l, which, &c->at, which == WG_LAW_AUDIO || c->args[0], e->host_ns, e->idx);
    break;
  }
  case WG_L_UNREGISTER:
    if (ok) wg_law_set_callback(l, c->row->arg, &c->at, false, e->host_ns, e->idx);
    break;
  default: break;
  }
}

void wg_law_on_return(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e) {
  struct wg_lthread *t = wg_law_thread(l->state, thread);
  const struct wg_field *name = wg_ev_get(e, WG_K_NAME);
  if (name == NULL || name->type != WG_F_STR) return;
  // Of interrupts, which no thread makes, several may be in calls at once.
  if (t->enter.lock != WG_NONE && strcmp(wg_str(s, t->enter.at.name), name->s) == 0) wg_law_entered(l, thread, e->idx);
  if (t->ncalls == 0) return;
  for (unsigned i = t->ncalls; i-- > 0;)
    if (strcmp(wg_str(s, t->call[i].name), name->s) == 0) {
      struct wg_lcall c = t->call[i];
      t->ncalls = i;
      returned(l, s, &c, e);
      return;
    }
}
