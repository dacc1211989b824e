// How a command names a title and what belongs to it.
#include <sys/stat.h>

#include "cli/cli.h"
#include "emu/machine.h"
#include "emu/vfs/image.h"

void wg_cli_program(const char *title, struct wg_buf *out) {
  struct stat st;
  wg_buf_str(out, title);
  if (stat(title, &st) == 0 && S_ISDIR(st.st_mode)) wg_buf_printf(out, "/%s", WG_DEFAULT_XEX);
}

void wg_cli_override(struct wg_cli_overrides *o, struct wg_config *cfg) {
  static const char *const links[] = {"cache:", "cache0:", "cache1:"};
  if (o->title) {
    wg_cli_program(o->title, &o->program);
    cfg->title = o->program.data;
  }
  cfg->patch = o->patch;
  cfg->content = o->content;
  cfg->key_file = o->keys;
  cfg->jit = o->jit ? WG_JIT_ON : WG_JIT_OFF;
  cfg->jit_keeper = (struct wg_jit_keeper){wg_cli_kept_of, &o->kept};
  for (size_t i = 0; i < 3; i++)
    if (o->caches[i]) cfg->mounts[cfg->nmounts++] = (struct wg_mount){links[i], o->caches[i]};
}

void wg_cli_overrides_release(struct wg_cli_overrides *o) {
  wg_cli_kept_close(&o->kept);
  wg_buf_release(&o->program);
}
