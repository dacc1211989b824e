// A world that is streamed as one walks: each sector is two reads that end in APCs, a baker makes of them what can be
// drawn, and an evictor gives back what lies behind; the walker waits for the sector that it steps into, for a while.
#include "engine.h"
#define SECTORS 10
#define ROOM 3
struct sector {
  u8 shape[512], skin[768];
  IO_STATUS_BLOCK io[2];
  volatile u32 parts, baked;
};
static struct sector sectors[SECTORS];
static HANDLE file, asked, budget, wind, helpers[3];
static CRITICAL_SECTION orders_lock;
static volatile u32 orders[SECTORS], orders_in, orders_out, evicted;
static KSEMAPHORE unbaked;
static volatile u32 oven[SECTORS], oven_in;
static KEVENT ready[SECTORS], behind;
static volatile u32 steps;

static void part_came(void *ctx, IO_STATUS_BLOCK *io, u32 reserved) {
  struct sector *s = &sectors[(u32)(usize)ctx & 15];
  (void)reserved;
  if ((s32)io->status < 0 || io->information == 0)
    DbgPrint("openworld: a part of sector %d is lost\n", (u32)(usize)ctx & 15);
  s->parts++;
}

static u32 next_order(void) {
  RtlEnterCriticalSection(&orders_lock);
  u32 n = orders[orders_out++];
  RtlLeaveCriticalSection(&orders_lock);
  return n;
}

static void fetch(u32 n) {
  struct sector *s = &sectors[n];
  u64 at = n * 512, skin_at = 20000 + n * 768;
  NTSTATUS a = NtReadFile(file, 0, (void *)part_came, (void *)(usize)n, &s->io[0], s->shape, 512, &at);
  NTSTATUS b = NtReadFile(file, 0, (void *)part_came, (void *)(usize)(n | 16), &s->io[1], s->skin, 768, &skin_at);
  if ((s32)a < 0 || (s32)b < 0) {
    DbgPrint("openworld: sector %d cannot be read, %d\n", n, RtlNtStatusToDosError((s32)a < 0 ? a : b));
    return;
  }
  while (s->parts < 2) NtWaitForSingleObjectEx(wind, 1, 1, NULL);
}

static void streamer(void *unused) {
  (void)unused;
  for (u32 i = 0; i < SECTORS; i++) {
    NtWaitForSingleObjectEx(asked, 1, 0, NULL);
    NtWaitForSingleObjectEx(budget, 1, 0, NULL);
    u32 n = next_order();
    fetch(n);
    oven[oven_in++] = n;
    KeReleaseSemaphore(&unbaked, 1, 1, 0);
  }
  ExTerminateThread(oven_in);
}

static void baker(void *unused) {
  u32 sum = 0;
  (void)unused;
  for (u32 i = 0; i < SECTORS; i++) {
    KeWaitForSingleObject(&unbaked, 3, 1, 0, NULL);
    struct sector *s = &sectors[oven[i]];
    void *scratch = ExAllocatePoolTypeWithTag(2048, 0x72777065, 0);
    if (scratch) memcpy(scratch, s->skin, 768);
    for (u32 k = 0; k < 512; k++) sum = sum * 3 + s->shape[k];
    burn(200);
    if (scratch) ExFreePool(scratch);
    s->baked = scratch ? 1 : 2;
    KeSetEvent(&ready[oven[i]], 1, 0);
  }
  ExTerminateThread(sum);
}

static void evictor(void *unused) {
  u32 gone = 0;
  (void)unused;
  while (gone < SECTORS) {
    KeWaitForSingleObject(&behind, 3, 1, 0, NULL);
    while (gone < steps) {
      sectors[gone].baked = 0, gone++;
      NtReleaseSemaphore(budget, 1, NULL);
    }
  }
  ExTerminateThread(gone);
}

static void ask(u32 n) {
  RtlEnterCriticalSection(&orders_lock);
  orders[orders_in++] = n;
  RtlLeaveCriticalSection(&orders_lock);
  NtReleaseSemaphore(asked, 1, NULL);
}

int main(void) {
  IO_STATUS_BLOCK io;
  u32 late = 0, poor = 0;
  RtlInitializeCriticalSection(&orders_lock);
  KeInitializeSemaphore(&unbaked, 0, SECTORS);
  KeInitializeEvent(&behind, AUTO, 0);
  for (u32 i = 0; i < SECTORS; i++) KeInitializeEvent(&ready[i], MANUAL, 0);
  NtCreateSemaphore(&asked, NULL, 0, SECTORS), NtCreateSemaphore(&budget, NULL, ROOM, SECTORS + ROOM);
  NtCreateEvent(&wind, NULL, AUTO, 0);
  if ((s32)open_file(&file, &io, "game:\\data\\movie.bin", FOR_READ, 1, 0x40) < 0) DbgPrint("openworld: no world\n");
  ExCreateThread(&helpers[0], 0x8000, NULL, NULL, (void *)streamer, NULL, CORE(1));
  ExCreateThread(&helpers[1], 0x8000, NULL, NULL, (void *)baker, NULL, CORE(2));
  ExCreateThread(&helpers[2], 0x8000, NULL, NULL, (void *)evictor, NULL, CORE(3));
  ask(0), ask(1);
  for (u32 n = 0; n < SECTORS; n++) {
    s64 limit = MS(250);
    if (n + 2 < SECTORS) ask(n + 2);
    if (KeWaitForSingleObject(&ready[n], 3, 1, 0, &limit) == STATUS_TIMEOUT)
      late++, DbgPrint("openworld: a hole at %d\n", n);
    if (sectors[n].baked == 2) poor++;
    nap(2);
    steps = n + 1;
    KeSetEvent(&behind, 1, 0);
  }
  NtWaitForMultipleObjectsEx(3, helpers, 0, 1, 0, NULL);
  DbgPrint("openworld: %d holes, %d poor\n", late, poor);
  for (u32 i = 0; i < 3; i++) NtClose(helpers[i]);
  NtClose(file), NtClose(asked), NtClose(budget), NtClose(wind);
  return 0;
}
