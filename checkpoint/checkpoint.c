// The list of checkpoints: taking, finding room for and restoring them.
#include "checkpoint/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "checkpoint/file.h"

void wg_checkpoints_init(struct wg_checkpoints *c) { *c = (struct wg_checkpoints){.fd = -1}; }

static void free_one(struct wg_checkpoint *p) {
  wg_buf_release(&p->state);
  free(p->threads);
  free(p->pages);
}

void wg_checkpoints_release(struct wg_checkpoints *c) {
  for (size_t i = 0; i < c->n; i++) free_one(&c->list[i]);
  free(c->list);
  wg_pages_release(&c->pages);
  wg_checkpoint_file_release(c);
  wg_checkpoints_init(c);
}

uint64_t wg_checkpoint_effort(const struct wg_machine_where *w) {
  return w->retired + 100 * w->events + 1000 * w->windows;
}

struct wg_checkpoint *wg_checkpoint_insert(struct wg_checkpoints *c, const struct wg_machine_where *at) {
  size_t i = c->n;
  while (i && c->list[i - 1].at.windows > at->windows) i--;
  if (i && c->list[i - 1].at.windows == at->windows) return NULL;
  WG_VEC_ROOM(c->list, c->room, c->n + 1);
  memmove(&c->list[i + 1], &c->list[i], (c->n++ - i) * sizeof *c->list);
  c->list[i] = (struct wg_checkpoint){.at = *at};
  return &c->list[i];
}

void wg_checkpoint_take(struct wg_checkpoints *c, struct wg_machine *m) {
  struct wg_machine_where at;
  wg_machine_where(m, &at);
  struct wg_checkpoint *p = wg_checkpoint_insert(c, &at);
  if (p == NULL) return;
  p->packets = c->packets;
  p->nthreads = wg_machine_threads(m, NULL, 0, &p->last_tid);
  p->threads = wg_xcalloc(p->nthreads, sizeof *p->threads);
  wg_machine_threads(m, p->threads, p->nthreads, &p->last_tid);
  c->pages.used = c->writes ? NULL : &p->pages;
  c->pages.nused = 0;
  wg_machine_save(m, &p->state, &c->pages);
  p->npages = c->pages.nused;
  c->pages.used = NULL;
  if (c->writes) wg_checkpoint_write(c, p);
}

int wg_checkpoint_restore(struct wg_checkpoints *c, size_t i, struct wg_machine *m, struct wg_err *err) {
  struct wg_buf state = {0};
  const struct wg_checkpoint *p = &c->list[i];
  const char *name = c->path ? c->path : "checkpoint";
  int code = p->state.len ? WG_OK : wg_checkpoint_read(c, p, &state, err);
  const struct wg_buf *b = p->state.len ? &p->state : &state;
  if (code == WG_OK) code = wg_machine_restore(m, name, b->data, b->len, &c->pages, err);
  wg_buf_release(&state);
  return code;
}

int wg_checkpoint_compare(struct wg_checkpoints *c, size_t i, struct wg_machine *m, bool *same, struct wg_err *err) {
  struct wg_buf there = {0}, here = {0};
  const struct wg_checkpoint *p = &c->list[i];
  int code = p->state.len ? WG_OK : wg_checkpoint_read(c, p, &there, err);
  const struct wg_buf *b = p->state.len ? &p->state : &there;
  if (code == WG_OK) {
    wg_machine_save(m, &here, NULL);
    *same = here.len == b->len && memcmp(here.data, b->data, b->len) == 0;
  }
  wg_buf_release(&there);
  wg_buf_release(&here);
  return code;
}

void wg_checkpoints_trim(struct wg_checkpoints *c, size_t most) {
  size_t held = 0;
  for (size_t i = 0; i < c->stored; i++) held += c->pages.data[i] != NULL;
  for (size_t i = 0; held > most && i < c->stored; i++) wg_pages_drop(&c->pages, i);
}

static uint64_t apart(uint64_t a, uint64_t b) { return a > b ? a - b : b - a; }

// The state in memory that is missed least: the next ones to it are close, for how far it is from here. n: none.
static size_t least(const struct wg_checkpoints *c, uint64_t here) {
  size_t best = c->n;
  double lowest = 0;
  for (size_t i = 1; i < c->n; i++) {
    const struct wg_checkpoint *p = &c->list[i];
    if (p->state.len == 0) continue;
    uint64_t at = wg_checkpoint_effort(&p->at), before = wg_checkpoint_effort(&p[-1].at);
    uint64_t behind = i + 1 < c->n ? wg_checkpoint_effort(&p[1].at) : UINT64_MAX / 2;
    double missed = (double)(behind - before) / ((double)apart(at, here) + 1);
    if (best < c->n && missed >= lowest) continue;
    best = i;
    lowest = missed;
  }
  return best;
}

void wg_checkpoints_thin(struct wg_checkpoints *c, const struct wg_machine_where *here, size_t most) {
  for (;;) {
    size_t bytes = 0;
    for (size_t i = 0; i < c->n; i++) bytes += c->list[i].state.len + c->list[i].npages * sizeof *c->list[i].pages;
    for (size_t i = c->stored; i < c->pages.n; i++) bytes += c->pages.data[i] ? WG_PAGE_BYTES : 0;
    size_t i = bytes > most ? least(c, wg_checkpoint_effort(here)) : c->n;
    if (i == c->n) return;
    wg_pages_unuse(&c->pages, c->list[i].pages, c->list[i].npages);
    free_one(&c->list[i]);
    memmove(&c->list[i], &c->list[i + 1], (--c->n - i) * sizeof *c->list);
  }
}
