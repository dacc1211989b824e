#include "emu/sched/clock.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/vec.h"
#include "emu/state/archive.h"

void wg_clock_init(struct wg_clock *c, uint64_t since_1601, uint64_t seed) {
  *c = (struct wg_clock){.since_1601 = since_1601, .seed = seed};
}

void wg_clock_release(struct wg_clock *c) {
  free(c->due);
  wg_map_release(&c->due_at);
  *c = (struct wg_clock){.now = 0};
}

uint64_t wg_clock_timebase(const struct wg_clock *c) { return wg_clock_now(c) / (1000000000u / WG_TIMEBASE_HZ); }

uint64_t wg_clock_system_time(const struct wg_clock *c) { return c->since_1601 + wg_clock_now(c) / 100; }

uint64_t wg_clock_pay(struct wg_clock *c) {
  uint64_t n = c->work > WG_FREE_WORK ? c->work - WG_FREE_WORK : 0;
  c->work = 0;
  wg_clock_look_later(c);
  return n;
}

// --- due times -------------------------------------------------------------------------------------

static bool before(const struct wg_due *a, const struct wg_due *b) {
  return a->when != b->when ? a->when < b->when : a->token < b->token;
}

static void put(struct wg_clock *c, size_t at, const struct wg_due *d) {
  c->due[at] = *d;
  wg_map_put(&c->due_at, d->token, at);
}

static void rise(struct wg_clock *c, size_t at, const struct wg_due *d) {
  for (; at > 0 && before(d, &c->due[(at - 1) / 2]); at = (at - 1) / 2) put(c, at, &c->due[(at - 1) / 2]);
  put(c, at, d);
}

static void sink(struct wg_clock *c, size_t at, const struct wg_due *d) {
  for (size_t child; (child = 2 * at + 1) < c->ndue; at = child) {
    if (child + 1 < c->ndue && before(&c->due[child + 1], &c->due[child])) child++;
    if (!before(&c->due[child], d)) break;
    put(c, at, &c->due[child]);
  }
  put(c, at, d);
}

static void add(struct wg_clock *c, const struct wg_due *d) {
  WG_VEC_ROOM(c->due, c->due_room, c->ndue + 1);
  c->ncounting += d->counts;
  rise(c, c->ndue++, d);
}

void wg_clock_serve(struct wg_clock *c, enum wg_due_kind kind, const struct wg_due_service *s) {
  WG_ASSERT(c->services[kind].fire == NULL, "a kind of due time is served by one part");
  c->services[kind] = *s;
}

uint64_t wg_clock_token(struct wg_clock *c) { return ++c->next_token; }

uint64_t wg_clock_after(struct wg_clock *c, uint64_t when, bool counts, enum wg_due_kind kind, void *arg) {
  WG_ASSERT(c->services[kind].fire, "nobody serves this kind of due time");
  struct wg_due d = {.when = when, .token = wg_clock_token(c), .arg = arg, .kind = kind, .counts = counts};
  add(c, &d);
  return d.token;
}

void wg_clock_cancel(struct wg_clock *c, uint64_t token) {
  uint64_t at;
  if (!wg_map_get(&c->due_at, token, &at)) return;
  wg_map_del(&c->due_at, token);
  c->ncounting -= c->due[at].counts;
  struct wg_due last = c->due[--c->ndue];
  if (at == c->ndue) return;
  if (at > 0 && before(&last, &c->due[(at - 1) / 2]))
    rise(c, at, &last);
  else
    sink(c, at, &last);
}

bool wg_clock_fire(struct wg_clock *c) {
  if (c->ndue == 0 || c->due[0].when > c->now) return false;
  struct wg_due d = c->due[0];
  wg_clock_cancel(c, d.token);
  const struct wg_due_service *s = &c->services[d.kind];
  s->fire(s->ctx, d.arg, d.token);
  return true;
}

// --- windows and turns -----------------------------------------------------------------------------

uint64_t wg_clock_window(const struct wg_clock *c) {
  uint64_t window = WG_WINDOW_NS;
  // The seed perturbs the interleaving: windows of 0.1 to 1.1 of the usual length.
  if (c->seed) window = WG_WINDOW_NS / 10 + wg_hash_u64(c->windows, c->seed) % WG_WINDOW_NS;
  if (c->ndue && c->due[0].when > c->now && c->due[0].when - c->now < window) window = c->due[0].when - c->now;
  return window;
}

bool wg_clock_enter(struct wg_clock *c, uint64_t *carry, uint64_t window) {
  c->used = *carry;
  if (c->used < window) return true;
  *carry = c->used - window;
  return false;
}

void wg_clock_leave(const struct wg_clock *c, uint64_t *carry, uint64_t window) {
  *carry = c->used > window ? c->used - window : 0;
}

void wg_clock_turn_begin(struct wg_clock *c, const uint64_t *cycle) {
  c->cycle = cycle;
  c->turn = *cycle;
}

uint64_t wg_clock_turn_end(struct wg_clock *c) {
  uint64_t spent = *c->cycle - c->turn;
  c->used += spent;
  c->cycle = NULL;
  return spent;
}

void wg_clock_pass(struct wg_clock *c, uint64_t windows) {
  c->now += windows * WG_WINDOW_NS;
  c->used -= windows * WG_WINDOW_NS; // below 0 until the turn ends: what it has spent is in its cycles
  c->windows += windows;
}

bool wg_clock_jump(struct wg_clock *c, uint64_t last_ran) {
  if (c->ncounting == 0 && (c->ndue == 0 || c->now - last_ran > WG_WEDGE_AFTER_NS)) return false;
  if (c->ndue && c->due[0].when > c->now) c->now = c->due[0].when;
  return true;
}

// --- state -----------------------------------------------------------------------------------------

void wg_clock_state(struct wg_archive *a, struct wg_clock *c) {
  wg_ar_part(a, "clock");
  wg_ar_u64(a, &c->now);
  wg_ar_u64(a, &c->since_1601);
  wg_ar_u64(a, &c->seed);
  wg_ar_u64(a, &c->windows);
  wg_ar_u64(a, &c->work);
  wg_ar_u64(a, &c->look_work);
  wg_ar_u64(a, &c->next_token);
}

void wg_clock_due_state(struct wg_archive *a, struct wg_clock *c) {
  wg_ar_part(a, "what is due");
  size_t n = wg_ar_count(a, c->ndue, SIZE_MAX);
  if (wg_ar_loading(a)) {
    wg_map_release(&c->due_at);
    c->ndue = c->ncounting = 0;
  }
  for (size_t i = 0; i < n && !a->failed; i++) {
    struct wg_due d = {.when = 0};
    if (!wg_ar_loading(a)) d = c->due[i];
    d.kind = (enum wg_due_kind)wg_ar_kind(a, d.kind, WG_DUE_KINDS);
    wg_ar_u64(a, &d.when);
    wg_ar_u64(a, &d.token);
    wg_ar_bool(a, &d.counts);
    const struct wg_due_service *s = &c->services[d.kind];
    if (s->describe) s->describe(a, s->ctx, &d.arg);
    if (wg_ar_loading(a) && !a->failed) add(c, &d);
    if (a->mode == WG_ARCHIVE_TOUCH) c->due[i] = d;
  }
}
