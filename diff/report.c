// The answer first: one line with the cause, then the evidence.
#include <stdlib.h>
#include <string.h>

#include "diff/side.h"

static const char *const class_names[] = {"other return", "other arguments", "other call",    "missing call",
                                          "extra call",   "ended early",     "never returned"};

static void put_call(const struct wg_dcall *c, const struct wg_names *n, struct wg_buf *out) {
  wg_buf_str(out, wg_text(n, c->name));
  if (c->detail) {
    wg_buf_printf(out, "(\"%s\")", wg_text(n, c->detail));
    return;
  }
  wg_buf_char(out, '(');
  if (c->object)
    wg_buf_str(out, wg_text(n, c->object));
  else
    for (size_t i = 0; i < c->nargs; i++) wg_buf_printf(out, "%s0x%x", i ? ", " : "", c->args[i]);
  wg_buf_char(out, ')');
}

static void put_thread(const struct wg_dthread *t, struct wg_buf *out) {
  if (t->tid == 0)
    wg_buf_str(out, "interrupts");
  else
    wg_buf_printf(out, "thread %u", t->tid);
  if (t->tid && t->entry) wg_buf_printf(out, " (entry 0x%x)", t->entry);
}

static void put_args(const struct wg_dcall *c, struct wg_buf *out) {
  for (size_t i = 0; i < c->nargs; i++) wg_buf_printf(out, "%s0x%x", i ? ", " : "", c->args[i]);
}

// A difference in words.
static void put_item(const struct wg_diff_item *d, const struct wg_names *n, struct wg_buf *out) {
  put_thread(d->thread, out); // NOLINT(clang-analyzer-core.NullDereference): items are counted
  wg_buf_str(out, ": ");
  switch (d->cls) {
  case WG_D_RETURN:
    put_call(d->a, n, out);
    wg_buf_printf(out, " returned 0x%x; in the reference it returned 0x%x", d->a->rv, d->b->rv);
    break;
  case WG_D_ARGS:
    put_call(d->a, n, out);
    if (d->a->detail != d->b->detail && d->b->detail) {
      wg_buf_printf(out, " names something else in the reference: \"%s\"", wg_text(n, d->b->detail));
      break;
    }
    wg_buf_str(out, " has other arguments: ");
    put_args(d->a, out);
    wg_buf_str(out, "; in the reference ");
    put_args(d->b, out);
    break;
  case WG_D_CALL:
    wg_buf_str(out, "calls ");
    put_call(d->a, n, out);
    wg_buf_str(out, " where the reference calls ");
    put_call(d->b, n, out);
    break;
  case WG_D_MISSING:
    wg_buf_str(out, "does not call ");
    put_call(d->b, n, out);
    wg_buf_str(out, ", which the reference calls here");
    break;
  case WG_D_EXTRA:
    wg_buf_str(out, "calls ");
    put_call(d->a, n, out);
    wg_buf_str(out, ", which the reference does not call here");
    break;
  case WG_D_ENDED:
    if (d->a) {
      wg_buf_str(out, "goes on with ");
      put_call(d->a, n, out);
      wg_buf_str(out, " where the reference's thread makes no more calls");
    } else {
      wg_buf_str(out, "makes no more calls; the reference goes on with ");
      put_call(d->b, n, out);
    }
    break;
  case WG_D_NEVER_RETURNED:
    put_call(d->a->returned ? d->b : d->a, n, out);
    wg_buf_str(out, d->a->returned ? " never returned in the reference; here it did"
                                   : " never returned; in the reference it did");
  }
}

// The item that explains the others: a wrong value before a wrong path before a hang; then the earliest.
static const struct wg_diff_item *first_finding(const struct wg_dthread *t) {
  for (size_t i = 0; i < t->nitems; i++)
    if (!t->items[i].noise) return &t->items[i];
  return NULL;
}

static const struct wg_diff_item *find_cause(const struct wg_side *a) {
  const struct wg_diff_item *best = NULL;
  for (size_t i = 0; i < a->nthreads; i++) {
    const struct wg_diff_item *d = first_finding(&a->threads[i]);
    if (d == NULL) continue;
    // Interrupts come when time says so: they differ by themselves, and only what is left can be a cause.
    bool interrupts = d->thread->tid == 0, best_interrupts = best && best->thread->tid == 0;
    if (best == NULL || (best_interrupts && !interrupts) ||
        (best_interrupts == interrupts && (d->cls < best->cls || (d->cls == best->cls && d->ns < best->ns))))
      best = d;
  }
  return best;
}

static bool is_signal_call(const char *name) {
  static const char *const names[] = {"NtSetEvent",
                                      "KeSetEvent",
                                      "NtPulseEvent",
                                      "KePulseEvent",
                                      "NtReleaseSemaphore",
                                      "KeReleaseSemaphore",
                                      "NtReleaseMutant",
                                      "NtResumeThread",
                                      "KeResumeThread",
                                      "NtSignalAndWaitForSingleObjectEx",
                                      "RtlLeaveCriticalSection"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(names[i], name) == 0) return true;
  return false;
}

// By semantic id where the side has them; else by the handle or address, after the wait began.
static bool same_object(const struct wg_side *s, const struct wg_dcall *wait, const struct wg_dcall *c) {
  if (wait->object && c->object) return wait->object == c->object;
  if (c->nargs == 0 || wait->nargs == 0 || c->args[0] != wait->args[0]) return false;
  return !s->has_returns || c->ns >= wait->ns;
}

// Who ends this wait on its side: as recorded, or by a later signalling call on the same handle or object.
static void put_signaler(struct wg_side *s, const struct wg_dcall *wait, const struct wg_names *n, struct wg_buf *out) {
  if (wait->by_tid >= 0) {
    const struct wg_dthread *t = wg_side_thread(s, (uint32_t)wait->by_tid);
    const struct wg_dcall *c = NULL;
    for (size_t i = 0; t && i < t->ncalls && t->calls[i].idx < wait->by_idx; i++) c = &t->calls[i];
    if (t == NULL) return;
    wg_buf_str(out, "there ");
    put_thread(t, out);
    wg_buf_str(out, " signalled it");
    if (c) {
      wg_buf_str(out, " by ");
      put_call(c, n, out);
      wg_buf_printf(out, " at event %llu", (unsigned long long)c->idx);
    }
    return;
  }
  for (size_t i = 0; i < s->nthreads; i++) {
    const struct wg_dthread *t = &s->threads[i];
    for (size_t j = 0; j < t->ncalls; j++) {
      const struct wg_dcall *c = &t->calls[j];
      if (!is_signal_call(wg_text(n, c->name)) || !same_object(s, wait, c)) continue;
      wg_buf_str(out, "there ");
      put_thread(t, out);
      wg_buf_printf(out, " signals it by %s at event %llu", wg_text(n, c->name), (unsigned long long)c->idx);
      return;
    }
  }
  wg_buf_str(out, "nobody signals it there");
}

static const struct wg_dcall *aligned(const struct wg_dthread *t, size_t at) {
  // Without skipped calls before it, the call with the same number; else the one the items know.
  for (size_t i = t->nitems; i-- > 0;)
    if (t->items[i].a == &t->calls[at] && t->items[i].b) return t->items[i].b;
  return t->peer && at < t->peer->ncalls && t->peer->calls[at].name == t->calls[at].name ? &t->peer->calls[at] : NULL;
}

static void put_blocked(struct wg_side *a, struct wg_side *b, const struct wg_names *n, struct wg_buf *out) {
  bool any = false;
  for (size_t i = 0; i < a->nthreads; i++) {
    const struct wg_dthread *t = &a->threads[i];
    if (!t->knows_returns || t->ncalls == 0 || t->exited) continue;
    const struct wg_dcall *c = &t->calls[t->ncalls - 1];
    if (c->returned) continue;
    if (!any) wg_buf_str(out, "\nblocked at the end:\n");
    any = true;
    wg_buf_str(out, "  ");
    put_thread(t, out);
    wg_buf_str(out, " in ");
    put_call(c, n, out);
    const struct wg_dcall *other = aligned(t, t->ncalls - 1);
    wg_buf_str(out, "; in the reference: ");
    if (other == NULL)
      wg_buf_str(out, "no such call");
    else if (b->has_returns && !other->returned)
      wg_buf_str(out, "it does not return either");
    else
      put_signaler(b, other, n, out);
    wg_buf_char(out, '\n');
  }
}

static void put_threads(const struct wg_side *a, const struct wg_side *b, struct wg_buf *out) {
  wg_buf_printf(out, "\nthreads (here | reference | matched by | calls here, there | equal before the first difference "
                     "| aligned | differences):\n");
  for (size_t i = 0; i < a->nthreads; i++) {
    const struct wg_dthread *t = &a->threads[i];
    if (t->peer)
      wg_buf_printf(out, "  %4u | %4u | %-13s | %8zu, %8zu | %8zu | %8zu | %zu\n", t->tid, t->peer->tid, t->how,
                    t->ncalls, t->peer->ncalls, t->first, t->matched, t->nitems);
    else if (t->ncalls)
      wg_buf_printf(out, "  %4u |    - | only here     | %8zu\n", t->tid, t->ncalls);
  }
  for (size_t i = 0; i < b->nthreads; i++)
    if (b->threads[i].peer == NULL && b->threads[i].ncalls)
      wg_buf_printf(out, "     - | %4u | only there    |           %8zu\n", b->threads[i].tid, b->threads[i].ncalls);
}

struct freq {
  uint32_t name;
  uint64_t a, b;
};
static int by_difference(const void *x, const void *y) {
  const struct freq *p = x, *q = y;
  uint64_t dp = p->a > p->b ? p->a - p->b : p->b - p->a, dq = q->a > q->b ? q->a - q->b : q->b - q->a;
  if (dp != dq) return dp < dq ? 1 : -1;
  return p->name < q->name ? -1 : p->name > q->name;
}

static void put_frequencies(const struct wg_side *a, const struct wg_side *b, const struct wg_names *n,
                            struct wg_buf *out) {
  struct freq *f = wg_xcalloc(n->n, sizeof *f);
  for (size_t i = 0; i < n->n; i++) f[i].name = (uint32_t)i;
  for (size_t i = 0; i < a->nthreads; i++)
    for (size_t j = 0; j < a->threads[i].ncalls; j++) f[a->threads[i].calls[j].name].a++;
  for (size_t i = 0; i < b->nthreads; i++)
    for (size_t j = 0; j < b->threads[i].ncalls; j++) f[b->threads[i].calls[j].name].b++;
  qsort(f, n->n, sizeof *f, by_difference);
  if (n->n && f[0].a != f[0].b) wg_buf_str(out, "\ncalls by frequency, largest difference first (here, reference):\n");
  for (size_t i = 0; i < n->n && i < 15 && f[i].a != f[i].b; i++)
    wg_buf_printf(out, "  %8llu %8llu  %s\n", (unsigned long long)f[i].a, (unsigned long long)f[i].b,
                  wg_text(n, f[i].name));
  free(f);
}

static void put_others(const struct wg_side *a, const struct wg_diff_item *cause, const struct wg_names *n,
                       struct wg_buf *out) {
  size_t shown = 0;
  const struct wg_diff_item *end = cause->thread->items + cause->thread->nitems;
  for (const struct wg_diff_item *d = cause + 1; d < end && shown < 3; d++) {
    if (d->noise) continue;
    wg_buf_str(out, shown++ ? "  then " : "  it leads to: ");
    put_item(d, n, out);
    wg_buf_char(out, '\n');
  }
  for (size_t i = 0; i < a->nthreads; i++) {
    const struct wg_diff_item *d = first_finding(&a->threads[i]);
    if (d == NULL || d->thread == cause->thread) continue;
    wg_buf_printf(out, "  %s: ", d->thread->tid == 0 ? "aside" : "and to");
    put_item(d, n, out);
    wg_buf_char(out, '\n');
  }
}

static void put_noise(const struct wg_side *a, struct wg_buf *out) {
  size_t noise = 0;
  for (size_t i = 0; i < a->nthreads; i++)
    for (size_t j = 0; j < a->threads[i].nitems; j++) noise += a->threads[i].items[j].noise;
  if (noise)
    wg_buf_printf(out, "\n%zu differences are of kinds that vary between runs of the reference: noise\n", noise);
}

static void put_where(const struct wg_diff_item *d, struct wg_buf *out) {
  wg_buf_printf(out, "  where: %s", class_names[d->cls]);
  if (d->a) wg_buf_printf(out, ", here event %llu of thread %u", (unsigned long long)d->a->idx, d->thread->tid);
  if (d->b)
    wg_buf_printf(out, ", reference event %llu of thread %u", (unsigned long long)d->b->idx, d->thread->peer->tid);
  wg_buf_printf(out, ", after %zu equal calls of that thread\n", d->at);
}

static void put_unmatched(const struct wg_side *a, const struct wg_side *b, struct wg_buf *out) {
  size_t here = 0, there = 0;
  for (size_t i = 0; i < a->nthreads; i++) here += a->threads[i].peer == NULL && a->threads[i].ncalls;
  for (size_t i = 0; i < b->nthreads; i++) there += b->threads[i].peer == NULL && b->threads[i].ncalls;
  bool noise = false;
  for (size_t i = 0; i < a->nthreads; i++) noise |= a->threads[i].nitems != 0;
  if (here + there == 0)
    wg_buf_str(out, noise ? "no difference beyond what varies between runs of the reference\n"
                          : "no difference: every call of every thread is equal\n");
  else
    wg_buf_printf(out, "matched threads are equal; %zu threads are only here, %zu only in the reference\n", here,
                  there);
}

void wg_report(struct wg_side *a, struct wg_side *b, const struct wg_names *n, struct wg_buf *out) {
  const struct wg_diff_item *cause = find_cause(a);
  if (cause == NULL) {
    put_unmatched(a, b, out);
  } else {
    put_item(cause, n, out);
    wg_buf_char(out, '\n');
    put_where(cause, out);
    put_others(a, cause, n, out);
  }
  put_blocked(a, b, n, out);
  put_noise(a, out);
  put_threads(a, b, out);
  put_frequencies(a, b, n, out);
  const struct wg_side *sides[2] = {a, b};
  for (int i = 0; i < 2; i++)
    if (sides[i]->damage[0]) wg_buf_printf(out, "\nwarning: %s: %s\n", sides[i]->path, sides[i]->damage);
}

void wg_report_json(struct wg_side *a, struct wg_side *b, const struct wg_names *n, struct wg_buf *out) {
  const struct wg_diff_item *cause = find_cause(a);
  struct wg_buf text = {0};
  wg_buf_char(out, '{');
  wg_json_bool(out, "equal", !wg_any_difference(a, b));
  if (cause) {
    put_item(cause, n, &text);
    wg_json_str(out, "cause", text.data);
    wg_json_str(out, "class", class_names[cause->cls]);
    wg_json_u64(out, "tid", cause->thread->tid);
    if (cause->a) wg_json_u64(out, "idx", cause->a->idx);
    if (cause->b) wg_json_u64(out, "reference_idx", cause->b->idx);
  }
  wg_json_key(out, "threads");
  wg_buf_char(out, '[');
  for (size_t i = 0; i < a->nthreads; i++) {
    const struct wg_dthread *t = &a->threads[i];
    if (t->peer == NULL && t->ncalls == 0) continue;
    if (out->data[out->len - 1] == '}') wg_buf_char(out, ',');
    wg_buf_char(out, '{');
    wg_json_u64(out, "tid", t->tid);
    if (t->peer) {
      wg_json_u64(out, "reference_tid", t->peer->tid);
      wg_json_str(out, "matched_by", t->how);
      wg_json_u64(out, "reference_calls", t->peer->ncalls);
    }
    wg_json_u64(out, "calls", t->ncalls);
    wg_json_u64(out, "equal_prefix", t->first);
    wg_json_u64(out, "aligned", t->matched);
    wg_json_u64(out, "differences", t->nitems);
    if (t->nitems) {
      wg_buf_clear(&text);
      put_item(&t->items[0], n, &text);
      wg_json_str(out, "first_difference", text.data);
    }
    wg_buf_char(out, '}');
  }
  wg_buf_str(out, "]}\n");
  wg_buf_release(&text);
}
