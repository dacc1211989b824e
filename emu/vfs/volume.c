#include "emu/vfs/volume.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu/layout/layout.h"

#define VOLUME_SECTOR 32u
// SVOD: a data file holds so many sectors; a hash table of 4 KiB stands before each group of them, and one more in
// front.
#define PER_FILE 0x14388u
#define PER_TABLE 0x198u
#define TABLE 0x1000u
#define SINGLE_BASE 0xB000u

static const char magic[] = "MICROSOFT*XBOX*MEDIA";
#define MAGIC (sizeof magic - 1)
_Static_assert(MAGIC == WG_COUNT_GDFX_VOLUME_MAGIC, "the descriptor begins with it");
static const uint64_t partitions[] = {0, 0xFB20, 0x20600, 0x2080000, 0xFD90000};

void wg_part_name(const char *path, uint32_t part, struct wg_buf *out) {
  wg_buf_str(out, path);
  if (part) wg_buf_printf(out, ".data/Data%04u", part - 1);
}

bool wg_volume_read(const struct wg_volume *v, uint32_t part, uint64_t at, void *out, size_t n) {
  if (part >= v->parts || at > v->size[part] || n > v->size[part] - at) return false;
  for (size_t done = 0; done < n;) {
    ssize_t got = pread(v->fd[part], (char *)out + done, n - done, (off_t)(at + done));
    if (got <= 0) return false;
    done += (size_t)got;
  }
  return true;
}

static bool open_part(struct wg_volume *v) {
  struct stat st;
  struct wg_buf name = {0};
  wg_part_name(v->path, v->parts, &name);
  int fd = open(name.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  wg_buf_release(&name);
  if (fd < 0) return false;
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
    close(fd);
    return false;
  }
  v->fd[v->parts] = fd;
  v->size[v->parts++] = (uint64_t)st.st_size;
  return true;
}

static bool magic_at(struct wg_volume *v, uint32_t part, uint64_t at) {
  char text[MAGIC];
  v->part = part;
  v->descriptor = at;
  return wg_volume_read(v, part, at, text, MAGIC) && memcmp(text, magic, MAGIC) == 0;
}

bool wg_volume_open_disc(struct wg_volume *v, const char *path) {
  *v = (struct wg_volume){.path = path};
  if (!open_part(v)) return false;
  for (size_t i = 0; i < sizeof partitions / sizeof *partitions; i++) {
    v->base = partitions[i];
    if (magic_at(v, 0, v->base + (uint64_t)VOLUME_SECTOR * WG_SECTOR)) return true;
  }
  wg_volume_close(v);
  return false;
}

int wg_volume_open_svod(struct wg_volume *v, const char *path, const uint8_t *head, struct wg_err *err) {
  const uint8_t *d = head + WG_AT_PACKAGE_VOLUME;
  *v = (struct wg_volume){.path = path, .svod = true};
  if (!open_part(v)) return wg_fail(err, WG_INPUT, "%s: cannot be read", path);
  while (v->parts <= WG_MAX_PARTS && open_part(v)) {
  }
  bool enhanced = WG_LOAD(d, SVOD_VOLUME, FEATURES) & 0x40;
  v->origin = 2 * (int64_t)wg_load_le24(d + WG_AT_SVOD_VOLUME_FIRST);
  if (v->parts > 1) {
    if (enhanced) v->origin -= 2; // its data begins two sectors earlier
    if (magic_at(v, 1, enhanced ? 0x2000 : 0x12000)) return WG_OK;
    wg_fail(err, WG_INPUT, "%s.data/Data0000: offset 0x%llx: no volume descriptor; expected \"%s\"", path,
            (unsigned long long)v->descriptor, magic);
  } else {
    v->single = true;
    v->base = SINGLE_BASE;
    if (magic_at(v, 0, SINGLE_BASE + 2 * TABLE)) return WG_OK;
    wg_fail(err, WG_INPUT, "%s: an SVOD package, but %s.data/Data0000 is missing and the file holds no volume itself",
            path, path);
  }
  wg_volume_close(v);
  return WG_INPUT;
}

void wg_volume_close(struct wg_volume *v) {
  while (v->parts) close(v->fd[--v->parts]);
}

bool wg_volume_place(const struct wg_volume *v, uint64_t sector, struct wg_place *out) {
  if (!v->svod) {
    *out = (struct wg_place){0, v->base + sector * WG_SECTOR, UINT32_MAX};
    return true;
  }
  if ((int64_t)sector < v->origin) return false;
  uint64_t n = (uint64_t)((int64_t)sector - v->origin), file = n / PER_FILE, within = n % PER_FILE;
  uint64_t tables = within / PER_TABLE + 2; // one for each group so far, and the one of the next level
  *out = (struct wg_place){v->single ? 0 : (uint32_t)file + 1, v->base + within * WG_SECTOR + tables * TABLE,
                           PER_TABLE - within % PER_TABLE};
  return v->single ? file == 0 : file + 1 < v->parts;
}
