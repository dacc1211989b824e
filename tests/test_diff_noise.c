// What further runs of the reference teach: which values vary where, and never that a hang is chance.
#include "tests/telling.h"

struct run {
  uint32_t level; // what KeSetBasePriorityThread's like gives, where runs differ
  uint32_t close; // what NtClose gives
  bool hangs;
};

static void write_run(const char *file, const struct run *r) {
  wedge_emit *w = tell_begin(file, 1);
  wedge_emit_thread_create(w, 1, tell_now(w), 2, 0x82002000, 0, 0xF800000C);
  wedge_emit_thread_start(w, 2, tell_now(w), 0x82002000, 0);
  tell_plain(w, 1, "NetDll_WSACleanup", r->level);
  tell(w, 1, "NtClose", 0xF8000200, 0, r->close);
  tell_wait(w, 1, 0xF8000100, false);
  for (uint32_t i = 0; i < 60; i++) tell(w, 2, "KeTlsSetValue", 1, i, 1);
  if (!r->hangs) {
    tell(w, 2, "NtSetEvent", 0xF8000100, 0, 0);
    tell_wait_end(w, 1, false);
    for (uint32_t i = 0; i < 20; i++) tell(w, 1, "KeTlsSetValue", 2, i, 1);
  }
  for (uint32_t i = 0; i < 400; i++) tell(w, 2, "KeTlsFree", i, 0, 1);
  wedge_emit_close(w);
}

static int judged(const struct run *a, const struct run *b, const struct run *c, const struct wg_diff_options *o,
                  struct wg_buf *out) {
  write_run("a", a);
  write_run("b", b);
  if (c) write_run("c", c);
  return compare_with("a", "b", c ? "c" : NULL, o, out);
}

static const struct wg_diff_options plain = {.thread = -1};

// A slot is one of those seen, or none: 5 is not between 3 and 9.
static void a_value_that_was_seen_is_noise(void) {
  struct wg_buf out = {0};
  const struct wg_diff_options o = {.thread = -1, .explain_noise = true};
  const struct run a = {.level = 9}, b = {.level = 3}, c = {.level = 9}, far = {.level = 12}, within = {.level = 5};
  CU_ASSERT_EQUAL(judged(&a, &b, NULL, &plain, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "NetDll_WSACleanup returned 0x9; in the reference 0x3"));
  CU_ASSERT_EQUAL(judged(&a, &b, &c, &plain, &out), WG_OK);
  CU_ASSERT_TRUE(says(&out, "1 difference masked"));
  CU_ASSERT_EQUAL(judged(&a, &b, &c, &o, &out), WG_OK);
  CU_ASSERT_TRUE(says(&out, "varies between runs of the reference (0x9, 0x3): thread 1 (1 there, entry 0x82001000): "
                            "NetDll_WSACleanup returned 0x9; in the reference 0x3"));
  CU_ASSERT_EQUAL(judged(&within, &b, &c, &plain, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "NetDll_WSACleanup returned 0x5; in the reference 0x3"));
  CU_ASSERT_EQUAL(judged(&far, &b, &c, &plain, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "NetDll_WSACleanup returned 0xc; in the reference 0x3"));
  wg_buf_release(&out);
}

static void write_member(const char *file, const char *call, const char *member) {
  struct wg_buf m = {0};
  wedge_emit *w = tell_begin(file, 1);
  tell_args(w, 1, call, NULL, 0);
  wg_buf_printf(&m, ",\"name\":\"%s\",\"rv\":\"0x0\",\"out\":{%s}", call, member);
  tell_event(w, "kernel.return", 1, m.data);
  tell_plain(w, 1, "NetDll_WSACleanup", 1);
  wedge_emit_close(w);
  wg_buf_release(&m);
}

static int judged_members(const char *a, const char *b, const char *c, struct wg_buf *out) {
  const struct wg_diff_options o = {.thread = -1, .explain_noise = true};
  write_member("ma", "NtQueryInformationFile", a);
  write_member("mb", "NtQueryInformationFile", b);
  write_member("mc", "NtQueryInformationFile", c);
  return compare_with("ma", "mb", "mc", &o, out);
}

// What is counted or measured may be anything between two that were seen; what is not, may not.
static void only_quantities_have_ranges(void) {
  struct wg_buf out = {0};
  CU_ASSERT_EQUAL(judged_members("\"bytes\":40", "\"bytes\":10", "\"bytes\":90", &out), WG_OK);
  CU_ASSERT_TRUE(says(&out, "varies between runs of the reference (from 10 to 90): "));
  CU_ASSERT_EQUAL(judged_members("\"bytes\":91", "\"bytes\":10", "\"bytes\":90", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "gave bytes = 91; in the reference 10"));
  CU_ASSERT_EQUAL(judged_members("\"state\":40", "\"state\":10", "\"state\":90", &out), WG_DIFFERS);
  CU_ASSERT_EQUAL(judged_members("\"state\":90", "\"state\":10", "\"state\":90", &out), WG_OK);
  CU_ASSERT_TRUE(says(&out, "varies between runs of the reference (90, 10): "));
  CU_ASSERT_EQUAL(judged_members("\"state\":\"b\"", "\"state\":\"a\"", "\"state\":\"c\"", &out), WG_DIFFERS);
  CU_ASSERT_EQUAL(judged_members("\"state\":\"c\"", "\"state\":\"a\"", "\"state\":\"c\"", &out), WG_OK);
  wg_buf_release(&out);
}

static void write_texts(const char *file, const char *call, const char *text) {
  wedge_emit *w = tell_begin(file, 1);
  struct wg_buf m = {0};
  wg_buf_printf(&m, ",\"name\":\"%s\",\"args\":[\"0x82000020\"],\"args_resolved\":{\"%s\":\"%s\"}", call,
                *call == 'D' ? "string" : "path", text);
  for (uint32_t i = 0; i < 5; i++) tell(w, 1, "KeTlsSetValue", 1, i, 1);
  tell_event(w, "kernel.call", 1, m.data);
  tell_return(w, 1, call, 0);
  wedge_emit_close(w);
  wg_buf_release(&m);
}

// The numbers in what is printed vary with what it counts; those in a path say which file.
static void printed_numbers_vary_and_paths_do_not(void) {
  struct wg_buf out = {0};
  static const struct {
    const char *call, *a, *b, *c;
    int code;
  } cases[] = {
      {"DbgPrint", "took 12 ms", "took 3 ms", "took 104 ms", WG_OK},
      {"DbgPrint", "failed 12", "took 3 ms", "took 104 ms", WG_DIFFERS},
      {"NtOpenFile", "game:\\\\level7", "game:\\\\level1", "game:\\\\level2", WG_DIFFERS},
      {"NtOpenFile", "game:\\\\level2", "game:\\\\level1", "game:\\\\LEVEL2", WG_OK},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    write_texts("ta", cases[i].call, cases[i].a);
    write_texts("tb", cases[i].call, cases[i].b);
    write_texts("tc", cases[i].call, cases[i].c);
    CU_ASSERT_EQUAL(compare_with("ta", "tb", "tc", &plain, &out), cases[i].code);
  }
  wg_buf_release(&out);
}

// What varies at one place says nothing of another.
static void noise_is_known_by_its_place(void) {
  struct wg_buf out = {0};
  const struct run a = {.level = 9, .close = 0xC0000008}, b = {.level = 3}, c = {.level = 9};
  CU_ASSERT_EQUAL(judged(&a, &b, &c, &plain, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "NtClose"));
  CU_ASSERT_TRUE(first_says(&out, "returned STATUS_INVALID_HANDLE (0xc0000008)"));
  wg_buf_release(&out);
}

static void a_hang_is_noise_only_where_the_reference_hangs(void) {
  struct wg_buf out = {0};
  const struct run a = {.hangs = true}, b = {0}, c = {.level = 9}, d = {.level = 9, .hangs = true};
  CU_ASSERT_EQUAL(judged(&a, &b, &c, &plain, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(says(&out, "waits in vain: NtWaitForSingleObjectEx"));
  CU_ASSERT_EQUAL(judged(&a, &b, &d, &plain, &out), WG_OK);
  wg_buf_release(&out);
}

static void references_that_cannot_be_read_are_refused(void) {
  struct wg_buf out = {0};
  const struct run a = {0};
  write_run("a", &a);
  CU_ASSERT_EQUAL(compare_with("a", "a", "nowhere", &plain, &out), WG_INPUT);
  CU_ASSERT_TRUE(says(&out, "nowhere"));
  wg_buf_release(&out);
}

static void rules_of_the_user_mask(void) {
  struct wg_buf out = {0};
  struct wg_err err = {0};
  char path[160];
  static const char rules[] = "NetDll_WSACleanup rv they are handed out as they come\n";
  snprintf(path, sizeof path, "%s", at("rules"));
  CU_ASSERT_EQUAL(wg_file_write(path, rules, sizeof rules - 1, &err), WG_OK);
  const struct wg_diff_options o = {.thread = -1, .rules = path};
  const struct run a = {.level = 5}, b = {.level = 3}, other = {.level = 5, .close = 1};
  CU_ASSERT_EQUAL(judged(&a, &b, NULL, &o, &out), WG_OK);
  CU_ASSERT_EQUAL(judged(&other, &b, NULL, &o, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "NtClose"));
  wg_buf_release(&out);
}

WG_MAIN("diff_noise", {"a value that was seen is noise", a_value_that_was_seen_is_noise},
        {"only quantities have ranges", only_quantities_have_ranges},
        {"printed numbers vary and paths do not", printed_numbers_vary_and_paths_do_not},
        {"noise is known by its place", noise_is_known_by_its_place},
        {"a hang is noise only where the reference hangs", a_hang_is_noise_only_where_the_reference_hangs},
        {"references that cannot be read are refused", references_that_cannot_be_read_are_refused},
        {"rules of the user mask", rules_of_the_user_mask})
