// The compiler: finds what runs often, has it compiled and installs it (emu/cpu/compiled.h).
//
// What a guest does is the same with it and without: when code becomes fast is decided by the host, what happens never
// is.
#ifndef WG_EMU_JIT_H
#define WG_EMU_JIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct wg_code;
struct wg_jit_cache;

// The backend, a shared object beside the program. Opened once, before the process is confined, and it stays.
struct wg_jit_library;
int wg_jit_open(const struct wg_jit_library **out, struct wg_err *err);
const char *wg_jit_name(const struct wg_jit_library *library); // what it stands on, with its version

struct wg_jit_options {
  bool background;            // compiles on another thread
  unsigned threshold;         // samples of the interpreter at a place before it is compiled; 0: the usual number
  size_t room;                // bytes of compiled code at most; 0: the usual
  struct wg_jit_cache *cache; // of earlier runs (emu/jit/cache.h), which outlives it; or NULL
};

struct wg_jit_stats {
  uint64_t regions, instructions, refused, dropped; // `dropped`: the code had changed meanwhile
  uint64_t again;                                   // regions that were there already, installed once more
  uint64_t kept;                                    // of `regions`, those that an earlier run has compiled
  uint64_t bytes;                                   // of code
  uint64_t stepped; // instructions that are left to the interpreter, since their accesses were refused too often
  uint64_t forgotten, cleared; // pages whose code changed; times that the room was used up
};

struct wg_jit_host;
int wg_jit_create(struct wg_jit_host **out, const struct wg_jit_library *library, const struct wg_jit_options *o,
                  struct wg_err *err);
// The code that it was attached to is to be freed, or to be given another compiler, before.
void wg_jit_free(struct wg_jit_host *h);
// What it has compiled of the code before is good for what is the same of this one.
int wg_jit_attach(struct wg_jit_host *h, struct wg_code *code, struct wg_err *err);
// Has the code at `pc`, in a page that is decoded, compiled as if it had run often.
void wg_jit_ask(struct wg_jit_host *h, struct wg_code *code, uint32_t pc);
struct wg_jit_stats wg_jit_stats(const struct wg_jit_host *h);

#endif
