// A pool that comes and goes with the tide: how many hands it begins with is asked of the system, more are hired when a
// release of the queue's semaphore tells of a backlog, and a hand that has waited in vain goes home. Each has its own
// notebook in thread-local storage; sums go to a book under a read/write lock; the harbour master joins them by name.
#include "engine.h"
#define MOST 5
#define WAVES 4
static HANDLE queue, crew[MOST], quiet;
static volatile u32 sum, pending, hired, gone;
static u32 order[64], notebook, rw[14];
static volatile u32 first, last;
static CRITICAL_SECTION quay;
static KEVENT ebb;
u32 XexCheckExecutablePrivilege(u32);

static u32 work(u32 n) {
  u32 v = n + 17;
  for (u32 i = 0; i < 40 + 13 * (n % 7); i++) v = v * 1103515245 + 12345;
  return v >> 8;
}

static void hand(void *ctx) {
  u32 me = (u32)(usize)ctx;
  u32 *mine = ExAllocatePoolTypeWithTag(64, 0x54494445, 0);
  if (mine == NULL) ExTerminateThread(1);
  mine[0] = 0;
  KeTlsSetValue(notebook, mine);
  for (;;) {
    s64 patience = MS(60);
    if (NtWaitForSingleObjectEx(queue, 1, 0, &patience) == STATUS_TIMEOUT) break;
    RtlEnterCriticalSection(&quay);
    u32 n = order[first++ % 64];
    RtlLeaveCriticalSection(&quay);
    u32 *book = KeTlsGetValue(notebook);
    book[0] += work(n);
    burn(3000);
    ExAcquireReadWriteLockExclusive(rw);
    sum += work(n);
    ExReleaseReadWriteLock(rw);
    if (add(&pending, (u32)-1) == 0) KeSetEvent(&ebb, 1, 0);
  }
  ExFreePool(mine);
  add(&gone, 1);
  ExTerminateThread(me);
}

static void hire(void) {
  if (hired == MOST) return;
  u32 n = hired++;
  if ((s32)ExCreateThread(&crew[n], 0x8000, NULL, NULL, (void *)hand, (void *)(usize)n, CORE(1 + n % 5)) < 0) {
    DbgPrint("tide: nobody to hire\n");
    hired--;
  }
}

static void put(u32 n) {
  s32 backlog = 0;
  RtlEnterCriticalSection(&quay);
  order[last++ % 64] = n;
  RtlLeaveCriticalSection(&quay);
  if ((s32)NtReleaseSemaphore(queue, 1, &backlog) < 0) DbgPrint("tide: the queue is full\n");
  if (backlog >= 3) hire();
}

int main(void) {
  u64 start, end;
  notebook = KeTlsAlloc();
  RtlInitializeCriticalSection(&quay);
  ExInitializeReadWriteLock(rw);
  KeInitializeEvent(&ebb, AUTO, 0);
  NtCreateSemaphore(&queue, NULL, 0, 64);
  NtCreateEvent(&quiet, NULL, MANUAL, 1);
  KeQuerySystemTime(&start);
  u32 begin = 1 + (XamUserGetSigninState(0) != 0) + (XexCheckExecutablePrivilege(0) != 0);
  if (XGetLanguage() == 1) begin++;
  for (u32 i = 0; i < begin; i++) hire();
  for (u32 wave = 0; wave < WAVES; wave++) {
    u32 n = wave % 2 ? 12 : 5;
    pending = n;
    for (u32 i = 0; i < n; i++) put(100 * wave + i);
    s64 limit = MS(900);
    if (KeWaitForSingleObject(&ebb, 3, 1, 0, &limit) == STATUS_TIMEOUT) DbgPrint("tide: wave %d does not end\n", wave);
    ExAcquireReadWriteLockShared(rw);
    DbgPrint("tide: after wave %d: %x\n", wave, sum);
    ExReleaseReadWriteLock(rw);
    nap(5);
  }
  KeQuerySystemTime(&end);
  if (end < start || end - start > 100000000) DbgPrint("tide: an odd clock\n");
  for (u32 i = 0; i < hired; i++) {
    NtWaitForSingleObjectEx(crew[i], 1, 0, NULL);
    NtClose(crew[i]);
  }
  KeTlsFree(notebook);
  NtClose(queue), NtClose(quiet);
  return gone != hired;
}
