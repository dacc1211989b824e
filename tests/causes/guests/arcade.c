// A whole title in small: attract screen, menu and level as a state machine over some hundred frames; each frame an
// update thread, a render thread and a sound thread take their part, every so many frames a background thread streams a
// piece of the level. What happens in one frame decides what the state machine does many frames later.
#include "stage.h"

void KeInitializeEvent(KEVENT *, u32 type, u32 state);

#define FRAMES 220
#define PARTS 3

enum { ATTRACT, MENU, LOADING, LEVEL, RESULTS };

struct part {
  KEVENT go, done;
  u32 turns, work;
};

static struct part parts[PARTS]; // update, render, sound
static HANDLE piece_wanted, piece_ready, cancel;
static CRITICAL_SECTION scene;
static volatile u32 quit;
static u32 state, in_state, pieces, objects, score, dropped, world;
static u8 buffer[2048];

static void update(void) {
  RtlEnterCriticalSection(&scene);
  world = world * 13 + state;
  if (state == LEVEL && world % 4 == 0) objects++;
  RtlLeaveCriticalSection(&scene);
}

static void render(void) {
  RtlEnterCriticalSection(&scene);
  u32 n = objects;
  RtlLeaveCriticalSection(&scene);
  crunch(20 + n % 16);
}

static void part_thread(void *ctx) {
  u32 self = (u32)(usize)ctx;
  struct part *p = &parts[self];
  for (;;) {
    KeWaitForSingleObject(&p->go, 3, 1, 0, NULL);
    if (quit) break;
    if (self == 0) update();
    if (self == 1) render();
    if (self == 2) crunch(15);
    p->turns++;
    KeSetEvent(&p->done, 1, 0);
  }
  ExTerminateThread(p->turns);
}

static void streamer(void *ctx) {
  HANDLE file = 0;
  IO_STATUS_BLOCK io = {0, 0};
  (void)ctx;
  NTSTATUS s = open_file(&file, "game:\\data\\movie.bin", READ, 1);
  if (FAILED(s)) complain("arcade: level", s);
  for (u64 at = 0;; at += sizeof buffer) {
    wait_for(piece_wanted, 0);
    if (quit) break;
    s = NtReadFile(file, 0, NULL, NULL, &io, buffer, sizeof buffer, &at);
    if (FAILED(s)) {
      complain("arcade: piece", s);
      continue;
    }
    RtlEnterCriticalSection(&scene);
    objects += buffer[0] % 8;
    RtlLeaveCriticalSection(&scene);
    NtReleaseSemaphore(piece_ready, 1, NULL);
  }
  NtClose(file);
  ExTerminateThread(0);
}

// One frame: all parts at once, then whatever the state wants.
static void frame(void) {
  s64 limit = MS(50);
  for (u32 i = 0; i < PARTS; i++) KeSetEvent(&parts[i].go, 1, 0);
  for (u32 i = 0; i < PARTS; i++)
    if (KeWaitForSingleObject(&parts[i].done, 3, 1, 0, &limit) == STATUS_TIMEOUT) dropped++;
}

static void next(u32 s) {
  state = s;
  in_state = 0;
}

static void think(void) {
  s64 now = 0;
  in_state++;
  if (state == ATTRACT && in_state == 40) next(MENU);
  if (state == MENU && in_state == 30) next(LOADING);
  if (state == LOADING) {
    if (in_state % 5 == 1) NtSetEvent(piece_wanted, NULL);
    if (in_state % 5 == 3 && NtWaitForSingleObjectEx(piece_ready, 1, 0, &now) == STATUS_SUCCESS) pieces++;
    if (in_state == 40) next(pieces >= 8 ? LEVEL : MENU);
  }
  if (state == LEVEL) {
    if (in_state % 20 == 0) NtSetEvent(piece_wanted, NULL);
    if (in_state % 20 == 10 && NtWaitForSingleObjectEx(piece_ready, 1, 0, &now) != STATUS_SUCCESS) score++;
    if (in_state == 70) next(RESULTS);
  }
  if (dropped == 3) {
    DbgPrint("arcade: too slow in state %d\n", state);
    dropped = 0;
  }
}

int main(void) {
  HANDLE t[PARTS + 1];
  RtlInitializeCriticalSection(&scene);
  piece_wanted = new_event(1, 0), piece_ready = new_semaphore(0, 4), cancel = new_event(0, 0);
  for (u32 i = 0; i < PARTS; i++) {
    KeInitializeEvent(&parts[i].go, 1, 0);
    KeInitializeEvent(&parts[i].done, 1, 0);
    t[i] = spawn(part_thread, i, ON(1 + i));
  }
  t[PARTS] = spawn(streamer, 0, ON(4));
  for (u32 f = 0; f < FRAMES; f++) {
    frame();
    think();
    s64 pause = -3000; // 0.3 ms
    KeDelayExecutionThread(1, 0, &pause);
  }
  quit = 1;
  NtSetEvent(piece_wanted, NULL);
  for (u32 i = 0; i < PARTS; i++) KeSetEvent(&parts[i].go, 1, 0);
  for (u32 i = 0; i <= PARTS; i++) join(t[i]);
  DbgPrint("arcade: state %d, %d pieces, %d objects, score %d, %x\n", state, pieces, objects, score, world);
  return state == RESULTS ? 0 : 1;
}
