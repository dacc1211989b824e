// Rules of what does not count (diff/rules.h): the file's syntax and what each rule covers.
#include <string.h>

#include "base/file.h"
#include "diff/rules.h"
#include "tests/scratch.h"

static int load(struct wg_rules *r, const char *text, struct wg_err *err) {
  *err = (struct wg_err){0};
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at("rules"), text, strlen(text), err), WG_OK);
  return wg_rules_load(r, at("rules"), err);
}

static void every_field_is_read(void) {
  struct wg_rules r;
  struct wg_err err;
  CU_ASSERT_EQUAL(load(&r,
                       "# ours\n"
                       "\n"
                       "NtReadFile rv  the disc is slow # or not\n"
                       "\tNtClose\targ\n"
                       "XamUser* arg2 users\n"
                       "NtQueryFullAttributesFile out.attributes\n"
                       "NtQueryInformationFile out sizes\n"
                       "NtOpenFile detail\n"
                       "DbgPrint *",
                       &err),
                  WG_OK);
  CU_ASSERT_EQUAL_FATAL(r.n, 7);
  CU_ASSERT_STRING_EQUAL(wg_rules_skip(&r, "NtReadFile", "rv", 0, NULL), "the disc is slow ");
  CU_ASSERT_PTR_NULL(wg_rules_skip(&r, "NtReadFile", "arg", 0, NULL));
  CU_ASSERT_PTR_NULL(wg_rules_skip(&r, "NtReadFileScatter", "rv", 0, NULL));
  CU_ASSERT_STRING_EQUAL(wg_rules_skip(&r, "NtClose", "arg", 0, NULL), "the user's rule");
  CU_ASSERT_PTR_NOT_NULL(wg_rules_skip(&r, "NtClose", "arg", 9, NULL));
  CU_ASSERT_STRING_EQUAL(wg_rules_skip(&r, "XamUserGetName", "arg", 2, NULL), "users");
  CU_ASSERT_PTR_NULL(wg_rules_skip(&r, "XamUserGetName", "arg", 1, NULL));
  CU_ASSERT_PTR_NULL(wg_rules_skip(&r, "XamUse", "arg", 2, NULL));
  CU_ASSERT_PTR_NOT_NULL(wg_rules_skip(&r, "NtQueryFullAttributesFile", "out", 0, "attributes"));
  CU_ASSERT_PTR_NULL(wg_rules_skip(&r, "NtQueryFullAttributesFile", "out", 0, "size"));
  CU_ASSERT_PTR_NULL(wg_rules_skip(&r, "NtQueryFullAttributesFile", "out", 0, NULL));
  CU_ASSERT_PTR_NOT_NULL(wg_rules_skip(&r, "NtQueryInformationFile", "out", 0, "size"));
  CU_ASSERT_PTR_NOT_NULL(wg_rules_skip(&r, "NtOpenFile", "detail", 0, NULL));
  CU_ASSERT_PTR_NOT_NULL(wg_rules_skip(&r, "DbgPrint", "call", 0, NULL));
  CU_ASSERT_PTR_NOT_NULL(wg_rules_skip(&r, "DbgPrint", "arg", 3, NULL));
  wg_rules_release(&r);
}

static void our_own_rules_hold_without_a_file(void) {
  struct wg_rules r;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL(wg_rules_load(&r, NULL, &err), WG_OK);
  CU_ASSERT_EQUAL(r.n, 0);
  CU_ASSERT_PTR_NOT_NULL(wg_rules_skip(&r, "MmGetPhysicalAddress", "rv", 0, NULL));
  CU_ASSERT_PTR_NOT_NULL(wg_rules_skip(NULL, "VdInitializeRingBuffer", "arg", 0, NULL));
  CU_ASSERT_PTR_NULL(wg_rules_skip(NULL, "VdInitializeRingBuffer", "arg", 1, NULL));
  CU_ASSERT_PTR_NULL(wg_rules_skip(NULL, "NtCreateFile", "rv", 0, NULL));
  wg_rules_release(&r);
}

static void files_of_other_systems_and_empty_ones(void) {
  struct wg_rules r;
  struct wg_err err;
  CU_ASSERT_EQUAL(load(&r, "NtClose rv why not\r\nNtOpenFile call\r\n\r\n", &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(r.n, 2);
  CU_ASSERT_STRING_EQUAL(r.own[0].why, "why not");
  CU_ASSERT_STRING_EQUAL(r.own[1].why, "the user's rule");
  wg_rules_release(&r);
  static const char *const empty[] = {"", "\n\n", "# only words", "   \t\n"};
  for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
    CU_ASSERT_EQUAL(load(&r, empty[i], &err), WG_OK);
    CU_ASSERT_EQUAL(r.n, 0);
    wg_rules_release(&r);
  }
}

static void mistakes_name_their_line(void) {
  static const struct {
    const char *text, *words;
  } bad[] = {
      {"NtClose rv\nNtClose\n",
       "rules:2: expected CALL FIELD [why], FIELD being rv, arg, arg0..arg15, out, out.KEY, detail, "
       "call, count or *; got 'NtClose '"},
      {"NtClose result", "rules:1: expected CALL FIELD"},
      {"NtClose arg16", "got 'NtClose arg16'"},
      {"NtClose arg-1", "got 'NtClose arg-1'"},
      {"NtClose arg1x", "got 'NtClose arg1x'"},
      {"NtClose rv.x", "got 'NtClose rv.x'"},
      {"\n\n# x\nNtClose outs", "rules:4: "},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct wg_rules r;
    struct wg_err err;
    CU_ASSERT_EQUAL(load(&r, bad[i].text, &err), WG_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, bad[i].words));
    wg_rules_release(&r);
  }
  struct wg_rules r;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL(wg_rules_load(&r, at("nowhere"), &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "nowhere"));
  wg_rules_release(&r);
}

WG_MAIN("rules", {"every field is read", every_field_is_read},
        {"our own rules hold without a file", our_own_rules_hold_without_a_file},
        {"files of other systems and empty ones", files_of_other_systems_and_empty_ones},
        {"mistakes name their line", mistakes_name_their_line})
