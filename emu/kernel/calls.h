// The exports and their calls. emu/kernel/call.c, outputs.c, variables.c; a row of nt/exports.def each.
//
// Ownership: the table owns the names of exports that no list has. A call lies with the context that makes it. Guest
// addresses are 32-bit numbers, 0 for none. Errors: NULL if there is no such export, or too many that no list names.
#ifndef WG_EMU_CALLS_H
#define WG_EMU_CALLS_H

#include "base/map.h"
#include "emu/kernel/threads.h"

struct wg_resume;

// What runs for an export.
struct wg_impl {
  const char *name;
  uint64_t (*fn)(struct wg_kcall *k);
};

struct wg_export {
  const char *module, *name; // its own if it is unknown
  uint16_t ordinal;
  char kind;                  // F function, V variable
  char ret;                   // letters of nt/exports.h
  const char *params;         // likewise; "" if nobody knows them
  const struct wg_impl *impl; // NULL: there is no body
  uint32_t calls_unimplemented;
  bool unknown;     // in no list: made for an import
  uint32_t address; // of a variable's memory, once allocated
};

struct wg_exports {
  struct wg_export *list; // those of nt/exports.def, then the unknown
  size_t n;
  struct wg_map by_name; // hash of "module!ordinal" -> index
  bool filled;           // exported variables have their values
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
  struct wg_written *written;
  size_t n, room;
};

// What is wrong with a pointer that the kernel was handed.
enum wg_bad { WG_BAD_ADDRESS, WG_BAD_OBJECT, WG_BAD_KIND };

// Of the call in progress. Empty between calls: no state.
struct wg_calls {
  struct wg_buf out; // JSON of its out{}
  struct wg_outputs outputs;
  bool fault; // the kernel was handed a pointer that it cannot use:
  uint32_t fault_addr;
  enum wg_bad fault_what;
};

int wg_exports_init(struct wg_machine *m);                                                    // those of nt/exports.def
struct wg_export *wg_export_find(struct wg_machine *m, const char *module, uint16_t ordinal); // NULL if none
// For an import that no list names: recorded and warned of like any other that is not implemented.
struct wg_export *wg_export_unknown(struct wg_machine *m, const char *module, uint16_t ordinal, bool function);
uint32_t wg_export_index(const struct wg_machine *m, const struct wg_export *x);
// The call at whose system call the context stands: it returns, blocks, or runs guest code first.
void wg_kernel_call(struct wg_machine *m, struct wg_ctx *ctx);
void wg_kernel_again(struct wg_machine *m, struct wg_ctx *ctx); // the call that is in progress, from its beginning
// The same from where it runs on, with its arguments and what the guest code that it ran has returned.
void wg_kernel_resume(struct wg_machine *m, struct wg_ctx *ctx, const uint64_t *arg, struct wg_resume *data,
                      uint64_t result);
// Ends the call in progress, with its event: the context goes on behind it. `rv` as the export's kind of result has it.
void wg_kernel_return(struct wg_machine *m, struct wg_ctx *ctx, uint64_t rv);
void wg_bad_pointer(struct wg_machine *m, struct wg_ctx *ctx); // its call was given one, which ends the run
// Adds to the out{} of the call's return event.
#define wg_out(k) (&(k)->m->calls.out)

// what a call writes for its caller (emu/kernel/outputs.c)
void wg_outputs_begin(struct wg_kcall *k, const char *params);
void wg_outputs_note(struct wg_outputs *o, uint32_t at, uint32_t n);
void wg_outputs_end(struct wg_kcall *k, const char *params);
void wg_outputs_release(struct wg_outputs *o);
// Writes a value through a pointer, unless that is NULL, and names it in out{}.
void wg_out_u32(struct wg_kcall *k, uint32_t at, const char *key, uint32_t v); // in hexadecimal
void wg_out_u64(struct wg_kcall *k, uint32_t at, const char *key, uint64_t v);
void wg_out_i32(struct wg_kcall *k, uint32_t at, const char *key, int32_t v); // in decimal
void wg_out_time(struct wg_kcall *k, uint32_t at, uint64_t v);                // 100 ns since 1601, as "time"
// What a parameter's pointer leads to is in out{} already, or must not be (times, addresses).
void wg_told(struct wg_kcall *k, uint32_t at);

void wg_exports_release(struct wg_exports *x);
void wg_exports_state(struct wg_archive *a, struct wg_machine *m);

uint32_t wg_variable(struct wg_machine *m, struct wg_export *x); // its memory, made at first use

#define A(i) ((uint32_t)k->arg[i])

#endif
