// Threads that run, and wait in vain all the same: on a word or an object that nothing changes.
#include "hang.h"

static volatile u32 flag, counter;
static CRITICAL_SECTION lock;
static HANDLE never;

// Some 20 us of the title's own work, so that a run of seconds stays small.
static void compute(void) {
  for (volatile u32 i = 0; i < 4000; i++) {
  }
}

// Without a single call.
CASE(no_call) {
  say("loading");
  while (!flag) {
  }
}

CASE(process_type) {
  audio();
  say("loading");
  while (!flag) {
    compute();
    KeGetCurrentProcessType();
  }
}

CASE(yield) {
  say("loading");
  while (!flag) {
    compute();
    NtYieldExecution();
  }
}

CASE(delay) {
  frames();
  audio();
  say("loading");
  while (!flag) sleep_ms(1);
}

// The thread that should have set the word ended.
THREAD(forgets) {
  for (u32 i = 0; i < 10; i++) sleep_ms(1);
  DONE(0);
}
CASE(worker_forgot) {
  spawn(forgets, 0);
  say("loading");
  while (!flag) sleep_ms(2);
}

// An event polled with a timeout of zero.
CASE(poll_event) {
  never = event(MANUAL);
  audio();
  while (wait_ms(never, 0) == STATUS_TIMEOUT) compute();
}

// A lock tried for ever, whose owner has other things to wait for.
THREAD(keeps_lock) {
  RtlEnterCriticalSection(&lock);
  wait(never);
  RtlLeaveCriticalSection(&lock);
  DONE(0);
}
CASE(try_lock) {
  RtlInitializeCriticalSection(&lock);
  never = event(AUTO);
  spawn(keeps_lock, 0);
  sleep_ms(2);
  while (!RtlTryEnterCriticalSection(&lock)) sleep_ms(1);
}

// A wait with a timeout that is tried again and again.
CASE(timed_wait_again) {
  never = event(AUTO);
  frames();
  while (wait_ms(never, 10) == STATUS_TIMEOUT) counter++;
}

MAIN
