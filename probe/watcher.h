// What accesses to watched places did: a machine tells of an access before it is done, and of pointers that kernel
// calls and devices get; a watcher says what each of them has left.
//
// The bytes of a place are compared over its whole length. Nothing holds a pointer when an instruction is executed.
// Ownership: a hit is good for the length of the call.
#ifndef WG_PROBE_WATCHER_H
#define WG_PROBE_WATCHER_H

#include "emu/cpu/cpu.h"
#include "emu/machine.h"
#include "emu/mem/watch.h"

struct wg_hit {
  size_t place;                // of the list
  bool write;                  //
  bool by_code;                // an instruction; else a kernel call, or a device
  bool pointer;                // it was given a pointer; of a write: and bytes have changed
  uint32_t addr, len;          // as accessed
  struct wg_machine_where at;  // before it is done
  uint32_t word;               // the instruction, if by_code
  bool has_cpu;                // else nobody's registers were there
  struct wg_cpu cpu;           // to be read, not to be executed
  const uint8_t *before, *now; // the place's bytes
};

struct wg_watcher;
// `places` are borrowed. `hit` hears of every read, and of every write once it is done.
struct wg_watcher *wg_watcher_create(const struct wg_mem_watch *places, size_t n,
                                     void (*hit)(void *ctx, const struct wg_hit *h), void *ctx);
void wg_watcher_free(struct wg_watcher *w);

// To be called: at each access; at each event; before any instruction that is heard of otherwise, and where the run
// stands still. `m` executes, or does no more.
void wg_watcher_access(struct wg_watcher *w, struct wg_machine *m, const struct wg_cpu *c,
                       const struct wg_mem_access *a);
void wg_watcher_event(struct wg_watcher *w, struct wg_machine *m, const struct wg_event *e);
void wg_watcher_settle(struct wg_watcher *w, struct wg_machine *m);

// What is in memory, whoever may read it: 0 where nothing is.
void wg_watcher_bytes(struct wg_machine *m, uint32_t addr, uint32_t len, uint8_t *out);

#endif
