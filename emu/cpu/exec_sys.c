// Condition register, special registers, traps, system call (Book I, 2; Book III).
#include "emu/cpu/ops.h"

#define CRLOGIC(name, expr)                                                                                            \
  OP(name) {                                                                                                           \
    unsigned a = c->cr[o->a], b = c->cr[o->b];                                                                         \
    c->cr[o->d] = (expr)&1u;                                                                                           \
  }
CRLOGIC(crand, a &b)
CRLOGIC(crandc, a & ~b)
CRLOGIC(creqv, ~(a ^ b))
CRLOGIC(crnand, ~(a &b))
CRLOGIC(crnor, ~(a | b))
CRLOGIC(cror, a | b)
CRLOGIC(crorc, a | ~b)
CRLOGIC(crxor, a ^ b)
OP(mcrf) { set_crf(c, o->d >> 2, wg_crf(c, o->a >> 2)); }
OP(mcrxr) {
  set_crf(c, o->d >> 2, (unsigned)c->so << 3 | (unsigned)c->ov << 2 | (unsigned)c->ca << 1);
  c->so = c->ov = c->ca = 0;
}
#ifdef WG_JIT_BODIES
unsigned wgj_field(const struct wg_cpu *c, unsigned field); // the compiler's: from where it has that
#else
#define wgj_field wg_crf
#endif
// mfocrf (bit 11) shares the encoding: the fields of its mask, of which there should be one, and zeros elsewhere.
OP(mfcr) {
  uint32_t v = 0;
  for (unsigned i = 0; i < 8; i++)
    if (!(o->w & 0x00100000u) || o->w >> (19 - i) & 1) v |= wgj_field(c, i) << (28 - 4 * i);
  RD = v;
}
OP(mtcrf) {
  for (unsigned i = 0; i < 8; i++)
    if (o->w >> (19 - i) & 1) set_crf(c, i, (unsigned)(RS >> (28 - 4 * i) & 15));
}

uint32_t wg_cpu_xer(const struct wg_cpu *c) {
  return (uint32_t)c->so << 31 | (uint32_t)c->ov << 30 | (uint32_t)c->ca << 29 | c->xer_count;
}
void wg_cpu_set_xer(struct wg_cpu *c, uint32_t v) {
  c->so = (uint8_t)(v >> 31);
  c->ov = v >> 30 & 1;
  c->ca = v >> 29 & 1;
  c->xer_count = v & 127;
}

static unsigned spr_of(const struct wg_op *o) { return o->a | (unsigned)o->b << 5; }
static uint64_t timebase(struct wg_cpu *c) { return c->timebase ? c->timebase(c->tb_ctx, c->cycle) : c->cycle; }
OP_STOPS(mfspr_out) {
  switch (spr_of(o)) {
  case 1: RD = wg_cpu_xer(c); break;
  case 256: RD = c->vrsave; break;
  case 268: RD = timebase(c); break;
  case 269: RD = timebase(c) >> 32; break;
  case 287: RD = 0x710700; break; // PVR of a retail Xenon
  default: c->stop = WG_STOP_UNIMPLEMENTED;
  }
}
HANDLER(mfspr) {
  unsigned spr = spr_of(o);
  if (spr != 8 && spr != 9) BECOME(wg_op_mfspr_out);
  RD = spr == 8 ? c->lr : c->ctr;
  NEXT;
}
OP_STOPS(mftb) { RD = spr_of(o) == 269 ? timebase(c) >> 32 : timebase(c); }
OP_STOPS(mtspr_out) {
  switch (spr_of(o)) {
  case 1: wg_cpu_set_xer(c, (uint32_t)RS); break;
  case 256: c->vrsave = (uint32_t)RS; break;
  default: c->stop = WG_STOP_UNIMPLEMENTED;
  }
}
HANDLER(mtspr) {
  unsigned spr = spr_of(o);
  if (spr != 8 && spr != 9) BECOME(wg_op_mtspr_out);
  if (spr == 8)
    c->lr = RS;
  else
    c->ctr = RS;
  NEXT;
}
OP(mfmsr) { RD = c->msr; }
// L=1 moves EE and RI only (Book III); nothing else of the MSR is the guest's to change.
OP(mtmsrd) { c->msr = (c->msr & ~0x8002ull) | (RS & 0x8002); }

static inline bool traps(unsigned to, int64_t a, int64_t b, uint64_t ua, uint64_t ub) {
  return (to & 16 && a < b) || (to & 8 && a > b) || (to & 4 && a == b) || (to & 2 && ua < ub) || (to & 1 && ua > ub);
}
OP_STOPS(trap_out) {
  (void)o;
  c->stop = WG_STOP_TRAP;
}
#define TRAP(name, a, b, ua, ub)                                                                                       \
  HANDLER(name) {                                                                                                      \
    if (unlikely(traps(o->d, a, b, ua, ub))) BECOME(wg_op_trap_out);                                                   \
    NEXT;                                                                                                              \
  }
TRAP(tw, (int32_t)RA, (int32_t)RB, (uint32_t)RA, (uint32_t)RB)
TRAP(twi, (int32_t)RA, SIMM, (uint32_t)RA, (uint32_t)SIMM)
TRAP(td, (int64_t)RA, (int64_t)RB, RA, RB)
TRAP(tdi, (int64_t)RA, SIMM, RA, (uint64_t)SIMM)
OP_STOPS(sc) {
  (void)o;
  c->stop = WG_STOP_SYSCALL;
}
