// The wedge report: each thread, what it waits for, since when, who made that object and who ever signalled it.
#include "emu/machine.h"
#include "emu/kernel/kernel.h"

static void who(struct wg_buf *out, const char *what, const struct wg_who *w) {
  if (!w->set) return;
  wg_buf_printf(out, "      %s by thread %u at event %llu (%.6f s, from 0x%08x)\n", what, w->tid,
                (unsigned long long)w->idx, (double)w->ns / 1e9, w->lr);
}

static void object_line(struct wg_buf *out, const struct wg_object *o) {
  wg_buf_printf(out, "    %s %016llx%s%s", wg_otype_name(o->type), (unsigned long long)o->hsid, o->name ? " " : "",
                o->name ? o->name : "");
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
  for (const struct wg_frame *f = t->frames; f;) {
    const struct wg_export *call = wg_frame_call(f, &lr, &f);
    if (call) wg_buf_printf(out, "    within %s, called from 0x%08x\n", call->name, lr);
  }
}

static void thread_lines(struct wg_buf *out, const struct wg_thread *t) {
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
  wg_buf_printf(out, "in %s since %.6f s, called from 0x%08x, waits for%s\n", t->ctx.call ? t->ctx.call->name : "?",
                (double)t->wait.since_ns / 1e9, t->ctx.call_lr,
                t->wait.count == 0  ? " time to pass"
                : t->wait.count > 1 ? (t->wait.all ? " all of" : " any of")
                                    : "");
  for (uint32_t i = 0; i < t->wait.count; i++) object_line(out, t->wait.links[i].o);
  within(out, t);
}

void wg_machine_report(const struct wg_machine *m, struct wg_buf *out) {
  if (m->ending.end == WG_END_WEDGE) wg_buf_str(out, "wedge: no thread can run again\n");
  if (m->ending.cut_short) wg_buf_printf(out, "interrupted within %s, which has no return\n", wg_machine_within(m));
  if (m->ending.report.len) wg_buf_add(out, m->ending.report.data, m->ending.report.len);
  for (size_t i = 0; i < m->threads.n; i++) thread_lines(out, m->threads.list[i]);
}
