// What a call reads twice may change in between, if the call itself writes there: a list of settings that lies where
// the answer goes.
#include "hostile.h"

u32 XamUserReadProfileSettings(u32 title, u32 user, u32 xuids, void *list, u32 n, u32 *ids, u32 *size, void *buffer,
                               void *overlapped);
u32 XamUserWriteProfileSettings(u32 title, u32 user, u32 n, void *settings, void *overlapped);

typedef struct {
  u32 from, pad, user[2], id, pad2, type, pad3, size, data;
} SETTING;

int main(void) {
  static u8 big[0x10000];
  SETTING s = {0};
  s.id = 0x60000001; // binary
  s.size = sizeof big;
  s.data = (u32)(usize)big;
  XamUserWriteProfileSettings(0, 0, 1, &s, NULL);
  // At the very end of memory that the guest has.
  u32 base = 0x6FF00000, size = 0x100000;
  NtAllocateVirtualMemory(&base, &size, 0x3000, 4, 0);
  for (u32 n = 8; n < 40; n++)
    for (u32 back = 0; back < 0x100; back += 4) {
      u32 need = 8 + n * 0x28, *buffer = (u32 *)(usize)(base + size - need), room = need;
      u32 *ids = (u32 *)(usize)((u32)(usize)buffer + back);
      for (u32 i = 0; i < n; i++) ids[i] = 0x10040000 + i;
      // The first entry's id comes to stand where the list's later ones are read.
      ids[0] = 0x60000001 ^ 0x60000000;
      XamUserReadProfileSettings(0, 0, 0, NULL, n, ids, &room, buffer, NULL);
    }
  return contained();
}
