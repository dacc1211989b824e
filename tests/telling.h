// Traces made by hand, through emit/ as another engine would, and their comparison.
#ifndef WG_TESTS_TELLING_H
#define WG_TESTS_TELLING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "diff/diff.h"
#include "tests/scratch.h"

#define WEDGE_EMIT_IMPLEMENTATION
#include "tests/wedge_emit.h"

// Times go on by a microsecond an event, so that a wait has lasted when its trace ends.
static inline uint64_t tell_now(const wedge_emit *w) { return w->events * 1000; }

static inline void tell_args(wedge_emit *w, uint32_t tid, const char *name, const uint32_t *args, size_t n) {
  wedge_emit_call(w, tid, tell_now(w), name, "xboxkrnl.exe", 1, 0x82000000, args, n);
}

static inline void tell_return(wedge_emit *w, uint32_t tid, const char *name, uint32_t rv) {
  wedge_emit_return(w, tid, tell_now(w), name, rv);
}

// A call that returns.
static inline void tell_called(wedge_emit *w, uint32_t tid, const char *name, const uint32_t *args, size_t n,
                               uint32_t rv) {
  tell_args(w, tid, name, args, n);
  tell_return(w, tid, name, rv);
}

static inline void tell(wedge_emit *w, uint32_t tid, const char *name, uint32_t a0, uint32_t a1, uint32_t rv) {
  uint32_t args[2] = {a0, a1};
  tell_called(w, tid, name, args, 2, rv);
}

static inline void tell_plain(wedge_emit *w, uint32_t tid, const char *name, uint32_t rv) {
  tell_called(w, tid, name, NULL, 0, rv);
}

// What emit/ has no function for: further members of an event, from the first comma on.
static inline void tell_event(wedge_emit *w, const char *kind, uint32_t tid, const char *members) {
  wedge_emit_begin(w, kind, tid, tell_now(w));
  fprintf(w->file, "%s}\n", members);
}

static inline void tell_path(wedge_emit *w, uint32_t tid, const char *name, const char *path, uint32_t rv) {
  struct wg_buf m = {0};
  wg_buf_printf(
      &m, ",\"name\":\"%s\",\"lr\":\"0x82000100\",\"args\":[\"0x70180000\",\"0x70180010\"],\"args_resolved\":{", name);
  wg_json_str(&m, "path", path);
  wg_buf_char(&m, '}');
  tell_event(w, "kernel.call", tid, m.data);
  tell_return(w, tid, name, rv);
  wg_buf_release(&m);
}

// A wait for a handle without end. `lying`: its return is written when it begins.
static inline void tell_wait(wedge_emit *w, uint32_t tid, uint32_t handle, bool lying) {
  static const char name[] = "NtWaitForSingleObjectEx";
  uint32_t args[4] = {handle, 1, 0, 0};
  char members[128];
  snprintf(members, sizeof members,
           ",\"handles\":[\"0x%x\"],\"wait_type\":\"any\",\"alertable\":false,\"timeout_ns\":-1", (unsigned)handle);
  tell_args(w, tid, name, args, 4);
  tell_event(w, "wait.begin", tid, members);
  if (lying) tell_return(w, tid, name, 0);
}

static inline void tell_wait_end(wedge_emit *w, uint32_t tid, bool lying) {
  tell_event(w, "wait.end", tid, ",\"status\":\"0x0\"");
  if (!lying) tell_return(w, tid, "NtWaitForSingleObjectEx", 0);
}

static inline wedge_emit *tell_begin(const char *name, uint32_t main_tid) {
  wedge_emit *w = wedge_emit_open(at(name), "test", "1", "t.xex");
  CU_ASSERT_PTR_NOT_NULL_FATAL(w);
  wedge_emit_thread_create(w, 0, 0, main_tid, 0x82001000, 0, 0xF8000008);
  return w;
}

// Ends as a trace does that was stopped: without a footer.
static inline void tell_stop(wedge_emit *w) {
  CU_ASSERT_EQUAL(fclose(w->file), 0);
  free(w);
}

static inline int compare_with(const char *a, const char *b, const char *more, const struct wg_diff_options *o,
                               struct wg_buf *out) {
  struct wg_err err = {0};
  char third[160];
  const char *further[1] = {third};
  snprintf(third, sizeof third, "%s", more ? at(more) : "");
  wg_buf_clear(out);
  wg_buf_str(out, "");
  int code = wg_diff(at(a), at(b), further, more != NULL, o, out, &err);
  if (code == WG_INPUT) wg_buf_str(out, err.msg);
  return code;
}

static inline int compare(const char *a, const char *b, struct wg_buf *out) {
  struct wg_diff_options o = {.thread = -1};
  return compare_with(a, b, NULL, &o, out);
}

// The first line holds this.
static inline bool first_says(const struct wg_buf *out, const char *what) {
  const char *found = strstr(out->data, what), *newline = strchr(out->data, '\n');
  bool ok = found && (newline == NULL || found < newline);
  if (!ok) printf("\n  expected in the first line: %s\n%s\n", what, out->data);
  return ok;
}

static inline bool says(const struct wg_buf *out, const char *what) {
  bool ok = strstr(out->data, what) != NULL;
  if (!ok) printf("\n  expected: %s\n%s\n", what, out->data);
  return ok;
}

static inline bool is_quiet(const struct wg_buf *out) { return first_says(out, "no difference"); }

#endif
