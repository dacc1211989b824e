// Alignment (diff/lcs.h) against the dynamic program of the definition.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "diff/lcs.h"
#include "tests/random.h"
#include "tests/suite.h"

#define MOST 160

static size_t longest(const uint64_t *a, size_t na, const uint64_t *b, size_t nb) {
  static size_t row[2][MOST + 1];
  memset(row, 0, sizeof row);
  for (size_t i = 0; i < na; i++)
    for (size_t j = 0; j < nb; j++) {
      size_t *here = &row[(i + 1) & 1][j + 1];
      size_t up = row[i & 1][j + 1], left = row[(i + 1) & 1][j];
      *here = a[i] == b[j] ? row[i & 1][j] + 1 : up > left ? up : left;
    }
  return row[na & 1][nb];
}

// How many are paired; SIZE_MAX if a pair is unequal, or two cross.
static size_t paired(const uint64_t *a, size_t na, const uint64_t *b, size_t nb, const uint32_t *partner) {
  size_t n = 0, next = 0;
  for (size_t i = 0; i < na; i++) {
    if (partner[i] == UINT32_MAX) continue;
    if (partner[i] >= nb || partner[i] < next || a[i] != b[partner[i]]) return SIZE_MAX;
    next = partner[i] + 1;
    n++;
  }
  return n;
}

static size_t count(const uint64_t *a, size_t from, size_t n, uint64_t sym) {
  size_t c = 0;
  for (size_t i = from; i < n; i++) c += a[i] == sym;
  return c;
}

// A symbol that stands once on both sides behind their common beginning: the two are pinned there, longest or not.
static bool has_anchor(const uint64_t *a, size_t na, const uint64_t *b, size_t nb) {
  size_t from = 0;
  while (from < na && from < nb && a[from] == b[from]) from++;
  for (size_t i = from; i < na; i++)
    if (count(a, from, na, a[i]) == 1 && count(b, from, nb, a[i]) == 1) return true;
  return false;
}

static void fill(uint64_t *rng, uint64_t *word, size_t n, uint32_t symbols) {
  for (size_t i = 0; i < n; i++) word[i] = random_below(rng, symbols) * 0x100000001u;
}

// The other one with some places changed, left out or put in.
static size_t edit(uint64_t *rng, const uint64_t *a, size_t na, uint64_t *b, uint32_t symbols) {
  size_t n = 0;
  for (size_t i = 0; i < na && n + 2 < MOST; i++) {
    uint32_t what = random_below(rng, 12);
    if (what == 0) continue;
    if (what == 1) b[n++] = random_below(rng, symbols) * 0x100000001u;
    b[n++] = what == 2 ? random_below(rng, symbols) * 0x100000001u : a[i];
  }
  return n;
}

static void random_words_are_aligned_as_long_as_can_be(void) {
  uint64_t rng = 3, a[MOST], b[MOST];
  uint32_t partner[MOST];
  size_t exact = 0;
  for (int round = 0; round < 4000; round++) {
    uint32_t symbols = 1 + random_below(&rng, round & 1 ? 6 : 60);
    size_t na = random_below(&rng, 100), nb = random_below(&rng, 100);
    fill(&rng, a, na, symbols);
    if (round % 3)
      nb = edit(&rng, a, na, b, symbols);
    else
      fill(&rng, b, nb, symbols);
    CU_ASSERT_TRUE_FATAL(wg_lcs(a, na, b, nb, partner));
    size_t n = paired(a, na, b, nb, partner), best = longest(a, na, b, nb);
    CU_ASSERT_TRUE_FATAL(n <= best); // neither crossing nor unequal
    if (has_anchor(a, na, b, nb)) continue;
    exact++;
    CU_ASSERT_EQUAL_FATAL(n, best);
  }
  CU_ASSERT_TRUE(exact > 1000);
}

// Anchors in one order are all kept, whatever surrounds them.
static void anchors_in_order_are_kept(void) {
  uint64_t rng = 5, a[MOST], b[MOST];
  uint32_t partner[MOST];
  for (int round = 0; round < 500; round++) {
    size_t na = 0, nb = 0;
    for (uint64_t anchor = 1000; anchor < 1010; anchor++) {
      for (uint32_t k = random_below(&rng, 10); k > 0; k--) a[na++] = random_below(&rng, 3);
      for (uint32_t k = random_below(&rng, 5); k > 0; k--) b[nb++] = random_below(&rng, 3);
      a[na++] = b[nb++] = anchor;
    }
    CU_ASSERT_TRUE_FATAL(wg_lcs(a, na, b, nb, partner));
    CU_ASSERT_NOT_EQUAL_FATAL(paired(a, na, b, nb, partner), SIZE_MAX);
    for (size_t i = 0; i < na; i++)
      if (a[i] >= 1000) CU_ASSERT_TRUE_FATAL(partner[i] != UINT32_MAX && b[partner[i]] == a[i]);
  }
}

static void empty_and_equal_words(void) {
  uint64_t a[5] = {1, 2, 3, 2, 1};
  uint32_t partner[5] = {0, 0, 0, 0, 0};
  CU_ASSERT_TRUE(wg_lcs(a, 0, a, 5, partner));
  CU_ASSERT_TRUE(wg_lcs(a, 5, a, 0, partner));
  for (size_t i = 0; i < 5; i++) CU_ASSERT_EQUAL(partner[i], UINT32_MAX);
  CU_ASSERT_TRUE(wg_lcs(a, 5, a, 5, partner));
  for (size_t i = 0; i < 5; i++) CU_ASSERT_EQUAL(partner[i], i);
}

// Far apart is no reason to lose one another.
static void a_long_insertion_is_crossed(void) {
  size_t n = 50000, extra = 20000;
  uint64_t rng = 11, *a = calloc(n, sizeof *a), *b = calloc(n + extra, sizeof *b);
  uint32_t *partner = calloc(n, sizeof *partner);
  fill(&rng, a, n, 50);
  memcpy(b, a, n / 2 * sizeof *b);
  for (size_t i = 0; i < extra; i++) b[n / 2 + i] = 7777; // on one side only
  memcpy(b + n / 2 + extra, a + n / 2, n / 2 * sizeof *b);
  CU_ASSERT_TRUE(wg_lcs(a, n, b, n + extra, partner));
  CU_ASSERT_EQUAL(paired(a, n, b, n + extra, partner), n);
  free(a);
  free(b);
  free(partner);
}

WG_MAIN("lcs", {"random words are aligned as long as can be", random_words_are_aligned_as_long_as_can_be},
        {"anchors in order are kept", anchors_in_order_are_kept}, {"empty and equal words", empty_and_equal_words},
        {"a long insertion is crossed", a_long_insertion_is_crossed})
