// Branches (Book I, 2.4), and what is recorded of them (branch.h).
#include "emu/cpu/ops.h"

#define LK (o->w & 1)
#define AA (o->w & 2)
#define BO o->d
#define BI o->a

static inline void call(struct wg_cpu *c, const struct wg_op *o) {
  struct wg_branches *b = c->branches;
  c->lr = WG_PC(o) + 4;
  if (WG_TRAIL) b->calls[++b->top % WG_BRANCH_CALLS] = WG_PC(o) + 4;
}

static inline void record_target(struct wg_cpu *c, uint32_t to) {
  struct wg_branches *b = c->branches;
  if (!WG_TRAIL) return;
  b->targets[b->ntargets++] = to;
  if (unlikely(b->ntargets >= WG_BRANCH_TARGETS)) c->limit_e = 0; // the boundary will see to it
}

// True if the return goes where the latest recorded call said.
static inline bool returns(struct wg_cpu *c, uint32_t to) {
  struct wg_branches *b = c->branches;
  if (!WG_TRAIL) return true;
  bool hit = b->calls[b->top % WG_BRANCH_CALLS] == to;
  b->top -= hit;
  return hit;
}

// Evaluates BO/BI, counting CTR down if asked; only its low 32 bits are tested in 32-bit mode.
static inline bool taken(struct wg_cpu *c, const struct wg_op *o, bool use_ctr) {
  unsigned bo = BO;
  bool ok = true;
  if (use_ctr && !(bo & 4)) {
    c->ctr--;
    ok = ((uint32_t)c->ctr != 0) != !!(bo & 2);
  }
  if (!(bo & 16)) ok = ok && c->cr[BI] == (unsigned)(bo >> 3 & 1);
  return ok;
}
#define ALWAYS(bo) (((bo)&0x14) == 0x14)

#ifdef WG_JIT_BODIES
// What a branch decides and notes; where it leads is the compiler's.
bool wgj_taken(struct wg_cpu *c, const struct wg_op *o) { return taken(c, o, (o->w & 0x7FE) != 528 << 1); }
bool wgj_returns(struct wg_cpu *c, uint32_t to) { return returns(c, to); }
void wgj_call(struct wg_cpu *c, const struct wg_op *o) { call(c, o); }
void wgj_record_target(struct wg_cpu *c, uint32_t to) { record_target(c, to); }
#else
HANDLER(bx) {
  uint32_t to = (uint32_t)o->imm + (AA ? 0 : WG_PC(o));
  if (LK) call(c, o);
  TAKE_FAR(to);
}
HANDLER(bx_near) { TAKE((const struct wg_op *)((const char *)o + o->imm)); }
HANDLER(bl_near) {
  call(c, o);
  TAKE((const struct wg_op *)((const char *)o + o->imm));
}

HANDLER(bcx) {
  uint32_t to = (uint32_t)o->imm + (AA ? 0 : WG_PC(o));
  bool go = taken(c, o, true);
  if (!ALWAYS(BO)) TRAIL(go);
  if (LK) call(c, o);
  if (go) TAKE_FAR(to);
  NOT_TAKEN;
}

// Near conditional branches: a bit of CR, or the count; imm is the distance in bytes of ops.
#define BRANCH_IF(name, condition)                                                                                     \
  HANDLER(name) {                                                                                                      \
    if (condition) {                                                                                                   \
      TRAIL(1);                                                                                                        \
      TAKE((const struct wg_op *)((const char *)o + o->imm));                                                          \
    }                                                                                                                  \
    TRAIL(0);                                                                                                          \
    NOT_TAKEN;                                                                                                         \
  }
BRANCH_IF(bc_true, c->cr[BI])
BRANCH_IF(bc_false, !c->cr[BI])
BRANCH_IF(bdnz, (uint32_t)--c->ctr != 0)
BRANCH_IF(bdz, (uint32_t)--c->ctr == 0)

static __attribute__((noinline)) const struct wg_op *blr_elsewhere(WG_HOT_ARGS) {
  uint32_t to = (uint32_t)c->lr & ~3u;
  TRAIL(0);
  record_target(c, to);
  TAKE_FAR(to);
}
HANDLER(blr) {
  uint32_t to = (uint32_t)c->lr & ~3u;
  if (unlikely(!returns(c, to))) BECOME(blr_elsewhere);
  TRAIL(1);
  TAKE_FAR(to);
}
// A conditional return records whether it was taken, then how.
HANDLER(bclrx) {
  uint32_t to = (uint32_t)c->lr & ~3u;
  bool go = taken(c, o, true);
  if (!ALWAYS(BO)) {
    TRAIL(go);
    // The packet may end only between instructions, so the second decision has room: 63 bits, one to come.
    if (go && (int64_t)trail < 0) {
      struct wg_branches *b = c->branches;
      b->words[b->nwords++] = trail & INT64_MAX;
      trail = 1;
      if (b->nwords >= WG_BRANCH_WORDS - 1) c->limit_e = 0;
    }
  }
  if (LK) c->lr = WG_PC(o) + 4;
  if (!go) NOT_TAKEN;
  bool hit = returns(c, to);
  TRAIL(hit);
  if (!hit) record_target(c, to);
  if (LK) call(c, o);
  TAKE_FAR(to);
}
HANDLER(bcctrx) {
  uint32_t to = (uint32_t)c->ctr & ~3u;
  bool go = taken(c, o, false);
  if (!ALWAYS(BO)) TRAIL(go);
  if (LK) call(c, o);
  if (!go) NOT_TAKEN;
  record_target(c, to);
  TAKE_FAR(to);
}
HANDLER(bctr) {
  uint32_t to = (uint32_t)c->ctr & ~3u;
  record_target(c, to);
  TAKE_FAR(to);
}
HANDLER(bctrl) {
  uint32_t to = (uint32_t)c->ctr & ~3u;
  call(c, o);
  record_target(c, to);
  TAKE_FAR(to);
}

// A compare and the conditional branch on its field, in one.
#define COMPARE_BRANCH(name, a_, b_, condition)                                                                        \
  HANDLER(name) {                                                                                                      \
    wg_set_compared(c, o->d >> 2, (a_) < (b_), (a_) > (b_));                                                           \
    o++;                                                                                                               \
    if (condition) {                                                                                                   \
      TRAIL(1);                                                                                                        \
      TAKE((const struct wg_op *)((const char *)o + o->imm));                                                          \
    }                                                                                                                  \
    TRAIL(0);                                                                                                          \
    NOT_TAKEN;                                                                                                         \
  }
#define COMPARE_BRANCHES(name, a_, b_)                                                                                 \
  COMPARE_BRANCH(name##_true, a_, b_, c->cr[BI])                                                                       \
  COMPARE_BRANCH(name##_false, a_, b_, !c->cr[BI])
COMPARE_BRANCHES(cmpw_bc, (int32_t)RA, (int32_t)RB)
COMPARE_BRANCHES(cmpwi_bc, (int32_t)RA, o->imm)
COMPARE_BRANCHES(cmplw_bc, (uint32_t)RA, (uint32_t)RB)
COMPARE_BRANCHES(cmplwi_bc, (uint32_t)RA, (uint32_t)o->imm)
#endif
