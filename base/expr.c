// A parser by descent, an operator's precedence in a table; the result is a tree that is walked.
#include "base/expr.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

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
  uint32_t column; // of what can have no value
};

struct wg_expr {
  char *text;
  struct node nodes[WG_EXPR_NODES];
  size_t n;
  uint16_t root;
};

struct parser {
  struct wg_expr *e;
  const char *text, *at;
  const struct wg_expr_names *names;
  struct wg_err *err;
  unsigned depth;
};

// --- parsing ----------------------------------------------------------------------------------------------

static int bad_at(const char *text, size_t column, const char *what, struct wg_err *err) {
  struct wg_buf b = {0};
  wg_buf_printable(&b, text, strlen(text), 200);
  wg_fail(err, WG_INPUT, "'%s': column %zu: %s", b.data ? b.data : "", column, what);
  wg_buf_release(&b);
  return WG_INPUT;
}

static size_t column_of(const struct parser *p, const char *at) { return (size_t)(at - p->text) + 1; }

static int bad(const struct parser *p, const char *from, const char *what) {
  return bad_at(p->text, column_of(p, from), what, p->err);
}

static void skip(struct parser *p) { p->at += strspn(p->at, " \t\n"); }

// Of a number or a name; those of a name as compilers and linkers make them, too.
static bool is_word(char c) { return isalnum((unsigned char)c) || (c && strchr("_.$?@:", c)); }
static bool begins_name(char c) { return is_word(c) && !isdigit((unsigned char)c); }

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

static int read_number(struct parser *p, uint16_t *out) {
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

static int memory(struct parser *p, const char *from, unsigned size, bool sign, uint16_t *out) {
  uint16_t a = 0;
  WG_TRY(closed(p, ']', &a));
  struct node n = {.op = MEMORY, .size = size, .sign = sign, .a = a, .column = (uint32_t)column_of(p, from)};
  return node(p, n, out);
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

static int unknown_name(const struct parser *p, const char *from, size_t n, const struct wg_buf *why) {
  struct wg_buf name = {0}, what = {0};
  wg_buf_printable(&name, from, n, 60);
  if (why->len)
    wg_buf_add(&what, why->data, why->len);
  else
    wg_buf_printf(&what, "'%s' is nothing that is known here: %s", name.len ? name.data : "", p->names->known);
  int code = bad(p, from, what.data);
  wg_buf_release(&name);
  wg_buf_release(&what);
  return code;
}

static int known(struct parser *p, const char *from, size_t n, uint16_t *out) {
  struct node made = {.size = 4, .column = (uint32_t)column_of(p, from)};
  struct wg_buf why = {0};
  enum wg_expr_name is = p->names->find(p->names->ctx, from, n, &made.value, &why);
  if (is == WG_EXPR_UNKNOWN && n > 2 && memcmp(from + n - 2, ".q", 2) == 0) {
    made.size = 8;
    wg_buf_clear(&why);
    is = p->names->find(p->names->ctx, from, n - 2, &made.value, &why);
  }
  made.op = is == WG_EXPR_ASKED ? NAME : NUMBER;
  int code = is == WG_EXPR_UNKNOWN ? unknown_name(p, from, n, &why) : node(p, made, out);
  wg_buf_release(&why);
  return code;
}

static int quoted(struct parser *p, uint16_t *out) {
  const char *from = ++p->at, *end = strchr(from, '\'');
  if (end == NULL) return bad(p, from - 1, "expected ' at the end of the name");
  p->at = end + 1;
  return known(p, from, (size_t)(end - from), out);
}

static int name(struct parser *p, uint16_t *out) {
  const char *from = p->at;
  unsigned size;
  bool sign;
  while (is_word(*p->at)) p->at++;
  size_t n = (size_t)(p->at - from);
  skip(p);
  if (!is_sized(from, n, &size, &sign)) return known(p, from, n, out);
  if (*p->at == '[') return memory(p, from, size, sign, out);
  if (*p->at != '(' || !sign) return bad(p, p->at, sign ? "expected [address] or (value)" : "expected [address]");
  uint16_t a = 0;
  WG_TRY(closed(p, ')', &a));
  return node(p, (struct node){.op = EXTEND, .size = size, .a = a}, out);
}

static bool takes_word(struct parser *p, const char *word) {
  size_t n = strlen(word);
  if (strncmp(p->at, word, n) != 0 || (is_word(word[0]) && is_word(p->at[n]))) return false;
  p->at += n;
  return true;
}

static int operand(struct parser *p, uint16_t *out) {
  uint16_t a = 0;
  skip(p);
  char c = *p->at;
  if (c == '(') return closed(p, ')', out);
  if (c == '[') return memory(p, p->at, 4, false, out);
  if (c == '\'') return quoted(p, out);
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
  if (isdigit((unsigned char)c)) return read_number(p, out);
  if (begins_name(c)) return name(p, out);
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
  uint16_t a = 0, b = 0;
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
    struct node n = {.op = operators[i].op, .a = a, .b = b, .column = (uint32_t)column_of(p, from)};
    WG_TRY(node(p, n, &a));
  }
  p->depth--;
  *out = a;
  return WG_OK;
}

int wg_expr_parse(struct wg_expr **out, const char *text, const struct wg_expr_names *names, struct wg_err *err) {
  struct wg_expr *e = wg_xcalloc(1, sizeof *e);
  struct parser p = {.e = e, .text = text, .at = text, .names = names, .err = err};
  int code = expression(&p, 1, &e->root);
  if (code == WG_OK && *p.at == '=') code = bad(&p, p.at, "to compare is ==");
  if (code == WG_OK && *p.at) code = bad(&p, p.at, "expected an operator or the end");
  if (code == WG_OK) e->text = wg_xstrdup(text);
  if (code != WG_OK) {
    free(e);
    e = NULL;
  }
  *out = e;
  return code;
}

void wg_expr_free(struct wg_expr *e) {
  if (e) free(e->text);
  free(e);
}

enum wg_expr_name wg_expr_symbol(const struct wg_symbols *s, const char *name, size_t n, uint64_t *value,
                                 struct wg_buf *why) {
  uint32_t at[4];
  size_t found = s ? wg_symbols_named(s, name, n, at, 4) : 0;
  *value = found ? at[0] : 0;
  if (found == 1) return WG_EXPR_CONSTANT;
  if (found == 0) return WG_EXPR_UNKNOWN;
  wg_buf_printf(why, "%zu symbols are called '", found);
  wg_buf_printable(why, name, n, 200);
  wg_buf_str(why, "':");
  for (size_t i = 0; i < found && i < 4; i++) wg_buf_printf(why, " 0x%08x", at[i]);
  wg_buf_str(why, found > 4 ? " and more; give the address" : "; give the address");
  return WG_EXPR_UNKNOWN;
}

// --- values -----------------------------------------------------------------------------------------------

static uint64_t extended(uint64_t v, unsigned size) {
  uint64_t sign = (uint64_t)1 << (8 * size - 1);
  v &= 2 * sign - 1;
  return (v ^ sign) - sign;
}

struct evaluation {
  const struct wg_expr *e;
  const struct wg_expr_env *env;
  struct wg_err *err; // or NULL
};

static bool no_value(const struct evaluation *v, const struct node *n, const char *why) {
  if (v->err) bad_at(v->e->text, n->column, why, v->err);
  return false;
}

static bool eval(const struct evaluation *v, uint16_t at, uint64_t *out);

static bool eval_unary(const struct evaluation *v, const struct node *n, uint64_t *out) {
  const struct wg_expr_env *env = v->env;
  struct wg_err why = {0}, *told = v->err ? &why : NULL;
  uint64_t a = 0;
  if (n->op == NUMBER) {
    *out = n->value;
    return true;
  }
  if (n->op == NAME) {
    if (!env->value(env->ctx, (unsigned)n->value, out, told)) return no_value(v, n, why.msg);
    if (n->size == 4) *out &= UINT32_MAX;
    return true;
  }
  if (!eval(v, n->a, &a)) return false;
  if (n->op == MEMORY) {
    if (!env->memory(env->ctx, (uint32_t)a, n->size, out, told)) return no_value(v, n, why.msg);
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

static bool eval(const struct evaluation *v, uint16_t at, uint64_t *out) {
  const struct node *n = &v->e->nodes[at];
  uint64_t a = 0, b = 0;
  if (n->op < MUL) return eval_unary(v, n, out);
  if (!eval(v, n->a, &a)) return false;
  if ((n->op == AND && !a) || (n->op == OR && a)) {
    *out = n->op == OR;
    return true;
  }
  if (!eval(v, n->b, &b)) return false;
  if ((n->op == DIV || n->op == MOD) && b == 0) return no_value(v, n, "nothing can be divided by 0");
  *out = binary(n->op, a, b);
  return true;
}

bool wg_expr_eval(const struct wg_expr *e, const struct wg_expr_env *env, uint64_t *out, struct wg_err *err) {
  return eval(&(struct evaluation){e, env, err}, e->root, out);
}
