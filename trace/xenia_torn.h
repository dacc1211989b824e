// Lines of a text log that threads wrote into each other. A thread writes one line at a time, so the first half of its
// line waits until that thread writes again; a rest belongs to the half that it makes a line of which we know how such
// lines look (a kernel call with its arguments), and to none if there are several or it makes none.
#ifndef WG_TRACE_XENIA_TORN_H
#define WG_TRACE_XENIA_TORN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define WG_XENIA_PREFIX 12        // "d> F8000008 "
#define WG_XENIA_HALVES 16u       // that wait at once
#define WG_XENIA_HALF (64u << 10) // of a longer line no halves are looked for

struct wg_xenia_half {
  uint64_t id;        // whose it is
  struct wg_buf text; // from its prefix on; 64 bytes behind it may be read
  uint64_t line;      // after which it waits
};

struct wg_xenia_torn {
  struct wg_xenia_half halves[WG_XENIA_HALVES]; // the oldest first
  size_t n;
};

// How surely the text, which begins with its prefix, is a whole line: 0: it is none that we know; the more the surer.
int wg_xenia_whole_line(const char *l, size_t n);
// Whether it is the beginning of a call that we know, which more must follow.
bool wg_xenia_begun_call(const char *l, size_t n);
// Of such a beginning: where the argument begins that does not end; 0: it is none.
size_t wg_xenia_begun_args(const char *l, size_t n);

void wg_xenia_keep_half(struct wg_xenia_torn *t, uint64_t id, const char *l, size_t n, uint64_t line); // there is room
// The half of that thread; NULL if none waits.
struct wg_xenia_half *wg_xenia_half_of(struct wg_xenia_torn *t, uint64_t id);
// The half to which the rest belongs, which is then whole; NULL if none, or more than one, would be. *several: the
// latter.
struct wg_xenia_half *wg_xenia_half_for(struct wg_xenia_torn *t, const char *rest, size_t n, bool *several);
// The half that the piece may lie in the middle of; NULL if none, or more than one, may be.
struct wg_xenia_half *wg_xenia_half_around(struct wg_xenia_torn *t, const char *piece, size_t n);
void wg_xenia_half_add(struct wg_xenia_half *h, const char *text, size_t n);
// It waits no more; its text stays where it is until the next one is kept.
void wg_xenia_half_done(struct wg_xenia_torn *t, struct wg_xenia_half *h);
void wg_xenia_torn_release(struct wg_xenia_torn *t);

#endif
