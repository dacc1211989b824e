// Integer: sieve of Eratosthenes.
#include "bench.h"
static u8 composite[65536];
u32 bench(u32 n) {
  u32 total = 0;
  while (n--) {
    for (u32 i = 0; i < sizeof composite; i++) composite[i] = 0;
    for (u32 i = 2; i < 256; i++)
      if (!composite[i])
        for (u32 j = i * i; j < sizeof composite; j += i) composite[j] = 1;
    for (u32 i = 2; i < sizeof composite; i++) total += !composite[i];
  }
  return total;
}
