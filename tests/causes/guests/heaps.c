// Memory as titles manage it: a range reserved and committed piece by piece, pages protected and looked at, arenas for
// each thread found by TLS, blocks that are handed to another thread and freed there, physical memory for a device.
#include "stage.h"

u32 MmIsAddressValid(u32);
void MmSetAddressProtect(u32, u32, u32);
void *ExAllocatePoolWithTag(u32, u32), *ExAllocatePoolTypeWithTag(u32, u32, u32);
NTSTATUS MmQueryStatistics(u32 *);

#define RANGE 0x40000u
#define STEP 0x10000u
#define BLOCKS 6

struct block {
  u32 size, from, sum;
  u8 *data;
};

static u32 base, committed, tls, physical;
static struct block *handed[BLOCKS];
static u32 in, out;
static HANDLE filled, emptied, threads[2];
static CRITICAL_SECTION lock;
static u32 total, faults;

static u32 commit_more(void) {
  u32 at = base + committed, size = STEP, old = 0;
  NTSTATUS s = NtAllocateVirtualMemory(&at, &size, 0x1000, 4, 0);
  if (FAILED(s) || at != base + committed) {
    complain("heaps: commit", s);
    return 0;
  }
  committed += size;
  at = base + committed - 0x1000, size = 0x1000; // the last page guards
  s = NtProtectVirtualMemory(&at, &size, 2, &old, 0);
  if (FAILED(s)) complain("heaps: guard", s);
  if (old != 4) DbgPrint("heaps: the page was %x before\n", old);
  return 1;
}

static void reserve(void) {
  u32 size = RANGE;
  MEMORY_BASIC_INFORMATION info = {0};
  base = 0;
  NTSTATUS s = NtAllocateVirtualMemory(&base, &size, 0x2000, 4, 0);
  if (FAILED(s)) {
    complain("heaps: range", s);
    return;
  }
  while (committed < 2 * STEP && commit_more()) {
  }
  s = NtQueryVirtualMemory(base, &info, 0);
  if (FAILED(s) || info.state != 0x1000) DbgPrint("heaps: not committed (%x, %x)\n", s, info.state);
  if (!MmIsAddressValid(base)) DbgPrint("heaps: the range is not there\n");
  if (MmQueryAddressProtect(base) != 4) DbgPrint("heaps: the range cannot be written\n");
}

static struct block *make_block(u32 i) {
  struct block *b = ExAllocatePoolWithTag(sizeof *b, 0x6B6C6221);
  if (b == NULL) return NULL;
  b->size = 128 + i * 32, b->from = i;
  b->data = ExAllocatePoolTypeWithTag(b->size, 0x61746164, 0);
  if (b->data == NULL) {
    ExFreePool(b);
    return NULL;
  }
  for (u32 k = 0; k < b->size; k++) b->data[k] = (u8)(k * i + 1);
  b->sum = checksum(b->data, b->size);
  return b;
}

static void producer(void *ctx) {
  (void)ctx;
  u8 *arena = ExAllocatePool(1024);
  KeTlsSetValue(tls, arena);
  for (u32 i = 0; i < BLOCKS; i++) {
    wait_for(emptied, MS(400));
    struct block *b = make_block(i);
    if (b == NULL) DbgPrint("heaps: block %d has no memory\n", i);
    RtlEnterCriticalSection(&lock);
    handed[in++ % BLOCKS] = b;
    RtlLeaveCriticalSection(&lock);
    NtReleaseSemaphore(filled, 1, NULL);
  }
  u8 *mine = KeTlsGetValue(tls);
  if (mine) ExFreePool(mine);
  ExTerminateThread(0);
}

static void consumer(void *ctx) {
  (void)ctx;
  for (u32 i = 0; i < BLOCKS; i++) {
    wait_for(filled, 0);
    RtlEnterCriticalSection(&lock);
    struct block *b = handed[out++ % BLOCKS];
    RtlLeaveCriticalSection(&lock);
    if (b) {
      if (checksum(b->data, b->size) != b->sum) faults++;
      total += b->size;
      ExFreePool(b->data), ExFreePool(b);
    }
    if (faults == 1) DbgPrint("heaps: block %d was overwritten\n", i), faults = 100;
    NtReleaseSemaphore(emptied, 1, NULL);
  }
  ExTerminateThread(faults);
}

static void device(void) {
  physical = MmAllocatePhysicalMemoryEx(0, 0x20000, 0x404, 0, 0xFFFFFFFFu, 0x1000);
  if (physical == 0) {
    DbgPrint("heaps: the device has no memory\n");
    return;
  }
  u32 at = MmGetPhysicalAddress(physical);
  MmSetAddressProtect(physical, 0x1000, 2);
  if (MmQueryAddressProtect(physical) != 2) DbgPrint("heaps: the device's page can be written\n");
  if (at >> 29) DbgPrint("heaps: no address for a device: %x\n", at);
  MmFreePhysicalMemory(0, physical);
}

int main(void) {
  u32 statistics[26] = {sizeof statistics};
  RtlInitializeCriticalSection(&lock);
  tls = KeTlsAlloc();
  filled = new_semaphore(0, BLOCKS), emptied = new_semaphore(2, 4);
  if (FAILED(MmQueryStatistics(statistics))) DbgPrint("heaps: how much is there?\n");
  reserve();
  threads[0] = spawn(consumer, 0, ON(1)), threads[1] = spawn(producer, 0, ON(3));
  device();
  join(threads[0]), join(threads[1]);
  u32 size = 0;
  NTSTATUS s = NtFreeVirtualMemory(&base, &size, 0x8000, 0);
  if (FAILED(s)) complain("heaps: free", s);
  KeTlsFree(tls);
  DbgPrint("heaps: %d committed, %d handed over\n", committed, total);
  return 0;
}
