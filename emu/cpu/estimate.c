#include "emu/cpu/estimate.h"

#include <stdbool.h>

#define SIGN 0x80000000u
#define INFINITE 0x7F800000u
#define NOT_A_NUMBER 0x7FC00000u
#define ONE 0x3F800000u

// A line over a piece of the significand's range: the value at its left end, and what each step to the right takes off.
struct line {
  uint32_t start, slope;
};

// 2/(1 + x) - 1 in units of 2^-23; 32 pieces of 512 steps.
static const struct line reciprocal_lines[32] = {
    {0x7FF800, 0x3E1}, {0x783800, 0x3A7}, {0x70EA00, 0x371}, {0x6A0800, 0x340}, {0x638800, 0x313}, {0x5D6200, 0x2EA},
    {0x579000, 0x2C4}, {0x520800, 0x2A0}, {0x4CC800, 0x27F}, {0x47CA00, 0x261}, {0x430800, 0x245}, {0x3E8000, 0x22A},
    {0x3A2C00, 0x212}, {0x360800, 0x1FB}, {0x321400, 0x1E5}, {0x2E4A00, 0x1D1}, {0x2AA800, 0x1BE}, {0x272C00, 0x1AC},
    {0x23D600, 0x19B}, {0x209E00, 0x18B}, {0x1D8800, 0x17C}, {0x1A9000, 0x16E}, {0x17AE00, 0x15B}, {0x14F800, 0x15B},
    {0x124400, 0x143}, {0x0FBE00, 0x143}, {0x0D3800, 0x12D}, {0x0ADE00, 0x12D}, {0x088400, 0x11A}, {0x065000, 0x11A},
    {0x041C00, 0x108}, {0x020C00, 0x106},
};
// 1/sqrt(x) over [1, 2), then 2/sqrt(x) over [2, 4): starts in units of 2^-15, slopes of 2^-25, 16 pieces of 1024
// steps.
static const struct line rsqrt_lines[32] = {
    {0x7FFA, 0x3D2}, {0x7C29, 0x380}, {0x78AA, 0x338}, {0x7572, 0x2F9}, {0x7279, 0x2C2}, {0x6FB7, 0x292},
    {0x6D26, 0x266}, {0x6AC0, 0x23F}, {0x6881, 0x21D}, {0x6665, 0x1FD}, {0x6468, 0x1E1}, {0x6287, 0x1C7},
    {0x60C1, 0x1AF}, {0x5F12, 0x199}, {0x5D79, 0x185}, {0x5BF4, 0x173}, {0xB4FD, 0x568}, {0xAF97, 0x4F3},
    {0xAAA5, 0x48D}, {0xA618, 0x435}, {0xA1E4, 0x3E7}, {0x9DFE, 0x3A2}, {0x9A5C, 0x365}, {0x96F8, 0x32E},
    {0x93CA, 0x2FC}, {0x90CE, 0x2D0}, {0x8DFE, 0x2A8}, {0x8B57, 0x283}, {0x88D4, 0x261}, {0x8673, 0x243},
    {0x8431, 0x226}, {0x820B, 0x20B},
};
// In units of 2^-12: nothing below is ever set.
static const uint16_t fres_fractions[128] = {
    0xFE0, 0xFA1, 0xF63, 0xF26, 0xEEA, 0xEAE, 0xE74, 0xE3C, 0xE00, 0xDC8, 0xD94, 0xD5C, 0xD28, 0xCF0, 0xCC0, 0xC8C,
    0xC58, 0xC28, 0xBF8, 0xBC8, 0xB98, 0xB68, 0xB38, 0xB08, 0xAE0, 0xAB0, 0xA80, 0xA58, 0xA30, 0xA00, 0x9D8, 0x9B0,
    0x980, 0x960, 0x930, 0x910, 0x8E8, 0x8C0, 0x898, 0x870, 0x850, 0x830, 0x800, 0x7E0, 0x7C0, 0x7A0, 0x778, 0x758,
    0x730, 0x710, 0x6F0, 0x6D0, 0x6B0, 0x690, 0x670, 0x650, 0x630, 0x610, 0x5F0, 0x5D8, 0x5C0, 0x5A0, 0x580, 0x560,
    0x540, 0x530, 0x510, 0x4F0, 0x4D8, 0x4C0, 0x4A0, 0x488, 0x470, 0x450, 0x440, 0x420, 0x400, 0x3F0, 0x3D0, 0x3C0,
    0x3A0, 0x390, 0x370, 0x360, 0x340, 0x330, 0x320, 0x300, 0x2F0, 0x2D0, 0x2C0, 0x2B0, 0x290, 0x280, 0x270, 0x250,
    0x240, 0x230, 0x210, 0x200, 0x1F0, 0x1E0, 0x1C0, 0x1B0, 0x1A0, 0x190, 0x170, 0x160, 0x150, 0x140, 0x130, 0x120,
    0x100, 0x0F0, 0x0E0, 0x0D0, 0x0C0, 0x0B0, 0x0A0, 0x090, 0x080, 0x070, 0x060, 0x050, 0x040, 0x030, 0x020, 0x000,
};
static const uint8_t frsqrte_fractions[16] = {
    0xF1, 0xD8, 0xC0, 0xA8, 0x98, 0x88, 0x80, 0x70, 0x60, 0x4C, 0x3C, 0x30, 0x20, 0x18, 0x10, 0x08,
};

struct parts {
  uint32_t sign, fraction; // 23 bits after the leading one
  int exponent;
};
static struct parts parts_of(uint32_t w) {
  struct parts p = {w & SIGN, w & 0x7FFFFF, (int)(w >> 23 & 255) - 127};
  if (p.exponent != -127) return p;
  int shift = __builtin_clz(p.fraction) - 8; // a denormal
  p.fraction = p.fraction << shift & 0x7FFFFF;
  p.exponent = -126 - shift;
  return p;
}
static bool is_zero(uint32_t w) { return w << 1 == 0; }
static bool is_infinite(uint32_t w) { return w << 1 == INFINITE << 1; }

// A result below the normal numbers is shifted and cut off; nothing recorded says how the console rounds one.
static uint32_t assemble(uint32_t sign, int exponent, uint32_t fraction) {
  if (exponent > 127) return sign | INFINITE;
  if (exponent >= -126) return sign | (uint32_t)(exponent + 127) << 23 | fraction;
  int shift = -126 - exponent;
  return sign | (shift > 24 ? 0 : (fraction | 0x800000) >> shift);
}

uint32_t wg_estimate_reciprocal(uint32_t w) {
  if (is_zero(w)) return w | INFINITE;
  if (is_infinite(w)) return w & SIGN;
  struct parts p = parts_of(w);
  const struct line *l = &reciprocal_lines[p.fraction >> 18];
  return assemble(p.sign, -1 - p.exponent, l->start - l->slope * (p.fraction >> 9 & 511));
}

// Rounded to the nearest at the end: the lines have three more bits than a single.
uint32_t wg_estimate_rsqrt(uint32_t w) {
  if (is_zero(w)) return w | INFINITE;
  if (w & SIGN) return NOT_A_NUMBER;
  if (is_infinite(w)) return 0;
  struct parts p = parts_of(w);
  const struct line *l = &rsqrt_lines[(p.fraction >> 19) + (p.exponent & 1 ? 16u : 0u)];
  uint32_t v = (l->start << 10) - l->slope * (p.fraction >> 9 & 1023); // in units of 2^-25
  int exponent = -(p.exponent + (p.exponent & 1)) / 2, shift = __builtin_clz(v) - 6;
  v <<= shift;
  if ((v & 5) != 0 && (v & 2) != 0) v += 4;
  return assemble(0, exponent - shift, v >> 2 & 0x7FFFFF);
}

// log2(1 + i/2048) in units of 2^-11: the lowest of six lines, whose slopes take a few additions. In eighths of a unit.
static uint32_t log2_of(uint32_t i) {
  static const struct line lines[6] = {{0, 12}, {256, 10}, {640, 9}, {1408, 8}, {2559, 7}, {4094, 6}};
  uint32_t least = UINT32_MAX;
  for (int n = 0; n < 6; n++) {
    uint32_t v = lines[n].start + lines[n].slope * i;
    if (v < least) least = v;
  }
  return least >> 3;
}

uint32_t wg_estimate_log2(uint32_t w) {
  if (is_zero(w)) return SIGN | INFINITE;
  if (w & SIGN) return NOT_A_NUMBER;
  if (is_infinite(w)) return w;
  struct parts p = parts_of(w);
  int v = p.exponent * 2048 + (int)log2_of(p.fraction >> 12);
  if (v == 0) return 0;
  uint32_t magnitude = (uint32_t)(v < 0 ? -v : v);
  int top = 31 - __builtin_clz(magnitude);
  return assemble(v < 0 ? SIGN : 0, top - 11, magnitude << (23 - top) & 0x7FFFFF);
}

// 2^x = 2^whole * (1 + e(part)), part in 2048ths, where e is log2_of seen from the other end: e(i) = ~l(~i).
uint32_t wg_estimate_exp2(uint32_t w) {
  if (is_infinite(w)) return w & SIGN ? 0 : INFINITE;
  if (is_zero(w)) return ONE;
  struct parts p = parts_of(w);
  if (p.exponent >= 8) return p.sign ? 0 : INFINITE;
  uint32_t significand = p.fraction | 0x800000; // 23 bits of x after the point remain
  int32_t x = (int32_t)(p.exponent >= 0    ? significand << p.exponent
                        : p.exponent > -24 ? significand >> -p.exponent
                                           : 0);
  if (p.sign) x = -x;
  int32_t steps = x >> 12; // rounds down
  uint32_t part = (uint32_t)steps & 2047;
  return assemble(0, steps >> 11, (2047 - log2_of(2047 - part)) << 12);
}

uint32_t wg_estimate_fres(unsigned i) { return (uint32_t)fres_fractions[i] << 11; }
uint32_t wg_estimate_frsqrte(unsigned i) { return frsqrte_fractions[i]; }
