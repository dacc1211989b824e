// Threads that end while others still speak of them: as owners of mutants and critical sections, as receivers of a
// timer's APC.
#include "hostile.h"

static CRITICAL_SECTION cs;
static HANDLE mutant, timer;

static void apc(void *a, void *b, void *c) { (void)a, (void)b, (void)c; }
static u32 taker(void *ctx) {
  (void)ctx;
  s64 due = MS(2);
  RtlEnterCriticalSection(&cs);
  NtWaitForSingleObjectEx(mutant, 1, 0, NULL);
  NtSetTimerEx(timer, &due, apc, 1, NULL, 0, 1, NULL);
  sleep_ms(1);
  return 0;
}
static u32 wanter(void *ctx) {
  (void)ctx;
  RtlEnterCriticalSection(&cs);
  return 0;
}

int main(void) {
  RtlInitializeCriticalSection(&cs);
  for (u32 i = 0; i < 4; i++) {
    NtCreateMutant(&mutant, NULL, 0);
    NtCreateTimer(&timer, NULL, i & 1);
    HANDLE a = start_thread(taker, NULL);
    sleep_ms(1);
    HANDLE b = start_thread(wanter, NULL);
    NtWaitForSingleObjectEx(a, 1, 0, NULL);
    NtClose(a);
    churn();
    sleep_ms(4);
    s64 t = MS(1);
    NtWaitForSingleObjectEx(mutant, 1, 0, &t);
    NtReleaseMutant(mutant, NULL);
    NtClose(mutant);
    sleep_ms(2);
    NtClose(timer);
    NtClose(b);
    // The next round finds the section held by a thread that is no more.
  }
  return contained();
}
