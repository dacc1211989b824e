// What a trace of the same shape with other names calls what schema 1 has: the usual spellings (trace/spellings.def),
// and before them those of a file that the user names:
//
//   {"keys": {"what": "kind",                            a name of theirs, and which of ours it is
//             "at_us": {"to": "host_ns", "times": 1000}, times a factor
//             "rec": "*",                                an object whose members stand for themselves
//             "rec.arg": "args",                         a name within an object that is such a one
//             "noise": null},                            left out
//    "kinds": {"KCALL": "kernel.call"},
//    "usual": false}                                     without the usual spellings; true if it is not said
//
// Names are compared in lower case, with _ between their words. Names of schema 1 mean what they mean there, unless the
// file says otherwise.
#ifndef WG_TRACE_MAPPING_H
#define WG_TRACE_MAPPING_H

#include "base/err.h"
#include "trace/event.h"

enum wg_means {
  WG_MEANS_OTHER, // nothing of ours: it is kept as it is
  WG_MEANS_KIND,
  WG_MEANS_TID,
  WG_MEANS_IDX,
  WG_MEANS_NS,
  WG_MEANS_CYCLE,
  WG_MEANS_MEMBERS, // so many are members of an event
  WG_MEANS_KEY = WG_MEANS_MEMBERS,
  WG_MEANS_INSIDE,  // of it stands for itself
  WG_MEANS_NOTHING, // left out
};

// Of a time whose name says no unit: an integer counts nanoseconds; what has a fraction (or an exponent) counts
// seconds.
#define WG_TIMES_UNSAID 0.0

struct wg_meaning {
  enum wg_means is;
  enum wg_key key; // of WG_MEANS_KEY
  unsigned rank;   // of two names for one thing, the lower one counts
  bool given;      // by the user
  double times;
};

struct wg_mapping;

// `path` may be NULL: the usual spellings alone.
int wg_mapping_open(struct wg_mapping **out, const char *path, struct wg_err *err);
void wg_mapping_close(struct wg_mapping *m);
bool wg_mapping_given(const struct wg_mapping *m); // by the user
// Of a name, which stands in the object `within` or, if that is NULL, in the line itself.
struct wg_meaning wg_mapping_key(const struct wg_mapping *m, const char *within, const char *name);
// WG_EV_OTHER: none of ours.
enum wg_kind wg_mapping_kind(const struct wg_mapping *m, const char *value);

#endif
