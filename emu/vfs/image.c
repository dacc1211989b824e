#include "emu/vfs/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/endian.h"
#include "base/file.h"

#define SECTOR 2048u
#define VOLUME 32u // sector of the volume descriptor
#define MAX_DIRECTORY (16u << 20)
#define MAX_DEPTH 32

static const char magic[] = "MICROSOFT*XBOX*MEDIA";
#define MAGIC (sizeof magic - 1)
static const uint64_t partitions[] = {0, 0xFB20, 0x20600, 0x2080000, 0xFD90000};

struct image {
  const char *path;
  int fd;
  uint64_t size, base; // of the file; where the game partition begins
  struct wg_vfs *vfs;
  struct wg_err *err;
  uint32_t above[MAX_DEPTH]; // sectors of the folders on the way
};

static bool read_at(const struct image *m, uint64_t at, void *out, size_t n) {
  if (at > m->size || n > m->size - at) return false;
  for (size_t done = 0; done < n;) {
    ssize_t got = pread(m->fd, (char *)out + done, n - done, (off_t)(at + done));
    if (got <= 0) return false;
    done += (size_t)got;
  }
  return true;
}

static bool open_image(struct image *m, const char *path) {
  struct stat st;
  char text[MAGIC];
  m->path = path;
  m->fd = open(path, O_RDONLY | O_CLOEXEC);
  if (m->fd < 0) return false;
  if (fstat(m->fd, &st) == 0 && S_ISREG(st.st_mode)) {
    m->size = (uint64_t)st.st_size;
    for (size_t i = 0; i < sizeof partitions / sizeof *partitions; i++) {
      m->base = partitions[i];
      if (read_at(m, m->base + (uint64_t)VOLUME * SECTOR, text, MAGIC) && memcmp(text, magic, MAGIC) == 0) return true;
    }
  }
  close(m->fd);
  return false;
}

bool wg_is_image(const char *path) {
  struct image m = {0};
  if (!open_image(&m, path)) return wg_is_stfs(path);
  close(m.fd);
  return true;
}

static uint64_t sector_at(const struct image *m, uint32_t sector) { return m->base + (uint64_t)sector * SECTOR; }

static int read_folder(struct image *m, struct wg_node *into, uint32_t sector, uint32_t size, unsigned depth);

// An entry: 0 left, 2 right (each in units of 4 bytes from the folder's start), 4 sector, 8 length, C attributes, D
// name's length, E name.
static int add_entry(struct image *m, struct wg_node *into, const uint8_t *p, uint64_t at, unsigned depth) {
  uint32_t sector = wg_load_le32(p + 4), size = wg_load_le32(p + 8);
  char name[256];
  memcpy(name, p + 14, p[13]);
  name[p[13]] = 0;
  for (unsigned i = 0; i < p[13]; i++)
    if (name[i] < 0x20 || name[i] > 0x7E) name[i] = '?'; // which no name may hold
  if (p[12] & 0x10) {
    struct wg_node *n = wg_vfs_add_stored(m->vfs, into, name, true, NULL);
    if (n == NULL)
      return wg_fail(m->err, WG_INPUT, "%s: offset 0x%llx: a folder's name is empty, odd or there twice", m->path,
                     (unsigned long long)at);
    return size ? read_folder(m, n, sector, size, depth + 1) : WG_OK;
  }
  uint64_t from = sector_at(m, sector);
  if (from > m->size || size > m->size - from)
    return wg_fail(m->err, WG_INPUT, "%s: offset 0x%llx: file \"%s\" of 0x%x bytes at sector 0x%x leaves the image",
                   m->path, (unsigned long long)at, name, size, sector);
  struct wg_node *n = wg_vfs_add_stored(m->vfs, into, name, false, m->path);
  if (n == NULL)
    return wg_fail(m->err, WG_INPUT, "%s: offset 0x%llx: a file's name is empty, odd or there twice", m->path,
                   (unsigned long long)at);
  if (size) wg_vfs_add_extent(n, from, size);
  return WG_OK;
}

// The tree of a folder's entries; every place is visited once, so a loop ends.
static int walk(struct image *m, struct wg_node *into, const uint8_t *data, uint32_t size, uint64_t at,
                unsigned depth) {
  uint32_t slots = size / 4, top = 0, *stack = wg_xcalloc(slots + 2u, sizeof *stack);
  uint8_t *seen = wg_xcalloc(slots + 1u, 1);
  int code = WG_OK;
  stack[top++] = 0;
  while (top && code == WG_OK) {
    uint32_t slot = stack[--top], from = slot * 4;
    uint64_t place = at + from;
    if (slot < slots && data[from] == 0xFF && data[from + 1] == 0xFF) continue; // filler: an empty folder
    if (slot >= slots || size - from < 15 || size - from - 14 < data[from + 13]) {
      code = wg_fail(m->err, WG_INPUT, "%s: offset 0x%llx: a folder's entry leaves the folder", m->path,
                     (unsigned long long)place);
      break;
    }
    if (seen[slot]) {
      code = wg_fail(m->err, WG_INPUT, "%s: offset 0x%llx: a folder's entries form a loop", m->path,
                     (unsigned long long)place);
      break;
    }
    seen[slot] = 1;
    const uint8_t *p = data + from;
    uint32_t left = p[0] | (uint32_t)p[1] << 8, right = p[2] | (uint32_t)p[3] << 8;
    code = add_entry(m, into, p, place, depth);
    // Each slot is pushed at most once more than it is visited, and a second visit ends the walk.
    if (right && top < slots) stack[top++] = right;
    if (left && top < slots) stack[top++] = left;
  }
  free(stack);
  free(seen);
  return code;
}

static int read_folder(struct image *m, struct wg_node *into, uint32_t sector, uint32_t size, unsigned depth) {
  uint64_t at = sector_at(m, sector);
  if (depth >= MAX_DEPTH || size > MAX_DIRECTORY)
    return wg_fail(m->err, WG_INPUT, "%s: offset 0x%llx: folders %s", m->path, (unsigned long long)at,
                   depth >= MAX_DEPTH ? "are nested too deep" : "of more than 16 MiB");
  for (unsigned i = 0; i < depth; i++)
    if (m->above[i] == sector)
      return wg_fail(m->err, WG_INPUT, "%s: offset 0x%llx: a folder is inside of itself", m->path,
                     (unsigned long long)at);
  m->above[depth] = sector;
  uint8_t *data = wg_xcalloc(size + 4u, 1);
  int code = read_at(m, at, data, size)
                 ? walk(m, into, data, size, at, depth)
                 : wg_fail(m->err, WG_INPUT, "%s: offset 0x%llx: a folder of 0x%x bytes leaves the image", m->path,
                           (unsigned long long)at, size);
  free(data);
  return code;
}

int wg_vfs_mount_image(struct wg_vfs *v, const char *device, const char *path, struct wg_err *err) {
  struct image m = {.vfs = v, .err = err};
  uint8_t volume[0x1C];
  if (wg_is_stfs(path)) return wg_vfs_mount_stfs(v, device, path, err);
  if (!open_image(&m, path)) return wg_fail(err, WG_INPUT, "%s: neither a disc image nor a package", path);
  int code = wg_vfs_mount(v, device, NULL, false, err);
  uint64_t at = m.base + (uint64_t)VOLUME * SECTOR;
  if (code == WG_OK && !read_at(&m, at, volume, sizeof volume))
    code = wg_fail(err, WG_INPUT, "%s: offset 0x%llx: the volume descriptor leaves the image", path,
                   (unsigned long long)at);
  uint32_t size = code == WG_OK ? wg_load_le32(volume + 0x18) : 0;
  if (size) code = read_folder(&m, wg_vfs_root(v, device), wg_load_le32(volume + 0x14), size, 0);
  close(m.fd);
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

int wg_title_read(const char *path, size_t max, struct wg_buf *out, struct wg_err *err) {
  struct stat st;
  if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
    struct wg_buf program = {0};
    wg_buf_printf(&program, "%s/" WG_DEFAULT_XEX, path);
    int code = wg_file_read(program.data, max, out, err);
    wg_buf_release(&program);
    return code;
  }
  if (!wg_is_image(path)) return wg_file_read(path, max, out, err);
  struct wg_node *n = NULL;
  struct wg_vfs *v = open_inside(path, WG_DEFAULT_XEX, &n, err);
  if (v == NULL) return WG_INPUT;
  int code = WG_OK;
  if (n->size > max) code = wg_fail(err, WG_INPUT, "%s: " WG_DEFAULT_XEX " is larger than %zu bytes", path, max);
  if (code == WG_OK) {
    wg_buf_reserve(out, n->size + 1);
    if (wg_vfs_read(v, n, 0, out->data + out->len, n->size) < 0)
      code = wg_fail(err, WG_INPUT, "%s: cannot read " WG_DEFAULT_XEX, path);
    else
      out->len += n->size;
    out->data[out->len] = 0;
  }
  wg_vfs_free(v);
  return code;
}
