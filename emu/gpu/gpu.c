#include "emu/gpu/parts.h"

#include <stdlib.h>
#include <string.h>

#include "emu/sched/runq.h"
#include "emu/state/archive.h"

#define MMIO_BASE 0x7FC80000u
#define LINES 750u // of a frame of 1280x720
#define VISIBLE_LINES 720u

// Where the beam is: the vertical blank's interrupt comes when it leaves the last visible line.
static uint32_t scan_line(const struct wg_gpu *g) {
  uint64_t since = wg_clock_now(g->bus.clock) % WG_VBLANK_NS;
  return (VISIBLE_LINES + (uint32_t)(since * LINES / WG_VBLANK_NS)) % LINES;
}
// The vertical blank's handler asks whether it was called for one.
static bool in_vblank_interrupt(const struct wg_gpu *g) { return g->bus.in_interrupt(g->bus.ctx, g->callback, 0); }

static uint32_t mmio_read(void *ctx, uint32_t addr, unsigned size) {
  struct wg_gpu *g = ctx;
  uint32_t reg = (addr - MMIO_BASE) / 4, v = 0;
  if (reg >= WG_GPU_REGS) return 0;
  switch (reg) {
  case REG_RB_EDRAM_TIMING: v = 0x08100748; break;
  case REG_RB_BC_CONTROL: v = 0x0000200E; break;
  case REG_V_COUNTER: v = scan_line(g); break;
  case REG_VBLANK_STATUS: v = in_vblank_interrupt(g) || scan_line(g) >= VISIBLE_LINES; break;
  case REG_VIEWPORT_SIZE: v = 0x050002D0; break;
  default: v = g->regs[reg];
  }
  if (!(g->seen[reg] & 1)) {
    g->seen[reg] |= 1;
    wg_bus_mmio(&g->bus, "read", addr, v);
  }
  return size == 4 ? v : size == 2 ? v >> (addr & 2 ? 0 : 16) & 0xFFFF : v >> (24 - 8 * (addr & 3)) & 0xFF;
}

void wg_gpu_set_reg(struct wg_gpu *g, uint32_t reg, uint32_t v) {
  if (reg >= WG_GPU_REGS) return;
  if (reg == REG_COHER_STATUS) v |= 0x80000000u;
  g->regs[reg] = v;
  if (reg >= REG_SCRATCH_0 && reg < REG_SCRATCH_0 + 8 && (g->regs[REG_SCRATCH_UMSK] >> (reg - REG_SCRATCH_0) & 1))
    wg_gpu_put(g, g->regs[REG_SCRATCH_ADDR] + 4 * (reg - REG_SCRATCH_0), v);
}

static void mmio_write(void *ctx, uint32_t addr, unsigned size, uint32_t value) {
  struct wg_gpu *g = ctx;
  uint32_t reg = (addr - MMIO_BASE) / 4;
  if (reg >= WG_GPU_REGS || size != 4) return;
  if (!(g->seen[reg] & 2)) {
    g->seen[reg] |= 2;
    wg_bus_mmio(&g->bus, "write", addr, value);
  }
  wg_gpu_set_reg(g, reg, value);
}

void wg_gpu_interrupt(struct wg_gpu *g, uint32_t source, unsigned cpu) {
  if (g->callback == 0) return;
  g->budget -= WG_GPU_EVENT_WORDS;
  struct wg_event e;
  g->bus.event(g->bus.ctx, &e, WG_EV_GPU_INTERRUPT);
  wg_ev_dec(&e, WG_K_SOURCE, source);
  wg_ev_dec(&e, WG_K_VALUE, cpu);
  g->bus.emit(g->bus.ctx, &e);
  g->bus.interrupt(g->bus.ctx, cpu, g->callback, source, g->user);
}

static void vblank(void *ctx, void *arg, uint64_t token) {
  struct wg_gpu *g = ctx;
  (void)arg, (void)token;
  g->counter++;
  g->vblanks++;
  wg_clock_after(g->bus.clock, g->bus.clock->now + WG_VBLANK_NS, false, WG_DUE_VBLANK, NULL);
  wg_gpu_interrupt(g, 0, 2);
}

struct wg_gpu *wg_gpu_create(const struct wg_bus *bus) {
  struct wg_gpu *g = wg_xcalloc(1, sizeof *g);
  g->bus = *bus;
  g->bin_mask = g->bin_select = ~0ull;
  wg_mem_add_mmio(bus->mem, &(struct wg_mmio){MMIO_BASE, MMIO_BASE + 0xFFFF, mmio_read, mmio_write, g});
  wg_clock_serve(bus->clock, WG_DUE_VBLANK, &(struct wg_due_service){.fire = vblank, .ctx = g});
  return g;
}

void wg_gpu_free(struct wg_gpu *g) { free(g); }

void wg_gpu_set_callback(struct wg_gpu *g, uint32_t fn, uint32_t user) {
  g->callback = fn;
  g->user = user;
  if (g->vblank_on || fn == 0) return;
  g->vblank_on = true;
  uint64_t now = wg_clock_now(g->bus.clock);
  wg_clock_after(g->bus.clock, now + WG_VBLANK_NS - now % WG_VBLANK_NS, false, WG_DUE_VBLANK, NULL);
}

void wg_gpu_set_ring(struct wg_gpu *g, uint32_t phys, uint32_t log2_size) {
  g->ring = phys;
  g->ring_dwords = log2_size < 24 ? (1u << (log2_size + 3)) / 4 : 0;
  g->rptr = 0;
  g->regs[REG_CP_RB_WPTR] = 0;
  wg_clock_work(g->bus.clock, g->ring_dwords / 2);
  if (g->ring_dwords && (phys & 0x1FFFFFFF) + g->ring_dwords * 4ull <= WG_PHYS_SIZE)
    memset(wg_mem_phys_write(g->bus.mem, phys, g->ring_dwords * 4ull), 0, g->ring_dwords * 4ull);
  else
    g->ring_dwords = 0;
}

void wg_gpu_swap_asked(struct wg_gpu *g) { g->frames++; }

uint64_t wg_gpu_frames(const struct wg_gpu *g) { return g->frames; }

void wg_gpu_set_rptr_writeback(struct wg_gpu *g, uint32_t phys) { g->writeback = phys; }

void wg_gpu_state(struct wg_archive *a, struct wg_gpu *g) {
  wg_ar_part(a, "GPU");
  wg_ar_words(a, g->regs, WG_GPU_REGS);
  wg_ar_bytes(a, g->seen, sizeof g->seen);
  wg_ar_u32(a, &g->callback);
  wg_ar_u32(a, &g->user);
  wg_ar_u32(a, &g->ring);
  wg_ar_u32(a, &g->ring_dwords);
  wg_ar_u32(a, &g->rptr);
  wg_ar_u32(a, &g->writeback);
  g->depth = (int)wg_ar_kind(a, (uint32_t)g->depth, WG_GPU_DEPTH + 1);
  for (int i = 0; i < g->depth; i++) {
    wg_ar_u32(a, &g->stack[i].phys);
    wg_ar_u32(a, &g->stack[i].dwords);
    wg_ar_u32(a, &g->stack[i].pos);
  }
  wg_ar_u64(a, &g->bin_mask);
  wg_ar_u64(a, &g->bin_select);
  wg_ar_u32(a, &g->counter);
  for (unsigned i = 0; i < 4; i++) wg_ar_u64(a, &g->packets[i]);
  for (unsigned i = 0; i < 128; i++) wg_ar_u64(a, &g->ops[i]);
  wg_ar_u64(a, &g->frames);
  wg_ar_u64(a, &g->vblanks);
  wg_ar_u64(a, &g->flipped);
  wg_ar_bool(a, &g->vblank_on);
  wg_ar_i64(a, &g->budget);
  wg_ar_u64(a, &g->then);
  wg_ar_bool(a, &g->busy);
}
