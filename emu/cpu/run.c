// The interpreter's loop and the places where handlers leave it.
#include <stdlib.h>

#include "base/buf.h"
#include "emu/cpu/compiled.h"
#include "emu/cpu/decode.h"
#include "emu/cpu/fpu.h"
#include "emu/cpu/idle.h"
#include "emu/cpu/ops.h"
#include "emu/cpu/refused.h"

#define OP_SIZE sizeof(struct wg_op)

HANDLER(leave) {
  (void)base;
  (void)flags;
  wg_sync_cycle(c, k, o);
  c->branches->trail = trail;
  return NULL;
}

static uint64_t limit_e(const struct wg_cpu *c) { return c->limit * OP_SIZE; }

// What limit_e is in a step (below): each taken branch comes here, though without steps it would not.
#define ONLY_A_STEP 2u

// Sees to the trail behind a taken branch, and to what the limit is then; returns the new trail.
static uint64_t trail_at_boundary(struct wg_cpu *c, uint64_t trail, uint32_t pc, uint64_t e) {
  const struct wg_branches *b = c->branches;
  if ((int64_t)trail >= 0 && b->ntargets < WG_BRANCH_TARGETS && b->nwords < WG_BRANCH_WORDS - 1) return trail;
  trail = wg_branches_flush(c, trail, pc, e / OP_SIZE);
  c->limit_e = limit_e(c);
  return trail;
}

// The limit is reached: into the next window, if the turn may.
static bool go_further(struct wg_cpu *c, uint32_t pc, uint64_t e) {
  struct wg_further *f = &c->further;
  if (f->windows == 0 || c->steps || e < limit_e(c)) return false;
  if (f->devices != c->mem->devices || wg_code_is_fresh(c->code)) return false;
  c->pc = pc;
  if (wg_idle_is_due(wg_code_idle(c->code), c)) return false;
  c->cycle = e / OP_SIZE;
  wg_go_further(c, 1);
  c->limit_e = limit_e(c);
  wg_compiled_turn(c);
  return true;
}

HANDLER(boundary) {
  uint64_t e = wg_e_of(k, o);
  if (c->limit_e == ONLY_A_STEP && (int64_t)trail >= 0 && e < limit_e(c)) BECOME(wg_op_leave);
  // Where a full trail is seen to is a sample of what runs.
  if ((int64_t)trail < 0 && !c->steps) wg_compiled_often(c, WG_PC(o));
  trail = trail_at_boundary(c, trail, WG_PC(o), e);
  if ((e >= c->limit_e || c->steps) && !go_further(c, WG_PC(o), e)) BECOME(wg_op_leave);
  GO(o);
}

HANDLER(full) {
  trail = wg_branches_flush(c, trail, WG_PC(o), wg_e_of(k, o) / OP_SIZE);
  GO(o);
}

HANDLER(enter) {
  struct wg_op *page = wg_code_page(c->code, c->pc >> 12);
  if (page == NULL) {
    c->cycle = k / OP_SIZE;
    c->branches->trail = trail;
    fault(c, WG_STOP_FETCH, c->pc);
    return NULL;
  }
  o = page + (c->pc >> 2) % WG_PAGE_OPS;
  k -= (uintptr_t)o;
  if (c->steps) c->limit_e = 0; // it comes to the boundary with steps or without
  BECOME(wg_op_boundary);
}

HANDLER(page_end) {
  k = wg_e_of(k, o);
  c->pc = WG_PC(o);
  BECOME(wg_op_enter);
}

void wg_go_further(struct wg_cpu *c, uint32_t windows) {
  struct wg_further *f = &c->further;
  f->windows -= windows;
  c->limit += (uint64_t)windows * f->length;
  c->reserved = false; // it does not outlive a window
  f->pass(f->ctx, windows);
}

// What ends every turn.
static enum wg_stop turn_over(struct wg_cpu *c) {
  c->running = c->steps = false;
  wg_fpu_end(c);
  bool done = c->stop == WG_STOP_REQUESTED || c->stop == WG_STOP_WATCHED;
  if (done || c->stop == WG_STOP_SYSCALL) c->cycle++;
  if (done) c->pc += 4;
  wg_branches_pause(c, c->stop == WG_STOP_SYSCALL);
  return c->stop;
}

// Which limit there is at most, for limit_e's sake.
static uint64_t bounded(uint64_t limit) { return limit < UINT64_MAX / 64 ? limit : UINT64_MAX / 64; }

static void run_from(struct wg_cpu *c, const struct wg_op *o) {
  c->k = c->cycle * OP_SIZE - (uintptr_t)o;
  wg_refused_enter(c);
  while (o) o = o->fn(c, o, c->k, c->branches->trail, c->mem->base, c->mem->flags);
  wg_refused_leave();
}

enum wg_stop wg_cpu_run(struct wg_cpu *c, uint64_t limit) {
  c->stop = WG_STOP_NONE;
  c->limit = bounded(limit);
  if (c->cycle >= c->limit) return WG_STOP_NONE;
  c->limit_e = limit_e(c);
  struct wg_op *page = wg_code_page(c->code, c->pc >> 12);
  if (page == NULL) {
    fault(c, WG_STOP_FETCH, c->pc);
    return c->stop;
  }
  wg_branches_resume(c);
  c->running = true;
  wg_compiled_turn(c);
  struct wg_idle *idle = wg_code_idle(c->code);
  if (idle) {
    wg_idle_skip(idle, c);
    if (c->stop != WG_STOP_NONE) return turn_over(c);
    page = wg_code_page(c->code, c->pc >> 12);
    c->limit_e = limit_e(c);
  }
  run_from(c, page + (c->pc >> 2) % WG_PAGE_OPS);
  return turn_over(c);
}

// --- in steps ---------------------------------------------------------------------------------------------

// Where an instruction leads behind which no turn ends.
#define WENT_ON 1u
static const struct wg_op *op_went_on(WG_HOT_ARGS) {
  c->limit_e = WENT_ON;
  return wg_op_leave(WG_PASS(o));
}

bool wg_cpu_step(struct wg_cpu *c, struct wg_op ops[2]) {
  if (ops[1].fn == NULL) ops[1].fn = op_went_on;
  c->limit_e = ONLY_A_STEP;
  run_from(c, ops);
  return c->limit_e != WENT_ON;
}

static bool step(struct wg_cpu *c) {
  struct wg_op ops[2];
  if (wg_decode_step(c, ops)) return wg_cpu_step(c, ops);
  fault(c, WG_STOP_FETCH, c->pc);
  return false;
}

enum wg_stop wg_cpu_run_in_steps(struct wg_cpu *c, uint64_t limit, const struct wg_cpu_steps *steps) {
  // A turn that has begun may end at once where its last instruction was the page's.
  bool end = !steps->within || c->pc % WG_PAGE == 0;
  c->stop = WG_STOP_NONE;
  c->limit = bounded(limit);
  if (end && c->cycle >= c->limit) return WG_STOP_NONE;
  if (wg_code_page(c->code, c->pc >> 12) == NULL) {
    fault(c, WG_STOP_FETCH, c->pc);
    return c->stop;
  }
  wg_branches_resume(c);
  c->running = c->steps = true;
  while (c->stop == WG_STOP_NONE && !(end && c->cycle >= c->limit)) {
    wg_fpu_end(c); // who looks may do so from another thread of the host
    if (!steps->before(steps->ctx, c)) break;
    end = step(c);
  }
  return turn_over(c);
}

void wg_cpu_init(struct wg_cpu *c, struct wg_mem *mem, struct wg_code *code) {
  *c = (struct wg_cpu){.mem = mem,
                       .code = code,
                       .pages = wg_code_pages(code),
                       .calls = wg_compiled_calls,
                       .trail_before = 1,
                       .msr = 0x9030,
                       .fp_mode = WG_FP_IDLE,
                       .fp_last = WG_FP_NOTHING};
  c->branches = wg_xcalloc(1, sizeof *c->branches);
  c->branches->trail = 1;
}

void wg_cpu_release(struct wg_cpu *c) {
  free(c->branches);
  c->branches = NULL;
}

uint32_t wg_cpu_cr(const struct wg_cpu *c) {
  uint32_t v = 0;
  for (unsigned i = 0; i < 8; i++) v = v << 4 | wg_crf(c, i);
  return v;
}

void wg_cpu_set_cr(struct wg_cpu *c, uint32_t v) {
  for (unsigned i = 0; i < 8; i++) set_crf(c, i, v >> (28 - 4 * i) & 15);
}
