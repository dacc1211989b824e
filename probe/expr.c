// A parser by descent, an operator's precedence in a table; the result is a tree that is walked.
#include "probe/expr.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/printable.h"

enum op {
  NUMBER,
  NAME, // value: its number; size: 4 or 8
  MEMORY,
  EXTEND, // sign
  MINUS,
  COMPLEMENT,
  NOT,
  MUL,
  DIV,
  MOD,
  ADD,
  SUB,
  SHL,
  SHR,
  BIT_AND,
  BIT_XOR,
  BIT_OR,
  EQ,
  NE,
  LE,
  GE,
  LT,
  GT,
  AND,
  OR,
};

static const struct {
  const char *text;
  enum op op;
  unsigned binds; // more: closer
} operators[] = {
    {"==", EQ, 3},   {"!=", NE, 3},  {"<<", SHL, 7},    {">>", SHR, 7},    {"<=", LE, 3},
    {">=", GE, 3},   {"&&", AND, 2}, {"||", OR, 1},     {"<", LT, 3},      {">", GT, 3},
    {"*", MUL, 9},   {"/", DIV, 9},  {"%", MOD, 9},     {"+", ADD, 8},     {"-", SUB, 8},
    {"and", AND, 2}, {"or", OR, 1},  {"&", BIT_AND, 6}, {"^", BIT_XOR, 5}, {"|", BIT_OR, 4},
};
#define NOPERATORS (sizeof operators / sizeof *operators)
#define COMPARES 3u

struct node {
  enum op op;
  unsigned size; // of memory, of what is sign extended
  bool sign;
  uint64_t value;
  uint16_t a, b;
};

struct wg_expr {
  struct node nodes[WG_EXPR_NODES];
  size_t n;
  uint16_t root;
};

struct parser {
  struct wg_expr *e;
  const char *text, *at;
  wg_expr_resolve *resolve;
  const char *known;
  struct wg_err *err;
  unsigned depth;
};

// --- parsing ----------------------------------------------------------------------------------------------

static int bad(const struct parser *p, const char *from, const char *what) {
  struct wg_buf b = {0};
  wg_buf_printable(&b, p->text, strlen(p->text), 200);
  wg_fail(p->err, WG_INPUT, "'%s': column %zu: %s", b.data ? b.data : "", (size_t)(from - p->text) + 1, what);
  wg_buf_release(&b);
  return WG_INPUT;
}

static void skip(struct parser *p) { p->at += strspn(p->at, " \t\n"); }

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

static int node(struct parser *p, struct node n, uint16_t *out) {
  if (p->e->n == WG_EXPR_NODES) return bad(p, p->at, "the expression is too long");
  p->e->nodes[p->e->n] = n;
  *out = (uint16_t)p->e->n++;
  return WG_OK;
}

static int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

static int number(struct parser *p, uint16_t *out) {
  const char *from = p->at;
  unsigned base = 10;
  uint64_t v = 0;
  if (from[0] == '0' && (from[1] == 'x' || from[1] == 'X')) base = 16;
  if (from[0] == '0' && (from[1] == 'b' || from[1] == 'B')) base = 2;
  if (base != 10) p->at += 2;
  const char *first = p->at;
  for (; digit(*p->at) < (int)base; p->at++) {
    if (v > (UINT64_MAX - (unsigned)digit(*p->at)) / base) return bad(p, from, "a number has at most 64 bits");
    v = v * base + (unsigned)digit(*p->at);
  }
  if (p->at == first || is_word(*p->at)) return bad(p, from, "expected a number: decimal, 0x... or 0b...");
  return node(p, (struct node){.op = NUMBER, .value = v}, out);
}

static int expression(struct parser *p, unsigned least, uint16_t *out);

static int closed(struct parser *p, char with, uint16_t *out) {
  const char *from = p->at++;
  WG_TRY(expression(p, 1, out));
  if (*p->at == with) {
    p->at++;
    return WG_OK;
  }
  struct wg_buf what = {0};
  wg_buf_printf(&what, "expected '%c', for the '%c' at column %zu", with, *from, (size_t)(from - p->text) + 1);
  int code = bad(p, p->at, what.data);
  wg_buf_release(&what);
  return code;
}

static int memory(struct parser *p, unsigned size, bool sign, uint16_t *out) {
  uint16_t a;
  WG_TRY(closed(p, ']', &a));
  return node(p, (struct node){.op = MEMORY, .size = size, .sign = sign, .a = a}, out);
}

// u8, s16 and the like, before a bracket.
static bool is_sized(const char *from, size_t n, unsigned *size, bool *sign) {
  static const struct {
    const char *name;
    unsigned size;
    bool sign;
  } names[] = {{"u8", 1, false}, {"u16", 2, false}, {"u32", 4, false}, {"u64", 8, false},
               {"s8", 1, true},  {"s16", 2, true},  {"s32", 4, true}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strlen(names[i].name) != n || memcmp(names[i].name, from, n) != 0) continue;
    *size = names[i].size;
    *sign = names[i].sign;
    return true;
  }
  return false;
}

static int unknown(const struct parser *p, const char *from, size_t n) {
  struct wg_buf name = {0}, what = {0};
  wg_buf_printable(&name, from, n, 60);
  wg_buf_printf(&what, "'%s' is nothing that is known here: %s", name.data, p->known);
  int code = bad(p, from, what.data);
  wg_buf_release(&name);
  wg_buf_release(&what);
  return code;
}

static int name(struct parser *p, uint16_t *out) {
  const char *from = p->at;
  unsigned size = 4, which;
  bool sign;
  while (is_word(*p->at)) p->at++;
  size_t n = (size_t)(p->at - from);
  skip(p);
  if (is_sized(from, n, &size, &sign)) {
    if (*p->at == '[') return memory(p, size, sign, out);
    if (*p->at != '(' || !sign) return bad(p, p->at, sign ? "expected [address] or (value)" : "expected [address]");
    uint16_t a;
    WG_TRY(closed(p, ')', &a));
    return node(p, (struct node){.op = EXTEND, .size = size, .a = a}, out);
  }
  if (!p->resolve(from, n, &which)) return unknown(p, from, n);
  if (p->at[0] == '.' && p->at[1] == 'q' && !is_word(p->at[2])) {
    p->at += 2;
    size = 8;
  }
  return node(p, (struct node){.op = NAME, .value = which, .size = size}, out);
}

static bool takes_word(struct parser *p, const char *word) {
  size_t n = strlen(word);
  if (strncmp(p->at, word, n) != 0 || (is_word(word[0]) && is_word(p->at[n]))) return false;
  p->at += n;
  return true;
}

static int operand(struct parser *p, uint16_t *out) {
  uint16_t a;
  skip(p);
  char c = *p->at;
  if (c == '(') return closed(p, ')', out);
  if (c == '[') return memory(p, 4, false, out);
  if (c == '-' || c == '~') {
    p->at++;
    WG_TRY(expression(p, 10, &a));
    return node(p, (struct node){.op = c == '-' ? MINUS : COMPLEMENT, .a = a}, out);
  }
  // `not a == b` is not (a == b), as in other languages that have the word; !a == b is as in C.
  if (takes_word(p, "not")) {
    WG_TRY(expression(p, COMPARES, &a));
    return node(p, (struct node){.op = NOT, .a = a}, out);
  }
  if (c == '!' && p->at[1] != '=') {
    p->at++;
    WG_TRY(expression(p, 10, &a));
    return node(p, (struct node){.op = NOT, .a = a}, out);
  }
  if (isdigit((unsigned char)c)) return number(p, out);
  if (is_word(c)) return name(p, out);
  return bad(p, p->at, c ? "expected a number, a name, [address] or (" : "something is missing at the end");
}

static size_t operator_at(struct parser *p) {
  const char *from = p->at;
  for (size_t i = 0; i < NOPERATORS; i++) {
    if (!takes_word(p, operators[i].text)) continue;
    p->at = from;
    return i;
  }
  return NOPERATORS;
}

static int expression(struct parser *p, unsigned least, uint16_t *out) {
  uint16_t a = 0, b; // (each failure returns; the analyzer does not see that)
  bool compared = false;
  if (p->depth++ == WG_EXPR_DEPTH) return bad(p, p->at, "too much within each other");
  WG_TRY(operand(p, &a));
  for (skip(p);; skip(p)) {
    size_t i = operator_at(p);
    if (i == NOPERATORS || operators[i].binds < least) break;
    const char *from = p->at;
    if (operators[i].binds == COMPARES && compared)
      return bad(p, from, "comparisons do not chain: write a < b and b < c");
    compared = operators[i].binds == COMPARES;
    p->at += strlen(operators[i].text);
    WG_TRY(expression(p, operators[i].binds + 1, &b));
    WG_TRY(node(p, (struct node){.op = operators[i].op, .a = a, .b = b}, &a));
  }
  p->depth--;
  *out = a;
  return WG_OK;
}

int wg_expr_parse(struct wg_expr **out, const char *text, wg_expr_resolve *resolve, const char *known,
                  struct wg_err *err) {
  struct wg_expr *e = wg_xcalloc(1, sizeof *e);
  struct parser p = {.e = e, .text = text, .at = text, .resolve = resolve, .known = known, .err = err};
  int code = expression(&p, 1, &e->root);
  if (code == WG_OK && *p.at == '=') code = bad(&p, p.at, "to compare is ==");
  if (code == WG_OK && *p.at) code = bad(&p, p.at, "expected an operator or the end");
  if (code != WG_OK) {
    free(e);
    e = NULL;
  }
  *out = e;
  return code;
}

void wg_expr_free(struct wg_expr *e) { free(e); }

// --- values -----------------------------------------------------------------------------------------------

static uint64_t extended(uint64_t v, unsigned size) {
  uint64_t sign = (uint64_t)1 << (8 * size - 1);
  v &= 2 * sign - 1;
  return (v ^ sign) - sign;
}

static bool eval(const struct wg_expr *e, uint16_t at, const struct wg_expr_env *env, uint64_t *out);

static bool eval_unary(const struct wg_expr *e, const struct node *n, const struct wg_expr_env *env, uint64_t *out) {
  uint64_t a;
  if (n->op == NUMBER) {
    *out = n->value;
    return true;
  }
  if (n->op == NAME) {
    if (!env->value(env->ctx, (unsigned)n->value, out)) return false;
    if (n->size == 4) *out &= UINT32_MAX;
    return true;
  }
  if (!eval(e, n->a, env, &a)) return false;
  if (n->op == MEMORY) {
    if (!env->memory(env->ctx, (uint32_t)a, n->size, out)) return false;
    if (n->sign) *out = extended(*out, n->size);
    return true;
  }
  *out = n->op == EXTEND ? extended(a, n->size) : n->op == MINUS ? 0 - a : n->op == COMPLEMENT ? ~a : !a;
  return true;
}

static uint64_t binary(enum op op, uint64_t a, uint64_t b) {
  switch ((int)op) {
  case MUL: return a * b;
  case DIV: return a / b;
  case MOD: return a % b;
  case ADD: return a + b;
  case SUB: return a - b;
  case SHL: return b < 64 ? a << b : 0;
  case SHR: return b < 64 ? a >> b : 0;
  case BIT_AND: return a & b;
  case BIT_XOR: return a ^ b;
  case BIT_OR: return a | b;
  case EQ: return a == b;
  case NE: return a != b;
  case LE: return (int64_t)a <= (int64_t)b;
  case GE: return (int64_t)a >= (int64_t)b;
  case LT: return (int64_t)a < (int64_t)b;
  case GT: return (int64_t)a > (int64_t)b;
  default: return b != 0; // and, or: the right side decides
  }
}

static bool eval(const struct wg_expr *e, uint16_t at, const struct wg_expr_env *env, uint64_t *out) {
  const struct node *n = &e->nodes[at];
  uint64_t a, b;
  if (n->op < MUL) return eval_unary(e, n, env, out);
  if (!eval(e, n->a, env, &a)) return false;
  if ((n->op == AND && !a) || (n->op == OR && a)) {
    *out = n->op == OR;
    return true;
  }
  if (!eval(e, n->b, env, &b)) return false;
  if ((n->op == DIV || n->op == MOD) && b == 0) return false;
  *out = binary(n->op, a, b);
  return true;
}

bool wg_expr_eval(const struct wg_expr *e, const struct wg_expr_env *env, uint64_t *out) {
  return eval(e, e->root, env, out);
}
