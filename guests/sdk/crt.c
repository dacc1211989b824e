// Start-up and the few C functions that the compiler calls by itself.
#include "xbox.h"

#ifndef WG_DLL
int main(void);
void _start(void);
#endif
void *memcpy(void *to, const void *from, usize n);
void *memset(void *to, int c, usize n);

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

// A library has its DllMain instead.
#ifndef WG_DLL
void _start(void) { ExTerminateThread((u32)main()); }
#endif
