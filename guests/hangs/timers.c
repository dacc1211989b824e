// Timers, DPCs and APCs that never come.
#include "hang.h"

static HANDLE timer, done, file;
static KEVENT kdone;
static KDPC dpc;
static KTIMER ktimer;
static IO_STATUS_BLOCK io;
static u8 data[64];

static HANDLE new_timer(u32 type) {
  HANDLE h = 0;
  NtCreateTimer(&h, NULL, type);
  return h;
}
static void set_timer(s64 due, u32 period) { NtSetTimerEx(timer, &due, NULL, 1, NULL, 0, period, NULL); }

CASE(timer_never_set) {
  timer = new_timer(MANUAL);
  audio();
  wait(timer);
}

CASE(timer_cancelled) {
  u32 was = 0;
  timer = new_timer(AUTO);
  set_timer(MS(50), 0);
  NtCancelTimer(timer, &was);
  wait(timer);
}

// A periodic timer that another thread cancels after some ticks.
THREAD(cancels) {
  u32 was = 0;
  sleep_ms(32);
  NtCancelTimer(timer, &was);
  DONE(0);
}
CASE(timer_cancelled_by_other) {
  timer = new_timer(AUTO);
  set_timer(MS(5), 5);
  frames();
  spawn(cancels, 0);
  for (u32 i = 0; i < 10; i++) wait(timer);
}

// An absolute time far away: meant as a relative one, the sign forgotten. Some year after 2170.
CASE(timer_far_future) {
  timer = new_timer(MANUAL);
  set_timer(0x0280000000000000, 0);
  audio();
  wait(timer);
}

// A timer that fires once, waited for twice.
CASE(timer_fires_once) {
  timer = new_timer(AUTO);
  set_timer(MS(3), 0);
  for (u32 i = 0; i < 2; i++) wait(timer);
}

// A timer in the title's memory that is initialised and never set.
CASE(ke_timer_never_set) {
  ktimer.h.type = 8;
  ktimer.h.flink = ktimer.h.blink = (u32)(usize)&ktimer.h.flink;
  frames();
  wait_ke(&ktimer);
}

// The event that a DPC sets; the DPC of the last round is not queued.
static void dpc_routine(u32 self, u32 ctx, u32 a, u32 b) {
  (void)self, (void)ctx, (void)a, (void)b;
  KeSetEvent(&kdone, 0, 0);
}
CASE(dpc_not_queued) {
  ke_event(&kdone, AUTO);
  KeInitializeDpc(&dpc, (void *)dpc_routine, NULL);
  audio();
  for (u32 i = 0; i < 4; i++) {
    if (i < 3) KeInsertQueueDpc(&dpc, NULL, NULL);
    wait_ke(&kdone);
  }
}

// A DPC that no one ever queues.
CASE(dpc_never_queued) {
  ke_event(&kdone, MANUAL);
  KeInitializeDpc(&dpc, (void *)dpc_routine, NULL);
  wait_ke(&kdone);
}

// The APC that sets the event is queued to a thread which waits for it without being alertable.
static void apc_routine(u32 ctx, u32 a, u32 b) {
  (void)ctx, (void)a, (void)b;
  NtSetEvent(done, NULL);
}
static HANDLE target;
THREAD(queues_apc) {
  sleep_ms(3);
  NtQueueApcThread(target, (void *)apc_routine, NULL, NULL, NULL);
  DONE(0);
}
CASE(apc_not_alertable) {
  done = event(MANUAL);
  NtDuplicateObject(CURRENT_THREAD, &target, 0);
  spawn(queues_apc, 0);
  wait(done);
}

// To another thread, which waits for work for ever and never alertably; the main thread waits for the APC's event.
static HANDLE work;
THREAD(not_alertable) {
  for (;;) wait(work);
  DONE(0);
}
CASE(apc_to_worker) {
  done = event(MANUAL);
  work = event(AUTO);
  frames();
  target = spawn(not_alertable, 0);
  NtQueueApcThread(target, (void *)apc_routine, NULL, NULL, NULL);
  wait(done);
}

// A read whose completion routine would set the event.
CASE(read_apc_not_alertable) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  done = event(MANUAL);
  audio();
  name_object(&oa, &s, "cache:\\data.bin");
  NtCreateFile(&file, 0xC0100080, &oa, &io, NULL, 0x80, 3, 5, 0x40);
  NtWriteFile(file, 0, NULL, NULL, &io, data, sizeof data, NULL);
  u64 at = 0;
  NtReadFile(file, 0, (void *)apc_routine, NULL, &io, data, sizeof data, &at);
  wait(done);
}

// A timer with an APC, and a thread that is not alertable either.
CASE(timer_apc_not_alertable) {
  s64 due = MS(4);
  done = event(MANUAL);
  timer = new_timer(AUTO);
  NtSetTimerEx(timer, &due, (void *)apc_routine, 1, NULL, 0, 0, NULL);
  frames();
  wait(done);
}

MAIN
