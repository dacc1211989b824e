// What a device sees of the machine that it is part of: guest memory, virtual time, and the services below. A device
// knows no kernel; whoever builds the machine gives it this.
//
// Ownership: everything here is borrowed and outlives the device. Errors: none; a device has nobody to tell.
#ifndef WG_EMU_BUS_H
#define WG_EMU_BUS_H

#include "emu/mem/mem.h"
#include "emu/sched/clock.h"
#include "trace/event.h"

struct wg_bus {
  struct wg_mem *mem;
  struct wg_clock *clock;
  void *ctx; // of the functions
  // An event of whatever runs now: begun, filled by the device, emitted.
  void (*event)(void *ctx, struct wg_event *e, enum wg_kind kind);
  void (*emit)(void *ctx, struct wg_event *e);
  // Calls fn(source, user) as an interrupt of a hardware thread; is that, for this source, what runs now?
  void (*interrupt)(void *ctx, unsigned hw, uint32_t fn, uint32_t source, uint32_t user);
  bool (*in_interrupt)(void *ctx, uint32_t fn, uint32_t source);
  // Guest memory with the guest's own rights: a wrong address is the kernel's to judge.
  uint64_t (*read)(void *ctx, uint32_t addr, unsigned size);
  void (*write)(void *ctx, uint32_t addr, unsigned size, uint64_t v);
};

// The event of a device register's use, of any device.
static inline void wg_bus_mmio(const struct wg_bus *bus, const char *op, uint32_t addr, uint32_t value) {
  struct wg_event e;
  bus->event(bus->ctx, &e, WG_EV_GPU_MMIO);
  wg_ev_str(&e, WG_K_OP, op);
  wg_ev_hex(&e, WG_K_ADDR, addr);
  wg_ev_hex(&e, WG_K_VALUE, value);
  bus->emit(bus->ctx, &e);
}

#endif
