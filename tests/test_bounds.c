// What keeps a hostile title's costs flat, against plain definitions; and that it does: work is counted, not timed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emu/kernel/kernel.h"
#include "emu/machine.h"
#include "emu/vfs/tree.h"
#include "tests/random.h"
#include "tests/suite.h"

// --- free pages ------------------------------------------------------------------------------------------

#define PAGES 256u

static uint32_t plainly(const bool *taken, const struct wg_fit *f, bool high) {
  uint32_t best = UINT32_MAX;
  for (uint32_t at = 0; at + f->n <= PAGES; at++) {
    bool fits = at % f->align == 0 && at >= f->lo && at + f->n <= f->hi;
    for (uint32_t i = 0; fits && i < f->n; i++) fits = !taken[at + i];
    if (fits && (high || best == UINT32_MAX)) best = at;
  }
  return best;
}

static void spans_find_what_a_search_finds(void) {
  struct wg_spans s;
  bool taken[PAGES] = {false};
  uint64_t seed = 7;
  wg_spans_init(&s, PAGES);
  for (int turn = 0; turn < 20000; turn++) {
    uint32_t page = random_below(&seed, PAGES), n = 1 + random_below(&seed, PAGES - page);
    if (n > 20 && turn % 50) n = n % 20 + 1;
    bool free = true;
    for (uint32_t i = 0; i < n; i++) free &= !taken[page + i];
    CU_ASSERT_EQUAL(wg_spans_free(&s, page, n), free);
    bool what = random_below(&seed, 2);
    for (uint32_t i = 0; i < n; i++) taken[page + i] = what;
    wg_spans_set(&s, page, n, what);
    struct wg_fit f = {.n = 1 + random_below(&seed, 12), .align = 1u << random_below(&seed, 5)};
    f.lo = random_below(&seed, PAGES);
    f.hi = f.lo + random_below(&seed, PAGES - f.lo + 1);
    CU_ASSERT_EQUAL(wg_spans_lowest(&s, &f), plainly(taken, &f, false));
    CU_ASSERT_EQUAL(wg_spans_highest(&s, &f), plainly(taken, &f, true));
  }
  wg_spans_release(&s);
}

static void pages_cost_the_same_however_many(void) {
  struct wg_err err = {0};
  struct wg_mem *m;
  uint64_t last = 0;
  CU_ASSERT_EQUAL_FATAL(wg_mem_create(&m, &err), WG_OK);
  for (uint32_t done = 0, most = 1000; most <= 100000; most *= 10) {
    wg_mem_steps(m);
    uint32_t before = done;
    for (; done < most; done++) {
      struct wg_alloc a = {.size = 4096, .lo = 0x10000, .hi = 0x2FFFFFFF, .page = 4096, .protect = WG_PROT_READWRITE};
      CU_ASSERT_NOT_EQUAL(wg_mem_reserve(m, &a), 0);
    }
    uint64_t each = wg_mem_steps(m) / (done - before);
    CU_ASSERT_TRUE(each < 200 && (last == 0 || each < last + 50));
    last = each;
  }
  wg_mem_free(m);
}

// --- folders ---------------------------------------------------------------------------------------------

static size_t height(const struct wg_node *n) {
  if (n == NULL) return 0;
  size_t l = height(n->left), r = height(n->right);
  return 1 + (l > r ? l : r);
}

static int by_name(const void *a, const void *b) {
  const struct wg_node *const *x = a, *const *y = b;
  return strcasecmp((*x)->name, (*y)->name);
}

static void check_folder(struct wg_node *dir, struct wg_node **all, size_t n) {
  CU_ASSERT_EQUAL(dir->nchildren, n);
  qsort(all, n, sizeof *all, by_name);
  for (size_t i = 0; i < n; i++) {
    CU_ASSERT_PTR_EQUAL(wg_vfs_child(dir, i), all[i]);
    CU_ASSERT_PTR_EQUAL(wg_tree_find(dir, all[i]->name, strlen(all[i]->name)), all[i]);
    CU_ASSERT_PTR_EQUAL(wg_tree_after(dir, all[i]), i + 1 < n ? all[i + 1] : NULL);
  }
  CU_ASSERT_PTR_NULL(wg_vfs_child(dir, n));
  CU_ASSERT_PTR_NULL(wg_tree_find(dir, "no such", 7));
}

// Names in order, which a tree without balance would make a list of.
static void folders_stay_shallow(void) {
  enum { MOST = 20000 };
  struct wg_node dir = {.directory = true}, **all = calloc(MOST, sizeof *all);
  static char names[MOST][8];
  uint64_t seed = 3;
  for (size_t i = 0; i < MOST; i++) {
    snprintf(names[i], sizeof names[i], i % 2 ? "n%05zu" : "N%05zu", i);
    all[i] = calloc(1, sizeof **all);
    all[i]->name = names[i];
    wg_tree_add(&dir, all[i]);
  }
  CU_ASSERT_TRUE(height(dir.children) < 40);
  size_t n = MOST;
  while (n > 500) {
    size_t i = random_below(&seed, (uint32_t)n);
    wg_tree_remove(&dir, all[i]);
    free(all[i]);
    all[i] = all[--n];
  }
  CU_ASSERT_TRUE(height(dir.children) < 25);
  check_folder(&dir, all, n);
  for (size_t i = 0; i < n; i++) free(all[i]);
  free(all);
}

// The definition, which takes exponential time.
static bool matches(const char *pattern, const char *name) {
  if (*pattern == 0) return *name == 0;
  if (*pattern == '*') return matches(pattern + 1, name) || (*name && matches(pattern, name + 1));
  return *name && (*pattern == '?' || strncasecmp(pattern, name, 1) == 0) && matches(pattern + 1, name + 1);
}

static void patterns_match_what_they_say(void) {
  uint64_t seed = 11, steps = 0;
  for (int i = 0; i < 50000; i++) {
    char pattern[9] = {0}, name[9] = {0};
    for (uint32_t n = random_below(&seed, 9), j = 0; j < n; j++) pattern[j] = "ab*?A*"[random_below(&seed, 6)];
    for (uint32_t n = random_below(&seed, 9), j = 0; j < n; j++) name[j] = "abB"[random_below(&seed, 3)];
    if (wg_name_matches(pattern, name, &steps) != matches(pattern, name)) printf("%s %s\n", pattern, name);
    CU_ASSERT_EQUAL(wg_name_matches(pattern, name, &steps), matches(pattern, name));
  }
  char pattern[128], name[256];
  for (int i = 0; i < 124; i++) pattern[i] = "*a"[i % 2];
  strcpy(pattern + 124, "*b");
  memset(name, 'a', 255);
  name[255] = 0;
  steps = 0;
  CU_ASSERT_FALSE(wg_name_matches(pattern, name, &steps));
  CU_ASSERT_TRUE(steps < 128 * 256);
}

// --- handles -------------------------------------------------------------------------------------------------

static void handles_are_the_lowest_free(void) {
  enum { MOST = 6000 };
  struct wg_machine *m = calloc(1, sizeof *m);
  struct wg_object o = {.refs = UINT32_MAX / 2};
  static bool taken[MOST];
  uint64_t seed = 9;
  size_t n = 0;
  taken[0] = true;
  for (int i = 0; i < 40000; i++) {
    if (n < MOST - 100 && random_below(&seed, 5) > 1) {
      uint32_t slot = 0;
      while (taken[slot]) slot++;
      CU_ASSERT_EQUAL(wg_handle_new(m, &o), 0xF8000000u + 4 * slot);
      taken[slot] = true;
      n++;
    } else {
      uint32_t slot = 1 + random_below(&seed, MOST - 1);
      CU_ASSERT_EQUAL(wg_handle_close(m, 0xF8000000u + 4 * slot), taken[slot] ? STATUS_SUCCESS : STATUS_INVALID_HANDLE);
      n -= taken[slot];
      taken[slot] = false;
    }
    CU_ASSERT_EQUAL(o.handles, n);
  }
  while (wg_handle_room(m)) wg_handle_new(m, &o);
  CU_ASSERT_EQUAL(o.handles, WG_MAX_HANDLES - 1);
  free(m->handles.at);
  free(m);
}

// --- due times -------------------------------------------------------------------------------------------

static uint64_t fired[5000];
static size_t nfired;
static void fire(void *ctx, void *arg, uint64_t token) {
  (void)ctx, (void)arg;
  fired[nfired++] = token;
}

static void due_times_come_in_order(void) {
  struct wg_clock c;
  uint64_t seed = 5, when[5001] = {0}, cancelled = 0;
  wg_clock_init(&c, 0, 0);
  wg_clock_serve(&c, WG_DUE_TIMER, &(struct wg_due_service){.fire = fire});
  for (int i = 0; i < 5000; i++) {
    uint64_t at = random_below(&seed, 300), token = wg_clock_after(&c, at, i % 3 == 0, WG_DUE_TIMER, NULL);
    CU_ASSERT_TRUE_FATAL(token <= 5000);
    when[token] = at + 1;
    if (i % 4 == 0) {
      uint64_t gone = 1 + random_below(&seed, (uint32_t)token);
      cancelled += when[gone] != 0;
      when[gone] = 0;
      wg_clock_cancel(&c, gone);
      wg_clock_cancel(&c, gone);
    }
  }
  CU_ASSERT_EQUAL(c.ndue, 5000 - cancelled);
  c.now = 100; // what is due later stays
  while (wg_clock_fire(&c)) {
  }
  for (size_t i = 0; i < nfired; i++) CU_ASSERT_TRUE(when[fired[i]] <= 101);
  c.now = 300;
  while (wg_clock_fire(&c)) {
  }
  CU_ASSERT_EQUAL(nfired, 5000 - cancelled);
  CU_ASSERT_EQUAL(c.ncounting, 0);
  for (size_t i = 1; i < nfired; i++) {
    uint64_t a = when[fired[i - 1]], b = when[fired[i]];
    CU_ASSERT_TRUE(a && b && (a < b || (a == b && fired[i - 1] < fired[i])));
  }
  wg_clock_release(&c);
}

WG_MAIN("bounds", {"spans find what a search finds", spans_find_what_a_search_finds},
        {"pages cost the same however many", pages_cost_the_same_however_many},
        {"folders stay shallow", folders_stay_shallow}, {"patterns match what they say", patterns_match_what_they_say},
        {"handles are the lowest free", handles_are_the_lowest_free},
        {"due times come in order", due_times_come_in_order})
