// A job system where idle workers steal: a queue for each worker under a lock made by hand, work counted in one
// semaphore, batches that the game waits for through a countdown whose last job sets the batch's event.
#include "runtime.h"

#define WORKERS 4
#define BATCHES 6
#define JOBS 8

struct queue {
  struct gate gate;
  u32 job[16], head, tail;
};

static struct queue queues[WORKERS];
static HANDLE work, batch_done[BATCHES], quit;
static volatile s32 left[BATCHES];
static volatile u32 done_by[WORKERS], results[BATCHES * JOBS];

static u32 take(u32 self) {
  for (u32 i = 0; i < WORKERS; i++) {
    struct queue *q = &queues[(self + i) % WORKERS];
    u32 job = 0;
    gate_enter(&q->gate);
    if (q->head != q->tail) job = i ? q->job[q->head++ & 15] : q->job[--q->tail & 15];
    gate_leave(&q->gate);
    if (job) return job;
  }
  return 0;
}

static void perform(u32 job) {
  u32 batch = job >> 8, n = job & 0xFF;
  burn(40 + 15 * n);
  results[batch * JOBS + n] = n * n + batch;
  if (__sync_sub_and_fetch(&left[batch], 1) == 0) set(batch_done[batch]);
}

static u32 worker(u32 self) {
  const HANDLE both[2] = {quit, work};
  while (await_many(2, both, 0, FOREVER) == 1) {
    u32 job = take(self);
    if (job == 0) continue;
    perform(job & 0x7FFFFFFF);
    done_by[self]++;
  }
  return done_by[self];
}

static void submit(u32 to, u32 job) {
  struct queue *q = &queues[to];
  gate_enter(&q->gate);
  q->job[q->tail++ & 15] = job | 0x80000000u;
  gate_leave(&q->gate);
}

int main(void) {
  HANDLE t[WORKERS];
  work = make_semaphore(0, 64), quit = make_event(1, 0, NULL);
  for (u32 i = 0; i < WORKERS; i++) queues[i].gate.event = make_event(0, 0, NULL);
  for (u32 i = 0; i < WORKERS; i++) t[i] = begin(worker, i, CORE(1 + i));
  for (u32 b = 0; b < BATCHES; b++) {
    left[b] = JOBS;
    batch_done[b] = make_event(1, 0, NULL);
    for (u32 n = 0; n < JOBS; n++) submit(b & 1 ? n % WORKERS : b % WORKERS, b << 8 | n);
    release(work, JOBS);
    await(batch_done[b], FOREVER);
    close(batch_done[b]);
  }
  set(quit);
  await_many(WORKERS, t, 1, FOREVER);
  for (u32 i = 0; i < WORKERS; i++) close(t[i]);
  u32 sum = 0;
  for (u32 i = 0; i < BATCHES * JOBS; i++) sum += results[i];
  DbgPrint("%d\n", sum);
  return 0;
}
