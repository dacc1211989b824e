#include "diff/hang.h"

#include <stdlib.h>
#include <string.h>

#include "diff/hang_judge.h"

// -- who is missed --

// A run that ended by itself is healthy whatever still waits; one that an exception stopped has its own cause.
static bool ended_by_itself(const struct wg_judge *j) {
  static const char *const reasons[] = {"exit", "exception", "unimplemented", "error"};
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
    if (strcmp(wg_str(&j->f.side, j->f.side.reason), reasons[i]) == 0) return true;
  for (uint32_t i = 0; i < j->f.side.nthreads; i++) {
    const struct wg_hthread *t = at(j, i);
    if (j->f.side.threads[i].crashed) return true;
    if (!t->exited && t->now.call.name && t->now.effect == WG_E_FIRMWARE) return true;
  }
  return false;
}

// Frames are swapped up to the end by a thread that moves.
static bool frames_elsewhere(const struct wg_judge *j) {
  uint32_t u = j->f.swap_thread;
  return u != WG_NONE && u != j->f.main && !j->m[u].stuck && (uint64_t)j->f.swap_seq * 4 > (uint64_t)j->f.end_seq * 3;
}

static bool wants_lock(const struct wg_judge *j, uint32_t thread) {
  uint32_t i = 0, o;
  while ((o = wg_judge_lacking(j, thread, &i)) != WG_NONE)
    if (wg_judge_is_lock(j, o) && wg_judge_needs(j, o, thread) != WG_NONE) return true;
  return false;
}

static void judge_missed(struct wg_judge *j) {
  uint32_t m = j->f.main, members[64];
  bool main_ended = m == WG_NONE || at(j, m)->exited;
  if (!main_ended && !frames_elsewhere(j) && (j->m[m].stuck || j->m[m].spin)) wg_judge_thread(j, m);
  for (uint32_t i = 0; i < j->f.side.nthreads; i++) {
    uint32_t n = 64;
    if (!j->m[i].stuck || !at(j, i)->now.wait.open || at(j, i)->suspends) continue;
    if (wants_lock(j, i) || wg_judge_circle(j, i, members, &n)) wg_judge_thread(j, i);
  }
  // Missed or not, no call does that; of another engine, which may wait without a word, where something hangs.
  bool hangs = j->nverdicts != 0;
  for (uint32_t i = 0; i < j->f.side.nthreads; i++)
    if (j->m[i].spin == WG_SPIN_IN_CALL && (hangs || j->f.side.virtual_clock)) wg_judge_thread(j, i);
  if (main_ended && wg_side_wedged(&j->f.side))
    for (uint32_t i = 0; i < j->f.side.nthreads; i++)
      if (j->m[i].stuck) wg_judge_thread(j, i);
}

// -- circles through signals --

static struct wg_verdict *verdict_of(const struct wg_judge *j, uint32_t thread) {
  for (size_t i = 0; i < j->nverdicts; i++)
    if (j->verdicts[i].thread == thread) return &j->verdicts[i];
  return NULL;
}

// Threads that each wait for the next, by locks, joins and signals, until one waits for the first: nobody is the root,
// all are.
static void close_circles(struct wg_judge *j) {
  for (size_t i = 0; i < j->nverdicts; i++) {
    struct wg_verdict *first = &j->verdicts[i], *v = first;
    size_t n = 0;
    do v = v->because == WG_NONE ? NULL : verdict_of(j, v->because);
    while (v && v != first && v->cls == WG_HANG_WAITS && ++n < j->nverdicts);
    if (v != first || first->cls != WG_HANG_WAITS) continue;
    do {
      struct wg_verdict *next = verdict_of(j, v->because);
      v->cls = WG_HANG_CIRCULAR;
      v->root = true;
      wg_buf_printf(&v->why, ", in the same circle");
      v = next;
    } while (v != first);
  }
}

// -- ranking --

static uint64_t since(const struct wg_judge *j, const struct wg_verdict *v) {
  const struct wg_hthread *t = at(j, v->thread);
  return t->now.wait.open ? t->now.wait.ns : t->last_ns;
}

static int compare_verdicts(const struct wg_judge *j, const struct wg_verdict *a, const struct wg_verdict *b) {
  int ra = wg_hang_classes[a->cls].rank, rb = wg_hang_classes[b->cls].rank;
  if (a->root != b->root) return a->root ? -1 : 1;
  if (ra != rb) return ra < rb ? -1 : 1;
  if (since(j, a) != since(j, b)) return since(j, a) < since(j, b) ? -1 : 1;
  return j->f.side.threads[a->thread].tid < j->f.side.threads[b->thread].tid ? -1 : 1;
}

static void rank(struct wg_judge *j) { // few, and mostly in order
  for (size_t i = 1; i < j->nverdicts; i++) {
    struct wg_verdict v = j->verdicts[i];
    size_t k = i;
    for (; k > 0 && compare_verdicts(j, &v, &j->verdicts[k - 1]) < 0; k--) j->verdicts[k] = j->verdicts[k - 1];
    j->verdicts[k] = v;
  }
}

static void release(struct wg_judge *j) {
  for (size_t i = 0; i < j->nverdicts; i++) wg_buf_release(&j->verdicts[i].why);
  free(j->verdicts);
  free(j->m);
  free(j->free);
  free(j->seen);
  wg_facts_release(&j->f);
}

static int judge(struct wg_judge *j, struct wg_err *err) {
  WG_TRY(wg_facts_load(&j->f, j->path, &j->opt->reading, err));
  WG_TRY(wg_side_check_calls(&j->f.side, "judge", err));
  wg_judge_motion(j);
  if (!ended_by_itself(j)) judge_missed(j);
  close_circles(j);
  rank(j);
  return j->nverdicts ? WG_DIFFERS : WG_OK;
}

int wg_hang(const char *path, const struct wg_hang_options *opt, struct wg_buf *out, struct wg_err *err) {
  struct wg_judge j = {.opt = opt, .path = path};
  int code = judge(&j, err);
  if (code == WG_OK || code == WG_DIFFERS) {
    if (opt->json)
      wg_hang_json(&j, out);
    else
      wg_hang_text(&j, out);
    const struct wg_side *s = &j.f.side;
    size_t made, callers;
    if (code == WG_OK && s->left_out)
      code = wg_fail(err, WG_INPUT, "%s: not all of it was judged: %s", path, s->damage);
    else if (code == WG_OK && wg_side_tells_apart(s, &made, &callers))
      code =
          wg_fail(err, WG_INPUT,
                  "%s: who waits for whom is not known: nothing is heard again of the %zu thread%s that are made, and "
                  "%zu threads call that nobody made; it tells them by other numbers",
                  path, made, made == 1 ? "" : "s", callers - 1);
  }
  release(&j);
  return code;
}

int wg_hang_verdicts(const char *path, const struct wg_reading *reading, struct wg_hang_list *out, struct wg_err *err) {
  const struct wg_hang_options none = {.reading = *reading};
  struct wg_judge j = {.opt = &none, .path = path};
  int code = judge(&j, err);
  *out = (struct wg_hang_list){.list = wg_xcalloc(j.nverdicts + 1, sizeof *out->list), .n = j.nverdicts};
  for (size_t i = 0; i < j.nverdicts; i++) {
    const struct wg_verdict *v = &j.verdicts[i];
    out->list[i] = (struct wg_hang_said){
        .tid = j.f.side.threads[v->thread].tid, .root = v->root, .cls = wg_hang_classes[v->cls].name};
    wg_hang_put_words(&j, v, &out->list[i].words);
  }
  release(&j);
  return code;
}

void wg_hang_verdicts_release(struct wg_hang_list *l) {
  for (size_t i = 0; i < l->n; i++) wg_buf_release(&l->list[i].words);
  free(l->list);
  *l = (struct wg_hang_list){0};
}
