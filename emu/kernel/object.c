// Objects, their references, names and semantic ids. Handles are in handle.c.
//
// An object lives as long as something holds it: each of its handles, each wait for it, a thread while it runs, and
// each reference that the title has taken (guest_refs). A title can give back its own references only. What is no
// longer held is out of every table at once; its memory goes at the end of the window (wg_objects_reap), so that
// nothing that a call has in hand can vanish under it.
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/vec.h"
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

_Static_assert(sizeof otype_names / sizeof *otype_names == WG_O_OTHER + 1, "each type has its name");

const char *wg_otype_name(enum wg_otype type) { return otype_names[type]; }

uint64_t wg_ordinal(struct wg_machine *m, uint64_t key) {
  uint64_t n = 0;
  bool known = wg_map_get(&m->objects.ordinals, key, &n);
  if (!known && m->objects.nordinals == WG_MAX_ORDINALS) {
    wg_limit(m, WG_L_ORDINALS);
    return ~m->objects.ordinals_beyond++; // still another number each time
  }
  m->objects.nordinals += !known;
  wg_map_put(&m->objects.ordinals, key, n + 1);
  return n;
}

// docs/design.md#events: object type, creating thread's semantic id, call site, ordinal of that creation there.
static uint64_t make_hsid(struct wg_machine *m, enum wg_otype type, uint32_t lr) {
  const struct wg_thread *t = wg_cur_thread(m);
  const char *name = otype_names[type];
  uint64_t key = wg_hash(name, strlen(name), t ? t->ancestry : 0);
  key = wg_hash_u64(lr, key);
  return wg_hash_u64(wg_ordinal(m, key), key);
}

struct wg_object *wg_object_new(struct wg_machine *m, enum wg_otype type, uint32_t lr) {
  struct wg_object *o = wg_xcalloc(1, sizeof *o);
  const struct wg_thread *t = wg_cur_thread(m);
  o->type = type;
  o->refs = 1;
  o->hsid = make_hsid(m, type, lr);
  o->created = (struct wg_who){true, t ? t->tid : 0, t ? t->idx : m->threads.idx0, wg_now(m), lr};
  WG_VEC_ROOM(m->objects.list, m->objects.room, m->objects.n + 1);
  o->at = m->objects.n;
  m->objects.list[m->objects.n++] = o;
  return o;
}

bool wg_object_room(struct wg_machine *m) {
  if (m->objects.n - m->objects.nguest < WG_MAX_OBJECTS) return wg_handle_room(m);
  wg_limit(m, WG_L_OBJECTS);
  return false;
}

struct wg_object *wg_object_make(struct wg_kcall *k, enum wg_otype type, uint32_t header, uint32_t *status) {
  *status = STATUS_INSUFFICIENT_RESOURCES;
  if (!wg_object_room(k->m)) return NULL;
  *status = STATUS_NO_MEMORY;
  uint32_t at = header ? wg_pool_alloc(k->m, header, WG_POOL_KERNEL) : 0;
  if (header && at == 0) return NULL;
  *status = STATUS_SUCCESS;
  struct wg_object *o = wg_object_new(k->m, type, k->lr);
  if (at) {
    wg_object_place(k->m, o, at);
    wg_list_init(k->m, WG_ADDR(at, DISPATCHER_HEADER, WAIT_LIST));
  }
  return o;
}

// --- names -----------------------------------------------------------------------------------------

static uint64_t name_key(enum wg_otype type, const char *name) { return wg_hash(name, strlen(name), type); }

bool wg_object_name(struct wg_machine *m, struct wg_object *o, const char *name) {
  if (!wg_hold(m, strlen(name) + 1)) return false;
  o->name = wg_xstrdup(name);
  return true;
}

struct wg_object *wg_object_named(struct wg_machine *m, enum wg_otype type, const char *name) {
  uint64_t v;
  if (!wg_map_get(&m->objects.named, name_key(type, name), &v)) return NULL;
  struct wg_object *o = (struct wg_object *)(uintptr_t)v;
  return o->type == type && strcmp(o->name, name) == 0 ? o : NULL;
}

// A name leads to an object while that has handles.
void wg_object_has_handles(struct wg_machine *m, const struct wg_object *o, bool has) {
  uint64_t v;
  if (o->name == NULL) return;
  uint64_t key = name_key(o->type, o->name);
  bool there = wg_map_get(&m->objects.named, key, &v);
  if (has && !there) wg_map_put(&m->objects.named, key, (uintptr_t)o);
  if (!has && there && v == (uintptr_t)o) wg_map_del(&m->objects.named, key);
}

// --- objects in guest memory -------------------------------------------------------------------------

static void displace(struct wg_machine *m, const struct wg_object *o) {
  uint32_t at = o->structure ? o->structure : o->guest;
  if (at && wg_object_placed(m, at) == o) wg_map_del(&m->objects.by_guest, at);
}

static void found_at(struct wg_machine *m, struct wg_object *o, uint32_t addr) {
  wg_map_put(&m->objects.by_guest, addr, (uintptr_t)o); // looked up, never iterated: no host address can be observed
}

void wg_object_place(struct wg_machine *m, struct wg_object *o, uint32_t addr) {
  o->guest = addr;
  found_at(m, o, addr);
}

void wg_object_place_structure(struct wg_machine *m, struct wg_object *o, uint32_t addr) {
  o->structure = addr;
  found_at(m, o, addr);
}

struct wg_object *wg_object_placed(const struct wg_machine *m, uint32_t addr) {
  uint64_t o;
  return wg_map_get(&m->objects.by_guest, addr, &o) ? (struct wg_object *)(uintptr_t)o : NULL;
}

static void unlink_guest(struct wg_machine *m, struct wg_object *o) {
  *(o->before ? &o->before->after : &m->objects.guest_first) = o->after;
  *(o->after ? &o->after->before : &m->objects.guest_last) = o->before;
  m->objects.nguest--;
}

static void link_guest(struct wg_machine *m, struct wg_object *o) {
  o->before = m->objects.guest_last;
  o->after = NULL;
  *(o->before ? &o->before->after : &m->objects.guest_first) = o;
  m->objects.guest_last = o;
  m->objects.nguest++;
}

static bool idle(const struct wg_object *o) { return o->nwaiters == 0 && o->refs == 1 && o->timer_seq == 0; }

// Any word of memory can be taken for an object: those that nobody waits for are forgotten, the oldest first.
static void forget_one(struct wg_machine *m) {
  for (size_t n = m->objects.nguest; n > 0; n--) {
    struct wg_object *o = m->objects.guest_first;
    wg_work(m, 1);
    if (idle(o)) {
      wg_object_unref(m, o);
      return;
    }
    unlink_guest(m, o);
    link_guest(m, o);
  }
}

struct wg_object *wg_object_adopt(struct wg_machine *m, enum wg_otype type, uint32_t addr, uint32_t lr) {
  if (m->objects.nguest >= WG_MAX_GUEST_OBJECTS) {
    wg_limit(m, WG_L_GUEST_OBJECTS);
    forget_one(m);
  }
  struct wg_object *old = wg_object_placed(m, addr);
  if (old) {
    // The memory has been used again for another kind of object; handles of the old one still lead to that.
    displace(m, old);
    if (old->in_guest && idle(old)) wg_object_unref(m, old);
  }
  struct wg_object *o = wg_object_new(m, type, lr);
  o->in_guest = true;
  link_guest(m, o);
  wg_object_place(m, o, addr);
  return o;
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
  if (m->calls.fault || !type_of_header(dtype, &type)) return NULL;
  struct wg_object *o = wg_object_placed(m, addr);
  if (o && o->type == type) return o;
  if (o && (o->nwaiters || !o->in_guest)) return NULL;
  return type == WG_O_THREAD ? NULL : wg_object_adopt(m, type, addr, lr);
}

// --- lifetime ----------------------------------------------------------------------------------------

void wg_object_own(struct wg_object *o, struct wg_thread *t) {
  struct wg_thread *old = o->owner;
  if (old) {
    *(o->owned_before ? &o->owned_before->owned_after : &old->owned_first) = o->owned_after;
    *(o->owned_after ? &o->owned_after->owned_before : &old->owned_last) = o->owned_before;
    o->owned_before = o->owned_after = NULL;
  }
  o->owner = t;
  o->owner_tid = t ? t->tid : 0;
  if (t == NULL) return;
  o->owned_before = t->owned_last;
  *(t->owned_last ? &t->owned_last->owned_after : &t->owned_first) = o;
  t->owned_last = o;
}

// Takes it out of everything.
static void bury(struct wg_machine *m, struct wg_object *o) {
  struct wg_object *last = m->objects.list[--m->objects.n];
  m->objects.list[o->at] = last;
  last->at = o->at;
  if (o->timer_seq) wg_timer_cancel(m, o);
  if (o->timer_thread) wg_object_unref(m, o->timer_thread);
  wg_object_own(o, NULL);
  displace(m, o);
  if (o->in_guest)
    unlink_guest(m, o);
  else if (o->thread)
    wg_thread_freed(m, o->thread);
  else if (o->guest)
    wg_pool_free(m, o->guest, WG_POOL_KERNEL);
  if (o->structure) wg_pool_free(m, o->structure, WG_POOL_KERNEL);
  if (o->file) wg_file_close(m, o);
  wg_packets_free(m, o);
  if (o->name) wg_unhold(m, strlen(o->name) + 1);
  if (o->items) wg_unhold(m, o->items_held);
  m->bounds.listeners -= o->type == WG_O_NOTIFY_LISTENER;
  o->next_dead = m->objects.dead;
  m->objects.dead = o;
}

void wg_object_unref(struct wg_machine *m, struct wg_object *o) {
  WG_ASSERT(o->refs, "who lets go of an object held it");
  if (--o->refs == 0) bury(m, o);
}

static void object_free(struct wg_object *o) {
  free(o->file);
  free(o->items);
  free(o->name);
  free(o);
}

void wg_objects_reap(struct wg_machine *m) {
  for (struct wg_object *o; (o = m->objects.dead);) {
    m->objects.dead = o->next_dead;
    object_free(o);
  }
  wg_threads_reap(m);
}

void wg_objects_release(struct wg_machine *m) {
  struct wg_objects *all = &m->objects;
  wg_objects_reap(m);
  for (size_t i = 0; i < all->n; i++) {
    if (all->list[i]->file) wg_file_close(m, all->list[i]);
    wg_packets_free(m, all->list[i]);
    object_free(all->list[i]);
  }
  free(all->list);
  wg_map_release(&all->named);
  wg_map_release(&all->by_guest);
  wg_map_release(&all->ordinals);
  *all = (struct wg_objects){.n = 0};
}
