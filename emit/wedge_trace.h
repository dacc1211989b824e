/* wedge_trace.h: writes Wedge's trace schema 1 from any emulator or recompilation runtime. One header, C11 (or C99 of a
 * compiler that has C11's atomics) or C++11, no dependencies.
 *
 *   #define WEDGE_TRACE_IMPLEMENTATION   // in one file
 *   #include "wedge_trace.h"
 *
 *   wedge_trace *w = wedge_trace_open("trace.jsonl", "my-engine", "1.0", "title.xex", NULL);
 *   wedge_thread *t = wedge_thread_open(w, 6);          // once for each guest thread; keep it with the thread
 *   static const wedge_export close = {"NtClose", "xboxkrnl.exe", 0xCF};
 *   wedge_call(t, &close, lr, args, 1);                 // some 20 ns
 *   wedge_return(t, &close, rv);
 *   wedge_trace_close(w, "exit");
 *
 * How it works. An event is a binary record in a buffer of its guest thread: no lock, no system call, no formatting. A
 * thread of the trace's own takes the records of all threads in the order of their times, writes JSON Lines, and hands
 * the buffers back. Nothing is dropped: where the disk cannot keep up, threads wait once `max_bytes` are full.
 *
 * Rules.
 *  - A wedge_thread is used by one host thread at a time: the one that runs that guest thread. What happens to a guest
 *    thread (its wait ends) is recorded by that thread itself. Thread 0 is for what belongs to none: interrupts, start.
 *  - A NULL wedge_thread is fine everywhere and records nothing: tracing that is switched off costs a test.
 *  - Names, modules, types and keys are kept as pointers: string literals, or what lives as long as the trace. Other
 *    texts (paths, prints, details) are copied; what is too long for a record is cut, and the event says so ("cut").
 *  - A process that is forked records nothing: the trace is its parent's. It may close its own copy.
 *  - If the process dies, what was recorded in its last 50 milliseconds or so is lost (more if the disk is slow), and
 *    there is no trace.footer, so that every tool says that the run did not end cleanly. wedge_trace_crash saves it:
 * call that in a handler of fatal signals.
 */
#ifndef WEDGE_TRACE_H
#define WEDGE_TRACE_H

#if defined(WEDGE_TRACE_IMPLEMENTATION) && !defined(_WIN32) && !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L /* works if nothing was included before; else compile that file as gnu11 */
#endif
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
#include <atomic>
#define WEDGE_ATOMIC(type) std::atomic<type>
#define WEDGE_LOAD(p) ((p)->load(std::memory_order_acquire))
#define WEDGE_STORE(p, v) ((p)->store((v), std::memory_order_release))
#define WEDGE_SWAP(p, v) ((p)->exchange((v), std::memory_order_acq_rel))
#define WEDGE_ADD(p, v) ((p)->fetch_add((v), std::memory_order_relaxed))
extern "C" {
#else
#include <stdatomic.h>
#define WEDGE_ATOMIC(type) _Atomic(type)
#define WEDGE_LOAD(p) atomic_load_explicit((p), memory_order_acquire)
#define WEDGE_STORE(p, v) atomic_store_explicit((p), (v), memory_order_release)
#define WEDGE_SWAP(p, v) atomic_exchange_explicit((p), (v), memory_order_acq_rel)
#define WEDGE_ADD(p, v) atomic_fetch_add_explicit((p), (v), memory_order_relaxed)
#endif

/* An event is written so much later at least; as long a thread may be stopped within an event without its line coming
 * behind those of later times. */
#define WEDGE_TRACE_LAG_MS 20
#define WEDGE_RECORD_MAX 2048 /* bytes */
#define WEDGE_TEXT_MAX 1024   /* of one copied text */
#define WEDGE_ARGS_MAX 16
#define WEDGE_WAIT_MAX 64

typedef struct wedge_trace wedge_trace;
typedef struct wedge_thread wedge_thread;

/* Zeros are the defaults. */
typedef struct wedge_trace_options {
  /* Nanoseconds since the start, if the engine has a clock of its own (guest time). Otherwise the processor's. */
  uint64_t (*clock)(void *ctx);
  void *clock_ctx;
  size_t chunk_bytes; /* of a buffer; 64 KiB */
  size_t max_bytes;   /* of full buffers that wait to be written; 256 MiB */
} wedge_trace_options;

/* NULL if the file cannot be created; errno says why. `options` may be NULL. */
wedge_trace *wedge_trace_open(const char *path, const char *engine, const char *version, const char *title,
                              const wedge_trace_options *options);
/* Writes what is left and the footer; `reason` is exit, wedge, limit, exception, unimplemented, stopped or error. No
 * thread may record any more. Returns 0, or -1 if anything could not be written. */
int wedge_trace_close(wedge_trace *w, const char *reason);
/* Writes what is buffered, without a footer. Async-signal-safe: for handlers of fatal signals, on any thread. What
 * threads record later is lost. */
void wedge_trace_crash(wedge_trace *w);

/* A thread's number is given once in a trace. NULL if there is no memory. */
wedge_thread *wedge_thread_open(wedge_trace *w, uint32_t tid);
/* Nothing more will be recorded; gives its buffers back. The trace frees it. */
void wedge_thread_close(wedge_thread *t);

/* -- events -- */

typedef struct wedge_export {
  const char *name, *module;
  uint32_t ordinal;
} wedge_export;

/* A kernel object. `hsid` is any number that stands for this object and no other (not its handle, which is used again);
 * wedge_object_id makes one that is the same in every run. guest_object: its address if it has no handle, else 0. */
typedef struct wedge_object {
  uint64_t hsid;
  const char *type; /* Event, Semaphore, Mutant, Timer, Thread, File, ... */
  uint32_t guest_object;
} wedge_object;

/* Which event ended a wait: what wedge_signal returned on its thread. */
typedef struct wedge_cause {
  uint32_t tid;
  uint64_t idx;
} wedge_cause;

enum wedge_by { WEDGE_BY_SIGNAL, WEDGE_BY_TIMEOUT, WEDGE_BY_APC, WEDGE_BY_ALREADY };
enum wedge_op { WEDGE_SET, WEDGE_RESET, WEDGE_PULSE, WEDGE_RELEASE, WEDGE_CLEAR, WEDGE_FIRE, WEDGE_EXIT };

/* -- what follows is the machinery of the hot path; the events' functions are below it -- */

typedef struct wedge_record {
  uint64_t ticks, cycle;
  uint32_t words; /* of the record */
  uint8_t kind, has_cycle, cut, nargs;
} wedge_record;

typedef struct wedge_chunk {
  WEDGE_ATOMIC(struct wedge_chunk *) next;
  WEDGE_ATOMIC(size_t) used; /* bytes of whole records */
  size_t size;
  uint64_t data[1];
} wedge_chunk;

struct wedge_thread {
  char *at, *end;     /* of the chunk that is written to */
  wedge_record *open; /* the record that is being made */
  uint64_t idx, cycle;
  uint8_t has_cycle;
  uint32_t tid;
  wedge_trace *trace;
  uint64_t (*clock)(void *ctx);
  void *clock_ctx;
  wedge_chunk *chunk;
  WEDGE_ATOMIC(wedge_chunk *) spare;
  WEDGE_ATOMIC(int) closed;
  struct wedge_sites *sites; /* wedge_object_id */
  /* The writer's. */
  wedge_chunk *reading;
  size_t read;
  uint64_t written, ticks; /* events; time of the next one */
  wedge_thread *next;      /* of all */
};

enum {
  WEDGE_MODULE_LOAD,
  WEDGE_MODULE_UNLOAD,
  WEDGE_THREAD_CREATE,
  WEDGE_THREAD_START,
  WEDGE_THREAD_EXIT,
  WEDGE_CALL,
  WEDGE_RETURN,
  WEDGE_HANDLE_CREATE,
  WEDGE_HANDLE_DUP,
  WEDGE_HANDLE_DESTROY,
  WEDGE_WAIT_BEGIN,
  WEDGE_WAIT_END,
  WEDGE_SIGNAL,
  WEDGE_APC,
  WEDGE_DPC,
  WEDGE_INTERRUPT,
  WEDGE_FRAME,
  WEDGE_MMIO,
  WEDGE_AUDIO,
  WEDGE_INPUT,
  WEDGE_PRINT,
  WEDGE_EXCEPTION,
  WEDGE_LIMIT,
  WEDGE_KINDS
};
enum { WEDGE_NOTE_HEX = 1, WEDGE_NOTE_INT, WEDGE_NOTE_BOOL, WEDGE_NOTE_TEXT, WEDGE_NOTE_ID };

void wedge_chunk_next_(wedge_thread *t);

#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
#define WEDGE_TICKS() __builtin_ia32_rdtsc()
#elif (defined(_M_X64) || defined(_M_IX86)) && defined(_MSC_VER)
#ifdef __cplusplus
}
#endif
#include <intrin.h>
#ifdef __cplusplus
extern "C" {
#endif
#define WEDGE_TICKS() __rdtsc()
#elif defined(__aarch64__) && defined(__GNUC__)
static inline uint64_t wedge_cntvct_(void) {
  uint64_t v;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(v));
  return v;
}
#define WEDGE_TICKS() wedge_cntvct_()
#else
uint64_t wedge_host_ns_(void);
#define WEDGE_TICKS() wedge_host_ns_()
#endif

static inline uint64_t *wedge_begin_(wedge_thread *t, int kind) {
  wedge_record *r;
  if ((size_t)(t->end - t->at) < WEDGE_RECORD_MAX) wedge_chunk_next_(t);
  r = (wedge_record *)(void *)t->at;
  r->cycle = t->cycle;
  r->kind = (uint8_t)kind;
  r->has_cycle = t->has_cycle;
  r->cut = 0;
  r->nargs = 0;
  t->open = r;
  return (uint64_t *)(void *)(r + 1);
}

/* The time is taken last, so that hardly anything lies between it and the moment when the record is seen. */
static inline uint64_t wedge_commit_(wedge_thread *t, uint64_t *end) {
  wedge_record *r = t->open;
  t->at = (char *)(void *)end;
  r->words = (uint32_t)(end - (uint64_t *)(void *)r);
  r->ticks = t->clock ? t->clock(t->clock_ctx) : WEDGE_TICKS();
  WEDGE_STORE(&t->chunk->used, (size_t)(t->at - (char *)t->chunk->data));
  return t->idx++;
}

static inline uint64_t wedge_ptr_(const void *p) { return (uint64_t)(uintptr_t)p; }
static inline size_t wedge_len_(const char *s) { return s ? strlen(s) : 0; }

/* A copied text: its length and its bytes, as far as there is room for them. */
static inline uint64_t *wedge_text_(wedge_thread *t, uint64_t *p, const char *s, size_t n) {
  size_t room = WEDGE_RECORD_MAX - (size_t)((char *)(void *)p - (char *)(void *)t->open);
  room = room > 64 ? room - 64 : 0;
  if (room > WEDGE_TEXT_MAX) room = WEDGE_TEXT_MAX;
  if (n > room) {
    n = room;
    while (n && room - n < 3 && ((unsigned char)s[n] & 0xC0) == 0x80) n--; /* no character is cut */
    t->open->cut = 1;
  }
  *p++ = n;
  if (n) memcpy(p, s, n);
  return p + (n + 7) / 8;
}

/* Retired guest instructions of the thread, if the engine counts them: what its events tell from here on. */
static inline void wedge_cycle(wedge_thread *t, uint64_t cycle) {
  if (t == NULL) return;
  t->cycle = cycle;
  t->has_cycle = 1;
}

/* -- calls -- */

/* Between these, wedge_note_* may tell what arguments mean (args_resolved), or what the call wrote (out): paths,
 * handles, sizes. Without notes wedge_call and wedge_return do both at once. */
static inline void wedge_call_begin(wedge_thread *t, const wedge_export *x, uint32_t lr, const uint32_t *args,
                                    unsigned n) {
  uint64_t *p;
  unsigned i;
  if (t == NULL) return;
  p = wedge_begin_(t, WEDGE_CALL);
  if (n > WEDGE_ARGS_MAX) {
    n = WEDGE_ARGS_MAX;
    t->open->cut = 1;
  }
  t->open->nargs = (uint8_t)n;
  *p++ = wedge_ptr_(x);
  *p++ = lr;
  for (i = 0; i < n; i++) *p++ = args[i];
  t->at = (char *)(void *)p;
}

static inline void wedge_return_begin(wedge_thread *t, const wedge_export *x, uint32_t rv, int has_status) {
  uint64_t *p;
  if (t == NULL) return;
  p = wedge_begin_(t, WEDGE_RETURN);
  *p++ = wedge_ptr_(x);
  *p++ = rv;
  *p++ = (uint64_t)has_status;
  t->at = (char *)(void *)p;
}

static inline uint64_t *wedge_note_(wedge_thread *t, const char *key, uint64_t type, size_t room) {
  uint64_t *p = (uint64_t *)(void *)t->at;
  if ((size_t)(t->at - (char *)(void *)t->open) + room > WEDGE_RECORD_MAX) {
    t->open->cut = 1;
    return NULL;
  }
  *p++ = wedge_ptr_(key);
  *p++ = type;
  return p;
}

static inline void wedge_note_value_(wedge_thread *t, const char *key, uint64_t type, uint64_t v) {
  uint64_t *p = t ? wedge_note_(t, key, type, 32) : NULL;
  if (p == NULL) return;
  *p++ = v;
  t->at = (char *)(void *)p;
}

static inline void wedge_note_hex(wedge_thread *t, const char *key, uint64_t v) {
  wedge_note_value_(t, key, WEDGE_NOTE_HEX, v);
}
static inline void wedge_note_int(wedge_thread *t, const char *key, int64_t v) {
  wedge_note_value_(t, key, WEDGE_NOTE_INT, (uint64_t)v);
}
static inline void wedge_note_bool(wedge_thread *t, const char *key, int v) {
  wedge_note_value_(t, key, WEDGE_NOTE_BOOL, (uint64_t)(v != 0));
}
static inline void wedge_note_object(wedge_thread *t, const char *key, uint64_t hsid) {
  wedge_note_value_(t, key, WEDGE_NOTE_ID, hsid);
}
static inline void wedge_note_text(wedge_thread *t, const char *key, const char *s, size_t n) {
  uint64_t *p = t ? wedge_note_(t, key, WEDGE_NOTE_TEXT, 160) : NULL;
  if (p) t->at = (char *)(void *)wedge_text_(t, p, s, n);
}

/* Ends what wedge_call_begin, wedge_return_begin or wedge_exception_begin began. */
static inline uint64_t wedge_end(wedge_thread *t) { return t ? wedge_commit_(t, (uint64_t *)(void *)t->at) : 0; }

static inline uint64_t wedge_call(wedge_thread *t, const wedge_export *x, uint32_t lr, const uint32_t *args,
                                  unsigned n) {
  wedge_call_begin(t, x, lr, args, n);
  return wedge_end(t);
}
/* What r3 holds. */
static inline uint64_t wedge_return(wedge_thread *t, const wedge_export *x, uint32_t rv) {
  wedge_return_begin(t, x, rv, 0);
  return wedge_end(t);
}
/* The same of a call that gives an NTSTATUS. */
static inline uint64_t wedge_return_status(wedge_thread *t, const wedge_export *x, uint32_t status) {
  wedge_return_begin(t, x, status, 1);
  return wedge_end(t);
}

/* -- threads, modules -- */

static inline uint64_t wedge_thread_create(wedge_thread *t, uint32_t child, uint32_t entry, uint32_t ctx,
                                           uint32_t stack_size, uint32_t flags, uint32_t handle, uint64_t hsid) {
  uint64_t *p;
  if (t == NULL) return 0;
  p = wedge_begin_(t, WEDGE_THREAD_CREATE);
  *p++ = child;
  *p++ = entry;
  *p++ = ctx;
  *p++ = stack_size;
  *p++ = flags;
  *p++ = handle;
  *p++ = hsid;
  return wedge_commit_(t, p);
}
/* Of the thread itself, when it first runs; and its last. */
static inline uint64_t wedge_thread_start(wedge_thread *t, uint32_t entry, uint32_t ctx) {
  uint64_t *p;
  if (t == NULL) return 0;
  p = wedge_begin_(t, WEDGE_THREAD_START);
  *p++ = entry;
  *p++ = ctx;
  return wedge_commit_(t, p);
}
static inline uint64_t wedge_thread_exit(wedge_thread *t, uint32_t code) {
  uint64_t *p;
  if (t == NULL) return 0;
  p = wedge_begin_(t, WEDGE_THREAD_EXIT);
  *p++ = code;
  return wedge_commit_(t, p);
}
/* sha256: of the file, 64 hexadecimal digits (wedge_sha256), or NULL if nobody knows. */
static inline uint64_t wedge_module_load(wedge_thread *t, const char *name, uint32_t base, uint32_t size,
                                         uint32_t entry, const char *sha256, const char *path) {
  uint64_t *p;
  if (t == NULL) return 0;
  p = wedge_begin_(t, WEDGE_MODULE_LOAD);
  p = wedge_text_(t, p, name, wedge_len_(name));
  *p++ = base;
  *p++ = size;
  *p++ = entry;
  p = wedge_text_(t, p, sha256, wedge_len_(sha256));
  p = wedge_text_(t, p, path, wedge_len_(path));
  return wedge_commit_(t, p);
}
static inline uint64_t wedge_module_unload(wedge_thread *t, const char *name, uint32_t base) {
  uint64_t *p;
  if (t == NULL) return 0;
  p = wedge_begin_(t, WEDGE_MODULE_UNLOAD);
  p = wedge_text_(t, p, name, wedge_len_(name));
  *p++ = base;
  return wedge_commit_(t, p);
}

/* -- handles and objects -- */

static inline uint64_t wedge_handle_(wedge_thread *t, int kind, uint32_t handle, const wedge_object *o, uint32_t dup_of,
                                     const char *name) {
  uint64_t *p;
  if (t == NULL) return 0;
  p = wedge_begin_(t, kind);
  *p++ = handle;
  *p++ = o->hsid;
  *p++ = wedge_ptr_(o->type);
  *p++ = dup_of;
  p = wedge_text_(t, p, name, wedge_len_(name));
  return wedge_commit_(t, p);
}
/* `name`: the object's, or NULL. */
static inline uint64_t wedge_handle_create(wedge_thread *t, uint32_t handle, const wedge_object *o, const char *name) {
  return wedge_handle_(t, WEDGE_HANDLE_CREATE, handle, o, 0, name);
}
static inline uint64_t wedge_handle_dup(wedge_thread *t, uint32_t handle, const wedge_object *o, uint32_t dup_of) {
  return wedge_handle_(t, WEDGE_HANDLE_DUP, handle, o, dup_of, NULL);
}
static inline uint64_t wedge_handle_destroy(wedge_thread *t, uint32_t handle, const wedge_object *o) {
  return wedge_handle_(t, WEDGE_HANDLE_DESTROY, handle, o, 0, NULL);
}

/* The same in every run that comes there by the same way: of the type, the thread that makes it, the call site (lr) and
 * how many the thread has made there. `parent` is what stands for the thread: the hsid of its own object. */
uint64_t wedge_object_id(wedge_thread *t, const char *type, uint64_t parent, uint32_t lr);

/* -- waits and signals -- */

/* timeout_ns: -1 for none. */
static inline uint64_t wedge_wait_begin(wedge_thread *t, const wedge_object *objects, unsigned n, int all,
                                        int alertable, int64_t timeout_ns) {
  uint64_t *p;
  unsigned i;
  if (t == NULL) return 0;
  p = wedge_begin_(t, WEDGE_WAIT_BEGIN);
  if (n > WEDGE_WAIT_MAX) {
    n = WEDGE_WAIT_MAX;
    t->open->cut = 1;
  }
  t->open->nargs = (uint8_t)n;
  *p++ = (uint64_t)(all != 0) | (uint64_t)(alertable != 0) << 1;
  *p++ = (uint64_t)timeout_ns;
  for (i = 0; i < n; i++) {
    *p++ = objects[i].hsid;
    *p++ = wedge_ptr_(objects[i].type);
    *p++ = objects[i].guest_object;
  }
  return wedge_commit_(t, p);
}
/* `cause` for WEDGE_BY_SIGNAL alone: the event that signalled. An engine keeps it with the object, under the lock that
 * guards its state. */
static inline uint64_t wedge_wait_end(wedge_thread *t, uint32_t status, enum wedge_by by, const wedge_cause *cause) {
  uint64_t *p;
  if (t == NULL) return 0;
  p = wedge_begin_(t, WEDGE_WAIT_END);
  *p++ = status;
  *p++ = (uint64_t)by;
  *p++ = cause ? cause->tid : 0;
  *p++ = cause ? cause->idx : 0;
  return wedge_commit_(t, p);
}
/* count: the object's state after it, previous: before. Returns what a wait that it ends may name. */
static inline wedge_cause wedge_signal(wedge_thread *t, const wedge_object *o, enum wedge_op op, int32_t count,
                                       int32_t previous) {
  wedge_cause cause = {0, 0};
  uint64_t *p;
  if (t == NULL) return cause;
  p = wedge_begin_(t, WEDGE_SIGNAL);
  *p++ = o->hsid;
  *p++ = wedge_ptr_(o->type);
  *p++ = o->guest_object;
  *p++ = (uint64_t)op;
  *p++ = (uint64_t)(int64_t)count;
  *p++ = (uint64_t)(int64_t)previous;
  cause.tid = t->tid;
  cause.idx = wedge_commit_(t, p);
  return cause;
}

/* -- devices, prints, what ends a run -- */

static inline uint64_t wedge_values_(wedge_thread *t, int kind, uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
  uint64_t *p;
  if (t == NULL) return 0;
  p = wedge_begin_(t, kind);
  *p++ = a;
  *p++ = b;
  *p++ = c;
  *p++ = d;
  return wedge_commit_(t, p);
}
/* The thread is about to call an APC's routine, after the end of the wait that let it. */
static inline uint64_t wedge_apc(wedge_thread *t, uint32_t routine, uint32_t ctx) {
  return wedge_values_(t, WEDGE_APC, routine, ctx, 0, 0);
}
/* A DPC's routine is about to be called; t: the thread of interrupts; object: where the KDPC lies. */
static inline uint64_t wedge_dpc(wedge_thread *t, uint32_t object, uint32_t routine, uint32_t ctx) {
  return wedge_values_(t, WEDGE_DPC, object, routine, ctx, 0);
}
/* source 0: vertical blank, 1: the command processor; cpu: the hardware thread that takes it. */
static inline uint64_t wedge_interrupt(wedge_thread *t, uint32_t source, uint32_t cpu) {
  return wedge_values_(t, WEDGE_INTERRUPT, source, cpu, 0, 0);
}
static inline uint64_t wedge_frame(wedge_thread *t, uint32_t addr, uint32_t width, uint32_t height, uint64_t count) {
  return wedge_values_(t, WEDGE_FRAME, addr, width, height, count);
}
/* op: "read", "write" or "unknown packet". */
static inline uint64_t wedge_mmio(wedge_thread *t, const char *op, uint32_t addr, uint32_t value) {
  return wedge_values_(t, WEDGE_MMIO, wedge_ptr_(op), addr, value, 0);
}
static inline uint64_t wedge_audio_callback(wedge_thread *t, uint64_t count) {
  return wedge_values_(t, WEDGE_AUDIO, count, 0, 0, 0);
}
static inline uint64_t wedge_input(wedge_thread *t, uint32_t user, int connected, uint32_t buttons) {
  return wedge_values_(t, WEDGE_INPUT, user, (uint64_t)(connected != 0), buttons, 0);
}
static inline uint64_t wedge_print(wedge_thread *t, const char *text, size_t n) {
  uint64_t *p;
  if (t == NULL) return 0;
  p = wedge_begin_(t, WEDGE_PRINT);
  *p++ = n;
  p = wedge_text_(t, p, text, n);
  return wedge_commit_(t, p);
}
/* Then wedge_note_hex for each register ("r3"), and wedge_end. `cause` and `detail` are copied. */
static inline void wedge_exception_begin(wedge_thread *t, uint32_t pc, const char *cause, const char *detail) {
  uint64_t *p;
  if (t == NULL) return;
  p = wedge_begin_(t, WEDGE_EXCEPTION);
  *p++ = pc;
  p = wedge_text_(t, p, cause, wedge_len_(cause) < 256 ? wedge_len_(cause) : 256);
  p = wedge_text_(t, p, detail, wedge_len_(detail) < 256 ? wedge_len_(detail) : 256);
  t->at = (char *)(void *)p;
}
static inline uint64_t wedge_limit(wedge_thread *t, const char *name, uint64_t count, const char *detail) {
  uint64_t *p;
  if (t == NULL) return 0;
  p = wedge_begin_(t, WEDGE_LIMIT);
  *p++ = wedge_ptr_(name);
  *p++ = count;
  p = wedge_text_(t, p, detail, wedge_len_(detail));
  return wedge_commit_(t, p);
}

/* 64 digits and a NUL. */
void wedge_sha256(const void *data, size_t n, char digits[65]);

#ifdef __cplusplus
}
#endif
#endif

/* ====================================================================================================================
 */
#ifdef WEDGE_TRACE_IMPLEMENTATION
#ifndef WEDGE_TRACE_IMPLEMENTED
#define WEDGE_TRACE_IMPLEMENTED
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#ifdef _WIN32
#include <io.h>
#include <sys/stat.h>
#include <windows.h>
#else
#include <pthread.h>
#include <sys/types.h>
#include <unistd.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wedge_sha {
  uint32_t h[8];
  uint64_t n;
  unsigned char block[64];
} wedge_sha;

struct wedge_trace {
  int fd;
  WEDGE_ATOMIC(int) error, closing, crashed, parked;
  WEDGE_ATOMIC(wedge_thread *) threads; /* all, the latest first */
  WEDGE_ATOMIC(size_t) full;            /* bytes of chunks that wait to be read */
  uint64_t (*clock)(void *ctx);
  void *clock_ctx;
  size_t chunk_bytes, max_bytes;
  uint64_t first_tick;
  double ns_per_tick;
  /* The writer's: threads whose records it takes, as a heap by the time of the next one, then the idle. */
  wedge_thread **active, *seen;
  size_t nactive, cap;
  uint64_t events, last_ns;
  wedge_sha sha;
  size_t used;
  char out[1 << 17];
#ifdef _WIN32
  HANDLE writer;
  DWORD writer_id;
#else
  pthread_t writer;
  pid_t owner; /* a forked process has no writer */
#endif
};

/* -- SHA-256 (FIPS 180-4) -- */

static void wedge_sha_block_(wedge_sha *s, const unsigned char *p) {
  static const uint32_t k[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
      0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
      0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
      0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
      0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
      0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
      0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
#define WEDGE_ROR(x, n) ((x) >> (n) | (x) << (32 - (n)))
  uint32_t w[64], v[8];
  int i;
  for (i = 0; i < 16; i++)
    w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
  for (; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (WEDGE_ROR(a, 7) ^ WEDGE_ROR(a, 18) ^ a >> 3) + w[i - 7] +
           (WEDGE_ROR(b, 17) ^ WEDGE_ROR(b, 19) ^ b >> 10);
  }
  memcpy(v, s->h, sizeof v);
  for (i = 0; i < 64; i++) {
    uint32_t t1 = v[7] + (WEDGE_ROR(v[4], 6) ^ WEDGE_ROR(v[4], 11) ^ WEDGE_ROR(v[4], 25)) +
                  ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
    uint32_t t2 = (WEDGE_ROR(v[0], 2) ^ WEDGE_ROR(v[0], 13) ^ WEDGE_ROR(v[0], 22)) +
                  ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 7 * sizeof *v);
    v[4] += t1;
    v[0] = t1 + t2;
  }
  for (i = 0; i < 8; i++) s->h[i] += v[i];
#undef WEDGE_ROR
}

static void wedge_sha_init_(wedge_sha *s) {
  static const uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  memcpy(s->h, h, sizeof h);
  s->n = 0;
}

static void wedge_sha_add_(wedge_sha *s, const void *data, size_t n) {
  const unsigned char *p = (const unsigned char *)data;
  size_t at = (size_t)(s->n % 64);
  s->n += n;
  if (at) {
    size_t part = 64 - at < n ? 64 - at : n;
    memcpy(s->block + at, p, part);
    p += part;
    n -= part;
    if (at + part < 64) return;
    wedge_sha_block_(s, s->block);
  }
  for (; n >= 64; p += 64, n -= 64) wedge_sha_block_(s, p);
  memcpy(s->block, p, n);
}

static void wedge_sha_end_(wedge_sha *s, char digits[65]) {
  static const unsigned char pad[72] = {0x80};
  unsigned char length[8];
  uint64_t bits = s->n * 8;
  int i;
  for (i = 0; i < 8; i++) length[i] = (unsigned char)(bits >> (56 - 8 * i));
  wedge_sha_add_(s, pad, (size_t)(s->n % 64 < 56 ? 56 - s->n % 64 : 120 - s->n % 64));
  wedge_sha_add_(s, length, 8);
  for (i = 0; i < 64; i++) digits[i] = "0123456789abcdef"[s->h[i / 8] >> (28 - 4 * (i % 8)) & 15];
  digits[64] = 0;
}

void wedge_sha256(const void *data, size_t n, char digits[65]) {
  wedge_sha s;
  wedge_sha_init_(&s);
  wedge_sha_add_(&s, data, n);
  wedge_sha_end_(&s, digits);
}

/* -- the host -- */

#ifdef _WIN32
static void wedge_sleep_ms_(unsigned ms) { Sleep(ms); }
static void wedge_own_(wedge_trace *w) { (void)w; }
static int wedge_is_owner_(const wedge_trace *w) { return w != NULL; }
static int wedge_write_(int fd, const char *p, size_t n) { return _write(fd, p, (unsigned)n); }
static uint64_t wedge_mono_ns_(void) {
  LARGE_INTEGER f, v;
  QueryPerformanceFrequency(&f);
  QueryPerformanceCounter(&v);
  return (uint64_t)((double)v.QuadPart * 1e9 / (double)f.QuadPart);
}
#else
static void wedge_sleep_ms_(unsigned ms) {
  struct timespec t;
  t.tv_sec = 0;
  t.tv_nsec = (long)ms * 1000000;
  nanosleep(&t, NULL);
}
static void wedge_own_(wedge_trace *w) { w->owner = getpid(); }
static int wedge_is_owner_(const wedge_trace *w) { return getpid() == w->owner; }
static long wedge_write_(int fd, const char *p, size_t n) { return (long)write(fd, p, n); }
static uint64_t wedge_mono_ns_(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
#endif
uint64_t wedge_host_ns_(void);
uint64_t wedge_host_ns_(void) { return wedge_mono_ns_(); }

static uint64_t wedge_now_(const wedge_trace *w) { return w->clock ? w->clock(w->clock_ctx) : WEDGE_TICKS(); }

/* How long a tick is: two looks at both clocks. */
static void wedge_calibrate_(wedge_trace *w) {
  uint64_t ns, ticks;
  w->ns_per_tick = 1;
  if (w->clock) return;
  ns = wedge_mono_ns_();
  ticks = WEDGE_TICKS();
  wedge_sleep_ms_(5);
  w->first_tick = WEDGE_TICKS();
  w->ns_per_tick = (double)(wedge_mono_ns_() - ns) / (double)(w->first_tick - ticks);
}

static uint64_t wedge_ns_(const wedge_trace *w, uint64_t ticks) {
  if (w->clock) return ticks;
  return ticks > w->first_tick ? (uint64_t)((double)(ticks - w->first_tick) * w->ns_per_tick) : 0;
}

/* -- text: nothing here asks for memory or a lock -- */

static void wedge_flush_(wedge_trace *w) {
  size_t at = 0;
  wedge_sha_add_(&w->sha, w->out, w->used);
  while (at < w->used && WEDGE_LOAD(&w->error) == 0) {
    long n = (long)wedge_write_(w->fd, w->out + at, w->used - at);
    if (n > 0)
      at += (size_t)n;
    else if (n == 0 || errno != EINTR)
      WEDGE_STORE(&w->error, errno ? errno : EIO);
  }
  w->used = 0;
}

static void wedge_put_(wedge_trace *w, const char *s, size_t n) {
  if (n > sizeof w->out - w->used) wedge_flush_(w);
  memcpy(w->out + w->used, s, n);
  w->used += n;
}
#define WEDGE_PUT(w, literal) wedge_put_((w), (literal), sizeof(literal) - 1)

static void wedge_put_u64_(wedge_trace *w, uint64_t v) {
  char text[20];
  size_t n = sizeof text;
  do {
    text[--n] = (char)('0' + v % 10);
    v /= 10;
  } while (v);
  wedge_put_(w, text + n, sizeof text - n);
}

static void wedge_put_i64_(wedge_trace *w, int64_t v) {
  if (v < 0) WEDGE_PUT(w, "-");
  wedge_put_u64_(w, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static void wedge_put_digits_(wedge_trace *w, uint64_t v, int least) {
  char text[16];
  int n = 16;
  do {
    text[--n] = "0123456789abcdef"[v & 15];
    v >>= 4;
  } while (v || 16 - n < least);
  wedge_put_(w, text + n, (size_t)(16 - n));
}

static void wedge_put_hex_(wedge_trace *w, uint64_t v) {
  WEDGE_PUT(w, "\"0x");
  wedge_put_digits_(w, v, 1);
  WEDGE_PUT(w, "\"");
}

static void wedge_put_id_(wedge_trace *w, uint64_t v) {
  WEDGE_PUT(w, "\"");
  wedge_put_digits_(w, v, 16);
  WEDGE_PUT(w, "\"");
}

/* Whether bytes are UTF-8 without control characters. */
static int wedge_is_utf8_(const char *text, size_t n) {
  const unsigned char *s = (const unsigned char *)text;
  size_t i = 0;
  while (i < n) {
    unsigned c = s[i++], low = 0x80, high = 0xBF, more;
    if (c < 0x80) continue;
    if (c < 0xC2 || c > 0xF4) return 0;
    if (c == 0xC2 || c == 0xE0) low = 0xA0; /* U+0080 to U+009F; longer than need be */
    if (c == 0xF0) low = 0x90;
    if (c == 0xED) high = 0x9F; /* halves of a pair */
    if (c == 0xF4) high = 0x8F; /* beyond U+10FFFF */
    for (more = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3; more; more--, low = 0x80, high = 0xBF) {
      if (i == n || s[i] < low || s[i] > high) return 0;
      i++;
    }
  }
  return 1;
}

/* UTF-8 as it is; of any other text each byte that is not printable ASCII is \u00XX (the header's "escapes"). */
static void wedge_put_text_(wedge_trace *w, const char *s, size_t n) {
  size_t i, from = 0;
  const int utf8 = wedge_is_utf8_(s, n);
  WEDGE_PUT(w, "\"");
  for (i = 0; i < n; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c >= 0x20 && c != 0x7F && c != '"' && c != '\\' && (c < 0x80 || utf8)) continue;
    wedge_put_(w, s + from, i - from);
    from = i + 1;
    if (c == '"' || c == '\\') {
      char text[2];
      text[0] = '\\';
      text[1] = (char)c;
      wedge_put_(w, text, 2);
    } else {
      WEDGE_PUT(w, "\\u00");
      wedge_put_digits_(w, c, 2);
    }
  }
  wedge_put_(w, s + from, n - from);
  WEDGE_PUT(w, "\"");
}

static void wedge_put_str_(wedge_trace *w, const char *s) {
  size_t n = wedge_len_(s);
  wedge_put_text_(w, s ? s : "", n < WEDGE_TEXT_MAX ? n : WEDGE_TEXT_MAX);
}

static const char *wedge_str_(uint64_t v) { return (const char *)(uintptr_t)v; }
#define WEDGE_KEY(w, key) WEDGE_PUT(w, ",\"" key "\":")

/* -- an event's line -- */

static const uint64_t *wedge_put_copied_(wedge_trace *w, const uint64_t *p) {
  wedge_put_text_(w, (const char *)(const void *)(p + 1), (size_t)p[0]);
  return p + 1 + (p[0] + 7) / 8;
}

/* Notes up to the record's end, as an object. */
static void wedge_put_notes_(wedge_trace *w, const uint64_t *p, const uint64_t *end) {
  int any = 0;
  WEDGE_PUT(w, "{");
  while (p < end) {
    if (any) WEDGE_PUT(w, ",");
    any = 1;
    wedge_put_str_(w, wedge_str_(p[0]));
    WEDGE_PUT(w, ":");
    switch (p[1]) {
    case WEDGE_NOTE_HEX: wedge_put_hex_(w, p[2]); break;
    case WEDGE_NOTE_INT: wedge_put_i64_(w, (int64_t)p[2]); break;
    case WEDGE_NOTE_ID: wedge_put_id_(w, p[2]); break;
    case WEDGE_NOTE_BOOL:
      if (p[2])
        WEDGE_PUT(w, "true");
      else
        WEDGE_PUT(w, "false");
      break;
    default: p = wedge_put_copied_(w, p + 2); continue;
    }
    p += 3;
  }
  WEDGE_PUT(w, "}");
}

static void wedge_put_call_(wedge_trace *w, const wedge_record *r, const uint64_t *p, const uint64_t *end) {
  const wedge_export *x = (const wedge_export *)(uintptr_t)p[0];
  unsigned i;
  WEDGE_KEY(w, "name");
  wedge_put_str_(w, x->name);
  WEDGE_KEY(w, "module");
  wedge_put_str_(w, x->module);
  WEDGE_KEY(w, "ordinal");
  wedge_put_u64_(w, x->ordinal);
  WEDGE_KEY(w, "lr");
  wedge_put_hex_(w, p[1]);
  WEDGE_KEY(w, "args");
  WEDGE_PUT(w, "[");
  for (i = 0; i < r->nargs; i++) {
    if (i) WEDGE_PUT(w, ",");
    wedge_put_hex_(w, p[2 + i]);
  }
  WEDGE_PUT(w, "]");
  WEDGE_KEY(w, "args_resolved");
  wedge_put_notes_(w, p + 2 + r->nargs, end);
}

static void wedge_put_return_(wedge_trace *w, const uint64_t *p, const uint64_t *end) {
  WEDGE_KEY(w, "name");
  wedge_put_str_(w, ((const wedge_export *)(uintptr_t)p[0])->name);
  WEDGE_KEY(w, "rv");
  wedge_put_hex_(w, p[1]);
  if (p[2]) {
    WEDGE_KEY(w, "status");
    wedge_put_hex_(w, p[1]);
  }
  WEDGE_KEY(w, "out");
  wedge_put_notes_(w, p + 3, end);
}

static void wedge_put_wait_(wedge_trace *w, const wedge_record *r, const uint64_t *p) {
  const uint64_t *o = p + 2;
  unsigned i;
  WEDGE_KEY(w, "handles");
  WEDGE_PUT(w, "[");
  for (i = 0; i < r->nargs; i++, o += 3) {
    if (i) WEDGE_PUT(w, ",");
    if (o[2] == 0) {
      wedge_put_id_(w, o[0]);
      continue;
    }
    WEDGE_PUT(w, "{\"hsid\":");
    wedge_put_id_(w, o[0]);
    WEDGE_KEY(w, "guest_object");
    wedge_put_hex_(w, o[2]);
    WEDGE_KEY(w, "object_type");
    wedge_put_str_(w, wedge_str_(o[1]));
    WEDGE_PUT(w, "}");
  }
  WEDGE_PUT(w, "]");
  if (p[0] & 1)
    WEDGE_PUT(w, ",\"wait_type\":\"all\"");
  else
    WEDGE_PUT(w, ",\"wait_type\":\"any\"");
  if (p[0] & 2)
    WEDGE_PUT(w, ",\"alertable\":true");
  else
    WEDGE_PUT(w, ",\"alertable\":false");
  WEDGE_KEY(w, "timeout_ns");
  wedge_put_i64_(w, (int64_t)p[1]);
}

static void wedge_put_wait_end_(wedge_trace *w, const uint64_t *p) {
  WEDGE_KEY(w, "status");
  wedge_put_hex_(w, p[0]);
  WEDGE_KEY(w, "satisfied_by");
  switch (p[1]) {
  case WEDGE_BY_TIMEOUT: WEDGE_PUT(w, "\"timeout\""); return;
  case WEDGE_BY_APC: WEDGE_PUT(w, "\"apc\""); return;
  case WEDGE_BY_ALREADY: WEDGE_PUT(w, "\"already\""); return;
  default: break;
  }
  WEDGE_PUT(w, "{\"tid\":");
  wedge_put_u64_(w, p[2]);
  WEDGE_KEY(w, "idx");
  wedge_put_u64_(w, p[3]);
  WEDGE_PUT(w, "}");
}

static void wedge_put_signal_(wedge_trace *w, const uint64_t *p) {
  static const char *const ops[] = {"set", "reset", "pulse", "release", "clear", "fire", "exit"};
  WEDGE_KEY(w, "hsid");
  wedge_put_id_(w, p[0]);
  WEDGE_KEY(w, "object_type");
  wedge_put_str_(w, wedge_str_(p[1]));
  WEDGE_KEY(w, "op");
  wedge_put_str_(w, p[3] < 7 ? ops[p[3]] : "set");
  WEDGE_KEY(w, "count");
  wedge_put_i64_(w, (int64_t)p[4]);
  WEDGE_KEY(w, "previous");
  wedge_put_i64_(w, (int64_t)p[5]);
  if (p[2] == 0) return;
  WEDGE_KEY(w, "guest_object");
  wedge_put_hex_(w, p[2]);
}

static void wedge_put_handle_(wedge_trace *w, const wedge_record *r, const uint64_t *p) {
  WEDGE_KEY(w, "raw");
  wedge_put_hex_(w, p[0]);
  WEDGE_KEY(w, "hsid");
  wedge_put_id_(w, p[1]);
  WEDGE_KEY(w, "object_type");
  wedge_put_str_(w, wedge_str_(p[2]));
  if (r->kind == WEDGE_HANDLE_DUP) {
    WEDGE_KEY(w, "dup_of");
    wedge_put_hex_(w, p[3]);
  }
  if (p[4] == 0) return;
  WEDGE_KEY(w, "name");
  wedge_put_copied_(w, p + 4);
}

static void wedge_put_module_(wedge_trace *w, const wedge_record *r, const uint64_t *p) {
  WEDGE_KEY(w, "name");
  p = wedge_put_copied_(w, p);
  WEDGE_KEY(w, "base");
  wedge_put_hex_(w, p[0]);
  if (r->kind == WEDGE_MODULE_UNLOAD) return;
  WEDGE_KEY(w, "size");
  wedge_put_u64_(w, p[1]);
  WEDGE_KEY(w, "entry");
  wedge_put_hex_(w, p[2]);
  p += 3;
  if (p[0]) {
    WEDGE_KEY(w, "sha256");
    p = wedge_put_copied_(w, p);
  } else {
    p++;
  }
  WEDGE_KEY(w, "path");
  wedge_put_copied_(w, p);
}

/* Kinds whose fields are numbers, texts or both: x hexadecimal, d decimal, i an object's id, p a kept text, s a copied
 * one. */
static const struct {
  const char *kind, *fields;
} wedge_kinds_[WEDGE_KINDS] = {
    {"module.load", NULL},
    {"module.unload", NULL},
    {"thread.create", "dchild xentry xctx dstack_size xflags xraw ihsid "},
    {"thread.start", "xentry xctx "},
    {"thread.exit", "xcode "},
    {"kernel.call", NULL},
    {"kernel.return", NULL},
    {"handle.create", NULL},
    {"handle.dup", NULL},
    {"handle.destroy", NULL},
    {"wait.begin", NULL},
    {"wait.end", NULL},
    {"signal", NULL},
    {"apc.start", "xentry xctx "},
    {"dpc.start", "xguest_object xentry xctx "},
    {"gpu.interrupt", "dsource dvalue "},
    {"gpu.swap", "xaddr dwidth dheight dcount "},
    {"gpu.mmio", "pop xaddr xvalue "},
    {"apu.callback", "dcount "},
    {"input", NULL},
    {"guest.print", "dsize stext "},
    {"exception", NULL},
    {"limit", "pname dcount sdetail "},
};

static void wedge_put_fields_(wedge_trace *w, const char *fields, const uint64_t *p) {
  while (*fields) {
    const char *end = strchr(fields, ' ');
    WEDGE_PUT(w, ",");
    wedge_put_text_(w, fields + 1, (size_t)(end - fields) - 1);
    WEDGE_PUT(w, ":");
    switch (*fields) {
    case 'x': wedge_put_hex_(w, *p++); break;
    case 'd': wedge_put_u64_(w, *p++); break;
    case 'i': wedge_put_id_(w, *p++); break;
    case 'p': wedge_put_str_(w, wedge_str_(*p++)); break;
    default: p = wedge_put_copied_(w, p); break;
    }
    fields = end + 1;
  }
}

static void wedge_put_exception_(wedge_trace *w, const uint64_t *p, const uint64_t *end) {
  WEDGE_KEY(w, "pc");
  wedge_put_hex_(w, *p++);
  WEDGE_KEY(w, "cause");
  p = wedge_put_copied_(w, p);
  WEDGE_KEY(w, "detail");
  p = wedge_put_copied_(w, p);
  WEDGE_KEY(w, "regs");
  wedge_put_notes_(w, p, end);
}

static void wedge_put_input_(wedge_trace *w, const uint64_t *p) {
  WEDGE_PUT(w, ",\"state\":{\"user\":");
  wedge_put_u64_(w, p[0]);
  if (p[1])
    WEDGE_PUT(w, ",\"connected\":true");
  else
    WEDGE_PUT(w, ",\"connected\":false");
  WEDGE_KEY(w, "buttons");
  wedge_put_hex_(w, p[2]);
  WEDGE_PUT(w, "}");
}

static void wedge_put_head_(wedge_trace *w, const char *kind, uint32_t tid, uint64_t idx, uint64_t ns) {
  WEDGE_PUT(w, "{\"kind\":\"");
  wedge_put_(w, kind, strlen(kind));
  WEDGE_PUT(w, "\",\"tid\":");
  wedge_put_u64_(w, tid);
  WEDGE_PUT(w, ",\"idx\":");
  wedge_put_u64_(w, idx);
  WEDGE_PUT(w, ",\"host_ns\":");
  wedge_put_u64_(w, ns);
}

static void wedge_put_record_(wedge_trace *w, wedge_thread *t, const wedge_record *r) {
  const uint64_t *p = (const uint64_t *)(const void *)(r + 1), *end = (const uint64_t *)(const void *)r + r->words;
  uint64_t ns = wedge_ns_(w, r->ticks);
  if (ns > w->last_ns) w->last_ns = ns;
  wedge_put_head_(w, wedge_kinds_[r->kind].kind, t->tid, t->written++, ns);
  if (r->has_cycle) {
    WEDGE_KEY(w, "cycle");
    wedge_put_u64_(w, r->cycle);
  }
  switch (r->kind) {
  case WEDGE_CALL: wedge_put_call_(w, r, p, end); break;
  case WEDGE_RETURN: wedge_put_return_(w, p, end); break;
  case WEDGE_WAIT_BEGIN: wedge_put_wait_(w, r, p); break;
  case WEDGE_WAIT_END: wedge_put_wait_end_(w, p); break;
  case WEDGE_SIGNAL: wedge_put_signal_(w, p); break;
  case WEDGE_HANDLE_CREATE:
  case WEDGE_HANDLE_DUP:
  case WEDGE_HANDLE_DESTROY: wedge_put_handle_(w, r, p); break;
  case WEDGE_MODULE_LOAD:
  case WEDGE_MODULE_UNLOAD: wedge_put_module_(w, r, p); break;
  case WEDGE_EXCEPTION: wedge_put_exception_(w, p, end); break;
  case WEDGE_INPUT: wedge_put_input_(w, p); break;
  default: wedge_put_fields_(w, wedge_kinds_[r->kind].fields, p); break;
  }
  if (r->cut) WEDGE_PUT(w, ",\"cut\":true");
  WEDGE_PUT(w, "}\n");
  w->events++;
}

/* -- buffers: one writes, one reads -- */

static wedge_chunk *wedge_chunk_new_(size_t size) {
  wedge_chunk *c = (wedge_chunk *)malloc(sizeof *c + size);
  if (c == NULL) return NULL;
  memset((void *)c, 0, sizeof *c);
  c->size = size;
  return c;
}

static void wedge_write_to_(wedge_thread *t, wedge_chunk *c) {
  t->chunk = c;
  t->at = (char *)(void *)c->data;
  t->end = t->at + c->size;
}

void wedge_chunk_next_(wedge_thread *t) {
  wedge_trace *w = t->trace;
  wedge_chunk *old = t->chunk, *c;
  if (!wedge_is_owner_(w)) { /* nobody reads it */
    WEDGE_STORE(&old->used, (size_t)0);
    wedge_write_to_(t, old);
    return;
  }
  while (WEDGE_LOAD(&w->full) > w->max_bytes && !WEDGE_LOAD(&w->crashed) && !WEDGE_LOAD(&w->closing))
    wedge_sleep_ms_(1); /* the disk cannot keep up */
  c = WEDGE_SWAP(&t->spare, (wedge_chunk *)NULL);
  while (c == NULL && (c = wedge_chunk_new_(w->chunk_bytes)) == NULL) wedge_sleep_ms_(1);
  WEDGE_ADD(&w->full, old->size);
  wedge_write_to_(t, c);
  WEDGE_STORE(&old->next, c);
}

/* The reader's next record; NULL if there is none yet. */
static const wedge_record *wedge_peek_(wedge_trace *w, wedge_thread *t, int crashed) {
  for (;;) {
    wedge_chunk *c = t->reading, *next = WEDGE_LOAD(&c->next);
    if (t->read < WEDGE_LOAD(&c->used)) return (const wedge_record *)(const void *)((char *)(void *)c->data + t->read);
    if (next == NULL) return NULL;
    t->reading = next; /* what was there when `next` was is read */
    t->read = 0;
    if (crashed) continue; /* nothing is freed in a handler */
    WEDGE_ADD(&w->full, (size_t)0 - c->size);
    WEDGE_STORE(&c->next, (wedge_chunk *)NULL);
    WEDGE_STORE(&c->used, (size_t)0);
    if (c->size == w->chunk_bytes) c = WEDGE_SWAP(&t->spare, c);
    free((void *)c);
  }
}

/* -- the writer -- */

static int wedge_earlier_(const wedge_thread *a, const wedge_thread *b) {
  return a->ticks != b->ticks ? a->ticks < b->ticks : a->tid < b->tid;
}

static void wedge_sink_(wedge_thread **heap, size_t n, size_t i) {
  for (;;) {
    size_t least = i, child = 2 * i + 1;
    wedge_thread *t;
    if (child < n && wedge_earlier_(heap[child], heap[least])) least = child;
    if (child + 1 < n && wedge_earlier_(heap[child + 1], heap[least])) least = child + 1;
    if (least == i) return;
    t = heap[i];
    heap[i] = heap[least];
    heap[least] = t;
    i = least;
  }
}

/* Threads that were opened since the last look. In a handler there is no more memory: those for which there is no room
 * are written one after another. */
static void wedge_take_threads_(wedge_trace *w, int crashed) {
  wedge_thread *head = WEDGE_LOAD(&w->threads), *t;
  size_t n = 0;
  for (t = head; t != w->seen; t = t->next) n++;
  if (w->nactive + n > w->cap && !crashed) {
    size_t cap = (w->nactive + n) * 2;
    wedge_thread **more = (wedge_thread **)realloc((void *)w->active, cap * sizeof *more);
    if (more == NULL) return; /* at the next look */
    w->active = more;
    w->cap = cap;
  }
  for (t = head; t != w->seen; t = t->next) {
    const wedge_record *r;
    if (w->nactive < w->cap) {
      w->active[w->nactive++] = t;
      continue;
    }
    while ((r = wedge_peek_(w, t, crashed)) != NULL) {
      wedge_put_record_(w, t, r);
      t->read += (size_t)r->words * 8;
    }
  }
  w->seen = head;
}

/* Of those that have ended and were written. */
static void wedge_drop_closed_(wedge_trace *w) {
  size_t i;
  for (i = 0; i < w->nactive;) {
    wedge_thread *t = w->active[i];
    if (!WEDGE_LOAD(&t->closed) || wedge_peek_(w, t, 0) != NULL) {
      i++;
      continue;
    }
    free((void *)t->reading);
    free((void *)WEDGE_SWAP(&t->spare, (wedge_chunk *)NULL));
    t->reading = NULL;
    w->active[i] = w->active[--w->nactive];
  }
}

/* Writes every record of a time up to `until`, in the order of times. Those that have one go to the front of `active`.
 */
static void wedge_drain_(wedge_trace *w, uint64_t until, int crashed) {
  size_t n = 0, i;
  for (i = 0; i < w->nactive; i++) {
    wedge_thread *t = w->active[i];
    const wedge_record *r = wedge_peek_(w, t, crashed);
    if (r == NULL || r->ticks > until) continue;
    t->ticks = r->ticks;
    w->active[i] = w->active[n];
    w->active[n++] = t;
  }
  for (i = n / 2; i-- > 0;) wedge_sink_(w->active, n, i);
  while (n) {
    wedge_thread *t = w->active[0];
    const wedge_record *r = wedge_peek_(w, t, crashed);
    if (!crashed && WEDGE_LOAD(&w->crashed)) return;
    wedge_put_record_(w, t, r);
    t->read += (size_t)r->words * 8;
    r = wedge_peek_(w, t, crashed);
    if (r && r->ticks <= until) {
      t->ticks = r->ticks;
    } else {
      w->active[0] = w->active[--n];
      w->active[n] = t;
    }
    wedge_sink_(w->active, n, 0);
  }
}

static void wedge_write_all_(wedge_trace *w) {
  uint64_t until = wedge_now_(w), since = wedge_mono_ns_();
  for (; !WEDGE_LOAD(&w->closing) && !WEDGE_LOAD(&w->crashed); wedge_sleep_ms_(2)) {
    wedge_take_threads_(w, 0);
    if (wedge_mono_ns_() - since < (uint64_t)WEDGE_TRACE_LAG_MS * 1000000) continue;
    wedge_drain_(w, until, 0);
    if (WEDGE_LOAD(&w->crashed)) break;
    wedge_drop_closed_(w);
    if (w->used) wedge_flush_(w);
    until = wedge_now_(w);
    since = wedge_mono_ns_();
  }
  WEDGE_STORE(&w->parked, 1);
}

#ifdef _WIN32
static DWORD WINAPI wedge_writer_(LPVOID w) {
  wedge_write_all_((wedge_trace *)w);
  return 0;
}
static int wedge_start_(wedge_trace *w) {
  w->writer = CreateThread(NULL, 0, wedge_writer_, w, 0, &w->writer_id);
  return w->writer ? 0 : -1;
}
static void wedge_join_(wedge_trace *w) {
  WaitForSingleObject(w->writer, INFINITE);
  CloseHandle(w->writer);
}
static int wedge_is_writer_(const wedge_trace *w) { return GetCurrentThreadId() == w->writer_id; }
static int wedge_create_(const char *path) {
  return _open(path, _O_WRONLY | _O_CREAT | _O_TRUNC | _O_BINARY | _O_NOINHERIT, _S_IREAD | _S_IWRITE);
}
static int wedge_close_(int fd) { return _close(fd); }
#else
static void *wedge_writer_(void *w) {
  wedge_write_all_((wedge_trace *)w);
  return NULL;
}
static int wedge_start_(wedge_trace *w) {
  int code = pthread_create(&w->writer, NULL, wedge_writer_, w);
  if (code) errno = code;
  return code ? -1 : 0;
}
static void wedge_join_(wedge_trace *w) { pthread_join(w->writer, NULL); }
static int wedge_is_writer_(const wedge_trace *w) { return pthread_equal(pthread_self(), w->writer); }
static int wedge_create_(const char *path) { return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666); }
static int wedge_close_(int fd) { return close(fd); }
#endif

/* -- opening and closing -- */

static void wedge_put_header_(wedge_trace *w, const char *engine, const char *version, const char *title) {
  wedge_put_head_(w, "trace.header", 0, 0, 0);
  WEDGE_PUT(w, ",\"schema\":1");
  WEDGE_KEY(w, "engine");
  wedge_put_str_(w, engine);
  WEDGE_KEY(w, "version");
  wedge_put_str_(w, version);
  WEDGE_KEY(w, "clock");
  WEDGE_PUT(w, "\"host\"");
  WEDGE_KEY(w, "title");
  wedge_put_str_(w, title);
  WEDGE_PUT(w, ",\"escapes\":\"bytes\"}\n");
  w->events = 1;
}

wedge_trace *wedge_trace_open(const char *path, const char *engine, const char *version, const char *title,
                              const wedge_trace_options *options) {
  wedge_trace *w = (wedge_trace *)calloc(1, sizeof *w);
  if (w == NULL) return NULL;
  if (options) {
    w->clock = options->clock;
    w->clock_ctx = options->clock_ctx;
    w->chunk_bytes = options->chunk_bytes;
    w->max_bytes = options->max_bytes;
  }
  if (w->chunk_bytes < 4 * WEDGE_RECORD_MAX) w->chunk_bytes = w->chunk_bytes ? 4 * WEDGE_RECORD_MAX : 65536;
  w->chunk_bytes = (w->chunk_bytes + 7) & ~(size_t)7;
  if (w->max_bytes == 0) w->max_bytes = (size_t)256 << 20;
  w->active = (wedge_thread **)malloc(1024 * sizeof *w->active);
  w->cap = w->active ? 1024 : 0;
  w->fd = wedge_create_(path);
  if (w->fd >= 0) {
    wedge_own_(w);
    wedge_sha_init_(&w->sha);
    wedge_put_header_(w, engine, version, title);
    wedge_flush_(w);
    wedge_calibrate_(w);
  }
  if (w->fd < 0 || wedge_start_(w) != 0) {
    int code = errno;
    if (w->fd >= 0) wedge_close_(w->fd);
    free((void *)w->active);
    free((void *)w);
    errno = code;
    return NULL;
  }
  return w;
}

wedge_thread *wedge_thread_open(wedge_trace *w, uint32_t tid) {
  wedge_thread *t = w ? (wedge_thread *)calloc(1, sizeof *t) : NULL;
  if (t == NULL) return NULL;
  t->tid = tid;
  t->trace = w;
  t->clock = w->clock;
  t->clock_ctx = w->clock_ctx;
  t->reading = wedge_chunk_new_(4 * WEDGE_RECORD_MAX); /* many threads say little */
  if (t->reading == NULL) {
    free((void *)t);
    return NULL;
  }
  wedge_write_to_(t, t->reading);
  t->idx = t->written = tid == 0; /* the header is the first of thread 0 */
#ifdef __cplusplus
  t->next = w->threads.load();
  while (!w->threads.compare_exchange_weak(t->next, t)) {
  }
#else
  t->next = atomic_load(&w->threads);
  while (!atomic_compare_exchange_weak(&w->threads, &t->next, t)) {
  }
#endif
  return t;
}

void wedge_thread_close(wedge_thread *t) {
  if (t) WEDGE_STORE(&t->closed, 1);
}

static void wedge_put_footer_(wedge_trace *w, const char *reason) {
  char digits[65];
  wedge_flush_(w);
  wedge_sha_end_(&w->sha, digits);
  wedge_put_head_(w, "trace.footer", 0, 0, w->last_ns);
  WEDGE_KEY(w, "events");
  wedge_put_u64_(w, w->events);
  WEDGE_KEY(w, "reason");
  wedge_put_str_(w, reason);
  WEDGE_KEY(w, "sha256");
  wedge_put_str_(w, digits);
  WEDGE_PUT(w, "}\n");
  wedge_flush_(w);
}

static void wedge_free_(wedge_trace *w) {
  wedge_thread *t = WEDGE_LOAD(&w->threads);
  while (t) {
    wedge_thread *next = t->next;
    wedge_chunk *c = t->reading;
    while (c) {
      wedge_chunk *after = WEDGE_LOAD(&c->next);
      free((void *)c);
      c = after;
    }
    free((void *)WEDGE_LOAD(&t->spare));
    free((void *)t->sites);
    free((void *)t);
    t = next;
  }
  free((void *)w->active);
  free((void *)w);
}

int wedge_trace_close(wedge_trace *w, const char *reason) {
  int bad;
  if (w == NULL) return 0;
  if (!wedge_is_owner_(w)) {
    wedge_close_(w->fd);
    wedge_free_(w);
    return 0;
  }
  WEDGE_STORE(&w->closing, 1);
  wedge_join_(w);
  if (!WEDGE_LOAD(&w->crashed)) {
    wedge_take_threads_(w, 0);
    wedge_drain_(w, UINT64_MAX, 0);
    wedge_put_footer_(w, reason);
  }
  bad = WEDGE_LOAD(&w->error) != 0;
  if (wedge_close_(w->fd) != 0) bad = 1;
  wedge_free_(w);
  return bad ? -1 : 0;
}

void wedge_trace_crash(wedge_trace *w) {
  int i, was = errno;
  if (w == NULL || !wedge_is_owner_(w) || WEDGE_SWAP(&w->crashed, 1)) return;
  /* The writer stops at its next record. Where it is the one that dies, what it was in the midst of is lost. */
  for (i = 0; i < 500 && !WEDGE_LOAD(&w->parked) && !wedge_is_writer_(w); i++) wedge_sleep_ms_(1);
  if (WEDGE_LOAD(&w->parked)) {
    /* Others go on meanwhile: up to now, so that nothing is written whose cause is not. */
    uint64_t until = w->clock ? UINT64_MAX : WEDGE_TICKS();
    wedge_take_threads_(w, 1);
    wedge_drain_(w, until, 1);
    wedge_flush_(w);
  }
  errno = was;
}

/* -- objects' ids: how many a thread made at each place -- */

typedef struct wedge_sites {
  size_t n, cap;
  struct {
    uint64_t key, count;
  } at[1];
} wedge_sites_;

static uint64_t wedge_mix_(uint64_t h, uint64_t v) {
  h ^= v + 0x9E3779B97F4A7C15u + (h << 6) + (h >> 2);
  h ^= h >> 30;
  h *= 0xBF58476D1CE4E5B9u;
  h ^= h >> 27;
  h *= 0x94D049BB133111EBu;
  return h ^ h >> 31;
}

static size_t wedge_site_(wedge_sites_ *s, uint64_t key) {
  size_t i = (size_t)key & (s->cap - 1);
  while (s->at[i].key && s->at[i].key != key) i = (i + 1) & (s->cap - 1);
  return i;
}

/* Twice as many places; without memory the old ones. */
static void wedge_sites_grow_(wedge_thread *t) {
  struct wedge_sites *old = t->sites, *s;
  size_t cap = old ? old->cap * 2 : 64, i;
  s = (struct wedge_sites *)calloc(1, sizeof *s + cap * sizeof s->at[0]);
  if (s == NULL) return;
  s->cap = cap;
  for (i = 0; old && i < old->cap; i++)
    if (old->at[i].key) s->at[wedge_site_(s, old->at[i].key)] = old->at[i];
  s->n = old ? old->n : 0;
  free((void *)old);
  t->sites = s;
}

uint64_t wedge_object_id(wedge_thread *t, const char *type, uint64_t parent, uint32_t lr) {
  uint64_t key = wedge_mix_(parent, lr), n = 0;
  const char *c;
  for (c = type; *c; c++) key = wedge_mix_(key, (unsigned char)*c);
  key |= 1;
  if (t) {
    size_t i;
    if (t->sites == NULL || t->sites->n * 4 > t->sites->cap * 3) wedge_sites_grow_(t);
    if (t->sites && t->sites->n + 1 < t->sites->cap) {
      i = wedge_site_(t->sites, key);
      if (t->sites->at[i].key == 0) t->sites->n++;
      t->sites->at[i].key = key;
      n = t->sites->at[i].count++;
    }
  }
  return wedge_mix_(key, n);
}

#ifdef __cplusplus
}
#endif
#endif
#endif
