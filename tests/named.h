// A name in all the shapes in which calls take one.
#ifndef WG_TESTS_NAMED_H
#define WG_TESTS_NAMED_H

#include <string.h>

#include "base/endian.h"
#include "emu/kernel/kernel.h"

// At `at` the text, `behind` bytes further its ANSI_STRING, then OBJECT_ATTRIBUTES (+10) with no root, then UTF-16
// (+20).
static inline void put_named(struct wg_machine *m, uint32_t at, uint32_t behind, const char *text) {
  uint8_t *p = m->mem->base + at, *s = p + behind;
  size_t n = strlen(text);
  memcpy(p, text, n + 1);
  wg_store_be16(s, (uint16_t)n);
  wg_store_be16(s + 2, (uint16_t)(n + 1));
  wg_store_be32(s + 4, at);
  wg_store_be32(s + 0x10, 0xFFFFFFFDu); // of the DOS devices
  wg_store_be32(s + 0x14, at + behind);
  for (size_t i = 0; i <= n; i++) wg_store_be16(s + 0x20 + 2 * i, (uint8_t)text[i]);
}

#endif
