// Guest code in kernel calls in guest code: deeper than any title, with the stack moved back each time, so that only
// the kernel's memory could end it; and threads that leave from within.
#include "hostile.h"

u32 DllMain(HANDLE module, u32 reason, void *reserved);

int main(void) {
  make_notes();
  HANDLE module;
  NOTES[2] = 1;
  XexLoadImage("game:\\hostile.recurse.dll", 8, 0, &module);
  return contained();
}
