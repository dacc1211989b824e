// AltiVec: colour conversion on 32-bit lanes, shifts, masks and compares.
#include "bench.h"
typedef u32 v4 __attribute__((vector_size(16)));
static v4 pixels[1024];
u32 bench(u32 n) {
  u32 seed = 3;
  for (int i = 0; i < 1024; i++)
    for (int j = 0; j < 4; j++) pixels[i][j] = next_random(&seed);
  v4 sum = {0};
  while (n--)
    for (int i = 0; i < 1024; i++) {
      v4 p = pixels[i];
      v4 r = p >> 16 & 255, g = p >> 8 & 255, b = p & 255;
      v4 y = (r + r + g + g + g + g + b + b) >> 3;
      v4 bright = (v4)(y > 128) & 0xFF;
      p = bright << 24 | y << 16 | (r ^ y) << 8 | (b + y) >> 1;
      pixels[i] = p;
      sum += y;
    }
  return sum[0] ^ sum[1] ^ sum[2] ^ sum[3];
}
