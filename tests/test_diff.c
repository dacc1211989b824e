// The differ on traces made by hand (through emit/, as another engine would) and on shapes of genuine logs.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "diff/diff.h"
#include "tests/scratch.h"

#define WEDGE_EMIT_IMPLEMENTATION
#include "emit/wedge_emit.h"

static void call(wedge_emit *w, uint32_t tid, const char *name, uint32_t a0, uint32_t a1, uint32_t rv) {
  uint32_t args[2] = {a0, a1};
  wedge_emit_call(w, tid, 0, name, "xboxkrnl.exe", 1, 0x82000000, args, 2);
  wedge_emit_return(w, tid, 0, name, rv);
}

static wedge_emit *begin(const char *name, uint32_t main_tid) {
  wedge_emit *w = wedge_emit_open(at(name), "test", "1", "t.xex");
  CU_ASSERT_PTR_NOT_NULL_FATAL(w);
  wedge_emit_thread_create(w, 0, 0, main_tid, 0x82001000, 0, 0xF8000008);
  return w;
}

static int diff(const char *a, const char *b, struct wg_buf *out) {
  struct wg_err err = {0};
  struct wg_diff_options o = {0};
  wg_buf_clear(out);
  wg_buf_reserve(out, 1);
  out->data[0] = 0;
  int code = wg_diff(at(a), at(b), NULL, 0, &o, out, &err);
  if (code == WG_INPUT) wg_buf_str(out, err.msg);
  return code;
}

// Handles and pointers that each engine numbers itself are not differences, as long as one renaming holds.
static void renamed_handles_are_equal(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 3; side++) {
    static const char *const names[] = {"ra", "rb", "rc"};
    uint32_t h1 = side ? 0xF8000020 : 0xF8000014, h2 = side ? 0xF8000024 : 0xF8000018;
    wedge_emit *w = begin(names[side], side ? 6 : 1);
    uint32_t tid = side ? 6 : 1;
    call(w, tid, "NtSetEvent", h1, 0x70180000 + (uint32_t)side, 0);
    call(w, tid, "NtSetEvent", h2, 0, 0);
    call(w, tid, "NtSetEvent", side == 2 ? h2 : h1, 0, 0); // the third engine confuses the two
    CU_ASSERT_EQUAL(wedge_emit_close(w), 0);
  }
  CU_ASSERT_EQUAL(diff("ra", "rb", &out), WG_OK);
  CU_ASSERT_EQUAL(diff("ra", "rc", &out), WG_DIFFERS);
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "NtSetEvent"));
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "after 2 equal calls"));
  wg_buf_release(&out);
}

static void sizes_are_not_renamed(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = begin(side ? "sb" : "sa", 1);
    call(w, 1, "NtAllocateVirtualMemory", 0x1000, side ? 0x2000 : 0x3000, 0);
    wedge_emit_close(w);
  }
  CU_ASSERT_EQUAL(diff("sa", "sb", &out), WG_DIFFERS);
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "has other arguments: 0x1000, 0x3000; in the reference 0x1000, 0x2000"));
  wg_buf_release(&out);
}

// A wrong value is named before the other path that it leads to, whichever thread shows that first.
static void causes_come_in_order(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = begin(side ? "cb" : "ca", 1);
    wedge_emit_thread_create(w, 1, 0, 2, 0x82002000, 0, 0xF800000C);
    if (side)
      call(w, 1, "NtWaitForSingleObjectEx", 0xF800000C, 0, 0);
    else
      call(w, 1, "NtClose", 0xF800000C, 0, 0);
    for (int i = 0; i < 5; i++) call(w, 1, "KeQuerySystemTime", 0, 0, 0);
    call(w, 2, "KeTlsAlloc", 0, 0, side ? 0 : 0xFFFFFFFF);
    for (int i = 0; i < 5; i++) call(w, 2, "KeQuerySystemTime", 0, 0, 0);
    wedge_emit_close(w);
  }
  CU_ASSERT_EQUAL(diff("ca", "cb", &out), WG_DIFFERS);
  CU_ASSERT_NSTRING_EQUAL(
      out.data,
      "thread 2 (entry 0x82002000): KeTlsAlloc(0x0, 0x0) returned 0xffffffff; in the reference it returned 0x0\n", 100);
  wg_buf_release(&out);
}

// Past a difference the two are aligned again, so that one extra call is one difference.
static void extra_calls_are_stepped_over(void) {
  struct wg_buf out = {0};
  static const char *const names[] = {"NtOpenFile", "NtReadFile", "NtClose", "KeSetEvent"};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = begin(side ? "eb" : "ea", 1);
    for (uint32_t i = 0; i < 200; i++) {
      if (side == 0 && i == 100) call(w, 1, "KeBugCheck", 1, 2, 3);
      call(w, 1, names[i * 7 % 4], i, 0, 0);
    }
    wedge_emit_close(w);
  }
  CU_ASSERT_EQUAL(diff("ea", "eb", &out), WG_DIFFERS);
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "calls KeBugCheck(0x1, 0x2), which the reference does not call here"));
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "     201,      200 |      100 |      200 | 1\n"));
  wg_buf_release(&out);
}

// Threads are told apart by parent and entry point though their numbers differ.
static void threads_are_matched_by_ancestry(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = begin(side ? "tb" : "ta", 1);
    uint32_t first = side ? 3 : 2, second = side ? 2 : 3;
    wedge_emit_thread_create(w, 1, 0, side ? second : first, side ? 0x82003000 : 0x82002000, 0, 0xF800000C);
    wedge_emit_thread_create(w, 1, 0, side ? first : second, side ? 0x82002000 : 0x82003000, 0, 0xF8000010);
    call(w, 1, "KeTlsAlloc", 0, 0, 0);
    call(w, first, "KeSetEvent", 5, 0, 0);
    call(w, second, "KeResetEvent", 5, 0, 0);
    wedge_emit_close(w);
  }
  CU_ASSERT_EQUAL(diff("ta", "tb", &out), WG_OK);
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "     2 |    3 | ancestry"));
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "     3 |    2 | ancestry"));
  wg_buf_release(&out);
}

// Two stock logs: no results, handles as thread ids.
static void two_stock_logs_are_compared(void) {
  static const char head[] =
      "i> 00000100 XThreadF8000008 (6) Stack: 70150000-70190000\n"
      "d> F8000008 NtCreateFile(7018F380(0), 80100080, 7018F398(FFFFFFFD,game:\\a.bin,00000040), 7018F390)\n";
  struct wg_buf a = {0}, b = {0}, out = {0};
  struct wg_err err = {0};
  wg_buf_printf(&a, "%sd> F8000008 NtReadFile(F8000014, 00000010)\n", head);
  wg_buf_printf(&b, "%sd> F8000008 RtlNtStatusToDosError(C0000034)\n", head);
  CU_ASSERT_EQUAL(wg_file_write(at("la"), a.data, a.len, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_file_write(at("lb"), b.data, b.len, &err), WG_OK);
  CU_ASSERT_EQUAL(diff("la", "lb", &out), WG_DIFFERS);
  CU_ASSERT_PTR_NOT_NULL(strstr(
      out.data, "calls NtReadFile(0xf8000014, 0x10) where the reference calls RtlNtStatusToDosError(0xc0000034)"));
  wg_buf_release(&a);
  wg_buf_release(&b);
  wg_buf_release(&out);
}

// What varies between two runs of the reference is no finding.
static void noise_is_learnt_from_a_second_reference(void) {
  struct wg_buf out = {0};
  struct wg_err err = {0};
  struct wg_diff_options o = {0};
  static const char *const names[] = {"va", "vb", "vc"};
  for (uint32_t side = 0; side < 3; side++) {
    wedge_emit *w = begin(names[side], 1);
    for (uint32_t i = 0; i < 20; i++) {
      call(w, 1, "NtReadFile", i, 0, 0);
      call(w, 1, "KeQueryInterruptTime", 0, 0, 100 + side * 7 + i); // never the same
      call(w, 1, "NtClose", i, 0, side == 0 && i == 15 ? 0xC0000008 : 0);
    }
    wedge_emit_close(w);
  }
  char third[128];
  snprintf(third, sizeof third, "%s", at("vc"));
  const char *more[1] = {third};
  CU_ASSERT_EQUAL(diff("va", "vb", &out), WG_DIFFERS);
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "KeQueryInterruptTime(0x0, 0x0) returned"));
  wg_buf_clear(&out);
  CU_ASSERT_EQUAL(wg_diff(at("va"), at("vb"), more, 1, &o, &out, &err), WG_DIFFERS);
  static const char cause[] =
      "thread 1 (entry 0x82001000): NtClose(0xf, 0x0) returned 0xc0000008; in the reference it returned 0x0\n";
  CU_ASSERT_NSTRING_EQUAL(out.data, cause, sizeof cause - 1);
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "20 differences are of kinds that vary"));
  wg_buf_clear(&out);
  CU_ASSERT_EQUAL(wg_diff(at("vc"), at("vb"), more, 1, &o, &out, &err), WG_OK);
  wg_buf_release(&out);
}

static void logs_without_calls_say_what_is_needed(void) {
  static const char text[] = "i> 00000100 Storage root: /x\ni> 00000100 Title name: y\n";
  struct wg_buf out = {0};
  struct wg_err err = {0};
  CU_ASSERT_EQUAL(wg_file_write(at("na"), text, sizeof text - 1, &err), WG_OK);
  CU_ASSERT_EQUAL(diff("na", "na", &out), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "log_level = 3"));
  wg_buf_release(&out);
}

WG_MAIN("diff", {"renamed handles are equal", renamed_handles_are_equal},
        {"sizes are not renamed", sizes_are_not_renamed}, {"causes come in order", causes_come_in_order},
        {"extra calls are stepped over", extra_calls_are_stepped_over},
        {"threads are matched by ancestry", threads_are_matched_by_ancestry},
        {"two stock logs are compared", two_stock_logs_are_compared},
        {"noise is learnt from a second reference", noise_is_learnt_from_a_second_reference},
        {"logs without calls say what is needed", logs_without_calls_say_what_is_needed})
