#include <stdio.h>

#include "bench.h"
int main(void) {
  printf("%08x\n", bench(ROUNDS));
  return 0;
}
