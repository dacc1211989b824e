// The shell of `wedge query`: statements, each ended by a semicolon, and commands that begin with a dot.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/examples.h" // generated from docs/queries.sql
#include "cli/shell.h"
#include "trace/functions.h"
#include "trace/store.h"

struct shell {
  struct wg_session *session;
  enum wg_format format;
  struct wg_lines *lines;
  bool over;
};

// -- statements --

// Carries out all that the text holds. A wrong statement ends it.
static int run(struct shell *sh, const char *sql) {
  int code = WG_OK;
  while (code == WG_OK && wg_ask_more(sql)) {
    struct wg_err err = {0};
    sqlite3_stmt *stmt = NULL;
    code = wg_session_prepare(sh->session, sql, &stmt, &sql, &err);
    if (code != WG_OK) wg_shell_suggest(sh->session, &err);
    if (code == WG_OK && stmt == NULL) break;
    if (code == WG_OK) code = wg_format_rows(&sh->session->ask, &stmt, sh->format, &err);
    sqlite3_finalize(stmt);
    fflush(stdout);
    if (code == WG_OK)
      wg_session_tell(sh->session);
    else
      wg_cli_fail(&err);
    wg_cli_interrupt_over();
    wg_cli_catch_interrupts(); // an import has its own way with them
  }
  return code;
}

// -- commands --

static int list_names(struct shell *sh, const char *sql, const char *arg, bool bare) {
  struct wg_ask empty = {0}, *ask;
  struct wg_err err = {0};
  sqlite3_stmt *stmt = NULL;
  int code = wg_session_names(sh->session, &empty, &ask, &err);
  struct wg_buf out = {0};
  if (code == WG_OK && sqlite3_prepare_v2(ask->db, sql, -1, &stmt, NULL) != SQLITE_OK) code = wg_ask_failed(ask, &err);
  if (code == WG_OK && arg) sqlite3_bind_text(stmt, 1, arg, -1, SQLITE_TRANSIENT);
  size_t rows = 0;
  if (code == WG_OK && !bare) code = wg_format_rows(ask, &stmt, sh->format, &err);
  while (code == WG_OK && bare && sqlite3_step(stmt) == SQLITE_ROW) {
    wg_buf_printf(&out, "%s\n", (const char *)sqlite3_column_text(stmt, 0));
    rows++;
  }
  if (code == WG_OK && bare && rows == 0) code = wg_fail(&err, WG_INPUT, "there is no table or view '%s'", arg);
  wg_cli_print(&out);
  wg_buf_release(&out);
  sqlite3_finalize(stmt);
  if (empty.db) wg_ask_close(&empty);
  if (code != WG_OK) wg_cli_fail(&err);
  return code;
}

#define TABLES                                                                                                         \
  "SELECT type, CASE WHEN schema IN ('main', 'temp') THEN name ELSE schema || '.' || name END AS name "                \
  "FROM pragma_table_list WHERE name NOT LIKE 'sqlite_%' AND NOT (schema = 'main' AND name = 'events' AND EXISTS "     \
  "(SELECT 1 FROM pragma_table_list WHERE schema = 'temp' AND name = 'events')) "

static int tables(struct shell *sh, const char *arg) {
  (void)arg;
  return list_names(sh, TABLES "ORDER BY type, name", NULL, false);
}

static int views(struct shell *sh, const char *arg) {
  (void)arg;
  return list_names(sh, TABLES "AND type = 'view' ORDER BY name", NULL, false);
}

// The statement that made it, or of the trace's own table its columns.
#define STREAMS "(SELECT count(*) FROM pragma_table_list WHERE schema = 'temp' AND name = 'events')"
#define SCHEMA                                                                                                         \
  "SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL AND (?1 = '' OR tbl_name = ?1 COLLATE NOCASE) "          \
  "AND NOT (tbl_name = 'events' AND " STREAMS                                                                          \
  ") UNION ALL SELECT 'CREATE TABLE events (-- of the trace as it streams' || char(10) || "                            \
  "group_concat('  ' || name || ' ' || type || CASE hidden WHEN 1 THEN ' -- not in *' ELSE '' END, char(10)) || "      \
  "char(10) || ');' FROM pragma_table_xinfo('events') WHERE ?1 IN ('', 'events') AND " STREAMS " HAVING count(*)"

static int schema(struct shell *sh, const char *arg) { return list_names(sh, SCHEMA, arg, true); }

// The line that tells of each function, or of one all of it.
static int functions(struct shell *sh, const char *name) {
  struct wg_buf out = {0};
  (void)sh;
  for (const char *p = strstr(wg_sql_functions_text(), "\n-- "); p; p = strstr(p, "\n-- ")) {
    p += 4;
    const char *line = p + strcspn(p, "\n"), *end = strstr(p, ";\n");
    size_t n = strcspn(p, "( \n");
    if (p[n] != '(' || end == NULL) continue;
    if (*name == 0)
      wg_buf_add(&out, p, (size_t)(line + 1 - p));
    else if (n == strlen(name) && strncmp(p, name, n) == 0)
      wg_buf_printf(&out, "-- %.*s", (int)(end + 2 - p), p);
  }
  if (*name == 0)
    wg_buf_str(
        &out,
        "hex(x), from_hex(text), status(x) values: of an integer 0x..., the other way round, the name of an NTSTATUS\n"
        "happens_before(tid, idx, tid, idx) value: the way from one event to a later one\n");
  bool any = out.len != 0;
  wg_cli_print(&out);
  wg_buf_release(&out);
  if (any) return WG_OK;
  wg_cli_note("there is no function '%s' of ours in SQL", name);
  return WG_INPUT;
}

// Entries are apart by blank lines; those that hold the word, or all.
static int examples(struct shell *sh, const char *word) {
  struct wg_buf entry = {0};
  bool any = false;
  (void)sh;
  for (size_t i = 0; wg_examples[i]; i++) {
    const char *line = wg_examples[i];
    if (*line) wg_buf_printf(&entry, "%s\n", line);
    if (*line && wg_examples[i + 1]) continue;
    if (entry.len && (*word == 0 || strstr(entry.data, word))) {
      if (any) wg_cli_printf("\n");
      wg_cli_print(&entry);
      any = true;
    }
    wg_buf_clear(&entry);
  }
  wg_buf_release(&entry);
  if (any) return WG_OK;
  wg_cli_note(wg_examples[0] ? "no example holds '%s'" : "this build has no examples%s", wg_examples[0] ? word : "");
  return WG_INPUT;
}

static int mode(struct shell *sh, const char *arg) {
  if (*arg == 0) {
    wg_cli_printf("%s\n", wg_format_name(sh->format));
    return WG_OK;
  }
  if (wg_format_of(arg, &sh->format)) return WG_OK;
  wg_cli_note(".mode: there is no '%s'; expected " WG_FORMAT_NAMES, arg);
  return WG_INPUT;
}

static int quit(struct shell *sh, const char *arg) {
  (void)arg;
  sh->over = true;
  return WG_OK;
}

static int help(struct shell *sh, const char *arg);

static const struct {
  const char *name, *arg, *help;
  int (*run)(struct shell *sh, const char *arg);
} commands[] = {
    {".examples", "[WORD]", "queries to begin with, or those that hold a word", examples},
    {".functions", "[NAME]", "functions of a trace's database, or one with its statement", functions},
    {".help", "", "this text", help},
    {".mode", "[FORMAT]", "how rows are printed: " WG_FORMAT_NAMES, mode},
    {".quit", "", "the end (Ctrl-D, too)", quit},
    {".schema", "[NAME]", "the columns of a table or view, or of all", schema},
    {".tables", "", "tables and views", tables},
    {".views", "", "views", views},
};
#define COMMANDS (sizeof commands / sizeof *commands)

static int help(struct shell *sh, const char *arg) {
  (void)sh;
  (void)arg;
  for (size_t i = 0; i < COMMANDS; i++)
    wg_cli_printf("%-10s %-9s %s\n", commands[i].name, commands[i].arg, commands[i].help);
  wg_cli_printf(
      "A statement ends with ';' and may have several lines. Ctrl-C stops it, or takes back what was typed.\n");
  wg_cli_printf("%s\n", wg_lines_edits() ? "Tab completes words; the arrows bring back earlier statements."
                                         : "This build has no line editing (libedit was not there).");
  return WG_OK;
}

static int command(struct shell *sh, const char *line) {
  size_t n = strcspn(line, " \t;");
  struct wg_buf arg = {0};
  const char *rest = line + n + strspn(line + n, " \t");
  wg_buf_add(&arg, rest, strcspn(rest, " \t;"));
  int code = WG_INPUT;
  char *word = wg_xstrndup(line, n);
  struct wg_suggestion s = {.word = word};
  size_t i = 0;
  while (i < COMMANDS && strcmp(commands[i].name, word) != 0) wg_suggest(&s, commands[i++].name);
  if (strcmp(word, ".exit") == 0)
    code = quit(sh, "");
  else if (i < COMMANDS)
    code = commands[i].run(sh, arg.data);
  else
    wg_cli_note("there is no command '%s'%s (.help lists them)", word, wg_suggested(&s));
  fflush(stdout);
  wg_buf_release(&arg);
  wg_buf_release(&s.words);
  free(word);
  return code;
}

// -- the loop --

static bool is_blank(const char *line) { return line[strspn(line, " \t\r")] == 0; }

// A wrong statement is reported and the shell goes on; the exit status is that of the last.
int wg_shell(struct wg_session *s, enum wg_format f) {
  struct shell sh = {.session = s, .format = f, .lines = wg_lines_open(s)};
  struct wg_buf sql = {0};
  int code = WG_OK;
  bool cancelled;
  wg_cli_catch_interrupts();
  if (isatty(STDIN_FILENO)) puts("SQL, each statement ended by ';'. .help lists commands, .quit ends.");
  while (!sh.over) {
    const char *line = wg_lines_next(sh.lines, sql.len ? "   ...> " : "wedge> ", &cancelled);
    if (cancelled) {
      wg_buf_clear(&sql);
      wg_cli_interrupt_over();
      if (!wg_cli_go_on()) break; // another signal asks for the end
      putchar('\n');
      continue;
    }
    if (line == NULL) break;
    if (sql.len == 0 && is_blank(line)) continue;
    if (sql.len == 0 && line[0] == '.') {
      wg_lines_remember(sh.lines, line);
      code = command(&sh, line);
      continue;
    }
    wg_buf_printf(&sql, "%s\n", line);
    if (!sqlite3_complete(sql.data)) continue;
    sql.data[--sql.len] = 0;
    wg_lines_remember(sh.lines, sql.data);
    code = run(&sh, sql.data);
    wg_buf_clear(&sql);
  }
  if (!sh.over && sql.len) code = run(&sh, sql.data);
  wg_lines_close(sh.lines);
  wg_buf_release(&sql);
  return code;
}
