// Times and callbacks at the ends of what there is: periods and due times of nothing, below it and beyond all of it,
// callbacks that never return, thousands of threads that are suspended, alerted and ended while they wait. A case each.
#include "hostile.h"

void KeInitializeTimerEx(KTIMER *, u32 type, u32 unused, u32 unused_too);
u32 KeSetTimerEx(KTIMER *, s64 due, s32 period, KDPC *);
u32 KeCancelTimer(KTIMER *);
u32 KeSetTimer(KTIMER *, s64 due, KDPC *);
void KeStallExecutionProcessor(u32);
u32 KeSuspendThread(void *);
u32 KeResumeThread(void *);
u32 KeAlertThread(void *, u32);
void KeSetPriorityThread(void *, s32);
void VdSetGraphicsInterruptCallback(void *, void *);
u32 VdInitializeEngines(u32, void *, void *, void *, void *);
NTSTATUS XAudioRegisterRenderDriverClient(void *callback, u32 *driver);
NTSTATUS XAudioUnregisterRenderDriverClient(u32 driver);
void KeInitializeApc(KAPC *, void *thread, void *kernel, void *rundown, void *normal, u32 mode, void *ctx);
u32 KeInsertQueueApc(KAPC *, void *a, void *b, u32 increment);

static volatile u32 fired;
static void counts(void *dpc, void *a, void *b, void *c) {
  (void)dpc, (void)a, (void)b, (void)c;
  fired++;
}
static void never(void *a, void *b, void *c, void *d) {
  (void)a, (void)b, (void)c, (void)d;
  for (;;) fired++;
}

void periods(void);
void periods(void) {
  static const s32 all[] = {0, 1, -1, 2147483647, -2147483647 - 1, 1000000};
  static const s64 dues[] = {
      0,          -1,           1, 0x7FFFFFFFFFFFFFFF, (s64)0x8000000000000000, (s64)0x8000000000000001, -10000,
      0xFFFFFFFF, -0xFFFFFFFFll};
  static KTIMER timers[54];
  static KDPC dpc;
  HANDLE h;
  KeInitializeDpc(&dpc, counts, NULL);
  NtCreateTimer(&h, NULL, 1);
  for (u32 p = 0; p < 6; p++)
    for (u32 d = 0; d < 9; d++) {
      KTIMER *t = &timers[9 * p + d];
      s64 wait = dues[d];
      KeInitializeTimerEx(t, d & 1, 0, 0);
      KeSetTimerEx(t, dues[d], all[p], &dpc);
      NtSetTimerEx(h, &dues[d], (void *)counts, 1, NULL, 0, (u32)all[p], NULL);
      if (wait > -100000 && wait <= 1) KeWaitForSingleObject(t, 3, 0, 1, &wait);
      s64 little = -500;
      KeDelayExecutionThread(1, 1, &little);
    }
  sleep_ms(3);
  for (u32 i = 0; i < 54; i++) KeCancelTimer(&timers[i]);
  NtCancelTimer(h, NULL);
  sleep_ms(1);
  u32 then = fired;
  sleep_ms(5);
  EQUAL(fired, then);
  CHECK(then > 6);
}

// Each interrupt of the GPU, and each render driver's thread, stays where it is.
void video(void);
void video(void) {
  VdInitializeEngines(0, NULL, NULL, NULL, NULL);
  VdSetGraphicsInterruptCallback((void *)never, NULL);
  for (;;) sleep_ms(50);
}
void audio(void);
void audio(void) {
  void *callback[2] = {(void *)never, NULL};
  u32 drivers[9];
  for (u32 i = 0; i < 9; i++) XAudioRegisterRenderDriverClient(callback, &drivers[i]);
  sleep_ms(50);
  for (u32 i = 0; i < 9; i++) XAudioUnregisterRenderDriverClient(drivers[i]);
  for (;;) sleep_ms(50);
}
void dpcs(void);
void dpcs(void) {
  static KTIMER timer;
  static KDPC dpc;
  KeInitializeDpc(&dpc, never, NULL);
  KeInitializeTimerEx(&timer, 0, 0, 0);
  KeSetTimerEx(&timer, -1, 1, &dpc);
  for (;;) KeStallExecutionProcessor(0xFFFFFFFF);
}

#define MANY 3000u
static HANDLE handles[MANY], event;
static void *objects[MANY];
static void waits(void *ctx) {
  s64 t = -(s64)(u32)(usize)ctx * 100;
  for (u32 i = 0; i < 3; i++) NtWaitForSingleObjectEx(event, 1, (u32)(usize)ctx & 1, (u32)(usize)ctx % 5 ? &t : NULL);
}
static void ends(void *a, void *b, void *c) {
  (void)a, (void)b, (void)c;
  ExTerminateThread(9);
}
void crowd(void);
void crowd(void) {
  static KAPC apcs[MANY];
  u32 made = 0;
  NtCreateEvent(&event, NULL, 1, 0);
  for (; made < MANY && (handles[made] = start_thread(waits, (void *)(usize)(made + 1))) != 0; made++)
    ObReferenceObjectByHandle(handles[made], NULL, &objects[made]);
  for (u32 i = 0; i < made; i++) {
    u32 k = i * 7919 % made;
    switch (i % 9) {
    case 0: NtSuspendThread(handles[k], NULL); break;
    case 1: KeAlertThread(objects[k], 1); break;
    case 2: NtQueueApcThread(handles[k], ends, NULL, NULL, NULL); break;
    case 3: KeSetPriorityThread(objects[k], (s32)i - 1500); break;
    case 4: NtSetEvent(event, NULL); break;
    case 5:
      KeInitializeApc(&apcs[k], objects[k], ends, NULL, NULL, 0, NULL), KeInsertQueueApc(&apcs[k], NULL, NULL, 0);
      break;
    case 6: NtResumeThread(handles[k], NULL); break;
    case 7: KeSuspendThread(objects[k]), KeResumeThread(objects[k]), NtClose(handles[k]); break;
    default: ObDereferenceObject(objects[k]); break;
    }
    if (i % 100 == 0) sleep_ms(1);
  }
  for (u32 i = 0; i < 4 * made; i++) NtSetEvent(event, NULL);
  sleep_ms(1000);
}

int main(void) {
  CASE();
  return checks_failed ? checks_done() : contained();
}
