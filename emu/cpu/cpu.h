// The Xenon core's user-visible state and its interpreter.
//
// 64-bit registers, 32-bit computation mode (MSR[SF]=0): effective addresses, the CR0 of record forms,
// CA and OV come from the low 32 bits (PowerPC Operating Environment Architecture 2.02, 1.4 and Book I).
// Knows memory and nothing else: a system call or a fault stops wg_cpu_run and its caller decides.
#ifndef WG_EMU_CPU_H
#define WG_EMU_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/mem/mem.h"

// Elements are numbered from the left, as the architecture does; words are in host order.
union wg_vec {
  uint32_t w[4];
  int32_t sw[4];
  float f[4];
  uint16_t h_[8];
  uint8_t b_[16];
  uint64_t d_[2];
};
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define WG_VB(v, i) ((v).b_[(i) ^ 3])
#define WG_VH(v, i) ((v).h_[(i) ^ 1])
#else
#define WG_VB(v, i) ((v).b_[i])
#define WG_VH(v, i) ((v).h_[i])
#endif

// Where nothing is executed, whatever memory there is: what the kernel calls returns to addresses of this page.
#define WG_RETURNS_PAGE 0xBCBCBu

enum wg_stop {
  WG_STOP_NONE, // the budget is used up
  WG_STOP_SYSCALL,
  WG_STOP_LOAD,  // fault_addr: a load that no page allows
  WG_STOP_STORE, // fault_addr: a store that no page allows
  WG_STOP_FETCH, // pc is not readable, or in WG_RETURNS_PAGE
  WG_STOP_ILLEGAL,
  WG_STOP_UNIMPLEMENTED,
  WG_STOP_TRAP,
  WG_STOP_ALIGNMENT, // fault_addr: where memory must be accessed aligned
  WG_STOP_REQUESTED, // wg_cpu.stop was set from outside, e.g. by a device write
  WG_STOP_WATCHED,   // set from outside within an instruction, which is done: the turn is not over
  WG_STOP_BREAK,     // at an instruction of wg_code_breaks, which is not done: the turn is not over
};

struct wg_code;     // decoded instructions, shared by every context of one machine
struct wg_branches; // the recorder of a context's branches (emu/cpu/branch.h)
struct wg_op;

// Windows of the interleaving (emu/sched/clock.h) behind the one that a turn was given: it goes on into them at its
// limit, as if it had ended there and begun again, as long as nothing was done that another part of the machine could
// see: no device was accessed and no page of code decoded. It is for the machine to know that nobody else would run.
struct wg_further {
  uint32_t windows, length;                  // how many at most, of so many cycles each
  uint64_t devices;                          // wg_mem's count of accesses to them, as the turn began
  void (*pass)(void *ctx, uint32_t windows); // so many have begun
  void *ctx;
};

#define WG_GPR_ZERO 32 // gpr[32] is always 0: what RA=0 means where the books say (RA|0)

struct wg_cpu {
  uint64_t gpr[33];
  uint64_t lr, ctr;
  uint8_t cr[32];     // CR, a byte for each bit, 0 or 1: LT, GT, EQ and SO of field 0, then of field 1
  uint8_t so, ov, ca; // XER
  uint8_t xer_count;
  uint32_t pc;
  struct wg_op **pages; // wg_code's
  struct wg_branches *branches;
  const void *const *calls; // what compiled code calls (compiled.h)
  uint64_t limit, limit_e;  // in cycles, and as ops.h counts
  bool running;             // within wg_cpu_run or
  bool steps;               // wg_cpu_run_in_steps
  uint32_t fpscr;           // complete only after wg_fpu_sync (fpu.h)
  uint8_t fp_mode;
  uint16_t fp_last;
  uint64_t fp_a, fp_b, fp_c; // operands of fp_last
  uint32_t vscr, vrsave;
  enum wg_stop stop;
  uint64_t fpr[32]; // raw bits
  _Alignas(16) union wg_vec vr[128];
  uint64_t msr;
  uint32_t fault_addr;
  bool reserved;         // a reservation is held; lost whenever the context is switched out
  uint32_t reserve_addr; // of the granule of 128 bytes
  uint64_t cycle;        // retired instructions; current outside wg_cpu_run and in devices and the time base
  uint64_t k;            // see ops.h; used where handlers do not tail-call
  uint64_t trail_before; // while compiled code runs: decisions before those of its trail, below a marker bit; else 1
  struct wg_mem *mem;
  struct wg_code *code;
  uint64_t (*timebase)(void *ctx, uint64_t cycle);
  void *tb_ctx;
  uint64_t fp_integer;       // operand of the conversion that fp_last has
  struct wg_further further; // of the run that wg_cpu_run is asked for next: whoever asks says it each time
};

struct wg_insn_info {
  const char *name;
  uint32_t mask, value;
  uint8_t form;
};

// Of the code in that memory, which is borrowed: what is decoded is kept until it is written to.
struct wg_code *wg_code_create(struct wg_mem *mem);
void wg_code_free(struct wg_code *code);
// From now on loops that wait (emu/cpu/idle.h) are executed to the last instruction, which changes nothing but the time
// that it takes the host.
void wg_code_every_instruction(struct wg_code *code);
uint64_t wg_code_skipped(const struct wg_code *code); // instructions of such loops that were not executed, so far
// Between runs: pages decoded since it was last called; forgets all of them when there are too many.
uint32_t wg_code_trim(struct wg_code *code);
bool wg_code_is_fresh(const struct wg_code *code); // there are such pages

// Runs until a stop, or until `limit` cycles are reached: then it ends at the first taken branch or page end
// from there on, a point that the guest's code alone decides (at most a page of straight code later).
// pc is then the next instruction, or the one that stopped.
enum wg_stop wg_cpu_run(struct wg_cpu *c, uint64_t limit);
// Within a run: so many of the windows that it may go on into have begun.
void wg_go_further(struct wg_cpu *c, uint32_t windows);

// The same, an instruction at a time: what happens, and where it ends, is the same to the bit. `before` is asked before
// each instruction, with the registers, pc and cycle as it finds them; it may look and change nothing. False leaves
// there, which is not as the turn would have ended. `within`: goes on with a turn that wg_cpu_run left by a stop that
// did not end it.
struct wg_cpu_steps {
  bool (*before)(void *ctx, const struct wg_cpu *c);
  void *ctx;
  bool within;
};
enum wg_stop wg_cpu_run_in_steps(struct wg_cpu *c, uint64_t limit, const struct wg_cpu_steps *steps);

// From now on wg_cpu_run asks `fn` before the instruction at each of these addresses (and at no other): true stops
// there with WG_STOP_BREAK. `pcs` is borrowed, in ascending order.
struct wg_code_breaks {
  const uint32_t *pcs;
  size_t n;
  bool (*fn)(void *ctx, const struct wg_cpu *c);
  void *ctx;
};
void wg_code_breaks(struct wg_code *code, const struct wg_code_breaks *b);

// The table row of an instruction word, or NULL if it is undefined.
const struct wg_insn_info *wg_insn_find(uint32_t word);
const struct wg_insn_info *wg_insn_table(size_t *n);
// Disassembles for messages: Capstone's text, or ours for VMX128.
void wg_disasm(uint32_t word, uint32_t pc, char *out, size_t cap);

// A context with its registers zero. wg_cpu_release frees what it owns.
void wg_cpu_init(struct wg_cpu *c, struct wg_mem *mem, struct wg_code *code);
void wg_cpu_release(struct wg_cpu *c);

struct wg_archive;
void wg_cpu_state(struct wg_archive *a, struct wg_cpu *c);      // the registers, between runs (emu/cpu/state.c)
void wg_code_state(struct wg_archive *a, struct wg_code *code); // which pages are decoded

// CR and XER as mfcr and mfxer give them: a context keeps them in parts.
uint32_t wg_cpu_cr(const struct wg_cpu *c);
void wg_cpu_set_cr(struct wg_cpu *c, uint32_t v);
uint32_t wg_cpu_xer(const struct wg_cpu *c);
void wg_cpu_set_xer(struct wg_cpu *c, uint32_t v);

#endif
