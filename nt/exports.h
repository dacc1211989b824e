// What is known of the console kernel's exports: one row each (nt/exports.def). Data, no behaviour; static, never
// freed.
#ifndef WG_NT_EXPORTS_H
#define WG_NT_EXPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a call does beside its result, as bits. None says that nothing of it is known to matter.
enum wg_nt_flag {
  WG_NT_SIGNALS = 1u << 0,      // can end a wait, at once or later (timers, APCs)
  WG_NT_CLOSES = 1u << 1,       // gives up a handle or a reference
  WG_NT_FREES = 1u << 2,        // gives up memory or a slot
  WG_NT_ALLOCATES = 1u << 3,    // gets memory or a slot
  WG_NT_QUERY = 1u << 4,        // reads, or computes in the caller's memory: no effect on the kernel's state
  WG_NT_WAITS = 1u << 5,        // may block
  WG_NT_CREATES = 1u << 6,      // makes a handle or an object
  WG_NT_LOCK = 1u << 7,         // the first half of a balanced pair: critical sections, spin locks, critical regions,
  WG_NT_UNLOCK = 1u << 8,       // IRQL, read/write locks; the second half
  WG_NT_TIME = 1u << 9,         // result or output is a time or a clock
  WG_NT_CONSEQUENCE = 1u << 10, // reports rather than causes: messages, error codes, exceptions
  WG_NT_RESETS = 1u << 11,      // takes a signal back: clear, reset, pulse, cancel
  WG_NT_OPENS = 1u << 12,       // takes a path
  WG_NT_TELLS = 1u << 13,       // each call of it that succeeds tells of what it did, in a trace of Wedge's
};

// What of it this kernel has. A variable is IMPLEMENTED if it has a value here, else it is memory of zeros.
enum wg_nt_status {
  WG_NT_NONE,        // nothing
  WG_NT_CONSTANT,    // answers a fixed value
  WG_NT_PARTIAL,     // some of its cases, or without its effect on the world (network, sound, vibration)
  WG_NT_IMPLEMENTED, // what the console does, as far as a title can see
};

// What the reference emulator has.
enum wg_nt_reference { WG_NT_REF_NONE, WG_NT_REF_STUB, WG_NT_REF_SKETCHY, WG_NT_REF_IMPLEMENTED };

#define WG_NT_MAX_PARAMS 13

// params: one letter a parameter, or "?" alone if nobody knows them. Of a printf-like function the fixed ones.
//   d  32-bit value, flags, size: compared exactly      q  64-bit value
//   p  pointer to guest memory: the allocation counts   P  pointer that the call writes through
//   h  handle                                           H  pointer to a handle that the call writes
//   O  dispatcher object or lock in guest memory        f  pointer to code
//   a  ANSI_STRING*   o  OBJECT_ATTRIBUTES*             s  char*   w  wide char*
//   t  LARGE_INTEGER timeout*                           T  64-bit time value
//   m  milliseconds to wait, all ones for ever
//   x  the caller's own context value: pointer or number
//   e  what is put on a list of several: which one it is goes by who came first
//   n  slot of thread-local storage: each engine numbers them; all ones: none
// ret: S NTSTATUS, d 32-bit value, b boolean, p pointer, h handle, v none, T time or counter, x and n as above, ?
// unknown.
#define WG_NT_PARAM_LETTERS "dqpPhHOfaoswtmTxen"
#define WG_NT_RET_LETTERS "SdbphvTxn?"

struct wg_nt_export {
  const char *module, *name; // "xboxkrnl.exe", "xam.xex" or "xbdm.xex"
  uint16_t ordinal;
  char kind; // F function, V variable
  const char *params;
  char ret;
  unsigned flags; // of enum wg_nt_flag
  enum wg_nt_status status;
  enum wg_nt_reference reference;
};

// By name, which need not end with a NUL; names are unique over the modules. NULL: no such export. O(1).
const struct wg_nt_export *wg_nt_find(const char *name, size_t n);
// By module ("xam.xex") and ordinal; NULL: no such export.
const struct wg_nt_export *wg_nt_at(const char *module, uint16_t ordinal);
// In the order of modules and ordinals; NULL past the end.
const struct wg_nt_export *wg_nt_row(size_t i);
size_t wg_nt_index(const struct wg_nt_export *x); // the i of wg_nt_row
// How many parameters are known: 0 for "?".
size_t wg_nt_nparams(const struct wg_nt_export *x);
// Whether a thread can be made to call it besides what it calls: it has a body, signals or takes back, and returns at
// once.
bool wg_nt_acts_at_once(const struct wg_nt_export *x);
const char *wg_nt_status_word(enum wg_nt_status s);       // "implemented", "partial", "constant", "none"
const char *wg_nt_reference_word(enum wg_nt_reference r); // "implemented", "stub", "sketchy", "none"

// The name of an NTSTATUS, as in ntstatus.h: "STATUS_OBJECT_NAME_NOT_FOUND"; NULL if no row has it.
const char *wg_nt_status_name(uint32_t status);
// The status of a name of n bytes; false if there is none.
bool wg_nt_status_value(const char *name, size_t n, uint32_t *status);

#endif
