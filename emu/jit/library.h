#ifndef WG_EMU_JIT_LIBRARY_H
#define WG_EMU_JIT_LIBRARY_H

#include "emu/jit/jit.h"
#include "jit/backend.h"

// The library's, as long as it is open.
const struct wg_jit_backend *wg_jit_backend_of(const struct wg_jit_library *library);

#endif
