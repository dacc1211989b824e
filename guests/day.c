// A title that is never done: sleeps, a timer that comes again and again with a procedure and a thread that hears it, a
// thread that looks at a word until it changes, one that computes now and then. Each hour says what was heard.
#include "check.h"

void KeInitializeTimerEx(KTIMER *, u32 type, u32 a, u32 b);
u32 KeSetTimerEx(KTIMER *, s64 due, s32 period_ms, KDPC *);
void KeInitializeEvent(KEVENT *, u32 type, u32 state);

#define SECOND 10000000ull // system time counts 100 ns
#define HARDWARE_THREAD(n) (1u << (24 + (n)))

static KTIMER timer;
static KDPC dpc;
static KEVENT ticked;
static volatile u32 heard, ticks, looked, sums;

static void hear(u32 v) { heard = (heard << 5 | heard >> 27) ^ v; }

static u64 now(void) {
  u64 t;
  KeQuerySystemTime(&t);
  return t;
}

static void tick(void *d, void *ctx, u32 a, u32 b) {
  (void)d, (void)ctx, (void)a, (void)b;
  ticks++;
  KeSetEvent(&ticked, 0, 0);
}

static void hears_ticks(void *ctx) {
  (void)ctx;
  s64 longest = -(s64)(2 * SECOND);
  for (u32 i = 1;; i++) EQUAL(KeWaitForSingleObject(&ticked, 3, 1, 0, &longest), STATUS_SUCCESS);
}

static void looks(void *ctx) {
  (void)ctx;
  for (;; looked++) {
    s64 pause = -(s64)(13 * SECOND);
    KeDelayExecutionThread(1, 0, &pause);
    for (u32 before = ticks; ticks == before;) {
    }
  }
}

static void computes(void *ctx) {
  (void)ctx;
  for (u32 x = 1;; sums += x) {
    for (u32 i = 0; i < 40000; i++) x = x * 1664525u + 1013904223u;
    s64 pause = -(s64)(7 * SECOND);
    KeDelayExecutionThread(1, 0, &pause);
  }
}

int main(void) {
  static void (*const others[])(void *) = {hears_ticks, looks, computes};
  KeInitializeEvent(&ticked, 1, 0);
  KeInitializeDpc(&dpc, tick, NULL);
  KeInitializeTimerEx(&timer, 1, 0, 0);
  for (u32 i = 0; i < 3; i++) {
    HANDLE h;
    EQUAL(ExCreateThread(&h, 0x4000, NULL, NULL, (void *)others[i], NULL, HARDWARE_THREAD(i + 2)), 0);
  }
  KeSetTimerEx(&timer, -(s64)SECOND, 500, &dpc);
  u64 begun = now();
  for (u32 second = 1;; second++) {
    s64 at = (s64)(begun + second * SECOND); // an absolute time
    KeDelayExecutionThread(1, 0, &at);
    u64 late = now() - (u64)at;
    CHECK(late < SECOND / 100);
    hear((u32)late);
    hear(ticks);
    if (second % 3600 == 0)
      DbgPrint("hour %d: %08x, %d ticks, %d looks, %08x\n", second / 3600, heard, ticks, looked, sums);
  }
}
