// What recording and replaying share: the result of a machine's run, and when to look up from it.
#ifndef WG_REPLAY_LIVE_H
#define WG_REPLAY_LIVE_H

#include "replay/run.h"

// What a machine that has ended says of itself; the caller releases it.
void wg_run_fill_result(const struct wg_machine *m, enum wg_end end, struct wg_run_result *out);

// What asks, while a title is loaded, whether to go on; `w`, or NULL, is borrowed.
struct wg_poll wg_run_loading(const struct wg_run_watch *w);

// Host time enters here, to say how far a run is and to keep its manifest; never the run itself.
struct wg_pulse {
  uint64_t polls, last_ns;
};
// True about once in `every_ms` of host time, if called often.
bool wg_pulse(struct wg_pulse *p, unsigned every_ms);

#endif
