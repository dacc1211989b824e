// What the compiler does besides compiling: which instructions make a region, where code lies, and who compiles when.
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "emu/jit/arena.h"
#include "emu/jit/choose.h"
#include "emu/jit/worker.h"
#include "tests/suite.h"

// --- regions: instructions as the Power ISA encodes them
// ---------------------------------------------------------------

#define ADDI 0x38630001u // addi r3, r3, 1
#define BLR 0x4E800020u
#define BLRL 0x4E800021u
#define BCTR 0x4E800420u
#define BCTRL 0x4E800421u
#define B(by) (0x48000000u | ((uint32_t)(by)&0x03FFFFFCu))
#define BL(by) (B(by) | 1u)
#define BA(to) (B(to) | 2u)
#define BDNZ(by) (0x42000000u | ((uint32_t)(by)&0xFFFCu))
#define BEQ(by) (0x41820000u | ((uint32_t)(by)&0xFFFCu))

static uint32_t words[WG_CHOSEN_PAGE];
static struct wg_chosen chosen;

static void put(unsigned place, const uint32_t *code, size_t n) { memcpy(words + place, code, n * sizeof *code); }
#define PUT(place, ...)                                                                                                \
  put(place, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void empty(void) {
  for (size_t i = 0; i < WG_CHOSEN_PAGE; i++) words[i] = ADDI;
}

// Whether exactly these places are in it, and those of them entries: "10 11 12".
static bool is(const bool *set, const char *places) {
  bool want[WG_CHOSEN_PAGE] = {false};
  for (const char *p = places; *p;) {
    char *end;
    want[strtoul(p, &end, 10)] = true;
    p = end + strspn(end, " ");
  }
  return memcmp(set, want, sizeof want) == 0;
}

static struct wg_jumps none;

static void expect(unsigned start, const char *in, const char *entries) {
  size_t n = 0;
  wg_choose(words, NULL, start, WG_JIT_MOST, &none, &chosen);
  CU_ASSERT_TRUE(is(chosen.in, in));
  CU_ASSERT_TRUE(is(chosen.entry, entries));
  for (size_t i = 0; i < WG_CHOSEN_PAGE; i++) n += chosen.in[i];
  CU_ASSERT_EQUAL(chosen.n, n);
}

static void regions(void) {
  empty();
  PUT(12, BLR);
  expect(10, "10 11 12", "10"); // up to what nothing falls through
  PUT(12, BCTR);
  expect(12, "12", "12");
  PUT(21, BDNZ(-4), BLR);
  expect(19, "19 20 21 22", "19 20"); // a loop begins at 20
  PUT(26, B(-8), BLR);
  expect(24, "24 25 26", "24");
  PUT(30, BL(40), ADDI, BLR);
  PUT(40, ADDI, BLR);
  expect(30, "30 31 32 40 41", "30 31"); // a call comes back to 31; what it calls is not entered from elsewhere
  PUT(50, BEQ(12), ADDI, BLR, BLR);
  expect(50, "50 51 52 53", "50"); // both ways
  PUT(60, B(16), ADDI, ADDI, ADDI, BLR);
  expect(60, "60 64", "60");
  PUT(70, BLRL, BLR);
  expect(70, "70 71", "70 71");
  PUT(80, BL(-8)); // a call backwards is no loop
  PUT(78, BLR);
  PUT(81, BLR);
  expect(80, "78 80 81", "80 81");
}

static void regions_stay_in_their_page(void) {
  empty();
  PUT(WG_CHOSEN_PAGE - 1, BEQ(8));
  expect(WG_CHOSEN_PAGE - 1, "1023", "1023");
  PUT(WG_CHOSEN_PAGE - 1, BL(8));
  expect(WG_CHOSEN_PAGE - 1, "1023", "1023");
  PUT(0, B(-4));
  expect(0, "0", "0");
  PUT(0, BA(0x40)); // an address, not a distance
  expect(0, "0", "0");
  PUT(0, B(4096 - 4));
  expect(0, "0 1023", "0"); // the last place of all, which calls beyond
  PUT(0, B(4096));
  expect(0, "0", "0");
}

static void jumps_lead_to_where_they_went(void) {
  struct wg_jumps jumps = {.n = 0};
  empty();
  PUT(12, BCTR);
  PUT(20, ADDI, BCTR);
  PUT(30, BLR);
  wg_jumps_add(&jumps, 20);
  wg_jumps_add(&jumps, 30);
  wg_jumps_add(&jumps, 20);
  CU_ASSERT_EQUAL(jumps.n, 2);
  wg_choose(words, NULL, 11, WG_JIT_MOST, &jumps, &chosen);
  CU_ASSERT_TRUE(is(chosen.in, "11 12 20 21 30"));
  CU_ASSERT_TRUE(is(chosen.entry, "11 20 30"));
  wg_choose(words, NULL, 30, WG_JIT_MOST, &jumps, &chosen); // nothing jumps here
  CU_ASSERT_TRUE(is(chosen.in, "30") && is(chosen.entry, "30"));
  PUT(40, BCTRL, BLR); // a call leads there, too, and comes back
  wg_choose(words, NULL, 40, WG_JIT_MOST, &jumps, &chosen);
  CU_ASSERT_TRUE(is(chosen.in, "20 21 30 40 41") && is(chosen.entry, "20 30 40 41"));
  wg_choose(words, NULL, 40, WG_JIT_MOST, &none, &chosen);
  CU_ASSERT_TRUE(is(chosen.in, "40 41") && is(chosen.entry, "40 41"));
  for (unsigned i = 100; i < 300; i++) wg_jumps_add(&jumps, i);
  CU_ASSERT_EQUAL(jumps.n, 64); // the first ones
}

static void regions_have_a_size(void) {
  empty();
  wg_choose(words, NULL, 5, 16, &none, &chosen);
  CU_ASSERT_EQUAL(chosen.n, 16);
  CU_ASSERT_TRUE(chosen.in[5] && chosen.in[20] && !chosen.in[21]);
  PUT(5, BEQ(400), BLR); // what falls through comes before what is branched to
  wg_choose(words, NULL, 5, 3, &none, &chosen);
  CU_ASSERT_TRUE(is(chosen.in, "5 6 105"));
  wg_choose(words, NULL, 5, 1, &none, &chosen);
  CU_ASSERT_TRUE(is(chosen.in, "5") && is(chosen.entry, "5"));
}

static void only_what_was_executed_is_chosen(void) {
  static bool executed[WG_CHOSEN_PAGE];
  empty();
  PUT(5, BEQ(20), ADDI, BLR); // to 10
  PUT(10, ADDI, ADDI, BLR);
  executed[6] = executed[7] = executed[10] = executed[11] = true; // and what it begins with anyway
  wg_choose(words, executed, 5, WG_JIT_MOST, &none, &chosen);
  CU_ASSERT_TRUE(is(chosen.in, "5 6 7 10 11"));
  executed[10] = false;
  wg_choose(words, executed, 5, WG_JIT_MOST, &none, &chosen);
  CU_ASSERT_TRUE(is(chosen.in, "5 6 7"));
}

// --- where it lies
// -----------------------------------------------------------------------------------------------------

// What may be done with the page at `p`, as /proc/self/maps has it: "rw-p" or "r-xp".
static void rights_at(const uint8_t *p, char out[5]) {
  char line[512];
  FILE *f = fopen("/proc/self/maps", "r");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  strcpy(out, "none");
  while (fgets(line, sizeof line, f)) {
    unsigned long long from, to;
    char rights[5];
    if (sscanf(line, "%llx-%llx %4s", &from, &to, rights) != 3) continue;
    if ((uintptr_t)p >= from && (uintptr_t)p < to) memcpy(out, rights, 5);
  }
  fclose(f);
}

static void code_is_written_or_executed(void) {
  struct wg_arena a;
  struct wg_err err = {0};
  uint8_t bytes[200];
  char rights[5];
  memset(bytes, 0x5A, sizeof bytes);
  CU_ASSERT_EQUAL_FATAL(wg_arena_create(&a, 4096, &err), WG_OK);
  rights_at(a.at, rights);
  CU_ASSERT_STRING_EQUAL(rights, "r-xp");
  const uint8_t *first = wg_arena_add(&a, bytes, 1);
  rights_at(a.at, rights);
  CU_ASSERT_STRING_EQUAL(rights, "rw-p");
  const uint8_t *second = wg_arena_add(&a, bytes, 64);
  for (unsigned i = 0; i < 2; i++) wg_arena_run(&a);
  rights_at(a.at, rights);
  CU_ASSERT_STRING_EQUAL(rights, "r-xp");
  const uint8_t *third = wg_arena_add(&a, bytes, 65);
  CU_ASSERT_PTR_EQUAL(first, a.at);
  CU_ASSERT_PTR_EQUAL(second, a.at + 64); // each at a multiple of 64
  CU_ASSERT_PTR_EQUAL(third, a.at + 128);
  CU_ASSERT_TRUE(memcmp(first, bytes, 1) == 0 && memcmp(second, bytes, 64) == 0 && memcmp(third, bytes, 65) == 0);
  CU_ASSERT_EQUAL(first[1], 0);
  CU_ASSERT_EQUAL(a.used, 256);
  uint8_t *rest = wg_xcalloc(4096, 1);
  CU_ASSERT_PTR_NULL(wg_arena_add(&a, rest, 4096 - 256 + 1));
  CU_ASSERT_PTR_EQUAL(wg_arena_add(&a, rest, 4096 - 256 - 10), a.at + 256); // to the end, which is no multiple more
  CU_ASSERT_EQUAL(a.used, 4096);
  CU_ASSERT_PTR_NULL(wg_arena_add(&a, bytes, 1));
  wg_arena_clear(&a);
  CU_ASSERT_PTR_EQUAL(wg_arena_add(&a, rest, 4096), a.at);
  wg_arena_free(&a);
  wg_arena_free(&a); // nothing is left to give back
  free(rest);
  CU_ASSERT_EQUAL(wg_arena_create(&a, (size_t)1 << 60, &err), WG_INTERNAL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "no memory for compiled code"));
}

// An arena of several large pages, which the host may give or not.
static void a_large_arena_is_used_to_its_end(void) {
  enum { SIZE = (2 << 20) + 3 * 4096, STEP = 65536 };
  struct wg_arena a;
  struct wg_err err = {0};
  uint8_t *bytes = wg_xcalloc(STEP, 1);
  CU_ASSERT_EQUAL_FATAL(wg_arena_create(&a, SIZE, &err), WG_OK);
  CU_ASSERT_EQUAL((uintptr_t)a.at % (2 << 20), 0);
  for (unsigned i = 0; i < SIZE / STEP; i++) {
    memset(bytes, (int)i + 1, STEP);
    CU_ASSERT_PTR_EQUAL(wg_arena_add(&a, bytes, STEP), a.at + (size_t)STEP * i);
  }
  CU_ASSERT_PTR_NULL(wg_arena_add(&a, bytes, STEP));
  CU_ASSERT_PTR_NOT_NULL(wg_arena_add(&a, bytes, 3 * 4096));
  wg_arena_run(&a);
  for (unsigned i = 0; i < SIZE / STEP; i++)
    CU_ASSERT_TRUE(a.at[STEP * i] == i + 1 && a.at[STEP * i + STEP - 1] == i + 1);
  wg_arena_free(&a);
  free(bytes);
}

// --- who compiles when
// ---------------------------------------------------------------------------------------------------

static pthread_t compiled_by;
static bool interrupted; // signals reach who compiles
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER, door = PTHREAD_MUTEX_INITIALIZER;
static unsigned prepared; // behind the door

static void prepare(struct wg_jit *j) {
  (void)j;
  pthread_mutex_lock(&door);
  prepared++;
  pthread_mutex_unlock(&door);
}

// Regions of an odd number of instructions are not for this backend.
static bool compile(struct wg_jit *j, const struct wg_jit_region *r, struct wg_jit_blob *out, char *why, size_t cap) {
  sigset_t blocked;
  (void)j;
  pthread_mutex_lock(&gate);
  compiled_by = pthread_self();
  pthread_sigmask(SIG_SETMASK, NULL, &blocked);
  interrupted = !sigismember(&blocked, SIGINT) || !sigismember(&blocked, SIGTERM);
  pthread_mutex_unlock(&gate);
  if (r->n % 2) {
    strncpy(why, "odd", cap - 1);
    return false;
  }
  *out = (struct wg_jit_blob){.bytes = wg_xcalloc(r->n + 1, 1), .size = r->n, .entry = r->n / 2};
  return true;
}
static const struct wg_jit_backend fake = {
    .version = WG_JIT_VERSION, .name = "fake", .prepare = prepare, .compile = compile};

// In a page of its own.
static struct wg_job *job_of(size_t n) {
  struct wg_job *job = wg_job_new(n);
  job->n = n;
  job->page = (uint32_t)n;
  return job;
}

// Instructions from `from` up to `to`, one after every `step`-th, seen to run at the first.
static struct wg_job *job_from(unsigned from, unsigned to, unsigned step) {
  struct wg_job *job = wg_job_new(to - from);
  job->pc = 4 * from;
  for (unsigned place = from; place < to; place += step)
    job->insns[job->n++] =
        (struct wg_jit_insn){.place = (uint16_t)place, .pc = 4 * place, .word = ADDI, .entry = place == from};
  return job;
}

static void jobs_are_done_at_once(void) {
  struct wg_worker *w = wg_worker_create(&fake, NULL, NULL, false);
  CU_ASSERT_PTR_NULL(wg_worker_take(w));
  for (size_t n = 1; n <= 4; n++) wg_worker_give(w, job_of(n));
  CU_ASSERT_TRUE(pthread_equal(compiled_by, pthread_self()));
  CU_ASSERT_EQUAL(wg_worker_waiting(w), 0);
  for (size_t n = 1; n <= 3; n++) {
    struct wg_job *job = wg_worker_take(w);
    CU_ASSERT_PTR_NOT_NULL_FATAL(job);
    CU_ASSERT_EQUAL(job->n, n); // in their order
    CU_ASSERT_EQUAL(job->ok, n % 2 == 0);
    if (job->ok) CU_ASSERT_TRUE(job->blob.size == n && job->blob.entry == n / 2);
    if (!job->ok) CU_ASSERT_STRING_EQUAL(job->why, "odd");
    wg_job_free(job);
  }
  wg_worker_free(w); // with one that nobody took
  wg_worker_free(NULL);
  wg_job_free(NULL);
}

static void jobs_are_done_meanwhile(void) {
  struct wg_worker *w = wg_worker_create(&fake, NULL, NULL, true);
  pthread_mutex_lock(&gate); // nothing is compiled before all are given
  wg_worker_give(w, job_of(51));
  while (wg_worker_waiting(w)) sched_yield(); // which it is at
  for (size_t n = 1; n <= 50; n++) wg_worker_give(w, job_of(n));
  CU_ASSERT_EQUAL(wg_worker_waiting(w), 50);
  CU_ASSERT_PTR_NULL(wg_worker_take(w));
  pthread_mutex_unlock(&gate);
  for (size_t next = 51; next > 0;) { // the latest first: the title is at that
    struct wg_job *job = wg_worker_take(w);
    if (job == NULL) continue;
    CU_ASSERT_TRUE(job->n == next && job->ok == (next % 2 == 0));
    next--;
    wg_job_free(job);
  }
  CU_ASSERT_PTR_NULL(wg_worker_take(w));
  CU_ASSERT_EQUAL(wg_worker_waiting(w), 0);
  CU_ASSERT_FALSE(pthread_equal(compiled_by, pthread_self()));
  CU_ASSERT_FALSE(interrupted);
  sigset_t mine;
  pthread_sigmask(SIG_SETMASK, NULL, &mine);
  CU_ASSERT_FALSE(sigismember(&mine, SIGINT)); // who gave it work hears signals as before
  for (size_t n = 1; n <= 50; n++) wg_worker_give(w, job_of(n));
  wg_worker_free(w); // whatever is done of them
}

static void a_part_that_waits_is_compiled_with_the_whole(void) {
  struct wg_worker *w = wg_worker_create(&fake, NULL, NULL, true);
  struct wg_job *other_word = job_from(10, 20, 1), *other_page = job_from(10, 20, 1), *last = job_from(58, 60, 1);
  other_word->insns[9].word = BLR;
  other_page->page = 1;
  pthread_mutex_lock(&gate);
  wg_worker_give(w, job_of(100)); // which it is at
  while (wg_worker_waiting(w)) sched_yield();
  wg_worker_give(w, other_word);
  wg_worker_give(w, job_from(12, 20, 2));
  wg_worker_give(w, other_page);
  wg_worker_give(w, job_from(58, 62, 1)); // ends behind it
  wg_worker_give(w, last);
  wg_worker_give(w, job_from(10, 60, 1));
  CU_ASSERT_EQUAL(wg_worker_waiting(w), 4);
  pthread_mutex_unlock(&gate);
  static const struct {
    uint32_t page, pc;
    size_t n;
  } want[] = {{100, 0, 100}, {0, 40, 50}, {0, 232, 4}, {1, 40, 10}, {0, 40, 10}};
  for (size_t i = 0; i < 5;) {
    struct wg_job *job = wg_worker_take(w);
    if (job == NULL) continue;
    CU_ASSERT_TRUE(job->page == want[i].page && job->pc == want[i].pc && job->n == want[i].n);
    for (size_t k = 0; i == 1 && k < job->n; k++) CU_ASSERT_EQUAL(job->insns[k].entry, k == 0 || k == 2 || k == 48);
    wg_job_free(job);
    i++;
  }
  wg_worker_free(w);
}

static void what_is_asked_first_may_be_a_part(void) {
  struct wg_worker *w = wg_worker_create(&fake, NULL, NULL, true);
  struct wg_job *job;
  pthread_mutex_lock(&door);
  prepared = 0;
  wg_worker_give(w, job_from(12, 20, 1));
  sched_yield();
  wg_worker_give(w, job_from(10, 20, 1));
  CU_ASSERT_EQUAL(wg_worker_waiting(w), 1);
  pthread_mutex_unlock(&door);
  while ((job = wg_worker_take(w)) == NULL) sched_yield();
  CU_ASSERT_TRUE(job->n == 10 && job->insns[2].entry);
  wg_job_free(job);
  wg_worker_give(w, job_of(2));
  while ((job = wg_worker_take(w)) == NULL) sched_yield();
  CU_ASSERT_EQUAL(prepared, 1); // once
  wg_job_free(job);
  wg_worker_free(w);
}

WG_MAIN("region", {"regions", regions}, {"regions stay in their page", regions_stay_in_their_page},
        {"jumps lead to where they went", jumps_lead_to_where_they_went}, {"regions have a size", regions_have_a_size},
        {"only what was executed is chosen", only_what_was_executed_is_chosen},
        {"code is written or executed", code_is_written_or_executed},
        {"a large arena is used to its end", a_large_arena_is_used_to_its_end},
        {"jobs are done at once", jobs_are_done_at_once}, {"jobs are done meanwhile", jobs_are_done_meanwhile},
        {"a part that waits is compiled with the whole", a_part_that_waits_is_compiled_with_the_whole},
        {"what is asked first may be a part", what_is_asked_first_may_be_a_part})
