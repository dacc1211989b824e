// Kernel calls and their results as xenia-canary prints them: NAME(7018F380, 82000A44(text), 12).
#ifndef WG_TRACE_XENIA_CALL_H
#define WG_TRACE_XENIA_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define WG_XENIA_ARGS 16

struct wg_xenia_args {
  uint64_t v[WG_XENIA_ARGS];
  size_t n;
  const char *resolved; // JSON object: path, string, memory (what pointers point to), number (what is no integer), more
  size_t resolved_len;
  struct wg_buf json, memory, numbers;
  unsigned strings, paths;
  bool broken, odd; // an argument is WG_XENIA_BROKEN, WG_XENIA_NONE
};

// What the text of an argument is.
enum wg_xenia_argument {
  WG_XENIA_NONE,    // none that the log writes
  WG_XENIA_BROKEN,  // or a part of one, whose string has parentheses of its own
  WG_XENIA_WORD,    // 8 digits, maybe with what they point to
  WG_XENIA_INTEGER, // in decimal, or of 4 or 16 digits
  WG_XENIA_REAL,    // 59.94, 1.5E+10, NAN: no register's value; its text is kept
  WG_XENIA_SHOWN,   // any other with what it stands for
};
// Of the n bytes between two commas.
enum wg_xenia_argument wg_xenia_argument(const char *p, size_t n);

struct wg_xenia_result {
  char *name; // in the text, not ended
  size_t name_len;
  uint64_t rv;
};

// 16 bytes may be read behind every text here.

// How many hexadecimal digits p begins with, at most `max` (of 16).
size_t wg_xenia_digits(const char *p, size_t max);
uint64_t wg_xenia_hex(const char *p, size_t digits);

// The length of NAME if the text is NAME(...), to its end; else 0.
size_t wg_xenia_call_name(const char *p, size_t n);
bool wg_xenia_whole_call(const char *p, size_t n); // and its parenthesis is closed at the end, not before
// What stands between a call's parentheses, p up to `end`.
void wg_xenia_args(struct wg_xenia_args *a, const char *p, const char *end);
void wg_xenia_args_release(struct wg_xenia_args *a);

// "NAME = HEX", "NAME = HEX Size: HEX", "xeRtlNtStatusToDosError HEX => HEX". What the call wrote becomes a->resolved.
bool wg_xenia_result(struct wg_xenia_args *a, char *p, size_t n, struct wg_xenia_result *r);

#endif
