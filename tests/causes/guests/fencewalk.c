// A scene that is drawn while it loads: an uploader reads textures and makes them resident under the heap's lock, for
// which the drawer contends; the drawer hands over commands and waits for fences, which a thread that stands for the
// GPU writes and a DPC tells of. What a fence frees goes over a list to a janitor, who closes what is done with.
#include "engine.h"
#define FRAMES 9
#define TEXTURES 6
struct entry {
  struct entry *next;
  u32 texture, pad[2];
};
static KEVENT passed, dirty, first_resident;
static KDPC retire;
static KSEMAPHORE submitted;
static CRITICAL_SECTION heap;
static u32 resources[14];
static u64 list[2] __attribute__((aligned(16)));
static struct entry entries[FRAMES] __attribute__((aligned(16)));
static volatile u32 fence, resident, freed, heap_used, gone, drawn;
static u8 texels[TEXTURES][600];

static void on_retire(u32 self, u32 ctx, u32 n, u32 b) {
  (void)self, (void)ctx, (void)b;
  fence = n;
  KeSetEvent(&passed, 1, 0);
}

static void gpu(void *unused) {
  u32 n = 0;
  (void)unused;
  while (n < FRAMES) {
    KeWaitForSingleObject(&submitted, 3, 1, 0, NULL);
    burn(400);
    n++;
    KeInsertQueueDpc(&retire, (void *)(usize)n, NULL);
  }
  ExTerminateThread(n);
}

static void uploader(void *unused) {
  static const char *const names[TEXTURES] = {"game:\\data\\part0.bin", "game:\\data\\part1.bin",
                                              "game:\\data\\part2.bin", "game:\\data\\part3.bin",
                                              "game:\\data\\part4.bin", "game:\\data\\part5.bin"};
  (void)unused;
  for (u32 i = 0; i < TEXTURES; i++) {
    HANDLE f = 0;
    IO_STATUS_BLOCK io = {0, 0};
    u64 at = 128;
    NTSTATUS s = open_file(&f, &io, names[i], FOR_READ, 1, 0x60);
    if ((s32)s >= 0) s = NtReadFile(f, 0, NULL, NULL, &io, texels[i], 600, &at);
    if ((s32)s < 0 || io.information != 600)
      DbgPrint("fencewalk: texture %d is grey, %d\n", i, RtlNtStatusToDosError(s));
    NtClose(f);
    RtlEnterCriticalSection(&heap);
    u32 at_heap = MmAllocatePhysicalMemoryEx(0, 0x1000, 0x404, 0, 0xFFFFFFFFu, 0);
    heap_used += at_heap != 0;
    burn(150);
    RtlLeaveCriticalSection(&heap);
    ExAcquireReadWriteLockExclusive(resources);
    resident++;
    ExReleaseReadWriteLock(resources);
    if (i == 0) KeSetEvent(&first_resident, 1, 0);
    nap(1);
  }
  ExTerminateThread(heap_used);
}

static void janitor(void *unused) {
  (void)unused;
  while (freed < FRAMES) {
    KeWaitForSingleObject(&dirty, 3, 1, 0, NULL);
    for (;;) {
      struct entry *e = InterlockedPopEntrySList(list);
      if (e == NULL) break;
      RtlEnterCriticalSection(&heap);
      freed++;
      burn(30);
      RtlLeaveCriticalSection(&heap);
    }
  }
  ExTerminateThread(freed);
}

static void wait_for(u32 n) {
  while (fence < n) {
    s64 limit = MS(200);
    if (KeWaitForSingleObject(&passed, 3, 1, 0, &limit) == STATUS_TIMEOUT) {
      if (++gone == 3) break;
      DbgPrint("fencewalk: the GPU stands at %d of %d\n", fence, n);
    }
  }
}

int main(void) {
  HANDLE t[3];
  u32 missing = 0;
  KeInitializeEvent(&passed, AUTO, 0), KeInitializeEvent(&dirty, AUTO, 0),
      KeInitializeEvent(&first_resident, MANUAL, 0);
  KeInitializeSemaphore(&submitted, 0, FRAMES), KeInitializeDpc(&retire, (void *)on_retire, NULL);
  RtlInitializeCriticalSectionAndSpinCount(&heap, 50);
  ExInitializeReadWriteLock(resources);
  ExCreateThread(&t[0], 0x8000, NULL, NULL, (void *)gpu, NULL, CORE(5));
  ExCreateThread(&t[1], 0x8000, NULL, NULL, (void *)uploader, NULL, CORE(1));
  ExCreateThread(&t[2], 0x8000, NULL, NULL, (void *)janitor, NULL, CORE(2));
  KeWaitForSingleObject(&first_resident, 3, 1, 0, NULL);
  for (u32 n = 1; n <= FRAMES; n++) {
    ExAcquireReadWriteLockShared(resources);
    missing += resident == 0;
    ExReleaseReadWriteLock(resources);
    RtlEnterCriticalSection(&heap);
    drawn++;
    burn(60);
    RtlLeaveCriticalSection(&heap);
    KeReleaseSemaphore(&submitted, 1, 1, 0);
    if (n > 2) {
      wait_for(n - 2);
      entries[n - 3].texture = n;
      InterlockedPushEntrySList(list, &entries[n - 3]);
      KeSetEvent(&dirty, 1, 0);
    }
  }
  wait_for(FRAMES);
  InterlockedPushEntrySList(list, &entries[FRAMES - 2]), InterlockedPushEntrySList(list, &entries[FRAMES - 1]);
  KeSetEvent(&dirty, 1, 0);
  NtWaitForMultipleObjectsEx(3, t, 0, 1, 0, NULL);
  DbgPrint("fencewalk: %d drawn, %d missing, %d freed\n", drawn, missing, freed);
  for (u32 i = 0; i < 3; i++) NtClose(t[i]);
  return 0;
}
