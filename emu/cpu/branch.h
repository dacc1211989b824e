// The record of a context's branches (docs/design.md#branches).
//
// A decoder that has the code needs only what the code does not say: a bit for each conditional branch
// (taken), a bit for each return through LR (it went where the last recorded call said), and the address for
// every other indirect jump, for a return that did not, and for what follows a system call. Packets are
// independent of each other: each says where it starts, and starts with an empty stack of calls.
#ifndef WG_EMU_BRANCH_H
#define WG_EMU_BRANCH_H

#include "trace/branches.h"

struct wg_cpu;

#define WG_BRANCH_WORDS 256   // of WG_BRANCH_WORD_BITS a packet
#define WG_BRANCH_TARGETS 512 // a packet

struct wg_branches {
  uint64_t trail; // decisions below a marker bit, the latest lowest; current outside wg_cpu_run
  uint32_t calls[WG_BRANCH_CALLS];
  uint32_t top; // index of the latest call
  uint32_t ntargets;
  uint32_t nwords;
  uint32_t pc;              // the packet's start
  uint64_t cycle, idx;      //
  uint32_t resume;          // where the context stopped last
  uint8_t after_syscall;    // what follows is a target
  uint8_t open;             // a packet has been begun
  const uint64_t *next_idx; // the context's event counter, or NULL
  uint32_t tid, hw;
  void (*sink)(void *ctx, const struct wg_branch_packet *p); // NULL: nobody wants them
  void *ctx;
  uint64_t words[WG_BRANCH_WORDS + 4];
  uint32_t targets[WG_BRANCH_TARGETS + 8];
};

// Around a run of the processor.
void wg_branches_resume(struct wg_cpu *c);
void wg_branches_pause(struct wg_cpu *c, int syscall);
// Ends the packet in progress and hands it on.
void wg_branches_close(struct wg_cpu *c);
// Moves full words and targets on; returns the new trail. `pc` and `cycle` are where the next packet starts if this
// one is full.
uint64_t wg_branches_flush(struct wg_cpu *c, uint64_t trail, uint32_t pc, uint64_t cycle);

struct wg_archive;
void wg_branches_state(struct wg_archive *a, struct wg_branches *b);

#endif
