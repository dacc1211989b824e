// Who hears of accesses to guest memory: which pages have been written since somebody last asked (for checkpoints), and
// each access to chosen pages (for watchpoints).
//
// A page that is listened to has neither WG_PAGE_R nor WG_PAGE_W where it would (WG_PAGE_R_SLOW, WG_PAGE_W_SLOW
// instead), so that its accesses go the slow way, and nothing else changes: the guest cannot tell, and the description
// of the state (state.c) is of what the page is without listeners.
//
// Pages are told by what backs them: several addresses show one page (docs/console.md#memory). Ownership: wg_mem owns
// all of it. Errors: none.
#ifndef WG_EMU_WATCH_H
#define WG_EMU_WATCH_H

#include "emu/mem/mem.h"

// The page that backs `page`: each has one number however many addresses show it.
uint32_t wg_mem_backing(uint32_t page);
// The pages that show what backs `page`, itself among them; returns how many.
size_t wg_mem_aliases(uint32_t page, uint32_t out[4]);
// The addresses that show the byte at `addr`, itself among them; returns how many.
size_t wg_mem_shown(uint32_t addr, uint32_t out[4]);

// From now on wg_mem_unchanged tells which pages have not been written; at first it knows of none.
void wg_mem_track(struct wg_mem *m);
// The hash that was noted of a backing page (emu/state/pages.h) if it cannot have changed since.
bool wg_mem_unchanged(const struct wg_mem *m, uint32_t backing, uint64_t *hash);
#define WG_ZERO_HASH 0 // of a page of zeros, by agreement; a content that has it is not noted
void wg_mem_note(struct wg_mem *m, uint32_t backing, uint64_t hash); // it has this content now
// A backing page's content changes other than by a store of the guest's.
void wg_mem_changes(struct wg_mem *m, uint32_t page);

// Hear of reads or writes of [addr, addr + len), by whatever address they come; n watches replace those before. The
// callback comes before the access is done.
struct wg_mem_watch {
  uint32_t addr, len;
  bool read, write;
};
struct wg_mem_access {
  uint32_t addr, len; // as accessed
  bool write;
  bool pointer; // a kernel call or a device has a pointer to it: it may be accessed, wholly or not at all
  size_t watch; // of wg_mem_watches: the first that hears of it
};
typedef void wg_mem_listener(void *ctx, const struct wg_mem_access *a);
void wg_mem_watches(struct wg_mem *m, const struct wg_mem_watch *list, size_t n, wg_mem_listener *fn, void *ctx);
static inline bool wg_mem_watched(const struct wg_mem *m) { return m->watched; } // there are watches

// The page is about to be written; if nobody listens but for having it forgotten that it is unchanged, that is done,
// and it may be written directly. Asynchronous-signal safe.
void wg_mem_first_write(struct wg_mem *m, uint32_t page);
// For mem.c, state.c and tables.c: the flags that a page has without listeners, every page's made so, and back,
uint8_t wg_mem_deaf(uint8_t flags);
void wg_mem_deafen(struct wg_mem *m, bool deaf);
bool wg_mem_tracks(const struct wg_mem *m);
// those that it has with them, and what is heard.
void wg_mem_apply(struct wg_mem *m, uint32_t page);
void wg_mem_heard(struct wg_mem *m, const struct wg_mem_access *a);
void wg_mem_watch_free(struct wg_mem *m);

#endif
