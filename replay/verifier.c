#include "replay/verifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "replay/overlay.h"
#include "trace/reader.h"
#include "trace/writer.h"

// An unfinished run may have branches of what came after its last event.
static bool more_branches(const struct wg_verifier *v) {
  return v->branches && !v->man->finished && !v->out_of_branches;
}

static void mismatch(struct wg_verifier *v, const char *recorded, const struct wg_buf *produced) {
  v->out->mismatch = true;
  v->out->line = wg_reader_lineno(v->reader);
  wg_buf_str(&v->out->recorded, recorded);
  if (produced) wg_buf_add(&v->out->produced, produced->data, produced->len ? produced->len - 1 : 0);
}

// Of a trace without an end, or of a run whose manifest knows of none.
static bool no_more_events(const struct wg_verifier *v) {
  return v->next == NULL || (!v->man->finished && wg_line_is_footer(v->next));
}

static bool compare_event(void *ctx, const struct wg_event *e) {
  struct wg_verifier *v = ctx;
  const char *want = v->next;
  if (v->entering || v->reached) return true;
  if (v->out->mismatch) return false; // the rest of what the machine's making emits
  wg_trace_line(e, &v->line);
  if (no_more_events(v)) {
    v->cut = true;
    return false;
  }
  if (wg_line_is_footer(want)) {
    mismatch(v, "", &v->line);
    return false;
  }
  if (wg_trace_line_is(want, v->nnext, &v->line)) {
    v->out->events++;
    v->next = wg_reader_line(v->reader, &v->nnext);
    v->cut |= no_more_events(v) && !more_branches(v);
    return !v->cut;
  }
  mismatch(v, want, &v->line);
  return false;
}

static void packet_words(struct wg_buf *b, const struct wg_branch_packet *p) {
  wg_buf_printf(b, "branches of thread %u from pc 0x%08x, cycle %llu: %zu bits, %zu targets", p->tid, p->pc,
                (unsigned long long)p->cycle, p->nbits, p->ntargets);
}

static bool same_packet(const struct wg_branch_packet *a, const struct wg_branch_packet *b) {
  size_t words = (a->nbits + WG_BRANCH_WORD_BITS - 1) / WG_BRANCH_WORD_BITS;
  return a->tid == b->tid && a->hw == b->hw && a->pc == b->pc && a->cycle == b->cycle && a->idx == b->idx &&
         a->instructions == b->instructions && a->nbits == b->nbits && a->ntargets == b->ntargets &&
         (words == 0 || memcmp(a->words, b->words, words * sizeof *a->words) == 0) &&
         (a->ntargets == 0 || memcmp(a->targets, b->targets, a->ntargets * sizeof *a->targets) == 0);
}

static void compare_branches(void *ctx, const struct wg_branch_packet *p) {
  struct wg_verifier *v = ctx;
  struct wg_branch_packet recorded;
  if (v->out->mismatch || v->cut || v->reached || v->left) return;
  if (!v->out_of_branches && wg_branches_take(v->branches, p)) {
    v->out->branches++;
    v->packets++;
    return;
  }
  bool got = !v->out_of_branches && wg_branches_next(v->branches, &recorded);
  if (!got && !v->man->finished) {
    v->out_of_branches = true;
    v->out->lacks += !no_more_events(v);
    return;
  }
  if (!got && wg_branches_damage(v->branches)) {
    v->cut = true;
    return;
  }
  v->out->branches++;
  v->packets++;
  if (got && same_packet(&recorded, p)) return;
  v->out->mismatch = true;
  if (got) packet_words(&v->out->recorded, &recorded);
  packet_words(&v->out->produced, p);
}

// The run was interrupted within a call: in the call that this window is in now, once every event is there.
static bool ended_here(const struct wg_verifier *v) {
  return v->man->within_call && v->next && wg_line_is_footer(v->next) &&
         wg_machine_windows(v->machine) == v->man->windows;
}

// At a checkpoint the state is its.
static void check_mark(struct wg_verifier *v, size_t i) {
  struct wg_err err = {0};
  bool same = false;
  int code = wg_checkpoint_compare(v->marks, i, v->machine, &same, &err);
  v->odd = code == WG_OK && same ? SIZE_MAX : i;
}

static void tell_odd(struct wg_verifier *v) {
  if (v->odd == SIZE_MAX) return;
  wg_buf_printf(&v->out->altered, WG_CHECKPOINTS ": its state behind %llu instructions is not the run's\n",
                (unsigned long long)v->marks->list[v->odd].at.retired);
  v->odd = SIZE_MAX;
}

static void check_marks(struct wg_verifier *v) {
  const struct wg_checkpoints *marks = v->marks;
  if (marks == NULL) return;
  uint64_t now = wg_machine_windows(v->machine);
  if (v->odd != SIZE_MAX && marks->list[v->odd].at.windows < now) tell_odd(v);
  while (v->mark < marks->n && marks->list[v->mark].at.windows < now) v->mark++;
  if (v->mark == marks->n || marks->list[v->mark].at.windows > now) return;
  check_mark(v, v->mark);
  v->reached = v->mark++ == v->until;
}

static bool go_on(void *ctx, bool within_call) {
  struct wg_verifier *v = ctx;
  const struct wg_run_watch *w = v->watch;
  v->cut |= no_more_events(v) && !more_branches(v);
  if (v->out->mismatch || v->cut || (within_call && ended_here(v))) return false;
  if (!within_call) check_marks(v);
  if (!within_call && v->keeper) wg_keeper_window(v->keeper, v->machine, v->packets);
  if (v->reached || (v->give_up && atomic_load_explicit(v->give_up, memory_order_relaxed))) return false;
  if (w && w->progress && wg_pulse(&v->pulse, 250))
    w->progress(w->ctx, &(struct wg_run_progress){v->out->events, v->man->events, wg_machine_now(v->machine),
                                                  wg_config_behind(&v->man->cfg, v->man->cfg.nforks).max_ns});
  v->left = w && w->go_on && !w->go_on();
  return !v->left;
}

// The next checkpoint is compared where it was taken.
static uint64_t next_window(void *ctx) {
  const struct wg_verifier *v = ctx;
  const struct wg_checkpoints *marks = v->marks;
  if (marks == NULL) return UINT64_MAX;
  if (v->odd != SIZE_MAX) return 0;
  return v->mark < marks->n ? marks->list[v->mark].at.windows : UINT64_MAX;
}

static void put_overlay(const json_t *o, struct wg_buf *b) {
  wg_buf_printf(b, "files written: %lld, sha256 of all %s", (long long)json_integer_value(json_object_get(o, "count")),
                json_string_value(json_object_get(o, "sha256")));
}

// The run has ended as far as the replay goes: has the record, too?
static void compare_ends(struct wg_verifier *v) {
  const char *rest = v->next;
  v->cut = rest == NULL;
  if (rest && !wg_line_is_footer(rest)) {
    mismatch(v, rest, NULL);
    return;
  }
  if (v->man->within_call) return; // how far that had come nobody knows
  json_t *overlay = v->cut || v->man->overlay == NULL ? NULL : wg_overlay_json(v->machine);
  if (overlay && !json_equal(overlay, v->man->overlay)) {
    v->out->mismatch = true;
    put_overlay(v->man->overlay, &v->out->recorded);
    put_overlay(overlay, &v->out->produced);
  }
  json_decref(overlay);
  if (v->out->mismatch || v->cut || !v->man->finished || v->out->run.state_hash == v->man->state_hash) return;
  v->out->mismatch = true;
  wg_buf_printf(&v->out->recorded, "state hash %016llx at the end", (unsigned long long)v->man->state_hash);
  wg_buf_printf(&v->out->produced, "state hash %016llx at the end", (unsigned long long)v->out->run.state_hash);
}

// --- where it begins --------------------------------------------------------------------------------------

int wg_verifier_open(struct wg_verifier *v, const char *dir, const struct wg_manifest *man,
                     struct wg_replay_result *out, struct wg_err *err) {
  struct wg_buf path = {0};
  *v = (struct wg_verifier){.dir = dir, .man = man, .out = out, .until = SIZE_MAX, .odd = SIZE_MAX};
  v->observer = (struct wg_observer){.event = compare_event, .go_on = go_on, .windows = next_window, .ctx = v};
  int code = wg_reader_open(&v->reader, dir, err);
  wg_buf_printf(&path, "%s/branches.zst", dir);
  if (code == WG_OK && wg_file_exists(path.data)) {
    struct wg_err unsaid = {0}; // a run killed at once may have none of them yet
    code = wg_branches_open(&v->branches, path.data, man->finished ? err : &unsaid);
    if (!man->finished) code = WG_OK;
  }
  wg_buf_release(&path);
  if (v->branches) v->observer.branches = compare_branches;
  if (code == WG_OK) v->next = wg_reader_line(v->reader, &v->nnext);
  return code;
}

void wg_verifier_close(struct wg_verifier *v) {
  wg_machine_free(v->machine);
  wg_reader_close(v->reader);
  wg_branches_close_file(v->branches);
  wg_buf_release(&v->line);
}

int wg_verifier_make(struct wg_verifier *v, struct wg_err *err) {
  WG_TRY(wg_manifest_make(v->man, &v->observer, &v->machine, err));
  if (v->marks) wg_machine_track(v->machine);
  return WG_OK;
}

int wg_verifier_again(struct wg_verifier *v, struct wg_err *err) {
  struct wg_machine *old = v->machine;
  v->machine = NULL;
  v->entering = true; // what making it emits has been compared
  int code = wg_machine_again(&v->machine, old, err);
  v->entering = false;
  if (code == WG_OK && v->marks) wg_machine_track(v->machine);
  return code;
}

// The record up to there is behind; false if it ends before.
static bool skip(struct wg_verifier *v, const struct wg_checkpoint *p) {
  struct wg_branch_packet unread;
  while (v->next && wg_reader_lineno(v->reader) <= p->at.events) v->next = wg_reader_line(v->reader, &v->nnext);
  while (v->branches && v->packets < p->packets && wg_branches_next(v->branches, &unread)) v->packets++;
  v->out->events = p->at.events;
  v->out->branches = p->packets;
  return v->next && (v->branches == NULL || v->packets == p->packets);
}

int wg_verifier_enter(struct wg_verifier *v, size_t mark, bool *there, struct wg_err *err) {
  struct wg_machine *old = v->machine;
  v->machine = NULL;
  v->entering = true;
  int code = old ? wg_machine_again(&v->machine, old, err) : wg_manifest_make(v->man, &v->observer, &v->machine, err);
  v->entering = false;
  WG_TRY(code);
  *there = skip(v, &v->marks->list[mark]);
  if (!*there) return WG_OK;
  WG_TRY(wg_checkpoint_restore(v->marks, mark, v->machine, err));
  wg_machine_track(v->machine);
  v->mark = mark + 1;
  return WG_OK;
}

// --- the whole --------------------------------------------------------------------------------------------

int wg_verifier_run(struct wg_verifier *v, struct wg_err *err) {
  struct wg_replay_result *out = v->out;
  int code = WG_OK;
  v->reached = v->left = false;
  enum wg_end end = wg_machine_run(v->machine);
  if (v->reached || (v->give_up && atomic_load(v->give_up))) return WG_OK;
  wg_run_fill_result(v->machine, end, &out->run);
  // The last one may be of the state behind the end.
  if (v->odd != SIZE_MAX && v->marks->list[v->odd].at.windows == wg_machine_windows(v->machine)) check_mark(v, v->odd);
  tell_odd(v);
  bool here = v->man->within_call ? ended_here(v) : v->man->cfg.max_windows == wg_machine_windows(v->machine);
  bool stopped = v->left || (end == WG_END_INTERRUPTED && !out->mismatch && !v->cut && !here);
  if (stopped)
    code = wg_fail(err, WG_INPUT, "interrupted after %llu identical events", (unsigned long long)out->events);
  else if (out->mismatch)
    wg_machine_report(v->machine, &out->state);
  else if (!v->cut)
    compare_ends(v);
  v->over = true;
  return code;
}
