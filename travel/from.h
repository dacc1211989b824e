// A recorded run's position, from which another run goes on with other options (docs/design.md#forks).
//
// A run goes on from a moment between turns: the first one not before the position, or, of a run that ends before that,
// the last one at which it could have gone on. Ownership: a wg_from owns what its config points at; what it was given
// is borrowed. Errors: WG_INPUT as travel.h; a script or limit that lies in the past.
#ifndef WG_TRAVEL_FROM_H
#define WG_TRAVEL_FROM_H

#include "replay/manifest.h"
#include "travel/returns.h"
#include "travel/travel.h"

// What is done otherwise where a position names a call or its return (travel/returns.h).
struct wg_from_change {
  // The call returns rv instead; `each`: so do all that follow of its name, where they would return the same.
  bool returns, each;
  uint64_t rv;
  // The thread calls that besides: "NtSetEvent(0x12c8)"; before the call, or behind the return that is named. Arguments
  // that are not told are 0. NULL: nothing.
  const char *call;
};

struct wg_from {
  struct wg_config cfg; // the run's, with one fork more, the last: it has the options that held there
  struct wg_run_origin origins[WG_MAX_FORKS];
  const char *scripts[WG_SCRIPTS]; // where the scripts are now
  struct wg_machine_where at;      // the moment, or one behind it, before which no other is
  struct wg_from_change want;
  struct wg_returned returned;   // what want.returns is about
  struct wg_forced_call besides; // want.call
  // what it owns
  struct wg_manifest man;
  struct wg_buf names[WG_SCRIPTS], run, position;
  struct wg_input_change *inputs, *more;
  size_t nmore;
};

// With a change, the moment is the last one before it. WG_INPUT, too, where want.call is no call that can be made so.
int wg_from_open(struct wg_from *out, const char *run, const char *position, const struct wg_from_change *want,
                 const struct wg_run_watch *watch, struct wg_err *err);
// Of the fork: the rest of the script is what the file says, all of it later than the moment.
int wg_from_script(struct wg_from *f, const char *path, struct wg_err *err);
int wg_from_check(const struct wg_from *f, struct wg_err *err); // that the fork's limits lie ahead
// Of what records it: the scripts, where its forks came from, and the run that its past is compared with.
void wg_from_record(const struct wg_from *f, struct wg_record_options *o);
void wg_from_release(struct wg_from *f);

#endif
