#include "cli/trials.h"

#include <string.h>

#include "base/json_iter.h"
#include "base/number.h"
#include "base/vec.h"
#include "nt/exports.h"
#include "trace/reader.h"

#define UNSAID UINT64_MAX
#define VALUES_FIRST 2u // before what might not have been signalled

struct finder {
  const char *run;
  const json_t *root;
  uint64_t rv;
  bool once;
  struct wg_trials *out;
};

// A call of the run.
struct seen {
  bool found, returned;
  const struct wg_nt_export *x;
  uint64_t idx, idx_return; // of its events
  uint64_t args[WG_NT_MAX_PARAMS];
  uint64_t handle; // that it gave, or 0
};

static const char *text_of(const json_t *o, const char *key) { return json_string_value(json_object_get(o, key)); }
static uint64_t number_of(const json_t *o, const char *key) {
  return (uint64_t)json_integer_value(json_object_get(o, key));
}
static const struct wg_nt_export *export_of(const char *call) { return call ? wg_nt_find(call, strlen(call)) : NULL; }
static bool fails(uint64_t rv) { return (uint32_t)rv >= 0x80000000u; } // as an NTSTATUS

static void release(struct wg_trial *t) {
  wg_buf_release(&t->position);
  wg_buf_release(&t->call);
  wg_buf_release(&t->besides);
}

static struct wg_trial *next(const struct finder *f) {
  WG_VEC_NEXT(f->out->list, f->out->n);
  return &f->out->list[f->out->n++];
}

static struct wg_trial *add_trial(const struct finder *f, const json_t *candidate, uint64_t tid, uint64_t idx,
                                  const char *call) {
  struct wg_trial *t = next(f);
  *t = (struct wg_trial){.text = text_of(candidate, "text"), .tid = (uint32_t)tid};
  wg_buf_printf(&t->position, "%llu:%llu", (unsigned long long)tid, (unsigned long long)idx);
  wg_buf_str(&t->call, call ? call : "?");
  return t;
}

// --- what a call returned ----------------------------------------------------------------------------------

// An address or a time of another engine's says nothing here.
static bool is_the_same_everywhere(const char *call) {
  const struct wg_nt_export *x = export_of(call);
  return x && strchr("Sbd", x->ret);
}

// What the other side's call returned or, if that is not told, that ours did not fail.
static void try_value(const struct finder *f, const json_t *candidate, const json_t *finding) {
  const json_t *here = json_object_get(finding, "here");
  const char *class = text_of(finding, "class"), *ours = text_of(here, "rv");
  const char *theirs = text_of(json_object_get(finding, "reference"), "rv");
  uint64_t own, rv = 0;
  if (class == NULL || ours == NULL || !wg_parse_u64(ours, UINT64_MAX, &own)) return;
  if (theirs == NULL ? !fails(own) : strcmp(class, "other value") != 0 || strcmp(ours, theirs) == 0) return;
  if (f->rv == UNSAID && !is_the_same_everywhere(text_of(here, "call"))) return;
  if (theirs && !wg_parse_u64(theirs, UINT32_MAX, &rv)) return;
  struct wg_trial *t = add_trial(f, candidate, number_of(here, "tid"), number_of(here, "idx"), text_of(here, "call"));
  t->rv = f->rv == UNSAID ? rv : f->rv;
  t->instead_of = own;
  t->once = f->once;
}

// The first one once more, of that call alone: what later ones would be told might be wrong.
static void try_once(const struct finder *f) {
  if (f->out->n == 0 || f->once) return;
  struct wg_trial *t = next(f), *first = &f->out->list[0];
  *t = *first;
  t->position = t->call = t->besides = (struct wg_buf){0};
  wg_buf_str(&t->position, first->position.data);
  wg_buf_str(&t->call, first->call.data);
  t->once = true;
}

// The call of the finding's thread that failed last before it.
static int try_failure(const struct finder *f, const json_t *candidate, const json_t *finding, struct wg_err *err) {
  const json_t *here = json_object_get(finding, "here");
  uint64_t tid = number_of(here, "tid"), until = number_of(here, "idx"), status, idx = 0, own = 0;
  struct wg_buf call = {0};
  struct wg_reader *r;
  struct wg_event e;
  if (here == NULL) return WG_OK;
  WG_TRY(wg_reader_open(&r, f->run, err));
  while (wg_reader_next(r, &e)) {
    if (e.tid != tid) continue;
    if (e.idx >= until) break;
    if (e.kind != WG_EV_KERNEL_RETURN || !wg_ev_u64(&e, WG_K_STATUS, &status) || !fails(status)) continue;
    wg_buf_clear(&call);
    wg_buf_str(&call, wg_ev_text(&e, WG_K_NAME));
    idx = e.idx;
    own = status;
  }
  wg_reader_close(r);
  struct wg_trial *t = call.len ? add_trial(f, candidate, tid, idx, call.data) : NULL;
  if (t) {
    t->before = true;
    t->once = f->once;
    t->rv = f->rv == UNSAID ? 0 : f->rv;
    t->instead_of = own;
  }
  wg_buf_release(&call);
  return WG_OK;
}

// --- what was not signalled --------------------------------------------------------------------------------

static void read_args(const struct wg_event *e, uint64_t args[WG_NT_MAX_PARAMS]) {
  const struct wg_field *f = wg_ev_get(e, WG_K_ARGS);
  memset(args, 0, WG_NT_MAX_PARAMS * sizeof *args);
  if (f == NULL) return;
  if (f->type == WG_F_HEXES) memcpy(args, f->v, (f->n < WG_NT_MAX_PARAMS ? f->n : WG_NT_MAX_PARAMS) * sizeof *args);
  struct wg_json_iter it;
  struct wg_json_member m;
  if (f->type != WG_F_RAW || !wg_json_walk(&it, f->s, f->n)) return;
  for (size_t i = 0; i < WG_NT_MAX_PARAMS && wg_json_next(&it, &m) && wg_json_int(&m, &args[i]);) i++;
}

static uint64_t handle_given(const struct wg_event *e) {
  const struct wg_field *f = wg_ev_get(e, WG_K_OUT);
  struct wg_json_iter it;
  struct wg_json_member m;
  uint64_t handle = 0;
  if (f == NULL || f->type != WG_F_RAW || !wg_json_walk(&it, f->s, f->n)) return 0;
  while (wg_json_next(&it, &m))
    if (wg_json_is(&m, "handle") && wg_json_int(&m, &handle)) break;
  return handle;
}

// The thread's call that is event idx, or its last one before that; and where that returned.
static int look_at_call(const char *run, uint64_t tid, uint64_t idx, struct seen *out, struct wg_err *err) {
  struct wg_reader *r;
  struct wg_event e;
  unsigned depth = 0;
  *out = (struct seen){.found = false};
  WG_TRY(wg_reader_open(&r, run, err));
  while (wg_reader_next(r, &e)) {
    if (e.tid != tid) continue;
    if (e.kind == WG_EV_KERNEL_CALL && e.idx <= idx) {
      *out = (struct seen){.found = true, .x = export_of(wg_ev_text(&e, WG_K_NAME)), .idx = e.idx};
      read_args(&e, out->args);
      depth = 1;
    } else if (e.kind == WG_EV_KERNEL_CALL) {
      depth++;
    } else if (e.kind == WG_EV_KERNEL_RETURN && out->found && !out->returned && --depth == 0) {
      out->returned = true;
      out->idx_return = e.idx;
      out->handle = handle_given(&e);
    }
    if (e.idx > idx && (out->returned || !out->found)) break;
  }
  wg_reader_close(r);
  return WG_OK;
}

static void write_call(struct wg_buf *b, const struct wg_nt_export *x, const uint64_t *args) {
  size_t n = wg_nt_nparams(x);
  while (n && args[n - 1] == 0) n--;
  wg_buf_printf(b, "%s(", x->name);
  for (size_t i = 0; i < n; i++) wg_buf_printf(b, "%s0x%llx", i ? ", " : "", (unsigned long long)args[i]);
  wg_buf_str(b, ")");
}

// The last trial is let go of where another one is the same.
static void leave_out_double(struct wg_trials *all) {
  const struct wg_trial *last = &all->list[all->n - 1];
  for (size_t i = 0; i + 1 < all->n; i++) {
    const struct wg_trial *t = &all->list[i];
    if (t->besides.len == 0 || strcmp(t->besides.data, last->besides.data) != 0) continue;
    if (strcmp(t->position.data, last->position.data) != 0) continue;
    release(&all->list[--all->n]);
    return;
  }
}

static bool is_one_of(const char *class, const char *const *list, size_t n) {
  for (size_t i = 0; class && i < n; i++)
    if (strcmp(class, list[i]) == 0) return true;
  return false;
}

// The cause's own call once more: what it was called for may not have come of it.
static int try_again(const struct finder *f, const json_t *candidate, const json_t *finding, struct wg_err *err) {
  static const char *const classes[] = {"kernel rule broken", "other effect", "lost signal", "other output",
                                        "other value"};
  const json_t *here = json_object_get(finding, "here");
  const struct wg_nt_export *x = export_of(text_of(here, "call"));
  struct seen s;
  if (!is_one_of(text_of(finding, "class"), classes, sizeof classes / sizeof *classes)) return WG_OK;
  if (x == NULL || !wg_nt_acts_at_once(x)) return WG_OK;
  WG_TRY(look_at_call(f->run, number_of(here, "tid"), number_of(here, "idx"), &s, err));
  if (!s.found || !s.returned || s.x != x) return WG_OK;
  struct wg_trial *t = add_trial(f, candidate, number_of(here, "tid"), s.idx_return, x->name);
  write_call(&t->besides, x, s.args);
  t->again = true;
  leave_out_double(f->out);
  return WG_OK;
}

// What the cause's own call left undone, as far as another one mends it: an object that was made in another state than
// it was asked for, or what is signalled where the call then waits.
static int try_mend(const struct finder *f, const json_t *candidate, const json_t *finding, struct wg_err *err) {
  static const char *const classes[] = {"made otherwise", "kernel rule broken", "other effect", "lost signal"};
  static const struct {
    const char *call, *mended_by;
    uint64_t args[2]; // behind the object
    bool before;      // since the call itself may never return
  } mends[] = {
      {"ExCreateThread", "NtResumeThread", {0}, false},
      {"NtCreateEvent", "NtSetEvent", {0}, false},
      {"NtCreateSemaphore", "NtReleaseSemaphore", {1}, false},
      {"NtCreateMutant", "NtReleaseMutant", {0}, false},
      {"KeInitializeEvent", "KeSetEvent", {1}, false},
      {"KeInitializeSemaphore", "KeReleaseSemaphore", {1, 1}, false},
      {"NtSignalAndWaitForSingleObjectEx", "NtSetEvent", {0}, true},
      {"NtSignalAndWaitForSingleObjectEx", "NtReleaseSemaphore", {1}, true},
  };
  const json_t *here = json_object_get(finding, "here");
  const char *call = text_of(here, "call");
  struct seen s = {.found = false};
  if (call == NULL || !is_one_of(text_of(finding, "class"), classes, sizeof classes / sizeof *classes)) return WG_OK;
  for (size_t i = 0; i < sizeof mends / sizeof *mends; i++) {
    if (strcmp(call, mends[i].call) != 0) continue;
    if (!s.found) WG_TRY(look_at_call(f->run, number_of(here, "tid"), number_of(here, "idx"), &s, err));
    const struct wg_nt_export *x = export_of(mends[i].mended_by);
    uint64_t args[WG_NT_MAX_PARAMS] = {x->params[0] == 'h' && !mends[i].before ? s.handle : s.args[0], mends[i].args[0],
                                       mends[i].args[1]};
    if (!s.found || (!s.returned && !mends[i].before) || args[0] == 0) continue;
    struct wg_trial *t = add_trial(f, candidate, number_of(here, "tid"), mends[i].before ? s.idx : s.idx_return, call);
    write_call(&t->besides, x, args);
    leave_out_double(f->out);
  }
  return WG_OK;
}

// What is signalled by x, if what the wait was given is of that kind: the arguments of the call.
static bool could_end(const struct wg_nt_export *x, const struct seen *wait, uint64_t args[WG_NT_MAX_PARAMS]) {
  if (!wait->found || wait->x == NULL || wait->x->params[0] != x->params[0] || strchr("hO", x->params[0]) == NULL)
    return false;
  memset(args, 0, WG_NT_MAX_PARAMS * sizeof *args);
  args[0] = wait->args[0];
  if (strstr(x->name, "Semaphore")) args[x->params[0] == 'h' ? 1 : 2] = 1; // so many
  return true;
}

// Whether the cause leads to that wait, as the comparison tells it: else a signal would end the wait, and prove
// nothing.
static bool leads_to(const json_t *candidate, const json_t *wait) {
  const json_t *link;
  const char *in = text_of(wait, "in");
  size_t i;
  json_array_foreach(json_object_get(candidate, "chain"), i, link) {
    if (in && strstr(json_string_value(link), in)) return true;
  }
  return false;
}

// The call that the reference makes there, about what somebody waits for here and not there.
static int try_signal(const struct finder *f, const json_t *candidate, const json_t *finding, struct wg_err *err) {
  static const char *const classes[] = {"other call",     "missing call", "ended early",
                                        "other argument", "other object", "never called"};
  const json_t *blocked = json_object_get(f->root, "blocked"), *here = json_object_get(finding, "here"), *b;
  const struct wg_nt_export *x = export_of(text_of(json_object_get(finding, "reference"), "call"));
  uint64_t tid = number_of(finding, "tid"), args[WG_NT_MAX_PARAMS];
  struct seen place, wait;
  size_t i;
  if (!is_one_of(text_of(finding, "class"), classes, sizeof classes / sizeof *classes)) return WG_OK;
  if (x == NULL || !wg_nt_acts_at_once(x)) return WG_OK;
  WG_TRY(look_at_call(f->run, tid, here ? number_of(here, "idx") : UINT64_MAX, &place, err));
  if (!place.found) return WG_OK;
  bool behind = here == NULL && place.returned;
  json_array_foreach(blocked, i, b) {
    if (json_is_true(json_object_get(b, "reference_too")) || !leads_to(candidate, b)) continue;
    WG_TRY(look_at_call(f->run, number_of(b, "tid"), number_of(b, "idx"), &wait, err));
    if (!could_end(x, &wait, args)) continue;
    struct wg_trial *t =
        add_trial(f, candidate, tid, behind ? place.idx_return : place.idx, place.x ? place.x->name : NULL);
    write_call(&t->besides, x, args);
    leave_out_double(f->out);
  }
  return WG_OK;
}

int wg_trials_find(const char *run, const json_t *root, uint64_t rv, bool once, struct wg_trials *out,
                   struct wg_err *err) {
  const struct finder f = {run, root, rv, once, out};
  const json_t *candidates = json_object_get(root, "candidates"), *findings = json_object_get(root, "findings"), *c;
  size_t i;
  int code = WG_OK;
  *out = (struct wg_trials){.n = 0};
#define FINDING json_array_get(findings, (size_t)number_of(c, "finding"))
  size_t valued = 0;
  for (; valued < json_array_size(candidates) && out->n < VALUES_FIRST; valued++) {
    c = json_array_get(candidates, valued);
    try_value(&f, c, FINDING);
  }
  if (out->n == 0) json_array_foreach(candidates, i, c) {
      if (code == WG_OK && out->n == 0) code = try_failure(&f, c, FINDING, err);
    }
  if (rv == UNSAID) json_array_foreach(candidates, i, c) {
      if (code == WG_OK) code = try_again(&f, c, FINDING, err);
      if (code == WG_OK) code = try_mend(&f, c, FINDING, err);
      if (code == WG_OK) code = try_signal(&f, c, FINDING, err);
    }
  for (; valued < json_array_size(candidates); valued++) {
    c = json_array_get(candidates, valued);
    try_value(&f, c, FINDING);
  }
#undef FINDING
  if (code == WG_OK && out->n && !out->list[0].besides.len) try_once(&f);
  if (code != WG_OK) wg_trials_release(out);
  return code;
}

void wg_trials_release(struct wg_trials *t) {
  for (size_t i = 0; i < t->n; i++) release(&t->list[i]);
  free(t->list);
  *t = (struct wg_trials){.n = 0};
}
