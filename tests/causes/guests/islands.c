// Islands of bodies that are solved side by side: four solvers go through the phases of a step between hand-made
// barriers (a count and two events in turn), one of them does what is left alone, and a spin lock guards what islands
// share. Each gets its core and its priority by its object; the step's clock is read but once.
#include "engine.h"
#define SOLVERS 4
#define STEPS 5
#define BODIES 16
static volatile u32 arrived, turn;
static KEVENT gates[2];
static u32 spin_lock, body[BODIES], impulses;
static HANDLE solvers[SOLVERS], step_done, step_due;
static volatile u32 over, step_no;

// Whether the caller came last; it alone has done `alone`.
static u32 barrier(void (*alone)(void)) {
  u32 mine = turn;
  if (add(&arrived, 1) == SOLVERS) {
    if (alone) alone();
    arrived = 0;
    turn = !mine;
    KeResetEvent(&gates[!mine]);
    KeSetEvent(&gates[mine], 1, 0);
    return 1;
  }
  KeWaitForSingleObject(&gates[mine], 3, 1, 0, NULL);
  return 0;
}

static void integrate(void) {
  for (u32 i = 0; i < BODIES; i++) body[i] += impulses + step_no;
}
static void tell(void) { NtSetEvent(step_done, NULL); }

static void collide(u32 me) {
  for (u32 i = me; i < BODIES; i += SOLVERS) {
    u32 old = KfAcquireSpinLock(&spin_lock);
    impulses += body[i] & 7;
    KfReleaseSpinLock(&spin_lock, old);
    burn(30 + 10 * me);
  }
}
static void relax(u32 me) {
  for (u32 i = me; i < BODIES; i += SOLVERS) body[i] = body[i] * 3 + 1;
  burn(100);
}

static void solver(void *ctx) {
  u32 me = (u32)(usize)ctx;
  void *object = NULL;
  u32 old = 0;
  ObReferenceObjectByHandle(solvers[me], NULL, &object);
  KeSetBasePriorityThread(object, me == 0 ? 1 : 0);
  KeSetAffinityThread(object, 1u << (1 + me), &old);
  if (old == 0) DbgPrint("islands: solver %d had no core\n", me);
  ObDereferenceObject(object);
  for (;;) {
    if (me == 0) NtWaitForSingleObjectEx(step_due, 1, 0, NULL);
    barrier(NULL);
    if (over) break;
    collide(me);
    barrier(integrate);
    relax(me);
    barrier(tell);
  }
  ExTerminateThread(me);
}

int main(void) {
  u64 now = 0, before = 0;
  u32 odd = 0;
  KeInitializeEvent(&gates[0], MANUAL, 0), KeInitializeEvent(&gates[1], MANUAL, 0);
  NtCreateEvent(&step_done, NULL, AUTO, 0), NtCreateEvent(&step_due, NULL, AUTO, 0);
  if (KeQueryPerformanceFrequency() != 50000000) DbgPrint("islands: another clock\n");
  for (u32 i = 0; i < SOLVERS; i++) {
    ExCreateThread(&solvers[i], 0x8000, NULL, NULL, (void *)solver, (void *)(usize)i, CORE(1 + i) | 1);
    NtResumeThread(solvers[i], NULL);
  }
  for (u32 s = 0; s < STEPS; s++) {
    s64 limit = MS(400);
    KeQuerySystemTime(&now);
    if (now < before) odd++;
    before = now;
    impulses = 0, step_no = s;
    NtSetEvent(step_due, NULL);
    if (NtWaitForSingleObjectEx(step_done, 1, 0, &limit) == STATUS_TIMEOUT) DbgPrint("islands: step %d is late\n", s);
    nap(3);
  }
  over = 1;
  NtSetEvent(step_due, NULL);
  NtWaitForMultipleObjectsEx(SOLVERS, solvers, 0, 1, 0, NULL);
  u32 sum = 0;
  for (u32 i = 0; i < BODIES; i++) sum = sum * 5 + body[i];
  DbgPrint("islands: %x%s\n", sum, odd ? ", time went back" : "");
  for (u32 i = 0; i < SOLVERS; i++) NtClose(solvers[i]);
  NtClose(step_done), NtClose(step_due);
  return 0;
}
