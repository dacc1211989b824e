// Circular waits: each thread of a circle waits for what the next one holds, or for its end.
#include "hang.h"

static CRITICAL_SECTION locks[4];
static HANDLE mutants[3], threads[3], go, reply;

static void init_locks(u32 n) {
  for (u32 i = 0; i < n; i++) RtlInitializeCriticalSection(&locks[i]);
}
static void take_two(u32 first, u32 second) {
  RtlEnterCriticalSection(&locks[first]);
  sleep_ms(4);
  RtlEnterCriticalSection(&locks[second]);
  RtlLeaveCriticalSection(&locks[second]);
  RtlLeaveCriticalSection(&locks[first]);
}

// Two threads, two sections, opposite orders.
THREAD(backwards) {
  take_two(1, 0);
  DONE(0);
}
CASE(two_sections) {
  init_locks(2);
  spawn(backwards, 0);
  take_two(0, 1);
  say("not reached");
}

// A ring of three workers; the main thread's frames go on.
THREAD(ring) {
  take_two(INDEX, (INDEX + 1) % 3);
  DONE(0);
}
CASE(three_sections) {
  init_locks(3);
  for (u32 i = 0; i < 3; i++) spawn(ring, i);
  audio();
  main_loop();
}

// Philosophers: four sections, and a main thread that waits for all of them to finish.
THREAD(philosopher) {
  for (u32 i = 0; i < 50; i++) {
    RtlEnterCriticalSection(&locks[INDEX]);
    if (i == 49) sleep_ms(3);
    RtlEnterCriticalSection(&locks[(INDEX + 1) % 4]);
    RtlLeaveCriticalSection(&locks[(INDEX + 1) % 4]);
    RtlLeaveCriticalSection(&locks[INDEX]);
    if (i == 48) wait(go);
  }
  DONE(0);
}
CASE(philosophers) {
  HANDLE h[4];
  init_locks(4);
  go = event(MANUAL);
  // Until the last round each eats alone.
  for (u32 i = 0; i < 4; i++) {
    h[i] = spawn(philosopher, i);
    sleep_ms(5);
  }
  NtSetEvent(go, NULL);
  wait_all(4, h);
}

// Two workers, two mutants; the main thread joins both.
THREAD(mutant_pair) {
  wait(mutants[INDEX]);
  sleep_ms(4);
  wait(mutants[1 - INDEX]);
  NtReleaseMutant(mutants[1 - INDEX], NULL);
  NtReleaseMutant(mutants[INDEX], NULL);
  DONE(0);
}
CASE(two_mutants) {
  HANDLE h[2];
  frames();
  for (u32 i = 0; i < 2; i++) mutants[i] = mutant();
  for (u32 i = 0; i < 2; i++) h[i] = spawn(mutant_pair, i);
  wait_all(2, h);
}

// A mutant one way, a section the other.
THREAD(mutant_then_section) {
  wait(mutants[0]);
  sleep_ms(4);
  RtlEnterCriticalSection(&locks[0]);
  RtlLeaveCriticalSection(&locks[0]);
  NtReleaseMutant(mutants[0], NULL);
  DONE(0);
}
CASE(mutant_and_section) {
  init_locks(1);
  mutants[0] = mutant();
  audio();
  spawn(mutant_then_section, 0);
  RtlEnterCriticalSection(&locks[0]);
  sleep_ms(4);
  wait(mutants[0]);
  RtlLeaveCriticalSection(&locks[0]);
}

// Holds one mutant and wants all of the two that another thread holds, which wants the first.
THREAD(wants_all) {
  wait(mutants[0]);
  sleep_ms(4);
  wait_all(2, &mutants[1]);
  DONE(0);
}
CASE(all_of_two_mutants) {
  for (u32 i = 0; i < 3; i++) mutants[i] = mutant();
  spawn(wants_all, 0);
  wait(mutants[1]);
  wait(mutants[2]);
  sleep_ms(4);
  NtReleaseMutant(mutants[1], NULL);
  wait(mutants[0]);
}

// Each of two threads waits for the other to end.
THREAD(joiner) {
  wait(go);
  wait(threads[1 - INDEX]);
  DONE(0);
}
CASE(join_each_other) {
  go = event(MANUAL);
  for (u32 i = 0; i < 2; i++) threads[i] = spawn(joiner, i);
  NtSetEvent(go, NULL);
  audio();
  main_loop();
}

// A thread that waits for its own end.
THREAD(waits_for_itself) {
  HANDLE self = 0;
  NtDuplicateObject(CURRENT_THREAD, &self, 0);
  wait(self);
  DONE(0);
}
CASE(join_itself) {
  HANDLE h = spawn(waits_for_itself, 0);
  wait(h);
}

// The main thread joins a worker within the lock that the worker needs to end.
THREAD(needs_lock) {
  sleep_ms(3);
  RtlEnterCriticalSection(&locks[0]);
  RtlLeaveCriticalSection(&locks[0]);
  DONE(0);
}
CASE(lock_held_joining) {
  init_locks(1);
  frames();
  HANDLE h = spawn(needs_lock, 0);
  RtlEnterCriticalSection(&locks[0]);
  sleep_ms(8);
  wait(h);
  RtlLeaveCriticalSection(&locks[0]);
}

// A request is answered by a server that needs the lock which the client, the fifth time, holds as it waits.
THREAD(server) {
  for (;;) {
    wait(go);
    RtlEnterCriticalSection(&locks[0]);
    RtlLeaveCriticalSection(&locks[0]);
    NtSetEvent(reply, NULL);
  }
  DONE(0);
}
CASE(lock_held_awaiting_reply) {
  init_locks(1);
  go = event(AUTO);
  reply = event(AUTO);
  audio();
  spawn(server, 0);
  for (u32 i = 0; i < 5; i++) {
    if (i == 4) RtlEnterCriticalSection(&locks[0]);
    NtSetEvent(go, NULL);
    wait(reply);
  }
}

// Two threads of which each answers the other, and each waits for the other's answer first.
static KEVENT ping, pong;
THREAD(ponger) {
  for (u32 i = 0; i < 6; i++) {
    wait_ke(&ping);
    KeSetEvent(&pong, 0, 0);
  }
  wait_ke(&ping);
  DONE(0);
}
CASE(both_wait_first) {
  ke_event(&ping, AUTO);
  ke_event(&pong, AUTO);
  frames();
  spawn(ponger, 0);
  for (u32 i = 0; i < 6; i++) {
    KeSetEvent(&ping, 0, 0);
    wait_ke(&pong);
  }
  wait_ke(&pong);
}

// A read-write lock one way, a section the other.
void ExInitializeReadWriteLock(u32 *), ExAcquireReadWriteLockExclusive(u32 *), ExAcquireReadWriteLockShared(u32 *);
static u32 rwlock[14];
THREAD(reads_within_section) {
  RtlEnterCriticalSection(&locks[0]);
  sleep_ms(4);
  ExAcquireReadWriteLockShared(rwlock);
  RtlLeaveCriticalSection(&locks[0]);
  DONE(0);
}
CASE(rwlock_and_section) {
  init_locks(1);
  ExInitializeReadWriteLock(rwlock);
  frames();
  spawn(reads_within_section, 0);
  ExAcquireReadWriteLockExclusive(rwlock);
  sleep_ms(4);
  RtlEnterCriticalSection(&locks[0]);
}

MAIN
