// Threads and everything they wait for, checked against NT's documented behaviour.
#include "check.h"

static CRITICAL_SECTION lock;
static u32 shared, order[8], norder, tls;
static HANDLE gate, sem, mutant;

static void counter(void *ctx) {
  KeTlsSetValue(tls, ctx);
  NtWaitForSingleObjectEx(gate, 1, 0, NULL);
  for (u32 i = 0; i < 2000; i++) {
    RtlEnterCriticalSection(&lock);
    u32 v = shared;
    for (volatile u32 j = 0; j < 5; j++) {
    }
    shared = v + 1;
    RtlLeaveCriticalSection(&lock);
  }
  CHECK(KeTlsGetValue(tls) == ctx);
  ExTerminateThread((u32)(usize)ctx);
}

static void *start(HANDLE *h, void (*fn)(void *), void *ctx, u32 flags) {
  void *object = NULL;
  EQUAL(ExCreateThread(h, 0x8000, NULL, NULL, (void *)fn, ctx, flags), STATUS_SUCCESS);
  ObReferenceObjectByHandle(*h, NULL, &object);
  return object;
}

// Six threads on six hardware threads count under a critical section.
static void test_critical_section(void) {
  HANDLE h[6];
  tls = KeTlsAlloc();
  NtCreateEvent(&gate, NULL, 0, 0);
  for (u32 i = 0; i < 6; i++) ObDereferenceObject(start(&h[i], counter, (void *)(usize)(i + 1), 1u << (24 + i)));
  NtSetEvent(gate, NULL);
  EQUAL(NtWaitForMultipleObjectsEx(6, h, 0, 1, 0, NULL), STATUS_SUCCESS);
  EQUAL(shared, 12000);
  for (u32 i = 0; i < 6; i++) EQUAL(NtClose(h[i]), STATUS_SUCCESS);
  EQUAL(NtClose(h[0]), 0xC0000008u);
  EQUAL(KeTlsFree(tls), 1);
  EQUAL(RtlTryEnterCriticalSection(&lock), 1);
  EQUAL(RtlTryEnterCriticalSection(&lock), 1);
  RtlLeaveCriticalSection(&lock);
  RtlLeaveCriticalSection(&lock);
}

static void test_events(void) {
  HANDLE manual, autom;
  s64 soon = MS(5), now = 0;
  s32 previous = -1;
  NtCreateEvent(&manual, NULL, 0, 1);
  NtCreateEvent(&autom, NULL, 1, 1);
  EQUAL(NtWaitForSingleObjectEx(manual, 1, 0, &now), STATUS_SUCCESS);
  EQUAL(NtWaitForSingleObjectEx(manual, 1, 0, &now), STATUS_SUCCESS); // stays set
  EQUAL(NtWaitForSingleObjectEx(autom, 1, 0, &now), STATUS_SUCCESS);
  EQUAL(NtWaitForSingleObjectEx(autom, 1, 0, &now), STATUS_TIMEOUT); // the wait took it
  EQUAL(NtClearEvent(manual), STATUS_SUCCESS);
  u64 before, after;
  KeQuerySystemTime(&before);
  EQUAL(NtWaitForSingleObjectEx(manual, 1, 0, &soon), STATUS_TIMEOUT);
  KeQuerySystemTime(&after);
  CHECK(after - before >= 50000 && after - before < 52000);
  EQUAL(NtSetEvent(manual, &previous), STATUS_SUCCESS);
  EQUAL(previous, 0);
  EQUAL(NtSetEvent(manual, &previous), STATUS_SUCCESS);
  EQUAL(previous, 1);
  HANDLE both[2] = {autom, manual};
  EQUAL(NtWaitForMultipleObjectsEx(2, both, 1, 1, 0, &now), 1);              // any: the second
  EQUAL(NtWaitForMultipleObjectsEx(2, both, 0, 1, 0, &now), STATUS_TIMEOUT); // all: the first is not set
  NtSetEvent(autom, NULL);
  EQUAL(NtWaitForMultipleObjectsEx(2, both, 0, 1, 0, NULL), STATUS_SUCCESS);
  EQUAL(NtWaitForSingleObjectEx(autom, 1, 0, &now), STATUS_TIMEOUT); // all took it
  NtPulseEvent(manual, NULL);
  EQUAL(NtWaitForSingleObjectEx(manual, 1, 0, &now), STATUS_TIMEOUT);
  HANDLE copy;
  EQUAL(NtDuplicateObject(autom, &copy, 0), STATUS_SUCCESS);
  NtSetEvent(copy, NULL);
  NtClose(copy);
  EQUAL(NtWaitForSingleObjectEx(autom, 1, 0, &now), STATUS_SUCCESS);
  OBJECT_ATTRIBUTES oa;
  ANSI_STRING name;
  HANDLE named, again;
  name_object(&oa, &name, "WedgeEvent");
  EQUAL(NtCreateEvent(&named, &oa, 0, 0), STATUS_SUCCESS);
  EQUAL(NtCreateEvent(&again, &oa, 0, 0), 0x40000000u); // STATUS_OBJECT_NAME_EXISTS
  NtSetEvent(again, NULL);
  EQUAL(NtWaitForSingleObjectEx(named, 1, 0, &now), STATUS_SUCCESS);
  NtClose(manual), NtClose(autom), NtClose(named), NtClose(again);
}

static void taker(void *ctx) {
  (void)ctx;
  NtWaitForSingleObjectEx(sem, 1, 0, NULL);
  NtWaitForSingleObjectEx(mutant, 1, 0, NULL);
  NtWaitForSingleObjectEx(mutant, 1, 0, NULL); // owned already: recursion
  NtReleaseMutant(mutant, NULL);
  ExTerminateThread(5); // still owned once: abandoned
}

static void test_semaphore_and_mutant(void) {
  HANDLE t;
  s64 now = 0;
  s32 previous;
  EQUAL(NtCreateSemaphore(&sem, NULL, 0, 2), STATUS_SUCCESS);
  EQUAL(NtCreateSemaphore(&sem, NULL, 3, 2), 0xC000000Du);
  EQUAL(NtCreateMutant(&mutant, NULL, 1), STATUS_SUCCESS);
  ObDereferenceObject(start(&t, taker, NULL, 0x02000000));
  EQUAL(NtReleaseSemaphore(sem, 1, &previous), STATUS_SUCCESS);
  EQUAL(previous, 0);
  EQUAL(NtReleaseSemaphore(sem, 3, NULL), 0xC0000047u); // STATUS_SEMAPHORE_LIMIT_EXCEEDED
  EQUAL(NtReleaseMutant(mutant, NULL), STATUS_SUCCESS);
  EQUAL(NtReleaseMutant(mutant, NULL), 0xC0000046u); // STATUS_MUTANT_NOT_OWNED
  EQUAL(NtWaitForSingleObjectEx(t, 1, 0, NULL), STATUS_SUCCESS);
  EQUAL(NtWaitForSingleObjectEx(mutant, 1, 0, &now), 0x80); // STATUS_ABANDONED_WAIT_0
  NtReleaseMutant(mutant, NULL);
  NtClose(t), NtClose(sem), NtClose(mutant);
}

static void test_timers(void) {
  HANDLE once, every;
  s64 due = MS(3), now = 0, late = MS(30);
  u32 was;
  u64 before, after;
  NtCreateTimer(&once, NULL, 0);
  NtCreateTimer(&every, NULL, 1);
  KeQuerySystemTime(&before);
  NtSetTimerEx(once, &due, NULL, 1, NULL, 0, 0, NULL);
  NtSetTimerEx(every, &due, NULL, 1, NULL, 0, 2, NULL);
  EQUAL(NtWaitForSingleObjectEx(once, 1, 0, NULL), STATUS_SUCCESS);
  EQUAL(NtWaitForSingleObjectEx(once, 1, 0, &now), STATUS_SUCCESS); // notification: stays
  for (u32 i = 0; i < 4; i++) EQUAL(NtWaitForSingleObjectEx(every, 1, 0, NULL), STATUS_SUCCESS);
  KeQuerySystemTime(&after);
  CHECK(after - before >= 90000 && after - before < 92000); // 3 + 3*2 ms
  EQUAL(NtCancelTimer(every, &was), STATUS_SUCCESS);
  EQUAL(was, 1);
  EQUAL(NtWaitForSingleObjectEx(every, 1, 0, &late), STATUS_TIMEOUT);
  NtClose(once), NtClose(every);
}

static volatile u32 apc_ran;
static void apc_routine(u32 ctx, u32 a, u32 b) { apc_ran += ctx + a + b; }
static HANDLE main_thread;
static void apc_sender(void *ctx) {
  (void)ctx;
  EQUAL(NtQueueApcThread(main_thread, (void *)apc_routine, (void *)100, (void *)20, (void *)3), STATUS_SUCCESS);
  ExTerminateThread(0);
}

static void test_apcs(void) {
  HANDLE t, never;
  s64 brief = MS(1);
  NtCreateEvent(&never, NULL, 0, 0);
  NtDuplicateObject(CURRENT_THREAD, &main_thread, 0);
  ObDereferenceObject(start(&t, apc_sender, NULL, 0x08000000));
  EQUAL(NtWaitForSingleObjectEx(never, 1, 1, NULL), STATUS_USER_APC);
  EQUAL(apc_ran, 123);
  NtQueueApcThread(main_thread, (void *)apc_routine, (void *)1, NULL, NULL);
  EQUAL(NtWaitForSingleObjectEx(never, 1, 0, &brief), STATUS_TIMEOUT); // not alertable
  EQUAL(apc_ran, 123);
  EQUAL(KeDelayExecutionThread(1, 1, &brief), STATUS_USER_APC);
  EQUAL(apc_ran, 124);
  // A look that takes no time finds it, too, unless the object is signalled: that comes first.
  s64 now = 0;
  NtQueueApcThread(main_thread, (void *)apc_routine, (void *)1, NULL, NULL);
  NtSetEvent(never, NULL);
  EQUAL(NtWaitForSingleObjectEx(never, 1, 1, &now), STATUS_SUCCESS);
  EQUAL(apc_ran, 124);
  NtClearEvent(never);
  EQUAL(NtWaitForSingleObjectEx(never, 1, 1, &now), STATUS_USER_APC);
  EQUAL(apc_ran, 125);
  EQUAL(NtWaitForSingleObjectEx(never, 1, 1, &now), STATUS_TIMEOUT);
  NtQueueApcThread(main_thread, (void *)apc_routine, (void *)1, NULL, NULL);
  EQUAL(KeDelayExecutionThread(1, 1, &now), STATUS_USER_APC);
  EQUAL(apc_ran, 126);
  NtWaitForSingleObjectEx(t, 1, 0, NULL);
  NtClose(t), NtClose(never), NtClose(main_thread);
}

static void note(void *ctx) {
  order[norder++] = (u32)(usize)ctx;
  ExTerminateThread(0);
}

// Suspension, and strict priorities on one hardware thread.
static void test_suspend_and_priority(void) {
  HANDLE h[3];
  void *object[3];
  u32 previous;
  s64 brief = MS(2);
  for (u32 i = 0; i < 3; i++) object[i] = start(&h[i], note, (void *)(usize)(i + 1), 0x20000001);
  EQUAL(NtSuspendThread(h[0], &previous), STATUS_SUCCESS);
  EQUAL(previous, 1);
  KeSetBasePriorityThread(object[1], 2);
  KeSetBasePriorityThread(object[2], 1);
  for (u32 i = 0; i < 3; i++) NtResumeThread(h[i], NULL);
  KeDelayExecutionThread(1, 0, &brief);
  EQUAL(norder, 2); // the first one was suspended twice
  EQUAL(order[0], 2);
  EQUAL(order[1], 3);
  EQUAL(NtResumeThread(h[0], &previous), STATUS_SUCCESS);
  EQUAL(previous, 1);
  EQUAL(NtWaitForSingleObjectEx(h[0], 1, 0, NULL), STATUS_SUCCESS);
  EQUAL(order[2], 1);
  for (u32 i = 0; i < 3; i++) ObDereferenceObject(object[i]), NtClose(h[i]);
}

static KEVENT kevent;
static KDPC dpc;
static volatile u32 dpc_sum;
static void dpc_routine(u32 self, u32 ctx, u32 a, u32 b) {
  dpc_sum = ctx + a + b + (self == (u32)(usize)&dpc);
  KeSetEvent(&kevent, 0, 0);
}

// Dispatcher objects in guest memory that no call ever initialised, and a DPC.
static void test_raw_objects(void) {
  s64 now = 0;
  kevent.h.type = 1;
  EQUAL(KeWaitForSingleObject(&kevent, 0, 1, 0, &now), STATUS_TIMEOUT);
  EQUAL(KeSetEvent(&kevent, 0, 0), 0);
  EQUAL(kevent.h.state, 1);
  EQUAL(KeWaitForSingleObject(&kevent, 0, 1, 0, NULL), STATUS_SUCCESS);
  EQUAL(kevent.h.state, 0);
  KeInitializeDpc(&dpc, (void *)dpc_routine, (void *)1000);
  EQUAL(KeInsertQueueDpc(&dpc, (void *)200, (void *)30), 1);
  EQUAL(KeWaitForSingleObject(&kevent, 0, 1, 0, NULL), STATUS_SUCCESS);
  EQUAL(dpc_sum, 1231);
  static u32 spin;
  u32 irql = KfAcquireSpinLock(&spin);
  EQUAL(irql, 0);
  CHECK(spin != 0);
  KfReleaseSpinLock(&spin, irql);
  EQUAL(spin, 0);
}

int main(void) {
  RtlInitializeCriticalSection(&lock);
  test_critical_section();
  test_events();
  test_semaphore_and_mutant();
  test_timers();
  test_apcs();
  test_suspend_and_priority();
  test_raw_objects();
  return checks_done();
}
