// The instruction table and the search in it.
#include "emu/cpu/decode.h"

#define wg_op_NONE NULL
static const struct wg_insn_info rows[] = {
#define WG_PPC(name, form, mask, value, body) {#name, mask, value, WG_FORM_##form},
#include "emu/cpu/ppc.def"
};
#define NROWS (sizeof rows / sizeof *rows)
static wg_handler *const handlers[NROWS] = {
#define WG_PPC(name, form, mask, value, body) wg_op_##body,
#include "emu/cpu/ppc.def"
};

static const char *const bodies[NROWS] = {
#define WG_PPC(name, form, mask, value, body) #body,
#include "emu/cpu/ppc.def"
};

const struct wg_insn_info *wg_insn_table(size_t *n) {
  *n = NROWS;
  return rows;
}

const struct wg_insn_info *wg_insn_row(uint32_t word, wg_handler **fn) {
  for (size_t i = 0; i < NROWS; i++) {
    if ((word & rows[i].mask) != rows[i].value) continue;
    *fn = handlers[i];
    return &rows[i];
  }
  return NULL;
}

const char *wg_insn_body(uint32_t word) {
  wg_handler *fn = NULL;
  const struct wg_insn_info *row = wg_insn_row(word, &fn);
  return fn ? bodies[row - rows] : NULL;
}

const struct wg_insn_info *wg_insn_find(uint32_t word) {
  wg_handler *fn;
  return wg_insn_row(word, &fn);
}
