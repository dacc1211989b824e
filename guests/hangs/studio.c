// Hangs in the parts of a title's engine that were written last: a slip in how each is stopped, fed or handed on.
#include "hang.h"
u32 KeSetTimer(KTIMER *, s64 due, KDPC *), KeSetTimerEx(KTIMER *, s64 due, u32 period, KDPC *), KeCancelTimer(KTIMER *);
u32 KeRemoveQueueDpc(KDPC *);
NTSTATUS NtCreateIoCompletion(HANDLE *, OBJECT_ATTRIBUTES *, u32 access, u32 threads);
NTSTATUS NtSetIoCompletion(HANDLE, u32 key, u32 value, NTSTATUS, u32 information);
NTSTATUS NtRemoveIoCompletion(HANDLE, u32 *key, u32 *value, IO_STATUS_BLOCK *, const s64 *timeout);
void ExInitializeReadWriteLock(u32 *), ExAcquireReadWriteLockExclusive(u32 *), ExAcquireReadWriteLockShared(u32 *),
    ExReleaseReadWriteLock(u32 *);
u32 KfRaiseIrql(u32);
void KfLowerIrql(u32);
s32 KePulseEvent(KEVENT *, u32, u32);

static CRITICAL_SECTION a_lock, b_lock, c_lock, d_lock;
static HANDLE ev[6], sem, sem2, mut, th[6], port, timer;
static KEVENT kev, kev2;
static KSEMAPHORE ksem;
static KTIMER ktimer;
static KDPC dpc;
static volatile u32 count, flag, word;
static u32 rw[14];
static IO_STATUS_BLOCK io;
static u8 data[256];

// --- timers whose DPC alone signals ---
static void dpc_sets(u32 self, u32 ctx, u32 a, u32 b) {
  (void)self, (void)ctx, (void)a, (void)b;
  count++;
  KeSetEvent(&kev, 1, 0);
}
static void timer_clear(void) {
  ktimer.h.type = 8;
  ktimer.h.state = 0;
  ktimer.h.flink = ktimer.h.blink = (u32)(usize)&ktimer.h.flink;
}
// One shot, where the loop takes a beat each round.
CASE(beat_once) {
  ke_event(&kev, AUTO);
  timer_clear();
  KeInitializeDpc(&dpc, (void *)dpc_sets, NULL);
  KeSetTimer(&ktimer, MS(5), &dpc);
  frames();
  for (u32 i = 0; i < 5; i++) wait_ke(&kev);
}
// Periodic, cancelled by a pause menu that is never left.
THREAD(pauses) {
  sleep_ms(40);
  KeCancelTimer(&ktimer);
  DONE(0);
}
CASE(beat_paused) {
  ke_event(&kev, AUTO);
  timer_clear();
  KeInitializeDpc(&dpc, (void *)dpc_sets, NULL);
  KeSetTimerEx(&ktimer, MS(5), 5, &dpc);
  audio();
  spawn(pauses, 0);
  for (u32 i = 0; i < 50; i++) wait_ke(&kev);
}
// Set anew without the DPC.
CASE(beat_without_dpc) {
  ke_event(&kev, AUTO);
  timer_clear();
  KeInitializeDpc(&dpc, (void *)dpc_sets, NULL);
  KeSetTimer(&ktimer, MS(4), &dpc);
  frames();
  for (u32 i = 0; i < 3; i++) {
    wait_ke(&kev);
    KeSetTimer(&ktimer, MS(4), i ? NULL : &dpc);
  }
}
// The DPC that would wake a mixer is taken out of the queue at DISPATCH level before it runs.
CASE(dpc_removed) {
  ke_event(&kev, AUTO);
  KeInitializeDpc(&dpc, (void *)dpc_sets, NULL);
  audio();
  for (u32 i = 0; i < 4; i++) {
    u32 old = KfRaiseIrql(2);
    KeInsertQueueDpc(&dpc, NULL, NULL);
    if (i == 3) KeRemoveQueueDpc(&dpc);
    KfLowerIrql(old);
    wait_ke(&kev);
  }
}

// --- locks ---
// A render thread has the device and wants the heap, the loader has the heap and waits for the render thread's fence.
THREAD(renders) {
  RtlEnterCriticalSection(&a_lock);
  sleep_ms(5);
  RtlEnterCriticalSection(&b_lock);
  RtlLeaveCriticalSection(&b_lock);
  RtlLeaveCriticalSection(&a_lock);
  NtSetEvent(ev[0], NULL);
  DONE(0);
}
CASE(fence_under_heap) {
  RtlInitializeCriticalSection(&a_lock), RtlInitializeCriticalSection(&b_lock);
  ev[0] = event(AUTO);
  audio();
  th[0] = spawn(renders, 0);
  sleep_ms(1);
  RtlEnterCriticalSection(&b_lock);
  sleep_ms(8);
  wait(th[0]);
}
// Four threads in a ring of locks, mutants and sections in turn.
THREAD(ring4) {
  u32 me = INDEX;
  if (me & 1)
    wait(ev[me]);
  else
    RtlEnterCriticalSection(me ? &c_lock : &a_lock);
  sleep_ms(6);
  if (me & 1)
    RtlEnterCriticalSection(me == 1 ? &c_lock : &a_lock);
  else
    wait(ev[me + 1]);
  DONE(0);
}
CASE(ring_of_four) {
  RtlInitializeCriticalSection(&a_lock), RtlInitializeCriticalSection(&c_lock);
  ev[1] = mutant(), ev[3] = mutant();
  frames();
  for (u32 i = 0; i < 4; i++) th[i] = spawn(ring4, i);
  wait_all(4, th);
}
// A reader takes the lock again in a callback while a writer stands between.
THREAD(writes_between) {
  sleep_ms(4);
  ExAcquireReadWriteLockExclusive(rw);
  ExReleaseReadWriteLock(rw);
  DONE(0);
}
CASE(reader_again) {
  ExInitializeReadWriteLock(rw);
  audio();
  ExAcquireReadWriteLockShared(rw);
  th[0] = spawn(writes_between, 0);
  sleep_ms(9);
  ExAcquireReadWriteLockShared(rw);
  ExReleaseReadWriteLock(rw), ExReleaseReadWriteLock(rw);
}
// --- queues ---
// Workers of a port: one packet fewer than there are workers.
THREAD(port_worker) {
  u32 k = 1, v = 0;
  while (k) {
    NtRemoveIoCompletion(port, &k, &v, &io, NULL);
    if (k) count++;
  }
  DONE(0);
}
CASE(port_one_short) {
  NtCreateIoCompletion(&port, NULL, 0x1F0003, 3);
  frames();
  for (u32 i = 0; i < 3; i++) th[i] = spawn(port_worker, i);
  for (u32 i = 0; i < 9; i++) NtSetIoCompletion(port, 1, i, 0, 0);
  sleep_ms(5);
  for (u32 i = 0; i < 2; i++) NtSetIoCompletion(port, 0, 0, 0, 0);
  wait_all(3, th);
}
// --- lost ---
// A frame event that is pulsed; the thread that should see it is still at work when it comes.
THREAD(late_to_pulse) {
  for (u32 i = 0; i < 4; i++) {
    wait_ke(&kev);
    sleep_ms(i == 2 ? 12 : 1);
  }
  NtSetEvent(ev[0], NULL);
  DONE(0);
}
CASE(missed_pulse) {
  ke_event(&kev, MANUAL);
  ev[0] = event(AUTO);
  spawn(late_to_pulse, 0);
  sleep_ms(3);
  for (u32 i = 0; i < 4; i++) {
    KePulseEvent(&kev, 1, 0);
    sleep_ms(5);
  }
  frames();
  wait(ev[0]);
}
// --- suspended ---
// A debugger-like thread suspends all workers and resumes all but the one it counts twice.
THREAD(steady_worker) {
  for (;;) {
    wait_ms(sem, 3);
    count++;
    if (flag) break;
  }
  DONE(0);
}
CASE(resume_skips_one) {
  sem = semaphore(0);
  frames();
  for (u32 i = 0; i < 3; i++) th[i] = spawn(steady_worker, i);
  sleep_ms(10);
  for (u32 i = 0; i < 3; i++) NtSuspendThread(th[i], NULL);
  for (u32 i = 0; i < 2; i++) NtResumeThread(th[i], NULL);
  NtResumeThread(th[0], NULL);
  flag = 1;
  wait_all(3, th);
}
// --- apc ---
// A save's routine would tell its end to a thread that waits for that with no APCs let in.
static void saved(u32 ctx, u32 i, u32 r) {
  (void)ctx, (void)i, (void)r;
  NtSetEvent(ev[0], NULL);
}
CASE(save_apc_shut_out) {
  u64 at = 0;
  ev[0] = event(AUTO);
  frames();
  HANDLE f = made_file("cache:\\save.bin");
  NtWriteFile(f, 0, (void *)saved, NULL, &io, data, sizeof data, &at);
  wait(ev[0]);
}
// --- spin ---
// --- chains ---
// Main joins A, A wants B's lock, B waits for C's answer, C has ended.
THREAD(chain_c) {
  wait(ev[0]);
  NtSetEvent(ev[1], NULL);
  DONE(0);
}
THREAD(chain_b) {
  RtlEnterCriticalSection(&a_lock);
  for (u32 i = 0; i < 2; i++) {
    NtSetEvent(ev[0], NULL);
    wait(ev[1]);
  }
  RtlLeaveCriticalSection(&a_lock);
  DONE(0);
}
THREAD(chain_a) {
  sleep_ms(3);
  RtlEnterCriticalSection(&a_lock);
  RtlLeaveCriticalSection(&a_lock);
  DONE(0);
}
CASE(chain_of_four) {
  RtlInitializeCriticalSection(&a_lock);
  ev[0] = event(AUTO), ev[1] = event(AUTO);
  frames();
  spawn(chain_c, 0), spawn(chain_b, 0);
  wait(spawn(chain_a, 0));
}
// A barrier of five of which one has left by the error path.
THREAD(meets5) {
  u32 me = INDEX;
  for (u32 i = 0; i < 3; i++) {
    if (me == 3 && i == 2) DONE(1);
    RtlEnterCriticalSection(&a_lock);
    u32 last = ++count == 5;
    if (last) count = 0;
    RtlLeaveCriticalSection(&a_lock);
    if (last)
      NtReleaseSemaphore(sem, 4, NULL);
    else
      wait(sem);
    sleep_ms(1);
  }
  DONE(0);
}
CASE(barrier_of_five) {
  RtlInitializeCriticalSection(&a_lock);
  sem = semaphore(0);
  frames();
  for (u32 i = 0; i < 5; i++) th[i] = spawn(meets5, i);
  wait_all(5, th);
}
// Joined in order, of which the second waits to be told by the third, which waits for the main thread.
THREAD(second) {
  wait(ev[0]);
  DONE(0);
}
THREAD(third) {
  wait(ev[1]);
  NtSetEvent(ev[0], NULL);
  DONE(0);
}
THREAD(first) {
  sleep_ms(2);
  DONE(0);
}
CASE(joins_in_order) {
  ev[0] = event(AUTO), ev[1] = event(AUTO);
  audio();
  th[0] = spawn(first, 0), th[1] = spawn(second, 0), th[2] = spawn(third, 0);
  for (u32 i = 0; i < 2; i++) wait(th[i]);
  NtSetEvent(ev[1], NULL);
  wait(th[2]);
}
// A title's own lock of a word and an event: who leaves sees no waiter, who comes sleeps.
static void own_enter(void) {
  if (__sync_lock_test_and_set(&word, 1)) {
    sleep_ms(2);
    wait(ev[0]);
  }
}
THREAD(own_user) {
  own_enter();
  sleep_ms(2);
  word = 0;
  DONE(0);
}
CASE(own_lock_sleeps) {
  ev[0] = event(AUTO);
  frames();
  spawn(own_user, 0);
  sleep_ms(1);
  own_enter();
}
// A semaphore with a limit that a burst exceeds: the release fails, and nobody looks.
CASE(burst_over_limit) {
  NtCreateSemaphore(&sem, NULL, 0, 4);
  audio();
  for (u32 i = 0; i < 2; i++) NtReleaseSemaphore(sem, 3, NULL);
  for (u32 i = 0; i < 6; i++) wait(sem);
}
MAIN
