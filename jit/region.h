// From a region to a function of the bodies' language.
#ifndef WG_JIT_REGION_H
#define WG_JIT_REGION_H

#include "jit/build.h"

// Builds u->fn, a handler, in u->module. False with u->why, or u->again.
bool wg_jit_region(struct wg_jit_build *u);

#endif
