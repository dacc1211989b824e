// A view as rows of named values, said once: aligned columns for people, an array of objects for programs. Private to
// emu/look.
#ifndef WG_EMU_LOOK_TABLE_H
#define WG_EMU_LOOK_TABLE_H

#include "emu/kernel/kernel.h"
#include "emu/look/look.h"

struct wg_column {
  const char *key, *title; // of JSON, of text; title NULL: JSON alone
  bool right;
};

struct wg_table {
  const struct wg_look *l;
  const struct wg_column *columns;
  size_t ncolumns, ncells; // cells so far
  bool json;
  struct wg_buf *out;
  struct wg_buf text; // of the cells, each with a NUL
};

// Appends to `out` what the cells of rows were, when it ends: columns as wide as their widest cell, or an array of
// JSON objects. `columns` is borrowed.
void wg_table_begin(struct wg_table *t, const struct wg_look *l, bool json, struct wg_buf *out,
                    const struct wg_column *columns, size_t n);
void wg_table_end(struct wg_table *t);
// The cells of a row, from the first column to the last.
void wg_cell_count(struct wg_table *t, uint64_t v);
void wg_cell_int(struct wg_table *t, int64_t v);
void wg_cell_hex(struct wg_table *t, uint32_t v);
void wg_cell_id(struct wg_table *t, uint64_t v);      // a semantic id
void wg_cell_text(struct wg_table *t, const char *s); // NULL: none
void wg_cell_none(struct wg_table *t);
void wg_cell_place(struct wg_table *t, uint32_t addr);
void wg_cell_who(struct wg_table *t, const struct wg_who *w);
void wg_cell_bool(struct wg_table *t, bool v, const char *text);

// {"address":"0x...","name":"main+0x8"}, the name null if there is none.
void wg_json_place(const struct wg_look *l, uint32_t addr, struct wg_buf *out);
void wg_put_seconds(struct wg_buf *out, uint64_t ns); // "1.234567 s"

#endif
