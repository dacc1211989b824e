// Prints what the first two controllers do for a tenth of a second.
#include "xbox.h"

u32 XamInputGetState(u32 user, u32 flags, u8 *state), XamInputGetCapabilities(u32 user, u32 flags, u8 *caps);

int main(void) {
  u8 state[16], caps[20];
  u32 last[2] = {~0u, ~0u};
  for (u32 ms = 0; ms < 100; ms++) {
    for (u32 user = 0; user < 2; user++) {
      u32 rv = XamInputGetState(user, 0, state), packet = rv ? 0 : *(u32 *)(void *)state;
      if (packet == last[user]) continue;
      last[user] = packet;
      if (rv)
        DbgPrint("%d: none (%x)\n", user, rv);
      else
        DbgPrint("%d: buttons %x triggers %d %d left %d %d caps %x\n", user, state[4] << 8 | state[5], state[6],
                 state[7], (short)(state[8] << 8 | state[9]), (short)(state[10] << 8 | state[11]),
                 XamInputGetCapabilities(user, 1, caps));
    }
    s64 one = MS(1);
    KeDelayExecutionThread(0, 0, &one);
  }
  return 0;
}
