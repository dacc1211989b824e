// What a trace says of threads, objects, waits and signals, gathered while it is read: the ground of the verdicts
// (tests/hangs/README.md states the rules). Bounded: the latest calls of each thread, the latest signals of each
// object, and what each thread did with each object last. Private to diff/.
#ifndef WG_DIFF_HANG_FACTS_H
#define WG_DIFF_HANG_FACTS_H

#include "diff/calls.h"
#include "diff/model.h"

#define WG_HANG_CALLS 128  // latest calls kept of a thread
#define WG_HANG_PERIOD 64  // longest round that is looked for
#define WG_HANG_SIGNALS 16 // latest signals kept of an object
#define WG_HANG_WAITED 64  // objects of a wait
#define WG_HANG_LEARNED 8  // of those, how many a text log's waits can teach
#define WG_HANG_ARRAYS 256 // waits for several that are so taught
#define WG_HANG_RUNS 8     // latest runs kept of a DPC
#define WG_HANG_RECENT 16  // latest signals of all

enum wg_signal_by { WG_BY_THREAD, WG_BY_DPC, WG_BY_SYSTEM };

struct wg_hsignal {
  uint32_t seq, idx;
  uint32_t thread; // who gave it: index; of a DPC who queued it
  uint64_t ns;
  uint8_t op, by;            // enum wg_effect, enum wg_signal_by
  uint32_t timer;            // whose DPC gave it, or WG_NONE
  uint32_t raised;           // by how much the state rose
  bool previous;             // it was still set
  uint32_t taker, taken_seq; // the first who took it, or WG_NONE
  uint32_t takers;
  uint32_t clearer, cleared_idx; // who took it back untaken, or WG_NONE
};

// What a thread did with an object.
struct wg_htouch {
  uint32_t object, thread, next; // next of the object's, or WG_NONE
  uint32_t signals, signal_seq, signal_idx;
  uint32_t takes, take_seq, take_idx;
  uint32_t held; // locks
  uint32_t held_idx;
};

struct wg_hobject {
  uint64_t hsid;                 // 0: none
  uint32_t creator, created_idx; // thread and event; creator WG_NONE: unknown
  uint32_t touches;              // list of wg_htouch, or WG_NONE
  uint32_t owner;                // of a lock, or WG_NONE
  uint32_t state, handed;        // events, semaphores; signals given to waiters that have not told yet
  uint32_t limit;                // of a semaphore, where it is told, or 0
  uint64_t armed_ns, period;     // timers; armed_ns UINT64_MAX: not set
  uint32_t armed_by, cancelled_by, cancelled_idx;
  uint32_t dpc, armed_seq, ran_seq;       // that it queues, or 0; when it was set, and when that DPC ran last
  bool manual, fired, ever_armed, kernel; // kernel: by an address, not a handle
  bool named_by_call, closed;             // of handles: some call took it; none names it any more
  bool exclusive;                         // read-write locks: taken to write
  uint32_t io_thread, io_idx, io_name;    // the read or write that was to signal it last; io_thread WG_NONE: none
  uint32_t io_status;                     // how that failed, or 0
  uint32_t nsignals;                      // all of them; the latest are in `signals`
  uint32_t by_count[3];                   // by enum wg_signal_by
  uint32_t first_system_seq, last_system_seq;
  struct wg_hsignal *signals; // ring, or NULL
};

enum wg_hcall_flag {
  WG_H_FRUITLESS = 1,
  WG_H_STATUS = 2,
  WG_H_APC = 4,
  WG_H_DPC = 8,
  WG_H_RESUME = 16,
  WG_H_LOCK = 32,      // half of a lock pair
  WG_H_OPENS = 64,     // takes a path, and the log does not tell what came of it
  WG_H_NAMELESS = 128, // its handle names nothing, so that it fails
  WG_H_ALERTABLE = 256,
  WG_H_WORK = 512, // of files, and the trace does not tell which part
};

struct wg_hcall {
  uint64_t key, ns;
  uint32_t seq, idx, name, lr;
  uint32_t object;  // that it is about, or WG_NONE
  uint32_t signals; // that it signals, or WG_NONE
  uint32_t path;    // string
  uint32_t status;
  uint16_t flags;
};

struct wg_hwait {
  bool open, all, alertable, from_event, unknown; // unknown: what for is not told
  uint8_t n, sure, total; // of n objects the last n - sure are assumed; total: those that are not told too
  int64_t timeout_ns;     // -1: infinite
  uint32_t seq, idx, name, lr;
  uint64_t ns;
  uint32_t objects[WG_HANG_WAITED];
};

// The call that a thread is in, and its wait.
struct wg_hnow {
  struct wg_hcall call;  // the call that has not returned, or not been counted yet
  bool in_call, counted; // counted: `call` is complete and in the ring
  uint8_t effect;
  uint32_t nargs;
  uint64_t args[16];
  bool has_args, wait_told;
  bool has_word; // text logs: the first word that the second argument points to
  uint32_t word;
  const struct wg_nt_export *nt;
  bool claimed; // the call was told to return, and its wait has not ended
  struct wg_hwait wait;
  struct wg_hnow *outer; // the wait within which it makes calls: it runs an APC
};

struct wg_hthread {
  struct wg_hcall *calls; // grows to a ring of WG_HANG_CALLS; ncalls counts all that are complete
  uint32_t ncalls;
  struct wg_hnow now;
  uint32_t apc_seq; // when the latest APC began
  uint32_t suspends, suspended_by, suspended_idx;
  uint32_t apcs, apc_by, apc_idx;
  uint32_t untold, untold_object; // text logs: how many waits for it in a row ended by what no line tells
  uint32_t last_seq, last_idx;
  uint64_t last_ns, last_cycle;
  bool exited, started, created, host; // host: the engine's own
  uint32_t exit_idx;
  uint32_t created_seq;
  uint64_t longest_ns; // of its waits that ended, and in events
  uint32_t longest_events;
  uint64_t first_ns, timed_ns; // of its first call; spent in waits that end by themselves
  uint64_t news_ns;            // when it last did more than tick (hang_effects.c)
  bool waited, signalled;      // at all
  // Rounds that the calls end with, as found while reading.
  uint32_t period, matched, since_seq;
  uint64_t since_ns;
};

struct wg_hpair { // signals of one thread that another one took
  uint32_t take_seq, signal_seq, object, signal_idx;
};

// Objects beside the first of a wait for several, as what ended such waits has taught.
struct wg_harray {
  uint32_t thread, first, total, n;
  uint32_t objects[WG_HANG_LEARNED];
};

struct wg_hfailed {                   // a call that should have signalled
  uint32_t thread, idx, name, status; // thread WG_NONE: none
};

struct wg_hrecent {
  uint32_t object, seq;
};

struct wg_hdpc {
  uint32_t addr, thread, idx;
  bool queued, pending;              // pending: by a call of `by`, and not told to have run
  uint32_t by, timer;                // timer: that queues it, or WG_NONE
  uint32_t ran[WG_HANG_RUNS], nruns; // when it ran for a timer: a ring
};

struct wg_facts {
  struct wg_side side;
  struct wg_hobject *objects;
  size_t objects_cap, nobjects;
  struct wg_hthread *threads;
  size_t threads_cap, nthreads;
  struct wg_htouch *touches;
  size_t ntouches, touches_cap;
  struct wg_map by_touch; // object << 32 | thread
  struct wg_hpair *pairs;
  size_t npairs, pairs_cap;
  struct wg_map by_pair; // giver << 32 | taker
  struct wg_hdpc *dpcs;
  size_t ndpcs, dpcs_cap;
  struct wg_harray *arrays;
  size_t narrays, arrays_cap;
  struct wg_hrecent recent[WG_HANG_RECENT]; // ring
  uint32_t nrecent;
  struct wg_hfailed failed;                   // the latest
  struct wg_map named, closed;                // handle -> object; closed: those that name none any more
  uint32_t dpc_queue[64], dpc_head, dpc_tail; // who queued those that have not run
  uint32_t running;                           // address of the DPC that runs, as far as its trace tells; 0: none
  bool tells_dpcs;                            // that they run
  uint32_t dpc_seq, interrupts_seq;           // when the latest was, and when interrupts were asked for; 0: never
  uint64_t dpc_ns;
  uint8_t *effects; // by string id
  size_t effects_cap;
  uint32_t swap_seq, swap_thread; // the latest frame
  uint32_t main;                  // WG_NONE until seen
  uint64_t end_ns;
  uint32_t end_seq;
  bool timed, text_log, tells_starts; // of threads
};

// Loads `path`. On failure nothing is to be released.
int wg_facts_load(struct wg_facts *f, const char *path, const struct wg_reading *reading, struct wg_err *err);
void wg_facts_release(struct wg_facts *f);

// The i-th latest call that is complete (0: the last); NULL beyond what is kept.
const struct wg_hcall *wg_facts_call(const struct wg_hthread *t, uint32_t i);
// The i-th latest signal (0: the last), NULL beyond what is kept.
struct wg_hsignal *wg_facts_signal(const struct wg_hobject *o, uint32_t i);
// NULL if the thread never did anything with the object.
const struct wg_htouch *wg_facts_touch(const struct wg_facts *f, uint32_t object, uint32_t thread);
// NULL if `taker` never took a signal of `giver`'s.
const struct wg_hpair *wg_facts_pair(const struct wg_facts *f, uint32_t giver, uint32_t taker);
// The object that a thread is; WG_NONE if the trace never names it.
uint32_t wg_facts_thread_object(struct wg_facts *f, uint32_t thread);

static inline bool wg_facts_type_is(const struct wg_facts *f, uint32_t object, const char *type) {
  const char *t = wg_str(&f->side, f->side.objects[object].type);
  while (*t && *t == *type) t++, type++;
  return *t == *type;
}

// -- rounds (hang_rounds.c) --

struct wg_rounds {
  uint32_t period; // calls of a round, 0: no rounds
  uint32_t count;
  uint32_t since_seq;
  uint64_t ns; // that they took
};

// Takes in the call that was completed last.
void wg_rounds_push(struct wg_hthread *t);
struct wg_rounds wg_rounds_of(const struct wg_hthread *t);

#endif
