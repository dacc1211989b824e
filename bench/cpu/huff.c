// Branchy: bits that walk a tree.
#include "bench.h"
static u8 bits[32768];
static struct {
  short l, r;
  short sym;
} tree[511];
u32 bench(u32 n) {
  u32 seed = 3, nn = 1;
  tree[0].sym = -1;
  for (int s = 0; s < 200; s++) {
    int at = 0;
    for (int d = 0; d < 3 + s % 9; d++) {
      int b = next_random(&seed) & 1;
      short *c = b ? &tree[at].r : &tree[at].l;
      if (!*c && nn < 510) {
        *c = (short)nn;
        tree[nn].sym = -1;
        nn++;
      }
      if (!*c) break;
      at = *c;
    }
    tree[at].sym = (short)s;
  }
  for (u32 i = 0; i < 32768; i++) bits[i] = (u8)next_random(&seed);
  u32 t = 0;
  while (n--) {
    int at = 0;
    for (u32 i = 0; i < 32768; i++) {
      u32 v = bits[i];
      for (int k = 7; k >= 0; k--) {
        int nx = v >> k & 1 ? tree[at].r : tree[at].l;
        if (!nx) {
          t = t * 33 + (u32)(tree[at].sym + 1);
          at = 0;
        } else
          at = nx;
      }
    }
  }
  return t;
}
