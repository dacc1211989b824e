// Replays in order held against replays of intervals on several threads: whatever is wrong with a run, both say the
// same.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/file.h"
#include "checkpoint/checkpoint.h"
#include "replay/manifest.h"
#include "replay/run.h"
#include "tests/random.h"
#include "tests/scratch.h"
#include "tests/share.h"
#include "trace/branches.h"
#include "trace/frames.h"

#define SPACING 700000u
#ifdef __SANITIZE_ADDRESS__
enum { LINES = 6, PACKETS = 3 }; // how many are altered, one by one: a few are enough for the sanitizers
#else
enum { LINES = 12, PACKETS = 8 };
#endif

static struct wg_buf trace, branches, checkpoints; // as they were recorded
static size_t lines, nmarks;

static const char *in_run(const char *name) {
  static char path[4][300];
  static int turn;
  char *p = path[turn++ % 4];
  snprintf(p, sizeof path[0], "%s/%s", at("run"), name);
  return p;
}

static void put(const char *name, const struct wg_buf *b) {
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_file_write(in_run(name), b->data, b->len, &err), WG_OK);
}

static void put_all(void) {
  put("trace.jsonl.zst", &trace);
  put("branches.zst", &branches);
  put(WG_CHECKPOINTS, &checkpoints);
}

static void load(void) {
  struct wg_err err = {0};
  struct wg_run_result r;
  const struct wg_config cfg = {.title = WG_GUESTS "/threads.xex", .max_ns = 20000000000ull, .date = WG_DEFAULT_DATE};
  const struct wg_record_options o = {.dir = at("run"), .branches = true, .checkpoints = true, .spacing = SPACING};
  CU_ASSERT_EQUAL_FATAL(wg_run_record(&cfg, &o, &r, &err), WG_OK);
  wg_run_result_release(&r);
  CU_ASSERT_EQUAL_FATAL(wg_frames_read(in_run("trace.jsonl.zst"), 1 << 30, &trace, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_file_read(in_run("branches.zst"), 1u << 30, &branches, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_file_read(in_run(WG_CHECKPOINTS), 1u << 30, &checkpoints, &err), WG_OK);
  for (size_t i = 0; i < trace.len; i++) lines += trace.data[i] == '\n';
}

static bool same(const struct wg_buf *a, const struct wg_buf *b) {
  return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

// What a replay says in order, and that it says the same on `jobs` threads.
static int verdict(unsigned jobs, struct wg_replay_result *r, struct wg_err *err) {
  struct wg_replay_result p;
  struct wg_err perr = {0};
  *err = (struct wg_err){0};
  int code = wg_run_replay(at("run"), NULL, 1, NULL, r, err);
  int pcode = wg_run_replay(at("run"), NULL, jobs, NULL, &p, &perr);
  CU_ASSERT_EQUAL(code, pcode);
  if (code != WG_OK || pcode != WG_OK) {
    CU_ASSERT_STRING_EQUAL(err->msg, perr.msg);
    if (pcode == WG_OK) wg_replay_result_release(&p);
    return code;
  }
  CU_ASSERT(r->events == p.events && r->branches == p.branches && r->mismatch == p.mismatch && r->line == p.line);
  CU_ASSERT(same(&r->recorded, &p.recorded) && same(&r->produced, &p.produced) && same(&r->state, &p.state));
  CU_ASSERT(same(&r->altered, &p.altered));
  if (!same(&r->altered, &p.altered)) printf("in order: %s\nin intervals: %s\n", r->altered.data, p.altered.data);
  CU_ASSERT(r->run.end == p.run.end && r->run.state_hash == p.run.state_hash && same(&r->run.report, &p.run.report));
  CU_ASSERT(r->run.instructions == p.run.instructions && r->run.virtual_ns == p.run.virtual_ns);
  wg_replay_result_release(&p);
  return WG_OK;
}

static void a_whole_run_is_the_same(void) {
  struct wg_replay_result r;
  struct wg_err err;
  load();
  for (unsigned jobs = 2; jobs < 6; jobs++) {
    if (!in_share("jobs", jobs, 2)) continue;
    CU_ASSERT_EQUAL_FATAL(verdict(jobs, &r, &err), WG_OK);
    CU_ASSERT(!r.mismatch && r.altered.len == 0 && r.events + 1 == lines);
    wg_replay_result_release(&r);
  }
}

// The trace with one digit of line n another, or without the line.
static void alter_line(size_t n, bool drop) {
  struct wg_buf b = {0};
  char *p = trace.data;
  for (size_t i = 0; i + 1 < n; i++) p = strchr(p, '\n') + 1;
  char *end = strchr(p, '\n') + 1;
  wg_buf_add(&b, trace.data, (size_t)(p - trace.data));
  if (!drop) {
    size_t at_digit = b.len;
    wg_buf_add(&b, p, (size_t)(end - p));
    at_digit += strcspn(b.data + at_digit, "0123456789");
    b.data[at_digit] = b.data[at_digit] == '9' ? '0' : (char)(b.data[at_digit] + 1);
  }
  wg_buf_add(&b, end, trace.len - (size_t)(end - trace.data));
  put("trace.jsonl.zst", &b);
  wg_buf_release(&b);
}

static void altered_events(void) {
  uint64_t seed = 11;
  struct wg_replay_result r;
  struct wg_err err;
  const size_t first[] = {1, 2, lines - 1};
  for (size_t i = 0; i < LINES; i++) {
    size_t n = i < 3 ? first[i] : 3 + random_below(&seed, (uint32_t)lines - 4);
    if (!in_share("lines", i, 3)) continue;
    alter_line(n, i % 4 == 3);
    CU_ASSERT_EQUAL_FATAL(verdict(2 + (unsigned)i % 3, &r, &err), WG_OK);
    CU_ASSERT(r.mismatch && r.line == n && r.events + 1 == n);
    wg_replay_result_release(&r);
  }
  // It ends before the run does, in a line or behind one; and a footer is no event.
  for (size_t i = 0; i < 3; i++) {
    struct wg_buf b = {0};
    wg_buf_add(&b, trace.data,
               i ? trace.len / 3 * i : (size_t)(strchr(trace.data + trace.len / 2, '\n') + 1 - trace.data));
    put("trace.jsonl.zst", &b);
    CU_ASSERT_EQUAL(verdict(3, &r, &err), WG_INPUT);
    wg_buf_release(&b);
  }
  alter_line(lines, false);
  CU_ASSERT_EQUAL_FATAL(verdict(3, &r, &err), WG_OK);
  CU_ASSERT(!r.mismatch && r.events + 1 == lines);
  wg_replay_result_release(&r);
  put_all();
}

// Packets of the record, that of number n another one; or only the first n.
static void alter_packet(size_t n, bool cut) {
  struct wg_branches_reader *r;
  struct wg_branches_writer *w;
  struct wg_branch_packet p;
  struct wg_err err = {0};
  char sha[65];
  put("whole.zst", &branches);
  CU_ASSERT_EQUAL_FATAL(unlink(in_run("branches.zst")), 0);
  CU_ASSERT_EQUAL_FATAL(wg_branches_open(&r, in_run("whole.zst"), &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_branches_create(&w, in_run("branches.zst"), &err), WG_OK);
  for (size_t i = 0; wg_branches_next(r, &p) && !(cut && i == n); i++) {
    if (i == n) p.instructions++;
    wg_branches_write(w, &p);
  }
  CU_ASSERT_EQUAL(wg_branches_finish(w, sha, &err), WG_OK);
  wg_branches_close_file(r);
  unlink(in_run("whole.zst"));
}

static void altered_branches(void) {
  struct wg_replay_result r;
  struct wg_err err;
  CU_ASSERT_EQUAL_FATAL(verdict(3, &r, &err), WG_OK);
  size_t all = r.branches;
  wg_replay_result_release(&r);
  for (size_t i = 0; i < PACKETS; i++) {
    size_t n = i < 2 ? i * (all - 1) : all * i / (PACKETS + 1);
    if (!in_share("packets", i, 2)) continue;
    alter_packet(n, i % 3 == 2);
    CU_ASSERT_EQUAL_FATAL(verdict(3, &r, &err), WG_OK);
    CU_ASSERT(r.mismatch && r.line == 0 && r.branches == n + 1);
    wg_replay_result_release(&r);
  }
  // Cut off, between frames and within.
  struct wg_buf plain = {0}, small = {0};
  put_all();
  CU_ASSERT_EQUAL_FATAL(wg_frames_read(in_run("branches.zst"), 1 << 30, &plain, &err), WG_OK);
  for (size_t i = 0; i < plain.len; i += 300) {
    size_t n = plain.len - i < 300 ? plain.len - i : 300, room = ZSTD_compressBound(n);
    wg_buf_reserve(&small, room);
    small.len += ZSTD_compress(small.data + small.len, room, plain.data + i, n, 1);
  }
  for (size_t i = 1; i < 9; i++) {
    if (!in_share("cut", i, 4)) continue;
    put("branches.zst", &(struct wg_buf){.data = small.data, .len = small.len * i / 9});
    CU_ASSERT_EQUAL(verdict(3, &r, &err), WG_INPUT);
    CU_ASSERT(strstr(err.msg, "cut off near byte") || strstr(err.msg, "truncated at byte"));
  }
  wg_buf_release(&plain);
  wg_buf_release(&small);
  put_all();
}

// A file of the same checkpoints, but for a field of some: as whole as the other.
static void alter_marks(uint64_t which, uint64_t field) {
  struct wg_manifest man;
  struct wg_err err = {0};
  struct wg_observer nobody = {0};
  struct wg_checkpoints from, to;
  struct wg_buf identity = {0};
  struct wg_machine *m;
  bool there;
  CU_ASSERT_EQUAL_FATAL(wg_manifest_read(at("run"), NULL, &man, &err), WG_OK);
  wg_checkpoints_init(&from);
  wg_checkpoints_init(&to);
  CU_ASSERT_EQUAL_FATAL(wg_manifest_make(&man, &nobody, &m, &err), WG_OK);
  wg_checkpoints_identity(wg_machine_digests(m), &man.cfg, &identity);
  CU_ASSERT_EQUAL_FATAL(wg_checkpoints_open(&from, at("run"), identity.data, &there, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(unlink(in_run(WG_CHECKPOINTS)), 0);
  CU_ASSERT_EQUAL_FATAL(wg_checkpoints_create(&to, at("run"), identity.data, &err), WG_OK);
  nmarks = from.n;
  for (size_t i = 0; i < from.n; i++) {
    wg_machine_free(m);
    CU_ASSERT_EQUAL_FATAL(wg_manifest_make(&man, &nobody, &m, &err), WG_OK);
    CU_ASSERT_EQUAL_FATAL(wg_checkpoint_restore(&from, i, m, &err), WG_OK);
    if (which >> i & 1) wg_machine_touch(m, field);
    to.packets = from.list[i].packets;
    wg_checkpoint_take(&to, m);
  }
  CU_ASSERT_EQUAL(wg_checkpoints_finish(&to, &err), WG_OK);
  wg_machine_free(m);
  wg_checkpoints_release(&from);
  wg_checkpoints_release(&to);
  wg_buf_release(&identity);
  wg_manifest_release(&man);
}

static void altered_checkpoints(void) {
  struct wg_replay_result r;
  struct wg_err err;
  uint64_t seed = 3;
  alter_marks(0, 0);
  CU_ASSERT_FATAL(nmarks > 8 && nmarks < 60);
  CU_ASSERT_EQUAL_FATAL(verdict(3, &r, &err), WG_OK);
  CU_ASSERT(!r.mismatch && r.altered.len == 0);
  wg_replay_result_release(&r);
  const uint64_t which[] = {1, 2, 1ull << (nmarks / 2), 1ull << (nmarks - 1), 6, (1ull << nmarks) - 1};
  for (size_t i = 0; i < sizeof which / sizeof *which; i++) {
    uint64_t field = 3000 + random_below(&seed, 3000);
    if (!in_share("marks", i, 2)) continue;
    put_all();
    alter_marks(which[i], field);
    CU_ASSERT_EQUAL_FATAL(verdict(3, &r, &err), WG_OK);
    CU_ASSERT(!r.mismatch && r.altered.len && strstr(r.altered.data, "is not the run's"));
    size_t told = 0;
    for (const char *p = r.altered.data; (p = strstr(p, WG_CHECKPOINTS)) != NULL; p++) told++;
    CU_ASSERT_EQUAL(told, (size_t)__builtin_popcountll(which[i]));
    wg_replay_result_release(&r);
  }
  // Damage is told, and the run is judged all the same.
  for (size_t i = 0; i < 6; i++) {
    if (!in_share("damage", i, 2)) continue;
    struct wg_buf b = {0};
    wg_buf_add(&b, checkpoints.data, i < 5 ? checkpoints.len : checkpoints.len * 2 / 3);
    if (i < 5) b.data[700 + random_below(&seed, (uint32_t)checkpoints.len - 700)] ^= 4;
    put(WG_CHECKPOINTS, &b);
    CU_ASSERT_EQUAL_FATAL(verdict(3, &r, &err), WG_OK);
    CU_ASSERT(!r.mismatch && r.altered.len);
    wg_replay_result_release(&r);
    wg_buf_release(&b);
  }
  // An event and a checkpoint before it.
  put_all();
  alter_marks(2, 3000);
  alter_line(lines - 5, false);
  CU_ASSERT_EQUAL_FATAL(verdict(3, &r, &err), WG_OK);
  CU_ASSERT(r.mismatch && r.line == lines - 5);
  wg_replay_result_release(&r);
  wg_buf_release(&trace);
  wg_buf_release(&branches);
  wg_buf_release(&checkpoints);
}

WG_MAIN("parallel", {"a whole run is the same", a_whole_run_is_the_same}, {"altered events", altered_events},
        {"altered branches", altered_branches}, {"altered checkpoints", altered_checkpoints})
