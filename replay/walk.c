#include "replay/walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

// -- the code between branches --

#define STRETCHES 8192u // that are remembered, each at a place of its own
#define LONGEST 1024u   // instructions

// `n` instructions that do not branch, and what comes behind them.
struct stretch {
  uint32_t pc, n, word; // word: of the branch or system call
  enum { ENDS_IN_BRANCH, GOES_ON, ENDS_NOWHERE } end;
  uint32_t age;
};

struct wg_walk_code {
  uint32_t age; // what is older was another code's
  struct stretch stretches[STRETCHES];
};

void wg_walk_open(struct wg_walk *w) {
  w->code = wg_xcalloc(1, sizeof *w->code);
  w->code->age = 1;
}

void wg_walk_close(struct wg_walk *w) { free(w->code); }

void wg_walk_forget(const struct wg_walk *w) {
  if (++w->code->age == 0) memset(w->code, 0, sizeof *w->code);
  if (w->code->age == 0) w->code->age = 1;
}

static const struct stretch *stretch_from(const struct wg_walk *w, uint32_t pc) {
  struct stretch *s = &w->code->stretches[pc / 4 % STRETCHES];
  if (s->age == w->code->age && s->pc == pc) return s;
  *s = (struct stretch){.pc = pc, .end = GOES_ON, .age = w->code->age};
  for (; s->n < LONGEST; s->n++) {
    if (!w->fetch(w->ctx, pc + 4 * s->n, &s->word)) {
      s->end = ENDS_NOWHERE;
      break;
    }
    if (s->word >> 26 == 17 || wg_branch_form(s->word) != WG_BRANCH_NONE) {
      s->end = ENDS_IN_BRANCH;
      break;
    }
  }
  return s;
}

// -- decisions --

struct state {
  const struct wg_branch_packet *p;
  size_t bit, target;
  uint32_t calls[WG_BRANCH_CALLS];
  uint32_t top;
  bool short_of; // the packet has fewer decisions than the code takes
};

static bool next_bit(struct state *s) {
  if (s->bit >= s->p->nbits) {
    s->short_of = true;
    return false;
  }
  uint64_t word = s->p->words[s->bit / WG_BRANCH_WORD_BITS];
  return word >> (WG_BRANCH_WORD_BITS - 1 - s->bit++ % WG_BRANCH_WORD_BITS) & 1;
}

static uint32_t next_target(struct state *s) {
  if (s->target >= s->p->ntargets) {
    s->short_of = true;
    return 0;
  }
  return s->p->targets[s->target++];
}

static void call(struct state *s, uint32_t pc) { s->calls[++s->top % WG_BRANCH_CALLS] = pc + 4; }

static uint32_t return_target(struct state *s) {
  if (!next_bit(s)) return next_target(s);
  return s->calls[s->top-- % WG_BRANCH_CALLS];
}

// Where the branch or system call went.
static void take_branch(struct state *s, struct wg_walk_step *b, bool last) {
  uint32_t w = b->word;
  enum wg_branch_form form = wg_branch_form(w);
  b->taken = true;
  b->target = b->pc + 4;
  if (w >> 26 == 17) { // sc
    if (!last) b->target = next_target(s);
    return;
  }
  b->taken = !wg_branch_decides(w) || next_bit(s);
  if (b->taken && form == WG_BRANCH_BCLR) b->target = return_target(s);
  if (b->taken && (form == WG_BRANCH_B || form == WG_BRANCH_BC)) b->target = wg_branch_direct(w, b->pc);
  if (wg_branch_links(w) && (b->taken || form != WG_BRANCH_BCLR)) call(s, b->pc);
  if (b->taken && form == WG_BRANCH_BCCTR) b->target = next_target(s);
}

// -- rounds --
//
// Where a walk comes to the same place with the same calls, it does the same for as long as the same decisions follow.
// A loop that waits repeats a few bits millions of times.

#define ROUND 64u // steps at most

struct rounds {
  bool begun;
  struct state at; // as the round began
  uint32_t pc;
  uint64_t done; // instructions by then
  struct wg_walk_step steps[ROUND];
  size_t n;
};

// 32 bits from bit i on; zeros behind the end.
static uint32_t bits_at(const struct wg_branch_packet *p, size_t i) {
  size_t w = i / WG_BRANCH_WORD_BITS, nwords = (p->nbits + WG_BRANCH_WORD_BITS - 1) / WG_BRANCH_WORD_BITS;
  unsigned off = (unsigned)(i % WG_BRANCH_WORD_BITS), have = WG_BRANCH_WORD_BITS - off;
  uint64_t v = w < nwords ? p->words[w] << (off + 1) : 0;
  if (have < 32 && w + 1 < nwords) v |= p->words[w + 1] << 1 >> have;
  return (uint32_t)(v >> 32);
}

// How many bits from s->bit on are those that came `period` before them.
static size_t same_bits(const struct state *s, size_t period) {
  size_t left = s->p->nbits - s->bit, n = 0;
  while (n < left) {
    uint32_t differ = bits_at(s->p, s->bit + n) ^ bits_at(s->p, s->bit + n - period);
    if (differ) {
      n += (size_t)__builtin_clz(differ);
      break;
    }
    n += 32;
  }
  return n < left ? n : left;
}

static bool same_calls(const struct state *a, const struct state *b) {
  return a->top % WG_BRANCH_CALLS == b->top % WG_BRANCH_CALLS && memcmp(a->calls, b->calls, sizeof a->calls) == 0;
}

// How often the steps since the round began come again, of the `left` instructions of the packet; 0 if that is no
// round.
static uint64_t times_again(const struct rounds *r, const struct state *s, uint64_t length, uint64_t left) {
  size_t period = s->bit - r->at.bit;
  uint64_t times = left / length;
  if (s->target != r->at.target || !same_calls(s, &r->at) || times == 0) return 0;
  if (period == 0) return times;
  uint64_t repeats = same_bits(s, period) / period;
  return repeats < times ? repeats : times;
}

static void begin_round(struct rounds *r, const struct state *s, uint32_t pc, uint64_t done) {
  r->begun = true;
  r->at = *s;
  r->pc = pc;
  r->done = done;
  r->n = 0;
}

// Behind a step, with `done` instructions of the packet: whole rounds that come again are told at once. Returns how
// many instructions those have.
static uint64_t skip_rounds(struct rounds *r, struct state *s, const struct wg_walk_step *b, uint64_t done,
                            const struct wg_walk_taker *to) {
  uint64_t skipped = 0;
  if (r->begun && r->n < ROUND)
    r->steps[r->n++] = *b;
  else
    r->begun = false;
  if (!b->taken || b->target > b->pc) return 0;
  if (r->begun && b->target != r->pc) return 0;
  if (r->begun) {
    uint64_t length = done - r->done;
    const struct wg_walk_round round = {r->steps, r->n, times_again(r, s, length, s->p->instructions - done), length};
    if (round.times == 0) return 0; // within a greater round it comes by here several times
    to->again(to->ctx, &round);
    skipped = round.times * length;
    s->bit += round.times * (s->bit - r->at.bit);
  }
  begin_round(r, s, b->target, done + skipped);
  return skipped;
}

// -- a packet --

static int no_such(const struct wg_walk_step *b, const char *what, uint64_t cycle, uint32_t pc, struct wg_err *err) {
  return wg_fail(err, WG_INPUT, "branches of thread %u: cycle %llu: %s0x%08x%s", b->tid, (unsigned long long)cycle,
                 what ? "there is no code at " : "the code at ", pc, what ? "" : " is not what ran");
}

int wg_walk_packet(const struct wg_walk *w, const struct wg_branch_packet *p, const struct wg_walk_taker *to,
                   struct wg_err *err) {
  struct state s = {.p = p};
  struct rounds r;
  struct wg_walk_step b = {.tid = p->tid, .hw = p->hw, .pc = p->pc, .cycle = p->cycle};
  r.begun = false;
  r.n = 0;
  for (uint64_t done = 0; done < p->instructions;) {
    const struct stretch *x = stretch_from(w, b.pc);
    uint64_t left = p->instructions - done, n = x->n < left ? x->n : left;
    done += n;
    b.cycle += n;
    b.pc += 4 * (uint32_t)n;
    if (n == left || x->end == GOES_ON) continue;
    if (x->end == ENDS_NOWHERE) return no_such(&b, "code", b.cycle, b.pc, err);
    b.word = x->word;
    take_branch(&s, &b, done + 1 == p->instructions);
    if (s.short_of) return no_such(&b, NULL, b.cycle, b.pc, err);
    if (!to->step(to->ctx, &b)) return WG_OK;
    done++;
    if (to->again) {
      uint64_t skipped = skip_rounds(&r, &s, &b, done, to);
      done += skipped;
      b.cycle += skipped;
    }
    b.cycle++;
    b.pc = b.target;
  }
  if (s.bit != p->nbits || s.target != p->ntargets)
    return wg_fail(err, WG_INPUT, "branches of thread %u: cycle %llu: the code took fewer decisions than were recorded",
                   p->tid, (unsigned long long)b.cycle);
  return WG_OK;
}
