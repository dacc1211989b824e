// Places, outcomes, and the last write, the first read and each value of a place held against a machine in steps, where
// every store is decoded and every byte compared.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "probe/find.h"
#include "probe/place.h"
#include "probe/probe.h"
#include "replay/run.h"
#include "tests/random.h"
#include "tests/scratch.h"
#include "tests/share.h"
#include "travel/travel.h"

// --- places ----------------------------------------------------------------------------------------------

static void places_are_understood(void) {
  struct wg_place_range p;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL(wg_place_parse("0x82001234", 4, NULL, &p, &err), WG_OK);
  CU_ASSERT(p.addr == 0x82001234u && p.len == 4);
  CU_ASSERT_EQUAL(wg_place_parse("82001234+0x10", 4, NULL, &p, &err), WG_OK);
  CU_ASSERT(p.addr == 0x82001234u && p.len == 16);
  CU_ASSERT_EQUAL(wg_place_parse("0xfffffffc", 4, NULL, &p, &err), WG_OK);
  static const char *const bad[] = {"",           "0x", "+4",   "0x82001234+", "0x82001234+0", "0x82001234+65537",
                                    "0xfffffffd", "4",  "r3+4", "0x1ffffffff", "8200123g",     "0x82001234+-1"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct wg_err e = {0};
    CU_ASSERT_EQUAL(wg_place_parse(bad[i], 4, NULL, &p, &e), WG_INPUT);
  }
  CU_ASSERT(wg_place_touch(0x82001234u, 4, 0x92001237u, 1)); // the image by its mirror
  CU_ASSERT(!wg_place_touch(0x82001234u, 4, 0x92001238u, 1));
  CU_ASSERT(wg_place_touch(0xA0001FFEu, 4, 0xC0002000u, 1)); // physical memory
}

// --- the last write ---------------------------------------------------------------------------------------

// Under the sanitizers, which make all of that ten times as slow, fewer.
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SAMPLES 40u
#else
#define SAMPLES 200u
#endif

struct changed {
  uint8_t bytes[4];
  bool by_code;
  uint64_t retired;
};

struct sample {
  uint32_t addr;
  uint8_t bytes[4];
  bool written, by_code; // the last one
  uint64_t retired;
  uint32_t tid, pc;
  uint64_t changed_by; // not by code: it was done before so many instructions
  struct {
    bool done;
    uint64_t retired;
    uint32_t tid, pc;
  } read;                  // by code, the first one
  struct changed *changes; // all of them, in their order
  size_t nchanges;
};

struct brute {
  struct wg_machine *m;
  struct sample list[SAMPLES], middle[SAMPLES];
  size_t n;
  bool choosing; // first: which addresses there are
  uint64_t seed, stores, halfway;
  bool half_done;
  // A conditional store that has been tried: whether it stored, its thread's next instruction knows.
  struct {
    bool open;
    uint32_t tid, pc, addr, len;
    uint64_t retired;
  } tried;
};

// An instruction of opcode 31 that accesses so many bytes at (RA|0) + RB.
struct indexed {
  uint16_t xo;
  uint8_t len;
};

// The row of `w` in `x`, and where it accesses memory. False: there is none.
static bool indexed(const struct indexed *x, size_t n, const struct wg_cpu *c, uint32_t w, uint32_t *addr,
                    uint32_t *len) {
  uint32_t ra = w >> 16 & 31;
  for (size_t i = 0; i < n; i++) {
    if (x[i].xo != (w >> 1 & 1023)) continue;
    *addr = (ra ? (uint32_t)c->gpr[ra] : 0) + (uint32_t)c->gpr[w >> 11 & 31];
    *len = x[i].len;
    if (*len == 16) *addr &= ~15u;
    return true;
  }
  return false;
}

// The bytes that an instruction stores to, by its word and the registers before it.
static bool store_of(const struct wg_cpu *c, uint32_t w, uint32_t *addr, uint32_t *len, bool *conditional) {
  static const struct indexed x[] = {{151, 4}, {183, 4}, {215, 1}, {247, 1},  {407, 2},  {439, 2}, {149, 8},
                                     {181, 8}, {150, 4}, {214, 8}, {663, 4},  {695, 4},  {727, 8}, {759, 8},
                                     {983, 4}, {662, 4}, {918, 2}, {1014, 0}, {231, 16}, {487, 16}};
  uint32_t op = w >> 26, ra = w >> 16 & 31, rs = w >> 21 & 31, xo = w >> 1 & 1023;
  uint32_t base = ra ? (uint32_t)c->gpr[ra] : 0, d = (uint32_t)(int32_t)(int16_t)w;
  *conditional = false;
  *addr = base + d;
  switch (op) {
  case 36:
  case 37:
  case 52:
  case 53: *len = 4; return true;
  case 38:
  case 39: *len = 1; return true;
  case 44:
  case 45: *len = 2; return true;
  case 47: *len = (32 - rs) * 4; return true;
  case 54:
  case 55: *len = 8; return true;
  case 62:
    *addr = base + (d & ~3u);
    *len = 8;
    return true;
  case 31: break;
  default: return false;
  }
  if (!indexed(x, sizeof x / sizeof *x, c, w, addr, len)) return false;
  *conditional = xo == 150 || xo == 214;
  if (*len == 0) {
    *len = w >> 21 & 1 ? 128 : 32; // dcbz128, dcbz
    *addr &= ~(*len - 1);
  }
  return true;
}

// The bytes that an instruction loads from. Vectors' loads of a part are of all of its 16 bytes.
static bool load_of(const struct wg_cpu *c, uint32_t w, uint32_t *addr, uint32_t *len) {
  static const struct indexed x[] = {{23, 4},  {55, 4},  {87, 1},  {119, 1}, {279, 2}, {311, 2},  {343, 2}, {375, 2},
                                     {21, 8},  {53, 8},  {341, 4}, {373, 4}, {20, 4},  {84, 8},   {534, 4}, {790, 2},
                                     {532, 8}, {535, 4}, {567, 4}, {599, 8}, {631, 8}, {103, 16}, {359, 16}};
  uint32_t op = w >> 26, ra = w >> 16 & 31, rt = w >> 21 & 31;
  uint32_t base = ra ? (uint32_t)c->gpr[ra] : 0, d = (uint32_t)(int32_t)(int16_t)w;
  *addr = base + d;
  switch (op) {
  case 32:
  case 33:
  case 48:
  case 49: *len = 4; return true;
  case 34:
  case 35: *len = 1; return true;
  case 40:
  case 41:
  case 42:
  case 43: *len = 2; return true;
  case 46: *len = (32 - rt) * 4; return true;
  case 50:
  case 51: *len = 8; return true;
  case 58:
    *addr = base + (d & ~3u);
    *len = (w & 3) == 2 ? 4 : 8;
    return true;
  case 31: break;
  default: return false;
  }
  return indexed(x, sizeof x / sizeof *x, c, w, addr, len);
}

static void loaded(struct brute *b, uint32_t addr, uint32_t len, uint64_t retired, uint32_t tid, uint32_t pc) {
  for (size_t i = 0; i < b->n && !b->choosing; i++) {
    struct sample *s = &b->list[i];
    if (s->read.done || !wg_place_touch(s->addr, 4, addr, len)) continue;
    s->read.done = true;
    s->read.retired = retired;
    s->read.tid = tid;
    s->read.pc = pc;
  }
}

static void changed(struct sample *s, bool by_code, uint64_t retired) {
  WG_VEC_NEXT(s->changes, s->nchanges);
  struct changed *c = &s->changes[s->nchanges++];
  *c = (struct changed){.by_code = by_code, .retired = retired};
  memcpy(c->bytes, s->bytes, 4);
}

static void stored(struct brute *b, uint32_t addr, uint32_t len, uint64_t retired, uint32_t tid, uint32_t pc) {
  b->stores++;
  if (b->choosing) { // each store seen so far with the same chance
    size_t i = b->n < SAMPLES ? b->n++ : random_next(&b->seed) % b->stores;
    if (i < SAMPLES) b->list[i].addr = addr + random_below(&b->seed, len);
    return;
  }
  for (size_t i = 0; i < b->n; i++) {
    struct sample *s = &b->list[i];
    if (!wg_place_touch(s->addr, 4, addr, len) || (s->written && s->retired > retired)) continue;
    s->written = s->by_code = true;
    s->retired = retired;
    s->tid = tid;
    s->pc = pc;
  }
}

// What differs from what was there is by the instruction before, which says so, or by nobody's.
static void compare(struct brute *b, uint64_t retired) {
  for (size_t i = 0; i < b->n; i++) {
    struct sample *s = &b->list[i];
    uint8_t now[4];
    wg_watcher_bytes(b->m, s->addr, 4, now);
    if (memcmp(now, s->bytes, 4) == 0) continue;
    memcpy(s->bytes, now, 4);
    bool by_code = s->written && s->by_code && s->retired + 1 == retired;
    changed(s, by_code, by_code ? s->retired : retired);
    if (by_code) continue;
    s->written = true;
    s->by_code = false;
    s->retired = s->changed_by = retired;
  }
}

static bool steps(void *ctx, uint32_t tid, const struct wg_cpu *c, uint64_t limit) {
  (void)ctx, (void)tid, (void)c, (void)limit;
  return true;
}

static bool before(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  struct brute *b = ctx;
  struct wg_machine_where w;
  uint32_t word, addr, len;
  bool conditional;
  wg_machine_where(b->m, &w);
  if (b->tried.open && b->tried.tid == tid) {
    b->tried.open = false;
    if (c->cr[2]) stored(b, b->tried.addr, b->tried.len, b->tried.retired, tid, b->tried.pc);
  }
  if (!b->choosing) compare(b, w.retired);
  if (!b->choosing && !b->half_done && w.retired >= b->halfway) {
    b->half_done = true;
    b->halfway = w.retired;
    memcpy(b->middle, b->list, sizeof b->list);
  }
  if (!wg_machine_fetch(b->m, c->pc, &word)) return true;
  if (load_of(c, word, &addr, &len)) loaded(b, addr, len, w.retired, tid, c->pc);
  if (!store_of(c, word, &addr, &len, &conditional)) return true;
  if (conditional) {
    b->tried.open = true;
    b->tried.tid = tid;
    b->tried.pc = c->pc;
    b->tried.addr = addr;
    b->tried.len = len;
    b->tried.retired = w.retired;
    return true;
  }
  stored(b, addr, len, w.retired, tid, c->pc);
  return true;
}

static bool event(void *ctx, const struct wg_event *e) {
  (void)ctx, (void)e;
  return true;
}

static uint64_t execute(struct brute *b, const struct wg_config *cfg) {
  struct wg_err err = {0};
  const struct wg_observer o = {.event = event, .ctx = b};
  const struct wg_debug d = {.steps = steps, .before = before, .ctx = b};
  CU_ASSERT_EQUAL_FATAL(wg_machine_create(&b->m, cfg, &o, &err), WG_OK);
  wg_machine_debug(b->m, &d);
  for (size_t i = 0; i < b->n; i++) wg_watcher_bytes(b->m, b->list[i].addr, 4, b->list[i].bytes);
  wg_machine_run(b->m);
  uint64_t n = wg_machine_instructions(b->m);
  if (!b->choosing) compare(b, n);
  wg_machine_free(b->m);
  return n;
}

static bool agrees(const struct sample *s, const struct wg_found *f) {
  if (!f->found) return !s->written;
  if (f->hit.by_code)
    return s->written && s->by_code && s->retired == f->hit.at.retired && s->pc == f->hit.cpu.pc &&
           s->tid == f->hit.at.tid;
  // The kernel may write what is there already, which steps do not see.
  if (memcmp(f->before, f->now, 4) == 0) return !s->written || s->retired <= f->hit.at.retired + 1;
  return s->written && !s->by_code && f->hit.at.retired <= s->changed_by;
}

static size_t found_otherwise(struct wg_travel *t, const char *dir, const struct sample *list, size_t n,
                              const struct wg_position *at) {
  size_t wrong = 0;
  for (size_t i = 0; i < n; i++) {
    const struct sample *s = &list[i];
    const struct wg_place_range place = {s->addr, 4};
    struct wg_found f;
    struct wg_err err = {0};
    if (!in_share("writes", i, 3)) continue;
    int code = wg_find_last_write(t, dir, &place, at, &f, &err);
    if (code != WG_OK) printf("%s\n", err.msg);
    CU_ASSERT_EQUAL_FATAL(code, WG_OK);
    if (!agrees(s, &f)) {
      printf(
          "%s: 0x%08x: found %d by code %d thread %u pc 0x%08x instruction %llu; in steps %d, %d, %u, 0x%08x, %llu\n",
          dir, s->addr, f.found, f.hit.by_code, f.hit.at.tid, f.hit.cpu.pc, (unsigned long long)f.hit.at.retired,
          s->written, s->by_code, s->tid, s->pc, (unsigned long long)s->retired);
      wrong++;
    }
    wg_found_release(&f);
  }
  return wrong;
}

// The first read of all. The kernel's pointers are told where nobody sees whether it looked.
static size_t read_otherwise(struct wg_travel *t, const char *dir, const struct sample *list, size_t n) {
  size_t wrong = 0;
  for (size_t i = 0; i < n; i++) {
    const struct sample *s = &list[i];
    const struct wg_place_range place = {s->addr, 4};
    struct wg_found f;
    struct wg_err err = {0};
    if (!in_share("reads", i, 3)) continue;
    CU_ASSERT_EQUAL_FATAL(wg_find_first_read(t, dir, &place, NULL, &f, &err), WG_OK);
    bool same = f.found && f.hit.by_code ? s->read.done && s->read.retired == f.hit.at.retired &&
                                               s->read.pc == f.hit.cpu.pc && s->read.tid == f.hit.at.tid
                : f.found ? !s->read.done || f.hit.at.retired <= s->read.retired
                          : !s->read.done;
    if (!same)
      printf("%s: 0x%08x: found %d by code %d thread %u pc 0x%08x instruction %llu read it first; in steps %d, %u, "
             "0x%08x, %llu\n",
             dir, s->addr, f.found, f.hit.by_code, f.hit.at.tid, f.hit.cpu.pc, (unsigned long long)f.hit.at.retired,
             s->read.done, s->read.tid, s->read.pc, (unsigned long long)s->read.retired);
    wrong += !same;
    wg_found_release(&f);
  }
  return wrong;
}

// Each change that was seen in steps is one that is told, in order; what is told beyond those are writes of one kernel
// call, of which steps see the last.
struct told {
  const struct sample *s;
  size_t next;
  bool wrong;
};

static void told_change(void *ctx, const struct wg_hit *h, const char *call) {
  struct told *o = ctx;
  (void)call;
  if (memcmp(h->before, h->now, 4) == 0) return;
  const struct changed *c = o->next < o->s->nchanges ? &o->s->changes[o->next] : NULL;
  bool is =
      c && memcmp(c->bytes, h->now, 4) == 0 && c->by_code == h->by_code && (!c->by_code || c->retired == h->at.retired);
  o->next += is;
  o->wrong |= !is && h->by_code;
}

static size_t told_otherwise(struct wg_travel *t, const char *dir, const struct sample *list, size_t n) {
  size_t wrong = 0;
  for (size_t i = 0; i < n; i++) {
    struct told o = {.s = &list[i]};
    const struct wg_place_range place = {o.s->addr, 4};
    const struct wg_value_hooks hooks = {NULL, told_change, &o};
    struct wg_err err = {0};
    if (!in_share("values", i, 3)) continue;
    CU_ASSERT_EQUAL_FATAL(wg_find_values(t, dir, &place, NULL, NULL, &hooks, &err), WG_OK);
    if (o.wrong || o.next != o.s->nchanges)
      printf("%s: 0x%08x: %zu of %zu changes are told\n", dir, o.s->addr, o.next, o.s->nchanges);
    wrong += o.wrong || o.next != o.s->nchanges;
  }
  return wrong;
}

static size_t hold_against_steps(const char *guest, const char *name, uint64_t ns) {
  char path[512];
  struct brute *b = calloc(1, sizeof *b);
  struct wg_travel *t;
  struct wg_err err = {0};
  struct wg_run_result r;
  snprintf(path, sizeof path, guest[0] == '/' ? "%s" : WG_GUESTS "/%s.xex", guest);
  const struct wg_config cfg = {.title = path, .date = WG_DEFAULT_DATE, .max_ns = ns};
  const struct wg_record_options o = {.dir = at(name), .branches = true, .checkpoints = true};
  CU_ASSERT_EQUAL_FATAL(wg_run_record(&cfg, &o, &r, &err), WG_OK);
  wg_run_result_release(&r);
  b->seed = 3;
  b->choosing = true;
  uint64_t n = execute(b, &cfg);
  for (size_t i = 0; i < b->n; i += 10)
    b->list[i].addr = 0x82000000u + random_below(&b->seed, 0x20000); // some that are not
  b->choosing = false;
  b->halfway = n / 2;
  execute(b, &cfg);
  CU_ASSERT_EQUAL_FATAL(wg_travel_open(&t, at(name), NULL, NULL, &err), WG_OK);
  // On the way to its end it leaves checkpoints, if it is long: the search goes from one to the other.
  const struct wg_position last = {.kind = WG_AT_INSN, .value = n - 1};
  CU_ASSERT_EQUAL(wg_travel_seek(t, &last, &err), WG_OK);
  size_t checkpoints = wg_travel_checkpoints(t);
  const struct wg_position half = {.kind = WG_AT_INSN, .value = b->halfway};
  CU_ASSERT_EQUAL(found_otherwise(t, at(name), b->list, b->n, NULL), 0);
  CU_ASSERT_EQUAL(found_otherwise(t, at(name), b->middle, b->n / 4, &half), 0);
  CU_ASSERT_EQUAL(read_otherwise(t, at(name), b->list, b->n / 2), 0);
  CU_ASSERT_EQUAL(told_otherwise(t, at(name), b->list, b->n / 8), 0);
  wg_travel_close(t);
  for (size_t i = 0; i < b->n; i++) free(b->list[i].changes);
  free(b);
  return checkpoints;
}

static void last_writes_are_as_in_steps(void) {
  CU_ASSERT(hold_against_steps("threads", "threads", 2500000) >= 2);
  hold_against_steps("modules", "modules", 300000000);
  hold_against_steps("files", "files", 300000000);
  hold_against_steps("spawn", "spawn", 1000000);
}

static char **titles;
static void titles_too(void) {
  for (; *titles; titles++) hold_against_steps(*titles, "title", 1500000); // each address executes that again
}

int main(int argc, char **argv) {
  titles = argv + 1;
  CU_TestInfo ours[] = {{"places are understood", places_are_understood},
                        {"last writes are as in steps", last_writes_are_as_in_steps},
                        CU_TEST_INFO_NULL};
  CU_TestInfo given[] = {{"titles too", titles_too}, CU_TEST_INFO_NULL};
  return wg_run_suite("probe", argc > 1 ? given : ours);
}
