// Threads, objects and verdicts in words.
#include "diff/hang_judge.h"
#include "diff/words.h"

void wg_hang_put_thread(const struct wg_judge *j, uint32_t thread, struct wg_buf *out) {
  const struct wg_dthread *d = &side(j)->threads[thread];
  wg_buf_printf(out, "thread %u", d->tid);
  wg_put_thread_name(out, side(j), d);
  if (thread == j->f.main) wg_buf_str(out, d->entry ? " (main" : " (main)");
  if (d->entry) wg_buf_printf(out, "%sentry 0x%08x)", thread == j->f.main ? ", " : " (", d->entry);
}

void wg_hang_put_object(const struct wg_judge *j, uint32_t object, struct wg_buf *out) {
  const struct wg_dobject *d = &side(j)->objects[object];
  const struct wg_hobject *o = &j->f.objects[object];
  if (d->is_thread != WG_NONE) {
    wg_buf_printf(out, "thread %u", tid(j, d->is_thread));
    return;
  }
  wg_buf_str(out, "the ");
  if (d->type)
    wg_put_str(out, side(j), d->type, 40);
  else
    wg_buf_str(out, "object");
  if (d->name) {
    wg_buf_str(out, " \"");
    wg_put_str(out, side(j), d->name, 80);
    wg_buf_char(out, '"');
  }
  if (d->guest)
    wg_buf_printf(out, " at 0x%08x", d->guest);
  else if (d->handle)
    wg_buf_printf(out, " 0x%x", d->handle);
  if (o->creator != WG_NONE) {
    wg_buf_printf(out, " that thread %u made", tid(j, o->creator));
    wg_hang_put_event(j, o->creator, o->created_idx, out);
  }
}

void wg_hang_put_event(const struct wg_judge *j, uint32_t thread, uint32_t idx, struct wg_buf *out) {
  wg_buf_printf(out, " (event %u of thread %u)", idx, tid(j, thread));
}

static void put_time(uint64_t ns, struct wg_buf *out) {
  wg_buf_printf(out, "%llu.%06llu s", (unsigned long long)(ns / 1000000000),
                (unsigned long long)(ns % 1000000000 / 1000));
}

// What of a wait the verdict is about: its object, unless that is a thread which might have signalled it.
static uint32_t shown_object(const struct wg_hwait *w, const struct wg_verdict *v, bool *sure) {
  *sure = true;
  for (uint32_t i = 0; i < w->n; i++)
    if (w->objects[i] == v->object) {
      *sure = i < w->sure;
      return v->object;
    }
  return w->n ? w->objects[0] : v->object;
}

static void put_wait(const struct wg_judge *j, const struct wg_verdict *v, struct wg_buf *out) {
  const struct wg_hthread *t = at(j, v->thread);
  const struct wg_hwait *w = &t->now.wait;
  wg_buf_str(out, " waits for ever in ");
  if (w->name)
    wg_put_str(out, side(j), w->name, 64);
  else
    wg_buf_str(out, "a call that is not told");
  wg_buf_printf(out, " (event %u", w->idx);
  if (j->f.timed) {
    wg_buf_str(out, ", since ");
    put_time(w->ns, out);
  }
  wg_buf_char(out, ')');
  bool sure;
  uint32_t o = shown_object(w, v, &sure);
  if (o == WG_NONE) return;
  wg_buf_str(out, sure ? " for " : " for, as it seems, ");
  wg_hang_put_object(j, o, out);
  if (side(j)->objects[o].is_thread != WG_NONE) wg_buf_str(out, " to end");
  if (w->total < 2) return;
  wg_buf_printf(out, w->all ? " (it needs all of %u objects" : " (any of %u objects would do", w->total);
  if (w->sure < w->total)
    wg_buf_printf(out, "; the log names only %u of them)", w->sure);
  else
    wg_buf_char(out, ')');
}

void wg_hang_put_words(const struct wg_judge *j, const struct wg_verdict *v, struct wg_buf *out) {
  const struct wg_hthread *t = at(j, v->thread);
  switch (v->cls) {
  case WG_HANG_SPIN:
    wg_buf_str(out, " spins");
    if (v->object != WG_NONE) {
      wg_buf_str(out, " on ");
      wg_hang_put_object(j, v->object, out);
    }
    wg_buf_str(out, ": ");
    break;
  case WG_HANG_CALL: wg_buf_str(out, " does not come back: "); break;
  case WG_HANG_STATUS: wg_buf_str(out, " repeats a call that fails for ever: "); break;
  default:
    if (j->m[v->thread].starved) {
      wg_buf_str(out, " has never run: ");
    } else if (j->m[v->thread].spin) {
      wg_buf_str(out, " spins: ");
    } else if (t->suspends) {
      wg_buf_str(out, " is suspended and never resumed: ");
    } else {
      put_wait(j, v, out);
      wg_buf_printf(out, ": %s: ", wg_hang_classes[v->cls].words);
    }
    break;
  }
  if (v->why.len) wg_buf_add(out, v->why.data, v->why.len);
}

void wg_hang_put_verdict(const struct wg_judge *j, const struct wg_verdict *v, struct wg_buf *out) {
  wg_hang_put_thread(j, v->thread, out);
  wg_hang_put_words(j, v, out);
}
