// A folder of the test's own in TMPDIR, made at first use and removed at the end.
#ifndef WG_TESTS_SCRATCH_H
#define WG_TESTS_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/suite.h"

static char scratch_path[128];

static inline void scratch_remove(void) {
  char command[160];
  snprintf(command, sizeof command, "rm -rf '%s'", scratch_path);
  if (system(command) != 0) fprintf(stderr, "%s stays behind\n", scratch_path);
}

static inline const char *scratch_dir(void) {
  static int made;
  if (!made) {
    const char *in = getenv("TMPDIR");
    if (in == NULL || strlen(in) > 64) in = "/tmp"; // what at() has room for
    snprintf(scratch_path, sizeof scratch_path, "%s/wedge-test-XXXXXX", in);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(scratch_path));
    atexit(scratch_remove);
  }
  made = 1;
  return scratch_path;
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
