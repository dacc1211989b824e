// Healthy titles: each waits, polls or idles in a way that a hang does too, and none of them hangs. They end by
// themselves, or run until their recording is cut.
#include "hang.h"

u32 XamInputGetState(u32 user, u32 flags, u8 *state);

static CRITICAL_SECTION lock;
static HANDLE work, done, stop, timer, sem, lock_m, h[6];
static KEVENT kwork, vblank;
static KDPC dpc;
static volatile u32 jobs, total, flag;
static IO_STATUS_BLOCK io;

static void leave(void) { HalReturnToFirmware(1); }
static void compute(u32 n) {
  for (volatile u32 i = 0; i < n; i++) {
  }
}

// Workers of a pool: each takes a count, works, and says that it is done.
THREAD(pool_worker) {
  for (;;) {
    wait(sem);
    RtlEnterCriticalSection(&lock);
    jobs++;
    RtlLeaveCriticalSection(&lock);
    NtSetEvent(done, NULL);
  }
}
static void pool(u32 n) {
  RtlInitializeCriticalSection(&lock);
  sem = semaphore(0);
  done = event(AUTO);
  for (u32 i = 0; i < n; i++) h[i] = spawn(pool_worker, i);
}
static void pool_round(u32 n) {
  for (u32 i = 0; i < n; i++) {
    NtReleaseSemaphore(sem, 1, NULL);
    wait(done);
  }
}
// The title ends while its pool waits for work.
CASE(pool_idle_at_exit) {
  pool(4);
  pool_round(20);
  leave();
}
// The pool has had its work; the main loop needs it no more.
CASE(pool_idle_at_limit) {
  pool(5);
  pool_round(12);
  audio();
  main_loop();
}
// A pool that has not had any work yet.
CASE(pool_never_used) {
  pool(4);
  main_loop();
}
// The main thread returns, which ends it alone; the rest of the title lives on.
CASE(main_thread_ended) {
  audio();
  frames();
}

// A service that waits for a request or for the end, by design for ever.
THREAD(service) {
  HANDLE both[2] = {stop, work};
  while (wait_any(2, both) == 1) total++;
  DONE(0);
}
CASE(service_not_asked_yet) {
  stop = event(MANUAL);
  work = event(AUTO);
  spawn(service, 0);
  audio();
  main_loop();
}
CASE(service_stopped) {
  stop = event(MANUAL);
  work = event(AUTO);
  HANDLE s = spawn(service, 0);
  for (u32 i = 0; i < 5; i++) {
    NtSetEvent(work, NULL);
    sleep_ms(2);
  }
  NtSetEvent(stop, NULL);
  wait(s);
}

// A wait with a timeout that ends after the recording does.
CASE(long_timeout) {
  done = event(AUTO);
  audio();
  if (wait_ms(done, 30000) == STATUS_TIMEOUT) say("none came");
  leave();
}
// So does a sleep, and a join of the sleeper.
THREAD(sleeper) {
  sleep_ms(20000);
  DONE(0);
}
CASE(joins_sleeper) {
  frames();
  HANDLE s = spawn(sleeper, 0);
  wait(s);
}
// A wait that ends at times, and would after the cut.
THREAD(slow_producer) {
  for (;;) {
    sleep_ms(700);
    NtSetEvent(work, NULL);
  }
}
CASE(cut_before_signal) {
  work = event(AUTO);
  frames();
  spawn(slow_producer, 0);
  for (;;) wait(work);
}
// A lock that is held for long, and would be released after the cut.
THREAD(long_holder) {
  for (;;) {
    RtlEnterCriticalSection(&lock);
    sleep_ms(900);
    RtlLeaveCriticalSection(&lock);
    sleep_ms(1);
  }
}
CASE(cut_within_lock) {
  RtlInitializeCriticalSection(&lock);
  spawn(long_holder, 0);
  sleep_ms(5);
  for (;;) {
    RtlEnterCriticalSection(&lock);
    total++;
    RtlLeaveCriticalSection(&lock);
  }
}
// A loader at work, whose end the main thread awaits: every round is another.
THREAD(loads) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  char name[32];
  for (u32 i = 0; i < 4000; i++) {
    HANDLE file = 0;
    sprintf(name, "cache:\\part%d.bin", i);
    name_object(&oa, &s, name);
    NtCreateFile(&file, 0xC0100080, &oa, &io, NULL, 0x80, 3, 5, 0x60);
    NtWriteFile(file, 0, NULL, NULL, &io, name, sizeof name, NULL);
    NtClose(file);
    sleep_ms(1 + i % 3);
  }
  NtSetEvent(done, NULL);
  DONE(0);
}
CASE(cut_while_loading) {
  done = event(MANUAL);
  audio();
  spawn(loads, 0);
  wait(done);
}
// The same by computing alone: no call for seconds, but no loop that stands still either.
THREAD(sieves) {
  static u8 composite[65536];
  for (u32 round = 1; round < 100000; round++)
    for (u32 i = 2; i < sizeof composite; i++) {
      if (composite[i] == (u8)round) continue;
      for (u32 j = 2 * i; j < sizeof composite; j += i) composite[j] = (u8)round;
      total++;
    }
  DONE(0);
}
CASE(cut_while_computing) {
  HANDLE s = spawn(sieves, 0);
  wait(s);
}

// A frame for each vertical blank, whose interrupt sets the event.
static void interrupt(u32 source, u32 ctx) {
  (void)ctx;
  if (source == 0) KeSetEvent(&vblank, 1, 0);
}
static void wait_vblank(void) { wait_ke(&vblank); }
THREAD(timer_helper) {
  s64 due = MS(10);
  NtCreateTimer(&timer, NULL, 1);
  NtSetTimerEx(timer, &due, NULL, 1, NULL, 0, 33, NULL);
  for (;;) wait(timer), total++;
}
static void init_vblank(void) {
  ke_event(&vblank, AUTO);
  VdInitializeEngines(0x527F0000, NULL, NULL, NULL, NULL);
  VdSetGraphicsInterruptCallback((void *)interrupt, NULL);
}
CASE(vblank_loop) {
  init_vblank();
  spawn(timer_helper, 0);
  pool(2);
  for (;;) wait_vblank(), total++;
}
// The main thread joins the thread that is the game.
THREAD(the_game) {
  for (;;) wait_vblank(), NtSetEvent(work, NULL);
}
CASE(main_joins_game) {
  init_vblank();
  work = event(AUTO);
  HANDLE game = spawn(the_game, 0);
  wait(game);
}
// A quit event is polled in every frame, and never set.
CASE(polls_quit) {
  init_vblank();
  stop = event(MANUAL);
  audio();
  while (wait_ms(stop, 0) == STATUS_TIMEOUT) {
    wait_vblank();
    total++;
  }
}
// No controller: the same failing status in every frame.
CASE(no_controller) {
  u8 state[16];
  init_vblank();
  for (;;) {
    for (u32 user = 1; user < 4; user++) XamInputGetState(user, 0, state);
    wait_vblank();
  }
}
// An optional file is looked for at each start of a level, and is never there.
static NTSTATUS look_for(const char *path) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  NETWORK_OPEN_INFORMATION info;
  name_object(&oa, &s, path);
  return NtQueryFullAttributesFile(&oa, &info);
}
CASE(optional_file) {
  init_vblank();
  for (u32 i = 0;; i++) {
    if (i % 8 == 0) look_for("game:\\extra.bin");
    wait_vblank();
  }
}
// A file that appears after some tries.
THREAD(writes_late) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  HANDLE file = 0;
  sleep_ms(50);
  name_object(&oa, &s, "cache:\\late.bin");
  NtCreateFile(&file, 0xC0100080, &oa, &io, NULL, 0x80, 3, 5, 0x60);
  NtClose(file);
  DONE(0);
}
CASE(retries_then_finds) {
  spawn(writes_late, 0);
  while (look_for("cache:\\late.bin") != STATUS_SUCCESS) sleep_ms(2);
  leave();
}

// A flag that is polled until a worker sets it.
THREAD(sets_flag) {
  sleep_ms(60);
  flag = 1;
  DONE(0);
}
CASE(polls_flag_then_goes_on) {
  spawn(sets_flag, 0);
  while (!flag) sleep_ms(1);
  audio();
  main_loop();
}
// A lost wake-up that a timeout mends, round after round.
THREAD(sets_early) {
  for (;;) {
    NtPulseEvent(work, NULL);
    sleep_ms(7);
  }
}
CASE(timeout_mends) {
  work = event(AUTO);
  spawn(sets_early, 0);
  for (;;) {
    wait_ms(work, 5);
    compute(100);
    total++;
  }
}
// Pulses that do find their waiter, each time.
THREAD(pulses) {
  for (u32 i = 0; i < 50; i++) {
    sleep_ms(3);
    NtPulseEvent(work, NULL);
  }
  DONE(0);
}
CASE(pulses_arrive) {
  work = event(MANUAL);
  spawn(pulses, 0);
  for (u32 i = 0; i < 50; i++) wait(work);
  leave();
}
// Events are cleared before each request, as they should be, and sets coalesce without harm.
THREAD(answers) {
  for (;;) {
    wait(work);
    NtSetEvent(done, NULL);
    NtSetEvent(done, NULL);
  }
}
CASE(clears_before_asking) {
  work = event(AUTO);
  done = event(MANUAL);
  spawn(answers, 0);
  for (u32 i = 0; i < 40; i++) {
    NtClearEvent(done);
    NtSetEvent(work, NULL);
    wait(done);
  }
  leave();
}

// A spare thread that is kept suspended, and that nobody waits for.
THREAD(spare) { DONE(0); }
CASE(spare_suspended) {
  spawn_with(spare, 0, SUSPENDED);
  audio();
  main_loop();
}
// A thread that parks itself between its jobs, and is resumed for each.
THREAD(parks) {
  for (;;) {
    NtSuspendThread(CURRENT_THREAD, NULL);
    total++;
  }
}
CASE(parked_worker) {
  HANDLE p = spawn(parks, 0);
  init_vblank();
  for (u32 i = 0;; i++) {
    wait_vblank();
    if (i % 4 == 3 && i < 40) NtResumeThread(p, NULL);
  }
}
// Threads that come and go; the last end is the title's.
THREAD(short_lived) {
  compute(500 * (1 + INDEX));
  RtlEnterCriticalSection(&lock);
  total++;
  RtlLeaveCriticalSection(&lock);
  DONE(INDEX);
}
CASE(threads_that_ended) {
  RtlInitializeCriticalSection(&lock);
  for (u32 round = 0; round < 5; round++) {
    for (u32 i = 0; i < 6; i++) h[i] = spawn(short_lived, i);
    wait_all(6, h);
    for (u32 i = 0; i < 6; i++) NtClose(h[i]);
  }
}
// Threads that contend for locks in one order, and end.
THREAD(contends) {
  for (u32 i = 0; i < 200; i++) {
    RtlEnterCriticalSection(&lock);
    wait(lock_m);
    compute(20);
    NtReleaseMutant(lock_m, NULL);
    RtlLeaveCriticalSection(&lock);
  }
  DONE(0);
}
CASE(locks_in_order) {
  RtlInitializeCriticalSection(&lock);
  lock_m = mutant();
  for (u32 i = 0; i < 4; i++) h[i] = spawn(contends, i);
  wait_all(4, h);
}
// A thread ends with a mutant, which the next one takes as abandoned.
THREAD(leaves_with_mutant) {
  wait(lock_m);
  DONE(0);
}
CASE(mutant_taken_over) {
  lock_m = mutant();
  HANDLE t = spawn(leaves_with_mutant, 0);
  wait(t);
  if (wait(lock_m) == 0x80) say("taken over");
  NtReleaseMutant(lock_m, NULL);
  audio();
  main_loop();
}
// A worker that waits alertably for ever, and lives by the APCs that it is sent.
static void apc_routine(u32 ctx, u32 a, u32 b) {
  (void)ctx, (void)a, (void)b;
  total++;
}
THREAD(alertable) {
  for (;;) NtWaitForSingleObjectEx(stop, 1, 1, NULL);
}
CASE(apc_driven) {
  stop = event(MANUAL);
  HANDLE t = spawn(alertable, 0);
  for (;;) {
    NtQueueApcThread(t, (void *)apc_routine, NULL, NULL, NULL);
    sleep_ms(25);
  }
}
// An event from a DPC in every frame.
static void dpc_routine(u32 self, u32 ctx, u32 a, u32 b) {
  (void)self, (void)ctx, (void)a, (void)b;
  KeSetEvent(&kwork, 0, 0);
}
CASE(dpc_driven) {
  ke_event(&kwork, AUTO);
  KeInitializeDpc(&dpc, (void *)dpc_routine, NULL);
  for (;;) {
    KeInsertQueueDpc(&dpc, NULL, NULL);
    wait_ke(&kwork);
    sleep_ms(10);
  }
}
// A timer that is due after the cut.
CASE(timer_due_later) {
  s64 due = MS(10000);
  NtCreateTimer(&timer, NULL, 0);
  NtSetTimerEx(timer, &due, NULL, 1, NULL, 0, 0, NULL);
  frames();
  wait(timer);
}
// Three stages hand each other a token for ever.
THREAD(stage) {
  for (;;) {
    wait(h[INDEX]);
    sleep_ms(1);
    NtSetEvent(h[(INDEX + 1) % 3], NULL);
  }
}
CASE(token_ring) {
  for (u32 i = 0; i < 3; i++) h[i] = event(AUTO);
  for (u32 i = 1; i < 3; i++) spawn(stage, i);
  NtSetEvent(h[0], NULL);
  for (;;) {
    wait(h[0]);
    sleep_ms(1);
    NtSetEvent(h[1], NULL);
  }
}

// The owner of a lock computes within it, for longer than the recording.
THREAD(computes_within_lock) {
  RtlEnterCriticalSection(&lock);
  sieves(NULL);
}
CASE(lock_owner_computes) {
  RtlInitializeCriticalSection(&lock);
  spawn(computes_within_lock, 0);
  sleep_ms(2);
  RtlEnterCriticalSection(&lock);
}
// A producer that waits for room, and a consumer that takes its time.
THREAD(slow_consumer) {
  for (;;) {
    wait(sem);
    sleep_ms(300);
    NtReleaseSemaphore(done, 1, NULL);
  }
}
CASE(bounded_queue) {
  sem = semaphore(0);
  done = semaphore(2);
  audio();
  spawn(slow_consumer, 0);
  for (;;) {
    wait(done);
    NtReleaseSemaphore(sem, 1, NULL);
  }
}
// A thread that sleeps for ever, alertably, for APCs that have not come.
THREAD(sleeps_for_ever) {
  s64 for_ever = (s64)0x8000000000000000;
  for (;;) KeDelayExecutionThread(1, 1, &for_ever);
}
CASE(sleeping_service) {
  spawn(sleeps_for_ever, 0);
  audio();
  main_loop();
}
// The main thread waits for the end of the title, which no one has asked for, while another thread draws.
THREAD(draws) {
  static u32 area[64], fetch[6], front, format = 0x06, space, width = 1280, height = 720;
  for (;;) {
    wait_vblank();
    VdSwap(area, fetch, NULL, NULL, 0, &front, &format, &space, &width, &height);
  }
}
CASE(main_waits_for_quit) {
  init_vblank();
  stop = event(MANUAL);
  spawn(draws, 0);
  audio();
  wait(stop);
}

// The main thread polls while a worker computes, with pauses or without: cut before the worker is done.
THREAD(computes_then_sets) {
  sieves(ctx);
  flag = 1;
}
CASE(polls_while_computing) {
  spawn(computes_then_sets, 0);
  while (!flag) sleep_ms(2);
}
CASE(spins_while_computing) {
  spawn(computes_then_sets, 0);
  while (!flag) {
  }
}
// Readers share a lock and sleep within it; the writer's turn comes.
void ExInitializeReadWriteLock(u32 *), ExAcquireReadWriteLockExclusive(u32 *), ExAcquireReadWriteLockShared(u32 *),
    ExReleaseReadWriteLock(u32 *);
static u32 rwlock[14];
THREAD(reader) {
  for (u32 i = 0;; i++) {
    ExAcquireReadWriteLockShared(rwlock);
    sleep_ms(30 + 7 * (i % 5) + INDEX);
    ExReleaseReadWriteLock(rwlock);
    sleep_ms(11);
  }
}
CASE(writer_waits_for_readers) {
  ExInitializeReadWriteLock(rwlock);
  for (u32 i = 0; i < 3; i++) spawn(reader, i);
  for (;;) {
    ExAcquireReadWriteLockExclusive(rwlock);
    total++;
    ExReleaseReadWriteLock(rwlock);
    sleep_ms(1);
  }
}
// A worker is stopped and let go on, again and again.
THREAD(works_when_let) {
  for (;;) {
    total++;
    sleep_ms(1);
  }
}
CASE(pauses_worker) {
  HANDLE w = spawn(works_when_let, 0);
  for (;;) {
    NtSuspendThread(w, NULL);
    sleep_ms(40);
    NtResumeThread(w, NULL);
    sleep_ms(10);
  }
}

MAIN
