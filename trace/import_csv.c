// Importer: tables (RFC 4180) whose first line names their columns: what `wedge export --csv` writes, and others whose
// columns schema 1 or trace/mapping.h knows; lines before it may be remarks (# ...) or name what stands between cells,
// as Excel has it (sep=;). A row becomes a line of JSON, which trace/import_mapped.c reads; what is in no row of one
// line, or has more or fewer cells than there are columns, is damage.
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/json_check.h"
#include "base/vec.h"
#include "trace/importers.h"
#include "trace/mapping.h"
#include "trace/source.h"

#define MOST_COLUMNS 1024u
#define MOST_HEADING 65536u // bytes of the first line
#define MOST_REMARKS 64     // lines before it

// What the cells of a column are. LEFT_OUT: what is said in other columns, too.
enum cells { TEXT, NUMBER, HEX, ARGS, LEFT_OUT };

struct column {
  size_t name; // where in `names`
  enum cells are;
  bool may_lack; // a word for nothing says nothing (lacks_value)
};

struct state {
  const struct wg_mapping *m;
  void *lines; // what reads the lines that rows become
  struct column *columns;
  size_t n, cap;
  bool has_kind;
  bool quoted;            // the cell that was taken last
  char between;           // cells
  struct wg_buf names;    // NUL-terminated
  struct wg_buf row, one; // as JSON; a cell
};

static const char ours[] = "seq,tid,idx,host_ns,cycle,kind,";

static void *state_open(const struct wg_mapping *m) {
  struct state *s = wg_xcalloc(1, sizeof *s);
  s->m = m;
  s->lines = wg_import_mapped.open(m);
  return s;
}

static void state_close(void *p) {
  struct state *s = p;
  wg_import_mapped.close(s->lines);
  wg_buf_release(&s->names);
  wg_buf_release(&s->row);
  wg_buf_release(&s->one);
  free(s->columns);
  free(s);
}

static bool is_blank(char c) { return c == ' '; }

// The cell at p, without its quotes or what is blank around it, into s->one; returns what ends it (`end`, or a
// character between cells), or NULL if its quote is not closed.
static const char *take_cell(struct state *s, const char *p, const char *end) {
  struct wg_buf *cell = &s->one;
  const char between = s->between;
  wg_buf_clear(cell);
  wg_buf_reserve(cell, 1);
  while (p < end && is_blank(*p)) p++;
  s->quoted = p < end && *p == '"';
  if (!s->quoted) {
    WG_ASSERT(p <= end, "a cell lies within its row");
    const char *over = memchr(p, between, (size_t)(end - p)), *from = p;
    p = over = over ? over : end;
    while (over > from && is_blank(over[-1])) over--;
    wg_buf_add(cell, from, (size_t)(over - from));
    return p;
  }
  for (p++; p < end; p++) {
    if (*p != '"') {
      wg_buf_char(cell, *p);
    } else if (p + 1 < end && p[1] == '"') {
      wg_buf_char(cell, *p++);
    } else {
      for (p++; p < end && is_blank(*p); p++) {
      }
      return p == end || *p == between ? p : NULL;
    }
  }
  return NULL;
}

static bool names_column(const struct wg_buf *cell) {
  static const char of_names[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.- ()/";
  for (size_t i = 0; i < cell->len; i++)
    if (cell->data[i] == 0 || strchr(of_names, cell->data[i]) == NULL) return false;
  return cell->len > 0;
}

static enum cells cells_of(const struct wg_meaning *w) {
  if (w->is == WG_MEANS_KIND || w->is == WG_MEANS_INSIDE) return TEXT;
  if (w->is == WG_MEANS_NOTHING) return LEFT_OUT;
  if (w->is != WG_MEANS_KEY) return NUMBER; // if they are
  if (w->key == WG_K_ARGS) return ARGS;
  return wg_key_is_text(w->key) ? TEXT : wg_key_is_hex(w->key) ? HEX : NUMBER;
}

static char between_cells(const char *line, size_t n) {
  static const char any[] = "\t,;";
  for (const char *c = any; *c; c++)
    if (memchr(line, *c, n) != NULL) return *c;
  return '|';
}

// False if it names no columns, or none that says what happened.
static bool take_heading(struct state *s, const char *line, size_t n) {
  const char *p = line, *end = line + n;
  bool names_calls = false, exported = n >= sizeof ours - 1 && memcmp(line, ours, sizeof ours - 1) == 0;
  s->n = 0;
  s->has_kind = false;
  s->between = between_cells(line, n);
  wg_buf_clear(&s->names);
  if (n > MOST_HEADING) return false;
  for (;; p++) {
    p = take_cell(s, p, end);
    bool of_numbers = p && s->n == 0 && s->one.len == 0; // of rows, as pandas and R write them
    if (p == NULL || (!names_column(&s->one) && !of_numbers) || s->n == MOST_COLUMNS) break;
    struct wg_meaning w = wg_mapping_key(s->m, NULL, s->one.data);
    bool twice = exported && (strcmp(s->one.data, "seq") == 0 || strcmp(s->one.data, "status_name") == 0);
    WG_VEC_ROOM(s->columns, s->cap, s->n + 1);
    bool prose = w.is == WG_MEANS_KEY && w.key == WG_K_TEXT; // which may be any word
    s->columns[s->n++] =
        (struct column){s->names.len, twice || of_numbers ? LEFT_OUT : cells_of(&w), !exported && !prose};
    wg_buf_add(&s->names, s->one.data, s->one.len + 1);
    s->has_kind |= w.is == WG_MEANS_KIND;
    names_calls |= w.is == WG_MEANS_KEY && w.key == WG_K_NAME;
    if (p == end && s->n > 1 && (s->has_kind || names_calls)) return true;
    if (p == end) break;
  }
  s->n = 0;
  return false;
}

// Of the lines before the rows: a remark, which may be the heading itself (#kind,tid), or what stands between cells.
enum before { HEADING, REMARK, NEITHER_OF_THEM };

static enum before line_before(struct state *s, const char *line, size_t n) {
  if (n && line[n - 1] == '\r') n--;
  if (take_heading(s, line, n)) return HEADING;
  if (n && *line == '#') return take_heading(s, line + 1, n - 1) ? HEADING : REMARK;
  return n == 5 && memcmp(line, "sep=", 4) == 0 ? REMARK : NEITHER_OF_THEM;
}

static bool probe(const char *head, size_t n, const struct wg_mapping *m) {
  struct state *s = state_open(m);
  enum before is = REMARK;
  const char *p = head, *end = head + n, *newline;
  for (int lines = 0; is == REMARK && lines < MOST_REMARKS && (newline = memchr(p, '\n', (size_t)(end - p))); lines++) {
    is = line_before(s, p, (size_t)(newline - p));
    p = newline + 1;
  }
  state_close(s);
  return is == HEADING;
}

static bool is_digits(const struct wg_buf *cell, const char *digits) {
  return cell->len && strspn(cell->data, digits) == cell->len;
}

// What JSON has that is no string. Of what is hexadecimal, eight or sixteen digits may be a number without its 0x.
static bool is_bare(const struct wg_buf *cell, enum cells are) {
  char c = cell->len ? cell->data[0] : 0;
  if (c == '{' || c == '[') return wg_json_valid(cell->data, cell->len);
  bool padded = are == HEX && (cell->len == 8 || cell->len == 16) && is_digits(cell, "0123456789");
  bool number =
      (c >= '0' && c <= '9') || c == '-' || strcmp(cell->data, "true") == 0 || strcmp(cell->data, "false") == 0;
  return are != TEXT && are != ARGS && number && !padded && wg_json_valid(cell->data, cell->len);
}

// 0x1 0x2, with blanks or commas between them.
static void put_args(struct wg_buf *row, const struct wg_buf *cell) {
  bool first = true;
  wg_buf_char(row, '[');
  for (const char *p = cell->data, *end = p + cell->len; p < end;) {
    size_t n = strcspn(p, " ,");
    if (n && !first) wg_buf_char(row, ',');
    if (n) wg_buf_json(row, p, n);
    first &= n == 0;
    p += n + 1;
  }
  wg_buf_char(row, ']');
}

// What databases and other programs write where there is nothing.
static bool lacks_value(const struct state *s, const struct column *c) {
  static const char *const words[] = {"NULL", "null", "\\N", "NA", "NaN", "nan", "None"};
  for (size_t i = 0; c->may_lack && !s->quoted && i < sizeof words / sizeof *words; i++)
    if (s->one.len == strlen(words[i]) && memcmp(s->one.data, words[i], s->one.len) == 0) return true;
  return s->one.len == 0;
}

static void put_cell(struct state *s, const struct column *c) {
  if (c->are == LEFT_OUT || lacks_value(s, c)) return;
  wg_json_key(&s->row, s->names.data + c->name);
  if (is_bare(&s->one, c->are))
    wg_buf_add(&s->row, s->one.data, s->one.len);
  else if (c->are == ARGS && is_digits(&s->one, "0123456789abcdefABCDEFx ,"))
    put_args(&s->row, &s->one);
  else
    wg_buf_json(&s->row, s->one.data, s->one.len);
}

static int row_as_json(struct state *s, const char *line, size_t n, struct wg_err *err) {
  const char *p = line, *end = line + n;
  wg_buf_clear(&s->row);
  wg_buf_str(&s->row, s->has_kind ? "{" : "{\"kind\":\"kernel.call\"");
  for (size_t i = 0;; p++) {
    p = take_cell(s, p, end);
    if (p == NULL)
      return wg_fail(err, WG_INPUT, "cell %zu: expected a closing quote, and nothing behind it; a row is one line",
                     i + 1);
    if (i < s->n) put_cell(s, &s->columns[i]);
    i++;
    if (p < end) continue;
    if (i != s->n) return wg_fail(err, WG_INPUT, "%zu cells; expected %zu, as in the first line", i, s->n);
    wg_buf_char(&s->row, '}');
    return WG_OK;
  }
}

static enum wg_line_result line(void *p, char *text, size_t n, struct wg_event *e, bool *more, struct wg_err *err) {
  struct state *s = p;
  if (n && text[n - 1] == '\r') n--;
  if (wg_json_is_blank(text, n)) return WG_LINE_NONE;
  if (s->n == 0) {
    if (line_before(s, text, n) != NEITHER_OF_THEM) return WG_LINE_NONE;
    wg_fail(err, WG_INPUT, "expected the names of columns, one of them kind, name or another for them");
    return WG_LINE_BAD;
  }
  if (row_as_json(s, text, n, err) != WG_OK) return WG_LINE_BAD;
  wg_buf_reserve(&s->row, WG_SOURCE_SLACK);
  return wg_import_mapped.line(s->lines, s->row.data, s->row.len, e, more, err);
}

const struct wg_importer wg_import_csv = {"CSV", probe, state_open, line, NULL, state_close, NULL, true};
