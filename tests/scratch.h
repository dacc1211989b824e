// A folder of the test's own, made at first use.
#ifndef WG_TESTS_SCRATCH_H
#define WG_TESTS_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>

#include "tests/suite.h"

static inline const char *scratch_dir(void) {
  static char dir[] = "/tmp/wedge-test-XXXXXX";
  static int made;
  if (!made) CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
  made = 1;
  return dir;
}

// The path of `name` there; good until four more have been asked for.
static inline const char *at(const char *name) {
  static char buf[4][160];
  static int turn;
  char *b = buf[turn++ % 4];
  snprintf(b, sizeof buf[0], "%s/%s", scratch_dir(), name);
  return b;
}

#endif
