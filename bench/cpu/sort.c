// Integer: quicksort with insertion sort below 8.
#include "bench.h"
static u32 a[4096];
static void sort(u32 *lo, u32 *hi) {
  while (hi - lo > 8) {
    u32 pivot = lo[(hi - lo) / 2], *i = lo, *j = hi;
    do {
      while (*i < pivot) i++;
      while (pivot < *j) j--;
      if (i <= j) {
        u32 t = *i;
        *i++ = *j;
        *j-- = t;
      }
    } while (i <= j);
    if (j - lo < hi - i) {
      sort(lo, j);
      lo = i;
    } else {
      sort(i, hi);
      hi = j;
    }
  }
  for (u32 *i = lo + 1; i <= hi; i++) {
    u32 v = *i, *j = i;
    for (; j > lo && j[-1] > v; j--) *j = j[-1];
    *j = v;
  }
}
u32 bench(u32 n) {
  u32 seed = 1, sum = 0;
  while (n--) {
    for (u32 i = 0; i < 4096; i++) a[i] = next_random(&seed);
    sort(a, a + 4095);
    sum = sum * 31 + a[2048];
  }
  return sum;
}
