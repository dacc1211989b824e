// What a call writes for its caller, for its return's out{}. A body names what a person wants to see (wg_out_u32 and
// its kin, wg_told); whatever else it writes through a parameter of kind P or H is noted here as argN: its value if it
// has at most eight bytes, else how many bytes and their hash.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "emu/kernel/kernel.h"

#define GAP 64u // a structure's fields that a call leaves alone lie within

void wg_outputs_begin(struct wg_kcall *k, const char *params) {
  struct wg_outputs *o = &k->m->calls.outputs;
  o->n = 0;
  o->told = 0;
  o->on = params[strcspn(params, "PH")] != 0;
}

void wg_outputs_note(struct wg_outputs *o, uint32_t at, uint32_t n) {
  struct wg_written *last = o->n ? &o->written[o->n - 1] : NULL;
  if (last && at >= last->at && at <= last->at + last->n) {
    if (at + n > last->at + last->n) last->n = at + n - last->at;
  } else if (n) {
    WG_VEC_ROOM(o->written, o->room, o->n + 1);
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is room
    o->written[o->n++] = (struct wg_written){at, n};
  }
}

void wg_outputs_release(struct wg_outputs *o) {
  free(o->written);
  *o = (struct wg_outputs){0};
}

void wg_told(struct wg_kcall *k, uint32_t at) {
  for (unsigned i = 0; i < WG_NT_MAX_PARAMS; i++)
    if (A(i) == at) k->m->calls.outputs.told |= 1u << i;
}

void wg_out_u32(struct wg_kcall *k, uint32_t at, const char *key, uint32_t v) {
  if (at) KW32(k, at, v);
  wg_json_hex(wg_out(k), key, v);
  wg_told(k, at);
}

void wg_out_i32(struct wg_kcall *k, uint32_t at, const char *key, int32_t v) {
  if (at) KW32(k, at, v);
  wg_json_i64(wg_out(k), key, v);
  wg_told(k, at);
}

void wg_out_u64(struct wg_kcall *k, uint32_t at, const char *key, uint64_t v) {
  if (at) wg_kw(k->m, at, 8, v);
  wg_json_hex(wg_out(k), key, v);
  wg_told(k, at);
}

void wg_out_time(struct wg_kcall *k, uint32_t at, uint64_t v) {
  if (at) wg_kw(k->m, at, 8, v);
  wg_json_i64(wg_out(k), "time", (int64_t)v);
  wg_told(k, at);
}

static int by_address(const void *a, const void *b) {
  const struct wg_written *x = a, *y = b;
  return x->at != y->at ? (x->at < y->at ? -1 : 1) : (x->n > y->n) - (x->n < y->n);
}

// In the order of their addresses, those that touch in one.
static void put_in_order(struct wg_outputs *o) {
  if (o->n) qsort(o->written, o->n, sizeof *o->written, by_address);
  size_t n = 0;
  for (size_t i = 0; i < o->n; i++) {
    struct wg_written *w = &o->written[i], *last = n ? &o->written[n - 1] : NULL;
    if (last && w->at <= last->at + last->n) {
      if (w->at + w->n > last->at + last->n) last->n = w->at + w->n - last->at;
    } else {
      o->written[n++] = *w;
    }
  }
  o->n = n;
}

// The first address after `at` at which another parameter's memory begins.
static uint32_t next_pointer(const struct wg_kcall *k, const char *params, uint32_t at) {
  uint32_t next = UINT32_MAX;
  for (size_t i = 0; params[i]; i++)
    if ((params[i] == 'P' || params[i] == 'H') && A(i) > at && A(i) < next) next = A(i);
  return next;
}

static void tell_output(struct wg_kcall *k, unsigned i, uint32_t end) {
  const struct wg_outputs *o = &k->m->calls.outputs;
  uint32_t from = A(i), to = from, bytes = 0;
  uint64_t hash = 0;
  char key[16];
  for (size_t w = 0; w < o->n; w++) {
    uint32_t at = o->written[w].at, past = at + o->written[w].n;
    if (at < from) at = from;
    if (past > end) past = end;
    if (at >= past || at - to > GAP) continue;
    uint32_t n = past - at;
    const uint8_t *p = wg_mem_ptr(k->m->mem, at, n, false);
    if (p == NULL) continue;
    hash = wg_hash(p, n, hash);
    bytes += n;
    to = at + n;
  }
  if (bytes == 0) return;
  if (to - from == bytes && (bytes <= 2 || bytes == 4 || bytes == 8)) {
    snprintf(key, sizeof key, "arg%u", i);
    wg_json_hex(wg_out(k), key, wg_kr(k->m, from, bytes));
    return;
  }
  snprintf(key, sizeof key, "arg%u_bytes", i);
  wg_json_u64(wg_out(k), key, bytes);
  snprintf(key, sizeof key, "arg%u_hash", i);
  wg_json_hex(wg_out(k), key, hash);
}

void wg_outputs_end(struct wg_kcall *k, const char *params) {
  struct wg_outputs *o = &k->m->calls.outputs;
  if (!o->on) return;
  o->on = false;
  put_in_order(o);
  for (unsigned i = 0; params[i] && o->n; i++) {
    if ((params[i] != 'P' && params[i] != 'H') || A(i) == 0 || (o->told >> i & 1)) continue;
    tell_output(k, i, next_pointer(k, params, A(i)));
    wg_told(k, A(i)); // once, however many parameters lead there
  }
}
