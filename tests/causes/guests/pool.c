// Four workers take tasks from a lock-free list when a semaphore says there are some; the last task done sets an event.
#include "stage.h"

void *InterlockedPushEntrySList(void *head, void *entry), *InterlockedPopEntrySList(void *head);

#define WORKERS 4
#define TASKS 32

struct task {
  struct task *next;
  u32 kind, size;
} __attribute__((aligned(8)));

static struct task tasks[TASKS + WORKERS];
static u32 list[2] __attribute__((aligned(8)));
static HANDLE work, idle;
static CRITICAL_SECTION lock;
static u32 finished;

static void compress(struct task *t) { crunch(t->size * 20); }
static void decompress(struct task *t) {
  void *p = ExAllocatePool(t->size * 16);
  if (p == NULL) {
    DbgPrint("pool: out of memory\n");
    return;
  }
  crunch(t->size * 10);
  ExFreePool(p);
}

static void account(void) {
  RtlEnterCriticalSection(&lock);
  u32 n = ++finished;
  RtlLeaveCriticalSection(&lock);
  if (n == TASKS) NtSetEvent(idle, NULL);
}

static void worker(void *ctx) {
  (void)ctx;
  for (;;) {
    wait_for(work, 0);
    struct task *t = InterlockedPopEntrySList(list);
    if (t == NULL) {
      DbgPrint("pool: no task\n");
      continue;
    }
    if (t->kind == 2) break;
    if (t->kind)
      decompress(t);
    else
      compress(t);
    account();
  }
  ExTerminateThread(0);
}

static void give(u32 i, u32 kind) {
  tasks[i].kind = kind;
  tasks[i].size = 5 + i;
  InterlockedPushEntrySList(list, &tasks[i]);
  NtReleaseSemaphore(work, 1, NULL);
}

int main(void) {
  HANDLE t[WORKERS];
  RtlInitializeCriticalSection(&lock);
  work = new_semaphore(0, 64);
  idle = new_event(0, 0);
  for (u32 i = 0; i < WORKERS; i++) t[i] = spawn(worker, 0, ON(1 + i));
  for (u32 i = 0; i < TASKS; i++) give(i, i & 1);
  wait_for(idle, 0);
  for (u32 i = 0; i < WORKERS; i++) give(TASKS + i, 2);
  NtWaitForMultipleObjectsEx(WORKERS, t, 0, 1, 0, NULL);
  for (u32 i = 0; i < WORKERS; i++) NtClose(t[i]);
  DbgPrint("pool: %d tasks\n", finished);
  return 0;
}
