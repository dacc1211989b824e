// Who accessed a place in memory last, first, or each time.
//
// Ownership: wg_found_release; the travel is the caller's, and stands anywhere afterwards. Errors: WG_INPUT.
#ifndef WG_PROBE_FIND_H
#define WG_PROBE_FIND_H

#include "probe/place.h"
#include "probe/watcher.h"
#include "travel/travel.h"

struct wg_found {
  bool found;
  struct wg_hit hit;     // `place` counts for nothing; before and now are these:
  uint8_t *before, *now; // the place's bytes; of a read both are what is there
  // Of what no instruction did:
  char *call; // the kernel call, or NULL: a device, or the kernel by itself
  uint64_t call_idx;
  uint32_t call_lr;
  struct wg_buf event; // the thread's last event before it, a line of JSON; or empty
  // At the position (of a first read: where the search has ended):
  struct wg_here here;
  uint8_t *value;
  bool committed;      // there is memory
  const char *made_as; // how it came to be there: "the title's image", ...; or NULL
  uint32_t base, size; // of what was made
};
void wg_found_release(struct wg_found *f);

// The last write before the position (NULL: the end), interval by interval of the checkpoints. `dir`: of the run.
int wg_find_last_write(struct wg_travel *t, const char *dir, const struct wg_place_range *place,
                       const struct wg_position *before, struct wg_found *out, struct wg_err *err);
// The first read after the position (NULL: the start).
int wg_find_first_read(struct wg_travel *t, const char *dir, const struct wg_place_range *place,
                       const struct wg_position *after, struct wg_found *out, struct wg_err *err);

// Each write between two positions (NULL: the start, the end), in their order. `hit` sees hits whose `before` and `now`
// may be equal; `start` hears, or NULL, where the window begins; its value is NULL where there is no memory.
struct wg_value_hooks {
  void (*start)(void *ctx, const uint8_t *value, const struct wg_machine_where *at);
  void (*hit)(void *ctx, const struct wg_hit *h, const char *call);
  void *ctx;
};
int wg_find_values(struct wg_travel *t, const char *dir, const struct wg_place_range *place,
                   const struct wg_position *from, const struct wg_position *to, const struct wg_value_hooks *hooks,
                   struct wg_err *err);

#endif
