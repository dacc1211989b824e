// A run that goes on with other options (emu/config/config.h). emu/kernel/fork.c.
#ifndef WG_EMU_FORK_H
#define WG_EMU_FORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wg_machine;
struct wg_thread;

// The options that hold behind so many forks.
void wg_options_of(struct wg_machine *m, size_t forks);
// What a thread's next event (NULL: an interrupt's), the kernel.return of a call of that name, has to say instead of
// rv; NULL: that.
const uint64_t *wg_forced_return(const struct wg_machine *m, const struct wg_thread *t, const char *name, uint64_t rv);
// The call that a thread (NULL: an interrupt) makes besides, now that its next event is a kernel.call, or (`behind`)
// that the one before was a kernel.return; or NULL.
const struct wg_forced_call *wg_forced_call(const struct wg_machine *m, const struct wg_thread *t, bool behind);
// Between turns: takes what forks have come.
void wg_forks_due(struct wg_machine *m);

#endif
