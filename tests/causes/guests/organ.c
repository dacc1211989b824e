// An organ: pipes are threads that do nothing but sleep alertably; keys come to them as APCs from the player, the
// bellows' timer brings its own APC to the player, and what a pipe has played it hands back by a semaphore. Stops are
// pulled by signalling one event while waiting for another.
#include "engine.h"
#define PIPES 3
#define BARS 8
static HANDLE thread[PIPES], played, bellows, pull, pulled, ready;
static volatile u32 notes[PIPES], silent[PIPES], air, ends, odd;

static void key(void *who, void *pitch, void *length) {
  u32 me = (u32)(usize)who;
  notes[me] += (u32)(usize)pitch * (u32)(usize)length;
  burn(60 * (u32)(usize)length);
  NtReleaseSemaphore(played, 1, NULL);
}

static void end(void *who, void *a, void *b) {
  (void)a, (void)b;
  silent[(u32)(usize)who] = 1;
}

static void blow(void *ctx, u32 low, u32 high) {
  (void)ctx, (void)low, (void)high;
  air++;
}

static void pipe(void *ctx) {
  u32 me = (u32)(usize)ctx, woken = 0;
  NtReleaseSemaphore(ready, 1, NULL);
  while (!silent[me]) {
    s64 long_time = MS(2000);
    if (KeDelayExecutionThread(1, 1, &long_time) == STATUS_USER_APC)
      woken++;
    else
      DbgPrint("organ: pipe %d hears nothing\n", me), silent[me] = 1;
  }
  ExTerminateThread(notes[me] & 0xFF);
}

static void registrar(void *unused) {
  u32 n = 0;
  (void)unused;
  for (u32 i = 0; i < BARS / 2; i++) {
    NtSignalAndWaitForSingleObjectEx(pulled, pull, 1, 0, NULL);
    n += air > 0;
  }
  NtSetEvent(pulled, NULL);
  ExTerminateThread(n);
}

static u32 play(u32 bar) {
  u32 n = 0;
  for (u32 p = 0; p < PIPES; p++) {
    if ((bar + p) % 3 == 2) continue;
    if ((s32)NtQueueApcThread(thread[p], (void *)key, (void *)(usize)p, (void *)(usize)(bar + 1),
                              (void *)(usize)(p + 2)) < 0)
      odd++;
    n++;
  }
  return n;
}

int main(void) {
  HANDLE r;
  s64 first = MS(4);
  NtCreateSemaphore(&played, NULL, 0, 16), NtCreateSemaphore(&ready, NULL, 0, PIPES);
  NtCreateEvent(&pull, NULL, AUTO, 0), NtCreateEvent(&pulled, NULL, AUTO, 0);
  NtCreateTimer(&bellows, NULL, 1);
  for (u32 i = 0; i < PIPES; i++)
    ExCreateThread(&thread[i], 0x8000, NULL, NULL, (void *)pipe, (void *)(usize)i, CORE(i + 1));
  ExCreateThread(&r, 0x8000, NULL, NULL, (void *)registrar, NULL, CORE(4));
  for (u32 i = 0; i < PIPES; i++) NtWaitForSingleObjectEx(ready, 1, 0, NULL);
  NtSetTimerEx(bellows, &first, (void *)blow, 1, NULL, 0, 7, NULL);
  for (u32 bar = 0; bar < BARS; bar++) {
    s64 beat = MS(10);
    u32 n = play(bar);
    for (u32 i = 0; i < n; i++) {
      s64 limit = MS(150);
      if (NtWaitForSingleObjectEx(played, 1, 0, &limit) == STATUS_TIMEOUT)
        DbgPrint("organ: bar %d lacks a note\n", bar);
    }
    u32 before = air;
    for (u32 i = 0; i < 4 && air == before; i++) KeDelayExecutionThread(1, 1, &beat);
    if (air == before) DbgPrint("organ: no air in bar %d\n", bar);
    if (bar % 2 == 1) {
      NtWaitForSingleObjectEx(pulled, 1, 0, NULL);
      NtSetEvent(pull, NULL);
    }
  }
  NtCancelTimer(bellows, NULL);
  NtWaitForSingleObjectEx(pulled, 1, 0, NULL);
  for (u32 i = 0; i < PIPES; i++) NtQueueApcThread(thread[i], (void *)end, (void *)(usize)i, NULL, NULL);
  NtWaitForMultipleObjectsEx(PIPES, thread, 0, 1, 0, NULL);
  NtWaitForSingleObjectEx(r, 1, 0, NULL);
  DbgPrint("organ: %d %d %d, %d odd\n", notes[0], notes[1], notes[2], odd);
  for (u32 i = 0; i < PIPES; i++) NtClose(thread[i]);
  NtClose(r), NtClose(bellows);
  return 0;
}
