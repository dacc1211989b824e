// A library that offers a function and a variable.
#include "check.h"

u32 DllMain(HANDLE module, u32 reason, void *reserved);
u32 add(u32 a, u32 b);
u32 multiply(u32 a, u32 b);
u32 additions;

WG_OFFER(1, add);
WG_OFFER_NAMED(2, multiply);
WG_OFFER_NAMED(7, additions);

u32 add(u32 a, u32 b) {
  additions++;
  return a + b;
}

u32 multiply(u32 a, u32 b) { return a * b; }

u32 DllMain(HANDLE module, u32 reason, void *reserved) {
  DbgPrint("adder %d %x\n", reason, (u32)(usize)reserved);
  return module != 0;
}
