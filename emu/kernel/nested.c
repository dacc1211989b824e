// Guest code that a kernel call runs before it returns: a library's start-up function, an exception filter.
#include <stdlib.h>
#include <string.h>

#include "emu/kernel/state.h"
#include "emu/kernel/unwind.h"

struct wg_frame {
  struct wg_frame *below;
  struct wg_cpu saved;
  struct wg_export *call;         // NULL: nothing called; the thread has not begun yet, or a fault's handler runs
  uint64_t arg[WG_NT_MAX_PARAMS]; // of the call: what guest memory says now is nobody's business
  uint32_t call_lr;
  bool fault;
  struct wg_resume *data;
};

// What each kind holds beside itself.
static const struct {
  void (*release)(struct wg_machine *m, struct wg_resume *r); // what it holds, not itself; or NULL
  struct wg_resume *(*state)(struct wg_archive *a, struct wg_machine *m, struct wg_ctx *ctx, struct wg_resume *r);
} kinds[] = {
    [WG_RESUME_SEH] = {NULL, wg_seh_state},
    [WG_RESUME_STARTS] = {wg_starts_release, wg_starts_state},
    [WG_RESUME_UNLOAD] = {wg_leaving_release, wg_leaving_state},
};
_Static_assert(sizeof kinds / sizeof *kinds == WG_RESUMES, "a row each");

void wg_resume_free(struct wg_machine *m, struct wg_resume *r) {
  if (r && kinds[r->is].release) kinds[r->is].release(m, r);
  free(r);
}

// A frame holds its call and that call's record, so another's cannot come here; if it ever did, better the run's end
// than a record that is read as what it is not.
struct wg_resume *wg_resumed(struct wg_kcall *k, int is) {
  if (k->data && (int)k->data->is == is) return k->data;
  wg_exception(k->m, k->cpu, "a kernel call cannot go on as another");
  k->state = WG_CALL_NO_RETURN;
  return NULL;
}

static void enter(struct wg_machine *m, struct wg_ctx *ctx, uint32_t below, uint32_t fn, const uint32_t *args,
                  unsigned n) {
  struct wg_cpu *c = &ctx->cpu;
  uint32_t sp = (below - 0x80) & ~15u;
  wg_kw(m, sp, 4, (uint32_t)c->gpr[1]); // back chain
  c->gpr[1] = sp;
  for (unsigned i = 0; i < n; i++) c->gpr[3 + i] = args[i];
  c->lr = WG_CALL_SENTINEL;
  c->pc = fn;
  c->reserved = false;
}

static void push_frame(struct wg_machine *m, struct wg_ctx *ctx, const struct wg_frame *like, uint32_t below,
                       uint32_t fn, const uint32_t *args, unsigned n) {
  if (m->bounds.frames == WG_MAX_FRAMES) {
    wg_limit(m, WG_L_FRAMES);
    wg_resume_free(m, like->data);
    wg_exception(m, &ctx->cpu, "guest code within kernel calls, too deep");
    return;
  }
  struct wg_frame *f = wg_xcalloc(1, sizeof *f);
  *f = *like;
  f->below = ctx->frames;
  f->saved = ctx->cpu;
  ctx->frames = f;
  m->bounds.frames++;
  enter(m, ctx, below, fn, args, n);
}

void wg_call_guest(struct wg_kcall *k, uint32_t fn, const uint32_t *args, unsigned n, struct wg_resume *data) {
  wg_call_guest_below(k, (uint32_t)k->cpu->gpr[1], fn, args, n, data);
}

void wg_call_guest_below(struct wg_kcall *k, uint32_t below, uint32_t fn, const uint32_t *args, unsigned n,
                         struct wg_resume *data) {
  struct wg_frame f = {.call = k->ctx->call, .call_lr = k->ctx->call_lr, .fault = k->fault, .data = data};
  memcpy(f.arg, k->arg, sizeof f.arg);
  push_frame(k->m, k->ctx, &f, below, fn, args, n);
  k->state = WG_CALL_NO_RETURN; // for now
}

void wg_call_first(struct wg_machine *m, struct wg_thread *t, uint32_t fn, const uint32_t *args, unsigned n,
                   struct wg_resume *data) {
  push_frame(m, &t->ctx, &(struct wg_frame){.data = data}, (uint32_t)t->ctx.cpu.gpr[1], fn, args, n);
}

static struct wg_frame *pop_frame(struct wg_machine *m, struct wg_ctx *ctx) {
  struct wg_frame *f = ctx->frames;
  ctx->frames = f->below;
  m->bounds.frames--;
  return f;
}

void wg_guest_returned(struct wg_machine *m, struct wg_ctx *ctx) {
  struct wg_frame *f = pop_frame(m, ctx);
  uint64_t cycle = ctx->cpu.cycle, result = ctx->cpu.gpr[3];
  ctx->cpu = f->saved;
  ctx->cpu.cycle = cycle;
  if (f->fault) {
    wg_fault_returned(m, ctx, f->data, result);
  } else if (f->call == NULL) {
    wg_modules_next(m, ctx->thread, f->data);
  } else {
    ctx->call = f->call;
    ctx->call_lr = f->call_lr;
    wg_kernel_resume(m, ctx, f->arg, f->data, result);
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

void wg_guest_drop(struct wg_machine *m, struct wg_ctx *ctx, const struct wg_frame *until) {
  while (ctx->frames && ctx->frames != until) {
    struct wg_frame *f = pop_frame(m, ctx);
    wg_resume_free(m, f->data);
    free(f);
  }
}

void wg_guest_abandon(struct wg_machine *m, struct wg_ctx *ctx) { wg_guest_drop(m, ctx, NULL); }

void wg_ar_frame(struct wg_archive *a, const struct wg_ctx *ctx, struct wg_frame **f) {
  uint32_t n = 0, i = WG_AR_NONE;
  for (const struct wg_frame *g = ctx->frames; g; g = g->below, n++)
    if (g == *f) i = n;
  i = wg_ar_index(a, i, n);
  if (!wg_ar_loading(a)) return;
  *f = i == WG_AR_NONE ? NULL : ctx->frames;
  for (; *f && i; i--) *f = (*f)->below;
}

void wg_frames_state(struct wg_archive *a, struct wg_machine *m, struct wg_ctx *ctx) {
  size_t n = 0;
  for (const struct wg_frame *f = ctx->frames; f; f = f->below) n++;
  n = wg_ar_count(a, n, WG_MAX_FRAMES);
  for (size_t i = 0; i < n && wg_ar_loading(a); i++) {
    struct wg_frame *f = wg_xcalloc(1, sizeof *f);
    f->below = ctx->frames;
    ctx->frames = f;
  }
  for (struct wg_frame *f = ctx->frames; f; f = f->below) {
    wg_saved_cpu_state(a, ctx, &f->saved);
    wg_ar_export(a, m, &f->call);
    for (unsigned i = 0; i < WG_NT_MAX_PARAMS; i++) wg_ar_u64(a, &f->arg[i]);
    wg_ar_u32(a, &f->call_lr);
    wg_ar_bool(a, &f->fault);
    uint32_t kind = wg_ar_kind(a, f->data ? 1 + (uint32_t)f->data->is : 0, WG_RESUMES + 1);
    if (kind) f->data = kinds[kind - 1].state(a, m, ctx, f->data);
    if (f->data) f->data->is = (enum wg_resume_kind)(kind - 1);
  }
}
