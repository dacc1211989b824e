// Threads and the per-processor structures that guest code reads (docs/console.md#threads).
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "emu/cpu/branch.h"
#include "emu/kernel/kernel.h"
#include "emu/kernel/state.h"

#define OBJECT_HEADER 0x18u     // room in front of a KTHREAD
#define FIRST_STACK 0x70150000u // where the reference puts a title's first stack, guard pages around it

static uint64_t timebase(void *ctx, uint64_t cycle) {
  (void)cycle;
  return wg_clock_timebase(ctx);
}

// A processor context of `ctx->thread`, or of the interrupts of hardware thread `hw`.
void wg_context_init(struct wg_machine *m, struct wg_ctx *ctx, unsigned hw) {
  struct wg_cpu *c = &ctx->cpu;
  wg_cpu_init(c, m->mem, m->code);
  c->vrsave = ~0u;
  c->vscr = 0x10000; // NJ: the console runs with denormals flushed
  c->timebase = timebase;
  c->tb_ctx = &m->clock;
  struct wg_branches *b = c->branches;
  b->tid = ctx->thread ? ctx->thread->tid : 0;
  b->hw = hw;
  b->next_idx = ctx->thread ? &ctx->thread->idx : &m->threads.idx0;
  b->sink = m->observer.branches;
  b->ctx = m->observer.ctx;
}

static void describe_thread(struct wg_archive *a, void *ctx, void **arg) {
  struct wg_thread *t = *arg;
  wg_ar_thread(a, ctx, &t);
  if (t == NULL) wg_ar_fail(a, "a timeout of no thread's wait");
  *arg = t;
}

static void describe_object(struct wg_archive *a, void *ctx, void **arg) {
  struct wg_object *o = *arg;
  wg_ar_object(a, ctx, &o);
  if (o == NULL) wg_ar_fail(a, "a due time of no timer");
  *arg = o;
}

void wg_threads_init(struct wg_machine *m) {
  wg_clock_serve(&m->clock, WG_DUE_WAIT,
                 &(struct wg_due_service){.fire = wg_wait_timed_out, .describe = describe_thread, .ctx = m});
  wg_clock_serve(&m->clock, WG_DUE_TIMER,
                 &(struct wg_due_service){.fire = wg_timer_fired, .describe = describe_object, .ctx = m});
  m->threads.nslots = m->image.tls_slots ? m->image.tls_slots : 64;
  if (m->threads.nslots > sizeof m->threads.tls_slots) m->threads.nslots = sizeof m->threads.tls_slots;
}

void wg_kernel_init_hw(struct wg_machine *m) {
  m->threads.next_stack = FIRST_STACK;
  // Title, idle and system processes.
  for (int i = 0; i < 3; i++) {
    static const uint8_t types[3] = {1, 0, 2};
    uint32_t p = wg_pool_alloc(m, WG_SIZEOF_KPROCESS, WG_POOL_KERNEL);
    m->threads.process[i] = p;
    wg_list_place(m, WG_ADDR(p, KPROCESS, THREADS));
    WG_PLACE(m, p, KPROCESS, QUANTUM, i == 1 ? 127 : 60);
    WG_PLACE(m, p, KPROCESS, STACK_SIZE, m->image.stack_size);
    WG_PLACE(m, p, KPROCESS, TYPE, types[i]);
  }
  for (unsigned i = 0; i < WG_HW_THREADS; i++) {
    struct wg_hw *hw = &m->sched.hw[i];
    // 64-bit atomics do mtmsrd r13: bit 0x8000 of the KPCR's address must be clear (docs/console.md#threads).
    uint32_t at = wg_pool_alloc(m, 0x20000, WG_POOL_KERNEL);
    hw->kpcr = (at + 0xFFFF) & ~0xFFFFu;
    uint32_t k = hw->kpcr;
    WG_PLACE(m, k, KPCR, SELF, k);
    WG_PLACE(m, k, KPCR, PROCESSOR, (uint8_t)i);
    WG_PLACE(m, k, KPCR, PROCESSOR_MASK, 1u << i);
    WG_PLACE(m, k, KPCR, PRCB, k + WG_AT_KPCR_CURRENT_THREAD);
    hw->idle_kthread = wg_pool_alloc(m, WG_SIZEOF_KTHREAD + OBJECT_HEADER, WG_POOL_KERNEL) + OBJECT_HEADER;
    hw->idle_tls = wg_pool_alloc(m, m->image.tls_size + m->threads.nslots * 4, WG_POOL_KERNEL);
    WG_PLACE(m, hw->idle_kthread, DISPATCHER_HEADER, TYPE, WG_D_THREAD);
    WG_PLACE(m, hw->idle_kthread, KTHREAD, PROCESS, m->threads.process[1]);
    wg_thread_unload(m, i);
    wg_context_init(m, &hw->irq, i);
    hw->irq_stack = wg_pool_alloc(m, 0x8000, WG_POOL_KERNEL) + 0x8000 - 0x100;
  }
}

// Interrupts on an idle processor find the idle thread, as on the console.
void wg_thread_unload(struct wg_machine *m, unsigned n) {
  const struct wg_hw *hw = &m->sched.hw[n];
  if (hw->irql) wg_set_irql(m, n, 0);
  WG_PLACE(m, hw->kpcr, KPCR, TLS, hw->idle_tls);
  WG_PLACE(m, hw->kpcr, KPCR, CURRENT_THREAD, hw->idle_kthread);
}

void wg_thread_load(struct wg_machine *m, unsigned n, struct wg_thread *t) {
  uint32_t k = m->sched.hw[n].kpcr;
  if (t->irql) wg_set_irql(m, n, t->irql); // that of a thread is its own
  t->ctx.cpu.gpr[13] = k;
  WG_PLACE(m, k, KPCR, TLS, t->tls);
  WG_PLACE(m, k, KPCR, STACK_BASE, t->stack_base);
  WG_PLACE(m, k, KPCR, STACK_LIMIT, t->stack_limit);
  WG_PLACE(m, k, KPCR, CURRENT_THREAD, t->kthread);
  WG_PLACE(m, t->kthread, KTHREAD, PROCESSOR, (uint8_t)n);
  if (!t->started) {
    t->started = true;
    struct wg_event e;
    wg_emit_init(m, &e, WG_EV_THREAD_START);
    e.tid = t->tid;
    e.cycle = 0;
    wg_ev_hex(&e, WG_K_ENTRY, t->entry);
    wg_ev_hex(&e, WG_K_CTX, t->start_ctx);
    wg_emit(m, &e);
  }
}

static void init_kthread(struct wg_machine *m, struct wg_thread *t) {
  uint32_t k = t->kthread;
  uint8_t *p = wg_mem_own(m->mem, k, WG_SIZEOF_KTHREAD);
  WG_STORE(p, DISPATCHER_HEADER, TYPE, WG_D_THREAD);
  wg_list_place(m, WG_ADDR(k, DISPATCHER_HEADER, WAIT_LIST));
  WG_STORE(p, KTHREAD, STACK_BASE, t->stack_base);
  WG_STORE(p, KTHREAD, STACK_LIMIT, t->stack_limit);
  WG_STORE(p, KTHREAD, KERNEL_STACK, t->stack_base - 0xF0);
  WG_STORE(p, KTHREAD, TLS, t->tls);
  WG_STORE(p, KTHREAD, RUN_STATE, 2);
  WG_STORE(p, KTHREAD, PRIORITY, t->run.priority);
  WG_STORE(p, KTHREAD, PROCESS_TYPE_OWN, t->flags & 2 ? 2 : 1);
  WG_STORE(p, KTHREAD, PROCESS_TYPE, t->flags & 2 ? 2 : 1);
  wg_list_place(m, WG_ADDR(k, KTHREAD, KERNEL_APCS));
  wg_list_place(m, WG_ADDR(k, KTHREAD, USER_APCS));
  WG_STORE(p, KTHREAD, PROCESS, m->threads.process[t->flags & 2 ? 2 : 0]);
  WG_STORE(p, KTHREAD, MAY_QUEUE_APCS, 1);
  WG_STORE(p, KTHREAD, MSR_MASK, 0xFDFFD7FF);
  WG_STORE(p, KTHREAD, PRCB, m->sched.hw[t->run.hw].kpcr + WG_AT_KPCR_CURRENT_THREAD);
  WG_STORE(p, KTHREAD, PRCB_OTHER, m->sched.hw[t->run.hw].kpcr + WG_AT_KPCR_CURRENT_THREAD);
  WG_STORE(p, KTHREAD, STACK_ALLOCATION, t->stack_base);
  WG_STORE(p, KTHREAD, CREATE_TIME, wg_system_time(m));
  wg_list_place(m, WG_ADDR(k, KTHREAD, LIST_144));
  WG_STORE(p, KTHREAD, ID, t->tid);
  WG_STORE(p, KTHREAD, START_ADDRESS, t->entry);
  wg_list_place(m, WG_ADDR(k, KTHREAD, LIST_154));
  WG_STORE(p, KTHREAD, CREATION_FLAGS, t->flags);
  WG_STORE(p, KTHREAD, WORD_17C, 1);
}

// Static TLS data, then the 4-byte slots; KPCR+0 points at its start.
static void init_tls(struct wg_machine *m, struct wg_thread *t) {
  const struct wg_image *img = &m->image;
  uint32_t raw = img->tls_raw < img->tls_size ? img->tls_raw : img->tls_size;
  const uint8_t *src = raw ? wg_mem_ptr(m->mem, img->tls_data, raw, false) : NULL;
  if (src) memcpy(wg_mem_own(m->mem, t->tls, raw), src, raw);
}

static bool alloc_stack(struct wg_machine *m, struct wg_thread *t, uint32_t size) {
  if (size == 0) size = m->image.stack_size;
  if (size > 0x01000000u) return false;
  size = (size + 0xFFFF) & ~0xFFFFu;
  struct wg_alloc a = {.addr = m->threads.next_stack,
                       .size = size,
                       .page = 0x10000,
                       .protect = WG_PROT_READWRITE,
                       .commit = true,
                       .owner = WG_MEM_STACK};
  if (m->threads.next_stack + size > 0x7EFF0000u) {
    // The area is used up: take the first gap that finished threads left.
    a.addr = 0;
    a.lo = FIRST_STACK;
    a.hi = 0x7EFEFFFFu;
  }
  t->stack_limit = wg_mem_reserve(m->mem, &a);
  if (t->stack_limit == 0) return false;
  if (a.addr) m->threads.next_stack += size + 0x20000; // a 64 KiB guard on each side
  t->stack_base = t->stack_limit + size;
  return true;
}

static unsigned first_hw(uint32_t mask, unsigned otherwise) {
  mask &= 0x3F;
  return mask ? (unsigned)__builtin_ctz(mask) : otherwise;
}

static void init_cpu(struct wg_machine *m, struct wg_thread *t, const struct wg_thread_params *p) {
  struct wg_cpu *c = &t->ctx.cpu;
  t->ctx.thread = t;
  wg_context_init(m, &t->ctx, 0);
  c->gpr[1] = t->stack_base - (64 + 112); // scratch above the first frame, as the reference leaves
  c->lr = WG_RETURN_SENTINEL;
  if (p->xapi_startup) {
    c->pc = p->xapi_startup;
    c->gpr[3] = p->entry;
    c->gpr[4] = p->ctx;
    t->system_entry = true;
  } else {
    c->pc = p->entry;
    c->gpr[3] = p->ctx;
  }
}

static void emit_create(struct wg_machine *m, struct wg_thread *t, uint32_t handle) {
  struct wg_event e;
  wg_emit_init(m, &e, WG_EV_THREAD_CREATE);
  wg_ev_dec(&e, WG_K_CHILD, t->tid);
  wg_ev_hex(&e, WG_K_ENTRY, t->entry);
  wg_ev_hex(&e, WG_K_CTX, t->start_ctx);
  wg_ev_dec(&e, WG_K_STACK_SIZE, t->stack_base - t->stack_limit);
  wg_ev_hex(&e, WG_K_FLAGS, t->flags);
  wg_ev_hex(&e, WG_K_RAW, handle);
  wg_ev_id(&e, WG_K_HSID, t->object->hsid);
  wg_emit(m, &e);
}

// The memory of a thread that guests see: stack, TLS, KTHREAD. All of it or none.
static bool alloc_memory(struct wg_machine *m, struct wg_thread *t, uint32_t stack_size) {
  t->tls = wg_pool_alloc(m, m->image.tls_size + m->threads.nslots * 4, WG_POOL_KERNEL);
  uint32_t k = wg_pool_alloc(m, WG_SIZEOF_KTHREAD + OBJECT_HEADER, WG_POOL_KERNEL);
  if (k && t->tls && alloc_stack(m, t, stack_size)) {
    t->kthread = k + OBJECT_HEADER;
    return true;
  }
  wg_pool_free(m, k, WG_POOL_KERNEL);
  wg_pool_free(m, t->tls, WG_POOL_KERNEL);
  return false;
}

static void enlist(struct wg_machine *m, struct wg_thread *t) {
  WG_VEC_NEXT(m->threads.list, m->threads.n);
  m->threads.list[m->threads.n++] = t;
  m->threads.live++;
  t->tid = ++m->threads.last_tid;
}

struct wg_thread *wg_thread_by_tid(const struct wg_machine *m, uint32_t tid) {
  size_t lo = 0, hi = m->threads.n;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (m->threads.list[mid]->tid < tid)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo < m->threads.n && m->threads.list[lo]->tid == tid ? m->threads.list[lo] : NULL;
}

static bool room(struct wg_machine *m) {
  if (m->threads.n < WG_MAX_THREADS) return wg_object_room(m);
  wg_limit(m, WG_L_THREADS);
  return false;
}

struct wg_thread *wg_thread_create(struct wg_machine *m, const struct wg_thread_params *p, uint32_t lr,
                                   uint32_t *handle) {
  const struct wg_thread *parent = wg_cur_thread(m);
  struct wg_thread *t = wg_xcalloc(1, sizeof *t);
  if (!room(m) || !alloc_memory(m, t, p->stack_size)) {
    free(t);
    return NULL;
  }
  enlist(m, t);
  t->entry = p->entry;
  t->start_ctx = p->ctx;
  t->flags = p->flags;
  t->run.priority = 8 + (p->flags & 0x20 ? 1 : 0);
  t->run.affinity = p->flags >> 24;
  // A thread without a mask runs where its creator runs.
  t->run.hw = first_hw(t->run.affinity, parent ? parent->run.hw : 0);
  t->run.suspend = p->flags & 1;
  // docs/design.md#events: parent's semantic id, entry point, ordinal of that spawn.
  t->ancestry = wg_hash_u64(p->entry, parent ? parent->ancestry : 0);
  t->ancestry = wg_hash_u64(wg_ordinal(m, t->ancestry), t->ancestry);
  init_tls(m, t);
  init_kthread(m, t);
  init_cpu(m, t, p);
  t->object = wg_object_new(m, WG_O_THREAD, lr);
  t->object->hsid = wg_hash_u64(t->ancestry, 0x54687265u); // the thread's own identity, by ancestry
  t->object->thread = t;
  wg_object_place(m, t->object, t->kthread);
  t->object->refs++; // its own, until it exits
  *handle = wg_handle_publish(m, t->object);
  emit_create(m, t, *handle);
  wg_ready(m, t);
  return t;
}

static void abandon_mutants(struct wg_machine *m, struct wg_thread *t) {
  for (struct wg_object *o; (o = t->owned_first);) {
    wg_object_own(o, NULL);
    WG_POKE(m, o->guest, DISPATCHER_HEADER, ABANDONED, 1);
    wg_signal(m, o, "release", 1, 1);
  }
}

void wg_thread_exit(struct wg_machine *m, struct wg_thread *t, uint32_t code) {
  if (wg_rundown_apc(m, t, code)) return;
  wg_branches_close(&t->ctx.cpu);
  wg_guest_abandon(m, &t->ctx);
  wg_apcs_free(m, t);
  abandon_mutants(m, t);
  struct wg_event e;
  wg_emit_init(m, &e, WG_EV_THREAD_EXIT);
  e.tid = t->tid;
  wg_ev_hex(&e, WG_K_CODE, code);
  wg_emit(m, &e);
  wg_unready(m, t);
  t->run.state = WG_T_EXITED;
  m->threads.live--;
  wg_audio_forget(m, t);
  if (t->service) wg_pool_free(m, t->start_ctx, WG_POOL_KERNEL);
  wg_cpu_release(&t->ctx.cpu);
  t->exit_code = code;
  WG_POKE(m, t->kthread, KTHREAD, EXIT_STATUS, code);
  WG_PLACE(m, t->kthread, KTHREAD, EXIT_TIME, wg_system_time(m));
  wg_signal(m, t->object, "exit", 1, 1);
  wg_mem_release(m->mem, t->stack_limit);
  wg_pool_free(m, t->tls, WG_POOL_KERNEL);
  wg_object_unref(m, t->object);
}

void wg_thread_freed(struct wg_machine *m, struct wg_thread *t) {
  wg_pool_free(m, t->kthread - OBJECT_HEADER, WG_POOL_KERNEL);
  t->object = NULL;
  t->next_dead = m->threads.dead;
  m->threads.dead = t;
}

static void thread_free(struct wg_machine *m, struct wg_thread *t) {
  wg_cpu_release(&t->ctx.cpu);
  wg_apcs_free(m, t);
  wg_guest_abandon(m, &t->ctx);
  free(t);
}

void wg_threads_reap(struct wg_machine *m) {
  if (m->threads.dead == NULL) return;
  size_t n = 0;
  for (size_t i = 0; i < m->threads.n; i++)
    if (m->threads.list[i]->object) m->threads.list[n++] = m->threads.list[i];
  m->threads.n = n;
  WG_VEC_SET(m->threads.list, n);
  for (struct wg_thread *t; (t = m->threads.dead);) {
    m->threads.dead = t->next_dead;
    thread_free(m, t);
  }
}

void wg_threads_release(struct wg_machine *m) {
  for (size_t i = 0; i < m->threads.n; i++) {
    wg_apcs_let_go(m->threads.list[i]);
    thread_free(m, m->threads.list[i]);
  }
  free(m->threads.list);
  m->threads = (struct wg_threads){.n = 0};
  for (unsigned i = 0; i < WG_HW_THREADS; i++) {
    wg_cpu_release(&m->sched.hw[i].irq.cpu);
    wg_guest_abandon(m, &m->sched.hw[i].irq);
    free(m->sched.hw[i].pending);
    m->sched.hw[i].pending = NULL;
    m->sched.hw[i].npending = m->sched.hw[i].pending_room = 0;
  }
}
