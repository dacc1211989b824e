// The command processor: it takes packets from the ring and from indirect buffers (docs/console.md#gpu).
#include <string.h>

#include "base/buf.h"
#include "emu/gpu/parts.h"
#include "emu/sched/runq.h"

// It takes a word each ns, and has as much in hand after a rest as any frame of a title needs.
#define MAX_BUDGET 100000
#define PACKET_WORDS 8 // of a packet, beside its own: its header and what it takes to begin

struct packet {
  const uint32_t *data;
  uint32_t n;
};

static uint32_t swap_endian(uint32_t v, uint32_t mode) {
  switch (mode & 3) {
  case 1: return (v << 8 & 0xFF00FF00u) | (v >> 8 & 0x00FF00FFu);
  case 2: return __builtin_bswap32(v);
  case 3: return v >> 16 | v << 16;
  default: return v;
  }
}
// An address beyond the physical memory is one of the write-back window, which the processor sees at 7F000000: the
// first physical pages.
static uint32_t gpu_address(const struct wg_gpu *g, uint32_t addr) {
  uint32_t within = (addr & ~3u) - g->regs[REG_WRITEBACK_BASE];
  if (addr >= WG_PHYS_SIZE && within < g->regs[REG_WRITEBACK_SIZE]) return within;
  return addr & 0x1FFFFFFC;
}
// GPU memory is seen little-endian: a write with 8-in-32 swapping gives the big-endian word.
static void gpu_store(struct wg_gpu *g, uint32_t addr, uint32_t v) {
  wg_gpu_put(g, gpu_address(g, addr), __builtin_bswap32(swap_endian(v, addr)));
}
static uint32_t gpu_load(struct wg_gpu *g, uint32_t addr) {
  return swap_endian(__builtin_bswap32(wg_gpu_get(g, gpu_address(g, addr))), addr);
}

static bool compare(uint32_t f, uint32_t v, uint32_t ref) {
  switch (f & 7) {
  case 0: return false;
  case 1: return v < ref;
  case 2: return v <= ref;
  case 3: return v == ref;
  case 4: return v != ref;
  case 5: return v >= ref;
  case 6: return v > ref;
  default: return true;
  }
}

static uint32_t poll_value(struct wg_gpu *g, uint32_t info, uint32_t at) {
  if (info & 0x10) return gpu_load(g, at);
  if (at >= WG_GPU_REGS) return 0;
  uint32_t v = g->regs[at];
  if (at == REG_COHER_STATUS) g->regs[at] = v &= ~0x80000000u;
  return v;
}

static void set_constants(struct wg_gpu *g, uint32_t base, const struct packet *p, uint32_t from) {
  for (uint32_t i = from; i < p->n; i++) wg_gpu_set_reg(g, base + i - from, p->data[i]);
}
static uint32_t constant_base(uint32_t word) {
  static const uint32_t bases[5] = {0x4000, 0x4800, 0x4900, 0x4908, 0x2000};
  uint32_t type = word >> 16 & 0xFF;
  return type < 5 ? bases[type] + (word & 0x7FF) : WG_GPU_REGS;
}

// A flip takes effect at a vertical blank: one for each, as a console whose display is synchronised shows them. False:
// the blank of the last flip has not passed yet.
static bool swap(struct wg_gpu *g, const struct packet *p) {
  struct wg_event e;
  if (g->vblank_on && g->flipped == g->vblanks + 1) return false;
  g->flipped = g->vblanks + 1;
  g->counter++;
  g->bus.event(g->bus.ctx, &e, WG_EV_GPU_SWAP);
  wg_ev_hex(&e, WG_K_ADDR, p->data[1]);
  wg_ev_dec(&e, WG_K_WIDTH, p->data[2]);
  wg_ev_dec(&e, WG_K_HEIGHT, p->data[3]);
  wg_ev_dec(&e, WG_K_COUNT, g->frames);
  g->bus.emit(g->bus.ctx, &e);
  return true;
}

static void unknown(struct wg_gpu *g, uint32_t header) {
  struct wg_event e;
  g->budget -= WG_GPU_EVENT_WORDS;
  g->bus.event(g->bus.ctx, &e, WG_EV_GPU_MMIO);
  wg_ev_str(&e, WG_K_OP, "unknown packet");
  wg_ev_hex(&e, WG_K_VALUE, header);
  g->bus.emit(g->bus.ctx, &e);
}

static void event_write_ext(struct wg_gpu *g, const struct packet *p) {
  static const uint16_t extents[6] = {0, 8192 / 8, 0, 8192 / 8, 0, 1};
  for (unsigned i = 0; i < 6; i += 2)
    wg_gpu_put(g, (p->data[1] & 0x1FFFFFFC) + 2 * i, (uint32_t)extents[i] << 16 | extents[i + 1]);
}
static void event_write_zpd(struct wg_gpu *g) {
  uint32_t at = g->regs[REG_ZPD_ADDR] & 0x1FFFFFFC;
  if (at == 0) return;
  bool end = wg_gpu_get(g, at + 8) == 0xFFFFFEEDu || wg_gpu_get(g, at + 16) == 0xFFFFFEEDu;
  for (uint32_t i = 0; i < 32; i += 4) wg_gpu_put(g, at + i, 0);
  if (end) wg_gpu_put(g, at, __builtin_bswap32(100)); // samples passed, as the reference reports
}

// --- type 3 packets: each is executed by one of these. False: it must wait and will be tried again ---

static uint32_t opcode(uint32_t header) { return header >> 8 & 0x7F; }

// Drawing, shaders, state and synchronisation that nothing outside the GPU can see.
static bool op_nothing(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  (void)g;
  (void)header;
  (void)p;
  return true;
}

static uint32_t reg_or_0(const struct wg_gpu *g, uint32_t reg) { return reg < WG_GPU_REGS ? g->regs[reg] : 0; }

static bool op_reg_rmw(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  const uint32_t *d = p->data, reg = d[0] & 0x1FFF;
  (void)header;
  uint32_t v = reg_or_0(g, reg);
  v &= d[0] >> 31 ? reg_or_0(g, d[1]) : d[1];
  v |= d[0] >> 30 & 1 ? reg_or_0(g, d[2]) : d[2];
  wg_gpu_set_reg(g, reg, v);
  return true;
}

static bool op_viz_query(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  const uint32_t *d = p->data;
  (void)header;
  if (d[0] & 0x100) g->regs[0x0C44 + (d[0] >> 5 & 1)] |= 1u << (d[0] & 31);
  return true;
}

static bool op_set_constant(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  set_constants(g, opcode(header) == 0x2D ? constant_base(p->data[0]) : p->data[0] & 0xFFFF, p, 1);
  return true;
}

static bool op_load_alu_constant(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  const uint32_t *d = p->data, n = d[2] & 0xFFF;
  (void)header;
  g->budget -= n;
  for (uint32_t i = 0; i < n; i++)
    wg_gpu_set_reg(g, constant_base(d[1]) + i, wg_gpu_get(g, (d[0] & 0x1FFFFFFC) + 4 * i));
  return true;
}

static bool op_indirect_buffer(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  const uint32_t *d = p->data;
  if (g->depth < WG_GPU_DEPTH)
    g->stack[g->depth++] = (struct wg_gpu_stream){d[0] & 0x1FFFFFFC, d[1] & 0xFFFFF, 0};
  else
    unknown(g, header);
  return true;
}

static bool op_wait_reg_mem(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  const uint32_t *d = p->data;
  (void)header;
  return compare(d[0], poll_value(g, d[0], d[1]) & d[3], d[2]);
}

static bool op_wait_reg(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  const uint32_t *d = p->data;
  return compare(opcode(header) == 0x52 ? 3 : 5, poll_value(g, 0, d[0]) & d[2], d[1]); // WAIT_REG_EQ, WAIT_REG_GTE
}

static bool op_mem_write(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  (void)header;
  for (uint32_t i = 1; i < p->n; i++) gpu_store(g, p->data[0] + 4 * (i - 1), p->data[i]);
  return true;
}

static bool op_reg_to_mem(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  (void)header;
  gpu_store(g, p->data[1], reg_or_0(g, p->data[0]));
  return true;
}

static bool op_mem_write_counter(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  (void)header;
  gpu_store(g, p->data[0], g->regs[REG_PROG_COUNTER]);
  return true;
}

static bool op_cond_write(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  const uint32_t *d = p->data;
  (void)header;
  if (!compare(d[0], poll_value(g, d[0], d[1]) & d[3], d[2])) return true;
  if (d[0] & 0x100)
    gpu_store(g, d[4], d[5]);
  else
    wg_gpu_set_reg(g, d[4], d[5]);
  return true;
}

static bool op_event_write(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  const uint32_t *d = p->data;
  wg_gpu_set_reg(g, REG_VGT_EVENT, d[0] & 0x3F);
  if (opcode(header) != 0x46) gpu_store(g, d[1], d[0] >> 31 ? g->counter : d[2]); // EVENT_WRITE_SHD, EVENT_WRITE_CFL
  return true;
}

static bool op_event_write_ext(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  (void)header;
  event_write_ext(g, p);
  return true;
}

static bool op_event_write_zpd(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  (void)header;
  (void)p;
  event_write_zpd(g);
  return true;
}

static bool op_interrupt(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  (void)header;
  for (unsigned cpu = 0; cpu < WG_HW_THREADS; cpu++)
    if (p->data[0] >> cpu & 1) wg_gpu_interrupt(g, 1, cpu);
  return true;
}

// SET_BIN_MASK and SET_BIN_SELECT, whole or by halves.
static bool op_bins(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  const uint32_t *d = p->data;
  uint32_t op = opcode(header);
  uint64_t *bins = op == 0x50 || op == 0x60 || op == 0x61 ? &g->bin_mask : &g->bin_select;
  if (op < 0x60)
    *bins = (uint64_t)d[0] << 32 | d[1];
  else if (op & 1)
    *bins = (*bins & 0xFFFFFFFFull) | (uint64_t)d[0] << 32;
  else
    *bins = (*bins & ~0xFFFFFFFFull) | d[0];
  return true;
}

static bool op_swap(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  (void)header;
  return swap(g, p);
}

// By opcode: the fewest words of data, and what executes it; NULL: no packet that is known.
static const struct {
  uint8_t least;
  bool (*execute)(struct wg_gpu *g, uint32_t header, const struct packet *p);
} packets[128] = {
    [0x10] = {0, op_nothing},
    [0x21] = {3, op_reg_rmw},
    [0x22] = {0, op_nothing},
    [0x23] = {1, op_viz_query},
    [0x25] = {0, op_nothing},
    [0x26] = {0, op_nothing},
    [0x27] = {0, op_nothing},
    [0x2B] = {0, op_nothing},
    [0x2D] = {1, op_set_constant},
    [0x2F] = {3, op_load_alu_constant},
    [0x34] = {0, op_nothing},
    [0x35] = {0, op_nothing},
    [0x36] = {0, op_nothing},
    [0x37] = {2, op_indirect_buffer},
    [0x3B] = {0, op_nothing},
    [0x3C] = {5, op_wait_reg_mem},
    [0x3D] = {2, op_mem_write},
    [0x3E] = {2, op_reg_to_mem},
    [0x3F] = {2, op_indirect_buffer},
    [0x45] = {6, op_cond_write},
    [0x46] = {1, op_event_write},
    [0x48] = {0, op_nothing},
    [0x4A] = {0, op_nothing},
    [0x4B] = {0, op_nothing},
    [0x4F] = {1, op_mem_write_counter},
    [0x50] = {2, op_bins},
    [0x51] = {2, op_bins},
    [0x52] = {3, op_wait_reg},
    [0x53] = {3, op_wait_reg},
    [0x54] = {1, op_interrupt},
    [0x55] = {1, op_set_constant},
    [0x56] = {1, op_set_constant},
    [0x58] = {3, op_event_write},
    [0x59] = {3, op_event_write},
    [0x5A] = {2, op_event_write_ext},
    [0x5B] = {0, op_event_write_zpd},
    [0x5C] = {0, op_nothing},
    [0x5D] = {0, op_nothing},
    [0x5E] = {0, op_nothing},
    [0x5F] = {0, op_nothing},
    [0x60] = {1, op_bins},
    [0x61] = {1, op_bins},
    [0x62] = {1, op_bins},
    [0x63] = {1, op_bins},
    [0x64] = {4, op_swap},
};

// Executes a type 3 packet. False: it must wait and will be tried again.
static bool type3(struct wg_gpu *g, uint32_t header, const struct packet *p) {
  uint32_t op = opcode(header);
  if ((header & 1) && (g->bin_select & g->bin_mask) == 0) return true;
  if (packets[op].execute && p->n >= packets[op].least) return packets[op].execute(g, header, p);
  unknown(g, header);
  return true;
}

static uint32_t word_at(struct wg_gpu *g, uint32_t i) {
  if (g->depth) {
    const struct wg_gpu_stream *s = &g->stack[g->depth - 1];
    return wg_gpu_get(g, s->phys + 4 * (s->pos + i));
  }
  return wg_gpu_get(g, g->ring + 4 * ((g->rptr + i) % g->ring_dwords));
}
static uint32_t available(const struct wg_gpu *g) {
  if (g->depth) return g->stack[g->depth - 1].dwords - g->stack[g->depth - 1].pos;
  uint32_t w = g->regs[REG_CP_RB_WPTR];
  if (w == 0xBAADF00Du || w >= g->ring_dwords) return 0;
  return (w + g->ring_dwords - g->rptr) % g->ring_dwords;
}

// One packet of the innermost stream. False: nothing more to do now.
static bool step(struct wg_gpu *g, struct wg_buf *words) {
  while (g->depth && g->stack[g->depth - 1].pos >= g->stack[g->depth - 1].dwords) g->depth--;
  uint32_t left = available(g);
  if (left == 0) return false;
  uint32_t header = word_at(g, 0), n = 0;
  switch (header >> 30) {
  case 0: n = header == 0 || header == 0x0BADF00Du ? 0 : (header >> 16 & 0x3FFF) + 1; break;
  case 1: n = 2; break;
  case 2: n = 0; break;
  default: n = (header >> 16 & 0x3FFF) + 1;
  }
  if (n + 1 > left) { // cut off: as much as there is belongs to it
    unknown(g, header);
    n = left - 1;
  }
  wg_buf_clear(words);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t w = word_at(g, i + 1);
    wg_buf_add(words, &w, sizeof w);
  }
  wg_buf_reserve(words, 4);
  const uint32_t *copy = (const uint32_t *)(const void *)words->data;
  struct packet p = {copy, n};
  int depth = g->depth;
  uint32_t *pos = depth ? &g->stack[depth - 1].pos : &g->rptr;
  bool done = true;
  if (header >> 30 == 0 && n) {
    for (uint32_t i = 0; i < n; i++) wg_gpu_set_reg(g, (header & 0x7FFF) + (header & 0x8000 ? 0 : i), copy[i]);
  } else if (header >> 30 == 1) {
    wg_gpu_set_reg(g, header & 0x7FF, copy[0]);
    wg_gpu_set_reg(g, header >> 11 & 0x7FF, copy[1]);
  } else if (header >> 30 == 3) {
    done = type3(g, header, &p);
  }
  if (!done) return false;
  if (header != 0 && header != 0x0BADF00Du) g->packets[header >> 30]++;
  if (header >> 30 == 3) g->ops[header >> 8 & 0x7F]++;
  g->budget -= n + PACKET_WORDS;
  *pos = depth ? *pos + n + 1 : (*pos + n + 1) % g->ring_dwords;
  return true;
}

const char *wg_gpu_op_name(unsigned op) {
  static const char *const names[128] = {
      [0x10] = "NOP",
      [0x21] = "REG_RMW",
      [0x22] = "DRAW_INDX",
      [0x23] = "VIZ_QUERY",
      [0x25] = "SET_STATE",
      [0x26] = "WAIT_FOR_IDLE",
      [0x27] = "IM_LOAD",
      [0x2B] = "IM_LOAD_IMMEDIATE",
      [0x2C] = "IM_STORE",
      [0x2D] = "SET_CONSTANT",
      [0x2E] = "LOAD_CONSTANT_CONTEXT",
      [0x2F] = "LOAD_ALU_CONSTANT",
      [0x34] = "DRAW_INDX_BIN",
      [0x35] = "DRAW_INDX_2_BIN",
      [0x36] = "DRAW_INDX_2",
      [0x37] = "INDIRECT_BUFFER_PFD",
      [0x3B] = "INVALIDATE_STATE",
      [0x3C] = "WAIT_REG_MEM",
      [0x3D] = "MEM_WRITE",
      [0x3E] = "REG_TO_MEM",
      [0x3F] = "INDIRECT_BUFFER",
      [0x44] = "COND_EXEC",
      [0x45] = "COND_WRITE",
      [0x46] = "EVENT_WRITE",
      [0x48] = "ME_INIT",
      [0x4A] = "SET_SHADER_BASES",
      [0x4B] = "SET_BIN_BASE_OFFSET",
      [0x4F] = "MEM_WRITE_CNTR",
      [0x50] = "SET_BIN_MASK",
      [0x51] = "SET_BIN_SELECT",
      [0x52] = "WAIT_REG_EQ",
      [0x53] = "WAIT_REG_GTE",
      [0x54] = "INTERRUPT",
      [0x55] = "SET_CONSTANT2",
      [0x56] = "SET_SHADER_CONSTANTS",
      [0x58] = "EVENT_WRITE_SHD",
      [0x59] = "EVENT_WRITE_CFL",
      [0x5A] = "EVENT_WRITE_EXT",
      [0x5B] = "EVENT_WRITE_ZPD",
      [0x5C] = "WAIT_UNTIL_READ",
      [0x5D] = "WAIT_IB_PFD_COMPLETE",
      [0x5E] = "CONTEXT_UPDATE",
      [0x5F] = "SET_PROTECTED_MODE",
      [0x60] = "SET_BIN_MASK_LO",
      [0x61] = "SET_BIN_MASK_HI",
      [0x62] = "SET_BIN_SELECT_LO",
      [0x63] = "SET_BIN_SELECT_HI",
      [0x64] = "XE_SWAP",
  };
  return op < 128 ? names[op] : NULL;
}

uint64_t wg_gpu_packets(const struct wg_gpu *g, unsigned type, int op) {
  return op >= 0 ? g->ops[op & 127] : g->packets[type & 3];
}

bool wg_gpu_busy(const struct wg_gpu *g) { return g->busy; }

bool wg_gpu_rests(const struct wg_gpu *g) {
  return !g->busy && (g->ring_dwords == 0 || (g->depth == 0 && available(g) == 0));
}

void wg_gpu_run(struct wg_gpu *g) {
  uint64_t now = g->bus.clock->now;
  g->budget += now - g->then < MAX_BUDGET ? (int64_t)(now - g->then) : MAX_BUDGET;
  if (g->budget > MAX_BUDGET) g->budget = MAX_BUDGET;
  g->then = now;
  g->busy = false;
  if (wg_gpu_rests(g)) return;
  struct wg_buf words = {0};
  while (g->budget > 0 && step(g, &words)) {
  }
  wg_buf_release(&words);
  g->busy = g->budget <= 0;
  if (g->writeback) wg_gpu_put(g, g->writeback & 0x1FFFFFFF, g->rptr);
}
