// A render loop: the vertical blank's interrupt sets an event, each frame is updated by a second thread, input is read,
// and after some frames the title ends.
#include "stage.h"

u32 XamInputGetState(u32 user, u32 flags, u8 *state);

#define FRAMES 8

static KEVENT blank;
static HANDLE update, updated;
static volatile u32 blanks, world, quit;

static void interrupt(u32 source, u32 ctx) {
  (void)ctx;
  if (source != 0) return;
  blanks++;
  KeSetEvent(&blank, 1, 0);
}

static void updater(void *ctx) {
  (void)ctx;
  for (;;) {
    wait_for(update, 0);
    if (quit) break;
    crunch(300);
    world = world * 17 + 3;
    NtSetEvent(updated, NULL);
  }
  ExTerminateThread(world);
}

static u32 buttons(void) {
  u8 state[16] = {0};
  u32 rv = XamInputGetState(0, 0, state);
  if (rv) return 0x10000;
  return (u32)(state[4] << 8 | state[5]);
}

int main(void) {
  u32 presses = 0, last = 0, dropped = 0;
  blank.h.type = 1;
  update = new_event(1, 0), updated = new_event(1, 0);
  VdInitializeEngines(0x4F810000, NULL, NULL, NULL, NULL);
  VdSetGraphicsInterruptCallback((void *)interrupt, NULL);
  HANDLE t = spawn(updater, 0, ON(4));
  for (u32 i = 0; i < FRAMES; i++) {
    s64 limit = MS(100);
    NtSetEvent(update, NULL);
    if (KeWaitForSingleObject(&blank, 3, 1, 0, &limit) == STATUS_TIMEOUT && ++dropped == 3) {
      DbgPrint("frames: no vertical blank\n");
      break;
    }
    wait_for(updated, 0);
    u32 now = buttons();
    if (now != last) presses++;
    last = now;
  }
  DbgPrint("frames: world %x, %d changes\n", world, presses);
  quit = 1;
  NtSetEvent(update, NULL);
  join(t);
  VdSetGraphicsInterruptCallback(NULL, NULL);
  return 0;
}
