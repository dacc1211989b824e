// How threads end: waits without end, engines that tell lies about them, traces that were cut.
#include "base/file.h"
#include "diff/model.h"
#include "tests/tale.h"

enum worker { SETS, RELEASES, SETS_TWICE };

// Thread 1 waits for an event that thread 2 sets, then goes on. With RELEASES the worker calls something else, and the
// wait never ends.
static void write_handshake(const char *file, enum worker does, bool lying) {
  wedge_emit *w = tell_begin(file, 1);
  uint32_t create[4] = {0x70180000, 0, 1, 0};
  tell_args(w, 1, "NtCreateEvent", create, 4);
  wedge_emit_handle(w, 1, tell_now(w), 1, 0xF8000100, "Event");
  tell_return(w, 1, "NtCreateEvent", 0);
  wedge_emit_thread_create(w, 1, tell_now(w), 2, 0x82002000, 0, 0xF800000C);
  wedge_emit_thread_start(w, 2, tell_now(w), 0x82002000, 0);
  tell_wait(w, 1, 0xF8000100, lying);
  for (uint32_t i = 0; i < 60; i++) tell(w, 2, "KeTlsSetValue", 1, i, 1);
  if (does == RELEASES)
    tell(w, 2, "NtReleaseSemaphore", 0xF8000104, 1, 0);
  else
    tell(w, 2, "NtSetEvent", 0xF8000100, 0, 0);
  if (does != RELEASES) {
    tell_wait_end(w, 1, lying);
    for (uint32_t i = 0; i < 20; i++) tell(w, 1, "KeTlsSetValue", 2, i, 1);
  }
  for (uint32_t i = 0; i < 400; i++) tell(w, 2, "KeTlsFree", i, 0, 1);
  wedge_emit_close(w);
}

static void a_wait_that_never_ends_is_traced_to_its_signal(void) {
  struct wg_buf out = {0};
  write_handshake("ha", RELEASES, false);
  write_handshake("hb", SETS, false);
  CU_ASSERT_EQUAL(compare("ha", "hb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "thread 2 (2 there, entry 0x82002000): calls NtReleaseSemaphore"));
  CU_ASSERT_TRUE(first_says(&out, "where the reference calls NtSetEvent on the Event that thread 1 made"));
  CU_ASSERT_TRUE(says(&out, "waits in vain: NtWaitForSingleObjectEx"));
  wg_buf_release(&out);
}

// Some engines write the return of a wait when it begins: nothing comes after it, so it has not ended.
static void a_return_written_at_entry_is_seen_through(void) {
  struct wg_buf out = {0};
  write_handshake("la", RELEASES, true);
  write_handshake("lb", SETS, true);
  static const char *const sides[][2] = {{"la", "hb"}, {"la", "lb"}, {"ha", "lb"}};
  for (size_t i = 0; i < 3; i++) {
    CU_ASSERT_EQUAL(compare(sides[i][0], sides[i][1], &out), WG_DIFFERS);
    CU_ASSERT_TRUE(first_says(&out, "calls NtReleaseSemaphore"));
    CU_ASSERT_TRUE(says(&out, "waits in vain: NtWaitForSingleObjectEx"));
  }
  CU_ASSERT_EQUAL(compare("lb", "hb", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("hb", "lb", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("la", "ha", &out), WG_OK); // blocked in both
  wg_buf_release(&out);
}

// Created, started elsewhere, never run here.
static void write_started(const char *file, bool starts) {
  wedge_emit *w = tell_begin(file, 1);
  wedge_emit_thread_start(w, 1, tell_now(w), 0x82001000, 0);
  wedge_emit_thread_create(w, 1, tell_now(w), 2, 0x82002000, 0, 0xF800000C);
  for (uint32_t i = 0; i < 300; i++) {
    if (starts && i == 1) wedge_emit_thread_start(w, 2, tell_now(w), 0x82002000, 0);
    if (starts && i > 1 && i < 9) tell(w, 2, "KeTlsSetValue", 1, i, 1);
    tell(w, 1, "KeTlsFree", i, 0, 1);
  }
  wedge_emit_close(w);
}

static void a_thread_that_never_starts_is_named(void) {
  struct wg_buf out = {0};
  write_started("sa", false);
  write_started("sb", true);
  CU_ASSERT_EQUAL(compare("sa", "sb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(
      first_says(&out, "thread 2 (2 there, entry 0x82002000): is created and never runs; in the reference it does"));
  CU_ASSERT_EQUAL(compare("sa", "sa", &out), WG_OK);
  wg_buf_release(&out);
}

// So it is where the thread that has started is the first that the file tells of, the engine itself not being told.
static void write_without_engine(const char *from, const char *to) {
  struct wg_buf text = {0};
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_file_read(at(from), 1 << 20, &text, &err), WG_OK);
  const char *rest = strstr(text.data, "\"tid\":1,");
  while (rest && rest > text.data && rest[-1] != '\n') rest--;
  CU_ASSERT_PTR_NOT_NULL_FATAL(rest);
  CU_ASSERT_EQUAL(wg_file_write(at(to), rest, text.len - (size_t)(rest - text.data), &err), WG_OK);
  wg_buf_release(&text);
}

static void a_thread_that_never_starts_is_named_without_an_engine(void) {
  struct wg_buf out = {0};
  write_started("na", false);
  write_started("ns", true);
  write_without_engine("na", "ba");
  write_without_engine("ns", "bs");
  CU_ASSERT_EQUAL(compare("ba", "bs", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "is created and never runs; in the reference it does"));
  wg_buf_release(&out);
}

static void differs_not_from_itself(const char *name, const char *text, struct wg_buf *out) {
  struct wg_err err = {0};
  CU_ASSERT_EQUAL(wg_file_write(at(name), text, strlen(text), &err), WG_OK);
  CU_ASSERT_EQUAL(compare(name, name, out), WG_OK);
}

// A thread of which nothing but a lock is told, and not who made it, is still itself.
static void a_thread_that_tells_little_is_itself(void) {
  static const char text[] =
      "{\"kind\":\"thread.start\",\"tid\":8,\"idx\":0,\"entry\":\"0x82086378\",\"ctx\":\"0x0\"}\n"
      "{\"kind\":\"kernel.call\",\"tid\":7,\"idx\":7,\"name\":\"KeSetAffinityThread\",\"args\":[\"0x30028018\",\"0x4\"]"
      "}\n"
      "{\"kind\":\"kernel.call\",\"tid\":8,\"idx\":1,\"name\":\"RtlEnterCriticalSection\",\"args\":[\"0x82271a88\"]}\n"
      "{\"kind\":\"kernel.call\",\"tid\":9,\"idx\":0,\"name\":\"RtlEnterCriticalSection\",\"args\":[\"0x82271a88\"]}\n";
  struct wg_buf out = {0};
  differs_not_from_itself("little", text, &out);
  CU_ASSERT_TRUE(first_says(&out, "no difference: 3 calls here, 3 in the reference, 3 threads"));
  wg_buf_release(&out);
}

// The wait behind a line that is damaged counts for the call before, of which there is another like it.
static void a_thread_that_stands_in_the_second_of_two_is_itself(void) {
#define WAITS                                                                                                          \
  "{\"kind\":\"kernel.call\",\"tid\":2,\"idx\":1,\"name\":\"NtWaitForSingleObjectEx\",\"args\":[\"0xf800000c\","       \
  "\"0x1\",\"0x0\","                                                                                                   \
  "\"0x0\"]}\n"
#define INITS                                                                                                          \
  "{\"kind\":\"kernel.call\",\"tid\":2,\"idx\":85,\"name\":\"RtlInitAnsiString\",\"args\":[\"0x701bff14\","            \
  "\"0x820200ac\"]}\n"
  static const char text[] = WAITS INITS WAITS
      "{\"kind\":\"kernel.return\",\"tid\":2,\"idx\":4,\"name\":\"NtWaitForSingleObjectEx\",\"rv\":\"0x0\",\"status\":"
      "\"0x0\"}\n" INITS
      "{\"kind\":\"kernel.return\",\"tid\":2,\"idx\":86,\"name\":\"RtlInitAnsiString\",\"rv\":\"0x0\",\"void\":true}\n"
      "{\"kind\":\"wait.begin\",\"tid\":2,\"idx\":90,\"handles\":[\"e4f1538402ae3546\"],\"wait_type\":\"any\","
      "\"timeout_ns\":-1}\n";
  struct wg_buf out = {0};
  differs_not_from_itself("second", text, &out);
  wg_buf_release(&out);
}

static void an_exception_is_named(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = tell_begin(side ? "xb" : "xa", 1);
    for (uint32_t i = 0; i < 20; i++) tell(w, 1, "KeTlsSetValue", 1, i, 1);
    if (side == 0) tell_event(w, "exception", 1, ",\"pc\":\"0x82000004\",\"cause\":\"illegal instruction\"");
    for (uint32_t i = 0; side && i < 20; i++) tell(w, 1, "KeTlsFree", i, 0, 1);
    wedge_emit_close(w);
  }
  CU_ASSERT_EQUAL(compare("xa", "xb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "is the last call before an exception: illegal instruction"));
  CU_ASSERT_EQUAL(compare("xb", "xa", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "goes on; in the reference KeTlsSetValue"));
  CU_ASSERT_TRUE(first_says(&out, "is the last call before an exception: illegal instruction"));
  wg_buf_release(&out);
}

// Thread 1 takes a lock now and then, until it waits for it without end: thread 2 keeps it.
static void write_contention(const char *file, uint32_t pairs) {
  uint32_t lock[1] = {0x82030000};
  wedge_emit *w = tell_begin(file, 1);
  wedge_emit_thread_create(w, 1, tell_now(w), 2, 0x82002000, 0, 0xF800000C);
  for (uint32_t i = 0; i < 3 + pairs; i++) {
    if (i == 3) tell_plain(w, 1, "KeTlsAlloc", 1);
    tell_called(w, 1, "RtlEnterCriticalSection", lock, 1, 0);
    tell_called(w, 1, "RtlLeaveCriticalSection", lock, 1, 0);
  }
  tell_called(w, 2, "RtlEnterCriticalSection", lock, 1, 0);
  tell_args(w, 1, "RtlEnterCriticalSection", lock, 1);
  for (uint32_t i = 0; i < 500; i++) tell(w, 2, "KeTlsSetValue", i, 0, 1);
  wedge_emit_close(w);
}

// Which of the calls for a lock it is that never returns is chance.
static void a_lock_that_both_wait_for_is_no_difference(void) {
  struct wg_buf out = {0};
  write_contention("ka", 3);
  write_contention("kb", 5);
  static const char *const sides[][2] = {{"ka", "ka"}, {"kb", "kb"}, {"ka", "kb"}, {"kb", "ka"}};
  for (size_t i = 0; i < 4; i++) {
    CU_ASSERT_EQUAL(compare(sides[i][0], sides[i][1], &out), WG_OK);
    CU_ASSERT_TRUE(is_quiet(&out));
  }
  wg_buf_release(&out);
}

static void tell_try(wedge_emit *w, bool luck) {
  uint32_t args[4] = {0xF8000010, 1, 0, 0x70180000};
  tell_args(w, 1, "NtWaitForSingleObjectEx", args, 4);
  tell_event(w, "wait.begin", 1,
             ",\"handles\":[\"0xf8000010\"],\"wait_type\":\"any\",\"alertable\":false,\"timeout_ns\":0");
  tell_event(w, "wait.end", 1, luck ? ",\"status\":\"0x0\"" : ",\"status\":\"0x102\",\"satisfied_by\":\"timeout\"");
  tell_return(w, 1, "NtWaitForSingleObjectEx", luck ? 0 : 0x102);
}

static void write_try(const char *name, bool luck) {
  wedge_emit *w = tell_begin(name, 1);
  tell_plain(w, 1, "KeTlsAlloc", 1);
  tell_try(w, luck);
  if (luck) tell(w, 1, "NtReleaseSemaphore", 0xF8000010, 1, 0);
  tell_plain(w, 1, "NtClose", 0);
  wedge_emit_close(w);
}

// Who is first to try for an object is chance, and so is what it does then.
static void a_try_is_luck(void) {
  struct wg_buf out = {0};
  write_try("ta", true);
  write_try("tb", false);
  CU_ASSERT_EQUAL(compare("ta", "tb", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("tb", "ta", &out), WG_OK);
  wg_buf_release(&out);
}

// Signals of objects that nothing tells of: each makes one known.
static void signals_of_unknown_objects_are_read(void) {
  struct wg_buf out = {0};
  wedge_emit *w = tell_begin("us", 1);
  tell_plain(w, 1, "KeTlsAlloc", 1);
  for (unsigned i = 0; i < 1000; i++) {
    char members[96];
    snprintf(members, sizeof members, ",\"hsid\":\"%016x\",\"op\":\"set\",\"count\":1,\"previous\":%u", 0xABC000 + i,
             i & 1);
    tell_event(w, "signal", i & 1, members);
  }
  wedge_emit_close(w);
  CU_ASSERT_EQUAL(compare("us", "us", &out), WG_OK);
  wg_buf_release(&out);
}

static void read_back(const char *name, struct wg_buf *b) {
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_file_read(at(name), 1 << 24, b, &err), WG_OK);
}

// What a trace that was cut does not tell is no difference.
static void cut_at(const char *whole, size_t step) {
  struct wg_buf text = {0}, out = {0};
  struct wg_err err = {0};
  read_back(whole, &text);
  for (size_t n = 0; n < text.len; n += step) {
    CU_ASSERT_EQUAL_FATAL(wg_file_write(at("cut"), text.data, n, &err), WG_OK);
    for (int side = 0; side < 2; side++) {
      int code = compare(side ? whole : "cut", side ? "cut" : whole, &out);
      bool fine = code == WG_OK ? strstr(out.data, "no difference") != NULL : code == WG_INPUT;
      if (!fine) printf("\n%s cut at byte %zu, side %d: %d\n%s\n", whole, n, side, code, out.data);
      CU_ASSERT_TRUE_FATAL(fine);
    }
  }
  wg_buf_release(&text);
  wg_buf_release(&out);
}

static void write_short(const char *file) {
  wedge_emit *w = tell_begin(file, 1);
  wedge_emit_thread_create(w, 1, tell_now(w), 2, 0x82002000, 0, 0xF800000C);
  for (uint32_t i = 0; i < 6; i++) {
    tell_path(w, 1, "NtOpenFile", i & 1 ? "game:\\a.bin" : "game:\\b.bin", 0);
    tell(w, 2, "KeTlsSetValue", 1, i, 1);
    tell_wait(w, 1, 0xF8000100, false);
    tell(w, 2, "NtSetEvent", 0xF8000100, 0, 0);
    tell_wait_end(w, 1, false);
  }
  wedge_emit_thread_exit(w, 2, tell_now(w), 0);
  wedge_emit_close(w);
}

static void cut_anywhere_is_no_cause(void) {
  write_short("short");
  cut_at("short", 7);
}

static void cut_handshakes_are_no_cause(void) { cut_at("hb", 997); }

// The time at which a recording was stopped is no difference either.
static void a_trace_stopped_earlier_is_equal(void) {
  struct wg_buf out = {0};
  for (uint32_t side = 0; side < 2; side++) {
    wedge_emit *w = tell_begin(side ? "eb" : "ea", 1);
    for (uint32_t i = 0; i < (side ? 884 : 102); i++) tell(w, 1, "KeTlsSetValue", 1, i * i % 17, 1);
    if (side) tell(w, 1, "NtSetEvent", 0xF8000100, 0, 0);
    tell_stop(w);
  }
  CU_ASSERT_EQUAL(compare("ea", "eb", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("eb", "ea", &out), WG_OK);
  wg_buf_release(&out);
}

// Thread 2 waits at two places in turn, 4 ms each time but the last, when it is there already. v 1: the trace was
// stopped while it waits for the third, longer than for the last; 2: when that wait is over and its call is not.
static void rounds(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  for (unsigned i = 0; i < 7; i++) {
    bool there = i == 6;
    if (there) set(t, 1, E1, 0);
    waits(t, 2, E1);
    t->now += there ? 0 : v && i == 2 ? 2 * TALE_MS : 4 * TALE_MS;
    if (v == 1 && i == 2) return;
    if (!there) set(t, 1, E1, 0);
    end(t, 2, 0, there ? "already" : NULL);
    if (v == 2 && i == 2) return;
    ret(t, 2, 0);
    if (i == 6) break;
    CALL(t, 2, "NtSetEvent", i & 1 ? E2 : E3, 0);
    ret(t, 2, 0);
  }
  CALL(t, 2, "NtCreateFile", 1, 7);
  ret(t, 2, 1);
}

// Thread 2 waits for two events in turn, which a device sets. v 1: the device is slower, and the trace was stopped when
// a wait is over and its call is not.
static void turns(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 0);
  for (unsigned i = 0; i < 6; i++) {
    waits(t, 2, i & 1 ? E2 : E1);
    t->now += (v ? 12 : 4) * TALE_MS;
    sig(t, 0, i & 1 ? E2 : E1, "set", 1, 0);
    end(t, 2, 0, NULL);
    if (v && i == 4) return;
    ret(t, 2, 0);
  }
  CALL(t, 2, "VdGetSystemCommandBuffer", 1, 7);
  ret(t, 2, 1);
}

static void a_trace_stopped_in_a_round_is_equal(void) {
  static tale_story *const stories[] = {rounds, rounds, turns};
  struct wg_buf out = {0};
  for (int i = 0; i < 3; i++)
    for (int side = 0; side < 2; side++) {
      tale_write("whole", stories[i], 0, (struct tale_style){.foreign = i < 2});
      tale_write("stopped", stories[i], i == 1 ? 2 : 1, (struct tale_style){.foreign = i < 2, .limit = true});
      CU_ASSERT_EQUAL(compare(side ? "whole" : "stopped", side ? "stopped" : "whole", &out), WG_OK);
      CU_ASSERT_TRUE(says(&out, "no difference"));
    }
  wg_buf_release(&out);
}

// Thread 2 goes through its rounds and then waits for another event. v 1: in the middle of them thread 1 ends,
// which is where thread 2 stays, and not at what comes after the rounds there.
static void stays(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  event(t, E3, AUTO, 1);
  for (unsigned i = 0; i < 40; i++) {
    waits(t, 2, E1);
    if (v == 1 && i == 20) {
      CALL(t, 1, "ExTerminateThread", 0);
      pad(t, 3, 300);
      return;
    }
    set(t, 1, E1, 0);
    wakes(t, 2, 0, NULL);
    if (v == 2) waits(t, 2, 0x82004000);
    if (v == 2 && i == 20) {
      pad(t, 3, 300);
      return;
    }
    if (v == 2) wakes(t, 2, 0, "already");
    CALL(t, 2, "KeSetBasePriorityThread", 0x300faab8, 1);
    ret(t, 2, 0);
  }
  passes(t, 2, E3);
  CALL(t, 2, "NtClose", E3);
  ret(t, 2, 0);
  CALL(t, 1, "ExTerminateThread", 0);
}

static void a_thread_that_stays_in_a_round_is_compared_with_the_loop(void) {
  struct wg_buf out = {0};
  const struct tale_style style = {.foreign = true};
  tale_write("a", stays, 1, style);
  tale_write("b", stays, 0, style);
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "NtWaitForSingleObjectEx"));
  CU_ASSERT_TRUE(says(&out, "never returned: here event 120 of thread 2, there event 120 of thread 2"));
  CU_ASSERT_PTR_NULL(strstr(out.data, "another object"));
  tale_write("a", stays, 2, style); // at a call that the loop there does not have
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "KeWaitForSingleObject"));
  wg_buf_release(&out);
}

// Thread 2 waits; thread 1 sets the event, and 20 calls later the file ends. v: before it tells of the wait's end.
static void nearly_told(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  waits(t, 2, E1);
  pad(t, 1, 100);
  t->now += 40 * TALE_MS;
  sets(t, 1, E1, 0);
  if (!v) end(t, 2, 0, NULL);
  ret(t, 1, 0);
  if (!v) ret(t, 2, 0);
  if (!v) pad(t, 2, 5);
  t->now += 200 * TALE_MS;
  pad(t, 1, 20);
}

static void a_torn_file_may_lack_a_waits_end(void) {
  struct wg_buf out = {0};
  tale_write("b", nearly_told, 0, (struct tale_style){.foreign = true});
  tale_write("a", nearly_told, 1, (struct tale_style){.foreign = true, .torn = true});
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_OK);
  tale_write("a", nearly_told, 1, (struct tale_style){.foreign = true});
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  wg_buf_release(&out);
}

// Thread 2 waits in each round of a loop. v 1: the run was stopped while it waits for the fourth.
static void loop(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  for (unsigned i = 0; i < 8; i++) {
    waits(t, 2, E1);
    t->now += TALE_MS;
    pad(t, 1, 60);
    if (v && i == 3) return;
    sets(t, 1, E1, 0);
    end(t, 2, 0, NULL);
    ret(t, 1, 0);
    ret(t, 2, 0);
    CALL(t, 2, "KeTlsSetValue", 1, 7);
    ret(t, 2, 1);
  }
  CALL(t, 2, "ExTerminateThread", 0);
  pad(t, 1, 60);
}

// Whatever the other side tells of waits and however many events it has for a call.
static void a_run_stopped_in_a_round_is_equal(void) {
  struct wg_buf out = {0};
  for (int lacks = 0; lacks < 2; lacks++) {
    tale_write("a", loop, 1, (struct tale_style){.limit = true});
    tale_write("b", loop, 0, (struct tale_style){.foreign = true, .no_waits = lacks, .no_signals = lacks});
    CU_ASSERT_EQUAL(compare("a", "b", &out), WG_OK);
    CU_ASSERT_TRUE(says(&out, "no difference as far as both go"));
  }
  wg_buf_release(&out);
}

static void starts(struct tale *t, uint32_t tid) {
  if (tale_start(t, "thread.start", tid))
    fprintf(t->file, ",\"entry\":\"0x%x\",\"ctx\":\"0x0\"}\n", 0x82000000u + tid * 0x1000);
}

// Thread 5 begins late. v: the run is slower and ends before.
static void begins_late(struct tale *t, int v) {
  starts(t, 1);
  pad(t, 1, 5);
  CALL(t, 1, "ExCreateThread", 0x70000000, 0, 0, 0, 0x82005000, 0, 0);
  tale_thread(t, 1, 5);
  ret(t, 1, 0);
  pad(t, 1, v ? 80 : 90);
  if (v) t->now += 40 * TALE_MS;
  if (!v) starts(t, 5);
  if (!v) pad(t, 5, 10);
  pad(t, 1, v ? 5 : 60);
}

static void a_thread_that_begins_late_may_not_have_yet(void) {
  struct wg_buf out = {0};
  tale_write("a", begins_late, 1, (struct tale_style){.limit = true});
  tale_write("b", begins_late, 0, (struct tale_style){0});
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_OK);
  wg_buf_release(&out);
}

// Thread 2 is made suspended; where it is resumed in vain, nothing can start it any more. Of a file without a title.
static void write_resumed(const char *file, bool starts) {
  wedge_emit *w = wedge_emit_open(at(file), "test", "1", "");
  CU_ASSERT_PTR_NOT_NULL_FATAL(w);
  wedge_emit_thread_create(w, 0, 0, 1, 0x82001000, 0, 0xF8000008);
  wedge_emit_thread_start(w, 1, tell_now(w), 0x82001000, 0);
  uint32_t create[7] = {0x70180000, 0x10000, 0, 0, 0x82002000, 0, 1};
  tell_args(w, 1, "ExCreateThread", create, 7);
  wedge_emit_handle(w, 1, tell_now(w), 1, 0xF800000C, "Thread");
  wedge_emit_thread_create(w, 1, tell_now(w), 2, 0x82002000, 0, 0xF800000C);
  tell_return(w, 1, "ExCreateThread", 0);
  tell(w, 1, "NtResumeThread", 0xF800000C, 0, 0);
  tell_wait(w, 1, 0xF800000C, false);
  if (starts) {
    wedge_emit_thread_start(w, 2, tell_now(w), 0x82002000, 0);
    for (uint32_t i = 0; i < 5; i++) tell(w, 2, "KeTlsSetValue", 1, i, 1);
    wedge_emit_thread_exit(w, 2, tell_now(w), 0);
    tell_wait_end(w, 1, false);
    for (uint32_t i = 0; i < 5; i++) tell(w, 1, "KeTlsSetValue", 2, i, 1);
  }
  tell_stop(w);
}

static void a_thread_that_nothing_can_start_is_named(void) {
  struct wg_buf out = {0};
  write_resumed("a", false);
  write_resumed("b", true);
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(says(&out, "NtResumeThread on thread 2 is called as in the reference, but the thread never runs"));
  wg_buf_release(&out);
}

// A compiler makes two places of one call: the last answer before two threads part is compared all the same.
static void a_status_from_another_place_is_compared(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = tell_begin(side ? "b" : "a", 1);
    for (uint32_t i = 0; i < 2; i++) {
      uint32_t args[5] = {0xF8000100, 0x70180000, 0x70180004, 0x70180008, 0x70180010};
      uint32_t lr = side && i ? 0x82000200 : 0x82000100, code = side ? 1 : 3;
      wedge_emit_call(w, 1, tell_now(w), "NtRemoveIoCompletion", "xboxkrnl.exe", 1, lr, args, 5);
      tell_return(w, 1, "NtRemoveIoCompletion", i && !side ? 0x102 : 0);
      if (i == 0) continue;
      tell(w, 1, "NtSetEvent", 0xF8000200, 0, 0);
      tell_args(w, 1, "ExTerminateThread", &code, 1);
    }
    CU_ASSERT_EQUAL(wedge_emit_close(w), 0);
  }
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "NtRemoveIoCompletion"));
  CU_ASSERT_TRUE(first_says(&out, "returned STATUS_TIMEOUT (0x102); in the reference STATUS_SUCCESS (0x0)"));
  wg_buf_release(&out);
}

// Thread 2 ends, and a few events later the file does. v: before it tells that thread 1 goes on.
static void nearly_joined(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  waits(t, 1, 0xF8000020);
  for (unsigned i = 0; i < 60; i++) {
    CALL(t, 2, "KeTlsSetValue", 1, i);
    ret(t, 2, 1);
  }
  CALL(t, 2, "ExTerminateThread", 0);
  t->now += v ? 40 * TALE_MS : 0;
  pad(t, 3, 4);
  if (v) return;
  end(t, 1, 0, NULL);
  ret(t, 1, 0);
  pad(t, 1, 9);
}

static void a_torn_file_may_lack_a_join(void) {
  struct wg_buf out = {0};
  tale_write("b", nearly_joined, 0, (struct tale_style){.foreign = true});
  tale_write("a", nearly_joined, 1, (struct tale_style){.foreign = true, .torn = true});
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_OK);
  wg_buf_release(&out);
}

// An APC runs within an alertable wait and waits itself: each wait has the end that is told of it.
static void write_nested(const char *file, bool inner_ends, bool outer_ends) {
  wedge_emit *w = tell_begin(file, 1);
  tell(w, 1, "KeTlsSetValue", 1, 2, 1);
  tell_wait(w, 1, 0xF8000100, false);
  tell_wait(w, 1, 0xF8000104, false);
  if (inner_ends) tell_wait_end(w, 1, false);
  tell(w, 1, "KeTlsSetValue", 2, 3, 1);
  if (outer_ends) tell_wait_end(w, 1, false);
  for (uint32_t i = 0; i < 400; i++) tell(w, 2, "KeTlsFree", i, 0, 1);
  wedge_emit_close(w);
}

static void a_wait_within_a_wait(void) {
  static const struct {
    bool inner_ends, outer_ends;
    enum wg_final final;
    uint32_t blocked;
  } tales[] = {{true, true, WG_RUNNING, WG_NONE}, {true, false, WG_BLOCKED, 1}, {false, false, WG_BLOCKED, 2}};
  for (size_t i = 0; i < sizeof tales / sizeof *tales; i++) {
    struct wg_side s;
    struct wg_err err = {0};
    const struct wg_load_options o = {0};
    write_nested("n", tales[i].inner_ends, tales[i].outer_ends);
    CU_ASSERT_EQUAL_FATAL(wg_side_load(&s, at("n"), &o, NULL, NULL, &err), WG_OK);
    wg_finals(&s);
    const struct wg_dthread *t = wg_side_thread(&s, 1);
    CU_ASSERT_EQUAL_FATAL(t->nwaits, 2);
    CU_ASSERT_EQUAL(t->waits[0].step, 1);
    CU_ASSERT_EQUAL(t->waits[1].step, 2);
    CU_ASSERT_EQUAL(t->waits[0].end_seq != 0, tales[i].outer_ends);
    CU_ASSERT_EQUAL(t->waits[1].end_seq != 0, tales[i].inner_ends);
    if (tales[i].outer_ends) CU_ASSERT_TRUE(t->waits[0].end_seq > t->waits[1].end_seq);
    CU_ASSERT_EQUAL(t->final, tales[i].final);
    CU_ASSERT_EQUAL(t->blocked_step, tales[i].blocked);
    wg_side_release(&s);
  }
}

// Thread 1 sends thread 2 an APC, which ends its sleep there, and never comes here. Whose a kernel APC is is not told.
static void write_sent(const char *file, bool comes) {
  wedge_emit *w = tell_begin(file, 1);
  wedge_emit_thread_create(w, 1, tell_now(w), 2, 0x82002000, 0, 0xF800000C);
  tell(w, 2, "KeTlsSetValue", 1, 2, 1);
  tell(w, 1, "KeTlsSetValue", 1, 1, 1);
  uint32_t apc[4] = {0x82030000, 0, 0, 0}, sleep[3] = {1, 1, 0x70180000};
  tell_args(w, 2, "KeDelayExecutionThread", sleep, 3);
  tell_called(w, 1, "KeInsertQueueApc", apc, 4, 1);
  tell_return(w, 2, "KeDelayExecutionThread", comes ? 0xC0 : 0);
  for (uint32_t i = 0; i < 5; i++) tell(w, 2, "KeTlsSetValue", 2, i, 1);
  tell_stop(w);
}

static void an_apc_that_does_not_come_is_traced_to_its_sender(void) {
  struct wg_buf out = {0};
  write_sent("a", false);
  write_sent("b", true);
  CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(says(&out,
                      "\nthread 1 (1 there, entry 0x82001000): KeInsertQueueApc is called as in the reference, but "
                      "what it sets off never happens"));
  wg_buf_release(&out);
}

// Thread 1 waits for an event and one of two timers that threads 2 and 3 have set. In the reference (v & 1) both go
// off, here neither does: which of the signals that no thread makes ended the wait, its object tells.
static void timers(struct tale *t, int v) {
  const uint32_t objects[] = {E1, v & 2 ? E3 : E2};
  event(t, E1, AUTO, 0);
  timer(t, E2, AUTO);
  timer(t, E3, AUTO);
  for (uint32_t i = 2; i <= 3; i++) { // when they are due is not told, so that no law is broken
    CALL(t, i, "NtSetTimerEx", i == 2 ? E2 : E3, 0x70000100, 0, 1, 0, 0, 0, 0);
    ret(t, i, 0);
  }
  CALL(t, 1, "NtWaitForMultipleObjectsEx", 2, 0x70000200, 1, 1, 0, 0);
  begin(t, 1, objects, 2, "any", false, -1);
  for (unsigned i = 0; v & 1 && i < 2; i++) sig(t, 0, i ? objects[1] : (objects[1] ^ E2 ^ E3), "fire", 1, 0);
  if (v & 1) wakes(t, 1, 1, NULL);
  pad(t, 4, 500);
}

static void the_timer_that_ended_a_wait_is_known_by_its_signal(void) {
  struct wg_buf out = {0};
  for (int which = 0; which <= 2; which += 2) {
    tale_write("a", timers, which, (struct tale_style){0});
    tale_write("b", timers, which | 1, (struct tale_style){0});
    CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
    CU_ASSERT_EQUAL(strncmp(out.data, which ? "thread 3 (3 there" : "thread 2 (2 there", 17), 0);
    CU_ASSERT_TRUE(
        says(&out, "NtSetTimerEx on the Timer that thread 1 made at 0x82000100 is called as in the reference"));
  }
  wg_buf_release(&out);
}

// Thread 2 waits for a while, and then ends the wait of thread 1. v: the file is cut before that.
static void cut_in_a_wait(struct tale *t, int v) {
  event(t, E1, AUTO, 0);
  waits(t, 1, E1);
  event(t, E2, AUTO, 0);
  waits_as(t, 2, E2, 10, false);
  if (v) return;
  t->now += 10 * TALE_MS;
  wakes(t, 2, 0x102, "timeout");
  sets(t, 2, E1, 0);
  wakes(t, 1, 0, NULL);
  pad(t, 1, 9);
}

// Nothing says whether it was cut there, or hangs: which side ends and which one goes on is told as it is.
static void a_file_that_ends_in_a_wait_is_undecided(void) {
  struct wg_buf out = {0};
  tale_write("whole", cut_in_a_wait, 0, (struct tale_style){0});
  tale_write("cut", cut_in_a_wait, 1, (struct tale_style){.torn = true});
  CU_ASSERT_EQUAL(compare("cut", "whole", &out), WG_OK);
  CU_ASSERT_TRUE(says(&out, "undecided: this side ends where thread 1 "));
  CU_ASSERT_TRUE(says(&out, " and the reference goes on: cut, or hanging, which its file does not tell"));
  wg_buf_clear(&out);
  CU_ASSERT_EQUAL(compare("whole", "cut", &out), WG_OK);
  CU_ASSERT_TRUE(says(&out, "undecided: the reference ends where thread 1 "));
  CU_ASSERT_TRUE(says(&out, " and this side goes on: cut, or hanging, which its file does not tell"));
  wg_buf_release(&out);
}

// Thread 1 waits for E1 at last. In the reference (v & 1) it has set an event before: E1 itself, or (v & 2) E2, for
// which thread 2 waits before it sets E1; or (v & 4) it has done what signals nothing.
static void sets_before_it_waits(struct tale *t, int v) {
  bool there = v & 1, other = v & 2;
  event(t, E1, AUTO, 0);
  event(t, E2, AUTO, 0);
  if (other) waits(t, 2, E2);
  if (there && v & 4) {
    CALL(t, 1, "KeTlsSetValue", 1, 7);
    ret(t, 1, 1);
  } else if (there) {
    set(t, 1, other ? E2 : E1, 0);
  }
  if (there && other) wakes(t, 2, 0, NULL);
  if (there && other) set(t, 2, E1, 0);
  if (there)
    passes(t, 1, E1);
  else
    waits(t, 1, E1);
  pad(t, 3, 60);
}

// That the thread then waits in vain for what it should have signalled is said; not so where another thread waits for
// that, or where its call would have signalled nothing.
static void what_it_then_waits_for_is_said(void) {
  static const char words[] = ", which it then waits for: here that wait never ends";
  struct wg_buf out = {0};
  for (int v = 0; v <= 4; v += 2) {
    const struct tale_style style = {.host_clock = v & 4}; // which law is broken is not asked there
    tale_write("a", sets_before_it_waits, v, style);
    tale_write("b", sets_before_it_waits, v | 1, style);
    wg_buf_clear(&out);
    CU_ASSERT_EQUAL(compare("a", "b", &out), WG_DIFFERS);
    CU_ASSERT_TRUE(first_says(&out, v & 4 ? "KeTlsSetValue" : "NtSetEvent"));
    CU_ASSERT_EQUAL(strstr(out.data, words) != NULL, v == 0);
    CU_ASSERT_EQUAL(strstr(out.data, "here that wait never ends") != NULL, v == 0);
  }
  wg_buf_release(&out);
}

// The title registers for interrupts (v & 1: for audio), whose first one comes 10 ms later, if at all (v & 2); what
// there is ends after 15 ms, or (v & 4) 40.
static void callbacks(struct tale *t, int v) {
  CALL(t, 1, v & 1 ? "XAudioRegisterRenderDriverClient" : "VdSetGraphicsInterruptCallback", 0x82005000, 0);
  ret(t, 1, 0);
  uint64_t begun = t->now;
  for (unsigned i = 0; v & 2 && i < 3; i++) {
    t->now = begun + (10 + i) * TALE_MS;
    if (tale_start(t, v & 1 ? "apu.callback" : "gpu.interrupt", 0))
      fprintf(t->file, v & 1 ? ",\"count\":1}\n" : ",\"source\":0,\"value\":2}\n");
  }
  t->now = begun + (v & 4 ? 40 : 15) * TALE_MS;
  pad(t, 1, 9);
}

// No law is asked here, as the clock is the host's. One that is not due yet is no difference.
static void callbacks_that_never_come_are_named(void) {
  const struct tale_style style = {.host_clock = true};
  struct wg_buf out = {0};
  for (int kind = 0; kind < 2; kind++) {
    tale_write("b", callbacks, kind | 2 | 4, style);
    tale_write("late", callbacks, kind | 4, style);
    tale_write("early", callbacks, kind, style);
    wg_buf_clear(&out);
    CU_ASSERT_EQUAL(compare("late", "b", &out), WG_DIFFERS);
    CU_ASSERT_TRUE(first_says(&out, kind ? "XAudioRegisterRenderDriverClient is called as in the reference, but the "
                                           "callback never comes; there it comes 3 times"
                                         : "VdSetGraphicsInterruptCallback is called as in the reference, but the "
                                           "interrupt never comes; there it comes 3 times"));
    wg_buf_clear(&out);
    CU_ASSERT_EQUAL(compare("early", "b", &out), WG_OK);
  }
  wg_buf_release(&out);
}

// Thread 2's first call is its last: it does not come back, or does.
static void write_first_call(const char *file, bool returns) {
  uint32_t size[6] = {0, 0x1000, 0x404, 0, 0xFFFFFFFF, 0};
  wedge_emit *w = tell_begin(file, 1);
  wedge_emit_thread_create(w, 1, tell_now(w), 2, 0x82002000, 0, 0xF800000C);
  wedge_emit_thread_start(w, 2, tell_now(w), 0x82002000, 0);
  tell_args(w, 2, "MmAllocatePhysicalMemoryEx", size, 6);
  if (returns) tell_return(w, 2, "MmAllocatePhysicalMemoryEx", 0xA0000000);
  if (returns) tell_plain(w, 2, "KeTlsAlloc", 1);
  for (uint32_t i = 0; i < 20000; i++) tell(w, 1, "KeTlsSetValue", i, 0, 1);
  wedge_emit_close(w);
}

static void a_first_call_that_never_returns(void) {
  struct wg_buf out = {0};
  write_first_call("fa", false);
  write_first_call("fb", true);
  CU_ASSERT_EQUAL(compare("fa", "fb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "thread 2 (2 there, entry 0x82002000): MmAllocatePhysicalMemoryEx"));
  CU_ASSERT_EQUAL(compare("fa", "fa", &out), WG_OK);
  wg_buf_release(&out);
}

WG_MAIN("diff_ends", {"a first call that never returns", a_first_call_that_never_returns},
        {"an APC that does not come is traced to its sender", an_apc_that_does_not_come_is_traced_to_its_sender},
        {"a file that ends in a wait is undecided", a_file_that_ends_in_a_wait_is_undecided},
        {"what it then waits for is said", what_it_then_waits_for_is_said},
        {"callbacks that never come are named", callbacks_that_never_come_are_named},
        {"the timer that ended a wait is known by its signal", the_timer_that_ended_a_wait_is_known_by_its_signal},
        {"a wait that never ends is traced to its signal", a_wait_that_never_ends_is_traced_to_its_signal},
        {"a return written at entry is seen through", a_return_written_at_entry_is_seen_through},
        {"a thread that never starts is named", a_thread_that_never_starts_is_named},
        {"a thread that never starts is named without an engine",
         a_thread_that_never_starts_is_named_without_an_engine},
        {"a thread that tells little is itself", a_thread_that_tells_little_is_itself},
        {"a thread that stands in the second of two is itself", a_thread_that_stands_in_the_second_of_two_is_itself},
        {"an exception is named", an_exception_is_named},
        {"a lock that both wait for is no difference", a_lock_that_both_wait_for_is_no_difference},
        {"a try is luck", a_try_is_luck}, {"signals of unknown objects are read", signals_of_unknown_objects_are_read},
        {"cut anywhere is no cause", cut_anywhere_is_no_cause},
        {"cut handshakes are no cause", cut_handshakes_are_no_cause},
        {"a trace stopped earlier is equal", a_trace_stopped_earlier_is_equal},
        {"a trace stopped in a round is equal", a_trace_stopped_in_a_round_is_equal},
        {"a thread that stays in a round is compared with the loop",
         a_thread_that_stays_in_a_round_is_compared_with_the_loop},
        {"a torn file may lack a wait's end", a_torn_file_may_lack_a_waits_end},
        {"a thread that nothing can start is named", a_thread_that_nothing_can_start_is_named},
        {"a status from another place is compared", a_status_from_another_place_is_compared},
        {"a wait within a wait", a_wait_within_a_wait}, {"a torn file may lack a join", a_torn_file_may_lack_a_join},
        {"a run stopped in a round is equal", a_run_stopped_in_a_round_is_equal},
        {"a thread that begins late may not have yet", a_thread_that_begins_late_may_not_have_yet})
