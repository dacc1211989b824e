// Waiting without the kernel, as renderers do: main looks at words in memory until they have moved on, and makes no
// call while it looks. A fence is written through its physical address by a copy thread, another by a DPC, a counter by
// the vertical blank's interrupt, a flag by a loader; what is lost leaves main looking for ever.
#include "stage.h"

void KeInitializeTimerEx(KTIMER *, u32 type, u32 a, u32 b);
u32 KeSetTimerEx(KTIMER *, s64 due, s32 period_ms, KDPC *), KeCancelTimer(KTIMER *);

#define BATCHES 6

static HANDLE copy_wanted, slots, threads[2];
static KTIMER timer;
static KDPC timer_dpc, own_dpc;
static volatile u32 blanks, ticks, acknowledged, flag, quit;
static volatile u32 *fence, *mirror;
static u32 sum;

static void until(volatile u32 *word, u32 value) {
  while (*word < value) {
  }
}

static void interrupt(u32 source, u32 ctx) {
  (void)ctx;
  if (source == 0) blanks++;
}

static void on_timer(u32 self, u32 ctx, u32 a, u32 b) {
  (void)self, (void)ctx, (void)a, (void)b;
  ticks++;
}

static void on_own(u32 self, u32 ctx, u32 a, u32 b) {
  (void)self, (void)ctx, (void)b;
  acknowledged += a;
}

// Copies a batch and writes its number through the address that a device would use.
static void copier(void *ctx) {
  u32 done = 0;
  (void)ctx;
  while (done < BATCHES) {
    wait_for(copy_wanted, 0);
    crunch(150);
    *mirror = ++done;
    NtReleaseSemaphore(slots, 1, NULL);
  }
  ExTerminateThread(done);
}

static void loader(void *ctx) {
  static u8 buffer[1024];
  HANDLE h;
  IO_STATUS_BLOCK io = {0, 0};
  (void)ctx;
  NTSTATUS s = open_file(&h, "game:\\data\\part1.bin", READ, 1);
  if (FAILED(s)) {
    complain("fences: data", s);
    ExTerminateThread(1);
  }
  s = NtReadFile(h, 0, NULL, NULL, &io, buffer, sizeof buffer, NULL);
  NtClose(h);
  sum = checksum(buffer, io.information);
  if (io.information == sizeof buffer) flag = 1;
  ExTerminateThread(0);
}

static u32 memory(void) {
  u32 page = MmAllocatePhysicalMemoryEx(0, 0x10000, 0x404, 0, 0xFFFFFFFFu, 0x10000);
  if (page == 0) return DbgPrint("fences: no memory\n"), 0;
  fence = (volatile u32 *)(usize)page;
  mirror = (volatile u32 *)(usize)(0xA0000000u | MmGetPhysicalAddress(page));
  *fence = 0;
  return page;
}

int main(void) {
  if (!memory()) return 1;
  copy_wanted = new_semaphore(0, BATCHES), slots = new_semaphore(2, BATCHES);
  VdInitializeEngines(0x4F810000, NULL, NULL, NULL, NULL);
  VdSetGraphicsInterruptCallback((void *)interrupt, NULL);
  threads[0] = spawn(copier, 0, SUSPENDED | ON(2));
  threads[1] = spawn(loader, 0, ON(4));
  NtResumeThread(threads[0], NULL);
  KeInitializeTimerEx(&timer, 1, 0, 0);
  KeInitializeDpc(&timer_dpc, (void *)on_timer, NULL);
  KeInitializeDpc(&own_dpc, (void *)on_own, NULL);
  KeSetTimerEx(&timer, MS(2), 2, &timer_dpc);
  for (u32 i = 1; i <= BATCHES; i++) {
    wait_for(slots, 0);
    NtReleaseSemaphore(copy_wanted, 1, NULL);
    until(fence, i);
    if (i == 2) until(&flag, 1);
    if (i == 4) until(&ticks, 3);
  }
  KeCancelTimer(&timer);
  KeInsertQueueDpc(&own_dpc, (void *)5, NULL);
  until(&acknowledged, 5);
  until(&blanks, 2);
  VdSetGraphicsInterruptCallback(NULL, NULL);
  join(threads[0]), join(threads[1]);
  DbgPrint("fences: %d, %x\n", *fence, sum);
  return 0;
}
