// The smallest title: prints and ends.
#include "xbox.h"

int main(void) {
  DbgPrint("hello from the %s, %d times %u is %x\n", "console", 6, 7u, 42);
  return 0;
}
