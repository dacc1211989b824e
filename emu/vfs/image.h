// Containers: disc images (GDFX, "XISO"), at every partition offset that discs have, STFS and SVOD packages
// (docs/console.md#file-systems).
#ifndef WG_EMU_IMAGE_H
#define WG_EMU_IMAGE_H

#include "emu/vfs/vfs.h"

// True if the file is a container of any kind.
bool wg_is_image(const char *path);
// CON, LIVE and PIRS packages.
#define WG_PACKAGE_HEAD 0x3ADu // bytes of their header that a mount reads: up to the volume type
bool wg_is_package(const char *path);
int wg_package_head(const char *path, uint8_t *head, struct wg_err *err);
int wg_vfs_mount_stfs(struct wg_vfs *v, const char *device, const char *path, const uint8_t *head, struct wg_err *err);
// The packages of a folder, by name; the caller frees the list, also after an error.
struct wg_package {
  char *path;
  uint32_t type, title_id;
  uint8_t display[0x100]; // UTF-16, big-endian
};
// The files of a folder that are packages, by their paths; the caller frees them. Fails on a folder that is not
// there and on a file that is no package.
int wg_package_list(const char *dir, struct wg_package **out, size_t *n, struct wg_err *err);
void wg_packages_free(struct wg_package *p, size_t n);
// Mounts its files as `device`, read-only. WG_INPUT names the offset of what is wrong.
int wg_vfs_mount_image(struct wg_vfs *v, const char *device, const char *path, struct wg_err *err);
#define WG_DEFAULT_XEX "default.xex" // the program of a disc, package or folder
// Digest of a file inside of it ("media\\a.bin"), 65 bytes.
int wg_image_sha256(const char *path, const char *inside, char *out, struct wg_err *err);

// The program that a path means: the file itself, or `inside` of a folder or a container; at most `max` bytes.
int wg_title_read(const char *path, const char *inside, size_t max, struct wg_buf *out, struct wg_err *err);

#endif
