// Laws that hold by whatever clock a trace's times were told, and laws of what clocks and calendars tell.
#include "tests/lawful.h"

#define DPC 0x82030000u
#define LOCK 0x82005000u
static const struct tale_style untimed = {.no_cycles = true}; // its times are no virtual clock's

// Of a clock that goes more than half as fast again.
static void passes_ms(struct tale *t, unsigned ms) { t->now += ms * TALE_MS * 8 / 5; }

// A thread sleeps, as long as it is asked to; `odd`: each time another time.
static void sleeps(struct tale *t, unsigned times, bool odd) {
  for (unsigned i = 0; i < times; i++) {
    waits_as(t, 2, E1, 10, false);
    passes_ms(t, odd ? 1 + i * i * 9 : 10);
    wakes(t, 2, 0x102, "timeout");
  }
}

// A timer beside threads that sleep. v 1: it does not go off. 2: it does so at once, 3: much later than it is asked to.
// 4: it is cancelled after a while, 5: before it is due. 6: it is late, as everything is now and then. 7: nothing takes
// the time that it is asked to.
static void one_timer(struct tale *t, int v) {
  event(t, E1, AUTO, 1);
  passes(t, 1, E1);
  timer(t, E2, AUTO);
  sleeps(t, 4, v == 7);
  guilty(t);
  set_timer(t, 1, E2, 20, 0);
  if (v == 2) sig(t, 0, E2, "fire", 1, 0);
  passes_ms(t, v == 5 ? 5 : 20);
  if (v == 6) passes_ms(t, 8);
  if (v == 0 || v == 6) sig(t, 0, E2, "fire", 1, 0);
  if (v != 5) passes_ms(t, v == 7 ? 10 : 40);
  if (v == 3) sig(t, 0, E2, "fire", 1, 0);
  if (v == 4 || v == 5) {
    CALL(t, 1, "NtCancelTimer", E2, 0);
    ret(t, 1, 0);
  }
  pad(t, 1, 20);
}

static void timers_keep_pace(void) {
  for (int v = 0; v <= 7; v++)
    if (v >= 1 && v <= 4)
      is_faulty_as(one_timer, v, untimed, WG_LAW_FIRES);
    else
      is_lawful_as(one_timer, v, untimed);
}

// The last one of a thread's sleeps. v 1: it ends at once. 2: it lasts.
static void one_sleep(struct tale *t, int v) {
  event(t, E1, AUTO, 1);
  passes(t, 1, E1);
  sleeps(t, 4, false);
  guilty(t);
  waits_as(t, 2, E1, 10, false);
  passes_ms(t, v == 1 ? 0 : v == 2 ? 60 : 10);
  wakes(t, 2, 0x102, "timeout");
  pad(t, 1, 20);
}

static void waits_keep_pace(void) {
  is_lawful_as(one_sleep, 0, untimed);
  for (int v = 1; v <= 2; v++) is_faulty_as(one_sleep, v, untimed, WG_LAW_TIME);
}

static void dpc_starts(struct tale *t) {
  if (tale_start(t, "dpc.start", 0))
    fprintf(t->file, ",\"guest_object\":\"0x%x\",\"entry\":\"0x82005000\",\"ctx\":\"0x0\"}\n", DPC);
}

// Of two DPCs the second. v 1: it does not run.
static void two_dpcs(struct tale *t, int v) {
  event(t, E1, AUTO, 1);
  passes(t, 1, E1);
  CALL(t, 1, "KeInitializeDpc", DPC, 0x82005000, 0);
  ret(t, 1, 0);
  for (int i = 0; i < 2; i++) {
    if (i) guilty(t);
    CALL(t, 1, "KeInsertQueueDpc", DPC, 0, 0);
    ret(t, 1, 1);
    if (i == 0 || v == 0) dpc_starts(t);
    sleeps(t, 2, false);
  }
  pad(t, 1, 20);
}

static void dpcs_keep_pace(void) {
  is_lawful_as(two_dpcs, 0, untimed);
  is_faulty_as(two_dpcs, 1, untimed, WG_LAW_DPC);
}

// A timer goes off, and then its thread waits alertably, in vain. v 1: its APC does not run. 2: there is none.
static void timer_apc(struct tale *t, int v) {
  event(t, E1, AUTO, 1);
  passes(t, 1, E1);
  timer(t, E2, AUTO);
  for (int i = 0; i < 2; i++) {
    if (i) guilty(t);
    limit(t, -10000);
    CALL(t, 2, "NtSetTimerEx", E2, 0x70000100, v == 2 ? 0 : 0x82006000, 1, 0x1234, 0, 0, 0);
    ret(t, 2, 0);
    passes_ms(t, 1);
    sig(t, 0, E2, "fire", 1, 0);
    waits_as(t, 2, E1, 10, true);
    if (v == 2 || (v == 1 && i)) {
      passes_ms(t, 10);
      wakes(t, 2, 0x102, "timeout");
      continue;
    }
    wakes(t, 2, 0xC0, "apc");
    if (tale_start(t, "apc.start", 2)) fputs(",\"entry\":\"0x82006000\",\"ctx\":\"0x1234\"}\n", t->file);
  }
  pad(t, 1, 24);
}

static void timers_have_apcs(void) {
  is_lawful_as(timer_apc, 0, untimed);
  is_lawful_as(timer_apc, 2, untimed);
  is_faulty_as(timer_apc, 1, untimed, WG_LAW_TIMER_APC);
}

// Thread 1 has the lock, and gives it back.
static void has_spin_lock(struct tale *t) {
  CALL(t, 1, "KfAcquireSpinLock", LOCK);
  ret(t, 1, 0);
  guilty(t);
  CALL(t, 1, "KfReleaseSpinLock", LOCK, 0);
  ret(t, 1, 0);
}

// Who spins for a lock that was given back. v 1: until the end.
static void spins(struct tale *t, int v) {
  event(t, E1, AUTO, 1);
  passes(t, 1, E1);
  has_spin_lock(t);
  CALL(t, 2, "KfAcquireSpinLock", LOCK);
  if (v == 0) ret(t, 2, 0);
  pad(t, 1, 80);
}

static void locks_are_given_back(void) {
  is_lawful_as(spins, 0, untimed);
  is_faulty_as(spins, 1, untimed, WG_LAW_LOCK);
}

// Who tried for it in vain meanwhile may have been told wrongly, too: that is the second candidate.
static void tried_and_spins(struct tale *t, int v) {
  event(t, E1, AUTO, 1);
  passes(t, 1, E1);
  has_spin_lock(t);
  CALL(t, 3, "KeTryToAcquireSpinLockAtRaisedIrql", LOCK);
  ret(t, 3, v == 0);
  if (v == 0) CALL(t, 3, "KeReleaseSpinLockFromRaisedIrql", LOCK);
  if (v == 0) ret(t, 3, 0);
  CALL(t, 2, "KfAcquireSpinLock", LOCK);
  if (v == 0) ret(t, 2, 0);
  pad(t, 1, 80);
}

static void who_tried_is_named_too(void) {
  struct wg_buf out = {0};
  struct tale t;
  is_lawful(tried_and_spins, 0);
  CU_ASSERT_EQUAL(alone(tried_and_spins, 1, (struct tale_style){0}, &out, &t), WG_DIFFERS);
  CU_ASSERT_TRUE(blames(&out, &t, WG_LAW_LOCK));
  const char *second = strstr(out.data, "  2. ");
  CU_ASSERT_TRUE(second && strstr(second, "KeTryToAcquireSpinLockAtRaisedIrql"));
  wg_buf_release(&out);
}

static void at_section(struct tale *t, uint32_t tid, bool enters) {
  CALL(t, tid, enters ? "RtlEnterCriticalSection" : "RtlLeaveCriticalSection", LOCK);
  if (!enters) ret(t, tid, 0);
}
static void waits_at_section(struct tale *t, uint32_t tid) {
  const uint32_t lock = LOCK;
  at_section(t, tid, true);
  begin(t, tid, &lock, 1, "any", false, -1);
}

// A section that was given back. v 1: who comes next waits until the end. 2: not so long, and one more thread had it.
static void section_stays(struct tale *t, int v) {
  event(t, E1, AUTO, 1);
  passes(t, 1, E1);
  at_section(t, 1, true);
  ret(t, 1, 0);
  guilty(t);
  at_section(t, 1, false);
  if (v == 1 || v == 2) waits_at_section(t, 2);
  pad(t, 1, 20);
  if (v == 2) wakes(t, 2, 0, NULL);
  pad(t, 1, 60);
}

static void sections_are_given_back(void) {
  is_lawful_as(section_stays, 0, untimed);
  is_lawful_as(section_stays, 2, untimed);
  is_faulty_as(section_stays, 1, untimed, WG_LAW_LOCK);
}

// A timer goes off again and again, and its DPC does not run, for a spin lock that was not given back stays taken. v 0:
// all is well.
static void many_breaches(struct tale *t, int v) {
  event(t, E1, AUTO, 1);
  passes(t, 1, E1);
  CALL(t, 1, "KeInitializeDpc", DPC, 0x82005000, 0);
  ret(t, 1, 0);
  CALL(t, 1, "KeInitializeTimerEx", DPC + 64, 0, 0, 0);
  ret(t, 1, 0);
  has_spin_lock(t);
  tale_call(t, 1, "KeSetTimerEx", (const uint64_t[]){DPC + 64, (uint64_t)-100000, 10, DPC}, 4);
  ret(t, 1, 0);
  CALL(t, 2, "KfAcquireSpinLock", LOCK);
  if (v == 0) ret(t, 2, 0);
  for (int i = 0; i < 40; i++) {
    t->now += 10 * TALE_MS - 1000u * (v == 0 && i ? 2 : i ? 1 : 0);
    sig(t, 0, DPC + 64, "fire", 1, i > 0);
    if (v == 0 || i == 0) dpc_starts(t);
  }
  pad(t, 1, 80);
}

// A call is told of once, however often what it did shows.
static void one_breach_does_not_hide_others(void) {
  struct wg_buf out = {0};
  struct tale t = tale_write("a", many_breaches, 1, (struct tale_style){0});
  tale_write("b", many_breaches, 0, (struct tale_style){0});
  CU_ASSERT_EQUAL(compare("b", "a", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, t.guilty) && first_says(&out, words_of(WG_LAW_LOCK)));
  wg_buf_release(&out);
}

// -- of a trace that was cut --

static bool says_nothing(const char *a, const char *b) {
  struct wg_buf out = {0};
  bool quiet = compare(a, b, &out) == WG_OK;
  if (!quiet) printf("%s\n", out.data);
  wg_buf_release(&out);
  return quiet;
}
static void nothing_between(const char *a, const char *b) {
  CU_ASSERT_TRUE(says_nothing(a, b));
  CU_ASSERT_TRUE(says_nothing(b, a));
}

// It was stopped within the call that makes a thread.
static void makes_a_thread(struct tale *t, int v) {
  event(t, E1, AUTO, 1);
  passes(t, 1, E1);
  CALL(t, 1, "ExCreateThread", 0x70000000, 0x8000, 0, 0, 0x82005000, 0, 0);
  if (v == 0) t->style.stop = t->events;
  tale_thread(t, 1, 5);
  ret_out(t, 1, 0, "\"handle\":\"0xf8000050\",\"tid\":5");
  pad(t, 5, 12);
  pad(t, 1, 12);
}

static void a_thread_was_not_made_yet(void) {
  tale_write("a", makes_a_thread, 0, (struct tale_style){.limit = true});
  tale_write("b", makes_a_thread, 1, (struct tale_style){0});
  nothing_between("a", "b");
}

// Who waits for a section that goes from hand to hand, in a trace that ends as it is given back.
static void from_hand_to_hand(struct tale *t, int v) {
  event(t, E1, AUTO, 1);
  passes(t, 1, E1);
  at_section(t, 1, true);
  ret(t, 1, 0);
  waits_at_section(t, 4);
  waits_at_section(t, 2);
  for (uint32_t by = 1; by <= 4; by += 3) {
    pad(t, 3, v ? 3 : 300);
    t->now += (v ? 1 : 60) * TALE_MS;
    CALL(t, by, "RtlLeaveCriticalSection", LOCK);
    sig(t, by, LOCK, "release", 1, 0);
    if (v == 0 && by == 4) t->style.stop = t->events;
    ret(t, by, 0);
    wakes(t, by == 1 ? 4 : 2, 0, NULL);
  }
  at_section(t, 2, false);
  pad(t, 1, 12);
}

static void a_section_was_about_to_be_got(void) {
  tale_write("a", from_hand_to_hand, 0, (struct tale_style){.torn = true});
  tale_write("b", from_hand_to_hand, 1, (struct tale_style){0});
  nothing_between("a", "b");
}

// The file ends as the thread begins to wait for what is signalled.
static void waits_for_what_is_set(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 1);
  set(t, 1, E1, 0);
  passes(t, 1, E1);
  pad(t, 1, 8);
  waits(t, 1, E2);
  if (v == 0) t->style.stop = t->events;
  wakes(t, 1, 0, "already");
  pad(t, 1, 12);
}

static void a_wait_at_the_end_says_nothing(void) {
  tale_write("a", waits_for_what_is_set, 0, (struct tale_style){.torn = true});
  tale_write("b", waits_for_what_is_set, 1, (struct tale_style){0});
  nothing_between("a", "b");
}

// A thread that was made suspended is let run, here long after it was made.
static void is_let_run(struct tale *t, int v) {
  event(t, E1, AUTO, 1);
  passes(t, 1, E1);
  if (tale_start(t, "thread.start", 3)) fputs(",\"entry\":\"0x82003000\",\"ctx\":\"0x0\"}\n", t->file);
  CALL(t, 1, "ExCreateThread", 0x70000000, 0x8000, 0, 0, 0x82006000, 0, 1);
  made(t, 1, 0xF8000050, "Thread");
  if (tale_start(t, "thread.create", 1))
    fprintf(t->file,
            ",\"child\":5,\"entry\":\"0x82006000\",\"ctx\":\"0x0\",\"stack_size\":65536,\"flags\":\"0x1\",\"raw\":"
            "\"0xf8000050\",\"hsid\":\"%016" PRIx64 "\"}\n",
            tale_id(0xF8000050));
  ret_out(t, 1, 0, "\"handle\":\"0xf8000050\",\"tid\":5");
  pad(t, 1, v ? 4 : 300);
  t->now += (v ? 1 : 60) * TALE_MS;
  CALL(t, 1, "NtResumeThread", 0xF8000050, 0x70000020);
  ret_out(t, 1, 0, "\"previous\":1");
  pad(t, 1, 20);
  if (v == 0) t->style.stop = t->events;
  if (tale_start(t, "thread.start", 5)) fputs(",\"entry\":\"0x82006000\",\"ctx\":\"0x0\"}\n", t->file);
  pad(t, 5, 12);
  pad(t, 1, 12);
}

static void a_thread_was_just_let_run(void) {
  tale_write("a", is_let_run, 0, (struct tale_style){.torn = true});
  tale_write("b", is_let_run, 1, (struct tale_style){0});
  nothing_between("a", "b");
}

// One waits for another one, four times as long as what the threads sleep. v 0: until the trace is cut.
static void waits_for_sleepers(struct tale *t, int v) {
  event(t, E1, AUTO, 1);
  event(t, E2, AUTO, 0);
  passes(t, 1, E1);
  waits(t, 1, E2);
  for (int i = 0; i < 40; i++) {
    waits_as(t, 2, E1, 10, false);
    t->now += (v ? 10 : 30) * TALE_MS;
    wakes(t, 2, 0x102, "timeout");
    pad(t, 3, 2);
    if (v == 0 && i == 36) t->style.stop = t->events;
  }
  sets(t, 2, E2, 0);
  wakes(t, 1, 0, NULL);
  ret(t, 2, 0);
  pad(t, 1, 12);
}

static void a_slow_clock_is_no_wait(void) {
  tale_write("a", waits_for_sleepers, 0, (struct tale_style){.torn = true, .no_cycles = true});
  tale_write("b", waits_for_sleepers, 1, (struct tale_style){0});
  nothing_between("a", "b");
}

// What the clock says. v 1: a time of before there were consoles.
static void system_time(struct tale *t, int v) {
  tells_of_waits(t);
  guilty(t);
  CALL(t, 1, "KeQuerySystemTime", 0x70000000);
  ret_out(t, 1, 0, v ? "\"time\":500000" : "\"time\":127770912000000000");
  pad(t, 1, 12);
}

// A date that is made of a time. v 1: it is another day, 2: another hour. 3: only the time is told.
static void date(struct tale *t, int v) {
  char out[200];
  snprintf(out, sizeof out,
           "\"time\":127771542573890000,\"year\":2005,\"month\":11,\"day\":%d,\"hour\":%d,\"minute\":30,\"second\":57,"
           "\"milliseconds\":389,\"weekday\":2",
           v == 1 ? 23 : 22, v == 2 ? 16 : 17);
  tells_of_waits(t);
  guilty(t);
  CALL(t, 1, "RtlTimeToTimeFields", 0x70000000, 0x70000010);
  ret_out(t, 1, 0, v == 3 ? "\"time\":127771542573890000" : out);
  pad(t, 1, 12);
}

static void dates_are_of_a_calendar(void) {
  is_lawful(date, 0);
  is_lawful(date, 3);
  for (int v = 1; v <= 2; v++) is_faulty(date, v, WG_LAW_ANSWER);
  is_lawful(system_time, 0);
  is_faulty(system_time, 1, WG_LAW_CLOCK);
  is_faulty_as(system_time, 1, untimed, WG_LAW_CLOCK);
}

// A date is another one on another day, and that is nothing that differs.
static void another_day(struct tale *t, int v) {
  tells_of_waits(t);
  CALL(t, 1, "RtlTimeToTimeFields", 0x70000000, 0x70000010);
  ret_out(
      t, 1, 0,
      v ? "\"time\":127770912000000000,\"year\":2005,\"month\":11,\"day\":22,\"hour\":0,\"minute\":0,\"second\":0,"
          "\"milliseconds\":0,\"weekday\":2"
        : "\"time\":127771542573890000,\"year\":2005,\"month\":11,\"day\":22,\"hour\":17,\"minute\":30,\"second\":57,"
          "\"milliseconds\":389,\"weekday\":2");
  pad(t, 1, 12);
}

static void days_do_not_differ(void) {
  struct wg_buf out = {0};
  tale_write("a", another_day, 0, (struct tale_style){0});
  tale_write("b", another_day, 1, (struct tale_style){0});
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_OK);
  CU_ASSERT_TRUE(says(&out, "no difference"));
  wg_buf_release(&out);
}

WG_MAIN("laws of clocks", {"timers keep pace", timers_keep_pace}, {"waits keep pace", waits_keep_pace},
        {"DPCs keep pace", dpcs_keep_pace}, {"timers have APCs", timers_have_apcs},
        {"locks are given back", locks_are_given_back}, {"who tried is named, too", who_tried_is_named_too},
        {"sections are given back", sections_are_given_back},
        {"one breach does not hide others", one_breach_does_not_hide_others},
        {"a thread was not made yet", a_thread_was_not_made_yet},
        {"a section was about to be got", a_section_was_about_to_be_got},
        {"a wait at the end says nothing", a_wait_at_the_end_says_nothing},
        {"a thread was just let run", a_thread_was_just_let_run}, {"a slow clock is no wait", a_slow_clock_is_no_wait},
        {"dates are of a calendar", dates_are_of_a_calendar}, {"days do not differ", days_do_not_differ})
