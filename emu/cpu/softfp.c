#include "emu/cpu/softfp.h"

#include "emu/cpu/estimate.h"

__extension__ typedef unsigned __int128 u128;

#define SIGN (1ull << 63)
#define INF 0x7FF0000000000000ull
#define QUIET 0x0008000000000000ull
#define DEFAULT_NAN 0x7FF8000000000000ull
#define TOP 126 // a finite number's leading bit; below it, exact bits and at the bottom a sticky one

enum kind { ZERO, FINITE, INFINITE };

struct num {
  enum kind kind;
  bool neg;
  int exp; // of the leading bit
  u128 m;
};

static bool is_nan(uint64_t b) { return (b & ~SIGN) > INF; }
static bool is_snan(uint64_t b) { return is_nan(b) && !(b & QUIET); }
static bool is_denormal(uint64_t b) { return (b & INF) == 0 && b << 1 != 0; }
// Outside of single's range: a denormal, or 2^128 and beyond.
static bool no_single_bits(uint64_t b) {
  return is_denormal(b) || ((b & INF) >= 0x47F0000000000000ull && (b & INF) != INF);
}

static int leading(u128 m) {
  uint64_t hi = (uint64_t)(m >> 64);
  return hi ? 127 - __builtin_clzll(hi) : 63 - __builtin_clzll((uint64_t)m);
}

static u128 shift_right_sticky(u128 m, int n) {
  if (n <= 0) return m;
  if (n > 127) return m != 0;
  return m >> n | ((m & (((u128)1 << n) - 1)) != 0);
}

static struct num normal(bool neg, int exp_of_top, u128 m) {
  if (m == 0) return (struct num){.kind = ZERO, .neg = neg};
  int n = leading(m);
  m = n > TOP ? shift_right_sticky(m, n - TOP) : m << (TOP - n);
  return (struct num){FINITE, neg, exp_of_top + n - TOP, m};
}

static struct num unpack(uint64_t b) {
  bool neg = b >> 63;
  int e = (int)(b >> 52 & 0x7FF);
  uint64_t frac = b & 0xFFFFFFFFFFFFFull;
  if (e == 0x7FF) return (struct num){.kind = INFINITE, .neg = neg};
  if (e) frac |= 1ull << 52;
  return normal(neg, (e ? e : 1) - 1023, (u128)frac << (TOP - 52));
}

static bool toward_zero_sum_is_negative(uint32_t rn) { return rn == 3; } // the sign of x - x

static struct num add(struct num a, struct num b, uint32_t rn) {
  if (a.kind == INFINITE) return a;
  if (b.kind == INFINITE) return b;
  if (a.kind == ZERO && b.kind == ZERO) {
    if (a.neg != b.neg) a.neg = toward_zero_sum_is_negative(rn);
    return a;
  }
  if (a.kind == ZERO) return b;
  if (b.kind == ZERO) return a;
  if (a.exp < b.exp || (a.exp == b.exp && a.m < b.m)) {
    struct num t = a;
    a = b;
    b = t;
  }
  u128 m = shift_right_sticky(b.m, a.exp - b.exp);
  if (a.neg == b.neg) return normal(a.neg, a.exp, a.m + m);
  if (a.m == m) return (struct num){.kind = ZERO, .neg = toward_zero_sum_is_negative(rn)};
  return normal(a.neg, a.exp, a.m - m);
}

static struct num mul(struct num a, struct num b) {
  bool neg = a.neg != b.neg;
  if (a.kind == INFINITE || b.kind == INFINITE) return (struct num){.kind = INFINITE, .neg = neg};
  if (a.kind == ZERO || b.kind == ZERO) return (struct num){.kind = ZERO, .neg = neg};
  // 53 significant bits each: the product is exact.
  u128 p = (u128)(uint64_t)(a.m >> (TOP - 52)) * (uint64_t)(b.m >> (TOP - 52));
  return normal(neg, a.exp + b.exp, p << (TOP - 104));
}

static struct num divide(struct num a, struct num b) {
  bool neg = a.neg != b.neg;
  if (a.kind == ZERO || b.kind == INFINITE) return (struct num){.kind = ZERO, .neg = neg};
  if (a.kind == INFINITE || b.kind == ZERO) return (struct num){.kind = INFINITE, .neg = neg};
  u128 x = a.m >> (TOP - 52) << 60, y = b.m >> (TOP - 52) | (u128)1 << 52; // the leading bit is there anyway
  u128 q = x / y;
  return normal(neg, a.exp - b.exp, (q << 1 | (x % y != 0)) << (TOP - 61));
}

static struct num square_root(struct num a) {
  if (a.kind != FINITE) return a;
  // m * 2^e with e even and m of 53 or 54 bits; 58 bits of root by digits.
  int e = a.exp - 52;
  u128 m = a.m >> (TOP - 52);
  if (e & 1) {
    m <<= 1;
    e--;
  }
  m <<= 62;
  e -= 62;
  u128 root = 0, rest = m;
  for (u128 bit = (u128)1 << 116; bit; bit >>= 2) {
    if (rest >= root + bit) {
      rest -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
  }
  return normal(false, e / 2 + 58, (root << 1 | (rest != 0)) << (TOP - 59));
}

// Rounds m at bit `drop`; says whether anything was lost and whether the magnitude grew.
static u128 round_at(u128 m, int drop, bool neg, uint32_t rn, bool *inexact, bool *up) {
  u128 unit = (u128)1 << drop, lost = m & (unit - 1), half = unit >> 1;
  m -= lost;
  *inexact = lost != 0;
  *up = lost && (rn == 0 ? lost > half || (lost == half && (m & unit)) : rn == 2 ? !neg : rn == 3 ? neg : false);
  return *up ? m + unit : m;
}

static uint64_t pack(bool neg, int exp, u128 m) { // m's leading bit is at TOP; denormals of double included
  uint64_t sign = neg ? SIGN : 0;
  if (exp > 1023) return sign | INF; // adjusted and still too large: undefined in the books
  if (exp < -1022) {
    int shift = -1022 - exp;
    return shift > 60 ? sign : sign | (uint64_t)(m >> (TOP - 52) >> shift);
  }
  return sign | (uint64_t)(exp + 1023) << 52 | ((uint64_t)(m >> (TOP - 52)) & 0xFFFFFFFFFFFFFull);
}

// FPRF of a value, in place.
static uint32_t fp_class(uint64_t b, bool single) {
  bool neg = b >> 63;
  uint64_t mag = b & ~SIGN;
  uint64_t least = single ? 0x3810000000000000ull : 0x0010000000000000ull;
  uint32_t f;
  if (mag > INF)
    f = 0x11;
  else if (mag == INF)
    f = neg ? 0x09 : 0x05;
  else if (mag == 0)
    f = neg ? 0x12 : 0x02;
  else if (mag < least)
    f = neg ? 0x18 : 0x14;
  else
    f = neg ? 0x08 : 0x04;
  return f << 12;
}

static struct wg_fp_result finish(struct num n, bool single, bool negate, uint32_t control) {
  struct wg_fp_result r = {0};
  uint32_t rn = control & 3;
  int emin = single ? -126 : -1022, emax = single ? 127 : 1023, bias = single ? 192 : 1536;
  int drop = single ? TOP - 23 : TOP - 52;
  if (n.kind != FINITE) {
    r.bits = (n.neg != negate ? SIGN : 0) | (n.kind == INFINITE ? INF : 0);
    r.status = fp_class(r.bits, single);
    return r;
  }
  bool tiny = n.exp < emin, inexact, up;
  if (tiny && (control & WG_FPSCR_UE)) {
    n.exp += bias;
    r.status |= WG_FPSCR_UX;
    tiny = false;
    emin -= 4096;
  }
  if (tiny && (control & WG_FPSCR_NI)) {
    r.bits = n.neg != negate ? SIGN : 0;
    r.status = WG_FPSCR_UX | WG_FPSCR_XX | WG_FPSCR_FI | fp_class(r.bits, single);
    return r;
  }
  if (tiny) { // denormal: fewer bits
    n.m = shift_right_sticky(n.m, emin - n.exp);
    n.exp = emin;
  }
  u128 m = round_at(n.m, drop, n.neg, rn, &inexact, &up);
  if (inexact) r.status |= WG_FPSCR_XX | WG_FPSCR_FI | (up ? WG_FPSCR_FR : 0);
  if (tiny && inexact) r.status |= WG_FPSCR_UX;
  if (m == 0) {
    r.bits = n.neg != negate ? SIGN : 0;
  } else {
    struct num v = normal(n.neg, n.exp, m);
    if (v.exp > emax) {
      r.status |= WG_FPSCR_OX;
      if (control & WG_FPSCR_OE) {
        v.exp -= bias;
      } else {
        bool to_inf = rn == 0 || (rn == 2 && !n.neg) || (rn == 3 && n.neg);
        r.status |= WG_FPSCR_XX | WG_FPSCR_FI;
        r.status = to_inf ? r.status | WG_FPSCR_FR : r.status & ~WG_FPSCR_FR;
        r.bits = to_inf ? INF : single ? 0x47EFFFFFE0000000ull : INF - 1;
        r.bits |= n.neg != negate ? SIGN : 0;
        r.status |= fp_class(r.bits, single);
        return r;
      }
    }
    r.bits = pack(n.neg != negate, v.exp, v.m);
  }
  r.status |= fp_class(r.bits, single);
  return r;
}

static struct wg_fp_result nan_result(uint64_t nan, uint32_t vx, bool single, uint32_t control) {
  struct wg_fp_result r = {.bits = nan | QUIET, .status = vx};
  if (single) r.bits &= ~0x1FFFFFFFull;
  if (vx && (control & WG_FPSCR_VE))
    r.keep = true;
  else
    r.status |= fp_class(r.bits, single);
  return r;
}

// FR and FI are undefined, and clear here; XX is not raised.
static struct wg_fp_result reciprocal_estimate(struct num n, uint32_t control) {
  if (n.exp >= 128) {
    uint64_t zero = n.neg ? SIGN : 0;
    return (struct wg_fp_result){.bits = zero, .status = WG_FPSCR_UX | fp_class(zero, true)};
  }
  uint32_t fraction = wg_estimate_fres((unsigned)(n.m >> (TOP - 7)) & 127);
  struct num e = {FINITE, n.neg, -1 - n.exp, (u128)(fraction | 0x800000) << (TOP - 23)};
  struct wg_fp_result r = finish(e, true, false, control);
  r.status &= ~(WG_FPSCR_FR | WG_FPSCR_FI | WG_FPSCR_XX);
  return r;
}
static struct wg_fp_result rsqrt_estimate(struct num n) {
  bool odd = n.exp & 1;
  unsigned i = ((unsigned)(n.m >> (TOP - 3)) & 7) | (odd ? 8 : 0);
  struct wg_fp_result r = {0};
  r.bits = (uint64_t)(1023 - (n.exp + odd) / 2 - !odd) << 52 | (uint64_t)wg_estimate_frsqrte(i) << 44;
  r.status = fp_class(r.bits, false);
  return r;
}

static struct wg_fp_result to_integer(uint64_t b, unsigned bits, uint32_t rn, uint32_t control) {
  struct wg_fp_result r = {0};
  uint64_t most = bits == 32 ? INT32_MAX : INT64_MAX, least = bits == 32 ? (uint64_t)INT32_MIN : (uint64_t)INT64_MIN;
  struct num n = unpack(b);
  bool inexact = false, up = false, bad = is_nan(b) || n.kind == INFINITE || (n.kind == FINITE && n.exp >= 64);
  u128 m = 0;
  if (!bad && n.kind == FINITE) {
    u128 v = n.exp >= 63 ? n.m << (n.exp - 63) : shift_right_sticky(n.m, 63 - n.exp); // the integer above bit 63
    m = round_at(v, 63, n.neg, rn, &inexact, &up) >> 63;
    bad = m > (u128)most + n.neg;
  }
  if (bad) {
    r.bits = !is_nan(b) && !n.neg ? most : least;
    r.status = WG_FPSCR_VXCVI | (is_snan(b) ? WG_FPSCR_VXSNAN : 0);
    r.keep = (control & WG_FPSCR_VE) != 0;
    return r;
  }
  r.bits = n.neg ? 0 - (uint64_t)m : (uint64_t)m;
  if (inexact) r.status = WG_FPSCR_XX | WG_FPSCR_FI | (up ? WG_FPSCR_FR : 0);
  return r;
}

static struct wg_fp_result zero_divide(bool neg, bool single, uint32_t control) {
  struct wg_fp_result r = {.bits = INF | (neg ? SIGN : 0), .status = WG_FPSCR_ZX};
  if (control & WG_FPSCR_ZE)
    r.keep = true;
  else
    r.status |= fp_class(r.bits, single);
  return r;
}

// One operand, FRB.
static struct wg_fp_result unary(enum wg_fp_op op, bool single, uint64_t b, uint32_t control) {
  switch (op) {
  case WG_FP_TO_INT32: return to_integer(b, 32, control & 3, control);
  case WG_FP_TO_INT32_ZERO: return to_integer(b, 32, 1, control);
  case WG_FP_TO_INT64: return to_integer(b, 64, control & 3, control);
  case WG_FP_TO_INT64_ZERO: return to_integer(b, 64, 1, control);
  case WG_FP_FROM_INT64: {
    bool neg = b >> 63;
    return finish(normal(neg, TOP, neg ? 0 - b : b), false, false, control);
  }
  default: break;
  }
  if (is_nan(b)) return nan_result(b, is_snan(b) ? WG_FPSCR_VXSNAN : 0, single, control);
  struct num n = unpack(b);
  bool root = op == WG_FP_SQRT || op == WG_FP_RSQRTE;
  if (root && n.neg && n.kind != ZERO) return nan_result(DEFAULT_NAN, WG_FPSCR_VXSQRT, single, control);
  if (op == WG_FP_SQRT) return finish(square_root(n), single && !no_single_bits(b), false, control);
  if (op == WG_FP_ROUND) return finish(n, true, false, control);
  if (n.kind == ZERO) return zero_divide(n.neg, single, control);
  if (n.kind == INFINITE) return finish((struct num){.kind = ZERO, .neg = n.neg}, single, false, control);
  return op == WG_FP_RES ? reciprocal_estimate(n, control) : rsqrt_estimate(n);
}

// With NI denormal operands are zeros.
static uint64_t operand(uint64_t b, uint32_t control) {
  return (control & WG_FPSCR_NI) && is_denormal(b) ? b & SIGN : b;
}

struct wg_fp_result wg_fp_compute(enum wg_fp_op op, bool single, uint64_t a, uint64_t b, uint64_t c, uint32_t control) {
  b = op == WG_FP_FROM_INT64 ? b : operand(b, control);
  if (op >= WG_FP_SQRT) return unary(op, single, b, control);
  a = operand(a, control);
  c = operand(c, control);
  bool has_b = op != WG_FP_MUL, has_c = op == WG_FP_MUL || (op >= WG_FP_MADD && op <= WG_FP_NMSUB);
  bool negate = op == WG_FP_NMADD || op == WG_FP_NMSUB,
       minus = op == WG_FP_SUB || op == WG_FP_MSUB || op == WG_FP_NMSUB;
  uint32_t rn = control & 3, vx = 0;
  uint64_t nan = is_nan(a) ? a : has_b && is_nan(b) ? b : has_c && is_nan(c) ? c : 0;
  if (is_snan(a) || (has_b && is_snan(b)) || (has_c && is_snan(c))) vx |= WG_FPSCR_VXSNAN;
  struct num x = unpack(a), y = unpack(b), z = unpack(c);
  if (has_c && !is_nan(a) && !is_nan(c) &&
      ((x.kind == INFINITE && z.kind == ZERO) || (x.kind == ZERO && z.kind == INFINITE)))
    vx |= WG_FPSCR_VXIMZ;
  if (nan) return nan_result(nan, vx, single, control);
  if (vx) return nan_result(DEFAULT_NAN, vx, single, control);
  if (single && (no_single_bits(a) || (has_b && no_single_bits(b)) || (has_c && no_single_bits(c)))) {
    if (op == WG_FP_DIV)
      single = false;
    else if (x.kind != INFINITE && !(has_b && y.kind == INFINITE) && !(has_c && z.kind == INFINITE))
      return nan_result(DEFAULT_NAN, 0, true, control);
  }
  y.neg ^= minus;
  if (has_c) x = mul(x, z);
  if (op == WG_FP_MUL) return finish(x, single, false, control);
  if (op == WG_FP_DIV) {
    if (x.kind == INFINITE && y.kind == INFINITE) return nan_result(DEFAULT_NAN, WG_FPSCR_VXIDI, single, control);
    if (x.kind == ZERO && y.kind == ZERO) return nan_result(DEFAULT_NAN, WG_FPSCR_VXZDZ, single, control);
    if (y.kind == ZERO && x.kind == FINITE) return zero_divide(x.neg != y.neg, single, control);
    return finish(divide(x, y), single, false, control);
  }
  if (x.kind == INFINITE && y.kind == INFINITE && x.neg != y.neg)
    return nan_result(DEFAULT_NAN, WG_FPSCR_VXISI, single, control);
  return finish(add(x, y, rn), single, negate, control);
}
