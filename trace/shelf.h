// Rows that wait for their ends, in the order in which they began: they leave in that order, but for the few that stay
// open while very many others come and go.
#ifndef WG_TRACE_SHELF_H
#define WG_TRACE_SHELF_H

#include "base/map.h"
#include "trace/rows.h"

struct wg_shelf_row {
  int64_t v[WG_ROW_COLUMNS];
  uint32_t set;
  bool closed;
};

struct wg_shelf {
  struct wg_rows *rows;
  enum wg_table table;
  struct wg_shelf_row *ring;
  uint64_t first, end; // tickets that are on the ring
  struct wg_map late;  // ticket -> row, of those that are older and open
};

void wg_shelf_init(struct wg_shelf *s, struct wg_rows *rows, enum wg_table table);
uint64_t wg_shelf_add(struct wg_shelf *s, const int64_t *v, uint32_t set); // its ticket
struct wg_shelf_row *wg_shelf_at(struct wg_shelf *s, uint64_t ticket);     // an open one
void wg_shelf_close(struct wg_shelf *s, uint64_t ticket);                  // nothing more comes to it
void wg_shelf_end(struct wg_shelf *s);                                     // and to no other
void wg_shelf_release(struct wg_shelf *s);

#endif
