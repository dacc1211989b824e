// Xex*: the executable module and its header.
#include <stdlib.h>
#include <string.h>

#include "emu/kernel/kernel.h"

// Of Win32, as the reference has them: no NTSTATUS.
#define ERROR_INVALID_PARAMETER 87u
#define ERROR_NOT_FOUND 1168u

WG_CALL(XexCheckExecutablePrivilege, 1) {
  // Bits 32 and above have headers of their own.
  uint32_t value, at;
  if (A(0) < 32) return k->m->image.system_flags >> A(0) & 1;
  return A(0) < 96 && wg_xex_option(&k->m->image.header, 0x00030000u | A(0) / 32 << 8, &value, &at) &&
         value >> A(0) % 32 & 1;
}
// RtlImageXexHeaderField(header, key): the datum itself for keys ending 00, else its address.
WG_CALL(RtlImageXexHeaderField, 2) {
  uint32_t value, offset;
  if (!wg_xex_option(&k->m->image.header, A(1), &value, &offset)) return 0;
  if ((A(1) & 0xFF) == 0) return value;
  return A(0) + offset;
}
// By name, or the title without one.
WG_CALL(XexGetModuleHandle, 2) {
  struct wg_buf name = {0};
  if (A(0)) wg_kstr(k->m, A(0), &name);
  const struct wg_module *x = name.len ? wg_module_named(k->m, name.data) : k->m->modules.list[0];
  wg_buf_release(&name);
  wg_out_u32(k, A(1), "module", x ? x->ldr : 0);
  return x ? STATUS_SUCCESS : ERROR_NOT_FOUND;
}
// (module or 0 for the title, ordinal or name, address*): what is above 16 bits is a name's address.
WG_CALL(XexGetProcedureAddress, 3) {
  const struct wg_module *x = A(0) ? wg_module_at(k->m, A(0)) : k->m->modules.list[0];
  struct wg_buf name = {0};
  bool named = A(1) > 0xFFFF;
  if (named) {
    wg_kstr(k->m, A(1), &name);
    wg_json_str(wg_out(k), "procedure", name.data ? name.data : "");
  }
  uint32_t at = x ? wg_module_symbol(k->m, x, (uint16_t)A(1), !named ? NULL : name.data ? name.data : "") : 0;
  wg_buf_release(&name);
  wg_out_u32(k, A(2), "address", at);
  if (x == NULL) return STATUS_INVALID_HANDLE;
  return at ? STATUS_SUCCESS : STATUS_DRIVER_ENTRYPOINT_NOT_FOUND;
}
// The start-up functions that are due, one after another; then the module is the caller's.
static uint64_t start_modules(struct wg_kcall *k, struct wg_resume *starts, uint32_t handle_at) {
  if (starts == NULL) return 0;
  struct wg_module *x = wg_module_starting(starts);
  uint32_t args[3], fn = k->resumed && (uint32_t)k->result == 0 ? 0 : wg_module_next(starts, args);
  if (fn && k->thread) {
    wg_call_guest(k, fn, args, 3, starts);
    return 0;
  }
  bool gone = x->gone; // it has let itself be unloaded meanwhile
  uint32_t ldr = x->ldr;
  if (k->resumed && (uint32_t)k->result == 0) { // it refused
    if (!gone && wg_module_release(k->m, x)) wg_module_unload(k->m, x);
    gone = true;
  }
  wg_resume_free(k->m, starts);
  if (gone) return STATUS_DLL_INIT_FAILED;
  wg_out_u32(k, handle_at, "module", ldr);
  return STATUS_SUCCESS;
}
static uint64_t loaded(struct wg_kcall *k, uint32_t status, struct wg_module *x, const struct wg_err *err,
                       uint32_t handle_at) {
  KW32(k, handle_at, 0);
  if (status != STATUS_SUCCESS) {
    wg_json_str(wg_out(k), "error", err->msg);
    return status;
  }
  wg_module_loaded(k->m, x);
  return start_modules(k, wg_module_starts(x), handle_at);
}
// (name, flags, least version, handle*)
WG_CALL(XexLoadImage, 4) {
  if (k->resumed) return start_modules(k, wg_resumed(k, WG_RESUME_STARTS), A(3));
  if (A(3) == 0) return ERROR_INVALID_PARAMETER;
  struct wg_buf name = {0};
  struct wg_err err = {0};
  struct wg_module *x = NULL;
  wg_kstr(k->m, A(0), &name);
  uint32_t status = name.len ? wg_module_load(k->m, name.data, NULL, &x, &err) : STATUS_NO_SUCH_FILE;
  wg_buf_release(&name);
  return loaded(k, status, x, &err, A(3));
}
// (image, size, name, flags, least version, handle*)
WG_CALL(XexLoadImageFromMemory, 6) {
  if (k->resumed) return start_modules(k, wg_resumed(k, WG_RESUME_STARTS), A(5));
  if (A(5) == 0) return ERROR_INVALID_PARAMETER;
  struct wg_buf name = {0};
  struct wg_err err = {0};
  struct wg_module *x = NULL;
  const uint8_t *image = wg_kptr(k->m, A(0), A(1), false);
  wg_kstr(k->m, A(2), &name);
  uint32_t status = STATUS_INVALID_IMAGE_FORMAT;
  if (name.len && wg_module_named(k->m, name.data)) {
    wg_fail(&err, WG_INPUT, "%s: there is a module of that name", name.data);
    status = STATUS_OBJECT_NAME_COLLISION;
  } else if (image)
    status = wg_module_from(k->m, name.len ? name.data : "memory", image, A(1), &x, &err);
  wg_buf_release(&name);
  return loaded(k, status, x, &err, A(5));
}
WG_CALL(XexUnloadImage, 1) {
  if (k->resumed) {
    struct wg_resume *r = wg_resumed(k, WG_RESUME_UNLOAD);
    if (r == NULL) return 0;
    struct wg_module *left = wg_module_left(r);
    bool unused = wg_module_unused(left); // nobody has loaded it again while it was told
    left->leaving = false;
    if (unused) wg_module_unload(k->m, left);
    wg_resume_free(k->m, r);
    return STATUS_SUCCESS;
  }
  struct wg_module *x = wg_module_at(k->m, A(0));
  if (x == NULL || A(0) == 0) return STATUS_INVALID_HANDLE;
  if (!wg_module_release(k->m, x)) return STATUS_SUCCESS;
  const uint32_t args[3] = {x->ldr, WG_DLL_PROCESS_DETACH, 0};
  if (x->image->entry && k->thread && (x->image->module_flags & WG_MODULE_DLL))
    wg_call_guest(k, x->image->entry, args, 3, wg_module_leaving(x));
  else
    wg_module_unload(k->m, x);
  return STATUS_SUCCESS;
}
// (pc, module*): the image that holds an address.
WG_CALL(XexPcToFileHeader, 2) {
  const struct wg_module *x = wg_module_containing(k->m, A(0));
  wg_out_u32(k, A(1), "module", x ? x->ldr : 0);
  return x ? x->image->base : 0;
}
// A resource of a module (header 2FF: a size, then {name[8], address, size}).
WG_CALL(XexGetModuleSection, 4) {
  uint32_t value, offset, n;
  const struct wg_module *x = A(0) ? wg_module_at(k->m, A(0)) : k->m->modules.list[0];
  if (x == NULL) return STATUS_INVALID_HANDLE;
  static const struct wg_buf none;
  const struct wg_buf *h = x->image ? &x->image->header : &none;
  struct wg_buf name = {0};
  uint64_t status = 0xC0000225u; // STATUS_NOT_FOUND
  wg_kstr(k->m, A(1), &name);
  if (wg_xex_option(h, 0x2FF, &value, &offset) && (uint64_t)offset + 4 <= h->len) {
    n = wg_load_be32((const uint8_t *)h->data + offset);
    for (uint64_t at = (uint64_t)offset + 4; n >= 20 && at + 16 <= h->len && at + 16 <= (uint64_t)offset + n;
         at += 16) {
      const uint8_t *p = (const uint8_t *)h->data + at;
      if (name.len > 8 || strncmp((const char *)p, name.len ? name.data : "", 8) != 0) continue;
      wg_out_u32(k, A(2), "address", WG_LOAD(p, XEX_RESOURCE, ADDRESS));
      wg_out_i32(k, A(3), "size", (int32_t)WG_LOAD(p, XEX_RESOURCE, SIZE));
      status = STATUS_SUCCESS;
      break;
    }
  }
  wg_buf_release(&name);
  return status;
}
#define HEADER_PIECE 0x800u // what a header is a multiple of
#define HEADER_MOST 0x10000u

// Its first piece says how many more there are.
static uint32_t load_headers(struct wg_kcall *k, struct wg_node *node) {
  uint8_t *p = wg_kptr(k->m, A(1), HEADER_PIECE, true);
  int64_t got = p ? wg_vfs_read(k->m->vfs, node, 0, p, HEADER_PIECE) : -1;
  if (got < 0) return STATUS_UNSUCCESSFUL;
  uint32_t size = got >= WG_SIZEOF_XEX_HEADER && memcmp(p, "XEX2", 4) == 0 ? WG_LOAD(p, XEX_HEADER, SIZE) : 0;
  if (size < HEADER_PIECE || size > HEADER_MOST || size % HEADER_PIECE) return STATUS_INVALID_IMAGE_FORMAT;
  if (size > A(2)) return STATUS_BUFFER_TOO_SMALL;
  p = wg_kptr(k->m, A(1), size, true);
  return p && wg_vfs_read(k->m->vfs, node, 0, p, size) >= 0 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}
// (path, buffer, size): the header of a module's file.
WG_CALL(XexLoadImageHeaders, 3) {
  struct wg_buf path = {0};
  struct wg_node *node = NULL, *parent;
  const char *leaf;
  if (A(2) < HEADER_PIECE) return STATUS_BUFFER_TOO_SMALL;
  wg_kansi(k->m, A(0), &path);
  bool found = path.len && wg_vfs_find(k->m->vfs, NULL, path.data, &node, &parent, &leaf) == WG_FOUND;
  wg_buf_release(&path);
  if (!found) return STATUS_NO_SUCH_FILE;
  return node->directory ? STATUS_FILE_IS_A_DIRECTORY : load_headers(k, node);
}
// As the reference: it is loaded like any other, and nothing of it is run unless it is a library.
WG_CALL(XexLoadExecutable, 4) { return wg_k_XexLoadImage(k); }
