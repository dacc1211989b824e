// Recorded branches of a run, decoded.
#include <string.h>

#include "replay/manifest.h"
#include "replay/walk.h"
#include "trace/reader.h"

struct listing {
  const struct wg_branch_window *window;
  const struct wg_machine *machine;
  bool (*step)(void *ctx, const struct wg_walk_step *s);
  void *ctx;
  bool done;
};

static bool fetch(void *ctx, uint32_t pc, uint32_t *word) {
  const struct listing *l = ctx;
  return wg_machine_fetch(l->machine, pc, word);
}

static bool within(void *ctx, const struct wg_walk_step *s) {
  struct listing *l = ctx;
  if (s->cycle < l->window->from) return true;
  if (s->cycle >= l->window->until) return false;
  if (l->step(l->ctx, s)) return true;
  l->done = true;
  return false;
}

static int list(struct listing *l, struct wg_branches_reader *r, struct wg_err *err) {
  const struct wg_branch_window *w = l->window;
  const struct wg_walk walk = {fetch, within, l};
  struct wg_branch_packet p;
  while (!l->done && wg_branches_next(r, &p)) {
    if (w->tid != UINT64_MAX && p.tid != w->tid) continue;
    if (p.cycle >= w->until || p.cycle + p.instructions <= w->from) continue;
    WG_TRY(wg_walk_packet(&walk, &p, err));
  }
  const char *damage = wg_branches_damage(r);
  return damage ? wg_fail(err, WG_INPUT, "%s", damage) : WG_OK;
}

int wg_run_branches(const char *dir, const struct wg_branch_window *w,
                    bool (*step)(void *ctx, const struct wg_walk_step *s), void *ctx, struct wg_err *err) {
  struct wg_manifest man;
  struct wg_machine *m = NULL;
  struct wg_branches_reader *r = NULL;
  struct wg_buf path = {0};
  wg_buf_printf(&path, "%s/branches.zst", dir);
  WG_TRY(wg_manifest_read(dir, &man, err));
  int code = wg_branches_open(&r, path.data, err);
  wg_buf_release(&path);
  // A machine that does not run: the title in memory, its imports patched.
  if (code == WG_OK) code = wg_machine_create(&m, &man.cfg, &(struct wg_observer){0}, err);
  if (code == WG_OK) {
    struct listing l = {w, m, step, ctx, false};
    code = list(&l, r, err);
  }
  wg_machine_free(m);
  wg_branches_close_file(r);
  wg_manifest_release(&man);
  return code;
}

int wg_run_event_cycle(const char *dir, uint64_t tid, uint64_t idx, uint64_t *cycle, struct wg_err *err) {
  struct wg_reader *r;
  struct wg_event e;
  bool found = false;
  WG_TRY(wg_reader_open(&r, dir, err));
  while (!found && wg_reader_next(r, &e)) found = e.tid == tid && e.idx == idx;
  if (found) *cycle = e.cycle;
  wg_reader_close(r);
  return found ? WG_OK
               : wg_fail(err, WG_INPUT, "%s: thread %llu has no event %llu", dir, (unsigned long long)tid,
                         (unsigned long long)idx);
}
