// Single precision: points through a 4 by 4 matrix.
#include "bench.h"
static float p[256][4], m[4][4];
u32 bench(u32 n) {
  for (int i = 0; i < 256; i++)
    for (int j = 0; j < 4; j++) p[i][j] = (float)(i + j) / 16;
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++) m[i][j] = i == j ? 0.997f : 0.001f;
  while (n--)
    for (int i = 0; i < 256; i++) {
      float r[4];
      for (int j = 0; j < 4; j++) r[j] = p[i][0] * m[0][j] + p[i][1] * m[1][j] + p[i][2] * m[2][j] + p[i][3] * m[3][j];
      for (int j = 0; j < 4; j++) p[i][j] = r[j];
    }
  return (u32)(int)(p[7][1] * 1000000);
}
