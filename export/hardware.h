// Which guest thread each hardware thread runs, as far as events tell it: by a number `hw` that they have, or in traces
// of our own engine by the processor that a thread is made for (the top byte of its flags, else its maker's) and
// KeSetAffinityThread (docs/console.md#threads).
#ifndef WG_EXPORT_HARDWARE_H
#define WG_EXPORT_HARDWARE_H

#include "base/map.h"
#include "export/threads.h"
#include "export/timeline.h"

#define WG_HARDWARE 64 // further numbers are no hardware threads

struct wg_hardware {
  bool by_flags;
  struct wg_map threads; // hsid -> tid
  struct {
    bool open, told;
    uint32_t tid;
    uint64_t last_ns; // of the track
  } at[WG_HARDWARE];
  struct wg_drawn_threads *drawn;
  const struct wg_picture *picture;
};

// An event of thread d at `ns`, which is drawn if `shown`.
void wg_hardware_event(struct wg_hardware *h, struct wg_drawn *d, const struct wg_event *e, uint64_t ns, bool shown);
void wg_hardware_end(struct wg_hardware *h);
void wg_hardware_release(struct wg_hardware *h);

#endif
