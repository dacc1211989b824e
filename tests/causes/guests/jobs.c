// A job system: each worker has a ring under a spin lock and a semaphore in the title's own memory; a dispatcher sends
// a frame through its stages (animate, solve, skin, submit), each as wide as it is, and the game waits for the frame.
#include "stage.h"

void KeInitializeSemaphore(KSEMAPHORE *, s32 count, s32 limit);
void KeInitializeEvent(KEVENT *, u32 type, u32 state);
s32 KeQueryBasePriorityThread(void *);

#define WORKERS 3
#define FRAMES 4

enum { ANIMATE, SOLVE, SKIN, SUBMIT, LEAVE };

struct worker {
  KSEMAPHORE count;
  u32 lock, ring[8], in, out, done[5];
  HANDLE thread;
  void *object;
};

static struct worker workers[WORKERS];
static KSEMAPHORE completed;
static KEVENT wanted, frame_done;
static u32 frames, checks;

static void submit(u32 to, u32 job) {
  struct worker *w = &workers[to];
  u32 irql = KfAcquireSpinLock(&w->lock);
  w->ring[w->in++ & 7] = job;
  KfReleaseSpinLock(&w->lock, irql);
  KeReleaseSemaphore(&w->count, 1, 1, 0);
}

static u32 fetch(struct worker *w) {
  KeWaitForSingleObject(&w->count, 3, 1, 0, NULL);
  u32 irql = KfAcquireSpinLock(&w->lock);
  u32 job = w->in == w->out ? ANIMATE : w->ring[w->out++ & 7];
  KfReleaseSpinLock(&w->lock, irql);
  return job;
}

static void solve(void) {
  u32 *matrix = ExAllocatePool(2048);
  if (matrix == NULL) {
    DbgPrint("jobs: the solver has no memory; the frame is skipped\n");
    return;
  }
  for (u32 i = 0; i < 512; i++) matrix[i] = i * i;
  checks += checksum((u8 *)matrix, 64);
  ExFreePool(matrix);
}

static void worker(void *ctx) {
  struct worker *w = &workers[(u32)(usize)ctx];
  for (;;) {
    u32 job = fetch(w);
    if (job == LEAVE) break;
    if (job == ANIMATE) crunch(150);
    if (job == SOLVE) solve();
    if (job == SKIN) crunch(250);
    w->done[job]++;
    KeReleaseSemaphore(&completed, 1, 1, 0);
  }
  ExTerminateThread(w->done[ANIMATE] * 100 + w->done[SKIN]);
}

// All jobs of a stage; the next one does not begin before each has been reported.
static void stage(u32 job, u32 width) {
  s64 patience = MS(400);
  for (u32 i = 0; i < width; i++) submit(i % WORKERS, job);
  for (u32 i = 0; i < width; i++)
    if (KeWaitForSingleObject(&completed, 3, 1, 0, &patience) == STATUS_TIMEOUT)
      DbgPrint("jobs: stage %d: %d of %d\n", job, i, width);
}

static void dispatcher(void *ctx) {
  (void)ctx;
  for (u32 f = 0; f < FRAMES; f++) {
    KeWaitForSingleObject(&wanted, 3, 1, 0, NULL);
    stage(ANIMATE, 6);
    stage(SOLVE, 1);
    stage(SKIN, 3);
    stage(SUBMIT, 1);
    frames++;
    KeSetEvent(&frame_done, 1, 0);
  }
  for (u32 i = 0; i < WORKERS; i++) submit(i, LEAVE);
  ExTerminateThread(frames);
}

static void start(u32 i) {
  struct worker *w = &workers[i];
  u32 before = 0;
  KeInitializeSemaphore(&w->count, 0, 8);
  w->thread = spawn(worker, i, SUSPENDED);
  if (FAILED(ObReferenceObjectByHandle(w->thread, NULL, &w->object))) {
    DbgPrint("jobs: worker %d has no object\n", i);
    return;
  }
  KeSetAffinityThread(w->object, 1u << (i + 1), &before);
  KeSetBasePriorityThread(w->object, 1);
  if (KeQueryBasePriorityThread(w->object) != 1) DbgPrint("jobs: worker %d: priority\n", i);
  ObDereferenceObject(w->object);
  NtResumeThread(w->thread, NULL);
}

int main(void) {
  KeInitializeSemaphore(&completed, 0, 16);
  KeInitializeEvent(&wanted, 1, 0);
  KeInitializeEvent(&frame_done, 1, 0);
  for (u32 i = 0; i < WORKERS; i++) start(i);
  HANDLE d = spawn(dispatcher, 0, ON(5));
  for (u32 f = 0; f < FRAMES; f++) {
    s64 limit = MS(900);
    KeSetEvent(&wanted, 1, 0);
    if (KeWaitForSingleObject(&frame_done, 3, 1, 0, &limit) == STATUS_TIMEOUT) DbgPrint("jobs: frame %d is late\n", f);
    crunch(100);
  }
  join(d);
  for (u32 i = 0; i < WORKERS; i++) join(workers[i].thread);
  DbgPrint("jobs: %d frames, %x\n", frames, checks);
  return 0;
}
