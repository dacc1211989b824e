// A job system: each of four workers has a list of its own, takes from it, and steals from the others when it is empty.
// The main thread hands out frames of jobs and waits until the last of a frame sets its event.
#include "engine.h"
#define WORKERS 4
#define FRAMES 24
struct job {
  struct job *next;
  u32 kind, cost;
};
static struct {
  u64 header; // SLIST_HEADER
  u32 done, stolen;
} deque[WORKERS] __attribute__((aligned(16)));
static KSEMAPHORE work;
static KEVENT frame_done;
static volatile u32 left, quit, sum;

static struct job *find(u32 me) {
  struct job *j = InterlockedPopEntrySList(&deque[me].header);
  for (u32 k = 1; j == NULL && k < WORKERS; k++) {
    j = InterlockedPopEntrySList(&deque[(me + k) % WORKERS].header);
    if (j) deque[me].stolen++;
  }
  return j;
}
static void worker(void *ctx) {
  u32 me = (u32)(usize)ctx;
  for (;;) {
    KeWaitForSingleObject(&work, 3, 1, 0, NULL);
    if (quit) break;
    struct job *j = find(me);
    if (j == NULL) continue;
    burn(j->cost);
    add(&sum, j->kind);
    ExFreePool(j);
    deque[me].done++;
    if (add(&left, ~0u) == 0) KeSetEvent(&frame_done, 1, 0);
  }
  ExTerminateThread(0);
}
int main(void) {
  HANDLE h[WORKERS];
  KeInitializeSemaphore(&work, 0, 1000);
  KeInitializeEvent(&frame_done, 1, 0);
  for (u32 i = 0; i < WORKERS; i++)
    ExCreateThread(&h[i], 0x8000, NULL, NULL, (void *)worker, (void *)(usize)i, CORE(i + 1));
  for (u32 f = 0; f < FRAMES; f++) {
    u32 n = 8 + f % 5;
    left = n;
    for (u32 i = 0; i < n; i++) {
      struct job *j = ExAllocatePoolTypeWithTag(sizeof *j, 0x6A6F6273, 1);
      j->kind = i + f, j->cost = 40 + 13 * i;
      InterlockedPushEntrySList(&deque[i % WORKERS].header, j);
    }
    KeReleaseSemaphore(&work, 1, (s32)n, 0);
    KeWaitForSingleObject(&frame_done, 3, 1, 0, NULL);
  }
  quit = 1;
  KeReleaseSemaphore(&work, 1, WORKERS, 0);
  NtWaitForMultipleObjectsEx(WORKERS, h, 0, 1, 0, NULL);
  for (u32 i = 0; i < WORKERS; i++) NtClose(h[i]);
  DbgPrint("jobs: sum %d\n", sum);
  return 0;
}
