// Longest common subsequences: exact, in linear space, without a limit of reach.
#ifndef WG_DIFF_LCS_H
#define WG_DIFF_LCS_H

#include <stddef.h>
#include <stdint.h>

// For each symbol of a, the place of its partner in b, or UINT32_MAX; partners do not cross. Anchors are the symbols
// that stand once on both sides; between them Myers' algorithm decides, which prefers the first of equal choices.
// False if the two have so little in common that the effort ran out in some stretch: there, only what stands in the
// same order greedily is paired.
int wg_lcs(const uint64_t *a, size_t na, const uint64_t *b, size_t nb, uint32_t *partner);

#endif
