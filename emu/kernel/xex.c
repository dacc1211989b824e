// Xex*: the executable module and its header.
#include <string.h>
#include <strings.h>

#include "emu/kernel/kernel.h"

static uint64_t k_XexCheckExecutablePrivilege(struct wg_kcall *k) {
  return A(0) < 32 ? k->m->image.system_flags >> A(0) & 1 : 0;
}
// RtlImageXexHeaderField(header, key): the datum itself for keys ending 00, else its address.
static uint64_t k_RtlImageXexHeaderField(struct wg_kcall *k) {
  uint32_t value, offset;
  if (!wg_xex_option(&k->m->image.header, A(1), &value, &offset)) return 0;
  if ((A(1) & 0xFF) == 0) return value;
  return A(0) + offset;
}
static bool is_system_module(const char *name) {
  return strcasecmp(name, "xboxkrnl.exe") == 0 || strcasecmp(name, "xam.xex") == 0;
}
// Kernel modules are told apart by small handles that only these calls understand.
#define KRNL_HANDLE 0x30000001u
#define XAM_HANDLE 0x30000002u
static uint64_t k_XexGetModuleHandle(struct wg_kcall *k) {
  struct wg_buf name = {0};
  uint32_t h = k->m->ldr_entry;
  if (A(0)) {
    wg_kstr(k->m, A(0), &name);
    h = strcasecmp(name.data, "xboxkrnl.exe") == 0 ? KRNL_HANDLE : is_system_module(name.data) ? XAM_HANDLE : 0;
  }
  wg_buf_release(&name);
  KW32(k, A(1), h);
  return h ? STATUS_SUCCESS : STATUS_DLL_NOT_FOUND;
}
static uint64_t k_XexGetProcedureAddress(struct wg_kcall *k) {
  const char *module = A(0) == XAM_HANDLE ? "xam.xex" : "xboxkrnl.exe";
  struct wg_export *x = A(0) == KRNL_HANDLE || A(0) == XAM_HANDLE ? wg_export_find(k->m, module, (uint16_t)A(1)) : NULL;
  if (x == NULL) {
    KW32(k, A(2), 0);
    return STATUS_ENTRYPOINT_NOT_FOUND;
  }
  uint32_t at = x->address;
  if (x->kind == 'V')
    at = wg_variable(k->m, x);
  else if (at == 0) {
    at = wg_pool_alloc(k->m, 16);
    uint8_t *p = k->m->mem->base + at;
    wg_store_be32(p, 0x44000042u);
    wg_store_be32(p + 4, 0x4E800020u);
    wg_store_be32(p + 8, wg_export_index(k->m, x));
    x->address = at;
  }
  KW32(k, A(2), at);
  return STATUS_SUCCESS;
}
static uint64_t k_XexLoadImage(struct wg_kcall *k) {
  if (A(3)) KW32(k, A(3), 0);
  return STATUS_DLL_NOT_FOUND; // user modules are not loaded yet
}
// A resource of the title (header 2FF: a size, then {name[8], address, size}).
static uint64_t k_XexGetModuleSection(struct wg_kcall *k) {
  uint32_t value, offset, n;
  const struct wg_buf *h = &k->m->image.header;
  struct wg_buf name = {0};
  uint64_t status = 0xC0000225u; // STATUS_NOT_FOUND
  wg_kstr(k->m, A(1), &name);
  if (wg_xex_option(h, 0x2FF, &value, &offset) && offset + 4 <= h->len) {
    n = wg_load_be32((const uint8_t *)h->data + offset);
    for (uint32_t at = offset + 4; n >= 20 && at + 16 <= h->len && at + 16 <= offset + n; at += 16) {
      const uint8_t *p = (const uint8_t *)h->data + at;
      if (name.len > 8 || strncmp((const char *)p, name.len ? name.data : "", 8) != 0) continue;
      KW32(k, A(2), wg_load_be32(p + 8));
      KW32(k, A(3), wg_load_be32(p + 12));
      status = STATUS_SUCCESS;
      break;
    }
  }
  wg_buf_release(&name);
  return status;
}
// (path, buffer, size): the first bytes of a module's file.
static uint64_t k_XexLoadImageHeaders(struct wg_kcall *k) {
  struct wg_buf path = {0};
  struct wg_node *node = NULL, *parent;
  const char *leaf;
  wg_kansi(k->m, A(0), &path);
  uint64_t status = STATUS_OBJECT_NAME_NOT_FOUND;
  if (path.len && wg_vfs_find(k->m->vfs, NULL, path.data, &node, &parent, &leaf) == WG_FOUND && !node->directory) {
    uint8_t *p = A(2) ? wg_kptr(k->m, A(1), A(2), true) : NULL;
    int64_t got = p ? wg_vfs_read(k->m->vfs, node, 0, p, A(2)) : -1;
    status = got < 0 ? STATUS_INVALID_PARAMETER : got >= 4 && memcmp(p, "XEX2", 4) == 0 ? STATUS_SUCCESS : 0xC000007Bu;
  }
  wg_buf_release(&path);
  return status;
}
static uint64_t k_no_module(struct wg_kcall *k) {
  (void)k; // user modules are not loaded yet
  return STATUS_DLL_NOT_FOUND;
}
static uint64_t k_XexUnloadImage(struct wg_kcall *k) {
  (void)k;
  return STATUS_SUCCESS;
}

WG_TABLE(xex) = {
    {"XexCheckExecutablePrivilege", k_XexCheckExecutablePrivilege, "d", 'd'},
    {"RtlImageXexHeaderField", k_RtlImageXexHeaderField, "pd", 'd'},
    {"XexGetModuleHandle", k_XexGetModuleHandle, "sp", 'S'},
    {"XexGetProcedureAddress", k_XexGetProcedureAddress, "pdp", 'S'},
    {"XexLoadImage", k_XexLoadImage, "sddp", 'S'},
    {"XexGetModuleSection", k_XexGetModuleSection, "pspp", 'S'},
    {"XexLoadImageHeaders", k_XexLoadImageHeaders, "apd", 'S'},
    {"XexLoadExecutable", k_no_module, "sddp", 'S'},
    {"XexLoadImageFromMemory", k_no_module, "pdsddp", 'S'},
    {"XexUnloadImage", k_XexUnloadImage, "p", 'S'},
    {0},
};
