#include "emu/apu/xma.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "emu/state/archive.h"

#define REGISTERS 0x7FEA0000u
#define CONTEXTS 320u

struct wg_xma {
  struct wg_bus bus;
  uint8_t seen[0x4000]; // of a register: bit 0 read, bit 1 written
  uint32_t base;        // of the contexts, once there are any
  uint32_t current;
  uint8_t used[CONTEXTS / 8];
};

static const struct wg_xma_bits fields[] = {
    [WG_XMA_IN_PACKETS_0] = {0, 0, 12}, [WG_XMA_IN_PACKETS_1] = {1, 0, 12}, [WG_XMA_IN_VALID_0] = {0, 20, 1},
    [WG_XMA_IN_VALID_1] = {0, 21, 1},   [WG_XMA_LOOP_COUNT] = {0, 12, 8},   [WG_XMA_OUT_BLOCKS] = {0, 22, 5},
    [WG_XMA_OUT_WRITE] = {0, 27, 5},    [WG_XMA_LOOP_SUB_END] = {1, 14, 3}, [WG_XMA_LOOP_SUB_SKIP] = {1, 17, 3},
    [WG_XMA_SUBFRAMES] = {1, 20, 4},    [WG_XMA_RATE] = {1, 27, 2},         [WG_XMA_STEREO] = {1, 29, 1},
    [WG_XMA_OUT_VALID] = {1, 31, 1},    [WG_XMA_READ_OFFSET] = {2, 0, 26},  [WG_XMA_LOOP_START] = {3, 0, 26},
    [WG_XMA_LOOP_END] = {4, 0, 26},     [WG_XMA_METADATA] = {4, 26, 5},     [WG_XMA_CURRENT] = {4, 31, 1},
    [WG_XMA_OUT_READ] = {9, 0, 5},
};
_Static_assert(sizeof fields / sizeof *fields == WG_XMA_FIELDS, "each field has its place");

static uint32_t mask_of(struct wg_xma_bits b) { return (b.width == 32 ? 0 : 1u << b.width) - 1u; }

uint32_t wg_xma_get(const struct wg_xma *x, uint32_t context, enum wg_xma_field f) {
  struct wg_xma_bits b = fields[f];
  return (uint32_t)x->bus.read(x->bus.ctx, context + 4u * b.word, 4) >> b.shift & mask_of(b);
}

void wg_xma_put(const struct wg_xma *x, uint32_t context, enum wg_xma_field f, uint32_t v) {
  struct wg_xma_bits b = fields[f];
  uint32_t at = context + 4u * b.word, w = (uint32_t)x->bus.read(x->bus.ctx, at, 4), mask = mask_of(b) << b.shift;
  x->bus.write(x->bus.ctx, at, 4, (w & ~mask) | (v << b.shift & mask));
}

static uint32_t contexts(struct wg_xma *x) {
  if (x->base == 0) {
    uint32_t phys = wg_mem_phys_alloc(x->bus.mem, CONTEXTS * WG_XMA_CONTEXT, 0x1000, 0, 0x1FFFFFFF, WG_PROT_READWRITE);
    if (phys != UINT32_MAX) x->base = 0xA0000000u + phys;
  }
  return x->base;
}

uint32_t wg_xma_take(struct wg_xma *x) {
  for (uint32_t i = 0; contexts(x) && i < CONTEXTS; i++) {
    if (x->used[i / 8] >> (i % 8) & 1) continue;
    x->used[i / 8] |= (uint8_t)(1u << (i % 8));
    memset(wg_mem_phys_write(x->bus.mem, (x->base & 0x1FFFFFFF) + i * WG_XMA_CONTEXT, WG_XMA_CONTEXT), 0,
           WG_XMA_CONTEXT);
    return x->base + i * WG_XMA_CONTEXT;
  }
  return 0;
}

void wg_xma_give_back(struct wg_xma *x, uint32_t context) {
  uint32_t i = (context - x->base) / WG_XMA_CONTEXT;
  if (x->base && context >= x->base && i < CONTEXTS) x->used[i / 8] &= (uint8_t) ~(1u << (i % 8));
}

// The current input is used up, the output gets silence as far as there is room.
void wg_xma_kick(struct wg_xma *x, uint32_t ctx) {
  uint32_t which = wg_xma_get(x, ctx, WG_XMA_CURRENT);
  enum wg_xma_field valid = which ? WG_XMA_IN_VALID_1 : WG_XMA_IN_VALID_0;
  if (!wg_xma_get(x, ctx, valid)) return;
  wg_xma_put(x, ctx, valid, 0);
  wg_xma_put(x, ctx, WG_XMA_CURRENT, !which);
  wg_xma_put(x, ctx, WG_XMA_READ_OFFSET, 32); // a packet's header is 32 bits
  uint32_t blocks = wg_xma_get(x, ctx, WG_XMA_OUT_BLOCKS), to = (uint32_t)x->bus.read(x->bus.ctx, ctx + 28, 4);
  if (!wg_xma_get(x, ctx, WG_XMA_OUT_VALID) || blocks == 0) return;
  uint8_t *p = wg_mem_ptr(x->bus.mem, 0xA0000000u + (to & 0x1FFFFFFF), blocks * 256, true);
  if (p) memset(p, 0, blocks * 256);
  wg_clock_work(x->bus.clock, 16 * blocks);
  wg_xma_put(x, ctx, WG_XMA_OUT_WRITE, (wg_xma_get(x, ctx, WG_XMA_OUT_READ) + blocks - 1) % blocks);
  wg_xma_put(x, ctx, WG_XMA_OUT_VALID, 0);
}

static void clear(struct wg_xma *x, uint32_t ctx) {
  static const enum wg_xma_field cleared[] = {WG_XMA_IN_VALID_0,  WG_XMA_IN_VALID_1, WG_XMA_OUT_VALID,
                                              WG_XMA_READ_OFFSET, WG_XMA_OUT_READ,   WG_XMA_OUT_WRITE};
  for (size_t i = 0; i < sizeof cleared / sizeof *cleared; i++) wg_xma_put(x, ctx, cleared[i], 0);
}

// --- registers, by their number; values are byte-reversed on the bus --------------------------------------

static void first_use(struct wg_xma *x, uint32_t addr, const char *op, unsigned how, uint32_t value) {
  uint8_t *seen = &x->seen[(addr & 0xFFFF) / 4];
  bool first = !(*seen & how);
  *seen |= (uint8_t)how;
  if (first) wg_bus_mmio(&x->bus, op, addr, value);
}

static uint32_t reg_read(void *ctx, uint32_t addr, unsigned size) {
  struct wg_xma *x = ctx;
  uint32_t reg = (addr & 0xFFFF) / 4, v = 0;
  (void)size;
  first_use(x, addr, "read", 1, 0);
  if (reg == 0x600) v = contexts(x) & 0x1FFFFFFF;
  if (reg == 0x606) {
    v = x->current;
    x->current = (x->current + 1) % CONTEXTS; // rotates, as titles poll it to see the decoder move
  }
  if (reg == 0x607) v = (x->current + 1) % CONTEXTS;
  return __builtin_bswap32(v);
}

static void reg_write(void *ctx, uint32_t addr, unsigned size, uint32_t value) {
  struct wg_xma *x = ctx;
  uint32_t reg = (addr & 0xFFFF) / 4, bits = __builtin_bswap32(value);
  (void)size;
  first_use(x, addr, "write", 2, value);
  bool kick = reg >= 0x650 && reg <= 0x659, clears = reg >= 0x6A0 && reg <= 0x6A9;
  if ((!kick && !clears) || x->base == 0) return;
  for (uint32_t n = 0; n < 32; n++) {
    uint32_t at = x->base + (32 * (reg - (kick ? 0x650 : 0x6A0)) + n) * WG_XMA_CONTEXT;
    if (!(bits >> n & 1)) continue;
    if (kick)
      wg_xma_kick(x, at);
    else
      clear(x, at);
  }
}

struct wg_xma *wg_xma_create(const struct wg_bus *bus) {
  struct wg_xma *x = wg_xcalloc(1, sizeof *x);
  x->bus = *bus;
  wg_mem_add_mmio(bus->mem, &(struct wg_mmio){REGISTERS, REGISTERS + 0xFFFF, reg_read, reg_write, x});
  return x;
}

void wg_xma_free(struct wg_xma *x) { free(x); }

void wg_xma_state(struct wg_archive *a, struct wg_xma *x) {
  wg_ar_part(a, "audio decoder");
  wg_ar_bytes(a, x->seen, sizeof x->seen);
  wg_ar_u32(a, &x->base);
  wg_ar_u32(a, &x->current);
  wg_ar_bytes(a, x->used, sizeof x->used);
}
