#include "replay/walk.h"

struct state {
  const struct wg_branch_packet *p;
  size_t bit, target;
  uint32_t calls[WG_BRANCH_CALLS];
  uint32_t top;
  bool short_of; // the packet has fewer decisions than the code takes
};

static bool next_bit(struct state *s) {
  if (s->bit >= s->p->nbits) {
    s->short_of = true;
    return false;
  }
  uint64_t word = s->p->words[s->bit / WG_BRANCH_WORD_BITS];
  return word >> (WG_BRANCH_WORD_BITS - 1 - s->bit++ % WG_BRANCH_WORD_BITS) & 1;
}

static uint32_t next_target(struct state *s) {
  if (s->target >= s->p->ntargets) {
    s->short_of = true;
    return 0;
  }
  return s->p->targets[s->target++];
}

static void call(struct state *s, uint32_t pc) { s->calls[++s->top % WG_BRANCH_CALLS] = pc + 4; }

static uint32_t return_target(struct state *s) {
  if (!next_bit(s)) return next_target(s);
  return s->calls[s->top-- % WG_BRANCH_CALLS];
}

// True if the instruction is one that the record knows; then where it went.
static bool follow(struct state *s, struct wg_walk_step *b, bool last) {
  uint32_t w = b->word;
  enum wg_branch_form form = wg_branch_form(w);
  b->taken = true;
  b->target = b->pc + 4;
  if (w >> 26 == 17) { // sc
    if (!last) b->target = next_target(s);
    return true;
  }
  if (form == WG_BRANCH_NONE) return false;
  b->taken = !wg_branch_decides(w) || next_bit(s);
  if (b->taken && form == WG_BRANCH_BCLR) b->target = return_target(s);
  if (b->taken && (form == WG_BRANCH_B || form == WG_BRANCH_BC)) b->target = wg_branch_direct(w, b->pc);
  if (wg_branch_links(w) && (b->taken || form != WG_BRANCH_BCLR)) call(s, b->pc);
  if (b->taken && form == WG_BRANCH_BCCTR) b->target = next_target(s);
  return true;
}

int wg_walk_packet(const struct wg_walk *w, const struct wg_branch_packet *p, struct wg_err *err) {
  struct state s = {.p = p};
  struct wg_walk_step b = {.tid = p->tid, .hw = p->hw, .pc = p->pc, .cycle = p->cycle};
  for (uint64_t n = 0; n < p->instructions; n++, b.cycle++) {
    if (!w->fetch(w->ctx, b.pc, &b.word))
      return wg_fail(err, WG_INPUT, "branches of thread %u: cycle %llu: there is no code at 0x%08x", p->tid,
                     (unsigned long long)b.cycle, b.pc);
    bool branch = follow(&s, &b, n + 1 == p->instructions);
    if (s.short_of)
      return wg_fail(err, WG_INPUT, "branches of thread %u: cycle %llu: the code at 0x%08x is not what ran", p->tid,
                     (unsigned long long)b.cycle, b.pc);
    if (branch && !w->step(w->ctx, &b)) return WG_OK;
    b.pc = branch ? b.target : b.pc + 4;
  }
  if (s.bit != p->nbits || s.target != p->ntargets)
    return wg_fail(err, WG_INPUT, "branches of thread %u: cycle %llu: the code took fewer decisions than were recorded",
                   p->tid, (unsigned long long)b.cycle);
  return WG_OK;
}
