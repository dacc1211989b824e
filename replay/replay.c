#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "replay/live.h"
#include "replay/manifest.h"
#include "replay/overlay.h"
#include "replay/verify.h"
#include "trace/branches.h"
#include "trace/reader.h"
#include "trace/writer.h"

void wg_replay_result_release(struct wg_replay_result *r) {
  wg_buf_release(&r->recorded);
  wg_buf_release(&r->produced);
  wg_buf_release(&r->state);
  wg_buf_release(&r->altered);
  wg_run_result_release(&r->run);
}

struct verifier {
  struct wg_reader *reader;
  const char *next; // line of the trace: read ahead, so that a replay does not wait for an event after the last
  size_t nnext;
  struct wg_buf line;
  struct wg_replay_result *out;
  struct wg_manifest *man;
  struct wg_machine *machine;
  bool cut;                            // the trace ended without its footer
  bool out_of_branches;                // their record of an unfinished run ended before its trace
  struct wg_branches_reader *branches; // or NULL
  struct wg_buf want, have;            // packets
  const struct wg_run_watch *watch;    // or NULL
  struct wg_pulse pulse;
};

// An unfinished run may have branches of what came after its last event.
static bool more_branches(const struct verifier *v) { return v->branches && !v->man->finished && !v->out_of_branches; }

static void mismatch(struct verifier *v, const char *recorded, const struct wg_buf *produced) {
  v->out->mismatch = true;
  v->out->line = wg_reader_lineno(v->reader);
  wg_buf_str(&v->out->recorded, recorded);
  if (produced) wg_buf_add(&v->out->produced, produced->data, produced->len ? produced->len - 1 : 0);
}

static bool is_footer(const char *line) {
  static const char head[] = "{\"kind\":\"trace.footer\"";
  return strncmp(line, head, sizeof head - 1) == 0;
}

// Of a trace without an end, or of a run whose manifest knows of none.
static bool no_more_events(const struct verifier *v) {
  return v->next == NULL || (!v->man->finished && is_footer(v->next));
}

static bool compare(void *ctx, const struct wg_event *e) {
  struct verifier *v = ctx;
  const char *want = v->next;
  wg_trace_line(e, &v->line);
  if (no_more_events(v)) {
    v->cut = true;
    return false;
  }
  if (is_footer(want)) {
    mismatch(v, "", &v->line);
    return false;
  }
  if (v->nnext + 1 == v->line.len && memcmp(want, v->line.data, v->nnext) == 0) {
    v->out->events++;
    v->next = wg_reader_line(v->reader, &v->nnext);
    v->cut = no_more_events(v) && !more_branches(v);
    return !v->cut;
  }
  mismatch(v, want, &v->line);
  return false;
}

static void packet_words(struct wg_buf *b, const struct wg_branch_packet *p) {
  wg_buf_printf(b, "branches of thread %u from pc 0x%08x, cycle %llu: %zu bits, %zu targets", p->tid, p->pc,
                (unsigned long long)p->cycle, p->nbits, p->ntargets);
}

static void compare_branches(void *ctx, const struct wg_branch_packet *p) {
  struct verifier *v = ctx;
  struct wg_branch_packet recorded;
  if (v->out->mismatch || v->cut) return;
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
  wg_buf_clear(&v->want);
  wg_buf_clear(&v->have);
  if (got) wg_branches_encode(&recorded, &v->want);
  wg_branches_encode(p, &v->have);
  v->out->branches++;
  if (v->want.len == v->have.len && memcmp(v->want.data, v->have.data, v->have.len) == 0) return;
  v->out->mismatch = true;
  if (got) packet_words(&v->out->recorded, &recorded);
  packet_words(&v->out->produced, p);
}

// The run was interrupted within a call: in the call that this window is in now, once every event is there.
static bool ended_here(const struct verifier *v) {
  return v->man->within_call && v->next && is_footer(v->next) && wg_machine_windows(v->machine) == v->man->windows;
}

static bool go_on(void *ctx, bool within_call) {
  struct verifier *v = ctx;
  const struct wg_run_watch *w = v->watch;
  v->cut |= no_more_events(v) && !more_branches(v);
  if (v->cut || (within_call && ended_here(v))) return false;
  if (w && w->progress && wg_pulse(&v->pulse, 250))
    w->progress(w->ctx, &(struct wg_run_progress){v->out->events, v->man->events, wg_machine_now(v->machine),
                                                  v->man->cfg.max_ns});
  return w == NULL || w->go_on == NULL || w->go_on();
}

static void put_overlay(const json_t *o, struct wg_buf *b) {
  wg_buf_printf(b, "files written: %lld, sha256 of all %s", (long long)json_integer_value(json_object_get(o, "count")),
                json_string_value(json_object_get(o, "sha256")));
}

// The run has ended as far as the replay goes: has the record, too?
static void compare_ends(struct verifier *v) {
  const char *rest = v->next;
  v->cut = rest == NULL;
  if (rest && !is_footer(rest)) {
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

static int replay_with(struct verifier *v, struct wg_replay_result *out, struct wg_err *err) {
  struct wg_observer obs = {
      .event = compare, .branches = v->branches ? compare_branches : NULL, .go_on = go_on, .ctx = v};
  struct wg_machine *m = NULL;
  WG_TRY(wg_machine_create(&m, &v->man->cfg, &obs, err));
  v->machine = m;
  int code = wg_manifest_check_lookups(v->man, m, err);
  if (code != WG_OK) {
    wg_machine_free(m);
    return code;
  }
  enum wg_end end = wg_machine_run(m);
  wg_run_fill_result(m, end, &out->run);
  bool here = v->man->within_call ? ended_here(v) : v->man->cfg.max_windows == wg_machine_windows(m);
  bool stopped = end == WG_END_INTERRUPTED && !v->cut && !here;
  if (stopped)
    code = wg_fail(err, WG_INPUT, "interrupted after %llu identical events", (unsigned long long)out->events);
  else if (out->mismatch)
    wg_machine_report(m, &out->state);
  else if (!v->cut)
    compare_ends(v);
  wg_machine_free(m);
  return code;
}

// Where the record ends before the run does: damage, or a run that was killed.
static int ended_early(struct verifier *v, const char *dir, struct wg_err *err) {
  const char *why = wg_reader_damage(v->reader);
  if (why == NULL && v->branches) why = wg_branches_damage(v->branches);
  if (why == NULL) why = v->next ? "the manifest has no result" : "no trace.footer: the run did not end cleanly";
  if (!v->man->finished) {
    struct wg_branch_packet p;
    v->out->unfinished = true;
    snprintf(v->out->cut, sizeof v->out->cut, "%s", why);
    while (v->branches && !v->out_of_branches && wg_branches_next(v->branches, &p)) v->out->beyond++;
    return WG_OK;
  }
  return wg_fail(err, WG_INPUT, "%s: %s (%llu events before that were replayed identically)", dir, why,
                 (unsigned long long)v->out->events);
}

static void note_altered(void *ctx, const char *file, bool ok, const char *words) {
  struct wg_buf *b = ctx;
  if (!ok) wg_buf_printf(b, "%s: %s\n", file, words);
}

// Every event is as the run makes it, now; is the record as it was written then?
static int check_record(const struct verifier *v, const char *dir, struct wg_err *err) {
  bool verified;
  if (!v->man->finished || v->out->mismatch) return WG_OK;
  return wg_run_verify(dir, NULL, true, note_altered, &v->out->altered, &verified, err);
}

int wg_run_replay(const char *dir, const struct wg_config *overrides, const struct wg_run_watch *watch,
                  struct wg_replay_result *out, struct wg_err *err) {
  *out = (struct wg_replay_result){0};
  struct wg_manifest man;
  WG_TRY(wg_manifest_read(dir, overrides, &man, err));
  struct verifier v = {.out = out, .man = &man, .watch = watch};
  int code = wg_manifest_check_files(&man, dir, err);
  if (code == WG_OK) code = wg_reader_open(&v.reader, dir, err);
  struct wg_buf path = {0};
  wg_buf_printf(&path, "%s/branches.zst", dir);
  if (code == WG_OK && wg_file_exists(path.data)) {
    struct wg_err unsaid = {0}; // a run killed at once may have none of them yet
    code = wg_branches_open(&v.branches, path.data, man.finished ? err : &unsaid);
    if (!man.finished) code = WG_OK;
  }
  wg_buf_release(&path);
  if (code == WG_OK) v.next = wg_reader_line(v.reader, &v.nnext);
  if (code == WG_OK) code = replay_with(&v, out, err);
  if (code == WG_OK && v.cut) code = ended_early(&v, dir, err);
  if (code == WG_OK) code = check_record(&v, dir, err);
  wg_reader_close(v.reader);
  wg_branches_close_file(v.branches);
  wg_buf_release(&v.line);
  wg_buf_release(&v.want);
  wg_buf_release(&v.have);
  wg_manifest_release(&man);
  if (code != WG_OK) wg_replay_result_release(out);
  return code;
}
