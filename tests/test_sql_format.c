// printf of SQL: what SQLite's own prints, but that too long a text is an error.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/random.h"
#include "tests/suite.h"
#include "trace/functions.h"

static sqlite3 *open_one(bool ours) {
  sqlite3 *db = NULL;
  CU_ASSERT_EQUAL_FATAL(sqlite3_open(":memory:", &db), SQLITE_OK);
  if (ours) CU_ASSERT_EQUAL_FATAL(wg_sql_functions_add(db), SQLITE_OK);
  return db;
}

// A format of a few pieces, most of them of conversions.
static void make(uint64_t *seed, char *out, size_t size) {
  static const char pieces[] = "%%%%%%%%--++  ##!!00,,..**llddiixXuorpfeEgGsszqQwwcn%%TSk12345678";
  out[0] = 0;
  for (uint32_t n = 1 + random_below(seed, 4), k = 0; k < n; k++) {
    size_t at = strlen(out);
    uint32_t plain = random_below(seed, 4) == 0;
    if (!plain) {
      static const char *const widths[] = {"", "", "3", "12", "*", "70"}, *const precisions[] = {"",   "",  ".0", ".2",
                                                                                                 ".*", ".", ".40"};
      static const char flags[] = "-+ #!0,", kinds[] = "dixXuorpfeEgGszqQwcn%T";
      char flag[4] = "";
      for (uint32_t i = random_below(seed, 4), m = 0; m < i; m++) flag[m] = flags[random_below(seed, sizeof flags - 1)];
      snprintf(out + at, size - at, "%%%s%s%s%s%c", flag, widths[random_below(seed, 6)],
               precisions[random_below(seed, 7)], (const char *[]){"", "l", "ll"}[random_below(seed, 3)],
               kinds[random_below(seed, sizeof kinds - 1)]);
    } else {
      for (uint32_t i = 0; i < 3; i++) out[at + i] = pieces[random_below(seed, sizeof pieces - 1)];
      out[at + 3] = 0;
    }
  }
}

static const char *run(sqlite3_stmt *s) {
  return sqlite3_step(s) == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : "(an error)";
}

static void it_prints_what_sqlite_prints(void) {
  static const char *const values[] = {"0",
                                       "1",
                                       "-1",
                                       "1234",
                                       "-9223372036854775808",
                                       "0.5",
                                       "-1e300",
                                       "1e999",
                                       "NULL",
                                       "''",
                                       "'it''s'",
                                       "'\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80x'",
                                       "x'c3'",
                                       "x'ff41'",
                                       "x'610062'",
                                       "17",
                                       "-5",
                                       "2"};
  uint64_t seed = 0x5EED;
  sqlite3 *own = open_one(true), *theirs = open_one(false);
  for (int round = 0; round < 30000; round++) {
    char text[256], quoted[600], sql[1500];
    make(&seed, text, sizeof text);
    sqlite3_snprintf(sizeof quoted, quoted, "%Q", text);
    int n = snprintf(sql, sizeof sql, "SELECT hex(CAST(coalesce(printf(%s", quoted);
    for (uint32_t i = random_below(&seed, 6); i > 0; i--)
      n += snprintf(sql + n, sizeof sql - (size_t)n, ",%s", values[random_below(&seed, 18)]);
    snprintf(sql + n, sizeof sql - (size_t)n, "), 'none') AS BLOB))");
    sqlite3_stmt *a = NULL, *b = NULL;
    CU_ASSERT_EQUAL_FATAL(sqlite3_prepare_v2(own, sql, -1, &a, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_prepare_v2(theirs, sql, -1, &b, NULL), SQLITE_OK);
    const char *x = run(a), *y = run(b);
    if (strcmp(x, y) != 0) fprintf(stderr, "%s\n  own    %s\n  theirs %s\n", sql, x, y);
    CU_ASSERT_STRING_EQUAL_FATAL(x, y);
    sqlite3_finalize(a);
    sqlite3_finalize(b);
  }
  sqlite3_close(own);
  sqlite3_close(theirs);
}

static void what_is_too_long_is_an_error(void) {
  static const struct {
    const char *sql;
    int rc;
  } rows[] = {
      {"SELECT length(printf('%.*c', 999, 'x'))", SQLITE_ROW},
      {"SELECT printf('%.*c', 2000000000, 'x')", SQLITE_TOOBIG},
      {"SELECT printf('%2000000000d', 1)", SQLITE_TOOBIG},
      {"SELECT format('%.2000000000d', 1)", SQLITE_TOOBIG},
      {"SELECT printf('%.2000000000f', 1)", SQLITE_TOOBIG},
      {"SELECT printf('%*s', -2000000000, 'x')", SQLITE_TOOBIG},
      {"SELECT printf('%600d%600d', 1, 2)", SQLITE_TOOBIG},
      {"SELECT printf('%s%s', hex(zeroblob(300)), hex(zeroblob(300)))", SQLITE_TOOBIG},
      {"SELECT printf('%Q', hex(zeroblob(500)))", SQLITE_TOOBIG},
      {"SELECT printf('%-1500c', 'x')", SQLITE_TOOBIG},
      {"SELECT hex(zeroblob(501))", SQLITE_TOOBIG},
      {"SELECT printf('%.2000000000s', 'x')", SQLITE_ROW},
      {"SELECT printf('%.2000000000%')", SQLITE_ROW},
  };
  sqlite3 *own = open_one(true);
  sqlite3_limit(own, SQLITE_LIMIT_LENGTH, 1000);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    sqlite3_stmt *s = NULL;
    CU_ASSERT_EQUAL_FATAL(sqlite3_prepare_v2(own, rows[i].sql, -1, &s, NULL), SQLITE_OK);
    int rc = sqlite3_step(s);
    if (rc != rows[i].rc) fprintf(stderr, "%s: %d\n", rows[i].sql, rc);
    CU_ASSERT_EQUAL(rc, rows[i].rc);
    sqlite3_finalize(s);
  }
  sqlite3_close(own);
}

WG_MAIN("printf of SQL", {"it prints what sqlite prints", it_prints_what_sqlite_prints},
        {"what is too long is an error", what_is_too_long_is_an_error})
