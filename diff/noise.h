// What varies between runs of the reference at a place is noise there. Private to diff/.
#ifndef WG_DIFF_NOISE_H
#define WG_DIFF_NOISE_H

#include "diff/pair.h"

struct wg_noise {
  struct wg_map at; // what varies where -> index in sites
  struct wg_noise_site *sites;
  size_t n;
};

// Learns from a pairing of a further reference with the reference (side 1).
void wg_noise_learn(struct wg_noise *n, const struct wg_pairing *p);
// Hides what is known to vary: a value that a run of the reference has there; a count, a size or a time also if it lies
// between two that they have. A thread that never returns, starts or ends is noise only if a reference does so there.
void wg_noise_mask(const struct wg_noise *n, struct wg_pairing *p);
void wg_noise_release(struct wg_noise *n);

#endif
