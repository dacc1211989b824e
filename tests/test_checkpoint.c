// The file of checkpoints, without a machine: what was put there comes back, in the order of the run; whatever is wrong
// with it is told, and what lies before that still holds.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/endian.h"
#include "base/file.h"
#include "checkpoint/file.h"
#include "checkpoint/list.h"
#include "checkpoint/packer.h"
#include "tests/machine.h"
#include "tests/random.h"
#include "tests/scratch.h"

#define IDENTITY "{\"title\": \"a\", \"seed\": 3}"
#define STATES 4u
#define PAGES 600u // in batches of 256

static void page_of(size_t i, uint8_t out[WG_PAGE_BYTES]) {
  for (size_t k = 0; k < WG_PAGE_BYTES; k++) out[k] = (uint8_t)(k % 251 * (i + 1) + i / 7);
}

static struct wg_machine_where where_of(uint64_t n) {
  return (struct wg_machine_where){
      .retired = 1000 * n + 1, .events = 10 * n + 2, .now_ns = 77 * n + 3, .windows = n, .frames = 2 * n + 4};
}

// The state of the n-th: text that is not like another's.
static void state_of(uint64_t n, struct wg_buf *out) {
  for (uint64_t i = 0; i < 100 * n; i++) wg_buf_printf(out, "%llu,", (unsigned long long)(n * n + i * 31));
}

// The n-th, of n - 1 threads, and with it pages [first, end).
static struct wg_checkpoint *write_one(struct wg_checkpoints *c, uint64_t n, size_t first, size_t end) {
  const struct wg_machine_where at = where_of(n);
  struct wg_checkpoint *p = wg_checkpoint_insert(c, &at);
  p->last_tid = (uint32_t)(40 + n);
  p->nthreads = (size_t)n - 1;
  p->threads = calloc(n, sizeof *p->threads);
  for (size_t t = 0; t < p->nthreads; t++)
    p->threads[t] = (struct wg_machine_thread){(uint32_t)t + 1, 100 * n + t, 7000 * n + t};
  for (size_t i = first; i < end; i++) {
    uint8_t page[WG_PAGE_BYTES];
    page_of(i, page);
    wg_pages_put(&c->pages, wg_page_hash(page), page);
  }
  state_of(n, &p->state);
  wg_checkpoint_write(c, p);
  return p;
}

// Checkpoints 1 to 4; the pages are spread over them.
static void make(const char *dir) {
  struct wg_checkpoints c;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_mkdir_p(dir, &err), WG_OK);
  wg_checkpoints_init(&c);
  CU_ASSERT_EQUAL_FATAL(wg_checkpoints_create(&c, dir, IDENTITY, &err), WG_OK);
  for (uint64_t n = 1; n <= STATES; n++) write_one(&c, n, (n - 1) * PAGES / STATES, n * PAGES / STATES);
  CU_ASSERT_EQUAL(wg_checkpoints_finish(&c, &err), WG_OK);
  wg_checkpoints_release(&c);
}

static void expect_state(struct wg_checkpoints *c, size_t i, uint64_t n) {
  const struct wg_checkpoint *p = &c->list[i];
  const struct wg_machine_where at = where_of(n);
  struct wg_buf state = {0}, want = {0};
  struct wg_err err = {0};
  CU_ASSERT_TRUE(p->at.retired == at.retired && p->at.events == at.events && p->at.now_ns == at.now_ns &&
                 p->at.windows == at.windows && p->at.frames == at.frames && !p->at.in_turn);
  CU_ASSERT_TRUE(p->last_tid == 40 + n && p->nthreads == n - 1);
  for (size_t t = 0; t < p->nthreads; t++)
    CU_ASSERT_TRUE(p->threads[t].tid == t + 1 && p->threads[t].idx == 100 * n + t &&
                   p->threads[t].cycle == 7000 * n + t);
  state_of(n, &want);
  CU_ASSERT_EQUAL_FATAL(wg_checkpoint_read(c, p, &state, &err), WG_OK);
  CU_ASSERT_TRUE(state.len == want.len && memcmp(state.data, want.data, want.len) == 0);
  wg_buf_release(&state);
  wg_buf_release(&want);
}

static bool has_page(struct wg_checkpoints *c, size_t i) {
  uint8_t page[WG_PAGE_BYTES];
  page_of(i, page);
  const uint8_t *there = wg_pages_get(&c->pages, wg_page_hash(page));
  CU_ASSERT_TRUE(there == NULL || memcmp(there, page, WG_PAGE_BYTES) == 0);
  return there != NULL;
}

static int open_it(struct wg_checkpoints *c, const char *dir, const char *identity, struct wg_err *err) {
  bool there = false;
  *err = (struct wg_err){0};
  wg_checkpoints_init(c);
  int code = wg_checkpoints_open(c, dir, identity, &there, err);
  CU_ASSERT_TRUE(there || code != WG_OK);
  return code;
}

static void what_is_written_comes_back(void) {
  struct wg_checkpoints c;
  struct wg_err err;
  make(at("whole"));
  CU_ASSERT_EQUAL_FATAL(open_it(&c, at("whole"), IDENTITY, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(c.n, STATES);
  CU_ASSERT_EQUAL(c.damage.len, 0);
  for (uint64_t n = STATES; n >= 1; n--) expect_state(&c, n - 1, n);
  // From the last page to the first, so that each batch is found by a number within it.
  for (size_t i = PAGES; i-- > 0; i -= i % 37 ? 1 : 0) CU_ASSERT_TRUE(has_page(&c, i));
  for (size_t i = 0; i < PAGES; i++) CU_ASSERT_TRUE(has_page(&c, i));
  CU_ASSERT_FALSE(has_page(&c, PAGES));
  wg_checkpoints_release(&c);
  // What is known is dropped and fetched again.
  CU_ASSERT_EQUAL_FATAL(open_it(&c, at("whole"), IDENTITY, &err), WG_OK);
  for (size_t i = 0; i < PAGES; i += 100) {
    CU_ASSERT_TRUE(has_page(&c, i));
    wg_pages_drop(&c.pages, i);
    CU_ASSERT_TRUE(has_page(&c, i));
  }
  wg_checkpoints_release(&c);
}

static void there_need_be_none(void) {
  struct wg_checkpoints c;
  struct wg_err err = {0};
  bool there = true;
  CU_ASSERT_EQUAL_FATAL(wg_mkdir_p(at("none"), &err), WG_OK);
  wg_checkpoints_init(&c);
  CU_ASSERT_EQUAL(wg_checkpoints_open(&c, at("none"), IDENTITY, &there, &err), WG_OK);
  CU_ASSERT_TRUE(!there && c.n == 0);
  wg_checkpoints_release(&c);
  CU_ASSERT_EQUAL(wg_file_write(at("none/" WG_CHECKPOINTS), "", 0, &err), WG_OK);
  CU_ASSERT_EQUAL(open_it(&c, at("none"), IDENTITY, &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "it holds no checkpoints"));
  wg_checkpoints_release(&c);
  // One that is there is not written over.
  wg_checkpoints_init(&c);
  CU_ASSERT_EQUAL(wg_checkpoints_create(&c, at("none"), IDENTITY, &err), WG_INPUT);
  wg_checkpoints_release(&c);
  CU_ASSERT_EQUAL(unlink(at("none/" WG_CHECKPOINTS)) | mkfifo(at("none/" WG_CHECKPOINTS), 0600), 0);
  CU_ASSERT_EQUAL(open_it(&c, at("none"), IDENTITY, &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "no regular file"));
  wg_checkpoints_release(&c);
}

static void another_version_s_are_told_apart(void) {
  struct wg_checkpoints c;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_mkdir_p(at("version"), &err), WG_OK);
  wg_checkpoints_init(&c);
  CU_ASSERT_EQUAL(wg_checkpoints_create(&c, at("version"), "{\"state_layout\": \"1\", \"seed\": 3}", &err), WG_OK);
  wg_checkpoints_release(&c);
  CU_ASSERT_EQUAL(open_it(&c, at("version"), "{\"state_layout\": \"2\", \"seed\": 3}", &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "another version of wedge: state_layout is \"1\" there, and \"2\" here"));
  CU_ASSERT_TRUE(c.other_version);
  wg_checkpoints_release(&c);
  CU_ASSERT_EQUAL(open_it(&c, at("version"), "{\"state_layout\": \"1\", \"seed\": 4}", &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "another run: seed is 3 there, and 4 here"));
  CU_ASSERT_FALSE(c.other_version);
  wg_checkpoints_release(&c);
}

static void another_run_s_are_refused(void) {
  struct wg_checkpoints c;
  struct wg_err err;
  make(at("other"));
  CU_ASSERT_EQUAL(open_it(&c, at("other"), "{\"title\": \"a\", \"seed\": 4}", &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "seed is 3 there, and 4 here"));
  CU_ASSERT_EQUAL(c.n, 0);
  wg_checkpoints_release(&c);
  CU_ASSERT_EQUAL(open_it(&c, at("other"), "{\"title\": \"a\", \"seed\": 3, \"date\": 1}", &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "date is nothing there, and 1 here"));
  wg_checkpoints_release(&c);
}

static struct wg_buf whole;

static void write_cut(const char *dir, size_t n) {
  struct wg_err err = {0};
  char path[300];
  CU_ASSERT_EQUAL_FATAL(wg_mkdir_p(dir, &err), WG_OK);
  snprintf(path, sizeof path, "%s/" WG_CHECKPOINTS, dir);
  CU_ASSERT_EQUAL_FATAL(wg_file_write(path, whole.data, n, &err), WG_OK);
}

// Wherever the file is cut off, what lies before that is used, and the damage is told by the record that is not whole.
static void a_file_that_is_cut_off_holds_so_far(void) {
  struct wg_checkpoints c;
  struct wg_err err = {0};
  uint64_t ends[STATES + 1] = {0}, seed = 9;
  make(at("cut"));
  CU_ASSERT_EQUAL_FATAL(wg_file_read(at("cut/" WG_CHECKPOINTS), 1u << 30, &whole, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(open_it(&c, at("cut"), IDENTITY, &err), WG_OK);
  for (size_t i = 0; i < STATES; i++) ends[i + 1] = c.list[i].offset + c.list[i].packed;
  CU_ASSERT_EQUAL(ends[STATES], whole.len);
  wg_checkpoints_release(&c);
  for (int turn = 0; turn < 60; turn++) {
    size_t n = 40 + random_below(&seed, (uint32_t)whole.len - 40), have = 0;
    if (turn < (int)STATES) n = ends[turn + 1]; // between two records: how far it went is told
    while (have < STATES && ends[have + 1] <= n) have++;
    write_cut(at("short"), n);
    int code = open_it(&c, at("short"), IDENTITY, &err);
    if (c.end == 0) { // within the first record
      CU_ASSERT_EQUAL(code, WG_INPUT);
    } else {
      CU_ASSERT_EQUAL_FATAL(code, WG_OK);
      CU_ASSERT_EQUAL_FATAL(c.n, have);
      CU_ASSERT_EQUAL(c.damage.len == 0, n == whole.len);
      if (have) expect_state(&c, have - 1, have);
      for (size_t i = 0; i < have * PAGES / STATES; i += 17) CU_ASSERT_TRUE(has_page(&c, i));
    }
    wg_checkpoints_release(&c);
  }
}

// Where the records begin, and behind them.
static size_t records(size_t at[64]) {
  size_t n = 0, next = 0;
  while (next < whole.len) {
    const uint8_t *h = (const uint8_t *)whole.data + next;
    CU_ASSERT_FATAL(n < 63 && memcmp(h, "WGCR", 4) == 0);
    at[n++] = next;
    next += 36 + wg_load_le32(h + 8) + wg_load_le32(h + 12);
  }
  at[n] = next;
  return n;
}

static void expect_incomplete(const struct wg_buf *file) {
  const struct wg_buf was = whole;
  struct wg_checkpoints c;
  struct wg_err err = {0};
  whole = *file;
  write_cut(at("moved"), whole.len);
  whole = was;
  if (open_it(&c, at("moved"), IDENTITY, &err) == WG_OK) {
    CU_ASSERT_EQUAL(wg_checkpoints_check(&c, &err), WG_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "at byte "));
    for (size_t i = 0; i < c.n; i++) expect_state(&c, i, i + 1);
    wg_checkpoints_release(&c);
    // What is added to it does not make it whole.
    wg_checkpoints_init(&c);
    CU_ASSERT_EQUAL(wg_checkpoints_append(&c, at("moved"), IDENTITY, &err), WG_INPUT);
  }
  wg_checkpoints_release(&c);
}

// Whole records, one taken out, twice there or in another's place: each is as it was written, the file is not.
static void a_record_that_is_missing_is_found(void) {
  size_t begins[64], n = records(begins);
  CU_ASSERT_TRUE(n >= 2 * STATES);
  for (size_t i = 0; i < n; i++)
    for (size_t k = i; k < n; k++) {
      struct wg_buf out = {0}, moved = {0};
      size_t a = begins[i], b = begins[i + 1], to = begins[k], behind = begins[k + 1];
      wg_buf_add(&out, whole.data, a);
      wg_buf_add(&moved, whole.data, a);
      wg_buf_add(&out, whole.data + b, to > b ? to - b : 0);
      if (k > i) wg_buf_add(&moved, whole.data + to, behind - to);
      wg_buf_add(&moved, whole.data + a, to > a ? to - a : b - a);
      if (k == i) wg_buf_add(&moved, whole.data + a, b - a);
      wg_buf_add(&out, whole.data + behind, whole.len - behind);
      wg_buf_add(&moved, whole.data + behind, whole.len - behind);
      expect_incomplete(&out);
      expect_incomplete(&moved);
      wg_buf_release(&out);
      wg_buf_release(&moved);
    }
}

// What is added later continues it.
static void a_file_that_is_added_to_is_whole(void) {
  struct wg_checkpoints c;
  struct wg_err err = {0};
  make(at("added"));
  for (uint64_t n = STATES + 1; n <= STATES + 3; n++) {
    const struct wg_machine_where at_n = where_of(n);
    wg_checkpoints_init(&c);
    CU_ASSERT_EQUAL_FATAL(wg_checkpoints_append(&c, at("added"), IDENTITY, &err), WG_OK);
    struct wg_checkpoint *p = wg_checkpoint_insert(&c, &at_n);
    p->threads = calloc(1, sizeof *p->threads);
    state_of(n, &p->state);
    wg_checkpoint_write(&c, p);
    CU_ASSERT_EQUAL(wg_checkpoints_finish(&c, &err), WG_OK);
    wg_checkpoints_release(&c);
    CU_ASSERT_EQUAL_FATAL(open_it(&c, at("added"), IDENTITY, &err), WG_OK);
    CU_ASSERT_EQUAL(wg_checkpoints_check(&c, &err), WG_OK);
    CU_ASSERT_EQUAL(c.n, n);
    wg_checkpoints_release(&c);
  }
}

// A byte that is wrong is found: no state and no page is ever another than it was.
static void a_byte_that_is_wrong_is_found(void) {
  struct wg_checkpoints c;
  struct wg_err err = {0};
  uint64_t seed = 21;
  unsigned damaged = 0;
  for (unsigned turn = 0; turn < 150; turn++) {
    size_t wrong = turn < 36 ? turn : random_below(&seed, (uint32_t)whole.len); // each of the first record's, too
    whole.data[wrong] ^= (char)(1u << random_below(&seed, 8));
    write_cut(at("wrong"), whole.len);
    if (open_it(&c, at("wrong"), IDENTITY, &err) == WG_OK) {
      bool bad = c.damage.len || c.n < STATES;
      for (size_t i = 0; i < c.n; i++) {
        struct wg_buf state = {0};
        if (wg_checkpoint_read(&c, &c.list[i], &state, &err) == WG_OK) {
          expect_state(&c, i, i + 1);
        } else {
          bad = true;
          CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "at byte "));
        }
        wg_buf_release(&state);
      }
      for (size_t i = 0; i < PAGES; i += 5) bad |= !has_page(&c, i);
      damaged += bad;
    } else {
      damaged++;
    }
    wg_checkpoints_release(&c);
    // What would be added could need it.
    wg_checkpoints_init(&c);
    CU_ASSERT_EQUAL(wg_checkpoints_append(&c, at("wrong"), IDENTITY, &err), WG_INPUT);
    wg_checkpoints_release(&c);
    struct wg_buf again = {0};
    CU_ASSERT_EQUAL_FATAL(wg_file_read(at("cut/" WG_CHECKPOINTS), 1u << 30, &again, &err), WG_OK);
    wg_buf_release(&whole);
    whole = again;
  }
  CU_ASSERT_TRUE(damaged == 150); // each bit of the file is covered by a hash, or is one
  wg_buf_release(&whole);
}

static void the_list_is_in_the_order_of_the_run(void) {
  struct wg_checkpoints c;
  static const uint64_t come[] = {50, 10, 30, 70, 20, 60, 40};
  wg_checkpoints_init(&c);
  for (size_t turn = 0; turn < 40; turn++) {
    const struct wg_machine_where at = where_of(come[turn % 7] + turn / 7);
    CU_ASSERT_PTR_NOT_NULL(wg_checkpoint_insert(&c, &at));
    CU_ASSERT_PTR_NULL(wg_checkpoint_insert(&c, &at)); // it is there
    CU_ASSERT_EQUAL(c.n, turn + 1);
  }
  for (size_t i = 1; i < c.n; i++) CU_ASSERT_TRUE(c.list[i - 1].at.windows < c.list[i].at.windows);
  for (size_t i = 0; i < c.n; i++) CU_ASSERT_EQUAL(c.list[i].at.retired, 1000 * c.list[i].at.windows + 1);
  wg_checkpoints_release(&c);
  // What a stretch of a run costs to do again grows with each of these.
  const struct wg_machine_where a = {.retired = 5, .events = 6, .windows = 7};
  CU_ASSERT_EQUAL(wg_checkpoint_effort(&a), 5 + 600 + 7000);
}

// What a file must say that it belongs to: whatever makes another run.
static void an_identity_tells_runs_apart(void) {
  const struct wg_config configs[] = {
      {.date = 5}, {.date = 5, .sched_seed = 1}, {.date = 6}, {.date = 5, .args = "-x"}, {.date = 5, .args = "-y"}};
  struct wg_machine *m[2] = {machine_of(WG_GUESTS "/hello.xex"), machine_of(WG_GUESTS "/threads.xex")};
  enum { N = 5 };
  struct wg_buf all[2 * N] = {{0}};
  for (size_t i = 0; i < 2 * N; i++) {
    struct wg_buf again = {0};
    wg_checkpoints_identity(wg_machine_digests(m[i / N]), &configs[i % N], &all[i]);
    wg_checkpoints_identity(wg_machine_digests(m[i / N]), &configs[i % N], &again);
    CU_ASSERT_STRING_EQUAL(all[i].data, again.data);
    wg_buf_release(&again);
    for (size_t k = 0; k < i; k++) CU_ASSERT_STRING_NOT_EQUAL(all[i].data, all[k].data);
  }
  CU_ASSERT_PTR_NOT_NULL(strstr(all[0].data, "\"version\""));
  CU_ASSERT_PTR_NOT_NULL(strstr(all[0].data, "\"format\""));
  for (size_t i = 0; i < 2 * N; i++) wg_buf_release(&all[i]);
  wg_machine_free(m[0]);
  wg_machine_free(m[1]);
}

// Another thread packs it, or none: it comes back in the order in which it was given, each what it was.
static void records_are_packed_in_order(void) {
  static uint8_t pages[WG_PACKED_PAGES][WG_PAGE_BYTES];
  for (size_t i = 0; i < WG_PACKED_PAGES; i++) page_of(i, pages[i]);
  for (int threaded = 0; threaded < 2; threaded++) {
    struct wg_packer *p = wg_packer_create(threaded);
    CU_ASSERT_PTR_NULL(wg_packer_take(p));
    for (int times = 0; times < 2; times++) { // and again, when all are back
      for (uint32_t n = 0; n < 20; n++) {
        struct wg_packing *r = calloc(1, sizeof *r);
        r->kind = n;
        r->npages = n % 3 ? 0 : 13u * n % WG_PACKED_PAGES;
        for (size_t i = 0; i < r->npages; i++) r->pages[i] = pages[(i + n) % WG_PACKED_PAGES];
        if (r->npages == 0) state_of(n, &r->body);
        wg_packer_give(p, r);
      }
      for (uint32_t n = 0; n < 20; n++) {
        struct wg_packing *r = wg_packer_take(p);
        CU_ASSERT_PTR_NOT_NULL_FATAL(r);
        CU_ASSERT_EQUAL(r->kind, n);
        CU_ASSERT_EQUAL(r->size, r->npages ? r->npages * WG_PAGE_BYTES : r->body.len);
        uint8_t *plain = calloc(1, r->size + 1u);
        CU_ASSERT_EQUAL(ZSTD_decompress(plain, r->size, r->packed.data, r->packed.len), r->size);
        for (size_t i = 0; i < r->npages; i++)
          CU_ASSERT_EQUAL(memcmp(plain + i * WG_PAGE_BYTES, pages[(i + n) % WG_PACKED_PAGES], WG_PAGE_BYTES), 0);
        if (r->npages == 0 && r->size) CU_ASSERT_EQUAL(memcmp(plain, r->body.data, r->size), 0);
        free(plain);
        wg_packing_free(r);
      }
      CU_ASSERT_PTR_NULL(wg_packer_take(p));
    }
    struct wg_packing *left = calloc(1, sizeof *left);
    state_of(3, &left->body);
    wg_packer_give(p, left);
    wg_packer_free(p); // with one that nobody took
  }
  wg_packer_free(NULL);
  wg_packing_free(NULL);
}

// What is on its way is read when it has arrived, wherever it lies in the list by then; pages that are on theirs are
// here, and had.
static void what_is_on_its_way_is_had(void) {
  struct wg_checkpoints c;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_mkdir_p(at("way"), &err), WG_OK);
  wg_checkpoints_init(&c);
  CU_ASSERT_EQUAL_FATAL(wg_checkpoints_create(&c, at("way"), IDENTITY, &err), WG_OK);
  write_one(&c, 3, 3, 3 + 1);
  CU_ASSERT_TRUE(has_page(&c, 3));
  write_one(&c, 1, 1, 1 + 1);
  write_one(&c, 2, 2, 2 + 1);
  wg_checkpoints_settle(&c);
  for (size_t i = 0; i < 3; i++) CU_ASSERT_PTR_NULL(c.pages.data[i]); // in the file alone
  for (uint64_t n = 1; n <= 3; n++) {
    expect_state(&c, n - 1, n);
    CU_ASSERT_TRUE(has_page(&c, n));
  }
  write_one(&c, 4, 4, 4 + 1);
  wg_checkpoints_release(&c); // which nobody has waited for
  CU_ASSERT_EQUAL_FATAL(open_it(&c, at("way"), IDENTITY, &err), WG_OK);
  CU_ASSERT_EQUAL_FATAL(c.n, 4);
  for (uint64_t n = 1; n <= 4; n++) {
    expect_state(&c, n - 1, n);
    CU_ASSERT_TRUE(has_page(&c, n));
  }
  wg_checkpoints_release(&c);
}

// What cannot be written stays in memory, and so do its pages; the first error is told, and nothing follows it.
static void what_cannot_be_written_stays(void) {
  struct wg_checkpoints c;
  struct wg_err err = {0};
  CU_ASSERT_EQUAL_FATAL(wg_mkdir_p(at("full"), &err), WG_OK);
  wg_checkpoints_init(&c);
  CU_ASSERT_EQUAL_FATAL(wg_checkpoints_create(&c, at("full"), IDENTITY, &err), WG_OK);
  write_one(&c, 1, 1, 1 + 1);
  wg_checkpoints_settle(&c);
  int fd = c.fd;
  c.fd = open("/dev/full", O_RDWR);
  CU_ASSERT_TRUE_FATAL(c.fd >= 0);
  for (uint64_t n = 2; n <= 3; n++) {
    struct wg_buf want = {0};
    struct wg_checkpoint *p = write_one(&c, n, n, n + 1);
    wg_checkpoints_settle(&c);
    state_of(n, &want);
    CU_ASSERT_TRUE(p->state.len == want.len && memcmp(p->state.data, want.data, want.len) == 0);
    CU_ASSERT_TRUE(has_page(&c, n));
    wg_buf_release(&want);
  }
  CU_ASSERT_EQUAL(wg_checkpoints_finish(&c, &err), WG_INPUT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "cannot write: No space left on device"));
  close(c.fd);
  c.fd = fd;
  wg_checkpoints_release(&c);
  CU_ASSERT_EQUAL_FATAL(open_it(&c, at("full"), IDENTITY, &err), WG_OK);
  CU_ASSERT_EQUAL(c.n, 1);
  expect_state(&c, 0, 1);
  wg_checkpoints_release(&c);
}

WG_MAIN("checkpoint", {"an identity tells runs apart", an_identity_tells_runs_apart},
        {"what is written comes back", what_is_written_comes_back}, {"there need be none", there_need_be_none},
        {"another run's are refused", another_run_s_are_refused},
        {"another version's are told apart", another_version_s_are_told_apart},
        {"a file that is cut off holds so far", a_file_that_is_cut_off_holds_so_far},
        {"a record that is missing is found", a_record_that_is_missing_is_found},
        {"a file that is added to is whole", a_file_that_is_added_to_is_whole},
        {"a byte that is wrong is found", a_byte_that_is_wrong_is_found},
        {"the list is in the order of the run", the_list_is_in_the_order_of_the_run},
        {"records are packed in order", records_are_packed_in_order},
        {"what is on its way is had", what_is_on_its_way_is_had},
        {"what cannot be written stays", what_cannot_be_written_stays})
