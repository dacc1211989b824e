// Double precision: matrix product.
#include "bench.h"
#define N 48
static double a[N][N], b[N][N], c[N][N];
u32 bench(u32 n) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i][j] = (double)(i * 3 + j) / 7;
      b[i][j] = (double)(i - j * 2) / 5;
    }
  while (n--) {
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) {
        double s = 0;
        for (int k = 0; k < N; k++) s += a[i][k] * b[k][j];
        c[i][j] = s;
      }
    a[n % N][n % 7] += c[3][4] / 1e9;
  }
  return (u32)(long long)c[5][6];
}
