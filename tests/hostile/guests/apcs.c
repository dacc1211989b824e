// APCs without end: within each other, left by jumps, overwritten while they are queued or run, of threads that end,
// and routines that are none.
#include "hostile.h"

void KeInitializeApc(KAPC *, void *thread, void *kernel, void *rundown, void *normal, u32 mode, void *ctx);
u32 KeInsertQueueApc(KAPC *, void *a, void *b, u32 increment);
u32 KfRaiseIrql(u32);
void KfLowerIrql(u32);
void KeEnterCriticalRegion(void);

#define ME 0xFFFFFFFEu
#define SENTINEL ((void *)0xBCBCBCB4u) // where APCs return to

static void nop(void *a, void *b, void *c) { (void)a, (void)b, (void)c; }
static NTSTATUS nap(void) {
  s64 t = MS(1);
  return KeDelayExecutionThread(1, 1, &t);
}
static void *object_of(HANDLE h) {
  void *o = NULL;
  ObReferenceObjectByHandle(h, NULL, &o);
  return o;
}

static u32 depth, deepest, all;
static void deeper(void *a, void *b, void *c) {
  if (++depth > deepest) deepest = depth;
  if (++all < 6000) {
    NtQueueApcThread(ME, deeper, a, b, c);
    nap();
  }
  depth--;
}
static u32 deep_thread(void *ctx) {
  NtQueueApcThread(ME, deeper, ctx, NULL, NULL);
  nap();
  return 0;
}

static void *back[5];
static u32 left;
static void leaves(void *a, void *b, void *c) {
  (void)a, (void)b, (void)c;
  left++;
  __builtin_longjmp(back, 1);
}
static __attribute__((noinline)) void leave(void) {
  if (__builtin_setjmp(back)) return;
  NtQueueApcThread(ME, leaves, NULL, NULL, NULL);
  nap();
}

static KAPC self;
static volatile u32 requeued;
static void again(KAPC *apc, void **normal, void **ctx, void **a, void **b) {
  (void)normal, (void)ctx, (void)a, (void)b;
  if (requeued++ < 20000) KeInsertQueueApc(apc, NULL, NULL, 0);
}
static void scribbles(KAPC *apc, u32 *normal, u32 *ctx, u32 *a, u32 *b) {
  for (u32 i = 0; i < 10; i++) apc->w[i] = 0xFFFFFFFF;
  *normal = 0, *ctx = 1, *a = 2, *b = 3;
}
static void raises(KAPC *apc, u32 *normal, u32 *ctx, u32 *a, u32 *b) {
  (void)apc, (void)ctx, (void)a, (void)b;
  KfRaiseIrql(2);
  KeEnterCriticalRegion();
  *normal = 0;
}

static HANDLE event;
static u32 waits(void *ctx) {
  (void)ctx;
  s64 t = MS(20);
  NtWaitForSingleObjectEx(event, 1, 0, &t);
  return 0;
}
static void ends(void *a, void *b, void *c) {
  (void)a, (void)b, (void)c;
  NtClose(event);
  ExTerminateThread(1); // within a wait that it has interrupted
}
static u32 leaves_some(void *ctx) {
  static KAPC some[4];
  void *me = object_of(ME);
  for (u32 i = 0; i < 4; i++) {
    KeInitializeApc(&some[i], me, nop, i & 1 ? (void *)ExTerminateThread : SENTINEL, nop, 1, ctx);
    KeInsertQueueApc(&some[i], NULL, NULL, 0);
    if (i == 2)
      for (u32 k = 0; k < 10; k++) some[i].w[k] = 0x41414141;
  }
  return 0;
}

int main(void) {
  HANDLE h = 0;
  void *me = object_of(ME);
  ExCreateThread(&h, 0x800000, NULL, NULL, deep_thread, NULL, 0);
  NtWaitForSingleObjectEx(h, 1, 0, NULL);
  DbgPrint("%d deep\n", deepest);
  for (u32 i = 0; i < 20000; i++) leave();
  DbgPrint("%d left\n", left);
  KeInitializeApc(&self, me, again, NULL, NULL, 0, NULL);
  KeInsertQueueApc(&self, NULL, NULL, 0);
  KeInitializeApc(&self, me, scribbles, NULL, nop, 0, NULL);
  KeInsertQueueApc(&self, NULL, NULL, 0);
  for (u32 i = 0; i < 200; i++) {
    static KAPC x[3];
    NtCreateEvent(&event, NULL, 1, 0);
    HANDLE t = start_thread(waits, NULL);
    void *o = object_of(t);
    sleep_ms(1);
    KeInitializeApc(&x[0], o, scribbles, NULL, NULL, 0, NULL);
    KeInsertQueueApc(&x[0], NULL, NULL, 0);
    KeInitializeApc(&x[1], o, i & 1 ? (void *)scribbles : NULL, NULL, ends, 0, NULL);
    KeInsertQueueApc(&x[1], NULL, NULL, 0);
    KeInitializeApc(&x[2], o, NULL, NULL, SENTINEL, 0, NULL);
    KeInsertQueueApc(&x[2], NULL, NULL, 0);
    if (i & 2) ObDereferenceObject(o);
    NtWaitForSingleObjectEx(t, 1, 0, NULL);
    NtClose(t);
    if (i & 4) ObDereferenceObject(o);
    churn();
  }
  for (u32 i = 0; i < 20; i++) {
    HANDLE t = start_thread(leaves_some, NULL);
    NtWaitForSingleObjectEx(t, 1, 0, NULL);
    NtClose(t);
  }
  // An APC in memory that is gone, a level that stays.
  KAPC *nowhere = (KAPC *)NOTES;
  make_notes();
  KeInitializeApc(nowhere, me, nop, nop, nop, 1, NULL);
  KeInsertQueueApc(nowhere, NULL, NULL, 0);
  u32 base = (u32)(usize)NOTES, size = 0;
  NtFreeVirtualMemory(&base, &size, 0x8000, 0);
  nap();
  KeInitializeApc(&self, me, raises, NULL, nop, 0, NULL);
  KeInsertQueueApc(&self, NULL, NULL, 0);
  return contained();
}
