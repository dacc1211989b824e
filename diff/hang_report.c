// The verdicts as text and as JSON (schemas/hang.schema.json), and the evidence behind them.
#include <stdio.h>
#include <string.h>

#include "base/printable.h"
#include "diff/hang_judge.h"
#include "diff/words.h"

#define SHOWN 4u // signals of an object

// -- evidence --

static void put_signal(const struct wg_judge *j, const struct wg_hsignal *s, struct wg_buf *out) {
  static const char *const by[] = {"", " (by a DPC)", " (by the system)"};
  wg_buf_printf(out, "    %s at event %u of thread %u%s",
                s->op == WG_E_PULSE     ? "pulsed"
                : s->op == WG_E_RELEASE ? "released"
                                        : "set",
                s->idx, tid(j, s->thread), by[s->by]);
  if (s->previous) wg_buf_str(out, ", while it was still set");
  if (s->takers)
    wg_buf_printf(out, "; taken by thread %u", tid(j, s->taker));
  else if (s->clearer != WG_NONE)
    wg_buf_printf(out, "; reset by thread %u (its event %u)", tid(j, s->clearer), s->cleared_idx);
  else
    wg_buf_str(out, "; nobody took it");
  wg_buf_char(out, '\n');
}

static void put_history(const struct wg_judge *j, uint32_t object, struct wg_buf *out) {
  const struct wg_hobject *o = &j->f.objects[object];
  if (side(j)->objects[object].is_thread != WG_NONE || wg_judge_is_lock(j, object)) return;
  wg_buf_str(out, "  ");
  wg_hang_put_object(j, object, out);
  if (o->nsignals == 0) {
    wg_buf_str(out, " was never signalled\n");
    return;
  }
  wg_buf_printf(out, " was signalled %u time%s; the latest:\n", o->nsignals, o->nsignals == 1 ? "" : "s");
  const struct wg_hsignal *s;
  for (uint32_t i = 0; i < SHOWN && (s = wg_facts_signal(o, i)); i++) put_signal(j, s, out);
}

static void put_state(const struct wg_judge *j, uint32_t thread, struct wg_buf *out) {
  const struct wg_hthread *t = at(j, thread);
  if (t->exited)
    wg_buf_printf(out, "has ended (its event %u)", t->exit_idx);
  else if (t->suspends)
    wg_buf_str(out, "is suspended");
  else if (t->now.wait.open) {
    wg_buf_str(out, "waits in ");
    wg_put_str(out, side(j), t->now.wait.name, 64);
    wg_buf_printf(out, " (its event %u)", t->now.wait.idx);
    if (t->now.wait.n) {
      wg_buf_str(out, " for ");
      wg_hang_put_object(j, t->now.wait.objects[0], out);
    }
  } else if (t->ncalls == 0 && !t->now.in_call)
    wg_buf_str(out, t->started ? "runs, and has made no call" : "has not run yet");
  else {
    wg_buf_str(out, "runs; its last call is ");
    wg_put_str(out, side(j), t->now.call.name, 64);
    wg_buf_printf(out, " (its event %u)", t->now.call.idx);
  }
}

static void put_signaler(const struct wg_judge *j, const struct wg_verdict *v, struct wg_buf *out) {
  uint32_t u = v->signaler != WG_NONE ? v->signaler : v->owner;
  if (u == WG_NONE) return;
  wg_buf_printf(out, "  %s, ", v->signaler != WG_NONE ? "the expected signaler" : "the owner");
  wg_hang_put_thread(j, u, out);
  wg_buf_str(out, ", ");
  put_state(j, u, out);
  wg_buf_char(out, '\n');
}

// A signal that failed may be the one that is missed.
static void put_failed(const struct wg_judge *j, const struct wg_verdict *v, struct wg_buf *out) {
  const struct wg_hfailed *x = &j->f.failed;
  if (v->cls != WG_HANG_MISSING || x->thread == WG_NONE) return;
  const char *name = wg_nt_status_name(x->status);
  wg_buf_str(out, "  ");
  wg_put_text(out, wg_str(side(j), x->name), 64);
  wg_buf_printf(out, " of thread %u failed", tid(j, x->thread));
  wg_hang_put_event(j, x->thread, x->idx, out);
  wg_buf_printf(out, ": %s%s0x%x%s\n", name ? name : "", name ? " (" : "", x->status, name ? ")" : "");
}

// A circle as lock checkers print it: who holds what, and what it wants.
static void put_circle(const struct wg_judge *j, const struct wg_verdict *v, struct wg_buf *out) {
  uint32_t members[64], n = 64;
  if (v->cls != WG_HANG_CIRCULAR || !wg_judge_circle(j, v->thread, members, &n)) return;
  wg_buf_printf(out, "  %-14s %-52s %s\n", "", "is waited for", "waits for");
  for (uint32_t i = 0; i < n; i++) {
    struct wg_buf left = {0}, right = {0}, name = {0};
    uint32_t before = members[(i + n - 1) % n], k = 0, o;
    while ((o = wg_judge_lacking(j, before, &k)) != WG_NONE && wg_judge_needs(j, o, before) != members[i]) {
    }
    if (o != WG_NONE) wg_hang_put_object(j, o, &left);
    const struct wg_htouch *h = o != WG_NONE ? wg_facts_touch(&j->f, o, members[i]) : NULL;
    if (h && h->held) wg_buf_printf(&left, " (event %u)", h->held_idx);
    k = 0;
    while ((o = wg_judge_lacking(j, members[i], &k)) != WG_NONE &&
           wg_judge_needs(j, o, members[i]) != members[(i + 1) % n]) {
    }
    if (o != WG_NONE) wg_hang_put_object(j, o, &right);
    wg_buf_printf(&name, "thread %u", tid(j, members[i]));
    wg_buf_printf(out, "  %-14s %-52s %s (event %u)\n", name.data, left.data ? left.data : "",
                  right.data ? right.data : "", at(j, members[i])->now.wait.idx);
    wg_buf_release(&left);
    wg_buf_release(&right);
    wg_buf_release(&name);
  }
}

static void put_evidence(const struct wg_judge *j, struct wg_buf *out) {
  size_t start = out->len;
  wg_buf_str(out, "\nevidence:\n");
  size_t none = out->len;
  for (size_t i = 0; i < j->nverdicts; i++) {
    const struct wg_verdict *v = &j->verdicts[i];
    if (!v->root && !j->opt->verbose) continue;
    if (v->cls == WG_HANG_CIRCULAR && i && j->verdicts[0].cls == WG_HANG_CIRCULAR && !j->opt->verbose) continue;
    put_circle(j, v, out);
    if (v->object != WG_NONE) put_history(j, v->object, out);
    put_signaler(j, v, out);
    put_failed(j, v, out);
  }
  if (out->len == none) out->len = start;
}

static bool has_verdict(const struct wg_judge *j, uint32_t thread) {
  for (size_t i = 0; i < j->nverdicts; i++)
    if (j->verdicts[i].thread == thread) return true;
  return false;
}

static void put_others(const struct wg_judge *j, struct wg_buf *out) {
  uint32_t idle = 0, moving = 0, never = 0;
  for (uint32_t i = 0; i < side(j)->nthreads; i++) {
    if (!j->m[i].live || has_verdict(j, i)) continue;
    if (!at(j, i)->started && at(j, i)->ncalls == 0)
      never++;
    else if (j->m[i].stuck)
      idle++;
    else
      moving++;
  }
  wg_buf_printf(out, "\n%s: %u run, %u idle (they wait, and nobody needs them to go on)",
                j->nverdicts ? "other threads" : "threads", moving, idle);
  if (never) wg_buf_printf(out, ", %u not run yet", never);
  wg_buf_char(out, '\n');
  for (uint32_t i = 0; j->opt->verbose && i < side(j)->nthreads; i++) {
    if (side(j)->threads[i].tid == 0 || has_verdict(j, i)) continue;
    wg_buf_str(out, "  ");
    wg_hang_put_thread(j, i, out);
    wg_buf_char(out, ' ');
    put_state(j, i, out);
    wg_buf_char(out, '\n');
  }
}

static void put_healthy(const struct wg_judge *j, struct wg_buf *out) {
  const char *reason = wg_str(side(j), side(j)->reason);
  wg_buf_str(out, "no thread is stuck: ");
  uint32_t m = j->f.main;
  if (*reason && strcmp(reason, "wedge") != 0 && strcmp(reason, "limit") != 0 && strcmp(reason, "stopped") != 0 &&
      strcmp(reason, "interrupted") != 0) {
    wg_buf_str(out, "the run ended by itself (");
    wg_put_str(out, side(j), side(j)->reason, 64);
    wg_buf_char(out, ')');
  } else if (m != WG_NONE && at(j, m)->exited)
    wg_buf_printf(out, "the main thread (%u) has ended, and nobody waits for a lock", tid(j, m));
  else if (m != WG_NONE && j->m[m].stuck)
    wg_buf_printf(out, "the main thread (%u) waits, and another one shows frames", tid(j, m));
  else if (m != WG_NONE)
    wg_buf_printf(out, "the main thread (%u) can go on", tid(j, m));
  else
    wg_buf_str(out, "no thread of the title's is in it");
  wg_buf_char(out, '\n');
}

void wg_hang_text(const struct wg_judge *j, struct wg_buf *out) {
  if (side(j)->damage[0]) {
    wg_buf_str(out, "damage: ");
    wg_put_text(out, side(j)->path, 200);
    wg_buf_str(out, ": ");
    wg_put_text(out, side(j)->damage, 400);
    wg_buf_char(out, '\n');
  }
  if (j->nverdicts == 0) put_healthy(j, out);
  for (size_t i = 0; i < j->nverdicts; i++) {
    if (i) wg_buf_str(out, j->verdicts[i].root ? "also: " : "then: ");
    wg_hang_put_verdict(j, &j->verdicts[i], out);
    wg_buf_char(out, '\n');
  }
  if (j->nverdicts) put_evidence(j, out);
  put_others(j, out);
}

// -- JSON --

static void put_json_thread(const struct wg_judge *j, const char *key, uint32_t thread, struct wg_buf *out) {
  wg_json_key(out, key);
  if (thread == WG_NONE) {
    wg_buf_str(out, "null");
    return;
  }
  struct wg_buf state = {0};
  put_state(j, thread, &state);
  wg_buf_char(out, '{');
  wg_json_u64(out, "tid", tid(j, thread));
  if (side(j)->threads[thread].entry) wg_json_hex(out, "entry", side(j)->threads[thread].entry);
  wg_json_utf8(out, "state", state.data, state.len);
  wg_buf_char(out, '}');
  wg_buf_release(&state);
}

static void put_null(struct wg_buf *out, const char *key) {
  wg_json_key(out, key);
  wg_buf_str(out, "null");
}

static void put_json_object(const struct wg_judge *j, const struct wg_verdict *v, struct wg_buf *out) {
  wg_json_key(out, "object");
  if (v->path) {
    wg_buf_str(out, "{\"type\":\"File\",\"hsid\":null");
    wg_json_printable(out, "name", side(j), v->path);
    put_null(out, "created_by");
    put_null(out, "created_idx");
    wg_json_printable(out, "path", side(j), v->path);
    wg_buf_char(out, '}');
    return;
  }
  if (v->object == WG_NONE) {
    wg_buf_str(out, "null");
    return;
  }
  const struct wg_dobject *d = &side(j)->objects[v->object];
  const struct wg_hobject *o = &j->f.objects[v->object];
  char hsid[24];
  wg_buf_char(out, '{');
  if (d->is_thread != WG_NONE)
    wg_json_str(out, "type", "Thread");
  else if (d->type)
    wg_json_printable(out, "type", side(j), d->type);
  else
    put_null(out, "type");
  snprintf(hsid, sizeof hsid, "%016llx", (unsigned long long)o->hsid);
  if (o->hsid)
    wg_json_str(out, "hsid", hsid);
  else
    put_null(out, "hsid");
  if (d->name)
    wg_json_printable(out, "name", side(j), d->name);
  else
    put_null(out, "name");
  if (o->creator != WG_NONE) {
    wg_json_u64(out, "created_by", tid(j, o->creator));
    wg_json_u64(out, "created_idx", o->created_idx);
  } else {
    put_null(out, "created_by");
    put_null(out, "created_idx");
  }
  if (d->guest) wg_json_hex(out, "guest_object", d->guest);
  wg_buf_char(out, '}');
}

static void put_json_verdict(const struct wg_judge *j, const struct wg_verdict *v, struct wg_buf *out) {
  const struct wg_hthread *t = at(j, v->thread);
  struct wg_buf text = {0};
  wg_hang_put_verdict(j, v, &text);
  wg_buf_char(out, '{');
  wg_json_str(out, "class", wg_hang_classes[v->cls].name);
  wg_json_bool(out, "root", v->root);
  wg_json_u64(out, "tid", tid(j, v->thread));
  wg_json_hex(out, "entry", side(j)->threads[v->thread].entry);
  wg_json_u64(out, "since_ns", t->now.wait.open ? t->now.wait.ns : t->last_ns);
  wg_json_u64(out, "idx", t->now.wait.open ? t->now.wait.idx : t->last_idx);
  put_json_object(j, v, out);
  put_json_thread(j, "expected_signaler", v->signaler, out);
  put_json_thread(j, "owner", v->owner, out);
  if (v->because != WG_NONE) wg_json_u64(out, "because_of", tid(j, v->because));
  wg_json_utf8(out, "text", text.data, text.len);
  wg_buf_char(out, '}');
  wg_buf_release(&text);
}

void wg_hang_json(const struct wg_judge *j, struct wg_buf *out) {
  wg_buf_char(out, '{');
  wg_json_u64(out, "schema", 1);
  wg_json_utf8(out, "path", side(j)->path, strlen(side(j)->path));
  wg_json_str(out, "format", side(j)->format);
  wg_json_u64(out, "events", side(j)->events);
  if (side(j)->damage[0]) wg_json_utf8(out, "damage", side(j)->damage, strlen(side(j)->damage));
  wg_json_bool(out, "healthy", j->nverdicts == 0);
  wg_json_key(out, "verdicts");
  wg_buf_char(out, '[');
  for (size_t i = 0; i < j->nverdicts; i++) {
    if (i) wg_buf_char(out, ',');
    put_json_verdict(j, &j->verdicts[i], out);
  }
  wg_buf_str(out, "]}\n");
}
