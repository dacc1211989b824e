// What the events of a trace are in its database (schemas/trace.sql): calls joined with their returns, waits with what
// ended them, handles with their ends, and the objects, threads and sums that come of all of them.
#ifndef WG_TRACE_SHAPE_H
#define WG_TRACE_SHAPE_H

#include "base/map.h"
#include "trace/event.h"
#include "trace/intern.h"
#include "trace/rows.h"
#include "trace/shelf.h"

// Columns of the rows that are joined: an event's own, then what its end adds. Places and times of ends in calls and
// waits are what they have more than the beginnings.
enum { E_SEQ, E_TID, E_IDX, E_NS, E_CYCLE }; // of every event
enum {
  C_SITE = 5,
  C_ARGS,
  C_RESOLVED,
  C_PARENT,
  C_DEPTH,
  C_MORE,
  C_SEQ2,
  C_IDX2,
  C_NS2,
  C_CYCLE2,
  C_RV,
  C_STATUS,
  C_OUT,
  C_MORE2
};
enum {
  W_CALL = 5,
  W_OBJECT,
  W_OBJECTS,
  W_TYPE,
  W_ALERTABLE,
  W_TIMEOUT,
  W_MORE,
  W_SEQ2,
  W_IDX2,
  W_NS2,
  W_CYCLE2,
  W_STATUS,
  W_HOW,
  W_BY_TID,
  W_BY_IDX,
  W_BY_SIGNAL,
  W_MORE2
};
enum { G_CALL = 5, G_OBJECT, G_MENTION, G_OP, G_COUNT, G_PREVIOUS, G_MORE };
enum {
  H_CALL = 5,
  H_DUP,
  H_RAW,
  H_OBJECT,
  H_HSID,
  H_TYPE,
  H_NAME,
  H_DUP_OF,
  H_MORE,
  H_SEQ2,
  H_TID2,
  H_IDX2,
  H_NS2,
  H_CYCLE2,
  H_MORE2
};
enum { V_KIND = 5, V_JSON };
// Parts of what rows share.
enum { P_NAME = WG_ROW_COLUMNS, P_MODULE, P_ORDINAL, P_LR, P_HSID, P_TYPE, P_RAW, P_HANDLE, P_GUEST, P_END };
#define P_PARTS (P_END - WG_ROW_COLUMNS)

enum wg_ended { WG_END_CALL = 1, WG_END_WAIT, WG_END_HANDLE };

struct wg_shape_thread;
struct wg_shape_object;
struct wg_shape_sum;
struct wg_shape_lock;
struct wg_shape_signals;

struct wg_shape {
  struct wg_rows *rows;
  uint64_t seq;                              // events so far
  bool text_log;                             // its calls follow one another, whatever returns are told
  uint64_t calls;                            // that are not joined, for there are too many threads
  bool returns;                              // some call was told to return
  uint64_t unknown_objects, unknown_handles; // beyond what is remembered
  struct wg_intern texts, jsons, kinds, sites, args, mentions;
  int64_t nstrings, nkinds, nsites, nargs, nmentions;
  struct {
    unsigned char returns; // the letter of its result, of nt/exports.h
    unsigned char locks;   // enum wg_shape_locks
  } * of_site;
  size_t of_site_cap;
  struct wg_shelf open_calls, open_waits, open_handles;
  struct wg_map by_tid;
  struct wg_shape_thread *threads;
  size_t nthreads, threads_cap;
  size_t ring_bytes; // of what threads remember of their signals
  struct wg_map by_hsid, by_raw, by_guest, handle_of_raw;
  size_t handles; // that are open
  struct wg_shape_object *objects;
  size_t nobjects, objects_cap;
  struct wg_map sum_of;
  struct wg_shape_sum *sums;
  size_t nsums;
  struct wg_map lock_of;
  struct wg_shape_lock *locks;
  size_t nlocks;
  struct wg_map signals_of;
  struct wg_shape_signals *signals;
  size_t nsignals;
  struct wg_buf key, text;
  // The event at hand.
  const struct wg_event *e;
  int64_t v[WG_ROW_COLUMNS];
  uint32_t set;
  const struct wg_field *parts[P_PARTS];
  uint64_t left; // its fields that have no column
  struct wg_event rest;
};

// `rows` is borrowed: the rows of each event, and of what it ends, go there. `format`: the trace's, which is told.
void wg_shape_init(struct wg_shape *s, struct wg_rows *rows, const char *format);
void wg_shape_event(struct wg_shape *s, const struct wg_event *e); // in the order of the trace
void wg_shape_end(struct wg_shape *s);                             // what is still open, objects, threads, sums
void wg_shape_release(struct wg_shape *s);

// -- its parts (shape_*.c) --

struct wg_shape_thread {
  uint32_t tid, nopen, open_cap, dropped;
  struct wg_shape_open {
    uint64_t ticket, name, seq, ns;
    uint32_t sum, site, lock;
  } * open;
  // Waits that have not ended: each was begun within the one before it, by an APC that interrupts that.
  uint32_t nwaits, waits_cap;
  struct wg_shape_waiting {
    uint64_t ticket, seq, call, ncalls; // call: within which; ncalls: of the thread, up to then
  } * waits;
  struct {
    uint64_t idx, seq;
  } * signals; // the latest
  uint32_t signals_cap;
  uint64_t nsignals;
  // The stretch of its events that goes on.
  struct {
    uint64_t n, first_seq, last_seq, first_idx, last_idx;
    int64_t first_ns, last_ns;
  } block;
  uint64_t events, calls, returns, first_seq, last_seq, first_ns, last_ns;
  // What made, started and ended it: columns of `threads` from `parent` on.
  int64_t life[16];
  uint32_t life_set;
};
enum {
  T_PARENT,
  T_CREATE_SEQ,
  T_CREATE_IDX,
  T_CREATE_NS,
  T_ENTRY,
  T_CTX,
  T_STACK_SIZE,
  T_FLAGS,
  T_RAW,
  T_HSID,
  T_OBJECT,
  T_START_SEQ,
  T_START_NS,
  T_EXIT_SEQ,
  T_EXIT_NS,
  T_EXIT_CODE
};

struct wg_shape_object {
  uint64_t hsid, first_seq, made_seq, signals, waits, handles, last_signal;
  int64_t type, name; // strings; -1: not known
  uint64_t raw, guest;
  uint32_t made_by;
  bool has_hsid, has_raw, has_guest, made;
};

// NULL: there are too many.
struct wg_shape_thread *wg_shape_thread(struct wg_shape *s, uint32_t tid);
void wg_shape_made_thread(struct wg_shape *s);
void wg_shape_threads_end(struct wg_shape *s);

// The number of an object by what is known of it (NULL: not), and of no other; -1: there are too many.
int64_t wg_shape_object(struct wg_shape *s, const uint64_t *hsid, const uint64_t *raw, const uint64_t *guest);
void wg_shape_wait(struct wg_shape *s, struct wg_shape_thread *t);
void wg_shape_wait_end(struct wg_shape *s, struct wg_shape_thread *t);
// A wait begins, of which the row has that ticket; the one that ends now (false: none); of a thread that is gone, all.
void wg_shape_wait_began(struct wg_shape *s, struct wg_shape_thread *t, uint64_t ticket);
bool wg_shape_wait_over(struct wg_shape *s, struct wg_shape_thread *t, uint64_t *ticket);
void wg_shape_waits_gone(struct wg_shape *s, struct wg_shape_thread *t);
void wg_shape_waits_end(struct wg_shape *s); // those that threads are in; before their calls are given up
void wg_shape_signal(struct wg_shape *s, struct wg_shape_thread *t);
void wg_shape_handle(struct wg_shape *s, struct wg_shape_thread *t);
void wg_shape_handle_end(struct wg_shape *s);
void wg_shape_objects_end(struct wg_shape *s);

// What calls of a site do to the lock that their first argument is.
enum wg_shape_locks { WG_SHAPE_NO_LOCK, WG_SHAPE_TAKES, WG_SHAPE_GIVES };
// A call of such a site: the lock that it takes as it returns, or 0.
uint32_t wg_shape_lock_called(struct wg_shape *s, unsigned char does);
void wg_shape_lock_taken(struct wg_shape *s, uint32_t lock, uint64_t seq);
void wg_shape_locks_put(struct wg_shape *s);

// A signal: of what (-1: not known), by whom and how, within a call of which site (-1: of none).
struct wg_shape_signaler {
  int64_t object, tid, op, site;
};
// At the event that the shape stands at.
void wg_shape_signalled(struct wg_shape *s, const struct wg_shape_signaler *by);
void wg_shape_signals_put(struct wg_shape *s); // their sums, at the end

// The number of a string, and of JSON text, in the table `strings`.
int64_t wg_shape_text(struct wg_shape *s, const char *text, size_t n);
bool wg_shape_int(const struct wg_field *f, int64_t *v);
bool wg_shape_id(const struct wg_field *f, int64_t *v);
// The fields without a column become column `at`.
void wg_shape_rest(struct wg_shape *s, int at);
// The event as it is, for what has no table or could not be joined.
void wg_shape_other(struct wg_shape *s);
void wg_shape_put(struct wg_shape *s, enum wg_table t);
void wg_shape_ended(struct wg_shape *s, enum wg_ended what, int64_t of);

static inline void wg_shape_set(struct wg_shape *s, int at, int64_t v) {
  s->v[at] = v;
  s->set |= 1u << at;
}
// The innermost call that is open; 0: none.
static inline uint64_t wg_shape_call_of(const struct wg_shape_thread *t) {
  return t && t->nopen ? t->open[t->nopen - 1].seq : 0;
}
static inline bool wg_shape_has(const struct wg_shape *s, int at) { return (s->set & 1u << at) != 0; }

#endif
