// The table of exports against what ntddk.h, the public ordinal lists and the reference's logs say.
#include <string.h>

#include "nt/exports.h"
#include "tests/suite.h"

static const struct wg_nt_export *find(const char *name) {
  const struct wg_nt_export *x = wg_nt_find(name, strlen(name));
  CU_ASSERT_PTR_NOT_NULL_FATAL(x);
  return x;
}

static void test_find(void) {
  const struct wg_nt_export *x;
  size_t n = 0;
  for (; (x = wg_nt_row(n)); n++) {
    CU_ASSERT_PTR_EQUAL(wg_nt_find(x->name, strlen(x->name)), x);
    CU_ASSERT_EQUAL(wg_nt_index(x), n);
  }
  CU_ASSERT_EQUAL(n, 2913); // of the public lists
  CU_ASSERT_PTR_NULL(wg_nt_row(n + 1));
  CU_ASSERT_PTR_NULL(wg_nt_find("NtSetEven", 9));
  CU_ASSERT_PTR_NULL(wg_nt_find("NtSetEvents", 11));
  CU_ASSERT_PTR_NULL(wg_nt_find("", 0));
  CU_ASSERT_PTR_EQUAL(wg_nt_find("NtSetEvent, and more", 10), find("NtSetEvent"));
  CU_ASSERT_PTR_EQUAL(wg_nt_at("xboxkrnl.exe", 0xD2), find("NtCreateFile"));
  CU_ASSERT_PTR_EQUAL(wg_nt_at("xam.xex", 0x28A), find("XamNotifyCreateListener"));
  const struct wg_nt_export *row; // each row is where its module and ordinal say, and nothing between two
  for (size_t i = 0; (row = wg_nt_row(i)) != NULL; i++) {
    const struct wg_nt_export *next = wg_nt_row(i + 1);
    bool last = next == NULL || strcmp(next->module, row->module) != 0;
    if (wg_nt_at(row->module, row->ordinal) != row) CU_FAIL("another row");
    if ((last || next->ordinal > row->ordinal + 1) && wg_nt_at(row->module, (uint16_t)(row->ordinal + 1)))
      CU_FAIL("a row of none");
  }
  CU_ASSERT_PTR_NULL(wg_nt_at("game.dll", 1));
  // Windows has these; the console's kernel does not export them.
  CU_ASSERT_PTR_NULL(wg_nt_find("NtResetEvent", 12));
  CU_ASSERT_PTR_NULL(wg_nt_find("KeGetCurrentIrql", 16));
}

static void test_prototypes(void) {
  static const struct {
    const char *name, *params;
    char ret;
  } of[] = {
      {"NtCreateFile", "HdoPpdddd", 'S'},
      {"NtReadFile", "hhfxPPdp", 'S'},
      {"NtWaitForSingleObjectEx", "hddt", 'S'},
      {"NtReleaseSemaphore", "hdP", 'S'},
      {"NtDuplicateObject", "hHd", 'S'},
      {"ExCreateThread", "HdPffxd", 'S'},
      {"KeSetTimer", "OTp", 'b'},
      {"KeQueryInterruptTime", "", 'T'},
      {"RtlEnterCriticalSection", "O", 'v'},
      {"RtlInitAnsiString", "Ps", 'v'},
      {"KeInsertQueueApc", "pxxd", 'b'},
      {"MmAllocatePhysicalMemoryEx", "dddddd", 'p'},
      {"NetDll_XNetQosLookup", "ddpppdppdddhP", 'd'},
  };
  for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
    const struct wg_nt_export *x = find(of[i].name);
    CU_ASSERT_STRING_EQUAL(x->params, of[i].params);
    CU_ASSERT_EQUAL(x->ret, of[i].ret);
    CU_ASSERT_EQUAL(wg_nt_nparams(x), strlen(of[i].params));
  }
  CU_ASSERT_EQUAL(wg_nt_nparams(find("HalSendSMCMessage")), 0);
}

static void test_flags(void) {
  static const struct {
    const char *name;
    unsigned flags;
  } of[] = {
      {"NtSetEvent", WG_NT_SIGNALS | WG_NT_TELLS},
      {"NtPulseEvent", WG_NT_SIGNALS | WG_NT_RESETS | WG_NT_TELLS},
      {"NtClearEvent", WG_NT_RESETS | WG_NT_TELLS},
      {"NtClose", WG_NT_CLOSES},
      {"NtCreateFile", WG_NT_CREATES | WG_NT_OPENS | WG_NT_TELLS},
      {"NtQueryFullAttributesFile", WG_NT_QUERY | WG_NT_OPENS},
      {"RtlEnterCriticalSection", WG_NT_WAITS | WG_NT_LOCK},
      {"RtlLeaveCriticalSection", WG_NT_SIGNALS | WG_NT_UNLOCK},
      {"KeQuerySystemTime", WG_NT_QUERY | WG_NT_TIME},
      {"RtlNtStatusToDosError", WG_NT_QUERY | WG_NT_CONSEQUENCE},
      {"MmFreePhysicalMemory", WG_NT_FREES},
      {"NtReadFile", WG_NT_TELLS},
  };
  for (size_t i = 0; i < sizeof of / sizeof *of; i++) CU_ASSERT_EQUAL(find(of[i].name)->flags, of[i].flags);
}

static void test_status_names(void) {
  CU_ASSERT_STRING_EQUAL(wg_nt_status_name(0), "STATUS_SUCCESS");
  CU_ASSERT_STRING_EQUAL(wg_nt_status_name(0x102), "STATUS_TIMEOUT");
  CU_ASSERT_STRING_EQUAL(wg_nt_status_name(0xC0000034u), "STATUS_OBJECT_NAME_NOT_FOUND");
  CU_ASSERT_STRING_EQUAL(wg_nt_status_name(0xC000000Fu), "STATUS_NO_SUCH_FILE");
  CU_ASSERT_STRING_EQUAL(wg_nt_status_name(0xC0000420u), "STATUS_ASSERTION_FAILURE");
  CU_ASSERT_PTR_NULL(wg_nt_status_name(0xFFFFFFFFu));
  CU_ASSERT_PTR_NULL(wg_nt_status_name(4));
}

WG_MAIN("nt", {"every row is found by its name", test_find}, {"prototypes", test_prototypes},
        {"what calls do", test_flags}, {"status names", test_status_names})
