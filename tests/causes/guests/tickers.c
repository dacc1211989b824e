// Timers of all kinds: one with a DPC that counts and sets an event each fourth time, one with an APC, one that is
// waited for, one that is moved on again and again by a keepalive; a watchdog judges by the interrupt time.
#include "runtime.h"

void KeInitializeTimerEx(KTIMER *, u32 type, u32 a, u32 b);
u32 KeSetTimer(KTIMER *, s64 due, KDPC *), KeSetTimerEx(KTIMER *, s64 due, s32 period_ms, KDPC *),
    KeCancelTimer(KTIMER *);
u32 KeQueryInterruptTime(void); // its lower half

static KTIMER beat, fuse;
static KDPC beat_dpc, fuse_dpc;
static KEVENT fourth, blown;
static HANDLE apc_timer, plain_timer;
static volatile u32 beats, apcs, keepalives, strict;
static u32 waits, slow;

static void on_beat(u32 self, u32 ctx, u32 a, u32 b) {
  (void)self, (void)ctx, (void)a, (void)b;
  if (++beats % 4 == 0) KeSetEvent(&fourth, 1, 0);
}

static void on_fuse(u32 self, u32 ctx, u32 a, u32 b) {
  (void)self, (void)ctx, (void)a, (void)b;
  KeSetEvent(&blown, 1, 0);
}

static void on_apc(void *ctx, u32 low, u32 high) {
  (void)low, (void)high;
  apcs += (u32)(usize)ctx;
}

static u32 apc_thread(u32 step) {
  s64 due = MS(3);
  NtSetTimerEx(apc_timer, &due, (void *)on_apc, 1, (void *)(usize)step, 0, 3, NULL);
  while (apcs < 6 * step) nap_ex(100, 1);
  NtCancelTimer(apc_timer, NULL);
  return apcs;
}

static u32 keepalive(u32 rounds) {
  for (u32 i = 0; i < rounds; i++) {
    KeSetTimer(&fuse, MS(9), &fuse_dpc);
    nap(4);
    keepalives++;
  }
  return keepalives;
}

static u32 waiter(u32 rounds) {
  s64 due = MS(2);
  NtSetTimerEx(plain_timer, &due, NULL, 1, NULL, 0, 5, NULL);
  for (u32 i = 0; i < rounds; i++) {
    u32 before = KeQueryInterruptTime();
    await(plain_timer, FOREVER);
    if (KeQueryInterruptTime() - before > 60000) slow++;
    waits++;
  }
  u32 was = 9;
  NtCancelTimer(plain_timer, &was);
  return waits;
}

int main(void) {
  KeInitializeEvent(&fourth, 1, 0), KeInitializeEvent(&blown, 0, 0);
  KeInitializeDpc(&beat_dpc, (void *)on_beat, NULL), KeInitializeDpc(&fuse_dpc, (void *)on_fuse, NULL);
  KeInitializeTimerEx(&beat, 1, 0, 0), KeInitializeTimerEx(&fuse, 0, 0, 0);
  NtCreateTimer(&apc_timer, NULL, 1), NtCreateTimer(&plain_timer, NULL, 1);
  HANDLE t[3] = {begin(apc_thread, 7, CORE(2)), begin(keepalive, 8, CORE(3)), begin(waiter, 7, CORE(4))};
  KeSetTimerEx(&beat, MS(2), 2, &beat_dpc);
  for (u32 i = 0; i < 4; i++) await_here(&fourth, FOREVER);
  KeCancelTimer(&beat);
  await_here(&blown, FOREVER); // once nobody keeps it alive
  if (keepalives < 8) strict = 1;
  await_many(3, t, 1, FOREVER);
  for (u32 i = 0; i < 3; i++) close(t[i]);
  if (slow > 1) nap(30);
  close(apc_timer), close(plain_timer);
  return strict;
}
