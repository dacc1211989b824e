// Recorded branches of a run, decoded.
#include <string.h>

#include "replay/manifest.h"
#include "replay/walk.h"
#include "trace/reader.h"

struct listing {
  const struct wg_branch_window *window;
  const struct wg_machine *machine;
  const struct wg_walk_taker *to;
  struct wg_walk_taker through; // to `to`, within the window
  struct wg_walk walk;
  bool done;
  uint64_t recorded, covered; // packets, and the cycle up to which those of the window's thread go
  // Walking while the machine runs:
  uint64_t skip, seen; // packets that were dealt with before; of all
  int code;
  struct wg_err *err;
};

static bool fetch(void *ctx, uint32_t pc, uint32_t *word) {
  const struct listing *l = ctx;
  return wg_machine_fetch(l->machine, pc, word);
}

static bool within(void *ctx, const struct wg_walk_step *s) {
  struct listing *l = ctx;
  if (s->cycle < l->window->from) return true;
  if (s->cycle >= l->window->until) return false;
  if (l->to->step(l->to->ctx, s)) return true;
  l->done = true;
  return false;
}

static bool wanted(const struct wg_branch_window *w, const struct wg_branch_packet *p) {
  if (w->tid != UINT64_MAX && p->tid != w->tid) return false;
  return p->cycle < w->until && p->cycle + p->instructions > w->from;
}

// A record that ends too soon matters if the window goes on beyond it.
static int check_covered(const struct listing *l, const struct wg_branches_reader *r, struct wg_err *err) {
  const struct wg_branch_window *w = l->window;
  const char *damage = wg_branches_damage(r);
  if (damage == NULL || l->done || (w->tid != UINT64_MAX && l->covered >= w->until)) return WG_OK;
  if (w->tid == UINT64_MAX)
    return wg_fail(err, WG_INPUT, "%s: it holds %llu packets of branches, and none of what came then", damage,
                   (unsigned long long)l->recorded);
  return wg_fail(err, WG_INPUT,
                 "%s: it holds the branches of thread %llu up to its cycle %llu, and none of what came then", damage,
                 (unsigned long long)w->tid, (unsigned long long)l->covered);
}

// Counts a packet that has been read.
static void count(struct listing *l, const struct wg_branch_packet *p) {
  l->recorded++;
  if (p->tid == l->window->tid && p->cycle + p->instructions > l->covered) l->covered = p->cycle + p->instructions;
}

static void rounds(void *ctx, const struct wg_walk_round *r) {
  const struct listing *l = ctx;
  l->to->again(l->to->ctx, r);
}

static bool whole(void *ctx, const struct wg_walk_step *s) {
  (void)ctx, (void)s;
  return true;
}

static void whole_again(void *ctx, const struct wg_walk_round *r) { (void)ctx, (void)r; }

// Up to a packet that the title's own code does not explain, or the end; l->skip counts those before it.
static int list(struct listing *l, struct wg_branches_reader *r, bool *explained, struct wg_err *err) {
  static const struct wg_walk_taker check = {whole, whole_again, NULL};
  struct wg_branch_packet p;
  struct wg_err unsaid;
  for (; !l->done && wg_branches_next(r, &p); l->skip++) {
    count(l, &p);
    if (!wanted(l->window, &p)) continue;
    *explained = wg_walk_packet(&l->walk, &p, &check, &unsaid) == WG_OK;
    if (!*explained) break;
    WG_TRY(wg_walk_packet(&l->walk, &p, &l->through, err));
  }
  while (!l->done && wg_branches_next(r, &p)) count(l, &p);
  return WG_OK;
}

static void live_packet(void *ctx, const struct wg_branch_packet *p) {
  struct listing *l = ctx;
  bool dealt_with = l->seen++ < l->skip;
  if (dealt_with || l->seen > l->recorded || l->done || l->code != WG_OK || !wanted(l->window, p)) return;
  wg_walk_forget(&l->walk);
  l->code = wg_walk_packet(&l->walk, p, &l->through, l->err);
}

static bool live_event(void *ctx, const struct wg_event *e) {
  const struct listing *l = ctx;
  (void)e;
  return !l->done && l->code == WG_OK;
}

static bool live_go_on(void *ctx, bool within_call) {
  const struct listing *l = ctx;
  (void)within_call;
  return !l->done && l->code == WG_OK && l->seen < l->recorded;
}

// Code that was loaded or made while the title ran: run it again, and walk each packet while its code is there.
static int list_live(struct listing *l, const struct wg_config *cfg, struct wg_err *err) {
  struct wg_machine *m = NULL;
  l->err = err;
  const struct wg_observer obs = {.event = live_event, .branches = live_packet, .go_on = live_go_on, .ctx = l};
  WG_TRY(wg_machine_create(&m, cfg, &obs, err));
  l->machine = m;
  wg_machine_run(m);
  wg_machine_free(m);
  return l->code;
}

int wg_run_branches(const char *dir, const struct wg_branch_window *w, const struct wg_walk_taker *to,
                    struct wg_err *err) {
  struct wg_manifest man;
  struct wg_machine *m = NULL;
  struct wg_branches_reader *r = NULL;
  struct wg_buf path = {0};
  bool explained = true;
  WG_TRY(wg_manifest_read(dir, NULL, &man, err));
  int code = wg_reader_check_schema(dir, err);
  wg_buf_printf(&path, "%s/branches.zst", dir);
  if (code == WG_OK) code = wg_manifest_check_files(&man, dir, err);
  if (code == WG_OK) code = wg_branches_open(&r, path.data, err);
  wg_buf_release(&path);
  // A machine that does not run: the title in memory, its imports patched.
  if (code == WG_OK) code = wg_machine_create(&m, &man.cfg, &(struct wg_observer){0}, err);
  struct listing l = {.window = w, .machine = m, .to = to};
  bool all = w->tid == UINT64_MAX && w->from == 0 && w->until == UINT64_MAX;
  l.through = (struct wg_walk_taker){within, all && to->again ? rounds : NULL, &l};
  l.walk = (struct wg_walk){.fetch = fetch, .ctx = &l};
  wg_walk_open(&l.walk);
  if (code == WG_OK) code = list(&l, r, &explained, err);
  wg_machine_free(m);
  wg_walk_forget(&l.walk);
  if (code == WG_OK && !explained) code = list_live(&l, &man.cfg, err);
  if (code == WG_OK) code = check_covered(&l, r, err);
  wg_walk_close(&l.walk);
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
