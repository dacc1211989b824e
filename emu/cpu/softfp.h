// Scalar floating-point arithmetic on integers: the exact result, rounded once, with every status bit.
//
// What the interpreter falls back on where the host's arithmetic does not say enough (NaNs, other rounding
// modes, enabled exceptions, FPSCR[FR FI FPRF]), and what its fast path is tested against.
// Sources: PowerPC UISA 2.02 Book I, 4.3 to 4.6.
#ifndef WG_EMU_SOFTFP_H
#define WG_EMU_SOFTFP_H

#include <stdbool.h>
#include <stdint.h>

// FPSCR
#define WG_FPSCR_FX 0x80000000u
#define WG_FPSCR_FEX (1u << 30)
#define WG_FPSCR_VX (1u << 29)
#define WG_FPSCR_OX (1u << 28)
#define WG_FPSCR_UX (1u << 27)
#define WG_FPSCR_ZX (1u << 26)
#define WG_FPSCR_XX (1u << 25)
#define WG_FPSCR_VXSNAN (1u << 24)
#define WG_FPSCR_VXISI (1u << 23)
#define WG_FPSCR_VXIDI (1u << 22)
#define WG_FPSCR_VXZDZ (1u << 21)
#define WG_FPSCR_VXIMZ (1u << 20)
#define WG_FPSCR_VXVC (1u << 19)
#define WG_FPSCR_FR (1u << 18)
#define WG_FPSCR_FI (1u << 17)
#define WG_FPSCR_FPRF 0x0001F000u
#define WG_FPSCR_VXSOFT (1u << 10)
#define WG_FPSCR_VXSQRT (1u << 9)
#define WG_FPSCR_VXCVI (1u << 8)
#define WG_FPSCR_VE (1u << 7)
#define WG_FPSCR_OE (1u << 6)
#define WG_FPSCR_UE (1u << 5)
#define WG_FPSCR_ZE (1u << 4)
#define WG_FPSCR_XE (1u << 3)
#define WG_FPSCR_NI (1u << 2)
#define WG_FPSCR_VX_ALL 0x01F80700u

enum wg_fp_op {
  WG_FP_ADD,   // a + b
  WG_FP_SUB,   // a - b
  WG_FP_MUL,   // a * c
  WG_FP_DIV,   // a / b
  WG_FP_MADD,  // a * c + b
  WG_FP_MSUB,  // a * c - b
  WG_FP_NMADD, // -(a * c + b)
  WG_FP_NMSUB, // -(a * c - b)
  WG_FP_SQRT,  // of b, like all that follow
  WG_FP_RES,   // 1 / b
  WG_FP_RSQRTE,
  WG_FP_ROUND, // to single
  WG_FP_FROM_INT64,
  WG_FP_TO_INT32,
  WG_FP_TO_INT32_ZERO, // toward zero whatever RN says
  WG_FP_TO_INT64,
  WG_FP_TO_INT64_ZERO,
};

struct wg_fp_result {
  uint64_t bits;
  uint32_t status; // FPSCR bits to set: exceptions, FR, FI, FPRF
  bool keep;       // an enabled exception: the target and FPRF stay as they are
};

// Operands and result are double-format bits; `control` is an FPSCR, whose enables, RN and NI matter.
//
// Single-precision arithmetic on a double that lies outside of single's range, which no load of a single and no
// single-precision result leaves in a register: the adder and the multiplier give a NaN without an exception unless a
// NaN or an infinity decides the result; the divider and the root give the double-precision result. Denormals are
// recorded on the console (xenia's branch gen_tests), sums, products and quotients of 2^128 and beyond on a sister core
// (tests/foreign/cell.py); the root of such is taken to be as a denormal's. Other doubles that no single can hold are
// used in full and rounded once.
struct wg_fp_result wg_fp_compute(enum wg_fp_op op, bool single, uint64_t a, uint64_t b, uint64_t c, uint32_t control);

#endif
