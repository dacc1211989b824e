// What the guest wrote, as the manifest tells it: `overlay` of the result.
//
// {"count": files, "sha256": of all, "files": [{"path", "size", "sha256"}]}: a line `SHA-256  PATH` for each file, in
// the order of their paths' bytes, is what `sha256` is of; the first WG_OVERLAY_LISTED stand in `files`, too.
#ifndef WG_REPLAY_OVERLAY_H
#define WG_REPLAY_OVERLAY_H

#include <jansson.h>

#include "emu/machine.h"

#define WG_OVERLAY_LISTED 65536u

json_t *wg_overlay_json(const struct wg_machine *m); // the caller's reference
// Compares the folder of a run with what its manifest has; each difference is said. False if there is any.
bool wg_overlay_check(const json_t *recorded, const char *folder,
                      void (*say)(void *ctx, const char *path, const char *words), void *ctx);

#endif
