// Accesses of compiled code to the view of guest memory (emu/mem/view.h) that the host refuses: they are shown what
// they may access, or go on where the compiler says, which is in the interpreter.
//
// A signal tells of them, so this alone has a state of the process: its handler, and which processor a thread runs.
// Whatever else the signal means goes to whom it went before.
#ifndef WG_EMU_REFUSED_H
#define WG_EMU_REFUSED_H

#include "emu/cpu/cpu.h"

// Before compiled code is executed, on any thread. An error where the host cannot do it.
int wg_refused_prepare(struct wg_err *err);
// From here to wg_refused_leave this thread executes what `c` is at.
void wg_refused_enter(struct wg_cpu *c);
void wg_refused_leave(void);

#endif
