// A sound engine: a thread that a periodic timer in the title's memory wakes, or a command; decoders with two input
// buffers that are given data in turn; and a refill thread that reads the next part of a stream when a buffer is empty.
#include "stage.h"

void KeInitializeTimerEx(KTIMER *, u32 type, u32 a, u32 b);
u32 KeSetTimerEx(KTIMER *, s64 due, s32 period_ms, KDPC *), KeCancelTimer(KTIMER *);
void KeInitializeEvent(KEVENT *, u32 type, u32 state);
NTSTATUS KeWaitForMultipleObjects(u32 n, void **, u32 any, u32 reason, u32 mode, u32 alertable, const s64 *, void *);
NTSTATUS XMACreateContext(void **), XMAInitializeContext(void *, const void *), XMASetOutputBufferValid(void *);
NTSTATUS XMASetInputBuffer0(void *, u32, u32), XMASetInputBuffer1(void *, u32, u32);
NTSTATUS XMASetInputBuffer0Valid(void *), XMASetInputBuffer1Valid(void *);
u32 XMAIsInputBuffer0Valid(void *), XMAIsInputBuffer1Valid(void *);
void XMAReleaseContext(void *);

#define VOICES 2
#define TICKS 10
#define CHUNK 2048

struct voice {
  void *context;
  u32 memory, fed, starved;
  HANDLE empty, refilled;
  u64 position;
};

static struct voice voices[VOICES];
static KTIMER tick;
static KEVENT command, stopped;
static HANDLE stream;
static volatile u32 volume, playing = VOICES;
static u32 mixed;

static u32 prepare(struct voice *v) {
  NTSTATUS s = XMACreateContext(&v->context);
  if (FAILED(s)) return complain("voices: context", s);
  v->memory = MmAllocatePhysicalMemoryEx(0, 0x4000, 0x404, 0, 0xFFFFFFFFu, 0);
  if (v->memory == 0) {
    DbgPrint("voices: no memory for a voice\n");
    XMAReleaseContext(v->context);
    v->context = NULL;
    return 1;
  }
  const u32 init[14] = {v->memory, 1, 0, 0, 32, v->memory + 0x2000, 8, 0, 4, 1, 48000, 0, 0, 0};
  s = XMAInitializeContext(v->context, init);
  XMASetOutputBufferValid(v->context);
  v->empty = new_event(1, 0), v->refilled = new_event(1, 0);
  return FAILED(s) ? complain("voices: decoder", s) : 0;
}

// Serves whichever voice asks.
static void refill(void *ctx) {
  const HANDLE asks[VOICES] = {voices[0].empty, voices[1].empty};
  IO_STATUS_BLOCK io = {0, 0};
  (void)ctx;
  for (;;) {
    NTSTATUS s = NtWaitForMultipleObjectsEx(VOICES, asks, 1, 1, 0, NULL);
    if (playing == 0) break;
    if (FAILED(s)) {
      complain("voices: refill", s);
      break;
    }
    struct voice *v = &voices[s & 1];
    s = NtReadFile(stream, 0, NULL, NULL, &io, (void *)(usize)v->memory, CHUNK, &v->position);
    if (FAILED(s) || io.information != CHUNK) {
      DbgPrint("voices: end of the stream (%x, %d)\n", s, io.information);
      v->position = 0; // again from its start
      continue;
    }
    v->position += CHUNK * VOICES;
    NtSetEvent(v->refilled, NULL);
  }
  ExTerminateThread(0);
}

static void kick(u32 index) {
  volatile u32 *registers = (volatile u32 *)(usize)0x7FEA0000u;
  registers[0x650] = (1u << index) << 24; // byte-reversed
}

static void mix(u32 index) {
  struct voice *v = &voices[index];
  if (v->context == NULL) return;
  u32 which = v->fed & 1;
  kick(index);
  if (which ? XMAIsInputBuffer1Valid(v->context) : XMAIsInputBuffer0Valid(v->context)) return;
  NtSetEvent(v->empty, NULL);
  if (wait_for(v->refilled, MS(20)) != STATUS_SUCCESS) {
    if (++v->starved == 2) DbgPrint("voices: voice %d is starved\n", index);
    return;
  }
  v->fed++;
  if (which) {
    XMASetInputBuffer0(v->context, v->memory, 1);
    XMASetInputBuffer0Valid(v->context);
  } else {
    XMASetInputBuffer1(v->context, v->memory, 1);
    XMASetInputBuffer1Valid(v->context);
  }
  mixed = mixed * 3 + volume;
}

static void mixer(void *ctx) {
  void *both[2] = {&command, &tick};
  s64 soon = MS(30);
  u32 ticks = 0, late = 0;
  (void)ctx;
  KeSetTimerEx(&tick, MS(4), 4, NULL);
  while (ticks < TICKS && late < 4) {
    NTSTATUS s = KeWaitForMultipleObjects(2, both, 1, 3, 1, 0, &soon, NULL);
    if (s == 0) {
      mixed += volume << 8;
    } else if (s == 1) {
      mix(ticks++ % VOICES);
    } else {
      late++;
      DbgPrint("voices: late (%x)\n", s);
    }
  }
  KeCancelTimer(&tick);
  KeSetEvent(&stopped, 1, 0);
  ExTerminateThread(ticks);
}

int main(void) {
  KeInitializeTimerEx(&tick, 1, 0, 0);
  KeInitializeEvent(&command, 1, 0);
  KeInitializeEvent(&stopped, 0, 0);
  NTSTATUS s = open_file(&stream, "game:\\data\\movie.bin", READ, 1);
  if (FAILED(s)) complain("voices: stream", s);
  for (u32 i = 0; i < VOICES; i++)
    if (prepare(&voices[i])) DbgPrint("voices: voice %d is silent\n", i);
  HANDLE r = spawn(refill, 0, ON(4)), m = spawn(mixer, 0, ON(5));
  for (volume = 1; volume < 4; volume++) {
    pause_ms(9);
    KeSetEvent(&command, 1, 0);
  }
  KeWaitForSingleObject(&stopped, 3, 1, 0, NULL);
  playing = 0;
  NtSetEvent(voices[0].empty, NULL);
  join(m), join(r);
  DbgPrint("voices: %d and %d, %x\n", voices[0].fed, voices[1].fed, mixed);
  for (u32 i = 0; i < VOICES; i++)
    if (voices[i].context) XMAReleaseContext(voices[i].context);
  NtClose(stream);
  return 0;
}
