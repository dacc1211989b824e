// Threads that nobody resumes.
#include "hang.h"

static CRITICAL_SECTION lock;
static HANDLE done, self;
static volatile u32 rounds;

THREAD(never_runs) {
  NtSetEvent(done, NULL);
  DONE(0);
}
CASE(created_suspended) {
  done = event(MANUAL);
  HANDLE h = spawn_with(never_runs, 0, SUSPENDED);
  audio();
  wait(h);
}

// Suspended once more than resumed; the main thread waits for its signal.
CASE(suspended_twice) {
  done = event(MANUAL);
  HANDLE h = spawn_with(never_runs, 0, SUSPENDED);
  NtSuspendThread(h, NULL);
  NtResumeThread(h, NULL);
  wait(h);
}

// The wrong one of two threads is resumed, twice.
THREAD(second) { DONE(0); }
CASE(wrong_one_resumed) {
  HANDLE a = spawn_with(never_runs, 0, SUSPENDED), b = spawn_with(second, 0, SUSPENDED), both[2] = {a, b};
  done = event(MANUAL);
  frames();
  NtResumeThread(b, NULL);
  NtResumeThread(b, NULL);
  wait_all(2, both);
}

// A worker at work is suspended by another thread for good.
THREAD(at_work) {
  for (rounds = 0; rounds < 100; rounds++) sleep_ms(1);
  DONE(0);
}
THREAD(suspends) {
  sleep_ms(10);
  NtSuspendThread(self, NULL);
  DONE(0);
}
CASE(suspended_at_work) {
  audio();
  self = spawn(at_work, 0);
  spawn(suspends, 0);
  wait(self);
}

// Suspended while it holds the lock that the main thread needs.
THREAD(holds_lock) {
  RtlEnterCriticalSection(&lock);
  for (rounds = 0; rounds < 100; rounds++) sleep_ms(1);
  RtlLeaveCriticalSection(&lock);
  DONE(0);
}
CASE(suspended_with_lock) {
  RtlInitializeCriticalSection(&lock);
  self = spawn(holds_lock, 0);
  spawn(suspends, 0);
  sleep_ms(20);
  RtlEnterCriticalSection(&lock);
  RtlLeaveCriticalSection(&lock);
}

// A thread parks itself, as thread pools do, and the one that should wake it has gone.
THREAD(parks) {
  NtDuplicateObject(CURRENT_THREAD, &self, 0);
  NtSuspendThread(CURRENT_THREAD, NULL);
  NtSuspendThread(CURRENT_THREAD, NULL);
  DONE(0);
}
THREAD(wakes_once) {
  sleep_ms(5);
  NtResumeThread(self, NULL);
  DONE(0);
}
CASE(parked) {
  frames();
  HANDLE h = spawn(parks, 0);
  spawn(wakes_once, 0);
  wait(h);
}

MAIN
