// Of a trace of another engine, whose threads run at once: what calls have given, held against what others took. A call
// is told before it does anything, and its return and a wait's end after it, so that what calls have given up to now is
// the most that can have been taken. Private to laws.c and ledger*.c.
#ifndef WG_DIFF_LEDGER_H
#define WG_DIFF_LEDGER_H

#include "diff/law_state.h"

// -- events and semaphores (ledger.c) --

// struct wg_watch's, for each event; at the end what was in doubt is settled.
void wg_ledger_event(struct wg_laws *l, const struct wg_side *s, uint32_t thread, const struct wg_event *e,
                     const struct wg_open *call);
void wg_ledger_finish(struct wg_laws *l);
void wg_ledger_release(struct wg_ledger *g); // NULL: nothing

// -- singly linked lists (ledger_lists.c) --

struct wg_listing { // of all lists
  struct wg_map at, entry_at;
  struct wg_listed *lists;
  struct wg_listed_entry *entries;
  uint32_t nlists, nentries;
};

// A call puts an entry into a list, takes one from it, or all, and what it is found to have done when it has
// returned. `list`, `entry`: guest addresses.
void wg_listing_push(struct wg_laws *l, struct wg_listing *x, uint32_t list, uint32_t entry,
                     const struct wg_lplace *at);
void wg_listing_pushed(struct wg_listing *x, uint32_t list, uint32_t entry, uint32_t seq); // that call has returned
void wg_listing_pop(struct wg_listing *x, uint32_t list);
void wg_listing_popped(struct wg_laws *l, struct wg_listing *x, uint32_t list, uint32_t entry,
                       const struct wg_lplace *at, uint64_t idx); // entry 0: it found none
void wg_listing_flush(struct wg_listing *x, uint32_t list);
void wg_listing_finish(struct wg_laws *l, struct wg_listing *x); // settles what is in doubt, and releases

#endif
