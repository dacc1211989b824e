// Sixteen workers of one kind under one queue, as physics and particle systems have them: a wave of tasks is put in,
// the workers take them as they come, the last task of a wave starts the next wave; who does which task is chance. A
// sorter takes the results of each wave, by index.
#include "stage.h"

#define WORKERS 16
#define WAVES 3
#define TASKS 24

static HANDLE tasks, wave_done, sorted, threads[WORKERS];
static CRITICAL_SECTION queue;
static u32 next_task, left, results[TASKS], ordered, waves, closing;

static u32 take(void) {
  RtlEnterCriticalSection(&queue);
  u32 n = next_task < TASKS ? next_task++ : TASKS;
  RtlLeaveCriticalSection(&queue);
  return n;
}

static void finish(u32 n, u32 value) {
  RtlEnterCriticalSection(&queue);
  results[n] = value;
  u32 last = --left == 0;
  RtlLeaveCriticalSection(&queue);
  if (last) NtSetEvent(wave_done, NULL);
}

static u32 compute(u32 n) {
  u32 *scratch = ExAllocatePool(64 + n);
  if (scratch == NULL) {
    DbgPrint("swarm: task %d has no memory\n", n);
    return 0;
  }
  for (u32 i = 0; i < 16; i++) scratch[i] = i * n;
  crunch(20 + n * 7 % 50);
  u32 sum = checksum((u8 *)scratch, 64);
  ExFreePool(scratch);
  return sum;
}

static void worker(void *ctx) {
  (void)ctx;
  for (;;) {
    wait_for(tasks, 0);
    if (closing) break;
    u32 n = take();
    if (n == TASKS) {
      DbgPrint("swarm: nothing to do\n");
      continue;
    }
    finish(n, compute(n));
  }
  ExTerminateThread(0);
}

static void sorter(void *ctx) {
  (void)ctx;
  for (u32 w = 0; w < WAVES; w++) {
    if (wait_for(wave_done, MS(300)) != STATUS_SUCCESS) DbgPrint("swarm: wave %d is not done, %d left\n", w, left);
    for (u32 i = 0; i < TASKS; i++) ordered = ordered * 3 + results[i];
    NtSetEvent(sorted, NULL);
  }
  ExTerminateThread(0);
}

int main(void) {
  RtlInitializeCriticalSection(&queue);
  tasks = new_semaphore(0, 64), wave_done = new_event(1, 0), sorted = new_event(1, 0);
  HANDLE s = spawn(sorter, 0, ON(5));
  for (u32 i = 0; i < WORKERS; i++) threads[i] = spawn(worker, 0, ON(i % 5));
  for (; waves < WAVES; waves++) {
    next_task = 0, left = TASKS;
    NtReleaseSemaphore(tasks, TASKS, NULL);
    if (wait_for(sorted, MS(800)) != STATUS_SUCCESS) {
      DbgPrint("swarm: wave %d is lost\n", waves);
      break;
    }
  }
  closing = 1;
  NtReleaseSemaphore(tasks, WORKERS, NULL);
  for (u32 i = 0; i < WORKERS; i++) join(threads[i]);
  join(s);
  DbgPrint("swarm: %d waves, %x\n", waves, ordered);
  return 0;
}
