// A call that runs guest code goes on as another call: the library's start-up code rewrites the thunk that its loader
// came through (XexLoadImage) to name another.
#include "hostile.h"

typedef NTSTATUS load_fn(const char *name, u32 flags, u32 version, HANDLE *out);

int main(void) {
  static const u32 others[] = {0x147, 0x136, 0x192, 0x1A1, 0x138, 0x21};
  make_notes();
  volatile u32 *load = thunk(0x199);
  u32 own = load[2];
  for (u32 i = 0; i < sizeof others / sizeof *others; i++) {
    volatile u32 *other = thunk(others[i]);
    HANDLE module = 0;
    load[2] = own;
    NOTES[0] = (u32)(usize)load;
    NOTES[1] = other ? other[2] : own;
    ((load_fn *)(usize)load)("game:\\hostile.turncoat.dll", 8, 0, &module);
    load[2] = own;
    XexUnloadImage(module);
  }
  return contained();
}
