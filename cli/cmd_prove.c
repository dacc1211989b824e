// The cause that diff names, tried: what would have happened had the call returned what the reference's did?
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json_document.h"
#include "base/number.h"
#include "cli/cli.h"
#include "diff/diff.h"
#include "diff/hang.h"
#include "nt/exports.h"
#include "replay/run.h"
#include "travel/from.h"

#define UNSAID UINT64_MAX

struct asked {
  const char *run, *reference, *out;
  const char *const *more;
  size_t nmore;
  uint64_t rv; // instead of the reference's, or UNSAID
  bool once, json;
};

// What of a comparison can be tried: what the cause's own call returned, or, where the cause is what came of it, the
// call of that thread which failed last.
struct trial {
  json_t *root; // of diff --json
  const char *text;
  bool before; // the call is one before the cause
  struct wg_buf position, call;
  uint64_t rv, instead_of;
};

struct outcome {
  struct wg_hang_list before, after;
  struct wg_buf then; // the first difference to the reference after it; empty: none
  struct wg_buf end;  // how the run that was tried ended, as its manifest says
  bool proven;
};

static void trial_release(struct trial *t) {
  json_decref(t->root);
  wg_buf_release(&t->position);
  wg_buf_release(&t->call);
}

static int compare(const struct asked *a, const char *run, struct wg_diff_reports *r, struct wg_err *err) {
  const struct wg_diff_options o = {.thread = -1};
  return wg_diff_all(run, a->reference, a->more, a->nmore, &o, r, err);
}

static const char *text_of(const json_t *o, const char *key) { return json_string_value(json_object_get(o, key)); }

static void try_call(struct trial *t, uint64_t tid, uint64_t idx, const char *call) {
  wg_buf_clear(&t->position);
  wg_buf_clear(&t->call);
  wg_buf_printf(&t->position, "%llu:%llu", (unsigned long long)tid, (unsigned long long)idx);
  wg_buf_str(&t->call, call ? call : "?");
}

static uint64_t number_of(const json_t *o, const char *key) {
  return (uint64_t)json_integer_value(json_object_get(o, key));
}

static bool fails(uint64_t rv) { return (uint32_t)rv >= 0x80000000u; } // as an NTSTATUS

// An address or a time of another engine's says nothing here.
static bool is_the_same_everywhere(const char *call) {
  const struct wg_nt_export *x = call ? wg_nt_find(call, strlen(call)) : NULL;
  return x && strchr("Sbd", x->ret);
}

// Whether a finding is of what a call returned: what the other side's did, or, if that is not told, a failure.
static bool is_a_value(const json_t *finding, uint64_t given, struct trial *t) {
  const json_t *here = json_object_get(finding, "here");
  const char *class = text_of(finding, "class"), *ours = text_of(here, "rv");
  const char *theirs = text_of(json_object_get(finding, "reference"), "rv");
  if (class == NULL || ours == NULL || !wg_parse_u64(ours, UINT64_MAX, &t->instead_of)) return false;
  if (theirs == NULL ? !fails(t->instead_of) : strcmp(class, "other value") != 0 || strcmp(ours, theirs) == 0)
    return false;
  if (given == UNSAID && !is_the_same_everywhere(text_of(here, "call"))) return false;
  if (theirs && !wg_parse_u64(theirs, UINT32_MAX, &t->rv)) return false;
  if (theirs == NULL) t->rv = 0;
  if (given != UNSAID) t->rv = given;
  try_call(t, number_of(here, "tid"), number_of(here, "idx"), text_of(here, "call"));
  return true;
}

// The call of the finding's thread that failed last before it.
static int find_failure(const struct asked *a, const json_t *finding, struct trial *t, bool *found,
                        struct wg_err *err) {
  const json_t *here = json_object_get(finding, "here");
  uint64_t tid = number_of(here, "tid"), until = number_of(here, "idx"), status;
  struct wg_reader *r;
  struct wg_event e;
  *found = false;
  if (here == NULL) return WG_OK;
  WG_TRY(wg_reader_open(&r, a->run, err));
  while (wg_reader_next(r, &e)) {
    if (e.tid != tid) continue;
    if (e.idx >= until) break;
    if (e.kind != WG_EV_KERNEL_RETURN || !wg_ev_u64(&e, WG_K_STATUS, &status) || !fails(status)) continue;
    try_call(t, tid, e.idx, wg_ev_text(&e, WG_K_NAME));
    t->instead_of = status;
    *found = true;
  }
  wg_reader_close(r);
  t->before = *found;
  t->rv = a->rv == UNSAID ? 0 : a->rv;
  return WG_OK;
}

static int choose(const struct asked *a, struct trial *t, bool *found, struct wg_err *err) {
  const json_t *candidates = json_object_get(t->root, "candidates"), *findings = json_object_get(t->root, "findings");
  size_t n = json_array_size(candidates);
  *found = false;
  for (size_t i = 0; i < 2 * n && !*found; i++) {
    const json_t *c = json_array_get(candidates, i < n ? i : i - n);
    const json_t *f = json_array_get(findings, (size_t)number_of(c, "finding"));
    t->text = text_of(c, "text");
    if (i < n)
      *found = is_a_value(f, a->rv, t);
    else
      WG_TRY(find_failure(a, f, t, found, err));
  }
  return WG_OK;
}

static int find_trial(const struct asked *a, struct trial *t, struct wg_err *err) {
  struct wg_diff_reports r = {.answer = {0}};
  int code = compare(a, a->run, &r, err);
  if (code == WG_OK) wg_fail(err, WG_INPUT, "%s and %s do not differ: there is no cause to try", a->run, a->reference);
  if (code == WG_DIFFERS) t->root = wg_json_document("diff", 0, r.json.data, r.json.len, "a comparison", err);
  wg_diff_reports_release(&r);
  if (t->root == NULL) return code == WG_INTERNAL ? code : WG_INPUT;
  bool found;
  WG_TRY(choose(a, t, &found, err));
  if (found) return WG_OK;
  const char *first = text_of(t->root, "cause");
  return wg_fail(err, WG_INPUT,
                 "nothing to try: no cause is another value that a call returned, nor did a call fail before one. %s",
                 first ? first : "");
}

struct confinement {
  const struct wg_config *cfg;
  const char *dir;
};
static struct wg_confined confine(void *ctx) {
  const struct confinement *c = ctx;
  return wg_cli_confine(c->cfg, c->dir, NULL, false, false);
}

static int record(const struct asked *a, const struct trial *t, struct wg_err *err) {
  struct wg_from from;
  struct wg_run_result r;
  struct wg_cli_rate rate = {0};
  const struct wg_run_watch watch = wg_cli_watch(&rate);
  const struct wg_from_return want = {true, !a->once, t->rv};
  WG_TRY(wg_from_open(&from, a->run, t->position.data, &want, &watch, err));
  struct confinement within = {&from.cfg, a->out};
  struct wg_record_options o = {
      .dir = a->out, .branches = true, .watch = watch, .ready = confine, .ready_ctx = &within};
  wg_from_record(&from, &o);
  int code = wg_run_record(&from.cfg, &o, &r, err);
  wg_cli_progress_end();
  if (code == WG_OK) wg_run_result_release(&r);
  wg_from_release(&from);
  return code;
}

// A process of its own, which confines itself: what is compared behind it lies elsewhere. It says itself what is wrong.
static int record_apart(const struct asked *a, const struct trial *t, struct wg_err *err) {
  signal(SIGCHLD, SIG_DFL); // else nobody may be told how it ended
  pid_t child = fork();
  if (child < 0) return wg_fail(err, WG_INTERNAL, "no process for the run to be tried");
  if (child == 0) {
    struct wg_err why = {0};
    int code = record(a, t, &why);
    if (code != WG_OK) wg_cli_fail(&why);
    _exit(code);
  }
  int status;
  pid_t ended;
  while ((ended = waitpid(child, &status, 0)) < 0 && errno == EINTR) {
  }
  if (ended < 0) return wg_fail(err, WG_INTERNAL, "%s: what became of its recording is not told", a->out);
  if (WIFEXITED(status)) return WEXITSTATUS(status) == WG_DIFFERS ? WG_INPUT : WEXITSTATUS(status);
  return wg_fail(err, WG_INTERNAL, "%s: its recording was killed by signal %d", a->out, WTERMSIG(status));
}

static int verdicts(const char *run, struct wg_hang_list *out, struct wg_err *err) {
  static const struct wg_reading reading;
  int code = wg_hang_verdicts(run, &reading, out, err);
  return code == WG_DIFFERS ? WG_OK : code;
}

static int find_end(const char *run, struct wg_buf *end, struct wg_err *err) {
  struct wg_manifest m;
  WG_TRY(wg_manifest_read(run, NULL, &m, err));
  const char *text = text_of(json_object_get(m.root, "result"), "end");
  wg_buf_str(end, text ? text : "nothing");
  wg_manifest_release(&m);
  return WG_OK;
}

static bool went_on(const struct outcome *o) {
  return strcmp(o->end.data, "exit") == 0 || strcmp(o->end.data, "limit") == 0;
}

static int judge(const struct asked *a, struct outcome *o, struct wg_err *err) {
  WG_TRY(verdicts(a->run, &o->before, err));
  WG_TRY(verdicts(a->out, &o->after, err));
  WG_TRY(find_end(a->out, &o->end, err));
  struct wg_diff_reports r = {.answer = {0}};
  int code = compare(a, a->out, &r, err);
  if (code == WG_DIFFERS) wg_buf_str(&o->then, r.answer.data);
  wg_diff_reports_release(&r);
  o->proven = o->after.n == 0 && (o->before.n ? went_on(o) : code == WG_OK);
  return code == WG_DIFFERS ? WG_OK : code;
}

// --- what is told

static void tell(const struct asked *a, const struct trial *t, const struct outcome *o) {
  const struct wg_hang_said *stuck = o->after.n ? &o->after.list[0] : NULL;
  struct wg_buf had = {0};
  if (t->before)
    wg_buf_printf(&had, "had %s before it (%s) returned 0x%llx, not 0x%llx", t->call.data, t->position.data,
                  (unsigned long long)t->rv, (unsigned long long)t->instead_of);
  else
    wg_buf_printf(&had, "had it returned 0x%llx", (unsigned long long)t->rv);
  wg_cli_printf("%s: %s\n", o->proven ? "proven" : "not proven", t->text);
  if (stuck)
    wg_cli_printf("  %s, thread %u would hang all the same: it%s\n", had.data, stuck->tid, stuck->words.data);
  else if (o->before.n && !o->proven)
    wg_cli_printf("  %s, nothing would hang, but the run would end in another way: %s\n", had.data, o->end.data);
  else if (o->before.n)
    wg_cli_printf("  %s, none of %zu threads that hang would\n", had.data, o->before.n);
  else
    wg_cli_printf("  %s, %s\n", had.data, o->then.len ? "the runs would still differ" : "nothing else would differ");
  if (o->then.len) wg_cli_printf("  the first difference to %s would be: %s\n", a->reference, o->then.data);
  wg_cli_printf("  tried: wedge record --from %s@%s --return 0x%llx%s -o %s\n", a->run, t->position.data,
                (unsigned long long)t->rv, a->once ? "" : " --each", a->out);
  wg_buf_release(&had);
}

static void tell_json(const struct asked *a, const struct trial *t, const struct outcome *o) {
  struct wg_buf b = {0};
  wg_buf_char(&b, '{');
  wg_json_u64(&b, "schema", 1);
  wg_json_bool(&b, "proven", o->proven);
  wg_json_str(&b, "cause", t->text);
  wg_json_str(&b, "call", t->call.data);
  wg_json_str(&b, "position", t->position.data);
  wg_json_hex(&b, "rv", t->rv);
  wg_json_hex(&b, "instead_of", t->instead_of);
  wg_json_bool(&b, "before", t->before);
  wg_json_bool(&b, "each", !a->once);
  wg_json_str(&b, "run", a->out);
  wg_json_u64(&b, "stuck_before", o->before.n);
  wg_json_u64(&b, "stuck_after", o->after.n);
  wg_json_str(&b, "end", o->end.data);
  if (o->then.len) wg_json_str(&b, "then", o->then.data);
  wg_buf_str(&b, "}\n");
  wg_cli_print(&b);
  wg_buf_release(&b);
}

static int prove(const struct asked *a, struct wg_err *err) {
  struct trial t = {.root = NULL};
  struct outcome o = {.proven = false};
  int code = find_trial(a, &t, err);
  if (code == WG_OK) code = record_apart(a, &t, err);
  if (code == WG_OK) code = judge(a, &o, err);
  if (code == WG_OK) {
    (a->json ? tell_json : tell)(a, &t, &o);
    code = o.proven ? WG_OK : WG_DIFFERS;
  }
  wg_hang_verdicts_release(&o.before);
  wg_hang_verdicts_release(&o.after);
  wg_buf_release(&o.then);
  wg_buf_release(&o.end);
  trial_release(&t);
  return code;
}

int wg_cmd_prove(const struct wg_command *cmd, int argc, char **argv) {
  struct asked a = {.rv = UNSAID};
  const struct wg_opt opts[] = {
      {"output", 'o', WG_OPT_STR, &a.out, "TRIED", "folder of the run that is tried (RUN.tried)"},
      {"return", 0, WG_OPT_NUM, &a.rv, "VALUE", "what the call returns instead (what the reference's did, or 0)"},
      {"once", 0, WG_OPT_FLAG, &a.once, NULL, "that call alone, not every later one that would return the same"},
      {"json", 0, WG_OPT_FLAG, &a.json, NULL, "print the result as JSON (schemas/prove.schema.json)"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n < 2) return wg_cli_usage(cmd, "expected a run and a reference, got %d", args.n);
  if (a.rv != UNSAID && a.rv > UINT32_MAX) return wg_cli_usage(cmd, "--return: a call returns 32 bits");
  struct wg_err err = {0};
  struct wg_buf usual = {0};
  a.run = args.v[0];
  a.reference = args.v[1];
  a.more = (const char *const *)args.v + 2;
  a.nmore = (size_t)args.n - 2;
  size_t n = strlen(a.run);
  while (n > 1 && a.run[n - 1] == '/') n--;
  wg_buf_add(&usual, a.run, n);
  wg_buf_str(&usual, ".tried");
  if (a.out == NULL) a.out = usual.data;
  int code = prove(&a, &err);
  wg_buf_release(&usual);
  return err.msg[0] && code > WG_DIFFERS ? wg_cli_fail(&err) : code;
}
