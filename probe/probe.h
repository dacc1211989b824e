// Probes: a recorded run is executed again and tells, where it is asked to, what was not recorded. The hits are events
// of a trace of their own; the run's own events are compared with the record meanwhile, one by one.
//
// Ownership: wg_probe_result_release. Errors: WG_INPUT with a message; then no trace of hits is left behind.
#ifndef WG_PROBE_H
#define WG_PROBE_H

#include "base/err.h"
#include "base/expr.h"
#include "emu/cpu/regs.h"
#include "emu/machine.h"
#include "replay/run.h"
#include "travel/position.h"

enum wg_probe_kind {
  WG_PROBE_EXEC,   // before the instruction at addr
  WG_PROBE_BRANCH, // the branch at addr
  WG_PROBE_CALL,   // kernel calls of that name, or before the instruction at addr: a function's first
  WG_PROBE_READ,   // of any byte of [addr, addr + len)
  WG_PROBE_WRITE,  //
};
struct wg_probe_point {
  enum wg_probe_kind kind;
  uint32_t addr, len;
  const char *name; // of a call, or NULL
  bool kernel;      // by name, of the kernel
};

// What a condition may speak of: a register, cycle, tid, idx or time (ns), and the symbols of a map (or NULL).
enum wg_expr_name wg_probe_find(void *symbols, const char *name, size_t n, uint64_t *value, struct wg_buf *why);
#define WG_PROBE_NAMES WG_REG_NAMES ", cycle, tid, idx, time, [address], u8[address]"

struct wg_probe_options {
  const char *dir;
  const struct wg_config *overrides; // wg_manifest_read
  const struct wg_run_watch *watch;
  const struct wg_probe_point *points;
  size_t n;
  const unsigned *regs; // emu/cpu/regs.h
  size_t nregs;
  const struct wg_expr *where;         // or NULL
  const struct wg_position *from, *to; // or NULL: the start, the end
  const char *out;                     // the trace of hits, which must not exist; NULL: RUN/probe-N.jsonl.zst
};

struct wg_probe_result {
  char *path;
  uint64_t *hits, *unknown,
      *no_branch;  // of each point: those, where the condition had no value, instructions that are no branches
  uint64_t events; // of the run, found identical
  bool mismatch;
  struct wg_buf recorded, produced; // then
  uint64_t line;
  char cut[512]; // the record ends before the run does: why; or ""
};

// Executes the run of o->dir again and writes the hits. A mismatch with the record is told in `out` and is no error.
// After an error there is nothing to release.
int wg_probe_run(const struct wg_probe_options *o, struct wg_probe_result *out, struct wg_err *err);
void wg_probe_result_release(struct wg_probe_result *r);

#endif
