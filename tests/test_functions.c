// What gdb is told of a title's functions, where the title is a stranger's: at most what docs/limits.md says, and that
// is said.
#include "gdb/functions.h"

#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "emu/loader/loader.h"
#include "tests/suite.h"

#define BASE 0x82000000u
enum { CODE = 1, DATA = 2 };

// An image of `size` bytes, the last of which are a table of n functions with `words` each, of which `prologue` are its
// prologue; `fill` is every word before it.
struct made {
  struct wg_image img;
  struct wg_segment segments[2];
};
static void make(struct made *m, uint32_t size, uint32_t n, uint32_t words, uint32_t prologue, uint32_t fill) {
  uint32_t code = size - 8 * n;
  *m = (struct made){.img = {.base = BASE, .size = size, .pdata = BASE + code, .pdata_size = 8 * n, .nsegments = 2},
                     .segments = {{BASE, code, CODE}, {BASE + code, 8 * n, DATA}}};
  m->img.segments = m->segments;
  m->img.data = wg_xcalloc(size, 1);
  for (uint32_t at = 0; at < code; at += 4) wg_store_be32(m->img.data + at, fill);
  for (uint32_t i = 0; i < n; i++) {
    wg_store_be32(m->img.data + code + 8 * i, BASE + 4 * words * i);
    wg_store_be32(m->img.data + code + 8 * i + 4, words << 8 | prologue);
  }
}
static void put(struct made *m, uint32_t at, uint32_t word) { wg_store_be32(m->img.data + at, word); }

static void a_table_tells_all_of_its_functions(void) {
  struct made m;
  size_t n;
  bool all = false;
  make(&m, 0x2000, 16, 8, 2, 0x60000000);
  put(&m, 0x400, 0x4E800020); // behind them: one that nobody calls
  struct wg_gdb_function *list = wg_gdb_functions(&m.img, &n, &all);
  CU_ASSERT_TRUE(all && n == 17);
  for (size_t i = 0; i < 16; i++)
    CU_ASSERT_TRUE(list[i].begin == BASE + 32 * i && list[i].end == list[i].begin + 32 &&
                   list[i].prologue_end == list[i].begin + 8);
  CU_ASSERT_TRUE(list[16].begin == BASE + 0x200 && list[16].end == m.img.pdata && list[16].prologue_end == 0);
  free(list);
  // In what is not code there are none, in whatever order the segments come.
  m.segments[0] = (struct wg_segment){BASE + 0x300, m.img.pdata - BASE - 0x300, DATA};
  m.segments[1] = (struct wg_segment){BASE, 0x300, CODE};
  list = wg_gdb_functions(&m.img, &n, &all);
  CU_ASSERT_TRUE(all && n == 17 && list[16].end == BASE + 0x300);
  free(list);
  free(m.img.data);
}

static void there_are_so_many_at_most(void) {
  struct made m;
  size_t n;
  bool all = true;
  // As many entries as fit.
  make(&m, 24u << 20, 2u << 20, 1, 1, 0x60000000);
  struct wg_gdb_function *list = wg_gdb_functions(&m.img, &n, &all);
  CU_ASSERT_TRUE(!all && n == WG_GDB_FUNCTIONS && list[n - 1].begin == BASE + 4 * (uint32_t)(n - 1));
  free(list);
  free(m.img.data);
  // One function that calls every word behind it.
  uint32_t words = 2u << 20;
  make(&m, 8 * words + 8, 1, words, 0, 0x60000000);
  for (uint32_t i = 0; i < words; i++) put(&m, 4 * i, 0x48000001 | 4 * (words & 0x3FFFFF));
  all = true;
  list = wg_gdb_functions(&m.img, &n, &all);
  CU_ASSERT_TRUE(!all && n == WG_GDB_FUNCTIONS && list[n - 1].end - list[n - 1].begin == 4);
  free(list);
  free(m.img.data);
}

// Each word of each prologue calls a routine that saves registers: a row of several bytes for each that it saves.
static void frames_have_so_many_bytes_at_most(void) {
  struct made m;
  size_t n;
  bool all = false;
  const uint32_t each = 16, functions = 120000, helper = 4 * each * functions;
  make(&m, helper + 4 * 64 + 8 * functions, functions, each, each, 0x60000000);
  for (uint32_t i = 0; i < 63; i++)
    put(&m, helper + 4 * i, 0xF9C10000 | ((0xFF00 + 8 * i) & 0xFFFF)); // std r14,8i-256(r1)
  put(&m, helper + 4 * 63, 0x4E800020);
  for (uint32_t f = 0; f < functions; f++) {
    put(&m, 4 * each * f, 0x7D8802A6); // mflr r12
    for (uint32_t i = 1; i < each; i++) {
      uint32_t at = 4 * (each * f + i);
      put(&m, at, 0x48000001 | ((helper - at) & 0x3FFFFFC));
    }
  }
  struct wg_gdb_function *list = wg_gdb_functions(&m.img, &n, &all);
  CU_ASSERT_TRUE(all && n == functions + 1);
  struct wg_buf out = {0};
  CU_ASSERT_TRUE(wg_gdb_put_frames(&m.img, list, 100, &out));
  CU_ASSERT_TRUE(out.len > 100 * 3 * 63 * 3 && out.len < 100 * 4 * 63 * 5); // three routines of each
  wg_buf_clear(&out);
  CU_ASSERT_FALSE(wg_gdb_put_frames(&m.img, list, n, &out));
  CU_ASSERT_TRUE(out.len > WG_GDB_FRAMES && out.len < WG_GDB_FRAMES + 0x10000);
  wg_buf_release(&out);
  free(list);
  free(m.img.data);
}

WG_MAIN("functions", {"a table tells all of its functions", a_table_tells_all_of_its_functions},
        {"there are so many at most", there_are_so_many_at_most},
        {"frames have so many bytes at most", frames_have_so_many_bytes_at_most})
