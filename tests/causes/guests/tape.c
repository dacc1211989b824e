// A tape: the audio driver's callback takes blocks from a ring and says by a semaphore that there is room; a reel fills
// it from disc by way of a pump, with which it shares two blocks under a critical section that spins; a watch looks
// every few milliseconds whether the ring has run dry.
#include "engine.h"
#define RING 4
#define BLOCKS 14
static u32 driver;
static u8 ring[RING][256], raw[2][256];
static volatile u32 head, tail, dry, played, full[2], leave;
static KSEMAPHORE room;
static KEVENT over, filled[2], drained[2];
static CRITICAL_SECTION joint;
static HANDLE disc;

static void on_frame(u32 ctx) {
  (void)ctx;
  if (head == tail) {
    dry++;
    return;
  }
  XAudioSubmitRenderDriverFrame(driver, ring[tail % RING]);
  tail++;
  KeReleaseSemaphore(&room, 1, 1, 0);
  if (++played == BLOCKS) KeSetEvent(&over, 1, 0);
}

static void pump(void *unused) {
  u32 sum = 0;
  (void)unused;
  for (u32 n = 0; n < BLOCKS; n++) {
    IO_STATUS_BLOCK io = {0, 0};
    u32 k = n & 1;
    u64 at = 1024 + 256 * n;
    KeWaitForSingleObject(&drained[k], 3, 1, 0, NULL);
    NTSTATUS s = NtReadFile(disc, 0, NULL, NULL, &io, raw[k], 256, &at);
    if ((s32)s < 0 || io.information != 256) DbgPrint("tape: block %d is bad\n", n);
    RtlEnterCriticalSection(&joint);
    full[k] = n + 1;
    RtlLeaveCriticalSection(&joint);
    for (u32 i = 0; i < 256; i++) sum += raw[k][i];
    KeSetEvent(&filled[k], 1, 0);
  }
  ExTerminateThread(sum);
}

static void reel(void *unused) {
  u32 n;
  (void)unused;
  for (n = 0; n < BLOCKS; n++) {
    u32 k = n & 1, ok;
    s64 limit = MS(500);
    if (KeWaitForSingleObject(&room, 3, 1, 0, &limit) == STATUS_TIMEOUT) {
      DbgPrint("tape: no room\n");
      break;
    }
    KeWaitForSingleObject(&filled[k], 3, 1, 0, NULL);
    RtlEnterCriticalSection(&joint);
    ok = full[k] == n + 1;
    memcpy(ring[head % RING], raw[k], 256);
    full[k] = 0;
    RtlLeaveCriticalSection(&joint);
    if (!ok) DbgPrint("tape: block %d twice\n", n);
    head++;
    KeSetEvent(&drained[k], 1, 0);
  }
  ExTerminateThread(n);
}

static void watch(void *unused) {
  u32 looks = 0;
  (void)unused;
  while (!leave) {
    nap(7);
    RtlEnterCriticalSection(&joint);
    looks++;
    RtlLeaveCriticalSection(&joint);
  }
  ExTerminateThread(looks == 0);
}

int main(void) {
  static const u32 unused_ctx = 7;
  u32 client[2] = {(u32)(usize)on_frame, unused_ctx};
  HANDLE t[3];
  IO_STATUS_BLOCK io;
  KeInitializeSemaphore(&room, RING, RING);
  KeInitializeEvent(&over, MANUAL, 0);
  for (u32 k = 0; k < 2; k++) KeInitializeEvent(&filled[k], AUTO, 0), KeInitializeEvent(&drained[k], AUTO, 1);
  RtlInitializeCriticalSectionAndSpinCount(&joint, 4000);
  if ((s32)open_file(&disc, &io, "game:\\data\\movie.bin", FOR_READ, 1, 0x60) < 0) DbgPrint("tape: no disc\n");
  ExCreateThread(&t[0], 0x8000, NULL, NULL, (void *)pump, NULL, CORE(1));
  ExCreateThread(&t[1], 0x8000, NULL, NULL, (void *)reel, NULL, CORE(2));
  ExCreateThread(&t[2], 0x8000, NULL, NULL, (void *)watch, NULL, CORE(3));
  nap(3);
  if (XAudioRegisterRenderDriverClient(client, &driver)) DbgPrint("tape: no driver\n");
  KeWaitForSingleObject(&over, 3, 1, 0, NULL);
  XAudioUnregisterRenderDriverClient(driver);
  leave = 1;
  NtWaitForMultipleObjectsEx(3, t, 0, 1, 0, NULL);
  DbgPrint("tape: %d played\n", played);
  for (u32 i = 0; i < 3; i++) NtClose(t[i]);
  NtClose(disc);
  return 0;
}
