// A bounded buffer guarded by a mutant that its owner takes twice, with an event each for not full and not empty;
// consumers hand over with one call that signals and waits; statistics under nested critical sections; one thread ends
// while it owns a mutant.
#include "engine.h"
#define ITEMS 30
#define ROOM 4
static HANDLE guard, not_full, not_empty, ack, ready, orphan;
static volatile u32 buffer[ROOM], head, tail, taken, checksum;
static CRITICAL_SECTION outer, inner;
static u32 stats[2];

static void note(u32 which) {
  RtlEnterCriticalSection(&outer);
  RtlEnterCriticalSection(&inner);
  stats[which]++;
  RtlLeaveCriticalSection(&inner);
  RtlLeaveCriticalSection(&outer);
}
static u32 used(void) {
  NtWaitForSingleObjectEx(guard, 1, 0, NULL);
  u32 n = head - tail;
  NtReleaseMutant(guard, NULL);
  return n;
}
static void producer(void *ctx) {
  (void)ctx;
  for (u32 i = 1; i <= ITEMS; i++) {
    for (;;) {
      NtWaitForSingleObjectEx(guard, 1, 0, NULL);
      if (used() < ROOM) break;
      NtReleaseMutant(guard, NULL);
      NtWaitForSingleObjectEx(not_full, 1, 0, NULL);
    }
    buffer[head++ % ROOM] = i;
    NtReleaseMutant(guard, NULL);
    NtSetEvent(not_empty, NULL);
    note(0);
  }
  ExTerminateThread(0);
}
static void consumer(void *ctx) {
  (void)ctx;
  while (taken < ITEMS) {
    NtWaitForSingleObjectEx(guard, 1, 0, NULL);
    if (head == tail) {
      NtReleaseMutant(guard, NULL);
      NtWaitForSingleObjectEx(not_empty, 1, 0, NULL);
      continue;
    }
    u32 v = buffer[tail++ % ROOM];
    taken++;
    NtReleaseMutant(guard, NULL);
    NtSetEvent(not_full, NULL);
    checksum = checksum * 3 + v;
    note(1);
    if (v % 10 == 0) NtSignalAndWaitForSingleObjectEx(ready, ack, 1, 0, NULL);
  }
  ExTerminateThread(checksum);
}
static void clerk(void *ctx) {
  (void)ctx;
  for (u32 i = 0; i < ITEMS / 10; i++) {
    NtWaitForSingleObjectEx(ready, 1, 0, NULL);
    burn(300);
    NtSetEvent(ack, NULL);
  }
  NtWaitForSingleObjectEx(orphan, 1, 0, NULL);
  ExTerminateThread(0); // owns it still
}
int main(void) {
  HANDLE t[3];
  NtCreateMutant(&guard, NULL, 0), NtCreateMutant(&orphan, NULL, 0);
  NtCreateEvent(&not_full, NULL, AUTO, 0), NtCreateEvent(&not_empty, NULL, AUTO, 0);
  NtCreateEvent(&ack, NULL, AUTO, 0), NtCreateEvent(&ready, NULL, AUTO, 0);
  RtlInitializeCriticalSection(&outer), RtlInitializeCriticalSection(&inner);
  ExCreateThread(&t[0], 0x8000, NULL, NULL, (void *)producer, NULL, CORE(1));
  ExCreateThread(&t[1], 0x8000, NULL, NULL, (void *)consumer, NULL, CORE(2));
  ExCreateThread(&t[2], 0x8000, NULL, NULL, (void *)clerk, NULL, CORE(3));
  NtWaitForMultipleObjectsEx(3, t, 0, 1, 0, NULL);
  NTSTATUS st = NtWaitForSingleObjectEx(orphan, 1, 0, NULL);
  if (st != 0x80) DbgPrint("the orphan was not abandoned: %x\n", st);
  NtReleaseMutant(orphan, NULL);
  NtClose(guard), NtClose(orphan), NtClose(not_full), NtClose(not_empty);
  DbgPrint("checksum %x, %d and %d\n", checksum, stats[0], stats[1]);
  return 0;
}
