// Compiled code that is kept from one run to the next, by what it was made of.
//
// It is in memory here: a caller reads and writes what it is made from (base/sealed.h), and must be sure of it, as it
// is executed. One cache may serve several machines, on several threads.
#ifndef WG_EMU_JIT_CACHE_H
#define WG_EMU_JIT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define WG_JIT_CACHE_MOST ((size_t)64 << 20) // bytes that wg_jit_cache_save makes at most

struct wg_jit_library;
struct wg_jit_region;
struct wg_jit_insn;
struct wg_jit_blob;
struct wg_jit_cache;

// `most`: bytes that it may be saved in; 0: WG_JIT_CACHE_MOST. NULL: what this program's code is made by cannot be
// told from another's.
struct wg_jit_cache *wg_jit_cache_create(const struct wg_jit_library *library, size_t most);
void wg_jit_cache_free(struct wg_jit_cache *c);
// Into an empty one what was saved: takes `saved`, which is empty then. WG_INPUT: another build of wedge has saved it,
// or something else; it stays empty.
int wg_jit_cache_load(struct wg_jit_cache *c, struct wg_buf *saved, struct wg_err *err);
// What was taken or added first, then what else there was, as long as there is room.
void wg_jit_cache_save(struct wg_jit_cache *c, struct wg_buf *out);

struct wg_jit_cache_stats {
  uint64_t loaded, taken, compiled, added; // regions
  uint64_t left_out;                       // of those compiled, for which there was no room
};
struct wg_jit_cache_stats wg_jit_cache_stats(struct wg_jit_cache *c); // at any time, from any thread

// --- for emu/jit alone; each does nothing without a cache

// Whether there may be a region that begins at `pc`: answered at once, and seldom in vain.
bool wg_jit_cache_may(const struct wg_jit_cache *c, uint32_t pc);
// What a region at `pc` was compiled to that is in this page as it was then. All of it is the cache's, and stays.
struct wg_jit_found {
  uint32_t pc;
  const uint8_t *code; // of `n` instructions
  size_t n;
  uint8_t *bytes; // as struct wg_jit_blob has them
  size_t size, entry, refusals, nrefusals;
};
bool wg_jit_cache_find(struct wg_jit_cache *c, uint32_t pc, const uint8_t *page, struct wg_jit_found *out);
// The same for a whole page of code, `number` << 12: whether there may be anything, and all regions that are in it, the
// smallest first. Left out are those that add no entry to `entries`, by places, and the larger ones. The caller frees
// what is returned, of `n`; NULL: none.
bool wg_jit_cache_may_page(const struct wg_jit_cache *c, uint32_t number);
struct wg_jit_found *wg_jit_cache_page(struct wg_jit_cache *c, uint32_t number, const uint8_t *page,
                                       const bool *entries, size_t *n);
// Places, words, addresses, entries and what is left of its instructions, which all else follows from.
void wg_jit_cache_insns(const struct wg_jit_found *found, struct wg_jit_insn *out);
// It was compiled; `blob` is NULL if it cannot be, or if another run would not find it so: nothing of a debugger's is
// in what is left to the interpreter.
void wg_jit_cache_add(struct wg_jit_cache *c, uint32_t pc, const struct wg_jit_region *r,
                      const struct wg_jit_blob *blob);

#endif
