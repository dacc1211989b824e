#define _DEFAULT_SOURCE // madvise
#include "base/ahead.h"

#include <stdint.h>
#include <sys/mman.h>

#define PAGE ((uintptr_t)4096)

void wg_memory_ahead(void *p, size_t n) {
#ifdef MADV_POPULATE_WRITE
  uintptr_t from = ((uintptr_t)p + PAGE - 1) & ~(PAGE - 1), to = ((uintptr_t)p + n) & ~(PAGE - 1);
  if (from < to) (void)madvise((uint8_t *)p + (from - (uintptr_t)p), to - from, MADV_POPULATE_WRITE);
#else
  (void)p;
  (void)n;
#endif
}
