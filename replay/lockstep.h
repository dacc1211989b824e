// Two machines of one run side by side, one with a compiler and one without, compared before each turn of a context.
#ifndef WG_REPLAY_LOCKSTEP_H
#define WG_REPLAY_LOCKSTEP_H

#include "replay/run.h"

struct wg_lockstep;
// `cfg` is the run's that is recorded; borrowed, as long as this.
struct wg_lockstep *wg_lockstep_create(const struct wg_config *cfg);
void wg_lockstep_free(struct wg_lockstep *l);
// Who has to hear of the recording: it ends in order at the first difference.
struct wg_record_listener wg_lockstep_listener(struct wg_lockstep *l);
// After the run: NULL, or what differed, a line that begins with the place, then a line for each register.
const char *wg_lockstep_difference(const struct wg_lockstep *l);
uint64_t wg_lockstep_turns(const struct wg_lockstep *l); // that were compared

#endif
