// What the registers and the command processor share. Private to emu/gpu.
#ifndef WG_EMU_GPU_PARTS_H
#define WG_EMU_GPU_PARTS_H

#include "base/endian.h"
#include "emu/gpu/gpu.h"

#define WG_GPU_REGS 0x6000u
#define WG_GPU_DEPTH 8         // of indirect buffers in each other
#define WG_GPU_EVENT_WORDS 200 // what an event that a packet makes costs the command processor

// Register numbers (docs/console.md#clocks, #gpu).
enum {
  REG_SCRATCH_UMSK = 0x01DC,
  REG_SCRATCH_ADDR = 0x01DD,
  REG_CP_RB_WPTR = 0x01C5,
  REG_SCRATCH_0 = 0x0578,
  REG_PROG_COUNTER = 0x044B,
  REG_WRITEBACK_BASE = 0x0A04,
  REG_WRITEBACK_SIZE = 0x0A05,
  REG_COHER_STATUS = 0x0A31,
  REG_RB_EDRAM_TIMING = 0x0F00,
  REG_RB_BC_CONTROL = 0x0F01,
  REG_V_COUNTER = 0x194C,
  REG_VBLANK_STATUS = 0x1951,
  REG_VIEWPORT_SIZE = 0x1961,
  REG_VGT_EVENT = 0x21F9,
  REG_ZPD_ADDR = 0x2325,
};

// A command buffer being executed: the ring, or an indirect one.
struct wg_gpu_stream {
  uint32_t phys, dwords, pos;
};

struct wg_gpu {
  struct wg_bus bus;
  uint32_t regs[WG_GPU_REGS];
  uint8_t seen[WG_GPU_REGS]; // bit 0 read, bit 1 written: the first use of each is an event
  uint32_t callback, user;
  uint32_t ring, ring_dwords, rptr, writeback;
  struct wg_gpu_stream stack[WG_GPU_DEPTH];
  int depth; // indirect buffers in progress
  uint64_t bin_mask, bin_select;
  uint32_t counter;              // vertical blanks + swaps, as the reference's progress counter
  uint64_t packets[4], ops[128]; // executed, by type, and of type 3 by operation
  uint64_t frames;               // that the title has asked to be shown
  uint64_t vblanks, flipped;     // vertical blanks so far; that of the last flip
  bool vblank_on;
  int64_t budget; // words that it may still take
  uint64_t then;  // when that was reckoned
  bool busy;      // it could go on if it had more
};

static inline void wg_gpu_put(const struct wg_gpu *g, uint32_t phys, uint32_t v) {
  wg_store_be32(wg_mem_phys_write(g->bus.mem, phys & ~3u, 4), v);
}
static inline uint32_t wg_gpu_get(const struct wg_gpu *g, uint32_t phys) {
  return wg_load_be32(wg_mem_phys_ptr(g->bus.mem, phys & ~3u));
}
void wg_gpu_set_reg(struct wg_gpu *g, uint32_t reg, uint32_t v); // with what writing it does; no register: nothing
// Tells it, and has the title's handler called, if there is one; of a packet or (source 0) the vertical blank.
void wg_gpu_interrupt(struct wg_gpu *g, uint32_t source, unsigned cpu);

#endif
