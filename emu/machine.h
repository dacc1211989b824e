// A machine: one console running one title. A value, never a global: two can live in one process.
//
// It reaches the outside through what its caller gives it: an observer for events, a config that names
// the host folders behind the guest's devices. It writes no files and reads no clock.
#ifndef WG_EMU_MACHINE_H
#define WG_EMU_MACHINE_H

#include "base/err.h"
#include "emu/config/config.h"
#include "emu/title.h"
#include "emu/vfs/vfs.h"
#include "trace/event.h"

struct wg_machine;

// Loads cfg->title and stands at its start. `cfg` and `observer` are copied, what they point to is borrowed. Errors:
// what cannot be read, is no title, or is more than the host has memory for.
int wg_machine_create(struct wg_machine **out, const struct wg_config *cfg, const struct wg_observer *observer,
                      struct wg_err *err);
void wg_machine_free(struct wg_machine *m);
// A new one of the same run as `old`, which it takes the title and the memory from, and frees: ten times as quick where
// a state is restored into it (wg_machine_restore), as memory keeps what the two have in common. The observer hears
// what wg_machine_create lets it hear. After an error both are gone.
int wg_machine_again(struct wg_machine **out, struct wg_machine *old, struct wg_err *err);

// Runs to an end. A guest that does wrong is an end, not an error.
enum wg_end wg_machine_run(struct wg_machine *m);

struct wg_cpu;
// Where a machine is, at any moment that somebody hears of.
struct wg_machine_where {
  bool in_turn;     // a context executes; else between turns, and these four are 0:
  uint32_t tid;     // 0: an interrupt
  uint32_t hw, pc;  //
  uint64_t cycle;   // of the context
  uint64_t idx;     // of the thread's next event (tid 0: of the next that belongs to no thread)
  uint64_t retired; // instructions, of all contexts
  uint64_t events;  // emitted
  uint64_t now_ns;  // virtual
  uint64_t windows, frames;
};
// Instructions of loops that wait, counted and not executed since the machine was made (emu/cpu/idle.h).
uint64_t wg_machine_skipped(const struct wg_machine *m);
void wg_machine_where(const struct wg_machine *m, struct wg_machine_where *out);
// How far each thread is that has not been forgotten, by their tids, then what belongs to no thread as tid 0. Returns
// how many there are; fills at most `room`. *last_tid: of the latest thread that was made.
struct wg_machine_thread {
  uint32_t tid;
  uint64_t idx, cycle;
};
size_t wg_machine_threads(const struct wg_machine *m, struct wg_machine_thread *out, size_t room, uint32_t *last_tid);

// What a thread is doing, in a few words; false if there is none.
struct wg_machine_doing {
  const char *state; // "running", "ready", "waiting", "suspended", "ended"
  const char *call;  // the kernel call that it is in, or NULL
  uint32_t entry;    // where it began
  uint64_t cycle;    // instructions that it has retired
};
bool wg_machine_doing(const struct wg_machine *m, uint32_t tid, struct wg_machine_doing *out);
struct wg_image;
const struct wg_image *wg_machine_image(const struct wg_machine *m); // the title's

// The registers of thread `tid`, or of the interrupt that executes (0); NULL if there is none.
const struct wg_cpu *wg_machine_cpu(const struct wg_machine *m, uint32_t tid);

// What a debugger hears of a machine. It may look, and take its time; it changes nothing: the run is the same with and
// without it. tid 0: an interrupt, or nobody. Each may be NULL.
struct wg_mem_access;
struct wg_mem_watch;
struct wg_debug {
  // Asked before each turn of a context, which retires instructions up to its cycle `limit` and at most WG_TURN_OVER
  // more: shall `before` hear of each of them? That is about 30 times slower.
  bool (*steps)(void *ctx, uint32_t tid, const struct wg_cpu *c, uint64_t limit);
  // Before an instruction. False ends the run there, as an observer's false does.
  bool (*before)(void *ctx, uint32_t tid, const struct wg_cpu *c);
  // Before an instruction of wg_machine_breaks. True: what is left of the turn is done in steps.
  bool (*at_break)(void *ctx, uint32_t tid, const struct wg_cpu *c);
  // At an access to a place of wg_machine_watches. `c` is NULL where no instruction accesses it but a kernel call or a
  // device. True: what is left of the turn is done in steps.
  bool (*access)(void *ctx, uint32_t tid, const struct wg_cpu *c, const struct wg_mem_access *a);
  // Where what the kernel has called returns to it: pc is an address of the kernel's, where no code is. False as of
  // `before`.
  bool (*returned)(void *ctx, uint32_t tid, const struct wg_cpu *c);
  void *ctx;
};
#define WG_TURN_OVER 1024u
void wg_machine_debug(struct wg_machine *m, const struct wg_debug *d);                 // borrowed; NULL: nobody
void wg_machine_breaks(struct wg_machine *m, const uint32_t *pcs, size_t n);           // ascending, borrowed
void wg_machine_watches(struct wg_machine *m, const struct wg_mem_watch *w, size_t n); // copied

const char *wg_end_name(enum wg_end end);                     // "exit", "wedge", ..., as in a trace's footer
uint64_t wg_machine_now(const struct wg_machine *m);          // virtual ns
uint64_t wg_machine_instructions(const struct wg_machine *m); // in finished turns, of all contexts
uint64_t wg_machine_frames(const struct wg_machine *m);       // that the title has asked to be shown
uint64_t wg_machine_windows(const struct wg_machine *m);      // scheduler windows so far
// The kernel call that an interruption ended in its midst, or NULL.
const char *wg_machine_within(const struct wg_machine *m);
uint64_t wg_machine_state_hash(const struct wg_machine *m); // end of the state-hash chain
const uint64_t *wg_machine_hash_chain(const struct wg_machine *m, size_t *n);
bool wg_machine_from_image(const struct wg_machine *m); // the title is in a container
const struct wg_title_digests *wg_machine_digests(const struct wg_machine *m);
// Host files whose content the guest has read, in the order of first use.
const struct wg_vfs_input *wg_machine_inputs(const struct wg_machine *m, size_t *n);
struct wg_mem *wg_machine_mem(const struct wg_machine *m); // the guest's memory
struct wg_vfs *wg_machine_vfs(const struct wg_machine *m); // what the guest has seen of the host's folders
// Packets that the GPU executed, by operation; an operation that no list names is OP_xx.
void wg_machine_packets(const struct wg_machine *m, void (*each)(void *ctx, const char *name, uint64_t n), void *ctx);
// The instruction word at a guest address, unnoticed by watches; false if there is no memory.
bool wg_machine_fetch(const struct wg_machine *m, uint32_t addr, uint32_t *word);
// What each thread waits for, and who created and signalled that object; or the exception's details.
void wg_machine_report(const struct wg_machine *m, struct wg_buf *out);
// Exports that were called though not implemented, as "module!name" lines with counts.
void wg_machine_unimplemented(const struct wg_machine *m, struct wg_buf *out);
// Bounds that the run has met (docs/limits.md), a line each; nothing if none.
void wg_machine_limits(const struct wg_machine *m, struct wg_buf *out);
// The whole state, between windows (before wg_machine_run, after it, or when the observer is asked whether to go on).
// What a machine was made from is no part of it, nor any host address: two runs have equal digests at the same windows.
struct wg_pages;
uint64_t wg_machine_digest(struct wg_machine *m);
// From now on digests and saves cost what has been written since the one before, not what there is.
void wg_machine_track(struct wg_machine *m);
void wg_machine_save(struct wg_machine *m, struct wg_buf *out, struct wg_pages *pages); // appends
// Into a machine made from the same title and options that has not run: it goes on as the other one did. `name` is for
// messages. After an error the machine is to be freed.
int wg_machine_restore(struct wg_machine *m, const char *name, const void *data, size_t n, struct wg_pages *pages,
                       struct wg_err *err);
// For tests: changes the field of that number, or changes it back; false if there are not so many.
bool wg_machine_touch(struct wg_machine *m, uint64_t field);
// Writes every file that the guest created or changed below `dir`.
int wg_machine_save_overlay(const struct wg_machine *m, const char *dir, struct wg_err *err);

#endif
