// A bare processor with memory and no kernel: what cpu-test, exec and the tests of the CPU run on.
#ifndef WG_EMU_HARNESS_H
#define WG_EMU_HARNESS_H

#include "base/buf.h"
#include "emu/cpu/cpu.h"

#define WG_HARNESS_LR 0xBCBCBCBCu
#define WG_HARNESS_STACK 0x70100000u // top
#define WG_HARNESS_STACK_SIZE 0x10000u

struct wg_harness_range {
  uint32_t addr, size;
};

struct wg_harness {
  struct wg_mem *mem;
  struct wg_harness_range *ranges; // mapped since the last reset
  size_t nranges;
  struct wg_code *code;
  struct wg_cpu cpu;
};

// An error where the host has no room for the address space.
int wg_harness_create(struct wg_harness **out, struct wg_err *err);
void wg_harness_free(struct wg_harness *h);
// Registers zero, r1 at the stack, lr at the harness, memory unmapped but for the stack.
void wg_harness_reset(struct wg_harness *h);
// Makes [addr, addr + n) accessible and copies data there. False if it wraps the address space.
bool wg_harness_map(struct wg_harness *h, uint32_t addr, const void *data, uint32_t n);
// Runs from `pc` until the return to the harness; at most `limit` instructions. NULL, or what went wrong.
const char *wg_harness_run(struct wg_harness *h, uint32_t pc, uint64_t limit, struct wg_buf *detail);

#endif
