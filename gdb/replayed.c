// Going on and going back in a recorded run, as gdb's requests want it.
//
// gdb takes it that an access which is watched has not been done yet when a PowerPC stops at it, and makes a step
// before it looks at the value; backwards the same step undoes it. So it stops before the instruction when it goes
// forwards, and behind it when it goes back. Where no instruction made the access, that step is one that does nothing.
#include "gdb/replayed.h"

// --- where it stops ---------------------------------------------------------------------------------------

static int stopped(struct wg_gdb_replayed *r, struct wg_gdb_stop *stop) {
  wg_gdb_going_place(&r->going, stop);
  return WG_OK;
}

static int at_begin(struct wg_gdb_replayed *r, struct wg_gdb_stop *out, struct wg_err *err) {
  const struct wg_position first = {.kind = WG_AT_INSN};
  WG_TRY(wg_travel_seek(r->travel, &first, err));
  *out = (struct wg_gdb_stop){.why = WG_GDB_AT_BEGIN};
  return stopped(r, out);
}

// Before the instruction that makes an access.
static int before_access(struct wg_gdb_replayed *r, struct wg_err *err) {
  const struct wg_position before = {.kind = WG_AT_INSN, .value = r->going.before.retired};
  r->stepped = !r->going.by_instruction;
  if (r->stepped) return WG_OK;
  r->told = before.value;
  return wg_travel_seek(r->travel, &before, err);
}

// --- requests ---------------------------------------------------------------------------------------------

static int forwards(struct wg_gdb_replayed *r, struct wg_gdb_stop *out, struct wg_err *err) {
  WG_TRY(wg_gdb_forwards(&r->going, out, err));
  if (out->why == WG_GDB_ACCESSED) WG_TRY(before_access(r, err));
  return stopped(r, out);
}

static int step_back(struct wg_gdb_replayed *r, struct wg_gdb_stop *out, struct wg_err *err) {
  uint32_t tid = r->going.request->tid;
  bool found, one = tid != WG_GDB_INTERRUPT && tid != WG_GDB_NOBODY;
  if (one)
    WG_TRY(wg_travel_step_thread_back(r->travel, tid, &found, err));
  else
    WG_TRY(wg_travel_step_back(r->travel, &found, err));
  struct wg_machine_doing doing;
  // Before a thread's first instruction its own history begins, though not the run's.
  bool stays = !found && one && wg_machine_doing(wg_travel_machine(r->travel), tid, &doing);
  if (!found && !stays) return at_begin(r, out, err);
  *out = (struct wg_gdb_stop){.why = stays ? WG_GDB_AT_BEGIN : WG_GDB_STEPPED, .tid = one ? tid : 0};
  return stopped(r, out);
}

static int backwards(struct wg_gdb_replayed *r, struct wg_gdb_stop *out, struct wg_err *err) {
  const struct wg_travel_hooks h = wg_gdb_hooks(&r->going);
  bool found;
  WG_TRY(wg_travel_back(r->travel, &h, &found, err));
  bool gave_up = wg_travel_gave_up(r->travel);
  if (!found && !gave_up) return at_begin(r, out, err);
  *out = (struct wg_gdb_stop){.why = WG_GDB_GAVE_UP};
  if (!gave_up) wg_gdb_halted(&r->going, false, out);
  r->going.behind.halt = WG_HALT_NONE;
  if (out->why == WG_GDB_ACCESSED) wg_travel_here(r->travel, &r->going.behind);
  return stopped(r, out);
}

static const struct wg_machine *machine_of(void *ctx) {
  return wg_travel_machine(((struct wg_gdb_replayed *)ctx)->travel);
}

static int resume(void *ctx, const struct wg_gdb_request *q, struct wg_gdb_stop *out, struct wg_err *err) {
  struct wg_gdb_replayed *r = ctx;
  bool stepped = r->stepped;
  struct wg_here here;
  wg_travel_here(r->travel, &here);
  wg_gdb_going_begin(&r->going, q);
  if (!q->back && here.at.retired == r->told) r->going.skip = r->told;
  r->told = UINT64_MAX;
  r->stepped = false;
  if (stepped && q->step && !q->back && q->tid == r->going.tid) {
    *out = (struct wg_gdb_stop){.why = WG_GDB_STEPPED, .tid = q->tid};
    return stopped(r, out);
  }
  if (!q->back || q->step) r->going.behind.halt = WG_HALT_NONE;
  int code = !q->back ? forwards(r, out, err) : q->step ? step_back(r, out, err) : backwards(r, out, err);
  r->going.request = NULL;
  if (code == WG_OK || machine_of(r) == NULL || !wg_travel_gave_up(r->travel)) return code;
  *err = (struct wg_err){0};
  *out = (struct wg_gdb_stop){.why = WG_GDB_GAVE_UP};
  return stopped(r, out);
}

static int seek(void *ctx, const struct wg_position *p, struct wg_gdb_stop *out, struct wg_err *err) {
  struct wg_gdb_replayed *r = ctx;
  struct wg_err lost = {0};
  struct wg_here here;
  wg_travel_here(r->travel, &here);
  int code = p->kind == WG_AT_START ? at_begin(r, out, err) : wg_travel_seek(r->travel, p, err);
  if (code != WG_OK) { // what its client knows is where it was
    (void)wg_travel_return(r->travel, &here, &lost);
    return code;
  }
  r->stepped = false;
  r->going.behind.halt = WG_HALT_NONE;
  r->told = UINT64_MAX; // whoever comes from elsewhere is told of it again
  if (p->kind == WG_AT_START) return WG_OK;
  *out = (struct wg_gdb_stop){.why = WG_GDB_STEPPED, .tid = p->tid};
  return stopped(r, out);
}

static void ask(void *ctx, bool (*give_up)(void *who), void *who) {
  wg_travel_ask(((struct wg_gdb_replayed *)ctx)->travel, give_up, who);
}

static void here_of(void *ctx, struct wg_here *out) { wg_travel_here(((struct wg_gdb_replayed *)ctx)->travel, out); }
static int run(void *ctx, const struct wg_travel_hooks *h, const struct wg_position *until, enum wg_halt *why,
               bool *there, struct wg_err *err) {
  return wg_travel_run(((struct wg_gdb_replayed *)ctx)->travel, h, until, why, there, err);
}
static bool gave_up(void *ctx) { return wg_travel_gave_up(((struct wg_gdb_replayed *)ctx)->travel); }

int wg_gdb_replayed_init(struct wg_gdb_replayed *r, struct wg_travel *t, const struct wg_position *p,
                         struct wg_err *err) {
  struct wg_gdb_stop unsaid;
  *r = (struct wg_gdb_replayed){.travel = t,
                                .told = UINT64_MAX,
                                .target = {.ctx = r,
                                           .reverses = true,
                                           .machine = machine_of,
                                           .here = here_of,
                                           .resume = resume,
                                           .seek = seek,
                                           .ask = ask},
                                .going = {.target = &r->target, .run = run, .gave_up = gave_up, .ctx = r}};
  return seek(r, p, &unsaid, err);
}

void wg_gdb_replayed_release(struct wg_gdb_replayed *r) { wg_gdb_going_release(&r->going); }
