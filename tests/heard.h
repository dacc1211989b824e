// What a machine tells, as hashes: equal ones are equal runs.
#ifndef WG_TESTS_HEARD_H
#define WG_TESTS_HEARD_H

#include "base/map.h"
#include "trace/branches.h"
#include "trace/event.h"

static inline uint64_t heard_event(const struct wg_event *e, uint64_t before) {
  struct wg_buf line = {0};
  wg_ev_encode(e, &line);
  uint64_t h = wg_hash(line.data, line.len, before);
  wg_buf_release(&line);
  return h;
}

static inline uint64_t heard_branches(const struct wg_branch_packet *p, uint64_t before) {
  uint64_t h = wg_hash_u64(p->pc ^ (uint64_t)p->tid << 32, before);
  h = wg_hash_u64(p->cycle, wg_hash_u64(p->idx, wg_hash_u64(p->instructions, h)));
  h = wg_hash(p->words, (p->nbits + 62) / 63 * sizeof *p->words, h);
  return wg_hash(p->targets, p->ntargets * sizeof *p->targets, h);
}

#endif
