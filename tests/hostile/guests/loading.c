// Libraries that come and go on several threads at once, in their APCs and in what timers run, while what they are told
// with changes its mind: fickle.c.
#include "hostile.h"

void KeInitializeTimerEx(KTIMER *, u32 type, u32 unused, u32 unused_too);
u32 KeSetTimerEx(KTIMER *, s64 due, s32 period, KDPC *);

extern const char *const ExLoadedCommandLine;

static const char *const names[] = {"game:\\hostile.fickle.dll",
                                    "hostile.fickle.dll",
                                    "game:\\greeter.dll",
                                    "adder.dll",
                                    "game:\\nothing.dll",
                                    "xam.xex",
                                    "",
                                    "game:\\hostile.loading.xex"};
static u32 seed = 7;
static HANDLE modules[8], threads[4];
static u32 one_of(u32 n) {
  seed = seed * 1664525 + 1013904223;
  return (seed >> 8) % n;
}

static void comes_or_goes(void *a, void *b, void *c) {
  (void)a, (void)b, (void)c;
  u32 which = one_of(8), address = 0;
  if (one_of(3))
    XexLoadImage(names[one_of(8)], 8, 0, &modules[which]);
  else
    XexUnloadImage(modules[which]);
  XexGetProcedureAddress(modules[which], one_of(2) ? one_of(4) : one_of(2) ? 0xFFFF : 0, &address);
  XexGetProcedureAddress(modules[which], (u32)(usize)names[one_of(8)], &address);
  XexGetModuleHandle(names[one_of(8)], &modules[one_of(8)]);
}
static void timed(void *dpc, void *a, void *b, void *c) {
  (void)dpc;
  comes_or_goes(a, b, c);
  if (threads[one_of(4)]) NtQueueApcThread(threads[one_of(4)], comes_or_goes, NULL, NULL, NULL);
}
static void worker(void *ctx) {
  s64 t = -1000;
  for (u32 i = 0; i < 300; i++) {
    comes_or_goes(ctx, NULL, NULL);
    if (one_of(4) == 0) KeDelayExecutionThread(1, one_of(2), &t);
  }
}

int main(void) {
  static KTIMER timer;
  static KDPC dpc;
  make_notes();
  for (const char *p = ExLoadedCommandLine; *p; p++) seed = seed * 31 + (u8)*p; // `record --args TEXT` makes it another
  NOTES[1] = seed;
  KeInitializeDpc(&dpc, timed, NULL);
  KeInitializeTimerEx(&timer, 0, 0, 0);
  KeSetTimerEx(&timer, MS(1), 1, &dpc);
  for (u32 i = 0; i < 4; i++) threads[i] = start_thread(worker, NULL);
  NOTES[2] = 1; // threads may end within; this one only waits
  s64 t = MS(400);
  for (u32 i = 0; i < 4; i++) NtWaitForSingleObjectEx(threads[i], 1, 0, &t);
  return contained();
}
