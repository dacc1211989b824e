// Where the sectors of a GDFX volume lie: in a disc image at one of the known partition offsets, or in an SVOD package,
// whose data is spread over files with hash tables between (docs/console.md#file-systems). Private to emu/vfs.
#ifndef WG_EMU_VOLUME_H
#define WG_EMU_VOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define WG_SECTOR 2048u
#define WG_MAX_PARTS 64u // of an SVOD package, 163 MiB each: more than a disc of two layers

// What lies in further files: part 0 is the container itself, part n its PATH.data/Data<n - 1>.
void wg_part_name(const char *path, uint32_t part, struct wg_buf *out);

struct wg_volume {
  const char *path;
  int fd[WG_MAX_PARTS + 1];
  uint64_t size[WG_MAX_PARTS + 1];
  uint32_t parts; // opened; part 0 always is
  // A disc image:
  uint64_t base; // where the game partition begins
  // An SVOD package:
  bool svod, single; // single: the data is in the header's file, from `base` on
  int64_t origin;    // the sector that its first data block is
  // Of the volume descriptor:
  uint32_t part;
  uint64_t descriptor;
};

// A stretch of sectors without a gap.
struct wg_place {
  uint32_t part;
  uint64_t at;
  uint64_t sectors;
};

bool wg_volume_open_disc(struct wg_volume *v, const char *path); // false: no disc image
// `head`: the first 0x3AD bytes of a package.
int wg_volume_open_svod(struct wg_volume *v, const char *path, const uint8_t *head, struct wg_err *err);
void wg_volume_close(struct wg_volume *v);
bool wg_volume_read(const struct wg_volume *v, uint32_t part, uint64_t at, void *out, size_t n);
// False: there is no such sector. `at` may still lie past the part's end.
bool wg_volume_place(const struct wg_volume *v, uint64_t sector, struct wg_place *out);

#endif
