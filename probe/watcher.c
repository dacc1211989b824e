#include "probe/watcher.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "probe/place.h"

struct pending {
  bool open;
  struct wg_hit hit;
  uint8_t *before;
};

struct wg_watcher {
  const struct wg_mem_watch *places;
  struct pending *pending; // of each, the write that is under way
  size_t n, open;
  uint8_t *now;
  void (*hit)(void *ctx, const struct wg_hit *h);
  void *ctx;
};

struct wg_watcher *wg_watcher_create(const struct wg_mem_watch *places, size_t n,
                                     void (*hit)(void *ctx, const struct wg_hit *h), void *ctx) {
  struct wg_watcher *w = wg_xcalloc(1, sizeof *w);
  uint32_t most = 0;
  w->pending = wg_xcalloc(n + 1, sizeof *w->pending);
  for (size_t i = 0; i < n; i++) {
    w->pending[i].before = wg_xcalloc(places[i].len, 1);
    if (places[i].len > most) most = places[i].len;
  }
  w->now = wg_xcalloc(most + 1, 1);
  w->places = places;
  w->n = n;
  w->hit = hit;
  w->ctx = ctx;
  return w;
}

void wg_watcher_free(struct wg_watcher *w) {
  if (w == NULL) return;
  for (size_t i = 0; i < w->n; i++) free(w->pending[i].before);
  free(w->pending);
  free(w->now);
  free(w);
}

void wg_watcher_bytes(struct wg_machine *m, uint32_t addr, uint32_t len, uint8_t *out) {
  const struct wg_mem *mem = wg_machine_mem(m);
  memset(out, 0, len);
  for (uint32_t i = 0, n; i < len; i += n) {
    uint32_t at, room = WG_PAGE - (addr + i) % WG_PAGE;
    n = len - i < room ? len - i : room;
    if (wg_place_shown(mem, addr + i, &at)) memcpy(out + i, mem->base + at, n);
  }
}

static void settle(struct wg_watcher *w, struct wg_machine *m, bool pointers) {
  for (size_t i = 0; w->open && i < w->n; i++) {
    struct pending *p = &w->pending[i];
    if (!p->open || (p->hit.pointer && !pointers)) continue;
    p->open = false;
    w->open--;
    wg_watcher_bytes(m, w->places[i].addr, w->places[i].len, w->now);
    if (p->hit.pointer && memcmp(w->now, p->before, w->places[i].len) == 0) continue;
    p->hit.before = p->before;
    p->hit.now = w->now;
    w->hit(w->ctx, &p->hit);
  }
}

void wg_watcher_settle(struct wg_watcher *w, struct wg_machine *m) { settle(w, m, true); }

// Events come in the midst of a kernel call, but not behind its return.
void wg_watcher_event(struct wg_watcher *w, struct wg_machine *m, const struct wg_event *e) {
  settle(w, m, e->kind == WG_EV_KERNEL_RETURN);
}

static void begin_hit(const struct wg_watcher *w, size_t i, struct wg_machine *m, const struct wg_cpu *c,
                      const struct wg_mem_access *a, struct wg_hit *h) {
  *h = (struct wg_hit){
      .place = i, .write = a->write, .by_code = c != NULL, .pointer = a->pointer, .addr = a->addr, .len = a->len};
  wg_machine_where(m, &h->at);
  const struct wg_cpu *cpu = c;
  if (cpu == NULL && h->at.in_turn) cpu = wg_machine_cpu(m, h->at.tid);
  if (cpu) {
    h->has_cpu = true;
    h->cpu = *cpu;
  }
  if (c) wg_machine_fetch(m, c->pc, &h->word);
  (void)w;
}

void wg_watcher_access(struct wg_watcher *w, struct wg_machine *m, const struct wg_cpu *c,
                       const struct wg_mem_access *a) {
  settle(w, m, true);
  for (size_t i = 0; i < w->n; i++) {
    const struct wg_mem_watch *p = &w->places[i];
    if (!(a->write ? p->write : p->read) || !wg_place_touch(a->addr, a->len, p->addr, p->len)) continue;
    struct pending *e = &w->pending[i];
    begin_hit(w, i, m, c, a, &e->hit);
    wg_watcher_bytes(m, p->addr, p->len, e->before);
    if (!a->write) {
      e->hit.before = e->hit.now = e->before;
      w->hit(w->ctx, &e->hit);
      continue;
    }
    e->open = true;
    w->open++;
  }
}
