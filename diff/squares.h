// Keeps a sequence of symbols free of immediate repetitions of any period (or any up to half a window): w w becomes w.
//
// A loop of any length leaves one round of itself, loops within loops too; what is left of n symbols with k different
// rounds is at most the rounds. Finding a repetition costs a constant time for each of the latest few places where the
// symbol stood before; a loop in which some symbol is rare is always found at that symbol.
#ifndef WG_DIFF_SQUARES_H
#define WG_DIFF_SQUARES_H

#include <stddef.h>
#include <stdint.h>

#include "base/index.h"

struct wg_squares {
  uint64_t *syms;
  uint32_t *sums; // prefix hashes, one more than symbols
  uint32_t *prev; // where the symbol stood before, or UINT32_MAX
  size_t n, cap;
  size_t window; // 0: all is remembered; else at least the latest `window` symbols, at most twice as many
  uint32_t *powers;
  size_t npowers;
  struct wg_index last; // the latest place of each symbol
};

// Appends a symbol. If the sequence then ends in w w, the second w is taken away again and its length returned (the
// caller merges its elements into those of the first, which are now the last ones); else 0.
size_t wg_squares_push(struct wg_squares *q, uint64_t sym);
void wg_squares_release(struct wg_squares *q);

#endif
