// Seeded numbers: the same seed gives the same files on every machine.
#ifndef WG_BENCH_RANDOM_H
#define WG_BENCH_RANDOM_H

#include <stdint.h>

struct rng {
  uint64_t s;
};

static inline uint64_t mix(uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

static inline uint64_t rng_next(struct rng *r) { return mix(r->s += 0x9e3779b97f4a7c15u); }
// A number below n, which is not 0.
static inline uint32_t rng_below(struct rng *r, uint32_t n) { return (uint32_t)((rng_next(r) >> 32) * n >> 32); }
// A number from lo to hi.
static inline uint32_t rng_range(struct rng *r, uint32_t lo, uint32_t hi) { return lo + rng_below(r, hi - lo + 1); }

#endif
