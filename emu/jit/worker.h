// Compiles on a thread of its own, or at once where there is none.
#ifndef WG_EMU_JIT_WORKER_H
#define WG_EMU_JIT_WORKER_H

#include <stdbool.h>

#include "emu/jit/cache.h"
#include "jit/backend.h"

// A region on its way: asked for, then compiled.
struct wg_job {
  struct wg_job *next;
  uint32_t page, pc;       // pc: where it was seen to run
  bool ok, kept;           // kept: by an earlier run
  bool breaks;             // a debugger wants to be asked within it
  struct wg_jit_blob blob; // if ok; the cache's if kept
  char why[120];           // if not
  size_t n;
  struct wg_jit_insn insns[];
};
struct wg_job *wg_job_new(size_t most); // with room for so many instructions, of which it has none yet
void wg_job_free(struct wg_job *job);

struct wg_worker;
// `background`: on another thread. What it compiles goes into `cache`, too, unless that is NULL.
struct wg_worker *wg_worker_create(const struct wg_jit_backend *backend, struct wg_jit *jit, struct wg_jit_cache *cache,
                                   bool background);
void wg_worker_free(struct wg_worker *w); // waits for what is being compiled
size_t wg_worker_waiting(struct wg_worker *w);
// Takes it. What waits and is but a part of it goes: it is an entry instead.
void wg_worker_give(struct wg_worker *w, struct wg_job *job);
void wg_worker_done(struct wg_worker *w, struct wg_job *job); // takes one that is done already
struct wg_job *wg_worker_take(struct wg_worker *w);           // one that is done, which is the caller's; NULL: none

#endif
