// Compiled code among the decoded pages: an op whose handler is compiled code is an entry of it.
//
// A compiler (emu/jit) hears which code runs often and installs what it made; who decodes says what is forgotten. What
// an entry's handler was before is kept, for what compiled code leaves to the interpreter.
#ifndef WG_EMU_COMPILED_H
#define WG_EMU_COMPILED_H

#include "emu/cpu/decode.h"
#include "jit/backend.h"

struct wg_compiled;

struct wg_compiler {
  void *ctx;
  // The interpreter is at `pc`: a sample of what runs there. It is within a turn: nothing may be installed or
  // forgotten.
  void (*often)(void *ctx, const struct wg_cpu *c, uint32_t pc);
  // A turn begins at `pc`, which is a sample, too, and may be amid what is compiled. No compiled code is running: what
  // is ready may be installed, what is gone may be freed.
  void (*turn)(void *ctx, const struct wg_cpu *c);
  // What was installed in this page is not entered any more.
  void (*gone)(void *ctx, uint32_t page);
  // The host has refused an access of the compiled code at `at`: where that goes on, or 0 if it is none of it.
  // Asynchronous-signal safe.
  uintptr_t (*refused)(void *ctx, uintptr_t at);
};

// Makes the view that compiled code has of memory (emu/mem/view.h), if there is none.
int wg_code_view(struct wg_code *code, struct wg_err *err);
// From now on `code`, which has a view, has a compiler, which outlives it; NULL: none any more, and nothing stays
// installed.
void wg_code_compiler(struct wg_code *code, const struct wg_compiler *compiler);

// An instruction as a backend wants it: place, word, op and body. Words that are no instruction, and those at which a
// debugger wants to stop, are left to the interpreter.
void wg_compiled_insn(struct wg_code *code, uint32_t pc, uint32_t word, struct wg_jit_insn *out);
// Makes `fn` the handler of the ops at these places of a page. False if the page is not decoded.
bool wg_compiled_install(struct wg_code *code, uint32_t page, const uint16_t *places, size_t n, wg_handler *fn);
// A page of code that is in memory and decoded in part, or NULL.
const uint8_t *wg_code_page_bytes(struct wg_code *code, uint32_t page);
// Which places of a page, as long as its code is what it is, the interpreter has been at.
void wg_compiled_executed(struct wg_code *code, uint32_t page, bool out[WG_PAGE_OPS]);
void wg_code_compiled_forget(struct wg_code *code); // all that is installed
void wg_code_compiled_forget_page(struct wg_code *code, uint32_t page);
bool wg_code_breaks_at(const struct wg_code *code, uint32_t pc); // a debugger wants to be asked there
// Where a backend finds what it needs.
void wg_compiled_layout(struct wg_jit_layout *out);

// --- for emu/cpu alone

// Compiled code is left at a place of `frames`: what it kept goes to the context. `regs`: as DWARF numbers them;
// `back`: where its call came from (jit/backend.h).
void wg_compiled_left(struct wg_cpu *c, const struct wg_jit_frames *frames, const uint64_t *regs, uint64_t back);
extern const void *const wg_compiled_calls[WG_JIT_CALLS]; // wg_cpu.calls
struct wg_compiled *wg_compiled_create(const struct wg_compiler *compiler);
void wg_compiled_free(struct wg_compiled *x);
void wg_compiled_often(const struct wg_cpu *c, uint32_t pc); // both do nothing where there is no compiler
void wg_compiled_turn(const struct wg_cpu *c);
uintptr_t wg_compiled_refused(const struct wg_cpu *c, uintptr_t at);
// The ops of a page are about to change or to go: what is installed there is taken out.
void wg_compiled_forget(struct wg_compiled *x, struct wg_op *ops, uint32_t page);

#endif
