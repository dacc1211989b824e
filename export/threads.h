// What is remembered of each thread while its events are drawn: what is open on it.
#ifndef WG_EXPORT_THREADS_H
#define WG_EXPORT_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

struct wg_open {
  uint32_t name;
  bool is_wait;
};

struct wg_drawn {
  uint32_t tid;
  bool told;    // its track
  bool entered; // the range that is drawn: what was open there is on the picture
  bool left;    // behind its end
  bool flat;    // its calls do not tell when they return: each ends where the next one begins
  uint8_t hw;   // the hardware thread that it runs on, WG_NO_HW: nobody knows
  uint64_t ns;  // of its latest event
  struct wg_open *open;
  size_t nopen, cap;
};

#define WG_NO_HW 0xFF
// Deeper than calls nest.
#define WG_OPEN_MAX 64u

struct wg_drawn_threads {
  struct wg_drawn **all; // in the order of their first event
  size_t n;
  struct wg_map by_tid;
  struct wg_drawn *latest;
};

// Of a thread beyond WG_EXPORT_THREADS: the one that they share.
struct wg_drawn *wg_drawn_thread(struct wg_drawn_threads *t, uint32_t tid);
void wg_drawn_push(struct wg_drawn *d, uint32_t name, bool is_wait);
void wg_drawn_release(struct wg_drawn_threads *t);

#endif
