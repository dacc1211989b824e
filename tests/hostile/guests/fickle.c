// The library of loading.c: told that it comes or goes it does what a word says that changes all the time.
#include "hostile.h"

void ExTerminateThread(u32);
u32 KeSuspendThread(void *);
u32 DllMain(HANDLE module, u32 reason, void *reserved);

u32 DllMain(HANDLE module, u32 reason, void *reserved) {
  (void)reserved;
  HANDLE h = 0;
  s64 t = MS(1);
  NOTES[1] = NOTES[1] * 1664525 + 1013904223;
  if (NOTES[0]++ > 40) return 1; // not deeper
  switch (NOTES[1] >> 20 & 15) {
  case 0: XexUnloadImage(module); break;
  case 1: XexUnloadImage(module), XexUnloadImage(module); break;
  case 2: XexLoadImage("game:\\hostile.fickle.dll", 8, 0, &h); break;
  case 3: XexLoadImage("game:\\greeter.dll", 8, 0, &h), XexUnloadImage(h); break;
  case 4: XexUnloadImage(module), XexLoadImage("game:\\hostile.fickle.dll", 8, 0, &h); break;
  case 5: KeDelayExecutionThread(1, 1, &t); break; // APCs load and unload it meanwhile
  case 6: KeDelayExecutionThread(1, 0, &t); break;
  case 7: NOTES[0]--; return 0;
  case 8:
    NOTES[0]--;
    if (NOTES[2]) ExTerminateThread(reason);
    return 1;
  case 9: {
    u32 base = (u32)(usize)DllMain & ~0xFFFFu, size = 0;
    NtFreeVirtualMemory(&base, &size, 0x8000, 0);
    break;
  }
  case 10: *(volatile u32 *)(usize)module = 0xFFFFFFFF; break; // its own entry
  case 11:
    for (u32 i = 0; i < 0x60; i += 4) *(volatile u32 *)(usize)(module + i) = NOTES[1];
    break;
  default: break;
  }
  NOTES[0]--;
  return 1;
}
