// The calls and waits of a side by the object that they are about, so that whoever asks for those of one object does
// not look at all of them. Private to diff/.
#ifndef WG_DIFF_TOUCHES_H
#define WG_DIFF_TOUCHES_H

#include "diff/model.h"

struct wg_touch {
  uint32_t thread, at; // at: the step, or the index of the wait
};

struct wg_touches {
  uint32_t *first_call, *first_wait; // by object, and the number of them at the end
  struct wg_touch *calls;            // that signal, reset, unlock or resume it, in the order of the trace
  struct wg_touch *waits;            // for it, thread by thread
};

// To be released; holds until steps are added.
struct wg_touches *wg_touches_of(const struct wg_side *s);
void wg_touches_release(struct wg_touches *x); // NULL: nothing
// The first call about an object from a place in the trace on; first_call[object + 1] if there is none.
uint32_t wg_touch_from(const struct wg_side *s, const struct wg_touches *x, uint32_t object, uint32_t seq);

static inline const struct wg_step *wg_touch_step(const struct wg_side *s, const struct wg_touch *x) {
  return &s->threads[x->thread].steps[x->at];
}

#endif
