// Locks whose owner is gone, or has gone on without releasing them.
#include "hang.h"

static CRITICAL_SECTION lock, second_lock;
static HANDLE idle;

THREAD(leaves_with_lock) {
  RtlEnterCriticalSection(&lock);
  DONE(1);
}
CASE(owner_exited) {
  RtlInitializeCriticalSection(&lock);
  spawn(leaves_with_lock, 0);
  sleep_ms(3);
  RtlEnterCriticalSection(&lock);
}

// Two workers and the main thread want it; work goes on beside. The owner entered twice and left once.
THREAD(leaves_once) {
  for (u32 i = 0; i < 10; i++) {
    RtlEnterCriticalSection(&lock);
    RtlLeaveCriticalSection(&lock);
  }
  RtlEnterCriticalSection(&lock);
  RtlEnterCriticalSection(&lock);
  RtlLeaveCriticalSection(&lock);
  DONE(0);
}
THREAD(uses_lock) {
  sleep_ms(4 + INDEX);
  RtlEnterCriticalSection(&lock);
  RtlLeaveCriticalSection(&lock);
  DONE(0);
}
CASE(left_once_and_exited) {
  HANDLE h[2];
  RtlInitializeCriticalSection(&lock);
  audio();
  spawn(leaves_once, 0);
  for (u32 i = 0; i < 2; i++) h[i] = spawn(uses_lock, i);
  wait_all(2, h);
}

// The owner took an error path past the release, and now waits for work as ever.
THREAD(error_path) {
  RtlEnterCriticalSection(&lock);
  RtlEnterCriticalSection(&second_lock);
  RtlLeaveCriticalSection(&second_lock);
  for (;;) wait(idle);
  DONE(0);
}
CASE(owner_forgot) {
  RtlInitializeCriticalSection(&lock);
  RtlInitializeCriticalSection(&second_lock);
  idle = event(AUTO);
  frames();
  spawn(error_path, 0);
  sleep_ms(3);
  RtlEnterCriticalSection(&lock);
}

// Only workers want the lock that the loader took with it; the main loop goes on.
CASE(workers_only) {
  RtlInitializeCriticalSection(&lock);
  spawn(leaves_with_lock, 0);
  for (u32 i = 0; i < 3; i++) spawn(uses_lock, i);
  audio();
  main_loop();
}

MAIN
