// Whole runs: record, replay, diff, on the open guests.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "diff/diff.h"
#include "replay/run.h"
#include "tests/scratch.h"
#include "trace/frames.h"
#include "trace/reader.h"

static void make_cache(const char *where) {
  static const char *const names[] = {"4D5307D6/textures", "4D5307D6/sounds",  "4D5307D6/levels",
                                      "8F2A11C0/shaders",  "8F2A11C0/fonts",   "8F2A11C0/movies",
                                      "C0FFEE42/strings",  "C0FFEE42/scripts", "C0FFEE42/index"};
  struct wg_err err = {0};
  for (size_t i = 0; i < 9; i++) {
    struct wg_buf p = {0};
    wg_buf_printf(&p, "%s/%.8s", where, names[i]);
    CU_ASSERT_EQUAL(wg_mkdir_p(p.data, &err), WG_OK);
    wg_buf_clear(&p);
    wg_buf_printf(&p, "%s/%s.bin", where, names[i]);
    CU_ASSERT_EQUAL(wg_file_write(p.data, "item\n", 5, &err), WG_OK);
    wg_buf_release(&p);
  }
}

static int keep(const struct wg_config *cfg, const char *run, struct wg_run_result *r, struct wg_err *err) {
  return wg_run_record(cfg, &(struct wg_record_options){.dir = run, .branches = true}, r, err);
}

static enum wg_end record(const char *title, const char *run, const char *cache, uint64_t seed, char sha[65]) {
  struct wg_buf path = {0};
  wg_buf_printf(&path, WG_GUESTS "/%s.xex", title);
  struct wg_config cfg = {.title = path.data, .max_ns = 20000000000ull, .date = WG_DEFAULT_DATE, .sched_seed = seed};
  if (cache) cfg.mounts[cfg.nmounts++] = (struct wg_mount){"cache:", cache};
  struct wg_run_result r;
  struct wg_err err = {0};
  int code = keep(&cfg, run, &r, &err);
  if (code != WG_OK) printf("%s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(code, WG_OK);
  if (sha) memcpy(sha, r.sha256, 65);
  enum wg_end end = r.end;
  wg_run_result_release(&r);
  wg_buf_release(&path);
  return end;
}

static bool same_text(const char *a, const char *b) {
  struct wg_buf x = {0}, y = {0};
  struct wg_err err = {0};
  bool same = wg_frames_read(a, 1 << 30, &x, &err) == WG_OK && wg_frames_read(b, 1 << 30, &y, &err) == WG_OK &&
              x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
  wg_buf_release(&x);
  wg_buf_release(&y);
  return same;
}

// What a guest printed, line by line.
static void prints(const char *run, struct wg_buf *out) {
  struct wg_reader *r;
  struct wg_err err = {0};
  struct wg_event e;
  wg_buf_reserve(out, 1);
  out->data[0] = 0;
  CU_ASSERT_EQUAL_FATAL(wg_reader_open(&r, run, &err), WG_OK);
  while (wg_reader_next(r, &e))
    if (e.kind == WG_EV_GUEST_PRINT) wg_buf_str(out, wg_ev_text(&e, WG_K_TEXT));
  CU_ASSERT_PTR_NULL(wg_reader_damage(r));
  wg_reader_close(r);
}

static void every_guest_says_ok(void) {
  static const char *const guests[] = {"threads", "apcs", "files", "memory", "gpu", "spawn", "system", "modules"};
  for (size_t i = 0; i < sizeof guests / sizeof *guests; i++) {
    struct wg_buf text = {0};
    char run[160];
    snprintf(run, sizeof run, "%s", at(guests[i]));
    CU_ASSERT_EQUAL(record(guests[i], run, NULL, 0, NULL), WG_END_EXIT);
    prints(run, &text);
    if (strstr(text.data, "FAIL") || !strstr(text.data, "all passed\n")) printf("\n%s:\n%s", guests[i], text.data);
    CU_ASSERT_PTR_NULL(strstr(text.data, "FAIL"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text.data, "all passed\n"));
    wg_buf_release(&text);
  }
}

static void exceptions_find_their_handlers(void) {
  struct wg_buf text = {0};
  CU_ASSERT_EQUAL(record("seh", at("seh"), NULL, 0, NULL), WG_END_EXCEPTION); // its last one has none
  prints(at("seh"), &text);
  CU_ASSERT_STRING_EQUAL(text.data, "all passed\n");
  wg_buf_release(&text);
}

static void hello_prints(void) {
  struct wg_buf text = {0};
  CU_ASSERT_EQUAL(record("hello", at("hello"), NULL, 0, NULL), WG_END_EXIT);
  prints(at("hello"), &text);
  CU_ASSERT_STRING_EQUAL(text.data, "hello from the console, 6 times 7 is 2a\n");
  wg_buf_release(&text);
}

static void two_recordings_are_the_same_bytes(void) {
  static const char *const guests[] = {"hello",     "threads", "files",   "memory", "gpu",
                                       "cacheload", "system",  "modules", "seh",    "xam"};
  for (size_t i = 0; i < sizeof guests / sizeof *guests; i++) {
    char a[160], b[160];
    snprintf(a, sizeof a, "%s-%s", at("twice"), guests[i]);
    snprintf(b, sizeof b, "%s/deeper/%s", scratch_dir(), guests[i]);
    record(guests[i], a, NULL, 0, NULL);
    CU_ASSERT_EQUAL(setenv("TZ", "Asia/Tokyo", 1), 0);
    CU_ASSERT_EQUAL(setenv("LC_ALL", "de_DE.UTF-8", 1), 0);
    record(guests[i], b, NULL, 0, NULL);
    strcat(a, "/trace.jsonl.zst");
    strcat(b, "/trace.jsonl.zst");
    CU_ASSERT_TRUE(same_text(a, b));
  }
}

static void seeds_change_the_schedule_and_repeat(void) {
  char plain[65], one[65], again[65];
  record("threads", at("seed0"), NULL, 0, plain);
  record("threads", at("seed1"), NULL, 1, one);
  record("threads", at("seed1b"), NULL, 1, again);
  CU_ASSERT_STRING_EQUAL(one, again);
  CU_ASSERT_STRING_NOT_EQUAL(one, plain);
}

static void replays_are_identical(void) {
  static const char *const runs[] = {"threads", "files", "memory", "gpu", "seed1"};
  for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
    struct wg_replay_result r;
    struct wg_err err = {0};
    int code = wg_run_replay(at(runs[i]), NULL, 1, NULL, &r, &err);
    if (code != WG_OK) printf("%s\n", err.msg);
    CU_ASSERT_EQUAL_FATAL(code, WG_OK);
    CU_ASSERT_FALSE(r.mismatch);
    CU_ASSERT_TRUE(r.events > 10);
    wg_replay_result_release(&r);
  }
}

static void cacheload_ends_or_wedges(void) {
  make_cache(at("cache"));
  CU_ASSERT_EQUAL(record("cacheload", at("good"), at("cache"), 0, NULL), WG_END_EXIT);
  CU_ASSERT_EQUAL(record("cacheload", at("bad"), NULL, 0, NULL), WG_END_WEDGE);
}

static void diff_names_the_cause_first(void) {
  struct wg_buf out = {0};
  struct wg_err err = {0};
  struct wg_diff_options o = {.thread = -1};
  CU_ASSERT_EQUAL(wg_diff(at("bad"), at("good"), NULL, 0, &o, &out, &err), WG_DIFFERS);
  char *nl = strchr(out.data, '\n');
  CU_ASSERT_PTR_NOT_NULL_FATAL(nl);
  CU_ASSERT_PTR_NOT_NULL(strstr(nl, "is stuck in NtWaitForSingleObjectEx"));
  CU_ASSERT_PTR_NOT_NULL(strstr(nl, "waits for a thread that never ends: NtWaitForSingleObjectEx"));
  CU_ASSERT_PTR_NOT_NULL(strstr(nl, "NtReleaseSemaphore")); // in the counts
  *nl = 0;
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "thread 3 (3 there, entry 0x"));
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "NtQueryFullAttributesFile(\"cache:\\4D5307D6\\textures.bin\") returned "
                                          "STATUS_NO_SUCH_FILE (0xc000000f)"));
  CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "in the reference STATUS_SUCCESS (0x0)"));
  wg_buf_clear(&out);
  CU_ASSERT_EQUAL(wg_diff(at("good"), at("good"), NULL, 0, &o, &out, &err), WG_OK);
  CU_ASSERT_NSTRING_EQUAL(out.data, "no difference", 13);
  wg_buf_release(&out);
}

static void a_changed_input_is_refused(void) {
  struct wg_replay_result r;
  struct wg_err err = {0};
  char item[200];
  snprintf(item, sizeof item, "%s/8F2A11C0/fonts.bin", at("cache"));
  CU_ASSERT_EQUAL(wg_file_write(item, "other item\n", 11, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_run_replay(at("good"), NULL, 1, NULL, &r, &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "changed"));
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "was "));
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "is now "));
}

// Only what the guest looked at counts: another file beside it does not.
static void strangers_in_the_folder_do_not_matter(void) {
  struct wg_replay_result r;
  struct wg_err err = {0};
  char item[200];
  make_cache(at("cache2"));
  record("cacheload", at("good2"), at("cache2"), 0, NULL);
  snprintf(item, sizeof item, "%s/notes.txt", at("cache2"));
  CU_ASSERT_EQUAL(wg_file_write(item, "x", 1, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_run_replay(at("good2"), NULL, 1, NULL, &r, &err), WG_OK);
  CU_ASSERT_FALSE(r.mismatch);
  wg_replay_result_release(&r);
  snprintf(item, sizeof item, "%s/C0FFEE42/index.bin", at("cache2"));
  CU_ASSERT_EQUAL(remove(item), 0);
  CU_ASSERT_EQUAL(wg_run_replay(at("good2"), NULL, 1, NULL, &r, &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(
      err.msg, "\\C0FFEE42\\index.bin has changed since it was recorded: was a file of 5 bytes, is now missing"));
}

static void a_changed_title_is_refused(void) {
  struct wg_buf title = {0};
  struct wg_err err = {0};
  struct wg_run_result run;
  struct wg_replay_result r;
  CU_ASSERT_EQUAL(wg_file_read(WG_GUESTS "/hello.xex", 1 << 26, &title, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_mkdir_p(at("own"), &err), WG_OK);
  CU_ASSERT_EQUAL(wg_file_write(at("own/t.xex"), title.data, title.len, &err), WG_OK);
  struct wg_config cfg = {.title = at("own/t.xex"), .max_ns = 1000000000, .date = WG_DEFAULT_DATE};
  CU_ASSERT_EQUAL_FATAL(keep(&cfg, at("own/run"), &run, &err), WG_OK);
  wg_run_result_release(&run);
  title.data[title.len - 1] ^= 1;
  CU_ASSERT_EQUAL(wg_file_write(at("own/t.xex"), title.data, title.len, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_run_replay(at("own/run"), NULL, 1, NULL, &r, &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "t.xex has changed"));
  wg_buf_release(&title);
}

// A trace edited afterwards is found out at the edited event.
static void a_forged_event_is_found(void) {
  char command[512];
  snprintf(command, sizeof command,
           "cd %s && cp -r hello forged && zstdcat hello/trace.jsonl.zst | sed 's/6 times 7/6 times 9/' | zstd -q -f "
           "-o forged/trace.jsonl.zst",
           at(""));
  CU_ASSERT_EQUAL_FATAL(system(command), 0);
  struct wg_replay_result r;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_run_replay(at("forged"), NULL, 1, NULL, &r, &err), WG_OK);
  CU_ASSERT_TRUE(r.mismatch);
  CU_ASSERT_PTR_NOT_NULL(strstr(r.recorded.data, "6 times 9"));
  CU_ASSERT_PTR_NOT_NULL(strstr(r.produced.data, "6 times 7"));
  wg_replay_result_release(&r);
}

// Events of the machine's making, too: the first that differs is told, and nothing behind it.
static void a_forged_first_event_is_told_alone(void) {
  char command[512];
  for (int line = 1; line <= 5; line++) {
    snprintf(command, sizeof command,
             "cd %s && rm -rf forged && cp -r hello forged && zstdcat hello/trace.jsonl.zst | sed '%ds/\"idx\":/&7/' | "
             "zstd -q -f -o forged/trace.jsonl.zst",
             at(""), line);
    CU_ASSERT_EQUAL_FATAL(system(command), 0);
    struct wg_replay_result r;
    struct wg_err err = {0};
    CU_ASSERT_EQUAL_FATAL(wg_run_replay(at("forged"), NULL, 1, NULL, &r, &err), WG_OK);
    CU_ASSERT_TRUE(r.mismatch);
    CU_ASSERT_EQUAL(r.line, (uint64_t)line);
    CU_ASSERT_EQUAL(r.events, (uint64_t)line - 1);
    CU_ASSERT_PTR_NULL(strstr(r.recorded.data, "}{"));
    CU_ASSERT_PTR_NULL(strstr(r.produced.data, "}{"));
    wg_replay_result_release(&r);
  }
}

// Branches of another schedule: the replay goes no further than where they are other ones.
static void forged_branches_end_a_replay(void) {
  char command[512];
  struct wg_replay_result r, whole;
  struct wg_err err = {0};
  snprintf(command, sizeof command, "cd %s && cp -r seed0 mixed && cp seed1/branches.zst mixed", at(""));
  CU_ASSERT_EQUAL_FATAL(system(command), 0);
  CU_ASSERT_EQUAL_FATAL(wg_run_replay(at("seed0"), NULL, 1, NULL, &whole, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_run_replay(at("mixed"), NULL, 1, NULL, &r, &err), WG_OK);
  CU_ASSERT_TRUE(r.mismatch);
  CU_ASSERT_PTR_NOT_NULL(strstr(r.recorded.data, "branches of thread"));
  CU_ASSERT(r.events > 0 && r.events < whole.events / 10);
  wg_replay_result_release(&r);
  wg_replay_result_release(&whole);
}

static void a_missing_export_is_said(void) {
  struct wg_run_result r;
  struct wg_err err = {0};
  struct wg_config cfg = {.title = WG_GUESTS "/missing.xex", .date = WG_DEFAULT_DATE};
  CU_ASSERT_EQUAL_FATAL(keep(&cfg, at("missing"), &r, &err), WG_OK);
  CU_ASSERT_EQUAL(r.end, WG_END_EXIT);
  CU_ASSERT_STRING_EQUAL(r.unimplemented.data, "xboxkrnl.exe!NtMakeTemporaryObject: 1 calls\n");
  wg_run_result_release(&r);
  struct wg_buf text = {0};
  prints(at("missing"), &text);
  CU_ASSERT_STRING_EQUAL(text.data, "all passed\n");
  wg_buf_release(&text);
  cfg.strict = true;
  CU_ASSERT_EQUAL_FATAL(keep(&cfg, at("strict"), &r, &err), WG_OK);
  CU_ASSERT_EQUAL(r.end, WG_END_UNIMPLEMENTED);
  CU_ASSERT_PTR_NOT_NULL(strstr(r.report.data, "NtMakeTemporaryObject"));
  wg_run_result_release(&r);
}

static void an_undefined_instruction_stops_the_run(void) {
  struct wg_run_result r;
  struct wg_err err = {0};
  struct wg_config cfg = {.title = WG_GUESTS "/illegal.xex", .date = WG_DEFAULT_DATE};
  CU_ASSERT_EQUAL_FATAL(keep(&cfg, at("illegal"), &r, &err), WG_OK);
  CU_ASSERT_EQUAL(r.end, WG_END_EXCEPTION);
  CU_ASSERT_PTR_NOT_NULL(strstr(r.report.data, "undefined instruction"));
  CU_ASSERT_PTR_NOT_NULL(strstr(r.report.data, "00000000  (undefined)"));
  CU_ASSERT_PTR_NOT_NULL(strstr(r.report.data, "12345678"));
  wg_run_result_release(&r);
}

static void a_run_is_never_overwritten(void) {
  struct wg_run_result r;
  struct wg_err err = {0};
  struct wg_config cfg = {.title = WG_GUESTS "/hello.xex", .date = WG_DEFAULT_DATE};
  CU_ASSERT_EQUAL(keep(&cfg, at("hello"), &r, &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "already holds a run"));
}

static unsigned asked, patience;
static bool is_patient(void) { return asked++ < patience; }

// A replay that is told to end has proven nothing and found nothing: its branches end where it does, the record's do
// not.
static void a_replay_can_be_interrupted(void) {
  struct wg_run_watch watch = {.go_on = is_patient};
  int code = WG_INPUT;
  for (patience = 1; code == WG_INPUT && patience < 100000; patience = patience * 5 / 4 + 1) {
    struct wg_replay_result r;
    struct wg_err err = {0};
    asked = 0;
    code = wg_run_replay(at("seed0"), NULL, 1, &watch, &r, &err);
    CU_ASSERT_FALSE(r.mismatch);
    if (code == WG_INPUT) CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "interrupted"));
    wg_replay_result_release(&r);
  }
  CU_ASSERT_EQUAL(code, WG_OK);
  CU_ASSERT_TRUE(patience > 100);
}

// Whoever asks for an end while the title is read and unpacked gets it then, and nothing is left behind.
static void loading_can_be_interrupted(void) {
  struct wg_config cfg = {.title = WG_GUESTS "/system.xex", .max_ns = 1000000, .date = WG_DEFAULT_DATE};
  struct wg_record_options o = {.dir = at("loading"), .watch = {.go_on = is_patient}};
  int code = WG_INPUT;
  for (patience = 0; code == WG_INPUT && patience < 1000; patience++) {
    struct wg_run_result r;
    struct wg_err err = {0};
    asked = 0;
    code = wg_run_record(&cfg, &o, &r, &err);
    if (code == WG_OK) {
      CU_ASSERT_EQUAL(r.end, WG_END_INTERRUPTED);
      wg_run_result_release(&r);
      continue;
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "system.xex: interrupted while it was loaded"));
    CU_ASSERT_TRUE(asked <= patience + 3); // at once
    CU_ASSERT_FALSE(wg_file_exists(at("loading")));
  }
  CU_ASSERT_EQUAL(code, WG_OK);
  CU_ASSERT_TRUE(patience > 4);
}

WG_MAIN("run", {"loading can be interrupted", loading_can_be_interrupted}, {"hello prints", hello_prints},
        {"exceptions find their handlers", exceptions_find_their_handlers},
        {"every guest says ok", every_guest_says_ok},
        {"two recordings are the same bytes", two_recordings_are_the_same_bytes},
        {"seeds change the schedule and repeat", seeds_change_the_schedule_and_repeat},
        {"replays are identical", replays_are_identical}, {"cacheload ends or wedges", cacheload_ends_or_wedges},
        {"diff names the cause first", diff_names_the_cause_first},
        {"a changed input is refused", a_changed_input_is_refused},
        {"strangers in the folder do not matter", strangers_in_the_folder_do_not_matter},
        {"a changed title is refused", a_changed_title_is_refused},
        {"a forged event is found", a_forged_event_is_found},
        {"a forged first event is told alone", a_forged_first_event_is_told_alone},
        {"forged branches end a replay", forged_branches_end_a_replay},
        {"a missing export is said", a_missing_export_is_said},
        {"an undefined instruction stops the run", an_undefined_instruction_stops_the_run},
        {"a run is never overwritten", a_run_is_never_overwritten},
        {"a replay can be interrupted", a_replay_can_be_interrupted})
