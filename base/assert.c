#include "base/assert.h"

#include <stdio.h>
#include <unistd.h>

#include "base/err.h"

void wg_assert_failed(const char *file, int line, const char *what) {
  fprintf(stderr, "wedge: internal error at %s:%d: %s\n", file, line, what);
  fflush(NULL);
  _exit(WG_EXIT_BROKEN);
}
