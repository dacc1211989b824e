// Which thread of A is which of B: by ancestry (parent, entry point, spawn ordinal), then by what they do.
#include "diff/side.h"

#define SAMPLE 400 // calls looked at

static void pair(struct wg_dthread *a, struct wg_dthread *b, const char *how) {
  a->peer = b;
  b->peer = a;
  a->how = b->how = how;
}

// Length of the common sequence of call names, allowing either side a few calls of its own.
static size_t similarity(const struct wg_dthread *a, const struct wg_dthread *b) {
  size_t i = 0, j = 0, score = 0;
  while (i < a->ncalls && j < b->ncalls && i < SAMPLE && j < SAMPLE) {
    if (a->calls[i].name == b->calls[j].name) {
      score++;
      i++;
      j++;
      continue;
    }
    size_t step = 0;
    for (size_t d = 1; d <= 8 && step == 0; d++) {
      if (i + d < a->ncalls && a->calls[i + d].name == b->calls[j].name)
        step = d, i += d;
      else if (j + d < b->ncalls && a->calls[i].name == b->calls[j + d].name)
        step = d, j += d;
    }
    if (step == 0) {
      i++;
      j++;
    }
  }
  return score;
}

static bool by_ancestry(struct wg_side *a, struct wg_side *b) {
  bool found = false;
  for (size_t i = 0; i < a->nthreads; i++) {
    struct wg_dthread *x = &a->threads[i];
    const struct wg_dthread *parent = x->created ? wg_side_thread(a, x->parent) : NULL;
    if (x->peer || parent == NULL || parent->peer == NULL || x->entry == 0) continue;
    for (size_t j = 0; j < b->nthreads && x->peer == NULL; j++) {
      struct wg_dthread *y = &b->threads[j];
      if (y->peer || !y->created || y->entry != x->entry || y->spawn != x->spawn) continue;
      if (y->parent != parent->peer->tid) continue;
      pair(x, y, "ancestry");
      found = true;
    }
  }
  return found;
}

// The main threads: created by no thread that makes calls, with the same entry point.
static void roots(struct wg_side *a, struct wg_side *b) {
  for (size_t i = 0; i < a->nthreads; i++) {
    struct wg_dthread *x = &a->threads[i];
    if (!x->created || x->parent != 0 || x->entry == 0 || x->peer) continue;
    for (size_t j = 0; j < b->nthreads && x->peer == NULL; j++) {
      struct wg_dthread *y = &b->threads[j];
      if (y->created && y->parent == 0 && y->entry == x->entry && y->spawn == x->spawn && y->peer == NULL)
        pair(x, y, "ancestry");
    }
  }
}

// The most similar pair that is left, so that one good match is not taken by a worse one before it.
static bool by_similarity(struct wg_side *a, struct wg_side *b) {
  struct wg_dthread *bx = NULL, *by = NULL;
  size_t best = 0;
  for (size_t i = 0; i < a->nthreads; i++) {
    for (size_t j = 0; j < b->nthreads; j++) {
      struct wg_dthread *x = &a->threads[i], *y = &b->threads[j];
      if (x->peer || y->peer || x->ncalls == 0 || y->ncalls == 0) continue;
      size_t shorter = x->ncalls < y->ncalls ? x->ncalls : y->ncalls;
      if (shorter > SAMPLE) shorter = SAMPLE;
      size_t s = similarity(x, y);
      if (s * 2 < shorter || s <= best) continue;
      best = s;
      bx = x;
      by = y;
    }
  }
  if (bx) pair(bx, by, "similar calls");
  return bx != NULL;
}

void wg_match_threads(struct wg_side *a, struct wg_side *b) {
  roots(a, b);
  do {
    while (by_ancestry(a, b)) {
    }
  } while (by_similarity(a, b));
}
