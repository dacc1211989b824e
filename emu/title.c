#include "emu/title.h"

#include "base/file.h"
#include "emu/vfs/image.h"

#define MAX_TITLE (256u << 20)

static int read_one(const char *path, const char *inside, struct wg_buf *file, char *digest, struct wg_err *err) {
  WG_TRY(wg_title_read(path, inside, MAX_TITLE, file, err));
  if (digest) wg_sha256_hex(file->data, file->len, digest);
  return WG_OK;
}

int wg_title_load(struct wg_image *img, const char *title, const char *patch, const char *keys,
                  struct wg_title_digests *digests, struct wg_err *err) {
  struct wg_buf file = {0}, change = {0};
  *img = (struct wg_image){0};
  int code = read_one(title, WG_DEFAULT_XEX, &file, digests ? digests->title : NULL, err);
  if (code == WG_OK && patch) code = read_one(patch, WG_PATCH_XEX, &change, digests ? digests->patch : NULL, err);
  if (code == WG_OK) code = wg_image_load(img, title, file.data, file.len, keys, err);
  if (code == WG_OK && patch) code = wg_image_patch(img, patch, change.data, change.len, keys, err);
  if (code != WG_OK) wg_image_release(img);
  wg_buf_release(&file);
  wg_buf_release(&change);
  return code;
}
