// What making a database of a trace remembers: bytes that were met before, and rows that wait for their ends.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/random.h"
#include "tests/suite.h"
#include "trace/intern.h"
#include "trace/shelf.h"

// --- what was met before ---------------------------------------------------------------------------------

static void bytes_keep_their_number(void) {
  struct wg_intern x = {0};
  char text[40];
  int64_t number;
  for (int round = 0; round < 2; round++)
    for (int i = 0; i < 3000; i++) {
      int n = snprintf(text, sizeof text, "%d and %d", i / 3, i % 3);
      number = 100 + i;
      CU_ASSERT_EQUAL(wg_intern(&x, text, (size_t)n, &number), round == 1);
      CU_ASSERT_EQUAL(number, 100 + i);
      if (round) continue;
      number = 5;
      CU_ASSERT_TRUE(wg_intern(&x, text, (size_t)n, &number) && number == 100 + i);
    }
  number = 7;
  CU_ASSERT_FALSE(wg_intern(&x, "0 and", 5, &number)); // the begin of another is not that
  CU_ASSERT_FALSE(wg_intern(&x, "", 0, &number));
  CU_ASSERT_TRUE(wg_intern(&x, "", 0, &number) && number == 7);
  wg_intern_release(&x);
  // So many and no more: then it begins anew, and says of none that it is another.
  for (int64_t i = 0; i < 600000; i++) {
    number = i;
    CU_ASSERT_FALSE_FATAL(wg_intern(&x, &i, sizeof i, &number));
  }
  int64_t i = 599999;
  number = 1;
  CU_ASSERT_TRUE(wg_intern(&x, &i, sizeof i, &number) && number == 599999);
  i = 3;
  number = 1;
  CU_ASSERT_FALSE(wg_intern(&x, &i, sizeof i, &number)); // it was forgotten
  wg_intern_release(&x);
  char *large = calloc(1, 9u << 20);
  CU_ASSERT_FALSE(wg_intern(&x, large, 9u << 20, &number));
  CU_ASSERT_FALSE(wg_intern(&x, large, 9u << 20, &number)); // so long a text is not kept
  free(large);
  wg_intern_release(&x);
}

// --- rows that wait --------------------------------------------------------------------------------------

// Rows leave in the order in which they came, whenever they are closed.
static void rows_leave_in_the_order_they_came(void) {
  enum { N = 300 };
  struct wg_rows *rows = wg_rows_new();
  struct wg_shelf s;
  struct wg_row row;
  uint64_t ticket[N], seed = 7;
  bool open[N] = {false};
  wg_shelf_init(&s, rows, (enum wg_table)0);
  for (int i = 0; i < N; i++) {
    const int64_t v[WG_ROW_COLUMNS] = {i, 5};
    ticket[i] = wg_shelf_add(&s, v, 3);
    open[i] = true;
    for (int k = 0; k < 2; k++) {
      int j = (int)random_below(&seed, (uint32_t)i + 1);
      if (!open[j]) continue;
      CU_ASSERT_EQUAL(wg_shelf_at(&s, ticket[j])->v[0], j);
      wg_shelf_at(&s, ticket[j])->v[1] = 1000 + j; // it can be changed until then
      wg_shelf_close(&s, ticket[j]);
      open[j] = false;
    }
  }
  wg_shelf_end(&s);
  wg_rows_end(rows);
  for (int i = 0; i < N; i++) {
    CU_ASSERT_TRUE_FATAL(wg_rows_next(rows, &row, NULL));
    CU_ASSERT_TRUE(row.table == (enum wg_table)0 && row.set == 3 && row.v[0] == i &&
                   row.v[1] == (open[i] ? 5 : 1000 + i));
  }
  CU_ASSERT_FALSE(wg_rows_next(rows, &row, NULL));
  wg_shelf_release(&s);
  wg_rows_free(rows);
}

static struct wg_rows *rows_of_far;
static int64_t came[70000];
static size_t ncame;
static void *take(void *arg) {
  struct wg_row row;
  while (wg_rows_next(rows_of_far, &row, NULL))
    if (ncame < sizeof came / sizeof *came) came[ncame++] = row.v[0];
  return arg;
}

// One that stays open while 32,768 others come does not hold them up; it leaves when it is closed.
static void one_row_holds_up_so_many(void) {
  enum { ALL = 60000 };
  struct wg_shelf s;
  pthread_t taker;
  rows_of_far = wg_rows_new();
  CU_ASSERT_EQUAL_FATAL(pthread_create(&taker, NULL, take, NULL), 0);
  wg_shelf_init(&s, rows_of_far, (enum wg_table)0);
  uint64_t first = 0, second = 0;
  for (int64_t i = 0; i < ALL; i++) {
    const int64_t v[WG_ROW_COLUMNS] = {i};
    uint64_t t = wg_shelf_add(&s, v, 1);
    if (i == 0)
      first = t;
    else if (i == 1)
      second = t;
    else
      wg_shelf_close(&s, t);
    if (i == ALL - 100) {
      CU_ASSERT_EQUAL(wg_shelf_at(&s, first)->v[0], 0);
      wg_shelf_close(&s, first);
    }
  }
  CU_ASSERT_EQUAL(wg_shelf_at(&s, second)->v[0], 1);
  wg_shelf_end(&s); // and the second with it
  wg_rows_end(rows_of_far);
  pthread_join(taker, NULL);
  CU_ASSERT_EQUAL_FATAL(ncame, ALL);
  size_t at0 = 0, at1 = 0;
  int64_t last = 1;
  for (size_t i = 0; i < ncame; i++) {
    if (came[i] == 0) {
      at0 = i;
    } else if (came[i] == 1) {
      at1 = i;
    } else {
      CU_ASSERT_EQUAL_FATAL(came[i], last + 1);
      last = came[i];
    }
  }
  CU_ASSERT_TRUE(at0 > ALL - 110 && at0 < ALL - 90 && at1 > at0);
  wg_shelf_release(&s);
  wg_rows_free(rows_of_far);
}

WG_MAIN("shelf", {"bytes keep their number", bytes_keep_their_number},
        {"rows leave in the order they came", rows_leave_in_the_order_they_came},
        {"one row holds up so many", one_row_holds_up_so_many})
