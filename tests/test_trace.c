#define _DEFAULT_SOURCE // usleep
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digits.h"
#include "base/file.h"
#include "tests/random.h"
#include "tests/scratch.h"
#include "trace/reader.h"
#include "trace/ask.h"
#include "trace/frames.h"
#include "trace/store.h"
#include "trace/writer.h"

static void sample(struct wg_event *e, uint64_t i) {
  wg_ev_init(e, i == 0 ? WG_EV_TRACE_HEADER : WG_EV_KERNEL_CALL);
  e->tid = 1;
  e->idx = i;
  e->host_ns = i * 10;
  wg_ev_str(e, WG_K_NAME, "NtClose");
  wg_ev_hex(e, WG_K_LR, 0x82000000 + i);
}

static void write_sample(const char *path, uint64_t n, char *sha) {
  struct wg_writer *w;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_writer_create(&w, path, &err), WG_OK);
  for (uint64_t i = 0; i < n; i++) {
    struct wg_event e;
    sample(&e, i);
    CU_ASSERT_TRUE(wg_writer_event(w, &e));
  }
  uint64_t events;
  CU_ASSERT_EQUAL(wg_writer_finish(w, "exit", sha, &events, &err), WG_OK);
  CU_ASSERT_EQUAL(events, n);
}

static uint64_t count(const char *path, char *damage, size_t cap) {
  struct wg_reader *r;
  struct wg_err err = {0};
  damage[0] = 0;
  if (wg_reader_open(&r, path, &err) != WG_OK) {
    snprintf(damage, cap, "%s", err.msg);
    return 0;
  }
  struct wg_event e;
  uint64_t n = 0;
  while (wg_reader_next(r, &e)) n++;
  if (wg_reader_damage(r)) snprintf(damage, cap, "%s", wg_reader_damage(r));
  wg_reader_close(r);
  return n;
}

static void what_is_written_is_read(void) {
  char sha[65], damage[512];
  write_sample(at("a.zst"), 50000, sha);
  CU_ASSERT_EQUAL(count(at("a.zst"), damage, sizeof damage), 50001);
  CU_ASSERT_STRING_EQUAL(damage, "");
  struct wg_reader *r;
  struct wg_err err = {0};
  struct wg_event e;
  CU_ASSERT_EQUAL_FATAL(wg_reader_open(&r, at("a.zst"), &err), WG_OK);
  for (uint64_t i = 0; i < 50000; i++) {
    uint64_t lr = 0;
    CU_ASSERT_EQUAL_FATAL(wg_reader_next(r, &e), 1);
    CU_ASSERT_EQUAL(e.idx, i);
    CU_ASSERT_TRUE(wg_ev_u64(&e, WG_K_LR, &lr));
    CU_ASSERT_EQUAL(lr, 0x82000000 + i);
  }
  CU_ASSERT_EQUAL(wg_reader_next(r, &e), 1);
  CU_ASSERT_EQUAL(e.kind, WG_EV_TRACE_FOOTER);
  CU_ASSERT_STRING_EQUAL(wg_ev_text(&e, WG_K_SHA256), sha);
  wg_reader_close(r);
}

// The footer's digest is over every byte before it: checked with the stock tools, not with our own code.
static void footer_is_the_sha256_of_everything_before(void) {
  char sha[65], command[512], line[128] = "";
  write_sample(at("sha.zst"), 3000, sha);
  snprintf(command, sizeof command, "zstdcat %s | head -n -1 | sha256sum", at("sha.zst"));
  FILE *p = popen(command, "r");
  CU_ASSERT_PTR_NOT_NULL_FATAL(p);
  CU_ASSERT_PTR_NOT_NULL(fgets(line, sizeof line, p));
  pclose(p);
  CU_ASSERT_NSTRING_EQUAL(line, sha, 64);
}

static void the_same_events_give_the_same_bytes(void) {
  struct wg_buf a = {0}, b = {0};
  struct wg_err err = {0};
  write_sample(at("x.zst"), 20000, NULL);
  write_sample(at("y.zst"), 20000, NULL);
  CU_ASSERT_EQUAL(wg_file_read(at("x.zst"), 1 << 26, &a, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_file_read(at("y.zst"), 1 << 26, &b, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(a.len, b.len);
  CU_ASSERT_EQUAL(memcmp(a.data, b.data, a.len), 0);
  wg_buf_release(&a);
  wg_buf_release(&b);
}

// A trace cut off anywhere yields what came before and says that it is cut.
static void truncated_traces_stay_readable(void) {
  struct wg_buf whole = {0};
  struct wg_err err = {0};
  char damage[512];
  write_sample(at("t.zst"), 20000, NULL);
  CU_ASSERT_EQUAL(wg_file_read(at("t.zst"), 1 << 26, &whole, &err), WG_OK);
  uint64_t last = 0;
  for (size_t n = 5; n < whole.len - 200; n += whole.len / 40) {
    CU_ASSERT_EQUAL(wg_file_write(at("cut.zst"), whole.data, n, &err), WG_OK);
    uint64_t got = count(at("cut.zst"), damage, sizeof damage);
    CU_ASSERT_TRUE(got >= last);
    CU_ASSERT_TRUE(damage[0] != 0);
    last = got;
  }
  CU_ASSERT_TRUE(last > 10000);
  wg_buf_release(&whole);
}

// A flipped bit anywhere is either reported or lies in the seek table, which readers skip.
static void corrupt_traces_are_reported(void) {
  struct wg_buf whole = {0};
  struct wg_err err = {0};
  char damage[512];
  write_sample(at("c.zst"), 5000, NULL);
  CU_ASSERT_EQUAL(wg_file_read(at("c.zst"), 1 << 26, &whole, &err), WG_OK);
  size_t data = whole.len - 100;
  for (size_t i = 0; i < data; i += data / 50) {
    whole.data[i] ^= 0x10;
    CU_ASSERT_EQUAL(wg_file_write(at("flip.zst"), whole.data, whole.len, &err), WG_OK);
    count(at("flip.zst"), damage, sizeof damage);
    CU_ASSERT_TRUE(damage[0] != 0);
    whole.data[i] ^= 0x10;
  }
  wg_buf_release(&whole);
}

static void read_text(const char *text, struct wg_event *e, struct wg_reader **r) {
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at("text"), text, strlen(text), &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_reader_open(r, at("text"), &err), WG_OK);
  CU_ASSERT_EQUAL(wg_reader_next(*r, e), 1);
}

// Lines as the reference wrote them where it was instrumented.
static void reference_names_are_mapped(void) {
  struct wg_event e;
  struct wg_reader *r;
  uint64_t v;
  read_text("{\"engine\":\"canary\",\"kind\":\"thread.create\",\"tid\":6,\"idx\":147,\"host_ns\":1,\"new_tid\":7,"
            "\"handle\":4160749580,"
            "\"entry\":2181587832,\"stack\":65536}\n{\"kind\":\"kernel.call\",\"tid\":6,\"idx\":11,\"host_ns\":2,"
            "\"args\":[18446744071598185096],"
            "\"odd\":{\"a\":[1,\"}\"]},\"name\":\"RtlEnterCriticalSection\"}\n",
            &e, &r);
  CU_ASSERT_EQUAL(e.kind, WG_EV_THREAD_CREATE);
  CU_ASSERT_TRUE(wg_ev_u64(&e, WG_K_CHILD, &v) && v == 7);
  CU_ASSERT_TRUE(wg_ev_u64(&e, WG_K_RAW, &v) && v == 0xF800000C);
  CU_ASSERT_TRUE(wg_ev_u64(&e, WG_K_STACK_SIZE, &v) && v == 65536);
  CU_ASSERT_EQUAL(wg_reader_next(r, &e), 1);
  CU_ASSERT_EQUAL_FATAL(wg_ev_get(&e, WG_K_ARGS)->type, WG_F_HEXES);
  CU_ASSERT_EQUAL(wg_ev_get(&e, WG_K_ARGS)->n, 1);
  CU_ASSERT_EQUAL(wg_ev_get(&e, WG_K_ARGS)->v[0], 18446744071598185096u);
  CU_ASSERT_STRING_EQUAL(wg_key_name(&e.fields[1]), "odd");
  CU_ASSERT_STRING_EQUAL(e.fields[1].s, "{\"a\":[1,\"}\"]}");
  CU_ASSERT_EQUAL(wg_reader_next(r, &e), 0);
  wg_reader_close(r);
}

static void malformed_lines_name_line_and_column(void) {
  static const char *const lines[] = {"{\"kind\":\"a\"",
                                      "{\"kind\":\"a\",}",
                                      "{\"kind\" \"a\"}",
                                      "{\"tid\":1}",
                                      "{\"kind\":\"a\"} x",
                                      "{\"kind\":[}",
                                      "{\"kind\":\"\\q\"}",
                                      "{\"kind\":\"a\",\"b\":-}",
                                      "{\"kind\":\"a\",\"b\":\"\\u12\"}",
                                      "{\"kind\":\"a\",\"b\":{\"c\":\"\\",
                                      "[1]"};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    struct wg_event e;
    struct wg_reader *r;
    struct wg_buf text = {0};
    wg_buf_printf(&text, "{\"kind\":\"signal\",\"tid\":1,\"idx\":0,\"host_ns\":0}\n%s\n", lines[i]);
    read_text(text.data, &e, &r);
    CU_ASSERT_EQUAL(wg_reader_next(r, &e), 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(wg_reader_damage(r));
    CU_ASSERT_NSTRING_EQUAL(wg_reader_damage(r), "line 2: ", 8);
    wg_reader_close(r);
    wg_buf_release(&text);
  }
}

// Line shapes from genuine logs (docs/console.md#logs-of-canary).
static void xenia_log_lines(void) {
  struct wg_event e;
  struct wg_reader *r;
  uint64_t v;
  read_text("i> 0000137E XThreadF8000008 (6) Stack: 70150000-70190000\n"
            "K> F8000008 XThread::Execute thid 6 (handle=F8000008, 'Main XThread (F8000008)', native=8DADD6C0)\n"
            "d> F8000008 NtCreateFile(7018F380(C880C980), 80100080, "
            "7018F398(FFFFFFFD,game:\\Media\\Fonts\\Arial_16.xpr,00000040), 7018F390, 00000000)\n"
            "i> F8000008 Added handle:F8000020 for N2xe6kernel7XObjectE\n"
            "d> F8000008 RtlInitAnsiString(7018F388, 82000A44(a, (b)))\n"
            "d> F8000008 VdInitializeRingBuffer(1FC9B000, 12)\n"
            "d> F8000008 KeGetCurrentProcessType(ContextArg)\n"
            "a line that continues the one before\n"
            "i> F8000008 Removed handle:F8000020 for N2xe6kernel5XFileE\n"
            "F> F8000008 HostPathDevice::ResolvePath(\\Media)\n",
            &e, &r);
  CU_ASSERT_EQUAL(e.kind, WG_EV_THREAD_CREATE);
  CU_ASSERT_TRUE(wg_ev_u64(&e, WG_K_CHILD, &v) && v == 6);
  CU_ASSERT_TRUE(wg_ev_u64(&e, WG_K_STACK_SIZE, &v) && v == 0x40000);
  wg_reader_next(r, &e);
  CU_ASSERT_EQUAL(e.kind, WG_EV_THREAD_START);
  CU_ASSERT_EQUAL(e.tid, 6);
  wg_reader_next(r, &e);
  CU_ASSERT_STRING_EQUAL(wg_ev_text(&e, WG_K_NAME), "NtCreateFile");
  CU_ASSERT_EQUAL(e.tid, 6);
  CU_ASSERT_EQUAL(e.idx, 1);
  const struct wg_field *args = wg_ev_get(&e, WG_K_ARGS);
  CU_ASSERT_EQUAL_FATAL(args->n, 5);
  CU_ASSERT_EQUAL(args->v[0], 0x7018F380);
  CU_ASSERT_EQUAL(args->v[1], 0x80100080);
  CU_ASSERT_STRING_EQUAL(wg_ev_get(&e, WG_K_ARGS_RESOLVED)->s,
                         "{\"path\":\"game:\\\\Media\\\\Fonts\\\\Arial_16.xpr\",\"memory\":\"7018F380(C880C980)\"}");
  wg_reader_next(r, &e);
  CU_ASSERT_EQUAL(e.kind, WG_EV_HANDLE_CREATE);
  wg_reader_next(r, &e);
  CU_ASSERT_STRING_EQUAL(wg_ev_get(&e, WG_K_ARGS_RESOLVED)->s, "{\"string\":\"a, (b)\"}");
  wg_reader_next(r, &e);
  CU_ASSERT_EQUAL(wg_ev_get(&e, WG_K_ARGS)->v[1], 12); // decimal: not of a word's width
  wg_reader_next(r, &e);
  CU_ASSERT_EQUAL(wg_ev_get(&e, WG_K_ARGS)->n, 0);
  wg_reader_next(r, &e);
  CU_ASSERT_STRING_EQUAL(wg_ev_text(&e, WG_K_TEXT), "a line that continues the one before");
  wg_reader_next(r, &e);
  CU_ASSERT_EQUAL(e.kind, WG_EV_HANDLE_DESTROY);
  CU_ASSERT_STRING_EQUAL(wg_ev_text(&e, WG_K_OBJECT_TYPE), "File");
  wg_reader_next(r, &e);
  CU_ASSERT_STRING_EQUAL(wg_kind_name(&e), "log");
  CU_ASSERT_EQUAL(wg_reader_next(r, &e), 0);
  wg_reader_close(r);
}

// Nobody cuts and nobody ends it: what has been appended comes into the file by itself. The time is a limit, not a
// measure: it is there much sooner.
static void what_waits_is_written(void) {
  struct wg_writer *w;
  struct wg_err err = {0};
  char damage[512], path[128];
  snprintf(path, sizeof path, "%s", at("waits.zst"));
  CU_ASSERT_EQUAL_FATAL(wg_writer_create(&w, path, &err), WG_OK);
  struct wg_event e;
  for (uint64_t i = 0; i < 20; i++) {
    sample(&e, i);
    CU_ASSERT_TRUE(wg_writer_event(w, &e));
  }
  uint64_t seen = 0;
  for (int i = 0; i < 2000 && seen < 20; i++, usleep(5000)) seen = count(path, damage, sizeof damage);
  CU_ASSERT_EQUAL(seen, 20);
  CU_ASSERT_PTR_NOT_NULL(strstr(damage, "trace.footer"));
  for (uint64_t i = 20; i < 40000; i++) {
    sample(&e, i);
    CU_ASSERT_TRUE(wg_writer_event(w, &e));
  }
  char sha[65], other[65];
  CU_ASSERT_EQUAL(wg_writer_finish(w, "exit", sha, &seen, &err), WG_OK);
  CU_ASSERT_EQUAL(count(path, damage, sizeof damage), 40001);
  write_sample(at("straight.zst"), 40000, other);
  CU_ASSERT_STRING_EQUAL(sha, other);
}

// With room for so many bytes; what the writer says of it.
static struct wg_err written_into(const char *path, rlim_t room) {
  struct wg_writer *w;
  struct wg_err err = {0};
  struct rlimit before, small;
  struct wg_event e;
  CU_ASSERT_EQUAL_FATAL(wg_writer_create(&w, path, &err), WG_OK);
  getrlimit(RLIMIT_FSIZE, &before);
  small = (struct rlimit){room, before.rlim_max};
  void (*heard)(int) = signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  for (uint64_t i = 0; i < 2000; i++) {
    sample(&e, i);
    wg_writer_event(w, &e);
  }
  CU_ASSERT_EQUAL(wg_writer_finish(w, "exit", NULL, NULL, &err), WG_INPUT);
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, heard);
  return err;
}

static void what_has_no_room_is_said(void) {
  char damage[512];
  CU_ASSERT_PTR_NOT_NULL(strstr(written_into(at("none.zst"), 10).msg, "nothing of it was written"));
  CU_ASSERT_NOT_EQUAL(access(at("none.zst"), F_OK), 0);
  CU_ASSERT_PTR_NOT_NULL(strstr(written_into(at("header.zst"), 300).msg, "stays readable"));
  CU_ASSERT_TRUE(count(at("header.zst"), damage, sizeof damage) >= 1);
}

// Whoever appends learns of it from a cut, at whatever moment it happens: with the tsan preset, that the two threads
// never reach it at once.
static void a_cut_tells_that_there_is_no_room(void) {
  uint64_t seed = 5;
  uint8_t noise[20000];
  struct rlimit before, small;
  getrlimit(RLIMIT_FSIZE, &before);
  small = (struct rlimit){2 * sizeof noise, before.rlim_max};
  void (*heard)(int) = signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)random_next(&seed);
  for (int n = 0; n < 100; n++) {
    struct wg_frames *f;
    struct wg_err err = {0};
    char path[128], sha[65];
    snprintf(path, sizeof path, "%s%d", at("cuts"), n);
    CU_ASSERT_EQUAL_FATAL(wg_frames_create(&f, path, &(struct wg_frames_kind){.level = 1}, &err), WG_OK);
    int cuts = 0;
    do wg_frames_add(f, noise, 1 + random_next(&seed) % sizeof noise);
    while (wg_frames_cut(f) && ++cuts < 1000);
    CU_ASSERT_TRUE(cuts < 1000);
    wg_frames_drain(f, sha);
    CU_ASSERT_EQUAL(wg_frames_finish(f, "", 1, &err), WG_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, strerror(EFBIG)));
    remove(path);
  }
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, heard);
}

static void a_trace_is_never_overwritten(void) {
  struct wg_writer *w;
  struct wg_err err = {0};
  write_sample(at("kept.zst"), 3, NULL);
  CU_ASSERT_EQUAL(wg_writer_create(&w, at("kept.zst"), &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "File exists"));
}

// As wg_ev_put writes it, but put together from the pieces of trace/event.h alone.
static void plain_line(const struct wg_event *e, struct wg_buf *b) {
  wg_buf_printf(b, "{\"kind\":\"%s\",\"tid\":%u,\"idx\":%llu,\"host_ns\":%llu", wg_kind_name(e), e->tid,
                (unsigned long long)e->idx, (unsigned long long)e->host_ns);
  if (e->has_cycle) wg_buf_printf(b, ",\"cycle\":%llu", (unsigned long long)e->cycle);
  for (size_t i = 0; i < wg_ev_count(e); i++) {
    const struct wg_field *f = wg_ev_at(e, i);
    wg_buf_printf(b, ",\"%s\":", wg_key_name(f));
    switch (f->type) {
    case WG_F_DEC: wg_buf_printf(b, "%llu", (unsigned long long)f->u); break;
    case WG_F_SDEC: wg_buf_printf(b, "%lld", (long long)f->i); break;
    case WG_F_HEX: wg_buf_printf(b, "\"0x%llx\"", (unsigned long long)f->u); break;
    case WG_F_ID: wg_buf_printf(b, "\"%016llx\"", (unsigned long long)f->u); break;
    case WG_F_STR: wg_buf_json(b, f->s, f->n); break;
    case WG_F_BOOL: wg_buf_str(b, f->u ? "true" : "false"); break;
    case WG_F_HEXES:
      wg_buf_char(b, '[');
      for (size_t j = 0; j < f->n; j++) wg_buf_printf(b, "%s\"0x%llx\"", j ? "," : "", (unsigned long long)f->v[j]);
      wg_buf_char(b, ']');
      break;
    case WG_F_RAW: wg_buf_add(b, f->s, f->n); break;
    }
  }
  wg_buf_str(b, "}\n");
}

// Every kind with every key and type of value, small and as large as they come, never longer than it was said to be.
static void an_event_is_the_same_line_however_it_is_written(void) {
  static const uint64_t values[] = {0, 9, 99999999, 100000000, 0x82005d60, UINT64_MAX / 3, UINT64_MAX};
  static uint64_t many[300];
  char text[2000];
  uint64_t x = 1;
  memset(text, 0xFE, sizeof text);
  for (int i = 0; i < 300; i++) many[i] = random_next(&x) >> i % 64;
  for (int kind = 0; kind < WG_EV_OTHER; kind++)
    for (unsigned i = 0; i < 7; i++) {
      struct wg_event e;
      struct wg_buf want = {0}, foreign = {0}, line = {0};
      wg_ev_init(&e, (enum wg_kind)kind);
      e.tid = (uint32_t)values[i];
      e.idx = e.host_ns = e.cycle = values[i];
      e.has_cycle = i % 2;
      for (int key = kind; key < kind + 20; key++) {
        enum wg_key k = (enum wg_key)(key % WG_K_OTHER);
        switch (random_next(&x) % 8) {
        case 0: wg_ev_dec(&e, k, values[i]); break;
        case 1: wg_ev_sdec(&e, k, (int64_t)values[i]); break;
        case 2: wg_ev_hex(&e, k, values[i]); break;
        case 3: wg_ev_id(&e, k, values[i]); break;
        case 4: wg_ev_strn(&e, k, text, random_next(&x) % (i == 6 ? sizeof text : 30)); break;
        case 5: wg_ev_bool(&e, k, i % 2); break;
        case 6: wg_ev_hexes(&e, k, many, random_next(&x) % (i == 6 ? 300 : 5)); break;
        default: wg_ev_raw(&e, k, "{\"a\":[1]}", 9); break;
        }
      }
      plain_line(&e, &want);
      wg_ev_encode(&e, &line);
      wg_ev_encode_foreign(&e, &foreign);
      CU_ASSERT_STRING_EQUAL_FATAL(line.data, want.data);
      CU_ASSERT_STRING_EQUAL(foreign.data, want.data);
      CU_ASSERT_TRUE(line.len + WG_DIGITS_MOST <= wg_ev_most(&e));
      wg_buf_release(&want);
      wg_buf_release(&foreign);
      wg_buf_release(&line);
    }
}

static void a_line_is_never_too_long(void) {
  struct wg_writer *w;
  struct wg_err err = {0};
  struct wg_event e;
  char damage[512];
  size_t n = 17u << 20;
  char *text = malloc(n);
  memset(text, 0x78, n);
  CU_ASSERT_EQUAL_FATAL(wg_writer_create(&w, at("long.zst"), &err), WG_OK);
  sample(&e, 0);
  CU_ASSERT_TRUE(wg_writer_event(w, &e));
  wg_ev_init(&e, WG_EV_GUEST_PRINT);
  wg_ev_strn(&e, WG_K_TEXT, text, n);
  CU_ASSERT_TRUE(wg_writer_event(w, &e));
  wg_ev_init(&e, WG_EV_KERNEL_RETURN);
  wg_ev_str(&e, WG_K_NAME, "NtClose");
  text[0] = '"', text[n - 1] = '"';
  memset(text + 1, 'x', n - 2);
  wg_ev_raw(&e, WG_K_OUT, text, n);
  CU_ASSERT_TRUE(wg_writer_event(w, &e));
  CU_ASSERT_EQUAL(wg_writer_finish(w, "exit", NULL, NULL, &err), WG_OK);
  CU_ASSERT_EQUAL(count(at("long.zst"), damage, sizeof damage), 4);
  CU_ASSERT_STRING_EQUAL(damage, "");
  free(text);
}

static void not_a_log(void) {
  struct wg_reader *r = NULL;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL(wg_file_write(at("junk"), "hello\n", 6, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_reader_open(&r, at("junk"), &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "expected a run, a trace (JSON Lines or a table"));
  struct wg_err none = {0};
  CU_ASSERT_EQUAL(wg_reader_open(&r, at("missing"), &none), WG_INPUT);
}

// A statement's rows, a line each, behind a line of their columns if `names`.
static int ask(const char *db, const char *sql, bool names, struct wg_buf *out, struct wg_err *err) {
  struct wg_ask a = {.writes = false};
  sqlite3_stmt *s = NULL;
  const char *tail;
  int code = wg_ask_open(&a, NULL, db, NULL, 0, err), rc;
  if (code == WG_OK) code = wg_ask_prepare(&a, sql, &s, &tail, err);
  int n = code == WG_OK ? sqlite3_column_count(s) : 0;
  for (int i = 0; names && i < n; i++) wg_buf_printf(out, "%s%c", sqlite3_column_name(s, i), i + 1 < n ? ',' : '\n');
  for (rc = code == WG_OK ? wg_ask_first(&a, &s, err) : SQLITE_DONE; rc == SQLITE_ROW; rc = sqlite3_step(s))
    for (int i = 0; i < n; i++)
      wg_buf_printf(out, "%s%c", (const char *)sqlite3_column_text(s, i), i + 1 < n ? ',' : '\n');
  CU_ASSERT_EQUAL(rc, SQLITE_DONE);
  sqlite3_finalize(s);
  wg_ask_close(&a);
  return code;
}

static void store_joins_calls_and_returns(void) {
  struct wg_err err = {0};
  struct wg_buf out = {0};
  struct wg_store_report rep;
  static const char text[] =
      "{\"kind\":\"kernel.call\",\"tid\":1,\"idx\":0,\"host_ns\":1000,\"name\":\"NtClose\",\"lr\":\"0x82\",\"args\":["
      "\"0x4\"]}\n"
      "{\"kind\":\"kernel.call\",\"tid\":2,\"idx\":0,\"host_ns\":1500,\"name\":\"NtWait\",\"args\":[]}\n"
      "{\"kind\":\"kernel.return\",\"tid\":1,\"idx\":1,\"host_ns\":3000,\"name\":\"NtClose\",\"rv\":\"0x10\"}\n";
  char log[128];
  snprintf(log, sizeof log, "%s", at("store.jsonl"));
  CU_ASSERT_EQUAL(wg_file_write(log, text, sizeof text - 1, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_store_import(log, at("store.db"), NULL, &rep, &err), WG_OK);
  CU_ASSERT_EQUAL(rep.events, 3);
  CU_ASSERT_EQUAL(
      ask(at("store.db"), "SELECT name, rv, us FROM v_calls WHERE rv IS NOT NULL AND tid=1", true, &out, &err), WG_OK);
  CU_ASSERT_STRING_EQUAL(out.data, "name,rv,us\nNtClose,0x10,2.0\n");
  wg_buf_clear(&out);
  CU_ASSERT_EQUAL(
      ask(at("store.db"), "SELECT json_object('tid', tid, 'name', name) FROM v_unreturned", false, &out, &err), WG_OK);
  CU_ASSERT_STRING_EQUAL(out.data, "{\"tid\":2,\"name\":\"NtWait\"}\n");
  CU_ASSERT_EQUAL(ask(at("store.db"), "DELETE FROM calls", false, &out, &err), WG_INPUT);
  wg_buf_release(&rep.damage);
  wg_buf_release(&out);
}

WG_MAIN("trace", {"what is written is read", what_is_written_is_read},
        {"the footer is the SHA-256 of everything before", footer_is_the_sha256_of_everything_before},
        {"the same events give the same bytes", the_same_events_give_the_same_bytes},
        {"truncated traces stay readable", truncated_traces_stay_readable},
        {"what waits is written", what_waits_is_written},
        {"an event is the same line however it is written", an_event_is_the_same_line_however_it_is_written},
        {"a line is never too long", a_line_is_never_too_long},
        {"a trace is never overwritten", a_trace_is_never_overwritten},
        {"what has no room is said", what_has_no_room_is_said},
        {"a cut tells that there is no room", a_cut_tells_that_there_is_no_room},
        {"corrupt traces are reported", corrupt_traces_are_reported},
        {"reference names are mapped", reference_names_are_mapped},
        {"malformed lines name line and column", malformed_lines_name_line_and_column},
        {"xenia log lines", xenia_log_lines}, {"not a log", not_a_log},
        {"the store joins calls and returns", store_joins_calls_and_returns})
