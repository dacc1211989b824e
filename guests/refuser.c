// A library that does not start.
#include "check.h"

u32 DllMain(HANDLE module, u32 reason, void *reserved);

u32 DllMain(HANDLE module, u32 reason, void *reserved) {
  (void)module, (void)reserved;
  DbgPrint("refuser %d\n", reason);
  return 0;
}
