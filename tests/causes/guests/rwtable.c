// A table behind a lock for many readers and one writer that the title has built itself, of two events and a critical
// section; another behind the kernel's own read/write lock. A coordinator lets readers and the writer in by turns.
#include "stage.h"

void ExInitializeReadWriteLock(void *), ExAcquireReadWriteLockExclusive(void *), ExAcquireReadWriteLockShared(void *);
void ExReleaseReadWriteLock(void *);
u32 ExTryToAcquireReadWriteLockExclusive(void *);

#define READERS 3
#define TURNS 4

struct rw {
  CRITICAL_SECTION lock;
  HANDLE no_readers, no_writer;
  u32 readers;
};

static struct rw mine;
static u32 kernels[14];
static HANDLE start_reading, turn[READERS], read_done, start_writing, written;
static u32 table[8], version, seen[READERS], torn;

static void make(struct rw *l) {
  RtlInitializeCriticalSection(&l->lock);
  l->no_readers = new_event(0, 1);
  l->no_writer = new_event(0, 1);
}

static void enter_shared(struct rw *l) {
  for (;;) {
    wait_for(l->no_writer, 0);
    RtlEnterCriticalSection(&l->lock);
    s64 now = 0;
    u32 mine_now = NtWaitForSingleObjectEx(l->no_writer, 1, 0, &now) == STATUS_SUCCESS;
    if (mine_now && l->readers++ == 0) NtClearEvent(l->no_readers);
    RtlLeaveCriticalSection(&l->lock);
    if (mine_now) return;
  }
}

static void leave_shared(struct rw *l) {
  RtlEnterCriticalSection(&l->lock);
  if (--l->readers == 0) NtSetEvent(l->no_readers, NULL);
  RtlLeaveCriticalSection(&l->lock);
}

static void enter_exclusive(struct rw *l) {
  RtlEnterCriticalSection(&l->lock);
  NtClearEvent(l->no_writer);
  RtlLeaveCriticalSection(&l->lock);
  if (wait_for(l->no_readers, MS(1500)) != STATUS_SUCCESS) DbgPrint("rwtable: readers do not leave\n");
}

static void leave_exclusive(struct rw *l) { NtSetEvent(l->no_writer, NULL); }

static void reader(void *ctx) {
  u32 self = (u32)(usize)ctx;
  for (u32 i = 0; i < TURNS; i++) {
    wait_for(turn[self], 0);
    enter_shared(&mine);
    crunch(200 * (self + 1));
    u32 first = table[0], last = table[7];
    leave_shared(&mine);
    if (first != last) torn++;
    ExAcquireReadWriteLockShared(kernels);
    seen[self] = seen[self] * 5 + version;
    ExReleaseReadWriteLock(kernels);
    NtReleaseSemaphore(read_done, 1, NULL);
  }
  ExTerminateThread(seen[self]);
}

static void writer(void *ctx) {
  (void)ctx;
  for (u32 i = 0; i < TURNS; i++) {
    wait_for(start_writing, 0);
    enter_exclusive(&mine);
    for (u32 k = 0; k < 8; k++) table[k] = i + 1;
    leave_exclusive(&mine);
    ExAcquireReadWriteLockExclusive(kernels);
    version++;
    ExReleaseReadWriteLock(kernels);
    NtSetEvent(written, NULL);
  }
  ExTerminateThread(version);
}

// Readers read while nobody writes, and the other way round; what each of them does is the same in every run.
static u32 one_turn(u32 i) {
  for (u32 r = 0; r < READERS; r++) {
    NtSetEvent(turn[r], NULL);
    if (wait_for(read_done, MS(800)) != STATUS_SUCCESS) return DbgPrint("rwtable: turn %d: a reader is stuck\n", i), 0;
  }
  NtSetEvent(start_writing, NULL);
  if (wait_for(written, MS(1800)) != STATUS_SUCCESS) return DbgPrint("rwtable: turn %d: the writer is stuck\n", i), 0;
  return 1;
}

int main(void) {
  HANDLE t[READERS + 1];
  u32 turns = 0;
  make(&mine);
  ExInitializeReadWriteLock(kernels);
  start_reading = new_event(0, 0), read_done = new_semaphore(0, READERS);
  start_writing = new_event(1, 0), written = new_event(1, 0);
  for (u32 i = 0; i < READERS; i++) turn[i] = new_event(1, 0);
  for (u32 i = 0; i < READERS; i++) t[i] = spawn(reader, i, ON(1 + i));
  t[READERS] = spawn(writer, 0, ON(5));
  while (turns < TURNS && one_turn(turns)) turns++;
  if (ExTryToAcquireReadWriteLockExclusive(kernels))
    ExReleaseReadWriteLock(kernels);
  else
    DbgPrint("rwtable: somebody keeps the lock\n");
  DbgPrint("rwtable: %d turns, version %d, %d torn\n", turns, version, torn);
  for (u32 i = 0; i <= READERS; i++) join(t[i]);
  return 0;
}
