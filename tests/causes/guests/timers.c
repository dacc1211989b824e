// Timers of both kinds: one that fires once, one with a period that a thread counts, one in the title's memory with a
// DPC, one with an APC, one that is cancelled in time.
#include "stage.h"

void KeInitializeTimerEx(KTIMER *, u32 type, u32 a, u32 b);
u32 KeSetTimerEx(KTIMER *, s64 due, s32 period_ms, KDPC *);
u32 KeCancelTimer(KTIMER *);

static HANDLE once, steady, guard, enough;
static KTIMER beat;
static KDPC dpc;
static KEVENT beaten;
static volatile u32 beats, pulses;

static void on_beat(u32 self, u32 ctx, u32 a, u32 b) {
  (void)self, (void)ctx, (void)a, (void)b;
  if (++beats == 3) KeSetEvent(&beaten, 0, 0);
}

static void on_apc(void *ctx, u32 low, u32 high) {
  (void)ctx, (void)low, (void)high;
  pulses++;
}

static void counter(void *ctx) {
  u32 n = 0;
  (void)ctx;
  while (n < 5 && wait_for(steady, MS(60)) == STATUS_SUCCESS) n++;
  if (n < 5) DbgPrint("timers: %d of 5\n", n);
  NtSetEvent(enough, NULL);
  ExTerminateThread(n);
}

int main(void) {
  s64 five = MS(5), ten = MS(10), long_time = MS(5000), two = MS(2);
  u32 was = 0;
  NtCreateTimer(&once, NULL, 0), NtCreateTimer(&steady, NULL, 1), NtCreateTimer(&guard, NULL, 0);
  enough = new_event(0, 0);
  beaten.h.type = 0;
  NtSetTimerEx(guard, &long_time, NULL, 1, NULL, 0, 0, NULL);
  NtSetTimerEx(once, &five, NULL, 1, NULL, 0, 0, NULL);
  NTSTATUS s = wait_for(once, MS(50));
  if (s != STATUS_SUCCESS) complain("timers: once", s);
  NtSetTimerEx(steady, &ten, NULL, 1, NULL, 0, 4, NULL);
  HANDLE t = spawn(counter, 0, ON(2));
  wait_for(enough, 0);
  NtCancelTimer(steady, NULL);
  KeInitializeDpc(&dpc, (void *)on_beat, NULL);
  KeInitializeTimerEx(&beat, 1, 0, 0);
  KeSetTimerEx(&beat, MS(3), 3, &dpc);
  KeWaitForSingleObject(&beaten, 0, 1, 0, NULL);
  KeCancelTimer(&beat);
  pause_ms(8);
  NtSetTimerEx(once, &two, (void *)on_apc, 1, NULL, 0, 0, NULL);
  KeDelayExecutionThread(1, 1, &ten);
  if (pulses == 0) DbgPrint("timers: no APC\n");
  NtCancelTimer(guard, &was);
  if (!was) DbgPrint("timers: too late\n");
  join(t);
  NtClose(once), NtClose(steady), NtClose(guard);
  return 0;
}
