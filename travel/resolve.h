// Positions that the trace must be asked for. Private to travel/.
#ifndef WG_TRAVEL_RESOLVE_H
#define WG_TRAVEL_RESOLVE_H

#include "travel/position.h"

// WG_AT_CALL and WG_AT_RETURN become WG_AT_EVENT by the trace in `dir`; others stay what they are. `give_up`, or NULL,
// is asked now and then while that is read: WG_INPUT if it says so.
int wg_position_resolve(const struct wg_position *p, const char *dir, bool (*give_up)(void *ctx), void *ctx,
                        struct wg_position *out, struct wg_err *err);

#endif
