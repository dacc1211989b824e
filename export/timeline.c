#include "export/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_iter.h"
#include "base/strings.h"
#include "export/flows.h"
#include "export/hardware.h"
#include "export/threads.h"
#include "nt/exports.h"

#define NAMES 65536u   // that are kept
#define NAME_MAX_ 256u // a longer one is not

struct counter {
  uint64_t value;
  bool told;
};

struct wg_timeline {
  const struct wg_export_options *o;
  struct wg_picture p;
  struct wg_buf title;
  struct wg_drawn_threads threads;
  struct wg_strings names;
  struct wg_flows flows;
  struct wg_hardware hw;
  bool told[WG_TRACK_RATE + 1]; // tracks of which there is one
  bool by_order, flat;
  uint64_t last_ns; // of all
  struct counter handles, alive;
  uint64_t bucket, in_bucket; // events in a millisecond
  struct wg_export_report rep;
};

// -- what an event of a kind is on the picture --

enum what { POINT, CALL, RETURN, WAIT, WAITED, SIGNAL };

static const struct look {
  const char *category, *name; // of a point, if it is not the kind's
  enum what what;
  enum wg_track_kind track; // 0: its thread's
} looks[WG_EV_OTHER + 1] = {
    [WG_EV_TRACE_HEADER] = {"trace", NULL, POINT, WG_TRACK_PROCESS},
    [WG_EV_MODULE_LOAD] = {"module", NULL, POINT, 0},
    [WG_EV_MODULE_UNLOAD] = {"module", NULL, POINT, 0},
    [WG_EV_THREAD_CREATE] = {"thread", NULL, POINT, 0},
    [WG_EV_THREAD_START] = {"thread", NULL, POINT, 0},
    [WG_EV_THREAD_EXIT] = {"thread", NULL, POINT, 0},
    [WG_EV_KERNEL_CALL] = {"call", NULL, CALL, 0},
    [WG_EV_KERNEL_RETURN] = {"call", "return", RETURN, 0},
    [WG_EV_HANDLE_CREATE] = {"handle", NULL, POINT, 0},
    [WG_EV_HANDLE_DUP] = {"handle", NULL, POINT, 0},
    [WG_EV_HANDLE_DESTROY] = {"handle", NULL, POINT, 0},
    [WG_EV_WAIT_BEGIN] = {"wait", "wait", WAIT, 0},
    [WG_EV_WAIT_END] = {"wait", NULL, WAITED, 0},
    [WG_EV_SIGNAL] = {"signal", NULL, SIGNAL, 0},
    [WG_EV_APC_START] = {"apc", "APC", POINT, 0},
    [WG_EV_DPC_START] = {"dpc", "DPC", POINT, 0},
    [WG_EV_GPU_INTERRUPT] = {"gpu", "interrupt", POINT, 0},
    [WG_EV_GPU_SWAP] = {"gpu", "frame", POINT, WG_TRACK_FRAMES},
    [WG_EV_GPU_MMIO] = {"gpu", NULL, POINT, 0},
    [WG_EV_APU_CALLBACK] = {"audio", NULL, POINT, WG_TRACK_AUDIO},
    [WG_EV_INPUT] = {"input", NULL, POINT, WG_TRACK_INPUT},
    [WG_EV_GUEST_PRINT] = {"print", NULL, POINT, 0},
    [WG_EV_EXCEPTION] = {"exception", NULL, POINT, 0},
    [WG_EV_LIMIT] = {"limit", NULL, POINT, 0},
    [WG_EV_TRACE_FOOTER] = {"trace", NULL, POINT, WG_TRACK_PROCESS},
};

// -- tracks --

static const char *const names_of[] = {[WG_TRACK_SYSTEM] = "no thread (interrupts, start)",
                                       [WG_TRACK_FRAMES] = "frames",
                                       [WG_TRACK_AUDIO] = "audio",
                                       [WG_TRACK_INPUT] = "input",
                                       [WG_TRACK_HANDLES] = "handles",
                                       [WG_TRACK_THREADS] = "threads",
                                       [WG_TRACK_RATE] = "events per ms"};

static struct wg_track sole_track(struct wg_timeline *t, enum wg_track_kind kind) {
  struct wg_track track = {kind, 0, kind == WG_TRACK_PROCESS ? t->title.data : names_of[kind]};
  if (!t->told[kind]) t->p.track(t->p.ctx, &track);
  t->told[kind] = true;
  return track;
}

// A thread's track is named by the first event that knows more than its number.
static void tell_thread(struct wg_timeline *t, struct wg_drawn *d, const struct wg_event *about) {
  struct wg_buf name = {0};
  uint64_t entry;
  if (d->told) return;
  d->told = true;
  if (d->tid == 0) {
    sole_track(t, WG_TRACK_SYSTEM);
    return;
  }
  if (t->threads.n == WG_EXPORT_THREADS && t->threads.all[t->threads.n - 1] == d)
    wg_buf_str(&name, "further threads");
  else
    wg_buf_printf(&name, "thread %u", d->tid);
  if (about && wg_ev_u64(about, WG_K_ENTRY, &entry)) {
    wg_buf_str(&name, " (entry 0x");
    wg_buf_hex(&name, entry);
    wg_buf_char(&name, ')');
  }
  struct wg_track track = {WG_TRACK_THREAD, d->tid, name.data};
  t->p.track(t->p.ctx, &track);
  wg_buf_release(&name);
}

static struct wg_track track_of(struct wg_timeline *t, struct wg_drawn *d) {
  tell_thread(t, d, NULL);
  return d->tid ? (struct wg_track){WG_TRACK_THREAD, d->tid, NULL} : (struct wg_track){WG_TRACK_SYSTEM, 0, NULL};
}

// -- marks --

static uint32_t name_id(struct wg_timeline *t, const char *name, size_t n) {
  if (n && n <= NAME_MAX_ && t->names.n < NAMES) return wg_strings_id(&t->names, name, n);
  return WG_NAME_UNKEPT | (uint32_t)wg_hash(name, n, 0);
}

static void set_name(struct wg_mark *m, const char *name, size_t n, uint32_t id) {
  m->name = name;
  m->nname = n;
  m->name_id = id;
}

static struct wg_mark mark_at(enum wg_phase phase, struct wg_track track, uint64_t ns, const char *category) {
  return (struct wg_mark){.phase = phase, .track = track, .ns = ns, .category = category};
}

static void put(struct wg_timeline *t, const struct wg_mark *m) { t->p.mark(t->p.ctx, m); }

static const char *status_of(const struct wg_event *e) {
  uint64_t status;
  return wg_ev_u64(e, WG_K_STATUS, &status) && status <= UINT32_MAX ? wg_nt_status_name((uint32_t)status) : NULL;
}

static void point(struct wg_timeline *t, struct wg_track track, uint64_t ns, const struct wg_event *e,
                  const char *note) {
  const struct look *k = &looks[e->kind];
  const char *name = k->name ? k->name : wg_kind_name(e);
  struct wg_mark m = mark_at(WG_PHASE_POINT, track, ns, k->category ? k->category : "other");
  set_name(&m, name, strlen(name), name_id(t, name, strlen(name)));
  m.event = e;
  m.tell_tid = track.kind != WG_TRACK_THREAD;
  m.status = status_of(e);
  m.note = note;
  put(t, &m);
}

// -- slices --

static void begin_slice(struct wg_timeline *t, struct wg_drawn *d, uint64_t ns, const struct wg_event *e,
                        const char *name, size_t n, bool is_wait) {
  uint32_t id = name_id(t, name, n);
  if (d->entered && !d->left) {
    struct wg_mark m = mark_at(WG_PHASE_BEGIN, track_of(t, d), ns, is_wait ? "wait" : "call");
    set_name(&m, name, n, id);
    m.event = e;
    put(t, &m);
  }
  wg_drawn_push(d, id, is_wait);
}

// The innermost slice of thread d ends; `e` or NULL ends it, `note` says why it ends otherwise.
static void end_slice(struct wg_timeline *t, struct wg_drawn *d, uint64_t ns, const struct wg_event *e,
                      const char *note, uint64_t flow) {
  bool is_wait = d->open[--d->nopen].is_wait;
  if (!d->entered || d->left) return;
  struct wg_mark m = mark_at(WG_PHASE_END, track_of(t, d), ns, is_wait ? "wait" : "call");
  m.event = e;
  m.status = e ? status_of(e) : NULL;
  m.note = note;
  m.target = flow;
  put(t, &m);
}

static void end_down_to(struct wg_timeline *t, struct wg_drawn *d, size_t depth, uint64_t ns, const char *note) {
  while (d->nopen > depth) end_slice(t, d, ns, NULL, note, 0);
}

// The range begins in the midst of them.
static void enter(struct wg_timeline *t, struct wg_drawn *d) {
  if (d->entered) return;
  d->entered = true;
  for (size_t i = 0; i < d->nopen; i++) {
    const struct wg_open *open = &d->open[i];
    bool kept = (open->name & WG_NAME_UNKEPT) == 0;
    const char *name = kept ? wg_strings_text(&t->names, open->name) : "(call)";
    struct wg_mark m = mark_at(WG_PHASE_BEGIN, track_of(t, d), t->o->from_ns, open->is_wait ? "wait" : "call");
    set_name(&m, name, strlen(name), kept ? open->name : WG_NAME_UNKEPT);
    m.note = "began_before_range";
    put(t, &m);
  }
}

static void leave(struct wg_timeline *t, struct wg_drawn *d) {
  if (d->left) return;
  enter(t, d);
  t->rep.open += d->nopen;
  end_down_to(t, d, 0, t->o->until_ns, "goes_on_after_range");
  d->left = true;
}

static void on_call(struct wg_timeline *t, struct wg_drawn *d, const struct wg_event *e, uint64_t ns) {
  const struct wg_field *f = wg_ev_get(e, WG_K_NAME);
  bool named = f && f->type == WG_F_STR && f->n;
  if (d->nopen == WG_OPEN_MAX) d->flat = true;
  if (d->flat || t->flat) end_down_to(t, d, 0, ns, "return_not_told");
  begin_slice(t, d, ns, e, named ? f->s : "(call)", named ? f->n : 6, false);
}

static void on_return(struct wg_timeline *t, struct wg_drawn *d, const struct wg_event *e, uint64_t ns) {
  const struct wg_field *f = wg_ev_get(e, WG_K_NAME);
  bool named = f && f->type == WG_F_STR && f->n;
  uint32_t id = name_id(t, named ? f->s : "(call)", named ? f->n : 6);
  size_t i = d->nopen;
  while (i && (d->open[i - 1].is_wait || d->open[i - 1].name != id)) i--;
  if (i) {
    end_down_to(t, d, i, ns, "never_returned");
    end_slice(t, d, ns, e, NULL, 0);
  } else if (d->entered && !d->left) {
    point(t, track_of(t, d), ns, e, "call_not_told");
  }
}

static void on_wait(struct wg_timeline *t, struct wg_drawn *d, const struct wg_event *e, uint64_t ns) {
  if (d->nopen == WG_OPEN_MAX) end_down_to(t, d, 0, ns, "end_not_told");
  begin_slice(t, d, ns, e, "wait", 4, true);
}

// The signal that ended a wait, or false.
static bool source_of(const struct wg_event *e, uint32_t *tid, uint64_t *idx) {
  const struct wg_field *f = wg_ev_get(e, WG_K_SATISFIED_BY);
  struct wg_json_iter it;
  struct wg_json_member m;
  uint64_t at = UINT64_MAX;
  bool has_idx = false;
  if (f == NULL || f->type != WG_F_RAW || !wg_json_walk(&it, f->s, f->n)) return false;
  while (wg_json_next(&it, &m)) {
    if (wg_json_is(&m, "tid") && !wg_json_int(&m, &at)) return false;
    if (wg_json_is(&m, "idx")) has_idx = wg_json_int(&m, idx);
  }
  *tid = (uint32_t)at;
  return has_idx && at <= UINT32_MAX;
}

static bool wanted(const struct wg_timeline *t, uint32_t tid) { return t->o->tid == UINT64_MAX || t->o->tid == tid; }

static void draw_held(struct wg_timeline *t, size_t at);

// Ties the end of a wait to the signal that it names; returns the flow, or 0.
static uint64_t tie(struct wg_timeline *t, const struct wg_event *e) {
  uint32_t tid = 0;
  uint64_t idx = 0, ns;
  // Its own signal, of a wait that it did not have to wait for, is right before it.
  if (!source_of(e, &tid, &idx) || tid == e->tid || !wanted(t, tid)) return 0;
  uint64_t flow = wg_hash_u64(e->idx, (uint64_t)e->tid + 1) | 1;
  if (wg_flows_tie(&t->flows, tid, idx, flow)) return flow;
  size_t full = wg_flows_held_by(&t->flows, tid);
  if (full != WG_HELD && t->flows.held[full].event.idx == idx) draw_held(t, full);
  if (!wg_flows_passed(&t->flows, tid, idx, &ns)) {
    t->rep.unpaired++;
    return 0;
  }
  // It went by: a point of its own at that time.
  struct wg_mark m = mark_at(WG_PHASE_POINT, track_of(t, wg_drawn_thread(&t->threads, tid)), ns, "wake");
  set_name(&m, "ends a wait", 11, name_id(t, "ends a wait", 11));
  m.sources = &flow;
  m.nsources = 1;
  put(t, &m);
  return flow;
}

static void on_waited(struct wg_timeline *t, struct wg_drawn *d, const struct wg_event *e, uint64_t ns) {
  size_t i = d->nopen;
  bool shown = d->entered && !d->left;
  while (i && !d->open[i - 1].is_wait) i--;
  uint64_t flow = shown ? tie(t, e) : 0;
  if (i) {
    end_down_to(t, d, i, ns, "never_returned");
    end_slice(t, d, ns, e, NULL, flow);
    return;
  }
  if (!shown) return;
  struct wg_mark m = mark_at(WG_PHASE_POINT, track_of(t, d), ns, "wait");
  const char *name = wg_kind_name(e);
  set_name(&m, name, strlen(name), name_id(t, name, strlen(name)));
  m.event = e;
  m.status = status_of(e);
  m.note = "begin_not_told";
  m.target = flow;
  put(t, &m);
}

// -- signals, which wait for what they end --

static void draw_held(struct wg_timeline *t, size_t at) {
  static const struct {
    const char *op, *name;
  } ops[] = {{"set", "set"},     {"reset", "reset"}, {"pulse", "pulse"}, {"release", "release"},
             {"clear", "clear"}, {"fire", "fire"},   {"exit", "exit"}};
  struct wg_held *h = &t->flows.held[at];
  const char *op = wg_ev_text(&h->event, WG_K_OP), *name = "signal";
  for (size_t i = 0; op && i < sizeof ops / sizeof *ops; i++)
    if (strcmp(op, ops[i].op) == 0) name = ops[i].name;
  struct wg_mark m = mark_at(WG_PHASE_POINT, track_of(t, wg_drawn_thread(&t->threads, h->event.tid)), h->ns, "signal");
  set_name(&m, name, strlen(name), name_id(t, name, strlen(name)));
  m.event = &h->event;
  m.tell_tid = h->event.tid == 0;
  m.sources = h->flows;
  m.nsources = h->nflows;
  put(t, &m);
  wg_flows_pass(&t->flows, at);
}

static void on_signal(struct wg_timeline *t, struct wg_drawn *d, const struct wg_event *e, uint64_t ns) {
  if (!d->entered || d->left) return;
  if (e->nmore) { // is not copied
    point(t, track_of(t, d), ns, e, NULL);
    return;
  }
  if (t->flows.n == WG_HELD) draw_held(t, 0);
  wg_flows_hold(&t->flows, e, ns);
}

// -- counters --

static void count(struct wg_timeline *t, enum wg_track_kind kind, uint64_t ns, uint64_t value) {
  struct wg_mark m = mark_at(WG_PHASE_COUNT, sole_track(t, kind), ns, "counter");
  m.value = value;
  put(t, &m);
}

static void end_bucket(struct wg_timeline *t) {
  if (t->in_bucket) count(t, WG_TRACK_RATE, t->bucket * 1000000, t->in_bucket);
  t->in_bucket = 0;
}

// At the latest time of any thread, so that no counter goes back.
static void count_event(struct wg_timeline *t, const struct wg_event *e, bool shown) {
  int handles = e->kind == WG_EV_HANDLE_CREATE || e->kind == WG_EV_HANDLE_DUP ? 1
                : e->kind == WG_EV_HANDLE_DESTROY                             ? -1
                                                                              : 0;
  int alive = e->kind == WG_EV_THREAD_START ? 1 : e->kind == WG_EV_THREAD_EXIT ? -1 : 0;
  if (handles > 0 || (handles < 0 && t->handles.value)) t->handles.value += (uint64_t)(int64_t)handles;
  if (alive > 0 || (alive < 0 && t->alive.value)) t->alive.value += (uint64_t)(int64_t)alive;
  if (!shown || t->o->tid != UINT64_MAX) return;
  uint64_t now = t->last_ns < t->o->until_ns ? t->last_ns : t->o->until_ns;
  if (handles || !t->handles.told) count(t, WG_TRACK_HANDLES, now, t->handles.value);
  if (alive || !t->alive.told) count(t, WG_TRACK_THREADS, now, t->alive.value);
  t->handles.told = t->alive.told = true;
  if (t->by_order) return;
  if (now / 1000000 != t->bucket) end_bucket(t);
  t->bucket = now / 1000000;
  t->in_bucket++;
}

// -- events --

static void see_header(struct wg_timeline *t, const struct wg_event *e) {
  const char *engine = wg_ev_text(e, WG_K_ENGINE), *title = wg_ev_text(e, WG_K_TITLE);
  t->hw.by_flags = engine && strcmp(engine, "wedge") == 0;
  if (title == NULL || t->told[WG_TRACK_PROCESS]) return;
  wg_buf_clear(&t->title);
  wg_buf_str(&t->title, title);
}

// Of a thread that begins here the entry is known, so that its track can have its name.
static void see_thread(struct wg_timeline *t, struct wg_drawn *d, const struct wg_event *e) {
  uint64_t child;
  if (e->kind == WG_EV_THREAD_CREATE && wg_ev_u64(e, WG_K_CHILD, &child) && child && child <= UINT32_MAX &&
      wanted(t, (uint32_t)child))
    tell_thread(t, wg_drawn_thread(&t->threads, (uint32_t)child), e);
  if (e->kind == WG_EV_THREAD_START && wanted(t, d->tid)) tell_thread(t, d, e);
}

static uint64_t time_of(struct wg_timeline *t, struct wg_drawn *d, const struct wg_event *e, uint64_t order) {
  uint64_t ns = t->by_order ? order * 1000 : e->host_ns;
  if (ns > INT64_MAX) ns = INT64_MAX;                                    // Perfetto's are signed
  if (e->kind == WG_EV_TRACE_FOOTER && ns < t->last_ns) ns = t->last_ns; // other engines give it none
  if (ns < d->ns) {
    t->rep.early += d->tid != 0; // interrupts of several hardware threads, a little apart
    ns = d->ns;
  }
  d->ns = ns;
  if (ns > t->last_ns) t->last_ns = ns;
  return ns;
}

static void draw(struct wg_timeline *t, struct wg_drawn *d, const struct wg_event *e, uint64_t ns) {
  const struct look *k = &looks[e->kind];
  switch (k->what) {
  case CALL: on_call(t, d, e, ns); break;
  case RETURN: on_return(t, d, e, ns); break;
  case WAIT: on_wait(t, d, e, ns); break;
  case WAITED: on_waited(t, d, e, ns); break;
  case SIGNAL: on_signal(t, d, e, ns); break;
  case POINT:
    if (d->entered && !d->left) point(t, k->track ? sole_track(t, k->track) : track_of(t, d), ns, e, NULL);
    // What it is within never ends now.
    if (e->kind == WG_EV_THREAD_EXIT) end_down_to(t, d, 0, ns, "thread_ended");
    break;
  }
}

void wg_timeline_event(struct wg_timeline *t, const struct wg_event *e, uint64_t order) {
  if (e->kind == WG_EV_TRACE_HEADER) see_header(t, e);
  sole_track(t, WG_TRACK_PROCESS);
  struct wg_drawn *d = wg_drawn_thread(&t->threads, e->tid);
  if (d->tid != e->tid) t->rep.folded++;
  bool is_wanted = wanted(t, e->tid);
  if (t->flows.n) {
    size_t held = wg_flows_held_by(&t->flows, e->tid);
    if (held != WG_HELD) draw_held(t, held);
  }
  uint64_t ns = time_of(t, d, e, order);
  see_thread(t, d, e);
  t->rep.timeless = t->rep.timeless && e->host_ns == 0;
  if (is_wanted && ns >= t->o->from_ns) enter(t, d);
  if (is_wanted && ns > t->o->until_ns) leave(t, d);
  bool shown = is_wanted && d->entered && !d->left;
  t->rep.shown += shown;
  if (is_wanted) draw(t, d, e, ns);
  if (t->o->tid == UINT64_MAX) wg_hardware_event(&t->hw, d, e, ns, shown);
  count_event(t, e, shown);
}

void wg_timeline_end(struct wg_timeline *t, const char *damage) {
  uint64_t end = t->last_ns < t->o->until_ns ? t->last_ns : t->o->until_ns;
  while (t->flows.n) draw_held(t, 0);
  for (size_t i = 0; i < t->threads.n && t->o->from_ns <= end; i++) {
    struct wg_drawn *d = t->threads.all[i];
    if (!wanted(t, d->tid) || d->left) continue;
    enter(t, d);
    t->rep.open += d->nopen;
    end_down_to(t, d, 0, end, "open_at_end");
  }
  wg_hardware_end(&t->hw);
  end_bucket(t);
  if (damage == NULL) return;
  struct wg_mark m = mark_at(WG_PHASE_POINT, sole_track(t, WG_TRACK_PROCESS), end, "trace");
  set_name(&m, damage, strlen(damage), WG_NAME_UNKEPT);
  m.note = "damaged";
  put(t, &m);
}

void wg_timeline_report(const struct wg_timeline *t, struct wg_export_report *rep) {
  rep->shown = t->rep.shown;
  rep->open = t->rep.open;
  rep->early = t->rep.early;
  rep->unpaired = t->rep.unpaired;
  rep->folded = t->rep.folded;
  rep->timeless = t->rep.timeless;
}

struct wg_timeline *wg_timeline_create(const struct wg_export_options *o, const struct wg_picture *p,
                                       const struct wg_timeline_of *of) {
  struct wg_timeline *t = wg_xcalloc(1, sizeof *t);
  t->o = o;
  t->p = *p;
  wg_buf_str(&t->title, of->name);
  t->by_order = of->by_order;
  t->flat = of->flat;
  t->rep.timeless = true;
  t->hw.drawn = &t->threads;
  t->hw.picture = &t->p;
  return t;
}

void wg_timeline_free(struct wg_timeline *t) {
  if (t == NULL) return;
  wg_drawn_release(&t->threads);
  wg_strings_release(&t->names);
  wg_flows_release(&t->flows);
  wg_hardware_release(&t->hw);
  wg_buf_release(&t->title);
  free(t);
}
