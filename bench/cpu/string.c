// Integer: string length, search, comparison and hashing by bytes.
#include "bench.h"
static char text[8192];
static u32 length(const char *s) {
  const char *p = s;
  while (*p) p++;
  return (u32)(p - s);
}
static const char *find(const char *s, const char *what) {
  for (; *s; s++) {
    const char *a = s, *b = what;
    while (*b && *a == *b) a++, b++;
    if (!*b) return s;
  }
  return 0;
}
u32 bench(u32 n) {
  u32 seed = 7, h = 0;
  for (u32 i = 0; i < sizeof text - 1; i++) text[i] = "abcdefgh "[next_random(&seed) % 9];
  while (n--) {
    text[n % 8000] ^= 1;
    h = h * 33 + length(text);
    const char *p = text;
    while ((p = find(p, "cab"))) {
      h += (u32)(p - text);
      p++;
    }
    for (const char *q = text; *q; q++) h = (h ^ (u8)*q) * 16777619u;
    text[n % 8000] ^= 1;
  }
  return h;
}
