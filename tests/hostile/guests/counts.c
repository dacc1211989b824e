// Counts and states that the guest writes itself, at the ends of their ranges.
#include "hostile.h"

NTSTATUS KeSetPriorityThread(void *, s32);
void ExInitializeReadWriteLock(void *);
void ExAcquireReadWriteLockShared(void *);
void ExReleaseReadWriteLock(void *);
u32 KeSuspendThread(void *, u32 *);
u32 KeResumeThread(void *, u32 *);

static void semaphores(void) {
  static KSEMAPHORE s;
  s.h.type = 5;
  s.limit = 0x7FFFFFFF;
  KeReleaseSemaphore(&s, 0, 0x7FFFFFFF, 0);
  s.h.state = (s32)0x80000000;
  KeReleaseSemaphore(&s, 0, 0x7FFFFFFF, 0);
  HANDLE h;
  void *o = NULL;
  NtCreateSemaphore(&h, NULL, 0, 10);
  ObReferenceObjectByHandle(h, NULL, &o);
  ((KSEMAPHORE *)o)->limit = (s32)0x80000000;
  ((KSEMAPHORE *)o)->h.state = 0x7FFFFFFF;
  NtReleaseSemaphore(h, 0x7FFFFFFF, NULL);
  s64 t = 0;
  NtSignalAndWaitForSingleObjectEx(h, h, 1, 0, &t);
  ((KSEMAPHORE *)o)->h.state = (s32)0x80000000;
  NtReleaseSemaphore(h, 0x7FFFFFFF, NULL);
}
static void mutants(void) {
  HANDLE h;
  void *o = NULL;
  s64 t = 0;
  NtCreateMutant(&h, NULL, 1);
  ObReferenceObjectByHandle(h, NULL, &o);
  ((KEVENT *)o)->h.state = (s32)0x80000000;
  NtWaitForSingleObjectEx(h, 1, 0, &t);
  ((KEVENT *)o)->h.state = 0x7FFFFFFF;
  NtReleaseMutant(h, NULL);
  NtReleaseMutant(h, NULL);
}
static void priorities(void) {
  void *o = NULL;
  ObReferenceObjectByHandle(CURRENT_THREAD, NULL, &o);
  KeSetBasePriorityThread(o, 0x7FFFFFFF);
  KeSetBasePriorityThread(o, (s32)0x80000000);
  KeSetPriorityThread(o, (s32)0x80000000);
  KeSetBasePriorityThread(o, 0);
}
static void locks(void) {
  static u32 lock[16];
  ExInitializeReadWriteLock(lock);
  lock[0] = 1;
  lock[2] = 0x7FFFFFFF;
  lock[3] = 0;
  lock[9] = 0x7FFFFFFF;
  ExReleaseReadWriteLock(lock);
  lock[2] = 0x80000000;
  lock[3] = 0;
  lock[0] = 5;
  ExReleaseReadWriteLock(lock);
}
static void times(void) {
  HANDLE h;
  NtCreateTimer(&h, NULL, 0);
  s64 due = (s64)0x8000000000000000ull;
  NtSetTimerEx(h, &due, NULL, 1, NULL, 0, 0xFFFFFFFF, NULL);
  due = 0x7FFFFFFFFFFFFFFFll;
  NtSetTimerEx(h, &due, NULL, 1, NULL, 0, 0xFFFFFFFF, NULL);
  NtClose(h);
}

// The kernel raises, and nobody takes it: the run ends here. COUNT makes five guests of this one.
static u32 over(u32 count) {
  static KSEMAPHORE s;
  s.h.type = 5;
  s.h.state = 0x7FFFFFFF;
  s.limit = count == 7 ? (s32)0x80000000 : 0x7FFFFFFF;
  KeReleaseSemaphore(&s, 0, (s32)count, 0);
  CHECK(0);
  return 0;
}

int main(void) {
  semaphores();
  mutants();
  priorities();
  locks();
  times();
  contained();
  return (int)over(COUNT);
}
