// Recorded branches (DESIGN section 6): what a decoder that has the code needs to follow a thread exactly.
//
// The code says where direct branches go and which instructions branch; a packet adds a bit for each
// conditional branch (1: taken), a bit for each return through LR (1: it went where the latest recorded call
// said, of the WG_BRANCH_CALLS kept), and the address where any other indirect jump, a return with bit 0
// and what follows a system call went. A conditional return has its taken bit first. A packet starts with an
// empty stack of calls and is independent of all others.
#ifndef WG_TRACE_BRANCHES_H
#define WG_TRACE_BRANCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WG_BRANCH_CALLS 32 // depth of the stack of calls, which wraps
#define WG_BRANCH_WORD_BITS 63

struct wg_branch_packet {
  uint32_t tid;             // 0: interrupts
  uint32_t hw;              // the hardware thread of those interrupts
  uint32_t pc;              // where it starts
  uint64_t cycle;           // retired instructions of the context there
  uint64_t idx;             // of the thread's first event from there on
  uint64_t instructions;    // executed in it
  const uint64_t *words;    // the first decision in bit 62, then down
  size_t nbits;             //
  const uint32_t *targets;  //
  size_t ntargets;          //
};

#endif
