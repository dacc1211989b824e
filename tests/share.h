// Which cases of a sweep this commit tries, as share.py has it for tests in Python.
#ifndef WG_TESTS_SHARE_H
#define WG_TESTS_SHARE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Whether case `i` of the sweep `what` is among the one in `every` that WEDGE_SHARE (COMMIT or COMMIT/TIMES) leaves;
// all are without it.
static inline bool in_share(const char *what, uint64_t i, uint64_t every) {
  const char *share = getenv("WEDGE_SHARE");
  if (share == NULL || *share == '\0') return true;
  const char *times = strchr(share, '/');
  uint64_t h = 1469598103934665603u; // FNV-1a
  for (const char *p = share; *p && p != times; p++) h = (h ^ (unsigned char)*p) * 1099511628211u;
  for (const char *p = what; *p; p++) h = (h ^ (unsigned char)*p) * 1099511628211u;
  if (times) every *= strtoull(times + 1, NULL, 10);
  return ((h >> 16) + i) % every == 0;
}

#endif
