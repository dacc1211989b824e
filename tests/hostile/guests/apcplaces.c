// APCs where they do not belong: a case each.
#include "hostile.h"

void KeInitializeApc(KAPC *, void *thread, void *kernel, void *rundown, void *normal, u32 mode, void *ctx);
u32 KeInsertQueueApc(KAPC *, void *a, void *b, u32 increment);
u32 KeRemoveQueueApc(KAPC *);
void KeEnterCriticalRegion(void);
void KeLeaveCriticalRegion(void);
u32 KeGetCurrentProcessType(void);
NTSTATUS XAudioRegisterRenderDriverClient(void *callback, u32 *driver);
NTSTATUS XAudioUnregisterRenderDriverClient(u32 driver);

#define ME 0xFFFFFFFEu

static void nop(void *a, void *b, void *c) { (void)a, (void)b, (void)c; }
static void *object_of(HANDLE h) {
  void *o = NULL;
  ObReferenceObjectByHandle(h, NULL, &o);
  return o;
}
static NTSTATUS nap(u32 ms) {
  s64 t = MS(ms);
  return KeDelayExecutionThread(1, 1, &t);
}
static HANDLE event;
static u32 waits(void *ctx) {
  NtWaitForSingleObjectEx(event, 1, 1, ctx);
  return 0;
}
static void sleeps(void *a, void *b, void *c) {
  (void)b, (void)c;
  sleep_ms((u32)(usize)a);
}

// A normal kernel APC that a critical region holds back, over thousands of APCs that run: each turn asks whether it may
// run.
static u32 deep;
static void deeper(void *a, void *b, void *c) {
  (void)a, (void)b, (void)c;
  if (++deep < 4000) {
    NtQueueApcThread(ME, deeper, NULL, NULL, NULL);
    nap(1);
  } else {
    static KAPC x;
    KeEnterCriticalRegion();
    KeInitializeApc(&x, object_of(ME), NULL, NULL, nop, 0, NULL);
    KeInsertQueueApc(&x, NULL, NULL, 0);
    for (u32 i = 0; i < 400000; i++) KeGetCurrentProcessType();
    KeLeaveCriticalRegion();
  }
}
static u32 deep_thread(void *ctx) {
  (void)ctx;
  NtQueueApcThread(ME, deeper, NULL, NULL, NULL);
  nap(1);
  return 0;
}
void storm(void);
void storm(void) {
  HANDLE h = 0;
  ExCreateThread(&h, 0x800000, NULL, NULL, deep_thread, NULL, 0);
  NtWaitForSingleObjectEx(h, 1, 0, NULL);
  EQUAL(deep, 4000);
}

// Of a render driver's thread, which waits in no call: between its frames, while it is due, when its driver goes.
static void *audio_thread;
static u32 frames;
static void frame(void *ctx) {
  (void)ctx;
  audio_thread = object_of(ME);
  frames++;
}
static void waits_within(void *a, void *b, void *c) {
  (void)a, (void)b, (void)c;
  s64 t = MS(20);
  NtWaitForSingleObjectEx(event, 1, 0, &t);
}
void driver(void);
void driver(void) {
  static KAPC x[40];
  static u32 drivers[40];
  void *callback[2] = {frame, NULL};
  NtCreateEvent(&event, NULL, 0, 0);
  for (u32 i = 0; i < 40; i++) {
    XAudioRegisterRenderDriverClient(callback, &drivers[i]);
    sleep_ms(6); // behind its first frame
    KeInitializeApc(&x[i], audio_thread, i & 1 ? (void *)nop : NULL, NULL,
                    i & 2 ? (void *)waits_within : (void *)sleeps, 0, (void *)12);
    CHECK(KeInsertQueueApc(&x[i], NULL, NULL, 0));
    u32 had = frames;
    sleep_ms(i % 5 == 0 ? 1 : 8 * (i % 5)); // while the APC runs, and behind it
    NtSetEvent(event, NULL);
    if (i % 5 == 4) CHECK(frames > had);
    XAudioUnregisterRenderDriverClient(drivers[i]);
    if (i & 4) ObDereferenceObject(audio_thread);
    churn();
  }
  sleep_ms(60);
  NtSetEvent(event, NULL);
}

// A wait that an APC interrupts, for what is gone when it begins again. Nobody else's call may be blamed for it.
static u32 enters(void *at) {
  RtlEnterCriticalSection(at);
  DbgPrint("FAIL: entered\n");
  return 0;
}
static u32 waits_at(void *at) {
  s64 t = MS(30);
  KeWaitForSingleObject(at, 3, 0, 0, &t);
  return 0;
}
static void vanishes(u32 (*waiter)(void *), void *at) {
  static KAPC x;
  u32 base = (u32)(usize)NOTES, size = 0;
  void *t = object_of(start_thread(waiter, at));
  sleep_ms(1);
  KeInitializeApc(&x, t, NULL, NULL, sleeps, 0, (void *)5);
  KeInsertQueueApc(&x, NULL, NULL, 0);
  sleep_ms(1);
  NtFreeVirtualMemory(&base, &size, 0x8000, 0);
  s64 pause = MS(10);
  for (u32 i = 0; i < 5; i++) {
    KeDelayExecutionThread(1, 0, &pause);
    KeGetCurrentProcessType();
  }
}
void section(void);
void section(void) {
  make_notes();
  RtlInitializeCriticalSection((CRITICAL_SECTION *)NOTES);
  RtlEnterCriticalSection((CRITICAL_SECTION *)NOTES);
  vanishes(enters, (void *)NOTES);
}
void gone(void);
void gone(void) {
  make_notes();
  *(KEVENT *)NOTES = (KEVENT){.h = {.type = 1}};
  vanishes(waits_at, (void *)NOTES);
}
// Where another thread's call writes for one that waits, and what it was to wait for besides: the former is its own bad
// pointer, the latter nobody's.
NTSTATUS NtCreateIoCompletion(HANDLE *, u32 access, void *, u32);
NTSTATUS NtSetIoCompletion(HANDLE, u32 key, u32 value, u32 status, u32 information);
NTSTATUS NtRemoveIoCompletion(HANDLE, u32 *key, u32 *value, IO_STATUS_BLOCK *, const s64 *timeout);
static HANDLE completion;
static u32 takes(void *at) {
  NtRemoveIoCompletion(completion, at, at, NULL, NULL);
  return 0;
}
static KEVENT here;
static u32 waits_for_both(void *at) {
  void *both[2] = {&here, at};
  s64 t = MS(50);
  KeWaitForMultipleObjects(2, both, 0, 3, 0, 0, &t, NULL);
  return 0;
}
static u32 owns(void *at) {
  KeWaitForSingleObject(at, 3, 0, 0, NULL);
  sleep_ms(3);
  return 0;
}
void blamed(void);
void blamed(void) {
  u32 base = (u32)(usize)NOTES, size = 0;
  NtCreateIoCompletion(&completion, 0, NULL, 0);
  make_notes();
  here = (KEVENT){.h = {.type = 1}};
  *(KEVENT *)NOTES = (KEVENT){.h = {.type = 1}};
  *(DISPATCHER_HEADER *)(NOTES + 16) = (DISPATCHER_HEADER){.type = 2, .state = 1};
  start_thread(waits_for_both, (void *)NOTES);
  start_thread(owns, (void *)(NOTES + 16));
  start_thread(takes, (void *)NOTES);
  sleep_ms(1);
  NtFreeVirtualMemory(&base, &size, 0x8000, 0);
  KeSetEvent(&here, 0, 0);
  sleep_ms(10); // the mutant's owner ends
  KeSetEvent(&here, 0, 0);
  DbgPrint("contained\n");
  NtSetIoCompletion(completion, 1, 2, 3, 4);
  DbgPrint("FAIL: it goes on\n");
}
// Its memory is another object meanwhile.
void another(void);
void another(void) {
  static KAPC x[8];
  static KSEMAPHORE memory = {.limit = 100};
  KEVENT *e = (KEVENT *)&memory;
  for (u32 i = 0; i < 8; i++) {
    *e = (KEVENT){.h = {.type = 1}};
    void *t = object_of(start_thread(waits_at, e));
    sleep_ms(1);
    KeInitializeApc(&x[i], t, NULL, NULL, sleeps, 0, (void *)5);
    KeInsertQueueApc(&x[i], NULL, NULL, 0);
    sleep_ms(1);
    KSEMAPHORE *s = &memory;
    s->h = (DISPATCHER_HEADER){.type = 5, .state = 0};
    KeReleaseSemaphore(s, 0, 1, 0);
    if (i & 1) {
      s->h.type = 2;
      KeWaitForSingleObject(s, 3, 0, 0, &(s64){0});
    }
    sleep_ms(i & 2 ? 10 : 40);
    KeSetEvent(e, 0, 0);
  }
  sleep_ms(100);
}

// The run ends while waits are interrupted, of objects that nobody else holds any more.
static u32 returns(void *ctx) {
  (void)ctx;
  return 7;
}
void ending(void);
void ending(void) {
  static KAPC x[12];
  static KEVENT e[4];
  for (u32 i = 0; i < 12; i++) {
    HANDLE h = i % 3 == 1 ? start_thread(returns, NULL) : 0, t;
    if (i % 3 == 0) NtCreateEvent(&h, NULL, 0, 0);
    if (i % 3 < 2) NtSuspendThread(h, NULL);
    event = h;
    e[i % 4] = (KEVENT){.h = {.type = 1}};
    t = i % 3 < 2 ? start_thread(waits, NULL) : start_thread(waits_at, &e[i % 4]);
    sleep_ms(1);
    KeInitializeApc(&x[i], object_of(t), NULL, NULL, sleeps, 0, (void *)5000);
    KeInsertQueueApc(&x[i], NULL, NULL, 0);
    sleep_ms(1);
    if (i % 3 < 2) NtClose(h);
  }
  DbgPrint("contained\n");
  __builtin_trap();
}

// Queued, and meanwhile: freed, made anew for another thread, removed, queued to both, its thread dead.
void again(void);
void again(void) {
  void *threads[2];
  NtCreateEvent(&event, NULL, 0, 0);
  for (u32 i = 0; i < 300; i++) {
    s64 t = MS(3);
    for (u32 k = 0; k < 2; k++) {
      HANDLE h = start_thread(waits, &t);
      threads[k] = object_of(h);
      NtClose(h);
    }
    KAPC *x = ExAllocatePool(sizeof *x);
    sleep_ms(i & 1);
    for (u32 k = 0; k < 4; k++) {
      KeInitializeApc(x, threads[k & 1], k & 2 ? (void *)nop : NULL, i & 2 ? (void *)nop : NULL,
                      i & 4 ? (void *)nop : NULL, i >> 3 & 1, x);
      KeInsertQueueApc(x, x, x, 0);
      if ((i ^ k) & 8) KeRemoveQueueApc(x);
    }
    if (i & 16) x->w[2] = (u32)(usize)threads[1];
    ExFreePool(x);
    churn();
    sleep_ms(5);
    KeInitializeApc(x, threads[0], nop, nop, nop, 1, NULL); // of a dead one, in memory that was given back
    KeInsertQueueApc(x, NULL, NULL, 0);
    for (u32 k = 0; k < 2; k++) {
      ObDereferenceObject(threads[k]);
      if (i & 32) ObDereferenceObject(threads[k]);
    }
    KeInsertQueueApc(x, NULL, NULL, 0);
    KeRemoveQueueApc(x);
  }
}

// In memory that is an event, a thread, code that runs, its own stack, between two pages, the GPU's registers.
static void runs_kernel(KAPC *x, u32 *normal, u32 *ctx, u32 *a, u32 *b) {
  (void)ctx, (void)a, (void)b;
  if (*normal == 0) KeInsertQueueApc(x, x, x, 0);
}
void shared(void);
void shared(void) {
  static KEVENT e[4];
  u32 base = 0x41000000, size = 0x10000;
  u8 *me = object_of(ME), *room = (u8 *)0x41000000;
  NtAllocateVirtualMemory(&base, &size, 0x3000, 0x40, 0);
  for (u32 i = 0; i < 0x40; i++) ((u32 *)room)[i] = 0x4E800020; // blr
  for (u32 i = 0; i < 400; i++) {
    static const u32 places[] = {0, 1, 2, 3, 0x10, 0xFFE, 0x1FF8, 0x2FFD, 0x80};
    e[0] = (KEVENT){.h = {.type = 0}};
    KeSetEvent(e, 0, 0);
    KAPC *at = i % 4 == 0 ? (KAPC *)e : i % 4 == 1 ? (KAPC *)(me - 8 + i % 64) : (KAPC *)(room + places[i % 9]);
    KeInitializeApc(at, me, i & 16 ? (void *)room : NULL, NULL, i & 32 ? (void *)room : (void *)nop, i >> 6 & 1, room);
    KeInsertQueueApc(at, at, at, 0);
    KeSetEvent(e, 0, 0);
    KeWaitForSingleObject(e, 3, 0, 1, &(s64){0});
    KeInsertQueueApc(at, at, at, 0);
    nap(0);
    KeRemoveQueueApc(at);
  }
  KAPC *own = (KAPC *)((u32)(usize)__builtin_frame_address(0) - 0x180); // where its kernel routine's parameters lie
  KeInitializeApc(own, me, runs_kernel, NULL, NULL, 0, NULL);
  KeInsertQueueApc(own, NULL, NULL, 0);
}
void device(void);
void device(void) {
  KAPC *x = (KAPC *)0x7FC80000;
  for (u32 i = 0; i < 100; i++) {
    KeInitializeApc(x + i, object_of(ME), nop, nop, nop, i & 1, NULL);
    KeInsertQueueApc(x + i, NULL, NULL, 0);
    nap(0);
  }
}
void unmapped(void);
void unmapped(void) {
  DbgPrint("contained\n");
  KeInsertQueueApc((KAPC *)0x10, NULL, NULL, 0);
}
void text(void);
void text(void) { // read-only
  DbgPrint("contained\n");
  KeInitializeApc((KAPC *)(usize)&nop, object_of(ME), nop, nop, nop, 0, NULL);
}

// Its thread ends within it, a hundred deep, with waits that were interrupted; and its library goes under it.
static CRITICAL_SECTION lock;
static void ends(void *a, void *b, void *c) {
  (void)b, (void)c;
  u32 n = (u32)(usize)a;
  if (n == 0) ExTerminateThread(7);
  NtQueueApcThread(ME, ends, (void *)(usize)(n - 1), NULL, NULL);
  RtlEnterCriticalSection(&lock);
  nap(1);
}
static u32 ends_deep(void *ctx) {
  (void)ctx;
  NtQueueApcThread(ME, ends, (void *)99, NULL, NULL);
  nap(100);
  return 0;
}
void ended(void);
void ended(void) {
  for (u32 i = 0; i < 50; i++) {
    static KAPC x;
    RtlInitializeCriticalSection(&lock);
    HANDLE h = start_thread(ends_deep, NULL);
    void *o = object_of(h);
    KeInitializeApc(&x, o, NULL, NULL, sleeps, 0, (void *)3);
    KeInsertQueueApc(&x, NULL, NULL, 0);
    if (i & 1) ObDereferenceObject(o);
    NtClose(h);
    sleep_ms(8);
    KeInsertQueueApc(&x, NULL, NULL, 0);
    churn();
  }
}
void unload(void);
void unload(void) {
  static KAPC x;
  HANDLE h = 0;
  u32 greeting = 0;
  XexLoadImage("greeter.dll", 8, 0, &h);
  XexGetProcedureAddress(h, 1, &greeting);
  KeInitializeApc(&x, object_of(ME), NULL, NULL, (void *)(usize)greeting, 1, NULL);
  KeInsertQueueApc(&x, NULL, NULL, 0);
  nap(1);
  KeInsertQueueApc(&x, NULL, NULL, 0);
  DbgPrint("contained\n");
  XexUnloadImage(h);
  nap(1);
  DbgPrint("FAIL: it ran\n");
}

int main(void) {
  CASE();
  return checks_failed ? checks_done() : contained();
}
