// Waits, signals and APCs over dispatcher objects. The signal state lives in guest memory, where the
// title's inlined code reads and writes it.
#include <stdlib.h>
#include <string.h>

#include "emu/kernel/kernel.h"

int32_t wg_state_of(struct wg_machine *m, const struct wg_object *o) { return (int32_t)wg_kr(m, o->guest + 4, 4); }

static void set_state(struct wg_machine *m, const struct wg_object *o, int32_t v) {
  wg_kw(m, o->guest + 4, 4, (uint32_t)v);
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
    uint64_t type = wg_kr(m, o->guest, 1);
    if (type == WG_D_SYNCHRONIZATION_EVENT || type == WG_D_SYNCHRONIZATION_TIMER) set_state(m, o, 0);
    return false;
  }
  case WG_O_IO_COMPLETION:
  case WG_O_SEMAPHORE: set_state(m, o, wg_state_of(m, o) - 1); return false;
  case WG_O_MUTANT: {
    set_state(m, o, wg_state_of(m, o) - 1);
    o->owner = t;
    bool abandoned = wg_kr(m, o->guest + 1, 1) != 0;
    if (abandoned) wg_kw(m, o->guest + 1, 1, 0);
    return abandoned;
  }
  default: return false;
  }
}

// The wait status if the wait can end now, consuming what it takes; STATUS_TIMEOUT if it cannot.
static uint32_t try_satisfy(struct wg_machine *m, struct wg_thread *t, struct wg_object **objects, uint32_t n,
                            bool all) {
  uint32_t ready = 0, status = STATUS_SUCCESS;
  for (uint32_t i = 0; i < n; i++) {
    if (!is_signalled(m, objects[i], t)) continue;
    ready++;
    if (all) continue;
    return consume(m, objects[i], t) ? STATUS_ABANDONED_WAIT_0 + i : i;
  }
  if (!all || ready < n) return STATUS_TIMEOUT;
  for (uint32_t i = 0; i < n; i++)
    if (consume(m, objects[i], t)) status = STATUS_ABANDONED_WAIT_0;
  return status;
}

static void add_handles(struct wg_event *e, struct wg_buf *json, struct wg_object **objects, uint32_t n) {
  wg_buf_char(json, '[');
  for (uint32_t i = 0; i < n; i++) {
    const struct wg_object *o = objects[i];
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

static void emit_begin(struct wg_machine *m, struct wg_object **objects, uint32_t n, bool all, bool alertable,
                       int64_t timeout_ns) {
  struct wg_event e;
  struct wg_buf json = {0};
  wg_emit_init(m, &e, WG_EV_WAIT_BEGIN);
  add_handles(&e, &json, objects, n);
  wg_ev_str(&e, WG_K_WAIT_TYPE, all ? "all" : "any");
  wg_ev_bool(&e, WG_K_ALERTABLE, alertable);
  wg_ev_sdec(&e, WG_K_TIMEOUT_NS, timeout_ns);
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

static void leave_queues(struct wg_thread *t) {
  for (uint32_t i = 0; i < t->wait.count; i++) {
    struct wg_object *o = t->wait.objects[i];
    for (size_t j = 0; j < o->nwaiters; j++)
      if (o->waiters[j] == t) {
        memmove(o->waiters + j, o->waiters + j + 1, (o->nwaiters - j - 1) * sizeof *o->waiters);
        o->nwaiters--;
        break;
      }
  }
}

// The call returns with an out{} of its own: the one in the making belongs to whoever ends the wait.
static void return_from_wait(struct wg_machine *m, struct wg_thread *t, uint32_t status) {
  bool other = wg_cur_thread(m) != t, on = m->outputs.on;
  struct wg_buf out = m->out;
  if (other) {
    m->out = (struct wg_buf){0};
    wg_buf_char(&m->out, '{');
    m->outputs.on = false;
  }
  uint64_t rv = t->wait.complete ? t->wait.complete(m, t, status) : status;
  for (uint32_t i = 0; i < t->wait.count; i++) wg_object_unref(m, t->wait.objects[i]);
  t->wait.count = 0;
  t->wait.seq = 0;
  t->wait.complete = NULL;
  wg_kernel_return(m, &t->ctx, rv);
  if (other) {
    wg_buf_release(&m->out);
    m->out = out;
    m->outputs.on = on;
  }
}

static void end_wait(struct wg_machine *m, struct wg_thread *t, uint32_t status, const char *how,
                     const struct wg_who *by) {
  leave_queues(t);
  emit_end(m, t, status, how, by);
  return_from_wait(m, t, status);
  wg_ready(m, t);
}

void wg_wait_end(struct wg_machine *m, struct wg_thread *t, uint32_t status, const char *how, const struct wg_who *by) {
  end_wait(m, t, status, how, by);
}

static void timed_out(struct wg_machine *m, void *arg, uint64_t token) {
  struct wg_thread *t = arg;
  if (t->state != WG_T_WAITING || t->wait.seq != token) return;
  end_wait(m, t, t->wait.count ? STATUS_TIMEOUT : STATUS_SUCCESS, "timeout", NULL);
}

uint32_t wg_wait(struct wg_kcall *k, struct wg_object **objects, uint32_t n, bool all, bool alertable,
                 int64_t timeout_ns) {
  struct wg_machine *m = k->m;
  struct wg_thread *t = k->thread;
  if (t == NULL) return STATUS_UNSUCCESSFUL; // an interrupt cannot wait
  emit_begin(m, objects, n, all, alertable, timeout_ns);
  t->wait.since_ns = wg_now(m);
  uint32_t status = n ? try_satisfy(m, t, objects, n, all) : STATUS_TIMEOUT;
  if (status != STATUS_TIMEOUT) {
    emit_end(m, t, status, "already", NULL);
    return status;
  }
  if (timeout_ns == 0) {
    status = n ? STATUS_TIMEOUT : STATUS_SUCCESS;
    emit_end(m, t, status, "timeout", NULL);
    if (n == 0) wg_yield(m);
    return status;
  }
  t->wait.count = n;
  t->wait.all = all;
  t->wait.alertable = alertable;
  t->wait.timeout_ns = timeout_ns;
  for (uint32_t i = 0; i < n; i++) {
    struct wg_object *o = objects[i];
    t->wait.objects[i] = o;
    o->refs++;
    o->waiters = wg_xrealloc(o->waiters, (o->nwaiters + 1) * sizeof(struct wg_thread *));
    o->waiters[o->nwaiters++] = t;
  }
  t->state = WG_T_WAITING;
  t->wait.seq = ++m->next_seq;
  if (timeout_ns > 0) t->wait.seq = wg_after(m, wg_now(m) + (uint64_t)timeout_ns, true, timed_out, t);
  k->state = WG_CALL_BLOCKED;
  if (alertable && t->napcs) wg_deliver_apc(m, t);
  return STATUS_PENDING;
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
  for (size_t i = 0; i < o->nwaiters;) {
    struct wg_thread *t = o->waiters[i];
    uint32_t status = try_satisfy(m, t, t->wait.objects, t->wait.count, t->wait.all);
    if (status == STATUS_TIMEOUT) {
      i++;
      continue;
    }
    if (t->wait.timeout_ns > 0) wg_cancel(m, t->wait.seq);
    end_wait(m, t, status, NULL, by); // removes t from the list
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

void wg_queue_apc(struct wg_machine *m, struct wg_thread *t, const struct wg_apc *apc) {
  t->apcs = wg_xrealloc(t->apcs, (t->napcs + 1) * sizeof *t->apcs);
  t->apcs[t->napcs++] = *apc;
  if (t->state == WG_T_WAITING && t->wait.alertable) wg_deliver_apc(m, t);
}

// Ends an alertable wait and points the thread at its first APC's routine.
bool wg_deliver_apc(struct wg_machine *m, struct wg_thread *t) {
  if (t->napcs == 0 || t->apc_saved) return false;
  struct wg_apc apc = t->apcs[0];
  memmove(t->apcs, t->apcs + 1, --t->napcs * sizeof apc);
  if (t->state == WG_T_WAITING) {
    if (t->wait.timeout_ns > 0) wg_cancel(m, t->wait.seq);
    end_wait(m, t, STATUS_USER_APC, "apc", NULL);
  }
  if (apc.kapc) wg_kw(m, apc.kapc + 3, 1, 0); // no longer queued
  struct wg_cpu *c = &t->ctx.cpu;
  t->apc_saved = wg_xcalloc(1, sizeof *c);
  *t->apc_saved = *c;
  c->gpr[1] -= 0x200;
  c->gpr[3] = apc.ctx;
  c->gpr[4] = apc.arg1;
  c->gpr[5] = apc.arg2;
  c->lr = WG_APC_SENTINEL;
  c->pc = apc.routine;
  return true;
}

void wg_apc_returned(struct wg_machine *m, struct wg_thread *t) {
  uint64_t cycle = t->ctx.cpu.cycle;
  t->ctx.cpu = *t->apc_saved;
  t->ctx.cpu.cycle = cycle;
  free(t->apc_saved);
  t->apc_saved = NULL;
  if (t->napcs) wg_deliver_apc(m, t); // one alertable wait drains the queue
}
