// Ke* and Kf*: dispatcher objects in guest memory, IRQL, spin locks, DPCs, APCs, TLS, time.
#include <string.h>

#include "emu/kernel/kernel.h"

static struct wg_object *object_arg(struct wg_kcall *k, uint32_t addr) {
  struct wg_object *o = wg_object_at(k->m, addr, k->lr);
  if (o == NULL && !k->m->calls.fault) {
    k->m->calls.fault = true; // not a dispatcher object: the console would bug-check
    k->m->calls.fault_addr = addr;
    k->m->calls.fault_what = wg_object_placed(k->m, addr) ? WG_BAD_KIND : WG_BAD_OBJECT;
  }
  return o;
}

WG_CALL(KeSetEvent, 3) {
  struct wg_object *o = object_arg(k, A(0));
  return o ? (uint64_t)(uint32_t)wg_signal(k->m, o, "set", 1, 1) : 0;
}
WG_CALL(KeResetEvent, 1) {
  struct wg_object *o = object_arg(k, A(0));
  return o ? (uint64_t)(uint32_t)wg_signal(k->m, o, "reset", 0, 0) : 0;
}
WG_CALL(KePulseEvent, 3) {
  struct wg_object *o = object_arg(k, A(0));
  if (o == NULL) return 0;
  int32_t old = wg_signal(k->m, o, "pulse", 1, 1);
  WG_PUT(k->m, o->guest, DISPATCHER_HEADER, STATE, 0);
  return (uint64_t)(uint32_t)old;
}
// NT's rule: beyond the limit, or downwards, nothing is released.
static bool may_release(struct wg_kcall *k, const struct wg_object *o, int32_t old, int32_t count) {
  int32_t limit = o->type == WG_O_SEMAPHORE ? (int32_t)WG_GET(k->m, o->guest, KSEMAPHORE, LIMIT) : INT32_MAX;
  return count >= 0 && (int64_t)old + count <= limit;
}
// The kernel raises where the limit would be exceeded (NtReleaseSemaphore is what turns that into a status).
WG_CALL(KeReleaseSemaphore, 4) {
  if (k->resumed) return wg_raise_status(k, STATUS_SEMAPHORE_LIMIT_EXCEEDED);
  struct wg_object *o = object_arg(k, A(0));
  if (o == NULL) return 0;
  int32_t old = wg_state_of(k->m, o), count = (int32_t)A(2);
  if (!may_release(k, o, old, count)) return wg_raise_status(k, STATUS_SEMAPHORE_LIMIT_EXCEEDED);
  wg_signal(k->m, o, "release", old + count, count);
  return (uint64_t)(uint32_t)old;
}
WG_CALL(KeInitializeSemaphore, 3) {
  wg_dispatcher_init(k->m, A(0), WG_D_SEMAPHORE, A(1));
  WG_PUT(k->m, A(0), KSEMAPHORE, LIMIT, A(2));
  return 0;
}
WG_CALL(KeInitializeEvent, 3) {
  wg_dispatcher_init(k->m, A(0), A(1) & 1, A(2) & 0xFF);
  return 0;
}

WG_CALL(KeWaitForSingleObject, 5) {
  struct wg_object *o = object_arg(k, A(0));
  if (o == NULL) return STATUS_INVALID_PARAMETER;
  return wg_wait(k, &o, 1, false, A(3) != 0, wg_timeout_arg(k, A(4)));
}
WG_CALL(KeWaitForMultipleObjects, 8) {
  struct wg_object *o[64];
  uint32_t n = A(0), found = 0, status = STATUS_INVALID_PARAMETER;
  if (n == 0 || n > 64) return STATUS_INVALID_PARAMETER;
  // Each is held while the others are looked for: one that becomes known may have another forgotten.
  for (; found < n && (o[found] = object_arg(k, KR32(k, A(1) + 4 * found))) != NULL; found++) o[found]->refs++;
  if (found == n) status = wg_wait(k, o, n, A(2) == 0, A(5) != 0, wg_timeout_arg(k, A(6)));
  for (uint32_t i = 0; i < found; i++) wg_object_unref(k->m, o[i]);
  return status;
}
WG_CALL(KeDelayExecutionThread, 3) { return wg_wait(k, NULL, 0, false, A(1) != 0, wg_timeout_arg(k, A(2))); }

// Spin locks (docs/console.md#threads): the owner word holds the KPCR of the processor that owns the lock.
static bool acquire(struct wg_kcall *k) {
  if (KR32(k, A(0)) != 0) {
    k->state = WG_CALL_RETRY;
    return false;
  }
  KW32(k, A(0), k->m->sched.hw[k->m->sched.cur_hw].kpcr);
  return true;
}
WG_CALL(KfAcquireSpinLock, 1) {
  uint8_t old = k->m->sched.hw[k->m->sched.cur_hw].irql;
  if (acquire(k)) wg_set_irql(k->m, k->m->sched.cur_hw, 2);
  return old;
}
WG_CALL(KfReleaseSpinLock, 2) {
  KW32(k, A(0), 0);
  wg_set_irql(k->m, k->m->sched.cur_hw, (uint8_t)A(1));
  return 0;
}
WG_CALL(KeAcquireSpinLockAtRaisedIrql, 1) {
  acquire(k);
  return 0;
}
WG_CALL(KeTryToAcquireSpinLockAtRaisedIrql, 1) {
  if (KR32(k, A(0)) != 0) return 0;
  return acquire(k);
}
WG_CALL(KeReleaseSpinLockFromRaisedIrql, 1) {
  KW32(k, A(0), 0);
  return 0;
}
static uint64_t raise_to(struct wg_kcall *k, uint8_t irql) {
  uint8_t old = k->m->sched.hw[k->m->sched.cur_hw].irql;
  wg_set_irql(k->m, k->m->sched.cur_hw, irql);
  return old;
}
WG_CALL(KeRaiseIrqlToDpcLevel, 0) { return raise_to(k, 2); }
WG_CALL(KfRaiseIrql, 1) { return raise_to(k, (uint8_t)A(0)); }
WG_CALL(KfLowerIrql, 1) { return raise_to(k, (uint8_t)A(0)); }

static uint64_t critical_region(struct wg_kcall *k, uint32_t delta) {
  if (k->thread)
    WG_PUT(k->m, k->thread->kthread, KTHREAD, APCS_DISABLED,
           WG_GET(k->m, k->thread->kthread, KTHREAD, APCS_DISABLED) + delta);
  return 0;
}
WG_CALL(KeEnterCriticalRegion, 0) { return critical_region(k, ~0u); }
WG_CALL(KeLeaveCriticalRegion, 0) { return critical_region(k, 1); }

WG_CALL(KeInitializeDpc, 3) {
  KW32(k, A(0), 19u << 16);
  WG_PUT(k->m, A(0), KDPC, ROUTINE, A(1));
  WG_PUT(k->m, A(0), KDPC, CONTEXT, A(2));
  return 0;
}
// Where a DPC waits for its turn: the hardware thread, and its place there.
static struct wg_hw *dpc_queued(struct wg_machine *m, uint32_t dpc, size_t *at) {
  uint64_t fn = WG_GET(m, dpc, KDPC, ROUTINE);
  for (unsigned n = 0; n < WG_HW_THREADS; n++)
    for (*at = 0; *at < m->sched.hw[n].npending; ++*at) {
      const struct wg_irq_call *call = &m->sched.hw[n].pending[*at];
      if (call->args[0] == dpc && call->fn == fn) return &m->sched.hw[n];
    }
  return NULL;
}
// False: it is queued already.
static bool queue_dpc(struct wg_machine *m, uint32_t dpc, uint32_t arg1, uint32_t arg2) {
  size_t at;
  if (dpc_queued(m, dpc, &at)) return false;
  uint64_t cpu = WG_GET(m, dpc, KDPC, DESIRED); // desired processor, 0 = here
  unsigned hw = cpu >= 1 && cpu <= WG_HW_THREADS ? (unsigned)cpu - 1 : m->sched.cur_hw;
  struct wg_irq_call call = {.fn = WG_GET(m, dpc, KDPC, ROUTINE), .process_type = 1, .dpc = true};
  call.args[0] = dpc;
  call.args[1] = WG_GET(m, dpc, KDPC, CONTEXT);
  call.args[2] = arg1;
  call.args[3] = arg2;
  wg_interrupt(m, hw, &call);
  return true;
}
WG_CALL(KeInsertQueueDpc, 3) {
  if (!queue_dpc(k->m, A(0), A(1), A(2))) return 0;
  WG_PUT(k->m, A(0), KDPC, ARGUMENT_1, A(1));
  WG_PUT(k->m, A(0), KDPC, ARGUMENT_2, A(2));
  return 1;
}
WG_CALL(KeRemoveQueueDpc, 1) {
  size_t i;
  struct wg_hw *hw = dpc_queued(k->m, A(0), &i);
  if (hw == NULL) return 0;
  memmove(hw->pending + i, hw->pending + i + 1, (--hw->npending - i) * sizeof *hw->pending);
  return 1;
}

// KAPC (docs/console.md#threads): 2 mode, 3 queued, 4 thread, 10 kernel, 14 rundown, 18 normal routine, 1C context.
WG_CALL(KeInitializeApc, 7) {
  KW32(k, A(0), 18u << 24);
  wg_kw(k->m, A(0), 2, 18);
  WG_PUT(k->m, A(0), KAPC, MODE, A(4) ? A(5) : 0); // one without a normal routine is the kernel's
  WG_PUT(k->m, A(0), KAPC, THREAD, A(1));
  WG_PUT(k->m, A(0), KAPC, KERNEL_ROUTINE, A(2));
  WG_PUT(k->m, A(0), KAPC, RUNDOWN_ROUTINE, A(3));
  WG_PUT(k->m, A(0), KAPC, NORMAL_ROUTINE, A(4));
  WG_PUT(k->m, A(0), KAPC, NORMAL_CONTEXT, A(4) ? A(6) : 0);
  return 0;
}
WG_CALL(KeInsertQueueApc, 4) {
  struct wg_object *o = wg_object_at(k->m, WG_GET(k->m, A(0), KAPC, THREAD), k->lr);
  if (o == NULL || o->thread == NULL || o->thread->run.state == WG_T_EXITED) return 0;
  if (WG_GET(k->m, A(0), KAPC, QUEUED)) return 0; // already queued
  WG_PUT(k->m, A(0), KAPC, QUEUED, 1);
  WG_PUT(k->m, A(0), KAPC, ARGUMENT_1, A(1));
  WG_PUT(k->m, A(0), KAPC, ARGUMENT_2, A(2));
  struct wg_apc apc = {.routine = WG_GET(k->m, A(0), KAPC, NORMAL_ROUTINE),
                       .ctx = WG_GET(k->m, A(0), KAPC, NORMAL_CONTEXT),
                       .arg1 = A(1),
                       .arg2 = A(2),
                       .kernel = WG_GET(k->m, A(0), KAPC, KERNEL_ROUTINE),
                       .rundown = WG_GET(k->m, A(0), KAPC, RUNDOWN_ROUTINE),
                       .kapc = A(0)};
  enum wg_apc_mode mode = apc.routine == 0                      ? WG_APC_SPECIAL
                          : WG_GET(k->m, A(0), KAPC, MODE) == 0 ? WG_APC_KERNEL
                                                                : WG_APC_USER;
  // One that would call nothing has run as soon as it is queued.
  bool queued = (apc.routine || apc.kernel) && wg_queue_apc(k->m, o->thread, mode, &apc);
  if (queued) return 1;
  WG_PUT(k->m, A(0), KAPC, QUEUED, 0);
  return apc.routine == 0 && apc.kernel == 0;
}
WG_CALL(KiApcNormalRoutineNop, 2) {
  (void)k;
  return 0;
}

WG_CALL(KeTlsAlloc, 0) {
  for (uint32_t i = 0; i < k->m->threads.nslots; i++) {
    if (k->m->threads.tls_slots[i]) continue;
    k->m->threads.tls_slots[i] = 1;
    return i;
  }
  return 0xFFFFFFFFu;
}
WG_CALL(KeTlsFree, 1) {
  if (A(0) >= k->m->threads.nslots || !k->m->threads.tls_slots[A(0)]) return 0;
  k->m->threads.tls_slots[A(0)] = 0;
  return 1;
}
static uint32_t tls_slot(struct wg_kcall *k) {
  if (k->thread == NULL || A(0) >= k->m->threads.nslots) return 0;
  return k->thread->tls + k->m->image.tls_size + 4 * A(0);
}
WG_CALL(KeTlsGetValue, 1) {
  uint32_t at = tls_slot(k);
  return at ? KR32(k, at) : 0;
}
WG_CALL(KeTlsSetValue, 2) {
  uint32_t at = tls_slot(k);
  if (at) KW32(k, at, A(1));
  return at != 0;
}

WG_CALL(KeQueryPerformanceFrequency, 0) {
  (void)k;
  return WG_TIMEBASE_HZ;
}
WG_CALL(KeQuerySystemTime, 1) {
  wg_out_time(k, A(0), wg_system_time(k->m));
  return 0;
}
WG_CALL(KeQueryInterruptTime, 0) { return wg_now(k->m) / 100; }
WG_CALL(KeStallExecutionProcessor, 1) {
  k->m->clock.used += (uint64_t)A(0) * 1000;
  return 0;
}

static struct wg_thread *thread_arg(struct wg_kcall *k, uint32_t kthread) {
  struct wg_object *o = object_arg(k, kthread);
  return o ? o->thread : NULL;
}
static void move_thread(struct wg_machine *m, struct wg_thread *t, unsigned hw) {
  bool queued = t->run.queued;
  wg_unready(m, t);
  t->run.hw = hw;
  if (queued) wg_ready(m, t);
}
WG_CALL(KeSetAffinityThread, 3) {
  struct wg_thread *t = thread_arg(k, A(0));
  if (t == NULL || (A(1) & 0x3F) == 0) return STATUS_INVALID_PARAMETER;
  uint32_t old = t->run.affinity ? t->run.affinity : 1u << t->run.hw;
  wg_out_u32(k, A(2), "previous", old);
  t->run.affinity = A(1) & 0x3F;
  if (!(t->run.affinity >> t->run.hw & 1)) move_thread(k->m, t, (unsigned)__builtin_ctz(t->run.affinity));
  return STATUS_SUCCESS;
}
static void set_priority(struct wg_kcall *k, struct wg_thread *t, int p) {
  bool queued = t->run.queued;
  int to = p < 0 ? 0 : p > 31 ? 31 : p;
  if (to == t->run.priority) return; // it keeps its place among those that are ready
  wg_unready(k->m, t);
  t->run.priority = to;
  WG_PUT(k->m, t->kthread, KTHREAD, PRIORITY, (uint8_t)t->run.priority);
  if (queued) wg_ready(k->m, t);
}
#define TITLE_BASE_PRIORITY 8
WG_CALL(KeSetBasePriorityThread, 2) {
  struct wg_thread *t = thread_arg(k, A(0));
  if (t == NULL) return 0;
  int old = t->run.priority - TITLE_BASE_PRIORITY;
  int32_t by = (int32_t)A(1);
  set_priority(k, t, TITLE_BASE_PRIORITY + (by < -32 ? -32 : by > 32 ? 32 : by));
  wg_json_i64(wg_out(k), "previous", old);
  return (uint64_t)(int64_t)old;
}
WG_CALL(KeQueryBasePriorityThread, 1) {
  struct wg_thread *t = thread_arg(k, A(0));
  return t ? (uint64_t)(uint32_t)(t->run.priority - TITLE_BASE_PRIORITY) : 0;
}
WG_CALL(KeSetPriorityThread, 2) {
  struct wg_thread *t = thread_arg(k, A(0));
  if (t == NULL) return 0;
  int old = t->run.priority;
  set_priority(k, t, (int32_t)A(1));
  return (uint64_t)(uint32_t)old;
}
WG_CALL(KeSetDisableBoostThread, 2) {
  struct wg_thread *t = thread_arg(k, A(0));
  if (t == NULL) return 0;
  uint64_t old = WG_GET(k->m, t->kthread, KTHREAD, BOOST_DISABLED);
  WG_PUT(k->m, t->kthread, KTHREAD, BOOST_DISABLED, A(1) != 0);
  return old;
}
WG_CALL(KeSuspendThread, 1) {
  struct wg_thread *t = thread_arg(k, A(0));
  if (t == NULL) return 0;
  if (t->run.suspend == 127) return 127; // as NtSuspendThread
  if (t->run.suspend++ == 0) wg_unready(k->m, t);
  return t->run.suspend - 1;
}
// Wakes the thread from an alertable wait. One that does not wait forgets it; the console would remember.
WG_CALL(KeAlertThread, 2) {
  struct wg_thread *t = thread_arg(k, A(0));
  if (t == NULL || t->run.state != WG_T_WAITING || !t->wait.alertable) return 0;
  wg_wait_end(k->m, t, STATUS_ALERTED, "apc", NULL);
  return 0;
}
WG_CALL(KeResumeThread, 1) {
  struct wg_thread *t = thread_arg(k, A(0));
  if (t == NULL || t->run.suspend == 0) return 0;
  if (--t->run.suspend == 0 && t->run.state == WG_T_READY) wg_ready(k->m, t);
  return t->run.suspend + 1;
}

WG_CALL(KeGetCurrentProcessType, 0) {
  if (k->thread) return WG_GET(k->m, k->thread->kthread, KTHREAD, PROCESS_TYPE);
  return WG_GET(k->m, k->m->sched.hw[k->m->sched.cur_hw].kpcr, KPCR, DPC_PROCESS_TYPE);
}
WG_CALL(KeSetCurrentProcessType, 1) {
  if (k->thread) WG_PUT(k->m, k->thread->kthread, KTHREAD, PROCESS_TYPE, A(0));
  return 0;
}
WG_CALL(KeEnableFpuExceptions, 1) {
  if (k->thread) WG_PUT(k->m, k->thread->kthread, KTHREAD, FPU_EXCEPTIONS, A(0));
  return 0;
}
WG_CALL(KeBugCheck, 1) {
  struct wg_buf b = {0};
  wg_buf_printf(&b, "the title called KeBugCheck with code 0x%08x", A(0));
  wg_exception(k->m, k->cpu, b.data);
  wg_buf_release(&b);
  k->state = WG_CALL_NO_RETURN;
  return 0;
}

// Timers: KTIMER begins with a dispatcher header; the due time and the period are kept by us.
bool wg_timer_start(struct wg_machine *m, struct wg_object *o, int64_t due_ns, uint64_t period_ns) {
  wg_timer_cancel(m, o);
  if (m->bounds.timers == WG_MAX_TIMERS) {
    wg_limit(m, WG_L_TIMERS);
    return false;
  }
  m->bounds.timers++;
  o->timer_period_ns = period_ns;
  o->timer_seq = wg_after(m, wg_now(m) + (uint64_t)due_ns, true, WG_DUE_TIMER, o);
  return true;
}
bool wg_timer_cancel(struct wg_machine *m, struct wg_object *o) {
  bool was = o->timer_seq != 0;
  if (was) wg_cancel(m, o->timer_seq);
  m->bounds.timers -= was;
  o->timer_seq = 0;
  return was;
}
void wg_timer_fired(void *ctx, void *arg, uint64_t token) {
  struct wg_machine *m = ctx;
  struct wg_object *o = arg;
  (void)token;
  o->timer_seq = 0;
  if (o->timer_period_ns)
    o->timer_seq = wg_after(m, m->clock.now + o->timer_period_ns, true, WG_DUE_TIMER, o);
  else
    m->bounds.timers--;
  struct wg_thread *t = o->timer_thread ? o->timer_thread->thread : NULL;
  if (o->timer_apc && t && t->run.state != WG_T_EXITED) {
    uint64_t now = wg_system_time(m);
    struct wg_apc apc = {
        .routine = o->timer_apc, .ctx = o->timer_apc_ctx, .arg1 = (uint32_t)now, .arg2 = (uint32_t)(now >> 32)};
    wg_queue_apc(m, t, WG_APC_USER, &apc);
  }
  if (o->timer_dpc) queue_dpc(m, o->timer_dpc, 0, 0);
  wg_signal(m, o, "fire", 1, 1);
  m->calls.fault = false; // the title has given the memory back: nobody's call is wrong
}
WG_CALL(KeInitializeTimerEx, 4) {
  wg_dispatcher_init(k->m, A(0), 8u + (A(1) & 1), 0);
  return 0;
}
static uint64_t set_timer(struct wg_kcall *k, int64_t due, uint32_t period_ms, uint32_t dpc) {
  struct wg_object *o = object_arg(k, A(0));
  if (o == NULL) return 0;
  bool was = wg_timer_cancel(k->m, o);
  WG_PUT(k->m, A(0), DISPATCHER_HEADER, STATE, 0);
  o->timer_dpc = dpc;
  wg_timer_start(k->m, o, wg_due_ns(k->m, due), (uint64_t)period_ms * 1000000u);
  return was;
}
WG_CALL(KeSetTimer, 3) { return set_timer(k, (int64_t)k->arg[1], 0, A(2)); }
WG_CALL(KeSetTimerEx, 4) { return set_timer(k, (int64_t)k->arg[1], A(2), A(3)); }
WG_CALL(KeCancelTimer, 1) {
  struct wg_object *o = object_arg(k, A(0));
  return o && wg_timer_cancel(k->m, o);
}

WG_CONSTANT(KeLockL2, 0, 0)
WG_CONSTANT(KeUnlockL2, 0, 0)
WG_CALL(KeBugCheckEx, 5) { return wg_k_KeBugCheck(k); }

// KeSetCurrentStackPointers(sp, thread, allocation, base, limit): fibers tell the kernel of another stack.
WG_CALL(KeSetCurrentStackPointers, 6) {
  if (k->thread == NULL) return 0;
  WG_PUT(k->m, k->thread->kthread, KTHREAD, STACK_ALLOCATION, A(2));
  WG_PUT(k->m, k->thread->kthread, KTHREAD, STACK_BASE, A(3));
  WG_PUT(k->m, k->thread->kthread, KTHREAD, STACK_LIMIT, A(4));
  WG_PUT(k->m, (uint32_t)k->cpu->gpr[13], KPCR, STACK_BASE, A(3));
  WG_PUT(k->m, (uint32_t)k->cpu->gpr[13], KPCR, STACK_LIMIT, A(4));
  k->cpu->gpr[1] = A(0);
  return 0;
}
WG_CALL(RtlGetStackLimits, 2) {
  uint32_t kpcr = (uint32_t)k->cpu->gpr[13];
  wg_out_u32(k, A(0), "limit", WG_GET(k->m, kpcr, KPCR, STACK_LIMIT));
  wg_out_u32(k, A(1), "base", WG_GET(k->m, kpcr, KPCR, STACK_BASE));
  return 0;
}
WG_CONSTANT(KeSaveFloatingPointState, 1, 0) // every context keeps its own registers
WG_CONSTANT(KeGetImagePageTableEntry, 1, 0)
