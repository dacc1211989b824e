// A context's registers by number and by name, for whoever shows them. Reading changes nothing.
//
// r0 to r31, pc, lr, ctr, cr, xer, msr, fpscr, f0 to f31 (raw bits), vscr, vrsave, v0 to v127, in this order; sp is r1.
#ifndef WG_EMU_REGS_H
#define WG_EMU_REGS_H

#include "emu/cpu/cpu.h"

#define WG_REG_PC 32u
#define WG_REG_F0 39u
#define WG_REG_VSCR 71u
#define WG_REG_V0 73u
#define WG_REGS 201u
#define WG_REG_NAMES "r0 to r31, sp, pc, lr, ctr, cr, xer, msr, fpscr, f0 to f31, vscr, vrsave, v0 to v127"

struct wg_reg {
  char name[8];
  unsigned bytes;   // 4, 8 or 16
  uint64_t value;   // of 4 or 8
  uint32_t word[4]; // of 16
};
// `number`: below WG_REGS, as gdb counts them.
void wg_cpu_reg(const struct wg_cpu *c, unsigned number, struct wg_reg *out);
bool wg_cpu_reg_number(const char *name, size_t n, unsigned *number); // false: there is none
// Every register, the reservation, and what the floating-point unit keeps of its last operation; not cycles.
bool wg_cpu_same(const struct wg_cpu *a, const struct wg_cpu *b);

#endif
