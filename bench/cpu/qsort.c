// Branchy: quicksort with a compare function, as C's library has it.
#include "bench.h"
static u32 a[4096];
static int less(const u32 *x, const u32 *y) { return *x < *y ? -1 : *x > *y; }
static void sort(u32 *b, int n, int (*cmp)(const u32 *, const u32 *)) {
  while (n > 12) {
    u32 p = b[n / 2];
    int i = 0, j = n - 1;
    for (;;) {
      while (cmp(&b[i], &p) < 0) i++;
      while (cmp(&p, &b[j]) < 0) j--;
      if (i >= j) break;
      u32 t = b[i];
      b[i] = b[j];
      b[j] = t;
      i++;
      j--;
    }
    sort(b, i, cmp);
    b += i;
    n -= i;
  }
  for (int i = 1; i < n; i++) {
    u32 v = b[i];
    int j = i;
    while (j > 0 && cmp(&v, &b[j - 1]) < 0) {
      b[j] = b[j - 1];
      j--;
    }
    b[j] = v;
  }
}
u32 bench(u32 n) {
  u32 seed = 2, t = 0;
  while (n--) {
    for (int i = 0; i < 4096; i++) a[i] = next_random(&seed);
    sort(a, 4096, less);
    t = t * 5 + a[n & 4095];
  }
  return t;
}
