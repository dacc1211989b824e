// Conditions and places as people write them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "probe/expr.h"
#include "probe/place.h"
#include "tests/random.h"
#include "tests/scratch.h"

// --- expressions ------------------------------------------------------------------------------------------

static bool value(void *ctx, unsigned number, uint64_t *out) {
  (void)ctx;
  *out = 0xFFFFFFFF00000000u + number;
  return number != 99;
}
static bool memory(void *ctx, uint32_t addr, unsigned size, uint64_t *out) {
  (void)ctx;
  *out = size == 1 ? 0x80 + (addr & 15) : size == 2 ? 0x8001 : size == 4 ? 0x80000001u : 0x123456789ABCDEF0u;
  return addr != 0xBAD;
}
static bool resolve(const char *name, size_t n, unsigned *number) {
  if (n < 2 || name[0] != 'r') return false;
  *number = (unsigned)atoi(name + 1);
  return true;
}
static const struct wg_expr_env env = {value, memory, NULL};

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
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct wg_expr *e;
    struct wg_err err = {0};
    uint64_t v = 0;
    int code = wg_expr_parse(&e, rows[i].text, resolve, "r0", &err);
    if (code != WG_OK) printf("%s\n", err.msg);
    CU_ASSERT_EQUAL_FATAL(code, WG_OK);
    CU_ASSERT(wg_expr_eval(e, &env, &v));
    if (v != rows[i].is) printf("%s is %llx\n", rows[i].text, (unsigned long long)v);
    CU_ASSERT_EQUAL(v, rows[i].is);
    wg_expr_free(e);
  }
}

static void some_have_none(void) {
  static const char *const rows[] = {"[0xbad]", "1/0", "1 % (r3-3)", "r99 == 1", "1 and [0xbad] == 0", "-u8[0xbad]"};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct wg_expr *e;
    struct wg_err err = {0};
    uint64_t v;
    CU_ASSERT_EQUAL_FATAL(wg_expr_parse(&e, rows[i], resolve, "r0", &err), WG_OK);
    CU_ASSERT(!wg_expr_eval(e, &env, &v));
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
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct wg_expr *e;
    struct wg_err err = {0};
    CU_ASSERT_EQUAL(wg_expr_parse(&e, rows[i].text, resolve, "r0", &err), WG_INPUT);
    CU_ASSERT_PTR_NULL(e);
    if (strstr(err.msg, rows[i].says) == NULL) printf("'%s': %s\n", rows[i].text, err.msg);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, rows[i].says));
  }
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
    int code = wg_expr_parse(&e, text.data, resolve, "r0", &err);
    CU_ASSERT_FATAL(code == WG_OK || (code == WG_INPUT && strstr(err.msg, "column ") != NULL));
    if (code == WG_OK) {
      parsed++;
      wg_expr_eval(e, &env, &v);
    }
    wg_expr_free(e);
    wg_buf_release(&text);
  }
  CU_ASSERT(parsed > 100);
}

// --- places -----------------------------------------------------------------------------------------------

static void places_are_understood(void) {
  struct wg_place_range p;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL(wg_place_parse("0x82001234", 4, NULL, &p, &err), WG_OK);
  CU_ASSERT(p.addr == 0x82001234u && p.len == 4);
  CU_ASSERT_EQUAL(wg_place_parse("82001234+0x10", 4, NULL, &p, &err), WG_OK);
  CU_ASSERT(p.addr == 0x82001234u && p.len == 16);
  CU_ASSERT_EQUAL(wg_place_parse("0xfffffffc", 4, NULL, &p, &err), WG_OK);
  static const char *const bad[] = {"",           "0x", "+4",   "0x82001234+", "0x82001234+0", "0x82001234+65537",
                                    "0xfffffffd", "4",  "r3+4", "0x1ffffffff", "8200123g",     "0x82001234+-1"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct wg_err e = {0};
    CU_ASSERT_EQUAL(wg_place_parse(bad[i], 4, NULL, &p, &e), WG_INPUT);
  }
  CU_ASSERT(wg_place_touch(0x82001234u, 4, 0x92001237u, 1)); // the image by its mirror
  CU_ASSERT(!wg_place_touch(0x82001234u, 4, 0x92001238u, 1));
  CU_ASSERT(wg_place_touch(0xA0001FFEu, 4, 0xC0002000u, 1)); // physical memory
}

WG_MAIN("expr", {"expressions have values", expressions_have_values}, {"some have none", some_have_none},
        {"errors have columns", errors_have_columns}, {"any text is survived", any_text_is_survived},
        {"places are understood", places_are_understood})
