// The rounds that a thread's calls end with, and `wedge hang` where only its caller can tell what a thread does.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "diff/hang.h"
#include "diff/hang_facts.h"
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

WG_MAIN("hang", {"rounds of any period", rounds_of_any_period}, {"no rounds", no_rounds},
        {"rounds begin anew", rounds_begin_anew}, {"a loop without calls", a_loop_without_calls},
        {"others may act", others_may_act}, {"says what cannot be judged", says_what_cannot_be_judged})
