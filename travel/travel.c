// Seeking: the nearest checkpoint before a position, and from there to it.
#include "travel/travel.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "checkpoint/checkpoint.h"
#include "emu/cpu/cpu.h"
#include "replay/live.h"
#include "replay/manifest.h"
#include "travel/resolve.h"
#include "travel/runner.h"

struct wg_travel {
  char *dir;
  struct wg_manifest man;
  bool man_read;
  const struct wg_run_watch *watch;
  struct wg_pulse pulse;
  bool interrupted;
  struct wg_checkpoints marks; // those of the file, and those in between that seeks have left
  struct wg_observer observer; // how every machine is heard
  struct wg_debug debug;       //
  struct wg_runner run;
  enum wg_halt halt;
  bool there;
  bool halt_next; // at whatever comes,
  bool settles;   // unless it is an access, and its hook does not want that any more
  bool gave_up;
  // where it is going
  struct wg_position target;
  bool has_target;
  uint64_t near;           // instructions: the target is not beyond; 0: nobody knows
  uint64_t last_mark;      // effort and
  uint64_t last_mark_insn; // instructions, at the latest mark behind it
  const struct wg_travel_hooks *hooks;
  const struct wg_travel_hooks *made; // of a machine that is being made
  bool listens;                       // to what these want, as the machine knows
};

// --- where it is ------------------------------------------------------------------------------------------

struct wg_machine *wg_travel_machine(const struct wg_travel *t) {
  return t->run.m;
}

static void where(const struct wg_travel *t, struct wg_machine_where *w) { wg_machine_where(t->run.m, w); }

void wg_travel_here(const struct wg_travel *t, struct wg_here *out) {
  *out = (struct wg_here){.halt = t->halt};
  if (t->run.m) where(t, &out->at);
}

enum wg_end wg_travel_end(const struct wg_travel *t) { return t->run.end; }

size_t wg_travel_checkpoints(const struct wg_travel *t) { return t->marks.n; }
void wg_travel_checkpoint(const struct wg_travel *t, size_t i, struct wg_machine_where *out) {
  *out = t->marks.list[i].at;
}

// Whether a moment lies before a position, or at it where to execute from there leads to it.
struct moment {
  const struct wg_machine_where *at;
  uint32_t last_tid;
  size_t nthreads;
  const struct wg_machine_thread *threads;
};

static bool thread_before(const struct moment *m, const struct wg_position *p) {
  if (p->tid > m->last_tid) return true; // it has not been made yet
  for (size_t i = 0; i < m->nthreads; i++) {
    const struct wg_machine_thread *t = &m->threads[i];
    if (t->tid == p->tid) return p->kind == WG_AT_EVENT ? t->idx <= p->value : t->cycle <= p->value;
  }
  return false; // it is no more
}

static bool before(const struct moment *m, const struct wg_position *p) {
  switch (p->kind) {
  case WG_AT_START: return m->at->windows == 0;
  case WG_AT_EVENT:
  case WG_AT_CYCLE: return thread_before(m, p);
  case WG_AT_INSN: return m->at->retired <= p->value;
  case WG_AT_NTH_EVENT: return m->at->events < p->value;
  case WG_AT_TIME: return m->at->now_ns < p->value;
  case WG_AT_FRAME: return m->at->frames < p->value;
  default: return true;
  }
}

static bool mark_before(const struct wg_checkpoint *c, const struct wg_position *p) {
  return before(&(struct moment){&c->at, c->last_tid, c->nthreads, c->threads}, p);
}

// --- what is heard of the run -----------------------------------------------------------------------------

// Stands still; false if the run is to be given up.
static bool halt(struct wg_travel *t, enum wg_halt why, bool there) {
  t->halt = why;
  t->there = there;
  t->halt_next = t->settles = false;
  return wg_runner_halt(&t->run);
}

static bool is(const struct wg_travel *t, enum wg_position_kind kind) {
  return t->has_target && t->target.kind == kind;
}

static bool on_event(void *ctx, const struct wg_event *e) {
  struct wg_travel *t = ctx;
  if (t->run.quit) return false;
  if (t->run.m == NULL) { // it is being made
    if (t->made && t->made->event) t->made->event(t->made->ctx, e);
    return true;
  }
  struct wg_machine_where w;
  bool there = false, wanted = t->hooks && t->hooks->event && t->hooks->event(t->hooks->ctx, e);
  if (is(t, WG_AT_EVENT)) there = e->tid == t->target.tid && e->idx == t->target.value;
  if (is(t, WG_AT_NTH_EVENT)) {
    where(t, &w);
    there = w.events == t->target.value;
  }
  return !(there || wanted || (t->halt_next && !t->settles)) || halt(t, WG_HALT_EVENT, there);
}

// Behind an access: does it still halt?
static void settle(struct wg_travel *t) {
  if (!t->settles) return;
  t->settles = false;
  t->halt_next = t->hooks && t->hooks->accessed(t->hooks->ctx);
}

static void on_branches(void *ctx, const struct wg_branch_packet *p) {
  const struct wg_travel *t = ctx;
  if (t->hooks && t->hooks->branches && !t->run.quit) t->hooks->branches(t->hooks->ctx, p);
}

static bool on_steps(void *ctx, uint32_t tid, const struct wg_cpu *c, uint64_t limit) {
  struct wg_travel *t = ctx;
  struct wg_machine_where w;
  if (t->halt_next || (t->hooks && t->hooks->step)) return true;
  if (!is(t, WG_AT_CYCLE) && !is(t, WG_AT_INSN)) return false;
  where(t, &w);
  uint64_t most = limit - w.cycle + WG_TURN_OVER;
  (void)c;
  if (t->target.kind == WG_AT_CYCLE)
    return tid == t->target.tid && w.cycle <= t->target.value && t->target.value - w.cycle <= most;
  return w.retired <= t->target.value && t->target.value - w.retired <= most;
}

static int by_address(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

// In steps nobody else asks at the breaks.
static bool breaks_here(const struct wg_travel *t, uint32_t tid, const struct wg_cpu *c) {
  const struct wg_travel_hooks *h = t->hooks;
  if (h == NULL || h->at_break == NULL || h->npcs == 0) return false;
  if (bsearch(&c->pc, h->pcs, h->npcs, sizeof *h->pcs, by_address) == NULL) return false;
  return h->at_break(h->ctx, tid, c);
}

static bool on_instruction(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  struct wg_travel *t = ctx;
  struct wg_machine_where w;
  if (t->run.quit) return false;
  where(t, &w);
  bool there = (is(t, WG_AT_CYCLE) && tid == t->target.tid && w.cycle == t->target.value) ||
               (is(t, WG_AT_INSN) && w.retired == t->target.value);
  settle(t);
  bool wanted = t->hooks && t->hooks->step && t->hooks->step(t->hooks->ctx, tid, c);
  wanted |= !t->halt_next && breaks_here(t, tid, c);
  return !(there || wanted || t->halt_next) || halt(t, WG_HALT_INSTRUCTION, there);
}

static bool on_break(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  struct wg_travel *t = ctx;
  if (t->run.quit || t->hooks == NULL || t->hooks->at_break == NULL) return t->run.quit;
  if (!t->hooks->at_break(t->hooks->ctx, tid, c)) return false;
  t->halt_next = true; // at the same instruction, in steps
  return true;
}

static bool on_access(void *ctx, uint32_t tid, const struct wg_cpu *c, const struct wg_mem_access *a) {
  struct wg_travel *t = ctx;
  if (t->run.quit || t->hooks == NULL || t->hooks->access == NULL) return t->run.quit;
  if (!t->hooks->access(t->hooks->ctx, tid, c, a)) return false;
  t->settles = t->hooks->accessed && (t->settles || !t->halt_next);
  t->halt_next = true;
  return true;
}

// A mark now and then bounds what the next seek here has to execute; close before the target they become dense, so that
// steps backwards from there cost little.
static void mark(struct wg_travel *t, const struct wg_machine_where *w) {
  uint64_t effort = wg_checkpoint_effort(w);
  bool due = effort - t->last_mark >= WG_CHECKPOINT_EFFORT;
  if (t->near > w->retired && w->retired - t->last_mark_insn > 100000)
    due |= t->near - w->retired < (t->near - t->last_mark_insn) / 8;
  if (!due) return;
  wg_checkpoint_take(&t->marks, t->run.m);
  t->last_mark = effort;
  t->last_mark_insn = w->retired;
}

static bool ended_here(const struct wg_travel *t) {
  return t->man.within_call && wg_machine_windows(t->run.m) == t->man.windows;
}

static bool on_window(void *ctx, bool within_call) {
  struct wg_travel *t = ctx;
  struct wg_machine_where w;
  if (t->run.quit) return false;
  if (within_call) return !ended_here(t);
  where(t, &w);
  if (t->watch && t->watch->progress && wg_pulse(&t->pulse, 250))
    t->watch->progress(t->watch->ctx, &(struct wg_run_progress){w.events, t->man.events, w.now_ns, t->man.cfg.max_ns});
  if (t->watch && t->watch->go_on && !t->watch->go_on()) {
    t->interrupted = true;
    return false;
  }
  mark(t, &w);
  settle(t);
  bool gives_up = t->hooks && t->hooks->give_up && t->hooks->give_up(t->hooks->ctx);
  t->gave_up |= gives_up;
  bool there =
      (is(t, WG_AT_TIME) && w.now_ns >= t->target.value) || (is(t, WG_AT_FRAME) && w.frames >= t->target.value);
  return !(there || gives_up || t->halt_next) || halt(t, WG_HALT_WINDOW, there);
}

// --- machines ---------------------------------------------------------------------------------------------

// What the hooks name is their owner's: it is let go before he gets the run back (wg_travel_run, wg_travel_back).
static void let_go(struct wg_travel *t) {
  t->hooks = NULL;
  if (t->listens && t->run.m) {
    wg_machine_breaks(t->run.m, NULL, 0);
    wg_machine_watches(t->run.m, NULL, 0);
  }
  t->listens = false;
}

static void listen(struct wg_travel *t) {
  const struct wg_travel_hooks *h = t->hooks;
  if (t->listens || h == NULL) return;
  t->listens = true;
  bool breaks = h->at_break, watches = h->access;
  wg_machine_breaks(t->run.m, breaks ? h->pcs : NULL, breaks ? h->npcs : 0);
  wg_machine_watches(t->run.m, watches ? h->watches : NULL, watches ? h->nwatches : 0);
}

// A machine that has not run yet, at a mark (SIZE_MAX: at the start).
static int begin(struct wg_travel *t, size_t at, struct wg_err *err) {
  struct wg_machine *m = NULL, *old = wg_runner_end(&t->run);
  t->halt = WG_HALT_NONE;
  t->halt_next = t->settles = t->listens = false;
  if (at == SIZE_MAX) {
    wg_machine_free(old);
    old = NULL;
  }
  if (old)
    WG_TRY(wg_machine_again(&m, old, err));
  else
    WG_TRY(wg_machine_create(&m, &t->man.cfg, &t->observer, err));
  int code = at == SIZE_MAX ? WG_OK : wg_checkpoint_restore(&t->marks, at, m, err);
  if (code != WG_OK) {
    wg_machine_free(m);
    return code;
  }
  wg_machine_track(m);
  wg_machine_debug(m, &t->debug);
  wg_runner_init(&t->run, m);
  struct wg_machine_where w;
  where(t, &w);
  t->last_mark = wg_checkpoint_effort(&w);
  t->last_mark_insn = w.retired;
  return WG_OK;
}

static int go(struct wg_travel *t, struct wg_err *err) {
  t->there = t->gave_up = false;
  listen(t);
  if (t->run.state == WG_RUNNER_DONE) {
    t->halt = WG_HALT_END;
  } else {
    if (!wg_runner_go(&t->run)) return wg_fail(err, WG_INTERNAL, "no thread can be had to execute the run");
    if (t->run.state == WG_RUNNER_DONE) t->halt = WG_HALT_END;
  }
  if (t->interrupted) {
    t->interrupted = false;
    return wg_fail(err, WG_INPUT, "interrupted on the way");
  }
  if (t->halt == WG_HALT_END) t->there = !t->has_target || t->target.kind == WG_AT_END;
  return WG_OK;
}

// --- seeking ----------------------------------------------------------------------------------------------

// How far each thread is; free it.
static struct wg_machine_thread *threads_of(const struct wg_travel *t, size_t *n, uint32_t *last_tid) {
  *n = wg_machine_threads(t->run.m, NULL, 0, last_tid);
  struct wg_machine_thread *threads = wg_xcalloc(*n, sizeof *threads);
  wg_machine_threads(t->run.m, threads, *n, last_tid);
  return threads;
}

static bool here_before(struct wg_travel *t, const struct wg_position *p) {
  struct wg_machine_where w;
  uint32_t last_tid;
  size_t n;
  if (t->run.m == NULL || t->halt == WG_HALT_END) return false;
  where(t, &w);
  // Behind an event of that number, or before an instruction: it has been.
  if (p->kind == WG_AT_INSN && w.retired == p->value) return false;
  struct wg_machine_thread *threads = threads_of(t, &n, &last_tid);
  bool is_before = before(&(struct moment){&w, last_tid, n, threads}, p);
  if (p->kind == WG_AT_CYCLE && w.in_turn && w.tid == p->tid && w.cycle == p->value) is_before = false;
  free(threads);
  return is_before;
}

static size_t mark_for(const struct wg_travel *t, const struct wg_position *p) {
  for (size_t i = t->marks.n; i-- > 0;)
    if (mark_before(&t->marks.list[i], p)) return i;
  return SIZE_MAX;
}

static int never(const struct wg_travel *t, const struct wg_position *p, struct wg_err *err) {
  struct wg_buf words = {0};
  struct wg_machine_where w;
  where(t, &w);
  wg_position_words(p, &words);
  int code =
      wg_fail(err, WG_INPUT,
              "%s: the run never comes to %s: it ends (%s) after %llu events, %llu instructions, %llu frames and "
              "%.9g s of virtual time",
              t->dir, words.data, wg_end_name(t->run.end), (unsigned long long)w.events, (unsigned long long)w.retired,
              (unsigned long long)w.frames, (double)w.now_ns / 1e9);
  wg_buf_release(&words);
  return code;
}

// Whether an event was emitted as the machine was made: at the start it is behind it.
static bool been_made(const struct wg_travel *t, const struct wg_position *p) {
  struct wg_machine_where w;
  if (t->halt != WG_HALT_NONE) return false;
  where(t, &w);
  if (w.windows || w.retired) return false;
  return (p->kind == WG_AT_NTH_EVENT && p->value <= w.events) ||
         (p->kind == WG_AT_EVENT && p->tid == 0 && p->value < w.idx);
}

static int go_to(struct wg_travel *t, const struct wg_position *p, struct wg_err *err) {
  size_t at = mark_for(t, p);
  struct wg_machine_where w = {0};
  bool from_here = here_before(t, p);
  if (from_here) where(t, &w);
  if (!from_here || (at != SIZE_MAX && t->marks.list[at].at.retired > w.retired)) WG_TRY(begin(t, at, err));
  t->target = *p;
  t->has_target = true;
  if (p->kind == WG_AT_INSN) t->near = p->value;
  t->there = p->kind == WG_AT_START || been_made(t, p);
  return t->there ? WG_OK : go(t, err);
}

int wg_travel_seek(struct wg_travel *t, const struct wg_position *position, struct wg_err *err) {
  struct wg_position p;
  WG_TRY(wg_position_resolve(position, t->dir, &p, err));
  let_go(t);
  WG_TRY(go_to(t, &p, err));
  t->near = 0;
  return t->there ? WG_OK : never(t, position, err);
}

int wg_travel_enter(struct wg_travel *t, size_t i, const struct wg_travel_hooks *made, struct wg_err *err) {
  let_go(t);
  t->near = 0;
  t->made = i == SIZE_MAX ? made : NULL;
  int code = begin(t, i, err);
  t->made = NULL;
  return code;
}

static int go_on(struct wg_travel *t, const struct wg_travel_hooks *h, const struct wg_position *until,
                 enum wg_halt *why, bool *there, struct wg_err *err) {
  struct wg_position p = {.kind = WG_AT_END};
  if (until) WG_TRY(wg_position_resolve(until, t->dir, &p, err));
  if (t->run.m == NULL) WG_TRY(begin(t, SIZE_MAX, err));
  t->target = p;
  t->has_target = true;
  t->hooks = h;
  int code = go(t, err);
  *why = t->halt;
  *there = t->there;
  return code;
}

int wg_travel_run(struct wg_travel *t, const struct wg_travel_hooks *h, const struct wg_position *until,
                  enum wg_halt *why, bool *there, struct wg_err *err) {
  int code = go_on(t, h, until, why, there, err);
  let_go(t);
  return code;
}

// --- backwards --------------------------------------------------------------------------------------------

// A halt, so that it can be found again.
static bool same_moment(const struct wg_here *a, const struct wg_here *b) {
  return a->at.retired == b->at.retired && a->at.events == b->at.events && a->at.windows == b->at.windows &&
         a->halt == b->halt;
}
static bool earlier(const struct wg_here *a, const struct wg_here *b) {
  if (a->at.retired != b->at.retired) return a->at.retired < b->at.retired;
  if (a->at.events != b->at.events) return a->at.events < b->at.events;
  return a->at.windows < b->at.windows;
}

// The latest mark before a moment, or SIZE_MAX for the start.
static size_t mark_behind(const struct wg_travel *t, const struct wg_machine_where *w) {
  size_t at = t->marks.n;
  while (at && t->marks.list[at - 1].at.retired >= w->retired) at--;
  return at ? at - 1 : SIZE_MAX;
}

// From mark `at` on, the last halt before `end`.
static int last_halt(struct wg_travel *t, size_t at, const struct wg_travel_hooks *h, const struct wg_here *end,
                     struct wg_here *last, bool *found, struct wg_err *err) {
  const struct wg_position until = {.kind = WG_AT_INSN, .value = end->at.retired + 1};
  enum wg_halt why;
  bool there;
  struct wg_here now;
  WG_TRY(begin(t, at, err));
  t->near = end->at.retired;
  for (;; *last = now, *found = true) {
    WG_TRY(go_on(t, h, &until, &why, &there, err));
    if (t->gave_up) {
      *found = false;
      return WG_OK;
    }
    wg_travel_here(t, &now);
    if (why == WG_HALT_END || there || !earlier(&now, end)) return WG_OK;
  }
}

static int find_again(struct wg_travel *t, const struct wg_travel_hooks *h, const struct wg_here *here,
                      struct wg_err *err) {
  enum wg_halt why;
  bool there;
  struct wg_here now;
  WG_TRY(begin(t, mark_behind(t, &here->at), err));
  do {
    WG_TRY(go_on(t, h, NULL, &why, &there, err));
    wg_travel_here(t, &now);
    if (same_moment(&now, here)) return WG_OK;
  } while (why != WG_HALT_END);
  return wg_fail(err, WG_INTERNAL, "a moment of the run was not found again");
}

static int return_to(struct wg_travel *t, const struct wg_here *here, struct wg_err *err) {
  struct wg_position p = {.kind = WG_AT_INSN, .value = here->at.retired};
  if (here->halt == WG_HALT_EVENT) p = (struct wg_position){.kind = WG_AT_NTH_EVENT, .value = here->at.events};
  if (here->halt == WG_HALT_END) p.kind = WG_AT_END;
  return wg_travel_seek(t, &p, err);
}

static int go_back(struct wg_travel *t, const struct wg_travel_hooks *h, bool *found, struct wg_err *err) {
  struct wg_here here, end, last = {.halt = WG_HALT_NONE};
  *found = false;
  wg_travel_here(t, &here);
  if (t->run.m == NULL) return WG_OK;
  end = here;
  t->gave_up = false;
  // Interval by interval, the latest first: what lies behind one has been looked at.
  for (size_t at = 0; at != SIZE_MAX && !*found && !t->gave_up;) {
    at = mark_behind(t, &end.at);
    struct wg_machine_where next = {.retired = 0};
    if (at != SIZE_MAX) next = t->marks.list[at].at;
    WG_TRY(last_halt(t, at, h, &end, &last, found, err));
    end = (struct wg_here){.at = next, .halt = WG_HALT_WINDOW};
  }
  if (t->gave_up) return WG_OK;
  return *found ? find_again(t, h, &last, err) : return_to(t, &here, err);
}

int wg_travel_back(struct wg_travel *t, const struct wg_travel_hooks *h, bool *found, struct wg_err *err) {
  int code = go_back(t, h, found, err);
  let_go(t);
  return code;
}

bool wg_travel_gave_up(const struct wg_travel *t) { return t->gave_up; }

static bool cycle_of(const struct wg_travel *t, uint32_t tid, uint64_t *cycle) {
  uint32_t last_tid;
  size_t n, i = 0;
  struct wg_machine_thread *threads = threads_of(t, &n, &last_tid);
  while (i < n && threads[i].tid != tid) i++;
  if (i < n) *cycle = threads[i].cycle;
  free(threads);
  return i < n;
}

int wg_travel_step_thread_back(struct wg_travel *t, uint32_t tid, bool *found, struct wg_err *err) {
  struct wg_here here;
  struct wg_position p = {.kind = WG_AT_CYCLE, .tid = tid};
  *found = t->run.m && cycle_of(t, tid, &p.value) && p.value > 0;
  if (!*found) return WG_OK;
  wg_travel_here(t, &here);
  t->near = here.at.retired;
  p.value--;
  return wg_travel_seek(t, &p, err);
}

int wg_travel_step_back(struct wg_travel *t, bool *found, struct wg_err *err) {
  struct wg_here here;
  wg_travel_here(t, &here);
  if (here.at.in_turn && here.at.tid) return wg_travel_step_thread_back(t, here.at.tid, found, err);
  *found = here.at.retired > 0;
  if (!*found) return WG_OK;
  const struct wg_position p = {.kind = WG_AT_INSN, .value = here.at.retired - 1};
  return wg_travel_seek(t, &p, err);
}

// --- opening ----------------------------------------------------------------------------------------------

int wg_travel_open(struct wg_travel **out, const char *dir, const struct wg_config *overrides,
                   const struct wg_run_watch *watch, struct wg_err *err) {
  struct wg_travel *t = wg_xcalloc(1, sizeof *t);
  t->dir = wg_xstrdup(dir);
  t->watch = watch;
  t->observer = (struct wg_observer){.event = on_event, .branches = on_branches, .go_on = on_window, .ctx = t};
  t->debug = (struct wg_debug){
      .steps = on_steps, .before = on_instruction, .at_break = on_break, .access = on_access, .ctx = t};
  wg_checkpoints_init(&t->marks);
  int code = wg_manifest_read(dir, overrides, &t->man, err);
  t->man_read = code == WG_OK;
  if (code == WG_OK) code = wg_manifest_check_files(&t->man, dir, err);
  if (code == WG_OK) code = begin(t, SIZE_MAX, err);
  if (code == WG_OK) code = wg_manifest_check_lookups(&t->man, t->run.m, err);
  if (code == WG_OK) {
    struct wg_buf identity = {0};
    bool there;
    wg_checkpoints_identity(t->run.m, &t->man.cfg, &identity);
    code = wg_checkpoints_open(&t->marks, dir, identity.data, &there, err);
    wg_buf_release(&identity);
    wg_checkpoint_take(&t->marks, t->run.m); // so that the start, too, is gone back to without making all anew
  }
  if (code != WG_OK) {
    wg_travel_close(t);
    t = NULL;
  }
  *out = t;
  return code;
}

void wg_travel_close(struct wg_travel *t) {
  if (t == NULL) return;
  wg_machine_free(wg_runner_end(&t->run));
  wg_checkpoints_release(&t->marks);
  if (t->man_read) wg_manifest_release(&t->man);
  free(t->dir);
  free(t);
}
