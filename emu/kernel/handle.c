// The handle table: the lowest free slot is the next one, found by a bitmap of bitmaps.
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "emu/kernel/kernel.h"
#include "emu/kernel/state.h"

#define FIRST 0xF8000000u
_Static_assert(WG_MAX_HANDLES == 64 * 64 * 64, "three levels of 64");

static void mark(struct wg_slots *s, size_t slot, bool taken) {
  uint64_t *low = &s->taken[slot / 64], *middle = &s->full[slot / 4096], bit = 1ull << slot % 64;
  *low = taken ? *low | bit : *low & ~bit;
  bit = 1ull << slot / 64 % 64;
  *middle = *low == UINT64_MAX ? *middle | bit : *middle & ~bit;
  bit = 1ull << slot / 4096;
  s->fuller = *middle == UINT64_MAX ? s->fuller | bit : s->fuller & ~bit;
}

static size_t lowest(const struct wg_slots *s) {
  size_t high = (size_t)__builtin_ctzll(~s->fuller);
  size_t middle = high * 64 + (size_t)__builtin_ctzll(~s->full[high]);
  return middle * 64 + (size_t)__builtin_ctzll(~s->taken[middle]);
}

bool wg_handle_room(struct wg_machine *m) {
  if (m->handles.slots.fuller != UINT64_MAX) return true;
  wg_limit(m, WG_L_HANDLES);
  return false;
}

uint32_t wg_handle_new(struct wg_machine *m, struct wg_object *o) {
  mark(&m->handles.slots, 0, true); // the console's kernel holds slot 0 before a title starts
  size_t slot = lowest(&m->handles.slots);
  // The room is part of the state: 64, and then twice as many.
  WG_VEC_ROOM_ZERO(m->handles.at, m->handles.n, m->handles.n ? slot + 1 : 64);
  mark(&m->handles.slots, slot, true);
  m->handles.at[slot] = o;
  if (o->handles++ == 0) wg_object_has_handles(m, o, true);
  return FIRST + (uint32_t)slot * 4;
}

struct wg_object *wg_handle_get(struct wg_machine *m, uint32_t handle) {
  if (handle == 0xFFFFFFFEu) {
    struct wg_thread *t = wg_cur_thread(m);
    return t ? t->object : NULL;
  }
  if (handle < FIRST || handle % 4) return NULL;
  size_t slot = (handle - FIRST) / 4;
  return slot < m->handles.n ? m->handles.at[slot] : NULL;
}

void wg_emit_handle(struct wg_machine *m, enum wg_kind kind, uint32_t raw, const struct wg_object *o, uint32_t dup_of) {
  struct wg_event e;
  wg_emit_init(m, &e, kind);
  wg_ev_hex(&e, WG_K_RAW, raw);
  wg_ev_id(&e, WG_K_HSID, o->hsid);
  wg_ev_str(&e, WG_K_OBJECT_TYPE, wg_otype_name(o->type));
  if (o->name && kind != WG_EV_HANDLE_DESTROY) wg_ev_str(&e, WG_K_NAME, o->name);
  if (kind == WG_EV_HANDLE_DUP) wg_ev_hex(&e, WG_K_DUP_OF, dup_of);
  wg_emit(m, &e);
}

uint32_t wg_handle_publish(struct wg_machine *m, struct wg_object *o) {
  uint32_t h = wg_handle_new(m, o);
  wg_emit_handle(m, WG_EV_HANDLE_CREATE, h, o, 0);
  return h;
}

uint32_t wg_handle_close(struct wg_machine *m, uint32_t handle) {
  struct wg_object *o = wg_handle_get(m, handle);
  if (o == NULL || handle >= 0xFFFFFFFEu) return STATUS_INVALID_HANDLE;
  size_t slot = (handle - FIRST) / 4;
  wg_emit_handle(m, WG_EV_HANDLE_DESTROY, handle, o, 0);
  m->handles.at[slot] = NULL;
  mark(&m->handles.slots, slot, false);
  if (--o->handles == 0) wg_object_has_handles(m, o, false);
  wg_object_unref(m, o);
  return STATUS_SUCCESS;
}

void wg_handles_release(struct wg_handles *h) {
  free(h->at);
  *h = (struct wg_handles){.n = 0};
}

void wg_handles_state(struct wg_archive *a, struct wg_machine *m) {
  struct wg_handles *h = &m->handles;
  wg_ar_part(a, "handles");
  size_t n = wg_ar_count(a, h->n, WG_MAX_HANDLES);
  if (wg_ar_loading(a)) {
    wg_handles_release(h);
    h->n = n;
    h->at = wg_xcalloc(n + 1, sizeof *h->at);
    mark(&h->slots, 0, true);
  }
  for (size_t i = 0; i < n; i++) {
    wg_ar_object(a, m, &h->at[i]);
    if (wg_ar_loading(a) && h->at[i]) mark(&h->slots, i, true);
  }
}
