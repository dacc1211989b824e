// The list of checkpoints: finding room for one more, and letting go of those that are missed least.
#include "checkpoint/list.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

void wg_checkpoint_free(struct wg_checkpoint *p) {
  wg_buf_release(&p->state);
  free(p->threads);
  free(p->pages);
}

uint64_t wg_checkpoint_effort(const struct wg_machine_where *w) {
  return w->retired + 100 * w->events + 1000 * w->windows;
}

// A window is a small part of the way to the next one, and asking costs what running it costs where every thread waits.
#define ASK_EVERY 16u

void wg_checkpoint_pace(struct wg_checkpoint_pace *p, uint64_t spacing) {
  *p = (struct wg_checkpoint_pace){.spacing = spacing, .due = spacing};
}

bool wg_checkpoint_due(struct wg_checkpoint_pace *p, const struct wg_machine *m) {
  struct wg_machine_where w;
  if (wg_machine_windows(m) < p->window) return false;
  p->window = wg_machine_windows(m) + ASK_EVERY;
  wg_machine_where(m, &w);
  // What is executed again behind a checkpoint is skipped again where a loop waits, but while breakpoints or watches
  // are set.
  uint64_t effort = wg_checkpoint_effort(&w) - wg_machine_skipped(m);
  if (effort < p->due) return false;
  p->due = effort + p->spacing;
  return true;
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

void wg_checkpoints_trim(struct wg_checkpoints *c, size_t most) {
  size_t held = 0;
  for (size_t i = 0; i < c->stored; i++) held += c->pages.data[i] != NULL;
  for (size_t i = 0; held > most && i < c->stored; i++)
    if (!c->pages.lost[i]) wg_pages_drop(&c->pages, i);
}

void wg_checkpoints_forget(struct wg_checkpoints *c, size_t i) {
  wg_pages_unuse(&c->pages, c->list[i].pages, c->list[i].npages);
  wg_checkpoint_free(&c->list[i]);
  memmove(&c->list[i], &c->list[i + 1], (--c->n - i) * sizeof *c->list);
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
    wg_checkpoints_forget(c, i);
  }
}
