// Laws of threads and their locks, in healthy and faulty stories: how a thread is made, whether it runs while it is
// suspended, who has a critical section.
#include "tests/lawful.h"

#define LOCK 0x82005000u
#define CHILD 6u

// -- threads --

static void child_begins(struct tale *t, uint32_t entry, uint32_t ctx, uint32_t flags) {
  uint32_t handle = 0xF8000000u + CHILD * 16;
  guilty(t);
  CALL(t, 1, "ExCreateThread", 0x70000000, 65536, 0x70000010, 0, 0x82006000, 0x1234, 1);
  made(t, 1, handle, "Thread");
  if (tale_start(t, "thread.create", 1))
    fprintf(
        t->file,
        ",\"child\":%u,\"entry\":\"0x%x\",\"ctx\":\"0x%x\",\"stack_size\":65536,\"flags\":\"0x%x\",\"raw\":\"0x%x\","
        "\"hsid\":\"%016" PRIx64 "\"}\n",
        CHILD, entry, ctx, flags, handle, tale_id(handle));
  char out[64];
  snprintf(out, sizeof out, "\"handle\":\"0x%x\",\"tid\":%u", handle, CHILD);
  ret_out(t, 1, 0, out);
}

// v 1: with another context. 2: it begins elsewhere. 3: it is to be suspended, and is not.
static void makes_thread(struct tale *t, int v) {
  tells_of_waits(t);
  child_begins(t, v == 2 ? 0x82007000 : 0x82006000, v == 1 ? 1 : 0x1234, v == 3 ? 0 : 1);
  pad(t, 1, 12);
}

static void threads_are_made_as_asked(void) {
  is_lawful(makes_thread, 0);
  for (int v = 1; v <= 3; v++) is_faulty(makes_thread, v, WG_LAW_THREAD);
}

static void counts(struct tale *t, const char *name, int previous) {
  char out[32];
  snprintf(out, sizeof out, "\"previous\":%d", previous);
  CALL(t, 1, name, 0xF8000020, 0x70000020);
  ret_out(t, 1, 0, out);
}

// v 1: it runs all the same. 2: the next call says that it was not. 3: the next call lies. 4: it runs before and after.
static void suspended(struct tale *t, int v) {
  tells_of_waits(t);
  pad(t, 2, 3);
  if (v == 1 || v == 2) guilty(t);
  counts(t, "NtSuspendThread", 0);
  if (v == 1 || v == 2) pad(t, 2, 1);
  if (v == 3) guilty(t);
  counts(t, "NtResumeThread", v == 2 || v == 3 ? 0 : 1);
  pad(t, 2, 3);
  pad(t, 1, 12);
}

// v 1: it does nothing, as the next suspension tells. 2: that one lies: it runs.
static void resumed(struct tale *t, int v) {
  tells_of_waits(t);
  pad(t, 2, 3);
  counts(t, "NtSuspendThread", 0);
  if (v == 1) guilty(t);
  counts(t, "NtResumeThread", 1);
  if (v != 1) pad(t, 2, 2);
  if (v == 2) guilty(t);
  counts(t, "NtSuspendThread", v ? 1 : 0);
  pad(t, 1, 12);
}

// It counts: twice suspended, it does not run after one of the two is taken back.
static void twice(struct tale *t, int v) {
  tells_of_waits(t);
  counts(t, "NtSuspendThread", 0);
  counts(t, "NtSuspendThread", 1);
  counts(t, "NtResumeThread", 2);
  if (v == 0) counts(t, "NtResumeThread", 1);
  pad(t, 2, 2);
  pad(t, 1, 12);
}

static void suspended_threads_do_not_run(void) {
  is_lawful(suspended, 0);
  is_faulty(suspended, 1, WG_LAW_SUSPENDS);
  is_faulty(suspended, 2, WG_LAW_SUSPENDS);
  is_faulty(suspended, 3, WG_LAW_ANSWER);
  is_lawful(resumed, 0);
  is_faulty(resumed, 1, WG_LAW_RESUMES);
  is_faulty_as(resumed, 1, (struct tale_style){.no_cycles = true}, WG_LAW_RESUMES); // the order alone tells
  is_faulty(resumed, 2, WG_LAW_ANSWER);
  is_lawful(twice, 0);
}

// -- critical sections --

static void lock(struct tale *t, uint32_t tid, const char *name, uint32_t rv) {
  CALL(t, tid, name, LOCK);
  ret(t, tid, rv);
}
static void enters(struct tale *t, uint32_t tid) { lock(t, tid, "RtlEnterCriticalSection", 0); }
static void leaves(struct tale *t, uint32_t tid) { lock(t, tid, "RtlLeaveCriticalSection", 0); }
static void tries(struct tale *t, uint32_t tid, uint32_t got) { lock(t, tid, "RtlTryEnterCriticalSection", got); }

// v 1: two have it. 2: one has it twice, and gives it back twice.
static void two_enter(struct tale *t, int v) {
  tells_of_waits(t);
  enters(t, 1);
  if (v == 2) enters(t, 1);
  if (v == 2) leaves(t, 1);
  if (v != 1) leaves(t, 1);
  guilty(t);
  enters(t, 2);
  leaves(t, 2);
  if (v == 1) leaves(t, 1);
  pad(t, 1, 12);
}

// v 1: it is told that nobody may have it, and nobody has. 2: it gets what another one has. 3: the same as 1, and then
// it has to be waited for: who gave it back did not. 4: its owner gets it once more. 5: not even that.
static void one_tries(struct tale *t, int v) {
  uint32_t inner = 0x820050A0;
  tells_of_waits(t);
  enters(t, 1);
  if (v == 2) guilty(t);
  if (v == 0 || v == 2) tries(t, 2, v == 2);
  if (v == 2) leaves(t, 2);
  if (v == 5) guilty(t);
  if (v >= 4) tries(t, 1, v == 4);
  if (v == 4) leaves(t, 1);
  if (v == 3) guilty(t);
  leaves(t, 1);
  if (v == 1) guilty(t);
  if (v == 1 || v == 3) tries(t, 2, 0);
  CALL(t, 3, "RtlEnterCriticalSection", LOCK);
  if (v == 3) {
    begin(t, 3, &inner, 1, "any", false, -1);
    pad(t, 1, 12);
    return;
  }
  ret(t, 3, 0);
  leaves(t, 3);
  pad(t, 1, 12);
}

// It is refused though it was given back, and nobody else wants it. v 1: once. 2: again: it was not given back.
static void refused(struct tale *t, int v) {
  tells_of_waits(t);
  enters(t, 1);
  if (v == 2) guilty(t);
  leaves(t, 1);
  if (v == 1) guilty(t);
  tries(t, 2, v == 0);
  if (v == 0) leaves(t, 2);
  if (v == 2) tries(t, 2, 0);
  pad(t, 1, 12);
}

static void at_section(struct tale *t, uint32_t tid, const char *name, bool named) {
  t->open[tid] = name;
  if (tale_start(t, "kernel.call", tid))
    fprintf(t->file,
            ",\"name\":\"%s\",\"module\":\"xboxkrnl.exe\",\"ordinal\":1,\"lr\":\"0x82000100\",\"args\":[\"0x%x\"],"
            "\"args_resolved\":{%s}}\n",
            name, LOCK, named ? "\"object\":\"ab00000082005000\",\"object_type\":\"CriticalSection\"" : "");
}

// The kernel has an object for a section that somebody has waited for. v 1: for one that is free since it was made.
static void section_is_made(struct tale *t, int v) {
  const uint32_t lock = LOCK;
  tells_of_waits(t);
  guilty(t);
  CALL(t, 1, "RtlInitializeCriticalSection", LOCK);
  ret(t, 1, 0);
  at_section(t, 1, "RtlEnterCriticalSection", v == 1);
  ret(t, 1, 0);
  if (v == 0) {
    at_section(t, 2, "RtlEnterCriticalSection", false);
    begin(t, 2, &lock, 1, "any", false, -1);
  }
  at_section(t, 1, "RtlLeaveCriticalSection", v == 1);
  if (v == 0) sig(t, 1, LOCK, "release", 1, 0);
  ret(t, 1, 0);
  if (v == 0) {
    wakes(t, 2, 0, NULL);
    at_section(t, 2, "RtlLeaveCriticalSection", true);
    ret(t, 2, 0);
  }
  pad(t, 1, 12);
}

static void sections_are_made_free(void) {
  is_lawful(section_is_made, 0);
  is_lawful(section_is_made, 2);
  is_faulty(section_is_made, 1, WG_LAW_INITIAL);
}

// v 1: it was not given back: who wants it spins for ever. 2: one spins, though another one has it meanwhile.
static void spins(struct tale *t, int v) {
  tells_of_waits(t);
  CALL(t, 1, "KfAcquireSpinLock", LOCK);
  ret(t, 1, 0);
  if (v < 2) guilty(t);
  CALL(t, 1, "KfReleaseSpinLock", LOCK, 0);
  ret(t, 1, 0);
  if (v == 2) guilty(t);
  CALL(t, 2, "KfAcquireSpinLock", LOCK);
  if (v == 2) {
    CALL(t, 1, "KfAcquireSpinLock", LOCK);
    ret(t, 1, 0);
    CALL(t, 1, "KfReleaseSpinLock", LOCK, 0);
    ret(t, 1, 0);
  }
  if (v == 0) {
    ret(t, 2, 0);
    CALL(t, 2, "KfReleaseSpinLock", LOCK, 0);
    ret(t, 2, 0);
  }
  pad(t, 1, 60);
}

static void shares(struct tale *t, uint32_t tid, const char *name) {
  CALL(t, tid, name, LOCK);
  ret(t, tid, 0);
}

// v 0: two read, then one writes. 1: it writes while one reads. 2: one reads while it writes. 3: who reads has begun to
// leave.
static void reads_and_writes(struct tale *t, int v) {
  tells_of_waits(t);
  shares(t, 1, "ExAcquireReadWriteLockShared");
  shares(t, 2, "ExAcquireReadWriteLockShared");
  shares(t, 2, "ExReleaseReadWriteLock");
  if (v == 0 || v == 2) shares(t, 1, "ExReleaseReadWriteLock");
  if (v == 3) CALL(t, 1, "ExReleaseReadWriteLock", LOCK);
  if (v == 1) guilty(t);
  shares(t, 3, "ExAcquireReadWriteLockExclusive");
  if (v == 3) ret(t, 1, 0);
  if (v == 2) guilty(t);
  if (v == 2) shares(t, 2, "ExAcquireReadWriteLockShared");
  shares(t, 3, "ExReleaseReadWriteLock");
  pad(t, 1, 12);
}

static void who_excludes_others_is_alone(void) {
  is_lawful(spins, 0);
  is_faulty(spins, 1, WG_LAW_LOCK);
  is_faulty(spins, 2, WG_LAW_RETURNS);
  is_lawful(reads_and_writes, 0);
  is_lawful(reads_and_writes, 3);
  for (int v = 1; v <= 2; v++) is_faulty(reads_and_writes, v, WG_LAW_ENTERS);
}

static void one_has_a_critical_section(void) {
  is_lawful(refused, 0);
  is_faulty(refused, 1, WG_LAW_TRIES);
  is_faulty(refused, 2, WG_LAW_LOCK);
  is_lawful(two_enter, 0);
  is_lawful(two_enter, 2);
  is_faulty(two_enter, 1, WG_LAW_ENTERS);
  is_lawful(one_tries, 0);
  is_lawful(one_tries, 4);
  is_faulty(one_tries, 1, WG_LAW_TRIES);
  is_faulty(one_tries, 2, WG_LAW_TRIES);
  is_faulty(one_tries, 3, WG_LAW_LOCK);
  is_faulty(one_tries, 5, WG_LAW_TRIES);
  is_faulty_as(one_tries, 1, (struct tale_style){.no_cycles = true}, WG_LAW_TRIES); // the order alone tells
  is_lawful_as(two_enter, 1, (struct tale_style){.no_cycles = true});
}

// A wait that is asked for with a signal returns what it ended with, too.
static void signals_and_waits(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 1);
  event(t, E3, AUTO, 1);
  passes(t, 1, E3);
  uint32_t second = E2;
  limit(t, -10000);
  guilty(t);
  CALL(t, 1, "NtSignalAndWaitForSingleObjectEx", E1, E2, 1, 0, 0x70000100);
  if (v == 0) {
    sig(t, 1, E1, "set", 1, 0);
    begin(t, 1, &second, 1, "any", false, TALE_MS);
    end(t, 1, 0, "already");
  }
  ret(t, 1, v ? 0x102 : 0);
  pad(t, 1, 12);
}

static void waits_with_signals_wait(void) {
  is_lawful(signals_and_waits, 0);
  is_faulty(signals_and_waits, 1, WG_LAW_STATUS);
}

// v 1: it goes on behind its end.
// v 1: it goes on. 2: from XAM's call.
static void ends_itself(struct tale *t, int v) {
  tells_of_waits(t);
  guilty(t);
  CALL(t, 2, v == 2 ? "ExitThread" : "ExTerminateThread", 0);
  if (v) ret(t, 2, 0);
  pad(t, 1, 12);
}

static void who_ends_is_gone(void) {
  is_lawful(ends_itself, 0);
  for (int v = 1; v <= 2; v++) is_faulty(ends_itself, v, WG_LAW_ENDS);
}

WG_MAIN("laws of threads", {"who ends is gone", who_ends_is_gone},
        {"threads are made as asked", threads_are_made_as_asked},
        {"suspended threads do not run", suspended_threads_do_not_run},
        {"who excludes others is alone", who_excludes_others_is_alone},
        {"one has a critical section", one_has_a_critical_section}, {"sections are made free", sections_are_made_free},
        {"waits with signals wait", waits_with_signals_wait})
