// A game's main loop under a governor: it looks at a counter, and when the loop is too fast it suspends that thread for
// a while; settings by spin lock; physical memory for textures comes and goes; the end is a handshake of events that
// are set and reset by hand.
#include "engine.h"
static volatile u32 loops, stop, textures;
static u32 spin;
static HANDLE go, gone;
static u32 settings[4];

static void loop(void *ctx) {
  (void)ctx;
  NtWaitForSingleObjectEx(go, 1, 0, NULL);
  for (u32 i = 0; i < 40; i++) {
    u32 irql = KfAcquireSpinLock(&spin);
    settings[i % 4]++;
    KfReleaseSpinLock(&spin, irql);
    if (i % 5 == 0) {
      u32 at = MmAllocatePhysicalMemoryEx(0, 0x10000 + 0x1000 * i, 0x404, 0, 0xFFFFFFFFu, 0x1000);
      if (at == 0) {
        DbgPrint("no texture memory\n");
        break;
      }
      if (MmQueryAllocationSize(at) < 0x10000) DbgPrint("too small\n");
      *(volatile u32 *)(usize)at = i;
      textures++;
      MmFreePhysicalMemory(0, at);
    }
    loops++;
    nap(1);
  }
  NtSetEvent(gone, NULL);
  ExTerminateThread(loops);
}
int main(void) {
  HANDLE t;
  void *object;
  u32 count = 0, last = 0;
  NtCreateEvent(&go, NULL, MANUAL, 0);
  NtCreateEvent(&gone, NULL, MANUAL, 0);
  ExCreateThread(&t, 0x8000, NULL, NULL, (void *)loop, NULL, CORE(2));
  ObReferenceObjectByHandle(t, NULL, &object);
  if (KeQueryBasePriorityThread(object) != 0) KeSetBasePriorityThread(object, 0);
  NtSetEvent(go, NULL);
  for (u32 i = 0; i < 100; i++) {
    s64 t5 = MS(5);
    if (NtWaitForSingleObjectEx(gone, 1, 0, &t5) == STATUS_SUCCESS) break;
    if (i % 3 == 0) {
      NtSuspendThread(t, &count);
      if (count != 0) DbgPrint("was suspended %d times\n", count);
      last = loops;
      nap(3);
      if (loops != last) DbgPrint("it runs though it is suspended\n");
      NtResumeThread(t, &count);
    }
  }
  NtClearEvent(gone);
  NtWaitForSingleObjectEx(t, 1, 0, NULL);
  ObDereferenceObject(object);
  NtClose(t), NtClose(go), NtClose(gone);
  DbgPrint("loops %d textures %d\n", loops, textures);
  return 0;
}
