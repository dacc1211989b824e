// What a run must begin as: each event up to a moment is that of another run's trace. Private to replay/.
#ifndef WG_REPLAY_PREFIX_H
#define WG_REPLAY_PREFIX_H

#include "emu/machine.h"

struct wg_prefix;

// The trace of the run in `dir`, up to so many windows.
int wg_prefix_open(struct wg_prefix **out, const char *dir, uint64_t windows, struct wg_err *err);
void wg_prefix_close(struct wg_prefix *p);
// False: it is another event. `m` is NULL as long as it is being made.
bool wg_prefix_event(struct wg_prefix *p, const struct wg_machine *m, const struct wg_event *e);
int wg_prefix_check(const struct wg_prefix *p, struct wg_err *err); // WG_INPUT if there was such an event

#endif
