// Hangs, and what is none, as a title begins: a loader that is suspended, hands that take its orders, packages, timers.
#include "hang.h"

static HANDLE ev[4], th[4], work, timer, box;
static CRITICAL_SECTION shelf, ledger;
static volatile u32 orders, stop;

static u32 is_there(const char *path) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  NETWORK_OPEN_INFORMATION info;
  name_object(&oa, &s, path);
  return NtQueryFullAttributesFile(&oa, &info) == 0;
}

// --- the loader and its hands ---
// A hand wants the shelf for an order; the main thread has it, and joins the loader, who waits for the hand.
THREAD(hand_for_shelf) {
  for (;;) {
    wait(work);
    RtlEnterCriticalSection(&shelf);
    orders++;
    RtlLeaveCriticalSection(&shelf);
    NtSetEvent(ev[0], NULL);
  }
}
THREAD(orders_three) {
  for (u32 i = 0; i < 3; i++) {
    NtReleaseSemaphore(work, 1, NULL);
    wait(ev[0]);
    sleep_ms(2);
  }
  DONE(0);
}
CASE(shelf_kept_over_join) {
  RtlInitializeCriticalSection(&shelf);
  work = semaphore(0), ev[0] = event(AUTO);
  audio();
  spawn(hand_for_shelf, 0);
  th[0] = spawn_with(orders_three, 0, SUSPENDED);
  NtResumeThread(th[0], NULL);
  sleep_ms(3);
  RtlEnterCriticalSection(&shelf);
  wait(th[0]);
}
// The main thread lets another thread go than the loader that it then joins.
THREAD(loads) {
  sleep_ms(4);
  DONE(0);
}
CASE(lets_the_wrong_one_go) {
  frames();
  th[0] = spawn_with(loads, 0, SUSPENDED);
  th[1] = spawn(loads, 1);
  NtResumeThread(th[1], NULL);
  wait(th[0]);
}
// Two steps are done while the main thread is busy, and one event tells of both.
THREAD(two_steps) {
  NtSetEvent(ev[0], NULL);
  NtSetEvent(ev[0], NULL);
  DONE(0);
}
CASE(two_steps_told_once) {
  ev[0] = event(AUTO);
  frames();
  th[0] = spawn(two_steps, 0);
  sleep_ms(5);
  wait(ev[0]);
  wait(ev[0]);
}
// A hand gives up when its file is not there, and tells nobody.
THREAD(looks_for_patch) {
  wait(work);
  if (!is_there("game:\\patch.bin")) DONE(1);
  NtSetEvent(ev[0], NULL);
  DONE(0);
}
CASE(hand_gives_up) {
  work = semaphore(0), ev[0] = event(AUTO);
  audio();
  spawn(looks_for_patch, 0);
  NtReleaseSemaphore(work, 1, NULL);
  wait(ev[0]);
}
// The loader ends with the ledger in its hands.
THREAD(ends_with_ledger) {
  RtlEnterCriticalSection(&ledger);
  sleep_ms(1);
  DONE(0);
}
CASE(ledger_not_given_back) {
  RtlInitializeCriticalSection(&ledger);
  frames();
  th[0] = spawn(ends_with_ledger, 0);
  wait(th[0]);
  RtlEnterCriticalSection(&ledger);
}
// A chain: the main thread joins one who waits for the count of another, who waits for an event of nobody's.
THREAD(third) {
  NtReleaseSemaphore(work, 1, NULL);
  ev[1] = event(AUTO);
  wait(ev[1]);
  NtReleaseSemaphore(work, 1, NULL);
  DONE(0);
}
THREAD(second) {
  wait(work);
  wait(work);
  DONE(0);
}
CASE(chain_of_three) {
  work = semaphore(0);
  audio();
  th[0] = spawn(second, 0);
  th[1] = spawn(third, 1);
  wait(th[0]);
}

// --- what comes by itself ---
// The timer goes off once; the main thread waits for three beats.
CASE(one_beat_of_three) {
  s64 due = MS(4);
  NtCreateTimer(&timer, NULL, 1);
  NtSetTimerEx(timer, &due, NULL, 1, NULL, 0, 0, NULL);
  frames();
  for (u32 i = 0; i < 3; i++) wait(timer);
}
// A read tells its end by an APC, and the main thread does not wait alertably for what that sets.
static void read_over(void *ctx, IO_STATUS_BLOCK *io, u32 unused) {
  (void)ctx, (void)io, (void)unused;
  NtSetEvent(ev[0], NULL);
}
CASE(read_told_to_a_deaf_one) {
  static u8 bytes[64];
  static IO_STATUS_BLOCK io;
  u64 at = 0;
  ev[0] = event(AUTO);
  box = made_file("cache:\\box.bin");
  audio();
  NtReadFile(box, 0, (void *)read_over, NULL, &io, bytes, sizeof bytes, &at);
  wait(ev[0]);
}
// A package that is asked for every few milliseconds, and never there.
CASE(package_never_there) {
  audio();
  while (!is_there("game:\\package.bin")) sleep_ms(4);
}

// --- none ---
// The loader takes its time, and sleeps between its steps.
THREAD(slow_steps) {
  for (u32 i = 0;; i++) {
    sleep_ms(200);
    made_file(i & 1 ? "cache:\\a.bin" : "cache:\\b.bin");
  }
}
CASE(loader_takes_its_time) {
  th[0] = spawn_with(slow_steps, 0, SUSPENDED);
  NtResumeThread(th[0], NULL);
  wait(th[0]);
}
// Hands take orders as they come, one at a time; none ends.
THREAD(hand_works) {
  for (;;) {
    wait(work);
    RtlEnterCriticalSection(&shelf);
    orders++;
    RtlLeaveCriticalSection(&shelf);
  }
}
CASE(hands_work_on) {
  RtlInitializeCriticalSection(&shelf);
  work = semaphore(0);
  for (u32 i = 0; i < 3; i++) spawn(hand_works, i);
  for (;;) {
    NtReleaseSemaphore(work, 2, NULL);
    sleep_ms(7);
  }
}
// A timer that goes off again and again; whoever waits for it counts beats.
CASE(beats_go_on) {
  s64 due = MS(4);
  NtCreateTimer(&timer, NULL, 1);
  NtSetTimerEx(timer, &due, NULL, 1, NULL, 0, 9, NULL);
  for (;;) wait(timer);
}
// A thread that is suspended, and let go for a while now and then.
THREAD(now_and_then) {
  for (;;) {
    orders++;
    sleep_ms(1);
  }
}
CASE(let_go_now_and_then) {
  th[0] = spawn_with(now_and_then, 0, SUSPENDED);
  for (;;) {
    NtResumeThread(th[0], NULL);
    sleep_ms(9);
    NtSuspendThread(th[0], NULL);
    sleep_ms(30);
  }
}
MAIN
