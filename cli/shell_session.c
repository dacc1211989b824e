// Which database answers a question, and whether one is made for it.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/shell.h"
#include "trace/source.h"
#include "trace/store.h"

static bool ends_with(const char *s, const char *tail) {
  size_t n = strlen(s), m = strlen(tail);
  return n >= m && strcmp(s + n - m, tail) == 0;
}

static bool is_run(const char *source) {
  struct stat st;
  return stat(source, &st) == 0 && S_ISDIR(st.st_mode);
}

// What can be read once is not there for the next statement.
static bool is_stream(const char *source) {
  struct stat st;
  return strcmp(source, "-") == 0 || (stat(source, &st) == 0 && S_ISFIFO(st.st_mode));
}

static void beside(const char *source, struct wg_buf *db) {
  wg_buf_clear(db);
  wg_buf_printf(db, is_run(source) ? "%s/trace.db" : "%s.db", source);
}

static bool can_write(const char *path) {
  struct stat st;
  struct wg_buf folder = {0};
  const char *slash = strrchr(path, '/');
  wg_buf_printf(&folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
  bool can = access(folder.len ? folder.data : "/", W_OK) == 0 && (stat(path, &st) != 0 || S_ISREG(st.st_mode));
  wg_buf_release(&folder);
  return can;
}

static int temporary_file(struct wg_session *s, const char *name, struct wg_buf *path, struct wg_err *err) {
  const char *in = getenv("TMPDIR");
  if (s->temporary.path.len == 0 &&
      wg_temporary_make(&s->temporary, in && *in ? in : "/tmp", "wedge-query-", err) != WG_OK) {
    wg_err_prefix(err, "TMPDIR says where there is room");
    return WG_INPUT;
  }
  wg_buf_clear(path);
  wg_buf_printf(path, "%s/%s", s->temporary.path.data, name);
  return WG_OK;
}

// -- a pipe --

static int copy(int from, int to, const char *what, struct wg_err *err) {
  char block[1 << 16];
  for (;;) {
    struct pollfd input = {.fd = from, .events = POLLIN};
    if (!wg_cli_go_on()) return wg_fail(err, WG_INPUT, "%s: interrupted", what);
    if (poll(&input, 1, WG_ASK_MS) <= 0) continue;
    ssize_t n = read(from, block, sizeof block), done = 0;
    if (n == 0) return WG_OK;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return wg_fail(err, WG_INPUT, "%s: %s", what, strerror(errno));
    while (done < n) {
      ssize_t put = write(to, block + done, (size_t)(n - done));
      if (put < 0 && errno != EINTR) return wg_fail(err, WG_INPUT, "keeping %s: %s", what, strerror(errno));
      if (put > 0) done += put;
    }
  }
}

// Its text is kept in a file of our own, as it is.
static int keep_text(struct wg_session *s, struct wg_err *err) {
  bool input = strcmp(s->source, "-") == 0;
  const char *what = input ? "standard input" : s->source;
  WG_TRY(temporary_file(s, "input", &s->spool, err));
  int from = input ? dup(STDIN_FILENO) : wg_pipe_open(s->source);
  int to = open(s->spool.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  int code = from < 0 || to < 0 ? wg_fail(err, WG_INPUT, "%s: %s", what, strerror(errno)) : copy(from, to, what, err);
  if (from >= 0) close(from);
  if (to >= 0 && close(to) != 0 && code == WG_OK) code = wg_fail(err, WG_INPUT, "%s: %s", what, strerror(errno));
  s->trace = s->spool.data;
  return code;
}

// -- an import --

#define LOOK_BYTES (8u << 20) // of text, to see how well the rest is packed
#define TRIED_MS 200u         // of importing, from which the rest is reckoned
#define READ_SHARE 0.93       // of an import's time, by which all is read; the rest makes indexes

// How much text a trace is, about.
static uint64_t text_bytes(const char *trace) {
  struct wg_source *source;
  struct wg_err unsaid = {0};
  uint64_t text = 0, of = 0, at = 0;
  size_t n;
  if (wg_source_open(&source, trace, &unsaid) != WG_OK) return 0;
  bool more = true;
  while (text < LOOK_BYTES && (more = wg_source_next(source, &n) != NULL)) text += n;
  at = wg_source_at(source, &of);
  wg_source_close(source);
  return more && at && at < of ? (uint64_t)((double)text * ((double)of / (double)at)) : text;
}

static void put_bytes(struct wg_buf *b, uint64_t n) {
  static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
  double v = (double)n;
  unsigned u = 0;
  for (; v >= 1000 && u < 4; u++) v /= 1000;
  wg_buf_printf(b, u && v < 10 ? "%.1f %s" : "%.0f %s", v, units[u]);
}

// Why a database is made, and where.
struct announced {
  const char *what, *why, *into;
};

static void announce(const struct announced *a, const char *trace, uint64_t ms) {
  struct wg_buf b = {0};
  uint64_t seconds = (ms + 999) / 1000;
  put_bytes(&b, text_bytes(trace));
  wg_buf_str(&b, " of events, about ");
  if (seconds < 120)
    wg_buf_printf(&b, "%llu s", (unsigned long long)(seconds ? seconds : 1));
  else
    wg_buf_printf(&b, "%llu min", (unsigned long long)(seconds + 30) / 60);
  wg_cli_note("%s: importing %s (%s) into %s", a->why, a->what, b.data, a->into);
  wg_buf_release(&b);
}

struct importing {
  struct wg_cli_rate rate;
  const char *source;
  const struct announced *announced; // NULL: nothing is to be said, or it has been
  uint64_t begun_ms;
};

// How long it will take is known once it has gone on for a while.
static void watch_import(void *ctx, uint64_t events, uint64_t at, uint64_t of) {
  struct importing *i = ctx;
  uint64_t ms = wg_cli_host_ms() - i->begun_ms;
  if (i->announced && ms >= TRIED_MS && at && of) {
    double share = READ_SHARE * (double)(at < of ? at : of) / (double)of;
    announce(i->announced, i->source, (uint64_t)((double)ms / share));
    i->announced = NULL;
  }
  if (wg_cli_shows_progress()) wg_cli_show_progress(&i->rate, at, of, "%llu events", (unsigned long long)events);
}

static int put_branches(void *ctx, struct wg_store_branches *to, struct wg_buf *damage, struct wg_err *err) {
  const struct importing *i = ctx;
  return wg_cli_branch_sums(i->source, to, damage, err);
}

static int import(const char *source, const char *db, const struct wg_reading *reading, bool branches,
                  const struct announced *announced, struct wg_store_report *rep, struct wg_err *err) {
  struct importing i = {.rate = {.what = source, .unit = 1e6, .unit_name = "MB"},
                        .source = source,
                        .announced = announced,
                        .begun_ms = wg_cli_host_ms()};
  const struct wg_store_watch watch = {watch_import, wg_cli_go_on, branches ? put_branches : NULL, *reading, &i};
  wg_cli_catch_signals();
  int code = wg_store_import(source, db, &watch, rep, err);
  wg_cli_progress_end();
  if (i.announced && code == WG_OK) announce(i.announced, source, wg_cli_host_ms() - i.begun_ms);
  return code;
}

int wg_cli_import(const char *source, const char *db, const struct wg_reading *reading, bool branches,
                  struct wg_store_report *rep, struct wg_err *err) {
  WG_TRY(wg_cli_spare_for_db(db, source, err));
  return import(source, db, reading, branches, NULL, rep, err);
}

// Makes the database of a trace: that of a run in its folder, that of another file where the options say, or for this
// time alone.
static int make_database(struct wg_session *s, const char *trace, const char *given, const char *name, const char *why,
                         struct wg_buf *db, struct wg_err *err) {
  struct wg_store_report rep = {0};
  bool wanted = trace != s->spool.data && !s->reading.mapping && (is_run(trace) || s->import == WG_IMPORT_ALWAYS);
  bool kept = given != NULL;
  if (s->import == WG_IMPORT_NEVER)
    return wg_fail(err, WG_INPUT, "%s: that needs the database of %s, which --import never does not let be made", why,
                   trace);
  beside(trace, db);
  if (given) {
    WG_TRY(wg_cli_spare_for_db(given, trace, err));
    wg_buf_clear(db);
    wg_buf_str(db, given);
  } else if (wanted && can_write(db->data)) {
    kept = true;
  } else {
    if (wanted) wg_cli_note("note: the folder of %s cannot be written, so the database is made anew each time", trace);
    WG_TRY(temporary_file(s, name, db, err));
  }
  const struct announced said = {trace == s->spool.data ? "it" : trace, why,
                                 kept ? db->data
                                      : "a database for this time alone; --import always or --db FILE keeps it"};
  int code = import(trace, db->data, &s->reading, s->branches, &said, &rep, err);
  wg_buf_release(&rep.damage);
  return code;
}

// -- opening --

static int use(struct wg_session *s, const char *db, struct wg_err *err) {
  struct wg_buf damage = {0};
  int code = WG_OK;
  if (db && *db) code = wg_store_check(db, &damage, err);
  if (damage.len && !s->told) {
    s->told = true;
    wg_cli_note("warning: %s: %s; the events that can be read are used", s->source, damage.data);
  }
  wg_buf_release(&damage);
  if (code != WG_OK) return code;
  if (s->ask.db) wg_ask_close(&s->ask);
  void (*reread)(void *) = s->ask.events.reread;
  s->ask = (struct wg_ask){.writes = s->writes, .params = s->params, .nparams = s->nparams};
  s->ask.events.watch.go_on = wg_cli_go_on;
  s->ask.events.reread = reread;
  s->ask.events.reading = s->reading;
  return wg_ask_open(&s->ask, s->trace, db, s->attached, s->attach ? s->attach->n : 0, err);
}

static void reread(void *ctx) {
  (void)ctx;
  wg_cli_note("note: this statement reads the whole trace again and again; the tables of its database (.tables) have "
              "indexes, and --import always makes it");
}

// Whether it is what would be made.
static bool is_of(const struct wg_session *s, const char *db, const char *trace) {
  return wg_store_made_of(db, trace) && (!s->branches || wg_store_has_branches(db));
}

static int attach(struct wg_session *s, size_t i, struct wg_err *err) {
  const char *spec = s->attach->v[i], *trace = strchr(spec, '=');
  struct wg_buf *db = &s->files[i];
  struct stat st;
  if (trace == NULL || trace == spec) return wg_fail(err, WG_INPUT, "--attach: expected NAME=TRACE, got '%s'", spec);
  wg_buf_add(&s->names[i], spec, (size_t)(trace - spec));
  static const char *const taken[] = {"main", "temp"};
  for (size_t k = 0; k < 2; k++)
    if (strcmp(s->names[i].data, taken[k]) == 0)
      return wg_fail(err, WG_INPUT, "--attach: '%s' is the name of the trace's own tables", taken[k]);
  trace++;
  if (stat(trace, &st) != 0) return wg_fail(err, WG_INPUT, "%s: %s", trace, strerror(errno));
  beside(trace, db);
  int code = WG_OK;
  if (ends_with(trace, ".db")) {
    wg_buf_clear(db);
    wg_buf_str(db, trace);
  } else if (!is_of(s, db->data, trace)) {
    struct wg_buf name = {0};
    wg_buf_printf(&name, "attached%zu.db", i);
    code = make_database(s, trace, NULL, name.data, "--attach needs a database", db, err);
    wg_buf_release(&name);
  }
  struct wg_buf damage = {0};
  if (code == WG_OK) code = wg_store_check(db->data, &damage, err);
  if (damage.len) wg_cli_note("warning: %s: %s; the events that can be read are used", trace, damage.data);
  wg_buf_release(&damage);
  s->attached[i] = (struct wg_ask_attached){s->names[i].data, db->data};
  return code;
}

int wg_session_open(struct wg_session *s, struct wg_err *err) {
  struct stat st;
  wg_cli_catch_signals();
  s->ask.events.reread = reread;
  s->ask.events.reading = s->reading;
  if (strcmp(s->source, "-") != 0 && stat(s->source, &st) != 0)
    return wg_fail(err, WG_INPUT, "%s: %s", s->source, strerror(errno));
  for (size_t i = 0; s->attach && i < s->attach->n; i++) WG_TRY(attach(s, i, err));
  if (ends_with(s->source, ".db")) {
    wg_buf_str(&s->database, s->source);
    return use(s, s->source, err);
  }
  s->trace = s->source;
  if (is_stream(s->source)) WG_TRY(keep_text(s, err));
  beside(s->trace, &s->database);
  if (s->db) {
    wg_buf_clear(&s->database);
    wg_buf_str(&s->database, s->db);
  }
  if (!s->reading.mapping && is_of(s, s->database.data, s->trace)) return use(s, s->database.data, err);
  wg_buf_clear(&s->database);
  if (s->import == WG_IMPORT_ALWAYS || s->writes) {
    WG_TRY(make_database(s, s->trace, s->db, "trace.db", s->writes ? "--write" : "--import always", &s->database, err));
    return use(s, s->database.data, err);
  }
  struct wg_reader *r;
  const struct wg_reading how = {.mapping = s->reading.mapping, .through = true};
  WG_TRY(wg_reader_open_as(&r, s->trace, &how, err));
  wg_reader_close(r);
  return use(s, NULL, err);
}

void wg_session_close(struct wg_session *s) {
  if (s->ask.db) wg_ask_close(&s->ask);
  wg_temporary_remove(&s->temporary);
  for (size_t i = 0; i < WG_OPT_VALUES; i++) {
    wg_buf_release(&s->names[i]);
    wg_buf_release(&s->files[i]);
  }
  wg_buf_release(&s->spool);
  wg_buf_release(&s->database);
}

// -- statements --

// Whether all that stops a statement is that no database is there; else *err says what does.
static bool needs_database(struct wg_session *s, const char *sql, struct wg_err *err) {
  struct wg_ask empty = {.params = s->params, .nparams = s->nparams};
  sqlite3_stmt *stmt = NULL;
  const char *tail;
  bool whole = wg_ask_open(&empty, s->trace, "", s->attached, s->attach ? s->attach->n : 0, err) == WG_OK &&
               wg_ask_prepare(&empty, sql, &stmt, &tail, err) == WG_OK;
  sqlite3_finalize(stmt);
  wg_ask_close(&empty);
  return whole;
}

// Until a statement's first row is there (wg_format_rows).
static void show_pass(void *ctx, uint64_t at, uint64_t of) {
  wg_cli_show_progress(ctx, at, of, "%llu MB read", (unsigned long long)at / 1000000);
}

static void tell_of_branches(struct wg_session *s) {
  if (!s->ask.reads_branches || s->told_of_none || s->database.len == 0 || wg_store_has_branches(s->database.data))
    return;
  s->told_of_none = true;
  wg_cli_note("note: the database was made without branches, so there are none; --branches makes it with them");
}

int wg_session_prepare(struct wg_session *s, const char *sql, sqlite3_stmt **stmt, const char **tail,
                       struct wg_err *err) {
  struct wg_err first = {0};
  int code = wg_ask_prepare(&s->ask, sql, stmt, tail, &first);
  s->rate = (struct wg_cli_rate){.what = s->source, .unit = 1e6, .unit_name = "MB"};
  s->ask.events.watch.progress = wg_cli_shows_progress() ? show_pass : NULL;
  s->ask.events.watch.ctx = &s->rate;
  if (code == WG_OK) {
    tell_of_branches(s);
    return WG_OK;
  }
  static const char missing[] = "SQL: no such table: ";
  if (s->database.len) *err = first;
  if (s->database.len || !needs_database(s, sql, err)) return code;
  struct wg_buf why = {0};
  bool table = strncmp(first.msg, missing, sizeof missing - 1) == 0;
  wg_buf_printf(&why, "%s is in the database alone", table ? first.msg + sizeof missing - 1 : "what it asks for");
  code = make_database(s, s->trace, s->db, "trace.db", why.data, &s->database, err);
  wg_buf_release(&why);
  if (code == WG_OK) code = use(s, s->database.data, err);
  if (code != WG_OK) wg_buf_clear(&s->database);
  if (code == WG_OK) code = wg_ask_prepare(&s->ask, sql, stmt, tail, err);
  if (code == WG_OK) tell_of_branches(s);
  return code;
}

void wg_session_tell(struct wg_session *s) {
  if (s->told || s->ask.events.damage.len == 0) return;
  s->told = true;
  wg_cli_note("warning: %s: %s; the events that can be read are used", s->source, s->ask.events.damage.data);
}

int wg_session_names(struct wg_session *s, struct wg_ask *empty, struct wg_ask **out, struct wg_err *err) {
  *out = &s->ask;
  if (s->database.len) return WG_OK;
  *empty = (struct wg_ask){0};
  *out = empty;
  return wg_ask_open(empty, s->trace, "", s->attached, s->attach ? s->attach->n : 0, err);
}
