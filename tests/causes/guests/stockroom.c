// A stockroom: orders are entries of lists that clerks take off, packets on a port tell of deliveries with a time to
// wait for each, a critical section with a spin count guards the ledger, a spare clerk is made suspended and let in
// when work piles up; whoever comes last sweeps.
#include "engine.h"

#define CLERKS 3
#define ORDERS 18
struct order {
  struct order *next;
  u32 what, done;
};
static u64 list[2], waste[2];
static struct order order[ORDERS];
static HANDLE port, work, sweep, idle, clerk[CLERKS], porter;
static CRITICAL_SECTION ledger;
static volatile u32 filled, entries, left = CLERKS, dry;

static void take(void *self) {
  u32 mine = 0;
  (void)self;
  for (;;) {
    NtWaitForSingleObjectEx(work, 1, 0, NULL);
    struct order *o = InterlockedPopEntrySList(list);
    if (o == NULL) break;
    burn(60 * o->what);
    o->done = 1, mine++;
    RtlEnterCriticalSection(&ledger);
    entries += o->what;
    RtlLeaveCriticalSection(&ledger);
    InterlockedPushEntrySList(waste, o);
    NtSetIoCompletion(port, 0x77, o->what, 0, add(&filled, 1));
  }
  if (add(&left, -1u) == 0) NtSetEvent(sweep, NULL);
  ExTerminateThread(mine > ORDERS);
}

static void deliver(void *unused) {
  u32 key, value, n = 0, sum = 0;
  IO_STATUS_BLOCK io;
  (void)unused;
  while (n < ORDERS) {
    s64 t = MS(50);
    NTSTATUS s = NtRemoveIoCompletion(port, &key, &value, &io, &t);
    if (s == STATUS_TIMEOUT) {
      if (++dry > 3) break;
      continue;
    }
    if (key != 0x77) DbgPrint("stockroom: a strange packet %x\n", key);
    sum += value, n++;
  }
  NtSetEvent(idle, NULL);
  ExTerminateThread(sum);
}

int main(void) {
  NtCreateIoCompletion(&port, 0, NULL, 0);
  NtCreateSemaphore(&work, NULL, 0, 100);
  NtCreateEvent(&sweep, NULL, MANUAL, 0), NtCreateEvent(&idle, NULL, AUTO, 0);
  RtlInitializeCriticalSectionAndSpinCount(&ledger, 200);
  for (u32 i = 0; i < CLERKS; i++)
    ExCreateThread(&clerk[i], 0x8000, NULL, NULL, (void *)take, (void *)(usize)i, CORE(i) | (i == 2));
  ExCreateThread(&porter, 0x8000, NULL, NULL, (void *)deliver, NULL, CORE(4));
  for (u32 i = 0; i < ORDERS; i++) {
    order[i].what = i + 1;
    InterlockedPushEntrySList(list, &order[i]);
    NtReleaseSemaphore(work, 1, NULL);
    if (i == 9) NtResumeThread(clerk[2], NULL);
    if (i % 6 == 5) nap(2);
  }
  NtWaitForSingleObjectEx(idle, 1, 0, NULL);
  NtReleaseSemaphore(work, CLERKS, NULL);
  NtWaitForSingleObjectEx(sweep, 1, 0, NULL);
  u32 swept = 0;
  for (struct order *o = InterlockedFlushSList(waste); o; o = o->next) swept++;
  const HANDLE all[4] = {clerk[0], clerk[1], clerk[2], porter};
  NtWaitForMultipleObjectsEx(4, all, 0, 1, 0, NULL);
  for (u32 i = 0; i < 4; i++) NtClose(all[i]);
  DbgPrint("stockroom: %d swept, %d entered\n", swept, entries);
  return 0;
}
