// A map that is streamed while a camera moves over it: each step wants tiles, a planner gives them out as permits
// allow, two fetchers read them without waiting and post what came to a port, an uploader places them in physical
// memory and throws the oldest out. The camera waits for the tile under it.
#include "engine.h"
#define SIDE 6
#define TILES (SIDE * SIDE)
#define STEPS 14
#define KEEP 8
static HANDLE port, permits, orders, under[2];
static struct tile { u32 state, sum, memory, asked; } map[TILES];
static u32 queue[64], kept[KEEP];
static volatile u32 head, tail, nkept, came, stop, evicted, late;
static CRITICAL_SECTION desk;
static volatile u32 wait_for = TILES;

static u32 take(void) {
  u32 n = TILES;
  RtlEnterCriticalSection(&desk);
  if (head != tail) n = queue[head++ % 64];
  RtlLeaveCriticalSection(&desk);
  return n;
}

static void fetcher(void *ctx) {
  u32 lane = (u32)(usize)ctx;
  HANDLE f = 0, over = 0;
  IO_STATUS_BLOCK io = {0, 0};
  u8 *page = ExAllocatePoolTypeWithTag(1024, 0x54494C45, 0);
  NtCreateEvent(&over, NULL, MANUAL, 0);
  if ((s32)open_file(&f, &io, "game:\\data\\movie.bin", FOR_READ, 1, 0x40) < 0)
    DbgPrint("tiles: lane %d has no package\n", lane);
  for (;;) {
    u32 key, n;
    IO_STATUS_BLOCK what;
    NtWaitForSingleObjectEx(orders, 1, 0, NULL);
    if (stop) break;
    if ((n = take()) == TILES) continue;
    u64 at = n * 256;
    NtClearEvent(over);
    NTSTATUS s = NtReadFile(f, over, NULL, NULL, &io, page, 512 + 16 * (n % 8), &at);
    if (s == 0x103) NtWaitForSingleObjectEx(over, 1, 0, NULL), s = io.status;
    if ((s32)s < 0) DbgPrint("tiles: %d is not there, %d\n", n, RtlNtStatusToDosError(s));
    map[n].sum = 0;
    for (u32 i = 0; i < io.information; i++) map[n].sum = map[n].sum * 9 + page[i];
    (void)key, (void)what;
    NtSetIoCompletion(port, n, map[n].sum, s, io.information);
  }
  NtClose(f), NtClose(over);
  ExFreePool(page);
  ExTerminateThread(lane);
}

static void place(u32 n, u32 size) {
  if (nkept == KEEP) {
    u32 old = kept[0];
    MmFreePhysicalMemory(0, map[old].memory);
    map[old].memory = 0, map[old].state = 0;
    for (u32 i = 1; i < KEEP; i++) kept[i - 1] = kept[i];
    nkept--, evicted++;
  }
  map[n].memory = MmAllocatePhysicalMemoryEx(0, size < 4096 ? 4096 : size, 0x404, 0, 0xFFFFFFFF, 0);
  if (map[n].memory == 0) DbgPrint("tiles: no memory for %d\n", n);
  map[n].state = 2;
  kept[nkept++] = n;
}

static void uploader(void *unused) {
  (void)unused;
  for (;;) {
    u32 key = 0, value = 0;
    IO_STATUS_BLOCK io = {0, 0};
    if ((s32)NtRemoveIoCompletion(port, &key, &value, &io, NULL) < 0 || key == 0xFFFF) break;
    if (io.status == 0 && key < TILES) place(key, io.information);
    came++;
    NtReleaseSemaphore(permits, 1, NULL);
    if (key == wait_for) NtSetEvent(under[0], NULL);
  }
  ExTerminateThread(came > 0);
}

// Wants a tile; waits until so few are on their way that another one may be.
static void want(u32 n) {
  if (map[n].state) return;
  map[n].state = 1;
  NtWaitForSingleObjectEx(permits, 1, 0, NULL);
  RtlEnterCriticalSection(&desk);
  queue[tail++ % 64] = n;
  RtlLeaveCriticalSection(&desk);
  NtReleaseSemaphore(orders, 1, NULL);
}

static void planner(void *unused) {
  (void)unused;
  for (u32 step = 0; step < STEPS; step++) {
    NtWaitForSingleObjectEx(under[1], 1, 0, NULL);
    u32 x = step % SIDE, y = (step * 2 + step / SIDE) % SIDE, n = y * SIDE + x;
    if (map[n].state == 2) {
      NtSetEvent(under[0], NULL);
    } else {
      wait_for = n;
      want(n);
    }
    if (x + 1 < SIDE) want(n + 1);
    if (y + 1 < SIDE) want(n + SIDE);
  }
  ExTerminateThread(0);
}

int main(void) {
  HANDLE t[4];
  NETWORK_OPEN_INFORMATION info;
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING name;
  name_object(&oa, &name, "game:\\data\\movie.bin");
  if ((s32)NtQueryFullAttributesFile(&oa, &info) < 0) DbgPrint("tiles: no map\n");
  RtlInitializeCriticalSection(&desk);
  NtCreateIoCompletion(&port, 0, NULL, 0);
  NtCreateSemaphore(&permits, NULL, 3, 3), NtCreateSemaphore(&orders, NULL, 0, 64);
  NtCreateEvent(&under[0], NULL, AUTO, 0), NtCreateEvent(&under[1], NULL, AUTO, 0);
  for (u32 i = 0; i < 2; i++) ExCreateThread(&t[i], 0x8000, NULL, NULL, (void *)fetcher, (void *)(usize)i, CORE(i + 1));
  ExCreateThread(&t[2], 0x8000, NULL, NULL, (void *)uploader, NULL, CORE(3));
  ExCreateThread(&t[3], 0x8000, NULL, NULL, (void *)planner, NULL, CORE(4));
  for (u32 step = 0; step < STEPS; step++) {
    s64 limit = MS(250);
    NtSetEvent(under[1], NULL);
    if (NtWaitForSingleObjectEx(under[0], 1, 0, &limit) == STATUS_TIMEOUT)
      late++, DbgPrint("tiles: step %d is late\n", step);
    nap(2);
  }
  NtWaitForSingleObjectEx(t[3], 1, 0, NULL);
  for (u32 i = 0; i < 3; i++) NtWaitForSingleObjectEx(permits, 1, 0, NULL);
  stop = 1;
  NtReleaseSemaphore(orders, 2, NULL);
  NtSetIoCompletion(port, 0xFFFF, 0, 0, 0);
  NtWaitForMultipleObjectsEx(4, t, 0, 1, 0, NULL);
  for (u32 i = 0; i < 4; i++) NtClose(t[i]);
  DbgPrint("tiles: %d came\n", came);
  return late;
}
