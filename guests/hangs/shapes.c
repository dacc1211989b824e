// Hangs, and what is none, in the shapes of newer engines: promises, latches, forks, condition queues, errors on the
// way out, tables of calls.
#include "hang.h"

NTSTATUS NtCreateIoCompletion(HANDLE *, u32, void *, u32), NtSetIoCompletion(HANDLE, u32, u32, u32, u32),
    NtRemoveIoCompletion(HANDLE, u32 *, u32 *, IO_STATUS_BLOCK *, const s64 *);
void ExInitializeReadWriteLock(void *), ExAcquireReadWriteLockShared(void *), ExAcquireReadWriteLockExclusive(void *),
    ExReleaseReadWriteLock(void *);

static HANDLE ev[6], th[6], sem, port;
static KEVENT promise[4];
static u32 rw[14];
static volatile u32 latch, ready, asked;

static u32 count_down(void) { return __sync_sub_and_fetch(&latch, 1); }

// --- promises ---
// Who answers leaves out the kind that it does not know, and asks for the next one.
THREAD(answers) {
  for (;;) {
    wait(ev[0]);
    u32 i = asked;
    if (i != 2) KeSetEvent(&promise[i], 1, 0);
  }
}
CASE(promise_of_no_kind) {
  ev[0] = event(AUTO);
  for (u32 i = 0; i < 4; i++) ke_event(&promise[i], MANUAL);
  frames();
  th[0] = spawn(answers, 0);
  for (u32 i = 0; i < 4; i++) {
    asked = i;
    NtSetEvent(ev[0], NULL);
    wait_ke(&promise[i]);
  }
}

// --- latches ---
THREAD(counts_down) {
  sleep_ms(2 + INDEX);
  if (count_down() == 0) NtSetEvent(ev[0], NULL);
  DONE(0);
}
// One more than there are workers.
CASE(latch_of_one_too_many) {
  ev[0] = event(MANUAL);
  latch = 4;
  audio();
  for (u32 i = 0; i < 3; i++) th[i] = spawn(counts_down, i);
  wait_all(3, th);
  wait(ev[0]);
}

// --- forks ---
THREAD(leaf) { DONE(INDEX); }
THREAD(forks) {
  HANDLE child = spawn_with(leaf, 7, INDEX == 2 ? SUSPENDED : 0);
  wait(child);
  DONE(0);
}
// The second of three forks makes its child suspended, and nobody lets it go.
CASE(fork_sleeps) {
  frames();
  for (u32 i = 1; i <= 3; i++) th[i - 1] = spawn(forks, i);
  wait_all(3, th);
}

// --- queues of waiters ---
// Two wait for their turn, and only one is told.
THREAD(has_a_turn) {
  wait(ev[INDEX]);
  DONE(0);
}
CASE(tells_one_of_two) {
  ev[1] = event(AUTO), ev[2] = event(AUTO);
  audio();
  for (u32 i = 1; i <= 2; i++) th[i - 1] = spawn(has_a_turn, i);
  sleep_ms(3);
  NtSetEvent(ev[1], NULL);
  wait_all(2, th);
}

// --- errors on the way out ---
// A permit is taken, a file is not there, and who took it leaves without giving it back.
THREAD(leaves_on_error) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  IO_STATUS_BLOCK io;
  HANDLE file = 0;
  wait(sem);
  name_object(&oa, &s, "game:\\nowhere.bin");
  if (NtCreateFile(&file, 0x80100080, &oa, &io, NULL, 0x80, 1, 1, 0x40) != STATUS_SUCCESS) DONE(2);
  NtReleaseSemaphore(sem, 1, NULL);
  DONE(0);
}
CASE(permit_lost_on_error) {
  sem = semaphore(1);
  frames();
  th[0] = spawn(leaves_on_error, 0);
  wait(th[0]);
  wait(sem);
}

// --- readers and writers ---
// Who reads waits for what the writer tells, who writes waits for the reader.
THREAD(writes_then_tells) {
  sleep_ms(3);
  ExAcquireReadWriteLockExclusive(rw);
  NtSetEvent(ev[0], NULL);
  ExReleaseReadWriteLock(rw);
  DONE(0);
}
CASE(reads_till_told) {
  ExInitializeReadWriteLock(rw);
  ev[0] = event(AUTO);
  audio();
  th[0] = spawn(writes_then_tells, 0);
  ExAcquireReadWriteLockShared(rw);
  sleep_ms(8);
  wait(ev[0]);
  ExReleaseReadWriteLock(rw);
}

// --- signals that are not kept ---
// The stage is told to begin before it waits, by a pulse.
THREAD(stage) {
  sleep_ms(6);
  wait(ev[0]);
  NtSetEvent(ev[1], NULL);
  DONE(0);
}
CASE(pulsed_too_soon) {
  ev[0] = event(MANUAL), ev[1] = event(AUTO);
  frames();
  th[0] = spawn(stage, 0);
  sleep_ms(2);
  NtPulseEvent(ev[0], NULL);
  wait(ev[1]);
}

// --- tables of calls ---
// A service runs what it is sent, by number; the number that ends it is never sent, and its maker joins it.
THREAD(serves) {
  u32 key, value;
  IO_STATUS_BLOCK io;
  do NtRemoveIoCompletion(port, &key, &value, &io, NULL);
  while (key != 9);
  DONE(0);
}
CASE(never_told_to_end) {
  NtCreateIoCompletion(&port, 0, NULL, 0);
  audio();
  th[0] = spawn(serves, 0);
  for (u32 i = 0; i < 4; i++) NtSetIoCompletion(port, i, 1, 0, i);
  wait(th[0]);
}

// --- memory that nobody changes ---
THREAD(forgets_to_say) { DONE(0); }
CASE(yields_for_a_flag) {
  th[0] = spawn(forgets_to_say, 0);
  while (!ready) NtYieldExecution();
}

// --- healthy ---
// The latch is right, and each round has another.
CASE(latches) {
  ev[0] = event(AUTO);
  audio();
  for (u32 round = 0; round < 20; round++) {
    latch = 3;
    for (u32 i = 0; i < 3; i++) th[i] = spawn(counts_down, i);
    wait(ev[0]);
    wait_all(3, th);
    for (u32 i = 0; i < 3; i++) NtClose(th[i]);
  }
}
// A promise takes its time: who answers computes till long after the end.
THREAD(computes_then_answers) {
  // By what it finds, as a search does: rounds of which no two need be alike.
  static u8 board[4096];
  u32 x = 1, found = 0;
  for (u32 i = 0; i < 2000000000u; i++) {
    x = x * 1664525u + 1013904223u;
    u8 *at = &board[x >> 20];
    if (*at > (x & 0xFF))
      found++, *at = (u8)(*at / 2);
    else if (x & 0x1000)
      *at = (u8)(*at + 3);
    else if ((x >> 8 & 15) == found % 16)
      *at ^= 0x55;
  }
  board[0] = (u8)found;
  KeSetEvent(&promise[0], 1, 0);
  DONE(0);
}
CASE(promise_takes_time) {
  ke_event(&promise[0], MANUAL);
  spawn(computes_then_answers, 0);
  wait_ke(&promise[0]);
}
// Forks that come back, for as long as it runs.
CASE(forks_come_back) {
  for (;;) {
    for (u32 i = 0; i < 3; i++) th[i] = spawn(leaf, i);
    wait_all(3, th);
    for (u32 i = 0; i < 3; i++) NtClose(th[i]);
    sleep_ms(4);
  }
}
// A service that is told nothing any more, while frames go on.
CASE(service_left_alone) {
  NtCreateIoCompletion(&port, 0, NULL, 0);
  spawn(serves, 0);
  for (u32 i = 0; i < 4; i++) NtSetIoCompletion(port, i, 1, 0, i);
  for (;;) frame();
}

MAIN
