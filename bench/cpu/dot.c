// AltiVec: dot products of single-precision vectors.
#include "bench.h"
typedef float v4 __attribute__((vector_size(16)));
static v4 a[256], b[256];
u32 bench(u32 n) {
  for (int i = 0; i < 256; i++)
    for (int j = 0; j < 4; j++) {
      a[i][j] = (float)(i + j) / 64;
      b[i][j] = (float)(i - j) / 32;
    }
  v4 total = {0};
  while (n--) {
    v4 s = {0};
    for (int i = 0; i < 256; i++) s += a[i] * b[i];
    total = total * 0.5f + s;
    a[n & 255] = s * 1e-6f + 1.0f;
  }
  return (u32)(int)((total[0] + total[1] + total[2] + total[3]) * 256);
}
