// The interpreter as a machine: decoded pages, limits, faults, the record of branches. What single instructions compute
// is the vectors' and the fuzzers' to check.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "emu/cpu/branch.h"
#include "emu/cpu/estimate.h"
#include "emu/cpu/fpu.h"
#include "emu/cpu/harness.h"
#include "emu/cpu/softfp.h"
#include "replay/walk.h"
#include "tests/random.h"
#include "tests/suite.h"

#define BASE 0x82010000u
#define BLR 0x4E800020u
#define NOP 0x60000000u
#define LI(r, v) (0x38000000u | (uint32_t)(r) << 21 | (uint16_t)(v))

static struct wg_harness *machine(void) {
  struct wg_harness *h = NULL;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_harness_create(&h, &err), WG_OK);
  return h;
}

static void code(struct wg_harness *h, uint32_t at, const uint32_t *words, size_t n) {
  uint8_t b[256];
  CU_ASSERT_FATAL(n <= sizeof b / 4);
  for (size_t i = 0; i < n; i++) wg_store_be32(b + 4 * i, words[i]);
  CU_ASSERT_TRUE_FATAL(wg_harness_map(h, at, b, (uint32_t)(4 * n)));
}
#define CODE(h, at, ...) code(h, at, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static const char *run(struct wg_harness *h, uint32_t pc, uint64_t limit) {
  struct wg_buf detail = {0};
  const char *bad = wg_harness_run(h, pc, limit, &detail);
  bool failed = bad != NULL;
  wg_buf_release(&detail);
  return failed ? "failed" : NULL;
}

// A handler that returned instead of going on would use a frame of the host's stack for each instruction.
static void test_no_stack_growth(void) {
  struct wg_harness *h = machine();
  size_t n;
  const struct wg_insn_info *rows = wg_insn_table(&n);
  for (size_t i = 0; i < n; i++) {
    uint32_t w = rows[i].value;
    if (strcmp(rows[i].name, "sc") == 0 || w >> 26 == 16 || w >> 26 == 18 || w >> 26 == 19) continue;
    if (w == 0x7C0002A6 || w == 0x7C0003A6) w |= 9u << 16; // mfctr, mtctr
    wg_harness_reset(h);
    uint8_t page[WG_PAGE];
    for (uint32_t at = 0; at < WG_PAGE; at += 4) wg_store_be32(page + at, w);
    wg_store_be32(page + WG_PAGE - 4, 0x48000000u | ((0 - (WG_PAGE - 4)) & 0x03FFFFFCu)); // b BASE
    wg_harness_map(h, BASE, page, sizeof page);
    wg_harness_map(h, 0, NULL, WG_PAGE); // effective addresses are all near 0
    wg_harness_map(h, 0xFFFFF000u, NULL, WG_PAGE);
    h->cpu.gpr[1] = 0;
    h->cpu.pc = BASE;
    enum wg_stop stop = wg_cpu_run(&h->cpu, 400000);
    if (stop != WG_STOP_NONE) CU_ASSERT_EQUAL(stop, WG_STOP_TRAP); // only what must stop may
    if (stop == WG_STOP_NONE) CU_ASSERT(h->cpu.cycle >= 400000);
  }
  wg_harness_free(h);
}

static void test_self_modifying(void) {
  struct wg_harness *h = machine();
  // The loop runs `li r3, 1` first, then what the guest stored over it: `li r3, 2`. No icbi: stores are seen at once.
  CODE(h, BASE, LI(5, 0), /* 1: */ LI(3, 1), 0x38A50001 /* addi r5,r5,1 */, 0x90C70004 /* stw r6,4(r7) */,
       0x2C050002 /* cmpwi r5,2 */, 0x4082FFF0 /* bne 1b */, BLR);
  h->cpu.gpr[6] = LI(3, 2);
  h->cpu.gpr[7] = BASE;
  CU_ASSERT_PTR_NULL(run(h, BASE, 1000));
  CU_ASSERT_EQUAL(h->cpu.gpr[3], 2);
  CU_ASSERT_EQUAL(h->cpu.gpr[5], 2);

  // The second half of a pair that executes as one, changed between two passes, also through another mirror.
  for (uint32_t mirror = 0; mirror <= 0x10000000u; mirror += 0x10000000u) {
    wg_harness_reset(h);
    CODE(h, BASE, LI(5, 0), /* 1: */ 0x38A50001 /* addi r5,r5,1 */, 0x2C050005 /* cmpwi r5,5 */,
         0x4182000C /* beq 2f */, 0x90C7000C /* stw r6,12(r7) */, 0x4BFFFFF0 /* b 1b */, /* 2: */ BLR);
    if (mirror) wg_harness_map(h, BASE + mirror, NULL, 4);
    wg_store_be32(h->mem->base + BASE, LI(5, 0)); // mapping the mirror cleared the page
    const uint32_t again[] = {LI(5, 0), 0x38A50001, 0x2C050005, 0x4182000C, 0x90C7000C, 0x4BFFFFF0, BLR};
    for (size_t i = 0; i < 7; i++) wg_store_be32(h->mem->base + BASE + 4 * i, again[i]);
    h->cpu.gpr[6] = 0x4081000C; // ble 2f: true at once
    h->cpu.gpr[7] = BASE + mirror;
    CU_ASSERT_PTR_NULL(run(h, BASE, 1000));
    CU_ASSERT_EQUAL(h->cpu.gpr[5], 2);
  }
  wg_harness_free(h);
}

static void test_pair_entered_in_the_middle(void) {
  struct wg_harness *h = machine();
  // cmpwi+beq execute as one; a branch to the beq alone must find it.
  CODE(h, BASE, 0x2C030000 /* cmpwi r3,0 */, 0x41820008 /* beq +8 */, LI(4, 1), 0x2C050000 /* cmpwi r5,0 */,
       0x4082000C /* bne +12 */, LI(5, 1), 0x4BFFFFEC /* b BASE+4: cr0 is EQ from r5 */, BLR);
  h->cpu.gpr[3] = 1;
  CU_ASSERT_PTR_NULL(run(h, BASE, 100));
  CU_ASSERT_EQUAL(h->cpu.gpr[4], 1);
  CU_ASSERT_EQUAL(h->cpu.gpr[5], 1);
  CU_ASSERT_EQUAL(h->cpu.cycle, 2 + 1 + 2 + 1 + 1 + 1 + 2 + 1);
  wg_harness_free(h);
}

static void test_protection(void) {
  struct wg_harness *h = machine();
  CODE(h, BASE, 0x80640000 /* lwz r3,0(r4) */, 0x90640004 /* stw r3,4(r4) */, BLR);
  uint8_t word[8] = {0, 0, 0, 7};
  wg_harness_map(h, 0x10000000, word, sizeof word);
  h->cpu.gpr[4] = 0x10000000;
  CU_ASSERT_PTR_NULL(run(h, BASE, 10));
  wg_mem_protect(h->mem, 0x10000000, WG_PAGE, WG_PROT_READONLY);
  CU_ASSERT_PTR_NOT_NULL(run(h, BASE, 10));
  CU_ASSERT_EQUAL(h->cpu.stop, WG_STOP_STORE);
  CU_ASSERT_EQUAL(h->cpu.fault_addr, 0x10000004);
  CU_ASSERT_EQUAL(h->cpu.pc, BASE + 4);
  wg_mem_protect(h->mem, 0x10000000, WG_PAGE, WG_PROT_NOACCESS);
  CU_ASSERT_PTR_NOT_NULL(run(h, BASE, 10));
  CU_ASSERT_EQUAL(h->cpu.stop, WG_STOP_LOAD);
  CU_ASSERT_EQUAL(h->cpu.pc, BASE);
  // Decoded code does not outlive the right to read it, nor its memory.
  wg_mem_protect(h->mem, BASE, WG_PAGE, WG_PROT_NOACCESS);
  CU_ASSERT_PTR_NOT_NULL(run(h, BASE, 10));
  CU_ASSERT_EQUAL(h->cpu.stop, WG_STOP_FETCH);
  wg_mem_protect(h->mem, BASE, WG_PAGE, WG_PROT_READONLY);
  CU_ASSERT_PTR_NOT_NULL(run(h, BASE, 10));
  CU_ASSERT_EQUAL(h->cpu.stop, WG_STOP_LOAD);
  // A load across two pages needs both.
  wg_mem_protect(h->mem, 0x10000000, WG_PAGE, WG_PROT_READWRITE);
  h->cpu.gpr[4] = 0x10000FFE;
  CU_ASSERT_PTR_NOT_NULL(run(h, BASE, 10));
  CU_ASSERT_EQUAL(h->cpu.stop, WG_STOP_LOAD);
  wg_harness_free(h);
}

static void test_alignment(void) {
  struct wg_harness *h = machine();
  CODE(h, BASE, 0x7C602028 /* lwarx r3,0,r4 */, BLR);
  wg_harness_map(h, 0x10000000, NULL, 16);
  h->cpu.gpr[4] = 0x10000002;
  CU_ASSERT_PTR_NOT_NULL(run(h, BASE, 10));
  CU_ASSERT_EQUAL(h->cpu.stop, WG_STOP_ALIGNMENT);
  CU_ASSERT_EQUAL(h->cpu.fault_addr, 0x10000002);
  h->cpu.gpr[4] = 0x10000004;
  CU_ASSERT_PTR_NULL(run(h, BASE, 10));
  wg_harness_free(h);
}

static void test_undefined(void) {
  struct wg_harness *h = machine();
  CODE(h, BASE, NOP, 0x00000000, BLR);
  CU_ASSERT_PTR_NOT_NULL(run(h, BASE, 10));
  CU_ASSERT_EQUAL(h->cpu.stop, WG_STOP_ILLEGAL);
  CU_ASSERT_EQUAL(h->cpu.pc, BASE + 4);
  CU_ASSERT_EQUAL(h->cpu.cycle, 1);
  // Straight into the next page, which does not exist.
  h->cpu.cycle = 0;
  CODE(h, BASE + WG_PAGE - 8, NOP, NOP);
  CU_ASSERT_PTR_NOT_NULL(run(h, BASE + WG_PAGE - 8, 10));
  CU_ASSERT_EQUAL(h->cpu.stop, WG_STOP_FETCH);
  CU_ASSERT_EQUAL(h->cpu.pc, BASE + WG_PAGE);
  CU_ASSERT_EQUAL(h->cpu.cycle, 2);
  wg_harness_free(h);
}

// A program with every kind of branch: calls two deep, conditional returns, a table jump, counted loops.
static void branchy(struct wg_harness *h) {
  CODE(h, BASE, 0x7FE802A6 /* mflr r31 */, LI(30, 200), /* loop: */ 0x48000029 /* bl f */, 0x7FA903A6 /* mtctr r29 */,
       0x4E800421 /* bctrl */, 0x37DEFFFF /* addic. r30,r30,-1 */, 0x4082FFF0 /* bne loop */, 0x7FE803A6 /* mtlr r31 */,
       BLR, NOP, NOP, NOP,
       /* f, BASE+0x30 */ 0x7F8802A6 /* mflr r28 */, 0x48000015 /* bl g */, 0x7F8803A6 /* mtlr r28 */,
       0x73C00001 /* andi. r0,r30,1 */, 0x4D820020 /* beqlr */, BLR,
       /* g, BASE+0x48 */ LI(5, 3), 0x7CA903A6 /* mtctr r5 */, 0x38630001 /* addi r3,r3,1 */, 0x4200FFFC /* bdnz -4 */,
       BLR, NOP,
       /* t, BASE+0x60 */ 0x38840001 /* addi r4,r4,1 */, BLR);
  h->cpu.gpr[29] = BASE + 0x60;
}

struct collected {
  struct wg_mem *mem;
  uint64_t taken[8192];
  size_t n, packets;
};

static bool fetch(void *ctx, uint32_t pc, uint32_t *word) {
  const struct collected *c = ctx;
  *word = wg_load_be32(c->mem->base + pc);
  return true;
}
static bool step(void *ctx, const struct wg_walk_step *s) {
  struct collected *c = ctx;
  if (s->taken && c->n < 8192) c->taken[c->n++] = s->cycle << 32 | s->target;
  return true;
}
static void sink(void *ctx, const struct wg_branch_packet *p) {
  struct collected *c = ctx;
  struct wg_err err = {0};
  struct wg_walk w = {.fetch = fetch, .ctx = c};
  const struct wg_walk_taker to = {step, NULL, c};
  wg_walk_open(&w);
  CU_ASSERT_EQUAL(wg_walk_packet(&w, p, &to, &err), WG_OK);
  wg_walk_close(&w);
  if (err.code) puts(err.msg);
  c->packets++;
}

// What the record says against where the processor really was after every taken branch, run in steps of one; and the
// same record, registers and count whatever the length of a run.
static void test_branches(void) {
  struct wg_harness *h = machine();
  struct collected *whole = calloc(1, sizeof *whole), *stepped = calloc(1, sizeof *stepped);
  whole->mem = stepped->mem = h->mem;
  branchy(h);
  h->cpu.branches->sink = sink;
  h->cpu.branches->ctx = whole;
  CU_ASSERT_PTR_NULL(run(h, BASE, 1000000));
  wg_branches_close(&h->cpu);
  uint64_t cycles = h->cpu.cycle, r3 = h->cpu.gpr[3], r4 = h->cpu.gpr[4];
  CU_ASSERT_EQUAL(r3, 600);
  CU_ASSERT_EQUAL(r4, 200);

  wg_harness_reset(h);
  branchy(h);
  h->cpu.branches->sink = sink;
  h->cpu.branches->ctx = stepped;
  h->cpu.pc = BASE;
  size_t n = 0;
  bool same = true;
  while (h->cpu.stop == WG_STOP_NONE) {
    wg_cpu_run(&h->cpu, h->cpu.cycle + 1);
    // After a taken branch: its cycle is the one before, its target is here.
    if (n < whole->n && whole->taken[n++] != ((h->cpu.cycle - 1) << 32 | h->cpu.pc)) same = false;
  }
  wg_branches_close(&h->cpu);
  CU_ASSERT_TRUE(same);
  CU_ASSERT_EQUAL(n, whole->n);
  CU_ASSERT_EQUAL(whole->n, 200 * 9); // bne falls through once, the last blr adds one
  CU_ASSERT_EQUAL(h->cpu.cycle, cycles);
  CU_ASSERT_EQUAL(h->cpu.gpr[3], r3);
  CU_ASSERT_EQUAL(stepped->n, whole->n);
  CU_ASSERT_EQUAL(stepped->packets, whole->packets);
  CU_ASSERT_EQUAL(memcmp(stepped->taken, whole->taken, sizeof whole->taken), 0);
  free(whole);
  free(stepped);
  wg_harness_free(h);
}

// A walk that is told of rounds that come again gives the same steps once they are written out.
#define MOST_STEPS 65536u

struct told {
  struct wg_mem *mem;
  struct wg_walk_step *steps;
  size_t n;
  uint64_t rounds, times;
};

static bool fetch_told(void *ctx, uint32_t pc, uint32_t *word) {
  const struct told *t = ctx;
  *word = wg_load_be32(t->mem->base + pc);
  return true;
}

static bool tell(void *ctx, const struct wg_walk_step *s) {
  struct told *t = ctx;
  if (t->n < MOST_STEPS) t->steps[t->n++] = *s;
  return true;
}

static void tell_again(void *ctx, const struct wg_walk_round *r) {
  struct told *t = ctx;
  t->rounds++;
  t->times += r->times;
  for (uint64_t k = 1; k <= r->times; k++)
    for (size_t i = 0; i < r->n; i++) {
      struct wg_walk_step s = r->steps[i];
      s.cycle += k * r->length;
      tell(t, &s);
    }
}

static bool same_steps(const struct told *a, const struct told *b) {
  if (a->n != b->n) return false;
  for (size_t i = 0; i < a->n; i++) {
    const struct wg_walk_step *x = &a->steps[i], *y = &b->steps[i];
    if (x->tid != y->tid || x->hw != y->hw || x->cycle != y->cycle || x->pc != y->pc || x->word != y->word ||
        x->taken != y->taken || x->target != y->target)
      return false;
  }
  return true;
}

static void walk_both_ways(void *ctx, const struct wg_branch_packet *p) {
  struct told *t = ctx, one = {.mem = t->mem, .steps = calloc(MOST_STEPS, sizeof *one.steps)};
  struct wg_err err = {0};
  struct wg_walk w = {.fetch = fetch_told, .ctx = t};
  t->n = 0;
  wg_walk_open(&w);
  CU_ASSERT_EQUAL(wg_walk_packet(&w, p, &(struct wg_walk_taker){tell, NULL, &one}, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_walk_packet(&w, p, &(struct wg_walk_taker){tell, tell_again, t}, &err), WG_OK);
  CU_ASSERT_TRUE(same_steps(&one, t));
  // What is not what ran is not, either way.
  struct wg_branch_packet cut = *p;
  cut.nbits -= cut.nbits > 0;
  CU_ASSERT_EQUAL(wg_walk_packet(&w, &cut, &(struct wg_walk_taker){tell, NULL, &one}, &err), WG_INPUT);
  CU_ASSERT_EQUAL(wg_walk_packet(&w, &cut, &(struct wg_walk_taker){tell, tell_again, t}, &err), WG_INPUT);
  wg_walk_close(&w);
  free(one.steps);
}

static void test_rounds(void) {
  struct wg_harness *h = machine();
  struct told t = {.mem = h->mem, .steps = calloc(MOST_STEPS, sizeof *t.steps)};
  // Calls within a loop, a counted loop within those, and one round of 500 that goes another way.
  CODE(h, BASE, 0x7FE802A6 /* mflr r31 */, LI(30, 500), /* loop: */ 0x48000021 /* bl f */,
       0x2C1E0064 /* cmpwi r30,100 */, 0x4082000C /* bne +12 */, LI(29, 1), NOP, 0x37DEFFFF /* addic. r30,r30,-1 */,
       0x4082FFE8 /* bne loop */, 0x48000034 /* b end */,
       /* f, BASE+0x28 */ 0x7F8802A6 /* mflr r28 */, 0x4800000D /* bl g */, 0x7F8803A6 /* mtlr r28 */, BLR,
       /* g, BASE+0x38 */ LI(5, 5), 0x7CA903A6 /* mtctr r5 */, 0x38630001 /* addi r3,r3,1 */, 0x4200FFFC /* bdnz -4 */,
       BLR, NOP, NOP, NOP,
       /* end, BASE+0x58 */ 0x7FE803A6 /* mtlr r31 */, BLR);
  h->cpu.branches->sink = walk_both_ways;
  h->cpu.branches->ctx = &t;
  CU_ASSERT_PTR_NULL(run(h, BASE, 1000000));
  wg_branches_close(&h->cpu);
  CU_ASSERT_EQUAL(h->cpu.gpr[3], 2500);
  CU_ASSERT_EQUAL(h->cpu.gpr[29], 1);
  CU_ASSERT_TRUE(t.rounds > 0 && t.rounds < 30 && t.times > 450);
  free(t.steps);
  wg_harness_free(h);
}

static bool goes_on(void *ctx, const struct wg_cpu *c) {
  (void)ctx, (void)c;
  return true;
}

// A limit ends a run at the first taken branch or page end from there on, and nowhere else.
static void test_limit(void) {
  struct wg_harness *h = machine();
  CODE(h, BASE, NOP, NOP, NOP, 0x48000008 /* b +8 */, NOP, BLR);
  h->cpu.pc = BASE;
  CU_ASSERT_EQUAL(wg_cpu_run(&h->cpu, 2), WG_STOP_NONE);
  CU_ASSERT_EQUAL(h->cpu.pc, BASE + 0x14);
  CU_ASSERT_EQUAL(h->cpu.cycle, 4);
  CU_ASSERT_EQUAL(wg_cpu_run(&h->cpu, 4), WG_STOP_NONE); // reached already
  CU_ASSERT_EQUAL(h->cpu.cycle, 4);
  wg_harness_free(h);
}

// Titles have most of physical memory, and the views of it reach where what the kernel calls returns to.
static void test_returns_where_memory_is(void) {
  for (int steps = 0; steps < 2; steps++) {
    struct wg_harness *h = machine();
    const struct wg_cpu_steps all = {.before = goes_on};
    CODE(h, BASE, LI(3, 1), BLR);
    CODE(h, WG_HARNESS_LR & ~0xFFFu, NOP);
    h->cpu.pc = BASE;
    CU_ASSERT_EQUAL(steps ? wg_cpu_run_in_steps(&h->cpu, 100, &all) : wg_cpu_run(&h->cpu, 100), WG_STOP_FETCH);
    CU_ASSERT_EQUAL(h->cpu.pc, WG_HARNESS_LR);
    CU_ASSERT_EQUAL(h->cpu.cycle, 2);
    wg_harness_free(h);
  }
}

// Enabled exceptions, by the books (Book I, 4.4): qemu turns them into signals, so the fuzzer cannot.
static void test_enabled_exceptions(void) {
  const uint64_t one = 0x3FF0000000000000, max = 0x7FEFFFFFFFFFFFFF, min = 0x0010000000000000, inf = 0x7FF0000000000000;
  struct wg_fp_result r = wg_fp_compute(WG_FP_DIV, false, one, 0, 0, WG_FPSCR_ZE);
  CU_ASSERT_TRUE(r.keep);
  CU_ASSERT_EQUAL(r.status, WG_FPSCR_ZX);
  r = wg_fp_compute(WG_FP_SUB, false, inf, inf, 0, WG_FPSCR_VE);
  CU_ASSERT_TRUE(r.keep);
  CU_ASSERT_EQUAL(r.status, WG_FPSCR_VXISI);
  // Overflow: the exponent is 1536 too small. max + max = 2 * max.
  r = wg_fp_compute(WG_FP_ADD, false, max, max, 0, WG_FPSCR_OE);
  CU_ASSERT_FALSE(r.keep);
  CU_ASSERT_EQUAL(r.bits, 0x1FFFFFFFFFFFFFFF); // 1.111...b * 2^(1024 - 1536)
  CU_ASSERT_EQUAL(r.status & (WG_FPSCR_OX | WG_FPSCR_XX), WG_FPSCR_OX);
  // Underflow: 1536 too large, and UX without a loss of accuracy. min * 1/2 = 2^-1023.
  r = wg_fp_compute(WG_FP_MUL, false, min, 0, 0x3FE0000000000000, WG_FPSCR_UE);
  CU_ASSERT_EQUAL(r.bits, (uint64_t)(1023 - 1023 + 1536) << 52);
  CU_ASSERT_EQUAL(r.status & (WG_FPSCR_UX | WG_FPSCR_XX), WG_FPSCR_UX);
  r = wg_fp_compute(WG_FP_MUL, false, min, 0, 0x3FE0000000000000, 0);
  CU_ASSERT_EQUAL(r.bits, 0x0008000000000000);
  CU_ASSERT_EQUAL(r.status & (WG_FPSCR_UX | WG_FPSCR_XX), 0);
}

static double single(uint32_t w) {
  float f;
  memcpy(&f, &w, sizeof f);
  return (double)f;
}

// The books' bounds hold over every piece of every curve, and neighbouring pieces meet: a slip in one of the tables'
// numbers, which the recorded values (tests/vectors/console.jsonl) do not reach, breaks one or the other.
static void test_estimates(void) {
  double worst[4] = {0}, jump[2] = {0}, last[2] = {0};
  for (uint32_t w = 0x3F800000; w < 0x40800000; w += 0x40) { // 1 to 4
    double x = single(w), re = single(wg_estimate_reciprocal(w)) * x, rs = single(wg_estimate_rsqrt(w)) * sqrt(x);
    double e[4] = {re - 1, rs - 1, single(wg_estimate_log2(w)) - log2(x), single(wg_estimate_exp2(w)) / exp2(x) - 1};
    for (int i = 0; i < 4; i++) worst[i] = fmax(worst[i], fabs(e[i]));
    for (int i = 0; i < 2 && w > 0x3F800000; i++) jump[i] = fmax(jump[i], fabs(e[i] - last[i]));
    for (int i = 0; i < 2; i++) last[i] = e[i];
  }
  CU_ASSERT_TRUE(worst[0] <= 1.0 / 4096);
  CU_ASSERT_TRUE(worst[1] <= 1.0 / 4096);
  CU_ASSERT_TRUE(worst[2] <= 1.0 / 32);
  CU_ASSERT_TRUE(worst[3] <= 1.0 / 16);
  CU_ASSERT_TRUE(jump[0] <= 1.0 / 5000); // between two pieces, at 1.6875
  CU_ASSERT_TRUE(jump[1] <= 1.0 / 8000);
  for (unsigned i = 0; i < 128; i++) {
    double fraction = (1 + wg_estimate_fres(i) / 8388608.0) / 2;
    CU_ASSERT_TRUE(fabs(fraction * (1 + i / 128.0) - 1) <= 1.0 / 256);
    CU_ASSERT_TRUE(fabs(fraction * (1 + (i + 1) / 128.0) - 1) <= 1.0 / 256);
  }
  for (unsigned i = 0; i < 16; i++) {
    double fraction = (1 + wg_estimate_frsqrte(i) / 256.0) / 2, x = (1 + i % 8 / 8.0) * (i < 8 ? 1 : 2);
    CU_ASSERT_TRUE(fabs(fraction * sqrt(x) - 1) <= 1.0 / 32);
    CU_ASSERT_TRUE(fabs(fraction * sqrt(x + (i < 8 ? 0.125 : 0.25)) - 1) <= 1.0 / 32);
  }
}

// FPSCR[NI]: denormal operands and results are zeros of their sign; nothing under qemu has it.
static void test_non_ieee(void) {
  const uint64_t tiny = 0x8000000000000001, one = 0x3FF0000000000000, min = 0x0010000000000000,
                 half = 0x3FE0000000000000;
  struct wg_fp_result r = wg_fp_compute(WG_FP_ADD, false, tiny, tiny, 0, WG_FPSCR_NI);
  CU_ASSERT_EQUAL(r.bits, 0x8000000000000000);
  CU_ASSERT_EQUAL(r.status & WG_FPSCR_UX, 0);
  r = wg_fp_compute(WG_FP_DIV, false, one, tiny, 0, WG_FPSCR_NI);
  CU_ASSERT_EQUAL(r.bits, 0xFFF0000000000000);
  CU_ASSERT_EQUAL(r.status & WG_FPSCR_ZX, WG_FPSCR_ZX);
  r = wg_fp_compute(WG_FP_MUL, false, min, 0, half, WG_FPSCR_NI);
  CU_ASSERT_EQUAL(r.bits, 0);
  CU_ASSERT_EQUAL(r.status & (WG_FPSCR_UX | WG_FPSCR_XX), WG_FPSCR_UX | WG_FPSCR_XX);
  r = wg_fp_compute(WG_FP_ROUND, true, 0, 0x3800000000000000, 0, WG_FPSCR_NI); // 2^-127, a denormal single
  CU_ASSERT_EQUAL(r.bits, 0);
  r = wg_fp_compute(WG_FP_ROUND, true, 0, 0x3800000000000000, 0, 0);
  CU_ASSERT_EQUAL(r.bits, 0x3800000000000000);
  // A single-precision sum that would be a NaN is none: the operand is a zero by then.
  r = wg_fp_compute(WG_FP_ADD, true, one, tiny, 0, WG_FPSCR_NI);
  CU_ASSERT_EQUAL(r.bits, one);
  r = wg_fp_compute(WG_FP_ADD, true, one, tiny, 0, 0);
  CU_ASSERT_EQUAL(r.bits, 0x7FF8000000000000);
}

// What the FPSCR says does not depend on who has looked at it on the way: whatever keeps a state, or a debugger.
static void test_fpscr_is_looked_at(void) {
#define ARITHMETIC(primary, d, a, b, c, xo)                                                                            \
  ((uint32_t)(primary) << 26 | (d) << 21 | (a) << 16 | (b) << 11 | (c) << 6 | (uint32_t)(xo) << 1)
  static const struct {
    uint32_t word; // its operands are f1 to f3
    bool compares;
  } ops[] = {{ARITHMETIC(63, 0, 1, 2, 0, 21), false},  {ARITHMETIC(59, 0, 1, 2, 0, 21), false},
             {ARITHMETIC(63, 0, 1, 0, 3, 25), false},  {ARITHMETIC(59, 0, 1, 2, 0, 18), false},
             {ARITHMETIC(63, 0, 1, 2, 3, 29), false},  {ARITHMETIC(63, 0, 0, 2, 0, 12), false},
             {ARITHMETIC(63, 0, 0, 2, 0, 846), false}, {ARITHMETIC(63, 0, 0, 2, 0, 15), false},
             {ARITHMETIC(63, 0, 0, 2, 0, 815), false}, {ARITHMETIC(63, 0, 0, 2, 0, 14), false},
             {ARITHMETIC(63, 0, 1, 2, 0, 0), true}};
  static const uint64_t values[] = {0,
                                    0x8000000000000000,
                                    0x3FF0000000000000,
                                    0xBFF8000000000000,
                                    0x3FD5555555555555,
                                    0x41E0000000000000,
                                    0x43E0000000000000,
                                    0x7FF0000000000000,
                                    0x7FF8000000000000,
                                    0x0000000000000001,
                                    0xC008CCCCCCCCCCCD};
  struct wg_harness *h = machine();
  uint64_t seed = 20261128;
  unsigned wrong = 0;
  for (int round = 0; round < 400; round++) {
    uint32_t words[8], seen[2];
    const size_t n = 2 + random_below(&seed, 6);
    for (size_t i = 0; i < n; i++) {
      size_t k = random_below(&seed, sizeof ops / sizeof *ops);
      words[i] = ops[k].word;
      for (unsigned at = 11; at <= 16; at += 5) // other registers of f0 to f7
        if (words[i] >> at & 3) words[i] ^= random_below(&seed, 2) << (at + 2);
      if (!ops[k].compares) words[i] |= random_below(&seed, 8) << 21;
    }
    uint64_t first[8];
    for (unsigned i = 0; i < 8; i++) first[i] = values[random_below(&seed, sizeof values / sizeof *values)];
    for (int looks = 0; looks < 2; looks++) {
      wg_harness_reset(h);
      memcpy(h->cpu.fpr, first, sizeof first);
      for (size_t i = 0; i < n; i += looks ? 1 : n) {
        uint32_t part[9];
        size_t m = looks ? 1 : n;
        memcpy(part, words + i, m * sizeof *part);
        part[m] = BLR;
        code(h, BASE + 0x1000 * (uint32_t)i, part, m + 1);
        CU_ASSERT_PTR_NULL(run(h, BASE + 0x1000 * (uint32_t)i, 100));
        seen[looks] = wg_cpu_fpscr(&h->cpu);
      }
    }
    wrong += seen[0] != seen[1];
  }
  CU_ASSERT_EQUAL(wrong, 0);
  wg_harness_free(h);
}

WG_MAIN("cpu", {"handlers do not grow the stack", test_no_stack_growth}, {"self-modifying code", test_self_modifying},
        {"a pair entered in the middle", test_pair_entered_in_the_middle}, {"page protection", test_protection},
        {"alignment", test_alignment}, {"undefined instructions and missing pages", test_undefined},
        {"recorded branches", test_branches}, {"rounds of branches that come again", test_rounds},
        {"limits", test_limit}, {"returns to where memory is", test_returns_where_memory_is},
        {"enabled floating-point exceptions", test_enabled_exceptions}, {"estimates", test_estimates},
        {"non-IEEE mode", test_non_ieee}, {"the FPSCR is looked at", test_fpscr_is_looked_at})
