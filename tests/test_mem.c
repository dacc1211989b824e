#include "emu/mem/mem.h"

#include <string.h>

#include "tests/suite.h"

static struct wg_mem *fresh(void) {
  struct wg_mem *m = NULL;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_mem_create(&m, &err), WG_OK);
  return m;
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
  wg_mem_free(m);
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
  wg_mem_free(m);
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
  wg_mem_free(m);
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
  wg_mem_free(m);
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
  wg_mem_free(m);
}

WG_MAIN("mem", {"physical memory is handed out as in the reference", physical_memory_is_handed_out_as_in_the_reference},
        {"mirrors show the same memory", mirrors_show_the_same_memory},
        {"protection is enforced", protection_is_enforced},
        {"released memory comes back zero", released_memory_comes_back_zero},
        {"devices get their accesses", devices_get_their_accesses})
