// Waits for threads that are stuck themselves: the root is at the end of the chain.
#include "hang.h"

static HANDLE handles[4], never, work[3], done[3], timer;
static CRITICAL_SECTION lock;
static volatile u32 flag;

// main -> joins 3 -> joins 2 -> joins 1 -> an event that nobody sets.
THREAD(link_in_chain) {
  if (INDEX == 0)
    wait(never);
  else
    wait(handles[INDEX - 1]);
  DONE(0);
}
CASE(join_chain) {
  never = event(MANUAL);
  audio();
  for (u32 i = 0; i < 3; i++) handles[i] = spawn(link_in_chain, i);
  wait(handles[2]);
}

// A pipeline of three stages; the last stops in its fourth round at a semaphore of its own.
THREAD(stage) {
  for (u32 i = 0;; i++) {
    wait(work[INDEX]);
    if (INDEX == 2 && i == 3) wait(never);
    if (INDEX < 2) {
      NtSetEvent(work[INDEX + 1], NULL);
      wait(done[INDEX + 1]);
    }
    NtSetEvent(done[INDEX], NULL);
  }
  DONE(0);
}
CASE(pipeline) {
  never = semaphore(0);
  for (u32 i = 0; i < 3; i++) work[i] = event(AUTO), done[i] = event(AUTO);
  frames();
  for (u32 i = 0; i < 3; i++) spawn(stage, i);
  for (u32 i = 0; i < 8; i++) {
    NtSetEvent(work[0], NULL);
    wait(done[0]);
  }
}

// The owner of a lock waits for a timer that was never set.
THREAD(owner) {
  RtlEnterCriticalSection(&lock);
  wait(timer);
  RtlLeaveCriticalSection(&lock);
  DONE(0);
}
THREAD(wants_lock) {
  RtlEnterCriticalSection(&lock);
  RtlLeaveCriticalSection(&lock);
  DONE(0);
}
CASE(lock_owner_waits) {
  RtlInitializeCriticalSection(&lock);
  NtCreateTimer(&timer, NULL, MANUAL);
  audio();
  spawn(owner, 0);
  sleep_ms(3);
  HANDLE h = spawn(wants_lock, 0);
  wait(h);
}

// A circle at the end of a chain that is no part of it.
THREAD(circle) {
  HANDLE *mine = &handles[INDEX], *theirs = &handles[1 - INDEX];
  wait(*mine);
  sleep_ms(3);
  wait(*theirs);
  DONE(0);
}
THREAD(joins_circle) {
  wait(handles[2]);
  DONE(0);
}
CASE(chain_to_circle) {
  for (u32 i = 0; i < 2; i++) handles[i] = mutant();
  handles[2] = spawn(circle, 0);
  spawn(circle, 1);
  HANDLE h = spawn(joins_circle, 0);
  frames();
  wait(h);
}

// The joined thread spins on a word that nobody changes.
THREAD(spins) {
  while (!flag) {
    for (volatile u32 i = 0; i < 4000; i++) {
    }
    NtYieldExecution();
  }
  DONE(0);
}
THREAD(joins_spinner) {
  wait(handles[0]);
  DONE(0);
}
CASE(chain_to_spin) {
  handles[0] = spawn(spins, 0);
  HANDLE h = spawn(joins_spinner, 0);
  wait(h);
}

MAIN
