// Titles that live: each looks like a hang from one side.
#include "hang.h"
u32 KeSetTimer(KTIMER *, s64 due, KDPC *), KeSetTimerEx(KTIMER *, s64 due, u32 period, KDPC *), KeCancelTimer(KTIMER *);
NTSTATUS NtCreateIoCompletion(HANDLE *, OBJECT_ATTRIBUTES *, u32 access, u32 threads);
NTSTATUS NtSetIoCompletion(HANDLE, u32 key, u32 value, NTSTATUS, u32 information);
NTSTATUS NtRemoveIoCompletion(HANDLE, u32 *key, u32 *value, IO_STATUS_BLOCK *, const s64 *timeout);
void ExInitializeReadWriteLock(u32 *), ExAcquireReadWriteLockExclusive(u32 *), ExAcquireReadWriteLockShared(u32 *),
    ExReleaseReadWriteLock(u32 *);
static CRITICAL_SECTION a_lock, b_lock;
static HANDLE ev[6], sem, sem2, mut, th[6], port, timer;
static KEVENT kev;
static KTIMER ktimer;
static KDPC dpc;
static volatile u32 count, flag, word;
static u32 rw[14];
static IO_STATUS_BLOCK io;
static u8 data[4096];
static void timer_clear(void) {
  ktimer.h.type = 8;
  ktimer.h.state = 0;
  ktimer.h.flink = ktimer.h.blink = (u32)(usize)&ktimer.h.flink;
}
static void dpc_sets(u32 self, u32 ctx, u32 a, u32 b) {
  (void)self, (void)ctx, (void)a, (void)b;
  count++;
  KeSetEvent(&kev, 1, 0);
}
// Main is paced by a timer's DPC alone.
CASE(paced_by_dpc) {
  ke_event(&kev, AUTO);
  timer_clear();
  KeInitializeDpc(&dpc, (void *)dpc_sets, NULL);
  KeSetTimerEx(&ktimer, MS(16), 16, &dpc);
  for (;;) wait_ke(&kev);
}
// Main sets a one-shot timer with a DPC each frame.
CASE(one_shot_each_frame) {
  ke_event(&kev, AUTO);
  timer_clear();
  KeInitializeDpc(&dpc, (void *)dpc_sets, NULL);
  for (;;) {
    KeSetTimer(&ktimer, MS(10), &dpc);
    wait_ke(&kev);
  }
}
// A one-shot timer with a DPC that is due after the end of the trace.
CASE(dpc_due_later) {
  ke_event(&kev, AUTO);
  timer_clear();
  KeInitializeDpc(&dpc, (void *)dpc_sets, NULL);
  KeSetTimer(&ktimer, MS(5000), &dpc);
  frames();
  wait_ke(&kev);
}
// A lock that is fought for, whose owner sleeps in it.
THREAD(sleeps_inside) {
  for (;;) {
    RtlEnterCriticalSection(&a_lock);
    sleep_ms(9);
    count++;
    RtlLeaveCriticalSection(&a_lock);
    sleep_ms(count & 1);
  }
}
CASE(lock_slept_in) {
  RtlInitializeCriticalSection(&a_lock);
  for (u32 i = 0; i < 4; i++) spawn(sleeps_inside, i);
  for (;;) {
    RtlEnterCriticalSection(&a_lock);
    RtlLeaveCriticalSection(&a_lock);
    sleep_ms(5);
  }
}
// Readers and a writer that go round.
THREAD(reader) {
  for (;;) {
    ExAcquireReadWriteLockShared(rw);
    sleep_ms(3 + (count & 3));
    ExReleaseReadWriteLock(rw);
    sleep_ms(1);
  }
}
CASE(rw_rounds) {
  ExInitializeReadWriteLock(rw);
  spawn(reader, 0), spawn(reader, 1);
  for (;;) {
    ExAcquireReadWriteLockExclusive(rw);
    count++;
    ExReleaseReadWriteLock(rw);
    sleep_ms(8);
  }
}
// A port with workers that wait between packets.
THREAD(takes_packet) {
  u32 k, v;
  for (;;) {
    NtRemoveIoCompletion(port, &k, &v, &io, NULL);
    count += v;
  }
}
CASE(port_rounds) {
  NtCreateIoCompletion(&port, NULL, 0x1F0003, 2);
  spawn(takes_packet, 0), spawn(takes_packet, 1);
  for (u32 i = 0;; i++) {
    NtSetIoCompletion(port, 1, i, 0, 0);
    sleep_ms(11);
  }
}
// A condition variable made of a semaphore and a lock.
THREAD(cond_user) {
  for (;;) {
    RtlEnterCriticalSection(&a_lock);
    if (count == 0) {
      flag++;
      RtlLeaveCriticalSection(&a_lock);
      wait(sem);
      continue;
    }
    count--;
    RtlLeaveCriticalSection(&a_lock);
    sleep_ms(4);
  }
}
CASE(condition) {
  RtlInitializeCriticalSection(&a_lock);
  sem = semaphore(0);
  for (u32 i = 0; i < 3; i++) spawn(cond_user, i);
  for (;;) {
    RtlEnterCriticalSection(&a_lock);
    count += 2;
    u32 n = flag;
    flag = 0;
    RtlLeaveCriticalSection(&a_lock);
    if (n) NtReleaseSemaphore(sem, n, NULL);
    sleep_ms(16);
  }
}
// All wait for a barrier that a slow one reaches late, again and again.
THREAD(barrier_fast) {
  for (;;) {
    NtReleaseSemaphore(sem, 1, NULL);
    wait(ev[INDEX]);
  }
}
CASE(barrier_slow) {
  sem = semaphore(0);
  for (u32 i = 0; i < 4; i++) ev[i] = event(AUTO), spawn(barrier_fast, i);
  for (;;) {
    for (u32 i = 0; i < 4; i++) wait(sem);
    sleep_ms(150);
    for (u32 i = 0; i < 4; i++) NtSetEvent(ev[i], NULL);
  }
}
// Signals and waits in one call, both ways.
THREAD(other_half) {
  wait(ev[0]);
  for (;;) {
    sleep_ms(3);
    NtSignalAndWaitForSingleObjectEx(ev[1], ev[0], 1, 0, NULL);
  }
}
CASE(two_halves) {
  ev[0] = event(AUTO), ev[1] = event(AUTO);
  spawn(other_half, 0);
  for (;;) {
    NtSignalAndWaitForSingleObjectEx(ev[0], ev[1], 1, 0, NULL);
    count++;
    sleep_ms(count & 7);
  }
}
// Waits for all of three that come at other times.
THREAD(sets_one) {
  for (;;) {
    sleep_ms(20 + 7 * INDEX);
    NtSetEvent(ev[INDEX], NULL);
    wait(th[5]);
    NtReleaseMutant(th[5], NULL);
  }
}
CASE(all_of_three) {
  th[5] = mutant();
  for (u32 i = 0; i < 3; i++) ev[i] = event(AUTO), spawn(sets_one, i);
  for (;;) {
    wait_all(3, ev);
    count++;
  }
}
// Retries an open till the file is made by another.
THREAD(makes_file) {
  sleep_ms(900);
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  HANDLE f;
  name_object(&oa, &s, "cache:\\late.bin");
  NtCreateFile(&f, 0xC0100080, &oa, &io, NULL, 0x80, 3, 5, 0x60);
  NtClose(f);
  DONE(0);
}
CASE(file_comes_late) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  HANDLE f;
  spawn(makes_file, 0);
  for (;;) {
    name_object(&oa, &s, "cache:\\late.bin");
    if (NtCreateFile(&f, 0x80100080u, &oa, &io, NULL, 0x80, 3, 1, 0x60) == 0) break;
    sleep_ms(5);
  }
  main_loop();
}
MAIN
