// A web of tasks: each knows who waits for it and how many it waits for; whoever ends the last of these makes it ready.
// Four spinners take what is ready by a semaphore, and have their scratch and their tally in slots of thread-local
// storage; an ender's event says that the web is done, twice over.
#include "engine.h"
#define TASKS 14
#define SPINNERS 4
#define PASSES 3
static const u16 next_of[TASKS] = {0x000E, 0x0030, 0x00C0, 0x0100, 0x0200, 0x0200, 0x0400,
                                   0x0400, 0x0800, 0x1000, 0x1000, 0x1000, 0x2000, 0x0000};
static volatile u32 waits_for[TASKS], value[TASKS], done_tasks;
static u32 ready[64], head, tail, scratch_slot, tally_slot, tallies[SPINNERS];
static CRITICAL_SECTION list_lock;
static KSEMAPHORE ready_count;
static HANDLE whole, spinners[SPINNERS], go;

static void make_ready(u32 n) {
  RtlEnterCriticalSection(&list_lock);
  ready[tail++ % 64] = n;
  RtlLeaveCriticalSection(&list_lock);
  KeReleaseSemaphore(&ready_count, 1, 1, 0);
}

static u32 take(void) {
  RtlEnterCriticalSection(&list_lock);
  u32 n = head < tail ? ready[head++ % 64] : TASKS;
  RtlLeaveCriticalSection(&list_lock);
  return n;
}

static void spin(u32 n) {
  u32 *scratch = KeTlsGetValue(scratch_slot), *tally = KeTlsGetValue(tally_slot);
  for (u32 i = 0; i < 32; i++) scratch[i] = n * 31 + i;
  u32 v = 0;
  for (u32 i = 0; i < 32; i++) v = v * 7 + scratch[i];
  burn(150 + 40 * (n % 5));
  value[n] += v;
  (*tally)++;
  for (u32 i = 0; i < TASKS; i++)
    if (next_of[n] >> i & 1 && add(&waits_for[i], (u32)-1) == 0) make_ready(i);
  if (add(&done_tasks, 1) == TASKS) NtSetEvent(whole, NULL);
}

static void spinner(void *ctx) {
  u32 me = (u32)(usize)ctx;
  u32 *scratch = ExAllocatePoolTypeWithTag(128, 0x54574542, 0);
  if (scratch == NULL) {
    DbgPrint("taskweb: no scratch for %d\n", me);
    ExTerminateThread(1);
  }
  KeTlsSetValue(scratch_slot, scratch), KeTlsSetValue(tally_slot, &tallies[me]);
  NtWaitForSingleObjectEx(go, 1, 0, NULL);
  for (;;) {
    KeWaitForSingleObject(&ready_count, 3, 1, 0, NULL);
    u32 n = take();
    if (n == TASKS) break;
    spin(n);
  }
  ExFreePool(scratch);
  ExTerminateThread(0);
}

static void wind(void) {
  for (u32 i = 0; i < TASKS; i++) waits_for[i] = 0;
  for (u32 i = 0; i < TASKS; i++)
    for (u32 k = 0; k < TASKS; k++)
      if (next_of[i] >> k & 1) waits_for[k]++;
  done_tasks = 0;
}

int main(void) {
  u32 sum = 0, total = 0;
  scratch_slot = KeTlsAlloc(), tally_slot = KeTlsAlloc();
  RtlInitializeCriticalSectionAndSpinCount(&list_lock, 400);
  KeInitializeSemaphore(&ready_count, 0, 64);
  NtCreateEvent(&whole, NULL, AUTO, 0), NtCreateEvent(&go, NULL, MANUAL, 0);
  for (u32 i = 0; i < SPINNERS; i++)
    ExCreateThread(&spinners[i], 0x8000, NULL, NULL, (void *)spinner, (void *)(usize)i, CORE(1 + i));
  NtSetEvent(go, NULL);
  for (u32 pass = 0; pass < PASSES; pass++) {
    s64 limit = MS(600);
    wind();
    make_ready(0);
    if (NtWaitForSingleObjectEx(whole, 1, 0, &limit) == STATUS_TIMEOUT)
      DbgPrint("taskweb: pass %d comes to %d\n", pass, done_tasks);
  }
  for (u32 i = 0; i < SPINNERS; i++) KeReleaseSemaphore(&ready_count, 1, 1, 0);
  NtWaitForMultipleObjectsEx(SPINNERS, spinners, 0, 1, 0, NULL);
  for (u32 i = 0; i < SPINNERS; i++) total += tallies[i], NtClose(spinners[i]);
  for (u32 i = 0; i < TASKS; i++) sum += value[i];
  KeTlsFree(scratch_slot), KeTlsFree(tally_slot);
  DbgPrint("taskweb: %d tasks, %x\n", total, sum);
  NtClose(whole), NtClose(go);
  return 0;
}
