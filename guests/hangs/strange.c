// Hangs, and what is none, by calls that are rarer: threads' pointers, XAM's own waits and threads, the network
// library's events, APCs of the title's own, spin locks, tries, ports.
#include "hang.h"

void KeInitializeApc(KAPC *, void *thread, void *kernel, void *rundown, void *normal, u32 mode, void *ctx);
u32 KeInsertQueueApc(KAPC *, void *a, void *b, u32 increment), KeAlertThread(void *, u32 mode);
u32 KeSuspendThread(void *), KeResumeThread(void *);
void KeInitializeTimerEx(KTIMER *, u32 type, u32, u32);
u32 KeSetTimerEx(KTIMER *, s64 due, u32 period, KDPC *);
void KeAcquireSpinLockAtRaisedIrql(u32 *), KeReleaseSpinLockFromRaisedIrql(u32 *);
void ExInitializeReadWriteLock(void *), ExAcquireReadWriteLockShared(void *), ExReleaseReadWriteLock(void *);
u32 ExTryToAcquireReadWriteLockExclusive(void *);
NTSTATUS NtCreateIoCompletion(HANDLE *, u32, void *, u32), NtSetIoCompletion(HANDLE, u32, u32, u32, u32),
    NtRemoveIoCompletion(HANDLE, u32 *, u32 *, IO_STATUS_BLOCK *, const s64 *);
HANDLE CreateThread(void *, u32 stack, void *fn, void *ctx, u32 flags, u32 *id);
u32 ResumeThread(HANDLE), WaitForSingleObject(HANDLE, u32 ms), SleepEx(u32 ms, u32 alertable);
void Sleep(u32 ms);
HANDLE NetDll_WSACreateEvent(void);
u32 NetDll_WSASetEvent(HANDLE), NetDll_WSAResetEvent(HANDLE);
u32 NetDll_WSAWaitForMultipleEvents(u32 n, const HANDLE *, u32 all, u32 ms, u32 alertable);

#define FOREVER 0xFFFFFFFFu
static HANDLE one, two, worker_handle, gate;
static KEVENT kev, kready;
static KTIMER ktimer;
static KDPC kdpc;
static KAPC apc;
static u32 spin_lock, rw[14];
static volatile u32 flag, ticks;

static void *pointer_to(HANDLE h) {
  void *p = NULL;
  ObReferenceObjectByHandle(h, NULL, &p);
  return p;
}

THREAD(ticking) {
  for (;;) ticks++, sleep_ms(2);
}
CASE(ke_suspended) {
  audio();
  worker_handle = spawn(ticking, 0);
  sleep_ms(9);
  KeSuspendThread(pointer_to(worker_handle));
  wait(worker_handle);
}

THREAD(ends) { DONE(0); }
CASE(ke_resumed_too_few) {
  frames();
  worker_handle = spawn_with(ends, 0, SUSPENDED);
  void *p = pointer_to(worker_handle);
  KeSuspendThread(p);
  KeResumeThread(p);
  wait(worker_handle);
}

THREAD(xam_waiter) {
  WaitForSingleObject(one, FOREVER);
  DONE(0);
}
CASE(xam_wait) {
  one = event(AUTO);
  audio();
  worker_handle = CreateThread(NULL, 0x8000, (void *)xam_waiter, NULL, 0, NULL);
  WaitForSingleObject(worker_handle, FOREVER);
}

THREAD(wsa_setter) {
  NetDll_WSASetEvent(one);
  DONE(0);
}
CASE(wsa_reset) {
  one = NetDll_WSACreateEvent();
  frames();
  spawn(wsa_setter, 0);
  sleep_ms(5);
  NetDll_WSAResetEvent(one);
  NetDll_WSAWaitForMultipleEvents(1, &one, 0, FOREVER, 0);
}

CASE(wsa_all) {
  one = NetDll_WSACreateEvent(), two = NetDll_WSACreateEvent();
  audio();
  spawn(wsa_setter, 0);
  const HANDLE both[2] = {one, two};
  NetDll_WSAWaitForMultipleEvents(2, both, 1, FOREVER, 0);
}

THREAD(forgets) { DONE(flag); }
CASE(xam_sleep) {
  spawn(forgets, 0);
  while (flag == 0) Sleep(2);
}

CASE(xam_suspended) {
  audio();
  worker_handle = CreateThread(NULL, 0x8000, (void *)ends, NULL, 4, NULL);
  WaitForSingleObject(worker_handle, FOREVER);
}

static void kernel_part(KAPC *a, void **fn, void **ctx, void **x, void **y) {
  (void)a, (void)fn, (void)ctx, (void)x, (void)y;
}
static void sets_ready(void *ctx, void *a, void *b) {
  (void)ctx, (void)a, (void)b;
  KeSetEvent(&kready, 1, 0);
}
THREAD(shut_out) {
  wait_ke(&kready);
  DONE(0);
}
CASE(kapc_shut_out) {
  ke_event(&kready, AUTO);
  frames();
  worker_handle = spawn(shut_out, 0);
  sleep_ms(4);
  KeInitializeApc(&apc, pointer_to(worker_handle), (void *)kernel_part, NULL, (void *)sets_ready, 1, NULL);
  KeInsertQueueApc(&apc, NULL, NULL, 0);
  wait(worker_handle);
}

CASE(spins_on_own) {
  audio();
  sleep_ms(20);
  u32 irql = KfAcquireSpinLock(&spin_lock);
  KeAcquireSpinLockAtRaisedIrql(&spin_lock);
  KeReleaseSpinLockFromRaisedIrql(&spin_lock);
  KfReleaseSpinLock(&spin_lock, irql);
}

THREAD(hands_back) {
  NtWaitForSingleObjectEx(one, 1, 0, NULL);
  NtSignalAndWaitForSingleObjectEx(one, one, 1, 0, NULL); // should be two
  NtSignalAndWaitForSingleObjectEx(two, one, 1, 0, NULL);
  NtWaitForSingleObjectEx(one, 1, 0, NULL);
  DONE(0);
}
CASE(hands_to_itself) {
  one = event(AUTO), two = event(AUTO);
  audio();
  spawn(hands_back, 0);
  NtSignalAndWaitForSingleObjectEx(one, two, 1, 0, NULL);
  NtSignalAndWaitForSingleObjectEx(one, two, 1, 0, NULL);
  wait(two);
}

CASE(ktimer_never_set) {
  KeInitializeTimerEx(&ktimer, AUTO, 0, 0);
  frames();
  wait_ke(&ktimer);
}

THREAD(posts_elsewhere) {
  for (u32 i = 0; i < 3; i++) NtSetIoCompletion(two, 1, i, 0, 0), sleep_ms(1);
  DONE(0);
}
CASE(other_port) {
  u32 key, value;
  IO_STATUS_BLOCK io;
  NtCreateIoCompletion(&one, 0, NULL, 0), NtCreateIoCompletion(&two, 0, NULL, 0);
  frames();
  spawn(posts_elsewhere, 0);
  NtRemoveIoCompletion(one, &key, &value, &io, NULL);
}

THREAD(reads_shared) {
  ExAcquireReadWriteLockShared(rw);
  ExReleaseReadWriteLock(rw);
  DONE(0);
}
CASE(rw_tried) {
  ExInitializeReadWriteLock(rw);
  audio();
  if (ExTryToAcquireReadWriteLockExclusive(rw)) wait(spawn(reads_shared, 0));
}

THREAD(keeps_it) {
  wait(gate);
  KeSetEvent(&kready, 1, 0);
  wait(one);
  NtReleaseMutant(gate, NULL);
  DONE(0);
}
CASE(not_the_owner) {
  gate = mutant();
  one = event(AUTO);
  ke_event(&kready, AUTO);
  frames();
  spawn(keeps_it, 0);
  wait_ke(&kready);
  NtReleaseMutant(gate, NULL); // fails
  wait(gate);
}

THREAD(tardy) {
  sleep_ms(8);
  NtWaitForSingleObjectEx(one, 1, 1, NULL);
  DONE(0);
}
CASE(alerted_too_soon) {
  one = event(AUTO);
  audio();
  worker_handle = spawn(tardy, 0);
  sleep_ms(3);
  KeAlertThread(pointer_to(worker_handle), 1);
  wait(worker_handle);
}

static void beats(KDPC *d, void *ctx, void *a, void *b) {
  (void)d, (void)ctx, (void)a, (void)b;
  KeSetEvent(&kev, 1, 0);
}
THREAD(on_beat) {
  for (u32 i = 0; i < 5; i++) wait_ke(&kev);
  DONE(0);
}
CASE(beat_cancelled_by_zero) {
  ke_event(&kev, AUTO);
  KeInitializeDpc(&kdpc, (void *)beats, NULL);
  KeInitializeTimerEx(&ktimer, AUTO, 0, 0);
  frames();
  worker_handle = spawn(on_beat, 0);
  KeSetTimerEx(&ktimer, MS(2), 3, &kdpc);
  sleep_ms(6);
  KeSetTimerEx(&ktimer, MS(2), 0, &kdpc); // no period any more
  wait(worker_handle);
}

// -- healthy --

THREAD(mutates) {
  for (;;) ticks++, Sleep(1);
}
CASE(stops_the_world) {
  void *p[3];
  for (u32 i = 0; i < 3; i++) p[i] = pointer_to(spawn(mutates, i));
  for (;;) {
    for (u32 i = 0; i < 3; i++) KeSuspendThread(p[i]);
    for (u32 i = 0; i < 3; i++) KeResumeThread(p[i]);
    sleep_ms(16);
  }
}

CASE(resumed_by_pointer) {
  for (u32 i = 0; i < 12; i++) {
    HANDLE h = spawn_with(ends, 0, SUSPENDED);
    void *p = pointer_to(h);
    KeResumeThread(p);
    wait(h);
    ObDereferenceObject(p);
    NtClose(h);
  }
  main_loop();
}

THREAD(wsa_server) {
  const HANDLE both[2] = {one, two};
  for (;;) NetDll_WSAResetEvent(NetDll_WSAWaitForMultipleEvents(2, both, 0, FOREVER, 0) ? two : one);
}
CASE(wsa_serves) {
  one = NetDll_WSACreateEvent(), two = NetDll_WSACreateEvent();
  spawn(wsa_server, 0);
  for (u32 i = 0;; i++) {
    if (i % 40 == 5) NetDll_WSASetEvent(one);
    Sleep(16);
  }
}

THREAD(letters) {
  for (;;) SleepEx(FOREVER, 1);
}
CASE(letters_come) {
  worker_handle = spawn(letters, 0);
  ke_event(&kready, AUTO);
  sleep_ms(2);
  for (;;) {
    KeInitializeApc(&apc, pointer_to(worker_handle), (void *)kernel_part, NULL, (void *)sets_ready, 1, NULL);
    KeInsertQueueApc(&apc, NULL, NULL, 0);
    wait_ke(&kready);
    sleep_ms(16);
  }
}

THREAD(one_shot) {
  for (;;) WaitForSingleObject(one, 40);
}
CASE(limits_in_ms) {
  one = event(AUTO);
  spawn(one_shot, 0);
  main_loop();
}

CASE(spare_by_pointer) {
  worker_handle = spawn(mutates, 0);
  sleep_ms(20);
  KeSuspendThread(pointer_to(worker_handle)); // parked until there is work
  main_loop();
}
MAIN
