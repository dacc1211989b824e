// Seeks held against straight execution: wherever a run is sought, the machine is what it was when the run came there.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "checkpoint/checkpoint.h"
#include "emu/cpu/cpu.h"
#include "replay/run.h"
#include "tests/random.h"
#include "tests/scratch.h"
#include "travel/travel.h"

// What a run was at an instruction, or at a window, in straight execution.
struct sample {
  struct wg_machine_where at;
  uint64_t hash; // of the registers there; at a window: the state's digest
  bool window;
};

struct straight {
  struct wg_machine *m;
  struct sample *list;
  size_t n, want;
  uint64_t every, next; // instructions
  uint64_t windows;     // between samples of those
  uint64_t last_now;
};

static uint64_t registers(const struct wg_cpu *c) {
  uint64_t h = wg_hash(c->gpr, sizeof c->gpr, c->pc);
  h = wg_hash(c->fpr, sizeof c->fpr, h);
  h = wg_hash(c->vr, sizeof c->vr, h);
  return wg_hash_u64(c->lr ^ c->ctr << 32 ^ wg_cpu_cr(c), h);
}

static bool event(void *ctx, const struct wg_event *e) {
  (void)ctx;
  (void)e;
  return true;
}
static bool steps(void *ctx, uint32_t tid, const struct wg_cpu *c, uint64_t limit) {
  (void)ctx;
  (void)tid;
  (void)c;
  (void)limit;
  return true;
}
static void keep(struct straight *s, uint64_t hash, bool window) {
  if (s->n == s->want) return;
  struct sample *p = &s->list[s->n++];
  wg_machine_where(s->m, &p->at);
  p->hash = hash;
  p->window = window;
}
static bool before(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  struct straight *s = ctx;
  struct wg_machine_where w;
  (void)tid;
  wg_machine_where(s->m, &w);
  if (w.retired < s->next) return true;
  s->next = w.retired + s->every;
  keep(s, registers(c), false);
  return true;
}
static bool go_on(void *ctx, bool within_call) {
  struct straight *s = ctx;
  uint64_t now = wg_machine_now(s->m);
  // Time can stand still from one window to the next: a position in time is the first of them.
  if (!within_call && now != s->last_now && wg_machine_windows(s->m) % s->windows == 0)
    keep(s, wg_machine_digest(s->m), true);
  if (!within_call) s->last_now = now;
  return true;
}

static struct wg_config config_of(const char *guest, char path[512]) {
  snprintf(path, 512, guest[0] == '/' ? "%s" : WG_GUESTS "/%s.xex", guest);
  return (struct wg_config){.title = path, .date = WG_DEFAULT_DATE, .max_ns = 300000000};
}

static void execute_straight(const char *guest, struct straight *s) {
  char path[512];
  struct wg_err err = {0};
  const struct wg_config cfg = config_of(guest, path);
  const struct wg_observer o = {.event = event, .go_on = go_on, .ctx = s};
  const struct wg_debug d = {.steps = steps, .before = before, .ctx = s};
  s->list = calloc(s->want, sizeof *s->list);
  CU_ASSERT_EQUAL_FATAL(wg_machine_create(&s->m, &cfg, &o, &err), WG_OK);
  wg_machine_debug(s->m, &d);
  wg_machine_run(s->m);
  wg_machine_free(s->m);
}

static void record(const char *guest, const char *dir, bool checkpoints) {
  char path[512];
  struct wg_err err = {0};
  struct wg_run_result r;
  const struct wg_config cfg = config_of(guest, path);
  const struct wg_record_options o = {.dir = dir, .branches = true, .checkpoints = checkpoints};
  int code = wg_run_record(&cfg, &o, &r, &err);
  if (code != WG_OK) printf("%s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(code, WG_OK);
  wg_run_result_release(&r);
}

static bool check(struct wg_travel *t, const struct sample *s, uint64_t kind) {
  struct wg_err err = {0};
  struct wg_here here;
  struct wg_position p = {.kind = WG_AT_INSN, .value = s->at.retired};
  if (kind == 1 && s->at.tid) p = (struct wg_position){.kind = WG_AT_CYCLE, .tid = s->at.tid, .value = s->at.cycle};
  if (s->window) p = (struct wg_position){.kind = WG_AT_TIME, .value = s->at.now_ns};
  if (wg_travel_seek(t, &p, &err) != WG_OK) {
    printf("%s\n", err.msg);
    return false;
  }
  wg_travel_here(t, &here);
  bool same = here.at.retired == s->at.retired && here.at.events == s->at.events && here.at.now_ns == s->at.now_ns &&
              here.at.windows == s->at.windows && here.at.tid == s->at.tid && here.at.pc == s->at.pc &&
              here.at.idx == s->at.idx;
  if (s->window)
    same = same && wg_machine_digest(wg_travel_machine(t)) == s->hash;
  else
    same = same && registers(wg_machine_cpu(wg_travel_machine(t), here.at.tid)) == s->hash;
  if (!same)
    printf("%s %llu: at instruction %llu, event %llu, window %llu instead of %llu, %llu, %llu\n",
           s->window ? "window" : "instruction", (unsigned long long)p.value, (unsigned long long)here.at.retired,
           (unsigned long long)here.at.events, (unsigned long long)here.at.windows, (unsigned long long)s->at.retired,
           (unsigned long long)s->at.events, (unsigned long long)s->at.windows);
  return same;
}

static const struct {
  const char *guest;
  uint64_t every, windows;
} runs[] = {{"threads", 211, 40}, {"seh", 17, 1}, {"gpu", 997, 90}, {"modules", 331, 2}, {"spawn", 499, 60}};
static size_t seeks = 40;

static void seek_about(const char *guest, uint64_t every, uint64_t windows, bool checkpoints) {
  struct straight s = {.every = every, .windows = windows, .want = 20000};
  struct wg_travel *t;
  struct wg_err err = {0};
  char name[64];
  uint64_t seed = 11;
  const char *leaf = strrchr(guest, '/');
  execute_straight(guest, &s);
  snprintf(name, sizeof name, "%s%d", leaf ? leaf + 1 : guest, checkpoints);
  record(guest, at(name), checkpoints);
  int code = wg_travel_open(&t, at(name), NULL, NULL, &err);
  if (code != WG_OK) printf("%s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(code, WG_OK);
  size_t wrong = 0;
  for (size_t i = 0; i < seeks; i++) wrong += !check(t, &s.list[random_below(&seed, (uint32_t)s.n)], i % 3);
  CU_ASSERT_EQUAL(wrong, 0);
  wg_travel_close(t);
  free(s.list);
}

static void seeks_are_as_straight_execution(void) {
  for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
    seek_about(runs[i].guest, runs[i].every, runs[i].windows, i % 2);
}

static char **titles;
static void titles_are_sought(void) {
  seeks = 1000;
  for (; *titles; titles++) seek_about(*titles, 300007, 311, true);
}

int main(int argc, char **argv) {
  titles = argv + 1;
  CU_TestInfo ours[] = {{"seeks are as straight execution", seeks_are_as_straight_execution}, CU_TEST_INFO_NULL};
  CU_TestInfo given[] = {{"titles are sought", titles_are_sought}, CU_TEST_INFO_NULL};
  return wg_run_suite("travel", argc > 1 ? given : ours);
}
