// Where two traces in step part (diff/instep.c). The level that KfAcquireSpinLock gives is no difference by rule, but
// for two traces of our own engine as long as they are in step: so it shows whether they still are.
#include "tests/tale.h"

static const char probed[] = "KfAcquireSpinLock";

static void probe(struct tale *t, uint32_t level) {
  CALL(t, 1, "KfAcquireSpinLock", 0x82006000);
  ret(t, 1, level);
  CALL(t, 1, "KfReleaseSpinLock", 0x82006000, level);
  ret(t, 1, 0);
}

// What both begin with.
static void start(struct tale *t) {
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 1);
  passes(t, 1, E2);
}

static int differ_as(tale_story *story, struct tale_style a, struct tale_style b, const char *rules,
                     struct wg_buf *out) {
  struct wg_diff_options o = {.thread = -1, .rules = rules};
  tale_write("a", story, 0, a);
  tale_write("b", story, 1, b);
  return compare_with("a", "b", NULL, &o, out);
}

static int differ(tale_story *story, struct wg_buf *out) {
  return differ_as(story, (struct tale_style){0}, (struct tale_style){0}, NULL, out);
}

// -- in step: by value --

static void level(struct tale *t, int side) {
  start(t);
  probe(t, (uint32_t)side);
}

static void statistics(struct tale *t, int side) {
  start(t);
  CALL(t, 1, "MmQueryStatistics", 0x70000000);
  ret_out(t, 1, 0, side ? "\"available_pages\":100" : "\"available_pages\":99");
  set(t, 1, E1, 0);
}

// The state that a signal found.
static void state(struct tale *t, int side) {
  start(t);
  CALL(t, 1, "KeSetEvent", 0x82005000, 0, 0);
  sig(t, 1, 0x82005000, "set", 1, side);
  ret(t, 1, (uint32_t)side);
}

static void rule_of(const char *rule, char *path, size_t n) {
  snprintf(path, n, "%s", at("rules"));
  FILE *f = fopen(path, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  fprintf(f, "%s\n", rule);
  fclose(f);
}

static void values_of_one_engine_count(void) {
  static const struct {
    tale_story *story;
    const char *words, *rule;
  } cases[] = {
      {level, "KfAcquireSpinLock on the SpinLock at 0x82006000 returned 0x0; in the reference 0x1",
       "KfAcquireSpinLock rv ours"},
      {statistics, "MmQueryStatistics gave available_pages = 99; in the reference 100",
       "MmQueryStatistics out.available_pages ours"},
      {state, "KeSetEvent on the Event at 0x82005000 returned 0x0; in the reference 0x1", "KeSetEvent rv ours"},
  };
  struct wg_buf out = {0};
  char path[160];
  const struct tale_style own = {0}, host = {.host_clock = true}, foreign = {.foreign = true};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CU_ASSERT_EQUAL(differ(cases[i].story, &out), WG_DIFFERS);
    CU_ASSERT_TRUE(first_says(&out, cases[i].words));
    CU_ASSERT_EQUAL(differ_as(cases[i].story, own, host, NULL, &out), WG_OK);
    CU_ASSERT_EQUAL(differ_as(cases[i].story, host, own, NULL, &out), WG_OK);
    CU_ASSERT_EQUAL(differ_as(cases[i].story, own, foreign, NULL, &out), WG_OK);
    CU_ASSERT_EQUAL(differ_as(cases[i].story, foreign, foreign, NULL, &out), WG_OK);
    rule_of(cases[i].rule, path, sizeof path);
    CU_ASSERT_EQUAL(differ_as(cases[i].story, own, own, path, &out), WG_OK);
    CU_ASSERT_TRUE(is_quiet(&out));
    rule_of("NtClose rv ours", path, sizeof path);
    CU_ASSERT_EQUAL(differ_as(cases[i].story, own, own, path, &out), WG_DIFFERS);
  }
  wg_buf_release(&out);
}

// Rounds of overlapped calls, of which on one side the first but one fails. v 2: it is not done yet.
static void overlapped(struct tale *t, int v) {
  start(t);
  for (int round = 0; round < 3; round++) {
    CALL(t, 1, "XamGetOverlappedResult", 0x70000000, 0x70000010, 1);
    ret_out(t, 1, round == 1 ? (v == 1 ? 1 : v == 2 ? 997 : 0) : 0, "\"length\":1");
    if (round == 1 && v) break;
    set(t, 1, E1, round != 0);
    pad(t, 1, 3);
  }
  pad(t, 1, 20);
}
static void fails(struct tale *t, int side) { overlapped(t, side ? 0 : 1); }
static void is_not_done(struct tale *t, int side) { overlapped(t, side ? 0 : 2); }

static void an_overlapped_call_fails(void) {
  struct wg_buf out = {0};
  CU_ASSERT_EQUAL(differ(fails, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "XamGetOverlappedResult returned 0x1; in the reference 0x0"));
  differ(is_not_done, &out); // that may be chance
  CU_ASSERT_FALSE(first_says(&out, "returned 0x3e5"));
  wg_buf_release(&out);
}

// A title that never waits has nothing to be told of waits.
static void only_asks(struct tale *t, int side) {
  CALL(t, 1, "MmQueryStatistics", 0x70000000);
  ret_out(t, 1, 0, side ? "\"available_pages\":100" : "\"available_pages\":99");
  pad(t, 1, 4);
}

static void values_count_without_waits(void) {
  struct wg_buf out = {0};
  const struct tale_style own = {0}, foreign = {.foreign = true};
  CU_ASSERT_EQUAL(differ(only_asks, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "MmQueryStatistics gave available_pages = 99; in the reference 100"));
  CU_ASSERT_EQUAL(differ_as(only_asks, own, foreign, NULL, &out), WG_OK);
  wg_buf_release(&out);
}

// What parts them comes before whatever differs later, though that is nearer to what hangs.
static void parted_early(struct tale *t, int side) {
  start(t);
  CALL(t, 1, "NtQueryVirtualMemory", 0x70000000, 0x70000010);
  ret_out(t, 1, 0, side ? "\"size\":16" : "\"size\":32");
  pad(t, 1, 3);
  tale_call(t, 3, "KeTlsAlloc", NULL, 0);
  ret(t, 3, (uint32_t)side);
  waits(t, 2, E1);
  if (side) sets(t, 3, E1, 0);
  if (side) wakes(t, 2, 0, NULL);
  if (side) ret(t, 3, 0);
  pad(t, 1, 20);
}

static void the_first_value_is_first(void) {
  struct wg_buf out = {0};
  CU_ASSERT_EQUAL(differ(parted_early, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "NtQueryVirtualMemory gave size = 32; in the reference 16"));
  wg_buf_release(&out);
}

// -- in step: a wait that fails on one side ends later on the other --

static void fails_at_once(struct tale *t, int side) {
  start(t);
  limit(t, -1);
  CALL(t, 2, "NtWaitForSingleObjectEx", E1, 1, 0, 0);
  if (side == 0) ret(t, 2, 0xC0000008);
  if (side) begin(t, 2, (const uint32_t[]){E1}, 1, "any", false, -1);
  set(t, 3, E2, 0);
  sets(t, 3, E1, 0);
  if (side) wakes(t, 2, 0, NULL);
  ret(t, 3, 0);
  probe(t, (uint32_t)side);
}

static void a_wait_that_fails_parts_them(void) {
  struct wg_buf out = {0};
  CU_ASSERT_EQUAL(differ(fails_at_once, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "NtWaitForSingleObjectEx"));
  CU_ASSERT_TRUE(first_says(&out, "STATUS_INVALID_HANDLE"));
  CU_ASSERT_PTR_NULL(strstr(out.data, probed));
  wg_buf_release(&out);
}

// So it does where what hangs is nearer to something else.
static void fails_early(struct tale *t, int side) {
  fails_at_once(t, side);
  pad(t, 1, 3);
  waits(t, 4, E1);
  if (side) sets(t, 3, E1, 0);
  if (side) wakes(t, 4, 0, NULL);
  if (side) ret(t, 3, 0);
  pad(t, 1, 20);
}

static void a_wait_that_fails_comes_first(void) {
  struct wg_buf out = {0};
  CU_ASSERT_EQUAL(differ(fails_early, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "NtWaitForSingleObjectEx"));
  CU_ASSERT_TRUE(first_says(&out, "STATUS_INVALID_HANDLE"));
  wg_buf_release(&out);
}

// -- no longer in step --

static void other_schedule(struct tale *t, int side) {
  start(t);
  for (int i = 0; i < 2; i++) {
    CALL(t, i == side ? 2 : 3, "KeTlsSetValue", 1, 5);
    ret(t, i == side ? 2 : 3, 1);
  }
  probe(t, (uint32_t)side);
}

static void contended(struct tale *t, int side) {
  start(t);
  CALL(t, 2, "RtlEnterCriticalSection", 0x82005000);
  ret(t, 2, 0);
  CALL(t, 1, "RtlEnterCriticalSection", 0x82005000);
  if (side) begin(t, 1, (const uint32_t[]){0x82005010}, 1, "any", false, -1);
  CALL(t, 2, "RtlLeaveCriticalSection", 0x82005000);
  if (side) sig(t, 2, 0x82005010, "set", 1, 0);
  if (side) end(t, 1, 0, NULL);
  ret(t, 1, 0);
  ret(t, 2, 0);
  probe(t, (uint32_t)side);
}

// Which of two looks finds it is a matter of the moment.
static void looks(struct tale *t, int side) {
  start(t);
  set(t, 3, E2, 0);
  for (int i = 0; i < 2; i++) {
    waits_as(t, 1, E2, 0, false);
    if (i == side) wakes(t, 1, 0, "already");
    if (i != side) wakes(t, 1, 0x102, "timeout");
    if (i == 0) set(t, 3, E2, side != 0);
  }
  probe(t, (uint32_t)side);
}

static void out_of_step_levels_do_not_count(void) {
  static tale_story *const stories[] = {other_schedule, contended};
  struct wg_buf out = {0};
  for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
    CU_ASSERT_EQUAL(differ(stories[i], &out), WG_OK);
    CU_ASSERT_TRUE(is_quiet(&out));
  }
  differ(looks, &out);
  CU_ASSERT_PTR_NULL(strstr(out.data, probed));
  wg_buf_release(&out);
}

// Rounds that were merged have no order against other threads: those of calls beyond what is kept.
static void merged(struct tale *t, int side) {
  start(t);
  for (unsigned i = 0; i < (1u << 17) + 1000; i++) {
    CALL(t, 1, "KeTlsSetValue", 1, 5);
    ret(t, 1, 1);
  }
  probe(t, (uint32_t)side);
}

static void merged_loops_end_it(void) {
  struct wg_buf out = {0};
  struct wg_diff_options o = {.thread = -1, .keep = 1};
  CU_ASSERT_EQUAL(differ(merged, &out), WG_DIFFERS);
  CU_ASSERT_EQUAL(compare_with("a", "b", NULL, &o, &out), WG_OK);
  CU_ASSERT_TRUE(is_quiet(&out));
  wg_buf_release(&out);
}

// An exception that the reference handles: the call never comes back there.
static void handled(struct tale *t, int side) {
  start(t);
  CALL(t, 1, "__C_specific_handler", 0x7018fc30, 0x7018fe50, 0x7018ef90, 0x7018ef00);
  if (side == 0) ret(t, 1, 1);
  pad(t, 1, 3);
}

static void a_call_that_comes_back_parts_them(void) {
  struct wg_buf out = {0};
  CU_ASSERT_EQUAL(differ(handled, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "__C_specific_handler returns; in the reference it never does"));
  wg_buf_release(&out);
}

// Thread 1 looks at memory from then on, for a thousand times as long as it lives in the reference.
static void silent(struct tale *t, int side) {
  start(t);
  CALL(t, 1, "KeInsertQueueDpc", 0x82007000, 0, 0);
  ret(t, 1, 1);
  if (side) {
    CALL(t, 1, "KeTlsFree", 3);
    ret(t, 1, 1);
  } else {
    t->now += 1000000000u;
  }
  pad(t, 2, 1);
}

static void who_makes_no_call_any_more_is_said(void) {
  struct wg_buf out = {0};
  CU_ASSERT_EQUAL(differ(silent, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "KeInsertQueueDpc"));
  CU_ASSERT_TRUE(first_says(&out, "is its last call, though it runs on; the reference goes on with KeTlsFree"));
  wg_buf_release(&out);
}

// A call that runs code of the title's, as a library's end: a file that was cut there does not tell that it came back.
static void unloads(struct tale *t, int side) {
  start(t);
  CALL(t, 1, "XexUnloadImage", 0x30001000);
  t->open[4] = t->open[1];
  set(t, 1, E1, 0);
  pad(t, 1, 2);
  if (side) t->style.stop = t->events;
  t->open[1] = t->open[4];
  ret(t, 1, 0);
  pad(t, 1, 12);
}

static void what_a_call_runs_may_be_cut(void) {
  struct wg_buf out = {0};
  const struct tale_style own = {0}, torn = {.torn = true};
  CU_ASSERT_EQUAL(differ_as(unloads, own, torn, NULL, &out), WG_OK);
  CU_ASSERT_EQUAL(compare("b", "a", &out), WG_OK);
  wg_buf_release(&out);
}

// What one side does and the other does not comes of what its thread had asked by then, not of what it asks later.
static void asks(struct tale *t, int side) {
  start(t);
  CALL(t, 1, "RtlTimeToTimeFields", 0x70000000, 0x70000010);
  ret_out(t, 1, 0, "\"time\":127770912000000000");
  if (side) {
    CALL(t, 1, "DbgPrint", 0x82000400);
    ret(t, 1, 0);
  }
  tale_call(t, 1, "XamGetCurrentTitleId", NULL, 0);
  ret(t, 1, 0x4D5307D6);
  set(t, 1, E1, 0);
  pad(t, 1, 24);
}

static void what_was_asked_later_told_nothing(void) {
  struct wg_buf out = {0};
  CU_ASSERT_EQUAL(differ(asks, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "RtlTimeToTimeFields seems to tell another time; after it, does not call DbgPrint"));
  CU_ASSERT_EQUAL(compare("b", "a", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "RtlTimeToTimeFields seems to tell another time; after it, calls DbgPrint"));
  wg_buf_release(&out);
}

WG_MAIN("instep", {"values of one engine count", values_of_one_engine_count},
        {"an overlapped call fails", an_overlapped_call_fails},
        {"values count without waits", values_count_without_waits},
        {"the first value is first", the_first_value_is_first},
        {"a wait that fails parts them", a_wait_that_fails_parts_them},
        {"a wait that fails comes first", a_wait_that_fails_comes_first},
        {"out of step, levels do not count", out_of_step_levels_do_not_count},
        {"merged loops end it", merged_loops_end_it}, {"what a call runs may be cut", what_a_call_runs_may_be_cut},
        {"a call that comes back parts them", a_call_that_comes_back_parts_them},
        {"what was asked later told nothing", what_was_asked_later_told_nothing},
        {"who makes no call any more is said", who_makes_no_call_any_more_is_said})
