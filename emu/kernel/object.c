// Objects, handles and semantic ids.
#include <stdlib.h>
#include <string.h>

#include "emu/kernel/kernel.h"

static const char *const otype_names[] = {
    [WG_O_EVENT] = "Event",
    [WG_O_SEMAPHORE] = "Semaphore",
    [WG_O_MUTANT] = "Mutant",
    [WG_O_TIMER] = "Timer",
    [WG_O_THREAD] = "Thread",
    [WG_O_FILE] = "File",
    [WG_O_MODULE] = "Module",
    [WG_O_CRITICAL_SECTION] = "CriticalSection",
    [WG_O_IO_COMPLETION] = "IoCompletion",
    [WG_O_SYMBOLIC_LINK] = "SymbolicLink",
    [WG_O_NOTIFY_LISTENER] = "NotifyListener",
    [WG_O_ENUMERATOR] = "Enumerator",
    [WG_O_OTHER] = "Object",
};

const char *wg_otype_name(enum wg_otype type) { return otype_names[type]; }

uint64_t wg_ordinal(struct wg_machine *m, uint64_t key) {
  uint64_t n = 0;
  wg_map_get(&m->ordinals, key, &n);
  wg_map_put(&m->ordinals, key, n + 1);
  return n;
}

// DESIGN section 5: object type, creating thread's semantic id, call site, ordinal of that creation there.
static uint64_t make_hsid(struct wg_machine *m, enum wg_otype type, uint32_t lr) {
  const struct wg_thread *t = wg_cur_thread(m);
  const char *name = otype_names[type];
  uint64_t key = wg_hash(name, strlen(name), t ? t->sem_id : 0);
  key = wg_hash_u64(lr, key);
  return wg_hash_u64(wg_ordinal(m, key), key);
}

struct wg_object *wg_object_new(struct wg_machine *m, enum wg_otype type, uint32_t lr) {
  struct wg_object *o = wg_xcalloc(1, sizeof *o);
  const struct wg_thread *t = wg_cur_thread(m);
  o->type = type;
  o->refs = 1;
  o->hsid = make_hsid(m, type, lr);
  o->created = (struct wg_who){true, t ? t->tid : 0, t ? t->idx : m->idx0, wg_now(m), lr};
  if ((m->nobjects & (m->nobjects - 1)) == 0)
    m->objects = wg_xrealloc(m->objects, (m->nobjects ? m->nobjects * 2 : 1) * sizeof *m->objects);
  m->objects[m->nobjects++] = o;
  return o;
}

static void object_free(struct wg_machine *m, struct wg_object *o) {
  for (size_t i = 0; i < m->nobjects; i++)
    if (m->objects[i] == o) {
      m->objects[i] = m->objects[--m->nobjects];
      if (m->nobjects && (m->nobjects & (m->nobjects - 1)) == 0)
        m->objects = wg_xrealloc(m->objects, m->nobjects * sizeof *m->objects);
      break;
    }
  if (o->timer_seq) wg_cancel(m, o->timer_seq);
  if (o->guest) wg_map_del(&m->by_guest, o->guest);
  if (o->thread)
    wg_thread_freed(m, o->thread);
  else if (o->guest && !o->in_guest)
    wg_pool_free(m, o->guest);
  if (o->file) wg_file_close(m, o);
  wg_packets_free(o->packets);
  free(o->items);
  free(o->waiters);
  free(o->name);
  free(o);
}

void wg_object_unref(struct wg_machine *m, struct wg_object *o) {
  if (--o->refs == 0) object_free(m, o);
}

uint32_t wg_handle_new(struct wg_machine *m, struct wg_object *o) {
  size_t slot = 1; // the console's kernel holds slot 0 before a title starts
  while (slot < m->nhandles && m->handles[slot]) slot++;
  if (slot >= m->nhandles) {
    size_t n = m->nhandles ? m->nhandles * 2 : 64;
    m->handles = wg_xrealloc(m->handles, n * sizeof *m->handles);
    memset(m->handles + m->nhandles, 0, (n - m->nhandles) * sizeof *m->handles);
    m->nhandles = n;
  }
  m->handles[slot] = o;
  o->handles++;
  return 0xF8000000u + (uint32_t)slot * 4;
}

struct wg_object *wg_handle_get(struct wg_machine *m, uint32_t handle) {
  if (handle == 0xFFFFFFFEu) {
    struct wg_thread *t = wg_cur_thread(m);
    return t ? t->object : NULL;
  }
  if (handle < 0xF8000000u || handle % 4) return NULL;
  size_t slot = (handle - 0xF8000000u) / 4;
  return slot < m->nhandles ? m->handles[slot] : NULL;
}

void wg_emit_handle(struct wg_machine *m, enum wg_kind kind, uint32_t raw, const struct wg_object *o, uint32_t dup_of) {
  struct wg_event e;
  wg_emit_init(m, &e, kind);
  wg_ev_hex(&e, WG_K_RAW, raw);
  wg_ev_id(&e, WG_K_HSID, o->hsid);
  wg_ev_str(&e, WG_K_OBJECT_TYPE, otype_names[o->type]);
  if (o->name && kind != WG_EV_HANDLE_DESTROY) wg_ev_str(&e, WG_K_NAME, o->name);
  if (kind == WG_EV_HANDLE_DUP) wg_ev_hex(&e, WG_K_DUP_OF, dup_of);
  wg_emit(m, &e);
}

uint32_t wg_handle_close(struct wg_machine *m, uint32_t handle) {
  struct wg_object *o = wg_handle_get(m, handle);
  if (o == NULL || handle >= 0xFFFFFFFEu) return STATUS_INVALID_HANDLE;
  wg_emit_handle(m, WG_EV_HANDLE_DESTROY, handle, o, 0);
  m->handles[(handle - 0xF8000000u) / 4] = NULL;
  o->handles--;
  wg_object_unref(m, o);
  return STATUS_SUCCESS;
}

void wg_object_place(struct wg_machine *m, struct wg_object *o, uint32_t addr) {
  o->guest = addr;
  wg_map_put(&m->by_guest, addr, (uintptr_t)o); // looked up, never iterated: no host address can be observed
}

struct wg_object *wg_object_placed(const struct wg_machine *m, uint32_t addr) {
  uint64_t o;
  return wg_map_get(&m->by_guest, addr, &o) ? (struct wg_object *)(uintptr_t)o : NULL;
}

static bool type_of_header(uint8_t dtype, enum wg_otype *type) {
  switch (dtype) {
  case WG_D_NOTIFICATION_EVENT:
  case WG_D_SYNCHRONIZATION_EVENT: *type = WG_O_EVENT; return true;
  case WG_D_MUTANT: *type = WG_O_MUTANT; return true;
  case WG_D_SEMAPHORE: *type = WG_O_SEMAPHORE; return true;
  case WG_D_THREAD: *type = WG_O_THREAD; return true;
  case WG_D_NOTIFICATION_TIMER:
  case WG_D_SYNCHRONIZATION_TIMER: *type = WG_O_TIMER; return true;
  default: return false;
  }
}

struct wg_object *wg_object_at(struct wg_machine *m, uint32_t addr, uint32_t lr) {
  enum wg_otype type;
  uint8_t dtype = (uint8_t)wg_kr(m, addr, 1);
  if (m->kfault || !type_of_header(dtype, &type)) return NULL;
  struct wg_object *o = wg_object_placed(m, addr);
  if (o && o->type == type) return o;
  if (o) {
    if (o->nwaiters || !o->in_guest) return NULL;
    wg_object_unref(m, o); // the memory has been used again for another kind of object
  }
  if (type == WG_O_THREAD) return NULL;
  o = wg_object_new(m, type, lr);
  o->in_guest = true;
  wg_object_place(m, o, addr);
  return o;
}

struct wg_object *wg_object_named(struct wg_machine *m, enum wg_otype type, const char *name) {
  for (size_t i = 0; i < m->nobjects; i++)
    if (m->objects[i]->type == type && m->objects[i]->name && m->objects[i]->handles &&
        strcmp(m->objects[i]->name, name) == 0)
      return m->objects[i];
  return NULL;
}
