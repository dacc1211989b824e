// The run: six hardware threads interleaved in short windows of virtual time, then devices and what is due, until an
// end. Nothing here depends on the host.
#include "emu/machine.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"
#include "emu/debug.h"
#include "emu/kernel/fork.h"
#include "emu/kernel/kernel.h"

// A thread's packet is handed on when it is full, or when the run has done what takes the host some tenths of a second
// since the last time: a process that is killed has no more than that in hand. The host's own time decides nothing.
#define EFFORT_EVERY 33554432u
#define WINDOW_EFFORT 1000u
static uint64_t effort(const struct wg_machine *m) {
  return m->sched.instructions + 100 * m->sched.events + WINDOW_EFFORT * m->clock.windows;
}

static void switch_out(struct wg_machine *m, unsigned n) {
  struct wg_hw *hw = &m->sched.hw[n];
  struct wg_thread *t = wg_thread_of(hw->q.current);
  hw->q.current = NULL;
  t->irql = hw->irql;
  wg_thread_unload(m, n);
  t->ctx.cpu.reserved = false;
  if (t->run.state == WG_T_RUNNING) wg_switched_out(m, t, n);
}

// The thread that should run now on hardware thread n, made current; NULL if none.
static struct wg_thread *choose(struct wg_machine *m, unsigned n) {
  struct wg_hw *hw = &m->sched.hw[n];
  if (wg_runq_stays(&hw->q, n, hw->irql)) return wg_thread_of(hw->q.current);
  if (hw->q.current) switch_out(m, n);
  struct wg_thread *t = wg_thread_of(wg_runq_next(&hw->q));
  if (t) wg_thread_load(m, n, t);
  return t;
}

// --- windows that only one hardware thread has use for ---------------------------------------------------

#define FURTHER 63u // at most: the host looks whether to go on behind them

static bool rests(const struct wg_hw *hw) {
  return !hw->irq_active && hw->npending == 0 && hw->q.current == NULL && hw->carry == 0 && !wg_runq_any(&hw->q);
}

// How many times `each` goes into what is left up to `at`, at most n: 0 if `at` is reached with the first.
static uint64_t times(uint64_t n, uint64_t now, uint64_t at, uint64_t each) {
  uint64_t fit = at > now ? (at - now - 1) / each : 0;
  return fit < n ? fit : n;
}

// Into how many further windows a turn on hardware thread n may go on: nobody else runs, nothing is due, and between
// them nothing would be done or asked.
static uint64_t further(const struct wg_machine *m, unsigned n, const struct wg_ctx *ctx, uint64_t window) {
  const struct wg_clock *k = &m->clock;
  if (!m->sched.hw[n].whole || window != WG_WINDOW_NS) return 0;
  if (ctx->thread == NULL || m->debug || k->seed || m->observer.windows == NULL || !wg_gpu_rests(m->gpu)) return 0;
  for (unsigned i = 0; i < WG_HW_THREADS; i++)
    if (i != n && !rests(&m->sched.hw[i])) return 0;
  if (m->sched.hw[n].npending) return 0;
  uint64_t w = FURTHER, turn = WG_WINDOW_NS + WG_TURN_OVER;
  if (k->ndue) w = times(w, k->now + WG_WINDOW_NS, k->due[0].when + 1, WG_WINDOW_NS);
  if (m->options.max_ns) w = times(w, k->now, m->options.max_ns, WG_WINDOW_NS);
  w = times(w, k->windows % WG_HASH_EVERY, WG_HASH_EVERY, 1);
  if (m->cfg.max_windows) w = times(w, k->windows, m->cfg.max_windows, 1);
  if (m->options.forks < m->cfg.nforks) w = times(w, k->windows, m->cfg.forks[m->options.forks].windows, 1);
  w = times(w, k->windows, m->observer.windows(m->observer.ctx), 1);
  w = times(w, effort(m) + turn, m->sched.branches_due, turn + WINDOW_EFFORT);
  return times(w, 2 * turn, ctx->thread->run.quantum_left, turn);
}

// Windows that the turn went through: as if it had ended and begun again with each.
static void pass(void *ctx, uint32_t windows) {
  struct wg_machine *m = ctx;
  wg_clock_pass(&m->clock, windows);
  struct wg_thread *t = wg_cur_thread(m);
  if (t && !t->service) m->sched.last_thread_ran_ns = m->clock.now;
}

// One turn of a context: until it blocks, is preempted or the window is over.
static void run_ctx(struct wg_machine *m, unsigned n, struct wg_ctx *ctx, uint64_t window) {
  struct wg_cpu *c = &ctx->cpu;
  wg_turn_begin(m, n, ctx);
  if (ctx->thread && !ctx->thread->service) m->sched.last_thread_ran_ns = m->clock.now;
  if (ctx->thread && ctx->call == NULL) wg_deliver_kernel_apcs(m, ctx->thread);
  // A call interrupted by a full window (a contended spin lock) is tried again.
  if (ctx->call) {
    wg_kernel_again(m, ctx);
  } else {
    c->further = (struct wg_further){(uint32_t)further(m, n, ctx, window), WG_WINDOW_NS, m->mem->devices, pass, m};
    wg_turn_run(m, ctx, c->cycle + (window - m->clock.used));
    m->sched.hw[n].whole = c->stop == WG_STOP_NONE;
    wg_work(m, wg_code_trim(m->code) * WG_DECODE_NS);
    wg_stopped_at(m, ctx, n);
  }
  uint64_t due = wg_work_due(m), spent = wg_turn_end(m);
  m->clock.used += due;
  // Still in a call though running: it spins, and its hardware thread with it.
  bool spins = ctx->call && (ctx->thread == NULL || ctx->thread->run.state == WG_T_RUNNING);
  if (spins && m->clock.used < window) m->clock.used = window;
  m->sched.instructions += spent;
  if (ctx->thread) {
    struct wg_run *r = &ctx->thread->run;
    r->quantum_left = r->quantum_left > spent ? r->quantum_left - spent : 0;
  }
}

static bool gone(const struct wg_hw *hw) { return hw->q.current && hw->q.current->state != WG_T_RUNNING; }

static bool run_hw(struct wg_machine *m, unsigned n, uint64_t window) {
  struct wg_hw *hw = &m->sched.hw[n];
  struct wg_clock *clock = &m->clock;
  bool ran = false;
  if (!wg_clock_enter(clock, &hw->carry, window)) {
    if (gone(hw)) switch_out(m, n);
    return true;
  }
  // The reservation of a context does not outlive a window: others may have stored in between.
  if (hw->q.current) wg_thread_of(hw->q.current)->ctx.cpu.reserved = false;
  hw->irq.cpu.reserved = false;
  while (clock->used < window && !m->ending.stopped) {
    if (!hw->irq_active && hw->npending && hw->irql < 2) wg_irq_begin(m, n);
    struct wg_ctx *ctx = &hw->irq;
    if (!hw->irq_active) {
      struct wg_thread *t = choose(m, n);
      if (t == NULL) break;
      // Woken by another hardware thread later in this window: idle until then.
      if (t->run.ready_ns > clock->now + clock->used) {
        clock->used = t->run.ready_ns - clock->now;
        ran = true;
        continue;
      }
      ctx = &t->ctx;
    }
    run_ctx(m, n, ctx, window);
    ran = true;
  }
  wg_clock_leave(clock, &hw->carry, window);
  if (gone(hw)) switch_out(m, n);
  return ran;
}

// A link of the state-hash chain: enough of every thread to tell two runs apart.
static void hash_state(struct wg_machine *m) {
  struct wg_chain *chain = &m->chain;
  uint64_t h = wg_hash_u64(m->clock.now, chain->hash);
  for (size_t i = 0; i < m->threads.n; i++) {
    const struct wg_cpu *c = &m->threads.list[i]->ctx.cpu;
    h = wg_hash(c->gpr, 32 * sizeof c->gpr[0], h);
    h = wg_hash(c->fpr, sizeof c->fpr, h);
    h = wg_hash(c->vr, sizeof c->vr, h);
    h = wg_hash_u64(c->pc ^ c->lr << 32 ^ c->ctr, h);
    h = wg_hash_u64(c->cycle ^ (uint64_t)wg_cpu_cr(c) << 32, h);
  }
  chain->hash = h;
  WG_VEC_NEXT(chain->links, chain->n);
  chain->links[chain->n++] = h;
}

// Nothing ran in this window: jump to the next due time, or end.
static void idle(struct wg_machine *m) {
  if (m->threads.live == 0)
    wg_stop(m, WG_END_EXIT);
  else if (wg_gpu_busy(m->gpu))
    m->clock.now += WG_WINDOW_NS;
  else if (!wg_clock_jump(&m->clock, m->sched.last_thread_ran_ns))
    wg_stop(m, WG_END_WEDGE);
}

static void fire_due(struct wg_machine *m) {
  while (!m->ending.stopped && wg_clock_fire(&m->clock)) {
  }
  m->clock.now += wg_work_due(m); // the processors wait meanwhile
}

static void cut_branches_in_time(struct wg_machine *m) {
  uint64_t now = effort(m);
  if (now < m->sched.branches_due) return;
  m->sched.branches_due = now + EFFORT_EVERY;
  wg_cut_branches(m);
}

static bool interrupted(const struct wg_machine *m) {
  if (m->cfg.max_windows && m->clock.windows >= m->cfg.max_windows) return true;
  return m->observer.go_on && !m->observer.go_on(m->observer.ctx, false);
}

// Of a state behind the end of a run, which has its last link of the hashes.
static bool has_ended(const struct wg_machine *m) { return m->ending.stopped && m->chain.n; }

enum wg_end wg_machine_run(struct wg_machine *m) {
  if (has_ended(m)) return m->ending.end;
  if (m->clock.windows == 0) wg_work_due(m); // what placing the title took is nobody's time
  wg_forks_due(m);
  while (!m->ending.stopped) {
    uint64_t window = wg_clock_window(&m->clock);
    bool ran = false;
    for (unsigned i = 0; i < WG_HW_THREADS && !m->ending.stopped; i++) ran |= run_hw(m, i, window);
    if (m->ending.cut_short) break; // time stands where the call began
    if (ran)
      m->clock.now += window;
    else
      idle(m);
    wg_gpu_run(m->gpu);
    fire_due(m);
    wg_objects_reap(m);
    if (++m->clock.windows % WG_HASH_EVERY == 0) hash_state(m);
    cut_branches_in_time(m);
    wg_forks_due(m);
    if (m->options.max_ns && m->clock.now >= m->options.max_ns) wg_stop(m, WG_END_LIMIT);
    if (interrupted(m)) wg_stop(m, WG_END_INTERRUPTED);
  }
  hash_state(m);
  wg_cut_branches(m);
  return m->ending.end;
}
