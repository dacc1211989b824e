// Kettles: three timers with a DPC each, of which one comes again and again; a DPC sets its kettle's whistle and
// counts. The cook waits for any whistle, pours, and posts an order to a port; two waiters serve orders, each with a
// signal back to the cook. A timer of handles calls an APC of the cook while it sleeps alertably; one kettle is taken
// off before it boils. Whistles are events of the title's own memory, the counter a semaphore there.
#include "engine.h"
#define KETTLES 3
#define WAITERS 2
#define CUPS 8
#define GO_HOME 99
static KTIMER timer[KETTLES];
static KDPC boils[KETTLES];
static KEVENT whistle[KETTLES];
static KSEMAPHORE served;
static HANDLE orders;
static volatile u32 boiled[KETTLES], stirred;

static void on_boil(KDPC *dpc, void *ctx, void *a, void *b) {
  u32 n = (u32)(usize)ctx;
  (void)dpc, (void)a, (void)b;
  boiled[n]++;
  KeSetEvent(&whistle[n], 1, 0);
}

static void stir(void *ctx, u32 low, u32 high) {
  (void)ctx, (void)low, (void)high;
  stirred++;
}

static void waiter(void *ctx) {
  u32 carried = 0;
  (void)ctx;
  for (;;) {
    u32 key = 0, value = 0;
    IO_STATUS_BLOCK io = {0, 0};
    NTSTATUS s = NtRemoveIoCompletion(orders, &key, &value, &io, NULL);
    if (s != STATUS_SUCCESS || key == GO_HOME) break;
    carried += value;
    KeReleaseSemaphore(&served, 1, 1, 0);
  }
  ExTerminateThread(carried);
}

int main(void) {
  HANDLE w[WAITERS], spoon;
  u32 poured = 0, late = 0;
  KeInitializeSemaphore(&served, 0, CUPS);
  NtCreateIoCompletion(&orders, 0x1F0003, NULL, 0);
  NtCreateTimer(&spoon, NULL, 1);
  for (u32 i = 0; i < WAITERS; i++) ExCreateThread(&w[i], 0x4000, NULL, NULL, (void *)waiter, NULL, 1u << (26 + i));
  for (u32 i = 0; i < KETTLES; i++) {
    KeInitializeEvent(&whistle[i], 1, 0);
    KeInitializeTimerEx(&timer[i], i == 0, 0, 0);
    KeInitializeDpc(&boils[i], (void *)on_boil, (void *)(usize)i);
  }
  KeSetTimerEx(&timer[0], MS(3), 3, &boils[0]);
  KeSetTimer(&timer[1], MS(7), &boils[1]);
  KeSetTimer(&timer[2], MS(400), &boils[2]);
  while (poured < CUPS) {
    void *any[KETTLES] = {&whistle[0], &whistle[1], &whistle[2]};
    s64 limit = MS(200);
    NTSTATUS s = KeWaitForMultipleObjects(KETTLES, any, 1, 3, 1, 0, &limit, NULL);
    if (s >= KETTLES) {
      if (++late == 3) break;
      continue;
    }
    NtSetIoCompletion(orders, s, poured + 1, 0, 4);
    poured++;
    if (s == 1) KeSetTimer(&timer[1], MS(7), &boils[1]);
  }
  KeCancelTimer(&timer[0]);
  KeCancelTimer(&timer[1]);
  if (!KeCancelTimer(&timer[2])) DbgPrint("kettles: it has boiled\n");
  for (u32 i = 0; i < poured; i++) {
    s64 limit = MS(200);
    if (KeWaitForSingleObject(&served, 3, 1, 0, &limit) != STATUS_SUCCESS) DbgPrint("kettles: cup %d is cold\n", i);
  }
  s64 first = MS(2);
  u32 was = 0;
  NtSetTimerEx(spoon, &first, (void *)stir, 1, NULL, 0, 2, &was);
  for (u32 naps = 0; stirred < 4 && naps < 20; naps++) {
    s64 long_nap = MS(30);
    KeDelayExecutionThread(1, 1, &long_nap);
  }
  NtCancelTimer(spoon, &was);
  for (u32 i = 0; i < WAITERS; i++) NtSetIoCompletion(orders, GO_HOME, 0, 0, 0);
  NtWaitForMultipleObjectsEx(WAITERS, w, 0, 1, 0, NULL);
  DbgPrint("kettles: %d cups, %d stirred\n", poured, stirred);
  NtClose(w[0]), NtClose(w[1]), NtClose(spoon), NtClose(orders);
  return 0;
}
