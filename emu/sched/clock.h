// Virtual time: every rule of it, and the queue of what is due. Knows nothing of who asks.
//
// Units: virtual nanoseconds since the machine's start unless a name says otherwise. One retired instruction takes one
// of them. The hardware threads are interleaved in windows: within one, each has its own time, from the window's begin
// (`now`) on; between turns the time is `now`. Ownership: the clock owns its queue, never what an entry's `arg` is.
// Errors: none; a queue out of memory ends the process. Sources: docs/architecture.md, "Where time comes from".
#ifndef WG_EMU_CLOCK_H
#define WG_EMU_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/poll.h"

#define WG_TIMEBASE_HZ 50000000u // as the reference; the console's own figure is quoted as 49.875 MHz
#define WG_WINDOW_NS 10000u      // of the interleaving
#define WG_QUANTUM_NS 20000000u  // of threads of equal priority
#define WG_CALL_NS 100u          // a kernel call that does not wait
#define WG_EVENT_NS 200u         // of host work: writing an event, beside its texts
#define WG_DECODE_NS 2000u       // of host work: a page of code that was never executed before
// What a call or a turn of a processor may make the host do for that: no call of an ordinary title comes near it, and
// whatever costs more takes its time.
#define WG_FREE_WORK 4000u
#define WG_LOOK_NS 4000000u              // of host work between two questions whether to go on
#define WG_WEDGE_AFTER_NS 10000000000ull // interrupts alone have run for this long
#define WG_HASH_EVERY 65536u             // windows between links of the state-hash chain

// What can be due. Each kind is served by one part, which says so once (wg_clock_serve).
enum wg_due_kind {
  WG_DUE_VARIABLE, // an exported variable that shows the time
  WG_DUE_WAIT,     // a wait's timeout
  WG_DUE_TIMER,
  WG_DUE_INPUT,  // the next line of the input script
  WG_DUE_AUDIO,  // a render-driver client's next frame
  WG_DUE_DIALOG, // a dialog closes
  WG_DUE_VBLANK,
  WG_DUE_KINDS
};

struct wg_archive;

struct wg_due_service {
  void (*fire)(void *ctx, void *arg, uint64_t token);
  // Describes what an entry's `arg` is, for the archive (emu/state/archive.h); NULL: there is none.
  void (*describe)(struct wg_archive *a, void *ctx, void **arg);
  void *ctx;
};

// An entry, ordered by (when, token): of two that are due at once the one made first.
struct wg_due {
  uint64_t when, token;
  void *arg;
  enum wg_due_kind kind;
  bool counts; // keeps the machine alive: something that can wake a thread
};

struct wg_clock {
  uint64_t now;          // when the window began
  uint64_t since_1601;   // 100 ns: the wall clock at time 0
  uint64_t seed;         // of the windows' lengths; 0: all alike
  uint64_t windows;      // so far
  uint64_t used;         // ns of the window that the hardware thread whose turn it is has spent
  const uint64_t *cycle; // of the context that runs, in instructions; NULL between turns
  uint64_t turn;         // that, when its turn began
  uint64_t work;         // of the host, for the call or turn in progress
  uint64_t look_work;    // of it, when somebody is asked next whether to go on
  struct wg_poll poll;   // asks him, for long work
  uint64_t next_token;
  struct wg_due *due; // a heap, the next first
  size_t ndue, due_room, ncounting;
  struct wg_map due_at; // token -> place in it
  struct wg_due_service services[WG_DUE_KINDS];
};

void wg_clock_init(struct wg_clock *c, uint64_t since_1601, uint64_t seed);
void wg_clock_release(struct wg_clock *c);

static inline uint64_t wg_clock_now(const struct wg_clock *c) {
  return c->cycle ? c->now + c->used + (*c->cycle - c->turn) : c->now;
}
uint64_t wg_clock_timebase(const struct wg_clock *c);    // ticks of WG_TIMEBASE_HZ
uint64_t wg_clock_system_time(const struct wg_clock *c); // 100 ns since 1601
// The host has done work that takes it about n ns.
static inline void wg_clock_work(struct wg_clock *c, uint64_t n) {
  c->work += n;
  if (c->work >= c->look_work) wg_go_on(&c->poll);
}
// The next question comes after as much work again: whoever is asked calls this.
static inline void wg_clock_look_later(struct wg_clock *c) { c->look_work = c->work + WG_LOOK_NS; }
// What the work since the last time costs: what goes beyond the usual.
uint64_t wg_clock_pay(struct wg_clock *c);

// What is due. A token is never 0, and never given twice.
void wg_clock_serve(struct wg_clock *c, enum wg_due_kind kind, const struct wg_due_service *s);
uint64_t wg_clock_token(struct wg_clock *c); // of something that is never due
uint64_t wg_clock_after(struct wg_clock *c, uint64_t when, bool counts, enum wg_due_kind kind, void *arg);
void wg_clock_cancel(struct wg_clock *c, uint64_t token); // what is no longer there is none
// Fires the first entry if its time has come.
bool wg_clock_fire(struct wg_clock *c);

// Windows and turns. A turn can run over its window by a stretch of straight code; `carry` takes that to the next one.
uint64_t wg_clock_window(const struct wg_clock *c);                        // the length of the next one
bool wg_clock_enter(struct wg_clock *c, uint64_t *carry, uint64_t window); // false: still busy with what began before
void wg_clock_leave(const struct wg_clock *c, uint64_t *carry, uint64_t window);
void wg_clock_turn_begin(struct wg_clock *c, const uint64_t *cycle);
uint64_t wg_clock_turn_end(struct wg_clock *c); // the instructions that it retired; their time has been spent
// Within a turn: so many windows of the usual length are over, and it is in the one behind them.
void wg_clock_pass(struct wg_clock *c, uint64_t windows);
// Nothing can run: to the next due time. False: there is none that could wake anybody.
bool wg_clock_jump(struct wg_clock *c, uint64_t last_ran);

void wg_clock_state(struct wg_archive *a, struct wg_clock *c);     // between turns
void wg_clock_due_state(struct wg_archive *a, struct wg_clock *c); // after what the entries are about

#endif
