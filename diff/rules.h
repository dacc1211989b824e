// What is no difference although it differs: the engines' own choices (diff/rules.def) and the user's rules.
#ifndef WG_DIFF_RULES_H
#define WG_DIFF_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct wg_rule {
  const char *call;  // an export's name; a trailing * stands for any ending
  const char *field; // "rv", "arg", "out", "detail", "call", "count" or "*"
  int arg;           // which argument, from 0; -1: any
  const char *key;   // member of out{}; NULL: any
  const char *why;
};

struct wg_rules {
  struct wg_rule *own; // the user's
  size_t n;
  char *text;
};

// Reads rules, one a line: CALL FIELD [why...], FIELD being rv, arg, argN, out, out.KEY, call, count, detail or *; `#`
// starts a comment. NULL path: none.
int wg_rules_load(struct wg_rules *r, const char *path, struct wg_err *err);
void wg_rules_release(struct wg_rules *r);

// Why this field of this call does not count; NULL if it does. `r` may be NULL.
const char *wg_rules_skip(const struct wg_rules *r, const char *call, const char *field, unsigned arg, const char *key);

// The same by the user's rules alone.
const char *wg_rules_own_skip(const struct wg_rules *r, const char *call, const char *field, unsigned arg,
                              const char *key);

#endif
