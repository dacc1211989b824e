// An instruction that is executed alone, or behind a break, does what it does in a turn: every row of the table with
// random operands, on three processors.
#include <stdio.h>
#include <string.h>

#include "emu/cpu/branch.h"
#include "emu/cpu/fpu.h"
#include "emu/cpu/harness.h"
#include "tests/random.h"
#include "tests/suite.h"

#define CODE 0x82000000u
#define DATA 0x40000000u
#define EACH 40u // operands a row

enum { IN_A_TURN, IN_STEPS, BEHIND_A_BREAK, WAYS };

static bool go_on(void *ctx, const struct wg_cpu *c) {
  (void)c;
  ++*(unsigned *)ctx;
  return true;
}
static bool do_not_stop(void *ctx, const struct wg_cpu *c) {
  (void)c;
  ++*(unsigned *)ctx;
  return false;
}

static void set(struct wg_harness *h, uint32_t word, uint64_t rng) {
  struct wg_cpu *c = &h->cpu;
  uint8_t code[8];
  wg_store_be32(code, word);
  wg_store_be32(code + 4, 0x60000000); // nop
  for (unsigned i = 0; i < 2; i++) wg_mem_w32(h->mem, CODE + 4 * i, wg_load_be32(code + 4 * i));
  for (unsigned i = 0; i < 64; i++) wg_mem_w64(h->mem, DATA + 8 * i, random_next(&rng));
  for (unsigned i = 0; i < 32; i++)
    c->gpr[i] = random_below(&rng, 3) ? DATA + random_below(&rng, 200) : random_next(&rng);
  for (unsigned i = 0; i < 32; i++)
    c->fpr[i] = random_below(&rng, 3) ? 0x3FF0000000000000ull + (random_next(&rng) >> 8) : random_next(&rng);
  for (unsigned i = 0; i < 128; i++)
    for (unsigned j = 0; j < 4; j++) c->vr[i].w[j] = (uint32_t)random_next(&rng);
  wg_cpu_set_cr(c, (uint32_t)random_next(&rng));
  wg_cpu_set_xer(c, (uint32_t)random_next(&rng));
  wg_cpu_set_fpscr(c, (uint32_t)random_next(&rng) & 0xFFF80000u);
  c->vscr = c->vrsave = 0;
  c->lr = CODE + 4;
  c->ctr = CODE + 4 + 8ull * random_below(&rng, 2);
  c->reserved = random_below(&rng, 2);
  c->reserve_addr = DATA / 128;
  c->pc = CODE;
}

static bool same(struct wg_harness *a, struct wg_harness *b) {
  struct wg_cpu *x = &a->cpu, *y = &b->cpu;
  bool vectors = memcmp(x->vr, y->vr, sizeof x->vr) == 0;
  return x->pc == y->pc && x->cycle == y->cycle && x->stop == y->stop && x->lr == y->lr && x->ctr == y->ctr &&
         vectors && memcmp(x->gpr, y->gpr, sizeof x->gpr) == 0 && memcmp(x->fpr, y->fpr, sizeof x->fpr) == 0 &&
         wg_cpu_cr(x) == wg_cpu_cr(y) && wg_cpu_xer(x) == wg_cpu_xer(y) && wg_cpu_fpscr(x) == wg_cpu_fpscr(y) &&
         x->vscr == y->vscr && x->vrsave == y->vrsave && x->msr == y->msr && x->reserved == y->reserved &&
         x->branches->trail == y->branches->trail && memcmp(a->mem->base + DATA, b->mem->base + DATA, 4096) == 0;
}

static void run(struct wg_harness *h, int way, unsigned *asked) {
  static const uint32_t at = CODE;
  const struct wg_code_breaks breaks = {&at, 1, do_not_stop, asked};
  const struct wg_cpu_steps steps = {.before = go_on, .ctx = asked};
  struct wg_cpu *c = &h->cpu;
  if (way == BEHIND_A_BREAK) wg_code_breaks(h->code, &breaks);
  if (way == IN_STEPS)
    wg_cpu_run_in_steps(c, c->cycle + 1, &steps);
  else
    wg_cpu_run(c, c->cycle + 1);
}

static void test_every_instruction(void) {
  struct wg_harness *h[WAYS];
  struct wg_err err;
  for (int i = 0; i < WAYS; i++) {
    CU_ASSERT_EQUAL_FATAL(wg_harness_create(&h[i], &err), WG_OK);
    wg_harness_map(h[i], CODE, NULL, 4096);
    wg_harness_map(h[i], DATA, NULL, 4096);
  }
  size_t n;
  const struct wg_insn_info *rows = wg_insn_table(&n);
  uint64_t rng = 1;
  unsigned wrong = 0;
  for (size_t i = 0; i < n; i++)
    for (unsigned j = 0; j < EACH; j++) {
      uint32_t word = rows[i].value | ((uint32_t)random_next(&rng) & ~rows[i].mask);
      if (word >> 26 == 18 || word >> 26 == 16)
        word = (word & ~0x0000FFF8u & (word >> 26 == 18 ? 0xFC000007u : ~0u)) | 4; // to the next
      unsigned asked[WAYS] = {0};
      for (int way = 0; way < WAYS; way++) {
        set(h[way], word, rng);
        run(h[way], way, &asked[way]);
      }
      bool ok = same(h[IN_A_TURN], h[IN_STEPS]) && same(h[IN_A_TURN], h[BEHIND_A_BREAK]);
      if (!ok && wrong++ < 10) printf("%s (%08x) does not do the same\n", rows[i].name, word);
      CU_ASSERT(asked[IN_STEPS] >= 1 && asked[BEHIND_A_BREAK] == 1);
    }
  CU_ASSERT_EQUAL(wrong, 0);
  for (int i = 0; i < WAYS; i++) wg_harness_free(h[i]);
}

WG_MAIN("steps", {"every instruction in a turn, in steps and behind a break", test_every_instruction})
