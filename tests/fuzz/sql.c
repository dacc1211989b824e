// libFuzzer's entry for SQL. By its first byte the input is a function of ours and the values that it is given (';'), a
// question composed of our functions, views and tables (':'), or a question as it stands, asked as `wedge query` asks
// it. Whatever it is, it ends, and the database is what it was. WEDGE_FUZZ_TRACE names the trace.
//
// Functions and composed questions are asked of a database in memory that is made once, and whose statements stay
// prepared; text goes through trace/ask.h to the same database as a file.
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "trace/ask.h"
#include "trace/functions.h"
#include "trace/sql.h" // generated from schemas/*.sql
#include "trace/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MOST_FUNCTIONS 64
#define MOST_NAMES 128
#define MOST_ROWS 60

struct function {
  char name[40];
  int parameters;
  bool rows;
  sqlite3_stmt *asked;
};

static struct {
  char path[64]; // of the database as a file
  const char *trace;
  sqlite3 *db; // the one in memory
  struct wg_ask ask;
  struct function functions[MOST_FUNCTIONS];
  size_t nfunctions;
  char *names[MOST_NAMES]; // tables and views
  size_t nnames;
  char **texts; // that the database holds: names, semantic ids, JSON
  size_t ntexts;
  unsigned looks; // a question that takes long is given up
} fuzz;

static bool go_on(void) { return ++fuzz.looks < 200; }
static int look(void *ctx) {
  (void)ctx;
  return ++fuzz.looks >= 200;
}

// -- what is asked --

static void remove_db(void) { unlink(fuzz.path); }

static void run(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK) return;
  fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
  abort();
}

static void add_function(const char *name, size_t n, int parameters, bool rows) {
  struct function *f = &fuzz.functions[fuzz.nfunctions++];
  if (fuzz.nfunctions == MOST_FUNCTIONS) abort();
  snprintf(f->name, sizeof f->name, "%.*s", (int)n, name);
  f->parameters = parameters;
  f->rows = rows;
}

// Every function that schemas/functions.sql documents, and those written in C.
static void list_functions(void) {
  for (const char *p = wg_sql_functions; (p = strstr(p, "\n-- ")) != NULL;) {
    p += 4;
    size_t name = strcspn(p, "( \n");
    const char *close = p + strcspn(p, ")\n");
    bool rows = strncmp(close, ") rows:", 7) == 0;
    if (p[name] != '(' || (!rows && strncmp(close, ") value:", 8) != 0)) continue;
    int parameters = close > p + name + 1;
    for (const char *c = p; c < close; c++) parameters += *c == ',';
    add_function(p, name, parameters, rows);
  }
  add_function("hex", 3, 1, false);
  add_function("from_hex", 8, 1, false);
  add_function("status", 6, 1, false);
  add_function("happens_before", 14, 4, false);
}

// The function's statement: all that it gives for values that are bound.
static void prepare(struct function *f) {
  char sql[128];
  int n = snprintf(sql, sizeof sql, f->rows ? "SELECT * FROM %s(" : "SELECT %s(", f->name);
  for (int i = 0; i < f->parameters; i++) n += snprintf(sql + n, sizeof sql - (size_t)n, i ? ",?" : "?");
  snprintf(sql + n, sizeof sql - (size_t)n, ")");
  if (sqlite3_prepare_v3(fuzz.db, sql, -1, SQLITE_PREPARE_PERSISTENT, &f->asked, NULL) == SQLITE_OK) return;
  fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(fuzz.db));
  abort();
}

static char **column_of(const char *sql, size_t *n) {
  sqlite3_stmt *s = NULL;
  char **all = NULL;
  *n = 0;
  if (sqlite3_prepare_v2(fuzz.db, sql, -1, &s, NULL) != SQLITE_OK) abort();
  while (sqlite3_step(s) == SQLITE_ROW) {
    WG_VEC_NEXT(all, *n);
    all[(*n)++] = wg_xstrdup((const char *)sqlite3_column_text(s, 0));
  }
  sqlite3_finalize(s);
  return all;
}

static void copy_db(void) {
  sqlite3 *from;
  sqlite3_backup *b;
  if (sqlite3_open(fuzz.path, &from) != SQLITE_OK) abort();
  // What only a run's record has, so that what asks for branches has something to see.
  run(from, "INSERT INTO branch_sums VALUES (1, 0x82000010, 0x4182fff0, 'beq -16', 100, 1, 0x82000000, 3, 900),"
            "(1, 0x82000020, 0x4e800020, 'blr', 5, 0, NULL, NULL, NULL), (-1, -1, -1, NULL, 0, 0, -1, 0, 0)");
  if (sqlite3_open(":memory:", &fuzz.db) != SQLITE_OK) abort();
  b = sqlite3_backup_init(fuzz.db, "main", from, "main");
  if (b == NULL || sqlite3_backup_step(b, -1) != SQLITE_DONE || sqlite3_backup_finish(b) != SQLITE_OK) abort();
  sqlite3_close(from);
}

static void open_ask(void) {
  struct wg_err err = {0};
  const struct wg_ask_attached other = {"ref", fuzz.path};
  if (fuzz.ask.db) wg_ask_close(&fuzz.ask);
  fuzz.ask = (struct wg_ask){0};
  fuzz.ask.events.watch.go_on = go_on;
  if (wg_ask_open(&fuzz.ask, fuzz.trace, fuzz.path, &other, 1, &err) != WG_OK) abort();
  sqlite3_limit(fuzz.ask.db, SQLITE_LIMIT_LENGTH, 1 << 20);
  sqlite3_limit(fuzz.ask.db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 40);
}

static void begin(void) {
  struct wg_store_report rep = {0};
  struct wg_err err = {0};
  if (fuzz.trace) return;
  fuzz.trace = getenv("WEDGE_FUZZ_TRACE");
  snprintf(fuzz.path, sizeof fuzz.path, "/dev/shm/wedge-fuzz-sql-%d.db", (int)getpid());
  if (fuzz.trace == NULL || wg_store_import(fuzz.trace, fuzz.path, NULL, &rep, &err) != WG_OK) {
    fprintf(stderr, "WEDGE_FUZZ_TRACE must name a trace: %s\n", err.msg);
    exit(2);
  }
  wg_buf_release(&rep.damage);
  atexit(remove_db);
  sqlite3_hard_heap_limit64(256 << 20);
  list_functions();
  copy_db();
  run(fuzz.db, "ATTACH ':memory:' AS ref");
  run(fuzz.db,
      "CREATE TABLE ref.call_sums AS SELECT * FROM main.call_sums WHERE site % 2;"
      "CREATE TABLE ref.sites AS SELECT * FROM main.sites; CREATE TABLE ref.threads AS SELECT * FROM main.threads;"
      "CREATE TABLE ref.branch_sums AS SELECT * FROM main.branch_sums WHERE tid > 0; PRAGMA query_only = 1");
  if (wg_sql_functions_add(fuzz.db) != SQLITE_OK) abort();
  sqlite3_limit(fuzz.db, SQLITE_LIMIT_LENGTH, 1 << 20);
  sqlite3_progress_handler(fuzz.db, 1000, look, NULL);
  for (size_t i = 0; i < fuzz.nfunctions; i++) prepare(&fuzz.functions[i]);
  fuzz.texts =
      column_of("SELECT text FROM strings WHERE text IS NOT NULL UNION SELECT name FROM sites WHERE name IS NOT NULL "
                "UNION SELECT printf('%016x', hsid) FROM objects UNION SELECT printf('0x%x', raw) FROM handle_rows "
                "UNION SELECT 'ref' UNION SELECT 'main' UNION SELECT 'temp' UNION SELECT 'x\".y' UNION SELECT ''",
                &fuzz.ntexts);
  size_t n;
  char **names = column_of("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')", &n);
  for (size_t i = 0; i < n && i < MOST_NAMES; i++) fuzz.names[fuzz.nnames++] = names[i];
  free(names);
  open_ask();
}

// SQLite is not built for coverage: what an input did is told to libFuzzer here.
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t seen[1 << 14];

static void see(uint64_t a, uint64_t b, uint64_t c) {
  uint64_t h = (a * 0x9E3779B97F4A7C15u ^ b) * 0x9E3779B97F4A7C15u ^ c;
  seen[(h * 0x9E3779B97F4A7C15u) >> 50] = 1;
}

static unsigned bits(uint64_t v) { return v ? 64 - (unsigned)__builtin_clzll(v) : 0; }

// -- inputs: bytes from the front --

struct input {
  const uint8_t *p;
  size_t n;
};

static uint8_t byte(struct input *in) {
  if (in->n == 0) return 0;
  in->n--;
  return *in->p++;
}

static uint64_t word(struct input *in) {
  uint64_t v = 0;
  for (int i = 0; i < 8; i++) v = v << 8 | byte(in);
  return v;
}

// Values from bytes: what kind, then what. Returns the kind.
static int bind(sqlite3_stmt *s, int at, struct input *in) {
  static const int64_t edges[] = {INT64_MIN, INT64_MAX,  -1,        0,         1,  INT32_MAX,
                                  INT32_MIN, UINT32_MAX, 1LL << 32, 1LL << 53, 64, 63};
  static const double reals[] = {0.0,    -0.0,    0.5,          1e308,    -1e308,    1e-320,
                                 9.3e18, -9.3e18, 4294967296.0, HUGE_VAL, -HUGE_VAL, 1e15};
  static const char *const digits[] = {"1",  "0x1", "0x", "0xffffffffffffffff",  "0x10000000000000000",
                                       "-1", "1e3", " 1", "9223372036854775808", "%s%n"};
  const uint8_t kind = byte(in) % 11, a = byte(in);
  size_t len = a % 64 < in->n ? a % 64 : in->n;
  uint64_t v;
  double d;
  switch (kind) {
  case 0: sqlite3_bind_null(s, at); return kind;
  case 1: sqlite3_bind_int64(s, at, a); return kind;
  case 2: sqlite3_bind_int64(s, at, edges[a % (sizeof edges / sizeof *edges)]); return kind;
  case 3: sqlite3_bind_double(s, at, reals[a % (sizeof reals / sizeof *reals)]); return kind;
  case 4:
    sqlite3_bind_text(s, at, fuzz.texts[((size_t)a << 8 | byte(in)) % fuzz.ntexts], -1, SQLITE_STATIC);
    return kind;
  case 5: sqlite3_bind_text(s, at, digits[a % (sizeof digits / sizeof *digits)], -1, SQLITE_STATIC); return kind;
  case 6: sqlite3_bind_zeroblob(s, at, a << 8); return kind;
  case 7: sqlite3_bind_int64(s, at, (sqlite3_int64)word(in)); return kind;
  case 8:
    v = word(in);
    memcpy(&d, &v, 8);
    sqlite3_bind_double(s, at, d);
    return kind;
  case 9: sqlite3_bind_text(s, at, (const char *)in->p, (int)len, SQLITE_TRANSIENT); break;
  default: sqlite3_bind_blob(s, at, in->p, (int)len, SQLITE_TRANSIENT); break;
  }
  in->p += len;
  in->n -= len;
  return kind;
}

static void rows_of(sqlite3_stmt *s, uint64_t who) {
  unsigned rows = 0;
  int rc = SQLITE_ROW;
  for (; rows < MOST_ROWS && (rc = sqlite3_step(s)) == SQLITE_ROW; rows++)
    for (int i = 0; i < sqlite3_column_count(s); i++) sqlite3_column_text(s, i);
  see(who, bits(rows) << 8 | (unsigned)rc, bits((uint64_t)sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 1)));
}

// -- a function and its values --

static void call(struct input in) {
  while (in.n) {
    size_t which = byte(&in) % fuzz.nfunctions;
    const struct function *f = &fuzz.functions[which];
    for (int at = 1; at <= f->parameters; at++) see(which, (unsigned)at, (unsigned)bind(f->asked, at, &in));
    fuzz.looks = 0;
    rows_of(f->asked, which);
    sqlite3_reset(f->asked);
    sqlite3_clear_bindings(f->asked);
  }
}

// -- a question composed --

static void put_operand(struct wg_buf *sql, struct input *in, int sources) {
  static const char *const columns[] = {"tid",   "idx", "seq",   "ns", "name", "object",
                                        "rowid", "t",   "times", "rv", "kind", "fields"};
  uint8_t b = byte(in);
  if (b % 4 == 0 && sources)
    wg_buf_printf(sql, "s%d.\"%s\"", byte(in) % sources, columns[(b >> 2) % (sizeof columns / sizeof *columns)]);
  else if (b % 4 == 1)
    wg_buf_printf(sql, "%d", (b >> 2) - 3);
  else
    wg_buf_str(sql, "?");
}

static void put_call(struct wg_buf *sql, struct input *in, bool rows, int sources, int depth) {
  const struct function *f;
  uint8_t which = byte(in);
  do f = &fuzz.functions[which++ % fuzz.nfunctions];
  while (f->rows != rows);
  see((size_t)(f - fuzz.functions), which, (unsigned)(sources * 2 + depth));
  uint8_t given = byte(in); // fewer than there are, or one more
  int n = given < 200 ? f->parameters : given % (f->parameters + 2);
  wg_buf_printf(sql, "%s(", f->name);
  for (int i = 0; i < n; i++) {
    if (i) wg_buf_str(sql, ",");
    if (depth && byte(in) % 4 == 0)
      put_call(sql, in, false, sources, depth - 1);
    else
      put_operand(sql, in, sources);
  }
  wg_buf_str(sql, ")");
}

static void put_source(struct wg_buf *sql, struct input *in, int sources) {
  if (byte(in) % 3)
    put_call(sql, in, true, sources, 1);
  else
    wg_buf_str(sql, fuzz.names[byte(in) % fuzz.nnames]);
  wg_buf_printf(sql, " AS s%d", sources);
}

// SELECT ... FROM one to three sources, the later ones asked about the earlier, with a condition and an order.
static void compose(struct wg_buf *sql, struct input *in) {
  static const char *const joins[] = {" CROSS JOIN ", " JOIN ", " LEFT JOIN ", " FULL JOIN ", ", ", " RIGHT JOIN "};
  static const char *const tests[] = {
      " = ", " IS ", " <= ", " > ", " LIKE ", " IN (1, NULL, 'x') OR 1 = ", " BETWEEN -1 AND "};
  static const char *const ends[] = {"", " ORDER BY 1", " GROUP BY 1", " ORDER BY 2 DESC LIMIT 3", " LIMIT 2 OFFSET 1"};
  static const char *const what[] = {"*", "count(*)", "DISTINCT *", "s0.*, max(1)", "s0.rowid, *"};
  int sources = 1 + byte(in) % 3;
  wg_buf_printf(sql, "SELECT %s", what[byte(in) % 5]);
  if (byte(in) % 4 == 0) {
    wg_buf_str(sql, ", ");
    put_call(sql, in, false, sources, 1);
  }
  wg_buf_str(sql, " FROM ");
  for (int i = 0; i < sources; i++) {
    if (i) wg_buf_str(sql, joins[byte(in) % 6]);
    put_source(sql, in, i);
  }
  if (byte(in) % 2) {
    wg_buf_str(sql, " WHERE ");
    put_operand(sql, in, sources);
    wg_buf_str(sql, tests[byte(in) % 7]);
    put_operand(sql, in, sources);
  }
  wg_buf_str(sql, ends[byte(in) % 5]);
}

static void composed(struct input in) {
  struct wg_buf sql = {0};
  sqlite3_stmt *s = NULL;
  compose(&sql, &in);
  fuzz.looks = 0;
  if (sqlite3_prepare_v2(fuzz.db, sql.data, -1, &s, NULL) == SQLITE_OK) {
    for (int at = 1; at <= sqlite3_bind_parameter_count(s); at++) bind(s, at, &in);
    rows_of(s, 1000);
    sqlite3_finalize(s);
  } else if (strstr(sqlite3_errmsg(fuzz.db), "malformed")) {
    fprintf(stderr, "%s: %s\n", sql.data, sqlite3_errmsg(fuzz.db));
    abort();
  }
  wg_buf_release(&sql);
}

// -- a question as it stands --

static void ask(const char *sql) {
  for (int statements = 0; statements < 8 && wg_ask_more(sql); statements++) {
    sqlite3_stmt *s;
    struct wg_err err = {0};
    if (wg_ask_prepare(&fuzz.ask, sql, &s, &sql, &err) != WG_OK) {
      if (err.msg[0] == 0) abort();
      return;
    }
    if (s == NULL) return;
    if (!sqlite3_stmt_readonly(s)) abort();
    if (wg_ask_first(&fuzz.ask, &s, &err) == SQLITE_ROW) rows_of(s, 1001);
    sqlite3_finalize(s);
  }
}

static void text(struct input in) {
  static unsigned asked;
  struct stat before, after;
  if (++asked % 512 == 0) open_ask();
  if (stat(fuzz.path, &before) != 0) abort();
  fuzz.looks = 0;
  char *sql = wg_xstrndup((const char *)in.p, in.n);
  ask(sql);
  free(sql);
  if (stat(fuzz.path, &after) != 0 || sqlite3_total_changes64(fuzz.ask.db) || before.st_size != after.st_size ||
      before.st_ino != after.st_ino || before.st_mtim.tv_sec != after.st_mtim.tv_sec ||
      before.st_mtim.tv_nsec != after.st_mtim.tv_nsec)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  begin();
  const struct input rest = {data + (n > 0), n - (n > 0)}, all = {data, n};
  sqlite3_int64 changes = sqlite3_total_changes64(fuzz.db);
  if (n && data[0] == ';')
    call(rest);
  else if (n && data[0] == ':')
    composed(rest);
  else
    text(all);
  if (sqlite3_total_changes64(fuzz.db) != changes) abort();
  return 0;
}
