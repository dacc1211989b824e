#include "emu/mem/tables.h"
#include "emu/mem/view.h"
#include "emu/mem/watch.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "emu/limits/limits.h"
#include "emu/state/archive.h"
#include "tests/random.h"
#include "tests/suite.h"

static struct wg_mem *fresh(void) {
  struct wg_mem *m = NULL;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_mem_create(&m, &err), WG_OK);
  return m;
}

// What is said of a granule and the next one together is what their pages say.
static bool is_joined(const struct wg_mem *m) {
  const uint8_t *near = m->base - WG_MEM_NEAR_BEFORE, *own = m->base - WG_MEM_FLAGS_BEFORE;
  uint8_t want[WG_PAGE / WG_MEM_GRANULE];
  for (uint32_t p = 0; p < WG_MEM_PAGES; p++) {
    uint8_t here = own[p] & (WG_PAGE_R | WG_PAGE_W), next = p < WG_MEM_PAGES - 1 ? own[p + 1] : 0;
    memset(want, here, sizeof want - 1);
    want[sizeof want - 1] = here & next; // behind the last page is none
    if (memcmp(near + p * sizeof want, want, sizeof want) != 0) return false;
  }
  return true;
}

static void finish(struct wg_mem *m) {
  CU_ASSERT_TRUE(is_joined(m));
  wg_mem_free(m);
}

// Sizes, page size and results of the calls to MmAllocatePhysicalMemoryEx in a genuine log of the reference
// (dolphin.canary.log): physical addresses are what the title hands to the GPU, so the order of allocation is
// observable.
static void physical_memory_is_handed_out_as_in_the_reference(void) {
  static const struct {
    uint32_t size, align, phys;
  } log[] = {
      {0x2000, 0x1000, 0x1FCA5000},  {0x1000, 0x1000, 0x1FCA4000},    {0x1000, 0x1000, 0x1FCA3000},
      {0x8000, 0x1000, 0x1FC9B000},  {0x200000, 0x10000, 0x1FA90000}, {0x1000, 0x1000, 0x1FC9A000},
      {0x2000, 0x1000, 0x1FC98000},  {0x1000, 0x1000, 0x1FC97000},    {0x1000, 0x1000, 0x1FC96000},
      {0x1000, 0x1000, 0x1FC95000},  {0x2000, 0x1000, 0x1FC93000},    {0x398000, 0x1000, 0x1F6F8000},
      {0x18000, 0x1000, 0x1F6E0000}, {0x1000, 0x1000, 0x1FC92000},    {0x1000, 0x1000, 0x1FC91000},
      {0x1000, 0x1000, 0x1FC90000},  {0x1000, 0x1000, 0x1F6DF000},
  };
  struct wg_mem *m = fresh();
  for (size_t i = 0; i < sizeof log / sizeof *log; i++)
    CU_ASSERT_EQUAL(wg_mem_phys_alloc(m, log[i].size, log[i].align, 0x1000, 0xFFFFFFFF, 4), log[i].phys);
  // The log frees four pages here and gets the highest of them back first.
  wg_mem_phys_free(m, 0x1FC92000, 0x1000);
  wg_mem_phys_free(m, 0x1F6DF000, 0x1000);
  CU_ASSERT_EQUAL(wg_mem_phys_alloc(m, 0xC4, 0x1000, 0x1000, 0xFFFFFFFF, 4), 0x1FC92000);
  finish(m);
}

static void mirrors_show_the_same_memory(void) {
  struct wg_mem *m = fresh();
  uint64_t v = 0;
  uint32_t phys = wg_mem_phys_alloc(m, 0x2000, 0x1000, 0x1000, 0xFFFFFFFF, 4);
  CU_ASSERT_TRUE(wg_mem_w32(m, 0xA0000000 + phys, 0x11223344));
  CU_ASSERT_TRUE(wg_mem_r32(m, 0xC0000000 + phys, &v) && v == 0x11223344);
  CU_ASSERT_TRUE(wg_mem_r32(m, 0xE0000000 + phys - 0x1000, &v) && v == 0x11223344);
  CU_ASSERT_EQUAL(wg_mem_to_phys(0xE0000000 + phys - 0x1000), phys);
  CU_ASSERT_EQUAL(wg_mem_to_phys(0xA0000000 + phys), phys);
  CU_ASSERT_EQUAL(wg_mem_to_phys(0x82000000), UINT32_MAX);
  finish(m);
}

// What is too much is refused whole and told once; what was given back can be had again.
static void a_commitment_too_many_is_refused(void) {
  struct wg_mem *m = fresh();
  CU_ASSERT_TRUE(wg_mem_commit(m, 0x40000000, (WG_MAX_COMMITTED - 1) * WG_PAGE, WG_PROT_READONLY));
  CU_ASSERT_FALSE(wg_mem_was_full(m));
  CU_ASSERT_FALSE(wg_mem_commit(m, 0x10000000, 2 * WG_PAGE, WG_PROT_READONLY));
  CU_ASSERT_FALSE(m->committed[0x10000] || m->committed[0x10001]);
  CU_ASSERT_TRUE(wg_mem_was_full(m));
  CU_ASSERT_FALSE(wg_mem_was_full(m));
  CU_ASSERT_TRUE(wg_mem_commit(m, 0x10000000, WG_PAGE, WG_PROT_READONLY)); // the last one
  CU_ASSERT_TRUE(wg_mem_commit(m, 0x10000000, WG_PAGE, WG_PROT_READONLY)); // and it again: no more than before
  CU_ASSERT_EQUAL(m->ncommitted, WG_MAX_COMMITTED);
  CU_ASSERT_FALSE(wg_mem_commit(m, 0x20000000, 1, WG_PROT_READONLY));
  wg_mem_decommit(m, 0x10000000, WG_PAGE);
  CU_ASSERT_TRUE(wg_mem_commit(m, 0x20000000, 1, WG_PROT_READONLY));
  CU_ASSERT_TRUE(wg_mem_was_full(m));
  CU_ASSERT_FALSE(wg_mem_commit(m, 0x30000000, 1, WG_PROT_READONLY));
  wg_mem_reset(m); // as it was made
  CU_ASSERT_FALSE(wg_mem_was_full(m));
  CU_ASSERT_EQUAL(m->ncommitted, 0);
  finish(m);
}

// The GPU's write-back window is there from the beginning, and nothing beside it.
static void the_write_back_window_is_there(void) {
  struct wg_mem *m = fresh();
  for (int again = 0; again < 2; again++) {
    uint64_t v;
    CU_ASSERT_FALSE(wg_mem_r8(m, 0x7EFFFFFF, &v));
    CU_ASSERT_TRUE(wg_mem_w8(m, 0x7F000000, 1) && wg_mem_w8(m, 0x7FFFFFFF, 2));
    CU_ASSERT_FALSE(wg_mem_r8(m, 0x80000000, &v));
    CU_ASSERT_TRUE(wg_mem_r8(m, 0x7F000000, &v) && v == 1);
    wg_mem_reset(m);
  }
  finish(m);
}

static void protection_is_enforced(void) {
  struct wg_mem *m = fresh();
  uint64_t v;
  CU_ASSERT_FALSE(wg_mem_r8(m, 0, &v));
  CU_ASSERT_FALSE(wg_mem_w32(m, 0x40000000, 1));
  uint32_t at = wg_mem_reserve(
      m, &(struct wg_alloc){.size = 0x20000, .page = 0x10000, .lo = 0x40000000, .hi = 0x6FFFFFFF, .protect = 4});
  CU_ASSERT_EQUAL(at, 0x40000000);
  CU_ASSERT_FALSE(wg_mem_r8(m, at, &v)); // reserved, not committed
  wg_mem_commit(m, at, 0x10000, WG_PROT_READWRITE);
  CU_ASSERT_TRUE(wg_mem_w8(m, at + 0xFFFF, 7));
  CU_ASSERT_FALSE(wg_mem_w16(m, at + 0xFFFF, 7)); // crosses into what is not committed
  wg_mem_protect(m, at, 0x1000, WG_PROT_READONLY);
  CU_ASSERT_FALSE(wg_mem_w8(m, at, 1));
  CU_ASSERT_TRUE(wg_mem_r8(m, at, &v) && v == 0);
  CU_ASSERT_TRUE(wg_mem_w8(m, at + 0x1000, 1));
  CU_ASSERT_PTR_NULL(wg_mem_ptr(m, at, 0x2000, true));
  CU_ASSERT_PTR_NOT_NULL(wg_mem_ptr(m, at, 0x2000, false));
  CU_ASSERT_PTR_NULL(wg_mem_ptr(m, 0xFFFFFFF0u, 0x20, false)); // wraps
  CU_ASSERT_TRUE(wg_mem_release(m, at));
  CU_ASSERT_FALSE(wg_mem_r8(m, at + 0x1000, &v));
  finish(m);
}

static void released_memory_comes_back_zero(void) {
  struct wg_mem *m = fresh();
  uint64_t v = 1;
  struct wg_alloc a = {
      .size = 0x10000, .page = 0x10000, .lo = 0x40000000, .hi = 0x6FFFFFFF, .protect = 4, .commit = true};
  uint32_t at = wg_mem_reserve(m, &a);
  wg_mem_w32(m, at, 0xDEADBEEF);
  wg_mem_release(m, at);
  CU_ASSERT_EQUAL(wg_mem_reserve(m, &a), at);
  CU_ASSERT_TRUE(wg_mem_r32(m, at, &v) && v == 0);
  a.addr = at + 0x10000;
  CU_ASSERT_EQUAL(wg_mem_reserve(m, &a), at + 0x10000);
  CU_ASSERT_EQUAL(wg_mem_reserve(m, &a), 0); // taken
  a.addr = 0;
  a.top_down = true;
  CU_ASSERT_EQUAL(wg_mem_reserve(m, &a), 0x6FFF0000);
  finish(m);
}

static uint32_t io_read(void *ctx, uint32_t addr, unsigned size) {
  (void)ctx;
  return addr + size;
}
static void io_write(void *ctx, uint32_t addr, unsigned size, uint32_t value) {
  (void)addr, (void)size;
  *(uint32_t *)ctx = value;
}
static void devices_get_their_accesses(void) {
  struct wg_mem *m = fresh();
  uint32_t seen = 0;
  uint64_t v;
  wg_mem_add_mmio(m, &(struct wg_mmio){0x7FC80000, 0x7FC8FFFF, io_read, io_write, &seen});
  CU_ASSERT_TRUE(wg_mem_r32(m, 0x7FC80010, &v) && v == 0x7FC80014);
  CU_ASSERT_TRUE(wg_mem_w32(m, 0x7FC80714, 99));
  CU_ASSERT_EQUAL(seen, 99);
  CU_ASSERT_PTR_NULL(wg_mem_ptr(m, 0x7FC80000, 4, false));
  // What lies in a device's page beyond its registers is there, and nothing: reads give 0, writes are lost.
  wg_mem_add_mmio(m, &(struct wg_mmio){0x7FEA0000, 0x7FEA07FF, io_read, io_write, &seen});
  v = 1;
  CU_ASSERT_TRUE(wg_mem_r32(m, 0x7FEA0900, &v) && v == 0);
  CU_ASSERT_TRUE(wg_mem_w32(m, 0x7FEA0900, 1));
  CU_ASSERT_EQUAL(seen, 99);
  // Memory that is as new has no devices: the next owner's hear, and the last one's no more.
  uint32_t other = 0;
  wg_mem_reset(m);
  wg_mem_add_mmio(m, &(struct wg_mmio){0x7FC80000, 0x7FC8FFFF, io_read, io_write, &other});
  CU_ASSERT_TRUE(wg_mem_w32(m, 0x7FC80714, 7));
  CU_ASSERT(seen == 99 && other == 7);
  finish(m);
}

// A device hears each access as it was made, but for one of 64 bits, which is two of 32, the high word first.
static struct {
  uint32_t addr, value;
  unsigned size;
} accesses[8];
static size_t naccesses;
static void io_note(void *ctx, uint32_t addr, unsigned size, uint32_t value) {
  (void)ctx;
  accesses[naccesses].addr = addr;
  accesses[naccesses].size = size;
  accesses[naccesses++].value = value;
}
static void devices_hear_every_width(void) {
  static const struct { unsigned size, n, each; } cases[] = {{1, 1, 1}, {2, 1, 2}, {4, 1, 4}, {8, 2, 4}};
  const uint64_t value = 0x1122334455667788u;
  struct wg_mem *m = fresh();
  wg_mem_add_mmio(m, &(struct wg_mmio){0x7FC80000, 0x7FC8FFFF, io_read, io_note, NULL});
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint64_t mask = cases[i].size == 8 ? UINT64_MAX : (1ull << (8 * cases[i].size)) - 1, told = 0, v = 0;
    naccesses = 0;
    CU_ASSERT_TRUE(wg_mem_write_slow(m, 0x7FC80040, cases[i].size, value & mask));
    CU_ASSERT_EQUAL_FATAL(naccesses, cases[i].n);
    for (size_t k = 0; k < naccesses; k++) {
      CU_ASSERT_EQUAL(accesses[k].addr, 0x7FC80040 + 4 * k);
      CU_ASSERT_EQUAL(accesses[k].size, cases[i].each);
      told = told << 32 | accesses[k].value;
    }
    CU_ASSERT_EQUAL(told, value & mask);
    CU_ASSERT_TRUE(wg_mem_read_slow(m, 0x7FC80040, cases[i].size, &v));
    CU_ASSERT_EQUAL(v, cases[i].size == 8 ? 0x7FC800447FC80048u : 0x7FC80040u + cases[i].size);
  }
  finish(m);
}

// Win32's protections, one by one: readable, writable.
static void every_protection_means_what_it_says(void) {
  static const struct {
    uint32_t protect;
    bool read, write;
  } all[] = {{0x01, false, false}, {0x02, true, false}, {0x04, true, true}, {0x08, true, true},   {0x10, true, false},
             {0x20, true, false},  {0x40, true, true},  {0x80, true, true}, {0x401, false, false}};
  struct wg_mem *m = fresh();
  uint64_t v;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    uint32_t at = 0x40000000 + 0x10000 * (uint32_t)i;
    wg_mem_commit(m, at, 0x1000, all[i].protect);
    CU_ASSERT_EQUAL(wg_mem_r32(m, at, &v), all[i].read);
    CU_ASSERT_EQUAL(wg_mem_w32(m, at, 1), all[i].write);
    CU_ASSERT_EQUAL(m->protect[at >> 12], all[i].protect);
    CU_ASSERT_EQUAL(wg_mem_ptr(m, at, 4, false) != NULL, all[i].read);
    CU_ASSERT_EQUAL(wg_mem_ptr(m, at, 4, true) != NULL, all[i].write);
  }
  finish(m);
}

// Decoded code is told of every change of its page: a write, another protection, an end.
static uint32_t told_at[8], told_len[8];
static size_t told;
static void code_told(void *ctx, uint32_t addr, uint32_t len) {
  (void)ctx;
  told_at[told % 8] = addr;
  told_len[told++ % 8] = len;
}
static void code_hears_of_changes(void) {
  struct wg_mem *m = fresh();
  uint64_t v;
  m->code_written = code_told;
  wg_mem_commit(m, 0x40000000, 0x3000, WG_PROT_READWRITE);
  told = 0;
  for (uint32_t i = 0; i < 3; i++) wg_mem_mark_code(m, 0x40000 + i);
  CU_ASSERT_TRUE(wg_mem_r32(m, 0x40001010, &v));
  CU_ASSERT_EQUAL(told, 0);
  CU_ASSERT_TRUE(wg_mem_w32(m, 0x40001010, 7));
  CU_ASSERT_TRUE(told == 1 && told_at[0] == 0x40001010 && told_len[0] == 4);
  wg_mem_mark_code(m, 0x40001);
  wg_mem_protect(m, 0x40001000, 0x1000, WG_PROT_READONLY);
  CU_ASSERT_TRUE(told == 2 && told_at[1] == 0x40001000 && told_len[1] == 0x1000);
  wg_mem_decommit(m, 0x40002000, 0x1000);
  CU_ASSERT_TRUE(told == 3 && told_at[2] == 0x40002000 && told_len[2] == 0x1000);
  CU_ASSERT_FALSE(wg_mem_r32(m, 0x40002000, &v));
  finish(m);
}

static void hear(void *ctx, const struct wg_mem_access *a) { *(unsigned *)ctx += a->write && a->pointer; }

// What is given back is no more what was stored there, whoever looks at it by which address.
static void watches_hear_of_memory_given_back(void) {
  struct wg_mem *m = fresh();
  unsigned heard = 0;
  uint32_t phys = wg_mem_phys_alloc(m, 0x3000, 0x1000, 0x1000, 0xFFFFFFFF, 4);
  struct wg_alloc a = {.addr = 0x40000000,
                       .size = 0x10000,
                       .page = 0x10000,
                       .lo = 0x40000000,
                       .hi = 0x7EFFFFFF,
                       .protect = 4,
                       .commit = true};
  CU_ASSERT_EQUAL_FATAL(wg_mem_reserve(m, &a), 0x40000000);
  const struct wg_mem_watch w[] = {{0x40003000, 4, false, true}, {0xA0000000u + phys + 0x1000, 4, false, true}};
  wg_mem_watches(m, w, 2, hear, &heard);
  wg_mem_decommit(m, 0x40004000, 0x1000);
  CU_ASSERT_EQUAL(heard, 0);
  wg_mem_decommit(m, 0x40003000, 0x1000);
  CU_ASSERT_EQUAL(heard, 1);
  wg_mem_phys_free(m, phys, 0x3000);
  CU_ASSERT_EQUAL(heard, 2);
  finish(m);
}

static void a_place_is_given_once(void) {
  struct wg_mem *m = fresh();
  struct wg_alloc a = {
      .addr = 0x20000000, .size = 0x4000, .page = 0x1000, .lo = 0x10000, .hi = 0x2FFFFFFF, .protect = 4};
  CU_ASSERT_EQUAL(wg_mem_reserve(m, &a), 0x20000000);
  CU_ASSERT_EQUAL(wg_mem_reserve(m, &a), 0);
  a.addr = 0x20003000; // its last page
  CU_ASSERT_EQUAL(wg_mem_reserve(m, &a), 0);
  a.addr = 0x20004000;
  CU_ASSERT_EQUAL(wg_mem_reserve(m, &a), 0x20004000);
  CU_ASSERT_TRUE(wg_mem_release(m, 0x20000000));
  CU_ASSERT_FALSE(wg_mem_release(m, 0x20000000));
  CU_ASSERT_PTR_NULL(wg_mem_region(m, 0x20000000));
  CU_ASSERT_EQUAL(wg_mem_region(m, 0x20007FFF)->base, 0x20004000);
  finish(m);
}

// What a search for pages costs is counted beside what marking them costs: 32, and one for each 16 pages.
static void searches_are_counted(void) {
  struct wg_mem *m = fresh();
  wg_mem_steps(m);
  CU_ASSERT_NOT_EQUAL(
      wg_mem_reserve(m,
                     &(struct wg_alloc){.size = 0x1000, .page = 0x1000, .lo = 0x10000, .hi = 0x2FFFFFFF, .protect = 4}),
      0);
  CU_ASSERT_TRUE(wg_mem_steps(m) > 32);
  CU_ASSERT_EQUAL(wg_mem_steps(m), 0);
  finish(m);
}

// So is each page that is given, whether it has been used before or not.
static void pages_are_counted(void) {
  struct wg_mem *m = fresh();
  wg_mem_steps(m);
  CU_ASSERT_TRUE(wg_mem_commit(m, 0x40000000, 256 * 0x1000, WG_PROT_READWRITE));
  CU_ASSERT_TRUE(wg_mem_steps(m) >= 256);
  wg_mem_protect(m, 0x40000000, 64 * 0x1000, WG_PROT_READONLY);
  CU_ASSERT_TRUE(wg_mem_steps(m) >= 64);
  finish(m);
}

// --- state -----------------------------------------------------------------------------------------------

static uint32_t reserve(struct wg_mem *m, uint32_t addr, uint32_t size, bool commit) {
  return wg_mem_reserve(m, &(struct wg_alloc){.addr = addr,
                                              .size = size,
                                              .page = 0x10000,
                                              .lo = 0x40000000,
                                              .hi = 0x6FFFFFFF,
                                              .protect = WG_PROT_READWRITE,
                                              .commit = commit,
                                              .owner = WG_MEM_STACK});
}

static uint64_t digest_of(struct wg_mem *m) {
  struct wg_archive a;
  wg_archive_save(&a, NULL);
  wg_mem_state(&a, m);
  uint64_t digest = wg_archive_digest(&a);
  wg_archive_release(&a);
  return digest;
}

static void expect_same(struct wg_mem *a, struct wg_mem *b) {
  CU_ASSERT_EQUAL(digest_of(a), digest_of(b));
  CU_ASSERT_TRUE(a->ncommitted == b->ncommitted && a->steps == b->steps && a->full == b->full);
  for (uint32_t at = 0x40000000; at < 0x40080000; at += 0x1000) {
    const struct wg_region *x = wg_mem_region(a, at), *y = wg_mem_region(b, at);
    CU_ASSERT_TRUE((x == NULL) == (y == NULL));
    if (x && y) {
      CU_ASSERT_TRUE(x->base == y->base && x->size == y->size && x->protect == y->protect && x->page == y->page &&
                     x->owner == y->owner);
    }
    uint64_t v = 0, w = 0;
    bool r = wg_mem_r32(a, at, &v);
    CU_ASSERT_TRUE(wg_mem_r32(b, at, &w) == r && (!r || v == w));
  }
}

// Memory that is loaded from another's state is that memory, whatever was there: tables, regions, content, and what is
// given out next. `tracks`: changes of the one that is loaded are noted.
static void loaded(bool tracks) {
  struct wg_mem *a = fresh(), *b = fresh();
  struct wg_pages pages = {0};
  struct wg_archive out, in;
  struct wg_err err = {0};
  if (tracks) wg_mem_track(b);
  for (uint32_t i = 0; i < 6; i++)
    CU_ASSERT_EQUAL_FATAL(reserve(a, 0x40000000 + 0x10000 * i, 0x10000, i != 5), 0x40000000 + 0x10000 * i);
  wg_mem_release(a, 0x40010000);
  wg_mem_release(a, 0x40030000);
  wg_mem_protect(a, 0x40020000, 0x1000, WG_PROT_READONLY);
  wg_mem_decommit(a, 0x40021000, 0x1000);
  uint32_t p1 = wg_mem_phys_alloc(a, 0x3000, 0x1000, 0x1000, 0xFFFFFFFF, 4),
           p2 = wg_mem_phys_alloc(a, 0x1000, 0x1000, 0x1000, 0xFFFFFFFF, 4);
  wg_mem_phys_free(a, p1, 0x3000);
  for (uint32_t i = 0; i < 0x5000; i += 0x800) wg_mem_w32(a, 0x40000000 + i, i + 1);
  wg_mem_w32(a, 0xA0000000u + p2, 99);
  wg_mem_w32(a, 0x40040000, 7);
  // What is not there afterwards.
  reserve(b, 0x40010000, 0x20000, true);
  wg_mem_w32(b, 0x40010000, 5);
  wg_mem_w32(b, 0x40020000, 6);
  wg_mem_w32(b, 0x40021800, 6);
  uint32_t mine = wg_mem_phys_alloc(b, 0x8000, 0x1000, 0x1000, 0xFFFFFFFF, 4);
  wg_mem_w32(b, 0xA0000000u + mine, 4);
  wg_archive_save(&out, &pages);
  wg_mem_state(&out, a);
  for (int turn = 0; turn < 2; turn++) { // and once more, when most of it is there already
    wg_archive_load(&in, "it", out.out.data, out.out.len, &pages, &err);
    wg_mem_state(&in, b);
    CU_ASSERT_FALSE_FATAL(in.failed);
    CU_ASSERT_EQUAL(in.at, in.n);
    wg_archive_release(&in);
    expect_same(a, b);
    if (turn == 0) wg_mem_w32(b, 0x40000000, 12345), wg_mem_w32(b, 0x40050000 - 4, 1);
  }
  uint64_t v = 1;
  CU_ASSERT_TRUE(wg_mem_r32(b, 0xC0000000u + p2, &v) && v == 99);
  CU_ASSERT_FALSE(wg_mem_w32(b, 0x40020000, 1));
  CU_ASSERT_FALSE(wg_mem_r32(b, 0x40050000, &v)); // reserved only
  // The slots and pages that are free are the same ones.
  for (int i = 0; i < 4; i++) {
    CU_ASSERT_EQUAL(reserve(a, 0, 0x10000, true), reserve(b, 0, 0x10000, true));
    CU_ASSERT_EQUAL(wg_mem_phys_alloc(a, 0x1000, 0x1000, 0x1000, 0xFFFFFFFF, 4),
                    wg_mem_phys_alloc(b, 0x1000, 0x1000, 0x1000, 0xFFFFFFFF, 4));
  }
  expect_same(a, b);
  wg_archive_release(&out);
  wg_pages_release(&pages);
  finish(a);
  finish(b);
}

static void memory_is_saved_whole(void) {
  loaded(false);
  loaded(true);
}

// A state that gives content to a page which is another one's mirror is refused.
static void a_mirror_holds_nothing_itself(void) {
  static const uint8_t number[4] = {0x23, 0xF1, 0x04, 0x00}, mirror[4] = {0x23, 0x01, 0x0E, 0x00};
  struct wg_mem *m = fresh();
  struct wg_archive out, in;
  struct wg_pages pages = {0};
  struct wg_err err = {0};
  unsigned found = 0;
  CU_ASSERT_TRUE(wg_mem_commit(m, 0x4F123000, 0x1000, WG_PROT_READWRITE) && wg_mem_w32(m, 0x4F123000, 7));
  wg_archive_save(&out, &pages);
  wg_mem_state(&out, m);
  for (size_t i = 0; i + 4 <= out.out.len; i++)
    if (memcmp(out.out.data + i, number, 4) == 0) memcpy(out.out.data + i, mirror, 4), found++;
  CU_ASSERT_EQUAL(found, 1);
  wg_archive_load(&in, "it", out.out.data, out.out.len, &pages, &err);
  wg_mem_state(&in, m);
  CU_ASSERT_TRUE(in.failed && strstr(err.msg, "page 0xe0123 is none that holds anything itself"));
  wg_archive_release(&in);
  wg_archive_release(&out);
  wg_pages_release(&pages);
  finish(m);
}

static void nobody_hears(void *ctx, const struct wg_mem_access *a) {
  (void)ctx;
  (void)a;
}

// What is kept of the tables from one state to the next is what they would be hashed to, whoever listens.
static void tables_that_change_are_hashed_again(void) {
  static const uint32_t protections[] = {WG_PROT_NOACCESS, WG_PROT_READONLY, WG_PROT_READWRITE, WG_PROT_WRITECOPY};
  static const struct wg_mmio device = {.start = 0x7FEA0000u, .end = 0x7FEAFFFFu};
  struct wg_mem *m = fresh();
  uint32_t at = reserve(m, 0, 0x4000000, false), seed = 6, phys = UINT32_MAX;
  wg_mem_track(m);
  uint64_t before = digest_of(m);
  for (int i = 0; i < 150; i++) {
    seed = seed * 1664525u + 1013904223u;
    uint32_t page = at + (seed >> 8 & 0x3FF0) * WG_PAGE, size = WG_PAGE << (seed >> 22 & 3);
    struct wg_mem_watch w = {page, 4, true, true};
    switch (i == 75 ? 16 : seed >> 28) {
    case 0: wg_mem_mark_code(m, page >> 12); break;
    case 1: wg_mem_watches(m, &w, 1, nobody_hears, NULL); break;
    case 2: wg_mem_decommit(m, page + (seed & 0x800), size); break;
    case 3: wg_mem_w32(m, page, seed); break;
    case 4: wg_mem_phys_write(m, seed >> 3, 1)[0] = 1; break;
    case 5: phys = wg_mem_phys_alloc(m, size, WG_PAGE, 0x1000, 0xFFFFFFFF, 4); break;
    case 6:
      if (phys != UINT32_MAX) wg_mem_phys_free(m, phys, WG_PAGE);
      break;
    case 7: wg_mem_protect(m, page, size, protections[seed >> 10 & 3]); break;
    case 16: wg_mem_add_mmio(m, &device); break;
    default: wg_mem_commit(m, page, size, protections[seed >> 10 & 3]);
    }
    uint64_t kept = digest_of(m);
    wg_mem_tables_forget(m);
    CU_ASSERT_EQUAL_FATAL(digest_of(m), kept);
    CU_ASSERT_TRUE(i != 75 || kept != before); // that it is a device's is seen
    before = kept;
  }
  wg_mem_reset(m);
  uint64_t kept = digest_of(m);
  wg_mem_tables_forget(m);
  CU_ASSERT_EQUAL(digest_of(m), kept);
  wg_mem_watches(m, NULL, 0, NULL, NULL);
  wg_mem_free(m);
}

static void two_pages_are_told_together(void) {
  static const uint32_t protections[] = {WG_PROT_NOACCESS, WG_PROT_READONLY, WG_PROT_READWRITE, WG_PROT_WRITECOPY};
  struct wg_mem *m = fresh();
  uint32_t at = reserve(m, 0, 0x20000, true), seed = 5;
  for (int i = 0; i < 120; i++) {
    seed = seed * 1664525u + 1013904223u;
    uint32_t page = at + (seed >> 12 & 31) * WG_PAGE, size = WG_PAGE << (seed >> 20 & 1);
    if (page + size > at + 0x20000) size = WG_PAGE;
    struct wg_mem_watch w = {page, 4, seed >> 8 & 1, seed >> 9 & 1};
    switch (seed >> 28) {
    case 0: wg_mem_mark_code(m, page >> 12); break;
    case 1: wg_mem_watches(m, &w, 1, nobody_hears, NULL); break;
    case 2: wg_mem_watches(m, NULL, 0, NULL, NULL); break;
    case 3: wg_mem_decommit(m, page, size); break;
    case 4: wg_mem_commit(m, page, size, protections[seed >> 10 & 3]); break;
    case 5: wg_mem_track(m); break;
    default: wg_mem_protect(m, page, size, protections[seed >> 10 & 3]);
    }
    CU_ASSERT_TRUE_FATAL(is_joined(m));
  }
  wg_mem_release(m, at);
  CU_ASSERT_TRUE(is_joined(m));
  wg_mem_reset(m);
  finish(m);
}

// Ranges are of bytes, and whatever is done to one is done to every page that a byte of it is in: against an array of
// pages, with ranges about the ends of pages and the space, and empty ones.
static void ranges_are_every_page_that_they_touch(void) {
  enum { PAGES = 16 };
  static const uint32_t edges[] = {0, 1, WG_PAGE - 1, WG_PAGE, WG_PAGE + 1};
  struct wg_mem *m = fresh();
  uint32_t protects[PAGES] = {0};
  uint64_t seed = 11, v;
  const struct wg_alloc a = {.addr = 0x10000000, .size = PAGES * WG_PAGE, .page = WG_PAGE, .protect = 4};
  CU_ASSERT_EQUAL_FATAL(wg_mem_reserve(m, &a), a.addr);
  for (unsigned turn = 0; turn < 3000; turn++) {
    uint32_t from = random_below(&seed, PAGES - 3) * WG_PAGE + edges[random_below(&seed, 5)];
    uint32_t size = random_below(&seed, 2) * WG_PAGE + edges[random_below(&seed, 5)];
    uint32_t what = random_below(&seed, 3), protect = random_below(&seed, 2) ? 2 : 4;
    if (what == 0) CU_ASSERT_TRUE(wg_mem_commit(m, a.addr + from, size, protect));
    if (what == 1) wg_mem_protect(m, a.addr + from, size, protect);
    if (what == 2) wg_mem_decommit(m, a.addr + from, size);
    uint64_t committed = 0;
    for (uint32_t p = 0; p < PAGES; p++) {
      if (size && p >= from / WG_PAGE && p <= (from + size - 1) / WG_PAGE && (what != 1 || protects[p]))
        protects[p] = what == 2 ? 0 : protect;
      committed += protects[p] != 0;
      uint32_t page = (a.addr >> 12) + p, last = a.addr + p * WG_PAGE + WG_PAGE - 1;
      CU_ASSERT_EQUAL(m->committed[page], protects[p] != 0);
      CU_ASSERT_EQUAL(m->protect[page], protects[p]);
      CU_ASSERT_EQUAL(wg_mem_r8(m, last, &v), protects[p] != 0);
      CU_ASSERT_EQUAL(wg_mem_ptr(m, last, 1, true) != NULL, protects[p] == 4);
    }
    CU_ASSERT_EQUAL(m->ncommitted, committed);
  }
  // The last page of the space ends a range that would go on.
  CU_ASSERT_TRUE(wg_mem_commit(m, 0xFFFFF000u, 3 * WG_PAGE, 4));
  CU_ASSERT_TRUE(wg_mem_r8(m, 0xFFFFFFFFu, &v));
  wg_mem_protect(m, 0xFFFFF000u, 3 * WG_PAGE, 2);
  CU_ASSERT_FALSE(wg_mem_w8(m, 0xFFFFFFFFu, 1));
  wg_mem_decommit(m, 0xFFFFF000u, 3 * WG_PAGE);
  CU_ASSERT_FALSE(wg_mem_r8(m, 0xFFFFFFFFu, &v));
  finish(m);
}

// Physical memory likewise: what is handed out is free, within its range and aligned, the highest that there is; what
// is given back is free, and nothing else. Nothing, and what lies beyond the end, can be given back.
static void physical_ranges_are_every_page_that_they_touch(void) {
  enum { PAGES = 64, LOW = 0x200000 };
  struct wg_mem *m = fresh();
  bool taken[PAGES] = {false};
  uint64_t seed = 5, v;
  for (unsigned turn = 0; turn < 2000; turn++) {
    uint32_t n = random_below(&seed, 5), align = 1u << random_below(&seed, 3), from = random_below(&seed, PAGES);
    if (turn % 2) {
      uint32_t size = n * WG_PAGE - (n ? random_below(&seed, 2) * (WG_PAGE - 1) : 0), want = UINT32_MAX;
      for (uint32_t p = PAGES - n + 1; n && p-- > 0 && want == UINT32_MAX;) {
        bool fits = (LOW / WG_PAGE + p) % align == 0;
        for (uint32_t k = 0; k < n; k++) fits = fits && !taken[p + k];
        if (fits) want = LOW + p * WG_PAGE;
      }
      uint32_t got = wg_mem_phys_alloc(m, size, align * WG_PAGE, LOW, LOW + PAGES * WG_PAGE - 1, 4);
      CU_ASSERT_EQUAL_FATAL(got, want);
      for (uint32_t k = 0; want != UINT32_MAX && k < n; k++) taken[(got - LOW) / WG_PAGE + k] = true;
    } else {
      uint32_t within = random_below(&seed, 2) * (WG_PAGE - 1), size = n * WG_PAGE;
      if (from + n >= PAGES) continue;
      wg_mem_phys_free(m, LOW + from * WG_PAGE + within, size);
      for (uint32_t k = 0; k < n + (n && within != 0); k++) taken[from + k] = false;
    }
    for (uint32_t p = 0; p < PAGES; p++)
      CU_ASSERT_EQUAL(wg_mem_r8(m, 0xC0000000u + LOW + p * WG_PAGE + WG_PAGE - 1, &v), taken[p]);
  }
  uint32_t last = wg_mem_phys_alloc(m, 1, 0, 0, UINT32_MAX, 4);
  wg_mem_phys_free(m, last, 0);
  wg_mem_phys_free(m, WG_PHYS_SIZE, WG_PAGE);
  wg_mem_phys_free(m, WG_PHYS_SIZE + 4 * WG_PAGE, WG_PAGE);
  CU_ASSERT_TRUE(wg_mem_r8(m, 0xC0000000u + last, &v));
  finish(m);
}

// What a title has memory do is counted, so that it takes the title time and not the host alone: by the page, and where
// one must be made zero as much as that is.
static void work_is_counted(void) {
  struct wg_mem *m = fresh();
  const uint32_t at = 0x40000000;
  uint64_t v = 1;
  const struct wg_alloc a = {
      .addr = at, .size = 0x100000, .lo = at, .hi = 0x7EFFFFFF, .page = 0x1000, .owner = WG_MEM_TITLE};
  CU_ASSERT_EQUAL(wg_mem_reserve(m, &a), at);
  wg_mem_steps(m);
  CU_ASSERT_TRUE(wg_mem_commit(m, at, 0x10000, WG_PROT_READWRITE));
  CU_ASSERT_EQUAL(wg_mem_steps(m), 16);
  CU_ASSERT_EQUAL(wg_mem_steps(m), 0);
  wg_mem_protect(m, at + 0x800, 0x3000, WG_PROT_READONLY); // four pages are touched
  CU_ASSERT_EQUAL(wg_mem_steps(m), 4);
  wg_mem_protect(m, at, 0x10000, WG_PROT_READWRITE);
  for (uint32_t i = 0; i < 3; i++) CU_ASSERT_TRUE(wg_mem_w32(m, at + i * 0x1000, 7));
  wg_mem_steps(m);
  for (uint32_t i = 0; i < 2; i++) wg_mem_decommit(m, at + i * 0x1000, 1); // one at a time: the host keeps them
  CU_ASSERT_EQUAL(wg_mem_steps(m), 2);
  CU_ASSERT_TRUE(wg_mem_commit(m, at, 0x3000, WG_PROT_READWRITE)); // two of them are made zero
  CU_ASSERT_EQUAL(wg_mem_steps(m), 3 + 2 * 0x1000 / 16);
  for (uint32_t i = 0; i < 3; i++) {
    CU_ASSERT_TRUE(wg_mem_r32(m, at + i * 0x1000, &v));
    CU_ASSERT_EQUAL(v, i < 2 ? 0 : 7);
  }
  wg_mem_decommit(m, at, 0x10000);
  CU_ASSERT_EQUAL(wg_mem_steps(m), 16);
  CU_ASSERT_TRUE(wg_mem_commit(m, at, 0x10000, WG_PROT_READWRITE)); // zero by themselves
  CU_ASSERT_EQUAL(wg_mem_steps(m), 16);
  uint32_t phys = wg_mem_phys_alloc(m, 0x5000, 0x1000, 0, 0x1FFFFFFF, WG_PROT_READWRITE);
  uint64_t looked = wg_mem_steps(m);
  CU_ASSERT_TRUE(phys != UINT32_MAX && looked >= 8 * 5 && looked < 8 * 5 + 100);
  wg_mem_phys_free(m, phys, 0x5000);
  CU_ASSERT_EQUAL(wg_mem_steps(m), 8 * 5);
  finish(m);
}

// Whether the host lets anybody read, or write, the byte that the view shows: asked of a system call, which says so.
static bool host_allows(const struct wg_mem *m, const int fds[3], uint32_t addr, bool writes) {
  uint8_t *p = m->view + addr, byte;
  if (writes) return read(fds[2], p, 1) == 1; // zeros
  return write(fds[1], p, 1) == 1 && read(fds[0], &byte, 1) == 1;
}
static void open_all(int fds[3]) {
  CU_ASSERT_EQUAL_FATAL(pipe(fds), 0);
  fds[2] = open("/dev/zero", O_RDONLY | O_CLOEXEC);
}
static void close_all(const int fds[3]) {
  for (unsigned i = 0; i < 3; i++) close(fds[i]);
}

static void the_view_shows_what_is_allowed(void) {
  struct wg_mem *m = fresh();
  struct wg_err err = {0};
  int fds[3];
  open_all(fds);
  uint32_t at = wg_mem_reserve(
      m, &(struct wg_alloc){
             .addr = 0x40000000, .size = 0x20000, .page = 0x10000, .lo = 0x40000000, .hi = 0x6FFFFFFF, .protect = 4});
  wg_mem_commit(m, at, 0x10000, WG_PROT_READWRITE);
  CU_ASSERT_EQUAL_FATAL(wg_mem_view_open(m, &err), WG_OK);
  uint8_t *view = m->view;
  CU_ASSERT(wg_mem_view_open(m, &err) == WG_OK && m->view == view); // as it is
  CU_ASSERT_FALSE(host_allows(m, fds, at, false));                  // nobody has asked yet
  CU_ASSERT_TRUE(wg_mem_view_refused(m, at + 5, false));
  CU_ASSERT_TRUE(host_allows(m, fds, at, false) && host_allows(m, fds, at + 0xFFFF, true)); // beside it
  CU_ASSERT_FALSE(wg_mem_view_refused(m, at + 0x10000, false) || wg_mem_view_refused(m, at - 1, true));
  CU_ASSERT_FALSE(host_allows(m, fds, at + 0x10000, false));
  wg_mem_w32(m, at, 0x12345678); // the same memory
  CU_ASSERT_EQUAL(view[at], 0x12);
  view[at + 1] = 9;
  CU_ASSERT_EQUAL(m->base[at + 1], 9);

  wg_mem_protect(m, at, 0x1000, WG_PROT_READONLY);
  CU_ASSERT_TRUE(host_allows(m, fds, at, false));
  CU_ASSERT_FALSE(host_allows(m, fds, at, true) || wg_mem_view_refused(m, at, true));
  CU_ASSERT_TRUE(host_allows(m, fds, at + 0x1000, true));
  wg_mem_protect(m, at, 0x1000, WG_PROT_NOACCESS);
  CU_ASSERT_FALSE(host_allows(m, fds, at, false) || wg_mem_view_refused(m, at, false));
  wg_mem_protect(m, at, 0x1000, WG_PROT_READWRITE);
  CU_ASSERT_TRUE(wg_mem_view_refused(m, at, true) && host_allows(m, fds, at, true));

  const struct wg_mem_watch reads = {at, 4, true, false};
  unsigned heard = 0;
  wg_mem_watches(m, &reads, 1, hear, &heard);
  CU_ASSERT_FALSE(host_allows(m, fds, at, true) || host_allows(m, fds, at, false));
  CU_ASSERT_FALSE(wg_mem_view_refused(m, at, true)); // the host would let it be read, too
  wg_mem_watches(m, NULL, 0, NULL, NULL);
  CU_ASSERT_TRUE(wg_mem_view_refused(m, at, true));

  uint64_t hash;
  wg_mem_track(m);
  wg_mem_note(m, at >> 12, 7);
  CU_ASSERT_FALSE(host_allows(m, fds, at, true));
  CU_ASSERT_TRUE(wg_mem_view_refused(m, at, false) && wg_mem_unchanged(m, at >> 12, &hash));
  CU_ASSERT_FALSE(wg_mem_view_refused(m, at, true));
  wg_mem_first_write(m, at >> 12);
  CU_ASSERT_TRUE(wg_mem_view_refused(m, at, true) && !wg_mem_unchanged(m, at >> 12, &hash));
  wg_mem_mark_code(m, at >> 12); // who writes it is heard of
  CU_ASSERT_FALSE(host_allows(m, fds, at, true) || wg_mem_view_refused(m, at, true));

  CU_ASSERT_TRUE(wg_mem_view_refused(m, 0x7F000000, true)); // the window, and what else shows it
  view[0x7F000000] = 3;
  CU_ASSERT_EQUAL(m->base[0xA0000000], 3);
  CU_ASSERT_TRUE(wg_mem_release(m, at));
  for (uint32_t p = at; p < at + 0x20000; p += WG_PAGE) CU_ASSERT_FALSE(host_allows(m, fds, p, false));
  CU_ASSERT_TRUE(host_allows(m, fds, 0x7F000000, true));
  wg_mem_reset(m);
  CU_ASSERT_FALSE(host_allows(m, fds, 0x7F000000, false));
  close_all(fds);
  finish(m);
}

// The host has so many mappings and no more (vm.max_map_count): pages of which every other one may be written.
static void a_view_in_too_many_pieces_is_none(void) {
  struct wg_mem *m = fresh();
  struct wg_err err = {0};
  const uint32_t at = 0x40000000, n = 0x28000;
  int fds[3];
  open_all(fds);
  wg_mem_reserve(
      m, &(struct wg_alloc){.addr = at, .size = n << 12, .page = 0x10000, .lo = at, .hi = 0x6FFFFFFF, .protect = 4});
  CU_ASSERT_EQUAL_FATAL(wg_mem_view_open(m, &err), WG_OK);
  uint32_t refused = 0, wrong = 0;
  for (uint32_t p = 0; p < n; p++)
    wg_mem_commit(m, at + (p << 12), WG_PAGE, p % 2 ? WG_PROT_READONLY : WG_PROT_READWRITE);
  for (uint32_t p = 0; p < n; p++) {
    bool shown = wg_mem_view_refused(m, at + (p << 12), false);
    refused += !shown;
    wrong += host_allows(m, fds, at + (p << 12), false) != shown;
  }
  CU_ASSERT(refused > 0 && refused < n && wrong == 0);
  for (uint32_t p = 0; p < n; p += 1001) { // what has to go goes, if all of it
    wg_mem_protect(m, at + (p << 12), WG_PAGE, WG_PROT_NOACCESS);
    CU_ASSERT_FALSE(host_allows(m, fds, at + (p << 12), false));
  }
  close_all(fds);
  wg_mem_free(m);
}

WG_MAIN("mem", {"work is counted", work_is_counted},
        {"physical ranges are every page that they touch", physical_ranges_are_every_page_that_they_touch},
        {"ranges are every page that they touch", ranges_are_every_page_that_they_touch},
        {"two pages are told together", two_pages_are_told_together},
        {"tables that change are hashed again", tables_that_change_are_hashed_again},
        {"devices hear every width", devices_hear_every_width}, {"memory is saved whole", memory_is_saved_whole},
        {"every protection means what it says", every_protection_means_what_it_says},
        {"code hears of changes", code_hears_of_changes}, {"a place is given once", a_place_is_given_once},
        {"watches hear of memory given back", watches_hear_of_memory_given_back},
        {"searches are counted", searches_are_counted}, {"pages are counted", pages_are_counted},
        {"a mirror holds nothing itself", a_mirror_holds_nothing_itself},
        {"physical memory is handed out as in the reference", physical_memory_is_handed_out_as_in_the_reference},
        {"mirrors show the same memory", mirrors_show_the_same_memory},
        {"a commitment too many is refused", a_commitment_too_many_is_refused},
        {"the write-back window is there", the_write_back_window_is_there},
        {"protection is enforced", protection_is_enforced},
        {"the view shows what is allowed", the_view_shows_what_is_allowed},
        {"a view in too many pieces is none", a_view_in_too_many_pieces_is_none},
        {"released memory comes back zero", released_memory_comes_back_zero},
        {"devices get their accesses", devices_get_their_accesses})
