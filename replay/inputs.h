// The input script: JSON Lines, one change of a controller each (schemas/inputs.schema.json).
#ifndef WG_REPLAY_INPUTS_H
#define WG_REPLAY_INPUTS_H

#include "emu/machine.h"

// Reads a script; *out is malloc'd. Changes are in the order of their times; what a line does not name stays as it was.
int wg_inputs_read(const char *path, struct wg_input_change **out, size_t *n, struct wg_err *err);

#endif
