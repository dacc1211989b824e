// A table that many read and few write: a lock built of a semaphore with as many places as there are readers (a writer
// takes all), a mutant that orders the writers, and the kernel's own read/write lock around the version number.
#include "engine.h"
#define READERS 3
#define WRITERS 2
#define ROUNDS 12
static HANDLE places, writers, stop;
static u8 version_lock[0x38] __attribute__((aligned(8)));
static volatile u32 version, table[16], torn;

static void reader(void *ctx) {
  u32 me = (u32)(usize)ctx, last = 0;
  s64 now = 0;
  while (NtWaitForSingleObjectEx(stop, 1, 0, &now) == STATUS_TIMEOUT) {
    NtWaitForSingleObjectEx(places, 1, 0, NULL);
    u32 a = table[0];
    for (u32 i = 1; i < 16; i++) torn += table[i] != a;
    NtReleaseSemaphore(places, 1, NULL);
    ExAcquireReadWriteLockShared(version_lock);
    last = version;
    ExReleaseReadWriteLock(version_lock);
    nap(1 + me);
  }
  ExTerminateThread(last);
}
static void writer(void *ctx) {
  u32 me = (u32)(usize)ctx;
  for (u32 r = 0; r < ROUNDS; r++) {
    NtWaitForSingleObjectEx(writers, 1, 0, NULL);
    for (u32 i = 0; i < READERS; i++) NtWaitForSingleObjectEx(places, 1, 0, NULL);
    for (u32 i = 0; i < 16; i++) table[i] = r * 2 + me;
    s32 before = -1;
    NtReleaseSemaphore(places, READERS, &before);
    if (before != 0) DbgPrint("writer %d was not alone: %d\n", me, before);
    ExAcquireReadWriteLockExclusive(version_lock);
    version++;
    ExReleaseReadWriteLock(version_lock);
    NtReleaseMutant(writers, NULL);
    nap(2);
  }
  ExTerminateThread(0);
}
int main(void) {
  HANDLE w[WRITERS], r[READERS];
  NtCreateSemaphore(&places, NULL, READERS, READERS);
  NtCreateMutant(&writers, NULL, 0);
  NtCreateEvent(&stop, NULL, MANUAL, 0);
  ExInitializeReadWriteLock(version_lock);
  for (u32 i = 0; i < READERS; i++)
    ExCreateThread(&r[i], 0x8000, NULL, NULL, (void *)reader, (void *)(usize)i, CORE(i));
  for (u32 i = 0; i < WRITERS; i++)
    ExCreateThread(&w[i], 0x8000, NULL, NULL, (void *)writer, (void *)(usize)i, CORE(3 + i));
  NtWaitForMultipleObjectsEx(WRITERS, w, 0, 1, 0, NULL);
  NtSetEvent(stop, NULL);
  NtWaitForMultipleObjectsEx(READERS, r, 0, 1, 0, NULL);
  DbgPrint("version %d torn %d\n", version, torn);
  return 0;
}
