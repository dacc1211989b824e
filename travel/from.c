#include "travel/from.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/number.h"
#include "nt/exports.h"
#include "replay/inputs.h"

static bool at_once(void *ctx) {
  (void)ctx;
  return true;
}

// The run has ended: it could have gone on where its time was up or somebody interrupted it, else one turn before.
static uint64_t last_moment(const struct wg_travel *t, const struct wg_manifest *man,
                            const struct wg_machine_where *w) {
  uint64_t max_ns = wg_config_behind(&man->cfg, man->cfg.nforks).max_ns;
  bool in_time = wg_travel_end(t) == WG_END_LIMIT && max_ns && w->now_ns >= max_ns;
  if (in_time || wg_travel_end(t) == WG_END_INTERRUPTED || w->windows == 0) return w->windows;
  return w->windows - 1;
}

// NAME, NAME() or NAME(ARG, ...).
static int parse_call(const char *text, struct wg_forced_call *out, struct wg_err *err) {
  size_t len = strcspn(text, "("), n = 0;
  while (len && text[len - 1] == ' ') len--;
  const struct wg_nt_export *x = wg_nt_find(text, len);
  if (x == NULL) return wg_fail(err, WG_INPUT, "--call: no export is called '%.*s'", (int)len, text);
  if (!wg_nt_acts_at_once(x))
    return wg_fail(err, WG_INPUT,
                   "--call: %s cannot be called besides: expected what signals, takes a signal back or gives up a "
                   "lock, and does not wait",
                   x->name);
  *out = (struct wg_forced_call){.on = true, .name = x->name};
  const char *p = text + strcspn(text, "(");
  bool open = *p == '(';
  p += open;
  for (;;) {
    p += strspn(p, " ");
    size_t word = strcspn(p, ",) ");
    if (word == 0) break;
    char *arg = wg_xstrndup(p, word);
    bool is_number = wg_parse_u64(arg, UINT64_MAX, &out->args[n < WG_FORCED_ARGS ? n : 0]);
    free(arg);
    if (!is_number || n++ == wg_nt_nparams(x))
      return wg_fail(err, WG_INPUT, "--call: %s takes %zu arguments, which are numbers: '%s'", x->name,
                     wg_nt_nparams(x), text);
    p += word;
    p += strspn(p, " ");
    if (*p != ',') break;
    p++;
  }
  if (strcmp(p, open ? ")" : "") != 0)
    return wg_fail(err, WG_INPUT, "--call: expected NAME(ARG, ...), as in NtSetEvent(0xf8000010), not '%s'", text);
  return WG_OK;
}

// Where what is changed lies.
static int find_change(struct wg_from *f, const char *run, struct wg_position *p, struct wg_err *err) {
  if (f->want.returns) {
    WG_TRY(wg_find_return(run, p, &f->returned, err));
  } else {
    WG_TRY(parse_call(f->want.call, &f->besides, err));
    WG_TRY(wg_find_call(run, p, &f->returned, &f->besides.behind, err));
    f->besides.tid = f->returned.tid;
    f->besides.idx = f->returned.idx;
  }
  *p = (struct wg_position){.kind = WG_AT_EVENT, .tid = f->returned.tid, .value = f->returned.idx};
  return WG_OK;
}

static int find_moment(struct wg_travel *t, struct wg_from *f, const char *run, const char *position,
                       struct wg_err *err) {
  const struct wg_travel_hooks h = {.give_up = at_once};
  struct wg_position p;
  struct wg_here here;
  enum wg_halt why;
  bool there;
  WG_TRY(wg_position_parse(position, &p, err));
  bool changes = f->want.returns || f->want.call;
  if (changes) WG_TRY(find_change(f, run, &p, err));
  WG_TRY(wg_travel_seek(t, &p, err));
  wg_travel_here(t, &here);
  if (changes) {
    f->at = here.at; // its windows are those before it
    return WG_OK;
  }
  if (here.halt == WG_HALT_INSTRUCTION || here.halt == WG_HALT_EVENT) {
    WG_TRY(wg_travel_run(t, &h, NULL, &why, &there, err));
    wg_travel_here(t, &here);
  }
  f->at = here.at;
  if (here.halt == WG_HALT_END) f->at.windows = last_moment(t, &f->man, &here.at);
  return WG_OK;
}

// Of the run's own forks those that lie behind, and of its scripts what they have.
static void take_over(struct wg_from *f, const char *run) {
  struct wg_config *c = &f->cfg;
  *c = f->man.cfg;
  c->max_windows = 0;
  c->nforks = 0;
  for (size_t i = 0; i < f->man.cfg.nforks && c->forks[i].windows <= f->at.windows; i++) {
    f->origins[i] = f->man.origins[i];
    c->nforks++;
  }
  for (size_t i = 0; i <= c->nforks; i++) {
    char name[32];
    if (f->man.scripts[i] == NULL) continue;
    wg_script_name(i, name);
    wg_buf_printf(&f->names[i], "%s/%s", run, name);
    f->scripts[i] = f->names[i].data;
  }
  struct wg_config_fork fork = wg_config_behind(c, c->nforks);
  fork.windows = f->at.windows;
  fork.script = false;
  const struct wg_returned *r = &f->returned;
  fork.besides = f->besides;
  fork.forced =
      (struct wg_forced_return){f->want.returns, r->tid, r->idx, f->want.rv, r->rv, f->want.each ? r->name : NULL};
  c->forks[c->nforks++] = fork;
}

int wg_from_open(struct wg_from *f, const char *run, const char *position, const struct wg_from_change *want,
                 const struct wg_run_watch *watch, struct wg_err *err) {
  struct wg_travel *t = NULL;
  *f = (struct wg_from){.want = *want};
  int code = wg_manifest_read(run, NULL, &f->man, err);
  if (code == WG_OK) code = wg_travel_open(&t, run, NULL, watch, err);
  if (code == WG_OK) code = find_moment(t, f, run, position, err);
  wg_travel_close(t);
  if (code == WG_OK && f->man.cfg.nforks == WG_MAX_FORKS)
    code = wg_fail(err, WG_INPUT, "%s: it has %d forks already, which is the most", run, WG_MAX_FORKS);
  if (code != WG_OK) {
    wg_from_release(f);
    return code;
  }
  take_over(f, run);
  wg_buf_str(&f->run, run);
  wg_buf_str(&f->position, position);
  f->origins[f->cfg.nforks - 1] =
      (struct wg_run_origin){.run = f->run.data, .position = f->position.data, .trace_sha256 = f->man.trace_sha256};
  return WG_OK;
}

int wg_from_script(struct wg_from *f, const char *path, struct wg_err *err) {
  struct wg_config *c = &f->cfg;
  struct wg_config_fork *fork = &c->forks[c->nforks - 1];
  WG_TRY(wg_inputs_read(path, &f->more, &f->nmore, err));
  if (f->nmore && f->more[0].at_ns <= f->at.now_ns)
    return wg_fail(err, WG_INPUT, "%s: a line at %llu ns: the run goes on from %llu ns, and its past cannot be changed",
                   path, (unsigned long long)f->more[0].at_ns, (unsigned long long)f->at.now_ns);
  size_t before = fork->ninputs;
  f->inputs = wg_xcalloc(before + f->nmore + 1, sizeof *f->inputs);
  if (before) memcpy(f->inputs, c->inputs, before * sizeof *f->inputs);
  if (f->nmore) memcpy(f->inputs + before, f->more, f->nmore * sizeof *f->inputs);
  c->inputs = f->inputs;
  fork->script = true;
  fork->ninputs = before + f->nmore;
  f->scripts[c->nforks] = path;
  return WG_OK;
}

int wg_from_check(const struct wg_from *f, struct wg_err *err) {
  const struct wg_config_fork *fork = &f->cfg.forks[f->cfg.nforks - 1];
  if (fork->max_ns && fork->max_ns <= f->at.now_ns) {
    struct wg_buf stop = {0}, here = {0};
    wg_buf_time(&stop, fork->max_ns);
    wg_buf_time(&here, f->at.now_ns);
    wg_fail(err, WG_INPUT,
            "--seconds: the run would stop at %s, and is at %s there: give more; they count from the title's start",
            stop.data, here.data);
    wg_buf_release(&stop);
    wg_buf_release(&here);
    return WG_INPUT;
  }
  if (fork->max_frames && fork->max_frames <= f->at.frames)
    return wg_fail(err, WG_INPUT,
                   "--frames: the run would stop at frame %llu, and is at frame %llu there: give more; they count from "
                   "the title's "
                   "start",
                   (unsigned long long)fork->max_frames, (unsigned long long)f->at.frames);
  return WG_OK;
}

void wg_from_record(const struct wg_from *f, struct wg_record_options *o) {
  memcpy(o->scripts, f->scripts, sizeof o->scripts);
  o->origins = f->origins;
  o->prefix = f->origins[f->cfg.nforks - 1].run;
}

void wg_from_release(struct wg_from *f) {
  if (f->man.root) wg_manifest_release(&f->man);
  for (size_t i = 0; i < WG_SCRIPTS; i++) wg_buf_release(&f->names[i]);
  wg_buf_release(&f->run);
  wg_buf_release(&f->position);
  free(f->inputs);
  wg_inputs_free(f->more, f->nmore);
  *f = (struct wg_from){.inputs = NULL};
}
