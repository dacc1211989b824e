// A garbage collector that stops the world by pointers: it suspends the mutators, looks at their heaps, and lets them
// go; the mutators allocate from pools and physical memory and count in slots of their own.
#include "engine.h"

NTSTATUS ObLookupThreadByThreadId(u32, void **);
s32 KeSetPriorityThread(void *, s32), KeSetDisableBoostThread(void *, u32);
u32 MmAllocatePhysicalMemory(u32 type, u32 size, u32 protect);
NTSTATUS ObOpenObjectByPointer(void *, void *type, HANDLE *);
#define MUTATORS 3
#define CYCLES 4

struct mutator {
  u32 id, steps, garbage;
  HANDLE handle;
  void *kthread;
  void *kept[4];
  u32 pages;
};
static struct mutator m[MUTATORS];
static KSEMAPHORE dirty;
static KEVENT swept, quit;
static u32 slot, freed, stopped;

static void mutate(void *p) {
  struct mutator *x = p;
  KeTlsSetValue(slot, (void *)(usize)1);
  x->pages = MmAllocatePhysicalMemoryEx(0, 0x3000, 4, 0, 0xFFFFFFFFu, 0x10000);
  if (MmGetPhysicalAddress(x->pages) & 0xFFFF) DbgPrint("collector: %d lies badly\n", x->id);
  for (u32 i = 0; i < CYCLES; i++) {
    for (u32 k = 0; k < 4; k++) {
      if (x->kept[k]) x->garbage++, ExFreePool(x->kept[k]);
      x->kept[k] = ExAllocatePoolTypeWithTag(40 + 24 * k, 0x67634D75, 0);
      if (x->kept[k] == NULL) DbgPrint("collector: out of memory\n");
    }
    x->steps = (u32)(usize)KeTlsGetValue(slot);
    KeTlsSetValue(slot, (void *)(usize)(x->steps + 1));
    KeReleaseSemaphore(&dirty, 1, 1, 0);
    KeWaitForSingleObject(&swept, 3, 1, 0, NULL);
    nap(2);
  }
  MmFreePhysicalMemory(0, x->pages);
  ExTerminateThread(x->steps);
}

static void collect(void *unused) {
  (void)unused;
  for (u32 cycle = 0; cycle < CYCLES; cycle++) {
    for (u32 i = 0; i < MUTATORS; i++) KeWaitForSingleObject(&dirty, 3, 1, 0, NULL);
    for (u32 i = 0; i < MUTATORS; i++) stopped += KeSuspendThread(m[i].kthread) == 0;
    for (u32 i = 0; i < MUTATORS; i++) freed += m[i].garbage, m[i].garbage = 0;
    for (u32 i = 0; i < MUTATORS; i++)
      if (KeResumeThread(m[i].kthread) != 1) DbgPrint("collector: %d was not stopped\n", i);
    KeSetEvent(&swept, 1, 0);
    nap(1);
    KeResetEvent(&swept);
  }
  KeSetEvent(&quit, 1, 0);
  ExTerminateThread(freed);
}

int main(void) {
  HANDLE c, again = 0;
  slot = KeTlsAlloc();
  KeInitializeSemaphore(&dirty, 0, 100);
  KeInitializeEvent(&swept, MANUAL, 0), KeInitializeEvent(&quit, MANUAL, 0);
  for (u32 i = 0; i < MUTATORS; i++) {
    ExCreateThread(&m[i].handle, 0x8000, &m[i].id, NULL, (void *)mutate, &m[i], CORE(i) | 1);
    if (i == 1)
      ObLookupThreadByThreadId(m[i].id, &m[i].kthread);
    else
      ObReferenceObjectByHandle(m[i].handle, NULL, &m[i].kthread);
    KeSetPriorityThread(m[i].kthread, 9 + (s32)i);
    KeSetDisableBoostThread(m[i].kthread, 1);
  }
  for (u32 i = 0; i < MUTATORS; i++) KeResumeThread(m[i].kthread);
  ExCreateThread(&c, 0x8000, NULL, NULL, (void *)collect, NULL, CORE(5));
  KeWaitForSingleObject(&quit, 3, 1, 0, NULL);
  for (u32 i = 0; i < MUTATORS; i++) {
    ObOpenObjectByPointer(m[i].kthread, NULL, &again);
    NtWaitForSingleObjectEx(again, 1, 0, NULL);
    NtClose(again), NtClose(m[i].handle), ObDereferenceObject(m[i].kthread);
  }
  NtWaitForSingleObjectEx(c, 1, 0, NULL);
  NtClose(c);
  KeTlsFree(slot);
  DbgPrint("collector: %d freed, %d stopped\n", freed, stopped);
  return 0;
}
