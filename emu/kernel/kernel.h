// The kernel's own view of a machine: threads, objects, handles, waits, exports. Private to emu/.
#ifndef WG_EMU_KERNEL_H
#define WG_EMU_KERNEL_H

#include "base/map.h"
#include "emu/cpu/cpu.h"
#include "emu/kernel/bodies.h"
#include "emu/limits.h"
#include "emu/loader/loader.h"
#include "emu/machine.h"
#include "emu/vfs/vfs.h"

#define WG_HW_THREADS 6
#define WG_RETURN_SENTINEL 0xBCBCBCBCu // LR of a thread's first frame: returning there ends it
#define WG_IRQ_SENTINEL 0xBCBCBCB8u    // LR of an interrupt callback
#define WG_APC_SENTINEL 0xBCBCBCB4u    // LR of a user APC
#define WG_CALL_SENTINEL 0xBCBCBCB0u   // LR of what a kernel call runs
#define WG_POOL_BASE 0x30000000u       // the kernel's own memory
#define WG_POOL_SIZE 0x01000000u

// One guest instruction takes one virtual nanosecond: near what a Xenon hardware thread sustains.
// What a call or a turn of a processor may make the host do for that: no call of an ordinary title comes near it, and
// whatever costs more takes its time.
#define WG_FREE_WORK 4000u
#define WG_CALL_NS 100u          // a kernel call that does not wait takes this long
#define WG_WINDOW_NS 10000u      // the hardware threads are interleaved in windows of this length
#define WG_QUANTUM_NS 20000000u  // of threads of equal priority
#define WG_TIMEBASE_HZ 50000000u // as the reference; see docs/architecture.md
#define WG_VBLANK_NS 16666667u
#define WG_HASH_EVERY 65536u // scheduler windows between links of the state-hash chain

// NTSTATUS values used here (names as in ntstatus.h).
enum {
  STATUS_SUCCESS = 0,
  STATUS_ABANDONED_WAIT_0 = 0x80,
  STATUS_USER_APC = 0xC0,
  STATUS_ALERTED = 0x101,
  STATUS_TIMEOUT = 0x102,
  STATUS_PENDING = 0x103,
  STATUS_OBJECT_NAME_EXISTS = 0x40000000,
};
#define STATUS_DATATYPE_MISALIGNMENT 0x80000002u
#define STATUS_BREAKPOINT 0x80000003u
#define STATUS_NO_MORE_FILES 0x80000006u
#define STATUS_UNSUCCESSFUL 0xC0000001u
#define STATUS_NOT_IMPLEMENTED 0xC0000002u
#define STATUS_INVALID_INFO_CLASS 0xC0000003u
#define STATUS_INFO_LENGTH_MISMATCH 0xC0000004u
#define STATUS_ACCESS_VIOLATION 0xC0000005u
#define STATUS_INVALID_HANDLE 0xC0000008u
#define STATUS_INVALID_PARAMETER 0xC000000Du
#define STATUS_NO_SUCH_FILE 0xC000000Fu
#define STATUS_END_OF_FILE 0xC0000011u
#define STATUS_NO_MEMORY 0xC0000017u
#define STATUS_CONFLICTING_ADDRESSES 0xC0000018u
#define STATUS_UNABLE_TO_FREE_VM 0xC000001Au
#define STATUS_ILLEGAL_INSTRUCTION 0xC000001Du
#define STATUS_ACCESS_DENIED 0xC0000022u
#define STATUS_BUFFER_TOO_SMALL 0xC0000023u
#define STATUS_OBJECT_TYPE_MISMATCH 0xC0000024u
#define STATUS_OBJECT_NAME_INVALID 0xC0000033u
#define STATUS_OBJECT_NAME_NOT_FOUND 0xC0000034u
#define STATUS_OBJECT_NAME_COLLISION 0xC0000035u
#define STATUS_OBJECT_PATH_NOT_FOUND 0xC000003Au
#define STATUS_INVALID_PAGE_PROTECTION 0xC0000045u
#define STATUS_MUTANT_NOT_OWNED 0xC0000046u
#define STATUS_INSUFFICIENT_RESOURCES 0xC000009Au
#define STATUS_MEMORY_NOT_ALLOCATED 0xC00000A0u
#define STATUS_SEMAPHORE_LIMIT_EXCEEDED 0xC0000047u
#define STATUS_INTEGER_DIVIDE_BY_ZERO 0xC0000094u
#define STATUS_SUSPEND_COUNT_EXCEEDED 0xC000004Au
#define STATUS_INVALID_IMAGE_FORMAT 0xC000007Bu
#define STATUS_DISK_FULL 0xC000007Fu
#define STATUS_NOT_SAME_DEVICE 0xC00000D4u
#define STATUS_FILE_IS_A_DIRECTORY 0xC00000BAu
#define STATUS_INVALID_PARAMETER_1 0xC00000EFu
#define STATUS_INVALID_PARAMETER_2 0xC00000F0u
#define STATUS_INVALID_PARAMETER_3 0xC00000F1u
#define STATUS_DIRECTORY_NOT_EMPTY 0xC0000101u
#define STATUS_NOT_A_DIRECTORY 0xC0000103u
#define STATUS_DLL_NOT_FOUND 0xC0000135u
#define STATUS_ENTRYPOINT_NOT_FOUND 0xC0000139u
#define STATUS_DLL_INIT_FAILED 0xC0000142u
#define STATUS_MUTANT_LIMIT_EXCEEDED 0xC0000191u
#define STATUS_DRIVER_ENTRYPOINT_NOT_FOUND 0xC0000263u

// DISPATCHER_HEADER types (docs/console.md#objects).
enum wg_dtype {
  WG_D_NOTIFICATION_EVENT = 0,
  WG_D_SYNCHRONIZATION_EVENT = 1,
  WG_D_MUTANT = 2,
  WG_D_SEMAPHORE = 5,
  WG_D_THREAD = 6,
  WG_D_NOTIFICATION_TIMER = 8,
  WG_D_SYNCHRONIZATION_TIMER = 9,
};

enum wg_otype { // rows of otype_names in object.c
  WG_O_EVENT,
  WG_O_SEMAPHORE,
  WG_O_MUTANT,
  WG_O_TIMER,
  WG_O_THREAD,
  WG_O_FILE,
  WG_O_MODULE,
  WG_O_CRITICAL_SECTION,
  WG_O_IO_COMPLETION,
  WG_O_SYMBOLIC_LINK,
  WG_O_NOTIFY_LISTENER,
  WG_O_ENUMERATOR,
  WG_O_OTHER,
};

struct wg_thread;
struct wg_kcall;

// Who did something to an object, for the wedge report and satisfied_by.
struct wg_who {
  bool set;
  uint32_t tid;
  uint64_t idx;
  uint64_t ns;
  uint32_t lr;
};

struct wg_object {
  enum wg_otype type;
  uint32_t refs;           // all that hold it (object.c)
  uint32_t handles;        // of these, handles
  uint32_t guest_refs;     // and what the title has taken by ObReference* and its kin
  uint32_t pointer_handle; // a handle that the title does not know: it got a pointer, and gives that back
  size_t at;               // in m->objects
  uint64_t hsid;
  char *name;                       // full guest name, or NULL
  uint32_t guest;                   // dispatcher header in guest memory; 0 for objects that cannot be waited for
  bool in_guest;                    // a Ke* object that the title placed in its own memory: no handle made it
  struct wg_who created, signalled; // signalled: the last one
  uint64_t signals;
  struct wg_link *first, *last; // waiters, in the order of their waits
  size_t nwaiters;
  struct wg_thread *owner;                      // of a mutant
  uint32_t owner_tid;                           // of a mutant or critical section, for reports
  struct wg_object *owned_before, *owned_after; // its owner's others
  struct wg_object *before, *after;             // in_guest: in the order in which they became known
  struct wg_object *next_dead;
  struct wg_thread *thread;
  struct wg_file *file;
  uint64_t timer_seq; // identifies the scheduled expiry; 0 = none
  uint64_t timer_period_ns;
  uint32_t timer_apc, timer_apc_ctx, timer_dpc;
  struct wg_object *timer_thread; // the thread that receives timer_apc; held
  void *packets, *last_packet;    // of an I/O completion object
  uint64_t mask;                  // of a notification listener: the areas that it hears of
  void *items;                    // of a listener or an enumerator, item_size each
  size_t nitems, next_item, items_held;
  uint32_t item_size, most; // `most`: items that an enumerator gives at once
};

struct wg_apc {
  struct wg_apc *next;
  uint32_t routine, ctx, arg1, arg2;
  uint32_t kapc; // guest KAPC, or 0 for NtQueueApcThread and timers
};

// What executes: a thread, or a hardware thread's interrupt context (thread NULL).
struct wg_ctx {
  struct wg_cpu cpu;
  struct wg_thread *thread;
  struct wg_export *call; // the kernel call in progress (blocked or to be retried), or NULL
  uint32_t call_lr;
  uint64_t call_arg[WG_NT_MAX_PARAMS];
};

// What a call that runs guest code leaves for when that returns. It belongs to the frame of that call alone, which
// says whose it is; the body checks that it is of its own kind nevertheless (wg_resumed).
struct wg_resume {
  enum { WG_RESUME_SEH, WG_RESUME_STARTS, WG_RESUME_UNLOAD } is;
  void (*release)(struct wg_machine *m, struct wg_resume *r); // what it holds, not itself; or NULL
};

enum wg_tstate { WG_T_READY, WG_T_RUNNING, WG_T_WAITING, WG_T_EXITED };

// A thread's place among the waiters of an object.
struct wg_link {
  struct wg_object *o;
  struct wg_thread *t;
  struct wg_link *before, *after;
};

struct wg_wait {
  struct wg_link links[64];
  uint32_t count;
  bool all, alertable;
  uint64_t seq;      // identifies this wait for its timeout
  uint64_t since_ns; // virtual time of wait.begin
  int64_t timeout_ns;
  // Called when the wait ends, before the call returns; returns the call's result.
  uint64_t (*complete)(struct wg_machine *m, struct wg_thread *t, uint32_t status);
  uint32_t param; // for `complete`
  uint32_t outputs[3];
};

struct wg_thread {
  struct wg_ctx ctx;
  uint32_t tid;
  uint64_t idx; // next event's
  uint64_t sem_id;
  enum wg_tstate state;
  uint32_t suspend;
  bool queued;  // in a ready queue
  int priority; // 0..31
  unsigned hw;
  uint32_t affinity;
  uint64_t quantum_left;
  uint64_t last_ns;  // of its latest event
  uint64_t ready_ns; // when it became ready: it cannot run before that
  struct wg_object *object;
  struct wg_thread *next, *prev; // in a ready queue
  struct wg_thread *next_dead;
  struct wg_object *owned_first, *owned_last; // mutants
  uint32_t kthread, tls, stack_base, stack_limit;
  uint32_t entry, start_ctx, flags;
  bool system_entry; // entered through the XAPI start routine
  bool started;
  bool service; // works for the system: what it does alone is no progress
  struct wg_wait wait;
  struct wg_apc *apcs, *last_apc;
  struct wg_cpu *apc_saved; // registers to restore when the running APC returns
  struct wg_frame *frames;  // kernel calls that run guest code, the innermost first (emu/kernel/nested.c)
  uint32_t exit_code;
};

// A render-driver client (emu/kernel/audio.c): a thread that is called for every frame.
struct wg_audio_client {
  struct wg_thread *thread; // NULL: free
  uint64_t token;           // of its next frame's due time; 0: its callback runs
  uint64_t start_ns, frames;
};

struct wg_irq_call {
  uint32_t fn, args[4];
  uint8_t process_type;
};

struct wg_hw {
  struct wg_thread *current;
  struct wg_thread *head[32], *tail[32]; // ready queues by priority
  uint32_t kpcr;
  uint32_t idle_kthread, idle_tls; // what the KPCR shows when no thread runs here
  uint8_t irql;
  struct wg_ctx irq;
  bool irq_active;
  struct wg_irq_call irq_call; // what runs while it is
  uint32_t irq_stack;
  struct wg_irq_call pending[64];
  size_t npending;
  uint64_t used;  // ns of the current window already spent
  uint64_t carry; // ns spent beyond the window before
};

// A due time, ordered by (when, seq).
struct wg_due {
  uint64_t when, seq;
  void (*fire)(struct wg_machine *m, void *arg, uint64_t token);
  void *arg;
  uint64_t token;
  bool counts; // keeps the machine alive: something that can wake a thread
};

// What runs for an export.
struct wg_impl {
  const char *name;
  uint64_t (*fn)(struct wg_kcall *k);
};

struct wg_export {
  const char *module, *name;
  uint16_t ordinal;
  char kind;                  // F function, V variable
  char ret;                   // letters of nt/exports.h
  const char *params;         // likewise; "" if nobody knows them
  const struct wg_impl *impl; // NULL: there is no body
  uint32_t calls_unimplemented;
  bool unknown;     // in no list: made for an import
  uint32_t address; // of a variable's memory, once allocated
};

enum wg_kstate { WG_CALL_DONE, WG_CALL_BLOCKED, WG_CALL_RETRY, WG_CALL_NO_RETURN };

struct wg_kcall {
  struct wg_machine *m;
  struct wg_ctx *ctx;
  struct wg_cpu *cpu;
  struct wg_thread *thread; // NULL in an interrupt
  uint32_t lr;
  uint64_t arg[WG_NT_MAX_PARAMS];
  enum wg_kstate state;
  bool fault;             // no call: a fault's handlers run
  bool resumed;           // the guest code that it ran has returned:
  struct wg_resume *data; // what it gave wg_call_guest
  uint64_t result;        // r3
};

// What the call in progress has written to guest memory (emu/kernel/outputs.c). Empty between calls: no state.
struct wg_written {
  uint32_t at, n;
};
struct wg_outputs {
  bool on;
  uint32_t told; // parameters whose output is in out{} already, as bits
  unsigned n;
  struct wg_written written[128];
};

// Which handles are taken: a bitmap, which of its words are full, and which of those.
struct wg_slots {
  uint64_t taken[4096], full[64], fuller;
};

// Free blocks of the pool by size class, the last freed first. The guest's memory says nothing about them.
struct wg_blocks {
  uint32_t *at;
  size_t n, cap;
};

struct wg_machine {
  struct wg_config cfg;
  struct wg_observer observer;
  struct wg_mem *mem;
  struct wg_code *code;
  struct wg_vfs *vfs;
  struct wg_gpu *gpu;
  struct wg_image image;
  struct wg_title_digests digests;
  bool from_image; // the title is in a disc image
  struct wg_hw hw[WG_HW_THREADS];
  unsigned cur_hw;
  struct wg_ctx *cur; // NULL between contexts
  uint64_t cur_start; // cycle of `cur` when its turn began
  uint64_t now;
  struct wg_thread **threads; // that exist, by their tids
  size_t nthreads, live;      // `live`: that have not ended
  uint32_t last_tid;
  struct wg_thread *dead_threads;
  uint64_t idx0;      // next idx of tid 0
  struct wg_due *due; // a heap, the next first
  size_t ndue, due_room, ncounting;
  struct wg_map due_at; // token -> place in it
  uint64_t next_seq;
  uint64_t instructions; // of finished turns
  uint64_t windows, events;
  uint64_t branches_due;       // effort at which the record of branches is cut next
  uint64_t last_thread_ran_ns; // virtual time at which a thread, not an interrupt, last ran
  uint64_t hash;
  uint64_t *chain;
  size_t nchain;
  bool stopped;
  bool cut_short;     // in the midst of a kernel call:
  const char *within; // that
  enum wg_end end;
  bool observer_stopped;
  struct wg_buf report;
  bool kfault; // the kernel was handed a pointer that cannot be accessed
  uint32_t kfault_addr;
  // objects
  struct wg_object **objects; // every live object
  size_t nobjects, objects_room;
  struct wg_object *dead;                     // freed at the end of the window
  struct wg_object *guest_first, *guest_last; // in guest memory
  size_t nguest_objects;
  struct wg_object **handles; // slots
  size_t nhandles;
  struct wg_slots slots;
  struct wg_map named;    // hash of type and name -> object
  struct wg_map by_guest; // dispatcher address -> object
  struct wg_map ordinals; // creation counters behind the hsids
  uint64_t nordinals, ordinals_beyond;
  // what the run keeps and does, against its bounds
  uint64_t limits[WG_LIMITS]; // how often each was met
  size_t held, nframes, napcs, npackets, ntimers, nlisteners, ndialogs;
  uint64_t work;       // of the call or turn in progress (wg_work)
  uint64_t look_work;  // of it, when somebody is asked next whether to go on
  struct wg_poll poll; // asks him, for long work
  // exports
  struct wg_export *exports;
  size_t nexports;
  struct wg_map by_name; // hash of "module!name" -> index
  // memory pools
  uint32_t pool_next, pool_end;
  struct wg_blocks pool_free[20];
  struct wg_map pool_sizes; // address -> class and owner
  struct wg_module **modules;
  size_t nmodules;
  unsigned linking;                           // modules within modules that are being linked
  uint32_t xex_header, ldr_entry, process[3]; // the title's
  bool filled;                                // exported variables have their values
  uint32_t next_stack;
  uint8_t tls_slots[128]; // used
  uint32_t nslots;
  uint64_t frames;
  struct wg_pad {
    struct wg_pad_state state;
    uint32_t packet;  // counts changes
    uint16_t pressed; // as XamInputGetKeystroke has told
  } pads[4];
  size_t next_input; // of the script
  struct wg_xam *xam;
  struct wg_audio_client audio[8];
  uint32_t xma_base, xma_current; // of the 320 contexts, once there are any
  uint8_t xma_used[320 / 8];
  struct wg_buf out; // JSON of the call's out{}
  struct wg_outputs outputs;
};

// events (emu/kernel/emit.c)
void wg_emit_init(struct wg_machine *m, struct wg_event *e, enum wg_kind kind);
uint64_t wg_emit(struct wg_machine *m, struct wg_event *e); // returns the idx it got
uint64_t wg_now(const struct wg_machine *m);                // virtual time, within the current turn too
void wg_stop(struct wg_machine *m, enum wg_end end);
void wg_exception(struct wg_machine *m, struct wg_cpu *cpu, const char *cause); // ends the run
void wg_emit_exception(struct wg_machine *m, const struct wg_cpu *cpu, const char *cause, bool dispatched);
struct wg_thread *wg_cur_thread(const struct wg_machine *m);

// scheduler (emu/sched/sched.c)
void wg_ready(struct wg_machine *m, struct wg_thread *t);
void wg_unready(struct wg_machine *m, struct wg_thread *t);
uint64_t wg_after(struct wg_machine *m, uint64_t when, bool counts, void (*fire)(struct wg_machine *, void *, uint64_t),
                  void *arg); // returns its token
void wg_cancel(struct wg_machine *m, uint64_t token);
void wg_interrupt(struct wg_machine *m, unsigned hw, const struct wg_irq_call *call);
void wg_set_irql(struct wg_machine *m, unsigned hw, uint8_t irql);
void wg_cut_branches(struct wg_machine *m); // ends every packet of recorded branches
void wg_yield(struct wg_machine *m);        // the running thread goes to the end of its queue
uint64_t wg_timebase(const struct wg_machine *m);
uint64_t wg_system_time(const struct wg_machine *m); // 100 ns since 1601

// exceptions (emu/kernel/seh.c)
// What a body returns that raises, as RtlRaiseStatus does at its caller, and again when it is resumed.
uint64_t wg_raise_status(struct wg_kcall *k, uint32_t status);

// bounds (emu/kernel/limits.c)
void wg_limit(struct wg_machine *m, enum wg_limit which); // this one was met
bool wg_hold(struct wg_machine *m, size_t n);             // n bytes more of the title's are kept; false: too many
void wg_unhold(struct wg_machine *m, size_t n);
// Asks whether to go on: a call that takes the host long does so now and then, between pieces of its work. If not, the
// call ends unfinished: false from then on, nothing is emitted any more, and guest memory reads as faulty, which ends
// most loops.
bool wg_look(struct wg_machine *m);
// Virtual ns that the work since the last time costs: what goes beyond the usual.
uint64_t wg_work_due(struct wg_machine *m);
// The host has done work that takes it about n ns.
static inline void wg_work(struct wg_machine *m, uint64_t n) {
  m->work += n;
  if (m->work >= m->look_work) wg_look(m);
}

// objects (emu/kernel/object.c)
struct wg_object *wg_object_new(struct wg_machine *m, enum wg_otype type, uint32_t lr); // with one reference
bool wg_object_room(struct wg_machine *m);                                              // for one more with a handle
// The same with a dispatcher header of that many bytes in the pool (0: none), if there is room; else NULL.
struct wg_object *wg_object_make(struct wg_kcall *k, enum wg_otype type, uint32_t header, uint32_t *status);
struct wg_object *wg_object_adopt(struct wg_machine *m, enum wg_otype type, uint32_t addr, uint32_t lr);
void wg_object_unref(struct wg_machine *m, struct wg_object *o);
void wg_object_reference(struct wg_object *o); // one for the title, which ObDereferenceObject gives back
void wg_object_free(struct wg_object *o);      // its memory
void wg_objects_reap(struct wg_machine *m);    // frees what has died, threads too: no call may be in progress
bool wg_object_name(struct wg_machine *m, struct wg_object *o, const char *name);
void wg_object_has_handles(struct wg_machine *m, const struct wg_object *o, bool has);
void wg_object_own(struct wg_object *o, struct wg_thread *t);

// handles (emu/kernel/handle.c)
bool wg_handle_room(struct wg_machine *m);
uint32_t wg_handle_new(struct wg_machine *m, struct wg_object *o);      // there is room
struct wg_object *wg_handle_get(struct wg_machine *m, uint32_t handle); // NULL if none
uint32_t wg_handle_close(struct wg_machine *m, uint32_t handle);
// The object behind a dispatcher header in guest memory, adopted at first sight.
struct wg_object *wg_object_at(struct wg_machine *m, uint32_t addr, uint32_t lr);
struct wg_object *wg_object_named(struct wg_machine *m, enum wg_otype type, const char *name);
const char *wg_otype_name(enum wg_otype type);
uint64_t wg_ordinal(struct wg_machine *m, uint64_t key); // counts up from 0 for each key

// Ties an object to its dispatcher header (or critical section) in guest memory.
void wg_object_place(struct wg_machine *m, struct wg_object *o, uint32_t addr);
struct wg_object *wg_object_placed(const struct wg_machine *m, uint32_t addr); // NULL if none is there

// waits (emu/kernel/wait.c)
uint32_t wg_wait(struct wg_kcall *k, struct wg_object **objects, uint32_t n, bool all, bool alertable,
                 int64_t timeout_ns);
// From now to a LARGE_INTEGER due time, absolute or, if negative, relative; what never comes is far away.
int64_t wg_due_ns(const struct wg_machine *m, int64_t due);
int64_t wg_timeout_arg(struct wg_kcall *k, uint32_t ptr); // ns from now, -1 = infinite
struct wg_who wg_emit_signal(struct wg_machine *m, struct wg_object *o, const char *op, int32_t count,
                             int32_t previous);
// Sets the signal state and wakes whom it satisfies; emits the signal event. Returns the old state.
int32_t wg_signal(struct wg_machine *m, struct wg_object *o, const char *op, int32_t state, int32_t count);
// Ends a wait from outside: `by` names the signal that did, or `how` says "timeout" or "apc".
void wg_wait_end(struct wg_machine *m, struct wg_thread *t, uint32_t status, const char *how, const struct wg_who *by);
bool wg_queue_apc(struct wg_machine *m, struct wg_thread *t, const struct wg_apc *apc); // false: too many
void wg_apcs_free(struct wg_machine *m, struct wg_thread *t);
bool wg_deliver_apc(struct wg_machine *m, struct wg_thread *t);
void wg_apc_returned(struct wg_machine *m, struct wg_thread *t);
int32_t wg_state_of(struct wg_machine *m, const struct wg_object *o);

bool wg_queue_dpc(struct wg_machine *m, uint32_t dpc, uint32_t arg1, uint32_t arg2); // false: it is queued already
bool wg_timer_start(struct wg_machine *m, struct wg_object *o, int64_t due_ns, uint64_t period_ns); // false: too many
bool wg_timer_cancel(struct wg_machine *m, struct wg_object *o); // true if it was running
void wg_emit_handle(struct wg_machine *m, enum wg_kind kind, uint32_t raw, const struct wg_object *o, uint32_t dup_of);
uint32_t wg_handle_publish(struct wg_machine *m, struct wg_object *o); // wg_handle_new and its event
void wg_packets_free(struct wg_machine *m, struct wg_object *o);
bool wg_name_matches(const char *pattern, const char *name, uint64_t *steps); // adds what it did to *steps
void wg_file_close(struct wg_machine *m, struct wg_object *o);

// threads (emu/kernel/thread.c)
struct wg_thread_params {
  uint32_t stack_size, xapi_startup, entry, ctx, flags;
};
struct wg_thread *wg_thread_create(struct wg_machine *m, const struct wg_thread_params *p, uint32_t lr,
                                   uint32_t *handle);
void wg_thread_freed(struct wg_machine *m, struct wg_thread *t); // nothing refers to it any more
void wg_threads_reap(struct wg_machine *m);
void wg_thread_free(struct wg_machine *m, struct wg_thread *t);               // its memory
struct wg_thread *wg_thread_by_tid(const struct wg_machine *m, uint32_t tid); // NULL if it is no more
void wg_thread_exit(struct wg_machine *m, struct wg_thread *t, uint32_t code);
void wg_thread_load(struct wg_machine *m, unsigned hw, struct wg_thread *t); // KPCR at a switch
void wg_thread_unload(struct wg_machine *m, unsigned hw);
void wg_kernel_init_hw(struct wg_machine *m);

int wg_xam_create(struct wg_machine *m, struct wg_err *err); // finds the content (emu/kernel/xam_content.c)
void wg_xam_free(struct wg_xam *x);
void wg_dialog_emit(struct wg_machine *m, const struct wg_input_change *c, bool scripted);
void wg_input_start(struct wg_machine *m); // waits for the next change of the input script (emu/kernel/input.c)

// guest code within kernel calls (emu/kernel/nested.c)
// The body returns at once and is entered again, with k->resumed and its own arguments, when `fn` has returned. `data`
// begins with a wg_resume and is from malloc; it is handed back then, or released if the thread ends before.
void wg_call_guest(struct wg_kcall *k, uint32_t fn, const uint32_t *args, unsigned n, struct wg_resume *data);
// The same with its stack below an address, not below the caller's.
void wg_call_guest_below(struct wg_kcall *k, uint32_t below, uint32_t fn, const uint32_t *args, unsigned n,
                         struct wg_resume *data);
// The same for a thread that has not begun: wg_modules_next hears of its return.
void wg_call_first(struct wg_machine *m, struct wg_thread *t, uint32_t fn, const uint32_t *args, unsigned n,
                   struct wg_resume *data);
void wg_guest_returned(struct wg_machine *m, struct wg_thread *t);
void wg_guest_abandon(struct wg_machine *m, struct wg_thread *t);
void wg_resume_free(struct wg_machine *m, struct wg_resume *r);
// What this call left, which is of that kind; NULL: the run ends.
struct wg_resume *wg_resumed(struct wg_kcall *k, int is);
// The call that a frame is in (NULL: none) and where it was called from; the frame below.
const struct wg_export *wg_frame_call(const struct wg_frame *f, uint32_t *lr, const struct wg_frame **below);

// faults (emu/kernel/seh.c)
struct wg_fault {
  const char *cause;
  uint32_t code, n, info[2]; // NTSTATUS and the exception record's parameters
};
// What the processor stopped at: an exception for the title's handlers if a frame on the stack has one, else the run's
// end.
void wg_fault(struct wg_machine *m, struct wg_ctx *ctx, const struct wg_fault *f);
void wg_fault_returned(struct wg_machine *m, struct wg_thread *t, struct wg_resume *data, uint64_t result);

// modules (emu/kernel/module.c)
struct wg_module {
  const struct wg_image *image; // NULL: one of the console's own
  struct wg_image own;          // what `image` is, but for the title
  char *name, *path;            // "plugin.dll", "game:\\plugin.dll"
  uint32_t ldr, header;         // loader data entry, its handle; the guest's copy of the header
  uint32_t names[2];            // path and name there
  uint32_t loads;               // by the title
  uint32_t uses;                // by other modules
  uint32_t pins;                // by those, and by calls that go on later: its memory stays while there are any
  struct wg_module **deps;      // that it imports from
  size_t ndeps;
  bool placed, started, leaving, gone;
};
enum { WG_DLL_PROCESS_DETACH = 0, WG_DLL_PROCESS_ATTACH = 1 };
const char *wg_leaf(const char *path);
int wg_module_title(struct wg_machine *m, const char *name, struct wg_err *err);
void wg_modules_free(struct wg_machine *m);
struct wg_module *wg_module_named(struct wg_machine *m, const char *name); // loaded already, or the console's; or NULL
struct wg_module *wg_module_at(const struct wg_machine *m, uint32_t handle);
struct wg_module *wg_module_containing(const struct wg_machine *m, uint32_t addr);
// Address of an export: by name if that is not NULL; 0 if there is none.
uint32_t wg_module_symbol(struct wg_machine *m, const struct wg_module *x, uint16_t ordinal, const char *name);
// NTSTATUS; `err` says why not. `importer` may be NULL. The module is linked, but not started.
uint32_t wg_module_load(struct wg_machine *m, const char *name, const struct wg_module *importer,
                        struct wg_module **out, struct wg_err *err);
uint32_t wg_module_from(struct wg_machine *m, const char *path, const void *data, size_t n, struct wg_module **out,
                        struct wg_err *err);
// The start-up functions that it and its dependencies still need, for wg_module_next: 0 after the last.
struct wg_resume *wg_module_starts(struct wg_module *x);
struct wg_module *wg_module_starting(const struct wg_resume *starts);
uint32_t wg_module_next(struct wg_resume *starts, uint32_t args[3]);
void wg_modules_next(struct wg_machine *m, struct wg_thread *t, struct wg_resume *starts);
// Its unloading goes on when it has been told.
struct wg_resume *wg_module_leaving(struct wg_module *x);
struct wg_module *wg_module_left(const struct wg_resume *leaving);
void wg_module_loaded(struct wg_machine *m, struct wg_module *x);  // one user more
bool wg_module_release(struct wg_machine *m, struct wg_module *x); // one less: true if nobody is left
bool wg_module_unused(const struct wg_module *x);
void wg_module_unload(struct wg_machine *m, struct wg_module *x);

// audio (emu/kernel/audio.c)
void wg_audio_forget(struct wg_machine *m, const struct wg_thread *t); // it has ended
bool wg_audio_again(struct wg_machine *m, struct wg_thread *t);        // a callback returned; false if it was none
uint32_t wg_xma_read(struct wg_machine *m, uint32_t addr);
void wg_xma_write(struct wg_machine *m, uint32_t addr, uint32_t value);

// calls (emu/kernel/call.c)
int wg_exports_init(struct wg_machine *m);
struct wg_export *wg_export_find(struct wg_machine *m, const char *module, uint16_t ordinal);
// For an import that no list names: recorded and warned of like any other that is not implemented.
struct wg_export *wg_export_unknown(struct wg_machine *m, const char *module, uint16_t ordinal, bool function);
uint32_t wg_export_index(const struct wg_machine *m, const struct wg_export *x);
void wg_kernel_call(struct wg_machine *m, struct wg_ctx *ctx);
void wg_kernel_again(struct wg_machine *m, struct wg_ctx *ctx); // the call that is in progress, from its beginning
// The same from where it runs on, with its arguments and what the guest code that it ran has returned.
void wg_kernel_resume(struct wg_machine *m, struct wg_ctx *ctx, const uint64_t *arg, struct wg_resume *data,
                      uint64_t result);
void wg_kernel_return(struct wg_machine *m, struct wg_ctx *ctx, uint64_t rv);
// Adds to the out{} of the call's return event.
#define wg_out(k) (&(k)->m->out)

// what a call writes for its caller (emu/kernel/outputs.c)
void wg_outputs_begin(struct wg_kcall *k, const char *params);
void wg_outputs_note(struct wg_outputs *o, uint32_t at, uint32_t n);
void wg_outputs_end(struct wg_kcall *k, const char *params);
// Writes a value through a pointer, unless that is NULL, and names it in out{}.
void wg_out_u32(struct wg_kcall *k, uint32_t at, const char *key, uint32_t v); // in hexadecimal
void wg_out_u64(struct wg_kcall *k, uint32_t at, const char *key, uint64_t v);
void wg_out_i32(struct wg_kcall *k, uint32_t at, const char *key, int32_t v); // in decimal
void wg_out_time(struct wg_kcall *k, uint32_t at, uint64_t v);                // 100 ns since 1601, as "time"
// What a parameter's pointer leads to is in out{} already, or must not be (times, addresses).
void wg_told(struct wg_kcall *k, uint32_t at);

// guest memory from kernel code: a bad pointer is remembered and stops the run after the call
uint64_t wg_kr(struct wg_machine *m, uint32_t addr, unsigned size);
void wg_kw(struct wg_machine *m, uint32_t addr, unsigned size, uint64_t v);
#define KR32(k, addr) ((uint32_t)wg_kr((k)->m, (uint32_t)(addr), 4))
#define KW32(k, addr, v) wg_kw((k)->m, (uint32_t)(addr), 4, (uint64_t)(v))
uint8_t *wg_kptr(struct wg_machine *m, uint32_t addr, uint32_t len, bool write); // NULL if bad
void wg_kstr(struct wg_machine *m, uint32_t addr, struct wg_buf *out);           // NUL-terminated
void wg_kwstr(struct wg_machine *m, uint32_t addr, struct wg_buf *out);          // to one byte a unit
void wg_kansi(struct wg_machine *m, uint32_t addr, struct wg_buf *out);          // ANSI_STRING
// A title can free what it has allocated, not what the kernel has.
enum wg_pool_owner { WG_POOL_TITLE, WG_POOL_KERNEL };
uint32_t wg_pool_alloc(struct wg_machine *m, uint32_t size, enum wg_pool_owner owner); // zeroed; 0 if there is no room
void wg_pool_free(struct wg_machine *m, uint32_t addr, enum wg_pool_owner owner);
void wg_pool_release(struct wg_machine *m);
uint32_t wg_variable(struct wg_machine *m, struct wg_export *x); // its memory, made at first use
void wg_fill_variable(struct wg_machine *m, struct wg_export *x);

#define A(i) ((uint32_t)k->arg[i])

// Random bytes of a stream that every run repeats, like everything else that a title can see; `p` may be NULL.
void wg_random(struct wg_machine *m, uint64_t stream, uint8_t *p, uint32_t n);

#endif
