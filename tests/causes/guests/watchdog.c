// Three services that beat, and a watchdog that looks at each beat in time: one that misses is suspended, looked at and
// let go on; if it misses again the title goes into a reduced mode. The services depend on each other in a chain.
#include "stage.h"

u32 KeQueryInterruptTime(void); // its lower half
s32 KeResumeThread(void *), KeSuspendThread(void *);

#define SERVICES 3
#define ROUNDS 5

struct service {
  HANDLE beat, input, thread;
  u32 rounds, missed;
};

static struct service services[SERVICES];
static HANDLE over, reduced, collected;
static volatile u32 mode;
static u32 chain;

static void service(void *ctx) {
  u32 self = (u32)(usize)ctx;
  struct service *s = &services[self];
  for (u32 i = 0; i < ROUNDS; i++) {
    NTSTATUS status = wait_for(s->input, MS(250));
    if (status != STATUS_SUCCESS) {
      DbgPrint("watchdog: service %d has no input (%x)\n", self, status);
      if (mode) break;
    }
    crunch(300 + 100 * self);
    chain = chain * 3 + self;
    s->rounds++;
    NtSetEvent(s->beat, NULL);
    if (self + 1 < SERVICES)
      NtSetEvent(services[self + 1].input, NULL);
    else
      NtReleaseSemaphore(collected, 1, NULL);
  }
  ExTerminateThread(s->rounds);
}

static void look_at(struct service *s) {
  u32 before = 0;
  void *object = NULL;
  s->missed++;
  NTSTATUS status = NtSuspendThread(s->thread, &before);
  if (FAILED(status)) {
    complain("watchdog: suspend", status);
    return;
  }
  status = ObReferenceObjectByHandle(s->thread, NULL, &object);
  if (FAILED(status)) complain("watchdog: object", status);
  DbgPrint("watchdog: service %d missed its beat (%d before)\n", (u32)(s - services), before);
  NtResumeThread(s->thread, &before);
  if (object) ObDereferenceObject(object);
}

static void watchdog(void *ctx) {
  (void)ctx;
  for (u32 i = 0; i < ROUNDS * SERVICES; i++) {
    struct service *s = &services[i % SERVICES];
    if (wait_for(s->beat, MS(60)) == STATUS_SUCCESS) continue;
    look_at(s);
    if (s->missed == 2) {
      mode = 1;
      NtSetEvent(reduced, NULL);
      break;
    }
  }
  wait_for(over, MS(1200));
  ExTerminateThread(mode);
}

int main(void) {
  u32 began = KeQueryInterruptTime();
  over = new_event(0, 0), reduced = new_event(0, 0), collected = new_semaphore(0, 8);
  for (u32 i = 0; i < SERVICES; i++) {
    services[i].beat = new_event(1, 0);
    services[i].input = new_event(1, 0);
    services[i].thread = spawn(service, i, ON(1 + i));
  }
  HANDLE w = spawn(watchdog, 0, ON(5));
  u32 rounds = 0;
  for (; rounds < ROUNDS && !mode; rounds++) {
    NtSetEvent(services[0].input, NULL);
    const HANDLE either[2] = {collected, reduced};
    s64 limit = MS(500);
    NTSTATUS s = NtWaitForMultipleObjectsEx(2, either, 1, 1, 0, &limit);
    if (s == 1) DbgPrint("watchdog: reduced mode\n");
    if (s == STATUS_TIMEOUT) DbgPrint("watchdog: round %d takes too long\n", rounds);
    pause_ms(1);
  }
  NtSetEvent(over, NULL);
  for (u32 i = 0; i < SERVICES; i++) join(services[i].thread);
  join(w);
  if (KeQueryInterruptTime() - began > 3000000) DbgPrint("watchdog: slow\n");
  DbgPrint("watchdog: %d rounds, chain %x\n", rounds, chain);
  return 0;
}
