// A cascade: a timer's DPC queues a second DPC, that one an APC for a basin's thread, which sleeps alertably; a sluice
// thread lives by the APCs of a timer of its own and passes on by a mutant and an event; a keeper counts and stops all.
#include "engine.h"
void KeInitializeApc(KAPC *, void *thread, void *kernel, void *rundown, void *normal, u32 mode, void *ctx);
u32 KeInsertQueueApc(KAPC *, void *a, void *b, u32 increment);
#define FALLS 6
static KTIMER spring;
static KDPC first, second;
static KAPC drop[FALLS];
static KEVENT brim;
static HANDLE timer, gate, level;
static void *basin_k;
static volatile u32 falls, got, strokes, opened, ends;

static void kernel_part(KAPC *a, void **fn, void **ctx, void **x, void **y) {
  (void)a, (void)fn, (void)ctx, (void)x, (void)y;
}

static void on_drop(void *ctx, void *a, void *b) {
  (void)a, (void)b;
  got += 1 + (u32)(usize)ctx % 3;
  KeSetEvent(&brim, 1, 0);
}

static void on_second(KDPC *d, void *ctx, void *a, void *b) {
  (void)d, (void)ctx, (void)b;
  KeInsertQueueApc(&drop[(u32)(usize)a % FALLS], NULL, NULL, 0);
}

static void on_spring(KDPC *d, void *ctx, void *a, void *b) {
  (void)d, (void)ctx, (void)a, (void)b;
  if (falls < FALLS) KeInsertQueueDpc(&second, (void *)(usize)falls, NULL);
  if (++falls < FALLS) KeSetTimerEx(&spring, MS(4), 0, &first);
}

static void basin(void *unused) {
  u32 slept = 0;
  (void)unused;
  while (slept < FALLS) {
    s64 t = MS(250);
    if (KeDelayExecutionThread(1, 1, &t) == 0) {
      DbgPrint("cascade: dry\n");
      break;
    }
    slept++;
  }
  ExTerminateThread(got);
}

static void on_stroke(void *ctx, u32 low, u32 high) {
  (void)ctx, (void)low, (void)high;
  strokes++;
}

static void sluice_gate(void *unused) {
  s64 due = MS(3), t;
  (void)unused;
  NtCreateTimer(&timer, NULL, 1);
  NtSetTimerEx(timer, &due, (void *)on_stroke, 1, NULL, 0, 5, NULL);
  while (strokes < 5) {
    t = MS(80);
    KeDelayExecutionThread(1, 1, &t);
    NtWaitForSingleObjectEx(gate, 1, 0, NULL);
    opened++;
    burn(60);
    NtReleaseMutant(gate, NULL);
    NtReleaseSemaphore(level, 1, NULL);
  }
  NtCancelTimer(timer, NULL);
  NtClose(timer);
  ExTerminateThread(strokes);
}

static void keeper(void *unused) {
  (void)unused;
  for (u32 i = 0; i < FALLS; i++) {
    KeWaitForSingleObject(&brim, 3, 1, 0, NULL);
    NtWaitForSingleObjectEx(gate, 1, 0, NULL);
    ends++;
    NtReleaseMutant(gate, NULL);
  }
  for (u32 i = 0; i < 5; i++) {
    s64 limit = MS(400);
    if (NtWaitForSingleObjectEx(level, 1, 0, &limit) == STATUS_TIMEOUT) {
      DbgPrint("cascade: level %d\n", i);
      break;
    }
  }
  ExTerminateThread(ends);
}

int main(void) {
  HANDLE t[3];
  KeInitializeEvent(&brim, AUTO, 0);
  KeInitializeTimerEx(&spring, 0, 0, 0);
  KeInitializeDpc(&first, (void *)on_spring, NULL), KeInitializeDpc(&second, (void *)on_second, NULL);
  NtCreateMutant(&gate, NULL, 0), NtCreateSemaphore(&level, NULL, 0, 32);
  ExCreateThread(&t[0], 0x8000, NULL, NULL, (void *)basin, NULL, CORE(1));
  ObReferenceObjectByHandle(t[0], NULL, &basin_k);
  for (u32 i = 0; i < FALLS; i++)
    KeInitializeApc(&drop[i], basin_k, (void *)kernel_part, NULL, (void *)on_drop, 1, (void *)(usize)i);
  ExCreateThread(&t[1], 0x8000, NULL, NULL, (void *)sluice_gate, NULL, CORE(2));
  ExCreateThread(&t[2], 0x8000, NULL, NULL, (void *)keeper, NULL, CORE(3));
  nap(2);
  KeSetTimerEx(&spring, MS(4), 0, &first);
  NtWaitForMultipleObjectsEx(3, t, 0, 1, 0, NULL);
  KeCancelTimer(&spring);
  ObDereferenceObject(basin_k);
  for (u32 i = 0; i < 3; i++) NtClose(t[i]);
  DbgPrint("cascade: %d falls, %d got, %d strokes\n", falls, got, strokes >= 5);
  return 0;
}
