// A mixer: a thread that a periodic timer drives and that commands reach between ticks, a driver callback that takes
// what it has mixed, and a main thread that posts commands and waits for their acknowledgement.
#include "stage.h"

u32 XAudioRegisterRenderDriverClient(void *callback, u32 *driver), XAudioUnregisterRenderDriverClient(u32 driver);
u32 XAudioSubmitRenderDriverFrame(u32 driver, void *frame);

static HANDLE tick, command, acknowledged, stopped;
static volatile u32 wanted, mixed, driver;
static float frame[256];

static void callback(u32 ctx) {
  (void)ctx;
  XAudioSubmitRenderDriverFrame(driver, frame);
  if (++mixed == 8) NtSetEvent(stopped, NULL);
}

static void mixer(void *ctx) {
  (void)ctx;
  const HANDLE both[2] = {command, tick};
  s64 soon = MS(40), due = MS(5);
  u32 ticks = 0, late = 0;
  NtSetTimerEx(tick, &due, NULL, 1, NULL, 0, 5, NULL);
  while (ticks < 12 && late < 5) {
    NTSTATUS s = NtWaitForMultipleObjectsEx(2, both, 1, 1, 0, &soon);
    if (s == 0) {
      crunch(wanted * 100);
      NtSetEvent(acknowledged, NULL);
    } else if (s == 1) {
      ticks++;
    } else {
      late++;
      DbgPrint("mixer: no tick (%x)\n", s);
    }
  }
  NtCancelTimer(tick, NULL);
  DbgPrint("mixer: %d ticks\n", ticks);
  ExTerminateThread(ticks);
}

int main(void) {
  u32 client[2] = {(u32)(usize)callback, 0x77};
  NtCreateTimer(&tick, NULL, 1);
  command = new_event(1, 0);
  acknowledged = new_event(1, 0);
  stopped = new_event(0, 0);
  HANDLE t = spawn(mixer, 0, ON(5));
  for (u32 i = 1; i <= 4; i++) {
    wanted = i;
    NtSetEvent(command, NULL);
    wait_for(acknowledged, 0);
    pause_ms(7);
  }
  u32 rv = XAudioRegisterRenderDriverClient(client, (u32 *)&driver);
  if (rv) DbgPrint("mixer: no driver: %x\n", rv);
  if (wait_for(stopped, MS(200)) != STATUS_SUCCESS) DbgPrint("mixer: silence after %d frames\n", mixed);
  XAudioUnregisterRenderDriverClient(driver);
  join(t);
  return 0;
}
