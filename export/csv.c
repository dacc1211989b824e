// A row an event. Keys that calls, objects and statuses have are columns; what else an event has is JSON in the last
// one.
#include <string.h>

#include "base/json_check.h"
#include "base/printable.h"
#include "export/formats.h"
#include "nt/exports.h"

static const enum wg_key columns[] = {WG_K_NAME,          WG_K_MODULE,      WG_K_ORDINAL, WG_K_LR,  WG_K_ARGS,
                                      WG_K_ARGS_RESOLVED, WG_K_RV,          WG_K_STATUS,  WG_K_OUT, WG_K_RAW,
                                      WG_K_HSID,          WG_K_OBJECT_TYPE, WG_K_TEXT};
#define COLUMNS (sizeof columns / sizeof *columns)

static void put_cell(struct wg_buf *b, const char *s, size_t n) {
  bool quoted = false;
  for (size_t i = 0; i < n && !quoted; i++) quoted = s[i] == ',' || s[i] == '"' || s[i] == '\r' || s[i] == '\n';
  if (!quoted) {
    wg_buf_add(b, s, n);
    return;
  }
  wg_buf_char(b, '"');
  for (size_t i = 0; i < n; i++) {
    if (s[i] == '"') wg_buf_char(b, '"');
    wg_buf_char(b, s[i]);
  }
  wg_buf_char(b, '"');
}

// The fields of an event that have no column, as an object.
static void put_rest(struct wg_buf *b, const struct wg_event *e, struct wg_buf *text) {
  static const char before[] = "{\"kind\":\"\",\"tid\":0,\"idx\":0,\"host_ns\":0,";
  struct wg_event rest = {.kind = WG_EV_OTHER, .kind_name = ""};
  wg_buf_clear(text);
  for (size_t i = 0; i < wg_ev_count(e); i++) {
    const struct wg_field *f = wg_ev_at(e, i);
    bool has_column = false;
    for (size_t k = 0; k < COLUMNS; k++) has_column |= f->key == columns[k];
    if (has_column) continue;
    size_t at = text->len;
    rest.fields[0] = *f;
    rest.nfields = 1;
    wg_ev_encode_foreign(&rest, text);
    text->len -= 2; // "}\n"
    memmove(text->data + at + 1, text->data + at + sizeof before - 1, text->len - at - (sizeof before - 1));
    text->data[at] = at ? ',' : '{';
    text->len -= sizeof before - 2;
  }
  if (text->len == 0) return;
  wg_buf_char(text, '}');
  put_cell(b, text->data, text->len);
}

static void put_value(struct wg_buf *b, const struct wg_field *f, struct wg_buf *text) {
  wg_buf_clear(text);
  switch (f->type) {
  case WG_F_DEC: wg_buf_u64(b, f->u); return;
  case WG_F_SDEC: wg_buf_i64(b, f->i); return;
  case WG_F_HEX:
    wg_buf_str(b, "0x");
    wg_buf_hex(b, f->u);
    return;
  case WG_F_ID: wg_buf_printf(b, "%016llx", (unsigned long long)f->u); return;
  case WG_F_BOOL: wg_buf_str(b, f->u ? "true" : "false"); return;
  case WG_F_HEXES:
    for (size_t i = 0; i < f->n; i++) {
      wg_buf_str(b, i ? " 0x" : "0x");
      wg_buf_hex(b, f->v[i]);
    }
    return;
  case WG_F_RAW:
    if (f->n == 2 && f->s[0] == '{') return;
    if (wg_json_valid(f->s, f->n))
      wg_json_clean(text, f->s, f->n, WG_JSON_UNSEEN);
    else
      wg_buf_printable(text, f->s, f->n, SIZE_MAX);
    break;
  case WG_F_STR: wg_buf_printable(text, f->s, f->n, SIZE_MAX); break;
  }
  put_cell(b, text->len ? text->data : "", text->len);
}

void wg_csv_begin(struct wg_output *out) {
  wg_buf_str(&out->b, "seq,tid,idx,host_ns,cycle,kind");
  for (size_t i = 0; i < COLUMNS; i++) {
    wg_buf_char(&out->b, ',');
    wg_buf_str(&out->b, wg_key_name(&(struct wg_field){.key = columns[i]}));
  }
  wg_buf_str(&out->b, ",status_name,fields\r\n");
}

void wg_csv_event(struct wg_output *out, const struct wg_event *e, uint64_t order) {
  struct wg_buf *b = &out->b, text = {0};
  uint64_t status;
  const uint64_t numbers[] = {order + 1, e->tid, e->idx, e->host_ns}; // from 1, as in SQL
  for (size_t i = 0; i < 4; i++) {
    wg_buf_u64(b, numbers[i]);
    wg_buf_char(b, ',');
  }
  if (e->has_cycle) wg_buf_u64(b, e->cycle);
  wg_buf_char(b, ',');
  put_value(b, &(struct wg_field){.type = WG_F_STR, .s = wg_kind_name(e), .n = strlen(wg_kind_name(e))}, &text);
  for (size_t i = 0; i < COLUMNS; i++) {
    const struct wg_field *f = wg_ev_get(e, columns[i]);
    wg_buf_char(b, ',');
    if (f) put_value(b, f, &text);
  }
  wg_buf_char(b, ',');
  if (wg_ev_u64(e, WG_K_STATUS, &status) && status <= UINT32_MAX) {
    const char *name = wg_nt_status_name((uint32_t)status);
    if (name) wg_buf_str(b, name);
  }
  wg_buf_char(b, ',');
  put_rest(b, e, &text);
  wg_buf_str(b, "\r\n");
  wg_buf_release(&text);
  wg_output_more(out);
}
