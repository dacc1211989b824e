// Clocks, files and lists: what they answer follows from what came before.
#include <stdlib.h>
#include <string.h>

#include "base/json_iter.h"
#include "base/vec.h"
#include "diff/law_state.h"
#include "nt/time.h"
#include "trace/event.h"

// -- clocks: they go as the trace's own does --

static const uint32_t tick_ns[WG_LAW_CLOCKS] = {[WG_LAW_INTERRUPT_TIME] = 100, [WG_LAW_SYSTEM_TIME] = 100};

// The time that the call gives: what it returns, or writes.
static bool time_of(const struct wg_event *e, unsigned clock, uint64_t *v) {
  if (clock == WG_LAW_INTERRUPT_TIME) return wg_ev_u64(e, WG_K_RV, v);
  return wg_law_told(e, "time", v);
}

// Of a result the low half may be all that is told.
static bool goes_back(uint64_t last, uint64_t v) {
  return v < last && (last > UINT32_MAX || (int32_t)((uint32_t)v - (uint32_t)last) < 0);
}

// Who read it last has slept since.
static bool stands_still(struct wg_law_state *st, const struct wg_lclock *k, const struct wg_lcall *c, uint64_t v) {
  return v == k->last && k->reader == c->at.thread && wg_law_thread(st, c->at.thread)->slept != k->slept;
}

#define BEFORE_ALL 126227808000000000u // 2001-01-01, in 100 ns since 1601: there was no such console

void wg_law_clock(struct wg_laws *l, const struct wg_lcall *c, unsigned clock, const struct wg_event *e) {
  struct wg_lclock *k = &l->state->clock[clock];
  uint64_t v;
  if (clock >= WG_LAW_CLOCKS || !time_of(e, clock, &v)) return;
  if (clock == WG_LAW_SYSTEM_TIME && v < BEFORE_ALL) {
    wg_law_broken(l, WG_LAW_CLOCK, &c->at, c->at.thread, e->idx);
    return;
  }
  if (!l->state->timed) { // whatever it is, it goes on
    if (goes_back(k->last, v) || stands_still(l->state, k, c, v))
      wg_law_broken(l, WG_LAW_CLOCK, &c->at, c->at.thread, e->idx);
    k->last = v;
    k->reader = c->at.thread;
    k->slept = wg_law_thread(l->state, c->at.thread)->slept;
    return;
  }
  uint64_t zero =
      v * tick_ns[clock] - e->host_ns; // what it showed when the trace began; may wrap, as it does again below
  uint64_t ahead = zero - k->zero;
  if (k->known && ahead + WG_LAW_SLACK_NS > 2 * WG_LAW_SLACK_NS)
    wg_law_broken(l, WG_LAW_CLOCK, &c->at, c->at.thread, e->idx);
  else if (!k->known)
    *k = (struct wg_lclock){.zero = zero, .known = true};
}

// A date is the time's that it is made of.
void wg_law_fields(struct wg_laws *l, const struct wg_lcall *c, const struct wg_event *e) {
  uint64_t time, v;
  uint16_t f[WG_NT_FIELDS];
  if (!wg_law_told(e, "time", &time)) return;
  wg_nt_time_fields(time, f);
  for (unsigned i = 0; i < WG_NT_FIELDS; i++) {
    if (!wg_law_told(e, wg_nt_field_names[i], &v) || v == f[i]) continue;
    wg_law_broken(l, WG_LAW_ANSWER, &c->at, c->at.thread, e->idx);
    return;
  }
}

// -- files: none ends before what was read of it --

#define READ_LENGTH 6u // argument of NtReadFile

// What is written is written whole, and who asked is told so.
static void check_moved(struct wg_laws *l, const struct wg_lcall *c, const struct wg_event *e) {
  uint64_t bytes, information, status;
  if (c->nt == NULL || !wg_ev_u64(e, WG_K_RV, &status) || status != 0 || !wg_law_told(e, "bytes", &bytes)) return;
  bool written = strcmp(c->nt->name, "NtWriteFile") == 0 && c->nargs > READ_LENGTH;
  if (wg_law_told(e, "information", &information) && information != bytes)
    wg_law_broken(l, WG_LAW_ANSWER, &c->at, c->at.thread, e->idx);
  else if (written && bytes < (uint32_t)c->args[READ_LENGTH])
    wg_law_broken(l, WG_LAW_WRITES, &c->at, c->at.thread, e->idx);
}

// Its size is what it was when it was opened, or was told last.
void wg_law_file_size(struct wg_laws *l, struct wg_lobject *o, const struct wg_lcall *c, const struct wg_event *e) {
  uint64_t size;
  if (!wg_law_told(e, "size", &size)) return;
  if (o->sized && o->size != size && o->writes == l->state->writes)
    wg_law_broken_about(l, o, WG_LAW_ANSWER, &c->at, c->at.thread, e->idx);
  o->sized = true;
  o->size = size;
  o->writes = l->state->writes;
}

void wg_law_file(struct wg_laws *l, const struct wg_lcall *c, const struct wg_event *e) {
  struct wg_lobject *o = wg_law_object(l->state, c->object);
  check_moved(l, c, e);
  if (c->nt == NULL || strcmp(c->nt->name, "NtReadFile") != 0) o->written = true, l->state->writes++; // it may grow
  const struct wg_field *out = wg_ev_get(e, WG_K_OUT);
  struct wg_json_iter it;
  struct wg_json_member m;
  uint64_t rv = 1, offset = UINT64_MAX, bytes = UINT64_MAX;
  if (o->written || c->nargs <= READ_LENGTH || !wg_ev_u64(e, WG_K_RV, &rv) || rv != 0) return;
  if (out == NULL || out->type != WG_F_RAW || !wg_json_walk(&it, out->s, out->n)) return;
  while (wg_json_next(&it, &m)) {
    if (wg_json_is(&m, "offset")) wg_json_int(&m, &offset);
    if (wg_json_is(&m, "bytes")) wg_json_int(&m, &bytes);
  }
  if (offset > UINT64_MAX / 2 || bytes > UINT32_MAX) return;
  uint64_t upto = offset + bytes;
  if (bytes && upto > o->read_upto) o->read_upto = upto;
  if (bytes < (uint32_t)c->args[READ_LENGTH] && (o->short_at == 0 || upto < o->short_at)) {
    o->short_at = upto;
    o->short_read = c->at;
  }
  if (o->short_at && o->short_at < o->read_upto)
    wg_law_broken_about(l, o, WG_LAW_READ, &o->short_read, c->at.thread, e->idx);
}

// -- singly linked lists: last in, first out --

static struct wg_llist *list_at(struct wg_law_state *st, uint32_t address) {
  uint64_t i;
  if (!wg_map_get(&st->lists, address, &i)) {
    WG_VEC_NEXT(st->list, st->nlists);
    i = st->nlists++;
    st->list[i] = (struct wg_llist){.doubt = {.taker = {.thread = WG_NONE}}};
    wg_map_put(&st->lists, address, i);
  }
  return &st->list[i];
}

static void push_entry(struct wg_llist *x, uint32_t entry, const struct wg_lplace *by) {
  WG_VEC_ROOM(x->entry, x->cap, x->n + 1);
  x->entry[x->n++] = (struct wg_lentry){entry, *by};
}

// An entry was not found on top: the one who put it there did not, or the one who looked did not see it. Whoever takes
// it later shows which.
static void doubt(struct wg_llist *x, const struct wg_lcall *c, uint64_t idx) {
  if (x->doubt.taker.thread != WG_NONE) return;
  x->doubt.entry = c->finds;
  x->doubt.taker = c->at;
  x->doubt.idx = (uint32_t)idx;
  x->doubt.pushed = c->op == WG_L_PUSH;
}

static void settle_doubt(struct wg_laws *l, struct wg_llist *x, bool there, bool never_seen) {
  const struct wg_ldoubt d = x->doubt;
  if (d.taker.thread == WG_NONE) return;
  x->doubt.taker.thread = WG_NONE;
  if (there)
    wg_law_broken(l, d.pushed ? WG_LAW_LOST : WG_LAW_LIST, &d.taker, d.taker.thread, d.idx);
  else
    wg_law_broken(l, WG_LAW_LOST, &d.entry.by, d.taker.thread, d.idx);
  // Nobody came to it since: whoever looked may have been told wrongly as well.
  if (!there && !d.pushed && never_seen) wg_law_broken(l, WG_LAW_LIST, &d.taker, d.taker.thread, d.idx);
}

// What it should find: taken when the call begins, for others may come before it returns.
void wg_law_list_begins(struct wg_laws *l, struct wg_lcall *c) {
  if (c->nargs == 0) return;
  struct wg_llist *x = list_at(l->state, (uint32_t)c->args[0]);
  c->finds = x->n ? x->entry[x->n - 1] : (struct wg_lentry){0};
  c->below = x->n > 1 ? x->entry[x->n - 2].entry : 0;
  if (c->op == WG_L_PUSH && c->nargs > 1) {
    // Who has it puts it there again: it was not there.
    if (x->doubt.entry.entry == (uint32_t)c->args[1]) settle_doubt(l, x, false, false);
    push_entry(x, (uint32_t)c->args[1], &c->at);
  }
  if (c->op == WG_L_POP && x->n) x->n--;
  if (c->op == WG_L_FLUSH) x->n = 0;
}

// Its own trace says that it did nothing.
static bool unimplemented(const struct wg_event *e) {
  const struct wg_field *out = wg_ev_get(e, WG_K_OUT);
  struct wg_json_iter it;
  struct wg_json_member m;
  if (out == NULL || out->type != WG_F_RAW || !wg_json_walk(&it, out->s, out->n)) return false;
  while (wg_json_next(&it, &m))
    if (wg_json_is(&m, "unimplemented")) return true;
  return false;
}

void wg_law_list_returns(struct wg_laws *l, const struct wg_lcall *c, const struct wg_event *e) {
  uint64_t v;
  if (c->nargs == 0 || !wg_ev_u64(e, WG_K_RV, &v)) return;
  struct wg_llist *x = list_at(l->state, (uint32_t)c->args[0]);
  uint32_t got = (uint32_t)v;
  if (x->doubt.taker.thread != WG_NONE && got == x->doubt.entry.entry && got) settle_doubt(l, x, true, false);
  if (c->finds.entry == 0 || got == c->finds.entry) return;
  bool passed = got == c->below; // 0: there is no other that is known, and none would have been found
  if (passed && !unimplemented(e))
    doubt(x, c, e->idx);
  else
    wg_law_broken(l, WG_LAW_LIST, &c->at, c->at.thread, e->idx);
  x->n = 0; // what is on it now is not known
}

void wg_law_lists_end(struct wg_laws *l) {
  for (size_t i = 0; i < l->state->nlists; i++) settle_doubt(l, &l->state->list[i], false, true);
}

void wg_law_lists_release(struct wg_law_state *st) {
  for (size_t i = 0; i < st->nlists; i++) free(st->list[i].entry);
  free(st->list);
  wg_map_release(&st->lists);
}
