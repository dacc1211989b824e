// Floating point (Book I, 4): the host computes where its arithmetic is the guest's, softfp.h does elsewhere.
#include <float.h>
#include <math.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "emu/cpu/fpu.h"
#include "emu/cpu/ops.h"

#define FA c->fpr[o->a]
#define FB c->fpr[o->b]
#define FC c->fpr[o->c]
#define FD c->fpr[o->d]
#define SIGN 0x8000000000000000ull

// A register as a double, without a detour by the integer registers.
typedef double __attribute__((may_alias)) reg_double;
static inline double dbl(const uint64_t *r) { return *(const reg_double *)r; }
static inline uint64_t bits(double d) {
  uint64_t b;
  memcpy(&b, &d, sizeof b);
  return b;
}
// What a compiler makes of -fma() may be another instruction, which rounds after the sign has changed: gcc takes
// -fma(a, f, -b) for b - a * f, and gives 0 for -0.
static inline double negated(double d) {
  uint64_t b = bits(d) ^ SIGN;
  memcpy(&d, &b, sizeof d);
  return d;
}
static inline bool nan64(uint64_t b) { return (b & ~SIGN) > 0x7FF0000000000000ull; }

// Results that the host may not have right in every bit: NaNs, whose payload and cause the books choose; the least
// normal number, which is tiny on one and not on the other; for singles also what lies halfway between two of them,
// where rounding to double first may have decided wrongly, and everything tiny.
static inline bool doubtful(double r) { return r != r || bits(r) << 1 == 0x0020000000000000ull; }
static inline bool doubtful_single(double r) {
  uint64_t b = bits(r);
  return r != r || (b & 0x1FFFFFFF) == 0x10000000 || (b << 1) - 1 < 0x7020000000000000ull;
}

// What single-precision arithmetic treats apart (softfp.h). Both operands at once, by the high words of their bits;
// zeros, infinities and NaNs are sorted out afterwards.
typedef double pair __attribute__((vector_size(16)));
typedef unsigned quad __attribute__((vector_size(16)));
typedef int signed_quad __attribute__((vector_size(16)));
static inline bool apart(double x, double y) {
  const unsigned move = 0x80000000 - 0x00200000; // DBL_MIN, without the sign: what a single can hold comes first
  const int last = 0x0FBFFFFF;                   // the one before 2^128's, 0x8FE00000, moved
  quad high = (quad)(pair){x, y};
  signed_quad outside =
      (signed_quad)(high + high + (quad){move, move, move, move}) > (signed_quad){last, last, last, last};
#if defined(__SSE2__)
  return unlikely(_mm_movemask_pd((__m128d)outside));
#else
  const int at = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
  return unlikely(outside[at] | outside[2 + at]);
#endif
}
static inline bool no_single(double x) {
  double size = fabs(x);
  return size < DBL_MIN ? x != 0 : size >= 0x1p128 && size <= DBL_MAX;
}
static inline bool no_single2(double x, double y) { return apart(x, y) && (no_single(x) || no_single(y)); }
#define NORMAL_B !no_single2(b, 1)
#define NORMAL_AB !no_single2(a, b)
#define NORMAL_AC !no_single2(a, f)
#define NORMAL_ABC (!no_single2(a, b) && !no_single2(f, 1))

static void cr1(struct wg_cpu *c) { set_crf(c, 1, c->fpscr >> 28); }

static __attribute__((noinline)) void exact(struct wg_cpu *c, const struct wg_op *o, unsigned last) {
  wg_fpu_sync(c);
  enum wg_fp_op op = (enum wg_fp_op)(last & ~(unsigned)WG_FP_SINGLE);
  struct wg_fp_result r = wg_fp_compute(op, last & WG_FP_SINGLE, FA, FB, FC, c->fpscr);
  uint32_t fields = WG_FPSCR_FR | WG_FPSCR_FI;
  if (!r.keep && op < WG_FP_TO_INT32) fields |= WG_FPSCR_FPRF;
  c->fpscr &= ~fields;
  wg_fpu_raise(c, r.status);
  if (!r.keep) FD = r.bits;
  if (o->w & 1) cr1(c);
}

// The exact way, and the choice between the two. fp_mode is the only thing that the fast way asks of the FPSCR; the
// decoder sends what sets CR1 the exact way.
#define EXACTLY(name, last)                                                                                            \
  __attribute__((noinline)) HANDLER(name##_exact) {                                                                    \
    exact(c, o, last);                                                                                                 \
    NEXT;                                                                                                              \
  }
// `operands` says which are read, and kept for wg_fpu_sync: AB, AC, B or ABC; I is B of a conversion to an integer, and
// what was done before it is kept, too.
#define READ_AB double a = dbl(&FA), b = dbl(&FB)
#define READ_AC double a = dbl(&FA), f = dbl(&FC)
#define READ_B double b = dbl(&FB)
#define READ_I READ_B
#define READ_ABC double a = dbl(&FA), b = dbl(&FB), f = dbl(&FC)
#define KEEP_AB c->fp_a = bits(a), c->fp_b = bits(b)
#define KEEP_AC c->fp_a = bits(a), c->fp_c = bits(f)
#define KEEP_B c->fp_b = bits(b)
#define KEEP_I c->fp_integer = bits(b)
#define KEEP_ABC c->fp_a = bits(a), c->fp_b = bits(b), c->fp_c = bits(f)
#define HOSTED(target, name, slow, last, doubt, usable, operands, expr, convert)                                       \
  static __attribute__((noinline)) const struct wg_op *name##_out(WG_HOT_ARGS) {                                       \
    if (c->fp_mode != WG_FP_IDLE) BECOME(wg_op_##slow##_exact);                                                        \
    wg_fpu_begin(c);                                                                                                   \
    BECOME(wg_op_##name);                                                                                              \
  }                                                                                                                    \
  target HANDLER(name) {                                                                                               \
    if (unlikely(c->fp_mode)) BECOME(name##_out);                                                                      \
    READ_##operands;                                                                                                   \
    if (!(usable)) BECOME(wg_op_##slow##_exact);                                                                       \
    double r = (expr);                                                                                                 \
    if (unlikely(doubt(r))) BECOME(wg_op_##slow##_exact);                                                              \
    c->fp_last = (uint16_t)(last);                                                                                     \
    KEEP_##operands;                                                                                                   \
    FD = convert;                                                                                                      \
    NEXT;                                                                                                              \
  }
#define NO_TARGET
#define ARITHMETIC(name, last, doubt, usable, operands, expr, convert)                                                 \
  EXACTLY(name, last)                                                                                                  \
  HOSTED(NO_TARGET, name, name, last, doubt, usable, operands, expr, convert)
#define DOUBLE(name, op, operands, expr) ARITHMETIC(name, op, doubtful, true, operands, expr, bits(r))
#define SINGLE(name, op, operands, expr)                                                                               \
  ARITHMETIC(name, (op) | WG_FP_SINGLE, doubtful_single, NORMAL_##operands, operands, expr, bits((double)(float)r))
DOUBLE(faddx, WG_FP_ADD, AB, a + b)
SINGLE(faddsx, WG_FP_ADD, AB, a + b)
DOUBLE(fsubx, WG_FP_SUB, AB, a - b)
SINGLE(fsubsx, WG_FP_SUB, AB, a - b)
DOUBLE(fmulx, WG_FP_MUL, AC, a *f)
SINGLE(fmulsx, WG_FP_MUL, AC, a *f)
DOUBLE(fdivx, WG_FP_DIV, AB, a / b)
SINGLE(fdivsx, WG_FP_DIV, AB, a / b)

// Fused, with one rounding; by the host's own instruction where it has one (the _fma forms, which the decoder chooses).
#define FUSED(target, suffix)                                                                                          \
  FUSED_DOUBLE(target, fmaddx, suffix, WG_FP_MADD, fma(a, f, b))                                                       \
  FUSED_DOUBLE(target, fmsubx, suffix, WG_FP_MSUB, fma(a, f, -b))                                                      \
  FUSED_DOUBLE(target, fnmaddx, suffix, WG_FP_NMADD, negated(fma(a, f, b)))                                            \
  FUSED_DOUBLE(target, fnmsubx, suffix, WG_FP_NMSUB, negated(fma(a, f, -b)))                                           \
  FUSED_SINGLE(target, fmaddsx, suffix, WG_FP_MADD, fma(a, f, b))                                                      \
  FUSED_SINGLE(target, fmsubsx, suffix, WG_FP_MSUB, fma(a, f, -b))                                                     \
  FUSED_SINGLE(target, fnmaddsx, suffix, WG_FP_NMADD, negated(fma(a, f, b)))                                           \
  FUSED_SINGLE(target, fnmsubsx, suffix, WG_FP_NMSUB, negated(fma(a, f, -b)))
#define FUSED_DOUBLE(target, name, suffix, op, expr)                                                                   \
  HOSTED(target, name##suffix, name, op, doubtful, true, ABC, expr, bits(r))
#define FUSED_SINGLE(target, name, suffix, op, expr)                                                                   \
  HOSTED(target, name##suffix, name, (op) | WG_FP_SINGLE, doubtful_single, NORMAL_ABC, ABC, expr,                      \
         bits((double)(float)r))
EXACTLY(fmaddx, WG_FP_MADD)
EXACTLY(fmsubx, WG_FP_MSUB)
EXACTLY(fnmaddx, WG_FP_NMADD)
EXACTLY(fnmsubx, WG_FP_NMSUB)
EXACTLY(fmaddsx, WG_FP_MADD | WG_FP_SINGLE)
EXACTLY(fmsubsx, WG_FP_MSUB | WG_FP_SINGLE)
EXACTLY(fnmaddsx, WG_FP_NMADD | WG_FP_SINGLE)
EXACTLY(fnmsubsx, WG_FP_NMSUB | WG_FP_SINGLE)
FUSED(NO_TARGET, )
#if defined(__x86_64__)
#define FMA_TARGET __attribute__((target("fma")))
FUSED(FMA_TARGET, _fma)
#else
FUSED(NO_TARGET, _fma)
#endif

DOUBLE(fsqrtx, WG_FP_SQRT, B, sqrt(b))
SINGLE(fsqrtsx, WG_FP_SQRT, B, sqrt(b))
ARITHMETIC(frspx, WG_FP_ROUND | WG_FP_SINGLE, doubtful_single, true, B, b, bits((double)(float)r))
DOUBLE(fcfidx, WG_FP_FROM_INT64, B, (double)(int64_t)bits(b))
// The high word of fctiw is undefined; sign-extended as the reference and qemu leave it.
#define TO_INTEGER(name, op, then, usable, convert)                                                                    \
  EXACTLY(name, op)                                                                                                    \
  HOSTED(NO_TARGET, name, name, (c->fp_last & (WG_FP_FPCC | 0xFF)) | (then), doubtful, usable, I, b, convert)
TO_INTEGER(fctiwzx, WG_FP_TO_INT32_ZERO, WG_FP_THEN_INT32, b > -2147483648.0 && b < 2147483648.0, (uint64_t)(int32_t)r)
TO_INTEGER(fctidzx, WG_FP_TO_INT64_ZERO, WG_FP_THEN_INT64, b > -9223372036854775808.0 && b < 9223372036854775808.0,
           (uint64_t)(int64_t)r)

#define ALWAYS_EXACT(name, last)                                                                                       \
  OP(name) { exact(c, o, last); }
ALWAYS_EXACT(fctiwx, WG_FP_TO_INT32)
ALWAYS_EXACT(fctidx, WG_FP_TO_INT64)
ALWAYS_EXACT(fresx, WG_FP_RES | WG_FP_SINGLE)
ALWAYS_EXACT(frsqrtex, WG_FP_RSQRTE)

// Moves leave the FPSCR alone.
static __attribute__((noinline)) void record(struct wg_cpu *c) {
  wg_fpu_sync(c);
  cr1(c);
}
#define MOVE(name, expr)                                                                                               \
  OP(name) {                                                                                                           \
    uint64_t b = FB;                                                                                                   \
    FD = (expr);                                                                                                       \
    if (unlikely(RC)) record(c);                                                                                       \
  }
MOVE(fmrx, b)
MOVE(fnegx, b ^ SIGN)
MOVE(fabsx, b & ~SIGN)
MOVE(fnabsx, b | SIGN)
MOVE(fselx, !nan64(FA) && ((int64_t)FA >= 0 || FA == SIGN) ? FC : b)

static __attribute__((noinline)) void compare_nan(struct wg_cpu *c, const struct wg_op *o, bool ordered) {
  wg_fpu_sync(c);
  bool snan = false;
  for (int i = 0; i < 2; i++) {
    uint64_t v = i ? FB : FA;
    snan |= nan64(v) && !(v & 0x0008000000000000ull);
  }
  uint32_t status = snan ? WG_FPSCR_VXSNAN : 0;
  if (ordered && (!snan || !(c->fpscr & WG_FPSCR_VE))) status |= WG_FPSCR_VXVC;
  c->fpscr &= ~0xF000u;
  wg_fpu_raise(c, status | 0x1000);
  set_crf(c, o->d >> 2, 1);
}
static inline void compare(struct wg_cpu *c, const struct wg_op *o, bool ordered) {
  double a = dbl(&FA), b = dbl(&FB);
  if (unlikely(__builtin_isunordered(a, b))) {
    compare_nan(c, o, ordered);
    return;
  }
  unsigned f = a < b ? 8 : a > b ? 4 : 2;
  c->fp_last = (uint16_t)((c->fp_last & ~WG_FP_FPCC) | f << 8);
  set_crf(c, o->d >> 2, f);
}
OP(fcmpu) { compare(c, o, false); }
OP(fcmpo) { compare(c, o, true); }

OP(mffsx) {
  FD = wg_cpu_fpscr(c); // the high word is undefined; zero as the reference and qemu leave it
  if (RC) cr1(c);
}
OP(mtfsfx) {
  uint32_t mask = 0;
  for (unsigned i = 0; i < 8; i++)
    if (o->w >> (24 - i) & 1) mask |= 0xF0000000u >> (4 * i);
  wg_cpu_set_fpscr(c, (wg_cpu_fpscr(c) & ~mask) | ((uint32_t)FB & mask));
  if (RC) cr1(c);
}
OP(mtfsfix) {
  unsigned shift = 28u - 4u * (o->d >> 2);
  wg_cpu_set_fpscr(c, (wg_cpu_fpscr(c) & ~(0xFu << shift)) | (o->w >> 12 & 15) << shift);
  if (RC) cr1(c);
}
OP(mtfsb0x) {
  wg_cpu_set_fpscr(c, wg_cpu_fpscr(c) & ~(0x80000000u >> o->d));
  if (RC) cr1(c);
}
// Setting an exception bit sets FX as the exception itself would.
OP(mtfsb1x) {
  wg_fpu_sync(c);
  wg_fpu_raise(c, 0x80000000u >> o->d);
  if (RC) cr1(c);
}
// Exception bits that are copied out are cleared, FX among them.
OP(mcrfs) {
  unsigned shift = 28u - 4u * (o->a >> 2);
  uint32_t v = wg_cpu_fpscr(c);
  set_crf(c, o->d >> 2, v >> shift & 15);
  wg_cpu_set_fpscr(c, v & ~((0xFu << shift) & 0x9FF80700u));
}
