// Importer: the stock text log of xenia-canary (line shapes in REFERENCE (i)).
//
//   d> F8000008 NtClose(F8000020)           a kernel call, written before it runs; results are not logged
//   i> 0000137E XThreadF8000008 (6) Stack:  a thread, with its number
//   K> F8000008 XThread::Execute thid 6 ..  a thread starts
//   i> ... Added handle:F8000020 for <type> a handle
//
// Any other line becomes an event of kind "log", so that nothing is dropped; a line without the prefix
// continues the one before it and is counted in that event's place only.
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/map.h"
#include "trace/importers.h"

#define MAX_ARGS 16

struct state {
  struct wg_map tids;   // thread id as logged -> tid
  struct wg_map next;   // tid -> next idx
  struct wg_map spawns; // thread id as logged -> entry << 32 | ctx of its last ExCreateThread
  uint64_t args[MAX_ARGS];
  struct wg_buf name, resolved;
  struct wg_buf memory; // ADDRESS(CONTENT) of pointer arguments
  char level[2];
};

static bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'); }

static bool has_prefix(const char *s, size_t n) {
  if (n < 12 || s[1] != '>' || s[2] != ' ' || s[11] != ' ') return false;
  for (int i = 3; i < 11; i++)
    if (!is_hex(s[i])) return false;
  return true;
}

static bool probe(const char *head, size_t n) {
  // The first line of a log has the prefix; a byte order mark or a blank line may come before it.
  for (size_t i = 0; i < n && i < 256; i++) {
    if (has_prefix(head + i, n - i)) return true;
    const char *nl = memchr(head + i, '\n', n - i);
    if (nl == NULL) break;
    i = (size_t)(nl - head);
  }
  return false;
}

static void *state_open(void) { return wg_xcalloc(1, sizeof(struct state)); }
static void state_close(void *p) {
  struct state *s = p;
  wg_map_release(&s->tids);
  wg_map_release(&s->next);
  wg_map_release(&s->spawns);
  wg_buf_release(&s->name);
  wg_buf_release(&s->resolved);
  wg_buf_release(&s->memory);
  free(s);
}

static uint64_t hex_at(const char *s, size_t n) {
  uint64_t v = 0;
  for (size_t i = 0; i < n && is_hex(s[i]); i++)
    v = v << 4 | (uint64_t)(s[i] <= '9' ? s[i] - '0' : (s[i] | 32) - 'a' + 10);
  return v;
}

static void begin(struct state *s, struct wg_event *e, enum wg_kind kind, uint32_t tid) {
  uint64_t idx = 0;
  wg_ev_init(e, kind);
  e->has_cycle = false;
  e->tid = tid;
  wg_map_get(&s->next, tid, &idx);
  e->idx = idx;
  wg_map_put(&s->next, tid, idx + 1);
}

static uint32_t tid_of(const struct state *s, uint64_t logged) {
  uint64_t tid = 0;
  wg_map_get(&s->tids, logged, &tid);
  return (uint32_t)tid;
}

// An argument's value: words are printed with 4, 8 or 16 hexadecimal digits, ints in decimal.
static uint64_t arg_value(const char *p, size_t n) {
  size_t digits = 0;
  while (digits < n && is_hex(p[digits])) digits++;
  if (digits == 4 || digits == 8 || digits == 16) return hex_at(p, digits);
  bool minus = n && p[0] == '-';
  uint64_t v = 0;
  for (size_t i = minus; i < n && p[i] >= '0' && p[i] <= '9'; i++) v = v * 10 + (uint64_t)(p[i] - '0');
  return minus ? (uint32_t)(0 - v) : v;
}

// What stands in parentheses after an address: a string, or root,name,attributes.
static void resolve_arg(struct state *s, const char *p, size_t n) {
  const char *open = memchr(p, '(', n);
  if (open == NULL || p[n - 1] != ')') return;
  const char *text = open + 1;
  size_t len = (size_t)(p + n - 1 - text);
  if (len >= 18 && text[8] == ',' && text[len - 9] == ',') {
    wg_json_key(&s->resolved, "path");
    wg_buf_json(&s->resolved, text + 9, len - 18);
    return;
  }
  bool number = len == 8 || len == 16;
  for (size_t i = 0; i < len && number; i++) number = is_hex(text[i]);
  if (number) {
    wg_buf_add(&s->memory, s->memory.len ? " " : "", s->memory.len ? 1 : 0);
    wg_buf_add(&s->memory, p, n);
    return;
  }
  wg_json_key(&s->resolved, "string");
  wg_buf_json(&s->resolved, text, len);
}

static size_t parse_args(struct state *s, const char *p, const char *end) {
  size_t n = 0;
  while (p < end && n < MAX_ARGS) {
    int depth = 0;
    const char *q = p;
    for (; q < end; q++) {
      if (*q == '(')
        depth++;
      else if (*q == ')')
        depth--;
      else if (depth <= 0 && *q == ',' && q + 1 < end && q[1] == ' ')
        break;
    }
    size_t len = (size_t)(q - p);
    if (!(len == 10 && memcmp(p, "ContextArg", 10) == 0)) {
      s->args[n++] = arg_value(p, len);
      resolve_arg(s, p, len);
    }
    p = q + 2;
  }
  return n;
}

// True if the text is NAME(...): a C identifier, then parentheses to the end.
static size_t call_name(const char *p, size_t n) {
  size_t i = 0;
  while (i < n && (is_hex(p[i]) || (p[i] >= 'g' && p[i] <= 'z') || (p[i] >= 'G' && p[i] <= 'Z') || p[i] == '_')) i++;
  if (i < 2 || i >= n || p[i] != '(' || p[n - 1] != ')' || (p[0] >= '0' && p[0] <= '9')) return 0;
  return i;
}

static int kernel_call(struct state *s, const char *text, size_t n, size_t name, uint64_t logged, struct wg_event *e) {
  wg_buf_clear(&s->name);
  wg_buf_add(&s->name, text, name);
  wg_buf_clear(&s->resolved);
  wg_buf_clear(&s->memory);
  wg_buf_char(&s->resolved, '{');
  size_t nargs = parse_args(s, text + name + 1, text + n - 1);
  if (s->memory.len) wg_json_str(&s->resolved, "memory", s->memory.data);
  wg_buf_char(&s->resolved, '}');
  if (strcmp(s->name.data, "ExCreateThread") == 0 && nargs >= 6)
    wg_map_put(&s->spawns, logged, s->args[4] << 32 | (uint32_t)s->args[5]);
  begin(s, e, WG_EV_KERNEL_CALL, tid_of(s, logged));
  wg_ev_str(e, WG_K_NAME, s->name.data);
  wg_ev_hexes(e, WG_K_ARGS, s->args, nargs);
  wg_ev_raw(e, WG_K_ARGS_RESOLVED, s->resolved.data, s->resolved.len);
  return 1;
}

// "XThreadF8000008 (6) Stack: 70150000-70190000", logged by the creator.
static int thread_line(struct state *s, const char *text, size_t n, uint64_t logged, struct wg_event *e) {
  const char *open = memchr(text, '(', n);
  uint64_t tid = 0, spawn = 0;
  if (open == NULL) return 0;
  for (const char *p = open + 1; *p >= '0' && *p <= '9'; p++) tid = tid * 10 + (uint64_t)(*p - '0');
  uint64_t handle = hex_at(text + 7, 8);
  wg_map_put(&s->tids, handle, tid);
  wg_map_get(&s->spawns, logged, &spawn);
  wg_map_del(&s->spawns, logged);
  const char *stack = strstr(text, "Stack: ");
  begin(s, e, WG_EV_THREAD_CREATE, tid_of(s, logged));
  wg_ev_dec(e, WG_K_CHILD, tid);
  wg_ev_hex(e, WG_K_ENTRY, spawn >> 32);
  wg_ev_hex(e, WG_K_CTX, (uint32_t)spawn);
  if (stack && strlen(stack) >= 24) wg_ev_dec(e, WG_K_STACK_SIZE, hex_at(stack + 16, 8) - hex_at(stack + 7, 8));
  wg_ev_hex(e, WG_K_RAW, handle);
  return 1;
}

// "N2xe6kernel5XFileE" -> "File"; the base class says nothing.
static void object_type(struct state *s, const char *p) {
  wg_buf_clear(&s->name);
  wg_buf_reserve(&s->name, 1);
  s->name.data[0] = 0;
  const char *x = strstr(p, "kernel");
  if (x == NULL) return;
  for (x += 6; *x >= '0' && *x <= '9';) x++;
  size_t n = strlen(x);
  if (n < 3 || x[0] != 'X' || strncmp(x, "XObject", 7) == 0) return;
  wg_buf_add(&s->name, x + 1, n - 2);
}

static int handle_line(struct state *s, enum wg_kind kind, const char *text, uint64_t logged, struct wg_event *e) {
  const char *colon = strchr(text, ':');
  if (colon == NULL) return 0;
  begin(s, e, kind, tid_of(s, logged));
  wg_ev_hex(e, WG_K_RAW, hex_at(colon + 1, 8));
  object_type(s, colon);
  if (s->name.len) wg_ev_str(e, WG_K_OBJECT_TYPE, s->name.data);
  return 1;
}

static int start_line(struct state *s, const char *text, struct wg_event *e) {
  uint64_t tid = 0;
  const char *p = strstr(text, "thid ");
  if (p == NULL) return 0;
  for (p += 5; *p >= '0' && *p <= '9'; p++) tid = tid * 10 + (uint64_t)(*p - '0');
  begin(s, e, WG_EV_THREAD_START, (uint32_t)tid);
  return 1;
}

static bool starts(const char *s, const char *with) { return strncmp(s, with, strlen(with)) == 0; }

static int line(void *p, char *l, size_t n, struct wg_event *e, bool *more, struct wg_err *err) {
  struct state *s = p;
  (void)more;
  (void)err;
  if (n && l[n - 1] == '\r') n--;
  if (!has_prefix(l, n)) return 0;
  uint64_t logged = hex_at(l + 3, 8);
  const char *text = l + 12;
  size_t len = n - 12;
  if (len == 0) return 0;
  size_t name = strchr("di!wx", l[0]) ? call_name(text, len) : 0;
  int done = 0;
  if (name)
    done = kernel_call(s, text, len, name, logged, e);
  else if (starts(text, "XThread::Execute"))
    done = start_line(s, text, e);
  else if (starts(text, "XThread") && strstr(text, "Stack:"))
    done = thread_line(s, text, len, logged, e);
  else if (starts(text, "Added handle:"))
    done = handle_line(s, WG_EV_HANDLE_CREATE, text, logged, e);
  else if (starts(text, "Removed handle:"))
    done = handle_line(s, WG_EV_HANDLE_DESTROY, text, logged, e);
  if (done) return 1;
  begin(s, e, WG_EV_OTHER, tid_of(s, logged));
  e->kind_name = "log";
  s->level[0] = l[0];
  wg_ev_strn(e, WG_K_OP, s->level, 1);
  wg_ev_strn(e, WG_K_TEXT, text, len);
  return 1;
}

const struct wg_importer wg_import_xenia_log = {"xenia-canary log", probe, state_open, line, NULL, state_close};
