#define _DEFAULT_SOURCE // mkdtemp
#include "replay/keeper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

int wg_keeper_begin(struct wg_keeper *k, const char *dir, const char *identity, struct wg_machine *m,
                    struct wg_err *err) {
  struct wg_buf folder = {0};
  *k = (struct wg_keeper){.dir = dir};
  wg_checkpoint_pace(&k->pace, WG_CHECKPOINT_EFFORT);
  wg_checkpoints_init(&k->marks);
  wg_buf_printf(&folder, "%s/checkpoints.XXXXXX", dir);
  if (mkdtemp(folder.data) == NULL) {
    int code = wg_fail(err, WG_INPUT, "%s: cannot make it: %s", folder.data, strerror(errno));
    wg_buf_release(&folder);
    return code;
  }
  k->folder = folder.data;
  wg_machine_track(m);
  return wg_checkpoints_create(&k->marks, k->folder, identity, err);
}

static void take_checkpoint(struct wg_keeper *k, struct wg_machine *m, uint64_t packets) {
  k->marks.packets = packets;
  wg_checkpoint_take(&k->marks, m);
}

void wg_keeper_window(struct wg_keeper *k, struct wg_machine *m, uint64_t packets) {
  if (k->folder && k->marks.failed.code == 0 && wg_checkpoint_due(&k->pace, m)) take_checkpoint(k, m, packets);
}

static void checkpoints_of(const char *dir, struct wg_buf *out) { wg_buf_printf(out, "%s/" WG_CHECKPOINTS, dir); }

int wg_keeper_keep(struct wg_keeper *k, struct wg_machine *ends, uint64_t packets, struct wg_err *err) {
  struct wg_buf from = {0}, to = {0};
  if (ends) take_checkpoint(k, ends, packets);
  int code = wg_checkpoints_finish(&k->marks, err);
  checkpoints_of(k->folder, &from);
  checkpoints_of(k->dir, &to);
  if (code == WG_OK && rename(from.data, to.data) != 0)
    code = wg_fail(err, WG_INPUT, "%s: cannot put it there: %s", to.data, strerror(errno));
  wg_buf_release(&from);
  wg_buf_release(&to);
  return code;
}

void wg_keeper_release(struct wg_keeper *k) {
  struct wg_buf file = {0};
  if (k->folder == NULL) return;
  checkpoints_of(k->folder, &file);
  unlink(file.data);
  rmdir(k->folder);
  free(k->folder);
  wg_buf_release(&file);
  wg_checkpoints_release(&k->marks);
  k->folder = NULL;
}
