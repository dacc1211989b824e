#include "travel/returns.h"

#include <stdio.h>
#include <string.h>

#include "trace/reader.h"

struct search {
  const struct wg_position *p;
  uint64_t events, named; // so far: all, and those of p's kind and name
};

static bool is_named(struct search *s, const struct wg_event *e, enum wg_kind kind) {
  const char *name = wg_ev_text(e, WG_K_NAME);
  return e->kind == kind && name && strcmp(name, s->p->name) == 0 && ++s->named == s->p->value;
}

static bool is_there(struct search *s, const struct wg_event *e) {
  s->events++;
  switch (s->p->kind) {
  case WG_AT_EVENT: return e->kind != WG_EV_TRACE_HEADER && e->tid == s->p->tid && e->idx == s->p->value;
  case WG_AT_NTH_EVENT: return s->events == s->p->value;
  case WG_AT_CALL: return is_named(s, e, WG_EV_KERNEL_CALL);
  case WG_AT_RETURN: return is_named(s, e, WG_EV_KERNEL_RETURN);
  case WG_AT_START:
  case WG_AT_CYCLE:
  case WG_AT_INSN:
  case WG_AT_TIME:
  case WG_AT_FRAME:
  case WG_AT_END: break;
  }
  return false;
}

static bool names_events(const struct wg_position *p) {
  return p->kind == WG_AT_EVENT || p->kind == WG_AT_NTH_EVENT || p->kind == WG_AT_CALL || p->kind == WG_AT_RETURN;
}

static void name_of(const struct wg_event *e, char out[64]) {
  const char *name = wg_ev_text(e, WG_K_NAME);
  snprintf(out, 64, "%s", name ? name : "?");
}

// The call or return that the position names. `where` is the position in words.
static int find_named(struct wg_reader *r, const struct wg_position *p, const char *where, struct wg_event *e,
                      struct wg_err *err) {
  struct search s = {.p = p};
  while (wg_reader_next(r, e)) {
    if (!is_there(&s, e)) continue;
    if (e->kind == WG_EV_KERNEL_CALL || e->kind == WG_EV_KERNEL_RETURN) return WG_OK;
    return wg_fail(err, WG_INPUT, "%s is a %s: expected a call, or its return", where, wg_kind_name(e));
  }
  return wg_fail(err, WG_INPUT, "%s: there is no such event", where);
}

// The return of the call that the thread is in.
static bool find_back(struct wg_reader *r, uint32_t tid, struct wg_event *e) {
  unsigned depth = 1;
  while (wg_reader_next(r, e)) {
    if (e->tid != tid) continue;
    if (e->kind == WG_EV_KERNEL_CALL) depth++;
    if (e->kind == WG_EV_KERNEL_RETURN && --depth == 0) return true;
  }
  return false;
}

static void take(const struct wg_event *e, struct wg_returned *out) {
  name_of(e, out->name);
  out->tid = e->tid;
  out->idx = e->idx;
}

static int find_return(struct wg_reader *r, struct wg_event *e, const char *where, struct wg_returned *out,
                       struct wg_err *err) {
  if (e->kind == WG_EV_KERNEL_CALL) {
    if (e->tid == 0) // of several hardware threads
      return wg_fail(err, WG_INPUT, "%s is an interrupt's call: name its return", where);
    if (!find_back(r, out->tid, e)) return wg_fail(err, WG_INPUT, "%s: %s never returns", where, out->name);
  }
  take(e, out);
  if (wg_ev_get(e, WG_K_VOID)) return wg_fail(err, WG_INPUT, "%s: %s returns nothing", where, out->name);
  wg_ev_u64(e, WG_K_RV, &out->rv);
  return WG_OK;
}

// is_return: NULL where the call's return is looked for.
static int find(const char *dir, const struct wg_position *p, struct wg_returned *out, bool *is_return,
                struct wg_err *err) {
  struct wg_reader *r = NULL;
  struct wg_buf where = {0};
  struct wg_event e;
  *out = (struct wg_returned){.tid = 0};
  wg_buf_printf(&where, "%s@", dir);
  wg_position_words(p, &where);
  int code = names_events(p)
                 ? wg_reader_open(&r, dir, err)
                 : wg_fail(err, WG_INPUT, "%s names no call: expected TID:IDX, event=N, call=NAME#N or return=NAME#N",
                           where.data);
  if (code == WG_OK) {
    code = find_named(r, p, where.data, &e, err);
    if (code == WG_OK) {
      take(&e, out);
      if (is_return)
        *is_return = e.kind == WG_EV_KERNEL_RETURN;
      else
        code = find_return(r, &e, where.data, out, err);
    }
    wg_reader_close(r);
  }
  wg_buf_release(&where);
  return code;
}

int wg_find_return(const char *dir, const struct wg_position *p, struct wg_returned *out, struct wg_err *err) {
  return find(dir, p, out, NULL, err);
}

int wg_find_call(const char *dir, const struct wg_position *p, struct wg_returned *out, bool *is_return,
                 struct wg_err *err) {
  return find(dir, p, out, is_return, err);
}
