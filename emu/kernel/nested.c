// Guest code that a kernel call runs before it returns: a library's start-up function, an exception filter.
#include <stdlib.h>

#include "emu/kernel/unwind.h"

struct wg_frame {
  struct wg_frame *below;
  struct wg_cpu saved;
  const struct wg_export *call; // NULL: nothing called; the thread has not begun yet, or a fault's handler runs
  uint32_t call_lr;
  bool fault;
  void *data;
};

static void enter(struct wg_machine *m, struct wg_thread *t, uint32_t below, uint32_t fn, const uint32_t *args,
                  unsigned n) {
  struct wg_cpu *c = &t->ctx.cpu;
  uint32_t sp = (below - 0x80) & ~15u;
  wg_kw(m, sp, 4, (uint32_t)c->gpr[1]); // back chain
  c->gpr[1] = sp;
  for (unsigned i = 0; i < n; i++) c->gpr[3 + i] = args[i];
  c->lr = WG_CALL_SENTINEL;
  c->pc = fn;
  c->reserved = false;
}

static void push(struct wg_machine *m, struct wg_thread *t, bool fault, uint32_t below, uint32_t fn,
                 const uint32_t *args, unsigned n, void *data) {
  struct wg_frame *f = wg_xcalloc(1, sizeof *f);
  *f = (struct wg_frame){t->frames, t->ctx.cpu, t->ctx.call, t->ctx.call_lr, fault, data};
  t->frames = f;
  enter(m, t, below, fn, args, n);
}

void wg_call_guest(struct wg_kcall *k, uint32_t fn, const uint32_t *args, unsigned n, void *data) {
  wg_call_guest_below(k, (uint32_t)k->cpu->gpr[1], fn, args, n, data);
}

void wg_call_guest_below(struct wg_kcall *k, uint32_t below, uint32_t fn, const uint32_t *args, unsigned n,
                         void *data) {
  push(k->m, k->thread, k->fault, below, fn, args, n, data);
  k->state = WG_CALL_NO_RETURN; // for now
}

void wg_call_first(struct wg_machine *m, struct wg_thread *t, uint32_t fn, const uint32_t *args, unsigned n,
                   void *data) {
  push(m, t, false, (uint32_t)t->ctx.cpu.gpr[1], fn, args, n, data);
}

static struct wg_frame *pop(struct wg_thread *t) {
  struct wg_frame *f = t->frames;
  t->frames = f->below;
  return f;
}

void wg_guest_returned(struct wg_machine *m, struct wg_thread *t) {
  struct wg_frame *f = pop(t);
  struct wg_ctx *ctx = &t->ctx;
  uint64_t cycle = ctx->cpu.cycle, result = ctx->cpu.gpr[3];
  ctx->cpu = f->saved;
  ctx->cpu.cycle = cycle;
  if (f->fault) {
    wg_fault_returned(m, t, f->data, result);
  } else if (f->call == NULL) {
    wg_modules_next(m, t, f->data);
  } else {
    ctx->call = f->call;
    ctx->call_lr = f->call_lr;
    wg_kernel_resume(m, ctx, f->data, result);
  }
  free(f);
}

const struct wg_cpu *wg_frame_saved(const struct wg_frame *f, struct wg_frame **below, bool *fault) {
  *below = f->below;
  *fault = f->fault;
  return &f->saved;
}

const struct wg_export *wg_frame_call(const struct wg_frame *f, uint32_t *lr, const struct wg_frame **below) {
  *lr = f->call_lr;
  *below = f->below;
  return f->call;
}

void wg_guest_drop(struct wg_thread *t, struct wg_frame *until) {
  while (t->frames && t->frames != until) {
    struct wg_frame *f = pop(t);
    free(f->data);
    free(f);
  }
}

void wg_guest_abandon(struct wg_thread *t) { wg_guest_drop(t, NULL); }
