// Registers of a processor by name: r0 to r31 (sp is r1), pc, lr, ctr, cr, xer, f0 to f31 (raw bits), v0 to v127.
#ifndef WG_PROBE_REGS_H
#define WG_PROBE_REGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/cpu/cpu.h"

#define WG_PROBE_REGS 197u
#define WG_PROBE_REG_NAMES "r0 to r31, sp, pc, lr, ctr, cr, xer, f0 to f31, v0 to v127"

// The number of a register; false if there is none of that name.
bool wg_probe_reg(const char *name, size_t n, unsigned *number);
void wg_probe_reg_name(unsigned number, char out[8]);
// Its value, of 16 bytes for a vector (v[0] the left half), else of v[0] alone; returns the bytes: 8 or 16.
unsigned wg_probe_reg_value(const struct wg_cpu *c, unsigned number, uint64_t v[2]);

#endif
