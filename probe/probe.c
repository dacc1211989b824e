#include "probe/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "probe/calls.h"
#include "probe/hits.h"
#include "probe/outcome.h"
#include "probe/place.h"
#include "probe/record.h"
#include "emu/cpu/regs.h"
#include "probe/watcher.h"
#include "travel/travel.h"

struct probing {
  const struct wg_probe_options *o;
  struct wg_probe_result *out;
  struct wg_travel *t;
  struct wg_record *record;
  struct wg_hits *hits;
  struct wg_calls *calls;
  struct wg_watcher *watcher;
  struct wg_mem_watch *places;
  size_t *point_of; // each place's
  size_t nplaces;
  uint32_t *pcs; // of instructions that are probed, ascending,
  size_t *at_pc; // and those points by their pcs, then as they are numbered
  size_t npcs, nat_pc;
  bool over; // a mismatch, or the record has ended
  struct wg_buf texts[2];
};

// --- conditions -------------------------------------------------------------------------------------------

enum { CYCLE = WG_REGS, TID, IDX, TIME };

enum wg_expr_name wg_probe_find(void *symbols, const char *name, size_t n, uint64_t *value, struct wg_buf *why) {
  static const char *const others[] = {"cycle", "tid", "idx", "time"};
  unsigned which;
  for (unsigned i = 0; i < 4; i++) {
    if (strlen(others[i]) != n || memcmp(others[i], name, n) != 0) continue;
    *value = CYCLE + i;
    return WG_EXPR_ASKED;
  }
  if (!wg_cpu_reg_number(name, n, &which)) return wg_expr_symbol(symbols, name, n, value, why);
  *value = which;
  return WG_EXPR_ASKED;
}

struct moment {
  struct wg_machine *m;
  const struct wg_machine_where *at;
  const struct wg_cpu *cpu; // or NULL
};

static bool value(void *ctx, unsigned number, uint64_t *out, struct wg_err *why) {
  (void)why; // how often that was is told
  const struct moment *now = ctx;
  struct wg_reg reg;
  switch (number) {
  case CYCLE: *out = now->at->cycle; return true;
  case TID: *out = now->at->tid; return true;
  case IDX: *out = now->at->idx; return true;
  case TIME: *out = now->at->now_ns; return true;
  default: break;
  }
  if (now->cpu == NULL) return false;
  wg_cpu_reg(now->cpu, number, &reg);
  *out = reg.bytes == 16 ? (uint64_t)reg.word[2] << 32 | reg.word[3] : reg.value;
  return true;
}

static bool memory(void *ctx, uint32_t addr, unsigned size, uint64_t *out, struct wg_err *why) {
  (void)why;
  const struct moment *now = ctx;
  const struct wg_mem *mem = wg_machine_mem(now->m);
  uint8_t bytes[8];
  if (!mem->committed[addr / WG_PAGE] || !mem->committed[(uint32_t)(addr + size - 1) / WG_PAGE]) return false;
  wg_watcher_bytes(now->m, addr, size, bytes);
  *out = 0;
  for (unsigned i = 0; i < size; i++) *out = *out << 8 | bytes[i];
  return true;
}

// Whether the hit counts.
static bool holds(struct probing *p, size_t point, const struct wg_machine_where *at, const struct wg_cpu *cpu) {
  struct moment now = {wg_travel_machine(p->t), at, cpu};
  const struct wg_expr_env env = {value, memory, &now};
  uint64_t v = 1;
  if (p->o->where && !wg_expr_eval(p->o->where, &env, &v, NULL)) {
    p->out->unknown[point]++;
    return false;
  }
  p->out->hits[point] += v != 0;
  return v != 0;
}

// --- hits -------------------------------------------------------------------------------------------------

static void at_instruction(struct probing *p, size_t i, const struct wg_machine_where *at, const struct wg_cpu *c) {
  static const enum wg_kind kinds[] = {WG_EV_PROBE_EXEC, WG_EV_PROBE_BRANCH, WG_EV_PROBE_CALL};
  const struct wg_probe_point *point = &p->o->points[i];
  struct wg_event e;
  bool taken = false;
  uint32_t target = 0, word;
  if (point->kind == WG_PROBE_BRANCH &&
      (!wg_machine_fetch(wg_travel_machine(p->t), c->pc, &word) || !wg_branch_outcome(c, word, &taken, &target))) {
    p->out->no_branch[i]++;
    return;
  }
  if (!holds(p, i, at, c)) return;
  wg_hits_begin(&e, kinds[point->kind], i + 1, at);
  if (point->kind == WG_PROBE_CALL) {
    wg_buf_clear(&p->texts[0]);
    if (point->name)
      wg_buf_str(&p->texts[0], point->name);
    else
      wg_buf_printf(&p->texts[0], "0x%08x", point->addr);
    wg_ev_str(&e, WG_K_NAME, p->texts[0].data);
  }
  wg_ev_hex(&e, WG_K_PC, c->pc);
  if (point->kind == WG_PROBE_CALL) wg_ev_hex(&e, WG_K_LR, c->lr & UINT32_MAX);
  if (point->kind == WG_PROBE_BRANCH) {
    wg_ev_bool(&e, WG_K_TAKEN, taken);
    wg_ev_hex(&e, WG_K_TARGET, target);
  }
  wg_hits_end(p->hits, &e, c);
}

// The window ends before the instruction.
static bool is_end(const struct wg_position *to, const struct wg_machine_where *at) {
  return to && ((to->kind == WG_AT_INSN && at->retired == to->value) ||
                (to->kind == WG_AT_CYCLE && at->tid == to->tid && at->cycle == to->value));
}

static bool on_break(void *ctx, uint32_t tid, const struct wg_cpu *c) {
  struct probing *p = ctx;
  struct wg_machine_where at;
  (void)tid;
  if (p->watcher) wg_watcher_settle(p->watcher, wg_travel_machine(p->t));
  wg_machine_where(wg_travel_machine(p->t), &at);
  if (is_end(p->o->to, &at)) return false;
  size_t from = 0, to = p->nat_pc;
  while (from < to) {
    size_t middle = from + (to - from) / 2;
    if (p->o->points[p->at_pc[middle]].addr < c->pc)
      from = middle + 1;
    else
      to = middle;
  }
  for (; from < p->nat_pc && p->o->points[p->at_pc[from]].addr == c->pc; from++)
    at_instruction(p, p->at_pc[from], &at, c);
  return false;
}

static bool on_access(void *ctx, uint32_t tid, const struct wg_cpu *c, const struct wg_mem_access *a) {
  struct probing *p = ctx;
  (void)tid;
  wg_watcher_access(p->watcher, wg_travel_machine(p->t), c, a);
  return false;
}

static void on_hit(void *ctx, const struct wg_hit *h) {
  struct probing *p = ctx;
  size_t i = p->point_of[h->place];
  const struct wg_place_range place = {p->places[h->place].addr, p->places[h->place].len};
  const struct wg_place_range shown = wg_hits_shown(h, &place);
  uint32_t at = shown.addr - place.addr;
  const struct wg_cpu *cpu = h->has_cpu ? &h->cpu : NULL;
  const char *name = h->by_code || !h->at.in_turn ? NULL : wg_calls_within(p->calls, h->at.tid, NULL, NULL);
  struct wg_event e;
  if (!holds(p, i, &h->at, cpu)) return;
  wg_hits_begin(&e, h->write ? WG_EV_PROBE_WRITE : WG_EV_PROBE_READ, i + 1, &h->at);
  if (h->by_code) wg_ev_hex(&e, WG_K_PC, h->cpu.pc);
  if (name) wg_ev_str(&e, WG_K_NAME, name);
  if (h->pointer) wg_ev_bool(&e, WG_K_POINTER, true);
  wg_ev_hex(&e, WG_K_ADDR, h->addr);
  wg_ev_dec(&e, WG_K_SIZE, h->len);
  wg_hits_bytes(&e, h->write ? WG_K_OLD : WG_K_VALUE, h->before + at, shown.len, &p->texts[0]);
  if (h->write) wg_hits_bytes(&e, WG_K_NEW, h->now + at, shown.len, &p->texts[1]);
  wg_hits_end(p->hits, &e, cpu);
}

static void called(struct probing *p, const struct wg_event *call, const char *name) {
  struct wg_machine *m = wg_travel_machine(p->t);
  const struct wg_field *args = wg_ev_get(call, WG_K_ARGS);
  struct wg_machine_where at;
  uint64_t lr;
  wg_machine_where(m, &at);
  const struct wg_cpu *c = wg_machine_cpu(m, at.tid);
  for (size_t i = 0; i < p->o->n; i++) {
    const struct wg_probe_point *point = &p->o->points[i];
    struct wg_event e;
    if (!point->kernel || strcmp(point->name, name) != 0 || !holds(p, i, &at, c)) continue;
    wg_hits_begin(&e, WG_EV_PROBE_CALL, i + 1, &at);
    wg_ev_str(&e, WG_K_NAME, name);
    wg_ev_hex(&e, WG_K_PC, at.pc);
    if (wg_ev_u64(call, WG_K_LR, &lr)) wg_ev_hex(&e, WG_K_LR, lr);
    if (args && args->type == WG_F_HEXES) wg_ev_hexes(&e, WG_K_ARGS, args->v, args->n);
    wg_hits_end(p->hits, &e, c);
  }
}

// --- the run ----------------------------------------------------------------------------------------------

static bool on_event(void *ctx, const struct wg_event *e) {
  struct probing *p = ctx;
  if (p->watcher) wg_watcher_event(p->watcher, wg_travel_machine(p->t), e);
  wg_calls_event(p->calls, e);
  if (p->over) return true;
  if (!wg_record_is(p->record, e)) {
    p->over = true;
    return true;
  }
  const char *name = e->kind == WG_EV_KERNEL_CALL ? wg_ev_text(e, WG_K_NAME) : NULL;
  if (name) called(p, e, name);
  return false;
}

// What a run emits before its first instruction.
static bool on_made(void *ctx, const struct wg_event *e) {
  struct probing *p = ctx;
  wg_calls_event(p->calls, e);
  if (!p->over && !wg_record_is(p->record, e)) p->over = true;
  return false;
}

// Into its place among those by their pcs.
static void insert(struct probing *p, size_t point) {
  const struct wg_probe_point *points = p->o->points;
  size_t at = p->nat_pc++;
  for (; at > 0 && points[p->at_pc[at - 1]].addr > points[point].addr; at--) p->at_pc[at] = p->at_pc[at - 1];
  p->at_pc[at] = point;
}

static void prepare(struct probing *p) {
  size_t n = p->o->n;
  p->out->hits = wg_xcalloc(n + 1, sizeof(uint64_t));
  p->out->unknown = wg_xcalloc(n + 1, sizeof(uint64_t));
  p->out->no_branch = wg_xcalloc(n + 1, sizeof(uint64_t));
  p->places = wg_xcalloc(n + 1, sizeof *p->places);
  p->point_of = wg_xcalloc(n + 1, sizeof *p->point_of);
  p->pcs = wg_xcalloc(n + 1, sizeof *p->pcs);
  p->at_pc = wg_xcalloc(n + 1, sizeof *p->at_pc);
  for (size_t i = 0; i < n; i++) {
    const struct wg_probe_point *point = &p->o->points[i];
    bool read = point->kind == WG_PROBE_READ, write = point->kind == WG_PROBE_WRITE;
    if (read || write) {
      p->places[p->nplaces] = (struct wg_mem_watch){point->addr, point->len, read, write};
      p->point_of[p->nplaces++] = i;
    } else if (!point->kernel) {
      insert(p, i);
    }
  }
  for (size_t i = 0; i < p->nat_pc; i++) {
    uint32_t pc = p->o->points[p->at_pc[i]].addr;
    if (p->npcs == 0 || p->pcs[p->npcs - 1] != pc) p->pcs[p->npcs++] = pc;
  }
  p->calls = wg_calls_create();
  if (p->nplaces) p->watcher = wg_watcher_create(p->places, p->nplaces, on_hit, p);
}

static void release(struct probing *p) {
  wg_travel_close(p->t);
  wg_record_close(p->record);
  wg_calls_free(p->calls);
  wg_watcher_free(p->watcher);
  wg_buf_release(&p->texts[0]);
  wg_buf_release(&p->texts[1]);
  free(p->places);
  free(p->point_of);
  free(p->pcs);
  free(p->at_pc);
}

// To where the window begins, with the record at the same event.
static int begin_window(struct probing *p, struct wg_err *err) {
  struct wg_here here;
  if (p->o->from == NULL) {
    const struct wg_travel_hooks made = {.event = on_made, .ctx = p};
    WG_TRY(wg_record_open(&p->record, p->o->dir, 0, err));
    return wg_travel_enter(p->t, SIZE_MAX, &made, err);
  }
  WG_TRY(wg_travel_window(p->t, p->o->from, p->o->to, err));
  wg_travel_here(p->t, &here);
  WG_TRY(wg_calls_read(p->calls, p->o->dir, here.at.events, 0, NULL, err));
  return wg_record_open(&p->record, p->o->dir, here.at.events, err);
}

// Where the window begins before an instruction it is asked already: what goes on from a break does not ask again.
static void at_first(struct probing *p) {
  struct wg_here here;
  wg_travel_here(p->t, &here);
  if (here.halt != WG_HALT_INSTRUCTION) return;
  on_break(p, here.at.tid, wg_machine_cpu(wg_travel_machine(p->t), here.at.tid));
}

static int no_such_end(const struct probing *p, struct wg_err *err) {
  struct wg_buf words = {0};
  wg_position_words(p->o->to, &words);
  int code = wg_fail(err, WG_INPUT, "%s: the run never comes to %s%s", p->o->dir, words.data,
                     p->o->from ? " from where the window begins" : "");
  wg_buf_release(&words);
  return code;
}

static void note_end(struct probing *p) {
  const char *recorded, *produced, *cut = wg_record_cut(p->record);
  p->out->events = wg_record_identical(p->record);
  if (cut) snprintf(p->out->cut, sizeof p->out->cut, "%s", cut);
  if (!p->over || cut) return;
  wg_record_sides(p->record, &recorded, &produced, &p->out->line);
  p->out->mismatch = true;
  wg_buf_str(&p->out->recorded, recorded);
  wg_buf_str(&p->out->produced, produced);
}

static int execute(struct probing *p, struct wg_err *err) {
  const struct wg_travel_hooks h = {.event = on_event,
                                    .at_break = p->npcs ? on_break : NULL,
                                    .access = p->nplaces ? on_access : NULL,
                                    .pcs = p->pcs,
                                    .npcs = p->npcs,
                                    .watches = p->places,
                                    .nwatches = p->nplaces,
                                    .ctx = p};
  enum wg_halt why = WG_HALT_NONE;
  bool there = false;
  if (!p->over) at_first(p);
  if (!p->over) WG_TRY(wg_travel_run(p->t, &h, p->o->to, &why, &there, err));
  if (p->watcher) wg_watcher_settle(p->watcher, wg_travel_machine(p->t));
  if (!p->over && why == WG_HALT_END && !wg_record_ends(p->record)) p->over = true;
  if (!p->over && p->o->to && !there) return no_such_end(p, err);
  note_end(p);
  return WG_OK;
}

static char *free_name(const char *dir) {
  for (unsigned n = 1;; n++) {
    struct wg_buf b = {0};
    wg_buf_printf(&b, "%s/probe-%u.jsonl.zst", dir, n);
    if (!wg_file_exists(b.data)) return b.data;
    wg_buf_release(&b);
  }
}

int wg_probe_run(const struct wg_probe_options *o, struct wg_probe_result *out, struct wg_err *err) {
  *out = (struct wg_probe_result){0};
  struct probing p = {.o = o, .out = out};
  struct wg_here here = {.halt = WG_HALT_NONE};
  prepare(&p);
  int code = wg_travel_open(&p.t, o->dir, o->overrides, o->watch, err);
  if (code == WG_OK) code = begin_window(&p, err);
  if (code == WG_OK) {
    out->path = o->out ? wg_xstrdup(o->out) : free_name(o->dir);
    code = wg_hits_create(&p.hits, out->path, o->dir, o->regs, o->nregs, err);
  }
  if (code == WG_OK) code = execute(&p, err);
  if (p.t) wg_travel_here(p.t, &here);
  bool ended = code == WG_OK && here.halt == WG_HALT_END && wg_travel_end(p.t) != WG_END_INTERRUPTED;
  const char *reason = ended ? wg_end_name(wg_travel_end(p.t)) : "stopped";
  int written = wg_hits_finish(p.hits, reason, here.at.now_ns, code == WG_OK, err);
  if (code == WG_OK) code = written;
  release(&p);
  if (code != WG_OK) wg_probe_result_release(out);
  return code;
}

void wg_probe_result_release(struct wg_probe_result *r) {
  free(r->path);
  free(r->hits);
  free(r->unknown);
  free(r->no_branch);
  wg_buf_release(&r->recorded);
  wg_buf_release(&r->produced);
  *r = (struct wg_probe_result){0};
}
