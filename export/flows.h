// Which signal ended which wait. A signal is held until its thread goes on, so that the waits that it ended, which a
// trace tells right behind it, can be tied to it; of the latest that went by, the time is kept.
#ifndef WG_EXPORT_FLOWS_H
#define WG_EXPORT_FLOWS_H

#include "base/map.h"
#include "export/timeline.h"

#define WG_HELD 8
#define WG_HELD_FLOWS 16
#define WG_PASSED (1u << 16)

struct wg_held {
  uint64_t ns;
  struct wg_event event; // a copy
  struct wg_buf text;    // of its strings
  uint64_t flows[WG_HELD_FLOWS];
  size_t nflows;
};

struct wg_passed {
  uint64_t idx, ns;
  uint32_t tid;
};

struct wg_flows {
  struct wg_held held[WG_HELD]; // the oldest first
  size_t n;
  struct wg_passed *passed; // the latest WG_PASSED, in a circle
  uint64_t npassed;
  struct wg_map passed_at; // by hash
};

// There must be room.
void wg_flows_hold(struct wg_flows *f, const struct wg_event *e, uint64_t ns);
// The place of a thread's held signal; WG_HELD if there is none.
size_t wg_flows_held_by(const struct wg_flows *f, uint32_t tid);
// Lets go of one that was drawn.
void wg_flows_pass(struct wg_flows *f, size_t at);
// Ties it to a flow, if it is held and has room.
bool wg_flows_tie(struct wg_flows *f, uint32_t tid, uint64_t idx, uint64_t flow);
bool wg_flows_passed(const struct wg_flows *f, uint32_t tid, uint64_t idx, uint64_t *ns);
void wg_flows_release(struct wg_flows *f);

#endif
