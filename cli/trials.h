// What of a comparison's causes can be tried on the run that it is about. cli/trials.c. Private to cli/.
#ifndef WG_CLI_TRIALS_H
#define WG_CLI_TRIALS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

// One change of the run, as `wedge record --from` makes it.
struct wg_trial {
  const char *text; // the cause that it is about, as diff names it; the comparison's
  struct wg_buf position;
  struct wg_buf call;    // whose result it is, or which call stands there
  bool before;           // the cause is not of what its own call returned: the call is one that failed before it
  uint64_t rv;           // what the call returns
  uint64_t instead_of;   // and what it returned
  bool once;             // that call alone, not every later one that would return the same
  struct wg_buf besides; // empty, or what the thread calls besides: "NtSetEvent(0xf8000010)",
  bool again;            // which it has just called
  uint32_t tid;
};

struct wg_trials {
  struct wg_trial *list;
  size_t n;
};

// `root`: what `diff --json` says of the run against a reference. What the first causes' own calls returned comes
// first, then what failed before them, what might not have been signalled, and what calls of further causes returned.
// `rv`: what calls are to return; UINT64_MAX: what the reference's did. No trial is no error; WG_INPUT where the run
// cannot be read.
int wg_trials_find(const char *run, const json_t *root, uint64_t rv, bool once, struct wg_trials *out,
                   struct wg_err *err);
void wg_trials_release(struct wg_trials *t);

#endif
