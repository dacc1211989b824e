// The file of a list of checkpoints. Private to checkpoint/.
#ifndef WG_CHECKPOINT_FILE_H
#define WG_CHECKPOINT_FILE_H

#include "checkpoint/checkpoint.h"

#define WG_CHECKPOINTS_WITHOUT                                                                                         \
  "remove the file to do without checkpoints, or make them anew (wedge replay --checkpoints)"

// Appends its state to the file, with the pages that are not there yet, and frees it in memory; it stays there if the
// file cannot be written.
void wg_checkpoint_write(struct wg_checkpoints *c, struct wg_checkpoint *p);
// The state as it was written. WG_INPUT: it is not any more.
int wg_checkpoint_read(struct wg_checkpoints *c, const struct wg_checkpoint *p, struct wg_buf *out, struct wg_err *err);
void wg_checkpoint_file_release(struct wg_checkpoints *c);

#endif
