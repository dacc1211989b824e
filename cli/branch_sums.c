// How often each thread took each conditional branch of a run: for its database.
#include <stdlib.h>
#include <sys/stat.h>

#include "base/map.h"
#include "base/vec.h"
#include "cli/cli.h"
#include "emu/cpu/cpu.h"
#include "replay/run.h"
#include "replay/walk.h"
#include "trace/store.h"

#define NONE UINT32_MAX
#define LATEST 8192u // places whose sums were asked for last

struct sum {
  struct wg_store_branch b;
  uint32_t next; // other code at the same place
};

struct sums {
  struct wg_map of; // by thread and place
  uint32_t latest[LATEST];
  struct sum *list;
  size_t n, cap;
  uint64_t steps;
  bool ended; // by a signal
};

static struct wg_store_branch *find_sum(struct sums *s, const struct wg_walk_step *at) {
  uint64_t key = (uint64_t)at->tid << 32 | at->pc, first;
  bool known = wg_map_get(&s->of, key, &first);
  for (uint64_t i = known ? first : NONE; i != NONE; i = s->list[i].next)
    if (s->list[i].b.word == at->word) return &s->list[i].b;
  WG_VEC_ROOM(s->list, s->cap, s->n + 1);
  struct sum *new = &s->list[s->n];
  *new = (struct sum){.b = {.tid = at->tid, .pc = at->pc, .word = at->word, .first_cycle = at->cycle},
                      .next = known ? (uint32_t)first : NONE};
  wg_map_put(&s->of, key, s->n++);
  return &new->b;
}

static struct wg_store_branch *sum_of(struct sums *s, const struct wg_walk_step *at) {
  uint32_t *latest = &s->latest[(at->pc / 4 ^ at->tid * 977) % LATEST];
  struct wg_store_branch *b = *latest < s->n ? &s->list[*latest].b : NULL;
  if (b && b->pc == at->pc && b->tid == at->tid && b->word == at->word) return b;
  b = find_sum(s, at);
  *latest = (uint32_t)((const struct sum *)(const void *)b - s->list); // b is its first member
  return b;
}

static void add_step(struct sums *s, const struct wg_walk_step *at, uint64_t times, uint64_t last_cycle) {
  if (wg_branch_form(at->word) == WG_BRANCH_NONE || !wg_branch_decides(at->word)) return;
  struct wg_store_branch *b = sum_of(s, at);
  *(at->taken ? &b->taken : &b->not_taken) += times;
  b->last_cycle = last_cycle;
  if (at->taken) b->target = at->target;
}

static bool step(void *ctx, const struct wg_walk_step *at) {
  struct sums *s = ctx;
  if (s->steps++ % 65536 == 0 && !wg_cli_go_on()) s->ended = true;
  if (s->ended) return false;
  add_step(s, at, 1, at->cycle);
  return true;
}

static void again(void *ctx, const struct wg_walk_round *r) {
  for (size_t i = 0; i < r->n; i++) add_step(ctx, &r->steps[i], r->times, r->steps[i].cycle + r->times * r->length);
}

static int by_place(const void *x, const void *y) {
  const struct wg_store_branch *a = &((const struct sum *)x)->b, *b = &((const struct sum *)y)->b;
  if (a->tid != b->tid) return a->tid < b->tid ? -1 : 1;
  if (a->pc != b->pc) return a->pc < b->pc ? -1 : 1;
  return a->word < b->word ? -1 : a->word > b->word;
}

// A record of branches that ends too soon: what it has is told. (One that other code does not explain is not this
// run's.)
static bool is_cut(const char *run) {
  struct wg_branches_reader *r;
  struct wg_branch_packet p;
  struct wg_err unsaid = {0};
  struct wg_buf path = {0};
  wg_buf_printf(&path, "%s/branches.zst", run);
  bool cut = wg_branches_open(&r, path.data, &unsaid) == WG_OK;
  wg_buf_release(&path);
  if (!cut) return false;
  while (wg_branches_next(r, &p)) continue;
  cut = wg_branches_damage(r) != NULL;
  wg_branches_close_file(r);
  return cut;
}

int wg_cli_branch_sums(const char *run, struct wg_store_branches *to, struct wg_buf *damage, struct wg_err *err) {
  struct sums s = {.n = 0};
  struct stat st;
  const struct wg_branch_window all = {UINT64_MAX, 0, UINT64_MAX};
  if (stat(run, &st) == 0 && !S_ISDIR(st.st_mode))
    return wg_fail(err, WG_INPUT, "%s: only a run's folder has a record of branches, which --branches asks for", run);
  struct wg_err why = {0};
  int code = wg_run_branches(run, &all, &(struct wg_walk_taker){step, again, &s}, &why);
  if (code == WG_OK && s.ended) code = wg_fail(&why, WG_INPUT, "interrupted");
  if (code != WG_OK && !s.ended && is_cut(run)) {
    wg_buf_str(damage, why.msg);
    code = WG_OK;
  }
  if (code != WG_OK) *err = why;
  if (s.n) qsort(s.list, s.n, sizeof *s.list, by_place);
  for (size_t i = 0; code == WG_OK && i < s.n; i++) {
    char text[96];
    wg_disasm(s.list[i].b.word, s.list[i].b.pc, text, sizeof text);
    s.list[i].b.text = text;
    wg_store_branch(to, &s.list[i].b);
  }
  wg_map_release(&s.of);
  free(s.list);
  return code;
}
