#include "export/flows.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/map.h"

static bool borrows(const struct wg_field *f) { return f->type == WG_F_STR || f->type == WG_F_RAW; }

// A string is copied with a NUL; arrays of numbers a signal has none.
static void copy(struct wg_held *h, const struct wg_event *e) {
  struct wg_event *c = &h->event;
  c->kind = e->kind;
  c->kind_name = NULL;
  c->tid = e->tid;
  c->idx = e->idx;
  c->host_ns = e->host_ns;
  c->cycle = e->cycle;
  c->has_cycle = e->has_cycle;
  c->nfields = c->nmore = 0;
  wg_buf_clear(&h->text);
  size_t room = 0;
  for (size_t i = 0; i < e->nfields; i++) {
    const struct wg_field *f = &e->fields[i];
    room += (borrows(f) ? f->n + 1 : 0) + (f->key == WG_K_OTHER ? strlen(f->name) + 1 : 0);
  }
  wg_buf_reserve(&h->text, room); // so that it does not move
  for (size_t i = 0; i < e->nfields; i++) {
    struct wg_field f = e->fields[i];
    if (f.type == WG_F_HEXES) continue;
    if (borrows(&f)) {
      const char *s = h->text.data + h->text.len;
      wg_buf_add(&h->text, f.s, f.n);
      wg_buf_char(&h->text, 0);
      f.s = s;
    }
    if (f.key == WG_K_OTHER) {
      const char *s = h->text.data + h->text.len;
      wg_buf_add(&h->text, f.name, strlen(f.name) + 1);
      f.name = s;
    }
    c->fields[c->nfields++] = f;
  }
}

void wg_flows_hold(struct wg_flows *f, const struct wg_event *e, uint64_t ns) {
  WG_ASSERT(f->n < WG_HELD, "there is no room for another signal");
  struct wg_held *h = &f->held[f->n++];
  h->ns = ns;
  h->nflows = 0;
  copy(h, e);
}

size_t wg_flows_held_by(const struct wg_flows *f, uint32_t tid) {
  for (size_t i = 0; i < f->n; i++)
    if (f->held[i].event.tid == tid) return i;
  return WG_HELD;
}

static uint64_t key_of(uint32_t tid, uint64_t idx) { return wg_hash_u64(idx, tid); }

// The oldest is forgotten.
static void remember(struct wg_flows *f, const struct wg_passed *done) {
  if (f->passed == NULL) f->passed = wg_xcalloc(WG_PASSED, sizeof *f->passed);
  uint64_t at = f->npassed++ % WG_PASSED, there;
  if (f->npassed > WG_PASSED) {
    uint64_t old = key_of(f->passed[at].tid, f->passed[at].idx);
    if (wg_map_get(&f->passed_at, old, &there) && there == at) wg_map_del(&f->passed_at, old);
  }
  f->passed[at] = *done;
  wg_map_put(&f->passed_at, key_of(done->tid, done->idx), at);
}

void wg_flows_pass(struct wg_flows *f, size_t at) {
  struct wg_held done = f->held[at];
  remember(f, &(struct wg_passed){done.event.idx, done.ns, done.event.tid});
  memmove(&f->held[at], &f->held[at + 1], (f->n - at - 1) * sizeof done);
  f->held[--f->n] = done; // its buffer is kept
}

bool wg_flows_tie(struct wg_flows *f, uint32_t tid, uint64_t idx, uint64_t flow) {
  for (size_t i = 0; i < f->n; i++) {
    struct wg_held *h = &f->held[i];
    if (h->event.tid != tid || h->event.idx != idx || h->nflows == WG_HELD_FLOWS) continue;
    h->flows[h->nflows++] = flow;
    return true;
  }
  return false;
}

bool wg_flows_passed(const struct wg_flows *f, uint32_t tid, uint64_t idx, uint64_t *ns) {
  uint64_t at;
  if (!wg_map_get(&f->passed_at, key_of(tid, idx), &at)) return false;
  const struct wg_passed *p = &f->passed[at];
  *ns = p->ns;
  return p->tid == tid && p->idx == idx;
}

void wg_flows_release(struct wg_flows *f) {
  for (size_t i = 0; i < WG_HELD; i++) wg_buf_release(&f->held[i].text);
  free(f->passed);
  wg_map_release(&f->passed_at);
}
