#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/shell.h"
#include "nt/exports.h"
#include "trace/columns.h"
#include "trace/jsonl.h"
#include "trace/reader.h"
#include "trace/source.h"

#define CONTEXT 10 // events before and after the one that is looked at

struct filter {
  const char *kind, *name, *grep, *where;
  uint64_t tid, limit, from;
  bool json, colours;
  struct wg_reading reading;
  struct wg_suggestion kinds, names; // of what there was instead
  bool saw_kind, saw_name, saw_tid;

  bool around;
  uint64_t at_tid, at_idx, context;
  struct wg_buf *before; // the last lines, `context` of them, in a circle
  uint64_t nbefore, after;
  bool reached;
  uint64_t last_idx; // of that thread
  bool saw_thread;

  uint64_t shown;
  bool cut; // by a signal, with more to come
  struct wg_buf line;
};

static bool wanted(struct filter *f, const struct wg_event *e) {
  const char *kind = wg_kind_name(e), *name = wg_ev_text(e, WG_K_NAME);
  bool of_kind = f->kind == NULL || strcmp(f->kind, kind) == 0;
  bool of_name = f->name == NULL || (name && strcmp(f->name, name) == 0);
  bool of_tid = f->tid == UINT64_MAX || e->tid == f->tid;
  if (f->kind && !f->saw_kind && !of_kind) wg_suggest(&f->kinds, kind);
  if (f->name && !f->saw_name && !of_name && name) wg_suggest(&f->names, name);
  f->saw_kind |= of_kind;
  f->saw_name |= of_name;
  f->saw_tid |= of_tid;
  return of_kind && of_name && of_tid && e->idx >= f->from;
}

// Of a kind or name that nothing has and nobody knows: a slip.
static int check_slips(struct filter *f, struct wg_err *err) {
  if (f->kind && !f->saw_kind && wg_kind_of(f->kind) == WG_EV_OTHER) {
    struct wg_event e = {0};
    for (e.kind = 0; e.kind < WG_EV_OTHER; e.kind++) wg_suggest(&f->kinds, wg_kind_name(&e));
    return wg_fail(err, WG_INPUT, "--kind: no event is of kind '%s'%s", f->kind, wg_suggested(&f->kinds));
  }
  if (f->name && !f->saw_name && wg_nt_find(f->name, strlen(f->name)) == NULL) {
    wg_suggest_exports(&f->names);
    return wg_fail(err, WG_INPUT, "--name: no event is of '%s', and there is no such export%s", f->name,
                   wg_suggested(&f->names));
  }
  if (!f->saw_tid) return wg_fail(err, WG_INPUT, "--tid: there is no thread %llu", (unsigned long long)f->tid);
  return WG_OK;
}

// -- lines --

// What is printed has our escapes, whatever those of the file are: its header says so.
static void put_header(const struct wg_event *e, struct wg_buf *out) {
  struct wg_event said = *e;
  if (wg_jsonl_escapes(e) == WG_JSON_CHARACTERS && !wg_ev_get(e, WG_K_ESCAPES) && said.nfields < WG_EVENT_FIELDS)
    wg_ev_str(&said, WG_K_ESCAPES, "bytes");
  wg_ev_encode_foreign(&said, out);
}

static void make_line(struct filter *f, const struct wg_event *e, bool colours) {
  wg_buf_clear(&f->line);
  if (f->json && e->kind == WG_EV_TRACE_HEADER) {
    put_header(e, &f->line);
  } else if (f->json) {
    wg_ev_encode_foreign(e, &f->line);
  } else {
    wg_cli_event(e, colours, f->grep, &f->line);
    wg_buf_char(&f->line, '\n');
  }
}

// The event as a line; false if what is looked for is not in it.
static bool line_of(struct filter *f, const struct wg_event *e) {
  if (f->grep || !f->colours) {
    make_line(f, e, false);
    if (f->grep && strstr(f->line.data, f->grep) == NULL) return false;
  }
  if (f->colours && !f->json) make_line(f, e, true);
  return true;
}

// Escapes are our own, all else in a line is printable.
static void print_line(struct filter *f, const struct wg_buf *line) {
  fwrite(line->data, 1, line->len, stdout);
  f->shown++;
}

static void remember(struct filter *f) {
  if (f->context == 0) return;
  struct wg_buf *b = &f->before[f->nbefore++ % f->context];
  wg_buf_clear(b);
  wg_buf_add(b, f->line.data, f->line.len);
}

static void print_around(struct filter *f, const struct wg_event *e) {
  uint64_t n = f->nbefore < f->context ? f->nbefore : f->context;
  for (uint64_t i = f->nbefore - n; i < f->nbefore; i++) print_line(f, &f->before[i % f->context]);
  const char *grep = f->grep;
  f->grep = NULL;
  line_of(f, e);
  f->grep = grep;
  if (!f->json) fputs(f->colours ? "\033[7m>\033[0m" : ">", stdout);
  // Without the first blank of the thread's number, so that the mark moves nothing.
  char *blank = f->json ? NULL : memchr(f->line.data, ' ', f->line.len);
  if (blank) memmove(blank, blank + 1, f->line.len-- - (size_t)(blank - f->line.data));
  print_line(f, &f->line);
}

// False: all is printed.
static bool take(struct filter *f, const struct wg_event *e, bool passes) {
  if (!f->around) {
    if (f->shown == f->limit) return false;
    if (passes && line_of(f, e)) print_line(f, &f->line);
    return f->shown < f->limit;
  }
  if (e->tid == f->at_tid) {
    f->saw_thread = true;
    f->last_idx = e->idx;
  }
  if (!f->reached && e->tid == f->at_tid && e->idx == f->at_idx) {
    f->reached = true;
    print_around(f, e);
  } else if (passes && line_of(f, e)) {
    if (!f->reached) {
      remember(f);
    } else {
      print_line(f, &f->line);
      f->after++;
    }
  }
  return !f->reached || f->after < f->context;
}

static int check_reached(const struct filter *f, const char *path, struct wg_err *err) {
  if (!f->around || f->reached) return WG_OK;
  unsigned long long tid = f->at_tid;
  if (!f->saw_thread) return wg_fail(err, WG_INPUT, "--around: %s has no thread %llu", path, tid);
  return wg_fail(err, WG_INPUT, "--around: thread %llu of %s has no event %llu; its last is %llu", tid, path,
                 (unsigned long long)f->at_idx, (unsigned long long)f->last_idx);
}

// -- events as they come --

static bool go_on(struct filter *f, const struct wg_pager *p) {
  if (!wg_cli_go_on()) f->cut = true;
  return !f->cut && !wg_cli_page_left(p);
}

// Without `show` they are only looked through, for what of the options is a slip.
static int read_events(const char *path, struct filter *f, const struct wg_pager *p, bool show, struct wg_err *err) {
  struct wg_reader *r;
  struct wg_event e;
  const struct wg_reading how = {.mapping = f->reading.mapping, .through = true, .go_on = wg_cli_go_on};
  WG_TRY(wg_reader_open_as(&r, path, &how, err));
  bool more = f->limit > 0;
  while (more && wg_reader_next(r, &e) && go_on(f, p)) {
    bool passes = wanted(f, &e);
    if (show) more = take(f, &e, passes);
  }
  int code = WG_OK;
  f->cut |= wg_reader_stopped(r);
  if (more && show && !f->cut && !wg_cli_page_left(p) && wg_reader_damage(r))
    code = wg_fail(err, WG_INPUT, "%s: %s", path, wg_reader_damage(r));
  wg_reader_close(r);
  return code;
}

// -- events by an expression --

// The line, and whether it passes: of the thread that is looked at all are read.
static void put_where(const struct filter *f, struct wg_buf *sql) {
  struct wg_buf test = {0};
  if (f->kind) wg_buf_str(&test, "kind = :kind AND ");
  if (f->name) wg_buf_str(&test, "name = :name AND ");
  if (f->tid != UINT64_MAX) wg_buf_str(&test, "tid = :tid AND ");
  if (f->from) wg_buf_str(&test, "idx >= :from AND ");
  wg_buf_printf(&test, "(%s\n)", f->where);
  if (f->around)
    wg_buf_printf(
        sql, "SELECT line, passes FROM (SELECT line, tid, (%s) AS passes FROM events) WHERE passes OR tid = :at_tid",
        test.data);
  else
    wg_buf_printf(sql, "SELECT line FROM events WHERE %s", test.data);
  wg_buf_release(&test);
}

// A column that nobody has may be a slip.
static void suggest_column(struct wg_err *err) {
  static const char none[] = "SQL: no such column: ";
  if (strncmp(err->msg, none, sizeof none - 1) != 0) return;
  struct wg_suggestion s = {.word = err->msg + sizeof none - 1};
  struct wg_err better = {0};
  for (int i = 0; i < WG_COLUMNS; i++) wg_suggest(&s, wg_column_name(i));
  wg_fail(&better, WG_INPUT, "--where: events have no column '%s'%s", s.word, wg_suggested(&s));
  wg_buf_release(&s.words);
  *err = better;
}

struct rows {
  struct filter *f;
  const struct wg_pager *pager;
  struct wg_jsonl json;
  struct wg_buf text;
};

// A line becomes an event again; false: no more are wanted.
static bool take_line(struct rows *r, sqlite3_stmt *stmt) {
  struct wg_event e;
  struct wg_err unsaid = {0};
  if (!go_on(r->f, r->pager)) return false;
  wg_buf_clear(&r->text);
  wg_buf_reserve(&r->text, (size_t)sqlite3_column_bytes(stmt, 0) + WG_SOURCE_SLACK);
  wg_buf_add(&r->text, sqlite3_column_text(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0));
  if (wg_jsonl_careful(&r->json, r->text.data, r->text.len, &e, &unsaid) < 0) return true;
  bool passes = !r->f->around || sqlite3_column_int(stmt, 1);
  return take(r->f, &e, passes);
}

static int select_events(const char *path, struct filter *f, const struct wg_pager *p, struct wg_err *err) {
  char numbers[4][24];
  const uint64_t values[] = {f->tid, f->from, f->at_tid, f->at_idx};
  for (int i = 0; i < 4; i++) snprintf(numbers[i], sizeof numbers[i], "%llu", (unsigned long long)values[i]);
  struct wg_ask_param params[] = {
      {"tid", numbers[0]}, {"from", numbers[1]}, {"at_tid", numbers[2]}, {"kind", f->kind}, {"name", f->name}};
  struct wg_session s = {
      .source = path, .import = WG_IMPORT_NEVER, .reading = f->reading, .params = params, .nparams = 5};
  struct wg_buf sql = {0};
  sqlite3_stmt *stmt = NULL;
  const char *tail = "";
  struct rows r = {.f = f, .pager = p};
  put_where(f, &sql);
  int code = wg_session_open(&s, err);
  if (code == WG_OK) code = wg_ask_prepare(&s.ask, sql.data, &stmt, &tail, err);
  if (code != WG_OK) suggest_column(err);
  if (code == WG_OK && (stmt == NULL || wg_ask_more(tail)))
    code = wg_fail(err, WG_INPUT, "--where: expected one expression, got '%s'", f->where);
  wg_jsonl_init(&r.json);
  int rc = code == WG_OK ? wg_ask_first(&s.ask, &stmt, err) : SQLITE_DONE;
  bool more = f->limit > 0;
  for (; rc == SQLITE_ROW && more; rc = more ? sqlite3_step(stmt) : rc) more = take_line(&r, stmt);
  if (code == WG_OK && more && rc != SQLITE_DONE) code = wg_ask_failed(&s.ask, err);
  sqlite3_finalize(stmt);
  if (code == WG_OK && more && s.ask.events.damage.len)
    code = wg_fail(err, WG_INPUT, "%s: %s", path, s.ask.events.damage.data);
  wg_jsonl_release(&r.json);
  wg_buf_release(&r.text);
  wg_buf_release(&sql);
  wg_session_close(&s);
  return code;
}

static int print_events(const char *path, struct filter *f, bool paged, struct wg_err *err) {
  struct wg_pager p = {.out = -1};
  f->colours = wg_cli_colours();
  wg_cli_catch_signals();
  if (paged) wg_cli_page_begin(&p);
  bool pages = p.out >= 0;
  int code = f->where ? select_events(path, f, &p, err) : read_events(path, f, &p, true, err);
  bool all = !f->cut && !wg_cli_page_left(&p);
  if (code == WG_OK && all && f->shown == 0 && f->limit) {
    bool given = f->kind || f->name || f->tid != UINT64_MAX;
    if (f->where && given && strcmp(path, "-") != 0) code = read_events(path, f, &p, false, err);
    if (code == WG_OK && (given || !f->where)) code = check_slips(f, err);
  }
  if (code == WG_OK && all) code = check_reached(f, path, err);
  wg_cli_page_end(&p);
  // Who looks at pages and interrupts has seen enough; anybody else would take what there is for all.
  if (code == WG_OK && f->cut && !pages)
    code = wg_fail(err, WG_INPUT, "%s: %s: what was printed is not all", path, wg_cli_signal());
  wg_buf_release(&f->line);
  wg_buf_release(&f->kinds.words);
  wg_buf_release(&f->names.words);
  for (uint64_t i = 0; f->before && i < f->context; i++) wg_buf_release(&f->before[i]);
  free(f->before);
  return code;
}

// TID:IDX
static int read_place(const struct wg_command *cmd, const char *text, struct filter *f) {
  char tid[24];
  size_t n = strcspn(text, ":");
  f->around = true;
  if (n < sizeof tid && text[n]) {
    memcpy(tid, text, n);
    tid[n] = 0;
    if (wg_parse_u64(tid, UINT32_MAX, &f->at_tid) && wg_parse_u64(text + n + 1, UINT64_MAX, &f->at_idx)) return WG_OK;
  }
  return wg_cli_usage(cmd, "--around: '%s' is no event; expected TID:IDX", text);
}

#define MOST_CONTEXT 100000u

static int check_options(const struct wg_command *cmd, struct filter *f, const char *around, bool has_context,
                         bool branches) {
  if (around) WG_TRY(read_place(cmd, around, f));
  if (!around && has_context) return wg_cli_usage(cmd, "--context needs --around TID:IDX");
  if (around && f->limit != UINT64_MAX)
    return wg_cli_usage(cmd, "--around prints as many as --context says, not --limit");
  if (f->context > MOST_CONTEXT) return wg_cli_usage(cmd, "--context: at most %u", MOST_CONTEXT);
  if (branches && (around || f->where || f->grep))
    return wg_cli_usage(cmd, "--branches goes with none of --around, --where and --grep");
  if (f->around) f->before = wg_xcalloc(f->context, sizeof *f->before);
  return WG_OK;
}

int wg_cmd_events(const struct wg_command *cmd, int argc, char **argv) {
  bool branches = false, no_pager = false;
  uint64_t cycle = 0, until = UINT64_MAX, before = UINT64_MAX, context = UINT64_MAX;
  const char *around = NULL;
  struct filter f = {.tid = UINT64_MAX, .limit = UINT64_MAX};
  const struct wg_opt opts[] = {
      {"tid", 't', WG_OPT_NUM, &f.tid, "N", "this thread only"},
      {"kind", 'k', WG_OPT_STR, &f.kind, "KIND", "this kind only, e.g. kernel.call"},
      {"name", 0, WG_OPT_STR, &f.name, "NAME", "calls and returns of this export only"},
      {"from", 0, WG_OPT_NUM, &f.from, "IDX", "from this idx of its thread on"},
      {"where", 'w', WG_OPT_STR, &f.where, "EXPR",
       "those for which this expression of SQL is true (wedge query has the columns)"},
      {"grep", 'g', WG_OPT_STR, &f.grep, "TEXT", "those whose line holds this text"},
      {"around", 0, WG_OPT_STR, &around, "TID:IDX", "what comes before and after this event, on all threads"},
      {"context", 0, WG_OPT_NUM, &context, "N", "so many before and after it (10)"},
      {"limit", 'n', WG_OPT_NUM, &f.limit, "N", "at most N events"},
      {"branches", 'b', WG_OPT_FLAG, &branches, NULL, "branches instead of events, decoded from the record of a run"},
      {"cycle", 0, WG_OPT_NUM, &cycle, "N", "branches from this cycle of their thread on"},
      {"until", 0, WG_OPT_NUM, &until, "N", "branches up to this cycle"},
      {"before", 0, WG_OPT_NUM, &before, "IDX", "the branches (--limit, or 20) that led to event IDX of --tid"},
      {"mapping", 0, WG_OPT_STR, &f.reading.mapping, "FILE",
       "what a trace calls kinds and keys of ours (docs/guide.md)"},
      {"json", 0, WG_OPT_FLAG, &f.json, NULL, "as JSON lines"},
      {"no-pager", 0, WG_OPT_FLAG, &no_pager, NULL, "straight to the terminal, not through $PAGER"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n != 1) return wg_cli_usage(cmd, "expected one TRACE, got %d", args.n);
  f.context = context == UINT64_MAX ? CONTEXT : context;
  WG_TRY(check_options(cmd, &f, around, context != UINT64_MAX, branches));
  if (branches) {
    const struct wg_branch_options o = {f.tid, cycle, until, before, f.limit, f.json};
    return wg_cli_branches(cmd, args.v[0], &o);
  }
  struct wg_err err = {0};
  f.kinds.word = f.kind;
  f.names.word = f.name;
  return print_events(args.v[0], &f, !no_pager, &err) == WG_OK ? WG_OK : wg_cli_fail(&err);
}
