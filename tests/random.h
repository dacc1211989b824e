// A small generator for property tests: the same numbers everywhere.
#ifndef WG_TESTS_RANDOM_H
#define WG_TESTS_RANDOM_H

#include <stdint.h>

static inline uint64_t random_next(uint64_t *state) { // xorshift64*
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * 0x2545F4914F6CDD1Du;
}

static inline uint32_t random_below(uint64_t *state, uint32_t n) { return (uint32_t)((random_next(state) >> 32) % n); }

#endif
