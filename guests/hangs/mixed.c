// Hangs of several classes that titles fall into by a slip: the wrong one of two handles, one object of several, a lock
// that is read under for ever.
#include "hang.h"

static HANDLE first, second, never, slots, port, main_handle;
static CRITICAL_SECTION lock;
static KEVENT parts[3];
static volatile u32 total, flag;

void ExInitializeReadWriteLock(u32 *), ExAcquireReadWriteLockExclusive(u32 *), ExAcquireReadWriteLockShared(u32 *);
NTSTATUS NtCreateIoCompletion(HANDLE *, OBJECT_ATTRIBUTES *, u32 access, u32 threads);
NTSTATUS NtRemoveIoCompletion(HANDLE, u32 *key, u32 *value, IO_STATUS_BLOCK *, const s64 *timeout);
NTSTATUS KeWaitForMultipleObjects(u32, void **, u32, u32, u32, u32, const s64 *, void *);
NTSTATUS NtDuplicateObject(HANDLE, HANDLE *, u32);

// A handshake by two events, of which the answering side has the two swapped: both wait for the second.
THREAD(answers_swapped) {
  for (;;) {
    NtSetEvent(first, NULL);
    wait(second);
  }
}
CASE(swapped_events) {
  first = event(AUTO);
  second = event(AUTO);
  audio();
  spawn(answers_swapped, 0);
  NtSetEvent(first, NULL);
  wait(second);
}

// A reader ends within its lock; the writer waits.
static u32 rwlock[14];
THREAD(reads_and_ends) {
  ExAcquireReadWriteLockShared(rwlock);
  DONE(1);
}
CASE(reader_never_leaves) {
  ExInitializeReadWriteLock(rwlock);
  frames();
  spawn(reads_and_ends, 0);
  sleep_ms(3);
  ExAcquireReadWriteLockExclusive(rwlock);
}

// Two slots, of which one thread takes both.
THREAD(takes_both) {
  wait(slots);
  wait(slots);
  DONE(0);
}
CASE(over_consumed) {
  slots = semaphore(0);
  audio();
  spawn(takes_both, 0);
  NtReleaseSemaphore(slots, 2, NULL);
  sleep_ms(2);
  wait(slots);
}

CASE(port_never_posted) {
  u32 key, value;
  IO_STATUS_BLOCK io;
  NtCreateIoCompletion(&port, NULL, 0x1F0003, 0);
  frames();
  NtRemoveIoCompletion(port, &key, &value, &io, NULL);
}

// All of three dispatcher objects, of which one is never set.
THREAD(sets_two) {
  KeSetEvent(&parts[0], 0, 0);
  KeSetEvent(&parts[2], 0, 0);
  DONE(0);
}
CASE(ke_all_but_one) {
  void *all[3] = {&parts[0], &parts[1], &parts[2]};
  for (u32 i = 0; i < 3; i++) ke_event(&parts[i], MANUAL);
  audio();
  spawn(sets_two, 0);
  KeWaitForMultipleObjects(3, all, 0, 3, 1, 0, NULL, NULL);
}

// The main thread joins itself.
CASE(main_joins_itself) {
  NtDuplicateObject(0xFFFFFFFE, &main_handle, 0);
  frames();
  wait(main_handle);
}

// Main holds a lock and waits for a reply; who replies joins a helper; the helper wants the lock.
static HANDLE helper_thread;
THREAD(helper) {
  sleep_ms(3);
  RtlEnterCriticalSection(&lock);
  RtlLeaveCriticalSection(&lock);
  DONE(0);
}
THREAD(replies_after_helper) {
  wait(first);
  NtSetEvent(second, NULL);
  wait(first);
  wait(helper_thread);
  NtSetEvent(second, NULL);
  DONE(0);
}
CASE(reply_join_lock) {
  RtlInitializeCriticalSection(&lock);
  first = event(AUTO);
  second = event(AUTO);
  audio();
  helper_thread = spawn(helper, 0);
  spawn(replies_after_helper, 0);
  RtlEnterCriticalSection(&lock);
  NtSetEvent(first, NULL);
  wait(second);
  NtSetEvent(first, NULL);
  wait(second);
}

// Four that each wait for the signal of the next, as they have done for a while.
static HANDLE ring[4];
THREAD(passes) {
  for (u32 i = 0;; i++) {
    wait(ring[INDEX]);
    total++;
    if (INDEX != 2 || i < 6) NtSetEvent(ring[(INDEX + 1) % 4], NULL);
  }
}
CASE(token_dropped) {
  for (u32 i = 0; i < 4; i++) ring[i] = event(AUTO);
  for (u32 i = 1; i < 4; i++) spawn(passes, i);
  for (;;) {
    NtSetEvent(ring[1], NULL);
    wait(ring[0]);
  }
}

// It asks for the time in a loop until a flag is set, which nobody sets.
u64 KeQueryInterruptTime(void);
CASE(asks_the_time) {
  audio();
  while (!flag) KeQueryInterruptTime();
}

// The main thread spins above a worker of its own hardware thread, which is never let run and would set the flag.
NTSTATUS ObReferenceObjectByHandle(HANDLE, void *type, void **object);
THREAD(sets_flag) {
  flag = 1;
  DONE(0);
}
static void above_others(void) {
  void *self = NULL;
  ObReferenceObjectByHandle(0xFFFFFFFE, NULL, &self);
  KeSetBasePriorityThread(self, 5);
  KeSetAffinityThread(self, 1, NULL);
}
static HANDLE beside_main(void (*entry)(void *)) {
  HANDLE h = 0;
  ExCreateThread(&h, 0x8000, NULL, NULL, (void *)entry, NULL, 1u << 24);
  return h;
}
CASE(starves_worker) {
  above_others();
  beside_main(sets_flag);
  while (!flag) {
  }
}
// The same by a worker, while the main thread joins the one that is starved.
THREAD(spins_above) {
  above_others();
  beside_main(sets_flag);
  first = 1;
  while (!flag) {
  }
}
CASE(joins_starved) {
  HANDLE s = spawn(spins_above, 0);
  wait(s);
}

MAIN
