#define _GNU_SOURCE // mremap, MAP_NORESERVE
#include "emu/mem/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/vec.h"
#include "emu/limits/limits.h"
#include "emu/mem/flags.h"
#include "emu/mem/marks.h"
#include "emu/mem/tables.h"
#include "emu/mem/touched.h"
#include "emu/mem/view.h"
#include "emu/mem/watch.h"

#define SPACE (1ull << 32)
#define IMAGE 0x80000000u
#define IMAGE_SIZE 0x10000000u
#define PHYSICAL 0xC0000000u
#define SEEN (0x01000000u / WG_PAGE) // physical pages that the GPU's write-back window shows from the beginning

// Where a backing is visible. The E mirror is shifted: virtual E0000000 is physical 1000.
static const struct {
  uint32_t addr, size, offset;
  bool image;
} mirrors[] = {
    {0x80000000u, IMAGE_SIZE, 0, true},        {0x90000000u, IMAGE_SIZE, 0, true},
    {0xA0000000u, WG_PHYS_SIZE, 0, false},     {0xC0000000u, WG_PHYS_SIZE, 0, false},
    {0xE0000000u, 0x1FD00000u, 0x1000, false}, {0x7F000000u, 0x01000000u, 0, false},
};
#define NMIRRORS (sizeof mirrors / sizeof *mirrors)

// Shows the pages at `from` at `to` as well: mremap with an old size of 0 duplicates a shared mapping.
static bool mirror(struct wg_mem *m, uint32_t from, uint32_t to, uint32_t size) {
  m->mapped[m->nmapped++] = (struct wg_mem_mapped){to, size};
  return mremap(m->base + from, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, m->base + to) != MAP_FAILED;
}

// Shared, so that it can be seen at other addresses, too.
static bool map_at(struct wg_mem *m, uint32_t addr, uint32_t size) {
  m->mapped[m->nmapped++] = (struct wg_mem_mapped){addr, size};
  int flags = MAP_FIXED | MAP_NORESERVE | MAP_ANONYMOUS | MAP_SHARED;
  return mmap(m->base + addr, size, PROT_READ | PROT_WRITE, flags, -1, 0) != MAP_FAILED;
}

// The flags, the guest's space, and a page that is nobody's.
#define RESERVED (WG_MEM_NEAR_BEFORE + SPACE + WG_PAGE)

static int map_all(struct wg_mem *m, struct wg_err *err) {
  uint8_t *p = mmap(NULL, RESERVED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return wg_fail(err, WG_INTERNAL, "cannot reserve 4 GiB of address space for guest memory");
  m->base = p + WG_MEM_NEAR_BEFORE;
  m->flags = m->base - WG_MEM_FLAGS_BEFORE;
  bool ok = mprotect(p, WG_MEM_NEAR_BEFORE, PROT_READ | PROT_WRITE) == 0;
  ok = ok && map_at(m, 0, 0x7F000000u) && map_at(m, IMAGE, IMAGE_SIZE) && map_at(m, PHYSICAL, WG_PHYS_SIZE) &&
       map_at(m, 0xFFD00000u, 0x300000u);
  for (size_t i = 0; ok && i < NMIRRORS; i++) {
    uint32_t from = (mirrors[i].image ? IMAGE : PHYSICAL) + mirrors[i].offset;
    if (mirrors[i].addr != from) ok = mirror(m, from, mirrors[i].addr, mirrors[i].size);
  }
  return ok ? WG_OK : wg_fail(err, WG_INTERNAL, "cannot map guest memory: %s", strerror(errno));
}

// The GPU's write-back window shows the first physical pages, which anybody may write.
static void first_flags(struct wg_mem *m) {
  memset(m->phys_dirty, 1, SEEN);
  wg_mem_tables_forget(m);
  for (uint32_t p = 0x7F000000u >> 12; p <= 0x7FFFFFFFu >> 12; p++) {
    wg_mem_set_flags(m, p, WG_PAGE_R | WG_PAGE_W);
    wg_mem_apply(m, p);
  }
}

int wg_mem_create(struct wg_mem **out, struct wg_err *err) {
  struct wg_mem *m = wg_xcalloc(1, sizeof *m);
  m->committed = wg_xcalloc(WG_MEM_PAGES, 1);
  m->protect = wg_xcalloc(WG_MEM_PAGES, sizeof *m->protect);
  m->dirty = wg_xcalloc(WG_MEM_PAGES, 1);
  m->phys_dirty = wg_xcalloc(WG_PHYS_SIZE / WG_PAGE, 1);
  m->region_at = wg_xcalloc(WG_MEM_PAGES, sizeof *m->region_at);
  wg_spans_init(&m->taken, WG_MEM_PAGES);
  wg_spans_init(&m->phys_taken, WG_PHYS_SIZE / WG_PAGE);
  int code = map_all(m, err);
  if (code != WG_OK) {
    wg_mem_free(m);
    return code;
  }
  first_flags(m);
  *out = m;
  return WG_OK;
}

// Zeros in physical pages, whatever they hold; a page of the host that nobody has used need not be made for that.
static void zero_physical(struct wg_mem *m, uint32_t first, uint32_t n) {
  uint8_t *p = wg_mem_phys_ptr(m, first << 12);
  for (uint32_t i = 0; m->ears && i < n; i++) wg_mem_changes(m, (PHYSICAL >> 12) + first + i);
  if (madvise(p, (size_t)n * WG_PAGE, MADV_REMOVE) != 0) memset(p, 0, (size_t)n * WG_PAGE);
}

// What is seen at once must be as new. What is known to be is left, as whoever loads a state need not write it.
static void clear_seen(struct wg_mem *m) {
  uint64_t hash;
  for (uint32_t p = 0, end; p < SEEN; p = end + 1) {
    for (end = p; end < SEEN; end++)
      if (wg_mem_unchanged(m, (PHYSICAL >> 12) + end, &hash) && hash == WG_ZERO_HASH) break;
    if (end > p) zero_physical(m, p, end - p);
  }
}

// Pages that may hold something, nobody knows what, go back to the host: who gets them next need not clear them.
static void give_back(struct wg_mem *m) {
  const uint32_t n = 0x7F000000u >> 12;
  uint64_t hash;
  for (uint32_t p = wg_next_marked(m->dirty, 0, n), end; p < n; p = wg_next_marked(m->dirty, end + 1, n)) {
    for (end = p; end < n && m->dirty[end] && !wg_mem_unchanged(m, end, &hash);) end++;
    size_t size = (size_t)(end - p) << 12;
    if (size && madvise(m->base + ((size_t)p << 12), size, MADV_REMOVE) == 0) memset(m->dirty + p, 0, end - p);
  }
}

// A table of zeros, of which nothing is touched, instead of one that is cleared.
static void *renewed(void *table, size_t n) {
  free(table);
  return wg_xcalloc(n, 1);
}

void wg_mem_reset(struct wg_mem *m) {
  wg_mem_view_clear(m);
  clear_seen(m);
  give_back(m);
  uint8_t *flags = m->base - WG_MEM_NEAR_BEFORE;
  if (madvise(flags, WG_MEM_NEAR_BEFORE, MADV_DONTNEED) != 0) memset(flags, 0, WG_MEM_NEAR_BEFORE);
  m->committed = renewed(m->committed, WG_MEM_PAGES);
  m->protect = renewed(m->protect, WG_MEM_PAGES * sizeof *m->protect);
  m->region_at = renewed(m->region_at, WG_MEM_PAGES * sizeof *m->region_at);
  wg_spans_set(&m->taken, 0, WG_MEM_PAGES, false); // two words, where the trees have two million
  wg_spans_set(&m->phys_taken, 0, WG_PHYS_SIZE / WG_PAGE, false);
  m->nregions = m->region_free = 0;
  m->region_room = 0;
  free(m->regions);
  m->regions = NULL;
  m->ncommitted = m->steps = 0;
  m->full = false;
  m->nmmio = 0;
  m->code_written = NULL;
  wg_mem_watches(m, NULL, 0, NULL, NULL);
  first_flags(m);
}

void wg_mem_free(struct wg_mem *m) {
  if (m == NULL) return;
  wg_mem_view_free(m);
  if (m->base) munmap(m->base - WG_MEM_NEAR_BEFORE, RESERVED);
  free(m->committed);
  free(m->protect);
  free(m->dirty);
  free(m->phys_dirty);
  free(m->region_at);
  wg_spans_release(&m->taken);
  wg_spans_release(&m->phys_taken);
  free(m->regions);
  wg_mem_watch_free(m);
  free(m);
}

void wg_mem_add_mmio(struct wg_mem *m, const struct wg_mmio *io) {
  WG_ASSERT(m->nmmio < sizeof m->mmio / sizeof *m->mmio, "more devices than places for them");
  m->mmio[m->nmmio++] = *io;
  for (uint32_t p = io->start >> 12; p <= io->end >> 12; p++) {
    wg_mem_tables_change(m, p);
    wg_mem_set_flags(m, p, WG_PAGE_IO);
  }
}

static uint8_t flags_of(uint32_t protect) {
  if (protect & (WG_PROT_READWRITE | WG_PROT_WRITECOPY | 0x40 | 0x80)) return WG_PAGE_R | WG_PAGE_W;
  if (protect & (WG_PROT_READONLY | 0x10 | 0x20)) return WG_PAGE_R;
  return 0;
}

void wg_mem_mark_code(struct wg_mem *m, uint32_t page) {
  wg_mem_tables_change(m, page);
  wg_mem_set_flags(m, page, m->flags[page] | WG_PAGE_CODE);
  wg_mem_apply(m, page);
}

static void drop_code(struct wg_mem *m, uint32_t addr, uint32_t len) {
  if ((m->flags[addr >> 12] & WG_PAGE_CODE) && m->code_written) m->code_written(m->code_ctx, addr, len);
}

static void set_page(struct wg_mem *m, uint32_t page, uint32_t protect) {
  drop_code(m, page << 12, WG_PAGE);
  wg_mem_tables_change(m, page);
  wg_mem_set_flags(m, page, flags_of(protect));
  if (m->ears) wg_mem_apply(m, page);
  m->protect[page] = protect;
  m->committed[page] = 1;
  m->dirty[page] = 1;
}

static void clear_page(struct wg_mem *m, uint32_t page) {
  drop_code(m, page << 12, WG_PAGE);
  wg_mem_tables_change(m, page);
  wg_mem_set_flags(m, page, 0);
  m->protect[page] = 0;
  m->committed[page] = 0;
}

void wg_mem_protect(struct wg_mem *m, uint32_t addr, uint32_t size, uint32_t protect) {
  if (size == 0) return;
  uint64_t last = ((uint64_t)addr + size - 1) >> 12;
  for (uint64_t p = addr >> 12; p <= last && p < WG_MEM_PAGES; p++, m->steps++)
    if (m->committed[p]) set_page(m, (uint32_t)p, protect);
}

bool wg_mem_commit(struct wg_mem *m, uint32_t addr, uint32_t size, uint32_t protect) {
  if (size == 0) return true;
  uint64_t first = addr >> 12, last = ((uint64_t)addr + size - 1) >> 12, more = 0;
  if (last >= WG_MEM_PAGES) last = WG_MEM_PAGES - 1;
  m->steps += last - first + 1;
  for (uint64_t p = first; p <= last; p++) more += !m->committed[p];
  if (more > WG_MAX_COMMITTED - m->ncommitted) {
    m->full = true;
    return false;
  }
  m->ncommitted += more;
  for (uint64_t p = first; p <= last; p++) {
    // Pages that were never used, or given back, read as zero by themselves.
    if (!m->committed[p] && m->dirty[p]) {
      wg_mem_changes(m, (uint32_t)p);
      memset(m->base + (p << 12), 0, WG_PAGE);
      m->steps += WG_PAGE / 16;
    }
    set_page(m, (uint32_t)p, protect);
  }
  return true;
}

// What was there is no more, for whoever watches it.
static void given_back(struct wg_mem *m, uint32_t addr, uint32_t size) {
  if (wg_mem_is_heard(m, addr, size)) wg_mem_heard(m, &(struct wg_mem_access){addr, size, true, true, 0});
}

void wg_mem_decommit(struct wg_mem *m, uint32_t addr, uint32_t size) {
  if (size == 0) return;
  uint64_t first = addr >> 12, last = ((uint64_t)addr + size - 1) >> 12;
  if (last >= WG_MEM_PAGES) last = WG_MEM_PAGES - 1;
  m->steps += last - first + 1;
  given_back(m, addr, size);
  for (uint64_t p = first; p <= last; p++) {
    WG_ASSERT(m->ncommitted >= m->committed[p], "each committed page is counted");
    m->ncommitted -= m->committed[p];
    clear_page(m, (uint32_t)p);
  }
  // The pages read as zero when committed again; give the host its memory back until then.
  uint32_t lo = (addr + WG_PAGE - 1) & ~(WG_PAGE - 1), whole = size & ~(WG_PAGE - 1);
  for (uint32_t p = 0; m->ears && addr < 0x7F000000u && p < whole >> 12; p++) wg_mem_changes(m, (lo >> 12) + p);
  if (addr < 0x7F000000u && size >= WG_PAGE && madvise(m->base + lo, whole, MADV_REMOVE) == 0)
    memset(m->dirty + (lo >> 12), 0, whole >> 12);
}

static uint32_t find_gap(struct wg_mem *m, const struct wg_alloc *a, uint32_t size) {
  if (a->hi < a->lo || a->hi - a->lo < size - 1) return 0;
  struct wg_fit f = {.n = size / WG_PAGE,
                     .align = a->page / WG_PAGE,
                     .lo = (uint32_t)(((uint64_t)a->lo + WG_PAGE - 1) / WG_PAGE),
                     .hi = (uint32_t)(((uint64_t)a->hi + 1) / WG_PAGE)};
  uint32_t at = a->top_down ? wg_spans_highest(&m->taken, &f) : wg_spans_lowest(&m->taken, &f);
  return at == UINT32_MAX ? 0 : at * WG_PAGE;
}

static uint32_t region_slot(struct wg_mem *m) {
  if (m->region_free) {
    uint32_t slot = m->region_free;
    m->region_free = m->regions[slot].next;
    return slot;
  }
  if (m->nregions == 0) m->nregions = 1; // 0 is none
  WG_VEC_ROOM(m->regions, m->region_room, m->nregions + 1);
  return m->nregions++;
}

// Which region each page is in.
static void mark(struct wg_mem *m, uint32_t base, uint32_t size, uint32_t slot) {
  for (uint32_t p = base >> 12, end = p + size / WG_PAGE; p < end; p++) m->region_at[p] = slot;
  wg_spans_set(&m->taken, base >> 12, size / WG_PAGE, slot != 0);
  m->steps += size / WG_PAGE / 16 + 32;
}

uint32_t wg_mem_reserve(struct wg_mem *m, const struct wg_alloc *a) {
  uint64_t rounded = ((uint64_t)a->size + a->page - 1) & ~(uint64_t)(a->page - 1);
  if (rounded == 0 || rounded > 0x7F000000u) return 0;
  uint32_t size = (uint32_t)rounded, base = a->addr & ~(a->page - 1);
  if (a->addr == 0)
    base = find_gap(m, a, size);
  else if ((uint64_t)base + size > SPACE || !wg_spans_free(&m->taken, base >> 12, size / WG_PAGE))
    base = 0;
  m->steps += m->taken.steps;
  m->taken.steps = 0;
  if (base == 0 || (a->commit && !wg_mem_commit(m, base, size, a->protect))) return 0;
  uint32_t slot = region_slot(m);
  m->regions[slot] = (struct wg_region){base, size, a->protect, a->page, a->owner, 0};
  mark(m, base, size, slot);
  return base;
}

const struct wg_region *wg_mem_region(const struct wg_mem *m, uint32_t addr) {
  uint32_t slot = m->region_at[addr >> 12];
  return slot ? &m->regions[slot] : NULL;
}

bool wg_mem_release(struct wg_mem *m, uint32_t base) {
  uint32_t slot = m->region_at[base >> 12];
  if (slot == 0 || m->regions[slot].base != base) return false;
  struct wg_region *r = &m->regions[slot];
  wg_mem_decommit(m, r->base, r->size);
  mark(m, r->base, r->size, 0);
  r->next = m->region_free;
  m->region_free = slot;
  return true;
}

uint64_t wg_mem_steps(struct wg_mem *m) {
  uint64_t n = m->steps;
  m->steps = 0;
  return n;
}

bool wg_mem_was_full(struct wg_mem *m) {
  bool was = m->full;
  m->full = false;
  return was;
}

// Applies a page's state at every mirror of a physical page.
static void each_mirror(struct wg_mem *m, uint32_t phys_page, bool used, uint32_t protect) {
  if (used) wg_mem_phys_mark(m, phys_page);
  for (size_t i = 0; i < NMIRRORS; i++) {
    uint32_t phys = phys_page << 12;
    if (mirrors[i].image || mirrors[i].addr == 0x7F000000u || phys < mirrors[i].offset) continue;
    if (phys - mirrors[i].offset >= mirrors[i].size) continue;
    uint32_t page = (mirrors[i].addr + phys - mirrors[i].offset) >> 12;
    if (used)
      set_page(m, page, protect);
    else
      clear_page(m, page);
  }
}

uint32_t wg_mem_phys_alloc(struct wg_mem *m, uint32_t size, uint32_t align, uint32_t lo, uint32_t hi,
                           uint32_t protect) {
  uint32_t pages = (uint32_t)(((uint64_t)size + WG_PAGE - 1) / WG_PAGE);
  uint32_t top = (hi >= WG_PHYS_TOP ? WG_PHYS_TOP : hi + 1) / WG_PAGE;
  if (pages == 0 || pages > top) return UINT32_MAX;
  struct wg_fit f = {.n = pages, .align = align > WG_PAGE ? align / WG_PAGE : 1, .lo = lo / WG_PAGE, .hi = top};
  uint32_t at = wg_spans_highest(&m->phys_taken, &f);
  m->steps += m->phys_taken.steps + 8 * (at == UINT32_MAX ? 0 : pages);
  m->phys_taken.steps = 0;
  if (at == UINT32_MAX) return UINT32_MAX;
  wg_spans_set(&m->phys_taken, at, pages, true);
  for (uint32_t i = 0; i < pages; i++) each_mirror(m, at + i, true, protect);
  zero_physical(m, at, pages); // what the title, or the GPU, has left there
  return at << 12;
}

void wg_mem_phys_free(struct wg_mem *m, uint32_t phys, uint32_t size) {
  uint32_t first = phys >> 12, end = (phys + size + WG_PAGE - 1) >> 12;
  if (end > WG_PHYS_SIZE / WG_PAGE) end = WG_PHYS_SIZE / WG_PAGE;
  if (size == 0 || first >= end) return;
  wg_spans_set(&m->phys_taken, first, end - first, false);
  given_back(m, PHYSICAL + (first << 12), (end - first) << 12);
  for (uint32_t p = first; p < end; p++) each_mirror(m, p, false, 0);
  m->steps += 8 * (end - first);
}

void wg_mem_phys_heard(struct wg_mem *m, uint32_t phys, size_t n) {
  for (uint64_t at = phys, end = phys + n; at < end && at < WG_PHYS_SIZE;) {
    uint64_t stop = (at | (WG_PAGE - 1)) + 1 < end ? (at | (WG_PAGE - 1)) + 1 : end;
    wg_mem_heard(m, &(struct wg_mem_access){PHYSICAL + (uint32_t)at, (uint32_t)(stop - at), true, true, 0});
    at = stop;
  }
}

void wg_mem_own_heard(struct wg_mem *m, uint32_t addr, size_t n) {
  if (n) wg_mem_heard(m, &(struct wg_mem_access){addr, (uint32_t)n, true, true, 0});
}

uint32_t wg_mem_to_phys(uint32_t addr) {
  if (addr >= 0xE0000000u) return (addr & 0x1FFFFFFFu) + 0x1000;
  if (addr >= 0xA0000000u) return addr & 0x1FFFFFFFu;
  return UINT32_MAX;
}

uint8_t *wg_mem_ptr(struct wg_mem *m, uint32_t addr, uint32_t len, bool write) {
  if (len == 0) len = 1;
  uint64_t last = (uint64_t)addr + len - 1;
  if (last >= SPACE) return NULL;
  uint8_t need = write ? WG_PAGE_W | WG_PAGE_W_SLOW : WG_PAGE_R | WG_PAGE_R_SLOW;
  for (uint32_t p = addr >> 12; p <= last >> 12; p++)
    if (!(m->flags[p] & need)) return NULL;
  if (wg_mem_is_heard(m, addr, len)) wg_mem_heard(m, &(struct wg_mem_access){addr, len, write, true, 0});
  for (uint32_t p = addr >> 12; write && p <= last >> 12; p++) {
    uint32_t from = p == addr >> 12 ? addr : p << 12, to = p == last >> 12 ? (uint32_t)last : (p << 12) + WG_PAGE - 1;
    drop_code(m, from, to - from + 1);
  }
  return m->base + addr;
}

bool wg_mem_peek(const struct wg_mem *m, uint32_t addr, void *out, uint32_t len) {
  uint64_t end = (uint64_t)addr + len;
  if (end > SPACE) return false;
  for (uint64_t p = addr >> 12; p << 12 < end; p++)
    if (!(m->flags[p] & (WG_PAGE_R | WG_PAGE_R_SLOW))) return false;
  memcpy(out, m->base + addr, len);
  return true;
}

static const struct wg_mmio *mmio_at(const struct wg_mem *m, uint32_t addr) {
  for (size_t i = 0; i < m->nmmio; i++)
    if (addr >= m->mmio[i].start && addr <= m->mmio[i].end) return &m->mmio[i];
  return NULL;
}

static bool flags_allow(const struct wg_mem *m, uint32_t addr, unsigned size, uint8_t need) {
  uint32_t last = addr + size - 1; // wraps at 4 GiB, as the console's effective addresses do
  return (m->flags[addr >> 12] & need) && (m->flags[last >> 12] & need);
}

bool wg_mem_read_slow(struct wg_mem *m, uint32_t addr, unsigned size, uint64_t *v) {
  if (m->touched) {
    struct wg_mem_touched *t = wg_mem_touch_note(m, addr, size, false);
    bool ok = wg_mem_read_slow(m, addr, size, v);
    wg_mem_touch_begin(m, t);
    return ok;
  }
  if (!flags_allow(m, addr, size, WG_PAGE_R | WG_PAGE_R_SLOW | WG_PAGE_IO)) return false;
  if (m->flags[addr >> 12] & WG_PAGE_IO) {
    const struct wg_mmio *io = mmio_at(m, addr);
    m->devices++;
    if (io == NULL)
      *v = 0;
    else if (size <= 4)
      *v = io->read(io->ctx, addr, size);
    else
      *v = (uint64_t)io->read(io->ctx, addr, 4) << 32 | io->read(io->ctx, addr + 4, 4);
    return true;
  }
  if (wg_mem_is_heard(m, addr, size)) wg_mem_heard(m, &(struct wg_mem_access){addr, size, false, false, 0});
  *v = 0;
  for (unsigned i = 0; i < size; i++) *v = *v << 8 | m->base[(uint32_t)(addr + i)];
  return true;
}

bool wg_mem_write_slow(struct wg_mem *m, uint32_t addr, unsigned size, uint64_t v) {
  if (m->touched) {
    struct wg_mem_touched *t = wg_mem_touch_note(m, addr, size, true);
    bool ok = wg_mem_write_slow(m, addr, size, v);
    wg_mem_touch_begin(m, t);
    return ok;
  }
  if (!flags_allow(m, addr, size, WG_PAGE_W | WG_PAGE_W_SLOW | WG_PAGE_IO)) return false;
  if (m->flags[addr >> 12] & WG_PAGE_IO) {
    const struct wg_mmio *io = mmio_at(m, addr);
    m->devices++;
    if (io == NULL) return true;
    if (size == 8) io->write(io->ctx, addr, 4, (uint32_t)(v >> 32));
    io->write(io->ctx, size == 8 ? addr + 4 : addr, size == 8 ? 4 : size, (uint32_t)v);
    return true;
  }
  if (wg_mem_is_heard(m, addr, size)) wg_mem_heard(m, &(struct wg_mem_access){addr, size, true, false, 0});
  uint32_t room = WG_PAGE - addr % WG_PAGE; // what of it lies in the first page
  drop_code(m, addr, size < room ? size : room);
  if (size > room) drop_code(m, addr + room, size - room);
  for (unsigned i = 0; i < size; i++) m->base[(uint32_t)(addr + i)] = (uint8_t)(v >> (8 * (size - 1 - i)));
  return true;
}
