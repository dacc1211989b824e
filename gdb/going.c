// What gdb's points and steps want of a machine that goes on.
#include "gdb/going.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "emu/look/look.h"

#define MOST_COMPARED 0x100000u // bytes that one instruction or call writes; of more each access counts

// --- what is heard while it goes on -----------------------------------------------------------------------

static const struct wg_machine *machine(const struct wg_gdb_going *g) { return g->target->machine(g->target->ctx); }

static uint32_t as_gdb(uint32_t tid) { return tid ? tid : WG_GDB_INTERRUPT; }

// Whether what a thread comes to does not count.
static bool passes(const struct wg_gdb_going *g, uint32_t tid) { return g->request->own && tid != g->request->tid; }

static bool at_break(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  struct wg_gdb_going *g = ctx;
  (void)c;
  if (passes(g, as_gdb(tid))) return false;
  g->broke = true;
  g->touched = false;
  g->break_tid = as_gdb(tid);
  return true;
}

static void compare(struct wg_gdb_going *g, size_t watch, uint32_t addr, uint32_t len) {
  struct wg_err unread = {0};
  wg_buf_reserve(&g->old, len);
  memset(g->old.data + g->old.len, 0, len);
  (void)wg_look_read(machine(g), addr, g->old.data + g->old.len, len, &unread);
  g->old.len += len;
  WG_VEC_NEXT(g->written, g->nwritten);
  g->written[g->nwritten++] = (struct wg_gdb_written){watch, addr, len};
}

// An access of a part of one page, as it is seen at `addr`, where a watch may lie.
static void watched(struct wg_gdb_going *g, bool write, uint32_t addr, uint32_t len) {
  const struct wg_gdb_points *p = &g->request->points;
  for (size_t i = 0; i < p->nwatches && i < g->watch; i++) {
    const struct wg_mem_watch *w = &p->watches[i];
    uint64_t from = addr > w->addr ? addr : w->addr, end = (uint64_t)addr + len, until = (uint64_t)w->addr + w->len;
    if (until < end) end = until;
    if (!(write ? w->write : w->read) || from >= end) continue;
    if (w->read || end - from > MOST_COMPARED - g->old.len)
      g->watch = i;
    else
      compare(g, i, (uint32_t)from, (uint32_t)(end - from));
  }
}

static bool access_to(void *ctx, uint32_t tid, const struct wg_cpu *c, const struct wg_mem_access *a) {
  struct wg_gdb_going *g = ctx;
  struct wg_machine_where now;
  wg_machine_where(machine(g), &now);
  if (c && now.retired == g->skip) return false;
  if (passes(g, c || tid ? as_gdb(tid) : 0)) return false;
  if (!g->pending || now.retired != g->before.retired) { // else another one of the same instruction or call
    g->pending = true;
    g->access_tid = c || tid ? as_gdb(tid) : 0;
    g->by_instruction = c != NULL;
    g->watch = SIZE_MAX;
    g->before = now;
    g->nwritten = 0;
    wg_buf_clear(&g->old);
  }
  for (uint64_t at = a->addr, end = at + a->len; at < end;) {
    uint64_t stop = (at | (WG_PAGE - 1)) + 1 < end ? (at | (WG_PAGE - 1)) + 1 : end;
    uint32_t shown[4];
    for (size_t i = wg_mem_shown((uint32_t)at, shown); i-- > 0;) watched(g, a->write, shown[i], (uint32_t)(stop - at));
    at = stop;
  }
  return true;
}

// What only hears of writes wants to know of changes.
static bool accessed(void *ctx) {
  struct wg_gdb_going *g = ctx;
  uint8_t now[WG_PAGE];
  for (size_t i = 0, at = 0; i < g->nwritten; at += g->written[i++].len) {
    const struct wg_gdb_written *w = &g->written[i];
    struct wg_err unread = {0};
    if (w->watch >= g->watch) continue;
    if (wg_look_read(machine(g), w->addr, now, w->len, &unread) != WG_OK) memset(now, 0, w->len);
    if (memcmp(now, g->old.data + at, w->len) != 0) g->watch = w->watch;
  }
  g->pending = false;
  g->touched = g->watch != SIZE_MAX;
  if (g->touched) g->broke = false;
  return g->touched;
}

static bool ends(void *ctx, const struct wg_event *e) {
  struct wg_gdb_going *g = ctx;
  g->ended = e->kind == WG_EV_THREAD_EXIT && e->tid == g->request->tid;
  return g->ended;
}

static bool here_too(void *ctx) {
  const struct wg_gdb_going *g = ctx;
  const struct wg_here *was = &g->behind;
  struct wg_here now;
  g->target->here(g->target->ctx, &now);
  bool told = was->halt != WG_HALT_NONE && was->at.retired == now.at.retired && was->at.events == now.at.events &&
              was->at.windows == now.at.windows;
  return g->touched && !told;
}

static bool give_up(void *ctx) {
  const struct wg_gdb_going *g = ctx;
  return g->request->give_up && g->request->give_up(g->request->ctx);
}

// --- requests ---------------------------------------------------------------------------------------------

struct wg_travel_hooks wg_gdb_hooks(struct wg_gdb_going *g) {
  const struct wg_gdb_points *p = &g->request->points;
  return (struct wg_travel_hooks){.event = g->request->step ? ends : NULL,
                                  .at_break = p->nbreaks ? at_break : NULL,
                                  .returns = true,
                                  .access = p->nwatches ? access_to : NULL,
                                  .accessed = p->nwatches ? accessed : NULL,
                                  .here_too = here_too,
                                  .give_up = give_up,
                                  .steady = !g->request->alone,
                                  .pcs = p->breaks,
                                  .npcs = p->nbreaks,
                                  .watches = p->watches,
                                  .nwatches = p->nwatches,
                                  .ctx = g};
}

// Where a step of thread `tid` ends. A thread within a kernel call is before no instruction: it comes to its next, as
// does one that has just returned to the kernel.
static struct wg_position step_end(const struct wg_gdb_going *g, uint32_t tid) {
  struct wg_here here;
  struct wg_machine_doing doing = {.call = NULL};
  g->target->here(g->target->ctx, &here);
  uint64_t executes = here.halt != WG_HALT_RETURNED || as_gdb(here.at.tid) != tid;
  if (tid == WG_GDB_INTERRUPT || tid == WG_GDB_NOBODY)
    return (struct wg_position){.kind = WG_AT_INSN, .value = here.at.retired + executes};
  if (!wg_machine_doing(machine(g), tid, &doing)) return (struct wg_position){.kind = WG_AT_END};
  return (struct wg_position){.kind = WG_AT_CYCLE, .tid = tid, .value = doing.cycle + (doing.call ? 0 : executes)};
}

static struct wg_position next_instruction(const struct wg_gdb_going *g) {
  struct wg_here here;
  g->target->here(g->target->ctx, &here);
  return (struct wg_position){.kind = WG_AT_INSN, .value = here.at.retired};
}

void wg_gdb_going_begin(struct wg_gdb_going *g, const struct wg_gdb_request *q) {
  struct wg_machine_doing doing;
  g->request = q;
  g->broke = g->touched = g->pending = false;
  g->ended = q->alone && wg_machine_doing(machine(g), q->tid, &doing) && strcmp(doing.state, "ended") == 0;
  g->skip = UINT64_MAX;
}

int wg_gdb_forwards(struct wg_gdb_going *g, struct wg_gdb_stop *out, struct wg_err *err) {
  const struct wg_gdb_request *q = g->request;
  const struct wg_travel_hooks h = wg_gdb_hooks(g);
  struct wg_position until = {.kind = WG_AT_END};
  enum wg_halt why;
  bool there;
  *out = (struct wg_gdb_stop){.why = WG_GDB_ENDED, .tid = q->tid};
  if (g->ended) return WG_OK;
  if (q->step) until = step_end(g, q->tid);
  WG_TRY(g->run(g->ctx, &h, &until, &why, &there, err));
  if (g->ended && q->alone) return WG_OK;
  uint32_t tid = q->tid;
  if (g->ended) { // its step ends with the next instruction of anybody
    until = next_instruction(g);
    tid = 0;
    WG_TRY(g->run(g->ctx, &h, &until, &why, &there, err));
  }
  if (why == WG_HALT_END)
    *out = (struct wg_gdb_stop){.why = WG_GDB_AT_END};
  else if (there && q->step && !g->broke && !g->touched)
    *out = (struct wg_gdb_stop){.why = WG_GDB_STEPPED, .tid = tid};
  else
    wg_gdb_halted(g, g->gave_up(g->ctx), out);
  return WG_OK;
}

void wg_gdb_halted(const struct wg_gdb_going *g, bool gave_up, struct wg_gdb_stop *out) {
  *out = (struct wg_gdb_stop){.why = gave_up ? WG_GDB_GAVE_UP : WG_GDB_STEPPED};
  if (g->touched)
    *out = (struct wg_gdb_stop){
        .why = WG_GDB_ACCESSED, .tid = g->access_tid, .addr = g->request->points.watches[g->watch].addr};
  else if (g->broke)
    *out = (struct wg_gdb_stop){.why = WG_GDB_AT_BREAK, .tid = g->break_tid};
}

void wg_gdb_going_place(struct wg_gdb_going *g, struct wg_gdb_stop *stop) {
  const struct wg_machine *m = machine(g);
  struct wg_here here;
  g->target->here(g->target->ctx, &here);
  if (stop->tid == 0 || !wg_gdb_thread_exists(m, &here, stop->tid)) stop->tid = wg_gdb_current(m, &here, g->tid);
  g->tid = stop->tid;
}

void wg_gdb_going_release(struct wg_gdb_going *g) {
  free(g->written);
  wg_buf_release(&g->old);
}
