// Hits of probes as events of a trace of their own (trace/kinds.def).
#ifndef WG_PROBE_HITS_H
#define WG_PROBE_HITS_H

#include "emu/cpu/cpu.h"
#include "emu/machine.h"
#include "probe/place.h"
#include "probe/watcher.h"
#include "trace/event.h"

struct wg_hits;

// A new trace at `path`, with the header of the one in `dir`. Nothing must be there.
int wg_hits_create(struct wg_hits **out, const char *path, const char *dir, const unsigned *regs, size_t nregs,
                   struct wg_err *err);
// Ends the trace with `reason`, as it is or (with `keep` false) not at all: then the file goes. Frees, also on error.
int wg_hits_finish(struct wg_hits *h, const char *reason, uint64_t now_ns, bool keep, struct wg_err *err);

// Begins an event that belongs to probe `number`, at `at`; the caller adds what its kind has and hands it back, with
// the registers if there are any.
void wg_hits_begin(struct wg_event *e, enum wg_kind kind, size_t number, const struct wg_machine_where *at);
void wg_hits_end(struct wg_hits *h, struct wg_event *e, const struct wg_cpu *c);

// A place's bytes as a value, "0x...": good until `text` is used again. What is longer than WG_HITS_BYTES is cut.
#define WG_HITS_BYTES 64u
// Which of a place's bytes are shown of a hit: all, or where they are more than WG_HITS_BYTES what was accessed of
// them.
struct wg_place_range wg_hits_shown(const struct wg_hit *h, const struct wg_place_range *place);
void wg_hits_bytes(struct wg_event *e, enum wg_key key, const uint8_t *bytes, uint32_t n, struct wg_buf *text);

#endif
