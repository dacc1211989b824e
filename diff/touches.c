#include "diff/touches.h"

#include <stdlib.h>
#include <string.h>

static bool touches(const struct wg_side *s, const struct wg_content *c) {
  return wg_content_is(c, WG_NT_SIGNALS | WG_NT_RESETS | WG_NT_UNLOCK) || strstr(wg_str(s, c->name), "ResumeThread");
}

// In two passes: how many of each object there are, then where they are.
struct filling {
  const struct wg_side *s;
  uint32_t *first;
  struct wg_touch *list; // NULL: they are counted
};

static void put_touch(struct filling *f, uint32_t object, uint32_t thread, uint32_t at) {
  if (object == WG_NONE) return;
  if (f->list)
    f->list[f->first[object]++] = (struct wg_touch){thread, at};
  else
    f->first[object + 1]++;
}

static void put_calls(struct filling *f, const uint8_t *counts) {
  for (uint32_t t = 0; t < f->s->nthreads; t++)
    for (uint32_t i = 0; i < f->s->threads[t].nsteps; i++) {
      const struct wg_step *x = &f->s->threads[t].steps[i];
      if (counts[x->content]) put_touch(f, x->object, t, i);
    }
}

// Where repetitions were merged, a wait may belong to none of its thread's steps any more.
static void put_waits(struct filling *f) {
  for (uint32_t t = 0; t < f->s->nthreads; t++) {
    const struct wg_dthread *d = &f->s->threads[t];
    for (uint32_t i = 0; i < d->nwaits; i++) {
      const struct wg_dwait *w = &d->waits[i];
      if (w->step >= d->nsteps) continue;
      bool own = w->n <= 1; // its call's object, too
      for (uint32_t k = 0; k < w->n; k++) {
        uint32_t object = f->s->wait_objects[w->objects + k];
        put_touch(f, object, t, i);
        own &= object != d->steps[w->step].object;
      }
      if (own) put_touch(f, d->steps[w->step].object, t, i);
    }
  }
}

static void make_room(const struct wg_side *s, uint32_t *first, struct filling *f) {
  for (size_t i = 0; i < s->nobjects; i++) first[i + 1] += first[i];
  f->list = wg_xcalloc((size_t)first[s->nobjects] + 1, sizeof *f->list);
  f->first = wg_xcalloc(s->nobjects + 1, sizeof *f->first);
  memcpy(f->first, first, s->nobjects * sizeof *first);
}

static uint32_t *counters(const struct wg_side *s, struct filling *f) {
  *f = (struct filling){s, wg_xcalloc(s->nobjects + 2, sizeof(uint32_t)), NULL};
  return f->first;
}

// By the places in the trace.
static void sort_touches(const struct wg_side *s, struct wg_touch *list, uint32_t n, struct wg_touch *room) {
  for (uint32_t width = 1; width < n; width *= 2) {
    for (uint32_t at = 0; at < n; at += 2 * width) {
      uint32_t mid = at + width < n ? at + width : n, end = mid + width < n ? mid + width : n;
      for (uint32_t i = at, j = mid, k = at; k < end; k++) {
        bool second = i == mid || (j < end && wg_touch_step(s, &list[j])->seq < wg_touch_step(s, &list[i])->seq);
        room[k] = second ? list[j++] : list[i++];
      }
    }
    memcpy(list, room, n * sizeof *list);
  }
}

struct wg_touches *wg_touches_of(const struct wg_side *s) {
  struct wg_touches *x = wg_xcalloc(1, sizeof *x);
  struct filling f;
  uint8_t *counts = wg_xcalloc(s->ncontents + 1, 1);
  for (size_t i = 0; i < s->ncontents; i++) counts[i] = touches(s, &s->contents[i]);
  x->first_call = counters(s, &f);
  put_calls(&f, counts);
  make_room(s, x->first_call, &f);
  put_calls(&f, counts);
  x->calls = f.list;
  free(f.first);
  free(counts);
  x->first_wait = counters(s, &f);
  put_waits(&f);
  make_room(s, x->first_wait, &f);
  put_waits(&f);
  x->waits = f.list;
  free(f.first);
  struct wg_touch *room = wg_xcalloc((size_t)x->first_call[s->nobjects] + 1, sizeof *room);
  for (size_t i = 0; i < s->nobjects; i++)
    sort_touches(s, x->calls + x->first_call[i], x->first_call[i + 1] - x->first_call[i], room);
  free(room);
  return x;
}

void wg_touches_release(struct wg_touches *x) {
  if (x == NULL) return;
  free(x->first_call);
  free(x->first_wait);
  free(x->calls);
  free(x->waits);
  free(x);
}

uint32_t wg_touch_from(const struct wg_side *s, const struct wg_touches *x, uint32_t object, uint32_t seq) {
  uint32_t lo = x->first_call[object], hi = x->first_call[object + 1];
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (wg_touch_step(s, &x->calls[mid])->seq < seq)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}
