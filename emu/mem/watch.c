#include "emu/mem/watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "emu/mem/flags.h"
#include "emu/mem/tables.h"

enum {
  HEAR_FIRST_WRITE = 1, // to forget the page's hash
  HEAR_WRITES = 2,
  HEAR_READS = 4,
};

struct wg_mem_ears {
  uint8_t hear[WG_MEM_PAGES];  // of each page
  uint8_t known[WG_MEM_PAGES]; // of each backing page: `hash` is its content's
  uint64_t hash[WG_MEM_PAGES]; //
  bool tracks;                 //
  struct wg_mem_watch *list;
  size_t n;
  wg_mem_listener *fn;
  void *ctx;
};

uint32_t wg_mem_backing(uint32_t page) {
  if (page >= 0x90000u && page < 0xA0000u) return page - 0x10000u;
  if (page >= 0xA0000u && page < 0xC0000u) return page + 0x20000u;
  if (page >= 0xE0000u && page < 0xFFD00u) return page - 0x20000u + 1;
  if (page >= 0x7F000u && page < 0x80000u) return page + 0x41000u;
  return page;
}

size_t wg_mem_aliases(uint32_t page, uint32_t out[4]) {
  uint32_t b = wg_mem_backing(page), phys = b - 0xC0000u;
  size_t n = 0;
  out[n++] = b;
  if (b >= 0x80000u && b < 0x90000u) out[n++] = b + 0x10000u;
  if (b < 0xC0000u || b >= 0xE0000u) return n;
  out[n++] = 0xA0000u + phys;
  if (phys >= 1 && phys - 1 < 0x1FD00u) out[n++] = 0xE0000u + phys - 1;
  if (phys < 0x1000u) out[n++] = 0x7F000u + phys;
  return n;
}

static struct wg_mem_ears *ears(struct wg_mem *m) {
  if (m->ears == NULL) m->ears = wg_xcalloc(1, sizeof *m->ears);
  m->hear = m->ears->hear;
  return m->ears;
}

void wg_mem_watch_free(struct wg_mem *m) {
  if (m->ears) free(m->ears->list);
  free(m->ears);
  free(m->tables);
  m->ears = NULL;
  m->hear = NULL;
  m->tables = NULL;
  m->watched = false;
}

uint8_t wg_mem_deaf(uint8_t f) {
  bool r = f & (WG_PAGE_R | WG_PAGE_R_SLOW), w = f & (WG_PAGE_W | WG_PAGE_W_SLOW);
  f &= (uint8_t) ~(WG_PAGE_R | WG_PAGE_R_SLOW | WG_PAGE_W | WG_PAGE_W_SLOW);
  if (r) f |= WG_PAGE_R;
  if (w) f |= f & WG_PAGE_CODE ? WG_PAGE_W_SLOW : WG_PAGE_W;
  return f;
}

bool wg_mem_tracks(const struct wg_mem *m) { return m->ears && m->ears->tracks; }

void wg_mem_apply(struct wg_mem *m, uint32_t page) {
  uint8_t f = wg_mem_deaf(m->flags[page]), hear = m->ears ? m->ears->hear[page] : 0;
  if ((hear & HEAR_READS) && (f & WG_PAGE_R)) f ^= WG_PAGE_R | WG_PAGE_R_SLOW;
  if ((hear & (HEAR_FIRST_WRITE | HEAR_WRITES)) && (f & WG_PAGE_W)) f ^= WG_PAGE_W | WG_PAGE_W_SLOW;
  wg_mem_set_flags(m, page, f);
}

void wg_mem_deafen(struct wg_mem *m, bool is_deaf) {
  if (m->ears == NULL) return;
  for (uint32_t p = 0; p < WG_MEM_PAGES; p += 8) {
    uint64_t any;
    memcpy(&any, m->ears->hear + p, sizeof any);
    for (uint32_t i = p; any && i < p + 8; i++)
      if (m->ears->hear[i] && is_deaf)
        wg_mem_set_flags(m, i, wg_mem_deaf(m->flags[i]));
      else if (m->ears->hear[i])
        wg_mem_apply(m, i);
  }
}

static void set_hear(struct wg_mem *m, uint32_t page, uint8_t clear, uint8_t set) {
  uint8_t *hear = &m->ears->hear[page], now = (uint8_t)((*hear & ~clear) | set);
  if (*hear == now) return;
  *hear = now;
  wg_mem_apply(m, page);
}

// --- what has been written --------------------------------------------------------------------------------

void wg_mem_track(struct wg_mem *m) {
  ears(m)->tracks = true;
  if (m->tables == NULL) m->tables = wg_xcalloc(1, sizeof *m->tables);
}

bool wg_mem_unchanged(const struct wg_mem *m, uint32_t backing, uint64_t *hash) {
  if (m->ears == NULL || !m->ears->known[backing]) return false;
  *hash = m->ears->hash[backing];
  return true;
}

void wg_mem_note(struct wg_mem *m, uint32_t backing, uint64_t hash) {
  uint32_t pages[4];
  if (m->ears == NULL || !m->ears->tracks) return;
  m->ears->hash[backing] = hash;
  if (m->ears->known[backing]) return;
  m->ears->known[backing] = 1;
  for (size_t i = wg_mem_aliases(backing, pages); i-- > 0;) set_hear(m, pages[i], 0, HEAR_FIRST_WRITE);
}

void wg_mem_changes(struct wg_mem *m, uint32_t page) {
  uint32_t backing, pages[4];
  if (m->ears == NULL || !m->ears->known[backing = wg_mem_backing(page)]) return;
  m->ears->known[backing] = 0;
  for (size_t i = wg_mem_aliases(backing, pages); i-- > 0;) set_hear(m, pages[i], HEAR_FIRST_WRITE, 0);
}

void wg_mem_first_write(struct wg_mem *m, uint32_t page) {
  if (m->ears && m->ears->hear[page] == HEAR_FIRST_WRITE && m->flags[page] & WG_PAGE_W_SLOW) wg_mem_changes(m, page);
}

// --- watches ----------------------------------------------------------------------------------------------

static void hear_watch(struct wg_mem *m, const struct wg_mem_watch *w, uint8_t clear, uint8_t set) {
  uint64_t last = ((uint64_t)w->addr + (w->len ? w->len : 1) - 1) >> 12;
  for (uint64_t p = w->addr >> 12; p <= last && p < WG_MEM_PAGES; p++) {
    uint32_t pages[4];
    for (size_t i = wg_mem_aliases((uint32_t)p, pages); i-- > 0;) set_hear(m, pages[i], clear, set);
  }
}

void wg_mem_watches(struct wg_mem *m, const struct wg_mem_watch *list, size_t n, wg_mem_listener *fn, void *ctx) {
  struct wg_mem_ears *e = ears(m);
  for (size_t i = 0; i < e->n; i++) hear_watch(m, &e->list[i], HEAR_READS | HEAR_WRITES, 0);
  free(e->list);
  e->list = wg_xcalloc(n + 1, sizeof *list);
  if (n) memcpy(e->list, list, n * sizeof *list);
  e->n = n;
  m->watched = n > 0;
  e->fn = fn;
  e->ctx = ctx;
  for (size_t i = 0; i < n; i++) {
    uint8_t set = (uint8_t)((list[i].read ? HEAR_READS : 0) | (list[i].write ? HEAR_WRITES : 0));
    hear_watch(m, &list[i], 0, set);
  }
}

size_t wg_mem_shown(uint32_t addr, uint32_t out[4]) {
  size_t n = wg_mem_aliases(addr >> 12, out);
  for (size_t i = 0; i < n; i++) out[i] = out[i] << 12 | (addr & (WG_PAGE - 1));
  return n;
}

// Whether two stretches share a byte of what backs them. The shorter one is gone through, by its pages.
static bool overlap(uint32_t a, uint64_t an, uint32_t b, uint64_t bn) {
  if (an > bn) return overlap(b, bn, a, an);
  for (uint64_t at = a, end = a + an; at < end;) {
    uint64_t stop = (at | (WG_PAGE - 1)) + 1 < end ? (at | (WG_PAGE - 1)) + 1 : end;
    uint32_t shown[4];
    for (size_t i = wg_mem_shown((uint32_t)at, shown); i-- > 0;)
      if (shown[i] < b + bn && b < shown[i] + (stop - at)) return true;
    at = stop;
  }
  return false;
}

void wg_mem_heard(struct wg_mem *m, const struct wg_mem_access *a) {
  struct wg_mem_ears *e = m->ears;
  if (e == NULL) return;
  uint64_t last = ((uint64_t)a->addr + a->len - 1) >> 12;
  for (uint64_t p = a->addr >> 12; a->write && p <= last; p++) wg_mem_changes(m, (uint32_t)p & (WG_MEM_PAGES - 1));
  for (size_t i = 0; i < e->n; i++) {
    const struct wg_mem_watch *w = &e->list[i];
    if (!(a->write ? w->write : w->read) || !overlap(a->addr, a->len, w->addr, w->len)) continue;
    struct wg_mem_access told = *a;
    told.watch = i;
    e->fn(e->ctx, &told);
    return;
  }
}
