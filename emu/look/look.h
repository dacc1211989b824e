// What can be seen of a machine that stands still: between windows, or in the midst of one or of a kernel call.
//
// Nothing here changes the machine: no device is asked, no object becomes known, no virtual time passes, and no
// floating-point arithmetic touches the host's flags, which may be the guest's. Ownership: a wg_look borrows all that
// it points to; text is appended to the caller's buffers. Errors: messages for people, with WG_INPUT.
#ifndef WG_EMU_LOOK_H
#define WG_EMU_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/symbols.h"
#include "emu/cpu/regs.h"

struct wg_ctx;
struct wg_export;
struct wg_machine;
struct wg_module;
struct wg_object;
struct wg_thread;

struct wg_look {
  const struct wg_machine *m;
  const struct wg_symbols *symbols; // of the title, or NULL
  const struct wg_ctx *ctx;         // the thread, or the interrupt, that is looked at
  unsigned hw;                      // where it runs
};

// Chooses whom to look at: thread `*tid` (0: an interrupt in progress) if that is not NULL, else who runs at this
// moment, else `otherwise`, else whoever is there. The machine has at least one thread.
int wg_look_begin(struct wg_look *l, const struct wg_machine *m, const uint32_t *tid, uint32_t otherwise,
                  struct wg_err *err);
// Are the symbols of this title's image? Else an error that says why not.
int wg_look_symbols(struct wg_look *l, const struct wg_symbols *s, const char *path, struct wg_err *err);

// --- places ---------------------------------------------------------------------------------------

// What an address is called: a symbol and an offset, a kernel call's thunk, a module and an offset, or nothing.
struct wg_place {
  const struct wg_label *symbol;
  const struct wg_export *call;
  const struct wg_module *module;
  const char *special; // of the addresses that end what the kernel has called
  uint32_t offset;
};
struct wg_place wg_look_place(const struct wg_look *l, uint32_t addr);
void wg_look_put_place(const struct wg_look *l, uint32_t addr, struct wg_buf *out); // appends nothing if it has no name

// The instruction that it is at, or the one that has called the kernel.
uint32_t wg_look_code_at(const struct wg_look *l);

const struct wg_cpu *wg_look_cpu(const struct wg_look *l); // its registers: emu/cpu/regs.h

// --- memory ---------------------------------------------------------------------------------------

enum wg_area_kind {
  WG_AREA_NOTHING,
  WG_AREA_RESERVED, // no page is committed
  WG_AREA_DEVICE,   // reading it would be noticed
  WG_AREA_IMAGE,
  WG_AREA_STACK,
  WG_AREA_KERNEL,   // of the kernel: the pool, its own stacks
  WG_AREA_TITLE,    // what the title has allocated
  WG_AREA_PHYSICAL, // a mirror of physical memory
  WG_AREA_WINDOW,   // the GPU's write-back window
};
// Pages that are alike, one after another.
struct wg_area {
  uint32_t base;
  uint64_t size;
  enum wg_area_kind kind;
  bool read, write, code;         // what the title may do; code: instructions there have been executed
  const struct wg_module *module; // of an image
  const struct wg_thread *thread; // of a stack, if it is still there
  uint32_t physical;              // of physical memory: where it begins
};
// The longest stretch about `addr` whose pages are alike.
void wg_look_area(const struct wg_machine *m, uint32_t addr, struct wg_area *out);
void wg_look_put_area(const struct wg_area *a, struct wg_buf *out); // in words
// What is in memory, whether the title may read it or not. An error names the first byte where nothing is.
int wg_look_read(const struct wg_machine *m, uint32_t addr, void *out, uint32_t n, struct wg_err *err);

// An expression (base/expr.h) of registers, symbols and memory: "r1+0x20", "main+8", "[r13+0x100]".
int wg_look_expression(const struct wg_look *l, const char *text, uint32_t *out, struct wg_err *err);

// --- the call stack -------------------------------------------------------------------------------

enum wg_frame_kind {
  WG_FRAME_CODE,
  WG_FRAME_CALL,  // a kernel call, in progress or below what it runs
  WG_FRAME_FAULT, // an exception's handlers run above this
  WG_FRAME_START, // a library's start-up function runs above this, before the thread's own
  WG_FRAME_APC,   // the routine above was delivered here
};
// How the way to the caller was found. All but the last follow from the code; that one is what compilers usually do.
enum wg_frame_by {
  WG_BY_NOTHING,  // the last frame
  WG_BY_KERNEL,   // the kernel has kept its registers
  WG_BY_TABLE,    // the function table (.pdata) and the prologue
  WG_BY_EPILOGUE, // it was about to return
  WG_BY_LEAF,     // it has no frame: its caller is in lr
  WG_BY_CHAIN,    // the back chain at r1, and a return address where one belongs
};
struct wg_look_frame {
  enum wg_frame_kind kind;
  enum wg_frame_by by;
  bool called; // pc is where a call returns to
  uint32_t pc, sp;
  uint32_t function;            // its begin; 0: nobody knows
  const struct wg_export *call; // of WG_FRAME_CALL
};
#define WG_LOOK_FRAMES 4096u
struct wg_look_stack {
  struct wg_look_frame *frames; // the innermost first
  size_t n;
  bool whole;      // it goes back to where the thread, or the interrupt, began
  const char *end; // why it ends here
};
// The caller releases the frames, and the chain below. Guest memory that cannot be read ends them; it is no error.
void wg_look_stack(const struct wg_look *l, struct wg_look_stack *out);
void wg_look_stack_release(struct wg_look_stack *s);

// --- threads and what they wait for ---------------------------------------------------------------

// The lines about a thread in the report of a wedge: its state, what it waits for, who made and signalled that.
void wg_look_put_thread(const struct wg_thread *t, struct wg_buf *out);
const char *wg_look_state(const struct wg_thread *t); // "running", "ready", "waiting", "suspended", "ended"

// What a thread waits for, whom that leads to, and so on.
enum wg_why_kind {
  WG_WHY_RUNS,      // it runs, or will when its turn comes: nothing holds it up
  WG_WHY_SPINS,     // it runs, but tries a lock that is held
  WG_WHY_SUSPENDED, //
  WG_WHY_ENDED,
  WG_WHY_TIME,     // it sleeps, or a timeout ends its wait
  WG_WHY_OWNER,    // what it waits for is owned by `other`
  WG_WHY_END_OF,   // it waits for the end of `other`
  WG_WHY_TIMER,    // for a timer that is set
  WG_WHY_READY,    // this one is signalled: it is for the others of its wait
  WG_WHY_SIGNALER, // for a signal; `other` gave the last one, or nobody ever has (other NULL)
};
struct wg_why {
  enum wg_why_kind kind;
  unsigned depth;                 // of the chain: 0 is the thread that was asked for
  const struct wg_thread *thread; // who
  const struct wg_object *object; // waits for this
  const struct wg_thread *other;  // and so for that; NULL: nobody that is known
  uint32_t other_tid;             // of `other`, even if it is no more
  uint64_t due_ns;                // of WG_WHY_TIME and WG_WHY_TIMER
  bool again;                     // `other` is told of above: a circle, if it is still being asked about
  bool circle;
};
struct wg_why_chain {
  struct wg_why *links;
  size_t n;
  uint32_t *circle; // the tids of the first circle
  size_t ncircle;
  bool certain; // owners and ends alone make the circle: nothing within it can ever go on by itself
};
// Ends with a thread that nothing holds up, with one that is told of above, or where nobody is known. The caller
// releases it.
void wg_look_why(const struct wg_machine *m, const struct wg_thread *t, struct wg_why_chain *out);
void wg_look_why_release(struct wg_why_chain *c);

// --- text and JSON --------------------------------------------------------------------------------

// Each view appends lines of text, or with `json` one value (schemas/at.schema.json).
void wg_look_put_where(const struct wg_look *l, bool json, struct wg_buf *out);
void wg_look_put_regs(const struct wg_look *l, bool json, struct wg_buf *out);
int wg_look_put_memory(const struct wg_look *l, uint32_t addr, uint32_t n, bool json, struct wg_buf *out,
                       struct wg_err *err);
// `before` and `n` count instructions.
int wg_look_put_code(const struct wg_look *l, uint32_t addr, uint32_t before, uint32_t n, bool json, struct wg_buf *out,
                     struct wg_err *err);
void wg_look_put_stack(const struct wg_look *l, bool json, struct wg_buf *out);
void wg_look_put_threads(const struct wg_look *l, bool json, struct wg_buf *out);
void wg_look_put_handles(const struct wg_look *l, bool json, struct wg_buf *out);
void wg_look_put_objects(const struct wg_look *l, bool json, struct wg_buf *out);
void wg_look_put_waits(const struct wg_look *l, bool json, struct wg_buf *out);
void wg_look_put_modules(const struct wg_look *l, bool json, struct wg_buf *out);
void wg_look_put_areas(const struct wg_look *l, bool json, struct wg_buf *out);
void wg_look_put_why(const struct wg_look *l, bool json, struct wg_buf *out);

#endif
