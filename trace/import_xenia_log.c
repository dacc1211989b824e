// Importer: the stock text log of xenia-canary (line shapes in docs/console.md#logs-of-canary).
//
//   d> F8000008 NtClose(F8000020)           a kernel call, written before it runs
//   d> F8000008 NtAllocateVirtualMemory = 40000000
//                                           what the call gave: the few that say so return with it
//   i> 0000137E XThreadF8000008 (6) Stack:  a thread, with its number (hexadecimal)
//   K> F8000008 XThread::Execute thid 6 ..  a thread starts (decimal)
//   i> ... Added handle:F8000020 for <type> a handle
//
// Any other line becomes an event of kind "log", so that nothing is dropped; so does a line without the prefix, which
// continues the one before it (`continues`): the configuration, a message or print of several lines. Where threads
// wrote at once, a line holds the first half of another, which waits for its rest (trace/xenia_torn.h); what finds no
// other half is said to be torn (`torn`). A call whose line ends before it does goes on in lines without a prefix;
// where the rest is missing, its name is told all the same (`cut`). A line that says that lines were left out is
// damage.
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/vec.h"
#include "nt/exports.h"
#include "trace/importers.h"
#include "trace/left_out.h"
#include "trace/xenia_call.h"
#include "trace/xenia_spread.h"
#include "trace/xenia_torn.h"

#define PREFIX WG_XENIA_PREFIX
#define SLACK 64     // that may be read behind a line
#define PATIENCE 64u // lines that a half waits
// Numbers for threads that call the kernel and were never announced (a log that begins late, host threads).
#define UNKNOWN_TID 0x40000000u

struct thread {
  uint32_t tid;
  uint64_t next;    // idx
  uint64_t spawn;   // entry << 32 | ctx of its last ExCreateThread
  uint8_t last_len; // its last call, if that may still return
  char last[63];
};

struct state {
  struct wg_map by_id, by_tid; // id as logged, tid -> index
  struct thread *threads;
  size_t nthreads, unknown;
  uint64_t cached_id; // of threads[cached]
  size_t cached;
  struct wg_xenia_args args;
  struct wg_xenia_torn torn;     // first halves of lines whose rests are to come
  struct wg_xenia_spread spread; // a call that goes on in the next line
  uint64_t lines;                // read so far
  uint64_t last_id;              // whose line came last, and its level
  bool has_run;                  // something has happened
  bool prints;                   // the last line with a prefix is what the title printed
  bool again;                    // the current line has more to give, from `rest` on
  size_t rest;
  struct wg_buf piece; // of a line
  char level[2], type[64];
};

static void *state_open(const struct wg_mapping *m) {
  (void)m;
  struct state *s = wg_xcalloc(1, sizeof *s);
  s->threads = wg_xcalloc(1, sizeof *s->threads); // tid 0: no thread
  s->nthreads = 1;
  wg_map_put(&s->by_tid, 0, 0);
  s->cached_id = UINT64_MAX;
  return s;
}

static void state_close(void *p) {
  struct state *s = p;
  wg_map_release(&s->by_id);
  wg_map_release(&s->by_tid);
  wg_xenia_torn_release(&s->torn);
  wg_xenia_spread_release(&s->spread);
  wg_buf_release(&s->piece);
  wg_xenia_args_release(&s->args);
  free(s->threads);
  free(s);
}

static size_t thread_of_tid(struct state *s, uint32_t tid) {
  uint64_t at;
  if (wg_map_get(&s->by_tid, tid, &at)) return at;
  size_t n = s->nthreads++;
  WG_VEC_NEXT(s->threads, n);
  s->threads[n] = (struct thread){.tid = tid};
  wg_map_put(&s->by_tid, tid, n);
  return n;
}

static void announce(struct state *s, uint64_t id, uint32_t tid) {
  wg_map_put(&s->by_id, id, thread_of_tid(s, tid));
  s->cached_id = UINT64_MAX;
}

// The thread of a logged id; a `caller` that nobody announced gets a number of its own, others are no thread (0).
static struct thread *thread_by_id(struct state *s, uint64_t id, bool caller) {
  if (id == s->cached_id) return &s->threads[s->cached];
  uint64_t at = 0;
  if (!wg_map_get(&s->by_id, id, &at)) {
    if (!caller) return &s->threads[0];
    announce(s, id, UNKNOWN_TID + (uint32_t)s->unknown++);
    wg_map_get(&s->by_id, id, &at);
  }
  s->cached_id = id;
  s->cached = at;
  return &s->threads[at];
}

static void begin(struct wg_event *e, enum wg_kind kind, struct thread *t) {
  wg_ev_init(e, kind);
  e->has_cycle = false;
  e->tid = t->tid;
  e->idx = t->next++;
}

static bool has_prefix(const char *s, size_t n) {
  return n >= PREFIX && s[1] == '>' && s[2] == ' ' && s[11] == ' ' && wg_xenia_digits(s + 3, 8) == 8;
}

static bool probe(const char *head, size_t n, const struct wg_mapping *m) {
  // A line with the prefix; in a log that begins late, blank ones and the rest of a message may come before it.
  (void)m;
  for (size_t i = 0; i < n; i++) {
    if (has_prefix(head + i, n - i)) return true;
    const char *nl = memchr(head + i, '\n', n - i);
    if (nl == NULL) break;
    i = (size_t)(nl - head);
  }
  return false;
}

static int log_text(struct state *s, const char *text, size_t n, uint64_t id, struct wg_event *e) {
  begin(e, WG_EV_OTHER, thread_by_id(s, id, false));
  e->kind_name = "log";
  wg_ev_strn(e, WG_K_OP, s->level, 1);
  wg_ev_strn(e, WG_K_TEXT, text, n);
  return 1;
}

static void mark(struct wg_event *e, const char *how) {
  wg_ev_bool(e, WG_K_OTHER, true);
  e->fields[e->nfields - 1].name = how;
}

static int torn_text(struct state *s, char *text, size_t n, uint64_t id, struct wg_event *e) {
  text[n] = 0;
  log_text(s, text, n, id, e);
  mark(e, "torn");
  return 1;
}

// 0: it is none. An export's whose arguments are none that the log writes is torn.
static int kernel_call(struct state *s, char *text, size_t n, size_t name, uint64_t id, struct wg_event *e) {
  wg_xenia_args(&s->args, text + name + 1, text + n - 1);
  if (s->args.odd || s->args.broken) {
    bool known = wg_nt_find(text, name) != NULL;
    if (known && s->args.odd) return torn_text(s, text, n, id, e);
    if (!known) return 0;
  }
  struct thread *t = thread_by_id(s, id, true);
  text[name] = 0;
  t->last_len = (uint8_t)(name < sizeof t->last ? name : 0);
  memcpy(t->last, text, t->last_len);
  if (s->args.n >= 6 && name == 14 && memcmp(text, "ExCreateThread", 14) == 0)
    t->spawn = s->args.v[4] << 32 | (uint32_t)s->args.v[5];
  begin(e, WG_EV_KERNEL_CALL, t);
  wg_ev_strn(e, WG_K_NAME, text, name);
  wg_ev_hexes(e, WG_K_ARGS, s->args.v, s->args.n);
  wg_ev_raw(e, WG_K_ARGS_RESOLVED, s->args.resolved, s->args.resolved_len);
  return 1;
}

// A call whose arguments do not end: those that are whole, and what there is of the last one as text.
static void cut_call(struct state *s, char *l, size_t n, struct wg_event *e) {
  char *text = l + PREFIX, *open = memchr(text, '(', n - PREFIX), *last = l + wg_xenia_begun_args(l, n);
  s->last_id = wg_xenia_hex(l + 3, 8);
  s->level[0] = l[0];
  struct thread *t = thread_by_id(s, s->last_id, true);
  t->last_len = 0;
  begin(e, WG_EV_KERNEL_CALL, t);
  wg_ev_strn(e, WG_K_NAME, text, (size_t)(open - text));
  wg_xenia_args(&s->args, open + 1, last > open + 1 ? last - 2 : open + 1);
  if (s->args.n) wg_ev_hexes(e, WG_K_ARGS, s->args.v, s->args.n);
  wg_buf_clear(&s->piece);
  wg_buf_add(&s->piece, s->args.resolved, s->args.resolved_len - 1);
  wg_json_key(&s->piece, "more");
  wg_buf_json(&s->piece, last, (size_t)(l + n - last));
  wg_buf_char(&s->piece, '}');
  wg_ev_raw(e, WG_K_ARGS_RESOLVED, s->piece.data, s->piece.len);
  *open = 0; // the name ends here
  mark(e, "cut");
}

// "NtAllocateVirtualMemory = 40000000" and the like, of the call that the thread made last.
static int kernel_return(struct state *s, char *text, size_t n, uint64_t id, struct wg_event *e) {
  struct wg_xenia_result r;
  if (!wg_xenia_result(&s->args, text, n, &r)) return 0;
  struct thread *t = thread_by_id(s, id, false);
  if (r.name_len != t->last_len || memcmp(r.name, t->last, r.name_len) != 0) return 0;
  t->last_len = 0;
  begin(e, WG_EV_KERNEL_RETURN, t);
  wg_ev_strn(e, WG_K_NAME, r.name, r.name_len);
  r.name[r.name_len] = 0;
  wg_ev_hex(e, WG_K_RV, r.rv);
  wg_ev_raw(e, WG_K_OUT, s->args.resolved, s->args.resolved_len);
  return 1;
}

// "XThreadF8000008 (6) Stack: 70150000-70190000", logged by the creator.
static int thread_line(struct state *s, const char *text, size_t n, uint64_t id, struct wg_event *e) {
  const char *stack = strstr(text, " Stack: "), *number = text + 17;
  if (stack == NULL || n < 20 || wg_xenia_digits(text + 7, 8) != 8 || memcmp(text + 15, " (", 2) != 0) return 0;
  uint64_t handle = wg_xenia_hex(text + 7, 8);
  uint32_t tid = (uint32_t)wg_xenia_hex(number, wg_xenia_digits(number, 8));
  struct thread *creator = thread_by_id(s, id, false);
  uint64_t spawn = creator->spawn;
  creator->spawn = 0;
  begin(e, WG_EV_THREAD_CREATE, creator);
  wg_ev_dec(e, WG_K_CHILD, tid);
  wg_ev_hex(e, WG_K_ENTRY, spawn >> 32);
  wg_ev_hex(e, WG_K_CTX, (uint32_t)spawn);
  stack += 8;
  if (wg_xenia_digits(stack, 8) == 8 && stack[8] == '-' && wg_xenia_digits(stack + 9, 8) == 8)
    wg_ev_dec(e, WG_K_STACK_SIZE, wg_xenia_hex(stack + 9, 8) - wg_xenia_hex(stack, 8));
  wg_ev_hex(e, WG_K_RAW, handle);
  announce(s, handle, tid);
  return 1;
}

// "N2xe6kernel5XFileE" or "class xe::kernel::XFile" -> "File"; the base class says nothing.
static size_t object_type(char *out, size_t cap, const char *p) {
  const char *x = strstr(p, "kernel");
  if (x == NULL) return 0;
  for (x += 6; (*x >= '0' && *x <= '9') || *x == ':';) x++;
  bool mangled = strstr(p, "::") == NULL;
  size_t n = strlen(x);
  if (n && x[n - 1] == 'E' && mangled) n--;
  if (n && x[0] == 'X') x++, n--;
  if (n == 0 || n >= cap || (n == 6 && memcmp(x, "Object", 6) == 0)) return 0;
  memcpy(out, x, n);
  out[n] = 0;
  return n;
}

static int handle_line(struct state *s, enum wg_kind kind, const char *text, uint64_t id, struct wg_event *e) {
  const char *handle = strchr(text, ':') + 1;
  if (wg_xenia_digits(handle, 8) != 8) return 0;
  begin(e, kind, thread_by_id(s, id, false));
  wg_ev_hex(e, WG_K_RAW, wg_xenia_hex(handle, 8));
  size_t n = object_type(s->type, sizeof s->type, handle);
  if (n) wg_ev_strn(e, WG_K_OBJECT_TYPE, s->type, n);
  return 1;
}

// "XThread::Execute thid 6 (handle=F8000008, ...", logged by the thread itself.
static int start_line(struct state *s, const char *text, uint64_t id, struct wg_event *e) {
  uint64_t tid = 0;
  const char *p = strstr(text, "thid ");
  if (p == NULL) return 0;
  for (p += 5; *p >= '0' && *p <= '9' && tid < UINT32_MAX; p++) tid = tid * 10 + (uint64_t)(*p - '0');
  if (tid >= UINT32_MAX) return 0;
  announce(s, id, (uint32_t)tid);
  begin(e, WG_EV_THREAD_START, thread_by_id(s, id, false));
  return 1;
}

static bool starts(const char *s, const char *with) { return strncmp(s, with, strlen(with)) == 0; }

static int log_line(struct state *s, char *l, size_t n, uint64_t id, struct wg_event *e) {
  l[n] = 0;
  return log_text(s, l + PREFIX, n - PREFIX, id, e);
}

// Text without the prefix: more of the message before, or of one before the beginning; or a rest without its half.
static enum wg_line_result further_text(struct state *s, char *l, size_t n, bool torn, struct wg_event *e) {
  if (strspn(l, " \t") >= n) return WG_LINE_NONE;
  if (s->level[0] == 0) s->level[0] = '?';
  log_text(s, l, n, s->last_id, e);
  mark(e, torn ? "torn" : "continues");
  return WG_LINE_EVENT;
}

// A line with its prefix.
static int whole_line(struct state *s, char *l, size_t n, struct wg_event *e) {
  uint64_t id = wg_xenia_hex(l + 3, 8);
  char *text = l + PREFIX;
  s->last_id = id;
  s->level[0] = l[0];
  s->prints = text[0] == '('; // (DbgPrint) and its text
  size_t len = n - PREFIX, name = 0;
  while (len && (text[len - 1] == ' ' || text[len - 1] == '\t')) len--; // of who passed the log on
  bool may_call = l[0] == 'd' || l[0] == 'i' || l[0] == '!' || l[0] == 'w' || l[0] == 'x';
  if (may_call && (name = wg_xenia_call_name(text, len)) != 0 && kernel_call(s, text, len, name, id, e)) return 1;
  l[n] = 0; // a carriage return
  int done = 0;
  if (starts(text, "XThread::Execute"))
    done = start_line(s, text, id, e);
  else if (starts(text, "XThread"))
    done = thread_line(s, text, len, id, e);
  else if (starts(text, "Added handle:"))
    done = handle_line(s, WG_EV_HANDLE_CREATE, text, id, e);
  else if (starts(text, "Removed handle:"))
    done = handle_line(s, WG_EV_HANDLE_DESTROY, text, id, e);
  else if (may_call)
    done = kernel_return(s, text, len, id, e);
  return done ? done : log_line(s, l, n, id, e);
}

// -- lines that threads wrote into each other --

static bool is_mark(const char *p) { // of another line, "d> F"
  return memchr("!wiKCFdGAx", p[-1], 10) != NULL && p[1] == ' ' && wg_xenia_digits(p + 2, 1);
}

// A call of an export within which another line begins that is torn itself.
static bool is_spoilt(const char *l, size_t n) {
  for (const char *p = l + PREFIX; (p = memchr(p, '>', n - (size_t)(p - l))) != NULL; p++) {
    if (!is_mark(p)) continue;
    size_t name = wg_xenia_call_name(l + PREFIX, n - PREFIX);
    return name && wg_nt_find(l + PREFIX, name) && wg_xenia_whole_line(l, n) == 0;
  }
  return false;
}

// Where another thread's line begins within this one, behind `from`; 0 if nowhere. A call that is whole may hold such
// text itself.
static size_t inner_line(const char *l, size_t n, size_t from) {
  if (n > WG_XENIA_HALF) return 0;
  for (const char *p = l + from; (p = memchr(p, '>', n - (size_t)(p - l))) != NULL; p++) {
    size_t at = (size_t)(p - l) - 1;
    if (p == l || at < from || memchr("!wiKCFdGAx", *(p - 1), 10) == NULL || !has_prefix(p - 1, n - at)) continue;
    bool whole = from && wg_xenia_whole_call(l + PREFIX, n - PREFIX) && !is_spoilt(l, n);
    return whole ? 0 : at;
  }
  return 0;
}

// A line that is not what its thread wrote, or not all of it: text, which says so.
static enum wg_line_result torn_line(struct state *s, char *l, size_t n, struct wg_event *e) {
  s->last_id = wg_xenia_hex(l + 3, 8);
  s->level[0] = l[0];
  torn_text(s, l + PREFIX, n - PREFIX, s->last_id, e);
  return WG_LINE_EVENT;
}

static enum wg_line_result give_up(struct state *s, struct wg_xenia_half *h, struct wg_event *e) {
  struct wg_buf text = h->text;
  wg_xenia_half_done(&s->torn, h);
  return torn_line(s, text.data, text.len, e);
}

static enum wg_line_result found_rest(struct state *s, struct wg_xenia_half *h, struct wg_event *e) {
  struct wg_buf text = h->text;
  wg_xenia_half_done(&s->torn, h);
  whole_line(s, text.data, text.len, e);
  return WG_LINE_EVENT;
}

// What waits for a rest that does not come: a call, or its beginning as text where the file ends in it; then the lines
// behind it, if there are any, and it waits until they are told.
static void give_up_spread(struct state *s, bool file_ends, struct wg_event *e) {
  struct wg_xenia_spread *x = &s->spread;
  char *text = x->way[0].data, *more = text + x->first + 1;
  size_t left = x->way[0].len > x->first ? x->way[0].len - x->first - 1 : 0;
  text[x->first] = 0; // a newline, if there is more
  if (x->told)
    further_text(s, more, left, false, e);
  else if (file_ends)
    torn_line(s, text, x->first, e);
  else
    cut_call(s, text, x->first, e);
  x->waits = !x->told && left && strspn(more, " \t\n") < left;
  x->told = true;
}

static bool end(void *p, struct wg_event *e) {
  struct state *s = p;
  if (!s->spread.waits) return s->torn.n && give_up(s, &s->torn.halves[0], e) == WG_LINE_EVENT;
  give_up_spread(s, true, e);
  return true;
}

// What a line without the prefix ends with, up to its newline: a rest, or more of a message.
static enum wg_line_result last_part(struct state *s, char *l, size_t n, struct wg_event *e) {
  bool several = false;
  struct wg_xenia_half *h = wg_xenia_half_for(&s->torn, l, n, &several);
  if (h) return found_rest(s, h, e);
  h = &s->torn.halves[0];
  bool alone = s->torn.n == 1 && h->line + 1 == s->lines && h->text.len + n <= WG_XENIA_HALF;
  if (!alone || wg_xenia_begun_call(h->text.data, h->text.len)) return further_text(s, l, n, several, e);
  wg_xenia_half_add(h, l, n); // some message
  return found_rest(s, h, e);
}

static char *piece(struct state *s, const char *l, size_t n) {
  wg_buf_clear(&s->piece);
  wg_buf_reserve(&s->piece, n + SLACK);
  wg_buf_add(&s->piece, l, n);
  return s->piece.data;
}

// What a line without the prefix has before another thread's begins: NONE if it became part of a half.
static enum wg_line_result first_part(struct state *s, char *l, size_t n, struct wg_event *e) {
  bool several;
  struct wg_xenia_half *h = wg_xenia_half_for(&s->torn, l, n, &several);
  if (h) return found_rest(s, h, e);
  if (wg_xenia_half_around(&s->torn, l, n)) return WG_LINE_NONE;
  return further_text(s, piece(s, l, n), n, true, e);
}

// A line with its prefix, up to its newline. While halves wait, what looks like no call is a half with another's rest.
static enum wg_line_result closed_line(struct state *s, char *l, size_t n, struct wg_event *e) {
  bool call = s->torn.n && wg_xenia_call_name(l + PREFIX, n - PREFIX);
  bool torn = call ? wg_xenia_whole_line(l, n) == 0 : s->torn.n && wg_xenia_begun_call(l, n);
  if (torn) return torn_line(s, l, n, e);
  if (s->torn.n == 0 && l[n - 1] != ')' && wg_xenia_spread_begin(&s->spread, l, n)) return WG_LINE_HELD;
  whole_line(s, l, n, e);
  return WG_LINE_EVENT;
}

// What comes while a call waits for its rest. An event that is none of the line's own leaves it to be read.
static enum wg_line_result rest_of_call(struct state *s, const char *l, size_t n, struct wg_event *e) {
  struct wg_buf *whole;
  bool other = s->spread.told || has_prefix(l, n) || inner_line(l, n, 0);
  switch (other ? WG_XENIA_NO_REST : wg_xenia_spread_add(&s->spread, l, n, &whole)) {
  case WG_XENIA_MORE_REST: return WG_LINE_HELD;
  case WG_XENIA_LAST_REST: whole_line(s, whole->data, whole->len, e); return WG_LINE_EVENT;
  case WG_XENIA_NO_REST: break;
  }
  give_up_spread(s, false, e);
  s->again = true; // the line itself is still to be read
  s->rest = 0;
  return WG_LINE_EVENT;
}

// An id that is one thread more than a trace may have.
static bool too_many(const struct state *s, const char *l, struct wg_err *err) {
  uint64_t at;
  if (s->nthreads <= WG_MOST_THREADS || wg_map_get(&s->by_id, wg_xenia_hex(l + 3, 8), &at)) return false;
  wg_fail(err, WG_INPUT, "thread %.8s is one too many; a log has at most %u threads", l + 3, WG_MOST_THREADS);
  return true;
}

// The part of the line from `at` on, that begins with a prefix; *next: how long it is, 0: up to the newline. NONE: it
// is a half, which waits.
static enum wg_line_result part(struct state *s, char *at, size_t n, size_t *next, struct wg_event *e) {
  size_t inner = *next = inner_line(at, n, PREFIX);
  if (inner == 0) return closed_line(s, at, n, e);
  if (wg_xenia_whole_line(at, inner)) {
    whole_line(s, piece(s, at, inner), inner, e);
    return WG_LINE_EVENT;
  }
  wg_xenia_keep_half(&s->torn, wg_xenia_hex(at + 3, 8), at, inner, s->lines);
  return WG_LINE_NONE;
}

// A half whose rest will not come: its thread writes again, it has waited for long, or there is no room for another.
static struct wg_xenia_half *given_up(struct state *s, const char *at, size_t n) {
  struct wg_xenia_half *oldest = &s->torn.halves[0];
  if (s->torn.n == 0) return NULL;
  if (oldest->line + PATIENCE < s->lines || s->torn.n == WG_XENIA_HALVES) return oldest;
  return has_prefix(at, n) ? wg_xenia_half_of(&s->torn, wg_xenia_hex(at + 3, 8)) : NULL;
}

// One event of the line, from `at` on; *next: where the following one begins, 0: there is none.
static enum wg_line_result one_of(struct state *s, char *l, size_t n, size_t at, size_t *next, struct wg_event *e) {
  for (;;) {
    struct wg_xenia_half *h = given_up(s, l + at, n - at);
    *next = at;
    s->again = h != NULL;
    if (h) return give_up(s, h, e);
    enum wg_line_result is;
    if (has_prefix(l + at, n - at)) {
      is = part(s, l + at, n - at, next, e);
    } else {
      *next = inner_line(l, n, 0);
      is = *next ? first_part(s, l, *next, e) : last_part(s, l, n, e);
    }
    s->again = *next != 0;
    *next += at;
    if (is != WG_LINE_NONE || !s->again) return is;
    at = *next;
  }
}

// What the emulator says of itself as it starts.
static bool begins_log(const char *l, size_t n) {
  static const char *const words[] = {"Build: ", "Storage root: ", "----------- CONFIG DUMP -----------"};
  if (l[0] != 'i' || !has_prefix(l, n)) return false;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strncmp(l + PREFIX, words[i], strlen(words[i])) == 0) return true;
  return false;
}

static enum wg_line_result line(void *p, char *l, size_t n, struct wg_event *e, bool *more, struct wg_err *err) {
  struct state *s = p;
  while (n && (l[n - 1] == '\r' || l[n - 1] == 0)) n--; // NULs: room that a host's file had before it was written
  size_t at = s->again ? s->rest : 0;
  bool new = !s->again;
  s->lines += new;
  s->again = false;
  l[n] = 0;
  if (new && s->has_run && begins_log(l, n)) return WG_LINE_ANOTHER;
  if (at == 0 && s->spread.waits) {
    enum wg_line_result rest = rest_of_call(s, l, n, e);
    *more = s->again;
    return rest;
  }
  if (has_prefix(l + at, n - at) && too_many(s, l + at, err)) return WG_LINE_BAD;
  bool bare = at == 0 && s->has_run && !s->prints && s->torn.n == 0 && !has_prefix(l, n);
  if (bare && wg_says_left_out(l, n)) {
    for (size_t i = 0; i < s->nthreads; i++) s->threads[i].next++; // nobody knows how many
    wg_fail(err, WG_INPUT, "\"%.*s\": lines are left out", (int)n, l);
    return WG_LINE_GAP;
  }
  enum wg_line_result is = one_of(s, l, n, at, &s->rest, e);
  s->has_run |= is == WG_LINE_EVENT && e->kind != WG_EV_OTHER;
  *more = s->again;
  return is;
}

const struct wg_importer wg_import_xenia_log = {"xenia-canary log", probe, state_open, line, end,
                                                state_close,        NULL,  false};
