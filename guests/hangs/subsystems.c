// One subsystem of a title each, as its parts meet: hangs by a slip that is only made late, and healthy ones that look
// alike.
#include "hang.h"

u32 XAudioRegisterRenderDriverClient(void *callback, u32 *driver),
    XAudioSubmitRenderDriverFrame(u32 driver, void *frame);
u32 KeSetTimer(KTIMER *, s64 due, KDPC *), KeCancelTimer(KTIMER *);
NTSTATUS NtCreateIoCompletion(HANDLE *, OBJECT_ATTRIBUTES *, u32 access, u32 threads);
NTSTATUS NtSetIoCompletion(HANDLE, u32 key, u32 value, NTSTATUS, u32 information);
NTSTATUS NtRemoveIoCompletion(HANDLE, u32 *key, u32 *value, IO_STATUS_BLOCK *, const s64 *timeout);
u32 NetDll_WSAStartup(u32, u32, void *), NetDll_socket(u32, u32, u32, u32);
u32 NetDll_recvfrom(u32, u32, void *, u32, u32, void *, u32 *), NetDll_WSAGetLastError(void);

static HANDLE first, second, third, items, room, workers[4];
static CRITICAL_SECTION heap, state_lock;
static KTIMER ktimer;
static volatile u32 count, flag, left, generation, driver;
static u8 buffer[4096];

static HANDLE limited(u32 n) {
  HANDLE h = 0;
  NtCreateSemaphore(&h, NULL, n, 64);
  return h;
}

// --- hangs ---------------------------------------------------------------------------------------------------------

// Commands are handed over in pairs; the last batch has one.
THREAD(gpu) {
  for (;;) {
    wait(items);
    sleep_ms(1);
    if (++count % 2 == 0) NtSetEvent(first, NULL);
  }
}
CASE(upload_fence) {
  items = limited(0), first = event(AUTO);
  audio();
  spawn(gpu, 0);
  for (u32 i = 0; i < 9; i++) {
    if (i % 2) NtReleaseSemaphore(items, 2, NULL), wait(first);
    if (i == 8) wait(first);
  }
}

// A packet that is refused does not give its credit back.
THREAD(receiver) {
  for (u32 n = 1;; n++) {
    wait(items);
    if (n % 3 == 0) continue;
    NtReleaseSemaphore(room, 1, NULL);
  }
}
THREAD(sender) {
  for (u32 n = 0; n < 40; n++) {
    wait(room);
    NtReleaseSemaphore(items, 1, NULL);
    sleep_ms(1);
  }
  DONE(0);
}
CASE(credits_leak) {
  items = limited(0), room = limited(4);
  frames();
  spawn(receiver, 0);
  wait(spawn(sender, 0));
}

// The icon's thread leaves in the middle of its work when there is no picture.
THREAD(icon) {
  HANDLE f = 0;
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  IO_STATUS_BLOCK io_;
  RtlEnterCriticalSection(&state_lock);
  name_object(&oa, &s, "game:\\icon.png");
  if (NtCreateFile(&f, 0x80100080, &oa, &io_, NULL, 0x80, 1, 1, 0x60)) DONE(2);
  RtlLeaveCriticalSection(&state_lock);
  DONE(0);
}
THREAD(saver) {
  sleep_ms(5);
  RtlEnterCriticalSection(&state_lock);
  RtlLeaveCriticalSection(&state_lock);
  NtSetEvent(first, NULL);
  DONE(0);
}
CASE(save_icon) {
  RtlInitializeCriticalSection(&state_lock);
  first = event(MANUAL);
  audio();
  spawn(icon, 0), spawn(saver, 0);
  wait(first);
}

// A monitor that looks for the answer now and then takes it.
THREAD(monitor) {
  for (;;)
    if (wait_ms(first, 7) == 0) count++;
}
THREAD(answers) {
  wait(second);
  sleep_ms(6);
  NtSetEvent(first, NULL);
  DONE(0);
}
CASE(ack_swallowed) {
  first = event(AUTO), second = event(AUTO);
  spawn(monitor, 0), spawn(answers, 0);
  sleep_ms(2);
  NtSetEvent(second, NULL);
  sleep_ms(20);
  wait(first);
}

// Moved on, by a length that is one of seconds where milliseconds were meant.
THREAD(moves_timer) {
  sleep_ms(3);
  KeCancelTimer(&ktimer);
  KeSetTimer(&ktimer, -10000000LL * 86400 * 400, NULL);
  for (;;) sleep_ms(25);
}
CASE(timer_rearm) {
  ktimer.h.type = 8;
  ktimer.h.flink = ktimer.h.blink = (u32)(usize)&ktimer.h.flink;
  KeSetTimer(&ktimer, MS(50), NULL);
  spawn(moves_timer, 0);
  wait_ke(&ktimer);
}

// The last worker goes home while the last job is on its way.
THREAD(goes_home) {
  for (;;) {
    if (wait_ms(items, 10) == STATUS_TIMEOUT) break;
    NtSetEvent(first, NULL);
  }
  DONE(0);
}
CASE(pool_shrunk) {
  items = limited(0), first = event(AUTO);
  frames();
  spawn(goes_home, 0);
  for (u32 i = 0; i < 5; i++) {
    NtReleaseSemaphore(items, 1, NULL);
    wait(first);
    sleep_ms(i == 3 ? 30 : 3);
  }
}

// Waits for room with the lock that whoever makes room needs.
THREAD(drains) {
  for (;;) {
    sleep_ms(3);
    RtlEnterCriticalSection(&heap);
    count--;
    RtlLeaveCriticalSection(&heap);
    NtReleaseSemaphore(room, 1, NULL);
  }
}
CASE(full_under_lock) {
  RtlInitializeCriticalSection(&heap);
  room = limited(3);
  spawn(drains, 0);
  audio();
  for (;;) {
    RtlEnterCriticalSection(&heap);
    wait(room);
    count++;
    RtlLeaveCriticalSection(&heap);
    sleep_ms(2);
  }
}

// A collector stops a thread that is just allocating, and then allocates.
THREAD(mutator) {
  for (;;) {
    RtlEnterCriticalSection(&heap);
    sleep_ms(2);
    RtlLeaveCriticalSection(&heap);
  }
}
THREAD(collector) {
  sleep_ms(9);
  NtSuspendThread(workers[0], NULL);
  RtlEnterCriticalSection(&heap);
  RtlLeaveCriticalSection(&heap);
  NtResumeThread(workers[0], NULL);
  NtSetEvent(first, NULL);
  DONE(0);
}
CASE(suspend_gc) {
  RtlInitializeCriticalSection(&heap);
  first = event(AUTO);
  frames();
  workers[0] = spawn(mutator, 0);
  spawn(collector, 0);
  wait(first);
}

// A lock made by hand, entered twice by one thread.
static void enter(void) {
  while (__sync_lock_test_and_set(&flag, 1)) wait(first);
}
static void leave(void) {
  flag = 0;
  NtSetEvent(first, NULL);
}
CASE(recursive_gate) {
  first = event(AUTO);
  audio();
  for (u32 i = 0; i < 6; i++) {
    enter();
    sleep_ms(2);
    if (i == 5) enter();
    leave();
    wait_ms(first, 1);
  }
}

// Four come to a barrier each round; one leaves the game.
static void barrier(void) {
  if (__sync_sub_and_fetch(&left, 1) == 0) {
    left = 4;
    NtReleaseSemaphore(items, 3, NULL);
  } else {
    wait(items);
  }
}
THREAD(meets) {
  for (u32 round = 0; round < 6; round++) {
    sleep_ms(1 + INDEX);
    if (round == 4 && INDEX == 2) break;
    barrier();
  }
  DONE(0);
}
CASE(barrier_left) {
  left = 4, items = limited(0);
  frames();
  for (u32 i = 0; i < 4; i++) workers[i] = spawn(meets, i);
  wait_all(4, workers);
}

// Answers by the event that it was asked with.
THREAD(wrong_peer) {
  for (u32 n = 0;; n++) {
    wait(first);
    sleep_ms(1);
    NtSetEvent(n == 6 ? third : second, NULL);
  }
}
CASE(wrong_answer) {
  first = event(AUTO), second = event(AUTO), third = event(AUTO);
  audio();
  spawn(wrong_peer, 0);
  for (u32 i = 0; i < 10; i++) NtSignalAndWaitForSingleObjectEx(first, second, 1, 0, NULL);
}

// Waits for one completion more than there were jobs, in the last frame.
THREAD(completes_jobs) {
  for (;;) {
    wait(items);
    sleep_ms(1);
    NtReleaseSemaphore(room, 1, NULL);
  }
}
CASE(one_too_many) {
  items = limited(0), room = limited(0);
  for (u32 i = 0; i < 3; i++) spawn(completes_jobs, i);
  for (u32 f = 0; f < 5; f++) {
    NtReleaseSemaphore(items, 4, NULL);
    for (u32 i = 0; i < (f == 4 ? 5u : 4u); i++) wait(room);
  }
}

// --- healthy -------------------------------------------------------------------------------------------------------

static void audio_client(u32 ctx) {
  (void)ctx;
  XAudioSubmitRenderDriverFrame(driver, buffer);
  if (++count % 4 == 0) NtSetEvent(first, NULL);
}
CASE(audio_paces) {
  u32 client[2] = {(u32)(usize)audio_client, 0};
  first = event(AUTO);
  XAudioRegisterRenderDriverClient(client, (u32 *)&driver);
  for (;;) wait(first);
}

THREAD(ticks_game) {
  HANDLE timer = 0;
  s64 due = MS(16);
  NtCreateTimer(&timer, NULL, 1);
  NtSetTimerEx(timer, &due, NULL, 1, NULL, 0, 16, NULL);
  for (;;) {
    wait(timer);
    count++;
  }
}
CASE(joins_ticking_game) { wait(spawn(ticks_game, 0)); }

THREAD(slow_init) {
  for (u32 i = 0; i < 60; i++) {
    sleep_ms(30 + i % 3);
    count += i;
  }
  NtSetEvent(first, NULL);
  DONE(0);
}
THREAD(needs_init) {
  wait(first);
  DONE(0);
}
CASE(lazy_once) {
  first = event(MANUAL);
  spawn(slow_init, 0);
  for (u32 i = 0; i < 4; i++) workers[i] = spawn(needs_init, i);
  wait_all(4, workers);
  main_loop();
}

THREAD(convoy) {
  for (u32 n = 0;; n++) {
    RtlEnterCriticalSection(&heap);
    sleep_ms(1);
    count += n;
    RtlLeaveCriticalSection(&heap);
    sleep_ms(INDEX);
  }
}
CASE(lock_convoy) {
  RtlInitializeCriticalSection(&heap);
  for (u32 i = 0; i < 4; i++) workers[i] = spawn(convoy, i);
  wait_any(4, workers);
}

THREAD(listens) {
  u8 data[400];
  u32 n = 16;
  NetDll_WSAStartup(1, 0x202, data);
  u32 s = NetDll_socket(1, 2, 2, 17);
  for (;;) {
    if (NetDll_recvfrom(1, s, buffer, 64, 0, data, &n) == 0xFFFFFFFFu) NetDll_WSAGetLastError();
    sleep_ms(10);
  }
}
CASE(listens_in_vain) {
  spawn(listens, 0);
  main_loop();
}

THREAD(posts) {
  for (u32 n = 0;; n++) {
    sleep_ms(5);
    NtSetIoCompletion(third, 1, n, 0, n * 3);
  }
}
CASE(port_server) {
  u32 key, value;
  IO_STATUS_BLOCK io_;
  NtCreateIoCompletion(&third, NULL, 0x1F0003, 0);
  spawn(posts, 0);
  for (;;) NtRemoveIoCompletion(third, &key, &value, &io_, NULL);
}

THREAD(hands_on) {
  for (;;) {
    sleep_ms(2);
    NtSignalAndWaitForSingleObjectEx(first, second, 1, 0, NULL);
  }
}
CASE(handshakes) {
  first = event(AUTO), second = event(AUTO);
  spawn(hands_on, 0);
  for (;;) {
    wait(first);
    sleep_ms(3);
    NtSetEvent(second, NULL);
  }
}

THREAD(grows) {
  while (wait_ms(items, 10) != STATUS_TIMEOUT) sleep_ms(1), NtReleaseSemaphore(room, 1, NULL);
  __sync_sub_and_fetch(&left, 1);
  DONE(0);
}
CASE(elastic_pool) {
  items = limited(0), room = limited(0);
  for (u32 f = 0;; f++) {
    if (left == 0) left = 1, NtClose(spawn(grows, f));
    NtReleaseSemaphore(items, 2, NULL);
    wait(room), wait(room);
    sleep_ms(f % 4 == 3 ? 25 : 4);
    while (wait_ms(items, 0) == 0) NtReleaseSemaphore(room, 1, NULL);
    while (wait_ms(room, 0) == 0) {
    }
  }
}

THREAD(dog) {
  u32 before = 0;
  for (;;) {
    if (wait_ms(first, 100) == 0) break;
    if (count == before) NtSetEvent(second, NULL);
    before = count;
  }
  DONE(0);
}
CASE(watched) {
  first = event(MANUAL), second = event(MANUAL);
  spawn(dog, 0);
  RtlInitializeCriticalSection(&frame_lock);
  for (;;) {
    frame();
    count++;
    if (wait_ms(second, 0) == 0) break;
  }
}

// Its rounds of work have lengths of their own.
THREAD(hashes) {
  u32 sum = 1;
  for (u32 n = 0;; n++) {
    for (u32 i = 0; i < 4096 - (sum & 255); i++) sum = sum * 33 + buffer[i];
    if (n == 400000) break;
    if (sum & 64) sum ^= n;
    buffer[n & 4095] = (u8)sum;
  }
  NtSetEvent(first, NULL);
  DONE(sum);
}
CASE(hashes_long) {
  first = event(MANUAL);
  spawn(hashes, 0);
  wait(first);
}

static void on_step(void *ctx, u32 a, u32 b) {
  (void)ctx, (void)a, (void)b;
  count++;
}
THREAD(sends_steps) {
  for (;;) {
    sleep_ms(8);
    NtQueueApcThread(second, (void *)on_step, NULL, NULL, NULL);
  }
}
CASE(steps_by_apc) {
  first = event(AUTO);
  NtDuplicateObject(CURRENT_THREAD, &second, 0);
  spawn(sends_steps, 0);
  for (;;) NtWaitForSingleObjectEx(first, 1, 1, NULL);
}

// Three loaders, each in its own files, when the run is cut.
THREAD(loads_long) {
  for (u32 n = 0; n < 500; n++) {
    sleep_ms(4 + INDEX);
    buffer[n] = (u8)(INDEX + n);
    if (n % 50 == 49) NtSetEvent(first, NULL);
  }
  DONE(0);
}
CASE(three_loaders) {
  first = event(AUTO);
  for (u32 i = 0; i < 3; i++) workers[i] = spawn(loads_long, i);
  wait_all(3, workers);
  main_loop();
}

MAIN
