// Integer: bytes by tables, four of them in a word of 24 bits.
#include "bench.h"
static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
u32 bench(u32 n) {
  static u8 in[3072], out[4096], back[256];
  u32 seed = 1, sum = 0;
  for (u32 i = 0; i < 3072; i++) in[i] = (u8)next_random(&seed);
  for (u32 i = 0; i < 64; i++) back[(u8)abc[i]] = (u8)i;
  while (n--) {
    u32 o = 0;
    for (u32 i = 0; i < 3072; i += 3) {
      u32 v = (u32)in[i] << 16 | (u32)in[i + 1] << 8 | in[i + 2];
      out[o++] = abc[v >> 18];
      out[o++] = abc[v >> 12 & 63];
      out[o++] = abc[v >> 6 & 63];
      out[o++] = abc[v & 63];
    }
    for (u32 i = 0, k = 0; i < 4096; i += 4) {
      u32 v = (u32)back[out[i]] << 18 | (u32)back[out[i + 1]] << 12 | (u32)back[out[i + 2]] << 6 | back[out[i + 3]];
      in[k++] = (u8)(v >> 16) ^ 1;
      in[k++] = (u8)(v >> 8);
      in[k++] = (u8)v;
      sum += v;
    }
  }
  return sum;
}
