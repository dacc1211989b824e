// Decoded pages.
#ifndef WG_EMU_DECODE_H
#define WG_EMU_DECODE_H

#include "emu/cpu/ops.h"

#define WG_PAGE_OPS (WG_PAGE / 4)

// Forms of the table, those of VMX128 last.
enum wg_form {
#define WG_FORM(name) WG_FORM_##name,
#include "emu/cpu/forms.def"
#undef WG_FORM
};

// The row and its handler (NULL: not implemented).
const struct wg_insn_info *wg_insn_row(uint32_t word, wg_handler **fn);
// Fills the operands of op->w in; returns its row or NULL. Its handler stays as it is.
const struct wg_insn_info *wg_decode_operands(struct wg_op *op);
// Handlers that an instruction word allows instead of its general one; may rewrite operands.
void wg_specialise(struct wg_op *op);
// Lets `op` execute the op after it as well, if there is a handler for the two. Both are decoded.
void wg_fuse(struct wg_op *op);

// The instruction at c->pc, decoded as a turn of the processor would, in out[0], which goes on to out[1] or to a page's
// ops. False if it cannot be fetched.
bool wg_decode_step(struct wg_cpu *c, struct wg_op out[2]);
// Executes it, within a run in steps. True if a turn could end behind it: its limit would have been looked at.
bool wg_cpu_step(struct wg_cpu *c, struct wg_op ops[2]);

struct wg_idle *wg_code_idle(struct wg_code *code); // or NULL: nothing is skipped now

struct wg_compiled *wg_code_compiled(struct wg_code *code); // or NULL: there is no compiler
bool wg_is_not_decoded(wg_handler *fn);                     // that of ops that have not been reached yet
void wg_code_decode(struct wg_code *code, struct wg_op *o); // an op of a page that is there and can be read
const char *wg_insn_body(uint32_t word);                    // its name in ppc.def; NULL: there is none

// The ops of a page, or NULL if instructions cannot be fetched from it.
struct wg_op *wg_code_page(struct wg_code *code, uint32_t page);
struct wg_op **wg_code_pages(struct wg_code *code);

#endif
