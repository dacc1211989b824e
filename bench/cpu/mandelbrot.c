// Double precision: the Mandelbrot set.
#include "bench.h"
u32 bench(u32 n) {
  u32 total = 0;
  while (n--)
    for (int py = 0; py < 32; py++)
      for (int px = 0; px < 32; px++) {
        double cx = px / 12.0 - 2, cy = py / 12.0 - 1.3 + (double)(n & 7) / 1000, x = 0, y = 0;
        u32 i = 0;
        for (; i < 64 && x * x + y * y < 4; i++) {
          double t = x * x - y * y + cx;
          y = 2 * x * y + cy;
          x = t;
        }
        total += i;
      }
  return total;
}
