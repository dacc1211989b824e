// The objects of a side: what a call is about, what handles name, who made it.
#include <string.h>

#include "base/json_iter.h"
#include "diff/load.h"

static bool initializes(const char *name) {
  return strncmp(name, "KeInitialize", 12) == 0 || strncmp(name, "RtlInitializeCritical", 21) == 0 ||
         strncmp(name, "ExInitializeReadWrite", 21) == 0;
}

static uint32_t placed_type(struct wg_side *s, const char *name) {
  static const struct {
    const char *part, *type;
  } types[] = {{"Event", "Event"},      {"Semaphore", "Semaphore"},      {"Timer", "Timer"},
               {"Mutant", "Mutant"},    {"Critical", "CriticalSection"}, {"ReadWrite", "ReadWriteLock"},
               {"SpinLock", "SpinLock"}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strstr(name, types[i].part)) return wg_strings_id(&s->strings, types[i].type, strlen(types[i].type));
  return 0;
}

static void created_here(struct wg_side *s, uint32_t object, const struct wg_dthread *t, const struct wg_open *o) {
  struct wg_dobject *x = &s->objects[object];
  x->thread = wg_thread_index(s, t);
  x->step = o->step;
  x->call = o->name;
  x->lr = o->lr;
}

static bool raw_member(const struct wg_event *e, enum wg_key key, const char *name, uint64_t *v) {
  const struct wg_field *f = wg_ev_get(e, key);
  struct wg_json_iter it;
  struct wg_json_member m;
  if (f == NULL || f->type != WG_F_RAW || !wg_json_walk(&it, f->s, f->n)) return false;
  while (wg_json_next(&it, &m)) {
    if (!wg_json_is(&m, name)) continue;
    if (strcmp(name, "object") != 0) return wg_json_int(&m, v);
    return wg_hsid_text(&m, v);
  }
  return false;
}

// A pointer to a thread's own object, as the trace tells of it: one object with its handles.
static uint32_t pointed_thread(struct wg_side *s, const struct wg_event *e, uint32_t pointer) {
  uint64_t hsid, id;
  if (!raw_member(e, WG_K_ARGS_RESOLVED, "object", &hsid) || !wg_map_get(&s->by_hsid, hsid, &id)) return WG_NONE;
  if (s->objects[id].is_thread == WG_NONE) return WG_NONE;
  wg_map_put(&s->by_guest, pointer, id);
  return (uint32_t)id;
}

static void point(struct wg_load *l, uint32_t pointer, uint32_t object) {
  size_t n = 0;
  wg_map_put(&l->s->by_guest, pointer, object);
  l->s->objects[object].pointed = true;
  for (size_t i = 0; i < l->nreferenced; i++)
    if (l->referenced[i].object != object) l->referenced[n++] = l->referenced[i];
  l->nreferenced = n;
}

// Pointers of which nothing is told are used in the order in which they were asked for, or right after that.
static uint32_t guessed_thread(struct wg_load *l, const struct wg_dthread *t, const char *name, uint32_t pointer) {
  uint64_t known;
  if (l->nreferenced == 0 || strstr(name, "Thread") == NULL || wg_map_get(&l->s->by_guest, pointer, &known))
    return WG_NONE;
  const struct wg_referenced *last = &l->referenced[l->nreferenced - 1];
  bool just = last->thread == wg_thread_index(l->s, t) && last->step + 1 == t->nsteps;
  // A pointer of another call may be the thread's own, which no call gives.
  if (!just && !strstr(name, "SuspendThread") && !strstr(name, "ResumeThread")) return WG_NONE;
  uint32_t object = just ? last->object : l->referenced[0].object;
  point(l, pointer, object);
  return object;
}

static void remember_reference(struct wg_load *l, const struct wg_dthread *t, const struct wg_open *o) {
  uint32_t object = t->steps[o->step].object;
  if (object == WG_NONE || l->s->objects[object].is_thread == WG_NONE || l->s->objects[object].pointed) return;
  if (l->nreferenced == WG_REFERENCED)
    memmove(l->referenced, l->referenced + 1, --l->nreferenced * sizeof *l->referenced);
  l->referenced[l->nreferenced++] = (struct wg_referenced){object, wg_thread_index(l->s, t), o->step};
}

// A call gave a pointer to the object that it was asked for, by a handle or a thread's number.
void wg_on_pointer(struct wg_load *l, const struct wg_dthread *t, const struct wg_open *o, const struct wg_event *e) {
  struct wg_side *s = l->s;
  const char *name = wg_str(s, o->name);
  uint64_t pointer, id;
  bool by_handle = strcmp(name, "ObReferenceObjectByHandle") == 0;
  if (!by_handle && strcmp(name, "ObLookupThreadByThreadId") != 0 && strcmp(name, "ObLookupAnyThreadByThreadId") != 0)
    return;
  if (e == NULL || !raw_member(e, WG_K_OUT, "pointer", &pointer) || pointer == 0) {
    if (by_handle) remember_reference(l, t, o);
    return;
  }
  if (by_handle) {
    id = t->steps[o->step].object;
  } else {
    const struct wg_dthread *x = o->nargs ? wg_side_thread(s, (uint32_t)o->args[0]) : NULL;
    id = x ? x->object : WG_NONE;
  }
  if (id != WG_NONE && s->objects[id].is_thread != WG_NONE) point(l, (uint32_t)pointer, (uint32_t)id);
}

// -- duplicates --

static void forget_twin(struct wg_load *l, size_t i) {
  memmove(&l->twins[i], &l->twins[i + 1], (--l->ntwins - i) * sizeof *l->twins);
}

void wg_on_duplicate(struct wg_load *l, const struct wg_dthread *t, const struct wg_open *o) {
  uint32_t object = t->steps[o->step].object;
  if (object == WG_NONE || strcmp(wg_str(l->s, o->name), "NtDuplicateObject") != 0) return;
  if (l->ntwins == WG_REFERENCED) forget_twin(l, 0);
  l->twins[l->ntwins++] = (struct wg_twin){object, wg_thread_index(l->s, t)};
}

// The log tells of the latest one's handle.
static void twin_told(struct wg_load *l, const struct wg_dthread *t) {
  for (size_t i = l->ntwins; i-- > 0;)
    if (l->twins[i].thread == wg_thread_index(l->s, t)) {
      forget_twin(l, i);
      return;
    }
}

// A handle that nothing told of, where the log tells of others, is the duplicate of which it does not: of those of its
// thread the earliest.
static uint32_t handle_object(struct wg_load *l, const struct wg_dthread *t, uint32_t handle) {
  struct wg_side *s = l->s;
  uint64_t known;
  bool told = wg_map_get(&s->by_handle, handle, &known) || handle >= 0xFFFFFFF0u;
  if (told || l->ntwins == 0 || !(s->effects & WG_DID_CREATE)) return wg_object_by_handle(s, handle);
  size_t i = 0;
  while (i + 1 < l->ntwins && l->twins[i].thread != wg_thread_index(s, t)) i++;
  if (l->twins[i].thread != wg_thread_index(s, t)) i = 0;
  wg_map_put(&s->by_handle, handle, l->twins[i].object);
  known = l->twins[i].object;
  forget_twin(l, i);
  return (uint32_t)known;
}

// -- slots of thread-local storage: numbers that the engine gives, as handles are --

#define SLOT(v) ((uint64_t)1 << 40 | (uint32_t)(v)) // beside handles

static uint32_t slot_object(struct wg_side *s, uint32_t slot) {
  uint64_t id;
  if (slot == UINT32_MAX) return WG_NONE;
  if (wg_map_get(&s->by_handle, SLOT(slot), &id)) return (uint32_t)id;
  id = wg_object_add(s, wg_strings_id(&s->strings, "TlsSlot", 7));
  wg_map_put(&s->by_handle, SLOT(slot), id);
  return (uint32_t)id;
}

void wg_on_slot(struct wg_side *s, struct wg_dthread *t, const struct wg_open *o, uint32_t slot) {
  if (slot == UINT32_MAX) return;
  wg_map_del(&s->by_handle, SLOT(slot));
  uint32_t id = slot_object(s, slot);
  created_here(s, id, t, o);
  t->steps[o->step].object = id;
}

// The object that a call is about: by its first handle, slot or dispatcher object.
uint32_t wg_called_object(struct wg_load *l, const struct wg_dthread *t, const struct wg_open *o,
                          const struct wg_event *e, const char *name) {
  struct wg_side *s = l->s;
  const char *kinds = o->nt ? o->nt->params : "";
  for (unsigned i = 0; kinds[i] && i < o->nargs; i++) {
    uint32_t v = (uint32_t)o->args[i];
    if (kinds[i] == 'h' && v) return handle_object(l, t, v);
    if (kinds[i] == 'n') return slot_object(s, v);
    if (kinds[i] != 'O' || v == 0) continue;
    if (initializes(name)) {
      uint32_t id = wg_object_add(s, placed_type(s, name));
      s->objects[id].guest = v;
      wg_map_put(&s->by_guest, v, id);
      created_here(s, id, t, o);
    }
    uint32_t id = initializes(name) ? WG_NONE : pointed_thread(s, e, v);
    if (id == WG_NONE) id = guessed_thread(l, t, name, v);
    if (id != WG_NONE) return id;
    id = wg_object_by_guest(s, v);
    if (s->objects[id].type == 0) s->objects[id].type = placed_type(s, name);
    return id;
  }
  return WG_NONE;
}

// A call that an event belongs to may have no handle argument: what it created is what it is about.
void wg_adopt_created(struct wg_dthread *t, struct wg_open *o) {
  if (o->created != WG_NONE && t->steps[o->step].object == WG_NONE) t->steps[o->step].object = o->created;
}

uint32_t wg_object_by_hsid(struct wg_side *s, uint64_t hsid) {
  uint64_t id;
  if (wg_map_get(&s->by_hsid, hsid, &id)) return (uint32_t)id;
  id = wg_object_add(s, 0);
  wg_map_put(&s->by_hsid, hsid, id);
  return (uint32_t)id;
}

// Who makes an object of a name that there is gets the one that there is; a text log does not say so.
static bool is_there(const struct wg_side *s, const struct wg_open *o, uint64_t *id) {
  const struct wg_nt_export *nt = o ? o->nt : NULL;
  if (!s->text_log || nt == NULL || o->detail == 0 || !(nt->flags & WG_NT_CREATES) || nt->flags & WG_NT_OPENS)
    return false;
  for (size_t i = s->nobjects; i-- > 0;) {
    if (s->objects[i].name != o->detail || s->objects[i].call != o->name) continue;
    *id = i;
    return true;
  }
  return false;
}

void wg_on_handle(struct wg_load *l, struct wg_dthread *t, const struct wg_event *e) {
  struct wg_side *s = l->s;
  uint64_t raw, hsid = 0, id;
  if (!wg_ev_u64(e, WG_K_RAW, &raw) && !wg_ev_u64(e, WG_K_HANDLE, &raw)) return;
  struct wg_builder *b = t->builder;
  struct wg_open *o = b->nopen ? &b->open[b->nopen - 1] : NULL;
  bool has_id = wg_hsid_of(e, &hsid), known = has_id && wg_map_get(&s->by_hsid, hsid, &id);
  wg_effect(s, t, WG_DID_CREATE);
  bool dup = e->kind == WG_EV_HANDLE_DUP || (o && strcmp(wg_str(s, o->name), "NtDuplicateObject") == 0);
  if (dup) twin_told(l, t);
  if (!known && dup && o && t->steps[o->step].object != WG_NONE) {
    id = t->steps[o->step].object;
    known = true;
  }
  known = known || is_there(s, o, &id);
  if (!known) {
    id = wg_object_add(s, wg_event_text(s, e, WG_K_OBJECT_TYPE));
    if (o) {
      created_here(s, (uint32_t)id, t, o);
      wg_type_by_maker(s, (uint32_t)id, wg_str(s, o->name));
      s->objects[id].name = o->detail;
    } else {
      s->objects[id].thread = wg_thread_index(s, t);
    }
    if (has_id) wg_map_put(&s->by_hsid, hsid, id);
  }
  if (s->objects[id].type == 0) s->objects[id].type = wg_event_text(s, e, WG_K_OBJECT_TYPE);
  s->objects[id].handle = (uint32_t)raw;
  s->objects[id].by_handle = true;
  wg_map_put(&s->by_handle, (uint32_t)raw, id);
  if (o && o->created == WG_NONE) {
    o->created = (uint32_t)id;
    wg_adopt_created(t, o);
  }
}

void wg_on_handle_end(struct wg_load *l, struct wg_dthread *t, const struct wg_event *e) {
  uint64_t raw;
  wg_effect(l->s, t, WG_DID_DESTROY);
  l->destroys = true;
  if (wg_ev_u64(e, WG_K_RAW, &raw) || wg_ev_u64(e, WG_K_HANDLE, &raw)) wg_map_del(&l->s->by_handle, (uint32_t)raw);
}
