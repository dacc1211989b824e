// The file of a list of checkpoints. Private to checkpoint/.
#ifndef WG_CHECKPOINT_FILE_H
#define WG_CHECKPOINT_FILE_H

#include "checkpoint/checkpoint.h"

void wg_checkpoint_write(struct wg_checkpoints *c, struct wg_checkpoint *p);
int wg_checkpoint_read(struct wg_checkpoints *c, const struct wg_checkpoint *p, struct wg_buf *out, struct wg_err *err);
void wg_checkpoint_file_release(struct wg_checkpoints *c);

#endif
