// What calls do beyond their result: libraries, settings; rounds of which one lacks a call; exceptions behind a cut.
#include "tests/tale.h"

static void module(struct tale *t, const char *kind) {
  if (tale_start(t, kind, 1)) fprintf(t->file, ",\"name\":\"codec.dll\",\"base\":\"0x87000000\"}\n");
}

// v 1: the library is not unloaded, so that its own code does not run.
static void unloads(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  module(t, "module.load");
  CALL(t, 1, "XexUnloadImage", 0x30001000);
  if (v == 0) {
    CALL(t, 1, "KeTlsSetValue", 1, 2);
    ret(t, 1, 1);
    module(t, "module.unload");
    t->open[1] = "XexUnloadImage";
  }
  ret(t, 1, 0);
  for (uint32_t i = 0; i < 8; i++) {
    CALL(t, 1, "KeTlsSetValue", 2, i);
    ret(t, 1, 1);
  }
}

static void a_library_is_unloaded(void) {
  struct wg_buf out = {0};
  tale_write("a", unloads, 1, (struct tale_style){0});
  tale_write("b", unloads, 0, (struct tale_style){0});
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "XexUnloadImage unloads no module, runs no code of the title"));
  CU_ASSERT_EQUAL(compare("b", "b", &out), WG_OK);
  wg_buf_release(&out);
}

// Rounds of three or four calls, as the work has it. v 1: one query gives less, and what follows it is left out.
static void rounds(struct tale *t, int v) {
  static const uint8_t more[] = {0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1};
  for (uint32_t i = 0; i < sizeof more; i++) {
    bool less = v == 1 && i == 5;
    CALL(t, 1, "KeTlsGetValue", 7);
    ret(t, 1, less ? 2 : 3);
    if (more[i] && !less) {
      CALL(t, 1, "KeTlsSetValue", 3, 0);
      ret(t, 1, 1);
    }
    for (uint32_t k = 4; k < 6; k++) {
      CALL(t, 1, "KeTlsSetValue", k, 0);
      ret(t, 1, 1);
    }
  }
}

static void one_call_less_in_a_round_is_one_finding(void) {
  struct wg_buf out = {0};
  tale_write("a", rounds, 1, (struct tale_style){.host_clock = false});
  tale_write("b", rounds, 0, (struct tale_style){.host_clock = false});
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "KeTlsGetValue returned 0x2; in the reference 0x3"));
  wg_buf_release(&out);
}

// v 1: what was set is not what is told.
static void settings(struct tale *t, int v) {
  CALL(t, 1, "XMASetInputBuffer1Valid", 0x30001000);
  ret(t, 1, 0);
  CALL(t, 1, "XMAIsInputBuffer1Valid", 0x30001000);
  ret(t, 1, v == 0);
  for (uint32_t i = 0; i < 8; i++) {
    CALL(t, 1, "KeTlsSetValue", 2, i);
    ret(t, 1, 1);
  }
}

static void who_set_a_value_is_named_beside_it(void) {
  struct wg_buf out = {0};
  tale_write("a", settings, 1, (struct tale_style){0});
  tale_write("b", settings, 0, (struct tale_style){0});
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "XMAIsInputBuffer1Valid returned 0x0; in the reference 0x1"));
  CU_ASSERT_TRUE(says(&out, "XMASetInputBuffer1Valid is called as in the reference, but what it sets is not"));
  wg_buf_release(&out);
}

// Ends with an exception that nobody takes.
static void raises(struct tale *t, int v) {
  (void)v;
  for (uint32_t i = 0; i < 20; i++) {
    CALL(t, 1, "KeTlsSetValue", 2, i);
    ret(t, 1, 1);
  }
  if (tale_start(t, "exception", 1))
    fprintf(t->file, ",\"pc\":\"0x82001000\",\"cause\":\"data storage\",\"detail\":\"nobody took it\",\"regs\":{}}\n");
}

static void a_reference_that_ends_before_an_exception_says_nothing_of_it(void) {
  struct wg_buf out = {0};
  tale_write("a", raises, 0, (struct tale_style){0});
  for (uint64_t n = 20; n <= 40; n += 10) {
    tale_write("b", raises, 0, (struct tale_style){.stop = n, .limit = true});
    CU_ASSERT_EQUAL(compare("a", "b", &out), WG_OK);
  }
  wg_buf_release(&out);
}

// Another engine's thread that waits again and again; of one wait it is not told that it began.
static void write_waits(const char *name, int untold) {
  struct wg_buf t = {0};
  struct wg_err err = {0};
  unsigned idx = 0;
  for (int i = 0; i < 12; i++) {
    static const char *const lines[] = {
        "\"kernel.call\",\"name\":\"KeWaitForSingleObject\",\"args\":[1073760204,3,1,0,0]",
        "\"wait.begin\",\"handles\":[4160749592],\"timeout_ns\":30000000", "\"wait.end\",\"status\":0",
        "\"kernel.return\",\"name\":\"KeWaitForSingleObject\",\"rv\":0"};
    for (int k = 0; k < 4; k++, idx++)
      if (k != 1 || i != untold)
        wg_buf_printf(&t, "{\"engine\":\"canary\",\"tid\":7,\"idx\":%u,\"host_ns\":%u,\"kind\":%s}\n", idx,
                      1000000 * idx, lines[k]);
  }
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at(name), t.data, t.len, &err), WG_OK);
  wg_buf_release(&t);
}

static void a_wait_that_neither_tells_of_is_no_difference(void) {
  struct wg_buf out = {0};
  write_waits("a", 3);
  write_waits("b", -1);
  CU_ASSERT_EQUAL(compare("a", "a", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("b", "b", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "KeWaitForSingleObject on the object at 0x400047cc does not wait"));
  wg_buf_release(&out);
}

WG_MAIN("diff: effects", {"a library is unloaded", a_library_is_unloaded},
        {"one call less in a round is one finding", one_call_less_in_a_round_is_one_finding},
        {"who set a value is named beside it", who_set_a_value_is_named_beside_it},
        {"a reference that ends before an exception says nothing of it",
         a_reference_that_ends_before_an_exception_says_nothing_of_it},
        {"a wait that neither tells of is no difference", a_wait_that_neither_tells_of_is_no_difference})
