// The list of checkpoints. Private to checkpoint/.
#ifndef WG_CHECKPOINT_LIST_H
#define WG_CHECKPOINT_LIST_H

#include "checkpoint/checkpoint.h"

// Room in the list, in order; NULL if one is there already.
struct wg_checkpoint *wg_checkpoint_insert(struct wg_checkpoints *c, const struct wg_machine_where *at);
void wg_checkpoint_free(struct wg_checkpoint *p); // what it has, not itself

#endif
