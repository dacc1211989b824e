// Fixed-point arithmetic, logic, rotates and compares (Book I, 3.3).
#include "emu/cpu/ops.h"

#define CR0(v)                                                                                                         \
  do {                                                                                                                 \
    if (RC) set_cr0(c, v);                                                                                             \
  } while (0)

// a + b + carry with CA and OV of the low 32 bits.
static inline void add_op(struct wg_cpu *c, const struct wg_op *o, uint32_t word, uint64_t a, uint64_t b,
                          unsigned carry, bool set_ca) {
  uint64_t r = a + b + carry;
  if (set_ca) c->ca = ((uint64_t)(uint32_t)a + (uint32_t)b + carry) >> 32 & 1;
  if (OE) set_ov(c, ((a ^ r) & (b ^ r)) >> 31 & 1);
  RD = r;
  CR0(r);
}

OP_RC(addx) { add_op(c, o, word, RA, RB, 0, false); }
OP_RC(addcx) { add_op(c, o, word, RA, RB, 0, true); }
OP_RC(addex) { add_op(c, o, word, RA, RB, c->ca, true); }
OP_RC(addmex) { add_op(c, o, word, RA, ~0ull, c->ca, true); }
OP_RC(addzex) { add_op(c, o, word, RA, 0, c->ca, true); }
OP_RC(subfx) { add_op(c, o, word, ~RA, RB, 1, false); }
OP_RC(subfcx) { add_op(c, o, word, ~RA, RB, 1, true); }
OP_RC(subfex) { add_op(c, o, word, ~RA, RB, c->ca, true); }
OP_RC(subfmex) { add_op(c, o, word, ~RA, ~0ull, c->ca, true); }
OP_RC(subfzex) { add_op(c, o, word, ~RA, 0, c->ca, true); }

OP(addi) { RD = RA0 + (uint64_t)SIMM; }
OP(addic) {
  uint64_t a = RA;
  c->ca = ((uint64_t)(uint32_t)a + (uint32_t)SIMM) >> 32 & 1;
  RD = a + (uint64_t)SIMM;
}
OP(addicx) {
  addic_body(c, o, word);
  set_cr0(c, RD);
}
OP(subficx) {
  uint64_t a = ~RA;
  c->ca = ((uint64_t)(uint32_t)a + (uint32_t)SIMM + 1) >> 32 & 1;
  RD = a + (uint64_t)SIMM + 1;
}
OP_RC(negx) {
  uint64_t a = RA;
  if (OE) set_ov(c, (uint32_t)a == 0x80000000u);
  RD = 0 - a;
  CR0(RD);
}

OP(mulli) { RD = RA * (uint64_t)SIMM; }
OP_RC(mullwx) {
  int64_t r = (int64_t)(int32_t)RA * (int32_t)RB;
  if (OE) set_ov(c, r != (int32_t)r);
  RD = (uint64_t)r;
  CR0((uint64_t)r);
}
OP_RC(mulldx) {
  int64_t r, a = (int64_t)RA, b = (int64_t)RB;
  bool ov = __builtin_mul_overflow(a, b, &r);
  if (OE) set_ov(c, ov);
  RD = (uint64_t)r;
  CR0((uint64_t)r);
}
OP_RC(mulhwx) {
  RD = (uint64_t)(((int64_t)(int32_t)RA * (int32_t)RB) >> 32);
  CR0(RD);
}
OP_RC(mulhwux) {
  RD = ((uint64_t)(uint32_t)RA * (uint32_t)RB) >> 32;
  CR0(RD);
}
__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;
OP_RC(mulhdx) {
  RD = (uint64_t)(((i128)(int64_t)RA * (int64_t)RB) >> 64);
  CR0(RD);
}
OP_RC(mulhdux) {
  RD = (uint64_t)(((u128)RA * RB) >> 64);
  CR0(RD);
}

// A quotient that does not exist is undefined; 0 is what we document.
OP_RC(divwx) {
  int32_t a = (int32_t)RA, b = (int32_t)RB;
  bool bad = b == 0 || (a == INT32_MIN && b == -1);
  RD = bad ? 0 : (uint32_t)(a / b);
  if (OE) set_ov(c, bad);
  CR0(RD);
}
OP_RC(divwux) {
  uint32_t a = (uint32_t)RA, b = (uint32_t)RB;
  RD = b ? a / b : 0;
  if (OE) set_ov(c, b == 0);
  CR0(RD);
}
OP_RC(divdx) {
  int64_t a = (int64_t)RA, b = (int64_t)RB;
  bool bad = b == 0 || (a == INT64_MIN && b == -1);
  RD = bad ? 0 : (uint64_t)(a / b);
  if (OE) set_ov(c, bad);
  CR0(RD);
}
OP_RC(divdux) {
  uint64_t a = RA, b = RB;
  RD = b ? a / b : 0;
  if (OE) set_ov(c, b == 0);
  CR0(RD);
}

#define LOGIC(name, expr)                                                                                              \
  OP_RC(name) {                                                                                                        \
    uint64_t s = RS, b = RB;                                                                                           \
    RA = (expr);                                                                                                       \
    CR0(RA);                                                                                                           \
  }
LOGIC(andx, s &b)
LOGIC(andcx, s & ~b)
LOGIC(orx, s | b)
LOGIC(orcx, s | ~b)
LOGIC(xorx, s ^ b)
LOGIC(nandx, ~(s &b))
LOGIC(norx, ~(s | b))
LOGIC(eqvx, ~(s ^ b))
#define LOGIC1(name, expr)                                                                                             \
  OP_RC(name) {                                                                                                        \
    uint64_t s = RS;                                                                                                   \
    RA = (expr);                                                                                                       \
    CR0(RA);                                                                                                           \
  }
LOGIC1(extsbx, (uint64_t)(int8_t)s)
LOGIC1(extshx, (uint64_t)(int16_t)s)
LOGIC1(extswx, (uint64_t)(int32_t)s)
LOGIC1(cntlzwx, (uint32_t)s ? (uint64_t)__builtin_clz((uint32_t)s) : 32)
LOGIC1(cntlzdx, s ? (uint64_t)__builtin_clzll(s) : 64)

OP(ori) { RA = RS | UIMM; }
OP(oris) { RA = RS | (UIMM << 16); }
OP(xori) { RA = RS ^ UIMM; }
OP(xoris) { RA = RS ^ (UIMM << 16); }
OP(andix) {
  RA = RS & UIMM;
  set_cr0(c, RA);
}
OP(andisx) {
  RA = RS & (UIMM << 16);
  set_cr0(c, RA);
}

static uint64_t mask64(unsigned mb, unsigned me) {
  uint64_t lo = ~0ull >> mb, hi = ~0ull << (63 - me);
  return mb <= me ? lo & hi : lo | hi;
}
// ROTL32 of the low word replicated, as the books define rlw*.
static uint64_t rotw(uint64_t s, unsigned n, uint64_t mask) {
  uint64_t v = rotl32((uint32_t)s, n & 31);
  return (mask >> 32 ? v | v << 32 : v) & mask;
}
#define SH ((o->w >> 11) & 31)
#define MB ((o->w >> 6) & 31)
#define ME ((o->w >> 1) & 31)
OP_RC(rlwinmx) {
  RA = rotw(RS, SH, mask64(MB + 32, ME + 32));
  CR0(RA);
}
OP_RC(rlwnmx) {
  RA = rotw(RS, (unsigned)RB, mask64(MB + 32, ME + 32));
  CR0(RA);
}
OP_RC(rlwimix) {
  uint64_t m = mask64(MB + 32, ME + 32);
  RA = rotw(RS, SH, m) | (RA & ~m);
  CR0(RA);
}
// The decoder has put SH where RB would be and MB or ME where RC would be.
#define SH6 o->b
#define MB6 o->c
OP_RC(rldiclx) {
  RA = rotl64(RS, SH6) & mask64(MB6, 63);
  CR0(RA);
}
OP_RC(rldicrx) {
  RA = rotl64(RS, SH6) & mask64(0, MB6);
  CR0(RA);
}
OP_RC(rldicx) {
  RA = rotl64(RS, SH6) & mask64(MB6, 63 - SH6);
  CR0(RA);
}
OP_RC(rldimix) {
  uint64_t m = mask64(MB6, 63 - SH6);
  RA = (rotl64(RS, SH6) & m) | (RA & ~m);
  CR0(RA);
}
OP_RC(rldclx) {
  RA = rotl64(RS, RB & 63) & mask64(MB6, 63);
  CR0(RA);
}
OP_RC(rldcrx) {
  RA = rotl64(RS, RB & 63) & mask64(0, MB6);
  CR0(RA);
}

OP_RC(slwx) {
  unsigned n = RB & 63;
  RA = n > 31 ? 0 : (uint32_t)RS << n;
  CR0(RA);
}
OP_RC(srwx) {
  unsigned n = RB & 63;
  RA = n > 31 ? 0 : (uint32_t)RS >> n;
  CR0(RA);
}
OP_RC(sldx) {
  unsigned n = RB & 127;
  RA = n > 63 ? 0 : RS << n;
  CR0(RA);
}
OP_RC(srdx) {
  unsigned n = RB & 127;
  RA = n > 63 ? 0 : RS >> n;
  CR0(RA);
}
static inline void sraw(struct wg_cpu *c, const struct wg_op *o, uint32_t word, unsigned n) {
  int32_t s = (int32_t)RS;
  if (n > 31) {
    c->ca = s < 0;
    RA = s < 0 ? ~0ull : 0;
  } else {
    c->ca = s < 0 && ((uint32_t)s & ((1u << n) - 1)) != 0;
    RA = (uint64_t)(int64_t)(s >> n);
  }
  CR0(RA);
}
static inline void srad(struct wg_cpu *c, const struct wg_op *o, uint32_t word, unsigned n) {
  int64_t s = (int64_t)RS;
  if (n > 63) {
    c->ca = s < 0;
    RA = s < 0 ? ~0ull : 0;
  } else {
    c->ca = s < 0 && ((uint64_t)s & ((1ull << n) - 1)) != 0;
    RA = (uint64_t)(s >> n);
  }
  CR0(RA);
}
OP_RC(srawx) { sraw(c, o, word, RB & 63); }
OP_RC(srawix) { sraw(c, o, word, o->b); }
OP_RC(sradx) { srad(c, o, word, RB & 127); }
OP_RC(sradix) { srad(c, o, word, o->b | (o->w & 2) << 4); }

#define CRFD (o->d >> 2)
#define L64 (o->w & 0x200000)
// Words are compared as words: a compiler does not see that it may.
#define COMPARE(name, wide, narrow, b_)                                                                                \
  OP(name) {                                                                                                           \
    wide a = (wide)RA, b = (wide)(b_);                                                                                 \
    bool less = L64 ? a < b : (narrow)a < (narrow)b, greater = L64 ? a > b : (narrow)a > (narrow)b;                    \
    wg_set_compared(c, CRFD, less, greater);                                                                           \
  }
COMPARE(cmp, int64_t, int32_t, RB)
COMPARE(cmpi, int64_t, int32_t, SIMM)
COMPARE(cmpl, uint64_t, uint32_t, RB)
COMPARE(cmpli, uint64_t, uint32_t, UIMM)
