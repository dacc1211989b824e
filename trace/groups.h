// Rows of cells that are alike, counted.
#ifndef WG_TRACE_GROUPS_H
#define WG_TRACE_GROUPS_H

#include "base/strings.h"
#include "trace/columns.h"

#define WG_GROUPS_RECENT 256

struct wg_groups {
  struct wg_strings rows; // as bytes; ids from 1
  uint64_t *times;        // by id
  size_t cap;
  size_t bytes;
  struct wg_buf row;                 // the one that is being put together
  uint32_t recent[WG_GROUPS_RECENT]; // ids, by a quick hash
};

void wg_groups_release(struct wg_groups *g);
void wg_groups_begin(struct wg_groups *g);                                // a row; then its cells; then how often
void wg_groups_cell(struct wg_groups *g, const struct wg_cell *c);        // copied
void wg_groups_end(struct wg_groups *g, uint64_t times);                  // the row came so many times more
size_t wg_groups_count(const struct wg_groups *g);                        // rows that differ: their ids are 1 to this
void wg_groups_merge(struct wg_groups *g, const struct wg_groups *other); // adds what the other has counted
// Ids in the order in which SQL sorts rows of n cells; the caller frees them.
uint32_t *wg_groups_sorted(const struct wg_groups *g, size_t n);
// The cells of a row, whose text the groups keep.
void wg_groups_get(const struct wg_groups *g, uint32_t id, struct wg_cell *cells, size_t n);

#endif
