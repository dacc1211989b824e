// The rounds that a thread's calls end with, and `wedge hang` where only its caller can tell what a thread does.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "diff/hang.h"
#include "diff/hang_facts.h"
#include "diff/hang_watch.h"
#include "tests/scratch.h"

// -- rounds --

static void push(struct wg_hthread *t, const char *calls) {
  if (t->calls == NULL) t->calls = wg_xcalloc(WG_HANG_CALLS, sizeof *t->calls);
  for (; *calls; calls++) {
    struct wg_hcall c = {.key = (uint64_t)(unsigned char)*calls, .seq = t->ncalls + 100, .ns = t->ncalls * 1000ull};
    t->calls[t->ncalls++ % WG_HANG_CALLS] = c;
    wg_rounds_push(t);
  }
}

static struct wg_rounds rounds(const char *before, const char *round, unsigned times) {
  struct wg_hthread t = {0};
  push(&t, before);
  for (unsigned i = 0; i < times; i++) push(&t, round);
  struct wg_rounds r = wg_rounds_of(&t);
  free(t.calls);
  return r;
}

static void rounds_of_any_period(void) {
  static const char *const words[] = {"a", "ab", "aab", "abac", "aabab", "abcabd", "aaaaaaaab"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    struct wg_rounds r = rounds("xyzzy", words[i], 1000); // far more than are kept
    CU_ASSERT_EQUAL(r.period, strlen(words[i]));
    CU_ASSERT(r.count >= 999 && r.count <= 1000);
    // Counted from the second round on, as equal to the first.
    CU_ASSERT(r.since_seq >= 105 && r.since_seq <= 105 + 2 * strlen(words[i]));
  }
}

static void no_rounds(void) {
  CU_ASSERT_EQUAL(rounds("", "a", 2).period, 0);
  CU_ASSERT_EQUAL(rounds("abcdefghijklmnopqrstuvwxyz", "", 0).period, 0);
  CU_ASSERT_EQUAL(rounds("", "", 0).period, 0);
}

// What was done long ago is no part of what goes on now.
static void rounds_begin_anew(void) {
  struct wg_hthread t = {0};
  for (int i = 0; i < 400; i++) push(&t, "ab");
  push(&t, "q");
  for (int i = 0; i < 60; i++) push(&t, "ab");
  struct wg_rounds r = wg_rounds_of(&t);
  CU_ASSERT_EQUAL(r.period, 2);
  CU_ASSERT(r.count >= 59 && r.count <= 60);
  CU_ASSERT(r.since_seq > 100 + 801);
  push(&t, "z");
  CU_ASSERT_EQUAL(wg_rounds_of(&t).period, 0);
  free(t.calls);
}

// -- what only the caller knows --

struct asked {
  bool answer;
  uint32_t times, tid;
  uint64_t cycle;
};

static bool tiny(void *ctx, const char *path, uint32_t tid, uint64_t cycle) {
  struct asked *a = ctx;
  (void)path;
  a->times++;
  a->tid = tid;
  a->cycle = cycle;
  return a->answer;
}

static int hang(const char *lines, struct asked *a, struct wg_buf *out) {
  struct wg_err err = {0};
  struct wg_hang_options o = {.tiny_loop = a ? tiny : NULL, .ctx = a};
  wg_buf_clear(out);
  if (wg_file_write(at("hang"), lines, strlen(lines), &err) != WG_OK) return WG_INTERNAL;
  return wg_hang(at("hang"), &o, out, &err);
}

#define CALL(tid, idx, ns, name)                                                                                       \
  "{\"kind\":\"kernel.call\",\"tid\":" #tid ",\"idx\":" #idx ",\"host_ns\":" #ns ",\"cycle\":" #ns ",\"name\":\"" name \
  "\"}\n"
#define RETURN(tid, idx, ns, name)                                                                                     \
  "{\"kind\":\"kernel.return\",\"tid\":" #tid ",\"idx\":" #idx ",\"host_ns\":" #ns ",\"cycle\":" #ns                   \
  ",\"name\":\"" name "\"}\n"

static void a_loop_without_calls(void) {
  // Thread 1 has done nothing since 7 ns; at 9 s the trace ends with an event of no thread.
  static const char quiet[] = CALL(1, 0, 5, "DbgPrint")
      RETURN(1, 1, 7, "DbgPrint") "{\"kind\":\"gpu.interrupt\",\"tid\":0,\"idx\":0,\"host_ns\":9000000000}\n";
  struct wg_buf out = {0};
  struct asked a = {.answer = true};
  CU_ASSERT_EQUAL(hang(quiet, &a, &out), WG_DIFFERS);
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "thread 1 (main) spins"));
  CU_ASSERT(a.times >= 1 && a.tid == 1 && a.cycle == 7);
  a = (struct asked){.answer = false};
  CU_ASSERT_EQUAL(hang(quiet, &a, &out), WG_OK);   // it computes
  CU_ASSERT_EQUAL(hang(quiet, NULL, &out), WG_OK); // nobody knows
  wg_buf_release(&out);
}

// A thread that spins is not stuck while another one computes, which may set what it looks at.
static void others_may_act(void) {
  static const char two[] = CALL(1, 0, 5, "DbgPrint") RETURN(1, 1, 7, "DbgPrint") CALL(2, 0, 8999000000, "NtWriteFile")
      RETURN(2, 1, 9000000000, "NtWriteFile");
  struct wg_buf out = {0};
  struct asked a = {.answer = true};
  CU_ASSERT_EQUAL(hang(two, &a, &out), WG_OK);
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "no thread is stuck"));
  wg_buf_release(&out);
}

static void says_what_cannot_be_judged(void) {
  struct wg_buf out = {0};
  struct wg_err err = {0};
  struct wg_hang_options o = {0};
  CU_ASSERT_EQUAL(wg_hang(at("nowhere"), &o, &out, &err), WG_INPUT);
  CU_ASSERT_EQUAL(hang("{\"kind\":\"guest.print\",\"tid\":1,\"idx\":0,\"host_ns\":0,\"text\":\"x\"}\n", NULL, &out),
                  WG_INPUT);
  CU_ASSERT_EQUAL(out.len, 0);
  wg_buf_release(&out);
}

// -- text logs --

#define TEXT_HEAD                                                                                                      \
  "i> 0000137E XThreadF8000008 (6) Stack: 70150000-70190000\n"                                                         \
  "K> F8000008 XThread::Execute thid 6 (handle=F8000008, 'Main XThread (F8000008)', native=7FBFE6C0)\n"
#define TEXT_EVENT(handle)                                                                                             \
  "d> F8000008 NtCreateEvent(7018FF28(00000000), 00000000, 00000000, 00000000)\n"                                      \
  "i> F8000008 Added handle:" handle " for N2xe6kernel7XObjectE\n"
#define TEXT_THREAD(handle, tid)                                                                                       \
  "d> F8000008 ExCreateThread(7018FF28(00000000), 00008000, 00000000, 00000000, 82010000, 00000000, 02000000)\n"       \
  "i> F8000008 Added handle:" handle " for N2xe6kernel7XObjectE\n"                                                     \
  "i> F8000008 XThread" handle " (" tid ") Stack: 701B0000-701C0000\n"
#define TEXT_START(handle, tid)                                                                                        \
  "K> " handle " XThread::Execute thid " tid " (handle=" handle ", 'XThread7FBFE6C0 (" handle ")', native=7FBFE6C0)\n"

static bool judges(const char *log, int expected, const char *words) {
  struct wg_buf out = {0};
  int code = hang(log, NULL, &out);
  bool ok = code == expected && strstr(out.data, words) != NULL;
  if (!ok) printf("\nexpected %d and \"%s\":\n%s\n", expected, words, out.data);
  wg_buf_release(&out);
  return ok;
}

// The position is the call's, in every form.
static void the_position_is_the_calls(void) {
  CU_ASSERT(judges(CALL(1, 0, 5, "DbgPrint") RETURN(1, 1, 6, "DbgPrint")
                       CALL(1, 2, 7, "KeWaitForSingleObject") "{\"kind\":\"wait.begin\",\"tid\":1,\"idx\":3,\"host_"
                                                              "ns\":7,\"handles\":[],\"timeout_ns\":-1}\n"
                                                              "{\"kind\":\"trace.footer\",\"tid\":0,\"idx\":0,\"host_"
                                                              "ns\":9000000000,\"reason\":\"wedge\"}\n",
                   WG_OK, "no thread is stuck"));
  CU_ASSERT(judges("{\"kind\":\"kernel.call\",\"tid\":1,\"idx\":4,\"host_ns\":7,\"name\":\"NtWaitForSingleObjectEx\","
                   "\"args\":[\"0x100\",\"0x1\",\"0x0\",\"0x0\"]}\n"
                   "{\"kind\":\"wait.begin\",\"tid\":1,\"idx\":5,\"host_ns\":7,\"handles\":[256],\"timeout_ns\":-1}\n",
                   WG_DIFFERS, "NtWaitForSingleObjectEx (event 4"));
}

// Of several objects the log prints the first; the others are the next of its kind, as it seems.
static void a_log_names_the_first_of_several(void) {
  static const char log[] = TEXT_HEAD TEXT_EVENT("F800000C") TEXT_THREAD("F8000010", "7") TEXT_THREAD("F8000014", "8")
      TEXT_START("F8000010", "7") "d> F8000010 ExTerminateThread(00000000)\n" TEXT_START(
          "F8000014", "8") "d> F8000014 NtWaitForSingleObjectEx(F800000C, 00000001, 00000000, 00000000)\n"
                           "d> F8000008 NtWaitForMultipleObjectsEx(00000002, 7018FF20(F8000010), 00000000, 00000001, "
                           "00000000, 00000000)\n";
  CU_ASSERT(judges(log, WG_DIFFERS, "thread 8 (entry 0x82010000) waits for ever"));
  CU_ASSERT(judges(log, WG_DIFFERS,
                   "then: thread 6 (main) waits for ever in NtWaitForMultipleObjectsEx (event 9) for, as it seems, "
                   "thread 8 to end (it needs all of 2 objects; the log names only 1 of them)"));
}

// What ended a wait for any is learnt from the one signal that came meanwhile: the next waiter has lost it.
static void a_log_tells_who_took_a_signal(void) {
  static const char log[] = TEXT_HEAD TEXT_EVENT(
      "F800000C") "d> F8000008 NtCreateEvent(7018FF28(00000000), 00000000, 00000001, "
                  "00000000)\ni> F8000008 Added handle:F8000010 for N2xe6kernel7XObjectE\n" TEXT_THREAD("F8000014", "7")
                      TEXT_START("F8000014",
                                 "7") "d> F8000014 NtWaitForMultipleObjectsEx(00000002, 701BFF20(F800000C), 00000001, "
                                      "00000001, 00000000, 00000000)\n"
                                      "d> F8000008 NtSetEvent(F8000010, 00000000)\n"
                                      "d> F8000014 NtWaitForMultipleObjectsEx(00000002, 701BFF20(F800000C), 00000001, "
                                      "00000001, 00000000, 00000000)\n"
                                      "d> F8000008 KeDelayExecutionThread(00000001, 00000000, "
                                      "7018FF28(FFFFFFFFFFFF3CB0), ContextArg)\n"
                                      "d> F8000008 NtWaitForSingleObjectEx(F8000010, 00000001, 00000000, 00000000)\n";
  CU_ASSERT(
      judges(log, WG_DIFFERS,
             "lost wake-up: thread 6 signalled it by NtSetEvent (event 8 of thread 6), and thread 7 took that signal"));
}

static void what_a_closed_handle_is_given_to_fails(void) {
  struct wg_buf log = {0};
  wg_buf_str(&log, TEXT_HEAD TEXT_EVENT("F800000C") "d> F8000008 NtClose(F800000C)\n"
                                                    "i> F8000008 Removed handle:F800000C for N2xe6kernel7XObjectE\n");
  for (int i = 0; i < 200; i++)
    wg_buf_str(&log, "d> F8000008 NtWaitForSingleObjectEx(F800000C, 00000001, 00000000, 00000000)\n");
  CU_ASSERT(judges(log.data, WG_DIFFERS, "NtWaitForSingleObjectEx on the Event 0xf800000c that thread 6 made"));
  CU_ASSERT(judges(log.data, WG_DIFFERS, "is given a handle that has been closed"));
  wg_buf_release(&log);
}

// A thread that was created long ago and never let run does not move; one that has just been created may.
static void a_thread_that_never_ran(void) {
  struct wg_buf log = {0};
  wg_buf_str(&log, TEXT_HEAD TEXT_THREAD("F8000010", "7"));
  wg_buf_str(&log, "d> F8000008 NtWaitForSingleObjectEx(F8000010, 00000001, 00000000, 00000000)\n");
  CU_ASSERT(judges(log.data, WG_OK, "1 not run yet"));
  wg_buf_clear(&log);
  wg_buf_str(&log, TEXT_HEAD TEXT_THREAD("F8000010", "7"));
  for (int i = 0; i < 200; i++) wg_buf_str(&log, "d> F8000008 KeTlsAlloc()\nd> F8000008 KeTlsGetValue(00000001)\n");
  wg_buf_str(&log, "d> F8000008 NtWaitForSingleObjectEx(F8000010, 00000001, 00000000, 00000000)\n");
  CU_ASSERT(
      judges(log.data, WG_DIFFERS,
             "thread 7 (entry 0x82010000) has never run: thread 6 created it (event 2 of thread 6), not suspended"));
  wg_buf_release(&log);
}

// Given just before the log ends: whoever waits for it goes on, if the log did.
static void what_has_just_been_given(void) {
  static const char log[] = TEXT_HEAD TEXT_EVENT("F800000C") TEXT_THREAD("F8000010", "7") TEXT_START(
      "F8000010", "7") "d> F8000008 NtWaitForSingleObjectEx(F800000C, 00000001, 00000000, 00000000)\n"
                       "d> F8000010 NtSetEvent(F800000C, 00000000)\nd> F8000010 ExTerminateThread(00000000)\n";
  CU_ASSERT(judges(log, WG_OK, "no thread is stuck"));
}

// Where a signal is missing, one that failed is evidence.
static void a_signal_that_failed(void) {
  static const char failed[] =
      "{\"kind\":\"kernel.call\",\"tid\":1,\"idx\":0,\"host_ns\":5,\"name\":\"NtSetEvent\",\"args\":[\"0x104\",\"0x0\"]"
      "}\n"
      "{\"kind\":\"kernel.return\",\"tid\":1,\"idx\":1,\"host_ns\":6,\"name\":\"NtSetEvent\",\"rv\":\"0xc0000008\"}\n"
      "{\"kind\":\"kernel.call\",\"tid\":1,\"idx\":2,\"host_ns\":7,\"name\":\"NtWaitForSingleObjectEx\","
      "\"args\":[\"0x100\",\"0x1\",\"0x0\",\"0x0\"]}\n"
      "{\"kind\":\"wait.begin\",\"tid\":1,\"idx\":3,\"host_ns\":7,\"handles\":[256],\"timeout_ns\":-1}\n";
  CU_ASSERT(judges(failed, WG_DIFFERS,
                   "  NtSetEvent of thread 1 failed (event 0 of thread 1): STATUS_INVALID_HANDLE (0xc0000008)\n"));
}

// However soon the trace ends: where the engine says that nothing can run, nothing is about to.
static void a_signal_that_is_not_heeded(void) {
  static const char log[] =
      "{\"kind\":\"thread.start\",\"tid\":1,\"idx\":0,\"host_ns\":1,\"entry\":\"0x82010000\"}\n"
      "{\"kind\":\"thread.start\",\"tid\":2,\"idx\":0,\"host_ns\":2,\"entry\":\"0x82011000\"}\n"
      "{\"kind\":\"kernel.call\",\"tid\":1,\"idx\":1,\"host_ns\":3,\"name\":\"NtCreateEvent\",\"args\":[\"0x7000\","
      "\"0x0\",\"0x1\",\"0x0\"]}\n"
      "{\"kind\":\"handle.create\",\"tid\":1,\"idx\":2,\"host_ns\":3,\"raw\":256,\"object_type\":\"Event\"}\n"
      "{\"kind\":\"kernel.return\",\"tid\":1,\"idx\":3,\"host_ns\":4,\"name\":\"NtCreateEvent\",\"rv\":0}\n"
      "{\"kind\":\"kernel.call\",\"tid\":1,\"idx\":4,\"host_ns\":5,\"name\":\"NtWaitForSingleObjectEx\",\"args\":["
      "\"0x100\",\"0x1\",\"0x0\",\"0x0\"]}\n"
      "{\"kind\":\"wait.begin\",\"tid\":1,\"idx\":5,\"host_ns\":5,\"handles\":[256],\"timeout_ns\":-1}\n"
      "{\"kind\":\"kernel.call\",\"tid\":2,\"idx\":1,\"host_ns\":6,\"name\":\"NtSetEvent\",\"args\":[\"0x100\","
      "\"0x0\"]}\n"
      "{\"kind\":\"kernel.return\",\"tid\":2,\"idx\":2,\"host_ns\":7,\"name\":\"NtSetEvent\",\"rv\":0}\n"
      "{\"kind\":\"thread.exit\",\"tid\":2,\"idx\":3,\"host_ns\":8,\"code\":0}\n";
  static const char wedge[] = "{\"kind\":\"trace.footer\",\"tid\":0,\"idx\":0,\"host_ns\":9,\"reason\":\"wedge\"}\n";
  struct wg_buf text = {0};
  wg_buf_str(&text, log);
  CU_ASSERT(judges(text.data, WG_OK, "no thread is stuck"));
  wg_buf_str(&text, wedge);
  CU_ASSERT(judges(text.data, WG_DIFFERS,
                   "lost wake-up: thread 2 signalled it by NtSetEvent (event 1 of thread 2), and the kernel does not "
                   "end this wait"));
  wg_buf_release(&text);
}

// Three meet at a semaphore that the last one releases; thread 9 goes, and the other two come there once more.
static void who_meets_at_one_object_makes_no_circle(void) {
  static const char made[] = "d> F8000008 NtCreateSemaphore(7018FF28(00000000), 00000000, 00000000, 00000003)\n"
                             "i> F8000008 Added handle:F800000C for N2xe6kernel10XSemaphoreE\n";
  static const char *const threads[][2] = {{"F8000010", "7"}, {"F8000014", "8"}, {"F8000018", "9"}};
  struct wg_buf log = {0};
  wg_buf_printf(&log, "%s%s%s%s%s%s%s%s", TEXT_HEAD, made, TEXT_THREAD("F8000010", "7"), TEXT_THREAD("F8000014", "8"),
                TEXT_THREAD("F8000018", "9"), TEXT_START("F8000010", "7"), TEXT_START("F8000014", "8"),
                TEXT_START("F8000018", "9"));
  for (int round = 0; round < 4; round++)
    for (int i = 2; i >= 0; i--) {
      if (round == 3 && i == 2)
        wg_buf_str(&log, "d> F8000018 ExTerminateThread(00000000)\n");
      else if (round < 3 && i == 0)
        wg_buf_str(&log, "d> F8000010 NtReleaseSemaphore(F800000C, 00000002, 00000000)\n");
      else
        wg_buf_printf(&log, "d> %s NtWaitForSingleObjectEx(F800000C, 00000001, 00000000, 00000000)\n", threads[i][0]);
    }
  wg_buf_str(&log, "d> F8000008 NtWaitForSingleObjectEx(F8000010, 00000001, 00000000, 00000000)\n");
  CU_ASSERT(judges(log.data, WG_DIFFERS, "missing signal: all who signal it wait for it themselves; thread 9"));
  wg_buf_release(&log);
}

// A log tells how many a semaphore holds at most, and not that a release of more has failed.
static void a_release_above_the_limit(void) {
#define SEMAPHORE_OF(limit)                                                                                            \
  TEXT_HEAD "d> F8000008 NtCreateSemaphore(7018FF28(00000000), 00000000, 00000000, " limit ")\n"                       \
            "i> F8000008 Added handle:F8000010 for N2xe6kernel7XObjectE\n"                                             \
            "d> F8000008 NtReleaseSemaphore(F8000010, 00000003, 00000000)\n"                                           \
            "d> F8000008 NtWaitForSingleObjectEx(F8000010, 00000001, 00000000, 00000000)\n"
  struct wg_buf out = {0};
  CU_ASSERT_EQUAL(hang(SEMAPHORE_OF("00000002"), NULL, &out), WG_DIFFERS);
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "missing signal"));
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "failed"));
  CU_ASSERT_EQUAL(hang(SEMAPHORE_OF("00000003"), NULL, &out), WG_OK); // it has come, and the log ends
  wg_buf_release(&out);
}

// -- waits within waits --

#define FACT(idx, kind, rest) "{\"kind\":\"" kind "\",\"tid\":1,\"idx\":" #idx ",\"host_ns\":" #idx "000" rest "}\n"
#define WAIT_CALL(idx, handle)                                                                                         \
  FACT(idx, "kernel.call", ",\"name\":\"NtWaitForSingleObjectEx\",\"args\":[\"" handle "\",\"0x1\",\"0x1\",\"0x0\"]")
#define WAIT_BEGIN(idx, hsid, alertable)                                                                               \
  FACT(idx, "wait.begin", ",\"handles\":[\"" hsid "\"],\"alertable\":" alertable ",\"timeout_ns\":-1")
#define WAIT_END(idx) FACT(idx, "wait.end", ",\"status\":\"0x0\",\"satisfied_by\":\"already\"")
#define WAIT_RETURN(idx) FACT(idx, "kernel.return", ",\"name\":\"NtWaitForSingleObjectEx\",\"rv\":\"0x0\"")
#define WAITED(idx, n)                                                                                                 \
  FACT(idx, "handle.create", ",\"raw\":\"0xf800010" n "\",\"hsid\":\"ab0000000000000" n "\",\"object_type\":\"Event\"")

// Thread 1 waits for the first event, alertably or in a call for whose sake an APC begins, and within that for the
// second one. Which wait it is in at the end, by its call, and which events it has taken.
static void waits_within_waits(void) {
#define HEAD(alertable, apc)                                                                                           \
  RETURN(2, 0, 0, "DbgPrint")                                                                                          \
  WAITED(0, "1")                                                                                                       \
  WAITED(1, "2")                                                                                                       \
  WAIT_CALL(2, "0xf8000101")                                                                                           \
  WAIT_BEGIN(3, "ab00000000000001", alertable) apc WAIT_CALL(5, "0xf8000102") WAIT_BEGIN(6, "ab00000000000002", "false")
#define INNER WAIT_END(7) WAIT_RETURN(8)
#define OUTER WAIT_END(9) WAIT_RETURN(10)
#define APC FACT(4, "apc.start", ",\"entry\":\"0x82005000\"")
  static const struct {
    const char *lines;
    uint32_t idx; // of the wait that it is in; 0: none
    uint32_t took[2];
  } tales[] = {
      {HEAD("true", "") INNER OUTER, 0, {1, 1}},
      {HEAD("true", "") INNER, 2, {0, 1}},
      {HEAD("true", ""), 5, {0, 0}},
      {HEAD("false", APC) INNER, 2, {0, 1}},
      {HEAD("false", "") INNER, 0, {1, 1}}, // no APC runs: the end of the first wait was not told
      {HEAD("true", "") INNER FACT(9, "kernel.call", ",\"name\":\"DbgPrint\"")
           FACT(10, "kernel.return", ",\"name\":\"DbgPrint\"") WAIT_END(11) WAIT_RETURN(12),
       0,
       {1, 1}},
      {HEAD("true", "") INNER FACT(9, "thread.exit", ""), 0, {0, 1}},
  };
  for (size_t i = 0; i < sizeof tales / sizeof *tales; i++) {
    struct wg_facts f;
    struct wg_err err = {0};
    CU_ASSERT_EQUAL_FATAL(wg_file_write(at("nested"), tales[i].lines, strlen(tales[i].lines), &err), WG_OK);
    CU_ASSERT_EQUAL_FATAL(wg_facts_load(&f, at("nested"), &(struct wg_reading){0}, &err), WG_OK);
    uint32_t thread = (uint32_t)(wg_side_thread(&f.side, 1) - f.side.threads);
    const struct wg_hwait *w = &wg_hthread_at(&f, thread)->now.wait;
    CU_ASSERT_EQUAL(w->open, tales[i].idx != 0);
    if (w->open) CU_ASSERT_EQUAL(w->idx, tales[i].idx);
    for (uint32_t k = 0; k < 2; k++) {
      uint32_t object = wg_facts_by_handle(&f, thread, 0xF8000101 + k);
      CU_ASSERT_EQUAL(wg_htouch_of(&f, object, thread)->takes, tales[i].took[k]);
      if (wg_htouch_of(&f, object, thread)->takes != tales[i].took[k]) printf("  tale %zu, event %u\n", i, k + 1);
    }
    wg_facts_release(&f);
  }
}

#define LIVES "d> F8000008 NtWaitForSingleObjectEx(F800000C, 00000001, 00000001, 00000000)\n"

// Nobody has ever signalled it, and the waits for it end all the same: by APCs, of which no log tells.
static void a_log_of_a_life_by_apcs(void) {
  CU_ASSERT(judges(TEXT_HEAD TEXT_EVENT("F800000C") LIVES LIVES LIVES LIVES, WG_OK, "no thread is stuck"));
  CU_ASSERT(judges(TEXT_HEAD TEXT_EVENT("F800000C") LIVES, WG_DIFFERS, "waits for ever"));
}

WG_MAIN("hang", {"a log of a life by APCs", a_log_of_a_life_by_apcs},
        {"a release above the limit", a_release_above_the_limit}, {"waits within waits", waits_within_waits},
        {"rounds of any period", rounds_of_any_period}, {"no rounds", no_rounds},
        {"rounds begin anew", rounds_begin_anew}, {"a loop without calls", a_loop_without_calls},
        {"others may act", others_may_act}, {"says what cannot be judged", says_what_cannot_be_judged},
        {"the position is the call's", the_position_is_the_calls},
        {"a log names the first of several", a_log_names_the_first_of_several},
        {"a log tells who took a signal", a_log_tells_who_took_a_signal},
        {"what a closed handle is given to fails", what_a_closed_handle_is_given_to_fails},
        {"a thread that never ran", a_thread_that_never_ran}, {"what has just been given", what_has_just_been_given},
        {"who meets at one object makes no circle", who_meets_at_one_object_makes_no_circle},
        {"a signal that failed", a_signal_that_failed}, {"a signal that is not heeded", a_signal_that_is_not_heeded})
