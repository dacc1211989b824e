// Half a million pairs of kernel calls, for measuring what recording costs (bench/record).
#include "xbox.h"

int main(void) {
  static CRITICAL_SECTION cs;
  RtlInitializeCriticalSection(&cs);
  for (u32 i = 0; i < 250000; i++) {
    RtlEnterCriticalSection(&cs);
    RtlLeaveCriticalSection(&cs);
  }
  return 0;
}
