// Files and directories (docs/console.md#objects, #file-systems): every request completes at once.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emu/kernel/ntfile.h"
#include "emu/kernel/kernel.h"
#include "emu/kernel/state.h"

enum { FILE_SUPERSEDE, FILE_OPEN, FILE_CREATE, FILE_OPEN_IF, FILE_OVERWRITE, FILE_OVERWRITE_IF };
enum { FILE_SUPERSEDED, FILE_OPENED, FILE_CREATED, FILE_OVERWRITTEN, FILE_EXISTS, FILE_DOES_NOT_EXIST };
#define FILE_DIRECTORY_FILE 1u
#define FILE_NON_DIRECTORY_FILE 0x40u
#define FILE_DELETE_ON_CLOSE 0x1000u
#define WRITE_ACCESS 0x50010116u // GENERIC_WRITE|ALL, DELETE, WRITE_DATA, APPEND_DATA, WRITE_EA, WRITE_ATTRIBUTES

void wg_file_close(struct wg_machine *m, struct wg_object *o) {
  struct wg_node *n = o->file->node;
  n->opens--;
  if (n->delete_on_close && n->opens == 0) wg_vfs_remove(m->vfs, n);
  free(o->file->pattern);
  o->file->pattern = NULL; // the rest of it goes with the object
}

#define MAX_PATH 1024u // bytes; the console's file systems bear 256

struct wg_file *wg_file_of(struct wg_kcall *k, uint32_t handle) {
  struct wg_object *o = wg_handle_get(k->m, handle);
  return o ? o->file : NULL;
}

uint64_t wg_io_status(struct wg_kcall *k, uint32_t iosb, uint32_t status, uint32_t information) {
  if (iosb) {
    WG_PUT(k->m, iosb, IO_STATUS_BLOCK, STATUS, status);
    WG_PUT(k->m, iosb, IO_STATUS_BLOCK, INFORMATION, information);
    wg_json_hex(wg_out(k), "io_status", status);
    wg_json_u64(wg_out(k), "information", information);
    wg_told(k, iosb);
  }
  return status;
}

void wg_file_signal(struct wg_kcall *k, uint32_t handle) {
  struct wg_object *o = handle ? wg_handle_get(k->m, handle) : NULL;
  if (o && o->type == WG_O_EVENT) wg_signal(k->m, o, "set", 1, 1);
}

// Looks a name up as OBJECT_ATTRIBUTES gives it.
static enum wg_lookup lookup(struct wg_kcall *k, uint32_t attributes, struct wg_buf *path, struct wg_node **node,
                             struct wg_node **parent, const char **leaf) {
  uint32_t root = WG_GET(k->m, attributes, OBJECT_ATTRIBUTES, ROOT);
  wg_kansi(k->m, WG_GET(k->m, attributes, OBJECT_ATTRIBUTES, NAME), path);
  struct wg_node *from = NULL;
  if (root && root != 0xFFFFFFFDu) { // DosDevices
    struct wg_file *f = wg_file_of(k, root);
    if (f == NULL) return WG_NO_DEVICE;
    from = f->node;
  }
  if (strlen(path->data) != path->len || path->len > MAX_PATH) return WG_BAD_NAME;
  return wg_vfs_find(k->m->vfs, from, path->data, node, parent, leaf);
}

static uint32_t lookup_status(enum wg_lookup r) {
  switch (r) {
  case WG_FOUND: return STATUS_SUCCESS;
  case WG_NO_DEVICE: return STATUS_NO_SUCH_FILE;
  case WG_NO_PATH: return STATUS_OBJECT_PATH_NOT_FOUND;
  case WG_NO_NAME: return STATUS_OBJECT_NAME_NOT_FOUND;
  case WG_BAD_NAME: break;
  }
  return STATUS_OBJECT_NAME_INVALID;
}

static uint32_t attributes_of(struct wg_machine *m, const struct wg_node *n) {
  uint32_t a = n->directory ? WG_ATTR_DIRECTORY : WG_ATTR_NORMAL;
  return a | (wg_vfs_writable(m->vfs, n) ? 0 : WG_ATTR_READONLY);
}

// What creating or overwriting does to an existing or missing node; the status, and what happened.
static uint32_t dispose(struct wg_kcall *k, enum wg_lookup found, struct wg_node **node, struct wg_node *parent,
                        const char *leaf, uint32_t disposition, uint32_t options, uint32_t *action) {
  struct wg_machine *m = k->m;
  bool creates = disposition != FILE_OPEN && disposition != FILE_OVERWRITE;
  if (found == WG_NO_NAME && creates) {
    if (!wg_vfs_writable(m->vfs, parent)) return STATUS_ACCESS_DENIED;
    *node = wg_vfs_add(m->vfs, parent, leaf, options & FILE_DIRECTORY_FILE, wg_system_time(m));
    *action = FILE_CREATED;
    return *node ? STATUS_SUCCESS : STATUS_DISK_FULL;
  }
  if (found != WG_FOUND) {
    *action = FILE_DOES_NOT_EXIST;
    return lookup_status(found);
  }
  struct wg_node *n = *node;
  *action = FILE_OPENED;
  if (disposition == FILE_CREATE) {
    *action = FILE_EXISTS;
    return STATUS_OBJECT_NAME_COLLISION;
  }
  if (n->directory && (options & FILE_NON_DIRECTORY_FILE)) return STATUS_FILE_IS_A_DIRECTORY;
  if (!n->directory && (options & FILE_DIRECTORY_FILE)) return STATUS_NOT_A_DIRECTORY;
  if (disposition == FILE_OPEN || disposition == FILE_OPEN_IF) return STATUS_SUCCESS;
  if (n->directory || !wg_vfs_writable(m->vfs, n)) return STATUS_ACCESS_DENIED;
  *action = disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED : FILE_OVERWRITTEN;
  return wg_vfs_resize(m->vfs, n, 0) ? STATUS_SUCCESS : STATUS_DISK_FULL;
}

static uint64_t open_file(struct wg_kcall *k, uint32_t access, uint32_t disposition, uint32_t options) {
  struct wg_machine *m = k->m;
  struct wg_buf path = {0};
  struct wg_node *node = NULL, *parent = NULL;
  const char *leaf = NULL;
  uint32_t action = 0;
  enum wg_lookup found = lookup(k, A(2), &path, &node, &parent, &leaf);
  uint32_t status = m->calls.fault ? STATUS_INVALID_PARAMETER
                    : disposition > FILE_OVERWRITE_IF
                        ? STATUS_INVALID_PARAMETER
                        : dispose(k, found, &node, parent, leaf, disposition, options, &action);
  uint32_t handle = 0;
  struct wg_object *o = status == STATUS_SUCCESS ? wg_object_make(k, WG_O_FILE, 0x40, &status) : NULL;
  if (o && !wg_object_name(m, o, path.data)) {
    wg_object_unref(m, o);
    status = STATUS_INSUFFICIENT_RESOURCES;
  }
  if (o && status == STATUS_SUCCESS) {
    WG_PUT(m, o->guest, DISPATCHER_HEADER, STATE, 1); // a file is signalled when its request is complete: always
    o->file = wg_xcalloc(1, sizeof *o->file);
    o->file->node = node;
    o->file->can_write = (access & WRITE_ACCESS) && wg_vfs_writable(m->vfs, node);
    node->opens++;
    if (options & FILE_DELETE_ON_CLOSE && o->file->can_write) node->delete_on_close = true;
    handle = wg_handle_publish(m, o);
    if (!node->directory) wg_json_u64(wg_out(k), "size", node->size);
  }
  wg_out_u32(k, A(0), "handle", handle);
  wg_io_status(k, A(3), status, action);
  wg_buf_release(&path);
  return status;
}
// NtCreateFile(handle*, access, attributes, iosb, allocation*, file attributes, share, disposition, options)
WG_CALL(NtCreateFile, 9) { return open_file(k, A(1), A(7), A(8)); }
WG_CALL(NtOpenFile, 6) { return open_file(k, A(1), FILE_OPEN, A(5)); }

static void put_times(struct wg_kcall *k, uint32_t at, const struct wg_node *n) {
  for (unsigned i = 0; i < 4; i++) wg_kw(k->m, at + 8 * i, 8, n->time);
}
static uint64_t allocation(const struct wg_node *n) { return (n->size + 4095) & ~4095ull; }
// Times are named, so that they do not hide in a hash: they never count.
static void tell_attributes(struct wg_kcall *k, uint32_t at, const struct wg_node *n) {
  wg_json_u64(wg_out(k), "size", n->size);
  wg_json_hex(wg_out(k), "attributes", attributes_of(k->m, n));
  wg_json_i64(wg_out(k), "time", (int64_t)n->time);
  wg_told(k, at);
}
static void put_network_open(struct wg_kcall *k, uint32_t at, const struct wg_node *n) {
  put_times(k, at, n);
  WG_PUT(k->m, at, FILE_NETWORK_OPEN_INFORMATION, ALLOCATION, allocation(n));
  WG_PUT(k->m, at, FILE_NETWORK_OPEN_INFORMATION, END, n->size);
  WG_PUT(k->m, at, FILE_NETWORK_OPEN_INFORMATION, ATTRIBUTES, attributes_of(k->m, n));
  WG_PUT(k->m, at, FILE_NETWORK_OPEN_INFORMATION, PADDING, 0);
  tell_attributes(k, at, n);
}

WG_CALL(NtQueryFullAttributesFile, 2) {
  struct wg_buf path = {0};
  struct wg_node *node = NULL, *parent = NULL;
  const char *leaf = NULL;
  enum wg_lookup found = lookup(k, A(0), &path, &node, &parent, &leaf);
  wg_buf_release(&path);
  // As the reference: a name that is not there is "no such file", whichever part of it is missing.
  if (found != WG_FOUND) return found == WG_BAD_NAME ? STATUS_OBJECT_NAME_INVALID : STATUS_NO_SUCH_FILE;
  put_network_open(k, A(1), node);
  return STATUS_SUCCESS;
}

// NtQueryInformationFile(handle, iosb, buffer, length, class)
WG_CALL(NtQueryInformationFile, 5) {
  struct wg_file *f = wg_file_of(k, A(0));
  if (f == NULL) return STATUS_INVALID_HANDLE;
  const struct wg_node *n = f->node;
  static const uint8_t sizes[64] = {[4] = WG_SIZEOF_FILE_BASIC_INFORMATION,
                                    [5] = WG_SIZEOF_FILE_STANDARD_INFORMATION,
                                    [6] = 8,
                                    [0xE] = 8,
                                    [0x22] = WG_SIZEOF_FILE_NETWORK_OPEN_INFORMATION,
                                    [0x23] = WG_SIZEOF_FILE_ATTRIBUTE_TAG_INFORMATION,
                                    [0x1A] = 4,
                                    [0x1B] = 4};
  uint32_t size = A(4) < 64 ? sizes[A(4)] : 0, at = A(2);
  if (size == 0) return wg_io_status(k, A(1), STATUS_INVALID_INFO_CLASS, 0);
  if (A(3) < size) return wg_io_status(k, A(1), STATUS_INFO_LENGTH_MISMATCH, 0);
  switch (A(4)) {
  case 4:
    put_times(k, at, n);
    WG_PUT(k->m, at, FILE_BASIC_INFORMATION, ATTRIBUTES, attributes_of(k->m, n));
    WG_PUT(k->m, at, FILE_BASIC_INFORMATION, PADDING, 0);
    tell_attributes(k, at, n);
    break;
  case 5:
    WG_PUT(k->m, at, FILE_STANDARD_INFORMATION, ALLOCATION, allocation(n));
    WG_PUT(k->m, at, FILE_STANDARD_INFORMATION, END, n->size);
    WG_PUT(k->m, at, FILE_STANDARD_INFORMATION, LINKS, 1);
    WG_PUT(k->m, at, FILE_STANDARD_INFORMATION, FLAGS,
           (uint32_t)n->delete_on_close << 24 | (uint32_t)n->directory << 16);
    wg_json_u64(wg_out(k), "size", n->size);
    wg_json_bool(wg_out(k), "delete", n->delete_on_close);
    wg_json_bool(wg_out(k), "directory", n->directory);
    wg_told(k, at);
    break;
  case 6: wg_kw(k->m, at, 8, wg_hash(n->name, strlen(n->name), 0)); break;
  case 0xE:
    wg_kw(k->m, at, 8, f->position);
    wg_json_i64(wg_out(k), "position", (int64_t)f->position);
    wg_told(k, at);
    break;
  case 0x22: put_network_open(k, at, n); break;
  case 0x23:
    wg_out_u32(k, at, "attributes", attributes_of(k->m, n));
    WG_PUT(k->m, at, FILE_ATTRIBUTE_TAG_INFORMATION, TAG, 0);
    break;
  default: KW32(k, at, 0); break;
  }
  return wg_io_status(k, A(1), STATUS_SUCCESS, size);
}

static uint32_t rename_file(struct wg_kcall *k, struct wg_file *f, uint32_t info) {
  struct wg_buf path = {0};
  struct wg_node *node = NULL, *parent = NULL;
  const char *leaf = NULL;
  wg_kansi(k->m, WG_ADDR(info, FILE_RENAME_INFORMATION, NAME), &path);
  wg_json_str(wg_out(k), "path", path.data);
  enum wg_lookup found =
      path.len > MAX_PATH ? WG_BAD_NAME : wg_vfs_find(k->m->vfs, NULL, path.data, &node, &parent, &leaf);
  wg_buf_release(&path);
  if (found == WG_FOUND) return STATUS_OBJECT_NAME_COLLISION;
  if (found != WG_NO_NAME) return lookup_status(found);
  if (parent->root != f->node->root) return STATUS_NOT_SAME_DEVICE;
  if (!wg_vfs_writable(k->m->vfs, f->node) || !wg_vfs_writable(k->m->vfs, parent)) return STATUS_ACCESS_DENIED;
  return wg_vfs_rename(k->m->vfs, f->node, parent, leaf) ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

// What a class takes at least; 0: there is no such class.
static uint32_t set_length(uint32_t class) {
  static const uint8_t lengths[][2] = {{4, WG_SIZEOF_FILE_BASIC_INFORMATION},
                                       {0xA, WG_SIZEOF_FILE_RENAME_INFORMATION},
                                       {0xD, 1},
                                       {0xE, 8},
                                       {0x13, 8},
                                       {0x14, 8}};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
    if (lengths[i][0] == class) return lengths[i][1];
  return 0;
}
WG_CALL(NtSetInformationFile, 5) {
  struct wg_file *f = wg_file_of(k, A(0));
  if (f == NULL) return STATUS_INVALID_HANDLE;
  uint32_t status = STATUS_SUCCESS;
  if (A(3) < set_length(A(4))) return wg_io_status(k, A(1), STATUS_INFO_LENGTH_MISMATCH, 0);
  switch (A(4)) {
  case 4: break; // basic: times and attributes are the overlay's own
  case 0xA: status = rename_file(k, f, A(2)); break;
  case 0xD:
    if (!wg_vfs_writable(k->m->vfs, f->node))
      status = STATUS_ACCESS_DENIED;
    else if (f->node->directory && wg_vfs_list(k->m->vfs, f->node))
      status = STATUS_DIRECTORY_NOT_EMPTY;
    else
      f->node->delete_on_close = wg_kr(k->m, A(2), 1) != 0;
    wg_json_bool(wg_out(k), "delete", wg_kr(k->m, A(2), 1) != 0);
    break;
  case 0xE:
    f->position = wg_kr(k->m, A(2), 8);
    wg_json_i64(wg_out(k), "position", (int64_t)f->position);
    break;
  case 0x13: break; // allocation
  case 0x14:
    wg_json_i64(wg_out(k), "end", (int64_t)wg_kr(k->m, A(2), 8));
    if (!f->can_write)
      status = STATUS_ACCESS_DENIED;
    else if (!wg_vfs_resize(k->m->vfs, f->node, wg_kr(k->m, A(2), 8)))
      status = STATUS_DISK_FULL;
    break;
  default: status = STATUS_INVALID_INFO_CLASS;
  }
  return wg_io_status(k, A(1), status, 0);
}

// '*' stands for any text, '?' for one character. After a mismatch only the last '*' need take one character more, so
// the time is at most the product of the lengths.
bool wg_name_matches(const char *pattern, const char *name, uint64_t *steps) {
  const char *star = NULL, *from = NULL;
  while (*name) {
    ++*steps;
    if (*pattern == '*') {
      star = ++pattern;
      from = name;
    } else if (*pattern == '?' || (*pattern && strncasecmp(pattern, name, 1) == 0)) {
      pattern++;
      name++;
    } else if (star) {
      pattern = star;
      name = ++from;
    } else {
      return false;
    }
  }
  while (*pattern == '*') pattern++;
  return *pattern == 0;
}

// The next entry that the pattern lets through, or NULL.
static const struct wg_node *next_entry(struct wg_kcall *k, struct wg_file *f) {
  bool all = f->pattern == NULL || strcmp(f->pattern, "*.*") == 0;
  uint64_t steps = 0;
  const struct wg_node *n = NULL;
  while (f->enumerated < f->node->nchildren && n == NULL) {
    n = wg_vfs_child(f->node, f->enumerated++);
    steps += 32;
    if (!all && !wg_name_matches(f->pattern, n->name, &steps)) n = NULL;
    wg_work(k->m, steps);
    steps = 0;
    if (k->m->ending.cut_short) return NULL;
  }
  return n;
}

// NtQueryDirectoryFile(handle, event, apc, ctx, iosb, buffer, length, pattern, restart): one entry a call.
WG_CALL(NtQueryDirectoryFile, 9) {
  struct wg_file *f = wg_file_of(k, A(0));
  if (f == NULL) return STATUS_INVALID_HANDLE;
  if (!f->node->directory) return STATUS_NOT_A_DIRECTORY;
  if (A(7)) {
    struct wg_buf p = {0};
    wg_kansi(k->m, A(7), &p);
    if (p.len && p.len < 128) {
      free(f->pattern);
      f->pattern = wg_xstrdup(p.data);
    }
    wg_buf_release(&p);
  }
  if (A(8) & 0xFF) f->enumerated = 0;
  wg_vfs_enumerated(k->m->vfs, f->node);
  wg_vfs_list(k->m->vfs, f->node);
  bool first = f->enumerated == 0;
  const struct wg_node *n = next_entry(k, f);
  if (n == NULL) return wg_io_status(k, A(4), first && f->pattern ? STATUS_NO_SUCH_FILE : STATUS_NO_MORE_FILES, 0);
  uint32_t len = (uint32_t)strlen(n->name), at = A(5);
  if (A(6) < WG_SIZEOF_FILE_DIRECTORY_INFORMATION + len) {
    f->enumerated--;
    return wg_io_status(k, A(4), STATUS_INFO_LENGTH_MISMATCH, 0);
  }
  WG_PUT(k->m, at, FILE_DIRECTORY_INFORMATION, NEXT, 0);
  WG_PUT(k->m, at, FILE_DIRECTORY_INFORMATION, INDEX, f->enumerated - 1);
  put_times(k, WG_ADDR(at, FILE_DIRECTORY_INFORMATION, TIMES), n);
  WG_PUT(k->m, at, FILE_DIRECTORY_INFORMATION, END, n->size);
  WG_PUT(k->m, at, FILE_DIRECTORY_INFORMATION, ALLOCATION, allocation(n));
  WG_PUT(k->m, at, FILE_DIRECTORY_INFORMATION, ATTRIBUTES, attributes_of(k->m, n));
  WG_PUT(k->m, at, FILE_DIRECTORY_INFORMATION, NAME_LENGTH, len);
  uint8_t *p = wg_kptr(k->m, at + WG_SIZEOF_FILE_DIRECTORY_INFORMATION, len, true);
  if (p) memcpy(p, n->name, len);
  wg_json_str(wg_out(k), "name", n->name);
  wg_json_u64(wg_out(k), "index", f->enumerated - 1);
  tell_attributes(k, at, n);
  wg_file_signal(k, A(1));
  return wg_io_status(k, A(4), STATUS_SUCCESS, WG_SIZEOF_FILE_DIRECTORY_INFORMATION + len);
}

WG_CALL(NtQueryVolumeInformationFile, 5) {
  static const uint8_t sizes[] = {[1] = WG_SIZEOF_FILE_FS_VOLUME_INFORMATION,
                                  [3] = WG_SIZEOF_FILE_FS_SIZE_INFORMATION,
                                  [4] = WG_SIZEOF_FILE_FS_DEVICE_INFORMATION,
                                  [5] = WG_SIZEOF_FILE_FS_ATTRIBUTE_INFORMATION};
  if (wg_file_of(k, A(0)) == NULL) return STATUS_INVALID_HANDLE;
  uint32_t size = A(4) < sizeof sizes ? sizes[A(4)] : 0, at = A(2);
  if (size == 0) return wg_io_status(k, A(1), STATUS_INVALID_INFO_CLASS, 0);
  if (A(3) < size) return wg_io_status(k, A(1), STATUS_INFO_LENGTH_MISMATCH, 0);
  switch (A(4)) {
  case 1: // volume
    for (uint32_t i = 0; i < size; i += 4) KW32(k, at + i, 0);
    break;
  case 3: // size: total and free units, sectors a unit, bytes a sector
    WG_PUT(k->m, at, FILE_FS_SIZE_INFORMATION, TOTAL, 0x100000);
    WG_PUT(k->m, at, FILE_FS_SIZE_INFORMATION, FREE, 0x80000);
    WG_PUT(k->m, at, FILE_FS_SIZE_INFORMATION, UNIT_SECTORS, 32);
    WG_PUT(k->m, at, FILE_FS_SIZE_INFORMATION, SECTOR_BYTES, 512);
    break;
  case 4: // device
    WG_PUT(k->m, at, FILE_FS_DEVICE_INFORMATION, TYPE, 7);
    WG_PUT(k->m, at, FILE_FS_DEVICE_INFORMATION, CHARACTERISTICS, 0);
    break;
  default: // attributes
    WG_PUT(k->m, at, FILE_FS_ATTRIBUTE_INFORMATION, ATTRIBUTES, 0);
    WG_PUT(k->m, at, FILE_FS_ATTRIBUTE_INFORMATION, LONGEST_NAME, 255);
    WG_PUT(k->m, at, FILE_FS_ATTRIBUTE_INFORMATION, NAME_LENGTH, 4);
    WG_PUT(k->m, at, FILE_FS_ATTRIBUTE_INFORMATION, NAME, 0x46415458); // "FATX"
  }
  return wg_io_status(k, A(1), STATUS_SUCCESS, size);
}

void wg_file_state(struct wg_archive *a, struct wg_machine *m, struct wg_object *o) {
  if (!wg_ar_kind(a, o->file != NULL, 2)) return;
  struct wg_file none = {.node = NULL}, *f = wg_ar_loading(a) ? &none : o->file;
  wg_vfs_ref(a, m->vfs, &f->node);
  wg_ar_u64(a, &f->position);
  wg_ar_size(a, &f->enumerated);
  wg_ar_string(a, &f->pattern);
  wg_ar_bool(a, &f->can_write);
  if (!wg_ar_loading(a)) return;
  if (f->node == NULL) { // NOLINT(clang-analyzer-core.NullDereference): it is `none`
    wg_ar_fail(a, "an open file that does not exist");
    free(f->pattern);
    return;
  }
  o->file = wg_xcalloc(1, sizeof *o->file);
  *o->file = *f;
}
