// A folder of packages: what is installed beside a title.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "emu/layout/layout.h"
#include "emu/vfs/image.h"

static int read_info(struct wg_package *p, struct wg_err *err) {
  uint8_t head[WG_SIZEOF_PACKAGE];
  if (!wg_is_package(p->path))
    return wg_fail(err, WG_INPUT, "%s: no package (CON, LIVE or PIRS); a content folder holds nothing else", p->path);
  FILE *f = fopen(p->path, "rb");
  bool whole = f && fread(head, 1, sizeof head, f) == sizeof head;
  if (f) fclose(f);
  if (!whole) return wg_fail(err, WG_INPUT, "%s: the header is cut off", p->path);
  p->type = WG_LOAD(head, PACKAGE, CONTENT_TYPE);
  p->title_id = WG_LOAD(head, PACKAGE, TITLE_ID);
  memcpy(p->display, head + WG_AT_PACKAGE_DISPLAY_NAME, sizeof p->display);
  return WG_OK;
}

static int by_path(const void *a, const void *b) {
  return strcmp(((const struct wg_package *)a)->path, ((const struct wg_package *)b)->path);
}

static bool is_data(const char *name) { // the folder of an SVOD package's data
  size_t n = strlen(name);
  return n > 5 && strcmp(name + n - 5, ".data") == 0;
}

int wg_package_list(const char *dir, struct wg_package **out, size_t *n, struct wg_err *err) {
  DIR *d = opendir(dir);
  *out = NULL;
  *n = 0;
  if (d == NULL) return wg_fail(err, WG_INPUT, "%s: no such folder", dir);
  for (const struct dirent *e; (e = readdir(d)) != NULL;) {
    if (e->d_name[0] == '.' || is_data(e->d_name)) continue;
    struct wg_buf path = {0};
    wg_buf_printf(&path, "%s/%s", dir, e->d_name);
    WG_VEC_NEXT(*out, *n);
    (*out)[(*n)++] = (struct wg_package){.path = path.data};
  }
  closedir(d);
  if (*n) qsort(*out, *n, sizeof **out, by_path);
  int code = WG_OK;
  for (size_t i = 0; i < *n && code == WG_OK; i++) code = read_info(&(*out)[i], err);
  return code;
}

void wg_packages_free(struct wg_package *p, size_t n) {
  for (size_t i = 0; i < n; i++) free(p[i].path);
  free(p);
}
