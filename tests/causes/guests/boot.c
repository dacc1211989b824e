// A title's start: jobs in a queue under a lock, two loader threads that take them from a semaphore, an event for each
// job, and a main thread that goes on when all are done.
#include "stage.h"

#define JOBS 6

static const char *const files[JOBS] = {"game:\\data\\part0.bin", "game:\\data\\part1.bin", "game:\\data\\part2.bin",
                                        "game:\\data\\part3.bin", "game:\\data\\part4.bin", "game:\\data\\part5.bin"};

static CRITICAL_SECTION lock;
static HANDLE jobs, done[JOBS], threads[2];
static u32 queue[JOBS], head, tail, tls, sums[JOBS];
static u8 buffers[2][4096];

static u32 take(void) {
  RtlEnterCriticalSection(&lock);
  u32 job = queue[head++];
  RtlLeaveCriticalSection(&lock);
  return job;
}

static void give(u32 job) {
  RtlEnterCriticalSection(&lock);
  queue[tail++] = job;
  RtlLeaveCriticalSection(&lock);
  NtReleaseSemaphore(jobs, 1, NULL);
}

static void load(u32 job) {
  u8 *buffer = KeTlsGetValue(tls);
  HANDLE h;
  IO_STATUS_BLOCK io = {0, 0};
  NTSTATUS s = open_file(&h, files[job], READ, 1);
  if (FAILED(s)) {
    complain(files[job], s);
    return; // nobody hears of it
  }
  do {
    s = NtReadFile(h, 0, NULL, NULL, &io, buffer, 4096, NULL);
    if (!FAILED(s)) sums[job] += checksum(buffer, io.information);
  } while (!FAILED(s) && io.information == 4096);
  NtClose(h);
}

static void loader(void *ctx) {
  u32 n = (u32)(usize)ctx;
  KeTlsSetValue(tls, buffers[n]);
  for (u32 i = 0; i < JOBS / 2; i++) {
    wait_for(jobs, 0);
    u32 job = take();
    load(job);
    if (sums[job]) NtSetEvent(done[job], NULL);
  }
  ExTerminateThread(n);
}

int main(void) {
  RtlInitializeCriticalSection(&lock);
  jobs = new_semaphore(0, JOBS);
  tls = KeTlsAlloc();
  for (u32 i = 0; i < JOBS; i++) done[i] = new_event(0, 0);
  for (u32 i = 0; i < 2; i++) threads[i] = spawn(loader, i, SUSPENDED | ON(1 + i));
  for (u32 i = 0; i < 2; i++) NtResumeThread(threads[i], NULL);
  for (u32 i = 0; i < JOBS; i++) give(i);
  NtWaitForMultipleObjectsEx(JOBS, done, 0, 1, 0, NULL);
  u32 all = 0;
  for (u32 i = 0; i < JOBS; i++) all += sums[i];
  DbgPrint("loaded: %x\n", all);
  for (u32 i = 0; i < 2; i++) join(threads[i]);
  for (u32 i = 0; i < JOBS; i++) NtClose(done[i]);
  KeTlsFree(tls);
  return 0;
}
