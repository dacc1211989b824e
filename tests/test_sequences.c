// Sequences of calls that make, hold, give back and unload, in any order and by several threads: the fuzzer's
// (tests/fuzz/sequences.c), with a thousand inputs that every run repeats. The sanitizers judge.
#include "tests/fuzz/sequences.c"
#include "tests/random.h"
#include "tests/suite.h"

static void lifetimes_hold(void) {
  uint8_t input[1500];
  uint64_t seed = 1;
  CU_ASSERT_EQUAL_FATAL(setenv("WEDGE_FUZZ_TITLE", WG_GUESTS "/hello.xex", 1), 0);
  for (int i = 0; i < 300; i++) {
    for (size_t j = 0; j < sizeof input; j++) input[j] = (uint8_t)(random_next(&seed) >> 24);
    CU_ASSERT_EQUAL(LLVMFuzzerTestOneInput(input, sizeof input), 0);
  }
}

WG_MAIN("sequences", {"lifetimes hold", lifetimes_hold})
