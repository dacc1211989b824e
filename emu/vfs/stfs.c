// STFS packages: blocks of 4 KiB, their chains in hash tables that lie between them (docs/console.md#file-systems).
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu/layout/layout.h"
#include "emu/vfs/image.h"

#define BLOCK 4096u
#define PER_TABLE 170u                 // blocks that a hash table covers, and entries that it has
#define LEVEL1 (PER_TABLE * PER_TABLE) // blocks below a table of the second level
#define END_OF_CHAIN 0xFFFFFFu
#define MAX_ENTRIES 65536u
#define PER_BLOCK (BLOCK / WG_SIZEOF_STFS_ENTRY)

_Static_assert(WG_PACKAGE_HEAD == WG_AT_PACKAGE_VOLUME_TYPE + WG_WIDTH_PACKAGE_VOLUME_TYPE, "what a mount reads");

struct package {
  const char *path;
  int fd;
  uint64_t size, first; // of the file; where block 0's tables begin
  uint32_t copies;      // of each hash table: one in a read-only package, else two
  bool root_second;     // the second copy of the topmost table is the valid one
  uint32_t blocks;
  uint8_t *taken; // [size / BLOCK + 1] bool
  struct wg_err *err;
};

static bool read_at(const struct package *p, uint64_t at, void *out, size_t n) {
  if (at > p->size || n > p->size - at) return false;
  for (size_t done = 0; done < n;) {
    ssize_t got = pread(p->fd, (char *)out + done, n - done, (off_t)(at + done));
    if (got <= 0) return false;
    done += (size_t)got;
  }
  return true;
}

static bool open_package(struct package *p, const char *path) {
  struct stat st;
  uint8_t magic[4];
  p->path = path;
  p->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (p->fd < 0) return false;
  if (fstat(p->fd, &st) == 0 && S_ISREG(st.st_mode)) {
    p->size = (uint64_t)st.st_size;
    if (read_at(p, 0, magic, 4) &&
        (memcmp(magic, "CON ", 4) == 0 || memcmp(magic, "LIVE", 4) == 0 || memcmp(magic, "PIRS", 4) == 0))
      return true;
  }
  close(p->fd);
  return false;
}

bool wg_is_package(const char *path) {
  struct package p = {0};
  if (!open_package(&p, path)) return false;
  close(p.fd);
  return true;
}

int wg_package_head(const char *path, uint8_t *head, struct wg_err *err) {
  struct package p = {.path = path};
  if (!open_package(&p, path)) return wg_fail(err, WG_INPUT, "%s: not a package", path);
  bool whole = read_at(&p, 0, head, WG_PACKAGE_HEAD);
  close(p.fd);
  if (!whole)
    return wg_fail(err, WG_INPUT, "%s: offset 0x%llx: the header is cut off", path, (unsigned long long)p.size);
  uint32_t type = WG_LOAD(head, PACKAGE, VOLUME_TYPE);
  if (type > 1)
    return wg_fail(err, WG_INPUT, "%s: offset 0x%x: volume type %u; expected 0 (STFS) or 1 (SVOD)", path,
                   WG_AT_PACKAGE_VOLUME_TYPE, type);
  uint32_t size = WG_LOAD(head + WG_AT_PACKAGE_VOLUME, STFS_VOLUME, SIZE);
  if (size != WG_SIZEOF_STFS_VOLUME)
    return wg_fail(err, WG_INPUT, "%s: offset 0x%x: a volume descriptor of 0x%x bytes; expected 0x%x", path,
                   WG_AT_PACKAGE_VOLUME, size, WG_SIZEOF_STFS_VOLUME);
  return WG_OK;
}

// Tables come before what they cover, so a block lies behind as many as have begun up to it.
static uint64_t block_at(const struct package *p, uint32_t n) {
  uint64_t before = 0, span = PER_TABLE;
  for (int level = 0; level < 3; level++, span *= PER_TABLE) {
    before += (n / span + 1) * p->copies;
    if (n < span) break;
  }
  return p->first + (n + before) * BLOCK;
}

// The table of a level that covers block n, as a number of blocks from `first`.
static uint64_t table_number(const struct package *p, uint32_t n, int level) {
  uint64_t step0 = PER_TABLE + p->copies, step1 = LEVEL1 + (PER_TABLE + 1ull) * p->copies;
  if (level == 0) {
    if (n < PER_TABLE) return 0;
    uint64_t number = n / PER_TABLE * step0 + (n / LEVEL1 + 1ull) * p->copies;
    return n < LEVEL1 ? number : number + p->copies;
  }
  if (level == 1) return n < LEVEL1 ? step0 : n / LEVEL1 * step1 + p->copies;
  return step1;
}

// The word behind a block's (or table's) digest: the next block, and which copy is valid.
static bool entry_of(const struct package *p, uint32_t n, int level, bool second, uint32_t *word) {
  uint32_t index = level == 0 ? n % PER_TABLE : level == 1 ? n / PER_TABLE % PER_TABLE : n / LEVEL1 % PER_TABLE;
  uint8_t raw[WG_SIZEOF_STFS_HASH];
  uint64_t table = p->first + table_number(p, n, level) * BLOCK + (second ? BLOCK : 0);
  if (!read_at(p, table + sizeof raw * index, raw, sizeof raw)) return false;
  *word = WG_LOAD(raw, STFS_HASH, STATE);
  return true;
}

static bool next_block(const struct package *p, uint32_t n, uint32_t *next) {
  int top = p->blocks > LEVEL1 ? 2 : p->blocks > PER_TABLE ? 1 : 0;
  bool second = p->root_second && p->copies == 2;
  uint32_t word = 0;
  for (int level = top; level >= 0; level--) {
    if (!entry_of(p, n, level, second, &word)) return false;
    second = p->copies == 2 && (word >> 30 & 1);
  }
  *next = word & END_OF_CHAIN;
  return true;
}

// Each block belongs to one file or to the directory, once: what uses it again is a loop or an overlap.
static bool take_block(struct package *p, uint32_t block) {
  uint64_t n = p->size / BLOCK;
  if (p->taken == NULL) p->taken = wg_xcalloc(n + 1, 1);
  if (block > n || p->taken[block]) return false; // data begins behind the header
  p->taken[block] = 1;
  return true;
}

static int place_file(struct package *p, struct wg_node *n, uint32_t start, uint32_t length, bool contiguous,
                      uint64_t at) {
  uint32_t block = start;
  for (uint32_t left = length; left;) {
    uint32_t part = left < BLOCK ? left : BLOCK;
    uint64_t where = block_at(p, block);
    if (block >= p->blocks || where > p->size || part > p->size - where)
      return wg_fail(p->err, WG_INPUT, "%s: offset 0x%llx: file \"%s\" needs block 0x%x, but the package has 0x%x",
                     p->path, (unsigned long long)at, n->name, block, p->blocks);
    if (!take_block(p, block))
      return wg_fail(p->err, WG_INPUT, "%s: offset 0x%llx: file \"%s\" has block 0x%x, which is in use already",
                     p->path, (unsigned long long)at, n->name, block);
    wg_vfs_add_extent(n, 0, where, part);
    left -= part;
    if (left && contiguous) {
      block++;
    } else if (left && !next_block(p, block, &block)) {
      return wg_fail(p->err, WG_INPUT, "%s: offset 0x%llx: the hash table of file \"%s\" leaves the package", p->path,
                     (unsigned long long)at, n->name);
    }
  }
  return WG_OK;
}

static int add_entry(struct package *p, struct wg_vfs *v, struct wg_node *root, struct wg_node **nodes, uint32_t index,
                     const uint8_t *e, uint64_t at) {
  char name[WG_COUNT_STFS_ENTRY_NAME + 1];
  uint32_t flags = WG_LOAD(e, STFS_ENTRY, FLAGS), length = flags & 0x3F;
  if (length > WG_COUNT_STFS_ENTRY_NAME) length = WG_COUNT_STFS_ENTRY_NAME;
  memcpy(name, e, length);
  name[length] = 0;
  for (unsigned i = 0; i < length; i++)
    if (name[i] < 0x20 || name[i] > 0x7E) name[i] = '?'; // which no name may hold
  uint32_t parent = WG_LOAD(e, STFS_ENTRY, PARENT), size = WG_LOAD(e, STFS_ENTRY, SIZE);
  struct wg_node *into = parent == 0xFFFF ? root : parent < index ? nodes[parent] : NULL;
  if (into == NULL || !into->directory)
    return wg_fail(p->err, WG_INPUT, "%s: offset 0x%llx: \"%s\" is in entry 0x%x, which is no folder before it",
                   p->path, (unsigned long long)at, name, parent);
  bool folder = flags & 0x80;
  nodes[index] = wg_vfs_add_stored(v, into, name, folder, folder ? NULL : p->path);
  if (nodes[index] == NULL)
    return wg_fail(p->err, WG_INPUT, "%s: offset 0x%llx: name \"%s\" is empty, odd or there twice", p->path,
                   (unsigned long long)at, name);
  if (folder) return WG_OK;
  return place_file(p, nodes[index], wg_load_le24(e + WG_AT_STFS_ENTRY_FIRST), size, flags & 0x40, at);
}

static int read_entries(struct package *p, struct wg_vfs *v, struct wg_node *root, uint32_t block, uint32_t count) {
  struct wg_node **nodes = wg_xcalloc(MAX_ENTRIES, sizeof(struct wg_node *));
  int code = WG_OK;
  for (uint32_t i = 0; i < count && i < MAX_ENTRIES / PER_BLOCK && code == WG_OK; i++) {
    uint8_t data[BLOCK];
    uint64_t at = block_at(p, block);
    if (block >= p->blocks || !read_at(p, at, data, sizeof data)) {
      code = wg_fail(p->err, WG_INPUT, "%s: directory block 0x%x leaves the package", p->path, block);
      break;
    }
    if (!take_block(p, block)) {
      code = wg_fail(p->err, WG_INPUT, "%s: directory block 0x%x is in use already", p->path, block);
      break;
    }
    for (uint32_t j = 0; j < PER_BLOCK && code == WG_OK; j++) {
      const uint8_t *e = data + j * WG_SIZEOF_STFS_ENTRY;
      if (*e == 0) break; // no name
      code = add_entry(p, v, root, nodes, PER_BLOCK * i + j, e, at + j * WG_SIZEOF_STFS_ENTRY);
    }
    if (code == WG_OK && i + 1 < count && !next_block(p, block, &block))
      code = wg_fail(p->err, WG_INPUT, "%s: the directory's hash table leaves the package", p->path);
  }
  free(nodes);
  return code;
}

int wg_vfs_mount_stfs(struct wg_vfs *v, const char *device, const char *path, const uint8_t *head, struct wg_err *err) {
  struct package p = {.err = err};
  if (!open_package(&p, path)) return wg_fail(err, WG_INPUT, "%s: not a package", path);
  int code = wg_vfs_mount(v, device, NULL, false, err);
  if (code == WG_OK) {
    const uint8_t *d = head + WG_AT_PACKAGE_VOLUME;
    uint32_t flags = WG_LOAD(d, STFS_VOLUME, FLAGS);
    p.first = ((uint64_t)WG_LOAD(head, PACKAGE, HEADER_SIZE) + BLOCK - 1) & ~(uint64_t)(BLOCK - 1);
    p.copies = flags & 1 ? 1 : 2;
    p.root_second = flags & 2;
    p.blocks = WG_LOAD(d, STFS_VOLUME, BLOCKS);
    code = read_entries(&p, v, wg_vfs_root(v, device), wg_load_le24(d + WG_AT_STFS_VOLUME_FOLDER_FIRST),
                        WG_LOAD_LE(d, STFS_VOLUME, FOLDER_BLOCKS));
  }
  free(p.taken);
  close(p.fd);
  return code;
}
