// Structured exceptions, through frames written by hand (seh_frames.S).
#include "check.h"

typedef struct {
  u32 code, flags, next, address, count, parameters[15];
} EXCEPTION_RECORD;

// kind 1: its filter takes it; 2: its filter says to go on where it was raised; 3: nobody takes it;
// 4 to 7: faults instead; 8: a call that raises.
u32 guarded(u32 kind);
void note(u32 *log, u32 what);
u32 endless(u32 skip, u32 most, u32 *at, u32 *hash); // RtlCaptureStackBackTrace, where frames have no end

u32 trail[64];
extern u32 raises[2];
static KSEMAPHORE full = {.h = {.type = 5, .state = 2}, .limit = 3};
static u32 steps;

void note(u32 *log, u32 what) {
  if (steps < 64) log[steps++] = what;
}

static void expect(u32 line, u32 kind, u32 result, u32 n, const u32 *want) {
  steps = 0;
  u32 got = guarded(kind);
  if (got != result || steps != n) {
    checks_failed++;
    DbgPrint("FAIL line %d: kind %d gave %x in %d steps\n", line, kind, got, steps);
  }
  for (u32 i = 0; i < steps && i < n; i++)
    if (trail[i] != want[i]) {
      checks_failed++;
      DbgPrint("FAIL line %d: step %d is %x, expected %x\n", line, i, trail[i], want[i]);
    }
}

// Of a thread, and of a DPC: its stack's frames are searched as any other's.
static void each_kind(void) {
  // Taken: the filter, then the termination handler on the way, then the block, with the code, and guarded's own r30
  // and f14.
  expect(__LINE__, 1, 0xE0000001 + 0x55 + 0x1000, 3, (const u32[]){0x100, 0x201, 0x400});
  // Gone on: the filter, back to where it was raised, then the termination handler as a function's ordinary end.
  expect(__LINE__, 2, 0x777, 3, (const u32[]){0x100, 0x600, 0x200});
  expect(__LINE__, 1, 0xE0000001 + 0x55 + 0x1000, 3, (const u32[]){0x100, 0x201, 0x400});
  // Faults of the processor.
  expect(__LINE__, 4, 0xC0000005 + 0x55 + 0x1000, 3, (const u32[]){0x100, 0x201, 0x400});
  expect(__LINE__, 5, 0xC0000094 + 0x55 + 0x1000, 3, (const u32[]){0x100, 0x201, 0x400});
  expect(__LINE__, 6, 0xC000001D + 0x55 + 0x1000, 3, (const u32[]){0x100, 0x201, 0x400});
  expect(__LINE__, 7, 0x777, 2, (const u32[]){0x100, 0x200}); // the filter steps over it
}

static void within_dpc(KDPC *d, void *done, void *a, void *b) {
  (void)d, (void)a, (void)b;
  each_kind();
  *(volatile u32 *)done = 1;
}

static u32 back_trace(u32 skip, u32 most, u32 *at, u32 *hash) {
  u32 n = endless(skip, most, at, hash);
  __asm__ volatile("" ::: "r31"); // endless leaves its own there
  return n;
}

// As many as are asked for, and never more than are looked at.
static void back_traces(void) {
  static u32 all[1100];
  u32 hash = 0;
  EQUAL(back_trace(0, 8, trail, NULL), 8);
  EQUAL(trail[0], trail[7]);
  EQUAL(back_trace(3, 4, all, &hash), 4);
  EQUAL(hash, 4 * trail[0]);
  EQUAL(all[3], trail[0]);
  EQUAL(all[4], 0);
  EQUAL(back_trace(0, 1100, all, &hash), 1024);
  EQUAL(hash, 1024 * trail[0]);
  EQUAL(all[1023], trail[0]);
  EQUAL(all[1024], 0);
  EQUAL(back_trace(1020, 8, all, &hash), 4);
  EQUAL(back_trace(0, 0, NULL, &hash), 0);
  EQUAL(hash, 0);
}

int main(void) {
  each_kind();
  // A semaphore is full: its last place is taken, then the kernel raises, and nothing is released.
  EQUAL(KeReleaseSemaphore(&full, 0, 1, 0), 2);
  raises[0] = (u32)(usize)KeReleaseSemaphore;
  raises[1] = (u32)(usize)&full;
  expect(__LINE__, 8, 0xC0000047 + 0x55 + 0x1000, 3, (const u32[]){0x100, 0x201, 0x400});
  EQUAL(full.h.state, 3);
  EQUAL(KeReleaseSemaphore(&full, 0, 0, 0), 3);
  static volatile u32 done;
  static KDPC d;
  KeInitializeDpc(&d, within_dpc, (void *)&done);
  KeInsertQueueDpc(&d, NULL, NULL);
  while (!done) {
  }
  back_traces();
  // What a debugger would hear of.
  EXCEPTION_RECORD name = {.code = 0x406D1388};
  RtlRaiseException(&name);
  checks_done();
  guarded(3); // nobody's: ends the run
  DbgPrint("FAIL: went on\n");
  return 1;
}
