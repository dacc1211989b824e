#include "emu/cpu/branch.h"

#include <string.h>

#include "emu/cpu/cpu.h"

static void begin(struct wg_cpu *c, uint32_t pc, uint64_t cycle) {
  struct wg_branches *b = c->branches;
  b->open = 1;
  b->pc = pc;
  b->cycle = cycle;
  b->idx = b->next_idx ? *b->next_idx : 0;
  b->ntargets = b->nwords = b->top = 0;
  memset(b->calls, 0, sizeof b->calls);
  c->branches->trail = 1;
}

static void end(struct wg_cpu *c, uint64_t cycle) {
  struct wg_branches *b = c->branches;
  size_t loose = 63 - (size_t)__builtin_clzll(c->branches->trail);
  size_t nbits = (size_t)b->nwords * 63 + loose;
  if (loose) b->words[b->nwords++] = (c->branches->trail ^ 1ull << loose) << (63 - loose);
  b->open = 0;
  c->branches->trail = 1;
  if (b->sink == NULL || cycle == b->cycle) return;
  struct wg_branch_packet p = {.tid = b->tid,
                               .hw = b->hw,
                               .pc = b->pc,
                               .cycle = b->cycle,
                               .idx = b->idx,
                               .instructions = cycle - b->cycle,
                               .words = b->words,
                               .nbits = nbits,
                               .targets = b->targets,
                               .ntargets = b->ntargets};
  b->sink(b->ctx, &p);
}

void wg_branches_resume(struct wg_cpu *c) {
  struct wg_branches *b = c->branches;
  if (b->open && b->after_syscall && b->ntargets < WG_BRANCH_TARGETS)
    b->targets[b->ntargets++] = c->pc;
  else if (b->open && (b->after_syscall || c->pc != b->resume))
    end(c, c->cycle);
  if (!b->open) begin(c, c->pc, c->cycle);
}

void wg_branches_pause(struct wg_cpu *c, int syscall) {
  c->branches->resume = c->pc;
  c->branches->after_syscall = (uint8_t)syscall;
}

void wg_branches_close(struct wg_cpu *c) {
  if (c->branches && c->branches->open) end(c, c->cycle);
}

uint64_t wg_branches_flush(struct wg_cpu *c, uint64_t trail, uint32_t pc, uint64_t cycle) {
  struct wg_branches *b = c->branches;
  if ((int64_t)trail < 0) {
    b->words[b->nwords++] = trail & INT64_MAX;
    trail = 1;
  }
  if (b->nwords < WG_BRANCH_WORDS - 1 && b->ntargets < WG_BRANCH_TARGETS) return trail;
  c->branches->trail = trail;
  end(c, cycle);
  begin(c, pc, cycle);
  return c->branches->trail;
}
