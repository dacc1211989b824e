#include "emu/look/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/printable.h"

void wg_table_begin(struct wg_table *t, const struct wg_look *l, bool json, struct wg_buf *out,
                    const struct wg_column *columns, size_t n) {
  *t = (struct wg_table){.l = l, .columns = columns, .ncolumns = n, .json = json, .out = out};
  if (json) wg_buf_char(out, '[');
}

// How many characters a terminal shows.
static size_t width(const char *s) {
  size_t n = 0;
  for (; *s; s++) n += (*s & 0xC0) != 0x80;
  return n;
}

static void spaces(struct wg_buf *out, size_t n) {
  while (n--) wg_buf_char(out, ' ');
}

static void line(const struct wg_table *t, const char *const *cells, const size_t *widths) {
  size_t owed = 0;
  for (size_t i = 0; i < t->ncolumns; i++) {
    const struct wg_column *c = &t->columns[i];
    if (c->title == NULL) continue;
    size_t pad = widths[i] - width(cells[i]);
    spaces(t->out, owed + (c->right ? pad : 0));
    wg_buf_str(t->out, cells[i]);
    owed = (c->right ? 0 : pad) + 2;
  }
  wg_buf_char(t->out, '\n');
}

void wg_table_end(struct wg_table *t) {
  WG_ASSERT(t->ncells % t->ncolumns == 0, "rows are whole");
  if (t->json) {
    wg_buf_char(t->out, ']');
    return;
  }
  const char **cells = wg_xcalloc(t->ncells + t->ncolumns, sizeof *cells);
  size_t *widths = wg_xcalloc(t->ncolumns, sizeof *widths);
  for (size_t i = 0; i < t->ncolumns; i++) cells[i] = t->columns[i].title;
  const char *at = t->text.data;
  for (size_t i = 0; i < t->ncells; i++, at += strlen(at) + 1) cells[t->ncolumns + i] = at;
  for (size_t i = 0; i < t->ncells + t->ncolumns; i++) {
    size_t n = cells[i] ? width(cells[i]) : 0, c = i % t->ncolumns;
    if (n > widths[c]) widths[c] = n;
  }
  for (size_t i = 0; i < t->ncells + t->ncolumns; i += t->ncolumns) line(t, cells + i, widths);
  free(cells);
  free(widths);
  wg_buf_release(&t->text);
}

// Begins a cell: its key, or nothing.
static void cell(struct wg_table *t) {
  size_t column = t->ncells++ % t->ncolumns;
  if (!t->json) return;
  if (column == 0 && t->ncells > 1) wg_buf_char(t->out, ',');
  if (column == 0) wg_buf_char(t->out, '{');
  wg_json_key(t->out, t->columns[column].key);
}

static void done(struct wg_table *t) {
  if (!t->json)
    wg_buf_char(&t->text, 0);
  else if (t->ncells % t->ncolumns == 0)
    wg_buf_char(t->out, '}');
}

void wg_cell_count(struct wg_table *t, uint64_t v) {
  cell(t);
  wg_buf_u64(t->json ? t->out : &t->text, v);
  done(t);
}

void wg_cell_int(struct wg_table *t, int64_t v) {
  cell(t);
  wg_buf_i64(t->json ? t->out : &t->text, v);
  done(t);
}

void wg_cell_hex(struct wg_table *t, uint32_t v) {
  cell(t);
  wg_buf_printf(t->json ? t->out : &t->text, t->json ? "\"0x%x\"" : "0x%08x", v);
  done(t);
}

void wg_cell_id(struct wg_table *t, uint64_t v) {
  cell(t);
  wg_buf_printf(t->json ? t->out : &t->text, t->json ? "\"%016llx\"" : "%016llx", (unsigned long long)v);
  done(t);
}

void wg_cell_text(struct wg_table *t, const char *s) {
  cell(t);
  if (t->json && s)
    wg_buf_json(t->out, s, strlen(s));
  else if (t->json)
    wg_buf_str(t->out, "null");
  else
    wg_buf_printable(&t->text, s ? s : "-", s ? strlen(s) : 1, 200);
  done(t);
}

void wg_cell_none(struct wg_table *t) { wg_cell_text(t, NULL); }

void wg_cell_place(struct wg_table *t, uint32_t addr) {
  cell(t);
  if (t->json) {
    wg_json_place(t->l, addr, t->out);
  } else {
    wg_buf_printf(&t->text, "0x%08x ", addr);
    size_t before = t->text.len;
    wg_look_put_place(t->l, addr, &t->text);
    if (t->text.len == before) t->text.len--;
  }
  done(t);
}

void wg_cell_who(struct wg_table *t, const struct wg_who *w) {
  if (!w->set) {
    wg_cell_none(t);
    return;
  }
  cell(t);
  if (!t->json) {
    wg_buf_printf(&t->text, "%u:%llu", w->tid, (unsigned long long)w->idx);
  } else {
    wg_buf_char(t->out, '{');
    wg_json_u64(t->out, "tid", w->tid);
    wg_json_u64(t->out, "idx", w->idx);
    wg_json_u64(t->out, "host_ns", w->ns);
    wg_json_key(t->out, "from");
    wg_json_place(t->l, w->lr, t->out);
    wg_buf_char(t->out, '}');
  }
  done(t);
}

void wg_cell_bool(struct wg_table *t, bool v, const char *text) {
  cell(t);
  wg_buf_str(t->json ? t->out : &t->text, t->json ? (v ? "true" : "false") : v ? text : "-");
  done(t);
}

void wg_json_place(const struct wg_look *l, uint32_t addr, struct wg_buf *out) {
  struct wg_buf name = {0};
  wg_look_put_place(l, addr, &name);
  wg_buf_printf(out, "{\"address\":\"0x%x\",\"name\":", addr);
  if (name.len)
    wg_buf_json(out, name.data, name.len);
  else
    wg_buf_str(out, "null");
  wg_buf_char(out, '}');
  wg_buf_release(&name);
}

// Without a double: its rounding would be noticed by who runs on the host's floating-point unit.
void wg_put_seconds(struct wg_buf *out, uint64_t ns) {
  uint64_t us = ns / 1000 + (ns % 1000 >= 500);
  wg_buf_printf(out, "%llu.%06llu s", (unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000));
}
