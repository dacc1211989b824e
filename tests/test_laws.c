// What every kernel does (diff/laws.def), held against one trace alone. Each story is told in variants, of which some
// are a kernel's fault by what the NT calls do. A trace with the host's clock proves nothing of its order, so that the
// same story told that way is a reference which breaks no law and differs in nothing.
#include "tests/lawful.h"

// -- a signal ends waits --

static void one_waits(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  waits(t, 2, E1);
  guilty(t);
  sets(t, 1, E1, 0);
  if (v == 0) wakes(t, 2, 0, NULL);
  ret(t, 1, 0);
  pad(t, 1, 12);
}

// Several wait for one event: an automatic one wakes one of them, the other kind all.
static void three_wait(struct tale *t, int v) {
  bool manual = v < 3;
  if (v == 1) guilty(t);
  event(t, E1, manual ? MANUAL : AUTO, 0);
  waits(t, 2, E1);
  waits(t, 3, E1);
  if (v == 2) guilty(t);
  sets(t, 1, E1, 0);
  if (v != 2) wakes(t, 2, 0, NULL);
  if (v == 0) wakes(t, 3, 0, NULL);
  ret(t, 1, 0);
  pad(t, 1, 12);
}

static void released(struct tale *t, int v) {
  semaphore(t, E1, 0);
  waits(t, 2, E1);
  waits(t, 3, E1);
  guilty(t);
  releases(t, 1, E1, v == 2 ? 1 : 2, 0);
  wakes(t, 2, 0, NULL);
  if (v == 0) wakes(t, 3, 0, NULL);
  ret(t, 1, 0);
  pad(t, 1, 12);
}

// v 2: the owner has it twice, and gives it back once.
static void unlocked(struct tale *t, int v) {
  mutant(t, E1, 1);
  if (v == 2) passes(t, 1, E1);
  waits(t, 2, E1);
  guilty(t);
  unlocks(t, 1, E1, v == 2 ? -1 : 0);
  if (v == 0) wakes(t, 2, 0, NULL);
  ret(t, 1, 0);
  pad(t, 1, 12);
  if (v == 2) {
    unlocks(t, 1, E1, 0);
    wakes(t, 2, 0, NULL);
    ret(t, 1, 0);
  }
}

// v 2: nobody waits, and the pulse leaves nothing behind.
static void pulsed(struct tale *t, int v) {
  event(t, E1, MANUAL, 0);
  if (v != 2) waits(t, 2, E1);
  guilty(t);
  CALL(t, 1, "NtPulseEvent", E1, 0);
  sig(t, 1, E1, "pulse", 1, 0);
  if (v == 0) wakes(t, 2, 0, NULL);
  ret(t, 1, 0);
  misses(t, 3, E1);
  pad(t, 1, 12);
}

static void locked(struct tale *t, int v) {
  CALL(t, 1, "ExAcquireReadWriteLockExclusive", 0x82005000);
  ret(t, 1, 0);
  CALL(t, 2, "ExAcquireReadWriteLockShared", 0x82005000);
  begin(t, 2, (const uint32_t[]){0x82005010}, 1, "any", false, -1);
  guilty(t);
  CALL(t, 1, "ExReleaseReadWriteLock", 0x82005000);
  if (v != 1) sig(t, 1, 0x82005010, "release", 1, 0);
  if (v != 1) wakes(t, 2, 0, NULL);
  ret(t, 1, 0);
  pad(t, 1, 12);
}

// Two read: the first to leave need not wake the writer.
static void shared(struct tale *t, int v) {
  for (uint32_t tid = 1; tid <= 2; tid++) {
    CALL(t, tid, "ExAcquireReadWriteLockShared", 0x82005000);
    ret(t, tid, 0);
  }
  CALL(t, 3, "ExAcquireReadWriteLockExclusive", 0x82005000);
  begin(t, 3, (const uint32_t[]){0x82005010}, 1, "any", false, -1);
  CALL(t, 1, "ExReleaseReadWriteLock", 0x82005000);
  ret(t, 1, 0);
  guilty(t);
  CALL(t, 2, "ExReleaseReadWriteLock", 0x82005000);
  if (v != 1) sig(t, 2, 0x82005010, "release", 1, 0);
  if (v != 1) wakes(t, 3, 0, NULL);
  ret(t, 2, 0);
  pad(t, 1, 12);
}

static void signal_and_wait(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 0);
  waits(t, 2, E1);
  guilty(t);
  limit(t, -1);
  CALL(t, 1, "NtSignalAndWaitForSingleObjectEx", E1, E2, 1, 0, 0);
  sig(t, 1, E1, "set", 1, 0);
  if (v == 0) wakes(t, 2, 0, NULL);
  begin(t, 1, (const uint32_t[]){E2}, 1, "any", false, -1);
  pad(t, 3, 12);
  sets(t, 3, E2, 0);
  wakes(t, 1, 0, NULL);
  ret(t, 3, 0);
}

static void begin_all(struct tale *t, uint32_t tid) {
  limit(t, -1);
  CALL(t, tid, "NtWaitForMultipleObjectsEx", 2, 0x70000200, 0, 1, 0, 0);
  begin(t, tid, (const uint32_t[]){E1, E2}, 2, "all", false, -1);
}

static void begin_any(struct tale *t, uint32_t tid) {
  limit(t, -1);
  CALL(t, tid, "NtWaitForMultipleObjectsEx", 2, 0x70000200, 1, 1, 0, 0);
  begin(t, tid, (const uint32_t[]){E1, E2}, 2, "any", false, -1);
}

// Who waits for any of several is woken by each; who waits for all by the last. v 2: for all, one is set.
static void of_several(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 0);
  if (v == 2)
    begin_all(t, 2);
  else
    begin_any(t, 2);
  guilty(t);
  sets(t, 1, E2, 0);
  if (v == 0) wakes(t, 2, 1, NULL);
  ret(t, 1, 0);
  pad(t, 1, 12);
  if (v != 2) return;
  sets(t, 1, E1, 0);
  wakes(t, 2, 0, NULL);
  ret(t, 1, 0);
  misses(t, 1, E1);
  misses(t, 1, E2);
}

// Who came first takes the signal, though it waits for another object too.
static void taken_by_all(struct tale *t, int v) {
  (void)v;
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 1);
  begin_all(t, 2);
  waits(t, 3, E1);
  sets(t, 1, E1, 0);
  wakes(t, 2, 0, NULL);
  ret(t, 1, 0);
  pad(t, 1, 12);
}

// The same after a wait for both has ended.
static void after_all(struct tale *t, int v) {
  event(t, E1, AUTO, 1);
  event(t, E2, AUTO, 1);
  begin_all(t, 2);
  wakes(t, 2, 0, "already");
  waits(t, 3, E1);
  guilty(t);
  sets(t, 1, E1, 0);
  if (v == 0) wakes(t, 3, 0, NULL);
  ret(t, 1, 0);
  pad(t, 1, 12);
}

// And after many calls.
// A critical section that was given back; v 1: who comes next waits. 2: it has been taken again.
static void left(struct tale *t, int v) {
  event(t, E1, MANUAL, 1);
  CALL(t, 1, "RtlEnterCriticalSection", 0x82005000);
  ret(t, 1, 0);
  guilty(t);
  CALL(t, 1, "RtlLeaveCriticalSection", 0x82005000);
  ret(t, 1, 0);
  if (v == 2) CALL(t, 3, "RtlEnterCriticalSection", 0x82005000);
  if (v == 2) ret(t, 3, 0);
  CALL(t, 2, "RtlEnterCriticalSection", 0x82005000);
  if (v) begin(t, 2, (const uint32_t[]){0x82005000}, 1, "any", false, -1);
  if (!v) ret(t, 2, 0);
  pad(t, 1, 12);
  passes(t, 1, E1);
}

static void after_many(struct tale *t, int v) {
  event(t, E2, AUTO, 0);
  for (int i = 0; i < 12; i++) {
    set(t, 1, E2, 0);
    passes(t, 2, E2);
  }
  one_waits(t, v);
}

static void failing(struct tale *t, int v) {
  (void)v;
  event(t, E1, AUTO, 0);
  waits(t, 2, E1);
  CALL(t, 1, "NtSetEvent", E1, 0);
  ret(t, 1, 0xC0000022);
  pad(t, 1, 12);
}

static void signals_end_waits(void) {
  breaks(one_waits, 1, WG_LAW_WAKES);
  breaks(three_wait, 2, WG_LAW_WAKES);
  breaks(three_wait, 1, WG_LAW_KIND);
  is_lawful(three_wait, 3);
  breaks(released, 1, WG_LAW_WAKES);
  is_lawful(released, 2);
  breaks(unlocked, 1, WG_LAW_WAKES);
  is_lawful(unlocked, 2);
  breaks(pulsed, 1, WG_LAW_WAKES);
  is_lawful(pulsed, 2);
  breaks(locked, 1, WG_LAW_WAKES);
  breaks(shared, 1, WG_LAW_WAKES);
  breaks(signal_and_wait, 1, WG_LAW_WAKES);
  breaks(of_several, 1, WG_LAW_WAKES);
  is_lawful(of_several, 2);
  is_lawful(taken_by_all, 0);
  breaks(after_all, 1, WG_LAW_WAKES);
  breaks(after_many, 1, WG_LAW_WAKES);
  is_faulty(left, 1, WG_LAW_LOCK);
  is_lawful(left, 0);
  is_lawful(left, 2);
  is_lawful(failing, 0);
}

// -- what is signalled does not block --

// v 0: the wait goes through. 1: it blocks. 2: another thread took the signal. 3: it was cleared. 4: it blocks, and
// goes on by its time limit. 5: it blocks, and no call made the event.
static void set_before(struct tale *t, int v) {
  if (v != 5)
    event(t, E1, AUTO, 0);
  else
    made(t, 1, E1, "Event");
  guilty(t);
  set(t, 1, E1, 0);
  if (v == 2) passes(t, 3, E1);
  if (v == 3) clear(t, 1, E1, 1);
  waits_as(t, 2, E1, v == 4 ? 10 : -1, false);
  if (v == 0) wakes(t, 2, 0, "already");
  if (v == 4) t->now += 10 * TALE_MS;
  if (v == 4) wakes(t, 2, 0x102, "timeout");
  pad(t, 1, 12);
}

// No event tells of the signal, and the call succeeded.
static void set_silently(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  guilty(t);
  if (v == 0) {
    set(t, 1, E1, 0);
    passes(t, 2, E1);
  } else {
    CALL(t, 1, "NtSetEvent", E1, 0);
    ret(t, 1, 0);
    misses(t, 2, E1);
  }
}

static void release_silently(struct tale *t, int v) {
  semaphore(t, E1, 0);
  guilty(t);
  CALL(t, 1, "NtReleaseSemaphore", E1, 2, 0);
  ret(t, 1, 0);
  passes(t, 2, E1);
  if (v)
    misses(t, 2, E1);
  else
    passes(t, 2, E1);
  misses(t, 2, E1);
}

static void counted(struct tale *t, int v) {
  semaphore(t, E1, 0);
  guilty(t);
  releases(t, 1, E1, 2, 0);
  ret(t, 1, 0);
  passes(t, 2, E1);
  if (v == 1)
    misses(t, 2, E1);
  else
    passes(t, 2, E1);
  misses(t, 2, E1);
}

// An event that the title laid out by itself.
static void unknown_kind(struct tale *t, int v) {
  guilty(t);
  CALL(t, 1, "KeSetEvent", 0x82005000, 0, 0);
  sig(t, 1, 0x82005000, "set", 1, 0);
  ret(t, 1, 0);
  if (v == 1) misses(t, 2, 0x82005000);
  if (v != 1) passes(t, 2, 0x82005000);
  if (v == 2) misses(t, 2, 0x82005000);
  if (v == 3) passes(t, 2, 0x82005000);
}

// An event is initialized again where another one was, as those on a stack are.
static void initialized_again(struct tale *t, int v) {
  (void)v;
  for (int i = 0; i < 3; i++) {
    CALL(t, 1, "KeInitializeEvent", 0x70005000, AUTO, 0);
    ret(t, 1, 0);
    CALL(t, 1, "KeSetEvent", 0x70005000, 0, 0);
    sig(t, 1, 0x70005000, "set", 1, 0);
    ret(t, 1, 0);
  }
  passes(t, 1, 0x70005000);
  CALL(t, 1, "KeInitializeEvent", 0x70005000, MANUAL, 1);
  ret(t, 1, 0);
  passes(t, 1, 0x70005000);
  passes(t, 1, 0x70005000);
}

static void free_lock(struct tale *t, int v) {
  for (int i = 0; i < 2; i++) {
    CALL(t, 1, "ExAcquireReadWriteLockExclusive", 0x82005000);
    ret(t, 1, 0);
    guilty(t);
    CALL(t, 1, "ExReleaseReadWriteLock", 0x82005000);
    ret(t, 1, 0);
  }
  CALL(t, 2, "ExAcquireReadWriteLockShared", 0x82005000);
  if (v == 1) begin(t, 2, (const uint32_t[]){0x82005010}, 1, "any", false, -1);
  if (v == 0) ret(t, 2, 0);
  pad(t, 1, 12);
}

static void owned_twice(struct tale *t, int v) {
  (void)v;
  mutant(t, E1, 0);
  passes(t, 1, E1);
  passes(t, 1, E1);
  unlocks(t, 1, E1, -1);
  ret(t, 1, 0);
  waits(t, 2, E1); // it is still owned
  unlocks(t, 1, E1, 0);
  wakes(t, 2, 0, NULL);
  ret(t, 1, 0);
  misses(t, 1, E1);
}

// Given back twice; v 1: the first time the call does nothing, so that its owner has it once more each time it takes
// it.
static void kept_mutant(struct tale *t, int v) {
  mutant(t, E1, 0);
  passes(t, 1, E1);
  guilty(t);
  if (v == 0)
    unlocks(t, 1, E1, 0);
  else
    CALL(t, 1, "NtReleaseMutant", E1, 0);
  ret(t, 1, 0);
  passes(t, 1, E1);
  unlocks(t, 1, E1, -v);
  ret(t, 1, 0);
  passes(t, 1, E1);
  pad(t, 1, 12);
}

// The same, given back by a call that waits for something else.
static void owned_while_waiting(struct tale *t, int v) {
  mutant(t, E1, 1);
  event(t, E2, AUTO, 0);
  if (v == 1) passes(t, 1, E1);
  limit(t, -1);
  CALL(t, 1, "NtSignalAndWaitForSingleObjectEx", E1, E2, 1, 0, 0);
  sig(t, 1, E1, "release", 1, -v);
  begin(t, 1, (const uint32_t[]){E2}, 1, "any", false, -1);
  if (v == 1) misses(t, 2, E1);
  if (v == 0) passes(t, 2, E1);
  sets(t, 2, E2, 0);
  wakes(t, 1, 0, NULL);
  ret(t, 2, 0);
}

// A thread that has ended stays signalled, and so does a timer that went off before it was cancelled.
static void stays_signalled(struct tale *t, int v) {
  (void)v;
  waits(t, 1, 0xF8000020);
  sig(t, 2, 0xF8000020, "exit", 1, 0);
  wakes(t, 1, 0, NULL);
  for (int i = 0; i < 2; i++) passes(t, 1, 0xF8000020);
  timer(t, E1, MANUAL);
  set_timer(t, 1, E1, 3, 0);
  t->now += 3 * TALE_MS;
  sig(t, 0, E1, "fire", 1, 0);
  CALL(t, 1, "NtCancelTimer", E1, 0);
  ret(t, 1, 0);
  passes(t, 1, E1);
  passes(t, 1, E1);
}

// v 1: the second event of a wait for both is signalled already, and so is the first; it blocks.
static void all_set(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 0);
  set(t, 1, E1, 0);
  guilty(t);
  if (v != 2) set(t, 1, E2, 0);
  begin_all(t, 2);
  if (v == 0) wakes(t, 2, 0, "already");
  pad(t, 1, 12);
}

// An abandoned mutant is free, and one that was nobody's too.
static void abandoned(struct tale *t, int v) {
  mutant(t, E1, 0);
  passes(t, 2, E1);
  if (v == 1) passes(t, 2, E1);
  sig(t, 2, E1, "release", 1, -v);
  waits(t, 3, E1);
  wakes(t, 3, 0x80, "already");
  misses(t, 1, E1);
  pad(t, 1, 12);
}

// No call gave the signal that a wait did not see.
static void by_nobody(struct tale *t, int v) {
  (void)v;
  event(t, E1, AUTO, 0);
  sig(t, 0, E1, "set", 1, 0);
  misses(t, 2, E1);
}

static void signalled_does_not_block(void) {
  breaks(set_before, 1, WG_LAW_SIGNALLED);
  breaks(set_before, 4, WG_LAW_SIGNALLED);
  breaks(set_before, 5, WG_LAW_SIGNALLED);
  is_lawful(set_before, 2);
  is_lawful(set_before, 3);
  is_faulty(set_silently, 1, WG_LAW_SIGNALLED);
  breaks(release_silently, 1, WG_LAW_SIGNALLED);
  breaks(counted, 1, WG_LAW_SIGNALLED);
  breaks(unknown_kind, 1, WG_LAW_SIGNALLED);
  is_lawful(unknown_kind, 2);
  is_lawful(unknown_kind, 3);
  is_lawful(initialized_again, 0);
  breaks(free_lock, 1, WG_LAW_SIGNALLED);
  is_lawful(owned_twice, 0);
  is_lawful(kept_mutant, 0);
  is_faulty(kept_mutant, 1, WG_LAW_STATE);
  is_lawful(owned_while_waiting, 0);
  is_lawful(owned_while_waiting, 1);
  is_lawful(stays_signalled, 0);
  breaks(all_set, 1, WG_LAW_SIGNALLED);
  is_lawful(all_set, 2);
  is_lawful(abandoned, 0);
  is_lawful(abandoned, 1);
  is_lawful(by_nobody, 0);
}

// -- and what is not does --

static void cleared(struct tale *t, int v) {
  event(t, E1, MANUAL, 1);
  guilty(t);
  if (v == 3) {
    CALL(t, 1, "NtClearEvent", E1);
    ret(t, 1, 0xC0000022);
  } else {
    clear(t, 1, E1, 1);
  }
  if (v == 2) set(t, 3, E1, 0);
  if (v == 0)
    misses(t, 2, E1);
  else
    passes(t, 2, E1);
}

// v 2: after a wait has taken a signal.
static void pulsed_before(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  if (v == 2) set(t, 1, E1, 0);
  if (v == 2) passes(t, 2, E1);
  guilty(t);
  CALL(t, 1, "NtPulseEvent", E1, 0);
  sig(t, 1, E1, "pulse", 1, 0);
  ret(t, 1, 0);
  if (v)
    passes(t, 2, E1);
  else
    misses(t, 2, E1);
}

// A timer that is set again is no longer signalled.
static void set_again(struct tale *t, int v) {
  timer(t, E1, MANUAL);
  set_timer(t, 1, E1, 3, 0);
  t->now += 3 * TALE_MS;
  sig(t, 0, E1, "fire", 1, 0);
  passes(t, 2, E1);
  guilty(t);
  set_timer(t, 1, E1, 3, 0);
  if (v == 1)
    passes(t, 2, E1);
  else
    misses(t, 2, E1);
  t->now += 3 * TALE_MS;
  sig(t, 0, E1, "fire", 1, 0);
}

static void resets_last(void) {
  breaks(cleared, 1, WG_LAW_RESET);
  is_lawful(cleared, 2);
  is_lawful(cleared, 3);
  breaks(pulsed_before, 1, WG_LAW_RESET);
  is_faulty(pulsed_before, 2, WG_LAW_RESET);
  breaks(set_again, 1, WG_LAW_RESET);
}

// -- objects are as they were asked for --

static void auto_kind(struct tale *t, int v) {
  guilty(t);
  event(t, E1, AUTO, 0);
  set(t, 1, E1, 0);
  passes(t, 2, E1);
  if (v == 0) misses(t, 2, E1);
  if (v == 1) passes(t, 2, E1);
  if (v == 2) set(t, 1, E1, 0);
  if (v == 2) passes(t, 2, E1);
  if (v == 3) set(t, 1, E1, 1);
}

static void manual_kind(struct tale *t, int v) {
  guilty(t);
  event(t, E1, MANUAL, 0);
  set(t, 1, E1, 0);
  passes(t, 2, E1);
  if (v > 1) set(t, 1, E1, v == 3);
  if (v == 1)
    misses(t, 2, E1);
  else
    passes(t, 2, E1);
}

static void timer_kind(struct tale *t, int v) {
  guilty(t);
  timer(t, E1, v < 2 ? AUTO : MANUAL);
  set_timer(t, 1, E1, 3, 0);
  t->now += 3 * TALE_MS;
  sig(t, 0, E1, "fire", 1, 0);
  passes(t, 2, E1);
  if (v == 0 || v == 3)
    misses(t, 2, E1);
  else
    passes(t, 2, E1);
}

// v & 1: asked for signalled. v & 2: it is.
static void initial(struct tale *t, int v) {
  guilty(t);
  event(t, E1, AUTO, (uint32_t)v & 1);
  if (v & 2)
    passes(t, 2, E1);
  else
    misses(t, 2, E1);
}

// The same, by what a call says was before.
static void initial_told(struct tale *t, int v) {
  guilty(t);
  event(t, E1, AUTO, (uint32_t)v & 1);
  set(t, 1, E1, v >> 1 & 1);
  passes(t, 2, E1);
}

static void initial_placed(struct tale *t, int v) {
  guilty(t);
  CALL(t, 1, "KeInitializeEvent", 0x82005000, MANUAL, v & 1);
  ret(t, 1, 0);
  if (v & 2)
    passes(t, 2, 0x82005000);
  else
    misses(t, 2, 0x82005000);
}

// Two may pass; v more do.
static void initial_count(struct tale *t, int v) {
  guilty(t);
  semaphore(t, E1, 2);
  for (int i = 0; i < 2 + v; i++) passes(t, 2, E1);
  if (v < 2) misses(t, 2, E1);
}

static void initial_owner(struct tale *t, int v) {
  guilty(t);
  mutant(t, E1, 1);
  if (v == 1)
    passes(t, 2, E1);
  else
    misses(t, 2, E1);
  if (v != 1) passes(t, 1, E1);
}

// A wait that looks at any of several takes what it says.
static void looks_at_several(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  guilty(t);
  event(t, E2, AUTO, v != 1);
  begin_any(t, 2);
  wakes(t, 2, 1, "already");
  if (v != 1) misses(t, 2, E2);
}

static void initial_timer(struct tale *t, int v) {
  guilty(t);
  timer(t, E1, AUTO);
  if (v == 1)
    passes(t, 2, E1);
  else
    misses(t, 2, E1);
}

static void objects_are_as_asked_for(void) {
  breaks(auto_kind, 1, WG_LAW_KIND);
  breaks(auto_kind, 3, WG_LAW_KIND);
  is_lawful(auto_kind, 2);
  breaks(manual_kind, 1, WG_LAW_KIND);
  is_faulty(manual_kind, 2, WG_LAW_KIND);
  is_lawful(manual_kind, 3);
  breaks(timer_kind, 1, WG_LAW_KIND);
  is_lawful(timer_kind, 2);
  is_faulty(timer_kind, 3, WG_LAW_KIND);
  is_faulty(initial, 1, WG_LAW_INITIAL);
  breaks(initial, 2, WG_LAW_INITIAL);
  is_lawful(initial, 3);
  is_faulty(initial_told, 1, WG_LAW_INITIAL);
  breaks(initial_told, 2, WG_LAW_INITIAL);
  is_lawful(initial_told, 3);
  is_faulty(initial_placed, 1, WG_LAW_INITIAL);
  breaks(initial_placed, 2, WG_LAW_INITIAL);
  is_lawful(initial_placed, 3);
  breaks(initial_count, 1, WG_LAW_INITIAL);
  breaks(initial_count, -1, WG_LAW_INITIAL);
  breaks(initial_owner, 1, WG_LAW_INITIAL);
  breaks(looks_at_several, 1, WG_LAW_INITIAL);
  breaks(initial_timer, 1, WG_LAW_INITIAL);
}

// -- a state is what the last call made it --

static void set_twice(struct tale *t, int v) {
  event(t, E1, MANUAL, 0);
  guilty(t);
  set(t, 1, E1, 0);
  set(t, 1, E1, v != 1);
  passes(t, 2, E1);
}

static void clear_then_set(struct tale *t, int v) {
  event(t, E1, MANUAL, 1);
  guilty(t);
  clear(t, 1, E1, 1);
  set(t, 1, E1, v);
  passes(t, 2, E1);
}

static void release_twice(struct tale *t, int v) {
  semaphore(t, E1, 1);
  guilty(t);
  releases(t, 1, E1, 3, 1);
  ret(t, 1, 0);
  releases(t, 1, E1, 1, v ? 1 : 4);
  ret(t, 1, 0);
  passes(t, 2, E1);
}

static void states_last(void) {
  breaks(set_twice, 1, WG_LAW_STATE);
  breaks(clear_then_set, 1, WG_LAW_STATE);
  breaks(release_twice, 1, WG_LAW_STATE);
}

// -- timers --

static void cancelled(struct tale *t, int v) {
  timer(t, E1, AUTO);
  set_timer(t, 1, E1, 3, 0);
  guilty(t);
  CALL(t, 1, "NtCancelTimer", E1, 0);
  ret(t, 1, 0);
  if (v == 2) set_timer(t, 1, E1, 3, 0);
  t->now += 3 * TALE_MS;
  if (v) sig(t, 0, E1, "fire", 1, 0);
  t->now += 20 * TALE_MS;
  if (v)
    passes(t, 1, E1);
  else
    misses(t, 1, E1);
  pad(t, 1, 12);
}

// Due after 10 ms; v 0: it goes off then. 1: never. 2: at once. 3: late. 4: never, and its handle is closed before.
// 5: never, as the trace ends before. 6: it is due at once, and goes off before the call returns.
static void fires(struct tale *t, int v) {
  timer(t, E1, AUTO);
  guilty(t);
  if (v == 6) {
    limit(t, 0);
    CALL(t, 1, "NtSetTimerEx", E1, 0x70000100, 0, 1, 0, 0, 0, 0);
    sig(t, 0, E1, "fire", 1, 0);
    ret(t, 1, 0);
  } else {
    set_timer(t, 1, E1, 10, 0);
  }
  if (v == 2) sig(t, 0, E1, "fire", 1, 0);
  if (v == 4) {
    CALL(t, 1, "NtClose", E1);
    destroyed(t, 1, E1, "Timer");
    ret(t, 1, 0);
  }
  if (v == 0 || v == 3) t->now += (v == 3 ? 15 : 10) * TALE_MS;
  if (v == 0 || v == 3) sig(t, 0, E1, "fire", 1, 0);
  if (v != 5) t->now += 20 * TALE_MS;
  pad(t, 1, 12);
  if (v == 0 || v == 2 || v == 3 || v == 6)
    passes(t, 1, E1);
  else
    misses(t, 1, 0xF8000020);
}

// Due after 3 ms, and set again after 20; v 1: it has not gone off by then.
static void set_late(struct tale *t, int v) {
  timer(t, E1, AUTO);
  guilty(t);
  set_timer(t, 1, E1, 3, 0);
  t->now += 3 * TALE_MS;
  if (v == 0) sig(t, 0, E1, "fire", 1, 0);
  t->now += 17 * TALE_MS;
  set_timer(t, 1, E1, 3, 0);
  t->now += 3 * TALE_MS;
  sig(t, 0, E1, "fire", 1, 0);
  passes(t, 1, E1);
}

// Every 5 ms; v 1: the second time does not come. 2: KeSetTimerEx, 3: the same, and it does not. 4: KeSetTimer knows
// no period.
static void goes_on(struct tale *t, int v) {
  uint32_t o = v < 2 ? E1 : 0x82005000;
  if (v < 2) timer(t, E1, AUTO);
  guilty(t);
  if (v < 2) {
    set_timer(t, 1, E1, 5, 5);
  } else {
    uint64_t due = (uint64_t)-50000;
    if (v == 4)
      CALL(t, 1, "KeSetTimer", o, due, 5);
    else
      CALL(t, 1, "KeSetTimerEx", o, due, 5, 0);
    ret(t, 1, 0);
  }
  waits(t, 2, o);
  for (int i = 0; i < (v == 1 || v > 2 ? 1 : 2); i++) {
    t->now += 5 * TALE_MS;
    sig(t, 0, o, "fire", 1, i);
    if (i == 0) wakes(t, 2, 0, NULL);
  }
  if (v == 1 || v > 2) t->now += 20 * TALE_MS;
  pad(t, 1, 12);
}

#define PLACED 0x82030100u

// v 1: what goes off is no timer, for none was made there.
static void placed_timer(struct tale *t, int v) {
  tells_of_waits(t);
  guilty(t);
  CALL(t, 1, "KeInitializeTimerEx", PLACED, 1, 0, 0);
  ret(t, 1, 0);
  CALL(t, 1, "KeSetTimer", PLACED, (uint64_t)-10000, 0);
  ret(t, 1, 0);
  t->now += TALE_MS;
  if (tale_start(t, "signal", 0))
    fprintf(t->file,
            ",\"hsid\":\"%016" PRIx64 "\",\"object_type\":\"%s\",\"op\":\"fire\",\"count\":1,\"previous\":0,"
            "\"guest_object\":\"0x%x\"}\n",
            tale_id(PLACED), v ? "Event" : "Timer", PLACED);
  pad(t, 1, 12);
}

static void timers_go_off(void) {
  is_lawful(placed_timer, 0);
  is_faulty(placed_timer, 1, WG_LAW_KIND);
  breaks(cancelled, 1, WG_LAW_CANCEL);
  is_lawful(cancelled, 2);
  for (int v = 1; v <= 3; v++) {
    breaks(fires, v, WG_LAW_FIRES);
    is_lawful_as(fires, v, (struct tale_style){.no_cycles = true});
  }
  for (int v = 4; v <= 6; v++) is_lawful(fires, v);
  is_lawful_as(fires, 0, (struct tale_style){.no_ids = true}); // one goes off, and which is not told
}

static void timers_go_on(void) {
  breaks(set_late, 1, WG_LAW_FIRES);
  is_lawful(goes_on, 2);
  is_faulty(goes_on, 3, WG_LAW_FIRES);
  is_lawful(goes_on, 4);
}

// -- waits --

// v 1: another limit, 2: alertable, 3: another object, 4: none, 5: an end where there is none.
static void asked_for(struct tale *t, int v) {
  event(t, E1, MANUAL, 1);
  event(t, E2, MANUAL, 1);
  static const int64_t limits[] = {5000000, 50000000, 5000000, 5000000, -1, 5000000};
  guilty(t);
  limit(t, v == 5 ? -1 : -50000);
  CALL(t, 2, "NtWaitForSingleObjectEx", E1, 1, 0, v == 5 ? 0 : 0x70000100);
  uint32_t o = v == 3 ? E2 : E1;
  begin(t, 2, &o, 1, "any", v == 2, limits[v]);
  wakes(t, 2, 0, "already");
}

static void asked_of_several(struct tale *t, int v) {
  event(t, E1, MANUAL, 1);
  event(t, E2, MANUAL, 1);
  guilty(t);
  limit(t, -1);
  CALL(t, 2, "NtWaitForMultipleObjectsEx", 2, 0x70000200, v & 1, 1, 0, 0);
  begin(t, 2, (const uint32_t[]){E1, E2}, 2, v & 2 ? "any" : "all", false, -1);
  wakes(t, 2, 0, "already");
}

// A time of day says nothing of how long that is.
static void until_then(struct tale *t, int v) {
  (void)v;
  event(t, E1, MANUAL, 1);
  limit(t, 127770912000200120);
  CALL(t, 2, "NtWaitForSingleObjectEx", E1, 1, 0, 0x70000100);
  begin(t, 2, (const uint32_t[]){E1}, 1, "any", false, 7000000);
  wakes(t, 2, 0, "already");
}

static void waits_are_as_asked_for(void) {
  for (int v = 1; v <= 5; v++) breaks(asked_for, v, WG_LAW_WAITS);
  is_faulty(asked_of_several, 1, WG_LAW_WAITS);
  breaks(asked_of_several, 2, WG_LAW_WAITS);
  is_lawful(asked_of_several, 3);
  is_lawful(until_then, 0);
}

// 10 ms; v 0: as long. 1: shorter. 2: far longer. 3: it does not end. 4: nor before the trace does.
static void lasts(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  guilty(t);
  waits_as(t, 2, E1, 10, false);
  t->now += (v == 0 ? 10 : v == 1 ? 2 : v == 4 ? 5 : 40) * TALE_MS;
  if (v < 3) wakes(t, 2, 0x102, "timeout");
  pad(t, 1, 12);
}

static void sleeps(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  guilty(t);
  limit(t, -100000);
  CALL(t, 2, "KeDelayExecutionThread", 1, 0, 0x70000100);
  begin(t, 2, NULL, 0, "any", false, 10 * TALE_MS);
  t->now += (v ? 2 : 10) * TALE_MS;
  wakes(t, 2, 0, "timeout");
}

// Longer than any clock can say.
static void sleeps_for_ever(struct tale *t, int v) {
  (void)v;
  event(t, E1, AUTO, 0);
  CALL(t, 1, "KeSetTimer", 0x82005000, (uint64_t)INT64_MIN, 0);
  ret(t, 1, 0);
  limit(t, INT64_MIN);
  CALL(t, 2, "KeDelayExecutionThread", 1, 0, 0x70000100);
  begin(t, 2, NULL, 0, "any", false, INT64_MAX / 2);
  t->now += 100 * TALE_MS;
  pad(t, 1, 12);
}

static void waits_last_as_long(void) {
  for (int v = 1; v <= 3; v++) {
    breaks(lasts, v, WG_LAW_TIME);
    is_lawful_as(lasts, v, (struct tale_style){.no_cycles = true});
  }
  is_lawful(lasts, 4);
  breaks(sleeps, 1, WG_LAW_TIME);
  is_lawful(sleeps_for_ever, 0);
}

// v 1: it timed out and says success. 2: it never waited, and says success. 3: it never waited, and failed.
static void returns(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  guilty(t);
  if (v < 2) {
    waits_as(t, 2, E1, 1, false);
    t->now += TALE_MS;
    end(t, 2, 0x102, "timeout");
    ret(t, 2, v ? 0 : 0x102);
  } else {
    limit(t, -10000);
    CALL(t, 2, "NtWaitForSingleObjectEx", E1, 1, 0, 0x70000100);
    ret(t, 2, v == 2 ? 0x102 : 0xC0000008);
  }
  passes(t, 1, 0xF8000030);
}

static void results_are_the_waits(void) {
  breaks(returns, 1, WG_LAW_STATUS);
  breaks(returns, 2, WG_LAW_STATUS);
  is_lawful(returns, 3);
}

// -- what calls write and signal --

static void previous_written(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  guilty(t);
  sets(t, 1, E1, 0);
  ret_out(t, 1, 0, v ? "\"previous\":1" : "\"previous\":0");
  passes(t, 1, E1);
}

static void handle_written(struct tale *t, int v) {
  guilty(t);
  CALL(t, 1, "NtCreateEvent", 0x70000000, 0, MANUAL, 1);
  made(t, 1, E1, "Event");
  ret_out(t, 1, 0, v ? "\"handle\":\"0xf8000200\"" : "\"handle\":\"0xf8000104\"");
  passes(t, 1, E1);
}

static void thread_written(struct tale *t, int v) {
  event(t, E1, MANUAL, 1);
  guilty(t);
  CALL(t, 1, "ExCreateThread", 0x70000000, 0x8000, 0x70000004, 0, 0x82005000, 0, 0);
  tale_thread(t, 1, 5);
  ret_out(t, 1, 0, v ? "\"handle\":\"0xf8000050\",\"tid\":4" : "\"handle\":\"0xf8000050\",\"tid\":5");
  passes(t, 1, E1);
}

static void answers_are_what_happened(void) {
  breaks(previous_written, 1, WG_LAW_ANSWER);
  breaks(handle_written, 1, WG_LAW_ANSWER);
  breaks(thread_written, 1, WG_LAW_ANSWER);
}

// v 1: the other one. 2: more than once. 3: by more than asked. 4: by less.
static void signals_what(struct tale *t, int v) {
  semaphore(t, E1, 0);
  semaphore(t, E2, 0);
  guilty(t);
  CALL(t, 1, "NtReleaseSemaphore", E1, 2, 0);
  sig(t, 1, v == 1 ? E2 : E1, "release", v == 3 ? 3 : v == 4 ? 1 : 2, 0);
  if (v == 2) sig(t, 1, E1, "release", 2, 2);
  ret(t, 1, 0);
  passes(t, 2, v == 1 ? E2 : E1);
}

// One waits for it and goes on. v 1: it is pulsed twice by the one call.
static void pulses_once(struct tale *t, int v) {
  event(t, E1, MANUAL, 0);
  waits(t, 2, E1);
  guilty(t);
  CALL(t, 1, "NtPulseEvent", E1, 0);
  sig(t, 1, E1, "pulse", 1, 0);
  wakes(t, 2, 0, NULL);
  if (v) sig(t, 1, E1, "pulse", 1, 0);
  ret_out(t, 1, 0, "\"previous\":0");
  pad(t, 1, 20);
}

static void signals_are_as_asked_for(void) {
  breaks(signals_what, 1, WG_LAW_OBJECT);
  for (int v = 2; v <= 4; v++) breaks(signals_what, v, WG_LAW_AMOUNT);
  breaks(pulses_once, 1, WG_LAW_AMOUNT);
}

static void put(struct tale *t, uint32_t key) {
  CALL(t, 1, "NtSetIoCompletion", E1, key, 7, 0, 9);
  ret(t, 1, 0);
}

static void get(struct tale *t, uint32_t key) {
  char out[96];
  snprintf(out, sizeof out, "\"key\":\"0x%x\",\"value\":\"0x7\",\"io_status\":\"0x0\",\"information\":9",
           (unsigned)key);
  limit(t, -1);
  CALL(t, 2, "NtRemoveIoCompletion", E1, 0x70000000, 0x70000004, 0x70000008, 0);
  begin(t, 2, (const uint32_t[]){E1}, 1, "any", false, -1);
  end(t, 2, 0, "already");
  ret_out(t, 2, 0, out);
}

// v 1: the first packet is lost. 2: both come, each in its turn, and one that nobody saw put.
static void packets(struct tale *t, int v) {
  CALL(t, 1, "NtCreateIoCompletion", 0x70000000, 0, 0, 0);
  made(t, 1, E1, "IoCompletion");
  ret(t, 1, 0);
  guilty(t);
  put(t, 1);
  put(t, 2);
  put(t, 3);
  if (v == 2) get(t, 8);
  if (v != 1) get(t, 1);
  get(t, 2);
  get(t, 3);
}

static void packets_are_delivered(void) {
  breaks(packets, 1, WG_LAW_PACKET);
  is_lawful(packets, 2);
}

// v 1: it forgets. 2: another thread's. 3: freed and allocated again. 4: it could not be set. 5: another slot.
static void slots(struct tale *t, int v) {
  event(t, E1, MANUAL, 1);
  CALL(t, 1, "KeTlsSetValue", 1, 5);
  ret(t, 1, v != 4);
  if (v == 3) {
    CALL(t, 2, "KeTlsFree", 1);
    ret(t, 2, 1);
  }
  if (v == 6) {
    tale_call(t, 2, "KeTlsAlloc", NULL, 0);
    ret(t, 2, 1);
  }
  uint32_t tid = v == 2 ? 2 : 1;
  guilty(t);
  CALL(t, tid, "KeTlsGetValue", v == 5 ? 2 : 1);
  ret(t, tid, v ? 0 : 5);
  CALL(t, 1, "KeTlsSetValue", 1, 6);
  ret(t, 1, 1);
  CALL(t, 1, "KeTlsGetValue", 1);
  ret(t, 1, 6);
  passes(t, 1, E1);
}

// v 1: the one that it has given is given again. 2: it was freed before. 3: there are none left.
static void gives_slots(struct tale *t, int v) {
  event(t, E1, AUTO, 1);
  for (uint32_t i = 0; i < 2; i++) {
    if (i) guilty(t);
    tale_call(t, 1, "KeTlsAlloc", NULL, 0);
    ret(t, 1, v == 3 ? UINT32_MAX : v ? 4 : 4 + i);
    if (v == 2 && i == 0) {
      CALL(t, 1, "KeTlsFree", 4);
      ret(t, 1, 1);
    }
  }
  passes(t, 1, E1);
}

static void slots_keep_values(void) {
  for (int v = 0; v <= 3; v++)
    if (v != 1) is_lawful(gives_slots, v);
  is_faulty(gives_slots, 1, WG_LAW_SLOT_AGAIN);
  breaks(slots, 1, WG_LAW_SLOT);
  for (int v = 2; v <= 6; v++) is_lawful(slots, v);
}

// A trace in which there is no wait may be one that leaves them out.
// A clock that two calls read. v 0: it goes as the trace's does. 1: it is ahead by a second. 2: it runs twice as fast.
static void clock_by(struct tale *t, int v, bool system) {
  tells_of_waits(t);
  const char *name = system ? "KeQuerySystemTime" : "KeQueryInterruptTime";
  for (uint32_t i = 0; i < 3; i++) {
    uint64_t time = t->now / 100 + (system ? 127770912000000000u : 0);
    if (v == 1 && i == 2) time += 10000000;
    if (v == 2) time += t->now / 100;
    if (v && i == (v == 1 ? 2 : 1)) guilty(t);
    char out[48];
    snprintf(out, sizeof out, "\"time\":%" PRIu64, time);
    tale_call(t, 1, name, (const uint64_t[]){0x70000000}, system);
    ret_wide(t, 1, system ? 0 : time, system ? out : "");
    t->now += 50 * TALE_MS;
  }
}

// It is read before and behind a sleep. v 1: it stands still. 2: it goes back, far. 3: it is read by another thread, at
// once.
static void asleep_between(struct tale *t, int v) {
  tells_of_waits(t);
  for (uint32_t i = 0; i < 3; i++) {
    uint64_t time = 127770912000000000u + (v == 1 ? 0 : t->now / 100);
    if (v == 2 && i == 2) time = 5;
    if (i == (v == 1 ? 1 : 2)) guilty(t);
    char out[48];
    snprintf(out, sizeof out, "\"time\":%" PRIu64, time);
    uint32_t tid = v == 3 && i ? 2 : 1;
    CALL(t, tid, "KeQuerySystemTime", 0x70000000);
    ret_out(t, tid, 0, out);
    if (v == 3) continue;
    limit(t, -30000);
    CALL(t, 1, "KeDelayExecutionThread", 1, 0, 0x70000100);
    begin(t, 1, NULL, 0, "any", false, 3 * TALE_MS);
    t->now += 3 * TALE_MS;
    wakes(t, 1, 0x102, "timeout");
  }
}

static void interrupt_time(struct tale *t, int v) { clock_by(t, v, false); }
static void system_time(struct tale *t, int v) { clock_by(t, v, true); }

static void clocks_go(void) {
  for (int v = 0; v < 3; v++) {
    if (v == 0) {
      is_lawful(interrupt_time, v);
      is_lawful(system_time, v);
      for (int w = 0; w <= 3; w += 3) is_lawful_as(asleep_between, w, (struct tale_style){.no_cycles = true});
      continue;
    }
    is_faulty_as(asleep_between, v, (struct tale_style){.no_cycles = true}, WG_LAW_CLOCK);
    is_faulty(interrupt_time, v, WG_LAW_CLOCK);
    is_faulty(system_time, v, WG_LAW_CLOCK);
  }
}

// -- what calls tell --

static void returns_status(struct tale *t, const char *out) {
  if (tale_start(t, "kernel.return", 1))
    fprintf(t->file, ",\"name\":\"%s\",\"rv\":\"0x0\",\"status\":\"0x0\",\"out\":{%s}}\n", t->open[1], out);
}

// Of some exports every call tells. v 1: this one does not.
static void resumes_once(struct tale *t, int v) {
  tells_of_waits(t);
  guilty(t);
  CALL(t, 1, "NtResumeThread", 0xF8000020, 0);
  returns_status(t, v ? "" : "\"previous\":1");
}

// Its calls tell what was there before. v 1: one does not. 2: nor do the others. 3: of one other alone that is known.
static void moves_thrice(struct tale *t, int v) {
  tells_of_waits(t);
  for (int i = 0; i < (v == 3 ? 2 : 3); i++) {
    if (i == 1) guilty(t);
    CALL(t, 1, "NtSetInformationFile", 0xF8000200, 0x70000100, 0x70000200, 8, 14);
    returns_status(t, v == 2 || (v && i == 1) ? "" : "\"io_status\":\"0x0\"");
  }
}

static void calls_tell_what_they_did(void) {
  is_lawful(resumes_once, 0);
  is_faulty(resumes_once, 1, WG_LAW_TELLS);
  is_faulty(moves_thrice, 1, WG_LAW_TELLS);
  for (int v = 0; v <= 3; v++)
    if (v != 1) is_lawful(moves_thrice, v);
}

// v 1: less is written than was asked for. 2: more is told of than was written. 3: the file has another size than when
// it was opened. 4: it has grown.
static void writes_whole(struct tale *t, int v) {
  tells_of_waits(t);
  char out[96];
  if (v == 3) {
    CALL(t, 1, "NtCreateFile", 0x70000100, 0xC0100080, 0x70000200, 0x70000300, 0, 0x80, 3, 1, 0x60);
    made(t, 1, 0xF8000204, "File");
    returns_status(t, "\"handle\":\"0xf8000204\",\"size\":640");
    guilty(t);
  }
  for (int i = 0; i < 2; i++) {
    if (v == 4 && i == 1) {
      CALL(t, 1, "NtWriteFile", 0xF8000204, 0, 0, 0, 0x70000100, 0x70000200, 16, 0);
      returns_status(t, "\"offset\":0,\"bytes\":16,\"information\":16");
    }
    CALL(t, 1, "NtQueryInformationFile", 0xF8000204, 0x70000100, 0x70000200, 24, 5);
    snprintf(out, sizeof out, "\"size\":%d", v == 3 || (v == 4 && i) ? 656 : 640);
    returns_status(t, out);
  }
  guilty(t);
  CALL(t, 1, "NtWriteFile", 0xF8000204, 0, 0, 0, 0x70000100, 0x70000200, 640, 0);
  snprintf(out, sizeof out, "\"offset\":0,\"bytes\":%d,\"information\":%d", v == 1 ? 100 : 640,
           v == 1   ? 100
           : v == 2 ? 641
                    : 640);
  returns_status(t, out);
}

static void files_are_as_told(void) {
  is_lawful(writes_whole, 0);
  is_lawful(writes_whole, 4);
  is_faulty(writes_whole, 1, WG_LAW_WRITES);
  is_faulty(writes_whole, 2, WG_LAW_ANSWER);
}

static void files_keep_their_size(void) {
  struct wg_buf out = {0};
  struct tale t;
  CU_ASSERT_EQUAL(alone(writes_whole, 3, (struct tale_style){0}, &out, &t), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "NtQueryInformationFile") && first_says(&out, words_of(WG_LAW_ANSWER)));
  wg_buf_release(&out);
}

// -- lists --

#define LIST 0x82030058u

static void pushes(struct tale *t, uint32_t tid, uint32_t entry, uint32_t on) {
  CALL(t, tid, "InterlockedPushEntrySList", LIST, entry);
  ret(t, tid, on);
}
static void pops(struct tale *t, uint32_t tid, uint32_t entry) {
  CALL(t, tid, "InterlockedPopEntrySList", LIST);
  ret(t, tid, entry);
}

// v 0: as it should be. 1: what was pushed last is not there. 2: a pop sees nothing, and what it did not see is there.
// 3: a pop gives what nobody put there. 4: a flush sees nothing. 5: an entry that was not there is pushed again.
// 6: the next push finds another entry. 7: what lies below what was seen pushed is not known. 8: the next push does
// not find the entry, and was not done itself, for the entry is there.
static void entries(struct tale *t, int v) {
  tells_of_waits(t);
  if (v != 7) {
    pushes(t, 1, 0x100, 0);
    pushes(t, 1, 0x110, 0x100);
  }
  if (v == 1 || v == 5 || v == 6) guilty(t);
  pushes(t, 2, 0x120, v == 7 ? 0x990 : 0x110);
  if (v == 1 || v == 5) {
    pops(t, 3, 0x110);
    if (v == 5) pushes(t, 3, 0x120, 0x100);
    pops(t, 3, v == 5 ? 0x120 : 0x100);
    return;
  }
  if (v == 6) {
    pushes(t, 2, 0x130, 0x110);
    return;
  }
  if (v == 8) {
    guilty(t);
    pushes(t, 3, 0x130, 0x110);
    pops(t, 3, 0x120);
    return;
  }
  if (v == 2) {
    guilty(t);
    pops(t, 3, 0);
  }
  if (v == 3) {
    guilty(t);
    pops(t, 3, 0x130);
    pops(t, 3, 0x110);
    return;
  }
  if (v == 4) {
    guilty(t);
    CALL(t, 3, "InterlockedFlushSList", LIST);
    ret(t, 3, 0);
  }
  pops(t, 3, 0x120);
  pops(t, 3, v == 7 ? 0x990 : 0x110);
  CALL(t, 3, "InterlockedFlushSList", LIST);
  ret(t, 3, v == 7 ? 0 : 0x100);
  pops(t, 3, 0);
}

// The one who pops is overtaken before it returns.
static void overtaken(struct tale *t, int v) {
  (void)v;
  tells_of_waits(t);
  pushes(t, 1, 0x100, 0);
  pushes(t, 1, 0x110, 0x100);
  CALL(t, 2, "InterlockedPopEntrySList", LIST);
  CALL(t, 3, "InterlockedPopEntrySList", LIST);
  ret(t, 3, 0x100);
  ret(t, 2, 0x110);
}

// The one entry is not found, and nobody looks again: it was not put there, or who looked did not see it.
static void never_seen(struct tale *t, int v) {
  tells_of_waits(t);
  guilty(t);
  pushes(t, 1, 0x100, 0);
  pops(t, 2, v ? 0 : 0x100);
  pad(t, 2, 12);
}

static void both_may_be_wrong(void) {
  struct wg_buf out = {0};
  struct tale t;
  CU_ASSERT_EQUAL(alone(never_seen, 1, (struct tale_style){0}, &out, &t), WG_DIFFERS);
  CU_ASSERT_TRUE(blames(&out, &t, WG_LAW_LOST));
  CU_ASSERT_TRUE(says(&out, "  2. thread 2 (2 there, entry 0x82002000): InterlockedPopEntrySList does not find"));
  wg_buf_release(&out);
  is_lawful(never_seen, 0);
}

static void lists_keep_their_entries(void) {
  both_may_be_wrong();
  is_lawful(entries, 0);
  is_lawful(entries, 7);
  is_lawful(overtaken, 0);
  for (int v = 1; v <= 8; v++)
    if (v != 7) is_faulty(entries, v, v == 1 || v == 5 || v == 6 || v == 8 ? WG_LAW_LOST : WG_LAW_LIST);
}

// -- waits for all --

// Thread 2 waits for two events. v 0: both are set. 1: one call sets nothing, and the wait goes on. 2: the other one is
// never set.
static void all_of_two(struct tale *t, int v) {
  const uint32_t both[] = {E1, E2};
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 0);
  CALL(t, 2, "NtWaitForMultipleObjectsEx", 2, 0x70000200, 0, 1, 0, 0);
  begin(t, 2, both, 2, "all", false, -1);
  guilty(t);
  if (v == 1) {
    CALL(t, 1, "NtSetEvent", E1, 0);
    ret(t, 1, 0);
  } else {
    set(t, 1, E1, 0);
  }
  if (v != 2) set(t, 3, E2, 0);
  if (v == 0) {
    end(t, 2, 0, NULL);
    ret(t, 2, 0);
  }
  pad(t, 1, 20);
}

static void waits_for_all_end(void) {
  is_lawful(all_of_two, 0);
  is_faulty(all_of_two, 1, WG_LAW_SIGNALLED);
  is_lawful(all_of_two, 2);
}

// -- files --

// Reads of a file, of 100 bytes each. v 0: to its end. 1: one in the middle gives less. 2: the same of a file that is
// written. 3: the end is read again. 4: a read past the end.
static void reads(struct tale *t, int v) {
  tells_of_waits(t);
  make_as(t, "NtCreateFile", "File", E2, 0, 0);
  for (unsigned i = 0; i < 6; i++) {
    unsigned at = i < 4 ? i * 100 : v == 3 ? 300 : v == 4 ? 700 : 350, got = i < 3 ? 100 : i == 3 || v == 3 ? 50 : 0;
    if (v == 2 && i == 0) {
      CALL(t, 1, "NtWriteFile", E2, 0, 0, 0, 0x70000000, 0x70001000, 4, 0);
      ret(t, 1, 0);
    }
    if ((v == 1 || v == 2) && i == 1) got = 60;
    if (v == 1 && i == 1) guilty(t);
    char out[64];
    snprintf(out, sizeof out, "\"offset\":%u,\"bytes\":%u", at, got);
    CALL(t, 1, "NtReadFile", E2, 0, 0, 0, 0x70000000, 0x70001000, 100, 0);
    ret_out(t, 1, 0, out);
  }
}

static void files_do_not_end_early(void) {
  is_lawful(reads, 0);
  is_faulty(reads, 1, WG_LAW_READ);
  for (int v = 2; v <= 4; v++) is_lawful(reads, v);
}

// -- APCs --

// v 0: it runs. 1: the wait times out instead. 2: the wait is not alertable. 3: it could not be queued. 4: the wait
// has not ended by the end. 5: it has what it waits for, and so does not wait. 6: it only looks. 7: there is no
// routine.
static void apcs(struct tale *t, int v) {
  event(t, E1, AUTO, v == 5);
  guilty(t);
  CALL(t, 1, "NtQueueApcThread", 0xF8000020, v == 7 ? 0 : 0x82005000, 1, 2, 3);
  ret(t, 1, v == 3 ? 0xC000000D : 0);
  waits_as(t, 2, E1, v == 4 || v == 5 ? -1 : v == 6 ? 0 : 10, v != 2);
  if (v != 4 && v != 5 && v != 6) t->now += (v ? 10 : 0) * TALE_MS;
  if (v == 0) wakes(t, 2, 0xC0, "apc");
  if (v == 5) wakes(t, 2, 0, "already");
  if (v != 0 && v != 4 && v != 5) wakes(t, 2, 0x102, "timeout");
  pad(t, 1, 12);
}

// One that its maker inserts. v 0: it runs. 1: it does not. 2: it is of kernel mode. 3: it is in a queue already.
// 4: it is taken back. 5: it has no routine. 6: it was never made. 7: nobody told where its thread lies.
static void own_apcs(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  CALL(t, 1, "ObReferenceObjectByHandle", 0xF8000020, 0, 0x70000040);
  ret_out(t, 1, 0, v == 7 ? "" : "\"pointer\":\"0x30001000\"");
  if (v != 6) {
    CALL(t, 1, "KeInitializeApc", 0x82030000, 0x30001000, 0x82004000, 0, v == 5 ? 0 : 0x82005000, v != 2, 7);
    ret(t, 1, 0);
  }
  guilty(t);
  CALL(t, 1, "KeInsertQueueApc", 0x82030000, 1, 2, 0);
  ret(t, 1, v != 3);
  if (v == 4) {
    CALL(t, 1, "KeRemoveQueueApc", 0x82030000);
    ret(t, 1, 1);
  }
  waits_as(t, 2, E1, 10, true);
  t->now += v ? 10 * TALE_MS : 0;
  wakes(t, 2, v ? 0x102 : 0xC0, v ? "timeout" : "apc");
  pad(t, 1, 12);
}

// Of a thread that is waiting for one already. v 0: it ends the wait. 1: it does not, another that comes later does.
// 2: the wait is not alertable.
static void apc_of_who_waits(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  waits_as(t, 2, E1, 10, v != 2);
  guilty(t);
  CALL(t, 1, "NtQueueApcThread", 0xF8000020, 0x82005000, 1, 2, 3);
  if (v == 0) wakes(t, 2, 0xC0, "apc");
  ret(t, 1, 0);
  CALL(t, 1, "NtQueueApcThread", 0xF8000020, 0x82005000, 1, 2, 3);
  if (v == 1) wakes(t, 2, 0xC0, "apc");
  ret(t, 1, 0);
}

// One that its reader asked for when the read is done; v 1: it does not run. 2: the read failed.
static void file_apcs(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  guilty(t);
  CALL(t, 1, "NtReadFile", E2, 0, 0x82005000, 0, 0x70000000, 0x70001000, 16, 0);
  ret(t, 1, v == 2 ? 0xC0000011 : 0x103);
  waits_as(t, 1, E1, 10, true);
  if (v) t->now += 10 * TALE_MS;
  wakes(t, 1, v ? 0x102 : 0xC0, v ? "timeout" : "apc");
  waits_as(t, 1, E1, 10, true);
  t->now += 10 * TALE_MS;
  wakes(t, 1, 0x102, "timeout");
}

// Of the last of many threads, which has made no call yet.
static void apc_of_many(struct tale *t, int v) {
  (void)v;
  for (uint32_t child = 5; child <= 60; child++) tale_thread(t, 1, child);
  CALL(t, 2, "NtQueueApcThread", 0xF8000000u + 60 * 16, 0x82000200, 0, 0, 0);
  ret(t, 2, 0);
}

static void apcs_run(void) {
  breaks(apcs, 1, WG_LAW_APC);
  breaks(apcs, 4, WG_LAW_APC);
  for (int v = 2; v <= 7; v++)
    if (v != 4) is_lawful(apcs, v);
  breaks(own_apcs, 1, WG_LAW_APC);
  is_lawful(own_apcs, 0);
  for (int v = 2; v <= 7; v++) is_lawful(own_apcs, v);
  breaks(apc_of_who_waits, 1, WG_LAW_APC);
  is_lawful(apc_of_who_waits, 2);
  breaks(file_apcs, 1, WG_LAW_APC);
  is_lawful(file_apcs, 2);
  is_lawful(apc_of_many, 0);
}

// -- where nothing is proven --

// Three calls that signal, and no event says so: the trace leaves them out.
static void three_set(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 0);
  set(t, 1, E2, 0);
  set(t, 1, E2, 1);
  waits(t, 2, E1);
  guilty(t);
  sets(t, 1, E1, 0);
  if (v == 0) wakes(t, 2, 0, NULL);
  ret(t, 1, 0);
  pad(t, 1, 12);
}

// Thread 2 waits alertably for E1 and for a second; an APC runs there and waits for E2. v 1: a signal does not end that
// wait. 2: E1 is signalled meanwhile, and ends the outer wait only behind the APC.
static void within(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 0);
  waits_as(t, 2, E1, 1000, true);
  waits(t, 2, E2);
  if (v == 2) set(t, 1, E1, 0);
  if (v == 1) guilty(t);
  sets(t, 1, E2, 0);
  if (v != 1) wakes(t, 2, 0, NULL);
  ret(t, 1, 0);
  if (v == 0) t->now += 2000 * TALE_MS; // the APC may take longer than the wait
  if (v == 0 || v == 2) end(t, 2, v ? 0 : 0x102, v ? "already" : "timeout");
  t->open[2] = "NtWaitForSingleObjectEx";
  if (v == 0 || v == 2) ret(t, 2, v ? 0 : 0x102);
  if (v == 2) misses(t, 3, E1);
  if (v == 2) misses(t, 3, E2);
  pad(t, 1, 12);
}

static void a_wait_within_a_wait(void) {
  is_faulty(within, 1, WG_LAW_WAKES);
  is_lawful(within, 0);
  is_lawful(within, 2);
}

// Ten calls in one another are more than is followed.
static void nested(struct tale *t, int v) {
  for (int i = 0; i < (v ? 10 : 4); i++) CALL(t, 3, "NtSetEvent", E2, 0);
  one_waits(t, 1);
}

static void calls_beyond_depth_prove_nothing(void) {
  is_faulty(nested, 0, WG_LAW_WAKES);
  is_lawful(nested, 1);
}

// What proves it stands beside it.
static void the_proof_is_shown(void) {
  struct wg_buf out = {0};
  struct tale t;
  CU_ASSERT_EQUAL(alone(set_before, 1, (struct tale_style){0}, &out, &t), WG_DIFFERS);
  CU_ASSERT_TRUE(
      says(&out, "  - that shows where thread 2 (2 there, entry 0x82002000) comes to NtWaitForSingleObjectEx"));
  wg_buf_release(&out);
}

static void without_signals_nothing_is_proven(void) {
  breaks(three_set, 1, WG_LAW_WAKES);
  is_lawful_as(three_set, 1, (struct tale_style){.no_signals = true});
  is_lawful_as(three_set, 0, (struct tale_style){.no_signals = true});
}

// Wherever a healthy trace is cut, or one whose fault needs its end to show.
static void cut_anywhere_is_no_fault(void) {
  static tale_story *const stories[] = {one_waits, three_wait, released, unlocked, set_before,   all_set,  fires,
                                        lasts,     apcs,       slots,    packets,  signals_what, free_lock};
  for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
    struct tale t = tale_write("a", stories[i], 0, (struct tale_style){0});
    for (uint64_t n = 14; n < t.events; n++) {
      is_lawful_as(stories[i], 0, (struct tale_style){.stop = n});
      is_lawful_as(stories[i], 0, (struct tale_style){.stop = n, .torn = true});
    }
  }
}

// What is near the end of a torn file may be all that was written of it.
static void near_the_end(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  pad(t, 1, 20);
  if (v == 1) pad(t, 3, 1);
  waits(t, 2, E1);
  guilty(t);
  sets(t, 1, E1, 0);
  ret(t, 1, 0);
  pad(t, 1, 2);
}

static void far_from_the_end(struct tale *t, int v) {
  one_waits(t, v);
  pad(t, 1, 20);
}

static void a_torn_end_proves_nothing(void) {
  is_faulty(near_the_end, 1, WG_LAW_WAKES);
  is_lawful_as(near_the_end, 1, (struct tale_style){.torn = true});
  is_faulty(far_from_the_end, 1, WG_LAW_WAKES);
}

// A timer is due long before the last call, and nothing that no thread does is told so late.
static void due_near_the_end(struct tale *t, int v) {
  timer(t, E1, AUTO);
  timer(t, E2, AUTO);
  set_timer(t, 1, E2, 1, 0);
  t->now += TALE_MS;
  sig(t, 0, E2, "fire", 1, 0);
  passes(t, 1, E2);
  guilty(t);
  set_timer(t, 1, E1, 5, 0);
  for (unsigned i = 0; i < 30; i++) {
    t->now += TALE_MS;
    if (i == 4 && v == 0) sig(t, 0, E1, "fire", 1, 0);
    pad(t, 1, 1);
  }
}

// By whatever clock: once or again and again. v 1: it does not go off. 2: it has not had the time. 3: it is cancelled.
static void goes_off_some_day(struct tale *t, int v, uint32_t period) {
  timer(t, E1, AUTO);
  event(t, E2, AUTO, 1);
  passes(t, 1, E2);
  guilty(t);
  set_timer(t, 1, E1, 5, period);
  for (int i = 0; i < 60; i++) {
    t->now += v == 2 ? TALE_MS / 2 : 5 * TALE_MS;
    if (i == 0 ? period || v == 0 || v == 3 : period && v == 0) sig(t, 0, E1, "fire", 1, i > 0);
    if (v == 3 && i == 1) {
      CALL(t, 1, "NtCancelTimer", E1, 0);
      ret(t, 1, 0);
    }
    pad(t, 1, 1);
  }
}
static void goes_off_once(struct tale *t, int v) { goes_off_some_day(t, v, 0); }
static void goes_off_again(struct tale *t, int v) { goes_off_some_day(t, v, 5); }

static void timers_go_off_some_day(void) {
  const struct tale_style untimed = {.no_cycles = true};
  for (int v = 0; v <= 3; v++) {
    if (v == 1) {
      is_faulty_as(goes_off_once, v, untimed, WG_LAW_FIRES_EVER);
      is_faulty_as(goes_off_again, v, untimed, WG_LAW_FIRES_EVER);
      continue;
    }
    is_lawful_as(goes_off_once, v, untimed);
    is_lawful_as(goes_off_again, v, untimed);
  }
}

static void a_torn_file_may_lack_a_timer(void) {
  is_lawful_as(due_near_the_end, 0, (struct tale_style){0});
  is_faulty(due_near_the_end, 1, WG_LAW_FIRES);
  is_lawful_as(due_near_the_end, 1, (struct tale_style){.torn = true});
}

static void what_is_before_it_stands(void) {
  struct wg_buf out = {0};
  struct tale t;
  CU_ASSERT_EQUAL(alone(far_from_the_end, 1, (struct tale_style){.torn = true}, &out, &t), WG_DIFFERS);
  CU_ASSERT_TRUE(says(&out, t.guilty) && says(&out, words_of(WG_LAW_WAKES)));
  wg_buf_release(&out);
}

// A wait that has just begun may not have told of its end.
static void a_wait_at_the_end_is_no_fault(void) {
  struct tale t = tale_write("a", set_before, 1, (struct tale_style){0});
  for (uint64_t n = t.events - 20; n < t.events - 12; n++) is_lawful_as(set_before, 1, (struct tale_style){.stop = n});
  is_faulty(set_before, 1, WG_LAW_SIGNALLED);
}

WG_MAIN("laws", {"signals end waits", signals_end_waits}, {"signalled does not block", signalled_does_not_block},
        {"resets last", resets_last}, {"objects are as asked for", objects_are_as_asked_for},
        {"states last", states_last}, {"timers go off", timers_go_off}, {"timers go on", timers_go_on},
        {"waits are as asked for", waits_are_as_asked_for}, {"waits last as long", waits_last_as_long},
        {"results are the waits'", results_are_the_waits}, {"answers are what happened", answers_are_what_happened},
        {"signals are as asked for", signals_are_as_asked_for}, {"packets are delivered", packets_are_delivered},
        {"slots keep values", slots_keep_values}, {"the proof is shown", the_proof_is_shown},
        {"a wait within a wait", a_wait_within_a_wait},
        {"calls beyond depth prove nothing", calls_beyond_depth_prove_nothing}, {"APCs run", apcs_run},
        {"clocks go", clocks_go}, {"files do not end early", files_do_not_end_early},
        {"calls tell what they did", calls_tell_what_they_did}, {"files are as told", files_are_as_told},
        {"files keep their size", files_keep_their_size}, {"lists keep their entries", lists_keep_their_entries},
        {"waits for all end", waits_for_all_end},
        {"without signals nothing is proven", without_signals_nothing_is_proven},
        {"cut anywhere is no fault", cut_anywhere_is_no_fault},
        {"a torn end proves nothing", a_torn_end_proves_nothing}, {"timers go off some day", timers_go_off_some_day},
        {"a torn file may lack a timer", a_torn_file_may_lack_a_timer},
        {"what is before it stands", what_is_before_it_stands},
        {"a wait at the end is no fault", a_wait_at_the_end_is_no_fault})
