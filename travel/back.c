// Backwards: from the latest mark before a moment to the last place where hooks would halt before it; and a step back.
#include <stdlib.h>

#include "travel/inside.h"

// A halt, so that it can be found again.
static bool same_moment(const struct wg_here *a, const struct wg_here *b) {
  return a->at.retired == b->at.retired && a->at.events == b->at.events && a->at.windows == b->at.windows &&
         a->halt == b->halt;
}

// The latest mark before a moment, or SIZE_MAX for the start.
static size_t mark_behind(const struct wg_travel *t, const struct wg_machine_where *w) {
  size_t at = t->marks.n;
  while (at && t->marks.list[at - 1].at.retired >= w->retired) at--;
  return at ? at - 1 : SIZE_MAX;
}

// A halt where it goes back from: an access that the instruction before made, for instance.
static bool is_here(const struct wg_here *now, const struct wg_here *end, const struct wg_travel_hooks *h) {
  return h->here_too && !wg_here_earlier(end, now) && h->here_too(h->ctx);
}

// A run that goes to `end`, and passes where it would halt before.
struct passing {
  struct wg_travel *t;
  const struct wg_here *end;
  struct wg_here last;
  bool found;
};

// To stand still costs more than to execute what mostly lies between two halts.
static bool passes(void *ctx) {
  struct passing *p = ctx;
  struct wg_here now;
  wg_travel_here(p->t, &now);
  if (p->t->h.gave_up || !wg_here_earlier(&now, p->end)) return false;
  wg_recall_add(&p->t->recall, &now);
  p->last = now;
  p->found = true;
  return true;
}

// From mark `at` on, the last halt before `end`.
static int last_halt(struct wg_travel *t, size_t at, const struct wg_travel_hooks *h, const struct wg_here *end,
                     struct wg_here *last, bool *found, struct wg_err *err) {
  const struct wg_position until = {.kind = WG_AT_INSN, .value = end->at.retired + 1};
  struct passing p = {.t = t, .end = end};
  enum wg_halt why;
  bool there;
  WG_TRY(wg_travel_begin(t, at, err));
  t->near = end->at.retired;
  wg_recall_begin(&t->recall, h, end);
  t->h.passes = passes;
  t->h.passes_ctx = &p;
  int code = wg_travel_go_on(t, h, &until, &why, &there, err);
  t->h.passes = NULL;
  if (code != WG_OK || t->h.gave_up) {
    wg_recall_release(&t->recall);
    return code;
  }
  struct wg_here now;
  wg_travel_here(t, &now);
  if (why != WG_HALT_END && !there && !wg_here_earlier(end, &now)) wg_recall_add(&t->recall, &now);
  if (why != WG_HALT_END && !there && is_here(&now, end, h)) {
    p.last = now;
    p.found = true;
  }
  if (p.found) *last = p.last;
  *found = p.found;
  return WG_OK;
}

static int find_again(struct wg_travel *t, const struct wg_travel_hooks *h, const struct wg_here *here,
                      struct wg_err *err) {
  enum wg_halt why;
  bool there;
  struct wg_here now;
  WG_TRY(wg_travel_begin(t, mark_behind(t, &here->at), err));
  // Up to the instruction before it nothing halts, and none of its accesses comes earlier.
  const struct wg_position close = {.kind = WG_AT_INSN, .value = here->at.retired - 1};
  if (here->at.retired) WG_TRY(wg_travel_go_on(t, NULL, &close, &why, &there, err));
  do {
    WG_TRY(wg_travel_go_on(t, h, NULL, &why, &there, err));
    wg_travel_here(t, &now);
    if (same_moment(&now, here)) return WG_OK;
  } while (why != WG_HALT_END);
  return wg_fail(err, WG_INTERNAL, "a moment of the run was not found again");
}

static bool always(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  (void)ctx, (void)tid, (void)c;
  return true;
}

// It has no position: what comes next, of whomever, is at as many instructions.
static int return_to_kernel(struct wg_travel *t, const struct wg_here *here, struct wg_err *err) {
  const struct wg_travel_hooks h = {.at_break = always, .returns = true, .pcs = &here->at.pc, .npcs = 1};
  int code = find_again(t, &h, here, err);
  wg_halts_let_go(&t->h);
  return code;
}

int wg_travel_return(struct wg_travel *t, const struct wg_here *here, struct wg_err *err) {
  const struct wg_travel_hooks asked = t->asked;
  if (here->halt == WG_HALT_RETURNED) return return_to_kernel(t, here, err);
  struct wg_position p = {.kind = WG_AT_INSN, .value = here->at.retired};
  if (here->halt == WG_HALT_EVENT) p = (struct wg_position){.kind = WG_AT_NTH_EVENT, .value = here->at.events};
  if (here->halt == WG_HALT_END) p.kind = WG_AT_END;
  t->asked.give_up = NULL;
  int code = wg_travel_seek(t, &p, err);
  t->asked = asked;
  return code;
}

static int go_back(struct wg_travel *t, const struct wg_travel_hooks *h, bool *found, struct wg_err *err) {
  struct wg_here here, end, last = {.halt = WG_HALT_NONE};
  *found = false;
  wg_travel_here(t, &here);
  if (t->h.run.m == NULL) return WG_OK;
  end = here;
  t->h.gave_up = false;
  if (wg_recall_before(&t->recall, h, &here, &last)) {
    *found = true;
    t->near = here.at.retired;
    return find_again(t, h, &last, err);
  }
  // Interval by interval, the latest first: what lies behind one has been looked at.
  for (size_t at = 0; at != SIZE_MAX && !*found && !t->h.gave_up;) {
    at = mark_behind(t, &end.at);
    struct wg_machine_where next = {.retired = 0};
    if (at != SIZE_MAX) next = t->marks.list[at].at;
    WG_TRY(last_halt(t, at, h, &end, &last, found, err));
    end = (struct wg_here){.at = next, .halt = WG_HALT_WINDOW};
  }
  if (t->h.gave_up) return WG_OK;
  return *found ? find_again(t, h, &last, err) : wg_travel_return(t, &here, err);
}

int wg_travel_back(struct wg_travel *t, const struct wg_travel_hooks *h, bool *found, struct wg_err *err) {
  int code = go_back(t, h, found, err);
  wg_halts_let_go(&t->h);
  return code;
}

static bool cycle_of(const struct wg_travel *t, uint32_t tid, uint64_t *cycle) {
  uint32_t last_tid;
  size_t n, i = 0;
  struct wg_machine_thread *threads = wg_travel_threads(t, &n, &last_tid);
  while (i < n && threads[i].tid != tid) i++;
  if (i < n) *cycle = threads[i].cycle;
  free(threads);
  return i < n;
}

int wg_travel_step_thread_back(struct wg_travel *t, uint32_t tid, bool *found, struct wg_err *err) {
  struct wg_here here;
  struct wg_position p = {.kind = WG_AT_CYCLE, .tid = tid};
  *found = t->h.run.m && cycle_of(t, tid, &p.value) && p.value > 0;
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
