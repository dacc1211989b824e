// Many threads that nobody is seen to create, each known by its few calls alone; the two sides number them otherwise.
#include <stdlib.h>

#include "base/err.h"
#include "bench/diff/world.h"

static void permute(uint32_t *p, uint32_t n, struct rng *r) {
  for (uint32_t i = 0; i < n; i++) p[i] = i;
  for (uint32_t i = n; i > 1; i--) {
    uint32_t k = rng_below(r, i), x = p[i - 1];
    p[i - 1] = p[k];
    p[k] = x;
  }
}

// Its number in base CALL_NAMES spells the thread's first four calls, so that no two threads make the same; a few
// follow.
static uint32_t signature(uint32_t thread, uint16_t calls[8]) {
  struct rng r = {thread * 31u + 5};
  uint32_t n = 0;
  for (uint32_t v = thread; n < 4; v /= CALL_NAMES) calls[n++] = (uint16_t)(v % CALL_NAMES);
  for (uint32_t more = rng_range(&r, 1, 4); more; more--) calls[n++] = (uint16_t)rng_below(&r, CALL_NAMES);
  return n;
}

static int side(const struct options *o, bool ours, uint32_t count) {
  struct world *w = wg_xcalloc(1, sizeof *w);
  struct thread *threads = wg_xcalloc(count, sizeof *threads);
  uint32_t *tids = wg_xcalloc(count, sizeof *tids), *order = wg_xcalloc(count, sizeof *order);
  struct rng r = {o->seed * 2 + ours};
  permute(tids, count, &r);
  permute(order, count, &r);
  w->o = o;
  w->ours = ours;
  int code = world_open(w, ours ? "ours.jsonl" : "canary.jsonl");
  uint64_t now = 1000;
  // Rounds: in each every thread makes one call, in an order of the side's own.
  for (uint32_t round = 0; code == WG_OK && round < 8; round++)
    for (uint32_t k = 0; k < count; k++) {
      uint16_t calls[8];
      struct thread *t = &threads[order[k]];
      if (round >= signature(order[k], calls)) continue;
      t->tid = 100 + tids[order[k]];
      for (int kind = E_CALL; kind <= E_RETURN; kind++) {
        t->now = now += rng_range(&r, 100, 900);
        write_event(w, t, &(struct ev){.kind = (uint8_t)kind, .name = calls[round], .handle = -1});
        t->idx++;
      }
    }
  if (code == WG_OK) {
    write_footer(w);
    code = world_close(w);
  }
  free(w);
  free(threads);
  free(tids);
  free(order);
  return code;
}

int many_threads(const struct options *o, uint32_t count) {
  struct options plain = *o; // no header, no footer: a cut of a longer run
  plain.ids = IDS_NONE;
  int code = side(&plain, true, count);
  return code == WG_OK ? side(&plain, false, count) : code;
}
