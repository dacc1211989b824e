// Virtual time and the ready queues, against plain definitions and examples worked by hand
// (docs/architecture.md, "Where time comes from"; docs/console.md#clocks).
#include <stdlib.h>
#include <string.h>

#include "emu/sched/clock.h"
#include "emu/sched/runq.h"
#include "emu/state/archive.h"
#include "tests/random.h"
#include "tests/suite.h"

// --- what time it is -------------------------------------------------------------------------------------

static void clocks_count_in_their_units(void) {
  struct wg_clock c;
  wg_clock_init(&c, 1000, 0);
  CU_ASSERT_EQUAL(wg_clock_now(&c), 0);
  CU_ASSERT_EQUAL(wg_clock_timebase(&c), 0);
  CU_ASSERT_EQUAL(wg_clock_system_time(&c), 1000);
  c.now = 3000000000u;                                        // three seconds
  CU_ASSERT_EQUAL(wg_clock_timebase(&c), 150000000);          // 50 MHz
  CU_ASSERT_EQUAL(wg_clock_system_time(&c), 1000 + 30000000); // 100 ns
  c.now += 99;
  CU_ASSERT_EQUAL(wg_clock_timebase(&c), 150000004); // 20 ns a tick
  CU_ASSERT_EQUAL(wg_clock_system_time(&c), 1000 + 30000000);
  wg_clock_release(&c);
}

static void a_turn_takes_a_nanosecond_an_instruction(void) {
  struct wg_clock c;
  uint64_t carry = 0, cycle = 500;
  wg_clock_init(&c, 0, 0);
  c.now = 40000;
  CU_ASSERT_TRUE(wg_clock_enter(&c, &carry, 10000));
  wg_clock_turn_begin(&c, &cycle);
  CU_ASSERT_EQUAL(wg_clock_now(&c), 40000);
  cycle += 300;
  CU_ASSERT_EQUAL(wg_clock_now(&c), 40300);
  CU_ASSERT_EQUAL(wg_clock_turn_end(&c), 300);
  CU_ASSERT_EQUAL(wg_clock_now(&c), 40000); // between turns it is when the window began
  wg_clock_turn_begin(&c, &cycle);          // a second turn goes on where the first ended
  CU_ASSERT_EQUAL(wg_clock_now(&c), 40300);
  cycle += 9900;
  CU_ASSERT_EQUAL(wg_clock_turn_end(&c), 9900);
  wg_clock_leave(&c, &carry, 10000);
  CU_ASSERT_EQUAL(carry, 200); // it ran over
  CU_ASSERT_TRUE(wg_clock_enter(&c, &carry, 10000));
  wg_clock_turn_begin(&c, &cycle);
  CU_ASSERT_EQUAL(wg_clock_now(&c), 40200);
  CU_ASSERT_EQUAL(wg_clock_turn_end(&c), 0);
  wg_clock_leave(&c, &carry, 10000);
  CU_ASSERT_EQUAL(carry, 0);
  wg_clock_release(&c);
}

static void who_ran_over_waits_for_its_time(void) {
  struct wg_clock c;
  wg_clock_init(&c, 0, 0);
  uint64_t carry = 25000;
  CU_ASSERT_FALSE(wg_clock_enter(&c, &carry, 10000));
  CU_ASSERT_EQUAL(carry, 15000);
  CU_ASSERT_FALSE(wg_clock_enter(&c, &carry, 10000));
  CU_ASSERT_EQUAL(carry, 5000);
  CU_ASSERT_TRUE(wg_clock_enter(&c, &carry, 10000));
  carry = 10000; // all of a window: none of it is left
  CU_ASSERT_FALSE(wg_clock_enter(&c, &carry, 10000));
  CU_ASSERT_EQUAL(carry, 0);
  carry = 9999;
  CU_ASSERT_TRUE(wg_clock_enter(&c, &carry, 10000));
  c.used = 10000;
  carry = 7;
  wg_clock_leave(&c, &carry, 10000);
  CU_ASSERT_EQUAL(carry, 0);
  wg_clock_release(&c);
}

static unsigned asked;
static bool ask(void *ctx) {
  (void)ctx;
  asked++;
  return true;
}

static void work_beyond_the_usual_is_paid(void) {
  struct wg_clock c;
  wg_clock_init(&c, 0, 0);
  c.poll = (struct wg_poll){.go_on = ask};
  asked = 0;
  CU_ASSERT_EQUAL(wg_clock_pay(&c), 0); // from then on work is counted anew
  wg_clock_work(&c, WG_LOOK_NS - 1);
  CU_ASSERT_EQUAL(asked, 0);
  wg_clock_pay(&c);
  wg_clock_work(&c, WG_FREE_WORK);
  CU_ASSERT_EQUAL(wg_clock_pay(&c), 0);
  wg_clock_work(&c, WG_FREE_WORK);
  wg_clock_work(&c, 123);
  CU_ASSERT_EQUAL(wg_clock_pay(&c), 123);
  CU_ASSERT_EQUAL(wg_clock_pay(&c), 0); // once
  // Long work asks whether to go on, after each so much of it.
  asked = 0;
  wg_clock_work(&c, WG_LOOK_NS - 1);
  CU_ASSERT_EQUAL(asked, 0);
  wg_clock_work(&c, 1);
  CU_ASSERT_EQUAL(asked, 1);
  wg_clock_look_later(&c);
  wg_clock_work(&c, WG_LOOK_NS - 1);
  CU_ASSERT_EQUAL(asked, 1);
  wg_clock_work(&c, 1);
  CU_ASSERT_EQUAL(asked, 2);
  CU_ASSERT_EQUAL(wg_clock_pay(&c), 2 * WG_LOOK_NS - WG_FREE_WORK);
  wg_clock_work(&c, WG_LOOK_NS - 1); // what was paid counts no more
  CU_ASSERT_EQUAL(asked, 2);
  wg_clock_release(&c);
}

// --- what is due -----------------------------------------------------------------------------------------

#define MANY 400u

struct fired {
  struct wg_clock *c;
  void *arg[MANY];
  uint64_t token[MANY];
  size_t n;
  uint64_t again; // made anew, so much later
};

static void fire(void *ctx, void *arg, uint64_t token) {
  struct fired *f = ctx;
  if (f->n < MANY) f->arg[f->n] = arg, f->token[f->n] = token;
  f->n++;
  if (f->again) wg_clock_after(f->c, f->c->now + f->again, true, WG_DUE_TIMER, arg);
}

static void serve(struct wg_clock *c, struct fired *f) {
  *f = (struct fired){.c = c};
  wg_clock_init(c, 0, 0);
  wg_clock_serve(c, WG_DUE_TIMER, &(struct wg_due_service){.fire = fire, .ctx = f});
}

static void what_is_due_fires_when_it_is(void) {
  struct wg_clock c;
  struct fired f;
  char a, b;
  serve(&c, &f);
  CU_ASSERT_FALSE(wg_clock_fire(&c));
  uint64_t ta = wg_clock_after(&c, 200, true, WG_DUE_TIMER, &a), tb = wg_clock_after(&c, 100, true, WG_DUE_TIMER, &b);
  CU_ASSERT_TRUE(ta != 0 && tb != 0 && ta != tb);
  c.now = 99;
  CU_ASSERT_FALSE(wg_clock_fire(&c));
  c.now = 100;
  CU_ASSERT_TRUE(wg_clock_fire(&c));
  CU_ASSERT_TRUE(f.n == 1 && f.arg[0] == &b && f.token[0] == tb);
  CU_ASSERT_FALSE(wg_clock_fire(&c)); // once
  c.now = 1000;
  f.again = 50;
  CU_ASSERT_TRUE(wg_clock_fire(&c));
  CU_ASSERT_TRUE(f.n == 2 && f.arg[1] == &a && f.token[1] == ta);
  c.now = 1049;
  CU_ASSERT_FALSE(wg_clock_fire(&c));
  c.now = 1050;
  CU_ASSERT_TRUE(wg_clock_fire(&c));
  CU_ASSERT_TRUE(f.n == 3 && f.arg[2] == &a && f.token[2] != ta);
  wg_clock_release(&c);
}

// Entries made and taken back at random fire by time, those of one time in the order in which they were made: against
// a search through all of them.
static void due_times_come_in_order(void) {
  for (uint64_t seed = 1; seed <= 40; seed++) {
    struct wg_clock c;
    struct fired f;
    uint64_t state = seed * 77, when[MANY], token[MANY];
    bool there[MANY] = {false};
    uint32_t n = 1 + random_below(&state, MANY - 1), left = 0;
    serve(&c, &f);
    for (uint32_t i = 0; i < n; i++) {
      when[i] = 10 + random_below(&state, seed % 2 ? 20 : 5000);
      token[i] = wg_clock_after(&c, when[i], true, WG_DUE_TIMER, &when[i]);
      there[i] = true;
      if (random_below(&state, 3) == 0) {
        uint32_t k = random_below(&state, i + 1);
        wg_clock_cancel(&c, token[k]); // perhaps a second time: then nothing happens
        there[k] = false;
      }
    }
    for (uint32_t i = 0; i < n; i++) left += there[i];
    CU_ASSERT_EQUAL(c.ndue, left);
    c.now = 10000;
    while (left--) {
      uint32_t best = MANY;
      for (uint32_t i = 0; i < n; i++)
        if (there[i] && (best == MANY || when[i] < when[best])) best = i; // the earlier made of equals
      CU_ASSERT_TRUE_FATAL(wg_clock_fire(&c));
      CU_ASSERT_PTR_EQUAL(f.arg[f.n - 1], &when[best]);
      CU_ASSERT_EQUAL(f.token[f.n - 1], token[best]);
      there[best] = false;
    }
    CU_ASSERT_FALSE(wg_clock_fire(&c));
    wg_clock_release(&c);
  }
}

static void windows_end_where_something_is_due(void) {
  struct wg_clock c;
  struct fired f;
  serve(&c, &f);
  c.now = 5000;
  CU_ASSERT_EQUAL(wg_clock_window(&c), 10000);
  uint64_t late = wg_clock_after(&c, 15001, false, WG_DUE_TIMER, NULL);
  CU_ASSERT_EQUAL(wg_clock_window(&c), 10000);
  uint64_t soon = wg_clock_after(&c, 8000, false, WG_DUE_TIMER, NULL);
  CU_ASSERT_EQUAL(wg_clock_window(&c), 3000);
  c.now = 8000; // it is due now: the window begins with it
  CU_ASSERT_EQUAL(wg_clock_window(&c), 10000);
  wg_clock_cancel(&c, soon);
  CU_ASSERT_EQUAL(wg_clock_window(&c), 7001);
  wg_clock_cancel(&c, late);
  CU_ASSERT_EQUAL(wg_clock_window(&c), 10000);
  wg_clock_release(&c);
}

// --sched-seed: windows of a tenth to eleven tenths of the usual length, by the seed and the window's number alone.
static void a_seed_makes_other_windows(void) {
  struct wg_clock a, b, other;
  uint64_t least = UINT64_MAX, most = 0, differ = 0;
  wg_clock_init(&a, 0, 5);
  wg_clock_init(&b, 0, 5);
  wg_clock_init(&other, 0, 6);
  b.now = 77;
  for (uint64_t i = 0; i < 4000; i++) {
    a.windows = b.windows = other.windows = i;
    uint64_t w = wg_clock_window(&a);
    CU_ASSERT_EQUAL(wg_clock_window(&b), w);
    differ += wg_clock_window(&other) != w;
    least = w < least ? w : least;
    most = w > most ? w : most;
  }
  CU_ASSERT_TRUE(least >= 1000 && least < 1100 && most < 11000 && most > 10900);
  CU_ASSERT_TRUE(differ > 3900);
  struct fired f;
  serve(&b, &f);
  b.seed = 5;
  wg_clock_after(&b, 500, true, WG_DUE_TIMER, NULL);
  CU_ASSERT_EQUAL(wg_clock_window(&b), 500);
  wg_clock_release(&a);
  wg_clock_release(&b);
  wg_clock_release(&other);
}

static void time_jumps_while_somebody_can_be_woken(void) {
  struct wg_clock c;
  struct fired f;
  serve(&c, &f);
  c.now = 1000;
  CU_ASSERT_FALSE(wg_clock_jump(&c, 1000)); // nothing is due
  CU_ASSERT_EQUAL(c.now, 1000);
  uint64_t wakes = wg_clock_after(&c, 70000, true, WG_DUE_TIMER, NULL);
  wg_clock_after(&c, 50000, false, WG_DUE_TIMER, NULL);
  CU_ASSERT_TRUE(wg_clock_jump(&c, 0));
  CU_ASSERT_EQUAL(c.now, 50000); // what is due first, whatever it is
  CU_ASSERT_TRUE(wg_clock_jump(&c, 0));
  CU_ASSERT_EQUAL(c.now, 50000);
  wg_clock_fire(&c);
  c.now = 60000000000u; // a minute later, and the timer is overdue: time does not go back
  CU_ASSERT_TRUE(wg_clock_jump(&c, 0));
  CU_ASSERT_EQUAL(c.now, 60000000000u);
  wg_clock_cancel(&c, wakes);
  CU_ASSERT_FALSE(wg_clock_jump(&c, 0));
  // Interrupts alone wake nobody by themselves: ten seconds of them are enough.
  uint64_t then = c.now;
  wg_clock_after(&c, then + 5, false, WG_DUE_TIMER, NULL);
  CU_ASSERT_TRUE(wg_clock_jump(&c, then - 10000000000u));
  CU_ASSERT_EQUAL(c.now, then + 5);
  CU_ASSERT_FALSE(wg_clock_jump(&c, then - 10000000000u));
  wg_clock_after(&c, then + 9, true, WG_DUE_TIMER, NULL);
  CU_ASSERT_TRUE(wg_clock_jump(&c, then - 10000000000u));
  wg_clock_fire(&c);
  c.now = then + 9;
  wg_clock_fire(&c); // what could wake somebody has fired
  CU_ASSERT_FALSE(wg_clock_jump(&c, 0));
  wg_clock_release(&c);
}

static void describe(struct wg_archive *a, void *ctx, void **arg) {
  uint64_t n = (uintptr_t)*arg - (uintptr_t)ctx;
  wg_ar_u64(a, &n);
  if (a->mode != WG_ARCHIVE_SAVE) *arg = (void *)((uintptr_t)ctx + n);
}

static uint64_t digest_of(struct wg_clock *c) {
  struct wg_archive a;
  wg_archive_save(&a, NULL);
  wg_clock_state(&a, c);
  wg_clock_due_state(&a, c);
  uint64_t digest = wg_archive_digest(&a);
  wg_archive_release(&a);
  return digest;
}

static void touch(struct wg_clock *c, uint64_t field) {
  struct wg_archive a;
  wg_archive_touch(&a, field);
  wg_clock_state(&a, c);
  wg_clock_due_state(&a, c);
  wg_archive_release(&a);
}

// A clock that is loaded from another's state is that clock: the time, and what is due, in that order.
static void a_clock_is_saved_whole(void) {
  struct wg_clock a, b;
  struct fired fa, fb;
  struct wg_archive out;
  struct wg_err err = {0};
  serve(&a, &fa);
  serve(&b, &fb);
  a.services[WG_DUE_TIMER] = (struct wg_due_service){fire, describe, &fa};
  b.services[WG_DUE_TIMER] = (struct wg_due_service){fire, describe, &fb};
  for (uint64_t i = 0, seed = 3; i < 50; i++)
    wg_clock_after(&a, 100 + random_below(&seed, 9), i % 2, WG_DUE_TIMER, (char *)&fa + i);
  wg_clock_after(&b, 1, true, WG_DUE_TIMER, NULL); // it is gone afterwards
  a.now = 7, a.since_1601 = 8, a.seed = 9, a.windows = 10, a.work = 11, a.look_work = 12;
  wg_archive_save(&out, NULL);
  wg_clock_state(&out, &a);
  wg_clock_due_state(&out, &a);
  struct wg_archive in;
  wg_archive_load(&in, "it", out.out.data, out.out.len, NULL, &err);
  wg_clock_state(&in, &b);
  wg_clock_due_state(&in, &b);
  CU_ASSERT_FALSE(in.failed);
  CU_ASSERT_EQUAL(in.at, in.n);
  CU_ASSERT_TRUE(b.now == 7 && b.since_1601 == 8 && b.seed == 9 && b.windows == 10 && b.work == 11 &&
                 b.look_work == 12 && b.ndue == 50 && b.ncounting == 25);
  CU_ASSERT_EQUAL(wg_clock_token(&a), wg_clock_token(&b));
  wg_archive_release(&in);
  // One that is cut off is told by its part.
  wg_archive_load(&in, "it", out.out.data, 20, NULL, &err);
  wg_clock_state(&in, &b);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "clock"));
  wg_archive_release(&in);
  err = (struct wg_err){0};
  wg_archive_load(&in, "it", out.out.data, out.out.len - 1, NULL, &err);
  wg_clock_state(&in, &b);
  wg_clock_due_state(&in, &b);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "what is due"));
  wg_archive_release(&in);
  wg_archive_load(&in, "it", out.out.data, out.out.len, NULL, &err);
  wg_clock_state(&in, &b);
  wg_clock_due_state(&in, &b);
  wg_clock_token(&b);
  wg_archive_release(&in);
  wg_archive_release(&out);
  // Each field of it is in the digest.
  uint64_t whole = digest_of(&b);
  for (uint64_t i = 0; i < 7 + 50 * 4; i++) {
    touch(&b, i);
    CU_ASSERT_NOT_EQUAL(digest_of(&b), whole);
    touch(&b, i); // back
    CU_ASSERT_EQUAL(digest_of(&b), whole);
  }
  a.now = b.now = 1000;
  while (wg_clock_fire(&a) && wg_clock_fire(&b)) {
  }
  CU_ASSERT_TRUE(fa.n == 50 && fb.n == 50 && memcmp(fa.token, fb.token, sizeof fa.token) == 0);
  for (size_t i = 0; i < 50; i++) CU_ASSERT_EQUAL((char *)fa.arg[i] - (char *)&fa, (char *)fb.arg[i] - (char *)&fb);
  wg_clock_release(&a);
  wg_clock_release(&b);
}

// --- who runs --------------------------------------------------------------------------------------------

static struct wg_run runs[6];

static struct wg_run *of(unsigned i, int priority) {
  runs[i] = (struct wg_run){.state = WG_T_WAITING, .priority = priority, .quantum_left = 5};
  return &runs[i];
}

static void the_highest_runs_and_of_equals_the_first(void) {
  struct wg_runq q = {0};
  CU_ASSERT_PTR_NULL(wg_runq_next(&q));
  wg_runq_ready(&q, of(0, 8), 0, false);
  wg_runq_ready(&q, of(1, 9), 0, false);
  wg_runq_ready(&q, of(2, 8), 0, false);
  wg_runq_ready(&q, of(3, 31), 0, false);
  wg_runq_ready(&q, of(4, 0), 0, false);
  wg_runq_ready(&q, of(5, 8), 0, true); // before its equals
  const unsigned order[] = {3, 1, 5, 0, 2, 4};
  for (size_t i = 0; i < 6; i++) {
    CU_ASSERT_TRUE(wg_runq_any(&q)); // the last is of the lowest priority
    struct wg_run *r = wg_runq_next(&q);
    CU_ASSERT_PTR_EQUAL_FATAL(r, &runs[order[i]]);
    CU_ASSERT_PTR_EQUAL(q.current, r);
    CU_ASSERT_TRUE(r->state == WG_T_RUNNING && !r->queued);
  }
  CU_ASSERT_FALSE(wg_runq_any(&q));
  CU_ASSERT_PTR_NULL(wg_runq_next(&q));
  CU_ASSERT_PTR_NULL(q.current);
}

static void who_goes_last_gets_a_new_turn(void) {
  struct wg_runq q = {0};
  wg_runq_ready(&q, of(0, 8), 0, true);
  CU_ASSERT_EQUAL(runs[0].quantum_left, 5);
  wg_runq_ready(&q, of(1, 8), 0, false);
  CU_ASSERT_EQUAL(runs[1].quantum_left, 20000000); // 20 ms
}

static void it_is_ready_when_it_was_made_so(void) {
  struct wg_runq q = {0};
  of(0, 8)->last_ns = 300;
  wg_runq_ready(&q, &runs[0], 200, false); // its own time never goes back
  CU_ASSERT_EQUAL(runs[0].ready_ns, 300);
  wg_runq_ready(&q, &runs[0], 400, false);
  CU_ASSERT_EQUAL(runs[0].ready_ns, 400);
  CU_ASSERT_PTR_EQUAL(wg_runq_next(&q), &runs[0]); // it is there once, however often it was made ready
  CU_ASSERT_PTR_NULL(wg_runq_next(&q));
  of(1, 8)->state = WG_T_EXITED;
  wg_runq_ready(&q, &runs[1], 0, false);
  CU_ASSERT_TRUE(runs[1].state == WG_T_EXITED && wg_runq_next(&q) == NULL);
  of(2, 8)->suspend = 1;
  wg_runq_ready(&q, &runs[2], 0, false);
  CU_ASSERT_TRUE(runs[2].state == WG_T_READY && !runs[2].queued && wg_runq_next(&q) == NULL);
}

// Threads come and go at random, also from the middle: against an array for each priority.
static void queues_are_what_arrays_are(void) {
  struct wg_runq q = {0};
  unsigned list[2][6], n[2] = {0, 0};
  uint64_t seed = 11;
  for (unsigned i = 0; i < 6; i++) of(i, i % 2 ? 9 : 8);
  for (int turn = 0; turn < 3000; turn++) {
    unsigned i = random_below(&seed, 6), p = i % 2, at = 0;
    while (at < n[p] && list[p][at] != i) at++;
    bool there = at < n[p];
    CU_ASSERT_EQUAL(runs[i].queued, there);
    if (random_below(&seed, 5) == 0) {
      struct wg_run *r = wg_runq_next(&q);
      unsigned *l = n[1] ? list[1] : list[0], *len = n[1] ? &n[1] : &n[0];
      CU_ASSERT_PTR_EQUAL(r, *len ? &runs[l[0]] : NULL);
      if (*len) memmove(l, l + 1, --*len * sizeof *l);
    } else if (there) {
      wg_runq_remove(&q, &runs[i]);
      memmove(&list[p][at], &list[p][at + 1], (--n[p] - at) * sizeof **list);
      wg_runq_remove(&q, &runs[i]); // nothing more
    } else {
      bool first = random_below(&seed, 2);
      wg_runq_ready(&q, &runs[i], 0, first);
      if (first) memmove(&list[p][1], list[p], n[p] * sizeof **list);
      list[p][first ? 0 : n[p]] = i;
      n[p]++;
    }
  }
}

static void who_runs_stays_until_another_should(void) {
  static const struct {
    int ready;     // a thread of that priority is ready, or -1
    uint64_t left; // of the turn of the one that runs, whose priority is 8
    uint8_t irql;
    bool stays;
    uint64_t then;
  } cases[] = {
      {-1, 5, 0, true, 5},       {-1, 0, 0, true, 20000000}, // nobody to give way to: another turn
      {7, 0, 0, true, 20000000}, {7, 5, 0, true, 5},         {8, 5, 0, true, 5},
      {8, 0, 0, false, 0},       {9, 5, 0, false, 5},        {9, 5, 1, false, 5}, // APC level holds off no thread
      {9, 5, 2, true, 5},        {8, 0, 2, true, 0},                              // dispatch level does
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct wg_runq q = {0};
    wg_runq_ready(&q, of(0, 8), 0, false);
    wg_runq_next(&q);
    runs[0].quantum_left = cases[i].left;
    if (cases[i].ready >= 0) wg_runq_ready(&q, of(1, cases[i].ready), 0, false);
    CU_ASSERT_EQUAL(wg_runq_stays(&q, 0, cases[i].irql), cases[i].stays);
    CU_ASSERT_EQUAL(runs[0].quantum_left, cases[i].then);
  }
  struct wg_runq q = {0};
  CU_ASSERT_FALSE(wg_runq_stays(&q, 0, 0));
  wg_runq_ready(&q, of(0, 8), 0, false);
  wg_runq_next(&q);
  CU_ASSERT_TRUE(wg_runq_stays(&q, 0, 0));
  CU_ASSERT_FALSE(wg_runq_stays(&q, 1, 0)); // it belongs to another hardware thread by now
  runs[0].suspend = 1;
  CU_ASSERT_FALSE(wg_runq_stays(&q, 0, 2));
  runs[0].suspend = 0;
  runs[0].state = WG_T_WAITING;
  CU_ASSERT_FALSE(wg_runq_stays(&q, 0, 2));
}

static void an_entry_is_saved_whole(void) {
  struct wg_run a = {WG_T_WAITING, 2, false, 31, 5, 0x21, 7, 8, 9, NULL, NULL}, b = {0};
  struct wg_archive out, in;
  struct wg_err err = {0};
  wg_archive_save(&out, NULL);
  wg_run_state(&out, &a);
  wg_archive_load(&in, "it", out.out.data, out.out.len, NULL, &err);
  wg_run_state(&in, &b);
  CU_ASSERT_FALSE(in.failed);
  CU_ASSERT_TRUE(b.state == WG_T_WAITING && b.suspend == 2 && b.priority == 31 && b.hw == 5 && b.affinity == 0x21 &&
                 b.quantum_left == 7 && b.last_ns == 8 && b.ready_ns == 9);
  wg_archive_release(&in);
  // A state, priority or hardware thread that there is not is refused.
  const struct wg_run bad[] = {{.state = (enum wg_tstate)4}, {.priority = 32}, {.hw = 6}};
  for (size_t i = 0; i < 3; i++) {
    struct wg_archive o;
    a = bad[i];
    wg_archive_save(&o, NULL);
    wg_run_state(&o, &a);
    wg_archive_load(&in, "it", o.out.data, o.out.len, NULL, &err);
    wg_run_state(&in, &b);
    CU_ASSERT_TRUE(in.failed);
    wg_archive_release(&in);
    wg_archive_release(&o);
  }
  wg_archive_release(&out);
}

WG_MAIN("sched", {"clocks count in their units", clocks_count_in_their_units},
        {"a turn takes a nanosecond an instruction", a_turn_takes_a_nanosecond_an_instruction},
        {"who ran over waits for its time", who_ran_over_waits_for_its_time},
        {"work beyond the usual is paid", work_beyond_the_usual_is_paid},
        {"what is due fires when it is", what_is_due_fires_when_it_is},
        {"due times come in order", due_times_come_in_order},
        {"windows end where something is due", windows_end_where_something_is_due},
        {"a seed makes other windows", a_seed_makes_other_windows},
        {"time jumps while somebody can be woken", time_jumps_while_somebody_can_be_woken},
        {"a clock is saved whole", a_clock_is_saved_whole},
        {"the highest runs, and of equals the first", the_highest_runs_and_of_equals_the_first},
        {"who goes last gets a new turn", who_goes_last_gets_a_new_turn},
        {"it is ready when it was made so", it_is_ready_when_it_was_made_so},
        {"queues are what arrays are", queues_are_what_arrays_are},
        {"who runs stays until another should", who_runs_stays_until_another_should},
        {"an entry is saved whole", an_entry_is_saved_whole})
