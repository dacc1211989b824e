// A call that is tried again (a spin lock that is held) becomes another while it spins.
#include "hostile.h"

typedef u32 lock_fn(u32 *lock);
static u32 lock;
static volatile u32 *spin;

static u32 spinner(void *ctx) {
  (void)ctx;
  ((lock_fn *)(usize)spin)(&lock);
  return 0;
}

int main(void) {
  static const u32 others[] = {0x103, 0x147, 0x199, 0xD2, 0xFD, 0x1A1, 0xF8};
  spin = thunk(0xB1); // KfAcquireSpinLock
  u32 own = spin[2];
  for (u32 i = 0; i < sizeof others / sizeof *others; i++) {
    HANDLE h = 0;
    lock = 1;
    ExCreateThread(&h, 0x10000, NULL, NULL, spinner, NULL, 0x04000000);
    s64 t = MS(1);
    KeDelayExecutionThread(1, 0, &t);
    volatile u32 *other = thunk(others[i]);
    spin[2] = other[2];
    KeDelayExecutionThread(1, 0, &t);
    spin[2] = own;
    lock = 0;
    KeDelayExecutionThread(1, 0, &t);
    NtClose(h);
  }
  return contained();
}
