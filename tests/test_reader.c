// Traces and logs that are not as we write them: other names for the same things, lines that are none, several traces
// in one file, and files that were made to do harm. Every line of each is accounted for.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/random.h"
#include "tests/scratch.h"
#include "trace/importers.h"
#include "trace/reader.h"

static struct wg_reader *open_text(const char *name, const char *text, size_t n, const char *mapping) {
  struct wg_reader *r = NULL;
  struct wg_err err = {0};
  const struct wg_reading how = {.mapping = mapping};
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at(name), text, n, &err), WG_OK);
  if (wg_reader_open_as(&r, at(name), &how, &err) != WG_OK) printf("\n  %s", err.msg);
  CU_ASSERT_PTR_NOT_NULL_FATAL(r);
  return r;
}

// What the reader makes of a text, as lines of schema 1.
static void read_again(const char *text, const char *mapping, struct wg_buf *out) {
  struct wg_event e;
  struct wg_reader *r = open_text("again", text, strlen(text), mapping);
  wg_buf_clear(out);
  while (wg_reader_next(r, &e)) wg_ev_encode_foreign(&e, out);
  if (wg_reader_damage(r)) wg_buf_printf(out, "damage: %s\n", wg_reader_damage(r));
  wg_reader_close(r);
}

static void expect(const char *text, const char *mapping, const char *want) {
  struct wg_buf b = {0};
  read_again(text, mapping, &b);
  if (strcmp(b.data, want) != 0) printf("\n  got  %s\n  want %s", b.data, want);
  CU_ASSERT_STRING_EQUAL(b.data, want);
  wg_buf_release(&b);
}

#define EVENT(kind, tid, idx, ns, rest)                                                                                \
  "{\"kind\":\"" kind "\",\"tid\":" #tid ",\"idx\":" #idx ",\"host_ns\":" #ns rest "}\n"

static void usual_spellings_are_understood(void) {
  static const char want[] = EVENT("kernel.call", 3, 0, 10, ",\"name\":\"NtClose\",\"args\":[\"0xf8000020\"]")
      EVENT("kernel.return", 3, 1, 20, ",\"name\":\"NtClose\",\"rv\":\"0x0\"");
  static const char *const forms[] = {
      "{\"event\":\"kernel.call\",\"thread_id\":3,\"seq\":0,\"ts\":10,\"name\":\"NtClose\",\"args\":[\"0xf8000020\"]}\n"
      "{\"event\":\"kernel.return\",\"thread_id\":3,\"seq\":1,\"ts\":20,\"name\":\"NtClose\",\"rv\":\"0x0\"}\n",
      "{\"type\":\"call\",\"threadId\":\"0x3\",\"timestamp_ns\":10,\"payload\":{\"function\":\"NtClose\",\"arguments\":"
      "[4160749600]}}\n"
      "{\"type\":\"return\",\"threadId\":\"0x3\",\"timestamp_ns\":20,\"payload\":{\"function\":\"NtClose\",\"result\":"
      "\"0x0\"}}\r\n",
      "{\"ts_us\": 0.01, \"data\": {\"thread\": 3, \"event_type\": \"KernelCall\", \"fields\": {\"fn\": \"NtClose\", "
      "\"params\": [\"0xF8000020\"]}}}\n"
      "{\"ts_us\": 0.02, \"data\": {\"thread\": 3, \"event_type\": \"kernel-return\", \"fields\": {\"fn\": "
      "\"NtClose\", "
      "\"return_value\": \"0x0\"}}}\n",
      // A line that tells nothing comes first, and is kept.
      "{\"kind\":\"enter\",\"Guest-Thread\":3,\"index\":0,\"time\":10,\"api\":\"NtClose\",\"args\":[\"0xf8000020\"]}\n"
      "{\"kind\":\"leave\",\"Guest-Thread\":3,\"index\":1,\"time\":20,\"api\":\"NtClose\",\"ret\":\"0x0\"}\n",
      "{\"Event\":\"SyscallEnter\",\"ThreadId\":3,\"SequenceNumber\":0,\"TimestampUs\":0.01,\"Payload\":{"
      "\"FunctionName\":"
      "\"NtClose\",\"Args\":[4160749600]}}\n"
      "{\"Event\":\"SyscallExit\",\"ThreadId\":3,\"SequenceNumber\":1,\"TimestampUs\":0.02,\"Payload\":{\"Syscall\":"
      "\"NtClose\",\"ReturnCode\":\"0x0\"}}\n",
      "{\"EventName\":\"SyscallEnter\",\"ThreadID\":3,\"TimeStamp\":10,\"Data\":{\"SyscallName\":\"NtClose\",\"Args\":["
      "4160749600]}}"
      "\n{\"EventName\":\"SyscallExit\",\"ThreadID\":3,\"TimeStamp\":20,\"Data\":{\"SyscallName\":\"NtClose\","
      "\"Result\":\"0x0\"}}\n",
  };
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) expect(forms[i], NULL, want);
}

static void what_is_not_understood_is_kept(void) {
  expect(
      "{\"format\":\"ours\",\"version\":2}\n"
      "{\"event\":\"gpu.fence\",\"thread\":\"Main\",\"payload\":{\"value\":7,\"odd\":[1,{\"a\":null}]},\"note\":1.5}\n"
      "\n"
      "{\"event\":\"call\",\"type\":\"fast\",\"thread\":\"Loader\",\"name\":\"NtClose\",\"func\":\"close\"}\n"
      "{\"event\":\"call\",\"thread\":\"Main\",\"name\":\"NtClose\",\"time\":\"yesterday\"}\n",
      NULL,
      EVENT("log", 0, 0, 0, ",\"format\":\"ours\",\"version\":2") EVENT(
          "gpu.fence", 1073741824, 0, 0, ",\"value\":7,\"odd\":[1,{\"a\":null}],\"note\":1.5,\"thread_name\":\"Main\"")
          EVENT("kernel.call", 1073741825, 0, 0,
                ",\"type\":\"fast\",\"name\":\"NtClose\",\"func\":\"close\",\"thread_name\":\"Loader\"")
              EVENT("kernel.call", 1073741824, 1, 0,
                    ",\"name\":\"NtClose\",\"thread_name\":\"Main\",\"time\":\"yesterday\""));
}

static void numbers_that_are_none_are_damage(void) {
  static const struct {
    const char *members, *says;
  } lines[] = {
      {"\"thread_id\":-1", "\"thread_id\" is -1; expected a thread's number"},
      {"\"tid\":4294967296", "\"tid\" is 4294967296; expected a thread's number"},
      {"\"thread_id\":[1]", "\"thread_id\" is [1]; expected"},
      {"\"idx\":4294967295", "\"idx\" is 4294967295; expected an event's number"},
      {"\"idx\":1.5", "\"idx\" is 1.5; expected"},
      {"\"ts\":-1", "\"ts\" is -1; expected a number from 0 on"},
      {"\"ts\":1e30", "\"ts\" is 1e30; expected"},
      {"\"ts_ms\":99999999999999999999", "\"ts_ms\" is 99999999999999999999; expected"},
      {"\"ts\":[]", "\"ts\" is []; expected"},
      {"\"kind\":\"thread.create\",\"child_tid\":[]", "the number of the new thread is none"},
      {"\"kind\":\"thread.create\",\"child_tid\":-1", "the number of the new thread is none"},
      {"\"a\":1,}", "column 23: expected a quoted key"},
  };
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    struct wg_buf b = {0}, got = {0};
    wg_buf_printf(&b, "{\"event\":\"call\",\"thread_id\":1}\n{\"event\":\"call\",%s}\n{\"event\":\"call\"}\n",
                  lines[i].members);
    read_again(b.data, NULL, &got);
    if (strstr(got.data, lines[i].says) == NULL) printf("\n  %s: %s", lines[i].members, got.data);
    CU_ASSERT_PTR_NOT_NULL(strstr(got.data, "damage: line 2: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(got.data, lines[i].says));
    CU_ASSERT_PTR_NOT_NULL(strstr(got.data, "(at byte 31)"));
    wg_buf_release(&b);
    wg_buf_release(&got);
  }
}

// What speaks schema 1 is read as it is, whatever else its lines hold.
static void our_own_traces_are_not_mapped(void) {
  static const char ours[] = EVENT("trace.header", 0, 0, 0, ",\"schema\":1")
      EVENT("signal", 1, 0, 5, ",\"type\":\"x\",\"ts\":9,\"payload\":{\"lr\":1}") EVENT("trace.footer", 0, 1, 6, "");
  expect(ours, NULL, ours);
  struct wg_err err = {0};
  static const char mapping[] = "{\"keys\":{\"type\":\"kind\",\"ts\":\"host_ns\"}}";
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at("m"), mapping, strlen(mapping), &err), WG_OK);
  expect(ours, at("m"), ours);
  static const char headless[] = EVENT("kernel.call", 1, 0, 5, ",\"type\":\"x\",\"seq\":9,\"result\":\"0x1\"");
  expect(headless, NULL, headless);
}

static void a_mapping_file_comes_first(void) {
  static const char mapping[] =
      "{\"keys\": {\"what\": \"kind\", \"who\": \"tid\", \"at\": {\"to\": \"host_ns\", \"times\": 1000}, \"rec\": "
      "\"*\",\n"
      "          \"rec.arg\": \"args\", \"noise\": null, \"kind\": \"object_type\", \"n\": \"idx\"},\n"
      " \"kinds\": {\"KCALL\": \"kernel.call\", \"7\": \"signal\"}, \"usual\": false}";
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at("m"), mapping, strlen(mapping), &err), WG_OK);
  expect("{\"what\":\"KCALL\",\"who\":2,\"at\":3,\"rec\":{\"arg\":[1,2],\"name\":\"NtClose\"},\"noise\":[1],\"func\":"
         "\"f\"}\n"
         "{\"what\":7,\"who\":2,\"at\":4,\"n\":5,\"kind\":\"Event\",\"arg\":1}\n",
         at("m"),
         EVENT("kernel.call", 2, 0, 3000, ",\"args\":[\"0x1\",\"0x2\"],\"name\":\"NtClose\",\"func\":\"f\"")
             EVENT("signal", 2, 5, 4000, ",\"object_type\":\"Event\",\"arg\":1"));
  static const struct {
    const char *text, *says;
  } bad[] = {
      {"{", ":1: string or '}' expected near end of file; expected a mapping: {\"keys\""},
      {"[]", ":1: it is no object; expected a mapping: {\"keys\": {...}, \"kinds\": {...}}"},
      {"{}", "expected {\"keys\": {...}, \"kinds\": {...}}"},
      {"{\"keys\":{\"a\":\"nothing\"}}", "\"keys\": \"a\" is \"nothing\"; expected kind, tid, idx"},
      {"{\"keys\":{\"a\":5}}", "\"a\" is no name; expected"},
      {"{\"keys\":{\"a\":{\"to\":\"name\",\"times\":2}}}", "\"times\" must be a number above 0, and is for host_ns"},
      {"{\"keys\":{\"a\":{\"to\":\"host_ns\",\"times\":-2}}}", "\"times\" must be a number above 0"},
      {"{\"kinds\":{\"a\":\"kernel.cal\"}}", "\"kinds\": \"a\" is \"kernel.cal\"; expected a kind of schema 1"},
      {"{\"keys\":{},\"kind\":{}}", "\"kind\" is nothing of a mapping; expected keys, kinds or usual"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct wg_reader *r;
    struct wg_err said = {0};
    CU_ASSERT_EQUAL_FATAL(wg_file_write(at("m"), bad[i].text, strlen(bad[i].text), &err), WG_OK);
    const struct wg_reading how = {.mapping = at("m")};
    CU_ASSERT_EQUAL(wg_reader_open_as(&r, at("again"), &how, &said), WG_INPUT);
    if (strstr(said.msg, bad[i].says) == NULL) printf("\n  %s", said.msg);
    CU_ASSERT_PTR_NOT_NULL(strstr(said.msg, bad[i].says));
    CU_ASSERT_PTR_NOT_NULL(strstr(said.msg, "/m:"));
  }
}

// -- every line --

static bool adds_up(const struct wg_line_counts *l) {
  return l->all == l->events + l->kept + l->blank + l->damaged + l->beyond;
}

// Lines of known kinds in random order; what each is, is known beforehand.
static void every_line_is_accounted_for(void) {
  static const struct {
    const char *text;
    int is; // 0 event, 1 kept, 2 blank, 3 damaged
  } json[] = {{"{\"kind\":\"signal\",\"tid\":1,\"idx\":0}", 0},
              {"{\"kind\":\"signal\", \"tid\":1, \"text\":\"\\u0041\"}", 0},
              {"{\"kind\":\"of.theirs\",\"tid\":2}", 1},
              {"", 2},
              {"\r", 2},
              {" \t \r", 2},
              {"  ", 2},
              {" \f", 3},
              {"{\"kind\":\"signal\",\"tid\":1", 3},
              {"\xFF\xFE\x01", 3},
              {"{\"kind\":\"signal\",\"tid\":-1}", 3},
              {"[]", 3},
              {"{\"tid\":1}", 3}},
    log[] = {{"d> F8000008 NtClose(F8000020)", 0},
             {"d> F8000008 NtClose(F8000020)\r", 0},
             {"i> F8000008 anything", 1},
             {"!> 00000001 ", 1},
             {"of several lines", 1},
             {"[APU]\r", 1},
             {"", 2},
             {" \t\r", 2}};
  uint64_t x = 3;
  for (int round = 0; round < 60; round++) {
    bool text_log = round % 2;
    struct wg_buf b = {0};
    uint64_t want[4] = {1, 0, 0, 0}, first_line = 0, first_at = 0;
    wg_buf_str(&b, text_log ? "d> F8000008 NtClose(F8000020)\n" : "{\"kind\":\"signal\",\"tid\":1,\"idx\":0}\n");
    unsigned n = 1 + random_below(&x, 6000);
    for (unsigned i = 0; i < n; i++) {
      unsigned p = text_log ? random_below(&x, 8) : random_below(&x, 13);
      int is = text_log ? log[p].is : json[p].is;
      if (is == 3 && want[3] == 0) {
        first_line = i + 2;
        first_at = b.len;
      }
      want[is]++;
      wg_buf_str(&b, text_log ? log[p].text : json[p].text);
      wg_buf_char(&b, '\n');
    }
    struct wg_reader *r = open_text("lines", b.data, b.len, NULL);
    struct wg_event e;
    struct wg_line_counts l;
    while (wg_reader_next(r, &e)) {
      wg_reader_lines(r, &l);
      CU_ASSERT_TRUE_FATAL(adds_up(&l));
    }
    wg_reader_lines(r, &l);
    CU_ASSERT_TRUE(adds_up(&l));
    CU_ASSERT_EQUAL(l.all, n + 1);
    CU_ASSERT_EQUAL(l.events, want[0]);
    CU_ASSERT_EQUAL(l.kept, want[1]);
    CU_ASSERT_EQUAL(l.blank, want[2]);
    CU_ASSERT_EQUAL(l.damaged, want[3]);
    CU_ASSERT_EQUAL(l.bad_line, first_line);
    CU_ASSERT_EQUAL(l.bad_at, first_at);
    wg_reader_close(r);
    wg_buf_release(&b);
  }
}

static void lines_of_several_lines_are_kept(void) {
  expect("rest of a line\n"
         "i> F8000008 Module x:\n"
         "  Base 82000000\n"
         "\n"
         "d> F800000C NtClo"
         "i> F8000008 Module y:\n"
         "se(F8000020)\n"
         "\tmore\r\n",
         NULL,
         EVENT("log", 0, 0, 0, ",\"op\":\"?\",\"text\":\"rest of a line\",\"continues\":true")
             EVENT("log", 0, 1, 0, ",\"op\":\"i\",\"text\":\"Module x:\"")
                 EVENT("log", 0, 2, 0, ",\"op\":\"i\",\"text\":\"  Base 82000000\",\"continues\":true")
                     EVENT("log", 0, 3, 0, ",\"op\":\"i\",\"text\":\"Module y:\"") EVENT(
                         "kernel.call", 1073741824, 0, 0,
                         ",\"name\":\"NtClose\",\"args\":[\"0xf8000020\"],\"args_resolved\":{}")
                         EVENT("log", 1073741824, 1, 0, ",\"op\":\"d\",\"text\":\"\\u0009more\",\"continues\":true"));
}

// Two runs in one file are two runs: threads, handles and times of the second are others.
static void a_second_trace_is_not_more_of_the_first(void) {
#define HEADER "{\"kind\":\"trace.header\",\"schema\":1}\n"
#define FOOTER "{\"kind\":\"trace.footer\"}\n"
#define ONE "{\"kind\":\"signal\",\"tid\":1}\n"
  static const struct {
    const char *text;
    uint64_t events, beyond;
    const char *says;
  } files[] = {
      {HEADER ONE FOOTER HEADER ONE ONE FOOTER, 3, 4,
       "line 4: another trace begins (at byte 85); it is not read, `tail -n +4` gives it"},
      {HEADER ONE FOOTER "\n" ONE "garbage\n", 3, 2,
       "line 5: the trace ended before (at byte 86); what follows its footer is not read"},
      {HEADER ONE ONE HEADER ONE FOOTER, 3, 3,
       "line 4: another trace begins (at byte 87); it is not read, `tail -n +4` gives it"},
      {ONE ONE HEADER FOOTER, 2, 2, "line 3: another trace begins (at byte 52); it is not read, `tail -n +3` gives it"},
      {HEADER ONE FOOTER "\n\n", 3, 0, NULL},
      {"\n" HEADER ONE FOOTER, 3, 0, NULL},
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    struct wg_reader *r = open_text("two", files[i].text, strlen(files[i].text), NULL);
    struct wg_event e;
    struct wg_line_counts l;
    uint64_t n = 0;
    while (wg_reader_next(r, &e)) n++;
    CU_ASSERT_EQUAL(wg_reader_next(r, &e), 0);
    wg_reader_lines(r, &l);
    CU_ASSERT_TRUE(adds_up(&l));
    CU_ASSERT_EQUAL(n, files[i].events);
    CU_ASSERT_EQUAL(l.beyond, files[i].beyond);
    const char *damage = wg_reader_damage(r);
    if (damage && (!files[i].says || strcmp(damage, files[i].says) != 0)) printf("\n  %s", damage);
    CU_ASSERT_TRUE(files[i].says ? damage && strcmp(damage, files[i].says) == 0 : damage == NULL);
    wg_reader_close(r);
  }
  // The same in packed files one after another, as `cat` makes them.
  char command[400];
  struct wg_err err = {0};
  struct wg_reader *r;
  struct wg_event e;
  snprintf(command, sizeof command, "cd %s && zstd -qf two -o a.zst && cat a.zst a.zst >aa.zst", scratch_dir());
  CU_ASSERT_EQUAL_FATAL(system(command), 0);
  CU_ASSERT_EQUAL_FATAL(wg_reader_open(&r, at("aa.zst"), &err), WG_OK);
  for (int i = 0; i < 3; i++) CU_ASSERT_EQUAL(wg_reader_next(r, &e), 1);
  CU_ASSERT_EQUAL(wg_reader_next(r, &e), 0);
  CU_ASSERT_PTR_NOT_NULL(strstr(wg_reader_damage(r), "another trace begins"));
  wg_reader_close(r);
}

// -- harm --

static void threads_have_a_bound(void) {
  for (int form = 0; form < 3; form++) {
    struct wg_buf b = {0};
    for (unsigned i = 0; i < WG_MOST_THREADS + 100; i++)
      if (form == 0)
        wg_buf_printf(&b, "{\"kind\":\"signal\",\"tid\":%u}\n", i * 7);
      else if (form == 1)
        wg_buf_printf(&b, "d> %08X NtClose(F8000020)\n", i + 1);
      else
        wg_buf_printf(&b, "{\"event\":\"signal\",\"thread\":\"t%u\"}\n", i);
    struct wg_reader *r = open_text("threads", b.data, b.len, NULL);
    struct wg_event e;
    struct wg_line_counts l;
    while (wg_reader_next(r, &e)) {
    }
    wg_reader_lines(r, &l);
    CU_ASSERT_TRUE(adds_up(&l));
    CU_ASSERT_TRUE(l.damaged >= 100 && l.damaged <= 101);
    const char *damage = wg_reader_damage(r);
    CU_ASSERT_TRUE(damage && (strstr(damage, "is one too many") || strstr(damage, "expected one of at most 262144")));
    wg_reader_close(r);
    wg_buf_release(&b);
  }
}

static void members_have_a_bound(void) {
  struct wg_buf b = {0};
  for (unsigned n = 4095; n <= 4097; n++) {
    wg_buf_str(&b, "{\"kind\":\"signal\"");
    for (unsigned i = 1; i < n; i++) wg_buf_str(&b, ",\"\":1");
    wg_buf_str(&b, "}\n");
  }
  struct wg_reader *r = open_text("members", b.data, b.len, NULL);
  struct wg_event e;
  CU_ASSERT_EQUAL(wg_reader_next(r, &e), 1);
  CU_ASSERT_EQUAL(wg_ev_count(&e), 4094);
  CU_ASSERT_EQUAL(wg_reader_next(r, &e), 1);
  CU_ASSERT_EQUAL(wg_reader_next(r, &e), 0);
  CU_ASSERT_PTR_NOT_NULL(strstr(wg_reader_damage(r), "expected fewer members"));
  wg_reader_close(r);
  wg_buf_release(&b);
}

static void packed_files_that_mean_harm(void) {
  static const struct {
    const char *make, *says;
  } files[] = {
      {"head -c 1300M /dev/zero | zstd -q >bomb", "unpacks to more than 1000 times its size"},
      {"printf 'x' | zstd -q --long=30 >bomb", "needs more than 128 MiB of memory; pack it anew without --long"},
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char command[400];
    struct wg_reader *r;
    struct wg_err err = {0};
    struct wg_event e;
    snprintf(command, sizeof command,
             "cd %s && printf '{\"kind\":\"signal\",\"tid\":1}\\n' | zstd -q >good; %s; cat good bomb >all",
             scratch_dir(), files[i].make);
    CU_ASSERT_EQUAL_FATAL(system(command), 0);
    CU_ASSERT_EQUAL_FATAL(wg_reader_open(&r, at("all"), &err), WG_OK);
    CU_ASSERT_EQUAL(wg_reader_next(r, &e), 1);
    CU_ASSERT_EQUAL(wg_reader_next(r, &e), 0);
    const char *damage = wg_reader_damage(r);
    if (damage == NULL || strstr(damage, files[i].says) == NULL) printf("\n  %s", damage ? damage : "no damage");
    CU_ASSERT_TRUE(damage && strstr(damage, files[i].says));
    wg_reader_close(r);
  }
}

// A line of nothing but beginnings of lines costs no more than its length.
static void lines_within_lines_have_a_bound(void) {
  struct wg_buf b = {0};
  while (b.len < 8u << 20) wg_buf_str(&b, "d> F8000008 Nt(");
  wg_buf_str(&b, ")\nd> F8000008 NtClose(F8000020)\n");
  struct wg_reader *r = open_text("inner", b.data, b.len, NULL);
  struct wg_event e;
  struct wg_line_counts l;
  unsigned n = 0;
  while (wg_reader_next(r, &e)) n++;
  wg_reader_lines(r, &l);
  CU_ASSERT_EQUAL(n, 2);
  CU_ASSERT_EQUAL(l.all, 2);
  wg_reader_close(r);
  wg_buf_release(&b);
}

static void other_encodings_are_named(void) {
  struct wg_err err = {0};
  struct wg_reader *r;
  static const char text[] = "\xFF\xFEi\0>\0 \0";
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at("utf16"), text, sizeof text - 1, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_reader_open(&r, at("utf16"), &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "is UTF-16 (iconv -f UTF-16 -t UTF-8 makes it readable)"));
}

WG_MAIN("reader", {"usual spellings are understood", usual_spellings_are_understood},
        {"what is not understood is kept", what_is_not_understood_is_kept},
        {"numbers that are none are damage", numbers_that_are_none_are_damage},
        {"our own traces are not mapped", our_own_traces_are_not_mapped},
        {"a mapping file comes first", a_mapping_file_comes_first},
        {"every line is accounted for", every_line_is_accounted_for},
        {"lines of several lines are kept", lines_of_several_lines_are_kept},
        {"a second trace is not more of the first", a_second_trace_is_not_more_of_the_first},
        {"threads have a bound", threads_have_a_bound}, {"members have a bound", members_have_a_bound},
        {"packed files that mean harm", packed_files_that_mean_harm},
        {"lines within lines have a bound", lines_within_lines_have_a_bound},
        {"other encodings are named", other_encodings_are_named})
