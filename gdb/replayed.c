// Going on and going back in a recorded run, as gdb's requests want it.
//
// gdb takes it that an access which is watched has not been done yet when a PowerPC stops at it, and makes a step
// before it looks at the value; backwards the same step undoes it. So it stops before the instruction when it goes
// forwards, and behind it when it goes back. Where no instruction made the access, that step is one that does nothing.
#include "gdb/replayed.h"

#include <stdlib.h>
#include <string.h>

#include "emu/look/look.h"

#define MOST_COMPARED 0x100000u // bytes of a watch; of a larger one each access counts

// --- what is heard while it goes on -----------------------------------------------------------------------

static uint32_t as_gdb(uint32_t tid) { return tid ? tid : WG_GDB_INTERRUPT; }

static bool at_break(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  struct wg_gdb_replayed *r = ctx;
  (void)c;
  r->broke = true;
  r->touched = false;
  r->break_tid = as_gdb(tid);
  return true;
}

static bool compares(const struct wg_mem_watch *w) { return !w->read && w->len <= MOST_COMPARED; }

static void look_at(const struct wg_gdb_replayed *r, struct wg_buf *out) {
  const struct wg_gdb_points *p = &r->request->points;
  wg_buf_clear(out);
  for (size_t i = 0; i < p->nwatches; i++) {
    const struct wg_mem_watch *w = &p->watches[i];
    struct wg_err unread = {0};
    if (!compares(w)) continue;
    wg_buf_reserve(out, w->len);
    memset(out->data + out->len, 0, w->len);
    (void)wg_look_read(wg_travel_machine(r->travel), w->addr, out->data + out->len, w->len, &unread);
    out->len += w->len;
  }
}

static bool access_to(void *ctx, uint32_t tid, const struct wg_cpu *c, const struct wg_mem_access *a) {
  struct wg_gdb_replayed *r = ctx;
  const struct wg_mem_watch *w = &r->request->points.watches[a->watch];
  struct wg_machine_where now;
  wg_machine_where(wg_travel_machine(r->travel), &now);
  if (c && now.retired == r->skip) return false;
  if (!r->pending || now.retired != r->before.retired) { // else another one of the same instruction or call
    r->pending = true;
    r->access_tid = c || tid ? as_gdb(tid) : 0;
    r->by_instruction = c != NULL;
    r->watch = SIZE_MAX;
    r->before = now;
    look_at(r, &r->old);
  }
  if (!compares(w) && r->watch == SIZE_MAX) r->watch = a->watch;
  return true;
}

// What only hears of writes wants to know of changes.
static bool accessed(void *ctx) {
  struct wg_gdb_replayed *r = ctx;
  const struct wg_gdb_points *p = &r->request->points;
  struct wg_buf now = {0};
  look_at(r, &now);
  for (size_t i = 0, at = 0; i < p->nwatches && r->watch == SIZE_MAX; i++) {
    if (!compares(&p->watches[i])) continue;
    if (memcmp(now.data + at, r->old.data + at, p->watches[i].len) != 0) r->watch = i;
    at += p->watches[i].len;
  }
  wg_buf_release(&now);
  r->pending = false;
  r->touched = r->watch != SIZE_MAX;
  if (r->touched) r->broke = false;
  return r->touched;
}

static bool give_up(void *ctx) {
  const struct wg_gdb_replayed *r = ctx;
  return r->request->give_up && r->request->give_up(r->request->ctx);
}

// --- where it stops ---------------------------------------------------------------------------------------

static struct wg_machine *machine(const struct wg_gdb_replayed *r) { return wg_travel_machine(r->travel); }

static int stopped(struct wg_gdb_replayed *r, enum wg_gdb_why why, uint32_t tid, struct wg_gdb_stop *out) {
  struct wg_here here;
  wg_travel_here(r->travel, &here);
  if (tid == 0 || !wg_gdb_thread_exists(machine(r), &here, tid)) tid = wg_gdb_current(machine(r), &here, r->tid);
  r->tid = tid;
  *out = (struct wg_gdb_stop){.why = why, .tid = tid};
  return WG_OK;
}

static int at_begin(struct wg_gdb_replayed *r, struct wg_gdb_stop *out, struct wg_err *err) {
  const struct wg_position first = {.kind = WG_AT_INSN};
  WG_TRY(wg_travel_seek(r->travel, &first, err));
  return stopped(r, WG_GDB_AT_BEGIN, 0, out);
}

static int at_access(struct wg_gdb_replayed *r, struct wg_gdb_stop *out, struct wg_err *err) {
  uint32_t addr = r->request->points.watches[r->watch].addr;
  if (!r->request->back) {
    const struct wg_position before = {.kind = WG_AT_INSN, .value = r->before.retired};
    if (r->by_instruction) WG_TRY(wg_travel_seek(r->travel, &before, err));
    if (r->by_instruction) r->told = before.value;
    r->stepped = !r->by_instruction;
  }
  WG_TRY(stopped(r, WG_GDB_ACCESSED, r->access_tid, out));
  out->addr = addr;
  return WG_OK;
}

static int halted(struct wg_gdb_replayed *r, enum wg_gdb_why otherwise, struct wg_gdb_stop *out, struct wg_err *err) {
  if (r->touched) return at_access(r, out, err);
  if (r->broke) return stopped(r, WG_GDB_AT_BREAK, r->break_tid, out);
  return stopped(r, otherwise, 0, out);
}

// --- requests ---------------------------------------------------------------------------------------------

static struct wg_travel_hooks hooks_of(struct wg_gdb_replayed *r) {
  const struct wg_gdb_points *p = &r->request->points;
  return (struct wg_travel_hooks){.at_break = p->nbreaks ? at_break : NULL,
                                  .access = p->nwatches ? access_to : NULL,
                                  .accessed = p->nwatches ? accessed : NULL,
                                  .give_up = give_up,
                                  .pcs = p->breaks,
                                  .npcs = p->nbreaks,
                                  .watches = p->watches,
                                  .nwatches = p->nwatches,
                                  .ctx = r};
}

// Where a step of thread `tid` ends. A thread within a kernel call is before no instruction: it comes to its next.
static struct wg_position step_end(const struct wg_gdb_replayed *r, uint32_t tid) {
  struct wg_here here;
  struct wg_machine_doing doing = {.call = NULL};
  wg_travel_here(r->travel, &here);
  if (tid == WG_GDB_INTERRUPT || tid == WG_GDB_NOBODY)
    return (struct wg_position){.kind = WG_AT_INSN, .value = here.at.retired + 1};
  if (!wg_machine_doing(machine(r), tid, &doing)) return (struct wg_position){.kind = WG_AT_END};
  return (struct wg_position){.kind = WG_AT_CYCLE, .tid = tid, .value = doing.cycle + (doing.call ? 0 : 1)};
}

static int forwards(struct wg_gdb_replayed *r, struct wg_gdb_stop *out, struct wg_err *err) {
  const struct wg_gdb_request *q = r->request;
  const struct wg_travel_hooks h = hooks_of(r);
  struct wg_position until = {.kind = WG_AT_END};
  enum wg_halt why;
  bool there;
  if (q->step) until = step_end(r, q->tid);
  WG_TRY(wg_travel_run(r->travel, &h, &until, &why, &there, err));
  if (there && q->step && why != WG_HALT_END && !r->broke && !r->touched)
    return stopped(r, WG_GDB_STEPPED, q->tid, out);
  if (why == WG_HALT_END) return stopped(r, WG_GDB_AT_END, 0, out);
  return halted(r, wg_travel_gave_up(r->travel) ? WG_GDB_GAVE_UP : WG_GDB_STEPPED, out, err);
}

static int step_back(struct wg_gdb_replayed *r, struct wg_gdb_stop *out, struct wg_err *err) {
  uint32_t tid = r->request->tid;
  bool found, one = tid != WG_GDB_INTERRUPT && tid != WG_GDB_NOBODY;
  if (one)
    WG_TRY(wg_travel_step_thread_back(r->travel, tid, &found, err));
  else
    WG_TRY(wg_travel_step_back(r->travel, &found, err));
  return found ? stopped(r, WG_GDB_STEPPED, one ? tid : 0, out) : at_begin(r, out, err);
}

static int backwards(struct wg_gdb_replayed *r, struct wg_gdb_stop *out, struct wg_err *err) {
  const struct wg_travel_hooks h = hooks_of(r);
  bool found;
  WG_TRY(wg_travel_back(r->travel, &h, &found, err));
  if (wg_travel_gave_up(r->travel)) return stopped(r, WG_GDB_GAVE_UP, 0, out);
  return found ? halted(r, WG_GDB_STEPPED, out, err) : at_begin(r, out, err);
}

static int resume(void *ctx, const struct wg_gdb_request *q, struct wg_gdb_stop *out, struct wg_err *err) {
  struct wg_gdb_replayed *r = ctx;
  bool stepped = r->stepped;
  struct wg_here here;
  wg_travel_here(r->travel, &here);
  r->skip = !q->back && here.at.retired == r->told ? r->told : UINT64_MAX;
  r->told = UINT64_MAX;
  r->stepped = false;
  if (stepped && q->step && !q->back && q->tid == r->tid) return stopped(r, WG_GDB_STEPPED, r->tid, out);
  r->request = q;
  r->broke = r->touched = r->pending = false;
  int code = !q->back ? forwards(r, out, err) : q->step ? step_back(r, out, err) : backwards(r, out, err);
  r->request = NULL;
  return code;
}

static int seek(void *ctx, const struct wg_position *p, struct wg_gdb_stop *out, struct wg_err *err) {
  struct wg_gdb_replayed *r = ctx;
  struct wg_position first = {.kind = WG_AT_INSN};
  r->stepped = false;
  if (p->kind == WG_AT_START) return at_begin(r, out, err);
  if (wg_travel_seek(r->travel, p, err) == WG_OK) return stopped(r, WG_GDB_STEPPED, p->tid, out);
  // It must be somewhere.
  struct wg_err lost = {0};
  if (wg_travel_machine(r->travel) == NULL) (void)wg_travel_seek(r->travel, &first, &lost);
  return WG_INPUT;
}

static const struct wg_machine *machine_of(void *ctx) { return machine(ctx); }
static void here_of(void *ctx, struct wg_here *out) {
  const struct wg_gdb_replayed *r = ctx;
  wg_travel_here(r->travel, out);
}

int wg_gdb_replayed_init(struct wg_gdb_replayed *r, struct wg_travel *t, const struct wg_position *p,
                         struct wg_err *err) {
  struct wg_gdb_stop unsaid;
  *r = (struct wg_gdb_replayed){
      .travel = t,
      .told = UINT64_MAX,
      .target = {.ctx = r, .reverses = true, .machine = machine_of, .here = here_of, .resume = resume, .seek = seek}};
  return seek(r, p, &unsaid, err);
}

void wg_gdb_replayed_release(struct wg_gdb_replayed *r) { wg_buf_release(&r->old); }
