// Memory for compiled code: either written or executed, so that no page is both.
#ifndef WG_EMU_JIT_ARENA_H
#define WG_EMU_JIT_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct wg_arena {
  uint8_t *at;
  size_t size, used;
  size_t ahead; // bytes whose memory is there
  bool written; // it may be written now, and not executed
};

int wg_arena_create(struct wg_arena *a, size_t size, struct wg_err *err);
void wg_arena_free(struct wg_arena *a);
// Where the bytes will run; NULL: there is no room. Nothing of the arena may be executed until wg_arena_run.
const uint8_t *wg_arena_add(struct wg_arena *a, const void *bytes, size_t n);
void wg_arena_run(struct wg_arena *a);   // what there is may be executed, and not be written
void wg_arena_clear(struct wg_arena *a); // nothing of it is executed any more

#endif
