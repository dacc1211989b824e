// A title from the host's files: read, digested, parsed and patched.
#ifndef WG_EMU_TITLE_H
#define WG_EMU_TITLE_H

#include "emu/config/config.h"
#include "emu/loader/loader.h"

#define WG_PATCH_XEX "default.xexp" // the patch in a title update package

// `title`: a XEX, ELF, folder or container. `patch`: a .xexp, a package that holds one, or NULL. `keys` may be
// NULL. `poll` may end it with an error, and it and `digests` may be NULL. On failure there is nothing to release.
int wg_title_load(struct wg_image *img, const char *title, const char *patch, const struct wg_keys *keys,
                  const struct wg_poll *poll, struct wg_title_digests *digests, struct wg_err *err);

#endif
