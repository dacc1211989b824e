// A chain of eight threads, each of which waits for the one before and starts the one behind; beside it three helpers
// that contend for a lock by chance. A token goes round twice; at each station it is stamped, and the last station
// tells main. What goes wrong at one station shows at all that follow, and in main.
#include "stage.h"

#define STATIONS 8
#define LAPS 2
#define HELPERS 3

static HANDLE turn[STATIONS + 1], home, stations[STATIONS], helpers[HELPERS];
static CRITICAL_SECTION lock;
static u32 token, laps, tls, helped;
static volatile u32 stop;

static u32 stamp(u32 self) {
  u32 mine = (u32)(usize)KeTlsGetValue(tls);
  if (mine != self + 1) DbgPrint("relay: station %d has lost its stamp\n", self);
  return token * 17 + mine;
}

static void station(void *ctx) {
  u32 self = (u32)(usize)ctx;
  KeTlsSetValue(tls, (void *)(usize)(self + 1));
  // Each makes the next one's turn before it lets anybody run.
  turn[self + 1] = new_event(1, 0);
  if (self + 1 < STATIONS) stations[self + 1] = spawn((void (*)(void *))(usize)station, self + 1, 0);
  for (u32 lap = 0; lap < LAPS; lap++) {
    wait_for(turn[self], 0);
    token = stamp(self);
    if (self + 1 == STATIONS) {
      laps++;
      NtReleaseSemaphore(home, 1, NULL);
    } else {
      NtSetEvent(turn[self + 1], NULL);
    }
  }
  if (self + 1 < STATIONS) join(stations[self + 1]);
  ExTerminateThread(self);
}

static void helper(void *ctx) {
  u32 self = (u32)(usize)ctx;
  for (u32 i = 0; i < 12; i++) {
    RtlEnterCriticalSection(&lock);
    helped++;
    crunch(30 + self * 11);
    RtlLeaveCriticalSection(&lock);
  }
  ExTerminateThread(0);
}

int main(void) {
  RtlInitializeCriticalSection(&lock);
  tls = KeTlsAlloc();
  home = new_semaphore(0, LAPS);
  turn[0] = new_event(1, 0);
  for (u32 i = 0; i < HELPERS; i++) helpers[i] = spawn(helper, i, ON(3 + i));
  stations[0] = spawn(station, 0, ON(1));
  pause_ms(2);
  for (u32 lap = 0; lap < LAPS; lap++) {
    NtSetEvent(turn[0], NULL);
    NTSTATUS s = wait_for(home, 0);
    if (s != STATUS_SUCCESS) complain("relay: lap", s);
  }
  join(stations[0]);
  for (u32 i = 0; i < HELPERS; i++) join(helpers[i]);
  KeTlsFree(tls);
  DbgPrint("relay: token %x, %d laps\n", token, laps);
  return 0;
}
