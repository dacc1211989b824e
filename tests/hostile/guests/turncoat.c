// The library of resume.c.
#include "hostile.h"

u32 DllMain(HANDLE module, u32 reason, void *reserved);

u32 DllMain(HANDLE module, u32 reason, void *reserved) {
  (void)module, (void)reserved;
  if (reason == 1) ((volatile u32 *)(usize)NOTES[0])[2] = NOTES[1];
  return 1;
}
