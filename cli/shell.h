// The parts of `wedge query`: which database answers, how rows are printed, the interactive shell.
#ifndef WG_CLI_SHELL_H
#define WG_CLI_SHELL_H

#include "base/temporary.h"
#include "cli/cli.h"
#include "trace/ask.h"

// -- rows --

enum wg_format {
  WG_FORMAT_BOX,
  WG_FORMAT_TABLE,
  WG_FORMAT_CSV,
  WG_FORMAT_TSV,
  WG_FORMAT_JSON,  // one array
  WG_FORMAT_JSONL, // an object a line
  WG_FORMAT_MARKDOWN,
  WG_FORMATS
};
#define WG_FORMAT_NAMES "box|table|csv|tsv|json|jsonl|markdown"

// By the names of WG_FORMAT_NAMES; false: there is none.
const char *wg_format_name(enum wg_format f);
bool wg_format_of(const char *name, enum wg_format *out);
// Carries a statement out and prints its rows to standard output.
int wg_format_rows(struct wg_ask *a, sqlite3_stmt **s, enum wg_format f, struct wg_err *err);

// -- the trace and its database --

enum wg_import { WG_IMPORT_AUTO, WG_IMPORT_ALWAYS, WG_IMPORT_NEVER };

struct wg_session {
  const char *source; // as given
  const char *db;     // --db, or NULL
  enum wg_import import;
  bool writes, branches;
  struct wg_reading reading;
  const struct wg_opt_values *attach; // NAME=TRACE
  struct wg_ask_param *params;
  size_t nparams;

  struct wg_ask ask;
  const char *trace;             // what streams; NULL: a database alone was given
  struct wg_buf spool;           // a pipe's text
  struct wg_buf database;        // in use; empty: none
  struct wg_temporary temporary; // what is removed at the end
  struct wg_ask_attached attached[WG_OPT_VALUES];
  struct wg_buf names[WG_OPT_VALUES], files[WG_OPT_VALUES];
  struct wg_cli_rate rate;
  bool told;         // of damage
  bool told_of_none; // that no branches are there
};

// Set the first members, zero the others. Release it whatever it returns.
int wg_session_open(struct wg_session *s, struct wg_err *err);
void wg_session_close(struct wg_session *s);
// wg_ask_prepare, with an import if the statement speaks of what only a database has.
int wg_session_prepare(struct wg_session *s, const char *sql, sqlite3_stmt **stmt, const char **tail,
                       struct wg_err *err);
// After a statement: says what of the trace is damaged, once.
void wg_session_tell(struct wg_session *s);
// A connection that knows the names of all tables, whether the database is made or not. Close it, if it is not s->ask.
int wg_session_names(struct wg_session *s, struct wg_ask *empty, struct wg_ask **out, struct wg_err *err);

// -- the shell --

// Reads and carries out lines until the end of input or .quit. Returns the exit status of the last.
int wg_shell(struct wg_session *s, enum wg_format f);
// Candidates for the word before the cursor, each with a NUL behind it, sorted.
void wg_shell_words(struct wg_session *s, const char *prefix, struct wg_buf *out);
// Adds to what SQL says of a table, column or function that there is not which one may be meant.
void wg_shell_suggest(struct wg_session *s, struct wg_err *err);

// Where lines come from: an editor with a history on a terminal, or standard input as it is.
struct wg_lines;
struct wg_lines *wg_lines_open(struct wg_session *s);
void wg_lines_close(struct wg_lines *l);
// The next line without its end; NULL at the end, or with *cancelled as Ctrl-C took back what was typed.
const char *wg_lines_next(struct wg_lines *l, const char *prompt, bool *cancelled);
void wg_lines_remember(struct wg_lines *l, const char *statement);
bool wg_lines_edits(void); // this build can

#endif
