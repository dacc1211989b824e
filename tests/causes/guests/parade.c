// A frame loop that a periodic timer paces: each frame two helpers, animation and particles, are started and awaited
// over one manual event each; what they make goes into lists of their own behind critical sections. A statistician
// looks in when nobody else does, and leaves when the last frame has been.
#include "engine.h"
#define FRAMES 22
static HANDLE pace, over;
static KEVENT go[2], ready[2];
static CRITICAL_SECTION lists[2], totals;
static u32 list[2][40], length[2], tls;
static volatile u32 frame, stop, sums, peeks, drops;

static void emit(u32 which, u32 what) {
  RtlEnterCriticalSection(&lists[which]);
  if (length[which] < 40) list[which][length[which]++] = what;
  RtlLeaveCriticalSection(&lists[which]);
}

static void helper(void *ctx) {
  u32 me = (u32)(usize)ctx;
  KeTlsSetValue(tls, (void *)(usize)(100 + me));
  for (;;) {
    KeWaitForSingleObject(&go[me], 3, 1, 0, NULL);
    KeResetEvent(&go[me]);
    if (stop) break;
    u32 n = 2 + (frame + me) % 4;
    for (u32 i = 0; i < n; i++) {
      burn(120);
      emit(me, (u32)(usize)KeTlsGetValue(tls) * 1000 + frame);
    }
    KeSetEvent(&ready[me], 1, 0);
  }
  ExTerminateThread(me);
}

static void statistician(void *unused) {
  s64 limit = MS(23);
  (void)unused;
  while (NtWaitForSingleObjectEx(over, 1, 0, &limit) == STATUS_TIMEOUT) {
    if (!RtlTryEnterCriticalSection(&totals)) continue;
    peeks++;
    u32 now = sums;
    RtlLeaveCriticalSection(&totals);
    if (now == 0 && frame > 5) DbgPrint("parade: nothing is drawn\n");
  }
  ExTerminateThread(peeks == 0);
}

static u32 draw(void) {
  u32 sum = 0;
  for (u32 i = 0; i < 2; i++) {
    RtlEnterCriticalSection(&lists[i]);
    for (u32 k = 0; k < length[i]; k++) sum = sum * 3 + list[i][k];
    length[i] = 0;
    RtlLeaveCriticalSection(&lists[i]);
  }
  return sum;
}

int main(void) {
  HANDLE t[3];
  void *self;
  s64 first = MS(16);
  tls = KeTlsAlloc();
  RtlInitializeCriticalSectionAndSpinCount(&totals, 100);
  for (u32 i = 0; i < 2; i++) {
    RtlInitializeCriticalSection(&lists[i]);
    KeInitializeEvent(&go[i], MANUAL, 0), KeInitializeEvent(&ready[i], AUTO, 0);
  }
  NtCreateTimer(&pace, NULL, 1);
  NtCreateEvent(&over, NULL, MANUAL, 0);
  for (u32 i = 0; i < 2; i++) ExCreateThread(&t[i], 0x8000, NULL, NULL, (void *)helper, (void *)(usize)i, CORE(i + 2));
  ExCreateThread(&t[2], 0x8000, NULL, NULL, (void *)statistician, NULL, CORE(5));
  if (ObReferenceObjectByHandle(t[0], NULL, &self) == 0) {
    KeSetBasePriorityThread(self, 2);
    KeSetAffinityThread(self, 4, NULL);
    if (KeQueryBasePriorityThread(self) != 2) DbgPrint("parade: no haste\n");
    ObDereferenceObject(self);
  }
  NtSetTimerEx(pace, &first, NULL, 1, NULL, 0, 16, NULL);
  for (frame = 0; frame < FRAMES; frame++) {
    s64 limit = MS(100);
    void *both[2] = {&ready[0], &ready[1]};
    if (NtWaitForSingleObjectEx(pace, 1, 0, &limit) == STATUS_TIMEOUT)
      drops++, DbgPrint("parade: frame %d has no beat\n", frame);
    for (u32 i = 0; i < 2; i++) KeSetEvent(&go[i], 1, 0);
    KeWaitForMultipleObjects(2, both, 0, 3, 1, 0, NULL, NULL);
    u32 sum = draw();
    RtlEnterCriticalSection(&totals);
    sums += sum;
    RtlLeaveCriticalSection(&totals);
  }
  u32 was = 0;
  NtCancelTimer(pace, &was);
  stop = 1;
  for (u32 i = 0; i < 2; i++) KeSetEvent(&go[i], 1, 0);
  NtSetEvent(over, NULL);
  NtWaitForMultipleObjectsEx(3, t, 0, 1, 0, NULL);
  DbgPrint("parade: %x\n", sums);
  KeTlsFree(tls);
  for (u32 i = 0; i < 3; i++) NtClose(t[i]);
  NtClose(pace), NtClose(over);
  return drops;
}
