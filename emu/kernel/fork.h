// A run that goes on with other options (emu/config/config.h). emu/kernel/fork.c.
#ifndef WG_EMU_FORK_H
#define WG_EMU_FORK_H

#include <stddef.h>

struct wg_machine;

// The options that hold behind so many forks.
void wg_options_of(struct wg_machine *m, size_t forks);
// Between turns: takes what forks have come.
void wg_forks_due(struct wg_machine *m);

#endif
