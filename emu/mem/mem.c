#define _GNU_SOURCE // mremap, MAP_NORESERVE
#include "emu/mem/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/buf.h"

#define SPACE (1ull << 32)
#define PAGES (1u << 20)
#define IMAGE 0x80000000u
#define IMAGE_SIZE 0x10000000u
#define PHYSICAL 0xC0000000u

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
static bool mirror(const struct wg_mem *m, uint32_t from, uint32_t to, size_t size) {
  return mremap(m->base + from, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, m->base + to) != MAP_FAILED;
}

static bool map_at(const struct wg_mem *m, uint32_t addr, size_t size, int flags) {
  flags |= MAP_FIXED | MAP_NORESERVE | MAP_ANONYMOUS;
  return mmap(m->base + addr, size, PROT_READ | PROT_WRITE, flags, -1, 0) != MAP_FAILED;
}

static int map_all(struct wg_mem *m, struct wg_err *err) {
  void *p = mmap(NULL, SPACE + WG_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return wg_fail(err, WG_INTERNAL, "cannot reserve 4 GiB of address space for guest memory");
  m->base = p;
  bool ok = map_at(m, 0, 0x7F000000u, MAP_PRIVATE) && map_at(m, IMAGE, IMAGE_SIZE, MAP_SHARED) &&
            map_at(m, PHYSICAL, WG_PHYS_SIZE, MAP_SHARED) && map_at(m, 0xFFD00000u, 0x300000u, MAP_PRIVATE);
  for (size_t i = 0; ok && i < NMIRRORS; i++) {
    uint32_t from = (mirrors[i].image ? IMAGE : PHYSICAL) + mirrors[i].offset;
    if (mirrors[i].addr != from) ok = mirror(m, from, mirrors[i].addr, mirrors[i].size);
  }
  return ok ? WG_OK : wg_fail(err, WG_INTERNAL, "cannot map guest memory: %s", strerror(errno));
}

int wg_mem_create(struct wg_mem **out, struct wg_err *err) {
  struct wg_mem *m = wg_xcalloc(1, sizeof *m);
  m->flags = wg_xcalloc(PAGES, 1);
  m->committed = wg_xcalloc(PAGES, 1);
  m->protect = wg_xcalloc(PAGES, sizeof *m->protect);
  m->phys_used = wg_xcalloc(WG_PHYS_SIZE / WG_PAGE, 1);
  int code = map_all(m, err);
  if (code != WG_OK) {
    wg_mem_free(m);
    return code;
  }
  // The GPU's write-back window shows the first physical pages.
  for (uint32_t p = 0x7F000000u >> 12; p <= 0x7FFFFFFFu >> 12; p++) m->flags[p] = WG_PAGE_R | WG_PAGE_W;
  *out = m;
  return WG_OK;
}

void wg_mem_free(struct wg_mem *m) {
  if (m == NULL) return;
  if (m->base) munmap(m->base, SPACE + WG_PAGE);
  free(m->flags);
  free(m->committed);
  free(m->protect);
  free(m->phys_used);
  free(m->regions);
  free(m);
}

void wg_mem_add_mmio(struct wg_mem *m, const struct wg_mmio *io) {
  if (m->nmmio == sizeof m->mmio / sizeof *m->mmio) return;
  m->mmio[m->nmmio++] = *io;
  for (uint32_t p = io->start >> 12; p <= io->end >> 12; p++) m->flags[p] = WG_PAGE_IO;
}

static uint8_t flags_of(uint32_t protect) {
  if (protect & (WG_PROT_READWRITE | WG_PROT_WRITECOPY | 0x40 | 0x80)) return WG_PAGE_R | WG_PAGE_W;
  if (protect & (WG_PROT_READONLY | 0x10 | 0x20)) return WG_PAGE_R;
  return 0;
}

void wg_mem_mark_code(struct wg_mem *m, uint32_t page) {
  uint8_t f = m->flags[page];
  m->flags[page] = (uint8_t)((f & ~WG_PAGE_W) | (f & WG_PAGE_W ? WG_PAGE_W_CODE : 0) | WG_PAGE_CODE);
}

static void drop_code(struct wg_mem *m, uint32_t addr, uint32_t len) {
  if ((m->flags[addr >> 12] & WG_PAGE_CODE) && m->code_written) m->code_written(m->code_ctx, addr, len);
}

static void set_page(struct wg_mem *m, uint32_t page, uint32_t protect) {
  drop_code(m, page << 12, WG_PAGE);
  m->flags[page] = flags_of(protect);
  m->protect[page] = protect;
  m->committed[page] = 1;
}

static void clear_page(struct wg_mem *m, uint32_t page) {
  drop_code(m, page << 12, WG_PAGE);
  m->flags[page] = 0;
  m->protect[page] = 0;
  m->committed[page] = 0;
}

void wg_mem_protect(struct wg_mem *m, uint32_t addr, uint32_t size, uint32_t protect) {
  if (size == 0) return;
  uint64_t last = ((uint64_t)addr + size - 1) >> 12;
  for (uint64_t p = addr >> 12; p <= last && p < PAGES; p++)
    if (m->committed[p]) set_page(m, (uint32_t)p, protect);
}

void wg_mem_commit(struct wg_mem *m, uint32_t addr, uint32_t size, uint32_t protect) {
  if (size == 0) return;
  uint64_t last = ((uint64_t)addr + size - 1) >> 12;
  for (uint64_t p = addr >> 12; p <= last && p < PAGES; p++) {
    if (!m->committed[p]) memset(m->base + (p << 12), 0, WG_PAGE);
    set_page(m, (uint32_t)p, protect);
  }
}

void wg_mem_decommit(struct wg_mem *m, uint32_t addr, uint32_t size) {
  if (size == 0) return;
  uint64_t last = ((uint64_t)addr + size - 1) >> 12;
  for (uint64_t p = addr >> 12; p <= last && p < PAGES; p++) clear_page(m, (uint32_t)p);
  // The pages read as zero when committed again; give the host its memory back until then.
  uint32_t lo = (addr + WG_PAGE - 1) & ~(WG_PAGE - 1);
  if (addr < 0x7F000000u && size >= WG_PAGE) madvise(m->base + lo, size & ~(WG_PAGE - 1), MADV_DONTNEED);
}

static bool overlaps(const struct wg_mem *m, uint32_t addr, uint32_t size, uint32_t *next, uint32_t *prev) {
  for (size_t i = 0; i < m->nregions; i++) {
    const struct wg_region *r = &m->regions[i];
    if (r->base < (uint64_t)addr + size && addr < (uint64_t)r->base + r->size) {
      *next = r->base + r->size;
      *prev = r->base;
      return true;
    }
  }
  return false;
}

static uint32_t find_gap(const struct wg_mem *m, const struct wg_alloc *a, uint32_t size) {
  uint32_t mask = ~(a->page - 1), next = 0, prev = 0;
  if (a->hi - a->lo < size - 1) return 0;
  if (a->top_down) {
    for (uint64_t at = (a->hi - (size - 1)) & mask; at >= a->lo && at <= a->hi;) {
      if (!overlaps(m, (uint32_t)at, size, &next, &prev)) return (uint32_t)at;
      if (prev < size) return 0;
      at = (prev - size) & mask;
    }
    return 0;
  }
  for (uint64_t at = (a->lo + a->page - 1) & mask; at + size - 1 <= a->hi;) {
    if (!overlaps(m, (uint32_t)at, size, &next, &prev)) return (uint32_t)at;
    at = ((uint64_t)next + a->page - 1) & mask;
  }
  return 0;
}

uint32_t wg_mem_reserve(struct wg_mem *m, const struct wg_alloc *a) {
  uint64_t rounded = ((uint64_t)a->size + a->page - 1) & ~(uint64_t)(a->page - 1);
  if (rounded == 0 || rounded > 0x7F000000u) return 0;
  uint32_t size = (uint32_t)rounded, next, prev;
  uint32_t base = a->addr & ~(a->page - 1);
  if (a->addr == 0)
    base = find_gap(m, a, size);
  else if (overlaps(m, base, size, &next, &prev))
    base = 0;
  if (base == 0) return 0;
  size_t at = 0;
  while (at < m->nregions && m->regions[at].base < base) at++;
  m->regions = wg_xrealloc(m->regions, (m->nregions + 1) * sizeof *m->regions);
  memmove(m->regions + at + 1, m->regions + at, (m->nregions - at) * sizeof *m->regions);
  m->nregions++;
  m->regions[at] = (struct wg_region){base, size, a->protect, a->page};
  if (a->commit) wg_mem_commit(m, base, size, a->protect);
  return base;
}

const struct wg_region *wg_mem_region(const struct wg_mem *m, uint32_t addr) {
  for (size_t i = 0; i < m->nregions; i++)
    if (addr >= m->regions[i].base && addr - m->regions[i].base < m->regions[i].size) return &m->regions[i];
  return NULL;
}

bool wg_mem_release(struct wg_mem *m, uint32_t base) {
  const struct wg_region *r = wg_mem_region(m, base);
  if (r == NULL || r->base != base) return false;
  wg_mem_decommit(m, r->base, r->size);
  size_t at = (size_t)(r - m->regions);
  memmove(m->regions + at, m->regions + at + 1, (m->nregions - at - 1) * sizeof *m->regions);
  m->nregions--;
  return true;
}

// Applies a page's state at every mirror of a physical page.
static void each_mirror(struct wg_mem *m, uint32_t phys_page, bool used, uint32_t protect) {
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
  uint32_t step = align > WG_PAGE ? align / WG_PAGE : 1;
  uint32_t top = (hi >= WG_PHYS_TOP ? WG_PHYS_TOP : hi + 1) / WG_PAGE;
  if (pages == 0 || pages > top) return UINT32_MAX;
  for (int64_t at = (top - pages) / step * step; at >= lo / WG_PAGE; at -= step) {
    uint32_t n = 0;
    while (n < pages && !m->phys_used[at + n]) n++;
    if (n < pages) continue;
    for (uint32_t i = 0; i < pages; i++) {
      m->phys_used[at + i] = 1;
      each_mirror(m, (uint32_t)at + i, true, protect);
    }
    memset(wg_mem_phys_ptr(m, (uint32_t)at << 12), 0, (size_t)pages * WG_PAGE);
    return (uint32_t)at << 12;
  }
  return UINT32_MAX;
}

void wg_mem_phys_free(struct wg_mem *m, uint32_t phys, uint32_t size) {
  for (uint32_t p = phys >> 12; p < (phys + size + WG_PAGE - 1) >> 12 && p < WG_PHYS_SIZE / WG_PAGE; p++) {
    m->phys_used[p] = 0;
    each_mirror(m, p, false, 0);
  }
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
  uint8_t need = write ? WG_PAGE_W | WG_PAGE_W_CODE : WG_PAGE_R;
  for (uint32_t p = addr >> 12; p <= last >> 12; p++)
    if (!(m->flags[p] & need)) return NULL;
  for (uint32_t p = addr >> 12; write && p <= last >> 12; p++) {
    uint32_t from = p == addr >> 12 ? addr : p << 12, to = p == last >> 12 ? (uint32_t)last : (p << 12) + WG_PAGE - 1;
    drop_code(m, from, to - from + 1);
  }
  return m->base + addr;
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
  if (!flags_allow(m, addr, size, WG_PAGE_R | WG_PAGE_IO)) return false;
  if (m->flags[addr >> 12] & WG_PAGE_IO) {
    const struct wg_mmio *io = mmio_at(m, addr);
    if (io == NULL)
      *v = 0;
    else if (size <= 4)
      *v = io->read(io->ctx, addr, size);
    else
      *v = (uint64_t)io->read(io->ctx, addr, 4) << 32 | io->read(io->ctx, addr + 4, 4);
    return true;
  }
  *v = 0;
  for (unsigned i = 0; i < size; i++) *v = *v << 8 | m->base[(uint32_t)(addr + i)];
  return true;
}

bool wg_mem_write_slow(struct wg_mem *m, uint32_t addr, unsigned size, uint64_t v) {
  if (!flags_allow(m, addr, size, WG_PAGE_W | WG_PAGE_W_CODE | WG_PAGE_IO)) return false;
  if (m->flags[addr >> 12] & WG_PAGE_IO) {
    const struct wg_mmio *io = mmio_at(m, addr);
    if (io == NULL) return true;
    if (size == 8) io->write(io->ctx, addr, 4, (uint32_t)(v >> 32));
    io->write(io->ctx, size == 8 ? addr + 4 : addr, size == 8 ? 4 : size, (uint32_t)v);
    return true;
  }
  uint32_t room = WG_PAGE - addr % WG_PAGE; // what of it lies in the first page
  drop_code(m, addr, size < room ? size : room);
  if (size > room) drop_code(m, addr + room, size - room);
  for (unsigned i = 0; i < size; i++) m->base[(uint32_t)(addr + i)] = (uint8_t)(v >> (8 * (size - 1 - i)));
  return true;
}
