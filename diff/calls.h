// What calls do to objects, threads, locks and time, as the differ, its laws and the rules of hangs know it: one table.
#ifndef WG_DIFF_CALLS_H
#define WG_DIFF_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wg_nt_export;

enum wg_effect { // what a call does that the rules of hangs ask for
  WG_E_UNKNOWN,  // not looked up yet
  WG_E_NONE,
  WG_E_QUERY,
  WG_E_SET,
  WG_E_PULSE,
  WG_E_RELEASE,
  WG_E_UNLOCK,
  WG_E_CLEAR,
  WG_E_SET_AND_WAIT,
  WG_E_ENTER,
  WG_E_TRY,
  WG_E_LEAVE,
  WG_E_RW_ACQUIRE,
  WG_E_RW_RELEASE,
  WG_E_SET_TIMER,
  WG_E_CANCEL_TIMER,
  WG_E_SUSPEND,
  WG_E_RESUME,
  WG_E_QUEUE_APC,
  WG_E_READ,
  WG_E_INIT_DPC,
  WG_E_QUEUE_DPC,
  WG_E_TERMINATE,
  WG_E_FIRMWARE,
  WG_E_SWAP,
  WG_E_INTERRUPTS, // asks for them
  WG_E_CREATE_EVENT,
  WG_E_CREATE_UNSET, // an event that waits leave signalled
  WG_E_CREATE_SEMAPHORE,
  WG_E_CREATE_MUTANT,
  WG_E_CREATE_TIMER,
  WG_E_INIT_EVENT,
  WG_E_INIT_SEMAPHORE,
  WG_E_INIT_MUTANT,
  WG_E_INIT_TIMER,
  WG_E_CREATE_THREAD,
  WG_E_WAIT,     // for its first argument
  WG_E_WAIT_ANY, // for several
  WG_E_DELAY,
};

enum wg_law_op { // what the laws hold it to
  WG_L_NONE,
#define WG_LAW_OP(op, returns) WG_L_##op,
#include "diff/law_ops.def"
};

struct wg_call {
  const char *name;
  uint8_t effect, law; // enum wg_effect, enum wg_law_op
  uint8_t arg;         // which argument says how much, how long or what, as the law's operation says
};

// NULL: nothing of the kind is known of it. Linear: remember the answer.
const struct wg_call *wg_call_of(const char *name);
const struct wg_call *wg_call_row(size_t i); // NULL past the end

// Which of `nargs` arguments limits how long the call waits. False: none does, or it is not told.
bool wg_call_limit(const struct wg_nt_export *nt, size_t nargs, size_t *at);
bool wg_call_endless(const struct wg_nt_export *nt, size_t at, uint64_t value);
// A wait for several objects is for all of them, as its third argument says.
bool wg_call_for_all(const char *name, uint64_t third);
bool wg_call_sleeps(const char *name); // it only waits for time to pass
bool wg_call_spins(const char *name);  // it waits for a lock, with its processor
// Its first argument is a handle.
bool wg_call_by_handle(const struct wg_nt_export *nt, const char *name);

#endif
