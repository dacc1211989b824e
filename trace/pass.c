#include "trace/pass.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/vec.h"
#include "trace/source.h"

#define CHUNK (256u << 10)
#define MOST_THREADS 8u

enum slot_state { SLOT_FREE, SLOT_BUSY, SLOT_DONE };

struct slot {
  struct wg_chunk chunk;
  enum slot_state state;
};

struct hand {
  struct wg_pass *pass;
  unsigned number;
  pthread_t thread;
};

struct wg_pass {
  struct wg_source *source;
  struct wg_pass_work work;
  struct hand hands[MOST_THREADS];
  unsigned nhands;
  struct slot slots[2 * MOST_THREADS];
  size_t nslots;

  // Of whoever reads: one at a time.
  struct wg_buf carry; // the beginning of a line whose end is not read yet
  bool started, in_long, after_long;
  struct wg_chunk rest;

  pthread_mutex_t lock;
  pthread_cond_t changed;
  uint64_t filled, taken; // chunks; slot i % nslots has chunk i
  bool reading, ended, closing, held;
};

unsigned wg_pass_threads(void) {
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n < 1 ? 1 : n > (long)MOST_THREADS ? MOST_THREADS : (unsigned)n;
}

static void put_row(struct wg_chunk *c, const char *text, size_t n) {
  size_t need = c->n + n + WG_SOURCE_SLACK;
  WG_VEC_ROOM(c->text, c->cap, need < 2 * CHUNK ? 2 * CHUNK : need);
  if (n) memcpy(c->text + c->n, text, n);
  c->n += n;
}

static size_t last_newline(const char *text, size_t n) {
  while (n && text[n - 1] != '\n') n--;
  return n; // behind it; 0: none
}

// A line that is too long ends here or later.
static bool skip_long(struct wg_pass *p, char **text, size_t *n) {
  char *end = memchr(*text, '\n', *n);
  if (end == NULL) return false;
  p->in_long = false;
  p->after_long = true;
  *n -= (size_t)(end + 1 - *text);
  *text = end + 1;
  return true;
}

// Whole lines into the chunk; false at the end of the file.
static bool fill_chunk(struct wg_pass *p, struct wg_chunk *c) {
  c->n = 0;
  for (;;) {
    size_t n;
    char *text = wg_source_next(p->source, &n);
    if (text == NULL) break;
    if (!p->started && n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3, n -= 3; // a byte order mark
    p->started = true;
    if (p->in_long && !skip_long(p, &text, &n)) continue;
    size_t whole = last_newline(text, n);
    if (whole == 0) {
      wg_buf_add(&p->carry, text, n);
      p->in_long = p->carry.len > WG_PASS_LINE;
      if (p->in_long) wg_buf_clear(&p->carry);
      continue;
    }
    char *first = memchr(text, '\n', whole);
    if (p->carry.len + (size_t)(first - text) > WG_PASS_LINE) {
      wg_buf_clear(&p->carry);
      p->after_long = true;
      whole -= (size_t)(first + 1 - text);
      n -= (size_t)(first + 1 - text);
      text = first + 1;
    }
    c->after_long = p->after_long;
    p->after_long = false;
    put_row(c, p->carry.data, p->carry.len);
    wg_buf_clear(&p->carry);
    put_row(c, text, whole);
    wg_buf_add(&p->carry, text + whole, n - whole);
    return true;
  }
  p->rest.after_long = p->after_long || p->in_long;
  put_row(&p->rest, p->carry.data, p->carry.len);
  return false;
}

// The next chunk to work on; NULL: there is none.
static struct slot *next_slot(struct wg_pass *p) {
  pthread_mutex_lock(&p->lock);
  while (!p->closing && !p->ended && (p->reading || p->slots[p->filled % p->nslots].state != SLOT_FREE))
    pthread_cond_wait(&p->changed, &p->lock);
  bool none = p->closing || p->ended;
  p->reading = !none;
  pthread_mutex_unlock(&p->lock);
  if (none) return NULL;
  struct slot *s = &p->slots[p->filled % p->nslots];
  s->chunk.number = p->filled;
  bool more = fill_chunk(p, &s->chunk);
  pthread_mutex_lock(&p->lock);
  p->reading = false;
  p->ended = !more;
  if (more) {
    s->state = SLOT_BUSY;
    p->filled++;
  }
  pthread_cond_broadcast(&p->changed);
  pthread_mutex_unlock(&p->lock);
  return more ? s : NULL;
}

static void *work(void *arg) {
  struct hand *h = arg;
  struct wg_pass *p = h->pass;
  for (struct slot *s; (s = next_slot(p)) != NULL;) {
    p->work.work(p->work.ctx, h->number, &s->chunk);
    pthread_mutex_lock(&p->lock);
    s->state = SLOT_DONE;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
  }
  return NULL;
}

int wg_pass_open(struct wg_pass **out, const char *path, unsigned threads, const struct wg_pass_work *w,
                 struct wg_err *err) {
  struct wg_pass *p = wg_xcalloc(1, sizeof *p);
  int code = wg_source_open_through(&p->source, path, NULL, err);
  if (code != WG_OK) {
    free(p);
    return code;
  }
  p->work = *w;
  if (threads > MOST_THREADS) threads = MOST_THREADS;
  p->nslots = 2 * (threads ? threads : 1);
  for (size_t i = 0; i < p->nslots; i++) p->slots[i].chunk.made = w->make(w->ctx);
  p->rest.made = w->make(w->ctx);
  pthread_mutex_init(&p->lock, NULL);
  pthread_cond_init(&p->changed, NULL);
  for (; p->nhands < threads; p->nhands++) {
    struct hand *h = &p->hands[p->nhands];
    *h = (struct hand){.pass = p, .number = p->nhands};
    if (pthread_create(&h->thread, NULL, work, h) != 0) break;
  }
  *out = p;
  return WG_OK;
}

void wg_pass_close(struct wg_pass *p) {
  if (p == NULL) return;
  pthread_mutex_lock(&p->lock);
  p->closing = true;
  pthread_cond_broadcast(&p->changed);
  pthread_mutex_unlock(&p->lock);
  for (unsigned i = 0; i < p->nhands; i++) pthread_join(p->hands[i].thread, NULL);
  pthread_mutex_destroy(&p->lock);
  pthread_cond_destroy(&p->changed);
  for (size_t i = 0; i < p->nslots; i++) {
    p->work.release(p->slots[i].chunk.made);
    free(p->slots[i].chunk.text);
  }
  p->work.release(p->rest.made);
  free(p->rest.text);
  wg_buf_release(&p->carry);
  wg_source_close(p->source);
  free(p);
}

// Without a host thread of its own all is done here.
static struct wg_chunk *alone(struct wg_pass *p) {
  struct wg_chunk *c = &p->slots[0].chunk;
  if (p->ended) return NULL;
  p->ended = !fill_chunk(p, c);
  if (p->ended) return NULL;
  c->number = p->filled++;
  p->work.work(p->work.ctx, 0, c);
  return c;
}

struct wg_chunk *wg_pass_next(struct wg_pass *p) {
  if (p->nhands == 0) return alone(p);
  pthread_mutex_lock(&p->lock);
  if (p->held) {
    p->slots[p->taken++ % p->nslots].state = SLOT_FREE;
    p->held = false;
    pthread_cond_broadcast(&p->changed);
  }
  struct slot *s = &p->slots[p->taken % p->nslots];
  while (s->state != SLOT_DONE && !(p->ended && p->taken == p->filled)) pthread_cond_wait(&p->changed, &p->lock);
  p->held = s->state == SLOT_DONE;
  pthread_mutex_unlock(&p->lock);
  return p->held ? &s->chunk : NULL;
}

struct wg_chunk *wg_pass_rest(struct wg_pass *p) {
  p->rest.number = p->filled;
  return p->rest.n || p->rest.after_long ? &p->rest : NULL;
}

const char *wg_pass_damage(const struct wg_pass *p) { return wg_source_damage(p->source); }
uint64_t wg_pass_at(const struct wg_pass *p, uint64_t *of) { return wg_source_at(p->source, of); }
