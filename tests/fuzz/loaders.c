// libFuzzer's entry for what reads files from strangers. WG_FUZZ chooses: 1 titles (XEX2, ELF), 2 LZX, 3 containers
// (disc images, packages), 4 recorded branches, 5 input scripts, 6 patches (the length of a title, the title, the
// patch).
#define _GNU_SOURCE // memfd_create
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/endian.h"
#include "emu/loader/loader.h"
#include "emu/loader/lzx.h"
#include "emu/vfs/image.h"
#include "replay/inputs.h"
#include "trace/branches.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#if WG_FUZZ >= 3 && WG_FUZZ <= 5
// The readers of files take a path.
static int as_file(const uint8_t *data, size_t n, char *path, size_t cap) {
  int fd = memfd_create("fuzz", 0);
  if (fd < 0 || write(fd, data, n) != (ssize_t)n) abort();
  snprintf(path, cap, "/proc/self/fd/%d", fd);
  return fd;
}
#endif

#if WG_FUZZ == 3
static void read_siblings(struct wg_vfs *v, struct wg_node *at);

static void read_all(struct wg_vfs *v, struct wg_node *n) {
  uint8_t text[512];
  if (!n->directory) wg_vfs_read(v, n, n->size / 2, text, sizeof text);
  // Children are a tree of their own (emu/vfs/tree.h).
  if (n->directory && n->children) read_siblings(v, n->children);
}

static void read_siblings(struct wg_vfs *v, struct wg_node *at) {
  if (at->left) read_siblings(v, at->left);
  read_all(v, at);
  if (at->right) read_siblings(v, at->right);
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
#if WG_FUZZ != 2
  struct wg_err err = {0};
#endif
#if WG_FUZZ == 1
  struct wg_image img;
  if (wg_image_load(&img, "fuzz", data, n, NULL, &err) == WG_OK) wg_image_release(&img);
#elif WG_FUZZ == 2
  static uint8_t out[100000];
  size_t at;
  if (n < 3) return 0;
  size_t size = (data[0] | (size_t)data[1] << 8) + 1;
  wg_lzx_decode(data + 3, n - 3, 14 + data[2] % 9, out, size, &at);
  if (at > n - 3) abort();
#elif WG_FUZZ == 6
  struct wg_image img;
  size_t base = n < 4 ? n : wg_load_le32(data);
  if (n < 4 || base > n - 4 || wg_image_load(&img, "fuzz", data + 4, base, NULL, &err) != WG_OK) return 0;
  wg_image_patch(&img, "fuzz", data + 4 + base, n - 4 - base, NULL, &err);
  wg_image_release(&img);
#else
  char path[64];
  int fd = as_file(data, n, path, sizeof path);
#if WG_FUZZ == 3
  struct wg_vfs *v = wg_vfs_create(0);
  if (wg_is_image(path) && wg_vfs_mount_image(v, "\\Device\\Cdrom0", path, &err) == WG_OK)
    read_all(v, wg_vfs_root(v, "\\Device\\Cdrom0"));
  wg_vfs_free(v);
#elif WG_FUZZ == 4
  struct wg_branches_reader *r;
  struct wg_branch_packet p;
  if (wg_branches_open(&r, path, &err) == WG_OK) {
    while (wg_branches_next(r, &p)) {
    }
    wg_branches_close_file(r);
  }
#else
  struct wg_input_change *changes;
  size_t count;
  if (wg_inputs_read(path, &changes, &count, &err) == WG_OK) wg_inputs_free(changes, count);
#endif
  close(fd);
#endif
  return 0;
}
