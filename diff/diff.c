#include "diff/diff.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "diff/causes.h"
#include "diff/laws.h"
#include "diff/noise.h"
#include "diff/report.h"
#include "diff/rules.h"

struct loading {
  struct wg_side *side;
  const char *path, *ignore;
  struct wg_err err;
  int code;
  struct wg_progress progress;
  struct wg_laws *laws;
};

static void *load(void *arg) {
  struct loading *l = arg;
  const struct wg_watch watch = wg_laws_watch(l->laws);
  l->code = wg_side_load(l->side, l->path, l->ignore, &watch, &l->progress, &l->err);
  wg_laws_finish(l->laws, l->side);
  return NULL;
}

// Both sides at once; neither knows of the other.
static int load_both(struct wg_side *a, const char *pa, struct wg_side *b, const char *pb, struct wg_laws laws[2],
                     const struct wg_diff_options *o, struct wg_err *err) {
  // The one that this thread reads tells of its progress for both.
  struct loading l[2] = {{a, pa, o->ignore, {0}, WG_OK, {o->progress, o->progress_ctx}, &laws[0]},
                         {b, pb, o->ignore, {0}, WG_OK, {NULL, NULL}, &laws[1]}};
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

static int learn_noise(struct wg_noise *noise, const char *path, struct wg_side *b, const struct wg_rules *rules,
                       const struct wg_diff_options *o, struct wg_err *err) {
  struct wg_side other = {0};
  struct wg_pairing p = {0};
  const struct wg_progress progress = {o->progress, o->progress_ctx};
  int code = wg_side_load(&other, path, o->ignore, NULL, &progress, err);
  if (code == WG_OK) code = compare(&p, &other, b, rules, NULL, err);
  if (code == WG_OK) wg_noise_learn(noise, &p);
  if (p.s[0]) wg_pairing_release(&p);
  wg_side_release(&other);
  return code;
}

static int check_calls(const struct wg_side *s, struct wg_err *err) {
  if (s->calls) return WG_OK;
  return wg_fail(
      err, WG_INPUT,
      "%s: records no kernel calls, so there is nothing to compare%s%s. A stock xenia-canary log has them with "
      "log_level = 3 (and log_high_frequency_kernel_calls = true for all of them)",
      s->path, s->damage[0] ? "; it is damaged: " : "", s->damage);
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

// True: they differ.
static bool put_report(const struct wg_pairing *p, const struct wg_causes *c, const struct wg_diff_options *o,
                       struct wg_buf *out) {
  struct wg_stopped stopped = {0};
  if (c->n == 0) wg_stopped_find(p, &stopped);
  if (o->format == WG_DIFF_JSON)
    wg_report_json(p, c, &stopped, out);
  else
    wg_report_text(p, c, &stopped, o, out);
  bool differs = c->n || stopped.found;
  wg_stopped_release(&stopped);
  return differs;
}

int wg_diff(const char *a, const char *b, const char *const *more, size_t nmore, const struct wg_diff_options *o,
            struct wg_buf *out, struct wg_err *err) {
  struct wg_side sides[2] = {{0}, {0}};
  struct wg_pairing p = {0};
  struct wg_rules rules = {0};
  struct wg_noise noise = {0};
  struct wg_laws laws[2] = {{0}, {0}};
  int code = wg_rules_load(&rules, o->rules, err);
  if (code == WG_OK) code = load_both(&sides[0], a, &sides[1], b, laws, o, err);
  for (int i = 0; i < 2 && code == WG_OK; i++) code = check_calls(&sides[i], err);
  for (size_t i = 0; i < nmore && code == WG_OK; i++) code = learn_noise(&noise, more[i], &sides[1], &rules, o, err);
  if (code == WG_OK) code = compare(&p, &sides[0], &sides[1], &rules, o->map, err);
  if (code == WG_OK) code = check_title(&p, err);
  if (code == WG_OK) {
    struct wg_causes causes;
    wg_add_breaches(&p, &laws[0], &laws[1]);
    wg_find_first(&p);
    wg_noise_mask(&noise, &p);
    wg_causes_find(&p, &causes);
    if (put_report(&p, &causes, o, out)) code = WG_DIFFERS;
    wg_causes_release(&causes);
  }
  if (p.s[0]) wg_pairing_release(&p);
  for (int i = 0; i < 2; i++) {
    wg_side_release(&sides[i]);
    wg_laws_release(&laws[i]);
  }
  wg_rules_release(&rules);
  wg_noise_release(&noise);
  return code;
}
