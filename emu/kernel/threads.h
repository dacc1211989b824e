// Threads, what executes them, and what they wait for. emu/kernel/thread.c, wait.c.
//
// Ownership: a thread belongs to the table until its object is gone; it owns its APCs and saved registers, a context
// its frames. Guest addresses are 32-bit numbers; times virtual ns; tids count from 1 and are never used again. Errors:
// NULL or false if there is no room, or the NTSTATUS.
#ifndef WG_EMU_THREADS_H
#define WG_EMU_THREADS_H

#include "emu/bus/bus.h"
#include "emu/cpu/cpu.h"
#include "emu/kernel/objects.h"
#include "emu/sched/runq.h"
#include "nt/exports.h"

struct wg_export;
struct wg_frame;

#define WG_RETURN_SENTINEL 0xBCBCBCBCu // LR of a thread's first frame: returning there ends it
#define WG_IRQ_SENTINEL 0xBCBCBCB8u    // LR of an interrupt callback
#define WG_APC_SENTINEL 0xBCBCBCB4u    // LR of a user APC
#define WG_CALL_SENTINEL 0xBCBCBCB0u   // LR of what a kernel call runs
_Static_assert(WG_CALL_SENTINEL >> 12 == WG_RETURNS_PAGE, "and of the other three, which are close by");
static inline bool wg_is_sentinel(uint32_t pc) { return pc % 4 == 0 && pc - WG_CALL_SENTINEL < 16; }

// Which queue of a thread an APC is in: special kernel ones run whenever the thread is at passive level, normal kernel
// ones also need that it is in no critical region and runs no other, user ones an alertable wait.
enum wg_apc_mode { WG_APC_SPECIAL, WG_APC_KERNEL, WG_APC_USER, WG_APC_MODES };

struct wg_apc {
  struct wg_apc *next;
  uint32_t routine, ctx, arg1, arg2; // the normal routine (special: 0) and what it gets
  uint32_t kernel, rundown;          // what runs before it, and instead of it when the thread ends; or 0
  uint32_t kapc;                     // guest KAPC, or 0 for NtQueueApcThread and timers
};

struct wg_apc_queue {
  struct wg_apc *first, *last;
};

struct wg_apc_frame;

// What executes: a thread, or a hardware thread's interrupt context (thread NULL).
struct wg_ctx {
  struct wg_cpu cpu;
  struct wg_thread *thread;
  struct wg_export *call; // the kernel call in progress (blocked or to be retried), or NULL
  uint32_t call_lr;
  uint64_t call_arg[WG_NT_MAX_PARAMS];
  struct wg_frame *frames; // kernel calls that run guest code, the innermost first (emu/kernel/nested.c)
};

// What a call does when its wait has ended, before it returns (rows of `thens` in wait.c).
enum wg_then {
  WG_THEN_RETURN,
  WG_THEN_LOCK_ACQUIRED,
  WG_THEN_PACKET_TAKEN,
  WG_THEN_NONE_READY,
  WG_THEN_REQUEST_OVER,
  WG_THENS
};

struct wg_wait {
  struct wg_link links[64];
  uint32_t count;
  bool all, alertable;
  uint64_t seq;      // identifies this wait for its timeout
  uint64_t since_ns; // virtual time of wait.begin
  int64_t timeout_ns;
  enum wg_then then; // what its call does when it ends
  uint32_t param;    // for that
  uint32_t outputs[3];
};

struct wg_thread {
  struct wg_ctx ctx;
  uint32_t tid;
  uint64_t idx;      // next event's
  uint64_t ancestry; // who made it, and which of those it is: the same in every run
  struct wg_run run;
  struct wg_object *object;
  struct wg_thread *next_dead;
  struct wg_object *owned_first, *owned_last; // mutants
  uint32_t kthread, tls, stack_base, stack_limit;
  uint32_t entry, start_ctx, flags;
  bool system_entry; // entered through the XAPI start routine
  bool started;
  bool service; // works for the system: what it does alone is no progress
  struct wg_wait wait;
  struct wg_apc_queue apcs[WG_APC_MODES];
  struct wg_apc_frame *apc_frames; // APCs that run, the innermost first (emu/kernel/apc.c)
  bool ending;                     // its APCs are run down: it takes no more
  uint8_t irql;                    // while it does not run; else its hardware thread's
  uint32_t exit_code;
};

struct wg_threads {
  struct wg_thread **list; // that exist, by their tids
  size_t n, live;          // `live`: that have not ended
  uint32_t last_tid;
  struct wg_thread *dead;
  uint64_t idx0; // next idx of tid 0
  uint32_t next_stack;
  uint8_t tls_slots[128]; // used
  uint32_t nslots;
  uint32_t process[3]; // KPROCESS of the title, of idle threads, of the system
};

struct wg_irq_call {
  uint32_t fn, args[4];
  uint8_t process_type;
  bool dpc; // args: the KDPC, its context and two arguments
};

// A hardware thread.
struct wg_hw {
  struct wg_runq q;
  uint32_t kpcr;
  uint32_t idle_kthread, idle_tls; // what the KPCR shows when no thread runs here
  uint8_t irql;
  struct wg_ctx irq;
  bool irq_active;
  uint8_t irq_before;          // the IRQL that it has interrupted
  struct wg_irq_call irq_call; // what runs while it is
  uint32_t irq_stack;
  struct wg_irq_call *pending; // the first in first out
  size_t npending, pending_room;
  uint64_t carry; // ns spent beyond the window before
  bool whole;     // the last turn here went to its end: no part of the machine's state, it spares looking (emu/run.c)
};

struct wg_sched {
  struct wg_hw hw[WG_HW_THREADS];
  unsigned cur_hw;
  struct wg_ctx *cur;          // NULL between contexts
  uint64_t instructions;       // of finished turns
  uint64_t events;             // emitted
  uint64_t branches_due;       // effort at which the record of branches is cut next
  uint64_t last_thread_ran_ns; // when a thread, not an interrupt, last ran
};

struct wg_thread_params {
  uint32_t stack_size, xapi_startup, entry, ctx, flags;
};
// Ready, with its first handle, which is told of. `lr`: where the title asked for it. NULL: there are too many threads
// or objects, or no room for its stack.
struct wg_thread *wg_thread_create(struct wg_machine *m, const struct wg_thread_params *p, uint32_t lr,
                                   uint32_t *handle);
void wg_thread_freed(struct wg_machine *m, struct wg_thread *t); // nothing refers to it any more
void wg_threads_reap(struct wg_machine *m);                      // frees those that nothing refers to any more
struct wg_thread *wg_thread_by_tid(const struct wg_machine *m, uint32_t tid); // NULL if it is no more
// With that exit code, once its rundown APCs have run. What it owns is abandoned.
void wg_thread_exit(struct wg_machine *m, struct wg_thread *t, uint32_t code);
void wg_thread_load(struct wg_machine *m, unsigned hw, struct wg_thread *t); // KPCR at a switch
void wg_thread_unload(struct wg_machine *m, unsigned hw);                    // the idle thread's, as on the console
void wg_threads_init(struct wg_machine *m);                                  // what the clock calls for threads
void wg_kernel_init_hw(struct wg_machine *m); // processes, and the KPCR of each hardware thread

struct wg_thread *wg_cur_thread(const struct wg_machine *m); // NULL: an interrupt runs, or nobody
struct wg_thread *wg_thread_of(struct wg_run *r);            // NULL of NULL
void wg_threads_release(struct wg_machine *m);

// Turns of a context (emu/run.c, and tests): from begin to end it is what runs, and time counts its instructions.
void wg_turn_begin(struct wg_machine *m, unsigned hw, struct wg_ctx *ctx);
uint64_t wg_turn_end(struct wg_machine *m); // its instructions

// Into the ready queue of its hardware thread, behind those of its priority.
void wg_ready(struct wg_machine *m, struct wg_thread *t);
// The same for one that runs on hardware thread hw and shall no longer.
void wg_switched_out(struct wg_machine *m, struct wg_thread *t, unsigned hw);
void wg_cut_branches(struct wg_machine *m);                 // ends every packet of recorded branches
void wg_unready(struct wg_machine *m, struct wg_thread *t); // out of its queue
// Waits for its turn on that hardware thread; copied. Too many that wait are a limit that is told.
void wg_interrupt(struct wg_machine *m, unsigned hw, const struct wg_irq_call *call);
void wg_irq_begin(struct wg_machine *m, unsigned hw); // the first that waits
void wg_irq_end(struct wg_machine *m, unsigned hw);   // the IRQL is what it was before
void wg_set_irql(struct wg_machine *m, unsigned hw, uint8_t irql);
void wg_yield(struct wg_machine *m); // the running thread goes to the end of its queue

// waits (emu/kernel/wait.c)
// NTSTATUS: how the wait ended at once; or the call is blocked (k->state), and wg_wait_end gives its result. n is 0 for
// a delay. timeout_ns: 0 does not wait, -1 waits for ever.
uint32_t wg_wait(struct wg_kcall *k, struct wg_object **objects, uint32_t n, bool all, bool alertable,
                 int64_t timeout_ns);
// From now to a LARGE_INTEGER due time, absolute or, if negative, relative; what never comes is far away.
int64_t wg_due_ns(const struct wg_machine *m, int64_t due);
int64_t wg_timeout_arg(struct wg_kcall *k, uint32_t ptr); // ns from now, -1 = infinite
// The signal event alone; returns who signalled, and at which event.
struct wg_who wg_emit_signal(struct wg_machine *m, struct wg_object *o, const char *op, int32_t count,
                             int32_t previous);
// Sets the signal state and wakes whom it satisfies; emits the signal event. Returns the old state.
int32_t wg_signal(struct wg_machine *m, struct wg_object *o, const char *op, int32_t state, int32_t count);
// Ends a wait from outside: `by` names the signal that did, or `how` says "timeout" or "apc".
void wg_wait_end(struct wg_machine *m, struct wg_thread *t, uint32_t status, const char *how, const struct wg_who *by);
// A wait that a kernel APC interrupts, and its call: it ends or goes on when the APC has run.
struct wg_held_wait {
  struct wg_wait wait;
  struct wg_export *call;
  uint32_t call_lr;
  uint64_t call_arg[WG_NT_MAX_PARAMS];
};
struct wg_held_wait *wg_wait_hold(struct wg_machine *m, struct wg_thread *t);             // it is ready then
void wg_wait_again(struct wg_machine *m, struct wg_thread *t, struct wg_held_wait *held); // it runs
void wg_wait_forget(struct wg_machine *m, struct wg_held_wait *held);                     // NULL: nothing

// APCs (emu/kernel/apc.c)
struct wg_apc_frame {
  struct wg_apc_frame *below;
  struct wg_cpu saved;       // what it has interrupted
  struct wg_held_wait *held; // the wait that it has interrupted, or NULL
  struct wg_apc apc;
  enum wg_apc_mode mode;
  bool within_kernel; // it is a normal kernel APC, or one below it is
  enum wg_apc_phase { WG_APC_IN_KERNEL_ROUTINE, WG_APC_IN_ROUTINE, WG_APC_IN_RUNDOWN, WG_APC_PHASES } phase;
  uint8_t irql; // before
};
// False: too many, or the thread ends.
bool wg_queue_apc(struct wg_machine *m, struct wg_thread *t, enum wg_apc_mode mode, const struct wg_apc *apc);
void wg_apcs_free(struct wg_machine *m, struct wg_thread *t); // those that wait and those that run
void wg_apcs_let_go(struct wg_thread *t); // of the objects that they hold, which are gone with their machine
bool wg_user_apc_waits(struct wg_machine *m, struct wg_thread *t);      // for an alertable wait
bool wg_deliver_user_apc(struct wg_machine *m, struct wg_thread *t);    // ends an alertable wait; false: none waits
void wg_deliver_kernel_apcs(struct wg_machine *m, struct wg_thread *t); // those that may run, to a thread that runs
bool wg_rundown_apc(struct wg_machine *m, struct wg_thread *t, uint32_t code); // true: the thread ends after it
// A routine of its innermost APC has returned: the next one, or what it has interrupted, goes on.
void wg_apc_returned(struct wg_machine *m, struct wg_thread *t);
int32_t wg_state_of(struct wg_machine *m, const struct wg_object *o); // SignalState, as the title's memory has it
void wg_wait_timed_out(void *ctx, void *arg, uint64_t token);         // WG_DUE_WAIT
void wg_timer_fired(void *ctx, void *arg, uint64_t token);            // WG_DUE_TIMER

bool wg_timer_start(struct wg_machine *m, struct wg_object *o, int64_t due_ns, uint64_t period_ns); // false: too many
bool wg_timer_cancel(struct wg_machine *m, struct wg_object *o); // true if it was running
void wg_packets_free(struct wg_machine *m, struct wg_object *o); // those that a completion port still holds
// The bodies of enum wg_then; each returns the call's result.
uint64_t wg_lock_acquired(struct wg_machine *m, struct wg_thread *t, uint32_t status);
uint64_t wg_packet_taken(struct wg_machine *m, struct wg_thread *t, uint32_t status);
uint64_t wg_request_over(struct wg_machine *m, struct wg_thread *t, uint32_t status);
uint64_t wg_none_ready(struct wg_machine *m, struct wg_thread *t, uint32_t status);

#endif
