#include "probe/calls.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/strings.h"
#include "base/vec.h"
#include "trace/reader.h"

#define DEPTH 32u // calls within each other; of more the outermost are forgotten

struct thread {
  struct {
    uint32_t name, lr;
    uint64_t idx;
  } open[DEPTH];
  unsigned n;
};

struct wg_calls {
  struct wg_map by_tid;
  struct wg_strings names;
  struct thread *threads;
  size_t n;
};

struct wg_calls *wg_calls_create(void) {
  return wg_xcalloc(1, sizeof(struct wg_calls));
}

void wg_calls_free(struct wg_calls *c) {
  if (c == NULL) return;
  wg_map_release(&c->by_tid);
  wg_strings_release(&c->names);
  free(c->threads);
  free(c);
}

static struct thread *thread_of(struct wg_calls *c, uint32_t tid) {
  uint64_t i;
  if (wg_map_get(&c->by_tid, tid, &i)) return &c->threads[i];
  wg_map_put(&c->by_tid, tid, c->n);
  WG_VEC_NEXT(c->threads, c->n);
  c->threads[c->n].n = 0;
  return &c->threads[c->n++];
}

void wg_calls_event(struct wg_calls *c, const struct wg_event *e) {
  if (e->kind != WG_EV_KERNEL_CALL && e->kind != WG_EV_KERNEL_RETURN) return;
  const char *text = wg_ev_text(e, WG_K_NAME);
  if (text == NULL) return;
  struct thread *t = thread_of(c, e->tid);
  uint32_t name = wg_strings_id(&c->names, text, strlen(text));
  if (e->kind == WG_EV_KERNEL_CALL) {
    if (t->n == DEPTH) memmove(t->open, t->open + 1, --t->n * sizeof *t->open);
    uint64_t lr = 0;
    wg_ev_u64(e, WG_K_LR, &lr);
    t->open[t->n].name = name;
    t->open[t->n].lr = (uint32_t)lr;
    t->open[t->n++].idx = e->idx;
    return;
  }
  for (unsigned i = t->n; i-- > 0;) {
    if (t->open[i].name != name) continue;
    t->n = i; // what was within it never returned
    return;
  }
}

const char *wg_calls_within(const struct wg_calls *c, uint32_t tid, uint64_t *idx, uint32_t *lr) {
  uint64_t i;
  if (!wg_map_get(&c->by_tid, tid, &i) || c->threads[i].n == 0) return NULL;
  const struct thread *t = &c->threads[i];
  if (idx) *idx = t->open[t->n - 1].idx;
  if (lr) *lr = t->open[t->n - 1].lr;
  return wg_strings_text(&c->names, t->open[t->n - 1].name);
}

int wg_calls_read(struct wg_calls *c, const char *dir, uint64_t n, uint32_t tid, struct wg_buf *words,
                  struct wg_err *err) {
  struct wg_reader *r;
  struct wg_event e;
  WG_TRY(wg_reader_open(&r, dir, err));
  while (n-- && wg_reader_next(r, &e)) {
    wg_calls_event(c, &e);
    if (words == NULL || e.tid != tid || e.kind == WG_EV_TRACE_HEADER) continue;
    wg_buf_clear(words);
    wg_ev_encode_foreign(&e, words);
    words->data[--words->len] = 0;
  }
  wg_reader_close(r);
  return WG_OK;
}
