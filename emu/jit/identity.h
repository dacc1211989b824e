// What compiled code is a function of, besides the region that it is of.
#ifndef WG_EMU_JIT_IDENTITY_H
#define WG_EMU_JIT_IDENTITY_H

#include "jit/backend.h"

#define WG_JIT_IDENTITY 32u

// A digest of this program, the backend and every library that is loaded with them, as they were linked; of the
// interface, the processors that the code is for and where things are. False: something of it cannot be told.
bool wg_jit_identity(const struct wg_jit_backend *backend, const struct wg_jit_layout *layout,
                     uint8_t out[WG_JIT_IDENTITY]);

#endif
