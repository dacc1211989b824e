// Follows recorded branches through the code (trace/branches.h).
#ifndef WG_REPLAY_WALK_H
#define WG_REPLAY_WALK_H

#include "base/err.h"
#include "trace/branches.h"

struct wg_walk_step {
  uint32_t tid, hw;
  uint64_t cycle; // instructions retired before it
  uint32_t pc, word;
  bool taken;
  uint32_t target; // where it went on
};

struct wg_walk {
  bool (*fetch)(void *ctx, uint32_t pc, uint32_t *word); // the code; false where there is none
  bool (*step)(void *ctx, const struct wg_walk_step *s); // every branch and system call; false ends the walk
  void *ctx;
};

// Walks one packet. WG_INPUT where packet and code disagree (the code is not what ran, or changed itself).
int wg_walk_packet(const struct wg_walk *w, const struct wg_branch_packet *p, struct wg_err *err);

#endif
