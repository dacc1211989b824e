// Long work that asks now and then whether to go on.
#ifndef WG_BASE_POLL_H
#define WG_BASE_POLL_H

#include <stdbool.h>
#include <stddef.h>

struct wg_poll {
  bool (*go_on)(void *ctx); // false: the work ends at once, its result is of no use
  void *ctx;
};

#define WG_POLL_BYTES (1u << 20) // of bulk work between two questions

// NULL: nobody asks.
static inline bool wg_go_on(const struct wg_poll *p) { return p == NULL || p->go_on == NULL || p->go_on(p->ctx); }

#endif
