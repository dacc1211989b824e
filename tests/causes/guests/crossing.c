// A crossing: four walkers meet at a barrier of two gates, of which whoever comes last opens one and shuts the other. A
// pulse starts those who stand at the line. One walker ends with the umbrella, a mutant, in its hand, and the next one
// gets it as abandoned. A steward that was suspended in its wait is resumed late and sweeps up.
#include "xbox.h"
#define WALKERS 4
#define LAPS 4
#define STATUS_ABANDONED 0x80u
static HANDLE gate[2], line, umbrella, broom, swept;
static CRITICAL_SECTION tally;
static u32 arrived, lap, at_line, abandoned, walked[WALKERS];

static void meet(void) {
  RtlEnterCriticalSection(&tally);
  u32 here = lap % 2;
  if (++arrived == WALKERS) {
    arrived = 0, lap++;
    NtClearEvent(gate[!here]);
    NtSetEvent(gate[here], NULL);
    RtlLeaveCriticalSection(&tally);
    return;
  }
  RtlLeaveCriticalSection(&tally);
  NtWaitForSingleObjectEx(gate[here], 1, 0, NULL);
}

static void walker(void *ctx) {
  u32 me = (u32)(usize)ctx;
  RtlEnterCriticalSection(&tally);
  at_line++;
  RtlLeaveCriticalSection(&tally);
  NtWaitForSingleObjectEx(line, 1, 0, NULL);
  for (u32 i = 0; i < LAPS; i++) {
    s64 t = MS(1 + (me + i) % WALKERS);
    KeDelayExecutionThread(1, 0, &t);
    meet();
    walked[me]++;
  }
  s64 rain = MS(3 * (me + 1));
  KeDelayExecutionThread(1, 0, &rain);
  NTSTATUS s = NtWaitForSingleObjectEx(umbrella, 1, 0, NULL);
  if (s == STATUS_ABANDONED) abandoned++;
  if (me != 1) NtReleaseMutant(umbrella, NULL); // the second one keeps it
  ExTerminateThread(walked[me]);
}

static void steward(void *ctx) {
  (void)ctx;
  NtWaitForSingleObjectEx(broom, 1, 0, NULL);
  NtSetEvent(swept, NULL);
  ExTerminateThread(7);
}

int main(void) {
  HANDLE w[WALKERS], s;
  u32 count = 0;
  RtlInitializeCriticalSection(&tally);
  NtCreateEvent(&gate[0], NULL, 0, 0), NtCreateEvent(&gate[1], NULL, 0, 0);
  NtCreateEvent(&line, NULL, 0, 0), NtCreateEvent(&broom, NULL, 1, 0), NtCreateEvent(&swept, NULL, 0, 0);
  NtCreateMutant(&umbrella, NULL, 0);
  ExCreateThread(&s, 0x4000, NULL, NULL, (void *)steward, NULL, 1u << 28);
  for (u32 i = 0; i < WALKERS; i++)
    ExCreateThread(&w[i], 0x4000, NULL, NULL, (void *)walker, (void *)(usize)i, 1u << (24 + i));
  for (u32 tries = 0, n = 0; n < WALKERS && tries < 50; tries++) {
    s64 t = MS(2);
    KeDelayExecutionThread(1, 0, &t);
    RtlEnterCriticalSection(&tally);
    n = at_line;
    RtlLeaveCriticalSection(&tally);
  }
  NtSuspendThread(s, &count);
  NtSetEvent(broom, NULL);
  NtPulseEvent(line, NULL);
  NtWaitForMultipleObjectsEx(WALKERS, w, 0, 1, 0, NULL);
  NtResumeThread(s, &count);
  s64 soon = MS(100);
  if (NtWaitForSingleObjectEx(swept, 1, 0, &soon) != STATUS_SUCCESS) DbgPrint("crossing: not swept\n");
  NtWaitForSingleObjectEx(s, 1, 0, NULL);
  DbgPrint("crossing: %d laps, %d abandoned, count %d\n", lap, abandoned, count);
  for (u32 i = 0; i < WALKERS; i++) NtClose(w[i]);
  NtClose(s), NtClose(gate[0]), NtClose(gate[1]), NtClose(line), NtClose(broom), NtClose(swept), NtClose(umbrella);
  return 0;
}
