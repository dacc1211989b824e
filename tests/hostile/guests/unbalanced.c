// Libraries that are unloaded more often than they were loaded, while others import from them.
#include "hostile.h"

u32 add(u32 a, u32 b);

int main(void) {
  HANDLE adder = 0, greeter = 0, title = 0;
  XexGetModuleHandle("adder.dll", &adder);
  XexGetModuleHandle(NULL, &title);
  XexLoadImage("greeter.dll", 8, 0, &greeter);
  for (u32 i = 0; i < 10; i++) XexUnloadImage(adder);
  for (u32 i = 0; i < 10; i++) XexUnloadImage(title);
  EQUAL(add(1, 2), 3);
  for (u32 i = 0; i < 10; i++) XexUnloadImage(greeter);
  EQUAL(add(1, 2), 3);
  XexLoadImage("greeter.dll", 8, 0, &greeter);
  XexLoadImage("greeter.dll", 8, 0, &greeter);
  for (u32 i = 0; i < 10; i++) XexUnloadImage(greeter);
  return checks_failed ? checks_done() : contained();
}
