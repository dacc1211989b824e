// What was met before: bytes and the number that they got. It remembers so much and no more; then it begins anew, so
// that equal bytes may have several numbers, and unequal ones never the same.
#ifndef WG_TRACE_INTERN_H
#define WG_TRACE_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct wg_intern {
  struct wg_interned *all;
  uint32_t *slots; // 1 + index
  struct wg_buf bytes;
  size_t n;
};

// True: *number is what these bytes got. False: they are remembered with *number as it is.
bool wg_intern(struct wg_intern *x, const void *data, size_t n, int64_t *number);
void wg_intern_release(struct wg_intern *x);

#endif
