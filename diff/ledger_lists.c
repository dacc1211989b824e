// Singly linked lists: an entry is given out as often as it was put there, and is there until then.
#include <stdlib.h>

#include "base/vec.h"
#include "diff/ledger.h"

struct wg_listed_entry {
  uint32_t address, next; // next: of the same list; WG_NONE: the last
  uint32_t there;         // how often it was put there and not given out
  uint32_t since;         // when the call that put it there had returned; 0: it has not
  struct wg_lplace by;    // who put it there
};

struct wg_listed {
  uint32_t entries; // a list; WG_NONE: none
  uint32_t there;   // in all
  uint32_t taking;  // calls under way that may take one
  uint32_t given;   // entries that it gave, each of which was put there before
  bool lost;        // what is on it is not known any more
  // An entry that was not found: the one who put it there did not, or the one who looked did not see it.
  uint32_t doubted; // WG_NONE: none
  struct wg_lplace taker;
  uint64_t idx;
};

static struct wg_listed *list_of(struct wg_listing *x, uint32_t address) {
  uint64_t i;
  if (!wg_map_get(&x->at, address, &i)) {
    WG_VEC_NEXT(x->lists, x->nlists);
    i = x->nlists++;
    x->lists[i] = (struct wg_listed){.entries = WG_NONE, .doubted = WG_NONE};
    wg_map_put(&x->at, address, i);
  }
  return &x->lists[i];
}

static uint64_t entry_key(uint32_t list, uint32_t entry) { return (uint64_t)list << 32 | entry; }

static struct wg_listed_entry *entry_of(struct wg_listing *x, uint32_t list, uint32_t address) {
  uint64_t i;
  return wg_map_get(&x->entry_at, entry_key(list, address), &i) ? &x->entries[i] : NULL;
}

static struct wg_listed_entry *make_entry(struct wg_listing *x, uint32_t list, uint32_t address) {
  struct wg_listed_entry *known = entry_of(x, list, address);
  if (known) return known;
  WG_VEC_NEXT(x->entries, x->nentries);
  struct wg_listed *l = list_of(x, list);
  x->entries[x->nentries] = (struct wg_listed_entry){.address = address, .next = l->entries};
  l->entries = x->nentries;
  wg_map_put(&x->entry_at, entry_key(list, address), x->nentries);
  return &x->entries[x->nentries++];
}

// `there`: it was on the list all the time.
static void settle_list(struct wg_laws *l, struct wg_listing *x, struct wg_listed *list, bool there) {
  if (list->doubted == WG_NONE) return;
  const struct wg_lplace *by = there ? &list->taker : &x->entries[list->doubted].by;
  wg_law_broken(l, there ? WG_LAW_LIST : WG_LAW_LOST, by, list->taker.thread, list->idx);
  list->doubted = WG_NONE;
  list->lost = true;
}

void wg_listing_push(struct wg_laws *l, struct wg_listing *x, uint32_t list, uint32_t entry,
                     const struct wg_lplace *at) {
  struct wg_listed_entry *e = make_entry(x, list, entry);
  struct wg_listed *to = list_of(x, list);
  // Who has it puts it there again: it was not there.
  if (to->doubted == (uint32_t)(e - x->entries)) settle_list(l, x, to, false);
  e->by = *at;
  e->since = 0;
  e->there++;
  to->there++;
}

void wg_listing_pushed(struct wg_listing *x, uint32_t list, uint32_t entry, uint32_t seq) {
  struct wg_listed_entry *e = entry_of(x, list, entry);
  if (e) e->since = seq;
}

void wg_listing_pop(struct wg_listing *x, uint32_t list) { list_of(x, list)->taking++; }

// It found nothing, though one has been there since before it looked, and nobody else takes any.
static void nothing_found(struct wg_laws *l, struct wg_listing *x, struct wg_listed *list, const struct wg_lplace *at,
                          uint64_t idx) {
  uint32_t found = WG_NONE, n = 0;
  if (list->there == 0 || list->taking || list->doubted != WG_NONE) return;
  for (uint32_t i = list->entries; i != WG_NONE; i = x->entries[i].next) {
    const struct wg_listed_entry *e = &x->entries[i];
    if (e->there == 0 || e->since == 0 || e->since > at->seq) continue; // it may not be there yet
    found = i;
    n++;
  }
  if (n == 0) return;
  list->doubted = found;
  list->taker = *at;
  list->idx = idx;
  if (n > 1) settle_list(l, x, list, true);
}

void wg_listing_popped(struct wg_laws *l, struct wg_listing *x, uint32_t list, uint32_t entry,
                       const struct wg_lplace *at, uint64_t idx) {
  struct wg_listed *from = list_of(x, list);
  if (from->taking) from->taking--;
  if (from->lost) return;
  if (entry == 0) {
    nothing_found(l, x, from, at, idx);
    return;
  }
  struct wg_listed_entry *e = entry_of(x, list, entry);
  if (e && from->doubted == (uint32_t)(e - x->entries)) settle_list(l, x, from, true);
  if (e && e->there) {
    e->there--;
    from->there--;
    from->given++;
    return;
  }
  // One that nobody put there: was it there from the start?
  if (e || from->given) wg_law_broken(l, WG_LAW_LIST, at, at->thread, idx);
  from->lost = true;
}

void wg_listing_flush(struct wg_listing *x, uint32_t list) { list_of(x, list)->lost = true; }

void wg_listing_finish(struct wg_laws *l, struct wg_listing *x) {
  for (uint32_t i = 0; i < x->nlists; i++) settle_list(l, x, &x->lists[i], false);
  free(x->lists);
  free(x->entries);
  wg_map_release(&x->at);
  wg_map_release(&x->entry_at);
}
