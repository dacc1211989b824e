#include "diff/diff.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff/align.h"
#include "diff/causes.h"
#include "diff/laws.h"
#include "diff/mirror.h"
#include "diff/noise.h"
#include "diff/report.h"
#include "diff/rules.h"
#include "diff/words.h"

struct loading {
  struct wg_side *side;
  const char *path;
  struct wg_load_options options;
  struct wg_err err;
  int code;
  struct wg_progress progress;
  struct wg_laws *laws;
};

static void *load(void *arg) {
  struct loading *l = arg;
  const struct wg_watch watch = wg_laws_watch(l->laws);
  l->code = wg_side_load(l->side, l->path, &l->options, &watch, &l->progress, &l->err);
  wg_laws_finish(l->laws, l->side);
  return NULL;
}

// Both sides at once; neither knows of the other.
static int load_both(struct wg_side *a, const char *pa, struct wg_side *b, const char *pb, struct wg_laws laws[2],
                     const struct wg_diff_options *o, struct wg_err *err) {
  // The one that this thread reads tells of its progress for both.
  struct loading l[2] = {
      {a, pa, {o->ignore, o->keep, o->reading}, {0}, WG_OK, {o->progress, o->progress_ctx}, &laws[0]},
      {b, pb, {o->ignore, o->keep, o->reading}, {0}, WG_OK, {NULL, NULL}, &laws[1]}};
  pthread_t other;
  bool threaded = pthread_create(&other, NULL, load, &l[1]) == 0;
  load(&l[0]);
  if (threaded)
    pthread_join(other, NULL);
  else
    load(&l[1]);
  for (int i = 0; i < 2; i++)
    if (l[i].code != WG_OK) return wg_fail(err, l[i].code, "%s", l[i].err.msg);
  return WG_OK;
}

static int compare(struct wg_pairing *p, struct wg_side *a, struct wg_side *b, const struct wg_rules *rules,
                   const char *map, struct wg_err *err) {
  p->rules = rules;
  p->map = map;
  wg_pairing_init(p, a, b);
  WG_TRY(wg_match_threads(p, err));
  wg_align(p);
  return WG_OK;
}

// The title's first thread, if the log tells where it starts.
static const struct wg_dthread *main_thread(const struct wg_side *s) {
  const struct wg_dthread *first = NULL;
  for (size_t i = 0; i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    if (t->tid == 0 || t->calls == 0 || t->host) continue;
    if (!t->created || t->entry == 0) return NULL;
    if (first == NULL) first = t;
  }
  return first;
}

static bool of_title(const struct wg_dthread *t) { return t->tid && t->entry && t->created && t->calls && !t->host; }

// Where no main thread tells where it starts: each makes several threads, and none of one starts where one of the other
// does.
static bool no_entry_in_common(const struct wg_pairing *p) {
  size_t n[2] = {0, 0};
  struct wg_map entries = {0};
  uint64_t known;
  bool common = false;
  for (int side = 0; side < 2; side++)
    for (size_t i = 0; i < p->s[side]->nthreads; i++) {
      const struct wg_dthread *t = &p->s[side]->threads[i];
      if (!of_title(t)) continue;
      n[side]++;
      if (side == 0) wg_map_put(&entries, t->entry, 1);
      common |= side == 1 && wg_map_get(&entries, t->entry, &known);
    }
  wg_map_release(&entries);
  return n[0] > 1 && n[1] > 1 && !common;
}

// Another title on one side: nothing that it does is a difference.
static int check_title(const struct wg_pairing *p, struct wg_err *err) {
  const struct wg_dthread *a = main_thread(p->s[0]), *b = main_thread(p->s[1]);
  uint32_t peer = a ? p->peer[0][a - p->s[0]->threads] : WG_NONE;
  bool paired = a && b && peer != WG_NONE && p->pairs[peer].t[1] == (uint32_t)(b - p->s[1]->threads);
  bool by_user = paired && strcmp(p->pairs[peer].how, "user") == 0, any = false;
  if (a && b && a->entry != b->entry && !by_user)
    return wg_fail(
        err, WG_INPUT,
        "%s and %s seem to be of different titles: their main threads start at 0x%08x and 0x%08x; compare two "
        "runs of one title, or say with --map which threads are the same",
        p->s[0]->path, p->s[1]->path, a->entry, b->entry);
  if (p->map == NULL && no_entry_in_common(p))
    return wg_fail(err, WG_INPUT,
                   "%s and %s seem to be of different titles: no thread that one makes starts where one of the other "
                   "does; compare two runs of one title, or say with --map which threads are the same",
                   p->s[0]->path, p->s[1]->path);
  for (size_t i = 0; i < p->npairs; i++)
    any |= p->s[0]->threads[p->pairs[i].t[0]].calls && p->s[1]->threads[p->pairs[i].t[1]].calls;
  if (!any)
    return wg_fail(
        err, WG_INPUT,
        "%s and %s: no thread of one is like any of the other, so there is nothing to compare; say with --map "
        "which are the same",
        p->s[0]->path, p->s[1]->path);
  return WG_OK;
}

// What a further reference shows is noise only if it is a run of the same title.
static int learn_noise(struct wg_noise *noise, const char *path, struct wg_side *b, const struct wg_rules *rules,
                       const struct wg_diff_options *o, struct wg_err *err) {
  struct wg_side other = {0};
  struct wg_pairing p = {0};
  const struct wg_progress progress = {o->progress, o->progress_ctx};
  const struct wg_load_options options = {o->ignore, o->keep, o->reading};
  int code = wg_side_load(&other, path, &options, NULL, &progress, err);
  if (code == WG_OK) code = wg_side_check_calls(&other, "compare", err);
  if (code == WG_OK) code = compare(&p, &other, b, rules, NULL, err);
  if (code == WG_OK) code = check_title(&p, err);
  if (code == WG_OK) wg_noise_learn(noise, &p);
  if (p.s[0]) wg_pairing_release(&p);
  wg_side_release(&other);
  return code;
}

struct run {
  struct wg_side sides[2];
  struct wg_laws laws[2];
  struct wg_pairing p;
  struct wg_rules rules;
  struct wg_noise noise;
  struct wg_causes causes;
  struct wg_stopped stopped; // where nothing else differs
};

static int check_thread(const struct wg_side *s, const struct wg_diff_options *o, struct wg_err *err) {
  bool known = o->thread < 0 || (o->thread <= (long)UINT32_MAX && wg_side_thread(s, (uint32_t)o->thread));
  return known ? WG_OK : wg_side_no_thread(s, "--thread", (uint64_t)o->thread, err);
}

// The same with the sides changed. Of what a user says of threads, or further references show, it knows nothing.
static int ask_mirrored(struct run *r, struct wg_err *err) {
  struct wg_pairing q = {0};
  struct wg_causes causes = {0};
  int code = compare(&q, &r->sides[1], &r->sides[0], &r->rules, NULL, err);
  if (code == WG_OK) {
    wg_add_breaches(&q, &r->laws[1], &r->laws[0]);
    wg_find_first(&q);
    wg_mask_tries(&q);
    wg_causes_find(&q, &causes);
    wg_mirror_add(&r->p, &r->causes, &q, &causes);
  }
  wg_causes_release(&causes);
  wg_pairing_release(&q);
  return code;
}

// What comes before the beginning of a log is not left out by its title.
static int check_begins(const struct wg_pairing *p, struct wg_err *err) {
  for (int side = 0; side < 2; side++) {
    uint64_t before = 0;
    char calls[64] = "its like is not found in";
    const struct wg_dthread *t = wg_begins_late(p, side, &before);
    if (t == NULL) continue;
    if (before) snprintf(calls, sizeof calls, "%llu calls come before its first one in", (unsigned long long)before);
    return wg_fail(err, WG_INPUT,
                   "%s: begins in the middle of a run: thread %u calls before anything tells that it is there, and %s "
                   "%s; what is missing cannot be told from what came before (give the log from its beginning)",
                   p->s[side]->path, t->tid, calls, p->s[!side]->path);
  }
  return WG_OK;
}

static int run_all(struct run *r, const char *a, const char *b, const char *const *more, size_t nmore,
                   const struct wg_diff_options *o, struct wg_err *err) {
  WG_TRY(wg_rules_load(&r->rules, o->rules, err));
  WG_TRY(load_both(&r->sides[0], a, &r->sides[1], b, r->laws, o, err));
  for (int i = 0; i < 2; i++) WG_TRY(wg_side_check_calls(&r->sides[i], "compare", err));
  WG_TRY(check_thread(&r->sides[0], o, err));
  for (size_t i = 0; i < nmore; i++) WG_TRY(learn_noise(&r->noise, more[i], &r->sides[1], &r->rules, o, err));
  WG_TRY(compare(&r->p, &r->sides[0], &r->sides[1], &r->rules, o->map, err));
  WG_TRY(check_title(&r->p, err));
  WG_TRY(check_begins(&r->p, err));
  wg_add_breaches(&r->p, &r->laws[0], &r->laws[1]);
  wg_find_first(&r->p);
  wg_mask_tries(&r->p);
  wg_noise_mask(&r->noise, &r->p);
  wg_causes_find(&r->p, &r->causes);
  if (nmore == 0 && o->map == NULL && wg_mirror_wanted(&r->p, &r->causes)) WG_TRY(ask_mirrored(r, err));
  if (r->causes.n == 0) wg_stopped_find(&r->p, &r->stopped);
  if (!r->stopped.found) wg_causes_first(&r->p, &r->causes);
  struct wg_buf how = {0};
  bool titles = wg_titles_differ(&r->p, &how);
  wg_buf_release(&how);
  return r->causes.n || r->stopped.found || titles ? WG_DIFFERS : WG_OK;
}

static void release(struct run *r) {
  wg_causes_release(&r->causes);
  wg_stopped_release(&r->stopped);
  if (r->p.s[0]) wg_pairing_release(&r->p);
  for (int i = 0; i < 2; i++) {
    wg_side_release(&r->sides[i]);
    wg_laws_release(&r->laws[i]);
  }
  wg_rules_release(&r->rules);
  wg_noise_release(&r->noise);
}

// Where nothing differs, but not all could be compared, that is no "no difference".
static int all_compared(const struct run *r, int code, struct wg_err *err) {
  for (int i = 0; i < 2 && code == WG_OK; i++)
    if (r->sides[i].left_out)
      code = wg_fail(err, WG_INPUT, "%s: not all of it was compared: %s", r->sides[i].path, r->sides[i].damage);
  return code;
}

int wg_diff(const char *a, const char *b, const char *const *more, size_t nmore, const struct wg_diff_options *o,
            struct wg_buf *out, struct wg_err *err) {
  struct run r = {0};
  int code = run_all(&r, a, b, more, nmore, o, err);
  if (code == WG_OK || code == WG_DIFFERS) {
    if (o->format == WG_DIFF_JSON)
      wg_report_json(&r.p, &r.causes, &r.stopped, o, out);
    else
      wg_report_text(&r.p, &r.causes, &r.stopped, o, out);
    code = all_compared(&r, code, err);
  }
  release(&r);
  return code;
}

void wg_diff_reports_release(struct wg_diff_reports *r) {
  struct wg_buf *all[] = {&r->markdown, &r->json, &r->answer, &r->damage[0], &r->damage[1]};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) wg_buf_release(all[i]);
}

int wg_diff_all(const char *a, const char *b, const char *const *more, size_t nmore, const struct wg_diff_options *opt,
                struct wg_diff_reports *all, struct wg_err *err) {
  struct run r = {0};
  struct wg_diff_options o = *opt;
  int code = run_all(&r, a, b, more, nmore, &o, err);
  if (code == WG_OK || code == WG_DIFFERS) {
    o.format = WG_DIFF_MARKDOWN;
    wg_report_text(&r.p, &r.causes, &r.stopped, &o, &all->markdown);
    wg_report_json(&r.p, &r.causes, &r.stopped, &o, &all->json);
    wg_report_answer(&r.p, &r.causes, &r.stopped, &all->answer);
    for (int i = 0; i < 2; i++) wg_report_damage(&r.p, i, &all->damage[i]);
  }
  release(&r);
  return code;
}
