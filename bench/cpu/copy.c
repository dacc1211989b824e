// Memory: copies and sums of a buffer larger than the second-level cache.
#include "bench.h"
static u32 from[1 << 20], to[1 << 20];
u32 bench(u32 n) {
  u32 sum = 0;
  for (u32 i = 0; i < 1 << 20; i++) from[i] = i;
  while (n--) {
    for (u32 i = 0; i < 1 << 20; i++) to[i] = from[i] + n;
    for (u32 i = 0; i < 1 << 20; i += 16) sum += to[i];
  }
  return sum;
}
