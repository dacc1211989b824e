// Who hears of accesses to memory: against the console's map (docs/console.md#memory) and what the host's own mirrors
// show.
#include "emu/mem/watch.h"

#include <string.h>

#include "tests/random.h"
#include "tests/suite.h"

#define RW WG_PROT_READWRITE

static struct wg_mem *fresh(void) {
  struct wg_mem *m = NULL;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_mem_create(&m, &err), WG_OK);
  return m;
}

// What is stored in one page is seen in those that are said to show it, and in no other of the places where it could
// be.
static void aliases_are_what_the_host_shows(void) {
  struct wg_mem *m = fresh();
  static const uint32_t edges[] = {0x80000, 0x8FFFF, 0x90000, 0x9FFFF, 0xA0000, 0xA0001, 0xA0FFF, 0xA1000,
                                   0xBFFFF, 0xC0000, 0xC0001, 0xC0FFF, 0xC1000, 0xDFD00, 0xDFD01, 0xDFFFF,
                                   0xE0000, 0xE0FFE, 0xE0FFF, 0xFFCFF, 0xFFD00, 0xFFFFF, 0x7F000, 0x7F001,
                                   0x7FFFF, 0x7EFFF, 0x40000, 0x00000, 0x12345, 0x85123, 0x95123, 0xB0F0F};
  uint64_t seed = 5;
  for (size_t i = 0; i < 200; i++) {
    uint32_t page = i < sizeof edges / sizeof *edges ? edges[i] : random_below(&seed, 1u << 20), said[4];
    size_t n = wg_mem_aliases(page, said);
    CU_ASSERT_TRUE_FATAL(n >= 1 && n <= 4);
    uint32_t offset = page >> 12 == 0x7F ? page & 0xFFF : page & 0x1FFFF, shown[16], nshown = 0;
    // The same offset in every range, and one page aside for the one that is shifted.
    const uint32_t places[] = {page,
                               0x7F000 + (offset & 0xFFF),
                               0x80000 + (page & 0xFFFF),
                               0x90000 + (page & 0xFFFF),
                               0xA0000 + offset,
                               0xC0000 + offset,
                               0xE0000 + offset,
                               0xA0000 + offset + 1,
                               0xC0000 + offset + 1,
                               0xE0000 + offset - 1,
                               0x7F000 + ((offset + 1) & 0xFFF),
                               0x7F000 + ((offset - 1) & 0xFFF)};
    uint8_t *at = m->base + ((uint64_t)page << 12) + 77, was = *at;
    for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
      uint32_t p = places[k];
      if (p >= 1u << 20) continue;
      const uint8_t *there = m->base + ((uint64_t)p << 12) + 77;
      *at = 1;
      bool one = *there == 1;
      *at = 2;
      bool same = one && *there == 2, known = false;
      for (uint32_t j = 0; j < nshown; j++) known |= shown[j] == p;
      if (same && !known) shown[nshown++] = p;
      bool listed = false;
      for (size_t j = 0; j < n; j++) listed |= said[j] == p;
      CU_ASSERT_EQUAL(listed, same);
    }
    *at = was;
    CU_ASSERT_EQUAL(n, nshown);
    for (size_t j = 0; j < n; j++) CU_ASSERT_EQUAL(wg_mem_backing(said[j]), wg_mem_backing(page));
  }
  wg_mem_free(m);
}

// --- what has been written -------------------------------------------------------------------------------

static bool known(struct wg_mem *m, uint32_t page, uint64_t want) {
  uint64_t hash = 0;
  return wg_mem_unchanged(m, wg_mem_backing(page), &hash) && hash == want;
}

static void pages_are_known_until_they_are_written(void) {
  struct wg_mem *m = fresh();
  uint64_t v = 0;
  uint32_t phys = wg_mem_phys_alloc(m, 0x4000, 0x1000, 0x1000, 0xFFFFFFFF, RW), page = (0xC0000000u + phys) >> 12;
  wg_mem_commit(m, 0x40000000, 0x4000, RW);
  wg_mem_note(m, 0x40000, 1);
  CU_ASSERT_FALSE(known(m, 0x40000, 1)); // nobody tracks
  CU_ASSERT_FALSE(wg_mem_tracks(m));
  wg_mem_track(m);
  CU_ASSERT_TRUE(wg_mem_tracks(m));
  CU_ASSERT_FALSE(known(m, 0x40000, 0));
  for (uint32_t p = 0; p < 4; p++) wg_mem_note(m, 0x40000 + p, 100 + p), wg_mem_note(m, page + p, 200 + p);
  CU_ASSERT_TRUE(wg_mem_r32(m, 0x40000010, &v) && v == 0);
  CU_ASSERT_PTR_NOT_NULL(wg_mem_ptr(m, 0x40000000, 0x4000, false));
  for (uint32_t p = 0; p < 4; p++) CU_ASSERT_TRUE(known(m, 0x40000 + p, 100 + p) && known(m, page + p, 200 + p));
  wg_mem_note(m, 0x40000, 99); // another content
  CU_ASSERT_TRUE(known(m, 0x40000, 99));
  // A store forgets its page and no other; the next one is as quick as if nobody had asked.
  CU_ASSERT_FALSE(m->flags[0x40001] & WG_PAGE_W);
  CU_ASSERT_TRUE(wg_mem_w8(m, 0x40001FFF, 1));
  CU_ASSERT_TRUE(known(m, 0x40000, 99) && !known(m, 0x40001, 101) && known(m, 0x40002, 102));
  CU_ASSERT_TRUE(m->flags[0x40001] & WG_PAGE_W);
  wg_mem_note(m, 0x40001, 55);                  // and can be known again
  CU_ASSERT_TRUE(wg_mem_w16(m, 0x40001FFF, 1)); // across two pages
  CU_ASSERT_TRUE(known(m, 0x40000, 99) && !known(m, 0x40001, 55) && !known(m, 0x40002, 102) && known(m, 0x40003, 103));
  CU_ASSERT_PTR_NOT_NULL(wg_mem_ptr(m, 0x40000FFF, 1, true));
  CU_ASSERT_FALSE(known(m, 0x40000, 99));
  // By whatever address a physical page is written.
  CU_ASSERT_TRUE(wg_mem_w32(m, 0xA0000000u + phys, 1) && !known(m, page, 200));
  CU_ASSERT_TRUE(wg_mem_w32(m, 0xE0000000u + phys, 1)); // E is shifted by a page
  CU_ASSERT_TRUE(!known(m, page + 1, 201) && known(m, page + 2, 202));
  wg_mem_phys_write(m, phys + 0x2FFF, 1)[0] = 1;
  CU_ASSERT_TRUE(!known(m, page + 2, 202) && known(m, page + 3, 203));
  wg_mem_free(m);
}

// Memory that is as new: what all see at once holds zeros, and is not touched where that is known. Private pages that
// may hold anything are given back; what is known of the others is kept for a state that is loaded.
static void memory_as_new_keeps_what_is_known(void) {
  struct wg_mem *m = fresh();
  wg_mem_track(m);
  wg_mem_commit(m, 0x40000000, 0x3000, RW);
  memset(m->base + 0x40000000, 7, 0x3000);
  wg_mem_note(m, 0x40001, 5);
  const uint32_t seen[] = {0xC0000000u, 0xC0001000u, 0xC0FFF000u};
  for (size_t i = 0; i < 3; i++) memset(m->base + seen[i], 7, WG_PAGE);
  wg_mem_note(m, 0xC0000, WG_ZERO_HASH); // known to be zeros: nothing is done
  wg_mem_note(m, 0xC0001, 5);
  wg_mem_reset(m);
  CU_ASSERT(m->base[seen[0]] == 7 && known(m, 0xC0000, WG_ZERO_HASH));
  CU_ASSERT_FALSE(known(m, 0xC0001, 5));
  for (size_t k = 1; k < 3; k++)
    for (uint32_t i = 0; i < WG_PAGE; i++) CU_ASSERT_EQUAL_FATAL(m->base[seen[k] + i], 0);
  CU_ASSERT(m->dirty[0x40000] == 0 && m->dirty[0x40001] == 1 && m->dirty[0x40002] == 0);
  CU_ASSERT(m->base[0x40000000] == 0 && m->base[0x40001000] == 7 && m->base[0x40002FFF] == 0);
  CU_ASSERT_TRUE(known(m, 0x40001, 5));
  // To the guest all of it is new.
  uint64_t v = 1;
  CU_ASSERT_FALSE(wg_mem_r8(m, 0x40001000, &v));
  CU_ASSERT_TRUE(wg_mem_commit(m, 0x40001000, 0x1000, RW) && wg_mem_r8(m, 0x40001000, &v) && v == 0);
  CU_ASSERT_FALSE(known(m, 0x40001, 5));
  wg_mem_free(m);
}

// --- watches ---------------------------------------------------------------------------------------------

struct heard {
  struct wg_mem *m;
  struct wg_mem_access last;
  unsigned n;
  uint8_t there; // when it was told
};
static void hear(void *ctx, const struct wg_mem_access *a) {
  struct heard *h = ctx;
  h->last = *a;
  h->there = h->m->base[a->addr];
  h->n++;
}

static void watches_hear_of_their_bytes(void) {
  struct wg_mem *m = fresh();
  struct heard h = {.m = m};
  uint64_t v;
  wg_mem_commit(m, 0x40000000, 0x4000, RW);
  const struct wg_mem_watch w[] = {{0x40001004, 4, true, false},
                                   {0x40001008, 8, false, true},
                                   {0x40001FFC, 8, true, true},
                                   {0x40001008, 1, false, true}};
  wg_mem_watches(m, w, 4, hear, &h);
  CU_ASSERT_TRUE(wg_mem_r32(m, 0x40001000, &v) && wg_mem_r32(m, 0x40001008, &v) && wg_mem_w32(m, 0x40001004, 1) &&
                 wg_mem_w32(m, 0x40001010, 1));
  CU_ASSERT_EQUAL(h.n, 0); // beside it, or of the other kind
  CU_ASSERT_TRUE(wg_mem_r8(m, 0x40001007, &v) && h.n == 1 && h.last.addr == 0x40001007 && h.last.len == 1 &&
                 !h.last.write && !h.last.pointer && h.last.watch == 0);
  CU_ASSERT_TRUE(wg_mem_r64(m, 0x40001000, &v) && h.n == 2 && h.last.addr == 0x40001000 &&
                 h.last.len == 8); // overlaps from below
  CU_ASSERT_TRUE(wg_mem_w8(m, 0x40001008, 9) && h.n == 3 && h.last.write &&
                 h.last.watch == 1); // the first of those that hear
  CU_ASSERT_EQUAL(h.there, 0);       // before the store
  CU_ASSERT_EQUAL(m->base[0x40001008], 9);
  CU_ASSERT_TRUE(wg_mem_w8(m, 0x4000100F, 9) && h.n == 4);
  CU_ASSERT_TRUE(wg_mem_w32(m, 0x40001006, 9) && h.n == 5 && h.last.addr == 0x40001006);
  // Over the end of a page, from either side.
  CU_ASSERT_TRUE(wg_mem_w8(m, 0x40002003, 1) && h.n == 6 && h.last.watch == 2);
  CU_ASSERT_TRUE(wg_mem_r8(m, 0x40001FFC, &v) && h.n == 7);
  CU_ASSERT_TRUE(wg_mem_w8(m, 0x40002004, 1) && wg_mem_w8(m, 0x40001FFB, 1) && h.n == 7);
  CU_ASSERT_PTR_NOT_NULL(wg_mem_ptr(m, 0x40000000, 0x4000, true));
  CU_ASSERT_TRUE(h.n == 8 && h.last.pointer && h.last.len == 0x4000 && h.last.watch == 1);
  wg_mem_watches(m, w, 1, hear, &h); // they replace those before
  CU_ASSERT_TRUE(wg_mem_w8(m, 0x40001008, 1) && wg_mem_w8(m, 0x40002003, 1) && h.n == 8);
  CU_ASSERT_TRUE(wg_mem_r8(m, 0x40001004, &v) && h.n == 9);
  wg_mem_watches(m, NULL, 0, NULL, NULL);
  CU_ASSERT_TRUE(wg_mem_r8(m, 0x40001004, &v) && h.n == 9);
  CU_ASSERT_EQUAL(m->flags[0x40001], WG_PAGE_R | WG_PAGE_W);
  wg_mem_free(m);
}

static void watches_hear_by_every_address(void) {
  struct wg_mem *m = fresh();
  struct heard h = {.m = m};
  uint32_t phys = wg_mem_phys_alloc(m, 0x3000, 0x1000, 0x1000, 0xFFFFFFFF, RW);
  const struct wg_mem_watch w = {0xA0001000u + phys, 4, false, true};
  wg_mem_watches(m, &w, 1, hear, &h);
  CU_ASSERT_TRUE(wg_mem_w32(m, 0xA0001000u + phys, 1) && h.n == 1);
  CU_ASSERT_TRUE(wg_mem_w32(m, 0xC0001000u + phys, 1) && h.n == 2);
  CU_ASSERT_TRUE(wg_mem_w32(m, 0xE0000000u + phys, 1) && h.n == 3 && h.last.addr == 0xE0000000u + phys);
  CU_ASSERT_TRUE(wg_mem_w32(m, 0xE0001000u + phys, 1) && wg_mem_w32(m, 0xA0001004u + phys, 1) && h.n == 3);
  wg_mem_phys_write(m, phys + 0xFFF, 2); // its second byte
  CU_ASSERT_TRUE(h.n == 4 && h.last.pointer && h.last.write);
  wg_mem_phys_write(m, phys + 0x1004, 0x1000);
  CU_ASSERT_EQUAL(h.n, 4);
  wg_mem_own(m, 0xC0001003u + phys, 1);
  CU_ASSERT_TRUE(h.n == 5 && h.last.pointer && h.last.write && h.last.len == 1);
  wg_mem_own(m, 0xC0001003u + phys, 0);
  CU_ASSERT_EQUAL(h.n, 5);
  wg_mem_free(m);
}

// Whether an access is heard is whether one of its bytes is one of the watch's, by whatever address each of them goes.
static bool shares(uint32_t a, uint32_t an, uint32_t b, uint32_t bn) {
  for (uint32_t i = 0; i < an; i++)
    for (uint32_t k = 0; k < bn; k++) {
      uint32_t x = a + i, y = b + k;
      if (x % WG_PAGE == y % WG_PAGE && wg_mem_backing(x / WG_PAGE) == wg_mem_backing(y / WG_PAGE)) return true;
    }
  return false;
}

static void heard_is_what_is_shared(void) {
  struct wg_mem *m = fresh();
  uint64_t seed = 3;
  static const uint32_t views[] = {0x7F001000, 0xA0002000, 0xC0002000, 0xE0001000, 0x80005000, 0x90005000, 0x40005000};
  size_t wrong = 0, both[2] = {0, 0};
  for (size_t i = 0; i < 4000; i++) {
    uint32_t at[2], n[2];
    for (size_t k = 0; k < 2; k++) {
      at[k] = views[random_below(&seed, sizeof views / sizeof *views)] + random_below(&seed, 2 * 16) * 0x100 - 8;
      n[k] = 1 + random_below(&seed, k ? 0x180 : 0x40);
    }
    struct heard h = {.m = m};
    const struct wg_mem_watch w = {at[1], n[1], false, true};
    wg_mem_watches(m, &w, 1, hear, &h);
    wg_mem_heard(m, &(struct wg_mem_access){.addr = at[0], .len = n[0], .write = true});
    bool want = shares(at[0], n[0], at[1], n[1]);
    wrong += (h.n != 0) != want;
    both[want]++;
  }
  CU_ASSERT_EQUAL(wrong, 0);
  CU_ASSERT_TRUE(both[0] > 500 && both[1] > 20);
  // However large a watch is.
  struct heard h = {.m = m};
  const struct wg_mem_watch all = {0x80000000, 0x7FFFFFFF, false, true};
  wg_mem_watches(m, &all, 1, hear, &h);
  for (uint32_t i = 0; i < 100000; i++)
    wg_mem_heard(m, &(struct wg_mem_access){.addr = 0x40000000, .len = 0x100000, .write = true});
  CU_ASSERT_EQUAL(h.n, 0);
  wg_mem_heard(m, &(struct wg_mem_access){.addr = 0x7F000FF0, .len = 0x20, .write = true});
  CU_ASSERT_EQUAL(h.n, 1); // which physical memory shows, too
  wg_mem_free(m);
}

// The guest cannot tell that somebody listens: what it may not do it still may not, and the state's flags are the same.
static void listeners_are_not_seen(void) {
  struct wg_mem *m = fresh();
  struct heard h = {.m = m};
  uint64_t v;
  CU_ASSERT_EQUAL(m->flags[0x7F000], WG_PAGE_R | WG_PAGE_W); // nobody listens yet
  wg_mem_commit(m, 0x40000000, 0x3000, RW);
  wg_mem_protect(m, 0x40001000, 0x1000, WG_PROT_READONLY);
  wg_mem_protect(m, 0x40002000, 0x1000, WG_PROT_NOACCESS);
  wg_mem_mark_code(m, 0x40000);
  uint8_t plain[3];
  memcpy(plain, m->flags + 0x40000, 3);
  const struct wg_mem_watch w = {0x40000000, 0x3000, true, true};
  wg_mem_watches(m, &w, 1, hear, &h);
  CU_ASSERT_FALSE(m->flags[0x40000] & (WG_PAGE_R | WG_PAGE_W));
  CU_ASSERT_FALSE(wg_mem_w8(m, 0x40001000, 1));
  CU_ASSERT_FALSE(wg_mem_r8(m, 0x40002000, &v));
  CU_ASSERT_EQUAL(h.n, 0);
  CU_ASSERT_TRUE(wg_mem_r8(m, 0x40001000, &v) && h.n == 1);
  wg_mem_deafen(m, true);
  CU_ASSERT_EQUAL(memcmp(plain, m->flags + 0x40000, 3), 0);
  wg_mem_deafen(m, false);
  CU_ASSERT_TRUE(wg_mem_r8(m, 0x40001000, &v) && h.n == 2);
  wg_mem_protect(m, 0x40001000, 0x1000, RW); // who listens still does
  CU_ASSERT_TRUE(wg_mem_w8(m, 0x40001000, 1) && h.n == 3);
  wg_mem_free(m);
}

WG_MAIN("watch", {"aliases are what the host shows", aliases_are_what_the_host_shows},
        {"pages are known until they are written", pages_are_known_until_they_are_written},
        {"memory as new keeps what is known", memory_as_new_keeps_what_is_known},
        {"watches hear of their bytes", watches_hear_of_their_bytes},
        {"watches hear by every address", watches_hear_by_every_address},
        {"heard is what is shared", heard_is_what_is_shared}, {"listeners are not seen", listeners_are_not_seen})
