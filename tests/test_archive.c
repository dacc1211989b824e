// The description of state, field by field: what is saved is what is loaded, byte by byte as the format says
// (emu/state/archive.h), a field is one that can be touched, and what is damaged is told. And the store of pages.
#include "emu/state/archive.h"

#include <stdlib.h>
#include <string.h>

#include "tests/suite.h"

// One of each kind of field.
struct all {
  uint8_t u8;
  uint16_t u16;
  uint32_t u32;
  uint64_t u64;
  bool yes, no;
  int16_t i16;
  int32_t i32;
  int64_t i64;
  size_t size;
  char bytes[3];
  char *string, *none;
  struct wg_buf buf;
  uint8_t *block, *no_block;
  struct wg_map map;
  uint32_t count, kind, index, nowhere;
  char *text, *no_text;
};

static void walk(struct wg_archive *a, struct all *s) {
  wg_ar_part(a, "all of it");
  wg_ar_u8(a, &s->u8);
  wg_ar_u16(a, &s->u16);
  wg_ar_u32(a, &s->u32);
  wg_ar_u64(a, &s->u64);
  wg_ar_bool(a, &s->yes);
  wg_ar_bool(a, &s->no);
  wg_ar_i16(a, &s->i16);
  wg_ar_i32(a, &s->i32);
  wg_ar_i64(a, &s->i64);
  wg_ar_size(a, &s->size);
  wg_ar_bytes(a, s->bytes, sizeof s->bytes);
  wg_ar_string(a, &s->string);
  wg_ar_string(a, &s->none);
  wg_ar_buf(a, &s->buf);
  wg_ar_block(a, &s->block, 2);
  wg_ar_block(a, &s->no_block, 2);
  wg_ar_map(a, &s->map);
  s->count = (uint32_t)wg_ar_count(a, s->count, 9);
  s->kind = wg_ar_kind(a, s->kind, 4);
  s->index = wg_ar_index(a, s->index, 4);
  s->nowhere = wg_ar_index(a, s->nowhere, 4);
  char *text = wg_ar_text(a, s->text), *no_text = wg_ar_text(a, s->no_text);
  if (!wg_ar_loading(a)) return;
  s->text = text;
  s->no_text = no_text;
}

enum { TOUCHABLE = 16 }; // u8 to bytes, the string, buffer, block, and two values of the map

static char *copy(const char *s) {
  char *p = wg_xcalloc(1, strlen(s) + 1);
  return memcpy(p, s, strlen(s));
}

static void fill(struct all *s) {
  *s = (struct all){.u8 = 0x12,
                    .u16 = 0x1234,
                    .u32 = 0x12345678,
                    .u64 = 0x123456789ABCDEF0,
                    .yes = true,
                    .i16 = -2,
                    .i32 = -3,
                    .i64 = -4,
                    .size = 77,
                    .bytes = {'a', 'b', 'c'},
                    .count = 3,
                    .kind = 3,
                    .index = 3,
                    .nowhere = WG_AR_NONE};
  s->string = copy("str");
  s->text = copy("text");
  wg_buf_str(&s->buf, "buf");
  s->block = wg_xcalloc(1, 3);
  memcpy(s->block, "bl", 2);
  wg_map_put(&s->map, 9, 90);
  wg_map_put(&s->map, 5, 50);
}

static void release(struct all *s) {
  free(s->string);
  free(s->none);
  free(s->block);
  free(s->no_block);
  free(s->text);
  free(s->no_text);
  wg_buf_release(&s->buf);
  wg_map_release(&s->map);
}

static bool are_equal(const struct all *a, const struct all *b) {
  uint64_t v = 0;
  return a->u8 == b->u8 && a->u16 == b->u16 && a->u32 == b->u32 && a->u64 == b->u64 && a->yes == b->yes &&
         a->no == b->no && a->i16 == b->i16 && a->i32 == b->i32 && a->i64 == b->i64 && a->size == b->size &&
         memcmp(a->bytes, b->bytes, 3) == 0 && strcmp(a->string, b->string) == 0 && b->none == NULL &&
         strcmp(a->buf.data, b->buf.data) == 0 && a->buf.len == b->buf.len && memcmp(a->block, b->block, 2) == 0 &&
         b->no_block == NULL && wg_map_count(&b->map) == 2 && wg_map_get(&b->map, 9, &v) && v == 90 &&
         wg_map_get(&b->map, 5, &v) && v == 50 && a->count == b->count && a->kind == b->kind && a->index == b->index &&
         b->nowhere == WG_AR_NONE && strcmp(a->text, b->text) == 0 && b->no_text == NULL;
}

// Little-endian, without padding; keys in their order; a NULL as nothing.
static const char bytes_of_all[] =
    "\x09"
    "all of it"
    "\x12"
    "\x34\x12"
    "\x78\x56\x34\x12"
    "\xF0\xDE\xBC\x9A\x78\x56\x34\x12"
    "\1"
    "\0"
    "\xFE\xFF"
    "\xFD\xFF\xFF\xFF"
    "\xFC\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
    "\x4D\0\0\0\0\0\0\0"
    "abc"
    "\3\0\0\0\0\0\0\0\1\0\0\0str"
    "\0\0\0\0\0\0\0\0\0\0\0\0"
    "\3\0\0\0\0\0\0\0buf"
    "\1\0\0\0bl"
    "\0\0\0\0"
    "\2\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\x32\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\x5A\0\0\0\0\0\0\0"
    "\3\0\0\0\0\0\0\0"
    "\3\0\0\0"
    "\3\0\0\0"
    "\xFF\xFF\xFF\xFF"
    "\5\0\0\0\0\0\0\0text"
    "\0\0\0\0\0\0\0\0";

static void what_is_saved_is_the_format(void) {
  struct all s;
  struct wg_archive a;
  fill(&s);
  wg_archive_save(&a, NULL);
  walk(&a, &s);
  CU_ASSERT_EQUAL_FATAL(a.out.len, sizeof bytes_of_all - 1);
  CU_ASSERT_EQUAL(memcmp(a.out.data, bytes_of_all, a.out.len), 0);
  CU_ASSERT_EQUAL(wg_archive_digest(&a), wg_hash(bytes_of_all, sizeof bytes_of_all - 1, 0));
  CU_ASSERT_EQUAL(a.fields, TOUCHABLE);
  wg_archive_release(&a);
  CU_ASSERT_EQUAL(a.out.len, 0);
  release(&s);
}

static bool loads(const char *data, size_t n, struct all *out, struct wg_err *err) {
  struct wg_archive a;
  *err = (struct wg_err){0};
  *out = (struct all){.u8 = 0xFF, .no = true, .string = copy("another"), .no_block = wg_xcalloc(1, 3)};
  wg_map_put(&out->map, 1, 1);
  wg_buf_str(&out->buf, "something longer");
  wg_archive_load(&a, "here", data, n, NULL, err);
  walk(&a, out);
  bool good = !a.failed && a.at == n;
  wg_archive_release(&a);
  return good;
}

static void what_is_loaded_is_what_was_saved(void) {
  struct all s, t;
  struct wg_err err;
  fill(&s);
  CU_ASSERT_TRUE(loads(bytes_of_all, sizeof bytes_of_all - 1, &t, &err));
  CU_ASSERT_TRUE(are_equal(&s, &t));
  release(&s);
  release(&t);
}

// Wherever it is cut off that is said, once, and what was not there is zero.
static void what_is_cut_off_is_told(void) {
  for (size_t n = 0; n < sizeof bytes_of_all - 1; n++) {
    struct all t;
    struct wg_err err;
    char *cut = wg_xcalloc(1, n + 1); // its own, so that a sanitizer sees what is read behind it
    memcpy(cut, bytes_of_all, n);
    CU_ASSERT_FALSE(loads(cut, n, &t, &err));
    CU_ASSERT_EQUAL(err.code, WG_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "here: at byte "));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "in the state of all of it: "));
    CU_ASSERT_EQUAL(t.u16, n < 13 ? 0 : 0x1234);
    CU_ASSERT_EQUAL(t.i64, n < 41 ? 0 : -4);
    CU_ASSERT_EQUAL(t.count, n < 151 ? 0 : 3); // and three bytes follow
    free(cut);
    release(&t);
  }
}

// A byte that cannot be so, and what is said of it.
static void what_cannot_be_is_told(void) {
  static const struct {
    size_t at;
    char byte;
    const char *what;
  } wrong[] = {
      {1, 'b', "another part's state is here"},
      {0, 8, "another part's state is here"},
      {25, 2, "2 is neither yes nor no"},
      {60, 2, "a kind of 2, of 2"},
      {59, 1, "a count of 72057594037927939, of at most 18446744073709551615"},
      {140, 10, "a count of 10, of at most 9"},
      {148, 4, "a kind of 4, of 4"},
      {152, 4, "an index of 4, of 4"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct all t;
    struct wg_err err;
    char bytes[sizeof bytes_of_all];
    memcpy(bytes, bytes_of_all, sizeof bytes);
    bytes[wrong[i].at] = wrong[i].byte;
    CU_ASSERT_FALSE(loads(bytes, sizeof bytes - 1, &t, &err));
    if (!strstr(err.msg, wrong[i].what)) fprintf(stderr, "%zu: %s, not %s\n", wrong[i].at, err.msg, wrong[i].what);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, wrong[i].what));
    release(&t);
  }
}

// Each field alone changes the digest, and nothing else does.
static void each_field_is_touched_alone(void) {
  uint64_t plain = wg_hash(bytes_of_all, sizeof bytes_of_all - 1, 0), seen[TOUCHABLE + 1];
  for (uint64_t n = 0; n <= TOUCHABLE; n++) {
    struct all s;
    struct wg_archive a;
    fill(&s);
    wg_archive_touch(&a, n);
    walk(&a, &s);
    CU_ASSERT_EQUAL(a.fields, TOUCHABLE);
    CU_ASSERT_EQUAL(a.out.len, 0);
    wg_archive_save(&a, NULL);
    walk(&a, &s);
    seen[n] = wg_archive_digest(&a);
    CU_ASSERT_EQUAL(seen[n] == plain, n == TOUCHABLE);
    for (uint64_t i = 0; i < n; i++) CU_ASSERT_NOT_EQUAL(seen[i], seen[n]);
    wg_archive_release(&a);
    release(&s);
  }
}

// Words together are what they are one by one: as they are saved, loaded, cut off and touched.
static void words_are_walked_together(void) {
  static const uint32_t words[3] = {0x12345678, 9, 0xFFFFFFFF};
  static const char bytes[] = "\x78\x56\x34\x12\x09\0\0\0\xFF\xFF\xFF\xFF";
  struct wg_archive a;
  struct wg_err err = {0};
  uint32_t v[3] = {words[0], words[1], words[2]};
  wg_archive_save(&a, NULL);
  wg_ar_words(&a, v, 3);
  CU_ASSERT_TRUE(a.out.len == 12 && memcmp(a.out.data, bytes, 12) == 0 && a.fields == 3);
  wg_archive_release(&a);
  memset(v, 7, sizeof v);
  wg_archive_load(&a, "here", bytes, 12, NULL, &err);
  wg_ar_words(&a, v, 3);
  CU_ASSERT_TRUE(!a.failed && a.at == 12 && memcmp(v, words, sizeof v) == 0);
  wg_archive_release(&a);
  wg_archive_load(&a, "here", bytes, 11, NULL, &err);
  wg_ar_words(&a, v, 3);
  CU_ASSERT_TRUE(a.failed && v[0] == 0 && v[2] == 0);
  wg_archive_release(&a);
  for (uint64_t n = 0; n <= 3; n++) {
    memcpy(v, words, sizeof v);
    wg_archive_touch(&a, n);
    wg_ar_words(&a, v, 3);
    CU_ASSERT_EQUAL(a.fields, 3);
    for (uint64_t i = 0; i < 3; i++) CU_ASSERT_EQUAL(v[i] != words[i], i == n);
  }
}

// --- pages --------------------------------------------------------------------------------------------------

enum { PAGES = 5 };

static const void *page_of(int i) {
  static uint8_t page[WG_PAGE_BYTES];
  memset(page, i + 1, sizeof page);
  return page;
}

static uint64_t put(struct wg_pages *p, int i) {
  uint64_t hash = wg_page_hash(page_of(i));
  wg_pages_put(p, hash, page_of(i));
  return hash;
}

static bool has(struct wg_pages *p, int i) {
  const uint8_t *there = wg_pages_get(p, wg_page_hash(page_of(i)));
  return there && memcmp(there, page_of(i), WG_PAGE_BYTES) == 0;
}

static void a_page_is_kept_once(void) {
  struct wg_pages p = {0};
  uint64_t hash = wg_page_hash(page_of(0));
  CU_ASSERT_FALSE(has(&p, 0) || wg_pages_has(&p, hash));
  for (int times = 0; times < 3; times++)
    for (int i = 0; i < PAGES; i++) CU_ASSERT_EQUAL(put(&p, i), p.hash[i]);
  CU_ASSERT_TRUE(wg_pages_has(&p, hash));
  wg_pages_put(&p, hash, NULL);
  CU_ASSERT_EQUAL(p.n, PAGES);
  for (int i = 0; i < PAGES; i++) CU_ASSERT_TRUE(has(&p, i));
  CU_ASSERT_FALSE(has(&p, PAGES));
  wg_pages_release(&p);
  CU_ASSERT_EQUAL(p.n, 0);
}

// A page is here for as long as a state in memory uses it, and comes back when it is put again.
static void what_nobody_uses_is_dropped(void) {
  struct wg_pages p = {0};
  uint32_t *used = NULL;
  p.used = &used;
  for (int i = 0; i < PAGES; i++) put(&p, i);
  put(&p, 1);
  put(&p, 3);
  CU_ASSERT_EQUAL_FATAL(p.nused, PAGES + 2);
  for (uint32_t i = 0; i < PAGES; i++) CU_ASSERT_EQUAL(used[i], i);
  CU_ASSERT_TRUE(used[PAGES] == 1 && used[PAGES + 1] == 3);
  wg_pages_unuse(&p, used, PAGES);
  for (int i = 0; i < PAGES; i++) CU_ASSERT_EQUAL(has(&p, i), i == 1 || i == 3);
  wg_pages_unuse(&p, used + PAGES, 2);
  for (int i = 0; i < PAGES; i++) CU_ASSERT_FALSE(has(&p, i) || wg_pages_has(&p, p.hash[i]));
  CU_ASSERT_EQUAL(p.n, PAGES);
  put(&p, 2);
  CU_ASSERT_EQUAL(p.n, PAGES); // it has its number
  CU_ASSERT_EQUAL(used[PAGES + 2], 2);
  for (int i = 0; i < PAGES; i++) CU_ASSERT_EQUAL(has(&p, i), i == 2);
  free(used);
  wg_pages_release(&p);
}

static bool fetch(void *ctx, size_t i) {
  struct wg_pages *p = ctx;
  if (i == 1) return false; // its file is gone
  wg_pages_fill(p, i, page_of((int)i));
  return true;
}

// What can be fetched is not kept when it is put, is fetched when it is wanted, and stays until it is dropped.
static void what_is_known_is_fetched(void) {
  struct wg_pages p = {0};
  uint32_t *used = NULL;
  for (int i = 0; i < 3; i++) wg_pages_know(&p, wg_page_hash(page_of(i)));
  CU_ASSERT_FALSE(has(&p, 0) || wg_pages_has(&p, p.hash[0])); // nobody fetches
  p.kept = 3;
  p.fetch = fetch;
  p.ctx = &p;
  p.used = &used;
  CU_ASSERT_TRUE(wg_pages_has(&p, p.hash[2]));
  for (int i = 0; i < PAGES; i++) put(&p, i);
  CU_ASSERT_EQUAL(p.n, PAGES);
  for (int i = 0; i < PAGES; i++) CU_ASSERT_EQUAL(p.data[i] != NULL, i >= 3);
  for (int i = 0; i < PAGES; i++) CU_ASSERT_EQUAL(has(&p, i), i != 1);
  wg_pages_drop(&p, 0);
  CU_ASSERT_PTR_NULL(p.data[0]);
  CU_ASSERT_TRUE(has(&p, 0));
  wg_pages_unuse(&p, used, PAGES); // and is not dropped because nobody uses it
  for (int i = 0; i < PAGES; i++) CU_ASSERT_EQUAL(p.data[i] != NULL, i == 0 || i == 2);
  free(used);
  wg_pages_release(&p);
}

// What cannot be fetched any more is not had, and comes back as it is put.
static void what_is_lost_is_not_had(void) {
  struct wg_pages p = {0};
  uint32_t *used = NULL;
  for (int i = 0; i < 2; i++) wg_pages_know(&p, wg_page_hash(page_of(i)));
  p.kept = 2;
  p.used = &used;
  wg_pages_lose(&p, 1);
  CU_ASSERT_TRUE(wg_pages_has(&p, p.hash[0]) && !wg_pages_has(&p, p.hash[1]));
  put(&p, 1);
  CU_ASSERT_TRUE(p.n == 2 && has(&p, 1) && wg_pages_has(&p, p.hash[1]));
  wg_pages_unuse(&p, used, 1);
  CU_ASSERT_FALSE(has(&p, 1) || wg_pages_has(&p, p.hash[1]));
  free(used);
  wg_pages_release(&p);
}

static void pages_are_saved_by_their_hashes(void) {
  static uint8_t memory[3 * WG_PAGE_BYTES], there[3 * WG_PAGE_BYTES];
  struct wg_pages p = {0};
  struct wg_archive a;
  struct wg_err err = {0};
  for (int i = 0; i < 3; i++) memcpy(memory + (size_t)i * WG_PAGE_BYTES, page_of(i / 2), WG_PAGE_BYTES);
  wg_archive_save(&a, &p);
  wg_ar_pages(&a, memory, sizeof memory);
  CU_ASSERT_EQUAL(a.out.len, 3 * 8);
  CU_ASSERT_EQUAL(a.fields, 3);
  CU_ASSERT_EQUAL(p.n, 2); // two are alike
  struct wg_archive b;
  wg_archive_load(&b, "here", a.out.data, a.out.len, &p, &err);
  wg_ar_pages(&b, there, sizeof there);
  CU_ASSERT_TRUE(!b.failed && b.at == b.n && b.fields == 3);
  CU_ASSERT_EQUAL(memcmp(memory, there, sizeof there), 0);
  wg_archive_release(&b);
  wg_pages_drop(&p, 1);
  memset(there, 0x77, sizeof there);
  wg_archive_load(&b, "here", a.out.data, a.out.len, &p, &err);
  wg_ar_pages(&b, there, sizeof there);
  CU_ASSERT_TRUE(b.failed);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "is not among those that were kept"));
  CU_ASSERT_EQUAL(there[2 * WG_PAGE_BYTES], 0x77);
  wg_archive_release(&b);
  uint64_t digest = wg_archive_digest(&a);
  wg_archive_release(&a);
  for (uint64_t n = 0; n < 3; n++) { // a page is a field
    wg_archive_touch(&b, n);
    wg_ar_pages(&b, memory, sizeof memory);
    CU_ASSERT_EQUAL(memory[n * WG_PAGE_BYTES], (uint8_t)(n / 2 + 1) ^ 1u);
    wg_archive_save(&a, NULL);
    wg_ar_pages(&a, memory, sizeof memory);
    CU_ASSERT_NOT_EQUAL(wg_archive_digest(&a), digest);
    wg_archive_release(&a);
    memory[n * WG_PAGE_BYTES] ^= 1;
  }
  wg_pages_release(&p);
}

WG_MAIN("archive", {"what is saved is the format", what_is_saved_is_the_format},
        {"what is loaded is what was saved", what_is_loaded_is_what_was_saved},
        {"what is cut off is told", what_is_cut_off_is_told}, {"what cannot be is told", what_cannot_be_is_told},
        {"each field is touched alone", each_field_is_touched_alone},
        {"words are walked together", words_are_walked_together}, {"a page is kept once", a_page_is_kept_once},
        {"what nobody uses is dropped", what_nobody_uses_is_dropped},
        {"what is known is fetched", what_is_known_is_fetched}, {"what is lost is not had", what_is_lost_is_not_had},
        {"pages are saved by their hashes", pages_are_saved_by_their_hashes})
