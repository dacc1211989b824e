// Waits for ever where it gets no memory, and writes to whatever it gets.
#include "xbox.h"

int main(void) {
  volatile u32 *p = ExAllocatePool(0x7FFF0000);
  HANDLE never;
  NtCreateEvent(&never, NULL, 0, 0);
  if (p == NULL) NtWaitForSingleObjectEx(never, 1, 0, NULL);
  *p = 1;
  return 0;
}
