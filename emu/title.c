#include "emu/title.h"

#include "base/file.h"
#include "emu/vfs/image.h"

#define MAX_TITLE (256u << 20)

static int go_on(const struct wg_poll *poll, const char *path, struct wg_err *err) {
  return wg_go_on(poll) ? WG_OK : wg_fail(err, WG_INPUT, "%s: interrupted while it was loaded", path);
}

static int read_one(const char *path, const char *inside, const struct wg_poll *poll, struct wg_buf *file, char *digest,
                    struct wg_err *err) {
  WG_TRY(go_on(poll, path, err));
  WG_TRY(wg_title_read(path, inside, MAX_TITLE, file, err));
  WG_TRY(go_on(poll, path, err));
  if (digest) wg_sha256_hex(file->data, file->len, digest);
  return go_on(poll, path, err);
}

static int parse(struct wg_image *img, const char *path, const struct wg_buf *file, const struct wg_keys *keys,
                 const struct wg_poll *poll, struct wg_err *err) {
  int code = wg_image_load_polled(img, path, file->data, file->len, keys, poll, err);
  if (wg_go_on(poll)) return code;
  if (code == WG_OK) wg_image_release(img);
  *err = (struct wg_err){0}; // what it left undone is no fault of the file
  return go_on(poll, path, err);
}

int wg_title_load(struct wg_image *img, const char *title, const char *patch, const struct wg_keys *keys,
                  const struct wg_poll *poll, struct wg_title_digests *digests, struct wg_err *err) {
  struct wg_buf file = {0}, change = {0};
  *img = (struct wg_image){0};
  int code = read_one(title, WG_DEFAULT_XEX, poll, &file, digests ? digests->title : NULL, err);
  if (code == WG_OK && patch) code = read_one(patch, WG_PATCH_XEX, poll, &change, digests ? digests->patch : NULL, err);
  if (code == WG_OK) code = parse(img, title, &file, keys, poll, err);
  if (code == WG_OK && patch) code = wg_image_patch(img, patch, change.data, change.len, keys, err);
  if (code != WG_OK) wg_image_release(img);
  wg_buf_release(&file);
  wg_buf_release(&change);
  return code;
}
