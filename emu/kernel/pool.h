// The kernel's own memory: pool blocks of guest memory, in size classes. emu/kernel/kmem.c.
//
// Sizes are bytes, addresses the guest's. Ownership: a block belongs to the title or to the kernel, and only its owner
// can free it. Errors: address 0, when there is no room.
#ifndef WG_EMU_POOL_H
#define WG_EMU_POOL_H

#include "base/map.h"

struct wg_archive;
struct wg_machine;

#define WG_POOL_BASE 0x30000000u
#define WG_POOL_SIZE 0x01000000u
#define WG_POOL_CLASSES 20u // powers of two from 32 bytes up

// Free blocks of the pool by size class, the last freed first. The guest's memory says nothing about them.
struct wg_blocks {
  uint32_t *at;
  size_t n, cap;
};

struct wg_pool {
  uint32_t next, end; // what was never handed out
  struct wg_blocks blocks[WG_POOL_CLASSES];
  struct wg_map sizes; // address -> class and owner; physical | 1 << 40 -> size of what MmAllocatePhysicalMemory gave
};

// A title can free what it has allocated, not what the kernel has.
enum wg_pool_owner { WG_POOL_TITLE, WG_POOL_KERNEL };
uint32_t wg_pool_alloc(struct wg_machine *m, uint32_t size, enum wg_pool_owner owner); // zeroed; 0 if there is no room
void wg_pool_free(struct wg_machine *m, uint32_t addr, enum wg_pool_owner owner);
void wg_pool_init(struct wg_machine *m); // reserves it
void wg_pool_release(struct wg_pool *p);
void wg_pool_state(struct wg_archive *a, struct wg_pool *p);

#endif
