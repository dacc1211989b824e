// An undefined instruction, with a register to recognise.
#include "xbox.h"

int main(void) {
  __asm__ volatile("lis 3,0x1234; ori 3,3,0x5678; .long 0");
  return 0;
}
