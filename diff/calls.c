#include "diff/calls.h"

#include <string.h>

#include "diff/law_state.h" // its clocks and callbacks
#include "nt/exports.h"

static const struct wg_call rows[] = {
#define WG_CALL(name, effect, law, arg) {name, WG_E_##effect, WG_L_##law, arg},
#include "diff/calls.def"
};

#define ROWS (sizeof rows / sizeof *rows)

const struct wg_call *wg_call_row(size_t i) { return i < ROWS ? &rows[i] : NULL; }

const struct wg_call *wg_call_of(const char *name) {
  size_t i = 0;
  while (i < ROWS && strcmp(rows[i].name, name) != 0) i++;
  return wg_call_row(i);
}

bool wg_call_limit(const struct wg_nt_export *nt, size_t nargs, size_t *at) {
  const char *limit = nt ? strpbrk(nt->params, "tm") : NULL;
  if (limit == NULL || (size_t)(limit - nt->params) >= nargs) return false;
  *at = (size_t)(limit - nt->params);
  return true;
}

bool wg_call_endless(const struct wg_nt_export *nt, size_t at, uint64_t value) {
  return nt->params[at] == 'm' ? (uint32_t)value == UINT32_MAX : value == 0;
}

bool wg_call_for_all(const char *name, uint64_t third) {
  bool flag = (uint32_t)third != 0;
  return strncmp(name, "NetDll_", 7) == 0 ? flag : !flag; // NT's says for any
}

bool wg_call_sleeps(const char *name) {
  const struct wg_call *c = wg_call_of(name);
  return c && c->effect == WG_E_DELAY;
}

bool wg_call_spins(const char *name) { return strstr(name, "AcquireSpinLock") != NULL; }

bool wg_call_by_handle(const struct wg_nt_export *nt, const char *name) {
  return nt ? nt->params[0] == 'h' : strncmp(name, "Nt", 2) == 0;
}
