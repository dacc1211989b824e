// What is debugged: a run that is recorded (replayed.h), or one that is being recorded (live.h). It stands still
// between the calls of this interface, and may be looked at then.
//
// Ownership: all is borrowed. Errors: messages for people.
#ifndef WG_GDB_TARGET_H
#define WG_GDB_TARGET_H

#include "emu/machine.h"
#include "emu/mem/watch.h"
#include "travel/position.h"
#include "travel/travel.h"

// Numbers of threads that are none, as gdb is told them.
#define WG_GDB_INTERRUPT 0x7FFFFFF0u // the interrupt that executes
#define WG_GDB_NOBODY 0x7FFFFFF1u    // there is no thread at all; it has no registers

// What somebody waits for.
struct wg_gdb_points {
  const uint32_t *breaks; // ascending
  size_t nbreaks;
  const struct wg_mem_watch *watches;
  size_t nwatches;
};

struct wg_gdb_request {
  bool back, step; // else: to the next point
  bool alone;      // it steps, and nobody else is said to go on
  uint32_t tid;    // who steps, as gdb knows it
  bool own;        // only what this thread comes to stops it
  struct wg_gdb_points points;
  bool (*give_up)(void *ctx); // asked now and then
  void *ctx;
};

enum wg_gdb_why {
  WG_GDB_STEPPED,
  WG_GDB_AT_BREAK,
  WG_GDB_ACCESSED,
  WG_GDB_GAVE_UP,
  WG_GDB_AT_BEGIN,
  WG_GDB_AT_END,
  WG_GDB_ENDED,  // the thread that was to step alone, or its step is interrupted by what the others do
  WG_GDB_EXITED, // there is nothing more of it to be told
};
struct wg_gdb_stop {
  enum wg_gdb_why why;
  uint32_t tid;    // as gdb knows it
  uint32_t addr;   // of WG_GDB_ACCESSED: the watch's
  enum wg_end end; // of WG_GDB_AT_END, of a run that does not go back
};

#define WG_GDB_FORWARDS_ONLY                                                                                           \
  "a run that is being recorded goes forwards only; wedge gdb goes back in it once it has ended"

struct wg_gdb_target {
  void *ctx;
  bool reverses;                                  // it can go back and be sought
  const struct wg_machine *(*machine)(void *ctx); // never NULL
  void (*here)(void *ctx, struct wg_here *out);   //
  int (*resume)(void *ctx, const struct wg_gdb_request *r, struct wg_gdb_stop *out, struct wg_err *err);
  int (*seek)(void *ctx, const struct wg_position *p, struct wg_gdb_stop *out, struct wg_err *err);
  // Who is asked whether seeks and steps back are given up, or NULL: nobody. Or NULL
  void (*ask)(void *ctx, bool (*give_up)(void *who), void *who);
  bool (*left)(void *ctx, bool kills); // its client has left in order; true: no other one is wanted. Or NULL
};

// Whose turn it is, else `otherwise` if that exists, else whoever is there.
uint32_t wg_gdb_current(const struct wg_machine *m, const struct wg_here *here, uint32_t otherwise);
// Every thread by its number; release with free().
uint32_t *wg_gdb_threads(const struct wg_machine *m, const struct wg_here *here, size_t *n);
bool wg_gdb_thread_exists(const struct wg_machine *m, const struct wg_here *here, uint32_t tid);

#endif
