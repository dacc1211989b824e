// The command processor against docs/console.md#packets: what each packet does to registers, memory and interrupts, as
// a title sees it, and what becomes of one that is unknown, too short or cut off.
#include "emu/gpu/gpu.h"

#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "emu/state/archive.h"
#include "tests/suite.h"

#define RING 0x00100000u
#define DATA 0x00200000u
#define WORDS_LOG2 9u // 1024 words
#define HANDLER 0x82001000u
#define REG(n) (0x7FC80000u + 4u * (n))
#define TYPE3(op, n) (0xC0000000u | ((uint32_t)(n)-1) << 16 | (uint32_t)(op) << 8)

enum { WPTR = 0x1C5, SCRATCH = 0x578 };

struct fixture {
  struct wg_mem *mem;
  struct wg_clock clock;
  struct wg_gpu *g;
  uint32_t wptr;
  unsigned swaps, unknown, uses, interrupts, cpus;    // uses: of registers; cpus: a bit each
  uint64_t value, addr, width, height, count, source; // of the latest event
};

static void begin_event(void *ctx, struct wg_event *e, enum wg_kind kind) {
  (void)ctx;
  wg_ev_init(e, kind);
}

static void emit(void *ctx, struct wg_event *e) {
  struct fixture *f = ctx;
  const char *op = wg_ev_text(e, WG_K_OP);
  bool unknown = op && strcmp(op, "unknown packet") == 0;
  f->swaps += e->kind == WG_EV_GPU_SWAP;
  f->unknown += unknown;
  f->uses += op && !unknown;
  wg_ev_u64(e, WG_K_VALUE, &f->value);
  wg_ev_u64(e, WG_K_ADDR, &f->addr);
  wg_ev_u64(e, WG_K_WIDTH, &f->width);
  wg_ev_u64(e, WG_K_HEIGHT, &f->height);
  wg_ev_u64(e, WG_K_COUNT, &f->count);
  wg_ev_u64(e, WG_K_SOURCE, &f->source);
}

static void interrupt(void *ctx, unsigned hw, uint32_t fn, uint32_t source, uint32_t user) {
  struct fixture *f = ctx;
  CU_ASSERT_TRUE(hw < 6 && fn == HANDLER && user == 7);
  if (source == 0) CU_ASSERT_EQUAL(hw, 2); // the vertical blank's
  f->interrupts += source == 1;
  f->cpus |= source == 1 ? 1u << hw : 0;
}

static bool in_interrupt(void *ctx, uint32_t fn, uint32_t source) {
  (void)ctx, (void)fn, (void)source;
  return false;
}

static void begin(struct fixture *f) {
  struct wg_err err = {0};
  *f = (struct fixture){0};
  CU_ASSERT_EQUAL_FATAL(wg_mem_create(&f->mem, &err), WG_OK);
  wg_clock_init(&f->clock, 0, 0);
  struct wg_bus bus = {.mem = f->mem,
                       .clock = &f->clock,
                       .ctx = f,
                       .event = begin_event,
                       .emit = emit,
                       .interrupt = interrupt,
                       .in_interrupt = in_interrupt};
  f->g = wg_gpu_create(&bus);
  wg_gpu_set_ring(f->g, RING, WORDS_LOG2);
}

static void end(struct fixture *f) {
  wg_gpu_free(f->g);
  wg_clock_release(&f->clock);
  wg_mem_free(f->mem);
}

static uint32_t word(const struct fixture *f, uint32_t phys) { return wg_load_be32(wg_mem_phys_ptr(f->mem, phys)); }
static void put(struct fixture *f, uint32_t phys, uint32_t v) { wg_store_be32(wg_mem_phys_write(f->mem, phys, 4), v); }

static uint32_t reg(const struct fixture *f, uint32_t n) {
  uint64_t v = 0;
  CU_ASSERT_TRUE(wg_mem_r32(f->mem, REG(n), &v));
  return (uint32_t)v;
}
static void set_reg(struct fixture *f, uint32_t n, uint32_t v) { CU_ASSERT_TRUE(wg_mem_w32(f->mem, REG(n), v)); }

static void run(struct fixture *f) {
  f->clock.now += 100000;
  wg_gpu_run(f->g);
}

// Words into the ring, which the GPU is then told of.
static void give(struct fixture *f, const uint32_t *words, size_t n) {
  for (size_t i = 0; i < n; i++) {
    put(f, RING + 4 * f->wptr, words[i]);
    f->wptr = (f->wptr + 1) % 1024;
  }
  set_reg(f, WPTR, f->wptr);
  run(f);
}
#define GIVE(f, ...) give(f, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void packets_of_registers(void) {
  struct fixture f;
  begin(&f);
  GIVE(&f, 0x00010000u | SCRATCH, 0x55, 0x66, 0x00018000u | (SCRATCH + 4), 1, 2); // bit 15: one register
  CU_ASSERT_TRUE(reg(&f, SCRATCH) == 0x55 && reg(&f, SCRATCH + 1) == 0x66);
  CU_ASSERT_TRUE(reg(&f, SCRATCH + 4) == 2 && reg(&f, SCRATCH + 5) == 0);
  GIVE(&f, 0x40000000u | (SCRATCH + 2) << 11 | (SCRATCH + 1), 3, 4, 0x80000000u, 0, 0x0BADF00Du);
  CU_ASSERT_TRUE(reg(&f, SCRATCH + 1) == 3 && reg(&f, SCRATCH + 2) == 4);
  for (unsigned type = 0; type < 3; type++) CU_ASSERT_EQUAL(wg_gpu_packets(f.g, type, -1), type == 0 ? 2 : 1);
  // And with a word or a register (bit 31), or with a word or a register (bit 30).
  static const struct {
    uint32_t how, and, or, is;
  } rmw[] = {{0, 0xF0, 0x0F, 0x5F},
             {0x80000000u, SCRATCH + 1, 0x100, 0x101},
             {0x40000000u, 0x0F, SCRATCH + 2, 0x3005},
             {0xC0000000u, SCRATCH + 1, SCRATCH + 2, 0x3001},
             {0xC0000000u, 0x6000, 0x7000, 0}}; // beyond the registers there is nothing
  for (size_t i = 0; i < sizeof rmw / sizeof *rmw; i++) {
    GIVE(&f, 0x00020000u | SCRATCH, 0x55, 0xFFFF0001u, 0x3000);
    GIVE(&f, TYPE3(0x21, 3), rmw[i].how | SCRATCH, rmw[i].and, rmw[i].or);
    CU_ASSERT_EQUAL(reg(&f, SCRATCH), rmw[i].is);
  }
  GIVE(&f, 0x00001844u, 0x70, TYPE3(0x21, 3), 0x1844, 0xF0, 1);
  CU_ASSERT_EQUAL(reg(&f, 0x1844), 0x71);
  GIVE(&f, 0x00000000u | 0x7FFF, 9, TYPE3(0x3E, 2), 0x7FFF, DATA | 2); // no register
  CU_ASSERT_EQUAL(word(&f, DATA), 0);
  CU_ASSERT_EQUAL(f.unknown, 0);
  end(&f);
}

// Registers beyond those that the processor sees are read by a packet.
static uint32_t far_reg(struct fixture *f, uint32_t n) {
  GIVE(f, TYPE3(0x3E, 2), n, (DATA + 0x800) | 2);
  return word(f, DATA + 0x800);
}

// SET_CONSTANT by type, LOAD_ALU_CONSTANT from memory, and constants by register.
static void constants_have_their_places(void) {
  static const uint32_t base[] = {0x4000, 0x4800, 0x4900, 0x4908, 0x2000};
  struct fixture f;
  begin(&f);
  for (uint32_t type = 0; type < 5; type++) {
    GIVE(&f, TYPE3(0x2D, 3), type << 16 | 3, 0x100 + type, 0x200 + type);
    CU_ASSERT_TRUE(far_reg(&f, base[type] + 3) == 0x100 + type && far_reg(&f, base[type] + 4) == 0x200 + type);
    put(&f, DATA + 4 * type, 0x300 + type);
    GIVE(&f, TYPE3(0x2F, 3), DATA + 4 * type, type << 16 | 5, 1);
    CU_ASSERT_TRUE(far_reg(&f, base[type] + 5) == 0x300 + type && far_reg(&f, base[type] + 6) == 0);
  }
  GIVE(&f, TYPE3(0x2D, 2), 5 << 16 | 3, 1, TYPE3(0x2D, 2), 0xFF << 16, 1); // no type
  GIVE(&f, TYPE3(0x55, 3), 0x4010, 1, 2, TYPE3(0x56, 2), 0x4012, 3);
  for (uint32_t i = 0; i < 3; i++) CU_ASSERT_EQUAL(far_reg(&f, 0x4010 + i), i + 1);
  CU_ASSERT_EQUAL(f.unknown, 0);
  end(&f);
}

// The low two bits of an address: GPU memory is little-endian, the processor's is not.
static void words_are_swapped_as_addresses_say(void) {
  static const uint32_t seen[4] = {0x44332211, 0x33441122, 0x11223344, 0x22114433};
  struct fixture f;
  begin(&f);
  for (uint32_t how = 0; how < 4; how++) {
    GIVE(&f, TYPE3(0x3D, 3), DATA | how, 0x11223344, 0x11223344);
    CU_ASSERT_TRUE(word(&f, DATA) == seen[how] && word(&f, DATA + 4) == seen[how]);
    // Read the same way it is the word again: the wait ends.
    GIVE(&f, TYPE3(0x45, 6), 0x13, DATA | how, 0x11223344, ~0u, SCRATCH, how + 1);
    CU_ASSERT_EQUAL(reg(&f, SCRATCH), how + 1);
  }
  // Beyond the physical memory: within the window of write-backs, which is the first of it, or wherever its bits say.
  GIVE(&f, 0x00010A04u, 0x7F000000, 0x1000, TYPE3(0x3D, 2), 0x7F000102, 0xABCD, TYPE3(0x3D, 2), 0x60200102, 0xEF01);
  CU_ASSERT_TRUE(word(&f, 0x100) == 0xABCD && word(&f, DATA + 0x100) == 0xEF01);
  GIVE(&f, TYPE3(0x3D, 2), 0x7F001002, 5); // behind the window
  CU_ASSERT_TRUE(word(&f, 0x1000) == 0 && word(&f, 0x1F001000) == 5);
  end(&f);
}

// By function, for a value below, equal to and above the reference.
static void comparisons_are_the_eight(void) {
  static const char *const holds[8] = {"   ", "<  ", "<= ", " = ", "< >", " =>", "  >", "<=>"};
  struct fixture f;
  begin(&f);
  for (uint32_t how = 0; how < 8; how++) {
    for (uint32_t i = 0; i < 3; i++) {
      bool yes = holds[how][i] != ' ';
      // Of a register, masked, into memory; of memory into a register.
      put(&f, DATA, 0x77);
      GIVE(&f, 0x00000000u | (SCRATCH + 1), 0xFF00u | (4 + i));
      GIVE(&f, TYPE3(0x45, 6), 0x100 | how, SCRATCH + 1, 5, 0xFF, DATA | 2, 0x99);
      CU_ASSERT_EQUAL(word(&f, DATA), yes ? 0x99 : 0x77);
      put(&f, DATA + 4, 0xFF00u | (4 + i));
      GIVE(&f, 0x00000000u | SCRATCH, 0, TYPE3(0x45, 6), 0x10 | how, DATA + 6, 5, 0xFF, SCRATCH, 1);
      CU_ASSERT_EQUAL(reg(&f, SCRATCH), yes);
    }
  }
  GIVE(&f, TYPE3(0x45, 6), 0x103, 0x6000, 0, ~0u, DATA | 2, 0x55); // of no register: 0
  CU_ASSERT_EQUAL(word(&f, DATA), 0x55);
  end(&f);
}

// A wait that holds lets pass what stands behind it, else that stands still until it does.
static void waits_hold_up_the_ring(void) {
  static const struct {
    uint32_t n, words[6], lasts, ends; // the scratch register's value until then, and from then on
  } waits[] = {{6, {TYPE3(0x3C, 5), 3, SCRATCH + 1, 5, 0xFF, 1}, 0x104, 0x105},
               {4, {TYPE3(0x52, 3), SCRATCH + 1, 5, 0xFF}, 0x104, 0x105},
               {4, {TYPE3(0x53, 3), SCRATCH + 1, 5, 0xFF}, 0x104, 0x107}};
  struct fixture f;
  begin(&f);
  for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
    set_reg(&f, SCRATCH + 1, waits[i].lasts);
    set_reg(&f, SCRATCH, 0);
    give(&f, waits[i].words, waits[i].n);
    GIVE(&f, 0x00000000u | SCRATCH, 1);
    CU_ASSERT_TRUE(reg(&f, SCRATCH) == 0 && !wg_gpu_rests(f.g) && !wg_gpu_busy(f.g));
    set_reg(&f, SCRATCH + 1, waits[i].ends);
    run(&f);
    CU_ASSERT_TRUE(reg(&f, SCRATCH) == 1 && wg_gpu_rests(f.g));
  }
  // The host's caches are coherent as soon as it is asked.
  GIVE(&f, 0x00000A31u, 2);
  CU_ASSERT_EQUAL(reg(&f, 0xA31), 0x80000002u);
  GIVE(&f, TYPE3(0x3C, 5), 3, 0xA31, 0, 0x80000000u, 1, 0x00000000u | SCRATCH, 2);
  CU_ASSERT_TRUE(reg(&f, SCRATCH) == 2 && reg(&f, 0xA31) == 2);
  end(&f);
}

static void buffers_lie_in_each_other(void) {
  struct fixture f;
  begin(&f);
  for (uint32_t i = 0; i < 9; i++) { // each calls the next, and counts when that is over
    uint32_t at = DATA + 0x100 * i;
    put(&f, at, TYPE3(0x3F, 2));
    put(&f, at + 4, at + 0x100);
    put(&f, at + 8, i < 6 ? 5 : 2);
    put(&f, at + 12, 0x00000000u | (SCRATCH + i % 8));
    put(&f, at + 16, 0x10 + i);
  }
  put(&f, DATA + 0x700, 0x00000000u | (SCRATCH + 7)); // the eighth calls none
  put(&f, DATA + 0x704, 0x17);
  GIVE(&f, TYPE3(0x37, 2), DATA, 5);
  for (uint32_t i = 0; i < 8; i++) CU_ASSERT_EQUAL(reg(&f, SCRATCH + i), 0x10 + i);
  CU_ASSERT_EQUAL(f.unknown, 0);
  CU_ASSERT_EQUAL(wg_gpu_packets(f.g, 3, 0x3F), 7);
  // A ninth is not gone into, and that is told.
  put(&f, DATA + 0x700, TYPE3(0x3F, 2));
  put(&f, DATA + 0x704, DATA + 0x800);
  put(&f, DATA + 0x708, 2);
  put(&f, DATA + 0x608, 5);
  put(&f, DATA + 0x800, 0x00000000u | SCRATCH);
  put(&f, DATA + 0x804, 0x99);
  GIVE(&f, TYPE3(0x3F, 2), DATA, 5);
  CU_ASSERT_EQUAL(f.unknown, 1);
  CU_ASSERT_EQUAL(f.value, TYPE3(0x3F, 2));
  CU_ASSERT_EQUAL(reg(&f, SCRATCH), 0x10);
  CU_ASSERT_TRUE(wg_gpu_rests(f.g));
  GIVE(&f, TYPE3(0x3F, 2), DATA, 0); // one without words
  CU_ASSERT_TRUE(wg_gpu_rests(f.g));
  end(&f);
}

static void events_are_written(void) {
  struct fixture f;
  begin(&f);
  GIVE(&f, TYPE3(0x46, 1), 0x95);
  CU_ASSERT_EQUAL(reg(&f, 0x21F9), 0x15);
  GIVE(&f, TYPE3(0x58, 3), 3, DATA | 2, 0xCAFE, TYPE3(0x59, 3), 4, DATA + 6, 0xBEEF);
  CU_ASSERT_TRUE(word(&f, DATA) == 0xCAFE && word(&f, DATA + 4) == 0xBEEF && reg(&f, 0x21F9) == 4);
  // Bit 31: how many vertical blanks and flips there were.
  GIVE(&f, TYPE3(0x64, 4), 0x53574150, 0, 0, 0, TYPE3(0x58, 3), 0x80000003u, DATA | 2, 0xCAFE);
  CU_ASSERT_EQUAL(word(&f, DATA), 1);
  GIVE(&f, 0x0000044Bu, 0x1234, TYPE3(0x4F, 1), DATA | 2);
  CU_ASSERT_EQUAL(word(&f, DATA), 0x1234);
  // The extents of what was drawn, in eighths: all of it.
  GIVE(&f, TYPE3(0x5A, 2), 0, DATA + 0x40);
  CU_ASSERT_TRUE(word(&f, DATA + 0x40) == 0x0400 && word(&f, DATA + 0x44) == 0x0400 && word(&f, DATA + 0x48) == 1);
  CU_ASSERT_TRUE(word(&f, DATA + 0x3C) == 0 && word(&f, DATA + 0x4C) == 0);
  // A count of samples where one is asked for, at either place, else zeros.
  for (uint32_t at = 0; at < 32; at += 4) {
    bool asked = at == 8 || at == 16;
    for (uint32_t i = 0; i <= 32; i += 4) put(&f, DATA + i, i == at ? 0xFFFFFEED : 1);
    GIVE(&f, 0x00002325u, DATA, 0xC0005B00u, 0);
    CU_ASSERT_EQUAL(word(&f, DATA), asked ? __builtin_bswap32(100) : 0);
    for (uint32_t i = 4; i < 32; i += 4) CU_ASSERT_EQUAL(word(&f, DATA + i), 0);
    CU_ASSERT_EQUAL(word(&f, DATA + 32), 1);
  }
  put(&f, 0, 0x77);
  GIVE(&f, 0x00002325u, 0, 0xC0005B00u, 0); // nowhere
  CU_ASSERT_EQUAL(word(&f, 0), 0x77);
  // The end of a query shows what it was about.
  GIVE(&f, TYPE3(0x23, 1), 0x105, TYPE3(0x23, 1), 0x123, TYPE3(0x23, 1), 6);
  CU_ASSERT_TRUE(reg(&f, 0xC44) == 1u << 5 && reg(&f, 0xC45) == 1u << 3);
  CU_ASSERT_EQUAL(f.unknown, 0);
  end(&f);
}

static void interrupts_go_where_bits_say(void) {
  struct fixture f;
  begin(&f);
  GIVE(&f, TYPE3(0x54, 1), 0x3F); // nobody has asked for them
  CU_ASSERT_EQUAL(f.interrupts, 0);
  wg_gpu_set_callback(f.g, HANDLER, 7);
  for (uint32_t bits = 0; bits < 0x80; bits += 5) {
    f.interrupts = f.cpus = 0;
    GIVE(&f, TYPE3(0x54, 1), bits);
    CU_ASSERT_EQUAL(f.cpus, bits & 0x3F);
    if (bits & 0x3F) CU_ASSERT_TRUE(f.source == 1 && f.value == 31u - (uint32_t)__builtin_clz(bits & 0x3F));
    CU_ASSERT_EQUAL(f.interrupts, (unsigned)__builtin_popcount(bits & 0x3F));
  }
  end(&f);
}

// Bit 0 of a header: only where the bins that are selected are not masked out.
static void packets_are_executed_for_bins(void) {
  struct fixture f;
  begin(&f);
  static const struct {
    uint32_t n, words[6];
    bool both;
  } bins[] = {{6, {TYPE3(0x50, 2), 1, 0, TYPE3(0x51, 2), 0, 1}, false},
              {6, {TYPE3(0x50, 2), 1, 0, TYPE3(0x51, 2), 1, 0}, true},
              {4, {TYPE3(0x61, 1), 0, TYPE3(0x62, 1), 0}, false}, // mask 0:0, select 1:0
              {2, {TYPE3(0x60, 1), 4}, false},
              {2, {TYPE3(0x62, 1), 4}, true},                    // select 1:4
              {4, {TYPE3(0x60, 1), 0, TYPE3(0x61, 1), 1}, true}, // mask 1:0
              {2, {TYPE3(0x63, 1), 2}, false},                   // select 2:4
              {2, {TYPE3(0x61, 1), 2}, true}};
  for (uint32_t i = 0; i < sizeof bins / sizeof *bins; i++) {
    give(&f, bins[i].words, bins[i].n);
    GIVE(&f, 0x00000000u | SCRATCH, 0, TYPE3(0x3D, 2) | 1, DATA | 2, i + 1);
    CU_ASSERT_EQUAL(word(&f, DATA) == i + 1, bins[i].both);
    GIVE(&f, TYPE3(0x3D, 2), DATA | 2, 0); // without the bit in any case
    CU_ASSERT_EQUAL(word(&f, DATA), 0);
  }
  CU_ASSERT_EQUAL(f.unknown, 0);
  end(&f);
}

// Whatever it does not know is passed over, and told with its header: unknown, too few words, or cut off.
static void what_it_cannot_execute_is_told(void) {
  struct fixture f;
  begin(&f);
  for (unsigned op = 0; op < 128; op++) {
    bool known = wg_gpu_op_name(op) && op != 0x2C && op != 0x2E && op != 0x44;
    uint32_t words[9] = {TYPE3(op, 8), 0x107, 0, 0, 0, DATA | 2, 0, 0, 0}; // a wait that holds
    if (op == 0x3F || op == 0x37) words[2] = 0;
    f.unknown = 0;
    give(&f, words, 9);
    CU_ASSERT_EQUAL(f.unknown, !known);
    if (!known) CU_ASSERT_EQUAL(f.value, words[0]);
    CU_ASSERT_EQUAL(wg_gpu_packets(f.g, 3, (int)op), 1);
    CU_ASSERT_TRUE(wg_gpu_rests(f.g));
  }
  CU_ASSERT_EQUAL(wg_gpu_packets(f.g, 3, 0), 1);
  CU_ASSERT_EQUAL(wg_gpu_packets(f.g, 3, -1), 128);
  static const uint8_t least[][2] = {{0x21, 3}, {0x2F, 3}, {0x37, 2}, {0x3C, 5}, {0x3D, 2}, {0x3E, 2},
                                     {0x3F, 2}, {0x45, 6}, {0x50, 2}, {0x51, 2}, {0x52, 3}, {0x53, 3},
                                     {0x58, 3}, {0x59, 3}, {0x5A, 2}, {0x64, 4}};
  for (size_t i = 0; i < sizeof least / sizeof *least; i++) {
    uint32_t words[8] = {TYPE3(least[i][0], least[i][1] - 1)};
    f.unknown = 0;
    give(&f, words, least[i][1]);
    CU_ASSERT_TRUE(f.unknown == 1 && f.value == words[0]);
  }
  f.unknown = 0;
  GIVE(&f, 0x00000000u | SCRATCH, 1, TYPE3(0x3D, 4), DATA | 2, 7); // two of four words: those it has
  CU_ASSERT_TRUE(f.unknown == 1 && f.value == TYPE3(0x3D, 4) && word(&f, DATA) == 7 && wg_gpu_rests(f.g));
  end(&f);
}

// One flip for each vertical blank, once there are any.
static void flips_wait_for_the_blank(void) {
  struct fixture f;
  begin(&f);
  wg_gpu_swap_asked(f.g);
  wg_gpu_swap_asked(f.g);
  GIVE(&f, TYPE3(0x64, 4), 0x53574150, 0x1234000, 1280, 720);
  CU_ASSERT_TRUE(f.swaps == 1 && f.addr == 0x1234000 && f.width == 1280 && f.height == 720 && f.count == 2);
  CU_ASSERT_EQUAL(wg_gpu_frames(f.g), 2);
  GIVE(&f, TYPE3(0x64, 4), 0x53574150, 0, 0, 0);
  CU_ASSERT_EQUAL(f.swaps, 2);    // nothing to wait for yet
  wg_gpu_set_callback(f.g, 0, 0); // which is nobody
  CU_ASSERT_EQUAL(f.clock.ndue, 0);
  wg_gpu_set_callback(f.g, HANDLER, 6);
  wg_gpu_set_callback(f.g, HANDLER, 7); // another one for the same blanks
  CU_ASSERT_EQUAL(f.clock.ndue, 1);
  for (unsigned i = 0; i < 3; i++) {
    GIVE(&f, TYPE3(0x64, 4), 0x53574150, 0, 0, 0);
    CU_ASSERT_EQUAL(f.swaps, 2 + i); // the last one was for the blank that is to come
    f.clock.now = (f.clock.now / WG_VBLANK_NS + 1) * WG_VBLANK_NS;
    wg_clock_fire(&f.clock);
    run(&f);
    CU_ASSERT_EQUAL(f.swaps, 3 + i);
  }
  end(&f);
}

// Registers as a title reads them, by any width; the first use of each is told.
static void registers_are_read(void) {
  static const uint32_t fixed[][2] = {{0xF00, 0x08100748}, {0xF01, 0x0000200E}, {0x1961, 0x050002D0}};
  struct fixture f;
  begin(&f);
  for (size_t i = 0; i < 3; i++) {
    uint64_t half = 0, byte = 0;
    f.uses = 0;
    CU_ASSERT_EQUAL(reg(&f, fixed[i][0]), fixed[i][1]);
    CU_ASSERT_TRUE(f.uses == 1 && f.addr == REG(fixed[i][0]) && f.value == fixed[i][1]);
    for (uint32_t at = 0; at < 4; at++) {
      CU_ASSERT_TRUE(wg_mem_r16(f.mem, REG(fixed[i][0]) + (at & 2), &half));
      CU_ASSERT_TRUE(wg_mem_r8(f.mem, REG(fixed[i][0]) + at, &byte));
      CU_ASSERT_EQUAL(half, fixed[i][1] >> (at & 2 ? 0 : 16) & 0xFFFF);
      CU_ASSERT_EQUAL(byte, fixed[i][1] >> (24 - 8 * at) & 0xFF);
    }
    CU_ASSERT_EQUAL(f.uses, 1);
  }
  // What is written to a scratch register is copied where the title says, if it says so of that one.
  set_reg(&f, 0x1DC, 0x05);
  set_reg(&f, 0x1DD, DATA);
  f.uses = 0;
  for (uint32_t i = 0; i < 9; i++) set_reg(&f, SCRATCH + i, 0x10 + i);
  for (uint32_t i = 0; i < 9; i++) CU_ASSERT_EQUAL(word(&f, DATA + 4 * i), i == 0 || i == 2 ? 0x10 + i : 0);
  for (uint32_t i = 0; i < 8; i++) set_reg(&f, SCRATCH + i, 0);
  CU_ASSERT_EQUAL(f.uses, 9);
  CU_ASSERT_TRUE(wg_mem_w16(f.mem, REG(SCRATCH), 0x7777)); // half of one is none
  CU_ASSERT_EQUAL(reg(&f, SCRATCH), 0);
  // The beam: 750 lines a sixtieth of a second, the first of them the first that is not seen.
  f.clock.now = 10 * (uint64_t)WG_VBLANK_NS;
  CU_ASSERT_TRUE(reg(&f, 0x194C) == 720 && reg(&f, 0x1951) == 1);
  f.clock.now += WG_VBLANK_NS / 25 + 1000; // 30 lines on
  CU_ASSERT_TRUE(reg(&f, 0x194C) == 0 && reg(&f, 0x1951) == 0);
  f.clock.now += WG_VBLANK_NS / 2;
  CU_ASSERT_EQUAL(reg(&f, 0x194C), 375);
  end(&f);
}

// A ring that wraps, one that does not fit, an index beyond it, and where the read pointer is told.
static void the_ring_is_read_to_its_end(void) {
  struct fixture f;
  begin(&f);
  wg_gpu_set_rptr_writeback(f.g, DATA + 0x80);
  for (uint32_t i = 0; i < 700; i++) {
    GIVE(&f, TYPE3(0x3D, 2), DATA | 2, i);
    CU_ASSERT_TRUE(word(&f, DATA) == i && word(&f, DATA + 0x80) == f.wptr);
  }
  put(&f, RING + 4 * f.wptr, 0x00000000u | SCRATCH);
  set_reg(&f, WPTR, 0xBAADF00Du);
  run(&f);
  set_reg(&f, WPTR, 1024);
  run(&f);
  CU_ASSERT_TRUE(wg_gpu_rests(f.g) && word(&f, DATA + 0x80) == f.wptr);
  for (uint32_t i = 0; i <= 16; i++) put(&f, DATA + 4 * i, 0x77);
  set_reg(&f, WPTR, 5);
  wg_gpu_set_ring(f.g, DATA, 3); // 16 words, cleared, and empty
  for (uint32_t i = 0; i <= 16; i++) CU_ASSERT_EQUAL(word(&f, DATA + 4 * i), i < 16 ? 0 : 0x77);
  CU_ASSERT_TRUE(reg(&f, WPTR) == 0 && wg_gpu_rests(f.g));
  put(&f, WG_PHYS_SIZE - 4, 0x77);
  wg_gpu_set_ring(f.g, WG_PHYS_SIZE - 32, 3);
  set_reg(&f, WPTR, 1);
  CU_ASSERT_TRUE(wg_gpu_rests(f.g) && word(&f, WG_PHYS_SIZE - 4) == 0x77);
  wg_gpu_set_ring(f.g, WG_PHYS_SIZE - 64, 3);
  CU_ASSERT_EQUAL(word(&f, WG_PHYS_SIZE - 4), 0);
  wg_gpu_set_ring(f.g, DATA, 24);
  set_reg(&f, WPTR, 1);
  CU_ASSERT_TRUE(wg_gpu_rests(f.g));
  end(&f);
}

// It takes a word each ns, and has no more in hand than a frame needs; what is left it goes on with.
static void its_time_is_bounded(void) {
  struct fixture f;
  begin(&f);
  for (uint32_t i = 0; i < 0x1000; i++) put(&f, DATA + 4 * i, 0x80000000u);
  for (uint32_t i = 0; i < 40; i++) {
    put(&f, RING + 12 * i, TYPE3(0x3F, 2));
    put(&f, RING + 12 * i + 4, DATA);
    put(&f, RING + 12 * i + 8, 0x1000);
  }
  set_reg(&f, WPTR, 120);
  f.clock.now += 10000000; // a long rest
  wg_gpu_run(f.g);
  CU_ASSERT_TRUE(wg_gpu_busy(f.g) && !wg_gpu_rests(f.g));
  uint64_t at_once = wg_gpu_packets(f.g, 2, -1);
  CU_ASSERT_TRUE(at_once > 100000 / 9 - 0x1000 / 9 && at_once <= 100000 / 8);
  unsigned windows = 0;
  for (; wg_gpu_busy(f.g) && windows < 1000; windows++) {
    f.clock.now += 10000;
    wg_gpu_run(f.g);
  }
  CU_ASSERT_EQUAL(wg_gpu_packets(f.g, 2, -1), 40 * 0x1000);
  CU_ASSERT_TRUE(wg_gpu_rests(f.g) && windows > 40 * 0x1000 / 1250 - 20 && windows < 40 * 0x1000 / 1000);
  end(&f);
}

// A packet that it does not know costs it as much as two hundred words, as one that interrupts does.
static void what_is_told_takes_its_time(void) {
  for (unsigned i = 0; i < 2; i++) {
    struct fixture f;
    begin(&f);
    wg_gpu_set_callback(f.g, HANDLER, 7);
    for (uint32_t k = 0; k < 1000; k += 2) {
      put(&f, RING + 4 * k, i ? TYPE3(0x54, 1) : TYPE3(0x44, 1));
      put(&f, RING + 4 * k + 4, 1);
    }
    set_reg(&f, WPTR, 1000);
    f.clock.now += 20000;
    wg_gpu_run(f.g);
    CU_ASSERT_TRUE(wg_gpu_busy(f.g) && wg_gpu_packets(f.g, 3, -1) == 20000 / 209 + 1);
    end(&f);
  }
}

// What does not fit into a window goes on behind a state that is saved and loaded, in the midst of buffers too.
static void a_state_goes_on(void) {
  struct fixture f, g;
  begin(&f);
  begin(&g);
  wg_gpu_set_ring(g.g, DATA + 0x1000, 5); // which it forgets
  struct fixture *both[2] = {&f, &g};
  for (int i = 0; i < 2; i++) { // what lies in memory is saved elsewhere
    put(both[i], DATA, TYPE3(0x3F, 2));
    put(both[i], DATA + 4, DATA + 0x100);
    put(both[i], DATA + 8, 7);
    put(both[i], DATA + 12, TYPE3(0x54, 1));
    put(both[i], DATA + 16, 0x10);
    const uint32_t inner[] = {TYPE3(0x64, 4), 0x53574150, 0x5000, 1, 2, 0x00000000u | SCRATCH, 0x77};
    for (uint32_t k = 0; k < 7; k++) put(both[i], DATA + 0x100 + 4 * k, inner[k]);
    const uint32_t ring[] = {TYPE3(0x64, 4), 0, 0, 0, 0, TYPE3(0x3F, 2), DATA, 5, TYPE3(0x58, 3), 0x80000003u,
                             DATA + 0x202,   0};
    for (uint32_t k = 0; k < 12; k++) put(both[i], RING + 4 * k, ring[k]);
  }
  wg_gpu_set_rptr_writeback(f.g, DATA + 0x80);
  wg_gpu_set_callback(f.g, HANDLER, 7);
  wg_gpu_swap_asked(f.g);
  (void)reg(&f, SCRATCH);
  set_reg(&f, WPTR, 12);
  run(&f); // to the second flip, which waits for a blank
  CU_ASSERT_TRUE(f.swaps == 1 && f.interrupts == 0);
  struct wg_archive save, load, again;
  struct wg_err err = {0};
  wg_archive_save(&save, NULL);
  wg_gpu_state(&save, f.g);
  wg_archive_load(&load, "a state", save.out.data, save.out.len, NULL, &err);
  wg_gpu_state(&load, g.g);
  CU_ASSERT_TRUE(!load.failed && load.at == save.out.len);
  wg_archive_save(&again, NULL);
  wg_gpu_state(&again, g.g);
  CU_ASSERT_TRUE(again.out.len == save.out.len && memcmp(again.out.data, save.out.data, save.out.len) == 0);
  g.clock.now = f.clock.now;
  wg_clock_after(&g.clock, WG_VBLANK_NS, false, WG_DUE_VBLANK, NULL); // the clock's own state has it
  for (int i = 0; i < 2; i++) {
    struct fixture *x = both[i];
    x->uses = 0;
    run(x);
    CU_ASSERT_EQUAL(x->swaps, i == 0);
    x->clock.now = WG_VBLANK_NS;
    wg_clock_fire(&x->clock);
    run(x);
    CU_ASSERT_TRUE(x->swaps == (i == 0 ? 2 : 1) && x->addr == 0x5000 && x->count == 1 && x->cpus == 1u << 4);
    CU_ASSERT_TRUE(word(x, DATA + 0x200) == 3 && word(x, DATA + 0x80) == 12); // two flips and a blank
    CU_ASSERT_TRUE(reg(x, SCRATCH) == 0x77 && x->uses == 0 && wg_gpu_frames(x->g) == 1);
    CU_ASSERT_TRUE(wg_gpu_packets(x->g, 3, -1) == 6 && wg_gpu_packets(x->g, 3, 0x3F) == 2 &&
                   wg_gpu_packets(x->g, 0, -1) == 1);
  }
  wg_archive_release(&again);
  wg_archive_release(&load);
  wg_archive_release(&save);
  end(&g);
  end(&f);
}

WG_MAIN("gpu", {"what is told takes its time", what_is_told_takes_its_time}, {"a state goes on", a_state_goes_on},
        {"packets of registers", packets_of_registers}, {"constants have their places", constants_have_their_places},
        {"words are swapped as addresses say", words_are_swapped_as_addresses_say},
        {"comparisons are the eight", comparisons_are_the_eight}, {"waits hold up the ring", waits_hold_up_the_ring},
        {"buffers lie in each other", buffers_lie_in_each_other}, {"events are written", events_are_written},
        {"interrupts go where bits say", interrupts_go_where_bits_say},
        {"packets are executed for bins", packets_are_executed_for_bins},
        {"what it cannot execute is told", what_it_cannot_execute_is_told},
        {"flips wait for the blank", flips_wait_for_the_blank}, {"registers are read", registers_are_read},
        {"the ring is read to its end", the_ring_is_read_to_its_end}, {"its time is bounded", its_time_is_bounded})
