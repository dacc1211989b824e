// Integer: LZ77, packed and unpacked.
#include "bench.h"
static u8 in[65536], pack[131072], out[65536];
static u16 head[4096];
static u32 compress(u32 size) {
  u32 o = 0, i = 0;
  for (u32 k = 0; k < 4096; k++) head[k] = 0;
  while (i < size) {
    u32 h = i + 3 < size ? ((in[i] | in[i + 1] << 8 | in[i + 2] << 16) * 2654435761u) >> 20 : 0;
    u32 m = head[h], len = 0;
    if (i + 3 < size) {
      head[h] = (u16)i;
      if (m < i && i - m < 65535)
        while (len < 255 && i + len < size && in[m + len] == in[i + len]) len++;
    }
    if (len >= 4) {
      pack[o++] = 1;
      pack[o++] = (u8)len;
      pack[o++] = (u8)((i - m) & 255);
      pack[o++] = (u8)((i - m) >> 8);
      i += len;
    } else {
      pack[o++] = 0;
      pack[o++] = in[i++];
    }
  }
  return o;
}
static u32 expand(u32 n) {
  u32 o = 0, i = 0;
  while (i < n) {
    if (pack[i]) {
      u32 len = pack[i + 1], d = pack[i + 2] | pack[i + 3] << 8;
      for (u32 k = 0; k < len; k++, o++) out[o] = out[o - d];
      i += 4;
    } else {
      out[o++] = pack[i + 1];
      i += 2;
    }
  }
  return o;
}
u32 bench(u32 n) {
  u32 seed = 9;
  for (u32 i = 0; i < 60000; i++)
    in[i] =
        (next_random(&seed) & 7) ? in[i > 100 ? i - 1 - next_random(&seed) % 90 : 0] + (u8)0 : (u8)next_random(&seed);
  u32 t = 0;
  while (n--) {
    u32 c = compress(60000);
    u32 e = expand(c);
    t = t * 31 + c + e + out[n % 60000];
  }
  return t;
}
