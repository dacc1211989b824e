#include "emu/debug.h"

#include "emu/look/look.h"
#include "emu/machine.h"
#include "emu/mem/watch.h"

static uint32_t tid_of(const struct wg_machine *m) {
  const struct wg_ctx *ctx = m->sched.cur;
  return ctx && ctx->thread ? ctx->thread->tid : 0;
}

void wg_machine_where(const struct wg_machine *m, struct wg_machine_where *out) {
  const struct wg_clock *clock = &m->clock;
  const struct wg_ctx *ctx = clock->cycle ? m->sched.cur : NULL;
  *out = (struct wg_machine_where){.in_turn = ctx != NULL,
                                   .idx = m->threads.idx0,
                                   .retired = m->sched.instructions,
                                   .events = m->sched.events,
                                   .now_ns = wg_now(m),
                                   .windows = clock->windows,
                                   .frames = wg_gpu_frames(m->gpu)};
  if (ctx == NULL) return;
  out->tid = tid_of(m);
  out->hw = m->sched.cur_hw;
  out->pc = ctx->cpu.pc;
  out->cycle = ctx->cpu.cycle;
  out->retired += ctx->cpu.cycle - clock->turn;
  if (ctx->thread) out->idx = ctx->thread->idx;
}

uint64_t wg_machine_skipped(const struct wg_machine *m) { return wg_code_skipped(m->code); }

size_t wg_machine_threads(const struct wg_machine *m, struct wg_machine_thread *out, size_t room, uint32_t *last_tid) {
  size_t n = m->threads.n;
  *last_tid = m->threads.last_tid;
  for (size_t i = 0; i < n && i < room; i++) {
    const struct wg_thread *t = m->threads.list[i];
    out[i] = (struct wg_machine_thread){t->tid, t->idx, t->ctx.cpu.cycle};
  }
  if (n < room) out[n] = (struct wg_machine_thread){0, m->threads.idx0, 0};
  return n + 1;
}

bool wg_machine_doing(const struct wg_machine *m, uint32_t tid, struct wg_machine_doing *out) {
  const struct wg_thread *t = tid ? wg_thread_by_tid(m, tid) : NULL;
  if (t == NULL) return false;
  *out =
      (struct wg_machine_doing){wg_look_state(t), t->ctx.call ? t->ctx.call->name : NULL, t->entry, t->ctx.cpu.cycle};
  return true;
}

const struct wg_image *wg_machine_image(const struct wg_machine *m) { return &m->image; }

const struct wg_cpu *wg_machine_cpu(const struct wg_machine *m, uint32_t tid) {
  const struct wg_thread *t = tid ? wg_thread_by_tid(m, tid) : NULL;
  if (t) return &t->ctx.cpu;
  return tid == 0 && m->sched.cur && m->sched.cur->thread == NULL ? &m->sched.cur->cpu : NULL;
}

static bool end(struct wg_machine *m) {
  m->ending.by_observer = true;
  wg_stop(m, WG_END_OBSERVER);
  return false;
}

static bool before(void *ctx, const struct wg_cpu *c) {
  struct wg_machine *m = ctx;
  return m->debug->before(m->debug->ctx, tid_of(m), c) || end(m);
}

static bool returned(struct wg_machine *m, const struct wg_cpu *c) {
  const struct wg_debug *d = m->debug;
  if (d == NULL || d->returned == NULL || c->stop != WG_STOP_FETCH || !wg_is_sentinel(c->pc)) return true;
  return d->returned(d->ctx, tid_of(m), c) || end(m);
}

static bool at_break(void *ctx, const struct wg_cpu *c) {
  const struct wg_machine *m = ctx;
  return m->debug && m->debug->at_break && m->debug->at_break(m->debug->ctx, tid_of(m), c);
}

static void accessed(void *ctx, const struct wg_mem_access *a) {
  struct wg_machine *m = ctx;
  struct wg_cpu *c = m->sched.cur && m->sched.cur->cpu.running ? &m->sched.cur->cpu : NULL;
  if (m->debug == NULL || m->debug->access == NULL) return;
  if (m->debug->access(m->debug->ctx, tid_of(m), c, a) && c && !c->steps) c->stop = WG_STOP_WATCHED;
}

static void run(struct wg_machine *m, struct wg_cpu *c, uint64_t limit) {
  const struct wg_debug *d = m->debug;
  struct wg_cpu_steps steps = {before, m, false};
  if (d && d->steps && d->steps(d->ctx, tid_of(m), c, limit)) {
    wg_cpu_run_in_steps(c, limit, &steps);
    return;
  }
  wg_cpu_run(c, limit);
  steps.within = true;
  if (c->stop == WG_STOP_WATCHED || c->stop == WG_STOP_BREAK) wg_cpu_run_in_steps(c, limit, &steps);
}

void wg_turn_run(struct wg_machine *m, struct wg_ctx *ctx, uint64_t limit) {
  run(m, &ctx->cpu, limit);
  if (!returned(m, &ctx->cpu)) ctx->cpu.stop = WG_STOP_NONE;
}

void wg_machine_debug(struct wg_machine *m, const struct wg_debug *d) { m->debug = d; }

void wg_machine_breaks(struct wg_machine *m, const uint32_t *pcs, size_t n) {
  wg_code_breaks(m->code, &(struct wg_code_breaks){pcs, n, at_break, m});
}

void wg_machine_watches(struct wg_machine *m, const struct wg_mem_watch *w, size_t n) {
  wg_mem_watches(m->mem, w, n, accessed, m);
}
