// The hash of the index by name, which its maker and its reader share. Private to nt/.
#ifndef WG_NT_HASH_H
#define WG_NT_HASH_H

#include <stddef.h>
#include <stdint.h>

// FNV-1a.
static inline uint32_t wg_nt_hash(const char *name, size_t n) {
  uint32_t h = 2166136261u;
  for (size_t i = 0; i < n; i++) h = (h ^ (uint8_t)name[i]) * 16777619u;
  return h;
}

#endif
