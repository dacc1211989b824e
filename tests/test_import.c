// Lines of traces and logs: the two JSON scanners against each other and against jansson on random lines, valid and
// not; what is damaged is passed over and counted; every way in (plain, zstd, gzip, pipe) gives the same; shapes of
// logs.
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json_iter.h"
#include "tests/scratch.h"
#include "trace/jsonl.h"
#include "trace/reader.h"
#include "trace/source.h"

static uint64_t seed;
static unsigned pick(unsigned n) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(seed >> 33) % n;
}

static const char *any(const char *const *list, size_t n) { return list[pick((unsigned)n)]; }
#define ANY(...) any((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

// Lines as writers write them: `usual` ones must not need the careful scanner.
static void make_value(struct wg_buf *b, bool usual) {
  switch (pick(usual ? 8 : 12)) {
  case 0:
    wg_buf_str(b, ANY("0", "7", "12345", "4294967296", "18446744071598185096", "18446744073709551615", "99999999"));
    break;
  case 1: wg_buf_str(b, ANY("-1", "-9223372036854775808", "-12")); break;
  case 2:
    wg_buf_str(b, ANY("\"0x82005d60\"", "\"\"", "\"KeWaitForSingleObject\"", "\"f7\"", "\"\xC3\xA9t\xC3\xA9\""));
    break;
  case 3: wg_buf_str(b, ANY("true", "false", "null")); break;
  case 4:
    wg_buf_str(b, ANY("[]", "[1,2]", "[\"0x1\",\"0xffffffffffffffff\"]", "[\"a\",{\"b\":[]}]", "[1.5]",
                      "[18446744073709551616]", "[\"\xC3\xBC\"]"));
    break;
  case 5:
    wg_buf_str(b, ANY("{}", "{\"a\":{\"b\":\"}]\"}}", "{\"path\":\"game:\\\\Media\\\\x\",\"q\":\"\\\"\"}"));
    break;
  case 6:
    wg_buf_str(b, ANY("[\"0x1\", -3, 7]", "[ ]", "[\"0x11112222333344445\"]", "[\"0x\"]", "[-9223372036854775809]"));
    break;
  case 7:
    wg_buf_char(b, '"');
    for (unsigned n = pick(70); n; n--) wg_buf_char(b, (char)('a' + pick(26)));
    wg_buf_char(b, '"');
    break;
  case 8:
    wg_buf_str(b,
               ANY("1.5", "1e9", "-0.5", "18446744073709551616", "-9223372036854775809", "99999999999999999999999999"));
    break;
  case 9: wg_buf_str(b, ANY("\"a\\\\b\"", "\"\\u0041\\n\"", "\"\\u20ac\"")); break;
  case 10:
    wg_buf_str(b, ANY("{\"\\u00fc\":[\"\\u00fc\"]}", "[[[]]]", "[{\"a\":1},{\"b\":[2]}]", " 5", " [1 , 2]", "\t\"x\""));
    break;
  default: {
    unsigned depth = pick(20) ? 1 + pick(64) : 65; // the latter is too deep
    for (unsigned i = 0; i < depth; i++) wg_buf_char(b, '[');
    for (unsigned i = 0; i < depth; i++) wg_buf_char(b, ']');
  }
  }
}

static void make_line(struct wg_buf *b, bool usual) {
  wg_buf_clear(b);
  const char *comma = pick(2) ? "," : ", ", *colon = pick(2) ? ":" : ": ";
  unsigned kind_at = pick(3), n = kind_at + 1 + pick(usual ? 14 : 40);
  wg_buf_char(b, '{');
  for (unsigned i = 0; i < n; i++) {
    if (i) wg_buf_str(b, comma);
    if (i == kind_at) {
      wg_buf_printf(
          b, "\"kind\"%s\"%s\"", colon,
          ANY("kernel.call", "kernel.return", "thread.create", "wait.end", "other", "a.kind.of.twenty.bytes"));
    } else if (pick(3) == 0) {
      const char *name = ANY("tid", "idx", "host_ns", "cycle", "new_tid");
      wg_buf_printf(b, "\"%s\"%s%u", name, colon, pick(1u << 30));
    } else {
      wg_buf_printf(b, "\"%s\"%s",
                    ANY("name", "args", "args_resolved", "lr", "rv", "out", "handle", "stack", "odd", "", "void",
                        "guest_objects", "fourteen_bytes", "fifteen_bytes__", "sixteen_bytes___",
                        "a_key_of_more_than_thirty_two_bytes"),
                    colon);
      make_value(b, usual);
    }
  }
  wg_buf_char(b, '}');
  if (!usual && pick(4) == 0) wg_buf_str(b, ANY("\r", " ", "x", ",", "\r\r"));
}

static void mutate(struct wg_buf *b) {
  for (unsigned n = 1 + pick(3); n && b->len; n--) {
    unsigned at = pick((unsigned)b->len);
    switch (pick(4)) {
    case 0: b->data[at] = (char)pick(256); break;
    case 1: b->data[at] = "\"\\{}[],: 0-e"[pick(12)]; break;
    case 2: // one byte less
      memmove(b->data + at, b->data + at + 1, b->len - at);
      b->len--;
      break;
    default: // cut
      if (pick(8) == 0) b->data[b->len = at] = 0;
    }
  }
  for (size_t i = 0; i < b->len; i++)
    if (b->data[i] == '\n') b->data[i] = ' ';
}

static bool same_bytes(const char *a, const char *b, size_t n) {
  return memcmp(a, b, n) == 0 && a[n] == 0 && b[n] == 0;
}

static bool same_field(const struct wg_field *a, const struct wg_field *b) {
  if (a->key != b->key || a->type != b->type || a->n != b->n) return false;
  if (a->key == WG_K_OTHER && strcmp(a->name, b->name) != 0) return false;
  if (a->type == WG_F_STR || a->type == WG_F_RAW) return same_bytes(a->s, b->s, a->n);
  return a->type == WG_F_HEXES ? memcmp(a->v, b->v, a->n * sizeof *a->v) == 0 : a->u == b->u;
}

static bool same_event(const struct wg_event *a, const struct wg_event *b) {
  if (a->kind != b->kind || a->tid != b->tid || a->idx != b->idx || a->host_ns != b->host_ns || a->cycle != b->cycle ||
      a->has_cycle != b->has_cycle || a->nfields != b->nfields || a->nmore != b->nmore)
    return false;
  if (a->kind == WG_EV_OTHER && strcmp(a->kind_name, b->kind_name) != 0) return false;
  for (size_t i = 0; i < wg_ev_count(a); i++)
    if (!same_field(wg_ev_at(a, i), wg_ev_at(b, i))) return false;
  return true;
}

struct scanners {
  struct wg_jsonl quick, careful;
  struct wg_buf line; // the quick one's
  unsigned both, neither, one;
};

// Runs both; false if they contradict each other.
static bool agree(struct scanners *s, const struct wg_buf *text) {
  struct wg_event a, b;
  struct wg_err err = {0};
  wg_buf_clear(&s->line);
  wg_buf_reserve(&s->line, text->len + WG_SOURCE_SLACK);
  memset(s->line.data, '"', text->len + WG_SOURCE_SLACK); // what lies behind must not matter
  wg_buf_add(&s->line, text->data, text->len);
  bool quick = wg_jsonl_quick(&s->quick, s->line.data, text->len, &a);
  bool good = wg_jsonl_careful(&s->careful, text->data, text->len, &b, &err) == 1;
  *(quick ? &s->both : good ? &s->one : &s->neither) += 1;
  if (!quick) return memcmp(s->line.data, text->data, text->len) == 0; // left alone for the careful one
  return good && same_event(&a, &b);
}

static void scanners_open(struct scanners *s) {
  memset(s, 0, sizeof *s);
  wg_jsonl_init(&s->quick);
  wg_jsonl_init(&s->careful);
}

// Of lines that another engine wrote: its escapes are characters.
static void scanners_of_others(struct scanners *s) { s->quick.escapes = s->careful.escapes = WG_JSON_CHARACTERS; }

static void scanners_close(struct scanners *s) {
  wg_jsonl_release(&s->quick);
  wg_jsonl_release(&s->careful);
  wg_buf_release(&s->line);
}

static void scan_lines(bool of_others) {
  static struct scanners s;
  struct wg_buf b = {0};
  scanners_open(&s);
  if (of_others) scanners_of_others(&s);
  seed = 8;
  for (int i = 0; i < 60000; i++) {
    bool usual = i % 3 == 0;
    make_line(&b, usual);
    unsigned before = s.both;
    if (i % 3 == 2) mutate(&b);
    bool ok = agree(&s, &b);
    if (!ok) printf("\n  they differ on: %s", b.data);
    CU_ASSERT_TRUE_FATAL(ok);
    if (usual && !of_others) CU_ASSERT_EQUAL_FATAL(s.both, before + 1);
  }
  CU_ASSERT_TRUE(s.both > 18000 && s.one > 12000 && s.neither > 12000);
  scanners_close(&s);
  wg_buf_release(&b);
}

static void both_scanners_agree(void) {
  scan_lines(false);
  scan_lines(true);
}

// Lines of ours and of the reference, cut after every byte and with every byte changed into each of those that mean
// something.
static void both_scanners_agree_on_what_is_nearly_a_line(void) {
  static const char *const lines[] = {
      "{\"kind\":\"kernel.call\",\"tid\":1,\"idx\":995,\"host_ns\":51581,\"cycle\":1881,\"name\":"
      "\"RtlEnterCriticalSection\","
      "\"module\":\"xboxkrnl.exe\",\"ordinal\":293,\"lr\":\"0x8201013c\",\"args\":[\"0x82030010\"],\"args_resolved\":{}"
      "}",
      "{\"kind\":\"kernel.return\",\"tid\":1,\"idx\":996,\"host_ns\":51681,\"name\":\"NtClose\",\"rv\":\"0x0\","
      "\"void\":true,"
      "\"out\":{\"a\":\"b\"}}\r",
      "{\"engine\":\"canary\",\"kind\":\"thread.create\",\"tid\":0,\"idx\":5,\"host_ns\":9459230,\"new_tid\":1,"
      "\"handle\":"
      "16777232,\"entry\":0,\"stack\":131072,\"guest\":false}",
      "{\"kind\": \"wait.begin\", \"tid\": 4294967295, \"idx\": 4294967294, \"host_ns\": 18446744073709551615, "
      "\"handles\": "
      "[\"11112222333344ff\", {\"hsid\":\"x\"}], \"timeout_ns\": -9223372036854775808, \"satisfied_by\": null}",
  };
  static const char bytes[] = "\"\\{}[],:- .eE09xkt\x01\x7F\x80\xFF";
  static struct scanners s;
  struct wg_buf b = {0};
  scanners_open(&s);
  for (size_t l = 0; l < sizeof lines / sizeof *lines; l++) {
    size_t n = strlen(lines[l]);
    for (size_t i = 0; i <= n; i++) {
      wg_buf_clear(&b);
      wg_buf_add(&b, lines[l], i);
      CU_ASSERT_TRUE_FATAL(agree(&s, &b));
      if (i == n) break;
      wg_buf_str(&b, lines[l] + i + 1);
      CU_ASSERT_TRUE_FATAL(agree(&s, &b)); // one byte less
      for (size_t c = 0; c < sizeof bytes; c++) {
        wg_buf_clear(&b);
        wg_buf_str(&b, lines[l]);
        b.data[i] = bytes[c]; // NUL, too
        bool ok = agree(&s, &b);
        if (!ok) printf("\n  they differ on: %s", b.data);
        CU_ASSERT_TRUE_FATAL(ok);
      }
    }
  }
  CU_ASSERT_TRUE(s.both > 3000 && s.one > 100 && s.neither > 8000);
  scanners_close(&s);
  wg_buf_release(&b);
}

// What jansson takes for an object, we do; what we make of its strings and integers is what jansson makes of them.
// Wherever in its buffer an array lies: what is read behind it is the buffer's, too (the sanitizers see that).
static void arrays_end_anywhere_in_a_buffer(void) {
  for (size_t pad = 0; pad < 300; pad++) {
    struct wg_jsonl *s = wg_xcalloc(1, sizeof *s);
    struct wg_buf b = {0};
    struct wg_event e;
    struct wg_err err = {0};
    wg_jsonl_init(s);
    wg_buf_str(&b, "{\"kind\":\"kernel.call\",\"tid\":1,\"");
    for (size_t i = 0; i < pad; i++) wg_buf_char(&b, 'k');
    wg_buf_str(&b, "\":1,\"args\":[7,18446744]}");
    CU_ASSERT_EQUAL(wg_jsonl_careful(s, b.data, b.len, &e, &err), 1);
    const struct wg_field *args = wg_ev_at(&e, wg_ev_count(&e) - 1);
    CU_ASSERT(args->type == WG_F_HEXES && args->n == 2 && args->v[1] == 18446744);
    wg_buf_release(&b);
    wg_jsonl_release(s);
    free(s);
  }
}

static void the_careful_scanner_agrees_with_jansson(void) {
  static struct scanners s;
  struct wg_buf b = {0};
  scanners_open(&s);
  seed = 11;
  unsigned compared = 0;
  for (int i = 0; i < 40000; i++) {
    make_line(&b, false);
    if (i % 2) mutate(&b);
    json_t *o = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (!json_is_object(o) || !json_is_string(json_object_get(o, "kind"))) {
      json_decref(o);
      continue;
    }
    struct wg_event e;
    struct wg_err err = {0};
    bool good = wg_jsonl_careful(&s.careful, b.data, b.len, &e, &err) == 1;
    CU_ASSERT_TRUE_FATAL(good || strstr(err.msg, "expected less nesting") || strstr(err.msg, "expected an integer"));
    if (!good) e.nfields = e.nmore = 0;
    if (good) CU_ASSERT_STRING_EQUAL(wg_kind_name(&e), json_string_value(json_object_get(o, "kind")));
    for (size_t j = 0; j < wg_ev_count(&e); j++) {
      const struct wg_field *f = wg_ev_at(&e, j);
      const json_t *v = json_object_get(o, wg_key_name(f));
      if (v == NULL) continue; // renamed
      compared++;
      if (f->type == WG_F_STR) CU_ASSERT_TRUE(json_is_string(v));
      if (f->type == WG_F_STR && strchr(f->s, '\xAC') == NULL) CU_ASSERT_STRING_EQUAL(f->s, json_string_value(v));
      if (f->type == WG_F_DEC || f->type == WG_F_SDEC) CU_ASSERT_EQUAL(f->i, json_integer_value(v));
      if (f->type == WG_F_BOOL) CU_ASSERT_EQUAL(f->u, (uint64_t)json_is_true(v));
      if (f->type == WG_F_HEXES) CU_ASSERT_EQUAL(f->n, json_array_size(v));
    }
    json_decref(o);
  }
  CU_ASSERT_TRUE(compared > 5000);
  scanners_close(&s);
  wg_buf_release(&b);
}

static void every_name_is_found(void) {
  static struct scanners s;
  scanners_open(&s);
  for (int i = 0; i <= WG_K_OTHER; i++)
    for (int k = 0; k <= WG_EV_OTHER; k++) {
      struct wg_field f = {.key = (enum wg_key)i, .name = "of_ours_it_is_none"};
      struct wg_event e = {.kind = (enum wg_kind)k, .kind_name = "of.ours.it.is.none"};
      struct wg_buf b = {0};
      wg_buf_printf(&b, "{\"kind\":\"%s\",\"%s\":1}", wg_kind_name(&e), wg_key_name(&f));
      CU_ASSERT_TRUE(strlen(wg_key_name(&f)) <= 15 || i == WG_K_OTHER);
      CU_ASSERT_TRUE(agree(&s, &b));
      wg_buf_release(&b);
    }
  // A wait that names one object (handles, hsid, handle, raw, guest_object) is left to the careful scanner.
  CU_ASSERT_EQUAL(s.both, (WG_K_OTHER + 1) * (WG_EV_OTHER + 1) - 5);
  scanners_close(&s);
}

static struct wg_reader *open_text(const char *name, const char *text, size_t n) {
  struct wg_reader *r = NULL;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at(name), text, n, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_reader_open(&r, at(name), &err), WG_OK);
  return r;
}

static void fields_beyond_the_limit_are_kept(void) {
  struct wg_buf b = {0}, again = {0};
  wg_buf_str(&b, "{\"kind\":\"signal\",\"tid\":1,\"idx\":0,\"host_ns\":0");
  for (int i = 0; i < 60; i++) wg_buf_printf(&b, ",\"k%d\":\"v%d\"", i, i);
  wg_buf_str(&b, ",\"lr\":\"0x82\",\"args\":[\"0x5\"]}\n");
  struct wg_reader *r = open_text("many", b.data, b.len);
  struct wg_event e;
  uint64_t v;
  CU_ASSERT_EQUAL_FATAL(wg_reader_next(r, &e), 1);
  CU_ASSERT_EQUAL(wg_ev_count(&e), 62);
  CU_ASSERT_TRUE(wg_ev_u64(&e, WG_K_LR, &v) && v == 0x82);
  CU_ASSERT_EQUAL(wg_ev_get(&e, WG_K_ARGS)->v[0], 5);
  wg_ev_encode(&e, &again);
  CU_ASSERT_STRING_EQUAL(again.data, b.data);
  wg_reader_close(r);
  wg_buf_release(&b);
  wg_buf_release(&again);
}

// However much else its line tells, in both forms of JSON Lines.
static void what_a_wait_is_for_is_never_left_out(void) {
  static const char *const heads[] = {"\"kind\":\"wait.begin\",\"tid\":1,\"idx\":0",
                                      "\"event\":\"wait_begin\",\"thread_id\":1,\"seq\":0"};
  static const char *const objects[] = {"\"handle\":\"0xf8000010\"", "\"handles\":\"0xf8000010\""};
  for (size_t head = 0; head < sizeof heads / sizeof *heads; head++)
    for (int others = WG_EVENT_FIELDS - 3; others < WG_EVENT_FIELDS + 3; others++)
      for (int which = 0; which < 4; which++) { // before or behind all else
        struct wg_buf b = {0};
        struct wg_event e;
        wg_buf_printf(&b, "{%s", heads[head]);
        if (which < 2) wg_buf_printf(&b, ",%s", objects[which % 2]);
        for (int i = 0; i < others; i++) wg_buf_printf(&b, ",\"k%d\":\"v%d\"", i, i);
        if (which >= 2) wg_buf_printf(&b, ",%s", objects[which % 2]);
        wg_buf_str(&b, "}\n");
        struct wg_reader *r = open_text("waits", b.data, b.len);
        CU_ASSERT_EQUAL_FATAL(wg_reader_next(r, &e), 1);
        const struct wg_field *list = wg_ev_get(&e, WG_K_HANDLES);
        CU_ASSERT_PTR_NOT_NULL_FATAL(list);
        CU_ASSERT_EQUAL(list->type, WG_F_RAW);
        CU_ASSERT_STRING_EQUAL(list->s, "[\"0xf8000010\"]");
        CU_ASSERT_EQUAL(wg_ev_count(&e), (size_t)(others + 2 - which % 2));
        wg_reader_close(r);
        wg_buf_release(&b);
      }
}

static void damaged_lines_are_passed_over_and_counted(void) {
  static const char text[] = "{\"kind\":\"signal\",\"idx\":0}\n"
                             "{\"kind\":\"signal\",\"idx\":1]\n"
                             "\xFF\x00garbage\n"
                             "{\"kind\":\"signal\",\"idx\":2}\n"
                             "\n"
                             "{\"kind\":\"signal\",\"idx\":3}\n"
                             "{\"kind\":\"sig";
  struct wg_reader *r = open_text("bad", text, sizeof text - 1);
  struct wg_event e;
  static const uint64_t idx[] = {0, 2, 3};
  for (int i = 0; i < 3; i++) {
    CU_ASSERT_EQUAL_FATAL(wg_reader_next(r, &e), 1);
    CU_ASSERT_EQUAL(e.idx, idx[i]);
  }
  CU_ASSERT_EQUAL(wg_reader_next(r, &e), 0);
  CU_ASSERT_EQUAL(wg_reader_next(r, &e), 0);
  CU_ASSERT_EQUAL(wg_reader_bad_lines(r), 3);
  CU_ASSERT_EQUAL(wg_reader_lineno(r), 7);
  CU_ASSERT_STRING_EQUAL(wg_reader_damage(r), "line 2: column 25: expected ',' or '}'; a line must be one JSON object "
                                              "(at byte 26) (and 2 further damaged lines)");
  wg_reader_close(r);
}

// A number that is none of ours, or beyond what it may be, is damage: never another thread, time or argument.
static void numbers_out_of_range_are_damage(void) {
  static const struct {
    const char *members, *says;
  } lines[] = {
      {"\"tid\":-1", "\"tid\" is -1; expected an integer from 0 to 4294967295"},
      {"\"tid\":4294967296", "\"tid\" is 4294967296; expected"},
      {"\"tid\":18446744073709551616", "\"tid\" is 18446744073709551616; expected"},
      {"\"tid\":1.0", "\"tid\" is 1.0; expected"},
      {"\"tid\":\"7\"", "\"tid\" is \"7\"; expected"},
      {"\"tid\":null", "\"tid\" is null; expected"},
      {"\"idx\":-2", "\"idx\" is -2; expected an integer from 0 to"},
      {"\"idx\":4294967295", "\"idx\" is 4294967295; expected"},
      {"\"host_ns\":-5", "\"host_ns\" is -5; expected an integer from 0 to 18446744073709551615"},
      {"\"host_ns\":99999999999999999999", "\"host_ns\" is 99999999999999999999; expected"},
      {"\"child\":-1", "the number of the new thread is none; expected an integer from 0 to 4294967295"},
      {"\"new_tid\":4294967296", "the number of the new thread is none"},
      {"\"rv\":18446744073709551616", "\"rv\" is 18446744073709551616; expected"},
      {"\"ti\\u0064\\u0000\":5", "no NUL in a key"},
  };
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    struct wg_buf b = {0};
    struct wg_event e;
    wg_buf_str(&b, "{\"kind\":\"signal\",\"tid\":1,\"idx\":0}\n");
    wg_buf_printf(&b, "{\"kind\":\"thread.create\",%s}\n", lines[i].members);
    wg_buf_str(&b, "{\"kind\":\"signal\",\"tid\":4294967295}\n");
    struct wg_reader *r = open_text("range", b.data, b.len);
    CU_ASSERT_EQUAL_FATAL(wg_reader_next(r, &e), 1);
    CU_ASSERT_EQUAL_FATAL(wg_reader_next(r, &e), 1);
    CU_ASSERT_EQUAL(e.tid, UINT32_MAX);
    CU_ASSERT_EQUAL(wg_reader_next(r, &e), 0);
    CU_ASSERT_EQUAL(wg_reader_bad_lines(r), 1);
    const char *damage = wg_reader_damage(r);
    CU_ASSERT_PTR_NOT_NULL_FATAL(damage);
    CU_ASSERT_PTR_NOT_NULL(strstr(damage, "line 2: "));
    if (strstr(damage, lines[i].says) == NULL) printf("\n  %s", damage);
    CU_ASSERT_PTR_NOT_NULL(strstr(damage, lines[i].says));
    wg_reader_close(r);
    wg_buf_release(&b);
  }
}

static void a_kind_with_a_nul_is_another_kind(void) {
  static const char text[] = "{\"kind\":\"kernel.call\\u0000x\",\"tid\":1,\"idx\":0}\n";
  struct wg_reader *r = open_text("nul", text, sizeof text - 1);
  struct wg_event e;
  CU_ASSERT_EQUAL(wg_reader_next(r, &e), 0);
  CU_ASSERT_EQUAL(wg_reader_bad_lines(r), 1);
  wg_reader_close(r);
}

// Two escapes that make one character do so wherever they stand: in a string of a line, in a name, and in what is
// nested.
static void characters_beyond_the_first_plane(void) {
  static const char text[] =
      "{\"kind\":\"guest.print\",\"text\":\"a\\ud83d\\uDE00b\",\"k\\ud83d\\ude00\":{\"x\":\"\\ud83d"
      "\\ude00\"},\"half\":\"\\ud83dc\"}\n";
  static const char face[] = "\xF0\x9F\x98\x80";
  struct wg_reader *r = open_text("planes", text, sizeof text - 1);
  struct wg_event e;
  struct wg_json_iter it;
  struct wg_json_member m;
  struct wg_buf b = {0};
  CU_ASSERT_EQUAL_FATAL(wg_reader_next(r, &e), 1);
  CU_ASSERT_EQUAL_FATAL(wg_ev_count(&e), 3);
  wg_buf_printf(&b, "a%sb", face);
  CU_ASSERT_STRING_EQUAL(wg_ev_at(&e, 0)->s, b.data);
  wg_buf_clear(&b);
  wg_buf_printf(&b, "k%s", face);
  CU_ASSERT_STRING_EQUAL(wg_key_name(wg_ev_at(&e, 1)), b.data);
  wg_buf_clear(&b);
  CU_ASSERT_TRUE(wg_json_walk(&it, wg_ev_at(&e, 1)->s, wg_ev_at(&e, 1)->n) && wg_json_next(&it, &m) &&
                 wg_json_text(&m, &b));
  CU_ASSERT_STRING_EQUAL(b.data, face);
  CU_ASSERT_STRING_EQUAL(wg_ev_at(&e, 2)->s, "\xED\xA0\xBD"
                                             "c"); // half of one stays what it is
  wg_buf_release(&b);
  wg_reader_close(r);
}

static void lines_of_any_length(void) {
  // Around the sizes of blocks; one above the limit, which is passed over.
  static const size_t sizes[] = {10, 262143, 262144, 262145, 600000, 70u << 20, 5};
  struct wg_buf b = {0};
  for (size_t i = 0; i < 7; i++) {
    wg_buf_printf(&b, "{\"kind\":\"log\",\"idx\":%zu,\"text\":\"", i);
    size_t from = b.len;
    wg_buf_reserve(&b, sizes[i]);
    memset(b.data + from, 'x', sizes[i]);
    b.len += sizes[i];
    wg_buf_str(&b, "\"}\n");
  }
  struct wg_reader *r = open_text("long", b.data, b.len);
  struct wg_event e;
  for (size_t i = 0; i < 7; i++) {
    if (i == 5) continue;
    CU_ASSERT_EQUAL_FATAL(wg_reader_next(r, &e), 1);
    CU_ASSERT_EQUAL(e.idx, i);
    CU_ASSERT_EQUAL(wg_ev_get(&e, WG_K_TEXT)->n, sizes[i]);
    CU_ASSERT_EQUAL(strlen(wg_ev_text(&e, WG_K_TEXT)), sizes[i]);
  }
  CU_ASSERT_EQUAL(wg_reader_next(r, &e), 0);
  CU_ASSERT_STRING_EQUAL(wg_reader_damage(r), "line 6: longer than 67108864 bytes (at byte 1386607)");
  wg_reader_close(r);
  wg_buf_release(&b);
}

static uint64_t digest(const char *path, uint64_t *events) {
  struct wg_reader *r = NULL;
  struct wg_err err = {0};
  struct wg_event e;
  struct wg_buf line = {0};
  uint64_t sum = 0;
  *events = 0;
  CU_ASSERT_EQUAL_FATAL(wg_reader_open(&r, path, &err), WG_OK);
  while (wg_reader_next(r, &e)) {
    wg_buf_clear(&line);
    wg_ev_encode(&e, &line);
    for (size_t i = 0; i < line.len; i++) sum = sum * 31 + (unsigned char)line.data[i];
    ++*events;
  }
  CU_ASSERT_PTR_NULL(wg_reader_damage(r));
  wg_reader_close(r);
  wg_buf_release(&line);
  return sum;
}

// Packed by the stock tools, and through a pipe a few bytes at a time.
static void every_way_in_gives_the_same(void) {
  struct wg_buf b = {0};
  struct wg_err err = {0};
  for (int i = 0; i < 30000; i++)
    wg_buf_printf(&b, "{\"kind\":\"kernel.call\",\"tid\":1,\"idx\":%d,\"name\":\"N%d\",\"args\":[\"0x%x\"]}\n", i,
                  i % 7, i * 977);
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at("w"), b.data, b.len, &err), WG_OK);
  char command[600];
  const char *dir = scratch_dir();
  snprintf(command, sizeof command,
           "cd %s && gzip -c w >w.gz && head -n 9000 w | gzip -c >w2.gz && tail -n +9001 w | gzip -c >>w2.gz && "
           "zstd -q w -o w.zst && head -n 9000 w | zstd -q --no-check >w2.zst && tail -n +9001 w | zstd -q --no-check "
           ">>w2.zst",
           dir);
  CU_ASSERT_EQUAL_FATAL(system(command), 0);
  uint64_t events, want = digest(at("w"), &events);
  CU_ASSERT_EQUAL(events, 30000);
  static const char *const packed[] = {"w.gz", "w2.gz", "w.zst", "w2.zst"};
  for (int i = 0; i < 4; i++) {
    CU_ASSERT_EQUAL(digest(at(packed[i]), &events), want);
    // As standard input, from a pipe that gives it in small pieces.
    snprintf(command, sizeof command, "(head -c 3; sleep 0.01; cat) <%s/%s", dir, packed[i]);
    FILE *p = popen(command, "r");
    int before = dup(STDIN_FILENO);
    dup2(fileno(p), STDIN_FILENO);
    CU_ASSERT_EQUAL(digest("-", &events), want);
    dup2(before, STDIN_FILENO);
    close(before);
    pclose(p);
  }
  // A gzip file that was cut says so, as a zstd one does (test_trace).
  snprintf(command, sizeof command, "cd %s && head -c 20000 w.gz >cut.gz", dir);
  CU_ASSERT_EQUAL_FATAL(system(command), 0);
  struct wg_reader *r;
  struct wg_event e;
  CU_ASSERT_EQUAL_FATAL(wg_reader_open(&r, at("cut.gz"), &err), WG_OK);
  for (events = 0; wg_reader_next(r, &e);) events++;
  CU_ASSERT_TRUE(events > 100 && events < 30000);
  CU_ASSERT_STRING_EQUAL(wg_reader_damage(r), "truncated at byte 20000: the last gzip member is incomplete");
  wg_reader_close(r);
  wg_buf_release(&b);
}

// Closing before the end must not wait for what decodes ahead.
static void a_reader_can_be_closed_early(void) {
  struct wg_event e;
  struct wg_err err = {0};
  for (int i = 0; i < 20; i++) {
    struct wg_reader *r;
    CU_ASSERT_EQUAL_FATAL(wg_reader_open(&r, at("w.zst"), &err), WG_OK);
    for (int j = 0; j < i * 200; j++) CU_ASSERT_EQUAL(wg_reader_next(r, &e), 1);
    wg_reader_close(r);
  }
}

static bool strings_end(const struct wg_event *e) {
  bool all = true;
  for (size_t i = 0; i < wg_ev_count(e); i++) {
    const struct wg_field *f = wg_ev_at(e, i);
    if (f->type == WG_F_STR || f->type == WG_F_RAW) all &= f->s[f->n] == 0;
  }
  return all;
}

// One line an event, as `kind tid idx fields`.
static void expect_log(const char *text, const char *says, const char *const *want, size_t n) {
  struct wg_reader *r = open_text("log", text, strlen(text));
  struct wg_event e;
  struct wg_buf line = {0};
  for (size_t i = 0; i < n; i++) {
    CU_ASSERT_EQUAL_FATAL(wg_reader_next(r, &e), 1);
    wg_buf_clear(&line);
    wg_ev_encode(&e, &line);
    line.data[line.len - 1] = 0;
    if (strcmp(line.data, want[i]) != 0) printf("\n  got %s\n want %s", line.data, want[i]);
    CU_ASSERT_STRING_EQUAL(line.data, want[i]);
    CU_ASSERT_TRUE(strings_end(&e));
  }
  CU_ASSERT_EQUAL(wg_reader_next(r, &e), 0);
  const char *damage = wg_reader_damage(r);
  if (says && damage) CU_ASSERT_STRING_EQUAL(damage, says);
  CU_ASSERT_EQUAL(says == NULL, damage == NULL);
  wg_buf_release(&line);
  wg_reader_close(r);
}
#define EXPECT_DAMAGE(says, text, ...)                                                                                 \
  expect_log(text, says, (const char *const[]){__VA_ARGS__},                                                           \
             sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
#define EXPECT(text, ...) EXPECT_DAMAGE(NULL, text, __VA_ARGS__)
#define CALL(tid, idx, name, args, resolved)                                                                           \
  "{\"kind\":\"kernel.call\",\"tid\":" tid ",\"idx\":" idx ",\"host_ns\":0,\"name\":\"" name "\",\"args\":[" args      \
  "],\"args_resolved\":" resolved "}"
#define RETURN(tid, idx, name, rv, out)                                                                                \
  "{\"kind\":\"kernel.return\",\"tid\":" tid ",\"idx\":" idx ",\"host_ns\":0,\"name\":\"" name "\",\"rv\":\"" rv       \
  "\",\"out\":" out "}"
#define LOG(tid, idx, op, text)                                                                                        \
  "{\"kind\":\"log\",\"tid\":" tid ",\"idx\":" idx ",\"host_ns\":0,\"op\":\"" op "\",\"text\":\"" text "\"}"
#define TORN(tid, idx, op, text)                                                                                       \
  "{\"kind\":\"log\",\"tid\":" tid ",\"idx\":" idx ",\"host_ns\":0,\"op\":\"" op "\",\"text\":\"" text                 \
  "\",\"torn\":true}"
#define U1 "1073741824" // threads that nobody announced
#define U2 "1073741825"
#define U3 "1073741826"

static void results_in_logs_become_returns(void) {
  EXPECT(
      "d> F8000008 NtAllocateVirtualMemory(7018FB90(00000000), 60002000)\n"
      "d> F8000008 NtAllocateVirtualMemory = 40000000\n"
      "d> F8000008 NtAllocateVirtualMemory = 40000000\n" // of no call
      "d> F8000008 MmAllocatePhysicalMemoryEx(00000000, 000012C0)\n"
      "d> F800000C KeGetCurrentProcessType(ContextArg)\n"
      "d> F8000008 MmAllocatePhysicalMemoryEx = FFCA4000 Size: 00002000\r\n"
      "i> F8000008 RtlNtStatusToDosError(C000000F)\n"
      "i> F8000008 xeRtlNtStatusToDosError C000000F => 2\n"
      "i> F8000008 xeRtlNtStatusToDosError 103 => 3E5\n"
      "d> F8000008 Foo = 12\n",
      CALL(U1, "0", "NtAllocateVirtualMemory", "\"0x7018fb90\",\"0x60002000\"", "{\"memory\":\"7018FB90(00000000)\"}"),
      RETURN(U1, "1", "NtAllocateVirtualMemory", "0x0", "{\"base\":\"0x40000000\"}"),
      LOG(U1, "2", "d", "NtAllocateVirtualMemory = 40000000"),
      CALL(U1, "3", "MmAllocatePhysicalMemoryEx", "\"0x0\",\"0x12c0\"", "{}"),
      CALL(U2, "0", "KeGetCurrentProcessType", "", "{}"),
      RETURN(U1, "4", "MmAllocatePhysicalMemoryEx", "0xffca4000", "{\"size\":\"0x2000\"}"),
      CALL(U1, "5", "RtlNtStatusToDosError", "\"0xc000000f\"", "{}"),
      RETURN(U1, "6", "RtlNtStatusToDosError", "0x2", "{}"), LOG(U1, "7", "i", "xeRtlNtStatusToDosError 103 => 3E5"),
      LOG(U1, "8", "d", "Foo = 12"));
}

// Numbers of threads are hexadecimal where they are made and decimal where they start; both builds' type names.
static void threads_in_logs(void) {
  EXPECT("\xEF\xBB\xBFi> 0000137E Storage root: /x\n"
         "d> F8000008 ExCreateThread(7018F8C0(00000000), 00010000, 00000000(00000000), 00000000, 820856F8, 40004790, "
         "00000000)\n"
         "i> F8000008 XThreadF8000144 (1F) Stack: 70300000-70310000\n"
         "K> F8000144 XThread::Execute thid 31 (handle=F8000144, 'XThread801C (F8000144)', native=0000801C)\n"
         "d> F8000144 NtClose(F8000020)\n"
         "i> 0000137E Removed handle:F8000020 for class xe::kernel::XEvent\n"
         "i> F8000144 Added handle:F8000020 for class xe::kernel::XObject\n"
         "i> F8000144 Removed handle:F8000020 for N2xe6kernel5XFileE\n",
         LOG("0", "0", "i", "Storage root: /x"),
         CALL(U1, "0", "ExCreateThread",
              "\"0x7018f8c0\",\"0x10000\",\"0x0\",\"0x0\",\"0x820856f8\",\"0x40004790\",\"0x0\"",
              "{\"memory\":\"7018F8C0(00000000) 00000000(00000000)\"}"),
         "{\"kind\":\"thread.create\",\"tid\":" U1 ",\"idx\":1,\"host_ns\":0,\"child\":31,\"entry\":\"0x820856f8\","
         "\"ctx\":\"0x40004790\",\"stack_size\":65536,\"raw\":\"0xf8000144\"}",
         "{\"kind\":\"thread.start\",\"tid\":31,\"idx\":0,\"host_ns\":0}",
         CALL("31", "1", "NtClose", "\"0xf8000020\"", "{}"),
         "{\"kind\":\"handle.destroy\",\"tid\":0,\"idx\":1,\"host_ns\":0,\"raw\":\"0xf8000020\",\"object_type\":"
         "\"Event\"}",
         "{\"kind\":\"handle.create\",\"tid\":31,\"idx\":2,\"host_ns\":0,\"raw\":\"0xf8000020\"}",
         "{\"kind\":\"handle.destroy\",\"tid\":31,\"idx\":3,\"host_ns\":0,\"raw\":\"0xf8000020\",\"object_type\":"
         "\"File\"}");
}

static void two_threads_writing_at_once(void) {
  EXPECT_DAMAGE(
      "lines of threads that wrote into each other are torn, and 4 parts of them are but text (the first in line 7)",
      "d> F8000008 NtClo" // the rest follows the other's line
      "d> F800000C KeSetEvent(40004838, 00000001, 00000000)\n"
      "se(F8000020)\n"
      "d> F8000008 NtClose(F8000024)" // whole, but for its newline
      "d> F800000C NtClose(F8000028)\n"
      "\n"
      "d> F8000008 NtClose(F80" // its rest never comes
      "d> F800000C NtClose(F800002C)\n"
      "!> F800000C ResolvePath(d> 00000001 x) failed - device not found\n"
      "d> F800000C NtClose(F8000030)\n"
      "d> F8000008 RtlInitAnsiString(7018F388, 82000A44(d> F800000C text))\n" // a string, not a line
      "d> F8000008 Nt"
      "d> F800000C Ke"
      "i> 00000010 end",
      CALL(U1, "0", "KeSetEvent", "\"0x40004838\",\"0x1\",\"0x0\"", "{}"),
      CALL(U2, "0", "NtClose", "\"0xf8000020\"", "{}"), CALL(U2, "1", "NtClose", "\"0xf8000024\"", "{}"),
      CALL(U1, "1", "NtClose", "\"0xf8000028\"", "{}"), CALL(U1, "2", "NtClose", "\"0xf800002c\"", "{}"),
      LOG("0", "0", "d", "x) failed - device not found"), TORN(U1, "3", "!", "ResolvePath("),
      CALL(U1, "4", "NtClose", "\"0xf8000030\"", "{}"), TORN(U2, "2", "d", "NtClose(F80"),
      CALL(U2, "3", "RtlInitAnsiString", "\"0x7018f388\",\"0x82000a44\"", "{\"string\":\"d> F800000C text\"}"),
      LOG("0", "1", "i", "end"), TORN(U2, "4", "d", "Nt"), TORN(U1, "5", "d", "Ke"));
}

// A rest belongs to the half that it makes a call of: one that there is, with as many arguments as it has.
static void three_threads_writing_at_once(void) {
  EXPECT("d> F8000008 NtClose(F80"
         "d> F800000C KeSetEv"
         "d> F8000010 KeTlsAlloc()\n"
         "00020)\n"                             // no KeSetEv00020
         "ent(40004838, 00000001, 00000000)\n", // no NtClose of three arguments
         CALL(U1, "0", "KeTlsAlloc", "", "{}"), CALL(U2, "0", "NtClose", "\"0xf8000020\"", "{}"),
         CALL(U3, "0", "KeSetEvent", "\"0x40004838\",\"0x1\",\"0x0\"", "{}"));
  EXPECT("d> F8000008 KeSetEvent(4000"
         "d> F800000C NtClose(F80"
         "d> F8000010 KeTlsAlloc()\n"
         "d> F8000010 KeTlsAlloc()\n" // the two halves wait
         "i> F8000010 Module y:\n"
         "  Base 82000000\n" // no rest
         "4838, 0000"        // a part from the middle
         "d> F8000010 KeTlsAlloc()\n"
         "00020)" // its newline comes later
         "d> F8000010 KeTlsAlloc()\n"
         "0001, 00000000)\n",
         CALL(U1, "0", "KeTlsAlloc", "", "{}"), CALL(U1, "1", "KeTlsAlloc", "", "{}"), LOG(U1, "2", "i", "Module y:"),
         "{\"kind\":\"log\",\"tid\":" U1 ",\"idx\":3,\"host_ns\":0,\"op\":\"i\",\"text\":\"  Base "
         "82000000\",\"continues\":true}",
         CALL(U1, "4", "KeTlsAlloc", "", "{}"), CALL(U2, "0", "NtClose", "\"0xf8000020\"", "{}"),
         CALL(U1, "5", "KeTlsAlloc", "", "{}"), CALL(U3, "0", "KeSetEvent", "\"0x40004838\",\"0x1\",\"0x0\"", "{}"));
  // What is shown of a time is no text, so that another's line cannot be in it.
  EXPECT_DAMAGE(
      "lines of threads that wrote into each other are torn, and 1 part of them is but text (the first in line 2)",
      "d> F8000008 NtWaitForSingleObjectEx(F8000020, 1, 0, 7018F380(00000000d> F800000C N))\n"
      "d> F800000C NtClose(F8000020)\n",
      LOG("0", "0", "d", "N))"), CALL(U1, "0", "NtClose", "\"0xf8000020\"", "{}"),
      TORN("0", "1", "d", "NtWaitForSingleObjectEx(F8000020, 1, 0, 7018F380(00000000"));
  // What has the name of an export but arguments that the log never writes is half of a line; what has another is text.
  EXPECT_DAMAGE(
      "lines of threads that wrote into each other are torn, and 1 part of them is but text (the first in line 1)",
      "d> F8000008 NtClose(hello there)\n"
      "d> F8000008 Frobnicate(hello there)\n",
      TORN("0", "0", "d", "NtClose(hello there)"), LOG("0", "1", "d", "Frobnicate(hello there)"));
  // Whose the rest is cannot be told; a half may have another's rest behind it.
  EXPECT_DAMAGE(
      "lines of threads that wrote into each other are torn, and 3 parts of them are but text (the first in line 2)",
      "d> F8000008 NtClose(F80"
      "d> F800000C NtClose(F80"
      "d> F8000010 KeTlsAlloc()\n"
      "00020)\n",
      CALL(U1, "0", "KeTlsAlloc", "", "{}"), TORN(U1, "1", "d", "00020)"), TORN("0", "0", "d", "NtClose(F80"),
      TORN("0", "1", "d", "NtClose(F80"));
  EXPECT_DAMAGE(
      "lines of threads that wrote into each other are torn, and 3 parts of them are but text (the first in line 2)",
      "d> F8000008 KeSetEvent(4000"
      "d> F800000C KeTlsAlloc()\n"
      "d> F8000010 NtClose(F804838, 00000001, 00000000)\n"
      "00020)\n"
      "d> F8000010 NtClose(F80d> F800020)\n",
      CALL(U1, "0", "KeTlsAlloc", "", "{}"), TORN("0", "0", "d", "NtClose(F804838, 00000001, 00000000)"),
      "{\"kind\":\"log\",\"tid\":0,\"idx\":1,\"host_ns\":0,\"op\":\"d\",\"text\":\"00020)\",\"continues\":true}",
      TORN("0", "2", "d", "NtClose(F80d> F800020)"), TORN("0", "3", "d", "KeSetEvent(4000"));
}

// Its thread may never write again: what comes much later is none of it.
static void a_half_does_not_wait_for_ever(void) {
  struct wg_buf log = {0};
  struct wg_event e;
  wg_buf_str(&log, "d> F8000008 NtClose(F80");
  for (int i = 0; i < 100; i++) wg_buf_str(&log, "d> F800000C KeTlsAlloc()\n");
  wg_buf_str(&log, "00020)\n");
  struct wg_reader *r = open_text("log", log.data, log.len);
  int at = 0, torn = 0;
  for (; wg_reader_next(r, &e); at++)
    if (e.kind == WG_EV_OTHER && torn == 0) torn = at;
  CU_ASSERT_EQUAL(at, 102);
  CU_ASSERT(torn > 50 && torn < 90);
  struct wg_line_counts l;
  wg_reader_lines(r, &l);
  CU_ASSERT_EQUAL(l.torn, 1);
  CU_ASSERT_EQUAL(l.all, 101);
  wg_reader_close(r);
  wg_buf_release(&log);
}

// What is no word and no integer, what there are two of, what is beyond the arguments that a call has: nothing is lost.
static void arguments_of_a_log_are_all_kept(void) {
  EXPECT("d> F8000008 VdSetDisplayModeOverride(00000001, 00000002, 59.94, -0.5, NAN)\n"
         "d> F8000008 XamShowMessage(70000000(one), 70000010(two, 2), 40001000(1.5), -12)\n"
         "d> F8000008 NtTwo(7018F398(FFFFFFFD,game:\\a,00000040), 7018F3A8(FFFFFFFD,game:\\b,00000040))\n"
         "d> F8000008 Many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, x(18))\n",
         CALL(U1, "0", "VdSetDisplayModeOverride", "\"0x1\",\"0x2\",\"0x3b\",\"0x0\",\"0x0\"",
              "{\"number\":\"59.94 -0.5 NAN\"}"),
         CALL(U1, "1", "XamShowMessage", "\"0x70000000\",\"0x70000010\",\"0x40001000\",\"0xfffffff4\"",
              "{\"string\":\"one\",\"string2\":\"two, 2\",\"string3\":\"1.5\"}"),
         CALL(U1, "2", "NtTwo", "\"0x7018f398\",\"0x7018f3a8\"", "{\"path\":\"game:\\\\a\",\"path2\":\"game:\\\\b\"}"),
         CALL(U1, "3", "Many",
              "\"0x1\",\"0x2\",\"0x3\",\"0x4\",\"0x5\",\"0x6\",\"0x7\",\"0x8\",\"0x9\",\"0xa\",\"0xb\",\"0xc\","
              "\"0xd\",\"0xe\",\"0xf\",\"0x10\"",
              "{\"more\":\"17, x(18)\"}"));
}

static void every_line_of_a_log_is_accounted_for(void) {
  static const char text[] = "i> 0000137E ----------- CONFIG DUMP -----------\r\n\r\n[APU]\r\napu = \"nop\"\r\n"
                             "d> F8000008 NtClose(F8000020)\r\n"
                             "!> F8000008 ResolvePath(tier0_360) failed - device not found\r\n"
                             "F> F8000008 HostPathDevice::ResolvePath(\\Media)\r\n"
                             "i> F8000008 \r\n";
  struct wg_reader *r = open_text("crlf", text, sizeof text - 1);
  struct wg_event e;
  int events = 0;
  while (wg_reader_next(r, &e)) {
    const char *s = wg_ev_text(&e, WG_K_TEXT);
    if (events == 4) CU_ASSERT_STRING_EQUAL(s, "ResolvePath(tier0_360) failed - device not found");
    if (events == 6) CU_ASSERT_STRING_EQUAL(s, "");
    events++;
  }
  struct wg_line_counts l;
  wg_reader_lines(r, &l);
  CU_ASSERT_EQUAL(events, 7);
  CU_ASSERT_EQUAL(l.events, 1);
  CU_ASSERT_EQUAL(l.kept, 6);
  CU_ASSERT_EQUAL(l.blank, 1);
  CU_ASSERT_EQUAL(l.all, 8);
  CU_ASSERT_EQUAL(wg_reader_lineno(r), 8);
  CU_ASSERT_EQUAL(wg_reader_bad_lines(r), 0);
  wg_reader_close(r);
}

#define CUT(tid, idx, name, args, resolved)                                                                            \
  "{\"kind\":\"kernel.call\",\"tid\":" tid ",\"idx\":" idx ",\"host_ns\":0,\"name\":\"" name "\"" args                 \
  ",\"args_resolved\":" resolved ",\"cut\":true}"
#define MORE(tid, idx, text)                                                                                           \
  "{\"kind\":\"log\",\"tid\":" tid ",\"idx\":" idx ",\"host_ns\":0,\"op\":\"d\",\"text\":\"" text                      \
  "\",\"continues\":true}"

// A string may hold newlines, and mail and forums break long lines: what comes without a prefix is the rest.
static void calls_of_several_lines(void) {
  EXPECT("d> F8000008 DbgPrint(82001234(hello\n\n world\n))\n"
         "d> F8000008 RtlInitAnsiString(7018F388, 82000A44(a\r\nb))\r\n"
         "d> F8000008 NtCreateFile(7018F388, 80100080, 7018F398(FFFFFFFD,game:\\Med\n"
         "ia\\a.xpr,00000040), 7018F3A8, 00000000(0000\n"
         "000000000000), 00000080, 00000001, 00000001, 00000020)\n"
         "d> F8000008 NtClose(F8000020)\n",
         CALL(U1, "0", "DbgPrint", "\"0x82001234\"", "{\"string\":\"hello\\u000a\\u000a world\\u000a\"}"),
         CALL(U1, "1", "RtlInitAnsiString", "\"0x7018f388\",\"0x82000a44\"", "{\"string\":\"a\\u000ab\"}"),
         CALL(U1, "2", "NtCreateFile",
              "\"0x7018f388\",\"0x80100080\",\"0x7018f398\",\"0x7018f3a8\",\"0x0\",\"0x80\",\"0x1\",\"0x1\",\"0x20\"",
              "{\"path\":\"game:\\\\Media\\\\a.xpr\",\"memory\":\"00000000(0000000000000000)\"}"),
         CALL(U1, "3", "NtClose", "\"0xf8000020\"", "{}"));
}

// Where the rest is missing the call was made all the same, and what there is of it is kept.
static void calls_that_were_cut(void) {
  EXPECT_DAMAGE(
      "3 calls end before their arguments do (the first in line 1)",
      "d> F8000008 NtWaitForSingleObjectEx(F8000020, 1, 0, 7018F3...\n"
      "d> F8000008 NtClose(F80000...\n"
      "  something else\n"
      "and more\n"
      "d> F800000C NtSetEvent(F8000020\n"
      "i> F800000C end\n",
      CUT(U1, "0", "NtWaitForSingleObjectEx", ",\"args\":[\"0xf8000020\",\"0x1\",\"0x0\"]", "{\"more\":\"7018F3...\"}"),
      CUT(U1, "1", "NtClose", "", "{\"more\":\"F80000...\"}"),
      MORE(U1, "2", "  something else\\u000aand more"), // as one text
      CUT(U2, "0", "NtSetEvent", "", "{\"more\":\"F8000020\"}"), LOG(U2, "1", "i", "end"));
  // That the file ends in a call says nothing of the call.
  EXPECT_DAMAGE(
      "lines of threads that wrote into each other are torn, and 1 part of them is but text (the first in line 2)",
      "d> F8000008 NtClose(F8000020)\n"
      "d> F8000008 NtClose(F80",
      CALL(U1, "0", "NtClose", "\"0xf8000020\"", "{}"), TORN(U1, "1", "d", "NtClose(F80"));
}

// Blanks that somebody's editor left behind a line are none of the call.
static void blanks_behind_a_call(void) {
  EXPECT("d> F8000008 NtAllocateVirtualMemory(7018FB90, 60002000)  \n"
         "d> F8000008 NtAllocateVirtualMemory = 40000000 \t\r\n"
         "i> F8000008 said  \n",
         CALL(U1, "0", "NtAllocateVirtualMemory", "\"0x7018fb90\",\"0x60002000\"", "{}"),
         RETURN(U1, "1", "NtAllocateVirtualMemory", "0x0", "{\"base\":\"0x40000000\"}"), LOG(U1, "2", "i", "said  "));
}

// Who passes a log on may leave lines out, and says so: what comes behind that is another story.
static void a_log_with_lines_left_out(void) {
  static const char *const says[] = {
      "[...]", "...", "<snip>", " --- snip --- ", "... 1200 lines omitted ...", "[\xE2\x80\xA6]", "(truncated)"};
  static const char *const not [] = {"snip", "..", "more", "a...", "[APU]", "--- end of list ---"};
  for (size_t i = 0; i < sizeof says / sizeof *says + sizeof not / sizeof *not ; i++) {
    bool gap = i < sizeof says / sizeof *says;
    const char *line = gap ? says[i] : not [i - sizeof says / sizeof *says];
    struct wg_buf log = {0};
    struct wg_event e;
    struct wg_line_counts l;
    wg_buf_printf(&log, "%s\nd> F8000008 NtClose(F8000020)\n%s\nd> F8000008 NtClose(F8000024)\n", line, line);
    struct wg_reader *r = open_text("log", log.data, log.len);
    while (wg_reader_next(r, &e)) {
    }
    wg_reader_lines(r, &l);
    CU_ASSERT_EQUAL(l.all, 4);
    CU_ASSERT_EQUAL(l.damaged, gap);
    CU_ASSERT_EQUAL(l.beyond, gap);
    CU_ASSERT_EQUAL(wg_reader_left_out(r), gap);
    wg_reader_close(r);
    wg_buf_release(&log);
  }
  EXPECT_DAMAGE("line 2: \"[...]\": lines are left out (at byte 30); 1 line is from there on left out, as what came "
                "before is not known",
                "d> F8000008 NtClose(F8000020)\n"
                "[...]\n"
                "d> F8000008 NtClose(F8000024)\n",
                CALL(U1, "0", "NtClose", "\"0xf8000020\"", "{}"));
}

WG_MAIN("import", {"both scanners agree", both_scanners_agree},
        {"both scanners agree on what is nearly a line", both_scanners_agree_on_what_is_nearly_a_line},
        {"arrays end anywhere in a buffer", arrays_end_anywhere_in_a_buffer},
        {"the careful scanner agrees with jansson", the_careful_scanner_agrees_with_jansson},
        {"every name is found", every_name_is_found},
        {"fields beyond the limit are kept", fields_beyond_the_limit_are_kept},
        {"what a wait is for is never left out", what_a_wait_is_for_is_never_left_out},
        {"damaged lines are passed over and counted", damaged_lines_are_passed_over_and_counted},
        {"numbers out of range are damage", numbers_out_of_range_are_damage},
        {"a kind with a NUL is another kind", a_kind_with_a_nul_is_another_kind},
        {"characters beyond the first plane", characters_beyond_the_first_plane},
        {"lines of any length", lines_of_any_length}, {"every way in gives the same", every_way_in_gives_the_same},
        {"a reader can be closed early", a_reader_can_be_closed_early},
        {"results in logs become returns", results_in_logs_become_returns}, {"threads in logs", threads_in_logs},
        {"two threads writing at once", two_threads_writing_at_once},
        {"three threads writing at once", three_threads_writing_at_once},
        {"a half does not wait for ever", a_half_does_not_wait_for_ever},
        {"every line of a log is accounted for", every_line_of_a_log_is_accounted_for},
        {"arguments of a log are all kept", arguments_of_a_log_are_all_kept},
        {"calls of several lines", calls_of_several_lines}, {"calls that were cut", calls_that_were_cut},
        {"blanks behind a call", blanks_behind_a_call}, {"a log with lines left out", a_log_with_lines_left_out})
