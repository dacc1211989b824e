// What is asked of a side that has been read.
#include <stdlib.h>

#include "diff/model.h"

struct wg_dthread *wg_side_thread(const struct wg_side *s, uint32_t tid) {
  uint64_t i;
  return wg_map_get(&s->by_tid, tid, &i) ? &s->threads[i] : NULL;
}

#define NAMED 24 // threads that are listed

int wg_side_no_thread(const struct wg_side *s, const char *option, uint64_t tid, struct wg_err *err) {
  struct wg_buf b = {0};
  size_t n = 0;
  for (size_t i = 0; i < s->nthreads; i++) {
    if (s->threads[i].calls == 0) continue;
    if (n++ < NAMED) wg_buf_printf(&b, "%s%u", n > 1 ? ", " : "", s->threads[i].tid);
  }
  if (n > NAMED) wg_buf_printf(&b, " and %zu more", n - NAMED);
  int code = wg_fail(err, WG_INPUT, "%s: %s has no thread %llu; the threads that make calls are %s", option, s->path,
                     (unsigned long long)tid, b.data ? b.data : "none");
  wg_buf_release(&b);
  return code;
}

void wg_side_release(struct wg_side *s) {
  for (size_t i = 0; i < s->nthreads; i++) {
    free(s->threads[i].steps);
    free(s->threads[i].waits);
  }
  free(s->threads);
  free(s->contents);
  free(s->values);
  free(s->objects);
  free(s->wait_objects);
  free(s->ran);
  free(s->signals);
  free(s->modules);
  free(s->notes);
  wg_index_release(&s->by_content);
  wg_map_release(&s->by_tid);
  wg_map_release(&s->spawns);
  wg_map_release(&s->by_handle);
  wg_map_release(&s->by_guest);
  wg_map_release(&s->by_hsid);
  wg_map_release(&s->second);
  wg_strings_release(&s->strings);
}

uint32_t wg_step_at(const struct wg_dthread *t, uint64_t idx) {
  size_t lo = 0, hi = t->nsteps;
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if (t->steps[mid].idx <= idx)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo ? (uint32_t)lo - 1 : WG_NONE;
}

uint32_t wg_waited_by(const struct wg_side *s, const struct wg_dthread *t, uint32_t step) {
  uint64_t object;
  bool second = wg_map_get(&s->second, (uint64_t)(t - s->threads) << 32 | step, &object);
  return second ? (uint32_t)object : t->steps[step].object;
}

const struct wg_dwait *wg_wait_of(const struct wg_dthread *t, uint32_t step) {
  size_t lo = 0, hi = t->nwaits;
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if (t->waits[mid].step <= step)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo && t->waits[lo - 1].step == step ? &t->waits[lo - 1] : NULL;
}

uint32_t *wg_sole_threads(const struct wg_side *s, unsigned nt_flags) {
  uint32_t *by = wg_xcalloc(s->nobjects + 1, sizeof *by);
  for (uint32_t t = 0; t < s->nthreads; t++)
    for (size_t k = 0; k < s->threads[t].nsteps; k++) {
      const struct wg_step *x = &s->threads[t].steps[k];
      if (x->object == WG_NONE || !wg_content_is(&s->contents[x->content], nt_flags)) continue;
      uint32_t *to = &by[x->object];
      *to = *to == 0 || *to == t + 1 ? t + 1 : WG_NONE;
    }
  return by;
}

bool wg_side_tells_apart(const struct wg_side *s, size_t *made, size_t *callers) {
  *made = *callers = 0;
  for (size_t i = 0; i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    if (t->created && t->events) return false;
    *made += t->created;
    *callers += t->tid != 0 && !t->host && t->nsteps;
  }
  return *made && *callers > 1;
}
