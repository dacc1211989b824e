// A machine as its kernel sees it: the parts, each of which owns itself and describes its own state, and what ties them
// together. Private to emu/. The parts' headers say what they are.
#ifndef WG_EMU_KERNEL_H
#define WG_EMU_KERNEL_H

#include "base/map.h"
#include "emu/apu/xma.h"
#include "emu/bus/bus.h"
#include "emu/cpu/cpu.h"
#include "emu/gpu/gpu.h"
#include "emu/kernel/audio.h"
#include "emu/kernel/bodies.h"
#include "emu/kernel/bounds.h"
#include "emu/kernel/calls.h"
#include "emu/config/config.h"
#include "emu/kernel/handles.h"
#include "emu/kernel/input.h"
#include "emu/kernel/modules.h"
#include "emu/kernel/nested.h"
#include "emu/kernel/objects.h"
#include "emu/kernel/pool.h"
#include "emu/kernel/threads.h"
#include "emu/layout/layout.h"
#include "emu/loader/loader.h"
#include "emu/sched/clock.h"
#include "emu/vfs/vfs.h"
#include "nt/status.h"
#include "trace/event.h"

struct wg_xam;
struct wg_debug;

// Where a title lies, by the kind of its device.
#define WG_DISC "\\Device\\Cdrom0"
#define WG_FOLDER "\\Device\\Harddisk0\\Partition1"

// How the run ends.
struct wg_ending {
  bool stopped;
  enum wg_end end;
  bool by_observer;
  bool cut_short;           // in the midst of a kernel call:
  struct wg_export *within; // that, or NULL
  struct wg_buf report;
};

// The state-hash chain: a link every WG_HASH_EVERY windows.
struct wg_chain {
  uint64_t hash;
  uint64_t *links;
  size_t n;
};

// The options that hold now, and how many of the config's forks lie behind.
struct wg_options {
  uint64_t max_ns, max_frames;
  bool strict;
  size_t forks;
};

struct wg_machine {
  // What it was made from. No state: the same for every machine of this run.
  struct wg_config cfg;
  struct wg_observer observer;
  const struct wg_debug *debug; // or NULL
  struct wg_image image;
  struct wg_keys keys;
  struct wg_title_digests digests;
  bool from_image; // the title is in a disc image
  // The parts.
  struct wg_options options;
  struct wg_clock clock;
  struct wg_mem *mem;
  struct wg_code *code;
  struct wg_jit_host *jit; // or NULL
  struct wg_vfs *vfs;
  struct wg_gpu *gpu;
  struct wg_xma *xma;
  struct wg_sched sched;
  struct wg_threads threads;
  struct wg_objects objects;
  struct wg_handles handles;
  struct wg_bounds bounds;
  struct wg_exports exports;
  struct wg_pool pool;
  struct wg_modules modules;
  struct wg_input input;
  struct wg_audio audio;
  struct wg_xam *xam;
  struct wg_ending ending;
  struct wg_chain chain;
  struct wg_calls calls;
};

// time: clock.h's, for this machine
static inline uint64_t wg_now(const struct wg_machine *m) { return wg_clock_now(&m->clock); }
static inline uint64_t wg_system_time(const struct wg_machine *m) { return wg_clock_system_time(&m->clock); }
static inline uint64_t wg_after(struct wg_machine *m, uint64_t when, bool counts, enum wg_due_kind kind, void *arg) {
  return wg_clock_after(&m->clock, when, counts, kind, arg);
}
static inline void wg_cancel(struct wg_machine *m, uint64_t token) { wg_clock_cancel(&m->clock, token); }
static inline void wg_work(struct wg_machine *m, uint64_t n) { wg_clock_work(&m->clock, n); }

// events (emu/kernel/emit.c)
void wg_emit_init(struct wg_machine *m, struct wg_event *e, enum wg_kind kind);
uint64_t wg_emit(struct wg_machine *m, struct wg_event *e); // returns the idx it got
void wg_stop(struct wg_machine *m, enum wg_end end);
void wg_exception(struct wg_machine *m, struct wg_cpu *cpu, const char *cause); // ends the run
void wg_emit_exception(struct wg_machine *m, const struct wg_cpu *cpu, const char *cause, bool dispatched);

void wg_file_close(struct wg_machine *m, struct wg_object *o);
bool wg_name_matches(const char *pattern, const char *name, uint64_t *steps); // adds what it did to *steps
int wg_xam_create(struct wg_machine *m, struct wg_err *err); // finds the content (emu/kernel/xam_content.c)
void wg_xam_free(struct wg_xam *x);
// The whole state, between windows: everything of the machine but what it was made from (emu/kernel/state.c).
void wg_kernel_state(struct wg_archive *a, struct wg_machine *m);
void wg_variables_init(struct wg_machine *m);
void wg_fill_variables(struct wg_machine *m);
void wg_stopped_at(struct wg_machine *m, struct wg_ctx *ctx, unsigned hw); // what wg_cpu_run says (emu/kernel/stop.c)
const char *wg_title_name(const struct wg_machine *m);                     // of its file

// guest memory from kernel code: a bad pointer is remembered and stops the run after the call
uint64_t wg_kr(struct wg_machine *m, uint32_t addr, unsigned size);
void wg_kw(struct wg_machine *m, uint32_t addr, unsigned size, uint64_t v);
#define KR32(k, addr) ((uint32_t)wg_kr((k)->m, (uint32_t)(addr), 4))
#define KW32(k, addr, v) wg_kw((k)->m, (uint32_t)(addr), 4, (uint64_t)(v))
// The same of a field: WG_GET(m, address of a KPCR, KPCR, IRQL), with the place and width of its row in
// emu/layout/layouts.def.
#define WG_ADDR(at, s, f) ((uint32_t)((at) + WG_AT_##s##_##f))
#define WG_GET(m, at, s, f) ((uint32_t)wg_kr(m, WG_ADDR(at, s, f), WG_WIDTH(s, f, 4)))
#define WG_GET64(m, at, s, f) wg_kr(m, WG_ADDR(at, s, f), WG_WIDTH(s, f, 8))
#define WG_PUT(m, at, s, f, v) wg_kw(m, WG_ADDR(at, s, f), WG_WIDTH(s, f, 8), (uint64_t)(v))
// The same of an object, or of another thread's structure, whose memory the title may have given back meanwhile: that
// is no bad pointer of the call within which it is looked at. What is not there is 0.
uint64_t wg_peek(struct wg_machine *m, uint32_t addr, unsigned size);
void wg_poke(struct wg_machine *m, uint32_t addr, unsigned size, uint64_t v);
#define WG_PEEK(m, at, s, f) ((uint32_t)wg_peek(m, WG_ADDR(at, s, f), WG_WIDTH(s, f, 4)))
#define WG_POKE(m, at, s, f, v) wg_poke(m, WG_ADDR(at, s, f), WG_WIDTH(s, f, 8), (uint64_t)(v))
// A field of what is the kernel's own, past every protection.
#define WG_PLACE(m, at, s, f, v)                                                                                       \
  wg_field_store(wg_mem_own((m)->mem, WG_ADDR(at, s, f), WG_WIDTH(s, f, 8)), WG_WIDTH(s, f, 8), (uint64_t)(v))
void wg_list_init(struct wg_machine *m, uint32_t at); // a LIST_ENTRY that leads to itself
// A DISPATCHER_HEADER in which nobody waits. `type` is its first word's top byte.
void wg_dispatcher_init(struct wg_machine *m, uint32_t at, unsigned type, uint32_t state);
// The same list in memory that the kernel has just taken for itself.
static inline void wg_list_place(struct wg_machine *m, uint32_t at) {
  WG_PLACE(m, at, LIST_ENTRY, FLINK, at);
  WG_PLACE(m, at, LIST_ENTRY, BLINK, at);
}
uint8_t *wg_kptr(struct wg_machine *m, uint32_t addr, uint32_t len, bool write); // NULL if bad
void wg_kstr(struct wg_machine *m, uint32_t addr, struct wg_buf *out);           // NUL-terminated
void wg_kwstr(struct wg_machine *m, uint32_t addr, struct wg_buf *out);          // to one byte a unit
void wg_kansi(struct wg_machine *m, uint32_t addr, struct wg_buf *out);          // ANSI_STRING

// Random bytes of a stream that every run repeats, like everything else that a title can see; `p` may be NULL.
void wg_random(struct wg_machine *m, uint64_t stream, uint8_t *p, uint32_t n);

#endif
