// One side of a diff in memory, made canonical alone: the same rules for every engine and format, so that what two
// engines choose for themselves (handle numbers, addresses, times) is not in it and what the title can see is.
// Private to diff/.
//
// A call becomes a content (what it was: interned, so that repetition costs nothing) and a step (where it was). A step
// that repeats what came just before it, with any period up to 65,536, is merged into it and counted when a side has
// more than eight million calls; only equal contents about equal objects merge, so nothing that a comparison could see
// is lost but the positions of the repetitions.
#ifndef WG_DIFF_MODEL_H
#define WG_DIFF_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/index.h"
#include "base/map.h"
#include "base/strings.h"
#include "nt/exports.h"
#include "trace/reader.h"

#define WG_NONE UINT32_MAX

enum wg_content_flag {
  WG_C_ARGS = 1,      // arguments are known
  WG_C_RV = 2,        // the result is known, and the export has one
  WG_C_RETURNED = 4,  // it is known to have returned
  WG_C_OPEN = 8,      // it is known not to have
  WG_C_OUT = 16,      // what it wrote is known
  WG_C_TIMED = 32,    // a wait that would have ended by itself
  WG_C_TIMEDOUT = 64, // and did
  WG_C_WIDE = 128,    // an argument needs 64 bits
  WG_C_PASSED = 256,  // of a log without returns: its thread went on
  WG_C_TRY = 512,     // a wait that gives up at once
};

// A call without what each engine chooses. Values: see wg_canonical.
struct wg_content {
  uint32_t name, lr; // lr 0: unknown
  uint32_t detail;   // path, string or object name that it is about
  uint32_t out;      // what it wrote, as JSON without addresses, handles and times
  uint32_t args;     // the first of nargs in wg_side.values: wg_arg
  uint32_t rv;
  uint32_t effects; // enum wg_deed: what the trace shows it to have done
  uint16_t nt;      // wg_nt_of
  uint16_t flags;   // enum wg_content_flag
  uint8_t nargs;
};

enum wg_deed {
  WG_DID_SIGNAL = 1,        // signalled something
  WG_DID_SIGNALS = 2,       // more than once
  WG_DID_CREATE = 4,        // made a handle
  WG_DID_DESTROY = 8,       // ended one
  WG_DID_WAIT = 16,         // waited, if only for a moment
  WG_DID_WAIT_ENDLESS = 32, // with no time limit
  WG_DID_WAIT_ALL = 64,     // for all of several objects
  WG_DID_ALERTABLE = 128,   // so that APCs come
  WG_DID_THREAD = 256,      // made a thread
  WG_DID_SUSPENDED = 512,   // that is not to run yet
  WG_DID_SWAP = 1024,       // showed a picture
  WG_DID_OTHER = 2048,      // signalled another object than its handle's
  WG_DID_AMOUNT = 4096,     // by how much it raised a count: 0 to 15 times this
  WG_DID_LOAD = 0x10000,    // a module
  WG_DID_UNLOAD = 0x20000,  // one
  WG_DID_RUN = 0x40000,     // code of the title, which made calls; of no wait, for there it is APCs that do
};

struct wg_step {
  uint32_t content;
  uint32_t object; // that it is about, or WG_NONE
  uint32_t idx;    // of its kernel.call in the thread
  uint32_t seq;    // of that event in the whole trace
  uint32_t count;  // how often it was repeated
};

// A wait, in the order of the steps it belongs to.
struct wg_dwait {
  uint32_t step;
  uint32_t objects, n; // in wg_side.wait_objects
  uint32_t by_tid;     // whose event ended it; WG_NONE: nobody's or not known
  uint32_t by_idx;
  uint32_t end_seq; // 0: it has not ended
  uint64_t begin_ns, end_ns;
  int64_t timeout_ns; // -1: infinite
  bool alertable, all, by_timeout, by_apc, already, succeeded;
};

enum wg_final { // how a thread is when its trace ends
  WG_RUNNING,
  WG_BLOCKED,       // in a call that has not returned
  WG_BLOCKED_MAYBE, // the log does not tell: its last call is a wait without end, long ago
  WG_EXITED,
  WG_CRASHED,
  WG_UNSTARTED,
};

struct wg_dthread {
  uint32_t tid, parent; // parent: index of its thread, WG_NONE if unknown
  uint32_t entry, ctx, flags, xapi;
  uint32_t spawn;       // ordinal among its parent's threads of the same entry
  uint32_t create_step; // in the parent
  uint32_t object;      // its thread object, or WG_NONE
  bool created, started, exited, crashed, host;
  uint32_t exit_code;
  bool exit_known;
  struct wg_step *steps;
  size_t nsteps, cap;
  struct wg_dwait *waits;
  size_t nwaits, waits_cap;
  uint32_t wait_at;  // index + 1 of the wait that began or ended last
  uint64_t calls;    // with repetitions
  uint64_t events;   // of any kind
  uint32_t last_seq; // of its latest event
  uint64_t created_ns, first_ns, last_ns;
  uint64_t call_ns; // when its latest call began
  bool knows_returns;
  enum wg_final final;
  uint32_t blocked_step; // where it is blocked, or WG_NONE
  uint32_t crash_text;   // string
  uint32_t name;         // string: what the trace calls it; 0: it does not
  uint32_t exit_seq;
  struct wg_builder *builder; // while loading
};

struct wg_dobject {
  uint32_t type, name; // strings; 0: unknown
  uint32_t thread;     // creator's index, or WG_NONE
  uint32_t step;       // that created it, or WG_NONE
  uint32_t call, lr;   // the creating call's name, or 0, and where from
  uint32_t is_thread;  // index of the thread that it is, or WG_NONE
  uint32_t owner;      // of a lock: thread index or WG_NONE
  uint32_t depth;
  uint32_t owner_step;
  uint32_t handle, guest; // as last seen
  // What its first touches tell of how it was made: signal state before the first, and whether a wait takes the signal.
  bool touched, taken;  // taken: the latest touch was a wait that ended
  bool signalled_late;  // by a call where the file may be torn (wg_may_be_torn)
  uint32_t signalled;   // seq of the last call before that which signals it; 0: none
  int32_t initial;      // state before the first touch: 0, or above; -1 unknown
  uint8_t takes, keeps; // how often a wait was seen to take the signal, or to leave it
  bool by_handle;
  bool pointed; // of a thread: a pointer to it is known
};

// A signal that no call of a thread made: a timer, a thread's end, an interrupt.
struct wg_dsignal {
  uint32_t tid, idx, seq, object, op; // op: string
};

// A line of a log that tells of a failure, for the evidence.
struct wg_dnote {
  uint32_t thread, step, seq, text;
};

// A DPC that ran: where it lies, as a comparison sees it.
struct wg_dran {
  uint32_t seq;
  uint64_t dpc;
};

struct wg_dmodule {
  uint32_t name, sha256;      // strings; 0: unknown
  uint32_t base, size, entry; // 0: unknown
};

#define WG_MODULES 64 // that are kept

#define WG_PACE 1024u // of the virtual clock

struct wg_side {
  const char *path, *format;
  struct wg_reading reading;
  struct wg_strings strings;
  struct wg_content *contents;
  size_t ncontents, contents_cap;
  struct wg_index by_content; // while loading
  uint32_t *values;           // two an argument where a content is WIDE
  size_t nvalues, values_cap;
  struct wg_dthread *threads; // by first appearance
  size_t nthreads, threads_cap;
  struct wg_map by_tid;
  struct wg_map spawns; // (parent, entry) -> how many
  struct wg_dobject *objects;
  size_t nobjects, objects_cap;
  struct wg_map by_handle, by_guest, by_hsid;
  struct wg_map second; // thread and step of a call that signals one object and waits for another -> that one
  uint32_t *wait_objects;
  size_t nwait_objects, wait_objects_cap;
  struct wg_dsignal *signals;
  size_t nsignals, signals_cap;
  struct wg_dran *ran; // DPCs, as far as the trace tells of them
  size_t nran;
  struct wg_dmodule *modules;
  size_t nmodules, modules_cap;
  struct wg_dnote *notes;
  size_t nnotes, notes_cap;
  uint64_t events, calls, bad_lines;
  uint64_t nameless; // calls that tell no name and none is known of
  uint64_t last_ns;
  uint64_t pace; // how fast its clock goes, beside WG_PACE; 0: nobody knows
  uint32_t swaps, interrupts, callbacks;
  uint64_t interrupt_ns, callback_ns; // of the first ones
  uint32_t interrupt_seq, callback_seq;
  bool no_limits; // it does not tell how long waits may last
  bool text_log;  // of xenia-canary: calls of a thread follow one another, whatever returns are told
  bool has_returns, has_waits, has_wait_ends, has_signals, virtual_clock;
  unsigned effects;               // kinds that the trace records at all
  uint32_t title, engine, reason; // strings; reason of the footer
  bool complete;                  // has a footer
  bool rests;                     // it ends where each thread waits for another, and seldom comes to such a place
  char damage[512];
  bool left_out; // what lies behind the damage
};

// What a value of this parameter kind (nt/exports.h) is to a comparison: small numbers and addresses in the title's
// image as they are, any other address 1, NULL 0.
uint64_t wg_canonical(char kind, uint64_t v);

// How much of a text a log's line can tell: without the white space at its end, written out or escaped.
size_t wg_told_length(const char *text, size_t n);

// Equal for texts that differ in case and slashes alone; without `digits`, also in the numbers in them.
uint64_t wg_text_hash(const char *text, size_t n, bool digits);

// Who wants to see the events while they are read, after the model has taken each in. `call`: the call that the event
// opened (kernel.call) or that is open on its thread, or NULL; both are borrowed.
struct wg_open;
struct wg_event;
struct wg_watch {
  void (*event)(void *ctx, struct wg_side *s, uint32_t thread, const struct wg_event *e, const struct wg_open *call);
  void *ctx;
  bool adds; // strings to the side, after it has been read too
};

struct wg_load_options {
  const char *ignore; // comma-separated export names to leave out, or NULL
  uint64_t keep;      // calls after which repetitions merge; 0: as many as cost little
  struct wg_reading reading;
};

// Reads a trace or log. `progress`, or NULL, is told of long work now and then.
struct wg_progress {
  void (*tell)(void *ctx, const char *file, uint64_t events, uint64_t at, uint64_t of);
  void *ctx;
};
// `watch`: NULL for nobody.
int wg_side_load(struct wg_side *s, const char *path, const struct wg_load_options *o, const struct wg_watch *watch,
                 const struct wg_progress *progress, struct wg_err *err);
// Whether it tells the threads that call by other numbers than those that are made: of these nothing is heard again.
// How many there are of either.
bool wg_side_tells_apart(const struct wg_side *s, size_t *made, size_t *callers);
// WG_INPUT, with words for why, if there is no call in it to do that with: "compare", "judge".
int wg_side_check_calls(const struct wg_side *s, const char *to_do, struct wg_err *err);
void wg_side_release(struct wg_side *s);
void wg_finals(struct wg_side *s); // wg_dthread.final and blocked_step of all threads, and when objects were signalled
void wg_find_rest(struct wg_side *s); // wg_side.rests, and the threads that wait there are blocked, it seems (rests.c)
// A file that tells nothing of its end may lack what some threads last did: its writer was killed, and their lines had
// not been written. This is true from where on that may be; what is before stands.
bool wg_may_be_torn(const struct wg_side *s, uint32_t seq);

struct wg_dthread *wg_side_thread(const struct wg_side *s, uint32_t tid); // NULL if none
// Fails: a thread that the user names is not there; says which are.
int wg_side_no_thread(const struct wg_side *s, const char *option, uint64_t tid, struct wg_err *err);
static inline const char *wg_str(const struct wg_side *s, uint32_t id) { return wg_strings_text(&s->strings, id); }
static inline const struct wg_content *wg_content_at(const struct wg_side *s, const struct wg_dthread *t, size_t i) {
  return &s->contents[t->steps[i].content];
}
// Its engine says that nothing could run any more.
static inline bool wg_side_wedged(const struct wg_side *s) { return strcmp(wg_str(s, s->reason), "wedge") == 0; }
// No call that waits for nothing takes so many nanoseconds; less where time is what calls are given.
static inline uint64_t wg_too_long_in_call(const struct wg_side *s) {
  return s->virtual_clock ? 100000000 : 1000000000;
}
static inline const char *wg_call_name(const struct wg_side *s, const struct wg_dthread *t, size_t i) {
  return wg_str(s, wg_content_at(s, t, i)->name);
}
// Its row in nt/exports.def; NULL: it has none.
static inline const struct wg_nt_export *wg_nt_of(const struct wg_content *c) {
  return c->nt ? wg_nt_row(c->nt - 1u) : NULL;
}
static inline unsigned wg_content_is(const struct wg_content *c, unsigned nt_flags) {
  return c->nt ? wg_nt_of(c)->flags & nt_flags : 0;
}
// The canonical value of an argument, i below nargs.
static inline uint64_t wg_arg(const struct wg_side *s, const struct wg_content *c, size_t i) {
  const uint32_t *v = s->values + c->args;
  return c->flags & WG_C_WIDE ? v[2 * i] | (uint64_t)v[2 * i + 1] << 32 : v[i];
}
// One of its arguments says for how long it waits at most, and not for ever.
bool wg_content_limited(const struct wg_side *s, const struct wg_content *c);
// It waits for something, and is asked to wait as long as that takes.
bool wg_waits_for_ever(const struct wg_side *s, const struct wg_content *c);
// The DPC that it queues, or has a timer queue; 0: none.
uint64_t wg_dpc_of(const struct wg_side *s, const struct wg_content *c);

// The step that an event of the thread belongs to: the last one that starts at or before it. WG_NONE if none does.
uint32_t wg_step_at(const struct wg_dthread *t, uint64_t idx);
// The wait that a step made, or NULL.
const struct wg_dwait *wg_wait_of(const struct wg_dthread *t, uint32_t step);
// It is known not to have returned, and waits for nothing: neither for an object nor, as far as the trace tells of
// that, for a lock.
bool wg_stuck_in(const struct wg_side *s, const struct wg_dthread *t, uint32_t step);
// What a step waits for where nothing tells of the wait but the call.
uint32_t wg_waited_by(const struct wg_side *s, const struct wg_dthread *t, uint32_t step);
// By object: the thread whose calls do such a thing with it (WG_NT_SIGNALS and the like) + 1; 0: none; WG_NONE:
// several. To be freed.
uint32_t *wg_sole_threads(const struct wg_side *s, unsigned nt_flags);

// -- building (load.h, content.c, object.c) --

// A call whose return has not been seen.
struct wg_open {
  uint32_t step, name;
  const struct wg_nt_export *nt;
  uint32_t lr, detail;
  uint64_t args[16];
  uint8_t nargs;
  bool has_args, tries;
  uint32_t created; // object that it made, or WG_NONE
  uint32_t wait;    // the wait it is in, index + 1
  unsigned effects;
};

struct wg_returned { // what its kernel.return tells
  bool known, has_rv;
  uint32_t rv, out;
  bool has_out, timedout;
};

// The number of an equal content that is there, or of a new one. `flags`: enum wg_content_flag, beside those that
// arguments and result set.
uint32_t wg_content_intern(struct wg_side *s, const struct wg_open *o, const struct wg_returned *r, unsigned flags);
// out{} without addresses, handles and times.
uint32_t wg_out_intern(struct wg_side *s, const char *json, size_t n);

// The objects of a wait.begin, in their order: WG_NONE and 0 where the trace does not tell.
#define WG_WAITED 64
struct wg_waited {
  uint32_t object;
  uint64_t hsid;
};
uint32_t wg_waited(struct wg_side *s, const struct wg_event *e, struct wg_waited *out, uint32_t max);

struct wg_json_member;
bool wg_hsid_of(const struct wg_event *e, uint64_t *hsid);        // the event's semantic id; false if it has none
bool wg_hsid_text(const struct wg_json_member *m, uint64_t *out); // the same of a member's value
// An object's number. Of one that was not seen before a new one is made; of no handle and no address: WG_NONE.
// `type`: a string.
uint32_t wg_object_add(struct wg_side *s, uint32_t type);
// A text log does not tell the type of what a call made; the call's name does. A type that is known stays.
void wg_type_by_maker(struct wg_side *s, uint32_t object, const char *call);
uint32_t wg_object_by_handle(struct wg_side *s, uint32_t handle);
uint32_t wg_object_by_guest(struct wg_side *s, uint32_t addr);

#endif
