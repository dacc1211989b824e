// A cache that is read by three and cleared by one: who does not find an entry, or an old one, takes the lock for
// itself, looks again, and loads it. The one that clears is told by an event, and answers by a semaphore. A table of
// leases under a spin lock says who looks at which entry.
#include "engine.h"
#define READERS 3
#define KEYS 4
#define ROUNDS 4
#define LOOKS 5

struct entry {
  u32 generation, sum;
  void *bytes;
};
static u32 rw[14], spin, leases[KEYS];
static struct entry cache[KEYS];
static u32 generation[KEYS] = {1, 1, 1, 1};
static HANDLE go, rested, outdated, cleared;
static volatile u32 which, stop, loads;

static void lease(u32 key, s32 n) {
  u32 irql = KfAcquireSpinLock(&spin);
  leases[key] += (u32)n;
  KfReleaseSpinLock(&spin, irql);
}

static void load(u32 key) {
  static const char *const paths[KEYS] = {"game:\\data\\part0.bin", "game:\\data\\part1.bin", "game:\\data\\part3.bin",
                                          "game:\\data\\part5.bin"};
  struct entry *e = &cache[key];
  HANDLE f = 0;
  IO_STATUS_BLOCK io = {0, 0};
  u64 at = 128 * generation[key];
  if (e->bytes == NULL) e->bytes = ExAllocatePoolTypeWithTag(512, 0x4C454153, 0);
  if (e->bytes == NULL) {
    DbgPrint("leases: no room for %d\n", key);
    return;
  }
  NTSTATUS s = open_file(&f, &io, paths[key], FOR_READ, 1, 0x60);
  if (s != 0) {
    DbgPrint("leases: %d is not there, error %d\n", key, RtlNtStatusToDosError(s));
    return;
  }
  s = NtReadFile(f, 0, NULL, NULL, &io, e->bytes, 512, &at);
  if (s != 0 || io.information != 512) DbgPrint("leases: %d is short\n", key);
  e->sum = 0;
  for (u32 i = 0; i < 512; i++) e->sum += ((u8 *)e->bytes)[i];
  e->generation = generation[key];
  loads++;
  NtClose(f);
}

static u32 look(u32 key) {
  u32 sum = 0;
  ExAcquireReadWriteLockShared(rw);
  if (cache[key].generation == generation[key]) {
    lease(key, 1);
    sum = cache[key].sum;
    burn(80);
    lease(key, -1);
    ExReleaseReadWriteLock(rw);
    return sum;
  }
  ExReleaseReadWriteLock(rw);
  ExAcquireReadWriteLockExclusive(rw);
  if (cache[key].generation != generation[key]) load(key);
  sum = cache[key].sum;
  ExReleaseReadWriteLock(rw);
  return sum;
}

static void reader(void *ctx) {
  u32 me = (u32)(usize)ctx, sum = 0;
  for (;;) {
    NtWaitForSingleObjectEx(go, 1, 0, NULL);
    if (stop) break;
    for (u32 i = 0; i < LOOKS; i++) sum += look((me + i * (me + 1)) % KEYS);
    NtReleaseSemaphore(rested, 1, NULL);
    nap(2);
  }
  ExTerminateThread(sum);
}

static void clears(void *ctx) {
  u32 n = 0;
  (void)ctx;
  for (;;) {
    NtWaitForSingleObjectEx(outdated, 1, 0, NULL);
    if (stop) break;
    ExAcquireReadWriteLockExclusive(rw);
    generation[which]++;
    if (n & 1) {
      ExFreePool(cache[which].bytes);
      cache[which].bytes = NULL;
    }
    ExReleaseReadWriteLock(rw);
    n++;
    NtReleaseSemaphore(cleared, 1, NULL);
  }
  ExTerminateThread(n);
}

int main(void) {
  HANDLE t[READERS + 1];
  ExInitializeReadWriteLock(rw);
  NtCreateSemaphore(&go, NULL, 0, READERS), NtCreateSemaphore(&rested, NULL, 0, READERS);
  NtCreateEvent(&outdated, NULL, AUTO, 0), NtCreateSemaphore(&cleared, NULL, 0, 1);
  for (u32 i = 0; i < READERS; i++)
    ExCreateThread(&t[i], 0x8000, NULL, NULL, (void *)reader, (void *)(usize)i, CORE(i + 1));
  ExCreateThread(&t[READERS], 0x8000, NULL, NULL, (void *)clears, NULL, CORE(5));
  for (u32 r = 0; r < ROUNDS; r++) {
    NtReleaseSemaphore(go, READERS, NULL);
    for (u32 i = 0; i < READERS; i++) NtWaitForSingleObjectEx(rested, 1, 0, NULL);
    for (u32 k = 0; k < 2; k++) {
      s64 limit = MS(300);
      which = (r + k) % KEYS;
      NtSetEvent(outdated, NULL);
      if (NtWaitForSingleObjectEx(cleared, 1, 0, &limit) != 0) DbgPrint("leases: %d stays\n", which);
    }
    DbgPrint("leases: round %d, %d loads\n", r, loads);
    nap(4);
  }
  stop = 1;
  NtReleaseSemaphore(go, READERS, NULL);
  NtSetEvent(outdated, NULL);
  NtWaitForMultipleObjectsEx(READERS + 1, t, 0, 1, 0, NULL);
  for (u32 i = 0; i <= READERS; i++) NtClose(t[i]);
  return 0;
}
