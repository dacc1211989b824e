// A run that is being recorded, and halts where it is told to: forwards only. The record is the same, byte for byte,
// whatever is looked at and wherever it halts.
//
// As in travel.h the machine may be looked at while it is halted, and nothing of it changed. Ownership: `cfg` and what
// `o` names are borrowed until wg_live_end. Errors: those of wg_run_record, from wg_live_begin and wg_live_end.
#ifndef WG_TRAVEL_LIVE_H
#define WG_TRAVEL_LIVE_H

#include "travel/travel.h"

struct wg_live;

// Makes the run, and halts before the title's first instruction. `o->heard_by` is the live run's own.
int wg_live_begin(struct wg_live **out, const struct wg_config *cfg, const struct wg_record_options *o,
                  struct wg_err *err);
struct wg_machine *wg_live_machine(const struct wg_live *l);
void wg_live_here(const struct wg_live *l, struct wg_here *out);
enum wg_end wg_live_how(const struct wg_live *l); // it ended, if it is halted at its end
// As wg_travel_run; `until` is no call or return. A run that has ended stands there, its machine as it is.
int wg_live_run(struct wg_live *l, const struct wg_travel_hooks *h, const struct wg_position *until, enum wg_halt *why,
                bool *there, struct wg_err *err);
bool wg_live_gave_up(const struct wg_live *l);
// Lets the run go to its end, or (`now`) to an end in order as by an interruption, finishes its record and frees `l`.
int wg_live_end(struct wg_live *l, bool now, struct wg_run_result *out, struct wg_err *err);

#endif
