// Seeking: the nearest checkpoint before a position, and from there to it.
#include <stdlib.h>
#include <string.h>

#include "trace/reader.h"
#include "travel/inside.h"
#include "travel/resolve.h"
#include "travel/unusable.h"

// --- where it is ------------------------------------------------------------------------------------------

struct wg_machine *wg_travel_machine(const struct wg_travel *t) {
  return t->h.run.m;
}

static void where(const struct wg_travel *t, struct wg_machine_where *w) { wg_machine_where(t->h.run.m, w); }

void wg_travel_here(const struct wg_travel *t, struct wg_here *out) {
  *out = (struct wg_here){.halt = t->h.halt};
  if (t->h.run.m) where(t, &out->at);
}

enum wg_end wg_travel_end(const struct wg_travel *t) {
  return t->recorded == UINT64_MAX ? t->h.run.end : WG_END_INTERRUPTED;
}

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
  // Interrupts count from 0, each for itself: what had been may have come so far.
  if (p->tid == 0 && p->kind == WG_AT_CYCLE) return m->at->retired == 0;
  if (p->tid > m->last_tid) return true; // it has not been made yet
  for (size_t i = 0; i < m->nthreads; i++) {
    const struct wg_machine_thread *t = &m->threads[i];
    if (t->tid == p->tid) return p->kind == WG_AT_EVENT ? t->idx <= p->value : t->cycle <= p->value;
  }
  return false; // it is no more
}

// Nothing has run: within the first window it may have.
static bool at_start(const struct wg_machine_where *w) { return w->windows == 0 && w->retired == 0 && !w->in_turn; }

static bool before(const struct moment *m, const struct wg_position *p) {
  switch (p->kind) {
  case WG_AT_START: return at_start(m->at);
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

static bool record_ends(const struct wg_travel *t) {
  struct wg_machine_where w;
  if (t->recorded == UINT64_MAX) return false;
  where(t, &w);
  return w.events >= t->recorded;
}

static bool on_event(void *ctx, const struct wg_event *e) {
  struct wg_travel *t = ctx;
  if (t->h.run.m) return wg_halts_event(&t->h, e) && (!record_ends(t) || wg_halts_end(&t->h));
  if (t->h.run.quit) return false;
  if (t->made && t->made->event) t->made->event(t->made->ctx, e); // it is being made
  return true;
}

static void on_branches(void *ctx, const struct wg_branch_packet *p) {
  struct wg_travel *t = ctx;
  const struct wg_travel_hooks *h = t->h.hooks;
  if (!t->h.run.quit) t->marks.packets++;
  if (h && h->branches && !t->h.run.quit) h->branches(h->ctx, p);
}

// A mark now and then bounds what the next seek here has to execute; close before the target they become dense, so that
// steps backwards from there cost little.
static void mark(struct wg_travel *t, const struct wg_machine_where *w) {
  uint64_t effort = wg_checkpoint_effort(w);
  bool due = effort - t->last_mark >= WG_CHECKPOINT_EFFORT;
  if (t->near > w->retired && w->retired - t->last_mark_insn > 100000)
    due |= t->near - w->retired < (t->near - t->last_mark_insn) / 8;
  if (!due) return;
  wg_checkpoint_take(&t->marks, t->h.run.m);
  wg_checkpoints_thin(&t->marks, w, t->memory);
  t->last_mark = effort;
  t->last_mark_insn = w->retired;
}

void wg_travel_bound(struct wg_travel *t, size_t bytes) { t->memory = bytes; }

static bool ended_here(const struct wg_travel *t) {
  return t->man.within_call && wg_machine_windows(t->h.run.m) == t->man.windows;
}

static bool on_window(void *ctx, bool within_call) {
  struct wg_travel *t = ctx;
  struct wg_machine_where w;
  if (t->h.run.quit) return false;
  if (within_call) return !ended_here(t);
  where(t, &w);
  if (t->watch && t->watch->progress && wg_pulse(&t->pulse, 250))
    t->watch->progress(t->watch->ctx,
                       &(struct wg_run_progress){w.events, t->man.events, w.now_ns,
                                                 wg_config_behind(&t->man.cfg, t->man.cfg.nforks).max_ns});
  if (t->watch && t->watch->go_on && !t->watch->go_on()) {
    t->interrupted = true;
    return false;
  }
  mark(t, &w);
  return wg_halts_window(&t->h);
}

// --- machines ---------------------------------------------------------------------------------------------

static enum wg_end execute(void *ctx) { return wg_machine_run(ctx); }

// A machine that has not run yet, made anew or of what the one before it had.
static int renew(struct wg_travel *t, struct wg_machine *old, struct wg_machine **m, struct wg_err *err) {
  *m = NULL;
  return old ? wg_machine_again(m, old, err) : wg_manifest_make(&t->man, &t->observer, m, err);
}

static void note(const struct wg_travel *t, const char *words) {
  if (t->watch && t->watch->note) t->watch->note(words);
}

// Puts *m at mark *at, or where that is damaged at the latest before it that is not (SIZE_MAX: at the start).
static int enter(struct wg_travel *t, size_t *at, struct wg_machine **m, struct wg_err *err) {
  struct wg_unusable u = {.n = 0};
  int code = WG_OK;
  for (; code == WG_OK && *at != SIZE_MAX; (*at)--) {
    struct wg_err why = {0};
    code = wg_checkpoint_restore(&t->marks, *at, *m, &why);
    if (code == WG_OK) break;
    wg_machine_free(*m);
    if (u.n++ == 0) u = (struct wg_unusable){t->marks.list[*at].at, why, 1};
    wg_checkpoints_forget(&t->marks, *at);
    code = renew(t, NULL, m, err);
  }
  if (code == WG_OK && u.n) {
    struct wg_buf words = {0};
    wg_unusable_words(&u, *at == SIZE_MAX ? NULL : &t->marks.list[*at].at, &words);
    note(t, words.data);
    wg_buf_release(&words);
  }
  return code;
}

static int make(struct wg_travel *t, size_t at, bool anew, struct wg_err *err) {
  struct wg_machine *m, *old = wg_runner_end(&t->h.run);
  t->h.halt = WG_HALT_NONE;
  if (anew) {
    wg_machine_free(old);
    old = NULL;
  }
  WG_TRY(renew(t, old, &m, err));
  wg_checkpoints_trim(&t->marks, t->memory / WG_PAGE_BYTES);
  WG_TRY(enter(t, &at, &m, err));
  wg_machine_track(m);
  wg_halts_hear(&t->h, m);
  wg_runner_init(&t->h.run, m, execute, m);
  struct wg_machine_where w;
  where(t, &w);
  t->last_mark = wg_checkpoint_effort(&w);
  t->last_mark_insn = w.retired;
  t->marks.packets = at == SIZE_MAX ? 0 : t->marks.list[at].packets;
  return WG_OK;
}

int wg_travel_begin(struct wg_travel *t, size_t at, struct wg_err *err) { return make(t, at, at == SIZE_MAX, err); }

static int go(struct wg_travel *t, struct wg_err *err) {
  WG_TRY(wg_halts_go(&t->h, err));
  if (!t->interrupted) return WG_OK;
  t->interrupted = false;
  return wg_fail(err, WG_INPUT, "interrupted on the way");
}

// --- seeking ----------------------------------------------------------------------------------------------

struct wg_machine_thread *wg_travel_threads(const struct wg_travel *t, size_t *n, uint32_t *last_tid) {
  *n = wg_machine_threads(t->h.run.m, NULL, 0, last_tid);
  struct wg_machine_thread *threads = wg_xcalloc(*n, sizeof *threads);
  wg_machine_threads(t->h.run.m, threads, *n, last_tid);
  return threads;
}

static bool here_before(struct wg_travel *t, const struct wg_position *p) {
  struct wg_machine_where w;
  uint32_t last_tid;
  size_t n;
  if (t->h.run.m == NULL || t->h.halt == WG_HALT_END) return false;
  where(t, &w);
  if (p->kind == WG_AT_START) return t->h.halt == WG_HALT_NONE && at_start(&w);
  // Behind an event of that number, or before an instruction: it has been.
  if (p->kind == WG_AT_INSN && w.retired == p->value) return false;
  struct wg_machine_thread *threads = wg_travel_threads(t, &n, &last_tid);
  bool is_before = before(&(struct moment){&w, last_tid, n, threads}, p);
  if (p->kind == WG_AT_CYCLE && w.in_turn && w.tid == p->tid && w.cycle == p->value) is_before = false;
  free(threads);
  return is_before;
}

static size_t mark_for(const struct wg_travel *t, const struct wg_position *p) {
  for (size_t i = t->marks.n; i-- > 0;)
    if (t->marks.list[i].at.events < t->recorded && mark_before(&t->marks.list[i], p)) return i;
  return SIZE_MAX;
}

static int never(const struct wg_travel *t, const struct wg_position *p, struct wg_err *err) {
  struct wg_buf words = {0}, time = {0};
  struct wg_machine_where w;
  bool killed = t->recorded != UINT64_MAX;
  where(t, &w);
  wg_position_words(p, &words);
  wg_buf_time(&time, w.now_ns);
  int code = wg_fail(err, WG_INPUT,
                     "%s: the run never comes to %s: %s (%s) after %llu events, %llu instructions, %llu frames and "
                     "%s of virtual time",
                     t->dir, words.data, killed ? "its record ends" : "it ends",
                     killed ? "it did not end in order" : wg_end_name(t->h.run.end), (unsigned long long)w.events,
                     (unsigned long long)w.retired, (unsigned long long)w.frames, time.data);
  wg_buf_release(&words);
  wg_buf_release(&time);
  return code;
}

// Whether an event was emitted as the machine was made: at the start it is behind it.
static bool been_made(const struct wg_travel *t, const struct wg_position *p) {
  struct wg_machine_where w;
  if (t->h.halt != WG_HALT_NONE) return false;
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
  if (!from_here || (at != SIZE_MAX && t->marks.list[at].at.retired > w.retired)) WG_TRY(wg_travel_begin(t, at, err));
  t->h.target = *p;
  t->h.has_target = true;
  if (p->kind == WG_AT_INSN) t->near = p->value;
  t->h.there = p->kind == WG_AT_START || been_made(t, p);
  return t->h.there ? WG_OK : go(t, err);
}

int wg_travel_interrupted(struct wg_err *err) { return wg_fail(err, WG_INPUT, "interrupted on the way"); }

// Somebody who waits for a place that the trace is asked for.
struct waiting {
  struct wg_travel *t;
  const struct wg_travel_hooks *h; // or NULL
};

static bool leaves(void *ctx) {
  const struct waiting *w = ctx;
  const struct wg_run_watch *watch = w->t->watch;
  bool gives_up = w->h && w->h->give_up && w->h->give_up(w->h->ctx);
  w->t->h.gave_up |= gives_up;
  return gives_up || (watch && watch->go_on && !watch->go_on());
}

static int resolve(struct wg_travel *t, const struct wg_travel_hooks *h, const struct wg_position *p,
                   struct wg_position *out, struct wg_err *err) {
  struct waiting w = {t, h};
  t->h.gave_up = false;
  return wg_position_resolve(p, t->dir, leaves, &w, out, err);
}

// Whether the end of the run is the position: behind its last instruction, or the last moment between turns, which
// nobody is asked at where the record was cut there.
static bool ends_there(const struct wg_travel *t, const struct wg_position *p) {
  struct wg_machine_where w;
  where(t, &w);
  return (p->kind == WG_AT_INSN && w.retired == p->value) || (p->kind == WG_AT_TIME && w.now_ns >= p->value) ||
         (p->kind == WG_AT_FRAME && w.frames >= p->value);
}

int wg_travel_seek(struct wg_travel *t, const struct wg_position *position, struct wg_err *err) {
  struct wg_position p;
  WG_TRY(resolve(t, &t->asked, position, &p, err));
  wg_halts_let_go(&t->h);
  if (t->asked.give_up) t->h.hooks = &t->asked;
  int code = go_to(t, &p, err);
  wg_halts_let_go(&t->h);
  t->near = 0;
  if (code == WG_OK && t->h.gave_up && !t->h.there) code = wg_travel_interrupted(err);
  if (code != WG_OK) return code;
  if (t->h.halt == WG_HALT_END) t->h.there |= ends_there(t, &p);
  return t->h.there ? WG_OK : never(t, position, err);
}

int wg_travel_window(struct wg_travel *t, const struct wg_position *from, const struct wg_position *to,
                     struct wg_err *err) {
  struct wg_here begins, ends;
  if (to) WG_TRY(wg_travel_seek(t, to, err));
  wg_travel_here(t, &ends);
  WG_TRY(wg_travel_seek(t, from, err));
  wg_travel_here(t, &begins);
  if (to == NULL || !wg_here_earlier(&ends, &begins)) return WG_OK;
  struct wg_buf words[2] = {{0}, {0}};
  wg_position_words(to, &words[0]);
  wg_position_words(from, &words[1]);
  int code = wg_fail(err, WG_INPUT, "%s: %s lies before %s: no window ends before it begins", t->dir, words[0].data,
                     words[1].data);
  wg_buf_release(&words[0]);
  wg_buf_release(&words[1]);
  return code;
}

int wg_travel_enter(struct wg_travel *t, size_t i, const struct wg_travel_hooks *made, struct wg_err *err) {
  wg_halts_let_go(&t->h);
  t->near = 0;
  t->made = i == SIZE_MAX ? made : NULL;
  int code = wg_travel_begin(t, i, err);
  t->made = NULL;
  return code;
}

// Whether it stands there already: it would come there no more.
static bool stands_at(const struct wg_travel *t, const struct wg_position *p) {
  struct wg_machine_where w;
  enum wg_halt halt = t->h.halt;
  where(t, &w);
  switch (p->kind) {
  case WG_AT_START: return halt == WG_HALT_NONE && at_start(&w);
  case WG_AT_INSN: return halt == WG_HALT_INSTRUCTION && w.retired == p->value;
  case WG_AT_CYCLE: return halt == WG_HALT_INSTRUCTION && w.tid == p->tid && w.cycle == p->value;
  case WG_AT_EVENT:
    return been_made(t, p) || (halt == WG_HALT_EVENT && t->h.event_tid == p->tid && t->h.event_idx == p->value);
  case WG_AT_NTH_EVENT: return been_made(t, p) || (halt == WG_HALT_EVENT && w.events == p->value);
  case WG_AT_TIME:
  case WG_AT_FRAME: return halt == WG_HALT_WINDOW && ends_there(t, p);
  default: return false;
  }
}

int wg_travel_go_on(struct wg_travel *t, const struct wg_travel_hooks *h, const struct wg_position *until,
                    enum wg_halt *why, bool *there, struct wg_err *err) {
  struct wg_position p = {.kind = WG_AT_END};
  if (until) WG_TRY(resolve(t, h, until, &p, err));
  if (t->h.run.m == NULL) WG_TRY(wg_travel_begin(t, SIZE_MAX, err));
  t->h.target = p;
  t->h.has_target = true;
  t->h.hooks = h;
  t->h.gave_up = false;
  t->h.there = stands_at(t, &p);
  int code = t->h.there ? WG_OK : go(t, err);
  *why = t->h.halt;
  *there = t->h.there || (t->h.halt == WG_HALT_END && ends_there(t, &p));
  return code;
}

int wg_travel_run(struct wg_travel *t, const struct wg_travel_hooks *h, const struct wg_position *until,
                  enum wg_halt *why, bool *there, struct wg_err *err) {
  int code = wg_travel_go_on(t, h, until, why, there, err);
  wg_halts_let_go(&t->h);
  return code;
}

bool wg_travel_gave_up(const struct wg_travel *t) { return t->h.gave_up; }

void wg_travel_ask(struct wg_travel *t, bool (*give_up)(void *ctx), void *ctx) {
  t->asked = (struct wg_travel_hooks){.give_up = give_up, .ctx = ctx};
}

// --- opening ----------------------------------------------------------------------------------------------

static int count_events(struct wg_travel *t, struct wg_err *err) {
  struct wg_reader *r;
  struct wg_event e;
  WG_TRY(wg_reader_open(&r, t->dir, err));
  t->recorded = 0;
  while (wg_reader_next(r, &e)) t->recorded++;
  wg_reader_close(r);
  return WG_OK;
}

// Those of the run's file. They only make it quick: it is refused where it cannot be used, and what was asked is not.
static int open_marks(struct wg_travel *t, struct wg_err *err) {
  bool there;
  wg_checkpoints_identity(wg_machine_digests(t->h.run.m), &t->man.cfg, &t->identity);
  int code = wg_checkpoints_open(&t->marks, t->dir, t->identity.data, &there, err);
  if (code == WG_OK && t->marks.damage.len) {
    wg_buf_str(&t->marks.damage, "; " WG_TRAVEL_ANEW);
    note(t, t->marks.damage.data);
  }
  if (code == WG_OK || !t->marks.unfit) return code;
  wg_err_suffix(err, WG_TRAVEL_WITHOUT);
  note(t, err->msg);
  *err = (struct wg_err){0};
  wg_checkpoints_release(&t->marks);
  return WG_OK;
}

int wg_travel_open(struct wg_travel **out, const char *dir, const struct wg_config *overrides,
                   const struct wg_run_watch *watch, struct wg_err *err) {
  struct wg_travel *t = wg_xcalloc(1, sizeof *t);
  t->dir = wg_xstrdup(dir);
  t->watch = watch;
  t->memory = WG_TRAVEL_MEMORY;
  t->recorded = UINT64_MAX;
  t->observer = (struct wg_observer){.event = on_event, .branches = on_branches, .go_on = on_window, .ctx = t};
  wg_halts_init(&t->h);
  wg_checkpoints_init(&t->marks);
  int code = wg_manifest_read(dir, overrides, &t->man, err);
  t->man_read = code == WG_OK;
  if (code == WG_OK) t->man.cfg.loading = wg_run_loading(watch);
  if (code == WG_OK && !t->man.finished) code = count_events(t, err);
  if (code == WG_OK) code = wg_manifest_check_files(&t->man, dir, err);
  if (code == WG_OK) code = wg_travel_begin(t, SIZE_MAX, err);
  if (code == WG_OK) code = wg_manifest_check_lookups(&t->man, t->h.run.m, err);
  if (code == WG_OK) code = make(t, SIZE_MAX, false, err); // that one knows folders that the run has not read yet
  if (code == WG_OK) code = open_marks(t, err);
  // So that the start, too, is gone back to without making all anew.
  if (code == WG_OK) wg_checkpoint_take(&t->marks, t->h.run.m);
  if (code != WG_OK) {
    wg_travel_close(t);
    t = NULL;
  }
  *out = t;
  return code;
}

void wg_travel_close(struct wg_travel *t) {
  if (t == NULL) return;
  wg_machine_free(wg_runner_end(&t->h.run));
  wg_checkpoints_release(&t->marks);
  wg_recall_release(&t->recall);
  wg_buf_release(&t->identity);
  if (t->man_read) wg_manifest_release(&t->man);
  free(t->dir);
  free(t);
}
