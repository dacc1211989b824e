// Objects and threads by name and id; symbolic links.
#include <string.h>

#include "emu/kernel/kernel.h"

static const enum wg_otype named_types[] = {WG_O_EVENT, WG_O_SEMAPHORE, WG_O_MUTANT, WG_O_TIMER};
static struct wg_object *by_name(struct wg_kcall *k, uint32_t ansi) {
  struct wg_buf name = {0};
  struct wg_object *o = NULL;
  wg_kansi(k->m, ansi, &name);
  for (size_t i = 0; o == NULL && name.len && i < sizeof named_types / sizeof *named_types; i++)
    o = wg_object_named(k->m, named_types[i], name.data);
  wg_buf_release(&name);
  return o;
}
// (attributes, type, parse context, handle*)
WG_CALL(ObOpenObjectByName, 4) {
  if (A(0) == 0) return STATUS_INVALID_PARAMETER;
  struct wg_object *o = by_name(k, WG_GET(k->m, A(0), OBJECT_ATTRIBUTES, NAME));
  if (o == NULL) return STATUS_OBJECT_NAME_NOT_FOUND;
  if (!wg_handle_room(k->m)) return STATUS_INSUFFICIENT_RESOURCES;
  o->refs++;
  wg_out_u32(k, A(3), "handle", wg_handle_publish(k->m, o));
  return STATUS_SUCCESS;
}
// (name, attributes, type, parse context, pointer*)
WG_CALL(ObReferenceObjectByName, 5) {
  struct wg_object *o = by_name(k, A(0));
  if (o == NULL) return STATUS_OBJECT_NAME_NOT_FOUND;
  wg_object_reference(o);
  wg_out_u32(k, A(4), "pointer", o->guest);
  return STATUS_SUCCESS;
}
WG_CALL(ObLookupThreadByThreadId, 2) {
  struct wg_thread *t = wg_thread_by_tid(k->m, A(0));
  bool found = t && t->object;
  if (found) wg_object_reference(t->object);
  wg_out_u32(k, A(1), "pointer", found ? t->kthread : 0);
  if (!found) return STATUS_INVALID_PARAMETER;
  return STATUS_SUCCESS;
}
// Memory with an object header; what the title makes of it is its own.
WG_CALL(ObCreateObject, 4) {
  uint32_t at = A(2) < WG_POOL_SIZE ? wg_pool_alloc(k->m, A(2) + WG_SIZEOF_OBJECT_HEADER, WG_POOL_TITLE) : 0;
  if (at == 0) return STATUS_NO_MEMORY;
  WG_PUT(k->m, at, OBJECT_HEADER, POINTERS, 1);
  WG_PUT(k->m, at, OBJECT_HEADER, TYPE, A(0));
  wg_out_u32(k, A(3), "pointer", at + WG_SIZEOF_OBJECT_HEADER);
  return STATUS_SUCCESS;
}
WG_CALL(ObLookupAnyThreadByThreadId, 2) { return wg_k_ObLookupThreadByThreadId(k); }

// --- symbolic links ------------------------------------------------------------------------------------

WG_CALL(NtOpenSymbolicLinkObject, 2) {
  struct wg_buf name = {0};
  if (A(1) == 0) return STATUS_INVALID_PARAMETER;
  wg_kansi(k->m, WG_GET(k->m, A(1), OBJECT_ATTRIBUTES, NAME), &name);
  const char *n = name.len ? name.data : "";
  if (strncmp(n, "\\??\\", 4) == 0) n += 4;
  uint32_t status = STATUS_OBJECT_NAME_NOT_FOUND;
  if (wg_vfs_link_target(k->m->vfs, n)) {
    struct wg_object *o = wg_object_make(k, WG_O_SYMBOLIC_LINK, 0, &status);
    if (o && !wg_object_name(k->m, o, n)) {
      wg_object_unref(k->m, o);
      o = NULL;
      status = STATUS_INSUFFICIENT_RESOURCES;
    }
    wg_out_u32(k, A(0), "handle", o ? wg_handle_publish(k->m, o) : 0);
  }
  wg_buf_release(&name);
  return status;
}
WG_CALL(NtQuerySymbolicLinkObject, 2) {
  struct wg_object *o = wg_handle_get(k->m, A(0));
  const char *to = o && o->type == WG_O_SYMBOLIC_LINK ? wg_vfs_link_target(k->m->vfs, o->name) : NULL;
  if (to == NULL) return STATUS_INVALID_HANDLE;
  uint32_t n = (uint32_t)strlen(to), room = WG_GET(k->m, A(1), STRING, ROOM);
  if (n > room) return STATUS_BUFFER_TOO_SMALL;
  uint8_t *p = wg_kptr(k->m, WG_GET(k->m, A(1), STRING, BUFFER), n, true);
  if (p && n) memcpy(p, to, n);
  WG_PUT(k->m, A(1), STRING, LENGTH, n);
  wg_json_str(wg_out(k), "target", to);
  wg_told(k, A(1));
  return STATUS_SUCCESS;
}
WG_CALL(ObCreateSymbolicLink, 2) {
  struct wg_buf name = {0}, target = {0};
  wg_kansi(k->m, A(0), &name);
  wg_kansi(k->m, A(1), &target);
  const char *from = strncmp(name.data, "\\??\\", 4) == 0 ? name.data + 4 : name.data;
  const char *to = strncmp(target.data, "\\??\\", 4) == 0 ? target.data + 4 : target.data;
  if (*from) wg_vfs_link(k->m->vfs, from, to);
  wg_buf_release(&name);
  wg_buf_release(&target);
  return STATUS_SUCCESS;
}
WG_CALL(ObDeleteSymbolicLink, 1) {
  struct wg_buf name = {0};
  wg_kansi(k->m, A(0), &name);
  const char *from = strncmp(name.data, "\\??\\", 4) == 0 ? name.data + 4 : name.data;
  bool ok = wg_vfs_unlink(k->m->vfs, from);
  wg_buf_release(&name);
  return ok ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
}
