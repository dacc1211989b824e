// A sequencer on a periodic timer whose DPC signals; a mixer that takes beats, voices that are started by it and stop
// themselves; a watchdog with its own one-shot timer that is set anew each beat.
#include "engine.h"
#define BEATS 24
static KTIMER beat_timer, dog_timer;
static KDPC beat_dpc, dog_dpc;
static KSEMAPHORE beats;
static KEVENT late, stop;
static volatile u32 ticks, barks, mixed, lock_word, played[3];
static HANDLE voice_go[3], voices_idle;
static void on_beat(u32 self, u32 ctx, u32 a, u32 b) {
  (void)self, (void)a, (void)b;
  ticks += ctx;
  KeReleaseSemaphore(&beats, 1, 1, 0);
}
static void on_late(u32 self, u32 ctx, u32 a, u32 b) {
  (void)self, (void)ctx, (void)a, (void)b;
  barks++;
  KeSetEvent(&late, 1, 0);
}
static void voice(void *ctx) {
  u32 me = (u32)(usize)ctx;
  HANDLE h = voice_go[me];
  for (;;) {
    NtWaitForSingleObjectEx(h, 1, 0, NULL);
    if (KeWaitForSingleObject(&stop, 3, 1, 0, &(s64){0}) == 0) break;
    burn(300 * (me + 1));
    played[me]++;
    NtReleaseSemaphore(voices_idle, 1, NULL);
  }
  ExTerminateThread(me);
}
static void mixer(void *ctx) {
  (void)ctx;
  u32 word = 0;
  for (mixed = 0; mixed < BEATS; mixed++) {
    s64 limit = MS(40);
    if (KeWaitForSingleObject(&beats, 3, 1, 0, &limit) == STATUS_TIMEOUT) DbgPrint("mixer: no beat\n");
    KeSetTimer(&dog_timer, MS(30), &dog_dpc);
    u32 irql = KfAcquireSpinLock(&word);
    lock_word += mixed;
    KfReleaseSpinLock(&word, irql);
    NtSetEvent(voice_go[mixed % 3], NULL);
    NtWaitForSingleObjectEx(voices_idle, 1, 0, NULL);
  }
  if (!KeCancelTimer(&dog_timer)) DbgPrint("mixer: the dog ran\n");
  ExTerminateThread(mixed);
}
int main(void) {
  HANDLE m, v[3];
  KeInitializeSemaphore(&beats, 0, 64);
  KeInitializeEvent(&late, AUTO, 0), KeInitializeEvent(&stop, MANUAL, 0);
  KeInitializeDpc(&beat_dpc, (void *)on_beat, (void *)2), KeInitializeDpc(&dog_dpc, (void *)on_late, NULL);
  KeInitializeTimerEx(&beat_timer, 1, 0, 0), KeInitializeTimerEx(&dog_timer, 0, 0, 0);
  NtCreateSemaphore(&voices_idle, NULL, 0, 3);
  for (u32 i = 0; i < 3; i++) {
    NtCreateEvent(&voice_go[i], NULL, AUTO, 0);
    ExCreateThread(&v[i], 0x8000, NULL, NULL, (void *)voice, (void *)(usize)i, CORE(i + 2));
  }
  ExCreateThread(&m, 0x8000, NULL, NULL, (void *)mixer, NULL, CORE(1));
  KeSetTimerEx(&beat_timer, MS(5), 5, &beat_dpc);
  NtWaitForSingleObjectEx(m, 1, 0, NULL);
  KeCancelTimer(&beat_timer);
  KeSetEvent(&stop, 1, 0);
  for (u32 i = 0; i < 3; i++) NtSetEvent(voice_go[i], NULL);
  NtWaitForMultipleObjectsEx(3, v, 0, 1, 0, NULL);
  DbgPrint("ticks %d barks %d played %d %d %d\n", ticks, barks, played[0], played[1], played[2]);
  return 0;
}
