// The file of a list of checkpoints. Private to checkpoint/.
#ifndef WG_CHECKPOINT_FILE_H
#define WG_CHECKPOINT_FILE_H

#include "checkpoint/checkpoint.h"

// Appends its state to the file, with the pages that are not there yet, and lets go of it in memory: by the next one,
// or when it is waited for (wg_checkpoints_finish). It stays in memory if the file cannot be written.
void wg_checkpoint_write(struct wg_checkpoints *c, struct wg_checkpoint *p);
// Waits until all of it is packed, and writes it.
void wg_checkpoints_settle(struct wg_checkpoints *c);
// The state as it was written. WG_INPUT: it is not any more.
int wg_checkpoint_read(struct wg_checkpoints *c, const struct wg_checkpoint *p, struct wg_buf *out, struct wg_err *err);
// WG_INPUT: `what`, whose body lies there, "is" or "are" damaged.
int wg_checkpoint_damaged(const struct wg_checkpoints *c, uint64_t at, const char *what, struct wg_err *err);
// WG_INPUT with what differs, unless what the file says that it belongs to (n bytes) is this run and build.
int wg_checkpoints_are_of(struct wg_checkpoints *c, const char *text, size_t n, const char *identity,
                          struct wg_err *err);
void wg_checkpoint_file_release(struct wg_checkpoints *c);

#endif
