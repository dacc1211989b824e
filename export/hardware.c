#include "export/hardware.h"

#include <stdio.h>
#include <string.h>

#include "base/json_iter.h"

static struct wg_mark mark_on(struct wg_hardware *h, unsigned hw, enum wg_phase phase, uint64_t ns) {
  char name[32];
  snprintf(name, sizeof name, "hardware thread %u", hw);
  struct wg_track track = {WG_TRACK_HARDWARE, hw, name};
  if (!h->at[hw].told) h->picture->track(h->picture->ctx, &track);
  h->at[hw].told = true;
  track.name = NULL;
  // Hardware threads are a little apart in time, and a thread that moves takes its own with it.
  if (ns < h->at[hw].last_ns) ns = h->at[hw].last_ns;
  h->at[hw].last_ns = ns;
  return (struct wg_mark){.phase = phase, .track = track, .ns = ns, .category = "hardware", .name_id = WG_NAME_UNKEPT};
}

static void put_on(struct wg_hardware *h, struct wg_mark m, const char *name) {
  m.name = name;
  m.nname = strlen(name);
  h->picture->mark(h->picture->ctx, &m);
}

static void end_on(struct wg_hardware *h, unsigned hw) {
  if (!h->at[hw].open) return;
  put_on(h, mark_on(h, hw, WG_PHASE_END, h->at[hw].last_ns), "");
  h->at[hw].open = false;
}

static void begin_on(struct wg_hardware *h, unsigned hw, uint32_t tid, uint64_t ns) {
  char name[32];
  snprintf(name, sizeof name, "thread %u", tid);
  put_on(h, mark_on(h, hw, WG_PHASE_BEGIN, ns), name);
  h->at[hw].open = true;
  h->at[hw].tid = tid;
}

static unsigned first_of(uint64_t mask, unsigned otherwise) {
  mask &= 0x3F;
  return mask ? (unsigned)__builtin_ctzll(mask) : otherwise;
}

static void see_create(struct wg_hardware *h, const struct wg_drawn *maker, const struct wg_event *e) {
  uint64_t child = 0, flags = 0;
  const struct wg_field *id = wg_ev_get(e, WG_K_HSID);
  if (!wg_ev_u64(e, WG_K_CHILD, &child) || child > UINT32_MAX || !wg_ev_u64(e, WG_K_FLAGS, &flags)) return;
  unsigned otherwise = e->tid == 0 ? 0 : maker->hw;
  wg_drawn_thread(h->drawn, (uint32_t)child)->hw = (uint8_t)first_of(flags >> 24, otherwise);
  if (id == NULL || h->drawn->n == WG_EXPORT_THREADS) return;
  uint64_t hsid = wg_hash(id->s, id->type == WG_F_STR ? id->n : 0, 0);
  if (id->type == WG_F_STR) wg_map_put(&h->threads, hsid, child);
}

// KeSetAffinityThread(thread, mask, previous).
static void see_affinity(struct wg_hardware *h, const struct wg_event *e) {
  const struct wg_field *args = wg_ev_get(e, WG_K_ARGS), *resolved = wg_ev_get(e, WG_K_ARGS_RESOLVED);
  struct wg_json_iter it;
  struct wg_json_member m;
  uint64_t tid;
  if (args == NULL || args->type != WG_F_HEXES || args->n < 2 || (args->v[1] & 0x3F) == 0) return;
  if (resolved == NULL || resolved->type != WG_F_RAW || !wg_json_walk(&it, resolved->s, resolved->n)) return;
  while (wg_json_next(&it, &m)) {
    if (!wg_json_is(&m, "object") || m.nvalue < 2) continue;
    if (!wg_map_get(&h->threads, wg_hash(m.value + 1, m.nvalue - 2, 0), &tid)) return;
    struct wg_drawn *d = wg_drawn_thread(h->drawn, (uint32_t)tid);
    d->hw = (uint8_t)first_of(args->v[1], d->hw);
  }
}

static unsigned told_by(const struct wg_event *e) {
  for (size_t i = 0; i < wg_ev_count(e); i++) {
    const struct wg_field *f = wg_ev_at(e, i);
    if (f->key == WG_K_HW && f->type == WG_F_DEC && f->u < WG_HARDWARE) return (unsigned)f->u;
  }
  return WG_NO_HW;
}

// Only the thread itself calls and starts; what ends its waits is others' doing.
static void see_running(struct wg_hardware *h, unsigned hw, const struct wg_drawn *d, const struct wg_event *e,
                        uint64_t ns) {
  bool runs = e->kind == WG_EV_KERNEL_CALL || e->kind == WG_EV_THREAD_START;
  bool is_there = h->at[hw].open && h->at[hw].tid == d->tid;
  if (runs && !is_there) {
    end_on(h, hw);
    begin_on(h, hw, d->tid, ns);
    return;
  }
  if (!is_there) return;
  if (ns > h->at[hw].last_ns) h->at[hw].last_ns = ns;
  if (e->kind == WG_EV_WAIT_BEGIN || e->kind == WG_EV_THREAD_EXIT) end_on(h, hw);
}

void wg_hardware_event(struct wg_hardware *h, struct wg_drawn *d, const struct wg_event *e, uint64_t ns, bool shown) {
  const char *name = h->by_flags && e->kind == WG_EV_KERNEL_CALL ? wg_ev_text(e, WG_K_NAME) : NULL;
  if (h->by_flags && e->kind == WG_EV_THREAD_CREATE) see_create(h, d, e);
  unsigned hw = d->tid ? d->hw : WG_NO_HW;
  if (!h->by_flags) {
    unsigned told = told_by(e);
    if (told != WG_NO_HW && told != hw && hw < WG_HARDWARE && h->at[hw].open && h->at[hw].tid == d->tid) end_on(h, hw);
    if (told != WG_NO_HW) hw = told;
    d->hw = (uint8_t)hw;
  }
  uint64_t cpu;
  if (shown && h->by_flags && e->kind == WG_EV_GPU_INTERRUPT && wg_ev_u64(e, WG_K_VALUE, &cpu) && cpu < 6) {
    // Within a thread's slice: it is that thread that is interrupted.
    struct wg_mark m = mark_on(h, (unsigned)cpu, WG_PHASE_POINT, ns);
    m.event = e;
    m.tell_tid = true;
    put_on(h, m, "interrupt");
  }
  if (shown && hw < WG_HARDWARE) see_running(h, hw, d, e, ns);
  if (name && strcmp(name, "KeSetAffinityThread") == 0) {
    if (hw < WG_HARDWARE && h->at[hw].open && h->at[hw].tid == d->tid) end_on(h, hw);
    see_affinity(h, e);
  }
}

void wg_hardware_end(struct wg_hardware *h) {
  for (unsigned i = 0; i < WG_HARDWARE; i++) end_on(h, i);
}

void wg_hardware_release(struct wg_hardware *h) { wg_map_release(&h->threads); }
