#include "emu/cpu/fpu.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
enum { HOST_ZE = 4, HOST_OE = 8, HOST_UE = 16, HOST_PE = 32, HOST_ALL = 63 };
static unsigned host_flags(void) { return _mm_getcsr() & HOST_ALL; }
static void clear_host_flags(void) {
  unsigned csr = _mm_getcsr();
  if (csr & HOST_ALL) _mm_setcsr(csr & ~(unsigned)HOST_ALL);
}
#else
#include <fenv.h>
enum { HOST_ZE = FE_DIVBYZERO, HOST_OE = FE_OVERFLOW, HOST_UE = FE_UNDERFLOW, HOST_PE = FE_INEXACT };
static unsigned host_flags(void) { return (unsigned)fetestexcept(FE_ALL_EXCEPT); }
static void clear_host_flags(void) { feclearexcept(FE_ALL_EXCEPT); }
#endif

static void set(struct wg_cpu *c, uint32_t v) {
  v &= ~(WG_FPSCR_VX | WG_FPSCR_FEX | 0x800u); // bit 20 is reserved
  if (v & WG_FPSCR_VX_ALL) v |= WG_FPSCR_VX;
  if ((v >> 22 & 0xF8) & v) v |= WG_FPSCR_FEX;
  c->fpscr = v;
  c->fp_mode = (uint8_t)((c->fp_mode & ~WG_FP_CONTROL) | (v & 0xFF ? WG_FP_CONTROL : 0));
}

void wg_fpu_raise(struct wg_cpu *c, uint32_t status) {
  uint32_t exceptions = status & (WG_FPSCR_OX | WG_FPSCR_UX | WG_FPSCR_ZX | WG_FPSCR_XX | WG_FPSCR_VX_ALL);
  uint32_t v = c->fpscr | status;
  if (exceptions & ~c->fpscr) v |= WG_FPSCR_FX;
  set(c, v);
}

static void collect(struct wg_cpu *c) {
  unsigned f = host_flags();
  uint32_t status = (f & HOST_OE ? WG_FPSCR_OX : 0u) | (f & HOST_UE ? WG_FPSCR_UX : 0u) |
                    (f & HOST_ZE ? WG_FPSCR_ZX : 0u) | (f & HOST_PE ? WG_FPSCR_XX : 0u);
  if (status & ~c->fpscr) wg_fpu_raise(c, status);
}

void wg_fpu_begin(struct wg_cpu *c) {
  clear_host_flags();
  c->fp_mode &= (uint8_t)~WG_FP_IDLE;
}

void wg_fpu_end(struct wg_cpu *c) {
  if (c->fp_mode & WG_FP_IDLE) return;
  collect(c);
  c->fp_mode |= WG_FP_IDLE;
}

// FR, FI and FPRF of an operation, but for the last where it leaves that as it is.
static void result_of(struct wg_cpu *c, enum wg_fp_op op, bool single, uint64_t a, uint64_t b, uint64_t f) {
  struct wg_fp_result r = wg_fp_compute(op, single, a, b, f, 0);
  uint32_t fields = WG_FPSCR_FR | WG_FPSCR_FI | (op < WG_FP_TO_INT32 ? WG_FPSCR_FPRF : 0);
  c->fpscr = (c->fpscr & ~fields) | (r.status & fields);
}

void wg_fpu_sync(struct wg_cpu *c) {
  if (!(c->fp_mode & WG_FP_IDLE)) {
    collect(c);
    clear_host_flags();
  }
  unsigned last = c->fp_last & 0xFF, fpcc = (c->fp_last & WG_FP_FPCC) >> 8;
  unsigned then = c->fp_last & (WG_FP_THEN_INT32 | WG_FP_THEN_INT64);
  c->fp_last = WG_FP_NOTHING;
  if (last != WG_FP_NOTHING)
    result_of(c, (enum wg_fp_op)(last & ~(unsigned)WG_FP_SINGLE), last & WG_FP_SINGLE, c->fp_a, c->fp_b, c->fp_c);
  if (fpcc) c->fpscr = (c->fpscr & ~0xF000u) | fpcc << 12;
  if (then)
    result_of(c, then == WG_FP_THEN_INT32 ? WG_FP_TO_INT32_ZERO : WG_FP_TO_INT64_ZERO, false, 0, c->fp_integer, 0);
}

uint32_t wg_cpu_fpscr(struct wg_cpu *c) {
  wg_fpu_sync(c);
  return c->fpscr;
}

void wg_cpu_set_fpscr(struct wg_cpu *c, uint32_t v) {
  wg_fpu_sync(c);
  set(c, v);
}

uint32_t wg_fpu_peek(const struct wg_cpu *c) {
  struct wg_cpu copy = *c;
  if (!(copy.fp_mode & WG_FP_IDLE)) collect(&copy);
  copy.fp_mode |= WG_FP_IDLE; // the host's flags stay for whoever collects them
  return wg_cpu_fpscr(&copy);
}
