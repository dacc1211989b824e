// Branches, condition register, special registers, traps, system call (Book I, 2; Book III).
#include "emu/cpu/ops.h"

#define LK (o->w & 1)
#define AA (o->w & 2)
#define BO o->d
#define BI o->a

OP(bx) {
  uint32_t target = (uint32_t)((int32_t)(o->w << 6) >> 6) & ~3u;
  if (!AA) target += c->pc;
  if (LK) c->lr = c->pc + 4;
  c->npc = target;
}

// Evaluates BO/BI, counting CTR down if asked; only its low 32 bits are tested in 32-bit mode.
static bool taken(struct wg_cpu *c, const struct wg_op *o, bool use_ctr) {
  unsigned bo = BO;
  bool ok = true;
  if (use_ctr && !(bo & 4)) {
    c->ctr--;
    ok = ((uint32_t)c->ctr != 0) != !!(bo & 2);
  }
  if (!(bo & 16)) ok = ok && (c->cr >> (31 - BI) & 1) == (bo >> 3 & 1);
  return ok;
}
OP(bcx) {
  uint32_t target = (uint32_t)(int32_t)(int16_t)(o->w & 0xFFFC);
  if (!AA) target += c->pc;
  if (taken(c, o, true)) c->npc = target;
  if (LK) c->lr = c->pc + 4;
}
OP(bclrx) {
  uint32_t target = (uint32_t)c->lr & ~3u;
  if (taken(c, o, true)) c->npc = target;
  if (LK) c->lr = c->pc + 4;
}
OP(bcctrx) {
  uint32_t target = (uint32_t)c->ctr & ~3u;
  if (taken(c, o, false)) c->npc = target;
  if (LK) c->lr = c->pc + 4;
}

#define CRB(i) (c->cr >> (31 - (i)) & 1)
#define CRLOGIC(name, expr)                                                                                            \
  OP(name) {                                                                                                           \
    unsigned a = CRB(o->a), b = CRB(o->b);                                                                             \
    c->cr = (c->cr & ~(1u << (31 - o->d))) | ((expr)&1u) << (31 - o->d);                                               \
  }
CRLOGIC(crand, a &b)
CRLOGIC(crandc, a & ~b)
CRLOGIC(creqv, ~(a ^ b))
CRLOGIC(crnand, ~(a &b))
CRLOGIC(crnor, ~(a | b))
CRLOGIC(cror, a | b)
CRLOGIC(crorc, a | ~b)
CRLOGIC(crxor, a ^ b)
OP(mcrf) { set_crf(c, o->d >> 2, c->cr >> (28 - 4 * (o->a >> 2)) & 15); }
OP(mcrxr) {
  set_crf(c, o->d >> 2, (unsigned)c->so << 3 | (unsigned)c->ov << 2 | (unsigned)c->ca << 1);
  c->so = c->ov = c->ca = 0;
}
OP(mcrfs) {
  unsigned shift = 28 - 4 * (o->a >> 2);
  set_crf(c, o->d >> 2, c->fpscr >> shift & 15);
  c->fpscr &= ~((0xFu << shift) & 0x9FF80700u); // exception bits copied out are cleared; FX too
}
// mfocrf (bit 11) shares the encoding; one field is a subset of the whole CR.
OP(mfcr) { RD = c->cr; }
OP(mtcrf) {
  uint32_t mask = 0;
  for (unsigned i = 0; i < 8; i++)
    if (o->w >> (19 - i) & 1) mask |= 0xF0000000u >> (4 * i);
  c->cr = (c->cr & ~mask) | ((uint32_t)RS & mask);
}

uint32_t wg_cpu_xer(const struct wg_cpu *c) {
  return (uint32_t)c->so << 31 | (uint32_t)c->ov << 30 | (uint32_t)c->ca << 29 | c->xer_count;
}
void wg_cpu_set_xer(struct wg_cpu *c, uint32_t v) {
  c->so = v >> 31 & 1;
  c->ov = v >> 30 & 1;
  c->ca = v >> 29 & 1;
  c->xer_count = v & 127;
}

static unsigned spr_of(const struct wg_op *o) { return o->a | (unsigned)o->b << 5; }
static uint64_t timebase(struct wg_cpu *c) { return c->timebase ? c->timebase(c->tb_ctx, c->cycle) : c->cycle; }
OP(mfspr) {
  switch (spr_of(o)) {
  case 1: RD = wg_cpu_xer(c); break;
  case 8: RD = c->lr; break;
  case 9: RD = c->ctr; break;
  case 256: RD = c->vrsave; break;
  case 268: RD = timebase(c); break;
  case 269: RD = timebase(c) >> 32; break;
  case 287: RD = 0x710700; break; // PVR of a retail Xenon
  default: c->stop = WG_STOP_UNIMPLEMENTED;
  }
}
OP(mftb) { RD = spr_of(o) == 269 ? timebase(c) >> 32 : timebase(c); }
OP(mtspr) {
  switch (spr_of(o)) {
  case 1: wg_cpu_set_xer(c, (uint32_t)RS); break;
  case 8: c->lr = RS; break;
  case 9: c->ctr = RS; break;
  case 256: c->vrsave = (uint32_t)RS; break;
  default: c->stop = WG_STOP_UNIMPLEMENTED;
  }
}
OP(mfmsr) { RD = c->msr; }
// L=1 moves EE and RI only (Book III); nothing else of the MSR is the guest's to change.
OP(mtmsrd) { c->msr = (c->msr & ~0x8002ull) | (RS & 0x8002); }

static void trap(struct wg_cpu *c, const struct wg_op *o, int64_t a, int64_t b, uint64_t ua, uint64_t ub) {
  unsigned to = o->d;
  if ((to & 16 && a < b) || (to & 8 && a > b) || (to & 4 && a == b) || (to & 2 && ua < ub) || (to & 1 && ua > ub))
    c->stop = WG_STOP_TRAP;
}
OP(tw) { trap(c, o, (int32_t)RA, (int32_t)RB, (uint32_t)RA, (uint32_t)RB); }
OP(twi) { trap(c, o, (int32_t)RA, SIMM, (uint32_t)RA, (uint32_t)SIMM); }
OP(td) { trap(c, o, (int64_t)RA, (int64_t)RB, RA, RB); }
OP(tdi) { trap(c, o, (int64_t)RA, SIMM, RA, (uint64_t)SIMM); }
OP(sc) {
  (void)o;
  c->stop = WG_STOP_SYSCALL;
}
