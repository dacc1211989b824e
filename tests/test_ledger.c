// What another engine's trace shows of its own kernel, by its calls and waits alone: more taken than given, and what
// was put on a list.
#include "tests/lawful.h"

#define LIST 0x82030100u

static const struct tale_style engine = {.foreign = true, .no_signals = true};

// The faulty variant names the guilty call of that law first, or what it gives; the healthy one says nothing, nor does
// one whose reference is so, too.
static void shows(tale_story *story, int faulty, enum wg_law law) {
  struct wg_buf out = {0};
  struct tale t = tale_write("a", story, faulty, engine);
  tale_write("b", story, 0, engine);
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  bool ok = names(&out, &t) && (says(&out, "other value") || blames(&out, &t, law));
  CU_ASSERT_TRUE(ok);
  if (!ok) printf("  in variant %d\n%s\n", faulty, out.data);
  wg_buf_clear(&out);
  tale_write("b", story, faulty, engine);
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_OK);
  wg_buf_release(&out);
}

// Held against the variant 0.
static void is_quiet_about(tale_story *story, int variant) {
  struct wg_buf out = {0};
  tale_write("a", story, variant, engine);
  tale_write("b", story, 0, engine);
  int code = compare("a", "b", &out);
  CU_ASSERT_EQUAL(code, WG_OK);
  if (code != WG_OK) printf("  in variant %d\n%s\n", variant, out.data);
  wg_buf_release(&out);
}

static bool blamed(tale_story *story, int variant, enum wg_law law) {
  struct wg_buf out = {0};
  struct tale t = tale_write("a", story, variant, engine);
  tale_write("b", story, 0, engine);
  bool yes = compare("a", "b", &out) == WG_DIFFERS && first_says(&out, words_of(law)) && names(&out, &t);
  wg_buf_release(&out);
  return yes;
}

static void called(struct tale *t, uint32_t tid, const char *name, uint32_t a, uint32_t b) {
  CALL(t, tid, name, a, b, 0);
  ret(t, tid, 0);
}

// Thread 2 takes what thread 1 gives. v 1: once more. v 2: its wait is told to end before the call that gives returns.
static void counted(struct tale *t, int v) {
  semaphore(t, E1, 1);
  passes(t, 2, E1);
  for (int i = 0; i < 3; i++) {
    waits(t, 2, E1);
    if (v == 1 && i == 2) guilty(t);
    CALL(t, 1, "NtReleaseSemaphore", E1, 1, 0);
    if (v == 2) wakes(t, 2, 0, NULL);
    ret(t, 1, 0);
    if (v != 2) wakes(t, 2, 0, NULL);
  }
  waits(t, 2, E1);
  if (v == 1) wakes(t, 2, 0, NULL);
  pad(t, 1, 12);
}

// Thread 1 hands it over to the kernel, as input, or by its address: who signals it then no call tells.
static void handed_over(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  semaphore(t, E2, 0);
  called(t, 1, "NtSetEvent", E1, 0);
  if (v == 0) CALL(t, 1, "NtReadFile", 0xF8000200, E1, 0, 0, 0x70000200, 0x70000300, 16, 0);
  if (v == 0) ret(t, 1, 0x103);
  if (v == 1) called(t, 1, "ObReferenceObjectByHandle", E2, 0);
  waits_as(t, 2, E1, 10, false);
  t->now += 10 * TALE_MS;
  wakes(t, 2, v == 0 ? 0x102 : 0, "timeout");
  waits(t, 3, E2);
  if (v == 1) wakes(t, 3, 0, NULL);
  pad(t, 1, 12);
}

// v 1: made with more than it was asked for.
static void made_so(struct tale *t, int v) {
  if (v == 1) guilty(t);
  semaphore(t, E1, 1);
  passes(t, 2, E1);
  waits(t, 2, E1);
  if (v == 1) wakes(t, 2, 0, NULL);
  pad(t, 1, 12);
}

// Thread 1 wakes thread 2, then thread 3. v 1: the first call wakes thread 3.
static void woken(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 0);
  waits(t, 2, E1);
  waits(t, 3, E2);
  if (v == 1) guilty(t);
  called(t, 1, "NtSetEvent", E1, 0);
  if (v == 0) wakes(t, 2, 0, NULL);
  if (v == 1) wakes(t, 3, 0, NULL);
  pad(t, 1, 12);
  if (v == 0) {
    called(t, 1, "NtSetEvent", E2, 0);
    wakes(t, 3, 0, NULL);
  }
  pad(t, 1, 12);
}

// Two threads set one event and two take it. v 1: the second call is told before the first one's signal is taken.
static void raced(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  waits(t, 3, E1);
  CALL(t, 1, "NtSetEvent", E1, 0);
  if (v == 1) CALL(t, 2, "NtSetEvent", E1, 0);
  if (v != 1) ret(t, 1, 0);
  if (v != 1) wakes(t, 3, 0, NULL);
  waits(t, 4, E1);
  if (v == 1) ret(t, 1, 0);
  if (v == 1) wakes(t, 3, 0, NULL);
  if (v != 1) CALL(t, 2, "NtSetEvent", E1, 0);
  ret(t, 2, 0);
  wakes(t, 4, 0, NULL);
  pad(t, 1, 12);
}

// What is there is found. v 1: an event that is set is not. v 2: a count is not. v 3: somebody else may have had it. v
// 4: it was taken back. v 5: the wait began before, and another one's end tells that it was taken.
static void found(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  semaphore(t, E2, 0);
  if (v == 5) waits(t, 4, E1);
  if (v == 1) guilty(t);
  CALL(t, 1, "NtSetEvent", E1, 0);
  if (v == 5) wakes(t, 4, 0, NULL);
  ret(t, 1, 0);
  if (v == 2) guilty(t);
  called(t, 1, "NtReleaseSemaphore", E2, 1);
  if (v == 3) waits(t, 4, E1);
  if (v == 4) called(t, 4, "NtClearEvent", E1, 0);
  waits_as(t, 2, E1, 10, false);
  t->now += 10 * TALE_MS;
  wakes(t, 2, v == 0 || v == 2 ? 0 : 0x102, "timeout");
  if (v == 3) wakes(t, 4, 0, NULL);
  waits_as(t, 3, E2, 0, false);
  wakes(t, 3, v == 2 ? 0x102 : 0, "timeout");
  pad(t, 1, 12);
}

// Thread 2 waits and is woken by the first call, as the title goes on to other things. v 1: by the second one alone. v
// 2: soon after. v 3: the wait ends in vain.
static void goes_on(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  for (int i = 0; i < 8; i++) { // how long it takes
    waits(t, 2, E1);
    called(t, 1, "NtSetEvent", E1, 0);
    if (v == 4) t->now += TALE_MS;
    wakes(t, 2, 0, NULL);
  }
  waits_as(t, 2, E1, 500, false);
  if (v == 1 || v == 3) guilty(t);
  called(t, 1, "NtSetEvent", E1, 0);
  if (v == 0) wakes(t, 2, 0, NULL);
  pad(t, 1, v == 2 ? 20 : 150);
  if (v == 4) wakes(t, 2, 0, NULL);
  t->now += 10 * TALE_MS;
  if (v == 0 || v == 4) waits_as(t, 2, E1, 500, false);
  if (v == 3) wakes(t, 2, 0x102, "timeout");
  if (v != 3) called(t, 1, "NtSetEvent", E1, 0);
  if (v != 3) wakes(t, 2, 0, NULL);
  pad(t, 1, 150);
}

// What each call says was there before. v 1: the second one gave nothing, as the next two say. v 2: one alone says so.
static void told_before(struct tale *t, int v) {
  CALL(t, 1, "KeInitializeSemaphore", 0x70005000, 0, 10);
  ret(t, 1, 0);
  for (uint32_t i = 0; i < 5; i++) {
    if (v == 1 && i == 1) guilty(t);
    CALL(t, 1, "KeReleaseSemaphore", 0x70005000, 1, 1, 0);
    ret(t, 1, i - (v == 1 && i > 1) - (v == 2 && i == 2));
  }
  pad(t, 1, 12);
}

// v 1: the first of two is ahead.
static void clocks(struct tale *t, int v) {
  for (uint32_t i = 0; i < 3; i++) {
    if (v == 1 && i == 1) guilty(t);
    tale_call(t, 1, "KeQueryInterruptTime", NULL, 0);
    ret(t, 1, 1000 + i * 100 + (v == 1 && i == 1 ? 1000 : 0));
  }
  pad(t, 1, 12);
}

// v 1: a slot that is in use is given. 2: it was freed.
static void slots(struct tale *t, int v) {
  event(t, E1, AUTO, 1);
  for (uint32_t i = 0; i < 2; i++) {
    if (i) guilty(t);
    tale_call(t, 1, "KeTlsAlloc", NULL, 0);
    ret(t, 1, v ? 4 : 4 + i);
    if (v == 2 && i == 0) {
      CALL(t, 1, "KeTlsFree", 4);
      ret(t, 1, 1);
    }
  }
  passes(t, 1, E1);
  pad(t, 1, 12);
}

static void what_is_there_is_found(void) {
  shows(slots, 1, WG_LAW_SLOT_AGAIN);
  CU_ASSERT_FALSE(blamed(slots, 2, WG_LAW_SLOT_AGAIN));
  shows(found, 1, WG_LAW_SIGNALLED);
  shows(found, 2, WG_LAW_SIGNALLED);
  for (int v = 3; v <= 5; v++) CU_ASSERT_FALSE(blamed(found, v, WG_LAW_SIGNALLED));
  shows(goes_on, 1, WG_LAW_WAKES);
  shows(goes_on, 3, WG_LAW_WAKES);
  CU_ASSERT_FALSE(blamed(goes_on, 2, WG_LAW_WAKES));
  is_quiet_about(goes_on, 4);
  shows(told_before, 1, WG_LAW_STATE);
  CU_ASSERT_FALSE(blamed(told_before, 2, WG_LAW_STATE));
  shows(clocks, 1, WG_LAW_CLOCK);
}

static void no_more_is_taken_than_given(void) {
  is_quiet_about(counted, 2);
  shows(counted, 1, WG_LAW_AMOUNT);
  shows(made_so, 1, WG_LAW_INITIAL);
  shows(woken, 1, WG_LAW_OBJECT);
  is_quiet_about(raced, 1);
  for (int v = 0; v <= 1; v++) {
    CU_ASSERT_FALSE(blamed(handed_over, v, WG_LAW_SIGNALLED));
    CU_ASSERT_FALSE(blamed(handed_over, v, WG_LAW_AMOUNT));
    CU_ASSERT_FALSE(blamed(handed_over, v, WG_LAW_INITIAL));
  }
}

static void pushes(struct tale *t, uint32_t tid, uint32_t entry) {
  CALL(t, tid, "InterlockedPushEntrySList", LIST, entry);
  ret(t, tid, 0);
}
static void pops(struct tale *t, uint32_t tid, uint32_t entry) {
  CALL(t, tid, "InterlockedPopEntrySList", LIST);
  ret(t, tid, entry);
}

// v 1: the second entry is not put there. v 2: it is, and one who looks does not find it. v 3: what is given is no
// entry. v 4: an entry is given twice. v 5: who looks may have come before it, or another one has it.
static void listed(struct tale *t, int v) {
  pushes(t, 1, 0x30001000);
  pops(t, 2, 0x30001000);
  if (v == 1) guilty(t);
  if (v == 5) {
    CALL(t, 3, "InterlockedPopEntrySList", LIST);
    CALL(t, 4, "InterlockedPopEntrySList", LIST);
  }
  pushes(t, 1, 0x30002000);
  if (v == 5) {
    ret(t, 3, 0);
    ret(t, 4, 0x30002000);
  }
  if (v == 2 || v == 3) guilty(t);
  if (v != 5) pops(t, 3, v == 1 || v == 2 ? 0 : v == 3 ? 0x30002010 : 0x30002000);
  if (v == 2) pops(t, 4, 0x30002000);
  if (v == 4) guilty(t);
  if (v == 4) pops(t, 4, 0x30002000);
  if (v != 2 && v != 4) pops(t, 4, 0);
  pad(t, 1, 12);
}

static void lists_keep_what_is_put_there(void) {
  shows(listed, 1, WG_LAW_LOST);
  for (int v = 2; v <= 4; v++) shows(listed, v, WG_LAW_LIST);
}

// An event that waits leave signalled is set, found and taken back. v 1: it was not, and the next wait finds it. 2: it
// is set again while that wait begins. v 3: an overlapped call sets it.
static void taken_back(struct tale *t, int v) {
  event(t, E1, MANUAL, 0);
  called(t, 1, "NtSetEvent", E1, 0);
  passes(t, 2, E1);
  pad(t, 1, 2);
  guilty(t);
  called(t, 1, "NtClearEvent", E1, 0);
  pad(t, 1, 2);
  if (v == 3) called(t, 1, "XamContentClose", 0x82000300, 0x70000300);
  waits_as(t, 2, E1, 10, false);
  if (v == 2) called(t, 1, "NtSetEvent", E1, 0);
  if (v == 0) t->now += 10 * TALE_MS;
  if (v == 0) wakes(t, 2, 0x102, "timeout");
  if (v != 0) wakes(t, 2, 0, "already");
  pad(t, 1, 12);
}

static void what_is_taken_back_is_gone(void) {
  CU_ASSERT_TRUE(blamed(taken_back, 1, WG_LAW_RESET));
  CU_ASSERT_FALSE(blamed(taken_back, 2, WG_LAW_RESET));
  CU_ASSERT_FALSE(blamed(taken_back, 3, WG_LAW_RESET));
}

static void gives(struct tale *t, uint32_t tid, uint32_t object) {
  t->signal_tid = tid;
  t->signal_idx = t->idx[tid];
  called(t, tid, "NtSetEvent", object, 0);
}

// A call ends a wait; what comes of it ends another one. v 1: it does not, and both wait for ever.
static void handed_on(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 0);
  waits(t, 2, E1);
  waits(t, 3, E2);
  guilty(t);
  gives(t, 1, E1);
  if (v == 0) wakes(t, 2, 0, NULL);
  if (v == 0) gives(t, 2, E2);
  if (v == 0) wakes(t, 3, 0, NULL);
  t->now += 1000 * TALE_MS;
  pad(t, 1, 200);
}

// Whichever side it is that goes wrong, the call that came to nothing is named.
static void the_reference_may_be_wrong(void) {
  for (int v = 0; v < 2; v++) {
    struct wg_buf out = {0};
    tale_write("a", handed_on, v, engine);
    tale_write("b", handed_on, !v, engine);
    CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
    bool ok = first_says(&out, v ? ": NtSetEvent" : ": in the reference NtSetEvent") && first_says(&out, "thread 1 ");
    CU_ASSERT_TRUE(ok);
    if (!ok) printf("  in variant %d\n%s\n", v, out.data);
    wg_buf_release(&out);
  }
}

// Thread 1 makes thread 5, which is told of as it was asked for. v 1: with another context; 2: with another entry.
static void makes_thread(struct tale *t, int v) {
  CALL(t, 1, "KeTlsAlloc", 0);
  ret(t, 1, 3);
  guilty(t);
  CALL(t, 1, "ExCreateThread", 0x70000000, 65536, 0, 0, 0xFFFFFFFF82005000, 0x40001000, 0);
  if (tale_start(t, "thread.create", 1))
    fprintf(t->file, ",\"new_tid\":5,\"handle\":4160749680,\"entry\":%u,\"ctx\":%u,\"stack\":65536,\"flags\":0}\n",
            v == 2 ? 0x82005004u : 0x82005000u, v == 1 ? 0x40001010u : 0x40001000u);
  ret(t, 1, 0);
  pad(t, 1, 12);
}

static void threads_begin_as_asked(void) {
  for (int v = 1; v <= 2; v++) shows(makes_thread, v, WG_LAW_THREAD);
}

// Thread 2 waits for any of two. In the reference thread 4 sets the first, here thread 1 sets the second alone, which
// ends the wait of nobody; thread 3 takes it later.
static void any_of_two(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 0);
  limit(t, -100000);
  CALL(t, 2, "NtWaitForMultipleObjectsEx", 2, 0x70000200, 1, 1, 0, 0x70000100);
  begin(t, 2, (const uint32_t[]){E1, E2}, 2, "any", false, 10 * TALE_MS);
  if (v == 0) set(t, 4, E1, 0);
  if (v == 0) wakes(t, 2, 0, NULL);
  guilty(t);
  set(t, 1, E2, 0);
  pad(t, 1, 12);
  t->now += 10 * TALE_MS;
  if (v == 1) wakes(t, 2, 0x102, "timeout");
  passes(t, 3, E2);
  pad(t, 1, 12);
}

// Thread 2 waits for ever. In the reference thread 4 ends that, here thread 1 should; what it tries later fails.
static void set_in_vain(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  waits(t, 2, E1);
  if (v == 0) set(t, 4, E1, 0);
  if (v == 0) wakes(t, 2, 0, NULL);
  guilty(t);
  set(t, 1, E1, 0);
  pad(t, 1, 12);
  CALL(t, 1, "NtSetEvent", E1, 0);
  ret(t, 1, 0xC0000022);
  t->now += 1000 * TALE_MS;
  pad(t, 1, 60);
}

// Two threads set what thread 2 waits for; v & 1: that ends its wait for neither. v & 2: thread 4 is told another
// value.
static void two_set(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 0);
  CALL(t, 4, "KeTlsGetValue", 7);
  ret(t, 4, v & 2 ? 4 : 3);
  if (v & 2) waits(t, 4, E2);
  for (int i = 0; i < 3; i++) {
    waits(t, 2, E1);
    set(t, i % 2 ? 3 : 1, E1, 0);
    wakes(t, 2, 0, NULL);
  }
  waits(t, 2, E1);
  set(t, 3, E1, 0);
  if (!(v & 1)) wakes(t, 2, 0, NULL);
  pad(t, 3, 12);
  set(t, 1, E1, v & 1);
  t->now += 1000 * TALE_MS;
  pad(t, 1, 60);
  if (!(v & 1)) passes(t, 2, E1);
}

// Behind what was lost, be that the first thing or behind another one.
static void whoever_signals_is_a_candidate(void) {
  struct wg_buf out = {0};
  tale_write("b", two_set, 0, engine);
  for (int v = 1; v <= 3; v += 2) {
    tale_write("a", two_set, v, engine);
    CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
    CU_ASSERT_TRUE(first_says(&out, v & 2 ? "KeTlsGetValue returned 0x4; in the reference 0x3"
                                          : "thread 1 (1 there, entry 0x82001000): NtSetEvent"));
    CU_ASSERT_TRUE(says(&out, ". thread 3 (3 there, entry 0x82003000): NtSetEvent on the Event that thread 1 made at "
                              "0x82000100 is called, too, and may be what was lost\n"));
  }
  wg_buf_release(&out);
}

static void what_comes_later_takes_nothing_back(void) {
  static tale_story *const stories[] = {any_of_two, set_in_vain};
  struct wg_buf out = {0};
  for (int i = 0; i < 2; i++) {
    struct tale t = tale_write("a", stories[i], 1, engine);
    tale_write("b", stories[i], 0, engine);
    CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
    CU_ASSERT_TRUE(names(&out, &t));
  }
  wg_buf_release(&out);
}

WG_MAIN("ledger", {"whoever signals is a candidate", whoever_signals_is_a_candidate},
        {"what comes later takes nothing back", what_comes_later_takes_nothing_back},
        {"threads begin as asked", threads_begin_as_asked},
        {"no more is taken than given", no_more_is_taken_than_given},
        {"the reference may be wrong", the_reference_may_be_wrong},
        {"what is taken back is gone", what_is_taken_back_is_gone}, {"what is there is found", what_is_there_is_found},
        {"lists keep what is put there", lists_keep_what_is_put_there})
