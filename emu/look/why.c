// Why a thread does not go on: what it waits for, whom that leads to, what holds that one up, and so on until somebody
// runs, time will tell, nobody is known, or the chain comes back to where it was.
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "base/vec.h"
#include "emu/look/table.h"

struct asking {
  const struct wg_machine *m;
  struct wg_why_chain *out;
  size_t room;
  const struct wg_thread **path; // of those that are being asked about, the first first
  bool *firm;                    // the step from each to the next one is certain
  size_t depth;
  const struct wg_thread **told; // all that have been
  size_t ntold;
};

static struct wg_why *add(struct asking *a, enum wg_why_kind kind, const struct wg_thread *t) {
  struct wg_why_chain *c = a->out;
  WG_VEC_ROOM(c->links, a->room, c->n + 1);
  struct wg_why *w = &c->links[c->n++];
  *w = (struct wg_why){.kind = kind, .thread = t, .depth = (unsigned)a->depth - 1};
  return w;
}

// Those from `other` to the end of the path wait for each other.
static void close_circle(struct asking *a, size_t from, bool last_firm) {
  struct wg_why_chain *c = a->out;
  bool certain = last_firm;
  for (size_t i = from; i + 1 < a->depth; i++) certain &= a->firm[i];
  if (c->ncircle && (c->certain || !certain)) return;
  free(c->circle);
  c->ncircle = a->depth - from;
  c->circle = wg_xcalloc(c->ncircle, sizeof *c->circle);
  for (size_t i = 0; i < c->ncircle; i++) c->circle[i] = a->path[from + i]->tid;
  c->certain = certain;
}

static void ask(struct asking *a, const struct wg_thread *t);

// It is for `other` to go on. `firm`: nobody else can end this wait.
static void leads_to(struct asking *a, size_t link, const struct wg_thread *other, bool firm) {
  struct wg_why *w = &a->out->links[link];
  w->other = other;
  if (other == NULL) return;
  for (size_t i = 0; i < a->depth; i++) {
    if (a->path[i] != other) continue;
    w->again = w->circle = true;
    close_circle(a, i, firm);
    return;
  }
  for (size_t i = 0; i < a->ntold && !w->again; i++) w->again = a->told[i] == other;
  if (w->again) return;
  a->firm[a->depth - 1] = firm;
  ask(a, other);
}

static bool due(const struct wg_machine *m, uint64_t token, uint64_t *ns) {
  uint64_t at;
  if (token == 0 || !wg_map_get(&m->clock.due_at, token, &at) || at >= m->clock.ndue) return false;
  *ns = m->clock.due[at].when;
  return true;
}

// What a wait for all could have of this one at once.
static bool is_ready(const struct wg_machine *m, const struct wg_object *o) {
  uint32_t state;
  bool has = o->type != WG_O_CRITICAL_SECTION && o->guest && wg_mem_peek32(m->mem, o->guest + 4, &state);
  return has && (int32_t)state > 0;
}

static void one_object(struct asking *a, const struct wg_thread *t, const struct wg_object *o, bool only) {
  const struct wg_machine *m = a->m;
  enum wg_why_kind kind = o->type == WG_O_THREAD ? WG_WHY_END_OF
                          : (o->type == WG_O_MUTANT || o->type == WG_O_CRITICAL_SECTION) && o->owner_tid
                              ? WG_WHY_OWNER
                              : WG_WHY_SIGNALER;
  uint64_t when = 0;
  if (o->type == WG_O_TIMER && due(m, o->timer_seq, &when)) kind = WG_WHY_TIMER;
  if (is_ready(m, o)) kind = WG_WHY_READY;
  size_t link = a->out->n;
  struct wg_why *w = add(a, kind, t);
  w->object = o;
  w->due_ns = when;
  const struct wg_thread *other = NULL;
  if (kind == WG_WHY_END_OF) {
    other = o->thread;
    w->other_tid = other ? other->tid : 0;
  } else if (kind == WG_WHY_OWNER) {
    w->other_tid = o->owner_tid;
    other = wg_thread_by_tid(m, o->owner_tid);
  } else if (kind == WG_WHY_SIGNALER && o->signalled.set) {
    w->other_tid = o->signalled.tid;
    other = wg_thread_by_tid(m, o->signalled.tid);
    if (other == t) return; // it has signalled this itself once, which says nothing of who will now
  }
  // It has just been given what it waits for: the call that did so is not over yet.
  if (kind == WG_WHY_OWNER && other == t) w->kind = kind = WG_WHY_READY;
  if (kind == WG_WHY_TIMER || kind == WG_WHY_READY) return;
  leads_to(a, link, other, only && kind != WG_WHY_SIGNALER);
}

static void waits(struct asking *a, const struct wg_thread *t) {
  const struct wg_wait *w = &t->wait;
  bool timed = w->timeout_ns >= 0;
  // A wait that something else can end as well makes no step certain.
  bool only = !timed && !w->alertable && (w->count == 1 || w->all) && !t->run.suspend;
  if (timed) add(a, WG_WHY_TIME, t)->due_ns = w->since_ns + (uint64_t)w->timeout_ns;
  if (w->count == 0 && !timed) add(a, WG_WHY_SIGNALER, t); // nothing but an APC
  for (uint32_t i = 0; i < w->count; i++) one_object(a, t, w->links[i].o, only);
}

static void ask(struct asking *a, const struct wg_thread *t) {
  a->told[a->ntold++] = t;
  a->path[a->depth++] = t;
  if (t->run.state == WG_T_EXITED) {
    add(a, WG_WHY_ENDED, t);
  } else {
    if (t->run.suspend) add(a, WG_WHY_SUSPENDED, t);
    if (t->run.state == WG_T_WAITING)
      waits(a, t);
    else if (t->ctx.call && a->m->sched.cur != &t->ctx)
      add(a, WG_WHY_SPINS, t);
    else if (!t->run.suspend)
      add(a, WG_WHY_RUNS, t);
  }
  a->depth--;
}

void wg_look_why(const struct wg_machine *m, const struct wg_thread *t, struct wg_why_chain *out) {
  size_t n = m->threads.n + 1;
  struct asking a = {.m = m, .out = out};
  *out = (struct wg_why_chain){.n = 0};
  a.path = wg_xcalloc(n, sizeof(struct wg_thread *));
  a.told = wg_xcalloc(n, sizeof(struct wg_thread *));
  a.firm = wg_xcalloc(n, sizeof *a.firm);
  ask(&a, t);
  free(a.path);
  free(a.told);
  free(a.firm);
}

void wg_look_why_release(struct wg_why_chain *c) {
  free(c->links);
  free(c->circle);
  *c = (struct wg_why_chain){.n = 0};
}

// --- text and JSON ------------------------------------------------------------------------------------

static void head(const struct wg_look *l, const struct wg_thread *t, unsigned depth, struct wg_buf *out) {
  wg_buf_printf(out, "%*sthread %u (", 4 * (int)(depth < 20 ? depth : 20), "", t->tid);
  size_t before = out->len;
  wg_look_put_place(l, t->entry, out);
  if (out->len == before) wg_buf_printf(out, "0x%08x", t->entry);
  wg_buf_str(out, ")");
  if (t->run.state == WG_T_WAITING) {
    wg_buf_printf(out, " waits in %s since ", t->ctx.call ? t->ctx.call->name : "?");
    wg_put_seconds(out, t->wait.since_ns);
    if (t->wait.count > 1) wg_buf_str(out, t->wait.all ? ", for all of" : ", for any of");
  }
  wg_buf_char(out, '\n');
}

static void object(const struct wg_object *o, struct wg_buf *out) {
  wg_buf_printf(out, "%s %016llx", wg_otype_name(o->type), (unsigned long long)o->hsid);
  if (o->name) {
    wg_buf_str(out, " \"");
    wg_buf_printable(out, o->name, strlen(o->name), 100);
    wg_buf_char(out, '"');
  }
  if (o->in_guest) wg_buf_printf(out, " at 0x%08x", o->guest);
}

static void reason(const struct wg_why *w, struct wg_buf *out) {
  const struct wg_thread *t = w->thread;
  wg_buf_printf(out, "%*s", 4 * (int)(w->depth < 20 ? w->depth : 20) + 2, "");
  if (w->object) {
    wg_buf_str(out, "for ");
    object(w->object, out);
    wg_buf_str(out, ": ");
  }
  switch (w->kind) {
  case WG_WHY_RUNS:
    wg_buf_printf(out, "nothing holds it up: it is %s at 0x%08x", wg_look_state(t), t->ctx.cpu.pc);
    break;
  case WG_WHY_SPINS: wg_buf_printf(out, "it spins in %s, called from 0x%08x", t->ctx.call->name, t->ctx.call_lr); break;
  case WG_WHY_SUSPENDED: wg_buf_printf(out, "suspended %u times: until somebody resumes it", t->run.suspend); break;
  case WG_WHY_ENDED: wg_buf_printf(out, "it has ended, with 0x%x", t->exit_code); break;
  case WG_WHY_TIME:
  case WG_WHY_TIMER:
    wg_buf_str(out, w->kind == WG_WHY_TIMER ? "it is set and fires at " : "time ends this at the latest at ");
    wg_put_seconds(out, w->due_ns);
    break;
  case WG_WHY_READY: wg_buf_str(out, "it is signalled"); break;
  case WG_WHY_OWNER: wg_buf_printf(out, "thread %u owns it", w->other_tid); break;
  case WG_WHY_END_OF: wg_buf_printf(out, "thread %u has to end", w->other_tid); break;
  case WG_WHY_SIGNALER: {
    const struct wg_object *o = w->object;
    if (o == NULL)
      wg_buf_str(out, "nothing but an APC ends this, and none is queued");
    else if (!o->signalled.set)
      wg_buf_printf(out, "nobody has ever signalled it (made by thread %u at event %llu)", o->created.tid,
                    (unsigned long long)o->created.idx);
    else
      wg_buf_printf(out, "the last of %llu signals was thread %u's, at event %llu", (unsigned long long)o->signals,
                    w->other_tid, (unsigned long long)o->signalled.idx);
    break;
  }
  }
  if (w->other_tid && w->other == NULL && w->kind != WG_WHY_SIGNALER) wg_buf_str(out, ", which is no more");
  if (w->circle)
    wg_buf_str(out, ": a circle");
  else if (w->again)
    wg_buf_str(out, ", as above");
  wg_buf_char(out, '\n');
}

static void put_circle(const struct wg_why_chain *c, struct wg_buf *out) {
  if (c->ncircle == 0) return;
  wg_buf_str(out, "circle: ");
  for (size_t i = 0; i < c->ncircle; i++) wg_buf_printf(out, "%u -> ", c->circle[i]);
  wg_buf_printf(out, "%u, %s\n", c->circle[0],
                c->certain ? "each waits for what the next one alone can give: none of them ever goes on"
                           : "if who signals is who did the last time");
}

static const char *const reasons[] = {"runs",  "spins",  "suspended", "ended", "time",
                                      "owner", "end-of", "timer",     "ready", "signaler"};

static void link_json(const struct wg_look *l, const struct wg_why *w, struct wg_buf *out) {
  wg_buf_char(out, '{');
  wg_json_u64(out, "depth", w->depth);
  wg_json_u64(out, "tid", w->thread->tid);
  wg_json_str(out, "why", reasons[w->kind]);
  wg_json_key(out, "at");
  wg_json_place(l, w->thread->ctx.cpu.pc, out);
  wg_json_key(out, "object");
  if (w->object) {
    wg_buf_printf(out, "{\"hsid\":\"%016llx\",\"type\":\"%s\",\"name\":", (unsigned long long)w->object->hsid,
                  wg_otype_name(w->object->type));
    if (w->object->name)
      wg_buf_json(out, w->object->name, strlen(w->object->name));
    else
      wg_buf_str(out, "null");
    wg_buf_char(out, '}');
  } else {
    wg_buf_str(out, "null");
  }
  wg_json_key(out, "other");
  wg_buf_printf(out, w->other_tid ? "%u" : "null", w->other_tid);
  wg_json_key(out, "due_ns");
  bool has_due = w->kind == WG_WHY_TIME || w->kind == WG_WHY_TIMER;
  wg_buf_printf(out, has_due ? "%llu" : "null", (unsigned long long)w->due_ns);
  wg_json_bool(out, "again", w->again);
  wg_json_bool(out, "circle", w->circle);
  wg_buf_char(out, '}');
}

static void chain_json(const struct wg_look *l, const struct wg_why_chain *c, struct wg_buf *out) {
  wg_buf_str(out, "{\"chain\":[");
  for (size_t i = 0; i < c->n; i++) {
    if (i) wg_buf_char(out, ',');
    link_json(l, &c->links[i], out);
  }
  wg_buf_str(out, "],\"circle\":[");
  for (size_t i = 0; i < c->ncircle; i++) wg_buf_printf(out, "%s%u", i ? "," : "", c->circle[i]);
  wg_buf_printf(out, "],\"certain\":%s}", c->certain ? "true" : "false");
}

void wg_look_put_why(const struct wg_look *l, bool json, struct wg_buf *out) {
  struct wg_why_chain c = {0};
  const struct wg_thread *t = l->ctx->thread;
  if (t) wg_look_why(l->m, t, &c);
  if (json) {
    chain_json(l, &c, out);
  } else if (t == NULL) {
    wg_buf_str(out, "an interrupt waits for nothing\n");
  } else {
    for (size_t i = 0; i < c.n; i++) {
      const struct wg_why *w = &c.links[i];
      if (i == 0 || w->thread != c.links[i - 1].thread) {
        bool before = false; // it has been told of, and the chain comes back to it from further down
        for (size_t j = 0; j < i; j++) before |= c.links[j].thread == w->thread;
        if (!before) head(l, w->thread, w->depth, out);
      }
      reason(w, out);
    }
    put_circle(&c, out);
  }
  wg_look_why_release(&c);
}
