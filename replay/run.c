#include "replay/run.h"

#include <string.h>

#include "base/file.h"
#include "replay/manifest.h"
#include "trace/branches.h"
#include "trace/reader.h"
#include "trace/writer.h"

void wg_run_result_release(struct wg_run_result *r) {
  wg_buf_release(&r->report);
  wg_buf_release(&r->unimplemented);
  wg_buf_release(&r->limits);
}

void wg_replay_result_release(struct wg_replay_result *r) {
  wg_buf_release(&r->recorded);
  wg_buf_release(&r->produced);
  wg_buf_release(&r->state);
  wg_run_result_release(&r->run);
}

static void fill_result(const struct wg_machine *m, enum wg_end end, struct wg_run_result *out) {
  out->end = end;
  out->virtual_ns = wg_machine_now(m);
  out->instructions = wg_machine_instructions(m);
  out->frames = wg_machine_frames(m);
  out->state_hash = wg_machine_state_hash(m);
  if (end != WG_END_EXIT) wg_machine_report(m, &out->report);
  wg_machine_unimplemented(m, &out->unimplemented);
}

#define PROGRESS_EVERY 65536u

struct recorder {
  struct wg_writer *writer;
  struct wg_branches_writer *branches; // or NULL
  wg_progress progress;
};

static void branches_path(const char *dir, struct wg_buf *out) {
  wg_buf_clear(out);
  wg_buf_printf(out, "%s/branches.zst", dir);
}

static bool to_writer(void *ctx, const struct wg_event *e) {
  const struct recorder *r = ctx;
  if (r->progress && wg_writer_events(r->writer) % PROGRESS_EVERY == PROGRESS_EVERY - 1)
    r->progress(wg_writer_events(r->writer), e->host_ns);
  return wg_writer_event(r->writer, e);
}

static void branches_to_writer(void *ctx, const struct wg_branch_packet *p) {
  const struct recorder *r = ctx;
  wg_branches_write(r->branches, p);
}

static int record_into(const struct wg_config *cfg, const char *dir, struct recorder *recorder,
                       struct wg_run_result *out, struct wg_err *err) {
  struct wg_writer *w = recorder->writer;
  struct wg_observer obs = {
      .event = to_writer, .branches = recorder->branches ? branches_to_writer : NULL, .ctx = recorder};
  struct wg_machine *m = NULL;
  int code = wg_machine_create(&m, cfg, &obs, err);
  if (code != WG_OK) {
    wg_writer_finish(w, "error", NULL, NULL, NULL);
    if (recorder->branches) wg_branches_finish(recorder->branches, out->branches_sha256, NULL);
    return code;
  }
  enum wg_end end = wg_machine_run(m);
  fill_result(m, end, out);
  wg_writer_ends(w, wg_machine_now(m));
  code = wg_writer_finish(w, wg_end_name(end), out->sha256, &out->events, err);
  if (recorder->branches) {
    int rc = wg_branches_finish(recorder->branches, out->branches_sha256, code == WG_OK ? err : NULL);
    if (code == WG_OK) code = rc;
  }
  struct wg_buf overlay = {0};
  wg_buf_printf(&overlay, "%s/overlay", dir);
  if (code == WG_OK) code = wg_manifest_write(dir, cfg, m, out, err);
  if (code == WG_OK) code = wg_machine_save_overlay(m, overlay.data, err);
  wg_machine_limits(m, &out->limits);
  wg_buf_release(&overlay);
  wg_machine_free(m);
  return code;
}

int wg_run_record(const struct wg_config *cfg, const char *dir, bool branches, wg_progress progress,
                  struct wg_run_result *out, struct wg_err *err) {
  *out = (struct wg_run_result){0};
  struct wg_buf path = {0};
  wg_buf_printf(&path, "%s/trace.jsonl.zst", dir);
  struct recorder r = {.progress = progress};
  int code = WG_OK;
  if (wg_file_exists(path.data))
    code = wg_fail(err, WG_INPUT, "%s already holds a run; name another folder with -o", dir);
  if (code == WG_OK && !wg_file_exists(cfg->title)) code = wg_fail(err, WG_INPUT, "%s: no such file", cfg->title);
  if (code == WG_OK) code = wg_mkdir_p(dir, err);
  if (code == WG_OK) code = wg_writer_create(&r.writer, path.data, err);
  if (code == WG_OK && branches) {
    branches_path(dir, &path);
    code = wg_branches_create(&r.branches, path.data, err);
    if (code != WG_OK) wg_writer_finish(r.writer, "error", NULL, NULL, NULL);
  }
  wg_buf_release(&path);
  if (code != WG_OK) return code;
  code = record_into(cfg, dir, &r, out, err);
  if (code != WG_OK) wg_run_result_release(out);
  return code;
}

static bool to_nobody(void *ctx, const struct wg_event *e) {
  ++*(uint64_t *)ctx;
  (void)e;
  return true;
}

int wg_run_untraced(const struct wg_config *cfg, struct wg_run_result *out, struct wg_err *err) {
  *out = (struct wg_run_result){0};
  struct wg_observer obs = {.event = to_nobody, .ctx = &out->events};
  struct wg_machine *m = NULL;
  WG_TRY(wg_machine_create(&m, cfg, &obs, err));
  fill_result(m, wg_machine_run(m), out);
  wg_machine_limits(m, &out->limits);
  wg_machine_free(m);
  return WG_OK;
}

struct verifier {
  struct wg_reader *reader;
  struct wg_buf line;
  struct wg_replay_result *out;
  bool cut;                            // the trace ended without its footer
  struct wg_branches_reader *branches; // or NULL
  struct wg_buf want, have;            // packets
  wg_progress progress;
};

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

static bool compare(void *ctx, const struct wg_event *e) {
  struct verifier *v = ctx;
  size_t n = 0;
  wg_buf_clear(&v->line);
  wg_ev_encode(e, &v->line);
  const char *want = wg_reader_line(v->reader, &n);
  if (want == NULL) {
    v->cut = true;
    return false;
  }
  if (is_footer(want)) {
    mismatch(v, "", &v->line);
    return false;
  }
  if (n + 1 == v->line.len && memcmp(want, v->line.data, n) == 0) {
    if (++v->out->events % PROGRESS_EVERY == 0 && v->progress) v->progress(v->out->events, e->host_ns);
    return true;
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
  bool got = wg_branches_next(v->branches, &recorded);
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

static int replay_with(const struct wg_manifest *man, struct verifier *v, struct wg_replay_result *out,
                       struct wg_err *err) {
  struct wg_observer obs = {.event = compare, .branches = v->branches ? compare_branches : NULL, .ctx = v};
  struct wg_machine *m = NULL;
  WG_TRY(wg_machine_create(&m, &man->cfg, &obs, err));
  int code = wg_manifest_check_lookups(man, m, err);
  if (code != WG_OK) {
    wg_machine_free(m);
    return code;
  }
  enum wg_end end = wg_machine_run(m);
  fill_result(m, end, &out->run);
  if (out->mismatch) {
    wg_machine_report(m, &out->state);
  } else if (!v->cut) {
    size_t n;
    const char *rest = wg_reader_line(v->reader, &n);
    v->cut = rest == NULL;
    if (rest && !is_footer(rest)) mismatch(v, rest, NULL);
  }
  wg_machine_free(m);
  return WG_OK;
}

int wg_run_replay(const char *dir, wg_progress progress, struct wg_replay_result *out, struct wg_err *err) {
  *out = (struct wg_replay_result){0};
  struct wg_manifest man;
  WG_TRY(wg_manifest_read(dir, &man, err));
  struct verifier v = {.out = out, .progress = progress};
  int code = wg_reader_open(&v.reader, dir, err);
  struct wg_buf path = {0};
  branches_path(dir, &path);
  if (code == WG_OK && wg_file_exists(path.data)) code = wg_branches_open(&v.branches, path.data, err);
  wg_buf_release(&path);
  if (code == WG_OK) code = replay_with(&man, &v, out, err);
  if (code == WG_OK && v.cut) {
    const char *why = wg_reader_damage(v.reader);
    if (why == NULL && v.branches) why = wg_branches_damage(v.branches);
    code = wg_fail(err, WG_INPUT, "%s: %s (%llu events before that were replayed identically)", dir,
                   why ? why : "no trace.footer: the run did not end cleanly", (unsigned long long)out->events);
  }
  wg_reader_close(v.reader);
  wg_branches_close_file(v.branches);
  wg_buf_release(&v.line);
  wg_buf_release(&v.want);
  wg_buf_release(&v.have);
  wg_manifest_release(&man);
  if (code != WG_OK) wg_replay_result_release(out);
  return code;
}
