// A library that needs another one and waits while it starts.
#include "check.h"

u32 DllMain(HANDLE module, u32 reason, void *reserved);
u32 add(u32 a, u32 b);
const char *greeting(void);
extern u32 *const additions;
extern u32 *const XexExecutableModuleHandle; // which the title does not import

WG_OFFER_NAMED(1, greeting);

static char text[] = "hello, 5";

const char *greeting(void) { return text; }

u32 DllMain(HANDLE module, u32 reason, void *reserved) {
  (void)reserved;
  HANDLE self = 0;
  s64 pause = -10000; // 1 ms
  EQUAL(XexGetModuleHandle("greeter.dll", &self), STATUS_SUCCESS);
  EQUAL(self, module);
  EQUAL(XexGetModuleHandle(NULL, &self), STATUS_SUCCESS);
  EQUAL(self, *XexExecutableModuleHandle);
  EQUAL(KeDelayExecutionThread(1, 0, &pause), STATUS_SUCCESS);
  text[7] = (char)('0' + add(2, reason));
  DbgPrint("greeter %d, %d additions\n", reason, additions[0]);
  return 1;
}
