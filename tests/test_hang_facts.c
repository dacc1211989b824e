// What `wedge hang` knows of a trace before it judges: what each call did to events, semaphores, mutants, timers,
// threads, APCs and DPCs, worked by hand from what the calls do (docs/console.md, "Dispatcher objects").
#include <stdlib.h>

#include "diff/hang_facts.h"
#include "diff/hang_watch.h"
#include "tests/suite.h"
#include "tests/tale.h"

#define DPC 0x82030000u
#define TIMER 0x82040000u

static struct wg_facts facts_of(tale_story *story, int variant) {
  struct wg_facts f;
  struct wg_err err = {0};
  tale_write("facts", story, variant, (struct tale_style){0});
  CU_ASSERT_EQUAL_FATAL(wg_facts_load(&f, at("facts"), &(struct wg_reading){0}, &err), WG_OK);
  return f;
}

static uint32_t thread_of(const struct wg_facts *f, uint32_t tid) {
  return (uint32_t)(wg_side_thread(&f->side, tid) - f->side.threads);
}

static struct wg_hthread *thread(struct wg_facts *f, uint32_t tid) { return wg_hthread_at(f, thread_of(f, tid)); }

static uint32_t object_of(struct wg_facts *f, uint32_t handle) {
  uint32_t object =
      handle < 0xF0000000u ? wg_object_by_guest(&f->side, handle) : wg_facts_by_handle(f, thread_of(f, 1), handle);
  CU_ASSERT_NOT_EQUAL_FATAL(object, WG_NONE);
  return object;
}

static struct wg_hobject *object(struct wg_facts *f, uint32_t handle) { return wg_hobject_at(f, object_of(f, handle)); }

// The i-th latest signal of it, which there is.
static const struct wg_hsignal *signal_of(struct wg_facts *f, uint32_t handle, uint32_t i) {
  static const struct wg_hsignal none = {.by = 77};
  const struct wg_hsignal *s = wg_facts_signal(object(f, handle), i);
  CU_ASSERT_PTR_NOT_NULL(s);
  return s ? s : &none;
}

static const struct wg_htouch *touch(struct wg_facts *f, uint32_t handle, uint32_t tid) {
  return wg_facts_touch(f, object_of(f, handle), thread_of(f, tid));
}

// --- who gave a signal that no thread of the title's gave ------------------------------------------------------

static void dpc_starts(struct tale *t) {
  if (tale_start(t, "dpc.start", 0))
    fprintf(t->file, ",\"guest_object\":\"0x%x\",\"entry\":\"0x82005000\",\"ctx\":\"0x0\"}\n", DPC);
}

enum { NOBODY, QUEUED, QUEUED_UNTOLD, TWICE_UNTOLD, BY_TIMER, BY_TIMER_UNTOLD, BY_TIMER_LATER, NOT_QUEUED };

static void signalled_from_outside(struct tale *t, int variant) {
  event(t, E1, AUTO, 0);
  if (variant == NOBODY) {
    set(t, 0, E1, 0);
    return;
  }
  CALL(t, 3, "KeInitializeDpc", DPC, 0x82005000, 0);
  ret(t, 3, 0);
  if (variant == NOT_QUEUED) {
    set(t, 0, E1, 0);
    return;
  }
  if (variant >= BY_TIMER) {
    CALL(t, 1, "KeInitializeTimerEx", TIMER, 1);
    ret(t, 1, 0);
    CALL(t, 4, "KeSetTimerEx", TIMER, (uint64_t)-100000, 0, DPC); // 10 ms
    ret(t, 4, 0);
    if (variant != BY_TIMER_LATER) t->now += 10 * TALE_MS;
  } else {
    CALL(t, 2, "KeInsertQueueDpc", DPC, 0, 0);
    ret(t, 2, 1);
  }
  if (variant == TWICE_UNTOLD) {
    CALL(t, 4, "KeInsertQueueDpc", DPC, 0, 0);
    ret(t, 4, 1);
  }
  if (variant == QUEUED || variant == BY_TIMER) dpc_starts(t);
  set(t, 0, E1, 0);
  if (variant == TWICE_UNTOLD) set(t, 0, E1, 1);
}

static void a_dpcs_signal_is_whose_it_was(void) {
  static const struct {
    int variant;
    enum wg_signal_by by;
    uint32_t tid;
  } told[] = {{NOBODY, WG_BY_SYSTEM, 0},       {NOT_QUEUED, WG_BY_SYSTEM, 0},    {QUEUED, WG_BY_DPC, 2},
              {QUEUED_UNTOLD, WG_BY_DPC, 2},   {TWICE_UNTOLD, WG_BY_DPC, 4},     {BY_TIMER, WG_BY_DPC, 4},
              {BY_TIMER_UNTOLD, WG_BY_DPC, 4}, {BY_TIMER_LATER, WG_BY_SYSTEM, 0}};
  for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
    struct wg_facts f = facts_of(signalled_from_outside, told[i].variant);
    struct wg_hobject *o = object(&f, E1);
    const struct wg_hsignal *s = signal_of(&f, E1, 0);
    bool by_timer = told[i].variant == BY_TIMER || told[i].variant == BY_TIMER_UNTOLD;
    CU_ASSERT_EQUAL(s->by, told[i].by);
    CU_ASSERT_EQUAL(o->by_count[told[i].by], o->nsignals);
    if (told[i].by == WG_BY_DPC) CU_ASSERT_EQUAL(s->thread, thread_of(&f, told[i].tid));
    CU_ASSERT_EQUAL(s->timer, by_timer ? object_of(&f, TIMER) : WG_NONE);
    if (told[i].variant == TWICE_UNTOLD) { // the first that was queued ran first
      CU_ASSERT_EQUAL(signal_of(&f, E1, 1)->thread, thread_of(&f, 2));
      CU_ASSERT_EQUAL(o->nsignals, 2);
      CU_ASSERT_TRUE(s->previous);
    }
    if (by_timer) {
      struct wg_hobject *timer = object(&f, TIMER);
      CU_ASSERT_TRUE(timer->dpc == DPC && timer->ran_seq > timer->armed_seq);
    }
    wg_facts_release(&f);
  }
}

// More DPCs than are kept in their order are no harm, and the latest are the ones that are not known.
static void many_dpcs(struct tale *t, int variant) {
  event(t, E1, AUTO, 0);
  for (int i = 0; i < variant; i++) {
    CALL(t, i < 64 ? 2 : 3, "KeInsertQueueDpc", DPC + 0x20 * (uint64_t)i, 0, 0);
    ret(t, i < 64 ? 2 : 3, 1);
  }
  for (int i = 0; i < variant; i++) set(t, 0, E1, 1);
}

static void as_many_dpcs_as_there_may_be(void) {
  struct wg_facts f = facts_of(many_dpcs, 66);
  struct wg_hobject *o = object(&f, E1);
  CU_ASSERT_EQUAL(o->by_count[WG_BY_DPC], 64);
  CU_ASSERT_EQUAL(o->by_count[WG_BY_SYSTEM], 2);
  CU_ASSERT_EQUAL(signal_of(&f, E1, 2)->thread, thread_of(&f, 2));
  wg_facts_release(&f);
}

static void deferred(struct tale *t, int variant) {
  (void)variant;
  pad(t, 2, 1);
  CALL(t, 2, "KeInitializeDpc", DPC, 0x82005000, 0);
  ret(t, 2, 0);
  CALL(t, 3, "KeInitializeDpc", DPC + 0x100, 0x82005000, 0);
  ret(t, 3, 0);
  CALL(t, 3, "KeInsertQueueDpc", DPC + 0x100, 0, 0);
  ret(t, 3, 1);
  CALL(t, 4, "KeInitializeDpc", DPC + 0x100, 0x82005000, 0); // again, while it is queued
  ret(t, 4, 0);
}

static const struct wg_hdpc *dpc(const struct wg_facts *f, uint32_t addr) {
  for (size_t i = 0; i < f->ndpcs; i++)
    if (f->dpcs[i].addr == addr) return &f->dpcs[i];
  CU_FAIL_FATAL("no such DPC");
  return NULL;
}

static void who_initialised_and_queued_a_dpc(void) {
  struct wg_facts f = facts_of(deferred, 0);
  const struct wg_hdpc *idle = dpc(&f, DPC), *used = dpc(&f, DPC + 0x100);
  CU_ASSERT_EQUAL(f.ndpcs, 2);
  CU_ASSERT_TRUE(!idle->queued && !idle->pending && idle->thread == thread_of(&f, 2) && idle->idx == 2);
  CU_ASSERT_TRUE(used->queued && used->pending && used->by == thread_of(&f, 3));
  CU_ASSERT_TRUE(used->thread == thread_of(&f, 3) && used->idx == 0);
  CU_ASSERT_TRUE(f.dpc_seq > 0 && f.dpc_ns > 0 && !f.tells_dpcs);
  CU_ASSERT_TRUE(wg_facts_call(thread(&f, 3), 0)->flags & WG_H_DPC);
  wg_facts_release(&f);
}

// --- timers ------------------------------------------------------------------------------------------------------

static void timers(struct tale *t, int variant) {
  timer(t, E1, MANUAL);
  timer(t, E2, AUTO);
  set_timer(t, 2, E1, 50, 7);
  CALL(t, 1, "KeInitializeTimerEx", TIMER, 0);
  ret(t, 1, 0);
  if (variant == 0) CALL(t, 3, "KeSetTimer", TIMER, (uint64_t)-30000, DPC); // 3 ms
  if (variant == 1) CALL(t, 3, "KeSetTimerEx", TIMER, (uint64_t)-30000, 5, 0);
  if (variant == 2) CALL(t, 3, "KeSetTimer", TIMER, 5, 0);                  // a date long past
  if (variant == 3) CALL(t, 3, "KeSetTimer", TIMER, 0x01E0000000000001, 0); // one that nobody lives to see
  if (variant == 4) CALL(t, 3, "KeSetTimer", TIMER, 0x01E0000000000000, 0);
  ret(t, 3, 0);
  limit(t, -10000);
  CALL(t, 4, "NtSetTimerEx", E2, 0x70000100, 0x82006000, 1, 0, 0, 0, 0); // with an APC
  ret(t, 4, 0);
  if (variant == 1) {
    CALL(t, 2, "NtCancelTimer", E1, 0);
    ret(t, 2, 0);
  }
}

static void timers_are_due_when_they_are(void) {
  static const uint64_t later[] = {3 * TALE_MS, 3 * TALE_MS, 0, 1000000000000000000u, 0};
  for (int variant = 0; variant < 5; variant++) {
    struct wg_facts f = facts_of(timers, variant);
    struct wg_hobject *nt = object(&f, E1), *apc = object(&f, E2), *ke = object(&f, TIMER);
    CU_ASSERT_TRUE(nt->manual && !apc->manual && ke->manual);
    CU_ASSERT_TRUE(nt->ever_armed && ke->ever_armed && !nt->fired && !ke->fired);
    CU_ASSERT_EQUAL(nt->period, 7);
    CU_ASSERT_EQUAL(nt->armed_by, thread_of(&f, 2));
    CU_ASSERT_EQUAL(nt->dpc, 0);
    uint64_t set = wg_facts_call(thread(&f, 3), 0)->ns;
    CU_ASSERT_EQUAL(ke->armed_ns, set + later[variant]);
    CU_ASSERT_EQUAL(ke->armed_by, thread_of(&f, 3));
    CU_ASSERT_EQUAL(ke->armed_seq, wg_facts_call(thread(&f, 3), 0)->seq);
    CU_ASSERT_EQUAL(ke->period, variant == 1 ? 5 : 0);
    CU_ASSERT_EQUAL(ke->dpc, variant == 0 ? DPC : 0);
    CU_ASSERT_EQUAL(f.ndpcs, variant == 0);
    if (variant == 0) CU_ASSERT_EQUAL(dpc(&f, DPC)->timer, object_of(&f, TIMER));
    CU_ASSERT_EQUAL((wg_facts_call(thread(&f, 3), 0)->flags & WG_H_DPC) != 0, variant == 0);
    CU_ASSERT_TRUE(thread(&f, 4)->apcs == 1 && thread(&f, 4)->apc_by == thread_of(&f, 4));
    CU_ASSERT_EQUAL(thread(&f, 4)->apc_idx, 0);
    CU_ASSERT_EQUAL(thread(&f, 2)->apcs, 0);
    if (variant == 1) {
      CU_ASSERT_EQUAL(nt->armed_ns, UINT64_MAX);
      CU_ASSERT_TRUE(nt->cancelled_by == thread_of(&f, 2) && nt->cancelled_idx == 2);
    } else {
      CU_ASSERT_EQUAL(nt->armed_ns, wg_facts_call(thread(&f, 2), 0)->ns + 50 * TALE_MS);
    }
    wg_facts_release(&f);
  }
}

// --- threads and APCs ----------------------------------------------------------------------------------------------

static void orders(struct tale *t, int variant) {
  (void)variant;
  CALL(t, 1, "NtResumeThread", 0xF8000020u, 0); // it is not suspended
  ret(t, 1, 0);
  for (int i = 0; i < 3; i++) {
    CALL(t, 1, "NtSuspendThread", 0xF8000020u, 0);
    ret(t, 1, 0);
  }
  CALL(t, 4, "NtResumeThread", 0xF8000020u, 0);
  ret(t, 4, 0);
  CALL(t, 1, "NtQueueApcThread", 0xF8000030u, 0x82006000, 0, 0, 0);
  ret(t, 1, 0);
  CALL(t, 4, "NtQueueApcThread", 0xF8000030u, 0x82006000, 0, 0, 0);
  ret(t, 4, 0);
  event(t, E1, AUTO, 0);
  CALL(t, 1, "NtQueueApcThread", E1, 0x82006000, 0, 0, 0); // no thread
  ret(t, 1, 0xC0000024);
  CALL(t, 1, "NtSuspendThread", E1, 0);
  ret(t, 1, 0xC0000024);
}

static void threads_are_held_and_called(void) {
  struct wg_facts f = facts_of(orders, 0);
  const struct wg_hthread *held = thread(&f, 2), *called = thread(&f, 3);
  CU_ASSERT_EQUAL(held->suspends, 2);
  CU_ASSERT_TRUE(held->suspended_by == thread_of(&f, 1) && held->suspended_idx == 6);
  CU_ASSERT_EQUAL(called->apcs, 2);
  CU_ASSERT_TRUE(called->apc_by == thread_of(&f, 4) && called->apc_idx == 2);
  CU_ASSERT_TRUE(wg_facts_call(thread(&f, 4), 0)->flags & WG_H_APC);
  CU_ASSERT_TRUE(wg_facts_call(thread(&f, 4), 1)->flags & WG_H_RESUME);
  for (uint32_t i = 1; i <= 4; i++)
    if (i != 2) CU_ASSERT_EQUAL(thread(&f, i)->suspends, 0);
  wg_facts_release(&f);
}

// --- what objects hold -----------------------------------------------------------------------------------------------

static void states(struct tale *t, int variant) {
  (void)variant;
  event(t, E1, AUTO, 1);
  event(t, E2, MANUAL, 0);
  semaphore(t, E3, 3);
  passes(t, 2, E1);
  CALL(t, 3, "NtSetEvent", E2, 0);
  sig(t, 3, E2, "set", 1, 0);
  ret(t, 3, 0);
  passes(t, 2, E2);
  passes(t, 4, E2);
  passes(t, 2, E3);
  releases(t, 3, E3, 2, 2);
  ret(t, 3, 0);
  CALL(t, 3, "NtReleaseSemaphore", E3, 11, 0); // more than it holds: nothing is given
  ret(t, 3, 0xC0000047);
}

static void takes_and_gives_are_counted(void) {
  struct wg_facts f = facts_of(states, 0);
  CU_ASSERT_EQUAL(object(&f, E1)->state, 0);
  CU_ASSERT_EQUAL(object(&f, E2)->state, 1); // it stays
  CU_ASSERT_EQUAL(object(&f, E3)->state, 4);
  CU_ASSERT_EQUAL(object(&f, E3)->limit, 10);
  CU_ASSERT_TRUE(object(&f, E2)->manual && !object(&f, E1)->manual);
  CU_ASSERT_EQUAL(object(&f, E1)->nsignals, 0);
  CU_ASSERT_EQUAL(object(&f, E3)->nsignals, 1);
  const struct wg_hsignal *s = signal_of(&f, E2, 0);
  CU_ASSERT_TRUE(s->by == WG_BY_THREAD && s->thread == thread_of(&f, 3) && s->takers == 2 && s->raised == 1);
  CU_ASSERT_EQUAL(s->taker, thread_of(&f, 2));
  CU_ASSERT_TRUE(s->clearer == WG_NONE && !s->previous && s->timer == WG_NONE);
  CU_ASSERT_EQUAL(signal_of(&f, E3, 0)->raised, 2);
  CU_ASSERT_TRUE(touch(&f, E1, 2)->takes == 1 && touch(&f, E1, 2)->signals == 0);
  CU_ASSERT_TRUE(touch(&f, E2, 3)->signals == 1 && touch(&f, E2, 3)->takes == 0);
  CU_ASSERT_PTR_NULL(touch(&f, E1, 3));
  const struct wg_hpair *p = wg_facts_pair(&f, thread_of(&f, 3), thread_of(&f, 4));
  CU_ASSERT_TRUE(p && p->object == object_of(&f, E2));
  CU_ASSERT_PTR_NULL(wg_facts_pair(&f, thread_of(&f, 4), thread_of(&f, 3)));
  CU_ASSERT_TRUE(f.failed.thread == thread_of(&f, 3) && f.failed.status == 0xC0000047);
  wg_facts_release(&f);
}

static void taken_back(struct tale *t, int variant) {
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 1);
  set(t, 2, E1, 0);
  if (variant == 1) passes(t, 4, E1);
  clear(t, 3, E1, variant == 0);
  clear(t, 3, E2, 1);
  CALL(t, 2, "NtSetEvent", E2, 0); // fails
  ret(t, 2, 0xC0000022);
}

static void what_was_taken_back_is_nobodys(void) {
  for (int variant = 0; variant < 2; variant++) {
    struct wg_facts f = facts_of(taken_back, variant);
    const struct wg_hsignal *s = signal_of(&f, E1, 0);
    CU_ASSERT_EQUAL(object(&f, E1)->state, 0);
    CU_ASSERT_EQUAL(s->clearer, variant ? WG_NONE : thread_of(&f, 3));
    if (variant == 0) CU_ASSERT_EQUAL(s->cleared_idx, 0);
    CU_ASSERT_EQUAL(s->takers, variant ? 1 : 0);
    CU_ASSERT_EQUAL(object(&f, E2)->state, 0);
    CU_ASSERT_EQUAL(object(&f, E2)->nsignals, 0);
    CU_ASSERT_EQUAL(object(&f, E2)->by_count[WG_BY_THREAD], 0);
    CU_ASSERT_EQUAL(touch(&f, E2, 2)->signals, 0);
    CU_ASSERT_TRUE(f.failed.thread == thread_of(&f, 2) && f.failed.status == 0xC0000022 && f.failed.idx == 3);
    wg_facts_release(&f);
  }
}

static void locks(struct tale *t, int variant) {
  (void)variant;
  mutant(t, E1, 1);
  mutant(t, E2, 0);
  passes(t, 1, E1); // again
  unlocks(t, 1, E1, 0);
  ret(t, 1, 0);
  passes(t, 2, E2);
  passes(t, 2, E2);
  for (int i = 0; i < 3; i++) { // once more than it holds it
    unlocks(t, 2, E2, 0);
    ret(t, 2, i == 2 ? 0xC0000046 : 0);
  }
}

static void locks_are_held_as_often_as_taken(void) {
  struct wg_facts f = facts_of(locks, 0);
  CU_ASSERT_EQUAL(object(&f, E1)->owner, thread_of(&f, 1));
  CU_ASSERT_EQUAL(touch(&f, E1, 1)->held, 1);
  CU_ASSERT_EQUAL(object(&f, E2)->owner, WG_NONE);
  CU_ASSERT_TRUE(touch(&f, E2, 2)->held == 0 && touch(&f, E2, 2)->takes == 2);
  wg_facts_release(&f);
}

// --- reads -----------------------------------------------------------------------------------------------------------

static void reads(struct tale *t, int variant) {
  event(t, E1, AUTO, 0);
  make_as(t, "NtOpenFile", "File", E2, 0, 0);
  CALL(t, 2, "NtReadFile", E2, E1, variant ? 0x82006000 : 0, 0, 0x70000200, 0x70001000, 16, 0);
  if (variant < 2)
    ret(t, 2, 0x103);
  else
    ret(t, 2, 0xC0000011);
}

static void a_read_is_to_signal_its_event(void) {
  for (int variant = 0; variant < 3; variant++) {
    struct wg_facts f = facts_of(reads, variant);
    const struct wg_hobject *o = object(&f, E1);
    CU_ASSERT_TRUE(o->io_thread == thread_of(&f, 2) && o->io_idx == 0);
    CU_ASSERT_STRING_EQUAL(wg_str(&f.side, o->io_name), "NtReadFile");
    CU_ASSERT_EQUAL(o->io_status, variant == 2 ? 0xC0000011 : 0);
    CU_ASSERT_EQUAL(thread(&f, 2)->apcs, variant == 1); // none comes of one that failed
    CU_ASSERT_EQUAL(wg_facts_call(thread(&f, 2), 0)->object, object_of(&f, E2));
    CU_ASSERT_EQUAL(object(&f, E2)->io_thread, WG_NONE);
    wg_facts_release(&f);
  }
}

WG_MAIN("hang's facts", {"a DPC's signal is whose it was", a_dpcs_signal_is_whose_it_was},
        {"as many DPCs as there may be", as_many_dpcs_as_there_may_be},
        {"who initialised and queued a DPC", who_initialised_and_queued_a_dpc},
        {"timers are due when they are", timers_are_due_when_they_are},
        {"threads are held and called", threads_are_held_and_called},
        {"takes and gives are counted", takes_and_gives_are_counted},
        {"what was taken back is nobody's", what_was_taken_back_is_nobodys},
        {"locks are held as often as taken", locks_are_held_as_often_as_taken},
        {"a read is to signal its event", a_read_is_to_signal_its_event})
