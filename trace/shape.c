#include "trace/shape.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_check.h"
#include "base/json_iter.h"
#include "base/vec.h"
#include "nt/exports.h"

#define DEPTH 32u // calls of a thread that are open at once; then the oldest has not returned
#define MOST_SUMS (1u << 18)
#define BLOCK_EVENTS 256u // of a stretch of a thread's events
#define BLOCK_SPAN 16384u // and of all threads' in it

enum shape { S_NONE, S_INT, S_TEXT, S_ID, S_JSON, S_FLAG, S_ARGS, S_PART, S_NAME, S_BY };

static const struct column {
  unsigned char shape, at;
} columns[WG_EV_OTHER][WG_K_OTHER] = {
#define WG_COLUMN(kind, key, column, shape) [WG_EV_##kind][WG_K_##key] = {S_##shape, column},
#include "trace/columns.def"
};

struct wg_shape_sum {
  uint32_t tid, site;
  uint64_t calls, returned, failed, max_seq, first_seq, last_seq;
  int64_t ns, max_ns;
};

// -- strings --

static int64_t string_put(struct wg_shape *s, const char *text, size_t n) {
  int64_t *v = wg_rows_add(s->rows, WG_T_STRING, 3);
  v[0] = s->nstrings;
  wg_rows_text(s->rows, 1, text, n);
  return s->nstrings++;
}

int64_t wg_shape_text(struct wg_shape *s, const char *text, size_t n) {
  int64_t id = s->nstrings;
  return wg_intern(&s->texts, text, n, &id) ? id : string_put(s, text, n);
}

static int64_t json_text(struct wg_shape *s, const char *json, size_t n) {
  int64_t id = s->nstrings;
  if (wg_intern(&s->jsons, json, n, &id)) return id;
  wg_buf_clear(&s->text);
  if (wg_json_valid(json, n))
    wg_json_clean(&s->text, json, n, WG_JSON_UNSEEN);
  else
    wg_buf_json(&s->text, json, n);
  return string_put(s, s->text.data, s->text.len);
}

// -- fields --

bool wg_shape_int(const struct wg_field *f, int64_t *v) {
  uint64_t u = f->u;
  if (f->type == WG_F_STR ? !wg_parse_u64(f->s, UINT64_MAX, &u)
                          : f->type != WG_F_DEC && f->type != WG_F_SDEC && f->type != WG_F_HEX)
    return false;
  *v = (int64_t)wg_field_bits(f, u);
  return true;
}

bool wg_shape_id(const struct wg_field *f, int64_t *v) {
  uint64_t id = 0;
  if (f->type == WG_F_ID) {
    *v = (int64_t)f->u;
    return true;
  }
  if (f->type != WG_F_STR || f->n != 16) return false;
  for (size_t i = 0; i < 16; i++) {
    char c = f->s[i];
    int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (d < 0) return false;
    id = id << 4 | (unsigned)d;
  }
  *v = (int64_t)id;
  return true;
}

#define ARGS_COLUMNS 8u // 0x0 and on; of more arguments the text alone is kept

static int64_t args_of(struct wg_shape *s, const struct wg_field *f) {
  int64_t id = s->nargs;
  bool values = f->type == WG_F_HEXES;
  if (wg_intern(&s->args, values ? (const void *)f->v : (const void *)f->s, values ? f->n * sizeof *f->v : f->n, &id))
    return id;
  uint32_t set = 1;
  if (values)
    set |= f->n > ARGS_COLUMNS ? 0x7FEu : (((1u << f->n) - 1) << 2) | 2u;
  else
    set |= 0x400;
  int64_t *v = wg_rows_add(s->rows, WG_T_ARGS, set);
  v[0] = s->nargs;
  if (values) v[1] = (int64_t)f->n;
  for (size_t i = 0; values && i < f->n && i < ARGS_COLUMNS; i++) v[2 + i] = (int64_t)f->v[i];
  if (set & 0x400) {
    wg_buf_clear(&s->text);
    if (!values && wg_json_valid(f->s, f->n))
      wg_json_clean(&s->text, f->s, f->n, WG_JSON_UNSEEN);
    else if (!values)
      wg_buf_json(&s->text, f->s, f->n);
    for (size_t i = 0; values && i < f->n; i++)
      wg_buf_printf(&s->text, "%s\"0x%llx\"", i ? "," : "[", (unsigned long long)f->v[i]);
    if (values) wg_buf_char(&s->text, ']');
    wg_rows_text(s->rows, 10, s->text.data, s->text.len);
  }
  return s->nargs++;
}

// {"tid":3,"idx":17} and nothing else.
static bool ended_by_signal(struct wg_shape *s, const struct wg_field *f) {
  struct wg_json_iter it;
  struct wg_json_member m;
  uint64_t tid = 0, idx = 0;
  unsigned seen = 0;
  if (f->type != WG_F_RAW || !wg_json_walk(&it, f->s, f->n) || !it.object) return false;
  while (wg_json_next(&it, &m)) {
    if (wg_json_is(&m, "tid") && wg_json_int(&m, &tid) && m.value[0] != '"')
      seen |= 1;
    else if (wg_json_is(&m, "idx") && wg_json_int(&m, &idx) && m.value[0] != '"')
      seen |= 2;
    else
      return false;
  }
  if (seen != 3) return false;
  wg_shape_set(s, W_HOW, wg_shape_text(s, "signal", 6));
  wg_shape_set(s, W_BY_TID, (int64_t)tid);
  wg_shape_set(s, W_BY_IDX, (int64_t)idx);
  return true;
}

static bool take_part(struct wg_shape *s, int at, const struct wg_field *f) {
  int64_t v;
  bool fits = at == P_NAME || at == P_MODULE || at == P_TYPE ? f->type == WG_F_STR
              : at == P_HSID                                 ? wg_shape_id(f, &v)
                                                             : wg_shape_int(f, &v);
  if (fits) s->parts[at - WG_ROW_COLUMNS] = f;
  return fits;
}

static bool take_column(struct wg_shape *s, const struct column *c, const struct wg_field *f) {
  int at = c->at;
  if (at < WG_ROW_COLUMNS ? wg_shape_has(s, at) : s->parts[at - WG_ROW_COLUMNS] != NULL) return false; // a second one
  int64_t v = 0;
  switch ((enum shape)c->shape) {
  case S_INT:
    if (!wg_shape_int(f, &v)) return false;
    break;
  case S_ID:
    if (!wg_shape_id(f, &v)) return false;
    break;
  case S_TEXT:
    if (f->type != WG_F_STR) return false;
    v = wg_shape_text(s, f->s, f->n);
    break;
  case S_JSON:
    if (f->type != WG_F_RAW) return false;
    v = json_text(s, f->s, f->n);
    break;
  case S_FLAG:
    if (f->type != WG_F_BOOL) return false;
    v = (int64_t)f->u;
    break;
  case S_ARGS:
    if (f->type != WG_F_HEXES && f->type != WG_F_RAW) return false;
    v = args_of(s, f);
    break;
  case S_BY:
    if (f->type != WG_F_STR) return ended_by_signal(s, f);
    v = wg_shape_text(s, f->s, f->n);
    break;
  case S_NAME:
    if (f->type != WG_F_STR) return false;
    s->parts[0] = f;
    return true;
  case S_PART: return take_part(s, at, f);
  case S_NONE: return false;
  }
  wg_shape_set(s, at, v);
  return true;
}

static void take_fields(struct wg_shape *s) {
  const struct wg_event *e = s->e;
  size_t n = wg_ev_count(e);
  s->left = 0;
  for (size_t i = 0; i < n; i++) {
    const struct wg_field *f = wg_ev_at(e, i);
    const struct column *c = f->key == WG_K_OTHER ? NULL : &columns[e->kind][f->key];
    if (i >= 64 || c == NULL || c->shape == S_NONE || !take_column(s, c, f)) s->left |= 1ull << (i < 63 ? i : 63);
  }
}

// Fields as a JSON object, by the writer of whole lines.
static int64_t object_of_fields(struct wg_shape *s, const struct wg_event *some) {
  static const char head[] = "{\"kind\":\"signal\",\"tid\":0,\"idx\":0,\"host_ns\":0,";
  wg_buf_clear(&s->key);
  wg_ev_encode_foreign(some, &s->key);
  size_t at = sizeof head - 2;
  if (s->key.len <= at + 2) return wg_shape_text(s, "{}", 2);
  s->key.data[at] = '{';
  return wg_shape_text(s, s->key.data + at, s->key.len - at - 1);
}

void wg_shape_rest(struct wg_shape *s, int at) {
  if (s->left == 0) return;
  const struct wg_event *e = s->e;
  struct wg_event *r = &s->rest;
  r->kind = WG_EV_SIGNAL;
  r->nfields = 0;
  r->nmore = e->nmore;
  r->more = e->more;
  for (size_t i = 0; i < e->nfields; i++)
    if (s->left >> i & 1) r->fields[r->nfields++] = e->fields[i];
  // What lies beyond has no columns, but for a few of an unusual order: then it is told twice.
  wg_shape_set(s, at, object_of_fields(s, r));
}

static int64_t kind_of(struct wg_shape *s, const char *name) {
  int64_t id = s->nkinds;
  if (wg_intern(&s->kinds, name, strlen(name), &id)) return id;
  wg_rows_add(s->rows, WG_T_KIND, 3)[0] = s->nkinds;
  wg_rows_text(s->rows, 1, name, strlen(name));
  return s->nkinds++;
}

void wg_shape_other(struct wg_shape *s) {
  const struct wg_event *e = s->e;
  struct wg_event *r = &s->rest;
  *r = *e;
  r->kind = WG_EV_SIGNAL;
  r->tid = 0;
  r->idx = r->host_ns = 0;
  r->has_cycle = false;
  s->set &= 0x1F;
  wg_shape_set(s, V_KIND, kind_of(s, wg_kind_name(e)));
  wg_shape_set(s, V_JSON, object_of_fields(s, r));
  wg_shape_put(s, WG_T_EVENT);
}

void wg_shape_put(struct wg_shape *s, enum wg_table t) {
  memcpy(wg_rows_add(s->rows, t, s->set), s->v, (size_t)wg_table_columns(t) * sizeof *s->v);
}

void wg_shape_ended(struct wg_shape *s, enum wg_ended what, int64_t of) {
  int64_t *v = wg_rows_add(s->rows, WG_T_END, 7);
  v[0] = (int64_t)s->seq;
  v[1] = (int64_t)what;
  v[2] = of;
}

// -- calls --

static void key_part(struct wg_shape *s, const struct wg_field *f, bool text) {
  int64_t v = f == NULL ? -1 : (int64_t)f->n;
  if (f && !text) wg_shape_int(f, &v);
  wg_buf_char(&s->key, f != NULL);
  wg_buf_add(&s->key, &v, sizeof v);
  if (f && text) wg_buf_add(&s->key, f->s, f->n);
}

static void put_words(struct wg_buf *out, unsigned flags) {
  static const char *const words[] = {"signals", "closes",  "frees", "allocates", "queries", "waits", "creates",
                                      "locks",   "unlocks", "time",  "reports",   "resets",  "opens"};
  for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
    if (flags >> i & 1) wg_buf_printf(out, "%s%s", out->len ? " " : "", words[i]);
}

static void site_put(struct wg_shape *s) {
  const struct wg_field *name = s->parts[0], *module = s->parts[1], *ordinal = s->parts[2], *lr = s->parts[3];
  const struct wg_nt_export *nt = name ? wg_nt_find(name->s, name->n) : NULL;
  uint32_t set = 1u | (name ? 2u : 0) | (module ? 4u : 0) | (ordinal ? 8u : 0) | (lr ? 16u : 0) | (nt ? 96u : 0);
  int64_t *v = wg_rows_add(s->rows, WG_T_SITE, set);
  v[0] = s->nsites;
  if (ordinal) wg_shape_int(ordinal, &v[3]);
  if (lr) wg_shape_int(lr, &v[4]);
  if (name) wg_rows_text(s->rows, 1, name->s, name->n);
  if (module) wg_rows_text(s->rows, 2, module->s, module->n);
  if (nt) {
    wg_buf_clear(&s->text);
    wg_buf_reserve(&s->text, 1);
    put_words(&s->text, nt->flags);
    wg_rows_text(s->rows, 5, &nt->ret, 1);
    wg_rows_text(s->rows, 6, s->text.data, s->text.len);
  }
  WG_VEC_ROOM(s->of_site, s->of_site_cap, (size_t)s->nsites + 1);
  s->of_site[s->nsites].returns = nt ? (unsigned char)nt->ret : '?';
  s->of_site[s->nsites++].locks = !nt                        ? WG_SHAPE_NO_LOCK
                                  : nt->flags & WG_NT_LOCK   ? WG_SHAPE_TAKES
                                  : nt->flags & WG_NT_UNLOCK ? WG_SHAPE_GIVES
                                                             : WG_SHAPE_NO_LOCK;
}

static int64_t site_of(struct wg_shape *s) {
  int64_t id = s->nsites;
  wg_buf_clear(&s->key);
  for (int i = 0; i < 4; i++) key_part(s, s->parts[i], i < 2);
  if (!wg_intern(&s->sites, s->key.data, s->key.len, &id)) {
    site_put(s);
    return s->nsites - 1;
  }
  return id;
}

static void sums_put(struct wg_shape *s) {
  for (size_t i = 0; i < s->nsums; i++) {
    const struct wg_shape_sum *x = &s->sums[i];
    int64_t *v = wg_rows_add(s->rows, WG_T_SUM, x->returned ? 0x3FF : 0x31F);
    v[0] = x->tid;
    v[1] = x->site;
    v[2] = (int64_t)x->calls;
    v[3] = (int64_t)x->returned;
    v[4] = (int64_t)x->failed;
    v[5] = x->ns;
    v[6] = x->max_ns;
    v[7] = (int64_t)x->max_seq;
    v[8] = (int64_t)x->first_seq;
    v[9] = (int64_t)x->last_seq;
  }
  s->nsums = 0;
  wg_map_release(&s->sum_of);
}

static uint32_t sum_of(struct wg_shape *s, uint32_t tid, int64_t site) {
  uint64_t key = (uint64_t)tid << 32 | (uint32_t)site, i;
  if (wg_map_get(&s->sum_of, key, &i)) return (uint32_t)i;
  if (s->nsums == MOST_SUMS) sums_put(s);
  WG_VEC_NEXT(s->sums, s->nsums);
  wg_map_put(&s->sum_of, key, s->nsums);
  s->sums[s->nsums] =
      (struct wg_shape_sum){.tid = tid, .site = (uint32_t)site, .first_seq = s->seq, .max_ns = INT64_MIN};
  return (uint32_t)s->nsums++;
}

// Where in its thread's calls an open one stands; known if the thread's calls are told to return at all.
static void place(struct wg_shape *s, const struct wg_shape_thread *t, unsigned i, struct wg_shelf_row *r) {
  if (s->text_log || t->returns == 0) return;
  r->v[C_DEPTH] = i + t->dropped;
  r->set |= 1u << C_DEPTH;
  if (i == 0) return;
  r->v[C_PARENT] = (int64_t)t->open[i - 1].seq;
  r->set |= 1u << C_PARENT;
}

static void never_returned(struct wg_shape *s, struct wg_shape_thread *t, unsigned from) {
  while (t->nopen > from) {
    unsigned i = --t->nopen;
    place(s, t, i, wg_shelf_at(&s->open_calls, t->open[i].ticket));
    wg_shelf_close(&s->open_calls, t->open[i].ticket);
  }
  if (t->nopen == 0) t->dropped = 0;
}

static struct wg_shape_open *open_call(struct wg_shape *s, struct wg_shape_thread *t) {
  if (s->text_log) never_returned(s, t, 0);
  if (t->nopen == DEPTH) {
    place(s, t, 0, wg_shelf_at(&s->open_calls, t->open[0].ticket));
    wg_shelf_close(&s->open_calls, t->open[0].ticket);
    memmove(t->open, t->open + 1, --t->nopen * sizeof *t->open);
    t->dropped++;
  }
  WG_VEC_ROOM(t->open, t->open_cap, t->nopen + 1);
  return &t->open[t->nopen++];
}

static void on_call(struct wg_shape *s, struct wg_shape_thread *t) {
  const struct wg_field *name = s->parts[0];
  int64_t site = site_of(s);
  uint32_t sum = sum_of(s, s->e->tid, site);
  wg_shape_set(s, C_SITE, site);
  wg_shape_rest(s, C_MORE);
  uint32_t lock = wg_shape_lock_called(s, s->of_site[site].locks);
  s->sums[sum].calls++;
  s->sums[sum].last_seq = s->seq;
  if (t) t->calls++;
  if (t == NULL || name == NULL) { // nothing can end it
    s->calls += t == NULL;
    wg_shelf_close(&s->open_calls, wg_shelf_add(&s->open_calls, s->v, s->set));
    return;
  }
  *open_call(s, t) = (struct wg_shape_open){.ticket = wg_shelf_add(&s->open_calls, s->v, s->set),
                                            .name = wg_hash(name->s, name->n, 0),
                                            .seq = s->seq,
                                            .ns = s->e->host_ns,
                                            .sum = sum,
                                            .site = (uint32_t)site,
                                            .lock = lock};
}

static void sum_up(struct wg_shape *s, const struct wg_shape_open *o, const struct wg_shelf_row *r) {
  // The sums may have begun anew since the call.
  uint32_t at = sum_of(s, s->e->tid, o->site);
  struct wg_shape_sum *x = &s->sums[at];
  int64_t ns = r->v[C_NS2];
  x->returned++;
  x->ns += ns;
  if (ns > x->max_ns) {
    x->max_ns = ns;
    x->max_seq = o->seq;
  }
  char returns = (char)s->of_site[o->site].returns;
  // One that only tried may have failed.
  if (o->lock && !(returns == 'b' && (r->set & 1u << C_RV) && (r->v[C_RV] & 0xFF) == 0))
    wg_shape_lock_taken(s, o->lock, o->seq);
  if (returns == 'S' && (r->set & 1u << C_RV) && ((uint64_t)r->v[C_RV] & 0xC0000000u) == 0xC0000000u) x->failed++;
}

static void on_return(struct wg_shape *s, struct wg_shape_thread *t) {
  const struct wg_field *name = s->parts[0];
  const struct wg_event *e = s->e;
  unsigned i = t && name ? t->nopen : 0;
  uint64_t hash = i ? wg_hash(name->s, name->n, 0) : 0;
  if (t) t->returns++;
  while (i && t->open[i - 1].name != hash) i--;
  if (i == 0) {
    wg_shape_other(s);
    return;
  }
  wg_shape_rest(s, C_MORE2);
  s->returns = true;
  never_returned(s, t, i);
  struct wg_shape_open o = t->open[--i];
  struct wg_shelf_row *r = wg_shelf_at(&s->open_calls, o.ticket);
  for (int c = C_RV; c <= C_MORE2; c++) r->v[c] = s->v[c];
  r->set |= s->set & (1u << C_RV | 1u << C_STATUS | 1u << C_OUT | 1u << C_MORE2);
  r->v[C_SEQ2] = (int64_t)(s->seq - o.seq);
  r->v[C_IDX2] = (int64_t)(e->idx - (uint64_t)r->v[E_IDX]);
  r->v[C_NS2] = (int64_t)(e->host_ns - o.ns);
  r->set |= 1u << C_SEQ2 | 1u << C_IDX2 | 1u << C_NS2;
  if (e->has_cycle) {
    r->v[C_CYCLE2] = (int64_t)(e->cycle - (r->set & 1u << E_CYCLE ? (uint64_t)r->v[E_CYCLE] : 0));
    r->set |= 1u << C_CYCLE2;
  }
  place(s, t, i, r);
  sum_up(s, &o, r);
  t->nopen = i;
  wg_shelf_close(&s->open_calls, o.ticket);
  if (s->seq - o.seq > 1) wg_shape_ended(s, WG_END_CALL, (int64_t)o.seq);
}

// -- all events --

static void block_put(struct wg_shape *s, const struct wg_shape_thread *t) {
  if (t->block.n == 0) return;
  int64_t *v = wg_rows_add(s->rows, WG_T_BLOCK, 0x7F);
  v[0] = t->tid;
  v[1] = (int64_t)t->block.first_seq;
  v[2] = (int64_t)t->block.last_seq;
  v[3] = (int64_t)t->block.first_idx;
  v[4] = (int64_t)t->block.last_idx;
  v[5] = t->block.first_ns;
  v[6] = t->block.last_ns;
}

static void count(struct wg_shape *s, struct wg_shape_thread *t, const struct wg_event *e) {
  int64_t ns = (int64_t)e->host_ns;
  if (t->events++ == 0) {
    t->first_seq = s->seq;
    t->first_ns = e->host_ns;
  }
  t->last_seq = s->seq;
  t->last_ns = e->host_ns;
  if (t->block.n == BLOCK_EVENTS || s->seq - t->block.first_seq > BLOCK_SPAN) {
    block_put(s, t);
    t->block.n = 0;
  }
  if (t->block.n++ == 0) {
    t->block.first_seq = s->seq;
    t->block.first_idx = t->block.last_idx = e->idx;
    t->block.first_ns = t->block.last_ns = ns;
  }
  t->block.last_seq = s->seq;
  if (e->idx < t->block.first_idx) t->block.first_idx = e->idx;
  if (e->idx > t->block.last_idx) t->block.last_idx = e->idx;
  if (ns < t->block.first_ns) t->block.first_ns = ns;
  if (ns > t->block.last_ns) t->block.last_ns = ns;
}

void wg_shape_event(struct wg_shape *s, const struct wg_event *e) {
  s->seq++;
  s->e = e;
  s->v[E_SEQ] = (int64_t)s->seq;
  s->v[E_TID] = e->tid;
  s->v[E_IDX] = (int64_t)e->idx;
  s->v[E_NS] = (int64_t)e->host_ns;
  s->v[E_CYCLE] = (int64_t)e->cycle;
  s->set = e->has_cycle ? 0x1F : 0xF;
  struct wg_shape_thread *t = wg_shape_thread(s, e->tid);
  if (t) count(s, t, e);
  memset(s->parts, 0, sizeof s->parts);
  switch (e->kind) {
  case WG_EV_KERNEL_CALL:
  case WG_EV_KERNEL_RETURN:
  case WG_EV_WAIT_BEGIN:
  case WG_EV_WAIT_END:
  case WG_EV_SIGNAL:
  case WG_EV_HANDLE_CREATE:
  case WG_EV_HANDLE_DUP:
  case WG_EV_HANDLE_DESTROY: take_fields(s); break;
  default:
    wg_shape_made_thread(s);
    wg_shape_other(s);
    return;
  }
  switch ((int)e->kind) {
  case WG_EV_KERNEL_CALL: on_call(s, t); break;
  case WG_EV_KERNEL_RETURN: on_return(s, t); break;
  case WG_EV_WAIT_BEGIN: wg_shape_wait(s, t); break;
  case WG_EV_WAIT_END: wg_shape_wait_end(s, t); break;
  case WG_EV_SIGNAL: wg_shape_signal(s, t); break;
  case WG_EV_HANDLE_DESTROY: wg_shape_handle_end(s); break;
  default: wg_shape_handle(s, t); break;
  }
}

void wg_shape_init(struct wg_shape *s, struct wg_rows *rows, const char *format) {
  *s = (struct wg_shape){.rows = rows, .text_log = strcmp(format, "xenia-canary log") == 0};
  wg_shelf_init(&s->open_calls, rows, WG_T_CALL);
  wg_shelf_init(&s->open_waits, rows, WG_T_WAIT);
  wg_shelf_init(&s->open_handles, rows, WG_T_HANDLE);
  wg_buf_reserve(&s->key, 64);
  wg_buf_reserve(&s->text, 64);
  json_text(s, "{}", 2); // 0
}

void wg_shape_end(struct wg_shape *s) {
  wg_shape_waits_end(s);
  for (size_t i = 0; i < s->nthreads; i++) {
    never_returned(s, &s->threads[i], 0);
    block_put(s, &s->threads[i]);
  }
  wg_shelf_end(&s->open_calls);
  wg_shelf_end(&s->open_waits);
  wg_shelf_end(&s->open_handles);
  sums_put(s);
  wg_shape_locks_put(s);
  wg_shape_signals_put(s);
  wg_shape_objects_end(s);
  wg_shape_threads_end(s);
}

void wg_shape_release(struct wg_shape *s) {
  wg_shelf_release(&s->open_calls);
  wg_shelf_release(&s->open_waits);
  wg_shelf_release(&s->open_handles);
  wg_intern_release(&s->texts);
  wg_intern_release(&s->jsons);
  wg_intern_release(&s->kinds);
  wg_intern_release(&s->sites);
  wg_intern_release(&s->args);
  wg_intern_release(&s->mentions);
  for (size_t i = 0; i < s->nthreads; i++) {
    free(s->threads[i].open);
    free(s->threads[i].signals);
    free(s->threads[i].waits);
  }
  free(s->threads);
  free(s->objects);
  free(s->sums);
  free(s->of_site);
  free(s->locks);
  free(s->signals);
  wg_map_release(&s->by_tid);
  wg_map_release(&s->by_hsid);
  wg_map_release(&s->by_raw);
  wg_map_release(&s->by_guest);
  wg_map_release(&s->handle_of_raw);
  wg_map_release(&s->sum_of);
  wg_map_release(&s->lock_of);
  wg_map_release(&s->signals_of);
  wg_buf_release(&s->key);
  wg_buf_release(&s->text);
}
