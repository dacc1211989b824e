#include "emu/mem/touched.h"

#include <string.h>

#include "base/assert.h"

void wg_mem_touch_begin(struct wg_mem *m, struct wg_mem_touched *t) {
  WG_ASSERT(m->touched == NULL, "one notes at a time");
  t->flags = m->flags;
  m->flags = t->blind + WG_MEM_GRANULES;
  m->touched = t;
}

void wg_mem_touch_end(struct wg_mem *m) {
  m->flags = m->touched->flags;
  m->touched = NULL;
}

static uint64_t word_at(const struct wg_mem *m, uint32_t addr) {
  uint64_t v;
  memcpy(&v, m->base + addr, sizeof v);
  return v;
}

static struct wg_touched_word *word_of(const struct wg_mem *m, struct wg_mem_touched *t, uint32_t addr) {
  for (uint32_t i = t->n; i-- > 0;)
    if (t->words[i].addr == addr) return &t->words[i];
  if (t->n == WG_TOUCHED_MOST) return NULL;
  t->words[t->n] = (struct wg_touched_word){.addr = addr, .first = word_at(m, addr)};
  return &t->words[t->n++];
}

static void touch(const struct wg_mem *m, struct wg_mem_touched *t, uint32_t addr, unsigned size, bool write) {
  bool across = addr % WG_PAGE > WG_PAGE - size;
  uint8_t need = write ? WG_PAGE_W : WG_PAGE_R;
  if (across || !(m->flags[addr >> 12] & need)) t->broken = true;
  for (unsigned i = 0; i < size && !t->broken; i++) {
    struct wg_touched_word *w = word_of(m, t, (addr + i) & ~7u);
    unsigned byte = (addr + i) % 8;
    if (w == NULL) {
      t->broken = true;
      return;
    }
    w->need |= need;
    ((uint8_t *)&w->mask)[byte] = 0xFF;
  }
}

struct wg_mem_touched *wg_mem_touch_note(struct wg_mem *m, uint32_t addr, unsigned size, bool write) {
  struct wg_mem_touched *t = m->touched;
  wg_mem_touch_end(m);
  touch(m, t, addr, size, write);
  return t;
}

bool wg_mem_as_before(const struct wg_mem *m, const struct wg_mem_touched *t) {
  for (uint32_t i = 0; i < t->n; i++) {
    const struct wg_touched_word *w = &t->words[i];
    if ((m->flags[w->addr >> 12] & w->need) != w->need || ((word_at(m, w->addr) ^ w->first) & w->mask)) return false;
  }
  return true;
}
