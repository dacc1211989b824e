// Who called a function, how often and when: a call site is where a call returns to, less its own instruction.
//
// Ownership: wg_callers_release. Errors: WG_INPUT with a message.
#ifndef WG_PROBE_CALLERS_H
#define WG_PROBE_CALLERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "travel/travel.h"

struct wg_call_at {
  uint32_t tid;
  uint64_t idx;   // of a call of the kernel: its event; else of the thread's next event
  uint64_t cycle; //
  uint64_t ns;
};
struct wg_caller {
  uint32_t site, tid;
  uint64_t count;
  struct wg_call_at first, last;
};
struct wg_callers {
  struct wg_caller *list; // most calls first, then by site and thread
  size_t n, room;
  uint64_t total;
  struct wg_buf damage; // of the trace: why it ends early; or empty
};
void wg_callers_release(struct wg_callers *c);

// Of an export of the kernel, by the trace in `dir` alone.
int wg_callers_of_export(const char *dir, const char *name, struct wg_callers *out, struct wg_err *err);
// Of the function whose first instruction is at `pc`: the run is executed.
int wg_callers_of_function(struct wg_travel *t, uint32_t pc, struct wg_callers *out, struct wg_err *err);

#endif
