#include "trace/rows.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/printable.h"

#define BATCHES 6u
#define WORDS 65536u      // of a batch
#define TEXT (256u << 10) // of a batch, but a longer one is taken whole
#define ROW_HEAD 2u       // words before a row's columns

static const unsigned char columns[] = {
#define WG_TABLE(id, name, n) n,
#include "trace/tables.def"
};

int wg_table_columns(enum wg_table t) { return columns[t]; }

struct batch {
  uint64_t *words; // for each row: table and text columns, set columns, then its columns
  size_t n;
  struct wg_buf text;
};

struct wg_rows {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct batch batches[BATCHES];
  uint64_t made, stored; // batches, since the beginning; batch i lies in batches[i % BATCHES]
  bool ended, stopped;
  // Of the maker alone.
  struct batch *filling;
  size_t row; // the latest, in its words
  // Of the storer alone.
  struct batch *reading;
  size_t at;
};

struct wg_rows *wg_rows_new(void) {
  struct wg_rows *q = wg_xcalloc(1, sizeof *q);
  pthread_mutex_init(&q->lock, NULL);
  pthread_cond_init(&q->changed, NULL);
  for (unsigned i = 0; i < BATCHES; i++) {
    q->batches[i].words = wg_xcalloc(WORDS, sizeof(uint64_t));
    wg_buf_reserve(&q->batches[i].text, 1);
  }
  q->filling = &q->batches[0];
  return q;
}

void wg_rows_free(struct wg_rows *q) {
  if (q == NULL) return;
  for (unsigned i = 0; i < BATCHES; i++) {
    free(q->batches[i].words);
    wg_buf_release(&q->batches[i].text);
  }
  pthread_cond_destroy(&q->changed);
  pthread_mutex_destroy(&q->lock);
  free(q);
}

static void clear(struct batch *b) {
  b->n = 0;
  if (b->text.cap > 16 * TEXT) wg_buf_release(&b->text); // one that held a huge text
  wg_buf_reserve(&b->text, 1);
  b->text.len = 0;
}

static void hand_over(struct wg_rows *q) {
  pthread_mutex_lock(&q->lock);
  if (!q->stopped) q->made++;
  pthread_cond_broadcast(&q->changed);
  while (!q->stopped && q->made - q->stored == BATCHES) pthread_cond_wait(&q->changed, &q->lock);
  q->filling = &q->batches[q->made % BATCHES];
  pthread_mutex_unlock(&q->lock);
  clear(q->filling);
}

int64_t *wg_rows_add(struct wg_rows *q, enum wg_table t, uint32_t set) {
  if (q->filling->n + ROW_HEAD + columns[t] > WORDS || q->filling->text.len > TEXT) hand_over(q);
  struct batch *b = q->filling;
  q->row = b->n;
  b->words[b->n] = (uint64_t)t;
  b->words[b->n + 1] = set;
  b->n += ROW_HEAD + columns[t];
  return (int64_t *)&b->words[q->row + ROW_HEAD];
}

void wg_rows_text(struct wg_rows *q, int at, const char *s, size_t n) {
  struct batch *b = q->filling;
  size_t from = b->text.len;
  wg_buf_utf8(&b->text, s, n);
  b->words[q->row] |= 1ull << (32 + at);
  b->words[q->row + ROW_HEAD + (unsigned)at] = (uint64_t)from << 32 | (uint32_t)(b->text.len - from);
}

void wg_rows_end(struct wg_rows *q) {
  pthread_mutex_lock(&q->lock);
  if (!q->stopped) q->made++;
  q->ended = true;
  pthread_cond_broadcast(&q->changed);
  pthread_mutex_unlock(&q->lock);
}

bool wg_rows_stopped(struct wg_rows *q) {
  pthread_mutex_lock(&q->lock);
  bool stopped = q->stopped;
  pthread_mutex_unlock(&q->lock);
  return stopped;
}

static bool next_batch(struct wg_rows *q) {
  pthread_mutex_lock(&q->lock);
  if (q->reading) q->stored++;
  pthread_cond_broadcast(&q->changed);
  while (q->made == q->stored && !q->ended) pthread_cond_wait(&q->changed, &q->lock);
  q->reading = q->made == q->stored ? NULL : &q->batches[q->stored % BATCHES];
  pthread_mutex_unlock(&q->lock);
  q->at = 0;
  return q->reading != NULL;
}

bool wg_rows_next(struct wg_rows *q, struct wg_row *row, bool *batch) {
  if (batch) *batch = false;
  while (q->reading == NULL || q->at == q->reading->n) {
    if (!next_batch(q)) return false;
    if (batch) *batch = true;
  }
  const uint64_t *w = &q->reading->words[q->at];
  row->table = (enum wg_table)(w[0] & 0xFF);
  row->text = (uint32_t)(w[0] >> 32);
  row->set = (uint32_t)w[1];
  unsigned n = columns[row->table];
  memcpy(row->v, w + ROW_HEAD, n * sizeof *row->v);
  for (uint32_t left = row->text; left; left &= left - 1) {
    int i = __builtin_ctz(left);
    row->s[i] = q->reading->text.data + (row->v[i] >> 32);
    row->v[i] = (int64_t)(uint32_t)row->v[i];
  }
  q->at += ROW_HEAD + n;
  return true;
}

void wg_rows_stop(struct wg_rows *q) {
  pthread_mutex_lock(&q->lock);
  q->stopped = true;
  pthread_cond_broadcast(&q->changed);
  pthread_mutex_unlock(&q->lock);
}
