// What a title can make the host keep, each kind with its bound (emu/limits/limits.def, docs/limits.md). The first time
// that a run meets a bound is an event of the trace; how often each was met is told at the end.
#ifndef WG_EMU_LIMITS_H
#define WG_EMU_LIMITS_H

enum wg_limit {
#define WG_LIMIT(id, most, what, beyond) WG_L_##id,
#include "emu/limits/limits.def"
  WG_LIMITS
};

enum {
#define WG_LIMIT(id, most, what, beyond) WG_MAX_##id = (most),
#include "emu/limits/limits.def"
};

#endif
