// Conditions as people write them: "r3 == 0x10 and u8[r4+1] != 0".
//
//   numbers        17, 0x11, 0b10001
//   names          whatever the resolver knows: registers, pc, cycle, tid, idx
//   r3.q           all 64 bits of a name (without .q: the low 32, as the title's own comparisons have them)
//   [a], u8[a], u16[a], u32[a], u64[a], s8[a], s16[a], s32[a]
//                  memory at a; [a] is u32[a]
//   s8(x), s16(x), s32(x)
//                  the low bits of x, sign extended
//   - ~ not        * / %   + -   << >>   &   ^   |   == != < <= > >=   and   or   ( )
//                  as in C, but that & ^ | bind closer than comparisons; ! && || too. Of 64 bits; < and its kin are
//                  signed, / % >> are not. `and` and `or` look at their right side only if they must.
//
// Ownership: wg_expr_free. Errors: WG_INPUT with the column.
#ifndef WG_PROBE_EXPR_H
#define WG_PROBE_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define WG_EXPR_NODES 256u // of one expression
#define WG_EXPR_DEPTH 64u  // parentheses and operators within each other

struct wg_expr;

// The number by which `value` is asked for a name; false if there is no such name.
typedef bool wg_expr_resolve(const char *name, size_t n, unsigned *number);
// What an expression is evaluated over; false where it is not known, and then the whole has no value.
struct wg_expr_env {
  bool (*value)(void *ctx, unsigned number, uint64_t *out);
  bool (*memory)(void *ctx, uint32_t addr, unsigned size, uint64_t *out);
  void *ctx;
};

// `known`: what names there are, for messages.
int wg_expr_parse(struct wg_expr **out, const char *text, wg_expr_resolve *resolve, const char *known,
                  struct wg_err *err);
void wg_expr_free(struct wg_expr *e); // NULL is none
bool wg_expr_eval(const struct wg_expr *e, const struct wg_expr_env *env, uint64_t *out);

#endif
