#include "probe/find.h"

#include <stdlib.h>
#include <string.h>

#include "probe/calls.h"

void wg_found_release(struct wg_found *f) {
  free(f->before);
  free(f->now);
  free(f->value);
  free(f->call);
  wg_buf_release(&f->event);
  *f = (struct wg_found){.found = false};
}

struct search {
  struct wg_travel *t;
  const struct wg_place_range *place;
  struct wg_watcher *watcher;
  struct wg_found *out;
  bool only_first;
};

static void keep(void *ctx, const struct wg_hit *h) {
  struct search *s = ctx;
  struct wg_found *f = s->out;
  if (s->only_first && f->found) return;
  f->found = true;
  memcpy(f->before, h->before, s->place->len);
  memcpy(f->now, h->now, s->place->len);
  f->hit = *h;
  f->hit.before = f->before;
  f->hit.now = f->now;
}

static bool on_access(void *ctx, uint32_t tid, const struct wg_cpu *c, const struct wg_mem_access *a) {
  struct search *s = ctx;
  (void)tid;
  wg_watcher_access(s->watcher, wg_travel_machine(s->t), c, a);
  return s->only_first && s->out->found;
}

static bool on_event(void *ctx, const struct wg_event *e) {
  struct search *s = ctx;
  wg_watcher_event(s->watcher, wg_travel_machine(s->t), e);
  return false;
}

static void begin_search(struct search *s, const struct wg_mem_watch *watch) {
  uint32_t n = s->place->len;
  *s->out = (struct wg_found){.found = false};
  s->out->before = wg_xcalloc(n, 1);
  s->out->now = wg_xcalloc(n, 1);
  s->out->value = wg_xcalloc(n, 1);
  s->watcher = wg_watcher_create(watch, 1, keep, s);
}

static void look(struct search *s) {
  static const char *const owners[] = {"memory that the title has allocated", "the title's image, or a library's",
                                       "a thread's stack", "a stack of the kernel's", "memory of the kernel's own"};
  struct wg_found *f = s->out;
  struct wg_machine *m = wg_travel_machine(s->t);
  const struct wg_mem *mem = wg_machine_mem(m);
  uint32_t shown;
  f->committed = wg_place_shown(mem, s->place->addr, &shown);
  const struct wg_region *r = wg_mem_region(mem, shown);
  wg_travel_here(s->t, &f->here);
  wg_watcher_bytes(m, s->place->addr, s->place->len, f->value);
  if (r) {
    f->made_as = owners[r->owner];
    f->base = r->base;
    f->size = r->size;
  } else if (wg_mem_to_phys(shown) != UINT32_MAX) {
    f->made_as = "physical memory";
    f->base = wg_mem_to_phys(shown);
  }
}

// What else the trace says of it.
static int explain(struct search *s, const char *dir, struct wg_err *err) {
  struct wg_found *f = s->out;
  if (!f->found) return WG_OK;
  struct wg_calls *calls = wg_calls_create();
  int code = wg_calls_read(calls, dir, f->hit.at.events, f->hit.at.tid, &f->event, err);
  if (code == WG_OK && !f->hit.by_code && f->hit.at.in_turn) {
    const char *name = wg_calls_within(calls, f->hit.at.tid, &f->call_idx, &f->call_lr);
    if (name) f->call = wg_xstrdup(name);
  }
  if (!f->hit.at.in_turn) wg_buf_clear(&f->event);
  wg_calls_free(calls);
  return code;
}

static int end_search(struct search *s, const char *dir, int code, struct wg_err *err) {
  wg_watcher_free(s->watcher);
  if (code == WG_OK) code = explain(s, dir, err);
  if (code != WG_OK) wg_found_release(s->out);
  return code;
}

static struct wg_travel_hooks hooks_of(struct search *s, const struct wg_mem_watch *watch) {
  return (struct wg_travel_hooks){.event = on_event, .access = on_access, .watches = watch, .nwatches = 1, .ctx = s};
}

// --- the last write ---------------------------------------------------------------------------------------

// The latest checkpoint before an instruction, or SIZE_MAX: the start. *at: the instructions before it.
static size_t checkpoint_before(const struct wg_travel *t, uint64_t retired, uint64_t *at) {
  struct wg_machine_where w;
  for (size_t i = wg_travel_checkpoints(t); i-- > 0;) {
    wg_travel_checkpoint(t, i, &w);
    if (w.retired >= retired) continue;
    *at = w.retired;
    return i;
  }
  *at = 0;
  return SIZE_MAX;
}

// The intervals overlap in what happens from a checkpoint to the next instruction; the later one has been looked at,
// and what is found twice is the same.
static int intervals(struct search *s, const struct wg_travel_hooks *h, const struct wg_position *before,
                     uint64_t retired, struct wg_err *err) {
  struct wg_position until = {.kind = WG_AT_END};
  if (before) until = *before;
  for (bool first = true;; first = false) {
    enum wg_halt why;
    bool there;
    uint64_t begins;
    size_t i = checkpoint_before(s->t, retired, &begins);
    WG_TRY(wg_travel_enter(s->t, i, NULL, err));
    if (until.kind != WG_AT_START) WG_TRY(wg_travel_run(s->t, h, &until, &why, &there, err));
    wg_watcher_settle(s->watcher, wg_travel_machine(s->t));
    if (first) look(s);
    if (s->out->found || i == SIZE_MAX) return WG_OK;
    retired = begins;
    until = (struct wg_position){.kind = WG_AT_INSN, .value = begins};
  }
}

int wg_find_last_write(struct wg_travel *t, const char *dir, const struct wg_place_range *place,
                       const struct wg_position *before, struct wg_found *out, struct wg_err *err) {
  const struct wg_mem_watch watch = {place->addr, place->len, false, true};
  struct search s = {.t = t, .place = place, .out = out};
  const struct wg_travel_hooks h = hooks_of(&s, &watch);
  uint64_t retired = UINT64_MAX;
  struct wg_here here;
  begin_search(&s, &watch);
  int code = WG_OK;
  if (before) {
    code = wg_travel_seek(t, before, err);
    wg_travel_here(t, &here);
    retired = here.at.retired;
  }
  if (code == WG_OK) code = intervals(&s, &h, before, retired, err);
  return end_search(&s, dir, code, err);
}

// --- the first read ---------------------------------------------------------------------------------------

int wg_find_first_read(struct wg_travel *t, const char *dir, const struct wg_place_range *place,
                       const struct wg_position *after, struct wg_found *out, struct wg_err *err) {
  const struct wg_mem_watch watch = {place->addr, place->len, true, false};
  struct search s = {.t = t, .place = place, .out = out, .only_first = true};
  const struct wg_travel_hooks h = hooks_of(&s, &watch);
  enum wg_halt why;
  bool there;
  begin_search(&s, &watch);
  int code = after ? wg_travel_seek(t, after, err) : wg_travel_enter(t, SIZE_MAX, NULL, err);
  if (code == WG_OK) code = wg_travel_run(t, &h, NULL, &why, &there, err);
  if (code == WG_OK) look(&s);
  return end_search(&s, dir, code, err);
}

// --- each write -------------------------------------------------------------------------------------------

struct values {
  struct wg_travel *t;
  struct wg_watcher *watcher;
  struct wg_calls *calls;
  const struct wg_value_hooks *hooks;
};

static void each(void *ctx, const struct wg_hit *h) {
  struct values *v = ctx;
  const char *call = h->by_code || !h->at.in_turn ? NULL : wg_calls_within(v->calls, h->at.tid, NULL, NULL);
  v->hooks->hit(v->hooks->ctx, h, call);
}

static bool values_access(void *ctx, uint32_t tid, const struct wg_cpu *c, const struct wg_mem_access *a) {
  struct values *v = ctx;
  (void)tid;
  wg_watcher_access(v->watcher, wg_travel_machine(v->t), c, a);
  return false;
}

static bool values_event(void *ctx, const struct wg_event *e) {
  struct values *v = ctx;
  wg_watcher_event(v->watcher, wg_travel_machine(v->t), e);
  wg_calls_event(v->calls, e);
  return false;
}

static int begin_values(struct values *v, const char *dir, const struct wg_place_range *place,
                        const struct wg_position *from, const struct wg_position *to, struct wg_err *err) {
  const struct wg_position start = {.kind = WG_AT_START};
  struct wg_here here;
  WG_TRY(wg_travel_window(v->t, from ? from : &start, to, err));
  wg_travel_here(v->t, &here);
  WG_TRY(wg_calls_read(v->calls, dir, here.at.events, 0, NULL, err));
  uint8_t *value = wg_xcalloc(place->len, 1);
  uint32_t shown;
  bool committed = wg_place_shown(wg_machine_mem(wg_travel_machine(v->t)), place->addr, &shown);
  wg_watcher_bytes(wg_travel_machine(v->t), place->addr, place->len, value);
  if (v->hooks->start) v->hooks->start(v->hooks->ctx, committed ? value : NULL, &here.at);
  free(value);
  return WG_OK;
}

int wg_find_values(struct wg_travel *t, const char *dir, const struct wg_place_range *place,
                   const struct wg_position *from, const struct wg_position *to, const struct wg_value_hooks *hooks,
                   struct wg_err *err) {
  const struct wg_mem_watch watch = {place->addr, place->len, false, true};
  struct values v = {.t = t, .calls = wg_calls_create(), .hooks = hooks};
  const struct wg_travel_hooks h = {
      .event = values_event, .access = values_access, .watches = &watch, .nwatches = 1, .ctx = &v};
  enum wg_halt why;
  bool there;
  v.watcher = wg_watcher_create(&watch, 1, each, &v);
  int code = begin_values(&v, dir, place, from, to, err);
  if (code == WG_OK) code = wg_travel_run(t, &h, to, &why, &there, err);
  if (code == WG_OK) wg_watcher_settle(v.watcher, wg_travel_machine(t));
  wg_watcher_free(v.watcher);
  wg_calls_free(v.calls);
  return code;
}
