// What goes on once a library's function has returned. Private to module.c and module_state.c.
#ifndef WG_EMU_RESUMES_H
#define WG_EMU_RESUMES_H

#include "emu/kernel/modules.h"

// A library that is told that it goes.
struct wg_leaving {
  struct wg_resume resume;
  struct wg_module *x;
};

// Libraries whose start-up functions are yet to run, in that order; `next` of them were entered.
struct wg_starts {
  struct wg_resume resume;
  struct wg_module *of;
  size_t n, next;
  struct wg_module *modules[];
};

#endif
