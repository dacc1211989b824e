// A state machine that polls events with timeouts, while a device thread works through the requests it is given. Every
// state has a few tries; after them the machine fails and says so.
#include "stage.h"

enum { CONNECT, IDENTIFY, UPLOAD, VERIFY, DONE, FAILED_STATE };

static HANDLE request, replies[4];
static volatile u32 command;
static u32 crc;

static void device(void *ctx) {
  (void)ctx;
  for (u32 served = 0; served < 4; served++) {
    wait_for(request, 0);
    u32 what = command;
    pause_ms(2 + what);
    crc = crc * 31 + what;
    NtSetEvent(replies[what], NULL);
  }
  ExTerminateThread(crc);
}

// One try: the next state, or the same.
static u32 step(u32 state, u32 attempt) {
  if (attempt == 0) {
    command = state;
    NtSetEvent(request, NULL);
  }
  NTSTATUS s = wait_for(replies[state], MS(20));
  if (s == STATUS_SUCCESS) return state + 1;
  DbgPrint("states: state %d, try %d: %x\n", state, attempt, s);
  return state;
}

static u32 drive(void) {
  u32 state = CONNECT, attempt = 0;
  while (state < DONE) {
    u32 next = step(state, attempt);
    attempt = next == state ? attempt + 1 : 0;
    if (attempt == 4) return FAILED_STATE;
    state = next;
  }
  return state;
}

int main(void) {
  u64 before, after;
  request = new_event(1, 0);
  for (u32 i = 0; i < 4; i++) replies[i] = new_event(1, 0);
  HANDLE t = spawn(device, 0, SUSPENDED | ON(3));
  NTSTATUS s = NtResumeThread(t, NULL);
  if (FAILED(s)) complain("device", s);
  KeQuerySystemTime(&before);
  u32 end = drive();
  KeQuerySystemTime(&after);
  if (end == DONE) {
    DbgPrint("states: done, crc %x\n", crc);
  } else {
    DbgPrint("states: the device does not answer\n");
    NtSetEvent(request, NULL);
  }
  if (after - before > 400000) DbgPrint("states: slow\n");
  join(t);
  return 0;
}
