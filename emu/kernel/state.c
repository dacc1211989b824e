// The state of objects, threads and hardware threads, and of the whole machine, part by part.
#include "emu/kernel/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "emu/cpu/branch.h"
#include "emu/kernel/fork.h"

// --- references --------------------------------------------------------------------------------------

void wg_ar_object(struct wg_archive *a, struct wg_machine *m, struct wg_object **o) {
  uint32_t i = wg_ar_index(a, *o && !wg_ar_loading(a) ? (uint32_t)(*o)->at : WG_AR_NONE, m->objects.n);
  if (wg_ar_loading(a)) *o = i == WG_AR_NONE ? NULL : m->objects.list[i];
}

static uint32_t place_of(const struct wg_machine *m, const struct wg_thread *t) {
  size_t lo = 0, hi = m->threads.n;
  while (hi - lo > 1) {
    size_t mid = lo + (hi - lo) / 2;
    if (m->threads.list[mid]->tid <= t->tid)
      lo = mid;
    else
      hi = mid;
  }
  return (uint32_t)lo;
}

void wg_ar_thread(struct wg_archive *a, struct wg_machine *m, struct wg_thread **t) {
  uint32_t i = wg_ar_index(a, *t && !wg_ar_loading(a) ? place_of(m, *t) : WG_AR_NONE, m->threads.n);
  if (wg_ar_loading(a)) *t = i == WG_AR_NONE ? NULL : m->threads.list[i];
}

void wg_ar_export(struct wg_archive *a, struct wg_machine *m, struct wg_export **x) {
  uint32_t i = wg_ar_index(a, *x ? wg_export_index(m, *x) : WG_AR_NONE, m->exports.n);
  if (wg_ar_loading(a)) *x = i == WG_AR_NONE ? NULL : &m->exports.list[i];
}

// --- objects -------------------------------------------------------------------------------------------

static void who(struct wg_archive *a, struct wg_who *w) {
  wg_ar_bool(a, &w->set);
  wg_ar_u32(a, &w->tid);
  wg_ar_u64(a, &w->idx);
  wg_ar_u64(a, &w->ns);
  wg_ar_u32(a, &w->lr);
}

// A listener's notifications are of eight bytes, an enumerator's items say how long they are.
static void items(struct wg_archive *a, struct wg_object *o) {
  uint8_t *p = o->items;
  wg_ar_u32(a, &o->item_size);
  o->nitems = wg_ar_count(a, o->nitems, SIZE_MAX);
  size_t size = o->type == WG_O_NOTIFY_LISTENER ? 8 : o->item_size;
  if (wg_ar_loading(a) && size && o->nitems > (a->n - a->at) / size)
    wg_ar_fail(a, "the items of an object are cut off");
  if (a->failed) o->nitems = 0;
  wg_ar_block(a, &p, o->nitems * size);
  if (wg_ar_loading(a) && p && size) p = wg_vec_move(p, wg_vec_room(o->nitems), size); // a listener's go on growing
  o->items = p;
  if (p == NULL && wg_ar_loading(a)) o->nitems = 0;
  wg_ar_size(a, &o->next_item);
  wg_ar_size(a, &o->items_held);
  wg_ar_u32(a, &o->most);
  if (wg_ar_loading(a) && o->next_item > o->nitems) wg_ar_fail(a, "an enumerator stands behind its items");
}

static void object(struct wg_archive *a, struct wg_machine *m, struct wg_object *o) {
  o->type = (enum wg_otype)wg_ar_kind(a, o->type, WG_O_OTHER + 1);
  wg_ar_u32(a, &o->refs);
  wg_ar_u32(a, &o->handles);
  wg_ar_u32(a, &o->guest_refs);
  wg_ar_u32(a, &o->pointer_handle);
  wg_ar_u64(a, &o->hsid);
  wg_ar_string(a, &o->name);
  wg_ar_u32(a, &o->guest);
  o->in_guest = wg_ar_kind(a, o->in_guest, 2);
  who(a, &o->created);
  who(a, &o->signalled);
  wg_ar_u64(a, &o->signals);
  wg_ar_u32(a, &o->owner_tid);
  wg_ar_thread(a, m, &o->thread);
  wg_file_state(a, m, o);
  wg_ar_u64(a, &o->timer_seq);
  wg_ar_u64(a, &o->timer_period_ns);
  wg_ar_u32(a, &o->timer_apc);
  wg_ar_u32(a, &o->timer_apc_ctx);
  wg_ar_u32(a, &o->timer_dpc);
  wg_ar_object(a, m, &o->timer_thread);
  wg_packets_state(a, o);
  wg_ar_u64(a, &o->mask);
  items(a, o);
  // By which ways it is found.
  bool named = wg_ar_kind(a, o->name && wg_object_named(m, o->type, o->name) == o, 2);
  bool placed = wg_ar_kind(a, o->guest && wg_object_placed(m, o->guest) == o, 2);
  wg_ar_u32(a, &o->structure);
  if (!wg_ar_loading(a)) return;
  if (named && o->name) wg_object_has_handles(m, o, true);
  if (placed) wg_object_place(m, o, o->guest);
  if (o->structure) wg_object_place_structure(m, o, o->structure);
}

// Who waits for it, in order: each a thread and which of its links.
static void waiters(struct wg_archive *a, struct wg_machine *m, struct wg_object *o) {
  struct wg_link *l = o->first;
  size_t n = wg_ar_count(a, o->nwaiters, SIZE_MAX);
  for (size_t i = 0; i < n; i++) {
    struct wg_thread *t = wg_ar_loading(a) ? NULL : l->t;
    wg_ar_thread(a, m, &t);
    uint32_t which = wg_ar_index(a, t && l ? (uint32_t)(l - t->wait.links) : 0, t ? t->wait.count : 0);
    if (!wg_ar_loading(a)) {
      l = l->after;
      continue;
    }
    if (t == NULL || which == WG_AR_NONE || t->wait.links[which].o != o) {
      wg_ar_fail(a, "a waiter that does not wait for it");
      return;
    }
    l = &t->wait.links[which];
    l->before = o->last;
    l->after = NULL;
    *(o->last ? &o->last->after : &o->first) = l;
    o->last = l;
    o->nwaiters++;
  }
}

static void owned(struct wg_archive *a, struct wg_machine *m, struct wg_thread *t) {
  size_t n = 0;
  for (const struct wg_object *o = t->owned_first; o; o = o->owned_after) n++;
  n = wg_ar_count(a, n, SIZE_MAX);
  struct wg_object *o = t->owned_first;
  for (size_t i = 0; i < n; i++) {
    wg_ar_object(a, m, &o);
    if (!wg_ar_loading(a))
      o = o->owned_after; // NOLINT(clang-analyzer-core.NullDereference): so many were counted
    else if (o && o->owner == NULL)
      wg_object_own(o, t);
    else
      wg_ar_fail(a, "a mutant with two owners");
    if (a->failed) return;
  }
}

static void in_guest(struct wg_archive *a, struct wg_machine *m) {
  struct wg_objects *all = &m->objects;
  size_t n = wg_ar_count(a, all->nguest, SIZE_MAX);
  struct wg_object *o = all->guest_first;
  for (size_t i = 0; i < n && !a->failed; i++) {
    wg_ar_object(a, m, &o);
    if (!wg_ar_loading(a)) {
      o = o->after; // NOLINT(clang-analyzer-core.NullDereference): so many are linked
      continue;
    }
    if (o == NULL || !o->in_guest || o->after || all->guest_last == o) {
      wg_ar_fail(a, "an object that does not lie in the title's memory, or lies there twice");
      return;
    }
    o->before = all->guest_last;
    *(o->before ? &o->before->after : &all->guest_first) = o;
    all->guest_last = o;
    all->nguest++;
    o = NULL;
  }
}

// --- threads -------------------------------------------------------------------------------------------

void wg_saved_cpu_state(struct wg_archive *a, const struct wg_ctx *ctx, struct wg_cpu *c) {
  if (wg_ar_loading(a)) *c = ctx->cpu;
  wg_cpu_state(a, c);
}

static void call_state(struct wg_archive *a, struct wg_machine *m, struct wg_export **x, uint32_t *lr, uint64_t *args) {
  wg_ar_export(a, m, x);
  wg_ar_u32(a, lr);
  for (unsigned i = 0; i < WG_NT_MAX_PARAMS; i++) wg_ar_u64(a, &args[i]);
}

static void context(struct wg_archive *a, struct wg_machine *m, struct wg_ctx *ctx, unsigned hw) {
  bool runs = wg_ar_kind(a, ctx->cpu.branches != NULL, 2);
  if (wg_ar_loading(a)) wg_context_init(m, ctx, hw);
  wg_cpu_state(a, &ctx->cpu);
  if (runs)
    wg_branches_state(a, ctx->cpu.branches);
  else
    wg_cpu_release(&ctx->cpu);
  call_state(a, m, &ctx->call, &ctx->call_lr, ctx->call_arg);
}

static void wait(struct wg_archive *a, struct wg_machine *m, struct wg_thread *t, struct wg_wait *w) {
  w->count = wg_ar_kind(a, w->count, sizeof w->links / sizeof *w->links + 1);
  for (uint32_t i = 0; i < w->count; i++) {
    wg_ar_object(a, m, &w->links[i].o);
    w->links[i].t = t;
  }
  wg_ar_bool(a, &w->all);
  wg_ar_bool(a, &w->alertable);
  wg_ar_u64(a, &w->seq);
  wg_ar_u64(a, &w->since_ns);
  wg_ar_i64(a, &w->timeout_ns);
  w->then = (enum wg_then)wg_ar_kind(a, w->then, WG_THENS);
  wg_ar_u32(a, &w->param);
  for (unsigned i = 0; i < 3; i++) wg_ar_u32(a, &w->outputs[i]);
}

static void apc(struct wg_archive *a, struct wg_apc *p) {
  uint32_t *const fields[] = {&p->routine, &p->ctx, &p->arg1, &p->arg2, &p->kernel, &p->rundown, &p->kapc};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) wg_ar_u32(a, fields[i]);
}

static void apc_queue(struct wg_archive *a, struct wg_apc_queue *q) {
  size_t n = 0;
  for (const struct wg_apc *p = q->first; p; p = p->next) n++;
  n = wg_ar_count(a, n, WG_MAX_APCS);
  struct wg_apc *p = q->first;
  for (size_t i = 0; i < n; i++) {
    if (wg_ar_loading(a)) {
      p = wg_xcalloc(1, sizeof *p);
      *(q->first ? &q->last->next : &q->first) = p;
      q->last = p;
    }
    apc(a, p);
    p = p->next; // NOLINT(clang-analyzer-core.NullDereference): so many were counted, or made
  }
}

static void apc_frame(struct wg_archive *a, struct wg_machine *m, struct wg_thread *t, struct wg_apc_frame *f) {
  wg_saved_cpu_state(a, &t->ctx, &f->saved);
  apc(a, &f->apc);
  f->mode = (enum wg_apc_mode)wg_ar_kind(a, f->mode, WG_APC_MODES);
  f->phase = (enum wg_apc_phase)wg_ar_kind(a, f->phase, WG_APC_PHASES);
  wg_ar_u8(a, &f->irql);
  bool holds = wg_ar_kind(a, f->held != NULL, 2);
  if (wg_ar_loading(a)) f->held = holds ? wg_xcalloc(1, sizeof *f->held) : NULL;
  if (f->held == NULL) return;
  wait(a, m, t, &f->held->wait);
  call_state(a, m, &f->held->call, &f->held->call_lr, f->held->call_arg);
}

static void apcs(struct wg_archive *a, struct wg_machine *m, struct wg_thread *t) {
  for (unsigned mode = 0; mode < WG_APC_MODES; mode++) apc_queue(a, &t->apcs[mode]);
  size_t n = 0;
  for (const struct wg_apc_frame *f = t->apc_frames; f; f = f->below) n++;
  n = wg_ar_count(a, n, WG_MAX_FRAMES);
  for (size_t i = 0; i < n && wg_ar_loading(a); i++) {
    struct wg_apc_frame *f = wg_xcalloc(1, sizeof *f);
    f->below = t->apc_frames;
    t->apc_frames = f;
  }
  size_t kernel = 0; // from the frame on
  for (struct wg_apc_frame *f = t->apc_frames; f; f = f->below) {
    apc_frame(a, m, t, f);
    kernel += f->mode == WG_APC_KERNEL;
  }
  for (struct wg_apc_frame *f = t->apc_frames; f; f = f->below) {
    f->within_kernel = kernel > 0;
    kernel -= f->mode == WG_APC_KERNEL;
  }
}

static void thread(struct wg_archive *a, struct wg_machine *m, struct wg_thread *t) {
  wg_ar_u64(a, &t->idx);
  wg_ar_u64(a, &t->ancestry);
  wg_run_state(a, &t->run);
  wg_ar_object(a, m, &t->object);
  wg_ar_u32(a, &t->kthread);
  wg_ar_u32(a, &t->tls);
  wg_ar_u32(a, &t->stack_base);
  wg_ar_u32(a, &t->stack_limit);
  wg_ar_u32(a, &t->entry);
  wg_ar_u32(a, &t->start_ctx);
  wg_ar_u32(a, &t->flags);
  wg_ar_bool(a, &t->system_entry);
  wg_ar_bool(a, &t->started);
  wg_ar_bool(a, &t->service);
  wg_ar_u32(a, &t->exit_code);
  t->ctx.thread = t;
  context(a, m, &t->ctx, 0);
  wg_ar_bool(a, &t->ending);
  wg_ar_u8(a, &t->irql);
  wait(a, m, t, &t->wait);
  apcs(a, m, t);
  wg_frames_state(a, m, &t->ctx);
}

// Empty objects and threads, so that they can refer to each other.
static void make(struct wg_archive *a, struct wg_machine *m, size_t nobjects, size_t nthreads) {
  struct wg_objects *o = &m->objects;
  struct wg_threads *t = &m->threads;
  WG_VEC_ROOM(o->list, o->room, nobjects);
  for (o->n = 0; o->n < nobjects; o->n++) {
    o->list[o->n] = wg_xcalloc(1, sizeof(struct wg_object));
    o->list[o->n]->at = o->n;
  }
  WG_VEC_SET(t->list, nthreads);
  for (t->n = 0; t->n < nthreads; t->n++) t->list[t->n] = wg_xcalloc(1, sizeof(struct wg_thread));
  (void)a;
}

// With the threads: they refer to each other.
static void objects_state(struct wg_archive *a, struct wg_machine *m) {
  wg_ar_part(a, "objects and threads");
  size_t nobjects = wg_ar_count(a, m->objects.n, WG_MAX_OBJECTS + WG_MAX_GUEST_OBJECTS + 65536);
  size_t nthreads = wg_ar_count(a, m->threads.n, WG_MAX_THREADS);
  if (wg_ar_loading(a)) make(a, m, nobjects, nthreads);
  for (size_t i = 0; i < nthreads; i++) {
    uint32_t *tid = &m->threads.list[i]->tid, before = i ? m->threads.list[i - 1]->tid : 0;
    *tid = wg_ar_index(a, *tid, UINT32_MAX);
    if (wg_ar_loading(a) && *tid <= before) wg_ar_fail(a, "thread %u comes after %u", *tid, before);
  }
  for (size_t i = 0; i < nobjects; i++) object(a, m, m->objects.list[i]);
  for (size_t i = 0; i < nthreads; i++) thread(a, m, m->threads.list[i]);
  for (size_t i = 0; i < nobjects && !a->failed; i++) waiters(a, m, m->objects.list[i]);
  for (size_t i = 0; i < nthreads && !a->failed; i++) owned(a, m, m->threads.list[i]);
  in_guest(a, m);
  wg_ar_map(a, &m->objects.ordinals);
  wg_ar_u64(a, &m->objects.nordinals);
  wg_ar_u64(a, &m->objects.ordinals_beyond);
  struct wg_threads *t = &m->threads;
  wg_ar_size(a, &t->live);
  wg_ar_u32(a, &t->last_tid);
  wg_ar_u64(a, &t->idx0);
  wg_ar_u32(a, &t->next_stack);
  wg_ar_bytes(a, t->tls_slots, sizeof t->tls_slots);
  t->nslots = wg_ar_kind(a, t->nslots, sizeof t->tls_slots + 1);
  for (unsigned i = 0; i < 3; i++) wg_ar_u32(a, &t->process[i]);
}

// --- hardware threads ------------------------------------------------------------------------------------

static void irq_call(struct wg_archive *a, struct wg_irq_call *c) {
  wg_ar_u32(a, &c->fn);
  for (unsigned i = 0; i < 4; i++) wg_ar_u32(a, &c->args[i]);
  wg_ar_u8(a, &c->process_type);
  wg_ar_bool(a, &c->dpc);
}

static void queue(struct wg_archive *a, struct wg_machine *m, unsigned n, unsigned p) {
  struct wg_runq *q = &m->sched.hw[n].q;
  struct wg_run *r = q->head[p];
  if (wg_ar_loading(a)) q->head[p] = q->tail[p] = NULL;
  for (;;) {
    struct wg_thread *t = wg_ar_loading(a) ? NULL : wg_thread_of(r);
    wg_ar_thread(a, m, &t);
    if (t == NULL) return;
    if (!wg_ar_loading(a)) {
      r = r->next;
      continue;
    }
    r = &t->run;
    if (r->queued || r->hw != n || (unsigned)r->priority != p || r->state != WG_T_READY) {
      wg_ar_fail(a, "thread %u is in a queue that is not its own", t->tid);
      return;
    }
    r->queued = true;
    r->next = NULL;
    r->prev = q->tail[p];
    *(r->prev ? &r->prev->next : &q->head[p]) = r;
    q->tail[p] = r;
  }
}

static void hardware_thread(struct wg_archive *a, struct wg_machine *m, unsigned n) {
  struct wg_hw *hw = &m->sched.hw[n];
  struct wg_thread *current = wg_ar_loading(a) ? NULL : wg_thread_of(hw->q.current);
  wg_ar_thread(a, m, &current);
  if (wg_ar_loading(a)) hw->q.current = current ? &current->run : NULL;
  for (unsigned p = 0; p < WG_PRIORITIES; p++) queue(a, m, n, p);
  wg_ar_u32(a, &hw->kpcr);
  wg_ar_u32(a, &hw->idle_kthread);
  wg_ar_u32(a, &hw->idle_tls);
  wg_ar_u8(a, &hw->irql);
  context(a, m, &hw->irq, n);
  wg_ar_bool(a, &hw->irq_active);
  wg_ar_u8(a, &hw->irq_before);
  irq_call(a, &hw->irq_call);
  wg_ar_u32(a, &hw->irq_stack);
  hw->npending = wg_ar_count(a, hw->npending, WG_MAX_INTERRUPTS);
  if (wg_ar_loading(a)) WG_VEC_ROOM(hw->pending, hw->pending_room, hw->npending);
  for (size_t i = 0; i < hw->npending; i++) irq_call(a, &hw->pending[i]);
  wg_frames_state(a, m, &hw->irq);
  wg_ar_u64(a, &hw->carry);
}

static void sched_state(struct wg_archive *a, struct wg_machine *m) {
  struct wg_sched *s = &m->sched;
  wg_ar_part(a, "hardware threads");
  for (unsigned i = 0; i < WG_HW_THREADS; i++) hardware_thread(a, m, i);
  s->cur_hw = wg_ar_kind(a, s->cur_hw, WG_HW_THREADS);
  wg_ar_u64(a, &s->instructions);
  wg_ar_u64(a, &s->events);
  wg_ar_u64(a, &s->branches_due);
  wg_ar_u64(a, &s->last_thread_ran_ns);
}

// --- the whole machine -----------------------------------------------------------------------------------

// Whose state it is: only a machine made from the same title in the same way can take it.
static void identity(struct wg_archive *a, struct wg_machine *m) {
  char *title = wg_ar_text(a, m->digests.title), *patch = wg_ar_text(a, m->digests.patch);
  if (wg_ar_loading(a) && !a->failed &&
      (strcmp(title ? title : "", m->digests.title) != 0 || strcmp(patch ? patch : "", m->digests.patch) != 0))
    wg_ar_fail(a, "it is of another title or update: sha256 %s, and this is %s", title ? title : "", m->digests.title);
  free(title);
  free(patch);
  size_t forks = wg_ar_kind(a, (uint32_t)m->options.forks, (uint32_t)m->cfg.nforks + 1);
  if (wg_ar_loading(a)) wg_options_of(m, forks);
  size_t ninputs = wg_ar_count(a, m->input.n, SIZE_MAX);
  if (wg_ar_loading(a) && ninputs != m->input.n) wg_ar_fail(a, "it is of a run with another input script");
}

static void ending(struct wg_archive *a, struct wg_machine *m) {
  wg_ar_part(a, "run");
  wg_ar_bool(a, &m->ending.stopped);
  m->ending.end = (enum wg_end)wg_ar_kind(a, m->ending.end, WG_END_INTERRUPTED + 1);
  wg_ar_bool(a, &m->ending.cut_short);
  wg_ar_export(a, m, &m->ending.within);
  if (wg_ar_loading(a) && m->ending.cut_short && m->ending.within == NULL)
    wg_ar_fail(a, "a run that was cut short within no call");
  wg_ar_buf(a, &m->ending.report);
  wg_ar_u64(a, &m->chain.hash);
  size_t n = wg_ar_count(a, m->chain.n, SIZE_MAX);
  if (wg_ar_loading(a)) WG_VEC_SET(m->chain.links, n);
  m->chain.n = n;
  for (size_t i = 0; i < n; i++) wg_ar_u64(a, &m->chain.links[i]);
}

static void forget(struct wg_machine *m) {
  wg_objects_release(m);
  wg_threads_release(m);
  wg_handles_release(&m->handles);
  for (unsigned i = 0; i < WG_HW_THREADS; i++) m->sched.hw[i] = (struct wg_hw){.kpcr = 0};
}

void wg_kernel_state(struct wg_archive *a, struct wg_machine *m) {
  wg_ar_part(a, "machine");
  identity(a, m);
  if (a->failed) return;
  if (wg_ar_loading(a)) forget(m);
  wg_clock_state(a, &m->clock);
  wg_mem_state(a, m->mem);
  wg_code_state(a, m->code);
  wg_vfs_state(a, m->vfs);
  wg_pool_state(a, &m->pool);
  wg_exports_state(a, m);
  wg_modules_state(a, m);
  objects_state(a, m);
  sched_state(a, m);
  wg_handles_state(a, m);
  wg_gpu_state(a, m->gpu);
  wg_xma_state(a, m->xma);
  wg_input_state(a, &m->input);
  wg_audio_state(a, m);
  wg_xam_state(a, m);
  wg_bounds_state(a, &m->bounds);
  ending(a, m);
  wg_clock_due_state(a, &m->clock);
}
