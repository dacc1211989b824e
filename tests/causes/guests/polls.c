// Waiting the way that titles should not: a flag and an event are looked at again and again, with pauses between, until
// a worker has done its part.
#include "stage.h"

static volatile u32 ready, counter;
static HANDLE event, more;

static void worker(void *ctx) {
  (void)ctx;
  crunch(40000);
  ready = 1;
  wait_for(more, 0);
  crunch(60000);
  counter++;
  NtSetEvent(event, NULL);
  ExTerminateThread(counter);
}

static u32 poll_flag(void) {
  for (u32 i = 0; i < 3000; i++) {
    if (ready) return 1;
    s64 t = -200; // 20 us
    KeDelayExecutionThread(1, 0, &t);
  }
  return 0;
}

static u32 poll_event(void) {
  s64 now = 0;
  for (u32 i = 0; i < 3000; i++) {
    if (NtWaitForSingleObjectEx(event, 1, 0, &now) == STATUS_SUCCESS) return 1;
    s64 t = -300;
    KeDelayExecutionThread(1, 0, &t);
  }
  return 0;
}

// Until the clock has moved on by half a millisecond.
static u32 poll_clock(void) {
  u64 start, now = 0;
  KeQuerySystemTime(&start);
  for (u32 i = 0; i < 400; i++) {
    KeQuerySystemTime(&now);
    if (now - start > 5000) return 1;
    s64 t = -1000; // 100 us
    KeDelayExecutionThread(1, 0, &t);
  }
  return 0;
}

int main(void) {
  event = new_event(1, 0), more = new_event(1, 0);
  HANDLE t = spawn(worker, 0, ON(3));
  if (!poll_flag()) DbgPrint("polls: the worker never got ready\n");
  NtSetEvent(more, NULL);
  if (!poll_event()) DbgPrint("polls: the event never came\n");
  if (!poll_clock()) DbgPrint("polls: the clock stands still\n");
  join(t);
  DbgPrint("polls: %d\n", counter);
  return 0;
}
