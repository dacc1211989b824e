// Never ends: after one look at game:'s file `seen` and one line of text it calls the kernel for ever, or, made with
// QUIET, only computes.
#include "check.h"

int main(void) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  NETWORK_OPEN_INFORMATION info;
  name_object(&oa, &s, "game:\\seen");
  NTSTATUS status = NtQueryFullAttributesFile(&oa, &info);
  DbgPrint("begun %x\n", status);
  static CRITICAL_SECTION cs;
  RtlInitializeCriticalSection(&cs);
  for (volatile u32 i = 0;; i++) {
#ifndef QUIET
    RtlEnterCriticalSection(&cs);
    RtlLeaveCriticalSection(&cs);
#endif
  }
}
