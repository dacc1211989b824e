// Memory: a chain of dependent loads over 4 MiB.
#include "bench.h"
static u32 next[1 << 20];
u32 bench(u32 n) {
  u32 seed = 5, at = 0;
  for (u32 i = 0; i < 1 << 20; i++) next[i] = i;
  for (u32 i = (1 << 20) - 1; i; i--) { // one cycle through all
    u32 j = next_random(&seed) % i, t = next[i];
    next[i] = next[j];
    next[j] = t;
  }
  while (n--)
    for (u32 i = 0; i < 1 << 16; i++) at = next[at];
  return at;
}
