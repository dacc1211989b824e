// Short traces of our own engine, event by event: exact order, virtual time, counted instructions.
#ifndef WG_TESTS_TALE_H
#define WG_TESTS_TALE_H

#include <inttypes.h>

#include "tests/telling.h"

// What a trace is besides its story.
struct tale_style {
  bool host_clock; // its order proves nothing
  bool foreign;    // another engine's
  bool no_args, no_signals, no_cycles, no_waits, no_ids;
  uint64_t stop; // after so many events; 0: after the last
  bool torn;     // without a footer
  bool limit;    // stopped by its time limit
};

struct tale {
  FILE *file;
  struct tale_style style;
  uint64_t now, events, cycle[10];
  uint32_t idx[10];
  const char *open[10];            // the call that a thread is in
  uint32_t signal_tid, signal_idx; // of the latest signal
  int64_t limit;                   // 100 ns: of the next call, as its pointer is resolved; 0 is 0
  bool has_limit, mark;
  const char *guilty; // the call that is to blame, and where
  uint32_t guilty_tid, guilty_idx;
};

#define TALE_MS 1000000u

static inline uint64_t tale_id(uint32_t handle) { return 0xAB00000000000000u | handle; }

// The members that every event has. False: this trace does not have the event.
static inline bool tale_start(struct tale *t, const char *kind, uint32_t tid) {
  t->events++;
  t->now += 1000;
  t->cycle[tid] += 10;
  uint32_t idx = t->idx[tid]++;
  if (t->style.stop && t->events > t->style.stop) return false;
  if (t->style.no_signals && strcmp(kind, "signal") == 0) return false;
  if (t->style.no_waits && strncmp(kind, "wait.", 5) == 0) return false;
  fprintf(t->file, "{\"kind\":\"%s\",\"tid\":%u,\"idx\":%u,\"host_ns\":%" PRIu64, kind, tid, idx, t->now);
  if (!t->style.no_cycles) fprintf(t->file, ",\"cycle\":%" PRIu64, t->cycle[tid]);
  return true;
}

static inline void made(struct tale *t, uint32_t tid, uint32_t handle, const char *type) {
  if (tale_start(t, "handle.create", tid))
    fprintf(t->file, ",\"raw\":\"0x%x\",\"hsid\":\"%016" PRIx64 "\",\"object_type\":\"%s\"}\n", handle, tale_id(handle),
            type);
}

static inline void tale_thread(struct tale *t, uint32_t by, uint32_t child) {
  made(t, by, 0xF8000000u + child * 16, "Thread");
  if (tale_start(t, "thread.create", by))
    fprintf(t->file,
            ",\"child\":%u,\"entry\":\"0x%x\",\"ctx\":\"0x0\",\"stack_size\":65536,\"flags\":\"0x0\","
            "\"raw\":\"0x%x\",\"hsid\":\"%016" PRIx64 "\"}\n",
            child, 0x82000000u + child * 0x1000, 0xF8000000u + child * 16, tale_id(0xF8000000u + child * 16));
}

// Threads 1 to 4 run; their handles are 0xf8000010 to 0xf8000040.
static inline void tale_begin(struct tale *t, const char *name, const struct tale_style *style) {
  *t = (struct tale){.style = *style, .file = fopen(at(name), "w")};
  CU_ASSERT_PTR_NOT_NULL_FATAL(t->file);
  fprintf(
      t->file,
      "{\"kind\":\"trace.header\",\"tid\":0,\"idx\":0,\"host_ns\":0,\"schema\":1,\"engine\":\"%s\",\"version\":\"1\","
      "\"clock\":\"%s\",\"title\":\"t.xex\"}\n",
      style->foreign ? "other" : "wedge", style->host_clock ? "host" : "virtual");
  t->idx[0] = 1;
  for (uint32_t i = 1; i <= 4; i++) tale_thread(t, 0, i);
}

static inline void tale_end(struct tale *t) {
  if (!t->style.torn)
    fprintf(t->file,
            "{\"kind\":\"trace.footer\",\"tid\":0,\"idx\":%u,\"host_ns\":%" PRIu64 ",\"events\":%" PRIu64
            ",\"reason\":\"%s\"}\n",
            t->idx[0], t->now, t->events + 1, t->style.limit ? "limit" : "exit");
  CU_ASSERT_EQUAL(fclose(t->file), 0);
}

// The next call is the one to blame.
static inline void guilty(struct tale *t) { t->mark = true; }

static inline void tale_call(struct tale *t, uint32_t tid, const char *name, const uint64_t *args, size_t n) {
  if (t->mark) t->guilty = name, t->guilty_tid = tid, t->guilty_idx = t->idx[tid];
  t->mark = false;
  t->open[tid] = name;
  bool has_limit = t->has_limit;
  t->has_limit = false;
  if (!tale_start(t, "kernel.call", tid)) return;
  fprintf(t->file, ",\"name\":\"%s\",\"module\":\"xboxkrnl.exe\",\"ordinal\":1,\"lr\":\"0x82000100\"", name);
  if (!t->style.no_args) {
    fputs(",\"args\":[", t->file);
    for (size_t i = 0; i < n; i++) fprintf(t->file, "%s\"0x%" PRIx64 "\"", i ? "," : "", args[i]);
    fputs("],\"args_resolved\":{", t->file);
    if (has_limit) fprintf(t->file, "\"timeout_100ns\":%" PRId64, t->limit);
    fputc('}', t->file);
  }
  fputs("}\n", t->file);
}

#define CALL(t, tid, name, ...)                                                                                        \
  tale_call(t, tid, name, (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

// The call that the thread is in returns; `out`: members.
static inline void ret_wide(struct tale *t, uint32_t tid, uint64_t rv, const char *out) {
  if (tale_start(t, "kernel.return", tid))
    fprintf(t->file, ",\"name\":\"%s\",\"rv\":\"0x%" PRIx64 "\",\"out\":{%s}}\n", t->open[tid], rv, out);
}
static inline void ret_out(struct tale *t, uint32_t tid, uint32_t rv, const char *out) { ret_wide(t, tid, rv, out); }
static inline void ret(struct tale *t, uint32_t tid, uint32_t rv) { ret_out(t, tid, rv, ""); }

static inline void destroyed(struct tale *t, uint32_t tid, uint32_t handle, const char *type) {
  if (tale_start(t, "handle.destroy", tid))
    fprintf(t->file, ",\"raw\":\"0x%x\",\"hsid\":\"%016" PRIx64 "\",\"object_type\":\"%s\"}\n", handle, tale_id(handle),
            type);
}

static inline void sig(struct tale *t, uint32_t tid, uint32_t handle, const char *op, int count, int previous) {
  t->signal_tid = tid;
  t->signal_idx = t->idx[tid];
  if (!tale_start(t, "signal", tid)) return;
  if (!t->style.no_ids) fprintf(t->file, ",\"hsid\":\"%016" PRIx64 "\"", tale_id(handle));
  fprintf(t->file, ",\"op\":\"%s\",\"count\":%d,\"previous\":%d", op, count, previous);
  if (handle < 0xF0000000u) fprintf(t->file, ",\"guest_object\":\"0x%x\"", handle);
  fputs("}\n", t->file);
}

static inline void begin(struct tale *t, uint32_t tid, const uint32_t *handles, size_t n, const char *type,
                         bool alertable, int64_t limit_ns) {
  if (!tale_start(t, "wait.begin", tid)) return;
  fputs(",\"handles\":[", t->file);
  for (size_t i = 0; i < n; i++) {
    if (handles[i] < 0xF0000000u)
      fprintf(t->file, "%s{\"hsid\":\"%016" PRIx64 "\",\"guest_object\":\"0x%x\"}", i ? "," : "", tale_id(handles[i]),
              handles[i]);
    else
      fprintf(t->file, "%s\"%016" PRIx64 "\"", i ? "," : "", tale_id(handles[i]));
  }
  fprintf(t->file, "],\"wait_type\":\"%s\",\"alertable\":%s,\"timeout_ns\":%" PRId64 "}\n", type,
          alertable ? "true" : "false", limit_ns);
}

// how: "already", "timeout", "apc", or NULL: the latest signal.
static inline void end(struct tale *t, uint32_t tid, uint32_t status, const char *how) {
  if (!tale_start(t, "wait.end", tid)) return;
  fprintf(t->file, ",\"status\":\"0x%x\",\"satisfied_by\":", status);
  if (how)
    fprintf(t->file, "\"%s\"}\n", how);
  else
    fprintf(t->file, "{\"tid\":%u,\"idx\":%u}}\n", t->signal_tid, t->signal_idx);
}

// -- calls as the title makes them --

static inline void limit(struct tale *t, int64_t units) {
  t->limit = units;
  t->has_limit = true;
}

// A wait for one handle begins; ms below 0: without end.
static inline void waits_as(struct tale *t, uint32_t tid, uint32_t handle, int ms, bool alertable) {
  limit(t, ms < 0 ? -1 : -10000 * (int64_t)ms);
  if (handle < 0xF0000000u)
    CALL(t, tid, "KeWaitForSingleObject", handle, 0, 1, alertable, ms < 0 ? 0 : 0x70000100);
  else
    CALL(t, tid, "NtWaitForSingleObjectEx", handle, 1, alertable, ms < 0 ? 0 : 0x70000100);
  begin(t, tid, &handle, 1, "any", alertable, ms < 0 ? -1 : ms * (int64_t)TALE_MS);
}
static inline void waits(struct tale *t, uint32_t tid, uint32_t handle) { waits_as(t, tid, handle, -1, false); }

static inline void wakes(struct tale *t, uint32_t tid, uint32_t status, const char *how) {
  end(t, tid, status, how);
  ret(t, tid, status);
}

// A wait without a time limit that does not block; one that looks and finds nothing.
static inline void passes(struct tale *t, uint32_t tid, uint32_t handle) {
  waits(t, tid, handle);
  wakes(t, tid, 0, "already");
}
static inline void misses(struct tale *t, uint32_t tid, uint32_t handle) {
  waits_as(t, tid, handle, 0, false);
  wakes(t, tid, 0x102, "timeout");
}

#define E1 0xF8000104u
#define E2 0xF8000108u
#define E3 0xF800010Cu
enum { MANUAL, AUTO };

static inline void make_as(struct tale *t, const char *call, const char *type, uint32_t handle, uint32_t a2,
                           uint32_t a3) {
  char out[64];
  snprintf(out, sizeof out, "\"handle\":\"0x%x\"", handle);
  CALL(t, 1, call, 0x70000000, 0, a2, a3);
  made(t, 1, handle, type);
  ret_out(t, 1, 0, out);
}
static inline void event(struct tale *t, uint32_t handle, int type, uint32_t state) {
  make_as(t, "NtCreateEvent", "Event", handle, (uint32_t)type, state);
}
static inline void semaphore(struct tale *t, uint32_t handle, uint32_t count) {
  make_as(t, "NtCreateSemaphore", "Semaphore", handle, count, 10);
}
static inline void mutant(struct tale *t, uint32_t handle, uint32_t owned) {
  make_as(t, "NtCreateMutant", "Mutant", handle, owned, 0);
}
static inline void timer(struct tale *t, uint32_t handle, int type) {
  make_as(t, "NtCreateTimer", "Timer", handle, (uint32_t)type, 0);
}

// The call and its signal, not its return.
static inline void sets(struct tale *t, uint32_t tid, uint32_t handle, int previous) {
  CALL(t, tid, "NtSetEvent", handle, 0);
  sig(t, tid, handle, "set", 1, previous);
}
static inline void set(struct tale *t, uint32_t tid, uint32_t handle, int previous) {
  sets(t, tid, handle, previous);
  ret(t, tid, 0);
}
static inline void clear(struct tale *t, uint32_t tid, uint32_t handle, int previous) {
  CALL(t, tid, "NtClearEvent", handle);
  sig(t, tid, handle, "clear", 0, previous);
  ret(t, tid, 0);
}
static inline void releases(struct tale *t, uint32_t tid, uint32_t handle, uint32_t by, int previous) {
  CALL(t, tid, "NtReleaseSemaphore", handle, by, 0);
  sig(t, tid, handle, "release", (int)by, previous);
}
static inline void unlocks(struct tale *t, uint32_t tid, uint32_t handle, int previous) {
  CALL(t, tid, "NtReleaseMutant", handle, 0);
  sig(t, tid, handle, "release", 1, previous);
}
static inline void set_timer(struct tale *t, uint32_t tid, uint32_t handle, int ms, uint32_t period_ms) {
  limit(t, -10000 * (int64_t)ms);
  CALL(t, tid, "NtSetTimerEx", handle, 0x70000100, 0, 1, 0, 0, period_ms, 0);
  ret(t, tid, 0);
}

// Other things happen.
static inline void pad(struct tale *t, uint32_t tid, unsigned n) {
  for (unsigned i = 0; i < n; i++) {
    tale_call(t, tid, "KeGetCurrentProcessType", NULL, 0);
    ret(t, tid, 1);
  }
}

typedef void tale_story(struct tale *t, int variant);

static inline struct tale tale_write(const char *name, tale_story *story, int variant, struct tale_style style) {
  struct tale t;
  tale_begin(&t, name, &style);
  story(&t, variant);
  tale_end(&t);
  return t;
}

#endif
