#include <stdlib.h>
#include <string.h>

#include "base/json_iter.h"
#include "base/vec.h"
#include "trace/shape.h"

#define MOST_OBJECTS (1u << 20)
#define MOST_HANDLES (1u << 19) // that are open at once
#define MOST_RINGS (64u << 20)  // bytes, of all threads' signals
#define RING 4096u              // signals of a thread

// -- objects --

static void object_put(struct wg_shape *s, int64_t id, const struct wg_shape_object *o) {
  uint32_t set = 1u | (o->has_hsid ? 2u : 0) | (o->type >= 0 ? 4u : 0) | (o->name >= 0 ? 8u : 0) |
                 (o->has_raw ? 16u : 0) | (o->has_guest ? 32u : 0) | 64u | (o->made ? 3u << 7 : 0) | 7u << 9 |
                 (o->signals ? 1u << 12 : 0);
  int64_t *v = wg_rows_add(s->rows, WG_T_OBJECT, set);
  v[0] = id;
  v[1] = (int64_t)o->hsid;
  v[2] = o->type;
  v[3] = o->name;
  v[4] = (int64_t)o->raw;
  v[5] = (int64_t)o->guest;
  v[6] = (int64_t)o->first_seq;
  v[7] = (int64_t)o->made_seq;
  v[8] = o->made_by;
  v[9] = (int64_t)o->handles;
  v[10] = (int64_t)o->waits;
  v[11] = (int64_t)o->signals;
  v[12] = (int64_t)o->last_signal;
}

void wg_shape_objects_end(struct wg_shape *s) {
  for (size_t i = 0; i < s->nobjects; i++) object_put(s, (int64_t)i, &s->objects[i]);
}

static int64_t object_new(struct wg_shape *s) {
  if (s->nobjects == MOST_OBJECTS) {
    s->unknown_objects++;
    return -1;
  }
  WG_VEC_ROOM(s->objects, s->objects_cap, s->nobjects + 1);
  s->objects[s->nobjects] = (struct wg_shape_object){.first_seq = s->seq, .type = -1, .name = -1};
  return (int64_t)s->nobjects++;
}

static void learn(struct wg_shape *s, int64_t id, const uint64_t *hsid, const uint64_t *raw, const uint64_t *guest) {
  if (id < 0) return;
  struct wg_shape_object *o = &s->objects[id];
  if (hsid && !o->has_hsid) {
    o->has_hsid = true;
    o->hsid = *hsid;
    wg_map_put(&s->by_hsid, *hsid, (uint64_t)id);
  }
  if (raw && !o->has_raw) {
    o->has_raw = true;
    o->raw = *raw;
  }
  if (guest && !o->has_guest) {
    o->has_guest = true;
    o->guest = *guest;
  }
  if (raw) wg_map_put(&s->by_raw, *raw, (uint64_t)id);
  if (guest) wg_map_put(&s->by_guest, *guest, (uint64_t)id);
}

static bool fits(const struct wg_shape *s, uint64_t id, const uint64_t *hsid) {
  return hsid == NULL || !s->objects[id].has_hsid || s->objects[id].hsid == *hsid;
}

int64_t wg_shape_object(struct wg_shape *s, const uint64_t *hsid, const uint64_t *raw, const uint64_t *guest) {
  uint64_t id;
  int64_t found = -1;
  if (hsid == NULL && raw == NULL && guest == NULL) return -1;
  if (hsid && wg_map_get(&s->by_hsid, *hsid, &id))
    found = (int64_t)id;
  else if (raw && wg_map_get(&s->by_raw, *raw, &id) && fits(s, id, hsid))
    found = (int64_t)id;
  else if (guest && wg_map_get(&s->by_guest, *guest, &id) && fits(s, id, hsid))
    found = (int64_t)id;
  else
    found = object_new(s);
  learn(s, found, hsid, raw, guest);
  return found;
}

static void typed(struct wg_shape *s, int64_t id, int64_t type) {
  if (id >= 0 && s->objects[id].type < 0) s->objects[id].type = type;
}

static void within(struct wg_shape *s, const struct wg_shape_thread *t, int at) {
  uint64_t call = wg_shape_call_of(t);
  if (call) wg_shape_set(s, at, (int64_t)call);
}

// -- waits --

static bool member_id(const struct wg_json_member *m, uint64_t *v) {
  struct wg_field f = {.type = WG_F_STR, .s = m->value + 1, .n = m->nvalue - 2};
  int64_t id;
  if (m->nvalue != 18 || m->value[0] != '"' || !wg_shape_id(&f, &id)) return false;
  *v = (uint64_t)id;
  return true;
}

// {"hsid":"...","guest_object":"0x...","object_type":"..."}
static int64_t placed_object(struct wg_shape *s, const struct wg_json_member *m) {
  struct wg_json_iter it;
  struct wg_json_member x, type = {0};
  uint64_t hsid = 0, guest = 0;
  bool has_hsid = false, has_guest = false;
  if (!wg_json_walk(&it, m->value, m->nvalue)) return -1;
  while (wg_json_next(&it, &x)) {
    if (wg_json_is(&x, "hsid")) has_hsid = member_id(&x, &hsid);
    if (wg_json_is(&x, "guest_object")) has_guest = wg_json_int(&x, &guest) && guest;
    if (wg_json_is(&x, "object_type")) type = x;
  }
  int64_t id = wg_shape_object(s, has_hsid ? &hsid : NULL, NULL, has_guest ? &guest : NULL);
  wg_buf_clear(&s->key);
  if (type.value && wg_json_text(&type, &s->key)) typed(s, id, wg_shape_text(s, s->key.data, s->key.len));
  return id;
}

static int64_t waited(struct wg_shape *s, const struct wg_json_member *m, uint64_t guest) {
  uint64_t v;
  if (m->nvalue && m->value[0] == '{') return placed_object(s, m);
  if (member_id(m, &v)) return wg_shape_object(s, &v, NULL, NULL);
  if (!wg_json_int(m, &v)) return -1;
  if (v) return wg_shape_object(s, NULL, &v, NULL);
  return guest ? wg_shape_object(s, NULL, NULL, &guest) : -1;
}

static void wait_object(struct wg_shape *s, uint64_t n, int64_t id) {
  if (id < 0) return;
  s->objects[id].waits++;
  if (n == 0) {
    wg_shape_set(s, W_OBJECT, id);
    return;
  }
  int64_t *v = wg_rows_add(s->rows, WG_T_WAIT_OBJECT, 7);
  v[0] = (int64_t)s->seq;
  v[1] = (int64_t)n;
  v[2] = id;
}

// Addresses beside the handles, where a log has them: an array or the one.
static uint64_t next_address(const struct wg_event *e, struct wg_json_iter *it) {
  struct wg_json_member m;
  uint64_t v = 0;
  if (it->p && wg_json_next(it, &m)) return wg_json_int(&m, &v) ? v : 0;
  wg_ev_u64(e, WG_K_GUEST_OBJECT, &v);
  return v;
}

static void wait_objects(struct wg_shape *s) {
  const struct wg_field *f = wg_ev_get(s->e, WG_K_HANDLES), *g = wg_ev_get(s->e, WG_K_GUEST_OBJECTS);
  struct wg_json_iter it, guests = {0};
  struct wg_json_member m;
  uint64_t n = 0, guest;
  if (g && g->type == WG_F_RAW && !wg_json_walk(&guests, g->s, g->n)) guests.p = NULL;
  if (f && f->type == WG_F_RAW && wg_json_walk(&it, f->s, f->n) && !it.object)
    while (wg_json_next(&it, &m)) {
      guest = next_address(s->e, &guests);
      wait_object(s, n++, waited(s, &m, guest));
    }
  guest = n ? 0 : next_address(s->e, &guests);
  if (guest) wait_object(s, 0, wg_shape_object(s, NULL, NULL, &guest));
}

void wg_shape_wait(struct wg_shape *s, struct wg_shape_thread *t) {
  wait_objects(s);
  within(s, t, W_CALL);
  wg_shape_rest(s, W_MORE);
  uint64_t ticket = wg_shelf_add(&s->open_waits, s->v, s->set);
  if (t == NULL) {
    wg_shelf_close(&s->open_waits, ticket);
    return;
  }
  wg_shape_wait_began(s, t, ticket);
}

static bool signal_at(const struct wg_shape *s, uint64_t tid, uint64_t idx, uint64_t *seq) {
  uint64_t i;
  if (tid > UINT32_MAX || !wg_map_get(&s->by_tid, tid, &i)) return false;
  const struct wg_shape_thread *t = &s->threads[i];
  uint64_t lo = t->nsignals > t->signals_cap ? t->nsignals - t->signals_cap : 0, hi = t->nsignals;
  while (lo < hi) {
    uint64_t mid = lo + (hi - lo) / 2, at = t->signals[mid % t->signals_cap].idx;
    if (at == idx) {
      *seq = t->signals[mid % t->signals_cap].seq;
      return true;
    }
    if (at < idx)
      lo = mid + 1;
    else
      hi = mid;
  }
  return false;
}

void wg_shape_wait_end(struct wg_shape *s, struct wg_shape_thread *t) {
  const struct wg_event *e = s->e;
  uint64_t signal, ticket;
  if (!wg_shape_wait_over(s, t, &ticket)) {
    wg_shape_other(s);
    return;
  }
  wg_shape_rest(s, W_MORE2);
  struct wg_shelf_row *r = wg_shelf_at(&s->open_waits, ticket);
  int64_t seq = r->v[E_SEQ];
  for (int c = W_STATUS; c <= W_MORE2; c++) r->v[c] = s->v[c];
  r->set |= s->set & ~0u << W_STATUS;
  r->v[W_SEQ2] = (int64_t)s->seq - seq;
  r->v[W_IDX2] = (int64_t)(e->idx - (uint64_t)r->v[E_IDX]);
  r->v[W_NS2] = (int64_t)(e->host_ns - (uint64_t)r->v[E_NS]);
  r->set |= 1u << W_SEQ2 | 1u << W_IDX2 | 1u << W_NS2;
  if (e->has_cycle) {
    r->v[W_CYCLE2] = (int64_t)(e->cycle - (r->set & 1u << E_CYCLE ? (uint64_t)r->v[E_CYCLE] : 0));
    r->set |= 1u << W_CYCLE2;
  }
  if (wg_shape_has(s, W_BY_TID) && signal_at(s, (uint64_t)s->v[W_BY_TID], (uint64_t)s->v[W_BY_IDX], &signal)) {
    r->v[W_BY_SIGNAL] = (int64_t)signal;
    r->set |= 1u << W_BY_SIGNAL;
  }
  wg_shelf_close(&s->open_waits, ticket);
  if (s->seq - (uint64_t)seq > 1) wg_shape_ended(s, WG_END_WAIT, seq);
}

// -- signals --

static const struct wg_field *part_at(const struct wg_shape *s, int p) { return s->parts[p - WG_ROW_COLUMNS]; }

static int64_t mention(struct wg_shape *s, int64_t object) {
  static const int numbers[] = {P_HSID, P_RAW, P_HANDLE, P_GUEST};
  const struct wg_field *type = part_at(s, P_TYPE);
  int64_t id = s->nmentions, v[4] = {0};
  uint32_t set = 1u | (object >= 0 ? 2u : 0) | (type ? 8u : 0);
  for (int i = 0; i < 4; i++) {
    const struct wg_field *f = part_at(s, numbers[i]);
    if (f && (i == 0 ? wg_shape_id(f, &v[i]) : wg_shape_int(f, &v[i]))) set |= i ? 1u << (3 + i) : 4u;
  }
  wg_buf_clear(&s->key);
  wg_buf_add(&s->key, &set, sizeof set);
  wg_buf_add(&s->key, &object, sizeof object);
  wg_buf_add(&s->key, v, sizeof v);
  if (type) wg_buf_add(&s->key, type->s, type->n);
  if (wg_intern(&s->mentions, s->key.data, s->key.len, &id)) return id;
  int64_t *row = wg_rows_add(s->rows, WG_T_MENTION, set);
  row[0] = s->nmentions;
  row[1] = object;
  row[2] = v[0];
  row[4] = v[1];
  row[5] = v[2];
  row[6] = v[3];
  if (type) wg_rows_text(s->rows, 3, type->s, type->n);
  return s->nmentions++;
}

static void remember_objects(struct wg_shape *s, struct wg_shape_thread *t) {
  if (t->nsignals >= t->signals_cap && t->signals_cap < RING && s->ring_bytes < MOST_RINGS) {
    // It has not gone round yet, so that all of it stays in place.
    uint32_t had = t->signals_cap;
    WG_VEC_ROOM(t->signals, t->signals_cap, had ? had * 2 : 16);
    s->ring_bytes += (t->signals_cap - had) * sizeof *t->signals;
  }
  if (t->signals_cap == 0) return;
  uint64_t at = t->nsignals++ % t->signals_cap;
  t->signals[at].idx = s->e->idx;
  t->signals[at].seq = s->seq;
}

void wg_shape_signal(struct wg_shape *s, struct wg_shape_thread *t) {
  int64_t v[4];
  uint64_t known[4];
  static const int numbers[] = {P_HSID, P_RAW, P_HANDLE, P_GUEST};
  bool has[4];
  for (int i = 0; i < 4; i++) {
    const struct wg_field *f = part_at(s, numbers[i]);
    has[i] = f && (i == 0 ? wg_shape_id(f, &v[i]) : wg_shape_int(f, &v[i])) && (i == 0 || v[i]);
    if (has[i]) known[i] = (uint64_t)v[i];
  }
  const uint64_t *raw = has[1] ? &known[1] : has[2] ? &known[2] : NULL;
  int64_t object = wg_shape_object(s, has[0] ? &known[0] : NULL, raw, has[3] ? &known[3] : NULL);
  if (object >= 0) {
    if (part_at(s, P_TYPE)) typed(s, object, wg_shape_text(s, part_at(s, P_TYPE)->s, part_at(s, P_TYPE)->n));
    s->objects[object].signals++;
    s->objects[object].last_signal = s->seq;
    wg_shape_set(s, G_OBJECT, object);
  }
  wg_shape_set(s, G_MENTION, mention(s, object));
  within(s, t, G_CALL);
  wg_shape_signalled(s, &(struct wg_shape_signaler){.object = object,
                                                    .tid = s->e->tid,
                                                    .op = wg_shape_has(s, G_OP) ? s->v[G_OP] : -1,
                                                    .site = t && t->nopen ? (int64_t)t->open[t->nopen - 1].site : -1});
  wg_shape_rest(s, G_MORE);
  wg_shape_put(s, WG_T_SIGNAL);
  if (t) remember_objects(s, t);
}

// -- handles --

// A handle that is made anew is another object, whatever its value was; a second one of an object is that object.
static int64_t object_of_handle(struct wg_shape *s) {
  uint64_t hsid = (uint64_t)s->v[H_HSID], raw = (uint64_t)s->v[H_RAW], of = (uint64_t)s->v[H_DUP_OF], id, guest = 0;
  bool has_raw = wg_shape_has(s, H_RAW);
  if (has_raw) wg_map_del(&s->by_raw, raw);
  wg_ev_u64(s->e, WG_K_GUEST_OBJECT, &guest);
  if (wg_shape_has(s, H_HSID)) return wg_shape_object(s, &hsid, has_raw ? &raw : NULL, NULL);
  if (wg_shape_has(s, H_DUP_OF) && wg_map_get(&s->by_raw, of, &id)) {
    if (has_raw) wg_map_put(&s->by_raw, raw, id);
    return (int64_t)id;
  }
  return wg_shape_object(s, NULL, has_raw ? &raw : NULL, guest ? &guest : NULL);
}

void wg_shape_handle(struct wg_shape *s, struct wg_shape_thread *t) {
  int64_t id = object_of_handle(s);
  uint64_t old;
  wg_shape_set(s, H_DUP, s->e->kind == WG_EV_HANDLE_DUP);
  if (id >= 0) {
    struct wg_shape_object *o = &s->objects[id];
    wg_shape_set(s, H_OBJECT, id);
    o->handles++;
    if (wg_shape_has(s, H_TYPE)) typed(s, id, s->v[H_TYPE]);
    if (wg_shape_has(s, H_NAME) && o->name < 0) o->name = s->v[H_NAME];
    if (!o->made) {
      o->made = true;
      o->made_seq = s->seq;
      o->made_by = s->e->tid;
    }
  }
  within(s, t, H_CALL);
  wg_shape_rest(s, H_MORE);
  uint64_t ticket = wg_shelf_add(&s->open_handles, s->v, s->set);
  bool has_raw = wg_shape_has(s, H_RAW);
  if (has_raw && wg_map_get(&s->handle_of_raw, (uint64_t)s->v[H_RAW], &old)) {
    wg_map_del(&s->handle_of_raw, (uint64_t)s->v[H_RAW]);
    wg_shelf_close(&s->open_handles, old);
    s->handles--;
  }
  bool room = s->handles < MOST_HANDLES;
  s->unknown_handles += has_raw && !room;
  if (!has_raw || !room) {
    wg_shelf_close(&s->open_handles, ticket);
    return;
  }
  wg_map_put(&s->handle_of_raw, (uint64_t)s->v[H_RAW], ticket);
  s->handles++;
}

void wg_shape_handle_end(struct wg_shape *s) {
  uint64_t raw = (uint64_t)s->v[H_RAW], ticket;
  const struct wg_event *e = s->e;
  if (!wg_shape_has(s, H_RAW) || !wg_map_get(&s->handle_of_raw, raw, &ticket)) {
    if (wg_shape_has(s, H_RAW)) wg_map_del(&s->by_raw, raw);
    wg_shape_other(s);
    return;
  }
  struct wg_shelf_row *r = wg_shelf_at(&s->open_handles, ticket);
  const uint32_t same = 1u << H_HSID | 1u << H_TYPE;
  bool alike = s->left == 0 && (r->set & same) == (s->set & same) &&
               (!(s->set & 1u << H_HSID) || r->v[H_HSID] == s->v[H_HSID]) &&
               (!(s->set & 1u << H_TYPE) || r->v[H_TYPE] == s->v[H_TYPE]);
  if (!alike) {
    s->left = ~0ull;
    wg_shape_rest(s, H_MORE2);
    r->v[H_MORE2] = s->v[H_MORE2];
    r->set |= 1u << H_MORE2;
  }
  r->v[H_SEQ2] = (int64_t)s->seq;
  r->v[H_TID2] = e->tid;
  r->v[H_IDX2] = (int64_t)e->idx;
  r->v[H_NS2] = (int64_t)e->host_ns;
  r->set |= 0xFu << H_SEQ2;
  if (e->has_cycle) {
    r->v[H_CYCLE2] = (int64_t)e->cycle;
    r->set |= 1u << H_CYCLE2;
  }
  int64_t seq = r->v[E_SEQ];
  wg_shelf_close(&s->open_handles, ticket);
  wg_map_del(&s->handle_of_raw, raw);
  s->handles--;
  wg_map_del(&s->by_raw, raw);
  wg_shape_ended(s, WG_END_HANDLE, seq);
}
