// The input script: JSON Lines, a change of a controller or user, a notification, or a dialog's answer each
// (schemas/inputs.schema.json).
#ifndef WG_REPLAY_INPUTS_H
#define WG_REPLAY_INPUTS_H

#include "emu/machine.h"

// Reads a script; wg_inputs_free frees it. Changes are in the order of their times; what a line does not name stays as
// it was.
int wg_inputs_read(const char *path, struct wg_input_change **out, size_t *n, struct wg_err *err);
// The same, behind the n that there are.
int wg_inputs_add(const char *path, struct wg_input_change **changes, size_t *n, struct wg_err *err);
void wg_inputs_free(struct wg_input_change *changes, size_t n);

#endif
