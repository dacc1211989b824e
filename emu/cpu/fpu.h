// The host's floating-point unit as the guest's.
//
// Scalar arithmetic runs on the host, whose sticky flags collect the guest's OX, UX, ZX and XX meanwhile; FR,
// FI and FPRF are computed when somebody looks, from the last operation's operands, kept for that. The host's
// flags are the guest's only while fp_mode says so: vector arithmetic does not touch the FPSCR.
#ifndef WG_EMU_FPU_H
#define WG_EMU_FPU_H

#include "emu/cpu/cpu.h"
#include "emu/cpu/softfp.h"

// wg_cpu.fp_mode; 0: scalar arithmetic may run on the host.
enum {
  WG_FP_CONTROL = 1, // FPSCR has a rounding mode, NI or an enable
  WG_FP_IDLE = 2,    // the host's flags are nobody's
};

// wg_cpu.fp_last: the operation in the low byte, or WG_FP_NOTHING; above it FPCC of a compare since, or 0, and a
// conversion to an integer since, which leaves FPRF as it is, or 0.
#define WG_FP_NOTHING 0x7F
#define WG_FP_SINGLE 0x80
#define WG_FP_FPCC 0x0F00u
#define WG_FP_THEN_INT32 0x1000 // toward zero, both
#define WG_FP_THEN_INT64 0x2000

// The whole FPSCR, and setting it (FEX and VX are recomputed).
uint32_t wg_cpu_fpscr(struct wg_cpu *c);
void wg_cpu_set_fpscr(struct wg_cpu *c, uint32_t v);
// The same for who only looks: neither the context nor the host's flags change.
uint32_t wg_fpu_peek(const struct wg_cpu *c);

// The host's flags become the guest's, and stop being that.
void wg_fpu_begin(struct wg_cpu *c);
void wg_fpu_end(struct wg_cpu *c);
// Makes c->fpscr complete.
void wg_fpu_sync(struct wg_cpu *c);
// Adds exceptions and results of one operation.
void wg_fpu_raise(struct wg_cpu *c, uint32_t status);

#endif
