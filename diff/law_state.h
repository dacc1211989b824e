// The state that the laws are held against: objects, threads and open calls of one trace while it is read. Between the
// parts of laws.c: its tables and states (law_state.c), calls as they begin (law_calls.c) and return (law_returns.c),
// what they do to objects (law_objects.c) and with APCs (law_apcs.c), waits and signals (law_waits.c), clocks and lists
// (law_answers.c), memory (law_memory.c), locks (law_locks.c), threads (law_threads.c), APCs, DPCs and callbacks that
// run (law_later.c). Private.
#ifndef WG_DIFF_LAW_STATE_H
#define WG_DIFF_LAW_STATE_H

#include "diff/calls.h"
#include "diff/laws.h"

struct wg_event;

#define WG_LAW_HIGH INT32_MAX
#define WG_LAW_SLACK_NS 2000000u // a timer's own grain, and more
#define WG_LAW_SURE 16           // events after which a trace was not cut in the middle of a call
#define WG_LAW_DEPTH 8           // calls within calls that are followed

struct wg_lplace {
  uint32_t thread, idx, seq, name; // thread WG_NONE: nowhere
};

enum wg_law_kind { WG_LK_UNKNOWN, WG_LK_TAKES, WG_LK_KEEPS, WG_LK_COUNTS, WG_LK_MUTANT };

struct wg_lpacket {
  uint64_t word[4];
  struct wg_lplace by;
};

struct wg_lobject {
  int32_t low, high;  // between these its state is; a mutant's: 1 free, 0 owned
  uint8_t kind;       // enum wg_law_kind
  bool broken;        // a law was broken about it: what follows from that is no breach of its own
  bool by_system;     // no call gave its latest signal
  bool silent;        // no event told of its latest signal, only a call that gives one
  bool taken;         // a wait took its signal since the last one was given
  uint32_t waiting;   // threads that wait for it, not for all of several
  uint32_t all_ended; // how many waits for all of several, it among them, have ended
  uint32_t owner, depth;
  uint32_t acquiring, holders;            // of a read/write lock
  uint32_t leaving, releases;             // who is giving it back; how often anybody has begun to
  bool to_write;                          // who has it may write
  bool wanted;                            // of a critical section: somebody has waited for it since it was made
  struct wg_lplace made, raised, lowered; // raised: of a critical section, who gave it back last
  struct wg_lplace refused, left; // who was told that it is taken while nobody had it, and who had given it back then;
                                  // thread WG_NONE: nobody
  uint32_t refusals;              // since then
  struct wg_lplace unheard;       // the first call that gave a mutant back without an event that tells so
  uint64_t due_ns, period_ns;     // of a timer: when it goes off next; UINT64_MAX: not known
  bool armed, cancelled, fired;
  uint64_t after_ns;     // how long after it was set, or went off, it is due
  bool timer;            // it was made as one
  uint32_t dpc;          // that it queues; 0: none
  uint32_t apc, apc_ctx; // the same
  struct wg_lpacket *queue;
  uint32_t head, tail, cap;
  uint64_t read_upto, short_at; // of a file: how far it is known to go; where a read found its end, 0: none did
  struct wg_lplace short_read;
  bool written, sized;
  uint64_t size;   // as it was told last
  unsigned writes; // to any file until then
};

enum wg_law_clock { WG_LAW_INTERRUPT_TIME, WG_LAW_SYSTEM_TIME, WG_LAW_CLOCKS };

struct wg_lclock {
  uint64_t zero;          // ns that it showed when the trace began
  uint64_t last;          // what it showed last, where there are no times to compare it with
  uint32_t reader, slept; // to whom, and how often that thread had slept by then
  bool known;
};

enum wg_law_callback { WG_LAW_INTERRUPT, WG_LAW_AUDIO, WG_LAW_CALLBACKS };

struct wg_ldpc {
  struct wg_lplace by, removed; // who queued it last; who took it out of the queue since
  struct wg_lplace denied;      // who was told that it is there already, though it was not; thread WG_NONE: nobody
  struct wg_lplace missed;      // who wanted to take it out and was told that it is not there, though it was; the same
  uint64_t ns;
  bool queued;
  bool told; // with which arguments: a timer gives its own
  uint32_t args[2];
  struct wg_lplace made; // who initialized it, with what; thread WG_NONE: nobody was seen to
  uint32_t entry, ctx;
};

struct wg_lapc { // that waits for its thread to be alertable
  struct wg_lplace by;
  uint32_t entry, ctx;
  bool told; // with which arguments: input and output, and timers, give their own
  uint32_t args[2];
  bool due;           // since it was queued APCs have run
  uint64_t timer_ns;  // when the timer went off whose it is; 0: of none
  uint32_t timer_seq; // the same
};

struct wg_lkapc { // a KAPC: whose it is, and what it calls
  uint32_t thread, entry, ctx;
};

struct wg_lcallback {
  struct wg_lplace by; // who registered it, or took it away
  uint64_t ns;
  unsigned clients;
  bool on, off, came; // neither on nor off: nobody has said anything of it
};

struct wg_lfreed { // a block of the pool
  uint32_t address, size;
  struct wg_lplace by;
};

struct wg_lentry { // on a list
  uint32_t entry;
  struct wg_lplace by; // who put it there
};

struct wg_llist {
  struct wg_lentry *entry; // the last is on top; what lies below them is not known
  uint32_t n, cap;
  struct wg_ldoubt { // an entry that was not found
    struct wg_lentry entry;
    struct wg_lplace taker; // thread WG_NONE: there is none in doubt
    uint32_t idx;
    bool pushed; // the taker only looked, and put its own there
  } doubt;
};

struct wg_lcall { // a call that has not returned
  uint8_t op;     // enum wg_law_op
  const struct wg_call *row;
  const struct wg_nt_export *nt;  // NULL: in no list
  uint32_t name, object, waiting; // waiting: how many waited for the object when it began
  bool signalled;                 // it was seen to signal its object
  bool gave;                      // to signal anything
  bool waited;                    // and to wait
  uint32_t all_ended;             // of the object, before it
  uint32_t releases;              // of the lock, before it
  bool taken;                     // the lock is had by who excludes it, and nobody is giving it back
  uint32_t wait_status;
  uint32_t owner;         // of its lock when it began; or the thread that it is about, as the trace names it
  int64_t previous;       // state that its signal found; -1: none seen
  uint64_t handle, child; // that it made; 0: none seen
  struct wg_lentry finds; // on top of its list; entry 0: not known
  uint32_t below;         // the next one
  uint32_t step;
  struct wg_lplace at;
  uint64_t args[8];
  uint8_t nargs;
  int64_t asked_ns; // how long to wait: -1 without end, -2 not known
};

struct wg_lwait {
  uint32_t nth; // of the thread's, from 1
  bool due, all, alertable;
  bool outer;                            // another one began within it: when it waits again is not told
  uint32_t due_object, object, nobjects; // due: what it waits for was signalled when it began
  int64_t limit_ns;
  uint64_t begin_ns;
  struct wg_lplace at; // its call
};

struct wg_lthread {
  struct wg_lcall call[WG_LAW_DEPTH];
  unsigned ncalls;
  struct wg_lwait wait[WG_LAW_DEPTH]; // that have not ended, the innermost last
  unsigned nwaits;
  struct wg_lplace waits_in; // the call of its latest wait
  uint32_t apcs;
  struct wg_lplace apc;
  struct wg_lapc *queue; // the same, each with what it calls
  uint32_t nqueue, queue_cap;
  struct wg_lapc last; // the one that ran last; told: it was queued by a call that gave its arguments
  struct wg_learly {   // one that ran before it was told that its timer went off
    uint32_t entry, ctx;
    uint64_t ns;
  } early;
  bool ran;          // one has started since its latest wait that they ended
  struct wg_lenter { // a critical section that it is about to enter, and had better wait for; lock WG_NONE: none
    uint32_t lock;
    struct wg_lplace at;
    bool taken; // another thread has it
  } enter;
  struct wg_lraise { // the exception that it raised last
    bool on, asked;  // asked: a handler
    struct wg_lplace at;
  } raise;
  struct wg_lplace latest; // its latest call
  uint64_t call_cycle;     // at that
  uint32_t slept;          // how often it has waited until time was up, a millisecond or more
  struct wg_lheld {        // how often it is suspended
    uint32_t count;
    bool known, ran;                 // ran: it has made a call since
    bool let;                        // the last call about it lets it run
    struct wg_lplace by;             // who made it so
    struct wg_lplace let_by, denied; // the call that let it run, and one that says it did not; thread WG_NONE: none
    uint64_t ns;
  } held;
};

struct wg_lslot {
  uint64_t value;
  struct wg_lplace by;
};

struct wg_lspan { // of a timer, or of a wait until its limit
  struct wg_lplace by;
  uint32_t thread, idx; // where it shows
  uint64_t asked_ns, took_ns;
  enum wg_law law; // that it breaks if it takes another time
  bool open;       // it has not ended: so long at least
};

struct wg_lteller { // an export that returns a status: how its calls that succeed tell of what they did
  uint32_t tells, silent;
  struct wg_lplace first; // that told nothing
};

struct wg_law_state {
  const struct wg_call **row_of; // by string id; NULL: not looked up yet
  size_t nrow_of;
  struct wg_lobject *objects;
  size_t nobjects;
  struct wg_lthread *threads;
  size_t nthreads;
  struct wg_map tellers; // by string id -> index
  struct wg_lteller *teller;
  size_t ntellers;
  struct wg_map slots; // thread << 32 | slot -> index
  struct wg_lslot *slot;
  struct wg_map given_slots; // that nobody has freed
  struct wg_map pointers;    // where a thread's object lies, as a reference to it told -> the thread
  struct wg_map apcs;        // where an APC for a thread's own code lies -> index
  struct wg_lkapc *kapc;
  size_t nkapcs;
  size_t nslots;
  struct wg_lclock clock[WG_LAW_CLOCKS];
  struct wg_map dpcs; // by address -> index
  struct wg_ldpc *dpc;
  size_t ndpcs;
  struct wg_lcallback callback[WG_LAW_CALLBACKS];
  struct wg_map given; // memory that nobody has freed, and how much
  struct wg_map given_once;
  bool pool_lost;
  struct wg_lfreed *freed; // in the order in which it was
  uint32_t nfreed;
  struct wg_map lists; // by address -> index
  struct wg_llist *list;
  size_t nlists;
  struct wg_ledger *ledger; // of another engine's trace
  bool ours;                // it is Wedge's own
  bool exact;
  bool timed;            // its times are the virtual clock's
  struct wg_lspan *span; // where its times are another clock's
  uint32_t nspans;
  unsigned writes; // to files
  unsigned unseen; // calls that signal, as far as no signal was seen at all
};

// -- law_state.c --
// The number that a call wrote for its caller under that name (an event's `out`).
bool wg_law_told(const struct wg_event *e, const char *key, uint64_t *v);
struct wg_lobject *wg_law_object(struct wg_law_state *st, uint32_t id);
struct wg_lthread *wg_law_thread(struct wg_law_state *st, uint32_t id);
const struct wg_lwait *wg_law_innermost(const struct wg_lthread *t); // NULL: it does not wait
void wg_law_broken(struct wg_laws *l, enum wg_law law, const struct wg_lplace *by, uint32_t thread, uint64_t idx);
// The same about an object: once, for what follows from it is no breach of its own.
void wg_law_broken_about(struct wg_laws *l, struct wg_lobject *o, enum wg_law law, const struct wg_lplace *by,
                         uint32_t thread, uint64_t idx);
void wg_law_raise(struct wg_lobject *o, int32_t by, const struct wg_lplace *at);
void wg_law_lower(struct wg_lobject *o, const struct wg_lplace *at);
void wg_law_take(struct wg_lobject *o, uint32_t thread, const struct wg_lplace *at);
bool wg_law_ready(const struct wg_lobject *o, uint32_t thread);
void wg_law_ignored(struct wg_laws *l, struct wg_lobject *o, uint32_t thread, uint64_t idx);
void wg_law_unfounded(struct wg_laws *l, struct wg_lobject *o, uint32_t thread, uint64_t idx);
void wg_law_previous(struct wg_laws *l, struct wg_lobject *o, int64_t previous, uint32_t thread, uint64_t idx);

// -- law_calls.c --
// What calls of that name do, an enum wg_law_op; arg: which argument says how much, or what.
unsigned wg_law_op(struct wg_law_state *st, const struct wg_side *s, uint32_t name, unsigned *arg);
void wg_law_on_call(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e,
                    const struct wg_open *call);
void wg_law_on_return(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e);

// -- law_returns.c --
// A call returns that is no longer open; what it makes is seen, and whether it did what it is for.
void wg_law_returned(struct wg_laws *l, struct wg_side *s, struct wg_lcall *c, const struct wg_event *e);

// A call gave that slot of thread-local storage.
void wg_law_slot_given(struct wg_laws *l, uint32_t slot, const struct wg_lplace *at, uint64_t idx);

// -- law_objects.c --
// The object that a call makes is as the call asks for, unless it was there before.
void wg_law_make(struct wg_law_state *st, const struct wg_side *s, const struct wg_lcall *c, uint32_t object);
// A relative time, below 0 in units of 100 ns, as nanoseconds; -2: it is none, or no clock gets there.
int64_t wg_law_after_ns(int64_t units);
// By `now` (ns) the timer should have gone off, if it was to.
void wg_law_check_fired(struct wg_laws *l, struct wg_lobject *o, uint64_t now);
// Nor many times that later, where nothing more is known of the clock that tells the times.
void wg_law_check_ever_fired(struct wg_laws *l, struct wg_lobject *o, uint64_t until);
// It is no longer signalled, or due; it may go off before the call returns.
void wg_law_stop_timer(struct wg_lobject *o, const struct wg_lplace *at);
// When it goes off, how often, and what it queues then, as the call at `now` (ns) asks for.
void wg_law_set_timer(struct wg_lobject *o, const struct wg_lcall *c, uint64_t now);
// Packets come out in the order in which they were put in.
void wg_law_put_packet(struct wg_lobject *o, const struct wg_lcall *c);
void wg_law_get_packet(struct wg_laws *l, struct wg_lobject *o, const struct wg_event *e, const struct wg_lplace *at);
// By how much a call that signals raises what it signals.
uint32_t wg_law_amount(const struct wg_lcall *c);
// A call that signals has returned with success, or (SIGNAL_AND_WAIT) has come to wait.
void wg_law_signalled(struct wg_laws *l, struct wg_lcall *c);
// How often its owner has a mutant is what it was made with and what waits took since.
void wg_law_check_depth(struct wg_laws *l, struct wg_lobject *o, const struct wg_lcall *c, const struct wg_event *e);
// Of read/write locks: whether who asks for it may write; who got it, gave it back, or waits for it.
bool wg_law_writes(const struct wg_lcall *c);
void wg_law_acquired_rw(struct wg_laws *l, struct wg_lobject *o, const struct wg_lcall *c, uint64_t idx);
void wg_law_released_rw(struct wg_laws *l, struct wg_lobject *o, const struct wg_lcall *c);
void wg_law_blocked_rw(struct wg_laws *l, struct wg_lobject *o, uint32_t thread, uint64_t idx);

// -- law_apcs.c --
// A reference to a handle tells where a thread's object lies, by which calls about APCs name it.
void wg_law_referenced(struct wg_law_state *st, const struct wg_side *s, const struct wg_lcall *c,
                       const struct wg_event *e);
void wg_law_make_apc(struct wg_law_state *st, const struct wg_side *s, const struct wg_lcall *c);
void wg_law_on_apc_queued(struct wg_laws *l, const struct wg_side *s, const struct wg_lcall *c);
void wg_law_on_apc_unqueued(struct wg_laws *l, const struct wg_side *s, const struct wg_lcall *c);
// Who waits and may be told is told before the call is over.
void wg_law_check_told(struct wg_laws *l, const struct wg_side *s, const struct wg_lcall *c, uint64_t idx);

// -- law_tells.c --
void wg_law_tells(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e);
void wg_law_tells_end(struct wg_laws *l, const struct wg_side *s);

// -- law_spans.c --
// What does not count, for the clock is the virtual one or it is no time, is left out.
void wg_law_span(struct wg_laws *l, const struct wg_lspan *x);
// Tells the side how fast its clock goes, too.
void wg_law_spans_end(struct wg_laws *l, struct wg_side *s);

// -- law_answers.c --
void wg_law_fields(struct wg_laws *l, const struct wg_lcall *c, const struct wg_event *e);
void wg_law_clock(struct wg_laws *l, const struct wg_lcall *c, unsigned clock, const struct wg_event *e);
void wg_law_file_size(struct wg_laws *l, struct wg_lobject *o, const struct wg_lcall *c, const struct wg_event *e);
void wg_law_file(struct wg_laws *l, const struct wg_lcall *c, const struct wg_event *e);
void wg_law_list_begins(struct wg_laws *l, struct wg_lcall *c);
void wg_law_list_returns(struct wg_laws *l, const struct wg_lcall *c, const struct wg_event *e);
void wg_law_lists_end(struct wg_laws *l);
void wg_law_lists_release(struct wg_law_state *st);

// -- law_memory.c --
void wg_law_given(struct wg_laws *l, const struct wg_lcall *c, uint32_t address, uint64_t idx);
void wg_law_freed(struct wg_law_state *st, const struct wg_lcall *c, unsigned arg); // arg: which says where
void wg_law_pool_unknown(struct wg_law_state *st);                                  // others may have touched it

// -- law_locks.c --
void wg_law_made_section(struct wg_law_state *st, const struct wg_lcall *c);
// A call for a lock begins: the kernel has an object for one that somebody waited for, and for no other.
void wg_law_named_lock(struct wg_laws *l, uint32_t lock, uint32_t thread, const struct wg_event *e);
void wg_law_enters(struct wg_laws *l, const struct wg_side *s, uint32_t lock, const struct wg_lplace *at);
void wg_law_entered(struct wg_laws *l, uint32_t thread, uint64_t idx);
void wg_law_waits_to_enter(struct wg_laws *l, uint32_t thread, uint64_t idx);
void wg_law_locks_end(struct wg_laws *l, const struct wg_side *s);
void wg_law_tried(struct wg_laws *l, const struct wg_lcall *c, bool got, uint64_t idx);

// -- law_threads.c --
// The thread whose object lies at an address, or that a handle names; WG_NONE: not known.
uint32_t wg_law_thread_given(const struct wg_law_state *st, const struct wg_side *s, const struct wg_lcall *c,
                             uint64_t pointer);
uint32_t wg_law_thread_named(const struct wg_side *s, const struct wg_event *e);
void wg_law_made_thread(struct wg_laws *l, const struct wg_side *s, const struct wg_lcall *c, const struct wg_event *e);
void wg_law_thread_runs(struct wg_laws *l, uint32_t thread, const struct wg_event *e); // it makes a call
void wg_law_suspends(struct wg_laws *l, const struct wg_side *s, const struct wg_lcall *c, bool ok,
                     const struct wg_event *e);
void wg_law_threads_end(struct wg_laws *l, const struct wg_side *s);

// -- law_later.c --
void wg_law_queue_dpc(struct wg_laws *l, uint64_t address, const struct wg_lplace *by, uint64_t ns, bool fresh,
                      uint32_t thread, uint64_t idx);
// With which arguments the call that queued it last did.
void wg_law_dpc_is_given(struct wg_laws *l, uint64_t address, const struct wg_lcall *c);
// A call says that it was there already.
void wg_law_deny_dpc(struct wg_laws *l, uint64_t address, const struct wg_lplace *by);
void wg_law_remove_dpc(struct wg_laws *l, uint64_t address, const struct wg_lplace *by, bool found);
void wg_law_make_dpc(struct wg_laws *l, uint64_t address, const struct wg_lcall *c);
// An APC for a thread: `entry` and `ctx` are what tells it from others.
void wg_law_queue_apc(struct wg_laws *l, uint32_t thread, uint32_t entry, uint32_t ctx, const struct wg_lplace *by);
void wg_law_apc_is_given(struct wg_laws *l, uint32_t thread, const uint64_t args[2]);
void wg_law_unqueue_apc(struct wg_laws *l, uint32_t thread, uint32_t entry, uint32_t ctx);
void wg_law_queue_timer_apc(struct wg_laws *l, const struct wg_lobject *o, uint64_t ns, uint32_t seq);
// The thread's alertable wait has blocked until `ns`; `w`: it.
void wg_law_timer_apc_due(struct wg_laws *l, uint32_t thread, const struct wg_lwait *w, uint64_t ns, uint64_t idx);
void wg_law_on_apc(struct wg_laws *l, uint32_t thread, const struct wg_event *e);
void wg_law_apcs_due(struct wg_laws *l, uint32_t thread, uint64_t idx); // a wait has ended for them
void wg_law_on_dpc(struct wg_laws *l, uint32_t thread, const struct wg_event *e);
void wg_law_set_callback(struct wg_laws *l, unsigned which, const struct wg_lplace *by, bool on, uint64_t now,
                         uint64_t idx);
void wg_law_on_callback(struct wg_laws *l, unsigned which, uint32_t thread, const struct wg_event *e);
void wg_law_later_ends(struct wg_laws *l, const struct wg_side *s, uint64_t told_until);
void wg_law_later_release(struct wg_law_state *st);

// -- law_waits.c --
void wg_law_on_wait_begin(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e);
void wg_law_on_wait_end(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e);
void wg_law_waits_end(struct wg_laws *l, const struct wg_side *s);
void wg_law_on_signal(struct wg_laws *l, struct wg_side *s, uint32_t thread, const struct wg_event *e);
void wg_law_on_made(struct wg_laws *l, const struct wg_side *s, uint32_t thread, const struct wg_event *e);
void wg_law_on_destroyed(struct wg_laws *l, const struct wg_side *s, const struct wg_event *e);

#endif
