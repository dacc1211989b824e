// Which call a kernel.return ends. Calls nest: one that runs guest code (a library's start-up function, an exception
// filter) has others inside of it, and some never return at all.
#ifndef WG_TRACE_NEST_H
#define WG_TRACE_NEST_H

#include "base/map.h"

struct wg_nest {
  struct wg_map threads; // tid -> index
  struct wg_nest_stack *stacks;
  size_t n;
};

void wg_nest_call(struct wg_nest *s, uint32_t tid, const char *name, uint64_t value);
// The value of the thread's innermost open call of that name; what was inside of it will never return.
bool wg_nest_return(struct wg_nest *s, uint32_t tid, const char *name, uint64_t *value);
void wg_nest_release(struct wg_nest *s);

#endif
