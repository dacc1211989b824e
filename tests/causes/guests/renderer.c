// A renderer with two frames in flight: the game records, a submit thread hands over, a thread that stands for the GPU
// works and writes fences, a DPC retires them; the vertical blank's interrupt paces the game through an event.
#include "runtime.h"

#define FRAMES 10

static KEVENT blank, retired;
static KDPC retire;
static HANDLE recorded, submitted, slots;
static volatile u32 fence, seen, blanks, ring[8], ring_in, ring_out, presented, late;
static u32 page;

static void interrupt(u32 source, u32 ctx) {
  (void)ctx;
  if (source != 0) return;
  blanks++;
  KeSetEvent(&blank, 1, 0);
}

static void on_retire(u32 self, u32 ctx, u32 a, u32 b) {
  (void)self, (void)ctx, (void)b;
  if (a > seen) seen = a;
  KeSetEvent(&retired, 1, 0);
}

static u32 gpu(u32 rounds) {
  for (u32 n = 1; n <= FRAMES; n++) {
    await(submitted, FOREVER);
    u32 cost = ring[ring_out++ & 7];
    burn(cost * rounds);
    fence = n;
    *(volatile u32 *)(usize)page = n;
    KeInsertQueueDpc(&retire, (void *)(usize)n, NULL);
  }
  return fence;
}

static u32 submit(u32 unused) {
  (void)unused;
  for (u32 n = 0; n < FRAMES; n++) {
    await(recorded, FOREVER);
    ring[ring_in++ & 7] = 1 + n % 3;
    release(submitted, 1);
  }
  return ring_in;
}

// Frees every frame that has been retired since; each gives a slot.
static u32 reclaim(u32 freed) {
  await_here(&retired, FOREVER);
  while (freed < seen) {
    release(slots, 1);
    freed++;
  }
  return freed;
}

int main(void) {
  u32 freed = 0;
  KeInitializeEvent(&blank, 1, 0), KeInitializeEvent(&retired, 1, 0);
  KeInitializeDpc(&retire, (void *)on_retire, NULL);
  page = MmAllocatePhysicalMemoryEx(0, 0x1000, 0x404, 0, 0xFFFFFFFFu, 0);
  recorded = make_event(0, 0, NULL), submitted = make_semaphore(0, 4), slots = make_semaphore(2, 2);
  VdInitializeEngines(0x4F810000, NULL, NULL, NULL, NULL);
  VdSetGraphicsInterruptCallback((void *)interrupt, NULL);
  HANDLE g = begin(gpu, 30, CORE(5)), s = begin(submit, 0, CORE(4));
  for (u32 n = 0; n < FRAMES; n++) {
    if (await(slots, 0) == STATUS_TIMEOUT) {
      freed = reclaim(freed);
      await(slots, FOREVER);
    }
    burn(20);
    set(recorded);
    if (await_here(&blank, 50) == STATUS_TIMEOUT) late++;
    presented++;
  }
  while (freed < FRAMES) freed = reclaim(freed);
  VdSetGraphicsInterruptCallback(NULL, NULL);
  finish(s), finish(g);
  MmFreePhysicalMemory(0, page);
  DbgPrint("%d %d\n", presented, late);
  return 0;
}
