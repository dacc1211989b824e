// Integer: a table with open addressing, filled and asked.
#include "bench.h"
static u32 keys[8192], vals[8192];
u32 bench(u32 n) {
  u32 seed = 8, t = 0;
  while (n--) {
    for (u32 i = 0; i < 8192; i++) keys[i] = 0;
    for (u32 i = 0; i < 5000; i++) {
      u32 k = (next_random(&seed) & 0x3fff) | 1;
      u32 h = k * 2654435761u >> 19;
      while (keys[h] && keys[h] != k) h = (h + 1) & 8191;
      if (!keys[h]) vals[h] = 0;
      keys[h] = k;
      vals[h] += i;
    }
    for (u32 i = 0; i < 5000; i++) {
      u32 k = (next_random(&seed) & 0x3fff) | 1, h = k * 2654435761u >> 19;
      while (keys[h] && keys[h] != k) h = (h + 1) & 8191;
      if (keys[h])
        t += vals[h];
      else
        t ^= k;
    }
  }
  return t;
}
