// Addresses as people write them (base/expr.h), of a machine that stands still.
#include "base/expr.h"
#include "base/file.h"
#include "emu/kernel/kernel.h"
#include "emu/look/look.h"

static enum wg_expr_name find(void *ctx, const char *name, size_t n, uint64_t *value, struct wg_buf *why) {
  const struct wg_look *l = ctx;
  unsigned which;
  if (!wg_cpu_reg_number(name, n, &which)) return wg_expr_symbol(l->symbols, name, n, value, why);
  if (which >= WG_REG_F0 && which != WG_REG_VSCR && which != WG_REG_VSCR + 1) {
    wg_buf_str(why, "a floating-point or vector register holds no address");
    return WG_EXPR_UNKNOWN;
  }
  *value = which;
  return WG_EXPR_ASKED;
}

static bool value(void *ctx, unsigned number, uint64_t *out, struct wg_err *why) {
  struct wg_reg reg;
  (void)why;
  wg_cpu_reg(wg_look_cpu(ctx), number, &reg);
  *out = reg.value;
  return true;
}

static bool memory(void *ctx, uint32_t addr, unsigned size, uint64_t *out, struct wg_err *why) {
  const struct wg_look *l = ctx;
  struct wg_err none = {0};
  uint8_t bytes[8];
  if (wg_look_read(l->m, addr, bytes, size, why ? why : &none) != WG_OK) return false;
  *out = 0;
  for (unsigned i = 0; i < size; i++) *out = *out << 8 | bytes[i];
  return true;
}

int wg_look_expression(const struct wg_look *l, const char *text, uint32_t *out, struct wg_err *err) {
  struct wg_look look = *l;
  const struct wg_expr_names names = {find, &look,
                                      l->symbols ? WG_REG_NAMES ", [address], or a symbol of the map"
                                                 : WG_REG_NAMES ", [address]; symbols need a map"};
  const struct wg_expr_env env = {value, memory, &look};
  struct wg_expr *e;
  uint64_t v = 0;
  WG_TRY(wg_expr_parse(&e, text, &names, err));
  int code = wg_expr_eval(e, &env, &v, err) ? WG_OK : WG_INPUT;
  wg_expr_free(e);
  // Differences may be below 0: addresses are reckoned as the processor does.
  if (code == WG_OK && v > UINT32_MAX && (int64_t)v >= 0)
    code = wg_fail(err, WG_INPUT, "0x%llx: an address has 32 bits", (unsigned long long)v);
  *out = (uint32_t)v;
  return code;
}
