// Stock logs, whatever their line ends; damaged, empty and foreign files.
#include "tests/telling.h"

#define HEAD                                                                                                           \
  "i> 00000100 XThreadF8000008 (6) Stack: 70150000-70190000\n"                                                         \
  "K> F8000008 XThread::Execute thid 6 (handle=F8000008, 'Main XThread (F8000008)', native=8DADD6C0)\n"                \
  "d> F8000008 NtCreateFile(7018F380(0), 80100080, 7018F398(FFFFFFFD,game:\\a.bin,00000040), 7018F390)\n"

static void write_text(const char *name, const char *text) {
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at(name), text, strlen(text), &err), WG_OK);
}

// No results, handles as thread ids.
static void two_stock_logs_are_compared(void) {
  struct wg_buf out = {0};
  write_text("la", HEAD "d> F8000008 NtReadFile(F8000014, 00000010)\n");
  write_text("lb", HEAD "d> F8000008 RtlNtStatusToDosError(C0000034)\n");
  CU_ASSERT_EQUAL(compare("la", "lb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "thread 6 (6 there"));
  // No kernel has a title call something else: of what the call before gave neither tells.
  CU_ASSERT_TRUE(
      first_says(&out, "NtCreateFile(\"game:\\a.bin\") seems to give something else; after it, calls NtReadFile"));
  CU_ASSERT_TRUE(first_says(&out, "where the reference calls RtlNtStatusToDosError"));
  CU_ASSERT_EQUAL(compare("la", "la", &out), WG_OK);
  // Nor is it told of the calls before that: they come next.
  write_text("lc", HEAD "d> F8000008 XGetAVPack()\n"
                        "d> F8000008 NtReadFile(F8000014, 00000010)\n");
  write_text("ld", HEAD "d> F8000008 XGetAVPack()\n"
                        "d> F8000008 KeTlsAlloc()\n");
  CU_ASSERT_EQUAL(compare("lc", "ld", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(says(&out, "  2. thread 6 (6 there): "));
  CU_ASSERT_TRUE(says(&out, " may have given something else, too\n"));
  wg_buf_release(&out);
}

#define ASKS "d> F8000014 NtWaitForSingleObjectEx(F800000C, 00000001, 00000000, 701CFF00(FFFFFFFFFFFFB1E0))\n"

#define MAIN                                                                                                           \
  "i> 00000100 XThreadF8000008 (6) Stack: 70150000-70190000\n"                                                         \
  "K> F8000008 XThread::Execute thid 6 (handle=F8000008, 'Main XThread (F8000008)', native=8DADD6C0)\n"
// Two events, and a worker.
#define TWO_THREADS                                                                                                    \
  "d> F8000008 NtCreateEvent(7018FF00(00000000), 00000000, 00000001, 00000000)\n"                                      \
  "i> F8000008 Added handle:F800000C for N2xe6kernel6XEventE\n"                                                        \
  "d> F8000008 NtCreateEvent(7018FF04(00000000), 00000000, 00000001, 00000000)\n"                                      \
  "i> F8000008 Added handle:F8000010 for N2xe6kernel6XEventE\n"                                                        \
  "d> F8000008 ExCreateThread(7018FF08(00000000), 00008000, 00000000, 00000000, 82010100, 00000000, 02000000)\n"       \
  "i> F8000008 Added handle:F8000014 for N2xe6kernel7XThreadE\n"                                                       \
  "i> F8000008 XThreadF8000014 (7) Stack: 701A0000-701B0000\n"                                                         \
  "K> F8000014 XThread::Execute thid 7 (handle=F8000014, 'XThread (F8000014)', native=8DADD6C0)\n"

// Main asks a worker for something, which asks again and again with a limit, and waits for its answer. A log tells
// neither results nor how waits end.
static void write_asked(const char *name, bool answered) {
  struct wg_buf t = {0};
  wg_buf_str(&t, MAIN TWO_THREADS "d> F8000008 NtSetEvent(F800000C, 00000000)\n"
                                  "d> F8000008 NtWaitForSingleObjectEx(F8000010, 00000001, 00000000, 00000000)\n" ASKS);
  for (int i = 0; !answered && i < 300; i++) wg_buf_str(&t, ASKS);
  if (answered)
    wg_buf_str(&t, "d> F8000014 NtSetEvent(F8000010, 00000000)\n"
                   "d> F8000014 ExTerminateThread(00000000)\n"
                   "d> F8000008 NtClose(F800000C)\n");
  write_text(name, t.data);
  wg_buf_release(&t);
}

static void a_limit_that_passes_again_and_again_is_traced_to_the_signal(void) {
  struct wg_buf out = {0};
  write_asked("aa", false);
  write_asked("ab", true);
  CU_ASSERT_EQUAL(compare("aa", "ab", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "thread 6 (6 there): NtSetEvent on"));
  CU_ASSERT_EQUAL(compare("ab", "ab", &out), WG_OK);
  wg_buf_release(&out);
}

#define JOINS "d> F8000008 NtWaitForSingleObjectEx(F8000014, 00000001, 00000000, 00000000)\n"
#define SHUTS "d> F8000014 ExTerminateThread(00000000)\nd> F8000008 NtClose(F800000C)\n"

// A worker enters a lock that main has again and again. v 1: it never gets it.
static void write_overtaken(const char *name, int v) {
  struct wg_buf t = {0};
  wg_buf_str(&t, MAIN "d> F8000008 RtlInitializeCriticalSection(82030000)\n" TWO_THREADS
                      "d> F8000014 RtlEnterCriticalSection(82030000)\n");
  if (v == 0) wg_buf_str(&t, "d> F8000014 RtlLeaveCriticalSection(82030000)\n" SHUTS);
  for (int i = 0; i < 120; i++)
    wg_buf_str(&t, "d> F8000008 RtlEnterCriticalSection(82030000)\nd> F8000008 XGetAVPack()\n"
                   "d> F8000008 RtlLeaveCriticalSection(82030000)\n");
  wg_buf_str(&t, JOINS);
  if (v == 0) wg_buf_str(&t, "d> F8000008 NtClose(F8000014)\n");
  write_text(name, t.data);
  wg_buf_release(&t);
}

static void a_lock_that_others_get_is_free(void) {
  struct wg_buf out = {0};
  write_overtaken("va", 1);
  write_overtaken("vb", 0);
  CU_ASSERT_EQUAL(compare("va", "vb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "thread 7 (7 there, entry 0x82010100): RtlEnterCriticalSection"));
  CU_ASSERT_TRUE(first_says(&out, "never returns"));
  wg_buf_release(&out);
}

// Main gives up waiting for what a worker should signal, and joins it. v 1: the worker does not come back from a call.
static void write_stays(const char *name, int v) {
  struct wg_buf t = {0};
  wg_buf_str(&t, MAIN TWO_THREADS
             "d> F8000014 NtFlushBuffersFile(F8000020, 701CFF00)\n"
             "d> F8000008 NtWaitForSingleObjectEx(F8000010, 00000001, 00000000, 7018FF00(FFFFFFFFFFFFB1E0))\n");
  if (v)
    wg_buf_str(&t, "d> F8000008 DbgPrint(82020000(it is late\n), ContextArg)\n");
  else
    wg_buf_str(&t, "d> F8000014 NtSetEvent(F8000010, 00000000)\n" SHUTS);
  for (int i = 0; i < 120; i++) wg_buf_str(&t, "d> F8000008 XGetAVPack()\nd> F8000008 KeTlsGetValue(00000001)\n");
  wg_buf_str(&t, JOINS);
  if (v == 0) wg_buf_str(&t, "d> F8000008 NtClose(F8000014)\n");
  write_text(name, t.data);
  wg_buf_release(&t);
}

static void who_stays_in_a_call_is_named(void) {
  struct wg_buf out = {0};
  write_stays("sa", 1);
  write_stays("sb", 0);
  CU_ASSERT_EQUAL(compare("sa", "sb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "thread 7 (7 there, entry 0x82010100): NtFlushBuffersFile"));
  CU_ASSERT_TRUE(first_says(&out, "never returns"));
  wg_buf_release(&out);
}

static const char calls[] = HEAD "d> F8000008 NtReadFile(F8000014, 00000010)\n"
                                 "d> F8000008 KeTlsSetValue(00000001, FFFFFFFFFFFB6C20)\n"
                                 "d> F8000008 NtClose(F8000014)\n"
                                 "d> F8000008 KeTlsAlloc()\n";

static void line_ends_do_not_count(void) {
  struct wg_buf crlf = {0}, out = {0};
  for (const char *p = calls; *p; p++) {
    if (*p == '\n') wg_buf_char(&crlf, '\r');
    wg_buf_char(&crlf, *p);
  }
  write_text("ca", calls);
  write_text("cb", crlf.data);
  CU_ASSERT_EQUAL(compare("ca", "cb", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("cb", "ca", &out), WG_OK);
  struct wg_err err = {0};
  for (size_t i = 0; i < crlf.len; i++)
    if (crlf.data[i] == '\r') crlf.data[i] = 0;
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at("cb"), crlf.data, crlf.len, &err), WG_OK);
  CU_ASSERT_EQUAL(compare("ca", "cb", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("cb", "ca", &out), WG_OK);
  wg_buf_release(&crlf);
  wg_buf_release(&out);
}

// A log has neither results nor call sites, and extends what it prints: a trace of the same calls is its like.
static void a_log_and_a_trace_of_the_same_calls(void) {
  struct wg_buf out = {0};
  uint32_t open[4] = {0x60001000, 0x80100080, 0x60001020, 0x60001030}, read[2] = {0x1234, 0x10};
  uint32_t slot[2] = {1, 0xFFFB6C20}, handle[1] = {0x1234};
  wedge_emit *w = wedge_emit_open(at("ta"), "test", "1", "t.xex");
  CU_ASSERT_PTR_NOT_NULL_FATAL(w);
  wedge_emit_thread_create(w, 0, 0, 1, 0x82001000, 0, 0x1000);
  tell_called(w, 1, "NtCreateFile", open, 4, 0);
  tell_called(w, 1, "NtReadFile", read, 2, 0);
  tell_called(w, 1, "KeTlsSetValue", slot, 2, 1);
  tell_called(w, 1, "NtClose", handle, 1, 0);
  tell_plain(w, 1, "KeTlsAlloc", 1);
  wedge_emit_close(w);
  CU_ASSERT_EQUAL(compare("ta", "ca", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("ca", "ta", &out), WG_OK);
  wg_buf_release(&out);
}

// A handle that nothing told of is the duplicate that was made, and its object is signalled.
static void an_untold_duplicate_is_its_object(void) {
  static const char made[] = HEAD "d> F8000008 NtCreateEvent(70180000, 00000000, 00000000, 00000000)\n"
                                  "i> F8000008 Added handle:F8000020 for N2xe6kernel6XEventE\n"
                                  "d> F8000008 NtSetEvent(F8000020, 00000000)\n"
                                  "d> F8000008 NtDuplicateObject(F8000020, 70180004, 00000000)\n"
                                  "d> F8000008 NtWaitForSingleObjectEx(F8000038, 00000001, 00000000, 00000000)\n";
  struct wg_buf out = {0}, more = {0};
  wg_buf_printf(&more, "%sd> F8000008 NtClose(F8000038)\nd> F8000008 NtClose(F8000020)\n", made);
  write_text("da", made);
  write_text("db", more.data);
  CU_ASSERT_EQUAL(compare("da", "db", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("db", "da", &out), WG_OK);
  wg_buf_release(&more);
  wg_buf_release(&out);
}

static void logs_without_calls_say_what_is_needed(void) {
  struct wg_buf out = {0};
  write_text("na", "i> 00000100 Storage root: /x\ni> 00000100 Title name: y\n");
  CU_ASSERT_EQUAL(compare("na", "na", &out), WG_INPUT);
  CU_ASSERT_TRUE(says(&out, "records no kernel calls"));
  CU_ASSERT_TRUE(says(&out, "log_level = 3"));
  CU_ASSERT_EQUAL(compare("ca", "na", &out), WG_INPUT);
  CU_ASSERT_EQUAL(compare("na", "ca", &out), WG_INPUT);
  wg_buf_release(&out);
}

// The message names the file, what it is, and what would be right.
static void what_is_no_log_is_refused(void) {
  struct wg_buf out = {0};
  static const struct {
    const char *file, *is;
  } files[] = {
      {"empty", "is empty"},
      {"blank", "holds nothing but blank lines"},
      {"words", "is neither a trace nor a known log"},
      {"nowhere", "No such file"},
      {"folder", "is a folder without trace.jsonl.zst, so no run"},
      {"hollow", "is a folder"},
      {"begun", "the run was killed before its first event was written, or has just begun"},
      {"head", "records no kernel calls, so there is nothing to compare (it only has 1 event of other kinds). A trace "
               "has them as events"},
      {"nameless", "none of its 1 kernel calls tells its name, nor a module and ordinal that are known, so there is "
                   "nothing to compare"},
      {"cut",
       "so there is nothing to compare (it only has 1 event of other kinds); it is damaged: truncated in line 2"}};
  struct wg_err err = {0};
  static const char header[] = "{\"kind\":\"trace.header\",\"tid\":0,\"idx\":0,\"host_ns\":0,\"schema\":1}\n";
  write_text("empty", "");
  write_text("blank", "\n \r\n");
  write_text("words", "what is this\nno log\n");
  write_text("head", "{\"kind\":\"signal\",\"tid\":1,\"idx\":0}\n");
  write_text("nameless",
             "{\"kind\":\"kernel.call\",\"tid\":1,\"idx\":0,\"host_ns\":0,\"module\":\"other\",\"ordinal\":1}\n");
  char cut[200];
  snprintf(cut, sizeof cut, "%s{\"kind\":\"kernel.c", header);
  write_text("cut", cut);
  wg_mkdir_p(at("folder"), &err);
  wg_mkdir_p(at("hollow/trace.jsonl.zst"), &err);
  wg_mkdir_p(at("begun"), &err);
  write_text("begun/trace.jsonl.zst", "");
  for (size_t i = 0; i < sizeof files / sizeof *files; i++)
    for (int side = 0; side < 2; side++) {
      CU_ASSERT_EQUAL(compare(side ? "ca" : files[i].file, side ? files[i].file : "ca", &out), WG_INPUT);
      CU_ASSERT_TRUE(says(&out, files[i].file));
      if (!says(&out, files[i].is)) printf("\n  %s", out.data);
      CU_ASSERT_TRUE(says(&out, files[i].is));
    }
  wg_buf_clear(&out);
  struct wg_diff_options o = {.thread = -1};
  CU_ASSERT_EQUAL(wg_diff(at("ca"), "/dev/null", NULL, 0, &o, &out, &err), WG_INPUT);
  CU_ASSERT_STRING_EQUAL(err.msg, "/dev/null: is a device; expected a run, a trace or a log");
  wg_buf_release(&out);
}

static struct wg_err thread_error(const char *map, long thread) {
  struct wg_err err = {0};
  struct wg_buf out = {0};
  struct wg_diff_options o = {.thread = thread, .map = map};
  CU_ASSERT_EQUAL(wg_diff(at("xa"), at("xb"), NULL, 0, &o, &out, &err), WG_INPUT);
  wg_buf_release(&out);
  return err;
}

// A thread that the user names and that is not there is an error that lists those that are.
static void threads_that_are_not_there_are_refused(void) {
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = tell_begin(side ? "xb" : "xa", side ? 6 : 1);
    tell_plain(w, side ? 6 : 1, "KeTlsAlloc", 1);
    tell_plain(w, side ? 9 : 4, "KeTlsFree", 1);
    wedge_emit_close(w);
  }
  static const struct {
    const char *map;
    long thread;
    const char *says;
  } cases[] = {
      {NULL, 77, "--thread: ???xa has no thread 77; the threads that make calls are 1, 4"},
      {NULL, 4294967297, "--thread: ???xa has no thread 4294967297; the threads that make calls are 1, 4"},
      {"77=6", -1, "--map: ???xa has no thread 77; the threads that make calls are 1, 4"},
      {"1=6,4=77", -1, "--map: ???xb has no thread 77; the threads that make calls are 6, 9"},
      {"1=6,1=9", -1, "--map 1=9: a thread is named twice"},
      {"4294967297=6", -1, "--map: expected HERE=REFERENCE thread numbers separated by commas, got '4294967297=6'"},
      {"-1=6", -1, "--map: expected HERE=REFERENCE"},
      {"1=6,", -1, "--map: expected HERE=REFERENCE"},
      {"1", -1, "--map: expected HERE=REFERENCE"},
      {"1=6x", -1, "--map: expected HERE=REFERENCE"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct wg_err err = thread_error(cases[i].map, cases[i].thread);
    const char *any = strstr(cases[i].says, "???");
    size_t head = any ? (size_t)(any - cases[i].says) : strlen(cases[i].says);
    if (strncmp(err.msg, cases[i].says, head) != 0 || (any && strstr(err.msg, any + 3) == NULL))
      printf("\n  %s", err.msg);
    CU_ASSERT_EQUAL(strncmp(err.msg, cases[i].says, head), 0);
    CU_ASSERT_TRUE(any == NULL || strstr(err.msg, any + 3) != NULL);
  }
}

static void write_title(const char *file, const char *module, const char *sha, const char *entry, bool other) {
  struct wg_buf m = {0};
  wedge_emit *w = tell_begin(file, 1);
  wg_buf_printf(&m, ",\"name\":\"%s\",\"base\":\"0x82000000\",\"entry\":\"%s\",\"path\":\"game:\\\\%s\"", module, entry,
                module);
  if (sha) wg_buf_printf(&m, ",\"sha256\":\"%s\"", sha);
  tell_event(w, "module.load", 0, m.data);
  tell_plain(w, 1, "NetDll_WSACleanup", other ? 2 : 1);
  wedge_emit_close(w);
  wg_buf_release(&m);
}

// Another build of a title that makes the same calls is a difference, and a mere consequence of it a cause.
static void another_title_with_the_same_calls_is_a_difference(void) {
  struct wg_buf out = {0};
  write_title("m1", "a.xex", "11", "0x82000100", false);
  write_title("m2", "a.xex", "22", "0x82000100", false);
  write_title("m3", "b.xex", "11", "0x82000100", false);
  write_title("m4", "a.xex", NULL, "0x82000100", false);
  write_title("m5", "a.xex", NULL, "0x82000200", false);
  write_title("m6", "a.xex", "22", "0x82000100", true);
  CU_ASSERT_EQUAL(compare("m1", "m2", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "the titles are not the same: a.xex has the SHA-256 11 here and 22 in the reference; "
                                  "in their calls no difference"));
  CU_ASSERT_EQUAL(compare("m1", "m3", &out), WG_OK); // renamed
  CU_ASSERT_EQUAL(compare("m1", "m4", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("m4", "m5", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "a.xex has its entry at 0x82000100 here and 0x82000200 in the reference"));
  CU_ASSERT_EQUAL(compare("m6", "m1", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "NetDll_WSACleanup returned 0x2"));
  CU_ASSERT_TRUE(says(&out, "  - the titles are not the same: a.xex has the SHA-256 22 here and 11 in the reference"));
  struct wg_diff_options o = {.thread = -1, .format = WG_DIFF_JSON};
  CU_ASSERT_EQUAL(compare_with("m1", "m2", NULL, &o, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(says(&out, "\"equal\":false,\"titles\":\"a.xex has the SHA-256"));
  CU_ASSERT_TRUE(says(&out, "\"cause\":\"the titles are not the same"));
  wg_buf_release(&out);
}

// A library that is unloaded, written anew and loaded again is its second here and its second there.
static void a_module_loaded_again_is_compared_with_its_like(void) {
  static const char *const digests[] = {"11", "22", "33"};
  struct wg_buf out = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = tell_begin(side ? "l2" : "l1", 1);
    for (size_t i = 0; i < 3; i++) {
      struct wg_buf m = {0};
      wg_buf_printf(&m, ",\"name\":\"%s\",\"base\":\"0x82000000\",\"entry\":\"0x82000100\",\"sha256\":\"%s\"",
                    i ? "lib.dll" : "a.xex", side && i == 2 ? "44" : digests[i]);
      tell_event(w, "module.load", 0, m.data);
      wg_buf_release(&m);
    }
    tell_plain(w, 1, "KeTlsAlloc", 1);
    wedge_emit_close(w);
  }
  CU_ASSERT_EQUAL(compare("l1", "l1", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("l1", "l2", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "lib.dll has the SHA-256 33 here and 44 in the reference"));
  wg_buf_release(&out);
}

// A damaged side is the first thing said, whatever comes of the comparison.
static void damage_is_said_first(void) {
  struct wg_buf out = {0}, text = {0};
  struct wg_err err = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = tell_begin(side ? "db" : "da", 1);
    for (uint32_t i = 0; i < 30; i++) tell(w, 1, "KeTlsSetValue", 1, i, 1);
    tell_plain(w, 1, "NetDll_WSACleanup", side ? 1 : 2);
    wedge_emit_close(w);
  }
  CU_ASSERT_EQUAL_FATAL(wg_file_read(at("da"), 1 << 20, &text, &err), WG_OK);
  char *line = strstr(text.data, "{\"kind\":\"kernel.return\"");
  CU_ASSERT_PTR_NOT_NULL_FATAL(line);
  memcpy(line + 10, "\"\"\"\x1b[", 5);
  CU_ASSERT_EQUAL(wg_file_write(at("dc"), text.data, text.len, &err), WG_OK);
  CU_ASSERT_EQUAL(compare("dc", "db", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "damaged, this side: "));
  CU_ASSERT_TRUE(
      says(&out, "\nthread 1 (1 there, entry 0x82001000): NetDll_WSACleanup returned 0x2; in the reference 0x1"));
  CU_ASSERT_EQUAL(compare("db", "dc", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "damaged, the reference: "));
  CU_ASSERT_EQUAL(compare("dc", "da", &out), WG_OK);
  CU_ASSERT_TRUE(first_says(&out, "damaged, this side: "));
  wg_buf_release(&text);
  wg_buf_release(&out);
}

static void a_log_cut_anywhere_is_no_cause(void) {
  struct wg_buf out = {0};
  struct wg_err err = {0};
  for (size_t n = 0; n < sizeof calls - 1; n++) {
    CU_ASSERT_EQUAL_FATAL(wg_file_write(at("cut"), calls, n, &err), WG_OK);
    for (int side = 0; side < 2; side++) {
      int code = compare(side ? "ca" : "cut", side ? "cut" : "ca", &out);
      if (code != WG_OK && code != WG_INPUT) printf("\ncut at byte %zu, side %d:\n%s\n", n, side, out.data);
      CU_ASSERT_TRUE_FATAL(code == WG_OK || code == WG_INPUT);
    }
  }
  wg_buf_release(&out);
}

#define EVENT                                                                                                          \
  "d> F8000008 NtCreateEvent(7018FF28(00000000), 00000000, 00000000, 00000000)\n"                                      \
  "i> F8000008 Added handle:F800000C for N2xe6kernel7XObjectE\n"
#define WAIT "d> F8000008 NtWaitForSingleObjectEx(F800000C, 00000001, 00000000, 00000000)\n"

// Where nothing else differs, the one that stands in a wait hangs: on either side, and only if the other goes on.
static void the_shorter_log_hangs(void) {
  struct wg_buf out = {0}, longer = {0};
  write_text("stuck", HEAD EVENT WAIT);
  wg_buf_str(&longer, HEAD EVENT WAIT);
  for (int i = 0; i < 30; i++) wg_buf_str(&longer, "d> F8000008 KeTlsAlloc()\nd> F8000008 KeTlsGetValue(00000001)\n");
  write_text("on", longer.data);
  CU_ASSERT_EQUAL(compare("on", "stuck", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(
      first_says(&out, "thread 6 (6 there) hangs in the reference, and this side goes on; there it waits for ever in "
                       "NtWaitForSingleObjectEx (event 4)"));
  CU_ASSERT_TRUE(first_says(&out, "missing signal: nobody ever signals it"));
  CU_ASSERT_TRUE(says(&out, "KeTlsAlloc"));
  CU_ASSERT_EQUAL(compare("stuck", "stuck", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("on", "on", &out), WG_OK);
  // Cut before the wait: that one ends early, and does not hang.
  write_text("early", HEAD EVENT);
  CU_ASSERT_EQUAL(compare("on", "early", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("early", "on", &out), WG_OK);
  wg_buf_release(&longer);
  wg_buf_release(&out);
}

// -- what a call gave, which a log does not tell --

#define SIGNED_IN "d> F8000008 XamUserGetSigninState(00000000)\n"
#define GOES_ON "d> F8000008 KeTlsAlloc()\nd> F8000008 KeTlsSetValue(00000001, 00000002)\n"

// Right behind it the thread says so.
static void a_report_is_of_the_call_before_it(void) {
  struct wg_buf out = {0};
  write_text("ra", MAIN SIGNED_IN "d> F8000008 DbgPrint(82001000(nobody plays))\n" GOES_ON);
  write_text("rb", MAIN SIGNED_IN GOES_ON);
  CU_ASSERT_EQUAL(compare("ra", "rb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "thread 6 (6 there): XamUserGetSigninState seems to give something else"));
  // The other side is a trace that tells what it gave; and so is this one.
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = wedge_emit_open(at("rt"), "test", "1", "t.xex");
    CU_ASSERT_PTR_NOT_NULL_FATAL(w);
    wedge_emit_thread_create(w, 0, 0, 1, 0x82001000, 0, 0x1000);
    uint32_t user[1] = {0}, slot[2] = {1, 2}, text[1] = {0x82001000};
    tell_called(w, 1, "XamUserGetSigninState", user, 1, (uint32_t)side);
    if (side == 0) {
      tell_called(w, 1, "DbgPrint", text, 1, 0);
    }
    tell_plain(w, 1, "KeTlsAlloc", 1);
    tell_called(w, 1, "KeTlsSetValue", slot, 2, 1);
    wedge_emit_close(w);
    CU_ASSERT_EQUAL(side ? compare("ra", "rt", &out) : compare("rt", "rb", &out), WG_DIFFERS);
    CU_ASSERT_TRUE(first_says(&out, "XamUserGetSigninState seems to give something else"));
  }
  wg_buf_release(&out);
}

// The trace was stopped as a task of XAM's was made, and the log does not tell that its thread is that.
static void a_task_had_not_called_yet(void) {
  struct wg_buf out = {0};
  wedge_emit *w = wedge_emit_open(at("ja"), "test", "1", "t.xex");
  CU_ASSERT_PTR_NOT_NULL_FATAL(w);
  wedge_emit_thread_create(w, 0, 0, 1, 0x82001000, 0, 0x1000);
  uint32_t task[4] = {0x82010000, 0, 0, 0x70000000};
  tell_plain(w, 1, "KeTlsAlloc", 1);
  tell_args(w, 1, "XamTaskSchedule", task, 4);
  wedge_emit_thread_create(w, 1, tell_now(w), 2, 0x82010000, 0, 0x2000);
  tell_return(w, 1, "XamTaskSchedule", 0);
  wedge_emit_close(w);
  write_text("jb", MAIN "d> F8000008 KeTlsAlloc()\n"
                        "d> F8000008 XamTaskSchedule(82010000, 00000000, 00000000, 70000000)\n"
                        "i> F8000008 Added handle:F8000014 for N2xe6kernel7XObjectE\n"
                        "i> F8000008 XThreadF8000014 (7) Stack: 701B0000-701C0000\n"
                        "K> F8000014 XThread::Execute thid 7 (handle=F8000014, 'XThread (F8000014)', native=8DADD6C0)\n"
                        "d> F8000014 XeCryptSha(30001000, 00000040, 00000000, 00000000, 00000000, 00000000, 82030000, "
                        "00000014)\n"
                        "d> F8000008 XamGetCurrentTitleId()\n");
  CU_ASSERT_EQUAL(compare("ja", "jb", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("jb", "ja", &out), WG_OK);
  wg_buf_release(&out);
}

// It is given back on one side only.
static void what_is_not_freed_was_not_got(void) {
  struct wg_buf out = {0};
  write_text("fa", MAIN "d> F8000008 ExAllocatePoolTypeWithTag(00000800, 72777065, 00000000)\n" GOES_ON);
  write_text("fb", MAIN "d> F8000008 ExAllocatePoolTypeWithTag(00000800, 72777065, 00000000)\n"
                        "d> F8000008 ExFreePool(40001000)\n" GOES_ON);
  CU_ASSERT_EQUAL(compare("fa", "fb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "ExAllocatePoolTypeWithTag seems to give something else"));
  CU_ASSERT_EQUAL(compare("fb", "fa", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "ExAllocatePoolTypeWithTag seems to give something else"));
  wg_buf_release(&out);
}

// What only the other side does right behind a call that failed here, it does because that did not.
static void what_failed_here_is_named(void) {
  struct wg_buf out = {0};
  uint32_t refer[3] = {0x1234, 0x82000000, 0x70180000}, slot[2] = {1, 2};
  write_text("nb", MAIN GOES_ON "d> F8000008 ObReferenceObjectByHandle(00001234, 82000000, 70180000(00000000))\n"
                                "d> F8000008 KeSetBasePriorityThread(30001000, 00000001)\n"
                                "d> F8000008 NtSetEvent(00001238, 00000000)\n"
                                "d> F8000008 KeTlsFree(00000001)\n");
  wedge_emit *w = wedge_emit_open(at("na"), "test", "1", "t.xex");
  CU_ASSERT_PTR_NOT_NULL_FATAL(w);
  wedge_emit_thread_create(w, 0, 0, 1, 0x82001000, 0, 0x1000);
  tell_plain(w, 1, "KeTlsAlloc", 1);
  tell_called(w, 1, "KeTlsSetValue", slot, 2, 1);
  tell_called(w, 1, "ObReferenceObjectByHandle", refer, 3, 0xC0000008);
  tell_called(w, 1, "KeTlsFree", slot, 1, 1);
  wedge_emit_close(w);
  CU_ASSERT_EQUAL(compare("na", "nb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "returned STATUS_INVALID_HANDLE (0xc0000008), of which the reference tells nothing"));
  CU_ASSERT_TRUE(first_says(&out, "after it, does not call KeSetBasePriorityThread"));
  wg_buf_release(&out);
}

#define ADDRESS "d> F8000008 NetDll_XNetGetTitleXnAddr(00000001, 82030000)\n"

// It is asked until it gives what is wanted, and what came of that is told much later.
static void what_is_asked_more_often_gave_something_else(void) {
  struct wg_buf out = {0};
  write_text("qa", MAIN ADDRESS ADDRESS ADDRESS "d> F8000008 NtSetEvent(F800000C, 00000000)\n"
                                                "d> F8000008 ExTerminateThread(00000000)\n");
  write_text("qb", MAIN ADDRESS "d> F8000008 NtSetEvent(F800000C, 00000000)\n"
                                "d> F8000008 ExTerminateThread(00000001)\n");
  CU_ASSERT_EQUAL(compare("qa", "qb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "NetDll_XNetGetTitleXnAddr is not called as often as in the reference"));
  wg_buf_release(&out);
}

// A worker takes orders and asks for memory; main goes on for long either way.
static void write_worker(const char *name, bool stuck) {
  struct wg_buf t = {0};
  wg_buf_str(
      &t, MAIN
      "d> F8000008 ExCreateThread(7018FF08(00000000), 00008000, 00000000, 00000000, 82010100, 00000000, 02000000)\n"
      "i> F8000008 Added handle:F8000014 for N2xe6kernel7XThreadE\n"
      "i> F8000008 XThreadF8000014 (7) Stack: 701A0000-701B0000\n"
      "K> F8000014 XThread::Execute thid 7 (handle=F8000014, 'XThread (F8000014)', native=8DADD6C0)\n"
      "d> F8000014 KeTlsSetValue(00000001, 00000002)\n"
      "d> F8000014 MmAllocatePhysicalMemoryEx(00000000, 00001000, 00000404, 00000000, FFFFFFFF, 00000000)\n");
  if (!stuck) wg_buf_str(&t, "d> F8000014 KeTlsSetValue(00000001, 00000003)\n");
  for (int i = 0; i < 400; i++) wg_buf_printf(&t, "d> F8000008 KeTlsSetValue(00000004, %08X)\n", i);
  write_text(name, t.data);
  wg_buf_release(&t);
}

// Where the other side goes on soon, and this one never does, the call does not come back; where neither goes on, the
// thread may have ended without a word.
static void a_call_that_does_not_come_back_in_a_log(void) {
  struct wg_buf out = {0};
  write_worker("wa", true);
  write_worker("wb", false);
  CU_ASSERT_EQUAL(compare("wa", "wb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "thread 7 (7 there, entry 0x82010100): MmAllocatePhysicalMemoryEx never returns"));
  CU_ASSERT_EQUAL(compare("wa", "wa", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("wb", "wb", &out), WG_OK);
  wg_buf_release(&out);
}

#define SAYS_E1 "d> F8000008 NtSetEvent(F800000C, 00000000)\n"
#define WAITS_E1 "d> F8000014 NtWaitForSingleObjectEx(F800000C, 00000001, 00000000, 00000000)\n"
#define SAYS_E2 "d> F8000014 NtSetEvent(F8000010, 00000000)\n"
#define WAITS_E2 "d> F8000008 NtWaitForSingleObjectEx(F8000010, 00000001, 00000000, 00000000)\n"

// Main and a worker take turns, three times and, if `on`, a fourth time. At `work` each turn has many more calls.
static void write_turns(const char *name, bool on, int work) {
  struct wg_buf t = {0};
  wg_buf_str(&t, MAIN TWO_THREADS WAITS_E1);
  for (int turn = 0; turn < (on ? 5 : 4); turn++) {
    for (int i = 0; i < work; i++) wg_buf_printf(&t, "d> F8000008 KeTlsSetValue(00000004, %08X)\n", 100 * turn + i);
    wg_buf_str(&t, SAYS_E1 WAITS_E2);
    if (!on && turn == 3) break;
    wg_buf_str(&t, "d> F8000014 KeTlsGetValue(00000002)\n" SAYS_E2 WAITS_E1);
  }
  if (on) wg_buf_str(&t, "d> F8000008 KeTlsAlloc()\n");
  write_text(name, t.data);
  wg_buf_release(&t);
}

// Each thread waits for the other where the log ends. Where that is seldom so it was not cut there; where it is so
// behind each turn, which is a few lines, it may have been.
static void a_log_ends_where_it_seldom_rests(void) {
  struct wg_buf out = {0};
  write_turns("ra", false, 60);
  write_turns("rb", true, 60);
  CU_ASSERT_EQUAL(compare("ra", "rb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "thread 6 (6 there): NtSetEvent on the Event that thread 6 made is called as in the "
                                  "reference, where it ends a wait; here that wait does not end"));
  CU_ASSERT_TRUE(
      says(&out, "2. thread 6 (6 there): NtCreateEvent on the Event that thread 6 made made what is not felt"));
  CU_ASSERT_EQUAL(compare("rb", "ra", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "thread 6 (6 there): in the reference NtSetEvent"));
  write_turns("rc", false, 4);
  write_turns("rd", true, 4);
  CU_ASSERT_EQUAL(compare("rc", "rd", &out), WG_OK);
  CU_ASSERT_TRUE(first_says(&out, "undecided: this side ends where thread "));
  wg_buf_release(&out);
}

// What chance may explain is said all the same.
static void what_differs_by_chance_is_told(void) {
  struct wg_buf out = {0};
  write_text("pa", MAIN GOES_ON "d> F8000008 XamInputGetState(00000000, 00000000, 70180000)\n"
                                "d> F8000008 XamInputGetState(00000000, 00000000, 70180000)\n" GOES_ON);
  write_text("pb", MAIN GOES_ON "d> F8000008 XamInputGetState(00000000, 00000000, 70180000)\n" GOES_ON);
  CU_ASSERT_EQUAL(compare("pa", "pb", &out), WG_OK);
  CU_ASSERT_TRUE(
      first_says(&out, "is mostly how often XamInputGetState is called, 2 times here and 1 in the reference"));
  // Where a side is cut, its last call is told, and what follows it on the other side.
  write_text("pc", MAIN GOES_ON "d> F8000008 KeTlsGetValue(00000001)\n");
  write_text("pd", MAIN GOES_ON "d> F8000008 KeTlsGetValue(00000001)\n" GOES_ON GOES_ON);
  CU_ASSERT_EQUAL(compare("pc", "pd", &out), WG_OK);
  CU_ASSERT_TRUE(first_says(&out, "this side ends with KeTlsGetValue of thread 6"));
  CU_ASSERT_TRUE(first_says(&out, "where the reference goes on with KeTlsAlloc"));
  CU_ASSERT_EQUAL(compare("pa", "pa", &out), WG_OK);
  CU_ASSERT_PTR_NULL(strstr(out.data, "chance"));
  wg_buf_release(&out);
}

#define PASSES(call) "d> F8000008 " call "\nd> F8000008 XGetAVPack()\n"

// A wait goes on as often as something lets it; more often only where the object, a signal or a wait was otherwise.
static void write_passes(const char *name, int waits, bool named, bool resets) {
  struct wg_buf t = {0};
  wg_buf_printf(&t,
                MAIN "d> F8000008 NtCreateEvent(7018FF00(00000000), %s, 00000001, 00000000)\n"
                     "i> F8000008 Added handle:F800000C for N2xe6kernel6XEventE\n",
                named ? "7018FF10(FFFFFFFD,\\??\\e,00000040)" : "00000000");
  if (resets)
    wg_buf_str(&t, "d> F8000008 NtSignalAndWaitForSingleObjectEx(F800000C, F800000C, 00000001, 00000000, 00000000)\n");
  for (int i = 0; i < 3; i++) wg_buf_str(&t, PASSES("NtSetEvent(F800000C, 00000000)"));
  for (int i = 0; i < waits; i++)
    wg_buf_str(&t, PASSES("NtWaitForSingleObjectEx(F800000C, 00000001, 00000000, 00000000)"));
  for (int i = 0; i < 100; i++) wg_buf_printf(&t, "d> F8000008 KeTlsSetValue(00000004, %08X)\n", i);
  wg_buf_str(&t, "d> F8000008 ExTerminateThread(00000000)\n");
  write_text(name, t.data);
  wg_buf_release(&t);
}

static void a_wait_that_nothing_let_go_on_is_told(void) {
  struct wg_buf out = {0};
  write_passes("ea", 4, false, false);
  write_passes("eb", 3, false, false);
  CU_ASSERT_EQUAL(compare("ea", "eb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(
      first_says(&out, "thread 6 (6 there): NtWaitForSingleObjectEx on the Event that thread 6 made goes on though "
                       "nothing lets it: by then such waits have ended 4 times, and might 3 times; one of them, "
                       "NtSetEvent, or NtCreateEvent, does otherwise"));
  CU_ASSERT_EQUAL(compare("eb", "eb", &out), WG_OK);
  // Of one that others get by its name, or that is signalled by a call that does not say so, nobody can count.
  for (int v = 0; v < 2; v++) {
    write_passes("ec", 4, v == 0, v == 1);
    write_passes("ed", 3, v == 0, v == 1);
    compare("ec", "ed", &out);
    CU_ASSERT_PTR_NULL(strstr(out.data, "goes on though nothing lets it"));
  }
  wg_buf_release(&out);
}

// A handle, a pointer or a slot that is none here alone is what some call has not given.
static void what_is_used_was_not_given(void) {
  static const struct {
    const char *gives, *adds, *uses, *none, *says;
  } rows[] = {
      {"NtCreateTimer(7018FF00(00000000), 00000000, 00000001)",
       "i> F8000008 Added handle:F8000020 for N2xe6kernel6XTimerE\n", "NtCancelTimer(F8000020, 00000000)",
       "NtCancelTimer(00000000, 00000000)", "NtCreateTimer"},
      {"ObReferenceObjectByHandle(F8000008, D01BBEEF, 7018FF00(00000000))", "",
       "KeSetBasePriorityThread(300F0000, 00000001)", "KeSetBasePriorityThread(00000000, 00000001)",
       "ObReferenceObjectByHandle"},
      {"KeTlsAlloc()", "", "KeTlsSetValue(00000003, 00000001)", "KeTlsSetValue(FFFFFFFF, 00000001)", "KeTlsAlloc"},
  };
  struct wg_buf out = {0};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    for (int none = 0; none < 2; none++) {
      struct wg_buf t = {0};
      wg_buf_printf(&t,
                    MAIN "d> F8000008 XGetAVPack()\nd> F8000008 %s\n%sd> F8000008 XGetLanguage()\n"
                         "d> F8000008 %s\nd> F8000008 KeTlsGetValue(00000001)\n",
                    rows[i].gives, none ? "" : rows[i].adds, none ? rows[i].none : rows[i].uses);
      write_text(none ? "na" : "nb", t.data);
      wg_buf_release(&t);
    }
    CU_ASSERT_EQUAL(compare("na", "nb", &out), WG_DIFFERS);
    CU_ASSERT_TRUE(first_says(&out, "thread 6 (6 there): "));
    CU_ASSERT_TRUE(first_says(&out, rows[i].says));
    CU_ASSERT_TRUE(first_says(&out, " seems to give nothing: what the reference has of it is none in a call here"));
    CU_ASSERT_EQUAL(compare("na", "na", &out), WG_OK);
  }
  wg_buf_release(&out);
}

#define OWN                                                                                                            \
  "i> 00000100 XThread01000014 (2) Stack: 70050000-70070000\n"                                                         \
  "K> 01000014 XThread::Execute thid 2 (handle=01000014, 'GPU Frame limiter (01000014)', native=8DADD6C0, <host>)\n"

// A timer's DPC runs on a thread of the engine's. v 1: never. `own`: the log tells of such threads; `on`: main goes on.
static void write_dpcs(const char *name, bool runs, bool own, bool on) {
  struct wg_buf t = {0};
  wg_buf_printf(&t,
                "%s" MAIN "d> F8000008 KeInitializeTimerEx(82030000, 00000001)\n"
                "d> F8000008 KeSetTimerEx(82030000, FFFFFFFFFFFF3CB0, 00000004, 82030100)\n",
                own ? OWN : "");
  for (int i = 0; i < 6; i++) {
    if (runs) wg_buf_str(&t, "d> 01000014 KeSetEvent(82030200, 00000001, 00000000)\n");
    if (on) wg_buf_printf(&t, "d> F8000008 KeTlsSetValue(00000004, %08X)\n", i);
  }
  if (on) wg_buf_str(&t, "d> F8000008 KeCancelTimer(82030000)\nd> F8000008 ExTerminateThread(00000000)\n");
  write_text(name, t.data);
  wg_buf_release(&t);
}

static void a_dpc_that_is_never_heard_of_was_lost(void) {
  struct wg_buf out = {0};
  write_dpcs("da", false, true, true);
  write_dpcs("db", true, true, true);
  CU_ASSERT_EQUAL(compare("da", "db", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "thread 6 (6 there): KeSetTimerEx on "));
  CU_ASSERT_TRUE(first_says(&out, " is called as in the reference, but what it sets off never happens"));
  CU_ASSERT_EQUAL(compare("db", "db", &out), WG_OK);
  // A log may not tell of the engine's threads, or end before.
  write_dpcs("dc", false, false, true);
  CU_ASSERT_EQUAL(compare("dc", "db", &out), WG_OK);
  write_dpcs("dd", false, true, false);
  CU_ASSERT_EQUAL(compare("dd", "db", &out), WG_OK);
  wg_buf_release(&out);
}

// Calls that go on meanwhile, and the wait for them: each may be what gave something else.
static void what_a_wait_is_for_is_named_with_it(void) {
  struct wg_buf out = {0};
#define WRITES                                                                                                         \
  "d> F8000008 NtWriteFile(F8000014, F8000020, 00000000, 00000000, 7018FF00, 82030000, 00000080, 00000000(0))\n"       \
  "d> F8000008 NtWaitForSingleObjectEx(F8000020, 00000001, 00000000, 7018FF10(FFFFFFFFFFFFB1E0))\n"
  write_text("wa", HEAD WRITES "d> F8000008 DbgPrint(82020000(not kept\n))\nd> F8000008 KeTlsAlloc()\n");
  write_text("wb", HEAD WRITES "d> F8000008 KeTlsAlloc()\n");
  CU_ASSERT_EQUAL(compare("wa", "wb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "thread 6 (6 there): NtWriteFile"));
  CU_ASSERT_TRUE(first_says(&out, " or NtWaitForSingleObjectEx"));
  CU_ASSERT_TRUE(first_says(&out, " seems to end otherwise; after it, calls DbgPrint"));
  wg_buf_release(&out);
}

// An event in place of a lock: each of three threads waits for it, and signals it then. v: whose signal is the last
// one.
static void write_baton(const char *name, int last) {
  struct wg_buf t = {0};
  wg_buf_str(&t, MAIN "d> F8000008 NtCreateEvent(7018FF00(00000000), 00000000, 00000001, 00000001)\n"
                      "i> F8000008 Added handle:F800000C for N2xe6kernel6XEventE\n");
  for (int i = 0; i < 3; i++) {
    unsigned h = 0xF8000020u + 4u * (unsigned)i;
    wg_buf_printf(
        &t,
        "d> F8000008 ExCreateThread(7018FF08(00000000), 00008000, 00000000, 00000000, 820101%X0, 00000000, 02000000)\n"
        "i> F8000008 Added handle:%08X for N2xe6kernel7XThreadE\n"
        "i> F8000008 XThread%08X (%d) Stack: 701A0000-701B0000\n"
        "K> %08X XThread::Execute thid %d (handle=%08X, 'XThread (%08X)', native=8DADD6C0)\n",
        (unsigned)i + 1, h, h, 7 + i, h, 7 + i, h, h);
  }
  for (int turn = 0; turn < 4 && !(last >= 0 && turn == 3); turn++)
    for (int i = 0; i < 3; i++) {
      int who = (turn + (last < 0)) % 2 ? 2 - i : i; // the reference has another order
      unsigned h = 0xF8000020u + 4u * (unsigned)who;
      if (turn) wg_buf_printf(&t, "d> %08X KeTlsSetValue(00000004, %08X)\n", h, turn);
      if (turn) wg_buf_printf(&t, "d> %08X NtSetEvent(F800000C, 00000000)\n", h);
      bool over = last >= 0 && turn == 2 && who == last;
      if (!over || last < 0)
        wg_buf_printf(&t, "d> %08X NtWaitForSingleObjectEx(F800000C, 00000001, 00000000, 00000000)\n", h);
      if (over) wg_buf_printf(&t, "d> %08X NtWaitForSingleObjectEx(F800000C, 00000001, 00000000, 00000000)\n", h);
      if (over) break;
    }
  for (int i = 0; i < 300; i++) wg_buf_printf(&t, "d> F8000008 KeTlsSetValue(00000004, %08X)\n", i);
  if (last < 0)
    wg_buf_str(&t, "d> F8000020 ExTerminateThread(00000000)\nd> F8000024 ExTerminateThread(00000000)\nd> F8000028 "
                   "ExTerminateThread(00000000)\n");
  wg_buf_str(&t, "d> F8000008 NtWaitForSingleObjectEx(F8000020, 00000001, 00000000, 00000000)\n");
  if (last < 0) wg_buf_str(&t, "d> F8000008 NtClose(F800000C)\n");
  write_text(name, t.data);
  wg_buf_release(&t);
}

static void the_last_signal_that_nobody_felt_was_lost(void) {
  struct wg_buf out = {0};
  write_baton("bb", -1);
  for (int last = 0; last < 3; last++) {
    char thread[64];
    write_baton("ba", last);
    CU_ASSERT_EQUAL(compare("ba", "bb", &out), WG_DIFFERS);
    snprintf(thread, sizeof thread, "thread %d (%d there", 7 + last, 7 + last);
    CU_ASSERT_TRUE(first_says(&out, thread));
    CU_ASSERT_TRUE(first_says(&out, "NtSetEvent on the Event that thread 6 made is called as in the reference"));
  }
  wg_buf_release(&out);
}

// What an APC does comes behind a wait that lets APCs come, and so is missing there.
static void what_an_apc_does_leads_to_who_sent_it(void) {
  struct wg_buf out = {0};
  for (int came = 0; came < 2; came++) {
    struct wg_buf t = {0};
    wg_buf_printf(&t,
                  MAIN TWO_THREADS
                  "d> F8000008 NtQueueApcThread(F8000014, 82010200, 00000000, 00000000, 00000000, ContextArg)\n"
                  "d> F8000014 KeDelayExecutionThread(00000001, 00000001, 701CFF00(FFFFFFFFFFFFB1E0), ContextArg)\n"
                  "%s"
                  "d> F8000014 KeTlsSetValue(00000003, 00000001)\n" SHUTS,
                  came ? "d> F8000014 NtSetEvent(F8000010, 00000000)\nd> F8000014 KeTlsGetValue(00000002)\n" : "");
    write_text(came ? "yb" : "ya", t.data);
    wg_buf_release(&t);
  }
  CU_ASSERT_EQUAL(compare("ya", "yb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(
      first_says(&out, "thread 6 (6 there): NtQueueApcThread on thread 7 is called as in the reference, but what it "
                       "sets off never happens"));
  CU_ASSERT_EQUAL(compare("yb", "yb", &out), WG_OK);
  wg_buf_release(&out);
}

// An event of a name that there is already is that event, whatever its handle.
static void an_event_of_a_name_is_one(void) {
  struct wg_buf out = {0};
  for (int set = 0; set < 2; set++) {
    struct wg_buf t = {0};
    const char *const sets = "d> F8000008 NtSetEvent(F800000C, 00000000)\n";
    wg_buf_str(
        &t, MAIN
        "d> F8000008 NtCreateEvent(7018FF00(00000000), 7018FF10(FFFFFFFD,\\??\\doors,00000040), 00000000, 00000000)\n"
        "i> F8000008 Added handle:F800000C for N2xe6kernel6XEventE\n"
        "d> F8000008 ExCreateThread(7018FF08(00000000), 00008000, 00000000, 00000000, 82010100, 00000000, 02000000)\n"
        "i> F8000008 Added handle:F8000014 for N2xe6kernel7XThreadE\n"
        "i> F8000008 XThreadF8000014 (7) Stack: 701A0000-701B0000\n"
        "K> F8000014 XThread::Execute thid 7 (handle=F8000014, 'XThread (F8000014)', native=8DADD6C0)\n"
        "d> F8000014 NtCreateEvent(701CFF00(00000000), 701CFF10(FFFFFFFD,\\??\\doors,00000040), 00000000, 00000000)\n"
        "i> F8000014 Added handle:F8000018 for N2xe6kernel6XEventE\n"
        "d> F8000014 NtWaitForSingleObjectEx(F8000018, 00000001, 00000000, 00000000)\n");
    wg_buf_str(&t, sets);
    if (set) wg_buf_str(&t, "d> F8000014 KeTlsSetValue(00000003, 00000001)\nd> F8000014 ExTerminateThread(00000000)\n");
    for (int i = 0; i < 300; i++) wg_buf_printf(&t, "d> F8000008 KeTlsSetValue(00000004, %08X)\n", i);
    wg_buf_str(&t, JOINS);
    if (set) wg_buf_str(&t, "d> F8000008 NtClose(F8000014)\n");
    write_text(set ? "ob" : "oa", t.data);
    wg_buf_release(&t);
  }
  CU_ASSERT_EQUAL(compare("oa", "ob", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(
      first_says(&out, "thread 6 (6 there): NtSetEvent on the Event \"\\??\\doors\" is called as in the reference"));
  wg_buf_release(&out);
}

// The last lines of a log alone: what they lack was not left out by the title.
static void a_log_that_begins_in_the_middle_is_refused(void) {
  struct wg_buf whole = {0}, out = {0};
  struct wg_err err = {0};
  struct wg_diff_options o = {0};
  wg_buf_str(&whole, MAIN);
  for (int i = 0; i < 60; i++) wg_buf_printf(&whole, "d> F8000008 KeTlsSetValue(00000004, %08X)\n", i);
  write_text("zw", whole.data);
  write_text("zt", strstr(whole.data, "0000001E)"));
  write_text("zc", strstr(whole.data, "d> ")); // whole, but for what is no call
  const char *const sides[][2] = {{"zt", "zw"}, {"zw", "zt"}};
  for (int i = 0; i < 2; i++) {
    CU_ASSERT_EQUAL(wg_diff(at(sides[i][0]), at(sides[i][1]), NULL, 0, &o, &out, &err), WG_INPUT);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(err.msg, "zt: begins in the middle of a run: thread 1073741824 calls before anything"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "(give the log from its beginning)"));
  }
  CU_ASSERT_EQUAL(compare("zt", "zt", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("zc", "zw", &out), WG_OK);
  CU_ASSERT_EQUAL(compare("zw", "zc", &out), WG_OK);
  wg_buf_release(&whole);
  wg_buf_release(&out);
}

WG_MAIN("diff_logs", {"a lock that others get is free", a_lock_that_others_get_is_free},
        {"who stays in a call is named", who_stays_in_a_call_is_named},
        {"two stock logs are compared", two_stock_logs_are_compared},
        {"a limit that passes again and again is traced to the signal",
         a_limit_that_passes_again_and_again_is_traced_to_the_signal},
        {"line ends do not count", line_ends_do_not_count},
        {"an untold duplicate is its object", an_untold_duplicate_is_its_object},
        {"a log and a trace of the same calls", a_log_and_a_trace_of_the_same_calls},
        {"logs without calls say what is needed", logs_without_calls_say_what_is_needed},
        {"what is no log is refused", what_is_no_log_is_refused},
        {"threads that are not there are refused", threads_that_are_not_there_are_refused},
        {"another title with the same calls is a difference", another_title_with_the_same_calls_is_a_difference},
        {"a module loaded again is compared with its like", a_module_loaded_again_is_compared_with_its_like},
        {"damage is said first", damage_is_said_first},
        {"a log cut anywhere is no cause", a_log_cut_anywhere_is_no_cause},
        {"the shorter log hangs", the_shorter_log_hangs}, {"a task had not called yet", a_task_had_not_called_yet},
        {"a report is of the call before it", a_report_is_of_the_call_before_it},
        {"what is not freed was not got", what_is_not_freed_was_not_got},
        {"what failed here is named", what_failed_here_is_named},
        {"what is asked more often gave something else", what_is_asked_more_often_gave_something_else},
        {"a call that does not come back in a log", a_call_that_does_not_come_back_in_a_log},
        {"a log ends where it seldom rests", a_log_ends_where_it_seldom_rests},
        {"what differs by chance is told", what_differs_by_chance_is_told},
        {"what an APC does leads to who sent it", what_an_apc_does_leads_to_who_sent_it},
        {"an event of a name is one", an_event_of_a_name_is_one},
        {"a log that begins in the middle is refused", a_log_that_begins_in_the_middle_is_refused},
        {"a wait that nothing let go on is told", a_wait_that_nothing_let_go_on_is_told},
        {"what is used was not given", what_is_used_was_not_given},
        {"a DPC that is never heard of was lost", a_dpc_that_is_never_heard_of_was_lost},
        {"what a wait is for is named with it", what_a_wait_is_for_is_named_with_it},
        {"the last signal that nobody felt was lost", the_last_signal_that_nobody_felt_was_lost})
