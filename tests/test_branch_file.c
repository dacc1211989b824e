// The file of branches, byte for byte as trace/branches.h describes it, by hand and by chance; and what lies.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/random.h"
#include "tests/scratch.h"
#include "trace/branches.h"
#include "trace/frames.h"

static struct wg_branches_reader *opened(const void *bytes, size_t n) {
  struct wg_branches_reader *r = NULL;
  struct wg_err err = {0};
  unlink(at("b"));
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at("b"), bytes, n, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_branches_open(&r, at("b"), &err), WG_OK);
  return r;
}

// tid 5, hw 0, at 8, cycle 300, idx 2, 700 instructions, 64 bits, 6 targets.
#define HEAD "B\5\0\10\xAC\2\2\xBC\5\100\6"
#define WORDS "\1\2\3\4\5\6\7\10\0\0\0\0\0\0\0\100"

static void has_that_packet(struct wg_branches_reader *r, const uint32_t *targets) {
  struct wg_branch_packet p;
  CU_ASSERT_TRUE_FATAL(wg_branches_next(r, &p));
  CU_ASSERT(p.tid == 5 && p.hw == 0 && p.pc == 8 && p.cycle == 300 && p.idx == 2 && p.instructions == 700);
  CU_ASSERT(p.nbits == 64 && p.words[0] == 0x0807060504030201u && p.words[1] == 0x4000000000000000u);
  CU_ASSERT_FATAL(p.ntargets == 6);
  for (size_t i = 0; i < 6; i++) CU_ASSERT_EQUAL(p.targets[i], targets[i]);
  CU_ASSERT_FALSE(wg_branches_next(r, &p));
  CU_ASSERT_PTR_NULL(wg_branches_damage(r));
  wg_branches_close_file(r);
}

// 82000100 and 82000264 have slot 67, 82000104 has 18, and 0 has 0 (by another program's arithmetic).
static const uint32_t some[] = {0x82000100, 0x82000104, 0x82000100, 0x82000264, 0, 0x82000264};
static const char coded[] = "wedge.branches 2\n" HEAD WORDS "\xC3\x92\x43\xC3\0\x43"
                            "\0\1\0\x82\4\1\0\x82\x64\2\0\x82"
                            "E";

static void what_is_known_is_a_byte(void) {
  struct wg_branches_writer *w;
  struct wg_err err = {0};
  struct wg_buf file = {0};
  char sha[65];
  const uint64_t words[] = {0x0807060504030201, 0x4000000000000000};
  const struct wg_branch_packet p = {.tid = 5,
                                     .pc = 8,
                                     .cycle = 300,
                                     .idx = 2,
                                     .instructions = 700,
                                     .words = words,
                                     .nbits = 64,
                                     .targets = some,
                                     .ntargets = 6};
  unlink(at("b"));
  CU_ASSERT_EQUAL_FATAL(wg_branches_create(&w, at("b"), &err), WG_OK);
  wg_branches_write(w, &p);
  CU_ASSERT_EQUAL(wg_branches_finish(w, sha, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_frames_read(at("b"), 1000, &file, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(file.len, sizeof coded - 1);
  CU_ASSERT_EQUAL(memcmp(file.data, coded, file.len), 0);
  wg_buf_release(&file);
  has_that_packet(opened(coded, sizeof coded - 1), some);
}

static void version_1_is_read(void) {
  static const char plain[] =
      "wedge.branches 1\n" HEAD WORDS "\0\1\0\x82\4\1\0\x82\0\1\0\x82\x64\2\0\x82\0\0\0\0\x64\2\0\x82"
      "E";
  has_that_packet(opened(plain, sizeof plain - 1), some);
}

static void damage_is_told(void) {
  struct wg_branch_packet p;
  struct wg_err err = {0};
  struct wg_branches_reader *r;
  char bad[sizeof coded];
  const size_t first = sizeof "wedge.branches 2\n" HEAD WORDS - 1;
  // A slot that holds none of its own; a new target in another's slot.
  static const struct {
    size_t place;
    char byte;
  } bends[] = {{4, 1}, {1, '\x93'}, {7, 2}};
  for (size_t i = 0; i < sizeof bends / sizeof *bends; i++) {
    memcpy(bad, coded, sizeof bad);
    bad[first + bends[i].place] = bends[i].byte;
    r = opened(bad, sizeof bad - 1);
    CU_ASSERT_FALSE(wg_branches_next(r, &p));
    CU_ASSERT_FATAL(wg_branches_damage(r) != NULL && strstr(wg_branches_damage(r), "slot") != NULL);
    wg_branches_close_file(r);
  }
  for (size_t n = first - sizeof WORDS; n < sizeof coded - 2; n++) { // cut anywhere
    r = opened(coded, n);
    CU_ASSERT_FALSE(wg_branches_next(r, &p));
    CU_ASSERT_FATAL(wg_branches_damage(r) != NULL && strstr(wg_branches_damage(r), "cut off") != NULL);
    wg_branches_close_file(r);
  }
  memcpy(bad, coded, sizeof bad);
  bad[15] = '3';
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at("b"), bad, sizeof bad - 1, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_branches_open(&r, at("b"), &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "not a record of branches"));
}

static void any_packets_come_back(void) {
  enum { PACKETS = 300, MOST = 600 };
  struct wg_branches_writer *w;
  struct wg_branches_reader *r;
  struct wg_err err = {0};
  struct wg_branch_packet got;
  static uint64_t words[PACKETS][40];
  static uint32_t targets[PACKETS][MOST];
  static struct wg_branch_packet p[PACKETS];
  char sha[65];
  uint64_t seed = 77;
  unlink(at("b"));
  CU_ASSERT_EQUAL_FATAL(wg_branches_create(&w, at("b"), &err), WG_OK);
  for (size_t i = 0; i < PACKETS; i++) {
    uint32_t among = 1 + random_below(&seed, i % 2 ? 400 : 5);
    for (size_t k = 0; k < 40; k++) words[i][k] = random_next(&seed) >> 1;
    for (size_t k = 0; k < MOST; k++)
      targets[i][k] = i % 3 ? 0x82000000 + 4 * random_below(&seed, among) : (uint32_t)random_next(&seed);
    p[i] = (struct wg_branch_packet){.tid = (uint32_t)random_next(&seed),
                                     .cycle = random_next(&seed),
                                     .words = words[i],
                                     .nbits = random_below(&seed, 40 * WG_BRANCH_WORD_BITS),
                                     .targets = targets[i],
                                     .ntargets = random_below(&seed, MOST)};
    wg_branches_write(w, &p[i]);
  }
  CU_ASSERT_EQUAL(wg_branches_finish(w, sha, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_branches_open(&r, at("b"), &err), WG_OK);
  for (size_t i = 0; i < PACKETS; i++) {
    CU_ASSERT_TRUE_FATAL(wg_branches_next(r, &got));
    CU_ASSERT(got.tid == p[i].tid && got.cycle == p[i].cycle && got.nbits == p[i].nbits &&
              got.ntargets == p[i].ntargets);
    CU_ASSERT_EQUAL(memcmp(got.words, p[i].words, (got.nbits + 62) / 63 * 8), 0);
    CU_ASSERT_EQUAL(memcmp(got.targets, p[i].targets, got.ntargets * 4), 0);
  }
  CU_ASSERT_FALSE(wg_branches_next(r, &got));
  CU_ASSERT_PTR_NULL(wg_branches_damage(r));
  wg_branches_close_file(r);
}

WG_MAIN("branch file", {"what is known is a byte", what_is_known_is_a_byte}, {"version 1 is read", version_1_is_read},
        {"damage is told", damage_is_told}, {"any packets come back", any_packets_come_back})
