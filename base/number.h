// Numbers that are read from text.
#ifndef WG_BASE_NUMBER_H
#define WG_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Parses a whole string as an unsigned integer (decimal, or hexadecimal after 0x); false if it is
// anything else or above `max`.
bool wg_parse_u64(const char *s, uint64_t max, uint64_t *out);
// The same of n characters.
bool wg_parse_number(const char *s, size_t n, uint64_t max, uint64_t *out);
int wg_hex_digit(char c); // of either case; -1: it is none
// n bytes of 2n hexadecimal digits; false at the first that is none, which the NUL of a shorter string is.
bool wg_unhex(const char *s, size_t n, void *out);

#endif
