// A token ring: each station signals the next and waits for its own turn in one call; who holds the token works under
// a mutant; an umpire pulses a gong that those who are done listen to; a referee polls with a query and yields.
#include "engine.h"

#define STATIONS 4
#define LAPS 3
static HANDLE turn[STATIONS], field, gong, done, start, whistle;
static volatile u32 lap[STATIONS], score, heard;

static void station(void *self) {
  u32 me = (u32)(usize)self;
  s64 t = MS(400);
  NtWaitForSingleObjectEx(start, 1, 0, NULL);
  NtWaitForSingleObjectEx(turn[me], 1, 0, NULL);
  for (u32 i = 0; i < LAPS; i++) {
    NtWaitForSingleObjectEx(field, 1, 0, NULL);
    score = score * 5 + me + 1;
    NtReleaseMutant(field, NULL);
    lap[me]++;
    if (i + 1 < LAPS || me + 1 < STATIONS)
      if (i + 1 < LAPS)
        NtSignalAndWaitForSingleObjectEx(turn[(me + 1) % STATIONS], turn[me], 1, 0, NULL);
      else
        NtSetEvent(turn[(me + 1) % STATIONS], NULL);
    else
      NtSetEvent(whistle, NULL);
  }
  NtReleaseSemaphore(done, 1, NULL);
  if (NtWaitForSingleObjectEx(gong, 1, 0, &t) == 0) add(&heard, 1);
  ExTerminateThread(lap[me]);
}

static void referee(void *unused) {
  u32 state[2] = {0, 0}, looks = 0;
  (void)unused;
  do {
    NtQueryEvent(whistle, state);
    NtYieldExecution();
    nap(2);
  } while (state[1] == 0 && ++looks < 500);
  ExTerminateThread(state[1]);
}

int main(void) {
  HANDLE t[STATIONS + 1];
  NtCreateMutant(&field, NULL, 1);
  NtCreateEvent(&gong, NULL, MANUAL, 0), NtCreateEvent(&start, NULL, MANUAL, 0);
  NtCreateEvent(&whistle, NULL, MANUAL, 0);
  NtCreateSemaphore(&done, NULL, 0, STATIONS);
  for (u32 i = 0; i < STATIONS; i++) {
    NtCreateEvent(&turn[i], NULL, AUTO, i == 0);
    ExCreateThread(&t[i], 0x8000, NULL, NULL, (void *)station, (void *)(usize)i, CORE(i));
  }
  ExCreateThread(&t[STATIONS], 0x8000, NULL, NULL, (void *)referee, NULL, CORE(4));
  NtSetEvent(start, NULL);
  nap(3);
  NtReleaseMutant(field, NULL);
  for (u32 i = 0; i < STATIONS; i++) NtWaitForSingleObjectEx(done, 1, 0, NULL);
  nap(5);
  NtPulseEvent(gong, NULL);
  NtWaitForMultipleObjectsEx(STATIONS + 1, t, 0, 1, 0, NULL);
  DbgPrint("tokens: %x, %d heard the gong\n", score, heard);
  for (u32 i = 0; i < STATIONS + 1; i++) NtClose(t[i]);
  return 0;
}
