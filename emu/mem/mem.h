// Guest memory: the 32-bit address space of the console (docs/console.md#memory).
//
// One 4 GiB host reservation holds the space, so a guest address is `base + ea`. Physical memory is
// mapped at each of its mirrors, the image area at both of its ranges. What the guest may touch is decided
// by a flag byte for each 4 KiB page, not by the host: an access that a flag forbids returns false, never
// a host fault. (For compiled code the host's protection follows the flags: view.h.)
#ifndef WG_EMU_MEM_H
#define WG_EMU_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endian.h"
#include "base/err.h"
#include "emu/mem/spans.h"

#define WG_PAGE 4096u
#define WG_MEM_PAGES (1u << 20)  // of the space
#define WG_PHYS_SIZE 0x20000000u // 512 MiB
#define WG_PHYS_TOP 0x1FCA7000u  // above it: what the console's kernel keeps for itself at start

enum {
  WG_PAGE_R = 1,       // may be read directly
  WG_PAGE_W = 2,       // may be written directly
  WG_PAGE_IO = 4,      // memory-mapped device: every access goes to its handler, neither R nor W is set
  WG_PAGE_CODE = 8,    // holds decoded instructions
  WG_PAGE_W_SLOW = 16, // may be written, W being clear since somebody must hear of it: decoded code, watch.h
  WG_PAGE_R_SLOW = 32, // may be read, R being clear for the same reason
};

// Win32 protections as the guest passes them.
enum { WG_PROT_NOACCESS = 1, WG_PROT_READONLY = 2, WG_PROT_READWRITE = 4, WG_PROT_WRITECOPY = 8 };

// Whose a region is: what the kernel has made there is not for the title to free or protect.
enum wg_mem_owner { WG_MEM_TITLE, WG_MEM_IMAGE, WG_MEM_STACK, WG_MEM_KERNEL_STACK, WG_MEM_KERNEL, WG_MEM_OWNERS };

struct wg_region {
  uint32_t base, size;
  uint32_t protect; // as allocated
  uint32_t page;    // page size in bytes
  enum wg_mem_owner owner;
  uint32_t next; // of a free slot
};

struct wg_mmio {
  uint32_t start, end; // inclusive
  uint32_t (*read)(void *ctx, uint32_t addr, unsigned size);
  void (*write)(void *ctx, uint32_t addr, unsigned size, uint32_t value);
  void *ctx;
};

struct wg_mem_ears;    // emu/mem/watch.c
struct wg_mem_tables;  // emu/mem/tables.h
struct wg_mem_touched; // emu/mem/touched.h

// The flags of pages lie before the guest's space, so that one address does for both: first what each granule and the
// next one both allow (WG_PAGE_R, WG_PAGE_W; an access of at most a granule that begins there need not know where it
// ends), then each page's own. Granules are smaller than pages since the ends of stacks and images are much used.
#define WG_MEM_GRANULE_BITS 8
#define WG_MEM_GRANULE (1u << WG_MEM_GRANULE_BITS)
#define WG_MEM_GRANULES (1u << (32 - WG_MEM_GRANULE_BITS))
#define WG_MEM_FLAGS_BEFORE WG_MEM_PAGES
#define WG_MEM_NEAR_BEFORE (WG_MEM_PAGES + WG_MEM_GRANULES)

// A part of the space that one mapping of the host's backs.
struct wg_mem_mapped {
  uint32_t addr, size;
};

struct wg_mem {
  uint8_t *base;
  uint8_t *view;  // what compiled code accesses (view.h), or NULL
  uint8_t *shown; // [1 << 20] WG_PAGE_R, WG_PAGE_W: what of each page it shows
  struct wg_mem_mapped mapped[10];
  size_t nmapped;
  uint8_t *flags;                    // [1 << 20]
  uint8_t *committed;                // [1 << 20] bool, for queries; flags can be 0 on a committed no-access page
  uint32_t *protect;                 // [1 << 20] guest protection of committed pages
  uint8_t *dirty;                    // [1 << 20] bool: may hold what a new page must not
  uint8_t *phys_dirty;               // [1 << 17] the same of physical pages, by whatever address
  struct wg_spans taken, phys_taken; // reserved pages, physical pages
  struct wg_region *regions;         // slots, from 1 on
  uint32_t nregions, region_room, region_free;
  uint32_t *region_at; // [1 << 20] slot of each page, or 0
  uint64_t ncommitted; // pages of regions
  uint64_t steps;      // work done, for wg_mem_steps
  bool full;           // a commitment was refused
  struct wg_mmio mmio[4];
  size_t nmmio;
  uint64_t devices; // accesses to them, since whenever
  // Called when [addr, addr + len), within one WG_PAGE_CODE page, is about to change.
  void (*code_written)(void *ctx, uint32_t addr, uint32_t len);
  void *code_ctx;
  struct wg_mem_ears *ears;       // NULL: nobody listens
  const uint8_t *hear;            // [1 << 20] of `ears`: 0 where nobody does; NULL as they are
  bool watched;                   // there are watches among them
  struct wg_mem_tables *tables;   // NULL: nobody asks what of the tables has changed
  struct wg_mem_touched *touched; // NULL: nobody notes what is accessed
};

// All of the address space, with nothing committed. An error where the host has no room for it.
int wg_mem_create(struct wg_mem **out, struct wg_err *err);
void wg_mem_free(struct wg_mem *m);
// As it was made, but for what its pages hold: that is not seen by a guest, and found by a state that is loaded
// (state.c).
void wg_mem_reset(struct wg_mem *m);

// Copied. There are places for four.
void wg_mem_add_mmio(struct wg_mem *m, const struct wg_mmio *io);

// Reserves (and with `commit` commits) `size` bytes in [lo, hi]; `addr` 0 lets the allocator choose,
// lowest first unless `top_down`. Returns the base, or 0 if there is no room or the range is taken.
struct wg_alloc {
  uint32_t addr, size, lo, hi, page, protect;
  bool top_down, commit;
  enum wg_mem_owner owner;
};
uint32_t wg_mem_reserve(struct wg_mem *m, const struct wg_alloc *a);
const struct wg_region *wg_mem_region(const struct wg_mem *m, uint32_t addr);         // containing addr, or NULL
bool wg_mem_commit(struct wg_mem *m, uint32_t addr, uint32_t size, uint32_t protect); // false: too much is committed
void wg_mem_decommit(struct wg_mem *m, uint32_t addr, uint32_t size);                 // bytes; each page of the range
bool wg_mem_release(struct wg_mem *m, uint32_t base); // the whole region; false: none begins there
uint64_t wg_mem_steps(struct wg_mem *m);              // work done since it was last asked for
bool wg_mem_was_full(struct wg_mem *m);               // a commitment was refused since then
// Of the pages of the range that are committed: PAGE_* of NT.
void wg_mem_protect(struct wg_mem *m, uint32_t addr, uint32_t size, uint32_t protect);

// Physical pages, highest first; lo/hi are physical. Returns the physical address, or UINT32_MAX.
uint32_t wg_mem_phys_alloc(struct wg_mem *m, uint32_t size, uint32_t align, uint32_t lo, uint32_t hi, uint32_t protect);
void wg_mem_phys_free(struct wg_mem *m, uint32_t phys, uint32_t size);
// UINT32_MAX if `addr` is in no physical mirror.
uint32_t wg_mem_to_phys(uint32_t addr);
static inline uint8_t *wg_mem_phys_ptr(const struct wg_mem *m, uint32_t phys) {
  return m->base + 0xC0000000u + (phys & (WG_PHYS_SIZE - 1));
}
// Whether somebody may listen to accesses of these pages.
static inline bool wg_mem_is_heard(const struct wg_mem *m, uint32_t addr, uint64_t len) {
  if (m->hear == NULL || len == 0) return false;
  for (uint64_t p = addr >> 12, last = (addr + len - 1) >> 12; p <= last; p++)
    if (m->hear[p & (WG_MEM_PAGES - 1)]) return true;
  return false;
}
// Tells those who listen that n bytes are about to be written.
void wg_mem_phys_heard(struct wg_mem *m, uint32_t phys, size_t n);
void wg_mem_phys_mark(struct wg_mem *m, uint32_t page); // may hold something
// The same to write n bytes of it, past every protection.
static inline uint8_t *wg_mem_phys_write(struct wg_mem *m, uint32_t phys, size_t n) {
  phys &= WG_PHYS_SIZE - 1;
  if (wg_mem_is_heard(m, 0xC0000000u + phys, n)) wg_mem_phys_heard(m, phys, n);
  for (size_t p = phys / WG_PAGE; n && p <= (phys + n - 1) / WG_PAGE && p < WG_PHYS_SIZE / WG_PAGE; p++)
    if (!m->phys_dirty[p]) wg_mem_phys_mark(m, (uint32_t)p);
  return wg_mem_phys_ptr(m, phys);
}

// Tells those who listen that n bytes are about to be written.
void wg_mem_own_heard(struct wg_mem *m, uint32_t addr, size_t n);
// To write n bytes of what is the kernel's own, past every protection: pages that are committed.
static inline uint8_t *wg_mem_own(struct wg_mem *m, uint32_t addr, size_t n) {
  if (wg_mem_is_heard(m, addr, n)) wg_mem_own_heard(m, addr, n);
  return m->base + addr;
}

// The whole of it: tables, regions and content (emu/state/archive.h). Devices and decoded code are wiring.
struct wg_archive;
void wg_mem_state(struct wg_archive *a, struct wg_mem *m);

// Host pointer to [addr, addr+len) if every page allows the access, else NULL. With `write`, decoded
// code there is discarded.
uint8_t *wg_mem_ptr(struct wg_mem *m, uint32_t addr, uint32_t len, bool write);

// Reads what the title could read there, unnoticed: no device is asked. False if it is a device's or not all readable.
bool wg_mem_peek(const struct wg_mem *m, uint32_t addr, void *out, uint32_t len);
static inline bool wg_mem_peek32(const struct wg_mem *m, uint32_t addr, uint32_t *v) {
  uint8_t word[4];
  if (!wg_mem_peek(m, addr, word, sizeof word)) return false;
  *v = wg_load_be32(word);
  return true;
}

// From now on code_written hears of every write to the page.
void wg_mem_mark_code(struct wg_mem *m, uint32_t page);

// Out of line: page crossings, devices, code pages. False if the access is not allowed.
bool wg_mem_read_slow(struct wg_mem *m, uint32_t addr, unsigned size, uint64_t *v);
bool wg_mem_write_slow(struct wg_mem *m, uint32_t addr, unsigned size, uint64_t v);

#define WG_DEF_ACCESS(bits, load, store)                                                                               \
  static inline bool wg_mem_r##bits(struct wg_mem *m, uint32_t ea, uint64_t *v) {                                      \
    uint8_t f = m->flags[ea >> 12];                                                                                    \
    if (__builtin_expect((f & WG_PAGE_R) && (ea & (WG_PAGE - 1)) <= WG_PAGE - bits / 8, 1)) {                          \
      *v = load(m->base + ea);                                                                                         \
      return true;                                                                                                     \
    }                                                                                                                  \
    return wg_mem_read_slow(m, ea, bits / 8, v);                                                                       \
  }                                                                                                                    \
  static inline bool wg_mem_w##bits(struct wg_mem *m, uint32_t ea, uint##bits##_t v) {                                 \
    uint8_t f = m->flags[ea >> 12];                                                                                    \
    if (__builtin_expect((f & WG_PAGE_W) && (ea & (WG_PAGE - 1)) <= WG_PAGE - bits / 8, 1)) {                          \
      store(m->base + ea, v);                                                                                          \
      return true;                                                                                                     \
    }                                                                                                                  \
    return wg_mem_write_slow(m, ea, bits / 8, v);                                                                      \
  }
static inline uint8_t wg_load_8(const uint8_t *p) { return *p; }
static inline void wg_store_8(uint8_t *p, uint8_t v) { *p = v; }
WG_DEF_ACCESS(8, wg_load_8, wg_store_8)
WG_DEF_ACCESS(16, wg_load_be16, wg_store_be16)
WG_DEF_ACCESS(32, wg_load_be32, wg_store_be32)
WG_DEF_ACCESS(64, wg_load_be64, wg_store_be64)

#endif
