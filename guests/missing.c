// Calls an export that has no implementation here, then goes on.
#include "check.h"

int main(void) {
  extern NTSTATUS NtMakeTemporaryObject(HANDLE);
  EQUAL(NtMakeTemporaryObject(0), 0xC0000002u); // STATUS_NOT_IMPLEMENTED, as documented
  return checks_done();
}
