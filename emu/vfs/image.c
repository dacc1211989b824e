#include "emu/vfs/image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/vec.h"
#include "emu/layout/layout.h"
#include "emu/vfs/volume.h"

#define MAX_DIRECTORY (16u << 20)
#define MAX_DIRECTORIES (64u << 20) // all of them: far more than a disc has
#define MAX_DEPTH 32

// The sectors of a file or folder, and the entry that says so.
struct range {
  uint32_t first, count;
  uint32_t folder, at;
  const struct wg_node *node;
};

struct image {
  struct wg_volume volume;
  struct wg_vfs *vfs;
  struct wg_err *err;
  struct range *ranges;
  size_t nranges;
  uint64_t directories;      // bytes of folders read
  uint32_t above[MAX_DEPTH]; // sectors of the folders on the way
};

bool wg_is_image(const char *path) {
  struct wg_volume v;
  if (!wg_volume_open_disc(&v, path)) return wg_is_package(path);
  wg_volume_close(&v);
  return true;
}

// What is wrong, and where: the offset `from` of the folder at `sector`.
static int bad_folder(const struct image *m, uint32_t sector, uint32_t from, const char *what) {
  struct wg_place p = {0};
  struct wg_buf name = {0};
  bool there = wg_volume_place(&m->volume, sector + (uint64_t)from / WG_SECTOR, &p);
  wg_part_name(m->volume.path, p.part, &name);
  unsigned long long at = p.at + from % WG_SECTOR;
  if (there)
    wg_fail(m->err, WG_INPUT, "%s: offset 0x%llx: %s", name.data, at, what);
  else
    wg_fail(m->err, WG_INPUT, "%s: sector 0x%x: %s", name.data, sector, what);
  wg_buf_release(&name);
  return WG_INPUT;
}

// The stretches of a file; false if one leaves the image.
static bool place_file(const struct image *m, struct wg_node *n, uint32_t sector, uint32_t size) {
  for (uint64_t left = size, at = sector; left;) {
    struct wg_place p;
    if (!wg_volume_place(&m->volume, at, &p)) return false;
    uint64_t part = left < p.sectors * WG_SECTOR ? left : p.sectors * WG_SECTOR;
    if (p.at > m->volume.size[p.part] || part > m->volume.size[p.part] - p.at) return false;
    wg_vfs_add_extent(n, p.part, p.at, part);
    left -= part;
    at += p.sectors;
  }
  return true;
}

static bool read_sectors(const struct image *m, uint32_t sector, uint8_t *out, uint32_t size) {
  for (uint64_t left = size, at = sector; left;) {
    struct wg_place p;
    if (!wg_volume_place(&m->volume, at, &p)) return false;
    uint64_t part = left < p.sectors * WG_SECTOR ? left : p.sectors * WG_SECTOR;
    if (!wg_volume_read(&m->volume, p.part, p.at, out, part)) return false;
    out += part;
    left -= part;
    at += p.sectors;
  }
  return true;
}

static int read_folder(struct image *m, struct wg_node *into, uint32_t sector, uint32_t size, unsigned depth);

static void add_range(struct image *m, const struct range *r) {
  WG_VEC_NEXT(m->ranges, m->nranges);
  m->ranges[m->nranges++] = *r;
}

static int by_place(const void *a, const void *b) {
  const struct range *x = a, *y = b;
  if (x->first != y->first) return x->first < y->first ? -1 : 1;
  return (x->count > y->count) - (x->count < y->count);
}

// Files may be one and the same (tools store equal ones once), but none begins or ends within another.
static int check_overlaps(struct image *m) {
  if (m->nranges) qsort(m->ranges, m->nranges, sizeof *m->ranges, by_place);
  for (size_t i = 1; i < m->nranges; i++) {
    const struct range *a = &m->ranges[i - 1], *b = &m->ranges[i];
    if (b->first >= a->first + (uint64_t)a->count || (a->first == b->first && a->count == b->count)) continue;
    struct wg_buf what = {0};
    wg_buf_printf(&what, "\"%s\" at sector 0x%x overlaps \"%s\" at sector 0x%x", b->node->name, b->first, a->node->name,
                  a->first);
    bad_folder(m, b->folder, b->at, what.data);
    wg_buf_release(&what);
    return WG_INPUT;
  }
  return WG_OK;
}

static int add_entry(struct image *m, struct wg_node *into, const uint8_t *p, uint32_t folder, uint32_t at,
                     unsigned depth) {
  uint32_t sector = WG_LOAD_LE(p, GDFX_ENTRY, SECTOR), size = WG_LOAD_LE(p, GDFX_ENTRY, SIZE);
  uint32_t length = WG_LOAD(p, GDFX_ENTRY, NAME_LENGTH);
  char name[256];
  bool directory = WG_LOAD(p, GDFX_ENTRY, ATTRIBUTES) & 0x10;
  memcpy(name, p + WG_SIZEOF_GDFX_ENTRY, length);
  name[length] = 0;
  for (unsigned i = 0; i < length; i++)
    if (name[i] < 0x20 || name[i] > 0x7E) name[i] = '?'; // which no name may hold
  struct wg_node *n = wg_vfs_add_stored(m->vfs, into, name, directory, directory ? NULL : m->volume.path);
  if (n == NULL) return bad_folder(m, folder, at, "a name is empty, odd or there twice");
  if (size) add_range(m, &(struct range){sector, (size - 1) / WG_SECTOR + 1, folder, at, n});
  if (directory) return size ? read_folder(m, n, sector, size, depth + 1) : WG_OK;
  if (place_file(m, n, sector, size)) return WG_OK;
  struct wg_buf what = {0};
  wg_buf_printf(&what, "file \"%s\" of 0x%x bytes at sector 0x%x leaves the image", name, size, sector);
  bad_folder(m, folder, at, what.data);
  wg_buf_release(&what);
  return WG_INPUT;
}

// The tree of a folder's entries; every place is visited once, so a loop ends.
static int walk(struct image *m, struct wg_node *into, const uint8_t *data, uint32_t size, uint32_t folder,
                unsigned depth) {
  uint32_t slots = size / 4, top = 0, *stack = wg_xcalloc(slots + 2u, sizeof *stack);
  uint8_t *seen = wg_xcalloc(slots + 1u, 1);
  int code = WG_OK;
  stack[top++] = 0;
  while (top && code == WG_OK) {
    uint32_t slot = stack[--top], from = slot * 4;
    if (slot < slots && data[from] == 0xFF && data[from + 1] == 0xFF) continue; // filler: an empty folder
    if (slot >= slots || size - from <= WG_SIZEOF_GDFX_ENTRY ||
        size - from - WG_SIZEOF_GDFX_ENTRY < WG_LOAD(data + from, GDFX_ENTRY, NAME_LENGTH)) {
      code = bad_folder(m, folder, from, "a folder's entry leaves the folder");
      break;
    }
    if (seen[slot]) {
      code = bad_folder(m, folder, from, "a folder's entries form a loop");
      break;
    }
    seen[slot] = 1;
    const uint8_t *p = data + from;
    uint32_t left = WG_LOAD_LE(p, GDFX_ENTRY, LEFT), right = WG_LOAD_LE(p, GDFX_ENTRY, RIGHT);
    code = add_entry(m, into, p, folder, from, depth);
    // Each slot is pushed at most once more than it is visited, and a second visit ends the walk.
    if (right && top < slots) stack[top++] = right;
    if (left && top < slots) stack[top++] = left;
  }
  free(stack);
  free(seen);
  return code;
}

static int read_folder(struct image *m, struct wg_node *into, uint32_t sector, uint32_t size, unsigned depth) {
  if (depth >= MAX_DEPTH) return bad_folder(m, sector, 0, "folders are nested too deep");
  if (size > MAX_DIRECTORY) return bad_folder(m, sector, 0, "a folder of more than 16 MiB");
  for (unsigned i = 0; i < depth; i++)
    if (m->above[i] == sector) return bad_folder(m, sector, 0, "a folder is inside of itself");
  m->directories += size;
  if (m->directories > MAX_DIRECTORIES) return bad_folder(m, sector, 0, "folders of more than 64 MiB in all");
  m->above[depth] = sector;
  uint8_t *data = wg_xcalloc(size + 4u, 1);
  int code = read_sectors(m, sector, data, size) ? walk(m, into, data, size, sector, depth)
                                                 : bad_folder(m, sector, 0, "a folder leaves the image");
  free(data);
  return code;
}

// A GDFX volume: its descriptor names the root folder.
static int mount_volume(struct image *m, const char *device) {
  uint8_t volume[WG_SIZEOF_GDFX_VOLUME];
  WG_TRY(wg_vfs_mount(m->vfs, device, NULL, false, m->err));
  if (!wg_volume_read(&m->volume, m->volume.part, m->volume.descriptor, volume, sizeof volume))
    return wg_fail(m->err, WG_INPUT, "%s: offset 0x%llx: the volume descriptor leaves the image", m->volume.path,
                   (unsigned long long)m->volume.descriptor);
  uint32_t sector = WG_LOAD_LE(volume, GDFX_VOLUME, ROOT_SECTOR), size = WG_LOAD_LE(volume, GDFX_VOLUME, ROOT_SIZE);
  struct wg_node *root = wg_vfs_root(m->vfs, device);
  if (size == 0) return WG_OK;
  add_range(m, &(struct range){sector, (size - 1) / WG_SECTOR + 1, sector, 0, root});
  WG_TRY(read_folder(m, root, sector, size, 0));
  return check_overlaps(m);
}

int wg_vfs_mount_image(struct wg_vfs *v, const char *device, const char *path, struct wg_err *err) {
  struct image m = {.vfs = v, .err = err};
  uint8_t head[WG_PACKAGE_HEAD];
  if (wg_is_package(path)) {
    WG_TRY(wg_package_head(path, head, err));
    if (WG_LOAD(head, PACKAGE, VOLUME_TYPE) != 1) return wg_vfs_mount_stfs(v, device, path, head, err);
    WG_TRY(wg_volume_open_svod(&m.volume, path, head, err));
  } else if (!wg_volume_open_disc(&m.volume, path)) {
    return wg_fail(err, WG_INPUT, "%s: neither a disc image nor a package", path);
  }
  int code = mount_volume(&m, device);
  free(m.ranges);
  wg_volume_close(&m.volume);
  return code;
}

// A container of its own with the file of that name; NULL after a message.
static struct wg_vfs *open_inside(const char *path, const char *inside, struct wg_node **node, struct wg_err *err) {
  struct wg_vfs *v = wg_vfs_create(0);
  struct wg_buf name = {0};
  struct wg_node *parent;
  const char *leaf;
  int code = wg_vfs_mount_image(v, "\\Device\\Cdrom0", path, err);
  wg_buf_printf(&name, "\\Device\\Cdrom0\\%s", inside);
  if (code == WG_OK && (wg_vfs_find(v, NULL, name.data, node, &parent, &leaf) != WG_FOUND || (*node)->directory))
    code = wg_fail(err, WG_INPUT, "%s: there is no %s inside", path, inside);
  wg_buf_release(&name);
  if (code == WG_OK) return v;
  wg_vfs_free(v);
  return NULL;
}

int wg_image_sha256(const char *path, const char *inside, char *out, struct wg_err *err) {
  struct wg_node *n = NULL;
  struct wg_vfs *v = open_inside(path, inside, &n, err);
  if (v == NULL) return WG_INPUT;
  bool ok = wg_vfs_sha256(v, n, out);
  wg_vfs_free(v);
  return ok ? WG_OK : wg_fail(err, WG_INPUT, "%s: cannot read %s", path, inside);
}

int wg_title_read(const char *path, const char *inside, size_t max, struct wg_buf *out, struct wg_err *err) {
  struct stat st;
  if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
    struct wg_buf program = {0};
    wg_buf_printf(&program, "%s/%s", path, inside);
    int code = wg_file_read(program.data, max, out, err);
    wg_buf_release(&program);
    return code;
  }
  if (!wg_is_image(path)) return wg_file_read(path, max, out, err);
  struct wg_node *n = NULL;
  struct wg_vfs *v = open_inside(path, inside, &n, err);
  if (v == NULL) return WG_INPUT;
  int code = WG_OK;
  if (n->size > max) code = wg_fail(err, WG_INPUT, "%s: %s is larger than %zu bytes", path, inside, max);
  if (code == WG_OK) {
    wg_buf_reserve(out, n->size + 1);
    if (wg_vfs_read(v, n, 0, out->data + out->len, n->size) < 0)
      code = wg_fail(err, WG_INPUT, "%s: cannot read %s", path, inside);
    else
      out->len += n->size;
    out->data[out->len] = 0;
  }
  wg_vfs_free(v);
  return code;
}
