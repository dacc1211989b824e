// Folding repetitions (diff/squares.h) against the definition: a word that ends in w w loses the second w.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "diff/squares.h"
#include "tests/random.h"
#include "tests/suite.h"

// The caller's side of it: elements with counts.
struct word {
  struct wg_squares q;
  uint64_t sym[4096];
  uint64_t count[4096];
  size_t n;
};

static size_t push(struct word *w, uint64_t sym) {
  w->sym[w->n] = sym;
  w->count[w->n++] = 1;
  size_t p = wg_squares_push(&w->q, sym);
  w->n -= p;
  for (size_t i = 0; i < p; i++) w->count[w->n - p + i] += w->count[w->n + i];
  return p;
}

static void start(struct word *w) { memset(w, 0, sizeof *w); }

// The shortest w such that the word ends in w w.
static size_t square_at_end(const uint64_t *sym, size_t n) {
  for (size_t p = 1; 2 * p <= n; p++)
    if (memcmp(sym + n - p, sym + n - 2 * p, p * sizeof *sym) == 0) return p;
  return 0;
}

static bool agree(const struct word *w) {
  return w->q.n == w->n && memcmp(w->q.syms, w->sym, w->n * sizeof *w->sym) == 0;
}

static uint64_t total(const struct word *w) {
  uint64_t n = 0;
  for (size_t i = 0; i < w->n; i++) n += w->count[i];
  return n;
}

// In a word without repetitions a symbol stands at every second place at most: the latest twelve reach 24 back.
#define SURE 48

static void random_words_are_reduced_as_defined(void) {
  struct word *w = malloc(sizeof *w);
  uint64_t rng = 1;
  for (int round = 0; round < 3000; round++) {
    uint64_t naive[SURE + 1];
    size_t n = 0, length = 1 + random_below(&rng, 200);
    uint32_t symbols = 1 + random_below(&rng, 5);
    start(w);
    for (size_t i = 0; i < length && n < SURE; i++) {
      uint64_t sym = random_below(&rng, symbols);
      naive[n++] = sym;
      size_t expected = square_at_end(naive, n);
      n -= expected;
      CU_ASSERT_EQUAL_FATAL(push(w, sym), expected);
      CU_ASSERT_TRUE_FATAL(w->n == n && memcmp(w->sym, naive, n * sizeof *naive) == 0 && agree(w));
      CU_ASSERT_EQUAL_FATAL(total(w), i + 1);
    }
    wg_squares_release(&w->q);
  }
  free(w);
}

static void push_text(struct word *w, const char *text) {
  for (; *text; text++) push(w, (uint64_t)*text);
}

static bool is(const struct word *w, const char *text) {
  size_t n = strlen(text);
  bool ok = w->n == n;
  for (size_t i = 0; ok && i < n; i++) ok = w->sym[i] == (uint64_t)text[i];
  return ok && agree(w);
}

static void loops_within_loops_leave_a_round(void) {
  struct word *w = malloc(sizeof *w);
  start(w);
  push_text(w, "i");
  for (int outer = 0; outer < 70; outer++) {
    push_text(w, "[");
    for (int inner = 0; inner < 5 + outer % 3; inner++) push_text(w, "xxxy");
    push_text(w, "]");
  }
  push_text(w, "o");
  CU_ASSERT_TRUE(is(w, "i[xy]o"));
  CU_ASSERT_EQUAL(w->count[0], 1);
  CU_ASSERT_EQUAL(w->count[1], 70);
  CU_ASSERT_EQUAL(w->count[2], 3 * w->count[3]);
  wg_squares_release(&w->q);
  free(w);
}

// A long round of few symbols is found at the one that is rare.
static void long_rounds_are_found_at_a_rare_symbol(void) {
  struct word *w = malloc(sizeof *w);
  uint64_t rng = 7, body[1500];
  for (size_t i = 0; i < 1500; i++) body[i] = random_below(&rng, 3);
  body[777] = 99;
  start(w);
  size_t most = 0;
  for (int round = 0; round < 100; round++) {
    for (size_t i = 0; i < 1500; i++) push(w, body[i]);
    if (round == 1) most = w->n;
    CU_ASSERT_TRUE_FATAL(round < 1 || w->n <= most);
  }
  CU_ASSERT_EQUAL(total(w), 150000);
  CU_ASSERT_TRUE(agree(w));
  wg_squares_release(&w->q);
  free(w);
}

static void what_never_repeats_stays(void) {
  struct word *w = malloc(sizeof *w);
  start(w);
  for (uint64_t i = 0; i < 4000; i++) CU_ASSERT_EQUAL_FATAL(push(w, i * i), 0);
  CU_ASSERT_EQUAL(w->n, 4000);
  wg_squares_release(&w->q);
  free(w);
}

// What came before the window is forgotten, and nothing else changes: rounds that fit are folded as ever.
static void a_window_bounds_what_is_remembered(void) {
  struct wg_squares all = {0}, some = {.window = 64};
  uint64_t rng = 3;
  for (uint64_t i = 0; i < 20000; i++) {
    // Numbers of their own, and now and then a loop of up to twenty.
    uint64_t body[20], n = 1 + random_below(&rng, 20), rounds = random_below(&rng, 4) ? 1 : 5;
    for (uint64_t k = 0; k < n; k++) body[k] = i * 32 + k;
    for (uint64_t r = 0; r < rounds; r++)
      for (uint64_t k = 0; k < n; k++) {
        size_t expected = wg_squares_push(&all, body[k]);
        CU_ASSERT_EQUAL_FATAL(wg_squares_push(&some, body[k]), expected);
      }
    CU_ASSERT_TRUE_FATAL(some.n <= 128 && some.cap <= 128);
    size_t last = some.n < 64 ? some.n : 64;
    CU_ASSERT_EQUAL_FATAL(memcmp(some.syms + some.n - last, all.syms + all.n - last, last * sizeof *all.syms), 0);
  }
  wg_squares_release(&all);
  wg_squares_release(&some);
}

WG_MAIN("squares", {"random words are reduced as defined", random_words_are_reduced_as_defined},
        {"loops within loops leave a round", loops_within_loops_leave_a_round},
        {"long rounds are found at a rare symbol", long_rounds_are_found_at_a_rare_symbol},
        {"what never repeats stays", what_never_repeats_stays},
        {"a window bounds what is remembered", a_window_bounds_what_is_remembered})
