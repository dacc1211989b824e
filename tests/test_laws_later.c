// The laws of what calls have run later, and of memory: APCs in their order, DPCs, callbacks of devices.
#include "diff/hang.h"
#include "tests/lawful.h"

#define DPC 0x82030000u
#define TIMER 0x82030040u

static void apc_starts(struct tale *t, uint32_t tid, uint32_t entry, uint32_t ctx) {
  if (tale_start(t, "apc.start", tid)) fprintf(t->file, ",\"entry\":\"0x%x\",\"ctx\":\"0x%x\"}\n", entry, ctx);
}
static void dpc_starts_with(struct tale *t, uint32_t first, uint32_t second) {
  if (tale_start(t, "dpc.start", 0))
    fprintf(t->file,
            ",\"guest_object\":\"0x%x\",\"entry\":\"0x82005000\",\"ctx\":\"0x0\",\"args\":[\"0x%x\",\"0x%x\"]}\n", DPC,
            first, second);
}
static void dpc_starts(struct tale *t) { dpc_starts_with(t, 0, 0); }
static void queues(struct tale *t, uint32_t ctx) {
  CALL(t, 1, "NtQueueApcThread", 0xF8000020, 0x82005000, ctx, 0, 0);
  ret(t, 1, 0);
}

// Thread 2 is given three APCs. v 0: they run. 1 to 3: the first, second or third does not. 4: one of them was never
// queued, another trace would tell of that. 5: the second is taken by the wait after the next.
static void three_apcs(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  for (int i = 1; i <= 3; i++) {
    if (v == i) guilty(t);
    if (v != 4 || i != 2) queues(t, 0x40 + (uint32_t)i);
  }
  for (int round = 0; round < 2; round++) {
    waits_as(t, 2, E1, -1, true);
    wakes(t, 2, 0xC0, "apc");
    for (int i = 1; round == 0 && i <= 3; i++)
      if (v != i) apc_starts(t, 2, 0x82005000, 0x40 + (uint32_t)i);
    if (round == 0) queues(t, 0x44);
  }
  apc_starts(t, 2, 0x82005000, 0x44);
  pad(t, 1, 12);
  pad(t, 2, 12);
}

// The last APC of all does not run, though its wait ends for it.
static void last_apc(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  queues(t, 0x41);
  guilty(t);
  queues(t, 0x42);
  waits_as(t, 2, E1, -1, true);
  wakes(t, 2, 0xC0, "apc");
  apc_starts(t, 2, 0x82005000, 0x41);
  if (v == 0) apc_starts(t, 2, 0x82005000, 0x42);
  pad(t, 1, 24);
}

// The second is queued while the first runs, and needs no wait of its own. v 1: it does not run.
static void while_one_runs(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  queues(t, 0x41);
  waits_as(t, 2, E1, -1, true);
  wakes(t, 2, 0xC0, "apc");
  apc_starts(t, 2, 0x82005000, 0x41);
  guilty(t);
  queues(t, 0x42);
  if (v == 0) apc_starts(t, 2, 0x82005000, 0x42);
  waits_as(t, 2, E1, 10, true);
  t->now += 10 * TALE_MS;
  wakes(t, 2, 0x102, "timeout");
  pad(t, 2, 12);
}

// The first waits alertably itself: the second runs within that wait. v 1: it does not, 2: nor does another.
static void within_one(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  queues(t, 0x41);
  guilty(t);
  queues(t, 0x42);
  waits_as(t, 2, E1, -1, true);
  wakes(t, 2, 0xC0, "apc");
  apc_starts(t, 2, 0x82005000, 0x41);
  waits_as(t, 2, E1, 10, true);
  if (v == 1) {
    t->now += 10 * TALE_MS;
    wakes(t, 2, 0x102, "timeout");
  } else {
    wakes(t, 2, 0xC0, "apc");
    if (v == 0) apc_starts(t, 2, 0x82005000, 0x42);
  }
  pad(t, 1, 24);
}

// A timer has an APC, and goes off while its thread waits for something else. v 1: the APC does not run. 2: the timer
// is cancelled before. 3: that it went off is told behind its APC.
static void timer_apc(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  timer(t, E1 + 4, AUTO);
  queues(t, 0x40);
  waits_as(t, 2, E1, -1, true);
  wakes(t, 2, 0xC0, "apc");
  apc_starts(t, 2, 0x82005000, 0x40);
  limit(t, -100000);
  guilty(t);
  CALL(t, 2, "NtSetTimerEx", E1 + 4, 0x70000100, 0x82005100, 1, 0x41, 0, 0, 0);
  ret(t, 2, 0);
  if (v == 2) {
    CALL(t, 2, "NtCancelTimer", E1 + 4, 0);
    ret(t, 2, 0);
  }
  waits_as(t, 2, E1, 30, true);
  t->now += 10 * TALE_MS;
  if (v < 2) sig(t, 0, E1 + 4, "fire", 1, 0);
  if (v == 0 || v == 3) {
    wakes(t, 2, 0xC0, "apc");
    apc_starts(t, 2, 0x82005100, 0x41);
    if (v == 3) sig(t, 0, E1 + 4, "fire", 1, 0);
    waits_as(t, 2, E1, 30, true);
    t->now += 30 * TALE_MS;
    wakes(t, 2, 0x102, "timeout");
  } else {
    t->now += 20 * TALE_MS;
    wakes(t, 2, 0x102, "timeout");
  }
  pad(t, 1, 24);
}

// A title's own APC is given what it was queued with. v 1: something else. 2: it is not told.
static void apc_arguments(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  guilty(t);
  CALL(t, 1, "NtQueueApcThread", 0xF8000020, 0x82005000, 0x41, 7, 8);
  ret(t, 1, 0);
  waits_as(t, 2, E1, -1, true);
  wakes(t, 2, 0xC0, "apc");
  if (tale_start(t, "apc.start", 2))
    fprintf(t->file, ",\"entry\":\"0x82005000\",\"ctx\":\"0x41\"%s}\n",
            v == 2   ? ""
            : v == 1 ? ",\"args\":[\"0x7\",\"0x9\"]"
                     : ",\"args\":[\"0x7\",\"0x8\"]");
  pad(t, 1, 24);
}

static void apcs_are_given_their_arguments(void) {
  is_lawful(apc_arguments, 0);
  breaks(apc_arguments, 1, WG_LAW_APC_GIVEN);
  is_lawful(apc_arguments, 2);
}

static void timers_have_apcs(void) {
  breaks(timer_apc, 1, WG_LAW_TIMER_APC);
  is_lawful(timer_apc, 2);
  is_lawful(timer_apc, 3);
}

static void apcs_run_in_their_order(void) {
  is_lawful(within_one, 0);
  breaks(within_one, 1, WG_LAW_APC);
  breaks(within_one, 2, WG_LAW_APC);
  breaks(while_one_runs, 1, WG_LAW_APC);
  is_lawful(three_apcs, 0);
  is_lawful(three_apcs, 4);
  for (int v = 1; v <= 3; v++) breaks(three_apcs, v, WG_LAW_APC);
  breaks(last_apc, 1, WG_LAW_APC);
}

static void inserts_with(struct tale *t, uint32_t rv, uint32_t first, uint32_t second) {
  CALL(t, 1, "KeInsertQueueDpc", DPC, first, second);
  ret(t, 1, rv);
}

static void inserts(struct tale *t, uint32_t rv) { inserts_with(t, rv, 0, 0); }

// v 0: it runs, each time. 1: the first time it does not, and it is queued again. 2: the last time it does not. 3: it
// is in the queue already. 4: it is taken out. 5: it is taken out, and runs. 6: the trace ends before it can have run.
static void dpcs(struct tale *t, int v) {
  tells_of_waits(t);
  CALL(t, 1, "KeInitializeDpc", DPC, 0x82005000, 0);
  ret(t, 1, 0);
  if (v == 1) guilty(t);
  inserts(t, 1);
  if (v != 1) dpc_starts(t);
  if (v == 2 || v == 3) guilty(t);
  inserts(t, 1);
  if (v == 3) inserts(t, 0);
  if (v == 4 || v == 5) {
    if (v == 5) guilty(t);
    CALL(t, 1, "KeRemoveQueueDpc", DPC);
    ret(t, 1, 1);
  }
  if (v != 2 && v != 4 && v != 6) dpc_starts(t);
  if (v != 6) t->now += 20 * TALE_MS;
  if (v != 6) pad(t, 1, 12);
}

// v 0: it is given what it was queued with. 1, 2: another first or second argument, the second time.
static void dpc_arguments(struct tale *t, int v) {
  tells_of_waits(t);
  CALL(t, 1, "KeInitializeDpc", DPC, 0x82005000, 0);
  ret(t, 1, 0);
  inserts_with(t, 1, 7, 0xC0000000);
  dpc_starts_with(t, 7, 0xC0000000);
  guilty(t);
  inserts_with(t, 1, 8, 0xC0000001);
  inserts_with(t, 0, 9, 0xC0000009); // in the queue already
  dpc_starts_with(t, v == 1 ? 7 : 8, v == 2 ? 0xC0000000 : 0xC0000001);
  pad(t, 1, 12);
}

// v 1: it was initialized with another context, 2: with another routine, than it begins with.
static void dpc_begins(struct tale *t, int v) {
  tells_of_waits(t);
  guilty(t);
  CALL(t, 1, "KeInitializeDpc", DPC, v == 2 ? 0x82005010 : 0x82005000, v == 1 ? 0x40 : 0);
  ret(t, 1, 0);
  inserts(t, 1);
  dpc_starts(t);
  pad(t, 1, 12);
}

// A timer queues one. v 0: it runs. 1: it does not.
static void dpc_of_timer(struct tale *t, int v) {
  tells_of_waits(t);
  CALL(t, 1, "KeInitializeDpc", DPC, 0x82005000, 0);
  ret(t, 1, 0);
  inserts(t, 1);
  dpc_starts(t);
  CALL(t, 1, "KeInitializeTimerEx", TIMER, 0, 0, 0);
  ret(t, 1, 0);
  guilty(t);
  tale_call(t, 1, "KeSetTimer", (const uint64_t[]){TIMER, (uint64_t)-100000, DPC}, 3);
  ret(t, 1, 0);
  t->now += 10 * TALE_MS;
  sig(t, 0, TIMER, "fire", 1, 0);
  if (v == 0) dpc_starts(t);
  t->now += 10 * TALE_MS;
  pad(t, 1, 12);
}

// A DPC is queued, runs, is queued again, and is taken out of the queue. v 1: the first time it was not put there. 2:
// it has run before. 3: it was there, as it runs behind it.
static void dpc_taken_back(struct tale *t, int v) {
  tells_of_waits(t);
  inserts(t, 1);
  dpc_starts(t);
  if (v != 3) guilty(t);
  inserts(t, 1);
  if (v == 2) dpc_starts(t);
  if (v == 3) guilty(t);
  CALL(t, 1, "KeRemoveQueueDpc", DPC);
  ret(t, 1, v == 0);
  if (v == 3) dpc_starts(t);
  pad(t, 1, 12);
}

// By whatever clock. v 1: it does not run for long. 2: nor for a while.
static void dpc_some_day(struct tale *t, int v) {
  tells_of_waits(t);
  CALL(t, 1, "KeInitializeDpc", DPC, 0x82005000, 0);
  ret(t, 1, 0);
  for (int i = 0; i < 2; i++) {
    if (i) guilty(t);
    CALL(t, 1, "KeInsertQueueDpc", DPC, 0, 0);
    ret(t, 1, 1);
    if (i == 0 || v == 0) dpc_starts(t);
  }
  t->now += (v == 1 ? 200 : 20) * TALE_MS;
  pad(t, 1, 20);
}

static void dpcs_run(void) {
  const struct tale_style untimed = {.no_cycles = true};
  is_lawful_as(dpc_some_day, 0, untimed);
  is_lawful_as(dpc_some_day, 2, untimed);
  is_faulty_as(dpc_some_day, 1, untimed, WG_LAW_DPC);
  is_lawful(dpc_begins, 0);
  for (int v = 1; v <= 2; v++) is_faulty(dpc_begins, v, WG_LAW_GIVEN);
  breaks(dpc_taken_back, 1, WG_LAW_DPC);
  is_lawful(dpc_taken_back, 2);
  breaks(dpc_taken_back, 3, WG_LAW_ANSWER);
  for (int v = 0; v <= 6; v++)
    if (v == 1 || v == 2)
      breaks(dpcs, v, WG_LAW_DPC);
    else if (v == 5)
      breaks(dpcs, v, WG_LAW_REMOVED);
    else
      is_lawful(dpcs, v);
  is_lawful(dpc_arguments, 0);
  for (int v = 1; v <= 2; v++) breaks(dpc_arguments, v, WG_LAW_GIVEN);
  is_lawful(dpc_of_timer, 0);
  is_faulty(dpc_of_timer, 1, WG_LAW_DPC);
}

// A trace without any event of a DPC that runs may come of an engine that tells of none.
static void nothing_tells_of_dpcs(struct tale *t, int v) {
  (void)v;
  tells_of_waits(t);
  inserts(t, 1);
  t->now += 20 * TALE_MS;
  inserts(t, 1);
  pad(t, 1, 24);
}

static void only_who_tells_of_dpcs_is_held_to_it(void) { is_lawful(nothing_tells_of_dpcs, 0); }

static void interrupts(struct tale *t) {
  if (tale_start(t, "gpu.interrupt", 0)) fprintf(t->file, ",\"source\":0,\"value\":2}\n");
}
static void audio(struct tale *t) {
  if (tale_start(t, "apu.callback", 0)) fprintf(t->file, ",\"count\":1}\n");
}

// v 0: it comes, until it is taken away. 1: it never comes. 2: it comes when it has been taken away. 3: the trace ends
// before it is due.
static void vertical_blanks(struct tale *t, int v) {
  tells_of_waits(t);
  if (v == 1) guilty(t);
  CALL(t, 1, "VdSetGraphicsInterruptCallback", 0x82005000, 0);
  ret(t, 1, 0);
  if (v == 3) return;
  for (int i = 0; i < 4; i++) {
    t->now += 16 * TALE_MS;
    if (v != 1) interrupts(t);
  }
  if (v == 2) guilty(t);
  CALL(t, 1, "VdSetGraphicsInterruptCallback", 0, 0);
  ret(t, 1, 0);
  t->now += 16 * TALE_MS;
  if (v == 2) interrupts(t);
  pad(t, 1, 12);
}

static void audio_frames(struct tale *t, int v) {
  tells_of_waits(t);
  if (v == 1) guilty(t);
  CALL(t, 1, "XAudioRegisterRenderDriverClient", 0x70000000, 0x70000010);
  ret(t, 1, 0);
  for (int i = 0; i < 4; i++) {
    t->now += 5 * TALE_MS;
    if (v != 1) audio(t);
  }
  if (v == 2) guilty(t);
  CALL(t, 1, "XAudioUnregisterRenderDriverClient", 0x41550000);
  ret(t, 1, 0);
  t->now += 5 * TALE_MS;
  if (v == 2) audio(t);
  pad(t, 1, 12);
}

static void callbacks_come_while_they_are_registered(void) {
  is_lawful(vertical_blanks, 0);
  is_lawful(vertical_blanks, 3);
  is_lawful(audio_frames, 0);
  for (int v = 1; v <= 2; v++) {
    is_faulty(vertical_blanks, v, v == 1 ? WG_LAW_CALLBACK : WG_LAW_UNREGISTERED);
    is_faulty(audio_frames, v, v == 1 ? WG_LAW_CALLBACK : WG_LAW_UNREGISTERED);
  }
}

static void allocates(struct tale *t, uint32_t tid, uint32_t at) {
  CALL(t, tid, "ExAllocatePoolTypeWithTag", 16, 0x41424344, 0);
  ret(t, tid, at);
}

// v 0: what was freed may be given again, also before the call that frees it returns. 1: it was not freed. 2: there was
// none to give.
static void blocks(struct tale *t, int v) {
  tells_of_waits(t);
  allocates(t, 1, 0x30001000);
  allocates(t, 2, v == 2 ? 0 : 0x30002000);
  if (v == 2) allocates(t, 2, 0);
  CALL(t, 1, "ExFreePool", v == 1 ? 0x30002000 : 0x30001000);
  guilty(t);
  allocates(t, 2, 0x30001000);
  ret(t, 1, 0);
  pad(t, 1, 12);
}

// v 0: what was freed last is given again. 1: it is not, and nothing has happened since. 2: something has. 3: another
// size was asked for. 4: a block that was freed before it is given.
static void freed(struct tale *t, int v) {
  tells_of_waits(t);
  for (uint32_t i = 1; i <= 3; i++) allocates(t, 1, 0x30001000 * i);
  CALL(t, 1, "ExFreePool", 0x30001000);
  ret(t, 1, 0);
  if (v == 1) guilty(t);
  CALL(t, 1, "ExFreePool", 0x60002000);
  ret(t, 1, 0);
  if (v == 2) pad(t, 2, 1);
  CALL(t, 1, "ExAllocatePoolTypeWithTag", v == 3 ? 64 : 16, 0x41424344, 0);
  ret(t, 1, v == 0 ? 0x60002000 : v == 4 ? 0x30001000 : 0x30009000);
  pad(t, 1, 12);
}

static void what_was_freed_is_given_again(void) {
  for (int v = 0; v <= 4; v++)
    if (v != 1) is_lawful(freed, v);
  is_faulty(freed, 1, WG_LAW_FREED);
}

// Memory at a multiple of 0x10000 below 0x10000000. v 1: at another. 2: above. 3, 4: in the other views.
static void placed(struct tale *t, int v) {
  static const uint32_t at[] = {0xE012F000, 0xE0130000, 0xF012F000, 0xA0130000, 0xC0130000};
  tells_of_waits(t);
  guilty(t);
  CALL(t, 1, "MmAllocatePhysicalMemoryEx", 0, 0x3000, 4, 0, 0x0FFFFFFF, 0x10000);
  ret(t, 1, at[v]);
  pad(t, 1, 12);
}

static void memory_lies_as_asked(void) {
  is_lawful(placed, 0);
  for (int v = 1; v <= 2; v++) is_faulty(placed, v, WG_LAW_LIES);
  for (int v = 3; v <= 4; v++) is_lawful(placed, v);
}

static void memory_is_given_once(void) {
  is_lawful(blocks, 0);
  is_lawful(blocks, 2);
  is_faulty(blocks, 1, WG_LAW_MEMORY);
}

// v 1: the call says that it is in the queue already, and it runs. 2: it is, as two calls put it there.
static void denied_dpc(struct tale *t, int v) {
  tells_of_waits(t);
  CALL(t, 1, "KeInitializeDpc", DPC, 0x82005000, 0);
  ret(t, 1, 0);
  for (int i = 0; i < (v == 2 ? 2 : 1); i++) {
    guilty(t);
    CALL(t, 1, "KeInsertQueueDpc", DPC, 0, 0);
    ret(t, 1, v != 1 && i == 0);
  }
  dpc_starts(t);
  pad(t, 1, 12);
}

static void who_queues_a_dpc_is_told_so(void) {
  breaks(denied_dpc, 1, WG_LAW_ANSWER);
  is_lawful(denied_dpc, 2);
}

// -- an APC once, a call that returns, a handler that is asked --

static void apc_starts_with(struct tale *t, uint32_t first) {
  if (tale_start(t, "apc.start", 2))
    fprintf(t->file, ",\"entry\":\"0x82005000\",\"ctx\":\"0x41\",\"args\":[\"0x%x\",\"0x3\"]}\n", first);
}

// v 1: it runs twice. 2: another one with other arguments runs. 3: so it does, when the first has run twice. 4: that
// one alone does.
static void one_apc(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  guilty(t);
  for (uint32_t i = 0; i < (v >= 2 ? 2 : 1); i++) {
    CALL(t, 1, "NtQueueApcThread", 0xF8000020, 0x82005000, 0x41, 2 + i, 3);
    ret(t, 1, 0);
  }
  waits_as(t, 2, E1, -1, true);
  wakes(t, 2, 0xC0, "apc");
  if (v != 4) apc_starts_with(t, 2);
  if (v == 1 || v == 3) apc_starts_with(t, 2);
  if (v >= 2) apc_starts_with(t, 3);
  pad(t, 2, 12);
}

static void apcs_run_once(void) {
  breaks(one_apc, 1, WG_LAW_APC_AGAIN);
  is_lawful(one_apc, 2);
  is_faulty(one_apc, 3, WG_LAW_APC_AGAIN);
  is_faulty(one_apc, 4, WG_LAW_APC);
}

// v 1: it does not come back for seconds. 2: not for a moment, and then the run is over. 3: nor does the other thread,
// which waits.
static void called(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  pad(t, 2, 1);
  guilty(t);
  if (v == 3)
    waits(t, 2, E1);
  else
    CALL(t, 2, "KeResetEvent", 0x82006000);
  if (v == 0) ret(t, 2, 0);
  t->now += (v == 2 ? 20 : 3000) * TALE_MS;
  pad(t, 1, 120);
}

// Whatever the trace tells: each side alone shows it.
static void calls_return(void) {
  static const struct tale_style styles[] = {{0}, {.foreign = true, .no_signals = true}, {.no_args = true}};
  struct wg_buf out = {0};
  for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
    struct tale t = tale_write("a", called, 1, styles[i]);
    tale_write("b", called, 0, styles[i]);
    CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
    CU_ASSERT_TRUE(blames(&out, &t, WG_LAW_RETURNS));
    CU_ASSERT_EQUAL(compare("b", "a", &out), WG_DIFFERS);
    CU_ASSERT_TRUE(first_says(&out, "in the reference KeResetEvent"));
    tale_write("b", called, 1, styles[i]);
    CU_ASSERT_EQUAL(compare("a", "b", &out), WG_OK);
    tale_write("a", called, 2, styles[i]);
    tale_write("b", called, 0, styles[i]);
    CU_ASSERT_EQUAL(compare("a", "b", &out), WG_OK);
  }
  wg_buf_release(&out);
  is_lawful(called, 3);
}

// Nobody needs the thread, but no kernel is so.
static void who_does_not_come_back_is_stuck(void) {
  static const struct wg_hang_options all;
  struct wg_buf out = {0};
  struct wg_err err = {0};
  for (int v = 0; v <= 3; v++) {
    tale_write("a", called, v, (struct tale_style){.limit = true});
    wg_buf_clear(&out);
    CU_ASSERT_EQUAL(wg_hang(at("a"), &all, &out, &err), v == 1 ? WG_DIFFERS : WG_OK);
    if (v == 1) CU_ASSERT_TRUE(first_says(&out, "thread 2 (entry 0x82002000) does not come back: KeResetEvent"));
  }
  tale_write("a", called, 1, (struct tale_style){.foreign = true, .host_clock = true, .limit = true});
  CU_ASSERT_EQUAL(wg_hang(at("a"), &all, &out, &err), WG_OK); // it may wait without a word
  wg_buf_release(&out);
}

// v 1: nobody is asked the second time.
static void raises(struct tale *t, int v) {
  CALL(t, 1, "RtlRaiseException", 0x70000000);
  CALL(t, 1, "__C_specific_handler", 0x70000000, 0x70000100, 0x70000200, 0x70000300);
  ret(t, 1, 0);
  ret(t, 1, 1);
  guilty(t);
  CALL(t, 1, "RtlRaiseException", 0x70000000);
  if (v == 0) {
    CALL(t, 1, "__C_specific_handler", 0x70000000, 0x70000100, 0x70000200, 0x70000300);
    ret(t, 1, 0);
  }
  t->open[1] = "RtlRaiseException";
  ret(t, 1, 0);
  pad(t, 1, 12);
  tells_of_waits(t);
}

static void handlers_are_asked(void) {
  struct wg_buf out = {0};
  struct tale t = tale_write("a", raises, 1, (struct tale_style){0});
  tale_write("b", raises, 0, (struct tale_style){0});
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(blames(&out, &t, WG_LAW_RAISES));
  CU_ASSERT_EQUAL(compare("b", "a", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "in the reference RtlRaiseException"));
  tale_write("b", raises, 1, (struct tale_style){0});
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_OK);
  // Another engine's does not show whether it asks anybody.
  tale_write("b", raises, 1, (struct tale_style){.foreign = true});
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_OK);
  wg_buf_release(&out);
}

WG_MAIN("laws of what runs later", {"APCs run once", apcs_run_once},
        {"who queues a DPC is told so", who_queues_a_dpc_is_told_so}, {"calls return", calls_return},
        {"who does not come back is stuck", who_does_not_come_back_is_stuck},
        {"handlers are asked", handlers_are_asked}, {"APCs run in their order", apcs_run_in_their_order},
        {"APCs are given their arguments", apcs_are_given_their_arguments}, {"timers have APCs", timers_have_apcs},
        {"DPCs run", dpcs_run}, {"only who tells of DPCs is held to it", only_who_tells_of_dpcs_is_held_to_it},
        {"callbacks come while they are registered", callbacks_come_while_they_are_registered},
        {"memory is given once", memory_is_given_once}, {"memory lies as asked", memory_lies_as_asked},
        {"what was freed is given again", what_was_freed_is_given_again})
