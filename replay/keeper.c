#include "replay/keeper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

bool wg_keeper_keeps(const struct wg_keeper *k) { return k->folder.path.len > 0; }

int wg_keeper_begin(struct wg_keeper *k, const char *dir, const char *identity, struct wg_machine *m,
                    struct wg_err *err) {
  *k = (struct wg_keeper){.dir = dir};
  wg_checkpoint_pace(&k->pace, WG_CHECKPOINT_EFFORT);
  wg_checkpoints_init(&k->marks);
  WG_TRY(wg_temporary_make(&k->folder, dir, "checkpoints.", err));
  wg_machine_track(m);
  return wg_checkpoints_create(&k->marks, k->folder.path.data, identity, err);
}

static void take_checkpoint(struct wg_keeper *k, struct wg_machine *m, uint64_t packets) {
  k->marks.packets = packets;
  wg_checkpoint_take(&k->marks, m);
}

void wg_keeper_window(struct wg_keeper *k, struct wg_machine *m, uint64_t packets) {
  if (wg_keeper_keeps(k) && k->marks.failed.code == 0 && wg_checkpoint_due(&k->pace, m)) take_checkpoint(k, m, packets);
}

static void checkpoints_of(const char *dir, struct wg_buf *out) { wg_buf_printf(out, "%s/" WG_CHECKPOINTS, dir); }

int wg_keeper_keep(struct wg_keeper *k, struct wg_machine *ends, uint64_t packets, struct wg_err *err) {
  struct wg_buf from = {0}, to = {0};
  if (ends) take_checkpoint(k, ends, packets);
  int code = wg_checkpoints_finish(&k->marks, err);
  checkpoints_of(k->folder.path.data, &from);
  checkpoints_of(k->dir, &to);
  if (code == WG_OK && rename(from.data, to.data) != 0)
    code = wg_fail(err, WG_INPUT, "%s: cannot put it there: %s", to.data, strerror(errno));
  wg_buf_release(&from);
  wg_buf_release(&to);
  return code;
}

void wg_keeper_release(struct wg_keeper *k) {
  if (!wg_keeper_keeps(k)) return;
  wg_temporary_remove(&k->folder);
  wg_checkpoints_release(&k->marks);
}
