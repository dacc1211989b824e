// Threads that wait, for what, since when, who made that and who ever signalled it: the report of a wedge, and a view.
#include <string.h>

#include "base/printable.h"
#include "emu/look/table.h"

static void who(struct wg_buf *out, const char *what, const struct wg_who *w) {
  if (!w->set) return;
  wg_buf_printf(out, "      %s by thread %u at event %llu (", what, w->tid, (unsigned long long)w->idx);
  wg_put_seconds(out, w->ns);
  wg_buf_printf(out, ", from 0x%08x)\n", w->lr);
}

static void object_line(struct wg_buf *out, const struct wg_object *o) {
  wg_buf_printf(out, "    %s %016llx", wg_otype_name(o->type), (unsigned long long)o->hsid);
  if (o->name) {
    wg_buf_char(out, ' ');
    wg_buf_printable(out, o->name, strlen(o->name), SIZE_MAX);
  }
  if (o->thread) wg_buf_printf(out, " (thread %u, entry 0x%08x)", o->thread->tid, o->thread->entry);
  if (o->in_guest) wg_buf_printf(out, " at 0x%08x", o->guest);
  if (o->owner_tid) wg_buf_printf(out, " owned by thread %u", o->owner_tid);
  wg_buf_char(out, '\n');
  if (o->type != WG_O_CRITICAL_SECTION) who(out, "created", &o->created);
  if (o->signalled.set) {
    wg_buf_printf(out, "      signalled %llu times\n", (unsigned long long)o->signals);
    who(out, "last signalled", &o->signalled);
  } else if (o->type != WG_O_THREAD) {
    wg_buf_str(out, "      never signalled\n");
  }
}

// The calls whose guest code runs, the innermost first.
static void within(struct wg_buf *out, const struct wg_thread *t) {
  uint32_t lr;
  for (const struct wg_frame *f = t->ctx.frames; f;) {
    const struct wg_export *call = wg_frame_call(f, &lr, &f);
    if (call) wg_buf_printf(out, "    within %s, called from 0x%08x\n", call->name, lr);
  }
}

void wg_look_put_thread(const struct wg_thread *t, struct wg_buf *out) {
  wg_buf_printf(out, "  thread %u (entry 0x%08x): ", t->tid, t->entry);
  if (t->run.state == WG_T_EXITED) {
    wg_buf_printf(out, "ended with 0x%x\n", t->exit_code);
    return;
  }
  if (t->run.suspend) wg_buf_printf(out, "suspended (%u) ", t->run.suspend);
  if (t->run.state != WG_T_WAITING) {
    wg_buf_printf(out, "%s at 0x%08x\n", t->run.suspend ? "" : "ready", t->ctx.cpu.pc);
    within(out, t);
    return;
  }
  wg_buf_printf(out, "in %s since ", t->ctx.call ? t->ctx.call->name : "?");
  wg_put_seconds(out, t->wait.since_ns);
  wg_buf_printf(out, ", called from 0x%08x, waits for%s\n", t->ctx.call_lr,
                t->wait.count == 0  ? " time to pass"
                : t->wait.count > 1 ? (t->wait.all ? " all of" : " any of")
                                    : "");
  for (uint32_t i = 0; i < t->wait.count; i++) object_line(out, t->wait.links[i].o);
  within(out, t);
}

const char *wg_look_state(const struct wg_thread *t) {
  static const char *const names[] = {
      [WG_T_READY] = "ready", [WG_T_RUNNING] = "running", [WG_T_WAITING] = "waiting", [WG_T_EXITED] = "ended"};
  return t->run.suspend && t->run.state != WG_T_EXITED ? "suspended" : names[t->run.state];
}

static void member(struct wg_buf *out, const char *key, const char *text) {
  wg_json_key(out, key);
  if (text)
    wg_buf_json(out, text, strlen(text));
  else
    wg_buf_str(out, "null");
}

static void object_json(const struct wg_look *l, const struct wg_object *o, struct wg_buf *out) {
  wg_buf_printf(out, "{\"hsid\":\"%016llx\",\"type\":\"%s\"", (unsigned long long)o->hsid, wg_otype_name(o->type));
  member(out, "name", o->name);
  wg_json_key(out, "guest");
  wg_buf_printf(out, o->guest ? "\"0x%x\"" : "null", o->guest);
  wg_json_key(out, "owner");
  wg_buf_printf(out, o->owner_tid ? "%u" : "null", o->owner_tid);
  wg_json_key(out, "thread");
  wg_buf_printf(out, o->thread ? "%u" : "null", o->thread ? o->thread->tid : 0);
  const struct wg_who *all[] = {&o->created, &o->signalled};
  for (int i = 0; i < 2; i++) {
    wg_json_key(out, i ? "signalled" : "created");
    if (!all[i]->set) {
      wg_buf_str(out, "null");
      continue;
    }
    wg_buf_printf(out, "{\"tid\":%u,\"idx\":%llu,\"host_ns\":%llu,\"from\":", all[i]->tid,
                  (unsigned long long)all[i]->idx, (unsigned long long)all[i]->ns);
    wg_json_place(l, all[i]->lr, out);
    wg_buf_char(out, '}');
  }
  wg_json_u64(out, "signals", o->signals);
  wg_buf_char(out, '}');
}

static void wait_json(const struct wg_look *l, const struct wg_thread *t, struct wg_buf *out) {
  const struct wg_wait *w = &t->wait;
  wg_buf_char(out, '{');
  wg_json_u64(out, "tid", t->tid);
  member(out, "call", t->ctx.call ? t->ctx.call->name : NULL);
  wg_json_key(out, "from");
  wg_json_place(l, t->ctx.call_lr, out);
  wg_json_u64(out, "since_ns", w->since_ns);
  wg_json_i64(out, "timeout_ns", w->timeout_ns);
  wg_json_str(out, "wait_type", w->all ? "all" : "any");
  wg_json_bool(out, "alertable", w->alertable);
  wg_json_bool(out, "suspended", t->run.suspend != 0);
  wg_json_key(out, "objects");
  wg_buf_char(out, '[');
  for (uint32_t i = 0; i < w->count; i++) {
    if (i) wg_buf_char(out, ',');
    object_json(l, w->links[i].o, out);
  }
  wg_buf_str(out, "],\"within\":[");
  uint32_t lr;
  bool first = true;
  for (const struct wg_frame *f = t->ctx.frames; f;) {
    const struct wg_export *call = wg_frame_call(f, &lr, &f);
    if (call == NULL) continue;
    if (!first) wg_buf_char(out, ',');
    first = false;
    wg_buf_json(out, call->name, strlen(call->name));
  }
  wg_buf_str(out, "]}");
}

void wg_look_put_waits(const struct wg_look *l, bool json, struct wg_buf *out) {
  const struct wg_threads *all = &l->m->threads;
  size_t n = 0;
  if (json) wg_buf_char(out, '[');
  for (size_t i = 0; i < all->n; i++) {
    const struct wg_thread *t = all->list[i];
    if (t->run.state != WG_T_WAITING) continue;
    if (json && n) wg_buf_char(out, ',');
    n++;
    if (json)
      wait_json(l, t, out);
    else
      wg_look_put_thread(t, out);
  }
  if (json)
    wg_buf_char(out, ']');
  else if (n == 0)
    wg_buf_str(out, "no thread waits\n");
}
