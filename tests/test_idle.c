// Loops that wait are skipped (emu/cpu/idle.h): whatever a turn leaves behind is what executing it leaves behind, to
// the last bit of registers, memory and the record of branches. Random loops, turn by turn, on two processors.
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "emu/cpu/branch.h"
#include "emu/cpu/decode.h"
#include "emu/cpu/harness.h"
#include "emu/cpu/idle.h"
#include "emu/cpu/rounds.h"
#include "emu/mem/watch.h"
#include "tests/random.h"
#include "tests/share.h"
#include "tests/suite.h"

#define CODE 0x82000000u
#define DATA 0x40000000u
#define LEAVES (CODE + 0xF00u) // functions that loops call
#define DATA_SIZE 0x2000u

// Packets that a processor has recorded, as a hash of all that they hold.
struct told {
  uint64_t hash, packets;
};
static void sink(void *ctx, const struct wg_branch_packet *p) {
  struct told *t = ctx;
  uint64_t h = t->hash;
  const uint64_t head[] = {p->tid, p->hw, p->pc, p->cycle, p->idx, p->instructions, p->nbits, p->ntargets};
  h = wg_hash(head, sizeof head, h);
  h = wg_hash(p->words, (p->nbits + 62) / 63 * sizeof *p->words, h);
  t->hash = wg_hash(p->targets, p->ntargets * sizeof *p->targets, h);
  t->packets++;
}

struct side {
  struct wg_harness *h;
  struct told told;
  uint64_t heard;
};

// As a debugger's watchpoint: ends the turn behind the access.
static void heard(void *ctx, const struct wg_mem_access *a) {
  struct side *s = ctx;
  (void)a;
  s->heard++;
  if (!s->h->cpu.steps) s->h->cpu.stop = WG_STOP_WATCHED;
}

struct program {
  uint32_t words[0x1000];
  uint32_t n; // of the loop
};

static void put(struct program *p, uint32_t w) { p->words[p->n++] = w; }
static uint32_t addi(unsigned d, unsigned a, unsigned v) { return 14u << 26 | d << 21 | a << 16 | (v & 0xFFFF); }
static uint32_t load(unsigned op, unsigned d, unsigned a, unsigned v) { return op << 26 | d << 21 | a << 16 | v; }
static uint32_t bc(unsigned bo, unsigned bi, int words) {
  return 16u << 26 | bo << 21 | bi << 16 | ((uint32_t)(words * 4) & 0xFFFC);
}
static uint32_t branch(int words, unsigned link) { return 18u << 26 | ((uint32_t)(words * 4) & 0x03FFFFFC) | link; }
enum {
  LWZ = 32,
  STW = 36,
  LBZ = 34,
  LFD = 50,
  BLR = 0x4E800020,
  BCTR = 0x4E800420,
  BCTRL = 0x4E800421,
  MTCTR = 0x7C0903A6
};

// A few instructions that a loop that waits may hold. r31: data, r30: LEAVES, r3 to r12 free, r20: what it waits for.
static void some(struct program *p, uint64_t *rng, bool quiet) {
  unsigned d = 3 + random_below(rng, 10), a = 3 + random_below(rng, 10), at = 4 * random_below(rng, 64);
  switch (random_below(rng, quiet ? 16 : 18)) {
  case 0: put(p, load(LWZ, d, 31, at)); break;
  case 1: put(p, load(LBZ, d, 31, at + 1)); break;
  case 2: // forward, by a byte of memory
    put(p, load(LBZ, d, 31, at));
    put(p, 10u << 26 | 7u << 23 | d << 16 | random_below(rng, 256)); // cmplwi cr7
    put(p, bc(random_below(rng, 2) ? 12 : 4, 28 + random_below(rng, 3), 2));
    put(p, addi(a, 0, 7));
    break;
  case 3: put(p, addi(d, 0, random_below(rng, 100))); break;
  case 4: // a pushed word, and popped
    put(p, load(STW, 20, 1, 0xFFF0));
    put(p, load(LWZ, d, 1, 0xFFF0));
    break;
  case 5: // counted
    put(p, addi(d, 0, 1 + random_below(rng, 9)));
    put(p, MTCTR | d << 21);
    put(p, addi(a, 0, 3));
    put(p, bc(16, 0, -1));
    break;
  case 6: // a call, and back
  case 7: {
    int to = (int)(LEAVES - CODE) / 4 + 8 * (int)random_below(rng, 8);
    put(p, branch(to - (int)p->n, 1));
    break;
  }
  case 8: // through CTR
    put(p, addi(d, 30, 32 * random_below(rng, 8)));
    put(p, MTCTR | d << 21);
    put(p, BCTRL);
    break;
  case 9: put(p, load(LFD, d, 31, at & ~7u)); break;
  case 10: put(p, branch(1, 0)); break;
  case 11:
    put(p, 0x4C000000u | 7u << 23 | (28 + random_below(rng, 4)) << 16 | (28 + random_below(rng, 4)) << 11 | 193 << 1);
    break; // crxor
  case 12: // a jump over something, through CTR
    put(p, addi(12, 29, 4 * (p->n + 4)));
    put(p, MTCTR | 12u << 21);
    put(p, BCTR);
    put(p, addi(d, 0, 9));
    break;
  case 13: put(p, branch(1, 1)); break; // a call that nobody returns from
  case 14:                              // a word that is another in every other round, and no register tells
    put(p, load(LWZ, d, 31, 0x400));
    put(p, 26u << 26 | d << 21 | d << 16 | random_below(rng, 2)); // xori
    put(p, load(STW, d, 31, 0x400));
    put(p, addi(d, 0, 1));
    break;
  case 15: // the time decides, and no register tells
    if (random_below(rng, 4)) break;
    put(p, 31u << 26 | d << 21 | 12u << 16 | 8u << 11 | 371 << 1); // mftb
    put(p, 28u << 26 | d << 21 | d << 16 | 64);                    // andi.
    put(p, bc(12, 2, 2));
    put(p, load(LWZ, d, 31, 8));
    put(p, addi(d, 0, 1));
    put(p, 11u << 26 | d << 16 | 1); // cmpwi cr0
    break;
  case 16: put(p, load(STW, d, 31, 0x400 + at)); break;
  default: put(p, addi(21, 21, 1)); break; // then nothing can be skipped
  }
}

static void make(struct program *p, uint64_t *rng) {
  memset(p, 0, sizeof *p);
  bool quiet = random_below(rng, 8) != 0;
  unsigned n = 1 + random_below(rng, 8);
  for (unsigned i = 0; i < n; i++) some(p, rng, quiet);
  put(p, load(LWZ, 20, 31, 0x800)); // until the word is 0x55
  put(p, 11u << 26 | 20u << 16 | 0x55);
  put(p, bc(4, 2, -(int)p->n));
  put(p, addi(22, 22, 1));
  put(p, branch(-(int)p->n, 0));
  for (unsigned i = 0; i < 8; i++) { // leaves: the last bits say how they return
    uint32_t *w = &p->words[(LEAVES - CODE) / 4 + 8 * i];
    *w++ = addi(11, 0, i);
    if (i & 1) *w++ = 10u << 26 | 6u << 23 | 11u << 16 | i; // cmplwi cr6, r11, i: equal
    if (i == 3) *w++ = 0x4D9A0020;                          // beqlr cr6
    if (i == 5) *w++ = 0x4C9A0020;                          // bnelr cr6
    if (i == 7) *w++ = 0x4D9A0020;
    *w = BLR;
  }
}

static void start(struct side *s, const struct program *p, uint64_t seed) {
  struct wg_err err;
  uint64_t data = seed;
  CU_ASSERT_EQUAL_FATAL(wg_harness_create(&s->h, &err), WG_OK);
  s->told = (struct told){0};
  s->heard = 0;
  uint8_t code[sizeof p->words];
  for (size_t i = 0; i < sizeof p->words / 4; i++) wg_store_be32(code + 4 * i, p->words[i]);
  uint8_t bytes[DATA_SIZE];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)random_next(&data);
  wg_harness_map(s->h, CODE, code, sizeof code);
  wg_harness_map(s->h, DATA, bytes, sizeof bytes);
  struct wg_cpu *c = &s->h->cpu;
  c->branches->sink = sink;
  c->branches->ctx = &s->told;
  c->pc = CODE;
  c->gpr[29] = CODE;
  c->gpr[30] = LEAVES;
  c->gpr[31] = DATA;
  static const struct wg_mem_watch awaited = {.addr = DATA + 0x800, .len = 4, .read = true};
  if (seed % 8 == 0) wg_mem_watches(s->h->mem, &awaited, 1, heard, s);
}

static bool equal(const struct side *a, const struct side *b) {
  const struct wg_cpu *x = &a->h->cpu, *y = &b->h->cpu;
  const struct wg_branches *s = x->branches, *t = y->branches;
  return x->pc == y->pc && x->cycle == y->cycle && x->stop == y->stop && a->heard == b->heard && x->lr == y->lr &&
         x->ctr == y->ctr && memcmp(x->gpr, y->gpr, sizeof x->gpr) == 0 && memcmp(x->fpr, y->fpr, sizeof x->fpr) == 0 &&
         wg_cpu_cr(x) == wg_cpu_cr(y) && a->told.hash == b->told.hash && a->told.packets == b->told.packets &&
         s->trail == t->trail && s->top == t->top && memcmp(s->calls, t->calls, sizeof s->calls) == 0 &&
         s->nwords == t->nwords && memcmp(s->words, t->words, s->nwords * sizeof *s->words) == 0 &&
         s->ntargets == t->ntargets && memcmp(s->targets, t->targets, s->ntargets * sizeof *s->targets) == 0 &&
         s->pc == t->pc && s->cycle == t->cycle && s->resume == t->resume && s->open == t->open &&
         memcmp(a->h->mem->base + DATA, b->h->mem->base + DATA, DATA_SIZE) == 0 &&
         memcmp(a->h->mem->base + WG_HARNESS_STACK - 0x400, b->h->mem->base + WG_HARNESS_STACK - 0x400, 0x400) == 0;
}

// Somebody else writes between two turns; now and then the awaited word, or the code.
static void meddle(struct side *s, uint64_t rng) {
  uint64_t v = random_next(&rng);
  uint32_t at = DATA + 4 * random_below(&rng, 64);
  if (random_below(&rng, 3)) return;
  switch (random_below(&rng, 12)) {
  case 0: at = DATA + 0x800, v = 0x55; break;
  case 1: at = DATA + 0x800, v = 0x56; break;
  case 2: s->h->cpu.gpr[3 + random_below(&rng, 9)] = v; return;
  case 3: at = CODE + (LEAVES - CODE) + 32 * random_below(&rng, 8), v = addi(11, 0, (unsigned)v % 9); break;

  case 4: wg_mem_protect(s->h->mem, CODE, 0x1000, WG_PROT_READONLY); return;
  case 5: wg_branches_close(&s->h->cpu); return;
  default: break;
  }
  wg_mem_w32(s->h->mem, at, (uint32_t)v);
}

static void run_both(uint64_t seed, uint64_t *skipped, uint64_t *executed) {
  static struct program p;
  uint64_t rng = seed;
  struct side skips, every;
  make(&p, &rng);
  start(&skips, &p, seed);
  start(&every, &p, seed);
  wg_code_every_instruction(every.h->code);
  bool same = true;
  for (unsigned turn = 0; turn < 100 && same; turn++) {
    // Now and then long enough for several packets of branches.
    static const uint32_t longest[] = {300, 30000, 30000, 30000, 30000, 30000, 30000, 400000};
    uint64_t length = 20 + random_below(&rng, longest[random_below(&rng, 8)]);
    wg_cpu_run(&skips.h->cpu, skips.h->cpu.cycle + length);
    wg_cpu_run(&every.h->cpu, every.h->cpu.cycle + length);
    same = equal(&skips, &every);
    if (!same)
      printf("seed %llu, turn %u: pc %08x and %08x, cycle %llu and %llu\n", (unsigned long long)seed, turn,
             skips.h->cpu.pc, every.h->cpu.pc, (unsigned long long)skips.h->cpu.cycle,
             (unsigned long long)every.h->cpu.cycle);
    uint64_t chance = random_next(&rng);
    meddle(&skips, chance);
    meddle(&every, chance);
  }
  CU_ASSERT(same);
  *skipped += wg_code_skipped(skips.h->code);
  *executed += every.h->cpu.cycle;
  wg_harness_free(skips.h);
  wg_harness_free(every.h);
}

static void test_random_loops(void) {
  uint64_t skipped = 0, executed = 0;
  for (uint64_t seed = 1; seed <= 150; seed++)
    if (in_share("loops", seed, 1)) run_both(seed * 0x9E3779B97F4A7C15u, &skipped, &executed);
  CU_ASSERT(skipped * 6 > executed); // it would prove nothing otherwise
  printf("%llu of %llu instructions were skipped\n", (unsigned long long)skipped, (unsigned long long)executed);
}

// Turns of a loop that counts CTR down before it looks again begin anywhere in it; what was proven of one place is
// still proven when the loop comes there again.
static void test_delay_loop(void) {
  static struct program p;
  struct side s;
  memset(&p, 0, sizeof p);
  put(&p, addi(11, 0, 60));
  put(&p, MTCTR | 11u << 21);
  put(&p, bc(16, 0, 0)); // bdnz
  put(&p, load(LWZ, 20, 31, 0x800));
  put(&p, 11u << 26 | 20u << 16 | 0x55);
  put(&p, bc(4, 2, -(int)p.n));
  start(&s, &p, 1);
  for (unsigned turn = 0; turn < 10000; turn++) wg_cpu_run(&s.h->cpu, s.h->cpu.cycle + 9973);
  CU_ASSERT(wg_code_skipped(s.h->code) > s.h->cpu.cycle / 10 * 9);
  CU_ASSERT(wg_idle_proofs(wg_code_idle(s.h->code)) <= 65); // the round's instructions, that is places to begin at
  wg_harness_free(s.h);
}

// A loop that counts is another one each time round, wherever in it a turn begins: to find that out takes longer than
// to run it, and is given up.
static void test_what_never_waits(void) {
  static struct program p;
  struct side s;
  memset(&p, 0, sizeof p);
  for (unsigned i = 0; i < 64; i++) {
    for (unsigned k = 0; k < 7; k++) put(&p, addi(20 + k, 20 + k, 1));
    put(&p, 18u << 26 | 4); // b to the next one
  }
  put(&p, 18u << 26 | ((0u - 4 * p.n) & 0x03FFFFFC));
  start(&s, &p, 1);
  const unsigned turns = 100000;
  for (unsigned turn = 0; turn < turns; turn++) wg_cpu_run(&s.h->cpu, s.h->cpu.cycle + 2100 + turn % 513);
  CU_ASSERT_EQUAL(wg_code_skipped(s.h->code), 0);
  CU_ASSERT(wg_idle_proofs(wg_code_idle(s.h->code)) <= (262144 + turns) / 1024);
  wg_harness_free(s.h);
}

// --- rounds told at once and one by one ----------------------------------------------------------------------

static void make_round(struct wg_round *r, uint64_t *rng) {
  memset(r, 0, sizeof *r);
  unsigned n = 1 + random_below(rng, 24);
  for (unsigned i = 0; i < n; i++) {
    uint32_t pc = CODE + 8 * i, other = CODE + 0x400 + 8 * random_below(rng, 4);
    r->length += 1 + random_below(rng, 5);
    switch (random_below(rng, 6)) {
    case 0: wg_round_add(r, pc, branch(16, 1), pc + 64); break;
    case 1: wg_round_add(r, pc, BLR, CODE + 8 * random_below(rng, n) + 4); break;
    case 2: wg_round_add(r, pc, 0x4D9A0020, random_below(rng, 2) ? pc + 4 : CODE + 8 * random_below(rng, n) + 4); break;
    case 3: wg_round_add(r, pc, random_below(rng, 16) ? branch(16, 0) : BCTRL, other); break;
    default: wg_round_add(r, pc, bc(12, 2, 16), random_below(rng, 2) ? pc + 64 : pc + 4); break;
    }
  }
  r->length++;
}

// Two calls of one depth and three decisions, of which a packet holds a whole number of rounds: each ends at the same
// place, which may be within the first call.
static void make_two_calls(struct wg_round *r) {
  static const struct wg_round_branch list[] = {{CODE, 0x48000041, CODE + 64, 0}, {CODE + 64, 0x41820040, CODE + 68, 0},
                                                {CODE + 68, BLR, CODE + 4, 0},    {CODE + 8, 0x48000081, CODE + 136, 0},
                                                {CODE + 136, BLR, CODE + 12, 0},  {CODE + 12, 0x4BFFFFF4, CODE, 0}};
  memset(r, 0, sizeof *r);
  for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
    r->length++;
    CU_ASSERT(wg_round_add(r, list[i].pc, list[i].word, list[i].to));
  }
}

static void start_recorder(struct wg_cpu *c, struct told *t, const struct wg_round *r, uint64_t rng) {
  struct wg_branches *b = c->branches;
  *t = (struct told){0};
  b->sink = sink;
  b->ctx = t;
  b->open = 1;
  b->trail = 1;
  c->cycle = 1000;
  // Where a packet stands is the work of rounds before it.
  for (uint32_t i = random_below(&rng, 40); i > 0; i--) b->trail = b->trail << 1 | (random_next(&rng) >> 60 & 1);
  for (uint32_t i = 0; i < WG_BRANCH_CALLS; i++)
    b->calls[i] = random_below(&rng, 2) ? CODE + 8 * random_below(&rng, r->n + 1) + 4 : 0;
  b->nwords = random_below(&rng, WG_BRANCH_WORDS - 1);
  for (uint32_t i = 0; i < b->nwords; i++) b->words[i] = random_next(&rng) >> 1;
}

static void test_rounds_at_once(void) {
  uint64_t rng = 77;
  unsigned wrong = 0;
  struct wg_harness *h;
  struct wg_err err;
  CU_ASSERT_EQUAL_FATAL(wg_harness_create(&h, &err), WG_OK);
  for (unsigned i = 0; i < 1000; i++) {
    static struct wg_round r;
    struct wg_cpu at_once, singly;
    struct told told[2];
    if (i % 50 == 0)
      make_two_calls(&r);
    else
      make_round(&r, &rng);
    uint64_t seed = random_next(&rng), n = 1 + random_below(&rng, i % 50 ? 3000 : 60000);
    wg_cpu_init(&at_once, h->mem, h->code);
    wg_cpu_init(&singly, h->mem, h->code);
    start_recorder(&at_once, &told[0], &r, seed);
    start_recorder(&singly, &told[1], &r, seed);
    // In turns of several sizes, of which the later ones begin with what is known of the round.
    for (uint64_t done = 0, k; done < n; done += k) {
      k = 1 + random_below(&rng, random_below(&rng, 2) ? 20 : (unsigned)n);
      if (k > n - done) k = n - done;
      wg_round_repeat(&r, &at_once, k);
    }
    for (uint64_t k = 0; k < n; k++) {
      r.nbits = 0; // nothing is
      wg_round_repeat(&r, &singly, 1);
    }
    const struct wg_branches *a = at_once.branches, *b = singly.branches;
    bool same = at_once.cycle == singly.cycle && told[0].hash == told[1].hash && told[0].packets == told[1].packets &&
                a->trail == b->trail && a->top == b->top && memcmp(a->calls, b->calls, sizeof a->calls) == 0 &&
                a->nwords == b->nwords && memcmp(a->words, b->words, a->nwords * sizeof *a->words) == 0 &&
                a->ntargets == b->ntargets && memcmp(a->targets, b->targets, a->ntargets * sizeof *a->targets) == 0 &&
                a->cycle == b->cycle && a->pc == b->pc;
    if (!same && wrong++ < 3) printf("round %u of %u branches, %llu times\n", i, r.n, (unsigned long long)n);
    wg_cpu_release(&at_once);
    wg_cpu_release(&singly);
  }
  CU_ASSERT_EQUAL(wrong, 0);
  wg_harness_free(h);
}

WG_MAIN("idle", {"random loops, skipped and executed", test_random_loops},
        {"a loop that counts down before it looks", test_delay_loop}, {"what never waits", test_what_never_waits},
        {"rounds told at once and one by one", test_rounds_at_once})
