// What the differ says of traces made by hand: identity, order of causes, threads, loops.
#include "diff/model.h"
#include "tests/telling.h"

// Handles that each engine numbers itself are no difference, as long as one renaming holds.
static void renamed_handles_are_equal(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 3; side++) {
    static const char *const names[] = {"ra", "rb", "rc"};
    uint32_t h1 = side ? 0x12C8 : 0xF8000014, h2 = side ? 0x12CC : 0xF8000018, tid = side ? 6 : 1;
    wedge_emit *w = tell_begin(names[side], tid);
    tell(w, tid, "NtSetEvent", h1, 0x70180000 + (uint32_t)side, 0);
    tell(w, tid, "NtSetEvent", h2, 0, 0);
    tell(w, tid, "NtSetEvent", side == 2 ? h2 : h1, 0, 0); // the third engine confuses the two
    CU_ASSERT_EQUAL(wedge_emit_close(w), 0);
  }
  CU_ASSERT_EQUAL(compare("ra", "rb", &out), WG_OK);
  CU_ASSERT_TRUE(is_quiet(&out));
  CU_ASSERT_EQUAL(compare("ra", "rc", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "thread 1 (6 there, entry 0x82001000): NtSetEvent"));
  CU_ASSERT_TRUE(first_says(&out, "another object"));
  wg_buf_release(&out);
}

static void write_one(const char *file, const char *name, const uint32_t *args, size_t n, uint32_t rv) {
  wedge_emit *w = tell_begin(file, 1);
  tell_args(w, 1, name, args, n);
  tell_return(w, 1, name, rv);
  wedge_emit_close(w);
}

static void sizes_are_not_renamed(void) {
  struct wg_buf out = {0};
  uint32_t a[5] = {0x70180000, 0x70180010, 0x60002000, 4, 0}, b[5] = {0x70190000, 0x70190010, 0x60003000, 4, 0};
  write_one("sa", "NtAllocateVirtualMemory", a, 5, 0);
  write_one("sb", "NtAllocateVirtualMemory", b, 5, 0);
  CU_ASSERT_EQUAL(compare("sa", "sb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "NtAllocateVirtualMemory"));
  CU_ASSERT_TRUE(first_says(&out, "0x60002000 as its argument 3 (a number); in the reference 0x60003000"));
  b[2] = a[2];
  write_one("sb", "NtAllocateVirtualMemory", b, 5, 0);
  CU_ASSERT_EQUAL(compare("sa", "sb", &out), WG_OK);
  wg_buf_release(&out);
}

// Statuses above 0x10000 are values, whatever their range.
static void statuses_are_exact(void) {
  struct wg_buf out = {0};
  uint32_t args[1] = {0xF8000014};
  write_one("ta", "NtClose", args, 1, 0xC0000008);
  write_one("tb", "NtClose", args, 1, 0xC000000D);
  CU_ASSERT_EQUAL(compare("ta", "tb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "returned STATUS_INVALID_HANDLE (0xc0000008); in the reference "
                                  "STATUS_INVALID_PARAMETER (0xc000000d)"));
  wg_buf_release(&out);
}

// Slots of thread-local storage are numbered by each engine; which one it is counts.
static void write_slots(const char *file, uint32_t first, uint32_t second, bool confused) {
  wedge_emit *w = tell_begin(file, 1);
  tell_plain(w, 1, "KeTlsAlloc", first);
  tell_plain(w, 1, "KeTlsAlloc", second);
  tell(w, 1, "KeTlsSetValue", first, 0x70180000, 1);
  tell(w, 1, "KeTlsSetValue", confused ? first : second, 0x70180010, 1);
  tell(w, 1, "KeTlsGetValue", first, 0, 0x70180000);
  wedge_emit_close(w);
}

static void slots_are_numbered_by_each_engine(void) {
  struct wg_buf out = {0};
  write_slots("sa", 0, 1, false);
  write_slots("sb", 65, 64, false);
  CU_ASSERT_EQUAL(compare("sa", "sb", &out), WG_OK);
  CU_ASSERT_TRUE(is_quiet(&out));
  write_slots("sb", 65, 64, true);
  CU_ASSERT_EQUAL(compare("sa", "sb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "KeTlsSetValue"));
  write_slots("sb", 65, UINT32_MAX, false);
  CU_ASSERT_EQUAL(compare("sb", "sa", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "KeTlsAlloc returned no slot; in the reference a slot"));
  wg_buf_release(&out);
}

// Which of several entries of the title's a thread has to put on a list goes by who came first; whether it has one
// counts.
static void entries_are_alike(void) {
  struct wg_buf out = {0};
  uint32_t a[2] = {0x82003000, 0x82003100}, b[2] = {0x82003000, 0x82003180};
  write_one("ea", "InterlockedPushEntrySList", a, 2, 0);
  write_one("eb", "InterlockedPushEntrySList", b, 2, 0);
  CU_ASSERT_EQUAL(compare("ea", "eb", &out), WG_OK);
  b[0] = 0x82003010;
  write_one("eb", "InterlockedPushEntrySList", b, 2, 0);
  CU_ASSERT_EQUAL(compare("ea", "eb", &out), WG_DIFFERS);
  b[0] = a[0], b[1] = 0;
  write_one("eb", "InterlockedPushEntrySList", b, 2, 0);
  CU_ASSERT_EQUAL(compare("ea", "eb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "is given an address as its argument 2 (an entry); in the reference NULL"));
  wg_buf_release(&out);
}

// The results of functions without one are whatever the register held.
static void results_of_void_functions_do_not_count(void) {
  struct wg_buf out = {0};
  uint32_t args[2] = {0x70180000, 0x82000A44};
  write_one("va", "RtlInitAnsiString", args, 2, 7);
  write_one("vb", "RtlInitAnsiString", args, 2, 0x82000A44);
  CU_ASSERT_EQUAL(compare("va", "vb", &out), WG_OK);
  wg_buf_release(&out);
}

// Whatever a log extends: 0xFFFFFFFFC0000034 is 0xC0000034, and -1 as an argument is 0xFFFFFFFF.
static void sign_extended_values_are_equal(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = tell_begin(side ? "xb" : "xa", 1);
    const char *name = side ? ",\"name\":\"NtClose\",\"lr\":\"0xffffffff82000100\",\"args\":[\"0xfffffffff8000014\"]"
                            : ",\"name\":\"NtClose\",\"lr\":\"0x82000100\",\"args\":[\"0xf8000014\"]";
    tell_event(w, "kernel.call", 1, name);
    tell_event(w, "kernel.return", 1,
               side ? ",\"name\":\"NtClose\",\"rv\":-1073741772" : ",\"name\":\"NtClose\",\"rv\":\"0xc0000034\"");
    tell_event(w, "kernel.call", 1,
               side ? ",\"name\":\"KeSetBasePriorityThread\",\"args\":[2147500000,-2]"
                    : ",\"name\":\"KeSetBasePriorityThread\",\"args\":[\"0x80003fe0\",\"0xfffffffe\"]");
    tell_event(w, "kernel.return", 1, ",\"name\":\"KeSetBasePriorityThread\",\"rv\":0");
    wedge_emit_close(w);
  }
  CU_ASSERT_EQUAL(compare("xa", "xb", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("xb", "xa", &out), WG_OK);
  wg_buf_release(&out);
}

// A wrong value is named before the other path that it leads to, whichever thread shows that first.
static void causes_come_in_order(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = tell_begin(side ? "cb" : "ca", 1);
    wedge_emit_thread_create(w, 1, 0, 2, 0x82002000, 0, 0xF800000C);
    tell_plain(w, 2, "KeTlsAlloc", side ? 0 : 0xFFFFFFFF);
    for (uint32_t i = 0; i < 5; i++) tell(w, 2, "NtSetEvent", 0xF8000100 + i, 0, 0);
    tell(w, 1, side ? "NtResumeThread" : "NtClose", 0xF800000C, 0, 0);
    for (uint32_t i = 0; i < 5; i++) tell(w, 1, "NtSetEvent", 0xF8000200 + i, 0, 0);
    wedge_emit_close(w);
  }
  CU_ASSERT_EQUAL(compare("ca", "cb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "thread 2 (2 there, entry 0x82002000): KeTlsAlloc returned no slot; in "
                                  "the reference a slot"));
  CU_ASSERT_TRUE(says(&out, "calls NtClose"));
  wg_buf_release(&out);
}

static const char *const family[] = {"NtOpenFile", "NtReadFile", "NtClose", "KeSetEvent"};

// Past a difference the two are aligned again, so that one extra call is one difference.
static void extra_calls_are_stepped_over(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = tell_begin(side ? "eb" : "ea", 1);
    for (uint32_t i = 0; i < 2000; i++) {
      if (side == 0 && i == 1000) tell_plain(w, 1, "KeTlsAlloc", 3);
      tell(w, 1, family[i * 7 % 4], i, i % 13, 0);
    }
    wedge_emit_close(w);
  }
  CU_ASSERT_EQUAL(compare("ea", "eb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "calls KeTlsAlloc, which the reference does not"));
  CU_ASSERT_PTR_NULL(strstr(out.data, "other candidates"));
  CU_ASSERT_EQUAL(compare("eb", "ea", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "does not call KeTlsAlloc as the reference does"));
  wg_buf_release(&out);
}

// There is no distance beyond which two threads lose one another.
static void alignment_has_no_reach_limit(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = tell_begin(side ? "lb" : "la", 1);
    for (uint32_t i = 0; i < 900; i++) tell(w, 1, "NtSetEvent", 0x1000 + i * 4, 0, 0);
    for (uint32_t i = 0; side == 0 && i < 5000; i++) tell(w, 1, "NetDll_shutdown", i, i * i % 911, 1);
    for (uint32_t i = 0; i < 900; i++) tell(w, 1, "NetDll_listen", i, 0, 1);
    tell_plain(w, 1, "NetDll_WSACleanup", side ? 4 : 5);
    wedge_emit_close(w);
  }
  struct wg_diff_options o = {.thread = -1, .verbose = true};
  CU_ASSERT_EQUAL(compare_with("la", "lb", NULL, &o, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(says(&out, "NetDll_WSACleanup returned 0x5; in the reference 0x4"));
  CU_ASSERT_TRUE(
      says(&out, "NetDll_shutdown, which the reference does not, and makes 4999 further calls that it does not"));
  wg_buf_release(&out);
}

static void write_rounds(const char *file, unsigned rounds, bool more) {
  wedge_emit *w = tell_begin(file, 1);
  tell_plain(w, 1, "KeTlsAlloc", 1);
  for (unsigned i = 0; i < rounds; i++) {
    tell(w, 1, "NtReleaseSemaphore", 0xF8000100, 1, 0);
    tell(w, 1, "KeTlsSetValue", 1, 0x5000, 1);
    tell(w, 1, "NtSetEvent", 0xF8000104, 0, 0);
  }
  if (more) tell(w, 1, "KeTlsFree", 1, 0, 1);
  wedge_emit_close(w);
}

static size_t count_of(const struct wg_buf *out, const char *what) {
  size_t n = 0;
  for (const char *p = out->data; (p = strstr(p, what)); p += strlen(what)) n++;
  return n;
}

// 607 rounds against 58 is one finding.
static void loops_are_one_finding(void) {
  struct wg_buf out = {0};
  struct wg_diff_options o = {.thread = -1, .format = WG_DIFF_JSON};
  write_rounds("na", 58, true);
  write_rounds("nb", 607, true);
  compare_with("na", "nb", NULL, &o, &out);
  CU_ASSERT_TRUE(says(
      &out, "NtReleaseSemaphore on the object 0xf8000100 is called 58 times in a row; in the reference 607 times"));
  CU_ASSERT_TRUE(says(&out, "\"count\":58,\"reference_count\":607"));
  CU_ASSERT_EQUAL(count_of(&out, "\"class\":\"other count\",\"text\""), 1);
  CU_ASSERT_EQUAL(count_of(&out, "\"noise\":"), 1);
  wg_buf_release(&out);
}

// Threads are told apart by parent and entry point though their numbers differ.
static void threads_are_matched_by_ancestry(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = tell_begin(side ? "pb" : "pa", 1);
    uint32_t first = side ? 3 : 2, second = side ? 2 : 3;
    wedge_emit_thread_create(w, 1, 0, side ? second : first, side ? 0x82003000 : 0x82002000, 0, 0xF800000C);
    wedge_emit_thread_create(w, 1, 0, side ? first : second, side ? 0x82002000 : 0x82003000, 0, 0xF8000010);
    tell_plain(w, 1, "KeTlsAlloc", 0);
    tell(w, first, "KeSetEvent", 0x40001000, 5, 0);
    tell(w, second, "KeResetEvent", 0x40001000, 5, 0);
    wedge_emit_close(w);
  }
  CU_ASSERT_EQUAL(compare("pa", "pb", &out), WG_OK);
  CU_ASSERT_TRUE(says(&out, "     2       3  ancestry"));
  CU_ASSERT_TRUE(says(&out, "     3       2  ancestry"));
  wg_buf_release(&out);
}

// Two threads that neither side created, each of which does what the other one does there.
static void write_swapped(const char *file, bool swapped) {
  wedge_emit *w = tell_begin(file, 1);
  tell_plain(w, 1, "KeTlsAlloc", 0);
  for (uint32_t i = 0; i < 10; i++) {
    tell(w, swapped ? 8 : 7, "KeSetEvent", 0x40001000, i, 0);
    tell(w, swapped ? 7 : 8, "KeResetEvent", 0x40002000, i, 0);
  }
  wedge_emit_close(w);
}

static void map_overrides_the_matching(void) {
  struct wg_buf out = {0};
  struct wg_diff_options o = {.thread = -1, .map = "7=7,8=8"};
  write_swapped("ma", false);
  write_swapped("mb", true);
  CU_ASSERT_EQUAL(compare("ma", "mb", &out), WG_OK);
  CU_ASSERT_TRUE(says(&out, "     7       8  calls"));
  CU_ASSERT_EQUAL(compare_with("ma", "mb", NULL, &o, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(says(&out, "     7       7  user"));
  wg_buf_release(&out);
}

static void a_bad_map_is_refused(void) {
  static const struct {
    const char *map, *words;
  } bad[] = {
      {"7", "--map: expected HERE=REFERENCE thread numbers separated by commas, got '7'"},
      {"7=8;", "--map: expected HERE=REFERENCE thread numbers separated by commas, got '7=8;'"},
      {"7=99", "has no thread 99"},
      {"99=7", "has no thread 99"},
      {"7=8,7=7", "--map 7=7: a thread is named twice"},
  };
  struct wg_buf out = {0};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct wg_diff_options o = {.thread = -1, .map = bad[i].map};
    CU_ASSERT_EQUAL(compare_with("ma", "mb", NULL, &o, &out), WG_INPUT);
    CU_ASSERT_TRUE(says(&out, bad[i].words));
  }
  // Events that belong to no thread are one another's like already.
  struct wg_diff_options none = {.thread = -1, .map = "0=8"};
  CU_ASSERT_NOT_EQUAL(compare_with("ma", "mb", NULL, &none, &out), WG_INTERNAL);
  wg_buf_release(&out);
}

#define MANY 3000u

// Threads of a pool that nobody tells the creation of, numbered otherwise there.
static void write_many(const char *file, uint32_t factor) {
  wedge_emit *w = tell_begin(file, 3500);
  tell_plain(w, 3500, "KeTlsAlloc", 0);
  for (uint32_t i = 0; i < MANY; i++) {
    uint32_t tid = 1 + (uint32_t)((uint64_t)i * factor % MANY);
    for (uint32_t k = 0; k < 6; k++) tell(w, tid, "KeTlsSetValue", i, (i + k) % 61, 1);
    tell(w, tid, "KeTlsFree", i, 0, 1);
  }
  wedge_emit_close(w);
}

static void many_unnamed_threads_are_matched(void) {
  struct wg_buf out = {0};
  struct wg_diff_options o = {.thread = -1, .format = WG_DIFF_JSON};
  write_many("qa", 1);
  write_many("qb", 1201); // no factor of 3,000
  CU_ASSERT_EQUAL(compare("qa", "qb", &out), WG_OK);
  CU_ASSERT_EQUAL(compare_with("qa", "qb", NULL, &o, &out), WG_OK);
  CU_ASSERT_TRUE(says(&out, "\"tid\":2,\"reference_tid\":1202,"));
  CU_ASSERT_TRUE(says(&out, "\"tid\":3000,\"reference_tid\":1800,"));
  wg_buf_release(&out);
}

static void identical_inputs_are_equal(void) {
  struct wg_buf out = {0};
  static const char *const files[] = {"ra", "ca", "ea", "na", "ma", "qa"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    CU_ASSERT_EQUAL(compare(files[i], files[i], &out), WG_OK);
    CU_ASSERT_TRUE(is_quiet(&out));
  }
  wg_buf_release(&out);
}

// Where a page lies is chance, where two threads part as elsewhere; what lies where in it is not.
static void where_a_page_lies_says_nothing(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 3; side++) {
    wedge_emit *w = tell_begin(side == 0 ? "pb" : side == 1 ? "pa" : "pc", 1);
    tell(w, 1, "MmGetPhysicalAddress", 0xA0001000, 0, side == 0 ? 0x1FCA4000 : side == 1 ? 0x1FCA6000 : 0x1FCA4010);
    for (uint32_t i = 0; i < 4; i++) tell(w, 1, side ? "KeTlsFree" : "NtSetEvent", 0xF8000020, i, 0);
    CU_ASSERT_EQUAL(wedge_emit_close(w), 0);
  }
  CU_ASSERT_EQUAL(compare("pa", "pb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "calls KeTlsFree where the reference calls NtSetEvent"));
  CU_ASSERT_EQUAL(compare("pc", "pb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "MmGetPhysicalAddress returned 0x1fca4010; in the reference 0x1fca4000"));
  wg_buf_release(&out);
}

// Another title is no cause but a mistake.
static void another_title_is_refused(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = wedge_emit_open(at(side ? "ob" : "oa"), "test", "1", side ? "u.xex" : "t.xex");
    CU_ASSERT_PTR_NOT_NULL_FATAL(w);
    wedge_emit_thread_create(w, 0, 0, 1, side ? 0x82540000 : 0x82001000, 0, 0xF8000008);
    for (uint32_t i = 0; i < 50; i++) tell(w, 1, side ? "KeTlsFree" : "NtSetEvent", 4 * i, 0, 1);
    wedge_emit_close(w);
  }
  CU_ASSERT_EQUAL(compare("oa", "ob", &out), WG_INPUT);
  CU_ASSERT_TRUE(
      says(&out, "seem to be of different titles: their main threads start at 0x82001000 and 0x82540000; compare"));
  CU_ASSERT_TRUE(says(&out, "compare two runs of one title"));
  wg_buf_release(&out);
}

// A thread that only one side has, where nothing else differs, is no "no difference".
static void a_thread_of_one_side_is_told(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = tell_begin(side ? "lb" : "la", 1);
    for (uint32_t i = 0; i < 4; i++) tell(w, 1, "NtSetEvent", 0xF8000020, 0, 0);
    wedge_emit_thread_create(w, 0, 0, 7, side ? 0x82003000 : 0x82004000, 0, 0xF8000030);
    for (uint32_t i = 0; i < 3; i++) tell(w, 7, side ? "NtClose" : "KeTlsAlloc", 0xF8000034 + 4 * i, 0, 0);
    CU_ASSERT_EQUAL(wedge_emit_close(w), 0);
  }
  CU_ASSERT_EQUAL(compare("la", "lb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(says(&out, "thread 7 (entry 0x82004000), which begins with KeTlsAlloc"));
  wg_buf_release(&out);
}

// Nothing of one side is like anything of the other: that is no answer, neither way.
static void nothing_in_common_is_refused(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = wedge_emit_open(at(side ? "nb" : "nothing"), "test", "1", "t.xex");
    CU_ASSERT_PTR_NOT_NULL_FATAL(w);
    tell(w, side ? 9 : 3, side ? "NtClose" : "NtSetEvent", 4, 0, 0);
    wedge_emit_close(w);
  }
  CU_ASSERT_EQUAL(compare("nothing", "nb", &out), WG_INPUT);
  CU_ASSERT_TRUE(says(&out, "no thread of one is like any of the other"));
  wg_buf_release(&out);
}

// A log's line has no newline of the text that it tells; some write it out.
static void the_end_of_a_text_is_not_compared(void) {
  CU_ASSERT_EQUAL(wg_told_length("all passed\n", 11), 10);
  CU_ASSERT_EQUAL(wg_told_length("all passed\\n", 12), 10);
  CU_ASSERT_EQUAL(wg_told_length("a\\n \r\n", 6), 1);
  CU_ASSERT_EQUAL(wg_told_length("n", 1), 1);
  CU_ASSERT_EQUAL(wg_told_length("", 0), 0);
}

static void ignored_calls_are_left_out(void) {
  struct wg_buf out = {0};
  struct wg_diff_options o = {.thread = -1, .ignore = "KeTlsFree,KeTlsAlloc"};
  CU_ASSERT_EQUAL(compare_with("ea", "eb", NULL, &o, &out), WG_OK);
  o.ignore = "KeTlsAllo,KeTlsAllocate";
  CU_ASSERT_EQUAL(compare_with("ea", "eb", NULL, &o, &out), WG_DIFFERS);
  wg_buf_release(&out);
}

WG_MAIN("diff", {"renamed handles are equal", renamed_handles_are_equal},
        {"slots are numbered by each engine", slots_are_numbered_by_each_engine},
        {"entries are alike", entries_are_alike}, {"sizes are not renamed", sizes_are_not_renamed},
        {"statuses are exact", statuses_are_exact},
        {"results of void functions do not count", results_of_void_functions_do_not_count},
        {"sign-extended values are equal", sign_extended_values_are_equal},
        {"causes come in order", causes_come_in_order}, {"extra calls are stepped over", extra_calls_are_stepped_over},
        {"alignment has no reach limit", alignment_has_no_reach_limit},
        {"loops are one finding", loops_are_one_finding},
        {"threads are matched by ancestry", threads_are_matched_by_ancestry},
        {"--map overrides the matching", map_overrides_the_matching}, {"a bad --map is refused", a_bad_map_is_refused},
        {"many unnamed threads are matched", many_unnamed_threads_are_matched},
        {"identical inputs are equal", identical_inputs_are_equal},
        {"where a page lies says nothing", where_a_page_lies_says_nothing},
        {"another title is refused", another_title_is_refused},
        {"a thread of one side is told", a_thread_of_one_side_is_told},
        {"nothing in common is refused", nothing_in_common_is_refused},
        {"the end of a text is not compared", the_end_of_a_text_is_not_compared},
        {"ignored calls are left out", ignored_calls_are_left_out})
