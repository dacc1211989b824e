// What `wedge record` still needs once it has its arguments; the rest it gives up before the title starts.
#define _GNU_SOURCE // d_type
#include "base/confine.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/vec.h"
#include "cli/cli.h"
#include "emu/machine.h"

struct paths {
  char **v;
  size_t n;
};

static void add_path(struct paths *p, char *path) {
  WG_VEC_NEXT(p->v, p->n);
  p->v[p->n++] = path;
}

static void add_folder_of(struct paths *p, const char *file) {
  const char *slash = strrchr(file, '/');
  add_path(p, slash ? wg_xstrndup(file, (size_t)(slash - file) + 1) : wg_xstrdup("."));
}

// A container or title that the user names may be a link, and has its parts beside it.
static void add_file(struct paths *p, const char *file) {
  if (file == NULL) return;
  add_folder_of(p, file);
  char *real = realpath(file, NULL);
  if (real) add_folder_of(p, real);
  free(real);
}

static void add_packages(struct paths *p, const char *folder) {
  if (folder == NULL) return;
  add_path(p, wg_xstrdup(folder));
  DIR *d = opendir(folder);
  for (const struct dirent *e; d && (e = readdir(d));) {
    if (e->d_type != DT_LNK) continue;
    struct wg_buf path = {0};
    wg_buf_printf(&path, "%s/%s", folder, e->d_name);
    add_file(p, path.data);
    wg_buf_release(&path);
  }
  if (d) closedir(d);
}

struct wg_confined wg_cli_confine(const struct wg_config *cfg, const char *dir, const char *kept, bool accepts,
                                  bool verbose) {
  struct wg_buf how = {0};
  struct paths p = {0};
  add_file(&p, cfg->title);
  add_file(&p, cfg->patch);
  add_packages(&p, cfg->content);
  if (cfg->key_file) add_path(&p, wg_xstrdup(cfg->key_file));
  for (size_t i = 0; i < cfg->nmounts; i++) add_path(&p, wg_xstrdup(cfg->mounts[i].host));
  const struct wg_confined held =
      wg_confine(&(struct wg_confine){(const char *const *)p.v, p.n, dir, kept, accepts}, &how);
  if (verbose) wg_cli_note("%s", how.data);
  for (size_t i = 0; i < p.n; i++) free(p.v[i]);
  free(p.v);
  wg_buf_release(&how);
  return held;
}
