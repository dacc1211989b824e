// Floating point (Book I, 4). Host IEEE arithmetic gives the values; NaNs are chosen here, since hosts differ:
// the first NaN operand in the order FRA, FRB, FRC made quiet, or the default 7FF8000000000000.
#include <fenv.h>
#include <math.h>

#include "emu/cpu/ops.h"

#define FA c->fpr[o->a]
#define FB c->fpr[o->b]
#define FC c->fpr[o->c]
#define FD c->fpr[o->d]

static double dbl(uint64_t bits) {
  double d;
  memcpy(&d, &bits, sizeof d);
  return d;
}
static uint64_t bits(double d) {
  uint64_t b;
  memcpy(&b, &d, sizeof b);
  return b;
}
static bool is_nan(uint64_t b) { return (b & 0x7FFFFFFFFFFFFFFFull) > 0x7FF0000000000000ull; }
#define QUIET 0x0008000000000000ull
#define DEFAULT_NAN 0x7FF8000000000000ull

static uint64_t pick_nan(uint64_t a, uint64_t b, uint64_t c) {
  if (is_nan(a)) return a | QUIET;
  if (is_nan(b)) return b | QUIET;
  if (is_nan(c)) return c | QUIET;
  return DEFAULT_NAN;
}

static void set_fprf(struct wg_cpu *c, double r) {
  bool neg = signbit(r);
  unsigned f = 0;
  switch (fpclassify(r)) {
  case FP_NAN: f = 0x11; break;
  case FP_INFINITE: f = neg ? 0x09 : 0x05; break;
  case FP_ZERO: f = neg ? 0x12 : 0x02; break;
  case FP_SUBNORMAL: f = neg ? 0x18 : 0x14; break;
  default: f = neg ? 0x08 : 0x04;
  }
  c->fpscr = (c->fpscr & ~0x0001F000u) | f << 12;
}

static void cr1(struct wg_cpu *c, const struct wg_op *o) {
  if (RC) set_crf(c, 1, c->fpscr >> 28);
}

// Finishes an arithmetic result; `single` rounds to single precision first.
static void result(struct wg_cpu *c, const struct wg_op *o, double r, uint64_t a, uint64_t b, uint64_t third,
                   bool single) {
  if (single) r = (double)(float)r;
  uint64_t out = isnan(r) ? pick_nan(a, b, third) : bits(r);
  if (single && isnan(r)) out &= ~0x1FFFFFFFull;
  set_fprf(c, dbl(out));
  FD = out;
  cr1(c, o);
}

static bool is_single(double d) { return (double)(float)d == d; }

// Single-precision arithmetic on operands that are not singles rounds twice on the host, to double and to
// single. Rounding to odd first makes the second rounding exact: toward zero, with the last bit set if
// anything was lost (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums").
#define TO_ODD(name, expr)                                                                                             \
  static double name(double x, double y, double z) {                                                                   \
    volatile double vx = x, vy = y, vz = z, r;                                                                         \
    (void)vz;                                                                                                          \
    feclearexcept(FE_INEXACT);                                                                                         \
    fesetround(FE_TOWARDZERO);                                                                                         \
    r = (expr);                                                                                                        \
    bool lost = fetestexcept(FE_INEXACT) != 0;                                                                         \
    fesetround(FE_TONEAREST);                                                                                          \
    return lost && isfinite(r) ? dbl(bits(r) | 1) : r;                                                                 \
  }
TO_ODD(odd_add, vx + vy)
TO_ODD(odd_sub, vx - vy)
TO_ODD(odd_mul, vx *vy)
TO_ODD(odd_div, vx / vy)
TO_ODD(odd_fma, fma(vx, vy, vz))

#define ARITH(name, expr, odd, second, single)                                                                         \
  OP(name) {                                                                                                           \
    uint64_t a = FA, b = second;                                                                                       \
    double x = dbl(a), y = dbl(b);                                                                                     \
    result(c, o, single && !(is_single(x) && is_single(y)) ? odd(x, y, 0) : (expr), a, b, 0, single);                  \
  }
ARITH(faddx, x + y, odd_add, FB, false)
ARITH(faddsx, x + y, odd_add, FB, true)
ARITH(fsubx, x - y, odd_sub, FB, false)
ARITH(fsubsx, x - y, odd_sub, FB, true)
ARITH(fmulx, x *y, odd_mul, FC, false)
ARITH(fmulsx, x *y, odd_mul, FC, true)
ARITH(fdivx, x / y, odd_div, FB, false)
ARITH(fdivsx, x / y, odd_div, FB, true)

// a * m + s with one rounding.
static double fused(double a, double m, double s, bool single) {
  if (!single) return fma(a, m, s);
  if (is_single(a) && is_single(m) && is_single(s)) return (double)fmaf((float)a, (float)m, (float)s);
  return odd_fma(a, m, s);
}
static void fmadd(struct wg_cpu *c, const struct wg_op *o, bool sub, bool neg, bool single) {
  uint64_t a = FA, b = FB, m = FC;
  double r = fused(dbl(a), dbl(m), sub ? -dbl(b) : dbl(b), single);
  if (single) r = (double)(float)r;
  if (neg && !isnan(r)) r = -r;
  result(c, o, r, a, b, m, single);
}
OP(fmaddx) { fmadd(c, o, false, false, false); }
OP(fmaddsx) { fmadd(c, o, false, false, true); }
OP(fmsubx) { fmadd(c, o, true, false, false); }
OP(fmsubsx) { fmadd(c, o, true, false, true); }
OP(fnmaddx) { fmadd(c, o, false, true, false); }
OP(fnmaddsx) { fmadd(c, o, false, true, true); }
OP(fnmsubx) { fmadd(c, o, true, true, false); }
OP(fnmsubsx) { fmadd(c, o, true, true, true); }

OP(fsqrtx) { result(c, o, sqrt(dbl(FB)), FB, 0, 0, false); }
OP(fsqrtsx) { result(c, o, sqrt(dbl(FB)), FB, 0, 0, true); }
// Estimates: the exactly rounded value, which satisfies the architecture's error bound.
OP(fresx) { result(c, o, 1.0 / dbl(FB), FB, 0, 0, true); }
OP(frsqrtex) { result(c, o, 1.0 / sqrt(dbl(FB)), FB, 0, 0, false); }
OP(frspx) { result(c, o, dbl(FB), FB, 0, 0, true); }

#define MOVE(name, expr)                                                                                               \
  OP(name) {                                                                                                           \
    uint64_t b = FB;                                                                                                   \
    FD = (expr);                                                                                                       \
    cr1(c, o);                                                                                                         \
  }
#define SIGN 0x8000000000000000ull
MOVE(fmrx, b)
MOVE(fnegx, b ^ SIGN)
MOVE(fabsx, b & ~SIGN)
MOVE(fnabsx, b | SIGN)
MOVE(fselx, dbl(FA) >= 0.0 ? FC : b)

static void fcmp(struct wg_cpu *c, const struct wg_op *o) {
  double a = dbl(FA), b = dbl(FB);
  unsigned f = isnan(a) || isnan(b) ? 1 : a < b ? 8 : a > b ? 4 : 2;
  c->fpscr = (c->fpscr & ~0x0000F000u) | f << 12;
  set_crf(c, o->d >> 2, f);
}
OP(fcmpu) { fcmp(c, o); }
OP(fcmpo) { fcmp(c, o); }

// Rounds by FPSCR[RN] (the host's mode is always to nearest) and saturates as 4.6.7 says.
static double round_by(struct wg_cpu *c, double d, bool to_zero) {
  if (to_zero) return trunc(d);
  switch (c->fpscr & 3) {
  case 1: return trunc(d);
  case 2: return ceil(d);
  case 3: return floor(d);
  default: return nearbyint(d);
  }
}
static void to_int32(struct wg_cpu *c, const struct wg_op *o, bool to_zero) {
  double d = round_by(c, dbl(FB), to_zero);
  uint32_t r = isnan(d) || d <= -2147483648.0 ? 0x80000000u : d >= 2147483647.0 ? 0x7FFFFFFFu : (uint32_t)(int32_t)d;
  FD = (uint64_t)(int32_t)r; // the high word is undefined; sign-extended as the reference and qemu leave it
  cr1(c, o);
}
static void to_int64(struct wg_cpu *c, const struct wg_op *o, bool to_zero) {
  double d = round_by(c, dbl(FB), to_zero);
  FD = isnan(d) || d < -9223372036854775808.0 ? 0x8000000000000000ull
       : d >= 9223372036854775808.0           ? 0x7FFFFFFFFFFFFFFFull
                                              : (uint64_t)(int64_t)d;
  cr1(c, o);
}
OP(fctiwx) { to_int32(c, o, false); }
OP(fctiwzx) { to_int32(c, o, true); }
OP(fctidx) { to_int64(c, o, false); }
OP(fctidzx) { to_int64(c, o, true); }
OP(fcfidx) { result(c, o, (double)(int64_t)FB, 0, 0, 0, false); }

OP(mffsx) {
  FD = 0xFFF8000000000000ull | c->fpscr;
  cr1(c, o);
}
// FEX and VX are summaries: recomputed, never written.
static void set_fpscr(struct wg_cpu *c, uint32_t v) {
  v &= ~0x60000000u;
  if (v & 0x01F80700u) v |= 0x20000000u;
  uint32_t enabled = (v >> 25 & 0x1Fu) & (v >> 3 & 0x1Fu);
  if (enabled) v |= 0x40000000u;
  c->fpscr = v;
}
OP(mtfsfx) {
  uint32_t mask = 0;
  for (unsigned i = 0; i < 8; i++)
    if (o->w >> (24 - i) & 1) mask |= 0xF0000000u >> (4 * i);
  set_fpscr(c, (c->fpscr & ~mask) | ((uint32_t)FB & mask));
  cr1(c, o);
}
OP(mtfsfix) {
  unsigned shift = 28 - 4 * (o->d >> 2);
  set_fpscr(c, (c->fpscr & ~(0xFu << shift)) | (o->w >> 12 & 15) << shift);
  cr1(c, o);
}
OP(mtfsb0x) {
  set_fpscr(c, c->fpscr & ~(0x80000000u >> o->d));
  cr1(c, o);
}
OP(mtfsb1x) {
  set_fpscr(c, c->fpscr | 0x80000000u >> o->d);
  cr1(c, o);
}
