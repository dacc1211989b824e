// A trace as a picture of time: tracks with slices that nest, points, counters, and flows from one to another. The
// formats differ in how they write that (struct wg_picture); what is on it is decided here.
#ifndef WG_EXPORT_TIMELINE_H
#define WG_EXPORT_TIMELINE_H

#include "export/export.h"
#include "trace/event.h"

enum wg_track_kind {
  WG_TRACK_PROCESS = 1,
  WG_TRACK_THREAD,   // number: the guest's thread
  WG_TRACK_SYSTEM,   // what belongs to no thread (tid 0): interrupts, the start
  WG_TRACK_HARDWARE, // number: the hardware thread
  WG_TRACK_FRAMES,
  WG_TRACK_AUDIO,
  WG_TRACK_INPUT,
  WG_TRACK_HANDLES, // counters from here on
  WG_TRACK_THREADS,
  WG_TRACK_RATE,
};

struct wg_track {
  enum wg_track_kind kind;
  uint64_t number;
  const char *name;
};

static inline uint64_t wg_track_id(enum wg_track_kind kind, uint64_t number) { return (uint64_t)kind << 40 | number; }

enum wg_phase { WG_PHASE_BEGIN, WG_PHASE_END, WG_PHASE_POINT, WG_PHASE_COUNT };

// A name that is kept has the number of its string; others must be written out each time.
#define WG_NAME_UNKEPT 0x80000000u

struct wg_mark {
  enum wg_phase phase;
  struct wg_track track;
  uint64_t ns;
  const char *name; // of a slice's begin, a point
  size_t nname;
  uint32_t name_id;
  const char *category; // one of few, static
  const struct wg_event *event;
  bool tell_tid;           // the track does not say whose event it is
  const char *status;      // the name of the event's status, or NULL
  const char *note;        // a fact that the event does not tell, or NULL
  const uint64_t *sources; // flows that begin here
  size_t nsources;
  uint64_t target; // the flow that ends here, or 0
  uint64_t value;  // of a counter
};

// Who draws it. A track is told before the first mark on it.
struct wg_picture {
  void (*track)(void *ctx, const struct wg_track *t);
  void (*mark)(void *ctx, const struct wg_mark *m);
  void *ctx;
};

// What it is of.
struct wg_timeline_of {
  const char *name; // the file's; a header's title is better
  bool by_order;    // it has no times
  bool flat;        // it does not tell when calls return
};

struct wg_timeline;
struct wg_timeline *wg_timeline_create(const struct wg_export_options *o, const struct wg_picture *p,
                                       const struct wg_timeline_of *of);
// `order` counts events from 0.
void wg_timeline_event(struct wg_timeline *t, const struct wg_event *e, uint64_t order);
// Ends what is open; `damage` or NULL is told there.
void wg_timeline_end(struct wg_timeline *t, const char *damage);
void wg_timeline_report(const struct wg_timeline *t, struct wg_export_report *rep);
void wg_timeline_free(struct wg_timeline *t);

#endif
