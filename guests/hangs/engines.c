// Hangs as the engines of titles have them: several parts at work, and a slip in how they meet.
#include "hang.h"

void ExInitializeReadWriteLock(u32 *), ExAcquireReadWriteLockExclusive(u32 *), ExAcquireReadWriteLockShared(u32 *),
    ExReleaseReadWriteLock(u32 *);
u32 KeSetTimer(KTIMER *, s64 due, KDPC *), KeCancelTimer(KTIMER *);
NTSTATUS NtCreateIoCompletion(HANDLE *, OBJECT_ATTRIBUTES *, u32 access, u32 threads);
NTSTATUS NtSetIoCompletion(HANDLE, u32 key, u32 value, NTSTATUS, u32 information);
NTSTATUS NtRemoveIoCompletion(HANDLE, u32 *key, u32 *value, IO_STATUS_BLOCK *, const s64 *timeout);

static CRITICAL_SECTION cache, device, queue;
static HANDLE go, done, stop, sem, device_m, timer, port, joined, answers[4];
static KEVENT kdone;
static KDPC dpc;
static KTIMER ktimer;
static volatile u32 flag, items;
static IO_STATUS_BLOCK io;
static u8 data[256];

static HANDLE counted(u32 count, u32 limit) {
  HANDLE h = 0;
  NtCreateSemaphore(&h, NULL, count, limit);
  return h;
}

// Three threads with two locks each: the streamer has the cache and wants the device's mutant, the saver has that and
// wants the queue, the loader has the queue and wants the cache. The main thread joins the loader.
THREAD(streamer) {
  RtlEnterCriticalSection(&cache);
  RtlEnterCriticalSection(&device);
  RtlLeaveCriticalSection(&device);
  sleep_ms(4);
  wait(device_m);
  NtReleaseMutant(device_m, NULL);
  RtlLeaveCriticalSection(&cache);
  DONE(0);
}
THREAD(saver) {
  wait(device_m);
  sleep_ms(4);
  RtlEnterCriticalSection(&queue);
  RtlLeaveCriticalSection(&queue);
  NtReleaseMutant(device_m, NULL);
  DONE(0);
}
THREAD(loader) {
  RtlEnterCriticalSection(&queue);
  sleep_ms(4);
  RtlEnterCriticalSection(&cache);
  RtlLeaveCriticalSection(&cache);
  RtlLeaveCriticalSection(&queue);
  DONE(0);
}
CASE(three_locks) {
  RtlInitializeCriticalSection(&cache);
  RtlInitializeCriticalSection(&device);
  RtlInitializeCriticalSection(&queue);
  device_m = mutant();
  audio();
  spawn(streamer, 0);
  spawn(saver, 0);
  wait(spawn(loader, 0));
}

// A semaphore of at most two is released by three, which fails as a whole; the consumer expects three.
THREAD(releases_three) {
  NtReleaseSemaphore(sem, 3, NULL);
  DONE(0);
}
CASE(released_above_limit) {
  sem = counted(0, 2);
  frames();
  spawn(releases_three, 0);
  for (u32 i = 0; i < 3; i++) wait(sem);
}

// Three that each hold a permit until all three have come; there are two permits.
THREAD(needs_permit) {
  wait(sem);
  if (++items == 3) NtSetEvent(go, NULL);
  wait(go);
  NtReleaseSemaphore(sem, 1, NULL);
  DONE(0);
}
CASE(permits_too_few) {
  HANDLE h[3];
  sem = counted(2, 3);
  go = event(MANUAL);
  audio();
  for (u32 i = 0; i < 3; i++) h[i] = spawn(needs_permit, i);
  wait_all(3, h);
}

// A mutant of a thread that ended goes to the next, which takes the status for an error and never gives it back.
THREAD(ends_with_mutant) {
  wait(device_m);
  DONE(1);
}
THREAD(takes_abandoned) {
  sleep_ms(3);
  if (wait(device_m) == 0x80) wait(done);
  NtReleaseMutant(device_m, NULL);
  DONE(0);
}
CASE(abandoned_not_given_back) {
  device_m = mutant();
  done = event(MANUAL);
  frames();
  spawn(ends_with_mutant, 0);
  spawn(takes_abandoned, 0);
  sleep_ms(8);
  wait(device_m);
}

// The completion routine of a read would set the word that the main thread polls, in sleeps that let no APC in.
static void sets_word(u32 ctx, u32 a, u32 b) {
  (void)ctx, (void)a, (void)b;
  flag = 1;
}
CASE(apc_in_sleep) {
  u64 at = 0;
  audio();
  NtReadFile(made_file("cache:\\level.bin"), 0, (void *)sets_word, NULL, &io, data, sizeof data, &at);
  while (!flag) sleep_ms(2);
}

// An APC queued to the main thread would set the second of two events that it waits for, not alertably.
static void sets_second(u32 ctx, u32 a, u32 b) {
  (void)ctx, (void)a, (void)b;
  NtSetEvent(answers[1], NULL);
}
THREAD(tells_by_apc) {
  sleep_ms(2);
  NtQueueApcThread(joined, (void *)sets_second, NULL, NULL, NULL);
  sleep_ms(1);
  DONE(0);
}
CASE(apc_wait_any) {
  for (u32 i = 0; i < 2; i++) answers[i] = event(AUTO);
  NtDuplicateObject(CURRENT_THREAD, &joined, 0);
  frames();
  spawn(tells_by_apc, 0);
  wait_any(2, answers);
}

// The DPC of a timer would set the event; another thread cancels the timer before it is due.
static void dpc_routine(u32 self, u32 ctx, u32 a, u32 b) {
  (void)self, (void)ctx, (void)a, (void)b;
  KeSetEvent(&kdone, 0, 0);
}
THREAD(cancels_timer) {
  sleep_ms(2);
  KeCancelTimer(&ktimer);
  DONE(0);
}
CASE(timer_dpc_cancelled) {
  ke_event(&kdone, AUTO);
  ktimer.h.type = 8;
  ktimer.h.flink = ktimer.h.blink = (u32)(usize)&ktimer.h.flink;
  KeInitializeDpc(&dpc, (void *)dpc_routine, NULL);
  KeSetTimer(&ktimer, MS(40), &dpc);
  audio();
  spawn(cancels_timer, 0);
  wait_ke(&kdone);
}

// The thread that would queue the DPC waits for a start that nobody gives.
THREAD(queues_when_told) {
  wait(go);
  KeInsertQueueDpc(&dpc, NULL, NULL);
  DONE(0);
}
CASE(dpc_behind_worker) {
  ke_event(&kdone, MANUAL);
  go = event(MANUAL);
  KeInitializeDpc(&dpc, (void *)dpc_routine, NULL);
  frames();
  spawn(queues_when_told, 0);
  wait_ke(&kdone);
}

// All of a thread, a count, a timer and an event: the event alone never comes.
THREAD(gives_count) {
  NtReleaseSemaphore(sem, 1, NULL);
  DONE(0);
}
CASE(all_of_four) {
  s64 due = MS(3);
  HANDLE all[4];
  sem = semaphore(0);
  done = event(MANUAL);
  NtCreateTimer(&timer, NULL, MANUAL);
  NtSetTimerEx(timer, &due, NULL, 1, NULL, 0, 0, NULL);
  audio();
  all[0] = spawn(gives_count, 0);
  all[1] = sem;
  all[2] = timer;
  all[3] = done;
  wait_all(4, all);
}

// Two packets for two readers of one port, of which one takes both.
THREAD(takes_both_packets) {
  u32 key, value;
  for (u32 i = 0; i < 2; i++) NtRemoveIoCompletion(port, &key, &value, &io, NULL);
  DONE(0);
}
THREAD(posts_two) {
  for (u32 i = 0; i < 2; i++) NtSetIoCompletion(port, 7, i, 0, 0);
  DONE(0);
}
CASE(packet_taken) {
  u32 key, value;
  NtCreateIoCompletion(&port, NULL, 0x1F0003, 0);
  spawn(takes_both_packets, 0);
  frames();
  sleep_ms(2);
  spawn(posts_two, 0);
  sleep_ms(4);
  NtRemoveIoCompletion(port, &key, &value, &io, NULL);
}

// The first of a worker's end and a stop: the worker is never let run, and nobody stops.
THREAD(never_runs) { DONE(0); }
CASE(suspended_or_stop) {
  HANDLE both[2];
  both[0] = stop = event(MANUAL);
  both[1] = spawn_with(never_runs, 0, SUSPENDED);
  audio();
  wait_any(2, both);
}

// A consumer looks into the queue under its lock, and waits after it has left it; the producer pulses in between.
THREAD(pulsing_producer) {
  for (u32 i = 0; i < 5; i++) {
    sleep_ms(4);
    RtlEnterCriticalSection(&queue);
    items++;
    RtlLeaveCriticalSection(&queue);
    NtPulseEvent(go, NULL);
  }
  DONE(0);
}
CASE(pulsed_between) {
  RtlInitializeCriticalSection(&queue);
  go = event(AUTO);
  spawn(pulsing_producer, 0);
  for (u32 taken = 0; taken < 5; taken++) {
    RtlEnterCriticalSection(&queue);
    u32 have = items > taken;
    RtlLeaveCriticalSection(&queue);
    if (taken == 4) sleep_ms(9);
    if (!have) wait(go);
  }
}

// Two clients of one server share the event of its answers: the one that asked late takes the answer of the other.
THREAD(server) {
  for (;;) {
    wait(go);
    sleep_ms(2);
    NtSetEvent(done, NULL);
  }
}
THREAD(listens_in) {
  wait(done);
  DONE(0);
}
CASE(answer_taken_by_sibling) {
  go = event(AUTO);
  done = event(AUTO);
  audio();
  spawn(server, 0);
  for (u32 i = 0; i < 4; i++) {
    if (i == 3) {
      spawn(listens_in, 0);
      sleep_ms(2);
    }
    NtSetEvent(go, NULL);
    if (i == 3) sleep_ms(6);
    wait(done);
  }
}

// A worker asks in a loop, through a function, whether a word has been set; the main thread joins it.
static __attribute__((noinline)) int is_ready(volatile u32 *word) {
  __asm__ volatile("");
  return *word > 1;
}
THREAD(polls_word) {
  while (!is_ready(&flag)) {
  }
  DONE(0);
}
CASE(polls_memory) {
  frames();
  wait(spawn(polls_word, 0));
}

// The file is missing, which nobody looks at; so its read fails, and does not set the event that the loader waits for.
CASE(read_fails) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  HANDLE file = 0;
  u64 at = 0;
  done = event(AUTO);
  frames();
  name_object(&oa, &s, "game:\\models\\boss.bin");
  NtCreateFile(&file, 0x80100080, &oa, &io, NULL, 0, 1, 1, 0x40);
  NtReadFile(file, done, NULL, NULL, &io, data, sizeof data, &at);
  wait(done);
}

// The owner of a lock waits for the next item of the producer, which wants the lock first.
THREAD(waits_within_lock) {
  for (u32 i = 0;; i++) {
    if (i < 6) wait(sem);
    RtlEnterCriticalSection(&queue);
    if (i >= 6) wait(sem);
    items--;
    RtlLeaveCriticalSection(&queue);
  }
}
CASE(owner_waits_for_item) {
  RtlInitializeCriticalSection(&queue);
  sem = semaphore(0);
  audio();
  spawn(waits_within_lock, 0);
  for (;;) {
    RtlEnterCriticalSection(&queue);
    items++;
    RtlLeaveCriticalSection(&queue);
    NtReleaseSemaphore(sem, 1, NULL);
    sleep_ms(3);
  }
}

// Two readers of one lock that both want to write without leaving it first.
static u32 rwlock[14];
THREAD(upgrades) {
  ExAcquireReadWriteLockShared(rwlock);
  sleep_ms(5);
  ExAcquireReadWriteLockExclusive(rwlock);
  ExReleaseReadWriteLock(rwlock);
  DONE(0);
}
CASE(two_upgrade) {
  HANDLE h[2];
  ExInitializeReadWriteLock(rwlock);
  frames();
  for (u32 i = 0; i < 2; i++) h[i] = spawn(upgrades, i);
  wait_all(2, h);
}

// A barrier of three whose last one sets the event and clears it at once; the third has not come to wait yet.
THREAD(comes_to_barrier) {
  sleep_ms(2 * INDEX);
  RtlEnterCriticalSection(&queue);
  u32 last = ++items == 3;
  RtlLeaveCriticalSection(&queue);
  if (INDEX == 1) sleep_ms(9);
  if (last) {
    NtSetEvent(go, NULL);
    NtClearEvent(go);
  } else {
    wait(go);
  }
  DONE(0);
}
CASE(barrier_cleared) {
  HANDLE h[3];
  RtlInitializeCriticalSection(&queue);
  go = event(MANUAL);
  audio();
  for (u32 i = 0; i < 3; i++) h[i] = spawn(comes_to_barrier, i);
  wait_all(3, h);
}

// One stop for two workers, which each wait for work or the stop.
THREAD(works_till_stop) {
  HANDLE both[2] = {stop, sem};
  while (wait_any(2, both) == 1) sleep_ms(1);
  DONE(0);
}
CASE(one_stop_for_two) {
  HANDLE h[2];
  stop = event(AUTO);
  sem = semaphore(0);
  frames();
  for (u32 i = 0; i < 2; i++) h[i] = spawn(works_till_stop, i);
  NtReleaseSemaphore(sem, 6, NULL);
  sleep_ms(12);
  NtSetEvent(stop, NULL);
  wait_all(2, h);
}

// Two stages with bounded queues into each other: both are full, and each waits for room in the other's.
static HANDLE room[2], filled[2];
THREAD(feeds) {
  u32 mine = INDEX, theirs = 1 - INDEX;
  for (u32 i = 0;; i++) {
    if (i < 4) {
      wait(filled[mine]);
      NtReleaseSemaphore(room[mine], 1, NULL);
    }
    wait(room[theirs]);
    NtReleaseSemaphore(filled[theirs], 1, NULL);
  }
}
CASE(queues_full) {
  HANDLE h[2];
  for (u32 i = 0; i < 2; i++) {
    room[i] = counted(2, 8);
    filled[i] = counted(1, 8);
  }
  audio();
  for (u32 i = 0; i < 2; i++) h[i] = spawn(feeds, i);
  wait_all(2, h);
}

// The worker answers three requests; before the fourth it looks, in sleeps, for a word that the main thread sets only
// after the answer.
THREAD(looks_for_word) {
  for (u32 i = 0;; i++) {
    wait(go);
    while (i == 3 && items < 4) sleep_ms(2);
    NtSetEvent(done, NULL);
  }
}
CASE(memory_handshake) {
  go = event(AUTO);
  done = event(AUTO);
  spawn(looks_for_word, 0);
  for (items = 0; items < 8; items++) {
    NtSetEvent(go, NULL);
    wait(done);
  }
}

// The worker signals by a handle that has been closed meanwhile; the main thread waits by another one of the event.
static HANDLE copy;
THREAD(sets_closed) {
  sleep_ms(3);
  NtSetEvent(copy, NULL);
  DONE(0);
}
CASE(set_by_closed_handle) {
  done = event(MANUAL);
  NtDuplicateObject(done, &copy, 0);
  audio();
  spawn(sets_closed, 0);
  NtClose(copy);
  wait(done);
}

// The main thread joins the service, which never ends by design, instead of the worker, which has ended.
THREAD(serves) {
  for (;;) wait(sem);
}
THREAD(works_once) {
  NtReleaseSemaphore(sem, 1, NULL);
  DONE(0);
}
CASE(joins_service) {
  sem = semaphore(0);
  frames();
  HANDLE s = spawn(serves, 0);
  spawn(works_once, 0);
  wait(s);
}

// Who does not own the mutant gives it back, which fails; its owner waits for other things.
THREAD(owns_and_waits) {
  wait(device_m);
  wait(go);
  NtReleaseMutant(device_m, NULL);
  DONE(0);
}
THREAD(gives_back) {
  sleep_ms(3);
  NtReleaseMutant(device_m, NULL);
  DONE(0);
}
CASE(released_by_other) {
  device_m = mutant();
  go = event(MANUAL);
  audio();
  spawn(owns_and_waits, 0);
  spawn(gives_back, 0);
  sleep_ms(6);
  wait(device_m);
}

// The main thread takes the signal itself, as it looks whether it is there.
THREAD(sets_once) {
  NtSetEvent(done, NULL);
  DONE(0);
}
CASE(taken_by_own_poll) {
  done = event(AUTO);
  frames();
  spawn(sets_once, 0);
  sleep_ms(3);
  if (wait_ms(done, 0) == STATUS_SUCCESS) items++;
  wait(done);
}

// Three that each answer the next; after some rounds each waits for an answer first.
THREAD(answers_next) {
  for (u32 i = 0;; i++) {
    wait(answers[INDEX]);
    if (i == 4) wait(answers[INDEX]);
    NtSetEvent(answers[(INDEX + 1) % 3], NULL);
  }
}
CASE(three_answers) {
  for (u32 i = 0; i < 3; i++) answers[i] = event(AUTO);
  audio();
  for (u32 i = 1; i < 3; i++) spawn(answers_next, i);
  for (;;) {
    NtSetEvent(answers[1], NULL);
    wait(answers[0]);
  }
}

// An APC for a thread that has ended already would have set the event.
THREAD(ends_at_once) { DONE(0); }
CASE(apc_to_ended) {
  for (u32 i = 0; i < 2; i++) answers[i] = event(AUTO);
  HANDLE h = spawn(ends_at_once, 0);
  wait(h);
  NtQueueApcThread(h, (void *)sets_second, NULL, NULL, NULL);
  frames();
  wait(answers[1]);
}

MAIN
