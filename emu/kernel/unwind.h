// Walking a thread's stack by its modules' function tables. Private to emu/kernel.
//
// A .pdata entry is {address, info}: prologue length in instructions (bits 0-7), function length (8-29), 32-bit code
// (30), has a handler (31); the handler's address and its data are the two words in front of the function.
#ifndef WG_EMU_UNWIND_H
#define WG_EMU_UNWIND_H

#include "emu/kernel/kernel.h"

struct wg_function {
  uint32_t begin, end, prologue_end;
  uint32_t handler, data; // 0: none
};

struct wg_unwind {
  struct wg_cpu *cpu;     // the registers as they were in the frame; pc is where it goes on
  bool called;            // pc follows a call: the instruction in question is the one before
  struct wg_frame *frame; // kernel calls below
  unsigned steps;         // a stack that leads back into itself ends some time
};

// How a step ended: at the caller's registers, or why not.
enum wg_step {
  WG_STEP_CALLER,
  WG_STEP_FIRST,   // pc is what a thread's or an APC's first frame returns to
  WG_STEP_UNKNOWN, // no table has the function, and it is not the innermost one
  WG_STEP_BROKEN,  // the function has called but kept no return address, or its frame cannot be read
  WG_STEP_TOO_DEEP,
};

// The function that holds an address; false if no module's table has it.
bool wg_function_at(const struct wg_machine *m, uint32_t pc, struct wg_function *f);
// A step that changes nothing but *u: for who looks at a machine from outside. *work: what it took the host.
enum wg_step wg_unwind_look(const struct wg_machine *m, struct wg_unwind *u, uint32_t *entry_sp, uint64_t *work);
// From the registers in a frame to those in its caller. *entry_sp is the stack pointer that the function was entered
// with, by which handlers know the frame. Goes through kernel calls that run guest code. False: the stack ends here.
bool wg_unwind_step(struct wg_machine *m, struct wg_unwind *u, uint32_t *entry_sp);
// A kernel call or fault that runs guest code: its caller's registers, or those at the fault, and the frame below.
const struct wg_cpu *wg_frame_saved(const struct wg_frame *f, struct wg_frame **below, bool *fault);
// Forgets the kernel calls above `until`.
void wg_guest_drop(struct wg_machine *m, struct wg_ctx *ctx, const struct wg_frame *until);

#endif
