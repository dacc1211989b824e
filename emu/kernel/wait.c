// Waits and signals over dispatcher objects. The signal state lives in guest memory, where the
// title's inlined code reads and writes it.
#include <stdlib.h>
#include <string.h>

#include "emu/kernel/kernel.h"

// States lie where the title can write: whatever is there, arithmetic on it wraps.
static int32_t plus(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

int32_t wg_state_of(struct wg_machine *m, const struct wg_object *o) {
  return (int32_t)WG_PEEK(m, o->guest, DISPATCHER_HEADER, STATE);
}

static void set_state(struct wg_machine *m, const struct wg_object *o, int32_t v) {
  WG_POKE(m, o->guest, DISPATCHER_HEADER, STATE, (uint32_t)v);
}

static bool is_signalled(struct wg_machine *m, const struct wg_object *o, const struct wg_thread *t) {
  if (o->type == WG_O_CRITICAL_SECTION) return false; // handed over by its owner
  if (o->type == WG_O_MUTANT && o->owner == t) return true;
  return wg_state_of(m, o) > 0;
}

// Takes what a satisfied wait takes. Returns the status bit of an abandoned mutant.
static bool consume(struct wg_machine *m, struct wg_object *o, struct wg_thread *t) {
  switch (o->type) {
  case WG_O_EVENT:
  case WG_O_TIMER: {
    uint64_t type = WG_PEEK(m, o->guest, DISPATCHER_HEADER, TYPE);
    if (type == WG_D_SYNCHRONIZATION_EVENT || type == WG_D_SYNCHRONIZATION_TIMER) set_state(m, o, 0);
    return false;
  }
  case WG_O_IO_COMPLETION:
  case WG_O_SEMAPHORE: set_state(m, o, plus(wg_state_of(m, o), -1)); return false;
  case WG_O_MUTANT: {
    set_state(m, o, plus(wg_state_of(m, o), -1));
    wg_object_own(o, t);
    bool abandoned = WG_PEEK(m, o->guest, DISPATCHER_HEADER, ABANDONED) != 0;
    if (abandoned) WG_POKE(m, o->guest, DISPATCHER_HEADER, ABANDONED, 0);
    return abandoned;
  }
  case WG_O_THREAD:
  case WG_O_FILE:
  case WG_O_MODULE:
  case WG_O_CRITICAL_SECTION:
  case WG_O_SYMBOLIC_LINK:
  case WG_O_NOTIFY_LISTENER:
  case WG_O_ENUMERATOR:
  case WG_O_OTHER: return false; // what they are does not change by a wait
  }
  return false;
}

// The wait status if the thread's wait can end now, consuming what it takes; STATUS_TIMEOUT if it cannot.
static uint32_t try_satisfy(struct wg_machine *m, struct wg_thread *t) {
  const struct wg_wait *w = &t->wait;
  uint32_t ready = 0, status = STATUS_SUCCESS;
  for (uint32_t i = 0; i < w->count; i++) {
    if (!is_signalled(m, w->links[i].o, t)) continue;
    ready++;
    if (w->all) continue;
    return consume(m, w->links[i].o, t) ? STATUS_ABANDONED_WAIT_0 + i : i;
  }
  if (!w->all || ready < w->count) return STATUS_TIMEOUT;
  for (uint32_t i = 0; i < w->count; i++)
    if (consume(m, w->links[i].o, t)) status = STATUS_ABANDONED_WAIT_0;
  return status;
}

static void add_handles(struct wg_event *e, struct wg_buf *json, const struct wg_wait *w) {
  wg_buf_char(json, '[');
  for (uint32_t i = 0; i < w->count; i++) {
    const struct wg_object *o = w->links[i].o;
    if (i) wg_buf_char(json, ',');
    if (o->handles == 0 && o->guest)
      wg_buf_printf(json, "{\"hsid\":\"%016llx\",\"guest_object\":\"0x%x\",\"object_type\":\"%s\"}",
                    (unsigned long long)o->hsid, o->guest, wg_otype_name(o->type));
    else
      wg_buf_printf(json, "\"%016llx\"", (unsigned long long)o->hsid);
  }
  wg_buf_char(json, ']');
  wg_ev_raw(e, WG_K_HANDLES, json->data, json->len);
}

static void emit_begin(struct wg_machine *m, const struct wg_wait *w) {
  struct wg_event e;
  struct wg_buf json = {0};
  wg_emit_init(m, &e, WG_EV_WAIT_BEGIN);
  add_handles(&e, &json, w);
  wg_ev_str(&e, WG_K_WAIT_TYPE, w->all ? "all" : "any");
  wg_ev_bool(&e, WG_K_ALERTABLE, w->alertable);
  wg_ev_sdec(&e, WG_K_TIMEOUT_NS, w->timeout_ns);
  wg_emit(m, &e);
  wg_buf_release(&json);
}

// Emits wait.end for a thread that need not be the current one.
static void emit_end(struct wg_machine *m, struct wg_thread *t, uint32_t status, const char *how,
                     const struct wg_who *by) {
  struct wg_event e;
  struct wg_buf json = {0};
  wg_emit_init(m, &e, WG_EV_WAIT_END);
  e.tid = t->tid;
  e.cycle = t->ctx.cpu.cycle;
  wg_ev_hex(&e, WG_K_STATUS, status);
  if (by) {
    wg_buf_printf(&json, "{\"tid\":%u,\"idx\":%llu}", by->tid, (unsigned long long)by->idx);
    wg_ev_raw(&e, WG_K_SATISFIED_BY, json.data, json.len);
  } else {
    wg_ev_str(&e, WG_K_SATISFIED_BY, how);
  }
  wg_emit(m, &e);
  wg_buf_release(&json);
}

static void enter_queue(struct wg_link *l) {
  struct wg_object *o = l->o;
  l->before = o->last;
  l->after = NULL;
  *(o->last ? &o->last->after : &o->first) = l;
  o->last = l;
  o->nwaiters++;
}

static void leave_queues(struct wg_thread *t) {
  for (uint32_t i = 0; i < t->wait.count; i++) {
    struct wg_link *l = &t->wait.links[i];
    *(l->before ? &l->before->after : &l->o->first) = l->after;
    *(l->after ? &l->after->before : &l->o->last) = l->before;
    l->o->nwaiters--;
  }
}

static uint64_t (*const thens[])(struct wg_machine *m, struct wg_thread *t, uint32_t status) = {
    [WG_THEN_RETURN] = NULL,
    [WG_THEN_LOCK_ACQUIRED] = wg_lock_acquired,
    [WG_THEN_PACKET_TAKEN] = wg_packet_taken,
    [WG_THEN_NONE_READY] = wg_none_ready,
    [WG_THEN_REQUEST_OVER] = wg_request_over,
};
_Static_assert(sizeof thens / sizeof *thens == WG_THENS, "each has its body");

// The call returns with an out{} of its own: the one in the making belongs to whoever ends the wait. So does a bad
// pointer.
static void return_from_wait(struct wg_machine *m, struct wg_thread *t, uint32_t status) {
  bool other = wg_cur_thread(m) != t, on = m->calls.outputs.on, fault = m->calls.fault;
  struct wg_buf out = m->calls.out;
  if (other) {
    m->calls.out = (struct wg_buf){0};
    wg_buf_char(&m->calls.out, '{');
    m->calls.outputs.on = false;
    m->calls.fault = false;
  }
  uint64_t rv = thens[t->wait.then] ? thens[t->wait.then](m, t, status) : status;
  for (uint32_t i = 0; i < t->wait.count; i++) wg_object_unref(m, t->wait.links[i].o);
  t->wait.count = 0;
  t->wait.seq = 0;
  t->wait.alertable = false;
  t->wait.then = WG_THEN_RETURN;
  if (other && m->calls.fault)
    wg_bad_pointer(m, &t->ctx);
  else
    wg_kernel_return(m, &t->ctx, rv);
  if (other) {
    m->calls.fault = fault;
    wg_buf_release(&m->calls.out);
    m->calls.out = out;
    m->calls.outputs.on = on;
  }
}

static void end_wait(struct wg_machine *m, struct wg_thread *t, uint32_t status, const char *how,
                     const struct wg_who *by) {
  if (t->wait.timeout_ns > 0 && t->wait.seq) wg_cancel(m, t->wait.seq);
  leave_queues(t);
  emit_end(m, t, status, how, by);
  return_from_wait(m, t, status);
  wg_ready(m, t);
}

void wg_wait_end(struct wg_machine *m, struct wg_thread *t, uint32_t status, const char *how, const struct wg_who *by) {
  end_wait(m, t, status, how, by);
}

void wg_wait_timed_out(void *ctx, void *arg, uint64_t token) {
  struct wg_machine *m = ctx;
  struct wg_thread *t = arg;
  if (t->run.state != WG_T_WAITING || t->wait.seq != token) return;
  end_wait(m, t, t->wait.count ? STATUS_TIMEOUT : STATUS_SUCCESS, "timeout", NULL);
}

// Of a running thread that waits for a moment only: it does not lose its turn.
static void was_short(struct wg_machine *m, struct wg_thread *t, uint64_t quantum_left) {
  if (t->run.state != WG_T_READY) return;
  wg_unready(m, t);
  t->run.state = WG_T_RUNNING;
  t->run.quantum_left = quantum_left;
}

uint32_t wg_wait(struct wg_kcall *k, struct wg_object **objects, uint32_t n, bool all, bool alertable,
                 int64_t timeout_ns) {
  struct wg_machine *m = k->m;
  struct wg_thread *t = k->thread;
  if (t == NULL) return STATUS_UNSUCCESSFUL; // an interrupt cannot wait
  struct wg_wait *w = &t->wait;
  w->count = n;
  w->all = all;
  w->alertable = alertable;
  w->timeout_ns = timeout_ns;
  w->since_ns = wg_now(m);
  for (uint32_t i = 0; i < n; i++) w->links[i] = (struct wg_link){.o = objects[i], .t = t};
  emit_begin(m, w);
  uint32_t status = n ? try_satisfy(m, t) : STATUS_TIMEOUT;
  // NT's order: the objects, then pending APCs, then the limit. So a wait of no time is ended by one, too.
  bool apc = alertable && wg_user_apc_waits(m, t);
  if (status != STATUS_TIMEOUT || (timeout_ns == 0 && !apc)) {
    bool late = status == STATUS_TIMEOUT;
    if (late && n == 0) status = STATUS_SUCCESS;
    emit_end(m, t, status, late ? "timeout" : "already", NULL);
    if (late && n == 0) wg_yield(m);
    w->count = 0;
    w->alertable = false;
    return status;
  }
  for (uint32_t i = 0; i < n; i++) {
    w->links[i].o->refs++;
    enter_queue(&w->links[i]);
  }
  t->run.state = WG_T_WAITING;
  t->wait.seq = wg_clock_token(&m->clock);
  if (timeout_ns > 0) t->wait.seq = wg_after(m, wg_now(m) + (uint64_t)timeout_ns, true, WG_DUE_WAIT, t);
  k->state = WG_CALL_BLOCKED;
  if (apc) {
    uint64_t left = t->run.quantum_left;
    wg_deliver_user_apc(m, t);
    was_short(m, t, left);
  }
  return STATUS_PENDING;
}

// --- waits that a kernel APC interrupts: NT breaks them, and begins them again when it has run ---------------------

struct wg_held_wait *wg_wait_hold(struct wg_machine *m, struct wg_thread *t) {
  struct wg_held_wait *h = wg_xcalloc(1, sizeof *h);
  if (t->wait.timeout_ns > 0 && t->wait.seq) wg_cancel(m, t->wait.seq);
  leave_queues(t); // what it waits for stays referenced
  h->wait = t->wait;
  h->call = t->ctx.call;
  h->call_lr = t->ctx.call_lr;
  memcpy(h->call_arg, t->ctx.call_arg, sizeof h->call_arg);
  t->ctx.call = NULL;
  t->wait.count = 0;
  t->wait.seq = 0;
  t->wait.alertable = false;
  t->wait.then = WG_THEN_RETURN;
  wg_ready(m, t);
  return h;
}

void wg_wait_forget(struct wg_machine *m, struct wg_held_wait *held) {
  for (uint32_t i = 0; held && i < held->wait.count; i++) wg_object_unref(m, held->wait.links[i].o);
  free(held);
}

// Who has made it satisfied meanwhile; NULL if it was so before.
static const struct wg_who *signalled_since(const struct wg_wait *w) {
  const struct wg_who *last = NULL;
  for (uint32_t i = 0; i < w->count; i++) {
    const struct wg_who *by = &w->links[i].o->signalled;
    if (by->set && by->ns >= w->since_ns && (last == NULL || by->ns > last->ns)) last = by;
  }
  return last;
}

void wg_wait_again(struct wg_machine *m, struct wg_thread *t, struct wg_held_wait *held) {
  struct wg_wait *w = &t->wait;
  uint64_t left = t->run.quantum_left;
  *w = held->wait;
  t->ctx.call = held->call;
  t->ctx.call_lr = held->call_lr;
  memcpy(t->ctx.call_arg, held->call_arg, sizeof held->call_arg);
  free(held);
  for (uint32_t i = 0; i < w->count; i++) enter_queue(&w->links[i]);
  t->run.state = WG_T_WAITING;
  w->seq = wg_clock_token(&m->clock);
  uint32_t status = w->count ? try_satisfy(m, t) : STATUS_TIMEOUT;
  uint64_t due = w->since_ns + (uint64_t)w->timeout_ns;
  // A lock that was free when nobody waited in its queue was handed to nobody. One whose memory is gone never is.
  uint64_t owner = 1;
  if (w->then == WG_THEN_LOCK_ACQUIRED) wg_mem_r32(m->mem, WG_ADDR(w->param, CRITICAL_SECTION, OWNER), &owner);
  if (owner == 0) status = STATUS_SUCCESS;
  if (status != STATUS_TIMEOUT) {
    const struct wg_who *since = signalled_since(w);
    struct wg_who by = since ? *since : (struct wg_who){.set = false};
    end_wait(m, t, status, "already", since ? &by : NULL);
  } else if (w->alertable && wg_user_apc_waits(m, t)) {
    wg_deliver_user_apc(m, t);
  } else if (w->timeout_ns > 0 && due <= wg_now(m)) {
    end_wait(m, t, w->count ? STATUS_TIMEOUT : STATUS_SUCCESS, "timeout", NULL);
  } else if (w->timeout_ns > 0) {
    w->seq = wg_after(m, due, true, WG_DUE_WAIT, t);
  }
  was_short(m, t, left);
}

int64_t wg_due_ns(const struct wg_machine *m, int64_t due) {
  uint64_t now = wg_system_time(m), units = due < 0                ? 0 - (uint64_t)due
                                            : (uint64_t)due <= now ? 0
                                                                   : (uint64_t)due - now;
  return units > INT64_MAX / 200 ? INT64_MAX / 2 : (int64_t)units * 100;
}

int64_t wg_timeout_arg(struct wg_kcall *k, uint32_t ptr) {
  if (ptr == 0) return -1;
  int64_t v = (int64_t)wg_kr(k->m, ptr, 8);
  return v == 0 ? 0 : wg_due_ns(k->m, v);
}

static void wake_waiters(struct wg_machine *m, struct wg_object *o, const struct wg_who *by) {
  for (struct wg_link *l = o->first, *next; l; l = next) {
    struct wg_thread *t = l->t;
    uint32_t status = try_satisfy(m, t);
    next = l->after;
    if (status == STATUS_TIMEOUT) continue;
    while (next && next->t == t) next = next->after; // it may wait for the same object twice
    end_wait(m, t, status, NULL, by);                // removes t from the list
    if (!is_signalled(m, o, NULL)) break;
  }
}

struct wg_who wg_emit_signal(struct wg_machine *m, struct wg_object *o, const char *op, int32_t count,
                             int32_t previous) {
  struct wg_event e;
  wg_emit_init(m, &e, WG_EV_SIGNAL);
  wg_ev_id(&e, WG_K_HSID, o->hsid);
  wg_ev_str(&e, WG_K_OBJECT_TYPE, wg_otype_name(o->type));
  wg_ev_str(&e, WG_K_OP, op);
  wg_ev_sdec(&e, WG_K_COUNT, count);
  wg_ev_sdec(&e, WG_K_PREVIOUS, previous);
  if (o->handles == 0 && o->guest) wg_ev_hex(&e, WG_K_GUEST_OBJECT, o->guest);
  const struct wg_thread *t = wg_cur_thread(m);
  return (struct wg_who){true, e.tid, wg_emit(m, &e), wg_now(m), t ? t->ctx.call_lr : 0};
}

int32_t wg_signal(struct wg_machine *m, struct wg_object *o, const char *op, int32_t state, int32_t count) {
  int32_t previous = wg_state_of(m, o);
  struct wg_who by = wg_emit_signal(m, o, op, count, previous);
  set_state(m, o, state);
  if (state > 0) {
    o->signalled = by;
    o->signals++;
    o->refs++; // waking may drop the waiters' references
    wake_waiters(m, o, &by);
    wg_object_unref(m, o);
  }
  return previous;
}
