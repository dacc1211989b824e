// Tables of a byte for each page, nearly all of them 0.
#ifndef WG_EMU_MARKS_H
#define WG_EMU_MARKS_H

#include <stdint.h>
#include <string.h>

// The first of [p, end) that is marked, or end. Few of a million pages are, so eight are looked at at once.
static inline uint32_t wg_next_marked(const uint8_t *marks, uint32_t p, uint32_t end) {
  for (; p + 8 <= end; p += 8) {
    uint64_t any;
    memcpy(&any, marks + p, sizeof any);
    if (any) break;
  }
  while (p < end && !marks[p]) p++;
  return p;
}

#endif
