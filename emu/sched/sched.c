// The scheduler: six hardware threads interleaved in short windows of virtual time, NT priorities within
// each, and the queue of due times. Nothing here depends on the host.
#include <stdlib.h>
#include <string.h>

#include "emu/cpu/branch.h"
#include "emu/gpu/gpu.h"
#include "emu/kernel/kernel.h"

// --- due times -------------------------------------------------------------------------------------

static bool before(const struct wg_due *a, const struct wg_due *b) {
  return a->when != b->when ? a->when < b->when : a->seq < b->seq;
}

static void put(struct wg_machine *m, size_t at, const struct wg_due *d) {
  m->due[at] = *d;
  wg_map_put(&m->due_at, d->token, at);
}

static void rise(struct wg_machine *m, size_t at, const struct wg_due *d) {
  for (; at > 0 && before(d, &m->due[(at - 1) / 2]); at = (at - 1) / 2) put(m, at, &m->due[(at - 1) / 2]);
  put(m, at, d);
}

static void sink(struct wg_machine *m, size_t at, const struct wg_due *d) {
  for (size_t child; (child = 2 * at + 1) < m->ndue; at = child) {
    if (child + 1 < m->ndue && before(&m->due[child + 1], &m->due[child])) child++;
    if (!before(&m->due[child], d)) break;
    put(m, at, &m->due[child]);
  }
  put(m, at, d);
}

uint64_t wg_after(struct wg_machine *m, uint64_t when, bool counts, void (*fire)(struct wg_machine *, void *, uint64_t),
                  void *arg) {
  uint64_t seq = ++m->next_seq;
  struct wg_due d = {.when = when, .seq = seq, .fire = fire, .arg = arg, .token = seq, .counts = counts};
  if (m->ndue == m->due_room) {
    m->due_room = m->due_room ? 2 * m->due_room : 16;
    m->due = wg_xrealloc(m->due, m->due_room * sizeof *m->due);
  }
  m->ncounting += counts;
  rise(m, m->ndue++, &d);
  return seq;
}

void wg_cancel(struct wg_machine *m, uint64_t token) {
  uint64_t at;
  if (!wg_map_get(&m->due_at, token, &at)) return;
  wg_map_del(&m->due_at, token);
  m->ncounting -= m->due[at].counts;
  struct wg_due last = m->due[--m->ndue];
  if (at < m->ndue) {
    if (at > 0 && before(&last, &m->due[(at - 1) / 2]))
      rise(m, at, &last);
    else
      sink(m, at, &last);
  }
}

static void fire_due(struct wg_machine *m) {
  while (m->ndue && m->due[0].when <= m->now && !m->stopped) {
    struct wg_due d = m->due[0];
    wg_cancel(m, d.token);
    d.fire(m, d.arg, d.token);
  }
  m->now += wg_work_due(m); // the processors wait meanwhile
}

// --- time ------------------------------------------------------------------------------------------

uint64_t wg_timebase(const struct wg_machine *m) { return wg_now(m) / (1000000000u / WG_TIMEBASE_HZ); }

uint64_t wg_system_time(const struct wg_machine *m) {
  return (m->cfg.date + 11644473600ull) * 10000000u + wg_now(m) / 100;
}

// --- ready queues ----------------------------------------------------------------------------------

static void make_ready(struct wg_machine *m, struct wg_thread *t, bool first) {
  if (t->state == WG_T_EXITED) return;
  t->state = WG_T_READY;
  t->ready_ns = wg_now(m) > t->last_ns ? wg_now(m) : t->last_ns;
  if (t->suspend || t->queued) return;
  struct wg_hw *hw = &m->hw[t->hw];
  int p = t->priority;
  t->next = first ? hw->head[p] : NULL;
  t->prev = first ? NULL : hw->tail[p];
  t->queued = true;
  if (!first) t->quantum_left = WG_QUANTUM_NS;
  *(t->prev ? &t->prev->next : &hw->head[p]) = t;
  *(t->next ? &t->next->prev : &hw->tail[p]) = t;
}

void wg_ready(struct wg_machine *m, struct wg_thread *t) { make_ready(m, t, false); }

void wg_unready(struct wg_machine *m, struct wg_thread *t) {
  if (!t->queued) return;
  struct wg_hw *hw = &m->hw[t->hw];
  int p = t->priority;
  *(t->prev ? &t->prev->next : &hw->head[p]) = t->next;
  *(t->next ? &t->next->prev : &hw->tail[p]) = t->prev;
  t->queued = false;
}

static struct wg_thread *pop(struct wg_machine *m, const struct wg_hw *hw, int lowest) {
  for (int p = 31; p >= lowest; p--) {
    struct wg_thread *t = hw->head[p];
    if (t == NULL) continue;
    wg_unready(m, t);
    return t;
  }
  return NULL;
}

static int best_ready(const struct wg_hw *hw) {
  for (int p = 31; p >= 0; p--)
    if (hw->head[p]) return p;
  return -1;
}

void wg_yield(struct wg_machine *m) {
  struct wg_thread *t = wg_cur_thread(m);
  if (t) t->quantum_left = 0;
}

static void switch_out(struct wg_machine *m, struct wg_hw *hw) {
  struct wg_thread *t = hw->current;
  hw->current = NULL;
  wg_thread_unload(m, (unsigned)(hw - m->hw));
  t->ctx.cpu.reserved = false;
  // One that is preempted stays the first of its priority, with what is left of its quantum.
  if (t->state == WG_T_RUNNING) make_ready(m, t, t->quantum_left > 0 && &m->hw[t->hw] == hw);
}

// The thread that should run now on `hw`, made current; NULL if none.
static struct wg_thread *choose(struct wg_machine *m, unsigned n) {
  struct wg_hw *hw = &m->hw[n];
  struct wg_thread *t = hw->current;
  if (t && t->state == WG_T_RUNNING && t->suspend == 0 && t->hw == n) {
    int best = best_ready(hw);
    if (t->quantum_left == 0 && best < t->priority) t->quantum_left = WG_QUANTUM_NS; // nobody to give way to: another
    bool stay = hw->irql >= 2 || best < t->priority || (best == t->priority && t->quantum_left > 0);
    if (stay) return t;
  }
  if (t) switch_out(m, hw);
  t = pop(m, hw, 0);
  if (t == NULL) return NULL;
  hw->current = t;
  t->state = WG_T_RUNNING;
  wg_thread_load(m, n, t);
  return t;
}

// --- interrupts ------------------------------------------------------------------------------------

void wg_interrupt(struct wg_machine *m, unsigned hw, const struct wg_irq_call *call) {
  struct wg_hw *h = &m->hw[hw];
  // A full queue means the title spins at raised IRQL; a vertical blank more or less is not observable then.
  if (h->npending == sizeof h->pending / sizeof *h->pending) return;
  h->pending[h->npending++] = *call;
}

void wg_set_irql(struct wg_machine *m, unsigned hw, uint8_t irql) {
  m->hw[hw].irql = irql;
  wg_store_8(m->mem->base + m->hw[hw].kpcr + 0x18, irql);
}

static void begin_irq(struct wg_machine *m, unsigned n) {
  struct wg_hw *hw = &m->hw[n];
  struct wg_irq_call call = hw->pending[0];
  memmove(hw->pending, hw->pending + 1, --hw->npending * sizeof call);
  hw->irq_call = call;
  struct wg_cpu *c = &hw->irq.cpu;
  for (int i = 0; i < 4; i++) c->gpr[3 + i] = call.args[i];
  c->gpr[1] = hw->irq_stack;
  c->gpr[13] = hw->kpcr;
  c->lr = WG_IRQ_SENTINEL;
  c->pc = call.fn;
  c->msr = 0x9030;
  if (hw->current) hw->current->ctx.cpu.reserved = false;
  hw->irq_active = true;
  wg_set_irql(m, n, 2);
  wg_store_be32(m->mem->base + hw->kpcr + 0x150, 1);
  wg_store_8(m->mem->base + hw->kpcr + 0xC, call.process_type);
}

static void end_irq(struct wg_machine *m, unsigned n) {
  struct wg_hw *hw = &m->hw[n];
  hw->irq_active = false;
  wg_store_be32(m->mem->base + hw->kpcr + 0x150, 0);
  wg_set_irql(m, n, 0);
}

// --- running ---------------------------------------------------------------------------------------

static void sentinel(struct wg_machine *m, struct wg_ctx *ctx, unsigned n) {
  uint32_t pc = ctx->cpu.pc;
  if (ctx->thread == NULL && pc == WG_IRQ_SENTINEL)
    end_irq(m, n);
  else if (ctx->thread && pc == WG_RETURN_SENTINEL && wg_audio_again(m, ctx->thread))
    return;
  else if (ctx->thread && pc == WG_RETURN_SENTINEL)
    wg_thread_exit(m, ctx->thread, ctx->thread->system_entry ? 0 : (uint32_t)ctx->cpu.gpr[3]);
  else if (ctx->thread && pc == WG_APC_SENTINEL && ctx->thread->apc_saved)
    wg_apc_returned(m, ctx->thread);
  else if (ctx->thread && pc == WG_CALL_SENTINEL && ctx->thread->frames)
    wg_guest_returned(m, ctx->thread);
  else
    wg_fault(m, ctx,
             &(struct wg_fault){
                 "instruction fetch from memory that is not accessible", STATUS_ACCESS_VIOLATION, 2, {0, pc}});
}

// Unconditional traps on r0 are the debug services of the console's compiler: 20 and 26 print r4 bytes at r3, 22 and
// 25 break into a debugger, of which there is none. Any other trap is an exception: the compiler's check of a divisor,
// an unsigned trap if it is not above 0, or a breakpoint.
static void trap(struct wg_machine *m, struct wg_ctx *ctx) {
  struct wg_cpu *c = &ctx->cpu;
  uint64_t w = 0;
  wg_mem_r32(m->mem, c->pc, &w);
  unsigned service = (uint16_t)w;
  if (w >> 16 != 0x0FE0 || (service != 20 && service != 22 && service != 25 && service != 26)) {
    bool divisor = w >> 26 == 3 && (w >> 21 & 31) == 6 && service == 0;
    wg_fault(m, ctx,
             &(struct wg_fault){divisor ? "trap: division by zero" : "trap",
                                divisor ? STATUS_INTEGER_DIVIDE_BY_ZERO : STATUS_BREAKPOINT,
                                0,
                                {0}});
    return;
  }
  uint32_t len = (uint32_t)c->gpr[4] & 0xFFFF;
  const uint8_t *text = service == 20 || service == 26 ? wg_mem_ptr(m->mem, (uint32_t)c->gpr[3], len, false) : NULL;
  if (text) {
    struct wg_event e;
    wg_emit_init(m, &e, WG_EV_GUEST_PRINT);
    wg_ev_strn(&e, WG_K_TEXT, (const char *)text, len);
    wg_emit(m, &e);
  }
  c->pc += 4;
  c->cycle++;
}

static void handle_stop(struct wg_machine *m, struct wg_ctx *ctx, unsigned n) {
  struct wg_cpu *c = &ctx->cpu;
  switch (c->stop) {
  case WG_STOP_NONE:
  case WG_STOP_REQUESTED: break;
  case WG_STOP_SYSCALL: wg_kernel_call(m, ctx); break;
  case WG_STOP_FETCH: sentinel(m, ctx, n); break;
  case WG_STOP_ALIGNMENT:
  case WG_STOP_LOAD:
  case WG_STOP_STORE: {
    struct wg_buf b = {0};
    bool alignment = c->stop == WG_STOP_ALIGNMENT, store = c->stop == WG_STOP_STORE;
    if (alignment)
      wg_buf_printf(&b, "misaligned access at 0x%08x", c->fault_addr);
    else
      wg_buf_printf(&b, "%s memory that is not accessible at 0x%08x", store ? "store to" : "load from", c->fault_addr);
    wg_fault(
        m, ctx,
        &(struct wg_fault){
            b.data, alignment ? STATUS_DATATYPE_MISALIGNMENT : STATUS_ACCESS_VIOLATION, 2, {store, c->fault_addr}});
    wg_buf_release(&b);
    break;
  }
  case WG_STOP_ILLEGAL:
    wg_fault(m, ctx, &(struct wg_fault){"undefined instruction", STATUS_ILLEGAL_INSTRUCTION, 0, {0}});
    break;
  case WG_STOP_UNIMPLEMENTED: wg_exception(m, c, "instruction not implemented"); break;
  case WG_STOP_TRAP: trap(m, ctx); break;
  }
}

#define DECODE_NS 2000u // of a page of code that was never executed before

// One turn of a context: until it blocks, is preempted or the window is over.
static void run_ctx(struct wg_machine *m, unsigned n, struct wg_ctx *ctx, uint64_t window) {
  struct wg_hw *hw = &m->hw[n];
  struct wg_cpu *c = &ctx->cpu;
  m->cur_hw = n;
  m->cur = ctx;
  m->cur_start = c->cycle;
  if (ctx->thread && !ctx->thread->service) m->last_thread_ran_ns = m->now;
  // A call interrupted by a full window (a contended spin lock) is tried again.
  if (ctx->call) {
    wg_kernel_again(m, ctx);
  } else {
    wg_cpu_run(c, c->cycle + (window - hw->used));
    wg_work(m, wg_code_trim(m->code) * DECODE_NS);
    handle_stop(m, ctx, n);
  }
  uint64_t spent = c->cycle - m->cur_start;
  hw->used += spent + wg_work_due(m);
  // Still in a call though running: it spins, and its hardware thread with it.
  if (ctx->call && (ctx->thread == NULL || ctx->thread->state == WG_T_RUNNING) && hw->used < window) hw->used = window;
  m->instructions += spent;
  if (ctx->thread) {
    struct wg_thread *t = ctx->thread;
    t->quantum_left = t->quantum_left > spent ? t->quantum_left - spent : 0;
  }
  m->cur = NULL;
}

static bool run_hw(struct wg_machine *m, unsigned n, uint64_t window) {
  struct wg_hw *hw = &m->hw[n];
  bool ran = false;
  hw->used = hw->carry;
  if (hw->used >= window) { // still busy with what began before
    hw->carry = hw->used - window;
    if (hw->current && hw->current->state != WG_T_RUNNING) switch_out(m, hw);
    return true;
  }
  // The reservation of a context does not outlive a window: others may have stored in between.
  if (hw->current) hw->current->ctx.cpu.reserved = false;
  hw->irq.cpu.reserved = false;
  while (hw->used < window && !m->stopped) {
    if (!hw->irq_active && hw->npending && hw->irql < 2) begin_irq(m, n);
    struct wg_ctx *ctx = &hw->irq;
    if (!hw->irq_active) {
      struct wg_thread *t = choose(m, n);
      if (t == NULL) break;
      // Woken by another hardware thread later in this window: idle until then.
      if (t->ready_ns > m->now + hw->used) {
        hw->used = t->ready_ns - m->now;
        ran = true;
        continue;
      }
      ctx = &t->ctx;
    }
    run_ctx(m, n, ctx, window);
    ran = true;
  }
  hw->carry = hw->used > window ? hw->used - window : 0;
  if (hw->current && hw->current->state != WG_T_RUNNING) switch_out(m, hw);
  return ran;
}

// A link of the state-hash chain: enough of every thread to tell two runs apart.
static void hash_state(struct wg_machine *m) {
  uint64_t h = wg_hash_u64(m->now, m->hash);
  for (size_t i = 0; i < m->nthreads; i++) {
    const struct wg_cpu *c = &m->threads[i]->ctx.cpu;
    h = wg_hash(c->gpr, 32 * sizeof c->gpr[0], h);
    h = wg_hash(c->fpr, sizeof c->fpr, h);
    h = wg_hash(c->vr, sizeof c->vr, h);
    h = wg_hash_u64(c->pc ^ c->lr << 32 ^ c->ctr, h);
    h = wg_hash_u64(c->cycle ^ (uint64_t)wg_cpu_cr(c) << 32, h);
  }
  m->hash = h;
  if ((m->nchain & (m->nchain - 1)) == 0)
    m->chain = wg_xrealloc(m->chain, (m->nchain ? m->nchain * 2 : 1) * sizeof *m->chain);
  m->chain[m->nchain++] = h;
}

#define WEDGE_AFTER_NS 10000000000ull // interrupts alone have run for this long

// Nothing ran in this window: jump to the next due time, or end.
static void idle(struct wg_machine *m) {
  if (m->live == 0) {
    wg_stop(m, WG_END_EXIT);
    return;
  }
  if (wg_gpu_busy(m->gpu)) {
    m->now += WG_WINDOW_NS;
    return;
  }
  bool hopeless = m->ncounting == 0 && (m->ndue == 0 || m->now - m->last_thread_ran_ns > WEDGE_AFTER_NS);
  if (hopeless) {
    wg_stop(m, WG_END_WEDGE);
    return;
  }
  if (m->ndue && m->due[0].when > m->now) m->now = m->due[0].when;
}

static uint64_t window_length(struct wg_machine *m) {
  uint64_t window = WG_WINDOW_NS;
  // The seed perturbs the interleaving: windows of 0.1 to 1.1 of the usual length.
  if (m->cfg.sched_seed) window = WG_WINDOW_NS / 10 + wg_hash_u64(m->windows, m->cfg.sched_seed) % WG_WINDOW_NS;
  if (m->ndue && m->due[0].when > m->now && m->due[0].when - m->now < window) window = m->due[0].when - m->now;
  return window;
}

void wg_cut_branches(struct wg_machine *m) {
  for (size_t i = 0; i < m->nthreads; i++) wg_branches_close(&m->threads[i]->ctx.cpu);
  for (unsigned i = 0; i < WG_HW_THREADS; i++) wg_branches_close(&m->hw[i].irq.cpu);
}

// A thread's packet is handed on when it is full, or when the run has done what takes the host some tenths of a second
// since the last time: a process that is killed has no more than that in hand. The host's own time decides nothing.
#define EFFORT_EVERY 33554432u
static void cut_branches_in_time(struct wg_machine *m) {
  uint64_t effort = m->instructions + 100 * m->events + 1000 * m->windows;
  if (effort < m->branches_due) return;
  m->branches_due = effort + EFFORT_EVERY;
  wg_cut_branches(m);
}

static bool interrupted(const struct wg_machine *m) {
  if (m->cfg.max_windows && m->windows >= m->cfg.max_windows) return true;
  return m->observer.go_on && !m->observer.go_on(m->observer.ctx, false);
}

enum wg_end wg_machine_run(struct wg_machine *m) {
  wg_work_due(m); // what placing the title took is nobody's time
  while (!m->stopped) {
    uint64_t window = window_length(m);
    bool ran = false;
    for (unsigned i = 0; i < WG_HW_THREADS && !m->stopped; i++) ran |= run_hw(m, i, window);
    if (m->cut_short) break; // time stands where the call began
    if (ran)
      m->now += window;
    else
      idle(m);
    wg_gpu_run(m->gpu);
    fire_due(m);
    wg_objects_reap(m);
    if (++m->windows % WG_HASH_EVERY == 0) hash_state(m);
    cut_branches_in_time(m);
    if (m->cfg.max_ns && m->now >= m->cfg.max_ns) wg_stop(m, WG_END_LIMIT);
    if (interrupted(m)) wg_stop(m, WG_END_INTERRUPTED);
  }
  hash_state(m);
  wg_cut_branches(m);
  return m->end;
}
