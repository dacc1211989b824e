// What may be meant by the beginning of a word.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/vec.h"
#include "cli/shell.h"

struct words {
  const char *prefix;
  size_t n;
  bool lower; // the word began so: keywords follow it
  char **all;
  size_t count, cap;
};

static void add_word(struct words *w, const char *word, size_t n, bool keyword) {
  if (n < w->n || strncasecmp(word, w->prefix, w->n) != 0) return;
  WG_VEC_ROOM(w->all, w->cap, w->count + 1);
  char *copy = wg_xstrndup(word, n);
  for (size_t i = 0; keyword && w->lower && i < n; i++)
    if (copy[i] >= 'A' && copy[i] <= 'Z') copy[i] = (char)(copy[i] | 0x20);
  w->all[w->count++] = copy;
}

static void add_of(struct words *w, sqlite3 *db, const char *sql) {
  sqlite3_stmt *s = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK)
    while (sqlite3_step(s) == SQLITE_ROW) {
      const char *name = (const char *)sqlite3_column_text(s, 0);
      if (name) add_word(w, name, strlen(name), false);
    }
  sqlite3_finalize(s);
}

static int order(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static void add_commands(struct words *w) {
  static const char *const commands[] = {".examples", ".functions", ".help",   ".mode",
                                         ".quit",     ".schema",    ".tables", ".views"};
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) add_word(w, commands[i], strlen(commands[i]), false);
}

// Behind a dot (calls.na) only the name is looked for.
static void add_columns(struct words *w, sqlite3 *db, const char *dot) {
  struct words names = {.prefix = dot ? dot + 1 : w->prefix, .n = dot ? strlen(dot + 1) : w->n};
  struct wg_buf whole = {0};
  add_of(&names, db,
         "SELECT DISTINCT x.name FROM pragma_table_list AS t, pragma_table_xinfo(t.name, t.schema) AS x "
         "WHERE t.name NOT LIKE 'sqlite_%'");
  for (size_t i = 0; i < names.count; i++) {
    wg_buf_clear(&whole);
    wg_buf_add(&whole, w->prefix, dot ? (size_t)(dot + 1 - w->prefix) : 0);
    wg_buf_str(&whole, names.all[i]);
    add_word(w, whole.data, whole.len, false);
    free(names.all[i]);
  }
  free(names.all);
  wg_buf_release(&whole);
}

void wg_shell_words(struct wg_session *s, const char *prefix, struct wg_buf *out) {
  struct words w = {.prefix = prefix, .n = strlen(prefix), .lower = prefix[0] >= 'a' && prefix[0] <= 'z'};
  struct wg_ask empty = {0}, *names;
  struct wg_err unsaid = {0};
  const char *dot = strchr(prefix, '.');
  if (prefix[0] == '.') {
    add_commands(&w);
  } else if (wg_session_names(s, &empty, &names, &unsaid) == WG_OK) {
    const char *word;
    int n;
    for (int i = 0; dot == NULL && i < sqlite3_keyword_count(); i++)
      if (sqlite3_keyword_name(i, &word, &n) == SQLITE_OK) add_word(&w, word, (size_t)n, true);
    if (dot == NULL) {
      add_of(&w, names->db, "SELECT name FROM pragma_table_list WHERE name NOT LIKE 'sqlite_%'");
      add_of(&w, names->db, "SELECT DISTINCT name FROM pragma_function_list WHERE name GLOB '[a-z]*'");
      add_of(
          &w, names->db,
          "SELECT name FROM pragma_module_list WHERE name NOT LIKE '%\\_%\\_%' ESCAPE '\\' AND name <> 'wedge_events'");
    } else {
      add_of(&w, names->db, "SELECT schema || '.' || name FROM pragma_table_list WHERE name NOT LIKE 'sqlite_%'");
    }
    add_columns(&w, names->db, dot);
  }
  if (empty.db) wg_ask_close(&empty);
  if (w.count) qsort(w.all, w.count, sizeof *w.all, order);
  for (size_t i = 0; i < w.count; i++) {
    if (i == 0 || strcmp(w.all[i], w.all[i - 1]) != 0) wg_buf_add(out, w.all[i], strlen(w.all[i]) + 1);
  }
  for (size_t i = 0; i < w.count; i++) free(w.all[i]);
  free(w.all);
}

void wg_shell_suggest(struct wg_session *s, struct wg_err *err) {
  static const char *const none[] = {"SQL: no such table: ", "SQL: no such column: ", "SQL: no such function: "};
  struct wg_suggestion meant = {0};
  struct wg_buf words = {0};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++)
    if (strncmp(err->msg, none[i], strlen(none[i])) == 0) meant.word = err->msg + strlen(none[i]);
  if (meant.word == NULL) return;
  const char *dot = strrchr(meant.word, '.');
  if (dot) meant.word = dot + 1;
  wg_shell_words(s, "", &words);
  for (size_t at = 0; at < words.len; at += strlen(words.data + at) + 1) {
    bool keyword = words.data[at] >= 'A' && words.data[at] <= 'Z';
    if (!keyword) wg_suggest(&meant, words.data + at);
  }
  struct wg_err better = {0};
  wg_fail(&better, WG_INPUT, "%s%s", err->msg, wg_suggested(&meant));
  *err = better;
  wg_buf_release(&meant.words);
  wg_buf_release(&words);
}
