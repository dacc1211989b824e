// Loads a library that never starts.
#include "check.h"

int main(void) {
  HANDLE module;
  return (int)XexLoadImage("stuck.dll", 8, 0, &module);
}
