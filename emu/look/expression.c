// Addresses as people write them: sums of numbers, registers, symbols, and of what is in memory at such a sum.
#include <string.h>

#include "base/file.h"
#include "base/printable.h"
#include "emu/kernel/kernel.h"
#include "emu/look/look.h"

#define MAX_DEPTH 16u

struct reader {
  const struct wg_look *l;
  const char *text, *at;
  struct wg_err *err;
  unsigned depth;
};

static int bad(const struct reader *r, const char *from, const char *what) {
  struct wg_buf b = {0};
  wg_buf_printable(&b, r->text, strlen(r->text), 200);
  wg_fail(r->err, WG_INPUT, "'%s': at character %zu: %s", b.data ? b.data : "", (size_t)(from - r->text) + 1, what);
  wg_buf_release(&b);
  return WG_INPUT;
}

static void skip(struct reader *r) { r->at += strspn(r->at, " \t"); }

static int symbol(const struct reader *r, const char *from, size_t n, uint32_t *v) {
  uint32_t at[4];
  struct wg_buf name = {0}, what = {0};
  wg_buf_printable(&name, from, n, 200);
  size_t found = r->l->symbols ? wg_symbols_named(r->l->symbols, from, n, at, 4) : 0;
  if (found == 1) {
    *v = at[0];
  } else if (found == 0) {
    wg_buf_printf(&what, "'%s' is no number (decimal, or hexadecimal after 0x), no register (r0, sp, lr, ctr, ...)",
                  name.data);
    wg_buf_str(&what, r->l->symbols ? ", and no symbol of the map" : "; symbols need a map");
  } else {
    wg_buf_printf(&what, "%zu symbols are called '%s':", found, name.data);
    for (size_t i = 0; i < found && i < 4; i++) wg_buf_printf(&what, " 0x%08x", at[i]);
    wg_buf_str(&what, found > 4 ? " and more; give the address" : "; give the address");
  }
  int code = found == 1 ? WG_OK : bad(r, from, what.data);
  wg_buf_release(&name);
  wg_buf_release(&what);
  return code;
}

static int sum(struct reader *r, uint32_t *v);

static int memory(struct reader *r, const char *from, uint32_t *v) {
  uint32_t at;
  uint8_t word[4];
  struct wg_err why = {0};
  r->at++;
  if (r->depth++ == MAX_DEPTH) return bad(r, from, "too many [ within each other");
  WG_TRY(sum(r, &at));
  r->depth--;
  if (*r->at != ']') return bad(r, r->at, "expected ]");
  r->at++;
  if (wg_look_read(r->l->m, at, word, sizeof word, &why) != WG_OK) return bad(r, from, why.msg);
  *v = wg_load_be32(word);
  return WG_OK;
}

static int term(struct reader *r, uint32_t *v) {
  skip(r);
  const char *from = r->at;
  if (*from == '[') return memory(r, from, v);
  size_t n = strcspn(from, "+-[] \t");
  if (n == 0) return bad(r, from, "expected a number, a register, a symbol or [ADDRESS]");
  r->at += n;
  char number[32];
  uint64_t value;
  unsigned which;
  if (*from >= '0' && *from <= '9' && n < sizeof number) {
    memcpy(number, from, n);
    number[n] = 0;
    if (wg_parse_u64(number, UINT64_MAX, &value)) {
      if (value > UINT32_MAX) return bad(r, from, "an address has 32 bits");
      *v = (uint32_t)value;
      return WG_OK;
    }
  }
  if (!wg_cpu_reg_number(from, n, &which)) return symbol(r, from, n, v);
  struct wg_reg reg;
  wg_cpu_reg(wg_look_cpu(r->l), which, &reg);
  if (which >= WG_REG_F0 && which != WG_REG_VSCR && which != WG_REG_VSCR + 1)
    return bad(r, from, "a floating-point or vector register holds no address");
  *v = (uint32_t)reg.value; // effective addresses have 32 bits
  return WG_OK;
}

static int sum(struct reader *r, uint32_t *v) {
  uint32_t one;
  WG_TRY(term(r, v));
  for (skip(r); *r->at == '+' || *r->at == '-'; skip(r)) {
    bool minus = *r->at++ == '-';
    WG_TRY(term(r, &one));
    *v = minus ? *v - one : *v + one;
  }
  return WG_OK;
}

int wg_look_expression(const struct wg_look *l, const char *text, uint32_t *out, struct wg_err *err) {
  struct reader r = {.l = l, .text = text, .at = text, .err = err};
  WG_TRY(sum(&r, out));
  if (*r.at) return bad(&r, r.at, "expected + or - or the end");
  return WG_OK;
}
