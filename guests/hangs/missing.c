// Missing signalers: nobody gives the signal. The thread that should have has left, gave up, or waits itself.
#include "hang.h"

static HANDLE work, done, other, sem, replies[3];
static KEVENT kdone;
static volatile u32 job;

static int exists(const char *path) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  NETWORK_OPEN_INFORMATION info;
  name_object(&oa, &s, path);
  return NtQueryFullAttributesFile(&oa, &info) == STATUS_SUCCESS;
}

// A server that answers each job, but gives up on the one whose file is missing.
THREAD(gives_up) {
  for (;;) {
    wait(work);
    if (job == 3 && !exists("game:\\missing.bin")) continue;
    NtSetEvent(done, NULL);
  }
  DONE(0);
}
CASE(early_exit_path) {
  work = event(AUTO);
  done = event(AUTO);
  audio();
  spawn(gives_up, 0);
  for (job = 0; job < 5; job++) {
    NtSetEvent(work, NULL);
    wait(done);
  }
}

// The producer makes four items and ends; the consumer expects five.
THREAD(producer) {
  for (u32 i = 0; i < 4; i++) {
    sleep_ms(1);
    NtSetEvent(done, NULL);
  }
  DONE(1);
}
CASE(producer_exited) {
  done = event(AUTO);
  spawn(producer, 0);
  for (u32 i = 0; i < 5; i++) wait(done);
}

// The same beside audio, with an event in the title's memory.
THREAD(ke_producer) {
  for (u32 i = 0; i < 3; i++) {
    sleep_ms(2);
    KeSetEvent(&kdone, 0, 0);
  }
  DONE(0);
}
CASE(ke_producer_exited) {
  ke_event(&kdone, AUTO);
  audio();
  frames();
  spawn(ke_producer, 0);
  for (u32 i = 0; i < 4; i++) wait_ke(&kdone);
}

// A barrier of six workers, of which one leaves without its count.
THREAD(arrives) {
  sleep_ms(1 + INDEX);
  if (INDEX != 2) NtReleaseSemaphore(sem, 1, NULL);
  DONE(INDEX == 2 ? 0xC0000001u : 0);
}
CASE(released_too_few) {
  sem = semaphore(0);
  frames();
  for (u32 i = 0; i < 6; i++) spawn(arrives, i);
  for (u32 i = 0; i < 6; i++) wait(sem);
}

// The signaler sets a duplicate, but of another event.
THREAD(sets_other) {
  HANDLE copy = 0;
  NtDuplicateObject(other, &copy, 0);
  NtSetEvent(copy, NULL);
  NtClose(copy);
  DONE(0);
}
CASE(duplicate_of_another) {
  done = event(MANUAL);
  other = event(MANUAL);
  spawn(sets_other, 0);
  wait(done);
}

// The event is made anew while the main thread waits for the old one.
THREAD(renews) {
  sleep_ms(5);
  done = event(AUTO);
  NtSetEvent(done, NULL);
  DONE(0);
}
CASE(made_anew) {
  done = event(AUTO);
  audio();
  spawn(renews, 0);
  wait(done);
}

// Two names that should be one.
THREAD(sets_named) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  HANDLE h = 0;
  name_object(&oa, &s, "LoadDone2");
  NtCreateEvent(&h, &oa, MANUAL, 0);
  NtSetEvent(h, NULL);
  DONE(0);
}
CASE(another_name) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  name_object(&oa, &s, "LoadDone");
  NtCreateEvent(&done, &oa, MANUAL, 0);
  spawn(sets_named, 0);
  wait(done);
}

// All of three replies, of which the second never comes.
THREAD(replies_but_one) {
  sleep_ms(2);
  NtSetEvent(replies[0], NULL);
  NtSetEvent(replies[2], NULL);
  for (;;) wait(work);
  DONE(0);
}
CASE(one_of_all) {
  work = event(AUTO);
  for (u32 i = 0; i < 3; i++) replies[i] = event(MANUAL);
  frames();
  spawn(replies_but_one, 0);
  wait_all(3, replies);
}

// Any of two, and neither comes: the worker that knows both takes the fourth job and waits for the next.
THREAD(never_replies) {
  for (u32 i = 0;; i++) {
    wait(work);
    if (i < 3) NtSetEvent(replies[i & 1], NULL);
  }
  DONE(0);
}
CASE(none_of_any) {
  work = event(AUTO);
  for (u32 i = 0; i < 2; i++) replies[i] = event(AUTO);
  spawn(never_replies, 0);
  for (u32 i = 0; i < 4; i++) {
    NtSetEvent(work, NULL);
    wait_any(2, replies);
  }
}

// The signaler of every round before waits for something of its own, which nobody gives.
THREAD(stuck_server) {
  for (u32 i = 0;; i++) {
    wait(work);
    if (i == 4) wait(other);
    NtSetEvent(done, NULL);
  }
  DONE(0);
}
CASE(signaler_waits) {
  work = event(AUTO);
  done = event(AUTO);
  other = event(AUTO);
  audio();
  spawn(stuck_server, 0);
  for (u32 i = 0; i < 6; i++) {
    NtSetEvent(work, NULL);
    wait(done);
  }
}

// An event that only the waiting thread has ever seen.
CASE(nobody_knows_it) {
  done = event(MANUAL);
  frames();
  audio();
  wait(done);
}

// A worker tells the main thread of the end of a load by a signal-and-wait, but names the wrong event.
THREAD(signals_and_waits) {
  sleep_ms(2);
  NtSignalAndWaitForSingleObjectEx(other, work, 1, 0, NULL);
  DONE(0);
}
CASE(signals_the_wrong_one) {
  work = event(AUTO);
  done = event(AUTO);
  other = event(AUTO);
  spawn(signals_and_waits, 0);
  wait(done);
  NtSetEvent(work, NULL);
}

// The reader of a completion port waits for the packet of a read that was never begun; the main thread joins it.
NTSTATUS NtCreateIoCompletion(HANDLE *, OBJECT_ATTRIBUTES *, u32 access, u32 threads);
NTSTATUS NtSetIoCompletion(HANDLE, u32 key, u32 value, NTSTATUS, u32 information);
NTSTATUS NtRemoveIoCompletion(HANDLE, u32 *key, u32 *value, IO_STATUS_BLOCK *, const s64 *timeout);
static HANDLE port;
THREAD(takes_packets) {
  u32 key, value;
  IO_STATUS_BLOCK io;
  for (u32 i = 0; i < 4; i++) NtRemoveIoCompletion(port, &key, &value, &io, NULL);
  DONE(0);
}
CASE(packet_never_posted) {
  NtCreateIoCompletion(&port, NULL, 0x1F0003, 0);
  audio();
  HANDLE h = spawn(takes_packets, 0);
  for (u32 i = 0; i < 3; i++) NtSetIoCompletion(port, i, 0, 0, 0);
  wait(h);
}

MAIN
