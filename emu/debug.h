// A turn of a context, and what a debugger hears of it. Private to emu/.
#ifndef WG_EMU_DEBUG_H
#define WG_EMU_DEBUG_H

#include "emu/kernel/kernel.h"

// wg_cpu_run up to that cycle, in steps where the debugger wants them.
void wg_turn_run(struct wg_machine *m, struct wg_ctx *ctx, uint64_t limit);

#endif
