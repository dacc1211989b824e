// The bodies of the exports, declared from their rows (nt/exports.def). A body that has no row, or whose row says NONE
// or another number of parameters, does not compile; a row without its body does not link.
#ifndef WG_EMU_BODIES_H
#define WG_EMU_BODIES_H

#include "nt/exports.h"

struct wg_kcall;

#define WG_DECLARE(name, params, constant)                                                                             \
  uint64_t wg_k_##name(struct wg_kcall *k);                                                                            \
  enum { wg_nparams_##name = sizeof(params) - 1, wg_constant_##name = (constant) };
#define WG_DECLARE_F_IMPLEMENTED(name, params) WG_DECLARE(name, params, 0)
#define WG_DECLARE_F_PARTIAL(name, params) WG_DECLARE(name, params, 0)
#define WG_DECLARE_F_CONSTANT(name, params) WG_DECLARE(name, params, 1)
#define WG_DECLARE_F_NONE(name, params)
#define WG_DECLARE_V_IMPLEMENTED(name, params)
#define WG_DECLARE_V_NONE(name, params)
#define WG_EXPORT(module, ordinal, name, kind, ret, params, status, reference, flags)                                  \
  WG_DECLARE_##kind##_##status(name, params)
#include "nt/exports.def"

// Begins the body of an export with n parameters; scripts/check_calls.awk sees that it reads no further one.
#define WG_CALL(name, n)                                                                                               \
  _Static_assert(wg_nparams_##name == (n), "nt/exports.def has " #name " with another number of parameters");          \
  _Static_assert(!wg_constant_##name, "nt/exports.def says that " #name " is CONSTANT");                               \
  uint64_t wg_k_##name(struct wg_kcall *k)

// The whole body of one that answers a fixed value.
#define WG_CONSTANT(name, n, value)                                                                                    \
  _Static_assert(wg_nparams_##name == (n), "nt/exports.def has " #name " with another number of parameters");          \
  _Static_assert(wg_constant_##name, "nt/exports.def does not say that " #name " is CONSTANT");                        \
  uint64_t wg_k_##name(struct wg_kcall *k) {                                                                           \
    (void)k;                                                                                                           \
    return value;                                                                                                      \
  }

#endif
