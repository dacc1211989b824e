#include "trace/nest.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

// Deeper than calls nest; in a log without returns the oldest make room.
#define DEPTH 32u

struct wg_nest_stack {
  struct {
    uint64_t name, value;
  } open[DEPTH];
  unsigned n;
};

static struct wg_nest_stack *stack_of(struct wg_nest *s, uint32_t tid) {
  uint64_t i;
  if (wg_map_get(&s->threads, tid, &i)) return &s->stacks[i];
  wg_map_put(&s->threads, tid, s->n);
  s->stacks = wg_xrealloc(s->stacks, (s->n + 1) * sizeof *s->stacks);
  s->stacks[s->n].n = 0;
  return &s->stacks[s->n++];
}

void wg_nest_call(struct wg_nest *s, uint32_t tid, const char *name, uint64_t value) {
  struct wg_nest_stack *t = stack_of(s, tid);
  if (t->n == DEPTH) memmove(t->open, t->open + 1, --t->n * sizeof *t->open);
  t->open[t->n].name = wg_hash(name, strlen(name), 0);
  t->open[t->n++].value = value;
}

bool wg_nest_return(struct wg_nest *s, uint32_t tid, const char *name, uint64_t *value) {
  struct wg_nest_stack *t = stack_of(s, tid);
  uint64_t hash = wg_hash(name, strlen(name), 0);
  for (unsigned i = t->n; i-- > 0;) {
    if (t->open[i].name != hash) continue;
    *value = t->open[i].value;
    t->n = i;
    return true;
  }
  return false;
}

void wg_nest_release(struct wg_nest *s) {
  wg_map_release(&s->threads);
  free(s->stacks);
  *s = (struct wg_nest){0};
}
