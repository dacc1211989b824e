// Two traces with the sides changed (mirror.c). Private to diff/.
#ifndef WG_DIFF_MIRROR_H
#define WG_DIFF_MIRROR_H

#include "diff/causes.h"

// Nothing is wrong on this side, but a thread hangs, stops or gives up in the reference: the other way round may
// explain it.
bool wg_mirror_wanted(const struct wg_pairing *p, const struct wg_causes *c);
// What the mirrored pairing `q` is explained by comes first in `c`.
void wg_mirror_add(struct wg_pairing *p, struct wg_causes *c, const struct wg_pairing *q,
                   const struct wg_causes *causes);

#endif
