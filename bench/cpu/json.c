// Branchy: a recursive scanner of JSON.
#include "bench.h"
static char text[16384];
static u32 size;
static void put(const char *s) {
  while (*s) text[size++] = *s++;
}
static const char *p;
static u32 count, hash;
static void value(void) {
  while (*p == ' ' || *p == '\n') p++;
  count++;
  if (*p == '{' || *p == '[') {
    char end = *p == '{' ? '}' : ']';
    p++;
    while (*p && *p != end) {
      value();
      while (*p == ' ') p++;
      if (*p == ',' || *p == ':') p++;
    }
    p++;
  } else if (*p == '"') {
    for (p++; *p && *p != '"'; p++) {
      if (*p == '\\') p++;
      hash = hash * 31 + (u8)*p;
    }
    p++;
  } else if ((*p >= '0' && *p <= '9') || *p == '-') {
    int v = 0;
    for (; (*p >= '0' && *p <= '9') || *p == '-' || *p == '.'; p++) v = v * 10 + *p - '0';
    hash ^= (u32)v;
  } else {
    while (*p >= 'a' && *p <= 'z') p++;
  }
}
u32 bench(u32 n) {
  put("[");
  for (int i = 0; i < 60; i++)
    put("{\"kind\": \"kernel.call\", \"tid\": 6, \"idx\": 1234, \"args\": [\"0x7fff\", 12.5, -3, true, null], "
        "\"deep\": {\"a\": [[1, 2], [3, [4]]], \"b\\\"c\": false}},\n");
  put("0]");
  text[size] = 0;
  while (n--) {
    p = text;
    value();
  }
  return hash + count;
}
