// Reads a trace or log into the model: one pass, a few hundred bytes of state for each thread.
#include "diff/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

// A new one, or the one that is there.
static struct wg_dthread *make_thread(struct wg_side *s, uint32_t tid) {
  struct wg_dthread *t = wg_side_thread(s, tid);
  if (t) return t;
  WG_VEC_ROOM(s->threads, s->threads_cap, s->nthreads + 1);
  wg_map_put(&s->by_tid, tid, s->nthreads);
  t = &s->threads[s->nthreads++];
  *t = (struct wg_dthread){.tid = tid,
                           .parent = WG_NONE,
                           .create_step = WG_NONE,
                           .object = WG_NONE,
                           .blocked_step = WG_NONE,
                           .builder = wg_xcalloc(1, sizeof *t->builder)};
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

// -- threads --

static uint64_t start_key(uint32_t entry, uint32_t ctx) { return wg_hash_u64((uint64_t)entry << 32 | ctx, 0); }

// A thread that is made, and of which nothing was heard so far: WG_NONE where several begin in the same way.
static void await_start(struct wg_load *l, const struct wg_dthread *t) {
  uint64_t key = start_key(t->entry, t->ctx), other;
  if (t->entry == 0 || t->events) return;
  wg_map_put(&l->awaited, key, wg_map_get(&l->awaited, key, &other) ? WG_NONE : wg_thread_index(l->s, t));
}

// Engines may tell a thread that runs by another number than the one that was made: it is the only one that begins in
// this way.
static void tie_start(struct wg_load *l, const struct wg_event *e) {
  uint64_t entry, ctx = 0, at;
  if (wg_side_thread(l->s, e->tid) || !wg_ev_u64(e, WG_K_ENTRY, &entry)) return;
  wg_ev_u64(e, WG_K_CTX, &ctx);
  uint64_t key = start_key((uint32_t)entry, (uint32_t)ctx);
  if (!wg_map_get(&l->awaited, key, &at) || at == WG_NONE || l->s->threads[at].events) return;
  wg_map_put(&l->s->by_tid, e->tid, at);
  wg_map_put(&l->awaited, key, WG_NONE);
}

static void on_thread_create(struct wg_load *l, const struct wg_event *e) {
  struct wg_side *s = l->s;
  uint64_t child, v;
  if (!wg_ev_u64(e, WG_K_CHILD, &child)) return;
  uint32_t parent = wg_thread_index(s, make_thread(s, e->tid));
  struct wg_dthread *t = make_thread(s, (uint32_t)child);
  const struct wg_dthread *p = &s->threads[parent];
  t->created = true;
  t->created_ns = e->host_ns;
  t->parent = parent;
  if (p->builder->nopen) t->create_step = p->builder->open[p->builder->nopen - 1].step;
  if (wg_ev_u64(e, WG_K_ENTRY, &v)) t->entry = (uint32_t)v;
  if (wg_ev_u64(e, WG_K_CTX, &v)) t->ctx = (uint32_t)v;
  if (wg_ev_u64(e, WG_K_FLAGS, &v)) t->flags = (uint32_t)v;
  await_start(l, t);
  wg_effect(s, &s->threads[parent], WG_DID_THREAD | (t->flags & 1 ? WG_DID_SUSPENDED : 0));
  // The reference's own threads have handles of their own kind (docs/console.md#logs-of-canary); a log may leave out
  // where others start.
  t->host = t->entry == 0 && wg_ev_u64(e, WG_K_RAW, &v) && v >> 24 == 1;
  uint64_t key = wg_hash_u64(t->entry, parent), n = 0;
  wg_map_get(&s->spawns, key, &n);
  t->spawn = (uint32_t)n;
  wg_map_put(&s->spawns, key, n + 1);
  if (wg_ev_u64(e, WG_K_RAW, &v)) {
    uint32_t o = wg_object_by_handle(s, (uint32_t)v);
    if (o == WG_NONE) return;
    t->object = o;
    s->objects[o].is_thread = wg_thread_index(s, t);
    if (s->objects[o].type == 0) s->objects[o].type = wg_strings_id(&s->strings, "Thread", 6);
  }
}

static void on_exit(struct wg_side *s, struct wg_dthread *t, const struct wg_event *e) {
  uint64_t code = 0;
  t->exited = true;
  t->exit_seq = (uint32_t)s->events;
  t->exit_known = wg_ev_u64(e, WG_K_CODE, &code);
  if (t->exit_known) t->exit_code = (uint32_t)code;
}

static void on_dpc(struct wg_side *s, const struct wg_event *e) {
  uint64_t at;
  if (!wg_ev_u64(e, WG_K_GUEST_OBJECT, &at)) return;
  WG_VEC_NEXT(s->ran, s->nran);
  s->ran[s->nran++] = (struct wg_dran){(uint32_t)s->events, wg_canonical('p', at)};
}

static void on_exception(struct wg_side *s, struct wg_dthread *t, const struct wg_event *e) {
  uint64_t v;
  if (wg_ev_u64(e, WG_K_DISPATCHED, &v) && v) return;
  t->crashed = true;
  t->crash_text = wg_event_text(s, e, WG_K_CAUSE);
}

// -- the log and its modules --

// Lines of a text log that are no calls: what failed is evidence.
static void on_log(struct wg_side *s, struct wg_dthread *t, const struct wg_event *e) {
  static const char *const words[] = {"fail", "Fail", "not found", "nable", "nresolved", "ndefined", "missing"};
  const char *text = wg_ev_text(e, WG_K_TEXT);
  bool tells = false;
  if (e->nfields && e->fields[e->nfields - 1].key == WG_K_OTHER) return; // more of a message (`continues`)
  for (size_t i = 0; text && i < sizeof words / sizeof *words && !tells; i++) tells = strstr(text, words[i]) != NULL;
  if (!tells || s->nnotes == 4096) return;
  WG_VEC_ROOM(s->notes, s->notes_cap, s->nnotes + 1);
  s->notes[s->nnotes++] = (struct wg_dnote){wg_thread_index(s, t), (uint32_t)t->nsteps, (uint32_t)s->events,
                                            wg_event_text(s, e, WG_K_TEXT)};
}

static void on_header(struct wg_side *s, const struct wg_event *e) {
  const char *clock = wg_ev_text(e, WG_K_CLOCK);
  s->virtual_clock = clock && strcmp(clock, "virtual") == 0;
  s->title = wg_event_text(s, e, WG_K_TITLE);
  s->engine = wg_event_text(s, e, WG_K_ENGINE);
}

static uint32_t number_in(const struct wg_event *e, enum wg_key key) {
  uint64_t v;
  return wg_ev_u64(e, key, &v) ? (uint32_t)v : 0;
}

static void on_module(struct wg_side *s, const struct wg_event *e) {
  if (s->nmodules == WG_MODULES) return;
  WG_VEC_ROOM(s->modules, s->modules_cap, s->nmodules + 1);
  s->modules[s->nmodules++] =
      (struct wg_dmodule){wg_event_text(s, e, WG_K_NAME), wg_event_text(s, e, WG_K_SHA256), number_in(e, WG_K_BASE),
                          number_in(e, WG_K_SIZE), number_in(e, WG_K_ENTRY)};
}

static void on_thread_start(struct wg_dthread *t, const struct wg_event *e) {
  uint64_t entry;
  t->started = true;
  if (t->entry == 0 && wg_ev_u64(e, WG_K_ENTRY, &entry)) t->entry = (uint32_t)entry;
}

// When a thread, and all of them, did their first and last.
static void note_time(struct wg_side *s, struct wg_dthread *t, const struct wg_event *e) {
  if (t->events++ == 0) t->first_ns = e->host_ns;
  t->last_seq = (uint32_t)s->events;
  t->last_ns = e->host_ns;
  if (e->host_ns > s->last_ns) s->last_ns = e->host_ns;
}

#define NAMED_BY 8u // events of a thread that may tell its name

static void note_name(struct wg_side *s, struct wg_dthread *t, const struct wg_event *e) {
  if (t->name || t->events > NAMED_BY) return;
  const struct wg_field *name = wg_ev_thread_name(e);
  if (name) t->name = wg_strings_id(&s->strings, name->s, name->n);
}

static void on_event(struct wg_load *l, const struct wg_event *e) {
  struct wg_side *s = l->s;
  if (e->kind == WG_EV_THREAD_START) tie_start(l, e);
  struct wg_dthread *t = make_thread(s, e->tid);
  const struct wg_field *name = wg_ev_get(e, WG_K_NAME);
  bool call = name && name->type == WG_F_STR && !(l->ignore && ignored(l->ignore, name->s));
  switch (e->kind) {
  case WG_EV_KERNEL_CALL:
    if (call) wg_on_call(l, t, e, name->s, name->n);
    s->nameless += name == NULL;
    break;
  case WG_EV_KERNEL_RETURN:
    if (call) wg_on_return(l, t, e, name->s, name->n);
    break;
  case WG_EV_WAIT_BEGIN: wg_on_wait_begin(l, t, e); break;
  case WG_EV_WAIT_END: wg_on_wait_end(l, t, e); break;
  case WG_EV_HANDLE_CREATE:
  case WG_EV_HANDLE_DUP: wg_on_handle(l, t, e); break;
  case WG_EV_HANDLE_DESTROY: wg_on_handle_end(l, t, e); break;
  case WG_EV_THREAD_CREATE: on_thread_create(l, e); break;
  case WG_EV_THREAD_START: on_thread_start(t, e); break;
  case WG_EV_THREAD_EXIT: on_exit(s, t, e); break;
  case WG_EV_EXCEPTION: on_exception(s, t, e); break;
  case WG_EV_SIGNAL: wg_on_signal(s, t, e); break;
  case WG_EV_GPU_SWAP:
    s->swaps++;
    wg_effect(s, t, WG_DID_SWAP);
    break;
  case WG_EV_DPC_START: on_dpc(s, e); break;
  case WG_EV_GPU_INTERRUPT:
    if (s->interrupts++ == 0) {
      s->interrupt_ns = e->host_ns;
      s->interrupt_seq = (uint32_t)s->events;
    }
    break;
  case WG_EV_APU_CALLBACK:
    if (s->callbacks++ == 0) {
      s->callback_ns = e->host_ns;
      s->callback_seq = (uint32_t)s->events;
    }
    break;
  case WG_EV_TRACE_HEADER: on_header(s, e); break;
  case WG_EV_MODULE_LOAD:
    on_module(s, e);
    wg_effect(s, t, WG_DID_LOAD);
    break;
  case WG_EV_MODULE_UNLOAD: wg_effect(s, t, WG_DID_UNLOAD); break;
  case WG_EV_TRACE_FOOTER:
    s->complete = true;
    s->reason = wg_event_text(s, e, WG_K_REASON);
    break;
  default:
    if (e->kind_name && strcmp(e->kind_name, "log") == 0) on_log(s, t, e);
    break;
  }
  t = wg_side_thread(s, e->tid); // threads may have moved
  note_time(s, t, e);
  note_name(s, t, e);
  const struct wg_builder *b = t->builder;
  if (l->watch) l->watch->event(l->watch->ctx, s, wg_thread_index(s, t), e, b->nopen ? &b->open[b->nopen - 1] : NULL);
}

// Its only call is still open, and the file tells of returns.
static bool never_returned(const struct wg_side *s, const struct wg_dthread *t) {
  return t->knows_returns || (s->has_returns && t->calls == 1 && t->builder->nopen == 1);
}

static void end_thread(struct wg_load *l, struct wg_dthread *t) {
  struct wg_builder *b = t->builder;
  wg_close_from(l, t, 0, never_returned(l->s, t) ? WG_C_OPEN : 0);
  wg_settle(l, t);
  const struct wg_dwait *w = t->nwaits ? &t->waits[t->nwaits - 1] : NULL;
  // One that the file ends with may not have told yet that it did not block.
  bool blocks = w && w->end_seq == 0 && t->steps[w->step].seq + 2u < l->s->events;
  if (blocks && w->n == 1) wg_first_touch(&l->s->objects[l->s->wait_objects[w->objects]], 0);
  wg_squares_release(&b->squares);
  free(b->open);
  free(b);
  t->builder = NULL;
  if (t->nsteps) WG_VEC_MOVE(t->steps, t->nsteps);
  t->cap = t->nsteps;
}

static void tell_progress(const struct wg_side *s, const struct wg_reader *r, const struct wg_progress *progress) {
  uint64_t of = 0, at = wg_reader_at(r, &of);
  progress->tell(progress->ctx, s->path, s->events, at, of);
}

// Room for more, and what only loading needs.
static void trim(struct wg_side *s, bool adds) {
#define TRIM(array, n, cap) WG_VEC_MOVE(array, (cap) = (n))
  wg_index_release(&s->by_content);
  if (!adds) wg_index_release(&s->strings.by_text);
  TRIM(s->contents, s->ncontents, s->contents_cap);
  TRIM(s->values, s->nvalues, s->values_cap);
  TRIM(s->threads, s->nthreads, s->threads_cap);
  TRIM(s->objects, s->nobjects, s->objects_cap);
  TRIM(s->wait_objects, s->nwait_objects, s->wait_objects_cap);
  TRIM(s->signals, s->nsignals, s->signals_cap);
#undef TRIM
}

static void tell_nameless(struct wg_side *s) {
  size_t said = strlen(s->damage);
  snprintf(s->damage + said, sizeof s->damage - said,
           "%s%llu of %llu calls tell no name that is known, and are left out", said ? "; " : "",
           (unsigned long long)s->nameless, (unsigned long long)s->nameless + s->calls);
}

int wg_side_load(struct wg_side *s, const char *path, const struct wg_load_options *o, const struct wg_watch *watch,
                 const struct wg_progress *progress, struct wg_err *err) {
  *s = (struct wg_side){.path = path, .reading = o->reading};
  struct wg_reader *r;
  WG_TRY(wg_reader_open_as(&r, path, &o->reading, err));
  struct wg_load l = {.s = s, .ignore = o->ignore, .keep = o->keep ? o->keep : WG_KEEP_ALL, .watch = watch};
  s->format = wg_reader_format(r);
  s->text_log = strcmp(s->format, "xenia-canary log") == 0;
  struct wg_event e;
  while (wg_reader_next(r, &e)) {
    on_event(&l, &e);
    if (s->events < UINT32_MAX) s->events++;
    if ((s->events & 0xFFFF) == 0 && progress && progress->tell) tell_progress(s, r, progress);
  }
  for (size_t i = 0; i < s->nthreads; i++) end_thread(&l, &s->threads[i]);
  struct wg_line_counts lines;
  wg_reader_lines(r, &lines);
  if (lines.whole_calls) s->effects = 0; // which came of which call is not told
  s->left_out = wg_reader_left_out(r);
  if (wg_reader_damage(r)) snprintf(s->damage, sizeof s->damage, "%s", wg_reader_damage(r));
  if (s->nameless && s->calls) tell_nameless(s);
  wg_reader_close(r);
  wg_buf_release(&l.text);
  wg_map_release(&l.awaited);
  trim(s, watch && watch->adds);
  wg_finals(s);
  return WG_OK;
}

int wg_side_check_calls(const struct wg_side *s, const char *to_do, struct wg_err *err) {
  char others[80] = "";
  if (s->calls) return WG_OK;
  if (s->nameless)
    return wg_fail(
        err, WG_INPUT,
        "%s: none of its %llu kernel calls tells its name, nor a module and ordinal that are known, so there "
        "is nothing to %s",
        s->path, (unsigned long long)s->nameless, to_do);
  if (s->events)
    snprintf(others, sizeof others, " (it only has %llu event%s of other kinds)", (unsigned long long)s->events,
             s->events == 1 ? "" : "s");
  return wg_fail(err, WG_INPUT, "%s: records no kernel calls, so there is nothing to %s%s%s%s. %s", s->path, to_do,
                 others, s->damage[0] ? "; it is damaged: " : "", s->damage,
                 s->text_log ? "A stock xenia-canary log has them with log_level = 3 (and "
                               "log_high_frequency_kernel_calls = true for all of them)"
                             : "A trace has them as events of kind kernel.call");
}
