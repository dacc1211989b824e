// The file of branches, byte for byte as trace/branches.h describes it, by hand and by chance; and what lies.
#include <stdio.h>
#include <string.h>
#include <time.h>
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
#define SLOTS "\xC3\x92\x43\xC3\0\x43\0\1\0\x82\4\1\0\x82\x64\2\0\x82"
static const char coded[] = "wedge.branches 3\n" HEAD "\0" WORDS SLOTS "E";
static const char coded_2[] = "wedge.branches 2\n" HEAD WORDS SLOTS "E";

static const uint64_t words_of_that[] = {0x0807060504030201, 0x4000000000000000};
static const struct wg_branch_packet that = {.tid = 5,
                                             .pc = 8,
                                             .cycle = 300,
                                             .idx = 2,
                                             .instructions = 700,
                                             .words = words_of_that,
                                             .nbits = 64,
                                             .targets = some,
                                             .ntargets = 6};

static void is_written_as(const struct wg_branch_packet *p, const char *want, size_t n) {
  struct wg_branches_writer *w;
  struct wg_err err = {0};
  struct wg_buf file = {0};
  char sha[65];
  unlink(at("b"));
  CU_ASSERT_EQUAL_FATAL(wg_branches_create(&w, at("b"), &err), WG_OK);
  wg_branches_write(w, p);
  CU_ASSERT_EQUAL(wg_branches_finish(w, sha, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_frames_read(at("b"), 1000, &file, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(file.len, n);
  CU_ASSERT_EQUAL(memcmp(file.data, want, file.len), 0);
  wg_buf_release(&file);
}

static void what_is_known_is_a_byte(void) {
  is_written_as(&that, coded, sizeof coded - 1);
  has_that_packet(opened(coded, sizeof coded - 1), some);
}

static const char plain[] =
    "wedge.branches 1\n" HEAD WORDS "\0\1\0\x82\4\1\0\x82\0\1\0\x82\x64\2\0\x82\0\0\0\0\x64\2\0\x82"
    "E";

static void older_versions_are_read(void) {
  has_that_packet(opened(plain, sizeof plain - 1), some);
  has_that_packet(opened(coded_2, sizeof coded_2 - 1), some);
}

// A packet that is expected is taken if it is the next one to the last bit; if not, it is still there.
static void what_is_expected_is_taken(void) {
  static const uint64_t other_words[] = {0x0807060504030201, 0x2000000000000000};
  static const uint32_t other_targets[] = {0x82000100, 0x82000104, 0x82000100, 0x82000264, 0, 0x82000268};
  struct wg_branch_packet others[11], none;
  for (size_t i = 0; i < 11; i++) others[i] = that;
  others[0].tid = 6;
  others[1].hw = 1;
  others[2].pc = 12;
  others[3].cycle = 301;
  others[4].idx = 3;
  others[5].instructions = 701;
  others[6].nbits = 63;
  others[7].nbits = 65;
  others[8].words = other_words;
  others[9].ntargets = 5;
  others[10].targets = other_targets;
  struct wg_branches_reader *r = opened(coded, sizeof coded - 1);
  for (size_t i = 0; i < 11; i++) CU_ASSERT_FALSE(wg_branches_take(r, &others[i]));
  has_that_packet(r, some);
  r = opened(coded, sizeof coded - 1);
  CU_ASSERT_TRUE(wg_branches_take(r, &that));
  CU_ASSERT_FALSE(wg_branches_take(r, &that)); // there was one
  CU_ASSERT_FALSE(wg_branches_next(r, &none));
  CU_ASSERT_PTR_NULL(wg_branches_damage(r));
  CU_ASSERT_FALSE(wg_branches_take(r, &that));
  wg_branches_close_file(r);
  r = opened(coded, sizeof coded - 3); // all but its last byte
  CU_ASSERT_FALSE(wg_branches_take(r, &that));
  CU_ASSERT_FALSE(wg_branches_next(r, &none));
  wg_branches_close_file(r);
  r = opened(plain, sizeof plain - 1);
  CU_ASSERT_FALSE(wg_branches_take(r, &that)); // is read alone
  has_that_packet(r, some);
  r = opened(coded_2, sizeof coded_2 - 1);
  CU_ASSERT_FALSE(wg_branches_take(r, &that));
  has_that_packet(r, some);
}

static void damage_is_told(void) {
  struct wg_branch_packet p;
  struct wg_err err = {0};
  struct wg_branches_reader *r;
  char bad[sizeof coded];
  const size_t first = sizeof "wedge.branches 3\n" HEAD "\0" WORDS - 1;
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
  bad[15] = '4';
  CU_ASSERT_EQUAL_FATAL(wg_file_write(at("b"), bad, sizeof bad - 1, &err), WG_OK);
  CU_ASSERT_EQUAL(wg_branches_open(&r, at("b"), &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "not a record of branches"));
}

// 40 words, which repeat: from the fourth on each is the one two before, but for the last.
#define REPEATS 40
static void fill_repeats(uint64_t words[REPEATS]) {
  for (uint64_t i = 0; i < REPEATS; i++) words[i] = i < 4 ? i + 1 : words[i - 2];
  words[REPEATS - 1] = 9;
}
#define W(c) c "\0\0\0\0\0\0\0"
#define REPEATED                                                                                                       \
  "wedge.branches 3\n"                                                                                                 \
  "B\5\0\10\xAC\2\2\xBC\5\xD8\x13\0"                                                                                   \
  "\4\2\x23" W("\1") W("\2") W("\3") W("\4") W("\x09") "E"

static void words_that_repeat_are_told_once(void) {
  static const char want[] = REPEATED;
  uint64_t words[REPEATS];
  fill_repeats(words);
  struct wg_branch_packet p = that;
  p.words = words;
  p.nbits = REPEATS * WG_BRANCH_WORD_BITS;
  p.ntargets = 0;
  is_written_as(&p, want, sizeof want - 1);
  struct wg_branches_reader *r = opened(want, sizeof want - 1);
  CU_ASSERT_TRUE_FATAL(wg_branches_next(r, &p));
  CU_ASSERT_EQUAL(p.nbits, REPEATS * WG_BRANCH_WORD_BITS);
  CU_ASSERT_EQUAL(memcmp(p.words, words, sizeof words), 0);
  CU_ASSERT_FALSE(wg_branches_next(r, &p));
  CU_ASSERT_PTR_NULL(wg_branches_damage(r));
  wg_branches_close_file(r);
}

// Where they repeat, what, and how often are bounded by the words that there are.
static void words_that_repeat_nothing_are_told(void) {
  static const struct {
    size_t place;
    char byte;
  } bends[] = {{0, 41}, {1, 5}, {1, 0}, {2, 37}, {2, 127}};
  const size_t first = sizeof "wedge.branches 3\n"
                              "B\5\0\10\xAC\2\2\xBC\5\xD8\x13";
  for (size_t i = 0; i < sizeof bends / sizeof *bends; i++) {
    char bad[] = REPEATED;
    struct wg_branch_packet p;
    bad[first + bends[i].place] = bends[i].byte;
    struct wg_branches_reader *r = opened(bad, sizeof bad - 1);
    CU_ASSERT_FALSE(wg_branches_next(r, &p));
    CU_ASSERT_FATAL(wg_branches_damage(r) != NULL && strstr(wg_branches_damage(r), "words repeat") != NULL);
    wg_branches_close_file(r);
  }
}

// Some words, then so many rounds of others, then some: whatever the lengths, they come back, and nobody tells more
// than there is to tell.
static void make_repeats(uint64_t *words, size_t n, uint64_t *seed) {
  size_t period = 1 + random_below(seed, random_below(seed, 2) ? 8 : 70), from = random_below(seed, (uint32_t)n + 1),
         to = from + random_below(seed, (uint32_t)(n - from) + 1);
  for (size_t i = 0; i < n; i++)
    words[i] = i >= from + period && i < to ? words[i - period] : random_next(seed) >> 1 & 0xFF;
}

static void any_packets_come_back(void) {
  enum { PACKETS = 600, MOST = 600, WORDS_OF = 200 };
  struct wg_branches_writer *w;
  struct wg_branches_reader *r;
  struct wg_err err = {0};
  struct wg_branch_packet got;
  static uint64_t words[PACKETS][WORDS_OF];
  static uint32_t targets[PACKETS][MOST];
  static struct wg_branch_packet p[PACKETS];
  char sha[65];
  uint64_t seed = 77;
  unlink(at("b"));
  CU_ASSERT_EQUAL_FATAL(wg_branches_create(&w, at("b"), &err), WG_OK);
  for (size_t i = 0; i < PACKETS; i++) {
    uint32_t among = 1 + random_below(&seed, i % 2 ? 400 : 5);
    size_t nwords = random_below(&seed, WORDS_OF + 1);
    make_repeats(words[i], nwords, &seed);
    for (size_t k = 0; k < MOST; k++)
      targets[i][k] = i % 3 ? 0x82000000 + 4 * random_below(&seed, among) : (uint32_t)random_next(&seed);
    p[i] = (struct wg_branch_packet){
        .tid = (uint32_t)random_next(&seed),
        .cycle = random_next(&seed),
        .words = words[i],
        .nbits = nwords ? nwords * WG_BRANCH_WORD_BITS - random_below(&seed, WG_BRANCH_WORD_BITS) : 0,
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
  size_t taken = 0;
  CU_ASSERT_EQUAL_FATAL(wg_branches_open(&r, at("b"), &err), WG_OK);
  for (size_t i = 0; i < PACKETS; i++) {
    CU_ASSERT_FALSE(wg_branches_take(r, &p[(i + 1) % PACKETS]));
    if (wg_branches_take(r, &p[i])) {
      taken++;
    } else {
      CU_ASSERT_TRUE_FATAL(wg_branches_next(r, &got)); // in two blocks
      CU_ASSERT_EQUAL(got.cycle, p[i].cycle);
    }
  }
  CU_ASSERT_TRUE(taken > PACKETS / 2);
  CU_ASSERT_FALSE(wg_branches_next(r, &got));
  wg_branches_close_file(r);
}

// A frame is cut for each 256 KiB or so, and where the host was slow: more than that would make the file larger and
// every reader slower, fewer would keep the record in memory.
static void frames_are_neither_many_nor_few(void) {
  struct wg_branches_writer *w;
  struct wg_err err = {0};
  struct wg_buf file = {0};
  uint64_t seed = 3;
  uint32_t targets[200];
  char sha[65];
  unlink(at("b"));
  CU_ASSERT_EQUAL_FATAL(wg_branches_create(&w, at("b"), &err), WG_OK);
  for (uint64_t n = 0; n < 2000; n++) {
    for (size_t i = 0; i < 200; i++) targets[i] = (uint32_t)random_next(&seed) & ~3u;
    wg_branches_write(w, &(struct wg_branch_packet){.tid = 1, .cycle = n, .targets = targets, .ntargets = 200});
  }
  CU_ASSERT_EQUAL(wg_branches_finish(w, sha, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(wg_file_read(at("b"), 16 << 20, &file, &err), WG_OK);
  const uint8_t *table = (const uint8_t *)file.data + file.len - 9; // frames, flags, magic number
  uint32_t frames = (uint32_t)table[0] | (uint32_t)table[1] << 8 | (uint32_t)table[2] << 16 | (uint32_t)table[3] << 24;
  CU_ASSERT_TRUE(frames >= 2000 * 800 / (WG_FRAME_BYTES + 1100));
  CU_ASSERT_TRUE(frames < 200);
  wg_buf_release(&file);
}

// What a killed run has handed over is in its file, though it is not worth a frame.
static void a_packet_does_not_wait_for_others(void) {
  struct wg_branches_writer *w;
  struct wg_err err = {0};
  struct wg_buf content = {0};
  char sha[65];
  const uint64_t word = 1;
  unlink(at("b"));
  CU_ASSERT_EQUAL_FATAL(wg_branches_create(&w, at("b"), &err), WG_OK);
  wg_branches_write(w, &(struct wg_branch_packet){.tid = 7, .words = &word, .nbits = 63});
  for (int tries = 0; tries < 600 && content.len <= WG_BRANCHES_MAGIC_BYTES; tries++) {
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    wg_buf_clear(&content);
    CU_ASSERT_EQUAL(wg_frames_read(at("b"), 1000, &content, &err), WG_OK);
  }
  CU_ASSERT_TRUE(content.len > WG_BRANCHES_MAGIC_BYTES + 8);
  CU_ASSERT_EQUAL(wg_branches_finish(w, sha, &err), WG_OK);
  wg_buf_release(&content);
}

WG_MAIN("branch file", {"what is known is a byte", what_is_known_is_a_byte},
        {"older versions are read", older_versions_are_read}, {"what is expected is taken", what_is_expected_is_taken},
        {"damage is told", damage_is_told}, {"words that repeat are told once", words_that_repeat_are_told_once},
        {"words that repeat nothing are told", words_that_repeat_nothing_are_told},
        {"a packet does not wait for others", a_packet_does_not_wait_for_others},
        {"any packets come back", any_packets_come_back},
        {"frames are neither many nor few", frames_are_neither_many_nor_few})
