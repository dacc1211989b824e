// Handles, dispatcher objects in guest memory and semantic ids of one side become objects with lifetimes.
#include "base/vec.h"
#include "diff/model.h"

uint32_t wg_object_add(struct wg_side *s, uint32_t type) {
  WG_VEC_ROOM(s->objects, s->objects_cap, s->nobjects + 1);
  s->objects[s->nobjects] = (struct wg_dobject){.type = type,
                                                .thread = WG_NONE,
                                                .step = WG_NONE,
                                                .is_thread = WG_NONE,
                                                .owner = WG_NONE,
                                                .owner_step = WG_NONE,
                                                .initial = -1};
  return (uint32_t)s->nobjects++;
}

void wg_type_by_maker(struct wg_side *s, uint32_t object, const char *call) {
  static const char *const makers[][2] = {{"NtCreateEvent", "Event"},
                                          {"NtCreateSemaphore", "Semaphore"},
                                          {"NtCreateMutant", "Mutant"},
                                          {"NtCreateTimer", "Timer"},
                                          {"ExCreateThread", "Thread"},
                                          {"NtCreateIoCompletion", "IoCompletion"},
                                          {"NtCreateFile", "File"},
                                          {"NtOpenFile", "File"},
                                          {"XamNotifyCreateListener", "NotifyListener"}};
  struct wg_dobject *d = &s->objects[object];
  for (size_t i = 0; d->type == 0 && i < sizeof makers / sizeof *makers; i++)
    if (strcmp(call, makers[i][0]) == 0) d->type = wg_strings_id(&s->strings, makers[i][1], strlen(makers[i][1]));
}

uint32_t wg_object_by_handle(struct wg_side *s, uint32_t handle) {
  uint64_t id;
  if (handle == 0 || handle >= 0xFFFFFFF0u) return WG_NONE;
  if (wg_map_get(&s->by_handle, handle, &id)) return (uint32_t)id;
  id = wg_object_add(s, 0); // it was there before the log began, or nobody told
  s->objects[id].handle = handle;
  s->objects[id].by_handle = true;
  wg_map_put(&s->by_handle, handle, id);
  return (uint32_t)id;
}

uint32_t wg_object_by_guest(struct wg_side *s, uint32_t addr) {
  uint64_t id;
  if (addr == 0) return WG_NONE;
  if (wg_map_get(&s->by_guest, addr, &id)) return (uint32_t)id;
  id = wg_object_add(s, 0);
  s->objects[id].guest = addr;
  wg_map_put(&s->by_guest, addr, id);
  return (uint32_t)id;
}
