// Libraries: one that is imported from, others loaded by name, refused, unloaded.
#include "check.h"

u32 add(u32 a, u32 b);
u32 not_there(void);
extern u32 *const additions;

typedef const char *greeting_fn(void);
typedef u32 add_fn(u32, u32);
typedef void print_fn(const char *, ...);

static u32 procedure(HANDLE module, u32 which) {
  u32 at = 0xAAAAAAAA;
  NTSTATUS status = XexGetProcedureAddress(module, which, &at);
  if (status == 0xC0000263) EQUAL(at, 0);
  return at;
}

int main(void) {
  HANDLE title = 1, adder = 0, greeter = 0, other = 0, kernel = 0;
  EQUAL(additions[0], 0);
  EQUAL(add(40, 2), 42);
  EQUAL(additions[0], 1);
  EQUAL(not_there(), 0); // recorded as not implemented

  EQUAL(XexGetModuleHandle(NULL, &title), STATUS_SUCCESS);
  EQUAL(XexGetModuleHandle("adder.dll", &adder), STATUS_SUCCESS);
  EQUAL(XexGetModuleHandle("ADDER", &other), STATUS_SUCCESS);
  EQUAL(other, adder);
  EQUAL(XexGetModuleHandle("greeter.dll", &greeter), 0x490);
  EQUAL(greeter, 0);
  add_fn *f = (add_fn *)(usize)procedure(adder, 1);
  EQUAL(f(1, 2), 3);
  f = (add_fn *)(usize)procedure(adder, (u32)(usize) "multiply");
  EQUAL(f(6, 7), 42);
  EQUAL(procedure(adder, (u32)(usize) "additions"), (u32)(usize)additions);
  EQUAL(procedure(adder, 7), (u32)(usize)additions);
  EQUAL(procedure(adder, 3), 0);
  EQUAL(procedure(adder, (u32)(usize) "add"), 0); // by ordinal alone
  EQUAL(XexGetProcedureAddress(0x1234, 1, &other), 0xC0000008);

  EQUAL(XexGetModuleHandle("xboxkrnl.exe", &kernel), STATUS_SUCCESS);
  print_fn *print = (print_fn *)(usize)procedure(kernel, 3); // DbgPrint
  print("through a pointer\n");

  EQUAL(XexLoadImage("game:\\greeter.dll", 8, 0, &greeter), STATUS_SUCCESS);
  greeting_fn *greeting = (greeting_fn *)(usize)procedure(greeter, 1);
  CHECK(greeting()[7] == '3'); // 2 + DLL_PROCESS_ATTACH
  EQUAL(additions[0], 3);
  EQUAL(XexLoadImage("greeter.dll", 8, 0, &other), STATUS_SUCCESS); // counted, not started again
  EQUAL(other, greeter);
  EQUAL(XexUnloadImage(other), STATUS_SUCCESS);
  CHECK(greeting()[7] == '3');
  EQUAL(XexUnloadImage(greeter), STATUS_SUCCESS);
  EQUAL(additions[0], 4); // it was told
  EQUAL(XexGetModuleHandle("greeter.dll", &other), 0x490);
  EQUAL(XexUnloadImage(greeter), 0xC0000008);
  EQUAL(XexLoadImage("greeter.dll", 8, 0, &greeter), STATUS_SUCCESS); // anew
  CHECK(((greeting_fn *)(usize)procedure(greeter, (u32)(usize) "greeting"))()[7] == '3');

  EQUAL(XexLoadImage("game:\\refuser.dll", 8, 0, &other), 0xC0000142);
  EQUAL(other, 0);
  EQUAL(XexGetModuleHandle("refuser.dll", &other), 0x490);
  EQUAL(XexLoadImage("game:\\nowhere.dll", 8, 0, &other), 0xC000000F);
  EQUAL(XexLoadImage("game:\\second.dll", 8, 0, &other), 0xC0000018); // lies where the title does
  EQUAL(XexLoadImage("game:\\hello.o", 8, 0, &other), 0xC000007B);
  u32 data = 0, size = 0;
  EQUAL(XexGetModuleSection(title, "NOTE", &data, &size), STATUS_SUCCESS);
  CHECK(size > 50 && ((const char *)(usize)data)[0] == '/' && ((const char *)(usize)data)[3] == 'W'); // adder.def
  EQUAL(XexGetModuleSection(title, "NOTES", &data, &size), 0xC0000225);
  EQUAL(XexGetModuleSection(adder, "NOTE", &data, &size), 0xC0000225);
  EQUAL(XexGetModuleSection(0x1234, "NOTE", &data, &size), 0xC0000008);
  u32 base = 0, where = XexPcToFileHeader((u32)(usize)f, &base);
  EQUAL(where, 0x83000000);
  EQUAL(base, adder);
  return checks_done();
}
