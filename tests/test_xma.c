// The audio decoder against docs/console.md#audio: which bits of a context are what, which register does what to which
// context, and what a decoder without sound leaves.
#include "emu/apu/xma.h"

#include <stdlib.h>
#include <string.h>

#include "emu/state/archive.h"
#include "tests/suite.h"

#define CONTEXTS 320u
#define REG(n) (0x7FEA0000u + 4u * (n))

struct fixture {
  struct wg_mem *mem;
  struct wg_clock clock;
  struct wg_xma *x;
  unsigned reads, writes; // events of registers
  uint64_t addr, value;   // of the latest
};

static void begin_event(void *ctx, struct wg_event *e, enum wg_kind kind) {
  (void)ctx;
  CU_ASSERT_EQUAL(kind, WG_EV_GPU_MMIO);
  wg_ev_init(e, kind);
}

static void emit(void *ctx, struct wg_event *e) {
  struct fixture *f = ctx;
  const char *op = wg_ev_text(e, WG_K_OP);
  f->reads += op && strcmp(op, "read") == 0;
  f->writes += op && strcmp(op, "write") == 0;
  CU_ASSERT_TRUE(wg_ev_u64(e, WG_K_ADDR, &f->addr) && wg_ev_u64(e, WG_K_VALUE, &f->value));
}

static uint64_t guest_read(void *ctx, uint32_t addr, unsigned size) {
  const struct fixture *f = ctx;
  uint64_t v = 0;
  CU_ASSERT_EQUAL(size, 4);
  CU_ASSERT_TRUE(wg_mem_r32(f->mem, addr, &v));
  return v;
}

static void guest_write(void *ctx, uint32_t addr, unsigned size, uint64_t v) {
  struct fixture *f = ctx;
  CU_ASSERT_EQUAL(size, 4);
  CU_ASSERT_TRUE(wg_mem_w32(f->mem, addr, (uint32_t)v));
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
                       .read = guest_read,
                       .write = guest_write};
  f->x = wg_xma_create(&bus);
}

static void end(struct fixture *f) {
  wg_xma_free(f->x);
  wg_clock_release(&f->clock);
  wg_mem_free(f->mem);
}

static uint32_t word(const struct fixture *f, uint32_t context, uint32_t n) {
  uint64_t v = 0;
  CU_ASSERT_TRUE(wg_mem_r32(f->mem, context + 4 * n, &v));
  return (uint32_t)v;
}

static void set_word(struct fixture *f, uint32_t context, uint32_t n, uint32_t v) {
  CU_ASSERT_TRUE(wg_mem_w32(f->mem, context + 4 * n, v));
}

static uint32_t reg(const struct fixture *f, uint32_t n) {
  uint64_t v = 0;
  CU_ASSERT_TRUE(wg_mem_r32(f->mem, REG(n), &v));
  return __builtin_bswap32((uint32_t)v);
}

static void set_reg(struct fixture *f, uint32_t n, uint32_t v) {
  CU_ASSERT_TRUE(wg_mem_w32(f->mem, REG(n), __builtin_bswap32(v)));
}

static uint32_t take_all(struct fixture *f) {
  uint32_t first = wg_xma_take(f->x);
  for (uint32_t i = 1; i < CONTEXTS; i++) CU_ASSERT_EQUAL(wg_xma_take(f->x), first + 64 * i);
  return first;
}

static void there_are_320_contexts_each_its_own(void) {
  struct fixture f;
  begin(&f);
  uint32_t first = take_all(&f);
  CU_ASSERT_EQUAL(wg_mem_to_phys(first), first - 0xA0000000u);
  CU_ASSERT_EQUAL(first % 0x1000, 0);
  CU_ASSERT_EQUAL(wg_xma_take(f.x), 0);
  // Whichever is given back is the one that is had next, and it alone.
  for (uint32_t n = 0; n < CONTEXTS; n++) {
    uint32_t i = n * 7 % CONTEXTS;
    for (uint32_t w = 0; w < 16; w++) set_word(&f, first + 64 * i, w, 0xFFFFFFFF);
    wg_xma_give_back(f.x, first + 64 * i);
    CU_ASSERT_EQUAL(wg_xma_take(f.x), first + 64 * i);
    for (uint32_t w = 0; w < 16; w++) CU_ASSERT_EQUAL(word(&f, first + 64 * i, w), 0); // as new
    CU_ASSERT_EQUAL(wg_xma_take(f.x), 0);
  }
  // Of several the first.
  for (uint32_t i = CONTEXTS; i > 0; i -= 40) wg_xma_give_back(f.x, first + 64 * (i - 1));
  for (uint32_t i = 40; i <= CONTEXTS; i += 40) CU_ASSERT_EQUAL(wg_xma_take(f.x), first + 64 * (i - 1));
  CU_ASSERT_EQUAL(wg_xma_take(f.x), 0);
  end(&f);
}

static void what_is_no_context_is_not_given_back(void) {
  struct fixture f;
  begin(&f);
  wg_xma_give_back(f.x, 0); // there are none yet
  uint32_t first = take_all(&f);
  wg_xma_give_back(f.x, first - 64);
  wg_xma_give_back(f.x, first - 1);
  wg_xma_give_back(f.x, first + 64 * CONTEXTS);
  wg_xma_give_back(f.x, 0);
  wg_xma_give_back(f.x, 0xFFFFFFFF);
  CU_ASSERT_EQUAL(wg_xma_take(f.x), 0);
  end(&f);
}

// A decoder beside which all of physical memory is taken has no contexts.
static void without_memory_there_are_none(void) {
  struct fixture f;
  begin(&f);
  while (wg_mem_phys_alloc(f.mem, 0x4000, 0x1000, 0, 0x1FFFFFFF, WG_PROT_READWRITE) != UINT32_MAX) {
  }
  CU_ASSERT_EQUAL(wg_xma_take(f.x), 0);
  CU_ASSERT_EQUAL(reg(&f, 0x600), 0);
  end(&f);
}

// The words of a context, as docs/console.md#audio tells them.
static const struct {
  enum wg_xma_field field;
  uint32_t word, mask;
} places[WG_XMA_FIELDS] = {
    {WG_XMA_IN_PACKETS_0, 0, 0x00000FFF}, {WG_XMA_LOOP_COUNT, 0, 0x000FF000},   {WG_XMA_IN_VALID_0, 0, 0x00100000},
    {WG_XMA_IN_VALID_1, 0, 0x00200000},   {WG_XMA_OUT_BLOCKS, 0, 0x07C00000},   {WG_XMA_OUT_WRITE, 0, 0xF8000000},
    {WG_XMA_IN_PACKETS_1, 1, 0x00000FFF}, {WG_XMA_LOOP_SUB_END, 1, 0x0001C000}, {WG_XMA_LOOP_SUB_SKIP, 1, 0x000E0000},
    {WG_XMA_SUBFRAMES, 1, 0x00F00000},    {WG_XMA_RATE, 1, 0x18000000},         {WG_XMA_STEREO, 1, 0x20000000},
    {WG_XMA_OUT_VALID, 1, 0x80000000},    {WG_XMA_READ_OFFSET, 2, 0x03FFFFFF},  {WG_XMA_LOOP_START, 3, 0x03FFFFFF},
    {WG_XMA_LOOP_END, 4, 0x03FFFFFF},     {WG_XMA_METADATA, 4, 0x7C000000},     {WG_XMA_CURRENT, 4, 0x80000000},
    {WG_XMA_OUT_READ, 9, 0x0000001F},
};

static void fields_are_where_they_are(void) {
  struct fixture f;
  begin(&f);
  uint32_t at = wg_xma_take(f.x);
  for (size_t i = 0; i < WG_XMA_FIELDS; i++) {
    uint32_t low = places[i].mask & -places[i].mask;
    for (uint32_t w = 0; w < 16; w++) set_word(&f, at, w, 0);
    wg_xma_put(f.x, at, places[i].field, 0xFFFFFFFF); // what has no room is left out
    for (uint32_t w = 0; w < 16; w++) CU_ASSERT_EQUAL(word(&f, at, w), w == places[i].word ? places[i].mask : 0);
    CU_ASSERT_EQUAL(wg_xma_get(f.x, at, places[i].field), places[i].mask / low);
    for (uint32_t w = 0; w < 16; w++) set_word(&f, at, w, 0xFFFFFFFF);
    wg_xma_put(f.x, at, places[i].field, 1);
    for (uint32_t w = 0; w < 16; w++)
      CU_ASSERT_EQUAL(word(&f, at, w), w == places[i].word ? ~places[i].mask | low : 0xFFFFFFFF);
    CU_ASSERT_EQUAL(wg_xma_get(f.x, at, places[i].field), 1);
  }
  end(&f);
}

static void registers_tell_where_it_is(void) {
  struct fixture f;
  begin(&f);
  uint32_t base = reg(&f, 0x600);
  CU_ASSERT_EQUAL(wg_xma_take(f.x), 0xA0000000u + base);
  for (uint32_t i = 0; i < 2 * CONTEXTS; i++) { // the one after the last is the first
    CU_ASSERT_EQUAL(reg(&f, 0x606), i % CONTEXTS);
    CU_ASSERT_EQUAL(reg(&f, 0x607), (i + 2) % CONTEXTS);
  }
  CU_ASSERT_EQUAL(reg(&f, 0x601), 0);
  end(&f);
}

static void each_register_is_told_once(void) {
  struct fixture f;
  begin(&f);
  for (int times = 0; times < 3; times++)
    for (uint32_t n = 0; n < 0x4000; n += 0x3FF) {
      (void)reg(&f, n);
      if (times == 0) CU_ASSERT_TRUE(f.addr == REG(n) && f.value == 0);
      set_reg(&f, n, 0x11223344);
      if (times == 0) CU_ASSERT_TRUE(f.addr == REG(n) && f.value == 0x44332211); // as it is on the bus
    }
  CU_ASSERT_EQUAL(f.reads, 17);
  CU_ASSERT_EQUAL(f.writes, 17);
  end(&f);
}

enum { OUTPUT = 7, OUTPUT_PAGE = 0x3000 };

// A context with input 0 or 1 valid, and `blocks` of output.
static void fill(struct fixture *f, uint32_t at, uint32_t current, uint32_t output, uint32_t blocks, uint32_t read) {
  for (uint32_t w = 0; w < 16; w++) set_word(f, at, w, 0);
  set_word(f, at, 0, 0x00300000u | blocks << 22);
  set_word(f, at, 1, 0x80000000u);
  set_word(f, at, 2, 777);
  set_word(f, at, 4, current << 31);
  set_word(f, at, OUTPUT, output);
  set_word(f, at, 9, read);
}

static void a_kick_uses_input_up_and_gives_silence(void) {
  struct fixture f;
  begin(&f);
  uint32_t at = wg_xma_take(f.x);
  uint32_t output = wg_mem_phys_alloc(f.mem, OUTPUT_PAGE, 0x1000, 0, 0x1FFFFFFF, WG_PROT_READWRITE);
  for (uint32_t current = 0; current < 2; current++) {
    uint64_t before = f.clock.work;
    uint8_t *out = wg_mem_phys_write(f.mem, output, OUTPUT_PAGE);
    memset(out, 0x5A, OUTPUT_PAGE);
    fill(&f, at, current, output + 0x1000, 5, 3);
    wg_xma_kick(f.x, at);
    CU_ASSERT_EQUAL(word(&f, at, 0),
                    (current ? 0x00100000u : 0x00200000u) | 5u << 22 | 2u << 27); // up to the block before
    CU_ASSERT_EQUAL(word(&f, at, 1), 0);                                          // the output is full
    CU_ASSERT_EQUAL(word(&f, at, 2), 32);
    CU_ASSERT_EQUAL(word(&f, at, 4), current ? 0 : 0x80000000u); // the other input
    CU_ASSERT_EQUAL(word(&f, at, 9), 3);
    for (uint32_t i = 0; i < OUTPUT_PAGE; i++) CU_ASSERT_EQUAL_FATAL(out[i], i >= 0x1000 && i < 0x1500 ? 0 : 0x5A);
    CU_ASSERT_EQUAL(f.clock.work - before, 16 * 5); // a word each 16 bytes
  }
  end(&f);
}

static void a_kick_of_what_is_not_ready_does_less(void) {
  struct fixture f;
  begin(&f);
  uint32_t at = wg_xma_take(f.x);
  uint32_t output = wg_mem_phys_alloc(f.mem, 0x1000, 0x1000, 0, 0x1FFFFFFF, WG_PROT_READWRITE);
  uint8_t *out = wg_mem_phys_write(f.mem, output, 0x1000);
  memset(out, 0x5A, 0x1000);
  fill(&f, at, 0, output, 5, 0);
  set_word(&f, at, 0, 0x00200000u | 5u << 22); // the current input is not valid
  wg_xma_kick(f.x, at);
  CU_ASSERT_EQUAL(word(&f, at, 0), 0x00200000u | 5u << 22);
  CU_ASSERT_EQUAL(word(&f, at, 2), 777);
  CU_ASSERT_EQUAL(word(&f, at, 4), 0);
  fill(&f, at, 0, output, 5, 0);
  set_word(&f, at, 1, 0); // there is no room for output
  wg_xma_kick(f.x, at);
  CU_ASSERT_EQUAL(word(&f, at, 0), 0x00200000u | 5u << 22);
  CU_ASSERT_EQUAL(word(&f, at, 2), 32);
  fill(&f, at, 0, output, 0, 0); // none at all
  wg_xma_kick(f.x, at);
  CU_ASSERT_EQUAL(word(&f, at, 1), 0x80000000u);
  CU_ASSERT_EQUAL(out[0], 0x5A);
  fill(&f, at, 0, 0x1FFFF000, 1, 0); // memory that nobody has: nothing is written, time goes on
  wg_xma_kick(f.x, at);
  CU_ASSERT_EQUAL(word(&f, at, 1), 0);
  end(&f);
}

// Bit n of word w of the registers is context 32w + n.
static void registers_reach_each_context(void) {
  struct fixture f;
  begin(&f);
  set_reg(&f, 0x650, 0xFFFFFFFF); // there are none yet
  set_reg(&f, 0x6A0, 0xFFFFFFFF);
  uint32_t first = take_all(&f);
  for (uint32_t clears = 0; clears < 2; clears++)
    for (uint32_t w = 0; w < 10; w++) {
      uint32_t bits = 0x80000001u | 1u << (w + 3);
      for (uint32_t i = 0; i < CONTEXTS; i++) fill(&f, first + 64 * i, 0, 0, 0, 9);
      set_reg(&f, (clears ? 0x6A0 : 0x650) + w, bits);
      for (uint32_t i = 0; i < CONTEXTS; i++) {
        bool meant = i / 32 == w && (bits >> (i % 32) & 1);
        CU_ASSERT_EQUAL(word(&f, first + 64 * i, 2), !meant ? 777 : clears ? 0 : 32);
        CU_ASSERT_EQUAL(word(&f, first + 64 * i, 0), !meant ? 0x00300000u : clears ? 0 : 0x00200000u);
        CU_ASSERT_EQUAL(word(&f, first + 64 * i, 1), meant && clears ? 0 : 0x80000000u);
        CU_ASSERT_EQUAL(word(&f, first + 64 * i, 9), meant && clears ? 0 : 9);
      }
    }
  for (uint32_t i = 0; i < CONTEXTS; i++) fill(&f, first + 64 * i, 0, 0, 0, 9);
  static const uint32_t others[] = {0x600, 0x64F, 0x65A, 0x690, 0x69F, 0x6AA};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) set_reg(&f, others[i], 0xFFFFFFFF);
  for (uint32_t i = 0; i < CONTEXTS; i++) CU_ASSERT_EQUAL(word(&f, first + 64 * i, 0), 0x00300000u);
  end(&f);
}

// Whatever has happened to it goes on after a state was saved and loaded.
static void a_state_goes_on(void) {
  struct fixture f, g;
  begin(&f);
  begin(&g);
  uint32_t first = take_all(&f);
  wg_xma_give_back(f.x, first + 64 * 17);
  for (int i = 0; i < 5; i++) (void)reg(&f, 0x606);
  CU_ASSERT_NOT_EQUAL(wg_mem_phys_alloc(g.mem, 0x1000, 0x1000, 0, 0x1FFFFFFF, WG_PROT_READWRITE), UINT32_MAX);
  struct wg_archive save, load;
  struct wg_err err = {0};
  wg_archive_save(&save, NULL);
  wg_xma_state(&save, f.x);
  wg_archive_load(&load, "a state", save.out.data, save.out.len, NULL, &err);
  wg_xma_state(&load, g.x);
  CU_ASSERT_FALSE(load.failed);
  CU_ASSERT_EQUAL(load.at, save.out.len);
  wg_archive_release(&load);
  wg_archive_release(&save);
  CU_ASSERT_EQUAL(reg(&g, 0x600), first - 0xA0000000u);
  CU_ASSERT_EQUAL(reg(&g, 0x606), 5);
  CU_ASSERT_EQUAL(g.reads, 1); // 606 was told before
  CU_ASSERT_NOT_EQUAL(wg_mem_phys_alloc(g.mem, CONTEXTS * 64, 0x1000, 0, 0x1FFFFFFF, WG_PROT_READWRITE), UINT32_MAX);
  CU_ASSERT_EQUAL(wg_xma_take(g.x), first + 64 * 17);
  CU_ASSERT_EQUAL(wg_xma_take(g.x), 0);
  end(&g);
  end(&f);
}

WG_MAIN("xma", {"there are 320 contexts, each its own", there_are_320_contexts_each_its_own},
        {"what is no context is not given back", what_is_no_context_is_not_given_back},
        {"without memory there are none", without_memory_there_are_none},
        {"fields are where they are", fields_are_where_they_are},
        {"registers tell where it is", registers_tell_where_it_is},
        {"each register is told once", each_register_is_told_once},
        {"a kick uses input up and gives silence", a_kick_uses_input_up_and_gives_silence},
        {"a kick of what is not ready does less", a_kick_of_what_is_not_ready_does_less},
        {"registers reach each context", registers_reach_each_context}, {"a state goes on", a_state_goes_on})
