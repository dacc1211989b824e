// Dispatcher objects in the title's own memory and nothing else: waits for any and for all of several, events that are
// pulsed and reset, a periodic timer, locks that spin and are tried at raised level, and a barrier of three.
#include "stage.h"

void KeInitializeEvent(KEVENT *, u32 type, u32 state), KeInitializeSemaphore(KSEMAPHORE *, s32 count, s32 limit);
void KeInitializeTimerEx(KTIMER *, u32 type, u32 process_type, u32 zero);
u32 KeSetTimerEx(KTIMER *, s64 due, s32 period, KDPC *), KeCancelTimer(KTIMER *), KeRaiseIrqlToDpcLevel(void),
    KfRaiseIrql(u32);
void KfLowerIrql(u32), KeReleaseSpinLockFromRaisedIrql(u32 *);
s32 KePulseEvent(KEVENT *, u32, u32);
u32 KeTryToAcquireSpinLockAtRaisedIrql(u32 *);
NTSTATUS KeWaitForMultipleObjects(u32 n, void **, u32 any, u32 reason, u32 mode, u32 alertable, const s64 *,
                                  void *blocks);

#define PARTIES 3
#define LAPS 4

static KEVENT quit, go, data_ready, side_ready, gate[2];
static KSEMAPHORE work;
static KTIMER beat;
static u32 spin, arrived, lap, queue, tried, missed, total;
static u8 blocks[256];

static u32 take_spin(u32 *irql) {
  *irql = KeRaiseIrqlToDpcLevel();
  for (u32 i = 0; i < 5; i++)
    if (KeTryToAcquireSpinLockAtRaisedIrql(&spin)) return 1;
  KfLowerIrql(*irql);
  return 0;
}

static void worker(void *unused) {
  (void)unused;
  void *for_any[3] = {&quit, &work, &beat};
  s64 patience = MS(60);
  u32 jobs = 0, beats = 0, late = 0;
  for (;;) {
    NTSTATUS s = KeWaitForMultipleObjects(3, for_any, 1, 3, 1, 0, &patience, blocks);
    if (s == 0) break;
    if (s == STATUS_TIMEOUT) {
      if (++late == 4) break;
      continue;
    }
    if (s == 2) {
      beats++;
      continue;
    }
    u32 irql = KfAcquireSpinLock(&spin);
    u32 job = queue;
    queue = 0;
    KfReleaseSpinLock(&spin, irql);
    jobs += job;
    KeSetEvent(&data_ready, 1, 0);
    if (jobs >= 6) KeSetEvent(&side_ready, 1, 0);
  }
  ExTerminateThread(jobs * 100 + (beats != 0) * 10 + late);
}

static void party(void *ctx) {
  u32 me = (u32)(usize)ctx;
  for (u32 i = 0; i < LAPS; i++) {
    crunch(200 * (me + 1));
    u32 irql = KfAcquireSpinLock(&spin);
    u32 last = ++arrived == PARTIES;
    if (last) arrived = 0, lap++;
    KfReleaseSpinLock(&spin, irql);
    if (last) {
      KeResetEvent(&gate[(i + 1) & 1]);
      KeSetEvent(&gate[i & 1], 1, 0);
    } else if (KeWaitForSingleObject(&gate[i & 1], 3, 1, 0, NULL) != STATUS_SUCCESS) {
      DbgPrint("kobjects: party %d at %d\n", me, i);
    }
  }
  ExTerminateThread(lap >= LAPS - 1);
}

static void sleeper(void *unused) {
  (void)unused;
  s64 patience = MS(40);
  u32 heard = 0;
  while (KeWaitForSingleObject(&go, 3, 1, 0, &patience) == STATUS_SUCCESS) heard++;
  ExTerminateThread(heard);
}

static void offer(u32 n) {
  u32 irql;
  if (take_spin(&irql)) {
    queue += n, tried++;
    KeReleaseSpinLockFromRaisedIrql(&spin);
    KfLowerIrql(irql);
  } else {
    missed++;
  }
  KeReleaseSemaphore(&work, 1, 1, 0);
}

int main(void) {
  s64 limit = MS(200), rest = MS(5);
  void *for_all[2] = {&data_ready, &side_ready};
  KeInitializeEvent(&quit, 0, 0), KeInitializeEvent(&go, 0, 0);
  KeInitializeEvent(&data_ready, 1, 0), KeInitializeEvent(&side_ready, 0, 0);
  KeInitializeEvent(&gate[0], 0, 0), KeInitializeEvent(&gate[1], 0, 0);
  KeInitializeSemaphore(&work, 0, 4);
  KeInitializeTimerEx(&beat, 1, 0, 0);
  KeSetTimerEx(&beat, MS(4), 9, NULL);
  HANDLE w = spawn(worker, 0, ON(1)), s = spawn(sleeper, 0, ON(2)), p[PARTIES];
  for (u32 i = 0; i < PARTIES; i++) p[i] = spawn(party, i, ON(3 + i));
  for (u32 i = 0; i < 3; i++) {
    KeDelayExecutionThread(1, 0, &rest);
    KePulseEvent(&go, 1, 0);
    offer(i + 1);
    if (i < 2 && KeWaitForSingleObject(&data_ready, 3, 1, 0, &limit) == STATUS_TIMEOUT)
      DbgPrint("kobjects: no data %d\n", i);
  }
  if (KeWaitForMultipleObjects(2, for_all, 0, 3, 1, 0, &limit, blocks) == STATUS_TIMEOUT)
    DbgPrint("kobjects: not both\n");
  KeDelayExecutionThread(1, 0, &limit);
  total = KeCancelTimer(&beat) * 1000 + tried;
  KeSetEvent(&quit, 1, 0);
  join(w), join(s);
  for (u32 i = 0; i < PARTIES; i++) join(p[i]);
  DbgPrint("kobjects: %d laps, %d, %d\n", lap, total, missed);
  return 0;
}
