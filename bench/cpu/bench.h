// What the benchmark programs share: no library, the same source on every engine.
#ifndef BENCH_H
#define BENCH_H
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

// Does `n` rounds of work; the result depends on all of it.
u32 bench(u32 n);

static inline u32 next_random(u32 *seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 8;
}
#endif
