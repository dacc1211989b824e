#include "trace/shelf.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"

#define RING (1u << 15)

void wg_shelf_init(struct wg_shelf *s, struct wg_rows *rows, enum wg_table table) {
  *s = (struct wg_shelf){.rows = rows, .table = table};
  s->ring = wg_xcalloc(RING, sizeof *s->ring);
}

static void put_record(struct wg_shelf *s, const struct wg_shelf_row *r) {
  memcpy(wg_rows_add(s->rows, s->table, r->set), r->v, (size_t)wg_table_columns(s->table) * sizeof *r->v);
}

static void leave(struct wg_shelf *s) {
  while (s->first < s->end && s->ring[s->first % RING].closed) put_record(s, &s->ring[s->first++ % RING]);
}

static void make_room(struct wg_shelf *s) {
  struct wg_shelf_row *late = wg_xcalloc(1, sizeof *late);
  *late = s->ring[s->first % RING];
  wg_map_put(&s->late, s->first++, (uint64_t)(uintptr_t)late);
  leave(s);
}

uint64_t wg_shelf_add(struct wg_shelf *s, const int64_t *v, uint32_t set) {
  if (s->end - s->first == RING) make_room(s);
  struct wg_shelf_row *r = &s->ring[s->end % RING];
  memcpy(r->v, v, (size_t)wg_table_columns(s->table) * sizeof *v);
  r->set = set;
  r->closed = false;
  return s->end++;
}

static struct wg_shelf_row *late_at(struct wg_shelf *s, uint64_t ticket) {
  uint64_t p = 0;
  WG_ASSERT(wg_map_get(&s->late, ticket, &p), "a row has left the shelf already");
  return (struct wg_shelf_row *)(uintptr_t)p;
}

struct wg_shelf_row *wg_shelf_at(struct wg_shelf *s, uint64_t ticket) {
  return ticket >= s->first ? &s->ring[ticket % RING] : late_at(s, ticket);
}

void wg_shelf_close(struct wg_shelf *s, uint64_t ticket) {
  struct wg_shelf_row *r = wg_shelf_at(s, ticket);
  r->closed = true;
  if (ticket >= s->first) {
    leave(s);
    return;
  }
  put_record(s, r);
  free(r);
  wg_map_del(&s->late, ticket);
}

static void each_late(struct wg_shelf *s, bool store) {
  size_t n = wg_map_count(&s->late);
  uint64_t *tickets = wg_xcalloc(n, sizeof *tickets);
  wg_map_keys(&s->late, tickets);
  for (size_t i = 0; i < n; i++) {
    struct wg_shelf_row *r = late_at(s, tickets[i]);
    if (store) put_record(s, r);
    free(r);
  }
  free(tickets);
  wg_map_release(&s->late);
}

void wg_shelf_end(struct wg_shelf *s) {
  each_late(s, true);
  while (s->first < s->end) put_record(s, &s->ring[s->first++ % RING]);
}

void wg_shelf_release(struct wg_shelf *s) {
  each_late(s, false);
  free(s->ring);
}
