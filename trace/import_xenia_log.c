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
// continues the one before it (`continues`): the configuration, a message or print of several lines. Where two threads
// wrote at once, a line holds the first half of another: the half waits for its rest on the next line.
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/vec.h"
#include "trace/importers.h"
#include "trace/xenia_call.h"

#define PREFIX 12         // "d> F8000008 "
#define SLACK 64          // that may be read behind a line
#define INNER (64u << 10) // in longer lines no further ones are looked for
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
  struct wg_buf half; // the first half of a line whose rest is to come
  uint64_t last_id;   // whose line came last, and its level
  size_t rest;        // where the part of the current line that is still to be read begins
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
  wg_buf_release(&s->half);
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
static struct thread *thread_of(struct state *s, uint64_t id, bool caller) {
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

static int kernel_call(struct state *s, char *text, size_t n, size_t name, uint64_t id, struct wg_event *e) {
  struct thread *t = thread_of(s, id, true);
  wg_xenia_args(&s->args, text + name + 1, text + n - 1);
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

// "NtAllocateVirtualMemory = 40000000" and the like, of the call that the thread made last.
static int kernel_return(struct state *s, char *text, size_t n, uint64_t id, struct wg_event *e) {
  struct wg_xenia_result r;
  if (!wg_xenia_result(&s->args, text, n, &r)) return 0;
  struct thread *t = thread_of(s, id, false);
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
  struct thread *creator = thread_of(s, id, false);
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
  begin(e, kind, thread_of(s, id, false));
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
  begin(e, WG_EV_THREAD_START, thread_of(s, id, false));
  return 1;
}

static bool starts(const char *s, const char *with) { return strncmp(s, with, strlen(with)) == 0; }

static int log_text(struct state *s, const char *text, size_t n, uint64_t id, struct wg_event *e) {
  begin(e, WG_EV_OTHER, thread_of(s, id, false));
  e->kind_name = "log";
  wg_ev_strn(e, WG_K_OP, s->level, 1);
  wg_ev_strn(e, WG_K_TEXT, text, n);
  return 1;
}

static int log_line(struct state *s, char *l, size_t n, uint64_t id, struct wg_event *e) {
  l[n] = 0;
  return log_text(s, l + PREFIX, n - PREFIX, id, e);
}

// A line without the prefix: more of the one before, or of one before the beginning.
static enum wg_line_result further_line(struct state *s, char *l, size_t n, struct wg_event *e) {
  l[n] = 0;
  if (strspn(l, " \t") == n) return WG_LINE_NONE;
  if (s->level[0] == 0) s->level[0] = '?';
  log_text(s, l, n, s->last_id, e);
  wg_ev_bool(e, WG_K_OTHER, true);
  e->fields[e->nfields - 1].name = "continues";
  return WG_LINE_EVENT;
}

// A line with its prefix.
static int whole_line(struct state *s, char *l, size_t n, struct wg_event *e) {
  uint64_t id = wg_xenia_hex(l + 3, 8);
  char *text = l + PREFIX;
  s->last_id = id;
  s->level[0] = l[0];
  size_t len = n - PREFIX, name = 0;
  bool may_call = l[0] == 'd' || l[0] == 'i' || l[0] == '!' || l[0] == 'w' || l[0] == 'x';
  if (may_call && (name = wg_xenia_call_name(text, len)) != 0) return kernel_call(s, text, len, name, id, e);
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

// Where another thread's line begins within this one; 0 if nowhere. A call that is whole may hold such text itself.
static size_t inner_line(const char *l, size_t n) {
  if (n > INNER) return 0;
  for (const char *p = l + PREFIX; (p = memchr(p, '>', n - (size_t)(p - l))) != NULL; p++) {
    size_t at = (size_t)(p - l) - 1;
    if (at < PREFIX || memchr("!wiKCFdGAx", *(p - 1), 10) == NULL || !has_prefix(p - 1, n - at)) continue;
    return wg_xenia_whole_call(l + PREFIX, n - PREFIX) ? 0 : at;
  }
  return 0;
}

// The half that waited: with its rest it may be a call, without it is text.
static int release_half(struct state *s, struct wg_event *e) {
  size_t n = s->half.len;
  s->half.len = 0; // its bytes stay until the next half
  return whole_line(s, s->half.data, n, e);
}

static bool end(void *p, struct wg_event *e) {
  struct state *s = p;
  return s->half.len && release_half(s, e);
}

static void keep_half(struct state *s, const char *l, size_t n) {
  wg_buf_clear(&s->half);
  wg_buf_reserve(&s->half, n + SLACK);
  wg_buf_add(&s->half, l, n);
}

// An id that is one thread more than a trace may have.
static bool too_many(const struct state *s, const char *l, struct wg_err *err) {
  uint64_t at;
  if (s->nthreads <= WG_MOST_THREADS || wg_map_get(&s->by_id, wg_xenia_hex(l + 3, 8), &at)) return false;
  wg_fail(err, WG_INPUT, "thread %.8s is one too many; a log has at most %u threads", l + 3, WG_MOST_THREADS);
  return true;
}

static enum wg_line_result line(void *p, char *l, size_t n, struct wg_event *e, bool *more, struct wg_err *err) {
  struct state *s = p;
  if (n && l[n - 1] == '\r') n--;
  char *at = l + s->rest;
  char *const stop = l + n;
  s->rest = 0;
  bool prefixed = has_prefix(at, (size_t)(stop - at));
  if (!prefixed && s->half.len == 0) return further_line(s, l, n, e);
  if (!prefixed) {
    wg_buf_reserve(&s->half, n + SLACK);
    wg_buf_add(&s->half, l, n);
    release_half(s, e);
    return WG_LINE_EVENT;
  }
  if (too_many(s, at, err)) return WG_LINE_BAD;
  for (size_t inner;; at += inner) {
    if (s->half.len && at == l) break; // its rest did not come
    inner = inner_line(at, (size_t)(stop - at));
    if (inner == 0) {
      whole_line(s, at, (size_t)(stop - at), e);
      return WG_LINE_EVENT;
    }
    if (s->half.len) break;
    keep_half(s, at, inner);
  }
  s->rest = (size_t)(at - l);
  *more = true;
  release_half(s, e);
  return WG_LINE_EVENT;
}

const struct wg_importer wg_import_xenia_log = {"xenia-canary log", probe, state_open, line, end, state_close, NULL};
