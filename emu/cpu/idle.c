#include "emu/cpu/idle.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "emu/cpu/decode.h"
#include "emu/cpu/fpu.h"
#include "emu/cpu/regs.h"
#include "emu/cpu/rounds.h"
#include "emu/mem/touched.h"
#include "trace/branches.h"

#define MOST_INSTRUCTIONS 1024u // of a round
#define WORTH_WHILE 2048u       // instructions that a turn has left
#define SITES 1024u             // a power of two
#define FIRST_TRY 4u
#define RAREST_TRY 4096u
// Tries that fail may execute so many instructions, which takes longer than it takes to run them, and one more each
// turn.
#define MOST_CREDIT (1u << 18)

struct proof {
  struct wg_cpu cpu; // at the round's start, and at its end
  struct wg_mem_touched touched;
  struct wg_round round;
  bool reserves; // it loads and reserves: the end of a window can be told
};

// Where turns of a thread begin. By CTR too: a loop that waits likes to count one down before it looks again, and its
// turns begin anywhere in that.
struct site {
  uint32_t pc, thread, ctr;
  uint32_t turns, try_at, gap; // a failed try makes the next one rarer
  uint64_t generation;         // of the code that `proof` is about
  struct proof *proof;         // or NULL
};

struct wg_idle {
  struct site sites[SITES];
  uint64_t generation, skipped, proofs, credit;
  uint8_t *blind;        // wg_mem_touched's
  struct proof *attempt; // a proof in progress
};

struct wg_idle *wg_idle_create(void) {
  struct wg_idle *idle = wg_xcalloc(1, sizeof *idle);
  idle->blind = wg_xcalloc(WG_MEM_NEAR_BEFORE, 1);
  idle->attempt = wg_xcalloc(1, sizeof *idle->attempt);
  idle->credit = MOST_CREDIT;
  return idle;
}

void wg_idle_free(struct wg_idle *idle) {
  if (idle == NULL) return;
  for (size_t i = 0; i < SITES; i++) free(idle->sites[i].proof);
  free(idle->attempt);
  free(idle->blind);
  free(idle);
}

void wg_idle_forget(struct wg_idle *idle) {
  if (idle) idle->generation++;
}

// mftb, and mfspr of the time base.
static bool reads_time(uint32_t w) {
  unsigned extended = w >> 1 & 0x3FF, spr = (w >> 16 & 31) | (w >> 6 & 0x3E0);
  return w >> 26 == 31 && (extended == 371 || (extended == 339 && (spr == 268 || spr == 269)));
}

// lwarx, ldarx.
static bool reserves(uint32_t w) {
  unsigned extended = w >> 1 & 0x3FF;
  return w >> 26 == 31 && (extended == 20 || extended == 84);
}

// Executes one instruction, noting what it touches. False: not executed, or not to be told again.
static bool step_noted(struct wg_cpu *c, struct proof *p) {
  struct wg_op ops[2];
  uint32_t pc = c->pc;
  wg_fpu_end(c);
  if (!wg_decode_step(c, ops) || reads_time(ops[0].w)) return false;
  wg_mem_touch_begin(c->mem, &p->touched);
  wg_cpu_step(c, ops);
  wg_mem_touch_end(c->mem);
  p->reserves |= reserves(ops[0].w);
  p->round.length++;
  if (c->stop != WG_STOP_NONE || p->touched.broken) return false;
  return wg_branch_form(ops[0].w) == WG_BRANCH_NONE || wg_round_add(&p->round, pc, ops[0].w, c->pc);
}

// Executes until everything is as it was at the start. False: that did not come.
static bool prove(struct wg_idle *idle, struct wg_cpu *c) {
  struct proof *p = idle->attempt;
  idle->proofs++;
  p->cpu = *c;
  p->touched.blind = idle->blind;
  p->touched.broken = false;
  p->touched.n = 0;
  p->reserves = c->reserved;
  p->round.length = p->round.n = p->round.nbits = 0;
  c->steps = true;
  bool proven = false;
  while (!proven && p->round.length < MOST_INSTRUCTIONS && step_noted(c, p))
    proven = c->pc == p->cpu.pc && wg_cpu_same(c, &p->cpu) && wg_mem_as_before(c->mem, &p->touched);
  c->steps = false;
  wg_fpu_end(c);
  return proven;
}

static bool still_true(const struct wg_idle *idle, const struct site *s, const struct wg_cpu *c) {
  return s->proof && s->generation == idle->generation && wg_cpu_same(c, &s->proof->cpu) &&
         wg_mem_as_before(c->mem, &s->proof->touched);
}

// All rounds but the last before the limit, at which the turn ends as it would: that of the last window that it may go
// on into. The end of each window before that lies behind.
static void repeat(struct wg_idle *idle, struct proof *p, struct wg_cpu *c) {
  bool here = p->reserves || wg_code_is_fresh(c->code) || c->further.devices != c->mem->devices;
  uint32_t windows = here ? 0 : c->further.windows;
  WG_ASSERT(windows == 0 || c->further.length > 4 * MOST_INSTRUCTIONS, "a round is short beside a window");
  uint64_t limit = c->limit + (uint64_t)windows * c->further.length, rounds = (limit - c->cycle) / p->round.length;
  if (rounds < 2) return;
  if (windows) wg_go_further(c, windows);
  wg_round_repeat(&p->round, c, rounds - 1);
  idle->skipped += (rounds - 1) * p->round.length;
}

uint64_t wg_idle_skipped(const struct wg_idle *idle) { return idle->skipped; }
uint64_t wg_idle_proofs(const struct wg_idle *idle) { return idle->proofs; }

static struct site *site_of(struct wg_idle *idle, const struct wg_cpu *c) {
  uint32_t thread = (uint32_t)c->gpr[13], ctr = (uint32_t)c->ctr;
  uint32_t key = c->pc * 0x9E3779B1u ^ thread * 0x85EBCA6Bu ^ ctr * 0xC2B2AE35u;
  struct site *s = &idle->sites[(key >> 13) % SITES];
  if (s->pc == c->pc && s->thread == thread && s->ctr == ctr) return s;
  free(s->proof);
  *s = (struct site){.pc = c->pc, .thread = thread, .ctr = ctr, .gap = FIRST_TRY, .try_at = FIRST_TRY};
  return s;
}

static void another_turn(struct wg_idle *idle, struct site *s) {
  s->turns++;
  if (idle->credit < MOST_CREDIT) idle->credit++;
}

void wg_idle_skip(struct wg_idle *idle, struct wg_cpu *c) {
  if (c->limit - c->cycle < WORTH_WHILE) return;
  struct site *s = site_of(idle, c);
  another_turn(idle, s);
  if (still_true(idle, s, c)) {
    repeat(idle, s->proof, c);
    return;
  }
  if (s->turns < s->try_at || idle->credit < MOST_INSTRUCTIONS) return;
  if (!prove(idle, c)) {
    idle->credit -= idle->attempt->round.length;
    if (s->gap < RAREST_TRY) s->gap *= 2;
    s->try_at = s->turns + s->gap;
    return;
  }
  s->gap = FIRST_TRY;
  struct proof *old = s->proof;
  s->proof = idle->attempt;
  s->generation = idle->generation;
  idle->attempt = old ? old : wg_xcalloc(1, sizeof *old);
  repeat(idle, s->proof, c);
}

bool wg_idle_is_due(struct wg_idle *idle, const struct wg_cpu *c) {
  if (idle == NULL) return false;
  struct site *s = site_of(idle, c);
  if (s->proof && s->generation == idle->generation) return true;
  if (s->turns + 1 >= s->try_at && idle->credit >= MOST_INSTRUCTIONS) return true;
  another_turn(idle, s);
  return false;
}
