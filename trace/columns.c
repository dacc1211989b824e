#include "trace/columns.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/json_check.h"
#include "base/printable.h"

static const char *const shapes[] = {
#define WG_KEY(id, name, shape) shape,
#include "trace/keys.def"
};

static const struct {
  const char *name;
  size_t n;
} kinds[] = {
#define WG_KIND(id, name, keys) {name, sizeof name - 1},
#include "trace/kinds.def"
};

static const struct {
  const char *name, *type;
  bool hidden;
} members[WG_COL_KEYS] = {
    [WG_COL_SEQ] = {"seq", "INTEGER", false},     [WG_COL_TID] = {"tid", "INTEGER", false},
    [WG_COL_IDX] = {"idx", "INTEGER", false},     [WG_COL_KIND] = {"kind", "TEXT", false},
    [WG_COL_NAME] = {"name", "TEXT", false},      [WG_COL_HOST_NS] = {"host_ns", "INTEGER", false},
    [WG_COL_CYCLE] = {"cycle", "INTEGER", false}, [WG_COL_LINE] = {"line", "TEXT", false},
    [WG_COL_NS] = {"ns", "INTEGER", true},        [WG_COL_JSON] = {"json", "TEXT", true},
};

static enum wg_key key_of(int column) {
  int at = column - WG_COL_KEYS;
  return column == WG_COL_NAME ? WG_K_NAME : (enum wg_key)(at + (at >= WG_K_NAME));
}

const char *wg_column_name(int column) {
  return column < WG_COL_KEYS ? members[column].name : wg_key_name(&(struct wg_field){.key = key_of(column)});
}

// Numbers that our schema has as numbers or as "0x..." strings.
static bool is_number(enum wg_key key) {
  static const char *const numbers[] = {"hex", "count", "integer", "positive", "span", "one"};
  const char *shape = shapes[key];
  if (shape == NULL) return key == WG_K_HANDLE || key == WG_K_STACK || key == WG_K_NEW_TID || key == WG_K_TARGET;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (strcmp(shape, numbers[i]) == 0) return true;
  return false;
}

static bool is_truth(enum wg_key key) {
  const char *shape = shapes[key];
  return shape && (strcmp(shape, "bool") == 0 || strcmp(shape, "true") == 0);
}

const char *wg_column_type(int column) {
  if (column < WG_COL_KEYS) return members[column].type;
  enum wg_key key = key_of(column);
  return is_number(key) || is_truth(key) ? "INTEGER" : shapes[key] ? "TEXT" : "";
}

bool wg_column_hidden(int column) { return column >= WG_COL_KEYS || members[column].hidden; }

bool wg_column_repeats(int column) {
  switch (column) {
  case WG_COL_TID:
  case WG_COL_KIND: return true;
  default: break;
  }
  if (column < WG_COL_KEYS && column != WG_COL_NAME) return false;
  enum wg_key key = key_of(column);
  return key != WG_K_ARGS && key != WG_K_ARGS_RESOLVED && key != WG_K_OUT && key != WG_K_REGS;
}

static struct wg_cell integer_cell(uint64_t v) { return (struct wg_cell){.type = WG_CELL_INT, .i = (int64_t)v}; }

static struct wg_cell text_cell(const char *s, size_t n) {
  return (struct wg_cell){.type = WG_CELL_TEXT, .n = (uint32_t)n, .text = s};
}

// Bytes that are no UTF-8 are the characters of their numbers.
static struct wg_cell utf8_cell(const char *s, size_t n, struct wg_buf *made) {
  if (wg_is_utf8(s, n)) return text_cell(s, n);
  wg_buf_clear(made);
  wg_buf_utf8(made, s, n);
  return text_cell(made->data, made->len);
}

// A number that is no integer of 64 bits, or another value as it stands.
static struct wg_cell of_raw(const struct wg_field *f, struct wg_buf *made) {
  if (wg_field_is_null(f)) return (struct wg_cell){.type = WG_CELL_NULL};
  bool number = f->n && f->n < 64 && (f->s[0] == '-' || (f->s[0] >= '0' && f->s[0] <= '9'));
  if (number && strcspn(f->s, ".eE") < f->n) {
    char digits[64];
    memcpy(digits, f->s, f->n);
    digits[f->n] = 0;
    return (struct wg_cell){.type = WG_CELL_REAL, .real = strtod(digits, NULL)};
  }
  if (!wg_json_odd(f->s, f->n) || !wg_json_valid(f->s, f->n)) return text_cell(f->s, f->n);
  wg_buf_clear(made);
  wg_json_clean(made, f->s, f->n, WG_JSON_UNSEEN);
  return text_cell(made->data, made->len);
}

static struct wg_cell of_values(const struct wg_field *f, struct wg_buf *made) {
  wg_buf_clear(made);
  wg_buf_char(made, '[');
  for (size_t i = 0; i < f->n; i++) {
    wg_buf_str(made, i ? ",\"0x" : "\"0x");
    wg_buf_hex(made, f->v[i]);
    wg_buf_char(made, '"');
  }
  wg_buf_char(made, ']');
  return text_cell(made->data, made->len);
}

static struct wg_cell of_field(const struct wg_field *f, enum wg_key key, struct wg_buf *made) {
  uint64_t v;
  switch (f->type) {
  case WG_F_SDEC:
  case WG_F_DEC:
  case WG_F_HEX: return integer_cell(wg_field_bits(f, f->u));
  case WG_F_BOOL: return integer_cell(f->u);
  case WG_F_STR:
    if (f->n > 2 && f->s[0] == '0' && f->s[1] == 'x' && is_number(key) && wg_parse_u64(f->s, UINT64_MAX, &v))
      return integer_cell(wg_field_bits(f, v));
    return utf8_cell(f->s, f->n, made);
  case WG_F_RAW: return of_raw(f, made);
  case WG_F_HEXES: return of_values(f, made);
  case WG_F_ID: break;
  }
  wg_buf_clear(made);
  wg_buf_printf(made, "%016llx", (unsigned long long)f->u);
  return text_cell(made->data, made->len);
}

void wg_column_cell(const struct wg_event *e, int column, const char *line, size_t nline, struct wg_buf *made,
                    struct wg_cell *out) {
  switch (column) {
  case WG_COL_TID: *out = integer_cell(e->tid); return;
  case WG_COL_IDX: *out = integer_cell(e->idx); return;
  case WG_COL_HOST_NS:
  case WG_COL_NS: *out = integer_cell(e->host_ns); return;
  case WG_COL_CYCLE:
    *out = integer_cell(e->cycle);
    if (!e->has_cycle) out->type = WG_CELL_NULL;
    return;
  case WG_COL_KIND:
    *out = e->kind == WG_EV_OTHER ? utf8_cell(e->kind_name, strlen(e->kind_name), made)
                                  : text_cell(kinds[e->kind].name, kinds[e->kind].n);
    return;
  case WG_COL_LINE: *out = text_cell(line, nline); return;
  case WG_COL_JSON:
    wg_buf_clear(made);
    wg_ev_encode_foreign(e, made);
    *out = text_cell(made->data, made->len - 1);
    return;
  default: break;
  }
  enum wg_key key = key_of(column);
  const struct wg_field *f = column == WG_COL_SEQ ? NULL : wg_ev_get(e, key);
  if (f)
    *out = of_field(f, key, made);
  else
    *out = (struct wg_cell){.type = WG_CELL_NULL};
}
