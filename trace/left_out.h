// A line of a text by which whoever passed it on says that lines are missing there: [...], <snip>, ... 120 lines
// omitted
#ifndef WG_TRACE_LEFT_OUT_H
#define WG_TRACE_LEFT_OUT_H

#include <stdbool.h>
#include <stddef.h>

// `l` without its newline.
bool wg_says_left_out(const char *l, size_t n);

#endif
