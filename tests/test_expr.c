// Expressions: their values and operators, names, and what is wrong with those that are none.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/expr.h"
#include "tests/random.h"
#include "tests/suite.h"

static bool value(void *ctx, unsigned number, uint64_t *out, struct wg_err *why) {
  (void)ctx;
  if (why && number == 99) wg_fail(why, WG_INPUT, "nobody knows r99");
  *out = 0xFFFFFFFF00000000u + number;
  return number != 99;
}
static bool memory(void *ctx, uint32_t addr, unsigned size, uint64_t *out, struct wg_err *why) {
  (void)ctx;
  if (why && addr == 0xBAD) wg_fail(why, WG_INPUT, "nothing there");
  *out = size == 1 ? 0x80 + (addr & 15) : size == 2 ? 0x8001 : size == 4 ? 0x80000001u : 0x123456789ABCDEF0u;
  return addr != 0xBAD;
}
static enum wg_expr_name find(void *ctx, const char *name, size_t n, uint64_t *is, struct wg_buf *why) {
  if (n < 2 || name[0] != 'r' || name[1] < '0' || name[1] > '9' || memchr(name, '.', n))
    return wg_expr_symbol(ctx, name, n, is, why);
  *is = (uint64_t)atoi(name + 1);
  return WG_EXPR_ASKED;
}
static struct wg_expr_names names = {find, NULL, "r0"};
static const struct wg_expr_env env = {value, memory, NULL};

static void has_value(const char *text, uint64_t is) {
  struct wg_expr *e;
  struct wg_err err = {0};
  uint64_t v = 0;
  int code = wg_expr_parse(&e, text, &names, &err);
  if (code != WG_OK) printf("%s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(code, WG_OK);
  CU_ASSERT(wg_expr_eval(e, &env, &v, NULL));
  if (v != is) printf("%s is %llx\n", text, (unsigned long long)v);
  CU_ASSERT_EQUAL(v, is);
  wg_expr_free(e);
}

static void is_refused(const char *text, const char *says) {
  struct wg_expr *e;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL(wg_expr_parse(&e, text, &names, &err), WG_INPUT);
  CU_ASSERT_PTR_NULL(e);
  if (strstr(err.msg, says) == NULL) printf("'%s': %s\n", text, err.msg);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, says));
}

static void expressions_have_values(void) {
  static const struct {
    const char *text;
    uint64_t is;
  } rows[] = {
      {"1", 1},
      {"0x10 + 0b11", 19},
      {"2+3*4", 14},
      {"(2+3)*4", 20},
      {"10-3-2", 5},
      {"1<<4|1", 17},
      {"7&3==3", 1}, // & binds closer than ==
      {"6^2", 4},
      {"100/7%5", 4},
      {"-1 == 0xffffffffffffffff", 1},
      {"~0 >> 60", 15},
      {"1 << 64", 0},
      {"r3", 3},
      {"r3.q", 0xFFFFFFFF00000003u},
      {"r3 == 3 and r4 != 3", 1},
      {"r3 == 4 or r4 == 4", 1},
      {"not r3 == 3", 0},
      {"!r3 == 3", 0},
      {"!0 && !0", 1},
      {"not not 5", 1},
      {"1 or 0 and 0", 1},
      {"[r3+8]", 0x80000001u},
      {"u8[3]", 0x83},
      {"s8[3] == -0x7d", 1},
      {"s16[0] == 0 - 0x7fff", 1},
      {"s32(0xffffffff) == -1", 1},
      {"s32[0] == -0x7fffffff", 1},
      {"s32(0xffffffff) < 0 and 0xffffffff > 0 and -1 <= 0 and 0 >= s8[0]", 1},
      {"u64[ [4] ]", 0x123456789ABCDEF0u},
      {"r3<r4 and r4>=4 and r4<=4 and r5>4", 1},
      {"0 and [0xbad]", 0}, // the right side is not looked at
      {"1 or 1/0", 1},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) has_value(rows[i].text, rows[i].is);
}

static void some_have_none(void) {
  static const struct {
    const char *text, *why;
  } rows[] = {
      {"[0xbad]", "'[0xbad]': column 1: nothing there"}, {"1/0", "column 2: nothing can be divided by 0"},
      {"1 % (r3-3)", "column 3: nothing can"},           {"r99 == 1", "column 1: nobody knows r99"},
      {"1 and [0xbad] == 0", "column 7: nothing there"}, {"-u8[0xbad]", "column 2: nothing there"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct wg_expr *e;
    struct wg_err err = {0};
    uint64_t v;
    CU_ASSERT_EQUAL_FATAL(wg_expr_parse(&e, rows[i].text, &names, &err), WG_OK);
    CU_ASSERT(!wg_expr_eval(e, &env, &v, NULL));
    CU_ASSERT(!wg_expr_eval(e, &env, &v, &err));
    if (strstr(err.msg, rows[i].why) == NULL) printf("%s: %s\n", rows[i].text, err.msg);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, rows[i].why));
    wg_expr_free(e);
  }
}

static void errors_have_columns(void) {
  static const struct {
    const char *text, *says;
  } rows[] = {
      {"", "column 1: something is missing"},
      {"r3 = 4", "column 4: to compare is =="},
      {"r3 ==", "column 6: something is missing"},
      {"(r3", "column 4: expected ')', for the '(' at column 1"},
      {"[r3 4", "column 5: expected ']'"},
      {"foo", "column 1: 'foo' is nothing that is known here"},
      {"r3 r4", "column 4: expected an operator"},
      {"0x", "column 1: expected a number"},
      {"12ab", "column 1: expected a number"},
      {"99999999999999999999", "column 1: a number has at most 64 bits"},
      {"u8", "column 3: expected [address]"},
      {"u8(3)", "column 3: expected [address]"},
      {"s8 3", "column 4: expected [address] or (value)"},
      {"1 < r3 < 4", "column 8: comparisons do not chain"},
      {"r3 == #", "column 7: expected a number"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) is_refused(rows[i].text, rows[i].says);
}

static void symbols_are_names(void) {
  static const char map[] =
      "82010000 T main\n82010010 t twice\n82010020 t twice\n82010030 T ?f@@YAXH@Z\n82010040 T a b\n"
      "82010050 T x.q\n82010060 T f.part.0\n";
  static const struct {
    const char *text;
    uint64_t is;
  } rows[] = {
      {"main+8", 0x82010008},   {"main == 0x82010000", 1}, {"?f@@YAXH@Z + 4", 0x82010034}, {"x.q", 0x82010050},
      {"f.part.0", 0x82010060}, {"'main'", 0x82010000},    {"r3.q & 0xffffffff", 3},
  };
  static const struct {
    const char *text, *says;
  } bad[] = {
      {"mian", "column 1: 'mian' is nothing that is known here: r0"},
      {"1 + twice", "column 5: 2 symbols are called 'twice': 0x82010010 0x82010020; give the address"},
      {"'main", "column 1: expected ' at the end of the name"},
      {"''", "column 2: '' is nothing that is known here"},
      {"'a\x1b'", "'a\\x1b' is nothing"},
  };
  struct wg_symbols *s = NULL;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_symbols_parse(&s, "t", map, sizeof map - 1, &err), WG_OK);
  names.ctx = s;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) has_value(rows[i].text, rows[i].is);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) is_refused(bad[i].text, bad[i].says);
  names.ctx = NULL;
  wg_symbols_free(s);
}

// Whatever is written there, it is parsed or refused, and what was parsed has a value or none.
static void any_text_is_survived(void) {
  static const char *const words[] = {"(",  ")",  "[",  "]",    "u8[", "s32(", "r3", ".q",    "r99",  "not", "!", "and",
                                      "or", "==", "<",  "<<",   "-",   "~",    "+",  "*",     "/",    "%",   "&", "|",
                                      "^",  "0x", "17", "0xff", " ",   "=",    "&&", "\\x01", "\xff", "0b1"};
  uint64_t seed = 5, parsed = 0;
  for (unsigned round = 0; round < 40000; round++) {
    struct wg_buf text = {0};
    struct wg_expr *e;
    struct wg_err err = {0};
    uint64_t v;
    unsigned n = random_below(&seed, 40);
    if (round % 100 == 0) n = 400;
    wg_buf_reserve(&text, 1);
    for (unsigned i = 0; i < n; i++) wg_buf_str(&text, words[random_below(&seed, round % 100 ? 34 : 6)]);
    int code = wg_expr_parse(&e, text.data, &names, &err);
    CU_ASSERT_FATAL(code == WG_OK || (code == WG_INPUT && strstr(err.msg, "column ") != NULL));
    if (code == WG_OK) {
      parsed++;
      wg_expr_eval(e, &env, &v, NULL);
    }
    wg_expr_free(e);
    wg_buf_release(&text);
  }
  CU_ASSERT(parsed > 100);
}

WG_MAIN("expressions", {"expressions have values", expressions_have_values}, {"some have none", some_have_none},
        {"errors have columns", errors_have_columns}, {"symbols are names", symbols_are_names},
        {"any text is survived", any_text_is_survived})
