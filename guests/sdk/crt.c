// Start-up and the few C functions that the compiler calls by itself.
#include "xbox.h"

int main(void);
void *memcpy(void *to, const void *from, usize n);
void *memset(void *to, int c, usize n);
void _start(void);

void *memcpy(void *to, const void *from, usize n) {
  u8 *d = to;
  const u8 *s = from;
  while (n--) *d++ = *s++;
  return to;
}

void *memset(void *to, int c, usize n) {
  u8 *d = to;
  while (n--) *d++ = (u8)c;
  return to;
}

void _start(void) { ExTerminateThread((u32)main()); }
