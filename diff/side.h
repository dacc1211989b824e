// One side of a diff in memory: its threads, each with its calls in order. Private to diff/.
#ifndef WG_DIFF_SIDE_H
#define WG_DIFF_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "diff/diff.h"

#define WG_DIFF_ARGS 12

// Strings of both sides, each once; ids compare as strings do.
struct wg_names {
  char **text;
  size_t n;
  struct wg_map by_hash;
};

struct wg_dcall {
  uint32_t name;   // in wg_names
  uint32_t detail; // path, string or object name that the call is about; 0 = none
  uint32_t object; // semantic id of the object it is about, or 0
  uint64_t idx, ns;
  uint32_t args[WG_DIFF_ARGS];
  uint8_t nargs;
  bool returned, has_rv;
  uint32_t rv;
  int32_t by_tid; // of the signal that ended its wait; -1 = none known
  uint64_t by_idx;
};

struct wg_dthread {
  uint32_t tid, parent, entry, ctx;
  uint32_t spawn; // ordinal among its parent's threads with the same entry
  bool created, exited;
  struct wg_dcall *calls;
  size_t ncalls;
  bool knows_returns; // the side records kernel.return
  struct wg_dthread *peer;
  const char *how; // how the peer was found
  // filled by alignment
  size_t matched; // calls aligned to the peer's
  struct wg_diff_item *items;
  size_t nitems;
  size_t first; // calls before the first difference
};

enum wg_dclass { // in the order in which they explain one another
  WG_D_RETURN,
  WG_D_ARGS,
  WG_D_CALL,
  WG_D_MISSING,
  WG_D_EXTRA,
  WG_D_ENDED,
  WG_D_NEVER_RETURNED,
};

struct wg_diff_item {
  enum wg_dclass cls;
  struct wg_dthread *thread;    // of side A
  const struct wg_dcall *a, *b; // NULL where the side has no such call
  size_t at;                    // calls of A before it
  uint64_t ns;                  // in A
  bool noise;                   // varies between runs of the reference
};

struct wg_side {
  const char *path, *format;
  struct wg_dthread *threads; // by first appearance
  size_t nthreads;
  struct wg_map by_tid;
  uint64_t events;
  bool has_returns;
  char damage[512];
};

uint32_t wg_name(struct wg_names *names, const char *s, size_t n);
static inline const char *wg_text(const struct wg_names *names, uint32_t id) { return names->text[id]; }

int wg_side_load(struct wg_side *s, const char *path, const char *ignore, struct wg_names *names, struct wg_err *err);
void wg_side_release(struct wg_side *s);
struct wg_dthread *wg_side_thread(struct wg_side *s, uint32_t tid); // NULL if none

void wg_match_threads(struct wg_side *a, struct wg_side *b);
void wg_align(struct wg_side *a, struct wg_side *b, const struct wg_names *names);
void wg_report(struct wg_side *a, struct wg_side *b, const struct wg_names *names, struct wg_buf *out);
void wg_report_json(struct wg_side *a, struct wg_side *b, const struct wg_names *names, struct wg_buf *out);
bool wg_any_difference(const struct wg_side *a, const struct wg_side *b);
// What identifies a kind of difference across runs: the reference's thread, the class and the calls' names.
uint64_t wg_item_key(const struct wg_diff_item *d);

#endif
