// Render-driver clients that come and go while their frames are due, or whose callback waits or ends.
#include "hostile.h"

NTSTATUS XAudioRegisterRenderDriverClient(void *callback, u32 *driver);
NTSTATUS XAudioUnregisterRenderDriverClient(u32 driver);
void ExTerminateThread(u32);
static HANDLE event;

static void waits(void *ctx) {
  (void)ctx;
  s64 t = MS(30);
  NtWaitForSingleObjectEx(event, 1, 0, &t);
}
static void ends(void *ctx) {
  (void)ctx;
  ExTerminateThread(3);
}

int main(void) {
  static u32 drivers[8];
  NtCreateEvent(&event, NULL, 1, 0);
  for (u32 i = 0; i < 40; i++) {
    void *callbacks[2] = {i & 1 ? (void *)waits : (void *)ends, NULL};
    for (u32 j = 0; j < 8; j++) XAudioRegisterRenderDriverClient(callbacks, &drivers[j]);
    sleep_ms(1 + i % 7);
    NtSetEvent(event, NULL);
    for (u32 j = 0; j < 8; j++) XAudioUnregisterRenderDriverClient(drivers[j]);
    if (i % 3 == 0) sleep_ms(6);
  }
  sleep_ms(50);
  NtSetEvent(event, NULL);
  sleep_ms(50);
  return contained();
}
