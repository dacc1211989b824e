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

// Who spins for a lock that was given back. v 1: until the end.
static void spins(struct tale *t, int v) {
  event(t, E1, AUTO, 1);
  passes(t, 1, E1);
  CALL(t, 1, "KfAcquireSpinLock", LOCK);
  ret(t, 1, 0);
  guilty(t);
  CALL(t, 1, "KfReleaseSpinLock", LOCK, 0);
  ret(t, 1, 0);
  CALL(t, 2, "KfAcquireSpinLock", LOCK);
  if (v == 0) ret(t, 2, 0);
  pad(t, 1, 80);
}

static void locks_are_given_back(void) {
  is_lawful_as(spins, 0, untimed);
  is_faulty_as(spins, 1, untimed, WG_LAW_LOCK);
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
        {"locks are given back", locks_are_given_back}, {"dates are of a calendar", dates_are_of_a_calendar},
        {"days do not differ", days_do_not_differ})
