// What makes host code of a region of guest code.
//
// The backend is a shared object of its own (wedge_jit.so), since it stands on LLVM, which nothing else needs. It knows
// no machine, no memory and no decoder: the code that it makes is a function of what stands here and of the
// interpreter's bodies (emu/cpu/ops.h, WG_JIT_BODIES), which it carries as bitcode. What it makes is
// position-independent bytes without relocations: a handler as emu/cpu/ops.h describes it, entered at any of the
// region's entries.
#ifndef WG_JIT_BACKEND_H
#define WG_JIT_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WG_JIT_VERSION 9u   // of this interface
#define WG_JIT_MOST 512u    // instructions of a region
#define WG_JIT_PAGE 1024u   // instructions of a page; the op behind them goes on to the next one
#define WG_JIT_OP_BYTES 32u // at least an op's size
#define WG_JIT_GRANULES 16u

// An instruction. All of a region lie in one page, in ascending order of their places.
struct wg_jit_insn {
  uint16_t place; // in the page
  bool entry;     // the code is entered here, too
  bool leave;     // not compiled: what comes here goes on in the interpreter
  uint32_t word, pc;
  uint32_t to;                 // where b and bc lead
  bool decides;                // a branch that is taken or not
  const char *body;            // of emu/cpu/ppc.def; NULL: the interpreter executes it, and comes back
  uint8_t op[WG_JIT_OP_BYTES]; // as the decoder made it for its general handler
};

struct wg_jit_region {
  const struct wg_jit_insn *insns;
  size_t n;
};

// Registers that compiled code keeps: `count` of `size` bytes each, from `offset` in the context on. What is `late` is
// written to the context where the code is left, anything else at once. `general` are those that fields of an
// instruction number (RT, RA, RB), of which some are kept (jit/keep.c). `bits` are written with
// the field of four that they lie in: `fields`, of four bytes each, which is kept as one number (wg_jit_order_has).
struct wg_jit_granule {
  uint32_t offset, size, count;
  bool late, general, bits, fields;
};

// A field of the condition register as one signed number: LT where it is below zero, GT where it is above, EQ where it
// is zero, as the difference of what was compared is, and SO is XER's; or WG_JIT_ANY and all four bits, LT's the
// lowest.
#define WG_JIT_ANY_BIT 40u // beyond every difference
#define WG_JIT_ANY ((int64_t)1 << WG_JIT_ANY_BIT)
static inline bool wg_jit_is_any(int64_t order) { return order >> WG_JIT_ANY_BIT == 1; }
static inline bool wg_jit_order_has(int64_t order, unsigned bit, bool so) {
  if (wg_jit_is_any(order)) return order >> bit & 1;
  return bit == 0 ? order < 0 : bit == 1 ? order > 0 : bit == 2 ? order == 0 : so;
}

// Functions that compiled code calls, by their places in the table that the context points to.
enum wg_jit_call {
  WG_JIT_STEP,     // executes one op as the interpreter does (enum wg_jit_stepped)
  WG_JIT_ROOM,     // puts the trail behind what comes before it; answers with an empty one, and keeps all registers; 0:
                   // the interpreter has to go on
  WG_JIT_WHOLE,    // returns the trail with what comes before it, as the interpreter wants it
  WG_JIT_ENTER,    // handlers: goes to the context's pc, another page's
  WG_JIT_AT_LIMIT, // reached by a taken branch: sees to the trail and the limit
  WG_JIT_ORIGINAL, // executes an op by the handler that it had before it became an entry
  WG_JIT_LEFT,     // the context gets what compiled code kept; called as struct wg_jit_frames says
  WG_JIT_CALLS
};

// Where compiled code keeps what the context has to get at a place where it is left seldom. The code calls a piece of
// its own there, which pushes rax, then rdx, puts the address of the frames into rax and goes to WG_JIT_LEFT, with the
// context in rdi; that returns with every register as it was.
struct wg_jit_frames {
  uint32_t n;
  uint32_t after; // bytes from the code's start to here
  // Behind it: struct wg_jit_frame[n], in ascending order, then their struct wg_jit_kept.
};
struct wg_jit_frame {
  uint32_t back; // the address that the call returns to, from the code's start on
  uint32_t first, n;
};
// Where it is, with one of 16 registers as DWARF numbers them: that holds it, or from which `value` is counted to it.
enum wg_jit_where { WG_JIT_IN_REGISTER = 0, WG_JIT_ON_STACK = 16, WG_JIT_CONSTANT = 32 };
// What of the context gets it: a byte, eight, half of these, a field of CR by its number, one by its bits.
enum wg_jit_what { WG_JIT_BYTE, WG_JIT_WHOLE_REGISTER, WG_JIT_HALF, WG_JIT_FIELD, WG_JIT_FIELD_BITS };
struct wg_jit_kept {
  uint16_t offset; // in the context
  uint8_t what;
  uint8_t where; // with a register's number
  int32_t value;
};

enum wg_jit_stepped { WG_JIT_GO_ON, WG_JIT_STOPPED, WG_JIT_LEAVE };

// Where things are.
struct wg_jit_layout {
  uint32_t op_size, op_pc;                     // in an op: its size, and where its address is
  uint32_t pc, pages, limit_e, calls, lr, ctr; // in the context
  uint32_t cr;                                 // a byte a bit, from LT of field 0 on
  uint32_t so;                                 // XER's, a byte
  uint32_t answer;                             // in the context, too: what a call that keeps registers answers
  uint32_t before;                             // and what comes before the trail: 1, nothing
  uint32_t zero;                               // a register that always is 0
  struct wg_jit_granule granules[WG_JIT_GRANULES];
  size_t ngranules;
};

// Guest memory begins where GS does; nothing is asked before an access. Where the host refuses one, at `at`, the code
// goes on at `to`, in bytes from its beginning, and has changed nothing of what the instruction at this place of the
// page does.
struct wg_jit_refusal {
  uint32_t at, to, place;
};

struct wg_jit_blob {
  uint8_t *bytes; // to be copied to an address that is a multiple of 64
  size_t size;
  size_t entry;               // offset of the handler
  size_t refusals, nrefusals; // offset of struct wg_jit_refusal[], in ascending order
};

struct wg_jit;
struct wg_jit_backend {
  uint32_t version;
  const char *name; // what it stands on
  const char *cpu;  // the processors that its code is for: one that is none of them cannot create it
  // NULL with a message in `why`: this processor does not do.
  struct wg_jit *(*create)(const struct wg_jit_layout *layout, char *why, size_t cap);
  void (*destroy)(struct wg_jit *j);
  // Does what the first compilation would begin with, on the thread that will compile.
  void (*prepare)(struct wg_jit *j);
  // False: the region is not for this backend, which `why` says. The bytes are the caller's to free.
  bool (*compile)(struct wg_jit *j, const struct wg_jit_region *r, struct wg_jit_blob *out, char *why, size_t cap);
};

// The only name that the shared object exports.
__attribute__((visibility("default"))) extern const struct wg_jit_backend wg_jit_backend;

#endif
