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

// A round of a loop that comes again exactly as it was: its steps, of which each further one is `length` instructions
// later.
struct wg_walk_round {
  const struct wg_walk_step *steps;
  size_t n;
  uint64_t times, length;
};

// Who is told. Where `again` is there, rounds that come again go to it and are not stepped.
struct wg_walk_taker {
  bool (*step)(void *ctx, const struct wg_walk_step *s);   // every branch and system call; false ends the walk
  void (*again)(void *ctx, const struct wg_walk_round *r); // or NULL
  void *ctx;
};

struct wg_walk_code; // what lies between branches, once it was looked at

struct wg_walk {
  bool (*fetch)(void *ctx, uint32_t pc, uint32_t *word); // the code; false where there is none
  void *ctx;
  struct wg_walk_code *code;
};

void wg_walk_open(struct wg_walk *w); // sets code
void wg_walk_close(struct wg_walk *w);
// The code may be another now.
void wg_walk_forget(const struct wg_walk *w);

// Walks one packet. WG_INPUT where packet and code disagree (the code is not what ran, or changed itself).
int wg_walk_packet(const struct wg_walk *w, const struct wg_branch_packet *p, const struct wg_walk_taker *to,
                   struct wg_err *err);

#endif
