// The handle table: slots from F8000000 on, four apart, the lowest free one next. emu/kernel/handle.c.
//
// Ownership: each handle holds a reference of its object. Errors: NULL, or an NTSTATUS.
#ifndef WG_EMU_HANDLES_H
#define WG_EMU_HANDLES_H

#include "emu/kernel/objects.h"

// Which handles are taken: a bitmap, which of its words are full, and which of those.
struct wg_slots {
  uint64_t taken[4096], full[64], fuller;
};

struct wg_handles {
  struct wg_object **at; // by slot; NULL: free
  size_t n;
  struct wg_slots slots;
};

bool wg_handle_room(struct wg_machine *m);                              // false, and the limit is told: none is free
uint32_t wg_handle_new(struct wg_machine *m, struct wg_object *o);      // there is room
struct wg_object *wg_handle_get(struct wg_machine *m, uint32_t handle); // NULL if none
uint32_t wg_handle_close(struct wg_machine *m, uint32_t handle);        // NTSTATUS; with its event
// Its handle.* event. `dup_of`: the handle that WG_EV_HANDLE_DUP was made of.
void wg_emit_handle(struct wg_machine *m, enum wg_kind kind, uint32_t raw, const struct wg_object *o, uint32_t dup_of);
uint32_t wg_handle_publish(struct wg_machine *m, struct wg_object *o); // wg_handle_new and its event
void wg_handles_release(struct wg_handles *h);
void wg_handles_state(struct wg_archive *a, struct wg_machine *m);

#endif
