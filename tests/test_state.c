// The description of a machine's state: it is whole (a machine that is restored goes on as the other did), it is the
// same in every run, and each of its fields counts.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "emu/cpu/cpu.h"
#include "emu/machine.h"
#include "emu/mem/watch.h"
#include "emu/state/pages.h"
#include "trace/branches.h"
#include "tests/heard.h"
#include "tests/random.h"
#include "tests/scratch.h"
#include "tests/share.h"

// What a machine does from some window on, and what is done there.
struct run {
  struct wg_machine *m;
  uint64_t events, branches; // hashes of all that came
  enum wg_end end;
  void (*visit)(struct run *r, uint64_t window);
  uint64_t every; // windows between visits
  bool all;       // each window is one
  bool leaps;     // it need not be asked between them
  uint64_t digests[4096];
  size_t ndigests;
};

static bool event(void *ctx, const struct wg_event *e) {
  struct run *r = ctx;
  r->events = heard_event(e, r->events);
  return true;
}

static void branches(void *ctx, const struct wg_branch_packet *p) {
  struct run *r = ctx;
  r->branches = heard_branches(p, r->branches);
}

static bool go_on(void *ctx, bool within_call) {
  struct run *r = ctx;
  uint64_t window = wg_machine_windows(r->m);
  if (!within_call && r->visit && (r->all || window % r->every == 0)) r->visit(r, window);
  return true;
}

static uint64_t next_visit(void *ctx) {
  const struct run *r = ctx;
  return (wg_machine_windows(r->m) / r->every + 1) * r->every;
}

// `guest`: one of ours, or a path.
static void create(struct run *r, const char *guest, uint64_t seed) {
  static char title[512];
  struct wg_err err = {0};
  snprintf(title, sizeof title, guest[0] == '/' ? "%s" : WG_GUESTS "/%s.xex", guest);
  struct wg_config cfg = {.title = title, .date = WG_DEFAULT_DATE, .sched_seed = seed, .max_ns = 300000000};
  struct wg_observer o = {.event = event, .branches = branches, .go_on = go_on, .ctx = r};
  if (r->leaps) o.windows = next_visit;
  int code = wg_machine_create(&r->m, &cfg, &o, &err);
  if (code != WG_OK) printf("%s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(code, WG_OK);
}

static void note_digest(struct run *r, uint64_t window) {
  (void)window;
  if (r->ndigests < sizeof r->digests / sizeof *r->digests) r->digests[r->ndigests++] = wg_machine_digest(r->m);
}

static const char *const guests[] = {"alone",
                                     "threads",
                                     "files",
                                     "memory",
                                     "gpu",
                                     "spawn",
                                     "system",
                                     "modules",
                                     "seh",
                                     "xam",
                                     "calls",
                                     "hangs/timers.timer_apc_not_alertable",
                                     "hangs/engines.packet_taken"};
#define NGUESTS (sizeof guests / sizeof *guests)
static const uint64_t everies[NGUESTS] = {1009, 251, 3,   3,   171, 411, 23,
                                          3,    1,   171, 611, 7,   1}; // windows between what is kept

// Each of these does one thing with many guests, places or fields, and compares. With sanitizers it takes ten times as
// long, and what they look for shows with a few of them; the others are for the builds without.
#ifdef __SANITIZE_ADDRESS__
enum { EVERY_TWICE = 5, EVERY_LOOKED_AT = 3, TRIES = 1, FIELDS = 60 };
#else
enum { EVERY_TWICE = 2, EVERY_LOOKED_AT = 1, TRIES = 3, FIELDS = 200 };
#endif

static void two_runs_have_the_same_states(void) {
  for (size_t g = 0; g < NGUESTS; g += EVERY_TWICE) {
    if (!in_share("twice", g / EVERY_TWICE, 2)) continue;
    struct run *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    a->visit = b->visit = note_digest;
    a->every = b->every = 297;
    create(a, guests[g], 0);
    wg_machine_run(a->m);
    create(b, guests[g], 0); // the other machine still is where it was: nothing depends on addresses
    wg_machine_run(b->m);
    CU_ASSERT_EQUAL(a->ndigests, b->ndigests);
    CU_ASSERT_EQUAL(memcmp(a->digests, b->digests, sizeof a->digests), 0);
    CU_ASSERT_EQUAL(wg_machine_digest(a->m), wg_machine_digest(b->m));
    for (size_t i = 1; i < a->ndigests; i++) CU_ASSERT_NOT_EQUAL(a->digests[i], a->digests[i - 1]);
    wg_machine_free(a->m);
    wg_machine_free(b->m);
    free(a);
    free(b);
  }
}

// --- windows at a time ----------------------------------------------------------------------------------------

static uint64_t asked;
static void count(struct run *r, uint64_t window) {
  if (window % r->every == 0) note_digest(r, window);
  asked++;
}

// A thread that is alone goes on from window to window without the rest of the machine (emu/run.c): every state on the
// way, and all that is told, is as when each of them is gone through.
static void windows_at_a_time_change_nothing(void) {
  static const uint64_t everies_too[] = {61, 64, 1000};
  uint64_t single = 0, several = 0; // of the first, which is about this
  for (size_t g = 0; g < NGUESTS; g++) {
    if (!in_share("windows", g, 4) && g) continue;
    for (size_t i = 0; i < 3; i++) {
      struct run *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
      a->visit = b->visit = count;
      a->every = b->every = everies_too[i];
      a->all = b->all = b->leaps = true;
      asked = 0;
      create(a, guests[g], 0);
      a->end = wg_machine_run(a->m);
      if (g == 0) single += asked;
      asked = 0;
      create(b, guests[g], 0);
      b->end = wg_machine_run(b->m);
      if (g == 0) several += asked;
      CU_ASSERT_EQUAL(a->end, b->end);
      CU_ASSERT_EQUAL(a->events, b->events);
      CU_ASSERT_EQUAL(a->branches, b->branches);
      CU_ASSERT_EQUAL(a->ndigests, b->ndigests);
      CU_ASSERT_EQUAL(memcmp(a->digests, b->digests, sizeof a->digests), 0);
      CU_ASSERT_EQUAL(wg_machine_digest(a->m), wg_machine_digest(b->m));
      CU_ASSERT_EQUAL(wg_machine_state_hash(a->m), wg_machine_state_hash(b->m));
      CU_ASSERT_EQUAL(wg_machine_windows(a->m), wg_machine_windows(b->m));
      wg_machine_free(a->m);
      wg_machine_free(b->m);
      free(a);
      free(b);
    }
  }
  CU_ASSERT_TRUE(several < single / 2);
}

// --- nobody is seen to look ----------------------------------------------------------------------------------

static bool always(void *ctx, uint32_t tid, const struct wg_cpu *c, uint64_t limit) {
  (void)ctx;
  (void)tid;
  (void)c;
  (void)limit;
  return true;
}
static uint64_t steps;
static bool one_more(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  (void)ctx;
  (void)tid;
  (void)c;
  steps++;
  return true;
}
static uint64_t heard;
static bool hear(void *ctx, uint32_t tid, const struct wg_cpu *c, const struct wg_mem_access *a) {
  (void)ctx;
  (void)tid;
  (void)c;
  (void)a;
  return ++heard % 3 == 0; // on in steps
}
static uint64_t broke;
static bool now_and_then(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  (void)ctx;
  (void)tid;
  (void)c;
  return ++broke % 2 == 0;
}

static void compare_with(const char *guest, uint64_t every, struct run *a, const struct wg_debug *d,
                         const uint32_t *pcs, size_t npcs) {
  struct run *b = calloc(1, sizeof *b);
  const struct wg_mem_watch watches[] = {
      {0x70000000, 0x100000, true, true}, {0x82000000, 0x100000, true, true}, {0x40000000, 0x1000, false, true}};
  b->visit = note_digest;
  b->every = every;
  create(b, guest, 0);
  wg_machine_track(b->m);
  wg_machine_debug(b->m, d);
  wg_machine_watches(b->m, watches, 3);
  wg_machine_breaks(b->m, pcs, npcs);
  b->end = wg_machine_run(b->m);
  bool same = a->end == b->end && a->events == b->events && a->branches == b->branches && a->ndigests == b->ndigests &&
              memcmp(a->digests, b->digests, sizeof a->digests) == 0;
  if (!same)
    printf("%s: %s%s%s\n", guest, a->events == b->events ? "" : "events ",
           a->branches == b->branches ? "" : "branches ",
           memcmp(a->digests, b->digests, sizeof a->digests) == 0 ? "" : "states");
  CU_ASSERT_TRUE(same);
  CU_ASSERT_EQUAL(wg_machine_state_hash(a->m), wg_machine_state_hash(b->m));
  wg_machine_free(b->m);
  free(b);
}

// In steps, with breaks at every third word of the image, its pages tracked, its stacks and its image listened to: the
// same run.
static void who_looks_changes_nothing(void) {
  static uint32_t pcs[0x4000];
  for (uint32_t i = 0; i < sizeof pcs / sizeof *pcs; i++) pcs[i] = 0x82000000 + 12 * i;
  for (size_t g = 0; g < NGUESTS; g += EVERY_LOOKED_AT) {
    if (!in_share("looked at", g / EVERY_LOOKED_AT, 3)) continue;
    struct run *a = calloc(1, sizeof *a);
    a->visit = note_digest;
    a->every = everies[g];
    create(a, guests[g], 0);
    a->end = wg_machine_run(a->m);
    steps = heard = broke = 0;
    compare_with(guests[g], everies[g], a, &(struct wg_debug){.steps = always, .before = one_more}, NULL, 0);
    CU_ASSERT_TRUE(steps > 100);
    struct wg_machine_where end;
    wg_machine_where(a->m, &end);
    CU_ASSERT_TRUE(steps <= end.retired + end.events);
    compare_with(guests[g], everies[g], a,
                 &(struct wg_debug){.before = one_more, .at_break = now_and_then, .access = hear}, pcs,
                 sizeof pcs / sizeof *pcs);
    CU_ASSERT_TRUE(heard && broke);
    wg_machine_free(a->m);
    free(a);
  }
}

// --- saving and restoring ------------------------------------------------------------------------------------

struct kept {
  struct wg_buf state;
  uint64_t window, events, branches, digest;
};
static struct wg_pages pages;
static struct kept kept[64];
static size_t nkept;

static void keep(struct run *r, uint64_t window) {
  if (nkept == sizeof kept / sizeof *kept) return;
  struct kept *k = &kept[nkept++];
  k->window = window;
  k->events = r->events;
  k->branches = r->branches;
  k->digest = wg_machine_digest(r->m);
  k->state.len = 0;
  wg_machine_save(r->m, &k->state, &pages);
}

static void forget_kept(void) {
  for (size_t i = 0; i < nkept; i++) wg_buf_release(&kept[i].state);
  memset(kept, 0, sizeof kept);
  nkept = 0;
  wg_pages_release(&pages);
}

static void continue_from(const char *guest, uint64_t seed, const struct kept *k, const struct run *whole) {
  struct run *r = calloc(1, sizeof *r);
  struct wg_err err = {0};
  create(r, guest, seed);
  int code = wg_machine_restore(r->m, "kept", k->state.data, k->state.len, &pages, &err);
  if (code != WG_OK) printf("%s: %s\n", guest, err.msg);
  CU_ASSERT_EQUAL_FATAL(code, WG_OK);
  CU_ASSERT_EQUAL(wg_machine_windows(r->m), k->window);
  CU_ASSERT_EQUAL(wg_machine_digest(r->m), k->digest);
  r->events = k->events;
  r->branches = k->branches;
  CU_ASSERT_EQUAL(wg_machine_run(r->m), whole->end);
  bool same = r->events == whole->events && r->branches == whole->branches &&
              wg_machine_digest(r->m) == wg_machine_digest(whole->m);
  if (!same)
    printf("%s, seed %llu: another way from window %llu on (%s%s%s)\n", guest, (unsigned long long)seed,
           (unsigned long long)k->window, r->events == whole->events ? "" : "events ",
           r->branches == whole->branches ? "" : "branches ",
           wg_machine_digest(r->m) == wg_machine_digest(whole->m) ? "" : "state");
  CU_ASSERT_TRUE(same);
  wg_machine_free(r->m);
  free(r);
}

// Keeps states of a run, `every` so many windows, and goes on from `tries` of them.
static void goes_on(const char *guest, uint64_t seed, uint64_t every, size_t tries) {
  struct run *whole = calloc(1, sizeof *whole);
  whole->visit = keep;
  whole->every = every;
  create(whole, guest, seed);
  whole->end = wg_machine_run(whole->m);
  if (nkept == 0) printf("%s ends before window %llu\n", guest, (unsigned long long)every);
  CU_ASSERT_TRUE(nkept > 0);
  for (size_t i = 0; i < nkept; i += 1 + nkept / tries) continue_from(guest, seed, &kept[i], whole);
  wg_machine_free(whole->m);
  free(whole);
  forget_kept();
}

static void restored_machines_go_on_as_the_others(void) {
  for (size_t g = 0; g < NGUESTS; g++)
    if (in_share("restored", g, 3)) goes_on(guests[g], 0, everies[g], TRIES);
  goes_on("threads", 1, 333, TRIES); // another schedule
  goes_on("apcs", 0, 1, 10 * TRIES); // APCs within APCs, waits that one interrupts
}

// --- every field counts --------------------------------------------------------------------------------------

static uint64_t visits_left;
static void touch_each(struct run *r, uint64_t window) {
  (void)window;
  if (visits_left == UINT64_MAX || visits_left-- != 1) return;
  visits_left = UINT64_MAX;
  uint64_t before = wg_machine_digest(r->m), seed = 7, fields = 1, silent = 0, tried = 0;
  while (wg_machine_touch(r->m, fields - 1)) { // so many there are: found by doubling, then one by one from below
    CU_ASSERT_TRUE(wg_machine_touch(r->m, fields - 1)); // back
    fields *= 2;
  }
  for (uint64_t at = 0; at < fields;
       at += tried < FIELDS / 2 ? 1 : 1 + random_below(&seed, (uint32_t)(fields / FIELDS))) {
    if (!wg_machine_touch(r->m, at)) break;
    tried++;
    if (wg_machine_digest(r->m) == before) {
      silent++;
      printf("field %llu changes nothing\n", (unsigned long long)at);
    }
    wg_machine_touch(r->m, at);
  }
  CU_ASSERT_EQUAL(silent, 0);
  CU_ASSERT_TRUE(tried > FIELDS);
  CU_ASSERT_EQUAL(wg_machine_digest(r->m), before);
}

static void every_field_counts(void) {
  static const struct {
    const char *guest;
    uint64_t window;
  } some[] = {{"threads", 251}, {"seh", 1}, {"apcs", 25}, {"apcs", 33}};
  for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
    if (!in_share("fields", i, 2)) continue;
    struct run *r = calloc(1, sizeof *r);
    r->visit = touch_each;
    r->every = some[i].window;
    visits_left = 1;
    create(r, some[i].guest, 0);
    wg_machine_run(r->m);
    CU_ASSERT_EQUAL(visits_left, UINT64_MAX); // it has come so far
    wg_machine_free(r->m);
    free(r);
  }
}

// --- what is wrong is told -----------------------------------------------------------------------------------

static void expect_error(const char *guest, const void *data, size_t n, const char *what) {
  struct run *r = calloc(1, sizeof *r);
  struct wg_err err = {0};
  create(r, guest, 0);
  CU_ASSERT_EQUAL(wg_machine_restore(r->m, "kept", data, n, &pages, &err), WG_INPUT);
  if (strstr(err.msg, what) == NULL) printf("%s\n", err.msg);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, what));
  wg_machine_free(r->m);
  free(r);
}

// Behind which of its parts a state is cut is said. Each part's name stands before it, with its length.
static void cut_behind(const struct wg_buf *state, const char *part) {
  struct wg_buf mark = {0}, what = {0};
  size_t n = strlen(part) + 1, at = 0;
  wg_buf_printf(&mark, "%c%s", (char)(n - 1), part);
  wg_buf_printf(&what, "in the state of %s: it ends", part);
  while (at + n <= state->len && memcmp(state->data + at, mark.data, n) != 0) at++;
  CU_ASSERT_TRUE(at + n <= state->len);
  if (at + n <= state->len) expect_error("system", state->data, at + n, what.data);
  wg_buf_release(&mark);
  wg_buf_release(&what);
}

static void damaged_states_are_refused(void) {
  static const char *const parts[] = {
      "machine", "clock",   "what is due",         "memory",           "GPU", "audio decoder", "pool",
      "files",   "exports", "objects and threads", "hardware threads", "run", "handles",       "modules",
      "xam",     "bounds",  "controllers",         "audio clients"};

  struct run *r = calloc(1, sizeof *r);
  r->visit = keep;
  r->every = 100;
  create(r, "system", 0);
  wg_machine_run(r->m);
  wg_machine_free(r->m);
  free(r);
  CU_ASSERT_TRUE_FATAL(nkept > 0);
  struct wg_buf *state = &kept[nkept - 1].state;
  expect_error("hello", state->data, state->len, "kept: at byte 88, in the state of machine: it is of another title");
  expect_error("system", state->data, 0, "in the state of machine: it ends");
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) cut_behind(state, parts[i]);
  uint64_t seed = 3;
  for (int i = 0; i < 20; i++) {
    size_t n = random_below(&seed, (uint32_t)state->len);
    expect_error("system", state->data, n, "kept: at byte ");
  }
  wg_buf_char(state, 0);
  expect_error("system", state->data, state->len, "1 bytes follow that belong to nothing");
  state->len--;
  // A bit that is wrong anywhere: refused, or a state like any other; never more than that.
  for (int i = 0; i < 30; i++) {
    size_t at = random_below(&seed, (uint32_t)state->len);
    struct run *x = calloc(1, sizeof *x);
    struct wg_err err = {0};
    char bit = (char)(1u << random_below(&seed, 8));
    state->data[at] ^= bit;
    create(x, "system", 0);
    wg_machine_restore(x->m, "kept", state->data, state->len, &pages, &err);
    wg_machine_free(x->m);
    free(x);
    state->data[at] ^= bit;
  }
  wg_pages_release(&pages);
  expect_error("system", state->data, state->len, "is not among those that were kept");
  forget_kept();
}

static char **titles; // instead of our guests
static void titles_go_on(void) {
  for (; *titles; titles++) {
    struct run *r = calloc(1, sizeof *r);
    create(r, *titles, 0);
    wg_machine_run(r->m);
    uint64_t windows = wg_machine_windows(r->m);
    wg_machine_free(r->m);
    free(r);
    goes_on(*titles, 0, windows / 9 + 1, 6);
  }
}

int main(int argc, char **argv) {
  titles = argv + 1;
  CU_TestInfo ours[] = {{"two runs have the same states", two_runs_have_the_same_states},
                        {"windows at a time change nothing", windows_at_a_time_change_nothing},
                        {"who looks changes nothing", who_looks_changes_nothing},
                        {"restored machines go on as the others", restored_machines_go_on_as_the_others},
                        {"every field counts", every_field_counts},
                        {"damaged states are refused", damaged_states_are_refused},
                        CU_TEST_INFO_NULL};
  CU_TestInfo given[] = {{"titles go on", titles_go_on}, CU_TEST_INFO_NULL};
  return wg_run_suite("state", argc > 1 ? given : ours);
}
