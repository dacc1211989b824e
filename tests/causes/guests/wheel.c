// A timer wheel: a periodic timer's DPC turns it, each slot's entries become due, and wake who waits for them. Beside
// it a timer with an APC, one that is cancelled before it is due, and a DPC that a thread queues by itself.
#include "engine.h"
#define SLOTS 8
static KTIMER turn, single, never;
static KDPC turn_dpc, single_dpc, soft_dpc, never_dpc;
static KEVENT due[SLOTS], single_done, soft_done;
static volatile u32 at, turns, softs, apcs, nevers;
static HANDLE beat;

static void on_turn(KDPC *d, void *ctx, void *a, void *b) {
  (void)d, (void)ctx, (void)a, (void)b;
  turns++;
  KeSetEvent(&due[at], 0, 0);
  at = (at + 1) % SLOTS;
}
static void on_single(KDPC *d, void *ctx, void *a, void *b) {
  (void)d, (void)a, (void)b;
  KeSetEvent((KEVENT *)ctx, 0, 0);
}
static void on_never(KDPC *d, void *ctx, void *a, void *b) {
  (void)d, (void)ctx, (void)a, (void)b;
  nevers++;
}
static void on_soft(KDPC *d, void *ctx, void *a, void *b) {
  (void)d, (void)ctx, (void)b;
  softs += (u32)(usize)a;
  KeSetEvent(&soft_done, 0, 0);
}
static void on_beat(void *ctx, u32 low, u32 high) {
  (void)low, (void)high;
  apcs += (u32)(usize)ctx;
}
static void sleeper(void *ctx) {
  u32 slot = (u32)(usize)ctx;
  for (u32 n = 0; n < 3; n++) {
    KeWaitForSingleObject(&due[slot], 3, 1, 0, NULL);
    burn(50);
  }
  ExTerminateThread(slot);
}
static void heart(void *ctx) {
  (void)ctx;
  s64 first = MS(4);
  NtCreateTimer(&beat, NULL, 1);
  NtSetTimerEx(beat, &first, (void *)on_beat, 1, (void *)1, 0, 6, NULL);
  while (apcs < 5) {
    s64 t = MS(200);
    KeDelayExecutionThread(1, 1, &t);
  }
  u32 was = 0;
  NtCancelTimer(beat, &was);
  NtClose(beat);
  ExTerminateThread(apcs);
}
int main(void) {
  HANDLE t[5];
  for (u32 i = 0; i < SLOTS; i++) KeInitializeEvent(&due[i], 1, 0);
  KeInitializeEvent(&single_done, 0, 0), KeInitializeEvent(&soft_done, 1, 0);
  KeInitializeTimerEx(&turn, 1, 0, 0), KeInitializeTimerEx(&single, 0, 0, 0), KeInitializeTimerEx(&never, 0, 0, 0);
  KeInitializeDpc(&turn_dpc, (void *)on_turn, NULL);
  KeInitializeDpc(&single_dpc, (void *)on_single, &single_done);
  KeInitializeDpc(&soft_dpc, (void *)on_soft, NULL);
  KeInitializeDpc(&never_dpc, (void *)on_never, NULL);
  for (u32 i = 0; i < 4; i++)
    ExCreateThread(&t[i], 0x8000, NULL, NULL, (void *)sleeper, (void *)(usize)(2 * i), CORE(i + 1));
  ExCreateThread(&t[4], 0x8000, NULL, NULL, (void *)heart, NULL, CORE(5));
  KeSetTimerEx(&turn, MS(3), 3, &turn_dpc);
  KeSetTimer(&single, MS(10), &single_dpc);
  KeSetTimer(&never, MS(30), &never_dpc);
  for (u32 i = 0; i < 6; i++) {
    KeInsertQueueDpc(&soft_dpc, (void *)(usize)(i + 1), NULL);
    KeWaitForSingleObject(&soft_done, 3, 1, 0, NULL);
  }
  KeWaitForSingleObject(&single_done, 3, 1, 0, NULL);
  KeCancelTimer(&never);
  NtWaitForMultipleObjectsEx(5, t, 0, 1, 0, NULL);
  KeCancelTimer(&turn);
  nap(40);
  DbgPrint("soft %d beats %d nevers %d\n", softs, apcs, nevers);
  return 0;
}
