// Virtual and physical memory (docs/console.md#memory).
#include <string.h>

#include "emu/kernel/kernel.h"

enum {
  MEM_COMMIT = 0x1000,
  MEM_RESERVE = 0x2000,
  MEM_DECOMMIT = 0x4000,
  MEM_RELEASE = 0x8000,
  MEM_RESET = 0x80000,
  MEM_TOP_DOWN = 0x100000,
  MEM_LARGE_PAGES = 0x20000000,
};

static bool valid_protect(uint32_t p) {
  p &= ~0x700u; // NOCACHE, WRITECOMBINE, GUARD
  return p == 1 || p == 2 || p == 4 || p == 8 || p == 0x10 || p == 0x20 || p == 0x40 || p == 0x80;
}

// Physical mirrors are no business of these calls.
static bool virtual_range(uint64_t end) { return end <= 0x7F000000u; }

// NtAllocateVirtualMemory(base*, size*, type, protect, debug)
WG_CALL(NtAllocateVirtualMemory, 5) {
  uint32_t base = KR32(k, A(0)), size = KR32(k, A(1)), type = A(2), protect = A(3);
  if (k->m->calls.fault) return STATUS_INVALID_PARAMETER;
  if (size == 0 || !(type & (MEM_COMMIT | MEM_RESERVE)) || !valid_protect(protect)) return STATUS_INVALID_PARAMETER;
  if (type & MEM_RESET) return STATUS_INVALID_PARAMETER; // stands alone
  const struct wg_region *r = base ? wg_mem_region(k->m->mem, base) : NULL;
  uint32_t page = r ? r->page : (type & MEM_LARGE_PAGES) || base >= 0x40000000u ? 0x10000 : 0x1000;
  uint32_t lo = base & ~(page - 1);
  uint64_t end = ((uint64_t)base + size + page - 1) & ~(uint64_t)(page - 1);
  if (base && !virtual_range(end)) return STATUS_INVALID_PARAMETER;
  if (r && !(type & MEM_RESERVE)) {
    if (end > (uint64_t)r->base + r->size || r->owner == WG_MEM_KERNEL) return STATUS_CONFLICTING_ADDRESSES;
    if (!wg_mem_commit(k->m->mem, lo, (uint32_t)(end - lo), protect)) return STATUS_NO_MEMORY;
    base = lo;
    size = (uint32_t)(end - lo);
  } else {
    struct wg_alloc a = {.addr = lo,
                         .size = base ? (uint32_t)(end - lo) : size,
                         .page = page,
                         .protect = protect,
                         .top_down = (type & MEM_TOP_DOWN) != 0,
                         .commit = (type & MEM_COMMIT) != 0};
    a.lo = page == 0x10000 ? 0x40000000u : 0x00010000u;
    a.hi = page == 0x10000 ? 0x6FFFFFFFu : 0x2FFFFFFFu;
    if (base && base < 0x10000) return STATUS_INVALID_PARAMETER;
    base = wg_mem_reserve(k->m->mem, &a);
    if (base == 0) return lo && !k->m->mem->full ? STATUS_CONFLICTING_ADDRESSES : STATUS_NO_MEMORY;
    size = (a.size + page - 1) & ~(page - 1);
  }
  wg_out_u32(k, A(0), "base", base);
  wg_out_u32(k, A(1), "size", size);
  return STATUS_SUCCESS;
}

WG_CALL(NtFreeVirtualMemory, 4) {
  uint32_t base = KR32(k, A(0)), size = KR32(k, A(1)), type = A(2);
  const struct wg_region *r = wg_mem_region(k->m->mem, base);
  if (k->m->calls.fault) return STATUS_INVALID_PARAMETER;
  if (base == 0) return STATUS_MEMORY_NOT_ALLOCATED;
  if (r == NULL || r->base >= 0x70000000u || r->owner != WG_MEM_TITLE) return STATUS_UNABLE_TO_FREE_VM;
  if (type == MEM_RELEASE) {
    uint32_t whole = r->size;
    if (!wg_mem_release(k->m->mem, base)) return STATUS_UNABLE_TO_FREE_VM;
    size = whole;
  } else if (type == MEM_DECOMMIT) {
    if (size == 0) size = r->size - (base - r->base);
    uint32_t lo = base & ~(r->page - 1);
    uint64_t end = ((uint64_t)base + size + r->page - 1) & ~(uint64_t)(r->page - 1);
    if (end > (uint64_t)r->base + r->size) return STATUS_UNABLE_TO_FREE_VM;
    wg_mem_decommit(k->m->mem, lo, (uint32_t)(end - lo));
    base = lo;
    size = (uint32_t)(end - lo);
  } else {
    return STATUS_INVALID_PARAMETER;
  }
  wg_out_u32(k, A(0), "base", base);
  wg_out_u32(k, A(1), "size", size);
  return STATUS_SUCCESS;
}

// MEMORY_BASIC_INFORMATION: base, allocation base, allocation protect, size, state, protect, type.
WG_CALL(NtQueryVirtualMemory, 3) {
  struct wg_mem *mem = k->m->mem;
  uint32_t at = A(0) & ~(WG_PAGE - 1);
  if (A(2) > 2) return STATUS_INVALID_PARAMETER; // a kind of region that there is none of
  const struct wg_region *r = wg_mem_region(mem, at);
  uint32_t info[7] = {at, 0, 0, 0, 0x10000 /* MEM_FREE */, 1, 0};
  uint64_t end = r ? (uint64_t)r->base + r->size : 0x100000000ull;
  uint32_t page = at >> 12, n = 1;
  bool committed = mem->committed[page];
  while (((uint64_t)(page + n) << 12) < end && mem->committed[page + n] == committed &&
         mem->protect[page + n] == mem->protect[page] && (r != NULL || wg_mem_region(mem, (page + n) << 12) == NULL))
    n++;
  wg_work(k->m, n);
  if (r) {
    info[1] = r->base;
    info[2] = r->protect;
  }
  info[3] = n << 12;
  if (committed)
    info[4] = MEM_COMMIT;
  else if (r)
    info[4] = MEM_RESERVE;
  if (committed) info[5] = mem->protect[page];
  info[6] = info[4] == 0x10000 ? 0 : 0x20000; // MEM_PRIVATE
  static const char *const keys[7] = {"base", "allocation", "allocation_protect", "size", "state", "protect", "type"};
  for (uint32_t i = 0; i < 7; i++) wg_out_u32(k, A(1) + 4 * i, keys[i], info[i]);
  return STATUS_SUCCESS;
}
// NtProtectVirtualMemory(base*, size*, protect, old*, debug)
WG_CALL(NtProtectVirtualMemory, 5) {
  uint32_t base = KR32(k, A(0)), size = KR32(k, A(1));
  const struct wg_region *r = wg_mem_region(k->m->mem, base);
  if (!valid_protect(A(2)) || size == 0) return STATUS_INVALID_PARAMETER;
  if (A(2) & 0xF0) return STATUS_INVALID_PAGE_PROTECTION; // code is not for titles to make
  if (r == NULL || (uint64_t)base + size > (uint64_t)r->base + r->size) return STATUS_INVALID_PARAMETER;
  uint32_t lo = base & ~(r->page - 1);
  uint32_t end = (uint32_t)(((uint64_t)base + size + r->page - 1) & ~(uint64_t)(r->page - 1));
  if (r->owner == WG_MEM_KERNEL) return STATUS_ACCESS_DENIED;
  if (!k->m->mem->committed[lo >> 12]) return 0xC000002Du; // STATUS_NOT_COMMITTED
  uint32_t old = k->m->mem->protect[lo >> 12];
  wg_mem_protect(k->m->mem, lo, end - lo, A(2));
  wg_out_u32(k, A(0), "base", lo);
  wg_out_u32(k, A(1), "size", end - lo);
  wg_out_u32(k, A(3), "previous", old);
  return STATUS_SUCCESS;
}

static uint64_t phys_alloc(struct wg_kcall *k, uint32_t least, uint32_t most, uint32_t align) {
  uint32_t size = A(1), protect = A(2);
  if ((protect & 6) == 0 || size == 0) return 0;
  uint32_t page = protect & 0x20000000u ? 0x10000 : protect & 0x80000000u ? 0x1000000 : 0x1000;
  uint32_t mirror = page == 0x10000 ? 0xA0000000u : page == 0x1000000 ? 0xC0000000u : 0xE0000000u;
  if (align < page || (align & (align - 1))) align = page;
  uint64_t rounded = ((uint64_t)size + page - 1) & ~(uint64_t)(page - 1);
  if (rounded > WG_PHYS_SIZE) return 0;
  uint32_t lo = least < 0x1000 ? 0x1000 : least; // the E mirror begins at physical 1000
  uint32_t phys = wg_mem_phys_alloc(k->m->mem, (uint32_t)rounded, align, lo, most, protect & 0x7FF);
  if (phys == UINT32_MAX) return 0;
  uint32_t at = mirror + phys - (mirror == 0xE0000000u ? 0x1000 : 0);
  wg_map_put(&k->m->pool.sizes, phys | 1ull << 40, rounded);
  wg_json_hex(wg_out(k), "size", rounded);
  return at;
}
// (type, size, protect, lowest, highest, alignment)
WG_CALL(MmAllocatePhysicalMemoryEx, 6) { return phys_alloc(k, A(3), A(4), A(5)); }
WG_CALL(MmAllocatePhysicalMemory, 3) { return phys_alloc(k, 0, 0xFFFFFFFFu, 0); }
WG_CALL(MmFreePhysicalMemory, 2) {
  uint32_t phys = wg_mem_to_phys(A(1));
  uint64_t size;
  if (!wg_map_get(&k->m->pool.sizes, phys | 1ull << 40, &size)) return 0;
  wg_map_del(&k->m->pool.sizes, phys | 1ull << 40);
  wg_mem_phys_free(k->m->mem, phys, (uint32_t)size);
  return 0;
}
WG_CALL(MmGetPhysicalAddress, 1) {
  uint32_t phys = wg_mem_to_phys(A(0));
  return phys == UINT32_MAX ? A(0) & 0x1FFFFFFFu : phys;
}
WG_CALL(MmQueryAddressProtect, 1) { return k->m->mem->protect[A(0) >> 12]; }
WG_CALL(MmSetAddressProtect, 3) {
  if (A(0) < WG_POOL_BASE + WG_POOL_SIZE && (uint64_t)A(0) + A(1) > WG_POOL_BASE) return 0; // the kernel's own
  wg_mem_protect(k->m->mem, A(0), A(1), A(2));
  return 0;
}
WG_CALL(MmQueryAllocationSize, 1) {
  uint32_t phys = wg_mem_to_phys(A(0));
  uint64_t size;
  if (phys != UINT32_MAX && wg_map_get(&k->m->pool.sizes, phys | 1ull << 40, &size)) return size;
  const struct wg_region *r = wg_mem_region(k->m->mem, A(0));
  return r ? r->size : 0;
}
// MM_STATISTICS (104 bytes): what a title with everything free would see.
WG_CALL(MmQueryStatistics, 1) {
  if (A(0) == 0) return STATUS_INVALID_PARAMETER;
  if (KR32(k, A(0)) != 104) return STATUS_BUFFER_TOO_SMALL;
  static const uint32_t words[26] = {104,        0x00020000, 0x00000300, 0x00020000, 0x0000FD00, 0,          0x2F,
                                     0x03000000, 0x10000000, 0,          0x0000007C, 0x00000071, 0x00000010, 0x000001E0,
                                     0x00000009, 0,          0,          0,          0x00000300, 0x000001D9, 0x00000300,
                                     0x000001D9, 0x00000300, 0,          0,          0x0001FFFF};
  for (unsigned i = 0; i < 26; i++) KW32(k, A(0) + 4 * i, words[i]);
  wg_json_u64(wg_out(k), "total_pages", words[1]);
  wg_json_u64(wg_out(k), "available_pages", words[4]);
  return STATUS_SUCCESS;
}

WG_CALL(MmIsAddressValid, 1) { return wg_mem_ptr(k->m->mem, A(0), 1, false) != NULL; }
WG_CALL(MmCreateKernelStack, 2) {
  uint32_t size = (A(0) + 0xFFF) & ~0xFFFu;
  struct wg_alloc a = {.size = size,
                       .lo = 0x70000000,
                       .hi = 0x7EFFFFFF,
                       .page = 0x1000,
                       .protect = WG_PROT_READWRITE,
                       .commit = true,
                       .owner = WG_MEM_KERNEL_STACK};
  uint32_t at = size ? wg_mem_reserve(k->m->mem, &a) : 0;
  return at ? at + size : 0;
}
WG_CALL(MmDeleteKernelStack, 2) {
  const struct wg_region *r = wg_mem_region(k->m->mem, A(1));
  if (r == NULL || r->owner != WG_MEM_KERNEL_STACK) return STATUS_UNSUCCESSFUL;
  wg_mem_release(k->m->mem, A(1));
  return STATUS_SUCCESS;
}
// Device memory is where it always is.
WG_CALL(MmMapIoSpace, 4) { return A(1); }
WG_CALL(NtAllocateEncryptedMemory, 3) {
  struct wg_alloc a = {.size = A(1),
                       .lo = 0x8C000000u,
                       .hi = 0x8FFFFFFFu,
                       .page = 0x10000,
                       .protect = WG_PROT_READWRITE,
                       .commit = true};
  if (A(1) == 0 || A(1) > 16u << 20) return STATUS_INVALID_PARAMETER;
  uint32_t at = wg_mem_reserve(k->m->mem, &a);
  if (at == 0) return STATUS_NO_MEMORY;
  wg_out_u32(k, A(2), "pointer", at);
  return STATUS_SUCCESS;
}
