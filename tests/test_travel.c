// Seeks held against straight execution: wherever a run is sought, the machine is what it was when the run came there.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/file.h"
#include "base/map.h"
#include "checkpoint/checkpoint.h"
#include "emu/cpu/cpu.h"
#include "emu/jit/cache.h"
#include "emu/jit/jit.h"
#include "replay/run.h"
#include "tests/random.h"
#include "tests/scratch.h"
#include "tests/share.h"
#include "travel/travel.h"

// What a run was at an instruction, behind an event, or at a window, in straight execution.
struct sample {
  struct wg_machine_where at;
  enum what { AT_INSTRUCTION, BEHIND_EVENT, AT_WINDOW, AT_FRAME } what;
  uint64_t hash;  // of the registers there; at a window: the state's digest
  uint64_t after; // the state's digest at the next window; 0: nobody knows
  // Of an event:
  uint32_t tid;
  uint64_t idx, nth; // which of its kind and name it is
  enum wg_kind kind;
  char name[48];
};

struct straight {
  struct wg_machine *m;
  struct sample *list;
  size_t n, want, open;          // those from `open` on wait for the next window
  uint64_t every, next;          // instructions
  uint64_t windows, events;      // between samples of those
  uint64_t digests;              // behind samples: where the window's number is a multiple
  uint64_t turns, nturn;         // one of so many turns is executed in steps; of turns so far
  uint64_t last_now, last_frame; //
  struct wg_map seen;            // of each kind and name, how many events
};

static uint64_t registers(const struct wg_cpu *c) {
  uint64_t h = wg_hash(c->gpr, sizeof c->gpr, c->pc);
  h = wg_hash(c->fpr, sizeof c->fpr, h);
  h = wg_hash(c->vr, sizeof c->vr, h);
  return wg_hash_u64(c->lr ^ c->ctr << 32 ^ wg_cpu_cr(c), h);
}

static struct sample *keep(struct straight *s, uint64_t hash, enum what what) {
  if (s->n == s->want) return NULL;
  struct sample *p = &s->list[s->n++];
  wg_machine_where(s->m, &p->at);
  p->hash = hash;
  p->what = what;
  return p;
}
static uint64_t registers_of(struct wg_machine *m, uint32_t tid) {
  const struct wg_cpu *c = wg_machine_cpu(m, tid);
  return c ? registers(c) : 0;
}
static bool event(void *ctx, const struct wg_event *e) {
  struct straight *s = ctx;
  struct wg_machine_where w;
  const char *name = wg_ev_text(e, WG_K_NAME);
  uint64_t nth = 0;
  if (name) {
    uint64_t key = wg_hash(name, strlen(name), e->kind);
    wg_map_get(&s->seen, key, &nth);
    wg_map_put(&s->seen, key, ++nth);
  }
  if (s->m == NULL) return true; // it is being made
  wg_machine_where(s->m, &w);
  if (s->events == 0 || w.events % s->events) return true;
  struct sample *p = keep(s, registers_of(s->m, w.tid), BEHIND_EVENT);
  if (p == NULL) return true;
  p->tid = e->tid;
  p->idx = e->idx;
  p->kind = e->kind;
  p->nth = nth;
  if (name) snprintf(p->name, sizeof p->name, "%s", name);
  return true;
}
static bool steps(void *ctx, uint32_t tid, const struct wg_cpu *c, uint64_t limit) {
  struct straight *s = ctx;
  (void)tid;
  (void)c;
  (void)limit;
  return s->nturn++ % s->turns == 0;
}
static bool before(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  struct straight *s = ctx;
  struct wg_machine_where w;
  (void)tid;
  wg_machine_where(s->m, &w);
  if (w.retired < s->next) return true;
  s->next = w.retired + s->every;
  keep(s, registers(c), AT_INSTRUCTION);
  return true;
}
static bool go_on(void *ctx, bool within_call) {
  struct straight *s = ctx;
  uint64_t now = wg_machine_now(s->m), frame = wg_machine_frames(s->m), digest = 0;
  if (within_call) return true;
  // Time can stand still from one window to the next: a position in time is the first of them.
  bool sought = now != s->last_now && wg_machine_windows(s->m) % s->windows == 0;
  bool drawn = frame != s->last_frame && s->events;
  bool behind = s->open < s->n && wg_machine_windows(s->m) % s->digests == 0;
  if (sought || drawn || behind) digest = wg_machine_digest(s->m);
  for (; s->open < s->n; s->open++) s->list[s->open].after = digest;
  if (sought) keep(s, digest, AT_WINDOW);
  if (drawn) keep(s, digest, AT_FRAME);
  s->open = s->n;
  s->last_now = now;
  s->last_frame = frame;
  return true;
}

static uint64_t longest = 300000000; // virtual ns of a run
static struct wg_config config_of(const char *guest, char path[512]) {
  snprintf(path, 512, guest[0] == '/' ? "%s" : WG_GUESTS "/%s.xex", guest);
  return (struct wg_config){.title = path, .date = WG_DEFAULT_DATE, .max_ns = longest};
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
  wg_machine_track(s->m);
  wg_machine_run(s->m);
  wg_machine_free(s->m);
  wg_map_release(&s->seen);
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

// A form of its position, one of those that it has.
static struct wg_position position_of(const struct sample *s, uint64_t form) {
  struct wg_position p = {.kind = WG_AT_INSN, .value = s->at.retired};
  switch (s->what) {
  case AT_INSTRUCTION:
    if (form % 2 && s->at.tid) p = (struct wg_position){.kind = WG_AT_CYCLE, .tid = s->at.tid, .value = s->at.cycle};
    break;
  case BEHIND_EVENT:
    p = (struct wg_position){.kind = WG_AT_EVENT, .tid = s->tid, .value = s->idx};
    if (form % 3 == 1) p = (struct wg_position){.kind = WG_AT_NTH_EVENT, .value = s->at.events};
    if (form % 3 == 2 && (s->kind == WG_EV_KERNEL_CALL || s->kind == WG_EV_KERNEL_RETURN)) {
      p = (struct wg_position){.kind = s->kind == WG_EV_KERNEL_CALL ? WG_AT_CALL : WG_AT_RETURN, .value = s->nth};
      snprintf(p.name, sizeof p.name, "%s", s->name);
    }
    break;
  case AT_WINDOW: p = (struct wg_position){.kind = WG_AT_TIME, .value = s->at.now_ns}; break;
  case AT_FRAME: p = (struct wg_position){.kind = WG_AT_FRAME, .value = s->at.frames}; break;
  }
  return p;
}

static bool at_once(void *ctx) {
  (void)ctx;
  return true;
}
// The whole state at the next moment between turns: there it is described.
static uint64_t digest_after(struct wg_travel *t) {
  const struct wg_travel_hooks h = {.give_up = at_once};
  enum wg_halt why;
  bool there;
  struct wg_err err = {0};
  int code = wg_travel_run(t, &h, NULL, &why, &there, &err);
  return code == WG_OK && why == WG_HALT_WINDOW ? wg_machine_digest(wg_travel_machine(t)) : 0;
}

static size_t sought[WG_AT_RETURN + 1]; // by form

static bool check(struct wg_travel *t, const struct sample *s, uint64_t form) {
  struct wg_err err = {0};
  struct wg_here here;
  const struct wg_position p = position_of(s, form);
  sought[p.kind]++;
  if (wg_travel_seek(t, &p, &err) != WG_OK) {
    printf("%s\n", err.msg);
    return false;
  }
  wg_travel_here(t, &here);
  struct wg_machine *m = wg_travel_machine(t);
  bool same = here.at.retired == s->at.retired && here.at.events == s->at.events && here.at.now_ns == s->at.now_ns &&
              here.at.windows == s->at.windows && here.at.frames == s->at.frames && here.at.tid == s->at.tid &&
              here.at.pc == s->at.pc && here.at.idx == s->at.idx;
  if (s->what == AT_WINDOW || s->what == AT_FRAME)
    same = same && wg_machine_digest(m) == s->hash;
  else
    same = same && registers_of(m, here.at.tid) == s->hash && (s->after == 0 || digest_after(t) == s->after);
  if (!same) {
    struct wg_buf words = {0};
    wg_position_words(&p, &words);
    printf("%s: at instruction %llu, event %llu, window %llu; in straight execution %llu, %llu, %llu\n", words.data,
           (unsigned long long)here.at.retired, (unsigned long long)here.at.events, (unsigned long long)here.at.windows,
           (unsigned long long)s->at.retired, (unsigned long long)s->at.events, (unsigned long long)s->at.windows);
    wg_buf_release(&words);
  }
  return same;
}

static const struct {
  const char *guest;
  uint64_t every, windows;
} runs[] = {{"threads", 211, 40}, {"seh", 17, 1},     {"gpu", 997, 90},
            {"modules", 331, 2},  {"spawn", 499, 60}, {"files", 97, 1}};
#ifdef __SANITIZE_ADDRESS__
static size_t seeks = 12; // each takes ten times as long
enum { BITS = 15 };
#else
static size_t seeks = 40;
enum { BITS = 40 };
#endif
static enum wg_jit_mode jit; // of the machine that is sought; straight execution is always interpreted
static struct wg_jit_cache *kept;
static struct wg_jit_cache *kept_of(void *ctx, const char *title) {
  (void)ctx, (void)title;
  return kept;
}

// Of checkpoints in memory, at first; a bound that holds hardly any must not matter.
static size_t memory = WG_TRAVEL_MEMORY;

static uint64_t first_seed = 11;

static void seek_in(const char *guest, struct straight *s, bool checkpoints) {
  struct wg_travel *t;
  struct wg_err err = {0};
  char name[64];
  uint64_t seed = first_seed;
  const char *leaf = strrchr(guest, '/');
  snprintf(name, sizeof name, "%s%d%s", leaf ? leaf + 1 : guest, checkpoints,
           memory < WG_TRAVEL_MEMORY ? "-small" : "");
  record(guest, at(name), checkpoints);
  int code = wg_travel_open(&t, at(name), &(struct wg_config){.jit = jit, .jit_keeper = {.of = kept_of}}, NULL, &err);
  if (code != WG_OK) printf("%s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(code, WG_OK);
  wg_travel_bound(t, memory);
  size_t wrong = 0;
  for (size_t i = 0; i < seeks; i++) wrong += !check(t, &s->list[random_below(&seed, (uint32_t)s->n)], i);
  CU_ASSERT_EQUAL(wrong, 0);
  wg_travel_close(t);
}

static void seek_about(const char *guest, uint64_t every, uint64_t windows, bool checkpoints) {
  struct straight s = {.every = every, .windows = windows, .events = 3, .digests = 16, .turns = 1, .want = 20000};
  execute_straight(guest, &s);
  seek_in(guest, &s, checkpoints);
  free(s.list);
}

static void seeks_are_as_straight_execution(void) {
  for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
    if (in_share("sought", i, 2)) seek_about(runs[i].guest, runs[i].every, runs[i].windows, i % 2);
}

static void seeks_compiled_too(void) {
  const struct wg_jit_library *library;
  struct wg_err err = {0};
  if (wg_jit_open(&library, &err) != WG_OK) {
    printf("%s\n", err.msg);
    return;
  }
  static const struct {
    enum wg_jit_mode mode;
    const char *guest;
    uint64_t every, windows;
  } compiled[] = {{WG_JIT_AT_ONCE, "threads", 311, 40}, {WG_JIT_AT_ONCE, "seh", 23, 1}, {WG_JIT_ON, "spawn", 499, 60}};
  for (size_t i = 0; i < sizeof compiled / sizeof *compiled; i++) {
    jit = compiled[i].mode;
    if (in_share("compiled", i, 2)) seek_about(compiled[i].guest, compiled[i].every, compiled[i].windows, i != 1);
  }
  jit = WG_JIT_OFF;
}

// --- hooks, forwards and backwards ---------------------------------------------------------------------------

#define MOST 65536u
struct halts {
  uint64_t retired[MOST], events[MOST];
  size_t n;
};
static bool every_close(void *ctx, const struct wg_event *e) {
  const char *name = wg_ev_text(e, WG_K_NAME);
  (void)ctx;
  return e->kind == WG_EV_KERNEL_CALL && name && strcmp(name, "NtClose") == 0;
}
static bool every_store(void *ctx, uint32_t tid, const struct wg_cpu *c, const struct wg_mem_access *a) {
  (void)ctx;
  (void)tid;
  return c && a->write;
}
static bool every_break(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  (void)ctx;
  (void)tid;
  (void)c;
  return true;
}

// All halts of a run, then the same from its end backwards.
static void forwards_and_backwards(struct wg_travel *t, const struct wg_travel_hooks *h) {
  static struct halts f;
  struct wg_err err = {0};
  struct wg_position start = {.kind = WG_AT_START};
  enum wg_halt why;
  struct wg_here here;
  bool there = false, found = true;
  f.n = 0;
  CU_ASSERT_EQUAL_FATAL(wg_travel_seek(t, &start, &err), WG_OK);
  while (f.n < MOST) {
    CU_ASSERT_EQUAL_FATAL(wg_travel_run(t, h, NULL, &why, &there, &err), WG_OK);
    if (why == WG_HALT_END) break;
    wg_travel_here(t, &here);
    f.retired[f.n] = here.at.retired;
    f.events[f.n++] = here.at.events;
  }
  CU_ASSERT_TRUE(f.n > 0 && f.n < MOST);
  const size_t most = h->steady ? 100 : 12;
  size_t wrong = 0, n = f.n, least = f.n > most ? f.n - most : 0;
  while (n > least) {
    CU_ASSERT_EQUAL_FATAL(wg_travel_back(t, h, &found, &err), WG_OK);
    wg_travel_here(t, &here);
    if (!found) break;
    n--;
    if (here.at.retired != f.retired[n] || here.at.events != f.events[n]) {
      wrong++;
      printf("%zu: at %llu, %llu instead of %llu, %llu (halt %d)\n", n, (unsigned long long)here.at.retired,
             (unsigned long long)here.at.events, (unsigned long long)f.retired[n], (unsigned long long)f.events[n],
             here.halt);
    }
  }
  CU_ASSERT_EQUAL(n, least);
  CU_ASSERT_EQUAL(wrong, 0);
}

static bool first_stores(void *ctx, uint32_t tid, const struct wg_cpu *c, const struct wg_mem_access *a) {
  uint32_t *at = ctx;
  (void)tid;
  if (c && a->write && *at == 0) *at = a->addr & ~3u;
  return *at != 0;
}

static void backwards_is_forwards_from_behind(void) {
  struct wg_travel *t;
  struct wg_err err = {0};
  struct wg_here here;
  const struct wg_position middle = {.kind = WG_AT_TIME, .value = 66900000};
  enum wg_halt why;
  bool there;
  record("threads", at("back"), true);
  CU_ASSERT_EQUAL_FATAL(wg_travel_open(&t, at("back"), NULL, NULL, &err), WG_OK);
  forwards_and_backwards(t, &(struct wg_travel_hooks){.event = every_close});
  // A place of a stack that is written, and the instruction that does it.
  uint32_t place = 0;
  const struct wg_mem_watch stacks = {0x70000000, 0x0F000000, false, true};
  CU_ASSERT_EQUAL_FATAL(wg_travel_seek(t, &middle, &err), WG_OK);
  wg_travel_run(t, &(struct wg_travel_hooks){.access = first_stores, .watches = &stacks, .nwatches = 1, .ctx = &place},
                NULL, &why, &there, &err);
  CU_ASSERT_TRUE(place != 0);
  wg_travel_here(t, &here);
  const uint32_t pc = here.at.pc - 4;
  const struct wg_mem_watch word = {place, 4, false, true};
  for (int steady = 0; steady < 2; steady++) {
    const struct wg_travel_hooks watch = {.steady = steady, .access = every_store, .watches = &word, .nwatches = 1};
    const struct wg_travel_hooks stop = {.steady = steady, .at_break = every_break, .pcs = &pc, .npcs = 1};
    forwards_and_backwards(t, &watch);
    forwards_and_backwards(t, &stop);
  }
  wg_travel_close(t);
}

static void steps_back_are_steps(void) {
  struct wg_travel *t;
  struct wg_err err = {0};
  struct wg_here here;
  struct wg_position p = {.kind = WG_AT_CYCLE, .tid = 1, .value = 900};
  record("threads", at("stepped"), false);
  CU_ASSERT_EQUAL_FATAL(wg_travel_open(&t, at("stepped"), NULL, NULL, &err), WG_OK);
  uint64_t forwards[60];
  for (size_t i = 0; i < 60; i++, p.value++) {
    CU_ASSERT_EQUAL_FATAL(wg_travel_seek(t, &p, &err), WG_OK);
    forwards[i] = registers(wg_machine_cpu(wg_travel_machine(t), 1));
  }
  size_t wrong = 0;
  for (size_t i = 59; i-- > 0;) {
    bool found;
    CU_ASSERT_EQUAL_FATAL(wg_travel_step_back(t, &found, &err), WG_OK);
    wg_travel_here(t, &here);
    wrong += !found || here.at.cycle != 900 + i || registers(wg_machine_cpu(wg_travel_machine(t), 1)) != forwards[i];
  }
  CU_ASSERT_EQUAL(wrong, 0);
  wg_travel_close(t);
}

// From anywhere in the first window, too, where no checkpoint lies between.
static void the_start_is_gone_back_to(void) {
  struct wg_travel *t;
  struct wg_err err = {0};
  struct wg_here here, first;
  const struct wg_position start = {.kind = WG_AT_START};
  record("modules", at("started"), false);
  CU_ASSERT_EQUAL_FATAL(wg_travel_open(&t, at("started"), NULL, NULL, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_travel_seek(t, &start, &err), WG_OK);
  wg_travel_here(t, &first);
  CU_ASSERT(first.at.retired == 0 && first.at.windows == 0 && first.halt == WG_HALT_NONE);
  for (uint64_t n = 0; n < 20; n++) {
    const struct wg_position away = {.kind = n % 2 ? WG_AT_INSN : WG_AT_NTH_EVENT,
                                     .value = first.at.events * (1 - n % 2) + n / 2 + 1};
    CU_ASSERT_EQUAL_FATAL(wg_travel_seek(t, &away, &err), WG_OK);
    wg_travel_here(t, &here);
    CU_ASSERT(here.at.windows == 0 && here.halt != WG_HALT_NONE);
    CU_ASSERT_EQUAL_FATAL(wg_travel_seek(t, &start, &err), WG_OK);
    wg_travel_here(t, &here);
    CU_ASSERT(here.at.retired == 0 && here.at.events == first.at.events && here.halt == WG_HALT_NONE);
  }
  wg_travel_close(t);
}

// --- what is wrong is told -----------------------------------------------------------------------------------

static void expect_position(const char *text, bool good) {
  struct wg_position p;
  struct wg_err err = {0};
  struct wg_buf words = {0};
  int code = wg_position_parse(text, &p, &err);
  if ((code == WG_OK) != good) printf("%s: %s\n", text, err.msg);
  CU_ASSERT_EQUAL(code == WG_OK, good);
  if (!good) return;
  struct wg_position again;
  wg_position_words(&p, &words);
  CU_ASSERT_EQUAL(wg_position_parse(words.data, &again, &err), WG_OK);
  CU_ASSERT_TRUE(again.kind == p.kind && again.tid == p.tid && again.value == p.value &&
                 strcmp(again.name, p.name) == 0);
  wg_buf_release(&words);
}

static void positions(void) {
  static const char *const good[] = {"6:1234",
                                     "0:0",
                                     "start",
                                     "end",
                                     "cycle=6:99",
                                     "insn=18446744073709551615",
                                     "event=1",
                                     "time=1.5s",
                                     "time=0.000000001",
                                     "time=7ms",
                                     "time=20us",
                                     "time=3ns",
                                     "frame=120",
                                     "call=NtClose",
                                     "call=NtClose#3",
                                     "return=KeWaitForSingleObject#17"};
  static const char *const bad[] = {"",
                                    "6",
                                    "6:",
                                    ":3",
                                    "6:x",
                                    "6:1 ",
                                    "-1:2",
                                    "4294967296:0",
                                    "1:18446744073709551616",
                                    "start=",
                                    "end=1",
                                    "cycle=7",
                                    "insn=",
                                    "insn=0x10",
                                    "event=0",
                                    "time=",
                                    "time=1.s",
                                    "time=1h",
                                    "time=1.5",
                                    "time=99999999999999",
                                    "frame=",
                                    "call=",
                                    "call=#3",
                                    "call=NtClose#",
                                    "call=NtClose#0",
                                    "call=NtClose#3x",
                                    "call=NtClose#x",
                                    "nowhere"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) expect_position(good[i], true);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (strcmp(bad[i], "time=1.5") != 0) expect_position(bad[i], false);
  expect_position("time=1.5", true); // seconds
}

static void expect_never(struct wg_travel *t, const char *text, const char *words) {
  struct wg_position p;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_position_parse(text, &p, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_travel_seek(t, &p, &err), WG_INPUT);
  if (strstr(err.msg, words) == NULL) printf("%s: %s\n", text, err.msg);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, words));
}

static int open_changed(const char *dir, const struct wg_buf *file, size_t n, struct wg_err *err) {
  char path[256];
  struct wg_travel *t;
  snprintf(path, sizeof path, "%s/" WG_CHECKPOINTS, dir);
  *err = (struct wg_err){0};
  CU_ASSERT_EQUAL_FATAL(wg_file_write(path, file->data, n, err), WG_OK);
  int code = wg_travel_open(&t, dir, NULL, NULL, err);
  struct wg_position end = {.kind = WG_AT_END};
  if (code == WG_OK) code = wg_travel_seek(t, &end, err);
  wg_travel_close(t);
  return code;
}

static char noted[512]; // what was said last of what is done without
static void note(const char *words) { snprintf(noted, sizeof noted, "%s", words); }

// Where a run with that file of checkpoints is at some moment, and what is said of them.
static uint64_t passed_over(const char *dir, const char *words) {
  const struct wg_run_watch watch = {.note = note};
  const struct wg_position middle = {.kind = WG_AT_TIME, .value = 1000000};
  struct wg_travel *t;
  struct wg_err err = {0};
  noted[0] = 0;
  int code = wg_travel_open(&t, dir, NULL, &watch, &err);
  if (code != WG_OK) printf("%s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(code, WG_OK);
  CU_ASSERT_EQUAL(wg_travel_checkpoints(t), 1); // the start, which is in memory
  CU_ASSERT_EQUAL(wg_travel_seek(t, &middle, &err), WG_OK);
  uint64_t digest = wg_machine_digest(wg_travel_machine(t));
  bool told = strstr(noted, WG_CHECKPOINTS ": ") && strstr(noted, words) && strstr(noted, WG_TRAVEL_WITHOUT);
  if (*words ? !told : noted[0]) printf("'%s' instead of '%s'\n", noted, words);
  CU_ASSERT(*words ? told : noted[0] == 0);
  // Nothing is added to them.
  struct wg_machine_where unkept;
  if (*words) CU_ASSERT_EQUAL(wg_travel_keep(t, &unkept, &err), WG_INPUT);
  wg_travel_close(t);
  return digest;
}

static void others_are_passed_over(void) {
  struct wg_err err = {0};
  struct wg_buf file = {0};
  char path[256];
  snprintf(path, sizeof path, "%s/" WG_CHECKPOINTS, at("passed"));
  record("system", at("passed"), false);
  const uint64_t want = passed_over(at("passed"), "");
  static const struct {
    const char *identity, *words;
  } others[] = {{"{\"format\": 2}", "it was made by another version of wedge: format is 2 there"},
                {"{\"version\": \"0.0.9\"}", "it was made by another version of wedge: format is nothing there"}};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    struct wg_checkpoints c;
    remove(path);
    wg_checkpoints_init(&c);
    CU_ASSERT_EQUAL(wg_checkpoints_create(&c, at("passed"), others[i].identity, &err), WG_OK);
    wg_checkpoints_release(&c);
    CU_ASSERT_EQUAL(passed_over(at("passed"), others[i].words), want);
  }
  // Another title's, and what are none.
  record("hello", at("stranger"), true);
  char stranger[256];
  snprintf(stranger, sizeof stranger, "%s/" WG_CHECKPOINTS, at("stranger"));
  CU_ASSERT_EQUAL_FATAL(wg_file_read(stranger, 1u << 30, &file, &err), WG_OK);
  static const struct {
    size_t most;
    const char *words;
  } files[] = {{SIZE_MAX, "it belongs to another run: title_sha256 is"},
               {0, "it holds no checkpoints that can be read"},
               {20, "it holds no checkpoints that can be read"}};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    size_t n = files[i].most < file.len ? files[i].most : file.len;
    CU_ASSERT_EQUAL_FATAL(wg_file_write(path, file.data, n, &err), WG_OK);
    CU_ASSERT_EQUAL(passed_over(at("passed"), files[i].words), want);
  }
  wg_buf_release(&file);
}

static void damage_is_told(void) {
  struct wg_travel *t;
  struct wg_err err = {0};
  struct wg_buf file = {0};
  char path[256];
  uint64_t seed = 9;
  record("system", at("harmed"), true);
  CU_ASSERT_EQUAL_FATAL(wg_travel_open(&t, at("harmed"), NULL, NULL, &err), WG_OK);
  expect_never(t, "1:100000", "never comes to 1:100000: it ends (");
  expect_never(t, "77:0", "never comes to 77:0");
  expect_never(t, "frame=9999", "never comes to frame=9999");
  expect_never(t, "time=900s", "never comes to time=900000000000ns");
  expect_never(t, "call=NtNothing", "calls of NtNothing: the trace has 0, and no 1");
  wg_travel_close(t);
  snprintf(path, sizeof path, "%s/" WG_CHECKPOINTS, at("harmed"));
  CU_ASSERT_EQUAL_FATAL(wg_file_read(path, 1u << 30, &file, &err), WG_OK);
  // Cut anywhere behind its beginning, or a bit that is wrong: what is whole is used.
  for (int i = 0; i < 12; i++) {
    size_t n = 600 + random_below(&seed, (uint32_t)file.len - 600);
    CU_ASSERT_EQUAL(open_changed(at("harmed"), &file, n, &err), WG_OK);
  }
  for (unsigned i = 0; i < BITS; i++) {
    size_t where = random_below(&seed, (uint32_t)file.len);
    char bit = (char)(1u << random_below(&seed, 8));
    if (!in_share("bits", i, 3)) continue;
    file.data[where] ^= bit;
    CU_ASSERT_EQUAL(open_changed(at("harmed"), &file, file.len, &err), WG_OK);
    file.data[where] ^= bit;
  }
  wg_buf_release(&file);
}

// --- damage in the midst --------------------------------------------------------------------------------------

// The records of a file of checkpoints that have a body (checkpoint/checkpoint.h), as anybody may read them.
struct body {
  size_t at, n;
  bool state;       // else pages
  uint64_t retired; // of the machine in that state
};

static size_t bodies(const struct wg_buf *file, struct body *out, size_t room) {
  size_t n = 0;
  for (size_t at = 0; at + 36 <= file->len;) {
    const uint8_t *h = (const uint8_t *)file->data + at;
    size_t head = wg_load_le32(h + 8), packed = wg_load_le32(h + 12);
    if (packed && n < room) out[n++] = (struct body){at + 36 + head, packed, wg_load_le32(h + 4) == 3, 0};
    if (n && out[n - 1].state && out[n - 1].at == at + 36 + head) out[n - 1].retired = wg_load_le64(h + 36);
    at += 36 + head + packed;
  }
  return n;
}

static unsigned notes;
static char all_notes[4096];
static void gather(const char *words) {
  size_t n = strlen(all_notes);
  snprintf(all_notes + n, sizeof all_notes - n, "%s\n", words);
  notes++;
}

// The registers at an instruction, and the state at the next window.
static uint64_t state_at(struct wg_travel *t, uint64_t insn) {
  const struct wg_position p = {.kind = WG_AT_INSN, .value = insn};
  struct wg_err err = {0};
  struct wg_here here;
  int code = wg_travel_seek(t, &p, &err);
  if (code != WG_OK) printf("%s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(code, WG_OK);
  wg_travel_here(t, &here);
  CU_ASSERT_EQUAL(here.at.retired, insn);
  uint64_t registers_there = registers_of(wg_travel_machine(t), here.at.tid);
  return wg_hash_u64(digest_after(t), registers_there);
}

#define MOST_BODIES 64u
struct holes {
  struct body list[MOST_BODIES], states[MOST_BODIES];
  uint64_t want[MOST_BODIES]; // a little behind each state, in execution from the start
  size_t n, nstates;
};

static void open_noted(struct wg_travel **t) {
  static const struct wg_run_watch watch = {.note = gather};
  struct wg_err err = {0};
  notes = 0;
  all_notes[0] = 0;
  int code = wg_travel_open(t, at("holes"), NULL, &watch, &err);
  if (code != WG_OK) printf("%s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(code, WG_OK);
}

static void expect_told(const char *words) {
  if (strstr(all_notes, words) == NULL) printf("'%s' is not in '%s'\n", words, all_notes);
  CU_ASSERT_PTR_NOT_NULL(strstr(all_notes, words));
}

// A state that is damaged: the one before it is gone on from, and that is told once.
static void expect_state_passed(const struct holes *x, size_t k) {
  const struct body *s = &x->states[k];
  struct wg_travel *t;
  char words[256];
  bool found;
  struct wg_err err = {0};
  open_noted(&t);
  CU_ASSERT_EQUAL(notes, 0);
  CU_ASSERT_EQUAL(state_at(t, s->retired + 1), x->want[k]);
  CU_ASSERT_EQUAL(notes, 1);
  snprintf(words, sizeof words, WG_CHECKPOINTS ": at byte %zu: the state is damaged", s->at);
  expect_told(words);
  snprintf(words, sizeof words, "the checkpoint of instruction %llu (", (unsigned long long)s->retired);
  expect_told(words);
  snprintf(words, sizeof words, "it goes on from instruction %llu (",
           (unsigned long long)(k ? x->states[k - 1].retired : 0));
  expect_told(words);
  // It is known from then on.
  CU_ASSERT_EQUAL(state_at(t, s->retired + 1), x->want[k]);
  CU_ASSERT_EQUAL(wg_travel_step_back(t, &found, &err), WG_OK);
  CU_ASSERT_EQUAL(state_at(t, x->states[0].retired + 1), x->want[0]);
  CU_ASSERT(notes <= 2);
  wg_travel_close(t);
}

// Pages that are damaged: whoever needs them is passed over.
static void expect_pages_passed(const struct holes *x, const struct body *pages) {
  struct wg_travel *t;
  char words[256];
  open_noted(&t);
  for (size_t k = x->nstates; k-- > 0;) CU_ASSERT_EQUAL(state_at(t, x->states[k].retired + 1), x->want[k]);
  snprintf(words, sizeof words, WG_CHECKPOINTS ": at byte %zu: the pages are damaged", pages->at);
  expect_told(words);
  unsigned so_far = notes;
  // What is left in memory on the way does not rest on them.
  for (size_t k = 0; k < x->nstates; k++) CU_ASSERT_EQUAL(state_at(t, x->states[k].retired + 1), x->want[k]);
  CU_ASSERT_EQUAL(notes, so_far);
  wg_travel_close(t);
}

static void learn_of_holes(struct holes *x) {
  struct wg_travel *t;
  for (size_t i = 0; i < x->n; i++)
    if (x->list[i].state) x->states[x->nstates++] = x->list[i];
  x->nstates--; // the last one is of the end, behind which nothing is executed
  CU_ASSERT_FATAL(x->nstates >= 3);
  open_noted(&t);
  CU_ASSERT_EQUAL(wg_travel_checkpoints(t), 1); // the start
  for (size_t k = 0; k < x->nstates; k++) x->want[k] = state_at(t, x->states[k].retired + 1);
  wg_travel_close(t);
}

static void damage_in_the_midst_is_passed_over(void) {
  char path[512], title[512];
  struct wg_err err = {0};
  struct wg_run_result r;
  struct wg_buf file = {0};
  struct holes x = {.n = 0};
  const struct wg_config cfg = config_of("threads", title);
  const struct wg_record_options o = {.dir = at("holes"), .branches = true, .checkpoints = true, .spacing = 2000000};
  CU_ASSERT_EQUAL_FATAL(wg_run_record(&cfg, &o, &r, &err), WG_OK);
  wg_run_result_release(&r);
  snprintf(path, sizeof path, "%s/" WG_CHECKPOINTS, at("holes"));
  CU_ASSERT_EQUAL_FATAL(wg_file_read(path, 1u << 30, &file, &err), WG_OK);
  x.n = bodies(&file, x.list, MOST_BODIES);
  remove(path);
  learn_of_holes(&x);
  size_t k = 0;
  for (size_t i = 0; i < x.n && k < x.nstates; i++) {
    char *byte = file.data + x.list[i].at + x.list[i].n / 2;
    if (!in_share("holes", (unsigned)i, 6)) {
      k += x.list[i].state;
      continue;
    }
    *byte ^= 4;
    CU_ASSERT_EQUAL_FATAL(wg_file_write(path, file.data, file.len, &err), WG_OK);
    if (x.list[i].state)
      expect_state_passed(&x, k++);
    else
      expect_pages_passed(&x, &x.list[i]);
    *byte ^= 4;
  }
  wg_buf_release(&file);
}

// The state behind a run's end, as a travel comes to it; *marks: the checkpoints that it knows.
static uint64_t end_of(const char *dir, size_t *marks) {
  const struct wg_position end = {.kind = WG_AT_END};
  struct wg_travel *t;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_travel_open(&t, dir, NULL, NULL, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_travel_seek(t, &end, &err), WG_OK);
  uint64_t digest = wg_machine_digest(wg_travel_machine(t));
  *marks = wg_travel_checkpoints(t);
  wg_travel_close(t);
  return digest;
}

// A checkpoint that was taken there is of an end, and of no run that ends again.
static void the_end_is_one_state(void) {
  static const char *const guests[] = {"gpu", "threads"};
  char path[512];
  for (size_t i = 0; i < sizeof guests / sizeof *guests; i++) {
    struct wg_machine *m;
    struct wg_err err = {0};
    size_t with, without;
    const struct wg_config cfg = config_of(guests[i], path);
    const struct wg_observer nobody = {.event = NULL};
    CU_ASSERT_EQUAL_FATAL(wg_machine_create(&m, &cfg, &nobody, &err), WG_OK);
    wg_machine_run(m);
    const uint64_t want = wg_machine_digest(m);
    wg_machine_free(m);
    record(guests[i], at(guests[i]), true);
    CU_ASSERT_EQUAL(end_of(at(guests[i]), &with), want);
    snprintf(path, sizeof path, "%s/" WG_CHECKPOINTS, at(guests[i]));
    remove(path);
    CU_ASSERT_EQUAL(end_of(at(guests[i]), &without), want);
    CU_ASSERT(with > without);
  }
}

static void checkpoints_change_no_trace(void) {
  char sha[2][65];
  for (int i = 0; i < 2; i++) {
    char path[512];
    struct wg_err err = {0};
    struct wg_run_result r;
    const struct wg_config cfg = config_of("gpu", path);
    const struct wg_record_options o = {.dir = at(i ? "with" : "without"), .branches = true, .checkpoints = i};
    CU_ASSERT_EQUAL_FATAL(wg_run_record(&cfg, &o, &r, &err), WG_OK);
    memcpy(sha[i], r.sha256, sizeof sha[i]);
    wg_run_result_release(&r);
  }
  CU_ASSERT_STRING_EQUAL(sha[0], sha[1]);
}

static void memory_is_bounded(void) {
  struct wg_travel *t;
  struct wg_err err = {0};
  struct wg_position p = {.kind = WG_AT_END};
  struct wg_here here;
  size_t before = seeks, most = 0, steps = 0;
  bool found = true;
  seeks = before + before / 2;
  memory = 400000; // some states of this guest, and few of its pages
  seek_about("threads", 777, 5, false);
  seek_about("gpu", 30011, 50, true);
  seeks = before;
  memory = WG_TRAVEL_MEMORY;
  // Steps back leave marks; a small bound keeps their number down, and every step is still the one before.
  CU_ASSERT_EQUAL_FATAL(wg_travel_open(&t, at("threads0-small"), NULL, NULL, &err), WG_OK);
  wg_travel_bound(t, 1u << 20);
  CU_ASSERT_EQUAL_FATAL(wg_travel_seek(t, &p, &err), WG_OK);
  wg_travel_here(t, &here);
  uint64_t total = here.at.retired;
  for (; steps < 60 && found; steps++) {
    p = (struct wg_position){.kind = WG_AT_INSN, .value = total - (steps + 1) * (total / 61)};
    CU_ASSERT_EQUAL_FATAL(wg_travel_seek(t, &p, &err), WG_OK);
    wg_travel_here(t, &here);
    CU_ASSERT_EQUAL(here.at.retired, p.value);
    CU_ASSERT_EQUAL_FATAL(wg_travel_step_back(t, &found, &err), WG_OK);
    if (wg_travel_checkpoints(t) > most) most = wg_travel_checkpoints(t);
  }
  CU_ASSERT(most > 1 && most < 40);
  // The end by its number of instructions; there is no instruction behind it.
  p = (struct wg_position){.kind = WG_AT_INSN, .value = total};
  CU_ASSERT_EQUAL(wg_travel_seek(t, &p, &err), WG_OK);
  wg_travel_here(t, &here);
  CU_ASSERT(here.halt == WG_HALT_END && here.at.retired == total);
  p.value++;
  CU_ASSERT_EQUAL(wg_travel_seek(t, &p, &err), WG_INPUT);
  wg_travel_close(t);
}

// WG_TRAVEL_JIT: compiled, in the background (on) or at once (now). WG_TRAVEL_MS: of virtual time, 300 else.
// WG_TRAVEL_SEEKS: of each title, with and without checkpoints; 1000 else. WG_TRAVEL_SEED: which; 11 else.
static char **titles;
// A title has thousands of places that code is entered at, and each machine would compile them all again.
static void begin_keeping(void) {
  const struct wg_jit_library *library;
  struct wg_err err = {0};
  if (jit != WG_JIT_OFF && wg_jit_open(&library, &err) == WG_OK) kept = wg_jit_cache_create(library, 0);
}
static void end_keeping(void) {
  if (kept == NULL) return;
  const struct wg_jit_cache_stats s = wg_jit_cache_stats(kept);
  printf("%llu regions compiled, %llu taken again\n", (unsigned long long)s.compiled, (unsigned long long)s.taken);
  wg_jit_cache_free(kept);
  kept = NULL;
}

static void titles_are_sought(void) {
  const char *how = getenv("WG_TRAVEL_JIT"), *ms = getenv("WG_TRAVEL_MS"), *many = getenv("WG_TRAVEL_SEEKS"),
             *seed = getenv("WG_TRAVEL_SEED");
  jit = how == NULL ? WG_JIT_OFF : strcmp(how, "now") == 0 ? WG_JIT_AT_ONCE : WG_JIT_ON;
  if (ms) longest = strtoull(ms, NULL, 10) * 1000000;
  seeks = many ? strtoull(many, NULL, 10) : 1000;
  if (seed) first_seed = strtoull(seed, NULL, 10);
  begin_keeping();
  for (; *titles; titles++) {
    struct straight s = {.every = longest / 1009,
                         .windows = longest / 10000019 + 1,
                         .events = 23,
                         .digests = 1,
                         .turns = 7,
                         .want = 20000};
    execute_straight(*titles, &s);
    for (int checkpoints = 0; checkpoints < 2; checkpoints++) seek_in(*titles, &s, checkpoints);
    free(s.list);
  }
  end_keeping();
  for (int k = 0; k <= WG_AT_RETURN; k++) {
    struct wg_buf words = {0};
    wg_position_words(&(struct wg_position){.kind = (enum wg_position_kind)k}, &words);
    printf("%s: sought %zu times\n", words.data, sought[k]);
    wg_buf_release(&words);
  }
}

int main(int argc, char **argv) {
  titles = argv + 1;
  CU_TestInfo ours[] = {{"seeks are as straight execution", seeks_are_as_straight_execution},
                        {"seeks compiled, too", seeks_compiled_too},
                        {"backwards is forwards from behind", backwards_is_forwards_from_behind},
                        {"steps back are steps", steps_back_are_steps},
                        {"the start is gone back to", the_start_is_gone_back_to},
                        {"positions", positions},
                        {"memory is bounded", memory_is_bounded},
                        {"damage is told", damage_is_told},
                        {"damage in the midst is passed over", damage_in_the_midst_is_passed_over},
                        {"others are passed over", others_are_passed_over},
                        {"the end is one state", the_end_is_one_state},
                        {"checkpoints change no trace", checkpoints_change_no_trace},
                        CU_TEST_INFO_NULL};
  CU_TestInfo given[] = {{"titles are sought", titles_are_sought}, CU_TEST_INFO_NULL};
  return wg_run_suite("travel", argc > 1 ? given : ours);
}
