// Hangs, and what is none, among counted jobs, leases, boxes with limits, and lights that timers drive.
#include "hang.h"

void KeInitializeTimerEx(KTIMER *, u32 type, u32, u32), KeInitializeSemaphore(KSEMAPHORE *, s32, s32);
u32 KeSetTimer(KTIMER *, s64 due, KDPC *);
void ExInitializeReadWriteLock(void *), ExAcquireReadWriteLockShared(void *), ExAcquireReadWriteLockExclusive(void *),
    ExReleaseReadWriteLock(void *);

static HANDLE ev[6], th[6], sem;
static KEVENT turned;
static KSEMAPHORE full, room;
static KTIMER timer;
static KDPC dpc;
static u32 rw[14], state;
static volatile u32 missing, said;

// --- counted jobs ---
// The last of three jobs that end sets the event; one of them ends by itself and does not count down.
THREAD(counts) {
  sleep_ms(2 + INDEX);
  if (INDEX == 2) DONE(2);
  if (__sync_sub_and_fetch(&missing, 1) == 0) NtSetEvent(ev[0], NULL);
  DONE(0);
}
CASE(job_not_counted) {
  ev[0] = event(AUTO);
  missing = 3;
  frames();
  for (u32 i = 0; i < 3; i++) th[i] = spawn(counts, i);
  wait(ev[0]);
}
// A job cleans its event when it begins, after who it depends on has set it.
THREAD(begins_late) {
  sleep_ms(6);
  NtClearEvent(ev[0]);
  wait(ev[0]);
  DONE(0);
}
CASE(job_clears_its_start) {
  ev[0] = event(MANUAL);
  audio();
  th[0] = spawn(begins_late, 0);
  sleep_ms(2);
  NtSetEvent(ev[0], NULL);
  wait(th[0]);
}

// --- leases ---
// Who clears the cache waits for the lock, which a reader took along when it ended.
THREAD(reads_and_leaves) {
  for (u32 i = 0; i < 3; i++) {
    ExAcquireReadWriteLockShared(rw);
    sleep_ms(1);
    if (i < 2) ExReleaseReadWriteLock(rw);
  }
  DONE(0);
}
CASE(lease_taken_along) {
  ExInitializeReadWriteLock(rw);
  frames();
  th[0] = spawn(reads_and_leaves, 0);
  wait(th[0]);
  ExAcquireReadWriteLockExclusive(rw);
}
// Who clears it holds the lock and waits for a reader's answer, who wants the lock.
THREAD(answers_after_read) {
  for (u32 i = 0; i < 4; i++) {
    wait(ev[0]);
    ExAcquireReadWriteLockShared(rw);
    sleep_ms(1);
    ExReleaseReadWriteLock(rw);
    NtSetEvent(ev[1], NULL);
  }
  DONE(0);
}
CASE(answer_within_lock) {
  ExInitializeReadWriteLock(rw);
  ev[0] = event(AUTO), ev[1] = event(AUTO);
  audio();
  th[0] = spawn(answers_after_read, 0);
  for (u32 i = 0; i < 4; i++) {
    if (i == 2) ExAcquireReadWriteLockExclusive(rw);
    NtSetEvent(ev[0], NULL);
    wait(ev[1]);
  }
  wait(th[0]);
}

// --- boxes ---
// The sink leaves after five parcels, and the source, which has more, waits for room.
THREAD(sink) {
  for (u32 i = 0; i < 5; i++) {
    wait_ke(&full);
    KeReleaseSemaphore(&room, 1, 1, 0);
  }
  DONE(0);
}
CASE(sink_leaves_early) {
  KeInitializeSemaphore(&full, 0, 3), KeInitializeSemaphore(&room, 3, 3);
  frames();
  th[0] = spawn(sink, 0);
  for (u32 i = 0; i < 9; i++) {
    wait_ke(&room);
    KeReleaseSemaphore(&full, 1, 1, 0);
  }
}
// A stage asks again and again with a limit, for what nobody sends any more; the main thread joins it.
THREAD(asks_with_limit) {
  while (wait_ms(sem, 4) != STATUS_SUCCESS) {
  }
  wait(sem);
  DONE(0);
}
CASE(second_parcel_missing) {
  sem = semaphore(0);
  frames();
  th[0] = spawn(asks_with_limit, 0);
  sleep_ms(9);
  NtReleaseSemaphore(sem, 1, NULL);
  wait(th[0]);
}

// --- lights ---
static void steps(KDPC *d, void *ctx, void *a, void *b) {
  (void)d, (void)ctx, (void)a, (void)b;
  KeSetEvent(&turned, 1, 0);
  if (++state != said) KeSetTimer(&timer, MS(3), &dpc);
}
static void lights(u32 last) {
  ke_event(&turned, AUTO);
  KeInitializeTimerEx(&timer, 1, 0, 0);
  KeInitializeDpc(&dpc, (void *)steps, NULL);
  said = last;
  KeSetTimer(&timer, MS(3), &dpc);
}
// At its fourth state the DPC does not set its timer again.
CASE(light_stays) {
  lights(4);
  audio();
  for (u32 i = 0; i < 10; i++) wait_ke(&turned);
}
// Who waits for the lights stops itself until somebody has seen it, who waits for its last word.
THREAD(stops_itself) {
  NtSetEvent(ev[0], NULL);
  NtSuspendThread(CURRENT_THREAD, NULL);
  NtSetEvent(ev[1], NULL);
  DONE(0);
}
CASE(stopped_by_itself) {
  ev[0] = event(AUTO), ev[1] = event(AUTO);
  lights(0);
  th[0] = spawn(stops_itself, 0);
  wait(ev[0]);
  wait(ev[1]);
}

// --- none ---
// The lights go on, and a clerk counts them; the main thread joins it.
THREAD(counts_lights) {
  for (;;) wait_ke(&turned);
}
CASE(lights_go_on) {
  lights(0);
  wait(spawn(counts_lights, 0));
}
// Parcels come rarely, and each limit passes many times before.
THREAD(sends_rarely) {
  for (;;) {
    sleep_ms(300);
    NtReleaseSemaphore(sem, 1, NULL);
  }
}
CASE(parcels_are_rare) {
  sem = semaphore(0);
  spawn(sends_rarely, 0);
  for (;;) wait_ms(sem, 5);
}
// Readers read, who clears it clears; nobody ends.
THREAD(reads_on) {
  for (;;) {
    ExAcquireReadWriteLockShared(rw);
    sleep_ms(1);
    ExReleaseReadWriteLock(rw);
    sleep_ms(1 + INDEX);
  }
}
CASE(leases_run) {
  ExInitializeReadWriteLock(rw);
  for (u32 i = 0; i < 2; i++) spawn(reads_on, i);
  for (;;) {
    ExAcquireReadWriteLockExclusive(rw);
    sleep_ms(2);
    ExReleaseReadWriteLock(rw);
    sleep_ms(25);
  }
}
// All jobs have ended, their lanes wait for the next frame, which a person would begin; frames are shown meanwhile.
THREAD(lane) {
  for (;;) {
    wait(ev[INDEX]);
    sleep_ms(1);
    NtReleaseSemaphore(sem, 1, NULL);
  }
}
CASE(lanes_rest) {
  sem = semaphore(0);
  for (u32 i = 0; i < 3; i++) ev[i] = event(AUTO), spawn(lane, i);
  for (u32 f = 0; f < 4; f++) {
    for (u32 i = 0; i < 3; i++) NtSetEvent(ev[i], NULL);
    for (u32 i = 0; i < 3; i++) wait(sem);
  }
  main_loop();
}
MAIN
