// Lost wake-ups: the signal was given, and was gone before the thread that needed it came, or went to another one.
#include "hang.h"

static HANDLE ready, other, sem, stop;
static KEVENT kready;

// The worker is done before the main thread clears the event and waits for it.
THREAD(sets_early) {
  NtSetEvent(ready, NULL);
  DONE(0);
}
CASE(set_then_cleared) {
  ready = event(MANUAL);
  spawn(sets_early, 0);
  sleep_ms(5);
  NtClearEvent(ready);
  wait(ready);
}

// The same with an event in the title's memory, and work beside.
THREAD(sets_early_ke) {
  KeSetEvent(&kready, 0, 0);
  for (;;) sleep_ms(20);
}
CASE(ke_set_then_reset) {
  ke_event(&kready, MANUAL);
  audio();
  spawn(sets_early_ke, 0);
  sleep_ms(5);
  KeResetEvent(&kready);
  wait_ke(&kready);
}

// A third thread resets an event that was meant to stay.
THREAD(waits_late) {
  sleep_ms(12);
  wait(ready);
  DONE(0);
}
THREAD(clears) {
  sleep_ms(6);
  NtClearEvent(ready);
  DONE(0);
}
CASE(cleared_by_third) {
  ready = event(MANUAL);
  frames();
  HANDLE late = spawn(waits_late, 0);
  spawn(clears, 0);
  NtSetEvent(ready, NULL);
  wait(late);
}

// A pulse with nobody there.
THREAD(pulses) {
  NtPulseEvent(ready, NULL);
  DONE(0);
}
CASE(pulse_nobody) {
  ready = event(MANUAL);
  spawn(pulses, 0);
  sleep_ms(5);
  wait(ready);
}

// Three wait, but the event that is pulsed wakes one.
THREAD(waits_once) {
  wait(ready);
  DONE(0);
}
CASE(pulse_wakes_one) {
  HANDLE h[3];
  ready = event(AUTO);
  audio();
  for (u32 i = 0; i < 3; i++) h[i] = spawn(waits_once, i);
  sleep_ms(5);
  NtPulseEvent(ready, NULL);
  wait_all(3, h);
}

// One set, two waiters, and the event should have been a manual one.
CASE(auto_meant_manual) {
  ready = event(AUTO);
  frames();
  HANDLE a = spawn(waits_once, 0);
  sleep_ms(3);
  HANDLE b = spawn(waits_once, 1);
  sleep_ms(3);
  NtSetEvent(ready, NULL);
  wait(a);
  wait(b);
}

// The watchdog's any-wait takes the event that the main thread needs.
THREAD(watchdog) {
  HANDLE both[2] = {stop, ready};
  for (;;)
    if (wait_any(2, both) == 0) break;
  DONE(0);
}
THREAD(completes) {
  sleep_ms(4);
  NtSetEvent(ready, NULL);
  DONE(0);
}
CASE(taken_by_any) {
  ready = event(AUTO);
  stop = event(MANUAL);
  spawn(watchdog, 0);
  sleep_ms(2);
  spawn(completes, 0);
  sleep_ms(8);
  wait(ready);
}

// A count that was meant for the main thread is taken by a worker that is not even needed.
THREAD(takes_count) {
  for (;;) wait(sem);
  DONE(0);
}
THREAD(releases_one) {
  sleep_ms(6);
  NtReleaseSemaphore(sem, 1, NULL);
  DONE(0);
}
CASE(count_taken) {
  sem = semaphore(0);
  audio();
  spawn(takes_count, 0);
  spawn(releases_one, 0);
  sleep_ms(10);
  wait(sem);
}

// Two items, two sets of one event before the consumer looks: one of them never was.
THREAD(posts_two) {
  NtSetEvent(ready, NULL);
  NtSetEvent(ready, NULL);
  DONE(0);
}
CASE(two_sets_make_one) {
  ready = event(AUTO);
  spawn(posts_two, 0);
  sleep_ms(5);
  for (u32 i = 0; i < 2; i++) wait(ready);
}

// A handshake in rounds: once the worker answers before the main thread has reset the event for the round.
THREAD(answers) {
  for (;;) {
    wait(other);
    NtSetEvent(ready, NULL);
  }
  DONE(0);
}
CASE(reset_after_request) {
  ready = event(MANUAL);
  other = event(AUTO);
  frames();
  spawn(answers, 0);
  for (u32 i = 0; i < 8; i++) {
    if (i < 7) NtClearEvent(ready);
    NtSetEvent(other, NULL);
    if (i == 7) {
      sleep_ms(2);
      NtClearEvent(ready);
    }
    wait(ready);
  }
}

// The signal is for a worker, and gone when the worker comes; the main thread waits for an answer that it never had
// before.
THREAD(answers_late) {
  sleep_ms(10);
  for (u32 i = 0; i <= INDEX; i++) wait(ready);
  NtSetEvent(other, NULL);
  DONE(0);
}
CASE(pulsed_before_worker) {
  ready = event(MANUAL), other = event(AUTO);
  spawn(answers_late, 0);
  sleep_ms(2);
  NtPulseEvent(ready, NULL);
  wait(other);
}
CASE(reset_before_worker) {
  ready = event(MANUAL), other = event(AUTO);
  spawn(answers_late, 0);
  NtSetEvent(ready, NULL);
  sleep_ms(3);
  NtClearEvent(ready);
  wait(other);
}
CASE(two_jobs_one_event) {
  ready = event(AUTO), other = event(AUTO);
  spawn(answers_late, 1);
  NtSetEvent(ready, NULL), NtSetEvent(ready, NULL);
  wait(other);
}

MAIN
