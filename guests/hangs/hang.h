// What the guests of the hang corpus share. A source file holds one class of hangs; each case is a function, and the
// build picks one with -DWG_CASE=name, so that a title's whole trace is its case. tests/hangs/cases.json says what
// each must be judged to be.
#ifndef WG_GUEST_HANG_H
#define WG_GUEST_HANG_H

#include "xbox.h"

// A file's other cases stay unused.
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-variable"

#define CASE(name) static void name(void)
#define MAIN                                                                                                           \
  int main(void) {                                                                                                     \
    WG_CASE();                                                                                                         \
    return 0;                                                                                                          \
  }
#define THREAD(name) static void name(__attribute__((unused)) void *ctx)
#define DONE(code) ExTerminateThread(code)
#define INDEX ((u32)(usize)ctx)
#define MANUAL 0
#define AUTO 1
#define SUSPENDED 1u

NTSTATUS KeGetCurrentProcessType(void);

static u32 next_core;

// Threads are dealt to the hardware threads in turn, so that they truly run beside each other.
static HANDLE spawn_with(void (*entry)(void *), u32 ctx, u32 flags) {
  HANDLE h = 0;
  u32 core = 1u << (24 + ++next_core % 6);
  ExCreateThread(&h, 0x8000, NULL, NULL, (void *)entry, (void *)(usize)ctx, core | flags);
  return h;
}
static HANDLE spawn(void (*entry)(void *), u32 ctx) { return spawn_with(entry, ctx, 0); }

static void sleep_ms(u32 ms) {
  s64 t = MS(ms);
  KeDelayExecutionThread(1, 0, &t);
}
static NTSTATUS wait(HANDLE h) { return NtWaitForSingleObjectEx(h, 1, 0, NULL); }
static NTSTATUS wait_ms(HANDLE h, u32 ms) {
  s64 t = MS(ms);
  return NtWaitForSingleObjectEx(h, 1, 0, &t);
}
static NTSTATUS wait_any(u32 n, const HANDLE *h) { return NtWaitForMultipleObjectsEx(n, h, 1, 1, 0, NULL); }
static NTSTATUS wait_all(u32 n, const HANDLE *h) { return NtWaitForMultipleObjectsEx(n, h, 0, 1, 0, NULL); }
static NTSTATUS wait_ke(void *object) { return KeWaitForSingleObject(object, 3, 1, 0, NULL); }
static HANDLE event(u32 type) {
  HANDLE h = 0;
  NtCreateEvent(&h, NULL, type, 0);
  return h;
}
static HANDLE semaphore(u32 count) {
  HANDLE h = 0;
  NtCreateSemaphore(&h, NULL, count, 64);
  return h;
}
static HANDLE mutant(void) {
  HANDLE h = 0;
  NtCreateMutant(&h, NULL, 0);
  return h;
}
// As compiled titles do it: without a call.
static void ke_event(KEVENT *e, u32 type) {
  e->h.type = (u8)type;
  e->h.state = 0;
  e->h.flink = e->h.blink = (u32)(usize)&e->h.flink;
}
// A file of 256 bytes, open to read and write.
static HANDLE made_file(const char *path) {
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING s;
  IO_STATUS_BLOCK io;
  static u8 bytes[256];
  HANDLE file = 0;
  name_object(&oa, &s, path);
  NtCreateFile(&file, 0xC0100080, &oa, &io, NULL, 0x80, 3, 5, 0x40);
  NtWriteFile(file, 0, NULL, NULL, &io, bytes, sizeof bytes, NULL);
  return file;
}
static void say(const char *what) { DbgPrint("%s\n", what); }

// Healthy work that goes on beside a hang, so that the machine never idles: an audio pump (a timer thread that hands
// blocks to a mixer) and a loop of frames.
static HANDLE block_ready;
static CRITICAL_SECTION frame_lock;
static volatile u32 frames_done, blocks_mixed;

THREAD(audio_pump) {
  HANDLE timer = 0;
  s64 due = MS(5);
  NtCreateTimer(&timer, NULL, 1);
  NtSetTimerEx(timer, &due, NULL, 1, NULL, 0, 5, NULL);
  for (;;) {
    wait(timer);
    NtSetEvent(block_ready, NULL);
  }
}
THREAD(audio_mixer) {
  for (;;) {
    wait(block_ready);
    blocks_mixed++;
  }
}
static void frame(void) {
  RtlEnterCriticalSection(&frame_lock);
  frames_done++;
  RtlLeaveCriticalSection(&frame_lock);
  sleep_ms(16);
}
THREAD(frame_loop) {
  for (;;) frame();
}
static void audio(void) {
  block_ready = event(AUTO);
  spawn(audio_pump, 0);
  spawn(audio_mixer, 0);
}
static void frames(void) {
  RtlInitializeCriticalSection(&frame_lock);
  spawn(frame_loop, 0);
}
// What a main thread does for the rest of a title's life.
static void main_loop(void) {
  RtlInitializeCriticalSection(&frame_lock);
  for (;;) frame();
}

#endif
