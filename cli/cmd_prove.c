// The cause that diff names, tried: what would have happened had the call returned what the reference's did?
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json_document.h"
#include "cli/cli.h"
#include "cli/trials.h"
#include "diff/diff.h"
#include "diff/hang.h"
#include "replay/run.h"
#include "travel/from.h"

#define UNSAID UINT64_MAX
#define TRIES 8u

struct asked {
  const char *run, *reference, *out;
  const char *const *more;
  size_t nmore;
  uint64_t rv;    // instead of the reference's, or UNSAID
  uint64_t tries; // the most
  bool once, json;
};

struct outcome {
  struct wg_hang_list after;
  struct wg_buf then; // the first difference to the reference after it; empty: none
  struct wg_buf end;  // how the run that was tried ended, as its manifest says
  struct wg_buf dir;  // of that run
  bool proven;
};

static int compare(const struct asked *a, const char *run, struct wg_diff_reports *r, struct wg_err *err) {
  const struct wg_diff_options o = {.thread = -1};
  return wg_diff_all(run, a->reference, a->more, a->nmore, &o, r, err);
}

// The comparison that the trials are about; json_decref it.
static int find_trials(const struct asked *a, json_t **root, struct wg_trials *trials, struct wg_err *err) {
  struct wg_diff_reports r = {.answer = {0}};
  int code = compare(a, a->run, &r, err);
  if (code == WG_OK) wg_fail(err, WG_INPUT, "%s and %s do not differ: there is no cause to try", a->run, a->reference);
  if (code == WG_DIFFERS) *root = wg_json_document("diff", 0, r.json.data, r.json.len, "a comparison", err);
  wg_diff_reports_release(&r);
  if (*root == NULL) return code == WG_INTERNAL ? code : WG_INPUT;
  WG_TRY(wg_trials_find(a->run, *root, a->rv, a->once, trials, err));
  if (trials->n) return WG_OK;
  const char *first = json_string_value(json_object_get(*root, "cause"));
  return wg_fail(err, WG_INPUT,
                 "nothing to try: no cause is another value that a call returned, or a signal that could be given, nor "
                 "did a call fail before one. %s",
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

static int record(const struct asked *a, const struct wg_trial *t, const char *out, struct wg_err *err) {
  struct wg_from from;
  struct wg_run_result r;
  struct wg_cli_rate rate = {0};
  const struct wg_run_watch watch = wg_cli_watch(&rate);
  bool returns = t->besides.len == 0;
  const struct wg_from_change want = {returns, returns && !t->once, t->rv, returns ? NULL : t->besides.data};
  WG_TRY(wg_from_open(&from, a->run, t->position.data, &want, &watch, err));
  struct confinement within = {&from.cfg, out};
  struct wg_record_options o = {.dir = out, .branches = true, .watch = watch, .ready = confine, .ready_ctx = &within};
  wg_from_record(&from, &o);
  int code = wg_run_record(&from.cfg, &o, &r, err);
  wg_cli_progress_end();
  if (code == WG_OK) wg_run_result_release(&r);
  wg_from_release(&from);
  return code;
}

// A process of its own, which confines itself: what is compared behind it lies elsewhere. It says itself what is wrong.
static int record_apart(const struct asked *a, const struct wg_trial *t, const char *out, struct wg_err *err) {
  signal(SIGCHLD, SIG_DFL); // else nobody may be told how it ended
  pid_t asker = getpid(), child = fork();
  if (child < 0) return wg_fail(err, WG_INTERNAL, "no process for the run to be tried");
  if (child == 0) {
    // A recording that nobody waits for is cut short: it would make its run behind whoever asked for it no more.
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != asker) _exit(WG_INTERNAL);
    struct wg_err why = {0};
    int code = record(a, t, out, &why);
    if (code != WG_OK) wg_cli_fail(&why);
    _exit(code);
  }
  int status;
  pid_t ended;
  while ((ended = waitpid(child, &status, 0)) < 0 && errno == EINTR) {
  }
  if (ended < 0) return wg_fail(err, WG_INTERNAL, "%s: what became of its recording is not told", out);
  if (WIFEXITED(status)) return WEXITSTATUS(status) == WG_DIFFERS ? WG_INPUT : WEXITSTATUS(status);
  return wg_fail(err, WG_INTERNAL, "%s: its recording was killed by signal %d", out, WTERMSIG(status));
}

static int verdicts(const char *run, struct wg_hang_list *out, struct wg_err *err) {
  static const struct wg_reading reading;
  int code = wg_hang_verdicts(run, &reading, out, err);
  return code == WG_DIFFERS ? WG_OK : code;
}

static int find_end(const char *run, struct wg_buf *end, struct wg_err *err) {
  struct wg_manifest m;
  WG_TRY(wg_manifest_read(run, NULL, &m, err));
  const char *text = json_string_value(json_object_get(json_object_get(m.root, "result"), "end"));
  wg_buf_str(end, text ? text : "nothing");
  wg_manifest_release(&m);
  return WG_OK;
}

static bool went_on(const struct outcome *o) {
  return strcmp(o->end.data, "exit") == 0 || strcmp(o->end.data, "limit") == 0;
}

static int judge(const struct asked *a, size_t before, const char *out, struct outcome *o, struct wg_err *err) {
  WG_TRY(verdicts(out, &o->after, err));
  WG_TRY(find_end(out, &o->end, err));
  struct wg_diff_reports r = {.answer = {0}};
  int code = compare(a, out, &r, err);
  if (code == WG_DIFFERS) wg_buf_str(&o->then, r.answer.data);
  wg_diff_reports_release(&r);
  o->proven = o->after.n == 0 && (before ? went_on(o) : code == WG_OK);
  return code == WG_DIFFERS ? WG_OK : code;
}

static void outcome_release(struct outcome *o) {
  wg_hang_verdicts_release(&o->after);
  wg_buf_release(&o->then);
  wg_buf_release(&o->end);
  wg_buf_release(&o->dir);
}

// --- what is told

static void write_had(const struct wg_trial *t, struct wg_buf *had) {
  const char *call = t->call.data, *at = t->position.data;
  if (t->again)
    wg_buf_printf(had, "had thread %u called %s once more behind it (%s)", t->tid, t->besides.data, at);
  else if (t->besides.len)
    wg_buf_printf(had, "had thread %u called %s at its %s (%s)", t->tid, t->besides.data, call, at);
  else if (t->before)
    wg_buf_printf(had, "had %s before it (%s) returned 0x%llx, not 0x%llx", call, at, (unsigned long long)t->rv,
                  (unsigned long long)t->instead_of);
  else
    wg_buf_printf(had, "had it%s returned 0x%llx", t->once ? " alone" : "", (unsigned long long)t->rv);
}

static void tell_trial(const struct asked *a, size_t before, const struct wg_trial *t, const struct outcome *o) {
  const struct wg_hang_said *stuck = o->after.n ? &o->after.list[0] : NULL;
  struct wg_buf had = {0};
  write_had(t, &had);
  if (stuck)
    wg_cli_printf("  %s, thread %u would hang all the same: it%s\n", had.data, stuck->tid, stuck->words.data);
  else if (before && !o->proven)
    wg_cli_printf("  %s, nothing would hang, but the run would end in another way: %s\n", had.data, o->end.data);
  else if (before)
    wg_cli_printf("  %s, none of %zu threads that hang would\n", had.data, before);
  else
    wg_cli_printf("  %s, %s\n", had.data, o->then.len ? "the runs would still differ" : "nothing else would differ");
  if (o->then.len) wg_cli_printf("  the first difference to %s would be: %s\n", a->reference, o->then.data);
  wg_cli_printf("  tried: wedge record --from %s@%s ", a->run, t->position.data);
  if (t->besides.len)
    wg_cli_printf("--call '%s'", t->besides.data);
  else
    wg_cli_printf("--return 0x%llx%s", (unsigned long long)t->rv, t->once ? "" : " --each");
  wg_cli_printf(" -o %s\n", o->dir.data);
  wg_buf_release(&had);
}

static void tell_all(const struct asked *a, size_t before, const struct wg_trials *t, const struct outcome *o, size_t n,
                     size_t told) {
  wg_cli_printf("%s: %s\n", o[told].proven ? "proven" : "not proven", t->list[told].text);
  if (o[told].proven) {
    tell_trial(a, before, &t->list[told], &o[told]);
    return;
  }
  for (size_t i = 0; i < n; i++) tell_trial(a, before, &t->list[i], &o[i]);
  if (n < t->n) wg_cli_printf("  %zu more could be tried: --tries %zu\n", t->n - n, t->n);
}

static void tell_json(size_t before, const struct wg_trial *t, const struct outcome *o, size_t tries, size_t untried) {
  struct wg_buf b = {0};
  wg_buf_char(&b, '{');
  wg_json_u64(&b, "schema", 1);
  wg_json_bool(&b, "proven", o->proven);
  wg_json_str(&b, "cause", t->text);
  wg_json_str(&b, "call", t->call.data);
  wg_json_str(&b, "position", t->position.data);
  if (t->besides.len) {
    wg_json_str(&b, "besides", t->besides.data);
    wg_json_bool(&b, "again", t->again);
  } else {
    wg_json_hex(&b, "rv", t->rv);
    wg_json_hex(&b, "instead_of", t->instead_of);
    wg_json_bool(&b, "before", t->before);
    wg_json_bool(&b, "each", !t->once);
  }
  wg_json_str(&b, "run", o->dir.data);
  wg_json_u64(&b, "tries", tries);
  wg_json_u64(&b, "untried", untried);
  wg_json_u64(&b, "stuck_before", before);
  wg_json_u64(&b, "stuck_after", o->after.n);
  wg_json_str(&b, "end", o->end.data);
  if (o->then.len) wg_json_str(&b, "then", o->then.data);
  wg_buf_str(&b, "}\n");
  wg_cli_print(&b);
  wg_buf_release(&b);
}

// One after the other, until one is what it was. `before`: threads that hang in the run; `n`: trials that were made.
static int try_all(const struct asked *a, size_t before, const struct wg_trials *t, struct outcome *o, size_t *n,
                   struct wg_err *err) {
  for (*n = 0; *n < t->n && *n < a->tries; (*n)++) {
    struct outcome *this = &o[*n];
    wg_buf_str(&this->dir, a->out);
    if (*n) wg_buf_printf(&this->dir, "-%zu", *n + 1);
    int code = record_apart(a, &t->list[*n], this->dir.data, err);
    if (code == WG_OK) code = judge(a, before, this->dir.data, this, err);
    if (code != WG_OK) return code;
    if (this->proven) return (*n)++, WG_OK;
  }
  return WG_OK;
}

static int prove(const struct asked *a, struct wg_err *err) {
  json_t *root = NULL;
  struct wg_trials trials = {.n = 0};
  struct outcome *o = NULL;
  struct wg_hang_list stuck = {.n = 0};
  size_t n = 0;
  int code = find_trials(a, &root, &trials, err);
  if (code == WG_OK) code = verdicts(a->run, &stuck, err);
  if (code == WG_OK) o = wg_xcalloc(trials.n, sizeof *o);
  if (code == WG_OK) code = try_all(a, stuck.n, &trials, o, &n, err);
  if (code == WG_OK) {
    size_t told = o[n - 1].proven ? n - 1 : 0;
    if (a->json)
      tell_json(stuck.n, &trials.list[told], &o[told], n, o[told].proven ? 0 : trials.n - n);
    else
      tell_all(a, stuck.n, &trials, o, n, told);
    code = o[told].proven ? WG_OK : WG_DIFFERS;
  }
  for (size_t i = 0; o && i < trials.n; i++) outcome_release(&o[i]);
  free(o);
  wg_hang_verdicts_release(&stuck);
  wg_trials_release(&trials);
  json_decref(root);
  return code;
}

int wg_cmd_prove(const struct wg_command *cmd, int argc, char **argv) {
  struct asked a = {.rv = UNSAID, .tries = TRIES};
  const struct wg_opt opts[] = {
      {"output", 'o', WG_OPT_STR, &a.out, "TRIED", "folder of the run that is tried (RUN.tried)"},
      {"return", 0, WG_OPT_NUM, &a.rv, "VALUE", "what the call returns instead (what the reference's did, or 0)"},
      {"once", 0, WG_OPT_FLAG, &a.once, NULL, "that call alone, not every later one that would return the same"},
      {"tries", 0, WG_OPT_NUM, &a.tries, "N", "try so many changes at most (8)"},
      {"json", 0, WG_OPT_FLAG, &a.json, NULL, "print the result as JSON (schemas/prove.schema.json)"},
  };
  struct wg_args args;
  WG_OPTS(cmd, opts, argc, argv, &args);
  if (args.n < 2) return wg_cli_usage(cmd, "expected a run and a reference, got %d", args.n);
  if (a.rv != UNSAID && a.rv > UINT32_MAX) return wg_cli_usage(cmd, "--return: a call returns 32 bits");
  if (a.tries == 0) return wg_cli_usage(cmd, "--tries: expected at least 1");
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
