#include "probe/callers.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/vec.h"
#include "emu/cpu/cpu.h"
#include "trace/reader.h"

struct counting {
  struct wg_callers *out;
  struct wg_map at; // site and thread -> index
  struct wg_travel *t;
};

void wg_callers_release(struct wg_callers *c) {
  free(c->list);
  wg_buf_release(&c->damage);
  *c = (struct wg_callers){.n = 0};
}

static void count(struct counting *k, uint32_t lr, const struct wg_call_at *at) {
  struct wg_callers *c = k->out;
  uint64_t key = (uint64_t)(lr - 4) << 32 | at->tid, i;
  c->total++;
  if (!wg_map_get(&k->at, key, &i)) {
    WG_VEC_ROOM(c->list, c->room, c->n + 1);
    i = c->n++;
    c->list[i] = (struct wg_caller){.site = lr - 4, .tid = at->tid, .first = *at};
    wg_map_put(&k->at, key, i);
  }
  c->list[i].count++;
  c->list[i].last = *at;
}

static int more(const void *x, const void *y) {
  const struct wg_caller *a = x, *b = y;
  if (a->count != b->count) return a->count < b->count ? 1 : -1;
  if (a->site != b->site) return a->site < b->site ? -1 : 1;
  return (a->tid > b->tid) - (a->tid < b->tid);
}

static void sort_callers(struct counting *k) {
  if (k->out->n) qsort(k->out->list, k->out->n, sizeof *k->out->list, more);
  wg_map_release(&k->at);
}

int wg_callers_of_export(const char *dir, const char *name, struct wg_callers *out, struct wg_err *err) {
  struct counting k = {.out = out};
  struct wg_reader *r;
  struct wg_event e;
  *out = (struct wg_callers){.n = 0};
  WG_TRY(wg_reader_open(&r, dir, err));
  while (wg_reader_next(r, &e)) {
    const char *called = e.kind == WG_EV_KERNEL_CALL ? wg_ev_text(&e, WG_K_NAME) : NULL;
    uint64_t lr = 0;
    if (called == NULL || strcmp(called, name) != 0 || !wg_ev_u64(&e, WG_K_LR, &lr)) continue;
    count(&k, (uint32_t)lr, &(struct wg_call_at){e.tid, e.idx, e.cycle, e.host_ns});
  }
  if (wg_reader_damage(r)) wg_buf_str(&out->damage, wg_reader_damage(r));
  wg_reader_close(r);
  sort_callers(&k);
  return WG_OK;
}

static bool on_break(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  struct counting *k = ctx;
  struct wg_machine_where at;
  wg_machine_where(wg_travel_machine(k->t), &at);
  count(k, (uint32_t)c->lr, &(struct wg_call_at){tid, at.idx, at.cycle, at.now_ns});
  return false;
}

int wg_callers_of_function(struct wg_travel *t, uint32_t pc, struct wg_callers *out, struct wg_err *err) {
  struct counting k = {.out = out, .t = t};
  const struct wg_travel_hooks h = {.at_break = on_break, .pcs = &pc, .npcs = 1, .ctx = &k};
  enum wg_halt why;
  bool there;
  *out = (struct wg_callers){.n = 0};
  int code = wg_travel_enter(t, SIZE_MAX, NULL, err);
  if (code == WG_OK) code = wg_travel_run(t, &h, NULL, &why, &there, err);
  sort_callers(&k);
  if (code != WG_OK) wg_callers_release(out);
  return code;
}
