// libFuzzer's entry for lines of a text log that threads wrote into each other. By its first byte the input is what
// happens to the halves (trace/xenia_torn.h), which must do as they say; or how threads tear lines that are whole, of
// which the importer must lose none and make no more than there were.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "nt/exports.h"
#include "trace/importers.h"
#include "trace/source.h"
#include "trace/xenia_call.h"
#include "trace/xenia_torn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct input {
  const uint8_t *p;
  size_t n;
};

static uint8_t byte(struct input *in) {
  if (in->n == 0) return 0;
  in->n--;
  return *in->p++;
}

// -- halves beside a plain model of them --

struct half {
  uint64_t id;
  struct wg_buf text;
};

static struct half model[WG_XENIA_HALVES];
static size_t halves;

static const char *const pieces[] = {"NtClose(",
                                     "KeSetEvent(",
                                     "F8000020",
                                     ", ",
                                     ")",
                                     "(",
                                     "00000001",
                                     "12",
                                     "NtClo",
                                     "se(",
                                     "8",
                                     "-1",
                                     "1.5",
                                     "NAN",
                                     "(game:\\a,b)",
                                     " ",
                                     "KeTlsAlloc",
                                     "Added handle:",
                                     " for ",
                                     "class xe::kernel::XFile",
                                     "N2xe6kernel5XFileE",
                                     "XThread",
                                     " (6) Stack: ",
                                     "-",
                                     "ContextArg",
                                     ",",
                                     "0",
                                     "RtlInitAnsiString("};

// Some of the pieces above, or bytes of the input as they are.
static void take_text(struct input *in, struct wg_buf *out) {
  wg_buf_clear(out);
  for (unsigned some = byte(in) % 8; some; some--) {
    uint8_t which = byte(in);
    if (which < 224) {
      wg_buf_str(out, pieces[which % (sizeof pieces / sizeof *pieces)]);
      continue;
    }
    size_t len = which == 255 ? 2048 + WG_XENIA_HALF / 2 : which - 224u;
    for (; len; len--) wg_buf_char(out, which == 255 ? '1' : (char)byte(in));
  }
  wg_buf_reserve(out, out->len + WG_SOURCE_SLACK);
}

static int begun(const char *l, size_t n) { return wg_xenia_begun_call(l, n); }

// What the judge says of two texts behind each other, whatever lies behind both.
static int judged(const struct wg_buf *a, const struct wg_buf *b, int (*judge)(const char *l, size_t n)) {
  static const char behind[] = "\0()8,F ";
  int first = 0;
  if (a->len + b->len > WG_XENIA_HALF) return 0;
  size_t len = a->len + b->len;
  char *both = wg_xcalloc(1, len + WG_SOURCE_SLACK);
  memcpy(both, a->data, a->len);
  if (b->len) memcpy(both + a->len, b->data, b->len);
  for (size_t i = 0; i < sizeof behind - 1; i++) {
    memset(both + len, behind[i], WG_SOURCE_SLACK);
    int says = judge(both, len);
    if (i && says != first) abort();
    first = says;
  }
  free(both);
  return first;
}

static void same_halves(const struct wg_xenia_torn *t) {
  if (t->n != halves) abort();
  for (size_t i = 0; i < halves; i++) {
    const struct wg_xenia_half *h = &t->halves[i];
    if (h->id != model[i].id || h->text.len != model[i].text.len || h->text.len > WG_XENIA_HALF + WG_XENIA_PREFIX)
      abort();
    if (memcmp(h->text.data, model[i].text.data, h->text.len) != 0) abort();
  }
}

static void forget(size_t at) {
  wg_buf_release(&model[at].text);
  memmove(&model[at], &model[at + 1], (--halves - at) * sizeof *model);
  model[halves] = (struct half){0};
}

static void keep(struct wg_xenia_torn *t, struct input *in, struct wg_buf *text, uint64_t line) {
  uint64_t id = byte(in) % 24u;
  char prefix[WG_XENIA_PREFIX + 1];
  take_text(in, text);
  if (text->len > WG_XENIA_HALF || wg_xenia_half_of(t, id)) return;
  if (halves == WG_XENIA_HALVES) {
    wg_xenia_half_done(t, &t->halves[0]);
    forget(0);
  }
  snprintf(prefix, sizeof prefix, "d> F80000%02X ", (unsigned)id);
  struct half *h = &model[halves++];
  h->id = id;
  wg_buf_add(&h->text, prefix, WG_XENIA_PREFIX);
  wg_buf_add(&h->text, text->data, text->len);
  wg_xenia_keep_half(t, id, h->text.data, h->text.len, line);
}

// A piece finds the half of which the judge is surest, if that is one.
static void find(struct wg_xenia_torn *t, const struct wg_buf *text, bool rest) {
  size_t found = halves;
  int most = 0;
  bool two = false, several = false;
  for (size_t i = 0; i < halves; i++) {
    int sure = judged(&model[i].text, text, rest ? wg_xenia_whole_line : begun);
    if (sure && judged(&model[i].text, text, rest ? begun : wg_xenia_whole_line))
      abort(); // whole, and more must follow
    two = sure > most ? false : two || (sure && sure == most);
    if (sure > most) most = sure, found = i;
  }
  struct wg_xenia_half *h =
      rest ? wg_xenia_half_for(t, text->data, text->len, &several) : wg_xenia_half_around(t, text->data, text->len);
  if (rest && several != two) abort();
  if (h != (two || found == halves ? NULL : &t->halves[found])) abort();
  if (h == NULL) return;
  wg_buf_add(&model[found].text, text->data, text->len);
  same_halves(t);
  if (!rest) return;
  wg_xenia_half_done(t, h);
  forget(found);
}

static void what_halves_do(struct input in) {
  struct wg_xenia_torn t = {0};
  struct wg_buf text = {0};
  for (uint64_t line = 1; in.n; line++) {
    uint8_t what = byte(&in);
    if (what % 4 < 2) {
      keep(&t, &in, &text, line);
    } else {
      take_text(&in, &text);
      find(&t, &text, what % 4 == 2);
    }
    same_halves(&t);
  }
  while (halves) forget(halves - 1);
  wg_xenia_torn_release(&t);
  wg_buf_release(&text);
}

// -- whole lines that threads tear --

#define WRITERS 8

struct line {
  unsigned writer;
  char text[64];    // behind its prefix
  bool whole, seen; // whole: written at one go
};

struct tale {
  struct wg_buf log;
  struct line *lines;
  size_t nlines, prefixes, rests, within;
  struct {
    size_t line, written; // of which so much is written; 0: none is begun
  } now[WRITERS];
};

static void compose(struct input *in, char *out, size_t cap) {
  unsigned a = byte(in), b = byte(in);
  switch (a % 5) {
  case 0: snprintf(out, cap, "NtClose(F80000%02X)", b); return;
  case 1: snprintf(out, cap, "KeSetEvent(400048%02X, %08X, 00000000)", b, a); return;
  case 2: snprintf(out, cap, "KeTlsGetValue(%08X)", b); return;
  case 3: snprintf(out, cap, "NtWaitForSingleObjectEx(F80000%02X, 1, 0, 00000000(00000000))", b % 16); return;
  default: snprintf(out, cap, "RtlEnterCriticalSection(82%06X)", a << 8 | b); return;
  }
}

// A thread writes its next line, or more of the one that it has begun: to its end or to some place within.
static void write_some(struct tale *t, struct input *in) {
  unsigned w = byte(in) % WRITERS, cut = byte(in);
  bool begins = t->now[w].written == 0;
  if (begins) {
    WG_VEC_NEXT(t->lines, t->nlines);
    struct line *l = &t->lines[t->nlines];
    *l = (struct line){.writer = w};
    compose(in, l->text, sizeof l->text);
    t->now[w].line = t->nlines++;
    wg_buf_printf(&t->log, "d> F80000%02X ", w);
    t->prefixes++;
  }
  struct line *l = &t->lines[t->now[w].line];
  size_t at = t->now[w].written, left = strlen(l->text) - at;
  size_t len = cut & 1 && (cut >> 1) % (left + 1) ? (cut >> 1) % (left + 1) : left;
  wg_buf_add(&t->log, l->text + at, len);
  t->rests += !begins;
  t->now[w].written = at + len;
  if (len != left) return;
  wg_buf_char(&t->log, '\n');
  l->whole = begins;
  t->now[w].written = 0;
}

// The call as the log has it: its arguments are words and integers, which the event has as numbers.
static bool is_of(const struct wg_event *e, const struct line *l) {
  struct wg_xenia_args args = {0};
  char text[64 + WG_SOURCE_SLACK] = {0};
  size_t name = strcspn(l->text, "(");
  const struct wg_field *is = wg_ev_get(e, WG_K_NAME), *given = wg_ev_get(e, WG_K_ARGS);
  if (is->n != name || memcmp(is->s, l->text, name) != 0) return false;
  memcpy(text, l->text, strlen(l->text));
  wg_xenia_args(&args, text + name + 1, text + strlen(text) - 1);
  bool same = given->n == args.n && memcmp(given->v, args.v, args.n * sizeof *args.v) == 0;
  wg_xenia_args_release(&args);
  return same;
}

// Of lines that are spoilt more than once, one may be text of another's.
static size_t within(const struct wg_event *e) {
  struct wg_buf line = {0};
  size_t n = 0;
  wg_ev_encode(e, &line);
  for (const char *p = line.data; (p = strstr(p, "d> F80000")) != NULL; p++) n++;
  wg_buf_release(&line);
  return n;
}

static void see(struct tale *t, const struct wg_event *e, size_t *events, size_t *calls) {
  ++*events;
  t->within += within(e);
  if (e->kind != WG_EV_KERNEL_CALL) return;
  ++*calls;
  for (size_t i = 0; i < t->nlines; i++) {
    struct line *l = &t->lines[i];
    if (!l->whole || l->seen || l->writer + 100 != e->tid || !is_of(e, l)) continue;
    l->seen = true;
    return;
  }
}

static void import(struct tale *t) {
  size_t events = 0, calls = 0;
  struct wg_event e;
  void *state = wg_import_xenia_log.open(NULL);
  for (char *p = t->log.data, *end = p + t->log.len; p < end;) {
    char *newline = memchr(p, '\n', (size_t)(end - p));
    size_t len = (size_t)((newline ? newline : end) - p);
    char *line = wg_xcalloc(1, len + WG_SOURCE_SLACK);
    memcpy(line, p, len);
    struct wg_err err = {0};
    for (bool more = true; more;) {
      more = false;
      enum wg_line_result is = wg_import_xenia_log.line(state, line, len, &e, &more, &err);
      if (is == WG_LINE_BAD) abort();
      if (is == WG_LINE_EVENT) see(t, &e, &events, &calls);
    }
    free(line);
    p += len + 1;
  }
  while (wg_import_xenia_log.end(state, &e)) see(t, &e, &events, &calls);
  wg_import_xenia_log.close(state);
  if (events + t->within < t->prefixes || events > t->prefixes + t->rests || calls > t->nlines + WRITERS) abort();
  for (size_t i = 0; i < t->nlines; i++)
    if (t->lines[i].whole && !t->lines[i].seen) abort();
}

static void what_threads_tear(struct input in) {
  struct tale t = {0};
  for (unsigned w = 0; w < WRITERS; w++)
    wg_buf_printf(&t.log, "K> F80000%02X XThread::Execute thid %u (handle=F80000%02X)\n", w, 100 + w, w);
  t.prefixes = WRITERS;
  while (in.n && t.nlines < 200) write_some(&t, &in);
  import(&t);
  wg_buf_release(&t.log);
  free(t.lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  const struct input rest = {data + (n > 0), n - (n > 0)};
  if (n && data[0] & 1)
    what_threads_tear(rest);
  else
    what_halves_do(rest);
  return 0;
}
