// printf and format of SQL, for SQLite's own give NULL where the text would be too long, and may take long to find that
// out. What they print is the same: each conversion is SQLite's, with its width and precision looked at before.
#include <stdbool.h>
#include <string.h>

#include "trace/functions.h"

struct format {
  sqlite3_str *out;
  sqlite3_value **v;
  int n;
  int most; // bytes of a value
};

struct conversion {
  char flags[8]; // in the order in which they are known
  int width, precision;
  char kind;
};

static sqlite3_value *next_value(struct format *f) {
  if (f->n == 0) return NULL;
  f->n--;
  return *f->v++;
}

static sqlite3_int64 next_integer(struct format *f) {
  sqlite3_value *v = next_value(f);
  return v ? sqlite3_value_int64(v) : 0;
}

static const char *next_text(struct format *f) {
  sqlite3_value *v = next_value(f);
  return v ? (const char *)sqlite3_value_text(v) : NULL;
}

// Of + and a blank the last counts.
static void add_flag(struct conversion *c, char flag) {
  char *before = strchr(c->flags, flag == '+' ? ' ' : flag == ' ' ? '+' : flag);
  size_t n = strlen(c->flags);
  if (before == NULL && strchr(c->flags, flag) == NULL) c->flags[n] = flag;
  if (before) *before = flag;
}

static int read_digits(const char **p) {
  unsigned n = 0;
  for (; **p >= '0' && **p <= '9'; ++*p) n = n * 10 + (unsigned)(**p - '0');
  return (int)(n & 0x7FFFFFFF);
}

// Beyond what is an int, both are none.
static int magnitude(int n, int none) { return n >= 0 ? n : n > -2147483647 - 1 ? -n : none; }

static int next_width(struct format *f, struct conversion *c) {
  int n = (int)next_integer(f);
  if (n < 0) add_flag(c, '-');
  return magnitude(n, 0);
}

// Behind the %: what follows the conversion. Flags, width, precision and length come in this order; what breaks it is
// the kind, and none.
static const char *read_conversion(struct format *f, const char *p, struct conversion *c) {
  *c = (struct conversion){.precision = -1};
  for (; *p && strchr("-+ #!0,", *p); p++) add_flag(c, *p);
  if (*p == '*') {
    p++;
    c->width = next_width(f, c);
  } else {
    c->width = read_digits(&p);
  }
  if (p[0] == '.' && p[1] == '*') {
    p += 2;
    c->precision = magnitude((int)next_integer(f), -1);
  } else if (*p == '.') {
    p++;
    c->precision = read_digits(&p);
  }
  for (int i = 0; i < 2 && *p == 'l'; i++) p++;
  c->kind = *p;
  return *p ? p + 1 : p;
}

// -- one conversion --

static void repeat(struct format *f, const char *text, int bytes, int times) {
  char block[1024];
  int each = (int)sizeof block / bytes;
  for (int i = 0; i < each && i < times; i++) memcpy(block + i * bytes, text, (size_t)bytes);
  for (; times > 0 && sqlite3_str_errcode(f->out) == SQLITE_OK; times -= each)
    sqlite3_str_append(f->out, block, (times < each ? times : each) * bytes);
}

// The first character of a text, `precision` times.
static void put_character(struct format *f, const struct conversion *c) {
  const char *text = next_text(f);
  char one[4] = {text ? text[0] : 0};
  int bytes = 1, times = c->precision > 1 ? c->precision : 1;
  while ((one[0] & 0xC0) == 0xC0 && bytes < 4 && (text[bytes] & 0xC0) == 0x80) {
    one[bytes] = text[bytes];
    bytes++;
  }
  int blanks = c->width - times; // of characters, not of bytes
  if (!strchr(c->flags, '-')) repeat(f, " ", 1, blanks);
  repeat(f, one, bytes, times);
  if (strchr(c->flags, '-')) repeat(f, " ", 1, blanks);
}

#define INTEGERS "dixXuorp"
#define REALS "feEgG"
#define TEXTS "szqQw"

static bool is_one_of(char kind, const char *kinds) { return kind && strchr(kinds, kind); }

// Of texts a precision says how much of them, of %% and %n nothing.
static bool fits_kind(const struct format *f, const struct conversion *c) {
  bool counts = c->kind == 'c' || is_one_of(c->kind, INTEGERS REALS);
  return c->width < f->most && (!counts || c->precision < f->most);
}

static void spell(const struct conversion *c, char kind, char *out, int size) {
  char width[12] = "", precision[12] = "";
  if (c->width) sqlite3_snprintf(sizeof width, width, "%d", c->width);
  if (c->precision >= 0) sqlite3_snprintf(sizeof precision, precision, ".%d", c->precision);
  sqlite3_snprintf(size, out, "%%%s%s%s%s%c", c->flags, width, precision, is_one_of(kind, INTEGERS) ? "ll" : "", kind);
}

static void put_conversion(struct format *f, const struct conversion *c) {
  char spec[48];
  spell(c, c->kind == 'z' ? 's' : c->kind, spec, sizeof spec); // z would free the text
  if (c->kind == 'c') {
    put_character(f, c);
  } else if (c->kind == '%') {
    sqlite3_str_appendf(f->out, spec);
  } else if (is_one_of(c->kind, TEXTS)) {
    sqlite3_str_appendf(f->out, spec, next_text(f));
  } else if (is_one_of(c->kind, REALS)) {
    sqlite3_value *v = next_value(f);
    sqlite3_str_appendf(f->out, spec, v ? sqlite3_value_double(v) : 0.0);
  } else if (c->kind == 'n') {
    sqlite3_str_append(f->out, "", 0);
  } else {
    sqlite3_str_appendf(f->out, spec, next_integer(f));
  }
}

// What is no conversion ends the text. False: it would be too long.
static bool put_all(struct format *f, const char *p) {
  struct conversion c;
  while (*p && sqlite3_str_errcode(f->out) == SQLITE_OK) {
    size_t n = strcspn(p, "%");
    if (n) sqlite3_str_append(f->out, p, (int)n);
    p += n;
    if (p[0] == '%' && p[1] == 0) sqlite3_str_append(f->out, p, 1);
    if (p[0] == 0 || p[1] == 0) break;
    p = read_conversion(f, p + 1, &c);
    if (!is_one_of(c.kind, INTEGERS REALS TEXTS "cn%")) break;
    if (!fits_kind(f, &c)) return false;
    put_conversion(f, &c);
  }
  return sqlite3_str_errcode(f->out) != SQLITE_TOOBIG;
}

static void format(sqlite3_context *ctx, int n, sqlite3_value **v) {
  sqlite3 *db = sqlite3_context_db_handle(ctx);
  const char *text = n ? (const char *)sqlite3_value_text(v[0]) : NULL;
  if (text == NULL) return;
  struct format f = {sqlite3_str_new(db), v + 1, n - 1, sqlite3_limit(db, SQLITE_LIMIT_LENGTH, -1)};
  bool fit = put_all(&f, text), memory = sqlite3_str_errcode(f.out) != SQLITE_NOMEM;
  int length = sqlite3_str_length(f.out);
  char *made = sqlite3_str_finish(f.out);
  if (fit && memory) {
    sqlite3_result_text(ctx, made, length, sqlite3_free); // NULL if nothing was printed
    return;
  }
  sqlite3_free(made);
  if (fit)
    sqlite3_result_error_nomem(ctx);
  else
    sqlite3_result_error_toobig(ctx);
}

int wg_sql_add_format(sqlite3 *db) {
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  int rc = sqlite3_create_function_v2(db, "printf", -1, flags, NULL, format, NULL, NULL, NULL);
  return rc == SQLITE_OK ? sqlite3_create_function_v2(db, "format", -1, flags, NULL, format, NULL, NULL, NULL) : rc;
}
