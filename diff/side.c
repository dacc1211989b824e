#include "diff/side.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/nest.h"
#include "trace/reader.h"

uint32_t wg_name(struct wg_names *names, const char *s, size_t n) {
  uint64_t h = wg_hash(s, n, 0), id;
  while (wg_map_get(&names->by_hash, h, &id)) {
    if (strlen(names->text[id]) == n && memcmp(names->text[id], s, n) == 0) return (uint32_t)id;
    h++;
  }
  if ((names->n & (names->n - 1)) == 0)
    names->text = wg_xrealloc(names->text, (names->n ? names->n * 2 : 1) * sizeof(char *));
  names->text[names->n] = wg_xstrndup(s, n);
  wg_map_put(&names->by_hash, h, names->n);
  return (uint32_t)names->n++;
}

struct wg_dthread *wg_side_thread(struct wg_side *s, uint32_t tid) {
  uint64_t i;
  return wg_map_get(&s->by_tid, tid, &i) ? &s->threads[i] : NULL;
}

static struct wg_dthread *thread_of(struct wg_side *s, uint32_t tid) {
  struct wg_dthread *t = wg_side_thread(s, tid);
  if (t) return t;
  if ((s->nthreads & (s->nthreads - 1)) == 0)
    s->threads = wg_xrealloc(s->threads, (s->nthreads ? s->nthreads * 2 : 1) * sizeof *s->threads);
  wg_map_put(&s->by_tid, tid, s->nthreads);
  t = &s->threads[s->nthreads++];
  *t = (struct wg_dthread){.tid = tid};
  return t;
}

static bool ignored(const char *list, const char *name) {
  size_t n = strlen(name);
  for (const char *p = list; p && *p;) {
    size_t len = strcspn(p, ",");
    if (len == n && memcmp(p, name, n) == 0) return true;
    p += len + (p[len] == ',');
  }
  return false;
}

static void set_args(struct wg_dcall *c, const struct wg_field *f) {
  if (f == NULL) return;
  if (f->type == WG_F_HEXES) {
    for (size_t i = 0; i < f->n && i < WG_DIFF_ARGS; i++) c->args[c->nargs++] = (uint32_t)f->v[i];
    return;
  }
  if (f->type != WG_F_RAW) return;
  for (const char *p = f->s; *p && c->nargs < WG_DIFF_ARGS; p++) {
    // [1, "0x2", -3]: numbers and quoted hexadecimal, as either engine writes them
    if (*p != '"' && *p != '-' && (*p < '0' || *p > '9')) continue;
    char *end;
    const char *q = *p == '"' ? p + 1 : p;
    uint64_t v = *q == '-' ? (uint64_t)strtoll(q, &end, 10) : strtoull(q, &end, 0);
    c->args[c->nargs++] = (uint32_t)v;
    p = *p == '"' ? end : end - 1;
  }
}

static void set_detail(struct wg_dcall *c, const struct wg_field *f, struct wg_names *names) {
  if (f == NULL || f->type != WG_F_RAW || f->n <= 2) return;
  json_t *o = json_loadb(f->s, f->n, 0, NULL);
  static const char *const keys[] = {"path", "string", "object_name"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys && c->detail == 0; i++) {
    const json_t *v = json_object_get(o, keys[i]);
    if (json_is_string(v)) c->detail = wg_name(names, json_string_value(v), json_string_length(v));
  }
  const json_t *object = json_object_get(o, "object"), *type = json_object_get(o, "object_type");
  if (json_is_string(object)) {
    struct wg_buf b = {0};
    wg_buf_printf(&b, "%s %s", json_is_string(type) ? json_string_value(type) : "object", json_string_value(object));
    c->object = wg_name(names, b.data, b.len);
    wg_buf_release(&b);
  }
  json_decref(o);
}

static void add_call(struct wg_dthread *t, const struct wg_event *e, const char *name, struct wg_names *names) {
  if ((t->ncalls & (t->ncalls - 1)) == 0)
    t->calls = wg_xrealloc(t->calls, (t->ncalls ? t->ncalls * 2 : 1) * sizeof *t->calls);
  struct wg_dcall *c = &t->calls[t->ncalls++];
  *c = (struct wg_dcall){.name = wg_name(names, name, strlen(name)), .idx = e->idx, .ns = e->host_ns, .by_tid = -1};
  set_args(c, wg_ev_get(e, WG_K_ARGS));
  set_detail(c, wg_ev_get(e, WG_K_ARGS_RESOLVED), names);
}

static void end_call(struct wg_side *s, struct wg_nest *nest, struct wg_dthread *t, const struct wg_event *e,
                     const char *name) {
  uint64_t v;
  s->has_returns = true;
  t->knows_returns = true;
  if (name == NULL || !wg_nest_return(nest, e->tid, name, &v)) return;
  struct wg_dcall *c = &t->calls[v];
  c->returned = true;
  if (!(wg_ev_u64(e, WG_K_VOID, &v) && v) && wg_ev_u64(e, WG_K_RV, &v)) {
    c->has_rv = true;
    c->rv = (uint32_t)v;
  }
}

static void end_wait(struct wg_dthread *t, const struct wg_event *e) {
  const struct wg_field *f = wg_ev_get(e, WG_K_SATISFIED_BY);
  unsigned tid;
  unsigned long long idx;
  if (t->ncalls == 0 || f == NULL || f->type != WG_F_RAW || sscanf(f->s, "{\"tid\":%u,\"idx\":%llu", &tid, &idx) != 2)
    return;
  t->calls[t->ncalls - 1].by_tid = (int32_t)tid;
  t->calls[t->ncalls - 1].by_idx = idx;
}

static void add_thread(struct wg_side *s, const struct wg_event *e) {
  uint64_t child, v;
  if (!wg_ev_u64(e, WG_K_CHILD, &child)) return;
  thread_of(s, e->tid);
  struct wg_dthread *t = thread_of(s, (uint32_t)child);
  t->created = true;
  t->parent = e->tid;
  if (wg_ev_u64(e, WG_K_ENTRY, &v)) t->entry = (uint32_t)v;
  if (wg_ev_u64(e, WG_K_CTX, &v)) t->ctx = (uint32_t)v;
  for (size_t i = 0; i < s->nthreads; i++)
    if (&s->threads[i] != t && s->threads[i].created && s->threads[i].parent == t->parent &&
        s->threads[i].entry == t->entry)
      t->spawn++;
}

static void add_event(struct wg_side *s, struct wg_nest *nest, const struct wg_event *e, const char *ignore,
                      struct wg_names *names) {
  const char *name = wg_ev_text(e, WG_K_NAME);
  switch (e->kind) {
  case WG_EV_KERNEL_CALL:
    if (name && !ignored(ignore, name)) {
      struct wg_dthread *t = thread_of(s, e->tid);
      wg_nest_call(nest, e->tid, name, t->ncalls);
      add_call(t, e, name, names);
    }
    break;
  case WG_EV_KERNEL_RETURN: end_call(s, nest, thread_of(s, e->tid), e, name); break;
  case WG_EV_WAIT_END: end_wait(thread_of(s, e->tid), e); break;
  case WG_EV_THREAD_CREATE: add_thread(s, e); break;
  case WG_EV_THREAD_EXIT: thread_of(s, e->tid)->exited = true; break;
  default: break;
  }
}

int wg_side_load(struct wg_side *s, const char *path, const char *ignore, struct wg_names *names, struct wg_err *err) {
  *s = (struct wg_side){.path = path};
  struct wg_reader *r;
  WG_TRY(wg_reader_open(&r, path, err));
  s->format = wg_reader_format(r);
  struct wg_event e;
  struct wg_nest nest = {0};
  while (wg_reader_next(r, &e)) {
    s->events++;
    add_event(s, &nest, &e, ignore, names);
  }
  wg_nest_release(&nest);
  if (wg_reader_damage(r)) snprintf(s->damage, sizeof s->damage, "%s", wg_reader_damage(r));
  wg_reader_close(r);
  return WG_OK;
}

void wg_side_release(struct wg_side *s) {
  for (size_t i = 0; i < s->nthreads; i++) {
    free(s->threads[i].calls);
    free(s->threads[i].items);
  }
  free(s->threads);
  wg_map_release(&s->by_tid);
}
