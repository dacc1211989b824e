// Whatever the strings of a trace hold, a line of the report stays one line of printable text.
#include "base/printable.h"
#include "diff/words.h"
#include "tests/telling.h"

static void control_characters_are_escaped(void) {
  struct wg_buf out = {0};
  wg_put_text(&out,
              "a\nb\tc\x1b[31m\x7f\x85"
              "d\\",
              100);
  CU_ASSERT_STRING_EQUAL(out.data, "a\\x0ab\\x09c\\x1b[31m\\x7f\\x85"
                                   "d\\");
  wg_buf_clear(&out);
  char all[256];
  for (int i = 1; i < 256; i++) all[i - 1] = (char)i;
  all[255] = 0;
  wg_put_text(&out, all, 1000);
  for (size_t i = 0; i < out.len; i++) {
    unsigned char c = (unsigned char)out.data[i];
    CU_ASSERT_TRUE(c >= 0x20 && c != 0x7F && !(c >= 0x80 && c < 0xA0));
  }
  wg_buf_release(&out);
}

static void utf8_stays_and_what_is_none_is_escaped(void) {
  static const struct {
    const char *text, *shown;
  } texts[] = {
      {"d\xC3\xBCrer \xE2\x82\xAC \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x8E\xAE",
       "d\xC3\xBCrer \xE2\x82\xAC \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x8E\xAE"},
      {"\xC3", "\\xc3"},                            // cut
      {"\xE2\x82z", "\\xe2\\x82z"},                 // cut
      {"\xC0\x80", "\\xc0\\x80"},                   // overlong
      {"\xE0\x80\xAF", "\\xe0\\x80\\xaf"},          // overlong
      {"\xED\xA0\x80", "\\xed\\xa0\\x80"},          // a surrogate
      {"\xF4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, // beyond U+10FFFF
      {"\xFF\xFE", "\\xff\\xfe"},
      {"\xC2\x85\xC2\x9B", "\\x85\\x9b"}, // C1
      {"a\xE2\x80\xAE"
       "b\xE2\x81\xA6"
       "c",
       "a\\u202eb\\u2066c"}, // direction
      {"\xE2\x80\xA8|\xEF\xBB\xBF|\xE2\x80\x8B", "\\u2028|\\ufeff|\\u200b"},
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct wg_buf out = {0};
    wg_put_text(&out, texts[i].text, 100);
    CU_ASSERT_STRING_EQUAL(out.data, texts[i].shown);
    wg_buf_release(&out);
  }
  struct wg_buf out = {0};
  wg_put_text(&out, "\xE6\x97\xA5\xE6\x9C\xAC", 1); // characters are whole
  CU_ASSERT_STRING_EQUAL(out.data, "\xE6\x97\xA5...");
  wg_buf_clear(&out);
  wg_buf_json_utf8(&out, "a\"\\\xC3\xBC\xFF\n\0z", 9);
  CU_ASSERT_STRING_EQUAL(out.data, "\"a\\\"\\\\\xC3\xBC\\u00ff\\u000a\\u0000z\"");
  wg_buf_release(&out);
}

// A NUL ends no text: what stands behind it is compared and shown.
static void a_nul_ends_nothing(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = tell_begin(side ? "nb" : "na", 1);
    tell_event(w, "kernel.call", 1,
               side ? ",\"name\":\"DbgPrint\",\"args_resolved\":{\"string\":\"same\\u0000red\"}"
                    : ",\"name\":\"DbgPrint\",\"args_resolved\":{\"string\":\"same\\u0000blue\"}");
    tell_return(w, 1, "DbgPrint", 0);
    wedge_emit_close(w);
  }
  CU_ASSERT_EQUAL(compare("na", "nb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, "\"same\\x00blue\""));
  CU_ASSERT_TRUE(first_says(&out, "\"same\\x00red\""));
  struct wg_diff_options o = {.thread = -1, .format = WG_DIFF_JSON};
  CU_ASSERT_EQUAL(compare_with("na", "nb", NULL, &o, &out), WG_DIFFERS);
  CU_ASSERT_TRUE(says(&out, "\"about\":\"same\\u0000blue\""));
  wg_buf_release(&out);
}

static void long_text_is_cut(void) {
  struct wg_buf out = {0};
  wg_put_text(&out, "abcdef", 6);
  wg_buf_char(&out, '|');
  wg_put_text(&out, "abcdef", 3);
  wg_buf_char(&out, '|');
  wg_put_text(&out, "", 3);
  CU_ASSERT_STRING_EQUAL(out.data, "abcdef|abc...|");
  wg_buf_release(&out);
}

static void results_have_names(void) {
  static const struct {
    const char *call;
    uint64_t v;
    const char *words;
  } results[] = {
      {"NtClose", 0xC0000008, "STATUS_INVALID_HANDLE (0xc0000008)"},
      {"NtClose", 0xDEADBEEF, "0xdeadbeef"},
      {"KeTlsFree", 0, "false"},
      {"KeTlsAlloc", 1, "a slot"},
      {"KeTlsAlloc", UINT32_MAX, "no slot"},
      {"NetDll_WSACleanup", 1, "0x1"},
      {"MmAllocatePhysicalMemoryEx", 1, "an address"},
      {"MmAllocatePhysicalMemoryEx", 0, "0x0"},
  };
  for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
    struct wg_buf out = {0};
    wg_put_result(wg_nt_find(results[i].call, strlen(results[i].call)), results[i].v, &out);
    CU_ASSERT_STRING_EQUAL(out.data, results[i].words);
    wg_buf_release(&out);
  }
  struct wg_buf out = {0};
  wg_put_result(NULL, 5, &out);
  CU_ASSERT_STRING_EQUAL(out.data, "0x5");
  wg_buf_release(&out);
}

// A link of a chain may have a place on one side only.
static void a_place_without_a_call_is_said_so(void) {
  struct wg_dthread thread = {.tid = 7};
  struct wg_side sides[2] = {{.threads = &thread, .nthreads = 1}, {.threads = &thread, .nthreads = 1}};
  struct wg_thread_pair pair = {.t = {0, 0}};
  struct wg_pairing p = {.s = {&sides[0], &sides[1]}, .pairs = &pair, .npairs = 1};
  for (int kind = WG_LINK_BLOCKED; kind <= WG_LINK_MEMORY; kind++) {
    const struct wg_link l = {
        .kind = (enum wg_link_kind)kind, .step = {WG_NONE, WG_NONE}, .object = WG_NONE, .finding = WG_NONE};
    struct wg_buf out = {0};
    wg_put_link(&p, &l, &out);
    CU_ASSERT_TRUE(kind != WG_LINK_BLOCKED || strcmp(out.data, "thread 7 (7 there) waits in vain: no call") == 0);
    wg_buf_release(&out);
  }
}

#define EVIL "game:\\a\nb\r\x1b[2J\x7f\x85|x\\"

static void write_evil(const char *file, bool side, const char *text) {
  wedge_emit *w = tell_begin(file, 1);
  struct wg_buf m = {0};
  tell_path(w, 1, "NtOpenFile", text, side ? 0 : 0xC000000F);
  tell_path(w, 1, "NtQueryFullAttributesFile", side ? "game:\\b" : text, 0);
  // A key that holds a control character as it stands.
  tell_event(w, "kernel.call", 1, ",\"name\":\"NtQueryVirtualMemory\",\"args\":[\"0x1\"]");
  tell_event(w, "kernel.return", 1,
             side ? ",\"name\":\"NtQueryVirtualMemory\",\"rv\":0,\"out\":{\"k\xC2\x85\":1}"
                  : ",\"name\":\"NtQueryVirtualMemory\",\"rv\":0,\"out\":{\"k\xC2\x85\":2}");
  // A call that nobody knows, named so; what it wrote, under such a key; an object of such a type; an exception.
  wg_buf_str(&m, ",\"name\":");
  wg_buf_json(&m, text, strlen(text));
  tell_event(w, "kernel.call", 1, m.data);
  wg_buf_str(&m, ",\"rv\":0,\"out\":{");
  wg_buf_json(&m, text, strlen(text));
  wg_buf_printf(&m, ":%d,\"plain\":", side);
  wg_buf_json(&m, side ? text : "other", strlen(side ? text : "other"));
  wg_buf_char(&m, '}');
  tell_event(w, "kernel.return", 1, m.data);
  wg_buf_clear(&m);
  wg_buf_str(&m, ",\"raw\":\"0xf8000100\",\"object_type\":");
  wg_buf_json(&m, text, strlen(text));
  tell_event(w, "handle.create", 1, m.data);
  tell(w, 1, side ? "NtSetEvent" : "NtPulseEvent", 0xF8000100, 0, 0);
  wg_buf_clear(&m);
  wg_buf_str(&m, ",\"pc\":\"0x82000000\",\"cause\":");
  wg_buf_json(&m, text, strlen(text));
  if (!side) tell_event(w, "exception", 1, m.data);
  wg_buf_release(&m);
  wedge_emit_close(w);
}

static size_t lines_of(const struct wg_buf *b, bool *printable) {
  size_t n = 0;
  for (size_t i = 0; i < b->len; i++) {
    unsigned char c = (unsigned char)b->data[i];
    n += c == '\n';
    bool c1 = c >= 0x80 && c < 0xA0 && i > 0 && (unsigned char)b->data[i - 1] == 0xC2;
    if (c != '\n' && (c < 0x20 || c == 0x7F || c1)) *printable = false;
  }
  return n;
}

static void a_member_without_a_name_is_one(void) {
  struct wg_buf out = {0};
  for (int side = 0; side < 2; side++) {
    wedge_emit *w = tell_begin(side ? "nb" : "na", 1);
    tell_event(w, "kernel.call", 1, ",\"name\":\"NtQueryVirtualMemory\",\"args\":[\"0x1\"]");
    tell_event(w, "kernel.return", 1,
               side ? ",\"name\":\"NtQueryVirtualMemory\",\"rv\":0,\"out\":{\"\":1}"
                    : ",\"name\":\"NtQueryVirtualMemory\",\"rv\":0,\"out\":{\"\":2}");
    wedge_emit_close(w);
  }
  CU_ASSERT_EQUAL(compare("na", "nb", &out), WG_DIFFERS);
  CU_ASSERT_TRUE(first_says(&out, " = 2; in the reference 1"));
  wg_buf_release(&out);
}

static void reports_keep_their_lines(void) {
  struct wg_buf out = {0};
  write_evil("ea", false, EVIL);
  write_evil("eb", true, EVIL);
  write_evil("pa", false, "game:\\plain");
  write_evil("pb", true, "game:\\plain");
  for (int format = 0; format < 3; format++) {
    struct wg_diff_options o = {
        .thread = -1, .verbose = true, .explain_noise = true, .format = (enum wg_diff_format)format};
    bool printable = true;
    CU_ASSERT_EQUAL(compare_with("pa", "pb", NULL, &o, &out), WG_DIFFERS);
    size_t plain = lines_of(&out, &printable);
    CU_ASSERT_EQUAL(compare_with("ea", "eb", NULL, &o, &out), WG_DIFFERS);
    CU_ASSERT_EQUAL(lines_of(&out, &printable), plain);
    CU_ASSERT_TRUE(printable);
  }
  wg_buf_release(&out);
}

WG_MAIN("words", {"control characters are escaped", control_characters_are_escaped},
        {"UTF-8 stays, what is none is escaped", utf8_stays_and_what_is_none_is_escaped},
        {"a NUL ends nothing", a_nul_ends_nothing}, {"long text is cut", long_text_is_cut},
        {"results have names", results_have_names},
        {"a place without a call is said so", a_place_without_a_call_is_said_so},
        {"a member without a name is one", a_member_without_a_name_is_one},
        {"reports keep their lines", reports_keep_their_lines})
