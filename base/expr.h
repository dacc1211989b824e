// Expressions as people write them: "r3 == 0x10 and u8[r4+1] != 0", "r1+0x20", "main+8". Wherever a command takes a
// condition or an address that is reckoned, it is one of these.
//
//   numbers        17, 0x11, 0b10001
//   names          whatever the caller knows: registers, pc, cycle, tid, idx, symbols; 'any text' in quotes is a name,
//   too r3.q           all 64 bits of a name (without .q: the low 32, as the title's own comparisons have them) [a],
//   u8[a], u16[a], u32[a], u64[a], s8[a], s16[a], s32[a]
//                  memory at a; [a] is u32[a]
//   s8(x), s16(x), s32(x)
//                  the low bits of x, sign extended
//   - ~ not        * / %   + -   << >>   &   ^   |   == != < <= > >=   and   or   ( )
//                  as in C, but that & ^ | bind closer than comparisons; ! && || too. Of 64 bits; < and its kin are
//                  signed, / % >> are not. `and` and `or` look at their right side only if they must.
//
// Ownership: wg_expr_free. Errors: WG_INPUT with the column.
#ifndef WG_BASE_EXPR_H
#define WG_BASE_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/symbols.h"

#define WG_EXPR_NODES 256u // of one expression
#define WG_EXPR_DEPTH 64u  // parentheses and operators within each other

struct wg_expr;

enum wg_expr_name { WG_EXPR_UNKNOWN, WG_EXPR_ASKED, WG_EXPR_CONSTANT };
// What names there are: one has the value *value, or is asked for by that number each time. What is unknown may say
// why.
struct wg_expr_names {
  enum wg_expr_name (*find)(void *ctx, const char *name, size_t n, uint64_t *value, struct wg_buf *why);
  void *ctx;
  const char *known; // for messages
};
// What an expression is evaluated over; false where it is not known, and then the whole has no value. `why` may be
// NULL.
struct wg_expr_env {
  bool (*value)(void *ctx, unsigned number, uint64_t *out, struct wg_err *why);
  bool (*memory)(void *ctx, uint32_t addr, unsigned size, uint64_t *out, struct wg_err *why);
  void *ctx;
};

// The caller frees the expression; `names` is asked now alone. An error says what is wrong and what would be right.
int wg_expr_parse(struct wg_expr **out, const char *text, const struct wg_expr_names *names, struct wg_err *err);
void wg_expr_free(struct wg_expr *e); // NULL is none
// err: NULL, or told why there is no value.
bool wg_expr_eval(const struct wg_expr *e, const struct wg_expr_env *env, uint64_t *out, struct wg_err *err);

// A name as one symbol's address; `s` may be NULL.
enum wg_expr_name wg_expr_symbol(const struct wg_symbols *s, const char *name, size_t n, uint64_t *value,
                                 struct wg_buf *why);

#endif
