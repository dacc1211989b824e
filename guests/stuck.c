// A library that never starts: it waits for what nobody signals, holding up who loads it.
#include "check.h"

u32 DllMain(HANDLE module, u32 reason, void *reserved);

u32 DllMain(HANDLE module, u32 reason, void *reserved) {
  (void)module, (void)reason, (void)reserved;
  HANDLE event;
  EQUAL(NtCreateEvent(&event, NULL, 1, 0), STATUS_SUCCESS);
  return NtWaitForSingleObjectEx(event, 1, 0, NULL) == STATUS_SUCCESS;
}
