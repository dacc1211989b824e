#include <stdlib.h>

#include "base/vec.h"
#include "trace/shape.h"

#define MOST (1u << 18)

struct wg_shape_thread *wg_shape_thread(struct wg_shape *s, uint32_t tid) {
  uint64_t i;
  if (wg_map_get(&s->by_tid, tid, &i)) return &s->threads[i];
  if (s->nthreads == MOST) return NULL;
  WG_VEC_ROOM(s->threads, s->threads_cap, s->nthreads + 1);
  wg_map_put(&s->by_tid, tid, s->nthreads);
  s->threads[s->nthreads] = (struct wg_shape_thread){.tid = tid};
  return &s->threads[s->nthreads++];
}

static void live(struct wg_shape_thread *t, int at, int64_t v) {
  t->life[at] = v;
  t->life_set |= 1u << at;
}

static void field(struct wg_shape *s, struct wg_shape_thread *t, int at, enum wg_key key) {
  const struct wg_field *f = wg_ev_get(s->e, key);
  int64_t v;
  if (f && (key == WG_K_HSID ? wg_shape_id(f, &v) : wg_shape_int(f, &v)))
    live(t, at, v);
  else
    t->life_set &= ~(1u << at);
}

static void created(struct wg_shape *s) {
  static const struct {
    int at;
    enum wg_key key;
  } fields[] = {{T_ENTRY, WG_K_ENTRY}, {T_CTX, WG_K_CTX}, {T_STACK_SIZE, WG_K_STACK_SIZE},
                {T_FLAGS, WG_K_FLAGS}, {T_RAW, WG_K_RAW}, {T_HSID, WG_K_HSID}};
  const struct wg_field *child = wg_ev_get(s->e, WG_K_CHILD);
  int64_t tid;
  if (child == NULL || !wg_shape_int(child, &tid) || tid < 0 || tid > UINT32_MAX) return;
  struct wg_shape_thread *t = wg_shape_thread(s, (uint32_t)tid);
  if (t == NULL) return;
  t->life_set = 0; // another thread of the same number, if there was one
  wg_shape_waits_gone(s, t);
  live(t, T_PARENT, s->e->tid);
  live(t, T_CREATE_SEQ, (int64_t)s->seq);
  live(t, T_CREATE_IDX, (int64_t)s->e->idx);
  live(t, T_CREATE_NS, (int64_t)s->e->host_ns);
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) field(s, t, fields[i].at, fields[i].key);
  uint64_t hsid = (uint64_t)t->life[T_HSID], raw = (uint64_t)t->life[T_RAW];
  bool has_hsid = t->life_set & 1u << T_HSID, has_raw = t->life_set & 1u << T_RAW;
  int64_t object = has_hsid || has_raw ? wg_shape_object(s, has_hsid ? &hsid : NULL, has_raw ? &raw : NULL, NULL) : -1;
  if (object >= 0) live(t, T_OBJECT, object);
}

void wg_shape_made_thread(struct wg_shape *s) {
  if (s->e->kind == WG_EV_THREAD_CREATE) {
    created(s);
    return;
  }
  bool start = s->e->kind == WG_EV_THREAD_START;
  if (!start && s->e->kind != WG_EV_THREAD_EXIT) return;
  struct wg_shape_thread *t = wg_shape_thread(s, s->e->tid);
  if (t == NULL) return;
  if (!start) wg_shape_waits_gone(s, t);
  live(t, start ? T_START_SEQ : T_EXIT_SEQ, (int64_t)s->seq);
  live(t, start ? T_START_NS : T_EXIT_NS, (int64_t)s->e->host_ns);
  if (!start) field(s, t, T_EXIT_CODE, WG_K_CODE);
  if (start && !(t->life_set & 1u << T_ENTRY)) field(s, t, T_ENTRY, WG_K_ENTRY);
  if (start && !(t->life_set & 1u << T_CTX)) field(s, t, T_CTX, WG_K_CTX);
}

void wg_shape_threads_end(struct wg_shape *s) {
  for (size_t i = 0; i < s->nthreads; i++) {
    const struct wg_shape_thread *t = &s->threads[i];
    if (t->tid == 0 && t->life_set == 0) continue; // what no thread did
    uint32_t set = 1u | t->life_set << 1 | 7u << 17 | (t->events ? 0xFu << 20 : 0);
    int64_t *v = wg_rows_add(s->rows, WG_T_THREAD, set);
    v[0] = t->tid;
    for (int k = 0; k < 16; k++) v[1 + k] = t->life[k];
    v[17] = (int64_t)t->events;
    v[18] = (int64_t)t->calls;
    v[19] = (int64_t)t->returns;
    v[20] = (int64_t)t->first_seq;
    v[21] = (int64_t)t->last_seq;
    v[22] = (int64_t)t->first_ns;
    v[23] = (int64_t)t->last_ns;
  }
}
