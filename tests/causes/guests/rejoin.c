// Threads made for a task and joined, again and again: suspended at first, given a priority and a slot of thread
// storage, then let go; joined by handle, by object, or by what their result event says.
#include "engine.h"
#define GENERATIONS 9
#define CREW 4
static u32 slot;
static volatile u32 produced[CREW];
static HANDLE finished[CREW];

static void task(void *ctx) {
  u32 me = (u32)(usize)ctx;
  u32 *mine = ExAllocatePool(64);
  KeTlsSetValue(slot, mine);
  for (u32 i = 0; i < 16; i++) mine[i] = me * i;
  burn(100 * (me + 1));
  u32 *again = KeTlsGetValue(slot), s = 0;
  for (u32 i = 0; i < 16; i++) s += again[i];
  produced[me] += s;
  KeTlsSetValue(slot, NULL);
  ExFreePool(mine);
  NtSetEvent(finished[me], NULL);
  ExTerminateThread(s);
}
static void generation(u32 g) {
  HANDLE h[CREW], copy;
  void *object[CREW];
  for (u32 i = 0; i < CREW; i++) {
    ExCreateThread(&h[i], 0x10000, NULL, NULL, (void *)task, (void *)(usize)i, CORE(i + 1) | 1);
    ObReferenceObjectByHandle(h[i], NULL, &object[i]);
    KeSetBasePriorityThread(object[i], (s32)i - 1);
  }
  for (u32 i = 0; i < CREW; i++) {
    u32 was = 9;
    NtResumeThread(h[i], &was);
    if (was != 1) DbgPrint("thread %d was suspended %d times\n", i, was);
  }
  if (g % 3 == 0)
    NtWaitForMultipleObjectsEx(CREW, h, 0, 1, 0, NULL);
  else if (g % 3 == 1)
    for (u32 i = 0; i < CREW; i++) KeWaitForSingleObject(object[i], 3, 1, 0, NULL);
  else {
    for (u32 i = 0; i < CREW; i++) NtWaitForSingleObjectEx(finished[i], 1, 0, NULL);
    NtDuplicateObject(h[0], &copy, 0);
    NtWaitForSingleObjectEx(copy, 1, 0, NULL);
    NtClose(copy);
  }
  for (u32 i = 0; i < CREW; i++) {
    if (g % 3 != 2) NtClearEvent(finished[i]);
    ObDereferenceObject(object[i]);
    NtClose(h[i]);
  }
}
int main(void) {
  slot = KeTlsAlloc();
  for (u32 i = 0; i < CREW; i++) NtCreateEvent(&finished[i], NULL, AUTO, 0);
  for (u32 g = 0; g < GENERATIONS; g++) generation(g);
  KeTlsFree(slot);
  u32 all = 0;
  for (u32 i = 0; i < CREW; i++) all += produced[i];
  DbgPrint("produced %d\n", all);
  return 0;
}
