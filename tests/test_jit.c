// What is compiled does what the interpreter does, to the bit: every row of the table with random operands and random
// sequences of rows, on two processors of which one has a compiler.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sealed.h"
#include "emu/cpu/branch.h"
#include "emu/cpu/compiled.h"
#include "emu/cpu/fpu.h"
#include "emu/cpu/harness.h"
#include "emu/jit/cache.h"
#include "emu/jit/jit.h"
#include "emu/mem/watch.h"
#include "tests/random.h"
#include "tests/scratch.h"
#include "tests/suite.h"

#define CODE 0x82000000u
#define DATA 0x40000000u

// Within what is mapped, at its ends and where its pages meet.
static uint64_t address(uint64_t *rng) {
  static const uint32_t from[4] = {DATA, DATA, DATA + 4096 - 100, DATA + 8192 - 190};
  return from[random_below(rng, 4)] + random_below(rng, 200);
}

static void set_registers(struct wg_cpu *c, uint64_t rng) {
  for (unsigned i = 0; i < 32; i++) c->gpr[i] = random_below(&rng, 3) ? address(&rng) : random_next(&rng);
  for (unsigned i = 0; i < 32; i++)
    c->fpr[i] = random_below(&rng, 3) ? 0x3FF0000000000000ull + (random_next(&rng) >> 8) : random_next(&rng);
  for (unsigned i = 0; i < 128; i++)
    for (unsigned j = 0; j < 4; j++)
      c->vr[i].w[j] =
          random_below(&rng, 3) ? 0x3F800000u + (uint32_t)(random_next(&rng) >> 40) : (uint32_t)random_next(&rng);
  wg_cpu_set_cr(c, (uint32_t)random_next(&rng));
  wg_cpu_set_xer(c, (uint32_t)random_next(&rng));
  wg_cpu_set_fpscr(c, random_below(&rng, 2) ? (uint32_t)random_next(&rng) & 0xFFF80000u : 0);
  c->vscr = random_below(&rng, 2) ? 0x10000 : 0;
  c->vrsave = 0;
  c->lr = CODE + 4 * random_below(&rng, 16);
  c->ctr = CODE + 4 * random_below(&rng, 16);
  c->reserved = random_below(&rng, 2);
  c->reserve_addr = DATA / 128;
}

// Now and then it goes on behind a system call, in a packet that has room for few targets or none.
static void set_branches(struct wg_branches *b, uint64_t rng) {
  b->open = b->after_syscall = random_below(&rng, 4) == 0;
  if (b->open) b->ntargets = WG_BRANCH_TARGETS - random_below(&rng, 3);
}

static void set_code(struct wg_harness *h, const uint32_t *words, size_t n) {
  for (size_t i = 0; i < n; i++) wg_mem_w32(h->mem, CODE + 4 * (uint32_t)i, words[i]);
}

static void set(struct wg_harness *h, uint64_t rng) {
  h->cpu.cycle = 0; // after one difference all else would differ as well
  for (unsigned i = 0; i < 64; i++) wg_mem_w64(h->mem, DATA + 8 * i, random_next(&rng));
  set_registers(&h->cpu, rng);
  set_branches(h->cpu.branches, rng + 1);
  h->cpu.pc = CODE;
}

static const char *difference(struct wg_harness *a, struct wg_harness *b) {
  struct wg_cpu *x = &a->cpu, *y = &b->cpu;
  if (x->pc != y->pc) return "pc";
  if (x->cycle != y->cycle) return "cycle";
  if (x->stop != y->stop) return "stop";
  bool faults = x->stop == WG_STOP_LOAD || x->stop == WG_STOP_STORE || x->stop == WG_STOP_ALIGNMENT;
  if (faults && x->fault_addr != y->fault_addr) return "fault_addr";
  if (x->lr != y->lr || x->ctr != y->ctr) return "lr, ctr";
  if (memcmp(x->gpr, y->gpr, sizeof x->gpr) != 0) return "gpr";
  if (memcmp(x->fpr, y->fpr, sizeof x->fpr) != 0) return "fpr";
  if (memcmp(x->vr, y->vr, sizeof x->vr) != 0) return "vr";
  if (wg_cpu_cr(x) != wg_cpu_cr(y)) return "cr";
  if (wg_cpu_xer(x) != wg_cpu_xer(y)) return "xer";
  if (wg_cpu_fpscr(x) != wg_cpu_fpscr(y)) return "fpscr";
  if (x->vscr != y->vscr || x->vrsave != y->vrsave || x->msr != y->msr) return "vscr, vrsave, msr";
  if (x->reserved != y->reserved || x->reserve_addr != y->reserve_addr) return "reservation";
  if (x->branches->trail != y->branches->trail || x->branches->ntargets != y->branches->ntargets ||
      x->branches->nwords != y->branches->nwords || x->branches->top != y->branches->top ||
      memcmp(x->branches->calls, y->branches->calls, sizeof x->branches->calls) != 0 ||
      memcmp(x->branches->targets, y->branches->targets, sizeof(uint32_t) * x->branches->ntargets) != 0 ||
      memcmp(x->branches->words, y->branches->words, sizeof(uint64_t) * x->branches->nwords) != 0)
    return "branches";
  if (memcmp(a->mem->base + DATA, b->mem->base + DATA, 8192) != 0) return "data";
  return memcmp(a->mem->base + CODE, b->mem->base + CODE, 4096) != 0 ? "code" : NULL;
}

struct two {
  struct wg_harness *plain, *compiled;
  struct wg_jit_host *jit;
};

static const struct wg_jit_library *the_library(void) {
  struct wg_err err = {0};
  const struct wg_jit_library *library;
  if (wg_jit_open(&library, &err) == WG_OK) return library;
  printf("%s\n", err.msg);
  exit(77);
}

static bool begin_with(struct two *t, const struct wg_jit_options *o) {
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_harness_create(&t->plain, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_harness_create(&t->compiled, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_jit_create(&t->jit, the_library(), o, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_jit_attach(t->jit, t->compiled->code, &err), WG_OK);
  for (int i = 0; i < 2; i++) {
    struct wg_harness *h = i ? t->compiled : t->plain;
    wg_harness_map(h, CODE, NULL, 4096);
    wg_harness_map(h, DATA, NULL, 8192);
    wg_code_page(h->code, CODE >> 12);
  }
  return true;
}

static bool begin(struct two *t) { return begin_with(t, &(struct wg_jit_options){.room = 0}); }

static void end(struct two *t) {
  wg_harness_free(t->plain);
  wg_harness_free(t->compiled);
  wg_jit_free(t->jit);
}

static uint32_t random_word(const struct wg_insn_info *row, uint64_t *rng, unsigned place, unsigned n) {
  uint32_t word = row->value | ((uint32_t)random_next(rng) & ~row->mask);
  if (word >> 26 == 18 || word >> 26 == 16) { // within the sequence
    int32_t by = 4 * ((int32_t)random_below(rng, n + 1) - (int32_t)place);
    uint32_t field = word >> 26 == 18 ? 0x03FFFFFC : 0xFFFC;
    word = (word & ~field & ~2u) | ((uint32_t)by & field);
  }
  return word;
}

static void place(struct two *t, const uint32_t *words, size_t n) {
  set_code(t->plain, words, n);
  set_code(t->compiled, words, n);
  wg_jit_ask(t->jit, t->compiled->code, CODE);
}

static const char *run(struct two *t, uint64_t rng, uint64_t limit) {
  set(t->plain, rng);
  set(t->compiled, rng);
  wg_cpu_run(&t->plain->cpu, t->plain->cpu.cycle + limit);
  wg_cpu_run(&t->compiled->cpu, t->compiled->cpu.cycle + limit);
  return difference(t->plain, t->compiled);
}

static const char *again(struct two *t, const uint32_t *words, size_t n, uint64_t rng, uint64_t limit) {
  place(t, words, n);
  return run(t, rng, limit);
}

static unsigned asked(const char *name, unsigned usual) {
  const char *n = getenv(name);
  return n ? (unsigned)strtoul(n, NULL, 10) : usual;
}

// With sanitizers all of it takes three times as long, and what they look for shows in a few: one of so many is made.
#ifdef __SANITIZE_ADDRESS__
#define ONE_OF 4u
#else
#define ONE_OF 1u
#endif

#define MOST 16u
#define NOP 0x60000000u

// Tells of a difference with the fewest instructions that show it.
static unsigned try_for(struct two *t, const uint32_t *words, size_t n, uint64_t rng, unsigned most, const char *name) {
  place(t, words, n);
  const unsigned states = asked("WG_JIT_STATES", 4);
  uint64_t stepped = wg_jit_stats(t->jit).stepped;
  for (unsigned k = 0; k < states; k++) {
    if (wg_jit_stats(t->jit).stepped != stepped) wg_jit_ask(t->jit, t->compiled->code, CODE); // it is gone
    stepped = wg_jit_stats(t->jit).stepped;
    uint64_t values = random_next(&rng), limit = 1 + random_below(&rng, most);
    if (run(t, values, limit) == NULL) continue;
    uint32_t fewer[MOST];
    memcpy(fewer, words, n * sizeof *words);
    for (size_t i = 0; i < n; i++) {
      fewer[i] = NOP;
      if (again(t, fewer, n, values, limit) == NULL) fewer[i] = words[i];
    }
    const char *what = again(t, fewer, n, values, limit);
    printf("%s: other %s (pc %08x, %08x):\n", name, what ? what : "(once)", t->plain->cpu.pc, t->compiled->cpu.pc);
    for (size_t i = 0; i < n; i++) {
      const struct wg_insn_info *row = wg_insn_find(fewer[i]);
      if (fewer[i] != NOP) printf("  %08x %s\n", fewer[i], row ? row->name : "undefined");
    }
    return 1;
  }
  return 0;
}

static unsigned try(struct two *t, const uint32_t *words, size_t n, uint64_t rng, const char *name) {
  return try_for(t, words, n, rng, 400, name);
}

static void test_rows(void) {
  struct two t;
  if (!begin(&t)) return;
  size_t n;
  const struct wg_insn_info *rows = wg_insn_table(&n);
  uint64_t rng = 1;
  unsigned wrong = 0;
  const unsigned words_of_each = ONE_OF == 1 ? 2 : 1;
  for (size_t i = 0; i < n && wrong < 20; i++)
    for (unsigned j = 0; j < words_of_each; j++) {
      const uint32_t words[2] = {random_word(&rows[i], &rng, 0, 2), NOP};
      wrong += try(&t, words, 2, random_next(&rng), rows[i].name);
    }
  CU_ASSERT_EQUAL(wrong, 0);
  struct wg_jit_stats s = wg_jit_stats(t.jit);
  CU_ASSERT(s.regions >= words_of_each * n && s.refused == 0 && s.dropped == 0);
  end(&t);
}

// MOST words, the last of which ends the run.
static void random_sequence(uint32_t words[MOST], uint64_t *rng) {
  size_t n;
  const struct wg_insn_info *rows = wg_insn_table(&n);
  for (unsigned j = 0; j < MOST - 1; j++)
    words[j] = random_word(&rows[random_below(rng, (unsigned)n)], rng, j, MOST - 1);
  words[MOST - 1] = 0;
}

static void test_made(void (*make)(uint32_t words[MOST], uint64_t *rng), unsigned usual, unsigned limit,
                      const char *name) {
  struct two t;
  if (!begin(&t)) return;
  const unsigned seed = asked("WG_JIT_SEED", 0), most = asked("WG_JIT_SEQUENCES", usual / ONE_OF);
  uint64_t rng = seed ? seed * 0x9E3779B97F4A7C15u | 1 : 7;
  unsigned wrong = 0, i = 0;
  for (; i < most && wrong < 5; i++) {
    uint32_t words[MOST];
    make(words, &rng);
    wrong += try_for(&t, words, MOST, random_next(&rng), limit, name);
  }
  CU_ASSERT_EQUAL(wrong, 0);
  if (getenv("WG_JIT_SEQUENCES"))
    printf("%s: %u from %u states each, %u wrong\n", name, i, asked("WG_JIT_STATES", 4), wrong);
  end(&t);
}

static void test_sequences(void) { test_made(random_sequence, 100, 400, "a sequence"); }

// Loads and stores by two registers plus distances that may add up to more than a page, and what changes these
// registers between them, or is left out now and then.
static uint32_t made_access(uint64_t *rng, unsigned ra, uint32_t by) {
  static const uint8_t accesses[] = {32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42,
                                     44, 45, 48, 50, 51, 52, 54, 55, 58, 62};
  uint32_t op = accesses[random_below(rng, sizeof accesses)];
  return op << 26 | (5 + random_below(rng, 3)) << 21 | ra << 16 | (by & (op >= 58 ? 0xFFFC : 0xFFFF));
}
static uint32_t made_addition(unsigned rt, unsigned ra, uint32_t by) {
  return 14u << 26 | rt << 21 | ra << 16 | (by & 0xFFFF);
}
static uint32_t made_skip(uint64_t *rng) { // over one instruction, by EQ
  return 16u << 26 | (random_below(rng, 2) ? 4u : 12u) << 21 | 2u << 16 | 8;
}
static void make_accesses(uint32_t words[MOST], uint64_t *rng) {
  for (unsigned i = 0; i < MOST - 1; i++) {
    uint32_t ra = 3 + random_below(rng, 2), by = random_below(rng, random_below(rng, 4) ? 64 : 4200);
    if (random_below(rng, 3) == 0) by = 0 - by;
    words[i] = made_access(rng, ra, by);
    unsigned what = random_below(rng, 10);
    if (what == 9) words[i] = 26u << 26 | ra << 21 | ra << 16 | random_below(rng, 4096); // xori: no distance is known
    if (what == 0) words[i] = made_addition(ra, ra, by);
    if (what == 1) words[i] = made_addition(7 - ra, ra, by);
    if (what == 2) words[i] = 11u << 26 | ra << 16 | (by & 0xFFFF); // cmpwi
    if (what > 3 || i + 3 >= MOST) continue;
    words[i++] = made_skip(rng);
    words[i] = what ? made_addition(ra, ra, random_below(rng, 2) ? by : 3000 + by) : 11u << 26 | ra << 16;
    if (what == 0) words[++i] = made_skip(rng);
  }
  words[MOST - 1] = 0;
}
static void test_accesses(void) { test_made(make_accesses, 200, 60, "accesses"); }

static uint32_t x_form(unsigned rt, unsigned ra, unsigned rb, unsigned x) {
  return 31u << 26 | rt << 21 | ra << 16 | rb << 11 | x << 1 | (x == 150 || x == 214); // stwcx., stdcx.
}

// By an address and a number that is known to be small, for one reason or another, or is not.
static void make_indexed(uint32_t words[MOST], uint64_t *rng) {
  static const uint16_t accesses[] = {23,  87,  279, 343, 21, 341, 534, 790, 535, 599, 151, 215, 407, 149, 662,
                                      918, 663, 727, 983, 55, 119, 247, 20,  84,  150, 214, 135, 167, 199, 1014};
  static const uint8_t any[] = {3, 4, 8, 9, 10};
  for (unsigned i = 0; i < MOST - 1; i++) {
    uint32_t base = 3 + random_below(rng, 2), small = 8 + random_below(rng, 2), other = 5 + random_below(rng, 3);
    uint32_t first = 20 + random_below(rng, 12), last = first + random_below(rng, 32 - first);
    uint32_t from = any[random_below(rng, 4)], to = any[random_below(rng, 5)], x = accesses[random_below(rng, 30)];
    switch (random_below(rng, 10)) {
    case 0: words[i] = 34u << 26 | small << 21 | base << 16 | random_below(rng, 64); break;   // lbz
    case 1: words[i] = 28u << 26 | other << 21 | small << 16 | random_below(rng, 512); break; // andi.
    case 2:                                                                                   // rlwinm
      words[i] = 21u << 26 | other << 21 | small << 16 | random_below(rng, 32) << 11 | first << 6 | last << 1;
      break;
    case 3: words[i] = x_form(from, to, from, 444); break;  // mr
    case 4: words[i] = x_form(10, base, small, 266); break; // add
    case 5: words[i] = made_addition(to, to, random_below(rng, 200) - 100); break;
    case 6: words[i] = made_access(rng, 10, random_below(rng, 64)); break;
    case 7: words[i] = x_form(small, base, small, 87); break; // lbzx
    case 8: words[i] = x_form(other, small, base, x); break;
    default: words[i] = x_form(other, base, small, x); break;
    }
  }
  words[MOST - 1] = 0;
}
static void test_indexed(void) { test_made(make_indexed, 200, 60, "indexed"); }

// Accesses by sums of two registers of which neither is known: pointers and what a shift has left, which go on by this
// or that, change places, and are used again in other pairs.
static void make_sums(uint32_t words[MOST], uint64_t *rng) {
  static const uint16_t accesses[] = {23, 87, 279, 343, 341, 534, 151, 215, 407, 662};
  unsigned i = 0;
  for (; i < 2; i++) words[i] = x_form(5 + i, 8 + i, 19 + random_below(rng, 4), 824); // srawi r8, r5; r9, r6
  for (; i < MOST - 1; i++) {
    uint32_t base = 3 + random_below(rng, 2), index = 8 + random_below(rng, 2), one = random_below(rng, 2);
    uint32_t by = random_below(rng, 2) ? random_below(rng, 32) : 0u - random_below(rng, 300);
    switch (random_below(rng, 10)) {
    case 8: words[i] = 28u << 26 | 5u << 21 | 11u << 16 | random_below(rng, 512); break; // andi. r11, r5
    case 9: words[i] = x_form(7 - base, base, 11, 266); break;                           // add
    case 0: words[i] = made_addition(index, index, by); break;
    case 1: words[i] = made_addition(base, base, by); break;
    case 2: words[i] = one ? x_form(8, 9, 8, 444) : x_form(3, 4, 3, 444); break; // mr r9, r8; r4, r3
    case 3: words[i] = i + 2 < MOST ? made_skip(rng) : 0x60000000u; break;
    default: words[i] = x_form(10, one ? base : index, one ? index : base, accesses[random_below(rng, 10)]);
    }
  }
  words[MOST - 1] = 0;
}
static void test_sums(void) { test_made(make_sums, 600, 60, "sums"); }

// Code that is compiled while its page is given other rights: that it writes to itself is noticed there, too, though
// nothing of the page has been interpreted since.
static void test_other_rights(void) {
  static const uint32_t words[] = {0x90C50000, 0x60000000, 0x38800002, 0x60000000, 0}; // stw r6, 0(r5); li r4, 2
  struct two t;
  if (!begin(&t)) return;
  struct wg_harness *both[2] = {t.plain, t.compiled};
  place(&t, words, 5);
  for (int i = 0; i < 2; i++) {
    wg_mem_protect(both[i]->mem, CODE, 4096, WG_PROT_READONLY);
    wg_mem_protect(both[i]->mem, CODE, 4096, WG_PROT_READWRITE);
    set(both[i], 1);
    both[i]->cpu.gpr[5] = CODE + 8;
    both[i]->cpu.gpr[6] = 0x38800009; // li r4, 9
    wg_cpu_run(&both[i]->cpu, 1000);
    CU_ASSERT_EQUAL(both[i]->cpu.gpr[4], 9);
  }
  CU_ASSERT_PTR_NULL(difference(t.plain, t.compiled));
  CU_ASSERT_EQUAL(wg_jit_stats(t.jit).regions, 1);
  end(&t);
}

// lwz r5, 0(r3); addi r6, r6, 1; stw r6, 0(r3); lwz r7, 4(r3); stw r7, 8(r4); nop; ends
static const uint32_t touching[] = {0x80A30000, 0x38C60001, 0x90C30000, 0x80E30004, 0x90E40008, NOP, 0};

static void ignored(void *ctx, const struct wg_mem_access *a) {
  (void)a;
  (*(unsigned *)ctx)++;
}

// Rights that come and go between runs of the same compiled code, by any way that there is: nothing may be accessed
// that no longer may, and what listens hears as much.
static void test_rights(void) {
  static const uint32_t rights[] = {WG_PROT_READWRITE, WG_PROT_READONLY, WG_PROT_NOACCESS};
  struct two t;
  if (!begin(&t)) return;
  struct wg_harness *both[2] = {t.plain, t.compiled};
  unsigned wrong = 0, heard[2] = {0, 0};
  uint64_t rng = 3;
  place(&t, touching, 7);
  for (unsigned k = 0; k < 400; k++) {
    unsigned what = random_below(&rng, 6), page = random_below(&rng, 2), right = random_below(&rng, 3);
    for (unsigned i = 0; i < 2; i++) {
      struct wg_mem *m = both[i]->mem;
      const struct wg_mem_watch w = {DATA + 4096 * page, 8, right != 1, right != 2};
      switch (what) {
      case 0: wg_mem_protect(m, DATA + 4096 * page, 4096, rights[right]); break;
      case 1: wg_mem_watches(m, &w, 1, ignored, &heard[i]); break;
      case 2: wg_mem_watches(m, NULL, 0, NULL, NULL); break;
      case 3:
        wg_mem_track(m);
        wg_mem_note(m, (DATA >> 12) + page, 5);
        break;
      case 4: wg_mem_commit(m, DATA + 4096 * page, 4096, WG_PROT_READWRITE); break;
      default: break;
      }
      set(both[i], k);
      both[i]->cpu.gpr[3] = DATA + 4096 * random_below(&(uint64_t){rng}, 2) - 4 * (k & 1);
      both[i]->cpu.gpr[4] = DATA + 4096 * (k >> 1 & 1) + 4086;
      wg_cpu_run(&both[i]->cpu, 60);
    }
    uint64_t a, b;
    wrong += difference(t.plain, t.compiled) != NULL || heard[0] != heard[1];
    wrong += wg_mem_unchanged(t.plain->mem, DATA >> 12, &a) != wg_mem_unchanged(t.compiled->mem, DATA >> 12, &b);
  }
  CU_ASSERT_EQUAL(wrong, 0);
  CU_ASSERT(heard[1] > 50 && wg_jit_stats(t.jit).regions >= 1);
  end(&t);
}

static uint32_t counts(void *ctx, uint32_t addr, unsigned size) { return addr + size + 3 * ++*(uint32_t *)ctx; }
static void is_told(void *ctx, uint32_t addr, unsigned size, uint32_t v) { *(uint32_t *)ctx += addr + size + v; }

// A device is never accessed by compiled code: each access is the interpreter's, and when there have been many they are
// not even tried.
static void test_devices(void) {
  // lwz r5, 0(r3); stw r5, 4(r3); add r6, r6, r5; bdnz back; b to itself
  static const uint32_t words[] = {0x80A30000, 0x90A30004, 0x7CC62A14, 0x4200FFF4, 0x48000000};
  struct two t;
  if (!begin(&t)) return;
  struct wg_harness *both[2] = {t.plain, t.compiled};
  uint32_t state[2] = {0, 0};
  for (unsigned i = 0; i < 2; i++)
    wg_mem_add_mmio(both[i]->mem, &(struct wg_mmio){0x7FC80000, 0x7FC8FFFF, counts, is_told, &state[i]});
  place(&t, words, 5);
  for (unsigned i = 0; i < 2; i++) {
    set(both[i], 1);
    both[i]->cpu.gpr[3] = 0x7FC80000;
    both[i]->cpu.ctr = 500;
  }
  for (unsigned k = 1; k <= 20; k++) {
    if (k == 10) wg_jit_ask(t.jit, t.compiled->code, CODE);
    for (unsigned i = 0; i < 2; i++) wg_cpu_run(&both[i]->cpu, 100 * k);
    CU_ASSERT_PTR_NULL(difference(t.plain, t.compiled));
    CU_ASSERT(state[0] == state[1] && both[0]->mem->devices == both[1]->mem->devices);
  }
  struct wg_jit_stats s = wg_jit_stats(t.jit);
  CU_ASSERT(s.stepped == 2 && s.regions == 2);
  end(&t);
}

// Numbers that are known when the code is made, and differ by more than 31 bits hold; the code is left behind that.
static void test_known_compares(void) {
  static const uint32_t cases[][4] = {
      {0x3860FFFF, 0x28030000, 0x80A40000, 0},          // li r3, -1; cmplwi r3, 0; lwz r5, 0(r4)
      {0x38600000, 0x38A0FFFF, 0x7C032840, 0x80C40000}, // li r3, 0; li r5, -1; cmplw r3, r5; lwz r6, 0(r4)
      {0x3C608000, 0x2C037FFF, 0x80A40000, 0},          // lis r3, 0x8000; cmpwi r3, 32767; lwz r5, 0(r4)
      {0x3C607FFF, 0x2C038000, 0x90A40000, 0},          // lis r3, 0x7FFF; cmpwi r3, -32768; stw r5, 0(r4)
  };
  struct two t;
  if (!begin(&t)) return;
  uint64_t rng = 9;
  unsigned wrong = 0;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint32_t words[5] = {0};
    memcpy(words, cases[i], sizeof cases[i]);
    place(&t, words, 5);
    for (unsigned k = 0; k < 60; k++) wrong += run(&t, random_next(&rng), 60) != NULL;
  }
  CU_ASSERT_EQUAL(wrong, 0);
  end(&t);
}

// What is no access of compiled code is as fatal as ever, and to whoever heard of it before.
static void test_other_faults(void) {
  struct two t;
  if (!begin(&t)) return;
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    alarm(60);
    close(STDERR_FILENO); // a sanitizer has much to say
    raise(SIGSEGV);
    _exit(0);
  }
  int status = 0;
  CU_ASSERT(child > 0 && waitpid(child, &status, 0) == child);
  CU_ASSERT((WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) || (WIFEXITED(status) && WEXITSTATUS(status) != 0));
  end(&t);
}

// What an access has asked for says nothing of one behind it whose register may have become another.
static void test_guards(void) {
  static const uint32_t cases[][MOST] = {
      {0x80A30000, 0x41820008, 0x38630BB8, 0x80C3FFD8}, // lwz r5, 0(r3); beq over addi r3, r3, 3000; lwz r6, -40(r3)
      {0x80A30000, 0x54630026, 0x80C3FFFC},             // rlwinm r3, r3, 0, 0, 19 between; lwz r6, -4(r3)
      {0x90A30000, 0x38640000, 0x90C3FFFC},             // stw; addi r3, r4, 0; stw
      {0x80A30000, 0x80630008, 0x80C3FFFC},             // lwz r3, 8(r3) between
      {0x80A30000, 0xBBC30000, 0x80C3FFFC},             // lmw r30, 0(r3) changes no r3, and yet
      {0x83FE0000, 0xBBBE0000, 0x83FE0004},             // lmw r29, 0(r30) changes r30
      {0x80A30000, 0x7CC4186E, 0x80C40004},             // lwzux r6, r4, r3
      {0x80A30000, 0x84C30FFC, 0x80C3FFF8, 0x80E30004}, // lwzu r6, 4092(r3), and both sides of where it went
      {0x90A30000, 0x80C3FFFC, 0x90E3FFF8, 0x80E30FF8}, // stores ask for themselves alone
      {0x88A30000, 0x88C3FFFF, 0x98A3FFFE, 0x98E30FFF}, // bytes
      // li r5, 4; mtctr r5; stbu r6, 20(r3); bdnz back; stb r6, 100(r3): behind one round or several
      {0x38A00004, 0x7CA903A6, 0x9CC30014, 0x4200FFFC, 0x98C30064, 0x48000000},
  };
  struct two t;
  if (!begin(&t)) return;
  uint64_t rng = 5;
  unsigned wrong = 0;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    place(&t, cases[i], MOST);
    for (unsigned k = 0; k < 300; k++) wrong += run(&t, random_next(&rng), 20) != NULL;
  }
  CU_ASSERT_EQUAL(wrong, 0);
  end(&t);
}

// Branches, taken or not as registers that are mixed again and again decide, until the limit: words of decisions and
// packets of words become full anywhere.
static void make_branches(uint32_t words[MOST], uint64_t *rng) {
  for (unsigned i = 0; i < MOST - 1; i++) {
    uint32_t r = 3 + random_below(rng, 2), to = (random_below(rng, MOST - 1) - i) * 4;
    switch (random_below(rng, 8)) {
    case 0: words[i] = 21u << 26 | r << 21 | r << 16 | 7u << 11 | 31u << 1; break;       // rlwinm r, r, 7, 0, 31
    case 1: words[i] = 14u << 26 | r << 21 | r << 16 | random_below(rng, 0x7FFF); break; // addi
    case 2: words[i] = 31u << 26 | r << 21 | (7 - r) << 16 | r << 11 | 316u << 1; break; // xor
    case 3:
    case 4: words[i] = 28u << 26 | r << 21 | 5u << 16 | 1u << random_below(rng, 16); break; // andi.
    case 5: words[i] = 18u << 26 | (to & 0x3FFFFFC) | random_below(rng, 2); break;          // b, bl
    case 6: words[i] = 16u << 26 | 16u << 21 | (to & 0xFFFC); break;                        // bdnz
    default: words[i] = 16u << 26 | (random_below(rng, 2) ? 4u : 12u) << 21 | 2u << 16 | (to & 0xFFFC); break;
    }
    if (random_below(rng, 10) == 0) words[i] = 0x4E800020;                                     // blr
    if (random_below(rng, 10) == 0) words[i] = random_below(rng, 2) ? 0x4C820020 : 0x4D820020; // bnelr, beqlr
  }
  words[MOST - 1] = 18u << 26 | ((0u - 4 * (MOST - 1)) & 0x3FFFFFC); // once more
}
static void test_branches(void) { test_made(make_branches, 60, 120000, "branches"); }

// Calls whose returns are decided, two things noted at once, with any number of others noted before: the trail is full
// between the two as well.
static void make_returns(uint32_t words[MOST], uint64_t *rng) {
  unsigned called = 6 + random_below(rng, 3), n = random_below(rng, 5);
  words[0] = 18u << 26 | 4 * called | 1;                                          // bl
  for (unsigned i = 1; i < called - 1; i++) words[i] = i <= n ? 0x41820004 : NOP; // beq, to the next one
  words[called - 1] = 18u << 26 | ((0u - 4 * (called - 1)) & 0x3FFFFFC);          // b 0
  for (unsigned i = called; i < MOST - 1; i += 3) {
    words[i] = made_addition(4, 4, random_below(rng, 0x7FFF));
    if (i + 2 >= MOST - 1) continue;
    words[i + 1] = 28u << 26 | 4u << 21 | 5u << 16 | 1u << random_below(rng, 15); // andi. r5, r4
    words[i + 2] = random_below(rng, 2) ? 0x4C820020 : 0x4D820020;                // bnelr, beqlr
  }
  words[MOST - 1] = 18u << 26 | ((4 - 4 * (MOST - 1)) & 0x3FFFFFC); // b 4, where a call would have returned to
}
static void test_returns(void) { test_made(make_returns, 30, 20000, "returns"); }

// Small loops: rounds that end anywhere, ways out of them and over parts of them, accesses that go over ends of pages.
static void make_loops(uint32_t words[MOST], uint64_t *rng) {
  unsigned head = 2, n = 2 + random_below(rng, 8), tail = head + n - 1;
  words[0] = 14u << 26 | 9u << 21 | (1 + random_below(rng, 40)); // li r9
  words[1] = 0x7D2903A6;                                         // mtctr r9
  for (unsigned i = head; i < tail; i++) {
    uint32_t ra = 3 + random_below(rng, 2), to = i + 1 + random_below(rng, MOST - 2 - i);
    switch (random_below(rng, 6)) {
    case 0: words[i] = made_addition(ra, ra, random_below(rng, 300)); break;
    case 1: words[i] = 28u << 26 | 5u << 21 | 5u << 16 | 1u << random_below(rng, 16); break; // andi. r5, r5
    case 2: words[i] = 16u << 26 | (random_below(rng, 2) ? 4u : 12u) << 21 | 2u << 16 | (4 * (to - i)); break;
    case 3: words[i] = 31u << 26 | 5u << 21 | 5u << 16 | 6u << 11 | 266u << 1 | random_below(rng, 2); break; // add
    default: words[i] = made_access(rng, ra, random_below(rng, 40) - 8);
    }
  }
  uint32_t back = (0u - 4 * (n - 1)) & 0xFFFC;
  words[tail] = random_below(rng, 3) ? 16u << 26 | 16u << 21 | back : 16u << 26 | 4u << 21 | 2u << 16 | back;
  for (unsigned i = tail + 1; i < MOST - 1; i++) words[i] = made_access(rng, 3, 4 * i);
  words[MOST - 1] = random_below(rng, 2) ? 0 : 18u << 26 | ((0u - 4 * (MOST - 1)) & 0x3FFFFFC);
}
static void test_loops(void) { test_made(make_loops, 200, 1500, "loops"); }

// What has not been executed by the time that it is compiled is not compiled with it.
static void test_executed(void) {
  static const uint32_t words[MOST] = {
      0x38630001, // addi r3, r3, 1
      0x2C030000, // cmpwi r3, 0
      0x41820010, // beq 20
      0x7C842A14, // add r4, r4, r5
      0x4BFFFFF0, // b 0
      0x38840001, // addi r4, r4, 1
      0x4BFFFFE8, // b 0
  };
  struct two t;
  if (!begin_with(&t, &(struct wg_jit_options){.threshold = 12})) return;
  for (int i = 0; i < 2; i++) {
    struct wg_harness *h = i ? t.compiled : t.plain;
    set_code(h, words, MOST);
    set(h, 3);
    h->cpu.gpr[3] = 1;
    for (unsigned turn = 0; turn < 40; turn++) wg_cpu_run(&h->cpu, h->cpu.cycle + 1000);
  }
  CU_ASSERT_PTR_NULL(difference(t.plain, t.compiled));
  struct wg_jit_stats s = wg_jit_stats(t.jit);
  CU_ASSERT_EQUAL(s.regions, 1);
  CU_ASSERT_EQUAL(s.instructions, 5);
  end(&t);
}

// What a region falls into because it is full, or its page ends, is compiled as well, though no branch leads there: a
// loop of `n` instructions from place `from` on, over ends of pages, of which each is compiled once.
static void straight_loop(unsigned from, unsigned n, uint64_t regions) {
  struct two t;
  if (!begin_with(&t, &(struct wg_jit_options){.threshold = 12})) return;
  struct wg_harness *both[2] = {t.plain, t.compiled};
  const uint32_t first = CODE + 4 * from, last = first + 4 * (n - 1);
  for (int i = 0; i < 2; i++) {
    wg_harness_map(both[i], CODE, NULL, 8192);
    for (uint32_t at = first; at < last; at += 4) wg_mem_w32(both[i]->mem, at, 0x38630001 + at % 7); // addi r3, r3
    wg_mem_w32(both[i]->mem, last, 18u << 26 | ((first - last) & 0x3FFFFFC));                        // b first
    set(both[i], 3);
    both[i]->cpu.pc = first;
    for (unsigned turn = 0; turn < 60; turn++) wg_cpu_run(&both[i]->cpu, both[i]->cpu.cycle + 1000);
  }
  CU_ASSERT_PTR_NULL(difference(t.plain, t.compiled));
  struct wg_jit_stats s = wg_jit_stats(t.jit);
  CU_ASSERT_EQUAL(s.regions, regions);
  CU_ASSERT_EQUAL(s.instructions, n);
  end(&t);
}
static void test_straight(void) {
  straight_loop(0, WG_JIT_MOST, 1);
  straight_loop(0, WG_JIT_MOST + 10, 2);
  straight_loop(0, WG_JIT_PAGE, WG_JIT_PAGE / WG_JIT_MOST);
  straight_loop(1000, 100, 2);
}

// Where there is no room for more, all is forgotten and begun anew.
static void test_room(void) {
  struct two t;
  if (!begin_with(&t, &(struct wg_jit_options){.room = 24 << 10})) return;
  uint64_t rng = 3;
  unsigned wrong = 0;
  for (unsigned i = 0; i < 60 && wrong == 0; i++) {
    uint32_t words[MOST];
    random_sequence(words, &rng);
    wrong += try(&t, words, MOST, random_next(&rng), "a sequence");
  }
  CU_ASSERT_EQUAL(wrong, 0);
  struct wg_jit_stats s = wg_jit_stats(t.jit);
  CU_ASSERT(s.cleared >= 2 && s.regions >= s.cleared);
  end(&t);
}

// Code that is another one by the time that it is compiled is not installed; what replaces it may be.
static void test_changes(void) {
  struct two t;
  if (!begin(&t)) return;
  const uint32_t before[2] = {0x38630001, 0}, after[2] = {0x38630002, 0}; // addi r3, r3, 1 or 2
  place(&t, before, 2);
  set_code(t.plain, after, 2);
  set_code(t.compiled, after, 2);
  CU_ASSERT_PTR_NULL(run(&t, 5, 1));
  struct wg_jit_stats s = wg_jit_stats(t.jit);
  CU_ASSERT(s.dropped == 1 && s.regions == 0 && s.instructions == 0 && s.bytes == 0);
  CU_ASSERT_PTR_NULL(again(&t, after, 2, 6, 1));
  s = wg_jit_stats(t.jit);
  CU_ASSERT(s.dropped == 1 && s.regions == 1 && s.instructions == WG_JIT_MOST && s.bytes > 0 && s.forgotten == 0);
  // It was executed, and is forgotten with the page's code.
  CU_ASSERT_PTR_NULL(again(&t, before, 2, 7, 1));
  s = wg_jit_stats(t.jit);
  CU_ASSERT(s.dropped == 1 && s.regions == 2 && s.forgotten == 1);
  end(&t);
}

// What was compiled is there again where the same code is: in the page that changes back, and in another machine's.
static void test_again(void) {
  struct two t;
  struct wg_harness *next;
  struct wg_err err = {0};
  if (!begin(&t)) return;
  const uint32_t one[2] = {0x38630001, 0}, two[2] = {0x38630002, 0}; // addi r3, r3, 1 or 2
  CU_ASSERT_PTR_NULL(again(&t, one, 2, 5, 1));
  CU_ASSERT_PTR_NULL(again(&t, two, 2, 6, 1));
  set_code(t.plain, one, 2);
  set_code(t.compiled, one, 2);
  for (unsigned i = 0; i < 3; i++) CU_ASSERT_PTR_NULL(run(&t, 7 + i, 1));
  struct wg_jit_stats s = wg_jit_stats(t.jit);
  CU_ASSERT(s.regions == 2 && s.again == 1);
  CU_ASSERT_EQUAL_FATAL(wg_harness_create(&next, &err), WG_OK);
  wg_harness_free(t.compiled);
  t.compiled = next;
  wg_harness_map(next, CODE, NULL, 4096);
  wg_harness_map(next, DATA, NULL, 8192);
  CU_ASSERT_EQUAL_FATAL(wg_jit_attach(t.jit, next->code, &err), WG_OK);
  set_code(t.plain, two, 2);
  set_code(next, two, 2);
  next->cpu.cycle = t.plain->cpu.cycle;
  for (unsigned i = 0; i < 3; i++) {
    set(t.plain, 11 + i);
    set(next, 11 + i);
    wg_cpu_run(&t.plain->cpu, t.plain->cpu.cycle + 1);
    wg_cpu_run(&next->cpu, next->cpu.cycle + 1);
    CU_ASSERT(next->cpu.gpr[3] == t.plain->cpu.gpr[3] && next->cpu.pc == CODE + 4);
  }
  s = wg_jit_stats(t.jit);
  CU_ASSERT(s.regions == 2 && s.again == 2);
  end(&t);
}

// --- what is kept from one run to the next --------------------------------------------------------------------

#define KEPT 12u

// Runs sequences with what `cache` has.
static struct wg_jit_stats run_kept(struct wg_jit_cache *cache) {
  struct two t;
  struct wg_jit_stats s = {0};
  uint64_t rng = 11;
  unsigned wrong = 0;
  begin_with(&t, &(struct wg_jit_options){.cache = cache});
  for (unsigned i = 0; i < KEPT; i++) {
    uint32_t words[MOST];
    random_sequence(words, &rng);
    place(&t, words, MOST);
    for (unsigned k = 0; k < 4; k++) wrong += run(&t, random_next(&rng), 100) != NULL;
  }
  CU_ASSERT_EQUAL(wrong, 0);
  s = wg_jit_stats(t.jit);
  end(&t);
  return s;
}

static struct wg_jit_cache *cache_of(const struct wg_buf *saved, size_t most, struct wg_err *err) {
  struct wg_jit_cache *c = wg_jit_cache_create(the_library(), most);
  CU_ASSERT_PTR_NOT_NULL_FATAL(c);
  *err = (struct wg_err){0};
  struct wg_buf copy = {0};
  if (saved) wg_buf_add(&copy, saved->data, saved->len);
  if (saved && wg_jit_cache_load(c, &copy, err) != WG_OK) CU_ASSERT_NOT_EQUAL(err->msg[0], 0);
  return c;
}

static void make_kept_within(size_t most, struct wg_buf *saved) {
  struct wg_err err;
  struct wg_jit_cache *c = cache_of(NULL, most, &err);
  run_kept(c);
  wg_jit_cache_save(c, saved);
  wg_jit_cache_free(c);
}

static void make_kept(struct wg_buf *saved) { make_kept_within(0, saved); }

static void test_kept(void) {
  struct wg_buf saved = {0}, again = {0};
  struct wg_err err;
  struct wg_jit_cache *c = cache_of(NULL, 0, &err);
  struct wg_jit_stats cold = run_kept(c);
  struct wg_jit_cache_stats s = wg_jit_cache_stats(c);
  CU_ASSERT(cold.regions == KEPT && cold.kept == 0);
  CU_ASSERT(s.loaded == 0 && s.taken == 0 && s.compiled == KEPT && s.added == KEPT && s.left_out == 0);
  wg_jit_cache_save(c, &saved);
  wg_jit_cache_free(c);
  c = cache_of(&saved, 0, &err);
  struct wg_jit_stats warm = run_kept(c);
  s = wg_jit_cache_stats(c);
  CU_ASSERT(warm.regions == KEPT && warm.kept == KEPT && warm.bytes == cold.bytes);
  CU_ASSERT(s.loaded == KEPT && s.taken == KEPT && s.compiled == 0 && s.added == 0);
  wg_jit_cache_save(c, &again);
  CU_ASSERT_TRUE(again.len == saved.len && memcmp(again.data, saved.data, saved.len) == 0);
  wg_jit_cache_free(c);
  wg_buf_release(&saved);
  wg_buf_release(&again);
}

// Whatever the bytes are: they are taken whole or not at all, and what they are not is compiled.
static void test_kept_badly(void) {
  struct wg_buf saved = {0};
  struct wg_err err;
  make_kept(&saved);
  for (size_t n = 0; n < saved.len; n += n < 200 ? 1 : 997) {
    const struct wg_buf part = {.data = saved.data, .len = n};
    struct wg_jit_cache *c = cache_of(&part, 0, &err);
    CU_ASSERT_EQUAL(wg_jit_cache_stats(c).loaded, 0);
    wg_jit_cache_free(c);
  }
  for (size_t i = 0; i < 64; i++) { // the form and the build, how many there are, the first one's place, size and entry
    saved.data[i] ^= (char)0x80;
    struct wg_jit_cache *c = cache_of(&saved, 0, &err);
    bool where = i >= 52 && i < 56, entry = i == 60; // other numbers are as good, in form
    CU_ASSERT(wg_jit_cache_stats(c).loaded == (where || entry ? KEPT : 0));
    if (i >= 16 && i < 48) CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "another build"));
    wg_jit_cache_free(c);
    saved.data[i] ^= (char)0x80;
  }
  wg_buf_char(&saved, 0);
  struct wg_jit_cache *c = cache_of(&saved, 0, &err);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "1 bytes behind the last region"));
  CU_ASSERT_EQUAL(run_kept(c).kept, 0);
  CU_ASSERT_EQUAL(wg_jit_cache_stats(c).added, KEPT); // and is filled again
  wg_jit_cache_free(c);
  wg_buf_release(&saved);
}

// In a file, where a bit of each 64 bytes has it refused.
static void test_kept_in_a_file(void) {
  struct wg_buf saved = {0}, read = {0};
  struct wg_err err = {0};
  struct wg_sealed s;
  struct stat st = {0};
  make_kept_within(64 << 10, &saved);
  CU_ASSERT_EQUAL_FATAL(wg_sealed_open(&s, at("kept"), "title", &err), WG_OK);
  CU_ASSERT_EQUAL(wg_sealed_write(&s, "code", saved.data, saved.len, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_sealed_read(&s, "code", WG_JIT_CACHE_MOST, &read, &err), WG_OK);
  CU_ASSERT_TRUE(read.len == saved.len && memcmp(read.data, saved.data, read.len) == 0);
  wg_buf_clear(&read);
  int fd = open(at("kept/title/code"), O_RDWR);
  CU_ASSERT_TRUE_FATAL(fd >= 0 && fstat(fd, &st) == 0);
  unsigned taken = 0;
  for (off_t i = 0; i < st.st_size; i += 64) {
    uint8_t was, b;
    CU_ASSERT_EQUAL(pread(fd, &was, 1, i), 1);
    b = was ^ (uint8_t)(1u << i / 64 % 8);
    CU_ASSERT_EQUAL(pwrite(fd, &b, 1, i), 1);
    taken += wg_sealed_read(&s, "code", WG_JIT_CACHE_MOST, &read, &err) == WG_OK || read.len;
    CU_ASSERT_EQUAL(pwrite(fd, &was, 1, i), 1);
  }
  CU_ASSERT_EQUAL(taken, 0);
  CU_ASSERT_EQUAL(wg_sealed_read(&s, "code", WG_JIT_CACHE_MOST, &read, &err), WG_OK);
  close(fd);
  wg_sealed_close(&s);
  wg_buf_release(&saved);
  wg_buf_release(&read);
}

// What begins at the same place with other words is another region.
static void test_kept_of_others(void) {
  struct wg_buf saved = {0};
  struct wg_err err;
  struct two t;
  make_kept(&saved);
  struct wg_jit_cache *c = cache_of(&saved, 0, &err);
  const uint32_t words[2] = {0x38630001, 0};
  begin_with(&t, &(struct wg_jit_options){.cache = c});
  place(&t, words, 2);
  CU_ASSERT_PTR_NULL(run(&t, 5, 1));
  struct wg_jit_stats s = wg_jit_stats(t.jit);
  CU_ASSERT(s.regions == 1 && s.kept == 0);
  CU_ASSERT_EQUAL(wg_jit_cache_stats(c).added, 1);
  end(&t);
  wg_jit_cache_free(c);
  wg_buf_release(&saved);
}

// No more than there is room for: what was used is kept, then what was not.
static void test_kept_within(void) {
  struct wg_buf saved = {0}, less = {0};
  struct wg_err err;
  make_kept(&saved);
  size_t most = saved.len / 2;
  struct wg_jit_cache *c = cache_of(NULL, most, &err);
  run_kept(c);
  struct wg_jit_cache_stats s = wg_jit_cache_stats(c);
  CU_ASSERT(s.added > 0 && s.left_out > 0 && s.added + s.left_out == KEPT);
  wg_jit_cache_save(c, &less);
  CU_ASSERT(less.len <= most && less.len > most / 2);
  wg_jit_cache_free(c);
  c = cache_of(&less, 0, &err);
  CU_ASSERT_EQUAL(wg_jit_cache_stats(c).loaded, s.added);
  wg_jit_cache_free(c);
  // All of it is old: one that is new is kept, and others go.
  c = cache_of(&saved, saved.len, &err);
  struct two t;
  const uint32_t words[2] = {0x38630001, 0};
  begin_with(&t, &(struct wg_jit_options){.cache = c});
  CU_ASSERT_PTR_NULL(again(&t, words, 2, 5, 1));
  end(&t);
  wg_jit_cache_save(c, &less);
  CU_ASSERT(less.len <= saved.len);
  CU_ASSERT_EQUAL(wg_jit_cache_stats(c).added, 1);
  wg_jit_cache_free(c);
  c = cache_of(&less, 0, &err);
  begin_with(&t, &(struct wg_jit_options){.cache = c});
  CU_ASSERT_PTR_NULL(again(&t, words, 2, 5, 1));
  CU_ASSERT_EQUAL(wg_jit_stats(t.jit).kept, 1);
  end(&t);
  wg_jit_cache_free(c);
  wg_buf_release(&saved);
  wg_buf_release(&less);
}

// What is kept is there when its place is seen for the first time, with another thread or without.
static void test_kept_is_there_at_once(void) {
  // 128 branches that are taken and go round: each word of branches that is full is a sample.
  static const uint32_t words[4] = {0x38630001, 0x2C030000, 0x4182FFF8, 0x4BFFFFF4}; // addi, cmpwi, beq, b
  struct wg_buf saved = {0};
  struct wg_err err;
  for (int warm = 0; warm < 2; warm++) {
    struct two t;
    struct wg_jit_cache *c = cache_of(warm ? &saved : NULL, 0, &err);
    begin_with(&t, &(struct wg_jit_options){.cache = c, .background = warm, .threshold = 1000});
    set_code(t.plain, words, 4);
    set_code(t.compiled, words, 4);
    if (!warm) wg_jit_ask(t.jit, t.compiled->code, CODE);
    for (int i = 0; i < 4; i++) CU_ASSERT_PTR_NULL(run(&t, 5, 400));
    struct wg_jit_stats s = wg_jit_stats(t.jit);
    CU_ASSERT(s.regions == 1 && s.kept == (uint64_t)warm);
    CU_ASSERT_EQUAL(wg_jit_cache_stats(c).compiled, !warm);
    end(&t);
    wg_jit_cache_save(c, &saved);
    wg_jit_cache_free(c);
  }
  wg_buf_release(&saved);
}

// Adds a region of the instructions from `from` up to `to` of the page at CODE, each word its place, with these
// entries.
static void keep_region(struct wg_jit_cache *c, uint32_t from, uint32_t to, uint64_t entries) {
  struct wg_jit_insn insns[64] = {0};
  uint8_t byte = (uint8_t)from;
  const struct wg_jit_blob blob = {.bytes = &byte, .size = 1};
  for (uint32_t i = from; i < to; i++)
    insns[i - from] = (struct wg_jit_insn){.place = (uint16_t)i, .word = i, .entry = entries >> i & 1};
  wg_jit_cache_add(c, CODE + 4 * from, &(struct wg_jit_region){insns, to - from}, &blob);
}

// What is kept of a page is had at once: the smallest first, and what no larger one makes needless.
static void test_kept_of_a_page(void) {
  struct wg_err err;
  struct wg_jit_cache *c = cache_of(NULL, 0, &err);
  uint8_t page[4096] = {0};
  bool entries[WG_JIT_PAGE] = {0};
  size_t n = 1;
  for (uint32_t i = 0; i < 64; i++) wg_store_be32(page + 4 * i, i == 45 ? 7 : i);
  CU_ASSERT_FALSE(wg_jit_cache_may_page(c, CODE >> 12) || wg_jit_cache_may_page(NULL, CODE >> 12));
  CU_ASSERT_PTR_NULL(wg_jit_cache_page(c, CODE >> 12, page, entries, &n));
  CU_ASSERT_EQUAL(n, 0);
  keep_region(c, 10, 20, 1u << 10 | 1u << 15); // each a part of the third, entered where that is
  keep_region(c, 5, 30, 1u << 5 | 1u << 10 | 1u << 15);
  keep_region(c, 12, 18, 1u << 12);   // entered where that is not
  keep_region(c, 40, 50, 1ull << 40); // of other code
  keep_region(c, 1, 3, 1u << 1);      // elsewhere
  CU_ASSERT_TRUE(wg_jit_cache_may_page(c, CODE >> 12));
  CU_ASSERT_FALSE(wg_jit_cache_may_page(c, (CODE >> 12) + 1));
  struct wg_jit_found *found = wg_jit_cache_page(c, CODE >> 12, page, entries, &n);
  static const uint32_t from[3] = {1, 12, 5}, count[3] = {2, 6, 25};
  CU_ASSERT_EQUAL_FATAL(n, 3);
  for (size_t i = 0; i < 3; i++) {
    struct wg_jit_insn insns[25];
    CU_ASSERT_TRUE(found[i].pc == CODE + 4 * from[i] && found[i].n == count[i]);
    CU_ASSERT_TRUE(found[i].size == 1 && found[i].entry == 0 && found[i].bytes[0] == from[i]);
    wg_jit_cache_insns(&found[i], insns);
    CU_ASSERT_TRUE(insns[1].pc == found[i].pc + 4 && insns[1].word == from[i] + 1 && insns[0].entry && !insns[1].entry);
  }
  free(found);
  CU_ASSERT_EQUAL(wg_jit_cache_stats(c).taken, 3);
  entries[1] = entries[5] = entries[10] = entries[15] = true; // there already
  found = wg_jit_cache_page(c, CODE >> 12, page, entries, &n);
  CU_ASSERT_TRUE(n == 1 && found && found->pc == CODE + 4 * 12);
  free(found);
  CU_ASSERT_PTR_NULL(wg_jit_cache_page(c, (CODE >> 12) + 1, page, entries, &n));
  wg_jit_cache_free(c);
}

WG_MAIN("jit", {"again", test_again}, {"room", test_room}, {"changes", test_changes}, {"kept", test_kept},
        {"kept badly", test_kept_badly}, {"kept in a file", test_kept_in_a_file},
        {"kept of others", test_kept_of_others}, {"kept within bounds", test_kept_within},
        {"kept is there at once", test_kept_is_there_at_once}, {"kept of a page", test_kept_of_a_page},
        {"every instruction", test_rows}, {"random sequences", test_sequences}, {"accesses", test_accesses},
        {"indexed accesses", test_indexed}, {"sums", test_sums}, {"guards", test_guards},
        {"a page with other rights", test_other_rights}, {"rights", test_rights}, {"devices", test_devices},
        {"other faults", test_other_faults}, {"known compares", test_known_compares}, {"branches", test_branches},
        {"returns", test_returns}, {"loops", test_loops}, {"executed", test_executed}, {"straight code", test_straight})
