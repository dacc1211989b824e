#include "emu/cpu/rounds.h"

#include <string.h>

#include "base/assert.h"
#include "emu/cpu/branch.h"

#define WORD_BITS 63u // of the record

static bool was_taken(const struct wg_round_branch *e) { return !wg_branch_decides(e->word) || e->to != e->pc + 4; }
static bool returns_to(const struct wg_round_branch *e) {
  return wg_branch_form(e->word) == WG_BRANCH_BCLR && was_taken(e);
}

bool wg_round_add(struct wg_round *r, uint32_t pc, uint32_t word, uint32_t to) {
  if (r->n == WG_ROUND_BRANCHES) return false;
  // One that leads to the next instruction either way does not tell which way it went.
  uint32_t goes = wg_branch_form(word) == WG_BRANCH_BC ? wg_branch_direct(word, pc) : to;
  if (wg_branch_decides(word) && goes == pc + 4) return false;
  r->branches[r->n++] = (struct wg_round_branch){pc, word, to, r->length};
  return true;
}

// A recorder to which branches are told.
struct teller {
  struct wg_cpu *c;
  struct wg_branches *b;
  uint64_t trail, start; // `start`: the round's cycle
  uint8_t *bits;         // NULL, or where to note what is told,
  uint32_t nbits;
};

static void tell(struct teller *t, unsigned bit) {
  t->trail = t->trail << 1 | bit;
  if (t->bits) t->bits[t->nbits++] = (uint8_t)bit;
}

static void tell_call(struct teller *t, uint32_t back) { t->b->calls[++t->b->top % WG_BRANCH_CALLS] = back; }

static bool tell_return(struct teller *t, uint32_t to) {
  bool hit = t->b->calls[t->b->top % WG_BRANCH_CALLS] == to;
  t->b->top -= hit;
  return hit;
}

static void see_to(struct teller *t, const struct wg_round_branch *e, bool go) {
  const struct wg_branches *b = t->b;
  bool full = (int64_t)t->trail < 0;
  if (full || (go && (b->ntargets >= WG_BRANCH_TARGETS || b->nwords >= WG_BRANCH_WORDS - 1)))
    t->trail = wg_branches_flush(t->c, t->trail, e->to, t->start + e->after);
}

// What a branch does to the stack of calls. True: it returned to where the latest one said.
static bool move_calls(struct teller *t, const struct wg_round_branch *e) {
  bool hit = returns_to(e) && tell_return(t, e->to);
  if (wg_branch_links(e->word) && (returns_to(e) || wg_branch_form(e->word) != WG_BRANCH_BCLR)) tell_call(t, e->pc + 4);
  return hit;
}

// As exec_branch.c records it.
static void tell_branch(struct teller *t, const struct wg_round_branch *e) {
  struct wg_branches *b = t->b;
  bool go = was_taken(e), back = returns_to(e), hit = move_calls(t, e);
  if (wg_branch_decides(e->word)) {
    tell(t, go);
    if (back && (int64_t)t->trail < 0) {
      b->words[b->nwords++] = t->trail & INT64_MAX;
      t->trail = 1;
    }
  }
  if (back) tell(t, hit);
  if (go && (back ? !hit : wg_branch_form(e->word) == WG_BRANCH_BCCTR)) b->targets[b->ntargets++] = e->to;
  see_to(t, e, go);
}

static void tell_from(struct teller *t, const struct wg_round *r, uint32_t from) {
  for (uint32_t i = from; i < r->n; i++) tell_branch(t, &r->branches[i]);
  t->start += r->length;
}

// Tells a round. True if the next ones will be told by the same bits, up to the packet's end.
static bool tell_and_compare(struct teller *t, struct wg_round *r, uint8_t *bits, uint32_t *nbits) {
  uint32_t calls[WG_BRANCH_CALLS], top = t->b->top, ntargets = t->b->ntargets;
  uint64_t packet = t->b->cycle;
  memcpy(calls, t->b->calls, sizeof calls);
  t->bits = bits;
  t->nbits = 0;
  tell_from(t, r, 0);
  t->bits = NULL;
  *nbits = t->nbits;
  return t->b->cycle == packet && t->b->ntargets == ntargets && t->b->top == top &&
         memcmp(calls, t->b->calls, sizeof calls) == 0;
}

static void learn(struct wg_round *r, const struct wg_branches *b, const uint8_t *bits, uint32_t n) {
  r->top = b->top;
  memcpy(r->calls, b->calls, sizeof r->calls);
  if (r->nbits == n && memcmp(r->bits, bits, n) == 0) return;
  memcpy(r->bits, bits, n);
  r->nbits = n;
  uint64_t word = 0;
  for (uint32_t i = 0, next = 0; n && i < WORD_BITS - 1 + n; i++, next = next + 1 < n ? next + 1 : 0) {
    word = (word << 1 | bits[next]) & INT64_MAX;
    if (i >= WORD_BITS - 1) r->words[i - (WORD_BITS - 1)] = word;
  }
}

static unsigned bits_of(const struct wg_round_branch *e) {
  return (unsigned)wg_branch_decides(e->word) + (unsigned)returns_to(e);
}

// The branch of whose bits the nth is the first, or r->n.
static uint32_t branch_of_bit(const struct wg_round *r, uint32_t n) {
  for (uint32_t i = 0, at = 0; i < r->n && at <= n; at += bits_of(&r->branches[i++]))
    if (at == n && bits_of(&r->branches[i])) return i;
  return r->n;
}

static uint32_t loose_bits(const struct teller *t) { return 63u - (uint32_t)__builtin_clzll(t->trail); }

// `n` whole words of the record, from the start of a round on. Returns the bits of rounds that were told.
static uint64_t tell_words(struct teller *t, const struct wg_round *r, uint64_t n) {
  struct wg_branches *b = t->b;
  uint32_t loose = loose_bits(t);
  if (n == 0) return 0;
  uint64_t word = (t->trail ^ 1ull << loose) << (WORD_BITS - loose) | r->words[0] >> loose;
  uint32_t at = (WORD_BITS - loose) % r->nbits, step = WORD_BITS % r->nbits;
  uint64_t *out = &b->words[b->nwords], made = 0;
  for (; made < n && made <= r->nbits; made++) {
    out[made] = word;
    word = r->words[at];
    at += step;
    if (at >= r->nbits) at -= r->nbits;
  }
  // From the second on they come again after as many words as a round has bits.
  for (uint64_t again = r->nbits, more; made < n; made += more, again *= 2) {
    more = n - made < again ? n - made : again;
    memcpy(out + made, out + made - again, more * sizeof *out);
  }
  b->nwords += (uint32_t)n;
  t->trail = 1;
  return n * WORD_BITS - loose;
}

// As many rounds as the packet holds without an end, which comes in the last of them.
static uint64_t tell_to_the_end(struct teller *t, const struct wg_round *r, uint64_t words) {
  uint32_t loose = loose_bits(t);
  // The words must end where a branch begins, which may tell two bits.
  while (words > 0 && branch_of_bit(r, (uint32_t)((words * WORD_BITS - loose) % r->nbits)) == r->n) words--;
  uint64_t bits = tell_words(t, r, words), whole = bits / r->nbits;
  t->start += whole * r->length;
  if (bits % r->nbits == 0) return whole;
  uint32_t branch = branch_of_bit(r, (uint32_t)(bits % r->nbits));
  for (uint32_t i = 0; i < branch; i++) (void)move_calls(t, &r->branches[i]); // the words have told of them
  tell_from(t, r, branch);
  return whole + 1;
}

// Many rounds like the one that was learnt. Returns how many.
static uint64_t tell_many(struct teller *t, const struct wg_round *r, uint64_t rounds) {
  const struct wg_branches *b = t->b;
  uint64_t words = (loose_bits(t) + rounds * r->nbits) / WORD_BITS;
  uint64_t room = b->nwords < WG_BRANCH_WORDS - 2 ? WG_BRANCH_WORDS - 2 - b->nwords : 0;
  if (words > room) return tell_to_the_end(t, r, room);
  if (r->nbits) {
    uint64_t told = tell_words(t, r, words);
    uint32_t rest = (uint32_t)(rounds * r->nbits - told);
    t->trail = t->trail << rest | r->words[told % r->nbits] >> (WORD_BITS - rest);
  }
  t->start += rounds * r->length;
  return rounds;
}

// A round now would be like the one that was learnt last: the stack of calls is as it was, and the packet goes on.
static bool is_learnt(const struct wg_round *r, const struct wg_branches *b) {
  return r->nbits && b->top == r->top && b->nwords < WG_BRANCH_WORDS - 1 && b->ntargets < WG_BRANCH_TARGETS &&
         memcmp(r->calls, b->calls, sizeof r->calls) == 0;
}

void wg_round_repeat(struct wg_round *r, struct wg_cpu *c, uint64_t n) {
  struct teller t = {.c = c, .b = c->branches, .trail = c->branches->trail, .start = c->cycle};
  uint8_t bits[WG_ROUND_BITS];
  uint32_t nbits;
  uint64_t end = c->cycle + n * r->length;
  if (is_learnt(r, c->branches)) n -= tell_many(&t, r, n);
  while (n > 0) {
    bool alike = tell_and_compare(&t, r, bits, &nbits);
    n--;
    if (!alike) continue;
    learn(r, c->branches, bits, nbits);
    n -= tell_many(&t, r, n);
  }
  WG_ASSERT(t.start == end, "each round counts its instructions");
  c->branches->trail = t.trail;
  c->cycle = end;
}
