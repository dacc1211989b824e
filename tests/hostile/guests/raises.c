// Exceptions and unwinding where nobody expects them: in DPCs, timers' DPCs, APCs of the three sorts and the GPU's
// interrupts. PLACE is one of them, HOW what the handler does there: caught (each kind of exception, 64 times, also
// within one another: the run goes on), or something after which a title need not live: nobody takes it, or it is
// unwound to a frame of another stack, to one that is gone, or to none.
#include "caught.h"

void KeInitializeApc(KAPC *, void *thread, void *kernel, void *rundown, void *normal, u32 mode, void *ctx);
u32 KeInsertQueueApc(KAPC *, void *a, void *b, u32 increment);
void KeInitializeTimerEx(KTIMER *, u32 type, u32 unused, u32 unused_too);
u32 KeSetTimerEx(KTIMER *, s64 due, s32 period, KDPC *);
void RtlRaiseException(void *record), RtlRaiseStatus(NTSTATUS);

enum how { caught, nobody, stranger, gone, none };
enum place { dpc, timer, apc, normal, user, interrupt };

static volatile u32 done, within, frame_of_main, frame_gone;

static u32 *record(void) { // what is raised has its own, which says afterwards that it is being unwound
  static u32 records[4][20];
  u32 *r = records[within & 3];
  for (u32 i = 0; i < 20; i++) r[i] = 0;
  r[0] = 0xE0000001;
  return r;
}

// 1: the search goes on; 0: unwind to what is put there.
u32 caught_says(u32 *r, u32 frame, u32 *context, u32 *unwind) {
  (void)context;
  if (r[1] & 6) return 1; // this unwinding passes by
  if (HOW == nobody) return 1;
  if (HOW == caught && within < 3) { // another, while this one is looked at
    within++;
    const u64 again[13] = {(u32)(usize)record()};
    caught_call((u32)(usize)RtlRaiseException, again);
    within--;
  }
  unwind[0] = HOW == stranger ? frame_of_main : HOW == gone ? frame_gone : HOW == none ? 0 : frame;
  unwind[1] = (u32)(usize)caught_here;
  unwind[2] = done & 1 ? (u32)(usize)r : 0;
  unwind[3] = done;
  return 0;
}

static void raise(void) {
  const u64 args[4][13] = {{(u32)(usize)record()}, {0xFFFFF000}, {0xC000000D}, {0}};
  void *const what[] = {RtlRaiseException, load_fault, RtlRaiseStatus, trap_fault};
  u32 i = (done++ + (HOW == nobody)) & 3; // there the first one is a fault
  caught_call((u32)(usize)what[i], args[i]);
}
static void four(void *a, void *b, void *c, void *d) { (void)a, (void)b, (void)c, (void)d, raise(); }
static void kernel_apc(KAPC *k, void **fn, void **ctx, void **a, void **b) {
  (void)k, (void)ctx, (void)a, (void)b;
  if (PLACE == apc) *fn = NULL, raise();
}

static void step(void) {
  static KTIMER t;
  static KDPC d;
  static KAPC a;
  u32 before = done;
  void *me = NULL;
  switch (PLACE) {
  case dpc:
    KeInitializeDpc(&d, four, NULL);
    KeInsertQueueDpc(&d, NULL, NULL);
    break;
  case timer:
    KeInitializeDpc(&d, four, NULL);
    KeInitializeTimerEx(&t, 0, 0, 0);
    KeSetTimerEx(&t, MS(1), 0, &d);
    break;
  case interrupt: break;
  default:
    ObReferenceObjectByHandle(0xFFFFFFFEu, NULL, &me);
    KeInitializeApc(&a, me, kernel_apc, NULL, four, PLACE == user, NULL);
    KeInsertQueueApc(&a, NULL, NULL, 0);
  }
  s64 one = MS(1);
  while (done == before) KeDelayExecutionThread(1, 1, &one);
}

static u32 leaves(void *ctx) {
  frame_gone = (u32)(usize)__builtin_frame_address(0);
  return (u32)(usize)ctx;
}

int main(void) {
  HANDLE h = start_thread(leaves, NULL);
  NtWaitForSingleObjectEx(h, 1, 0, NULL);
  NtClose(h);
  frame_of_main = (u32)(usize)__builtin_frame_address(0);
  if (PLACE == interrupt) {
    VdInitializeEngines(0, NULL, NULL, NULL, NULL);
    VdSetGraphicsInterruptCallback(four, NULL);
  }
  for (u32 i = 0; i < 64; i++) step();
  EQUAL(within, 0);
  return contained();
}
