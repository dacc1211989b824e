// Recorded branches (docs/design.md#branches): what a decoder that has the code needs to follow a thread exactly.
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

#include "base/buf.h"
#include "base/err.h"

// Instructions that branch, by their words (Power ISA Book I, 2.4). A system call is none of them.
enum wg_branch_form { WG_BRANCH_NONE, WG_BRANCH_B, WG_BRANCH_BC, WG_BRANCH_BCLR, WG_BRANCH_BCCTR };
static inline enum wg_branch_form wg_branch_form(uint32_t word) {
  uint32_t op = word >> 26, extended = word >> 1 & 1023;
  if (op == 18) return WG_BRANCH_B;
  if (op == 16) return WG_BRANCH_BC;
  if (op != 19) return WG_BRANCH_NONE;
  return extended == 16 ? WG_BRANCH_BCLR : extended == 528 ? WG_BRANCH_BCCTR : WG_BRANCH_NONE;
}
// Of one of them: it sets lr; it goes or not, by a bit of CR or the count; where b and bc go.
static inline bool wg_branch_links(uint32_t word) { return word & 1; }
static inline bool wg_branch_decides(uint32_t word) {
  return wg_branch_form(word) != WG_BRANCH_B && (word >> 21 & 0x14) != 0x14;
}
static inline uint32_t wg_branch_direct(uint32_t word, uint32_t pc) {
  uint32_t b = (uint32_t)((int32_t)(word << 6) >> 6) & ~3u, bc = (uint32_t)(int32_t)(int16_t)(word & 0xFFFC);
  return (wg_branch_form(word) == WG_BRANCH_B ? b : bc) + (word & 2 ? 0 : pc);
}

#define WG_BRANCH_CALLS 32 // depth of the stack of calls, which wraps
#define WG_BRANCH_WORD_BITS 63

struct wg_branch_packet {
  uint32_t tid;            // 0: interrupts
  uint32_t hw;             // the hardware thread of those interrupts
  uint32_t pc;             // where it starts
  uint64_t cycle;          // retired instructions of the context there
  uint64_t idx;            // of the thread's first event from there on
  uint64_t instructions;   // executed in it
  const uint64_t *words;   // the first decision in bit 62, then down
  size_t nbits;            //
  const uint32_t *targets; //
  size_t ntargets;         //
};

// A file of packets: zstd frames of WG_BRANCHES_MAGIC, then for each packet a 'B', variable-length integers (7 bits a
// byte, low first, high bit: more) tid, hw, pc, cycle, idx, instructions, nbits, ntargets, the words and the targets;
// then an 'E'.
//
// Threads that wait decide the same again and again: the words begin with such an integer, and where it is not 0, two
// more: from that word on, so many times as the third says, a word is the one that lies the second's number of words
// before it. The others follow as 64-bit little-endian integers.
//
// Programs jump to few places often: each target has a slot among 128, by its address; a byte tells the slot, with its
// high bit if the slot's last one (0 at a packet's start) was another, and behind all bytes follow these new ones as
// 32-bit little-endian integers.
//
// Versions 1 and 2, which are still read, had all words as such integers, and 1 all targets.
#define WG_BRANCHES_MAGIC "wedge.branches 3\n"
#define WG_BRANCHES_MAGIC_BYTES (sizeof WG_BRANCHES_MAGIC - 1)
#define WG_BRANCHES_SLOTS 128
static inline uint32_t wg_branches_slot(uint32_t target) { return (target >> 2) * 0x9E3779B1u >> 25; }

struct wg_branches_writer;
// A new file. What cannot be written is wg_branches_finish's error.
int wg_branches_create(struct wg_branches_writer **out, const char *path, struct wg_err *err);
void wg_branches_write(struct wg_branches_writer *w, const struct wg_branch_packet *p);
// Closes and frees, also on error. `sha256` (65 bytes) receives the digest of all before the 'E'.
int wg_branches_finish(struct wg_branches_writer *w, char *sha256, struct wg_err *err);

struct wg_branches_reader;
int wg_branches_open(struct wg_branches_reader **out, const char *path, struct wg_err *err);
// The next packet, valid until the next call. False at the end, or where the file is damaged or cut off.
bool wg_branches_next(struct wg_branches_reader *r, struct wg_branch_packet *p);
// Takes the next packet if it is this one; often false though it is, where it lies in two blocks of the file: nothing
// is taken then. To compare is twice as fast as to read.
bool wg_branches_take(struct wg_branches_reader *r, const struct wg_branch_packet *p);
// What was wrong, or NULL.
const char *wg_branches_damage(const struct wg_branches_reader *r);
void wg_branches_close_file(struct wg_branches_reader *r);

#endif
