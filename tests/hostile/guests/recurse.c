// The library of frames.c: on its way out it lets itself be unloaded again, and again.
#include "hostile.h"

u32 DllMain(HANDLE module, u32 reason, void *reserved);

u32 DllMain(HANDLE module, u32 reason, void *reserved) {
  (void)reserved;
  (void)reason;
  for (u32 i = 0; i < 3; i++) XexUnloadImage(module);
  return 1;
}
