// A guard with tripwires: readers of records raise when one is broken, and go on behind the block; one releases more
// than a semaphore holds, which the kernel raises; a reader that gives up leaves the mutant that it holds abandoned,
// and the guard takes it over. What has been found is told over a list, and by a bell.
#include "engine.h"
#define READERS 3
#define RECORDS 12
u32 guarded(u32 kind); // guests/seh_frames.S
void note(u32 *log, u32 what);
u32 trail[64];
extern u32 raises[2];
static u32 steps;
static HANDLE frames_lock, ledger, bell, reader_thread[READERS];
static KSEMAPHORE full;
static volatile u32 found, refused, read_by[READERS], given_up;
static u32 tail_lock;
static u8 record[RECORDS * 64];

void note(u32 *log, u32 what) { log[steps++ & 63] = what; }

// Raises in a frame of its own; one thread at a time, as its trail is one.
static u32 raise_kind(u32 kind) {
  NtWaitForSingleObjectEx(frames_lock, 1, 0, NULL);
  steps = 0;
  if (kind == 8) raises[0] = (u32)(usize)KeReleaseSemaphore, raises[1] = (u32)(usize)&full;
  u32 got = guarded(kind);
  NtReleaseMutant(frames_lock, NULL);
  return got;
}

static u32 look(u32 n) {
  u32 sum = 0;
  for (u32 i = 0; i < 64; i++) sum = sum * 5 + record[n * 64 + i];
  u32 what = sum % 5;
  if (what == 1) return raise_kind(1) != 0x777;
  if (what == 2) return raise_kind(2) != 0x777;
  if (what == 3) return raise_kind(8) == 0xC0000047u + 0x55 + 0x1000;
  return 0;
}

static void reader(void *ctx) {
  u32 me = (u32)(usize)ctx;
  for (u32 n = me; n < RECORDS; n += READERS) {
    u32 broken = look(n);
    NTSTATUS s = NtWaitForSingleObjectEx(ledger, 1, 0, NULL);
    if (s == 0x80) DbgPrint("tripwire: the ledger was left\n");
    found += broken;
    read_by[me]++;
    if (me == 1 && n + READERS >= RECORDS) {
      given_up = 1;
      NtSetEvent(bell, NULL);
      ExTerminateThread(0xBAD); // and holds the ledger
    }
    NtReleaseMutant(ledger, NULL);
    u32 irql = KfAcquireSpinLock(&tail_lock);
    refused += broken == 0;
    KfReleaseSpinLock(&tail_lock, irql);
    nap(1 + me);
  }
  NtSetEvent(bell, NULL);
  ExTerminateThread(read_by[me]);
}

int main(void) {
  HANDLE f = 0;
  IO_STATUS_BLOCK io = {0, 0};
  u64 at = 0;
  KeInitializeSemaphore(&full, 3, 3);
  NtCreateMutant(&frames_lock, NULL, 0), NtCreateMutant(&ledger, NULL, 0);
  NtCreateEvent(&bell, NULL, AUTO, 0);
  if ((s32)open_file(&f, &io, "game:\\data\\part3.bin", FOR_READ, 1, 0x60) < 0) DbgPrint("tripwire: nothing to read\n");
  NtReadFile(f, 0, NULL, NULL, &io, record, sizeof record, &at);
  NtClose(f);
  for (u32 i = 0; i < READERS; i++)
    ExCreateThread(&reader_thread[i], 0x10000, NULL, NULL, (void *)reader, (void *)(usize)i, CORE(i + 1) | 1);
  for (u32 i = 0; i < READERS; i++) {
    u32 was = 9;
    NtResumeThread(reader_thread[i], &was);
    if (was != 1) DbgPrint("tripwire: reader %d did not sleep\n", i);
    NtWaitForSingleObjectEx(bell, 1, 0, NULL);
  }
  for (u32 i = 0; i < READERS; i++) {
    s64 limit = MS(500);
    if (NtWaitForSingleObjectEx(reader_thread[i], 1, 0, &limit) == STATUS_TIMEOUT)
      DbgPrint("tripwire: reader %d stays\n", i);
    NtClose(reader_thread[i]);
  }
  NTSTATUS s = NtWaitForSingleObjectEx(ledger, 1, 0, NULL);
  DbgPrint("tripwire: %d broken, %d whole, %s\n", found, refused, s == 0x80 ? "left" : "free");
  NtReleaseMutant(ledger, NULL);
  NtClose(ledger), NtClose(frames_lock), NtClose(bell);
  return 0;
}
