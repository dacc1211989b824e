// Integer: table-driven CRC-32 of a buffer.
#include "bench.h"
static u32 table[256];
static u8 data[4096];
u32 bench(u32 n) {
  for (u32 i = 0; i < 256; i++) {
    u32 c = i;
    for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xEDB88320u : c >> 1;
    table[i] = c;
  }
  for (u32 i = 0; i < sizeof data; i++) data[i] = (u8)(i * 7);
  u32 crc = ~0u;
  while (n--)
    for (u32 i = 0; i < sizeof data; i++) crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
  return ~crc;
}
