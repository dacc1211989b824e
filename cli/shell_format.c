// Rows as people and programs read them. Nothing that controls a terminal is in them: text passes wg_buf_printable or
// is JSON, whatever the trace holds.
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "cli/shell.h"

#define FLUSH (64u << 10)
#define WIDTH_ROWS 2000u // the widths of a table's columns are those of its first rows

static const char *const format_names[WG_FORMATS] = {"box", "table", "csv", "tsv", "json", "jsonl", "markdown"};

const char *wg_format_name(enum wg_format f) { return format_names[f]; }

bool wg_format_of(const char *name, enum wg_format *out) {
  for (int i = 0; i < WG_FORMATS; i++)
    if (strcmp(format_names[i], name) == 0) {
      *out = (enum wg_format)i;
      return true;
    }
  return false;
}

struct cell {
  int type;
  const char *text; // NULL for NULL
  size_t n;
};

static struct cell cell_of(sqlite3_stmt *s, int col) {
  struct cell c = {.type = sqlite3_column_type(s, col)};
  c.text =
      c.type == SQLITE_BLOB ? (const char *)sqlite3_column_blob(s, col) : (const char *)sqlite3_column_text(s, col);
  c.n = (size_t)sqlite3_column_bytes(s, col);
  if (c.text == NULL && c.type != SQLITE_NULL) c.text = "";
  return c;
}

static void put_blob(struct wg_buf *out, const struct cell *c) {
  for (size_t i = 0; i < c->n; i++) wg_buf_printf(out, "%02x", (unsigned char)c->text[i]);
}

static void json_value(struct wg_buf *out, sqlite3_stmt *s, int col) {
  struct cell c = cell_of(s, col);
  if (c.type == SQLITE_NULL) {
    wg_buf_str(out, "null");
  } else if (c.type == SQLITE_FLOAT && !isfinite(sqlite3_column_double(s, col))) {
    wg_buf_str(out, sqlite3_column_double(s, col) < 0 ? "-1e999" : "1e999");
  } else if (c.type == SQLITE_INTEGER || c.type == SQLITE_FLOAT) {
    wg_buf_add(out, c.text, c.n);
  } else if (c.type == SQLITE_BLOB) {
    wg_buf_char(out, '"');
    put_blob(out, &c);
    wg_buf_char(out, '"');
  } else {
    wg_buf_json_utf8(out, c.text, c.n);
  }
}

static void json_row(struct wg_buf *out, sqlite3_stmt *s) {
  wg_buf_char(out, '{');
  for (int i = 0; i < sqlite3_column_count(s); i++) {
    const char *name = sqlite3_column_name(s, i);
    if (i) wg_buf_char(out, ',');
    wg_buf_json_utf8(out, name, strlen(name));
    wg_buf_char(out, ':');
    json_value(out, s, i);
  }
  wg_buf_char(out, '}');
}

// Ends of lines stay within the quotes; other control characters become printable.
static void csv_text(struct wg_buf *out, const char *text, size_t n) {
  bool quote = false;
  for (size_t i = 0; i < n; i++) quote |= text[i] && strchr(",\"\n", text[i]) != NULL;
  quote |= n && (isspace((unsigned char)text[0]) || isspace((unsigned char)text[n - 1]));
  if (quote) wg_buf_char(out, '"');
  for (size_t from = 0; from < n;) {
    size_t to = from;
    while (to < n && text[to] != '\n' && text[to] != '"') to++;
    wg_buf_printable(out, text + from, to - from, SIZE_MAX);
    if (to < n) wg_buf_str(out, text[to] == '"' ? "\"\"" : "\n");
    from = to + 1;
  }
  if (quote) wg_buf_char(out, '"');
}

// As text/tab-separated-values can hold it: what would end a field or line is \t and \n, and a backslash two.
static void tsv_text(struct wg_buf *out, const char *text, size_t n) {
  for (size_t from = 0; from < n;) {
    size_t to = from;
    while (to < n && !(text[to] && strchr("\t\n\r\\", text[to]))) to++;
    wg_buf_printable(out, text + from, to - from, SIZE_MAX);
    if (to < n)
      wg_buf_str(out, text[to] == '\t' ? "\\t" : text[to] == '\n' ? "\\n" : text[to] == '\r' ? "\\r" : "\\\\");
    from = to + 1;
  }
}

static void markdown_text(struct wg_buf *out, const char *text, size_t n) {
  struct wg_buf plain = {0};
  wg_buf_printable(&plain, text, n, SIZE_MAX);
  for (size_t i = 0; i < plain.len; i++) {
    if (plain.data[i] == '|' || plain.data[i] == '\\') wg_buf_char(out, '\\');
    wg_buf_char(out, plain.data[i]);
  }
  wg_buf_release(&plain);
}

static void put_as_text(enum wg_format f, struct wg_buf *out, const char *text, size_t n) {
  if (f == WG_FORMAT_CSV)
    csv_text(out, text, n);
  else if (f == WG_FORMAT_TSV)
    tsv_text(out, text, n);
  else if (f == WG_FORMAT_MARKDOWN)
    markdown_text(out, text, n);
  else
    wg_buf_printable(out, text, n, SIZE_MAX);
}

static void put_cell(enum wg_format f, struct wg_buf *out, sqlite3_stmt *s, int col) {
  struct cell c = cell_of(s, col);
  if (c.type == SQLITE_BLOB)
    put_blob(out, &c);
  else if (c.text)
    put_as_text(f, out, c.text, c.n);
}

// -- tables, whose columns are as wide as the first rows need --

struct grid {
  enum wg_format f;
  size_t cols, rows;  // rows that wait, the names of the columns among them
  struct wg_buf text; // of the cells that wait, each with a NUL
  size_t *widths;     // of columns, in characters
  bool open;          // widths are known, the head is printed
};

static size_t characters(const char *text) {
  size_t n = 0;
  for (; *text; text++) n += ((unsigned char)*text & 0xC0) != 0x80;
  return n;
}

static void repeat(struct wg_buf *out, const char *what, size_t n) {
  while (n--) wg_buf_str(out, what);
}

static void rule(const struct grid *g, struct wg_buf *out, const char *left, const char *between, const char *right,
                 const char *line, size_t more) {
  wg_buf_str(out, left);
  for (size_t i = 0; i < g->cols; i++) {
    repeat(out, line, g->widths[i] + more);
    wg_buf_str(out, i + 1 == g->cols ? right : between);
  }
  wg_buf_char(out, '\n');
}

static const char *put_line(const struct grid *g, struct wg_buf *out, const char *cells) {
  bool box = g->f == WG_FORMAT_BOX, markdown = g->f == WG_FORMAT_MARKDOWN;
  const char *edge = box ? "│" : "|";
  if (box || markdown) wg_buf_printf(out, "%s ", edge);
  for (size_t i = 0; i < g->cols; i++) {
    bool last = i + 1 == g->cols;
    size_t n = characters(cells);
    wg_buf_str(out, cells);
    if (!last || box || markdown) repeat(out, " ", n < g->widths[i] ? g->widths[i] - n : 0);
    if (box || markdown)
      wg_buf_printf(out, " %s%s", edge, last ? "" : " ");
    else if (!last)
      wg_buf_str(out, "  ");
    cells += strlen(cells) + 1;
  }
  wg_buf_char(out, '\n');
  return cells;
}

static void head_rule(const struct grid *g, struct wg_buf *out) {
  if (g->f == WG_FORMAT_BOX)
    rule(g, out, "├", "┼", "┤", "─", 2);
  else if (g->f == WG_FORMAT_MARKDOWN)
    rule(g, out, "|", "|", "|", "-", 2);
  else
    rule(g, out, "", "  ", "", "-", 0);
}

// Prints what waits. The first time the head comes before it.
static void grid_flush(struct grid *g, struct wg_buf *out) {
  const char *at = g->text.data;
  for (size_t row = 0; row < g->rows; row++) {
    bool head = !g->open;
    if (head && g->f == WG_FORMAT_BOX) rule(g, out, "┌", "┬", "┐", "─", 2);
    at = put_line(g, out, at);
    if (head) head_rule(g, out);
    g->open = true;
  }
  g->rows = 0;
  wg_buf_clear(&g->text);
}

static void grid_end_cell(struct grid *g, size_t from, size_t col) {
  wg_buf_char(&g->text, 0);
  size_t n = characters(g->text.data + from);
  if (!g->open && n > g->widths[col]) g->widths[col] = n;
}

static void grid_names(struct grid *g, sqlite3_stmt *s) {
  g->widths = wg_xcalloc(g->cols, sizeof *g->widths);
  for (size_t i = 0; i < g->cols; i++) {
    const char *name = sqlite3_column_name(s, (int)i);
    size_t from = g->text.len;
    if (g->f == WG_FORMAT_MARKDOWN) g->widths[i] = 1;
    put_as_text(g->f, &g->text, name, strlen(name));
    grid_end_cell(g, from, i);
  }
  g->rows = 1;
}

static void grid_row(struct grid *g, sqlite3_stmt *s, struct wg_buf *out) {
  for (size_t i = 0; i < g->cols; i++) {
    size_t from = g->text.len;
    put_cell(g->f, &g->text, s, (int)i);
    grid_end_cell(g, from, i);
  }
  if (++g->rows > WIDTH_ROWS || g->open) grid_flush(g, out);
}

static void grid_end(struct grid *g, struct wg_buf *out) {
  grid_flush(g, out);
  if (g->f == WG_FORMAT_BOX) rule(g, out, "└", "┴", "┘", "─", 2);
  free(g->widths);
  wg_buf_release(&g->text);
}

// -- rows of any format --

static bool is_grid(enum wg_format f) { return f == WG_FORMAT_BOX || f == WG_FORMAT_TABLE || f == WG_FORMAT_MARKDOWN; }

static void put_row(struct grid *g, sqlite3_stmt *s, uint64_t row, struct wg_buf *out) {
  if (is_grid(g->f)) {
    grid_row(g, s, out);
  } else if (g->f == WG_FORMAT_JSON || g->f == WG_FORMAT_JSONL) {
    if (g->f == WG_FORMAT_JSON && row) wg_buf_str(out, ",\n");
    json_row(out, s);
    if (g->f == WG_FORMAT_JSONL) wg_buf_char(out, '\n');
  } else {
    for (size_t i = 0; i < g->cols; i++) {
      if (i) wg_buf_char(out, g->f == WG_FORMAT_CSV ? ',' : '\t');
      put_cell(g->f, out, s, (int)i);
    }
    wg_buf_char(out, '\n');
  }
}

static void put_headings(struct grid *g, sqlite3_stmt *s, struct wg_buf *out) {
  if (is_grid(g->f)) {
    grid_names(g, s);
  } else if (g->f == WG_FORMAT_JSON) {
    wg_buf_char(out, '[');
  } else if (g->f != WG_FORMAT_JSONL) {
    for (size_t i = 0; i < g->cols; i++) {
      const char *name = sqlite3_column_name(s, (int)i);
      if (i) wg_buf_char(out, g->f == WG_FORMAT_CSV ? ',' : '\t');
      put_as_text(g->f, out, name, strlen(name));
    }
    wg_buf_char(out, '\n');
  }
}

static void flush(struct wg_buf *out) {
  wg_cli_print(out);
  wg_buf_clear(out);
}

int wg_format_rows(struct wg_ask *a, sqlite3_stmt **s, enum wg_format f, struct wg_err *err) {
  struct wg_buf out = {0};
  uint64_t row = 0;
  int rc = wg_ask_first(a, s, err);
  if (a->events.watch.progress) wg_cli_progress_end();
  a->events.watch.progress = NULL; // rows come now
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) return WG_INPUT;
  struct grid g = {.f = f, .cols = (size_t)sqlite3_column_count(*s)};
  if (g.cols == 0) return WG_OK;
  put_headings(&g, *s, &out);
  for (; rc == SQLITE_ROW; rc = sqlite3_step(*s)) {
    put_row(&g, *s, row++, &out);
    if (out.len > FLUSH) flush(&out);
  }
  if (is_grid(f)) grid_end(&g, &out);
  if (f == WG_FORMAT_JSON) wg_buf_str(&out, "]\n");
  flush(&out);
  wg_buf_release(&out);
  return rc == SQLITE_DONE ? WG_OK : wg_ask_failed(a, err);
}
