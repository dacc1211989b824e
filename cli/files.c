// The files that a title sees as game:, with their digests (`wedge info --files`).
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "emu/vfs/image.h"

#define DEVICE "\\Device\\Cdrom0"

static int list(struct wg_vfs *v, struct wg_node *dir, struct wg_buf *out, bool json, struct wg_err *err) {
  size_t n = wg_vfs_list(v, dir);
  int code = WG_OK;
  for (size_t i = 0; i < n && code == WG_OK; i++) {
    struct wg_node *f = wg_vfs_child(dir, i);
    if (f->directory) {
      code = list(v, f, out, json, err);
      continue;
    }
    struct wg_buf path = {0};
    char digest[65];
    wg_vfs_path(f, &path);
    const char *name = path.data + sizeof DEVICE;
    if (!wg_vfs_sha256(v, f, digest)) {
      code = wg_fail(err, WG_INPUT, "%s: cannot be read", path.data);
    } else if (json) {
      if (out->data[out->len - 1] == '}') wg_buf_char(out, ',');
      wg_buf_char(out, '{');
      wg_json_str(out, "path", name);
      wg_json_u64(out, "size", f->size);
      wg_json_str(out, "sha256", digest);
      wg_buf_char(out, '}');
    } else {
      wg_buf_printf(out, "%s %10llu %s\n", digest, (unsigned long long)f->size, name);
    }
    wg_buf_release(&path);
  }
  return code;
}

int wg_cli_files(const char *title, bool json, struct wg_err *err) {
  struct wg_vfs *v = wg_vfs_create(0);
  struct wg_buf folder = {0}, out = {0};
  struct stat st;
  int code;
  if (wg_is_image(title)) {
    code = wg_vfs_mount_image(v, DEVICE, title, err);
  } else if (stat(title, &st) != 0) {
    code = wg_fail(err, WG_INPUT, "%s: no such file", title);
  } else {
    const char *slash = S_ISDIR(st.st_mode) ? title + strlen(title) : strrchr(title, '/');
    wg_buf_add(&folder, slash ? title : ".", slash ? (size_t)(slash - title) + (slash == title) : 1);
    code = wg_vfs_mount(v, DEVICE, folder.data, false, err);
  }
  if (json) {
    wg_buf_char(&out, '{');
    wg_json_key(&out, "files");
    wg_buf_char(&out, '[');
  }
  if (code == WG_OK) code = list(v, wg_vfs_root(v, DEVICE), &out, json, err);
  if (json) wg_buf_str(&out, "]}\n");
  if (code == WG_OK) wg_cli_print(&out);
  if (code == WG_OK && wg_vfs_odd_names(v))
    wg_cli_note("warning: %zu names are left out: a title cannot have them", wg_vfs_odd_names(v));
  wg_buf_release(&folder);
  wg_buf_release(&out);
  wg_vfs_free(v);
  return code;
}
