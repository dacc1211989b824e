// A clockwork: a timer's DPC queues a second one, which queues a third, each with what the one before gave; spin locks
// guard a wheel that a thread reads; an alarm is set, moved, taken back; the time is read from all clocks there are.
#include "engine.h"

u32 KeRemoveQueueDpc(KDPC *), KeQueryInterruptTime(void), KeTryToAcquireSpinLockAtRaisedIrql(u32 *);
void KeAcquireSpinLockAtRaisedIrql(u32 *), KeReleaseSpinLockFromRaisedIrql(u32 *);
u32 KeRaiseIrqlToDpcLevel(void);
#define TEETH 8
static KDPC first, second, third, never;
static KTIMER spring, alarm;
static KEVENT struck;
static KSEMAPHORE teeth;
static u32 wheel_lock, wheel[4], misses;
static volatile u32 rang;

static void on_first(KDPC *d, void *ctx, void *a, void *b) {
  (void)d, (void)ctx, (void)a, (void)b;
  KeAcquireSpinLockAtRaisedIrql(&wheel_lock);
  wheel[0]++;
  KeReleaseSpinLockFromRaisedIrql(&wheel_lock);
  KeInsertQueueDpc(&second, (void *)(usize)wheel[0], NULL);
}
static void on_second(KDPC *d, void *ctx, void *a, void *b) {
  (void)d, (void)ctx, (void)b;
  wheel[1] += (u32)(usize)a;
  KeInsertQueueDpc(&third, a, (void *)(usize)wheel[1]);
}
static void on_third(KDPC *d, void *ctx, void *a, void *b) {
  (void)d, (void)ctx;
  wheel[2] = (u32)(usize)a, wheel[3] ^= (u32)(usize)b;
  KeReleaseSemaphore(&teeth, 1, 1, 0);
  if (wheel[0] == TEETH) KeSetEvent(&struck, 1, 0);
}
static void on_never(KDPC *d, void *ctx, void *a, void *b) {
  (void)d, (void)ctx, (void)a, (void)b;
  rang++;
}

static void reader(void *unused) {
  u32 seen = 0;
  (void)unused;
  while (seen < TEETH) {
    s64 soon = MS(30);
    if (KeWaitForSingleObject(&teeth, 3, 1, 0, &soon) != 0) {
      if (++misses > 3) break;
      continue;
    }
    u32 old = KfAcquireSpinLock(&wheel_lock);
    seen++;
    KfReleaseSpinLock(&wheel_lock, old);
  }
  ExTerminateThread(seen);
}

static void times(void) {
  u64 before, after;
  KeQuerySystemTime(&before);
  u32 was = KeQueryInterruptTime();
  nap(4);
  KeQuerySystemTime(&after);
  if (after < before || KeQueryInterruptTime() - was < 30000) DbgPrint("escapement: time stands still\n");
}

int main(void) {
  HANDLE t;
  KeInitializeDpc(&first, (void *)on_first, NULL), KeInitializeDpc(&second, (void *)on_second, NULL);
  KeInitializeDpc(&third, (void *)on_third, NULL), KeInitializeDpc(&never, (void *)on_never, NULL);
  KeInitializeTimerEx(&spring, AUTO, 0, 0), KeInitializeTimerEx(&alarm, MANUAL, 0, 0);
  KeInitializeEvent(&struck, MANUAL, 0), KeInitializeSemaphore(&teeth, 0, 1000);
  ExCreateThread(&t, 0x8000, NULL, NULL, (void *)reader, NULL, CORE(2));
  KeSetTimerEx(&spring, MS(3), 5, &first);
  KeSetTimer(&alarm, MS(60), &never);
  times();
  KeSetTimer(&alarm, MS(90), &never);
  u32 irql = KeRaiseIrqlToDpcLevel();
  if (KeTryToAcquireSpinLockAtRaisedIrql(&wheel_lock)) KeReleaseSpinLockFromRaisedIrql(&wheel_lock);
  KeInsertQueueDpc(&never, NULL, NULL);
  if (!KeRemoveQueueDpc(&never)) DbgPrint("escapement: it ran\n");
  KfLowerIrql(irql);
  KeWaitForSingleObject(&struck, 3, 1, 0, NULL);
  KeCancelTimer(&spring), KeCancelTimer(&alarm);
  NtWaitForSingleObjectEx(t, 1, 0, NULL);
  NtClose(t);
  s64 tail = MS(120);
  KeWaitForSingleObject(&alarm, 3, 1, 0, &tail);
  if (rang) DbgPrint("escapement: the alarm rang\n");
  DbgPrint("escapement: %d %d %d\n", wheel[0], wheel[1], wheel[2]);
  return 0;
}
