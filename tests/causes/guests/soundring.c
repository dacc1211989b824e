// Sound: the driver's callback takes a block out of a ring and submits it; a mixer thread fills the ring; a voice
// thread feeds the mixer. Two semaphores count what is free and what is full.
#include "engine.h"
#define RING 4
#define BLOCKS 40
static KSEMAPHORE free_blocks, full_blocks;
static float ring[RING][64];
static float silence[64];
static volatile u32 in, out, starved, driver, stop;
static HANDLE drained, voices;
static CRITICAL_SECTION voice_lock;
static u32 voice[8];

static void callback(u32 *cell) {
  (void)cell;
  s64 now = 0;
  if (KeWaitForSingleObject(&full_blocks, 0, 0, 0, &now) == STATUS_SUCCESS) {
    XAudioSubmitRenderDriverFrame(driver, ring[out++ % RING]);
    KeReleaseSemaphore(&free_blocks, 1, 1, 0);
    if (out == BLOCKS) NtSetEvent(drained, NULL);
  } else {
    starved++;
    XAudioSubmitRenderDriverFrame(driver, silence);
  }
}
static void mixer(void *ctx) {
  (void)ctx;
  while (in < BLOCKS) {
    KeWaitForSingleObject(&free_blocks, 3, 1, 0, NULL);
    RtlEnterCriticalSection(&voice_lock);
    u32 level = 0;
    for (u32 i = 0; i < 8; i++) level += voice[i];
    RtlLeaveCriticalSection(&voice_lock);
    for (u32 i = 0; i < 64; i++) ring[in % RING][i] = 0;
    burn(200 + level);
    in++;
    KeReleaseSemaphore(&full_blocks, 1, 1, 0);
    if (in % 8 == 0) NtReleaseSemaphore(voices, 1, NULL);
  }
  ExTerminateThread(0);
}
static void sequencer(void *ctx) {
  (void)ctx;
  for (u32 n = 0; n < BLOCKS / 8; n++) {
    NtWaitForSingleObjectEx(voices, 1, 0, NULL);
    RtlEnterCriticalSection(&voice_lock);
    voice[n % 8] += 10;
    RtlLeaveCriticalSection(&voice_lock);
  }
  ExTerminateThread(0);
}
int main(void) {
  HANDLE t[2];
  KeInitializeSemaphore(&free_blocks, RING, RING);
  KeInitializeSemaphore(&full_blocks, 0, RING);
  RtlInitializeCriticalSectionAndSpinCount(&voice_lock, 100);
  NtCreateEvent(&drained, NULL, AUTO, 0);
  NtCreateSemaphore(&voices, NULL, 0, 16);
  ExCreateThread(&t[0], 0x8000, NULL, NULL, (void *)mixer, NULL, CORE(4));
  ExCreateThread(&t[1], 0x8000, NULL, NULL, (void *)sequencer, NULL, CORE(5));
  const u32 pair[2] = {(u32)(usize)callback, 0x77};
  u32 d = 0;
  if (XAudioRegisterRenderDriverClient(pair, &d) != 0) return 1;
  driver = d;
  s64 limit = MS(3000);
  NTSTATUS st = NtWaitForSingleObjectEx(drained, 1, 0, &limit);
  if (st == STATUS_TIMEOUT) DbgPrint("the sound never drained\n");
  XAudioUnregisterRenderDriverClient(driver);
  NtWaitForMultipleObjectsEx(2, t, 0, 1, 0, NULL);
  DbgPrint("blocks %d\n", out);
  return 0;
}
