// What a question is answered from: rows counted and sorted, and a pass over a trace;
// each against a plain search through all there is. How values sort is SQLite's rule: NULL, numbers, text by its bytes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/random.h"
#include "tests/scratch.h"
#include "trace/groups.h"
#include "trace/scan.h"

// --- groups ----------------------------------------------------------------------------------------------

// In SQLite's order.
static const struct wg_cell values[] = {
    {.type = WG_CELL_NULL},
    {.type = WG_CELL_REAL, .real = -2.5},
    {.type = WG_CELL_INT, .i = -2},
    {.type = WG_CELL_INT, .i = 0},
    {.type = WG_CELL_REAL, .real = 0.5},
    {.type = WG_CELL_INT, .i = 1},
    {.type = WG_CELL_INT, .i = 9007199254740993}, // not a double's
    {.type = WG_CELL_INT, .i = INT64_MAX},
    {.type = WG_CELL_TEXT, .n = 0, .text = ""},
    {.type = WG_CELL_TEXT, .n = 1, .text = "A"},
    {.type = WG_CELL_TEXT, .n = 2, .text = "AB"},
    {.type = WG_CELL_TEXT, .n = 3, .text = "A\0C"},
    {.type = WG_CELL_TEXT, .n = 1, .text = "a"},
    {.type = WG_CELL_TEXT, .n = 2, .text = "\xC3\xA9"},
};
static const int order[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 10, 12, 13}; // "A\0C" is before "AB"
#define NVALUES (sizeof values / sizeof *values)

static bool same_cell(const struct wg_cell *a, const struct wg_cell *b) {
  if (a->type != b->type) return false;
  if (a->type == WG_CELL_TEXT) return a->n == b->n && memcmp(a->text, b->text, a->n) == 0;
  return a->type == WG_CELL_NULL || a->i == b->i;
}

static void add_row(struct wg_groups *g, size_t a, size_t b, uint64_t times) {
  wg_groups_begin(g);
  wg_groups_cell(g, &values[a]);
  wg_groups_cell(g, &values[b]);
  wg_groups_end(g, times);
}

static void alike_rows_are_counted_and_sorted(void) {
  struct wg_groups g = {0}, other = {0};
  uint64_t times[NVALUES][NVALUES] = {{0}}, seed = 3;
  size_t kinds = 0;
  CU_ASSERT_EQUAL(wg_groups_count(&g), 0);
  for (int i = 0; i < 5000; i++) {
    size_t a = random_below(&seed, NVALUES), b = random_below(&seed, NVALUES);
    uint64_t n = 1 + random_below(&seed, 3);
    if ((a * 7 + b) % 5 == 0) continue; // not every pair comes
    add_row(i % 2 ? &g : &other, a, b, n);
    kinds += times[a][b] == 0;
    times[a][b] += n;
  }
  size_t bytes = g.bytes;
  wg_groups_merge(&g, &other);
  CU_ASSERT_EQUAL_FATAL(wg_groups_count(&g), kinds);
  CU_ASSERT_TRUE(g.bytes >= bytes && bytes > 0);
  uint32_t *ids = wg_groups_sorted(&g, 2);
  size_t at = 0;
  for (size_t x = 0; x < NVALUES; x++)
    for (size_t y = 0; y < NVALUES; y++) {
      size_t a = (size_t)order[x], b = (size_t)order[y];
      if (times[a][b] == 0) continue;
      struct wg_cell cells[2];
      wg_groups_get(&g, ids[at], cells, 2);
      CU_ASSERT_TRUE(same_cell(&cells[0], &values[a]) && same_cell(&cells[1], &values[b]));
      CU_ASSERT_EQUAL(g.times[ids[at]], times[a][b]);
      at++;
    }
  CU_ASSERT_EQUAL(at, kinds);
  free(ids);
  wg_groups_release(&g);
  wg_groups_release(&other);
  // Rows without cells are all alike.
  wg_groups_begin(&g);
  wg_groups_end(&g, 4);
  wg_groups_begin(&g);
  wg_groups_end(&g, 5);
  CU_ASSERT_TRUE(wg_groups_count(&g) == 1 && g.times[1] == 9);
  wg_groups_release(&g);
}

// --- a pass ----------------------------------------------------------------------------------------------

enum { LINES = 9000 };
static struct line {
  int tid, idx, name; // -1: none
  int64_t cycle;      // -1: none
  bool call;
} lines[LINES];
static const char *const names[] = {"NtClose", "NtWaitForSingleObjectEx", "KeSetEvent"};

static void make(const char *path) {
  struct wg_buf b = {0};
  struct wg_err err = {0};
  uint64_t seed = 41;
  wg_buf_str(&b, "{\"kind\":\"trace.header\",\"tid\":0,\"idx\":0,\"host_ns\":0,\"schema\":1}\n");
  lines[0] = (struct line){0, 0, -1, -1, false};
  for (int i = 1; i < LINES; i++) {
    struct line *l = &lines[i];
    *l = (struct line){(int)random_below(&seed, 6), (int)random_below(&seed, 50), (int)random_below(&seed, 3),
                       random_below(&seed, 9), random_below(&seed, 2)};
    if (l->cycle == 8) l->cycle = -1;
    wg_buf_printf(&b, "{\"kind\":\"kernel.%s\",\"tid\":%d,\"idx\":%d,\"host_ns\":%d", l->call ? "call" : "return",
                  l->tid, l->idx, i);
    if (l->cycle >= 0) wg_buf_printf(&b, ",\"cycle\":%lld", (long long)l->cycle);
    wg_buf_printf(&b, ",\"name\":\"%s\"", names[l->name]);
    wg_buf_str(&b, l->call ? ",\"args\":[\"0x1\"]}\n" : ",\"rv\":\"0x0\"}\n");
  }
  CU_ASSERT_EQUAL_FATAL(wg_file_write(path, b.data, b.len, &err), WG_OK);
  wg_buf_release(&b);
}

struct want {
  enum wg_test_op op;
  int64_t v[3];
  size_t n;
};

static bool holds(const struct want *w, int64_t x) {
  switch (w->op) {
  case WG_TEST_EQ:
    for (size_t i = 0; i < w->n; i++)
      if (x == w->v[i]) return true;
    return false;
  case WG_TEST_GT: return x > w->v[0];
  case WG_TEST_GE: return x >= w->v[0];
  case WG_TEST_LT: return x < w->v[0];
  default: return x <= w->v[0];
  }
}

// Tests of every kind on tid and cycle, which some lines lack, against the lines themselves, in their order.
static void a_pass_gives_the_rows_that_pass(void) {
  static const struct want wants[] = {{WG_TEST_EQ, {3}, 1}, {WG_TEST_EQ, {1, 4, 77}, 3}, {WG_TEST_GT, {2}, 1},
                                      {WG_TEST_GE, {2}, 1}, {WG_TEST_LT, {2}, 1},        {WG_TEST_LE, {2}, 1},
                                      {WG_TEST_EQ, {99}, 1}};
  static const int columns[] = {WG_COL_HOST_NS, WG_COL_TID, WG_COL_NAME, WG_COL_CYCLE, WG_COL_KIND};
  static const int tested[] = {WG_COL_TID, WG_COL_CYCLE};
  make(at("t.jsonl"));
  for (size_t k = 0; k < 2; k++)
    for (size_t w = 0; w < sizeof wants / sizeof *wants; w++) {
      struct wg_cell cells[3];
      for (size_t i = 0; i < wants[w].n; i++) cells[i] = (struct wg_cell){.type = WG_CELL_INT, .i = wants[w].v[i]};
      const struct wg_test test = {tested[k], wants[w].op, cells, wants[w].n};
      const struct wg_asked asked = {.columns = columns, .ncolumns = 5, .tests = &test, .ntests = 1};
      struct wg_scan *s = NULL;
      struct wg_err err = {0};
      struct wg_scan_row row;
      CU_ASSERT_EQUAL_FATAL(wg_scan_open(&s, at("t.jsonl"), &asked, &err), WG_OK);
      for (int i = 0; i < LINES; i++) {
        const struct line *l = &lines[i];
        int64_t x = k == 0 ? l->tid : l->cycle;
        if (k == 1 && x < 0) continue; // NULL passes no test
        if (!holds(&wants[w], x)) continue;
        CU_ASSERT_TRUE_FATAL(wg_scan_next(s, &row));
        CU_ASSERT_TRUE_FATAL(row.seq == (uint64_t)i + 1 && row.cells[0].i == i && row.cells[1].i == l->tid);
        CU_ASSERT_EQUAL_FATAL(row.cells[3].type, l->cycle < 0 ? WG_CELL_NULL : WG_CELL_INT);
        if (l->cycle >= 0) {
          CU_ASSERT_EQUAL_FATAL(row.cells[3].i, l->cycle);
        }
        CU_ASSERT_EQUAL_FATAL(row.cells[2].type, l->name < 0 ? WG_CELL_NULL : WG_CELL_TEXT);
        if (l->name >= 0) {
          CU_ASSERT_TRUE_FATAL(row.cells[2].n == strlen(names[l->name]) &&
                               memcmp(row.cells[2].text, names[l->name], row.cells[2].n) == 0);
        }
        const char *kind = i == 0 ? "trace.header" : l->call ? "kernel.call" : "kernel.return";
        CU_ASSERT_TRUE_FATAL(row.cells[4].n == strlen(kind) && memcmp(row.cells[4].text, kind, row.cells[4].n) == 0);
      }
      CU_ASSERT_FALSE(wg_scan_next(s, &row));
      CU_ASSERT_TRUE(!wg_scan_overflowed(s) && !wg_scan_stopped(s));
      wg_scan_close(s);
    }
}

// The same lines counted by thread and name.
static void a_pass_counts_groups(void) {
  static const int columns[] = {WG_COL_TID, WG_COL_NAME};
  const struct wg_asked asked = {.columns = columns, .ncolumns = 2, .groups = true};
  static const int by_text[] = {2, 0, 1}; // KeSetEvent, NtClose, NtWait...
  struct wg_scan *s = NULL;
  struct wg_err err = {0};
  struct wg_scan_row row;
  make(at("g.jsonl"));
  CU_ASSERT_EQUAL_FATAL(wg_scan_open(&s, at("g.jsonl"), &asked, &err), WG_OK);
  for (int tid = 0; tid < 6; tid++)
    for (int n = -1; n < 3; n++) {
      uint64_t times = 0;
      for (int i = 0; i < LINES; i++) times += lines[i].tid == tid && lines[i].name == (n < 0 ? -1 : by_text[n]);
      if (times == 0) continue;
      CU_ASSERT_TRUE_FATAL(wg_scan_next(s, &row));
      CU_ASSERT_TRUE(row.times == times && row.cells[0].i == tid);
      CU_ASSERT_EQUAL_FATAL(row.cells[1].type == WG_CELL_NULL, n < 0);
      if (n >= 0) {
        CU_ASSERT_EQUAL(memcmp(row.cells[1].text, names[by_text[n]], row.cells[1].n), 0);
      }
    }
  CU_ASSERT_FALSE(wg_scan_next(s, &row));
  wg_scan_close(s);
}

WG_MAIN("scan", {"alike rows are counted and sorted", alike_rows_are_counted_and_sorted},
        {"a pass gives the rows that pass", a_pass_gives_the_rows_that_pass},
        {"a pass counts groups", a_pass_counts_groups})
