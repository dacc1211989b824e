// Healthy titles that look like hangs: long waits which end, polls with sleeps, services that idle for ever as real
// titles have them, and a main loop that goes on. None of them hangs.
#include "hang.h"

static volatile u32 ticks;
static CRITICAL_SECTION queue;
static HANDLE go, done, stop, sem, timer, answers[4];
static KEVENT vblank;
static volatile u32 flag, items, total;
static IO_STATUS_BLOCK io;

static void interrupt(u32 source, u32 ctx) {
  (void)ctx;
  if (source == 0) KeSetEvent(&vblank, 1, 0);
}
static void init_vblank(void) {
  ke_event(&vblank, AUTO);
  VdInitializeEngines(0x527F0000, NULL, NULL, NULL, NULL);
  VdSetGraphicsInterruptCallback((void *)interrupt, NULL);
}
static void show(void) {
  static u32 area[64], fetch[6], front, format = 0x06, space, width = 1280, height = 720;
  wait_ke(&vblank);
  VdSwap(area, fetch, NULL, NULL, 0, &front, &format, &space, &width, &height);
}

// The main thread waits most of the recording for a loader that works in small steps, then goes on.
static HANDLE open_part(u32 i) {
  static char name[32];
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  HANDLE file = 0;
  sprintf(name, "cache:\\p%d.bin", i);
  name_object(&oa, &s, name);
  NtCreateFile(&file, 0xC0100080, &oa, &io, NULL, 0x80, 3, 5, 0x60);
  return file;
}
THREAD(long_loader) {
  for (u32 i = 0; i < 60; i++) {
    HANDLE file = open_part(i);
    NtWriteFile(file, 0, NULL, NULL, &io, &file, sizeof file, NULL);
    NtClose(file);
    sleep_ms(25);
  }
  NtSetEvent(done, NULL);
  DONE(0);
}
CASE(long_load_ends) {
  done = event(MANUAL);
  audio();
  spawn(long_loader, 0);
  wait(done);
  main_loop();
}

// The main thread polls an event with sleeps between, for more than a second, until it is set.
THREAD(sets_after_work) {
  for (u32 i = 0; i < 50; i++) {
    RtlEnterCriticalSection(&queue);
    items += i;
    RtlLeaveCriticalSection(&queue);
    sleep_ms(20 + i % 7);
  }
  NtSetEvent(done, NULL);
  DONE(0);
}
CASE(polls_event_till_set) {
  RtlInitializeCriticalSection(&queue);
  done = event(MANUAL);
  spawn(sets_after_work, 0);
  while (wait_ms(done, 0) == STATUS_TIMEOUT) sleep_ms(5);
  frames();
  main_loop();
}

// Services that nobody asks: for files, for sounds, for what persons do, for APCs; and pictures from the main thread.
THREAD(file_service) {
  for (;;) wait(sem);
}
THREAD(sound_service) {
  for (;;) wait_any(3, answers);
}
THREAD(notify_service) {
  for (;;) NtWaitForSingleObjectEx(stop, 1, 1, NULL);
}
THREAD(timer_service) {
  HANDLE both[2] = {stop, timer};
  for (;;) wait_any(2, both);
}
CASE(services_idle) {
  init_vblank();
  sem = semaphore(0);
  stop = event(MANUAL);
  NtCreateTimer(&timer, NULL, AUTO);
  for (u32 i = 0; i < 3; i++) answers[i] = event(AUTO);
  spawn(file_service, 0);
  spawn(sound_service, 0);
  spawn(notify_service, 0);
  spawn(timer_service, 0);
  spawn_with(file_service, 1, SUSPENDED);
  for (;;) show();
}

// Jobs in every frame: workers take counts, the main thread waits for all of them.
THREAD(job_worker) {
  for (;;) {
    wait(sem);
    for (volatile u32 i = 0; i < 2000 * (1 + INDEX); i++) {
    }
    NtSetEvent(answers[INDEX], NULL);
  }
}
CASE(jobs_in_frames) {
  init_vblank();
  sem = semaphore(0);
  for (u32 i = 0; i < 4; i++) answers[i] = event(MANUAL), spawn(job_worker, i);
  for (;;) {
    for (u32 i = 0; i < 4; i++) NtClearEvent(answers[i]);
    NtReleaseSemaphore(sem, 4, NULL);
    wait_any(4, answers);
    show();
  }
}

// A frame loop tells every fourth second's part of the time, as it has done before: the main thread waits for that.
THREAD(tells_rarely) {
  for (u32 i = 1;; i++) {
    frame();
    if (i % 30 == 0) NtSetEvent(done, NULL);
  }
}
CASE(told_rarely) {
  RtlInitializeCriticalSection(&frame_lock);
  done = event(AUTO);
  spawn(tells_rarely, 0);
  for (;;) {
    wait(done);
    total++;
  }
}

// A watchdog waits with a time limit for the beat of the main loop, which comes.
THREAD(watchdog) {
  while (wait_ms(go, 200) == STATUS_SUCCESS) total++;
  HalReturnToFirmware(1);
}
CASE(watched_loop) {
  RtlInitializeCriticalSection(&frame_lock);
  go = event(AUTO);
  spawn(watchdog, 0);
  for (;;) {
    frame();
    NtSetEvent(go, NULL);
  }
}

// Main and renderer hand frames to each other; another worker has ended, a third sleeps long.
THREAD(renderer) {
  for (;;) {
    wait(go);
    wait_ke(&vblank);
    NtSetEvent(done, NULL);
  }
}
THREAD(saves_rarely) {
  for (;;) sleep_ms(5000);
}
CASE(render_thread) {
  init_vblank();
  go = event(AUTO);
  done = event(AUTO);
  spawn(renderer, 0);
  spawn(saves_rarely, 0);
  for (;;) {
    NtSetEvent(go, NULL);
    total++;
    wait(done);
  }
}

// Cut while the main thread joins one that joins one that sleeps.
THREAD(sleeps_long) {
  sleep_ms(3000);
  DONE(0);
}
THREAD(joins_one) {
  wait(answers[0]);
  DONE(0);
}
CASE(cut_in_joins) {
  answers[0] = spawn(sleeps_long, 0);
  frames();
  audio();
  wait(spawn(joins_one, 0));
}

// The main thread only looks every tenth of a second whether to quit; another one shows the pictures.
THREAD(shows) {
  for (;;) show();
}
CASE(main_looks_for_quit) {
  init_vblank();
  stop = event(MANUAL);
  spawn(shows, 0);
  audio();
  while (wait_ms(stop, 100) == STATUS_TIMEOUT) {
  }
}

// A title that waits for a person: it looks at the controller and shows the same picture.
u32 XamInputGetState(u32 user, u32 flags, u8 *state);
CASE(press_start) {
  u8 state[16];
  init_vblank();
  sem = semaphore(0);
  spawn(file_service, 0);
  do {
    XamInputGetState(0, 0, state);
    show();
  } while (!flag);
}

// A lock that is busy nearly always, but changes hands.
THREAD(holds_long) {
  for (;;) {
    RtlEnterCriticalSection(&queue);
    sleep_ms(40 + INDEX);
    RtlLeaveCriticalSection(&queue);
  }
}
CASE(lock_changes_hands) {
  RtlInitializeCriticalSection(&queue);
  for (u32 i = 0; i < 3; i++) spawn(holds_long, i);
  for (;;) {
    RtlEnterCriticalSection(&queue);
    total++;
    RtlLeaveCriticalSection(&queue);
    sleep_ms(5);
  }
}

// Every second, out of two hundred rounds, one is told.
THREAD(tells_each_second) {
  for (u32 i = 1;; i++) {
    sleep_ms(5);
    if (i % 180 == 0) NtSetEvent(done, NULL);
  }
}
CASE(each_second) {
  done = event(AUTO);
  audio();
  spawn(tells_each_second, 0);
  for (;;) {
    wait(done);
    total++;
  }
}

// Workers that are made suspended and let go one after the other; the main thread waits for all of them to be ready.
THREAD(gets_ready) {
  NtSetEvent(answers[INDEX], NULL);
  wait(sem);
  DONE(0);
}
static HANDLE workers[4];
THREAD(lets_go) {
  for (u32 i = 0; i < 4; i++) {
    sleep_ms(300);
    NtResumeThread(workers[i], NULL);
  }
  DONE(0);
}
CASE(staged_start) {
  sem = semaphore(0);
  for (u32 i = 0; i < 4; i++) answers[i] = event(MANUAL);
  for (u32 i = 0; i < 4; i++) workers[i] = spawn_with(gets_ready, i, SUSPENDED);
  spawn(lets_go, 0);
  wait_all(4, answers);
  main_loop();
}

// Reads with an event, one after the other.
CASE(reads_with_event) {
  static u8 data[64];
  u64 at = 0;
  done = event(AUTO);
  HANDLE file = open_part(0);
  NtWriteFile(file, 0, NULL, NULL, &io, data, sizeof data, NULL);
  audio();
  for (;;) {
    NtReadFile(file, done, NULL, NULL, &io, data, sizeof data, &at);
    wait(done);
    sleep_ms(20);
  }
}

// A main loop that is a wait which APCs of a timer interrupt for ever.
static void on_tick(u32 ctx, u32 low, u32 high) {
  (void)ctx, (void)low, (void)high;
  ticks++;
}
CASE(lives_by_apcs) {
  HANDLE timer;
  s64 due = MS(10);
  done = event(MANUAL);
  NtCreateTimer(&timer, NULL, 1);
  NtSetTimerEx(timer, &due, (void *)on_tick, 1, NULL, 0, 15, NULL);
  for (;;) NtWaitForSingleObjectEx(done, 1, 1, NULL);
}

MAIN
