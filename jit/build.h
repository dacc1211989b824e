// What the backend's files share: the bodies, and a function that is being built.
#ifndef WG_JIT_BUILD_H
#define WG_JIT_BUILD_H

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

#include "jit/backend.h"

#define WG_JIT_PRESERVE_ALL 15u          // a calling convention that the C interface has no name for
#define WG_JIT_SLOTS 512u                // registers, numbered through all granules
#define WG_JIT_LOOPS 16u                 // whose rounds follow each other
#define WG_JIT_BUILT (WG_JIT_MOST + 96u) // instructions, with further rounds
#define WG_JIT_NOWHERE UINT16_MAX

struct wg_jit {
  struct wg_jit_layout layout;
  LLVMContextRef ctx;
  LLVMModuleRef parts[WG_JIT_PARTS]; // of the bodies, the interpreter's files (CMakeLists.txt); NULL: nothing was asked
                                     // of it so far
  LLVMTargetMachineRef machine;
  LLVMTargetDataRef data;
  LLVMTypeRef i1, i8, i16, i32, i64, p8, handler, nothing;
  unsigned prof;           // metadata kind
  uint32_t hopeless[1024]; // words whose body the interpreter alone can execute, as was found out
  size_t nhopeless;
  bool so_changes; // the region that is being built writes XER's SO
  uint8_t fields;  // and these fields of CR at most, as far as is known: the others are read where the context has them
};

struct wg_jit_set {
  uint64_t bits[WG_JIT_SLOTS / 64];
};

// A way out of the region, or to what reads the context: a block to be filled (leave.c).
struct wg_jit_way {
  LLVMBasicBlockRef block, next;
  uint16_t insn;
  bool after, seldom; // behind what the instruction does; its size counts more than its time
};

// What comes at most before the next check, from an instruction on; `checked`: it is one itself (room.c).
struct wg_jit_room {
  uint16_t decisions, ops;
  bool checked;
};

// A loop whose rounds follow each other in the code (unroll.c): the first are the region's own instructions.
struct wg_jit_loop {
  uint16_t head, n, copies, rounds; // numbers of instructions: its first, how many, the first of round 1
};

struct wg_jit_build {
  struct wg_jit *j;
  const struct wg_jit_region *region;
  struct wg_jit_insn insns[WG_JIT_BUILT]; // the region's, and behind them further rounds of its loops
  size_t ninsns;
  LLVMBasicBlockRef block[WG_JIT_BUILT]; // of each
  struct wg_jit_loop loops[WG_JIT_LOOPS];
  size_t nloops;
  uint32_t kept;              // general registers that are in host registers (keep.c)
  uint8_t loop[WG_JIT_BUILT]; // which one an instruction is of, counted from 1; 0: none
  LLVMModuleRef module;
  LLVMBuilderRef b, allocas; // the second at the end of the first block
  LLVMValueRef fn, c, base, flags;
  LLVMValueRef left, trail;                        // allocas; left: of e at place 0 to its limit, see emu/cpu/ops.h
  LLVMValueRef off, to;                            // allocas: where an exit leads
  LLVMValueRef page;                               // the page's first op, as a number
  LLVMBasicBlockRef at[WG_JIT_PAGE];               // the region's own; NULL: not of it
  uint16_t index[WG_JIT_PAGE];                     // in the region, of those that are of it
  LLVMBasicBlockRef go, take, far, original, near; // exits
  struct wg_jit_room room[WG_JIT_BUILT];
  LLVMBasicBlockRef checks[WG_JIT_BUILT][2]; // before an instruction: reached by falling through, by a branch; or NULL
  LLVMValueRef slots[WG_JIT_SLOTS];          // allocas, or NULL
  LLVMValueRef greater[8];                   // what GT of each field was set to last,
  unsigned greater_by[8];                    // and by which instruction, counted from 1
  struct {
    LLVMBasicBlockRef block, next;
  } fills[2 * WG_JIT_BUILT]; // an entry and a step an instruction: blocks that read registers and go on
  size_t nfills;
  struct wg_jit_way ways[6 * WG_JIT_BUILT];
  size_t nways;
  LLVMBasicBlockRef shared; // a way to the interpreter on which the same is owed, or NULL
  struct {
    uint16_t from, to;
  } edges[64 * WG_JIT_BUILT]; // between instructions
  size_t nedges;
  bool joins[WG_JIT_PAGE + 1]; // it is reached by more than what comes before it
  uint16_t now;                // the instruction that is being built
  struct wg_jit_set writes[WG_JIT_BUILT],
      owed[WG_JIT_BUILT];   // late registers: it writes; the context has not before it
  bool steps[WG_JIT_BUILT]; // the interpreter executes it
  const char *why;          // not NULL: it cannot be built
  bool again;               // but without a body that turned out to be hopeless it may
};

// --- build.c: small pieces of code
#define WG_JIT_CPU "x86-64-v3" // what the bodies were made for; every processor that has this can execute them
// A function of the handlers' type in the module: what is entered, and what it goes on in.
#define WG_JIT_FRONT "front"
#define WG_JIT_BODY "region"
LLVMValueRef wg_jit_function(struct wg_jit_build *u, const char *name);
LLVMValueRef wg_jit_i64(struct wg_jit *j, uint64_t v);
LLVMBasicBlockRef wg_jit_block(struct wg_jit_build *u);
void wg_jit_put(struct wg_jit_build *u, LLVMBasicBlockRef block); // goes on building there
LLVMValueRef wg_jit_at(struct wg_jit_build *u, LLVMValueRef base, LLVMValueRef offset, LLVMTypeRef t); // a pointer
LLVMValueRef wg_jit_field(struct wg_jit_build *u, uint32_t offset, LLVMTypeRef t); // of the context, loaded
void wg_jit_unlikely(struct wg_jit_build *u, LLVMValueRef cond, LLVMBasicBlockRef yes, LLVMBasicBlockRef no);
LLVMValueRef wg_jit_alloca(struct wg_jit_build *u, LLVMTypeRef t);
// The slot that holds a byte of the context, and its first byte; UINT32_MAX: none does.
uint32_t wg_jit_slot_of(const struct wg_jit_layout *l, uint32_t offset, uint32_t *start, uint32_t *size);
// It has none: the context itself is read and written. Those are most general registers (keep.c).
bool wg_jit_in_context(const struct wg_jit_build *u, uint32_t slot);
LLVMValueRef wg_jit_slot(struct wg_jit_build *u, uint32_t slot); // its alloca, made at need
const struct wg_jit_granule *wg_jit_granule_of(const struct wg_jit_layout *l, uint32_t slot, uint32_t *offset);
LLVMValueRef wg_jit_general(struct wg_jit_build *u, unsigned number);           // what that general register holds
LLVMTypeRef wg_jit_slot_type(struct wg_jit *j, const struct wg_jit_granule *g); // as it is kept
LLVMTypeRef wg_jit_type(struct wg_jit *j, uint32_t size);                       // as the context has it

// --- leave.c: what the context has not got yet
void wg_jit_wrote(struct wg_jit_build *u, uint32_t slot); // by the instruction that is being built
static inline bool wg_jit_has(const struct wg_jit_set *s, uint32_t slot) { return s->bits[slot / 64] >> slot % 64 & 1; }
// A late one, as far as is built.
static inline bool wg_jit_writes(const struct wg_jit_build *u, unsigned insn, uint32_t slot) {
  return wg_jit_has(&u->writes[insn], slot);
}
void wg_jit_edge(struct wg_jit_build *u, unsigned to); // from it to another
// A block that goes on at `next`, where the context is complete.
LLVMBasicBlockRef wg_jit_leave(struct wg_jit_build *u, LLVMBasicBlockRef next, bool after, bool seldom);
void wg_jit_share(struct wg_jit_build *u); // before an instruction: whether it owes what the one before it did
void wg_jit_ways(struct wg_jit_build *u);  // when all is built
void wg_jit_fills(struct wg_jit_build *u); // when all is built: the blocks that read registers
// What the frames of `object` say, with what the ways out of `u` mean by it; appended to the code. `body`: where the
// region's function lies in it.
const char *wg_jit_frames(const struct wg_jit_build *u, const uint8_t *map, size_t size, size_t body,
                          struct wg_jit_blob *out);

// --- order.c: fields of the condition register, as one number each (wg_jit_order_has)
void wg_jit_sets_bit(struct wg_jit_build *u, uint32_t slot, LLVMValueRef v); // of CR: as a byte
// Which fields a region can be expected to write, by its words: others may turn out to be. From field 0 on.
uint8_t wg_jit_expected_fields(const struct wg_jit_region *r);
// Whether a bit's slot is there for it: those of fields that the region writes are.
bool wg_jit_has_field(const struct wg_jit_build *u, uint32_t slot);
// The region writes that bit's field: if that was not expected, it has to be built again.
void wg_jit_writes_field(struct wg_jit_build *u, uint32_t slot);
LLVMValueRef wg_jit_field_value(struct wg_jit_build *u, unsigned field); // from LT 8, GT 4, EQ 2 and SO 1
uint32_t wg_jit_field_of(const struct wg_jit_layout *l, uint32_t slot);  // the slot of the field that a bit's lies in
void wg_jit_orders(struct wg_jit_build *u, const struct wg_jit_insn *i); // of what the instruction has written
// Of a field that a compare set, one of its bits is known to be set now.
void wg_jit_order_known(struct wg_jit_build *u, unsigned field, unsigned which);
LLVMValueRef wg_jit_order_of(struct wg_jit_build *u, LLVMValueRef bytes); // the context's four
LLVMValueRef wg_jit_order_bytes(struct wg_jit_build *u, LLVMValueRef order);
bool wg_jit_compares(uint32_t word); // it sets LT, GT and EQ of a field as the order of two numbers

// --- learn.c: what is known behind a branch that goes or does not
void wg_jit_learn(struct wg_jit_build *u, const struct wg_jit_insn *i, bool taken);

// --- unroll.c: which instruction follows which; WG_JIT_NOWHERE: none of the region
void wg_jit_unroll(struct wg_jit_build *u); // at first
uint16_t wg_jit_falls_to(const struct wg_jit_build *u, unsigned insn);
// By a branch to a place of the page; `back`: to what comes before it, where limits are looked at.
uint16_t wg_jit_leads_to(const struct wg_jit_build *u, unsigned insn, unsigned place, bool *back);
// The loop that an instruction is of, and the one whose first round it ends; NULL: none.
static inline const struct wg_jit_loop *wg_jit_loop_of(const struct wg_jit_build *u, unsigned insn) {
  return u->loop[insn] ? &u->loops[u->loop[insn] - 1] : NULL;
}
static inline const struct wg_jit_loop *wg_jit_loop_behind(const struct wg_jit_build *u, unsigned insn) {
  const struct wg_jit_loop *l = wg_jit_loop_of(u, insn);
  return l && insn + 1u == (unsigned)l->head + l->n ? l : NULL;
}
// The last instruction of the round before, which alone leads to a round's first; or none.
uint16_t wg_jit_round_before(const struct wg_jit_build *u, unsigned insn);

// --- keep.c: which general registers are kept. What LLVM has no host register for it would put on the stack instead of
// in the context.
void wg_jit_keep(struct wg_jit_build *u);

// --- room.c: where it is looked at limits
void wg_jit_find_room(struct wg_jit_build *u);
static inline bool wg_jit_branches(const struct wg_jit_insn *i) {
  unsigned op = i->word >> 26, x = i->word >> 1 & 0x3FF;
  return op == 16 || op == 18 || (op == 19 && (x == 16 || x == 528));
}
static inline bool wg_jit_is_direct(const struct wg_jit_insn *i) { return i->word >> 26 == 18 || i->word >> 26 == 16; }
static inline bool wg_jit_is_return(const struct wg_jit_insn *i) {
  return i->word >> 26 == 19 && (i->word >> 1 & 0x3FF) == 16;
}
static inline bool wg_jit_links(const struct wg_jit_insn *i) { return wg_jit_branches(i) && i->word & 1; }
// The place that a direct branch leads to; WG_JIT_PAGE: another page's.
static inline unsigned wg_jit_target(const struct wg_jit_insn *i) {
  return i->to >> 12 == i->pc >> 12 ? i->to >> 2 & (WG_JIT_PAGE - 1) : WG_JIT_PAGE;
}

// --- bodies.c: the interpreter's bodies, in order of how much programs execute of each part
const char *wg_jit_triple(struct wg_jit *j);                  // whom they were made for; NULL: another LLVM made them
LLVMValueRef wg_jit_body(struct wg_jit *j, const char *name); // NULL: there is none
void wg_jit_forget_bodies(struct wg_jit *j);

// --- clone.c: an instruction's body, with its operands known
enum wg_jit_cloned { WG_JIT_DONE, WG_JIT_NO_BODY, WG_JIT_HOPELESS };
struct wg_jit_clone {
  const char *name;
  const uint8_t *op;
  LLVMValueRef arg;       // a further argument in place of an op, or NULL
  LLVMBasicBlockRef next; // it was done
  LLVMBasicBlockRef cold; // it has to be done by the interpreter; NULL: cannot be
  LLVMValueRef *result;   // NULL, or where to put what it returns; then `cold` has no meaning
};
// Builds from where the builder is. HOPELESS: what was built has to be thrown away.
enum wg_jit_cloned wg_jit_clone(struct wg_jit_build *u, struct wg_jit_clone *k);

// --- access.c
#define WG_JIT_REFUSALS ".wedge.refusals" // a section of struct wg_jit_refusal, counted from WG_JIT_BODY
struct wg_jit_linked;
// What the section says, appended to the code. NULL, or what is wrong with it.
const char *wg_jit_refusals(const struct wg_jit_linked *linked, struct wg_jit_blob *out);

// --- object.c
// What an object file consists of, besides what is in the blob.
struct wg_jit_linked {
  size_t body;        // where WG_JIT_BODY lies in the blob
  const uint8_t *map; // its stack map, or NULL
  size_t map_size;
  const uint8_t *refusals; // or NULL
  size_t refusals_size;
};
void wg_jit_grow(struct wg_jit_blob *b, size_t size); // what is new is zero
// The bytes of an object file's code and constants, linked. NULL, or what is wrong with it. It is entered at
// WG_JIT_FRONT.
const char *wg_jit_link(const uint8_t *object, size_t size, struct wg_jit_blob *out, struct wg_jit_linked *parts);

#endif
