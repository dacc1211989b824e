// Branchy: eight queens, by recursion.
#include "bench.h"
static int place(u32 all, u32 cols, u32 l, u32 r) {
  if (cols == all) return 1;
  int n = 0;
  u32 free = all & ~(cols | l | r);
  while (free) {
    u32 bit = free & -free;
    free ^= bit;
    n += place(all, cols | bit, (l | bit) << 1, (r | bit) >> 1);
  }
  return n;
}
u32 bench(u32 n) {
  u32 t = 0;
  while (n--) t = t * 3 + (u32)place(255, 0, 0, 0) + n;
  return t;
}
